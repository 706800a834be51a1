/* SPDX-License-Identifier: GPL-2.0-only */
/* Files as they come: gzip or not, cut, with runtimes' prefixes. A text read from a file or from memory is the same lines. */
#include <assert.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "schema/ndjson_input.h"

enum { LINE_MAX_BYTES = 4096, LINES = 100000 };

static size_t drain(struct input *in, uint64_t *ret_bytes)
{
	struct input_line line;
	size_t n = 0;
	int got = 0;
	while (n < LINES && (got = input_next(in, &line)) > 0) {
		assert(line.end >= line.p);
		assert((size_t)(line.end - line.p) <= 2 * LINE_MAX_BYTES);
		n++;
	}
	if (got < 0)
		assert(input_error(in) && *input_error(in));
	*ret_bytes = input_bytes(in);
	input_close(in);
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	char name[64];
	int fd = memfd_create("fuzz", 0);
	assert(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	struct input *in = NULL;
	uint64_t bytes = 0;
	size_t from_file = 0;
	if (input_open(name, LINE_MAX_BYTES, 0, &d, &in) == 0)
		from_file = drain(in, &bytes);
	else
		assert(d.errors > 0);
	close(fd);
	bool packed = size >= 2 && data[0] == 0x1f && data[1] == 0x8b;
	if (packed || !in)
		return 0;
	uint64_t same = 0;
	size_t from_memory = drain(input_open_bytes((struct str){(const char *)data, size}, LINE_MAX_BYTES), &same);
	assert(from_file == from_memory && bytes == same);
	return 0;
}
