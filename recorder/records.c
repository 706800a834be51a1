/* SPDX-License-Identifier: GPL-2.0-only */
/* Lengths first, then the limits that translate() sizes its buffer by, so that nothing it lends out moves. */
#include "recorder/records.h"

#include "schema/guard.h"

static bool exec_valid(const struct wire_exec *e, size_t n)
{
	return e->filename_length <= WIRE_FILENAME_MAX && e->argv_length <= WIRE_ARGV_MAX &&
	       e->cwd_length <= WIRE_PATH_MAX &&
	       n == sizeof(*e) + e->filename_length + e->argv_length + e->cwd_length;
}

bool wire_valid(const struct wire_header *h, size_t n)
{
	static const size_t fixed[WIRE_KIND_COUNT] = {
		[WIRE_IMAGE] = sizeof(struct wire_header),    [WIRE_CGROUP] = sizeof(struct wire_header),
		[WIRE_EXEC] = sizeof(struct wire_exec),       [WIRE_EXIT] = sizeof(struct wire_exit),
		[WIRE_FORK] = sizeof(struct wire_fork),       [WIRE_FILE] = sizeof(struct wire_header),
		[WIRE_CONNECT] = sizeof(struct wire_connect), [WIRE_AGAIN] = sizeof(struct wire_header),
		[WIRE_UNIX] = sizeof(struct wire_header),     [WIRE_GUARD] = sizeof(struct wire_header),
		[WIRE_BIND] = sizeof(struct wire_connect),    [WIRE_BIND_UNIX] = sizeof(struct wire_header),
	};
	if (n < sizeof(*h) || h->length != n || h->kind >= WIRE_KIND_COUNT || !fixed[h->kind] ||
	    n < fixed[h->kind])
		return false;
	switch (h->kind) {
	case WIRE_EXEC:
		return exec_valid((const struct wire_exec *)h, n);
	case WIRE_BIND:
	case WIRE_CONNECT: {
		uint8_t family = ((const struct wire_connect *)h)->family;
		return n == fixed[h->kind] && (family == 4 || family == 6);
	}
	case WIRE_IMAGE:
	case WIRE_CGROUP:
	case WIRE_FILE:
	case WIRE_UNIX:
	case WIRE_BIND_UNIX:
		return n <= sizeof(*h) + WIRE_PATH_MAX;
	case WIRE_GUARD:
		return n <= sizeof(*h) + WIRE_PATH_MAX && h->access < GUARD_COUNT;
	}
	return n == fixed[h->kind];
}

struct str wire_text(const struct wire_header *h)
{
	return (struct str){(const char *)(h + 1), h->length - sizeof(*h)};
}
