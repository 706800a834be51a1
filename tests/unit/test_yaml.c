/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "schema/base/buf.h"
#include "schema/yaml.h"

/* The tree as one line: null T F 12 1.5f "text" [..] {key:..}. */
static void dump(const struct yaml_node *n, struct buf *b)
{
	switch (n->kind) {
	case YAML_NULL: buf_puts(b, "null"); return;
	case YAML_BOOL: buf_puts(b, n->boolean ? "T" : "F"); return;
	case YAML_INT:
		if (n->big)
			buf_printf(b, "%llu", (unsigned long long)n->integer);
		else
			buf_printf(b, "%lld", (long long)n->integer);
		return;
	case YAML_FLOAT: buf_printf(b, "%gf", n->number); return;
	case YAML_STRING: buf_json(b, n->text); return;
	case YAML_LIST: case YAML_MAP: break;
	}
	buf_putc(b, n->kind == YAML_LIST ? '[' : '{');
	for (size_t i = 0; i < n->nitems; i++) {
		if (i)
			buf_putc(b, ' ');
		if (n->kind == YAML_MAP) {
			buf_str(b, n->items[i]->key->text);
			buf_putc(b, ':');
		}
		dump(n->items[i], b);
	}
	buf_putc(b, n->kind == YAML_LIST ? ']' : '}');
}

static void check(const char *text, size_t n, const char *want)
{
	CLEANUP(arena_free) struct arena *arena = arena_new();
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP_BUF struct buf b = BUF_INIT;
	struct yaml_node **docs;
	size_t ndocs;
	yaml_read(arena, "f", (struct str){text, n}, &d, &docs, &ndocs);
	for (size_t i = 0; i < ndocs; i++) {
		buf_puts(&b, i ? " | " : "");
		dump(docs[i], &b);
	}
	for (size_t i = 0; i < d.n; i++)
		buf_printf(&b, "%s%u:%u: %s", b.n ? " ! " : "! ", d.v[i].line, d.v[i].column, d.v[i].message);
	assert_string_equal(b.n ? b.p : "", want);
}

static void read_as(void **state)
{
	(void)state;
	static const struct { struct str in; const char *want; } rows[] = {
#define R(in, want) {STR_INIT(in), want}
		R("", ""),
		R("---\n---\na: 1\n", "null | {a:1}"),
		R("[y, Y, yes, on, On, n, no, OFF, true, False, yEs]", "[T T T T T F F F T F \"yEs\"]"),
		R("[~, null, NULL, nUll, {a: }]", "[null null null \"nUll\" {a:null}]"),
		R("[1, -1, +1, 010, 0o10, 0x10, 0X1f, 0b11, 1_000, -0x10, 08, 0]",
		  "[1 -1 1 8 8 16 31 3 1000 -16 8f 0]"),
		R("[1e3, 1.0, .5, 1., 1.5e-3, 1e, 0x, 1.2.3, +]",
		  "[1000f 1f 0.5f 1f 0.0015f \"1e\" \"0x\" \"1.2.3\" \"+\"]"),
		R("[-.INF]", "! 1:2: -.INF has no form in JSON, which Kubernetes turns it into; put it in quotes if it is meant as text"),
		R("[2026-11-20, 12:30:00, 10.0.0.1, 1_a, _1, =]",
		  "[\"2026-11-20\" \"12:30:00\" \"10.0.0.1\" \"1_a\" \"_1\" \"=\"]"),
		R("[9223372036854775807, 9223372036854775808, 18446744073709551615, 18446744073709551616]",
		  "[9223372036854775807 9223372036854775808 18446744073709551615 1.84467e+19f]"),
		R("[\"12\", 'yes', !!str 12, !!int \"12\", !!binary aGk=, !own 5]",
		  "[\"12\" \"yes\" \"12\" 12 \"hi\" \"5\"]"),
		R("{yes: 1, 010: 2, 1.5: 3, \"a\": 4}", "{true:1 8:2 1.5:3 a:4}"),
		R("{1: a, \"1\": b}", "{1:\"a\" 1:\"b\"}"),
		R("a: |\n  x\n  y\nb: >-\n  x\n  y\n", "{a:\"x\\ny\\n\" b:\"x y\"}"),
		R("a: &x {b: 1}\nc: *x\nd: {<<: *x, e: 2}\n", "{a:{b:1} c:{b:1} d:{b:1 e:2}}"),
		R("a: &x {b: 1}\nz: &y {c: 2}\nd: {<<: [*x, *y]}\n", "{a:{b:1} z:{c:2} d:{b:1 c:2}}"),
		R("\xef\xbb\xbf" "a: 1\r\nb: 2\r\n", "{a:1 b:2}"),
		R("\xff\xfe" "a\0:\0 \0" "1\0", "{a:1}"),
		R("{\"a\": [1, {\"b\": null}]}", "{a:[1 {b:null}]}"),
		R("[\"\\0\", \"\\U0010FFff\"]", "[\"\\u0000\" \"\xf4\x8f\xbf\xbf\"]"),
		R("a: 1\na: 2\n", "{a:2} ! 2:1: duplicate key \"a\" (first on line 1); keep one of the two"),
		R("x: &x {b: 1}\nd:\n  b: 2\n  <<: *x\n", "{x:{b:1} d:{b:2}} ! 1:8: key \"b\" is also brought in "
		  "by << (line 3): Tetragon's reader takes that for a duplicate; keep one of the two"),
		R("{<<: 1}", "! 1:6: << takes a map or a list of maps, not an integer"),
		R("{[a]: 1}", "! 1:2: a key must be a string, not a list; put it in quotes if it is meant as text"),
		R("{~: 1}", "! 1:2: a key must be a string, not null; put it in quotes if it is meant as text"),
		R("&a [*a]", "! 1:5: the value of anchor &a contains itself; write it out"),
		R("[*b]", "! 1:2: no anchor &b above this alias; write the value"),
		R("!!int x", "! 1:1: the value does not fit its tag tag:yaml.org,2002:int; remove the tag"),
		R("%YAML 1.2\n---\na: 1\n", "! 1:1: %YAML 1.2: Kubernetes reads version 1.1 only; remove the line"),
		R("a: 1\n---\nb: [\n", "{a:1} ! 4:1: not YAML: did not find expected node content, while "
		  "parsing a flow node; close the bracket, or put the value in quotes"),
		R("a: 1\nb: \xff\n", "! 2:4: not YAML: invalid leading UTF-8 octet (0xff); write such a byte as "
		  "an escape in double quotes"),
		R("a: \0\n", "! 1:4: not YAML: control characters are not allowed (0x00); write such a byte as "
		  "an escape in double quotes"),
		R("a:\n\tb: 1\n", "! 2:1: not YAML: found character that cannot start any token, while "
		  "scanning for the next token; indent it with blanks: YAML takes no tabs there"),
#undef R
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check(rows[i].in.p, rows[i].in.n, rows[i].want);
}

static void limits(void **state)
{
	(void)state;
	CLEANUP_BUF struct buf deep = BUF_INIT, bomb = BUF_INIT, nested = BUF_INIT;
	for (int i = 0; i < 100000; i++)
		buf_putc(&deep, '[');
	check(deep.p, deep.n, "! 1:101: nested deeper than 100 levels; write it flatter");
	buf_puts(&bomb, "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n");
	for (int i = 1; i < 20; i++)
		buf_printf(&bomb, "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i, i, i - 1,
			   i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	CLEANUP(arena_free) struct arena *arena = arena_new();
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct yaml_node **docs;
	size_t n;
	assert_int_equal(yaml_read(arena, "f", buf_view(&bomb), &d, &docs, &n), -EINVAL);
	assert_string_equal(d.v[0].message, "more than 1048576 values, aliases expanded; split the file");
	assert_true(arena_size(arena) < 1 << 20);
	buf_puts(&nested, "a0: &a0 [1]\n");
	for (int i = 1; i < 200; i++)
		buf_printf(&nested, "a%d: &a%d [*a%d]\n", i, i, i - 1);
	assert_int_equal(yaml_read(arena, "f", buf_view(&nested), &d, &docs, &n), -EINVAL);
	assert_string_equal(d.v[1].message, "nested deeper than 100 levels; write it flatter");
}

static void written(void **state)
{
	(void)state;
	static const struct { const char *in, *want; } rows[] = {
		{"/usr/bin/node", "/usr/bin/node"}, {"", "\"\""}, {"yes", "\"yes\""}, {"Off", "\"Off\""},
		{"null", "\"null\""}, {"~", "\"~\""}, {"12", "\"12\""}, {"1e3", "\"1e3\""},
		{"0x1f", "\"0x1f\""}, {"12:30", "\"12:30\""}, {"10.0.0.0/8", "10.0.0.0/8"},
		{"2026-11-20", "\"2026-11-20\""}, {"-x", "\"-x\""}, {"a: b", "\"a: b\""}, {"a:", "\"a:\""},
		{"a #b", "\"a #b\""}, {" a", "\" a\""}, {"a ", "\"a \""}, {"a b", "a b"},
		{"*x", "\"*x\""}, {"[a]", "\"[a]\""}, {"a\nb", "\"a\\nb\""}, {"a\"b\\", "\"a\\\"b\\\\\""},
		{"\x01\x7f", "\"\\x01\\x7F\""}, {"\xc3\xa9", "\"\xc3\xa9\""}, {"\xff", "\"\\U0010FFFF\""},
		{"\xe2\x80\xae", "\"\\u202E\""}, {"\xc2\x85", "\"\\x85\""},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP_BUF struct buf b = BUF_INIT;
		yaml_scalar(&b, str_from(rows[i].in));
		assert_string_equal(b.p, rows[i].want);
	}
}

static uint32_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(*state >> 33);
}

/* Any bytes come back as they were, in block, flow and key position. */
static void round_trip(void **state)
{
	(void)state;
	static const char likely[] = "aeyn019.-_:/# ,[]{}&*!|>'\"%@`\\\n\t~=+xo\xff\xc3\xa9\xf4\x8f\xbc\x80\xe2";
	uint64_t seed = 1;
	for (int round = 0; round < 20000; round++) {
		char text[24];
		size_t len = next_random(&seed) % sizeof(text);
		bool any = next_random(&seed) % 4 == 0;
		for (size_t i = 0; i < len; i++)
			text[i] = any ? (char)next_random(&seed)
				      : likely[next_random(&seed) % (sizeof(likely) - 1)];
		struct str s = {text, len};
		CLEANUP_BUF struct buf b = BUF_INIT;
		buf_puts(&b, "- ");
		yaml_scalar(&b, s);
		buf_puts(&b, "\n- [");
		yaml_scalar(&b, s);
		buf_puts(&b, ", x]\n- ");
		yaml_scalar(&b, s);
		buf_puts(&b, ": 1\n");
		CLEANUP(arena_free) struct arena *arena = arena_new();
		CLEANUP_DIAG struct diag d = DIAG_INIT;
		struct yaml_node **docs;
		size_t n;
		assert_int_equal(yaml_read(arena, "f", buf_view(&b), &d, &docs, &n), 0);
		const struct yaml_node *list = docs[0];
		const struct yaml_node *got[] = {list->items[0], list->items[1]->items[0],
						 list->items[2]->items[0]->key};
		for (size_t i = 0; i < ARRAY_SIZE(got); i++) {
			assert_int_equal(got[i]->kind, YAML_STRING);
			assert_true(str_eq(got[i]->text, s));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_as), cmocka_unit_test(limits), cmocka_unit_test(written),
		cmocka_unit_test(round_trip),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
