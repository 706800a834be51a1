/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Execs that wait for a line of sched_process_exec, which tells their path: kept as they were told, so that one that no line of its image follows is judged
 * when the stream is over. They are as many as live images whose exec was their last line; what has no room does not wait.
 */
#include <stddef.h>

#include "compiler/eval/eval_form.h"

enum { WAITING_MAX = 1 << 14, SWEEP_MIN = 64 };

/* ---- a copy of an exec's line ---- */

#define TEXT(type, member) offsetof(struct type, member)
static const size_t process_texts[] = {
	TEXT(process, exec_id), TEXT(process, parent_exec_id), TEXT(process, filename), TEXT(process, path), TEXT(process, cwd),
	TEXT(process, arguments), TEXT(process, flags), TEXT(process, cap), TEXT(process, ns), TEXT(process, docker),
	TEXT(process, cgroup), TEXT(process, pod.namespace), TEXT(process, pod.name), TEXT(process, pod.uid),
	TEXT(process, pod.workload), TEXT(process, pod.workload_kind), TEXT(process, pod.labels), TEXT(process, pod.container_name),
	TEXT(process, pod.container_id), TEXT(process, pod.image), TEXT(process, pod.image_id),
};
static const size_t event_texts[] = {TEXT(event, source), TEXT(event, node), TEXT(event, cluster), TEXT(event, interpreter),
				     TEXT(event, path), TEXT(event, label)};

enum { TEXTS = 2 * ARRAY_SIZE(process_texts) + ARRAY_SIZE(event_texts) };

static void texts_of(struct event *ev, struct str *ret[TEXTS])
{
	size_t n = 0;
	for (size_t i = 0; i < ARRAY_SIZE(process_texts); i++) {
		ret[n++] = (struct str *)((char *)&ev->process + process_texts[i]);
		ret[n++] = (struct str *)((char *)&ev->parent + process_texts[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(event_texts); i++)
		ret[n++] = (struct str *)((char *)ev + event_texts[i]);
}

/* What a corpus expects of the line was held against its own verdict. */
static void keep(struct waiting *w, const struct event *ev)
{
	struct str *texts[TEXTS];
	size_t bytes = 0;
	w->exec = (struct event){
		.kind = KIND_EXEC, .count = ev->count, .time_ns = ev->time_ns, .line = ev->line, .source = ev->source, .node = ev->node,
		.cluster = ev->cluster, .tags = ev->tags, .process = ev->process, .parent = ev->parent, .has_parent = ev->has_parent,
		.interpreter = ev->interpreter, .path = ev->path, .path_known = ev->path_known, .label = ev->label};
	texts_of(&w->exec, texts);
	for (size_t i = 0; i < TEXTS; i++)
		bytes += texts[i]->n;
	char *at = w->text = xmalloc(bytes + 1);
	for (size_t i = 0; i < TEXTS; i++) {
		if (!texts[i]->n)
			continue;
		memcpy(at, texts[i]->p, texts[i]->n);
		texts[i]->p = at;
		at += texts[i]->n;
	}
}

/* ---- who waits ---- */

void eval_waits_free(struct engine *e)
{
	for (size_t i = 0; i < e->waits.n; i++)
		free(e->waits.v[i].text);
	free(e->waits.v);
}

/* Drops those that wait no more. */
static void sweep(struct engine *e)
{
	size_t kept = 0;
	for (size_t i = 0; i < e->waits.n; i++) {
		if (eval_is_waiting(e, e->waits.v[i].exec.process.exec_id))
			e->waits.v[kept++] = e->waits.v[i];
		else
			free(e->waits.v[i].text);
	}
	e->waits.n = kept;
}

bool eval_wait(struct engine *e, const struct event *exec, enum waits_for what)
{
	if (e->waiting >= WAITING_MAX || !eval_note_waiting(e, exec->process.exec_id, what))
		return false;
	if (e->waits.n >= 2 * e->waiting + SWEEP_MIN)
		sweep(e);
	keep(VEC_PUSH(&e->waits), exec);
	return true;
}

const struct event *eval_still_waits(struct engine *e, enum waits_for *what)
{
	while (e->next_waiting < e->waits.n) {
		const struct event *exec = &e->waits.v[e->next_waiting++].exec;
		*what = eval_waited(e, exec->process.exec_id);
		if (*what)
			return exec;
	}
	return NULL;
}
