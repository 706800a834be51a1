/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A connection is told by up to three filters of one selector (protocol or family, port, network); people read them
 * as one thing: "goes over TCP to port 5432 of an address other than 10.0.0.0/8".
 */
#include "compiler/emit/words_values.h"

enum { SHOWN = 3 };

static const struct {
	const char *value, *text;
} value_words[] = {
	{"AF_INET", "IPv4"}, {"AF_INET6", "IPv6"}, {"AF_UNIX", "a unix socket"}, {"AF_NETLINK", "netlink"},
	{"AF_PACKET", "raw packets"}, {"AF_VSOCK", "vsock"}, {"IPPROTO_TCP", "TCP"}, {"IPPROTO_UDP", "UDP"},
	{"IPPROTO_ICMP", "ICMP"}, {"IPPROTO_ICMPV6", "ICMPv6"}, {"IPPROTO_SCTP", "SCTP"}, {"IPPROTO_RAW", "raw IP"},
	{"IPPROTO_UDPLITE", "UDP-Lite"}, {"IPPROTO_MPTCP", "multipath TCP"},
};

static bool is_network(enum policy_operator op)
{
	return op == OPERATOR_SADDR || op == OPERATOR_NOT_SADDR || op == OPERATOR_DADDR || op == OPERATOR_NOT_DADDR;
}

static bool is_port(enum policy_operator op)
{
	return op == OPERATOR_SPORT || op == OPERATOR_NOT_SPORT || op == OPERATOR_DPORT || op == OPERATOR_NOT_DPORT;
}

static bool is_negative(enum policy_operator op)
{
	return op == OPERATOR_NOT_SADDR || op == OPERATOR_NOT_DADDR || op == OPERATOR_NOT_SPORT ||
	       op == OPERATOR_NOT_DPORT;
}

/* A single address needs no length. */
static struct str network_text(struct str v)
{
	struct str single = memchr(v.p, ':', v.n) ? STR("/128") : STR("/32");
	return str_ends(v, single) ? (struct str){v.p, v.n - single.n} : v;
}

/* ::ffff:10.0.0.0/104 beside 10.0.0.0/8: the same peers, asked for through an IPv6 socket. */
static bool repeats(const struct strs *values, struct str v)
{
	uint64_t bits, mapped;
	const char *slash = memrchr(v.p, '/', v.n);
	if (!str_starts(v, STR("::ffff:")) || !slash || str_to_u64(str_skip(v, (size_t)(slash + 1 - v.p)), &mapped))
		return false;
	struct str address = str_skip(v, sizeof("::ffff:") - 1);
	for (size_t i = 0; i < values->n; i++) {
		struct str other = values->v[i];
		const char *end = memrchr(other.p, '/', other.n);
		size_t n = end ? (size_t)(end - other.p) : 0;
		if (n && n == (size_t)(slash - address.p) && !memcmp(other.p, address.p, n) &&
		    !str_to_u64(str_skip(other, n + 1), &bits) && bits + 96 == mapped)
			return true;
	}
	return false;
}

static void put_value(enum policy_operator op, struct str v, struct buf *b)
{
	const char *colon = is_port(op) ? memchr(v.p, ':', v.n) : NULL;
	if (op == OPERATOR_FAMILY || op == OPERATOR_PROTOCOL)
		for (size_t i = 0; i < ARRAY_SIZE(value_words); i++)
			if (str_eq(v, str_from(value_words[i].value)))
				v = str_from(value_words[i].text);
	if (is_network(op))
		v = network_text(v);
	if (colon)
		buf_printf(b, "%.*s to %.*s", (int)(colon - v.p), v.p, (int)(v.p + v.n - colon - 1), colon + 1);
	else
		buf_str(b, v);
}

void words_values(enum policy_operator op, const struct strs *values, struct buf *b)
{
	size_t n = 0, put = 0;
	for (size_t i = 0; i < values->n; i++)
		n += !(is_network(op) && repeats(values, values->v[i]));
	size_t shown = n > SHOWN + 1 ? SHOWN : n;
	for (size_t i = 0; i < values->n && put < shown; i++) {
		if (is_network(op) && repeats(values, values->v[i]))
			continue;
		buf_puts(b, put ? put + 1 == n ? " or " : ", " : " ");
		put_value(op, values->v[i], b);
		put++;
	}
	if (shown < n)
		buf_printf(b, " or %zu others", n - shown);
}

const struct spec_arg *words_argument(const struct hook *h, const struct arg_filter *f)
{
	if (f->nargs)
		return f->args[0] < h->nargs ? &h->args[f->args[0]] : NULL;
	for (size_t i = 0; i < h->nargs; i++) {
		if (h->args[i].index == f->index)
			return &h->args[i];
	}
	return NULL;
}

/* What a filter tells of the connection; the address of a sockaddr is the peer's, a socket's own is its source. */
enum { PROTOCOL, FAMILY, PORT, NETWORK, PARTS, NO_PART };
static int part_of(const struct hook *h, const struct arg_filter *f)
{
	const struct spec_arg *a = words_argument(h, f);
	bool sockaddr = a && a->type == TYPE_SOCKADDR, socket = a && (a->type == TYPE_SOCK || a->type == TYPE_SOCKET);
	if (!sockaddr && !socket)
		return NO_PART;
	if (f->op == OPERATOR_PROTOCOL || f->op == OPERATOR_FAMILY)
		return f->op == OPERATOR_PROTOCOL ? PROTOCOL : FAMILY;
	bool own = f->op == OPERATOR_SADDR || f->op == OPERATOR_NOT_SADDR || f->op == OPERATOR_SPORT ||
		   f->op == OPERATOR_NOT_SPORT;
	if (own != sockaddr)
		return NO_PART;
	return is_network(f->op) ? NETWORK : is_port(f->op) ? PORT : NO_PART;
}

uint32_t words_connection(const struct hook *h, const struct selector *s, struct buf *b)
{
	static const char *const plain[PARTS] = {" over", " over", " to port", " to"};
	static const char *const negative[PARTS] = {[PORT] = " to a port other than", [NETWORK] = " to an address other than"};
	const struct arg_filter *parts[PARTS] = {NULL};
	uint32_t told = 0;
	if (!str_ends(h->call, STR("connect")))
		return 0;
	for (size_t i = 0; i < s->nargs && i < 32; i++) {
		int part = part_of(h, &s->args[i]);
		if (part == NO_PART || parts[part])
			continue;
		parts[part] = &s->args[i];
		told |= 1u << i;
	}
	if (told)
		buf_puts(b, "it goes");
	for (int i = 0; i < PARTS; i++) {
		if (!parts[i])
			continue;
		bool not = is_negative(parts[i]->op);
		if (i == NETWORK && parts[PORT])
			buf_puts(b, not ? " of an address other than" : " of");
		else
			buf_puts(b, not ? negative[i] : plain[i]);
		words_values(parts[i]->op, &parts[i]->values, b);
	}
	return told;
}
