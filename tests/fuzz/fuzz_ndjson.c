/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Any bytes as an export: read with and without vector instructions and short cuts by process number, which must give
 * the same events to the process model; what was read is written and must be readable as the same number of events.
 */
#include "schema/event_json.h"
#include "schema/ndjson.h"
#include "schema/processes.h"
#include "schema/redact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t read_all(struct str text, bool portable, struct buf *out)
{
	uint64_t numbers = 0;
	struct ndjson_options o = {.portable = portable, .numbers = portable ? NULL : &numbers};
	CLEANUP(processes_free) struct processes *model = processes_new();
	CLEANUP(source_close) struct source *s = ndjson_open_bytes("fuzz", text, &o);
	struct event ev;
	while (source_next(s, &ev) == 1) {
		processes_apply(model, &ev);
		event_json(&ev, out);
		CLEANUP_BUF struct buf redacted = BUF_INIT;
		redact_arguments(ev.process.filename, ev.process.arguments, &redacted);
	}
	return ndjson_stats(s)->events;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	CLEANUP_BUF struct buf fast = BUF_INIT, plain = BUF_INIT, again = BUF_INIT;
	uint64_t events = read_all(text, false, &fast);
	read_all(text, true, &plain);
	if (!str_eq(buf_view(&fast), buf_view(&plain)))
		abort();
	uint64_t rewritten = read_all(buf_view(&fast), false, &again);
	if (rewritten < events)
		abort();
	return 0;
}
