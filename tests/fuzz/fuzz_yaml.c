/* SPDX-License-Identifier: GPL-2.0-only */
/* Any bytes as YAML: read, walk, and write each string so that it is read back. */
#include "schema/base/buf.h"
#include "schema/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_strings(const struct yaml_node *n, struct buf *b)
{
	if (n->kind == YAML_STRING) {
		buf_puts(b, "- ");
		yaml_scalar(b, n->text);
		buf_putc(b, '\n');
	}
	for (size_t i = 0; i < n->nitems && b->n < 1 << 20; i++)
		write_strings(n->items[i], b);
}

static size_t check_strings(const struct yaml_node *n, const struct yaml_node *list, size_t at)
{
	if (n->kind == YAML_STRING && at < list->nitems) {
		const struct yaml_node *got = list->items[at++];
		if (got->kind != YAML_STRING || !str_eq(got->text, n->text))
			abort();
	}
	for (size_t i = 0; i < n->nitems && at < list->nitems; i++)
		at = check_strings(n->items[i], list, at);
	return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_free) struct arena *arena = arena_new();
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct yaml_node **docs, **again;
	size_t n, m;
	yaml_read(arena, "fuzz", (struct str){(const char *)data, size}, &d, &docs, &n);
	for (size_t i = 0; i < n; i++) {
		CLEANUP_BUF struct buf b = BUF_INIT;
		write_strings(docs[i], &b);
		if (!b.n || b.n >= 1 << 20)
			continue;
		if (yaml_read(arena, "fuzz", buf_view(&b), &d, &again, &m) || m != 1)
			abort();
		check_strings(docs[i], again[0], 0);
	}
	return 0;
}
