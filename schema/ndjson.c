/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The export as a source: lines from ndjson_input.c through the parser, everything counted. A writer that crashed
 * leaves a cut object with the next one right behind it; the whole one is found by its beginning
 * and read, the cut one counted.
 */
#include "schema/ndjson.h"

#include "schema/ndjson_event.h"
#include "schema/ndjson_input.h"

/* Beginnings of objects that are tried in one damaged line. */
#define TRIES_MAX 16

static const struct {
	const char *name, *summary;
} reasons[] = {
#define NDJSON_REASON(symbol, name, summary) {name, summary},
#include "schema/ndjson_reasons.def"
#undef NDJSON_REASON
};

struct ndjson {
	struct source source;       /* first */
	struct ndjson_options options;
	struct ndjson_stats stats;
	struct input *input;
	struct ndjson_parser *parser;
	char *name;
	char *rest, *end;           /* of the line: what stands behind the object */
	bool more;                  /* the object has a second event */
};

const char *ndjson_reason_name(enum ndjson_reason r)
{
	return reasons[r].name;
}

const char *ndjson_reason_summary(enum ndjson_reason r)
{
	return reasons[r].summary;
}

static void skipped(struct ndjson *n, enum ndjson_reason why)
{
	struct ndjson_skipped *s = &n->stats.skipped[why];
	if (s->n < NDJSON_FIRST)
		s->first[s->n] = n->stats.lines;
	s->n++;
}

static int handed_out(struct ndjson *n, struct event *ev)
{
	ev->line = n->stats.lines;
	ev->source = str_from(n->name);
	n->stats.events++;
	n->stats.kinds[ev->kind]++;
	return 1;
}

/* Where an event object may begin, from AT on; NULL if nowhere. */
static char *next_beginning(char *at, const char *end)
{
	static const struct str beginnings[] = {STR_INIT("{\"process_"), STR_INIT("{\"rate_limit_info\"")};
	char *best = NULL;
	for (size_t i = 0; at < end && i < ARRAY_SIZE(beginnings); i++) {
		char *found = memmem(at, (size_t)(end - at), beginnings[i].p, beginnings[i].n);
		if (found && (!best || found < best))
			best = found;
	}
	return best;
}

static char *skip_space(char *p)
{
	while (*p == ' ' || *p == '\t' || *p == '\r')
		p++;
	return p;
}

/* Behind a damaged object: the first whole one of the line. */
static bool recover(struct ndjson *n, char *from, enum ndjson_reason why, struct event *ev)
{
	char *at = from;
	enum ndjson_reason ignored;
	for (int i = 0; i < TRIES_MAX && (at = next_beginning(at + 1, n->end)); i++) {
		char *rest = ndjson_parse(n->parser, at, n->end, ev, &n->more, &ignored);
		if (!rest)
			continue;
		skipped(n, NDJSON_GLUED);
		n->stats.recovered++;
		n->rest = skip_space(rest);
		return true;
	}
	skipped(n, why);
	n->rest = n->end;
	return false;
}

/* The next object of the line; false when it held no event. */
static bool read_object(struct ndjson *n, char *text, struct event *ev)
{
	enum ndjson_reason why = NDJSON_TORN;
	if (*text != '{') {
		char *brace = next_beginning(text, n->end);
		if (!brace) {
			skipped(n, NDJSON_NOT_JSON);
			n->rest = n->end;
			return false;
		}
		text = brace;   /* a prefix, as of kubectl logs --prefix */
	}
	char *rest = ndjson_parse(n->parser, text, n->end, ev, &n->more, &why);
	if (!rest)
		return recover(n, text, why, ev);
	n->rest = skip_space(rest);
	return true;
}

static int next_line(struct ndjson *n)
{
	struct input_line line;
	int rc = input_next(n->input, &line);
	n->stats.bytes = input_bytes(n->input);
	if (rc <= 0)
		return rc;
	n->stats.lines++;
	n->rest = skip_space(line.p);
	n->end = line.end;
	struct str text = {line.p, (size_t)(line.end - line.p)};
	if (n->options.line)
		n->options.line(n->options.arg, text, line.terminated);
	if (n->options.wanted && !n->options.wanted(n->options.arg, text))
		n->rest = n->end;
	if (line.too_long) {
		skipped(n, NDJSON_TOO_LONG);
		n->rest = n->end;
	}
	return 1;
}

static int ndjson_next(struct source *source, struct event *ev)
{
	struct ndjson *n = (struct ndjson *)(void *)source;
	if (n->more) {
		n->more = false;
		ndjson_parse_more(n->parser, ev);
		return handed_out(n, ev);
	}
	for (;;) {
		while (n->rest < n->end)
			if (read_object(n, n->rest, ev))
				return handed_out(n, ev);
		int rc = next_line(n);
		if (rc <= 0)
			return rc;
	}
}

static void ndjson_close(struct source *source)
{
	struct ndjson *n = (struct ndjson *)(void *)source;
	input_close(n->input);
	ndjson_parser_free(n->parser);
	free(n->name);
	free(n);
}

static const struct source_ops ops = {ndjson_next, ndjson_close};

static struct source *new_source(const char *name, const struct ndjson_options *options, struct input *take)
{
	struct ndjson *n = xcalloc(1, sizeof(*n));
	n->source.ops = &ops;
	n->options = options ? *options : (struct ndjson_options){0};
	n->input = take;
	n->parser = ndjson_parser_new(n->options.portable ? &scan_portable : scan_best(), n->options.numbers);
	n->name = xstrdup(name);
	return &n->source;
}

int ndjson_open(const char *file, const struct ndjson_options *options, struct diag *d, struct source **ret)
{
	struct input *input;
	int err = input_open(file, NDJSON_LINE_MAX, options ? options->idle_ms : 0, d, &input);
	if (err)
		return err;
	*ret = new_source(file, options, input);
	return 0;
}

struct source *ndjson_open_bytes(const char *name, struct str text, const struct ndjson_options *options)
{
	return new_source(name, options, input_open_bytes(text, NDJSON_LINE_MAX));
}

const struct ndjson_stats *ndjson_stats(const struct source *source)
{
	return &((const struct ndjson *)(const void *)source)->stats;
}

const char *ndjson_error(const struct source *source)
{
	return input_error(((const struct ndjson *)(const void *)source)->input);
}
