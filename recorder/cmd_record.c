/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stakeout record: the verb. Opens sensor and session, runs the loop
 *
 *	drain the ring every 10 ms; commit every second; show progress; look at everything anew every 10 minutes
 *
 * and ends with a summary. Only this file prints.
 */
#include "recorder/cmd_record.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "recorder/privileges.h"
#include "recorder/session.h"
#include "schema/base/cli.h"

#define TICK_MS        10
#define FLUSH_NS       NSEC_PER_SEC
#define SHOW_TTY_NS    NSEC_PER_SEC
#define SHOW_JSON_NS   (10 * NSEC_PER_SEC)
#define ROTATE_NS      (600 * NSEC_PER_SEC)   /* ancestors may have been renamed */
#define MMAP_FROM      (128 << 10)            /* bytes; glibc would raise it, and keep what is freed */
#define FLUSH_SHARE    20                     /* flushes take at most a 20th of the time */
#define LOCK_WAIT_NS   (30 * NSEC_PER_SEC)    /* for another writer, before the recording has begun */
#define PRIORITY       (-10)
#define DEBUG_VARIABLE "STAKEOUT_RECORD_DEBUG"

struct options {
	const char *db, *workload, *events, *hooks, *pods, *node_root, *max_size;
	struct cli_list kinds, paths;
	uint64_t duration_ns;
	bool json;
};

static const struct cli_option options[] = {
	{"db", 'd', CLI_STRING, offsetof(struct options, db), "FILE", "the store (default " STORE_DEFAULT ")"},
	{"for", 'f', CLI_DURATION, offsetof(struct options, duration_ns), "DURATION",
	 "end after this time: 90s, 20m, 2h (default: until Ctrl-C)"},
	{"workload", 'w', CLI_STRING, offsetof(struct options, workload), "PATTERN",
	 "only workloads that match, such as shop/* or nginx.service"},
	{"pods", 0, CLI_STRING, offsetof(struct options, pods), "FILE",
	 "names of pods: what kubectl get pods -A -o json prints"},
	{"node-root", 0, CLI_STRING, offsetof(struct options, node_root), "DIR",
	 "where the node's own files are, for names: /host in a container (default /)"},
	{"max-db-size", 0, CLI_STRING, offsetof(struct options, max_size), "SIZE",
	 "end, with a word, before the store grows beyond: 500M, 2G"},
	{"kind", 'k', CLI_LIST, offsetof(struct options, kinds), "KIND",
	 "only exec, file, connect, bind or guard; may be given several times"},
	{"path", 'p', CLI_LIST, offsetof(struct options, paths), "PATH",
	 "only files below PATH/, or the file PATH; may be given several times"},
	{"hooks", 0, CLI_STRING, offsetof(struct options, hooks), "WORD",
	 "what to read files and guards from: lsm, fentry, tracepoint, or auto, the best there is (default)"},
	{"events", 'e', CLI_STRING, offsetof(struct options, events), "FILE",
	 "write every event as a line of JSON too (- = standard output)"},
	{"json", 'j', CLI_FLAG, offsetof(struct options, json), NULL,
	 "progress and summary as JSON, one object a line"},
};
static const struct cli_verb verb = {
	"record", "record this machine live into the store", "", 0, 0, options, ARRAY_SIZE(options),
	"Records program starts, changes and opens of files, connects, binds and guarded acts of every cgroup. Needs root, or CAP_BPF, CAP_PERFMON and\n"
	"CAP_NET_ADMIN. What the hooks of this kernel cannot see is kept with the recording and shown at its end.",
};

static volatile sig_atomic_t stop, reload, tell;

/* A terminal that is gone ends the recording; a service is told to read its files again. */
static void on_signal(int sig)
{
	if (sig == SIGUSR1)
		tell = 1;
	else if (sig == SIGHUP && !isatty(STDERR_FILENO))
		reload = 1;
	else
		stop = 1;
}

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NSEC_PER_SEC + (uint64_t)t.tv_nsec;
}

/* ---- ways that a machine rarely takes, asked for by DEBUG_VARIABLE: "seen=64,rotate=1s" ---- */

struct debug {
	struct sensor_options sensor;
	uint64_t rotate_ns;
};

static bool debug_word(const char *word, struct debug *g)
{
	uint64_t n;
	if (!strcmp(word, "connect=tracepoint"))
		g->sensor.hooks.no_cgroup_hooks = true;
	else if (!strcmp(word, "programs=empty"))
		g->sensor.hooks.empty = true;
	else if (!strcmp(word, "reads=helper"))
		g->sensor.no_cast = true;
	else if (!strncmp(word, "rotate=", 7))
		return !cli_duration(word + 7, &g->rotate_ns);
	else if (!strncmp(word, "ring=", 5) && !str_to_u64(str_from(word + 5), &n) && n >= SENSOR_RING_MIN &&
		 n <= SENSOR_RING_MAX && !(n & (n - 1)))
		g->sensor.ring_bytes = (uint32_t)n;
	else if (!strncmp(word, "seen=", 5) && !str_to_u64(str_from(word + 5), &n) && n >= SENSOR_SEEN_MIN &&
		 n <= WIRE_SEEN_MAX && !(n & (n - 1)))
		g->sensor.seen_max = (uint32_t)n;
	else if (!strncmp(word, "tasks=", 6) && !str_to_u64(str_from(word + 6), &n) && n >= SENSOR_TASKS_MIN && n <= WIRE_TASKS_MAX)
		g->sensor.tasks_max = (uint32_t)n;
	else
		return false;
	return true;
}

static int read_debug(struct debug *g, struct diag *d)
{
	const char *set = getenv(DEBUG_VARIABLE);
	CLEANUP_FREE char *copy = set ? xstrdup(set) : NULL;
	char *save = NULL;
	for (char *word = copy ? strtok_r(copy, ",", &save) : NULL; word; word = strtok_r(NULL, ",", &save)) {
		if (debug_word(word, g))
			continue;
		diag_error(d, DEBUG_VARIABLE, "'%s' is not one of connect=tracepoint, programs=empty, reads=helper, "
			   "ring=BYTES, rotate=DURATION, seen=N, tasks=M; BYTES a power of two from %d to %d, N one from %d to %d, M from %d to %d",
			   word, SENSOR_RING_MIN, SENSOR_RING_MAX, SENSOR_SEEN_MIN, WIRE_SEEN_MAX, SENSOR_TASKS_MIN, WIRE_TASKS_MAX);
		return -EINVAL;
	}
	return 0;
}

/* ---- what is shown ---- */

static void print_progress(const struct session_stats *st, double seconds, bool tty)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	if (tty) {
		buf_printf(&b, "\r\033[K%5.0fs  events ", seconds);
		buf_count(&b, st->events);
		buf_puts(&b, "  observations ");
		buf_count(&b, st->observations);
		buf_puts(&b, "  workloads ");
		buf_count(&b, st->workloads);
		buf_puts(&b, "  lost ");
		buf_count(&b, st->lost);
	} else {
		buf_puts(&b, "{\"time\":\"");
		struct timespec t;
		clock_gettime(CLOCK_REALTIME, &t);
		buf_time(&b, (uint64_t)t.tv_sec * NSEC_PER_SEC + (uint64_t)t.tv_nsec);
		buf_printf(&b, "\",\"seconds\":%.1f,\"events\":%llu,\"observations\":%llu,\"workloads\":%llu,\"lost\":%llu}\n",
			   seconds, (unsigned long long)st->events, (unsigned long long)st->observations,
			   (unsigned long long)st->workloads, (unsigned long long)st->lost);
	}
	fwrite(b.p, 1, b.n, stderr);
	fflush(stderr);
}

static const struct {
	const char *kind, *reason;
} loss_names[] = {
#define LOSS(symbol, kind, reason) {kind, reason},
#include "schema/losses.def"
#undef LOSS
};

static void summary_json(const struct session_stats *st, double seconds, struct sensor *sensor, struct buf *b)
{
	buf_printf(b, "{\"format\":1,\"summary\":{\"seconds\":%.1f,\"events\":%llu,\"observations\":%llu,"
		   "\"workloads\":%llu,\"lost\":%llu,\"unstored\":%llu,\"lines\":%llu,\"hooks\":",
		   seconds, (unsigned long long)st->events, (unsigned long long)st->observations,
		   (unsigned long long)st->workloads, (unsigned long long)st->lost,
		   (unsigned long long)st->unstored, (unsigned long long)st->lines);
	buf_json(b, str_from(sensor_hooks(sensor)));
	buf_puts(b, ",\"misses\":");
	buf_json(b, str_from(sensor_misses(sensor)));
	buf_puts(b, ",\"losses\":[");
	bool first = true;
	for (size_t i = 0; i < WIRE_LOSS_COUNT; i++) {
		if (!st->totals.losses[i])
			continue;
		buf_printf(b, "%s{\"kind\":\"%s\",\"reason\":\"%s\",\"count\":%llu}", first ? "" : ",",
			   loss_names[i].kind, loss_names[i].reason, (unsigned long long)st->totals.losses[i]);
		first = false;
	}
	buf_puts(b, "]}}\n");
}

static void summary_text(const struct session_stats *st, double seconds, struct sensor *sensor,
			 const struct options *o, struct buf *b)
{
	buf_printf(b, "Recorded %.1f s into %s\n  events        ", seconds, o->db);
	buf_count(b, st->events);
	if (st->unstored) {
		buf_puts(b, ", of which not stored: ");
		buf_count(b, st->unstored);
	}
	buf_puts(b, "\n  observations  ");
	buf_count(b, st->observations);
	buf_puts(b, "\n  workloads     ");
	buf_count(b, st->workloads);
	if (o->workload && !st->workloads)
		buf_printf(b, " (none that matches '%s' did anything)", o->workload);
	buf_puts(b, "\n  lost          ");
	buf_count(b, st->lost);
	buf_putc(b, '\n');
	for (size_t i = 0; i < WIRE_LOSS_COUNT; i++) {
		if (!st->totals.losses[i])
			continue;
		buf_printf(b, "    %s: ", loss_names[i].kind);
		buf_count(b, st->totals.losses[i]);
		buf_printf(b, ", %s\n", loss_names[i].reason);
	}
	if (st->totals.malformed)
		buf_printf(b, "    any: %llu, record of the kernel side could not be read\n",
			   (unsigned long long)st->totals.malformed);
	buf_printf(b, "  hooks         %s\n  not seen      %s\n", sensor_hooks(sensor), sensor_misses(sensor));
}

static void print_summary(const struct options *o, const struct session_stats *st, double seconds,
			  struct sensor *sensor)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	bool lines_on_stdout = o->events && !strcmp(o->events, "-");
	if (o->json)
		summary_json(st, seconds, sensor, &b);
	else
		summary_text(st, seconds, sensor, o, &b);
	fwrite(b.p, 1, b.n, lines_on_stdout ? stderr : stdout);
}

/* ---- the loop ---- */

struct run {
	const struct options *o;
	struct sensor *sensor;
	struct session *session;
	struct diag *d;
	uint64_t start, next_flush, next_show, next_rotate, rotate_ns;
	bool tty;
};

static double seconds_of(const struct run *r)
{
	return (double)(now_ns() - r->start) / 1e9;
}

static void show(struct run *r, uint64_t now)
{
	struct session_stats st;
	if (now < r->next_show && !tell)
		return;
	session_stats(r->session, &st);
	if (tell && r->tty)
		fputc('\n', stderr);
	tell = 0;
	print_progress(&st, seconds_of(r), r->tty);
	r->next_show = now + (r->tty ? SHOW_TTY_NS : SHOW_JSON_NS);
}

/* What cannot be read again stays as it was; that is said, and recording goes on. */
static void reload_files(struct run *r)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	reload = 0;
	session_reload(r->session, &d);
	diag_print(&d);
}

static int tick(struct run *r)
{
	int err = sensor_drain(r->sensor, TICK_MS, session_record, r->session);
	if (err) {
		diag_error(r->d, NULL, "cannot read the ring buffer: %s", strerror(-err));
		return err;
	}
	uint64_t now = now_ns();
	if (now >= r->next_rotate) {
		err = session_rotate(r->session, r->d);
		r->next_rotate = now + r->rotate_ns;
	} else if (now >= r->next_flush || session_full(r->session) || session_crowded(r->session)) {
		err = session_flush(r->session, r->d);
		uint64_t took = now_ns() - now;
		r->next_flush = now + MAX(FLUSH_NS, FLUSH_SHARE * took);
	}
	show(r, now);
	if (reload && !err)
		reload_files(r);
	return err;
}

static int run(struct run *r)
{
	int err = 0;
	uint64_t end = r->o->duration_ns ? r->start + r->o->duration_ns : UINT64_MAX;
	while (!stop && !err && now_ns() < end && !session_reader_gone(r->session))
		err = tick(r);
	if (!err)
		err = session_end(r->session, r->d);
	if (r->tty)
		fputs("\r\033[K", stderr);
	struct session_stats st;
	session_stats(r->session, &st);
	print_summary(r->o, &st, seconds_of(r), r->sensor);
	return err;
}

static void catch_signals(void)
{
	struct sigaction sa = {.sa_handler = on_signal};
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	sigaction(SIGUSR1, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

/* Another writer may hold the store: the ring fills meanwhile, and what it cannot take is seen again later. */
static int start_session(struct session *session, struct sensor *sensor, struct diag *d)
{
	uint64_t until = now_ns() + LOCK_WAIT_NS;
	for (;;) {
		int err = session_start(session, sensor, d);
		if (err != -EBUSY)
			return err;
		if (stop || now_ns() > until) {
			diag_error(d, NULL, "another program holds the store locked; nothing was recorded");
			return err;
		}
	}
}

/* "500M"; 0 for NULL. */
static int read_size(const char *text, uint64_t *ret, struct diag *d)
{
	static const char units[] = "KMG";
	const char *end = text ? text + strspn(text, "0123456789") : NULL;
	const char *unit = end && *end ? strchr(units, *end) : NULL;
	uint64_t n = 0;
	*ret = 0;
	if (!text)
		return 0;
	bool good = !*end || (unit && !end[1]);
	if (!good || str_to_u64((struct str){text, (size_t)(end - text)}, &n) || n == 0 || n > UINT64_MAX >> 40)
		return diag_error(d, "--max-db-size", "'%s' is no size: write 500M or 2G", text);
	*ret = n << (unit ? 10 * (unit - units + 1) : 0);
	return 0;
}

/* --kind, --path, --hooks. */
static int read_filters(const struct options *o, struct sensor_options *ret, struct diag *d)
{
	static const enum kind kinds[] = {KIND_EXEC, KIND_FILE, KIND_CONNECT, KIND_BIND, KIND_GUARD};
	for (size_t i = 0; i < o->kinds.n; i++) {
		uint32_t bit = 0;
		for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
			bit |= !strcmp(kind_name(kinds[k]), o->kinds.v[i]) ? 1u << kinds[k] : 0;
		if (!bit)
			return diag_error(d, "--kind", "'%s' is none of exec, file, connect, bind, guard", o->kinds.v[i]);
		ret->hooks.kinds |= bit;
	}
	for (size_t i = 0; i < o->paths.n; i++)
		if (o->paths.v[i][0] != '/' || strlen(o->paths.v[i]) >= WIRE_PREFIX_MAX)
			return diag_error(d, "--path", "'%s': an absolute path of at most %d bytes is needed", o->paths.v[i],
					  WIRE_PREFIX_MAX - 1);
	if (o->paths.n > WIRE_PREFIXES_MAX)
		return diag_error(d, "--path", "at most %d can be given: name a folder that holds them", WIRE_PREFIXES_MAX);
	ret->prefixes = o->paths.v;
	ret->nprefixes = o->paths.n;
	ret->hooks.paths = o->paths.n > 0;
	if (o->hooks && hooks_word(o->hooks, &ret->hooks.wanted))
		return diag_error(d, "--hooks", "'%s' is none of auto, lsm, fentry, tracepoint", o->hooks);
	return 0;
}

/*
 * A burst of what is new fills the ring within tenths of a second, and on a busy machine others' turns take as long. What the recorder
 * takes in all is little. Left as it is where somebody chose one; where it may not be raised it stays, and losses are told.
 */
static void raise_priority(void)
{
	errno = 0;
	if (getpriority(PRIO_PROCESS, 0) == 0 && !errno)
		(void)setpriority(PRIO_PROCESS, 0, PRIORITY);
}

/* Everything up to the first event. The order: a process is in the inventory, or its fork is seen, or both. */
static int start(const struct options *o, const struct debug *g, struct diag *d,
		 struct sensor **ret_sensor, struct session **ret_session, int *ret_status)
{
	struct session_options so = {.db = o->db, .workload = o->workload, .events = o->events, .pods = o->pods, .node_root = o->node_root};
	struct sensor_options sensor = g->sensor;
	sensor.every_event = o->events != NULL;
	sensor.by_cgroup = o->workload != NULL;
	*ret_status = EXIT_INPUT;
	int err = read_filters(o, &sensor, d);
	if (!err)
		err = read_size(o->max_size, &so.max_bytes, d);
	if (err)
		return err;
	*ret_status = EXIT_MACHINE;
	err = sensor_open(&sensor, d, ret_sensor);
	if (err)
		return err;
	err = session_open(&so, d, ret_session);
	if (err) {
		*ret_status = exit_status(err); /* a file that was named */
		return err;
	}
	err = session_inventory(*ret_session);
	if (!err)
		err = sensor_attach(*ret_sensor, d);
	if (!err)
		err = start_session(*ret_session, *ret_sensor, d);
	if (!err)
		err = session_inventory(*ret_session);
	if (err)
		return err;
	raise_priority();
	err = privileges_drop();
	if (err)
		diag_error(d, NULL, "cannot give up privileges: %s", strerror(-err));
	malloc_trim(0);
	return err;
}

int cmd_record(int argc, char **argv)
{
	struct options o = {.db = STORE_DEFAULT};
	struct cli_args args;
	int status;
	if (!cli_parse(&verb, argc, argv, &o, &args, &status))
		return status;
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP(sensor_close) struct sensor *sensor = NULL;
	CLEANUP(session_free) struct session *session = NULL;
	catch_signals();
	mallopt(M_MMAP_THRESHOLD, MMAP_FROM);
	struct debug debug = {.rotate_ns = ROTATE_NS};
	if (read_debug(&debug, &d)) {
		diag_print(&d);
		return EXIT_INPUT;
	}
	int err = start(&o, &debug, &d, &sensor, &session, &status);
	if (!err) {
		uint64_t now = now_ns();
		bool tty = isatty(STDERR_FILENO) && !o.json;
		struct run r = {&o, sensor, session, &d, now, now + FLUSH_NS, now, now + debug.rotate_ns, debug.rotate_ns, tty};
		err = run(&r);
		status = EXIT_MACHINE;
	} else if (!d.errors) {
		diag_error(&d, NULL, "cannot start: %s", strerror(-err));
	}
	diag_print(&d);
	cli_done(&verb, &o);
	return err ? status : EXIT_YES;
}
