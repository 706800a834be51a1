/* SPDX-License-Identifier: GPL-2.0-only */
/* Values that an argument filter cannot compare as they are written. */
#include <stdio.h>

#include "compiler/lint/lint_walk.h"

static bool text_operator(enum policy_operator op)
{
	return op == OPERATOR_PREFIX || op == OPERATOR_NOT_PREFIX || op == OPERATOR_POSTFIX ||
	       op == OPERATOR_NOT_POSTFIX || op == OPERATOR_SUB_STRING || op == OPERATOR_SUB_STRING_IGN_CASE;
}

static bool number_operator(enum policy_operator op)
{
	return op == OPERATOR_EQUAL || op == OPERATOR_NOT_EQUAL || op == OPERATOR_GT || op == OPERATOR_LT ||
	       op == OPERATOR_GREATER_THAN || op == OPERATOR_LESS_THAN || op == OPERATOR_MASK;
}

static bool compares(enum policy_operator op)
{
	return op == OPERATOR_GT || op == OPERATOR_LT || op == OPERATOR_GREATER_THAN || op == OPERATOR_LESS_THAN;
}

static bool range_operator(enum policy_operator op)
{
	return op == OPERATOR_IN_RANGE || op == OPERATOR_NOT_IN_RANGE;
}

static bool set_operator(enum policy_operator op)
{
	return op == OPERATOR_IN_MAP || op == OPERATOR_NOT_IN_MAP;
}

static bool port_operator(enum policy_operator op)
{
	return op == OPERATOR_SPORT || op == OPERATOR_NOT_SPORT || op == OPERATOR_DPORT || op == OPERATOR_NOT_DPORT;
}

/* Bits that the kernel compares of it; 0 = not a number. */
static unsigned width(enum policy_type t)
{
	switch (t) {
	case TYPE_SINT8:
	case TYPE_INT8:
	case TYPE_UINT8:
		return 8;
	case TYPE_SINT16:
	case TYPE_INT16:
	case TYPE_UINT16:
		return 16;
	default:
		return policy_type_class(t) & (CLASS_INT32 | CLASS_UINT32) && t != TYPE_AUTO ? 32
		       : policy_type_class(t) & CLASS_NUMBER && t != TYPE_AUTO		     ? 64
											     : 0;
	}
}

static struct str half(struct str s, bool second)
{
	const char *colon = s.n > 1 ? memchr(s.p + 1, ':', s.n - 1) : NULL;
	if (!colon)
		return s;
	return second ? str_skip(s, (size_t)(colon - s.p) + 1) : (struct str){s.p, (size_t)(colon - s.p)};
}

/* ---- types ---- */

static void unfilterable(struct lint_context *c, const struct hook *h, const struct selector *s,
			 const struct arg_filter *f, const struct spec_arg *arg)
{
	(void)s;
	bool never = arg->type == TYPE_FILENAME && h->section == SECTION_KPROBE && h->syscall;
	if (policy_type_class(arg->type) == CLASS_NONE && text_operator(f->op))
		lint_report(c, f->at, "take an argument of type file, path or string, or remove the filter",
			    "%s on type %s %s", operator_name(f->op), type_name(arg->type),
			    never ? "never passes at a system call" : "passes whatever the value is");
}

void lint_unfilterable_type(struct lint_context *c)
{
	lint_each_filter(c, unfilterable);
}

static void prefix_number(struct lint_context *c, const struct hook *h, const struct selector *s,
			  const struct arg_filter *f, const struct spec_arg *arg)
{
	(void)h, (void)s;
	if (arg->type != TYPE_AUTO && policy_type_class(arg->type) & (CLASS_NUMBER | CLASS_CAPS) && text_operator(f->op))
		lint_report(c, f->at, "use Equal, Mask or InRange", "%s on type %s never passes: a number has no text",
			    operator_name(f->op), type_name(arg->type));
}

void lint_prefix_on_number(struct lint_context *c)
{
	lint_each_filter(c, prefix_number);
}

/* ---- numbers ---- */

static void negative(struct lint_context *c, const struct hook *h, const struct selector *s, const struct arg_filter *f,
		     const struct spec_arg *arg)
{
	(void)h, (void)s;
	unsigned bits = width(arg->type);
	bool is_unsigned = bits && policy_type_class(arg->type) & (CLASS_UINT32 | CLASS_UINT64);
	bool narrow = bits == 8 || bits == 16;
	for (size_t i = 0; i < f->values.n; i++) {
		struct str v = f->values.v[i];
		bool minus = str_starts(v, STR("-")) || str_starts(half(v, true), STR("-"));
		if (!minus || !(range_operator(f->op) ? narrow || is_unsigned : narrow && number_operator(f->op)))
			continue;
		lint_report_value(c, f->at, i, lint_fmt(c, "write the value as an unsigned number of %u bits", bits),
				  "type %s is compared unsigned: " STR_FMT " %s", type_name(arg->type), STR_ARG(v),
				  compares(f->op) ? "is then a huge number" : "is never met");
	}
}

void lint_negative_narrow(struct lint_context *c)
{
	lint_each_filter(c, negative);
}

static void set_width(struct lint_context *c, const struct hook *h, const struct selector *s, const struct arg_filter *f,
		      const struct spec_arg *arg)
{
	(void)h, (void)s;
	unsigned bits = width(arg->type);
	if (!set_operator(f->op) || !bits || bits == 64)
		return;
	for (size_t i = 0; i < f->values.n; i++) {
		struct str v = half(f->values.v[i], false);
		int64_t n;
		if (str_to_i64(v, 10, &n) < 0 || (n >= 0 && (uint64_t)n >> bits == 0))
			continue;
		lint_report_value(c, f->at, i, n < 0 ? "use Equal, which takes negative numbers" : "correct the value",
				  "%s never finds " STR_FMT " in type %s: %s", operator_name(f->op), STR_ARG(v),
				  type_name(arg->type),
				  n < 0 ? "the set holds it with 64 bits" : "the argument is not that wide");
	}
}

void lint_set_width(struct lint_context *c)
{
	lint_each_filter(c, set_width);
}

static bool reversed(struct str v, int base)
{
	struct str a = half(v, false), b = half(v, true);
	int64_t first, last;
	return a.n != v.n && go_int(a, base, 64, &first) && go_int(b, base, 64, &last) && first > last;
}

static void swap_edit(struct lint_context *c, struct finding *found, struct str v)
{
	struct str a = half(v, false), b = half(v, true);
	if (!found)
		return;
	lint_edit_value(c, found, found->path,
			str_from(lint_fmt(c, STR_FMT ":" STR_FMT, STR_ARG(b), STR_ARG(a))));
}

static void range_empty(struct lint_context *c, const struct hook *h, const struct selector *s,
			const struct arg_filter *f, const struct spec_arg *arg)
{
	(void)h, (void)s, (void)arg;
	for (size_t i = 0; range_operator(f->op) && i < f->values.n; i++) {
		struct str v = f->values.v[i];
		if (reversed(v, 0))
			swap_edit(c, lint_report_value(c, f->at, i, "write the smaller number first",
						       STR_FMT " holds no number: InRange never passes, NotInRange always",
						       STR_ARG(v)), v);
	}
}

void lint_range_empty(struct lint_context *c)
{
	lint_each_filter(c, range_empty);
}

static void range_swapped(struct lint_context *c, const struct hook *h, const struct selector *s,
			  const struct arg_filter *f, const struct spec_arg *arg)
{
	(void)h, (void)s, (void)arg;
	for (size_t i = 0; (set_operator(f->op) || port_operator(f->op)) && i < f->values.n; i++) {
		struct str v = f->values.v[i];
		if (reversed(v, 10))
			swap_edit(c, lint_report_value(c, f->at, i, "write the smaller number first",
						       STR_FMT " is taken in the other order", STR_ARG(v)), v);
	}
}

void lint_range_swapped(struct lint_context *c)
{
	lint_each_filter(c, range_swapped);
}

/* Ports, protocols, families and states are numbers that nobody checks. */
static const char *beyond(enum policy_operator op, uint64_t n)
{
	if (port_operator(op))
		return n > 65535 ? "a port is at most 65535" : NULL;
	if (op == OPERATOR_PROTOCOL)
		return n > 255 && n != 262 ? "a protocol is at most 255, or 262" : NULL;
	if (op == OPERATOR_FAMILY)
		return n > 45 ? "no address family has that number" : NULL;
	if (op == OPERATOR_STATE)
		return n < 1 || n > 12 ? "TCP's states are 1 to 12" : NULL;
	return NULL;
}

static void out_of_range(struct lint_context *c, const struct hook *h, const struct selector *s,
			 const struct arg_filter *f, const struct spec_arg *arg)
{
	(void)h, (void)s, (void)arg;
	for (size_t i = 0; i < f->values.n; i++) {
		uint64_t n;
		struct str v = half(f->values.v[i], false);
		const char *why = str_to_u64(v, &n) == 0 ? beyond(f->op, n) : NULL;
		if (why)
			lint_report_value(c, f->at, i, "correct the value", "%s is never " STR_FMT ": %s",
					  operator_name(f->op), STR_ARG(v), why);
	}
}

void lint_number_out_of_range(struct lint_context *c)
{
	lint_each_filter(c, out_of_range);
}

static void several(struct lint_context *c, const struct hook *h, const struct selector *s, const struct arg_filter *f,
		    const struct spec_arg *arg)
{
	(void)h, (void)s, (void)arg;
	if (compares(f->op) && f->values.n > 1)
		lint_report(c, f->at, "keep one value; both bounds of a range are InRange",
			    "%s with %zu values passes when any of them is met, so only one of them counts",
			    operator_name(f->op), f->values.n);
}

void lint_compare_several(struct lint_context *c)
{
	lint_each_filter(c, several);
}

static void mask(struct lint_context *c, const struct hook *h, const struct selector *s, const struct arg_filter *f,
		 const struct spec_arg *arg)
{
	(void)h, (void)s, (void)arg;
	for (size_t i = 0; f->op == OPERATOR_MASK && i < f->values.n; i++) {
		uint64_t n;
		if (go_uint(f->values.v[i], 0, 64, &n) && n == 0)
			lint_report_value(c, f->at, i, "name the bits; \"no bit set\" is Equal 0",
					  "Mask 0 never passes: no bit is asked for");
	}
}

void lint_mask_zero(struct lint_context *c)
{
	lint_each_filter(c, mask);
}

/* ---- lists ---- */

static bool takes_values(enum policy_operator op)
{
	return op != OPERATOR_SPORT_PRIV && op != OPERATOR_NOT_SPORT_PRIV && op != OPERATOR_DPORT_PRIV &&
	       op != OPERATOR_NOT_DPORT_PRIV && op != OPERATOR_CAPABILITIES_GAINED && op != OPERATOR_CEL_EXPR;
}

static void empty_filter(struct lint_context *c, const struct hook *h, const struct selector *s,
			 const struct arg_filter *f, const struct spec_arg *arg)
{
	(void)h, (void)s;
	enum storage storage = policy_operator_rule(f->op, arg->type)->storage;
	if (f->values.n || !takes_values(f->op))
		return;
	if (storage == INLINE_NUMBERS || storage == INLINE_RANGES)
		lint_report(c, f->at, "give the values, or remove the filter",
			    "no values: the kernel compares with whatever bytes come next");
	else
		lint_report(c, f->at, "give the values, or remove the filter", "no values: %s %s passes",
			    operator_name(f->op), lint_negative(f->op) ? "always" : "never");
}

static void empty_binaries(struct lint_context *c, const struct hook *h, const struct selector *s,
			   const struct binary_filter *f)
{
	(void)h, (void)s;
	if (!f->values.n)
		lint_report(c, f->at, "give the programs, or remove the filter",
			    "no values: the filter is left out, and every program passes");
}

static void empty_process(struct lint_context *c, const struct hook *h, const struct selector *s)
{
	(void)h;
#define EMPTY(member, field, count)                                                                   \
	for (size_t i = 0; i < s->n##member; i++) {                                                \
		size_t mark = lint_enter(c, field, i);                                             \
		if (!s->member[i].count)                                                             \
			lint_report(c, s->member[i].at, "give the values, or remove the filter",   \
				    "no values: %s %s passes", operator_name(s->member[i].op),     \
				    lint_negative(s->member[i].op) ? "always" : "never");          \
		lint_leave(c, mark);                                                               \
	}
	EMPTY(pids, "matchPIDs", n)
	EMPTY(namespaces, "matchNamespaces", values.n)
	EMPTY(capabilities, "matchCapabilities", values.n)
#undef EMPTY
}

void lint_values_empty(struct lint_context *c)
{
	lint_each_filter(c, empty_filter);
	lint_each_binaries(c, empty_binaries);
	lint_each_selector(c, empty_process);
}

struct numbered {
	struct str text;
	size_t i;
};

static int by_text(const void *a, const void *b)
{
	const struct numbered *x = a, *y = b;
	int order = str_cmp(x->text, y->text);
	return order ? order : (x->i < y->i ? -1 : x->i > y->i);
}

/*
 * Values that another one makes needless: the same again, or (COVER) one that begins with a shorter one. In sorted order
 * the one that covers stands before all that it covers.
 */
static void needless(struct lint_context *c, struct place at, const struct strs *values, bool cover)
{
	if (values->n < 2)
		return;
	struct numbered *v = xcalloc(values->n + 1, sizeof(*v));
	const struct numbered *kept = NULL;
	for (size_t i = 0; i < values->n; i++)
		v[i] = (struct numbered){values->v[i], i};
	qsort(v, values->n, sizeof(*v), by_text);
	for (size_t i = 0; i < values->n; i++) {
		bool again = kept && str_eq(kept->text, v[i].text);
		bool covered = kept && str_starts(v[i].text, kept->text) && !again;
		if (cover ? covered : again) {
			struct finding *f = lint_report_value(
				c, at, v[i].i, "remove it", again ? "\"" STR_FMT "\" is there already"
								  : "\"" STR_FMT "\" begins with another value and adds nothing",
				STR_ARG(v[i].text));
			CLEANUP_BUF struct buf list = BUF_INIT;
			if (f && str_ends(str_from(f->path), STR("]"))) {
				buf_str(&list, (struct str){f->path, (size_t)(strrchr(f->path, '[') - f->path)});
				lint_edit_remove(c, f, list.p, v[i].i);
			}
		}
		if (!kept || !(cover ? covered || again : again))
			kept = &v[i];
	}
	free(v);
}

static void repeated_filter(struct lint_context *c, const struct hook *h, const struct selector *s,
			    const struct arg_filter *f, const struct spec_arg *arg)
{
	(void)h, (void)s, (void)arg;
	needless(c, f->at, &f->values, false);
}

static void repeated_binaries(struct lint_context *c, const struct hook *h, const struct selector *s,
			      const struct binary_filter *f)
{
	(void)h, (void)s;
	needless(c, f->at, &f->values, false);
}

void lint_value_repeated(struct lint_context *c)
{
	lint_each_filter(c, repeated_filter);
	lint_each_binaries(c, repeated_binaries);
}

static bool prefix_operator(enum policy_operator op)
{
	return op == OPERATOR_PREFIX || op == OPERATOR_NOT_PREFIX;
}

static void covered_filter(struct lint_context *c, const struct hook *h, const struct selector *s,
			   const struct arg_filter *f, const struct spec_arg *arg)
{
	(void)h, (void)s, (void)arg;
	if (prefix_operator(f->op))
		needless(c, f->at, &f->values, true);
}

static void covered_binaries(struct lint_context *c, const struct hook *h, const struct selector *s,
			     const struct binary_filter *f)
{
	(void)h, (void)s;
	if (prefix_operator(f->op))
		needless(c, f->at, &f->values, true);
}

void lint_value_covered(struct lint_context *c)
{
	lint_each_filter(c, covered_filter);
	lint_each_binaries(c, covered_binaries);
}
