/* SPDX-License-Identifier: GPL-2.0-only */
/* A random policy as text. What no agent would load is left to the caller to sort out. */
#include "tests/lib/random.h"

#include <stdio.h>

struct maker {
	struct dice *r;
	struct buf *b;
	char section;                /* k, l, t */
};

static void line(struct maker *m, int depth, const char *fmt, ...) PRINTF(3, 4);
static void line(struct maker *m, int depth, const char *fmt, ...)
{
	va_list ap;
	for (int i = 0; i < depth; i++)
		buf_puts(m->b, "  ");
	va_start(ap, fmt);
	buf_vprintf(m->b, fmt, ap);
	va_end(ap);
	buf_putc(m->b, '\n');
}

static void values(struct maker *m, int depth, const char *form, unsigned most)
{
	unsigned n = 1 + dice_below(m->r, most);
	for (int i = 0; i < depth; i++)
		buf_puts(m->b, "  ");
	buf_puts(m->b, "values: [");
	for (unsigned i = 0; i < n; i++)
		buf_printf(m->b, "%s\"%s\"", i ? ", " : "", random_word(m->r, form));
	buf_puts(m->b, "]\n");
}

static bool one_of(const char *type, const char *const *v)
{
	for (; *v; v++)
		if (!strcmp(*v, type))
			return true;
	return false;
}

/* ---- matchArgs ---- */

struct choice {
	const char *op, *form;
	unsigned most;
};

static const struct choice numbers[] = {
	{"Equal", "int", 4}, {"NotEqual", "int", 4}, {"GT", "int", 2}, {"LT", "int", 2}, {"GreaterThan", "int", 1},
	{"LessThan", "int", 1}, {"Mask", "mask", 3}, {"InRange", "range", 3}, {"NotInRange", "range", 3},
	{"InMap", "map", 6}, {"NotInMap", "map", 6}, {"Equal", "odd-int", 3}, {"Mask", "flags", 2}, {"Prefix", "int", 1},
};
static const struct choice unsigneds[] = {
	{"Equal", "mask", 4}, {"NotEqual", "mask", 4}, {"GT", "mask", 2}, {"LT", "size", 1}, {"Mask", "flags", 3},
	{"InRange", "urange", 3}, {"NotInRange", "urange", 3}, {"InMap", "umap", 6}, {"NotInMap", "umap", 6},
};
static const struct choice capabilities[] = {
	{"Equal", "cap-value", 3}, {"NotEqual", "cap-value", 3}, {"Mask", "cap-value", 2}, {"GT", "cap-value", 1}, {"LT", "cap-value", 1},
};
static const struct choice paths[] = {
	{"Equal", "path", 3}, {"NotEqual", "path", 3}, {"Prefix", "prefix", 3}, {"NotPrefix", "prefix", 2},
	{"Postfix", "postfix", 3}, {"NotPostfix", "postfix", 2}, {"Equal", "program", 3}, {"NotEqual", "program", 3},
	{"SubString", "postfix", 1}, {"Equal", "string", 2},
	{"Equal", "with-nul", 2}, {"NotEqual", "with-nul", 2},
};
static const struct choice filetypes[] = {{"FileType", "filetype", 3}, {"NotFileType", "filetype", 2}};
static const struct choice sockets[] = {
	{"SAddr", "network", 3}, {"NotSAddr", "network", 3}, {"DAddr", "network", 3}, {"NotDAddr", "network", 3},
	{"DAddr", "network6", 3}, {"NotDAddr", "network6", 2}, {"SPort", "port-value", 3}, {"NotSPort", "port-value", 3},
	{"DPort", "port-value", 3}, {"NotDPort", "port-value", 3}, {"SPortPriv", NULL, 0}, {"NotSportPriv", NULL, 0},
	{"DPortPriv", NULL, 0}, {"NotDPortPriv", NULL, 0}, {"Protocol", "protocol", 2}, {"Family", "family", 2}, {"State", "state", 2},
};
static const struct choice addresses[] = {
	{"SAddr", "network", 3}, {"NotSAddr", "network", 3}, {"SAddr", "network6", 2}, {"NotSAddr", "network6", 2},
	{"SPort", "port-value", 3}, {"NotSPort", "port-value", 3}, {"SPortPriv", NULL, 0}, {"NotSportPriv", NULL, 0},
	{"Family", "family", 2},
};

static struct choice choose(struct maker *m, const char *type)
{
	static const char *const signeds[] = {"int", "int32", "sint32", "int64", "long", "sint64", "int8", "sint8", "int16", "sint16", NULL};
	static const char *const plain[] = {"uint32", "size_t", "uint64", "ulong", "uint8", "uint16", NULL};
	static const char *const caps[] = {"cap_effective", "cap_inheritable", "cap_permitted", NULL};
	static const char *const files[] = {"file", "path", NULL};
	static const char *const socks[] = {"sock", "socket", "skb", NULL};
#define PICK(v) return v[dice_below(m->r, ARRAY_SIZE(v))]
	if (one_of(type, signeds))
		PICK(numbers);
	if (one_of(type, plain))
		PICK(unsigneds);
	if (one_of(type, caps))
		PICK(capabilities);
	if (one_of(type, socks))
		PICK(sockets);
	if (!strcmp(type, "sockaddr"))
		PICK(addresses);
	if (one_of(type, files) && dice_chance(m->r, 15))
		PICK(filetypes);
	PICK(paths);
}

static void arg_filter(struct maker *m, const char *const *types, const unsigned *indexes, unsigned n)
{
	unsigned at = dice_below(m->r, n);
	struct choice c = choose(m, types[at]);
	/* Two arguments may have one index: only their place in the list tells them apart. */
	bool twice = false;
	for (unsigned i = 0; i < n; i++)
		twice |= i != at && indexes[i] == indexes[at];
	if (twice || dice_chance(m->r, 30))
		line(m, 4, "- args: [%u]", at);
	else
		line(m, 4, "- index: %u", indexes[at]);
	line(m, 5, "operator: %s", c.op);
	if (c.form)
		values(m, 5, c.form, c.most);
	else
		line(m, 5, "values: []");
}

/* ---- process filters ---- */

static void binaries(struct maker *m, const char *field)
{
	static const char *const ops[] = {"In", "NotIn", "In", "NotIn", "Prefix", "NotPrefix", "Postfix", "NotPostfix"};
	const char *op = ops[dice_below(m->r, ARRAY_SIZE(ops))];
	bool list = strstr(op, "In") != NULL;
	line(m, 4, "%s:", field);
	line(m, 4, "- operator: %s", op);
	values(m, 5, list ? "program" : "program-part", 3);
	if (list && dice_chance(m->r, 20))
		line(m, 5, "followChildren: true");
}

static void pids(struct maker *m)
{
	line(m, 4, "matchPIDs:");
	line(m, 4, "- operator: %s", dice_chance(m->r, 50) ? "In" : "NotIn");
	line(m, 5, "values: [%u, %u]", 100 + dice_below(m->r, 8), dice_below(m->r, 3));
	if (dice_chance(m->r, 30))
		line(m, 5, "isNamespacePID: true");
	if (dice_chance(m->r, 30))
		line(m, 5, "followForks: true");
}

static void namespaces(struct maker *m)
{
	static const char *const names[] = {"Mnt", "Net", "Pid", "User", "Uts"};
	line(m, 4, "matchNamespaces:");
	line(m, 4, "- namespace: %s", names[dice_below(m->r, ARRAY_SIZE(names))]);
	line(m, 5, "operator: %s", dice_chance(m->r, 50) ? "In" : "NotIn");
	line(m, 5, "values: [%s]", dice_chance(m->r, 60) ? "host_ns" : "\"4026532001\"");
}

static void caps(struct maker *m)
{
	static const char *const types[] = {"Effective", "Permitted", "Inheritable"};
	unsigned n = dice_chance(m->r, 8) ? 2 : 1;
	line(m, 4, "matchCapabilities:");
	for (unsigned i = 0; i < n; i++) {
		line(m, 4, "- type: %s", types[dice_below(m->r, ARRAY_SIZE(types))]);
		line(m, 5, "operator: %s", dice_chance(m->r, 50) ? "In" : "NotIn");
		values(m, 5, "cap-name", 2);
		if (dice_chance(m->r, 20))
			line(m, 5, "isNamespaceCapability: true");
	}
}

/* ---- actions ---- */

static void actions(struct maker *m)
{
	unsigned n = 1 + dice_below(m->r, 2);
	line(m, 4, "matchActions:");
	for (unsigned i = 0; i < n; i++) {
		switch (dice_below(m->r, 8)) {
		case 0:
			line(m, 4, "- action: Post");
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
		default:
			line(m, 4, "- action: Sigkill");
		}
	}
}

static void selector(struct maker *m, const char *const *types, const unsigned *indexes, unsigned nargs, bool macro)
{
	size_t before = m->b->n;
	if (nargs && dice_chance(m->r, 70)) {
		unsigned n = 1 + dice_below(m->r, 2);
		line(m, 4, "matchArgs:");
		for (unsigned i = 0; i < n; i++)
			arg_filter(m, types, indexes, nargs);
	}
	if (!macro && dice_chance(m->r, 40))
		binaries(m, "matchBinaries");
	if (dice_chance(m->r, 10))
		pids(m);
	if (dice_chance(m->r, 10))
		namespaces(m);
	if (dice_chance(m->r, 10))
		caps(m);
	if (dice_chance(m->r, 85))
		actions(m);
	if (macro)
		line(m, 4, "macros: [m]");
	if (m->b->n == before)
		return;
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
	return strcmp(type, "file") ? type : files[dice_below(m->r, 1)];
}

static void hook(struct maker *m, const struct random_site *s, bool macro)
{
	const char *types[5];
	unsigned indexes[5], n = 0;
	const char *call = s->call;
	if (m->section == 't') {
		const char *slash = strchr(call, '/');
		line(m, 1, "- subsystem: %.*s\n    event: %s\n    raw: true", (int)(slash - call), call, slash + 1);
	} else if (m->section == 'l') {
		line(m, 1, "- hook: %s", strncmp(call, "security_", 9) ? call : call + 9);
	} else {
		bool sys = !strncmp(call, "sys_", 4);
		line(m, 1, "- call: %s%s\n    syscall: %s", !strcmp(s->section, "lsmhooks") ? "security_" : "", call, sys ? "true" : "false");
	}
	for (; n < ARRAY_SIZE(s->args) && s->args[n].type; n++) {
		const struct random_arg *a = &s->args[n];
		types[n] = retyped(m, a->type);
		indexes[n] = a->index;
		if (!n)
			line(m, 2, "args:");
		line(m, 2, "- index: %u\n      type: %s", a->index, types[n]);
		if (*a->resolve)
			line(m, 3, "resolve: %s", a->resolve);
	}
	unsigned selectors = dice_below(m->r, 10) ? 1 + dice_below(m->r, 3) : 0;
	for (unsigned i = 0; i < selectors; i++) {
		if (!i)
			line(m, 2, "selectors:");
		size_t before = m->b->n;
		buf_puts(m->b, "");
		selector(m, types, indexes, n, macro && dice_chance(m->r, 50));
		if (m->b->n == before)
			line(m, 3, "- {}");
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

static const struct random_site *site_for(struct maker *m)
{
	for (;;) {
		const struct random_site *s = &random_sites[dice_below(m->r, (unsigned)random_nsites)];
		if (strchr(s->sections, m->section))
			return s;
	}
}

static const char *section_name(char c)
{
	return c == 'k' ? "kprobes" : c == 'l' ? "lsmhooks" : "tracepoints";
}

static void random_policy(struct dice *r, unsigned number, uint64_t *sites, struct buf *yaml)
{
	static const char sections[] = "kkkkllllt";
	struct maker m = {.r = r, .b = yaml, .section = sections[dice_below(r, sizeof(sections) - 1)]};
	bool namespaced = dice_chance(r, 10), macro = dice_chance(r, 15);
	unsigned hooks = dice_chance(r, 65) ? 1 : 2 + dice_below(r, 2);
	line(&m, 0, "apiVersion: cilium.io/v1alpha1\nkind: TracingPolicy%s", namespaced ? "Namespaced" : "");
	line(&m, 0, "metadata:\n  name: p%u%s\nspec:", number, namespaced ? "\n  namespace: shop" : "");
	scope(&m);
	if (dice_chance(r, 12))
		line(&m, 1, "options:\n  - name: policy-mode\n    value: monitor");
	else if (m.section == 'k' && dice_chance(r, 40))
		line(&m, 1, "options:\n  - name: disable-kprobe-multi\n    value: \"1\"");
	if (macro) {
		line(&m, 1, "selectorsMacros:\n    m:");
		binaries(&m, "matchBinaries");
	}
	line(&m, 1, "%s:", section_name(m.section));
	for (unsigned i = 0; i < hooks; i++) {
		const struct random_site *s = site_for(&m);
		*sites |= UINT64_C(1) << (s - random_sites);
		hook(&m, s, macro);
	}
}

void random_recorder(struct buf *yaml)
{
	static const char sections[] = "klt";
	for (unsigned k = 0; k < 3; k++) {
		buf_printf(yaml, "---\napiVersion: cilium.io/v1alpha1\nkind: TracingPolicy\nmetadata:\n  name: recorded-%c\nspec:\n  %s:\n",
			   sections[k], section_name(sections[k]));
		for (size_t i = 0; i < random_nsites; i++) {
			const struct random_site *s = &random_sites[i];
			if (strcmp(s->section, section_name(sections[k])))
				continue;
			const char *slash = strchr(s->call, '/');
			if (slash)
				buf_printf(yaml, "  - subsystem: %.*s\n    event: %s\n    raw: true\n", (int)(slash - s->call), s->call, slash + 1);
			else
				buf_printf(yaml, "  - %s: %s\n", sections[k] == 'k' ? "call" : "hook", s->call);
			if (sections[k] == 'k' && strncmp(s->call, "sys_", 4))
				buf_puts(yaml, "    syscall: false\n");
			buf_puts(yaml, "    args:\n");
			for (size_t a = 0; a < ARRAY_SIZE(s->args) && s->args[a].type; a++)
				buf_printf(yaml, "    - index: %u\n      type: %s\n      resolve: \"%s\"\n", s->args[a].index,
					   s->args[a].type, s->args[a].resolve);
		}
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
}

const char *random_target(struct dice *r, char text[RANDOM_TARGET])
{
	snprintf(text, RANDOM_TARGET, "kernel=%s,kprobe-multi=%s,kubernetes=%s,error-injection=yes,fs=tmpfs", random_word(r, "kernel"),
		 dice_chance(r, 50) ? "yes" : "no", dice_chance(r, 75) ? "yes" : "no");
	return text;
}
