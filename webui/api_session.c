/* SPDX-License-Identifier: GPL-2.0-only */
/* What a page needs before anything else: the request token, what this server may do, and the vocabularies. */
#include "compiler/replay/feed.h"
#include "schema/base/cli.h"
#include "webui/api.h"

static void add_words(struct buf *b, const char *key, const char *const (*words)[2], size_t n)
{
	buf_printf(b, ",\"%s\":[", key);
	for (size_t i = 0; i < n; i++) {
		buf_puts(b, i ? ",{\"name\":" : "{\"name\":");
		buf_json(b, str_from(words[i][0]));
		buf_puts(b, ",\"summary\":");
		buf_json(b, str_from(words[i][1]));
		buf_putc(b, '}');
	}
	buf_putc(b, ']');
}

static const char *const tags[][2] = {
#define TAG(symbol, name, summary) {name, summary},
#include "schema/tags.def"
#undef TAG
};
static const char *const verdicts[][2] = {
#define VERDICT(symbol, name, summary) {name, summary},
#include "schema/verdicts.def"
#undef VERDICT
};

API(api_session)
{
	(void)q;
	r->cookie = true;   /* a page may outlive the server that gave it */
	struct buf *b = &r->body;
	buf_printf(b, "{\"format\":1,\"version\":\"%s\",\"token\":\"%s\",\"read_only\":%s,\"store\":",
		   stakeout_version, w->guard.token, w->read_only ? "true" : "false");
	buf_json(b, str_from(w->db));
	buf_puts(b, ",\"corpora\":[");
	for (size_t i = 0; i < w->ncorpora; i++) {
		buf_puts(b, i ? "," : "");
		buf_json(b, str_from(w->corpora[i].file));
	}
	buf_putc(b, ']');
	buf_printf(b, ",\"current\":%s", w->current ? "true" : "false");
	add_words(b, "tags", tags, ARRAY_SIZE(tags));
	add_words(b, "verdicts", verdicts, ARRAY_SIZE(verdicts));
	buf_puts(b, "}\n");
}
