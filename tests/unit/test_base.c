/* SPDX-License-Identifier: GPL-2.0-only */
/* The base: numbers, JSON and terminal text of hostile bytes, maps, tables, durations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "schema/base/arena.h"
#include "schema/base/buf.h"
#include "schema/base/cli.h"
#include "schema/base/map.h"
#include "schema/base/table.h"

static void json_is_reversible(void **state)
{
	(void)state;
	static const struct {
		struct str in;
		const char *out;
	} rows[] = {
		{STR_INIT(""), "\"\""},
		{STR_INIT("a\"b\\c\n\x01"), "\"a\\\"b\\\\c\\n\\u0001\""},
		{STR_INIT("/tmp/\xff"), "\"/tmp/\xf4\x8f\xbf\xbf\""},
		{STR_INIT("\xc3\xa4\xed\xa0\x80"), "\"\xc3\xa4\xf4\x8f\xbf\xad\xf4\x8f\xbe\xa0\xf4\x8f\xbe\x80\""},
		{STR_INIT("\xf4\x8f\xbf\xbf"), "\"\xf4\x8f\xbf\xb4\xf4\x8f\xbe\x8f\xf4\x8f\xbe\xbf\xf4\x8f\xbe\xbf\""},
		{STR_INIT("nul\0in"), "\"nul\\u0000in\""},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP_BUF struct buf b = BUF_INIT;
		buf_json(&b, rows[i].in);
		assert_string_equal(b.p, rows[i].out);
	}
	/* Every byte pair that needs no backslash comes back. */
	for (unsigned v = 0; v < 0x10000; v++) {
		char in[2] = {(char)(v >> 8), (char)v};
		CLEANUP_BUF struct buf b = BUF_INIT;
		buf_json(&b, (struct str){in, 2});
		if (memchr(b.p, '\\', b.n))
			continue;
		size_t n = json_unescape_bytes(b.p + 1, b.n - 2);
		assert_int_equal(n, 2);
		assert_memory_equal(b.p + 1, in, 2);
	}
}

static void text_shows_no_control_character(void **state)
{
	(void)state;
	CLEANUP_BUF struct buf b = BUF_INIT;
	buf_text(&b, STR("ok \x1b[31m \xe2\x80\xae \xff \\"));
	assert_string_equal(b.p, "ok \\x1b[31m \\xe2\\x80\\xae \\xff \\\\");
}

static void numbers_are_whole_strings(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int base, err;
		int64_t value;
	} rows[] = {
		{"12", 10, 0, 12},          {"-13", 10, 0, -13}, {"0x10", 0, 0, 16},
		{"12x", 10, -EINVAL, 0},    {"", 10, -EINVAL, 0}, {" 1", 10, -EINVAL, 0},
		{"99999999999999999999", 10, -ERANGE, 0},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int64_t v = 0;
		assert_int_equal(str_to_i64(str_from(rows[i].text), rows[i].base, &v), rows[i].err);
		assert_int_equal(v, rows[i].value);
	}
	uint64_t u;
	assert_int_equal(str_to_u64(STR("18446744073709551615"), &u), 0);
	assert_int_equal(str_to_u64(STR("18446744073709551616"), &u), -ERANGE);
	assert_int_equal(str_to_u64(STR("-1"), &u), -EINVAL);
}

static void durations(void **state)
{
	(void)state;
	uint64_t ns;
	assert_int_equal(cli_duration("90", &ns), 0);
	assert_int_equal(ns, 90 * NSEC_PER_SEC);
	assert_int_equal(cli_duration("20m", &ns), 0);
	assert_int_equal(ns, 1200 * NSEC_PER_SEC);
	assert_int_equal(cli_duration("500ms", &ns), 0);
	assert_int_equal(ns, 500000000);
	assert_int_equal(cli_duration("m", &ns), -EINVAL);
	assert_int_equal(cli_duration("1y", &ns), -EINVAL);
	assert_int_equal(cli_duration("99999999999999999h", &ns), -EINVAL);
}

static void map_numbers_are_dense_and_stable(void **state)
{
	(void)state;
	CLEANUP(map_free) struct map *m = map_new();
	char key[16];
	bool fresh;
	for (uint32_t i = 0; i < 10000; i++) {
		int n = snprintf(key, sizeof(key), "k%u", i);
		assert_int_equal(map_add(m, (struct str){key, (size_t)n}, &fresh), i);
		assert_true(fresh);
	}
	assert_int_equal(map_add(m, STR("k77"), &fresh), 77);
	assert_false(fresh);
	assert_int_equal(map_find(m, STR("k9999")), 9999);
	assert_int_equal(map_find(m, STR("k10000")), MAP_NONE);
	assert_true(str_eq(map_key(m, 5), STR("k5")));
	assert_int_equal(map_size(m), 10000);
}

static void arena_arrays_keep_their_elements(void **state)
{
	(void)state;
	CLEANUP(arena_free) struct arena *a = arena_new();
	int *v = NULL;
	size_t n = 0;
	for (int i = 0; i < 1000; i++)
		*ARENA_PUSH(a, v, n) = i;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(v[i], i);
}

/* A column of nothing is left out, a very wide cell is whole and moves no other row. */
static void table_text_is_aligned(void **state)
{
	(void)state;
	static const struct table_column columns[] = {{"a", "A", TABLE_TEXT}, {"b", "B", TABLE_TEXT}, {"n", "N", TABLE_COUNT}};
	CLEANUP(table_free) struct table *t = table_new(columns, ARRAY_SIZE(columns));
	CLEANUP_FREE char *wide = xasprintf("%0*d", TABLE_PAD_MAX + 10, 0);
	const char *const cells[] = {wide, "x"};
	for (size_t i = 0; i < ARRAY_SIZE(cells); i++) {
		table_str(t, str_from(cells[i]));
		table_str(t, STR(""));
		table_u64(t, 1 + i);
	}
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);
	assert_non_null(out);
	table_print(t, TABLE_PLAIN, out);
	fclose(out);
	CLEANUP_FREE char *want = xasprintf("A%*s  N\n%s  1\nx%*s  2\n", TABLE_PAD_MAX - 1, "", wide, TABLE_PAD_MAX - 1, "");
	assert_string_equal(text, want);
	free(text);
}

static void table_json_row_has_every_type(void **state)
{
	(void)state;
	static const struct table_column columns[] = {
		{"name", "NAME", TABLE_TEXT},   {"count", "COUNT", TABLE_COUNT}, {"last", "LAST", TABLE_TIME},
		{"known", "KNOWN", TABLE_BOOL}, {"by", "", TABLE_JSON_VALUE},
	};
	CLEANUP(table_free) struct table *t = table_new(columns, ARRAY_SIZE(columns));
	table_str(t, STR("a\"b"));
	table_u64(t, 1234567);
	table_u64(t, 1700000000ull * NSEC_PER_SEC + 5);
	table_bool(t, true);
	table_str(t, STR("[1]"));
	CLEANUP_BUF struct buf b = BUF_INIT;
	table_json_row(t, 0, &b);
	assert_string_equal(b.p, "{\"name\":\"a\\\"b\",\"count\":1234567,\"last\":"
				 "\"2023-11-14T22:13:20.000000005Z\",\"known\":true,\"by\":[1]}");
}

static void near_words(void **state)
{
	(void)state;
	static const char *const names[] = {"compile", "replay", "record"};
	assert_string_equal(cli_nearest("recrod", names, 3), "record");
	assert_string_equal(cli_nearest("complie", names, 3), "compile");
	assert_null(cli_nearest("zzzzzz", names, 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_is_reversible),
		cmocka_unit_test(text_shows_no_control_character),
		cmocka_unit_test(numbers_are_whole_strings),
		cmocka_unit_test(durations),
		cmocka_unit_test(map_numbers_are_dense_and_stable),
		cmocka_unit_test(arena_arrays_keep_their_elements),
		cmocka_unit_test(table_text_is_aligned),
		cmocka_unit_test(table_json_row_has_every_type),
		cmocka_unit_test(near_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
