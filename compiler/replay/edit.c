/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Of a policy one value of one list is added or taken out, or one filter; of an allowlist one entry. The list is found by its number in
 * a copy, which is made by printing and parsing.
 */
#include "compiler/replay/edit.h"

#include "compiler/image/image_write.h"
#include "compiler/eval/policy_lists.h"
#include "compiler/emit/words.h"
#include "schema/event_words.h"
#include "schema/image_file.h"
#include "schema/policy_load.h"
#include "schema/rule.h"

/* ---- applying ---- */

static void keep_places(const struct selector *from, struct selector *to)
{
	to->at = from->at;
	for (size_t i = 0; i < to->nbinaries; i++)
		to->binaries[i].at = from->binaries[i].at;
	for (size_t i = 0; i < to->npids; i++)
		to->pids[i].at = from->pids[i].at;
	for (size_t i = 0; i < to->nnamespaces; i++)
		to->namespaces[i].at = from->namespaces[i].at;
	for (size_t i = 0; i < to->ncapabilities; i++)
		to->capabilities[i].at = from->capabilities[i].at;
	for (size_t i = 0; i < to->nargs; i++)
		to->args[i].at = from->args[i].at;
}

/* Of what edits are about: further ones are told of the file that people have. */
static void keep_all_places(const struct policy *from, struct policy *to)
{
	to->file = arena_str(to->arena, from->file);
	for (size_t h = 0; h < to->nhooks; h++)
		for (size_t s = 0; s < to->hooks[h].nselectors; s++)
			keep_places(&from->hooks[h].selectors[s], &to->hooks[h].selectors[s]);
	for (size_t m = 0; m < to->nmacros; m++)
		keep_places(&from->macros[m].selector, &to->macros[m].selector);
}

static struct policy *copy_policy(const struct policy *p)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP_FREE struct policy **copies = NULL;
	size_t n = 0;
	policy_print(p, &text);
	if (policies_parse("copy", buf_view(&text), &d, &copies, &n) < 0)
		return NULL;
	for (size_t i = 1; i < n; i++)
		policy_free(copies[i]);
	if (!n)
		return NULL;
	keep_all_places(p, copies[0]);
	return copies[0];
}

static void change_list(struct policy *p, struct strs *l, const struct edit *e)
{
	if (e->kind == EDIT_ADD_VALUE) {
		*ARENA_PUSH(p->arena, l->v, l->n) = arena_str(p->arena, e->value);
		return;
	}
	size_t kept = 0;
	for (size_t i = 0; i < l->n; i++)
		if (!str_eq(l->v[i], e->value))
			l->v[kept++] = l->v[i];
	l->n = kept;
}

static int change_pids(struct policy *p, struct pid_filter *f, const struct edit *e)
{
	uint64_t pid;
	if (str_to_u64(e->value, &pid))
		return -EINVAL;
	if (e->kind == EDIT_ADD_VALUE) {
		*ARENA_PUSH(p->arena, f->values, f->n) = (uint32_t)pid;
		return 0;
	}
	size_t kept = 0;
	for (size_t i = 0; i < f->n; i++)
		if (f->values[i] != pid)
			f->values[kept++] = f->values[i];
	f->n = kept;
	return 0;
}

/* The argument's place in its hook's list, if the first with its index is another one, or the index means something else there. */
static bool by_place(const struct hook *h, const struct spec_arg *arg)
{
	for (const struct spec_arg *a = h->args; a < arg; a++)
		if (a->index == arg->index)
			return true;
	return h->section == SECTION_TRACEPOINT;
}

static void add_filter(struct policy *p, const struct hook *from, const struct edit *e)
{
	struct selector *s = &p->hooks[e->hook].selectors[e->selector];
	struct strs values = {NULL, 0};
	*ARENA_PUSH(p->arena, values.v, values.n) = arena_str(p->arena, e->value);
	if (e->process) {
		*ARENA_PUSH(p->arena, s->binaries, s->nbinaries) = (struct binary_filter){.at = s->at, .op = e->op, .values = values};
		return;
	}
	struct arg_filter f = {.at = s->at, .op = e->op, .index = e->arg->index, .values = values};
	if (by_place(from, e->arg)) {
		f.args = arena_alloc(p->arena, sizeof(*f.args));
		f.args[0] = (uint32_t)(e->arg - from->args);
		f.nargs = 1;
	}
	*ARENA_PUSH(p->arena, s->args, s->nargs) = f;
}

#define DROP(v, n, at) (memmove(&(v)[at], &(v)[(at) + 1], ((n) - (at) - 1) * sizeof(*(v))), (n)--)

static bool drop_from(struct selector *s, const struct list_ref *list)
{
	const struct strs *values = list->values;
	for (size_t i = 0; i < s->nbinaries; i++)
		if (&s->binaries[i].values == values)
			return DROP(s->binaries, s->nbinaries, i), true;
	for (size_t i = 0; i < s->npids; i++)
		if (&s->pids[i] == list->pids)
			return DROP(s->pids, s->npids, i), true;
	for (size_t i = 0; i < s->nnamespaces; i++)
		if (&s->namespaces[i].values == values)
			return DROP(s->namespaces, s->nnamespaces, i), true;
	for (size_t i = 0; i < s->ncapabilities; i++)
		if (&s->capabilities[i].values == values)
			return DROP(s->capabilities, s->ncapabilities, i), true;
	for (size_t i = 0; i < s->nargs; i++)
		if (&s->args[i].values == values)
			return DROP(s->args, s->nargs, i), true;
	return false;
}

static void remove_filter(struct policy *p, const struct list_ref *list)
{
	for (size_t h = 0; h < p->nhooks; h++)
		for (size_t s = 0; s < p->hooks[h].nselectors; s++)
			if (drop_from(&p->hooks[h].selectors[s], list))
				return;
	for (size_t m = 0; m < p->nmacros; m++)
		if (drop_from(&p->macros[m].selector, list))
			return;
}

/* The list that is edited. */
static size_t list_of(const struct policy *p, const struct edit *e, struct list_ref *ret)
{
	return list_number(p, &(struct list_ref){.values = e->values, .pids = e->pids}, ret);
}

/* TO is a copy of FROM. */
static int change_policy(const struct policy *from, struct policy *to, const struct edit *e)
{
	if (e->kind == EDIT_ADD_FILTER) {
		add_filter(to, &from->hooks[e->hook], e);
		return 0;
	}
	struct list_ref ref;
	size_t number = list_of(from, e, &ref);
	struct lists l = lists_of(to);
	int err = number < l.n ? 0 : -EINVAL;
	if (!err && e->kind == EDIT_REMOVE_FILTER)
		remove_filter(to, &l.v[number]);
	else if (!err && e->pids)
		err = change_pids(to, (struct pid_filter *)l.v[number].pids, e);
	else if (!err)
		change_list(to, (struct strs *)l.v[number].values, e);
	free(l.v);
	return err;
}

static int apply_to_policy(const struct policy_set *from, const struct edit *e, const struct target *target, struct edited_set *ret)
{
	ret->policy = copy_policy(from->policies[e->policy]);
	if (!ret->policy)
		return -EINVAL;
	int err = change_policy(from->policies[e->policy], ret->policy, e);
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	if (!err && policy_load_check(ret->policy, target, &d))
		err = -EINVAL;
	ret->set.policies[e->policy] = ret->policy;
	return err;
}

static void change_entries(struct allowlist *a, const struct edit *e)
{
	if (e->kind == EDIT_ADD_ENTRY) {
		if (e->section == KIND_EXEC)
			*ARENA_PUSH(a->arena, a->exec, a->nexec) = e->exec;
		else if (e->section == KIND_FILE)
			*ARENA_PUSH(a->arena, a->files, a->nfiles) = e->file;
		else
			*ARENA_PUSH(a->arena, a->connects, a->nconnects) = e->connect;
	} else if (e->section == KIND_EXEC) {
		DROP(a->exec, a->nexec, e->number);
	} else if (e->section == KIND_FILE) {
		DROP(a->files, a->nfiles, e->number);
	} else if (e->section == KIND_CONNECT) {
		DROP(a->connects, a->nconnects, e->number);
	} else {
		DROP(a->guards, a->nguards, e->number);
	}
}

/* Its own lists; all strings are borrowed from A. */
static struct allowlist *copy_allowlist(const struct allowlist *a)
{
	struct allowlist *c = allowlist_new();
	struct arena *arena = c->arena;
	*c = *a;
	c->arena = arena;
#define COPY_LIST(list, n)                                                                         \
	do {                                                                                       \
		c->list = arena_alloc(arena, ((n) + 1) * sizeof(*c->list));                        \
		if (n)                                                                             \
			memcpy(c->list, a->list, (n) * sizeof(*c->list));                          \
	} while (0)
	COPY_LIST(exec, a->nexec);
	COPY_LIST(files, a->nfiles);
	COPY_LIST(connects, a->nconnects);
	COPY_LIST(guards, a->nguards);
#undef COPY_LIST
	return c;
}

static int apply_to_allowlist(const struct policy_set *from, const struct edit *e, struct edited_set *ret)
{
	size_t at = e->policy - from->npolicies;
	ret->allowlist = from->allowlists[at] ? copy_allowlist(from->allowlists[at]) : NULL;
	if (!ret->allowlist)
		return -EINVAL;
	change_entries(ret->allowlist, e);
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP(lowered_free) struct lowered *l = NULL;
	CLEANUP_BUF struct buf bytes = BUF_INIT;
	int err = lower(ret->allowlist, &d, &l);
	if (!err)
		err = image_write(l, ret->allowlist->mode == MODE_ENFORCE, &d, &bytes);
	if (!err)
		err = image_load("copy", buf_view(&bytes), &d, &ret->image);
	if (!err) {
		ret->set.images[at] = ret->image;
		ret->set.allowlists[at] = ret->allowlist;
	}
	return err;
}

static void *copied(const void *p, size_t n, size_t size)
{
	void *copy = xcalloc(n + 1, size);
	if (n)
		memcpy(copy, p, n * size);
	return copy;
}

int edit_apply(const struct policy_set *from, const struct edit *edit, const struct target *target, struct edited_set *ret)
{
	*ret = (struct edited_set){.set = *from};
	ret->set.policies = copied(from->policies, from->npolicies, sizeof(*from->policies));
	ret->set.images = copied(from->images, from->nimages, sizeof(*from->images));
	ret->set.allowlists = copied(from->allowlists, from->nimages, sizeof(*from->allowlists));
	return edit->policy < from->npolicies ? apply_to_policy(from, edit, target, ret) : apply_to_allowlist(from, edit, ret);
}

void edited_set_done(struct edited_set *s)
{
	policy_free(s->policy);
	image_free(s->image);
	allowlist_free(s->allowlist);
	free(s->set.policies);
	free(s->set.images);
	free(s->set.allowlists);
	*s = (struct edited_set){.policy = NULL};
}

/* ---- words ---- */

struct place edit_place(const struct policy_set *set, const struct edit *e)
{
	struct list_ref ref = {.at = {0, 0}};
	if (e->policy < set->npolicies && e->kind == EDIT_ADD_FILTER)
		return set->policies[e->policy]->hooks[e->hook].selectors[e->selector].at;
	if (e->policy < set->npolicies)
		list_of(set->policies[e->policy], e, &ref);
	return ref.at;
}

static void entry_words(const struct policy_set *set, const struct edit *e, struct buf *b)
{
	const struct allowlist *a = set->allowlists[e->policy - set->npolicies];
	struct edit copy = *e;
	const struct allowlist one = {.exec = &copy.exec, .nexec = 1, .files = &copy.file, .nfiles = 1, .connects = &copy.connect,
				      .nconnects = 1};
	bool add = e->kind == EDIT_ADD_ENTRY;
	buf_puts(b, add ? "add to the allowlist " : "take out of the allowlist ");
	buf_str(b, set->images[e->policy - set->npolicies]->name);
	buf_puts(b, ": ");
	words_rule(add ? &one : a, &(struct lower_rule){.kind = e->section, .index = add ? 0 : (uint32_t)e->number}, b);
	unsigned line = add || e->section == KIND_GUARD ? 0
			: e->section == KIND_EXEC ? a->exec[e->number].line
			: e->section == KIND_FILE ? a->files[e->number].line : a->connects[e->number].line;
	if (line && a->file.n)
		buf_printf(b, " (" STR_FMT ":%u)", STR_ARG(a->file), line);
}

void edit_filter(const struct policy_set *set, const struct edit *e, struct buf *b)
{
	const struct hook *h = &set->policies[e->policy]->hooks[e->hook];
	buf_puts(b, "{");
	if (!e->process && by_place(h, e->arg))
		buf_printf(b, "args: [%zu], ", (size_t)(e->arg - h->args));
	else if (!e->process)
		buf_printf(b, "index: %u, ", e->arg->index);
	buf_printf(b, "operator: %s, values: [", operator_name(e->op));
	buf_json(b, e->value);
	buf_puts(b, "]}");
}

const char *edit_field(const struct policy_set *set, const struct edit *e)
{
	struct list_ref ref = {.field = e->process ? "matchBinaries" : "matchArgs"};
	if (e->kind != EDIT_ADD_FILTER)
		list_of(set->policies[e->policy], e, &ref);
	return ref.field;
}

static void filter_words(const struct policy_set *set, const struct edit *e, struct buf *b)
{
	const struct policy *p = set->policies[e->policy];
	struct place at = edit_place(set, e);
	struct list_ref ref = {.field = e->process ? "matchBinaries" : "matchArgs", .op = e->op};
	if (e->kind == EDIT_ADD_FILTER) {
		buf_puts(b, "add ");
		edit_filter(set, e, b);
		buf_printf(b, " to %s of selector %d, ", ref.field, e->selector);
	} else {
		list_of(p, e, &ref);
		buf_printf(b, "take %s %s out of its selector, ", ref.field, operator_name(ref.op));
	}
	buf_printf(b, STR_FMT ":%u:%u", STR_ARG(p->file), at.line, at.column);
}

void edit_words(const struct policy_set *set, const struct edit *e, struct buf *b)
{
	if (e->policy >= set->npolicies) {
		entry_words(set, e, b);
		return;
	}
	if (e->kind == EDIT_ADD_FILTER || e->kind == EDIT_REMOVE_FILTER) {
		filter_words(set, e, b);
		return;
	}
	const struct policy *p = set->policies[e->policy];
	struct list_ref ref;
	if (list_of(p, e, &ref) == SIZE_MAX)
		return;
	buf_puts(b, e->kind == EDIT_ADD_VALUE ? "add " : "take ");
	buf_str(b, e->value);
	buf_printf(b, " %s %s %s, " STR_FMT ":%u:%u", e->kind == EDIT_ADD_VALUE ? "to" : "out of", ref.field, operator_name(ref.op),
		   STR_ARG(p->file), ref.at.line, ref.at.column);
}

static bool is_port(enum policy_operator op)
{
	return op == OPERATOR_SPORT || op == OPERATOR_NOT_SPORT || op == OPERATOR_DPORT || op == OPERATOR_NOT_DPORT;
}

/* What a value stands for whoever it is that runs there. */
static const char *whose(const char *field)
{
	static const struct {
		const char *field, *words;
	} all[] = {{"matchPIDs", "every process of that number: "}, {"matchNamespaces", "every process in that namespace: "},
		   {"matchCapabilities", "every process that holds it: "}};
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (!strcmp(all[i].field, field))
			return all[i].words;
	return "";
}

static void list_reach(const struct edit *e, const char *field, struct buf *b)
{
	enum list_way way = list_way_of(e->op);
	if (e->kind == EDIT_REMOVE_FILTER) {
		buf_puts(b, "all that the selector's other filters hold for, whatever this one said");
		return;
	}
	buf_puts(b, is_port(e->op) ? "port " : whose(field));
	buf_str(b, e->value);
	if (way == LIST_STARTS)
		buf_puts(b, " and every name that begins so");
	else if (way == LIST_ENDS)
		buf_puts(b, " and every name that ends so");
	buf_puts(b, e->process ? ", whatever it does at this hook that the selector is about"
			       : ", for every program, user and argument that the selector is about");
}

void edit_reach(const struct policy_set *set, const struct edit *e, struct buf *b)
{
	if (e->policy < set->npolicies) {
		list_reach(e, edit_field(set, e), b);
		return;
	}
	const struct allowlist *a = set->allowlists[e->policy - set->npolicies];
	if (e->kind == EDIT_REMOVE_ENTRY && e->section == KIND_GUARD) {
		buf_puts(b, "every ");
		buf_str(b, a->guards[e->number]);
		buf_puts(b, " by every program of the workload");
	} else if (e->kind == EDIT_REMOVE_ENTRY) {
		buf_puts(b, "everything that no other entry allows and this one did");
	} else if (e->section == KIND_EXEC) {
		buf_puts(b, e->exec.nby ? "this program with any arguments, started by that caller"
					: "this program with any arguments, started by anybody in the workload");
	} else if (e->section == KIND_FILE) {
		buf_puts(b, "any content and any later state of this file");
	} else {
		buf_puts(b, "any data to and from this end");
	}
}
