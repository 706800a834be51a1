/* SPDX-License-Identifier: GPL-2.0-only */
/* Any bytes as policies: what is taken prints, reads back and prints the same, and passes the load check unharmed. */
#include "schema/policy_load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* CLEAN: nothing was warned of; what only a miscased key lets through is not printed so. */
static void check(const struct policy *p, bool clean)
{
	CLEANUP_BUF struct buf one = BUF_INIT, two = BUF_INIT;
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct policy **again;
	struct target t;
	size_t n;
	target_default(&t);
	policy_load_check(p, &t, &d);
	policy_print(p, &one);
	if (!clean)
		return;
	if (policies_parse("again", buf_view(&one), &d, &again, &n) || n != 1)
		abort();
	policy_print(again[0], &two);
	if (!str_eq(buf_view(&one), buf_view(&two)))
		abort();
	policy_free(again[0]);
	free(again);
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
