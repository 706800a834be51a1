/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Is an image a native program? The hooks sys_X are those of native calls: an image that writes, as the security
 * hooks tell, while a stream that records sys_write has no native call of it, may be a 32-bit program. It may as
 * well write by other calls, so this makes a verdict unknown, never another one; a line of a 32-bit call settles it. Only a stream
 * that is read twice tells.
 */
#include "compiler/eval_form.h"
#include "schema/syscall.h"

enum { ABI_IMAGES = 1 << 18, MAY_WRITE = 2 };

enum abi_seen { ABI_NATIVE_CALL = 1, ABI_WROTE = 2, ABI_COMPAT_CALL = 4, TCP_CONNECTED = 8 };

static bool is_write(const struct event *ev)
{
	for (uint32_t i = 0; i < ev->nargs; i++)
		if (ev->args[i].kind == ARG_INT)
			return ev->args[i].number & MAY_WRITE;
	return false;
}

/* The argument of raw_syscalls names the ABI. */
static bool is_compat_number(const struct event *ev)
{
	for (uint32_t i = 0; i < ev->nargs; i++)
		if (ev->args[i].kind == ARG_SYSCALL)
			return str_eq(ev->args[i].type, STR("i386")) || str_eq(ev->args[i].type, STR("arm32"));
	return false;
}

static void note_call(struct engine *e, const struct event *ev)
{
	int number = ev->policy.n && ev->section == HOOK_KPROBE && !ev->compat && str_starts(ev->hook, STR("sys_"))
		? syscall_number(e->target.arch == ARCH_ARM64 ? SYSCALL_ARM64 : SYSCALL_X86_64, ev->hook)
		: -1;
	if (number >= 0)
		e->recorded_calls[number / 64] |= UINT64_C(1) << (number % 64);
}

void eval_note_abi(struct engine *e, uint32_t site, const struct event *ev)
{
	bool call = ev->section == HOOK_KPROBE && str_starts(ev->hook, STR("sys_"));
	bool compat = (call && ev->compat) || is_compat_number(ev);
	note_call(e, ev);
	bool wrote = site == SITE_FILE_PERMISSION && is_write(ev);
	if (!ev->process.exec_id.n || !(call || wrote || compat || site == SITE_TCP_CONNECT) || map_size(e->abis) >= ABI_IMAGES)
		return;
	bool new;
	uint32_t i = map_add(e->abis, ev->process.exec_id, &new);
	if (new)
		*VEC_PUSH(&e->abi_seen) = 0;
	e->abi_seen.v[i] |= (uint8_t)(compat ? ABI_COMPAT_CALL : call ? ABI_NATIVE_CALL
				       : site == SITE_TCP_CONNECT ? TCP_CONNECTED : ABI_WROTE);
}

static uint8_t seen_of(const struct engine *e, struct str exec_id)
{
	uint32_t i = map_size(e->abis) ? map_find(e->abis, exec_id) : MAP_NONE;
	return i == MAP_NONE ? 0 : e->abi_seen.v[i];
}

bool eval_maybe_foreign(const struct engine *e, const struct event *ev)
{
	return e->at.v[SITE_SYS_WRITE].recorded && (seen_of(e, ev->process.exec_id) & (ABI_WROTE | ABI_NATIVE_CALL)) == ABI_WROTE;
}

bool eval_is_heard(const struct engine *e, struct str exec_id)
{
	return seen_of(e, exec_id) & ABI_NATIVE_CALL;
}

void engine_compat(struct engine *e, struct str path)
{
	map_add(e->compat, path, NULL);
}

bool eval_is_compat(const struct engine *e, const struct record *image)
{
	if (e->target.arch != ARCH_X86_64)
		return false;
	uint8_t seen = seen_of(e, image->image);
	if (seen & ABI_COMPAT_CALL && !(seen & ABI_NATIVE_CALL))
		return true;
	return map_size(e->compat) && image->known && map_find(e->compat, image->path) != MAP_NONE;
}

bool eval_never_tcp(const struct engine *e, struct str exec_id)
{
	uint8_t seen = seen_of(e, exec_id);
	return e->at.v[SITE_TCP_CONNECT].recorded && seen && !(seen & TCP_CONNECTED);
}
