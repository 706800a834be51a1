/* SPDX-License-Identifier: GPL-2.0-only */
/* Folders become their files, in one order, so that a replay of a folder is the same everywhere. */
#include "compiler/feed_list.h"

#include <dirent.h>
#include <sys/stat.h>

static int is_corpus(const struct dirent *e)
{
	static const char *const endings[] = {".ndjson", ".jsonl", ".json", ".log"};
	struct str name = str_from(e->d_name);
	if (str_ends(name, STR(".gz")))
		name.n -= 3;
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
		if (e->d_name[0] != '.' && str_ends(name, str_from(endings[i])))
			return 1;
	return 0;
}

static void add(struct feed_list *l, const char *file)
{
	VEC_PUSH(l)->file = file;
}

static int add_folder(struct feed_list *l, const char *path, struct diag *d)
{
	struct dirent **names;
	int n = scandir(path, &names, is_corpus, alphasort);
	if (n < 0)
		return diag_error(d, path, "cannot be read: %s", strerror(errno));
	if (!l->arena)
		l->arena = arena_new();
	for (int i = 0; i < n; i++) {
		add(l, arena_printf(l->arena, "%s/%s", path, names[i]->d_name));
		free(names[i]);
	}
	free(names);
	return n ? 0 : diag_error(d, path, "holds no *.ndjson, *.jsonl, *.json or *.log, packed with gzip or not");
}

int feed_list_fill(struct feed_list *l, const struct cli_list *corpora, const char *db, const char *workload, struct diag *d)
{
	for (size_t i = 0; i < corpora->n; i++) {
		struct stat st;
		bool folder = strcmp(corpora->v[i], "-") && !stat(corpora->v[i], &st) && S_ISDIR(st.st_mode);
		int err = folder ? add_folder(l, corpora->v[i], d) : 0;
		if (err)
			return err;
		if (!folder)
			add(l, corpora->v[i]);
	}
	if (db)
		*(struct feed_name *)VEC_PUSH(l) = (struct feed_name){.db = db, .workload = workload};
	return 0;
}

void feed_list_done(struct feed_list *l)
{
	free(l->v);
	arena_free(l->arena);
	*l = (struct feed_list)FEED_LIST_INIT;
}
