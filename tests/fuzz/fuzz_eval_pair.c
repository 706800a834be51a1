/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bytes choose, one by one, what the random policies and the random stream of the property test are made of: the
 * evaluator that ships must say what the obvious one says. Where they part, the text of both is on standard error.
 */
#include <stdio.h>

#include "tests/lib/contest.h"
#include "tests/lib/random.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void recorders(struct contest *c)
{
	static struct policy **v;
	static size_t n;
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP_BUF struct buf yaml = BUF_INIT;
	random_recorder(&yaml);
	if (!v && policies_parse("recorder", buf_view(&yaml), &d, &v, &n) < 0)
		abort();
	c->recorders = v;
	c->nrecorders = n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dice r = {.state = size, .bytes = data, .nbytes = size};
	struct contest c = {0};
	struct contest_counts counts = {0};
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP_BUF struct buf yaml = BUF_INIT, lines = BUF_INIT, why = BUF_INIT;
	char target[RANDOM_TARGET];
	uint64_t sites;
	recorders(&c);
	if (target_parse(random_target(&r, target), &d, &c.target) < 0)
		abort();
	random_policies(&r, &sites, &yaml);
	random_stream(&r, sites, &lines);
	if (contest_load(&c, buf_view(&yaml)) && !contest_run(&c, buf_view(&lines), &counts, &why)) {
		contest_shrink(&c, &yaml, &lines);
		fprintf(stderr, "target %s\n" STR_FMT "---- lines\n" STR_FMT "----\n" STR_FMT, target, STR_ARG(buf_view(&yaml)),
			STR_ARG(buf_view(&lines)), STR_ARG(buf_view(&why)));
		abort();
	}
	contest_unload(&c);
	return 0;
}
