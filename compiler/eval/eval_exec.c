/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An exec passes the entry of its system call, the bprm hooks, sched_process_exec and the exit of the call: the first with the
 * caller's old record, the last two with the new one.
 */
#include "compiler/eval/eval_hit.h"

enum { NUMBER_EXECVE_32 = 11, NUMBER_EXECVE_X86 = 59, NUMBER_EXECVEAT_X86 = 322, NUMBER_EXECVE_ARM64 = 221,
       NUMBER_EXECVEAT_32 = 358, NUMBER_EXECVEAT_ARM64 = 281 };

static const char maybe_execveat[] = "the events do not tell whether it was execve or execveat";
static const char maybe_compat[] = "the events do not tell whether it is a 32-bit program, whose calls enter elsewhere and have other numbers";

/* A number of NATIVE ones, or of COMPAT ones in a 32-bit program. */
static void abi_number(const struct engine *e, struct hit *h, const struct record *whose, const int64_t native[2],
		       const int64_t compat[2])
{
	enum abi abi = eval_abi(e, whose);
	const int64_t *told = abi == ABI_COMPAT ? compat : native;
	hit_between(h, 4, (struct str){NULL, 0}, told[0], told[1]);
	struct slot *s = &h->slots[h->n - 1];
	s->compat = abi == ABI_COMPAT;
	s->or_compat = abi == ABI_UNKNOWN;
	s->compat_low = compat[0];
	s->compat_high = compat[1];
	s->unsure = abi == ABI_UNKNOWN ? maybe_compat : NULL;
}

/*
 * Successful exec calls all read as execve: on x86 by the ABI of the new image, of which the exec makes the caller one, on arm64 by
 * that of the caller.
 */
static void exec_number(const struct engine *e, const struct record *caller, struct hit *h)
{
	static const int64_t x86[] = {NUMBER_EXECVE_X86, NUMBER_EXECVE_X86}, arm64[] = {NUMBER_EXECVE_ARM64, NUMBER_EXECVE_ARM64},
			     compat[] = {NUMBER_EXECVE_32, NUMBER_EXECVE_32};
	bool arm = e->target.arch == ARCH_ARM64;
	abi_number(e, h, arm ? caller : &h->record, arm ? arm64 : x86, compat);
	hit_number(h, 5, 0);
}

/* Whoever does anything makes system calls, and returns from them. */
void exec_other_calls(struct engine *e, struct hits *hits, const struct record *who)
{
	static const uint32_t sites[] = {SITE_SYS_ENTER, SITE_SYS_EXIT};
	for (size_t i = 0; i < ARRAY_SIZE(sites); i++) {
		struct hit *h = e->at.v[sites[i]].recorded ? NULL : hit_add(e, hits, sites[i], who);
		if (!h)
			continue;
		static const int64_t any[] = {0, CALLS - 1};
		abi_number(e, h, who, any, any);
		struct slot *number = &h->slots[h->n - 1];
		number->not_exec = true;
		number->never = eval_is_heard(e, who->image) ? e->recorded_calls : NULL;
	}
}

/* The caller's record as the process filters see it before the exec. */
void exec_caller(struct engine *e, const struct event *ev, struct record *ret)
{
	*ret = (struct record){.pid = ev->process.pid, .thread = ev->process.tid ? ev->process.tid : ev->process.pid,
			   .container = ev->process.docker};
	struct process_caller told;
	if (processes_caller(e->processes, ev, &told)) {
		ret->image = told.image;
		ret->forked = told.forked;
		ret->path = told.path;
		ret->known = told.path_known;
	}
	if (ret->known || !ev->has_parent)
		return;
	ret->path = ev->parent.path;
	ret->known = ev->parent.path_known;
	const struct process_image *parent = processes_find(e->processes, ev->parent.exec_id);
	if (!ret->known && !(parent && parent->script))
		ret->known = eval_named(e, ev->parent.docker, ev->parent.filename, &ret->path);
}

static void bprm_hit(struct engine *e, struct hits *hits, uint32_t site, uint8_t index,
		     const struct record *caller, struct str file, bool known, uint32_t tags)
{
	struct hit *h = hit_new(e, hits, site, caller);
	hit_path(h, index, file, known);
	hit_link_count(h, 0, file, known);
	/* A script's caller is hit at each step to the interpreter, and dies as it is. */
	bool early = site == SITE_CREDS_FOR_EXEC || site == SITE_BPRM_CHECK;
	h->new_image = !(early && (tags & TAG_SCRIPT));
}

/* A script's exec passes bprm_check once more, with its interpreter, and the hooks behind it with that alone. */
static void bprm_hits(struct engine *e, const struct event *ev, const struct record *caller, struct hits *hits)
{
	static const struct {
		uint32_t site;
		uint8_t index;
		bool script, program;   /* it is shown */
	} steps[] = {
		{SITE_CREDS_FOR_EXEC, 0, true, false},   {SITE_BPRM_CHECK, 0, true, true},
		{SITE_CREDS_FROM_FILE, 1, false, true},  {SITE_COMMITTING_CREDS, 0, false, true},
		{SITE_COMMITTED_CREDS, 0, false, true},
	};
	bool script = ev->tags & TAG_SCRIPT;
	const struct process *p = &ev->process;
	const struct process_image *image = processes_find(e->processes, p->exec_id);
	bool told = image && image->checked;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		uint32_t site = steps[i].site;
		if (!e->at.v[site].n || (told && e->at.v[site].recorded))
			continue;
		if (script && steps[i].script)
			bprm_hit(e, hits, site, steps[i].index, caller, ev->path, ev->path_known, ev->tags);
		if (!script || steps[i].program)
			bprm_hit(e, hits, site, steps[i].index, caller, p->path, p->path_known, ev->tags);
	}
}

/*
 * The line tells the name made absolute: it was typed so, or relative to the working folder. What execveat takes from a
 * descriptor it calls /dev/fd/N, or /dev/fd/N/NAME.
 */
static void typed_name(struct hit *h, const struct event *ev)
{
	bool at = h->site == SITE_SYS_EXECVEAT;
	struct slot *s = hit_slot(h, SLOT_STRING, at);
	struct str name = ev->process.filename, cwd = ev->process.cwd;
	s->known = name.n && name.p[0] == '/' && !(ev->tags & TAG_PATH_CUT);
	s->text = name;
	if (at && str_starts(name, STR("/dev/fd/"))) {
		struct str rest = str_skip(name, strlen("/dev/fd/"));
		const char *slash = rest.n ? memchr(rest.p, '/', rest.n) : NULL;
		s->text = slash ? str_skip(rest, (size_t)(slash - rest.p) + 1) : (struct str){"", 0};
		return;
	}
	if (!cwd.n || !str_starts(name, cwd))
		return;
	struct str rest = str_skip(name, cwd.n);
	s->other = str_starts(rest, STR("/")) ? str_skip(rest, 1) : str_eq(cwd, STR("/")) ? rest : (struct str){NULL, 0};
}

/*
 * The entry hook of the call. Where the stream records one and was not silent about this exec, no line means another entry;
 * else the line does not tell execve from execveat, which takes paths too.
 */
static void entry_hit(struct engine *e, const struct event *ev, struct hits *hits, const struct record *caller, bool execveat)
{
	static const uint32_t sites[] = {SITE_SYS_EXECVE, SITE_SYS_EXECVEAT};
	uint32_t site = sites[execveat], other = sites[!execveat];
	const struct process_image *image = processes_find(e->processes, ev->process.exec_id);
	bool audible = !e->at.v[SITE_BPRM_CHECK].recorded || (image && image->checked);
	if (e->at.v[site].recorded && audible)
		return;
	enum abi abi = e->at.v[site].n ? eval_abi(e, caller) : ABI_COMPAT;
	struct hit *h = abi == ABI_COMPAT ? NULL : hit_add(e, hits, site, caller);
	if (!h)
		return;
	typed_name(h, ev);
	h->maybe = !e->at.v[other].recorded || !audible ? maybe_execveat
		   : abi == ABI_UNKNOWN ? maybe_compat : NULL;
}

void exec_entry_hits(struct engine *e, const struct event *ev, struct hits *hits)
{
	if (!e->at.v[SITE_SYS_EXECVE].n && !e->at.v[SITE_SYS_EXECVEAT].n && !e->at.v[SITE_SYS_ENTER].n)
		return;
	struct record caller;
	exec_caller(e, ev, &caller);
	entry_hit(e, ev, hits, &caller, false);
	entry_hit(e, ev, hits, &caller, true);
	struct hit *h = e->at.v[SITE_SYS_ENTER].recorded ? NULL : hit_add(e, hits, SITE_SYS_ENTER, &caller);
	if (!h)
		return;
	static const int64_t x86[] = {NUMBER_EXECVE_X86, NUMBER_EXECVEAT_X86}, arm64[] = {NUMBER_EXECVE_ARM64, NUMBER_EXECVEAT_ARM64},
			     compat[] = {NUMBER_EXECVE_32, NUMBER_EXECVEAT_32};
	abi_number(e, h, &caller, e->target.arch == ARCH_ARM64 ? arm64 : x86, compat);
	h->slots[0].ends_only = true;
}

/* What the line of sched_process_exec prints of the file holds at the hooks before it as well. */
static void tell_mode(const struct event *ev, struct hit *h)
{
	const struct arg *file = ev->nargs && ev->args[0].kind == ARG_BINPRM ? ev->args : NULL;
	for (uint32_t i = 0; file && i < h->n; i++)
		if (h->slots[i].kind == SLOT_PATH && str_eq(h->slots[i].text, file->text))
			h->slots[i].permission = file->permission;
}

/* The tracepoint of execve's exit, which reads the number as raw_syscalls does: native ones only. */
static void exec_exit_hit(struct engine *e, struct hits *hits, const struct record *image)
{
	static const int64_t done = 0;
	enum abi abi = e->hooks_exits ? eval_abi(e, image) : ABI_COMPAT;
	bool arm = e->target.arch == ARCH_ARM64;
	struct hit *h = abi == ABI_COMPAT ? NULL : hit_call_exit(e, hits, STR("execve"), image,
								  arm ? NUMBER_EXECVE_ARM64 : NUMBER_EXECVE_X86, &done);
	if (!h)
		return;
	h->new_image = h->fresh_image = true;
	/* arm64 keeps the number that the caller asked with. */
	h->maybe = arm ? maybe_execveat : abi == ABI_UNKNOWN ? maybe_compat : NULL;
}

static void sched_hit(struct engine *e, const struct event *ev, struct hits *hits, const struct record *image)
{
	struct hit *h = hit_add(e, hits, SITE_SCHED_EXEC, image);
	if (!h)
		return;
	hit_path(h, 2, ev->process.path, ev->process.path_known);
	hit_link_count(h, 2, ev->process.path, ev->process.path_known);
	h->new_image = h->fresh_image = true;
}

/* Of the exec that its line of this hook, if there is one, did not come for. */
void exec_sched_hit(struct engine *e, const struct event *ev, struct hits *hits)
{
	struct record image = hit_record(&ev->process);
	size_t from = hits->n;
	sched_hit(e, ev, hits, &image);
	for (; from < hits->n; from++)
		hits->v[from].exec = true;
}

void exec_hits(struct engine *e, const struct event *ev, struct hits *hits)
{
	if (!e->hooks_exec)
		return;
	struct record caller, image = hit_record(&ev->process);
	exec_caller(e, ev, &caller);
	struct hit *h;
	size_t from = hits->n;
	exec_other_calls(e, hits, &caller);
	bprm_hits(e, ev, &caller, hits);
	/* Of a stream that was read ahead it is known whether the line of this one comes. */
	bool silent = !e->at.v[SITE_SCHED_EXEC].recorded || (e->read_ahead && !eval_told_late(e, ev->process.exec_id));
	if (silent)
		sched_hit(e, ev, hits, &image);
	if (!e->at.v[SITE_SYS_EXIT].recorded && (h = hit_add(e, hits, SITE_SYS_EXIT, &image))) {
		exec_number(e, &caller, h);
		h->new_image = h->fresh_image = true;
	}
	exec_exit_hit(e, hits, &image);
	exec_other_calls(e, hits, &image);
	for (; from < hits->n; from++) {
		hits->v[from].exec = true;
		tell_mode(ev, &hits->v[from]);
	}
}
