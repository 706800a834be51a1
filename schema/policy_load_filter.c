/* SPDX-License-Identifier: GPL-2.0-only */
/* Load rules of selectors and their filters, of the tables they fill and of the area they take. */
#include "schema/policy_load_private.h"

/* ---- one argument filter ---- */

/* An agent takes five: what is said of a policy with more does not hang on the rest, and takes bounded time. */
enum { ARGS_LOOKED_AT = 64 };

/*
 * In a tracepoint the agent rewrites a field's number into its position, entry by entry, and then
 * takes what it has for a position: a number that no entry has is one already, and one may be
 * rewritten twice.
 */
static const struct spec_arg *tracepoint_arg(const struct hook *h, uint32_t index)
{
	for (size_t i = 0; i < MIN(h->nargs, (size_t)ARGS_LOOKED_AT); i++)
		if (h->args[i].index == index)
			index = (uint32_t)i;
	return index < h->nargs ? &h->args[index] : NULL;
}

const struct spec_arg *policy_filter_arg(const struct hook *h, const struct arg_filter *f,
					 bool data)
{
	const struct spec_arg *list = data ? h->data : h->args;
	size_t n = data ? h->ndata : h->nargs;
	if (f->nargs)
		return f->args[0] < n ? &list[f->args[0]] : NULL;
	if (data)
		return f->index < n ? &list[f->index] : NULL;
	if (h->section == SECTION_TRACEPOINT)
		return tracepoint_arg(h, f->index);
	for (size_t i = 0; i < MIN(n, (size_t)ARGS_LOOKED_AT); i++)
		if (list[i].index == f->index)
			return &list[i];
	return NULL;
}

static void check_cel(struct loading *l, const struct arg_filter *f)
{
	if (f->values.n != 1) {
		load_reject(l, RULE_EXPRESSION, f->at, "values", "write one",
			    "CelExpr takes exactly one expression, not %zu", f->values.n);
		return;
	}
	const char *why = policy_cel_error(f->values.v[0], l->h);
	if (why)
		load_reject(l, RULE_EXPRESSION, f->at, "values[0]", "correct the expression",
			    "the expression does not compile: %s", why);
	if (l->t->kernel < TARGET_KERNEL(5, 10))
		load_reject(l, RULE_OPERATOR_SINCE, f->at, "operator", "use a newer kernel",
			    "CelExpr needs kernel 5.10");
}

static void check_gained(struct loading *l, const struct arg_filter *f)
{
	for (size_t i = 0; i < 2; i++) {
		bool there = f->nargs == 2 && f->args[i] < l->h->nargs;
		if (!there || policy_type_class(l->h->args[f->args[i]].type) != CLASS_CAPS) {
			load_reject(l, RULE_GAINED, f->at, "args",
				    "write args: [OLD, NEW], their positions in the list of args",
				    "CapabilitiesGained compares two capability arguments");
			return;
		}
	}
}

static void check_values(struct loading *l, const struct arg_filter *f, const struct spec_arg *arg,
			 const struct operator_rule *rule)
{
	bool inline_values = rule->storage == INLINE_NUMBERS || rule->storage == INLINE_RANGES;
	if (inline_values && f->values.n > POLICY_VALUES_MAX)
		load_reject(l, RULE_VALUES, f->at, "values", "split the selector, or use InMap",
			    "%zu values; %s on this type holds %d", f->values.n,
			    operator_name(f->op), POLICY_VALUES_MAX);
	if (rule->storage == TABLE_SUBSTRING && f->values.n > 100)
		load_reject(l, RULE_VALUES, f->at, "values", "at most 100 may be there",
			    "%zu values", f->values.n);
	for (size_t i = 0; i < f->values.n && rule->value; i++) {
		struct str s = {f->values.v[i].p, MIN(f->values.v[i].n, (size_t)60)};
		if (!rule->value(l, arg, f->values.v[i]))
			load_reject(l, RULE_VALUE, f->at, load_text(l, "values[%zu]", i),
				    load_text(l, "write %s", rule->expected),
				    "\"" STR_FMT "\" is not a value for %s on %s", STR_ARG(s),
				    operator_name(f->op), type_name(arg->type));
	}
}

/* What the smaller programs of older kernels cannot compare. */
static void check_number_since(struct loading *l, const struct arg_filter *f, const struct spec_arg *arg, const struct operator_rule *rule)
{
	static const bool ordered[OPERATOR_COUNT] = {
		[OPERATOR_GT] = true, [OPERATOR_LT] = true, [OPERATOR_GREATER_THAN] = true, [OPERATOR_LESS_THAN] = true,
	};
	bool narrow = arg->type >= TYPE_SINT8 && arg->type <= TYPE_UINT16;
	if (l->t->kernel >= TARGET_KERNEL(5, 3))
		return;
	if (ordered[f->op])
		load_reject(l, RULE_OPERATOR_SINCE, f->at, "operator", "use a newer kernel",
			    "%s needs kernel 5.3", operator_name(f->op));
	else if (narrow && rule->storage == INLINE_NUMBERS && f->values.n)
		load_reject(l, RULE_OPERATOR_SINCE, f->at, "operator", "use a newer kernel",
			    "filters on %s need kernel 5.3", type_name(arg->type));
}

/* Elsewhere it loads, and never matches. */
static void check_substring_since(struct loading *l, const struct arg_filter *f)
{
	bool folded = f->op == OPERATOR_SUB_STRING_IGN_CASE;
	if (l->h->section == SECTION_UPROBE && (folded || f->op == OPERATOR_SUB_STRING) &&
	    l->t->kernel < (folded ? TARGET_KERNEL(6, 19) : TARGET_KERNEL(6, 17)))
		load_reject(l, RULE_OPERATOR_SINCE, f->at, "operator",
			    "use a newer kernel, or Prefix", "%s in a uprobe needs kernel %s",
			    operator_name(f->op), folded ? "6.19" : "6.17");
}

void load_check_filter(struct loading *l, const struct arg_filter *f, bool data)
{
	const struct spec_arg *arg = policy_filter_arg(l->h, f, data);
	if (f->op == OPERATOR_CAPABILITIES_GAINED) {
		check_gained(l, f);
		return;
	}
	if (!arg) {
		load_reject(l, RULE_FILTER_ARG, f->at, f->nargs ? "args" : "index",
			    "add it there, or correct the number",
			    "no argument with %s %u in the hook's list",
			    f->nargs ? "position" : "index", f->nargs ? f->args[0] : f->index);
		return;
	}
	const struct operator_rule *rule = policy_operator_rule(f->op, arg->type);
	if (f->op == OPERATOR_CEL_EXPR) {
		check_cel(l, f);
		return;
	}
	check_substring_since(l, f);
	if (!(rule->classes & policy_type_class(arg->type))) {
		load_reject(l, RULE_OPERATOR_TYPE, f->at, "operator",
			    "use another operator, or the argument's true type",
			    "%s does not work on an argument of type %s", operator_name(f->op),
			    type_name(arg->type));
		return;
	}
	check_number_since(l, f, arg, rule);
	check_values(l, f, arg, rule);
}

static void check_return_filter(struct loading *l, const struct arg_filter *f)
{
	const struct spec_arg *arg = l->h->return_arg;
	if (!l->h->ret || !arg)
		return;
	if (f->nargs && f->args[0] > 0) {
		load_reject(l, RULE_FILTER_ARG, f->at, "args", "write args: [0], or the returnArg's index",
			    "position %u: the one returned value is at 0", f->args[0]);
		return;
	}
	if (!f->nargs && f->index != arg->index) {
		load_reject(l, RULE_FILTER_ARG, f->at, "index", "write the same in both",
			    "index %u is not the returnArg's, which is %u", f->index, arg->index);
		return;
	}
	const struct operator_rule *rule = policy_operator_rule(f->op, arg->type);
	if (!(rule->classes & policy_type_class(arg->type)))
		load_reject(l, RULE_OPERATOR_TYPE, f->at, "operator",
			    "use another operator, or the true type",
			    "%s does not work on a return value of type %s", operator_name(f->op),
			    type_name(arg->type));
	else
		check_values(l, f, arg, rule);
}

/* ---- filters of the process ---- */

static void check_binaries(struct loading *l, const struct binary_filter *f)
{
	bool exact = f->op == OPERATOR_IN || f->op == OPERATOR_NOT_IN;
	bool postfix = f->op == OPERATOR_POSTFIX || f->op == OPERATOR_NOT_POSTFIX;
	size_t max = exact ? 255 : postfix ? 127 : 256;
	if (!f->values.n)   /* the agent leaves the filter out, whatever else it says */
		return;
	if (f->follow_children && ++l->followed == POLICY_FOLLOWED_MAX + 1)
		load_reject(l, RULE_BINARIES, f->at, "followChildren", "make fewer filters with more values each",
			    "more than %d filters with followChildren; an agent has no more", POLICY_FOLLOWED_MAX);
	if (f->follow_children && !exact)
		load_reject(l, RULE_BINARIES, f->at, "followChildren",
			    "write In or NotIn, or remove it",
			    "followChildren goes with In and NotIn only");
	if (!exact && l->t->kernel < TARGET_KERNEL(5, 3))
		load_reject(l, RULE_PROCESS_SINCE, f->at, "operator", "use a newer kernel",
			    "%s on programs needs kernel 5.3", operator_name(f->op));
	for (size_t i = 0; i < f->values.n; i++)
		if (f->values.v[i].n > max || (postfix && !f->values.v[i].n))
			load_reject(l, RULE_BINARIES, f->at, load_text(l, "values[%zu]", i),
				    "shorten it; Prefix takes the beginning of a path",
				    "value %zu has %zu bytes; %s takes %s%zu", i, f->values.v[i].n,
				    operator_name(f->op), postfix ? "1 to " : "at most ", max);
}

static void check_namespaces(struct loading *l, const struct namespace_filter *f)
{
	bool children = str_ends(f->namespace, STR("ForChildren"));
	if (f->values.n > POLICY_VALUES_MAX)
		load_reject(l, RULE_NAMESPACES, f->at, "values",
			    load_text(l, "at most %d may be there", POLICY_VALUES_MAX),
			    "%zu values", f->values.n);
	for (size_t i = 0; i < f->values.n; i++) {
		struct str s = f->values.v[i];
		uint64_t v;
		bool host = str_eq(s, STR("host_ns"));
		if (host && children)
			load_reject(l, RULE_NAMESPACES, f->at, load_text(l, "values[%zu]", i),
				    "write its inode number",
				    "host_ns cannot be looked up for " STR_FMT,
				    STR_ARG(f->namespace));
		else if (!host && !go_uint(s, 10, 32, &v))
			load_reject(l, RULE_NAMESPACES, f->at, load_text(l, "values[%zu]", i),
				    "write host_ns or a decimal number",
				    "\"" STR_FMT "\" is neither host_ns nor an inode number",
				    (int)MIN(s.n, (size_t)60), s.p);
	}
}

static void check_names(struct loading *l, enum policy_rule rule, struct place at,
			const struct strs *values, bool (*known)(struct str), const char *what)
{
	for (size_t i = 0; i < values->n; i++) {
		struct str s = values->v[i];
		bool cap_dac = str_eq(s, STR("CAP_DAC_OVERRIDE"));
		if (known(s))
			continue;
		load_reject(l, rule, at, load_text(l, "values[%zu]", i),
			    cap_dac ? "write DAC_OVERRIDE" : "correct it",
			    "\"" STR_FMT "\" is not the name of %s", (int)MIN(s.n, (size_t)60), s.p,
			    what);
	}
}

static void check_namespace_filters(struct loading *l, const struct selector *s, bool small)
{
	size_t max = small ? 4 : 10;
	if (s->nnamespaces > max)
		load_reject(l, RULE_NAMESPACES, s->namespaces->at, "matchNamespaces",
			    load_text(l, "at most %zu may be there", max),
			    "%zu entries in matchNamespaces", s->nnamespaces);
	for (size_t i = 0; i < s->nnamespaces; i++) {
		size_t mark = load_enter(l, "matchNamespaces", i);
		check_namespaces(l, &s->namespaces[i]);
		load_leave(l, mark);
	}
	if (s->nnamespace_changes > 1)
		load_reject(l, RULE_NAMESPACES, s->namespace_changes->at, "matchNamespaceChanges",
			    "one may be there", "%zu entries in matchNamespaceChanges",
			    s->nnamespace_changes);
	/* matchCapabilityChanges loads there, and is not looked at. */
	if (small && s->nnamespace_changes)
		load_reject(l, RULE_PROCESS_SINCE, s->namespace_changes->at, "matchNamespaceChanges", "use a newer kernel",
			    "matchNamespaceChanges needs kernel 5.3");
	for (size_t i = 0; i < s->nnamespace_changes; i++) {
		size_t mark = load_enter(l, "matchNamespaceChanges", i);
		check_names(l, RULE_NAMESPACES, s->namespace_changes[i].at,
			    &s->namespace_changes[i].values, known_namespace, "a namespace");
		load_leave(l, mark);
	}
}

static void check_capability_filters(struct loading *l, const char *field,
				     const struct capability_filter *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t mark = load_enter(l, field, i);
		check_names(l, RULE_CAPABILITY, v[i].at, &v[i].values, known_capability,
			    "a capability");
		load_leave(l, mark);
	}
}

static void check_process_filters(struct loading *l, const struct selector *s)
{
	bool small = l->t->kernel < TARGET_KERNEL(5, 3);
	if (s->nbinaries > 1 || s->nparent_binaries > 1)
		load_reject(l, RULE_BINARIES, (s->nbinaries > 1 ? s->binaries : s->parent_binaries)[1].at,
			    s->nbinaries > 1 ? "matchBinaries" : "matchParentBinaries", "join their values", "a selector has one such filter");
	for (size_t i = 0; i < s->nbinaries; i++) {
		size_t mark = load_enter(l, "matchBinaries", i);
		check_binaries(l, &s->binaries[i]);
		load_leave(l, mark);
	}
	for (size_t i = 0; i < s->nparent_binaries; i++) {
		size_t mark = load_enter(l, "matchParentBinaries", i);
		check_binaries(l, &s->parent_binaries[i]);
		load_leave(l, mark);
	}
	if (s->nparent_binaries && !l->t->parents_map)
		load_reject(
		    l, RULE_PARENT_BINARIES, s->parent_binaries->at, "matchParentBinaries",
		    "start it so and say --target parents-map=yes, or remove the filter",
		    "matchParentBinaries needs an agent started with --parents-map-enabled");
	else if (s->nparent_binaries && small)
		load_reject(l, RULE_PARENT_BINARIES, s->parent_binaries->at, "matchParentBinaries",
			    "use a newer kernel", "matchParentBinaries needs kernel 5.3");
	check_namespace_filters(l, s, small);
	check_capability_filters(l, "matchCapabilities", s->capabilities, s->ncapabilities);
	check_capability_filters(l, "matchCapabilityChanges", s->capability_changes,
				 s->ncapability_changes);
}

void load_check_selector(struct loading *l, const struct selector *s)
{
	size_t max = l->t->kernel < TARGET_KERNEL(5, 3) ? 1 : POLICY_FILTERS_MAX,
	       n = s->nargs + s->ndata;
	if (n > max)
		load_reject(l, RULE_FILTERS, s->at, s->nargs ? "matchArgs" : "matchData",
			    "split it", "%zu argument filters; a selector holds %zu", n, max);
	check_process_filters(l, s);
	for (size_t i = 0; i < s->nargs; i++) {
		size_t mark = load_enter(l, "matchArgs", i);
		load_check_filter(l, &s->args[i], false);
		load_leave(l, mark);
	}
	for (size_t i = 0; i < s->ndata; i++) {
		size_t mark = load_enter(l, "matchData", i);
		load_check_filter(l, &s->data[i], true);
		load_leave(l, mark);
	}
	for (size_t i = 0; i < s->nreturn_args; i++) {
		size_t mark = load_enter(l, "matchReturnArgs", i);
		check_return_filter(l, &s->return_args[i]);
		load_leave(l, mark);
	}
}

/* ---- tables ---- */

/* Strings are kept by length: one table per class and filter. */
const unsigned policy_string_classes[POLICY_STRING_CLASSES] = {24, 48, 72, 96, 120, 144, 256, 512, 1024, 2048, 4096};

static void count_equal(struct policy_tables *t, const struct strs *values)
{
	bool used[ARRAY_SIZE(policy_string_classes)] = {0};
	for (size_t i = 0; i < values->n; i++) {
		size_t c = 0;
		while (c + 1 < ARRAY_SIZE(policy_string_classes) && values->v[i].n > policy_string_classes[c])
			c++;
		used[c] = true;
	}
	for (size_t c = 0; c < ARRAY_SIZE(policy_string_classes); c++)
		t->equal[c] += used[c];
}

static void count_addresses(struct policy_tables *t, const struct strs *values)
{
	bool four = false, six = false;
	for (size_t i = 0; i < values->n; i++) {
		bool colon = values->v[i].n && memchr(values->v[i].p, ':', values->v[i].n);
		four |= !colon;
		six |= colon;
	}
	t->address4 += four;
	t->address6 += six;
}

static void count_filter(struct policy_tables *t, const struct hook *h, const struct arg_filter *f,
			 bool data)
{
	const struct spec_arg *arg = policy_filter_arg(h, f, data);
	if (!arg)
		return;
	switch (policy_operator_rule(f->op, arg->type)->storage) {
	case TABLE_STRING:
		count_equal(t, &f->values);
		break;
	case TABLE_PREFIX:
		t->prefix++;
		break;
	case TABLE_POSTFIX:
		t->postfix++;
		break;
	case TABLE_SET:
		t->set++;
		break;
	case TABLE_ADDRESS:
		count_addresses(t, &f->values);
		break;
	case TABLE_SUBSTRING:
		t->substring++;
		break;
	case STORE_CEL:
		t->cel++;
		break;
	default:
		break;
	}
}

static void count_binaries(struct policy_tables *t, const struct binary_filter *f, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		t->prefix += f[i].op == OPERATOR_PREFIX || f[i].op == OPERATOR_NOT_PREFIX;
		t->postfix += f[i].op == OPERATOR_POSTFIX || f[i].op == OPERATOR_NOT_POSTFIX;
	}
}

void policy_count_tables(const struct hook *h, struct policy_tables *t)
{
	for (size_t i = 0; i < h->nselectors; i++) {
		const struct selector *s = &h->selectors[i];
		count_binaries(t, s->binaries, s->nbinaries);
		count_binaries(t, s->parent_binaries, s->nparent_binaries);
		for (size_t k = 0; k < s->nargs; k++)
			count_filter(t, h, &s->args[k], false);
		for (size_t k = 0; k < s->ndata; k++)
			count_filter(t, h, &s->data[k], true);
	}
}

static void check_limit(struct loading *l, const char *what, unsigned n)
{
	if (n > POLICY_TABLES_MAX)
		load_reject(l, RULE_TABLES, l->h->at, "selectors",
			    "use fewer filters with more values each, or a second policy",
			    "%u filters need a table for %s; there are %d", n, what,
			    POLICY_TABLES_MAX);
}

static void check_limits(struct loading *l, const struct policy_tables *t)
{
	for (size_t c = 0; c < ARRAY_SIZE(policy_string_classes); c++)
		check_limit(l, "strings of one length", t->equal[c]);
	check_limit(l, "prefixes", t->prefix);
	check_limit(l, "postfixes", t->postfix);
	check_limit(l, "numbers, ports, protocols, families or states", t->set);
	check_limit(l, "IPv4 addresses", t->address4);
	check_limit(l, "IPv6 addresses", t->address6);
	check_limit(l, "expressions", t->cel);
}

void load_check_tables(struct loading *l)
{
	struct policy_tables own = {0};
	policy_count_tables(l->h, &own);
	check_limits(l, &own);
	if (own.substring > 1 && l->h->section != SECTION_UPROBE)
		load_reject(l, RULE_SUBSTRINGS, l->h->at, "selectors",
			    "a hook holds one; put their values into it, or use a second policy",
			    "%u SubString filters", own.substring);
}

/* Under kprobe.multi all kprobes are one program, and share the tables of strings. */
void load_check_shared_tables(struct loading *l)
{
	struct policy_tables all = {0};
	unsigned most = 0;
	const struct hook *first = NULL;
	for (size_t i = 0; i < l->p->nhooks; i++) {
		if (l->p->hooks[i].section != SECTION_KPROBE)
			continue;
		first = first ? first : &l->p->hooks[i];
		policy_count_tables(&l->p->hooks[i], &all);
	}
	for (size_t c = 0; c < ARRAY_SIZE(policy_string_classes); c++)
		most = MAX(most, all.equal[c]);
	most = MAX(MAX(most, all.prefix), MAX(all.postfix, all.cel));
	if (most > POLICY_TABLES_MAX)
		load_reject(l, RULE_TABLES_SHARED, first->at, "",
			    "set the option disable-kprobe-multi, or make it two policies",
			    "under kprobe.multi the policy's kprobes share %d tables of a kind; "
			    "they need %u",
			    POLICY_TABLES_MAX, most);
}

/* ---- area ---- */

static size_t filter_area(const struct hook *h, const struct arg_filter *f, bool data)
{
	const struct spec_arg *arg = policy_filter_arg(h, f, data);
	enum policy_type type = arg ? arg->type : TYPE_INT;
	bool wide = policy_type_class(type) & (CLASS_INT64 | CLASS_UINT64 | CLASS_CAPS);
	switch (policy_operator_rule(f->op, type)->storage) {
	case TABLE_STRING:
		return 16 + 44;
	case TABLE_ADDRESS:
		return 16 + 8;
	case INLINE_NUMBERS:
		return 16 + (wide ? 8 : 4) * f->values.n;
	case INLINE_RANGES:
		return 16 + (wide ? 16 : 8) * f->values.n;
	default:
		return 16 + 4;
	}
}

static size_t action_area(const struct action *a)
{
	static const uint8_t sizes[ACTION_COUNT] = {
	    [ACTION_POST] = 24,	     [ACTION_NOTIFY_ENFORCER] = 16, [ACTION_SET] = 12,
	    [ACTION_OVERRIDE] = 8,   [ACTION_SIGNAL] = 8,	    [ACTION_GET_URL] = 8,
	    [ACTION_DNS_LOOKUP] = 8, [ACTION_TRACK_SOCK] = 8,	    [ACTION_UNTRACK_SOCK] = 8,
	};
	return sizes[a->action] ? sizes[a->action] : 4;
}

static size_t selector_area(const struct hook *h, const struct selector *s)
{
	size_t n =
	    52 + 20 * (s->ncapabilities + s->ncapability_changes) + 8 * s->nnamespace_changes;
	for (size_t i = 0; i < s->npids; i++)
		n += 12 + 4 * s->pids[i].n;
	for (size_t i = 0; i < s->nnamespaces; i++)
		n += 12 + 4 * s->namespaces[i].values.n;
	for (size_t i = 0; i < s->nargs; i++)
		n += filter_area(h, &s->args[i], false);
	for (size_t i = 0; i < s->ndata; i++)
		n += filter_area(h, &s->data[i], true);
	for (size_t i = 0; i < s->nactions; i++)
		n += action_area(&s->actions[i]);
	return n;
}

size_t policy_selector_area(const struct hook *h)
{
	size_t n = 4 + 4 * h->nselectors;
	for (size_t i = 0; i < h->nselectors; i++)
		n += selector_area(h, &h->selectors[i]);
	return n;
}
