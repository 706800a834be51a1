/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What no reading of a policy can tell: functions, tracepoints, files and symbols that must be there when it is loaded. One
 * note for the whole policy, in the order of its hooks.
 */
#include "compiler/lint/lint_btf.h"
#include "compiler/lint/lint_private.h"
#include "schema/base/map.h"
#include "schema/policy_rules.h"

enum need { NEED_FUNCTION, NEED_SYSCALL, NEED_TRACEPOINT, NEED_LSM, NEED_FILE, NEED_CLUSTER, NEED_KERNEL, NEED_COUNT };

static const char *const titles[NEED_COUNT] = {
	[NEED_FUNCTION] = "in the kernel's BTF the functions",
	[NEED_SYSCALL] = "the system calls",
	[NEED_TRACEPOINT] = "the tracepoints",
	[NEED_LSM] = "bpf among the active LSMs, and the hooks",
	[NEED_FILE] = "on the node",
	[NEED_CLUSTER] = "an agent with",
	[NEED_KERNEL] = "a kernel with",
};

enum { SHOWN = 6 };   /* names of a kind; the others are counted */

struct needs {
	struct map *names[NEED_COUNT];
};

static void need(struct needs *n, enum need kind, const char *fmt, ...) PRINTF(3, 4);
static void need(struct needs *n, enum need kind, const char *fmt, ...)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	va_list ap;
	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	if (!n->names[kind])
		n->names[kind] = map_new();
	map_add(n->names[kind], buf_view(&b), NULL);
}

static void need_call(struct needs *n, const struct hook *h)
{
	need(n, h->syscall ? NEED_SYSCALL : NEED_FUNCTION, STR_FMT, STR_ARG(h->call));
}

/* The file, what is hooked in it, and what reading a string from user memory takes. */
static void need_program(struct needs *n, const struct hook *h)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	buf_str(&b, h->subsystem);
	for (size_t i = 0; i < h->symbols.n; i++)
		buf_printf(&b, "%s" STR_FMT, i ? ", " : " with ", STR_ARG(h->symbols.v[i]));
	if (h->provider.n)
		buf_printf(&b, " with the probe " STR_FMT ":" STR_FMT, STR_ARG(h->provider), STR_ARG(h->call));
	if (h->binary_digests.n)
		buf_puts(&b, " of that digest");
	need(n, NEED_FILE, STR_FMT, STR_ARG(buf_view(&b)));
	for (size_t i = 0; i < h->nargs; i++)
		if (h->args[i].type == TYPE_STRING)
			need(n, NEED_KERNEL, "bpf_copy_from_user_str (6.12)");
}

static void need_hook(struct needs *n, const struct hook *h, const struct lint_btf *btf)
{
	switch (h->section) {
	case SECTION_KPROBE:
	case SECTION_FENTRY:
		if (!btf)
			need_call(n, h);
		break;
	case SECTION_TRACEPOINT:
		if (!btf || (!h->raw && !lint_btf_tracepoints(btf)))
			need(n, NEED_TRACEPOINT, STR_FMT "/" STR_FMT, STR_ARG(h->subsystem), STR_ARG(h->call));
		break;
	case SECTION_LSM:
		need(n, NEED_LSM, STR_FMT, STR_ARG(h->call));
		break;
	case SECTION_UPROBE:
	case SECTION_USDT:
		need_program(n, h);
		break;
	}
}

static void need_filters(struct needs *n, const struct selector *s)
{
	for (size_t i = 0; i < s->nargs; i++) {
		if (s->args[i].op == OPERATOR_SUB_STRING)
			need(n, NEED_KERNEL, "SubString's function (6.17)");
		if (s->args[i].op == OPERATOR_SUB_STRING_IGN_CASE)
			need(n, NEED_KERNEL, "SubStringIgnCase's function (6.19)");
	}
	for (size_t i = 0; i < s->nactions; i++)
		if (s->actions[i].ima_hash)
			need(n, NEED_KERNEL, "IMA");
	if (s->nworkloads)
		need(n, NEED_CLUSTER, "Kubernetes and its policy filter");
}

static void put_names(struct buf *b, const struct map *names)
{
	uint32_t n = map_size(names);
	for (uint32_t i = 0; i < n && i < SHOWN; i++) {
		struct str s = map_key(names, i);
		buf_puts(b, i ? ", " : " ");
		buf_str(b, (struct str){s.p, MIN(s.n, (size_t)100)});
	}
	if (n > SHOWN)
		buf_printf(b, " and %u more", n - SHOWN);
}

void lint_needs(struct lint_context *c, const struct lint_btf *btf)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	const struct policy *p = c->policy;
	struct needs n = {0};
	for (size_t i = 0; i < p->nhooks; i++) {
		need_hook(&n, &p->hooks[i], btf);
		for (size_t k = 0; k < p->hooks[i].nselectors; k++)
			need_filters(&n, &p->hooks[i].selectors[k]);
	}
	if (p->pod || p->container)
		need(&n, NEED_CLUSTER, "Kubernetes and its policy filter");
	for (size_t k = 0; k < NEED_COUNT; k++) {
		if (!n.names[k])
			continue;
		buf_printf(&b, "%s%s", b.n ? "; " : "", titles[k]);
		put_names(&b, n.names[k]);
		map_free(n.names[k]);
	}
	if (!b.n)
		return;
	c->rule = lint_rule_find(policy_rules[RULE_NEEDS].id);
	lint_report(c, (struct place){c->document->line, 1}, "", "to load it needs %s", b.p);
}
