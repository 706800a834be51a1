/* SPDX-License-Identifier: GPL-2.0-only */
/* A disagreement made small: one act, and no entry in the allowlist that it does not need. */
#include <stdio.h>

#include "tests/prove/round.h"

/* Does the disagreement stay under this allowlist? FOUND is then how it looks. */
static bool stays(struct prover *p, const struct allowlist *a, const struct plan *plan, struct plan *found, enum decision *ret)
{
	struct rules r = {0};
	const char *why;
	struct allowlist *copy = allowlist_new();
	struct arena *arena = copy->arena;
	*copy = *a;
	copy->arena = arena;
	*found = *plan;
	if (rules_make(&r, copy)) {
		rules_done(&r);
		return false;
	}
	enum decision d = rules_decision(&r, plan);
	if (d != NEITHER)
		d = prover_expected(p, &r, plan);
	bool bad = d == NEITHER;
	ret[0] = ret[1] = d;
	if (!bad && p->kernel.enforcer && !kernel_apply(&p->kernel, buf_view(&r.image->bytes)) &&
	    !kernel_run(&p->kernel, plan->caller, p->world, found, 1)) {
		ret[1] = kernel_decision(&p->kernel, p->world, found, &why);
		bad = ret[1] != d;
	}
	rules_done(&r);
	return bad;
}

static void drop(void *v, size_t *n, size_t i, size_t size)
{
	char *at = (char *)v + i * size;
	memmove(at, at + size, (*n - i - 1) * size);
	--*n;
}

#define SHRINK(list, count)                                                                        \
	for (size_t i = a.count; i-- > 0;) {                                                       \
		__typeof__(a.list) all = arena_alloc(arena, a.count * sizeof(*a.list));            \
		struct allowlist less = a;                                                         \
		memcpy(all, a.list, a.count * sizeof(*a.list));                                    \
		less.list = all;                                                                   \
		drop(all, &less.count, i, sizeof(*all));                                           \
		if (stays(p, &less, plan, &found, d))                                              \
			a = less;                                                                  \
	}

static const char *const words[] = {[ALLOWED] = "allowed", [REFUSED] = "refused", [NEITHER] = "neither"};

void prover_report(struct prover *p, uint64_t seed, const struct rules *r, const struct plan *plan)
{
	CLEANUP(arena_free) struct arena *arena = arena_new();
	CLEANUP_BUF struct buf b = BUF_INIT;
	struct allowlist a = *r->list;
	struct plan found;
	enum decision d[2];
	const char *why = "";
	bool again = stays(p, &a, plan, &found, d);
	if (again) {
		SHRINK(exec, nexec)
		SHRINK(protect, nprotect)
		SHRINK(files, nfiles)
		SHRINK(connects, nconnects)
		SHRINK(guards, nguards)
		stays(p, &a, plan, &found, d);
	}
	const struct plan *last = again ? &found : plan;
	plan_print(p->world, last, &b);
	buf_printf(&b, "\n%s", again ? "" : "(not the same when done again)\n");
	if (d[0] == NEITHER)
		buf_puts(&b, "model and image disagree\n");
	else
		buf_printf(&b, "model and image: %s\n", words[d[0]]);
	if (p->kernel.enforcer && d[0] != NEITHER) {
		enum decision k = kernel_decision(&p->kernel, p->world, last, &why);
		buf_printf(&b, "kernel: %s (error %u, signal %u, ran %u)%s%s\n", words[k], last->act.error, last->act.signal,
			   last->act.ran, k == NEITHER ? ": " : "", k == NEITHER ? why : "");
	}
	allowlist_print(&a, &b);
	printf("---- disagreement, --seed %llu --rounds 1\n" STR_FMT "----\n", (unsigned long long)seed, STR_ARG(buf_view(&b)));
}
