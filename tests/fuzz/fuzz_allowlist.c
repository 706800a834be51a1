/* SPDX-License-Identifier: GPL-2.0-only */
/* Any bytes: refused with reasons, or a document whose print reads back to the same print. */
#include <assert.h>

#include "schema/allowlist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP(allowlist_free) struct allowlist *a = NULL, *again = NULL;
	if (allowlist_parse("fuzz", (struct str){(const char *)data, size}, &d, &a)) {
		assert(d.errors > 0);
		return 0;
	}
	allowlist_normalize(a);
	CLEANUP_BUF struct buf first = BUF_INIT, second = BUF_INIT;
	allowlist_print(a, &first);
	int err = allowlist_parse("printed", buf_view(&first), &d, &again);
	if (err)
		diag_print(&d);
	assert(err == 0);
	allowlist_normalize(again);
	allowlist_print(again, &second);
	assert(str_eq(buf_view(&first), buf_view(&second)));
	return 0;
}
