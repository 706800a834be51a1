/* SPDX-License-Identifier: GPL-2.0-only */
/* A random stream of lines: some processes with their exec lines, forks and strangers without, and what they do. */
#include "tests/lib/random.h"

struct actor {
	unsigned pid, number, parent;      /* 0 = none */
	const char *path;                  /* NULL = not told */
	const char *name;
	bool pod, fork, told, inventory;
	unsigned caps, ns;
};

enum { ACTORS = 6, LINES = 8 };

struct stream {
	struct dice *r;
	struct buf *lines;
	uint64_t sites;
	unsigned clock;
};

static void process(struct buf *b, const struct actor *a, const char *flags)
{
	static const char *const caps[] = {
		"{}", "{\"permitted\":[\"CAP_CHOWN\",\"CAP_SYS_ADMIN\"],\"effective\":[\"CAP_SYS_ADMIN\"]}",
		"{\"permitted\":[\"CAP_NET_RAW\",\"DAC_OVERRIDE\"],\"effective\":[\"CAP_NET_RAW\",\"DAC_OVERRIDE\"],\"inheritable\":[\"CAP_KILL\"]}"};
	buf_printf(b, "\"process\":{\"exec_id\":\"id%u\",\"pid\":%u,\"uid\":0,\"binary\":\"%s\",\"flags\":\"%s\"", a->number, a->pid,
		   a->name, flags);
	if (a->pod)
		buf_printf(b, ",\"pod\":{\"namespace\":\"%s\",\"name\":\"p\",\"container\":{\"id\":\"containerd://%064u\",\"name\":\"%s\","
			   "\"image\":{\"name\":\"shop/%s:1.2\"},\"pid\":%u},\"pod_labels\":{\"app\":\"%s\"}},\"docker\":\"%031u\"",
			   a->number % 2 ? "shop" : "other", a->number % 3, a->number % 3 ? "main" : "side", a->number % 3 ? "web" : "db",
			   a->number % 3, a->number % 3 ? "web" : "db", a->number % 3);
	if (a->parent)
		buf_printf(b, ",\"parent_exec_id\":\"id%u\"", a->parent);
	if (a->told) {
		buf_printf(b, ",\"cap\":%s", caps[a->caps]);
		unsigned base = a->ns ? 4026532001u : 4026531800u;
		const char *host = a->ns ? "" : ",\"is_host\":true";
		buf_printf(b, ",\"ns\":{\"uts\":{\"inum\":4026531700,\"is_host\":true},\"mnt\":{\"inum\":%u%s},\"pid\":{\"inum\":%u%s},"
			   "\"net\":{\"inum\":%u%s},\"user\":{\"inum\":%u%s}}", base, host, base + 1 - a->ns, host, base + 2, host, base, host);
	}
	buf_puts(b, "}");
}

/* With the path of A, unless NULL. Time goes on by the line, mostly by little. */
static void end_line(struct stream *st, const struct actor *a)
{
	struct buf *b = st->lines;
	st->clock += dice_chance(st->r, 90) ? dice_below(st->r, 8) : dice_below(st->r, 900);
	buf_printf(b, "},\"time\":\"2026-01-01T%02u:%02u:%02uZ\"", st->clock / 3600 % 24, st->clock / 60 % 60, st->clock % 60);
	if (a && a->path && !a->inventory)
		buf_printf(b, ",\"stakeout\":{\"format\":1,\"path\":\"%s\"}", a->path);
	buf_puts(b, "}\n");
}

static void file_value(struct dice *r, struct buf *b, const char *path)
{
	buf_putc(b, '{');
	if (!dice_chance(r, 12))
		buf_printf(b, "\"path\":\"%s\"", path);
	if (dice_chance(r, 85))
		buf_printf(b, "%s\"permission\":\"%s\"", b->p[b->n - 1] == '{' ? "" : ",", random_word(r, "permission"));
	buf_putc(b, '}');
}

static void ends(struct dice *r, struct buf *b, bool both)
{
	bool six = dice_chance(r, 45), none = dice_chance(r, 12);
	const char *word = six ? "v6" : "v4";
	buf_printf(b, "{\"family\":\"%s\"", none ? "AF_UNIX" : six ? "AF_INET6" : "AF_INET");
	if (both) {
		buf_printf(b, ",\"protocol\":\"%s\"", dice_chance(r, 70) ? "IPPROTO_TCP" : "IPPROTO_UDP");
		buf_printf(b, ",\"saddr\":\"%s\",\"daddr\":\"%s\"", none ? "invalid IP" : random_word(r, word),
			   none ? "invalid IP" : random_word(r, word));
		if (!none)
			buf_printf(b, ",\"sport\":%s,\"dport\":%s", random_word(r, "port"), random_word(r, "port"));
		if (dice_chance(r, 80))
			buf_printf(b, ",\"state\":\"%s\"", dice_chance(r, 50) ? "TCP_SYN_SENT" : "TCP_CLOSE");
	} else {
		buf_printf(b, ",\"addr\":\"%s\"", none ? "invalid IP" : random_word(r, word));
		if (!none)
			buf_printf(b, ",\"port\":%s", random_word(r, "port"));
	}
	buf_putc(b, '}');
}

/* Those of 32-bit tasks say so; number 0 is left out. */
static void system_call(struct buf *b, const char *word)
{
	unsigned long n = strtoul(word, NULL, 10);
	buf_puts(b, "{\"syscall_id\":{");
	if (n & 0x7fffffff)
		buf_printf(b, "\"id\":%lu,", n & 0x7fffffff);
	buf_printf(b, "\"abi\":\"%s\"}}", n >> 31 ? "i386" : "x64");
}

static void argument(struct dice *r, struct buf *b, const struct random_arg *a)
{
	static const struct {
		const char *type, *key;
	} keys[] = {{"file", "file_arg"}, {"fd", "file_arg"}, {"path", "path_arg"}, {"dentry", "path_arg"}, {"linux_binprm", "linux_binprm_arg"},
		    {"int", "int_arg"}, {"uint32", "uint_arg"}, {"size_t", "size_arg"}, {"int64", "long_arg"}, {"string", "string_arg"},
		    {"sock", "sock_arg"}, {"socket", "sock_arg"}, {"skb", "skb_arg"}, {"sockaddr", "sockaddr_arg"}, {"sockaddr_un", "sockaddrun_arg"}, {"char_buf", "bytes_arg"},
		    {"cap_effective", "cap_effective_arg"}, {"cap_inheritable", "cap_inheritable_arg"}, {"cap_permitted", "cap_permitted_arg"}};
	const char *key = "", *word = random_word(r, !strcmp(a->form, "file") ? "path" : a->form);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		key = strcmp(keys[i].type, a->type) ? key : keys[i].key;
	bool user = !strcmp(a->type, "string") || !strcmp(a->type, "sockaddr");   /* memory of the caller */
	if (dice_chance(r, user ? 8 : !strcmp(a->type, "file") ? 1 : 0)) {
		buf_puts(b, "{\"error_arg\":{\"Message\":\"failed\"}}");
		return;
	}
	if (!strcmp(a->type, "syscall64")) {
		system_call(b, word);
		return;
	}
	buf_printf(b, "{\"%s\":", key);
	if (strstr("file fd path dentry linux_binprm", a->type))
		file_value(r, b, word);
	else if (!strcmp(a->type, "sockaddr_un"))
		buf_printf(b, "{\"family\":\"%s\",\"path\":\"%s%s\"}", dice_chance(r, 90) ? "AF_UNIX" : "AF_INET",
			   dice_chance(r, 10) ? "@" : "", word);
	else if (!strncmp(a->type, "sock", 4) || !strcmp(a->type, "skb"))
		ends(r, b, strcmp(a->type, "sockaddr") != 0);
	else if (!strcmp(a->type, "int") || !strcmp(a->type, "uint32"))
		buf_puts(b, word);
	else
		buf_printf(b, "\"%s\"", word);
	buf_putc(b, '}');
}

/* An image is exec'ed once, before anything else: exec_line() tells of it. */
static bool is_exec(const struct random_site *s)
{
	return !strcmp(s->call, "sched/sched_process_exec");
}

static void image_argument(struct buf *b, const struct actor *a)
{
	const char *path = a->path ? a->path : a->name;
	buf_puts(b, "{\"linux_binprm_arg\":{\"permission\":\"-rwxr-xr-x\"");
	if (*path)
		buf_printf(b, ",\"path\":\"%s\"", path);
	buf_puts(b, "}}");
}

static void hook_at(struct stream *st, const struct random_site *s, const struct actor *a)
{
	struct dice *r = st->r;
	struct buf *b = st->lines;
	const char *slash = strchr(s->call, '/');
	char section = s->section[0];
	buf_printf(b, "{\"process_%s\":{", section == 'k' ? "kprobe" : section == 'l' ? "lsm" : "tracepoint");
	process(b, a, a->fork ? "execve" : "execve clone");
	if (slash)
		buf_printf(b, ",\"subsys\":\"%.*s\",\"event\":\"%s\"", (int)(slash - s->call), s->call, slash + 1);
	else
		buf_printf(b, ",\"function_name\":\"%s%s\"", strncmp(s->call, "sys_", 4) ? "" : "__x64_", s->call);
	buf_puts(b, ",\"args\":[");
	for (size_t i = 0; i < ARRAY_SIZE(s->args) && s->args[i].type; i++) {
		if (i)
			buf_putc(b, ',');
		if (is_exec(s))
			image_argument(b, a);
		else
			argument(r, b, &s->args[i]);
	}
	buf_putc(b, ']');
	if (s->returns && dice_chance(r, 85))
		buf_printf(b, ",\"return\":{\"int_arg\":%s}", dice_chance(r, 50) ? "0" : random_word(r, "int"));
	buf_printf(b, ",\"action\":\"KPROBE_ACTION_POST\",\"policy_name\":\"recorded-%c\"", section);
	end_line(st, NULL);
}

static void hook_line(struct stream *st, const struct actor *a)
{
	unsigned at;
	do
		at = dice_below(st->r, (unsigned)random_nsites);
	while ((!(st->sites >> at & 1) && dice_chance(st->r, 97)) || is_exec(&random_sites[at]));
	hook_at(st, &random_sites[at], a);
}

/* Lines of a stranger: the stream tells these calls, so that whoever has no such line made none. */
static void stranger_lines(struct stream *st)
{
	static const char *const calls[] = {"capset", "task_fix_setuid", "userns_create", "sys_unshare", "sys_setns"};
	const struct actor stranger = {.pid = 99, .number = 99, .name = "/opt/stranger"};
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		for (size_t k = 0; k < random_nsites; k++)
			if (!strcmp(random_sites[k].call, calls[i]))
				hook_at(st, &random_sites[k], &stranger);
	/* ... and some of them are made by others now and then. */
	for (size_t k = 0; k < random_nsites; k++)
		for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
			if (!strcmp(random_sites[k].call, calls[i]) && dice_chance(st->r, i ? 15 : 50))
				st->sites |= UINT64_C(1) << k;
}

static void exec_line(struct stream *st, const struct actor *a)
{
	buf_puts(st->lines, "{\"process_exec\":{");
	process(st->lines, a, a->inventory ? "procFS" : "execve clone");
	end_line(st, a);
	for (size_t i = 0; i < random_nsites && !a->inventory; i++)
		if (is_exec(&random_sites[i]) && (st->sites >> i & 1) && dice_chance(st->r, 70))
			hook_at(st, &random_sites[i], a);
}

static void make_actor(struct dice *r, struct actor *v, unsigned i)
{
	struct actor *a = &v[i];
	*a = (struct actor){.pid = 100 + i, .number = i + 1, .name = random_word(r, "program"), .pod = dice_chance(r, 60),
			    .told = dice_chance(r, 80), .caps = dice_below(r, 3), .ns = dice_below(r, 2)};
	a->path = dice_chance(r, 15) ? NULL : dice_chance(r, 10) ? "" : random_word(r, "program");
	a->parent = i && dice_chance(r, 60) ? 1 + dice_below(r, i) : 0;
	a->inventory = !a->parent && dice_chance(r, 50);
	if (!a->path && !a->inventory && dice_chance(r, 75))
		a->name = random_word(r, "typed");
	if (!a->parent || !dice_chance(r, 30))
		return;
	unsigned parent = a->parent, pid = a->pid;
	*a = v[parent - 1];
	a->pid = pid;
	a->number = i + 1;
	a->parent = parent;
	a->fork = true;
}

void random_stream(struct dice *r, uint64_t sites, struct buf *lines)
{
	struct stream st = {.r = r, .lines = lines, .sites = sites};
	struct actor v[ACTORS];
	unsigned n = 2 + dice_below(r, ACTORS - 1);
	if (dice_chance(r, 60))
		stranger_lines(&st);
	for (unsigned i = 0; i < n; i++) {
		make_actor(r, v, i);
		if (!v[i].fork && dice_chance(r, 92))
			exec_line(&st, &v[i]);
	}
	/* One that does much remembers more than many that do little. */
	bool alone = dice_chance(r, 30);
	unsigned hooks = 1 + dice_below(r, alone ? 2 * LINES : LINES), who = dice_below(r, n);
	for (unsigned i = 0; i < hooks; i++)
		hook_line(&st, &v[alone ? who : dice_below(r, n)]);
}
