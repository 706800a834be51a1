/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which workloads need me? Rows are built once by the store, then filtered, sorted and cut here: a thousand of
 * them are little, and need (the default order) is not a column.
 */
#include <inttypes.h>

#include "schema/listing.h"
#include "webui/api.h"

/* Rows that want a person first: losses, then undecided, then what is new. */
static int by_need(const void *a, const void *b)
{
	const struct workload_row *x = a, *y = b;
	if (!x->lost != !y->lost)
		return x->lost ? -1 : 1;
	if (x->undecided != y->undecided)
		return x->undecided > y->undecided ? -1 : 1;
	if (x->recent != y->recent)
		return x->recent > y->recent ? -1 : 1;
	return str_cmp(x->text, y->text);
}

#define BY(name, field)                                                                            \
	static int by_##name(const void *a, const void *b)                                         \
	{                                                                                          \
		const struct workload_row *x = a, *y = b;                                          \
		if (x->field != y->field)                                                          \
			return x->field < y->field ? -1 : 1;                                       \
		return str_cmp(x->text, y->text);                                                  \
	}
BY(instances, instances)
BY(exec, observations[KIND_EXEC])
BY(file, observations[KIND_FILE])
BY(connect, observations[KIND_CONNECT])
BY(undecided, undecided)
BY(recent, recent)
BY(lost, lost)
BY(last, last_ns)
BY(events, events)
BY(mode, mode)

static int by_observed(const void *a, const void *b)
{
	const struct workload_row *x = a, *y = b;
	uint64_t nx = x->last_ns - x->first_ns, ny = y->last_ns - y->first_ns;
	if (nx != ny)
		return nx < ny ? -1 : 1;
	return str_cmp(x->text, y->text);
}

static int by_workload(const void *a, const void *b)
{
	return str_cmp(((const struct workload_row *)a)->text, ((const struct workload_row *)b)->text);
}

static const struct {
	const char *name;
	int (*compare)(const void *a, const void *b);
} sorts[] = {
	{"need", by_need},           {"workload", by_workload}, {"instances", by_instances},
	{"observed", by_observed},   {"exec", by_exec},         {"file", by_file},
	{"connect", by_connect},     {"undecided", by_undecided}, {"recent", by_recent},
	{"lost", by_lost},           {"last", by_last},         {"events", by_events},
	{"mode", by_mode},
};

static bool sort_rows(const struct request *q, struct workload_row *rows, size_t n)
{
	struct str name = query_str(q, "sort");
	if (!name.n)
		name = STR("need");
	size_t i = 0;
	while (i < ARRAY_SIZE(sorts) && !str_eq(name, str_from(sorts[i].name)))
		i++;
	if (i == ARRAY_SIZE(sorts))
		return false;
	if (n)
		qsort(rows, n, sizeof(*rows), sorts[i].compare);
	if (!str_eq(query_str(q, "descending"), STR("1")))
		return true;
	for (size_t low = 0, high = n; low + 1 < high; low++) {
		struct workload_row other = rows[--high];
		rows[high] = rows[low];
		rows[low] = other;
	}
	return true;
}

/* Every word of the filter is somewhere in the name, in any case. */
static bool matches(struct str text, struct str filter)
{
	while (filter.n) {
		const char *space = memchr(filter.p, ' ', filter.n);
		struct str word = {filter.p, space ? (size_t)(space - filter.p) : filter.n};
		filter = str_skip(filter, word.n + 1);
		bool found = !word.n;
		for (size_t i = 0; !found && i + word.n <= text.n; i++)
			found = !strncasecmp(text.p + i, word.p, word.n);
		if (!found)
			return false;
	}
	return true;
}

static size_t filter_rows(const struct request *q, struct workload_row *rows, size_t n)
{
	struct str filter = query_str(q, "q");
	size_t kept = 0;
	for (size_t i = 0; i < n; i++)
		if (matches(rows[i].text, filter))
			rows[kept++] = rows[i];
	return kept;
}

API(api_workloads)
{
	STORE_FOR(s, w, r);
	uint64_t offset, limit;
	if (!api_page(q, r, &offset, &limit))
		return;
	struct workload_row *rows;
	size_t n;
	int err = store_workloads(s, q->arena, NULL, 0, &rows, &n);
	if (err) {
		store_refusal(r, s, err);
		return;
	}
	uint64_t lost = 0;
	for (size_t i = 0; i < n; i++)
		lost += rows[i].lost != 0;
	n = filter_rows(q, rows, n);
	if (!sort_rows(q, rows, n)) {
		response_error(r, 400, "Sort by one of the names in /openapi.json.", "there is no such sort");
		return;
	}
	offset = MIN(offset, n);
	buf_printf(&r->body, "{\"total\":%zu,\"lost\":%" PRIu64 ",\"offset\":%" PRIu64 ",\"rows\":", n, lost, offset);
	json_rows(&r->body, listing_workloads(n ? rows + offset : NULL, MIN(limit, n - offset)));
	buf_puts(&r->body, "}\n");
}

API(api_workload)
{
	STORE_FOR(s, w, r);
	struct workload_row row;
	if (!api_workload_row(s, q, r, &row))
		return;
	json_row(&r->body, listing_workloads(&row, 1));
	buf_putc(&r->body, '\n');
}

API(api_sources)
{
	STORE_FOR(s, w, r);
	struct workload_row row;
	if (!api_workload_row(s, q, r, &row))
		return;
	struct recording_row *recordings;
	struct loss_row *losses;
	size_t nrecordings, nlosses;
	int err = store_recordings(s, q->arena, row.id, &recordings, &nrecordings);
	if (!err)
		err = store_losses(s, q->arena, row.id, &losses, &nlosses);
	if (err) {
		store_refusal(r, s, err);
		return;
	}
	buf_puts(&r->body, "{\"recordings\":");
	json_rows(&r->body, listing_recordings(recordings, nrecordings));
	buf_puts(&r->body, ",\"losses\":");
	json_rows(&r->body, listing_losses(losses, nlosses));
	buf_puts(&r->body, "}\n");
}

API(api_instances)
{
	STORE_FOR(s, w, r);
	struct workload_row row;
	uint64_t offset, limit;
	if (!api_workload_row(s, q, r, &row) || !api_page(q, r, &offset, &limit))
		return;
	struct instance_row *rows;
	size_t n;
	int err = store_instances(s, q->arena, row.id, &rows, &n);
	if (err) {
		store_refusal(r, s, err);
		return;
	}
	offset = MIN(offset, n);
	json_page(r, listing_instances(n ? rows + offset : NULL, MIN(limit, n - offset)), n, offset);
}
