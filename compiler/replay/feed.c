/* SPDX-License-Identifier: GPL-2.0-only */
/* One face for both kinds of events, so that replay, diff and explain read them alike and complain of them alike. */
#include "compiler/replay/feed.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compiler/replay/source_store.h"
#include "schema/ndjson.h"

struct feed {
	struct feed_name name;
	struct store *store;
	struct source *source;
	uint64_t numbers;             /* of processes */
};

enum {
	AHEAD_EVENTS = 100000,        /* lines read beforehand, to learn which hooks a file reports itself */
	IDLE_MS = 250,                /* a silent pipe: whoever waits can look whether to go on */
	GZIP_MAGIC_0 = 0x1f,
	GZIP_MAGIC_1 = 0x8b,
};

static int open_store(struct feed *f, struct diag *d)
{
	int err = store_open(f->name.db, STORE_READ, d, &f->store);
	if (err)
		return err;
	size_t workloads = 0;
	err = source_store_open(f->store, f->name.workload, &f->source, &workloads);
	if (err)
		return diag_error(d, f->name.db, "%s", store_error(f->store));
	if (workloads == 0)
		return diag_error(d, f->name.db, "no workload matches '%s'; see 'stakeout workloads'",
				  f->name.workload ? f->name.workload : "*");
	return 0;
}

int feed_open(const struct feed_name *name, struct diag *d, struct feed **ret)
{
	CLEANUP(feed_close) struct feed *f = xcalloc(1, sizeof(*f));
	f->name = *name;
	const struct ndjson_options o = {.numbers = &f->numbers, .idle_ms = IDLE_MS};
	int err = 0;
	if (name->text.p)
		f->source = ndjson_open_bytes(name->file, name->text, &o);
	else
		err = name->file ? ndjson_open(name->file, &o, d, &f->source) : open_store(f, d);
	if (err)
		return -EINVAL;
	*ret = TAKE(f);
	return 0;
}

void feed_close(struct feed *f)
{
	if (!f)
		return;
	source_close(f->source);
	store_close(f->store);
	free(f);
}

int feed_next(struct feed *f, struct event *ev)
{
	return source_next(f->source, ev);
}

/* What could not be read of a corpus is said: silence about a line proves nothing. */
static int end_of_file(const struct feed *f, int err, struct diag *d)
{
	const char *file = f->name.file;
	const struct ndjson_stats *stats = ndjson_stats(f->source);
	if (err < 0) {
		const char *why = ndjson_error(f->source);
		return diag_error(d, file, "%s after line %llu", why ? why : strerror(-err), (unsigned long long)stats->lines);
	}
	for (unsigned i = 0; i < NDJSON_REASON_COUNT; i++) {
		const struct ndjson_skipped *s = &stats->skipped[i];
		if (s->n)
			diag_add(d, DIAG_WARNING, file, (unsigned)s->first[0], 0, "skipped %llu line%s: %s (the first is named)",
				 (unsigned long long)s->n, s->n == 1 ? "" : "s", ndjson_reason_summary((enum ndjson_reason)i));
	}
	return stats->events ? 0 : diag_error(d, file, "holds no event");
}

int feed_end(const struct feed *f, int err, struct diag *d)
{
	if (f->name.file)
		return end_of_file(f, err, d);
	return err < 0 ? diag_error(d, f->name.db, "%s", store_error(f->store)) : 0;
}

bool feed_rereadable(const struct feed_name *name)
{
	struct stat st;
	return !name->file || name->text.p || (strcmp(name->file, "-") && !stat(name->file, &st) && S_ISREG(st.st_mode));
}

/* Whole lines of exec and exit tell of no hook; a cut one may have a hook's behind it. Enough passed, it ends the reading. */
static bool may_tell_of_hook(void *arg, struct str line)
{
	uint64_t *passed = arg;
	bool other = (str_starts(line, STR("{\"process_exec\":")) || str_starts(line, STR("{\"process_exit\":"))) &&
		     !memmem(line.p + 1, line.n - 1, "{\"process_", 10);
	*passed += other;
	return !other || *passed >= AHEAD_EVENTS;
}

bool feed_ahead(const struct feed_name *name, void (*records)(void *arg, const struct event *ev), void *arg)
{
	uint64_t passed = 0;
	const struct ndjson_options o = {.wanted = may_tell_of_hook, .arg = &passed};
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP(source_close) struct source *source = NULL;
	if (!name->file || name->text.p || !feed_rereadable(name) || ndjson_open(name->file, &o, &d, &source))
		return false;   /* a pipe is read once; what cannot be opened is reported by who judges it */
	struct event ev;
	int more = 1;
	for (uint64_t n = 0; n + passed < AHEAD_EVENTS && (more = source_next(source, &ev)) > 0; n++)
		records(arg, &ev);
	return more == 0 && passed < AHEAD_EVENTS;
}

uint64_t feed_bytes(const struct feed *f)
{
	return f->name.file ? ndjson_stats(f->source)->bytes : 0;
}

uint64_t feed_size(const struct feed_name *name)
{
	struct stat st;
	if (!name->file || name->text.p || !feed_rereadable(name) || stat(name->file, &st))
		return 0;
	CLEANUP_FD int fd = open(name->file, O_RDONLY | O_CLOEXEC);
	unsigned char magic[2] = {0};
	bool packed = fd < 0 || (read(fd, magic, sizeof(magic)) == 2 && magic[0] == GZIP_MAGIC_0 && magic[1] == GZIP_MAGIC_1);
	return packed ? 0 : (uint64_t)st.st_size;
}
