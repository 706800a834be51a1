/* SPDX-License-Identifier: GPL-2.0-only */
#include "enforcer/holes.h"

void holes_done(struct holes *h)
{
	free(h->v);
}

void holes_find(const struct machine *m, struct holes *ret)
{
	for (size_t i = 0; i < nprograms; i++) {
		uint64_t calls = machine_unjudged(m, i);
		if (!calls && machine_backed(m, i))
			continue;
		*VEC_PUSH(ret) = (struct hole){programs[i].target, calls};
		ret->calls += calls;
	}
}

void hole_print(const struct hole *h, const struct machine *m, struct buf *b)
{
	if (h->calls)
		buf_printf(b, "up to %llu calls were not judged", (unsigned long long)h->calls);
	else
		buf_printf(b, "may leave calls out since the kernel's preemption was set to %s: apply an image again", m->preemption);
}

void holes_warn(const struct machine *m, struct diag *d)
{
	CLEANUP_HOLES struct holes h = {0};
	holes_find(m, &h);
	for (size_t i = 0; i < h.n; i++) {
		CLEANUP_BUF struct buf b = BUF_INIT;
		hole_print(&h.v[i], m, &b);
		diag_add(d, DIAG_WARNING, h.v[i].hook, 0, 0, STR_FMT, STR_ARG(buf_view(&b)));
	}
}
