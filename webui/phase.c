/* SPDX-License-Identifier: GPL-2.0-only */
/* From tags, callers and times to a phase: an interactive session outweighs all else, being least of the workload. */
#include "webui/phase.h"

static const char *const names[PHASE_COUNT] = {
	[PHASE_STARTUP] = "start-up",     [PHASE_STEADY] = "steady",           [PHASE_PROBES] = "probes",
	[PHASE_SCHEDULED] = "scheduled",  [PHASE_INTERACTIVE] = "interactive",
};

const char *phase_name(enum phase p)
{
	return names[p];
}

int phase_from(struct str name)
{
	for (int i = 0; i < PHASE_COUNT; i++)
		if (str_eq(name, str_from(names[i])))
			return i;
	return -1;
}

static bool is_scheduler(struct str path)
{
	static const char *const schedulers[] = {"cron", "crond", "anacron", "atd", "supercronic"};
	const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
	struct str base = slash ? str_skip(path, (size_t)(slash + 1 - path.p)) : path;
	for (size_t i = 0; i < ARRAY_SIZE(schedulers); i++)
		if (str_eq(base, str_from(schedulers[i])))
			return true;
	return false;
}

enum phase phase_of(uint32_t tags, struct str subject, bool startup)
{
	if (tags & TAG_INTERACTIVE)
		return PHASE_INTERACTIVE;
	if (tags & TAG_PROBE)
		return PHASE_PROBES;
	if (is_scheduler(subject))
		return PHASE_SCHEDULED;
	return startup || tags & TAG_ENTRYPOINT ? PHASE_STARTUP : PHASE_STEADY;
}

enum phase phase_of_event(const struct event *ev)
{
	const struct process *by = ev->kind == KIND_EXEC ? &ev->parent : &ev->process;
	uint64_t start = ev->process.pod.container_start_ns;
	bool startup = start && ev->time_ns && ev->time_ns <= start + PHASE_STARTUP_NS;
	return phase_of(ev->tags, by->path.n ? by->path : by->filename, startup);
}
