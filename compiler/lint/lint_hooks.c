/* SPDX-License-Identifier: GPL-2.0-only */
/* What a hook does not see, or sees too late to prevent. */
#include <stdio.h>

#include "compiler/lint/lint_walk.h"
#include "schema/hook.h"

static const struct spec_arg *arg_of(const struct hook *h, const struct arg_filter *f)
{
	return policy_filter_arg(h, f, false);
}

/* Does a selector that stops compare a path here? */
static bool protects_paths(const struct lint_context *c, const struct hook *h)
{
	for (size_t i = 0; i < h->nselectors; i++) {
		struct selector s = lint_whole(c, &h->selectors[i]);
		for (size_t k = 0; lint_stops(&s) && k < s.nargs; k++) {
			const struct spec_arg *a = arg_of(h, &s.args[k]);
			if (a && lint_is_path(a->type))
				return true;
		}
	}
	return false;
}

/* Do all selectors that stop ask for reading only? MAY_READ is 4, MAY_WRITE 2, MAY_APPEND 8. */
static bool reads_only(const struct lint_context *c, const struct hook *h)
{
	for (size_t i = 0; i < h->nselectors; i++) {
		struct selector s = lint_whole(c, &h->selectors[i]);
		bool reads = false;
		for (size_t k = 0; k < s.nargs; k++) {
			const struct spec_arg *a = arg_of(h, &s.args[k]);
			reads |= a && !lint_is_path(a->type) && s.args[k].values.n == 1 && str_eq(s.args[k].values.v[0], STR("4"));
		}
		if (lint_stops(&s) && !reads)
			return false;
	}
	return true;
}

static void missing(struct lint_context *c, const char *const *names, size_t n, struct buf *b)
{
	for (size_t i = 0; i < n; i++)
		if (!lint_policy_hooks(c, names[i], true))
			buf_printf(b, "%s%s", b->n ? ", " : "", names[i]);
}

static void file_gaps(struct lint_context *c, const struct hook *h)
{
	static const char *const writes[] = {"mmap_file", "path_truncate", "path_unlink", "path_rename", "path_link", "path_chmod"};
	static const char *const after_open[] = {"path_truncate", "path_unlink", "path_rename", "path_link", "path_chmod"};
	static const char *const reads[] = {"mmap_file"};
	CLEANUP_BUF struct buf b = BUF_INIT;
	bool permission = lint_hook_is(h, "file_permission"), open = lint_hook_is(h, "file_open");
	if ((!permission && !open) || !protects_paths(c, h))
		return;
	if (open)
		missing(c, after_open, ARRAY_SIZE(after_open), &b);
	else if (reads_only(c, h))
		missing(c, reads, ARRAY_SIZE(reads), &b);
	else
		missing(c, writes, ARRAY_SIZE(writes), &b);
	if (b.n && !(open && reads_only(c, h)))
		lint_report(c, h->at, "hook them too, as far as the files are to be protected from it",
			    "%s does not see what passes %s", lint_hook_text(c, h), b.p);
}

void lint_file_gaps(struct lint_context *c)
{
	lint_each_hook(c, file_gaps);
}

static void truncate_moved(struct lint_context *c, const struct hook *h)
{
	bool path = lint_hook_is(h, "path_truncate"), file = lint_hook_is(h, "file_truncate");
	bool has = path ? lint_policy_hooks(c, "file_truncate", false) : lint_policy_hooks(c, "path_truncate", false);
	if ((!path && !file) || has || (path && c->target_given && c->target->kernel < TARGET_KERNEL(6, 2)))
		return;
	if (path)
		lint_report_target(c, h->at, "hook file_truncate too, with ignore: {callNotFound: true} for older kernels",
				   "from kernel 6.2 on ftruncate and opening with O_TRUNC do not pass path_truncate");
	else
		lint_report_target(c, h->at, "hook path_truncate too", "truncate(2) does not pass file_truncate");
}

void lint_truncate_moved(struct lint_context *c)
{
	lint_each_hook(c, truncate_moved);
}

static void exchange(struct lint_context *c, const struct hook *h)
{
	bool source = false, target = false;
	if (!lint_hook_is(h, "path_rename") || !lint_hook_stops(c, h))
		return;
	for (size_t i = 0; i < c->policy->nhooks; i++) {
		const struct hook *o = &c->policy->hooks[i];
		for (size_t k = 0; lint_hook_is(o, "path_rename") && k < o->nselectors; k++) {
			struct selector s = lint_whole(c, &o->selectors[k]);
			bool any = s.nargs == 0;
			for (size_t m = 0; lint_stops(&s) && m < s.nargs; m++) {
				const struct spec_arg *a = arg_of(o, &s.args[m]);
				source |= a && a->index < 2;
				target |= a && (a->index == 2 || a->index == 3);
			}
			source |= lint_stops(&s) && any;
			target |= lint_stops(&s) && any;
		}
	}
	if (source != target)
		lint_report(c, h->at, "give both sides a selector: arguments 0 and 1, and 2 and 3",
			    "RENAME_EXCHANGE swaps two files in one call: a rule on the %s alone misses a protected file on the "
			    "other side", source ? "source" : "target");
}

void lint_rename_exchange(struct lint_context *c)
{
	lint_each_hook(c, exchange);
}

static void mount_calls(struct lint_context *c, const struct hook *h)
{
	if (lint_hook_is(h, "sb_mount") && lint_hook_stops(c, h) && !lint_policy_hooks(c, "move_mount", true))
		lint_report(c, h->at, "hook move_mount too", "fsopen, fsmount and move_mount mount without passing sb_mount");
}

void lint_mount_calls(struct lint_context *c)
{
	lint_each_hook(c, mount_calls);
}

/* ---- system calls ---- */

static void system_call(struct lint_context *c, const struct hook *h)
{
	static const char *const ring[] = {"openat", "openat2", "open", "read", "write", "readv", "writev", "pread64", "pwrite64",
					   "connect", "accept4", "sendto", "sendmsg", "recvmsg", "unlinkat", "renameat",
					   "renameat2", "mkdirat", "symlinkat", "linkat", "statx", "fallocate", "ftruncate",
					   "splice", "socket"};
	for (size_t i = 0; i < ARRAY_SIZE(ring); i++)
		if (lint_syscall_is(h, ring[i]) && lint_hook_stops(c, h))
			lint_report(c, h->at, "hook the LSM function that the call ends in",
				    "io_uring does the same without a system call, and does not pass " STR_FMT, STR_ARG(h->call));
}

void lint_syscall_ring(struct lint_context *c)
{
	lint_each_hook(c, system_call);
}

static void compat(struct lint_context *c, const struct hook *h)
{
	struct str plain = hook_plain_name(h->call);
	if (h->section != SECTION_KPROBE || !h->syscall || c->target->arch != ARCH_X86_64 || !str_starts(plain, STR("sys_")) ||
	    str_starts(h->call, STR("__ia32_")) || !lint_hook_stops(c, h) || lint_exec_hook(h) == LINT_EXEC_CALL)
		return;
	for (size_t i = 0; i < c->policy->nhooks; i++)
		if (str_starts(c->policy->hooks[i].call, STR("__ia32_")) &&
		    str_eq(hook_plain_name(c->policy->hooks[i].call), plain))
			return;
	lint_report(c, h->at, lint_fmt(c, "hook __ia32_" STR_FMT " too, or an LSM function", STR_ARG(plain)),
		    "a 32-bit program's " STR_FMT " is another function: it passes", STR_ARG(str_skip(plain, 4)));
}

void lint_syscall_compat(struct lint_context *c)
{
	lint_each_hook(c, compat);
}

/* ---- numbers that mean something else ---- */

static bool call_number(const struct hook *h, const struct spec_arg *arg)
{
	bool raw = lint_tracepoint_is(h, "raw_syscalls", "sys_enter") || lint_tracepoint_is(h, "raw_syscalls", "sys_exit");
	return raw && (h->raw ? arg->index == 1 : arg->index == 4);
}

static void exec_number(struct lint_context *c, const struct hook *h, const struct selector *s,
			const struct arg_filter *f, const struct spec_arg *arg)
{
	bool exec = false, exit = str_eq(h->call, STR("sys_exit")), covered = false;
	(void)s;
	if (!call_number(h, arg) || (f->op != OPERATOR_EQUAL && f->op != OPERATOR_IN_MAP))
		return;
	for (size_t i = 0; i < f->values.n; i++) {
		struct str v = f->values.v[i];
		exec |= str_eq(v, STR("59")) || str_eq(v, STR("322"));
		covered |= str_starts(v, STR("list:")) || str_eq(v, STR("11"));
	}
	if (exec && c->target->arch == ARCH_ARM64)
		lint_report_target(c, f->at, "use tracepoint sched/sched_process_exec, raw: true",
				   "on arm64 59 is pipe2 and 322 none: execve is 221, execveat 281");
	else if (exec && !covered)
		lint_report(c, f->at, "use tracepoint sched/sched_process_exec, raw: true",
			    exit ? "a program that starts a 32-bit image leaves execve as number 11: it is missed; and the numbers "
				   "are x86-64's"
				 : "a 32-bit program's execve is number 11: it is missed; and the numbers are x86-64's");
}

void lint_exec_numbers(struct lint_context *c)
{
	lint_each_filter(c, exec_number);
}

static void every_exit(struct lint_context *c, const struct hook *h, const struct selector *s)
{
	if (!lint_tracepoint_is(h, "raw_syscalls", "sys_exit") || !lint_stops(s))
		return;
	for (size_t i = 0; i < s->nargs; i++) {
		const struct spec_arg *a = arg_of(h, &s->args[i]);
		if (a && call_number(h, a))
			return;
	}
	lint_report(c, s->at, "use tracepoint sched/sched_process_exec, or filter on the number of the call",
		    "every system call passes here: what runs already is stopped when its next call returns%s",
		    lint_reaches_host(c) ? ", the host's own daemons too" : "");
}

void lint_stop_at_every_exit(struct lint_context *c)
{
	lint_each_whole(c, every_exit);
}

static void module_id(struct lint_context *c, const struct hook *h, const struct selector *s, const struct arg_filter *f,
		      const struct spec_arg *arg)
{
	(void)s;
	bool hook = lint_hook_is(h, "kernel_read_file") || lint_hook_is(h, "kernel_load_data");
	for (size_t i = 0; hook && !lint_is_path(arg->type) && f->op == OPERATOR_EQUAL && i < f->values.n; i++)
		if (str_eq(f->values.v[i], STR("2")) && c->target->kernel < TARGET_KERNEL(5, 10))
			lint_report_target(c, f->at, "write the number of READING_MODULE in that kernel's fs.h",
					   "before kernel 5.10 a module is not number 2");
}

void lint_module_number(struct lint_context *c)
{
	lint_each_filter(c, module_id);
}

static void requested(struct lint_context *c, const struct hook *h, const struct selector *s, const struct arg_filter *f,
		      const struct spec_arg *arg)
{
	(void)s;
	if (h->section == SECTION_LSM && str_eq(h->call, STR("mmap_file")) && arg->index == 1 && !lint_is_path(arg->type))
		lint_report(c, f->at, "take argument 2, the protection; the flags are argument 3",
			    "argument 1 of lsm mmap_file is what the caller asked for, not what the kernel maps");
}

void lint_mmap_requested(struct lint_context *c)
{
	lint_each_filter(c, requested);
}

/* ---- killed is not prevented ---- */

static const struct late {
	const char *hook;
	bool by_fs;              /* file_permission: whether a write gets through depends on the file system */
	const char *happens;
} lates[] = {
	{"socket_connect", false, "the connection is made: the peer accepts it"},
	{"socket_sendmsg", false, "the datagram is sent"},
	{"path_truncate", false, "the file is emptied"},
	{"file_open", false, "O_CREAT and O_TRUNC take effect"},
	{"file_permission", true, NULL},
};

static const char *late_write(const struct lint_context *c)
{
	switch (c->target->fs) {
	case FS_TMPFS:
		return NULL;
	case FS_BTRFS:
		return "on btrfs the write happens; O_DIRECT writes and fallocate too";
	case FS_EXT4:
	case FS_XFS:
		return "O_DIRECT writes and fallocate happen";
	case FS_OVERLAY:
		return "O_DIRECT writes and fallocate happen, on btrfs every write";
	}
	return NULL;
}

static void late(struct lint_context *c, const struct hook *h, const struct selector *s)
{
	if (!lint_has_action(s, ACTION_SIGKILL) || lint_has_action(s, ACTION_OVERRIDE))
		return;
	const char *happens = str_eq(h->call, STR("tcp_connect")) ? lates[0].happens : NULL;
	for (size_t i = 0; i < ARRAY_SIZE(lates); i++)
		if (lint_hook_is(h, lates[i].hook))
			happens = lates[i].by_fs ? late_write(c) : lates[i].happens;
	bool can = c->target->lsm;
	if (happens)
		lint_report(c, s->at, can ? "use Override at an LSM hook: the call fails before it does anything"
					  : "nothing on this target prevents it: count it as detection",
			    "Sigkill ends the process, but not the call it is in: %s", happens);
}

void lint_kill_too_late(struct lint_context *c)
{
	lint_each_whole(c, late);
}

static void committed(struct lint_context *c, const struct hook *h, const struct selector *s)
{
	if (lint_exec_hook(h) == LINT_EXEC_COMMIT && lint_has_action(s, ACTION_OVERRIDE))
		lint_report(c, s->at, "use bprm_check_security, or Sigkill",
			    "%s returns nothing, and the old program is gone by then: Override cannot stop the exec",
			    lint_hook_text(c, h));
}

void lint_exec_committed(struct lint_context *c)
{
	lint_each_whole(c, committed);
}

static void not_found(struct lint_context *c, const struct hook *h)
{
	if (h->ignore_call_not_found && lint_hook_stops(c, h))
		lint_report(c, h->at, "look for the hook on your kernels, or hook its older name too",
			    "on a kernel without " STR_FMT " the policy loads without this rule", STR_ARG(h->call));
}

void lint_call_not_found_ignored(struct lint_context *c)
{
	lint_each_hook(c, not_found);
}

static void cut(struct lint_context *c, const struct hook *h)
{
	if (h->message.n > 256)
		lint_report(c, h->at, "shorten it", "a message of %zu bytes is cut to 256", h->message.n);
	for (size_t i = 0; i < h->tags.n; i++)
		if (h->tags.v[i].n > 128)
			lint_report(c, h->at, "shorten it", "a tag of %zu bytes is cut to 128", h->tags.v[i].n);
}

void lint_text_cut(struct lint_context *c)
{
	lint_each_hook(c, cut);
}

/* Functions that every process passes all the time. */
static void flood(struct lint_context *c, const struct hook *h)
{
	static const char *const names[] = {"file_permission", "mmap_file", "file_open", "inode_permission", "inode_getattr"};
	static const char *const calls[] = {"read", "write", "openat", "close", "futex", "mmap", "fstat", "newfstatat", "poll",
					    "epoll_wait"};
	bool hot = (lint_tracepoint_is(h, "raw_syscalls", "sys_enter") || lint_tracepoint_is(h, "raw_syscalls", "sys_exit")) ||
		   str_eq(h->call, STR("fd_install")) || str_eq(h->call, STR("vfs_read")) || str_eq(h->call, STR("vfs_write"));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		hot |= lint_hook_is(h, names[i]);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		hot |= lint_syscall_is(h, calls[i]);
	if (hot && !h->nselectors)
		lint_report(c, h->at, "add selectors", "every process passes %s all the time, and each hit is an event",
			    lint_hook_text(c, h));
}

void lint_hook_flood(struct lint_context *c)
{
	lint_each_hook(c, flood);
}

static void private_path(struct lint_context *c, const struct hook *h, const struct selector *s,
			 const struct arg_filter *f, const struct spec_arg *arg)
{
	bool twice = lint_hook_is(h, "file_open") || lint_hook_is(h, "file_permission") || lint_hook_is(h, "mmap_file");
	if (!twice || c->target->fs != FS_OVERLAY || !lint_stops(s) || !lint_is_path(arg->type) || !lint_negative(f->op) ||
	    !lint_is_path_operator(f->op))
		return;
	for (size_t i = 0; i < s->nargs; i++)
		if (arg_of(h, &s->args[i]) == arg && !lint_negative(s->args[i].op) && lint_is_path_operator(s->args[i].op))
			return;
	lint_report(c, f->at, "add a positive filter on the same argument: Prefix of the folders that are protected",
		    "on overlayfs the hook runs a second time for the layer's own file, whose path is in no list: %s passes",
		    operator_name(f->op));
}

void lint_overlay_layer(struct lint_context *c)
{
	lint_each_filter(c, private_path);
}

static void creates(struct lint_context *c, const struct hook *h)
{
	if (lint_hook_is(h, "file_open") && protects_paths(c, h) && !reads_only(c, h) &&
	    !lint_policy_hooks(c, "path_mknod", true))
		lint_report(c, h->at, "hook path_mknod too",
			    "an open that is denied here has made its file already, when it was to be created");
}

void lint_open_creates(struct lint_context *c)
{
	lint_each_hook(c, creates);
}

static void later_protection(struct lint_context *c, const struct hook *h, const struct selector *s,
			     const struct arg_filter *f, const struct spec_arg *arg)
{
	bool number = policy_type_class(arg->type) & CLASS_NUMBER && arg->index == (h->section == SECTION_LSM ? 2 : 1);
	if (lint_hook_is(h, "mmap_file") && number && lint_stops(s) && f->op == OPERATOR_MASK &&
	    !lint_policy_hooks(c, "file_open", true))
		lint_report(c, f->at, "stop the open that the mapping needs: file_open, on f_mode or f_flags",
			    "mprotect can add the right to a mapping later, and does not pass this hook");
}

void lint_mmap_later(struct lint_context *c)
{
	lint_each_filter(c, later_protection);
}
