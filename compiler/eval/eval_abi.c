/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Is an image a 32-bit program? No export says so, and its system calls pass other hooks under other numbers, so a hook
 * sys_X or a number that another event implies is sure only where something shows the ABI: a call of the image that has a
 * line of its own, or one of the same program in the same container, or a library that it maps. An image that writes, while a
 * stream that records sys_write has no native call of it, may be another program of that name: the others' calls then
 * do not count. Reading ahead makes what comes later count as well.
 */
#include "compiler/eval/eval_form.h"
#include "schema/syscall.h"

enum { SEEN_IMAGES = 1 << 18, MAY_WRITE = 2 };

enum seen { NATIVE_CALL = 1, WROTE = 2, COMPAT_CALL = 4, TCP_CONNECTED = 8, NATIVE_LIBRARY = 16, EXEC_TOLD_LATE = 32, EXEC_WAITS = 64, SCHED_WAITS = 128 };

enum { WAITS = EXEC_WAITS | SCHED_WAITS };

static bool is_write(const struct event *ev)
{
	for (uint32_t i = 0; i < ev->nargs; i++)
		if (ev->args[i].kind == ARG_INT)
			return ev->args[i].number & MAY_WRITE;
	return false;
}

/* The argument of raw_syscalls names the ABI. */
static unsigned named_abi(const struct event *ev)
{
	for (uint32_t i = 0; i < ev->nargs; i++) {
		struct str abi = ev->args[i].type;
		if (ev->args[i].kind != ARG_SYSCALL)
			continue;
		if (str_eq(abi, STR("i386")) || str_eq(abi, STR("arm32")))
			return COMPAT_CALL;
		return str_eq(abi, STR("x64")) || str_eq(abi, STR("arm64")) ? NATIVE_CALL : 0;
	}
	return 0;
}

/* A 32-bit program cannot load these; their loader is mapped by whoever exec's them. */
static bool is_native_library(struct str path)
{
	static const struct str folders[] = {STR_INIT("/x86_64-linux-gnu/"), STR_INIT("/aarch64-linux-gnu/"), STR_INIT("/lib64/")};
	const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
	struct str last = slash ? str_skip(path, (size_t)(slash - path.p) + 1) : path;
	if (!last.n || str_starts(last, STR("ld-")) || !memmem(last.p, last.n, ".so", 3))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (memmem(path.p, path.n, folders[i].p, folders[i].n))
			return true;
	return false;
}

static bool maps_library(const struct event *ev)
{
	enum { PROT_EXECUTE = 4 };
	bool executable = false, native = false;
	for (uint32_t i = 0; i < ev->nargs; i++) {
		const struct arg *a = &ev->args[i];
		native |= a->kind == ARG_FILE && is_native_library(a->text);
		executable |= i == 1 && (a->kind == ARG_UINT || a->kind == ARG_INT) && (a->number & PROT_EXECUTE);
	}
	return executable && native;
}

static unsigned told_by(uint32_t site, const struct event *ev)
{
	unsigned seen = named_abi(ev);
	if (ev->section == HOOK_KPROBE && str_starts(ev->hook, STR("sys_")))
		seen |= ev->compat ? COMPAT_CALL : NATIVE_CALL;
	switch (site) {
	case SITE_FILE_PERMISSION:
		return seen | (is_write(ev) ? WROTE : 0);
	case SITE_TCP_CONNECT:
		return seen | TCP_CONNECTED;
	case SITE_MMAP_FILE:
		return seen | (maps_library(ev) ? NATIVE_LIBRARY : 0);
	case SITE_SCHED_EXEC:
		return seen | EXEC_TOLD_LATE;
	default:
		return seen;
	}
}

static void note_call(struct engine *e, const struct event *ev)
{
	int number = ev->policy.n && ev->section == HOOK_KPROBE && !ev->compat && str_starts(ev->hook, STR("sys_"))
		? syscall_number(e->target.arch == ARCH_ARM64 ? SYSCALL_ARM64 : SYSCALL_X86_64, ev->hook)
		: -1;
	if (number >= 0)
		e->recorded_calls[number / 64] |= UINT64_C(1) << (number % 64);
}

/* ---- by image, and by program and container ---- */

static bool note_seen(struct engine *e, struct str key, unsigned seen)
{
	if (!key.n || map_size(e->seen_keys) >= SEEN_IMAGES)
		return false;
	bool new;
	uint32_t i = map_add(e->seen_keys, key, &new);
	if (new)
		*VEC_PUSH(&e->seen) = 0;
	e->seen.v[i] |= (uint8_t)seen;
	return true;
}

static unsigned seen_of(const struct engine *e, struct str key)
{
	uint32_t i = key.n && map_size(e->seen_keys) ? map_find(e->seen_keys, key) : MAP_NONE;
	return i == MAP_NONE ? 0 : e->seen.v[i];
}

/* Empty where the path is not told, or is none. */
static struct str program_key(const struct engine *e, struct str container, struct str path, bool known)
{
	if (!known || !path.n)
		return (struct str){NULL, 0};
	buf_clear(e->key);
	buf_puts(e->key, "program ");
	buf_str(e->key, container);
	buf_putc(e->key, '\0');
	buf_str(e->key, path);
	return buf_view(e->key);
}

void eval_note_abi(struct engine *e, uint32_t site, const struct event *ev)
{
	const struct process *p = &ev->process;
	unsigned seen = told_by(site, ev);
	note_call(e, ev);
	if (!seen)
		return;
	note_seen(e, p->exec_id, seen);
	if (seen & (NATIVE_CALL | COMPAT_CALL | NATIVE_LIBRARY))
		note_seen(e, program_key(e, p->docker, p->path, p->path_known), seen);
}

bool eval_is_heard(const struct engine *e, struct str exec_id)
{
	return seen_of(e, exec_id) & NATIVE_CALL;
}

bool eval_told_late(const struct engine *e, struct str exec_id)
{
	return seen_of(e, exec_id) & EXEC_TOLD_LATE;
}

bool eval_is_waiting(const struct engine *e, struct str exec_id)
{
	return e->waiting && (seen_of(e, exec_id) & WAITS);
}

bool eval_note_waiting(struct engine *e, struct str exec_id, enum waits_for what)
{
	bool noted = !eval_is_waiting(e, exec_id) && note_seen(e, exec_id, what == WAITS_FOR_PATH ? EXEC_WAITS : SCHED_WAITS);
	e->waiting += noted;
	return noted;
}

enum waits_for eval_waited(struct engine *e, struct str exec_id)
{
	if (!eval_is_waiting(e, exec_id))
		return WAITS_FOR_NOTHING;
	uint8_t *seen = &e->seen.v[map_find(e->seen_keys, exec_id)];
	enum waits_for what = *seen & EXEC_WAITS ? WAITS_FOR_PATH : WAITS_FOR_LINE;
	*seen &= (uint8_t)~(unsigned)WAITS;
	e->waiting--;
	return what;
}

bool eval_is_silent(const struct engine *e, struct str exec_id)
{
	/* Where the room was too small for all, what is missing tells nothing. */
	return e->read_ahead && e->at.v[SITE_SCHED_EXEC].recorded && map_size(e->seen_keys) < SEEN_IMAGES &&
	       !eval_told_late(e, exec_id);
}

bool eval_never_tcp(const struct engine *e, struct str exec_id)
{
	unsigned seen = seen_of(e, exec_id) & ~(unsigned)(EXEC_TOLD_LATE | WAITS);
	return e->at.v[SITE_TCP_CONNECT].recorded && seen && !(seen & TCP_CONNECTED);
}

/* ---- the answer ---- */

void engine_compat(struct engine *e, struct str path)
{
	e->compat_told = true;
	if (path.n)
		map_add(e->compat, path, NULL);
}

/* A fork's calls are made by the program of its parent. */
static unsigned seen_of_image(const struct engine *e, struct str exec_id)
{
	enum { FORKS = 8 };
	unsigned seen = seen_of(e, exec_id);
	for (int i = 0; i < FORKS; i++) {
		const struct process_image *image = processes_find(e->processes, exec_id);
		if (!image || !image->fork_only)
			break;
		exec_id = image->parent_id;
		seen |= seen_of(e, exec_id);
	}
	return seen;
}

enum abi eval_abi(const struct engine *e, const struct record *r)
{
	if (r->known && map_size(e->compat) && map_find(e->compat, r->path) != MAP_NONE)
		return ABI_COMPAT;
	unsigned image = seen_of_image(e, r->image);
	if (image & NATIVE_CALL)
		return ABI_NATIVE;
	if (image & COMPAT_CALL)
		return ABI_COMPAT;
	if (image & NATIVE_LIBRARY)
		return ABI_NATIVE;
	bool unheard = e->at.v[SITE_SYS_WRITE].recorded && (image & WROTE);
	unsigned program = seen_of(e, program_key(e, r->container, r->path, r->known));
	bool shown = !unheard && !(program & COMPAT_CALL) && (program & (NATIVE_CALL | NATIVE_LIBRARY));
	return shown || e->compat_told ? ABI_NATIVE : ABI_UNKNOWN;
}
