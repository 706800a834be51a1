/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The first record of an observation is passed on at once with count 1; from then on the kernel counts, and each flush
 * passes on the difference. Memory is bounded by observations, not events.
 */
#include "recorder/session_private.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "schema/base/io.h"
#include "schema/event_json.h"

#define CACHE_KB      1024                 /* of the store: the rows of a commit and the way to them */
#define PATIENCE_MS   200                  /* for a lock, at one try: the ring must be drained */
#define LINES_MAX     (256 << 10)          /* bytes of lines kept back before they are written */
#define WORKLOADS_MAX 100000               /* told apart for the number that is shown */

uint64_t session_clock(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * NSEC_PER_SEC + (uint64_t)t.tv_nsec;
}

/* ---- opening ---- */

/* HOW: "we" the first time; "ae" after the file was moved away. */
static int open_events(struct session *s, const char *how, struct diag *d)
{
	const char *file = s->options.events;
	int fd = -1;
	if (!file)
		return 0;
	if (!strcmp(file, "-")) {
		fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
	} else {
		FILE *f = fopen(file, how);
		fd = f ? fcntl(fileno(f), F_DUPFD_CLOEXEC, 0) : -1;
		if (f)
			fclose(f);
	}
	if (fd < 0) {
		int r = -errno;
		diag_error(d, file, "cannot be written: %s", strerror(-r));
		return r;
	}
	cleanup_fd(&s->events_fd);
	s->events_fd = fd;
	return 0;
}

int session_open(const struct session_options *options, struct diag *d, struct session **ret)
{
	CLEANUP(session_free) struct session *s = xcalloc(1, sizeof(*s));
	s->options = *options;
	s->events_fd = -1;
	int r = store_open(options->db, STORE_WRITE, d, &s->store);
	if (r)
		return r;
	store_set_patience(s->store, PATIENCE_MS);
	store_set_cache(s->store, CACHE_KB);
	r = options->max_bytes ? store_set_limit(s->store, options->max_bytes) : 0;
	if (r)
		return diag_error(d, options->db, "the limit of its size cannot be set: %s", strerror(-r)), r;
	r = open_events(s, "we", d);
	if (r)
		return r;
	r = names_open(options->node_root, options->pods, d, &s->names);
	if (r)
		return r;
	s->ledger = ledger_new();
	s->losses = losses_new();
	s->family = family_new();
	s->workloads = map_new();
	gethostname(s->node, sizeof(s->node) - 1);
	s->translator = (struct translator){
		.ledger = s->ledger,
		.family = s->family,
		.node = str_from(s->node),
		.boot_to_wall_ns = session_clock(CLOCK_REALTIME) - session_clock(CLOCK_BOOTTIME),
	};
	*ret = TAKE(s);
	return 0;
}

void session_free(struct session *s)
{
	if (!s)
		return;
	observer_free(s->observer);
	store_close(s->store);
	ledger_free(s->ledger);
	losses_free(s->losses);
	family_free(s->family);
	names_free(s->names);
	map_free(s->workloads);
	translator_done(&s->translator);
	buf_done(&s->lines);
	cleanup_fd(&s->events_fd);
	free(s->running.v);
	free(s);
}

static void first_line(const char *file, struct buf *b)
{
	if (read_file(file, 4096, b) == 0)
		while (b->n && b->p[b->n - 1] == '\n')
			b->p[--b->n] = '\0';
}

int session_start(struct session *s, struct sensor *sensor, struct diag *d)
{
	struct utsname u;
	CLEANUP_BUF struct buf boot_id = BUF_INIT;
	s->sensor = sensor;
	uname(&u);
	first_line("/proc/sys/kernel/random/boot_id", &boot_id);
	struct recording r = {
		.source = STR("live"),
		.node = str_from(s->node),
		.kernel = str_from(u.release),
		.boot_id = buf_view(&boot_id),
		.hooks = str_from(sensor_hooks(sensor)),
		.misses = str_from(sensor_misses(sensor)),
		.start_ns = session_clock(CLOCK_REALTIME),
	};
	int err = store_begin(s->store);
	if (!err)
		err = store_recording_add(s->store, &r, &s->recording);
	if (!err)
		err = store_commit(s->store);
	if (err) {
		store_rollback(s->store);
		if (err != -EBUSY)
			diag_error(d, s->options.db, "%s", store_error(s->store));
		return err;
	}
	s->observer = observer_new(s->store, s->recording);
	return 0;
}

/* ---- lines of JSON ---- */

void session_write_lines(struct session *s)
{
	if (s->events_fd < 0 || !s->lines.n)
		return;
	int r = write_all(s->events_fd, s->lines.p, s->lines.n);
	if (r == -EPIPE && !strcmp(s->options.events, "-"))
		s->reader_gone = true;
	else if (r && !s->lines_failed)
		s->lines_failed = r;
	buf_clear(&s->lines);
}

static void add_line(struct session *s, const struct event *ev)
{
	event_json(ev, &s->lines);
	s->lines_written++;
	if (s->lines.n > LINES_MAX)
		session_write_lines(s);
}

/* ---- taking events in ---- */

static void observe(struct session *s, const struct event *ev)
{
	int r = observer_add(s->observer, ev);
	if (r && r != -EBUSY && !s->failed)
		s->failed = r;
	s->taken += ev->count;
	s->pending++;
}

void session_pass_on(struct session *s, const struct wire_header *h, uint64_t count, uint64_t time_ns)
{
	struct event ev;
	s->translator.processes = false;
	translate(&s->translator, h, &ev);
	ev.parent.exec_id = ev.parent.parent_exec_id = (struct str){NULL, 0};
	ev.count = count;
	if (time_ns)
		ev.time_ns = time_ns + s->translator.boot_to_wall_ns;
	observe(s, &ev);
}

static void line_of(struct session *s, const struct wire_header *h)
{
	struct event ev;
	if (s->events_fd < 0)
		return;
	s->translator.processes = true;
	translate(&s->translator, h, &ev);
	add_line(s, &ev);
	if (h->kind == WIRE_EXEC)
		family_set(s->family, &ev.process);
}

bool session_wants(struct session *s, const struct wire_header *h)
{
	struct group *g = ledger_find_group(s->ledger, h->cgroup);
	return g ? g->wanted : !s->options.workload;
}

static void take_group(struct session *s, const struct wire_header *h)
{
	struct group *g = ledger_group(s->ledger, h);
	struct pod pod;
	if (names_find(s->names, g->path, &pod))
		group_set_pod(g, &pod);
	struct process p = {.cgroup = g->path, .pod = g->pod};
	struct workload w;
	struct instance i;
	CLEANUP_BUF struct buf scratch = BUF_INIT;
	CLEANUP_BUF struct buf name = BUF_INIT;
	workload_of(&p, str_from(s->node), &scratch, &w, &i);
	g->wanted = !s->options.workload || workload_matches(s->options.workload, &w);
	if (s->options.workload && s->sensor)
		sensor_unwanted(s->sensor, h->cgroup, !g->wanted);
	if (!g->wanted)
		return;
	workload_print(&name, &w);
	if (map_size(s->workloads) < WORKLOADS_MAX)
		map_add(s->workloads, buf_view(&name), NULL);
}

static void take_first(struct session *s, const struct wire_header *h)
{
	if (!session_wants(s, h)) {
		if (h->kind == WIRE_EXEC)
			family_remove(s->family, h->pid);
		return;
	}
	bool new;
	struct entry *e = ledger_entry(s->ledger, h, &new);
	if (new) {
		e->counted = 1;
		e->fresh = true;
		session_pass_on(s, h, 1, 0);
	}
	line_of(s, h);
	if (h->kind == WIRE_EXEC && s->events_fd < 0)
		family_remove(s->family, h->pid);
}

/* The same once more: a line; and a count, when the kernel had no room to count. */
static void take_again(struct session *s, const struct wire_header *h)
{
	struct entry *e = ledger_find(s->ledger, h->key);
	if (!e || !session_wants(s, h))
		return;
	if (h->flags & WIRE_UNCOUNTED) {
		if (e->fresh) {
			e->fresh = false;
			e->counted = 0;
		} else {
			session_pass_on(s, ledger_record(s->ledger, e), 1, h->time_ns);
		}
		return;
	}
	if (s->events_fd < 0)
		return;
	const struct wire_header *first = ledger_record(s->ledger, e);
	CLEANUP_FREE struct wire_header *copy = xmalloc(first->length);
	memcpy(copy, first, first->length);
	copy->time_ns = h->time_ns;
	copy->pid = h->pid;
	copy->tid = h->tid;
	copy->uid = h->uid;
	line_of(s, copy);
}

static void take_fork(struct session *s, const struct wire_header *h)
{
	const struct wire_fork *f = (const struct wire_fork *)h;
	const struct process *parent = family_find(s->family, h->pid);
	if (s->events_fd < 0 || !parent)
		return;
	CLEANUP_BUF struct buf id = BUF_INIT;
	struct process child = *parent;
	child.pid = child.tid = f->child;
	child.start_ns = f->process_ns + s->translator.boot_to_wall_ns;
	child.parent_exec_id = parent->exec_id;
	child.flags = STR("clone");
	exec_id(&id, s->translator.node, child.start_ns, child.pid);
	child.exec_id = buf_view(&id);
	family_set(s->family, &child);
}

static void take_exit(struct session *s, const struct wire_header *h)
{
	if (session_wants(s, h))
		line_of(s, h);
	family_remove(s->family, h->pid);
}

static void take_image(struct session *s, const struct wire_header *h)
{
	ledger_image(s->ledger, h);
}

void session_record(void *arg, const struct wire_header *h)
{
	static void (*const takers[WIRE_KIND_COUNT])(struct session *, const struct wire_header *) = {
		[WIRE_IMAGE] = take_image, [WIRE_CGROUP] = take_group,	[WIRE_EXEC] = take_first,
		[WIRE_EXIT] = take_exit,   [WIRE_FORK] = take_fork,	[WIRE_FILE] = take_first,
		[WIRE_CONNECT] = take_first, [WIRE_AGAIN] = take_again,	[WIRE_UNIX] = take_first,
		[WIRE_GUARD] = take_first, [WIRE_BIND] = take_first,	[WIRE_BIND_UNIX] = take_first,
	};
	takers[h->kind](arg, h);
	if (session_full(arg))
		session_relieve(arg);
}

/* ---- what runs already ---- */

static void note_running(void *arg, const struct process *p, uint32_t parent, uint32_t tags)
{
	struct session *s = arg;
	const struct process *known = family_find(s->family, p->pid);
	if (known)
		return;
	CLEANUP_BUF struct buf id = BUF_INIT;
	struct process copy = *p;
	names_find(s->names, copy.cgroup, &copy.pod);
	copy.start_ns += s->translator.boot_to_wall_ns;
	exec_id(&id, s->translator.node, copy.start_ns, copy.pid);
	copy.exec_id = buf_view(&id);
	family_set(s->family, &copy);
	*VEC_PUSH(&s->running) = (struct running){p->pid, parent, tags, false};
}

static void tell_running(struct session *s, const struct running *r)
{
	const struct process *p = family_find(s->family, r->pid), *parent = family_find(s->family, r->parent);
	if (!p)
		return;
	struct process copy = *p;
	if (parent)
		copy.parent_exec_id = parent->exec_id;
	struct event ev = {
		.kind = KIND_EXEC,
		.count = 1,
		.time_ns = session_clock(CLOCK_REALTIME),
		.source = STR("live"),
		.node = s->translator.node,
		.tags = r->tags,
		.process = copy,
		.has_parent = parent != NULL,
	};
	if (parent)
		ev.parent = *parent;
	struct workload w;
	struct instance i;
	CLEANUP_BUF struct buf scratch = BUF_INIT;
	workload_of(&copy, s->translator.node, &scratch, &w, &i);
	if (s->options.workload && !workload_matches(s->options.workload, &w))
		return;
	if (s->events_fd >= 0)
		add_line(s, &ev);
	ev.process.exec_id = ev.process.parent_exec_id = (struct str){NULL, 0};
	ev.parent.exec_id = ev.parent.parent_exec_id = (struct str){NULL, 0};
	observe(s, &ev);
	family_set(s->family, &copy);
}

int session_inventory(struct session *s)
{
	int r = family_inventory(note_running, s);
	for (size_t i = 0; s->observer && i < s->running.n; i++)
		if (!s->running.v[i].told) {
			tell_running(s, &s->running.v[i]);
			s->running.v[i].told = true;
		}
	return r;
}

void session_reload(struct session *s, struct diag *d)
{
	session_write_lines(s);
	if (s->options.events && strcmp(s->options.events, "-"))
		open_events(s, "ae", d);
	names_reload(s->names, d);
}

bool session_reader_gone(const struct session *s)
{
	return s->reader_gone;
}

void session_stats(const struct session *s, struct session_stats *ret)
{
	*ret = (struct session_stats){
		.observations = ledger_entries(s->ledger),
		.workloads = map_size(s->workloads),
		.lines = s->lines_written,
		.totals = s->totals,
	};
	ret->events = session_events(s, &ret->totals);
	ret->unstored = ret->events - s->stored;
	for (size_t i = 0; i < WIRE_LOSS_COUNT; i++)
		ret->lost += ret->totals.losses[i];
	ret->lost += ret->totals.malformed;
}
