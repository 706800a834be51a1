/* SPDX-License-Identifier: GPL-2.0-only */
/* Images: arbitrary bytes are refused with a reason or load into something that can be asked. */
#include "compiler/image_eval.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP(image_free) struct image *i = NULL;
	if (image_load("fuzz", (struct str){(const char *)data, size}, &d, &i))
		return 0;
	struct event ev = {.kind = KIND_EXEC, .has_parent = true};
	ev.process = (struct process){.path = STR("/usr/bin/node"), .path_known = true};
	ev.parent = ev.process;
	image_judge(i, &ev);
	ev.kind = KIND_FILE;
	ev.path = STR("/etc/passwd");
	ev.path_known = true;
	ev.access = ACCESS_WRITE;
	image_judge(i, &ev);
	ev.kind = KIND_CONNECT;
	ev.address = (struct address){.bytes = {10, 0, 0, 1}, .family = 4, .port = 443};
	image_judge(i, &ev);
	return 0;
}
