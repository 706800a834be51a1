/* SPDX-License-Identifier: GPL-2.0-only */
/* Any bytes as policies: what is taken prints, reads back as the same model and prints the same, and passes the load check unharmed. */
#include "schema/policy_load.h"
#include "tests/lib/same_policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* CLEAN: nothing was warned of; what only a miscased key lets through is not printed so. */
static void check(const struct policy *p, bool clean)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct target t;
	target_default(&t);
	policy_load_check(p, &t, &d);
	policy_print(p, &text);
	if (clean && !policy_round_trips(p, NULL))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct policy **v;
	size_t n;
	if (policies_parse("fuzz", (struct str){(const char *)data, size}, &d, &v, &n))
		return 0;
	for (size_t i = 0; i < n; i++) {
		check(v[i], d.n == 0);
		policy_free(v[i]);
	}
	free(v);
	return 0;
}
