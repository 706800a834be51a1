/* SPDX-License-Identifier: GPL-2.0-only */
/* Files and folders to policies and images. What a file is, its first bytes and its kind say, not its name. */
#include "compiler/replay/policy_set.h"

#include <dirent.h>
#include <sys/stat.h>

#include "compiler/image/image_write.h"
#include "schema/base/io.h"
#include "schema/base/map.h"
#include "schema/image_file.h"
#include "schema/policy_rules.h"

/* Takes both. */
static void add_image(struct policy_set *s, struct image *image, struct allowlist *made_of)
{
	if (s->nimages == s->images_cap)
		s->images = vec_grow(s->images, &s->images_cap, sizeof(*s->images));
	if (s->nimages == s->allowlists_cap)
		s->allowlists = vec_grow(s->allowlists, &s->allowlists_cap, sizeof(*s->allowlists));
	s->images[s->nimages] = image;
	s->allowlists[s->nimages++] = made_of;
}

static int add_elf(struct policy_set *s, const char *file, struct str bytes, struct diag *d)
{
	struct image *image;
	int err = image_load(file, bytes, d, &image);
	if (!err)
		add_image(s, image, NULL);
	return err;
}

static int add_allowlist(struct policy_set *s, const char *file, struct str text, struct diag *d)
{
	CLEANUP(allowlist_free) struct allowlist *a = NULL;
	CLEANUP(lowered_free) struct lowered *l = NULL;
	CLEANUP_BUF struct buf bytes = BUF_INIT;
	struct image *image;
	int err = allowlist_parse(file, text, d, &a);
	if (!err)
		allowlist_normalize(a);   /* as compile does: rules have the same numbers */
	if (!err)
		err = lower(a, d, &l);
	if (!err)
		err = image_write(l, a->mode == MODE_ENFORCE, d, &bytes);
	if (!err)
		err = image_load(file, buf_view(&bytes), d, &image);
	if (!err)
		add_image(s, image, TAKE(a));
	return err;
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

/* A line "kind: Allowlist" of its own, or the same as JSON. */
static bool is_allowlist(struct str text)
{
	static const struct str key = STR_INIT("kind:"), name = STR_INIT("Allowlist");
	for (struct str rest = text; rest.n;) {
		const char *end = memchr(rest.p, '\n', rest.n);
		struct str line = {rest.p, end ? (size_t)(end - rest.p) : rest.n};
		rest = str_skip(rest, line.n + 1);
		if (!str_starts(line, key))
			continue;
		line = str_skip(line, key.n);
		while (line.n && strchr(" \t\"'", line.p[0]))
			line = str_skip(line, 1);
		return str_starts(line, name);
	}
	return text.n && text.p[0] == '{' && memmem(text.p, text.n, "\"Allowlist\"", strlen("\"Allowlist\""));
}

int policy_set_add_bytes(struct policy_set *s, const char *file, struct str bytes, struct diag *d)
{
	if (str_starts(bytes, STR("SQLite format 3")))
		return diag_error(d, file, "is a store, and no policy: 'stakeout allow' and 'stakeout compile' make one of it; its events are "
				  "replayed with --db");
	if (str_starts(bytes, STR("\x7f" "ELF")))
		return add_elf(s, file, bytes, d);
	return is_allowlist(bytes) ? add_allowlist(s, file, bytes, d) : add_yaml(s, file, bytes, d);
}

static int add_file(struct policy_set *s, const char *file, struct diag *d)
{
	CLEANUP_BUF struct buf bytes = BUF_INIT;
	int err = read_file(file, POLICY_FILE_MAX, &bytes);
	if (err)
		return diag_error(d, file, "cannot be read: %s", strerror(-err));
	return policy_set_add_bytes(s, file, buf_view(&bytes), d);
}

static bool is_companion(const char *name)
{
	return str_ends(str_from(name), STR(".allowlist.yaml")) || !strcmp(name, "kustomization.yaml");
}

static bool is_lone_allowlist(const char *name)
{
	return str_ends(str_from(name), STR(".allowlist.yaml"));
}

static int is_policy_file(const struct dirent *e)
{
	static const char *const endings[] = {".yaml", ".yml", ".elf"};
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
		if (e->d_name[0] != '.' && str_ends(str_from(e->d_name), str_from(endings[i])))
			return 1;
	return 0;
}

static int add_folder(struct policy_set *s, const char *path, struct diag *d)
{
	struct dirent **names;
	int n = scandir(path, &names, is_policy_file, alphasort);
	if (n < 0)
		return diag_error(d, path, "cannot be read: %s", strerror(errno));
	int err = 0;
	size_t before = s->npolicies + s->nimages, policies = 0;
	for (int i = 0; i < n; i++)
		policies += !is_companion(names[i]->d_name);
	for (int i = 0; i < n; i++) {
		CLEANUP_FREE char *file = xasprintf("%s/%s", path, names[i]->d_name);
		if (!err && (policies ? !is_companion(names[i]->d_name) : is_lone_allowlist(names[i]->d_name)))
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

/* An agent files policies by namespace and name: NAMES holds those that it took, NUMBERS which they are. */
static bool is_second(struct policy_set *s, size_t i, struct map *names, size_t *numbers, struct policy_refusal *ret)
{
	const struct policy *p = s->policies[i];
	CLEANUP_BUF struct buf key = BUF_INIT;
	bool fresh;
	if (!p->name.n)   /* a server makes one up */
		return false;
	buf_printf(&key, "%d\n" STR_FMT "\n" STR_FMT, p->namespaced, STR_ARG(p->namespace), STR_ARG(p->name));
	uint32_t at = map_add(names, buf_view(&key), &fresh);
	if (fresh) {
		numbers[at] = i;
		return false;
	}
	const struct policy *first = s->policies[numbers[at]];
	*ret = (struct policy_refusal){
		.rule = policy_rules[RULE_POLICY_TWICE].id, .path = "metadata.name", .at = {p->line, 1}, .reasons = 1,
		.message = arena_printf(s->arena, STR_FMT ":%u has a policy of this name, and an agent refuses a second one (a server replaces the first)",
					STR_ARG(first->file), first->line),
		.fix = "give each its own name, or replay apart what is deployed apart"};
	return true;
}

size_t policy_set_refuse(struct policy_set *s, const struct target *target, struct diag *d)
{
	size_t n = 0;
	CLEANUP(map_free) struct map *names = map_new();
	CLEANUP_FREE size_t *numbers = xcalloc(s->npolicies + 1, sizeof(*numbers));
	s->arena = arena_new();
	s->refused = xcalloc(s->npolicies + 1, sizeof(*s->refused));
	for (size_t i = 0; i < s->npolicies; i++) {
		struct policy_refusal *r = &s->refused[i];
		const struct policy *p = s->policies[i];
		if (!policy_refused(p, target, s->arena, r) && !is_second(s, i, names, numbers, r))
			continue;
		CLEANUP_FREE char *file = xstrndup(p->file.p, p->file.n);
		diag_add(d, DIAG_ERROR, file, r->at.line, r->at.column, "%s: does not load on the target, so an agent runs without it: %s%s%s",
			 r->path, r->message, *r->fix ? "; " : "", r->fix);
		n++;
	}
	return n;
}

const struct policy_refusal *policy_set_refused(const struct policy_set *s, size_t i)
{
	return s->refused && i < s->npolicies && s->refused[i].rule ? &s->refused[i] : NULL;
}

bool policy_set_loads(const struct policy_set *s)
{
	bool any = s->nimages > 0;
	for (size_t i = 0; i < s->npolicies; i++)
		any |= !policy_set_refused(s, i);
	return any;
}

void policy_set_borrow(const struct policy_set *from, struct policy_set *ret)
{
	*ret = *from;
	ret->refused = NULL;
	ret->arena = NULL;
}

void policy_set_give_back(struct policy_set *s)
{
	free(s->refused);
	arena_free(s->arena);
	*s = (struct policy_set)POLICY_SET_INIT;
}

void policy_set_done(struct policy_set *s)
{
	for (size_t i = 0; i < s->npolicies; i++)
		policy_free(s->policies[i]);
	for (size_t i = 0; i < s->nimages; i++) {
		image_free(s->images[i]);
		allowlist_free(s->allowlists[i]);
	}
	free(s->policies);
	free(s->images);
	free(s->allowlists);
	policy_set_give_back(s);
}
