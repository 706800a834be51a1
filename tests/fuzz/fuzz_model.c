/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bytes choose, one by one, what two policies are made of, field by field: each survives being printed and read back, the load
 * check says the same of it again, and what is compiled of them judges a stream without harm.
 */
#include "compiler/eval/eval.h"
#include "schema/ndjson.h"
#include "schema/policy_load.h"
#include "tests/lib/random.h"
#include "tests/lib/same_policy.h"

enum { POLICIES = 2 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_load(const struct policy *p, const struct target *t)
{
	CLEANUP_DIAG struct diag one = DIAG_INIT, two = DIAG_INIT;
	if (policy_load_check(p, t, &one) != policy_load_check(p, t, &two) || one.n != two.n)
		abort();
}

static void judge(struct policy *const *policies, const struct target *t, struct str lines)
{
	CLEANUP(engine_free) struct engine *e = engine_new(policies, POLICIES, t);
	CLEANUP(source_close) struct source *s = ndjson_open_bytes("random", lines, NULL);
	struct event ev;
	while (source_next(s, &ev) > 0) {
		const struct judgement *j;
		size_t n = engine_judge(e, &ev, &j);
		for (size_t i = 0; i < n; i++)
			if (j[i].policy >= POLICIES || j[i].verdict >= VERDICT_COUNT || engine_refused(e, j[i].policy))
				abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dice r = {.state = size, .bytes = data, .nbytes = size};
	CLEANUP_BUF struct buf lines = BUF_INIT;
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct policy *policies[POLICIES];
	struct target t;
	char text[RANDOM_TARGET];
	if (target_parse(random_target(&r, text), &d, &t) < 0)
		abort();
	for (size_t i = 0; i < POLICIES; i++) {
		policies[i] = random_model(&r);
		if (!policy_round_trips(policies[i], NULL))
			abort();
		check_load(policies[i], &t);
	}
	random_stream(&r, UINT64_MAX, &lines);
	judge(policies, &t, buf_view(&lines));
	for (size_t i = 0; i < POLICIES; i++)
		policy_free(policies[i]);
	return 0;
}
