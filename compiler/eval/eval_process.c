/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The filters on the process: its program, those before it, its pid, what it holds. All look at the agent's record, which
 * is the image's own, or for a fork that has not exec'ed a copy of its parent's. A policy is taken to be in force
 * from the beginning of the stream, so an image that began before it is older than the policy. One that began later and has no exec line shows
 * that the stream lacks such lines (an export may leave them out): what it descends from is not told. Nor is it where the stream has none at all,
 * whose first line need not be near its beginning.
 */
#include "compiler/eval/eval_hit.h"
#include "schema/held.h"

/* Nine records tell ten pids, each its own and that of its parent. */
enum { MAX_ANCESTORS = 64, FORK_PIDS = 10 };

static enum tri unknown(const char **why, const char *reason)
{
	*why = reason;
	return TRI_UNKNOWN;
}

static enum tri tri_of(bool b)
{
	return b ? TRI_YES : TRI_NO;
}

/* The image's path as the kernel knows it, or as other lines tell of its name. */
static bool image_path(const struct engine *e, const struct process_image *image, struct str container, struct str *ret)
{
	*ret = image->path;
	/* Which container an ancestor was in is not kept: outside of all, they are too. */
	bool may_be_named = !image->script && (!container.n || e->presume_paths);
	return image->path_known || (may_be_named && eval_named(e, container, image->filename, ret));
}

/* ---- matchBinaries ---- */

static bool is_negative(enum policy_operator op)
{
	return op == OPERATOR_NOT_IN || op == OPERATOR_NOT_PREFIX || op == OPERATOR_NOT_POSTFIX;
}

/* The record keeps the beginning of a path and, apart, its end; of paths that are a little longer than that end the kernel compares other bytes. */
static enum tri lists(const struct binary_test *t, struct str path)
{
	enum { END_BYTES = 127 };
	if (t->set)
		return tri_of(string_set_has(t->set, eval_cut_path(path)));
	if (t->prefixes.reversed && path.n > END_BYTES && path.n < BINARY_PATH_BYTES)
		return TRI_UNKNOWN;
	return tri_of(prefix_set_has(&t->prefixes, path));
}

/* Is a program listed of which the name as typed alone is told, the image's or that of what it is a fork of? */
enum tri eval_silent_listed(const struct engine *e, const struct binary_test *t, struct str image)
{
	size_t listed = 0;
	if (!eval_among_silent(e, image))
		return TRI_UNKNOWN;
	for (size_t i = 0; i < e->silent.n; i++) {
		enum tri one = lists(t, e->silent.v[i]);
		if (one == TRI_UNKNOWN)
			return one;
		listed += one == TRI_YES;
	}
	return !listed ? TRI_NO : listed == e->silent.n ? TRI_YES : TRI_UNKNOWN;
}

static enum tri silent_listed(const struct engine *e, const struct binary_test *t, struct str image)
{
	enum tri told = eval_silent_listed(e, t, image);
	const struct assumed *a = told == TRI_UNKNOWN ? eval_assumed(e, image) : NULL;
	if (!a)
		return told;
	e->assuming->several |= e->assuming->what && e->assuming->what != a;
	e->assuming->what = a;
	return e->assuming->on ? lists(t, a->path) : told;
}

/*
 * Does the process descend from an exec of a listed program? Exec lines mark what runs from then on, and forks inherit the
 * mark; of older programs only the direct parent counts, and only for children that were there before the policy.
 */
static enum tri descends(const struct engine *e, const struct binary_test *t, const struct record *r, const char **why)
{
	static const char reason[] = "followChildren: the events do not tell the programs of all ancestors";
	struct str id = r->image;
	uint32_t pid = r->pid;
	unsigned parents = r->forked;
	enum tri answer = TRI_NO;
	for (unsigned i = 0; i < MAX_ANCESTORS; i++) {
		const struct process_image *image = processes_find(e->processes, id);
		if (!image)
			return i ? answer : unknown(why, reason);
		parents += image->pid != pid;
		pid = image->pid;
		bool marks = image->exec_seen && !image->inventory;
		bool counts = marks || parents == 1;
		if (counts && !image->fork_only && i + r->forked > 0) {
			struct str path;
			bool known = image_path(e, image, r->container, &path);
			enum tri listed = !known ? silent_listed(e, t, id) : path.n ? lists(t, path) : TRI_NO;
			if (listed == TRI_YES && marks)
				return TRI_YES;
			if (listed != TRI_NO) {
				*why = reason;
				answer = TRI_UNKNOWN;
			}
		}
		if (!marks && !image->fork_only)
			return image->inventory || (image->early && e->tells_execs) ? answer : unknown(why, reason);
		id = image->parent_id;
	}
	return unknown(why, reason);
}

/*
 * Before 5.3 the record has the name as typed, of which lines tell what it is from the root: it was that, or any end of it. Of a program
 * older than the agent it has the path.
 */
static enum tri match_typed(const struct engine *e, const struct binary_test *t, const struct record *r, const char **why)
{
	static const char reason[] = "before 5.3 the kernel compares the program's name as typed, which the events do not tell";
	const struct process_image *image = processes_find(e->processes, r->image);
	if (!image || !image->filename.n || t->follow_children)
		return unknown(why, reason);
	struct str name = image->filename;
	enum tri has = lists(t, name);
	for (size_t i = 0; i < name.n && !image->inventory; i++)
		if (name.p[i] == '/' && lists(t, str_skip(name, i + 1)) != has)
			return unknown(why, reason);
	return tri_of((has == TRI_YES) != is_negative(t->op));
}

enum tri eval_binaries(const struct engine *e, const struct binary_test *t, const struct record *r, const char **why)
{
	if (t->empty)
		return TRI_YES;
	if (e->target.kernel < TARGET_KERNEL(5, 3))
		return match_typed(e, t, r, why);
	if (r->known && !r->path.n)
		return TRI_NO;   /* a memfd and the like: no operator matches */
	enum tri has = r->known ? lists(t, r->path) : silent_listed(e, t, r->image);
	if (has == TRI_UNKNOWN)
		return unknown(why, r->known ? "of a program's path of 128 to 254 bytes the kernel does not compare the end"
					     : "the resolved path of the acting program is not known");
	if (has == TRI_NO && t->follow_children)
		has = descends(e, t, r, why);
	return has == TRI_UNKNOWN ? has : tri_of((has == TRI_YES) != is_negative(t->op));
}

/* The program of the process that forked this one, or of the image before this one. A process without a recorded parent passes. */
static enum tri match_parent_binaries(const struct engine *e, const struct binary_test *t, const struct record *r, const char **why)
{
	static const char reason[] = "matchParentBinaries: the events do not tell the recorded parent";
	if (t->empty || r->forked)
		return TRI_YES;
	const struct process_image *image = processes_find(e->processes, r->image);
	if (!image)
		return unknown(why, reason);
	if (image->fork_only || image->inventory)
		return TRI_YES;
	if (!image->exec_seen)
		return unknown(why, reason);
	const struct process_image *parent = processes_find(e->processes, image->parent_id);
	struct str path;
	if (!parent)
		return unknown(why, reason);
	struct str id = parent->exec_id;
	bool known = image_path(e, parent, r->container, &path);
	if (known && !path.n)
		return TRI_NO;
	enum tri has = known ? lists(t, path) : silent_listed(e, t, id);
	return has == TRI_UNKNOWN ? unknown(why, reason) : tri_of((has == TRI_YES) != is_negative(t->op));
}

/* ---- matchPIDs ---- */

static bool among(const struct pid_filter *f, uint32_t pid)
{
	/* The kernel looks at the first four values; with more than seven it misreads what follows. */
	for (size_t i = 0; i < f->n && i < MAX_INLINE; i++)
		if (f->values[i] == pid)
			return true;
	return false;
}

/* Its pid or, with followForks, that of one of the processes above it. One that has exited has no record that leads on. */
static enum tri among_ancestors(const struct engine *e, const struct pid_filter *f, const struct record *r, const char **why)
{
	uint32_t pid = r->pid;
	struct str id = r->image;
	unsigned pids = 1;
	bool gone = false, beyond = false;
	for (unsigned i = 0; i < MAX_ANCESTORS && pids <= FORK_PIDS; i++) {
		if (among(f, pid))
			return beyond ? unknown(why, "matchPIDs: an ancestor below that pid has exited") : TRI_YES;
		if (pid <= 1)
			return TRI_NO;
		const struct process_image *image = processes_find(e->processes, id);
		if (!image)
			break;
		bool above = image->pid != pid;
		pids += above;
		beyond |= above && gone;
		gone = image->exited;
		pid = image->pid;
		id = image->parent_id;
	}
	return pids > FORK_PIDS ? TRI_NO : unknown(why, "matchPIDs: the events do not tell all ancestors");
}

static const struct held *held_by(const struct engine *e, const struct record *r, bool *ret_forked)
{
	const struct process_image *image = processes_find(e->processes, r->image);
	*ret_forked = r->forked || (image && image->fork_only);
	return image ? image->held : NULL;
}

/* Processes of the host's pid namespace have the namespace pid 0, and with followForks no operator matches them. */
static enum tri namespace_pid(const struct engine *e, const struct pid_filter *f, const struct record *r, const char **why)
{
	static const char reason[] = "matchPIDs: the events do not tell the pid inside its namespace";
	bool forked;
	const struct held *h = held_by(e, r, &forked);
	if (!h || !h->now.ns_told || forked || (h->ns_unsure & 1 << NS_PID))
		return unknown(why, reason);
	if (!h->now.ns[NS_PID].host)
		return r->container_pid && !f->follow_forks ? tri_of(among(f, r->container_pid) == (f->op == OPERATOR_IN))
							    : unknown(why, reason);
	return f->follow_forks ? TRI_NO : tri_of(among(f, 0) == (f->op == OPERATOR_IN));
}

static enum tri match_pids(const struct engine *e, const struct pid_filter *f, const struct record *r, const char **why)
{
	if (!r->pid)
		return unknown(why, "the events do not tell the pid");
	if (f->namespace_pid)
		return namespace_pid(e, f, r, why);
	if (!f->follow_forks)
		return tri_of(among(f, r->pid) == (f->op == OPERATOR_IN));
	enum tri has = among_ancestors(e, f, r, why);
	return has == TRI_UNKNOWN ? has : tri_of((has == TRI_YES) == (f->op == OPERATOR_IN));
}

/* ---- what the process holds ---- */

/* Are the lines of these calls in the stream, so that none of them passes unseen? */
static bool tells_caps(const struct engine *e)
{
	return e->at.v[SITE_CAPSET].recorded && e->at.v[SITE_TASK_FIX_SETUID].recorded &&
	       e->at.v[SITE_CREATE_USER_NS].recorded;
}

/* setns() shows by itself, or by the namespace's file that is opened for it. */
static bool tells_namespaces(const struct engine *e)
{
	return e->at.v[SITE_SYS_UNSHARE].recorded &&
	       (e->at.v[SITE_SYS_SETNS].recorded || e->at.v[SITE_FILE_OPEN].recorded || e->at.v[SITE_FD_INSTALL].recorded);
}

/* isNamespaceCapability: only what is held inside a user namespace of its own counts. */
static enum tri counts_there(const struct held *h, const struct capability_test *t)
{
	if (!t->namespace_only)
		return TRI_YES;
	return !h || !h->now.ns_told ? TRI_UNKNOWN : tri_of(!h->now.ns[NS_USER].host);
}

static enum tri match_capabilities(const struct engine *e, const struct capability_test *t, const struct hit *hit, const char **why)
{
	static const char reason[] = "matchCapabilities: the events do not tell the capabilities";
	bool forked;
	const struct held *h = held_by(e, &hit->record, &forked);
	enum tri there = counts_there(h, t);
	if (there == TRI_NO)
		return there;
	if (there == TRI_UNKNOWN || !h || !h->now.caps_told || (h->caps_unsure & 1 << t->set) || (!hit->fresh_image && !tells_caps(e)))
		return unknown(why, reason);
	bool any = h->now.caps[t->set] & t->mask;
	return tri_of(any == (t->op == OPERATOR_IN));
}

static enum tri match_capability_changes(const struct engine *e, const struct capability_test *t, const struct hit *hit,
				 const char **why)
{
	static const char reason[] = "matchCapabilityChanges: the events do not tell the capabilities";
	bool forked;
	const struct held *h = held_by(e, &hit->record, &forked);
	enum tri there = counts_there(h, t);
	if (there == TRI_NO)
		return there;
	if (there == TRI_UNKNOWN || !h || !h->now.caps_told || ((h->caps_unsure | h->caps_maybe | h->record_unsure) & 1 << t->set) ||
	    (!hit->fresh_image && !tells_caps(e)))
		return unknown(why, reason);
	uint64_t differ = h->now.caps[t->set] ^ h->record_caps[t->set];
	bool listed = differ & t->mask;
	return tri_of(t->op == OPERATOR_IN ? listed : !listed && differ);
}

static enum tri in_namespace(const struct held *h, const struct namespace_test *t)
{
	bool maybe = false;
	for (size_t i = 0; i < t->n; i++) {
		bool fresh = h->ns_fresh & 1 << t->kind;
		bool host = h->now.ns[t->kind].host;
		bool same = t->values[i].host ? host : t->values[i].number == h->now.ns[t->kind].number;
		if (!fresh && same)
			return TRI_YES;
		maybe |= fresh && !t->values[i].host && !same;
	}
	return maybe ? TRI_UNKNOWN : TRI_NO;
}

static enum tri match_namespace(const struct engine *e, const struct namespace_test *t, const struct hit *hit, const char **why)
{
	static const char reason[] = "matchNamespaces: the events do not tell the namespaces";
	bool forked;
	const struct held *h = held_by(e, &hit->record, &forked);
	bool user = t->kind == NS_USER;
	if (!h || !h->now.ns_told || (forked && !user) || (h->ns_unsure & 1 << t->kind) ||
	    (!hit->fresh_image && !user && !tells_namespaces(e)))
		return unknown(why, reason);
	enum tri in = in_namespace(h, t);
	return in == TRI_UNKNOWN ? unknown(why, reason) : tri_of((in == TRI_YES) == (t->op == OPERATOR_IN));
}

static enum tri match_namespace_changes(const struct engine *e, const struct namespace_test *t, const struct hit *hit,
				const char **why)
{
	static const char reason[] = "matchNamespaceChanges: the events do not tell the namespaces";
	bool forked;
	const struct held *h = held_by(e, &hit->record, &forked);
	/* In: a listed one differs from the record. NotIn: one that is not listed does. */
	uint16_t asked = t->op == OPERATOR_IN ? t->kinds : (uint16_t)~t->kinds;
	if (hit->fresh_image)
		return TRI_NO;
	if (!h || !tells_namespaces(e) || (h->ns_maybe & asked))
		return unknown(why, reason);
	return tri_of(!hit->record.forked && (h->ns_changed & asked));
}

/* ---- for who asks why ---- */

struct str eval_namespace_value(const struct engine *e, const struct namespace_test *t, const struct hit *h, struct arena *arena)
{
	bool forked;
	const struct held *held = held_by(e, &h->record, &forked);
	if (!held || !held->now.ns_told || (held->ns_fresh & 1 << t->kind))
		return (struct str){NULL, 0};
	for (size_t i = 0; i < t->n; i++)
		if (!t->values[i].host && t->values[i].number == held->now.ns[t->kind].number)
			return t->written->v[i];
	bool children = t->kind == NS_PID_FOR_CHILDREN || t->kind == NS_TIME_FOR_CHILDREN;   /* of these "host_ns" does not load */
	return held->now.ns[t->kind].host && !children ? STR("host_ns")
						       : str_from(arena_printf(arena, "%u", held->now.ns[t->kind].number));
}

/* The one that is held of those that are listed; where none is, the first that is held. */
struct str eval_capability_value(const struct engine *e, const struct capability_test *t, const struct hit *h)
{
	static const struct str none = {NULL, 0};
	bool forked;
	const struct held *held = held_by(e, &h->record, &forked);
	uint64_t has = held && held->now.caps_told ? held->now.caps[t->set] : 0, listed = has & t->mask;
	if (!has || (listed & (listed - 1)))
		return none;
	const char *name = capability_name(__builtin_ctzll(listed ? listed : has));
	for (size_t i = 0; listed && i < t->written->n; i++)
		if (capability_number(t->written->v[i]) == __builtin_ctzll(listed))
			return t->written->v[i];
	return name ? str_from(name) : none;
}

/* ---- all of a selector ---- */

struct asking {
	const struct engine *e;
	const struct hit *hit;
	enum tri sofar;
	const char *why;        /* of the first that is not told */
};

/* False once a filter says no: the others are not asked. */
static bool ask(struct asking *a, enum tri answer, const char *const *reason)
{
	if (answer == TRI_UNKNOWN && a->sofar == TRI_YES)
		a->why = *reason;
	a->sofar = answer == TRI_NO ? TRI_NO : MAX(a->sofar, answer);
	return a->sofar != TRI_NO;
}

static bool ask_held(struct asking *a, const struct compiled_selector *s)
{
	const char *why = NULL;
	for (size_t i = 0; i < s->nnamespaces; i++)
		if (!ask(a, match_namespace(a->e, &s->namespaces[i], a->hit, &why), &why))
			return false;
	return (!s->capabilities || ask(a, match_capabilities(a->e, s->capabilities, a->hit, &why), &why)) &&
	       (!s->namespace_changes ||
		ask(a, match_namespace_changes(a->e, s->namespace_changes, a->hit, &why), &why)) &&
	       (!s->capability_changes ||
		ask(a, match_capability_changes(a->e, s->capability_changes, a->hit, &why), &why));
}

enum tri eval_process(const struct engine *e, const struct compiled_selector *s, const struct hit *h, const char **why)
{
	struct asking a = {.e = e, .hit = h, .sofar = TRI_YES};
	const char *reason = NULL;
	bool more = (!s->binaries || ask(&a, eval_binaries(e, s->binaries, &h->record, &reason), &reason)) &&
		    (!s->parent_binaries ||
		     ask(&a, match_parent_binaries(e, s->parent_binaries, &h->record, &reason), &reason)) &&
		    (!s->pids || ask(&a, match_pids(e, s->pids, &h->record, &reason), &reason));
	if (more)
		ask_held(&a, s);
	*why = a.why;
	return a.sofar;
}
