/* SPDX-License-Identifier: GPL-2.0-only */
/* Files and folders to policies and images. What a file is, its first bytes say, not its name. */
#include "compiler/policy_set.h"

#include <dirent.h>
#include <sys/stat.h>

#include "schema/image_file.h"
#include "schema/base/io.h"

enum { MAX_FILE = 256 << 20 };

static int add_image(struct policy_set *s, const char *file, struct str bytes, struct diag *d)
{
	struct image *image;
	int err = image_load(file, bytes, d, &image);
	if (err)
		return err;
	if (s->nimages == s->images_cap)
		s->images = vec_grow(s->images, &s->images_cap, sizeof(*s->images));
	s->images[s->nimages++] = image;
	return 0;
}

static int add_yaml(struct policy_set *s, const char *file, struct str text, struct diag *d)
{
	CLEANUP_FREE struct policy **policies = NULL;
	size_t n;
	int err = policies_parse(file, text, d, &policies, &n);
	if (err)
		return err;
	if (n == 0)
		return diag_error(d, file, "holds no TracingPolicy document");
	for (size_t i = 0; i < n; i++) {
		if (s->npolicies == s->cap)
			s->policies = vec_grow(s->policies, &s->cap, sizeof(*s->policies));
		s->policies[s->npolicies++] = policies[i];
	}
	return 0;
}

static int add_file(struct policy_set *s, const char *file, struct diag *d)
{
	CLEANUP_BUF struct buf bytes = BUF_INIT;
	int err = read_file(file, MAX_FILE, &bytes);
	if (err == -E2BIG)
		return diag_error(d, file, "larger than %d MiB, the most a policy or image may be", MAX_FILE >> 20);
	if (err)
		return diag_error(d, file, "cannot be read: %s", strerror(-err));
	if (str_starts(buf_view(&bytes), STR("\x7f" "ELF")))
		return add_image(s, file, buf_view(&bytes), d);
	return add_yaml(s, file, buf_view(&bytes), d);
}

static int is_policy_file(const struct dirent *e)
{
	static const char *const endings[] = {".yaml", ".yml", ".elf"};
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
		if (e->d_name[0] != '.' && str_ends(str_from(e->d_name), str_from(endings[i])))
			return 1;
	return 0;
}

/* An allowlist and a kustomization lie beside what compile writes; they are no policies. */
static bool is_companion(const char *name)
{
	return str_ends(str_from(name), STR(".allowlist.yaml")) || !strcmp(name, "kustomization.yaml");
}

static int add_folder(struct policy_set *s, const char *path, struct diag *d)
{
	struct dirent **names;
	int n = scandir(path, &names, is_policy_file, alphasort);
	if (n < 0)
		return diag_error(d, path, "cannot be read: %s", strerror(errno));
	int err = 0;
	size_t before = s->npolicies + s->nimages;
	for (int i = 0; i < n; i++) {
		CLEANUP_FREE char *file = xasprintf("%s/%s", path, names[i]->d_name);
		if (!err && !is_companion(names[i]->d_name))
			err = add_file(s, file, d);
		free(names[i]);
	}
	free(names);
	if (!err && s->npolicies + s->nimages == before)
		err = diag_error(d, path, "holds no *.yaml, *.yml or *.elf policy");
	return err;
}

int policy_set_add(struct policy_set *s, const char *path, struct diag *d)
{
	struct stat st;
	if (strcmp(path, "-") && stat(path, &st))
		return diag_error(d, path, "cannot be read: %s", strerror(errno));
	return strcmp(path, "-") && S_ISDIR(st.st_mode) ? add_folder(s, path, d) : add_file(s, path, d);
}

void policy_set_done(struct policy_set *s)
{
	for (size_t i = 0; i < s->npolicies; i++)
		policy_free(s->policies[i]);
	for (size_t i = 0; i < s->nimages; i++)
		image_free(s->images[i]);
	free(s->policies);
	free(s->images);
	*s = (struct policy_set)POLICY_SET_INIT;
}
