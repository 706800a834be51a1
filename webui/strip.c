/* SPDX-License-Identifier: GPL-2.0-only */
/* A histogram that widens to either side. */
#include "webui/strip.h"

#include <inttypes.h>

#include "schema/base/base.h"

#define STRIP_WIDTH_NS (NSEC_PER_SEC / 100)   /* of a bucket, to begin with */

/* Twice as wide: what was there fills the lower half, or the upper one. */
static void widen(struct strip *s, bool upper)
{
	uint64_t merged[STRIP_BUCKETS][STRIP_CLASSES] = {{0}};
	size_t shift = upper ? STRIP_BUCKETS / 2 : 0;
	for (size_t i = 0; i < STRIP_BUCKETS; i++)
		for (size_t k = 0; k < STRIP_CLASSES; k++)
			merged[i / 2 + shift][k] += s->buckets[i][k];
	memcpy(s->buckets, merged, sizeof(merged));
	if (upper)
		s->first -= s->width * STRIP_BUCKETS;
	s->width *= 2;
}

/* What would go below 1970 stands in the first bucket. */
static bool can_go_lower(const struct strip *s)
{
	return s->first >= s->width * STRIP_BUCKETS;
}

void strip_add(struct strip *s, uint64_t time_ns, unsigned class, uint64_t count)
{
	if (!time_ns || time_ns > INT64_MAX)
		return;
	if (!s->width) {
		s->width = STRIP_WIDTH_NS;
		s->first = s->earliest = s->latest = time_ns;
	}
	s->earliest = MIN(s->earliest, time_ns);
	s->latest = MAX(s->latest, time_ns);
	while (time_ns < s->first && can_go_lower(s))
		widen(s, true);
	while (time_ns >= s->first && (time_ns - s->first) / s->width >= STRIP_BUCKETS)
		widen(s, false);
	uint64_t at = time_ns < s->first ? 0 : (time_ns - s->first) / s->width;
	s->buckets[at][class] += count;
}

void strip_json(struct buf *b, const struct strip *s)
{
	buf_puts(b, "{\"first_ns\":\"");
	uint64_t low = 0, high = 0;
	if (s->width) {
		low = s->earliest < s->first ? 0 : (s->earliest - s->first) / s->width;
		high = (s->latest - s->first) / s->width + 1;
	}
	buf_time(b, s->first + low * s->width);
	buf_puts(b, "\",\"last_ns\":\"");
	buf_time(b, s->first + high * s->width);
	buf_puts(b, "\",\"buckets\":[");
	for (uint64_t i = low; i < high; i++) {
		buf_puts(b, i > low ? ",[" : "[");
		for (size_t k = 0; k < STRIP_CLASSES; k++)
			buf_printf(b, "%s%" PRIu64, k ? "," : "", s->buckets[i][k]);
		buf_putc(b, ']');
	}
	buf_puts(b, "]}");
}
