/* SPDX-License-Identifier: GPL-2.0-only */
/* Connects: the longest prefix around the address, then the port rules that its entry lists. */
#pragma once

#include "bpf/judge.h"

struct remote {
	__u8 address[16];       /* IPv4 in the first 4 */
	__u8 family, protocol;
	__u16 port;
};

struct port_search {
	struct scratch *s;      /* NULL: callers are not known yet */
	__u32 slot, next, end, caller;
	__u16 port;
	__u8 protocol;
	__u8 depends;           /* a rule fits but for its caller */
	__u32 found;            /* number of the rule in "ports", plus 1 */
};

static long port_step(__u32 i, struct port_search *q)
{
	__u32 number = q->next;
	if (number >= q->end)
		return 1;
	void *table = table_of(&ports, q->slot);
	const struct image_port *p = table ? bpf_map_lookup_elem(table, &number) : NULL;
	if (!p)
		return 1;
	if (match_port(p, q->port, q->protocol, q->caller)) {
		q->found = number + 1;
		return 1;
	}
	if (p->caller && match_port(p, q->port, q->protocol, p->caller))
		q->depends = 1;
	q->next = number + 1;
	return 0;
}

static __always_inline const struct image_net *find_net(__u32 slot, const struct remote *to)
{
	__u8 v4[4] = {to->address[0], to->address[1], to->address[2], to->address[3]};
	if (to->family == 4 || match_mapped(to->address, v4)) {
		struct image_net4 key = match_key4(v4);
		void *table = table_of(&net4, slot);
		return table ? bpf_map_lookup_elem(table, &key) : NULL;
	}
	struct image_net6 key = match_key6(to->address);
	void *table = table_of(&net6, slot);
	return table ? bpf_map_lookup_elem(table, &key) : NULL;
}

/* The number of the rule that allows it plus 1; 0 = none. */
static __noinline __u32 port_rule(struct port_search *q, const struct image_net *net)
{
	q->next = net->first;
	q->end = net->first + net->count;
	q->found = 0;
	bpf_loop(IMAGE_PORTS_MAX, port_step, q, 0);
	return q->found;
}

static __noinline int refuse_connect(struct scratch *s, struct who *w, const struct remote *to)
{
	s->refusal.object_length = 0;
	s->refusal.flags = 0;
	s->refusal.access = 0;
	s->place = ENFORCE_CONNECT;
	s->refusal.family = to->family;
	s->refusal.protocol = to->protocol;
	s->refusal.port = to->port;
	__builtin_memcpy(s->refusal.address, to->address, 16);
	return refuse(s, w, ENFORCE_CONNECT, ENFORCE_REFUSED);
}

static __always_inline int judge_connect(const struct remote *to)
{
	struct who w;
	if (!find_who(&w) || !judges(&w, IMAGE_JUDGES_CONNECT))
		return 0;
	__u32 slot = ENFORCE_SLOT(w.word), rule = 0;
	struct port_search q = {.slot = slot, .port = to->port, .protocol = to->protocol};
	const struct image_net *net = find_net(slot, to);
	if (net)
		rule = port_rule(&q, net);
	if (rule) {
		count_allowed(&port_hits, slot, rule - 1);
		return 0;
	}
	struct scratch *s = scratch_get();
	if (!s)
		return refuse_unseen(&w, ENFORCE_CONNECT);
	s->slot = slot;
	if (net && q.depends) {
		find_caller(s, w.task);
		q.caller = s->caller;
		rule = s->caller ? port_rule(&q, net) : 0;
	}
	int refused = 0;
	if (rule)
		count_allowed(&port_hits, slot, rule - 1);
	else if (!is_exempt(w.task, NULL))
		refused = refuse_connect(s, &w, to);
	scratch_put(s);
	return refused;
}

/* A kind of socket that no program is asked about later. */
static __always_inline int judge_socket(const struct remote *to)
{
	struct who w;
	if (!find_who(&w) || !judges(&w, IMAGE_JUDGES_CONNECT) || is_exempt(w.task, NULL))
		return 0;
	struct scratch *s = scratch_get();
	if (!s)
		return refuse_unseen(&w, ENFORCE_CONNECT);
	s->slot = ENFORCE_SLOT(w.word);
	int refused = refuse_connect(s, &w, to);
	scratch_put(s);
	return refused;
}
