/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What may be taken for granted where it is said. A recording is silent about a program, and tells its name as typed alone: the kernel
 * knows it by that name unless it is a link to another file. That it is none is taken for granted where the recording speaks for
 * it, and no line against it:
 *	- lines tell FOLDER_NAMES other names of its folder that were typed whole, and each was the file's own
 *	- no name of the folder, nor of a link to the folder, was told to be another file's, or two files', or a script, whose file
 *	  lines do not tell
 *	- it is no folder that distributions fill with links
 *	- it was not run as a script, nor in a mount namespace of its own outside of containers
 *	- the policies that made the recording, where known, name it among what they are silent about
 * That is no proof. So nothing is taken for granted unless the engine's caller wants it, nor where it decides nothing, and each
 * judgement that rests on it says so.
 */
#include "compiler/eval/eval_form.h"
#include "schema/held.h"

enum { FOLDER_NAMES = 8, ASSUMED_IMAGES = 1 << 16 };

struct folder {
	unsigned own;           /* names that are the files' own */
	bool links;             /* some are not */
	bool moved_links;       /* ... and not because the folder is another's link */
};

struct folders {
	struct map *keys;       /* as names are kept: the container, NUL, the folder without its slash */
	struct { struct folder *v; size_t n, cap; } at;
};

/* Below these, a name is often a link: alternatives, versions, one program under many names. */
static bool has_many_links(struct str path)
{
	static const struct str roots[] = {STR_INIT("/bin/"), STR_INIT("/sbin/"), STR_INIT("/usr/"), STR_INIT("/lib"), STR_INIT("/etc/"),
					   STR_INIT("/var/lib/"), STR_INIT("/snap/"), STR_INIT("/nix/")};
	for (size_t i = 0; i < ARRAY_SIZE(roots); i++)
		if (str_starts(path, roots[i]))
			return true;
	return false;
}

/* A path, absolute, behind what is before it in a key: its folder and its last component. */
static struct str folder_of(struct str path, struct str *ret_last)
{
	const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
	size_t n = slash ? (size_t)(slash - path.p) : 0;
	*ret_last = str_skip(path, n + 1);
	return (struct str){path.p, n};
}

static struct folder *folder_at(struct folders *f, struct str key)
{
	bool new;
	uint32_t i = map_add(f->keys, key, &new);
	if (new)
		*(struct folder *)VEC_PUSH(&f->at) = (struct folder){0};
	return &f->at.v[i];
}

static struct str container_of(struct str key)
{
	return (struct str){key.p, strnlen(key.p, key.n)};
}

/* A name and what it was told to be. */
static void note(struct folders *f, struct str key, const struct name *name, struct str path)
{
	struct str container = container_of(key), last, other;
	struct str folder = folder_of(str_skip(key, container.n + 1), &last), target = folder_of(path, &other);
	struct folder *at = folder_at(f, (struct str){key.p, container.n + 1 + folder.n});
	bool same_folder = str_eq(folder, target), same_last = str_eq(last, other);
	at->own += name->typed && !name->script && same_folder && same_last;
	at->links |= name->script || !same_folder || !same_last;
	at->moved_links |= name->script || !same_last;
}

/* Links of a folder that is itself another's link are the other's. */
static void note_moved(struct folders *f, struct str key, struct str path, struct buf *room)
{
	struct str container = container_of(key), last, other;
	struct str folder = folder_of(str_skip(key, container.n + 1), &last), target = folder_of(path, &other);
	if (str_eq(folder, target) || !str_eq(last, other))
		return;
	bool links = folder_at(f, (struct str){key.p, container.n + 1 + folder.n})->moved_links;
	buf_clear(room);
	buf_str(room, (struct str){key.p, container.n + 1});
	buf_str(room, target);
	folder_at(f, buf_view(room))->links |= links;
}

/* Empty: it is a script, or was told to be two files. */
static struct str told_path(const struct engine *e, uint32_t name)
{
	return e->name_is.v[name].is == MAP_NONE ? (struct str){NULL, 0} : map_key(e->named, e->name_is.v[name].is);
}

void eval_look_at_folders(struct engine *e)
{
	if (!e->assumes || e->folders)
		return;
	CLEANUP_BUF struct buf room = BUF_INIT;
	struct folders *f = xcalloc(1, sizeof(*f));
	f->keys = map_new();
	for (uint32_t i = 0; i < map_size(e->names); i++)
		note(f, map_key(e->names, i), &e->name_is.v[i], told_path(e, i));
	for (uint32_t i = 0; i < map_size(e->names); i++)
		note_moved(f, map_key(e->names, i), told_path(e, i), &room);
	e->folders = f;
	e->assumed_images = map_new();
}

void eval_folders_free(struct engine *e)
{
	if (e->folders) {
		map_free(e->folders->keys);
		free(e->folders->at.v);
		free(e->folders);
	}
	map_free(e->assumed_images);
	free(e->assumed.v);
	free(e->image_assumed.v);
}

/* ---- the programs ---- */

/* How many names speak for NAME, if enough do and none against it. */
static unsigned spoken_for(const struct engine *e, struct str key, struct str name)
{
	struct str last;
	struct str folder = folder_of(name, &last);
	uint32_t i = map_find(e->folders->keys, (struct str){key.p, key.n - name.n + folder.n});
	const struct folder *f = i == MAP_NONE ? NULL : &e->folders->at.v[i];
	return last.n && f && !f->links && f->own >= FOLDER_NAMES ? f->own : 0;
}

static uint32_t assume(struct engine *e, struct str name, unsigned names)
{
	for (size_t i = 0; i < e->assumed.n; i++)
		if (str_eq(e->assumed.v[i].path, name))
			return (uint32_t)i;
	struct str last, folder = folder_of(name, &last);
	*(struct assumed *)VEC_PUSH(&e->assumed) = (struct assumed){
		.path = arena_str(e->arena, name),
		.words = arena_printf(e->arena, STR_FMT " is no link to another file (lines tell %u other names typed in " STR_FMT "/, none a link)",
				      STR_ARG(name), names, STR_ARG(folder))};
	return (uint32_t)e->assumed.n - 1;
}

void eval_note_silent(struct engine *e, const struct event *exec)
{
	const struct process *p = &exec->process;
	if (!e->folders || exec->kind != KIND_EXEC || p->path_known || has_many_links(p->filename) || !eval_is_silent(e, p->exec_id) ||
	    map_size(e->assumed_images) >= ASSUMED_IMAGES)
		return;
	const struct process_image *image = processes_find(e->processes, p->exec_id);
	/* Other namespaces may have other folders by that name. */
	bool elsewhere = image && image->held && image->held->now.ns_told && !image->held->now.ns[NS_MNT].host && !p->docker.n;
	bool script = !image || image->script || (p->arguments.n && memmem(p->arguments.p, p->arguments.n, p->filename.p, p->filename.n));
	struct str key = eval_name_key(e, p->docker, p->filename);
	unsigned names = !key.n || script || elsewhere || image->inventory || eval_contradicted(e, p->filename) ? 0 : spoken_for(e, key, p->filename);
	if (!names)
		return;
	uint32_t what = assume(e, p->filename, names);
	if (map_add(e->assumed_images, p->exec_id, NULL) == e->image_assumed.n)
		*(uint32_t *)VEC_PUSH(&e->image_assumed) = what;
}

const struct assumed *eval_assumed(const struct engine *e, struct str exec_id)
{
	enum { FORKS = 8 };
	if (!e->assumed.n)
		return NULL;
	const struct process_image *image = processes_find(e->processes, exec_id);
	for (int i = 0; i < FORKS && image && image->fork_only; i++)
		image = processes_find(e->processes, image->parent_id);
	uint32_t i = image && !image->path_known ? map_find(e->assumed_images, image->exec_id) : MAP_NONE;
	return i == MAP_NONE ? NULL : &e->assumed.v[e->image_assumed.v[i]];
}
