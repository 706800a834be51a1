/* SPDX-License-Identifier: GPL-2.0-only */
/* Which files a command line means where it may name images or folders of them. */
#include <dirent.h>
#include <sys/stat.h>

#include "schema/image_file.h"

static int is_image_name(const struct dirent *e)
{
	return str_ends(str_from(e->d_name), STR(".elf"));
}

int image_names(const char *name, struct diag *d, struct image_names *ret)
{
	struct dirent **entries = NULL;
	struct stat st;
	if (stat(name, &st))
		return diag_error(d, name, "cannot be read: %s", strerror(errno));
	if (!S_ISDIR(st.st_mode)) {
		*VEC_PUSH(ret) = xstrdup(name);
		return 0;
	}
	int n = scandir(name, &entries, is_image_name, alphasort);
	if (n < 0)
		return diag_error(d, name, "cannot be read: %s", strerror(errno));
	for (int i = 0; i < n; i++) {
		*VEC_PUSH(ret) = xasprintf("%s/%s", name, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return n ? 0 : diag_error(d, name, "holds no image (NAME.image.elf, as 'stakeout compile' writes them)");
}

void image_names_done(struct image_names *n)
{
	for (size_t i = 0; i < n->n; i++)
		free(n->v[i]);
	free(n->v);
}
