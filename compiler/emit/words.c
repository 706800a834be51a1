/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sentences from tables: what a hook is about, what an operator says of an argument, what an action does. Works
 * on any policy; what has no phrase here is named as the YAML names it.
 */
#include "compiler/emit/words.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "compiler/emit/words_values.h"

static const struct {
	const char *call, *text;
} hook_words[] = {
	{"bprm_creds_from_file", "a program is about to be started"},
	{"bprm_check_security", "a program, or the script in front of it, is about to be started"},
	{"bprm_check", "a program, or the script in front of it, is about to be started"},
	{"sched_process_exec", "a program was started and has not run an instruction yet"},
	{"file_open", "a file is opened"},
	{"file_permission", "an open file is read or written"},
	{"mmap_file", "a file is mapped into memory"},
	{"path_truncate", "a file is cut by its name"},
	{"file_truncate", "a file is cut through a descriptor, or opened with O_TRUNC"},
	{"path_mknod", "a file, fifo or device is made"},
	{"path_mkdir", "a folder is made"},
	{"path_symlink", "a symbolic link is made"},
	{"path_link", "a hard link is made"},
	{"path_unlink", "a file is removed"},
	{"path_rmdir", "a folder is removed"},
	{"path_rename", "a file or folder is renamed"},
	{"path_chmod", "the mode of a file is changed"},
	{"path_chown", "the owner of a file is changed"},
	{"socket_connect", "a connection is opened"},
	{"kernel_read_file", "the kernel reads a file for itself"},
	{"kernel_load_data", "the kernel takes data from a program"},
	{"ptrace_access_check", "a process looks into another"},
	{"ptrace_traceme", "a process asks to be traced"},
	{"sb_mount", "a file system is mounted"},
	{"move_mount", "a mount is attached"},
	{"task_fix_setuid", "a process changes its user"},
	{"userns_create", "a user namespace is made"},
	{"create_user_ns", "a user namespace is made"},
	{"bpf", "BPF is called"},
};

static const char *const operator_words[OPERATOR_COUNT] = {
	[OPERATOR_EQUAL] = "is", [OPERATOR_NOT_EQUAL] = "is not",
	[OPERATOR_PREFIX] = "begins with", [OPERATOR_NOT_PREFIX] = "does not begin with",
	[OPERATOR_POSTFIX] = "ends with", [OPERATOR_NOT_POSTFIX] = "does not end with",
	[OPERATOR_MASK] = "has one of the bits", [OPERATOR_DADDR] = "is in", [OPERATOR_NOT_DADDR] = "is not in",
	[OPERATOR_DPORT] = "has port", [OPERATOR_NOT_DPORT] = "has a port other than",
	[OPERATOR_IN_RANGE] = "lies in", [OPERATOR_NOT_IN_RANGE] = "lies outside", [OPERATOR_SADDR] = "is in", [OPERATOR_NOT_SADDR] = "is not in",
	[OPERATOR_SPORT] = "has port", [OPERATOR_NOT_SPORT] = "has a port other than",
	[OPERATOR_FAMILY] = "is of family", [OPERATOR_PROTOCOL] = "is of protocol",
	[OPERATOR_IN] = "is", [OPERATOR_NOT_IN] = "is not",
};

static const char *const action_words[ACTION_COUNT] = {
	[ACTION_POST] = "report it", [ACTION_NO_POST] = "let it pass, unreported",
	[ACTION_SIGKILL] = "kill the process", [ACTION_OVERRIDE] = "make the call fail",
	[ACTION_SIGNAL] = "send a signal",
};

static const char *arg_words(const struct spec_arg *a)
{
	if (a->resolve.n) {
		if (str_ends(a->resolve, STR("i_nlink")))
			return "the file's number of names";
		if (str_eq(a->resolve, STR("f_flags")))
			return "the open mode";
		if (str_eq(a->resolve, STR("uid.val")))
			return a->index ? "the old user" : "the new user";
	}
	switch (a->type) {
	case TYPE_FILE: case TYPE_PATH: case TYPE_LINUX_BINPRM: return "the path";
	case TYPE_DENTRY: return "the name";
	case TYPE_SOCKADDR: return "the peer";
	case TYPE_SOCKET: case TYPE_SOCK: return "the socket";
	default: return "the argument";
	}
}

/* Conditions on numbers that have a name of their own. Value and meaning are the kernel's. */
static const struct {
	const char *call, *resolve;       /* the end of what the argument is resolved to, or "" */
	enum policy_operator op;
	const char *value, *text;
} condition_words[] = {
	{"file_open", "f_flags", OPERATOR_MASK, "3", "it is opened for writing"},
	{"mmap_file", "", OPERATOR_MASK, "2", "the mapping is writable"},
	{"mmap_file", "", OPERATOR_MASK, "1", "it is shared, so that writing changes the file"},
	{"", "i_nlink", OPERATOR_EQUAL, "0", "the file has no name (memfd, deleted)"},
	{"kernel_read_file", "", OPERATOR_EQUAL, "2", "it is a kernel module"},
	{"kernel_load_data", "", OPERATOR_EQUAL, "2", "it is a kernel module"},
	{"ptrace_access_check", "", OPERATOR_MASK, "2", "it would attach, not only look"},
};

static const char *condition_of(const struct hook *h, const struct spec_arg *a, const struct arg_filter *f)
{
	if (!a || f->values.n != 1)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(condition_words); i++)
		if (condition_words[i].op == f->op && str_ends(h->call, str_from(condition_words[i].call)) &&
		    str_ends(a->resolve, str_from(condition_words[i].resolve)) &&
		    str_eq(f->values.v[0], str_from(condition_words[i].value)))
			return condition_words[i].text;
	return NULL;
}

static void put_operator(struct buf *b, enum policy_operator op)
{
	buf_putc(b, ' ');
	buf_puts(b, operator_words[op] ? operator_words[op] : operator_name(op));
}

static void put_conditions(struct buf *b, const struct hook *h, const struct selector *s)
{
	const char *join = "if ";
	for (size_t i = 0; i < s->nbinaries; i++, join = " and ") {
		buf_printf(b, "%sthe acting program", join);
		put_operator(b, s->binaries[i].op);
		words_values(s->binaries[i].op, &s->binaries[i].values, b);
	}
	for (size_t i = 0; i < s->nparent_binaries; i++, join = " and ") {
		buf_printf(b, "%sits parent's program", join);
		put_operator(b, s->parent_binaries[i].op);
		words_values(s->parent_binaries[i].op, &s->parent_binaries[i].values, b);
	}
	CLEANUP_BUF struct buf connection = BUF_INIT;
	uint32_t told = words_connection(h, s, &connection);
	if (told) {
		buf_printf(b, "%s%s", join, connection.p);
		join = " and ";
	}
	for (size_t i = 0; i < s->nargs; i++, join = " and ") {
		if (i < 32 && told & 1u << i)
			continue;
		const struct spec_arg *a = words_argument(h, &s->args[i]);
		const char *condition = condition_of(h, a, &s->args[i]);
		if (condition) {
			buf_printf(b, "%s%s", join, condition);
			continue;
		}
		buf_printf(b, "%s%s", join, a ? arg_words(a) : "the argument");
		put_operator(b, s->args[i].op);
		words_values(s->args[i].op, &s->args[i].values, b);
	}
	for (size_t i = 0; i < s->ncapabilities; i++, join = " and ") {
		buf_printf(b, "%sits capabilities", join);
		buf_puts(b, s->capabilities[i].op == OPERATOR_IN ? " include" : " do not include");
		words_values(s->capabilities[i].op, &s->capabilities[i].values, b);
	}
	if (s->nargs + s->nbinaries + s->nparent_binaries + s->ncapabilities == 0)
		buf_puts(b, "in every other case");
}

static void put_selector(struct buf *b, const struct hook *h, const struct selector *s)
{
	put_conditions(b, h, s);
	buf_puts(b, ": ");
	for (size_t i = 0; i < s->nactions; i++) {
		const char *text = action_words[s->actions[i].action];
		buf_printf(b, "%s%s", i ? ", " : "", text ? text : action_name(s->actions[i].action));
	}
	if (s->nactions == 0)
		buf_puts(b, "report it");
}

static void put_hook(struct buf *b, const struct hook *h)
{
	struct str call = h->call;
	if (h->section == SECTION_KPROBE && str_starts(call, STR("security_")))
		call = str_skip(call, sizeof("security_") - 1);
	for (size_t i = 0; i < ARRAY_SIZE(hook_words); i++) {
		if (str_eq(call, str_from(hook_words[i].call))) {
			buf_printf(b, "When %s, the first of these that matches decides:", hook_words[i].text);
			return;
		}
	}
	buf_printf(b, "At " STR_FMT ", the first of these that matches decides:", STR_ARG(h->call));
}

static void put_labels(struct buf *b, const char *what, const struct label_selector *s)
{
	buf_printf(b, "%s", what);
	for (size_t i = 0; i < s->nlabels; i++)
		buf_printf(b, "%s" STR_FMT "=" STR_FMT, i ? " and " : " ", STR_ARG(s->labels[i].key),
			   STR_ARG(s->labels[i].value));
	if (s->nlabels + s->nexpressions == 0)
		buf_puts(b, " of any kind");
}

static void put_document(struct buf *b, const struct policy *p)
{
	bool monitor = false;
	for (size_t i = 0; i < p->noptions; i++)
		monitor |= str_eq(p->options[i].name, STR("policy-mode")) &&
			   str_eq(p->options[i].value, STR("monitor"));
	buf_puts(b, monitor ? "Only reports what it would deny (monitor mode)"
			    : "Denies what its rules say (enforce mode)");
	if (p->namespaced)
		buf_printf(b, ", in namespace " STR_FMT, STR_ARG(p->namespace));
	if (p->pod)
		put_labels(b, ", in pods labelled", p->pod);
	if (p->container)
		put_labels(b, ", containers with", p->container);
	if (p->host)
		buf_puts(b, p->pod ? ", and on the host" : ", on the host and in no pod");
	if (!p->namespaced && !p->pod && !p->container && !p->host)
		buf_puts(b, ", for every process of the machine, the host's included");
	buf_putc(b, '.');
}

static void push(struct arena *arena, struct words **ret, size_t *n, unsigned line, struct buf *b)
{
	*ARENA_PUSH(arena, *ret, *n) = (struct words){line, arena_str(arena, buf_view(b))};
	buf_clear(b);
}

void words_policy(const struct policy *p, struct arena *arena, struct words **ret, size_t *ret_n)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	*ret = NULL;
	*ret_n = 0;
	put_document(&b, p);
	push(arena, ret, ret_n, p->line, &b);
	for (size_t i = 0; i < p->nhooks; i++) {
		const struct hook *h = &p->hooks[i];
		put_hook(&b, h);
		push(arena, ret, ret_n, h->at.line, &b);
		for (size_t k = 0; k < h->nselectors; k++) {
			put_selector(&b, h, &h->selectors[k]);
			push(arena, ret, ret_n, h->selectors[k].at.line, &b);
		}
	}
}

/* ---- allowlists ---- */

static void put_by(struct buf *b, const struct str *by, size_t n)
{
	if (n == 0)
		buf_puts(b, "any program");
	for (size_t i = 0; i < n; i++)
		buf_printf(b, "%s" STR_FMT, i ? i + 1 == n ? " and " : ", " : "only ",
			   STR_ARG(by[i]));
}

static void put_path(struct buf *b, struct str path)
{
	bool below = path.n && path.p[path.n - 1] == '/';
	buf_printf(b, "%s" STR_FMT, below ? "everything below " : "", STR_ARG(path));
}

static void put_access(struct buf *b, uint32_t access)
{
	uint32_t bits = access ? access : ACCESS_CHANGES;
	const char *join = "";
	for (int i = 0; access && i < ACCESS_COUNT; i++) {
		if (bits & 1u << i) {
			buf_printf(b, "%s%s", join, access_name(i));
			join = ", ";
		}
	}
	if (!access)
		buf_puts(b, "change");
}

static void put_network(struct buf *b, const struct allow_connect *c)
{
	char text[INET6_ADDRSTRLEN] = "any address";
	if (c->network.family)
		inet_ntop(c->network.family == 4 ? AF_INET : AF_INET6, c->network.bytes, text, sizeof(text));
	buf_puts(b, text);
	if (c->network.family)
		buf_printf(b, "/%u", c->prefix);
	if (c->port_first == c->port_last)
		buf_printf(b, ", port %u", c->port_first);
	else if (c->port_first || c->port_last != 65535)
		buf_printf(b, ", ports %u to %u", c->port_first, c->port_last);
	else
		buf_puts(b, ", any port");
	if (c->protocol == 6 || c->protocol == 17)
		buf_puts(b, c->protocol == 6 ? ", TCP" : ", UDP");
	else if (c->protocol)
		buf_printf(b, ", protocol %u", c->protocol);
}

void words_rule(const struct allowlist *a, const struct lower_rule *r, struct buf *b)
{
	if (r->kind == KIND_EXEC) {
		const struct allow_exec *e = &a->exec[r->index];
		put_by(b, e->by, e->nby);
		buf_puts(b, " may start ");
		put_path(b, e->path);
	} else if (r->kind == KIND_FILE) {
		const struct allow_file *f = &a->files[r->index];
		put_by(b, f->by, f->nby);
		buf_puts(b, " may ");
		put_access(b, f->access);
		buf_putc(b, ' ');
		put_path(b, f->path);
	} else if (r->kind == KIND_CONNECT) {
		const struct allow_connect *c = &a->connects[r->index];
		put_by(b, c->by, c->nby);
		buf_puts(b, " may connect to ");
		put_network(b, c);
	} else {
		buf_puts(b, "nobody may: ");
		buf_str(b, a->guards[r->index]);
	}
}
