/* SPDX-License-Identifier: GPL-2.0-only */
/* Sets of values that a filter compares with: asked in time that hardly depends on how many values they hold. */
#pragma once

#include "schema/event.h"
#include "schema/policy.h"

/* Whole strings. */
struct string_set;
struct string_set *string_set_new(const struct strs *values);
void string_set_free(struct string_set *s);
bool string_set_has(const struct string_set *s, struct str key);
size_t string_set_find(const struct string_set *s, struct str key);   /* its number; SIZE_MAX = not there */

/* Does the key begin (end, with REVERSED) with a value? The kernel looks at so many bytes of its beginning: a longer value never holds. */
enum { PREFIX_LOOKED_AT = 255, POSTFIX_LOOKED_AT = 127, POSTFIX_LOOKED_AT_SMALL = 94 /* before 5.3 */ };
struct prefix_set {
	struct str *v;          /* sorted; none begins with another */
	size_t n;
	bool reversed;
};
void prefix_set_init(struct prefix_set *s, const struct strs *values, bool reversed, size_t looked_at);
void prefix_set_done(struct prefix_set *s);
bool prefix_set_has(const struct prefix_set *s, struct str key);
size_t prefix_set_find(const struct prefix_set *s, struct str key);     /* the number of the value that key has */
size_t prefix_set_number(const struct prefix_set *s, struct str value); /* of the value itself; SIZE_MAX = another covers it */

/* Unsigned numbers, as ranges that do not overlap. */
struct range {
	uint64_t first, last;
};
struct range_set {
	struct range *v;
	size_t n, cap;
};
void range_set_add(struct range_set *s, uint64_t a, uint64_t b);   /* either order */
void range_set_add_signed(struct range_set *s, int64_t first, int64_t last);   /* in order; negative ones are the highest */
void range_set_sort(struct range_set *s);                          /* once, after the last add */
bool range_set_has(const struct range_set *s, uint64_t key);

/* Networks. */
struct network {
	uint8_t first[16], last[16];
};
struct network_set {
	struct networks {
		struct network *v;
		size_t n, cap;
	} v4, v6;
};
/* An address or CIDR, as Go's parser takes them. -EINVAL for anything else. */
int network_set_add(struct network_set *s, struct str text);
void network_set_sort(struct network_set *s);
void network_set_done(struct network_set *s);
bool network_set_has(const struct network_set *s, const struct address *a);
