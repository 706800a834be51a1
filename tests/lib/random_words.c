/* SPDX-License-Identifier: GPL-2.0-only */
/* The generator, the sites and the words that random policies and streams share. */
#include "tests/lib/random.h"

uint64_t dice_next(struct dice *r)
{
	if (r->nbytes > 1) {
		uint64_t v = (uint64_t)r->bytes[0] | (uint64_t)r->bytes[1] << 8;
		r->bytes += 2;
		r->nbytes -= 2;
		return v;
	}
	r->state += 0x9e3779b97f4a7c15u;
	uint64_t z = r->state;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

const struct random_site random_sites[] = {
	{"kprobes", "security_file_permission", "kl", false, {{0, "file", "", "file"}, {1, "int", "", "mask"}}, false},
	{"lsmhooks", "file_open", "kl", false, {{0, "file", "", "file"}, {0, "uint32", "f_flags", "flags"}}, false},
	{"kprobes", "security_mmap_file", "k", false, {{0, "file", "", "file"}, {1, "uint32", "", "mask"}, {2, "uint32", "", "mask"}}, false},
	{"kprobes", "security_path_truncate", "kl", false, {{0, "path", "", "path"}}, false},
	{"lsmhooks", "path_unlink", "l", false, {{0, "path", "", "folder"}, {1, "dentry", "", "path"}}, false},
	{"lsmhooks", "path_rename", "l", false, {{0, "path", "", "folder"}, {1, "dentry", "", "path"}, {2, "path", "", "folder"}, {3, "dentry", "", "path"}}, false},
	{"kprobes", "security_socket_connect", "kl", false, {{1, "sockaddr", "", "sockaddr"}}, false},
	{"kprobes", "tcp_connect", "k", false, {{0, "sock", "", "sock"}}, false},
	{"kprobes", "ip_send_skb", "k", false, {{1, "skb", "", "skb"}}, false},
	{"kprobes", "security_socket_sendmsg", "kl", false, {{0, "socket", "", "sock"}, {2, "int", "", "int"}}, false},
	{"lsmhooks", "bprm_check_security", "l", false, {{0, "linux_binprm", "", "program"}}, false},
	{"kprobes", "sys_openat", "k", false, {{0, "int", "", "int"}, {1, "string", "", "string"}, {2, "int", "", "flags"}}, true},
	{"kprobes", "sys_write", "k", false, {{0, "fd", "", "file"}, {2, "size_t", "", "size"}, {1, "char_buf", "", "bytes"}}, false},
	{"kprobes", "sys_lseek", "k", false, {{0, "int", "", "int"}, {1, "int64", "", "long"}, {2, "int", "", "int"}}, false},
	{"tracepoints", "sched/sched_process_exec", "t", true, {{2, "linux_binprm", "", "program"}}, false},
	{"lsmhooks", "kernel_read_file", "kl", false, {{0, "file", "", "file"}, {1, "int", "", "int"}}, false},
	{"lsmhooks", "task_kill", "l", false, {{2, "int", "", "int"}}, false},
	{"lsmhooks", "sb_mount", "l", false, {{0, "string", "", "string"}, {1, "path", "", "path"}, {2, "string", "", "string"}}, false},
	{"kprobes", "fd_install", "k", false, {{0, "int", "", "int"}, {1, "file", "", "file"}}, false},
	{"lsmhooks", "capset", "l", false, {{2, "cap_effective", "", "caps"}, {3, "cap_inheritable", "", "caps"}, {4, "cap_permitted", "", "caps"}}, false},
	{"kprobes", "sys_ptrace", "k", false, {{0, "int", "", "int"}, {1, "int", "", "int"}}, true},
	{"kprobes", "sys_unshare", "k", false, {{0, "int", "", "unshare"}}, true},
	{"kprobes", "sys_setns", "k", false, {{0, "int", "", "int"}, {1, "int", "", "int"}}, false},
	{"kprobes", "sys_mkdir", "k", false, {{0, "string", "", "string"}}, true},
	{"lsmhooks", "task_fix_setuid", "l", false, {{0, "uint32", "uid.val", "mask"}, {1, "uint32", "uid.val", "mask"}, {2, "int", "", "mask"}}, false},
	{"lsmhooks", "userns_create", "l", false, {{0, NULL, NULL, NULL}}, false},
	{"kprobes", "security_socket_bind", "kl", false, {{1, "sockaddr_un", "", "unix"}}, false},
	{"tracepoints", "raw_syscalls/sys_enter", "t", false, {{4, "syscall64", "", "call-number"}}, false},
};
const size_t random_nsites = ARRAY_SIZE(random_sites);

static const struct {
	const char *form;
	const char *words[24];
} lists[] = {
	{"path", {"/etc/passwd", "/etc/shadow", "/etc/protected/a", "/etc/protectedx", "/app/data/x", "/app", "/tmp/x",
		  "/tmp/x (deleted)", "/usr/bin/dash", "/a", "/var/lib/ä b", "/etc/ssl/certs/ca.pem"}},
	{"prefix", {"/etc/", "/etc", "/etc/protected", "/etc/protected/", "/app/", "/", "/tmp/x", "/usr/", "etc", "/a", "AF", "b"}},
	{"postfix", {"passwd", "/passwd", "x", "d", ".pem", "/certs/ca.pem", "/etc/shadow", "(deleted)", "a", "d/a", "b"}},
	{"folder", {"/etc", "/etc/protected", "/app", "/tmp", "/app/data", "/var/lib"}},
	{"program", {"/usr/bin/dash", "/usr/bin/cat", "/usr/sbin/nginx", "/app/run", "/bin/busybox", "/usr/bin/dash.real",
		     "/memfd:x (deleted)", "/opt/a b/c"}},
	{"program-part", {"/usr/", "/usr/bin/", "/usr/bin/dash", "/app", "/", "dash", "/cat", "n", "/run", "real", "c"}},
	{"string", {"/etc/passwd", "etc/passwd", "a", "/tmp/x", "tmpfs", "proc", "..", "/app/data/x"}},
	{"with-nul", {"a\\0", "tmpfs\\0\\0", "/etc/passwd\\0", "/tmp/x", "/app\\0"}},
	{"int", {"0", "1", "2", "3", "4", "9", "10", "-1", "-2", "255", "256", "65535", "2147483647", "-2147483648", "-100", "127", "128"}},
	{"mask", {"0", "1", "2", "3", "4", "5", "6", "8", "12", "255"}},
	{"flags", {"0", "1", "2", "64", "65", "512", "577", "1025", "32768", "32769", "2097152"}},
	{"size", {"0", "1", "4096", "65536", "2147483648", "4294967295"}},
	{"long", {"0", "1", "-1", "4294967296", "-9223372036854775808", "9223372036854775807", "255", "-5", "10", "4294967295"}},
	{"odd-int", {"0x2", "0b11", "0o12", "012", "1_0", "0xff", "0X0A", "+3", "-0x1"}},
	{"caps", {"0000000000000000", "0000000000000001", "0000000000200000", "000001ffffffffff", "0000000000000084"}},
	{"cap-value", {"0", "1", "0x200000", "CAP_SYS_ADMIN", "CAP_CHOWN,CAP_SETUID", "128", "CAP_KILL"}},
	{"cap-name", {"CAP_CHOWN", "CAP_SYS_ADMIN", "CAP_NET_RAW", "DAC_OVERRIDE", "cap_kill", "CAP_BPF"}},
	{"v4", {"127.0.0.1", "10.0.0.1", "10.1.2.3", "192.0.2.7", "192.168.1.254", "0.0.0.0", "255.255.255.255"}},
	{"v6", {"::1", "fd00::9", "2001:db8::1", "::ffff:10.0.0.1", "::ffff:192.0.2.7", "::", "fe80::1"}},
	{"network", {"127.0.0.0/8", "10.0.0.0/8", "10.1.2.3", "192.0.2.0/25", "192.0.2.7/24", "0.0.0.0/0", "10.1.2.3/31", "192.168.1.254/32"}},
	{"network6", {"::1", "fd00::/8", "2001:db8::/32", "::ffff:0:0/96", "::/0", "fe80::1/10", "::ffff:10.0.0.0/104"}},
	{"network46", {"10.0.0.0/8", "::1", "192.0.2.0/25", "fd00::/8", "127.0.0.0/8", "::/0", "0.0.0.0/0"}},
	{"port", {"0", "22", "53", "80", "443", "1023", "1024", "8080", "65535"}},
	{"port-value", {"0", "80", "443", "65536", "1:1023", "443:80", "1024:65535", "53", "0:0", "8080"}},
	{"protocol", {"IPPROTO_TCP", "IPPROTO_UDP", "6", "17", "70000", "IPPROTO_ICMP"}},
	{"family", {"AF_INET", "AF_INET6", "AF_UNIX", "2", "10", "99"}},
	{"state", {"TCP_SYN_SENT", "TCP_ESTABLISHED", "2", "TCP_CLOSE", "7"}},
	{"filetype", {"reg", "regular", "dir", "sock", "socket", "lnk", "fifo", "pipe", "chr", "blk"}},
	{"permission", {"-rw-r--r--", "drwxr-xr-x", "srwxrwxrwx", "prw-------", "crw-rw-rw-", "lrwxrwxrwx"}},
	{"range", {"0:10", "2:2", "10:0", "-5:5", "0x1:0xff", "3:4", "-2147483648:-1", "1:9223372036854775807"}},
	{"urange", {"0:10", "2:2", "10:0", "0x1:0xff", "3:4", "0:4294967295", "255:256"}},
	{"map", {"0", "1", "2", "9", "3:5", "5:3", "-1", "-5:5", "4294967295", "255", "65535", "0:1000"}},
	{"umap", {"0", "1", "2", "9", "3:5", "5:3", "4294967295", "255", "65535", "0:1000", "65536:2147483648"}},
	{"bytes", {"YQ==", "L2V0Yy9wYXNzd2Q=", "AAE=", "dG1wZnM=", "eAB5", ""}},
	{"upper", {"PASSWD", "Etc", "x", "PEM", "D/A", "tmpFS"}},
	{"typed", {"/bin/sh", "/sbin/nginx", "/bin/cat", "/app/current/run"}},
	{"unix", {"/run/x.sock", "/etc/x", "/tmp/x", "/a", "/app/data/x"}},
	{"unshare", {"67108864", "134217728", "131072", "536870912", "1073741824", "128", "33554432", "201326592", "268435456"}},
	{"namespace", {"Mnt", "Net", "Pid", "User", "Uts", "Ipc", "PidForChildren"}},
	{"call-number", {"0", "1", "8", "83", "101", "257", "272", "308", "59", "2147483649"}},
	{"call-list", {"list:calls"}},
	{"label", {"web", "db", "a"}},
	{"kernel", {"5.11", "5.15", "6.1", "6.6", "6.12", "6.17", "6.19"}},
};

const char *random_word(struct dice *r, const char *form)
{
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		if (strcmp(lists[i].form, form))
			continue;
		unsigned n = 0;
		while (n < ARRAY_SIZE(lists[i].words) && lists[i].words[n])
			n++;
		return lists[i].words[dice_below(r, n)];
	}
	return NULL;
}
