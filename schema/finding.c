/* SPDX-License-Identifier: GPL-2.0-only */
/* Collected findings. Their texts live in the arena of whoever asked. */
#include "schema/finding.h"

#include "schema/base/buf.h"

const char *const policy_stage_names[STAGE_OK + 1] = {"yaml", "decode", "metadata", "schema",
						      "cel",  "load",	"ok"};
const char *const severity_names[SEVERITY_NOTE + 1] = {"error", "warning", "note"};

void findings_init(struct findings *f, struct arena *arena)
{
	*f = (struct findings){.arena = arena};
}

void findings_done(struct findings *f)
{
	free(f->v);
	f->v = NULL;
	f->n = f->cap = 0;
}

static const char *copy(struct arena *a, const char *s)
{
	return s && *s ? arena_str(a, str_from(s)).p : "";
}

/* A value of megabytes is not quoted whole. */
static void shorten(struct buf *b)
{
	size_t n = FINDING_TEXT_MAX;
	if (b->n <= n)
		return;
	while (n && ((unsigned char)b->p[n] & 0xc0) == 0x80)
		n--;
	b->n = n;
	buf_puts(b, "...");
}

/* Found the other way already: one finding, both ways. */
static struct finding *same(struct findings *f, const struct finding *what, const char *message)
{
	for (size_t i = 0; i < f->n; i++) {
		struct finding *o = &f->v[i];
		if (o->at.line == what->at.line && o->at.column == what->at.column &&
		    !(o->ways & what->ways) && o->severity == what->severity &&
		    strcmp(o->id, what->id) == 0 &&
		    strcmp(o->path, what->path ? what->path : "") == 0 &&
		    strcmp(o->message, message) == 0)
			return o;
	}
	return NULL;
}

struct finding *findings_add(struct findings *f, const struct finding *what, const char *fmt,
			     va_list ap)
{
	CLEANUP_BUF struct buf message = BUF_INIT;
	buf_vprintf(&message, fmt, ap);
	shorten(&message);
	struct finding *known = same(f, what, message.p);
	if (known) {
		known->ways |= what->ways;
		return known;
	}
	if (f->n >= FINDINGS_MAX) {
		f->dropped++;
		return NULL;
	}
	struct finding *n = VEC_PUSH(f);
	*n = *what;
	n->path = copy(f->arena, what->path);
	n->message = copy(f->arena, message.p);
	n->fix = copy(f->arena, what->fix);
	return n;
}

void findings_to_diag(const struct findings *f, const char *file, struct diag *d)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct finding *o = &f->v[i];
		if (o->severity == SEVERITY_NOTE)
			continue;
		diag_add(d, o->severity == SEVERITY_ERROR ? DIAG_ERROR : DIAG_WARNING, file,
			 o->at.line, o->at.column, "%s%s%s%s%s", o->path, *o->path ? ": " : "",
			 o->message, *o->fix ? "; " : "", o->fix);
	}
	d->dropped += f->dropped;
}
