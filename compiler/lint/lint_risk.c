/* SPDX-License-Identifier: GPL-2.0-only */
/* What a policy lets through that defeats it, and whom it stops that nobody meant. */
#include "compiler/lint/lint_walk.h"

/* ---- programs that run other programs ---- */

static const char *const shells[] = {"sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "csh", "tcsh", "fish", "rbash",
				     "busybox", "toybox", "xonsh", "pwsh"};
static const char *const interpreters[] = {"python", "perl", "ruby", "node", "nodejs", "deno", "bun", "php", "php-fpm", "lua",
					   "luajit", "tclsh", "wish", "expect", "awk", "gawk", "mawk", "guile", "ld.so", "Rscript",
					   "env", "xargs", "gdb"};
static const char *const package_managers[] = {"apt", "apt-get", "aptitude", "dpkg", "rpm", "yum", "dnf", "microdnf", "tdnf",
					       "zypper", "pacman", "apk", "snap", "pip", "pipx", "uv", "conda", "npm", "npx",
					       "yarn", "pnpm", "gem", "cargo", "go", "opkg", "nix-env", "brew"};

/* The file's name; with a version behind it, without: python3.11, bash-5.2. */
static struct str program(struct str path, bool versionless)
{
	size_t from = path.n, to = path.n;
	while (from && path.p[from - 1] != '/')
		from--;
	while (versionless && to > from && strchr("0123456789.-", path.p[to - 1]))
		to--;
	return (struct str){path.p + from, to - from};
}

static bool among(struct str path, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (path.n && (str_eq(program(path, false), str_from(names[i])) ||
			       str_eq(program(path, true), str_from(names[i]))))
			return true;
	return false;
}

static bool exact(enum policy_operator op)
{
	return op == OPERATOR_NOT_EQUAL || op == OPERATOR_NOT_IN || op == OPERATOR_NOT_POSTFIX;
}

static void risky(struct lint_context *c, enum policy_operator op, const struct strs *values, struct place at,
		  const char *const *names, size_t n, const char *why)
{
	for (size_t i = 0; exact(op) && i < values->n; i++)
		if (among(values->v[i], names, n))
			lint_report_value(c, at, i, "allow it only to the programs that need it, by matchBinaries, or not at all",
					  STR_FMT " may run: %s", STR_ARG(values->v[i]), why);
}

static void shell(struct lint_context *c, const struct hook *h, const struct selector *s, enum policy_operator op,
		  const struct strs *values, struct place at)
{
	(void)h, (void)s;
	risky(c, op, values, at, shells, ARRAY_SIZE(shells), "a shell does the work of most programs by itself");
}

void lint_allow_shell(struct lint_context *c)
{
	lint_each_allowed(c, shell);
}

static bool loader(struct str path)
{
	struct str name = program(path, false);
	return str_starts(name, STR("ld-linux")) || str_starts(name, STR("ld-musl")) || str_eq(name, STR("ld.so"));
}

static void interpreter(struct lint_context *c, const struct hook *h, const struct selector *s, enum policy_operator op,
			const struct strs *values, struct place at)
{
	(void)h, (void)s;
	risky(c, op, values, at, interpreters, ARRAY_SIZE(interpreters), "it runs whatever text or program it is given");
	for (size_t i = 0; exact(op) && i < values->n; i++)
		if (loader(values->v[i]) && !among(values->v[i], interpreters, ARRAY_SIZE(interpreters)))
			lint_report_value(c, at, i, "leave it out: no program needs it by name",
					  STR_FMT " may run: the loader starts any program that it is given", STR_ARG(values->v[i]));
}

void lint_allow_interpreter(struct lint_context *c)
{
	lint_each_allowed(c, interpreter);
}

static void manager(struct lint_context *c, const struct hook *h, const struct selector *s, enum policy_operator op,
		    const struct strs *values, struct place at)
{
	(void)h, (void)s;
	risky(c, op, values, at, package_managers, ARRAY_SIZE(package_managers),
	      "a package manager installs programs, and runs their scripts");
}

void lint_allow_package_manager(struct lint_context *c)
{
	lint_each_allowed(c, manager);
}

static void writable(struct lint_context *c, const struct hook *h, const struct selector *s, enum policy_operator op,
		     const struct strs *values, struct place at)
{
	static const char *const folders[] = {"/tmp/", "/var/tmp/", "/dev/shm/", "/run/", "/var/run/", "/dev/mqueue/", "/home/",
					      "/var/www/", "/var/cache/", "/var/spool/", "/mnt/", "/media/", "/proc/"};
	(void)h, (void)s;
	for (size_t i = 0; op != OPERATOR_NOT_POSTFIX && i < values->n; i++)
		for (size_t k = 0; k < ARRAY_SIZE(folders); k++)
			if (str_starts(values->v[i], str_from(folders[k])) ||
			    str_eq(values->v[i], (struct str){folders[k], strlen(folders[k]) - 1}))
				lint_report_value(c, at, i, "run programs from folders that only the image fills",
						  STR_FMT " is writable in most workloads: what is written there may run",
						  STR_ARG(values->v[i]));
}

void lint_allow_writable(struct lint_context *c)
{
	lint_each_allowed(c, writable);
}

static void broad(struct lint_context *c, const struct hook *h, const struct selector *s, enum policy_operator op,
		  const struct strs *values, struct place at)
{
	static const char *const prefixes[] = {"", "/", "/usr", "/usr/", "/usr/bin", "/usr/bin/", "/usr/sbin", "/usr/sbin/", "/bin",
					       "/bin/", "/sbin", "/sbin/", "/usr/local", "/usr/local/", "/usr/lib/", "/var/", "/opt/",
					       "/usr/local/bin/"};
	(void)h, (void)s;
	for (size_t i = 0; op == OPERATOR_NOT_PREFIX && i < values->n; i++)
		for (size_t k = 0; k < ARRAY_SIZE(prefixes); k++)
			if (str_eq(values->v[i], str_from(prefixes[k])))
				lint_report_value(c, at, i, "list the programs that the workload runs",
						  "\"" STR_FMT "\" lets the system's own programs run, shells and tools included",
						  STR_ARG(values->v[i]));
}

void lint_allow_broad(struct lint_context *c)
{
	lint_each_allowed(c, broad);
}

/* ---- scope ---- */

/* Is it about processes that the author named, or that are in a container? */
static bool narrowed(const struct selector *s)
{
	for (size_t i = 0; i < s->nbinaries; i++)
		if (!lint_negative(s->binaries[i].op) && s->binaries[i].values.n)
			return true;
	for (size_t i = 0; i < s->nnamespaces; i++)
		if (s->namespaces[i].op == OPERATOR_NOT_IN ||
		    (s->namespaces[i].values.n && !str_eq(s->namespaces[i].values.v[0], STR("host_ns"))))
			return true;
	return s->nworkloads || s->npids || s->ncapabilities || s->nparent_binaries;
}

/* Equal, Prefix, Family ...: it is about some files or peers, not about all but some. */
static bool about_some(const struct hook *h, const struct selector *s)
{
	bool some = false, all_but = false;
	for (size_t i = 0; i < s->nbinaries; i++)
		all_but |= lint_negative(s->binaries[i].op);
	for (size_t i = 0; i < s->nargs; i++) {
		const struct spec_arg *a = policy_filter_arg(h, &s->args[i], false);
		bool object = a && policy_type_class(a->type) & (CLASS_TEXT | CLASS_SOCK | CLASS_SKB | CLASS_SOCKADDR);
		bool what = s->args[i].op != OPERATOR_FAMILY && s->args[i].op != OPERATOR_PROTOCOL;
		some |= object && what && !lint_negative(s->args[i].op);
		all_but |= object && lint_negative(s->args[i].op);
	}
	return some || (s->nargs && !all_but);
}

/* Selectors that stop everything but what they list, or everything. */
static bool stops_the_rest(const struct hook *h, const struct selector *s)
{
	return h->section < SECTION_UPROBE && lint_stops(s) && !narrowed(s) && !about_some(h, s);
}

void lint_scope_none(struct lint_context *c)
{
	const struct policy *p = c->policy;
	if (p->namespaced || p->pod || p->container || p->host)
		return;
	for (size_t i = 0; i < p->nhooks; i++)
		for (size_t k = 0; k < p->hooks[i].nselectors; k++) {
			struct selector s = lint_whole(c, &p->hooks[i].selectors[k]);
			if (!stops_the_rest(&p->hooks[i], &s))
				continue;
			lint_report(c, s.at, "add podSelector, or make it a TracingPolicyNamespaced",
				    "no scope: every process of the node is judged, kubelet, container runtime and systemd too");
			return;
		}
}

void lint_host_in_scope(struct lint_context *c)
{
	const struct policy *p = c->policy;
	size_t spec = lint_enter(c, "spec", LINT_NO_INDEX), mark = lint_enter(c, "hostSelector", LINT_NO_INDEX);
	bool found = false;
	for (size_t i = 0; p->host && c->target->kubernetes && i < p->nhooks; i++)
		for (size_t k = 0; k < p->hooks[i].nselectors; k++) {
			struct selector s = lint_whole(c, &p->hooks[i].selectors[k]);
			found |= stops_the_rest(&p->hooks[i], &s);
		}
	if (found)
		lint_report(c, p->host->at, "remove hostSelector, or name the programs by matchBinaries",
			    "the host is in scope: kubelet, container runtime and systemd are stopped as anything else is");
	lint_leave(c, mark);
	lint_leave(c, spec);
}

/* ---- the runtime and the kubelet ---- */

static bool takes(enum policy_operator op, const struct strs *values, struct str path)
{
	for (size_t i = 0; i < values->n; i++)
		if (op == OPERATOR_NOT_PREFIX   ? str_starts(path, values->v[i])
		    : op == OPERATOR_NOT_POSTFIX ? str_ends(path, values->v[i])
						  : str_eq(path, values->v[i]))
			return true;
	return false;
}

bool lint_lists_runtime(const struct strs *values)
{
	for (size_t i = 0; i < values->n; i++) {
		struct str name = program(values->v[i], false);
		if (values->v[i].n && (str_eq(name, STR("runc")) || str_eq(name, STR("crun")) || str_eq(name, STR("youki"))))
			return true;
	}
	return false;
}

/* Somewhere at this function the runtime is let pass. */
static bool knows_runtime(const struct lint_context *c, const struct hook *h)
{
	for (size_t i = 0; i < c->policy->nhooks; i++) {
		const struct hook *o = &c->policy->hooks[i];
		for (size_t k = 0; str_eq(o->call, h->call) && k < o->nselectors; k++) {
			struct selector s = lint_whole(c, &o->selectors[k]);
			for (size_t m = 0; m < s.nbinaries; m++)
				if (lint_lists_runtime(&s.binaries[m].values))
					return true;
			for (size_t m = 0; m < s.nargs; m++)
				if (lint_lists_runtime(&s.args[m].values))
					return true;
		}
	}
	return false;
}

static void runtime(struct lint_context *c, const struct hook *h, const struct selector *s, enum policy_operator op,
		    const struct strs *values, struct place at)
{
	static const char *const paths[] = {"/usr/bin/runc", "/usr/sbin/runc", "/usr/local/sbin/runc", "/usr/bin/crun"};
	bool host = lint_reaches_host(c);
	if (narrowed(s) || knows_runtime(c, h))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		if (takes(op, values, str_from(paths[i])))
			return;
	if (!host && takes(op, values, STR("/runc")))
		return;
	lint_report(c, at, host ? "give the policy a scope, or list the runtime, its shim and the kubelet"
				: "list /runc as well, or let callers such as /usr/bin/runc pass first",
		    host ? "the container runtime is not on this list: no container starts on the node any more"
			 : "the runtime executes itself in the container (as /runc) for exec probes and kubectl exec, and is not "
			   "on this list");
}

void lint_stops_runtime(struct lint_context *c)
{
	lint_each_allowed(c, runtime);
}

static void kubelet(struct lint_context *c, const struct hook *h, const struct selector *s)
{
	bool connects = lint_hook_is(h, "socket_connect") || lint_hook_is(h, "socket_sendmsg") ||
			str_eq(h->call, STR("tcp_connect")) || lint_syscall_is(h, "connect");
	if (connects && lint_reaches_host(c) && stops_the_rest(h, s))
		lint_report(c, s->at, "give the policy a podSelector",
			    "the kubelet's probes and its way to the API server, and every agent on the host network, connect "
			    "from here");
}

void lint_stops_kubelet(struct lint_context *c)
{
	lint_each_whole(c, kubelet);
}

static bool by_namespace(const struct label_selector *s)
{
	for (size_t i = 0; s && i < s->nlabels; i++)
		if (str_eq(s->labels[i].key, STR("k8s:io.kubernetes.pod.namespace")))
			return true;
	for (size_t i = 0; s && i < s->nexpressions; i++)
		if (str_eq(s->expressions[i].key, STR("k8s:io.kubernetes.pod.namespace")))
			return true;
	return false;
}

void lint_stops_agents(struct lint_context *c)
{
	const struct policy *p = c->policy;
	bool every_pod = !p->namespaced && (p->pod || p->container) &&
			 (!p->pod || (!p->pod->nlabels && !p->pod->nexpressions)) && !by_namespace(p->pod);
	if (!every_pod || !lint_policy_stops(c))
		return;
	size_t spec = lint_enter(c, "spec", LINT_NO_INDEX);
	size_t mark = lint_enter(c, p->pod ? "podSelector" : "containerSelector", LINT_NO_INDEX);
	lint_report(c, p->pod ? p->pod->at : p->container->at,
		    "leave kube-system out: matchExpressions, key k8s:io.kubernetes.pod.namespace, NotIn",
		    "every pod is in scope, the network, storage and log agents in kube-system too");
	lint_leave(c, mark);
	lint_leave(c, spec);
}

/* Labels that make a workload what it is: without them its own Service and ReplicaSet lose it. */
static bool identity(struct str key)
{
	static const char *const keys[] = {"app", "k8s-app", "name", "component", "tier", "role", "k8s:io.kubernetes.pod.namespace",
					   "job-name", "batch.kubernetes.io/job-name", "statefulset.kubernetes.io/pod-name"};
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (str_eq(key, str_from(keys[i])))
			return true;
	return str_starts(key, STR("app.kubernetes.io/"));
}

void lint_label_of_owner(struct lint_context *c)
{
	const struct label_selector *pod = c->policy->pod;
	size_t spec = lint_enter(c, "spec", LINT_NO_INDEX), mark = lint_enter(c, "podSelector", LINT_NO_INDEX);
	bool stops = lint_policy_stops(c);
	for (size_t i = 0; stops && pod && i < pod->nlabels; i++)
		if (!identity(pod->labels[i].key))
			lint_report(c, pod->at, "select by namespace, or by a label that admission control keeps",
				    "whoever may edit the pod can leave the policy by removing the label " STR_FMT,
				    STR_ARG(pod->labels[i].key));
	for (size_t i = 0; stops && pod && i < pod->nexpressions; i++) {
		const struct label_requirement *r = &pod->expressions[i];
		bool leave = str_eq(r->op, STR("NotIn")) || str_eq(r->op, STR("DoesNotExist"));
		if (!str_eq(r->key, STR("k8s:io.kubernetes.pod.namespace")) && (leave || !identity(r->key)))
			lint_report(c, pod->at, "select by namespace, or by a label that admission control keeps",
				    "whoever may edit the pod can leave the policy by %s the label " STR_FMT,
				    leave ? "setting" : "removing", STR_ARG(r->key));
	}
	lint_leave(c, mark);
	lint_leave(c, spec);
}

static bool is_script(struct str path)
{
	static const char *const endings[] = {".sh", ".bash", ".py", ".pl", ".rb", ".php", ".lua"};
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
		if (str_ends(path, str_from(endings[i])))
			return true;
	return false;
}

/* Something that runs scripts is allowed to somebody at this function, or a prefix is, which may be anything. */
static bool allows_interpreter(const struct lint_context *c, const struct hook *h)
{
	for (size_t i = 0; i < c->policy->nhooks; i++) {
		const struct hook *o = &c->policy->hooks[i];
		for (size_t k = 0; str_eq(o->call, h->call) && k < o->nselectors; k++) {
			struct selector s = lint_whole(c, &o->selectors[k]);
			for (size_t m = 0; m < s.nargs; m++) {
				const struct strs *values = &s.args[m].values;
				if (s.args[m].op == OPERATOR_NOT_PREFIX)
					return true;
				for (size_t v = 0; v < values->n; v++)
					if (among(values->v[v], shells, ARRAY_SIZE(shells)) ||
					    among(values->v[v], interpreters, ARRAY_SIZE(interpreters)))
						return true;
			}
		}
	}
	return false;
}

static void script(struct lint_context *c, const struct hook *h, const struct selector *s, enum policy_operator op,
		   const struct strs *values, struct place at)
{
	bool last_step = lint_hook_is(h, "bprm_creds_from_file");
	(void)s, (void)op;
	if (lint_exec_hook(h) != LINT_EXEC_CHECK || allows_interpreter(c, h))
		return;
	for (size_t i = 0; i < values->n; i++)
		if (is_script(values->v[i]))
			lint_report_value(c, at, i, "list the interpreter of its first line too",
					  last_step ? STR_FMT " is a script: this hook sees its interpreter alone, which is not listed"
						    : STR_FMT " is a script: its interpreter is checked after it, and is not listed",
					  STR_ARG(values->v[i]));
}

void lint_allow_script(struct lint_context *c)
{
	lint_each_allowed(c, script);
}
