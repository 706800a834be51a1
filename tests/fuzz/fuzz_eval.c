/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Any bytes as a policy, a line "---EVENTS---", and event lines: the judgements are in range, and the same when the
 * same bytes are judged again.
 */
#include "compiler/eval/eval.h"
#include "schema/ndjson.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct judgement *j, struct policy *const *policies, size_t npolicies)
{
	if (j->policy >= npolicies || j->hook >= policies[j->policy]->nhooks || j->verdict >= VERDICT_COUNT || !j->why)
		abort();
	if (j->selector >= (int)policies[j->policy]->hooks[j->hook].nselectors)
		abort();
}

/* Judged line by line; with names taken for paths after reading ahead; or with those alone that speak for themselves. */
enum how { AT_ONCE, PRESUMING, ASSUMING, HOWS };

static void judge_all(struct policy *const *policies, size_t n, struct str lines, enum how how, struct buf *out)
{
	struct target target;
	target_default(&target);
	CLEANUP(engine_free) struct engine *e = engine_new(policies, n, &target);
	struct event ev;
	if (how == ASSUMING)
		engine_assume(e);
	if (how != AT_ONCE) {
		CLEANUP(source_close) struct source *before = ndjson_open_bytes("fuzz", lines, NULL);
		while (source_next(before, &ev) > 0)
			engine_records(e, &ev);
		engine_records_end(e);
	}
	engine_presume_paths(e, how == PRESUMING);
	CLEANUP(source_close) struct source *s = ndjson_open_bytes("fuzz", lines, NULL);
	while (source_next(s, &ev) > 0) {
		const struct judgement *j;
		size_t nj = engine_judge(e, &ev, &j);
		buf_printf(out, "%d\n", (int)engine_may_miss(e, &ev));
		for (size_t i = 0; i < nj; i++) {
			check(&j[i], policies, n);
			buf_printf(out, "%llu %zu %zu %d %d %d %d %d %u %s %s\n", (unsigned long long)ev.line,
				   j[i].policy, j[i].hook, j[i].selector, j[i].verdict, j[i].effect, j[i].monitor,
				   j[i].error, j[i].signal, j[i].why, j[i].assumes ? j[i].assumes : "");
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct str mark = STR_INIT("\n---EVENTS---\n");
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct str all = {(const char *)data, size};
	const char *at = size ? memmem(all.p, all.n, mark.p, mark.n) : NULL;
	if (!at)
		return 0;
	struct str text = {all.p, (size_t)(at - all.p)};
	struct str lines = str_skip(all, text.n + mark.n);
	struct policy **policies;
	size_t n;
	if (policies_parse("fuzz", text, &d, &policies, &n))
		return 0;
	for (enum how how = AT_ONCE; how < HOWS; how++) {
		CLEANUP_BUF struct buf one = BUF_INIT, two = BUF_INIT;
		judge_all(policies, n, lines, how, &one);
		judge_all(policies, n, lines, how, &two);
		if (!str_eq(buf_view(&one), buf_view(&two)))
			abort();
	}
	for (size_t i = 0; i < n; i++)
		policy_free(policies[i]);
	free(policies);
	return 0;
}
