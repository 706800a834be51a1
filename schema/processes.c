/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The process model: a hash table of images by exec_id, a second chain by pid, a list from the most to the least
 * recently seen. Strings are counted references, so that a fork costs no copy.
 *
 * How an exec line finds its resolved path. The bprm hook lines come first and carry the caller's OLD
 * image; the exec line has a new exec_id and the same pid:
 *
 *	bprm_check_security   exec_id A  pid 7  parent P   arg /usr/bin/dash
 *	process_exec          exec_id B  pid 7  parent P   "clone": A was the fork of P that called
 *	process_exec          exec_id B  pid 7  parent A   no "clone": A is the image before B
 *	sched_process_exec    exec_id B  pid 7             arg /usr/bin/dash: also good, but later
 *
 * A pid alone never joins: the relation of the exec_ids must hold, so a reused pid joins nothing.
 */
#include "schema/processes.h"

#include "schema/base/map.h"
#include "schema/held.h"
#include "schema/pods.h"

#define NIL         UINT32_MAX
#define BUCKETS     (1u << 16)
#define TOLD        4096u

struct name {
	uint32_t refs, n;
	char p[];
};

struct node {
	struct name *id, *parent_id, *filename, *path;
	struct name *checked, *checked_first;   /* what the bprm hooks saw since the last exec */
	struct name *caller;                    /* path of the image before the exec */
	struct name *caller_id;                 /* the image that called, or that the caller was a fork of */
	struct held *held;                      /* NULL: the stream does not tell */
	uint64_t hash, left_at;                 /* left_at: event number of the exit */
	uint64_t same;                          /* process.same of who was told last */
	uint32_t pid;
	uint32_t id_next, pid_next;             /* chains; id_next also links free nodes */
	uint32_t newer, older;
	bool path_known, caller_known, exec_seen, fork_only, exited, path_late, exec_checked;
	bool inventory, caller_forked, script, early;
};

struct processes {
	struct node *v;
	uint32_t n, cap, free, count;
	uint32_t by_id[BUCKETS], by_pid[BUCKETS];
	uint32_t newest, oldest;
	uint64_t events, began_ns;               /* began_ns: time of the first line that tells one */
	size_t forgotten;
	uint32_t told[TOLD];                    /* by process.same: the node it was found at */
	struct {
		struct leaving {
			uint32_t node;
			uint64_t at;
		} *v;
		size_t n, cap, first;
	} leaving;
	struct pods *pods;
	struct {                                /* what a call will have changed when it is over */
		uint32_t node;
		const struct name *id;          /* NULL: nothing */
		const struct event *line;       /* the last event applied */
		struct held held;
	} pending;
	struct process_image found;
};

static struct name *name_of(struct str s)
{
	struct name *name = xmalloc(sizeof(*name) + s.n + 1);
	name->refs = 1;
	name->n = (uint32_t)s.n;
	if (s.n)
		memcpy(name->p, s.p, s.n);
	name->p[s.n] = '\0';
	return name;
}

static struct name *name_ref(struct name *name)
{
	if (name)
		name->refs++;
	return name;
}

static void name_drop(struct name **name)
{
	if (*name && --(*name)->refs == 0)
		free(*name);
	*name = NULL;
}

static void name_set(struct name **name, struct str s)
{
	if (*name && (*name)->n == s.n && !memcmp((*name)->p, s.p ? s.p : "", s.n))
		return;
	name_drop(name);
	*name = name_of(s);
}

static void name_share(struct name **to, struct name *from)
{
	name_ref(from);
	name_drop(to);
	*to = from;
}

static struct str name_str(const struct name *name)
{
	return name ? (struct str){name->p, name->n} : (struct str){NULL, 0};
}

struct processes *processes_new(void)
{
	struct processes *m = xcalloc(1, sizeof(*m));
	m->free = m->newest = m->oldest = NIL;
	memset(m->by_id, 0xff, sizeof(m->by_id));
	memset(m->by_pid, 0xff, sizeof(m->by_pid));
	memset(m->told, 0xff, sizeof(m->told));
	m->pods = pods_new();
	return m;
}

static void node_done(struct node *node)
{
	name_drop(&node->id);
	name_drop(&node->parent_id);
	name_drop(&node->filename);
	name_drop(&node->path);
	name_drop(&node->checked);
	name_drop(&node->checked_first);
	name_drop(&node->caller);
	name_drop(&node->caller_id);
	free(node->held);
}

void processes_free(struct processes *m)
{
	if (!m)
		return;
	for (uint32_t i = 0; i < m->n; i++)
		node_done(&m->v[i]);
	pods_free(m->pods);
	free(m->leaving.v);
	free(m->v);
	free(m);
}

/* ---- the table ---- */

static void unlink_recent(struct processes *m, uint32_t i)
{
	struct node *node = &m->v[i];
	*(node->newer == NIL ? &m->newest : &m->v[node->newer].older) = node->older;
	*(node->older == NIL ? &m->oldest : &m->v[node->older].newer) = node->newer;
}

static void link_newest(struct processes *m, uint32_t i)
{
	m->v[i].newer = NIL;
	m->v[i].older = m->newest;
	*(m->newest == NIL ? &m->oldest : &m->v[m->newest].newer) = i;
	m->newest = i;
}

static void unchain_pid(struct processes *m, uint32_t i)
{
	uint32_t *at = &m->by_pid[m->v[i].pid % BUCKETS];
	while (*at != NIL && *at != i)
		at = &m->v[*at].pid_next;
	if (*at == i)
		*at = m->v[i].pid_next;
}

static void drop_node(struct processes *m, uint32_t i)
{
	struct node *node = &m->v[i];
	uint32_t *at = &m->by_id[node->hash % BUCKETS];
	while (*at != i)
		at = &m->v[*at].id_next;
	*at = node->id_next;
	unchain_pid(m, i);
	unlink_recent(m, i);
	node_done(node);
	*node = (struct node){.id_next = m->free};
	m->free = i;
	m->count--;
}

static uint32_t find_id(const struct processes *m, struct str id, uint64_t hash)
{
	uint32_t i = m->by_id[hash % BUCKETS];
	while (i != NIL && !(m->v[i].hash == hash && str_eq(name_str(m->v[i].id), id)))
		i = m->v[i].id_next;
	return i;
}

static struct node *find_node(const struct processes *m, struct str id)
{
	if (!id.n)
		return NULL;
	uint32_t i = find_id(m, id, hash_bytes(id.p, id.n, 0));
	return i == NIL ? NULL : &m->v[i];
}

static uint32_t take_free(struct processes *m)
{
	if (m->count >= PROCESSES_MAX) {
		m->forgotten += !m->v[m->oldest].exited;
		drop_node(m, m->oldest);
	}
	if (m->free != NIL) {
		uint32_t i = m->free;
		m->free = m->v[i].id_next;
		return i;
	}
	if (m->n == m->cap) {
		m->cap = m->cap ? m->cap * 2 : 256;
		m->v = xreallocarray(m->v, m->cap, sizeof(*m->v));
	}
	return m->n++;
}

/* Where P was found when it came before with the same number; NIL: look for it. */
static uint32_t told_before(const struct processes *m, const struct process *p)
{
	uint32_t i = p->same ? m->told[p->same % TOLD] : NIL;
	return i != NIL && m->v[i].same == p->same ? i : NIL;
}

static void remember(struct processes *m, const struct process *p, uint32_t i)
{
	if (!p->same)
		return;
	m->v[i].same = p->same;
	m->told[p->same % TOLD] = i;
}

static const struct node *parent_node(const struct processes *m, const struct event *ev)
{
	uint32_t i = told_before(m, &ev->parent);
	return i != NIL ? &m->v[i]
			: find_node(m, ev->parent.exec_id.n ? ev->parent.exec_id : ev->process.parent_exec_id);
}

static void make_newest(struct processes *m, uint32_t i)
{
	if (m->newest == i)
		return;
	unlink_recent(m, i);
	link_newest(m, i);
}

/* The node of exec_id ID, made when new. */
static struct node *node_of(struct processes *m, const struct process *p, bool *ret_new)
{
	uint64_t hash = hash_bytes(p->exec_id.p, p->exec_id.n, 0);
	uint32_t i = find_id(m, p->exec_id, hash);
	*ret_new = i == NIL;
	if (i != NIL) {
		remember(m, p, i);
		return &m->v[i];
	}
	i = take_free(m);
	m->v[i] = (struct node){.hash = hash, .pid = p->pid, .early = p->start_ns && p->start_ns < m->began_ns};
	m->v[i].id = name_of(p->exec_id);
	m->v[i].parent_id = name_of(p->parent_exec_id);
	m->v[i].filename = name_of(p->filename);
	m->v[i].id_next = m->by_id[hash % BUCKETS];
	m->by_id[hash % BUCKETS] = i;
	m->v[i].pid_next = m->by_pid[p->pid % BUCKETS];
	m->by_pid[p->pid % BUCKETS] = i;
	link_newest(m, i);
	m->count++;
	remember(m, p, i);
	return &m->v[i];
}

/* Images that exited long ago make room; lines that come late still find them for a while. */
static void drop_left(struct processes *m)
{
	while (m->leaving.first < m->leaving.n &&
	       m->leaving.v[m->leaving.first].at + PROCESSES_LINGER < m->events) {
		struct leaving *l = &m->leaving.v[m->leaving.first++];
		if (m->v[l->node].id && m->v[l->node].exited && m->v[l->node].left_at == l->at)
			drop_node(m, l->node);
	}
	if (m->leaving.first * 2 > m->leaving.n && m->leaving.first > 4096) {
		m->leaving.n -= m->leaving.first;
		memmove(m->leaving.v, m->leaving.v + m->leaving.first,
			m->leaving.n * sizeof(*m->leaving.v));
		m->leaving.first = 0;
	}
}

/* ---- what lines tell ---- */

static bool has_word(struct str words, struct str word)
{
	for (size_t i = 0; i + word.n <= words.n; i++) {
		if (!str_starts(str_skip(words, i), word))
			continue;
		bool begins = i == 0 || words.p[i - 1] == ' ';
		bool ends = i + word.n == words.n || words.p[i + word.n] == ' ';
		if (begins && ends)
			return true;
	}
	return false;
}

static void set_path(struct node *node, struct str path)
{
	name_set(&node->path, path);
	node->path_known = true;
}

/* The image that called exec: the fork that became this one, or the image before it. */
static struct node *image_before(struct processes *m, const struct process *p, const struct node *self)
{
	if (!has_word(p->flags, STR("clone"))) {
		struct node *before = find_node(m, p->parent_exec_id);
		return before && before->pid == p->pid ? before : NULL;
	}
	for (uint32_t i = m->by_pid[p->pid % BUCKETS]; i != NIL; i = m->v[i].pid_next) {
		struct node *node = &m->v[i];
		if (node != self && node->pid == p->pid && !node->exited &&
		    str_eq(name_str(node->parent_id), p->parent_exec_id))
			return node;
	}
	return NULL;
}

static void learn_held(struct node *node, const struct process *p)
{
	struct held held;
	bool told = held_exec(&held, p);
	if (told && !node->held)
		node->held = xmalloc(sizeof(*node->held));
	if (told)
		*node->held = held;
}

/* A line's own process filters see what was held before the call; later lines what it left. */
static void learn_change(struct processes *m, struct node *node, const struct event *ev)
{
	if (!node->held || ev->section == HOOK_NONE)
		return;
	m->pending.held = *node->held;
	if (!held_line(&m->pending.held, ev))
		return;
	m->pending.node = (uint32_t)(node - m->v);
	m->pending.id = node->id;
	m->pending.line = ev;
}

static void settle_change(struct processes *m)
{
	if (m->pending.id && m->v[m->pending.node].id == m->pending.id)
		*m->v[m->pending.node].held = m->pending.held;
	m->pending.id = NULL;
}

/* A process older than the agent, whose own line may be missing: its name was read from /proc, resolved. */
static void learn_inventory(struct node *node, const struct process *p)
{
	if (!has_word(p->flags, STR("procFS")))
		return;
	set_path(node, p->filename);
	node->exec_seen = node->inventory = true;
}

static void learn_exec(struct processes *m, struct node *node, struct event *ev)
{
	const struct process *p = &ev->process;
	node->exec_seen = true;
	node->fork_only = false;
	node->script = ev->tags & TAG_SCRIPT;
	learn_held(node, p);
	learn_inventory(node, p);
	if (node->inventory)
		return;
	struct node *before = image_before(m, p, node);
	name_set(&node->caller_id, before ? name_str(before->id) : p->parent_exec_id);
	node->caller_forked = !before && has_word(p->flags, STR("clone"));
	struct node *caller = before ? before : find_node(m, p->parent_exec_id);
	if (caller && caller->path_known) {
		name_share(&node->caller, caller->path);
		node->caller_known = true;
	} else if (ev->has_parent && ev->parent.path_known) {
		name_set(&node->caller, ev->parent.path);
		node->caller_known = true;
	}
	if (!before || !before->checked)
		return;
	node->exec_checked = true;
	if (!node->path_known) {
		name_share(&node->path, before->checked);
		node->path_known = true;
	}
	if (!str_eq(name_str(before->checked_first), name_str(before->checked))) {
		ev->tags |= TAG_SCRIPT;
		ev->interpreter = name_str(node->path);
		ev->path_known = true;
		name_share(&node->checked_first, before->checked_first);
		ev->path = name_str(node->checked_first);
	}
	name_drop(&before->checked);
	name_drop(&before->checked_first);
}

/* A fork that has not exec'ed runs its parent's image: its first line is a hook or an exit. */
static void learn_fork(struct processes *m, struct node *node, const struct process *p)
{
	struct node *parent = find_node(m, p->parent_exec_id);
	if (!parent || parent->pid == p->pid || has_word(p->flags, STR("clone")) ||
	    !str_eq(name_str(parent->filename), p->filename))
		return;
	node->fork_only = true;
	if (parent->held) {
		node->held = xmalloc(sizeof(*node->held));
		held_fork(node->held, parent->held);
	}
	if (!parent->path_known)
		return;
	name_share(&node->path, parent->path);
	node->path_known = true;
}

static const struct arg *file_argument(const struct event *ev)
{
	for (uint32_t i = 0; i < ev->nargs; i++)
		if (ev->args[i].kind == ARG_BINPRM || ev->args[i].kind == ARG_FILE)
			return &ev->args[i];
	return NULL;
}

static void learn_hook(struct node *node, const struct event *ev)
{
	bool lsm = ev->section == HOOK_LSM;
	struct str hook = ev->hook;
	if (!lsm && str_starts(hook, STR("security_")))
		hook = str_skip(hook, sizeof("security_") - 1);
	if (str_starts(hook, STR("bprm_check")) || str_starts(hook, STR("bprm_creds_f"))) {
		const struct arg *file = file_argument(ev);
		if (!file)
			return;
		name_set(&node->checked, file->text);
		/* A new exec begins at bprm_creds_for_exec; a script's later steps only at bprm_check. */
		if (!node->checked_first || str_eq(hook, STR("bprm_creds_for_exec")))
			name_set(&node->checked_first, file->text);
	} else if (ev->section == HOOK_TRACEPOINT && str_eq(hook, STR("sched/sched_process_exec"))) {
		const struct arg *file = file_argument(ev);
		if (!file)
			return;
		node->path_late = node->exec_seen && !node->path_known;
		node->exec_seen = true;   /* by this line, should the other be missing */
		node->fork_only = false;
		set_path(node, file->text);
	}
}

static void learn_exit(struct processes *m, struct node *node)
{
	node->exited = true;
	node->left_at = m->events;
	struct leaving *l = VEC_PUSH(&m->leaving);
	*l = (struct leaving){.node = (uint32_t)(node - m->v), .at = m->events};
}

/* ---- the interface ---- */

/* A parent that no line was about yet: a silent fork, or older than the stream. */
static void learn_parent(struct processes *m, const struct event *ev)
{
	bool new;
	if (!ev->has_parent || !ev->parent.exec_id.n || !ev->parent.pid || find_node(m, ev->parent.exec_id))
		return;
	struct node *node = node_of(m, &ev->parent, &new);
	if (ev->parent.path_known)
		set_path(node, ev->parent.path);
	learn_inventory(node, &ev->parent);
	learn_fork(m, node, &ev->parent);
}

static void learn_pod(struct processes *m, const struct pod *pod)
{
	if (pods_learn(m->pods, pod))
		memset(m->told, 0xff, sizeof(m->told));   /* who is told next tells his pod anew */
}

/* A container whose pod another line told. */
static void fill_pod(const struct processes *m, struct process *p)
{
	const struct pod *pod = p->pod.namespace.n ? NULL : pods_find(m->pods, p->docker);
	if (!pod)
		return;
	p->pod = *pod;
	p->same = 0;
}

static void fill_path(struct process *p, const struct node *node)
{
	if (p->path_known || !node || !node->path_known)
		return;
	p->path = name_str(node->path);
	p->path_known = true;
}

static void tag_exec(struct event *ev)
{
	if (ev->kind != KIND_EXEC || !ev->process.path_known)
		return;
	if (!ev->process.path.n)
		ev->tags |= TAG_MEMFD;
	else if (str_ends(ev->process.path, STR(" (deleted)")))
		ev->tags |= TAG_DELETED;
}

void processes_apply(struct processes *m, struct event *ev)
{
	settle_change(m);
	m->events++;
	if (!m->began_ns)
		m->began_ns = ev->time_ns;
	drop_left(m);
	uint32_t told = told_before(m, &ev->process);
	if (ev->process.pod.namespace.n && told == NIL)
		learn_pod(m, &ev->process.pod);
	fill_pod(m, &ev->process);
	if (ev->has_parent)
		fill_pod(m, &ev->parent);
	learn_parent(m, ev);
	if (!ev->process.exec_id.n) {
		tag_exec(ev);
		return;
	}
	bool new = false;
	struct node *node = told == NIL ? node_of(m, &ev->process, &new) : &m->v[told];
	make_newest(m, (uint32_t)(node - m->v));
	node->path_late = false;
	if (ev->process.path_known)
		set_path(node, ev->process.path);
	if (ev->kind == KIND_EXEC) {
		learn_exec(m, node, ev);
	} else if (new) {
		learn_inventory(node, &ev->process);
		learn_fork(m, node, &ev->process);
	}
	if (ev->section != HOOK_NONE && ev->nargs)
		learn_hook(node, ev);
	learn_change(m, node, ev);
	if (ev->kind == KIND_EXIT)
		learn_exit(m, node);
	fill_path(&ev->process, node);
	if (ev->has_parent && !ev->parent.path_known)
		fill_path(&ev->parent, parent_node(m, ev));
	tag_exec(ev);
}

void processes_name_parent(const struct processes *m, struct event *ev)
{
	const struct node *node = ev->has_parent ? NULL : find_node(m, ev->process.parent_exec_id);
	if (!node)
		return;
	ev->has_parent = true;
	ev->parent.exec_id = name_str(node->id);
	ev->parent.filename = name_str(node->filename);
	fill_path(&ev->parent, node);
}

const struct process_image *processes_find(struct processes *m, struct str exec_id)
{
	const struct node *node = find_node(m, exec_id);
	if (!node)
		return NULL;
	m->found = (struct process_image){
		.exec_id = name_str(node->id), .path = name_str(node->path),
		.filename = name_str(node->filename), .path_known = node->path_known,
		.pid = node->pid, .fork_only = node->fork_only, .exited = node->exited,
		.path_late = node->path_late, .checked = node->exec_checked,
		.parent_id = name_str(node->parent_id), .exec_seen = node->exec_seen,
		.inventory = node->inventory, .script = node->script, .held = node->held, .early = node->early,
	};
	return &m->found;
}

bool processes_caller(struct processes *m, const struct event *exec, struct process_caller *ret)
{
	const struct node *node = find_node(m, exec->process.exec_id);
	*ret = (struct process_caller){0};
	if (!node)
		return false;
	ret->image = name_str(node->caller_id);
	ret->forked = node->caller_forked;
	ret->path = name_str(node->caller);
	ret->path_known = node->caller_known;
	return true;
}

void processes_refresh(struct processes *m, struct str exec_id, unsigned surely, unsigned perhaps)
{
	struct node *node = find_node(m, exec_id);
	if (!node || !node->held)
		return;
	held_refresh(node->held, surely);
	held_may_refresh(node->held, perhaps);
	/* A change that is pending comes after, and is one against the new record. */
	if (m->pending.id && m->pending.id == node->id && &m->v[m->pending.node] == node) {
		m->pending.held = *node->held;
		held_line(&m->pending.held, m->pending.line);
	}
}

size_t processes_count(const struct processes *m)
{
	return m->count;
}

size_t processes_forgotten(const struct processes *m)
{
	return m->forgotten;
}
