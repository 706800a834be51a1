/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * 1,000 policies linted on one core, in memory: time for each, and against libyaml's events alone, which is what any
 * reader of YAML spends before it knows a thing. The policies are those of the golden runs, again and again.
 */
#include <dirent.h>
#include <stdio.h>
#include <time.h>
#include <yaml.h>

#include "compiler/lint/lint.h"
#include "schema/base/io.h"

enum { POLICIES = 1000, ROUNDS = 5 };

/* Of this process: others on the machine do not count. */
static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct texts {
	struct buf v[POLICIES];
	size_t n, bytes;
};

static void read_folder(const char *folder, struct texts *t)
{
	DIR *dir = opendir(folder);
	for (struct dirent *e; dir && (e = readdir(dir)) && t->n < POLICIES;) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", folder, e->d_name);
		if (!str_ends(str_from(path), STR(".yaml")) || read_file(path, YAML_MAX_BYTES, &t->v[t->n]))
			continue;
		t->bytes += t->v[t->n++].n;
	}
	if (dir)
		closedir(dir);
}

static void lint_all(const struct texts *t, size_t *findings)
{
	struct target target;
	target_default(&target);
	const struct lint_options o = {.target = &target};
	for (size_t i = 0; i < t->n; i++) {
		CLEANUP(arena_free) struct arena *arena = arena_new();
		struct lint_file f;
		lint_text(arena, "bench.yaml", buf_view(&t->v[i]), &o, &f);
		for (size_t k = 0; k < f.ndocuments; k++)
			*findings += f.documents[k].findings.n;
		lint_file_done(&f);
	}
}

static void events_all(const struct texts *t, size_t *events)
{
	for (size_t i = 0; i < t->n; i++) {
		yaml_parser_t p;
		yaml_event_t e;
		if (!yaml_parser_initialize(&p))
			abort();
		yaml_parser_set_input_string(&p, (const unsigned char *)t->v[i].p, t->v[i].n);
		for (bool end = false; !end && yaml_parser_parse(&p, &e); ++*events) {
			end = e.type == YAML_STREAM_END_EVENT;
			yaml_event_delete(&e);
		}
		yaml_parser_delete(&p);
	}
}

static double best(const struct texts *t, void (*run)(const struct texts *t, size_t *n), size_t *n)
{
	double least = 1e9;
	for (int i = 0; i < ROUNDS; i++) {
		double begin = now();
		*n = 0;
		run(t, n);
		least = MIN(least, now() - begin);
	}
	return least;
}

int main(void)
{
	static struct texts t;
	static const char *const folders[] = {"tests/golden/6.12/policies", "tests/golden/6.12b/policies"};
	size_t findings, events;
	while (t.n < POLICIES) {
		size_t before = t.n;
		for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
			read_folder(folders[i], &t);
		if (t.n == before) {
			fprintf(stderr, "bench_lint: no policies in tests/golden\n");
			return 1;
		}
	}
	double lint = best(&t, lint_all, &findings), yaml = best(&t, events_all, &events);
	printf("lint: %zu policies of %zu bytes: %.1f ms, %.1f us each; libyaml's events alone %.1f us: ratio %.2f\n", t.n,
	       t.bytes / t.n, lint * 1e3, lint * 1e6 / (double)t.n, yaml * 1e6 / (double)t.n, lint / yaml);
	for (size_t i = 0; i < t.n; i++)
		buf_done(&t.v[i]);
	return 0;
}
