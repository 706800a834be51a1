/* SPDX-License-Identifier: GPL-2.0-only */
/* What becomes of an event and whether it should have: counters only, so that tallies merge in any order. */
#include "compiler/replay/replay.h"

static uint64_t *tally_fields(struct tally *t, size_t *n)
{
	_Static_assert(sizeof(*t) % sizeof(uint64_t) == 0, "a tally is counters only");
	*n = sizeof(*t) / sizeof(uint64_t);
	return (uint64_t *)t;
}

void tally_add(struct tally *into, const struct tally *from)
{
	struct tally copy = *from;
	size_t n;
	uint64_t *a = tally_fields(into, &n), *b = tally_fields(&copy, &n);
	for (size_t i = 0; i < n; i++)
		a[i] += b[i];
}

bool verdict_stops(enum verdict v)
{
	return v == VERDICT_DENY || v == VERDICT_KILL;
}

static bool surely_stopped(const struct judgement *j, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (verdict_stops(j[i].verdict) && !j[i].assumes)
			return true;
	return false;
}

/* Does what became of the event break what the corpus says must become of it? */
static bool hold(const struct event *ev, const struct judgement *j, size_t n, struct tally *t)
{
	bool broken = false;
	switch (ev->expect) {
	case EXPECT_NONE:
		break;
	case EXPECT_ALLOW:
		broken = verdict_stops(judgements_worst(j, n));
		t->must_allow++;
		t->must_allow_broken += broken;
		break;
	case EXPECT_DENY:
		/* Unknown is not a denial, nor what rests on an assumption: uncertainty never counts for the policy. */
		broken = !surely_stopped(j, n);
		t->must_deny++;
		t->must_deny_broken += broken;
		break;
	}
	return broken;
}

enum effect judgements_effect(const struct judgement *j, size_t n)
{
	enum effect effect = EFFECT_HAPPENED;
	for (size_t i = 0; i < n; i++) {
		if (!verdict_stops(j[i].verdict))
			continue;
		if (j[i].effect == EFFECT_PREVENTED)
			return EFFECT_PREVENTED;
		if (j[i].effect == EFFECT_UNKNOWN)
			effect = EFFECT_UNKNOWN;
	}
	return effect;
}

bool replay_event(const struct event *ev, const struct judgement *j, size_t n, struct tally *t)
{
	enum verdict worst = judgements_worst(j, n);
	uint64_t count = ev->count ? ev->count : 1;
	t->events += count;
	t->verdicts[worst] += count;
	if (verdict_stops(worst)) {
		enum effect effect = judgements_effect(j, n);
		t->prevented += effect == EFFECT_PREVENTED ? count : 0;
		t->happened += effect == EFFECT_HAPPENED ? count : 0;
		t->effect_unknown += effect == EFFECT_UNKNOWN ? count : 0;
	}
	return hold(ev, j, n, t);
}
