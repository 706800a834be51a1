/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Is an image a native program? The hooks sys_X are those of native calls: an image that writes, as the security
 * hooks tell, while a stream that records sys_write has no native call of it, may be a 32-bit program. It may as
 * well write by other calls, so this makes a verdict unknown, never another one. Only a stream that is read twice tells.
 */
#include "compiler/eval_form.h"

enum { ABI_IMAGES = 1 << 18, MAY_WRITE = 2 };

enum abi_seen { ABI_NATIVE_CALL = 1, ABI_WROTE = 2 };

static bool is_write(const struct event *ev)
{
	for (uint32_t i = 0; i < ev->nargs; i++)
		if (ev->args[i].kind == ARG_INT)
			return ev->args[i].number & MAY_WRITE;
	return false;
}

void eval_note_abi(struct engine *e, uint32_t site, const struct event *ev)
{
	bool call = ev->section == HOOK_KPROBE && str_starts(ev->hook, STR("sys_"));
	bool wrote = site == SITE_FILE_PERMISSION && is_write(ev);
	if (!ev->process.exec_id.n || !(call || wrote) || map_size(e->abis) >= ABI_IMAGES)
		return;
	bool new;
	uint32_t i = map_add(e->abis, ev->process.exec_id, &new);
	if (new)
		*VEC_PUSH(&e->abi_seen) = 0;
	e->abi_seen.v[i] |= (uint8_t)(call ? ABI_NATIVE_CALL : ABI_WROTE);
}

bool eval_maybe_foreign(const struct engine *e, const struct event *ev)
{
	if (!map_size(e->abis) || !e->at.v[SITE_SYS_WRITE].recorded)
		return false;
	uint32_t i = map_find(e->abis, ev->process.exec_id);
	return i != MAP_NONE && e->abi_seen.v[i] == ABI_WROTE;
}

void engine_compat(struct engine *e, struct str path)
{
	map_add(e->compat, path, NULL);
}

bool eval_is_compat(const struct engine *e, const struct process *image)
{
	return e->target.arch == ARCH_X86_64 && map_size(e->compat) && image->path_known &&
	       map_find(e->compat, image->path) != MAP_NONE;
}
