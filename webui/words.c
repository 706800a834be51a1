/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads the model that was parsed back from the emitted bytes, not the intention: what it says is what the
 * document says. Long lists are cut to their first values; the YAML beside it has them all.
 */
#include "webui/words.h"

enum { VALUES_SHOWN = 4 };

static const struct {
	const char *call, *when;
} hooks[] = {
	{"bprm_check_security", "When a program is about to start"},
	{"bprm_creds_from_file", "When a program is about to start"},
	{"security_bprm_check", "When a program is about to start"},
	{"security_bprm_creds_from_file", "When a program is about to start"},
	{"sched_process_exec", "When a program has started"},
	{"mmap_file", "When a file is mapped into memory"},
	{"security_mmap_file", "When a file is mapped into memory"},
	{"file_open", "When a file is opened"},
	{"security_file_open", "When a file is opened"},
	{"security_file_permission", "When a file is read or written"},
	{"path_truncate", "When a file is cut or emptied"},
	{"security_path_truncate", "When a file is cut or emptied"},
	{"file_truncate", "When an open file is cut or emptied"},
	{"security_file_truncate", "When an open file is cut or emptied"},
	{"path_unlink", "When a file is removed"},
	{"security_path_unlink", "When a file is removed"},
	{"path_rmdir", "When a folder is removed"},
	{"security_path_rmdir", "When a folder is removed"},
	{"path_mkdir", "When a folder is made"},
	{"security_path_mkdir", "When a folder is made"},
	{"path_mknod", "When a file is made"},
	{"security_path_mknod", "When a file is made"},
	{"path_rename", "When a file is renamed"},
	{"security_path_rename", "When a file is renamed"},
	{"path_link", "When a file gets another name"},
	{"security_path_link", "When a file gets another name"},
	{"path_symlink", "When a symbolic link is made"},
	{"security_path_symlink", "When a symbolic link is made"},
	{"path_chmod", "When a file's mode is changed"},
	{"security_path_chmod", "When a file's mode is changed"},
	{"path_chown", "When a file's owner is changed"},
	{"security_path_chown", "When a file's owner is changed"},
	{"socket_connect", "When a connection is made"},
	{"security_socket_connect", "When a connection is made"},
	{"socket_sendmsg", "When a datagram is sent"},
	{"security_socket_sendmsg", "When a datagram is sent"},
	{"kernel_read_file", "When the kernel reads a file for itself, such as a module"},
	{"security_kernel_read_file", "When the kernel reads a file for itself, such as a module"},
	{"ptrace_access_check", "When a process looks into another"},
	{"security_ptrace_access_check", "When a process looks into another"},
	{"sb_mount", "When a file system is mounted"},
	{"security_sb_mount", "When a file system is mounted"},
};

static const struct {
	enum policy_operator op;
	const char *words;
} operators[] = {
	{OPERATOR_IN, "is one of"},           {OPERATOR_NOT_IN, "is none of"},
	{OPERATOR_EQUAL, "is"},               {OPERATOR_NOT_EQUAL, "is not"},
	{OPERATOR_PREFIX, "begins with"},     {OPERATOR_NOT_PREFIX, "does not begin with"},
	{OPERATOR_POSTFIX, "ends with"},      {OPERATOR_NOT_POSTFIX, "does not end with"},
	{OPERATOR_MASK, "has one of the bits"}, {OPERATOR_DADDR, "goes to"},
	{OPERATOR_NOT_DADDR, "goes elsewhere than"}, {OPERATOR_DPORT, "goes to port"},
	{OPERATOR_NOT_DPORT, "goes to a port other than"}, {OPERATOR_PROTOCOL, "has protocol"},
	{OPERATOR_FAMILY, "has family"},      {OPERATOR_IN_RANGE, "lies in"},
	{OPERATOR_NOT_IN_RANGE, "lies outside"},
};

static void add_operator(struct buf *b, enum policy_operator op)
{
	for (size_t i = 0; i < ARRAY_SIZE(operators); i++) {
		if (operators[i].op == op) {
			buf_puts(b, operators[i].words);
			return;
		}
	}
	buf_puts(b, operator_name(op));
}

static void add_values(struct buf *b, const struct strs *values)
{
	for (size_t i = 0; i < values->n && i < VALUES_SHOWN; i++) {
		buf_puts(b, i ? ", " : " ");
		buf_str(b, values->v[i]);
	}
	if (values->n > VALUES_SHOWN)
		buf_printf(b, " and %zu more", values->n - VALUES_SHOWN);
}

static void add_filter(struct buf *b, bool *first, const char *what, enum policy_operator op,
		       const struct strs *values)
{
	buf_puts(b, *first ? "If " : ", and ");
	*first = false;
	buf_printf(b, "%s ", what);
	add_operator(b, op);
	add_values(b, values);
}

static const struct {
	const char *resolve, *words;
} resolved[] = {
	{"f_flags", "its open flags"},
	{"file.f_inode.__i_nlink", "the file's number of names"},
	{"uid.val", "the user id"},
};

/* What the argument is: what it is resolved to, its label or its type. */
static void argument_words(const struct hook *h, const struct arg_filter *f, struct buf *b)
{
	/* args: counts positions in the list, index: the hook's own arguments. */
	const struct spec_arg *arg = f->nargs && f->args[0] < h->nargs ? &h->args[f->args[0]] : NULL;
	for (size_t i = 0; !arg && i < h->nargs; i++)
		if (h->args[i].index == f->index)
			arg = &h->args[i];
	for (size_t i = 0; arg && i < ARRAY_SIZE(resolved); i++) {
		if (str_eq(arg->resolve, str_from(resolved[i].resolve))) {
			buf_puts(b, resolved[i].words);
			return;
		}
	}
	if (arg && arg->label.n)
		buf_str(b, arg->label);
	else if (arg && (arg->type == TYPE_FILE || arg->type == TYPE_PATH || arg->type == TYPE_LINUX_BINPRM))
		buf_puts(b, "the path");
	else if (arg)
		buf_printf(b, "argument %u", arg->index);
	else
		buf_printf(b, "argument %u", f->index);
}

static void add_action(struct buf *b, const struct action *a, bool first)
{
	static const char *const words[ACTION_COUNT] = {
		[ACTION_SIGKILL] = "the process is killed",
		[ACTION_NO_POST] = "it passes without a word",
		[ACTION_POST] = "it is reported",
		[ACTION_NOTIFY_ENFORCER] = "the enforcer stops it",
	};
	buf_puts(b, first ? ": " : ", and ");
	if (a->action == ACTION_OVERRIDE)
		buf_printf(b, "the call fails (%s)", strerror(a->error < 0 ? -a->error : 1));
	else
		buf_puts(b, words[a->action] ? words[a->action] : action_name(a->action));
}

static void selector_words(const struct hook *h, const struct selector *s, struct buf *b)
{
	bool first = true;
	for (size_t i = 0; i < s->nbinaries; i++)
		add_filter(b, &first, "the program", s->binaries[i].op, &s->binaries[i].values);
	for (size_t i = 0; i < s->nparent_binaries; i++)
		add_filter(b, &first, "the parent program", s->parent_binaries[i].op,
			   &s->parent_binaries[i].values);
	for (size_t i = 0; i < s->nargs; i++) {
		CLEANUP_BUF struct buf what = BUF_INIT;
		argument_words(h, &s->args[i], &what);
		add_filter(b, &first, what.p, s->args[i].op, &s->args[i].values);
	}
	for (size_t i = 0; i < s->ncapabilities; i++)
		add_filter(b, &first, "its capabilities", s->capabilities[i].op, &s->capabilities[i].values);
	if (first)
		buf_puts(b, "In every other case");
	for (size_t i = 0; i < s->nactions; i++)
		add_action(b, &s->actions[i], i == 0);
	buf_puts(b, s->nactions ? "." : ": it is reported.");
}

static void hook_words(const struct hook *h, struct buf *b)
{
	struct str call = h->call;
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++) {
		if (str_eq(call, str_from(hooks[i].call))) {
			buf_printf(b, "%s (%s):", hooks[i].when, hooks[i].call);
			return;
		}
	}
	buf_printf(b, "At %.*s:", STR_ARG(call));
}

static void scope_words(const struct policy *p, struct buf *b)
{
	if (p->namespaced)
		buf_printf(b, "Applies in namespace %.*s", STR_ARG(p->namespace));
	else
		buf_puts(b, "Applies on every node");
	const char *lead = ", to pods with ";
	for (size_t i = 0; p->pod && i < p->pod->nlabels; i++) {
		buf_printf(b, "%s%.*s=%.*s", lead, STR_ARG(p->pod->labels[i].key),
			   STR_ARG(p->pod->labels[i].value));
		lead = ", ";
	}
	buf_puts(b, p->container ? ", and there to the selected containers only." : ".");
}

void policy_words(const struct policy *p, void (*fn)(void *arg, unsigned line, struct str text),
		  void *arg)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	scope_words(p, &b);
	fn(arg, p->line, buf_view(&b));
	for (size_t i = 0; i < p->nhooks; i++) {
		const struct hook *h = &p->hooks[i];
		buf_clear(&b);
		hook_words(h, &b);
		fn(arg, h->at.line, buf_view(&b));
		for (size_t k = 0; k < h->nselectors; k++) {
			buf_clear(&b);
			selector_words(h, &h->selectors[k], &b);
			fn(arg, h->selectors[k].at.line, buf_view(&b));
		}
	}
}
