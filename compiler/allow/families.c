/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The shape of a name is the name with each run of letters and digits that looks made up put as '*': a run with a
 * digit in it, or with small and capital letters mixed. Names of one folder, program and shape count together.
 */
#include "compiler/allow/families.h"

#include <ctype.h>

#include "schema/base/map.h"

struct kin {                         /* a folder, a program, a shape */
	struct family family;
	uint32_t place, folder;
};

struct families {
	struct arena *arena;
	struct map *places, *kins, *names, *folders, *paths;
	struct { uint32_t *v; size_t n, cap; } access;   /* per place, a folder and a program: what it did there */
	struct { struct kin *v; size_t n, cap; } kin;
	struct { uint64_t *v; size_t n, cap; } files;   /* per folder: paths recorded in it */
	struct buf key;
};

struct families *families_new(void)
{
	struct families *f = xcalloc(1, sizeof(*f));
	f->arena = arena_new();
	f->places = map_new();
	f->kins = map_new();
	f->names = map_new();
	f->folders = map_new();
	f->paths = map_new();
	return f;
}

void families_free(struct families *f)
{
	if (!f)
		return;
	map_free(f->places);
	map_free(f->kins);
	map_free(f->names);
	map_free(f->folders);
	map_free(f->paths);
	free(f->access.v);
	free(f->kin.v);
	free(f->files.v);
	buf_done(&f->key);
	arena_free(f->arena);
	free(f);
}

static struct str folder_of(struct str path)
{
	while (path.n && path.p[path.n - 1] != '/')
		path.n--;
	return path;
}

/* Appends the shape of NAME; false when nothing in it looks made up. */
static bool put_shape(struct buf *b, struct str name)
{
	bool any = false;
	for (size_t i = 0, end; i < name.n; i = end) {
		bool digit = false, lower = false, upper = false;
		for (end = i; end < name.n && isalnum((unsigned char)name.p[end]); end++) {
			digit |= isdigit((unsigned char)name.p[end]) != 0;
			lower |= islower((unsigned char)name.p[end]) != 0;
			upper |= isupper((unsigned char)name.p[end]) != 0;
		}
		bool random = digit || (lower && upper);
		any |= random;
		if (random)
			buf_putc(b, '*');
		else if (end > i)
			buf_add(b, name.p + i, end - i);
		else
			buf_putc(b, name.p[end++]);
	}
	return any;
}

/* FOLDER NUL PROGRAM: no path holds a NUL. */
static void put_place(struct buf *b, const struct observation *o)
{
	buf_clear(b);
	buf_str(b, folder_of(o->path));
	buf_putc(b, '\0');
	if (o->subject_known)
		buf_str(b, o->subject);
	buf_putc(b, '\0');
}

static uint32_t place_of(struct families *f, const struct observation *o)
{
	bool fresh;
	put_place(&f->key, o);
	uint32_t at = map_add(f->places, buf_view(&f->key), &fresh);
	if (fresh)
		*VEC_PUSH(&f->access) = 0;
	return at;
}

static uint32_t folder_number(struct families *f, struct str path)
{
	bool fresh;
	uint32_t at = map_add(f->folders, folder_of(path), &fresh);
	if (fresh)
		*VEC_PUSH(&f->files) = 0;
	map_add(f->paths, path, &fresh);
	f->files.v[at] += fresh;
	return at;
}

static void add_name(struct families *f, struct kin *k, const struct observation *o)
{
	bool fresh;
	struct str name = str_skip(o->path, k->family.folder.n);
	buf_str(&f->key, name);
	map_add(f->names, buf_view(&f->key), &fresh);
	evidence_add(&k->family.evidence, &(struct evidence){o->count, o->first_ns, o->last_ns, 0});
	if (!fresh)
		return;
	k->family.names++;
	k->family.once += o->instances <= 1;
	if (k->family.nexamples < FAMILY_EXAMPLES)
		k->family.examples[k->family.nexamples++] = arena_str(f->arena, name);
}

void families_see(struct families *f, const struct observation *o, bool named)
{
	struct str folder = folder_of(o->path);
	uint32_t place = place_of(f, o), number = folder_number(f, o->path);
	size_t at = f->key.n;
	f->access.v[place] |= o->access & ACCESS_CHANGES;
	if (!named || !put_shape(&f->key, str_skip(o->path, folder.n)))
		return;
	bool fresh;
	uint32_t index = map_add(f->kins, buf_view(&f->key), &fresh);
	if (fresh) {
		struct kin *k = VEC_PUSH(&f->kin);
		*k = (struct kin){.place = place, .folder = number};
		k->family.folder = arena_str(f->arena, folder);
		k->family.by = arena_str(f->arena, o->subject_known ? o->subject : STR(""));
		k->family.shape = arena_str(f->arena, str_skip(buf_view(&f->key), at));
	}
	buf_putc(&f->key, '\0');
	add_name(f, &f->kin.v[index], o);
}

static const struct family *complete(struct families *f, struct kin *k)
{
	if (k->family.names < FAMILY_NAMES || 2 * k->family.once <= k->family.names)
		return NULL;
	k->family.access = f->access.v[k->place];
	k->family.others = f->files.v[k->folder] - k->family.names;
	return &k->family;
}

const struct family *families_of(struct families *f, const struct observation *o)
{
	put_place(&f->key, o);
	put_shape(&f->key, str_skip(o->path, folder_of(o->path).n));
	uint32_t at = map_find(f->kins, buf_view(&f->key));
	return at == MAP_NONE ? NULL : complete(f, &f->kin.v[at]);
}

size_t families_count(const struct families *f)
{
	return f->kin.n;
}

const struct family *families_get(struct families *f, size_t i)
{
	return complete(f, &f->kin.v[i]);
}
