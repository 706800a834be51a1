/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random policies against recorded streams: both evaluators judge them over the golden recordings, and where both are sure
 * they say the same. The stream decides what can be told, so this finds guesses that made-up streams do not.
 *
 * SEED=N begins at another place, RECORDED_POLICIES=N tries so many. A disagreement is printed with its seed and its policy.
 */
#include <glob.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <zlib.h>

#include <cmocka.h>

#include "tests/lib/contest.h"
#include "tests/lib/random.h"

enum { DEFAULT_POLICIES = 2000, AT_ONCE = 50, DEFAULT_SEED = 6121, LIMIT = 64 << 20 };

static uint64_t setting(const char *name, uint64_t fallback)
{
	uint64_t v;
	const char *text = getenv(name);
	return text && !str_to_u64(str_from(text), &v) ? v : fallback;
}

static void read_gz(const char *file, struct buf *b)
{
	gzFile f = gzopen(file, "rb");
	assert_non_null(f);
	int n;
	do {
		buf_reserve(b, 1 << 16);
		n = gzread(f, b->p + b->n, 1 << 16);
		b->n += n > 0 ? (size_t)n : 0;
	} while (n > 0 && b->n < LIMIT);
	gzclose(f);
}

static void read_recorders(const char *pattern, struct contest *c)
{
	glob_t files;
	assert_int_equal(glob(pattern, 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		CLEANUP_DIAG struct diag d = DIAG_INIT;
		struct policy **more = NULL;
		size_t n = 0;
		assert_int_equal(policies_read(files.gl_pathv[i], &d, &more, &n), 0);
		c->recorders = xreallocarray(c->recorders, c->nrecorders + n, sizeof(*more));
		memcpy(c->recorders + c->nrecorders, more, n * sizeof(*more));
		c->nrecorders += n;
		free(more);
	}
	globfree(&files);
}

/* One policy at a time, the disagreeing one is found. */
static void report(const struct contest *c, uint64_t seed, struct str lines)
{
	for (unsigned i = 0; i < AT_ONCE; i++) {
		struct dice r = {.state = seed};
		struct contest one = *c;
		struct contest_counts counts = {0};
		CLEANUP_BUF struct buf yaml = BUF_INIT, why = BUF_INIT;
		for (unsigned k = 0; k <= i; k++) {
			buf_clear(&yaml);
			random_lab_policy(&r, k, &yaml);
		}
		if (contest_load(&one, buf_view(&yaml)) && !contest_run(&one, lines, &counts, &why))
			printf("SEED=%llu\n" STR_FMT STR_FMT, (unsigned long long)seed, STR_ARG(buf_view(&yaml)), STR_ARG(buf_view(&why)));
		contest_unload(&one);
	}
}

static bool try_policies(struct contest *c, struct str lines, uint64_t policies, struct contest_counts *counts, uint64_t *loaded)
{
	bool good = true;
	uint64_t seed = setting("SEED", DEFAULT_SEED);
	for (uint64_t n = 0; n < policies && good; n += AT_ONCE, seed++) {
		struct dice r = {.state = seed};
		CLEANUP_BUF struct buf yaml = BUF_INIT;
		for (unsigned i = 0; i < AT_ONCE; i++)
			random_lab_policy(&r, i, &yaml);
		bool any = contest_load(c, buf_view(&yaml));
		*loaded += c->n;
		good = !any || contest_run(c, lines, counts, NULL);
		contest_unload(c);
		if (!good)
			report(c, seed, lines);
	}
	return good;
}

static void told(const char *stream, const struct contest_counts *n, uint64_t loaded)
{
	printf("%s: %llu policies load, %llu judgements: %llu agree (%llu stop something, %llu unknown to both), %llu left open by the rules, "
	       "%llu where only the obvious evaluator is sure\n", stream, (unsigned long long)loaded, (unsigned long long)n->judged,
	       (unsigned long long)n->agree, (unsigned long long)n->stopped, (unsigned long long)n->unknown, (unsigned long long)n->silent,
	       (unsigned long long)n->unsure);
}

static void run_recording(const char *folder, const char *target, uint64_t policies)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP_BUF struct buf lines = BUF_INIT;
	CLEANUP_FREE char *recorders = xasprintf("tests/golden/%s/recording-policies/*.yaml", folder);
	CLEANUP_FREE char *recording = xasprintf("tests/golden/%s/recording.ndjson.gz", folder);
	struct contest c = {.presume = true};
	struct contest_counts counts = {0};
	uint64_t loaded = 0;
	assert_int_equal(target_parse(target, &d, &c.target), 0);
	read_recorders(recorders, &c);
	read_gz(recording, &lines);
	bool good = try_policies(&c, buf_view(&lines), policies, &counts, &loaded);
	told(folder, &counts, loaded);
	for (size_t i = 0; i < c.nrecorders; i++)
		policy_free(c.recorders[i]);
	free(c.recorders);
	assert_true(good);
	assert_true(counts.stopped > 100);
}

static void recordings(void **state)
{
	(void)state;
	uint64_t policies = setting("RECORDED_POLICIES", DEFAULT_POLICIES);
	run_recording("6.1", "kernel=6.1,kprobe-multi=no,lsm=yes,error-injection=yes,kubernetes=no,parents-map=yes,fs=tmpfs", policies / 2);
	run_recording("6.12", "kernel=6.12,kprobe-multi=yes,lsm=yes,error-injection=yes,kubernetes=no,parents-map=yes,fs=tmpfs", policies / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(recordings)};
	/* Engines come and go: their memory is kept, not given back to the system each time. */
	mallopt(M_MMAP_THRESHOLD, 1 << 30);
	mallopt(M_TRIM_THRESHOLD, 1 << 30);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
