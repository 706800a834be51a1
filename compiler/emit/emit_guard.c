/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guards: things a workload practically never does, denied as a whole. A container's own start needs
 * some of them (the runtime mounts its root), so there the runtime's known paths pass; a process whose path is
 * unknown (a memfd) passes too, which the exec rules prevent from existing.
 */
#include "compiler/emit/agents.h"
#include "compiler/emit/plan.h"
#include "schema/image.h"

struct guard_hook {
	uint32_t guard;
	struct plan_hook hook;
	struct { uint8_t arg; enum policy_operator op; const char *value; } filters[2];
	uint8_t nfilters;
	bool runtime_passes;
	const char *without_capability;   /* or NULL */
	const char *threat, *cannot, *false_positive;
};

static const struct guard_hook guard_hooks[] = {
	{IMAGE_GUARD_KERNEL_MODULE,
	 {"kernel_read_file", "security_kernel_read_file", {{1, 1, TYPE_INT, NULL}}, 1, TARGET_KERNEL(5, 10)},
	 {{0, OPERATOR_EQUAL, "2"}}, 1, false, NULL, "loading a kernel module from a file (rootkits)",
	 "modules that the kernel asks for by itself; code loaded as BPF",
	 "agents that load a driver, modprobe in an entry script"},
	{IMAGE_GUARD_KERNEL_MODULE,
	 {"kernel_load_data", "security_kernel_load_data", {{0, 0, TYPE_INT, NULL}}, 1, TARGET_KERNEL(5, 10)},
	 {{0, OPERATOR_EQUAL, "2"}}, 1, false, NULL, "loading a kernel module from memory (rootkits)",
	 "modules that the kernel asks for by itself; code loaded as BPF", "as for loading from a file"},
	{IMAGE_GUARD_PTRACE,
	 {"ptrace_access_check", "security_ptrace_access_check", {{1, 1, TYPE_UINT32, NULL}}, 1, 0},
	 {{0, OPERATOR_MASK, "2"}}, 1, false, NULL,
	 "attaching to another process, reading or writing its memory (credential theft, injection)",
	 "a process that lets its parent trace it is stopped by ptrace_traceme",
	 "debuggers, profilers, crash handlers that attach to a sibling"},
	{IMAGE_GUARD_PTRACE, {"ptrace_traceme", "security_ptrace_traceme", {{0}}, 0, 0}, {{0}}, 0, false,
	 NULL, "running a program under a tracer", "tracers attached from outside the workload",
	 "strace or gdb started inside the container"},
	{IMAGE_GUARD_MOUNT, {"sb_mount", "security_sb_mount", {{1, 1, TYPE_PATH, NULL}}, 1, 0}, {{0}}, 0, true,
	 NULL, "mounting, remounting, binding: a way to other names and out of the container",
	 "a process without a path (memfd), unless the exec rules stop it; umount",
	 "agents and CSI drivers that mount; a container runtime at a path that is not listed in the rule"},
	{IMAGE_GUARD_MOUNT, {"move_mount", "security_move_mount", {{1, 1, TYPE_PATH, NULL}}, 1, TARGET_KERNEL(5, 4)},
	 {{0}}, 0, true, NULL, "attaching a mount through the new mount calls",
	 "as for sb_mount", "as for sb_mount"},
	{IMAGE_GUARD_RAISE_PRIVILEGE,
	 {"task_fix_setuid", "security_task_fix_setuid",
	  {{0, 0, TYPE_UINT32, "uid.val"}, {1, 1, TYPE_UINT32, "uid.val"}}, 2, TARGET_KERNEL(5, 4)},
	 {{0, OPERATOR_EQUAL, "0"}, {1, OPERATOR_NOT_EQUAL, "0"}}, 2, false, NULL,
	 "a process that is not root becomes root",
	 "a set-user-ID program that never calls setuid: leave it out of the exec allowlist, or set "
	 "allowPrivilegeEscalation: false; file capabilities; root of a pod's own user namespace (hostUsers: false), which "
	 "is another number",
	 "sudo, su and their like, started by a user who is not root; daemons that give up their real user id and take root "
	 "back (those that change the effective one only are not met)"},
	{IMAGE_GUARD_RAISE_PRIVILEGE,
	 {"userns_create", "security_create_user_ns", {{0}}, 0, TARGET_KERNEL(6, 1)}, {{0}}, 0, false,
	 "CAP_SYS_ADMIN", "an unprivileged process makes a user namespace, where it has every capability",
	 "processes that already have CAP_SYS_ADMIN",
	 "browsers with their own sandbox (Chromium, Playwright), bubblewrap, rootless builds of images"},
	{IMAGE_GUARD_BPF, {"bpf", "security_bpf", {{0}}, 0, 0}, {{0}}, 0, false, NULL,
	 "calling bpf(): programs in the kernel, maps, what others have pinned",
	 "packet filters that a program puts on its own sockets (SO_ATTACH_FILTER), seccomp; the use of descriptors of maps by mmap",
	 "agents that use BPF (CNI, observability), systemd inside a container"},
};

/* runc and crun as installed, and runc as it sees itself while it sets a container up. */
static const char *const mounters[] = {
	"/runc", "/usr/bin/crun", "/usr/bin/runc", "/usr/local/bin/crun", "/usr/local/bin/runc",
	"/usr/local/sbin/runc", "/usr/sbin/runc",
};

static void emit_guard(struct emission *e, const struct guard_hook *g)
{
	struct plan *p = emission_plan(e, &g->hook);
	p->kind = guard_name(g->guard);
	p->threat = g->threat;
	p->cannot = g->cannot;
	p->false_positive = g->false_positive;
	bool agent_passes = g->guard == IMAGE_GUARD_BPF && !e->scoped;
	if (agent_passes) {
		plan_prelude(p, PLAN_AFTER_CALLERS)->callers = plan_values(p, agents, ARRAY_SIZE(agents));
		p->cannot = arena_printf(e->arena, "%s; what the agent itself does (%s, also in /usr/local/bin): without bpf() it could not "
					 "take the policy back", p->cannot, agents[0]);
	}
	struct plan_selector *s = plan_deny(p, agent_passes ? PLAN_AFTER_CALLERS : 0);
	for (int i = 0; i < g->nfilters; i++)
		plan_filter(s, g->filters[i].arg, g->filters[i].op, plan_values(p, &g->filters[i].value, 1));
	if (g->runtime_passes && e->scoped) {
		s->callers = plan_values(p, mounters, ARRAY_SIZE(mounters));
		s->not_callers = true;
	}
	if (g->without_capability)
		s->without_capabilities = plan_values(p, &g->without_capability, 1);
}

int emit_guards(struct emission *e)
{
	uint32_t done = 0;
	for (size_t i = 0; i < ARRAY_SIZE(guard_hooks); i++) {
		const struct guard_hook *g = &guard_hooks[i];
		if (!(e->l->guards & g->guard) || e->o->target.kernel < g->hook.since)
			continue;
		emit_guard(e, g);
		done |= g->guard;
	}
	if (e->l->guards & ~done)
		return emission_refuse(e, STR(""), "guard %s: kernels before 5.10 number module loads otherwise; "
				  "name a newer kernel with --target or drop the guard",
				  guard_name(e->l->guards & ~done));
	return 0;
}
