/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The writer keeps Tetragon's member order and its rules on what is left out: zero scalars and empty strings are,
 * members that have a presence of their own (uid, auid, in_init_tree, numbers in arguments) are not.
 * 64-bit numbers are strings.
 */
#include "schema/event_json.h"

#include <arpa/inet.h>

#include "schema/hook_line.h"
#include "schema/workload.h"

/* Writes the comma that is due, and the name. */
static void key(struct buf *b, const char *name)
{
	if (b->n && b->p[b->n - 1] != '{' && b->p[b->n - 1] != '[')
		buf_putc(b, ',');
	buf_putc(b, '"');
	buf_puts(b, name);
	buf_puts(b, "\":");
}

static void string(struct buf *b, const char *name, struct str s)
{
	if (s.n == 0)
		return;
	key(b, name);
	buf_json(b, s);
}

static void number(struct buf *b, const char *name, int64_t v)
{
	key(b, name);
	buf_printf(b, "%lld", (long long)v);
}

static void time_member(struct buf *b, const char *name, uint64_t ns)
{
	if (ns == 0)
		return;
	key(b, name);
	buf_putc(b, '"');
	buf_time(b, ns);
	buf_putc(b, '"');
}

static void base64(struct buf *b, struct str s)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = (const unsigned char *)s.p;
	buf_putc(b, '"');
	for (size_t i = 0; i < s.n; i += 3) {
		size_t left = s.n - i;
		uint32_t v = (uint32_t)p[i] << 16 | (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) |
			     (left > 2 ? p[i + 2] : 0);
		char out[4] = {alphabet[v >> 18], alphabet[v >> 12 & 63],
			       left > 1 ? alphabet[v >> 6 & 63] : '=', left > 2 ? alphabet[v & 63] : '='};
		buf_add(b, out, 4);
	}
	buf_putc(b, '"');
}

static void exec_id(struct buf *b, const struct process *p, struct str node)
{
	if (p->exec_id.n) {
		string(b, "exec_id", p->exec_id);
		return;
	}
	if (p->pid == 0)
		return;
	CLEANUP_BUF struct buf id = BUF_INIT;
	buf_str(&id, node);
	buf_printf(&id, ":%llu:%u", (unsigned long long)p->start_ns, p->pid);
	key(b, "exec_id");
	base64(b, buf_view(&id));
}

static void container(struct buf *b, const struct pod *pod)
{
	key(b, "container");
	buf_putc(b, '{');
	if (pod->container_id.n) {
		key(b, "id");
		size_t at = b->n + 1;
		buf_json(b, pod->container_id);
		static const char scheme[] = "containerd://";
		CLEANUP_BUF struct buf tail = BUF_INIT;
		buf_add(&tail, b->p + at, b->n - at);
		b->n = at;
		buf_puts(b, scheme);
		buf_str(b, buf_view(&tail));
	}
	string(b, "name", pod->container_name);
	if (pod->image.n || pod->image_id.n) {
		key(b, "image");
		buf_putc(b, '{');
		string(b, "id", pod->image_id);
		string(b, "name", pod->image);
		buf_putc(b, '}');
	}
	time_member(b, "start_time", pod->container_start_ns);
	if (pod->container_pid)
		number(b, "pid", pod->container_pid);
	if (pod->maybe_exec_probe) {
		key(b, "maybe_exec_probe");
		buf_puts(b, "true");
	}
	key(b, "security_context");
	buf_puts(b, pod->privileged ? "{\"privileged\":true}}" : "{}}");
}

static void pod_member(struct buf *b, const struct pod *pod)
{
	if (pod->namespace.n == 0 && pod->name.n == 0)
		return;
	key(b, "pod");
	buf_putc(b, '{');
	string(b, "namespace", pod->namespace);
	string(b, "name", pod->name);
	string(b, "uid", pod->uid);
	container(b, pod);
	if (pod->labels.n) {
		key(b, "pod_labels");
		buf_str(b, pod->labels);
	}
	string(b, "workload", pod->workload);
	string(b, "workload_kind", pod->workload_kind);
	buf_putc(b, '}');
}

static void process_member(struct buf *b, const char *name, const struct process *p, struct str node)
{
	key(b, name);
	buf_putc(b, '{');
	bool one = p->exec_id.n || p->pid || p->start_ns;   /* else it stands for many, whose numbers nobody knows */
	exec_id(b, p, node);
	if (one) {
		number(b, "pid", p->pid);
		number(b, "uid", p->uid);
	}
	string(b, "cwd", p->cwd);
	string(b, "binary", p->filename);
	string(b, "arguments", p->arguments);
	string(b, "flags", p->flags);
	time_member(b, "start_time", p->start_ns);
	if (one)
		number(b, "auid", p->auid);
	pod_member(b, &p->pod);
	string(b, "docker", p->docker);
	string(b, "parent_exec_id", p->parent_exec_id);
	if (one)
		number(b, "tid", p->tid ? p->tid : p->pid);
	if (p->in_init_tree != UNKNOWN_YET) {
		key(b, "in_init_tree");
		buf_puts(b, p->in_init_tree == YES ? "true" : "false");
	}
	buf_putc(b, '}');
}

/* ---- arguments ---- */

static void address(struct buf *b, const char *name, const struct address *a, bool port, const char *port_name)
{
	char text[INET6_ADDRSTRLEN];
	key(b, name);
	if (a->family && inet_ntop(a->family == 6 ? AF_INET6 : AF_INET, a->bytes, text, sizeof(text)))
		buf_printf(b, "\"%s\"", text);
	else
		buf_puts(b, "\"invalid IP\"");
	if (port && a->port)
		number(b, port_name, a->port);
}

static void path_arg(struct buf *b, const struct arg *a)
{
	buf_putc(b, '{');
	string(b, "path", a->text);
	string(b, "flags", a->flags);
	string(b, "permission", a->permission);
	buf_putc(b, '}');
}

static void sock_arg(struct buf *b, const struct arg *a, bool skb)
{
	buf_putc(b, '{');
	if (!skb) {
		string(b, "family", a->family);
		string(b, "type", a->type);
		string(b, "protocol", a->protocol);
	}
	address(b, "saddr", &a->source, false, NULL);
	address(b, "daddr", &a->dest, false, NULL);
	if (a->source.port)
		number(b, "sport", a->source.port);
	if (a->dest.port)
		number(b, "dport", a->dest.port);
	string(b, "state", a->state);
	if (skb) {
		string(b, "protocol", a->protocol);
		string(b, "family", a->family);
	}
	buf_putc(b, '}');
}

static void sockaddr_arg(struct buf *b, const struct arg *a)
{
	buf_putc(b, '{');
	string(b, "family", a->family);
	address(b, "addr", &a->dest, true, "port");
	buf_putc(b, '}');
}

static void text_object(struct buf *b, const char *name, struct str text)
{
	buf_putc(b, '{');
	string(b, name, text);
	buf_putc(b, '}');
}

static void wide(struct buf *b, int64_t v, bool is_signed)
{
	if (is_signed)
		buf_printf(b, "\"%lld\"", (long long)v);
	else
		buf_printf(b, "\"%llu\"", (unsigned long long)v);
}

static const char *const arg_names[] = {
	[ARG_STRING] = "string_arg", [ARG_INT] = "int_arg", [ARG_UINT] = "uint_arg",
	[ARG_LONG] = "long_arg", [ARG_SIZE] = "size_arg", [ARG_BYTES] = "bytes_arg",
	[ARG_FILE] = "file_arg", [ARG_PATH] = "path_arg", [ARG_BINPRM] = "linux_binprm_arg",
	[ARG_SOCK] = "sock_arg", [ARG_SKB] = "skb_arg", [ARG_SOCKADDR] = "sockaddr_arg",
	[ARG_SOCKADDR_UN] = "sockaddrun_arg", [ARG_CAPABILITY] = "capability_arg",
	[ARG_CRED] = "process_credentials_arg", [ARG_USER_NS] = "user_ns_arg",
	[ARG_MODULE] = "module_arg", [ARG_SYSCALL] = "syscall_id", [ARG_ERROR] = "error_arg",
	[ARG_CAPS] = "kernel_cap_t_arg",
};

static void raw_or_empty(struct buf *b, struct str s)
{
	buf_str(b, s.n ? s : STR("{}"));
}

static void arg_value(struct buf *b, const struct arg *a)
{
	switch (a->kind) {
	case ARG_STRING:
	case ARG_CAPS:
		buf_json(b, a->text);
		break;
	case ARG_INT:
	case ARG_UINT:
		buf_printf(b, "%lld", (long long)a->number);
		break;
	case ARG_LONG:
	case ARG_SIZE:
		wide(b, a->number, a->kind == ARG_LONG);
		break;
	case ARG_BYTES:
		base64(b, a->text);
		break;
	case ARG_FILE:
	case ARG_PATH:
	case ARG_BINPRM:
		path_arg(b, a);
		break;
	case ARG_SOCK:
	case ARG_SKB:
		sock_arg(b, a, a->kind == ARG_SKB);
		break;
	case ARG_SOCKADDR:
		sockaddr_arg(b, a);
		break;
	case ARG_SOCKADDR_UN:
		buf_putc(b, '{');
		string(b, "family", a->family);
		string(b, "path", a->text);
		buf_putc(b, '}');
		break;
	case ARG_CAPABILITY:
		buf_putc(b, '{');
		if (a->number)
			number(b, "value", a->number);
		string(b, "name", a->text);
		buf_putc(b, '}');
		break;
	case ARG_SYSCALL:
		buf_putc(b, '{');
		if (a->number)
			number(b, "id", a->number);
		string(b, "abi", a->type);
		buf_putc(b, '}');
		break;
	case ARG_MODULE:
		text_object(b, "name", a->text);
		break;
	case ARG_ERROR:
		text_object(b, "Message", a->text);
		break;
	default:
		raw_or_empty(b, a->text);
	}
}

static void args_member(struct buf *b, const struct arg *args, uint32_t n)
{
	if (n == 0)
		return;
	key(b, "args");
	buf_putc(b, '[');
	for (uint32_t i = 0; i < n; i++) {
		const struct arg *a = &args[i];
		if (i)
			buf_putc(b, ',');
		buf_putc(b, '{');
		if ((a->kind == ARG_OTHER || a->kind == ARG_CAPS) && a->type.n) {
			buf_json(b, a->type);
			buf_putc(b, ':');
		} else {
			key(b, a->kind < ARRAY_SIZE(arg_names) && arg_names[a->kind] ? arg_names[a->kind]
										   : "error_arg");
		}
		arg_value(b, a);
		string(b, "label", a->label);
		buf_putc(b, '}');
	}
	buf_putc(b, ']');
}

/* ---- the hook ---- */

static void hook_object(struct buf *b, const struct event *ev)
{
	struct hook_line made;
	struct str hook = ev->hook;
	const struct arg *args = ev->args;
	uint32_t nargs = ev->nargs;
	if (hook.n == 0 || (nargs == 0 && ev->kind != KIND_HOOK && ev->kind != KIND_GUARD)) {
		hook_line(ev, &made);
		hook = made.hook;
		args = made.args;
		nargs = made.n;
	}
	if (ev->section == HOOK_TRACEPOINT) {
		const char *slash = memchr(hook.p, '/', hook.n);
		size_t n = slash ? (size_t)(slash - hook.p) : hook.n;
		string(b, "subsys", (struct str){hook.p, n});
		string(b, "event", str_skip(hook, n + 1));
	} else if (ev->section == HOOK_UPROBE) {
		string(b, "path", ev->path);
		string(b, "symbol", hook);
	} else {
		string(b, "function_name", hook);
	}
	args_member(b, args, nargs);
	if (ev->result && ev->section != HOOK_LSM) {
		key(b, "return");
		buf_printf(b, "{\"int_arg\":%d}", (int)ev->result);
	}
	CLEANUP_BUF struct buf action = BUF_INIT;
	buf_puts(&action, "KPROBE_ACTION_");
	buf_str(&action, ev->action.n ? ev->action : STR("POST"));
	string(b, "action", buf_view(&action));
	string(b, "policy_name", ev->policy);
}

/* ---- the extra member ---- */

static void bit_list(struct buf *b, const char *name, uint32_t bits, int count, const char *(*bit_name)(int bit))
{
	key(b, name);
	buf_putc(b, '[');
	for (int i = 0; i < count; i++) {
		if (!(bits >> i & 1))
			continue;
		if (b->p[b->n - 1] != '[')
			buf_putc(b, ',');
		buf_printf(b, "\"%s\"", bit_name(i));
	}
	buf_putc(b, ']');
}

static const char *access_bit_name(int bit)
{
	return access_name((enum access_bit)bit);
}

static const char *tag_bit_name(int bit)
{
	return tag_name((enum tag_bit)bit);
}

/* A path that is known to be empty (memfd) is written, so present and empty differs from absent. */
static void known_path(struct buf *b, const char *name, struct str path, bool known)
{
	if (!known)
		return;
	key(b, name);
	buf_json(b, path);
}

/* Whose an observation is, as the store has it. */
static void belongs_to(struct buf *b, const struct workload *w, const struct instance *i)
{
	if (!w || !i)
		return;
	key(b, "workload");
	buf_putc(b, '{');
	string(b, "namespace", w->namespace);
	string(b, "kind", w->kind);
	string(b, "name", w->name);
	string(b, "container", w->container);
	if (w->guess) {
		key(b, "guess");
		buf_puts(b, "true");
	}
	buf_putc(b, '}');
	key(b, "instance");
	buf_putc(b, '{');
	string(b, "key", i->key);
	string(b, "pod", i->pod);
	string(b, "container_id", i->container_id);
	string(b, "image", i->image);
	string(b, "image_id", i->image_id);
	if (i->labels.n) {
		key(b, "labels");
		buf_str(b, i->labels);
	}
	time_member(b, "start", i->start_ns);
	buf_putc(b, '}');
}

/* The name of a container outside Kubernetes, which has no pod to say it in. */
static void named_container(struct buf *b, const struct pod *pod)
{
	if (!pod->container_name.n || pod->namespace.n || pod->name.n)
		return;
	key(b, "container");
	buf_putc(b, '{');
	string(b, "name", pod->container_name);
	string(b, "id", pod->container_id);
	string(b, "image", pod->image);
	buf_putc(b, '}');
}

static void extra_member(struct buf *b, const struct event *ev)
{
	static const char *const expects[] = {NULL, "allow", "deny"};
	key(b, "stakeout");
	buf_printf(b, "{\"format\":%d", EVENT_JSON_FORMAT);
	known_path(b, "path", ev->process.path, ev->process.path_known);
	known_path(b, "parent_path", ev->parent.path, ev->has_parent && ev->parent.path_known);
	string(b, "interpreter", ev->interpreter);
	known_path(b, "file", ev->path, (ev->kind == KIND_FILE || ev->kind == KIND_GUARD) && ev->path_known);
	if (ev->access || (ev->kind == KIND_FILE && ev->workload))   /* none is what that store says */
		bit_list(b, "access", ev->access, ACCESS_COUNT, access_bit_name);
	if (ev->tags)
		bit_list(b, "tags", ev->tags, TAG_COUNT, tag_bit_name);
	if (ev->count > 1) {
		key(b, "count");
		buf_printf(b, "%llu", (unsigned long long)ev->count);
	}
	if (ev->result)
		number(b, "result", ev->result);
	string(b, "guard", ev->guard);
	string(b, "cgroup", ev->process.cgroup);
	named_container(b, &ev->process.pod);
	if (ev->expect != EXPECT_NONE)
		string(b, "expect", str_from(expects[ev->expect]));
	string(b, "label", ev->label);
	belongs_to(b, ev->workload, ev->instance);
	time_member(b, "last", ev->last_ns);
	string(b, "example", ev->example);
	string(b, "loss_kind", ev->loss_kind);
	string(b, "loss_reason", ev->loss_reason);
	buf_putc(b, '}');
}

static const char *event_key(const struct event *ev)
{
	switch (ev->kind) {
	case KIND_EXEC:
		return "process_exec";
	case KIND_EXIT:
		return "process_exit";
	default:
		return ev->section == HOOK_LSM          ? "process_lsm"
		       : ev->section == HOOK_TRACEPOINT ? "process_tracepoint"
		       : ev->section == HOOK_UPROBE     ? "process_uprobe"
						        : "process_kprobe";
	}
}

static void loss_object(struct buf *b, const struct event *ev)
{
	if (str_eq(ev->hook, STR("process_throttle"))) {
		buf_puts(b, "{\"process_throttle\":{\"type\":\"THROTTLE_START\"");
		string(b, "cgroup", ev->process.cgroup);
	} else {
		buf_printf(b, "{\"rate_limit_info\":{\"number_of_dropped_process_events\":\"%llu\"",
			   (unsigned long long)ev->lost);
	}
	buf_putc(b, '}');
}

static void event_object(struct buf *b, const struct event *ev)
{
	buf_putc(b, '{');
	key(b, event_key(ev));
	buf_putc(b, '{');
	process_member(b, "process", &ev->process, ev->node);
	if (ev->has_parent)
		process_member(b, "parent", &ev->parent, ev->node);
	if (ev->kind == KIND_EXIT) {
		string(b, "signal", ev->exit_signal);
		if (ev->exit_status)
			number(b, "status", ev->exit_status);
		time_member(b, "time", ev->time_ns);
	} else if (ev->kind != KIND_EXEC) {
		hook_object(b, ev);
	}
	buf_putc(b, '}');
}

void event_json(const struct event *ev, struct buf *b)
{
	if (ev->kind == KIND_LOSS)
		loss_object(b, ev);
	else
		event_object(b, ev);
	string(b, "node_name", ev->node);
	time_member(b, "time", ev->time_ns);
	string(b, "cluster_name", ev->cluster);
	extra_member(b, ev);
	buf_puts(b, "}\n");
}
