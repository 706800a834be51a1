/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a filter compares with, from the text of its values: each family of operators has its own syntax. A policy with text
 * that does not parse is refused before it comes here, by the same functions.
 */
#include <assert.h>

#include "compiler/eval/eval_form.h"
#include "schema/policy_load.h"
#include "schema/policy_numbers.h"
#include "schema/syscall.h"

static int64_t number_of(struct str s, enum policy_type type)
{
	int64_t i = 0;
	uint64_t u = 0;
	bool is_unsigned = type == TYPE_UINT32 || type == TYPE_ULONG || type == TYPE_UINT64 || type == TYPE_UINT8 || type == TYPE_UINT16;
	bool good = is_unsigned ? go_uint(s, 0, 64, &u) : go_int(s, 0, 64, &i);
	assert(good);
	(void)good;
	return is_unsigned ? (int64_t)u : i;
}

/* A number, or "CAP_A,CAP_B" for the mask of both. */
static int64_t caps_of(struct str s)
{
	uint64_t mask = 0;
	if (go_uint(s, 0, 64, &mask))
		return (int64_t)mask;
	mask = 0;
	while (s.n) {
		const char *comma = memchr(s.p, ',', s.n);
		struct str name = {s.p, comma ? (size_t)(comma - s.p) : s.n};
		int number = capability_number(name);
		assert(number >= 0);
		mask |= UINT64_C(1) << number;
		s = str_skip(s, name.n + 1);
	}
	return (int64_t)mask;
}

static bool is_caps(enum policy_type t)
{
	return t == TYPE_KERNEL_CAP_T || t == TYPE_CAP_INHERITABLE || t == TYPE_CAP_PERMITTED || t == TYPE_CAP_EFFECTIVE;
}

/* "a:b" in two, at its first colon; false: there is none, and both are the whole. */
static bool halves(struct str v, struct str *first, struct str *last)
{
	const char *colon = v.n ? memchr(v.p, ':', v.n) : NULL;
	*first = colon ? (struct str){v.p, (size_t)(colon - v.p)} : v;
	*last = colon ? str_skip(v, first->n + 1) : v;
	return colon;
}

static void inline_numbers(const struct arg_filter *f, const struct spec_arg *arg, struct value_table *t)
{
	bool ranges = f->op == OPERATOR_IN_RANGE || f->op == OPERATOR_NOT_IN_RANGE;
	assert(f->values.n <= MAX_INLINE);
	for (size_t i = 0; i < f->values.n; i++) {
		struct str first = f->values.v[i], last = first;
		if (ranges)
			halves(first, &first, &last);
		enum policy_type type = ranges ? TYPE_INT64 : arg->type;
		t->inline_values[i] = is_caps(type) ? caps_of(first) : number_of(first, type);
		t->inline_last[i] = ranges ? number_of(last, type) : t->inline_values[i];
	}
	t->ninline = (uint32_t)f->values.n;
}

static void add_call(struct value_table *t, int number, bool compat)
{
	uint64_t key = (uint64_t)number | (compat ? UINT64_C(1) << 31 : 0);
	range_set_add(&t->ranges, key, key);
}

/* The numbers of a list of system calls, those of the 32-bit ABI marked as syscall64 marks them. */
static void listed_calls(const struct engine *e, const struct policy *p, struct str name, struct value_table *t)
{
	const struct policy_list *l = policy_list_of(p, name);
	enum syscall_abi native = e->target.arch == ARCH_ARM64 ? SYSCALL_ARM64 : SYSCALL_X86_64;
	for (size_t i = 0; i < l->values.n; i++) {
		bool compat = policy_call_is_compat(l->values.v[i]);
		add_call(t, policy_call_number(&e->target, l->values.v[i]), compat);
	}
	bool filled = str_eq(l->type, STR("generated_syscalls")) && !l->validated;
	for (size_t i = 0; filled && i < syscall_count(); i++)
		if (syscall_number(native, syscall_name(i)) >= 0)
			add_call(t, syscall_number(native, syscall_name(i)), false);
}

/* InMap and ports: base 10, "a:b" in either order; signed ones unless one of the two is beyond that. */
static void number_set(const struct engine *e, const struct policy *p, const struct strs *values, struct value_table *t)
{
	for (size_t i = 0; i < values->n; i++) {
		struct str v = values->v[i], first, last;
		int64_t a, b;
		uint64_t ua = 0, ub = 0;
		if (str_starts(v, STR("list:"))) {
			listed_calls(e, p, v, t);
			continue;
		}
		halves(v, &first, &last);
		if (go_int(first, 10, 64, &a) && go_int(last, 10, 64, &b)) {
			range_set_add_signed(&t->ranges, MIN(a, b), MAX(a, b));
			continue;
		}
		ua = go_int(first, 10, 64, &a) ? (uint64_t)a : go_uint(first, 10, 64, &ua) ? ua : 0;
		ub = go_int(last, 10, 64, &b) ? (uint64_t)b : go_uint(last, 10, 64, &ub) ? ub : 0;
		range_set_add(&t->ranges, ua, ub);
	}
	range_set_sort(&t->ranges);
}

/* A name of that kind, or numbers as ports are. */
static void named_numbers(const struct engine *e, const struct policy *p, enum socket_name kind, const struct strs *values,
			  struct value_table *t)
{
	struct strs numbers = {arena_alloc(e->arena, (values->n + 1) * sizeof(*numbers.v)), 0};
	for (size_t i = 0; i < values->n; i++) {
		int64_t n = socket_number(kind, values->v[i]);
		if (n >= 0)
			range_set_add(&t->ranges, (uint64_t)n, (uint64_t)n);
		else
			numbers.v[numbers.n++] = values->v[i];
	}
	number_set(e, p, &numbers, t);
}

static void networks(const struct strs *values, struct value_table *t)
{
	for (size_t i = 0; i < values->n; i++) {
		int err = network_set_add(&t->networks, values->v[i]);
		assert(!err);
		(void)err;
	}
	network_set_sort(&t->networks);
}

/* The agent cuts NULs from the end of a string's values; those of a path it keeps, which then never match. */
static struct strs without_nuls(struct engine *e, const struct strs *values)
{
	struct strs cut = {arena_alloc(e->arena, values->n * sizeof(*cut.v)), values->n};
	for (size_t i = 0; i < values->n; i++) {
		cut.v[i] = values->v[i];
		while (cut.v[i].n && !cut.v[i].p[cut.v[i].n - 1])
			cut.v[i].n--;
	}
	return cut;
}

void eval_values(struct engine *e, const struct policy *p, const struct arg_filter *written, const struct spec_arg *arg,
		 struct value_table *t)
{
	struct arg_filter filter = *written;
	const struct arg_filter *f = &filter;
	if (arg->type == TYPE_STRING)
		filter.values = without_nuls(e, &written->values);
	switch (f->op) {
	case OPERATOR_PREFIX:
	case OPERATOR_NOT_PREFIX:
		prefix_set_init(&t->prefixes, &f->values, false, PREFIX_LOOKED_AT);
		return;
	case OPERATOR_POSTFIX:
	case OPERATOR_NOT_POSTFIX:
		prefix_set_init(&t->prefixes, &f->values, true,
				e->target.kernel < TARGET_KERNEL(5, 3) ? POSTFIX_LOOKED_AT_SMALL : POSTFIX_LOOKED_AT);
		return;
	case OPERATOR_SADDR:
	case OPERATOR_NOT_SADDR:
	case OPERATOR_DADDR:
	case OPERATOR_NOT_DADDR:
		networks(&f->values, t);
		return;
	case OPERATOR_SPORT:
	case OPERATOR_NOT_SPORT:
	case OPERATOR_DPORT:
	case OPERATOR_NOT_DPORT:
	case OPERATOR_IN_MAP:
	case OPERATOR_NOT_IN_MAP:
		number_set(e, p, &f->values, t);
		return;
	case OPERATOR_PROTOCOL:
		named_numbers(e, p, SOCKET_PROTOCOL, &f->values, t);
		return;
	case OPERATOR_FAMILY:
		named_numbers(e, p, SOCKET_FAMILY, &f->values, t);
		return;
	case OPERATOR_STATE:
		named_numbers(e, p, SOCKET_STATE, &f->values, t);
		return;
	case OPERATOR_EQUAL:
	case OPERATOR_NOT_EQUAL:
	case OPERATOR_GT:
	case OPERATOR_LT:
	case OPERATOR_GREATER_THAN:
	case OPERATOR_LESS_THAN:
	case OPERATOR_MASK:
	case OPERATOR_IN_RANGE:
	case OPERATOR_NOT_IN_RANGE:
		if (eval_class(arg->type) == CLASS_NUMBER) {
			inline_numbers(f, arg, t);
			return;
		}
		t->strings = string_set_new(&f->values);
		*(struct string_set **)VEC_PUSH(&e->string_sets) = t->strings;
		return;
	default:
		return;   /* eval_match.c says that it cannot tell */
	}
}
