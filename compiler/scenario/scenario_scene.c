/* SPDX-License-Identifier: GPL-2.0-only */
/* What every step uses: texts with parts that vary, and events with what their author decided about them. */
#include "compiler/scenario/scenario_scene.h"

#include <inttypes.h>
#include <stdio.h>

void pass_time(struct scene *c)
{
	c->now_ns += 150000 + rng_below(&c->rng, 2500000);
}

/* ---- texts with {n}, {replica}, {pod}, {hex}, {1-254} ---- */

static void expand_one(struct scene *c, struct str name, struct buf *b)
{
	char word[32];
	uint64_t low, high;
	snprintf(word, sizeof(word), STR_FMT, STR_ARG(name));
	if (!strcmp(word, "n"))
		buf_printf(b, "%" PRIu64, c->number);
	else if (!strcmp(word, "replica"))
		buf_printf(b, "%" PRIu64, c->replica->index);
	else if (!strcmp(word, "pod"))
		buf_str(b, c->replica->pod.name);
	else if (!strcmp(word, "hex"))
		buf_printf(b, "%08" PRIx64, rng_next(&c->rng) >> 32);
	else if (sscanf(word, "%9" SCNu64 "-%9" SCNu64, &low, &high) == 2 && low <= high)
		buf_printf(b, "%" PRIu64, low + rng_below(&c->rng, high - low + 1));
	else
		buf_printf(b, "{" STR_FMT "}", STR_ARG(name));
}

struct str expand(struct scene *c, struct str s)
{
	if (!s.n || !memchr(s.p, '{', s.n))
		return s;
	CLEANUP_BUF struct buf b = BUF_INIT;
	for (size_t i = 0; i < s.n; i++) {
		const char *end = s.p[i] == '{' ? memchr(s.p + i, '}', s.n - i) : NULL;
		if (!end) {
			buf_putc(&b, s.p[i]);
			continue;
		}
		size_t n = (size_t)(end - s.p) - i - 1;
		expand_one(c, (struct str){s.p + i + 1, n}, &b);
		i += n + 1;
	}
	return arena_str(c->play->world->arena, buf_view(&b));
}

/* ---- events ---- */

static struct str label_of(struct scene *c, enum kind kind)
{
	if (kind == KIND_EXIT || !c->decision.because.n || c->decision.expect != EXPECT_ALLOW)
		return c->label;
	return str_from(arena_printf(c->play->world->arena, STR_FMT " (not stopped: " STR_FMT ")",
				     STR_ARG(c->label), STR_ARG(c->decision.because)));
}

static struct item *emit(struct scene *c, enum kind kind, const struct program *who)
{
	struct world *w = c->play->world;
	struct item *it = VEC_PUSH(&w->items);
	pass_time(c);
	bool judged = kind != KIND_EXIT && c->decision.expect;
	*it = (struct item){
	    .time_ns = c->now_ns,
	    .order = w->items.n,
	    .kind = kind,
	    .who = who,
	    .attack = c->attack,
	    .expect = judged ? c->decision.expect : EXPECT_ALLOW,
	    .label = label_of(c, kind),
	};
	return it;
}

struct item *emit_task(struct scene *c, enum kind kind, struct task *t)
{
	c->now_ns = MAX(c->now_ns, t->last_ns);
	struct item *it = emit(c, kind, t->program);
	t->last_ns = c->now_ns;
	return it;
}

/* The runtime's own programs on the node: no policy for a pod reaches them. */
const struct program *emit_host(struct scene *c, const struct program *parent,
				       const char *binary, const char *path, struct str arguments)
{
	struct world *w = c->play->world;
	struct decision decision = c->decision;
	c->decision = (struct decision){.expect = EXPECT_ALLOW};
	struct item *it = emit(c, KIND_EXEC, NULL);
	struct program *p = host_program(w, c->replica->host, parent, binary, arguments, c->now_ns);
	p->process.path = str_from(path);
	it->who = p;
	c->decision = decision;
	return p;
}

void emit_host_exit(struct scene *c, const struct program *p)
{
	emit(c, KIND_EXIT, p);
}
