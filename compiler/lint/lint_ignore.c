/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an author knows of and means so:
 *
 *	- hook: socket_connect        # stakeout lint ignore: connect-gaps
 *
 *	# stakeout lint ignore: multi-shared, kill-too-late (why)
 *	- call: tcp_connect           <- for this line and what is indented deeper below it
 *
 * Above a document's first line it holds for the document. Only pitfalls are ignored; what an agent refuses is not.
 */
#include "compiler/lint/lint_private.h"

static const struct str mark = STR_INIT("stakeout lint ignore:");

struct line {
	struct str text;
	unsigned number;
};

static bool next_line(struct str text, size_t *at, struct line *l)
{
	if (*at >= text.n)
		return false;
	const char *end = memchr(text.p + *at, '\n', text.n - *at);
	size_t n = end ? (size_t)(end - (text.p + *at)) : text.n - *at;
	l->text = (struct str){text.p + *at, n};
	l->number++;
	*at += n + 1;
	return true;
}

static size_t indentation(struct str s)
{
	size_t n = 0;
	while (n < s.n && s.p[n] == ' ')
		n++;
	return n;
}

/* Nothing but blanks, a comment or the mark between documents. */
static bool empty(struct str s)
{
	size_t n = indentation(s);
	return n == s.n || s.p[n] == '#' || s.p[n] == '\r' || str_starts(s, STR("---"));
}

/* The ids behind the mark, and the lines that they are ignored on. WHOLE: of the document that begins on FIRST, all of it. */
struct ignore {
	struct str ids;
	unsigned first, last;
	bool whole;
};

/* Beyond, such comments are not looked at: each may hold for the whole rest of the file. */
enum { IGNORES_MAX = 1000 };

static const char *find(struct str s, struct str what)
{
	return s.n >= what.n ? memmem(s.p, s.n, what.p, what.n) : NULL;
}

/* Up to which line it holds: AT is behind the comment's line. */
static void reach(const struct lint_file *f, size_t at, struct line l, struct ignore *ret)
{
	while (next_line(f->text, &at, &l) && empty(l.text))
		;
	size_t indent = indentation(l.text);
	ret->first = ret->last = l.number;
	for (size_t i = 0; i < f->ndocuments && !ret->whole; i++)
		ret->whole = f->documents[i].line == l.number;
	while (!ret->whole && next_line(f->text, &at, &l) && (empty(l.text) || indentation(l.text) > indent))
		ret->last = l.number;
}

static bool names(struct str ids, const char *id)
{
	size_t n = strlen(id);
	for (const char *p = ids.p; p && (p = memmem(p, ids.n - (size_t)(p - ids.p), id, n)); p++) {
		char before = p > ids.p ? p[-1] : ' ', after = p + n < ids.p + ids.n ? p[n] : ' ';
		if (strchr(" ,\t", before) && strchr(" ,\t\r", after))
			return true;
	}
	return false;
}

static void drop(struct lint_document *d, const struct ignore *ignore)
{
	size_t kept = 0;
	for (size_t i = 0; i < d->findings.n; i++) {
		const struct finding *f = &d->findings.v[i];
		bool there = ignore->whole ? d->line == ignore->first : (f->at.line >= ignore->first && f->at.line <= ignore->last);
		if (f->stage == STAGE_OK && there && names(ignore->ids, f->id))
			d->ignored++;
		else
			d->findings.v[kept++] = *f;
	}
	d->findings.n = kept;
}

void lint_ignore(struct lint_file *f)
{
	struct line l = {0};
	struct ignore before = {.first = 0};
	size_t at = 0, n = 0;
	if (!find(f->text, mark))
		return;
	while (n < IGNORES_MAX && next_line(f->text, &at, &l)) {
		const char *hash = l.text.n ? memchr(l.text.p, '#', l.text.n) : NULL;
		const char *said = hash ? find((struct str){hash, l.text.n - (size_t)(hash - l.text.p)}, mark) : NULL;
		struct ignore ignore = {.first = l.number, .last = l.number};
		if (!said)
			continue;
		n++;
		if (empty(l.text) && before.first > l.number)
			ignore = before;   /* comments one upon the other stand above the same */
		else if (empty(l.text))
			reach(f, at, l, &ignore);
		before = ignore;
		ignore.ids = str_skip(l.text, (size_t)(said - l.text.p) + mark.n);
		for (size_t i = 0; i < f->ndocuments; i++)
			drop(&f->documents[i], &ignore);
	}
}
