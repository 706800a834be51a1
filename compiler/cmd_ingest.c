/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stakeout ingest: logs of Tetragon's JSON export into the store. Counts and how far the log was read are
 * committed together, about once a second, so that a killed ingest is completed by running it again.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "compiler/verbs.h"
#include "schema/base/cli.h"
#include "schema/base/table.h"
#include "schema/ndjson.h"
#include "schema/observe.h"
#include "schema/processes.h"
#include "schema/seen.h"

#define FLUSH_NS    NSEC_PER_SEC
#define IDLE_MS     250
#define SHOW_NS     (NSEC_PER_SEC / 2)
#define CLOCK_EVERY 64   /* events between looks at the clock */

struct options {
	const char *db;
	bool json, no_redact;
};

static const struct cli_option options[] = {
	{"db", 'd', CLI_STRING, offsetof(struct options, db), "FILE", "the store (default " STORE_DEFAULT ")"},
	{"json", 'j', CLI_FLAG, offsetof(struct options, json), NULL, "the summary as JSON, one object a file"},
	{"no-redact", 0, CLI_FLAG, offsetof(struct options, no_redact), NULL,
	 "keep passwords, tokens and keys that stand in command lines"},
};

static const struct cli_verb verb = {
	"ingest", "read Tetragon's JSON export into the store", "FILE...", 1, -1, options, ARRAY_SIZE(options),
	"FILE is plain or gzip-compressed; '-' is standard input, followed live:\n"
	"    kubectl logs -n kube-system ds/tetragon -c export-stdout -f | stakeout ingest -\n"
	"Lines that were taken in before are recognised by their content and count once.\n"
	"Exit status: 0 done; 2 a FILE cannot be read or has no event in it, or the store\n"
	"is damaged; 3 the store cannot be written."};

struct ingest {
	const struct options *options;
	struct store *store;
	struct seen *seen;
	struct processes *processes;
	struct observer *observer;
	uint64_t flushed_ns;        /* monotonic */
	uint64_t numbers;           /* of processes, over all files */
	struct table *table;
	bool store_failed;          /* said already; nothing more is read */
	bool progress, shown;       /* a line on standard error, drawn anew; is it there? */
	uint64_t shown_ns;
	int place, nfiles;

	/* Of the file that is being read. */
	const char *file;
	struct source *source;
	int64_t recording;          /* 0: nothing new yet */
	uint64_t first_ns, last_ns, events, known_lines;
	uint64_t lines_of[KIND_COUNT];   /* that were new */
	char *node;
	int line_known;             /* the current line was taken in before; or -errno */
	uint64_t unread[NDJSON_REASON_COUNT];   /* of stats.skipped, looked at so far */
};

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * NSEC_PER_SEC + (uint64_t)t.tv_nsec;
}

/* ---- the line on a terminal ---- */

static void show_progress(struct ingest *in)
{
	uint64_t now = in->progress ? clock_ns(CLOCK_MONOTONIC) : 0;
	if (!in->progress || now - in->shown_ns < SHOW_NS)
		return;
	CLEANUP_BUF struct buf b = BUF_INIT;
	buf_puts(&b, "\r\033[K");
	buf_text(&b, str_from(in->file));
	buf_puts(&b, ": ");
	buf_count(&b, ndjson_stats(in->source)->lines);
	buf_printf(&b, " lines, %" PRIu64 " MB", ndjson_stats(in->source)->bytes / 1000000);
	if (in->nfiles > 1)
		buf_printf(&b, " (file %d of %d)", in->place, in->nfiles);
	fwrite(b.p, 1, b.n, stderr);
	in->shown_ns = now;
	in->shown = true;
}

/* Before anything else is said. */
static void clear_progress(struct ingest *in)
{
	if (in->shown)
		fputs("\r\033[K", stderr);
	in->shown = false;
}

/* Lines before the current one that were damaged events: lost, once. */
static void count_unread(struct ingest *in)
{
	static const enum ndjson_reason losses[] = {NDJSON_TORN, NDJSON_GLUED, NDJSON_TOO_LONG, NDJSON_TOO_DEEP,
						    NDJSON_BAD_VALUE};
	const struct ndjson_stats *st = ndjson_stats(in->source);
	for (size_t i = 0; i < ARRAY_SIZE(losses); i++) {
		enum ndjson_reason r = losses[i];
		uint64_t n = st->skipped[r].n - in->unread[r];
		if (n && !in->line_known)
			observer_lose(in->observer, "any", ndjson_reason_name(r), n);
		in->unread[r] = st->skipped[r].n;
	}
}

static void on_line(void *arg, struct str line, bool terminated)
{
	struct ingest *in = arg;
	(void)terminated;
	count_unread(in);
	in->line_known = seen_line(in->seen, line);
	in->known_lines += in->line_known > 0;
}

/* ---- into the store ---- */

static int write_recording(struct ingest *in)
{
	if (in->recording)
		return store_recording_update(in->store, in->recording, in->last_ns, in->events);
	struct recording r = {
		.source = STR("tetragon"),
		.origin = str_from(strcmp(in->file, "-") ? in->file : "standard input"),
		.node = str_from(in->node),
		.start_ns = in->first_ns,
		.end_ns = in->last_ns,
		.events = in->events,
	};
	int err = store_recording_add(in->store, &r, &in->recording);
	if (!err)
		observer_set_recording(in->observer, in->recording);
	return err;
}

static int write_all_parts(struct ingest *in)
{
	bool any = in->events || in->recording || observer_holds(in->observer);
	int err = any ? write_recording(in) : 0;
	if (!err)
		err = observer_write(in->observer);
	return err ? err : seen_write(in->seen, clock_ns(CLOCK_REALTIME));
}

/* One transaction: counts, and the lines they came from. */
static int flush(struct ingest *in)
{
	int64_t recording = in->recording;
	int err = store_begin(in->store);
	if (!err)
		err = write_all_parts(in);
	if (!err)
		err = store_commit(in->store);
	if (err) {
		clear_progress(in);
		diag_say("stakeout ingest: %s", store_error(in->store));
		store_rollback(in->store);
		in->recording = recording;
		return err;
	}
	observer_written(in->observer);
	seen_written(in->seen);
	in->flushed_ns = clock_ns(CLOCK_MONOTONIC);
	return 0;
}

static int flush_when_due(struct ingest *in)
{
	bool full = observer_full(in->observer);
	if (!full && clock_ns(CLOCK_MONOTONIC) - in->flushed_ns < FLUSH_NS)
		return 0;
	if (full)
		observer_settle(in->observer);
	if (observer_waiting(in->observer, in->last_ns))
		return 0;
	return flush(in);
}

static int take(struct ingest *in, struct event *ev)
{
	processes_apply(in->processes, ev);
	if (ev->kind == KIND_EXEC)
		processes_name_parent(in->processes, ev);
	if (in->line_known < 0) {
		clear_progress(in);
		diag_say("stakeout ingest: %s", store_error(in->store));
		return in->line_known;
	}
	if (ev->time_ns) {
		in->last_ns = MAX(in->last_ns, ev->time_ns);
		if (!in->line_known && (!in->first_ns || ev->time_ns < in->first_ns))
			in->first_ns = ev->time_ns;
	}
	if (in->line_known)
		return observer_learn(in->observer, ev);
	in->events += ev->count;
	in->lines_of[ev->kind]++;
	if (!in->node && ev->node.n)
		in->node = xstrndup(ev->node.p, ev->node.n);
	return observer_add(in->observer, ev);
}

/* ---- one file ---- */

/* Nothing came for a while: a container that starts now gets its pod's name within the time that is waited. */
static int idle(struct ingest *in)
{
	uint64_t waited = clock_ns(CLOCK_MONOTONIC) - in->flushed_ns;
	if (waited > OBSERVER_WAIT_NS)
		observer_settle(in->observer);
	return flush_when_due(in);
}

static int read_events(struct ingest *in)
{
	struct event ev;
	unsigned until_clock = CLOCK_EVERY;
	while (!interrupted) {
		int rc = source_next(in->source, &ev);
		if (rc == 0)
			return 0;
		if (rc < 0 && rc != -EAGAIN) {
			const char *why = ndjson_error(in->source);
			clear_progress(in);
			diag_say("stakeout ingest: %s: %s after line %" PRIu64
				 "; what came before is kept",
				 in->file, why ? why : strerror(-rc),
				 ndjson_stats(in->source)->lines);
			return -EBADMSG;
		}
		int err = rc == 1 ? take(in, &ev) : idle(in);
		if (!err && --until_clock == 0) {
			until_clock = CLOCK_EVERY;
			show_progress(in);
			err = flush_when_due(in);
		}
		if (err)
			return err;
	}
	return 0;
}

static const struct table_column columns[] = {
	{"file", "FILE", TABLE_TEXT},        {"lines", "LINES", TABLE_COUNT},
	{"known", "KNOWN", TABLE_COUNT},     {"events", "EVENTS", TABLE_COUNT},
	{"exec", "EXEC", TABLE_COUNT},       {"exit", "EXIT", TABLE_COUNT},
	{"file_events", "FILE", TABLE_COUNT}, {"connect", "CONNECT", TABLE_COUNT},
	{"guard", "GUARD", TABLE_COUNT},     {"hook", "OTHER", TABLE_COUNT},
	{"loss", "LOSS", TABLE_COUNT},       {"bind", "BIND", TABLE_COUNT},
	{"skipped", "SKIPPED", TABLE_COUNT},
	{"recovered", "RECOVERED", TABLE_COUNT}, {"bytes", "BYTES", TABLE_COUNT},
	{"bytes_per_second", "BYTES/S", TABLE_COUNT}, {"skipped_by_reason", "", TABLE_JSON_VALUE},
};

static uint64_t new_events(const struct ingest *in)
{
	uint64_t n = 0;
	for (size_t i = 0; i < KIND_COUNT; i++)
		n += in->lines_of[i];
	return n;
}

static uint64_t skipped_total(const struct ndjson_stats *st)
{
	uint64_t n = 0;
	for (size_t i = 0; i < NDJSON_REASON_COUNT; i++)
		n += st->skipped[i].n;
	return n;
}

static void skipped_json(const struct ndjson_stats *st, struct buf *b)
{
	buf_putc(b, '{');
	for (size_t i = 0; i < NDJSON_REASON_COUNT; i++) {
		const struct ndjson_skipped *s = &st->skipped[i];
		if (s->n == 0)
			continue;
		buf_printf(b, "%s\"%s\":{\"count\":%" PRIu64 ",\"first_lines\":[", b->n > 1 ? "," : "",
			   ndjson_reason_name((enum ndjson_reason)i), s->n);
		for (size_t k = 0; k < MIN(s->n, NDJSON_FIRST); k++)
			buf_printf(b, "%s%" PRIu64, k ? "," : "", s->first[k]);
		buf_puts(b, "]}");
	}
	buf_putc(b, '}');
}

static void add_row(struct ingest *in, uint64_t took_ns)
{
	static const enum kind kinds[] = {KIND_EXEC, KIND_EXIT, KIND_FILE, KIND_CONNECT, KIND_GUARD, KIND_HOOK, KIND_LOSS,
					  KIND_BIND};
	const struct ndjson_stats *st = ndjson_stats(in->source);
	table_str(in->table, str_from(in->file));
	table_u64(in->table, st->lines);
	table_u64(in->table, in->known_lines);
	table_u64(in->table, new_events(in));
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		table_u64(in->table, in->lines_of[kinds[i]]);
	table_u64(in->table, skipped_total(st));
	table_u64(in->table, st->recovered);
	table_u64(in->table, st->bytes);
	table_u64(in->table, (uint64_t)((double)st->bytes * 1e9 / (double)MAX(took_ns, 1)));
	CLEANUP_BUF struct buf b = BUF_INIT;
	skipped_json(st, &b);
	table_str(in->table, buf_view(&b));
}

static void count_of(struct buf *b, uint64_t n, const char *what)
{
	buf_count(b, n);
	buf_printf(b, " %s%s", what, n == 1 ? "" : "s");
}

static void print_file(const struct ingest *in, uint64_t took_ns)
{
	const struct ndjson_stats *st = ndjson_stats(in->source);
	CLEANUP_BUF struct buf b = BUF_INIT;
	buf_text(&b, str_from(in->file));
	buf_puts(&b, ": ");
	count_of(&b, st->lines, "line");
	if (in->known_lines) {
		buf_puts(&b, " (");
		buf_count(&b, in->known_lines);
		buf_puts(&b, " taken in before)");
	}
	buf_puts(&b, ", ");
	count_of(&b, new_events(in), in->known_lines ? "new event" : "event");
	const char *between = ": ";
	for (size_t i = 0; i < KIND_COUNT; i++) {
		if (!in->lines_of[i])
			continue;
		buf_printf(&b, "%s%s ", between, kind_name((enum kind)i));
		buf_count(&b, in->lines_of[i]);
		between = " ";
	}
	buf_printf(&b, "; %.0f MB/s\n", (double)st->bytes * 1e3 / (double)MAX(took_ns, 1));
	for (size_t i = 0; i < NDJSON_REASON_COUNT; i++) {
		const struct ndjson_skipped *s = &st->skipped[i];
		if (s->n == 0)
			continue;
		buf_puts(&b, "  skipped ");
		buf_count(&b, s->n);
		buf_printf(&b, ": %s (line", ndjson_reason_summary((enum ndjson_reason)i));
		for (size_t k = 0; k < MIN(s->n, NDJSON_FIRST); k++)
			buf_printf(&b, "%s %" PRIu64, k ? "," : "", s->first[k]);
		buf_puts(&b, s->n > NDJSON_FIRST ? " ...)\n" : ")\n");
	}
	if (st->recovered)
		buf_printf(&b, "  of the damaged lines %" PRIu64 " gave the whole event behind the damage\n",
			   st->recovered);
	fwrite(b.p, 1, b.n, stdout);
}

static int ingest_file(struct ingest *in, const char *file)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct ndjson_options o = {.line = on_line, .arg = in, .idle_ms = IDLE_MS, .numbers = &in->numbers};
	CLEANUP(source_close) struct source *source = NULL;
	uint64_t began = clock_ns(CLOCK_MONOTONIC);
	int err = ndjson_open(file, &o, &d, &source);
	if (err) {
		diag_print(&d);
		return EXIT_INPUT;
	}
	in->file = file;
	in->source = source;
	in->recording = 0;
	in->line_known = 0;
	memset(in->unread, 0, sizeof(in->unread));
	in->first_ns = in->last_ns = in->events = in->known_lines = 0;
	memset(in->lines_of, 0, sizeof(in->lines_of));
	free(TAKE(in->node));
	show_progress(in);
	err = read_events(in);
	count_unread(in);
	seen_end(in->seen);
	observer_settle(in->observer);
	int failed = err && err != -EBADMSG ? err : flush(in);
	if (failed) {
		in->store_failed = true;
		return exit_status(failed);
	}
	uint64_t took = clock_ns(CLOCK_MONOTONIC) - began;
	clear_progress(in);
	if (in->options->json)
		add_row(in, took);
	else
		print_file(in, took);
	if (ndjson_stats(source)->events == 0) {
		diag_say("stakeout ingest: %s: no event in it; Tetragon's JSON export is expected, "
			 "as in "
			 "'tetra getevents -o json'",
			 file);
		return EXIT_INPUT;
	}
	return err ? EXIT_INPUT : EXIT_YES;
}

static int set_up(struct ingest *in)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	int err = store_open(in->options->db, STORE_WRITE, &d, &in->store);
	if (err) {
		diag_print(&d);
		return exit_status(err);
	}
	err = store_begin(in->store);
	if (!err)
		err = seen_open(in->store, &in->seen);
	if (!err)
		err = store_commit(in->store);
	if (err) {
		diag_say("stakeout ingest: %s", store_error(in->store));
		return exit_status(err);
	}
	in->processes = processes_new();
	in->observer = observer_new(in->store, 0);
	observer_keep_secrets(in->observer, in->options->no_redact);
	in->table = table_new(columns, ARRAY_SIZE(columns));
	in->flushed_ns = clock_ns(CLOCK_MONOTONIC);
	return EXIT_YES;
}

static void tear_down(struct ingest *in)
{
	table_free(in->table);
	observer_free(in->observer);
	processes_free(in->processes);
	seen_free(in->seen);
	store_close(in->store);
	free(in->node);
}

int cmd_ingest(int argc, char **argv)
{
	struct options o = {.db = STORE_DEFAULT};
	struct cli_args args;
	int status;
	if (!cli_parse(&verb, argc, argv, &o, &args, &status))
		return status;
	struct ingest in = {.options = &o, .progress = isatty(STDERR_FILENO) && !o.json, .nfiles = args.n};
	in.shown_ns = clock_ns(CLOCK_MONOTONIC);
	status = set_up(&in);
	/* Ctrl-C ends a followed stream in order; no SA_RESTART, so that read() returns */
	struct sigaction act = {.sa_handler = on_signal};
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	for (int i = 0; i < args.n && in.observer && !in.store_failed && !interrupted; i++) {
		in.place = i + 1;
		int one = ingest_file(&in, args.v[i]);
		status = MAX(status, one);
	}
	if (o.json && in.table)
		table_print(in.table, TABLE_JSON, stdout);
	tear_down(&in);
	return status;
}
