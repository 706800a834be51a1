/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What actions amount to, and whether the operation still takes place. A denied call fails. A killed caller's call
 * goes on until the kernel next looks for fatal signals: some operations have happened by then, depending on
 * the hook and on the file system.
 */
#include "compiler/eval/eval_hit.h"

static bool is_fatal(uint32_t signal)
{
	enum { LAST_SIGNAL = 64 };   /* the kernel sends none beyond */
	if (signal > LAST_SIGNAL)
		return false;
	switch (signal) {
	case 0:
	case 17:   /* SIGCHLD and the next: ignored by default; then the stops, then SIGURG, SIGWINCH */
	case 18:
	case 19:
	case 20:
	case 21:
	case 22:
	case 23:
	case 28:
		return false;
	default:
		return true;
	}
}

/* Hooks that are told of something, not asked: what they return is not looked at. */
static bool returns_nothing(struct str lsm_hook)
{
	static const struct str hooks[] = {STR_INIT("bprm_committing_creds"), STR_INIT("bprm_committed_creds"),
					   STR_INIT("file_set_fowner"), STR_INIT("file_free_security"),
					   STR_INIT("task_to_inode"), STR_INIT("sk_free_security"),
					   STR_INIT("inode_post_setxattr"), STR_INIT("d_instantiate")};
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++)
		if (str_eq(hooks[i], lsm_hook))
			return true;
	return false;
}

static void override(const struct hook *h, const struct action *a, struct verdict_form *f)
{
	if (h->section == SECTION_LSM && !returns_nothing(h->call)) {
		f->denies = a->error != 0;   /* of several the last counts */
		f->error = a->error ? -EPERM : 0;
	} else if (h->section == SECTION_KPROBE) {
		f->denies = h->syscall || a->error != 0;
		f->error = a->error;
	}   /* a tracepoint: accepted, without effect */
}

static void act(const struct engine *e, const struct hook *h, const struct action *a,
		struct verdict_form *f)
{
	bool old = e->target.kernel < TARGET_KERNEL(5, 3);
	switch (a->action) {
	case ACTION_SIGKILL:
		if (!old)
			f->signal = SIGKILL_NUMBER;
		break;
	case ACTION_SIGNAL:
		if (!old && is_fatal(a->sig) && f->signal != SIGKILL_NUMBER)
			f->signal = a->sig;
		break;
	case ACTION_OVERRIDE:
		override(h, a, f);
		break;
	case ACTION_NO_POST:
		f->posts = false;
		if (f->verdict == VERDICT_POST)
			f->verdict = VERDICT_ALLOW;
		break;
	case ACTION_NOTIFY_ENFORCER:
		if (h->section == SECTION_KPROBE || (h->section == SECTION_TRACEPOINT && !h->raw)) {
			f->notifies = true;
			f->forgets = false;
			f->notified_error = (int16_t)a->error;   /* 16 bits are kept of it */
			f->notified_signal = !old && is_fatal(a->sig) ? a->sig : 0;
		}
		break;
	case ACTION_CLEANUP_ENFORCER_NOTIFICATION:
		f->notifies = false;
		f->forgets = true;
		break;
	default:
		break;
	}
}

static bool is_enforcing(enum policy_action a)
{
	return a == ACTION_SIGKILL || a == ACTION_SIGNAL || a == ACTION_OVERRIDE ||
	       a == ACTION_NOTIFY_ENFORCER || a == ACTION_SET;
}

/* Looked for before macros are merged: a policy that enforces only inside a macro never enforces. */
static bool enforces_outside_macros(const struct policy *p)
{
	for (size_t h = 0; h < p->nhooks; h++)
		for (size_t s = 0; s < p->hooks[h].nselectors; s++)
			for (size_t a = 0; a < p->hooks[h].selectors[s].nactions; a++)
				if (is_enforcing(p->hooks[h].selectors[s].actions[a].action))
					return true;
	return false;
}

bool eval_same_fate(const struct verdict_form *a, const struct verdict_form *b)
{
	if (!eval_stops(a) && !eval_stops(b))
		return true;
	return a->verdict == b->verdict && a->error == b->error && a->signal == b->signal && a->denies == b->denies &&
	       a->notifies == b->notifies && a->notified_error == b->notified_error &&
	       a->notified_signal == b->notified_signal;
}

/* What the first N actions come to. */
static struct verdict_form outcome_of(const struct engine *e, const struct policy *p, const struct hook *h, const struct selector *s,
				      size_t n)
{
	struct verdict_form f = {.verdict = VERDICT_POST, .posts = true, .why = "the selector matches and only posts"};
	for (size_t i = 0; i < n; i++)
		act(e, h, &s->actions[i], &f);
	if (f.verdict == VERDICT_UNKNOWN)
		return f;
	if ((f.signal || f.denies || f.notifies) && !enforces_outside_macros(p)) {
		f = (struct verdict_form){.verdict = f.posts ? VERDICT_POST : VERDICT_ALLOW, .posts = f.posts,
					  .why = "an enforcing action inside a macro alone is never enforced"};
	} else if (f.signal) {
		f.verdict = VERDICT_KILL;
		f.why = f.signal != SIGKILL_NUMBER ? "the selector matches: a signal is sent, which the process may handle"
			: f.denies ? "the selector matches: the call fails and the process is killed"
				 : "the selector matches: the process is killed";
	} else if (f.denies) {
		f.verdict = VERDICT_DENY;
		f.why = "the selector matches: the call fails";
	} else if (f.verdict == VERDICT_ALLOW) {
		f.why = "the selector matches and its event is suppressed (NoPost)";
	}
	return f;
}

/* An action that fails ends the list, as UntrackSock does for a socket that was not tracked. */
struct verdict_form eval_outcome(const struct engine *e, const struct policy *p, const struct hook *h,
				 const struct selector *s)
{
	size_t n = 0;
	while (n < s->nactions && s->actions[n].action != ACTION_UNTRACK_SOCK)
		n++;
	struct verdict_form f = outcome_of(e, p, h, s, s->nactions), cut = outcome_of(e, p, h, s, n);
	bool same = eval_same_fate(&f, &cut);
	if (n >= s->nactions || (same && (f.verdict == cut.verdict || eval_stops(&f))))
		return f;
	if (same)
		return (struct verdict_form){.verdict = VERDICT_ALLOW, .posts = true,
					     .why = "nothing stops it; whether its event is posted is not told"};
	f.verdict = VERDICT_UNKNOWN;
	f.why = "what follows UntrackSock is done only if the socket was tracked, which the events do not tell";
	return f;
}

/* At the return only signals do anything: Override is accepted and has no effect. */
struct verdict_form eval_return_outcome(const struct selector *s)
{
	struct verdict_form f = {.verdict = VERDICT_POST, .posts = true, .why = "the selector matches and only posts"};
	for (size_t i = 0; i < s->nreturn_actions; i++) {
		const struct action *a = &s->return_actions[i];
		if (a->action == ACTION_SIGKILL)
			f.signal = SIGKILL_NUMBER;
		else if (a->action == ACTION_SIGNAL && is_fatal(a->sig) && f.signal != SIGKILL_NUMBER)
			f.signal = a->sig;
	}
	if (f.signal) {
		f.verdict = VERDICT_KILL;
		f.why = "what the call returned matches: the process is killed";
	}
	return f;
}

bool eval_stops(const struct verdict_form *f)
{
	return (f->verdict != VERDICT_ALLOW && f->verdict != VERDICT_POST) || f->notifies;
}

/* ---- effects ---- */

/* A killed writer: most file systems look for fatal signals before they write. */
static enum effect killed_write(const struct engine *e)
{
	return e->target.fs == FS_BTRFS ? EFFECT_HAPPENED : EFFECT_PREVENTED;
}

static struct str last_component(struct str path)
{
	static const struct str deleted = STR_INIT(" (deleted)");
	if (str_ends(path, deleted))
		path.n -= deleted.n;
	const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
	return slash ? str_skip(path, (size_t)(slash - path.p) + 1) : path;
}

void eval_note_created(struct engine *e, const struct event *ev)
{
	struct str last = {NULL, 0};
	for (uint32_t i = 0; i < ev->nargs; i++)
		if (ev->args[i].kind == ARG_PATH || ev->args[i].kind == ARG_FILE)
			last = ev->args[i].text;
	last = last_component(last);
	struct created *c = &e->created[ev->process.pid % CREATED_KEPT];
	c->pid = ev->process.pid;
	c->n = (uint32_t)MIN(last.n, NAME_BYTES);
	if (c->n)
		memcpy(c->name, last.p, c->n);
}

/* O_CREAT makes a file, or finds one: where the stream has lines of path_mknod, they tell. */
static enum tri creates(const struct engine *e, const struct event *ev)
{
	if (!(ev->access & ACCESS_CREATE))
		return TRI_NO;
	if (!e->at.v[SITE_PATH_MKNOD].recorded)
		return TRI_UNKNOWN;
	const struct created *c = &e->created[ev->process.pid % CREATED_KEPT];
	bool made = c->pid == ev->process.pid && str_eq((struct str){c->name, c->n}, last_component(ev->path));
	return made ? TRI_YES : TRI_NO;
}

/* What an open does to the file before anything stops it, DONE apart. */
static enum effect opened(const struct engine *e, const struct event *ev, bool done)
{
	enum tri made = done ? TRI_YES : creates(e, ev);
	return made == TRI_YES ? EFFECT_HAPPENED : made == TRI_NO ? EFFECT_PREVENTED : EFFECT_UNKNOWN;
}

/* The write was implied by an open that had emptied or made the file before. */
static bool after_change(const struct event *ev, const struct hit *h)
{
	return !h->direct && (ev->access & (ACCESS_CREATE | ACCESS_TRUNCATE));
}

/* sendfile and splice into a pipe pass the data on although the caller dies; the events do not tell them from read. */
static bool reads(const struct hit *h)
{
	enum { MAY_WRITE = 2, MASK_INDEX = 1 };
	for (uint32_t i = 0; i < h->n; i++)
		if (h->slots[i].kind == SLOT_NUMBER && h->slots[i].index == MASK_INDEX)
			return h->slots[i].known && !(h->slots[i].low & MAY_WRITE);
	return false;
}

/* A killed stream connect reaches its listener; connecting a datagram socket sends nothing, and the dead send nothing after it. */
static enum effect killed_connect(const struct engine *e, const struct event *ev)
{
	enum { PROTOCOL_TCP = 6 };
	if (ev->protocol)
		return ev->protocol == PROTOCOL_TCP ? EFFECT_HAPPENED : EFFECT_PREVENTED;
	if (!ev->address.family)
		return EFFECT_HAPPENED;   /* a unix socket */
	if (eval_never_tcp(e, ev->process.exec_id))
		return EFFECT_PREVENTED;
	return line_from_policy(ev) && !e->at.v[SITE_TCP_CONNECT].recorded ? EFFECT_UNKNOWN : EFFECT_HAPPENED;
}

static enum effect killed_effect(const struct engine *e, const struct event *ev, const struct hit *h)
{
	switch (h->site) {
	case SITE_FILE_PERMISSION:
		return reads(h) ? EFFECT_UNKNOWN : after_change(ev, h) ? EFFECT_HAPPENED : killed_write(e);
	case SITE_SYS_WRITE:
		return killed_write(e);
	case SITE_SOCKET_CONNECT:
	case SITE_SYS_CONNECT:
		return killed_connect(e, ev);
	case SITE_FILE_OPEN:
	case SITE_SYS_OPENAT:
		/* The open itself is of no use to the dead, but it creates and empties. */
		return opened(e, ev, ev->access & ACCESS_TRUNCATE);
	case SITE_SYS_EXECVE:
	case SITE_SYS_EXECVEAT:
	case SITE_CREDS_FOR_EXEC:
	case SITE_BPRM_CHECK:
	case SITE_CREDS_FROM_FILE:
	case SITE_COMMITTING_CREDS:
	case SITE_COMMITTED_CREDS:
	case SITE_SCHED_EXEC:
	case SITE_MMAP_FILE:
	case SITE_SYS_READ:
		return EFFECT_PREVENTED;
	case SITE_SYS_EXIT:
		return h->exec ? EFFECT_PREVENTED : EFFECT_HAPPENED;
	default:
		return EFFECT_HAPPENED;
	}
}

/* Access through /proc: mm_access() answers EACCES whatever the hook said. */
static bool by_fs_creds(const struct hit *h)
{
	enum { PTRACE_MODE_FSCREDS = 8, MODE_INDEX = 1 };
	for (uint32_t i = 0; i < h->n; i++)
		if (h->slots[i].kind == SLOT_NUMBER && h->slots[i].index == MODE_INDEX)
			return h->slots[i].low == h->slots[i].high && (h->slots[i].low & PTRACE_MODE_FSCREDS);
	return false;
}

void eval_effect(const struct engine *e, const struct event *ev, struct hit *h)
{
	h->if_killed = killed_effect(e, ev, h);
	/* A denied open with O_CREAT has already made the file; a denied write comes after all that the open did. */
	h->if_denied = h->site == SITE_FILE_OPEN ? opened(e, ev, false)
		       : h->site == SITE_FILE_PERMISSION && after_change(ev, h) ? EFFECT_HAPPENED : EFFECT_PREVENTED;
	if (h->site == SITE_PTRACE_ACCESS_CHECK && by_fs_creds(h))
		h->denied_as = -EACCES;
}
