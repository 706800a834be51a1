/* SPDX-License-Identifier: GPL-2.0-only */
/* One line's object into one event. */
#pragma once

#include "schema/ndjson_fields.h"
#include "schema/ndjson_process.h"

struct ndjson_parser;

/* NUMBERS: see struct ndjson_options. */
struct ndjson_parser *ndjson_parser_new(const struct scan *scan, uint64_t *numbers);
void ndjson_parser_free(struct ndjson_parser *p);

/*
 * Reads one object from P, which ends somewhere before END; *END is a newline with SCAN_PAD readable
 * bytes behind it. The text is changed (strings are unescaped in place). Returns the text behind the object, or
 * NULL with *ret_why set; the event's strings live until the next call. With *RET_MORE set, a second event of
 * the same object can be had from ndjson_parse_more().
 */
char *ndjson_parse(struct ndjson_parser *p, char *text, char *end, struct event *ret, bool *ret_more,
		   enum ndjson_reason *ret_why);
void ndjson_parse_more(struct ndjson_parser *p, struct event *ret);
