/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A played scenario as a struct source. Repetitions are played one at a time, each in a world of
 * its own that begins where the last one ended, so memory stays that of one.
 */
#include "compiler/scenario/scenario_run.h"

struct scenario_source {
	struct source source;
	const struct scenario *scenario;
	struct scenario_options options;
	struct world world;
	size_t next;
	uint64_t round, line, end_ns;
};

enum { PAUSE_SECONDS = 60 }; /* between repetitions */

static int play(struct scenario_source *s, struct diag *d)
{
	uint64_t start =
	    s->round ? s->end_ns + PAUSE_SECONDS * NSEC_PER_SEC : s->scenario->start_ns;
	world_done(&s->world);
	world_init(&s->world, s->scenario, s->options.variant, s->round, start);
	s->next = 0;
	int err = scenario_run(&s->world, s->options.max_events, d);
	if (!err && s->world.items.n)
		s->end_ns = s->world.items.v[s->world.items.n - 1].time_ns;
	return err;
}

static void fill_event(struct scenario_source *s, const struct item *it, struct event *ev)
{
	const struct program *who = it->who;
	*ev = (struct event){
	    .kind = it->kind,
	    .count = 1,
	    .time_ns = it->time_ns,
	    .line = ++s->line,
	    .source = str_from(s->scenario->file),
	    .node = who->node,
	    .tags = it->tags | who->tags,
	    .process = who->process,
	    .has_parent = who->parent,
	    .path = it->path,
	    .path_known = it->path_known,
	    .access = it->access,
	    .address = it->address,
	    .protocol = it->protocol,
	    .unix_path = it->unix_path,
	    .result = it->result,
	    .exit_status = it->status,
	    .exit_signal = it->signal,
	    .guard = it->guard,
	    .expect = it->expect,
	    .label = it->label,
	};
	if (who->parent)
		ev->parent = who->parent->process;
	if (it->kind == KIND_EXEC)
		ev->interpreter = who->interpreter;
}

static int next_event(struct source *source, struct event *ev)
{
	struct scenario_source *s = (struct scenario_source *)source;
	for (;;) {
		while (s->next < s->world.items.n) {
			const struct item *it = &s->world.items.v[s->next++];
			if (s->options.benign_only && it->attack)
				continue;
			fill_event(s, it, ev);
			return 1;
		}
		if (++s->round >= s->options.repeat)
			return 0;
		/* The first round went well, and a round differs in names and times alone. */
		CLEANUP_DIAG struct diag d = DIAG_INIT;
		int err = play(s, &d);
		if (err)
			return err;
	}
}

static void close_source(struct source *source)
{
	struct scenario_source *s = (struct scenario_source *)source;
	world_done(&s->world);
	free(s);
}

static const struct source_ops ops = {next_event, close_source};

int scenario_open(const struct scenario *scenario, const struct scenario_options *o, struct diag *d,
		  struct source **ret)
{
	struct scenario_source *s = xcalloc(1, sizeof(*s));
	s->source.ops = &ops;
	s->scenario = scenario;
	s->options = *o;
	if (!s->options.max_events || s->options.max_events > SCENARIO_MAX_EVENTS)
		s->options.max_events = SCENARIO_MAX_EVENTS;
	int err = play(s, d);
	if (err) {
		close_source(&s->source);
		return err;
	}
	*ret = &s->source;
	return 0;
}
