/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What silence tells. Who knows the policies that made a recording knows which programs they are silent about: an exec without its
 * line of sched_process_exec, in a recording that has such lines, was one of them. So a program that is told by its name as typed
 * alone is one of few, and a list that has all of these, or none, answers.
 *
 * Each path that the recorders' filters name is put to their hooks, and one that none names. If the latter is surely posted, the silent
 * program is among the former that are not.
 */
#include "compiler/eval/eval_form.h"

enum { SILENT_MAX = 4096 };

static bool limits_rate(const struct selector *s)
{
	for (size_t i = 0; i < s->nactions; i++)
		if (s->actions[i].rate_limit.n)
			return true;
	return false;
}

/* Are its lines left out for reasons that have nothing to do with the program? */
static bool leaves_out(const struct policy *p, const struct hook *h)
{
	bool more = p->pod || p->container || p->host || p->namespaced;
	for (size_t i = 0; i < h->nselectors; i++)
		more |= h->selectors[i].nworkloads || h->selectors[i].macros.n || limits_rate(&h->selectors[i]);
	return more;
}

/* Does the hook surely post the exec of the program PATH? */
static bool posts(const struct engine *r, const struct compiled_hook *hook, struct str path)
{
	struct hit h = {.site = SITE_SCHED_EXEC, .record = {.path = path, .known = true}, .n = 1};
	h.slots[0] = (struct slot){.kind = SLOT_PATH, .index = 2, .known = true, .text = path};
	for (size_t i = 0; i < hook->nselectors; i++) {
		const char *why;
		enum tri t = eval_selector(r, &hook->selectors[i], &h, &why);
		if (t != TRI_NO && !hook->selectors[i].outcome.posts)
			return false;
		if (t == TRI_YES)
			return true;
	}
	return !hook->nselectors;
}

static bool is_list(enum policy_operator op)
{
	return op == OPERATOR_IN || op == OPERATOR_NOT_IN || op == OPERATOR_EQUAL || op == OPERATOR_NOT_EQUAL;
}

/* The paths that a hook's filters name. False: they name some in other ways. */
static bool named_by(const struct compiled_hook *hook, struct map *paths)
{
	for (size_t i = 0; i < hook->nselectors; i++) {
		const struct compiled_selector *s = &hook->selectors[i];
		if (s->binaries && (!is_list(s->binaries->op) || s->binaries->follow_children))
			return false;
		for (size_t k = 0; s->binaries && k < s->binaries->written->n; k++)
			map_add(paths, s->binaries->written->v[k], NULL);
		for (size_t k = 0; k < s->ntests; k++) {
			if (s->tests[k].class != CLASS_PATH)
				continue;
			if (!is_list(s->tests[k].op))
				return false;
			for (size_t n = 0; n < s->tests[k].table->written->n; n++)
				map_add(paths, s->tests[k].table->written->v[n], NULL);
		}
	}
	return true;
}

/* The first hook that posts every program but those that its filters name. */
static const struct compiled_hook *thorough(const struct engine *r, struct map **ret_paths)
{
	const struct site_hooks *at = &r->at.v[SITE_SCHED_EXEC];
	for (size_t i = 0; i < at->n; i++) {
		const struct compiled_hook *hook = at->v[i];
		const struct policy *p = r->policies[hook->policy];
		if (hook->enforcer || leaves_out(p, &p->hooks[hook->hook]))
			continue;
		CLEANUP(map_free) struct map *paths = map_new();
		if (!named_by(hook, paths) || map_size(paths) > SILENT_MAX || !posts(r, hook, STR("/\001")))
			continue;
		*ret_paths = TAKE(paths);
		return hook;
	}
	return NULL;
}

/* ---- what the values of a line are ---- */

static struct str listed_key(const struct engine *e, struct str policy, bool lsm, struct str hook)
{
	buf_clear(e->key);
	buf_str(e->key, policy);
	buf_putc(e->key, '\0');
	buf_puts(e->key, lsm ? "lsm " : "");
	buf_str(e->key, hook);
	return buf_view(e->key);
}

/* Of a function that a policy hooks twice it is not told whose the line is. */
static void list_args(struct engine *e, const struct policy *p, const struct hook *h)
{
	bool lsm = h->section == SECTION_LSM, new;
	if ((!lsm && h->section != SECTION_KPROBE && h->section != SECTION_FENTRY) || str_starts(h->call, STR("list:")))
		return;
	struct spec_arg *args = arena_alloc(e->arena, (h->nargs + 1) * sizeof(*args));
	for (size_t i = 0; i < h->nargs; i++) {
		args[i] = h->args[i];
		args[i].resolve = arena_str(e->arena, h->args[i].resolve);
	}
	uint32_t at = map_add(e->listed, listed_key(e, p->name, lsm, eval_plain_call(h->call)), &new);
	if (new)
		*(struct listed_args *)VEC_PUSH(&e->listed_args) = (struct listed_args){args, h->nargs};
	else
		e->listed_args.v[at].v = NULL;
}

const struct spec_arg *eval_listed_args(const struct engine *e, const struct event *ev)
{
	bool lsm = ev->section == HOOK_LSM;
	if (!map_size(e->listed) || ev->compat || (!lsm && ev->section != HOOK_KPROBE))
		return NULL;
	uint32_t at = map_find(e->listed, listed_key(e, ev->policy, lsm, ev->hook));
	return at != MAP_NONE && e->listed_args.v[at].n == ev->nargs ? e->listed_args.v[at].v : NULL;
}

void engine_recorders(struct engine *e, struct policy *const *policies, size_t n)
{
	for (size_t p = 0; p < n; p++)
		for (size_t h = 0; h < policies[p]->nhooks; h++)
			list_args(e, policies[p], &policies[p]->hooks[h]);
	CLEANUP(engine_free) struct engine *r = engine_new(policies, n, &e->target);
	CLEANUP(map_free) struct map *paths = NULL;
	const struct compiled_hook *hook = thorough(r, &paths);
	e->silent_told = hook != NULL;
	for (uint32_t i = 0; hook && i < map_size(paths); i++)
		if (!posts(r, hook, map_key(paths, i)))
			*(struct str *)VEC_PUSH(&e->silent) = arena_str(e->arena, map_key(paths, i));
}

bool eval_among_silent(const struct engine *e, struct str exec_id)
{
	enum { FORKS = 8 };
	const struct process_image *image = e->silent_told ? processes_find(e->processes, exec_id) : NULL;
	for (int i = 0; i < FORKS && image && image->fork_only; i++)
		image = processes_find(e->processes, image->parent_id);
	return image && image->exec_seen && !image->inventory && !image->fork_only && !image->path_known && e->silent.n &&
	       eval_is_silent(e, image->exec_id);
}

bool eval_contradicted(const struct engine *e, struct str path)
{
	for (size_t i = 0; i < e->silent.n; i++)
		if (str_eq(e->silent.v[i], path))
			return false;
	return e->silent_told;
}
