/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Policies into the compiled form: hooks filed by site, macros merged, values as sets, and under kprobe.multi the
 * tables that several kprobes of a policy share, where the last one loaded wins.
 */
#include "compiler/eval/eval_form.h"
#include "schema/policy_load.h"

struct compiling {
	struct engine *e;
	const struct policy *p;
	uint32_t number;
	bool multi;             /* this policy's kprobes share tables */
	struct map *macros;     /* their names; NULL = none */
	const struct policy_macro **named;
};

/* ---- selectors ---- */

#define TAKE_LIST(into, from, list, n)                                                             \
	do {                                                                                       \
		if (!(into)->n) {                                                                  \
			(into)->list = (from)->list;                                               \
			(into)->n = (from)->n;                                                     \
		}                                                                                  \
	} while (0)

/* The selector with its macros' fields; a field stands in one of them only, else the policy does not load. */
static struct selector merged(const struct compiling *c, const struct selector *s)
{
	struct selector m = *s;
	for (size_t i = 0; i < s->macros.n; i++) {
		const struct selector *from = &c->named[map_find(c->macros, s->macros.v[i])]->selector;
		TAKE_LIST(&m, from, args, nargs);
		TAKE_LIST(&m, from, data, ndata);
		TAKE_LIST(&m, from, return_args, nreturn_args);
		TAKE_LIST(&m, from, binaries, nbinaries);
		TAKE_LIST(&m, from, parent_binaries, nparent_binaries);
		TAKE_LIST(&m, from, pids, npids);
		TAKE_LIST(&m, from, namespaces, nnamespaces);
		TAKE_LIST(&m, from, namespace_changes, nnamespace_changes);
		TAKE_LIST(&m, from, capabilities, ncapabilities);
		TAKE_LIST(&m, from, capability_changes, ncapability_changes);
		TAKE_LIST(&m, from, actions, nactions);
		TAKE_LIST(&m, from, return_actions, nreturn_actions);
	}
	return m;
}

static struct binary_test *compile_binaries(struct engine *e, const struct binary_filter *f)
{
	struct binary_test *t = arena_alloc(e->arena, sizeof(*t));
	*(struct binary_test **)VEC_PUSH(&e->binaries) = t;
	t->written = &f->values;
	t->op = f->op;
	t->empty = !f->values.n;
	t->follow_children = f->follow_children;
	if (f->op == OPERATOR_IN || f->op == OPERATOR_NOT_IN) {
		t->set = string_set_new(&f->values);
		*(struct string_set **)VEC_PUSH(&e->string_sets) = t->set;
	} else {
		bool reversed = f->op == OPERATOR_POSTFIX || f->op == OPERATOR_NOT_POSTFIX;
		prefix_set_init(&t->prefixes, &f->values, reversed, reversed ? POSTFIX_LOOKED_AT : PREFIX_LOOKED_AT);
	}
	return t;
}

static const struct capability_test *compile_capabilities(struct engine *e, const struct capability_filter *f)
{
	struct capability_test *t = arena_alloc(e->arena, sizeof(*t));
	*t = (struct capability_test){.written = &f->values, .op = f->op, .namespace_only = f->namespace_capability};
	int set = cap_set_number(f->type);
	t->set = set < 0 ? CAPS_EFFECTIVE : (enum cap_set)set;
	for (size_t i = 0; i < f->values.n; i++) {
		int number = capability_number(f->values.v[i]);
		t->mask |= number < 0 ? 0 : UINT64_C(1) << number;
	}
	return t;
}

static void compile_namespace(struct engine *e, const struct namespace_filter *f, struct namespace_test *t)
{
	int kind = namespace_number(f->namespace);
	*t = (struct namespace_test){.written = &f->values, .op = f->op, .kind = kind < 0 ? NS_UTS : (enum namespace_kind)kind, .n = f->values.n};
	t->values = arena_alloc(e->arena, (f->values.n + 1) * sizeof(*t->values));
	for (size_t i = 0; i < f->values.n; i++) {
		uint64_t number = 0;
		t->values[i].host = str_eq(f->values.v[i], STR("host_ns"));
		if (!t->values[i].host && str_to_u64(f->values.v[i], &number) == 0)
			t->values[i].number = (uint32_t)number;
	}
}

static const struct namespace_test *compile_namespaces(struct engine *e, const struct selector *s)
{
	struct namespace_test *v = arena_alloc(e->arena, (s->nnamespaces + 1) * sizeof(*v));
	for (size_t i = 0; i < s->nnamespaces; i++)
		compile_namespace(e, &s->namespaces[i], &v[i]);
	return v;
}

static const struct namespace_test *compile_changes(struct engine *e, const struct namespace_filter *f)
{
	struct namespace_test *t = arena_alloc(e->arena, sizeof(*t));
	*t = (struct namespace_test){.op = f->op};
	for (size_t i = 0; i < f->values.n; i++) {
		int kind = namespace_number(f->values.v[i]);
		t->kinds |= kind < 0 ? 0 : (uint16_t)(1 << kind);
	}
	return t;
}

/*
 * What the kernel misreads, with the filters on what the process holds, which follow: it takes one entry and four values where it was
 * given more. Runs showed that an argument's filter that fails still keeps such a selector from matching.
 */
static const char *misread_pids(const struct selector *s)
{
	enum { PID_VALUES_READ = 7 };
	return s->npids > 1 ? "more than one matchPIDs entry is misread by the kernel"
	       : s->npids && s->pids[0].n > PID_VALUES_READ ? "eight values of matchPIDs or more are misread by the kernel"
	       : NULL;
}

/* The filters on what the process holds, which stand behind that on its pid. */
static void compile_held(struct engine *e, const struct selector *s, struct compiled_selector *ret)
{
	ret->namespaces = compile_namespaces(e, s);
	ret->nnamespaces = s->nnamespaces;
	if (s->nnamespace_changes)
		ret->namespace_changes = compile_changes(e, &s->namespace_changes[0]);
	if (s->ncapabilities)
		ret->capabilities = compile_capabilities(e, &s->capabilities[0]);
	/* The programs for older kernels pass over it. */
	if (s->ncapability_changes && e->target.kernel >= TARGET_KERNEL(5, 3))
		ret->capability_changes = compile_capabilities(e, &s->capability_changes[0]);
}

/*
 * What no argument changes: on types without filters, which older kernels have more of, the kernel compares nothing and what loads
 * passes, but for the filename of a system call; SubString needs a kernel function, without which it loads and never matches;
 * CelExpr is for kprobes and uprobes.
 */
static void decide_test(const struct engine *e, const struct hook *h, struct arg_test *t)
{
	bool substring = t->op == OPERATOR_SUB_STRING || t->op == OPERATOR_SUB_STRING_IGN_CASE;
	uint32_t needs = t->op == OPERATOR_SUB_STRING ? TARGET_KERNEL(6, 17) : TARGET_KERNEL(6, 19);
	bool user = h->section == SECTION_UPROBE || h->section == SECTION_USDT;
	bool too_old = (t->arg->type == TYPE_SOCKADDR_UN && e->target.kernel < TARGET_KERNEL(5, 11)) ||
		       (t->arg->type == TYPE_LINUX_BINPRM && e->target.kernel < TARGET_KERNEL(5, 3));
	if (too_old || (t->class == CLASS_NONE && (substring || t->op == OPERATOR_PREFIX || t->op == OPERATOR_POSTFIX))) {
		bool of_call = t->arg->type == TYPE_FILENAME && h->section == SECTION_KPROBE && h->syscall;
		t->decided = true;
		t->as_decided = of_call ? TRI_NO : TRI_YES;
	} else if (substring && !user && e->target.kernel < needs) {
		t->decided = true;
		t->as_decided = TRI_NO;
	} else if (t->op == OPERATOR_CEL_EXPR && h->section != SECTION_KPROBE && h->section != SECTION_UPROBE) {
		t->decided = true;
		t->as_decided = TRI_NO;
	}
}

/* As many bytes as a value of Equal may have. */
static uint32_t string_bytes(const struct engine *e)
{
	return e->target.kernel >= TARGET_KERNEL(5, 11) ? 4096 : e->target.kernel >= TARGET_KERNEL(5, 4) ? 510 : 144;
}

static void compile_test(struct compiling *c, const struct hook *h, const struct arg_filter *f, const struct spec_arg *arg,
			 struct arg_test *t)
{
	t->arg = arg;
	t->op = f->op;
	t->of = h;
	if (f->op == OPERATOR_CAPABILITIES_GAINED && f->nargs > 1 && f->args[1] < h->nargs)
		t->second = &h->args[f->args[1]];
	t->class = eval_class(t->arg->type);
	t->lsm = h->section == SECTION_LSM;
	t->raw = h->section == SECTION_TRACEPOINT && h->raw;
	t->format = h->section == SECTION_TRACEPOINT && !h->raw;
	t->read_bytes = t->arg->type == TYPE_STRING ? string_bytes(c->e) : 0;
	t->first_field = eval_enters_syscall(h) ? SYSCALL_FIELD : 0;
	struct value_table *table = arena_alloc(c->e->arena, sizeof(*table));
	*(struct value_table **)VEC_PUSH(&c->e->tables) = table;
	table->written = &f->values;
	eval_values(c->e, c->p, f, t->arg, table);
	t->table = t->networks[0] = t->networks[1] = table;
	decide_test(c->e, h, t);
}

/*
 * Data that lines tell under another name: the process of the task, and the registers that hold the arguments of a function, of which
 * those of a system call are elsewhere.
 */
static uint32_t data_place(const struct engine *e, const struct hook *h, const struct spec_arg *data)
{
	static const struct {
		struct str name;
		uint32_t place;
	} registers[] = {{STR_INIT("rdi"), 0}, {STR_INIT("rsi"), 1}, {STR_INIT("rdx"), 2}, {STR_INIT("rcx"), 3}, {STR_INIT("r8"), 4},
			 {STR_INIT("edi"), 0}, {STR_INIT("esi"), 1}, {STR_INIT("edx"), 2}, {STR_INIT("ecx"), 3}, {STR_INIT("r8d"), 4}};
	bool half = data->type == TYPE_INT || data->type == TYPE_SINT32 || data->type == TYPE_INT32 || data->type == TYPE_UINT32;
	bool function = h->section == SECTION_KPROBE && !h->syscall && e->target.arch == ARCH_X86_64;
	if (half && str_eq(data->source, STR("current_task")) && str_eq(data->resolve, STR("tgid")))
		return TASK_PROCESS;
	for (size_t i = 0; half && function && str_eq(data->source, STR("pt_regs")) && i < ARRAY_SIZE(registers); i++)
		if (str_eq(registers[i].name, data->resolve))
			return registers[i].place;
	return TASK_OTHER;
}

static void compile_data(struct compiling *c, const struct hook *h, const struct arg_filter *f, struct arg_test *t)
{
	struct spec_arg *as_argument = arena_alloc(c->e->arena, sizeof(*as_argument));
	*as_argument = *policy_filter_arg(h, f, true);
	as_argument->index = data_place(c->e, h, as_argument);
	as_argument->resolve = (struct str){NULL, 0};
	compile_test(c, h, f, as_argument, t);
	t->data = true;
}

/* Without "return: true" what is written about the return is ignored. */
static void compile_return(struct compiling *c, const struct hook *h, const struct selector *s, struct compiled_selector *ret)
{
	if (!h->ret || !h->return_arg)
		return;
	struct hook *at_return = arena_alloc(c->e->arena, sizeof(*at_return));
	*at_return = *h;
	at_return->args = h->return_arg;
	at_return->nargs = 1;
	ret->return_outcome = eval_return_outcome(s);
	ret->return_tests = arena_alloc(c->e->arena, (s->nreturn_args + 1) * sizeof(*ret->return_tests));
	for (size_t i = 0; i < s->nreturn_args; i++)
		compile_test(c, at_return, &s->return_args[i], policy_filter_arg(at_return, &s->return_args[i], false),
			     &ret->return_tests[ret->nreturn_tests++]);
}

/* rateLimit: "N" and "Ns" seconds, "Nm" minutes, "Nh" hours; kept as 32 bits of milliseconds. */
static uint64_t rate_limit(const struct selector *s)
{
	static const uint64_t second = UINT64_C(1000000000), longest = UINT32_MAX * UINT64_C(1000000);
	uint64_t most = 0;
	for (size_t i = 0; i < s->nactions; i++) {
		struct str limit = s->actions[i].rate_limit;
		char unit = limit.n ? (char)(limit.p[limit.n - 1] | 0x20) : 0;
		uint64_t n;
		limit.n -= unit == 's' || unit == 'm' || unit == 'h';
		if (limit.n && str_to_u64(limit, &n) == 0)
			most = MAX(most, MIN(longest, n * second * (unit == 'h' ? 3600 : unit == 'm' ? 60 : 1)));
	}
	return most;
}

static void compile_selector(struct compiling *c, const struct hook *h, const struct selector *written,
			     struct compiled_selector *ret)
{
	struct selector s = merged(c, written);
	if (s.nbinaries)
		ret->binaries = compile_binaries(c->e, &s.binaries[0]);
	if (s.nparent_binaries)
		ret->parent_binaries = compile_binaries(c->e, &s.parent_binaries[0]);
	if (s.npids)
		ret->pids = &s.pids[0];
	ret->unknown = misread_pids(&s);
	if (!ret->unknown)
		compile_held(c->e, &s, ret);
	if (s.ncapabilities > 1)
		ret->never = "has more than one matchCapabilities entry, so that nothing matches it";
	ret->first_workload = c->e->workloads.n;
	ret->nworkloads = s.nworkloads;
	for (size_t i = 0; i < s.nworkloads; i++)
		*(const struct workload_filter **)VEC_PUSH(&c->e->workloads) = &written->workloads[i];
	ret->last_ns = arena_alloc(c->e->arena, sizeof(*ret->last_ns));
	*ret->last_ns = 0;
	ret->rate_ns = rate_limit(&s);
	ret->tests = arena_alloc(c->e->arena, (s.nargs + s.ndata + 1) * sizeof(*ret->tests));
	for (size_t i = 0; i < s.nargs; i++)
		compile_test(c, h, &s.args[i], policy_filter_arg(h, &s.args[i], false), &ret->tests[ret->ntests++]);
	for (size_t i = 0; i < s.ndata; i++)
		compile_data(c, h, &s.data[i], &ret->tests[ret->ntests++]);
	ret->outcome = eval_outcome(c->e, c->p, h, &s);
	compile_return(c, h, &s, ret);
}

/* ---- tables that kprobe.multi shares ---- */

static bool shares_table(enum policy_operator op)
{
	switch (op) {
	case OPERATOR_IN_MAP:
	case OPERATOR_NOT_IN_MAP:
	case OPERATOR_SPORT:
	case OPERATOR_NOT_SPORT:
	case OPERATOR_DPORT:
	case OPERATOR_NOT_DPORT:
	case OPERATOR_PROTOCOL:
	case OPERATOR_FAMILY:
	case OPERATOR_STATE:
		return true;
	default:
		return false;
	}
}

static bool shares_networks(enum policy_operator op)
{
	return op == OPERATOR_SADDR || op == OPERATOR_NOT_SADDR || op == OPERATOR_DADDR || op == OPERATOR_NOT_DADDR;
}

/* The tables that kprobes share: of numbers, of words to find, and of addresses one for each family. */
enum shared { SHARED_NUMBERS, SHARED_WORDS, SHARED_V4, SHARED_V6, SHARED_KINDS };

/* Where T keeps its table of the kind; NULL: it has none, and takes no number among them. */
static const struct value_table **table_of(struct arg_test *t, enum shared kind)
{
	if (kind == SHARED_NUMBERS)
		return shares_table(t->op) ? &t->table : NULL;
	if (kind == SHARED_WORDS)
		return t->op == OPERATOR_SUB_STRING || t->op == OPERATOR_SUB_STRING_IGN_CASE ? &t->table : NULL;
	if (!shares_networks(t->op))
		return NULL;
	const struct network_set *own = &t->table->networks;
	return (kind == SHARED_V4 ? own->v4.n : own->v6.n) ? &t->networks[kind == SHARED_V6] : NULL;
}

/* The N-th table of its kind in the last kprobe that has so many: the one all use. */
static const struct value_table *last_table(struct compiled_hook *const *hooks, size_t nhooks, enum shared kind, size_t n)
{
	for (size_t h = nhooks; h-- > 0;) {
		size_t seen = 0;
		for (size_t s = 0; s < hooks[h]->nselectors; s++) {
			const struct compiled_selector *sel = &hooks[h]->selectors[s];
			for (size_t t = 0; t < sel->ntests; t++) {
				const struct value_table **table = table_of(&sel->tests[t], kind);
				if (table && seen++ == n)
					return *table;
			}
		}
	}
	return NULL;
}

static void share_tables(struct compiled_hook *const *hooks, size_t n, enum shared kind)
{
	enum { MAX_TABLES = 256 };
	const struct value_table *last[MAX_TABLES];
	/* First look all up, then write: writing changes what the look-up sees. */
	for (size_t i = 0; i < MAX_TABLES; i++)
		last[i] = last_table(hooks, n, kind, i);
	for (size_t h = 0; h < n; h++) {
		size_t seen = 0;
		for (size_t s = 0; s < hooks[h]->nselectors; s++) {
			struct compiled_selector *sel = &hooks[h]->selectors[s];
			for (size_t t = 0; t < sel->ntests; t++) {
				const struct value_table **table = table_of(&sel->tests[t], kind);
				if (table && seen < MAX_TABLES)
					*table = last[seen++];
			}
		}
	}
}

/* The process filters of selector S that the last kprobe with one has, for all. */
static void share_selector(struct compiled_hook *const *hooks, size_t n, size_t s)
{
	struct compiled_selector last = {0};
	for (size_t h = 0; h < n; h++) {
		const struct compiled_selector *sel = s < hooks[h]->nselectors ? &hooks[h]->selectors[s] : &last;
		last.binaries = sel->binaries ? sel->binaries : last.binaries;
		last.parent_binaries = sel->parent_binaries ? sel->parent_binaries : last.parent_binaries;
		if (sel->nworkloads) {
			last.first_workload = sel->first_workload;
			last.nworkloads = sel->nworkloads;
		}
	}
	for (size_t h = 0; h < n; h++) {
		if (s >= hooks[h]->nselectors)
			continue;
		struct compiled_selector *sel = &hooks[h]->selectors[s];
		sel->binaries = last.binaries;
		sel->parent_binaries = last.parent_binaries;
		sel->first_workload = last.first_workload;
		sel->nworkloads = last.nworkloads;
	}
}

static void share_process_filters(struct compiled_hook *const *hooks, size_t n)
{
	size_t most = 0;
	for (size_t h = 0; h < n; h++)
		most = MAX(most, hooks[h]->nselectors);
	for (size_t s = 0; s < most; s++)
		share_selector(hooks, n, s);
}

static void share(struct compiled_hook *const *hooks, size_t n)
{
	share_process_filters(hooks, n);
	for (enum shared kind = 0; kind < SHARED_KINDS; kind++)
		share_tables(hooks, n, kind);
}

/* ---- policies ---- */

/* Of several the last counts. */
static struct str option(const struct policy *p, struct str name)
{
	for (size_t i = p->noptions; i-- > 0;)
		if (str_eq(p->options[i].name, name))
			return p->options[i].value;
	return (struct str){NULL, 0};
}

/*
 * Offsets into the agent's selector area wrap at its end: a selector that begins beyond is never applied; what becomes of one
 * that is cut is not known.
 */
static void wrap_selectors(struct compiling *c, const struct hook *h, struct compiled_hook *hook)
{
	struct hook part = *h;
	part.selectors = arena_alloc(c->e->arena, (h->nselectors + 1) * sizeof(*part.selectors));
	for (size_t i = 0; i < h->nselectors; i++)
		part.selectors[i] = merged(c, &h->selectors[i]);
	for (size_t i = 0; i < h->nselectors; i++) {
		struct compiled_selector *s = &hook->selectors[i];
		part.nselectors = i;
		size_t start = policy_selector_area(&part) + 4 * (h->nselectors - i);
		part.nselectors = i + 1;
		size_t end = policy_selector_area(&part) + 4 * (h->nselectors - i - 1);
		if (start > POLICY_AREA_MAX)
			s->never = "lies beyond what the agent addresses";
		else if (end > POLICY_AREA_MAX && !s->unknown)
			s->unknown = "this selector reaches beyond the 1,024 bytes that the agent addresses";
	}
}

static struct compiled_hook *compile_hook(struct compiling *c, size_t number)
{
	const struct hook *h = &c->p->hooks[number];
	struct compiled_hook *hook = arena_alloc(c->e->arena, sizeof(*hook));
	*hook = (struct compiled_hook){
		.policy = c->number, .hook = (uint32_t)number, .lsm = h->section == SECTION_LSM,
		.monitor = str_eq(option(c->p, STR("policy-mode")), STR("monitor")),
		.nselectors = h->nselectors,
	};
	hook->number = (uint32_t)c->e->judged.n;
	VEC_PUSH(&c->e->judged);
	hook->selectors = arena_alloc(c->e->arena, (h->nselectors + 1) * sizeof(*hook->selectors));
	for (size_t i = 0; i < h->nselectors; i++)
		compile_selector(c, h, &h->selectors[i], &hook->selectors[i]);
	for (size_t i = 0; i < h->nselectors; i++)
		hook->returns |= h->ret && eval_stops(&hook->selectors[i].return_outcome);
	for (size_t i = 0; i < h->nselectors; i++)
		hook->changes |= hook->selectors[i].namespace_changes || hook->selectors[i].capability_changes;
	wrap_selectors(c, h, hook);
	eval_file_hook(c->e, c->p, h, hook);
	return hook;
}

/* The calls that the policy's enforcer stops; behind the policy's own hooks, which notify it. */
static void compile_enforcers(struct compiling *c)
{
	for (size_t i = 0; i < c->p->nenforcers; i++) {
		struct compiled_hook *hook = arena_alloc(c->e->arena, sizeof(*hook));
		*hook = (struct compiled_hook){.policy = c->number, .hook = UINT32_MAX, .enforcer = true};
		const struct strs *calls = &c->p->enforcers[i].calls;
		for (size_t k = 0; k < calls->n; k++)
			eval_file_call(c->e, c->p, calls->v[k], hook);
	}
}

/* Each name in a selector is one of them, else the policy was refused. */
static void index_macros(struct compiling *c)
{
	c->macros = c->p->nmacros ? map_new() : NULL;
	c->named = arena_alloc(c->e->arena, (c->p->nmacros + 1) * sizeof(*c->named));
	for (size_t i = 0; i < c->p->nmacros; i++)
		c->named[map_add(c->macros, c->p->macros[i].name, NULL)] = &c->p->macros[i];
}

static void compile_policy(struct engine *e, uint32_t number)
{
	struct compiling c = {.e = e, .p = e->policies[number], .number = number};
	if (policy_refused(c.p, &e->target, e->arena, &e->refused[number]) || !c.p->nhooks)
		return;
	e->scoped |= c.p->pod || c.p->container || c.p->host || c.p->namespaced;
	c.multi = c.p->nhooks > 1 && c.p->hooks[0].section == SECTION_KPROBE && policy_kprobe_multi(c.p, &e->target);
	index_macros(&c);
	struct compiled_hook **hooks = arena_alloc(e->arena, c.p->nhooks * sizeof(*hooks));
	for (size_t i = 0; i < c.p->nhooks; i++)
		hooks[i] = compile_hook(&c, i);
	if (c.multi)
		share(hooks, c.p->nhooks);
	compile_enforcers(&c);
	map_free(c.macros);
}

void eval_compile(struct engine *e)
{
	static const uint32_t exec_sites[] = {SITE_SYS_EXECVE, SITE_SYS_EXECVEAT, SITE_CREDS_FOR_EXEC, SITE_BPRM_CHECK, SITE_CREDS_FROM_FILE,
					      SITE_COMMITTING_CREDS, SITE_COMMITTED_CREDS, SITE_SCHED_EXEC, SITE_SYS_ENTER,
					      SITE_SYS_EXIT};
	eval_name_sites(e);
	e->refused = arena_alloc(e->arena, (e->npolicies + 1) * sizeof(*e->refused));
	for (size_t i = 0; i < e->npolicies; i++)
		compile_policy(e, (uint32_t)i);
	e->scoped |= e->workloads.n > 0;
	e->hooks_exec |= e->hooks_exits;
	for (size_t i = 0; i < ARRAY_SIZE(exec_sites); i++)
		e->hooks_exec |= e->at.v[exec_sites[i]].n > 0;
}

void eval_forms_free(struct engine *e)
{
	for (size_t i = 0; i < e->string_sets.n; i++)
		string_set_free(e->string_sets.v[i]);
	for (size_t i = 0; i < e->tables.n; i++) {
		prefix_set_done(&e->tables.v[i]->prefixes);
		network_set_done(&e->tables.v[i]->networks);
		free(e->tables.v[i]->ranges.v);
	}
	for (size_t i = 0; i < e->binaries.n; i++)
		prefix_set_done(&e->binaries.v[i]->prefixes);
	for (size_t i = 0; i < e->at.n; i++)
		free(e->at.v[i].v);
	free(e->string_sets.v);
	free(e->tables.v);
	free(e->binaries.v);
	free(e->at.v);
	free(e->lsm_site_of.v);
	map_free(e->sites);
	map_free(e->lsm_sites);
}
