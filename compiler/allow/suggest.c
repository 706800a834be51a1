/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Observations are judged one by one, those taken are grouped by object (a path, an endpoint), each group becomes one
 * entry. A caller is named only when asked for, or when a decision denies the same object to another
 * caller: otherwise the entry would let in what was denied.
 */
#include "compiler/allow/suggest.h"

#include <fnmatch.h>

#include "compiler/allow/suggest_workload.h"
#include "schema/base/map.h"
#include "schema/guard.h"

static const struct {
	const char *name, *summary;
} reasons[] = {
#define X(symbol, name, summary) {name, summary},
	LEFT_OUT_REASONS(X)
#undef X
};

const char *left_out_name(enum left_out reason)
{
	return reasons[reason].name;
}

const char *left_out_summary(enum left_out reason)
{
	return reasons[reason].summary;
}

/* ---- which observations ---- */

/* The path an entry would name; empty when there is none. */
static struct str entry_path(const struct observation *o, bool typed)
{
	if (o->path_known)
		return o->path;
	if (!typed)
		return (struct str){NULL, 0};
	return o->path.n ? o->path : o->filename;
}

static void object_print(struct buf *b, const struct observation *o)
{
	buf_puts(b, "");
	if (kind_has_address(o->kind))
		endpoint_print(b, o);
	else
		buf_str(b, o->kind == KIND_GUARD ? o->guard : o->path.n ? o->path : o->filename);
}

/* A pattern without * and ? means the object itself, or with a trailing slash everything below it. */
static bool matches(const char *pattern, const struct observation *o)
{
	CLEANUP_BUF struct buf object = BUF_INIT;
	object_print(&object, o);
	const char *kind = kind_name(o->kind);
	size_t n = strlen(kind);
	if (!strncmp(pattern, kind, n) && pattern[n] == ':')
		pattern += n + 1;
	if (strpbrk(pattern, "*?"))
		return fnmatch(pattern, object.p, FNM_NOESCAPE) == 0;
	return path_covers(str_from(pattern), buf_view(&object));
}

static bool chosen(const struct observation *o, const struct suggest_options *options)
{
	bool in = options->nonly == 0;
	for (size_t i = 0; i < options->nonly && !in; i++)
		in = matches(options->only[i], o);
	for (size_t i = 0; i < options->nexcept && in; i++)
		in = !matches(options->except[i], o);
	return in;
}

/* What no entry can express. */
static enum left_out judge_object(const struct observation *o, const struct suggest_options *options)
{
	if (o->kind == KIND_GUARD)
		return LEFT_OUT_COUNT;
	if (o->kind == KIND_BIND)
		return LEFT_OUT_BIND;
	if (o->kind == KIND_CONNECT) {
		if (o->unix_path.n)
			return LEFT_OUT_UNIX_SOCKET;
		return o->address.family ? LEFT_OUT_COUNT : LEFT_OUT_NO_FILE;
	}
	if (o->tags & TAG_PATH_CUT)
		return LEFT_OUT_PATH_CUT;
	if ((o->tags & TAGS_NO_PATH) || (o->path_known && o->path.n == 0))
		return LEFT_OUT_NO_FILE;
	if (o->kind == KIND_FILE && !(o->access & ACCESS_CHANGES))
		return LEFT_OUT_READ_ONLY;
	struct str path = entry_path(o, options->typed);
	bool usable = !allowlist_path_wrong(path) && path.p[path.n - 1] != '/';
	return usable ? LEFT_OUT_COUNT : LEFT_OUT_UNRESOLVED;
}

enum left_out suggest_judge(const struct observation_row *row, uint64_t instances,
			    const struct suggest_options *options)
{
	const struct observation *o = &row->o;
	if (row->choice == CHOICE_DENY)
		return LEFT_OUT_DENIED;
	enum left_out why = judge_object(o, options);
	if (why != LEFT_OUT_COUNT || row->choice == CHOICE_ALLOW)
		return why;
	if (options->decided_only || !chosen(o, options))
		return LEFT_OUT_NOT_CHOSEN;
	/* Probes enter from outside as sessions do, but belong to the workload. */
	bool session = (o->tags & TAG_INTERACTIVE) && !(o->tags & TAG_PROBE);
	if (session && !options->interactive)
		return LEFT_OUT_INTERACTIVE;
	if (o->count == 1 && o->instances <= 1 && instances > 1 && !options->one_offs)
		return LEFT_OUT_ONE_OFF;
	return LEFT_OUT_COUNT;
}

/* ---- what is protected ---- */

static const struct str system_folders[] = {
	STR_INIT("/bin/"),  STR_INIT("/boot/"), STR_INIT("/etc/"),  STR_INIT("/lib/"),
	STR_INIT("/lib64/"), STR_INIT("/root/"), STR_INIT("/sbin/"), STR_INIT("/usr/"),
};
/* Programs run from here are no reason to protect what everybody writes to. */
static const struct str scratch_folders[] = {
	STR_INIT("/dev/"), STR_INIT("/proc/"), STR_INIT("/run/"),
	STR_INIT("/sys/"), STR_INIT("/tmp/"),  STR_INIT("/var/tmp/"),
};


static struct str folder_of(struct str path)
{
	while (path.n && path.p[path.n - 1] != '/')
		path.n--;
	return path;
}

static bool covered(const struct allowlist *a, struct str path)
{
	for (size_t i = 0; i < a->nprotect; i++)
		if (path_covers(a->protect[i], path))
			return true;
	return false;
}

static void protect_folder(struct allowlist *a, struct str program)
{
	struct str folder = folder_of(program);
	if (folder.n <= 1 || covered(a, program))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(scratch_folders); i++)
		if (str_starts(folder, scratch_folders[i]))
			return;
	*ARENA_PUSH(a->arena, a->protect, a->nprotect) = arena_str(a->arena, folder);
}

/* ---- groups: all observations of one object ---- */

struct group {
	struct observation o;      /* the first of them */
	struct str path;
	uint32_t access;
	struct evidence evidence;
	struct str *by;
	size_t nby;
	bool setuid;               /* starting it raises privileges: sudo, su */
	bool any_caller;           /* one of its callers has no known path */
	bool denied;               /* a decision denies it to some caller */
	uint64_t observations;
};

/* A changed file that nobody decided on: judged when all rows were seen, since its name may be one of a family. */
struct change {
	struct observation o;
	enum left_out why;         /* LEFT_OUT_COUNT: to be taken in */
};

struct collection {
	struct arena *arena;
	struct map *keys;
	struct {
		struct group *v;
		size_t n, cap;
	} groups;
	struct families *families;
	struct {
		struct change *v;
		size_t n, cap;
	} changes;
};

static struct group *group_for(struct collection *c, const struct observation *o, struct str path)
{
	CLEANUP_BUF struct buf key = BUF_INIT;
	struct observation object = {.kind = o->kind, .path = path, .path_known = true};
	if (o->kind == KIND_CONNECT) {
		object.path = (struct str){NULL, 0};
		object.address = o->address;
		object.protocol = o->protocol;
	} else if (o->kind == KIND_GUARD) {
		object.path = (struct str){NULL, 0};
		object.guard = o->guard;
	}
	observation_key(&key, &object);
	bool fresh;
	uint32_t at = map_add(c->keys, buf_view(&key), &fresh);
	if (!fresh)
		return &c->groups.v[at];
	struct group *g = VEC_PUSH(&c->groups);
	*g = (struct group){.o = object};
	g->path = g->o.path = arena_str(c->arena, path);
	g->o.guard = arena_str(c->arena, o->guard);
	return g;
}

static void group_caller(struct collection *c, struct group *g, struct str caller)
{
	for (size_t i = 0; i < g->nby; i++)
		if (str_eq(g->by[i], caller))
			return;
	*ARENA_PUSH(c->arena, g->by, g->nby) = arena_str(c->arena, caller);
}

/*
 * A container's first program, a probe and a session are told as children of the runtime, under the name of its shim or
 * of its tool. The task that calls exec is the runtime's own copy inside the container: which path it goes by differs
 * with version and distribution, so all of them stand beside the one that was told.
 */
static void group_runtime(struct collection *c, struct group *g, struct str caller)
{
	static const char *const told[] = {"/containerd-shim-runc-v2", "/containerd-shim", "/conmon", "/crun", "/runc"};
	static const char *const copies[] = {"/runc", "/usr/bin/crun", "/usr/bin/runc", "/usr/local/bin/crun",
					     "/usr/local/bin/runc", "/usr/local/sbin/runc", "/usr/sbin/runc"};
	bool runtime = false;
	for (size_t i = 0; i < ARRAY_SIZE(told); i++)
		runtime |= str_ends(caller, str_from(told[i]));
	for (size_t i = 0; runtime && i < ARRAY_SIZE(copies); i++)
		group_caller(c, g, str_from(copies[i]));
}

static void group_add(struct collection *c, const struct observation *o, struct str path)
{
	struct group *g = group_for(c, o, path);
	evidence_add(&g->evidence, &(struct evidence){o->count, o->first_ns, o->last_ns, o->instances});
	g->access |= o->access & ACCESS_CHANGES;
	g->setuid |= (o->tags & TAG_SETUID) != 0;
	g->observations++;
	if (!o->subject_known || allowlist_path_wrong(o->subject)) {
		g->any_caller = true;
		return;
	}
	group_caller(c, g, o->subject);
	if (o->kind == KIND_EXEC)
		group_runtime(c, g, o->subject);
}

static void leave_out(struct left_out_tally *t, enum left_out why, uint64_t observations, uint64_t events)
{
	t->observations[why] += observations;
	t->events[why] += events;
}

static void keep_change(struct collection *c, const struct observation *o, enum left_out why)
{
	struct change *change = VEC_PUSH(&c->changes);
	*change = (struct change){.o = {.kind = o->kind, .access = o->access, .subject_known = o->subject_known, .path_known = true,
				   .count = o->count, .instances = o->instances, .first_ns = o->first_ns, .last_ns = o->last_ns,
				   .path = arena_str(c->arena, o->path), .subject = arena_str(c->arena, o->subject)},
			     .why = why};
}

static void collect_row(const struct observation_row *row, uint64_t instances,
			const struct suggest_options *options, struct collection *c,
			struct left_out_tally *tally)
{
	const struct observation *o = &row->o;
	enum left_out why = suggest_judge(row, instances, options);
	bool file = o->kind == KIND_FILE && o->path.n && (o->path_known || (options->typed && o->path.p[0] == '/'));
	bool named = file && row->choice == CHOICE_UNDECIDED && (why == LEFT_OUT_COUNT || why == LEFT_OUT_ONE_OFF);
	if (!options->decided_only && file)
		families_see(c->families, o, named);
	if (named) {
		keep_change(c, o, why);
		return;
	}
	struct str path = entry_path(o, options->typed);
	if (why == LEFT_OUT_DENIED && (path.n || o->kind == KIND_CONNECT || o->kind == KIND_GUARD))
		group_for(c, o, path)->denied = true;
	if (why != LEFT_OUT_COUNT)
		leave_out(tally, why, 1, o->count);
	else
		group_add(c, o, path);
}

static int collect(struct store *s, const struct workload_row *w, const struct observed *held,
		   const struct suggest_options *options, struct collection *c,
		   struct left_out_tally *tally)
{
	for (size_t i = 0; held && i < held->n; i++)
		collect_row(&held->rows[i], w->instances, options, c, tally);
	if (held)
		return 0;
	CLEANUP(store_cursor_close) struct store_cursor *cursor = NULL;
	struct observation_query q = OBSERVATION_QUERY_ALL;
	q.workload = w->id;
	int n = store_observations(s, &q, &cursor);
	if (n)
		return n;
	struct observation_row row;
	while ((n = store_cursor_next(cursor, &row)) == 1)
		collect_row(&row, w->instances, options, c, tally);
	return n;
}

/* ---- entries ---- */

static void copy_by(struct allowlist *a, const struct group *g, bool name_callers, struct str **by,
		    size_t *nby)
{
	if (!name_callers || (g->any_caller && !g->denied))
		return;
	for (size_t i = 0; i < g->nby; i++)
		*ARENA_PUSH(a->arena, *by, *nby) = arena_str(a->arena, g->by[i]);
}

static void add_exec(struct allowlist *a, const struct group *g, bool callers)
{
	struct allow_exec *e = ARENA_PUSH(a->arena, a->exec, a->nexec);
	e->path = arena_str(a->arena, g->path);
	e->evidence = g->evidence;
	copy_by(a, g, callers, &e->by, &e->nby);
}

static void add_file(struct allowlist *a, const struct group *g, bool callers)
{
	struct allow_file *e = ARENA_PUSH(a->arena, a->files, a->nfiles);
	e->path = arena_str(a->arena, g->path);
	e->access = g->access;
	e->evidence = g->evidence;
	copy_by(a, g, callers, &e->by, &e->nby);
}

static void add_connect(struct allowlist *a, const struct group *g, bool callers)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	struct allow_connect *e = ARENA_PUSH(a->arena, a->connects, a->nconnects);
	e->network = g->o.address;
	if (e->network.family == 6 && !memcmp(e->network.bytes, mapped, sizeof(mapped))) {
		e->network = (struct address){.family = 4};
		memcpy(e->network.bytes, g->o.address.bytes + 12, 4);
	}
	e->network.port = 0;
	e->prefix = e->network.family == 4 ? 32 : 128;
	e->port_first = e->port_last = g->o.address.port;
	e->protocol = g->o.protocol == 6 || g->o.protocol == 17 ? g->o.protocol : 0;
	e->evidence = g->evidence;
	copy_by(a, g, callers, &e->by, &e->nby);
}

static void add_entry(struct allowlist *a, const struct group *g, const struct suggest_options *options,
		      struct left_out_tally *tally)
{
	bool callers = options->callers || g->denied;
	if (g->denied && g->nby == 0) { /* nothing tells the denied caller from the allowed one */
		leave_out(tally, LEFT_OUT_DENIED, g->observations, g->evidence.count);
		return;
	}
	if (g->o.kind == KIND_FILE && !covered(a, g->path)) {
		leave_out(tally, LEFT_OUT_UNPROTECTED, g->observations, g->evidence.count);
		return;
	}
	tally->taken += g->observations;
	if (g->o.kind == KIND_EXEC)
		add_exec(a, g, callers);
	else if (g->o.kind == KIND_FILE)
		add_file(a, g, callers);
	else if (g->o.kind == KIND_CONNECT)
		add_connect(a, g, callers);
}

/* ---- names made anew each time ---- */

static bool folds(const struct suggest_options *options, const struct family *f)
{
	bool found = false;
	for (size_t i = 0; i < options->nfold && !found; i++)
		found = str_eq(f->folder, str_from(options->fold[i]));
	return found;
}

static void judge_changes(struct allowlist *a, struct collection *c, const struct suggest_options *options,
		       struct left_out_tally *tally)
{
	for (size_t i = 0; i < c->changes.n; i++) {
		const struct change *change = &c->changes.v[i];
		const struct family *f = families_of(c->families, &change->o);
		if (!covered(a, change->o.path))
			leave_out(tally, LEFT_OUT_UNPROTECTED, 1, change->o.count);
		else if (f && folds(options, f))
			tally->taken++;
		else if (change->why != LEFT_OUT_COUNT)
			leave_out(tally, change->why, 1, change->o.count);
		else
			group_add(c, &change->o, change->o.path);
	}
}

static void add_folded(struct allowlist *a, const struct family *f)
{
	struct allow_file *e = ARENA_PUSH(a->arena, a->files, a->nfiles);
	e->path = arena_str(a->arena, f->folder);
	e->access = f->access;
	e->evidence = f->evidence;
	if (f->by.n && f->by.p[0] == '/')
		*ARENA_PUSH(a->arena, e->by, e->nby) = arena_str(a->arena, f->by);
}

static void tell_family(struct allowlist *a, const struct family *f, struct left_out_tally *tally)
{
	struct family *told = ARENA_PUSH(a->arena, tally->families, tally->nfamilies);
	*told = *f;
	told->folder = arena_str(a->arena, f->folder);
	told->shape = arena_str(a->arena, f->shape);
	told->by = arena_str(a->arena, f->by);
	for (size_t i = 0; i < f->nexamples; i++)
		told->examples[i] = arena_str(a->arena, f->examples[i]);
}

static void add_families(struct allowlist *a, struct collection *c, const struct suggest_options *options,
			 struct left_out_tally *tally)
{
	bool *used = xcalloc(options->nfold + 1, sizeof(*used));
	for (size_t i = 0; i < families_count(c->families); i++) {
		const struct family *f = families_get(c->families, i);
		if (!f || !covered(a, f->folder))
			continue;
		if (folds(options, f))
			add_folded(a, f);
		else
			tell_family(a, f, tally);
		for (size_t k = 0; k < options->nfold; k++)
			used[k] |= str_eq(f->folder, str_from(options->fold[k]));
	}
	for (size_t k = 0; k < options->nfold && !tally->fold_unused; k++)
		tally->fold_unused = used[k] ? NULL : options->fold[k];
	free(used);
}

/* A rule that a person allowed is an entry of its own, beside what was seen of it. */
static void add_rules(const struct rule_row *rules, size_t n, struct allowlist *a)
{
	for (size_t i = 0; i < n; i++) {
		const struct rule *r = &rules[i].rule;
		if (rules[i].choice != CHOICE_ALLOW)
			continue;
		a->has_exec |= r->kind == KIND_EXEC;
		a->has_file |= r->kind == KIND_FILE;
		a->has_connect |= r->kind == KIND_CONNECT;
		struct group g = {.o = {.kind = r->kind, .address = r->network, .protocol = r->protocol},
				  .path = r->path,
				  .access = r->access};
		struct str by = r->by;
		if (by.n) {
			g.by = &by;
			g.nby = 1;
		}
		if (r->kind == KIND_EXEC)
			add_exec(a, &g, true);
		else if (r->kind == KIND_FILE)
			add_file(a, &g, true);
		if (r->kind != KIND_CONNECT)
			continue;
		add_connect(a, &g, true);
		struct allow_connect *e = &a->connects[a->nconnects - 1];
		e->network = r->network;
		e->network.port = 0;
		e->prefix = r->prefix;
		e->port_first = r->port_first;
		e->port_last = r->port_last;
	}
}

static int add_stored_rules(struct store *s, const struct workload_row *w, struct allowlist *a)
{
	CLEANUP(arena_free) struct arena *arena = arena_new();
	struct rule_row *rules = NULL;
	size_t n = 0;
	int err = store_rules(s, arena, w->id, &rules, &n);
	if (!err)
		add_rules(rules, n, a);
	return err;
}

/*
 * Guards stand against what the workload was not seen to do. A set-user-ID program that it may start is there to raise
 * privileges, so that guard would stop it.
 */
static void add_guards(struct allowlist *a, const struct collection *c)
{
	for (unsigned g = 0; g < GUARD_COUNT; g++) {
		bool needed = false;
		for (size_t i = 0; i < c->groups.n; i++) {
			const struct group *seen = &c->groups.v[i];
			needed |= g == GUARD_RAISE_PRIVILEGE && seen->o.kind == KIND_EXEC && seen->observations && seen->setuid;
			needed |= seen->o.kind == KIND_GUARD && seen->observations && !seen->denied &&
				  str_eq(seen->o.guard, str_from(guard_word((enum guard)g)));
		}
		if (!needed)
			*ARENA_PUSH(a->arena, a->guards, a->nguards) =
				arena_str(a->arena, str_from(guard_word((enum guard)g)));
	}
}

/* ---- the document ---- */

static void add_protected(struct allowlist *a, const struct collection *c, const struct suggest_options *options)
{
	for (size_t i = 0; i < ARRAY_SIZE(system_folders); i++)
		*ARENA_PUSH(a->arena, a->protect, a->nprotect) = system_folders[i];
	for (size_t i = 0; i < options->nprotect; i++)
		*ARENA_PUSH(a->arena, a->protect, a->nprotect) = arena_str(a->arena, str_from(options->protect[i]));
	for (size_t i = 0; i < c->groups.n; i++)
		if (c->groups.v[i].o.kind == KIND_EXEC && c->groups.v[i].observations)
			protect_folder(a, c->groups.v[i].path);
}

int suggest_allowlist(struct store *s, const struct workload_row *w, const struct suggest_options *options,
		      struct left_out_tally *tally, struct allowlist **ret)
{
	return suggest_from(s, w, NULL, options, tally, ret);
}

int suggest_from(struct store *s, const struct workload_row *w, const struct observed *held,
		 const struct suggest_options *options, struct left_out_tally *tally,
		 struct allowlist **ret)
{
	CLEANUP(allowlist_free) struct allowlist *a = allowlist_new();
	struct collection c = {.arena = arena_new(), .keys = map_new(), .families = families_new()};
	*tally = (struct left_out_tally){0};
	suggest_identity(a, w);
	a->mode = options->mode;
	int err = collect(s, w, held, options, &c, tally);
	if (!err)
		err = suggest_labels(s, w, a);
	/* What was never recorded is not judged: an empty section would deny all of it. */
	a->has_exec = w->observations[KIND_EXEC];
	a->has_file = w->observations[KIND_FILE];
	a->has_connect = w->observations[KIND_CONNECT];
	add_protected(a, &c, options);
	judge_changes(a, &c, options, tally);
	for (size_t i = 0; i < c.groups.n; i++)
		if (c.groups.v[i].observations)
			add_entry(a, &c.groups.v[i], options, tally);
	add_families(a, &c, options, tally);
	if (!err && held && held->has_rules)
		add_rules(held->rules, held->nrules, a);
	else if (!err)
		err = add_stored_rules(s, w, a);
	add_guards(a, &c);
	free(c.groups.v);
	free(c.changes.v);
	families_free(c.families);
	map_free(c.keys);
	arena_free(c.arena);
	if (err)
		return err;
	allowlist_normalize(a);
	*ret = TAKE(a);
	return 0;
}
