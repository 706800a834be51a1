/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Load rules of the document, its hooks and its actions. A hook is checked with its macros expanded, since that
 * is what the agent counts.
 */
#include "schema/policy_load_private.h"

#include <stdio.h>

static const char *const section_keys[] = {"kprobes", "fentries", "tracepoints", "lsmhooks", "uprobes", "usdts"};

/* ---- reporting ---- */

void load_reject(struct loading *l, struct place at, const char *fmt, ...)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	va_list ap;
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	l->errors++;
	CLEANUP_FREE char *file = xstrndup(l->p->file.p ? l->p->file.p : "", l->p->file.n);
	diag_add(l->d, DIAG_ERROR, l->p->file.n ? file : NULL, at.line, at.column, "%s: %s", l->path.p, text.p);
}

size_t load_enter(struct loading *l, const char *field, size_t i)
{
	size_t mark = l->path.n;
	buf_printf(&l->path, ".%s[%zu]", field, i);
	return mark;
}

void load_leave(struct loading *l, size_t mark)
{
	l->path.n = mark;
	l->path.p[mark] = '\0';
}

/* ---- options and lists ---- */

static const struct policy_option *find_option(const struct policy *p, const char *name)
{
	const struct policy_option *found = NULL;
	for (size_t i = 0; i < p->noptions; i++)
		if (str_eq(p->options[i].name, str_from(name)))
			found = &p->options[i];
	return found;
}

/* Go's strconv.ParseBool: 1, 0, or -1 when it is neither. */
static int go_bool(struct str s)
{
	static const char *const yes[] = {"1", "t", "T", "TRUE", "true", "True"};
	static const char *const no[] = {"0", "f", "F", "FALSE", "false", "False"};
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		if (str_eq(s, str_from(yes[i])))
			return 1;
		if (str_eq(s, str_from(no[i])))
			return 0;
	}
	return -1;
}

bool policy_option_true(const struct policy *p, const char *name)
{
	const struct policy_option *o = find_option(p, name);
	return o && go_bool(o->value) == 1;
}

static bool option_bool(struct str s)
{
	return go_bool(s) >= 0;
}
static bool option_mode(struct str s)
{
	return str_eq(s, STR("enforce")) || str_eq(s, STR("monitor"));
}
static bool option_override(struct str s)
{
	return str_eq(s, STR("fmod-ret")) || str_eq(s, STR("override-return"));
}
static bool option_size(struct str s)
{
	uint64_t v;
	return go_uint(s, 10, 32, &v) && v > 0;
}

static void check_options(struct loading *l)
{
	static const struct { const char *name; bool (*fits)(struct str); const char *values; } rows[] = {
		{"disable-kprobe-multi", option_bool, "\"1\" or \"0\""},
		{"disable-uprobe-multi", option_bool, "\"1\" or \"0\""},
		{"policy-mode", option_mode, "enforce or monitor"},
		{"override-method", option_override, "fmod-ret or override-return"},
		{"sleepable-preload-size", option_size, "a number above 0"},
	};
	for (size_t i = 0; i < l->p->noptions; i++) {
		const struct policy_option *o = &l->p->options[i];
		size_t mark = load_enter(l, "options", i);
		for (size_t k = 0; k < ARRAY_SIZE(rows); k++)
			if (str_eq(o->name, str_from(rows[k].name)) && !rows[k].fits(o->value))
				load_reject(l, o->at, "\"" STR_FMT "\" is not a value of %s; write %s",
					    (int)MIN(o->value.n, (size_t)60), o->value.p ? o->value.p : "",
					    rows[k].name, rows[k].values);
		load_leave(l, mark);
	}
}

const struct policy_list *policy_list_of(const struct policy *p, struct str call)
{
	if (!str_starts(call, STR("list:")))
		return NULL;
	for (size_t i = 0; i < p->nlists; i++)
		if (str_eq(p->lists[i].name, str_skip(call, 5)))
			return &p->lists[i];
	return NULL;
}

/* sys_x; or with the prefix of the architecture: __x64_ or __ia32_, __arm64_. */
static bool syscall_name(const struct loading *l, struct str s)
{
	struct str prefix = l->t->arch == ARCH_ARM64 ? STR("__arm64_") : STR("__x64_");
	if (l->t->arch == ARCH_X86_64 && str_starts(s, STR("__ia32_")))
		prefix = STR("__ia32_");
	if (str_starts(s, prefix))
		s = str_skip(s, prefix.n);
	return str_starts(s, STR("sys_")) && s.n > 4;
}

/* An element of a list of system calls; with an ABI before it (i386/sys_x, x64/...). */
static bool list_syscall(const struct loading *l, struct str s)
{
	const char *slash = s.n ? memchr(s.p, '/', s.n) : NULL;
	return syscall_name(l, slash ? str_skip(s, (size_t)(slash - s.p) + 1) : s);
}

static void check_list(struct loading *l, const struct policy_list *list)
{
	bool generated = str_starts(list->type, STR("generated_"));
	if (list->validated)
		return;
	if (generated && list->values.n)
		load_reject(l, list->at, "list " STR_FMT " is generated; remove its values", STR_ARG(list->name));
	if (str_eq(list->type, STR("generated_ftrace")) && !list->pattern.n)
		load_reject(l, list->at, "list " STR_FMT " needs a pattern of functions", STR_ARG(list->name));
	for (size_t i = 0; str_eq(list->type, STR("syscalls")) && i < list->values.n; i++)
		if (!list_syscall(l, list->values.v[i]))
			load_reject(l, list->at, "\"" STR_FMT "\" in list " STR_FMT " is not a system call; write sys_NAME",
				    STR_ARG(list->values.v[i]), STR_ARG(list->name));
}

/* ---- scope and enforcers ---- */

static void check_document(struct loading *l)
{
	const struct policy *p = l->p;
	struct place at = {p->line, 1};
	for (size_t i = 1; i < p->nhooks; i++) {
		if (p->hooks[i].section == p->hooks[0].section)
			continue;
		load_reject(l, p->hooks[i].at, "%s beside %s; an agent takes one kind of hook in a policy; make it two "
			    "policies", section_keys[p->hooks[i].section], section_keys[p->hooks[0].section]);
		break;
	}
	if (p->namespaced && p->nhooks && p->hooks[0].section >= SECTION_UPROBE)
		load_reject(l, p->hooks[0].at, "%s are refused in a TracingPolicyNamespaced; make it a TracingPolicy",
			    section_keys[p->hooks[0].section]);
	if (!l->t->kubernetes && (p->pod || p->container))
		load_reject(l, p->pod ? p->pod->at : p->container->at, "podSelector and containerSelector are refused "
			    "by an agent outside Kubernetes; remove them, or say --target kubernetes=yes");
	if (p->nenforcers > 1)
		load_reject(l, at, "%zu enforcers; one may be there; put all calls into it", p->nenforcers);
	check_options(l);
}

static void check_enforcer_call(struct loading *l, struct str call, bool *security, bool *syscall)
{
	bool is_security = str_starts(call, STR("security_"));
	*security |= is_security;
	*syscall |= !is_security;
	if (!is_security && !syscall_name(l, call))
		load_reject(l, (struct place){l->p->line, 1}, "\"" STR_FMT "\" in enforcers is neither a system call "
			    "(sys_NAME) nor security_*", STR_ARG(call));
}

static void check_enforcers(struct loading *l)
{
	bool security = false, syscall = false;
	struct place at = {l->p->line, 1};
	for (size_t i = 0; l->p->nenforcers && i < l->p->enforcers[0].calls.n; i++) {
		struct str call = l->p->enforcers[0].calls.v[i];
		const struct policy_list *list = policy_list_of(l->p, call);
		if (list)
			check_list(l, list);
		else if (str_starts(call, STR("list:")))
			load_reject(l, at, "no list \"" STR_FMT "\"; add it to lists", STR_ARG(str_skip(call, 5)));
		else
			check_enforcer_call(l, call, &security, &syscall);
		for (size_t k = 0; list && k < list->values.n; k++)
			check_enforcer_call(l, list->values.v[k], &security, &syscall);
		syscall |= list && str_eq(list->type, STR("generated_syscalls"));
	}
	const struct policy_option *method = find_option(l->p, "override-method");
	if (security && method && str_eq(method->value, STR("override-return")))
		load_reject(l, method->at, "override-return does not work on security_* calls; write fmod-ret");
	if (syscall && !l->t->error_injection)
		load_reject(l, at, "enforcers on system calls need a kernel with error injection; use an LSM hook or "
			    "security_*, or say --target error-injection=yes");
}

/* ---- macros ---- */

static const struct { size_t v, n; const char *name; } selector_lists[] = {
#define L(member, key) {offsetof(struct selector, member), offsetof(struct selector, n##member), key}
	L(args, "matchArgs"), L(data, "matchData"), L(return_args, "matchReturnArgs"),
	L(binaries, "matchBinaries"), L(parent_binaries, "matchParentBinaries"), L(pids, "matchPIDs"),
	L(namespaces, "matchNamespaces"), L(namespace_changes, "matchNamespaceChanges"),
	L(capabilities, "matchCapabilities"), L(capability_changes, "matchCapabilityChanges"),
	L(actions, "matchActions"), L(return_actions, "matchReturnActions"),
#undef L
};

static void add_macro(struct loading *l, struct selector *into, const struct policy_macro *m)
{
	if (m->selector.macros.n)
		load_reject(l, into->at, "macro " STR_FMT " uses macros itself; write their fields into it",
			    STR_ARG(m->name));
	for (size_t i = 0; i < ARRAY_SIZE(selector_lists); i++) {
		size_t *n = (size_t *)((char *)into + selector_lists[i].n);
		size_t more = *(const size_t *)((const char *)&m->selector + selector_lists[i].n);
		if (more && *n)
			load_reject(l, into->at, "%s is there and comes with macro " STR_FMT " again; keep one",
				    selector_lists[i].name, STR_ARG(m->name));
		if (!more || *n)
			continue;
		*n = more;
		memcpy((char *)into + selector_lists[i].v, (const char *)&m->selector + selector_lists[i].v,
		       sizeof(void *));
	}
}

static struct selector expand(struct loading *l, const struct selector *s)
{
	struct selector whole = *s;
	for (size_t i = 0; i < s->macros.n; i++) {
		const struct policy_macro *found = NULL;
		for (size_t k = 0; k < l->p->nmacros; k++)
			if (str_eq(l->p->macros[k].name, s->macros.v[i]))
				found = &l->p->macros[k];
		for (size_t k = 0; k < i; k++)
			if (str_eq(s->macros.v[k], s->macros.v[i]))
				load_reject(l, s->at, "macro " STR_FMT " is named twice", STR_ARG(s->macros.v[i]));
		if (found)
			add_macro(l, &whole, found);
		else
			load_reject(l, s->at, "no macro \"" STR_FMT "\"; add it to selectorsMacros",
				    STR_ARG(s->macros.v[i]));
	}
	return whole;
}

/* ---- actions ---- */

static bool enforces(enum policy_action a)
{
	return a == ACTION_SIGKILL || a == ACTION_SIGNAL || a == ACTION_OVERRIDE ||
	       a == ACTION_NOTIFY_ENFORCER || a == ACTION_SET;
}

static void check_override(struct loading *l, const struct action *a)
{
	const struct hook *h = l->h;
	const struct policy_list *list = policy_list_of(l->p, h->call);
	bool syscall = h->syscall || (list && str_ends(list->type, STR("syscalls")));
	bool arm_late = l->t->arch == ARCH_ARM64 && l->t->kernel < TARGET_KERNEL(6, 0);
	if (h->section == SECTION_UPROBE && l->t->kernel < TARGET_KERNEL(6, 18))
		load_reject(l, a->at, "Override of a uprobe needs kernel 6.18");
	if (h->section != SECTION_KPROBE)
		return;
	if (syscall && !l->t->error_injection)
		load_reject(l, a->at, "Override of a system call needs a kernel with error injection; use an LSM hook or "
			    "security_*, or say --target error-injection=yes");
	else if (!syscall && !str_starts(h->call, STR("security_")))
		load_reject(l, a->at, "Override works on system calls and security_* only; use Sigkill, or another hook");
	else if (!syscall && l->multi)
		load_reject(l, a->at, "Override of security_* is refused where kprobe.multi is in use; add to options: "
			    "{name: disable-kprobe-multi, value: \"1\"}");
	else if (!syscall && (arm_late || l->t->kernel < TARGET_KERNEL(5, 7)))
		load_reject(l, a->at, "Override of security_* needs kernel %s; use Sigkill", arm_late ? "6.0" : "5.7");
}

static bool rate_limit_fits(struct str s)
{
	uint64_t v;
	if (s.n && strchr("smh", s.p[s.n - 1]) && s.p[s.n - 1])
		s.n--;
	return go_uint(s, 10, 32, &v);
}

static void check_rate(struct loading *l, const struct action *a)
{
	static const char *const scopes[] = {"", "thread", "process", "global"};
	bool known = false;
	for (size_t i = 0; i < ARRAY_SIZE(scopes); i++)
		known |= str_eq(a->rate_limit_scope, str_from(scopes[i]));
	if (a->rate_limit.n && a->action != ACTION_POST)
		load_reject(l, a->at, "rateLimit goes with Post only");
	else if (a->rate_limit.n && !rate_limit_fits(a->rate_limit))
		load_reject(l, a->at, "\"" STR_FMT "\" is not a rateLimit; write N, Ns, Nm or Nh",
			    STR_ARG(a->rate_limit));
	if (a->rate_limit_scope.n && (!known || a->action != ACTION_POST || !a->rate_limit.n))
		load_reject(l, a->at, "rateLimitScope goes with a rateLimit, and is thread, process or global");
}

static void check_action_lsm(struct loading *l, const struct action *a)
{
	static const bool allowed[ACTION_COUNT] = {
		[ACTION_POST] = true, [ACTION_NO_POST] = true, [ACTION_SIGKILL] = true,
		[ACTION_SIGNAL] = true, [ACTION_OVERRIDE] = true,
	};
	if (!allowed[a->action])
		load_reject(l, a->at, "%s does not work at an LSM hook; it takes Post, NoPost, Sigkill, Signal and "
			    "Override", action_name(a->action));
	if (a->action == ACTION_POST && (a->kernel_stack || a->user_stack))
		load_reject(l, a->at, "stack traces do not work at an LSM hook; remove them");
}

static void check_action(struct loading *l, const struct action *a)
{
	const struct hook *h = l->h;
	bool kprobe = h->section == SECTION_KPROBE || h->section == SECTION_FENTRY;
	bool user = h->section == SECTION_UPROBE || h->section == SECTION_USDT;
	check_rate(l, a);
	if (h->section == SECTION_LSM)
		check_action_lsm(l, a);
	if (kprobe && a->action != ACTION_POST && (a->kernel_stack || a->user_stack))
		load_reject(l, a->at, "stack traces go with Post only");
	if (h->section == SECTION_KPROBE && l->t->kernel < TARGET_KERNEL(5, 3) &&
	    (a->action == ACTION_SIGKILL || a->action == ACTION_SIGNAL))
		load_reject(l, a->at, "%s needs kernel 5.3", action_name(a->action));
	if (h->section == SECTION_FENTRY && enforces(a->action))
		load_reject(l, a->at, "an fentry only observes; use a kprobe for %s", action_name(a->action));
	if (user && (a->action == ACTION_GET_URL || a->action == ACTION_DNS_LOOKUP))
		load_reject(l, a->at, "%s does not work at a hook in a program", action_name(a->action));
	if (a->action == ACTION_NOTIFY_ENFORCER && !l->p->nenforcers &&
	    (h->section == SECTION_KPROBE || h->section == SECTION_TRACEPOINT))
		load_reject(l, a->at, "NotifyEnforcer without enforcers; add enforcers: with the calls to stop");
	if (a->action == ACTION_OVERRIDE)
		check_override(l, a);
}

static void check_actions(struct loading *l, const char *field, const struct action *a, size_t n)
{
	if (n > POLICY_ACTIONS_MAX)
		load_reject(l, a->at, "%zu actions; a selector holds %d", n, POLICY_ACTIONS_MAX);
	for (size_t i = 0; i < n; i++) {
		size_t mark = load_enter(l, field, i);
		check_action(l, &a[i]);
		load_leave(l, mark);
	}
}

/* ---- arguments ---- */

static void check_data(struct loading *l, const struct spec_arg *a)
{
	const char *registers =
		l->t->arch == ARCH_ARM64 ? "" : " r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax "
						"rip cs eflags rsp ss eax ax al ebx bx bl ecx cx cl edx dx dl esi si sil "
						"edi di dil ebp bp bpl esp sp spl ";
	bool regs = str_eq(a->source, STR("pt_regs"));
	if (!regs && !str_eq(a->source, STR("current_task")))
		load_reject(l, a->at, "data needs source: current_task or source: pt_regs");
	else if (!a->resolve.n)
		load_reject(l, a->at, "data needs resolve: what to read of " STR_FMT, STR_ARG(a->source));
	else if (regs && *registers) {
		CLEANUP_FREE char *word = xasprintf(" " STR_FMT " ", STR_ARG(a->resolve));
		if (!strstr(registers, word))
			load_reject(l, a->at, "\"" STR_FMT "\" is not a register; write rax, rdi ...", STR_ARG(a->resolve));
	}
}

static void check_arg(struct loading *l, const struct spec_arg *a, bool data)
{
	enum section s = l->h->section;
	bool kernel_hook = s == SECTION_KPROBE || s == SECTION_FENTRY || s == SECTION_LSM;
	bool kprobe = s == SECTION_KPROBE || s == SECTION_FENTRY;
	size_t steps = 1;
	for (size_t i = 0; i < a->resolve.n; i++)
		steps += a->resolve.p[i] == '.';
	if (a->resolve.n && steps > 10)
		load_reject(l, a->at, "resolve of %zu steps; at most 10 may be there", steps);
	if (a->resolve.n && l->t->kernel < TARGET_KERNEL(5, 4))
		load_reject(l, a->at, "resolve needs kernel 5.4");
	if (kernel_hook && a->type == TYPE_AUTO)
		load_reject(l, a->at, "type auto is for tracepoints; write the type, such as type: int");
	if (kprobe && a->type == TYPE_SYSCALL64)
		load_reject(l, a->at, "type syscall64 is for tracepoints; write type: uint64");
	if (kernel_hook && !data && a->index > 4)
		load_reject(l, a->at, "index %u; the agent reads arguments 0 to 4", a->index);
	if (s == SECTION_LSM && a->type == TYPE_BPF_CMD && !a->resolve.n)
		load_reject(l, a->at, "type bpf_cmd at an LSM hook needs resolve; write type: int");
	if (s == SECTION_TRACEPOINT && a->type == TYPE_CONST_BUF)
		load_reject(l, a->at, "type const_buf does not work in a tracepoint");
	if (s == SECTION_TRACEPOINT && l->h->raw && a->type == TYPE_AUTO)
		load_reject(l, a->at, "a raw tracepoint has no format to take the type from; write it");
	if (s == SECTION_TRACEPOINT && l->h->raw && a->index > 5)
		load_reject(l, a->at, "index %u; a raw tracepoint has arguments 0 to 4", a->index);
	if (s != SECTION_TRACEPOINT && a->size_arg_index > 15)
		load_reject(l, a->at, "sizeArgIndex %d; at most 15 may be there", a->size_arg_index);
	if (!data && kprobe && a->source.n)
		load_reject(l, a->at, "source goes with data; move this entry from args to data");
	if (data && kprobe)
		check_data(l, a);
}

static void check_args(struct loading *l)
{
	const struct hook *h = l->h;
	if (h->nargs + h->ndata > 5)
		load_reject(l, h->at, "%zu arguments; the agent reads five%s", h->nargs + h->ndata,
			    h->section == SECTION_LSM || h->section == SECTION_UPROBE ? " and panics with more" : "");
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
	if (h->return_arg && h->section == SECTION_KPROBE && h->ret &&
	    (h->return_arg->type == TYPE_AUTO || h->return_arg->type == TYPE_BPF_CMD))
		load_reject(l, h->return_arg->at, "returnArg needs its type, such as type: int");
	if (h->return_arg_action.n && !str_eq(h->return_arg_action, STR("TrackSock")) &&
	    !str_eq(h->return_arg_action, STR("UntrackSock")))
		load_reject(l, h->at, "returnArgAction takes TrackSock or UntrackSock");
}

/* ---- hooks ---- */

/* Hooks that came with a kernel. */
static unsigned hook_since(struct str name)
{
	static const struct { const char *name; unsigned since; } rows[] = {
		{"bprm_creds_for_exec", TARGET_KERNEL(5, 8)}, {"bprm_creds_from_file", TARGET_KERNEL(5, 8)},
		{"file_truncate", TARGET_KERNEL(6, 2)},       {"userns_create", TARGET_KERNEL(6, 1)},
		{"uring_override_creds", TARGET_KERNEL(5, 16)}, {"uring_sqpoll", TARGET_KERNEL(5, 16)},
		{"uring_cmd", TARGET_KERNEL(6, 0)},           {"kernel_load_data", TARGET_KERNEL(4, 18)},
		{"move_mount", TARGET_KERNEL(5, 2)},          {"perf_event_open", TARGET_KERNEL(5, 6)},
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
		load_reject(l, l->h->at, STR_FMT " exists from kernel %u.%u", STR_ARG(l->h->call), since >> 16,
			    since >> 8 & 0xff);
}

/* Calls without arguments: their prototype in BTF has none, and the agent takes that for "not found". */
static bool without_arguments(struct str call)
{
	static const char *const names[] = {
		"getpid", "getppid", "gettid", "getuid", "geteuid", "getgid", "getegid", "getpgrp", "setsid",
		"sched_yield", "pause", "sync", "fork", "vfork", "vhangup", "munlockall", "inotify_init",
		"rt_sigreturn", "restart_syscall",
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

static void check_kprobe(struct loading *l)
{
	const struct hook *h = l->h;
	const struct policy_list *list = policy_list_of(l->p, h->call);
	if (str_starts(h->call, STR("list:"))) {
		if (!list)
			load_reject(l, h->at, "no list \"" STR_FMT "\"; add it to lists", STR_ARG(str_skip(h->call, 5)));
		else
			check_list(l, list);
		return;
	}
	if (h->syscall && !syscall_name(l, h->call))
		load_reject(l, h->at, "\"" STR_FMT "\" is not a system call of this architecture; write sys_NAME, or "
			    "syscall: false for a function", STR_ARG(h->call));
	else if (h->syscall && without_arguments(h->call) && !h->ignore_call_not_found)
		load_reject(l, h->at, STR_FMT " takes no arguments, and the agent finds no such call; it cannot be hooked "
			    "so", STR_ARG(h->call));
	if (!h->syscall && str_starts(h->call, STR("security_")))
		check_since(l, str_skip(h->call, 9));
	for (const struct hook *o = l->p->hooks; l->multi && h->section == SECTION_KPROBE && o < h; o++)
		if (o->section == SECTION_KPROBE && str_eq(o->call, h->call))
			load_reject(l, h->at, STR_FMT " a second time; kprobe.multi takes a function once; join the "
				    "two, or set the option disable-kprobe-multi", STR_ARG(h->call));
}

static void check_lsm(struct loading *l)
{
	const struct hook *h = l->h;
	if (!l->t->lsm)
		load_reject(l, h->at, "LSM hooks need bpf among the kernel's active LSMs; use the kprobe security_" STR_FMT
			    ", or say --target lsm=yes", STR_ARG(h->call));
	if (!h->call.n)
		load_reject(l, h->at, "the hook has no name");
	check_since(l, h->call);
}

static bool digest_fits(struct str s)
{
	static const struct { struct str name; size_t digits; } rows[] = {
		{STR_INIT("sha1:"), 40},    {STR_INIT("sha256:"), 64}, {STR_INIT("sha384:"), 96},
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

static void check_uprobe(struct loading *l)
{
	const struct hook *h = l->h;
	size_t places = h->symbols.n + h->noffsets + h->naddrs;
	if (!!h->symbols.n + !!h->noffsets + !!h->naddrs != 1)
		load_reject(l, h->at, "a uprobe needs exactly one of symbols, offsets and addrs, with something in it");
	else if (h->nref_ctr_offsets && h->nref_ctr_offsets != places)
		load_reject(l, h->at, "%zu refCtrOffsets for %zu functions; give one for each", h->nref_ctr_offsets,
			    places);
	for (size_t i = 0; i < h->binary_digests.n; i++)
		if (!digest_fits(h->binary_digests.v[i]))
			load_reject(l, h->at, "\"" STR_FMT "\" is not a digest; write sha256:HASH (sha1, sha384, sha512, "
				    "build-id)", STR_ARG(h->binary_digests.v[i]));
}

static void check_section(struct loading *l)
{
	const struct hook *h = l->h;
	switch (h->section) {
	case SECTION_KPROBE: case SECTION_FENTRY: check_kprobe(l); break;
	case SECTION_LSM: check_lsm(l); break;
	case SECTION_UPROBE: check_uprobe(l); break;
	case SECTION_TRACEPOINT:
		if (!h->subsystem.n || !h->call.n)
			load_reject(l, h->at, "a tracepoint needs a subsystem and an event");
		break;
	case SECTION_USDT: break;
	}
	if (h->message.n == 1)
		load_reject(l, h->at, "a message of one character; write at least two");
	for (size_t i = 0; i < h->tags.n; i++)
		if (h->tags.v[i].n < 2)
			load_reject(l, h->at, "a tag of fewer than two characters");
}

static void check_selectors(struct loading *l)
{
	const struct hook *h = l->h;
	if (h->nselectors > POLICY_SELECTORS_MAX)
		load_reject(l, h->selectors[0].at, "%zu selectors; a hook holds %d; make it two policies", h->nselectors,
			    POLICY_SELECTORS_MAX);
	for (size_t i = 0; i < h->nselectors; i++) {
		const struct selector *s = &h->selectors[i];
		size_t mark = load_enter(l, "selectors", i);
		if (h->section == SECTION_LSM && s->nreturn_args)
			load_reject(l, s->return_args->at, "an LSM hook has no return value to match");
		if (h->section == SECTION_LSM && s->ndata)
			load_reject(l, s->data->at, "an LSM hook has no data to match");
		load_check_selector(l, s);
		check_actions(l, "matchActions", s->actions, s->nactions);
		check_actions(l, "matchReturnActions", s->return_actions, s->nreturn_actions);
		load_leave(l, mark);
	}
}

/* The hook as the agent sees it: its macros expanded. */
static void check_hook(struct loading *l, const struct hook *hook)
{
	struct arena *arena = arena_new();
	l->h = hook;
	check_section(l);
	struct hook whole = *hook;
	whole.selectors = arena_alloc(arena, hook->nselectors * sizeof(*whole.selectors));
	for (size_t i = 0; i < hook->nselectors; i++)
		whole.selectors[i] = expand(l, &hook->selectors[i]);
	l->h = &whole;
	check_args(l);
	check_selectors(l);
	load_check_tables(l);
	size_t area = policy_selector_area(&whole);
	if (area > POLICY_AREA_MAX) {
		CLEANUP_FREE char *file = xstrndup(l->p->file.p ? l->p->file.p : "", l->p->file.n);
		diag_add(l->d, DIAG_WARNING, l->p->file.n ? file : NULL, hook->at.line, hook->at.column,
			 "%s: selectors of %zu bytes; what lies beyond %d is never applied; use fewer selectors",
			 l->path.p, area, POLICY_AREA_MAX);
	}
	arena_free(arena);
}

int policy_load_check(const struct policy *p, const struct target *t, struct diag *d)
{
	struct loading l = {.p = p, .t = t, .d = d};
	size_t in_section[ARRAY_SIZE(section_keys)] = {0};
	l.multi = t->kprobe_multi && !policy_option_true(p, "disable-kprobe-multi");
	buf_puts(&l.path, "spec");
	check_document(&l);
	check_enforcers(&l);
	for (size_t i = 0; i < p->nhooks; i++) {
		enum section s = p->hooks[i].section;
		size_t mark = load_enter(&l, section_keys[s], in_section[s]++);
		check_hook(&l, &p->hooks[i]);
		load_leave(&l, mark);
	}
	buf_done(&l.path);
	return l.errors ? -EINVAL : 0;
}
