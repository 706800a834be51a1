/* SPDX-License-Identifier: GPL-2.0-only */
/* Collected messages about input, printed once by the command that read it. */
#include "schema/base/diag.h"

#include <stdio.h>

#include "schema/base/buf.h"

static void add(struct diag *d, enum diag_level level, const char *file, unsigned line,
		unsigned column, const char *fmt, va_list ap)
{
	if (level == DIAG_ERROR)
		d->errors++;
	if (d->n >= DIAG_MAX) {
		d->dropped++;
		return;
	}
	struct buf text = BUF_INIT;
	buf_vprintf(&text, fmt, ap);
	struct diag_entry *e = VEC_PUSH(d);
	*e = (struct diag_entry){.level = level,
				 .file = file ? xstrdup(file) : NULL,
				 .line = line,
				 .column = column,
				 .message = buf_take(&text)};
}

void diag_add(struct diag *d, enum diag_level level, const char *file, unsigned line,
	      unsigned column, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	add(d, level, file, line, column, fmt, ap);
	va_end(ap);
}

int diag_error(struct diag *d, const char *file, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	add(d, DIAG_ERROR, file, 0, 0, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

void diag_print(const struct diag *d)
{
	static const char *const names[] = {"error", "warning", "note"};
	for (size_t i = 0; i < d->n; i++) {
		const struct diag_entry *e = &d->v[i];
		CLEANUP_BUF struct buf line = BUF_INIT;
		if (e->file) {
			buf_text(&line, str_from(e->file));
			if (e->line)
				buf_printf(&line, ":%u", e->line);
			if (e->line && e->column)
				buf_printf(&line, ":%u", e->column);
			buf_puts(&line, ": ");
		}
		buf_printf(&line, "%s: ", names[e->level]);
		buf_text(&line, str_from(e->message));
		fprintf(stderr, "%s\n", line.p);
	}
	if (d->dropped)
		fprintf(stderr, "... and %zu more\n", d->dropped);
}

void diag_say(const char *fmt, ...)
{
	CLEANUP_BUF struct buf plain = BUF_INIT, line = BUF_INIT;
	va_list ap;
	va_start(ap, fmt);
	buf_vprintf(&plain, fmt, ap);
	va_end(ap);
	buf_text(&line, buf_view(&plain));
	fprintf(stderr, "%s\n", line.p);
}

void diag_move(struct diag *from, struct diag *to)
{
	for (size_t i = 0; i < from->n; i++)
		diag_add(to, from->v[i].level, from->v[i].file, from->v[i].line, from->v[i].column, "%s", from->v[i].message);
	to->dropped += from->dropped;
	diag_done(from);
}

void diag_done(struct diag *d)
{
	for (size_t i = 0; i < d->n; i++) {
		free(d->v[i].file);
		free(d->v[i].message);
	}
	free(d->v);
	*d = (struct diag)DIAG_INIT;
}
