/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Images: arbitrary bytes are refused with a reason or load into something that can be asked and listed. Bytes whose digest is
 * wrong are tried with the right one as well, since anybody can compute it: what else is wrong must be found.
 */
#include <elf.h>

#include "compiler/image/image_eval.h"
#include "compiler/image/image_rules.h"
#include "schema/base/sha256.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const struct image *i)
{
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
	ev.kind = KIND_GUARD;
	ev.guard = STR("bpf");
	image_judge(i, &ev);
	CLEANUP(arena_free) struct arena *arena = arena_new();
	image_rules_of(i, arena);
}

static void load(struct str bytes)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP(image_free) struct image *i = NULL;
	int r = image_load("fuzz", bytes, &d, &i);
	if (r ? !d.errors : d.errors != 0)
		__builtin_trap();
	if (!r)
		ask(i);
}

/* The digest is the end of the first section, where 'stakeout compile' puts it. */
static void load_resealed(const uint8_t *data, size_t size)
{
	Elf64_Ehdr e;
	Elf64_Shdr h;
	if (size < sizeof(e))
		return;
	memcpy(&e, data, sizeof(e));
	if (e.e_shoff > size || size - e.e_shoff < 2 * sizeof(h))
		return;
	memcpy(&h, data + e.e_shoff + sizeof(h), sizeof(h));
	if (h.sh_offset > size || h.sh_size > size - h.sh_offset || h.sh_size < SHA256_SIZE)
		return;
	CLEANUP_BUF struct buf b = BUF_INIT;
	uint8_t digest[SHA256_SIZE];
	buf_add(&b, data, size);
	char *place = b.p + h.sh_offset + h.sh_size - SHA256_SIZE;
	memset(place, 0, SHA256_SIZE);
	sha256(b.p, b.n, digest);
	memcpy(place, digest, SHA256_SIZE);
	load(buf_view(&b));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	load((struct str){(const char *)data, size});
	load_resealed(data, size);
	return 0;
}
