/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Load rules of the document, its hooks and its actions. A hook is checked with its macros
 * expanded, since that is what the agent counts.
 */
#include "schema/policy_load_private.h"
#include "schema/syscall.h"

/* ---- reporting ---- */

void load_reject(struct loading *l, enum policy_rule rule, struct place at, const char *field,
		 const char *fix, const char *fmt, ...)
{
	const struct policy_rule_row *row = &policy_rules[rule];
	CLEANUP_BUF struct buf path = BUF_INIT;
	if (*field == '/')
		buf_printf(&path, "spec.%s", field + 1);
	else
		buf_printf(&path, "%s%s%s", l->path.p, *field ? "." : "", field);
	bool open = !l->target_given && (row->flags & RULE_TARGET);
	const struct finding what = {
	    .id = row->id,
	    .severity = open			 ? SEVERITY_NOTE
			: row->stage == STAGE_OK ? SEVERITY_WARNING
						 : SEVERITY_ERROR,
	    .stage = row->stage,
	    .ways = l->ways,
	    .at = at,
	    .path = path.p,
	    .fix = fix,
	};
	va_list ap;
	l->errors += what.severity == SEVERITY_ERROR;
	va_start(ap, fmt);
	findings_add(l->findings, &what, fmt, ap);
	va_end(ap);
}

const char *load_text(struct loading *l, const char *fmt, ...)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	va_list ap;
	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	return arena_str(l->findings->arena, buf_view(&b)).p;
}

size_t load_enter(struct loading *l, const char *field, size_t i)
{
	size_t mark = l->path.n;
	buf_putc(&l->path, '.');
	buf_puts(&l->path, field);
	buf_putc(&l->path, '[');
	buf_u64(&l->path, i);
	buf_putc(&l->path, ']');
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

static bool overrides(const struct selector *s)
{
	for (size_t i = 0; i < s->nactions; i++)
		if (s->actions[i].action == ACTION_OVERRIDE)
			return true;
	return false;
}

static bool any_overrides(const struct policy *p)
{
	bool any = false;
	for (size_t h = 0; h < p->nhooks; h++)
		for (size_t s = 0; s < p->hooks[h].nselectors; s++)
			any |= overrides(&p->hooks[h].selectors[s]);
	for (size_t m = 0; m < p->nmacros; m++)
		any |= overrides(&p->macros[m].selector);
	return any;
}

bool policy_kprobe_multi(const struct policy *p, const struct target *t)
{
	return t->kprobe_multi && !policy_option_true(p, "disable-kprobe-multi") &&
	       !(t->arch == ARCH_ARM64 && (p->nenforcers || any_overrides(p)));
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
	static const struct {
		const char *name;
		bool (*fits)(struct str);
		const char *values;
	} rows[] = {
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
				load_reject(l, RULE_OPTION, o->at, "value",
					    load_text(l, "write %s", rows[k].values),
					    "\"" STR_FMT "\" is not a value of %s",
					    (int)MIN(o->value.n, (size_t)60),
					    o->value.p ? o->value.p : "", rows[k].name);
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
bool load_syscall_name(const struct loading *l, struct str s)
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
	return load_syscall_name(l, slash ? str_skip(s, (size_t)(slash - s.p) + 1) : s);
}

const struct policy_list *load_list(const struct loading *l, struct str call)
{
	uint32_t i = l->lists && str_starts(call, STR("list:")) ? map_find(l->lists, str_skip(call, 5)) : MAP_NONE;
	return i == MAP_NONE ? NULL : l->first_list[i];
}

bool policy_call_is_compat(struct str call)
{
	return str_starts(call, STR("i386/")) || str_starts(call, STR("__ia32_"));
}

int policy_call_number(const struct target *t, struct str call)
{
	const char *slash = call.n ? memchr(call.p, '/', call.n) : NULL;
	enum syscall_abi abi = t->arch == ARCH_ARM64 ? SYSCALL_ARM64 : policy_call_is_compat(call) ? SYSCALL_I386 : SYSCALL_X86_64;
	return syscall_number(abi, slash ? str_skip(call, (size_t)(slash - call.p) + 1) : call);
}

/* Of every list, whether something uses it or not. */
static void check_generated(struct loading *l, const struct policy_list *list)
{
	bool generated = str_starts(list->type, STR("generated_"));
	if (generated && list->values.n)
		load_reject(l, RULE_LIST, list->at,
			    load_text(l, "/lists[%zu].values", (size_t)(list - l->p->lists)),
			    "remove its values", "list " STR_FMT " is generated",
			    STR_ARG(list->name));
	if (str_eq(list->type, STR("generated_ftrace")) && !list->pattern.n)
		load_reject(l, RULE_LIST, list->at,
			    load_text(l, "/lists[%zu]", (size_t)(list - l->p->lists)),
			    "add pattern: such as ^tcp_",
			    "list " STR_FMT " needs a pattern of functions", STR_ARG(list->name));
}

void load_check_list(struct loading *l, const struct policy_list *list)
{
	struct list_check *check = &l->list_checks[list - l->p->lists];
	if (check->looked_through)
		return;
	check->looked_through = true;
	for (size_t i = 0; str_eq(list->type, STR("syscalls")) && i < list->values.n; i++)
		if (!list_syscall(l, list->values.v[i]))
			load_reject(l, RULE_LIST, list->at,
				    load_text(l, "/lists[%zu].values[%zu]",
					      (size_t)(list - l->p->lists), i),
				    "write sys_NAME",
				    "\"" STR_FMT "\" in list " STR_FMT " is not a system call",
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
		load_reject(l, RULE_SECTIONS, p->hooks[i].at,
			    policy_section_names[p->hooks[i].section],
			    "an agent takes one kind of hook in a policy; make it two policies",
			    "%s beside %s", policy_section_names[p->hooks[i].section],
			    policy_section_names[p->hooks[0].section]);
		break;
	}
	if (p->namespaced && p->nhooks && p->hooks[0].section >= SECTION_UPROBE)
		load_reject(l, RULE_NAMESPACED_USER, p->hooks[0].at,
			    policy_section_names[p->hooks[0].section], "make it a TracingPolicy",
			    "%s are refused in a TracingPolicyNamespaced",
			    policy_section_names[p->hooks[0].section]);
	if (!l->t->kubernetes && (p->pod || p->container))
		load_reject(
		    l, RULE_SCOPE, p->pod ? p->pod->at : p->container->at,
		    p->pod ? "podSelector" : "containerSelector",
		    "remove them, or say --target kubernetes=yes",
		    "podSelector and containerSelector are refused by an agent outside Kubernetes");
	if (p->nenforcers > 1)
		load_reject(l, RULE_ENFORCERS, at, "enforcers", "put all calls into one",
			    "%zu enforcers, where one may be", p->nenforcers);
	check_options(l);
	for (size_t i = 0; i < l->p->nlists; i++)
		if (!l->p->lists[i].validated)
			check_generated(l, &l->p->lists[i]);
}

static void check_enforcer_call(struct loading *l, struct str call, bool *security, bool *syscall)
{
	bool is_security = str_starts(call, STR("security_"));
	*security |= is_security;
	*syscall |= !is_security;
	if (!is_security && !load_syscall_name(l, call))
		load_reject(l, RULE_ENFORCERS, (struct place){l->p->line, 1}, "enforcers[0].calls",
			    "write sys_NAME or security_NAME",
			    "\"" STR_FMT "\" in enforcers is neither a system call nor security_*",
			    STR_ARG(call));
}

static void check_enforcers(struct loading *l)
{
	bool security = false, syscall = false;
	struct place at = {l->p->line, 1};
	for (size_t i = 0; l->p->nenforcers && i < l->p->enforcers[0].calls.n; i++) {
		struct str call = l->p->enforcers[0].calls.v[i];
		const struct policy_list *list = load_list(l, call);
		if (list && l->list_checks[list - l->p->lists].enforced)
			continue;
		if (list)
			l->list_checks[list - l->p->lists].enforced = true;
		if (list)
			load_check_list(l, list);
		else if (str_starts(call, STR("list:")))
			load_reject(l, RULE_LIST, at, "enforcers[0].calls", "add it to lists",
				    "no list \"" STR_FMT "\"", STR_ARG(str_skip(call, 5)));
		else
			check_enforcer_call(l, call, &security, &syscall);
		for (size_t k = 0; list && k < list->values.n; k++)
			check_enforcer_call(l, list->values.v[k], &security, &syscall);
		syscall |= list && str_eq(list->type, STR("generated_syscalls"));
	}
	const struct policy_option *method = find_option(l->p, "override-method");
	if (security && method && str_eq(method->value, STR("override-return")))
		load_reject(l, RULE_ENFORCER_METHOD, method->at, "options", "write fmod-ret",
			    "override-return does not work on security_* calls");
	if (security && l->t->kernel < target_lsm_since(l->t->arch))
		load_reject(l, RULE_ENFORCER_KERNEL, at, "enforcers", "use a newer kernel",
			    "enforcers on security_* need kernel %s", l->t->arch == ARCH_ARM64 ? "6.0" : "5.7");
	if (syscall && !l->t->error_injection)
		load_reject(l, RULE_ENFORCER_KERNEL, at, "enforcers",
			    "use an LSM hook or security_*, or say --target error-injection=yes",
			    "enforcers on system calls need a kernel with error injection");
}

/* ---- macros ---- */

static const struct {
	size_t v, n;
	const char *name;
} selector_lists[] = {
#define L(member, key)                                                                             \
	{                                                                                          \
		offsetof(struct selector, member), offsetof(struct selector, n##member), key       \
	}
    L(args, "matchArgs"),
    L(data, "matchData"),
    L(return_args, "matchReturnArgs"),
    L(binaries, "matchBinaries"),
    L(parent_binaries, "matchParentBinaries"),
    L(pids, "matchPIDs"),
    L(namespaces, "matchNamespaces"),
    L(namespace_changes, "matchNamespaceChanges"),
    L(capabilities, "matchCapabilities"),
    L(capability_changes, "matchCapabilityChanges"),
    L(actions, "matchActions"),
    L(return_actions, "matchReturnActions"),
#undef L
};

static void add_macro(struct loading *l, struct selector *into, const struct policy_macro *m)
{
	if (m->selector.macros.n)
		load_reject(l, RULE_MACRO, into->at, "macros", "write their fields into it",
			    "macro " STR_FMT " uses macros itself", STR_ARG(m->name));
	for (size_t i = 0; i < ARRAY_SIZE(selector_lists); i++) {
		size_t *n = (size_t *)((char *)into + selector_lists[i].n);
		size_t more = *(const size_t *)((const char *)&m->selector + selector_lists[i].n);
		if (more && *n)
			load_reject(l, RULE_MACRO, into->at, "macros", "keep one",
				    "%s is there and comes with macro " STR_FMT " again",
				    selector_lists[i].name, STR_ARG(m->name));
		if (!more || *n)
			continue;
		*n = more;
		memcpy((char *)into + selector_lists[i].v,
		       (const char *)&m->selector + selector_lists[i].v, sizeof(void *));
	}
}

static struct selector expand(struct loading *l, const struct selector *s)
{
	struct selector whole = *s;
	CLEANUP(map_free) struct map *named = s->macros.n ? map_new() : NULL;
	for (size_t i = 0; i < s->macros.n; i++) {
		bool fresh;
		uint32_t found = l->macros ? map_find(l->macros, s->macros.v[i]) : MAP_NONE;
		map_add(named, s->macros.v[i], &fresh);
		if (!fresh)
			load_reject(l, RULE_MACRO, s->at, "macros", "name it once", "macro " STR_FMT " is named twice",
				    STR_ARG(s->macros.v[i]));
		if (found != MAP_NONE)
			add_macro(l, &whole, l->macro_named[found]);
		else
			load_reject(l, RULE_MACRO, s->at, "macros", "add it to selectorsMacros",
				    "no macro \"" STR_FMT "\"", STR_ARG(s->macros.v[i]));
	}
	return whole;
}

/* ---- hooks ---- */

static void check_selectors(struct loading *l)
{
	const struct hook *h = l->h;
	if (h->nselectors > POLICY_SELECTORS_MAX)
		load_reject(l, RULE_SELECTORS, h->selectors[0].at, "selectors",
			    "make it two policies", "%zu selectors; a hook holds %d", h->nselectors,
			    POLICY_SELECTORS_MAX);
	for (size_t i = 0; i < h->nselectors; i++) {
		const struct selector *s = &h->selectors[i];
		size_t mark = load_enter(l, "selectors", i);
		if (h->section == SECTION_LSM && s->nreturn_args)
			load_reject(l, RULE_LSM_FIELD, s->return_args->at, "matchReturnArgs",
				    "remove matchReturnArgs",
				    "an LSM hook has no return value to match");
		if (h->section == SECTION_LSM && s->ndata)
			load_reject(l, RULE_LSM_FIELD, s->data->at, "matchData", "remove matchData",
				    "an LSM hook has no data to match");
		load_check_selector(l, s);
		load_check_actions(l, s, false);
		load_check_actions(l, s, true);
		load_leave(l, mark);
	}
}

/* The hook as the agent sees it: its macros expanded. */
static void check_hook(struct loading *l, const struct hook *hook)
{
	struct arena *arena = arena_new();
	l->h = hook;
	load_check_section(l);
	struct hook whole = *hook;
	whole.selectors = arena_alloc(arena, hook->nselectors * sizeof(*whole.selectors));
	for (size_t i = 0; i < hook->nselectors; i++) {
		size_t mark = load_enter(l, "selectors", i);
		whole.selectors[i] = expand(l, &hook->selectors[i]);
		load_leave(l, mark);
	}
	l->h = &whole;
	load_check_args(l);
	check_selectors(l);
	load_check_tables(l);
	size_t area = policy_selector_area(&whole);
	if (area > POLICY_AREA_MAX)
		load_reject(l, RULE_AREA, hook->at, "selectors", "use fewer selectors",
			    "selectors of %zu bytes; what lies beyond %d is never applied", area,
			    POLICY_AREA_MAX);
	arena_free(arena);
}

static void index_names(struct loading *l)
{
	const struct policy *p = l->p;
	if (p->nmacros) {
		l->macros = map_new();
		l->macro_named = xcalloc(p->nmacros, sizeof(*l->macro_named));
	}
	if (p->nlists) {
		l->lists = map_new();
		l->list_checks = xcalloc(p->nlists, sizeof(*l->list_checks));
		l->first_list = xcalloc(p->nlists, sizeof(*l->first_list));
	}
	for (size_t i = 0; i < p->nmacros; i++)
		l->macro_named[map_add(l->macros, p->macros[i].name, NULL)] = &p->macros[i];
	for (size_t i = 0; i < p->nlists; i++) {
		bool fresh;
		uint32_t number = map_add(l->lists, p->lists[i].name, &fresh);
		l->first_list[number] = fresh ? &p->lists[i] : l->first_list[number];
	}
}

bool policy_load_findings(const struct policy *p, const struct target *t, bool target_given,
			  unsigned ways, struct findings *f)
{
	struct loading l = {
	    .p = p, .t = t, .target_given = target_given, .ways = ways, .findings = f};
	size_t in_section[SECTION_USDT + 1] = {0};
	l.multi = policy_kprobe_multi(p, t);
	l.calls = l.multi && (p->nhooks > 1 || p->nlists) ? map_new() : NULL;
	index_names(&l);
	buf_puts(&l.path, "spec");
	check_document(&l);
	check_enforcers(&l);
	for (size_t i = 0; i < p->nhooks; i++) {
		enum section s = p->hooks[i].section;
		size_t mark = load_enter(&l, policy_section_names[s], in_section[s]++);
		check_hook(&l, &p->hooks[i]);
		load_leave(&l, mark);
	}
	if (l.multi)
		load_check_shared_tables(&l);
	map_free(l.calls);
	map_free(l.macros);
	map_free(l.lists);
	free(l.list_checks);
	free(l.first_list);
	free(l.macro_named);
	buf_done(&l.path);
	return !l.errors;
}

int policy_load_check(const struct policy *p, const struct target *t, struct diag *d)
{
	CLEANUP(arena_free) struct arena *arena = arena_new();
	CLEANUP_FREE char *file = xstrndup(p->file.p ? p->file.p : "", p->file.n);
	struct findings f;
	findings_init(&f, arena);
	bool loads = policy_load_findings(p, t, true, WAY_BOTH, &f);
	findings_to_diag(&f, p->file.n ? file : NULL, d);
	findings_done(&f);
	return loads ? 0 : -EINVAL;
}

bool policy_refused(const struct policy *p, const struct target *t, struct arena *arena, struct policy_refusal *ret)
{
	struct findings f;
	const struct finding *first = NULL;
	*ret = (struct policy_refusal){};
	findings_init(&f, arena);
	bool refused = !policy_load_findings(p, t, true, WAY_BOTH, &f);
	for (size_t i = 0; refused && i < f.n; i++) {
		first = first || f.v[i].severity != SEVERITY_ERROR ? first : &f.v[i];
		ret->reasons += f.v[i].severity == SEVERITY_ERROR;
	}
	if (first) {
		ret->rule = first->id;
		ret->path = first->path;
		ret->message = first->message;
		ret->fix = first->fix;
		ret->at = first->at;
	}
	findings_done(&f);
	return refused;
}
