/* SPDX-License-Identifier: GPL-2.0-only */
/* Folders become their files, in one order, so that a replay of a folder is the same everywhere. */
#include "compiler/replay/feed_list.h"

#include <dirent.h>
#include <sys/stat.h>

/* Without what the name of a corpus ends in; empty where it is none. */
static struct str corpus_stem(struct str name)
{
	static const char *const endings[] = {".ndjson", ".jsonl", ".json", ".log"};
	if (str_ends(name, STR(".gz")))
		name.n -= 3;
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
		if (str_ends(name, str_from(endings[i])))
			return (struct str){name.p, name.n - strlen(endings[i])};
	return (struct str){NULL, 0};
}

static int is_corpus(const struct dirent *e)
{
	return e->d_name[0] != '.' && corpus_stem(str_from(e->d_name)).p;
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

int feed_recorders(struct feed_name *feed, const struct cli_list *named, struct policy_set *into, struct diag *d)
{
	struct stat st;
	int err = 0;
	struct str stem = feed->file && !feed->text.p ? corpus_stem(str_from(feed->file)) : (struct str){NULL, 0};
	CLEANUP_FREE char *beside = xasprintf(STR_FMT "-policies", STR_ARG(stem));
	for (size_t i = 0; i < named->n && !err; i++)
		err = policy_set_add(into, named->v[i], d);
	if (!named->n && stem.n && !stat(beside, &st) && S_ISDIR(st.st_mode))
		err = policy_set_add(into, beside, d);
	feed->recorders = into;
	return err;
}

int feed_list_recorders(struct feed_list *l, const struct cli_list *named, struct diag *d)
{
	int err = 0;
	l->recorders = xcalloc(l->n + 1, sizeof(*l->recorders));
	for (size_t i = 0; i < l->n && !err; i++)
		err = feed_recorders(&l->v[i], named, &l->recorders[i], d);
	return err;
}

void feed_list_done(struct feed_list *l)
{
	for (size_t i = 0; l->recorders && i < l->n; i++)
		policy_set_done(&l->recorders[i]);
	free(l->recorders);
	free(l->v);
	arena_free(l->arena);
	*l = (struct feed_list)FEED_LIST_INIT;
}
