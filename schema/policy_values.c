/* SPDX-License-Identifier: GPL-2.0-only */
/* Which operators go with which argument types, and what their values look like to the agent. */
#include <arpa/inet.h>
#include <string.h>

#include "schema/policy_load_private.h"
#include "schema/privileges.h"

enum type_class policy_type_class(enum policy_type t)
{
	static const uint16_t classes[TYPE_COUNT] = {
	    [TYPE_INT] = CLASS_INT32,
	    [TYPE_SINT8] = CLASS_INT32,
	    [TYPE_INT8] = CLASS_INT32,
	    [TYPE_SINT16] = CLASS_INT32,
	    [TYPE_INT16] = CLASS_INT32,
	    [TYPE_SINT32] = CLASS_INT32,
	    [TYPE_INT32] = CLASS_INT32,
	    [TYPE_SIZE_T] = CLASS_INT32,
	    [TYPE_UINT8] = CLASS_UINT32,
	    [TYPE_UINT16] = CLASS_UINT32,
	    [TYPE_UINT32] = CLASS_UINT32,
	    [TYPE_LONG] = CLASS_INT64,
	    [TYPE_SINT64] = CLASS_INT64,
	    [TYPE_INT64] = CLASS_INT64,
	    [TYPE_ULONG] = CLASS_UINT64,
	    [TYPE_UINT64] = CLASS_UINT64,
	    [TYPE_SYSCALL64] = CLASS_INT64,   /* read so, compared unsigned */
	    [TYPE_KERNEL_CAP_T] = CLASS_CAPS,
	    [TYPE_CAP_INHERITABLE] = CLASS_CAPS,
	    [TYPE_CAP_PERMITTED] = CLASS_CAPS,
	    [TYPE_CAP_EFFECTIVE] = CLASS_CAPS,
	    [TYPE_STRING] = CLASS_STRING,
	    [TYPE_NET_DEVICE] = CLASS_STRING,
	    [TYPE_DATA_LOC] = CLASS_STRING,
	    [TYPE_CHAR_BUF] = CLASS_BUFFER,
	    [TYPE_FILE] = CLASS_FILE,
	    [TYPE_PATH] = CLASS_FILE,
	    [TYPE_FD] = CLASS_PATH,
	    [TYPE_DENTRY] = CLASS_PATH,
	    [TYPE_LINUX_BINPRM] = CLASS_PATH,
	    [TYPE_SOCK] = CLASS_SOCK,
	    [TYPE_SOCKET] = CLASS_SOCK,
	    [TYPE_SKB] = CLASS_SKB,
	    [TYPE_SOCKADDR] = CLASS_SOCKADDR,
	    [TYPE_SOCKADDR_UN] = CLASS_UNIX,
	    /* The format file decides the type of an auto argument: let everything pass. */
	    [TYPE_AUTO] = CLASS_ANY,
	};
	return classes[t] ? (enum type_class)classes[t] : CLASS_NONE;
}

/* ---- names ---- */

bool known_capability(struct str s)
{
	return capability_number(s) >= 0;
}

bool known_namespace(struct str s)
{
	return namespace_number(s) >= 0;
}

/* ---- values by operator ---- */

static bool value_number(struct loading *l, const struct spec_arg *arg, struct str s)
{
	int64_t i;
	uint64_t u;
	(void)l;
	switch (policy_type_class(arg->type)) {
	case CLASS_INT32:
		return go_int(s, 0, 32, &i);
	case CLASS_UINT32:
		return go_uint(s, 0, 32, &u);
	case CLASS_INT64:
		return go_int(s, 0, 64, &i);
	case CLASS_UINT64:
		return go_uint(s, 0, 64, &u);
	default:
		return true;
	}
}

static bool value_caps(struct loading *l, const struct spec_arg *arg, struct str s)
{
	uint64_t u;
	(void)l, (void)arg;
	if (go_uint(s, 0, 64, &u))
		return true;
	while (s.n) {
		const char *comma = memchr(s.p, ',', s.n);
		struct str name = {s.p, comma ? (size_t)(comma - s.p) : s.n};
		if (!known_capability(name))
			return false;
		s = str_skip(s, name.n + 1);
	}
	return true;
}

static bool split(struct str s, char at, struct str *left, struct str *right)
{
	const char *p = s.n ? memchr(s.p, at, s.n) : NULL;
	if (!p)
		return false;
	*left = (struct str){s.p, (size_t)(p - s.p)};
	*right = str_skip(s, left->n + 1);
	return true;
}

/* Either end of up to 32 bits may be negative, and is not held against the type further. */
static bool value_range(struct loading *l, const struct spec_arg *arg, struct str s)
{
	struct str low, high;
	int64_t a, b;
	enum type_class class = policy_type_class(arg->type);
	int64_t most = class == CLASS_INT32 || class == CLASS_UINT32 ? (int64_t)UINT32_MAX : INT64_MAX;
	(void)l;
	return split(s, ':', &low, &high) && go_int(low, 0, 64, &a) && go_int(high, 0, 64, &b) && a <= most && b <= most;
}

/* The agent looks the numbers of its calls up when it loads the policy. */
static bool holds_calls(const struct loading *l, const struct policy_list *list)
{
	if (!str_ends(list->type, STR("syscalls")))
		return false;
	for (size_t i = 0; i < list->values.n; i++)
		if (policy_call_number(l->t, list->values.v[i]) < 0)
			return false;
	return str_eq(list->type, STR("syscalls")) || !list->values.n;
}

static bool is_call_list(struct loading *l, const struct policy_list *list)
{
	if (!list)
		return false;
	int8_t *known = &l->list_checks[list - l->p->lists].calls;
	if (!*known)
		*known = holds_calls(l, list) ? 1 : -1;
	return *known > 0;
}

/* A number or a range, in base 10, of 64 bits with the type's sign; or, in a tracepoint, a list of system calls. */
static bool value_set(struct loading *l, const struct spec_arg *arg, struct str s)
{
	struct str low = s, high = s;
	enum type_class class = policy_type_class(arg->type);
	int64_t v;
	uint64_t u;
	if (str_starts(s, STR("list:"))) {
		return l->h->section == SECTION_TRACEPOINT && arg->type == TYPE_SYSCALL64 &&
		       is_call_list(l, load_list(l, s));
	}
	split(s, ':', &low, &high);
	bool is_signed = go_int(low, 10, 64, &v) && go_int(high, 10, 64, &v);
	bool is_unsigned = go_uint(low, 10, 64, &u) && go_uint(high, 10, 64, &u);
	if (class == CLASS_ANY)
		return is_signed || is_unsigned;
	return class == CLASS_INT32 || class == CLASS_INT64 ? is_signed : is_unsigned;
}

static bool value_port(struct loading *l, const struct spec_arg *arg, struct str s)
{
	struct str low = s, high = s;
	uint64_t v;
	(void)l, (void)arg;
	split(s, ':', &low, &high);
	return go_uint(low, 10, 64, &v) && go_uint(high, 10, 64, &v);
}

static bool value_address(struct loading *l, const struct spec_arg *arg, struct str s)
{
	struct str host = s, bits = {0};
	unsigned char bytes[16];
	uint64_t prefix;
	char text[64];
	(void)l, (void)arg;
	bool cidr = split(s, '/', &host, &bits);
	bool six = host.n && memchr(host.p, ':', host.n);
	const char *zone = six ? memchr(host.p, '%', host.n) : NULL;
	if (zone && zone + 1 < host.p + host.n && !cidr)
		host.n = (size_t)(zone - host.p);
	if (!host.n || host.n >= sizeof(text) || memchr(host.p, '\0', host.n))
		return false;
	memcpy(text, host.p, host.n);
	text[host.n] = '\0';
	if (inet_pton(six ? AF_INET6 : AF_INET, text, bytes) != 1)
		return false;
	return !cidr || (go_uint(bits, 10, 8, &prefix) && prefix <= (six ? 128 : 32) &&
			 (bits.n == 1 || bits.p[0] != '0'));
}

/* A name, or what a port may be. */
static bool value_protocol(struct loading *l, const struct spec_arg *arg, struct str s)
{
	return socket_number(SOCKET_PROTOCOL, s) >= 0 || value_port(l, arg, s);
}

static bool value_family(struct loading *l, const struct spec_arg *arg, struct str s)
{
	return socket_number(SOCKET_FAMILY, s) >= 0 || value_port(l, arg, s);
}

static bool value_state(struct loading *l, const struct spec_arg *arg, struct str s)
{
	return socket_number(SOCKET_STATE, s) >= 0 || value_port(l, arg, s);
}

static bool value_file_type(struct loading *l, const struct spec_arg *arg, struct str s)
{
	static const char *const names[] = {"sock",    "socket", "lnk",	  "link", "reg",
					    "regular", "blk",	 "block", "dir",  "chr",
					    "char",    "fifo",	 "pipe"};
	(void)l, (void)arg;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strlen(names[i]) == s.n && memcmp(names[i], s.p, s.n) == 0)
			return true;
	return false;
}

static bool value_string(struct loading *l, const struct spec_arg *arg, struct str s)
{
	unsigned k = l->t->kernel;
	(void)arg;
	return s.n <= (k >= TARGET_KERNEL(5, 11) ? 4096u : k >= TARGET_KERNEL(5, 4) ? 510u : 144u);
}

static bool value_prefix(struct loading *l, const struct spec_arg *arg, struct str s)
{
	(void)l, (void)arg;
	return s.n <= 256;
}

static bool value_postfix(struct loading *l, const struct spec_arg *arg, struct str s)
{
	(void)l, (void)arg;
	return s.n > 0 && s.n <= 127;
}

static bool value_substring(struct loading *l, const struct spec_arg *arg, struct str s)
{
	(void)l, (void)arg;
	return s.n < 100;
}

/* ---- operators ---- */

#define ADDRESSES                                                                                  \
	{                                                                                          \
		CLASS_SOCK | CLASS_SKB, TABLE_ADDRESS, value_address,                              \
		    "an IPv4 or IPv6 address or CIDR"                                              \
	}
#define SOURCES                                                                                    \
	{                                                                                          \
		CLASS_SOCK | CLASS_SKB | CLASS_SOCKADDR, TABLE_ADDRESS, value_address,             \
		    "an IPv4 or IPv6 address or CIDR"                                              \
	}
#define PORTS                                                                                      \
	{                                                                                          \
		CLASS_SOCK | CLASS_SKB, TABLE_SET, value_port, "a port, or FIRST:LAST"             \
	}
#define SOURCE_PORTS                                                                               \
	{                                                                                          \
		CLASS_SOCK | CLASS_SKB | CLASS_SOCKADDR, TABLE_SET, value_port,                    \
		    "a port, or FIRST:LAST"                                                        \
	}
#define NUMBERS                                                                                    \
	{                                                                                          \
		CLASS_NUMBER | CLASS_CAPS, INLINE_NUMBERS, value_number,                           \
		    "a number that fits the argument's type"                                       \
	}
#define RANGES                                                                                     \
	{                                                                                          \
		CLASS_NUMBER, INLINE_RANGES, value_range, "MIN:MAX, of numbers of the type"                                \
	}
#define SETS                                                                                       \
	{                                                                                          \
		CLASS_NUMBER, TABLE_SET, value_set,                                                \
		    "a decimal number of the type's sign, or FIRST:LAST (list:NAME: a list of system calls, in a "     \
		    "tracepoint, type syscall64)"                                                  \
	}
#define PREFIXES                                                                                   \
	{                                                                                          \
		CLASS_ANY, TABLE_PREFIX, value_prefix, "at most 256 bytes"                         \
	}
#define POSTFIXES                                                                                  \
	{                                                                                          \
		CLASS_ANY, TABLE_POSTFIX, value_postfix, "1 to 127 bytes"                          \
	}
#define SUBSTRINGS                                                                                 \
	{                                                                                          \
		CLASS_ANY, TABLE_SUBSTRING, value_substring, "at most 99 bytes"                    \
	}
#define STRINGS                                                                                    \
	{                                                                                          \
		CLASS_TEXT, TABLE_STRING, value_string,                                            \
		    "a shorter string: at most 4096 bytes, 510 before 5.11"                        \
	}
#define FILE_TYPES                                                                                 \
	{                                                                                          \
		CLASS_FILE, INLINE_NUMBERS, value_file_type,                                       \
		    "reg, dir, lnk, blk, chr, fifo or sock"                                        \
	}

const struct operator_rule *policy_operator_rule(enum policy_operator op, enum policy_type type)
{
	static const struct operator_rule strings = STRINGS;
	static const struct operator_rule caps = {CLASS_CAPS, INLINE_NUMBERS, value_caps,
						  "a number, or names such as CAP_CHOWN,CAP_KILL"};
	static const struct operator_rule rules[OPERATOR_COUNT] = {
	    [OPERATOR_EQUAL] = NUMBERS,
	    [OPERATOR_NOT_EQUAL] = NUMBERS,
	    [OPERATOR_GT] = NUMBERS,
	    [OPERATOR_LT] = NUMBERS,
	    [OPERATOR_GREATER_THAN] = NUMBERS,
	    [OPERATOR_LESS_THAN] = NUMBERS,
	    [OPERATOR_MASK] = NUMBERS,
	    [OPERATOR_IN_RANGE] = RANGES,
	    [OPERATOR_NOT_IN_RANGE] = RANGES,
	    [OPERATOR_IN_MAP] = SETS,
	    [OPERATOR_NOT_IN_MAP] = SETS,
	    [OPERATOR_PREFIX] = PREFIXES,
	    [OPERATOR_NOT_PREFIX] = PREFIXES,
	    [OPERATOR_POSTFIX] = POSTFIXES,
	    [OPERATOR_NOT_POSTFIX] = POSTFIXES,
	    [OPERATOR_SUB_STRING] = SUBSTRINGS,
	    [OPERATOR_SUB_STRING_IGN_CASE] = SUBSTRINGS,
	    [OPERATOR_SADDR] = SOURCES,
	    [OPERATOR_NOT_SADDR] = SOURCES,
	    [OPERATOR_DADDR] = ADDRESSES,
	    [OPERATOR_NOT_DADDR] = ADDRESSES,
	    [OPERATOR_SPORT] = SOURCE_PORTS,
	    [OPERATOR_NOT_SPORT] = SOURCE_PORTS,
	    [OPERATOR_DPORT] = PORTS,
	    [OPERATOR_NOT_DPORT] = PORTS,
	    [OPERATOR_SPORT_PRIV] = {CLASS_SOCK | CLASS_SKB | CLASS_SOCKADDR, STORE_NONE, NULL,
				     NULL},
	    [OPERATOR_NOT_SPORT_PRIV] = {CLASS_SOCK | CLASS_SKB | CLASS_SOCKADDR, STORE_NONE, NULL,
					 NULL},
	    [OPERATOR_DPORT_PRIV] = {CLASS_SOCK | CLASS_SKB, STORE_NONE, NULL, NULL},
	    [OPERATOR_NOT_DPORT_PRIV] = {CLASS_SOCK | CLASS_SKB, STORE_NONE, NULL, NULL},
	    [OPERATOR_PROTOCOL] = {CLASS_SOCK | CLASS_SKB, TABLE_SET, value_protocol,
				   "IPPROTO_TCP ..., a number or FIRST:LAST"},
	    [OPERATOR_FAMILY] = {CLASS_SOCK | CLASS_SKB | CLASS_SOCKADDR | CLASS_UNIX, TABLE_SET,
				 value_family, "AF_INET ..., a number or FIRST:LAST"},
	    [OPERATOR_STATE] = {CLASS_SOCK, TABLE_SET, value_state,
				"TCP_ESTABLISHED ..., a number or FIRST:LAST"},
	    [OPERATOR_FILE_TYPE] = FILE_TYPES,
	    [OPERATOR_NOT_FILE_TYPE] = FILE_TYPES,
	    [OPERATOR_CAPABILITIES_GAINED] = {CLASS_CAPS, STORE_NONE, NULL, NULL},
	    [OPERATOR_CEL_EXPR] = {CLASS_ANY, STORE_CEL, NULL, NULL},
	};
	enum type_class class = policy_type_class(type);
	bool equal = op == OPERATOR_EQUAL || op == OPERATOR_NOT_EQUAL;
	if (equal && (class & CLASS_TEXT) && class != CLASS_ANY)
		return &strings;
	if (class == CLASS_CAPS && rules[op].storage == INLINE_NUMBERS &&
	    (rules[op].classes & CLASS_CAPS))
		return &caps;
	return &rules[op];
}
