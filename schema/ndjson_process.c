/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A process object is 1.3 KB of which, between two lines of one process, at most the last members
 * (refcnt, tid) differ. The cache keeps, by exec_id, the text as it stood on the line and what it
 * meant; equal bytes mean the same, so no hash decides anything. What follows the part that is stable
 * is read again each time.
 *
 *	{"exec_id":"...", ... ,"parent_exec_id":"..."  ,"refcnt":3,"tid":7,"in_init_tree":true}
 *	 '---------------- compared ----------------'   '------------ read ------------'
 */
#include "schema/ndjson_process.h"

#include "schema/base/map.h"

#define SETS 2048u   /* of two entries each */

struct entry {
	char *text;        /* the object as it stood on the line */
	char *parsed;      /* a copy with unescaped strings, when it holds escapes; else NULL */
	size_t n, stable;  /* bytes of text; of those, the part that does not vary */
	struct str exec_id;  /* in text */
	uint64_t used;     /* the line that used it last */
	struct process process;
	uint32_t tags;
};

struct process_cache {
	uint64_t *numbers;
	struct entry entries[SETS * 2];
	uint64_t line;
	size_t bytes;
};

/* What the members of a process object are read into. */
struct reading {
	struct process p;      /* first: tables use offsets of struct process */
	bool setuid;           /* privileges raised by the file */
	bool unlinked;         /* the program's file has no name */
	struct process stable;  /* as read before the first member that varies */
	bool has_stable;
};

static bool read_container_id(struct json *j, void *base)
{
	struct process *p = base;
	struct str s;
	if (!json_string(j, &s))
		return false;
	const char *scheme = s.n ? memmem(s.p, s.n, "://", 3) : NULL;
	p->pod.container_id = scheme ? str_skip(s, (size_t)(scheme - s.p) + 3) : s;
	return true;
}

/* privileges_changed lists why; that it is there is what counts. */
static bool read_privileges(struct json *j, void *base)
{
	((struct reading *)base)->setuid = true;
	return json_skip(j);
}

static bool read_setuid(struct json *j, void *base)
{
	((struct reading *)base)->setuid = true;
	return json_skip(j);
}

/* An inode is only told of programs without a name: memfd, shared memory, deleted files. */
static bool read_inode(struct json *j, void *base)
{
	((struct reading *)base)->unlinked = true;
	return json_skip(j);
}

static void keep_stable(struct reading *r)
{
	if (!r->has_stable)
		r->stable = r->p;
	r->has_stable = true;
}

static bool read_refcnt(struct json *j, void *base)
{
	keep_stable(base);
	return json_skip(j);
}

static bool read_tid(struct json *j, void *base)
{
	struct reading *r = base;
	int64_t v;
	keep_stable(r);
	if (!json_integer(j, &v))
		return false;
	r->p.tid = (uint32_t)v;
	return true;
}

static const struct field image_rows[] = {
	FIELD("id", FIELD_STR, struct process, pod.image_id),
	FIELD("name", FIELD_STR, struct process, pod.image),
};
static const struct fields image_fields = FIELDS(image_rows);

static const struct field security_rows[] = {
	FIELD("privileged", FIELD_BOOL, struct process, pod.privileged),
};
static const struct fields security_fields = FIELDS(security_rows);

static const struct field container_rows[] = {
	FIELD_FN("id", read_container_id),
	FIELD("name", FIELD_STR, struct process, pod.container_name),
	FIELD_SUB("image", &image_fields),
	FIELD("start_time", FIELD_TIME, struct process, pod.container_start_ns),
	FIELD("pid", FIELD_U32, struct process, pod.container_pid),
	FIELD("maybe_exec_probe", FIELD_BOOL, struct process, pod.maybe_exec_probe),
	FIELD_SUB("security_context", &security_fields),
};
static const struct fields container_fields = FIELDS(container_rows);

static const struct field pod_rows[] = {
	FIELD("namespace", FIELD_STR, struct process, pod.namespace),
	FIELD("name", FIELD_STR, struct process, pod.name),
	FIELD("uid", FIELD_STR, struct process, pod.uid),
	FIELD_SUB("container", &container_fields),
	FIELD("pod_labels", FIELD_LABELS, struct process, pod.labels),
	FIELD("workload", FIELD_STR, struct process, pod.workload),
	FIELD("workload_kind", FIELD_STR, struct process, pod.workload_kind),
};
static const struct fields pod_fields = FIELDS(pod_rows);

static const struct field file_rows[] = {FIELD_FN("inode", read_inode)};
static const struct fields file_fields = FIELDS(file_rows);

static const struct field binary_rows[] = {
	FIELD_FN("setuid", read_setuid),
	FIELD_FN("setgid", read_setuid),
	FIELD_FN("privileges_changed", read_privileges),
	FIELD_SUB("file", &file_fields),
};
static const struct fields binary_fields = FIELDS(binary_rows);

static const struct field process_rows[] = {
	FIELD("exec_id", FIELD_STR, struct process, exec_id),
	FIELD("pid", FIELD_U32, struct process, pid),
	FIELD("uid", FIELD_U32, struct process, uid),
	FIELD("cwd", FIELD_STR, struct process, cwd),
	FIELD("binary", FIELD_STR, struct process, filename),
	FIELD("arguments", FIELD_STR, struct process, arguments),
	FIELD("flags", FIELD_STR, struct process, flags),
	FIELD("start_time", FIELD_TIME, struct process, start_ns),
	FIELD("auid", FIELD_U32, struct process, auid),
	FIELD_SUB("pod", &pod_fields),
	FIELD("docker", FIELD_STR, struct process, docker),
	FIELD("parent_exec_id", FIELD_STR, struct process, parent_exec_id),
	{.name = STR_INIT("refcnt"), .type = FIELD_CALL, .varies = true, .call = read_refcnt},
	FIELD("cap", FIELD_RAW, struct process, cap),
	FIELD("ns", FIELD_RAW, struct process, ns),
	{.name = STR_INIT("tid"), .type = FIELD_CALL, .varies = true, .call = read_tid},
	FIELD_SUB("binary_properties", &binary_fields),
	FIELD("in_init_tree", FIELD_TRISTATE, struct process, in_init_tree),
};
static const struct fields process_fields = FIELDS(process_rows);

static bool has_token(struct str text, struct str token)
{
	for (size_t i = 0; i + token.n <= text.n; i++) {
		const char *at = memmem(text.p + i, text.n - i, token.p, token.n);
		if (!at)
			return false;
		i = (size_t)(at - text.p);
		if ((i == 0 || text.p[i - 1] == ' ') &&
		    (i + token.n == text.n || text.p[i + token.n] == ' '))
			return true;
	}
	return false;
}

/*
 * A #! script is reported with its own path as the first argument, or as the second behind the
 * interpreter's option.
 */
static bool is_script(const struct process *p)
{
	struct str a = p->arguments;
	if (a.n && a.p[0] == '-') {
		const char *space = memchr(a.p, ' ', a.n);
		a = space ? str_skip(a, (size_t)(space - a.p) + 1) : (struct str){NULL, 0};
	}
	return p->filename.n && str_starts(a, p->filename) &&
	       (a.n == p->filename.n || a.p[p->filename.n] == ' ');
}

static uint32_t tree_tags(const struct process *p)
{
	uint32_t tags = p->pod.maybe_exec_probe ? TAG_PROBE : 0;
	if (p->in_init_tree == YES)
		tags |= TAG_INIT_TREE;
	/* a process of a hostPID pod has no container pid, and nothing then tells a session from the app */
	if (p->in_init_tree == NO && p->pod.namespace.n && p->pod.container_pid > 1)
		tags |= TAG_INTERACTIVE;
	if (p->pod.container_pid == 1)
		tags |= TAG_ENTRYPOINT;
	return tags;
}

static bool is_anonymous(struct str binary)
{
	return str_starts(binary, STR("memfd:")) || str_starts(binary, STR("/memfd:")) ||
	       str_starts(binary, STR("/dev/fd/")) || str_starts(binary, STR("/proc/self/fd/"));
}

static uint32_t file_tags(const struct reading *r)
{
	uint32_t tags = r->setuid ? TAG_SETUID : 0;
	if (r->unlinked)
		tags |= is_anonymous(r->p.filename) ? TAG_MEMFD : TAG_DELETED;
	return tags;
}

/* What the members together mean: paths that are known to be the kernel's, and tags. */
static uint32_t interpret(struct reading *r)
{
	static const struct str deleted = STR_INIT(" (deleted)");
	struct process *p = &r->p;
	uint32_t tags = tree_tags(p);
	tags |= file_tags(r);
	if (is_script(p))
		tags |= TAG_SCRIPT;
	if (str_eq(p->filename, STR("<enomem>"))) {
		p->filename = (struct str){NULL, 0};
		tags |= TAG_PATH_CUT;
	}
	if (has_token(p->flags, STR("errorFilename")))
		tags |= TAG_PATH_CUT;
	if (has_token(p->flags, STR("procFS"))) {
		tags |= TAG_INVENTORY;
		p->path = p->filename;   /* read from /proc/PID/exe */
		if (str_ends(p->path, deleted)) {
			p->path.n -= deleted.n;
			tags |= TAG_DELETED;
		}
		p->path_known = p->path.n && p->path.p[0] == '/';
		if (!p->path_known)
			p->path = (struct str){NULL, 0};
	}
	return tags;
}

struct process_cache *process_cache_new(uint64_t *numbers)
{
	struct process_cache *c = xcalloc(1, sizeof(*c));
	c->numbers = numbers;
	return c;
}

static void drop(struct process_cache *c, struct entry *e)
{
	c->bytes -= e->n * (e->parsed ? 2 : 1);
	free(e->text);
	free(e->parsed);
	*e = (struct entry){0};
}

void process_cache_free(struct process_cache *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(c->entries); i++)
		drop(c, &c->entries[i]);
	free(c);
}

void process_cache_line(struct process_cache *c)
{
	c->line++;
	if (c->bytes <= PROCESS_CACHE_MAX)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(c->entries); i++)
		if (c->entries[i].used < c->line)
			drop(c, &c->entries[i]);
}

/* The exec_id with which the object at J begins, or an empty string: then it is not for the cache. */
static struct str leading_exec_id(struct json *j)
{
	static const struct str key = STR_INIT("{\"exec_id\":\"");
	if ((size_t)(j->end - j->p) < key.n || memcmp(j->p, key.p, key.n))
		return (struct str){NULL, 0};
	const char *start = j->p + key.n;
	const char *stop = j->scan->string_end(start);
	return *stop == '"' ? (struct str){start, (size_t)(stop - start)} : (struct str){NULL, 0};
}

/* The entry of EXEC_ID, or the one to put it in; NULL when both places are in use by this line. */
static struct entry *entry_of(struct process_cache *c, struct str exec_id, bool *ret_found)
{
	struct entry *set = &c->entries[(hash_bytes(exec_id.p, exec_id.n, 0) & (SETS - 1)) * 2];
	*ret_found = true;
	for (int i = 0; i < 2; i++)
		if (str_eq(set[i].exec_id, exec_id))
			return &set[i];
	*ret_found = false;
	struct entry *older = set[0].used <= set[1].used ? &set[0] : &set[1];
	return older->text && older->used == c->line ? NULL : older;
}

static char *padded_copy(const char *p, size_t n)
{
	char *copy = xmalloc(n + 1 + SCAN_PAD);
	memcpy(copy, p, n);
	memset(copy + n, '\n', 1 + SCAN_PAD);
	return copy;
}

/* Is all that a number stands for still what it was? (A difference in padding only costs time.) */
static bool unchanged(const struct process *p, const struct process *kept)
{
	return p->exec_id.p == kept->exec_id.p && p->parent_exec_id.p == kept->parent_exec_id.p &&
	       p->pid == kept->pid && p->filename.p == kept->filename.p &&
	       p->arguments.p == kept->arguments.p && p->flags.p == kept->flags.p &&
	       p->docker.p == kept->docker.p && !memcmp(&p->pod, &kept->pod, sizeof(p->pod));
}

/* Copies the object of N bytes at P into E and reads it there. */
static bool fill(struct process_cache *c, struct entry *e, struct json *j, const char *p, size_t n,
		 struct process *ret)
{
	drop(c, e);
	e->text = padded_copy(p, n);
	e->n = n;
	if (memchr(p, '\\', n))
		e->parsed = padded_copy(p, n);
	c->bytes += n * (e->parsed ? 2 : 1);
	char *text = e->parsed ? e->parsed : e->text;
	struct json inner = {.p = text, .end = text + n, .scan = j->scan};
	struct reading r = {0};
	if (!json_object(&inner, &process_fields, &r)) {
		drop(c, e);
		return json_fail(j, inner.bad);
	}
	e->tags = interpret(&r);
	e->process = r.has_stable ? r.stable : r.p;
	e->process.path = r.p.path;
	e->process.path_known = r.p.path_known;
	e->process.filename = r.p.filename;
	e->process.same = c->numbers ? ++*c->numbers : 0;
	e->stable = inner.varies ? (size_t)(inner.varies - text) : n;
	static const size_t key = sizeof("{\"exec_id\":\"") - 1;
	const char *id = e->text + key;
	e->exec_id = (struct str){id, (size_t)(j->scan->string_end(id) - id)};
	*ret = r.p;
	if (unchanged(ret, &e->process))
		ret->same = e->process.same;
	return true;
}

/* Reads the object in the line itself: no exec_id in front, or not for the cache. */
static bool read_plain(struct json *j, struct process *ret, uint32_t *ret_tags)
{
	struct reading r = {0};
	if (!json_object(j, &process_fields, &r))
		return false;
	*ret_tags = interpret(&r);
	*ret = r.p;
	return true;
}

/* The members behind the part that was compared. Of what interpret() looks at, they hold the tree and the file. */
static bool read_rest(struct json *j, struct process *ret, uint32_t *tags)
{
	struct reading r = {.p = *ret};
	if (!json_members(j, &process_fields, &r))
		return false;
	*tags = (*tags & ~(uint32_t)(TAG_INIT_TREE | TAG_INTERACTIVE)) |
		tree_tags(&r.p) | file_tags(&r);
	if (!unchanged(&r.p, ret))
		r.p.same = 0;
	*ret = r.p;
	return true;
}

bool process_read(struct process_cache *c, struct json *j, struct process *ret, uint32_t *ret_tags)
{
	struct str exec_id = j->own_bytes ? (struct str){NULL, 0} : leading_exec_id(j);
	if (exec_id.n == 0)
		return read_plain(j, ret, ret_tags);
	bool found;
	struct entry *e = entry_of(c, exec_id, &found);
	if (found && e->stable <= (size_t)(j->end - j->p) && !memcmp(e->text, j->p, e->stable)) {
		e->used = c->line;
		*ret = e->process;
		*ret_tags = e->tags;
		j->p += e->stable;
		return e->stable == e->n || read_rest(j, ret, ret_tags);
	}
	char *start = j->p;
	if (!json_skip(j))
		return false;
	size_t n = (size_t)(j->p - start);
	if (!e || n > PROCESS_TEXT_MAX || (found && e->used == c->line)) {
		j->p = start;
		return read_plain(j, ret, ret_tags);
	}
	if (!fill(c, e, j, start, n, ret)) {
		j->p = start;
		return false;
	}
	e->used = c->line;
	*ret_tags = e->tags;
	return true;
}
