/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The policy that the choices, as they stand, would make: allowlist, compiled output, reasons. The last few are
 * kept, since a page asks for its consequence, its YAML and its downloads one after the other; a choice,
 * a new observation or another target makes another one.
 */
#pragma once

#include "compiler/emit/compile.h"
#include "compiler/allow/suggest.h"
#include "compiler/replay/judges.h"
#include "webui/web.h"

struct candidate {
	struct candidate *next;
	unsigned users;                /* with the lock of struct web held */
	char *key;
	struct target target;
	bool by_image;                 /* judged as the image that the enforcer pins; also where there is no YAML */
	struct allowlist *allowlist;
	struct left_out_tally left_out;
	bool compiled_ok;              /* else DIAG says why there is no policy */
	struct compiled compiled;
	struct policy_set set;         /* what judges of it; borrowed */
	struct diag diag;
};

/*
 * For the workload ROW and the query's target, shape, enforce and by. PROVEN: replayed over the evidence of the
 * store by the compiler as well. AT: as the choices stood at that version of the workload. NULL: refused, R says why. Give it back with candidate_back().
 */
struct candidate *candidate_get(struct web *w, struct store *s, const struct request *q,
				struct response *r, const struct workload_row *row, bool proven,
				uint64_t at);
void candidate_back(struct web *w, struct candidate *c);

/* When the server ends. */
void candidates_free(struct web *w);

struct candidate_lease {
	struct web *web;
	struct candidate *candidate;
};
static inline void candidate_lease_end(struct candidate_lease *l)
{
	if (l->candidate)
		candidate_back(l->web, l->candidate);
}
/* Scoped, as STORE_FOR. */
#define CANDIDATE_FOR(c, w, s, q, r, row, proven, at)                                                  \
	__attribute__((cleanup(candidate_lease_end))) struct candidate_lease lease_##c = {         \
		(w), candidate_get((w), (s), (q), (r), (row), (proven), (at))};                          \
	struct candidate *c = lease_##c.candidate;                                                 \
	if (!c)                                                                                    \
	return
