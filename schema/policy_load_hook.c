/* SPDX-License-Identifier: GPL-2.0-only */
/* Load rules of the arguments that a hook reads, and of each kind of hook. */
#include "schema/policy_load_private.h"
#include "schema/syscall.h"

/* ---- arguments ---- */

static void check_data(struct loading *l, const struct spec_arg *a)
{
	const char *registers =
	    l->t->arch == ARCH_ARM64
		? ""
		: " r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax "
		  "rip cs eflags rsp ss eax ax al ebx bx bl ecx cx cl edx dx dl esi si sil "
		  "edi di dil ebp bp bpl esp sp spl ";
	bool regs = str_eq(a->source, STR("pt_regs"));
	if (!regs && !str_eq(a->source, STR("current_task")))
		load_reject(l, RULE_ARG_SOURCE, a->at, "source",
			    "write source: current_task or source: pt_regs",
			    "data without a source");
	else if (!a->resolve.n)
		load_reject(l, RULE_ARG_SOURCE, a->at, "", "add resolve: the member or register",
			    "data without resolve: what to read of " STR_FMT, STR_ARG(a->source));
	else if (regs && *registers) {
		CLEANUP_FREE char *word = xasprintf(" " STR_FMT " ", STR_ARG(a->resolve));
		if (!strstr(registers, word))
			load_reject(l, RULE_ARG_SOURCE, a->at, "resolve", "write rax, rdi ...",
				    "\"" STR_FMT "\" is not a register", STR_ARG(a->resolve));
	}
}

static void check_arg(struct loading *l, const struct spec_arg *a, bool data)
{
	enum section s = l->h->section;
	bool kernel_hook = s == SECTION_KPROBE || s == SECTION_FENTRY || s == SECTION_LSM;
	bool kprobe = s == SECTION_KPROBE || s == SECTION_FENTRY, uprobe = s == SECTION_UPROBE;
	size_t steps = 1;
	for (size_t i = 0; i < a->resolve.n; i++)
		steps += a->resolve.p[i] == '.';
	if (a->resolve.n && steps > 10)
		load_reject(l, RULE_RESOLVE, a->at, "resolve", "at most 10 may be there",
			    "resolve of %zu steps", steps);
	if (a->resolve.n && l->t->kernel < TARGET_KERNEL(5, 4))
		load_reject(l, RULE_RESOLVE, a->at, "resolve", "use a newer kernel",
			    "resolve needs kernel 5.4");
	if (a->type == TYPE_AUTO && (kprobe || (s == SECTION_LSM && !a->resolve.n)))
		load_reject(l, RULE_ARG_TYPE, a->at, "type", "write the type, such as type: int",
			    "type auto is for tracepoints");
	if (kprobe && a->type == TYPE_SYSCALL64)
		load_reject(l, RULE_ARG_TYPE, a->at, "type", "write type: uint64",
			    "type syscall64 is for tracepoints");
	if ((kernel_hook || uprobe) && a->index > 4)
		load_reject(l, RULE_ARG_INDEX, a->at, "index", "write 0 to 4",
			    "index %u; the agent reads arguments 0 to 4", a->index);
	if (s == SECTION_LSM && a->type == TYPE_BPF_CMD && !a->resolve.n)
		load_reject(l, RULE_ARG_TYPE, a->at, "type", "write type: int",
			    "type bpf_cmd at an LSM hook needs resolve");
	if (uprobe && (a->type == TYPE_AUTO || a->type == TYPE_BPF_CMD) &&
	    (!a->resolve.n || (data && str_eq(a->source, STR("pt_regs")))))
		load_reject(l, RULE_ARG_TYPE, a->at, "type", "write the type, such as type: int",
			    "type %s says nothing of what a uprobe reads",
			    a->type == TYPE_AUTO ? "auto" : "bpf_cmd");
	if (s == SECTION_TRACEPOINT && a->type == TYPE_CONST_BUF)
		load_reject(l, RULE_ARG_TYPE, a->at, "type", "write its type",
			    "type const_buf does not work in a tracepoint");
	if (s == SECTION_TRACEPOINT && l->h->raw && a->type == TYPE_AUTO)
		load_reject(l, RULE_ARG_TYPE, a->at, "type", "write it",
			    "a raw tracepoint has no format to take the type from");
	if (s == SECTION_TRACEPOINT && l->h->raw && a->index > 5)
		load_reject(l, RULE_ARG_INDEX, a->at, "index", "write 0 to 4",
			    "index %u; a raw tracepoint has arguments 0 to 4", a->index);
	if (s != SECTION_TRACEPOINT && s != SECTION_USDT && a->size_arg_index > 15)
		load_reject(l, RULE_ARG_INDEX, a->at, "sizeArgIndex", "at most 15 may be there",
			    "sizeArgIndex %d", a->size_arg_index);
	if (!data && (kprobe || uprobe) && a->source.n)
		load_reject(l, RULE_ARG_SOURCE, a->at, "source",
			    "move this entry from args to data", "source goes with data");
	if (data && (kprobe || uprobe))
		check_data(l, a);
}

/* A string of a program's memory is read ahead: one of them, where the kernel can. */
static void check_user_strings(struct loading *l)
{
	const struct hook *h = l->h;
	const struct spec_arg *string = NULL;
	size_t n = 0;
	for (size_t i = 0; i < h->nargs + h->ndata; i++) {
		const struct spec_arg *a = i < h->nargs ? &h->args[i] : &h->data[i - h->nargs];
		if (a->type != TYPE_STRING || (i >= h->nargs && !str_eq(a->source, STR("pt_regs"))))
			continue;
		string = a;
		n++;
	}
	if (n > 1)
		load_reject(l, RULE_ARG_COUNT, string->at, "", "make it two policies",
			    "%zu strings; the agent reads one of a uprobe", n);
	if (n && l->t->kernel < TARGET_KERNEL(6, 12))
		load_reject(l, RULE_ARG_SINCE, string->at, "", "use a newer kernel",
			    "a string of a uprobe needs kernel 6.12");
}

void load_check_args(struct loading *l)
{
	const struct hook *h = l->h;
	if (h->nargs + h->ndata > 5)
		load_reject(l, RULE_ARG_COUNT, h->at, "args", "remove some",
			    "%zu arguments; the agent reads five%s", h->nargs + h->ndata,
			    h->section == SECTION_LSM || h->section == SECTION_UPROBE
				? " and panics with more"
				: "");
	if (h->section == SECTION_UPROBE)
		check_user_strings(l);
	for (size_t i = 0; i < h->nargs; i++) {
		size_t mark = load_enter(l, "args", i);
		check_arg(l, &h->args[i], false);
		load_leave(l, mark);
	}
	for (size_t i = 0; i < h->ndata; i++) {
		size_t mark = load_enter(l, "data", i);
		check_arg(l, &h->data[i], true);
		load_leave(l, mark);
	}
	if (h->return_arg && (h->section == SECTION_KPROBE || h->section == SECTION_FENTRY || h->section == SECTION_UPROBE) &&
	    h->ret &&
	    (h->return_arg->type == TYPE_AUTO || h->return_arg->type == TYPE_BPF_CMD))
		load_reject(l, RULE_RETURN_TYPE, h->return_arg->at, "returnArg",
			    "add it, such as type: int", "returnArg needs its type");
	if (h->return_arg_action.n && !str_eq(h->return_arg_action, STR("TrackSock")) &&
	    !str_eq(h->return_arg_action, STR("UntrackSock")))
		load_reject(l, RULE_RETURN_TYPE, h->at, "returnArgAction",
			    "write TrackSock or UntrackSock",
			    "returnArgAction is neither TrackSock nor UntrackSock");
	else if (h->return_arg_action.n && l->t->kernel < TARGET_KERNEL(5, 3))
		load_reject(l, RULE_ACTION_SINCE, h->at, "returnArgAction", "use a newer kernel",
			    "returnArgAction needs kernel 5.3");
}

/* ---- hooks ---- */

/* Hooks that came with a kernel. */
static unsigned hook_since(struct str name)
{
	static const struct {
		const char *name;
		unsigned since;
	} rows[] = {
	    {"bprm_creds_for_exec", TARGET_KERNEL(5, 8)},
	    {"bprm_creds_from_file", TARGET_KERNEL(5, 8)},
	    {"file_truncate", TARGET_KERNEL(6, 2)},
	    {"userns_create", TARGET_KERNEL(6, 1)},
	    {"uring_override_creds", TARGET_KERNEL(5, 16)},
	    {"uring_sqpoll", TARGET_KERNEL(5, 16)},
	    {"uring_cmd", TARGET_KERNEL(6, 0)},
	    {"kernel_load_data", TARGET_KERNEL(4, 18)},
	    {"move_mount", TARGET_KERNEL(5, 2)},
	    {"perf_event_open", TARGET_KERNEL(5, 6)},
	    {"file_post_open", TARGET_KERNEL(6, 9)},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (str_eq(name, str_from(rows[i].name)))
			return rows[i].since;
	return 0;
}

static void check_since(struct loading *l, struct str name)
{
	unsigned since = hook_since(name);
	if (since > l->t->kernel && !l->h->ignore_call_not_found)
		load_reject(
		    l, RULE_CALL_SINCE, l->h->at, l->h->section == SECTION_LSM ? "hook" : "call",
		    "use a newer kernel, or another hook", STR_FMT " exists from kernel %u.%u",
		    STR_ARG(l->h->call), since >> 16, since >> 8 & 0xff);
}

/* Calls without arguments: their prototype in BTF has none, and the agent takes that for "not
 * found". */
static bool without_arguments(struct str call)
{
	static const char *const names[] = {
	    "getpid",	  "getppid",	  "gettid",	  "getuid",	     "geteuid",
	    "getgid",	  "getegid",	  "getpgrp",	  "setsid",	     "sched_yield",
	    "pause",	  "sync",	  "fork",	  "vfork",	     "vhangup",
	    "munlockall", "inotify_init", "rt_sigreturn", "restart_syscall",
	};
	struct str at = call;
	for (size_t i = 0; i + 4 <= call.n; i++)
		if (memcmp(call.p + i, "sys_", 4) == 0) {
			at = str_skip(call, i + 4);
			break;
		}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_eq(at, str_from(names[i])))
			return true;
	return false;
}

/* What a compiler may call a function: letters, digits, '_', and '.' before a suffix of its own. */
static bool function_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '_' || c == '.'))
			return false;
	}
	return s.n;
}

/* Names that no kernel has; an agent that may ignore a missing function ignores them as well. */
static void check_function(struct loading *l)
{
	const struct hook *h = l->h;
	if (h->ignore_call_not_found)
		return;
	if (!function_name(h->call))
		load_reject(l, RULE_CALL, h->at, "call", "write a function's name",
			    "\"" STR_FMT "\" cannot be the name of a function",
			    (int)MIN(h->call.n, (size_t)60), h->call.p);
	else if (!h->syscall && str_starts(h->call, STR("sys_")) &&
		 syscall_number(SYSCALL_X86_64, h->call) >= 0)
		load_reject(l, RULE_CALL, h->at, "call", "remove syscall: false",
			    "kernels have no function " STR_FMT
			    ": that of a system call has a prefix, which syscall: true adds",
			    STR_ARG(h->call));
}

/* Under kprobe.multi; a system call with and without its prefix is one function. */
static bool check_twice(struct loading *l, struct str call)
{
	bool fresh = true;
	struct str prefix = l->t->arch == ARCH_ARM64 ? STR("__arm64_") : STR("__x64_");
	if (l->calls && l->h->section == SECTION_KPROBE)
		map_add(l->calls, str_starts(call, prefix) ? str_skip(call, prefix.n) : call, &fresh);
	if (!fresh)
		load_reject(l, RULE_CALL_TWICE, l->h->at, "call",
			    "join the two, or set the option disable-kprobe-multi",
			    STR_FMT " a second time; kprobe.multi takes a function once",
			    STR_ARG(call));
	return fresh;
}

static void check_kprobe(struct loading *l)
{
	const struct hook *h = l->h;
	const struct policy_list *list = load_list(l, h->call);
	if (str_starts(h->call, STR("list:"))) {
		if (!list)
			load_reject(l, RULE_LIST, h->at, "call", "add it to lists",
				    "no list \"" STR_FMT "\"", STR_ARG(str_skip(h->call, 5)));
		else
			load_check_list(l, list);
		for (size_t i = 0; list && i < list->values.n && check_twice(l, list->values.v[i]); i++)
			;
		return;
	}
	if (h->syscall && !load_syscall_name(l, h->call))
		load_reject(
		    l, RULE_CALL, h->at, "call", "write sys_NAME, or syscall: false for a function",
		    "\"" STR_FMT "\" is not a system call of this architecture", STR_ARG(h->call));
	else if (h->syscall && without_arguments(h->call) && !h->ignore_call_not_found)
		load_reject(l, RULE_CALL, h->at, "call", "hook what it calls instead",
			    STR_FMT " takes no arguments, and the agent finds no such call",
			    STR_ARG(h->call));
	else
		check_function(l);
	if (!h->syscall && str_starts(h->call, STR("security_")))
		check_since(l, str_skip(h->call, 9));
	check_twice(l, h->call);
}

static void check_lsm(struct loading *l)
{
	const struct hook *h = l->h;
	if (!l->t->lsm || l->t->kernel < target_lsm_since(l->t->arch))
		load_reject(
		    l, RULE_LSM, h->at, "",
		    load_text(l, "use the kprobe security_" STR_FMT ", or say --target lsm=yes",
			      STR_ARG(h->call)),
		    "LSM hooks need bpf among the kernel's active LSMs%s",
		    l->t->lsm ? ", which no kernel as old has" : "");
	if (!h->call.n)
		load_reject(l, RULE_LSM_HOOK, h->at, "hook", "write it, such as file_open",
			    "the hook has no name");
	else if (!function_name(h->call) || str_starts(h->call, STR("security_")))
		load_reject(l, RULE_LSM_HOOK, h->at, "hook",
			    "write it without security_, such as file_open",
			    "\"" STR_FMT "\" cannot be the name of an LSM hook",
			    (int)MIN(h->call.n, (size_t)60), h->call.p);
	check_since(l, h->call);
}

static bool digest_fits(struct str s)
{
	static const struct {
		struct str name;
		size_t digits;
	} rows[] = {
	    {STR_INIT("sha1:"), 40},	{STR_INIT("sha256:"), 64},  {STR_INIT("sha384:"), 96},
	    {STR_INIT("sha512:"), 128}, {STR_INIT("build-id:"), 0},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!str_starts(s, rows[i].name))
			continue;
		struct str hash = str_skip(s, rows[i].name.n);
		return hash.n && (!rows[i].digits || hash.n == rows[i].digits);
	}
	return false;
}

/* What no file system and no program has. */
static bool impossible(struct str name)
{
	return !name.n || memchr(name.p, '\0', name.n);
}

static void check_file(struct loading *l, struct str value, const char *field)
{
	if (impossible(value))
		load_reject(l, RULE_PROGRAM, l->h->at, field, "write it", "%s is empty or holds a NUL: nothing has that name", field);
}

static void check_usdt(struct loading *l)
{
	check_file(l, l->h->subsystem, "path");
	check_file(l, l->h->provider, "provider");
	check_file(l, l->h->call, "name");
}

/* NAME or NAME+OFFSET. */
static void check_symbol(struct loading *l, struct str symbol, const char *field)
{
	const char *plus = symbol.n ? memchr(symbol.p, '+', symbol.n) : NULL;
	uint64_t offset;
	check_file(l, symbol, field);
	if (plus && !go_uint(str_skip(symbol, (size_t)(plus - symbol.p) + 1), 0, 64, &offset))
		load_reject(l, RULE_PROGRAM, l->h->at, field, "write NAME+OFFSET", "\"" STR_FMT "\" has an offset that is no number",
			    STR_ARG(symbol));
}

/* Under uprobe.multi the uprobes of one program are found all in one way. */
static void check_same_way(struct loading *l)
{
	const struct hook *h = l->h;
	if (l->t->kernel < TARGET_KERNEL(6, 6) || policy_option_true(l->p, "disable-uprobe-multi"))
		return;
	for (size_t i = 0; i < l->p->nhooks; i++) {
		const struct hook *before = &l->p->hooks[i];
		if (before == h)
			return;
		if (!str_eq(before->subsystem, h->subsystem))
			continue;
		if (!before->symbols.n != !h->symbols.n || !before->noffsets != !h->noffsets)
			load_reject(l, RULE_UPROBE_MULTI, h->at, "", "add to options: {name: disable-uprobe-multi, value: \"1\"}",
				    "uprobes of one program are found by the same of symbols, offsets and addrs where uprobe.multi is in use");
		return;
	}
}

static void check_uprobe(struct loading *l)
{
	const struct hook *h = l->h;
	check_file(l, h->subsystem, "path");
	check_same_way(l);
	for (size_t i = 0; i < h->symbols.n; i++)
		check_symbol(l, h->symbols.v[i], load_text(l, "symbols[%zu]", i));
	size_t places = h->symbols.n + h->noffsets + h->naddrs;
	if (!!h->symbols.n + !!h->noffsets + !!h->naddrs != 1)
		load_reject(l, RULE_ADDRESS, h->at, "", "keep one, with something in it",
			    "a uprobe needs exactly one of symbols, offsets and addrs");
	else if (h->nref_ctr_offsets && !h->naddrs && h->nref_ctr_offsets != places)
		load_reject(l, RULE_ADDRESS, h->at, "refCtrOffsets", "give one for each",
			    "%zu refCtrOffsets for %zu functions", h->nref_ctr_offsets, places);
	for (size_t i = 0; i < h->binary_digests.n; i++)
		if (!digest_fits(h->binary_digests.v[i]))
			load_reject(l, RULE_DIGEST, h->at, load_text(l, "binaryDigests[%zu]", i),
				    "write sha256:HASH (sha1, sha384, sha512, build-id)",
				    "\"" STR_FMT "\" is not a digest",
				    STR_ARG(h->binary_digests.v[i]));
}

void load_check_section(struct loading *l)
{
	const struct hook *h = l->h;
	switch (h->section) {
	case SECTION_KPROBE:
	case SECTION_FENTRY:
		check_kprobe(l);
		break;
	case SECTION_LSM:
		check_lsm(l);
		break;
	case SECTION_UPROBE:
		check_uprobe(l);
		break;
	case SECTION_TRACEPOINT:
		if (!h->subsystem.n || !h->call.n)
			load_reject(l, RULE_TRACEPOINT, h->at, "", "write both",
				    "a tracepoint needs a subsystem and an event");
		break;
	case SECTION_USDT:
		check_usdt(l);
		break;
	}
	if (h->message.n == 1)
		load_reject(l, RULE_TEXT, h->at, "message", "write at least two",
			    "a message of one character");
	if (h->tags.n > POLICY_TAGS_MAX)
		load_reject(l, RULE_TEXT, h->at, "tags", "remove some", "%zu tags; a hook has at most %d", h->tags.n, POLICY_TAGS_MAX);
	for (size_t i = 0; i < h->tags.n; i++)
		if (h->tags.v[i].n < 2)
			load_reject(l, RULE_TEXT, h->at, load_text(l, "tags[%zu]", i),
				    "write at least two", "a tag of fewer than two characters");
}
