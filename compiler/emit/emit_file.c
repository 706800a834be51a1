/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * File rules: changes below protected paths, except what is allowed. One hook for each way to change a file. Two
 * kinds of hook need two kinds of filter:
 *
 *	object hooks (open, truncate, chmod ...)  the argument is the file itself
 *	entry hooks (create, unlink, rename ...)  the arguments are the folder and the name in it, so a rule on
 *	                                          /etc/ is "folder is /etc" or "folder begins with /etc/", and a
 *	                                          rule on /etc/passwd is "folder is /etc, and the name ends in /passwd"
 *
 * The folder "/" itself has an empty path in the kernel, which no filter matches.
 */
#include "compiler/emit/plan.h"

enum { MAX_SIDES = 2, MAX_MASKS = 2 };

struct file_hook {
	struct plan_hook hook;
	uint32_t access;                  /* what it judges */
	struct { uint8_t folder, name; } sides[MAX_SIDES];  /* entry hooks: positions in args */
	uint8_t nsides;                   /* 0: an object hook, the object is args[0] */
	struct { uint8_t arg; const char *mask; } masks[MAX_MASKS];
	uint8_t nmasks;
	const char *threat, *cannot;
};

#define ENTRY(name, bit, threat_text)                                                              \
	{{name, "security_" name, {{0, 0, TYPE_PATH, NULL}, {1, 1, TYPE_DENTRY, NULL}}, 2, 0},     \
	 bit, {{0, 1}}, 1, {{0}}, 0, threat_text, entry_cannot}
#define OBJECT(name, bit, type, since_kernel, threat_text, cannot_text)                            \
	{{name, "security_" name, {{0, 0, type, NULL}}, 1, since_kernel},                          \
	 bit, {{0}}, 0, {{0}}, 0, threat_text, cannot_text}

static const char entry_cannot[] = "entries directly in the root folder; the same files under another mount";
static const char link_cannot[] =
	"a hard link from a protected file to a name outside: the hook shows only the new name";
static const char open_cannot[] =
	"files opened before the policy was loaded, or received from another process; a denied O_CREAT is "
	"stopped by path_mknod, not here; other names of the file (hard link, bind mount)";

static const struct file_hook file_hooks[] = {
	{{"file_open", "security_file_open", {{0, 0, TYPE_FILE, NULL}, {0, 0, TYPE_UINT32, "f_flags"}}, 2, 0},
	 ACCESS_WRITE, {{0}}, 0, {{1, "3"}}, 1, "a protected file is opened for writing", open_cannot},
	{{"mmap_file", "security_mmap_file",
	  {{0, 0, TYPE_FILE, NULL}, {2, 1, TYPE_UINT32, NULL}, {3, 2, TYPE_UINT32, NULL}}, 3, 0},
	 ACCESS_WRITE, {{0}}, 0, {{1, "2"}, {2, "1"}}, 2,
	 "a protected file that was opened earlier is mapped for writing",
	 "a mapping made read-only and changed by mprotect later"},
	OBJECT("path_truncate", ACCESS_TRUNCATE, TYPE_PATH, 0, "a protected file is emptied or cut",
	       "other names of the file (hard link, bind mount)"),
	OBJECT("file_truncate", ACCESS_TRUNCATE, TYPE_FILE, TARGET_KERNEL(6, 2),
	       "a protected file is emptied or cut through a descriptor or by O_TRUNC",
	       "other names of the file (hard link, bind mount)"),
	ENTRY("path_mknod", ACCESS_CREATE, "a file, fifo or device is made in a protected folder"),
	ENTRY("path_mkdir", ACCESS_CREATE, "a folder is made in a protected folder"),
	ENTRY("path_symlink", ACCESS_CREATE, "a symbolic link is put into a protected folder"),
	{{"path_link", "security_path_link", {{1, 1, TYPE_PATH, NULL}, {2, 2, TYPE_DENTRY, NULL}}, 2, 0},
	 ACCESS_LINK, {{0, 1}}, 1, {{0}}, 0, "a hard link is put into a protected folder", link_cannot},
	ENTRY("path_unlink", ACCESS_UNLINK, "a protected file is removed"),
	ENTRY("path_rmdir", ACCESS_UNLINK, "a protected folder is removed"),
	{{"path_rename", "security_path_rename",
	  {{0, 0, TYPE_PATH, NULL}, {1, 1, TYPE_DENTRY, NULL}, {2, 2, TYPE_PATH, NULL}, {3, 3, TYPE_DENTRY, NULL}},
	  4, 0},
	 ACCESS_RENAME, {{0, 1}, {2, 3}}, 2, {{0}}, 0,
	 "a protected file is moved away, replaced or exchanged",
	 "renaming a folder above the protected one; entries directly in the root folder"},
	OBJECT("path_chmod", ACCESS_CHMOD, TYPE_PATH, 0, "the mode of a protected file is changed",
	       "other names of the file (hard link, bind mount)"),
	OBJECT("path_chown", ACCESS_CHMOD, TYPE_PATH, 0, "the owner of a protected file is changed",
	       "other names of the file (hard link, bind mount); extended attributes"),
};

static bool is_prefix(struct str path)
{
	return path.p[path.n - 1] == '/';
}

/* "/etc/" -> "/etc", "/etc/passwd" -> "/etc"; empty for what lies in "/". */
static struct str folder_of(struct str path)
{
	size_t n = path.n - is_prefix(path);
	if (!is_prefix(path)) {
		while (n && path.p[n - 1] != '/')
			n--;
		n -= n > 0;
	}
	return (struct str){path.p, n};
}

static struct str name_of(struct str path)
{
	return str_skip(path, folder_of(path).n);     /* with its leading '/' */
}

/* Protected and allowed paths of one access and one class of callers, reduced against each other. */
struct scope {
	struct strs deny_prefix, deny_exact;      /* protected and not wholly allowed */
	struct strs allow_prefix, allow_exact;    /* exceptions below deny_prefix */
};

static bool covered(const struct strs *prefixes, struct str path)
{
	for (size_t i = 0; i < prefixes->n; i++) {
		if (path_covers(prefixes->v[i], path))
			return true;
	}
	return false;
}

static bool contains(const struct strs *list, struct str s)
{
	for (size_t i = 0; i < list->n; i++) {
		if (str_eq(list->v[i], s))
			return true;
	}
	return false;
}

static void scope_of(struct plan *p, const struct lowered *l, uint32_t access, uint32_t caller,
		     struct scope *ret)
{
	struct strs prefix = {0}, exact = {0};
	for (size_t i = 0; i < l->nfiles; i++) {
		const struct lower_file *f = &l->files[i];
		if ((f->access & access) && (f->caller == LOWER_CALLER_ANY || f->caller == caller))
			plan_value(p, is_prefix(f->path) ? &prefix : &exact, f->path);
	}
	*ret = (struct scope){0};
	for (size_t i = 0; i < l->nprotect; i++) {
		struct str path = l->protect[i];
		if (!covered(&prefix, path) && !contains(&exact, path))
			plan_value(p, is_prefix(path) ? &ret->deny_prefix : &ret->deny_exact, path);
	}
	for (size_t i = 0; i < prefix.n; i++) {
		if (covered(&ret->deny_prefix, prefix.v[i]) && !contains(&ret->allow_prefix, prefix.v[i]))
			plan_value(p, &ret->allow_prefix, prefix.v[i]);
	}
	for (size_t i = 0; i < exact.n; i++) {
		if (covered(&ret->deny_prefix, exact.v[i]) && !covered(&prefix, exact.v[i]) &&
		    !contains(&ret->allow_exact, exact.v[i]))
			plan_value(p, &ret->allow_exact, exact.v[i]);
	}
}

struct file_job {
	struct emission *e;
	struct plan *p;
	const struct file_hook *h;
	const struct strs *callers;
	uint32_t after;
};

static struct plan_selector *deny(struct file_job *j)
{
	struct plan_selector *s = plan_deny(j->p, j->after);
	if (j->callers)
		s->callers = *j->callers;
	for (int i = 0; i < j->h->nmasks; i++)
		plan_filter(s, j->h->masks[i].arg, OPERATOR_MASK,
			    plan_values(j->p, &j->h->masks[i].mask, 1));
	return s;
}

static void filter_if(struct plan_selector *s, uint8_t arg, enum policy_operator op,
		      const struct strs *values)
{
	if (values->n)
		plan_filter(s, arg, op, *values);
}

static void deny_object(struct file_job *j, const struct scope *c)
{
	if (c->deny_prefix.n) {
		struct plan_selector *s = deny(j);
		plan_filter(s, 0, OPERATOR_PREFIX, c->deny_prefix);
		filter_if(s, 0, OPERATOR_NOT_EQUAL, &c->allow_exact);
		filter_if(s, 0, OPERATOR_NOT_PREFIX, &c->allow_prefix);
	}
	if (c->deny_exact.n)
		plan_filter(deny(j), 0, OPERATOR_EQUAL, c->deny_exact);
}

/* One denial for each folder that holds exactly named files: its names are (or are not) these. */
static void deny_names(struct file_job *j, int side, const struct strs *files,
		       enum policy_operator op, struct strs *ret_folders)
{
	for (size_t i = 0; i < files->n; i++) {
		struct str folder = folder_of(files->v[i]);
		if (contains(ret_folders, folder))
			continue;
		plan_value(j->p, ret_folders, folder);
		struct strs names = {0}, one = {0};
		for (size_t k = i; k < files->n; k++) {
			struct str name = name_of(files->v[k]);
			if (!str_eq(folder_of(files->v[k]), folder))
				continue;
			plan_value(j->p, &names, name);
			if (name.n > 127)
				emission_refuse(j->e, files->v[k], "'" STR_FMT "': a file name longer than 126 bytes cannot be "
					   "told apart here: name its folder instead", STR_ARG(files->v[k]));
		}
		if (folder.n == 0)
			continue;             /* in "/": no filter matches */
		plan_value(j->p, &one, folder);
		struct plan_selector *s = deny(j);
		plan_filter(s, j->h->sides[side].folder, OPERATOR_EQUAL, one);
		plan_filter(s, j->h->sides[side].name, op, names);
	}
}

static void deny_entry(struct file_job *j, int side, const struct scope *c)
{
	uint8_t folder = j->h->sides[side].folder;
	struct strs apart = {0}, named = {0}, below = {0}, not_below = {0};
	deny_names(j, side, &c->allow_exact, OPERATOR_NOT_POSTFIX, &apart);
	deny_names(j, side, &c->deny_exact, OPERATOR_POSTFIX, &named);
	for (size_t i = 0; i < c->deny_prefix.n; i++) {
		struct str f = folder_of(c->deny_prefix.v[i]);
		if (f.n && !contains(&apart, f))
			plan_value(j->p, &below, f);
	}
	if (below.n)
		plan_filter(deny(j), folder, OPERATOR_EQUAL, below);
	if (c->deny_prefix.n == 0)
		return;
	for (size_t i = 0; i < apart.n; i++) {
		if (apart.v[i].n)
			plan_value(j->p, &not_below, apart.v[i]);
	}
	for (size_t i = 0; i < c->allow_prefix.n; i++)
		plan_value(j->p, &not_below, folder_of(c->allow_prefix.v[i]));
	struct plan_selector *s = deny(j);
	plan_filter(s, folder, OPERATOR_PREFIX, c->deny_prefix);
	filter_if(s, folder, OPERATOR_NOT_EQUAL, &not_below);
	filter_if(s, folder, OPERATOR_NOT_PREFIX, &c->allow_prefix);
}

static void deny_scope(struct file_job *j, uint32_t caller)
{
	struct scope c;
	scope_of(j->p, j->e->l, j->h->access, caller, &c);
	check_prefix(j->e, &c.deny_prefix);
	check_prefix(j->e, &c.allow_prefix);
	check_equal(j->e, &c.deny_exact);
	check_equal(j->e, &c.allow_exact);
	if (j->h->nsides == 0)
		deny_object(j, &c);
	for (int side = 0; side < j->h->nsides; side++)
		deny_entry(j, side, &c);
}

static void access_key(const struct lowered *l, uint32_t id, const void *arg, struct buf *b)
{
	uint32_t access = *(const uint32_t *)arg;
	for (size_t i = 0; i < l->nfiles; i++) {
		if (l->files[i].caller == id && (l->files[i].access & access)) {
			buf_str(b, l->files[i].path);
			buf_putc(b, '\0');
		}
	}
}

static void emit_file_hook(struct emission *e, const struct file_hook *h)
{
	struct plan *p = emission_plan(e, &h->hook);
	p->kind = "file";
	p->access = h->access;
	p->threat = h->threat;
	p->cannot = h->cannot;
	p->false_positive = "an upgrade or entry script that writes its own configuration, a package manager at "
			    "build time, log or pid files in a protected folder";
	struct caller_classes classes = {0};
	classify_callers(e, access_key, &h->access, &classes);
	for (size_t i = 0; i < classes.n; i++) {
		struct file_job j = {e, p, h, &classes.v[i].callers, 0};
		deny_scope(&j, classes.v[i].id);
	}
	pass_callers(p, &classes);
	struct file_job rest = {e, p, h, NULL, classes.n ? PLAN_AFTER_CALLERS : 0};
	deny_scope(&rest, LOWER_CALLER_ANY);
	free(classes.v);
}

int emit_file(struct emission *e)
{
	size_t before = e->d->errors;
	for (size_t i = 0; e->l->nprotect && i < ARRAY_SIZE(file_hooks); i++) {
		if (e->o->target.kernel >= file_hooks[i].hook.since)
			emit_file_hook(e, &file_hooks[i]);
	}
	return e->d->errors > before ? -EINVAL : 0;
}
