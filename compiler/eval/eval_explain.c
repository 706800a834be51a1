/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why a judgement came out as it did, in words: what was compared, with how many values, and the listed value
 * nearest to it. Computed when asked for, from the hits of the last event.
 */
#include <arpa/inet.h>
#include <stdio.h>

#include "compiler/eval/eval_form.h"
#include "compiler/eval/eval_trace.h"

enum {
	NEAREST_LOOKED_AT = 4096,   /* values compared in search of the nearest */
	SAME_NAME = 1 << 16,        /* the same last component counts for more than any common beginning */
};

/* ---- the nearest value ---- */

static size_t common_start(struct str a, struct str b)
{
	size_t n = 0;
	while (n < a.n && n < b.n && a.p[n] == b.p[n])
		n++;
	return n;
}

static size_t common_end(struct str a, struct str b)
{
	size_t n = 0;
	while (n < a.n && n < b.n && a.p[a.n - 1 - n] == b.p[b.n - 1 - n])
		n++;
	return n;
}

static struct str last_part(struct str path)
{
	const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
	return slash ? str_skip(path, (size_t)(slash - path.p)) : path;
}

struct str nearest_value(const struct strs *values, struct str text)
{
	struct str best = {NULL, 0};
	size_t score = 0;
	for (size_t i = 0; i < values->n && i < NEAREST_LOOKED_AT; i++) {
		struct str v = values->v[i];
		size_t s = common_start(v, text) * 2 + common_end(v, text);
		if (str_eq(last_part(v), last_part(text)))
			s += SAME_NAME;
		if (s > score || !best.p) {
			best = v;
			score = s;
		}
	}
	return best;
}

/* ---- words ---- */

/* How each operator speaks of a value that it holds, and of one that it does not. */
static const struct {
	enum policy_operator op;
	bool negative;
	const char *in, *out, *noun, *only, *not_only;   /* the last two of a list of one */
} phrases[] = {
	{OPERATOR_EQUAL, false, "is one of", "is none of", "listed", "is", "is not"},
	{OPERATOR_NOT_EQUAL, true, "is one of", "is none of", "listed", "is", "is not"},
	{OPERATOR_IN, false, "is one of", "is none of", "listed", "is", "is not"},
	{OPERATOR_NOT_IN, true, "is one of", "is none of", "listed", "is", "is not"},
	{OPERATOR_PREFIX, false, "begins with one of", "begins with none of", "listed", "begins with",
	 "does not begin with"},
	{OPERATOR_NOT_PREFIX, true, "begins with one of", "begins with none of", "listed", "begins with",
	 "does not begin with"},
	{OPERATOR_POSTFIX, false, "ends with one of", "ends with none of", "listed", "ends with", "does not end with"},
	{OPERATOR_NOT_POSTFIX, true, "ends with one of", "ends with none of", "listed", "ends with", "does not end with"},
	{OPERATOR_SADDR, false, "is in one of", "is in none of", "listed networks", "is in", "is not in"},
	{OPERATOR_NOT_SADDR, true, "is in one of", "is in none of", "listed networks", "is in", "is not in"},
	{OPERATOR_DADDR, false, "is in one of", "is in none of", "listed networks", "is in", "is not in"},
	{OPERATOR_NOT_DADDR, true, "is in one of", "is in none of", "listed networks", "is in", "is not in"},
	{OPERATOR_SPORT, false, "is one of", "is none of", "listed ports", "is", "is not"},
	{OPERATOR_NOT_SPORT, true, "is one of", "is none of", "listed ports", "is", "is not"},
	{OPERATOR_DPORT, false, "is one of", "is none of", "listed ports", "is", "is not"},
	{OPERATOR_NOT_DPORT, true, "is one of", "is none of", "listed ports", "is", "is not"},
};

/* The listed beginning or end that TEXT has; nothing for whole strings: they are TEXT. */
static struct str held_by(const struct strs *values, enum policy_operator op, struct str text)
{
	bool start = op == OPERATOR_PREFIX || op == OPERATOR_NOT_PREFIX;
	bool end = op == OPERATOR_POSTFIX || op == OPERATOR_NOT_POSTFIX;
	for (size_t i = 0; i < values->n && i < NEAREST_LOOKED_AT && (start || end); i++)
		if (start ? str_starts(text, values->v[i]) : str_ends(text, values->v[i]))
			return values->v[i];
	return (struct str){NULL, 0};
}

static void phrase(struct buf *b, const char *what, struct str text, enum policy_operator op, enum tri passes,
		   const struct strs *written, bool textual)
{
	for (size_t i = 0; i < ARRAY_SIZE(phrases); i++) {
		if (phrases[i].op != op || !written)
			continue;
		bool in = (passes == TRI_YES) != phrases[i].negative;
		buf_puts(b, b->n ? ", and " : "");
		buf_puts(b, what);
		if (in && written->n == 1 && str_eq(written->v[0], text)) {
			buf_puts(b, what[0] ? "is " : "it is ");
			buf_str(b, text);
			return;
		}
		buf_str(b, text);
		if (written->n == 1) {
			buf_printf(b, " %s " STR_FMT, in ? phrases[i].only : phrases[i].not_only,
				   STR_ARG(written->v[0]));
			return;
		}
		buf_printf(b, " %s the %zu %s", in ? phrases[i].in : phrases[i].out, written->n, phrases[i].noun);
		struct str one = !textual ? (struct str){NULL, 0} : in ? held_by(written, op, text)
								       : nearest_value(written, text);
		if (one.n)
			buf_printf(b, " (%s" STR_FMT ")", in ? "" : "nearest: ", STR_ARG(one));
		return;
	}
}

static struct str address_text(const struct address *a, char *space, socklen_t n)
{
	const char *p = inet_ntop(a->family == 6 ? AF_INET6 : AF_INET, a->bytes, space, n);
	return str_from(p ? p : "");
}

static bool is_port(enum policy_operator op)
{
	return op == OPERATOR_SPORT || op == OPERATOR_NOT_SPORT || op == OPERATOR_DPORT || op == OPERATOR_NOT_DPORT;
}

static void explain_end(const struct arg_test *t, const struct slot *s, enum tri passes, struct buf *b)
{
	char space[INET6_ADDRSTRLEN];
	/* On a socket the S operators mean the local end. */
	bool local = t->class == CLASS_SOCKET && (t->op == OPERATOR_SADDR || t->op == OPERATOR_NOT_SADDR ||
						  t->op == OPERATOR_SPORT || t->op == OPERATOR_NOT_SPORT);
	const struct address *a = local && s->arg ? &s->arg->source : &s->address;
	if (is_port(t->op)) {
		snprintf(space, sizeof(space), "%u", a->port);
		phrase(b, "port ", str_from(space), t->op, passes, t->table->written, false);
	} else if (a->family == 4 || a->family == 6) {
		phrase(b, "", address_text(a, space, sizeof(space)), t->op, passes, t->table->written, false);
	}
}

void eval_explain_test(const struct arg_test *t, const struct hit *h, struct buf *b)
{
	const char *why;
	enum tri passes = eval_test(t, h, &why);
	const struct slot *s = eval_slot(t, h);
	if (!s || passes == TRI_UNKNOWN)
		return;
	switch (t->class) {
	case CLASS_PATH:
	case CLASS_STRING:
	case CLASS_UNIX:
		if (s->text.n)
			phrase(b, "", s->text, t->op, passes, t->table->written, true);
		else
			buf_printf(b, "%sit has no path (a memfd, a pipe, a socket)", b->n ? ", and " : "");
		break;
	case CLASS_ADDRESS:
	case CLASS_SOCKET:
		explain_end(t, s, passes, b);
		break;
	case CLASS_NUMBER:
		if (str_ends(t->arg->resolve, STR("i_nlink")) && passes == TRI_YES)
			buf_printf(b, "%sthe file has no name (a memfd, or deleted)", b->n ? ", and " : "");
		break;
	case CLASS_NONE:
		break;
	}
}

/* The events do not tell the program; what they are silent about does, or its name is taken for granted. */
static void explain_silent(const struct engine *e, const struct binary_test *t, const struct hit *h, enum tri passes, struct buf *b)
{
	const struct assumed *a = eval_assumed(e, h->record.image);
	enum tri listed = eval_silent_listed(e, t, h->record.image);
	if (listed == TRI_UNKNOWN && a)
		phrase(b, "the program named ", a->path, t->op, passes, t->written, true);
	else if (listed != TRI_UNKNOWN)
		buf_printf(b, "%s%s of the programs that the recording is silent about is listed", b->n ? ", and " : "", listed == TRI_YES ? "each" : "none");
}

void eval_explain_binaries(const struct engine *e, const struct binary_test *t, const struct hit *h, struct buf *b)
{
	const char *why;
	enum tri passes = eval_binaries(e, t, &h->record, &why);
	if (passes == TRI_UNKNOWN || t->empty)
		return;
	if (!h->record.known)
		explain_silent(e, t, h, passes, b);
	else if (h->record.path.n)
		phrase(b, "the program ", h->record.path, t->op, passes, t->written, true);
	else
		buf_printf(b, "%sthe program has no path (a memfd): no list matches it", b->n ? ", and " : "");
}

/* ---- selectors ---- */

/* The first filter that fails; NULL and *BINARIES false when none is known to. */
static const struct arg_test *failing(const struct engine *e, const struct compiled_selector *s, const struct hit *h,
					bool *binaries)
{
	const char *why;
	*binaries = s->binaries && eval_binaries(e, s->binaries, &h->record, &why) == TRI_NO;
	for (size_t i = 0; i < s->ntests && !*binaries; i++)
		if (eval_test(&s->tests[i], h, &why) == TRI_NO)
			return &s->tests[i];
	return NULL;
}

static bool fails(const struct engine *e, const struct compiled_selector *s, const struct hit *h)
{
	bool binaries;
	return failing(e, s, h, &binaries) || binaries;
}

static bool negative(enum policy_operator op)
{
	for (size_t i = 0; i < ARRAY_SIZE(phrases); i++)
		if (phrases[i].op == op)
			return phrases[i].negative;
	return false;
}

/* A list that spares what is in it: matched, because the value is not. What to say of it after the words on the filters; NULL: none. */
static const char *spares(const struct compiled_selector *s)
{
	static const char there[] = "; listed there, it would pass this selector";
	bool program = s->binaries && negative(s->binaries->op), argument = false;
	for (size_t i = 0; i < s->ntests; i++)
		argument |= negative(s->tests[i].op);
	return argument || (program && !s->ntests) ? there : program ? "; were the program listed, it would pass this selector" : NULL;
}

static void explain_match(const struct engine *e, const struct compiled_selector *s, const struct hit *h, struct buf *b)
{
	if (s->binaries)
		eval_explain_binaries(e, s->binaries, h, b);
	for (size_t i = 0; i < s->ntests; i++)
		eval_explain_test(&s->tests[i], h, b);
}

static void explain_no_match(const struct engine *e, const struct compiled_hook *hook, const struct hit *h, struct buf *b)
{
	for (size_t i = 0; i < hook->nselectors; i++) {
		const struct compiled_selector *s = &hook->selectors[i];
		CLEANUP_BUF struct buf words = BUF_INIT;
		bool binaries;
		const struct arg_test *t = failing(e, s, h, &binaries);
		if (s->never)
			buf_puts(&words, s->never);
		else if (binaries)
			eval_explain_binaries(e, s->binaries, h, &words);
		else if (t)
			eval_explain_test(t, h, &words);
		if (!words.n)
			continue;
		buf_printf(b, "%sselector %zu: ", b->n ? "; " : "", i);
		buf_str(b, buf_view(&words));
	}
}

void engine_explain(const struct engine *e, const struct judgement *j, struct buf *b)
{
	e->assuming->on = j->assumes != NULL;
	CLEANUP_BUF struct buf words = BUF_INIT;
	const char *sparing = NULL;
	for (size_t i = 0; i < e->hits.n && !words.n; i++) {
		const struct hit *h = &e->hits.v[i];
		const struct site_hooks *at = &e->at.v[h->site];
		for (size_t k = 0; k < at->n && !words.n; k++) {
			const struct compiled_hook *hook = at->v[k];
			if (hook->policy != j->policy || hook->hook != j->hook)
				continue;
			if (j->selector < 0 && j->verdict == VERDICT_ALLOW)
				explain_no_match(e, hook, h, &words);
			if (j->selector < 0 || fails(e, &hook->selectors[j->selector], h))
				continue;
			sparing = spares(&hook->selectors[j->selector]);
			explain_match(e, &hook->selectors[j->selector], h, &words);
		}
	}
	e->assuming->on = false;
	buf_str(b, buf_view(&words));
	bool stops = j->verdict == VERDICT_DENY || j->verdict == VERDICT_KILL;
	if (words.n && stops && sparing)
		buf_puts(b, sparing);
}
