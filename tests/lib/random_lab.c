/* SPDX-License-Identifier: GPL-2.0-only */
/* Random policies about what the programs of the golden runs did: their hooks, paths, addresses and numbers. */
#include "tests/lib/random.h"

struct lab_arg {
	unsigned index;
	const char *type, *resolve;
	char form;                   /* p path, n number, a address, s socket */
};
struct lab_hook {
	const char *section, *head;
	struct lab_arg args[4];
};

#define KPROBE(name) "kprobes", "- call: " name "\n    syscall: false"
#define SYSCALL(name) "kprobes", "- call: " name "\n    syscall: true"
#define LSM(name) "lsmhooks", "- hook: " name
#define TRACEPOINT(subsystem, name, raw) "tracepoints", "- subsystem: " subsystem "\n    event: " name "\n    raw: " raw

static const struct lab_hook hooks[] = {
	{LSM("bprm_check_security"), {{0, "linux_binprm", "", 'p'}, {0, "uint32", "file.f_inode.__i_nlink", 'n'}, {0, "uint16", "file.f_inode.i_mode", 'n'}}},
	{KPROBE("security_bprm_check"), {{0, "linux_binprm", "", 'p'}}},
	{LSM("bprm_creds_from_file"), {{1, "file", "", 'p'}}},
	{SYSCALL("sys_execve"), {{0, "string", "", 'p'}}},
	{KPROBE("security_bprm_committed_creds"), {{0, "linux_binprm", "", 'p'}}},
	{TRACEPOINT("sched", "sched_process_exec", "true"), {{2, "linux_binprm", "", 'p'}}},
	{TRACEPOINT("raw_syscalls", "sys_exit", "false"), {{4, "int64", "", 'n'}}},
	{TRACEPOINT("raw_syscalls", "sys_enter", "false"), {{4, "syscall64", "", 'n'}}},
	{KPROBE("security_file_permission"), {{0, "file", "", 'p'}, {1, "int", "", 'n'}}},
	{LSM("file_permission"), {{0, "file", "", 'p'}, {1, "int", "", 'n'}}},
	{LSM("file_open"), {{0, "file", "", 'p'}, {0, "uint32", "f_flags", 'n'}, {0, "uint32", "f_mode", 'n'}}},
	{KPROBE("security_file_open"), {{0, "file", "", 'p'}, {0, "uint32", "f_flags", 'n'}}},
	{KPROBE("security_mmap_file"), {{0, "file", "", 'p'}, {1, "uint32", "", 'n'}, {2, "uint32", "", 'n'}}},
	{LSM("mmap_file"), {{0, "file", "", 'p'}, {2, "uint32", "", 'n'}}},
	{KPROBE("security_path_truncate"), {{0, "path", "", 'p'}}},
	{LSM("file_truncate"), {{0, "file", "", 'p'}}},
	{KPROBE("security_path_rename"), {{0, "path", "", 'p'}, {1, "dentry", "", 'p'}, {2, "path", "", 'p'}, {3, "dentry", "", 'p'}}},
	{LSM("inode_rename"), {{1, "dentry", "", 'p'}, {3, "dentry", "", 'p'}}},
	{LSM("path_unlink"), {{0, "path", "", 'p'}, {1, "dentry", "", 'p'}}},
	{LSM("path_mknod"), {{0, "path", "", 'p'}, {1, "dentry", "", 'p'}}},
	{LSM("path_link"), {{0, "dentry", "", 'p'}, {1, "path", "", 'p'}, {2, "dentry", "", 'p'}}},
	{LSM("path_mkdir"), {{0, "path", "", 'p'}}},
	{LSM("path_chmod"), {{0, "path", "", 'p'}}},
	{SYSCALL("sys_openat"), {{1, "string", "", 'p'}, {2, "int", "", 'n'}}},
	{SYSCALL("sys_write"), {{0, "fd", "", 'p'}}},
	{SYSCALL("sys_lseek"), {{0, "int", "", 'n'}, {2, "int", "", 'n'}}},
	{KPROBE("fd_install"), {{0, "int", "", 'n'}, {1, "file", "", 'p'}}},
	{KPROBE("security_ptrace_access_check"), {{1, "uint32", "", 'n'}}},
	{LSM("sb_mount"), {{0, "string", "", 'p'}, {1, "path", "", 'p'}, {2, "string", "", 'p'}}},
	{KPROBE("security_task_fix_setuid"), {{0, "uint32", "uid.val", 'n'}}},
	{KPROBE("security_socket_connect"), {{1, "sockaddr", "", 'a'}}},
	{LSM("socket_connect"), {{1, "sockaddr", "", 'a'}}},
	{LSM("socket_connect"), {{1, "sockaddr_un", "", 'p'}}},
	{LSM("socket_bind"), {{1, "sockaddr", "", 'a'}}},
	{LSM("socket_sendmsg"), {{0, "socket", "", 's'}}},
	{KPROBE("tcp_connect"), {{0, "sock", "", 's'}}},
	{SYSCALL("sys_connect"), {{1, "sockaddr", "", 'a'}}},
	{KPROBE("security_socket_listen"), {{0, "socket", "", 's'}}},
};

static const char *const programs[] = {"/lab/bin/actor", "/lab/bin/actorb", "/lab/bb/busybox", "/lab/bb/sh", "/lab/bin/good",
				       "/lab/bin/caller32", "/lab/bin/bad", "/lab/bin/driver"};
static const char *const beginnings[] = {"/lab/bin/ac", "/lab/bb/", "/lab/bin/", "/bin/", "/lab/bin/d"};
static const char *const paths[] = {
	"/etc/protected/", "/etc/protected", "/etc/protected/f1", "/tmp/", "/app/", "/lab/bin/good", "/lab/bin/bad", "/lab/bin/",
	"/lab/bin/good_suid", "/lab/bin/actor", "/tmp/h", "/ovl/", "/lab/bind/", "/lab/bindbin/bad", "/etc/protectedX/f1", "/app/f1",
	"/tmp/f1", "/lab/t/", "/bin/busybox", "/lab/bin/goodover", "/lab/bin/bad32", "/lab/bin/ld.so", "/app/d"};
static const char *const endings[] = {"good", "bad", "/f1", "f1", "(deleted)", "actor", "low1", "b", "r", "1", "good_suid", "d"};
static const char *const numbers[] = {"0", "1", "2", "3", "4", "6", "0x10", "16", "28", "59", "322", "257", "77", "87", "420", "0x40",
				      "0x240", "0x8000", "0x88000", "24", "9", "0x1ff", "1000"};
static const char *const networks[] = {"10.9.9.9", "10.9.9.8/31", "127.0.0.1", "127.0.0.0/8", "::1", "fd00::9/128", "::ffff:0:0/96",
				       "0.0.0.0/0", "192.0.2.0/24"};
static const char *const ports[] = {"7000", "7001", "7002", "7003", "7500", "7600", "7601", "7000:7002", "0", "7555"};
static const char *const families[] = {"AF_INET", "AF_INET6", "AF_UNIX", "AF_UNSPEC"};
static const char *const protocols[] = {"IPPROTO_TCP", "IPPROTO_UDP"};
static const char *const names[] = {"Uts", "Ipc", "Mnt", "Pid", "Net", "User"};
static const char *const caps[] = {"CAP_SYS_ADMIN", "CAP_CHOWN"};
static const char *const sets[] = {"Effective", "Permitted", "Inheritable"};

#define ANY(r, v) v[dice_below(r, ARRAY_SIZE(v))]

static void values(struct dice *r, struct buf *b, const char *const *v, size_t n, unsigned most)
{
	unsigned count = 1 + dice_below(r, most);
	buf_puts(b, "values: [");
	for (unsigned i = 0; i < count; i++)
		buf_printf(b, "%s\"%s\"", i ? ", " : "", v[dice_below(r, (unsigned)n)]);
	buf_puts(b, "]}");
}
#define VALUES(r, b, v, most) values(r, b, v, ARRAY_SIZE(v), most)

static void operation(struct dice *r, struct buf *b, char form)
{
	static const char *const numeric[] = {"Equal", "NotEqual", "Mask", "GT", "LT"};
	static const char *const textual[] = {"Equal", "NotEqual", "Prefix", "NotPrefix", "Postfix", "NotPostfix"};
	static const char *const addressed[] = {"SAddr", "NotSAddr", "SPort", "NotSPort", "Family", "SPortPriv"};
	static const char *const connected[] = {"DAddr", "NotDAddr", "DPort", "NotDPort", "Family", "Protocol", "SPort", "SAddr"};
	const char *op = form == 'p' ? ANY(r, textual) : form == 'n' ? ANY(r, numeric) : form == 'a' ? ANY(r, addressed) : ANY(r, connected);
	buf_printf(b, "operator: %s, ", op);
	if (form == 'n')
		VALUES(r, b, numbers, 3);
	else if (strstr(op, "ostfix"))
		VALUES(r, b, endings, 3);
	else if (form == 'p')
		VALUES(r, b, paths, 3);
	else if (strstr(op, "Addr"))
		VALUES(r, b, networks, 3);
	else if (!strcmp(op, "Family"))
		VALUES(r, b, families, 2);
	else if (!strcmp(op, "Protocol"))
		VALUES(r, b, protocols, 1);
	else
		VALUES(r, b, ports, 2);
}

static unsigned count_args(const struct lab_hook *h)
{
	unsigned n = 0;
	while (n < ARRAY_SIZE(h->args) && h->args[n].type)
		n++;
	return n;
}

static void binaries(struct dice *r, struct buf *b)
{
	static const char *const ops[] = {"In", "NotIn", "In", "NotIn", "Prefix", "NotPrefix", "Postfix"};
	const char *op = ANY(r, ops);
	buf_printf(b, "      matchBinaries: [{operator: %s, ", op);
	if (strstr(op, "In") && dice_chance(r, 17))
		buf_puts(b, "followChildren: true, ");
	if (strstr(op, "In"))
		VALUES(r, b, programs, 3);
	else if (strstr(op, "refix"))
		VALUES(r, b, beginnings, 2);
	else
		VALUES(r, b, endings, 2);
	buf_puts(b, "]\n");
}

static void process_filters(struct dice *r, struct buf *b)
{
	static const char *const in[] = {"In", "NotIn"};
	if (dice_chance(r, 70))
		binaries(r, b);
	if (dice_chance(r, 7))
		buf_printf(b, "      matchNamespaces: [{namespace: %s, operator: %s, values: [host_ns]}]\n", ANY(r, names), ANY(r, in));
	if (dice_chance(r, 7))
		buf_printf(b, "      matchCapabilities: [{type: %s, operator: %s, values: [%s]}]\n", ANY(r, sets), ANY(r, in), ANY(r, caps));
	if (dice_chance(r, 5))
		buf_printf(b, "      matchNamespaceChanges: [{operator: %s, values: [%s]}]\n", ANY(r, in), ANY(r, names));
	if (dice_chance(r, 5))
		buf_printf(b, "      matchPIDs: [{operator: %s, followForks: true, values: [1]}]\n", ANY(r, in));
}

static void selector(struct dice *r, struct buf *b, const struct lab_hook *h, bool denies)
{
	static const char *const plain[] = {"Post", "NoPost", "Sigkill", "Sigkill", "Signal, argSig: 15"};
	buf_puts(b, "    - label: s\n");
	unsigned n = count_args(h), filters = dice_chance(r, 90) ? 1 + dice_chance(r, 33) : 0;
	buf_puts(b, filters ? "      matchArgs:\n" : "");
	for (unsigned i = 0; i < filters; i++) {
		unsigned at = dice_below(r, n);
		buf_printf(b, "      - {args: [%u], ", at);
		operation(r, b, h->args[at].form);
		buf_putc(b, '\n');
	}
	process_filters(r, b);
	bool deny = denies && dice_chance(r, 33);
	buf_printf(b, "      matchActions: [{action: %s}]\n", deny ? "Override, argError: -1" : ANY(r, plain));
}

void random_lab_policy(struct dice *r, unsigned number, struct buf *b)
{
	const struct lab_hook *h = &ANY(r, hooks);
	buf_printf(b, "---\napiVersion: cilium.io/v1alpha1\nkind: TracingPolicy\nmetadata: {name: g%u}\nspec:\n", number);
	if (h->section[0] == 'k')
		buf_puts(b, "  options: [{name: disable-kprobe-multi, value: \"1\"}]\n");
	buf_printf(b, "  %s:\n  %s\n    args: [", h->section, h->head);
	for (unsigned i = 0; i < count_args(h); i++) {
		const struct lab_arg *a = &h->args[i];
		buf_printf(b, "%s{index: %u, type: %s, resolve: \"%s\"}", i ? ", " : "", a->index, a->type, a->resolve);
	}
	buf_puts(b, "]\n    selectors:\n");
	bool denies = h->section[0] == 'l' || strstr(h->head, "security_");
	for (unsigned n = 1 + dice_below(r, 3); n > 0; n--)
		selector(r, b, h, denies);
}
