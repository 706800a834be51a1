/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bytes as records of the kernel side, one behind the other: what passes the check is kept, made an event with and
 * without processes, and written as a line that reads back.
 */
#include "recorder/translate.h"
#include "schema/event_json.h"
#include "schema/ndjson.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void line(struct translator *t, struct family *family, const struct wire_header *h)
{
	for (int processes = 0; processes < 2; processes++) {
		CLEANUP_BUF struct buf b = BUF_INIT;
		struct event ev;
		t->processes = processes;
		translate(t, h, &ev);
		event_json(&ev, &b);
		if (!b.n || memchr(b.p, '\n', b.n) != b.p + b.n - 1)
			abort();
		CLEANUP(source_close) struct source *s = ndjson_open_bytes("line", buf_view(&b), NULL);
		if (source_next(s, &ev) < 0)
			abort();
	}
	if (h->kind == WIRE_EXEC) {
		struct event ev;
		translate(t, h, &ev);
		family_set(family, &ev.process);
	}
}

static void take(struct translator *t, struct ledger *ledger, struct family *family, const struct wire_header *h)
{
	bool new;
	switch (h->kind) {
	case WIRE_IMAGE:
		ledger_image(ledger, h);
		break;
	case WIRE_CGROUP:
		ledger_group(ledger, h);
		break;
	case WIRE_EXEC:
	case WIRE_FILE:
	case WIRE_CONNECT:
	case WIRE_UNIX:
	case WIRE_GUARD:
	case WIRE_BIND:
	case WIRE_BIND_UNIX:
		line(t, family, ledger_record(ledger, ledger_entry(ledger, h, &new)));
		/* fallthrough */
	case WIRE_EXIT:
		line(t, family, h);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(ledger_free) struct ledger *ledger = ledger_new();
	CLEANUP(family_free) struct family *family = family_new();
	struct translator t = {.ledger = ledger, .family = family, .node = STR("node")};
	for (size_t at = 0; size - at >= sizeof(struct wire_header);) {
		struct wire_header h;
		memcpy(&h, data + at, sizeof(h));
		size_t n = MIN(MAX(h.length, sizeof(h)), size - at);
		/* Aligned as in the ring, and of its own size, so that a read past the end is seen. */
		CLEANUP_FREE struct wire_header *record = xmalloc(n);
		memcpy(record, data + at, n);
		if (wire_valid(record, n))
			take(&t, ledger, family, record);
		at += n;
	}
	translator_done(&t);
	return 0;
}
