/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a filter compares with, from the text of its values: each family of operators has its own syntax,
 * and text that does not parse keeps the whole policy from loading.
 */
#include "compiler/eval_form.h"
#include "schema/policy_load.h"
#include "schema/syscall.h"

/* Go's ParseInt with base 0: 0x 0o 0b, a leading 0 is octal, '_' between digits. */
static int parse_go(struct str s, uint64_t *ret, bool *ret_negative)
{
	char digits[72];
	size_t n = 0;
	unsigned base = 10;
	*ret_negative = s.n && s.p[0] == '-';
	if (s.n && (s.p[0] == '-' || s.p[0] == '+'))
		s = str_skip(s, 1);
	if (s.n > 1 && s.p[0] == '0') {
		char c = s.p[1] | 0x20;
		base = c == 'x' ? 16 : c == 'b' ? 2 : 8;
		s = str_skip(s, c == 'x' || c == 'b' || c == 'o' ? 2 : 1);
	}
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '_')
			continue;
		if (n + 1 >= sizeof(digits))
			return -ERANGE;
		digits[n++] = s.p[i];
	}
	digits[n] = '\0';
	if (!n || digits[0] == '-' || digits[0] == '+' || digits[0] == ' ')
		return -EINVAL;
	char *end;
	errno = 0;
	*ret = strtoull(digits, &end, (int)base);
	return errno ? -errno : *end ? -EINVAL : 0;
}

static int parse_number(struct str s, enum policy_type type, int64_t *ret)
{
	uint64_t magnitude;
	bool negative;
	int r = parse_go(s, &magnitude, &negative);
	if (r < 0)
		return r;
	bool narrow = type != TYPE_LONG && type != TYPE_SINT64 && type != TYPE_INT64 &&
		      type != TYPE_ULONG && type != TYPE_UINT64 && type != TYPE_SYSCALL64;
	bool is_unsigned = type == TYPE_UINT32 || type == TYPE_ULONG || type == TYPE_UINT64 ||
			   type == TYPE_SYSCALL64 || type == TYPE_UINT8 || type == TYPE_UINT16;
	uint64_t most = narrow ? (is_unsigned ? UINT32_MAX : INT32_MAX) : is_unsigned ? UINT64_MAX : INT64_MAX;
	if (negative ? is_unsigned || magnitude > most + 1 : magnitude > most)
		return -ERANGE;
	*ret = negative ? (int64_t)-magnitude : (int64_t)magnitude;
	return 0;
}

/* "CAP_A,CAP_B" stands for the mask of both. */
static int parse_caps(struct str s, int64_t *ret)
{
	uint64_t mask = 0;
	while (s.n) {
		const char *comma = memchr(s.p, ',', s.n);
		struct str name = {s.p, comma ? (size_t)(comma - s.p) : s.n};
		int number = capability_number(name);
		if (number < 0)
			return -EINVAL;
		mask |= UINT64_C(1) << number;
		s = str_skip(s, name.n + 1);
	}
	*ret = (int64_t)mask;
	return 0;
}

static bool is_caps(enum policy_type t)
{
	return t == TYPE_KERNEL_CAP_T || t == TYPE_CAP_INHERITABLE || t == TYPE_CAP_PERMITTED || t == TYPE_CAP_EFFECTIVE;
}

static const char *inline_numbers(const struct arg_filter *f, const struct spec_arg *arg,
				  struct value_table *t)
{
	if (f->values.n > MAX_INLINE)
		return "does not load: more than 4 numbers in one filter";
	bool ranges = f->op == OPERATOR_IN_RANGE || f->op == OPERATOR_NOT_IN_RANGE;
	for (size_t i = 0; i < f->values.n; i++) {
		struct str v = f->values.v[i];
		int64_t *last = &t->inline_last[i];
		const char *colon = ranges && v.n ? memchr(v.p, ':', v.n) : NULL;
		if (ranges && !colon)
			return "does not load: a range is written min:max";
		struct str first = colon ? (struct str){v.p, (size_t)(colon - v.p)} : v;
		enum policy_type type = ranges ? TYPE_INT64 : arg->type;
		bool caps = is_caps(type) && parse_caps(first, &t->inline_values[i]) == 0;
		if (!caps && parse_number(first, is_caps(type) ? TYPE_UINT64 : type, &t->inline_values[i]) < 0)
			return "does not load: a value is not a number of the argument's type";
		*last = t->inline_values[i];
		if (colon && parse_number(str_skip(v, first.n + 1), type, last) < 0)
			return "does not load: a value is not a number of the argument's type";
	}
	t->ninline = (uint32_t)f->values.n;
	return NULL;
}

/* The numbers of a list of system calls, those of the 32-bit ABI marked as syscall64 marks them. */
static const char *listed_calls(const struct engine *e, const struct policy *p, struct str name, struct value_table *t)
{
	const struct policy_list *l = policy_list_of(p, name);
	if (!l)
		return "does not load: the policy has no such list";
	for (size_t i = 0; i < l->values.n; i++) {
		struct str call = l->values.v[i];
		bool compat = str_starts(call, STR("i386/")) || str_starts(call, STR("__ia32_"));
		const char *slash = call.n ? memchr(call.p, '/', call.n) : NULL;
		enum syscall_abi abi = e->target.arch == ARCH_ARM64 ? SYSCALL_ARM64 : compat ? SYSCALL_I386 : SYSCALL_X86_64;
		int number = syscall_number(abi, slash ? str_skip(call, (size_t)(slash - call.p) + 1) : call);
		if (number < 0)
			return "does not load: a name in the list is no system call";
		uint64_t key = (uint64_t)number | (compat ? UINT64_C(1) << 31 : 0);
		range_set_add(&t->ranges, key, key);
	}
	return NULL;
}

/* InMap and ports: base 10, "a:b" in either order. */
static const char *number_set(const struct engine *e, const struct policy *p, const struct strs *values,
			      struct value_table *t)
{
	for (size_t i = 0; i < values->n; i++) {
		struct str v = values->v[i];
		if (str_starts(v, STR("list:"))) {
			const char *bad = listed_calls(e, p, v, t);
			if (bad)
				return bad;
			continue;
		}
		const char *colon = v.n > 1 ? memchr(v.p + 1, ':', v.n - 1) : NULL;
		struct str first = colon ? (struct str){v.p, (size_t)(colon - v.p)} : v;
		int64_t a, b;
		if (str_to_i64(first, 10, &a) < 0)
			return "does not load: a value is not a decimal number";
		b = a;
		if (colon && str_to_i64(str_skip(v, first.n + 1), 10, &b) < 0)
			return "does not load: a value is not a decimal number";
		range_set_add_signed(&t->ranges, MIN(a, b), MAX(a, b));
	}
	range_set_sort(&t->ranges);
	return NULL;
}

int eval_name_number(struct str name)
{
	static const struct {
		const char *name;
		int number;
	} names[] = {
		{"AF_UNSPEC", 0}, {"AF_UNIX", 1}, {"AF_INET", 2}, {"AF_INET6", 10}, {"AF_NETLINK", 16},
		{"AF_PACKET", 17}, {"AF_ALG", 38}, {"AF_VSOCK", 40}, {"AF_XDP", 44},
		{"IPPROTO_IP", 0}, {"IPPROTO_ICMP", 1}, {"IPPROTO_IGMP", 2}, {"IPPROTO_TCP", 6},
		{"IPPROTO_UDP", 17}, {"IPPROTO_ICMPV6", 58}, {"IPPROTO_SCTP", 132}, {"IPPROTO_UDPLITE", 136},
		{"IPPROTO_RAW", 255}, {"IPPROTO_MPTCP", 262},
		{"TCP_ESTABLISHED", 1}, {"TCP_SYN_SENT", 2}, {"TCP_SYN_RECV", 3}, {"TCP_FIN_WAIT1", 4},
		{"TCP_FIN_WAIT2", 5}, {"TCP_TIME_WAIT", 6}, {"TCP_CLOSE", 7}, {"TCP_CLOSE_WAIT", 8},
		{"TCP_LAST_ACK", 9}, {"TCP_LISTEN", 10}, {"TCP_CLOSING", 11}, {"TCP_NEW_SYN_RECV", 12},
	};
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_eq(str_from(names[i].name), name))
			return names[i].number;
	uint64_t n;
	return str_to_u64(name, &n) == 0 && n <= INT32_MAX ? (int)n : -1;
}

static const char *named_numbers(const struct strs *values, struct value_table *t)
{
	for (size_t i = 0; i < values->n; i++) {
		int n = eval_name_number(values->v[i]);
		if (n < 0)
			return "does not load: an unknown protocol, family or state";
		range_set_add(&t->ranges, (uint64_t)n, (uint64_t)n);
	}
	range_set_sort(&t->ranges);
	return NULL;
}

static const char *networks(const struct strs *values, struct value_table *t)
{
	for (size_t i = 0; i < values->n; i++)
		if (network_set_add(&t->networks, values->v[i]) < 0)
			return "does not load: not an address or network";
	network_set_sort(&t->networks);
	return NULL;
}

static const char *prefixes(const struct arg_filter *f, struct value_table *t)
{
	bool reversed = f->op == OPERATOR_POSTFIX || f->op == OPERATOR_NOT_POSTFIX;
	for (size_t i = 0; i < f->values.n; i++)
		if (f->values.v[i].n > (reversed ? 127 : 256))
			return "does not load: a prefix is at most 256 bytes, a postfix 127";
	prefix_set_init(&t->prefixes, &f->values, reversed);
	return NULL;
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

const char *eval_values(struct engine *e, const struct policy *p, const struct arg_filter *written, const struct spec_arg *arg,
			struct value_table *t)
{
	struct arg_filter filter = *written;
	const struct arg_filter *f = &filter;
	if (arg->type == TYPE_STRING)
		filter.values = without_nuls(e, &written->values);
	switch (f->op) {
	case OPERATOR_PREFIX:
	case OPERATOR_NOT_PREFIX:
	case OPERATOR_POSTFIX:
	case OPERATOR_NOT_POSTFIX:
		return prefixes(f, t);
	case OPERATOR_SADDR:
	case OPERATOR_NOT_SADDR:
	case OPERATOR_DADDR:
	case OPERATOR_NOT_DADDR:
		return networks(&f->values, t);
	case OPERATOR_SPORT:
	case OPERATOR_NOT_SPORT:
	case OPERATOR_DPORT:
	case OPERATOR_NOT_DPORT:
	case OPERATOR_IN_MAP:
	case OPERATOR_NOT_IN_MAP:
		return number_set(e, p, &f->values, t);
	case OPERATOR_PROTOCOL:
	case OPERATOR_FAMILY:
	case OPERATOR_STATE:
		return named_numbers(&f->values, t);
	case OPERATOR_EQUAL:
	case OPERATOR_NOT_EQUAL:
	case OPERATOR_GT:
	case OPERATOR_LT:
	case OPERATOR_GREATER_THAN:
	case OPERATOR_LESS_THAN:
	case OPERATOR_MASK:
	case OPERATOR_IN_RANGE:
	case OPERATOR_NOT_IN_RANGE:
		if (eval_class(arg->type) == CLASS_NUMBER)
			return inline_numbers(f, arg, t);
		t->strings = string_set_new(&f->values);
		*(struct string_set **)VEC_PUSH(&e->string_sets) = t->strings;
		return NULL;
	default:
		return NULL;   /* eval_match.c says that it cannot tell */
	}
}
