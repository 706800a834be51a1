/* SPDX-License-Identifier: GPL-2.0-only */
/* What the API functions share: ids and pages in, rows out. */
#include "webui/api.h"

#include <inttypes.h>
#include <time.h>

#include "schema/base/diag.h"

bool api_page(const struct request *q, struct response *r, uint64_t *ret_offset,
	      uint64_t *ret_limit)
{
	if (query_u64(q, "offset", 0, INT64_MAX, ret_offset) &&
	    query_u64(q, "limit", API_PAGE, API_PAGE_MAX, ret_limit))
		return true;
	response_error(r, 400, "offset and limit are whole numbers; limit is at most 1000.",
		       "offset or limit is out of range");
	return false;
}

bool api_id(const struct request *q, struct response *r, size_t i, int64_t *ret)
{
	uint64_t n;
	if (i < q->ncaptures && !str_to_u64(q->captures[i], &n) && n <= INT64_MAX) {
		*ret = (int64_t)n;
		return true;
	}
	response_error(r, 404, "Go back to the fleet at / and choose from there.",
		       "the address does not hold an id where one belongs");
	return false;
}

bool api_workload_row(struct store *s, const struct request *q, struct response *r,
		      struct workload_row *ret)
{
	int64_t id;
	if (!api_id(q, r, 0, &id))
		return false;
	int err = store_workload_get(s, q->arena, id, 0, ret);
	if (!err)
		return true;
	if (err == -ENOENT)
		response_error(r, 404, "Go back to the fleet at / and choose from there.",
			       "this store has no such workload");
	else
		store_refusal(r, s, err);
	return false;
}

bool ids_have(const int64_t *ids, size_t n, int64_t id)
{
	size_t low = 0;
	while (n) {
		size_t half = n / 2;
		if (ids[low + half] < id) {
			low += half + 1;
			n -= half + 1;
		} else if (ids[low + half] > id) {
			n = half;
		} else {
			return true;
		}
	}
	return false;
}

void json_rows(struct buf *b, struct table *t)
{
	buf_putc(b, '[');
	for (size_t i = 0; i < table_rows(t); i++) {
		buf_puts(b, i ? ",\n" : "");
		table_json_row(t, i, b);
	}
	buf_putc(b, ']');
	table_free(t);
}

void json_row(struct buf *b, struct table *t)
{
	if (table_rows(t))
		table_json_row(t, 0, b);
	else
		buf_puts(b, "null");
	table_free(t);
}

void json_page(struct response *r, struct table *t, uint64_t total, uint64_t offset)
{
	buf_printf(&r->body, "{\"total\":%" PRIu64 ",\"offset\":%" PRIu64 ",\"rows\":", total, offset);
	json_rows(&r->body, t);
	buf_puts(&r->body, "}\n");
}

void json_diag(struct buf *b, const struct diag *d)
{
	static const char *const levels[] = {
		[DIAG_ERROR] = "error", [DIAG_WARNING] = "warning", [DIAG_NOTE] = "note"};
	buf_putc(b, '[');
	for (size_t i = 0; i < d->n; i++) {
		const struct diag_entry *e = &d->v[i];
		buf_printf(b, "%s{\"level\":\"%s\",\"file\":", i ? "," : "", levels[e->level]);
		buf_json(b, str_from(e->file));
		buf_printf(b, ",\"line\":%u,\"column\":%u,\"message\":", e->line, e->column);
		buf_json(b, str_from(e->message));
		buf_putc(b, '}');
	}
	buf_putc(b, ']');
}

uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * NSEC_PER_SEC + (uint64_t)t.tv_nsec;
}
