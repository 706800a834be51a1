/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The operators. Each answers yes, no, or that the stream does not tell. A filter on what the kernel could not
 * read, or on an empty path, is false whatever its operator: NotEqual too.
 */
#include <strings.h>
#include <sys/socket.h>

#include "compiler/eval/eval_form.h"
#include "schema/policy_cel.h"

enum value_class eval_class(enum policy_type t)
{
	static const uint8_t classes[TYPE_COUNT] = {
		[TYPE_INT] = CLASS_NUMBER, [TYPE_SINT8] = CLASS_NUMBER, [TYPE_INT8] = CLASS_NUMBER,
		[TYPE_UINT8] = CLASS_NUMBER, [TYPE_SINT16] = CLASS_NUMBER, [TYPE_INT16] = CLASS_NUMBER,
		[TYPE_UINT16] = CLASS_NUMBER, [TYPE_UINT32] = CLASS_NUMBER, [TYPE_SINT32] = CLASS_NUMBER,
		[TYPE_INT32] = CLASS_NUMBER, [TYPE_ULONG] = CLASS_NUMBER, [TYPE_UINT64] = CLASS_NUMBER,
		[TYPE_SIZE_T] = CLASS_NUMBER, [TYPE_LONG] = CLASS_NUMBER, [TYPE_SINT64] = CLASS_NUMBER,
		[TYPE_INT64] = CLASS_NUMBER, [TYPE_SYSCALL64] = CLASS_NUMBER,
		[TYPE_KERNEL_CAP_T] = CLASS_NUMBER, [TYPE_CAP_INHERITABLE] = CLASS_NUMBER,
		[TYPE_CAP_PERMITTED] = CLASS_NUMBER, [TYPE_CAP_EFFECTIVE] = CLASS_NUMBER,
		[TYPE_STRING] = CLASS_STRING, [TYPE_NET_DEVICE] = CLASS_STRING, [TYPE_DATA_LOC] = CLASS_STRING,
		[TYPE_CHAR_BUF] = CLASS_STRING,
		[TYPE_FILE] = CLASS_PATH, [TYPE_PATH] = CLASS_PATH, [TYPE_FD] = CLASS_PATH,
		[TYPE_DENTRY] = CLASS_PATH, [TYPE_LINUX_BINPRM] = CLASS_PATH,
		[TYPE_SOCK] = CLASS_SOCKET, [TYPE_SOCKET] = CLASS_SOCKET, [TYPE_SKB] = CLASS_SOCKET,
		[TYPE_SOCKADDR] = CLASS_ADDRESS, [TYPE_SOCKADDR_UN] = CLASS_UNIX,
	};
	return t < TYPE_COUNT ? classes[t] : CLASS_NONE;
}

static enum tri unknown(const char **why, const char *reason)
{
	*why = reason;
	return TRI_UNKNOWN;
}

static enum tri tri_of(bool b)
{
	return b ? TRI_YES : TRI_NO;
}

static enum tri tri_not(enum tri t)
{
	return t == TRI_UNKNOWN ? t : tri_of(t == TRI_NO);
}

/* ---- numbers ---- */

static bool is_signed(enum policy_type t)
{
	return t == TYPE_INT || t == TYPE_SINT32 || t == TYPE_INT32 || t == TYPE_LONG ||
	       t == TYPE_SINT64 || t == TYPE_INT64;
}

/* 8 and 16 bits are compared unsigned, size_t by its low 32 bits. */
int64_t eval_narrow(int64_t v, enum policy_type t)
{
	switch (t) {
	case TYPE_SINT8:
	case TYPE_INT8:
	case TYPE_UINT8:
		return (uint8_t)v;
	case TYPE_SINT16:
	case TYPE_INT16:
	case TYPE_UINT16:
		return (uint16_t)v;
	case TYPE_INT:
	case TYPE_SINT32:
	case TYPE_INT32:
		return (int32_t)v;
	case TYPE_UINT32:
	case TYPE_SIZE_T:
		return (uint32_t)v;
	default:
		return v;
	}
}

static int compare(int64_t a, int64_t b, enum policy_type t)
{
	if (is_signed(t))
		return (a > b) - (a < b);
	return ((uint64_t)a > (uint64_t)b) - ((uint64_t)a < (uint64_t)b);
}

static bool is_exec_number(int64_t v)
{
	return v == 59 || v == 322 || v == 11 || v == 358 || v == 221 || v == 281;
}

/* Could the argument, told in part, have this value? */
static bool possible(const struct slot *s, int64_t v, enum policy_type type)
{
	return compare(v, s->low, type) >= 0 && compare(v, s->high, type) <= 0 &&
	       !(((uint64_t)v ^ (uint64_t)s->low) & s->known_bits) && !(s->not_exec && is_exec_number(v)) &&
	       !(s->ends_only && v != s->low && v != s->high) &&
	       !(s->never && v >= 0 && v < CALLS && (s->never[v / 64] >> (v % 64) & 1));
}

/* ... or one from FIRST to LAST? Long stretches are not looked through. */
static bool possible_within(const struct slot *s, int64_t first, int64_t last, enum policy_type type)
{
	enum { LOOKED_AT = 2048 };
	first = compare(first, s->low, type) > 0 ? first : s->low;
	last = compare(last, s->high, type) < 0 ? last : s->high;
	if (compare(first, last, type) > 0)
		return false;
	if ((uint64_t)last - (uint64_t)first >= LOOKED_AT)
		return true;
	for (uint64_t n = (uint64_t)last - (uint64_t)first + 1; n > 0; n--, first++)
		if (possible(s, first, type))
			return true;
	return false;
}

static enum tri equals_any(const struct slot *s, const struct value_table *t, enum policy_type type)
{
	bool maybe = false;
	for (uint32_t i = 0; i < t->ninline; i++) {
		int64_t v = eval_narrow(t->inline_values[i], type);
		if (type >= TYPE_SINT8 && type <= TYPE_UINT16)
			v = t->inline_values[i];   /* never narrowed: a negative value never equals */
		if (s->low != s->high)
			maybe |= possible(s, v, type);
		else if (eval_narrow(s->low, type) == v)
			return TRI_YES;
	}
	return maybe ? TRI_UNKNOWN : TRI_NO;
}

/* Of an 8-bit argument the upper bits are not looked at, whatever the call was given. */
static enum tri masks_any(const struct slot *s, const struct value_table *t, enum policy_type type)
{
	bool maybe = false;
	uint64_t known = s->low == s->high ? UINT64_MAX : s->known_bits;
	for (uint32_t i = 0; i < t->ninline; i++) {
		uint64_t v = (uint64_t)t->inline_values[i] & (uint64_t)eval_narrow(-1, type);
		if ((uint64_t)s->low & v & known)
			return TRI_YES;
		maybe |= (v & ~known) != 0;
	}
	return maybe ? TRI_UNKNOWN : TRI_NO;
}

static enum tri in_ranges(const struct slot *s, const struct value_table *t, enum policy_type type)
{
	bool maybe = false;
	int64_t low = eval_narrow(s->low, type), high = eval_narrow(s->high, type);
	for (uint32_t i = 0; i < t->ninline; i++) {
		int64_t first = t->inline_values[i], last = t->inline_last[i];
		if (compare(first, last, type) > 0)
			continue;
		if (compare(low, first, type) >= 0 && compare(high, last, type) <= 0)
			return TRI_YES;
		maybe |= s->low != s->high && possible_within(s, first, last, type);
	}
	return maybe ? TRI_UNKNOWN : TRI_NO;
}

/* The map's keys are 64 bits wide: negative values were sign extended, narrow arguments are not. */
static enum tri in_map(const struct slot *s, const struct value_table *t, enum policy_type type)
{
	bool maybe = false;
	if (s->low == s->high) {
		uint64_t key = (uint64_t)eval_narrow(s->low, type);
		if (type == TYPE_INT || type == TYPE_SINT32 || type == TYPE_INT32)
			key = (uint32_t)key;
		return tri_of(range_set_has(&t->ranges, key));
	}
	for (size_t i = 0; i < t->ranges.n && !maybe; i++)
		maybe = possible_within(s, (int64_t)t->ranges.v[i].first, (int64_t)t->ranges.v[i].last, TYPE_UINT64);
	return maybe ? TRI_UNKNOWN : TRI_NO;
}

static enum tri ordered(const struct slot *s, const struct value_table *t, enum policy_type type, int sign)
{
	bool maybe = false;
	for (uint32_t i = 0; i < t->ninline; i++) {
		int low = compare(eval_narrow(s->low, type), t->inline_values[i], type) * sign;
		int high = compare(eval_narrow(s->high, type), t->inline_values[i], type) * sign;
		if (low > 0 && high > 0)
			return TRI_YES;
		maybe |= low > 0 || high > 0;
	}
	return maybe ? TRI_UNKNOWN : TRI_NO;
}

/* syscall64 marks the numbers of the 32-bit ABI. */
static const struct slot *as_syscall(const struct slot *s, enum policy_type type, struct slot *made)
{
	static const int64_t abi_32 = INT64_C(1) << 31;
	if (type != TYPE_SYSCALL64 || !s->compat)
		return s;
	*made = *s;
	made->low |= abi_32;
	made->high |= abi_32;
	return made;
}

/* The values of these stand in the filter itself; those of InMap in a table. */
static bool of_inline_values(enum policy_operator op)
{
	switch (op) {
	case OPERATOR_EQUAL:
	case OPERATOR_NOT_EQUAL:
	case OPERATOR_GT:
	case OPERATOR_GREATER_THAN:
	case OPERATOR_LT:
	case OPERATOR_LESS_THAN:
	case OPERATOR_MASK:
	case OPERATOR_IN_RANGE:
	case OPERATOR_NOT_IN_RANGE:
		return true;
	default:
		return false;
	}
}

static enum tri test_one_abi(const struct arg_test *t, const struct slot *told, const char **why)
{
	enum policy_type type = t->arg->type;
	struct slot made;
	const struct slot *s = as_syscall(told, type, &made);
	enum tri r;
	if (!t->table->ninline && of_inline_values(t->op))
		return unknown(why, "a filter on a number without values compares what follows it");
	*why = s->unsure ? s->unsure : "the events do not tell the number exactly";
	switch (t->op) {
	case OPERATOR_EQUAL:
		return equals_any(s, t->table, type);
	case OPERATOR_NOT_EQUAL:
		return tri_not(equals_any(s, t->table, type));
	case OPERATOR_MASK:
		return masks_any(s, t->table, type);
	case OPERATOR_GT:
	case OPERATOR_GREATER_THAN:
		return ordered(s, t->table, type, 1);
	case OPERATOR_LT:
	case OPERATOR_LESS_THAN:
		return ordered(s, t->table, type, -1);
	case OPERATOR_IN_RANGE:
	case OPERATOR_NOT_IN_RANGE:
		r = in_ranges(s, t->table, type);
		return t->op == OPERATOR_IN_RANGE ? r : tri_not(r);
	case OPERATOR_IN_MAP:
	case OPERATOR_NOT_IN_MAP:
		r = in_map(s, t->table, type);
		return t->op == OPERATOR_IN_MAP ? r : tri_not(r);
	case OPERATOR_PREFIX:
	case OPERATOR_NOT_PREFIX:
		return TRI_NO;
	default:
		return unknown(why, "this operator is not evaluated on numbers");
	}
}

/* A number of one of two ABIs: decided where both agree. */
static enum tri test_number(const struct arg_test *t, const struct slot *s, const char **why)
{
	enum tri native = test_one_abi(t, s, why);
	if (!s->or_compat || native == TRI_UNKNOWN)
		return native;
	struct slot other = *s;
	other.low = s->compat_low;
	other.high = s->compat_high;
	other.compat = true;
	return test_one_abi(t, &other, why) == native ? native : unknown(why, s->unsure);
}

/* ---- strings and paths ---- */

static bool contains_any(const struct strs *values, struct str text, bool any_case)
{
	for (size_t i = 0; i < values->n; i++) {
		struct str v = values->v[i];
		for (size_t at = 0; at + v.n <= text.n; at++)
			if (any_case ? !strncasecmp(text.p + at, v.p, v.n) : !memcmp(text.p + at, v.p, v.n))
				return true;
	}
	return false;
}

/* No value holds an empty text, not even an empty one. */
static enum tri test_text(const struct arg_test *t, struct str text, const char **why)
{
	switch (t->op) {
	case OPERATOR_EQUAL:
		return tri_of(text.n && string_set_has(t->table->strings, text));
	case OPERATOR_NOT_EQUAL:
		return tri_of(!text.n || !string_set_has(t->table->strings, text));
	case OPERATOR_PREFIX:
	case OPERATOR_POSTFIX:
		return tri_of(text.n && prefix_set_has(&t->table->prefixes, text));
	case OPERATOR_NOT_PREFIX:
	case OPERATOR_NOT_POSTFIX:
		return tri_of(!text.n || !prefix_set_has(&t->table->prefixes, text));
	case OPERATOR_SUB_STRING:
	case OPERATOR_SUB_STRING_IGN_CASE:
		return tri_of(contains_any(t->table->written, text, t->op == OPERATOR_SUB_STRING_IGN_CASE));
	default:
		return unknown(why, "this operator is not evaluated on strings");
	}
}

/* Of a buffer as much is compared as an argument says, and nothing where none does; a string tells neither. */
static enum tri test_buffer(const struct arg_test *t, const char **why)
{
	bool positive = t->op == OPERATOR_EQUAL || t->op == OPERATOR_PREFIX || t->op == OPERATOR_POSTFIX;
	if (!t->arg->size_arg_index && !t->arg->max_data && positive)
		return TRI_NO;
	return unknown(why, "the events do not tell the bytes of the buffer");
}

/* A longer string is read in part; whether with the byte for its end is not told, and must not matter. */
static enum tri test_read(const struct arg_test *t, struct str text, const char **why)
{
	enum tri whole = test_text(t, text, why);
	for (size_t n = t->read_bytes ? t->read_bytes - 1 : text.n; n < text.n && n <= t->read_bytes + 1; n++)
		if (test_text(t, (struct str){text.p, n}, why) != whole)
			return unknown(why, "the kernel reads only the beginning of so long a string");
	return whole;
}

/* A string that is one of two: decided where both agree. */
static enum tri test_string(const struct arg_test *t, const struct slot *s, const char **why)
{
	enum tri first = test_read(t, s->text, why);
	if (!s->other.n || test_read(t, s->other, why) == first)
		return first;
	return unknown(why, "the events do not tell how the path was typed");
}

static struct str name_part(struct str path)
{
	const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
	return slash ? str_skip(path, (size_t)(slash - path.p)) : path;
}

/*
 * An entry's path inside its mount ends in "/name", and is the end of the whole path. A postfix that
 * matches the name matches it; one that does not match the whole path cannot.
 */
static enum tri test_name(const struct arg_test *t, struct str whole, const char **why)
{
	bool postfix = t->op == OPERATOR_POSTFIX || t->op == OPERATOR_NOT_POSTFIX;
	if (!postfix)
		return unknown(why, "the events do not tell where the mount of this entry begins");
	bool inside = prefix_set_has(&t->table->prefixes, name_part(whole));
	bool possible = prefix_set_has(&t->table->prefixes, whole);
	if (inside != possible)
		return unknown(why, "the events do not tell where the mount of this entry begins");
	return tri_of(inside == (t->op == OPERATOR_POSTFIX));
}

static bool is_type(struct str name, char type)
{
	static const struct {
		struct str name;
		char type;
	} types[] = {
		{STR_INIT("sock"), 's'}, {STR_INIT("socket"), 's'}, {STR_INIT("lnk"), 'l'}, {STR_INIT("link"), 'l'},
		{STR_INIT("reg"), '-'}, {STR_INIT("regular"), '-'}, {STR_INIT("blk"), 'b'}, {STR_INIT("block"), 'b'},
		{STR_INIT("dir"), 'd'}, {STR_INIT("chr"), 'c'}, {STR_INIT("char"), 'c'}, {STR_INIT("fifo"), 'p'},
		{STR_INIT("pipe"), 'p'},
	};
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i].name.n == name.n && !memcmp(types[i].name.p, name.p, name.n))
			return types[i].type == type;
	return false;
}

/* The mode as ls prints it; nine letters without a type for what is no file at all. */
static enum tri test_file_type(const struct arg_test *t, const struct slot *s, const char **why)
{
	enum { WITH_TYPE = 10, WITHOUT_TYPE = 9 };
	if (s->permission.n != WITH_TYPE && s->permission.n != WITHOUT_TYPE)
		return unknown(why, "the events do not tell the file's type");
	bool is = false;
	for (size_t i = 0; i < t->table->written->n && s->permission.n == WITH_TYPE; i++)
		is |= is_type(t->table->written->v[i], s->permission.p[0]);
	return tri_of(is == (t->op == OPERATOR_FILE_TYPE));
}

static enum tri test_path(const struct arg_test *t, const struct slot *s, const char **why)
{
	if (t->op == OPERATOR_FILE_TYPE || t->op == OPERATOR_NOT_FILE_TYPE)
		return test_file_type(t, s, why);
	if (!s->known)
		return unknown(why, "the events do not tell this argument");
	if (!s->text.n)
		return TRI_NO;
	return s->kind == SLOT_NAME ? test_name(t, s->text, why) : test_text(t, s->text, why);
}

/* ---- sockets ---- */

enum { PRIVILEGED_PORTS = 1024 };

static enum tri test_address(const struct arg_test *t, const struct address *a, bool negative)
{
	if (a->family != 4 && a->family != 6)
		return TRI_NO;
	return tri_of(network_set_has(&t->networks[a->family == 6]->networks, a) != negative);
}

static enum tri test_port(const struct arg_test *t, uint16_t port)
{
	switch (t->op) {
	case OPERATOR_SPORT:
	case OPERATOR_DPORT:
		return tri_of(range_set_has(&t->table->ranges, port));
	case OPERATOR_NOT_SPORT:
	case OPERATOR_NOT_DPORT:
		return tri_of(!range_set_has(&t->table->ranges, port));
	case OPERATOR_SPORT_PRIV:
	case OPERATOR_DPORT_PRIV:
		return tri_of(port < PRIVILEGED_PORTS);
	default:
		return tri_of(port >= PRIVILEGED_PORTS);
	}
}

static enum tri test_named(const struct arg_test *t, int number, const char *reason, const char **why)
{
	if (number < 0)
		return unknown(why, reason);
	return tri_of(range_set_has(&t->table->ranges, (uint64_t)number));
}

static bool is_local(enum policy_operator op)
{
	return op == OPERATOR_SADDR || op == OPERATOR_NOT_SADDR || op == OPERATOR_SPORT ||
	       op == OPERATOR_NOT_SPORT || op == OPERATOR_SPORT_PRIV || op == OPERATOR_NOT_SPORT_PRIV;
}

static bool is_endpoint(enum policy_operator op)
{
	return is_local(op) || (op >= OPERATOR_DPORT && op <= OPERATOR_NOT_DPORT_PRIV) ||
	       op == OPERATOR_DADDR || op == OPERATOR_NOT_DADDR;
}

static enum tri test_endpoint(const struct arg_test *t, const struct address *a)
{
	if (t->op == OPERATOR_SADDR || t->op == OPERATOR_DADDR)
		return test_address(t, a, false);
	if (t->op == OPERATOR_NOT_SADDR || t->op == OPERATOR_NOT_DADDR)
		return test_address(t, a, true);
	return test_port(t, a->port);
}

static enum tri test_sockaddr(const struct arg_test *t, const struct slot *s, const char **why)
{
	if (t->op == OPERATOR_FAMILY)
		return test_named(t, s->family, "the events do not tell the address family", why);
	if (!is_endpoint(t->op))
		return unknown(why, "this operator is not evaluated on addresses");
	if (s->family < 0)
		return unknown(why, "the events do not tell the address family");
	if (s->arg && s->arg->kind == ARG_SOCKADDR_UN && s->family != 1)
		return unknown(why, "the events tell this address as a unix one only");
	return test_endpoint(t, &s->address);
}

static enum tri test_socket(const struct arg_test *t, const struct slot *s, const char **why)
{
	if (t->op == OPERATOR_FAMILY)
		return test_named(t, s->family, "the events do not tell the socket's family", why);
	if (t->op == OPERATOR_PROTOCOL)
		return test_named(t, s->protocol, "the events do not tell the socket's protocol", why);
	if (t->op == OPERATOR_STATE)
		return test_named(t, s->arg && s->arg->state.n ? (int)socket_number(SOCKET_STATE, s->arg->state) : -1,
				  "the events do not tell the socket's state", why);
	if (!is_endpoint(t->op))
		return unknown(why, "this operator is not evaluated on sockets");
	static const struct address none;
	bool other = s->family >= 0 && s->family != AF_INET && s->family != AF_INET6;
	if (other && s->arg && s->arg->kind == ARG_SKB)
		return unknown(why, "a packet that is not IP keeps fields of another");
	if (other)   /* no address, and port 0 */
		return test_endpoint(t, &none);
	if (!is_local(t->op))
		return s->address.family ? test_endpoint(t, &s->address)
					 : unknown(why, "the events do not tell the remote end");
	if (!s->local_known || !s->arg)
		return unknown(why, "the events do not tell the local end");
	return test_endpoint(t, &s->arg->source);
}

/* Abstract names are compared as 107 raw bytes without the leading NUL. */
static enum tri test_unix(const struct arg_test *t, const struct slot *s, const char **why)
{
	if (t->op == OPERATOR_FAMILY)
		return test_named(t, s->family, "the events do not tell the address family", why);
	if (s->family != 1)
		return unknown(why, "a unix path filter on another family compares leftover bytes");
	if (s->arg && s->arg->kind == ARG_SOCKADDR)
		return unknown(why, "the events do not tell the unix path");
	if (t->op == OPERATOR_POSTFIX || t->op == OPERATOR_NOT_POSTFIX)
		return tri_of(t->op == OPERATOR_NOT_POSTFIX);
	bool abstract = s->text.n && s->text.p[0] == '@';
	if (abstract && (t->op == OPERATOR_EQUAL || t->op == OPERATOR_NOT_EQUAL))
		return tri_of(t->op == OPERATOR_NOT_EQUAL);
	return test_text(t, abstract ? str_skip(s->text, 1) : s->text, why);
}

/* ---- one filter ---- */

/* A raw tracepoint has the arguments of its function: the registers and the number, or the registers and what was returned. */
static uint8_t raw_place(uint32_t site, uint32_t index)
{
	enum { SECOND = 1, NUMBER = 4, RETURNED = 5 };
	return index != SECOND ? UINT8_MAX : site == SITE_SYS_ENTER ? NUMBER : RETURNED;
}

/* The LSM hook mmap_file has reqprot before prot and flags. */
static uint8_t place(const struct arg_test *t, const struct hit *h)
{
	if (t->arg->index < t->first_field || (t->format && h->site == SITE_SCHED_EXEC))
		return UINT8_MAX;
	uint32_t i = t->arg->index - t->first_field;
	if (t->raw && (h->site == SITE_SYS_ENTER || h->site == SITE_SYS_EXIT))
		return raw_place(h->site, i);
	if (!t->lsm || h->site != SITE_MMAP_FILE || i == 0)
		return (uint8_t)MIN(i, 255);
	return i == 1 ? REQPROT : (uint8_t)(i - 1);
}

static bool same_resolve(struct str wanted, struct str told)
{
	if (str_eq(wanted, told))
		return true;
	return str_ends(wanted, STR("i_nlink")) && str_ends(told, STR("i_nlink"));
}

const struct slot *eval_slot(const struct arg_test *t, const struct hit *h)
{
	uint8_t index = place(t, h);
	for (uint32_t i = 0; i < h->n; i++)
		if (h->slots[i].index == index && same_resolve(t->arg->resolve, h->slots[i].resolve))
			return &h->slots[i];
	return NULL;
}

struct cel_asking {
	const struct arg_test *t;
	const struct hit *h;
};

static bool cel_argument(void *arg, size_t n, int64_t *ret)
{
	const struct cel_asking *a = arg;
	struct arg_test one = *a->t;
	one.arg = &a->t->of->args[n];
	const struct slot *s = eval_slot(&one, a->h);
	bool told = s && s->known && s->kind == SLOT_NUMBER && s->low == s->high;
	*ret = told ? s->low : 0;
	return told;
}

static enum tri test_cel(const struct arg_test *t, const struct hit *h, const char **why)
{
	struct cel_asking asking = {t, h};
	bool is;
	if (!t->table->written->n || !policy_cel_value(t->table->written->v[0], t->of, cel_argument, &asking, &is))
		return unknown(why, "the events do not tell the arguments of the expression");
	return tri_of(is);
}

/* Do the new capabilities have one that the old lack? */
static enum tri test_gained(const struct arg_test *t, const struct hit *h, const char **why)
{
	struct arg_test later = *t;
	later.arg = t->second ? t->second : t->arg;
	const struct slot *old = eval_slot(t, h), *new = eval_slot(&later, h);
	if (!old || !new || !old->known || !new->known || old->low != old->high || new->low != new->high)
		return unknown(why, "the events do not tell this argument");
	return tri_of((uint64_t)new->low & ~(uint64_t)old->low);
}

/* Of the task its record tells the process. */
static bool task_data(const struct arg_test *t, const struct hit *h, struct slot *ret)
{
	uint32_t pid = t->arg->index == TASK_PROCESS ? h->record.pid : 0;
	*ret = (struct slot){.kind = SLOT_NUMBER, .known = true, .low = pid, .high = pid};
	return pid;
}

enum tri eval_test(const struct arg_test *t, const struct hit *h, const char **why)
{
	if (t->decided)
		return t->as_decided;
	if (t->op == OPERATOR_CEL_EXPR)
		return test_cel(t, h, why);
	if (t->op == OPERATOR_CAPABILITIES_GAINED)
		return test_gained(t, h, why);
	struct slot made;
	const struct slot *s = eval_slot(t, h);
	if (!s && (t->data ? task_data(t, h, &made) : eval_mode(t, h, place(t, h), &made)))
		s = &made;
	if (s && s->failed)
		return TRI_NO;
	if (!s || (!s->known && s->kind != SLOT_PATH))
		return unknown(why, t->data ? "matchData: the events do not tell this data" : "the events do not tell this argument");
	switch (t->class) {
	case CLASS_NUMBER:
		return s->kind == SLOT_NUMBER ? test_number(t, s, why)
					      : unknown(why, "the events tell this argument as another type");
	case CLASS_STRING:
		if (t->arg->type == TYPE_CHAR_BUF)
			return test_buffer(t, why);
		return s->kind == SLOT_STRING ? test_string(t, s, why)
					      : unknown(why, "the events tell this argument as another type");
	case CLASS_PATH:
		return s->kind == SLOT_PATH || s->kind == SLOT_NAME
			? test_path(t, s, why)
			: unknown(why, "the events tell this argument as another type");
	case CLASS_ADDRESS:
		return s->kind == SLOT_ADDRESS ? test_sockaddr(t, s, why)
					       : unknown(why, "the events tell this argument as another type");
	case CLASS_UNIX:
		return s->kind == SLOT_ADDRESS ? test_unix(t, s, why)
					       : unknown(why, "the events tell this argument as another type");
	case CLASS_SOCKET:
		return s->kind == SLOT_SOCKET ? test_socket(t, s, why)
					      : unknown(why, "the events tell this argument as another type");
	case CLASS_NONE:
		break;
	}
	return unknown(why, "filters on this argument type are not evaluated");
}

