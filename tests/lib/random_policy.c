/* SPDX-License-Identifier: GPL-2.0-only */
/* A random policy as text: its document, scope, hooks, selectors and actions. What no agent would load is left to the caller to sort out. */
#include "tests/lib/random_private.h"

#include <stdio.h>

#define line random_line

/* ---- actions ---- */

static void post(struct maker *m)
{
	static const char *const limits[] = {"5", "30s", "1m", "1h"}, *const scopes[] = {"thread", "process", "global"};
	line(m, 4, "- action: Post");
	if (!dice_chance(m->r, 25))
		return;
	line(m, 5, "rateLimit: \"%s\"", limits[dice_below(m->r, ARRAY_SIZE(limits))]);
	if (dice_chance(m->r, 60))
		line(m, 5, "rateLimitScope: %s", scopes[dice_below(m->r, ARRAY_SIZE(scopes))]);
}

static void notify(struct maker *m)
{
	if (dice_chance(m->r, 30)) {
		line(m, 4, "- action: CleanupEnforcerNotification");
		return;
	}
	line(m, 4, "- action: NotifyEnforcer");
	if (dice_chance(m->r, 70))
		line(m, 5, "argError: %d", (int)-dice_below(m->r, 14));
	if (dice_chance(m->r, 50))
		line(m, 5, "argSig: %u", dice_chance(m->r, 60) ? 9 : 15 * dice_below(m->r, 2));
}

static void actions(struct maker *m, const char *field)
{
	unsigned n = 1 + dice_below(m->r, 2);
	line(m, 4, "%s:", field);
	for (unsigned i = 0; i < n; i++) {
		switch (m->section == 'f' ? dice_below(m->r, 2) : dice_below(m->r, m->enforcer ? 12 : 8)) {
		case 0:
			post(m);
			break;
		case 1:
			line(m, 4, "- action: NoPost");
			break;
		case 2:
			line(m, 4, "- action: Signal\n          argSig: %u", dice_below(m->r, 3) * 5 + dice_below(m->r, 2) * 4);
			break;
		case 3: case 4:
			line(m, 4, "- action: Override\n          argError: %d", (int)-dice_below(m->r, 14));
			break;
		case 5: case 6: case 7:
			line(m, 4, "- action: Sigkill");
			break;
		default:
			notify(m);
		}
	}
}

/* ---- selectors ---- */

static void data_filter(struct maker *m)
{
	line(m, 4, "matchData:\n        - index: 0\n          operator: %s", dice_chance(m->r, 50) ? "Equal" : "GT");
	random_values(m, 5, "mask", 2);
}

static void selector(struct maker *m, const struct listed *a, bool macro)
{
	enum macro has = macro ? m->macro : MACRO_NONE;
	size_t before = m->b->n;
	if (a->n && dice_chance(m->r, 70)) {
		unsigned n = 1 + dice_below(m->r, 2);
		line(m, 4, "matchArgs:");
		for (unsigned i = 0; i < n; i++)
			random_arg_filter(m, a);
	}
	if (a->data && dice_chance(m->r, 60))
		data_filter(m);
	if (has != MACRO_BINARIES && dice_chance(m->r, 40))
		random_binaries(m, "matchBinaries");
	if (dice_chance(m->r, 8))
		random_binaries(m, "matchParentBinaries");
	if (has != MACRO_PROCESS)
		random_process_filters(m);
	if (dice_chance(m->r, 8))
		random_workloads(m);
	if (has != MACRO_ACTIONS && dice_chance(m->r, 85))
		actions(m, "matchActions");
	if ((a->returns || dice_chance(m->r, 1)) && dice_chance(m->r, 60)) {
		if (dice_chance(m->r, 80)) {
			line(m, 4, "matchReturnArgs:");
			random_return_filter(m);
		}
		actions(m, "matchReturnActions");
	}
	if (macro)
		line(m, 4, "macros: [m]");
	if (dice_chance(m->r, 10))
		line(m, 4, "label: \"%s\"", random_word(m->r, "path"));
	if (m->b->n == before) {
		line(m, 3, "- {}");
		return;
	}
	/* the first field begins the item */
	m->b->p[before + 6] = '-';
}

/* ---- hooks and the document ---- */

static const char *retyped(struct maker *m, const char *type)
{
	static const char *const ints[] = {"int", "int", "uint32", "int32", "int8", "uint8", "int16", "uint16", "int64", "sint32"};
	static const char *const files[] = {"file", "path"};
	if (dice_chance(m->r, 80))
		return type;
	if (!strcmp(type, "int") || !strcmp(type, "uint32"))
		return ints[dice_below(m->r, ARRAY_SIZE(ints))];
	if (!strcmp(type, "string") && dice_chance(m->r, 20))
		return "filename";
	return strcmp(type, "file") ? type : files[dice_below(m->r, 2)];
}

static void hook_name(struct maker *m, const struct random_site *s)
{
	const char *call = s->call, *slash = strchr(call, '/');
	if (m->section == 't')
		line(m, 1, "- subsystem: %.*s\n    event: %s\n    raw: %s", (int)(slash - call), call, slash + 1, s->raw ? "true" : "false");
	else if (m->section == 'l')
		line(m, 1, "- hook: %s", strncmp(call, "security_", 9) ? call : call + 9);
	else if (m->calls && !strncmp(call, "sys_", 4) && dice_chance(m->r, 60))
		line(m, 1, "- call: \"list:calls\"");
	else
		line(m, 1, "- call: %s%s\n    syscall: %s", !strcmp(s->section, "lsmhooks") ? "security_" : "", call,
		     strncmp(call, "sys_", 4) ? "false" : "true");
}

/* Some of the recorded ones, at times in another order. */
static void list_args(struct maker *m, const struct random_site *s, struct listed *ret)
{
	unsigned n = 0, shift = dice_chance(m->r, 20) ? dice_below(m->r, 5) : 0;
	while (n < ARRAY_SIZE(s->args) && s->args[n].type)
		n++;
	for (unsigned i = 0; i < n; i++) {
		const struct random_arg *a = &s->args[(i + shift) % n];
		if (dice_chance(m->r, 10))
			continue;
		ret->types[ret->n] = retyped(m, a->type);
		ret->indexes[ret->n] = a->index;
		if (!ret->n)
			line(m, 2, "args:");
		line(m, 2, "- index: %u\n      type: %s", a->index, ret->types[ret->n]);
		if (*a->resolve)
			line(m, 3, "resolve: %s", a->resolve);
		if (!strcmp(ret->types[ret->n], "char_buf"))
			line(m, 3, "sizeArgIndex: 3");
		if (dice_chance(m->r, 5))
			line(m, 3, "label: l%u", i);
		ret->n++;
	}
}

static void returned(struct maker *m, const struct random_site *s, struct listed *a)
{
	static const char *const types[] = {"int", "int", "int32", "uint32", "int8", "uint16"};
	if (!s->returns || (m->section != 'k' && m->section != 'f') || !dice_chance(m->r, 60))
		return;
	a->returns = true;
	line(m, 2, "return: true\n    returnArg: {index: 0, type: %s}", types[dice_below(m->r, ARRAY_SIZE(types))]);
}

static void hook(struct maker *m, const struct random_site *s)
{
	struct listed a = {0};
	hook_name(m, s);
	if (dice_chance(m->r, 8))
		line(m, 2, "message: \"%s\"\n    tags: [\"one tag\", \"%s\"]", random_word(m->r, "path"), random_word(m->r, "path"));
	if (strchr("kf", m->section) && dice_chance(m->r, 5))
		line(m, 2, "ignore: {callNotFound: true}");
	list_args(m, s, &a);
	if (strchr("kf", m->section) && dice_chance(m->r, 5)) {
		a.data = true;
		line(m, 2, "data: [{index: 0, type: uint32, source: current_task, resolve: tgid}]");
	}
	returned(m, s, &a);
	unsigned selectors = dice_below(m->r, 10) ? 1 + dice_below(m->r, 3) : 0;
	for (unsigned i = 0; i < selectors; i++) {
		if (!i)
			line(m, 2, "selectors:");
		selector(m, &a, m->macro && dice_chance(m->r, 50));
	}
}

static void scope(struct maker *m)
{
	switch (dice_below(m->r, 12)) {
	case 0:
		line(m, 1, "podSelector: {}");
		break;
	case 1:
		line(m, 1, "podSelector:\n    matchLabels:\n      app: %s", random_word(m->r, "label"));
		break;
	case 2:
		line(m, 1, "podSelector:\n    matchExpressions:\n    - key: app\n      operator: %s\n      values: [web, db]",
		     dice_chance(m->r, 50) ? "In" : "NotIn");
		break;
	case 3:
		line(m, 1, "hostSelector: {}");
		break;
	case 4:
		line(m, 1, "containerSelector:\n    matchExpressions:\n    - key: %s\n      operator: In\n      values: [main, shop/web]",
		     dice_chance(m->r, 50) ? "name" : "repo");
		break;
	default:
		break;
	}
}

static bool has_addresses(const struct random_site *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(s->args) && s->args[i].type; i++)
		if (!strncmp(s->args[i].type, "sock", 4) || !strcmp(s->args[i].type, "skb"))
			return true;
	return false;
}

static const struct random_site *site_for(struct maker *m, uint64_t sites)
{
	char section = m->section == 'f' ? 'k' : m->section;
	bool again = dice_chance(m->r, 50);
	for (unsigned tries = 0;; tries++) {
		unsigned i = dice_below(m->r, (unsigned)random_nsites);
		const struct random_site *s = &random_sites[i];
		/* Where a policy has been before, more often than not: several at one hook. */
		if (strchr(s->sections, section) && (!m->addresses || has_addresses(s)) && (!again || tries > 40 || (sites >> i & 1)))
			return s;
	}
}

static const char *section_name(char c)
{
	return c == 'k' ? "kprobes" : c == 'f' ? "fentries" : c == 'l' ? "lsmhooks" : "tracepoints";
}

static void use_site(uint64_t *sites, const char *call)
{
	for (size_t i = 0; i < random_nsites; i++)
		if (!strcmp(random_sites[i].call, call))
			*sites |= UINT64_C(1) << i;
}

static void options(struct maker *m)
{
	if (dice_chance(m->r, 12))
		line(m, 1, "options:\n  - name: policy-mode\n    value: monitor");
	else if (m->section == 'k' && !m->addresses && dice_chance(m->r, 40))
		line(m, 1, "options:\n  - name: disable-kprobe-multi\n    value: \"1\"");
	else if (dice_chance(m->r, 5))
		line(m, 1, "options:\n  - name: Policy-Mode\n    value: monitor");
}

static void lists(struct maker *m, uint64_t *sites)
{
	static const char *const calls[] = {"sys_openat", "sys_mkdir", "sys_write", "__x64_sys_lseek"};
	unsigned first = dice_below(m->r, 3);
	line(m, 1, "lists:\n  - name: calls\n    type: syscalls\n    values: [%s, %s]", calls[first], calls[first + 1]);
	use_site(sites, calls[first]);
}

/* The calls it stops, or a list of them. */
static void enforcers(struct maker *m, uint64_t *sites)
{
	static const char *const calls[] = {"security_path_truncate", "security_file_permission", "sys_mkdir", "sys_openat", "security_socket_connect"};
	const char *call = calls[dice_below(m->r, ARRAY_SIZE(calls))];
	line(m, 1, "enforcers:\n  - calls: [\"%s\"]", m->calls && dice_chance(m->r, 40) ? "list:calls" : call);
	use_site(sites, call);
}

static void macros(struct maker *m)
{
	line(m, 1, "selectorsMacros:\n    m:");
	if (m->macro == MACRO_BINARIES)
		random_binaries(m, "matchBinaries");
	else if (m->macro == MACRO_ACTIONS)
		actions(m, "matchActions");
	for (size_t before = m->b->n; m->macro == MACRO_PROCESS && m->b->n == before;)
		random_process_filters(m);
}

static void random_policy(struct dice *r, unsigned number, uint64_t *sites, struct buf *yaml)
{
	static const char sections[] = "kkkkkllllttf";
	struct maker m = {.r = r, .b = yaml, .section = sections[dice_below(r, sizeof(sections) - 1)]};
	bool namespaced = dice_chance(r, 10);
	m.addresses = m.section == 'k' && dice_chance(r, 20);
	m.enforcer = strchr("kt", m.section) && dice_chance(r, 15);
	unsigned hooks = !m.addresses && dice_chance(r, m.enforcer ? 25 : 65) ? 1 : 2 + dice_below(r, 2);
	m.macro = dice_chance(r, 20) ? (enum macro)(1 + dice_below(r, MACRO_COUNT - 1)) : MACRO_NONE;
	m.calls = strchr("kt", m.section) && dice_chance(r, 15);
	line(&m, 0, "apiVersion: cilium.io/v1alpha1\nkind: TracingPolicy%s", namespaced ? "Namespaced" : "");
	line(&m, 0, "metadata:\n  name: p%u%s", number, namespaced ? "\n  namespace: shop" : "");
	if (dice_chance(r, 5))
		line(&m, 1, "labels: {app: \"yes\"}\n  annotations: {a/b: \"1\"}");
	line(&m, 0, "spec:");
	scope(&m);
	options(&m);
	if (m.calls)
		lists(&m, sites);
	if (m.enforcer)
		enforcers(&m, sites);
	if (m.macro)
		macros(&m);
	line(&m, 1, "%s:", section_name(m.section));
	for (unsigned i = 0; i < hooks; i++) {
		const struct random_site *s = site_for(&m, *sites);
		*sites |= UINT64_C(1) << (s - random_sites);
		hook(&m, s);
	}
}

static void recorded_hook(const struct random_site *s, struct buf *yaml)
{
	const char *slash = strchr(s->call, '/');
	if (slash)
		buf_printf(yaml, "  - subsystem: %.*s\n    event: %s\n    raw: %s\n", (int)(slash - s->call), s->call, slash + 1,
			   s->raw ? "true" : "false");
	else
		buf_printf(yaml, "  - %s: %s\n", s->section[0] == 'k' ? "call" : "hook", s->call);
	if (s->section[0] == 'k' && strncmp(s->call, "sys_", 4))
		buf_puts(yaml, "    syscall: false\n");
	if (s->returns)
		buf_puts(yaml, "    return: true\n    returnArg: {index: 0, type: int}\n");
	for (size_t a = 0; a < ARRAY_SIZE(s->args) && s->args[a].type; a++)
		buf_printf(yaml, "%s    - {index: %u, type: %s, resolve: \"%s\"%s}\n", a ? "" : "    args:\n", s->args[a].index,
			   s->args[a].type, s->args[a].resolve, strcmp(s->args[a].type, "char_buf") ? "" : ", sizeArgIndex: 3");
}

void random_recorder(struct buf *yaml)
{
	static const char sections[] = "klt";
	for (unsigned k = 0; k < 3; k++) {
		buf_printf(yaml, "---\napiVersion: cilium.io/v1alpha1\nkind: TracingPolicy\nmetadata:\n  name: recorded-%c\nspec:\n  %s:\n",
			   sections[k], section_name(sections[k]));
		for (size_t i = 0; i < random_nsites; i++)
			if (!strcmp(random_sites[i].section, section_name(sections[k])))
				recorded_hook(&random_sites[i], yaml);
	}
}

void random_policies(struct dice *r, uint64_t *sites, struct buf *yaml)
{
	unsigned n = 1 + dice_below(r, 3);
	*sites = 0;
	for (unsigned i = 0; i < n; i++) {
		buf_puts(yaml, i ? "---\n" : "");
		random_policy(r, i, sites, yaml);
	}
	/* What is asked of changes is asked of somebody who makes some. */
	if (memmem(yaml->p, yaml->n, "CapabilityChanges", 17))
		use_site(sites, "capset");
	if (memmem(yaml->p, yaml->n, "NamespaceChanges", 16))
		use_site(sites, "sys_unshare");
}

const char *random_target(struct dice *r, char text[RANDOM_TARGET])
{
	snprintf(text, RANDOM_TARGET, "kernel=%s,kprobe-multi=%s,kubernetes=%s,parents-map=%s,error-injection=yes,fs=tmpfs",
		 random_word(r, "kernel"), dice_chance(r, 50) ? "yes" : "no", dice_chance(r, 75) ? "yes" : "no",
		 dice_chance(r, 50) ? "yes" : "no");
	return text;
}
