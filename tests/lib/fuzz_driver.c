/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * main() for a fuzz target without libFuzzer: runs it on every seed of the folders and files given,
 * then on a fixed number of deterministic mutations of each, so that every compiler and sanitizer
 * exercises the decoders in the ordinary tests. `make fuzz` links libFuzzer instead.
 */
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

#include "schema/base/io.h"
#include "schema/base/map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MUTATIONS = 200, MAX_SEED = 1 << 20 };

static uint64_t next_random(uint64_t *state)
{
	*state += 0x9e3779b97f4a7c15ull;
	uint64_t z = *state;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/* One to eight edits: a bit flipped, a byte replaced, a run removed, the end cut. */
static void mutate(struct buf *b, uint64_t *state)
{
	size_t edits = 1 + next_random(state) % 8;
	for (size_t i = 0; i < edits && b->n; i++) {
		size_t at = next_random(state) % b->n;
		size_t run = 1 + next_random(state) % 16;
		switch (next_random(state) % 4) {
		case 0:
			b->p[at] = (char)(b->p[at] ^ 1 << next_random(state) % 8);
			break;
		case 1:
			b->p[at] = (char)next_random(state);
			break;
		case 2:
			run = MIN(run, b->n - at);
			memmove(b->p + at, b->p + at + run, b->n - at - run);
			b->n -= run;
			break;
		case 3:
			b->n = at;
			break;
		}
	}
}

static size_t run_seed(const char *file)
{
	CLEANUP_BUF struct buf seed = BUF_INIT;
	int err = read_file(file, MAX_SEED, &seed);
	if (err) {
		fprintf(stderr, "%s: %s\n", file, strerror(-err));
		exit(EXIT_NO);
	}
	LLVMFuzzerTestOneInput((const uint8_t *)seed.p, seed.n);
	uint64_t state = hash_bytes(seed.p, seed.n, 0);
	for (int i = 0; i < MUTATIONS; i++) {
		CLEANUP_BUF struct buf copy = BUF_INIT;
		buf_str(&copy, buf_view(&seed));
		mutate(&copy, &state);
		/* An exact-size copy, so that a read past the end is seen by ASan. */
		CLEANUP_FREE uint8_t *exact = xmalloc(copy.n);
		memcpy(exact, copy.p ? copy.p : "", copy.n);
		LLVMFuzzerTestOneInput(exact, copy.n);
	}
	return 1;
}

static size_t run_path(const char *path)
{
	struct stat st;
	if (stat(path, &st)) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(EXIT_NO);
	}
	if (!S_ISDIR(st.st_mode))
		return run_seed(path);
	struct dirent **names;
	int n = scandir(path, &names, NULL, alphasort);
	size_t seeds = 0;
	for (int i = 0; i < n; i++) {
		if (names[i]->d_name[0] != '.') {
			CLEANUP_FREE char *file = xasprintf("%s/%s", path, names[i]->d_name);
			seeds += run_path(file);
		}
		free(names[i]);
	}
	free(names);
	return seeds;
}

int main(int argc, char **argv)
{
	size_t seeds = 0;
	for (int i = 1; i < argc; i++)
		seeds += run_path(argv[i]);
	if (argc == 1) {
		/* Named after the program: build/.../fuzz_yaml reads corpus/fuzz/yaml. */
		const char *name = strrchr(argv[0], '/');
		name = name ? name + 1 : argv[0];
		CLEANUP_FREE char *dir = xasprintf("corpus/fuzz/%s", name + strlen("fuzz_"));
		seeds = run_path(dir);
	}
	printf("%zu seeds, %d mutations each\n", seeds, MUTATIONS);
	return seeds ? EXIT_YES : EXIT_NO;
}
