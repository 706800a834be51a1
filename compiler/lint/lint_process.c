/* SPDX-License-Identifier: GPL-2.0-only */
/* Filters on the process: whose record is judged, and what the kernel reads of a list. */
#include "compiler/lint/lint_walk.h"

/* ---- lists of which one entry counts ---- */

static void second_capability(struct lint_context *c, const struct hook *h, const struct selector *s)
{
	(void)h;
	if (s->ncapabilities < 2)
		return;
	size_t mark = lint_enter(c, "matchCapabilities", 1);
	lint_report(c, s->capabilities[1].at, "keep one entry; for OR use a second selector",
		    "a second entry of matchCapabilities is misread, and the selector never passes");
	lint_leave(c, mark);
}

void lint_capabilities_second(struct lint_context *c)
{
	lint_each_selector(c, second_capability);
}

static void second_change(struct lint_context *c, const struct hook *h, const struct selector *s)
{
	(void)h;
	if (s->ncapability_changes < 2)
		return;
	size_t mark = lint_enter(c, "matchCapabilityChanges", 1);
	lint_report(c, s->capability_changes[1].at, "keep one entry; for OR use a second selector",
		    "only the first entry of matchCapabilityChanges counts");
	lint_leave(c, mark);
}

void lint_capability_changes_second(struct lint_context *c)
{
	lint_each_selector(c, second_change);
}

/* ---- whose record ---- */

static void caller(struct lint_context *c, const struct hook *h, const struct selector *s,
		   const struct binary_filter *f)
{
	enum lint_exec site = lint_exec_hook(h);
	bool old = site == LINT_EXEC_CALL || site == LINT_EXEC_CHECK || site == LINT_EXEC_COMMIT;
	if (!old || !lint_stops(s) || s->nargs)
		return;
	lint_report(c, f->at, "to choose what may run, compare the file: lsm bprm_check_security, argument 0 linux_binprm",
		    "at %s the process is still the caller: this says who may execute, not what", lint_hook_text(c, h));
}

void lint_exec_caller(struct lint_context *c)
{
	lint_each_binaries(c, caller);
}

static void other_calls(struct lint_context *c, const struct hook *h)
{
	bool at = lint_syscall_is(h, "execveat"), other = false;
	if ((!lint_syscall_is(h, "execve") && !at) || !lint_hook_stops(c, h))
		return;
	for (size_t i = 0; i < c->policy->nhooks; i++)
		other |= lint_syscall_is(&c->policy->hooks[i], at ? "execve" : "execveat");
	if (!other)
		lint_report(c, h->at, "use lsm bprm_check_security: every kind of exec passes it",
			    "%s is another call, and a 32-bit program's calls are others again: they pass",
			    at ? "execve" : "execveat");
}

void lint_exec_other_calls(struct lint_context *c)
{
	lint_each_hook(c, other_calls);
}

static void parents(struct lint_context *c, const struct hook *h, const struct selector *s)
{
	if (!s->nparent_binaries || !lint_stops(s))
		return;
	size_t mark = lint_enter(c, "matchParentBinaries", 0);
	bool exec = lint_exec_hook(h) != LINT_EXEC_NONE;
	lint_report(c, s->parent_binaries->at, "use matchBinaries with followChildren, or match the program itself",
		    "a process whose parent is not recorded passes this filter%s",
		    exec ? "; before an exec that is nearly every process: most programs would be stopped" : "");
	lint_leave(c, mark);
}

void lint_parent_stops(struct lint_context *c)
{
	lint_each_whole(c, parents);
}

static void follow(struct lint_context *c, const struct hook *h, const struct selector *s, const struct binary_filter *f)
{
	(void)h;
	if (f->follow_children && lint_stops(s))
		lint_report(c, f->at, "restart what it is for once the policy is loaded",
			    "followChildren marks what is executed after the load: of what runs already, at most direct "
			    "children are known");
}

void lint_follow_children_late(struct lint_context *c)
{
	lint_each_binaries(c, follow);
}

static void user_namespace(struct lint_context *c, const struct hook *h, const struct selector *s)
{
	(void)h;
	for (size_t i = 0; i < s->nnamespaces; i++) {
		size_t mark = lint_enter(c, "matchNamespaces", i);
		if (str_eq(s->namespaces[i].namespace, STR("User")))
			lint_report(c, s->namespaces[i].at, "hook the call itself: userns_create, or sys_setns",
				    "the user namespace is that of the current program: a change shows after the next exec");
		lint_leave(c, mark);
	}
	for (size_t i = 0; i < s->ncapabilities; i++) {
		size_t mark = lint_enter(c, "matchCapabilities", i);
		if (s->capabilities[i].namespace_capability)
			lint_report(c, s->capabilities[i].at, "hook the call itself: userns_create, or sys_setns",
				    "the user namespace is that of the current program: a change shows after the next exec");
		lint_leave(c, mark);
	}
}

void lint_user_namespace(struct lint_context *c)
{
	lint_each_selector(c, user_namespace);
}

static void unrefreshed(struct lint_context *c, const struct hook *h, const struct selector *s)
{
	(void)h;
	bool limited = false;
	for (size_t i = 0; i < s->nactions; i++)
		limited |= s->actions[i].rate_limit.n > 0;
	bool silent = lint_has_action(s, ACTION_NO_POST);
	if ((s->nnamespace_changes || s->ncapability_changes) && (silent || limited))
		lint_report(c, s->at, silent ? "remove NoPost" : "remove rateLimit",
			    "what a process is compared with is renewed only by a posted event: %s keeps the filter passing "
			    "on every call", silent ? "NoPost" : "rateLimit");
}

void lint_changes_not_posted(struct lint_context *c)
{
	lint_each_whole(c, unrefreshed);
}

static void not_looked_at(struct lint_context *c, const struct hook *h, const struct selector *s)
{
	(void)h;
	if (!s->ncapability_changes || c->target->kernel >= TARGET_KERNEL(5, 3))
		return;
	size_t mark = lint_enter(c, "matchCapabilityChanges", 0);
	lint_report_target(c, s->capability_changes[0].at, "do not use the policy there",
			   "matchCapabilityChanges is not looked at before kernel 5.3: the selector matches without it");
	lint_leave(c, mark);
}

void lint_changes_kernel(struct lint_context *c)
{
	lint_each_selector(c, not_looked_at);
}

static void host_pid(struct lint_context *c, const struct hook *h, const struct selector *s)
{
	(void)h;
	for (size_t i = 0; i < s->npids; i++) {
		const struct pid_filter *p = &s->pids[i];
		size_t mark = lint_enter(c, "matchPIDs", i);
		if (p->namespace_pid && p->follow_forks && p->op == OPERATOR_NOT_IN)
			lint_report(c, p->at, "leave one of the two out", "with isNamespacePID and followForks a process of "
				    "the host passes neither In nor NotIn");
		lint_leave(c, mark);
	}
}

void lint_pids_host(struct lint_context *c)
{
	lint_each_selector(c, host_pid);
}

/* Functions that run for packets and timers, on whatever task the CPU was at. */
static bool interrupts(const struct hook *h)
{
	static const char *const names[] = {
		"ip_rcv", "ip6_rcv", "ip_local_deliver", "ipv6_rcv", "__netif_receive_skb", "netif_receive_skb", "tcp_v4_rcv",
		"tcp_v6_rcv", "udp_rcv", "tcp_rcv_established", "tcp_rcv_state_process", "sk_filter_trim_cap", "kfree_skb_reason",
		"tcp_retransmit_skb", "tcp_set_state", "tcp_create_openreq_child", "icmp_rcv", "__sk_free", "napi_poll",
		"dev_queue_xmit", "__dev_queue_xmit", "__cgroup_bpf_run_filter_skb",
	};
	for (size_t i = 0; h->section == SECTION_KPROBE && !h->syscall && i < ARRAY_SIZE(names); i++)
		if (str_eq(h->call, str_from(names[i])))
			return true;
	return lint_hook_is(h, "sock_rcv_skb") || lint_hook_is(h, "inet_conn_request") ||
	       (h->section == SECTION_TRACEPOINT && str_eq(h->subsystem, STR("net")));
}

static void interrupted(struct lint_context *c, const struct hook *h, const struct selector *s)
{
	const char *by = s->nbinaries ? "matchBinaries" : s->npids ? "matchPIDs" : s->nnamespaces ? "matchNamespaces"
			 : s->ncapabilities ? "matchCapabilities" : NULL;
	bool kills = lint_has_action(s, ACTION_SIGKILL) || lint_has_action(s, ACTION_SIGNAL);
	if (interrupts(h) && (by || kills))
		lint_report(c, s->at, "hook where the process itself is at work: tcp_connect, tcp_sendmsg, socket_connect",
			    "%s runs on whatever task the CPU was at: %s meets a process that has nothing to do with it",
			    lint_hook_text(c, h), kills ? "the signal" : by);
}

void lint_interrupted_task(struct lint_context *c)
{
	lint_each_whole(c, interrupted);
}

static void memfd_caller(struct lint_context *c, const struct hook *h, const struct selector *s,
			 const struct binary_filter *f)
{
	/* The runtime works from a memfd at times: where it is let pass, so must that be. */
	if (lint_stops(s) && lint_negative(f->op) && f->values.n && !lint_lists_runtime(&f->values) &&
	    lint_exec_hook(h) == LINT_EXEC_NONE)
		lint_report(c, f->at, "let the listed programs pass in an earlier selector (In, NoPost), and stop the rest without "
			    "matchBinaries", "a program in memory (memfd) has no path and passes neither In nor %s: it is not "
			    "stopped", operator_name(f->op));
}

void lint_memfd_caller(struct lint_context *c)
{
	lint_each_binaries(c, memfd_caller);
}
