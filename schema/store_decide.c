/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Decisions, their history, undo.
 *
 * An observation's choice is kept in its row, with the rule that made it (0: a person, for this one). Rules are
 * applied again to all that no person decided whenever one changes, and to each new observation as it
 * arrives; so readers never have to know of rules.
 */
#include "schema/store_private.h"

static const char deciding[] = "store the decisions";

struct batch {
	struct store *s;
	int64_t workload;
	uint64_t seen, version, time_ns;
	bool rules_changed;
};

/* ---- rules ---- */

/* The row that a SELECT gave: 0 or -EUCLEAN. The strings are the statement's. */
static int rule_row(struct store *s, sqlite3_stmt *q, struct rule_row *ret)
{
	int64_t kind = sqlite3_column_int64(q, 1), choice = sqlite3_column_int64(q, 11);
	struct str address = column_str(q, 5);
	if ((kind != KIND_EXEC && kind != KIND_FILE && kind != KIND_CONNECT) ||
	    (choice != CHOICE_ALLOW && choice != CHOICE_DENY) || !column_within(q, 3, UINT32_MAX) ||
	    !column_family(q, 4) || address.n > 16 || !column_within(q, 6, 128) ||
	    !column_within(q, 7, UINT16_MAX) || !column_within(q, 8, UINT16_MAX) ||
	    !column_within(q, 9, UINT8_MAX))
		return store_refuse(s, -EUCLEAN,
				    "the file is damaged: rule %lld makes no sense; restore it from a copy",
				    (long long)sqlite3_column_int64(q, 0));
	*ret = (struct rule_row){.id = sqlite3_column_int64(q, 0),
				 .rule = {.kind = (enum kind)kind,
					  .path = column_str(q, 2),
					  .access = (uint32_t)column_u64(q, 3),
					  .network.family = (uint8_t)column_u64(q, 4),
					  .prefix = (uint8_t)column_u64(q, 6),
					  .port_first = (uint16_t)column_u64(q, 7),
					  .port_last = (uint16_t)column_u64(q, 8),
					  .protocol = (uint8_t)column_u64(q, 9),
					  .by = column_str(q, 10)},
				 .choice = (enum choice)choice,
				 .version = column_u64(q, 12),
				 .time_ns = column_u64(q, 13)};
	if (address.n)
		memcpy(ret->rule.network.bytes, address.p, address.n);
	return 0;
}

/* As they stood at version AT. */
static int read_rules(struct store *s, struct arena *a, int64_t workload, uint64_t at,
		      struct rule_row **ret, size_t *ret_n)
{
	struct rule_row *rows = NULL;
	size_t n = 0;
	int err = 0;
	sqlite3_stmt *q = store_query(s, "read the rules", &err,
				      "SELECT id,kind,path,access,family,address,prefix,port_first,port_last,"
				      "protocol,by,coalesce((SELECT before FROM change c WHERE "
				      "c.workload=r.workload AND c.version>?2 AND c.rule=r.id ORDER BY c.id "
				      "LIMIT 1),choice) AS then_chosen,version,time_ns FROM rule r "
				      "WHERE workload=?1 AND then_chosen!=0 ORDER BY id",
				      "iu", workload, at);
	if (!q)
		return err;
	while ((err = store_step(s, q, "read the rules")) == 1) {
		struct rule_row row;
		err = rule_row(s, q, &row);
		if (err) {
			sqlite3_reset(q);
			return err;
		}
		row.rule.path = arena_str(a, row.rule.path);
		row.rule.by = arena_str(a, row.rule.by);
		*ARENA_PUSH(a, rows, n) = row;
	}
	*ret = rows;
	*ret_n = n;
	return err;
}

int store_rules(struct store *s, struct arena *a, int64_t workload, struct rule_row **ret,
		size_t *ret_n)
{
	return read_rules(s, a, workload, STORE_MAX_COUNT, ret, ret_n);
}

void rules_judge(const struct rule_row *rules, size_t n, const struct observation *o, enum choice *ret,
		 int64_t *ret_rule)
{
	*ret = CHOICE_UNDECIDED;
	*ret_rule = 0;
	for (size_t i = 0; i < n; i++) {
		const struct rule_row *r = &rules[i];
		if (r->choice <= *ret || !rule_covers(&r->rule, o))
			continue;
		*ret = r->choice;
		*ret_rule = r->id;
	}
}

int store_rules_judge(struct store *s, const struct observation *o, enum choice *ret, int64_t *ret_rule)
{
	struct str key = {(const char *)&o->workload, sizeof(o->workload)};
	bool fresh;
	uint32_t at = map_add(s->ruled, key, &fresh);
	if (fresh) {
		struct store_rules *rules = VEC_PUSH(&s->rules);
		int err = read_rules(s, s->arena, o->workload, STORE_MAX_COUNT, &rules->v,
				     &rules->n);
		if (err)
			return err;
	}
	rules_judge(s->rules.v[at].v, s->rules.v[at].n, o, ret, ret_rule);
	return 0;
}

/* ---- one observation ---- */

static int set_choice(struct batch *b, const struct observation_row *row, enum choice choice,
		      int64_t rule)
{
	if (row->choice == choice && row->rule == rule)
		return 0;
	int err = store_run(b->s, deciding,
			    "UPDATE observation SET choice=?2,rule=?3,choice_version=?4,choice_ns=?5 "
			    "WHERE id=?1",
			    "iriuu", row->o.id, (int)choice, rule, b->version, b->time_ns);
	if (err)
		return err;
	return store_run(b->s, deciding,
			 "UPDATE tally SET allowed=allowed+?3,denied=denied+?4 WHERE workload=?1 AND kind=?2",
			 "irrr", b->workload, (int)row->o.kind,
			 (choice == CHOICE_ALLOW) - (row->choice == CHOICE_ALLOW),
			 (choice == CHOICE_DENY) - (row->choice == CHOICE_DENY));
}

static int note_change(struct batch *b, int64_t observation, int64_t rule, enum choice before,
		       enum choice after)
{
	return store_run(b->s, deciding,
			 "INSERT INTO change(workload,version,observation,rule,before,after) "
			 "VALUES(?,?,?,?,?,?)",
			 "iuiirr", b->workload, b->version, observation, rule, (int)before, (int)after);
}

static int stale(struct batch *b, uint64_t version)
{
	return store_refuse(b->s, -ESTALE,
			    "somebody else decided this after you looked (version %llu, you saw %llu); "
			    "read it again",
			    (unsigned long long)version, (unsigned long long)b->seen);
}

/* One batch may name a thing twice: its own changes are no conflict. */
static bool conflicts(const struct batch *b, uint64_t version)
{
	return version > b->seen && version < b->version;
}

static int decide_observation(struct batch *b, int64_t id, enum choice choice)
{
	int err = 0;
	sqlite3_stmt *q = store_query(b->s, deciding, &err,
				      "SELECT " OBSERVATION_COLUMNS
				      " FROM observation o WHERE o.id=? AND o.workload=?",
				      "ii", id, b->workload);
	if (!q || (err = store_step(b->s, q, deciding)) < 0)
		return err;
	if (err == 0)
		return store_refuse(b->s, -ENOENT, "no observation %lld in this workload", (long long)id);
	struct observation_row row;
	enum choice before = CHOICE_UNDECIDED;
	err = store_observation_row(b->s, q, &row);
	if (!err && conflicts(b, row.choice_version))
		err = stale(b, row.choice_version);
	if (!err && !row.rule)
		before = row.choice;
	if (!err)
		err = set_choice(b, &row, choice, 0);
	sqlite3_reset(q);
	if (!err && choice == CHOICE_UNDECIDED)
		b->rules_changed = true; /* a rule may speak for it now */
	return err ? err : note_change(b, id, 0, before, choice);
}

/* ---- one rule ---- */

static int find_rule(struct batch *b, const struct rule *r, int64_t *ret_id, enum choice *ret_before)
{
	struct str address = {(const char *)r->network.bytes, r->network.family ? 16 : 0};
	int err = store_run(b->s, deciding,
			    "INSERT OR IGNORE INTO rule(workload,kind,path,access,family,address,prefix,"
			    "port_first,port_last,protocol,by,choice,version,time_ns) "
			    "VALUES(?,?,?,?,?,?,?,?,?,?,?,0,0,0)",
			    "irbirbrrrrb", b->workload, (int)r->kind, r->path, (int64_t)r->access,
			    (int)r->network.family, address, (int)r->prefix, (int)r->port_first,
			    (int)r->port_last, (int)r->protocol, r->by);
	if (err)
		return err;
	sqlite3_stmt *q = store_query(
		b->s, deciding, &err,
		"SELECT id,choice,version FROM rule WHERE workload=? AND kind=? AND path=? AND access=? AND "
		"family=? AND address=? AND prefix=? AND port_first=? AND port_last=? AND protocol=? AND by=?",
		"irbirbrrrrb", b->workload, (int)r->kind, r->path, (int64_t)r->access,
		(int)r->network.family, address, (int)r->prefix, (int)r->port_first, (int)r->port_last,
		(int)r->protocol, r->by);
	if (!q || (err = store_step(b->s, q, deciding)) < 0)
		return err;
	if (err == 0)
		return store_refuse(b->s, -ENOENT, "no such rule");
	*ret_id = sqlite3_column_int64(q, 0);
	*ret_before = (enum choice)MIN(column_u64(q, 1), (uint64_t)CHOICE_DENY);
	uint64_t version = column_u64(q, 2);
	sqlite3_reset(q);
	return conflicts(b, version) ? stale(b, version) : 0;
}

static int set_rule(struct batch *b, int64_t id, enum choice choice)
{
	b->rules_changed = true;
	return store_run(b->s, deciding, "UPDATE rule SET choice=?2,version=?3,time_ns=?4 WHERE id=?1",
			 "iruu", id, (int)choice, b->version, b->time_ns);
}

static int decide_rule(struct batch *b, const struct rule *r, enum choice choice)
{
	int64_t id = 0;
	enum choice before = CHOICE_UNDECIDED;
	int err = find_rule(b, r, &id, &before);
	if (!err)
		err = set_rule(b, id, choice);
	return err ? err : note_change(b, 0, id, before, choice);
}

/* What the rules say now, for all that no person decided. */
static int apply_rules(struct batch *b)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct store_rules rules = {0};
	int err = read_rules(b->s, a, b->workload, STORE_MAX_COUNT, &rules.v, &rules.n);
	if (err)
		return err;
	struct observation_query all = OBSERVATION_QUERY_ALL;
	all.workload = b->workload;
	struct observation_row *rows = NULL;
	size_t n = 0;
	err = store_observation_page(b->s, a, &all, &rows, &n, NULL);
	for (size_t i = 0; i < n && !err; i++) {
		if (rows[i].choice != CHOICE_UNDECIDED && rows[i].rule == 0)
			continue;
		enum choice choice;
		int64_t rule;
		rules_judge(rules.v, rules.n, &rows[i].o, &choice, &rule);
		err = set_choice(b, &rows[i], choice, rule);
	}
	return err;
}

/* ---- batches ---- */

static int read_version(struct batch *b, enum workload_mode *ret_mode)
{
	int err = 0;
	sqlite3_stmt *q = store_query(b->s, deciding, &err, "SELECT version,mode FROM workload WHERE id=?",
				      "i", b->workload);
	if (!q || (err = store_step(b->s, q, deciding)) < 0)
		return err;
	if (err == 0)
		return store_refuse(b->s, -ENOENT, "no workload %lld", (long long)b->workload);
	b->version = column_u64(q, 0) + 1;
	*ret_mode = (enum workload_mode)MIN(column_u64(q, 1), (uint64_t)WORKLOAD_ENFORCE);
	sqlite3_reset(q);
	return 0;
}

/* Begins the transaction and the batch. MODE_BEFORE: store the mode that the batch replaces. */
static int begin_batch(struct batch *b, uint64_t undoes, bool mode_before)
{
	enum workload_mode mode = WORKLOAD_OBSERVE;
	int err = store_begin(b->s);
	if (err)
		return err;
	err = read_version(b, &mode);
	if (!err)
		err = store_run(b->s, deciding, "UPDATE workload SET version=?2 WHERE id=?1", "iu",
				b->workload, b->version);
	if (!err)
		err = store_run(b->s, deciding,
				"INSERT INTO batch(workload,version,time_ns,undoes,mode_before) "
				"VALUES(?,?,?,?,?)",
				"iuuur", b->workload, b->version, b->time_ns, undoes,
				mode_before ? (int)mode : -1);
	return err;
}

static int end_batch(struct batch *b, int err, uint64_t *ret_version)
{
	if (!err && b->rules_changed)
		err = apply_rules(b);
	if (!err)
		err = store_commit(b->s);
	if (err)
		store_rollback(b->s);
	else if (ret_version)
		*ret_version = b->version;
	return err;
}

int store_decide(struct store *s, int64_t workload, uint64_t seen_version, const struct decision *d,
		 size_t n, uint64_t time_ns, uint64_t *ret_version)
{
	struct batch b = {.s = s, .workload = workload, .seen = seen_version, .time_ns = time_ns};
	int err = begin_batch(&b, 0, false);
	for (size_t i = 0; i < n && !err; i++)
		err = d[i].observation ? decide_observation(&b, d[i].observation, d[i].choice)
				       : decide_rule(&b, &d[i].rule, d[i].choice);
	return end_batch(&b, err, ret_version);
}

int store_set_mode(struct store *s, int64_t workload, uint64_t seen_version, enum workload_mode mode,
		   uint64_t time_ns, uint64_t *ret_version)
{
	struct batch b = {.s = s, .workload = workload, .seen = seen_version, .time_ns = time_ns};
	int err = begin_batch(&b, 0, true);
	int64_t changed = 0;
	if (!err)
		err = store_number(s, deciding, &changed,
				   "SELECT coalesce(max(version),0) FROM batch WHERE workload=?1 AND "
				   "version<?2 AND mode_before>=0",
				   "iu", workload, b.version);
	if (err >= 0)
		err = (uint64_t)changed > seen_version ? stale(&b, (uint64_t)changed) : 0;
	if (!err)
		err = store_run(s, deciding, "UPDATE workload SET mode=?2 WHERE id=?1", "ir", workload,
				(int)mode);
	return end_batch(&b, err, ret_version);
}

/* ---- undo and history ---- */

static int undo_observation(struct batch *b, int64_t id, enum choice before, enum choice after)
{
	int err = 0;
	sqlite3_stmt *q = store_query(b->s, deciding, &err,
				      "SELECT " OBSERVATION_COLUMNS " FROM observation o WHERE o.id=?", "i", id);
	if (!q || (err = store_step(b->s, q, deciding)) < 0)
		return err;
	struct observation_row row;
	if (err == 1 && !(err = store_observation_row(b->s, q, &row)))
		err = set_choice(b, &row, before, 0);
	sqlite3_reset(q);
	b->rules_changed |= before == CHOICE_UNDECIDED;
	return err ? err : note_change(b, id, 0, after, before);
}

struct change {
	int64_t observation, rule;
	enum choice before, after;
};

static int read_changes(struct batch *b, struct arena *a, uint64_t version, struct change **ret,
			size_t *ret_n)
{
	struct change *v = NULL;
	size_t n = 0;
	int err = 0;
	sqlite3_stmt *q = store_query(b->s, deciding, &err,
				      "SELECT observation,rule,before,after FROM change "
				      "WHERE workload=? AND version=? ORDER BY id DESC",
				      "iu", b->workload, version);
	if (!q)
		return err;
	while ((err = store_step(b->s, q, deciding)) == 1)
		*ARENA_PUSH(a, v, n) = (struct change){
			.observation = sqlite3_column_int64(q, 0),
			.rule = sqlite3_column_int64(q, 1),
			.before = (enum choice)MIN(column_u64(q, 2), (uint64_t)CHOICE_DENY),
			.after = (enum choice)MIN(column_u64(q, 3), (uint64_t)CHOICE_DENY)};
	*ret = v;
	*ret_n = n;
	return err;
}

static int undo_changes(struct batch *b, uint64_t version)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct change *v = NULL;
	size_t n = 0;
	int err = read_changes(b, a, version, &v, &n);
	for (size_t i = 0; i < n && !err; i++) {
		if (v[i].observation) {
			err = undo_observation(b, v[i].observation, v[i].before, v[i].after);
			continue;
		}
		err = set_rule(b, v[i].rule, v[i].before);
		if (!err)
			err = note_change(b, 0, v[i].rule, v[i].after, v[i].before);
	}
	return err;
}

/* The newest batch that stands. */
static int find_standing(struct store *s, int64_t workload, uint64_t *ret_version, int *ret_mode)
{
	int err = 0;
	sqlite3_stmt *q = store_query(s, deciding, &err,
				      "SELECT version,mode_before FROM batch WHERE workload=? AND undoes=0 "
				      "AND undone=0 ORDER BY version DESC LIMIT 1",
				      "i", workload);
	if (!q || (err = store_step(s, q, deciding)) < 0)
		return err;
	if (err == 0)
		return store_refuse(s, -ENOENT, "there is no decision to undo");
	*ret_version = column_u64(q, 0);
	*ret_mode = sqlite3_column_int(q, 1);
	sqlite3_reset(q);
	return 0;
}

int store_undo(struct store *s, int64_t workload, uint64_t seen_version, uint64_t time_ns,
	       uint64_t *ret_version)
{
	struct batch b = {.s = s, .workload = workload, .seen = seen_version, .time_ns = time_ns};
	uint64_t undone = 0;
	int mode = -1;
	int err = find_standing(s, workload, &undone, &mode);
	if (err)
		return err;
	err = begin_batch(&b, undone, mode >= 0);
	if (!err && b.version - 1 > seen_version)
		err = stale(&b, b.version - 1);
	/* Between looking and locking another may have undone it. */
	if (!err) {
		err = store_run(s, deciding,
				"UPDATE batch SET undone=1 WHERE workload=? AND version=? AND undone=0", "iu",
				workload, undone);
		if (!err && !sqlite3_changes(s->db))
			err = stale(&b, b.version - 1);
	}
	if (!err)
		err = undo_changes(&b, undone);
	if (!err && mode >= 0)
		err = store_run(s, deciding, "UPDATE workload SET mode=?2 WHERE id=?1", "ir", workload, mode);
	return end_batch(&b, err, ret_version);
}

int store_history(struct store *s, struct arena *a, int64_t workload, uint64_t limit,
		  struct batch_row **ret, size_t *ret_n)
{
	static const char reading[] = "read the history";
	struct batch_row *rows = NULL;
	size_t n = 0;
	int err = 0;
	sqlite3_stmt *q = store_query(s, reading, &err,
				      "SELECT version,time_ns,undone,undoes,(SELECT count(*) FROM change c "
				      "WHERE c.workload=b.workload AND c.version=b.version) FROM batch b "
				      "WHERE workload=? ORDER BY version DESC LIMIT ?",
				      "ii", workload, limit ? (int64_t)MIN(limit, STORE_MAX_COUNT) : (int64_t)-1);
	if (!q)
		return err;
	while ((err = store_step(s, q, reading)) == 1)
		*ARENA_PUSH(a, rows, n) = (struct batch_row){.version = column_u64(q, 0),
							     .time_ns = column_u64(q, 1),
							     .undone = sqlite3_column_int(q, 2),
							     .undoes = column_u64(q, 3),
							     .decisions = column_u64(q, 4)};
	*ret = rows;
	*ret_n = n;
	return err;
}

/* A rule also changes what it covers, which no change names: then all of the workload is looked at. */
static int rules_since(struct store *s, int64_t workload, uint64_t since, bool *ret)
{
	int err = 0;
	sqlite3_stmt *q = store_query(s, "read the decisions", &err,
				      "SELECT 1 FROM change WHERE workload=? AND version>? AND rule!=0 LIMIT 1",
				      "iu", workload, since);
	if (!q || (err = store_step(s, q, "read the decisions")) < 0)
		return err;
	*ret = err == 1;
	sqlite3_reset(q);
	return 0;
}

int store_choices_since(struct store *s, struct arena *a, int64_t workload, uint64_t since,
			struct choice_row **ret, size_t *ret_n)
{
	static const char reading[] = "read the decisions";
	struct choice_row *v = NULL;
	size_t n = 0;
	bool rules = false;
	int err = rules_since(s, workload, since, &rules);
	if (err)
		return err;
	/* +workload: by id, not through all observations of the workload. */
	sqlite3_stmt *q = store_query(
		s, reading, &err,
		rules ? "SELECT id,rule,choice,choice_version,choice_ns FROM observation "
			"WHERE workload=?1 AND choice_version>?2"
		      : "SELECT id,rule,choice,choice_version,choice_ns FROM observation WHERE +workload=?1 "
			"AND id IN (SELECT observation FROM change WHERE workload=?1 AND version>?2)",
		"iu", workload, since);
	if (!q)
		return err;
	while ((err = store_step(s, q, reading)) == 1)
		*ARENA_PUSH(a, v, n) = (struct choice_row){
			.observation = sqlite3_column_int64(q, 0),
			.rule = sqlite3_column_int64(q, 1),
			.choice = (enum choice)MIN(column_u64(q, 2), (uint64_t)CHOICE_DENY),
			.version = column_u64(q, 3),
			.time_ns = column_u64(q, 4)};
	*ret = v;
	*ret_n = n;
	return err;
}

int store_decisions_at(struct store *s, struct arena *a, int64_t workload, uint64_t version,
		       struct choice_row **ret, size_t *ret_n, struct rule_row **ret_rules,
		       size_t *ret_nrules)
{
	static const char reading[] = "read the decisions";
	struct choice_row *v = NULL;
	size_t n = 0;
	int err = 0;
	/* The first change after it says what stood before. */
	sqlite3_stmt *q = store_query(s, reading, &err,
				      "SELECT observation,before,version,min(id) FROM change WHERE workload=? "
				      "AND version>? AND observation!=0 GROUP BY observation ORDER BY observation",
				      "iu", workload, version);
	if (!q)
		return err;
	while ((err = store_step(s, q, reading)) == 1)
		*ARENA_PUSH(a, v, n) = (struct choice_row){
			.observation = sqlite3_column_int64(q, 0),
			.choice = (enum choice)MIN(column_u64(q, 1), (uint64_t)CHOICE_DENY),
			.version = column_u64(q, 2)};
	if (!err)
		err = read_rules(s, a, workload, version, ret_rules, ret_nrules);
	*ret = v;
	*ret_n = n;
	return err;
}
