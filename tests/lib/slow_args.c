/* SPDX-License-Identifier: GPL-2.0-only */
/* Arguments: which one a filter means (3.1), what its type holds (2), and the operators but for networks (3.2). */
#include "tests/lib/slow_private.h"

#include <ctype.h>

/* ---- 3.1: args: [n] is the n-th of the list, else index is the place in the hook's signature ---- */

const struct spec_arg *slow_filtered(const struct hook *h, const struct arg_filter *f)
{
	if (f->nargs)
		return f->args[0] < h->nargs ? &h->args[f->args[0]] : NULL;
	for (size_t i = 0; i < h->nargs; i++)
		if (h->args[i].index == f->index)
			return &h->args[i];
	return NULL;
}

/* ---- numbers as written ---- */

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

/* Base 0: 0x, 0b, 0o, a leading 0, and '_' between digits. RET holds the low 64 bits. */
bool slow_number(struct str t, int64_t *ret, bool *ret_negative)
{
	bool negative = t.n && t.p[0] == '-';
	uint64_t v = 0;
	int base = 10;
	if (t.n && (t.p[0] == '-' || t.p[0] == '+'))
		t = str_skip(t, 1);
	if (t.n > 2 && t.p[0] == '0' && strchr("xX", t.p[1]))
		base = 16;
	else if (t.n > 2 && t.p[0] == '0' && strchr("bB", t.p[1]))
		base = 2;
	else if (t.n > 1 && t.p[0] == '0')
		base = 8;
	if (base == 16 || base == 2 || (base == 8 && strchr("oO", t.p[1])))
		t = str_skip(t, 2);
	if (!t.n)
		return false;
	for (size_t i = 0; i < t.n; i++) {
		if (t.p[i] == '_')
			continue;
		if (digit(t.p[i]) >= base)
			return false;
		v = v * (unsigned)base + (unsigned)digit(t.p[i]);
	}
	*ret = (int64_t)(negative ? 0 - v : v);
	*ret_negative = negative;
	return true;
}

bool slow_decimal(struct str t, int64_t *ret)
{
	bool negative = t.n && t.p[0] == '-';
	uint64_t v = 0;
	if (t.n && (negative || t.p[0] == '+'))
		t = str_skip(t, 1);
	for (size_t i = 0; i < t.n; i++) {
		if (t.p[i] < '0' || t.p[i] > '9')
			return false;
		v = v * 10 + (unsigned)(t.p[i] - '0');
	}
	*ret = (int64_t)(negative ? 0 - v : v);
	return t.n > 0;
}

static bool split(struct str text, struct str *a, struct str *b)
{
	const char *colon = text.n ? memchr(text.p, ':', text.n) : NULL;
	if (!colon)
		return false;
	*a = (struct str){text.p, (size_t)(colon - text.p)};
	*b = str_skip(text, a->n + 1);
	return true;
}

/* "7" or "3:9"; the other way round means the same (3.2 InMap, 3.3 ports). */
bool slow_range_of(struct str text, struct slow_range *ret)
{
	struct str a, b;
	if (!split(text, &a, &b)) {
		bool good = slow_decimal(text, &ret->first);
		ret->last = ret->first;
		return good;
	}
	int64_t x, y;
	if (!slow_decimal(a, &x) || !slow_decimal(b, &y))
		return false;
	ret->first = MIN(x, y);
	ret->last = MAX(x, y);
	return true;
}

/* ---- 2: numeric types ---- */

struct width {
	unsigned bits;
	bool is_signed;
};

/* Bits 0: not a number. 8 and 16 bits are compared unsigned, size_t by its low half. */
static struct width width_of(enum policy_type t)
{
	switch (t) {
	case TYPE_INT: case TYPE_SINT32: case TYPE_INT32:
		return (struct width){32, true};
	case TYPE_UINT32: case TYPE_SIZE_T:
		return (struct width){32, false};
	case TYPE_SINT8: case TYPE_INT8: case TYPE_UINT8:
		return (struct width){8, false};
	case TYPE_SINT16: case TYPE_INT16: case TYPE_UINT16:
		return (struct width){16, false};
	case TYPE_LONG: case TYPE_SINT64: case TYPE_INT64:
		return (struct width){64, true};
	case TYPE_ULONG: case TYPE_UINT64: case TYPE_SYSCALL64:
	case TYPE_KERNEL_CAP_T: case TYPE_CAP_INHERITABLE: case TYPE_CAP_PERMITTED: case TYPE_CAP_EFFECTIVE:
		return (struct width){64, false};
	default:
		return (struct width){0, false};
	}
}

static bool is_caps(enum policy_type t)
{
	return t == TYPE_KERNEL_CAP_T || t == TYPE_CAP_INHERITABLE || t == TYPE_CAP_PERMITTED || t == TYPE_CAP_EFFECTIVE;
}

/* The bits of a line's number; KNOWN: how many of them it tells. */
static bool bits_of(const struct arg *a, uint64_t *ret, unsigned *known)
{
	*ret = (uint64_t)a->number;
	*known = 64;
	switch (a->kind) {
	case ARG_INT: case ARG_UINT:
		*known = 32;
		return true;
	case ARG_LONG: case ARG_SIZE:
		return true;
	case ARG_SYSCALL:   /* a 32-bit task's carries a mark */
		*ret |= str_eq(a->type, STR("i386")) ? 0x80000000u : 0;
		return true;
	case ARG_CAPS:
		*ret = 0;
		for (size_t i = 0; i < a->text.n; i++)
			*ret = *ret << 4 | (unsigned)digit(a->text.p[i]);
		return true;
	default:
		return false;
	}
}

static const char *const capabilities[] = {
	"CAP_CHOWN", "DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID",
	"CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST",
	"CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO",
	"CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE",
	"CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE", "CAP_AUDIT_WRITE",
	"CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
};

bool slow_capability_mask(struct str names, uint64_t *ret)
{
	*ret = 0;
	while (names.n) {
		const char *comma = memchr(names.p, ',', names.n);
		struct str one = {names.p, comma ? (size_t)(comma - names.p) : names.n};
		names = str_skip(names, one.n + 1);
		bool found = false;
		for (size_t i = 0; i < ARRAY_SIZE(capabilities); i++) {
			if (strlen(capabilities[i]) != one.n || strncasecmp(capabilities[i], one.p, one.n))
				continue;
			*ret |= UINT64_C(1) << i;
			found = true;
		}
		if (!found)
			return false;
	}
	return true;
}

struct number {
	uint64_t bits;               /* as wide as the type, upper bits 0 */
	struct width w;
	int64_t value;               /* with the sign of a signed type */
};

static bool greater(const struct number *n, int64_t v)
{
	return n->w.is_signed ? n->value > v : n->bits > (n->w.bits == 64 ? (uint64_t)v : (uint32_t)v);
}
static bool less(const struct number *n, int64_t v)
{
	return n->w.is_signed ? n->value < v : n->bits < (n->w.bits == 64 ? (uint64_t)v : (uint32_t)v);
}
static bool equal(const struct number *n, int64_t v)
{
	return n->w.bits == 64 ? n->bits == (uint64_t)v
	       : n->w.is_signed ? n->value == v : n->bits == (uint32_t)v;
}
static bool masked(const struct number *n, int64_t v)
{
	return (n->bits & (n->w.bits == 64 ? (uint64_t)v : (uint32_t)v)) != 0;
}

/* Equal NotEqual GT LT Mask: 3.2, any of the values; NotEqual: none. */
static enum truth compare_number(struct slow_question *q, const struct arg_filter *f, enum policy_type type,
				 const struct number *n)
{
	bool any = false;
	for (size_t i = 0; i < f->values.n; i++) {
		int64_t v;
		bool negative;
		uint64_t mask;
		if (is_caps(type) && slow_capability_mask(f->values.v[i], &mask))
			v = (int64_t)mask;
		else if (!slow_number(f->values.v[i], &v, &negative))
			return slow_silent(q, "a value that is no number");
		any |= f->op == OPERATOR_EQUAL || f->op == OPERATOR_NOT_EQUAL ? equal(n, v)
		       : f->op == OPERATOR_GT || f->op == OPERATOR_GREATER_THAN ? greater(n, v)
		       : f->op == OPERATOR_LT || f->op == OPERATOR_LESS_THAN ? less(n, v)
									      : masked(n, v);
	}
	return truth_of(any != (f->op == OPERATOR_NOT_EQUAL));
}

/* InRange NotInRange: "min:max", both ends count; min above max holds nothing. */
static enum truth in_ranges(struct slow_question *q, const struct arg_filter *f, const struct number *n)
{
	bool any = false;
	for (size_t i = 0; i < f->values.n; i++) {
		struct str a, b;
		int64_t low, high;
		bool low_negative, high_negative;
		if (!split(f->values.v[i], &a, &b) || !slow_number(a, &low, &low_negative) ||
		    !slow_number(b, &high, &high_negative))
			return slow_silent(q, "a value that is no range");
		if (!n->w.is_signed && (low_negative || high_negative))
			return slow_silent(q, "a negative end of an unsigned range");
		any |= n->w.is_signed ? n->value >= low && n->value <= high
				      : n->bits >= (uint64_t)low && n->bits <= (uint64_t)high;
	}
	return truth_of(any != (f->op == OPERATOR_NOT_IN_RANGE));
}

/* The calls that tests list, by their x86-64 numbers. */
static const struct {
	const char *name;
	int64_t number;
} calls[] = {{"sys_write", 1}, {"sys_lseek", 8}, {"sys_ptrace", 101}, {"sys_openat", 257}, {"sys_unshare", 272}, {"sys_setns", 308},
	     {"sys_execve", 59}, {"sys_execveat", 322}, {"sys_mkdir", 83}};

bool slow_call_number(struct str name, int64_t *ret)
{
	if (str_starts(name, STR("__x64_")))
		name = str_skip(name, 6);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		if (!str_eq(name, str_from(calls[i].name)))
			continue;
		*ret = calls[i].number;
		return true;
	}
	return false;
}

/* "list:NAME": the numbers of its calls. */
static enum truth in_list(struct slow_question *q, struct str name, int64_t key)
{
	enum truth any = FALSE_;
	for (size_t i = 0; i < q->policy->nlists; i++)
		for (size_t k = 0; str_eq(q->policy->lists[i].name, name) && k < q->policy->lists[i].values.n; k++) {
			int64_t v;
			if (!slow_call_number(q->policy->lists[i].values.v[k], &v))
				return slow_silent(q, "a call without a number here");
			any = v == key ? TRUE_ : any;
		}
	return any;
}

/* InMap: looked up by 64 bits; a negative number of 32 bits is not found, since its value was written with 64. */
static enum truth in_map(struct slow_question *q, const struct arg_filter *f, const struct number *n)
{
	const struct arg_filter *writer = slow_table(q, f);
	bool any = false;
	for (size_t i = 0; i < writer->values.n; i++) {
		struct slow_range r;
		int64_t key = n->w.bits == 64 ? (int64_t)n->bits : (int64_t)(n->bits & 0xffffffff);
		if (str_starts(writer->values.v[i], STR("list:"))) {
			enum truth one = in_list(q, str_skip(writer->values.v[i], 5), key);
			if (one == MAYBE)
				return one;
			any |= one == TRUE_;
			continue;
		}
		if (writer->op != OPERATOR_IN_MAP && writer->op != OPERATOR_NOT_IN_MAP) {
			int64_t v;
			if (slow_named_number(writer->op, writer->values.v[i], &v))
				r = (struct slow_range){v, v};
			else if (!slow_range_of(writer->values.v[i], &r))
				return slow_silent(q, "a table written by an odd value");
		} else if (!slow_range_of(writer->values.v[i], &r)) {
			return slow_silent(q, "a value that is no number");
		}
		any |= n->w.bits == 64 && !n->w.is_signed
			       ? (uint64_t)key >= (uint64_t)r.first && (uint64_t)key <= (uint64_t)r.last
			       : key >= r.first && key <= r.last;
	}
	return truth_of(any != (f->op == OPERATOR_NOT_IN_MAP));
}

static enum truth number_filter(struct slow_question *q, const struct arg_filter *f, enum policy_type type,
				const struct arg *a)
{
	struct number n = {.w = width_of(type)};
	unsigned known;
	if (!bits_of(a, &n.bits, &known))
		return slow_silent(q, "recorded as something else");
	if (known < n.w.bits)
		return slow_silent(q, "the line tells only the lower half");
	if (n.w.bits < 64)
		n.bits &= (UINT64_C(1) << n.w.bits) - 1;
	n.value = n.w.is_signed && n.w.bits == 32 ? (int32_t)(uint32_t)n.bits : (int64_t)n.bits;
	switch (f->op) {
	case OPERATOR_EQUAL: case OPERATOR_NOT_EQUAL: case OPERATOR_GT: case OPERATOR_LT: case OPERATOR_GREATER_THAN:
	case OPERATOR_LESS_THAN: case OPERATOR_MASK:
		return f->values.n ? compare_number(q, f, type, &n) : slow_silent(q, "no values");
	case OPERATOR_IN_RANGE: case OPERATOR_NOT_IN_RANGE:
		return in_ranges(q, f, &n);
	case OPERATOR_IN_MAP: case OPERATOR_NOT_IN_MAP:
		return in_map(q, f, &n);
	case OPERATOR_PREFIX:
		return FALSE_;
	default:
		return slow_silent(q, "an operator that numbers do not have");
	}
}

/* ---- 2: texts ---- */

static bool is_path_type(enum policy_type t)
{
	return t == TYPE_FILE || t == TYPE_PATH || t == TYPE_FD || t == TYPE_DENTRY || t == TYPE_LINUX_BINPRM;
}

static bool text_is(enum policy_operator op, struct str text, struct str value)
{
	switch (op) {
	case OPERATOR_EQUAL: case OPERATOR_NOT_EQUAL:
		return str_eq(text, value);
	case OPERATOR_PREFIX: case OPERATOR_NOT_PREFIX:
		return str_starts(text, value);
	default:
		return str_ends(text, value);
	}
}

/* SubString needs a helper of 6.17 or 6.19; without it nothing is found. */
static bool substring_missing(const struct slow_question *q, enum policy_operator op)
{
	unsigned kernel = q->hit->slow->target.kernel;
	return (op == OPERATOR_SUB_STRING && kernel < TARGET_KERNEL(6, 17)) ||
	       (op == OPERATOR_SUB_STRING_IGN_CASE && kernel < TARGET_KERNEL(6, 19));
}

static enum truth substring(struct slow_question *q, const struct arg_filter *f, struct str text)
{
	bool ignore = f->op == OPERATOR_SUB_STRING_IGN_CASE;
	const struct strs *words = &slow_word_table(q, f)->values;
	for (size_t i = 0; i < words->n; i++) {
		struct str v = words->v[i];
		for (size_t at = 0; at + v.n <= text.n; at++)
			if (ignore ? !strncasecmp(text.p + at, v.p, v.n) : !memcmp(text.p + at, v.p, v.n))
				return TRUE_;
	}
	return FALSE_;
}

static enum truth text_filter(struct slow_question *q, const struct arg_filter *f, enum policy_type type, struct str text)
{
	bool negative = f->op == OPERATOR_NOT_EQUAL || f->op == OPERATOR_NOT_PREFIX || f->op == OPERATOR_NOT_POSTFIX;
	bool any = false;
	if (f->op == OPERATOR_SUB_STRING || f->op == OPERATOR_SUB_STRING_IGN_CASE)
		return substring(q, f, text);
	for (size_t i = 0; i < f->values.n; i++) {
		struct str v = f->values.v[i];
		while (type == TYPE_STRING && v.n && !v.p[v.n - 1])
			v.n--;
		if (v.n > 255 && (f->op == OPERATOR_PREFIX || f->op == OPERATOR_NOT_PREFIX))
			return slow_silent(q, "a prefix above 255 bytes");
		any |= text.n && text_is(f->op, text, v);   /* the kernel looks nothing up for an empty one */
	}
	return truth_of(any != negative);
}

static enum truth file_type(struct slow_question *q, const struct arg_filter *f, const struct arg *a)
{
	static const struct {
		const char *name;
		char letter;
	} types[] = {{"sock", 's'}, {"socket", 's'}, {"lnk", 'l'}, {"link", 'l'}, {"reg", '-'}, {"regular", '-'},
		     {"blk", 'b'}, {"block", 'b'}, {"dir", 'd'}, {"chr", 'c'}, {"char", 'c'}, {"fifo", 'p'}, {"pipe", 'p'}};
	bool any = false;
	if (!a->permission.n)
		return slow_maybe(q, "the line does not tell the file's type");
	if (a->permission.n < 10)
		return slow_silent(q, "a file without a type");
	for (size_t i = 0; i < f->values.n; i++)
		for (size_t k = 0; k < ARRAY_SIZE(types); k++)
			any |= str_eq(f->values.v[i], str_from(types[k].name)) && a->permission.p[0] == types[k].letter;
	return truth_of(any != (f->op == OPERATOR_NOT_FILE_TYPE));
}

/* Pipes, sockets, memfds and the root have an empty path, which no path operator takes, a negative one neither. */
static enum truth path_filter(struct slow_question *q, const struct arg_filter *f, enum policy_type type,
			      const struct arg *a)
{
	if (f->op == OPERATOR_FILE_TYPE || f->op == OPERATOR_NOT_FILE_TYPE)
		return file_type(q, f, a);
	if (a->flags.n)
		return slow_silent(q, "a path cut by the agent");
	return a->text.n ? text_filter(q, f, type, a->text) : FALSE_;
}

/* ---- one filter ---- */

static bool is_no_filter(enum policy_type t)
{
	static const enum policy_type types[] = {
		TYPE_CRED, TYPE_CAPABILITY, TYPE_USER_NAMESPACE, TYPE_LOAD_INFO, TYPE_MODULE, TYPE_BPF_ATTR, TYPE_BPF_PROG,
		TYPE_BPF_MAP, TYPE_PERF_EVENT, TYPE_KIOCB, TYPE_IOV_ITER, TYPE_CHAR_IOVEC, TYPE_FILENAME, TYPE_CONST_BUF,
		TYPE_NOP, TYPE_BPF_CMD};
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i] == t)
			return true;
	return false;
}

/* Types that no operator understands: the few that load hold always, but a filename at a system call never. */
static enum truth no_filter(struct slow_question *q, enum policy_type type, enum policy_operator op)
{
	if (op == OPERATOR_NOT_PREFIX || op == OPERATOR_NOT_POSTFIX)
		return slow_silent(q, "a negative operator on what has no filter");
	if (type == TYPE_FILENAME && str_starts(q->hit->site, STR("sys_")))
		return FALSE_;
	return type == TYPE_FILENAME ? slow_silent(q, "a filename elsewhere") : TRUE_;
}

static enum truth gained(struct slow_question *q, const struct slow_value *old, const struct slow_value *new)
{
	uint64_t before, after;
	unsigned known;
	if (!old || !new || !bits_of(old->arg, &before, &known) || !bits_of(new->arg, &after, &known))
		return slow_maybe(q, "capabilities before or after not told");
	return truth_of((after & ~before) != 0);
}

/* The LSM hook mmap_file has one argument more than security_mmap_file: reqprot, prot, flags for prot, flags. */
static uint32_t place_in(uint32_t index, bool lsm, bool to_lsm, struct str site)
{
	if (lsm == to_lsm || !str_eq(site, STR("security_mmap_file")) || index < 2)
		return index;
	return to_lsm ? index + 1 : index == 2 ? UINT32_MAX : index - 1;
}

const struct slow_value *slow_find_value(struct slow_question *q, const struct spec_arg *wanted)
{
	const struct slow_hit *hit = q->hit;
	bool lsm = q->hook->section == SECTION_LSM;
	for (size_t i = 0; i < hit->nvalues; i++) {
		const struct slow_value *v = &hit->values[i];
		if (place_in(v->index, hit->section == SECTION_LSM, lsm, hit->site) == wanted->index &&
		    str_eq(v->resolve, wanted->resolve))
			return v;
	}
	return NULL;
}

static bool is_text(const struct arg *a)
{
	return a->kind == ARG_STRING || a->kind == ARG_BYTES;
}

static enum truth socket_path_filter(struct slow_question *q, const struct arg_filter *f, const struct arg *a)
{
	if (f->op == OPERATOR_FAMILY)
		return slow_network(q, f, a, TYPE_SOCKADDR_UN);
	if (a->kind != ARG_SOCKADDR_UN || !str_eq(a->family, STR("AF_UNIX")) || str_starts(a->text, STR("@")))
		return slow_silent(q, "an abstract socket, or no unix socket");
	return f->op == OPERATOR_POSTFIX ? FALSE_ : text_filter(q, f, TYPE_SOCKADDR_UN, a->text);
}

enum truth slow_value_filter(struct slow_question *q, const struct arg_filter *f, const struct spec_arg *wanted,
			     const struct slow_value *v)
{
	if (v->arg->kind == ARG_ERROR)
		return FALSE_;
	if (width_of(wanted->type).bits)
		return number_filter(q, f, wanted->type, v->arg);
	if (is_path_type(wanted->type)) {
		if (!is_path_type(v->type) || (v->type == TYPE_DENTRY) != (wanted->type == TYPE_DENTRY))
			return slow_silent(q, "recorded as something else");
		return path_filter(q, f, wanted->type, v->arg);
	}
	switch (wanted->type) {
	case TYPE_STRING: case TYPE_NET_DEVICE: case TYPE_DATA_LOC: case TYPE_CHAR_BUF:
		if (!is_text(v->arg) || (wanted->type == TYPE_CHAR_BUF && v->size_index != (uint32_t)wanted->size_arg_index))
			return slow_silent(q, "recorded as something else");
		return text_filter(q, f, wanted->type, v->arg->text);
	case TYPE_SOCKADDR_UN:
		return socket_path_filter(q, f, v->arg);
	case TYPE_SOCK: case TYPE_SOCKET: case TYPE_SKB: case TYPE_SOCKADDR:
		return slow_network(q, f, v->arg, wanted->type);
	default:
		return slow_silent(q, "a type without filters");
	}
}

/* Kprobes and uprobes alone compute expressions. */
static enum truth expression(struct slow_question *q, const struct arg_filter *f, const struct slow_value *v)
{
	if (q->hook->section != SECTION_KPROBE && q->hook->section != SECTION_UPROBE)
		return FALSE_;
	/* Whether that is "a filter on" the argument it is written with, the rules do not say. */
	if (v && v->arg->kind == ARG_ERROR)
		return slow_silent(q, "an expression written with an argument that failed");
	return slow_expression(q, f->values.n ? f->values.v[0] : (struct str){NULL, 0});
}

enum truth slow_arg_filter(struct slow_question *q, const struct arg_filter *f)
{
	const struct spec_arg *wanted = slow_filtered(q->hook, f);
	if (!wanted)
		return slow_silent(q, "a filter on an argument that is not listed");
	if (q->hook->section == SECTION_TRACEPOINT && q->hook->raw != q->hit->raw)
		return slow_silent(q, "recorded in the other form of the tracepoint");
	const struct slow_value *v = slow_find_value(q, wanted);
	if (f->op == OPERATOR_CAPABILITIES_GAINED) {
		const struct spec_arg *new = f->nargs > 1 && f->args[1] < q->hook->nargs ? &q->hook->args[f->args[1]] : NULL;
		return gained(q, v, new ? slow_find_value(q, new) : NULL);
	}
	if (f->op == OPERATOR_CEL_EXPR)
		return expression(q, f, v);
	if (is_no_filter(wanted->type))
		return no_filter(q, wanted->type, f->op);
	if (substring_missing(q, f->op))
		return FALSE_;
	if (!v && (wanted->resolve.n || str_eq(q->hit->site, STR("security_mmap_file"))))   /* another may tell it */
		return slow_silent(q, "a field that the line does not tell");
	if (!v)
		return slow_maybe(q, "an argument that the line does not tell");
	return slow_value_filter(q, f, wanted, v);
}
