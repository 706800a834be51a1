/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which hooks an event hits, with which arguments.
 *
 * A hook line is a hit of its hook with its recorded arguments (direct). Beyond that, a meaning implies hooks that the
 * stream did not report: an exec passes sys_execve, bprm_check, sched_process_exec, sys_exit; an open for
 * writing is followed by writes. So that one operation is not judged twice by one hook:
 *
 *	- a hook that the stream records anywhere is not implied by opens and connects (an open that is never
 *	  written through would otherwise be judged as a write);
 *	- an exec line implies the bprm hooks unless their lines came for this very exec: a recording policy
 *	  may have been silent for its caller;
 *	- an exec whose path only a later sched_process_exec line tells is judged at that line: reading ahead tells whether
 *	  it comes; where nobody read so far, it is judged without the path at the next line of the image if that is another one.
 *
 * engine_records() lets the caller tell beforehand what a stream records; without it the engine learns as it goes.
 */
#include "compiler/eval/eval_hit.h"
#include "schema/syscall.h"

static bool is_inventory(const struct event *ev)
{
	return (ev->tags & TAG_INVENTORY) ||
	       (ev->process.flags.n && memmem(ev->process.flags.p, ev->process.flags.n, "procFS", 6));
}

/*
 * The line of sched_process_exec may come or not: until then nothing is said of that hook. Who waits depends on the stream alone, not on
 * the policies: two engines before one stream have the same execs left at its end.
 */
static void sched_may_come(struct engine *e, const struct event *ev, struct hits *hits)
{
	const struct site_hooks *at = &e->at.v[SITE_SCHED_EXEC];
	if (at->recorded && !e->read_ahead && !eval_told_late(e, ev->process.exec_id) && !eval_wait(e, ev, WAITS_FOR_LINE))
		exec_sched_hit(e, ev, hits);
}

static void implied_hits(struct engine *e, const struct event *ev, uint32_t site, bool later, struct hits *hits)
{
	switch (ev->kind) {
	case KIND_EXEC:
		if (is_inventory(ev))
			return;
		if (e->hooks_exec)
			exec_entry_hits(e, ev, hits);
		if (later)
			return;
		if (e->hooks_exec)
			exec_hits(e, ev, hits);
		sched_may_come(e, ev, hits);
		return;
	case KIND_FILE:
		imply_file_hits(e, ev, site, hits);
		break;
	case KIND_CONNECT:
		imply_connect_hits(e, ev, site, hits);
		break;
	case KIND_GUARD:
		if (site == SITE_NONE)
			imply_guard_hits(e, ev, hits);
		break;
	case KIND_HOOK:
		break;
	default:
		return;
	}
	const struct process_image *image = site == SITE_SCHED_EXEC
		? processes_find(e->processes, ev->process.exec_id) : NULL;
	if (image && image->path_late) {
		struct event exec = *ev;
		exec.kind = KIND_EXEC;
		exec_hits(e, &exec, hits);
	}
}

/* Whoever is seen to do something made calls before, and mostly is in one: what was told there holds for this line. */
static void calls_before(struct engine *e, const struct event *ev, uint32_t site, struct hits *hits)
{
	bool hooked = e->at.v[SITE_SYS_ENTER].n || e->at.v[SITE_SYS_EXIT].n;
	bool acts = ev->kind == KIND_FILE || ev->kind == KIND_CONNECT || ev->kind == KIND_GUARD || ev->kind == KIND_HOOK;
	if (!hooked || !acts || site == SITE_SYS_EXIT || site == SITE_SYS_ENTER || site == SITE_SCHED_EXEC)
		return;
	struct record who = hit_record(&ev->process);
	exec_other_calls(e, hits, &who);
}

/* The entry of a system call passes raw_syscalls too, before it, and so does its exit. */
static void call_hit(struct engine *e, const struct event *ev, uint32_t site, struct hits *hits)
{
	enum { NUMBER = 4, RETURNED = 5 };
	int number = ev->section == HOOK_KPROBE && str_starts(ev->hook, STR("sys_"))
		? syscall_number(e->target.arch == ARCH_ARM64 ? SYSCALL_ARM64 : ev->compat ? SYSCALL_I386 : SYSCALL_X86_64,
				 ev->hook)
		: -1;
	/* A successful exec returns as another image, with a number of its own: the exec line tells. */
	bool exec = str_starts(ev->hook, STR("sys_execve")) && site == SITE_SYS_EXIT;
	if (number < 0 || exec || e->at.v[site].recorded)
		return;
	struct hit *h = hit_by(e, hits, site, &ev->process);
	if (!h)
		return;
	hit_number(h, NUMBER, number);
	h->slots[0].compat = ev->compat;
	if (ev->has_returned && site == SITE_SYS_EXIT)
		hit_number(h, RETURNED, ev->returned);
}

/* These do not return. */
static bool ends_process(struct str call)
{
	return str_eq(call, STR("sys_exit")) || str_eq(call, STR("sys_exit_group"));
}

/* ... and the tracepoint of the exit of this very call, which is for native ones. */
static void call_exit(struct engine *e, const struct event *ev, struct hits *hits)
{
	bool call = ev->section == HOOK_KPROBE && str_starts(ev->hook, STR("sys_")) && !ev->compat;
	if (!e->hooks_exits || !call || ends_process(ev->hook) || str_starts(ev->hook, STR("sys_execve")))
		return;
	struct record who = hit_record(&ev->process);
	int number = syscall_number(e->target.arch == ARCH_ARM64 ? SYSCALL_ARM64 : SYSCALL_X86_64, ev->hook);
	if (number >= 0)
		hit_call_exit(e, hits, str_skip(ev->hook, strlen("sys_")), &who, number, ev->has_returned ? &ev->returned : NULL);
}

/* The name of a script is not that of the program that runs it. */
static void name_path(const struct engine *e, struct event *ev)
{
	struct process *p = &ev->process;
	struct str path;
	if (p->path_known || !eval_named(e, p->docker, p->filename, &path))
		return;
	const struct process_image *image = p->exec_id.n ? processes_find(e->processes, p->exec_id) : NULL;
	bool script = image ? image->script : ev->kind == KIND_EXEC && (ev->tags & TAG_SCRIPT);
	if (!script) {
		p->path = path;
		p->path_known = true;
	} else if (ev->kind == KIND_EXEC) {
		ev->path = path;
		ev->path_known = true;
	}
}

/* An exec whose path a later line tells waits for it; for one that may come, until another line of the image comes. */
static bool waits(struct engine *e, const struct event *ev)
{
	if (ev->kind != KIND_EXEC || ev->process.path_known || is_inventory(ev) || !e->at.v[SITE_SCHED_EXEC].recorded)
		return false;
	return eval_told_late(e, ev->process.exec_id) || (!e->read_ahead && eval_wait(e, ev, WAITS_FOR_PATH));
}

void eval_late_hits(struct engine *e, struct event *exec, enum waits_for what, struct hits *hits)
{
	name_path(e, exec);
	if (what == WAITS_FOR_PATH)
		exec_hits(e, exec, hits);
	if (what && e->at.v[SITE_SCHED_EXEC].recorded)
		exec_sched_hit(e, exec, hits);
}

/* The line is not the one that an exec waited for: it is judged as it was told. */
static void waited_hits(struct engine *e, const struct event *ev, uint32_t site, struct hits *hits)
{
	struct event exec = *ev;
	exec.kind = KIND_EXEC;
	if (ev->kind == KIND_EXEC && ev->has_parent) {
		exec.process = ev->parent;
		eval_late_hits(e, &exec, eval_waited(e, ev->parent.exec_id), hits);
	} else if (ev->kind != KIND_EXEC) {
		enum waits_for what = eval_waited(e, ev->process.exec_id);
		if (site != SITE_SCHED_EXEC)
			eval_late_hits(e, &exec, what, hits);
	}
}

void eval_hits(struct engine *e, struct event *ev, uint32_t site, struct hits *hits)
{
	bool later = waits(e, ev);
	if (!later)
		name_path(e, ev);
	if (e->waiting)
		waited_hits(e, ev, site, hits);
	calls_before(e, ev, site, hits);
	call_hit(e, ev, SITE_SYS_ENTER, hits);
	if (site != SITE_NONE)
		line_hit(e, ev, site, hits);
	call_hit(e, ev, SITE_SYS_EXIT, hits);
	call_exit(e, ev, hits);
	implied_hits(e, ev, site, later, hits);
}
