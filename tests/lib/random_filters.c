/* SPDX-License-Identifier: GPL-2.0-only */
/* Random filters of a selector, by the type of what they ask of. */
#include "tests/lib/random_private.h"

void random_line(struct maker *m, int depth, const char *fmt, ...)
{
	va_list ap;
	for (int i = 0; i < depth; i++)
		buf_puts(m->b, "  ");
	va_start(ap, fmt);
	buf_vprintf(m->b, fmt, ap);
	va_end(ap);
	buf_putc(m->b, '\n');
}

void random_values(struct maker *m, int depth, const char *form, unsigned most)
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
static const struct choice calls[] = {
	{"InMap", "call-number", 4}, {"NotInMap", "call-number", 4}, {"Equal", "call-number", 3}, {"InMap", "call-list", 1},
	{"NotInMap", "call-list", 1},
};
static const struct choice capabilities[] = {
	{"Equal", "cap-value", 3}, {"NotEqual", "cap-value", 3}, {"Mask", "cap-value", 2}, {"GT", "cap-value", 1}, {"LT", "cap-value", 1},
};
static const struct choice paths[] = {
	{"Equal", "path", 3}, {"NotEqual", "path", 3}, {"Prefix", "prefix", 3}, {"NotPrefix", "prefix", 2},
	{"Postfix", "postfix", 3}, {"NotPostfix", "postfix", 2}, {"Equal", "program", 3}, {"NotEqual", "program", 3},
	{"SubString", "postfix", 1}, {"SubStringIgnCase", "upper", 1}, {"Equal", "string", 2},
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
static const struct choice both_families[] = {
	{"SAddr", "network", 3}, {"NotSAddr", "network", 3}, {"SAddr", "network6", 2}, {"NotSAddr", "network6", 2}, {"SAddr", "network46", 3},
	{"NotSAddr", "network46", 3},
};
static const struct choice unixes[] = {
	{"Equal", "unix", 3}, {"NotEqual", "unix", 3}, {"Prefix", "prefix", 2}, {"NotPrefix", "prefix", 2}, {"Postfix", "postfix", 2},
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
	if (m->addresses && dice_chance(m->r, 75) && (one_of(type, socks) || !strcmp(type, "sockaddr")))
		PICK(both_families);
	if (one_of(type, socks))
		PICK(sockets);
	if (!strcmp(type, "sockaddr"))
		PICK(addresses);
	if (!strcmp(type, "sockaddr_un"))
		PICK(unixes);
	if (!strcmp(type, "syscall64")) {
		if (!m->calls)
			return calls[dice_below(m->r, 3)];
		PICK(calls);
	}
	if (one_of(type, files) && dice_chance(m->r, 15))
		PICK(filetypes);
	PICK(paths);
}

/* ---- expressions ---- */

static bool is_cel(const char *type)
{
	static const char *const types[] = {"int", "int32", "uint32", "int64", NULL};
	return one_of(type, types);
}

static void number_of(struct maker *m, const char *type, unsigned at)
{
	const char *convert = !strcmp(type, "uint32") ? "uint32" : !strcmp(type, "int64") ? "" : "int32";
	const char *open = *convert ? "(" : "", *close = *convert ? ")" : "";
	static const char *const bits[] = {"and", "or", "xor"};
	switch (dice_below(m->r, 5)) {
	case 0:
		buf_printf(m->b, "%s(arg%u, %s%s%s%s)", bits[dice_below(m->r, ARRAY_SIZE(bits))], at, convert, open,
			   random_word(m->r, "mask"), close);
		return;
	case 1:
		buf_printf(m->b, "arg%u %c %s%s%u%s", at, dice_chance(m->r, 50) ? '+' : '-', convert, open, dice_below(m->r, 9), close);
		return;
	default:
		buf_printf(m->b, "arg%u", at);
	}
}

static void comparison(struct maker *m, const char *type, unsigned at)
{
	static const char *const ops[] = {"==", "!=", "<", "<=", ">", ">="};
	bool plain = !strcmp(type, "int64");
	number_of(m, type, at);
	buf_printf(m->b, " %s ", ops[dice_below(m->r, ARRAY_SIZE(ops))]);
	buf_printf(m->b, plain ? "%s%s" : "%s(%s)", plain ? "" : !strcmp(type, "uint32") ? "uint32" : "int32", random_word(m->r, "mask"));
}

static void expression(struct maker *m, const struct listed *a, unsigned depth)
{
	unsigned at = dice_below(m->r, a->n);
	while (!is_cel(a->types[at]))
		at = (at + 1) % a->n;
	switch (depth ? dice_below(m->r, 5) : 4) {
	case 0: case 1:
		buf_putc(m->b, '(');
		expression(m, a, depth - 1);
		buf_puts(m->b, dice_chance(m->r, 50) ? " && " : " || ");
		expression(m, a, depth - 1);
		buf_putc(m->b, ')');
		return;
	case 2:
		buf_puts(m->b, "!(");
		expression(m, a, depth - 1);
		buf_putc(m->b, ')');
		return;
	default:
		comparison(m, a->types[at], at);
	}
}

static bool has_cel(const struct listed *a)
{
	for (unsigned i = 0; i < a->n; i++)
		if (is_cel(a->types[i]))
			return true;
	return false;
}

/* ---- one item ---- */

static void where(struct maker *m, const struct listed *a, unsigned at)
{
	/* Two arguments may have one index: only their place in the list tells them apart. */
	bool twice = false;
	for (unsigned i = 0; i < a->n; i++)
		twice |= i != at && a->indexes[i] == a->indexes[at];
	if (twice || dice_chance(m->r, 30))
		random_line(m, 4, "- args: [%u]", at);
	else
		random_line(m, 4, "- index: %u", a->indexes[at]);
}

void random_arg_filter(struct maker *m, const struct listed *a)
{
	unsigned at = dice_below(m->r, a->n);
	bool caps = !strncmp(a->types[at], "cap_", 4);
	if (caps && a->n > 1 && dice_chance(m->r, 25)) {
		unsigned other = (at + 1) % a->n;
		if (!strncmp(a->types[other], "cap_", 4)) {
			random_line(m, 4, "- args: [%u, %u]\n          operator: CapabilitiesGained", at, other);
			return;
		}
	}
	where(m, a, at);
	if (has_cel(a) && dice_chance(m->r, m->section == 'k' ? 15 : 3)) {
		random_line(m, 5, "operator: CelExpr");
		buf_puts(m->b, "          values: [\"");
		expression(m, a, 2);
		buf_puts(m->b, "\"]\n");
		return;
	}
	struct choice c = choose(m, a->types[at]);
	random_line(m, 5, "operator: %s", c.op);
	if (c.form)
		random_values(m, 5, c.form, c.most);
	else
		random_line(m, 5, "values: []");
}

void random_return_filter(struct maker *m)
{
	struct choice c = numbers[dice_below(m->r, ARRAY_SIZE(numbers))];
	random_line(m, 4, "- index: 0\n          operator: %s", c.op);
	random_values(m, 5, c.form, c.most);
}

/* ---- process filters ---- */

static const char *in_or_not(struct maker *m)
{
	return dice_chance(m->r, 50) ? "In" : "NotIn";
}

void random_binaries(struct maker *m, const char *field)
{
	static const char *const ops[] = {"In", "NotIn", "In", "NotIn", "Prefix", "NotPrefix", "Postfix", "NotPostfix"};
	const char *op = ops[dice_below(m->r, ARRAY_SIZE(ops))];
	bool list = strstr(op, "In") != NULL;
	random_line(m, 4, "%s:", field);
	random_line(m, 4, "- operator: %s", op);
	random_values(m, 5, list ? "program" : "program-part", 3);
	if (list && dice_chance(m->r, 20) && !strcmp(field, "matchBinaries"))
		random_line(m, 5, "followChildren: true");
}

static void pids(struct maker *m)
{
	static const unsigned many[] = {1, 2, 2, 3, 4, 5, 8};
	unsigned n = many[dice_below(m->r, ARRAY_SIZE(many))];
	random_line(m, 4, "matchPIDs:");
	random_line(m, 4, "- operator: %s", in_or_not(m));
	buf_puts(m->b, "          values: [");
	for (unsigned i = 0; i < n; i++)
		buf_printf(m->b, "%s%u", i ? ", " : "", dice_chance(m->r, 60) ? 100 + dice_below(m->r, 8) : dice_below(m->r, 3));
	buf_puts(m->b, "]\n");
	if (dice_chance(m->r, 30))
		random_line(m, 5, "isNamespacePID: true");
	if (dice_chance(m->r, 30))
		random_line(m, 5, "followForks: true");
}

static void namespaces(struct maker *m)
{
	unsigned n = dice_chance(m->r, 20) ? 2 : 1;
	random_line(m, 4, "matchNamespaces:");
	for (unsigned i = 0; i < n; i++) {
		random_line(m, 4, "- namespace: %s", random_word(m->r, "namespace"));
		random_line(m, 5, "operator: %s", in_or_not(m));
		random_line(m, 5, "values: [%s]", dice_chance(m->r, 60) ? "host_ns" : "\"4026532001\"");
	}
}

static void caps(struct maker *m, const char *field, unsigned n)
{
	static const char *const types[] = {"Effective", "Permitted", "Inheritable"};
	random_line(m, 4, "%s:", field);
	for (unsigned i = 0; i < n; i++) {
		random_line(m, 4, "- type: %s", types[dice_below(m->r, ARRAY_SIZE(types))]);
		random_line(m, 5, "operator: %s", in_or_not(m));
		random_values(m, 5, "cap-name", 2);
		if (dice_chance(m->r, 20))
			random_line(m, 5, "isNamespaceCapability: true");
	}
}

static void namespace_changes(struct maker *m)
{
	random_line(m, 4, "matchNamespaceChanges:");
	random_line(m, 4, "- operator: %s", in_or_not(m));
	random_values(m, 5, "namespace", 2);
}

void random_process_filters(struct maker *m)
{
	if (dice_chance(m->r, 12))
		pids(m);
	if (dice_chance(m->r, 12))
		namespaces(m);
	if (dice_chance(m->r, 12))
		caps(m, "matchCapabilities", dice_chance(m->r, 8) ? 2 : 1);
	if (dice_chance(m->r, 9))
		namespace_changes(m);
	if (dice_chance(m->r, 9))
		caps(m, "matchCapabilityChanges", 1);
}

void random_workloads(struct maker *m)
{
	random_line(m, 4, "matchWorkloads:");
	switch (dice_below(m->r, 4)) {
	case 0:
		random_line(m, 5, "hostSelector: {}");
		return;
	case 1:
		random_line(m, 5, "hostSelector: {}\n          podSelector: {matchLabels: {app: %s}}", random_word(m->r, "label"));
		return;
	case 2:
		random_line(m, 5, "containerSelector: {matchExpressions: [{key: name, operator: %s, values: [main]}]}", in_or_not(m));
		return;
	default:
		random_line(m, 5, "podSelector: {matchExpressions: [{key: app, operator: %s, values: [web, a]}]}", in_or_not(m));
	}
}
