/* SPDX-License-Identifier: GPL-2.0-only */
/* Filters on sockets and addresses: which families they see, and which end of a connection. */
#include "compiler/lint/lint_walk.h"

static bool address_operator(enum policy_operator op)
{
	return op == OPERATOR_SADDR || op == OPERATOR_NOT_SADDR || op == OPERATOR_DADDR || op == OPERATOR_NOT_DADDR;
}

static bool is_six(struct str v)
{
	return v.n && memchr(v.p, ':', v.n);
}

/* Families that a filter of S lets pass: bit 0 IPv4, bit 1 IPv6, bit 2 others. */
static unsigned families(const struct selector *s)
{
	unsigned all = 7;
	for (size_t i = 0; i < s->nargs; i++) {
		unsigned these = 0;
		if (address_operator(s->args[i].op))
			all &= 1 | 2;   /* false for every other family, the negative ones too */
		if (s->args[i].op != OPERATOR_FAMILY)
			continue;
		for (size_t k = 0; k < s->args[i].values.n; k++) {
			struct str v = s->args[i].values.v[k];
			these |= str_eq(v, STR("AF_INET")) || str_eq(v, STR("2"))	? 1
				 : str_eq(v, STR("AF_INET6")) || str_eq(v, STR("10")) ? 2
										      : 4;
		}
		all &= these;
	}
	return all;
}

static void count(const struct strs *values, size_t *four, size_t *six, size_t *mapped)
{
	*four = *six = *mapped = 0;
	for (size_t i = 0; i < values->n; i++) {
		bool is_mapped = str_starts(values->v[i], STR("::ffff:")) || str_starts(values->v[i], STR("::FFFF:"));
		*mapped += is_mapped || str_starts(values->v[i], STR("::/"));
		*six += is_six(values->v[i]);
		*four += !is_six(values->v[i]);
	}
}

static void one_family(struct lint_context *c, const struct hook *h, const struct selector *s,
		       const struct arg_filter *f, const struct spec_arg *arg)
{
	size_t four, six, mapped;
	(void)h, (void)arg;
	if (!address_operator(f->op) || !lint_negative(f->op) || !f->values.n)
		return;
	count(&f->values, &four, &six, &mapped);
	if (!six && families(s) & 2)
		lint_report(c, f->at, "list the IPv6 networks too, ::ffff:... for IPv4 through IPv6 sockets, or add a filter "
			    "Family AF_INET", "%s with IPv4 values alone passes for every IPv6 peer", operator_name(f->op));
}

void lint_not_address_one_family(struct lint_context *c)
{
	lint_each_filter(c, one_family);
}

/* Reported where NotXAddr has both families; with IPv4 alone, the lint above says it. */
static void mapped_missing(struct lint_context *c, const struct hook *h, const struct selector *s,
			   const struct arg_filter *f, const struct spec_arg *arg)
{
	size_t four, six, mapped;
	(void)h;
	if (!address_operator(f->op) || arg->type == TYPE_SKB || !lint_stops(s))
		return;
	count(&f->values, &four, &six, &mapped);
	if (four && !mapped && (lint_negative(f->op) ? six && families(s) & 2 : true))
		lint_report(c, f->at, "add ::ffff:ADDRESS/(96 + bits) for each IPv4 network, and AF_INET6 where Family is filtered",
			    "an IPv6 socket that connects to ::ffff:a.b.c.d reaches a.b.c.d, and is compared as IPv6: %s",
			    lint_negative(f->op) ? "it is stopped" : "it is not stopped");
}

void lint_mapped_address(struct lint_context *c)
{
	lint_each_filter(c, mapped_missing);
}

/* Hooks that sockets of every family pass. */
static bool any_family(const struct hook *h)
{
	return lint_hook_is(h, "socket_connect") || lint_hook_is(h, "socket_bind") || lint_hook_is(h, "socket_sendmsg") ||
	       lint_hook_is(h, "socket_listen") || lint_hook_is(h, "socket_accept") || lint_syscall_is(h, "connect") ||
	       lint_syscall_is(h, "bind");
}

static void no_port(struct lint_context *c, const struct hook *h, const struct selector *s, const struct arg_filter *f,
		    const struct spec_arg *arg)
{
	(void)arg;
	bool port = f->op == OPERATOR_NOT_SPORT || f->op == OPERATOR_NOT_DPORT || f->op == OPERATOR_SPORT_PRIV ||
		    f->op == OPERATOR_DPORT_PRIV;
	if (port && any_family(h) && families(s) & 4)
		lint_report(c, f->at, "add a filter on the same argument: Family AF_INET, AF_INET6",
			    "%s passes for unix sockets and AF_UNSPEC, whose port reads 0", operator_name(f->op));
}

void lint_port_other_family(struct lint_context *c)
{
	lint_each_filter(c, no_port);
}

static void no_peer(struct lint_context *c, const struct hook *h, const struct selector *s, const struct arg_filter *f,
		    const struct spec_arg *arg)
{
	(void)s;
	bool remote = f->op == OPERATOR_DADDR || f->op == OPERATOR_NOT_DADDR || f->op == OPERATOR_DPORT ||
		      f->op == OPERATOR_NOT_DPORT || f->op == OPERATOR_DPORT_PRIV || f->op == OPERATOR_NOT_DPORT_PRIV;
	if (remote && lint_hook_is(h, "socket_connect") && (arg->type == TYPE_SOCKET || arg->type == TYPE_SOCK))
		lint_report(c, f->at, "take argument 1 as sockaddr, and SAddr and SPort: there they are the destination",
			    "the socket has no peer yet when it connects: its address and port read 0");
}

void lint_socket_no_peer(struct lint_context *c)
{
	lint_each_filter(c, no_peer);
}

static void unconnected(struct lint_context *c, const struct hook *h, const struct selector *s,
			const struct arg_filter *f, const struct spec_arg *arg)
{
	(void)s;
	bool udp = str_eq(h->call, STR("udp_sendmsg")) || str_eq(h->call, STR("udpv6_sendmsg")) ||
		   lint_hook_is(h, "socket_sendmsg");
	bool remote = f->op == OPERATOR_DADDR || f->op == OPERATOR_NOT_DADDR || f->op == OPERATOR_DPORT ||
		      f->op == OPERATOR_NOT_DPORT;
	if (udp && remote && (arg->type == TYPE_SOCK || arg->type == TYPE_SOCKET))
		lint_report(c, f->at, "hook ip_send_skb and compare the skb, argument 1",
			    "a socket that sends without a connect has no remote address: it reads 0");
}

void lint_unconnected_socket(struct lint_context *c)
{
	lint_each_filter(c, unconnected);
}

static void unix_family(struct lint_context *c, const struct hook *h, const struct selector *s,
			const struct arg_filter *f, const struct spec_arg *arg)
{
	(void)h;
	if (arg->type == TYPE_SOCKADDR_UN && f->op != OPERATOR_FAMILY && families(s) & 3)
		lint_report(c, f->at, "put a filter Family AF_UNIX on the same argument before it",
			    "with an address of another family this compares bytes left from before");
}

void lint_unix_family(struct lint_context *c)
{
	lint_each_filter(c, unix_family);
}

static void unix_postfix(struct lint_context *c, const struct hook *h, const struct selector *s,
			 const struct arg_filter *f, const struct spec_arg *arg)
{
	(void)h, (void)s;
	if (arg->type == TYPE_SOCKADDR_UN && (f->op == OPERATOR_POSTFIX || f->op == OPERATOR_NOT_POSTFIX))
		lint_report(c, f->at, "use Equal or Prefix", "%s on type sockaddr_un %s", operator_name(f->op),
			    lint_negative(f->op) ? "always passes" : "never passes");
}

void lint_unix_postfix(struct lint_context *c)
{
	lint_each_filter(c, unix_postfix);
}

static void connect_gaps(struct lint_context *c, const struct hook *h)
{
	if (lint_hook_is(h, "socket_connect") && lint_hook_stops(c, h) && !lint_policy_hooks(c, "socket_sendmsg", true))
		lint_report(c, h->at, "hook socket_sendmsg as well, or deny TCP fast open and unconnected UDP elsewhere",
			    "TCP fast open and sendto on an unconnected socket reach a peer without this hook");
}

void lint_connect_gaps(struct lint_context *c)
{
	lint_each_hook(c, connect_gaps);
}
