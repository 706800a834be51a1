/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names as typed whose resolved path some other line tells: the same name, in the same container, exec'ed where a bprm hook, the
 * exec tracepoint or the inventory of running processes names the file. A name that was told two ways tells nothing, nor
 * does one that depends on who says it (relative, below /proc or /dev). A path that was told as resolved is a name of itself.
 */
#include "compiler/eval/eval_form.h"

enum { NAMES = 1 << 16 };

static bool is_clean(struct str p)
{
	static const struct str never[] = {STR_INIT("//"), STR_INIT("/./"), STR_INIT("/../")};
	if (!p.n || p.p[0] != '/' || str_starts(p, STR("/proc/")) || str_starts(p, STR("/dev/")) ||
	    str_ends(p, STR("/..")) || str_ends(p, STR("/.")))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(never); i++)
		if (memmem(p.p, p.n, never[i].p, never[i].n))
			return false;
	return true;
}

static struct str key_of(const struct engine *e, struct str container, struct str name)
{
	buf_clear(e->key);
	buf_str(e->key, container);
	buf_putc(e->key, '\0');
	buf_str(e->key, name);
	return buf_view(e->key);
}

static struct name *name_at(struct engine *e, struct str container, struct str name)
{
	struct str key = key_of(e, container, name);
	uint32_t i = map_find(e->names, key);   /* mostly it is there, and was looked at when it came */
	if (i == MAP_NONE) {
		if (!is_clean(name) || map_size(e->names) >= NAMES)
			return NULL;
		i = map_add(e->names, key, NULL);
		*(struct name *)VEC_PUSH(&e->name_is) = (struct name){.is = MAP_NONE};
	}
	return &e->name_is.v[i];
}

static void note(struct engine *e, struct str container, struct str name, struct str path, bool typed)
{
	struct name *n = name_at(e, container, name);
	if (!n)
		return;
	n->typed |= typed;
	if (n->is != MAP_NONE && str_eq(map_key(e->named, n->is), path))
		return;
	n->is = n->told ? MAP_NONE : map_add(e->named, path, NULL);
	n->told = true;
}

/* A script runs under another program; its own name is among the arguments. What runs as itself is none. */
static bool is_script(const struct process *p, const struct process_image *image)
{
	if (str_eq(p->path, p->filename))
		return false;
	return image->script || (p->arguments.n && p->filename.n && memmem(p->arguments.p, p->arguments.n, p->filename.p, p->filename.n));
}

void eval_note_name(struct engine *e, uint32_t site, const struct event *ev, struct processes *model)
{
	const struct process *p = &ev->process;
	if (ev->kind != KIND_EXEC && site != SITE_SCHED_EXEC)
		return;
	const struct process_image *image = processes_find(model, p->exec_id);
	if (!p->path_known || !p->path.n || str_ends(p->path, STR(" (deleted)")) || !image || image->fork_only)
		return;
	if (is_script(p, image)) {
		struct name *script = name_at(e, p->docker, p->filename);
		if (script)
			script->script = true;
		return;
	}
	note(e, p->docker, p->filename, p->path, true);
	if (!str_eq(p->filename, p->path))
		note(e, p->docker, p->path, p->path, false);
}

struct str eval_name_key(const struct engine *e, struct str container, struct str name)
{
	return is_clean(name) ? key_of(e, container, name) : (struct str){NULL, 0};
}

bool eval_named(const struct engine *e, struct str container, struct str name, struct str *ret)
{
	uint32_t i = map_size(e->names) ? map_find(e->names, key_of(e, container, name)) : MAP_NONE;
	bool told = i != MAP_NONE && e->name_is.v[i].is != MAP_NONE, presumed = !told && e->presume_paths && is_clean(name);
	if (told)
		*ret = map_key(e->named, e->name_is.v[i].is);
	else if (presumed)
		*ret = name;
	return told || presumed;
}
