/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scenario documents, read into scenario_model.h. What can be told from the document alone is refused here, with
 * its place; what depends on the course of events (is that process still alive?) is for the generator.
 */
#include "compiler/scenario/scenario.h"

#include <inttypes.h>

#include "compiler/scenario/scenario_model.h"
#include "compiler/scenario/scenario_reader.h"
#include "schema/base/cli.h"
#include "schema/base/io.h"

enum { TIMES_MAX = 1000000, NAMES_MAX = 200, VISITS_MAX = 1000000 };

static const char *const verbs[] = {
#define STEP(symbol, name, summary) name,
#include "compiler/scenario/scenario_steps.def"
#undef STEP
};

#define BIT(verb) (1u << STEP_##verb)
/* Verbs that bring a new program image. */
#define IMAGES (BIT(RUN) | BIT(EXEC) | BIT(PROBE) | BIT(ENTER))
/* Verbs that make a process, which ends with its steps unless it stays. */
#define ENDING (BIT(RUN) | BIT(PROBE) | BIT(ENTER) | BIT(FORK))
#define EVENTS (IMAGES | BIT(FORK) | BIT(FILE) | BIT(CONNECT) | BIT(GUARD))

static void read_steps(struct reader *r, const struct yaml_node *node, struct step **ret, size_t *ret_n);

static void read_step_list(struct reader *r, const struct yaml_node *node, void *slot)
{
	struct step *s = (struct step *)((char *)slot - offsetof(struct step, steps));
	read_steps(r, node, &s->steps, &s->nsteps);
}

#define FIELD(type, member, reader, verbs_) {#member, reader, offsetof(type, member), verbs_}
#define NAMED(type, name, member, reader, verbs_) {name, reader, offsetof(type, member), verbs_}
static const struct field step_fields[] = {
	FIELD(struct step, args, read_text, IMAGES),
	FIELD(struct step, cwd, read_path, IMAGES),
	FIELD(struct step, uid, read_number, IMAGES),
	FIELD(struct step, path, read_text, IMAGES | BIT(FILE)),
	FIELD(struct step, interpreter, read_path, IMAGES),
	FIELD(struct step, memfd, read_flag, IMAGES),
	FIELD(struct step, deleted, read_flag, IMAGES | BIT(FILE)),
	FIELD(struct step, setuid, read_flag, IMAGES),
	NAMED(struct step, "as", name, read_name, IMAGES | BIT(FORK)),
	FIELD(struct step, stay, read_flag, ENDING),
	FIELD(struct step, status, read_number, ENDING | BIT(CONTAINER)),
	FIELD(struct step, signal, read_name, ENDING | BIT(CONTAINER)),
	FIELD(struct step, access, read_access, BIT(FILE)),
	FIELD(struct step, protocol, read_protocol, BIT(CONNECT)),
	FIELD(struct step, result, read_number, BIT(CONNECT)),
	FIELD(struct step, object, read_text, BIT(GUARD)),
	FIELD(struct step, times, read_number, 0),
	NAMED(struct step, "every", every_ns, read_duration, 0),
	NAMED(struct step, "jitter", jitter_percent, read_percent, 0),
	FIELD(struct step, label, read_name, 0),
	NAMED(struct step, "expect", decision.expect, read_expect, EVENTS | BIT(USE)),
	NAMED(struct step, "because", decision.because, read_name, EVENTS | BIT(USE)),
	NAMED(struct step, "do", steps, read_step_list, IMAGES | BIT(FORK)),
};

static int verb_of(const struct yaml_node *node)
{
	for (size_t v = 0; node->nitems && v < STEP_COUNT; v++)
		if (str_eq(node->items[0]->key->text, str_from(verbs[v])))
			return (int)v;
	return -1;
}

static void complain_verb(struct reader *r, const struct yaml_node *node)
{
	CLEANUP_BUF struct buf names = BUF_INIT;
	for (size_t v = 0; v < STEP_COUNT; v++)
		buf_printf(&names, "%s%s", v ? ", " : "", verbs[v]);
	COMPLAIN(r, node, "a step begins with what it does: %s", names.p);
}

static void read_target(struct reader *r, const struct yaml_node *node, struct step *s)
{
	if (s->verb == STEP_WAIT)
		return read_duration(r, node, &s->wait_ns);
	bool path = 1u << s->verb & (IMAGES | BIT(FILE));
	(path ? read_path : read_name)(r, node, &s->target);
	static const char *const acts[] = {"start", "stop", "restart", "replace"};
	bool known = s->verb != STEP_CONTAINER;
	for (size_t i = 0; !known && i < ARRAY_SIZE(acts); i++)
		known = str_eq(s->target, str_from(acts[i]));
	if (!known)
		COMPLAIN(r, node, "'container' wants start, stop, restart or replace");
}

static void read_step(struct reader *r, const struct yaml_node *node, struct step *s)
{
	*s = (struct step){.line = node->line, .column = node->column, .times = 1,
			   .uid = SCENARIO_NOT_GIVEN, .protocol = 6};
	if (!expect_kind(r, node, YAML_MAP, "a step"))
		return;
	int verb = verb_of(node);
	if (verb < 0)
		return complain_verb(r, node);
	s->verb = (enum step_verb)verb;

	struct field fields[ARRAY_SIZE(step_fields) + 1];
	size_t n = 0;
	for (size_t i = 0; i < ARRAY_SIZE(step_fields); i++)
		if (!step_fields[i].verbs || step_fields[i].verbs & 1u << s->verb)
			fields[n++] = step_fields[i];
	fields[n++] = (struct field){verbs[verb], read_ignored, 0, 0};
	read_fields(r, node, fields, n, s);
	read_target(r, node->items[0], s);
	if (s->decision.because.n && s->decision.expect == EXPECT_DENY)
		COMPLAIN(r, node, "'because' is for what nothing stops; this step is denied");
	else if (s->decision.because.n)
		s->decision.expect = EXPECT_ALLOW;
	if (s->verb == STEP_FILE && !s->access)
		s->access = ACCESS_READ;
	if (s->access & ACCESS_APPEND)
		s->access |= ACCESS_WRITE; /* O_APPEND alone writes nothing */
	if (s->times < 1 || s->times > TIMES_MAX)
		COMPLAIN(r, node, "'times' must be from 1 to %d", TIMES_MAX);
}

static void read_steps(struct reader *r, const struct yaml_node *node, struct step **ret,
		       size_t *ret_n)
{
	if (!expect_kind(r, node, YAML_LIST, "a list of steps"))
		return;
	if (++r->depth > SCENARIO_MAX_DEPTH)
		COMPLAIN(r, node, "steps are nested more than %d deep", SCENARIO_MAX_DEPTH);
	else
		*ret = arena_alloc(r->arena, node->nitems * sizeof(**ret));
	for (size_t i = 0; *ret && i < node->nitems; i++)
		read_step(r, node->items[i], &(*ret)[(*ret_n)++]);
	r->depth--;
}

static void read_phase_steps(struct reader *r, const struct yaml_node *node, void *slot)
{
	struct phase *p = (struct phase *)((char *)slot - offsetof(struct phase, steps));
	read_steps(r, node, &p->steps, &p->nsteps);
}

static const struct field phase_fields[] = {
	FIELD(struct phase, name, read_name, 0),
	FIELD(struct phase, in, read_name, 0),
	FIELD(struct phase, label, read_name, 0),
	NAMED(struct phase, "at", at_ns, read_duration, 0),
	NAMED(struct phase, "every", every_ns, read_duration, 0),
	FIELD(struct phase, times, read_number, 0),
	NAMED(struct phase, "jitter", jitter_percent, read_percent, 0),
	NAMED(struct phase, "stagger", stagger_ns, read_duration, 0),
	FIELD(struct phase, replica, read_number, 0),
	FIELD(struct phase, optional, read_flag, 0),
	NAMED(struct phase, "expect", decision.expect, read_expect, 0),
	NAMED(struct phase, "because", decision.because, read_name, 0),
	NAMED(struct phase, "do", steps, read_phase_steps, 0),
};

static void read_phase(struct reader *r, struct scenario *s, const struct yaml_node *node,
		       bool attack)
{
	struct phase *p = ARENA_PUSH(s->arena, s->phases, s->nphases);
	*p = (struct phase){.line = node->line, .column = node->column, .times = 1,
			    .replica = SCENARIO_NOT_GIVEN, .attack = attack};
	if (attack)
		p->replica = 0;
	if (!expect_kind(r, node, YAML_MAP, attack ? "an attack" : "a phase"))
		return;
	read_fields(r, node, phase_fields, ARRAY_SIZE(phase_fields), p);
	if (!p->name.n)
		COMPLAIN(r, node, "%s needs a 'name'", attack ? "an attack" : "a phase");
	if (!p->nsteps)
		COMPLAIN(r, node, "there is nothing to do here: give it 'do' with a list of steps");
	if (p->times < 1 || p->times > TIMES_MAX)
		COMPLAIN(r, node, "'times' must be from 1 to %d", TIMES_MAX);
	if (!p->label.n)
		p->label = str_from(arena_printf(s->arena, "%s: " STR_FMT,
						 attack ? "attack" : "benign", STR_ARG(p->name)));
}

static void read_phases(struct reader *r, const struct yaml_node *node, void *slot)
{
	struct scenario *s = (struct scenario *)((char *)slot - offsetof(struct scenario, phases));
	bool attack = str_eq(node->key->text, STR("attacks"));
	if (!expect_kind(r, node, YAML_LIST, attack ? "'attacks'" : "'phases'"))
		return;
	for (size_t i = 0; i < node->nitems; i++)
		read_phase(r, s, node->items[i], attack);
}

static void read_pairs(struct reader *r, const struct yaml_node *node, struct pair **ret, size_t *ret_n,
		       bool paths)
{
	if (!expect_kind(r, node, YAML_MAP, "a table of names"))
		return;
	for (size_t i = 0; i < node->nitems; i++) {
		struct pair *p = ARENA_PUSH(r->arena, *ret, *ret_n);
		p->key = node->items[i]->key->text;
		(paths ? read_path : read_text)(r, node->items[i], &p->value);
		if (paths && (!p->key.n || p->key.p[0] != '/'))
			COMPLAIN(r, node->items[i]->key, "'" STR_FMT "' is no absolute path", STR_ARG(p->key));
	}
}

static void read_labels(struct reader *r, const struct yaml_node *node, void *slot)
{
	struct scenario *s = (struct scenario *)((char *)slot - offsetof(struct scenario, labels));
	read_pairs(r, node, &s->labels, &s->nlabels, false);
}

static void read_symlinks(struct reader *r, const struct yaml_node *node, void *slot)
{
	struct scenario *s = (struct scenario *)((char *)slot - offsetof(struct scenario, symlinks));
	read_pairs(r, node, &s->symlinks, &s->nsymlinks, true);
}

static void read_scripts(struct reader *r, const struct yaml_node *node, void *slot)
{
	struct scenario *s = (struct scenario *)((char *)slot - offsetof(struct scenario, scripts));
	read_pairs(r, node, &s->scripts, &s->nscripts, true);
}

static void read_nodes(struct reader *r, const struct yaml_node *node, void *slot)
{
	struct scenario *s = (struct scenario *)((char *)slot - offsetof(struct scenario, nodes));
	if (!expect_kind(r, node, YAML_LIST, "'nodes'"))
		return;
	if (node->nitems > SCENARIO_MAX_NODES)
		COMPLAIN(r, node, "more than %d nodes", SCENARIO_MAX_NODES);
	for (size_t i = 0; i < node->nitems && i < SCENARIO_MAX_NODES; i++) {
		const struct yaml_node *name = node->items[i];
		if (name->kind != YAML_STRING || !name->text.n)
			COMPLAIN(r, name, "a node is a name");
		else
			*ARENA_PUSH(r->arena, s->nodes, s->nnodes) = name->text;
	}
}

static void read_kind(struct reader *r, const struct yaml_node *node, void *slot)
{
	static const char *const kinds[] = {"Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod"};
	read_name(r, node, slot);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (str_eq(node->text, str_from(kinds[i])))
			return;
	COMPLAIN(r, node, "'kind' wants Deployment, StatefulSet, DaemonSet, Job, CronJob or Pod");
}

#define S(member, reader)        FIELD(struct scenario, member, reader, 0)
#define N(name_, member, reader) NAMED(struct scenario, name_, member, reader, 0)
static const struct field metadata_fields[] = {S(name, read_name), S(description, read_text)};
static const struct field workload_fields[] = {
	S(namespace, read_name), S(kind, read_kind),        N("name", workload, read_name),
	S(container, read_name), S(labels, read_labels),    S(replicas, read_number),
	S(uid, read_number),     S(cwd, read_path),         N("hostPID", host_pid, read_flag),
	S(privileged, read_flag),
};
static const struct field image_fields[] = {
	N("name", image, read_name), S(symlinks, read_symlinks), S(scripts, read_scripts),
};

static void read_part(struct reader *r, const struct yaml_node *node, const struct field *fields,
		      size_t n, void *object)
{
	if (expect_kind(r, node, YAML_MAP, "this key"))
		read_fields(r, node, fields, n, object);
}

/* These three are given the scenario itself (offset 0). */
static void read_metadata(struct reader *r, const struct yaml_node *node, void *scenario)
{
	read_part(r, node, metadata_fields, ARRAY_SIZE(metadata_fields), scenario);
}

static void read_workload(struct reader *r, const struct yaml_node *node, void *scenario)
{
	read_part(r, node, workload_fields, ARRAY_SIZE(workload_fields), scenario);
}

static void read_image(struct reader *r, const struct yaml_node *node, void *scenario)
{
	read_part(r, node, image_fields, ARRAY_SIZE(image_fields), scenario);
}

static void read_blocks(struct reader *r, const struct yaml_node *node, void *slot)
{
	struct scenario *s = (struct scenario *)((char *)slot - offsetof(struct scenario, blocks));
	if (!expect_kind(r, node, YAML_MAP, "'blocks'"))
		return;
	for (size_t i = 0; i < node->nitems; i++) {
		const struct yaml_node *item = node->items[i];
		struct block *b = ARENA_PUSH(s->arena, s->blocks, s->nblocks);
		*b = (struct block){.name = item->key->text, .line = item->key->line,
				    .column = item->key->column};
		read_steps(r, item, &b->steps, &b->nsteps);
	}
}

static void read_version(struct reader *r, const struct yaml_node *node, void *slot)
{
	(void)slot;
	if (!str_eq(node->text, STR("stakeout/v1")))
		COMPLAIN(r, node, "apiVersion '" STR_FMT "' is not known here; this version reads stakeout/v1",
			 STR_ARG(node->text));
}

static void read_document_kind(struct reader *r, const struct yaml_node *node, void *slot)
{
	(void)slot;
	if (!str_eq(node->text, STR("Scenario")))
		COMPLAIN(r, node, "this is a '" STR_FMT "', not a Scenario", STR_ARG(node->text));
}

static const struct field scenario_fields[] = {
	{"apiVersion", read_version, 0, 0},
	{"kind", read_document_kind, 0, 0},
	{"metadata", read_metadata, 0, 0},
	S(seed, read_number),
	N("start", start_ns, read_time),
	S(nodes, read_nodes),
	{"workload", read_workload, 0, 0},
	{"image", read_image, 0, 0},
	S(blocks, read_blocks),
	S(phases, read_phases),
	N("attacks", phases, read_phases),
};

/* ---- what concerns more than one place ---- */

static const struct block *find_block(const struct scenario *s, struct str name)
{
	for (size_t i = 0; i < s->nblocks; i++)
		if (str_eq(s->blocks[i].name, name))
			return &s->blocks[i];
	return NULL;
}

static void complain_block(struct reader *r, const struct scenario *s, const struct step *step)
{
	const char *names[NAMES_MAX];
	size_t n = 0;
	for (; n < s->nblocks && n < NAMES_MAX; n++)
		names[n] = arena_str(s->arena, s->blocks[n].name).p;
	const char *near = cli_nearest(arena_str(s->arena, step->target).p, names, n);
	COMPLAIN(r, step, "there is no block '" STR_FMT "'%s%s%s", STR_ARG(step->target),
		 near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static void link_steps(struct reader *r, const struct scenario *s, struct step *steps, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		link_steps(r, s, steps[i].steps, steps[i].nsteps);
		if (steps[i].verb != STEP_USE || !steps[i].target.n)
			continue;
		steps[i].block = find_block(s, steps[i].target);
		if (!steps[i].block)
			complain_block(r, s, &steps[i]);
	}
}

static void visit_block(struct reader *r, struct block *b, unsigned depth);

static void visit_steps(struct reader *r, const struct step *steps, size_t n, unsigned depth)
{
	for (size_t i = 0; i < n; i++) {
		visit_steps(r, steps[i].steps, steps[i].nsteps, depth + 1);
		if (steps[i].block)
			visit_block(r, (struct block *)steps[i].block, depth + 1);
	}
}

/* Blocks may use blocks, but not in a circle, and not deeper than the generator's stack is meant for. */
static void visit_block(struct reader *r, struct block *b, unsigned depth)
{
	if (b->visiting || depth > SCENARIO_MAX_DEPTH) {
		COMPLAIN(r, b, b->visiting ? "block '" STR_FMT "' uses itself"
					   : "block '" STR_FMT "' is used too deep inside others",
			 STR_ARG(b->name));
		return;
	}
	if (b->visited)
		return;
	b->visiting = true;
	visit_steps(r, b->steps, b->nsteps, depth);
	b->visiting = false;
	b->visited = true;
}

/*
 * In an attack somebody must have decided about each event; an allowed one needs its reason. OUTER is
 * what the steps around say.
 */
static void check_decisions(struct reader *r, const struct step *steps, size_t n,
			    struct decision outer, bool attack)
{
	for (size_t i = 0; i < n; i++) {
		if (++r->visited > VISITS_MAX) {
			if (r->visited == VISITS_MAX + 1)
				COMPLAIN(r, &steps[i], "blocks use one another more than %d times over", VISITS_MAX);
			return;
		}
		const struct step *s = &steps[i];
		struct decision d = s->decision.expect ? s->decision : outer;
		if (attack && BIT(FORK) != 1u << s->verb && EVENTS & 1u << s->verb && !d.expect)
			COMPLAIN(r, s, "an attack's step needs 'expect: deny', or 'expect: allow' and 'because'");
		if (attack && s->decision.expect == EXPECT_ALLOW && !s->decision.because.n)
			COMPLAIN(r, s, "'expect: allow' in an attack needs 'because': why nothing stops it");
		if (!attack && s->decision.expect == EXPECT_DENY)
			COMPLAIN(r, s, "a step that must be denied belongs under 'attacks'");
		check_decisions(r, s->steps, s->nsteps, d, attack);
		if (s->block)
			check_decisions(r, s->block->steps, s->block->nsteps, d, attack);
	}
}

static void check_missing(struct reader *r, const struct scenario *s, const struct yaml_node *root)
{
	const struct {
		bool given;
		const char *what;
	} needed[] = {
		{yaml_get(root, "apiVersion"), "apiVersion: stakeout/v1"},
		{yaml_get(root, "kind"), "kind: Scenario"},
		{s->name.n, "metadata: {name: ...}"},
		{s->namespace.n && s->kind.n && s->workload.n, "workload: with namespace, kind and name"},
		{s->image.n, "image: {name: ...}"},
		{find_block(s, STR("entrypoint")), "blocks: with an 'entrypoint', the steps of a new container"},
		{s->nphases, "phases"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		if (!needed[i].given)
			COMPLAIN(r, root, "the scenario lacks %s", needed[i].what);
	const struct block *entry = find_block(s, STR("entrypoint"));
	if (entry && (!entry->nsteps || entry->steps[0].verb != STEP_EXEC))
		COMPLAIN(r, entry, "'entrypoint' must begin with an 'exec' step: the container's first program");
	if (!s->replicas || s->replicas > SCENARIO_MAX_REPLICAS)
		COMPLAIN(r, root, "'replicas' must be from 1 to %d", SCENARIO_MAX_REPLICAS);
}

static void check(struct reader *r, struct scenario *s, const struct yaml_node *root)
{
	check_missing(r, s, root);
	for (size_t i = 0; i < s->nblocks; i++)
		link_steps(r, s, s->blocks[i].steps, s->blocks[i].nsteps);
	for (size_t i = 0; i < s->nphases; i++)
		link_steps(r, s, s->phases[i].steps, s->phases[i].nsteps);
	for (size_t i = 0; i < s->nblocks; i++)
		visit_block(r, &s->blocks[i], 0);
	if (r->diag->errors)
		return; /* circles are possible: do not follow them */
	for (size_t i = 0; i < s->nphases; i++) {
		const struct phase *p = &s->phases[i];
		if (!p->attack && p->decision.expect == EXPECT_DENY)
			COMPLAIN(r, p, "a phase that must be denied belongs under 'attacks'");
		if (p->attack && p->decision.expect == EXPECT_ALLOW && !p->decision.because.n)
			COMPLAIN(r, p, "'expect: allow' in an attack needs 'because': why nothing stops it");
		if (p->replica != SCENARIO_NOT_GIVEN && p->replica >= s->replicas)
			COMPLAIN(r, p, "replica %" PRIu64 " does not exist: they count from 0, and there are %" PRIu64,
				 p->replica, s->replicas);
		check_decisions(r, p->steps, p->nsteps, p->decision, p->attack);
	}
}

static void set_defaults(struct scenario *s)
{
	s->seed = 1;
	s->start_ns = 1772431200 * NSEC_PER_SEC; /* 2026-03-02T06:00:00Z, a Monday */
	s->replicas = 1;
	s->cwd = STR("/");
}

int scenario_parse(const char *file, struct str text, struct diag *d, struct scenario **ret)
{
	if (text.n > SCENARIO_MAX_BYTES)
		return diag_error(d, file, "a scenario of more than %d bytes", SCENARIO_MAX_BYTES);
	CLEANUP(scenario_free) struct scenario *s = xcalloc(1, sizeof(*s));
	s->arena = arena_new();
	s->file = arena_str(s->arena, str_from(file)).p;
	set_defaults(s);
	struct reader r = {.arena = s->arena, .file = s->file, .diag = d};
	struct yaml_node **docs = NULL;
	size_t n = 0, before = d->errors;
	if (yaml_read(s->arena, file, text, d, &docs, &n))
		return -EINVAL;
	if (n != 1)
		return diag_error(d, file, "one scenario a file, this has %zu documents", n);
	if (!expect_kind(&r, docs[0], YAML_MAP, "a scenario"))
		return -EINVAL;
	read_fields(&r, docs[0], scenario_fields, ARRAY_SIZE(scenario_fields), s);
	if (d->errors == before)
		check(&r, s, docs[0]);
	if (d->errors > before)
		return -EINVAL;
	if (!s->container.n)
		s->container = s->workload;
	if (!s->nnodes)
		*ARENA_PUSH(s->arena, s->nodes, s->nnodes) = STR("node-1");
	*ret = TAKE(s);
	return 0;
}

int scenario_read(const char *file, struct diag *d, struct scenario **ret)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	int err = read_file(file, SCENARIO_MAX_BYTES, &text);
	if (err == -E2BIG)
		diag_error(d, file, "a scenario of more than %d bytes", SCENARIO_MAX_BYTES);
	else if (err)
		diag_error(d, file, "cannot read: %s", strerror(-err));
	return err ? err : scenario_parse(file, buf_view(&text), d, ret);
}

void scenario_free(struct scenario *s)
{
	if (s)
		arena_free(s->arena);
	free(s);
}

struct str scenario_name(const struct scenario *s)
{
	return s->name;
}

struct str scenario_description(const struct scenario *s)
{
	return s->description;
}
