/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Choosing. Every POST is stored at once, with its time, as one batch that one undo takes back. The client says
 * which version it saw; when another tab decided the same since, it gets 409 and nothing changes.
 */
#include <inttypes.h>
#include <json-c/json.h>

#include "compiler/allow/generalise.h"
#include "compiler/allow/suggest.h"
#include "schema/listing.h"
#include "webui/api.h"

enum { DECISIONS_MAX = 20000, EXAMPLES = 5, HISTORY_MAX = 200 };

struct decisions {
	struct decision *v;
	size_t n, cap;
};

static void decisions_done(struct decisions *d)
{
	free(d->v);
}

static bool writable(const struct web *w, struct response *r)
{
	if (!w->read_only)
		return true;
	response_error(r, 403,
		       "Start stakeout serve without --read-only, as a user who may write the store.",
		       "this store is read-only here: decisions cannot be stored");
	return false;
}

static struct str json_text(struct json_object *o, const char *key)
{
	struct json_object *v;
	if (!o || !json_object_object_get_ex(o, key, &v) || !json_object_is_type(v, json_type_string))
		return (struct str){NULL, 0};
	return (struct str){json_object_get_string(v), (size_t)json_object_get_string_len(v)};
}

static bool json_number(struct json_object *o, const char *key, int64_t *ret)
{
	struct json_object *v;
	if (!o || !json_object_object_get_ex(o, key, &v) || !json_object_is_type(v, json_type_int))
		return false;
	*ret = json_object_get_int64(v);
	return *ret >= 0;
}

static bool refuse(struct response *r, const char *what)
{
	response_error(r, 400, "See /openapi.json for the form of this request.", "%s", what);
	return false;
}

static bool seen_version(const struct request *q, struct response *r, uint64_t *ret)
{
	int64_t version;
	if (!json_number(q->json, "version", &version))
		return refuse(r, "version is missing: the version of the workload that was seen");
	*ret = (uint64_t)version;
	return true;
}

static bool choice_of(struct json_object *o, struct response *r, enum choice *ret)
{
	int choice = choice_from(json_text(o, "choice"));
	if (choice < 0)
		return refuse(r, "choice must be allow, deny or undecided");
	*ret = (enum choice)choice;
	return true;
}

/* Step STEP of the ladder of OBSERVATION: computed again here, so that only what was proposed can be chosen. */
static bool rule_of_step(struct store *s, const struct request *q, struct response *r,
			 int64_t workload, int64_t observation, int64_t step, struct rule *ret)
{
	struct observation_query query = OBSERVATION_QUERY_ALL;
	struct observation_row *rows;
	struct proposal *ladder;
	size_t n, steps;
	query.workload = workload;
	query.observation = observation;
	int err = store_observation_page(s, q->arena, &query, &rows, &n, NULL);
	if (!err && !n)
		return refuse(r, "the workload has no such observation");
	if (!err)
		err = generalise(s, q->arena, &rows[0], &ladder, &steps);
	if (err == -EINVAL)
		return refuse(r, "this observation has no general form");
	if (err) {
		store_refusal(r, s, err);
		return false;
	}
	if ((size_t)step >= steps)
		return refuse(r, "the ladder has no such step");
	*ret = ladder[step].rule;
	return true;
}

static bool stored_rule(struct store *s, const struct request *q, struct response *r, int64_t workload,
			int64_t id, struct rule *ret)
{
	struct rule_row *rows;
	size_t n;
	int err = store_rules(s, q->arena, workload, &rows, &n);
	if (err) {
		store_refusal(r, s, err);
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (rows[i].id == id) {
			*ret = rows[i].rule;
			return true;
		}
	}
	return refuse(r, "the workload has no such rule");
}

/* {observation, choice}, {observation, step, choice} or {rule, choice}. */
static bool decision_of(struct store *s, const struct request *q, struct response *r, int64_t workload,
			struct json_object *o, struct decision *ret)
{
	struct decision d = {0};
	int64_t step, rule;
	if (!json_object_is_type(o, json_type_object))
		return refuse(r, "decisions must be objects");
	if (!choice_of(o, r, &d.choice))
		return false;
	if (json_number(o, "rule", &rule)) {
		if (!stored_rule(s, q, r, workload, rule, &d.rule))
			return false;
	} else if (!json_number(o, "observation", &d.observation) || !d.observation) {
		return refuse(r, "a decision names an observation or a rule");
	} else if (json_number(o, "step", &step)) {
		if (!rule_of_step(s, q, r, workload, d.observation, step, &d.rule))
			return false;
		d.observation = 0;
	}
	*ret = d;
	return true;
}

static bool decisions_of(struct store *s, const struct request *q, struct response *r, int64_t workload,
			 struct decisions *d)
{
	struct json_object *list;
	if (!json_object_object_get_ex(q->json, "decisions", &list) ||
	    !json_object_is_type(list, json_type_array))
		return refuse(r, "decisions is missing: a list");
	size_t n = json_object_array_length(list);
	if (!n || n > DECISIONS_MAX)
		return refuse(r, "decisions must hold from 1 to 20,000 entries");
	for (size_t i = 0; i < n; i++)
		if (!decision_of(s, q, r, workload, json_object_array_get_idx(list, i), VEC_PUSH(d)))
			return false;
	return true;
}

/* The workload after a write, or why there was none. */
static void answer_write(struct store *s, const struct request *q, struct response *r,
			 int64_t workload, int err)
{
	struct workload_row row;
	if (!err)
		err = store_workload_get(s, q->arena, workload, 0, &row);
	if (err == -ESTALE) {
		response_error(r, 409, "The list was read again: look at it, then decide.",
			       "someone else decided this in the meantime; nothing was changed");
		return;
	}
	if (err) {
		store_refusal(r, s, err);
		return;
	}
	json_row(&r->body, listing_workloads(&row, 1));
	buf_putc(&r->body, '\n');
}

API(api_decide)
{
	int64_t workload;
	uint64_t version, stored;
	__attribute__((cleanup(decisions_done))) struct decisions d = {0};
	if (!writable(w, r) || !api_id(q, r, 0, &workload) || !seen_version(q, r, &version))
		return;
	STORE_FOR(s, w, r);
	if (!decisions_of(s, q, r, workload, &d))
		return;
	answer_write(s, q, r, workload,
		     store_decide(s, workload, version, d.v, d.n, now_ns(), &stored));
}

/* ---- many at once ---- */

struct bulk {
	struct decisions d;
	uint64_t events, kinds[KIND_COUNT], left_out[LEFT_OUT_COUNT];
	struct buf examples;
	size_t nexamples;
};

static void bulk_done(struct bulk *k)
{
	decisions_done(&k->d);
	buf_done(&k->examples);
}

static void add_example(struct bulk *k, const struct observation *o)
{
	if (k->nexamples++ >= EXAMPLES)
		return;
	CLEANUP_BUF struct buf text = BUF_INIT;
	if (kind_has_address(o->kind))
		endpoint_print(&text, o);
	else
		buf_str(&text, o->path.n ? o->path : o->kind == KIND_GUARD ? o->guard : o->filename);
	buf_puts(&k->examples, k->examples.n ? "," : "");
	buf_json(&k->examples, buf_view(&text));
}

struct bulk_filter {
	struct observation_query query;
	bool every_instance;     /* only what each instance did */
	uint64_t instances;
	enum choice choice;
};

static bool bulk_filter(const struct request *q, struct response *r, const struct workload_row *row,
			struct bulk_filter *ret)
{
	struct bulk_filter f = {.query = OBSERVATION_QUERY_ALL, .instances = row->instances};
	struct str set = json_text(q->json, "which"), kind = json_text(q->json, "kind");
	f.query.workload = row->id;
	f.query.choice = CHOICE_UNDECIDED;
	f.query.text = json_text(q->json, "q");
	if (!choice_of(q->json, r, &f.choice))
		return false;
	if (kind.n && (f.query.kind = kind_from(kind)) < 0)
		return refuse(r, "kind is not one of exec, file, connect, bind, guard");
	f.every_instance = str_eq(set, STR("every-instance"));
	if (str_eq(set, STR("interactive")))
		f.query.tags_any = TAG_INTERACTIVE;
	else if (!f.every_instance && !str_eq(set, STR("undecided")))
		return refuse(r, "which must be every-instance, interactive or undecided");
	*ret = f;
	return true;
}

/*
 * What a bulk choice means, counted before it is made. Allowing takes the same care as suggesting does: what was
 * interactive, cut or has no file is left for a person to decide one by one.
 */
static int bulk_gather(struct store *s, const struct bulk_filter *f, struct bulk *k)
{
	static const struct suggest_options careful = {.typed = true};
	CLEANUP(store_cursor_close) struct store_cursor *c = NULL;
	int err = store_observations(s, &f->query, &c);
	if (err)
		return err;
	struct observation_row row;
	while ((err = store_cursor_next(c, &row)) == 1) {
		if (f->every_instance && row.o.instances < f->instances)
			continue;
		enum left_out why = f->choice == CHOICE_ALLOW ? suggest_judge(&row, f->instances, &careful)
							      : LEFT_OUT_COUNT;
		bool beside_the_point = why == LEFT_OUT_READ_ONLY || why == LEFT_OUT_UNPROTECTED ||
					why == LEFT_OUT_UNIX_SOCKET || why == LEFT_OUT_BIND;
		if (why != LEFT_OUT_COUNT && !beside_the_point) {
			k->left_out[why]++;
			continue;
		}
		*VEC_PUSH(&k->d) = (struct decision){.observation = row.o.id, .choice = f->choice};
		k->events += row.o.count;
		k->kinds[row.o.kind]++;
		add_example(k, &row.o);
	}
	return err;
}

static void answer_preview(struct response *r, const struct bulk *k, uint64_t version)
{
	struct buf *b = &r->body;
	buf_printf(b, "{\"version\":%" PRIu64 ",\"observations\":%zu,\"events\":%" PRIu64, version, k->d.n,
		   k->events);
	for (int i = 0; i < KIND_COUNT; i++)
		if (i == KIND_EXEC || i == KIND_FILE || i == KIND_CONNECT || i == KIND_BIND || i == KIND_GUARD)
			buf_printf(b, ",\"%s\":%" PRIu64, kind_name((enum kind)i), k->kinds[i]);
	buf_printf(b, ",\"examples\":[%s],\"left_out\":[", k->examples.n ? k->examples.p : "");
	const char *comma = "";
	for (int i = 0; i < LEFT_OUT_COUNT; i++) {
		if (!k->left_out[i])
			continue;
		buf_printf(b, "%s{\"reason\":\"%s\",\"summary\":", comma, left_out_name((enum left_out)i));
		buf_json(b, str_from(left_out_summary((enum left_out)i)));
		buf_printf(b, ",\"observations\":%" PRIu64 "}", k->left_out[i]);
		comma = ",";
	}
	buf_puts(b, "]}\n");
}

API(api_bulk)
{
	struct workload_row row;
	struct bulk_filter f;
	struct json_object *preview = NULL;
	uint64_t version, stored;
	__attribute__((cleanup(bulk_done))) struct bulk k = {0};
	json_object_object_get_ex(q->json, "preview", &preview);
	bool only_look = json_object_get_boolean(preview);
	if (!only_look && !writable(w, r))
		return;
	STORE_FOR(s, w, r);
	if (!seen_version(q, r, &version) || !api_workload_row(s, q, r, &row) ||
	    !bulk_filter(q, r, &row, &f))
		return;
	int err = bulk_gather(s, &f, &k);
	if (err) {
		store_refusal(r, s, err);
		return;
	}
	if (only_look) {
		answer_preview(r, &k, row.version);
		return;
	}
	if (k.d.n)
		err = store_decide(s, row.id, version, k.d.v, k.d.n, now_ns(), &stored);
	answer_write(s, q, r, row.id, err);
}

API(api_undo)
{
	int64_t workload;
	uint64_t version, stored;
	if (!writable(w, r) || !api_id(q, r, 0, &workload) || !seen_version(q, r, &version))
		return;
	STORE_FOR(s, w, r);
	int err = store_undo(s, workload, version, now_ns(), &stored);
	if (err == -ENOENT)
		response_error(r, 404, "Everything was undone already.", "there is nothing to undo");
	else
		answer_write(s, q, r, workload, err);
}

API(api_mode)
{
	int64_t workload;
	uint64_t version, stored;
	if (!writable(w, r) || !api_id(q, r, 0, &workload) || !seen_version(q, r, &version))
		return;
	int mode = workload_mode_from(json_text(q->json, "mode"));
	if (mode < 0) {
		refuse(r, "mode must be observe, monitor or enforce");
		return;
	}
	STORE_FOR(s, w, r);
	answer_write(s, q, r, workload,
		     store_set_mode(s, workload, version, (enum workload_mode)mode, now_ns(), &stored));
}

API(api_history)
{
	STORE_FOR(s, w, r);
	int64_t workload;
	struct batch_row *rows;
	size_t n;
	if (!api_id(q, r, 0, &workload))
		return;
	int err = store_history(s, q->arena, workload, HISTORY_MAX, &rows, &n);
	if (err) {
		store_refusal(r, s, err);
		return;
	}
	struct buf *b = &r->body;
	buf_puts(b, "{\"rows\":[");
	for (size_t i = 0; i < n; i++) {
		buf_printf(b, "%s{\"version\":%" PRIu64 ",\"time_ns\":\"", i ? "," : "", rows[i].version);
		buf_time(b, rows[i].time_ns);
		buf_printf(b, "\",\"decisions\":%" PRIu64 ",\"undone\":%s,\"undoes\":%" PRIu64 "}",
			   rows[i].decisions, rows[i].undone ? "true" : "false", rows[i].undoes);
	}
	buf_puts(b, "]}\n");
}

API(api_rules)
{
	STORE_FOR(s, w, r);
	int64_t workload;
	struct rule_row *rows;
	size_t n;
	if (!api_id(q, r, 0, &workload))
		return;
	int err = store_rules(s, q->arena, workload, &rows, &n);
	if (err) {
		store_refusal(r, s, err);
		return;
	}
	struct buf *b = &r->body;
	buf_puts(b, "{\"rows\":[");
	for (size_t i = 0; i < n; i++) {
		CLEANUP_BUF struct buf text = BUF_INIT;
		rule_print(&text, &rows[i].rule);
		buf_printf(b, "%s{\"id\":%" PRId64 ",\"kind\":\"%s\",\"choice\":\"%s\",\"time_ns\":\"",
			   i ? "," : "", rows[i].id, kind_name(rows[i].rule.kind),
			   choice_name(rows[i].choice));
		buf_time(b, rows[i].time_ns);
		buf_puts(b, "\",\"rule\":");
		buf_json(b, buf_view(&text));
		buf_putc(b, '}');
	}
	buf_puts(b, "]}\n");
}
