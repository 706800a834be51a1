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
#include "enforcer/refused.h"
#include "enforcer/table.h"
#include "schema/base/cli.h"
#include "schema/observe.h"

#define TICK_NS  (20 * 1000000)
#define FLUSH_NS NSEC_PER_SEC

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
	"the store, undecided like all that was observed; what was refused carries the mark 'failed'. One watch at a time.",
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
	int64_t recording;
	uint64_t taken;
	int failed;
};

static int take(void *arg, void *data, size_t n)
{
	struct watch *w = arg;
	struct event ev;
	CLEANUP_BUF struct buf line = BUF_INIT;
	if (!refused_read(&w->refused, w->m, data, n, &ev))
		return 0;
	w->taken++;
	refused_print(&w->refused, &ev, w->o->json, &line);
	fwrite(line.p, 1, line.n, stdout);
	if (w->observer) {
		int r = observer_add(w->observer, &ev);
		w->failed = w->failed ? w->failed : r;
	}
	return 0;
}

/* ---- the store ---- */

static int store_failed(const struct watch *w, int r, struct diag *d)
{
	store_rollback(w->store);
	diag_error(d, w->o->db, "%s", store_error(w->store));
	return r;
}

static int open_store(struct watch *w, struct diag *d)
{
	struct utsname u;
	if (!w->o->db)
		return 0;
	int r = store_open(w->o->db, STORE_WRITE, d, &w->store);
	if (r)
		return r;
	uname(&u);
	struct recording rec = {
		.source = STR("enforcer"), .node = str_from(u.nodename), .kernel = str_from(u.release),
		.hooks = str_from(backend_name(w->m->backend)),
		.misses = STR("everything that the policies allowed"), .start_ns = wall_ns(),
	};
	r = store_begin(w->store);
	if (!r)
		r = store_recording_add(w->store, &rec, &w->recording);
	if (!r)
		r = store_commit(w->store);
	if (r)
		return store_failed(w, r, d);
	w->observer = observer_new(w->store, w->recording);
	return 0;
}

static uint64_t lost_now(const struct watch *w)
{
	struct enforce_state state;
	uint32_t zero = 0;
	return bpf_map_lookup_elem(w->m->maps[MACHINE_STATE], &zero, &state) ? 0 : state.losses[ENFORCE_LOSS_RECORD];
}

static int close_store(struct watch *w, uint64_t lost, struct diag *d)
{
	if (!w->store)
		return 0;
	if (lost)
		observer_lose(w->observer, "any", "ring full", lost);
	int r = observer_flush(w->observer);
	if (!r)
		r = store_begin(w->store);
	if (!r)
		r = store_recording_update(w->store, w->recording, wall_ns(), w->taken);
	if (!r)
		r = store_commit(w->store);
	return r ? store_failed(w, r, d) : 0;
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
		int n = ring_buffer__consume(ring);
		if (n < 0)
			return n;
		fflush(stdout);
		if (w->observer && boot_ns() - flushed > FLUSH_NS) {
			w->failed = w->failed ? w->failed : observer_flush(w->observer);
			flushed = boot_ns();
		}
		if (w->o->once || w->failed)
			break;
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
	uint64_t lost = lost_now(&w);
	refused_init(&w.refused);
	r = open_store(&w, d);
	if (!r)
		r = drain(&w, d);
	lost = lost_now(&w) - lost;
	if (!r)
		r = close_store(&w, lost, d);
	if (lost)
		diag_add(d, DIAG_WARNING, NULL, 0, 0, "%llu refusals were counted but not recorded: the ring was full",
			 (unsigned long long)lost);
	holes_warn(m, d);
	observer_free(w.observer);
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
