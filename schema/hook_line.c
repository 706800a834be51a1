/* SPDX-License-Identifier: GPL-2.0-only */
/* The hook of Tetragon's that means the same, with the arguments that it would report. */
#include "schema/hook_line.h"

#include "schema/hook.h"

static void add_arg(struct hook_line *h, struct arg a)
{
	h->args[h->n++] = a;
}

static void file_line(const struct event *ev, struct hook_line *h)
{
	static const struct {
		uint32_t access;
		struct str hook, call;   /* call: the path is as typed, only a call tells such a name */
	} names[] = {
		{ACCESS_UNLINK, STR_INIT("security_path_unlink"), STR_INIT("sys_unlink")},
		{ACCESS_RENAME, STR_INIT("security_path_rename"), STR_INIT("sys_rename")},
		{ACCESS_LINK, STR_INIT("security_path_link"), STR_INIT("sys_link")},
		{ACCESS_CHMOD, STR_INIT("security_path_chmod"), STR_INIT("sys_chmod")},
	};
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!(ev->access & names[i].access))
			continue;
		if (!ev->path_known) {
			h->hook = names[i].call;
			add_arg(h, (struct arg){.kind = ARG_STRING, .text = ev->path});
			return;
		}
		h->hook = names[i].hook;
		add_arg(h, (struct arg){.kind = ARG_PATH, .text = ev->path});
		return;
	}
	if (!ev->path_known && ev->path.n) {   /* as typed: only the call tells such a name */
		h->hook = STR("sys_openat");
		add_arg(h, (struct arg){.kind = ARG_STRING, .text = ev->path});
		add_arg(h, (struct arg){.kind = ARG_INT, .number = (int64_t)flags_of_access(ev->access)});
		return;
	}
	if (ev->access == ACCESS_TRUNCATE || ev->access == ACCESS_CREATE) {
		h->hook = ev->access == ACCESS_CREATE ? STR("security_path_mknod") : STR("security_path_truncate");
		add_arg(h, (struct arg){.kind = ARG_PATH, .text = ev->path});
		return;
	}
	add_arg(h, (struct arg){.kind = ARG_FILE, .text = ev->path});
	if (ev->access & ACCESS_MAP_EXEC) {
		h->hook = STR("security_mmap_file");
		add_arg(h, (struct arg){.kind = ARG_UINT, .number = 5});
		return;
	}
	h->hook = STR("security_file_open");
	add_arg(h, (struct arg){.kind = ARG_UINT, .number = (int64_t)flags_of_access(ev->access),
				.label = STR("f_flags")});
}

static struct str family_of(const struct event *ev)
{
	return ev->address.family == 6 ? STR("AF_INET6") : STR("AF_INET");
}

static void add_address(const struct event *ev, struct hook_line *h)
{
	struct str family = family_of(ev);
	if (ev->protocol == 6 || ev->protocol == 17) {
		struct address none = {.family = ev->address.family};
		bool tcp = ev->protocol == 6;
		add_arg(h, (struct arg){.kind = ARG_SOCK, .family = family,
					.type = tcp ? STR("SOCK_STREAM") : STR("SOCK_DGRAM"),
					.protocol = tcp ? STR("IPPROTO_TCP") : STR("IPPROTO_UDP"),
					.source = none, .dest = none});
	}
	add_arg(h, (struct arg){.kind = ARG_SOCKADDR, .family = family, .dest = ev->address});
}

static void connect_line(const struct event *ev, struct hook_line *h)
{
	/* A datagram to an address never passes the connect hook. */
	h->hook = ev->tags & TAG_UNCONNECTED ? STR("security_socket_sendmsg") : STR("security_socket_connect");
	if (ev->address.family == 0) {
		add_arg(h, (struct arg){.kind = ARG_SOCKADDR_UN, .family = STR("AF_UNIX"), .text = ev->unix_path});
		return;
	}
	add_address(ev, h);
}

static void listen_line(const struct event *ev, struct hook_line *h)
{
	h->hook = STR("security_socket_listen");
	add_arg(h, (struct arg){.kind = ARG_SOCK, .family = family_of(ev), .type = STR("SOCK_STREAM"),
				.protocol = ev->protocol == 6 ? STR("IPPROTO_TCP") : STR(""),
				.source = ev->address, .dest = {.family = ev->address.family}});
}

static void bind_line(const struct event *ev, struct hook_line *h)
{
	h->hook = STR("security_socket_bind");
	if (ev->address.family == 0)
		add_arg(h, (struct arg){.kind = ARG_SOCKADDR_UN, .family = STR("AF_UNIX"), .text = ev->unix_path});
	else
		add_address(ev, h);
}

static void guard_line(const struct event *ev, struct hook_line *h)
{
	static const struct {
		struct str guard, hook;
	} names[] = {
		{STR_INIT("kernel-module"), STR_INIT("security_kernel_read_file")},
		{STR_INIT("ptrace"), STR_INIT("security_ptrace_access_check")},
		{STR_INIT("mount"), STR_INIT("security_sb_mount")},
		{STR_INIT("raise-privilege"), STR_INIT("security_task_fix_setuid")},
		{STR_INIT("bpf"), STR_INIT("security_bpf")},
	};
	h->hook = STR("security_task_prctl");   /* names no guard: the extra member does */
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_eq(names[i].guard, ev->guard))
			h->hook = names[i].hook;
	if (ev->path.n && ev->path_known)
		add_arg(h, (struct arg){.kind = ARG_FILE, .text = ev->path});
	else if (ev->path.n)   /* as typed: see guard_event() in hook.c */
		add_arg(h, (struct arg){.kind = ARG_STRING, .text = ev->path, .label = STR("path")});
	if (str_eq(ev->guard, STR("kernel-module")))
		add_arg(h, (struct arg){.kind = ARG_INT, .number = 2});
}

void hook_line(const struct event *ev, struct hook_line *ret)
{
	*ret = (struct hook_line){.n = 0};
	if (ev->kind == KIND_FILE)
		file_line(ev, ret);
	else if (ev->kind == KIND_CONNECT)
		connect_line(ev, ret);
	else if (ev->kind == KIND_BIND && ev->tags & TAG_LISTENING)
		listen_line(ev, ret);
	else if (ev->kind == KIND_BIND)
		bind_line(ev, ret);
	else
		guard_line(ev, ret);
}
