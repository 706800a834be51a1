/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A posted event makes the agent's record of a process anew, by which its changes are seen: that of the namespaces, of the capabilities,
 * or of both, as changes of them were found while the selectors were asked. The agent asks the filters on the process of all
 * selectors before any of those on arguments, so a selector that does not decide counts as well.
 */
#include "compiler/eval/eval_form.h"
#include "schema/held.h"

static enum tri both(enum tri a, enum tri b)
{
	return a == TRI_NO || b == TRI_NO ? TRI_NO : MAX(a, b);
}

static enum tri either(enum tri a, enum tri b)
{
	return a == TRI_YES || b == TRI_YES ? TRI_YES : MAX(a, b);
}

/* Does a change that the selector asks for show? The filters before that one must hold. */
static enum tri shows(const struct engine *e, const struct compiled_selector *s, const struct hit *h, enum held_part part)
{
	const char *why;
	struct compiled_selector asked = *s;
	if (part == HELD_NAMESPACES)
		asked.capability_changes = NULL;
	bool asks = part == HELD_NAMESPACES ? s->namespace_changes != NULL : s->capability_changes != NULL;
	if (s->never || !asks)
		return TRI_NO;
	enum tri t = both(s->nworkloads ? eval_workloads(e, s) : TRI_YES, eval_process(e, &asked, h, &why));
	return s->unknown ? both(t, TRI_UNKNOWN) : t;
}

void eval_posted(struct engine *e, const struct compiled_hook *hook, const struct hit *h, enum tri posted)
{
	unsigned surely = 0, perhaps = 0;
	for (enum held_part part = HELD_CAPS; part <= HELD_NAMESPACES && posted != TRI_NO; part++) {
		enum tri shown = TRI_NO;
		for (size_t i = 0; i < hook->nselectors; i++)
			shown = either(shown, shows(e, &hook->selectors[i], h, part));
		enum tri renewed = both(posted, shown);
		surely |= renewed == TRI_YES ? part : 0;
		perhaps |= renewed == TRI_UNKNOWN ? part : 0;
	}
	if (surely || perhaps)
		processes_refresh(e->processes, h->record.image, surely, perhaps);
}
