/* SPDX-License-Identifier: GPL-2.0-only */
/* Sites: the names of places in the kernel, and which hooks of which policies stand at each. */
#include "compiler/eval/eval_form.h"
#include "schema/policy_load.h"
#include "schema/syscall.h"

struct filing {
	struct engine *e;
	const struct policy *p;
};

static const struct {
	const char *name, *lsm, *args;
} site_names[] = {
#define SITE(symbol, name, lsm, args) {name, lsm, args},
#include "compiler/eval/sites.def"
#undef SITE
};

/* "f0 n0:f_flags": a kind, an index, and the field that is resolved. */
static void read_specs(const char *args, struct place_specs *ret)
{
	for (ret->n = 0; *args && ret->n < MAX_SPECS; ret->n++) {
		size_t n = strcspn(args, " ");
		ret->v[ret->n] = (struct place_spec){.kind = args[0], .index = (uint8_t)(args[1] - '0')};
		if (n > 3)
			ret->v[ret->n].resolve = (struct str){args + 3, n - 3};
		args += n + (args[n] == ' ');
	}
}

void eval_name_sites(struct engine *e)
{
	e->sites = map_new();
	e->lsm_sites = map_new();
	for (size_t i = 0; i < SITE_COUNT; i++) {
		map_add(e->sites, str_from(site_names[i].name), NULL);
		struct site_hooks *at = VEC_PUSH(&e->at);
		at->call = str_starts(str_from(site_names[i].name), STR("sys_"));
		read_specs(site_names[i].args, &at->told);
		bool new;
		if (site_names[i].lsm[0] && (map_add(e->lsm_sites, str_from(site_names[i].lsm), &new), new))
			*(uint32_t *)VEC_PUSH(&e->lsm_site_of) = (uint32_t)i;
	}
}

uint32_t eval_site(const struct engine *e, enum hook_section section, struct str name)
{
	if (section == HOOK_LSM) {
		uint32_t i = map_find(e->lsm_sites, name);
		return i == MAP_NONE ? SITE_NONE : e->lsm_site_of.v[i];
	}
	uint32_t i = map_find(e->sites, name);
	return i == MAP_NONE ? SITE_NONE : i;
}

/* A line of the tracepoint syscalls/sys_enter_X is one of the entry of sys_X, as eval_file_hook() files hooks. */
static uint32_t entry_site(struct engine *e, struct str call)
{
	buf_clear(&e->scratch);
	buf_puts(&e->scratch, "sys_");
	buf_str(&e->scratch, call);
	return eval_site(e, HOOK_KPROBE, buf_view(&e->scratch));
}

/* As eval_site(), which streams ask for the same few names again and again. */
static uint32_t site_of_line(struct engine *e, enum hook_section section, struct str name)
{
	struct asked_site *asked = &e->asked[name.n % ASKED_SITES];
	if (asked->section == section && str_eq(asked->name, name))
		return asked->site;
	uint32_t site = eval_site(e, section, name);
	if (site != SITE_NONE && section != HOOK_LSM)
		*asked = (struct asked_site){section, map_key(e->sites, site), site};
	else if (site != SITE_NONE)
		*asked = (struct asked_site){section, map_key(e->lsm_sites, map_find(e->lsm_sites, name)), site};
	return site;
}

uint32_t eval_event_site(struct engine *e, const struct event *ev)
{
	static const struct str enters = STR_INIT("syscalls/sys_enter_");
	if (ev->section == HOOK_TRACEPOINT && str_starts(ev->hook, enters))
		return entry_site(e, str_skip(ev->hook, enters.n));
	if (ev->section == HOOK_NONE || !ev->compat)
		return ev->section == HOOK_NONE ? SITE_NONE : site_of_line(e, ev->section, ev->hook);
	buf_clear(&e->scratch);
	buf_puts(&e->scratch, "__ia32_");
	buf_str(&e->scratch, ev->hook);
	return eval_site(e, ev->section, buf_view(&e->scratch));
}

static uint32_t add_site(struct engine *e, enum hook_section section, struct str name)
{
	uint32_t i = eval_site(e, section, name);
	if (i != SITE_NONE)
		return i;
	/* An unnamed LSM hook and its security_ function are one place. */
	struct str whole = section == HOOK_LSM
		? str_from(arena_printf(e->arena, "security_" STR_FMT, STR_ARG(name))) : name;
	bool new;
	uint32_t site = map_add(e->sites, whole, &new);
	if (new)
		VEC_PUSH(&e->at)->call = str_starts(whole, STR("sys_"));
	struct str lsm = str_starts(whole, STR("security_")) ? str_skip(whole, 9) : (struct str){NULL, 0};
	if (lsm.n && (map_add(e->lsm_sites, lsm, &new), new))
		*(uint32_t *)VEC_PUSH(&e->lsm_site_of) = site;
	return site;
}

static void file_hook(struct engine *e, uint32_t site, struct compiled_hook *c)
{
	*(struct compiled_hook **)VEC_PUSH(&e->at.v[site]) = c;
}

/* Strips __x64_ and the like; __ia32_ names another place. */
struct str eval_plain_call(struct str call)
{
	static const struct str prefixes[] = {STR_INIT("__x64_"), STR_INIT("__arm64_")};
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (str_starts(call, prefixes[i]))
			return str_skip(call, prefixes[i].n);
	return call;
}

/* A place that no event is known to reach: what a hook there does is not foretold. */
static void file_unseen(const struct filing *c, const char *kind, struct str name, struct compiled_hook *hook)
{
	struct str place = str_from(arena_printf(c->e->arena, "%s:" STR_FMT, kind, STR_ARG(name)));
	file_hook(c->e, add_site(c->e, HOOK_KPROBE, place), hook);
}

/* An element of a list: sys_x, with a prefix, or with an ABI before it (i386/sys_x). */
static void file_listed(const struct filing *c, struct str call, struct compiled_hook *hook)
{
	const char *slash = call.n ? memchr(call.p, '/', call.n) : NULL;
	struct str name = slash ? str_skip(call, (size_t)(slash - call.p) + 1) : call;
	bool compat = slash && str_starts(call, STR("i386/"));
	if (compat)
		name = str_from(arena_printf(c->e->arena, "__ia32_" STR_FMT, STR_ARG(name)));
	file_hook(c->e, add_site(c->e, HOOK_KPROBE, eval_plain_call(name)), hook);
}

/* Of lists with one name the first counts. One that says that it is validated is taken as it is written, a generated one too. */
static void file_list(const struct filing *c, struct str name, struct compiled_hook *hook)
{
	enum syscall_abi abi = c->e->target.arch == ARCH_ARM64 ? SYSCALL_ARM64 : SYSCALL_X86_64;
	for (size_t i = 0; i < c->p->nlists; i++) {
		const struct policy_list *l = &c->p->lists[i];
		if (!str_eq(l->name, name))
			continue;
		for (size_t k = 0; k < l->values.n; k++)
			file_listed(c, l->values.v[k], hook);
		if (l->validated)
			return;
		if (str_eq(l->type, STR("generated_syscalls")))
			for (size_t k = 0; k < syscall_count(); k++)
				if (syscall_number(abi, syscall_name(k)) >= 0)
					file_listed(c, str_from(arena_printf(c->e->arena, "sys_" STR_FMT,
									     STR_ARG(syscall_name(k)))), hook);
		/* Which functions a pattern finds depends on the kernel. */
		if (str_eq(l->type, STR("generated_ftrace")))
			file_unseen(c, "pattern", l->pattern, hook);
		return;
	}
}

/* The tracepoint syscalls/sys_enter_X is the entry of sys_X; its first argument is field 5. */
bool eval_enters_syscall(const struct hook *h)
{
	return h->section == SECTION_TRACEPOINT && str_eq(h->subsystem, STR("syscalls")) &&
	       str_starts(h->call, STR("sys_enter_"));
}

void eval_file_call(struct engine *e, const struct policy *p, struct str call, struct compiled_hook *hook)
{
	if (str_starts(call, STR("list:")))
		file_list(&(struct filing){e, p}, str_skip(call, 5), hook);
	else
		file_hook(e, add_site(e, HOOK_KPROBE, eval_plain_call(call)), hook);
}

void eval_file_hook(struct engine *e, const struct policy *p, const struct hook *h, struct compiled_hook *hook)
{
	const struct filing *c = &(struct filing){e, p};
	switch (h->section) {
	case SECTION_LSM:
		file_hook(e, add_site(e, HOOK_LSM, h->call), hook);
		break;
	case SECTION_TRACEPOINT:
		if (eval_enters_syscall(h)) {
			file_hook(e, add_site(e, HOOK_KPROBE,
					      str_from(arena_printf(e->arena, "sys_" STR_FMT,
								    STR_ARG(str_skip(h->call, 10))))), hook);
			break;
		}
		e->hooks_exits |= str_eq(h->subsystem, STR("syscalls")) && str_starts(h->call, STR("sys_exit_"));
		file_hook(e, add_site(e, HOOK_TRACEPOINT,
				      str_from(arena_printf(e->arena, STR_FMT "/" STR_FMT, STR_ARG(h->subsystem),
							    STR_ARG(h->call)))), hook);
		break;
	case SECTION_KPROBE:
	case SECTION_FENTRY:
		eval_file_call(e, p, h->call, hook);
		break;
	case SECTION_UPROBE:
	case SECTION_USDT:
		file_unseen(c, "user", h->call, hook);
		break;
	}
}
