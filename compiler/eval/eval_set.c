/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Strings in a hash map; prefixes, ranges and networks as sorted arrays in which nothing overlaps, so that the
 * last element not above the key is the only one that can hold it.
 */
#include "compiler/eval/eval_set.h"

#include <arpa/inet.h>

#include "schema/base/map.h"

struct string_set {
	struct map *map;
};

struct string_set *string_set_new(const struct strs *values)
{
	struct string_set *s = xcalloc(1, sizeof(*s));
	s->map = map_new();
	for (size_t i = 0; i < values->n; i++)
		map_add(s->map, values->v[i], NULL);
	return s;
}

void string_set_free(struct string_set *s)
{
	if (!s)
		return;
	map_free(s->map);
	free(s);
}

bool string_set_has(const struct string_set *s, struct str key)
{
	return map_find(s->map, key) != MAP_NONE;
}

size_t string_set_find(const struct string_set *s, struct str key)
{
	uint32_t number = map_find(s->map, key);
	return number == MAP_NONE ? SIZE_MAX : number;
}

/* ---- prefixes and postfixes ---- */

static int cmp_forward(const void *x, const void *y)
{
	return str_cmp(*(const struct str *)x, *(const struct str *)y);
}

/* As str_cmp() would order the strings read from their ends. */
static int cmp_back(struct str a, struct str b)
{
	for (size_t i = 1; i <= a.n && i <= b.n; i++) {
		unsigned char ca = (unsigned char)a.p[a.n - i], cb = (unsigned char)b.p[b.n - i];
		if (ca != cb)
			return ca < cb ? -1 : 1;
	}
	return (a.n > b.n) - (a.n < b.n);
}

static int cmp_backward(const void *x, const void *y)
{
	return cmp_back(*(const struct str *)x, *(const struct str *)y);
}

static bool holds(const struct prefix_set *s, struct str key, struct str value)
{
	return s->reversed ? str_ends(key, value) : str_starts(key, value);
}

void prefix_set_init(struct prefix_set *s, const struct strs *values, bool reversed, size_t looked_at)
{
	*s = (struct prefix_set){.reversed = reversed};
	if (!values->n)
		return;
	s->v = xreallocarray(NULL, values->n, sizeof(*s->v));
	memcpy(s->v, values->v, values->n * sizeof(*s->v));
	qsort(s->v, values->n, sizeof(*s->v), reversed ? cmp_backward : cmp_forward);
	for (size_t i = 0; i < values->n; i++) {
		if (s->v[i].n <= looked_at && (!s->n || !holds(s, s->v[i], s->v[s->n - 1])))
			s->v[s->n++] = s->v[i];
	}
}

void prefix_set_done(struct prefix_set *s)
{
	free(s->v);
	*s = (struct prefix_set){0};
}

size_t prefix_set_find(const struct prefix_set *s, struct str key)
{
	size_t low = 0, high = s->n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int c = s->reversed ? cmp_back(s->v[mid], key) : str_cmp(s->v[mid], key);
		if (c <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low > 0 && holds(s, key, s->v[low - 1]) ? low - 1 : SIZE_MAX;
}

bool prefix_set_has(const struct prefix_set *s, struct str key)
{
	return prefix_set_find(s, key) != SIZE_MAX;
}

size_t prefix_set_number(const struct prefix_set *s, struct str value)
{
	size_t i = prefix_set_find(s, value);
	return i != SIZE_MAX && str_eq(s->v[i], value) ? i : SIZE_MAX;
}

/* ---- numbers ---- */

void range_set_add(struct range_set *s, uint64_t a, uint64_t b)
{
	*(struct range *)VEC_PUSH(s) = (struct range){MIN(a, b), MAX(a, b)};
}

void range_set_add_signed(struct range_set *s, int64_t first, int64_t last)
{
	if (first < 0 && last >= 0) {
		range_set_add(s, (uint64_t)first, UINT64_MAX);
		first = 0;
	}
	range_set_add(s, (uint64_t)first, (uint64_t)last);
}

static int cmp_range(const void *x, const void *y)
{
	const struct range *a = x, *b = y;
	return (a->first > b->first) - (a->first < b->first);
}

void range_set_sort(struct range_set *s)
{
	if (!s->n)
		return;
	qsort(s->v, s->n, sizeof(*s->v), cmp_range);
	size_t n = 0;
	for (size_t i = 1; i < s->n; i++) {
		if (s->v[i].first <= s->v[n].last)
			s->v[n].last = MAX(s->v[n].last, s->v[i].last);
		else
			s->v[++n] = s->v[i];
	}
	s->n = n + 1;
}

bool range_set_has(const struct range_set *s, uint64_t key)
{
	size_t low = 0, high = s->n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (s->v[mid].first <= key)
			low = mid + 1;
		else
			high = mid;
	}
	return low > 0 && key <= s->v[low - 1].last;
}

/* ---- networks ---- */

/* Go refuses leading zeros and short forms. */
static int parse_address(const char *text, uint8_t *bytes)
{
	bool six = strchr(text, ':');
	return inet_pton(six ? AF_INET6 : AF_INET, text, bytes) != 1 ? -EINVAL : six ? 6 : 4;
}

int network_set_add(struct network_set *s, struct str text)
{
	char copy[INET6_ADDRSTRLEN + 8];
	/* A zone, which Go takes, says nothing here. */
	const char *zone = text.n ? memchr(text.p, '%', text.n) : NULL;
	if (zone)
		text.n = (size_t)(zone - text.p);
	if (text.n >= sizeof(copy) || !text.n)
		return -EINVAL;
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	char *slash = strchr(copy, '/');
	if (slash)
		*slash++ = '\0';
	uint8_t bytes[16] = {0};
	int family = parse_address(copy, bytes);
	if (family < 0)
		return family;
	uint64_t width = family == 4 ? 32 : 128, bits = width;
	if (slash && (str_to_u64(str_from(slash), &bits) < 0 || bits > width))
		return -EINVAL;
	struct networks *list = family == 4 ? &s->v4 : &s->v6;
	struct network *net = VEC_PUSH(list);
	for (unsigned i = 0; i < width / 8; i++) {
		unsigned kept = bits > i * 8 ? (unsigned)MIN(bits - i * 8, 8) : 0;
		uint8_t mask = (uint8_t)(0xff00u >> kept);
		net->first[i] = bytes[i] & mask;
		net->last[i] = bytes[i] | (uint8_t)~mask;
	}
	return 0;
}

static int cmp_network(const void *x, const void *y)
{
	return memcmp(((const struct network *)x)->first, ((const struct network *)y)->first, 16);
}

static void sort_networks(struct networks *list)
{
	if (!list->n)
		return;
	qsort(list->v, list->n, sizeof(*list->v), cmp_network);
	size_t n = 0;
	for (size_t i = 1; i < list->n; i++) {
		if (memcmp(list->v[i].first, list->v[n].last, 16) > 0)
			list->v[++n] = list->v[i];
		else if (memcmp(list->v[i].last, list->v[n].last, 16) > 0)
			memcpy(list->v[n].last, list->v[i].last, 16);
	}
	list->n = n + 1;
}

void network_set_sort(struct network_set *s)
{
	sort_networks(&s->v4);
	sort_networks(&s->v6);
}

void network_set_done(struct network_set *s)
{
	free(s->v4.v);
	free(s->v6.v);
	*s = (struct network_set){0};
}

bool network_set_has(const struct network_set *s, const struct address *a)
{
	const struct networks *list = a->family == 4 ? &s->v4 : &s->v6;
	uint8_t key[16] = {0};
	memcpy(key, a->bytes, a->family == 4 ? 4 : 16);
	size_t low = 0, high = list->n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (memcmp(list->v[mid].first, key, 16) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low > 0 && memcmp(key, list->v[low - 1].last, 16) <= 0;
}
