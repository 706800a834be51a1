/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An exec passes the entry of its system call, the bprm hooks, sched_process_exec and the exit of the call: the first with the
 * caller's old record, the last two with the new one.
 */
#include "compiler/eval_hit.h"

enum { NUMBER_EXECVE_32 = 11, NUMBER_EXECVE_X86 = 59, NUMBER_EXECVEAT_X86 = 322, NUMBER_EXECVE_ARM64 = 221 };

static void exec_number(const struct engine *e, const struct event *ev, struct hit *h)
{
	/* Successful exec calls all read as execve's number in the ABI of the new image: taken for native unless its calls tell. */
	if (e->target.arch == ARCH_ARM64) {
		hit_number(h, 4, NUMBER_EXECVE_ARM64);
	} else if (eval_is_compat(e, &h->record)) {
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
void exec_other_calls(struct engine *e, struct hits *hits, const struct record *who)
{
	static const uint32_t sites[] = {SITE_SYS_ENTER, SITE_SYS_EXIT};
	for (size_t i = 0; i < ARRAY_SIZE(sites); i++) {
		struct hit *h = e->at.v[sites[i]].recorded ? NULL : hit_add(e, hits, sites[i], who);
		if (!h)
			continue;
		hit_between(h, 4, (struct str){NULL, 0}, 0, CALLS - 1);
		struct slot *number = &h->slots[h->n - 1];
		number->not_exec = true;
		number->compat = eval_is_compat(e, who);
		number->never = eval_is_heard(e, who->image) ? e->recorded_calls : NULL;
	}
}

/* The caller's record as the process filters see it before the exec. */
struct record exec_caller(struct engine *e, const struct event *ev)
{
	struct record r = {.pid = ev->process.pid, .thread = ev->process.tid ? ev->process.tid : ev->process.pid};
	struct process_caller told;
	if (processes_caller(e->processes, ev, &told)) {
		r.image = told.image;
		r.forked = told.forked;
		r.path = told.path;
		r.known = told.path_known;
	}
	if (r.known || !ev->has_parent)
		return r;
	r.known = ev->parent.path_known || hit_presumes(e, ev->parent.filename);
	r.path = ev->parent.path_known ? ev->parent.path : ev->parent.filename;
	return r;
}

static void bprm_hit(struct engine *e, struct hits *hits, uint32_t site, uint8_t index,
		     const struct record *caller, struct str file, bool known, uint32_t tags)
{
	struct hit *h = hit_add(e, hits, site, caller);
	if (!h)
		return;
	hit_path(h, index, file, known);
	hit_link_count(h, 0, file, known);
	/* A script's caller is hit at each step to the interpreter, and dies as it is. */
	bool early = site == SITE_CREDS_FOR_EXEC || site == SITE_BPRM_CHECK;
	h->new_image = !(early && (tags & TAG_SCRIPT));
}

static void bprm_hits(struct engine *e, const struct event *ev, const struct record *caller, struct hits *hits)
{
	bool script = ev->tags & TAG_SCRIPT;
	struct str first = script ? ev->path : ev->process.path;
	bool known = script ? ev->path_known : ev->process.path_known;
	const struct process_image *image = processes_find(e->processes, ev->process.exec_id);
	bool told = image && image->checked;
	if (!told || !e->at.v[SITE_CREDS_FOR_EXEC].recorded)
		bprm_hit(e, hits, SITE_CREDS_FOR_EXEC, 0, caller, first, known, ev->tags);
	if (!told || !e->at.v[SITE_BPRM_CHECK].recorded) {
		bprm_hit(e, hits, SITE_BPRM_CHECK, 0, caller, first, known, ev->tags);
		if (script)
			bprm_hit(e, hits, SITE_BPRM_CHECK, 0, caller, ev->process.path, ev->process.path_known,
			 ev->tags);
	}
	if (!told || !e->at.v[SITE_CREDS_FROM_FILE].recorded)
		bprm_hit(e, hits, SITE_CREDS_FROM_FILE, 1, caller, ev->process.path, ev->process.path_known,
			 ev->tags);
	if (!told || !e->at.v[SITE_COMMITTING_CREDS].recorded)
		bprm_hit(e, hits, SITE_COMMITTING_CREDS, 0, caller, ev->process.path, ev->process.path_known,
			 ev->tags);
	if (!told || !e->at.v[SITE_COMMITTED_CREDS].recorded)
		bprm_hit(e, hits, SITE_COMMITTED_CREDS, 0, caller, ev->process.path, ev->process.path_known,
			 ev->tags);
}

/* The line tells the name made absolute: it was typed so, or relative to the working folder. */
static void typed_name(struct hit *h, const struct event *ev)
{
	struct slot *s = hit_slot(h, SLOT_STRING, 0);
	struct str name = ev->process.filename, cwd = ev->process.cwd;
	s->text = name;
	s->known = name.n && name.p[0] == '/' && !(ev->tags & TAG_PATH_CUT);
	if (!cwd.n || !str_starts(name, cwd))
		return;
	struct str rest = str_skip(name, cwd.n);
	s->other = str_starts(rest, STR("/")) ? str_skip(rest, 1) : str_eq(cwd, STR("/")) ? rest : (struct str){NULL, 0};
}

/*
 * execveat names a descriptor /dev/fd/N. With a path and no folder it looks like execve: taken for that, unless the calling
 * program is seen to use execveat.
 */
static bool by_descriptor(const struct event *ev)
{
	return str_starts(ev->process.filename, STR("/dev/fd/"));
}

void eval_note_exec(struct engine *e, const struct event *ev)
{
	enum { MAX_NAMES = 1 << 14 };
	if (ev->kind == KIND_EXEC && ev->has_parent && by_descriptor(ev) && map_size(e->descriptor_users) < MAX_NAMES)
		map_add(e->descriptor_users, ev->parent.filename, NULL);
}

static bool maybe_execveat(const struct engine *e, const struct event *ev)
{
	return by_descriptor(ev) || (map_size(e->descriptor_users) && ev->has_parent &&
				     map_find(e->descriptor_users, ev->parent.filename) != MAP_NONE);
}

/* The entry hook of the call. Where the stream records it and was not silent about this exec, no line means another entry. */
void exec_entry_hits(struct engine *e, const struct event *ev, struct hits *hits)
{
	eval_note_exec(e, ev);
	if (!e->hooks_exec)
		return;
	struct record caller = exec_caller(e, ev);
	const struct process_image *image = processes_find(e->processes, ev->process.exec_id);
	bool audible = !e->at.v[SITE_BPRM_CHECK].recorded || (image && image->checked);
	if (e->at.v[SITE_SYS_EXECVE].recorded && audible)
		return;
	bool compat = eval_is_compat(e, &caller);  /* its calls enter by other symbols */
	struct hit *h = compat ? NULL : hit_add(e, hits, SITE_SYS_EXECVE, &caller);
	if (h) {
		typed_name(h, ev);
		if (maybe_execveat(e, ev))
			h->maybe = "the events do not tell whether it was execve or execveat";
	}
	if (e->at.v[SITE_SYS_ENTER].recorded || !(h = hit_add(e, hits, SITE_SYS_ENTER, &caller)))
		return;
	if (compat)
		hit_number(h, 4, NUMBER_EXECVE_32);
	else
		hit_between(h, 4, (struct str){NULL, 0}, NUMBER_EXECVE_X86, NUMBER_EXECVEAT_X86);
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

void exec_hits(struct engine *e, const struct event *ev, struct hits *hits)
{
	if (!e->hooks_exec)
		return;
	struct record caller = exec_caller(e, ev), image = hit_record(&ev->process);
	struct hit *h;
	size_t from = hits->n;
	exec_other_calls(e, hits, &caller);
	bprm_hits(e, ev, &caller, hits);
	if (!e->at.v[SITE_SCHED_EXEC].recorded && (h = hit_add(e, hits, SITE_SCHED_EXEC, &image))) {
		hit_path(h, 2, ev->process.path, ev->process.path_known);
		hit_link_count(h, 2, ev->process.path, ev->process.path_known);
		h->new_image = h->fresh_image = true;
	}
	if (!e->at.v[SITE_SYS_EXIT].recorded && (h = hit_add(e, hits, SITE_SYS_EXIT, &image))) {
		exec_number(e, ev, h);
		h->new_image = h->fresh_image = true;
	}
	exec_other_calls(e, hits, &image);
	for (; from < hits->n; from++) {
		hits->v[from].exec = true;
		tell_mode(ev, &hits->v[from]);
	}
}
