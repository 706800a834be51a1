/* SPDX-License-Identifier: GPL-2.0-only */
/* What the ledger packs comes out as it went in, and goes with its epoch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "recorder/ledger.h"

struct text_record {
	struct wire_header header;
	char text[24];
};

static struct text_record record(uint64_t key, uint32_t epoch, const char *text)
{
	struct text_record r = {
		.header = {.kind = WIRE_FILE, .flags = WIRE_NAMELESS, .time_ns = 1000 + key, .cgroup = WIRE_CGROUP_V1 | 5,
			   .image = UINT64_MAX - 1, .key = key, .pid = 7, .tid = 8, .uid = UINT32_MAX, .tags = 1u << 31,
			   .access = 3, .epoch = epoch},
	};
	size_t n = strlen(text);
	memcpy(r.text, text, n);
	r.header.length = (uint32_t)(sizeof(r.header) + n);
	return r;
}

static void add(struct ledger *l, const struct text_record *r, bool expect_new)
{
	bool new;
	ledger_entry(l, &r->header, &new);
	assert_int_equal(new, expect_new);
}

static void comes_out_as_it_went_in(void **state)
{
	static const char *const texts[] = {"", "/", "/etc/passwd", "/etc/group", "/etc/", "name", "with\nnewline and \xff/"};
	CLEANUP(ledger_free) struct ledger *l = ledger_new();
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct text_record r = record(i + 1, 0, texts[i]);
		r.header.pid += (uint32_t)(i & 1);   /* two tasks */
		r.header.kind = i & 2 ? WIRE_FILE : WIRE_UNIX;
		add(l, &r, true);
		add(l, &r, false);
	}
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct text_record r = record(i + 1, 0, texts[i]);
		r.header.pid += (uint32_t)(i & 1);
		r.header.kind = i & 2 ? WIRE_FILE : WIRE_UNIX;
		const struct wire_header *h = ledger_record(l, ledger_find(l, i + 1));
		assert_int_equal(h->length, r.header.length);
		assert_memory_equal(h, &r, h->length);
	}
	assert_null(ledger_find(l, 99));
}

static void goes_with_its_epoch(void **state)
{
	CLEANUP(ledger_free) struct ledger *l = ledger_new();
	(void)state;
	for (uint32_t epoch = 0; epoch < 5; epoch++) {
		for (uint64_t i = 1; i <= 1000; i++) {
			struct text_record r = record(epoch * 1000 + i, epoch, "/some/file");
			add(l, &r, true);
		}
		ledger_forget_before(l, epoch);
		assert_int_equal(ledger_entries(l), 1000);
		assert_non_null(ledger_find(l, epoch * 1000 + 500));
		assert_int_equal(ledger_record(l, ledger_find(l, epoch * 1000 + 500))->epoch, epoch);
	}
}

static void names_go_when_unused(void **state)
{
	CLEANUP(ledger_free) struct ledger *l = ledger_new();
	(void)state;
	for (uint32_t epoch = 0; epoch < 6; epoch++) {
		for (uint64_t i = 0; i < 100; i++) {
			struct text_record r = record(0, epoch, "/some/name");
			r.header.image = r.header.cgroup = 1 + epoch * 100 + i;
			ledger_image(l, &r.header);
			ledger_group(l, &r.header);
		}
		struct text_record used = record(0, epoch, "/used");
		used.header.image = used.header.cgroup = 100000;
		ledger_image(l, &used.header);
		ledger_group(l, &used.header);
		ledger_forget_names(l, epoch);
		assert_int_equal(ledger_groups(l), epoch ? 201 : 101);
		assert_non_null(ledger_find_image(l, 100000));
		assert_non_null(ledger_find_group(l, 1 + epoch * 100));
		if (epoch > 1)
			assert_null(ledger_find_image(l, 1 + (epoch - 2) * 100));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_out_as_it_went_in),
		cmocka_unit_test(goes_with_its_epoch),
		cmocka_unit_test(names_go_when_unused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
