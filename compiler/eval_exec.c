/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An exec passes the entry of its system call, the bprm hooks, sched_process_exec and the exit of the call: the first with the
 * caller's old record, the last two with the new one.
 */
#include "compiler/eval_hit.h"

enum { MOST_SYSCALL = 1023, NUMBER_EXECVE_32 = 11, NUMBER_EXECVE_X86 = 59, NUMBER_EXECVE_ARM64 = 221 };

static void exec_number(const struct engine *e, const struct event *ev, struct hit *h)
{
	/* Successful exec calls all read as execve's number in the ABI of the new image: taken for native unless its calls tell. */
	if (e->target.arch == ARCH_ARM64) {
		hit_number(h, 4, NUMBER_EXECVE_ARM64);
	} else if (eval_is_compat(e, &ev->process)) {
		hit_number(h, 4, NUMBER_EXECVE_32);
	} else if (eval_maybe_foreign(e, ev)) {
		hit_between(h, 4, (struct str){NULL, 0}, NUMBER_EXECVE_32, NUMBER_EXECVE_X86);
		h->slots[h->n - 1].unsure = "the new image makes no native calls: it may be a 32-bit program, whose exec "
					    "returns as 11 and not as 59";
	} else {
		hit_number(h, 4, NUMBER_EXECVE_X86);
	}
	hit_number(h, 5, 0);
}

/* Whoever does anything makes system calls, and returns from them. */
void exec_other_calls(struct engine *e, struct hits *hits, const struct process *who)
{
	static const uint32_t sites[] = {SITE_SYS_ENTER, SITE_SYS_EXIT};
	for (size_t i = 0; i < ARRAY_SIZE(sites); i++) {
		struct hit *h = e->at.v[sites[i]].recorded ? NULL : hit_add(e, hits, sites[i], who);
		if (!h)
			continue;
		hit_between(h, 4, (struct str){NULL, 0}, 0, MOST_SYSCALL);
		h->slots[h->n - 1].not_exec = true;
	}
}

/* The caller's record as the process filters see it before the exec. */
static struct process caller_of(struct engine *e, const struct event *ev)
{
	struct process caller = {.pid = ev->process.pid};
	const struct process_image *image = processes_caller(e->processes, ev);
	if (image) {
		caller.path = image->path;
		caller.path_known = true;
	} else if (ev->has_parent && ev->parent.path_known) {
		caller.path = ev->parent.path;
		caller.path_known = true;
	} else if (ev->has_parent) {
		caller.filename = ev->parent.filename;
		hit_presume(e, &caller);
	}
	return caller;
}

static void bprm_hit(struct engine *e, struct hits *hits, uint32_t site, uint8_t index,
		     const struct process *caller, struct str file, bool known)
{
	struct hit *h = hit_add(e, hits, site, caller);
	if (!h)
		return;
	hit_path(h, index, file, known);
	hit_link_count(h, 0, file, known);
	h->new_image = true;
}

static void bprm_hits(struct engine *e, const struct event *ev, const struct process *caller,
		      struct hits *hits)
{
	bool script = ev->tags & TAG_SCRIPT;
	struct str first = script ? ev->path : ev->process.path;
	bool known = ev->process.path_known && (!script || ev->path_known);
	const struct process_image *image = processes_find(e->processes, ev->process.exec_id);
	bool told = image && image->checked;
	if (!told || !e->at.v[SITE_CREDS_FOR_EXEC].recorded)
		bprm_hit(e, hits, SITE_CREDS_FOR_EXEC, 0, caller, first, known);
	if (!told || !e->at.v[SITE_BPRM_CHECK].recorded) {
		bprm_hit(e, hits, SITE_BPRM_CHECK, 0, caller, first, known);
		if (script)
			bprm_hit(e, hits, SITE_BPRM_CHECK, 0, caller, ev->process.path, ev->process.path_known);
	}
	if (!told || !e->at.v[SITE_CREDS_FROM_FILE].recorded)
		bprm_hit(e, hits, SITE_CREDS_FROM_FILE, 1, caller, ev->process.path, ev->process.path_known);
	if (!told || !e->at.v[SITE_COMMITTING_CREDS].recorded)
		bprm_hit(e, hits, SITE_COMMITTING_CREDS, 0, caller, ev->process.path, ev->process.path_known);
	if (!told || !e->at.v[SITE_COMMITTED_CREDS].recorded)
		bprm_hit(e, hits, SITE_COMMITTED_CREDS, 0, caller, ev->process.path, ev->process.path_known);
}

/* The entry hook of the call. Where the stream records it and was not silent about this exec, no line means another entry. */
void exec_entry_hits(struct engine *e, const struct event *ev, struct hits *hits)
{
	struct process made = caller_of(e, ev), *caller = &made;
	const struct process_image *image = processes_find(e->processes, ev->process.exec_id);
	bool audible = !e->at.v[SITE_BPRM_CHECK].recorded || (image && image->checked);
	if (e->at.v[SITE_SYS_EXECVE].recorded && audible)
		return;
	bool compat = eval_is_compat(e, caller);   /* its calls enter by other symbols */
	struct hit *h = compat ? NULL : hit_add(e, hits, SITE_SYS_EXECVE, caller);
	if (h)
		hit_slot(h, SLOT_STRING, 0)->text = ev->process.filename;   /* as typed: not told exactly */
	if (e->at.v[SITE_SYS_ENTER].recorded || !(h = hit_add(e, hits, SITE_SYS_ENTER, caller)))
		return;
	if (compat)
		hit_number(h, 4, NUMBER_EXECVE_32);
	else
		hit_between(h, 4, (struct str){NULL, 0}, 59, 322);
}

void exec_hits(struct engine *e, const struct event *ev, struct hits *hits)
{
	struct process caller = caller_of(e, ev);
	struct hit *h;
	size_t from = hits->n;
	exec_other_calls(e, hits, &caller);
	bprm_hits(e, ev, &caller, hits);
	if (!e->at.v[SITE_SCHED_EXEC].recorded && (h = hit_add(e, hits, SITE_SCHED_EXEC, &ev->process))) {
		hit_path(h, 2, ev->process.path, ev->process.path_known);
		hit_link_count(h, 2, ev->process.path, ev->process.path_known);
		h->new_image = true;
	}
	if (!e->at.v[SITE_SYS_EXIT].recorded && (h = hit_add(e, hits, SITE_SYS_EXIT, &ev->process))) {
		exec_number(e, ev, h);
		h->new_image = true;
	}
	exec_other_calls(e, hits, &ev->process);
	for (; from < hits->n; from++)
		hits->v[from].exec = true;
}
