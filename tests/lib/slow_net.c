/* SPDX-License-Identifier: GPL-2.0-only */
/* Section 3.3 of the rules: addresses, ports, protocol, family, state. */
#include "tests/lib/slow_private.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

struct name_number {
	const char *name;
	int64_t number;
};

static const struct name_number protocols[] = {
	{"IPPROTO_ICMP", IPPROTO_ICMP}, {"IPPROTO_TCP", IPPROTO_TCP}, {"IPPROTO_UDP", IPPROTO_UDP},
	{"IPPROTO_ICMPV6", IPPROTO_ICMPV6}, {"IPPROTO_SCTP", IPPROTO_SCTP}, {"IPPROTO_RAW", IPPROTO_RAW},
	{"IPPROTO_IP", IPPROTO_IP},
};
static const struct name_number families[] = {
	{"AF_UNSPEC", AF_UNSPEC}, {"AF_UNIX", AF_UNIX}, {"AF_INET", AF_INET}, {"AF_INET6", AF_INET6},
	{"AF_NETLINK", AF_NETLINK}, {"AF_PACKET", AF_PACKET}, {"AF_VSOCK", AF_VSOCK},
};
static const struct name_number states[] = {
	{"TCP_ESTABLISHED", 1}, {"TCP_SYN_SENT", 2}, {"TCP_SYN_RECV", 3}, {"TCP_FIN_WAIT1", 4}, {"TCP_FIN_WAIT2", 5},
	{"TCP_TIME_WAIT", 6}, {"TCP_CLOSE", 7}, {"TCP_CLOSE_WAIT", 8}, {"TCP_LAST_ACK", 9}, {"TCP_LISTEN", 10},
	{"TCP_CLOSING", 11},
};

static bool find_name(const struct name_number *v, size_t n, struct str text, int64_t *ret)
{
	for (size_t i = 0; i < n; i++) {
		if (!str_eq(text, str_from(v[i].name)))
			continue;
		*ret = v[i].number;
		return true;
	}
	return slow_decimal(text, ret);
}

bool slow_named_number(enum policy_operator op, struct str text, int64_t *ret)
{
	switch (op) {
	case OPERATOR_PROTOCOL:
		return find_name(protocols, ARRAY_SIZE(protocols), text, ret);
	case OPERATOR_FAMILY:
		return find_name(families, ARRAY_SIZE(families), text, ret);
	case OPERATOR_STATE:
		return find_name(states, ARRAY_SIZE(states), text, ret);
	default:
		return false;
	}
}

/* ---- addresses ---- */

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	for (unsigned i = 0; i < bits; i++)
		if ((a[i / 8] ^ b[i / 8]) >> (7 - i % 8) & 1)
			return false;
	return true;
}

/* Is ADDRESS within TEXT, an address or a network? False for one of the other family; a zone is left out. */
static bool within(const struct address *address, struct str text)
{
	char copy[128];
	uint8_t bytes[16] = {0};
	if (text.n >= sizeof(copy))
		return false;
	snprintf(copy, sizeof(copy), STR_FMT, STR_ARG(text));
	char *slash = strchr(copy, '/');
	if (slash)
		*slash++ = '\0';
	copy[strcspn(copy, "%")] = '\0';
	bool six = strchr(copy, ':') != NULL;
	if (inet_pton(six ? AF_INET6 : AF_INET, copy, bytes) != 1 || six != (address->family == 6))
		return false;
	int64_t bits = six ? 128 : 32;
	if (slash && !slow_decimal(str_from(slash), &bits))
		return false;
	return same_bits(address->bytes, bytes, (unsigned)bits);
}

/*
 * The sets of the two families are apart; neither operator holds for a family that is neither, and a family of
 * which no value is listed is none of the values.
 */
static enum truth address_filter(struct slow_question *q, const struct arg_filter *f, const struct address *a)
{
	bool negative = f->op == OPERATOR_NOT_SADDR || f->op == OPERATOR_NOT_DADDR;
	if (a->family != 4 && a->family != 6)
		return slow_maybe(q, "an address that is not told");
	bool any = false;
	bool own = false;
	for (size_t i = 0; i < f->values.n; i++)
		own |= (memchr(f->values.v[i].p, ':', f->values.v[i].n) != NULL) == (a->family == 6);
	const struct arg_filter *writer = own ? slow_address_table(q, f, a->family == 6) : f;
	for (size_t i = 0; i < writer->values.n; i++)
		any |= within(a, writer->values.v[i]);
	return truth_of(any != negative);
}

/* ---- ports and the rest ---- */

static bool negative(enum policy_operator op)
{
	return op == OPERATOR_NOT_SPORT || op == OPERATOR_NOT_DPORT || op == OPERATOR_NOT_SPORT_PRIV ||
	       op == OPERATOR_NOT_DPORT_PRIV;
}

/* A number in the values of whoever wrote the table (3.5), each as its writer's operator reads it. */
static enum truth in_table(struct slow_question *q, const struct arg_filter *f, int64_t key)
{
	const struct arg_filter *writer = slow_table(q, f);
	bool any = false;
	for (size_t i = 0; i < writer->values.n; i++) {
		struct slow_range r;
		int64_t v;
		if (slow_named_number(writer->op, writer->values.v[i], &v))
			r = (struct slow_range){v, v};
		else if (!slow_range_of(writer->values.v[i], &r))
			return slow_silent(q, "a value that is no number");
		any |= key >= r.first && key <= r.last;
	}
	return truth_of(any != negative(f->op));
}

static enum truth named(struct slow_question *q, const struct arg_filter *f, struct str told)
{
	int64_t key;
	if (!told.n)
		return slow_maybe(q, "protocol, family or state not told");
	if (!slow_named_number(f->op, told, &key))
		return slow_silent(q, "a name that has no number here");
	return in_table(q, f, key);
}

enum truth slow_network(struct slow_question *q, const struct arg_filter *f, const struct arg *a, enum policy_type type)
{
	bool single = type == TYPE_SOCKADDR;
	if (type == TYPE_SOCKADDR_UN ? a->kind != ARG_SOCKADDR_UN
	    : single                 ? a->kind != ARG_SOCKADDR
	    : type == TYPE_SKB       ? a->kind != ARG_SKB
				     : a->kind != ARG_SOCK)
		return slow_silent(q, "recorded as something else");
	bool inet = str_eq(a->family, STR("AF_INET")) || str_eq(a->family, STR("AF_INET6"));
	/* A sockaddr has one address, which operators call the source. */
	const struct address *source = single ? &a->dest : &a->source;
	if (type == TYPE_SKB && !inet)
		return slow_silent(q, "a packet that is neither: old fields");
	if (!a->family.n && f->op != OPERATOR_PROTOCOL && f->op != OPERATOR_STATE)
		return slow_maybe(q, "a family that is not told");
	switch (f->op) {
	case OPERATOR_SADDR: case OPERATOR_NOT_SADDR:
		return inet ? address_filter(q, f, source) : FALSE_;
	case OPERATOR_DADDR: case OPERATOR_NOT_DADDR:
		return inet ? address_filter(q, f, &a->dest) : FALSE_;
	case OPERATOR_SPORT: case OPERATOR_NOT_SPORT:
		return in_table(q, f, inet ? source->port : 0);
	case OPERATOR_DPORT: case OPERATOR_NOT_DPORT:
		return in_table(q, f, inet ? a->dest.port : 0);
	case OPERATOR_SPORT_PRIV: case OPERATOR_NOT_SPORT_PRIV:
		return truth_of(((inet ? source->port : 0) < 1024) != negative(f->op));
	case OPERATOR_DPORT_PRIV: case OPERATOR_NOT_DPORT_PRIV:
		return truth_of(((inet ? a->dest.port : 0) < 1024) != negative(f->op));
	case OPERATOR_PROTOCOL:
		return named(q, f, a->protocol);
	case OPERATOR_FAMILY:
		return named(q, f, a->family);
	case OPERATOR_STATE:
		return named(q, f, a->state);
	default:
		return slow_silent(q, "an operator that sockets do not have");
	}
}
