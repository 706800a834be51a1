/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Paths that no process and no file has. What is compared is the path after every symbolic link, from the task's own root:
 * a value that is not such a path never matches, and its negation always does.
 */
#include "compiler/lint/lint_walk.h"

typedef void path_fn(struct lint_context *c, enum policy_operator op, struct str v, size_t i, struct place at);

static bool exact(enum policy_operator op)
{
	return op == OPERATOR_EQUAL || op == OPERATOR_NOT_EQUAL || op == OPERATOR_IN || op == OPERATOR_NOT_IN;
}

static bool prefix(enum policy_operator op)
{
	return op == OPERATOR_PREFIX || op == OPERATOR_NOT_PREFIX;
}

static bool postfix(enum policy_operator op)
{
	return op == OPERATOR_POSTFIX || op == OPERATOR_NOT_POSTFIX;
}


static void values(struct lint_context *c, path_fn *fn, enum policy_operator op, const struct strs *list,
		   struct place at)
{
	for (size_t i = 0; i < list->n; i++)
		fn(c, op, list->v[i], i, at);
}

#define FILTER_WALK(name, fn)                                                                      \
	static void name(struct lint_context *c, const struct hook *h, const struct selector *s,   \
			 const struct arg_filter *f, const struct spec_arg *arg)                   \
	{                                                                                          \
		(void)h, (void)s;                                                                  \
		if (lint_is_path(arg->type) && lint_is_path_operator(f->op))                       \
			values(c, fn, f->op, &f->values, f->at);                                   \
	}
#define BINARIES_WALK(name, fn)                                                                    \
	static void name(struct lint_context *c, const struct hook *h, const struct selector *s,   \
			 const struct binary_filter *f)                                            \
	{                                                                                          \
		(void)h, (void)s;                                                                  \
		values(c, fn, f->op, &f->values, f->at);                                           \
	}

/* Before 5.3 a program's path is what the caller typed. */
static bool typed_paths(const struct lint_context *c)
{
	return c->target->kernel < TARGET_KERNEL(5, 3);
}

static const char *outcome(enum policy_operator op)
{
	return lint_negative(op) ? "always true" : "never true";
}

/* ---- form ---- */

static void relative(struct lint_context *c, enum policy_operator op, struct str v, size_t i, struct place at)
{
	if (v.n && v.p[0] != '/' && (exact(op) || prefix(op)))
		lint_report_value(c, at, i, "write the whole path, or use Postfix with \"/NAME\"",
				  "\"" STR_FMT "\" does not begin with /, as every path does: %s", STR_ARG(v), outcome(op));
}
FILTER_WALK(relative_filter, relative)
BINARIES_WALK(relative_binaries, relative)

void lint_path_relative(struct lint_context *c)
{
	lint_each_filter(c, relative_filter);
	if (!typed_paths(c))
		lint_each_binaries(c, relative_binaries);
}

/* Drops "//" and "/./"; false when only a person can tell what is meant. */
static bool canonical(struct str v, struct buf *b)
{
	for (size_t i = 0; i < v.n; i++) {
		struct str rest = str_skip(v, i);
		if (str_starts(rest, STR("/../")) || str_eq(rest, STR("/..")))
			return false;
		if (str_starts(rest, STR("//")))
			continue;
		if (str_starts(rest, STR("/./")) || str_eq(rest, STR("/."))) {
			i++;
			continue;
		}
		buf_putc(b, v.p[i]);
	}
	return true;
}

static void uncanonical(struct lint_context *c, enum policy_operator op, struct str v, size_t i, struct place at)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	if (!v.n || v.p[0] != '/')
		return;
	bool known = canonical(v, &b), slash = exact(op) && v.n > 1 && v.p[v.n - 1] == '/';
	if (!slash && known && str_eq(buf_view(&b), v))
		return;
	struct finding *f = lint_report_value(c, at, i,
					      slash ? "for everything below it use Prefix" : "write it as the kernel does",
					      "no path is written \"" STR_FMT "\": %s", STR_ARG(v), outcome(op));
	if (f && known && !slash && b.n)
		lint_edit_value(c, f, f->path, buf_view(&b));
}
FILTER_WALK(uncanonical_filter, uncanonical)
BINARIES_WALK(uncanonical_binaries, uncanonical)

void lint_path_not_canonical(struct lint_context *c)
{
	lint_each_filter(c, uncanonical_filter);
	if (!typed_paths(c))
		lint_each_binaries(c, uncanonical_binaries);
}

static void root(struct lint_context *c, enum policy_operator op, struct str v, size_t i, struct place at)
{
	if (exact(op) && str_eq(v, STR("/")))
		lint_report_value(c, at, i, "remove it; everything is Prefix \"/\"",
				  "the root folder is read as an empty path, which no filter on paths passes");
}
FILTER_WALK(root_filter, root)

void lint_path_root(struct lint_context *c)
{
	lint_each_filter(c, root_filter);
}

static void nul(struct lint_context *c, enum policy_operator op, struct str v, size_t i, struct place at)
{
	size_t n = v.n;
	while (n && v.p[n - 1] == '\0')
		n--;
	if (n == v.n || !exact(op))
		return;
	struct finding *f = lint_report_value(c, at, i, "remove the \\0",
					      "a path ends without a zero byte: this value is %s", outcome(op));
	if (f)
		lint_edit_value(c, f, f->path, (struct str){v.p, n});
}
FILTER_WALK(nul_filter, nul)

void lint_path_nul(struct lint_context *c)
{
	lint_each_filter(c, nul_filter);
}

static void glob(struct lint_context *c, enum policy_operator op, struct str v, size_t i, struct place at)
{
	bool star = v.n && memchr(v.p, '*', v.n), home = str_starts(v, STR("~/")) || str_starts(v, STR("$"));
	if (!star && !home)
		return;
	lint_report_value(c, at, i, star ? "use Prefix or Postfix with the fixed part" : "write the whole path",
			  "\"" STR_FMT "\" is compared byte by byte: nothing is expanded, so it is %s", STR_ARG(v),
			  outcome(op));
}
FILTER_WALK(glob_filter, glob)
BINARIES_WALK(glob_binaries, glob)

void lint_path_glob(struct lint_context *c)
{
	lint_each_filter(c, glob_filter);
	lint_each_binaries(c, glob_binaries);
}

/* ---- slashes ---- */

/* Folders that every system has: a prefix without its slash is meant to be the folder. */
static bool known_folder(struct str v)
{
	static const char *const folders[] = {
		"/app", "/bin", "/boot", "/data", "/dev", "/etc", "/etc/cron.d", "/etc/ssh", "/home", "/lib", "/lib64",
		"/media", "/mnt", "/opt", "/proc", "/root", "/root/.ssh", "/run", "/sbin", "/srv", "/sys", "/tmp", "/usr",
		"/usr/bin", "/usr/lib", "/usr/lib64", "/usr/libexec", "/usr/local", "/usr/local/bin", "/usr/local/sbin",
		"/usr/sbin", "/usr/share", "/var", "/var/lib", "/var/log", "/var/run", "/var/spool", "/var/spool/cron",
		"/var/tmp", "/dev/shm", "/var/www", "/var/cache", "/etc/kubernetes", "/var/lib/kubelet",
	};
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (str_eq(v, str_from(folders[i])))
			return true;
	return false;
}

static void open_prefix(struct lint_context *c, enum policy_operator op, struct str v, size_t i, struct place at)
{
	if (!prefix(op) || !known_folder(v))
		return;
	struct finding *f = lint_report_value(c, at, i, lint_fmt(c, "write " STR_FMT "/", STR_ARG(v)),
					      "" STR_FMT " is also the beginning of " STR_FMT "-other and " STR_FMT "2",
					      STR_ARG(v), STR_ARG(v), STR_ARG(v));
	if (f)
		lint_edit_value(c, f, f->path, str_from(lint_fmt(c, STR_FMT "/", STR_ARG(v))));
}
FILTER_WALK(open_prefix_filter, open_prefix)
BINARIES_WALK(open_prefix_binaries, open_prefix)

void lint_prefix_without_slash(struct lint_context *c)
{
	lint_each_filter(c, open_prefix_filter);
	lint_each_binaries(c, open_prefix_binaries);
}

static void open_postfix(struct lint_context *c, enum policy_operator op, struct str v, size_t i, struct place at)
{
	if (!postfix(op) || !v.n || strchr("/.-_", v.p[0]))
		return;
	struct finding *f = lint_report_value(c, at, i, lint_fmt(c, "write /" STR_FMT, STR_ARG(v)),
					      "not" STR_FMT " ends so, too", STR_ARG(v));
	if (f && !memchr(v.p, '/', v.n))
		lint_edit_value(c, f, f->path, str_from(lint_fmt(c, "/" STR_FMT, STR_ARG(v))));
}
BINARIES_WALK(open_postfix_binaries, open_postfix)

void lint_postfix_without_slash(struct lint_context *c)
{
	lint_each_binaries(c, open_postfix_binaries);
}

/* ---- links ---- */

struct link {
	const char *from, *to;   /* FROM with a slash at its end: everything below it */
};

static const struct link links[] = {
	{"/bin/sh", "/usr/bin/dash, /usr/bin/bash or /bin/busybox"},
	{"/usr/bin/sh", "/usr/bin/dash, /usr/bin/bash or /bin/busybox"},
	{"/usr/bin/awk", "/usr/bin/mawk or /usr/bin/gawk"},
	{"/usr/bin/vi", "/usr/bin/vim.basic or whatever update-alternatives chose"},
	{"/usr/bin/editor", "what update-alternatives chose"},
	{"/usr/bin/nc", "/usr/bin/nc.openbsd or /usr/bin/nc.traditional"},
	{"/usr/bin/netcat", "/usr/bin/nc.openbsd or /usr/bin/nc.traditional"},
	{"/usr/bin/python", "/usr/bin/python3.N"},
	{"/usr/bin/python3", "/usr/bin/python3.N"},
	{"/usr/bin/java", "/usr/lib/jvm/.../bin/java"},
	{"/usr/sbin/iptables", "/usr/sbin/xtables-nft-multi or xtables-legacy-multi"},
	{"/usr/bin/gcc", "/usr/bin/x86_64-linux-gnu-gcc-N"},
	{"/usr/bin/cc", "/usr/bin/x86_64-linux-gnu-gcc-N"},
	{"/etc/mtab", "/proc/PID/mounts"},
	{"/dev/stdin", "/proc/PID/fd/0 and what it leads to"},
	{"/dev/stdout", "/proc/PID/fd/1 and what it leads to"},
	{"/dev/stderr", "/proc/PID/fd/2 and what it leads to"},
	{"/dev/fd/", "what the descriptor leads to"},
	{"/proc/self/", "/proc/PID/"},
	{"/proc/thread-self/", "/proc/PID/task/TID/"},
	{"/var/run/", "/run/"},
	{"/var/lock/", "/run/lock/"},
};

static const struct link *link_of(enum policy_operator op, struct str v)
{
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		struct str from = str_from(links[i].from);
		bool below = from.p[from.n - 1] == '/';
		if (below ? (exact(op) || prefix(op)) && str_starts(v, from) : exact(op) && str_eq(v, from))
			return &links[i];
	}
	return NULL;
}

static void symlink_value(struct lint_context *c, enum policy_operator op, struct str v, size_t i, struct place at)
{
	const struct link *l = link_of(op, v);
	if (l)
		lint_report_value(c, at, i, lint_fmt(c, "list %s", l->to),
				  "" STR_FMT " is a symbolic link nearly everywhere; the kernel compares where it leads: "
				  "%s there", STR_ARG(v), outcome(op));
}
FILTER_WALK(symlink_filter, symlink_value)
BINARIES_WALK(symlink_binaries, symlink_value)

void lint_path_symlink(struct lint_context *c)
{
	lint_each_filter(c, symlink_filter);
	if (!typed_paths(c))
		lint_each_binaries(c, symlink_binaries);
}

/* Is what /usr holds of V in the list, too? */
static bool listed(enum policy_operator op, const struct strs *list, struct str v)
{
	for (size_t i = 0; i < list->n; i++) {
		struct str o = list->v[i];
		if (!str_starts(o, STR("/usr/")))
			continue;
		if (prefix(op) ? str_starts(v, str_skip(o, 4)) || o.n == 5 : str_eq(str_skip(o, 4), v))
			return true;
	}
	return false;
}

/* /bin, /sbin and /lib are links to folders below /usr; BusyBox systems keep them. */
static void merged(struct lint_context *c, enum policy_operator op, const struct strs *list, struct place at)
{
	static const char *const folders[] = {"/bin/", "/sbin/", "/lib/", "/lib64/"};
	for (size_t i = 0; i < list->n && (exact(op) || prefix(op)); i++) {
		struct str v = list->v[i];
		if (link_of(op, v) || str_eq(v, STR("/bin/busybox")) || listed(op, list, v))
			continue;
		for (size_t k = 0; k < ARRAY_SIZE(folders); k++)
			if (str_starts(v, str_from(folders[k])))
				lint_report_value(c, at, i, lint_fmt(c, "list /usr" STR_FMT ", beside it or instead",
								     STR_ARG(v)),
						  "where /usr is merged this is a link to /usr" STR_FMT ", and %s",
						  STR_ARG(v), outcome(op));
	}
}

static void merged_filter(struct lint_context *c, const struct hook *h, const struct selector *s,
			  const struct arg_filter *f, const struct spec_arg *arg)
{
	(void)h, (void)s;
	if (lint_is_path(arg->type))
		merged(c, f->op, &f->values, f->at);
}

static void merged_binaries(struct lint_context *c, const struct hook *h, const struct selector *s,
			    const struct binary_filter *f)
{
	(void)h, (void)s;
	merged(c, f->op, &f->values, f->at);
}

void lint_path_merged_usr(struct lint_context *c)
{
	lint_each_filter(c, merged_filter);
	if (!typed_paths(c))
		lint_each_binaries(c, merged_binaries);
}

static void script(struct lint_context *c, enum policy_operator op, struct str v, size_t i, struct place at)
{
	static const char *const endings[] = {".sh", ".py", ".pl", ".rb", ".js", ".php", ".lua", ".bash"};
	for (size_t k = 0; k < ARRAY_SIZE(endings); k++)
		if (!prefix(op) && str_ends(v, str_from(endings[k])))
			lint_report_value(c, at, i, "list the interpreter; the script itself is seen by bprm_check_security",
					  "a process that runs a script has the interpreter's path: " STR_FMT " is %s",
					  STR_ARG(v), outcome(op));
}
BINARIES_WALK(script_binaries, script)

void lint_binary_script(struct lint_context *c)
{
	if (!typed_paths(c))
		lint_each_binaries(c, script_binaries);
}

static void dentry(struct lint_context *c, const struct hook *h, const struct selector *s, const struct arg_filter *f,
		   const struct spec_arg *arg)
{
	(void)h, (void)s;
	bool whole = exact(f->op) || prefix(f->op);
	for (size_t i = 0; arg->type == TYPE_DENTRY && whole && i < f->values.n; i++)
		lint_report_value(c, f->at, i, "use the hook's path argument for the folder and Postfix for the name",
				  "a dentry's path begins at its file system: below a mount " STR_FMT " is %s",
				  STR_ARG(f->values.v[i]), outcome(f->op));
}

void lint_dentry_mount(struct lint_context *c)
{
	lint_each_filter(c, dentry);
}
