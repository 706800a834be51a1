/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names and lengths. Paths are hashed in words of 8 bytes and compared in chunks of 64, so lengths around those are drawn more
 * often than others, and some folders lie very deep. Names hold any byte but '/' and NUL.
 */
#include "tests/prove/world.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const unsigned lengths[] = {
	2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 71, 72, 73, 127, 128, 129, 255, 256, 257, 511, 512, 513, 1023, 1024, 1025,
	2047, 2048, 2049, 3000, 4000, 4094, 4095,
};

static char random_byte(struct dice *r)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
	if (!dice_chance(r, 3))
		return plain[dice_below(r, sizeof(plain) - 1)];
	char c = (char)(1 + dice_below(r, 255));
	return c == '/' ? ' ' : c;
}

/* A name below FOLDER that makes the path one of the lengths, or about 8 bytes long. */
static struct str random_path(struct world *w, struct dice *r, struct str folder)
{
	unsigned length = (unsigned)folder.n + 2 + dice_below(r, 12);
	for (unsigned tries = 0; tries < 12; tries++) {
		unsigned want = lengths[dice_below(r, ARRAY_SIZE(lengths))];
		if (want >= folder.n + 2 && want <= folder.n + 256) {
			length = want;
			break;
		}
	}
	char *path = arena_alloc(w->arena, length + 1);
	memcpy(path, folder.p ? folder.p : "", folder.n);
	path[folder.n] = '/';
	path[folder.n + 1] = (char)('a' + dice_below(r, 26));
	for (size_t i = folder.n + 2; i < length; i++)
		path[i] = random_byte(r);
	return (struct str){path, length};
}

static bool is_folder(const struct world *w, struct str path)
{
	for (unsigned i = 0; i < WORLD_FOLDERS; i++)
		if (str_starts(w->folders[i], path) && (w->folders[i].n == path.n || w->folders[i].p[path.n] == '/'))
			return true;
	return false;
}

static bool is_taken(const struct world *w, struct str path)
{
	if (is_folder(w, path))
		return true;
	for (unsigned i = 0; i < WORLD_PROGRAMS; i++)
		if (str_eq(w->programs[i], path))
			return true;
	for (unsigned i = 0; i < WORLD_SCRIPTS; i++)
		if (str_eq(w->scripts[i].path, path))
			return true;
	for (unsigned i = 0; i < WORLD_FILES; i++)
		if (str_eq(w->files[i].path, path))
			return true;
	return false;
}

static struct str new_path(struct world *w, struct dice *r)
{
	struct str path;
	do {
		struct str folder = w->folders[dice_below(r, WORLD_FOLDERS)];
		path = random_path(w, r, folder.n + 2 > 4095 ? STR("") : folder);
	} while (path.n > 4095 || is_taken(w, path));
	return path;
}

/* Two chains far down: of many short names, and of few long ones. */
static struct str deep_folder(struct world *w, struct dice *r, unsigned name, size_t bytes)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	while (b.n + name + 1 < bytes) {
		buf_putc(&b, '/');
		for (unsigned i = 0; i < name; i++)
			buf_putc(&b, (char)('a' + dice_below(r, 26)));
	}
	return arena_str(w->arena, buf_view(&b));
}

static void make_folders(struct world *w, struct dice *r)
{
	w->folders[0] = STR("");
	w->folders[1] = deep_folder(w, r, 1 + dice_below(r, 3), 600 + dice_below(r, 2500));
	w->folders[2] = deep_folder(w, r, 200 + dice_below(r, 55), 3800 + dice_below(r, 200));
	for (unsigned i = 3; i < WORLD_FOLDERS; i++) {
		do {
			struct str parent = w->folders[dice_chance(r, 15) ? dice_below(r, i) : dice_below(r, i) % 3 ? i - 1 : 0];
			w->folders[i] = random_path(w, r, parent.n > 3500 ? STR("") : parent);
		} while (w->folders[i].n > 3900 || w->folders[i].n < 2);
	}
}

/* What follows "#!" ends at 256 bytes and at white space. */
static bool can_interpret(struct str path)
{
	for (size_t i = 0; i < path.n; i++)
		if ((unsigned char)path.p[i] <= ' ')
			return false;
	return path.n < 250;
}

struct world *world_new(uint64_t seed)
{
	struct arena *arena = arena_new();
	struct world *w = arena_alloc(arena, sizeof(*w));
	struct dice r = {.state = seed * 0x9e3779b97f4a7c15u + 1};
	w->arena = arena;
	w->seed = seed;
	w->root = -1;
	make_folders(w, &r);
	for (unsigned i = 0; i < WORLD_PROGRAMS; i++)
		w->programs[i] = new_path(w, &r);
	for (unsigned i = 0; i < WORLD_FILES; i++)
		w->files[i] = (struct world_file){.path = new_path(w, &r), .used = true};
	for (unsigned i = 0; i < WORLD_SCRIPTS; i++) {
		struct script *s = &w->scripts[i];
		s->path = new_path(w, &r);
		s->interpreter = w->programs[0];
		for (unsigned tries = 0; tries < 20; tries++) {
			s->interpreter = w->programs[dice_below(&r, WORLD_PROGRAMS)];
			if (can_interpret(s->interpreter))
				break;
		}
		if (!can_interpret(s->interpreter))
			*s = (struct script){w->programs[0], w->programs[0]};
	}
	return w;
}

void world_free(struct world *w)
{
	cleanup_fd(&w->root);
	arena_free(w->arena);
}

/* ---- on disk ---- */

/* Every folder of PATH, its last name left out; each made from the one above it, since some lie 1,500 deep. */
static int make_parents(const struct world *w, struct str path)
{
	CLEANUP_FREE char *p = xstrndup(path.p, path.n);
	char *last = strrchr(p, '/'), *name = p + 1;
	CLEANUP_FD int at = fcntl(w->root, F_DUPFD_CLOEXEC, 0);
	*last = '\0';
	if (last == p || !faccessat(w->root, p + 1, F_OK, 0))
		return 0;
	while (name && at >= 0) {
		char *slash = strchr(name, '/');
		if (slash)
			*slash = '\0';
		if (mkdirat(at, name, 0755) && errno != EEXIST)
			return -errno;
		int below = openat(at, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		close(at);
		at = below;
		name = slash ? slash + 1 : NULL;
	}
	return at < 0 ? -errno : 0;
}

static int write_file(const struct world *w, struct str path, const void *bytes, size_t n, mode_t mode)
{
	CLEANUP_FREE char *p = xstrndup(path.p, path.n);
	int r = make_parents(w, path);
	if (r)
		return r;
	CLEANUP_FD int fd = openat(w->root, p + 1, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	return fd < 0 || write(fd, bytes, n) != (ssize_t)n ? -errno : 0;
}

static int write_script(const struct world *w, const struct script *s)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	if (str_eq(s->path, s->interpreter))
		return 0;
	buf_printf(&b, "#!" STR_FMT "\n", STR_ARG(s->interpreter));
	return write_file(w, s->path, b.p, b.n, 0755);
}

static int read_program(const char *file, struct buf *ret)
{
	CLEANUP_FD int fd = open(file, O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st))
		return -errno;
	buf_reserve(ret, (size_t)st.st_size);
	ret->n = (size_t)st.st_size;
	return read(fd, ret->p, ret->n) == (ssize_t)ret->n ? 0 : -EIO;
}

int world_build(struct world *w, const char *folder, const char *doer)
{
	CLEANUP_BUF struct buf program = BUF_INIT;
	int r = read_program(doer, &program);
	w->root = r ? -1 : open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (w->root < 0)
		return r ? r : -errno;
	for (unsigned i = 1; i < WORLD_FOLDERS && !r; i++) {
		CLEANUP_FREE char *p = xasprintf(STR_FMT "/", STR_ARG(w->folders[i]));
		r = make_parents(w, str_from(p));
	}
	for (unsigned i = 0; i < WORLD_PROGRAMS && !r; i++)
		r = write_file(w, w->programs[i], program.p, program.n, 0755);
	for (unsigned i = 0; i < WORLD_SCRIPTS && !r; i++)
		r = write_script(w, &w->scripts[i]);
	for (unsigned i = 0; i < WORLD_FILES && !r; i++)
		r = make_parents(w, w->files[i].path);
	return r;
}

enum content world_content(const struct world *w, struct str path)
{
	CLEANUP_FREE char *p = xstrndup(path.p, path.n);
	struct stat st;
	if (fstatat(w->root, p + 1, &st, AT_SYMLINK_NOFOLLOW))
		return ABSENT;
	return S_ISDIR(st.st_mode) ? FOLDER_THERE : FILE_THERE;
}

int world_prepare(struct world *w, struct world_file *f, enum content want)
{
	CLEANUP_FREE char *p = xstrndup(f->path.p, f->path.n);
	if (f->used && unlinkat(w->root, p + 1, 0) && errno != ENOENT && unlinkat(w->root, p + 1, AT_REMOVEDIR))
		return -errno;
	f->used = true;
	f->content = want;
	if (want == FILE_THERE)
		return write_file(w, f->path, "x", 1, 0600);
	return want == FOLDER_THERE && mkdirat(w->root, p + 1, 0700) ? -errno : 0;
}
