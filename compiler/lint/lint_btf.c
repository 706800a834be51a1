/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an agent looks up in BTF when it loads a policy: a function for each call, with at least one argument; for an LSM
 * hook bpf_lsm_NAME; for a raw tracepoint the typedef btf_trace_NAME, whose first parameter is the tracepoint's own; and
 * the members that resolve names. Argument types are compared too, but the agent only warns of those, and so do we.
 */
#include "compiler/lint/lint_btf.h"

#include <bpf/btf.h>
#include <stdio.h>
#include <unistd.h>

#include "schema/base/buf.h"
#include "schema/base/io.h"
#include "schema/base/map.h"
#include "schema/policy_load.h"
#include "schema/policy_rules.h"

struct lint_btf {
	struct btf *btf;
	struct map *functions;
	int *ids;              /* by number in FUNCTIONS: the FUNC's type id */
	const char *tracefs;   /* NULL: tracepoints cannot be looked up */
};

struct checking {
	const struct lint_btf *b;
	const struct policy *p;
	const struct target *t;
	struct findings *f;
	const struct hook *h;
	const char *call;      /* the kernel's name of the hook */
	struct buf path;
	bool loads;
};

/* ---- opening ---- */

static void index_functions(struct lint_btf *b)
{
	int n = (int)btf__type_cnt(b->btf);
	b->functions = map_new();
	b->ids = xcalloc((size_t)n, sizeof(*b->ids));
	for (int id = 1; id < n; id++) {
		const struct btf_type *t = btf__type_by_id(b->btf, (unsigned)id);
		bool fresh;
		if (!btf_is_func(t))
			continue;
		uint32_t at = map_add(b->functions, str_from(btf__name_by_offset(b->btf, t->name_off)), &fresh);
		if (fresh)
			b->ids[at] = id;
	}
}

int lint_btf_open(const char *file, struct diag *d, struct lint_btf **ret)
{
	static const char *const mounts[] = {"/sys/kernel/tracing/events", "/sys/kernel/debug/tracing/events"};
	CLEANUP(lint_btf_close) struct lint_btf *b = xcalloc(1, sizeof(*b));
	bool host = strcmp(file, "host") == 0;
	if (host && access("/sys/kernel/btf/vmlinux", R_OK))
		return diag_error(d, NULL, "--btf host: this kernel has no type information (/sys/kernel/btf/vmlinux)");
	b->btf = btf__parse(host ? "/sys/kernel/btf/vmlinux" : file, NULL);
	if (!b->btf)
		return diag_error(d, file, "not a file with BTF type information: %s; give a vmlinux, or a copy of "
				  "/sys/kernel/btf/vmlinux", strerror(errno));
	for (size_t i = 0; host && i < ARRAY_SIZE(mounts) && !b->tracefs; i++)
		b->tracefs = access(mounts[i], R_OK | X_OK) ? NULL : mounts[i];
	index_functions(b);
	*ret = TAKE(b);
	return 0;
}

void lint_btf_close(struct lint_btf *b)
{
	if (!b)
		return;
	btf__free(b->btf);
	map_free(b->functions);
	free(b->ids);
	free(b);
}

bool lint_btf_tracepoints(const struct lint_btf *b)
{
	return b->tracefs;
}

/* ---- reporting ---- */

static void PRINTF(5, 6) report(struct checking *c, enum policy_rule rule, struct place at, const char *fix,
				const char *fmt, ...)
{
	const struct policy_rule_row *row = &policy_rules[rule];
	const struct finding what = {.id = row->id,
				     .severity = row->stage == STAGE_OK ? SEVERITY_WARNING : SEVERITY_ERROR,
				     .stage = row->stage, .ways = WAY_BOTH, .at = at, .path = c->path.p, .fix = fix};
	va_list ap;
	c->loads &= what.severity != SEVERITY_ERROR;
	va_start(ap, fmt);
	findings_add(c->f, &what, fmt, ap);
	va_end(ap);
}

static size_t PRINTF(2, 3) enter(struct checking *c, const char *fmt, ...)
{
	size_t mark = c->path.n;
	va_list ap;
	va_start(ap, fmt);
	buf_vprintf(&c->path, fmt, ap);
	va_end(ap);
	return mark;
}

static void leave(struct checking *c, size_t mark)
{
	c->path.n = mark;
	c->path.p[mark] = '\0';
}

/* ---- types ---- */

static const struct btf_type *strip(const struct btf *btf, unsigned id, unsigned *ret_id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);
	while (t && (btf_is_mod(t) || btf_is_typedef(t) || btf_is_type_tag(t))) {
		id = t->type;
		t = btf__type_by_id(btf, id);
	}
	if (ret_id)
		*ret_id = id;
	return t;
}

static const struct btf_type *find_function(const struct lint_btf *b, const char *name)
{
	uint32_t i = map_find(b->functions, str_from(name));
	if (i == MAP_NONE)
		return NULL;
	return btf__type_by_id(b->btf, btf__type_by_id(b->btf, (unsigned)b->ids[i])->type);
}

/* A policy's type and what C calls it: a pointer to STRUCT, or an integer of SIZE bytes. */
static const struct {
	const char *pointee;
	unsigned size;
} kernel_types[TYPE_COUNT] = {
	[TYPE_INT] = {NULL, 4},	    [TYPE_SINT32] = {NULL, 4},	[TYPE_INT32] = {NULL, 4},  [TYPE_UINT32] = {NULL, 4},
	[TYPE_SINT8] = {NULL, 1},   [TYPE_INT8] = {NULL, 1},	[TYPE_UINT8] = {NULL, 1},  [TYPE_SINT16] = {NULL, 2},
	[TYPE_INT16] = {NULL, 2},   [TYPE_UINT16] = {NULL, 2},	[TYPE_SIZE_T] = {NULL, 8}, [TYPE_ULONG] = {NULL, 8},
	[TYPE_UINT64] = {NULL, 8},  [TYPE_LONG] = {NULL, 8},	[TYPE_SINT64] = {NULL, 8}, [TYPE_INT64] = {NULL, 8},
	[TYPE_FILE] = {"file", 0},  [TYPE_PATH] = {"path", 0},	[TYPE_DENTRY] = {"dentry", 0},
	[TYPE_SOCK] = {"sock", 0},  [TYPE_SOCKET] = {"socket", 0}, [TYPE_SKB] = {"sk_buff", 0},
	[TYPE_SOCKADDR] = {"sockaddr", 0}, [TYPE_CRED] = {"cred", 0}, [TYPE_LINUX_BINPRM] = {"linux_binprm", 0},
	[TYPE_BPF_ATTR] = {"bpf_attr", 0}, [TYPE_PERF_EVENT] = {"perf_event", 0}, [TYPE_BPF_MAP] = {"bpf_map", 0},
	[TYPE_USER_NAMESPACE] = {"user_namespace", 0}, [TYPE_KIOCB] = {"kiocb", 0}, [TYPE_IOV_ITER] = {"iov_iter", 0},
	[TYPE_LOAD_INFO] = {"load_info", 0}, [TYPE_MODULE] = {"module", 0}, [TYPE_NET_DEVICE] = {"net_device", 0},
	[TYPE_BPF_PROG] = {"bpf_prog", 0},
};

static void describe(const struct btf *btf, unsigned id, struct buf *b)
{
	const struct btf_type *t = btf__type_by_id(btf, id);
	if (!t || !id)
		buf_puts(b, "void");
	else if (btf_is_ptr(t)) {
		describe(btf, t->type, b);
		buf_puts(b, " *");
	} else if (btf_is_mod(t) || btf_is_type_tag(t))
		describe(btf, t->type, b);
	else
		buf_printf(b, "%s%s", btf_is_struct(t) ? "struct " : btf_is_union(t) ? "union " : btf_is_enum(t) ? "enum " : "",
			   t->name_off ? btf__name_by_offset(btf, t->name_off) : "(unnamed)");
}

static bool type_fits(const struct btf *btf, unsigned id, enum policy_type type)
{
	const struct btf_type *t = strip(btf, id, NULL);
	if (kernel_types[type].size)
		return t && (btf_is_int(t) || btf_is_any_enum(t)) && t->size == kernel_types[type].size;
	if (!kernel_types[type].pointee)
		return true;
	if (!t || !btf_is_ptr(t))
		return false;
	t = strip(btf, t->type, NULL);
	return t && t->name_off && strcmp(btf__name_by_offset(btf, t->name_off), kernel_types[type].pointee) == 0;
}

/* ---- resolve ---- */

/* The member NAME of T, also of the unnamed structs and unions in it; its type id, 0 = none. */
static unsigned find_member(const struct btf *btf, const struct btf_type *t, struct str name, unsigned depth)
{
	const struct btf_member *m = btf_members(t);
	for (unsigned i = 0; i < btf_vlen(t); i++) {
		if (m[i].name_off) {
			if (str_eq(name, str_from(btf__name_by_offset(btf, m[i].name_off))))
				return m[i].type;
			continue;
		}
		const struct btf_type *inner = strip(btf, m[i].type, NULL);
		unsigned found = inner && btf_is_composite(inner) && depth ? find_member(btf, inner, name, depth - 1) : 0;
		if (found)
			return found;
	}
	return 0;
}

enum { UNNAMED_DEPTH = 8 };

/* Pointers and arrays on the way are followed by themselves. */
static const struct btf_type *step_into(const struct btf *btf, unsigned *id)
{
	const struct btf_type *t = strip(btf, *id, id);
	while (t && (btf_is_ptr(t) || btf_is_array(t))) {
		*id = btf_is_ptr(t) ? t->type : btf_array(t)->type;
		t = strip(btf, *id, id);
	}
	return t;
}

static void check_resolve(struct checking *c, const struct spec_arg *a, unsigned id)
{
	CLEANUP_FREE char *copy = xstrndup(a->resolve.p, a->resolve.n);
	char *save, *rest = copy;
	for (char *name; (name = strtok_r(rest, ".", &save)); rest = NULL) {
		const struct btf_type *t = step_into(c->b->btf, &id);
		if (*name == '[')
			continue;
		struct str member = {name, strcspn(name, "[")};
		unsigned next = t && btf_is_composite(t) ? find_member(c->b->btf, t, member, UNNAMED_DEPTH) : 0;
		if (!next) {
			CLEANUP_BUF struct buf type = BUF_INIT;
			describe(c->b->btf, id, &type);
			report(c, RULE_BTF_RESOLVE, a->at, "write a member that it has", "%s has no member " STR_FMT,
			       type.p, STR_ARG(member));
			return;
		}
		id = next;
	}
}

/* ---- arguments ---- */

static unsigned named_type(const struct lint_btf *b, const char *name)
{
	int id = btf__find_by_name_kind(b->btf, name, BTF_KIND_STRUCT);
	if (id <= 0)
		id = btf__find_by_name_kind(b->btf, name, BTF_KIND_UNION);
	return id > 0 ? (unsigned)id : 0;
}

/* PROTO: NULL when the kernel's signature is not the hook's (a system call). SKIP: parameters before the first. */
static void check_arg(struct checking *c, const struct spec_arg *a, const struct btf_type *proto, unsigned skip)
{
	const struct btf *btf = c->b->btf;
	unsigned id = 0;
	bool own = a->btf_type.n && !a->btf_type_module.n;
	if (proto && a->index + skip >= btf_vlen(proto)) {
		report(c, RULE_BTF_TYPE, a->at, "write an index that it has", "%s has %u arguments, none with index %u",
		       c->call, btf_vlen(proto) - skip, a->index);
		return;
	}
	if (proto)
		id = btf_params(proto)[a->index + skip].type;
	if (own) {
		CLEANUP_FREE char *name = xstrndup(a->btf_type.p, a->btf_type.n);
		id = named_type(c->b, name);
		if (!id)
			report(c, RULE_BTF_RESOLVE, a->at, "write the name of a struct", "the kernel has no struct %s", name);
	}
	if (a->resolve.n && id && !a->btf_type_module.n)
		check_resolve(c, a, id);
	else if (proto && !a->resolve.n && !type_fits(btf, id, a->type)) {
		CLEANUP_BUF struct buf type = BUF_INIT;
		describe(btf, id, &type);
		report(c, RULE_BTF_TYPE, a->at, "write the type that fits, or another index",
		       "argument %u of %s is %s; %s reads something else", a->index, c->call, type.p, type_name(a->type));
	}
}

static void check_args(struct checking *c, const struct btf_type *proto, unsigned skip)
{
	for (size_t i = 0; i < c->h->nargs; i++) {
		size_t mark = enter(c, ".args[%zu]", i);
		check_arg(c, &c->h->args[i], proto, skip);
		leave(c, mark);
	}
	unsigned task = c->h->ndata ? named_type(c->b, "task_struct") : 0;
	for (size_t i = 0; i < c->h->ndata && task; i++) {
		size_t mark = enter(c, ".data[%zu]", i);
		if (str_eq(c->h->data[i].source, STR("current_task")) && c->h->data[i].resolve.n)
			check_resolve(c, &c->h->data[i], task);
		leave(c, mark);
	}
}

/* ---- hooks ---- */

static void check_function(struct checking *c, struct str call, bool syscall)
{
	bool bare = syscall && str_starts(call, STR("sys_"));
	CLEANUP_FREE char *name = xasprintf("%s" STR_FMT, !bare ? "" : c->t->arch == ARCH_ARM64 ? "__arm64_" : "__x64_",
					    STR_ARG(call));
	const struct btf_type *proto = find_function(c->b, name);
	bool missing = !proto || !btf_vlen(proto);
	c->call = name;
	if (missing && !c->h->ignore_call_not_found)
		report(c, RULE_BTF_CALL, c->h->at, "write one that it has, or ignore: {callNotFound: true}",
		       proto ? "%s takes no arguments in this kernel: the agent finds no such function"
			     : "this kernel has no function %s", name);
	if (!missing)
		check_args(c, syscall ? NULL : proto, 0);
}

static void check_kprobe(struct checking *c)
{
	const struct hook *h = c->h;
	const struct policy_list *list = policy_list_of(c->p, h->call);
	bool syscalls = h->syscall || (list && str_eq(list->type, STR("syscalls")));
	for (size_t i = 0; list && i < list->values.n; i++)
		check_function(c, list->values.v[i], syscalls);
	if (!str_starts(h->call, STR("list:")))
		check_function(c, h->call, syscalls);
}

static void check_lsm(struct checking *c)
{
	CLEANUP_FREE char *name = xasprintf("bpf_lsm_" STR_FMT, STR_ARG(c->h->call));
	const struct btf_type *proto = find_function(c->b, name);
	c->call = name;
	if (!proto)
		report(c, RULE_BTF_CALL, c->h->at, "write a hook that it has", "this kernel has no LSM hook " STR_FMT,
		       STR_ARG(c->h->call));
	else
		check_args(c, proto, 0);
}

static void check_raw_tracepoint(struct checking *c)
{
	CLEANUP_FREE char *name = xasprintf("btf_trace_" STR_FMT, STR_ARG(c->h->call));
	int id = btf__find_by_name_kind(c->b->btf, name, BTF_KIND_TYPEDEF);
	const struct btf_type *t = id > 0 ? strip(c->b->btf, (unsigned)id, NULL) : NULL;
	c->call = name;
	if (t && btf_is_ptr(t))
		t = strip(c->b->btf, t->type, NULL);
	if (!t || !btf_is_func_proto(t))
		report(c, RULE_BTF_CALL, c->h->at, "write one that it has", "this kernel has no tracepoint " STR_FMT,
		       STR_ARG(c->h->call));
	else
		check_args(c, t, 1);
}

/* A field a line: "	field:int common_pid;	offset:4;..." */
static size_t count_fields(const char *format)
{
	size_t n = 0;
	for (const char *p = format; (p = strstr(p, "\n\tfield:")); p++)
		n++;
	return n;
}

static void check_tracepoint(struct checking *c)
{
	CLEANUP_BUF struct buf format = BUF_INIT;
	if (c->h->raw)
		check_raw_tracepoint(c);
	if (c->h->raw || !c->b->tracefs)
		return;
	CLEANUP_FREE char *file = xasprintf("%s/" STR_FMT "/" STR_FMT "/format", c->b->tracefs, STR_ARG(c->h->subsystem),
					    STR_ARG(c->h->call));
	bool odd = memchr(c->h->call.p, '/', c->h->call.n) || memchr(c->h->subsystem.p, '/', c->h->subsystem.n);
	if (odd || read_file(file, 1 << 16, &format)) {
		report(c, RULE_BTF_CALL, c->h->at, "write one that it has", "this kernel has no tracepoint " STR_FMT "/" STR_FMT,
		       STR_ARG(c->h->subsystem), STR_ARG(c->h->call));
		return;
	}
	size_t n = count_fields(format.p);
	for (size_t i = 0; i < c->h->nargs; i++)
		if (c->h->args[i].index >= n) {
			size_t mark = enter(c, ".args[%zu].index", i);
			report(c, RULE_ARG_INDEX, c->h->args[i].at, "write an index that it has",
			       "the tracepoint has %zu fields, none with index %u", n, c->h->args[i].index);
			leave(c, mark);
		}
}

bool lint_btf_check(const struct lint_btf *b, const struct policy *p, const struct target *t, struct findings *f)
{
	static void (*const checks[])(struct checking *c) = {
		[SECTION_KPROBE] = check_kprobe, [SECTION_FENTRY] = check_kprobe, [SECTION_TRACEPOINT] = check_tracepoint,
		[SECTION_LSM] = check_lsm,	 [SECTION_USDT] = NULL,
	};
	struct checking c = {.b = b, .p = p, .t = t, .f = f, .loads = true};
	size_t in_section[SECTION_USDT + 1] = {0};
	buf_puts(&c.path, "spec");
	for (size_t i = 0; i < p->nhooks; i++) {
		enum section s = p->hooks[i].section;
		size_t mark = enter(&c, ".%s[%zu]", policy_section_names[s], in_section[s]++);
		c.h = &p->hooks[i];
		if (checks[s])
			checks[s](&c);
		leave(&c, mark);
	}
	buf_done(&c.path);
	return c.loads;
}
