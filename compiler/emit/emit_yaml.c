/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Plans into policies: choose the shape for each kind, pack the plans, and write each packed entry as a hook of
 * the first document that does not have this hook yet. A document has hooks of one section only.
 */
#include "compiler/emit/emit_yaml.h"

#include <stdio.h>

#include "compiler/emit/plan.h"

/* Each filtered policy takes one of 127 places on a node: a workload that needs more than this is a mistake. */
enum { MAX_DOCUMENTS = 16 };

static const struct {
	const char *name;
	enum section section;
	bool prevents;
} shapes[SHAPE_COUNT] = {
	[SHAPE_AUTO] = {"auto", SECTION_LSM, true},
	[SHAPE_LSM] = {"lsm", SECTION_LSM, true},
	[SHAPE_OVERRIDE] = {"override", SECTION_KPROBE, true},
	[SHAPE_KILL] = {"kill", SECTION_KPROBE, false},
	[SHAPE_TRACEPOINT] = {"tracepoint", SECTION_TRACEPOINT, false},
};

const char *shape_name(enum shape s)
{
	return shapes[s].name;
}

int shape_from(struct str name)
{
	for (int i = 0; i < SHAPE_COUNT; i++) {
		if (str_eq(name, str_from(shapes[i].name)))
			return i;
	}
	return -1;
}

static bool can_modify_return(const struct target *t)
{
	return t->kernel >= (t->arch == ARCH_ARM64 ? TARGET_KERNEL(6, 0) : TARGET_KERNEL(5, 7));
}

/* Why the target cannot have SHAPE for this kind; NULL when it can. */
static const char *shape_refusal(enum shape shape, const struct target *t, bool exec)
{
	switch (shape) {
	case SHAPE_LSM:
		if (!t->lsm)
			return "the target has no BPF LSM";
		if (!can_modify_return(t))
			return "BPF LSM needs kernel 5.7, on arm64 6.0";
		break;
	case SHAPE_OVERRIDE:
		if (!can_modify_return(t))
			return "overriding security_* needs kernel 5.7, on arm64 6.0";
		break;
	case SHAPE_TRACEPOINT:
		if (!exec)
			return "a tracepoint can only hold to exec rules";
		break;
	default:
		break;
	}
	if (t->kernel < TARGET_KERNEL(5, 4))
		return "kernels before 5.4 cannot read what the rules compare";
	if (exec && shape != SHAPE_TRACEPOINT && t->kernel < TARGET_KERNEL(5, 8))
		return "bprm_creds_from_file exists since kernel 5.8";
	return NULL;
}

static int choose_shape(struct emission *e, bool exec)
{
	const struct target *t = &e->o->target;
	enum shape first = e->o->shape, last = e->o->shape;
	if (e->o->shape == SHAPE_AUTO) {
		first = SHAPE_LSM;
		last = SHAPE_TRACEPOINT;
	} else if (e->o->shape == SHAPE_TRACEPOINT && !exec) {
		first = last = SHAPE_KILL;
	}
	const char *why = NULL;
	for (enum shape s = first; s <= last; s++) {
		why = shape_refusal(s, t, exec);
		if (!why) {
			e->shape = s;
			return 0;
		}
	}
	return emission_refuse(e, STR(""), "%s rules cannot be held to on this target: %s",
			  exec ? "exec" : "file, connect and guard", why);
}

/* ---- the documents ---- */

struct document {
	struct policy *policy;
	enum section section;
};

struct documents {
	struct emission *e;
	struct compiled *compiled;
	struct { struct document *v; size_t n, cap; } v;
};

const char *yaml_refusal(const struct allowlist *a, const struct compile_options *o)
{
	bool host = str_eq(a->workload.namespace, STR("host"));
	if (host && !o->host_wide)
		return "Tetragon cannot scope a policy to a systemd unit or one container outside Kubernetes: it would cover "
		       "the whole host. Use the image, or ask for a host-wide policy with --host-wide";
	if (!host && !o->target.kubernetes)
		return "the workload is a pod and the target has no Kubernetes, where a pod selector does not load. "
		       "Use the image, or a target with kubernetes=yes";
	if (!host && !label_value_fits(a->workload.container))
		return "no selector can name the container: a value of labels has at most 63 letters, digits, '-', '_', '.', and begins and "
		       "ends with a letter or digit. Use the image, or correct workload.container";
	return NULL;
}

static struct label_selector *new_selector(struct policy *p)
{
	return arena_alloc(p->arena, sizeof(struct label_selector));
}

int yaml_scope(const struct allowlist *a, const struct compile_options *o, struct policy *p,
	       struct diag *d)
{
	const struct workload *w = &a->workload;
	if (str_eq(w->namespace, STR("host"))) {
		if (o->target.kubernetes)
			p->host = new_selector(p);      /* {}: the host and no pod */
		return 0;
	}
	if (str_eq(w->namespace, STR("unknown")))
		return diag_error(d, a->file.n ? a->file.p : NULL,
				  "the recording knew the pod by its cgroup only: say in 'workload' which namespace, kind, name, "
				  "container and podLabels it has (kubectl get pods -A -o wide --show-labels; pod uid " STR_FMT ")",
				  STR_ARG(w->name));
	if (a->nlabels == 0)
		return diag_error(d, a->file.n ? a->file.p : NULL,
				  "the workload has no podLabels: the policy would cover every pod of namespace '" STR_FMT
				  "'; add workload.podLabels", STR_ARG(w->namespace));
	for (size_t i = 0; i < a->nlabels; i++)
		if (!label_value_fits(a->labels[i].value))
			return diag_error(d, a->file.n ? a->file.p : NULL,
					  "podLabels: '" STR_FMT "' is no value that the label '" STR_FMT "' can have: write at most 63 letters, "
					  "digits, '-', '_', '.', beginning and ending with a letter or digit",
					  STR_ARG(a->labels[i].value), STR_ARG(a->labels[i].key));
	p->namespaced = w->namespace.n > 0;
	p->namespace = arena_str(p->arena, w->namespace);
	p->pod = new_selector(p);
	p->pod->labels = arena_alloc(p->arena, a->nlabels * sizeof(*a->labels));
	for (size_t i = 0; i < a->nlabels; i++)
		p->pod->labels[i] = (struct label){arena_str(p->arena, a->labels[i].key),
						   arena_str(p->arena, a->labels[i].value)};
	p->pod->nlabels = a->nlabels;
	if (w->container.n == 0)
		return 0;
	p->container = new_selector(p);
	p->container->labels = arena_alloc(p->arena, sizeof(struct label));
	p->container->labels[0] = (struct label){STR("name"), arena_str(p->arena, w->container)};
	p->container->nlabels = 1;
	return 0;
}

static void add_option(struct policy *p, const char *name, const char *value)
{
	*ARENA_PUSH(p->arena, p->options, p->noptions) =
		(struct policy_option){.name = str_from(name), .value = str_from(value)};
}

static struct policy *new_document(struct documents *ds, enum section section)
{
	const struct lowered *l = ds->e->l;
	const struct compile_options *o = ds->e->o;
	struct document *doc = VEC_PUSH(&ds->v);
	struct policy *p = doc->policy = policy_new();
	doc->section = section;
	p->name = ds->v.n == 1 ? arena_str(p->arena, l->source->name)
			       : str_from(arena_printf(p->arena, STR_FMT "-%zu",
						       STR_ARG(l->source->name), ds->v.n));
	CLEANUP_BUF struct buf target = BUF_INIT;
	target_print(&o->target, &target);
	bool enforce = o->enforce || l->source->mode == MODE_ENFORCE;
	p->comment = str_from(arena_printf(
		p->arena,
		"Written by stakeout from allowlist " STR_FMT ": what it does not allow is %s.\nTarget: %s",
		STR_ARG(l->source->name), enforce ? "denied" : "reported (monitor mode)", target.p));
	if (section == SECTION_KPROBE)
		add_option(p, "disable-kprobe-multi", "1");
	add_option(p, "policy-mode", enforce ? "enforce" : "monitor");
	yaml_scope(l->source, o, p, ds->e->d);
	return p;
}

static bool has_hook(const struct policy *p, const char *call)
{
	for (size_t i = 0; i < p->nhooks; i++) {
		if (str_eq(p->hooks[i].call, str_from(call)))
			return true;
	}
	return false;
}

/* What a linter would find in one document of several, though the others have it; and what no policy can stop. */
static void say_known(struct policy *p, size_t ndocuments)
{
	bool connect = has_hook(p, "socket_connect") || has_hook(p, "security_socket_connect");
	if (ndocuments < 2 && !connect)
		return;
	p->comment = str_from(arena_printf(p->arena, STR_FMT "\nstakeout lint ignore: %s%s%s (%s)", STR_ARG(p->comment),
					   ndocuments > 1 ? "allow-script, file-gaps, memfd-gap, open-creates, rename-exchange, truncate-moved" : "",
					   ndocuments > 1 && connect ? ", " : "", connect ? "connect-gaps" : "",
					   ndocuments > 1 ? "the policies of this allowlist complete each other"
							  : "see the review page"));
}

static struct policy *document_for(struct documents *ds, enum section section, const char *call)
{
	for (size_t i = 0; i < ds->v.n; i++) {
		if (ds->v.v[i].section == section && !has_hook(ds->v.v[i].policy, call))
			return ds->v.v[i].policy;
	}
	return new_document(ds, section);
}

/* ---- one entry ---- */

static struct strs copy_strs(struct arena *a, const struct strs *s)
{
	struct strs copy = {.n = s->n};
	copy.v = arena_alloc(a, s->n * sizeof(*s->v));
	for (size_t i = 0; i < s->n; i++)
		copy.v[i] = arena_str(a, s->v[i]);
	return copy;
}

static struct action deny_action(enum shape shape)
{
	if (shape == SHAPE_LSM || shape == SHAPE_OVERRIDE)
		return (struct action){.action = ACTION_OVERRIDE, .error = -1, .has_error = true};
	return (struct action){.action = ACTION_SIGKILL};
}

static bool args_repeat_an_index(const struct hook *h)
{
	for (size_t i = 0; i < h->nargs; i++) {
		for (size_t k = 0; k < i; k++) {
			if (h->args[i].index == h->args[k].index)
				return true;
		}
	}
	return false;
}

static void put_filter(struct policy *p, const struct hook *h, struct selector *to,
		       const struct plan_filter *f)
{
	struct arg_filter *m = ARENA_PUSH(p->arena, to->args, to->nargs);
	m->op = f->op;
	m->values = copy_strs(p->arena, &f->values);
	m->index = h->args[f->arg].index;
	/* Two entries of one index are told apart by position only. */
	if (args_repeat_an_index(h))
		*ARENA_PUSH(p->arena, m->args, m->nargs) = f->arg;

}

static void put_selector(struct policy *p, struct hook *h, const struct plan_selector *s,
			 enum shape shape)
{
	struct selector *to = ARENA_PUSH(p->arena, h->selectors, h->nselectors);
	for (size_t i = 0; i < s->nfilters; i++)
		put_filter(p, h, to, &s->filters[i]);
	if (s->callers.n) {
		struct binary_filter *b = ARENA_PUSH(p->arena, to->binaries, to->nbinaries);
		b->op = s->not_callers ? OPERATOR_NOT_IN : OPERATOR_IN;
		b->values = copy_strs(p->arena, &s->callers);
	}
	if (s->without_capabilities.n) {
		struct capability_filter *c = ARENA_PUSH(p->arena, to->capabilities, to->ncapabilities);
		c->type = STR("Effective");
		c->op = OPERATOR_NOT_IN;
		c->values = copy_strs(p->arena, &s->without_capabilities);
	}
	*ARENA_PUSH(p->arena, to->actions, to->nactions) =
		s->pass ? (struct action){.action = ACTION_NO_POST} : deny_action(shape);
}

static bool reads(const struct plan_selector *s, size_t n, uint8_t arg)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < s[i].nfilters; k++) {
			if (s[i].filters[k].arg == arg)
				return true;
		}
	}
	return false;
}

static bool is_used(const struct plan *plan, uint8_t arg)
{
	bool used = reads(plan->denials.v, plan->denials.n, arg);
	for (int i = 0; i < PLAN_PRELUDES && !used; i++)
		used = reads(plan->preludes[i].v, plan->preludes[i].n, arg);
	return used;
}

/* Arguments that no filter reads are still reported, except the last ones that say nothing to a person. */
static size_t args_needed(const struct plan *plan)
{
	size_t n = plan->hook->nargs;
	while (n > 1 && plan->hook->args[n - 1].type == TYPE_SOCKET && !is_used(plan, (uint8_t)(n - 1)))
		n--;
	return n;
}

static struct hook *put_hook(struct policy *p, const struct plan *plan, enum shape shape)
{
	const struct plan_hook *ph = plan->hook;
	struct hook *h = ARENA_PUSH(p->arena, p->hooks, p->nhooks);
	h->section = shapes[shape].section;
	h->call = str_from(h->section == SECTION_LSM ? ph->lsm : ph->kprobe);
	if (h->section == SECTION_TRACEPOINT) {
		const char *slash = strchr(ph->lsm, '/');
		h->subsystem = (struct str){ph->lsm, (size_t)(slash - ph->lsm)};
		h->call = str_from(slash + 1);
		h->raw = true;
	}
	h->message = str_from(arena_printf(p->arena, "stakeout " STR_FMT ": %s not on the allowlist",
					   (int)MIN(p->name.n, 200u), p->name.p, plan->kind));
	for (size_t i = 0; i < args_needed(plan); i++) {
		struct spec_arg *a = ARENA_PUSH(p->arena, h->args, h->nargs);
		a->index = h->section == SECTION_KPROBE ? ph->args[i].kprobe_index : ph->args[i].index;
		a->type = ph->args[i].type;
		a->resolve = str_from(ph->args[i].resolve);
		/* Readers of the events know the open flags by this name. */
		if (a->resolve.n && str_eq(a->resolve, STR("f_flags")))
			a->label = STR("f_flags");
	}
	return h;
}

static void put_rule(struct documents *ds, const struct plan *plan, const struct policy *p,
		     const struct hook *h)
{
	struct compiled *c = ds->compiled;
	struct compiled_rule *r = ARENA_PUSH(c->arena, c->rules, c->nrules);
	static const char *const prefixes[] = {[SECTION_KPROBE] = "kprobe", [SECTION_TRACEPOINT] = "tracepoint",
					       [SECTION_LSM] = "lsm"};
	r->hook = str_from(arena_printf(c->arena, "%s %s%s" STR_FMT, prefixes[h->section],
					h->subsystem.n ? "sched" : "", h->subsystem.n ? "/" : "",
					STR_ARG(h->call)));
	r->kind = plan->kind;
	r->access = plan->access;
	r->policy = arena_str(c->arena, p->name);
	r->shape = ds->e->shape;
	r->prevents = shapes[ds->e->shape].prevents;
	r->threat = plan->threat;
	r->cannot = plan->cannot;
	r->false_positive = plan->false_positive;
	r->selectors = h->nselectors;
	for (size_t i = 0; i < h->nselectors; i++) {
		for (size_t k = 0; k < h->selectors[i].nargs; k++)
			r->values += h->selectors[i].args[k].values.n;
	}
}

static int put_plan(struct documents *ds, struct plan *plan)
{
	struct plan_entries entries = {0};
	plan_share(plan);
	if (!plan_pack(plan, &entries)) {
		free(entries.v);
		return emission_refuse(ds->e, STR(""), "one %s rule alone exceeds what a selector of %s holds",
				  plan->kind, plan->hook->lsm);
	}
	enum shape shape = ds->e->shape;
	enum section section = shapes[shape].section;
	const char *call = section == SECTION_LSM ? plan->hook->lsm : plan->hook->kprobe;
	for (size_t i = 0; i < entries.n; i++) {
		struct policy *p = document_for(ds, section, call);
		struct hook *h = put_hook(p, plan, shape);
		for (size_t k = 0; k < entries.v[i].n; k++)
			put_selector(p, h, &entries.v[i].v[k], shape);
		put_rule(ds, plan, p, h);
	}
	free(entries.v);
	return 0;
}

/* Emits one kind: chooses its shape, lets FN plan, writes the plans. */
static int put_kind(struct documents *ds, bool exec, int (*fn)(struct emission *e))
{
	struct emission *e = ds->e;
	int err = choose_shape(e, exec);
	if (!err)
		err = fn(e);
	for (size_t i = 0; i < e->plans.n; i++) {
		if (!err && e->plans.v[i].denials.n)
			err = put_plan(ds, &e->plans.v[i]);
		plan_done(&e->plans.v[i]);
	}
	free(e->plans.v);
	e->plans.v = NULL;
	e->plans.n = e->plans.cap = 0;
	return err;
}

static int put_all(struct documents *ds)
{
	const struct lowered *l = ds->e->l;
	const struct allowlist *a = l->source;
	struct strs callers = {l->callers, l->ncallers};
	int err = check_callers(ds->e, &callers);
	if (!err && a->has_exec)
		err = put_kind(ds, true, emit_exec);
	if (!err && a->has_file)
		err = put_kind(ds, false, emit_file);
	if (!err && a->has_connect)
		err = put_kind(ds, false, emit_connect);
	if (!err && l->guards)
		err = put_kind(ds, false, emit_guards);
	if (!err && ds->v.n == 0)
		err = emission_refuse(ds->e, STR(""), "the allowlist judges nothing: give it an exec, file or connect section, or guards");
	if (!err && ds->v.n > MAX_DOCUMENTS)
		err = emission_refuse(ds->e, STR(""), "needs %zu policies, and more than %d on one workload would crowd out others on "
				      "its node: allow folders instead of single files, networks and ranges of ports instead of single "
				      "ones, or name fewer distinct callers", ds->v.n, MAX_DOCUMENTS);
	return err;
}

int emit_yaml(const struct lowered *l, const struct compile_options *o, struct compiled *compiled,
	      struct diag *d, struct policy ***ret, size_t *ret_n)
{
	size_t errors = d->errors;
	CLEANUP(arena_free) struct arena *arena = arena_new();
	struct emission e = {.l = l, .o = o, .arena = arena, .d = d,
			     .scoped = !str_eq(l->source->workload.namespace, STR("host"))};
	struct documents ds = {.e = &e, .compiled = compiled};
	int err = put_all(&ds);
	if (!err && d->errors > errors)
		err = -EINVAL;
	struct policy **policies = xcalloc(ds.v.n + 1, sizeof(*policies));
	for (size_t i = 0; i < ds.v.n; i++) {
		policies[i] = ds.v.v[i].policy;
		say_known(policies[i], ds.v.n);
		if (err)
			policy_free(policies[i]);
	}
	free(ds.v.v);
	if (err) {
		free(policies);
		return err;
	}
	*ret = policies;
	*ret_n = ds.v.n;
	return 0;
}
