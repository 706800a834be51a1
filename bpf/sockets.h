/* SPDX-License-Identifier: GPL-2.0-only */
/* Connects and binds: addresses from the cgroup's hooks, names of unix sockets from whatever tells them. */
#pragma once

#include "bpf/objects.h"

struct remote {
	__u64 high, low;        /* the address as two words */
	__u16 port;
	__u8 family, protocol;
	__u32 tags;             /* WIRE_TAG_UNCONNECTED, _LISTENING or 0 */
	__u32 kind;             /* WIRE_CONNECT, WIRE_BIND */
};

static __always_inline enum wire_loss socket_loss(__u32 kind)
{
	return kind == WIRE_BIND || kind == WIRE_BIND_UNIX ? WIRE_LOSS_BIND_RING : WIRE_LOSS_CONNECT_RING;
}

static __always_inline struct scratch *socket_scratch(const struct subject *w, __u32 kind)
{
	return scratch_get(w->cgroup, kind == WIRE_BIND || kind == WIRE_BIND_UNIX ? WIRE_LOSS_BIND_SCRATCH : WIRE_LOSS_CONNECT_SCRATCH);
}

static __noinline int connect_first(struct scratch *s, const struct subject *w,
				    const struct remote *to, __u64 key)
{
	if (introduce(s, w))
		return -1;
	fill_header(&s->header, w, to->kind, key);
	s->header.tags = to->tags;
	s->header.length = sizeof(s->connect);
	bpf_probe_read_kernel(s->connect.address, 16, &to->high);
	s->connect.port = to->port;
	s->connect.family = to->family;
	s->connect.protocol = to->protocol;
	s->connect.reserved = 0;
	return emit(&s->connect, sizeof(s->connect));
}

static __always_inline void on_address(const struct remote *to)
{
	struct subject w;
	if (!subject_now(&w, bpf_get_current_task_btf()) || unwanted_group(&w))
		return;
	__u64 small = to->port | (__u64)to->family << 16 | (__u64)to->protocol << 24 | (__u64)to->tags << 32;
	__u64 key = key_of(&w, to->high * K2 + to->low * K3 + small * K4 + w.image * K5 + K1 + to->kind);
	if (count_seen(&w, key)) {
		if (every_event)
			again(&w, key, 0, socket_loss(to->kind));
		return;
	}
	struct scratch *s = socket_scratch(&w, to->kind);
	if (!s)
		return;
	if (connect_first(s, &w, to, key))
		lose(w.cgroup, socket_loss(to->kind));
	else
		insert_seen(&w, key, socket_loss(to->kind));
	scratch_put(s);
}

static __always_inline int address_v4(struct bpf_sock_addr *ctx, __u32 kind, __u32 tags)
{
	struct remote to = {.high = ctx->user_ip4, .family = 4, .protocol = ctx->protocol, .tags = tags, .kind = kind};
	to.port = bpf_ntohs(ctx->user_port);
	on_address(&to);
	return 1;
}

static __always_inline int address_v6(struct bpf_sock_addr *ctx, __u32 kind, __u32 tags)
{
	struct remote to = {.family = 6, .protocol = ctx->protocol, .tags = tags, .kind = kind};
	to.high = ctx->user_ip6[0] | (__u64)ctx->user_ip6[1] << 32;
	to.low = ctx->user_ip6[2] | (__u64)ctx->user_ip6[3] << 32;
	to.port = bpf_ntohs(ctx->user_port);
	on_address(&to);
	return 1;
}

SEC("cgroup/connect4")
int connect_4(struct bpf_sock_addr *ctx)
{
	return address_v4(ctx, WIRE_CONNECT, 0);
}

SEC("cgroup/connect6")
int connect_6(struct bpf_sock_addr *ctx)
{
	return address_v6(ctx, WIRE_CONNECT, 0);
}

SEC("cgroup/sendmsg4")
int connect_sendmsg4(struct bpf_sock_addr *ctx)
{
	return address_v4(ctx, WIRE_CONNECT, WIRE_TAG_UNCONNECTED);
}

SEC("cgroup/sendmsg6")
int connect_sendmsg6(struct bpf_sock_addr *ctx)
{
	return address_v6(ctx, WIRE_CONNECT, WIRE_TAG_UNCONNECTED);
}

SEC("cgroup/bind4")
int bind_4(struct bpf_sock_addr *ctx)
{
	return address_v4(ctx, WIRE_BIND, 0);
}

SEC("cgroup/bind6")
int bind_6(struct bpf_sock_addr *ctx)
{
	return address_v6(ctx, WIRE_BIND, 0);
}

#define AF_INET_      2
#define IPPROTO_TCP_  6
#define TCP_SYN_SENT_ 2

/* Where cgroup hooks cannot be attached: TCP only; in the caller's context for this one transition. */
#define TCP_LISTEN_   10

/* In listen(2), before an address that nobody chose is taken: port 0, as for a bind. Of MPTCP it is the flow within that counts. */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(listen_tcp, const struct sock *sk, int old_state, int new_state)
{
	__u16 protocol = BPF_CORE_READ(sk, sk_protocol);
	if (new_state != TCP_LISTEN_ || old_state == TCP_LISTEN_ || protocol > 255)
		return 0;
	struct remote at = {.protocol = protocol, .family = 6, .kind = WIRE_BIND, .tags = WIRE_TAG_LISTENING};
	at.port = BPF_CORE_READ(sk, __sk_common.skc_num);
	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET_) {
		at.family = 4;
		at.high = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);
	} else {
		bpf_probe_read_kernel(&at.high, 16, (void *)sk +
				      bpf_core_field_offset(struct sock, __sk_common.skc_v6_rcv_saddr));
	}
	on_address(&at);
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(connect_tcp, const struct sock *sk, int old_state, int new_state)
{
	if (new_state != TCP_SYN_SENT_)
		return 0;
	struct remote to = {.protocol = IPPROTO_TCP_, .family = 6, .kind = WIRE_CONNECT};
	to.port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET_) {
		to.family = 4;
		to.high = BPF_CORE_READ(sk, __sk_common.skc_daddr);
	} else {
		bpf_probe_read_kernel(&to.high, 16, (void *)sk +
				      bpf_core_field_offset(struct sock, __sk_common.skc_v6_daddr));
	}
	on_address(&to);
	return 0;
}


/* ---- unix sockets ---- */

#define AF_UNIX_ 1

struct unix_name {
	__u64 length;           /* of the address as it was given */
	struct {
		__u16 family;
		char path[108];
		char end[2];    /* stays 0: the name may fill the rest */
	} address;
};

/* The name into s->strings, "@NAME" for an abstract one; false when it has none. */
static __always_inline bool read_unix(struct scratch *s, const struct unix_name *n)
{
	__u64 length = n->length;
	if (length <= 2 || n->address.family != AF_UNIX_)
		return false;
	length -= 2;
	if (length > sizeof(n->address.path))
		length = sizeof(n->address.path);
	if (n->address.path[0]) {
		long got = bpf_probe_read_kernel_str(s->strings, sizeof(n->address.path) + 1, n->address.path);
		s->length = got > 1 ? got - 1 : 0;
		if (s->length > length)
			s->length = length;
		return got > 1;
	}
	s->strings[0] = '@';
	s->length = length;
	length -= 1;
	asm volatile("" : "+r"(length));
	length &= 127;
	if (length > 107)
		return false;
	bpf_probe_read_kernel(s->strings + 1, length, n->address.path + 1);
	return true;
}

static __noinline int unix_unseen(struct scratch *s, const struct subject *w, __u32 kind, __u64 key)
{
	struct typed as_is = {};
	if (!introduce(s, w)) {
		join(s, w->task, &as_is);
		fill_header(&s->header, w, kind, key);
		if (!emit_text(s))
			return insert_seen(w, key, socket_loss(kind));
	}
	lose(w->cgroup, socket_loss(kind));
	return 0;
}

static __noinline int on_unix(struct task_struct *task, const struct unix_name *n, __u32 kind)
{
	struct subject w;
	if (n->length <= 2 || n->address.family != AF_UNIX_ || !subject_now(&w, task) || unwanted_group(&w))
		return 0;
	struct scratch *s = socket_scratch(&w, kind);
	if (!s)
		return 0;
	if (read_unix(s, n)) {
		hash_strings(s);
		__u64 key = key_of(&w, s->hash * K2 + w.image * K5 + K1 + kind);
		if (!count_seen(&w, key))
			unix_unseen(s, &w, kind, key);
		else if (every_event)
			again(&w, key, 0, socket_loss(kind));
	}
	scratch_put(s);
	return 0;
}
