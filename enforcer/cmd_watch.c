/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stakeout enforce watch: what was refused, from the kernel's ring into lines and into the store. What nobody reads waits in
 * the ring, or is counted as lost there; so this may be started later, and run from a timer with --once.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "enforcer/cmd.h"
#include "enforcer/holes.h"
#include "enforcer/kept.h"
#include "enforcer/refused.h"
#include "enforcer/shortages.h"
#include "enforcer/table.h"
#include "schema/base/cli.h"
#include "schema/base/io.h"
#include "schema/observe.h"

#define TICK_NS  (20 * 1000000)
#define FLUSH_NS NSEC_PER_SEC
#define KEPT_MAX 4096   /* different refusals that wait for the store */

struct options {
	bool json, once;
	const char *bpffs, *db;
	uint64_t for_ns;
};

static const struct cli_option options[] = {
	{"db", 'd', CLI_STRING, offsetof(struct options, db), "FILE", "keep it in this store as well"},
	{"once", '1', CLI_FLAG, offsetof(struct options, once), NULL, "what is there now, then end"},
	{"for", 'f', CLI_DURATION, offsetof(struct options, for_ns), "DURATION", "end after this time (default: until Ctrl-C)"},
	{"bpffs", 0, CLI_STRING, offsetof(struct options, bpffs), "DIR", "the BPF file system (default " BPFFS_DEFAULT ")"},
	{"json", 'j', CLI_FLAG, offsetof(struct options, json), NULL, "one object a line"},
};

static const struct cli_verb verb = {
	"enforce watch", "what was refused, as it happens", "", 0, 0, options, ARRAY_SIZE(options),
	"One line for each refusal, and for each thing that audit mode would have refused. With --db they become a recording in\n"
	"the store, with rule and image ('stakeout show --refused'), and observations of the workload that the policy is for: undecided\n"
	"like all that was observed; what was refused carries the mark 'failed'. One watch at a time.",
};

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

struct watch {
	const struct options *o;
	struct machine *m;
	struct refused refused;
	struct store *store;
	struct observer *observer;
	struct kept *kept;
	struct buf origin, node, scratch;
	int64_t recording;
	uint64_t lost_before;   /* as the store knows it */
	uint64_t taken;
	size_t drained;         /* bytes, in this round */
	int failed;
};

/* ---- the store ---- */

static int store_failed(const struct watch *w, int r, struct diag *d)
{
	store_rollback(w->store);
	diag_error(d, w->o->db, "%s", store_error(w->store));
	return r;
}

static uint64_t lost_now(const struct watch *w)
{
	uint64_t counts[ENFORCE_LOSSES];
	shortages_read(w->m, counts);
	return counts[ENFORCE_LOSS_RECORD];
}

/* What could not be told is counted as long as the policies' maps live: by their origin the store knows how much of it it has. */
static int name_origin(struct watch *w, struct buf *boot_id)
{
	struct bpf_map_info info = {0};
	uint32_t n = sizeof(info);
	int r = read_file("/proc/sys/kernel/random/boot_id", 4096, boot_id);
	while (!r && boot_id->n && boot_id->p[boot_id->n - 1] == '\n')
		boot_id->n--;
	if (!r && bpf_obj_get_info_by_fd(w->m->maps[MACHINE_STATE], &info, &n))
		r = -errno;
	buf_printf(&w->origin, "enforcer " STR_FMT " map %u", STR_ARG(buf_view(boot_id)), info.id);
	return r;
}

static int begin_recording(struct watch *w)
{
	struct utsname u;
	CLEANUP_BUF struct buf boot_id = BUF_INIT;
	uname(&u);
	buf_puts(&w->node, u.nodename);
	int r = name_origin(w, &boot_id);
	struct recording rec = {
		.source = STR("enforcer"), .origin = buf_view(&w->origin), .node = buf_view(&w->node), .kernel = str_from(u.release),
		.boot_id = buf_view(&boot_id), .hooks = str_from(backend_name(w->m->backend)),
		.misses = STR("everything that the policies allowed"), .start_ns = wall_ns(),
	};
	if (!r)
		r = store_begin(w->store);
	if (!r)
		r = store_lost_by(w->store, buf_view(&w->origin), &w->lost_before);
	if (!r)
		r = store_recording_add(w->store, &rec, &w->recording);
	return r ? r : store_commit(w->store);
}

static int open_store(struct watch *w, struct diag *d)
{
	if (!w->o->db)
		return 0;
	int r = store_open(w->o->db, STORE_WRITE, d, &w->store);
	if (r)
		return r;
	r = begin_recording(w);
	if (r)
		return store_failed(w, r, d);
	w->observer = observer_new(w->store, w->recording);
	w->kept = kept_new();
	return 0;
}

/* END_NS 0: it goes on. */
static int flush(struct watch *w, uint64_t end_ns)
{
	uint64_t lost = lost_now(w);
	if (lost > w->lost_before)
		observer_lose(w->observer, "any", "ring full", lost - w->lost_before);
	w->lost_before = MAX(lost, w->lost_before);
	int r = store_begin(w->store);
	if (!r)
		r = observer_write(w->observer);
	if (!r)
		r = kept_write(w->kept, w->store, w->recording);
	if (!r)
		r = store_recording_update(w->store, w->recording, end_ns, w->taken);
	if (!r)
		r = store_commit(w->store);
	if (r)
		return r;
	observer_written(w->observer);
	kept_clear(w->kept);
	return 0;
}

/* ---- one refusal ---- */

/* Under the name that the policy goes by: it may have been told, where the cgroup alone is a guess. */
static int keep(struct watch *w, struct event *ev)
{
	struct workload derived, workload;
	struct instance instance;
	struct refusal row;
	buf_clear(&w->scratch);
	workload_of(&ev->process, buf_view(&w->node), &w->scratch, &derived, &instance);
	refused_workload(&w->refused, &workload);
	refused_row(&w->refused, ev, &row);
	kept_add(w->kept, &workload, &row);
	ev->workload = &workload;
	ev->instance = &instance;
	return observer_add(w->observer, ev);
}

static void take_one(struct watch *w, const void *data, size_t n)
{
	struct event ev;
	CLEANUP_BUF struct buf line = BUF_INIT;
	if (!refused_read(&w->refused, w->m, data, n, &ev))
		return;
	w->taken++;
	refused_print(&w->refused, &ev, w->o->json, &line);
	fwrite(line.p, 1, line.n, stdout);
	if (w->observer && !w->failed)
		w->failed = keep(w, &ev);
	if (w->observer && !w->failed && kept_rows(w->kept) > KEPT_MAX)
		w->failed = flush(w, 0);
}

/* A round is over when all was read that the ring can have held at its beginning: an endless flow ends none otherwise. */
static int take(void *arg, void *data, size_t n)
{
	struct watch *w = arg;
	take_one(w, data, n);
	w->drained += BPF_RINGBUF_HDR_SZ + n;
	return w->failed ? w->failed : w->drained >= ENFORCE_RING_BYTES ? -EAGAIN : 0;
}

/* ---- the loop ---- */

DEFINE_CLEANUP(struct ring_buffer *, ring_buffer__free)

static int drain(struct watch *w, struct diag *d)
{
	CLEANUP(ring_buffer__free) struct ring_buffer *ring = ring_buffer__new(w->m->maps[MACHINE_REFUSALS], take, w, NULL);
	uint64_t end_ns = w->o->for_ns ? boot_ns() + w->o->for_ns : UINT64_MAX, flushed = boot_ns();
	if (!ring) {
		diag_error(d, NULL, "cannot map the ring of refusals: %s", strerror(errno));
		return -EIO;
	}
	do {
		w->drained = 0;
		int n = ring_buffer__consume(ring);
		if (n < 0 && n != -EAGAIN && !w->failed)
			return n;
		fflush(stdout);
		if (w->observer && boot_ns() - flushed > FLUSH_NS) {
			w->failed = w->failed ? w->failed : flush(w, 0);
			flushed = boot_ns();
		}
		if (w->o->once || w->failed)
			break;
		if (n != -EAGAIN)
			nanosleep(&(struct timespec){.tv_nsec = TICK_NS}, NULL);
	} while (!stop && boot_ns() < end_ns);
	return w->failed ? store_failed(w, w->failed, d) : 0;
}

static int run(const struct options *o, struct diag *d)
{
	CLEANUP(machine_close) struct machine *m = NULL;
	int r = check_rights(d);
	if (!r)
		r = machine_find(o->bpffs, d, &m);
	if (r)
		return r;
	if (!m)
		return diag_error(d, NULL, "nothing is in force: apply an image first");
	machine_unlock(m);
	struct watch w = {.o = o, .m = m};
	refused_init(&w.refused);
	r = open_store(&w, d);
	if (!r)
		r = drain(&w, d);
	if (!r && w.store && (r = flush(&w, wall_ns())))
		store_failed(&w, r, d);
	holes_warn(m, d);
	shortages_warn(m, d);
	observer_free(w.observer);
	kept_free(w.kept);
	buf_done(&w.origin);
	buf_done(&w.node);
	buf_done(&w.scratch);
	store_close(w.store);
	refused_done(&w.refused);
	return r;
}

int cmd_watch(int argc, char **argv)
{
	struct options o = {.bpffs = BPFFS_DEFAULT};
	struct cli_args args;
	int status;
	if (!cli_parse(&verb, argc, argv, &o, &args, &status))
		return status;
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	return end(&d, run(&o, &d));
}
