/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The values a scenario is made of. Each reader either fills its slot or adds one message with the place
 * and what to write instead; reading goes on, so that one run shows all mistakes.
 */
#include "compiler/scenario/scenario_reader.h"

#include <stdio.h>
#include <time.h>

#include "schema/base/buf.h"
#include "schema/base/cli.h"
#include "schema/event.h"

enum { FIELDS_MAX = 40, WORD_MAX = 40 };
#define DURATION_MAX_NS (365 * 86400 * NSEC_PER_SEC)

bool expect_kind(struct reader *r, const struct yaml_node *node, enum yaml_kind kind,
		 const char *what)
{
	if (node->kind == kind)
		return true;
	COMPLAIN(r, node, "%s wants %s, this is %s", what, yaml_kind_name(kind),
		 yaml_kind_name(node->kind));
	return false;
}

static void complain_unknown(struct reader *r, const struct yaml_node *key,
			     const struct field *fields, size_t n)
{
	const char *names[FIELDS_MAX];
	for (size_t i = 0; i < n && i < FIELDS_MAX; i++)
		names[i] = fields[i].name;
	char word[WORD_MAX];
	snprintf(word, sizeof(word), STR_FMT, STR_ARG(key->text));
	const char *near = cli_nearest(word, names, MIN(n, (size_t)FIELDS_MAX));
	COMPLAIN(r, key, "unknown key '%s'%s%s%s", word, near ? "; did you mean '" : "",
		 near ? near : "", near ? "'?" : "");
}

void read_fields(struct reader *r, const struct yaml_node *map, const struct field *fields,
		 size_t n, void *object)
{
	for (size_t i = 0; i < map->nitems; i++) {
		const struct yaml_node *item = map->items[i];
		const struct field *f = fields;
		while (f < fields + n && !str_eq(str_from(f->name), item->key->text))
			f++;
		if (f == fields + n)
			complain_unknown(r, item->key, fields, n);
		else
			f->read(r, item, (char *)object + f->offset);
	}
}

void read_text(struct reader *r, const struct yaml_node *node, void *slot)
{
	if (node->kind == YAML_LIST || node->kind == YAML_MAP || node->kind == YAML_NULL)
		COMPLAIN(r, node, "'" STR_FMT "' wants a text, this is %s", STR_ARG(node->key->text),
			 yaml_kind_name(node->kind));
	else
		*(struct str *)slot = node->text;
}

void read_name(struct reader *r, const struct yaml_node *node, void *slot)
{
	struct str *s = slot;
	size_t before = r->diag->errors;
	read_text(r, node, slot);
	if (r->diag->errors == before && !s->n)
		COMPLAIN(r, node, "'" STR_FMT "' must not be empty", STR_ARG(node->key->text));
}

void read_path(struct reader *r, const struct yaml_node *node, void *slot)
{
	struct str *s = slot;
	size_t before = r->diag->errors;
	read_text(r, node, slot);
	if (r->diag->errors == before && (!s->n || s->p[0] != '/'))
		COMPLAIN(r, node, "'" STR_FMT "' wants an absolute path such as /usr/bin/curl, not '"
			 STR_FMT "'", STR_ARG(node->key->text), STR_ARG(*s));
}

void read_flag(struct reader *r, const struct yaml_node *node, void *slot)
{
	if (expect_kind(r, node, YAML_BOOL, "a yes-or-no key"))
		*(bool *)slot = node->boolean;
}

void read_number(struct reader *r, const struct yaml_node *node, void *slot)
{
	if (node->kind != YAML_INT || node->big || node->integer < 0 || node->integer > UINT32_MAX)
		COMPLAIN(r, node, "'" STR_FMT "' wants a whole number from 0 to 4294967295",
			 STR_ARG(node->key->text));
	else
		*(uint64_t *)slot = (uint64_t)node->integer;
}

void read_duration(struct reader *r, const struct yaml_node *node, void *slot)
{
	char word[WORD_MAX];
	uint64_t ns;
	int n = snprintf(word, sizeof(word), STR_FMT, STR_ARG(node->text));
	if (n <= 0 || (size_t)n >= sizeof(word) || cli_duration(word, &ns) || ns > DURATION_MAX_NS)
		COMPLAIN(r, node, "'" STR_FMT "' wants a duration such as 500ms, 20s, 5m or 2h, at most 365d",
			 STR_ARG(node->key->text));
	else
		*(uint64_t *)slot = ns;
}

void read_percent(struct reader *r, const struct yaml_node *node, void *slot)
{
	struct str text = node->text;
	uint64_t percent;
	if (str_ends(text, STR("%")))
		text.n--;
	if (str_to_u64(text, &percent) || percent > 100)
		COMPLAIN(r, node, "'" STR_FMT "' wants a share such as 20%%, from 0%% to 100%%",
			 STR_ARG(node->key->text));
	else
		*(uint64_t *)slot = percent;
}

void read_time(struct reader *r, const struct yaml_node *node, void *slot)
{
	char word[WORD_MAX];
	struct tm tm = {0};
	snprintf(word, sizeof(word), STR_FMT, STR_ARG(node->text));
	const char *end = strptime(word, "%Y-%m-%dT%H:%M:%SZ", &tm);
	time_t t = end && !*end ? timegm(&tm) : -1;
	if (t <= 0 || t > 4102444800)
		COMPLAIN(r, node, "'" STR_FMT "' wants a time such as 2026-03-02T06:00:00Z, before 2100",
			 STR_ARG(node->key->text));
	else
		*(uint64_t *)slot = (uint64_t)t * NSEC_PER_SEC;
}

static void read_access_word(struct reader *r, const struct yaml_node *node, uint32_t *ret)
{
	int bit = node->kind == YAML_STRING ? access_from(node->text) : -1;
	if (bit >= 0) {
		*ret |= 1u << bit;
		return;
	}
	CLEANUP_BUF struct buf names = BUF_INIT;
	for (int i = 0; i < ACCESS_COUNT; i++)
		buf_printf(&names, "%s%s", i ? ", " : "", access_name((enum access_bit)i));
	COMPLAIN(r, node, "'" STR_FMT "' is no access; they are %s", STR_ARG(node->text), names.p);
}

void read_access(struct reader *r, const struct yaml_node *node, void *slot)
{
	if (node->kind != YAML_LIST)
		return read_access_word(r, node, slot);
	for (size_t i = 0; i < node->nitems; i++)
		read_access_word(r, node->items[i], slot);
}

void read_expect(struct reader *r, const struct yaml_node *node, void *slot)
{
	bool allow = str_eq(node->text, STR("allow"));
	if (!allow && !str_eq(node->text, STR("deny")))
		COMPLAIN(r, node, "'expect' wants allow or deny");
	*(enum expect *)slot = allow ? EXPECT_ALLOW : EXPECT_DENY;
}

void read_protocol(struct reader *r, const struct yaml_node *node, void *slot)
{
	bool tcp = str_eq(node->text, STR("tcp"));
	if (!tcp && !str_eq(node->text, STR("udp")))
		COMPLAIN(r, node, "'protocol' wants tcp or udp");
	*(uint8_t *)slot = tcp ? 6 : 17;
}

void read_ignored(struct reader *r, const struct yaml_node *node, void *slot)
{
	(void)r;
	(void)node;
	(void)slot;
}
