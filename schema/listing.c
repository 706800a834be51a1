/* SPDX-License-Identifier: GPL-2.0-only */
/* Rows of the store as tables. What a key means is written in listing.h. */
#include "schema/listing.h"

#include <stdio.h>

#include "schema/rule.h"

static struct str name_of(const char *s)
{
	return str_from(s);
}

/* ["write","create"] from the bits of V. */
static void names_cell(struct table *t, uint32_t v, uint32_t nbits, const char *(*name)(uint32_t bit))
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	buf_putc(&b, '[');
	for (uint32_t bit = 0; bit < nbits; bit++)
		if (v & 1u << bit)
			buf_printf(&b, "%s\"%s\"", b.n > 1 ? "," : "", name(bit));
	buf_putc(&b, ']');
	table_str(t, buf_view(&b));
}

static const char *access_bit_name(uint32_t bit)
{
	return access_name((enum access_bit)bit);
}

static const char *tag_bit_name(uint32_t bit)
{
	return tag_name((enum tag_bit)bit);
}

/* ---- workloads ---- */

void workload_next(struct buf *b, const struct workload_row *w)
{
	if (w->lost) {
		buf_puts(b, "recording lost ");
		buf_count(b, w->lost);
		buf_puts(b, w->lost == 1 ? " event: not complete" : " events: not complete");
	}
	if (w->undecided) {
		buf_puts(b, w->lost ? "; " : "");
		buf_count(b, w->undecided);
		buf_puts(b, " undecided");
	} else if (w->total == 0) {
		buf_puts(b, w->lost ? "; nothing observed yet" : "nothing observed yet");
	} else if (!w->lost) {
		static const char *const next[] = {
			[WORKLOAD_OBSERVE] = "ready to prove",
			[WORKLOAD_MONITOR] = "monitored: ready to enforce",
			[WORKLOAD_ENFORCE] = "enforced",
		};
		buf_puts(b, next[w->mode]);
	}
}

struct table *listing_workloads(const struct workload_row *rows, size_t n)
{
	static const struct table_column columns[] = {
		{"id", NULL, TABLE_COUNT},
		{"workload", "WORKLOAD", TABLE_TEXT},
		{"cluster", "CLUSTER", TABLE_TEXT},
		{"namespace", NULL, TABLE_TEXT},
		{"kind", NULL, TABLE_TEXT},
		{"name", NULL, TABLE_TEXT},
		{"container", NULL, TABLE_TEXT},
		{"guess", NULL, TABLE_BOOL},
		{"mode", "MODE", TABLE_TEXT},
		{"instances", "INSTANCES", TABLE_COUNT},
		{"recordings", NULL, TABLE_COUNT},
		{"exec", "EXEC", TABLE_COUNT},
		{"file", "FILE", TABLE_COUNT},
		{"connect", "CONNECT", TABLE_COUNT},
		{"guard", "GUARD", TABLE_COUNT},
		{"observations", NULL, TABLE_COUNT},
		{"events", NULL, TABLE_COUNT},
		{"undecided", "UNDECIDED", TABLE_COUNT},
		{"allowed", NULL, TABLE_COUNT},
		{"denied", NULL, TABLE_COUNT},
		{"recent", "NEW", TABLE_COUNT},
		{"first_ns", NULL, TABLE_TIME},
		{"last_ns", "LAST", TABLE_TIME},
		{"lost", "LOST", TABLE_COUNT},
		{"version", NULL, TABLE_COUNT},
		{"next", "NEXT", TABLE_TEXT},
	};
	struct table *t = table_new(columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < n; i++) {
		const struct workload_row *w = &rows[i];
		table_u64(t, (uint64_t)w->id);
		table_str(t, w->text);
		table_str(t, w->workload.cluster);
		table_str(t, w->workload.namespace);
		table_str(t, w->workload.kind);
		table_str(t, w->workload.name);
		table_str(t, w->workload.container);
		table_bool(t, w->workload.guess);
		table_str(t, name_of(workload_mode_name(w->mode)));
		const uint64_t numbers[] = {w->instances,
					    w->recordings,
					    w->observations[KIND_EXEC],
					    w->observations[KIND_FILE],
					    w->observations[KIND_CONNECT],
					    w->observations[KIND_GUARD],
					    w->total,
					    w->events,
					    w->undecided,
					    w->allowed,
					    w->denied,
					    w->recent,
					    w->first_ns,
					    w->last_ns,
					    w->lost,
					    w->version};
		for (size_t k = 0; k < ARRAY_SIZE(numbers); k++)
			table_u64(t, numbers[k]);
		CLEANUP_BUF struct buf next = BUF_INIT;
		workload_next(&next, w);
		table_str(t, buf_view(&next));
	}
	return t;
}

/* ---- observations ---- */

static void protocol_cell(struct table *t, const struct observation *o)
{
	char number[8];
	snprintf(number, sizeof(number), "%u", o->protocol);
	table_str(t, name_of(o->protocol == 6 ? "tcp" : o->protocol == 17 ? "udp" : o->protocol ? number : ""));
}

/* Text for people: what was executed, touched, reached or done, in one column. */
static void object_cell(struct table *t, const struct observation *o)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	if (kind_has_address(o->kind))
		endpoint_print(&b, o);
	else if (o->kind == KIND_GUARD)
		buf_str(&b, o->guard);
	else if (o->path.n)
		buf_str(&b, o->path);
	else
		buf_puts(&b, o->tags & TAG_MEMFD ? "(memfd)" : "(no path)");
	if (o->kind == KIND_GUARD && o->path.n) {
		buf_putc(&b, ' ');
		buf_str(&b, o->path);
	}
	table_str(t, buf_view(&b));
}

void observation_how(struct buf *b, const struct observation *o)
{
	for (uint32_t bit = 0; bit < ACCESS_COUNT; bit++)
		if (o->access & 1u << bit)
			buf_printf(b, "%s%s", b->n ? "," : "", access_bit_name(bit));
	if (o->protocol)
		buf_printf(b, "%s%s", b->n ? "," : "",
			   o->protocol == 6 ? "tcp" : o->protocol == 17 ? "udp" : "other");
	for (uint32_t bit = 0; bit < TAG_COUNT; bit++)
		if (o->tags & 1u << bit)
			buf_printf(b, "%s%s", b->n ? "," : "", tag_bit_name(bit));
	if (o->kind == KIND_EXEC && o->path_known && o->filename.n && !str_eq(o->filename, o->path)) {
		buf_puts(b, b->n ? ",as " : "as ");
		buf_str(b, o->filename);
	}
	if (!o->path_known && o->path.n)
		buf_printf(b, "%sas-typed", b->n ? "," : "");
}

static void how_cell(struct table *t, const struct observation *o)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	observation_how(&b, o);
	table_str(t, buf_view(&b));
}

static void observation_cells(struct table *t, const struct observation_row *r)
{
	const struct observation *o = &r->o;
	table_u64(t, (uint64_t)o->id);
	table_u64(t, (uint64_t)o->workload);
	table_str(t, name_of(kind_name(o->kind)));
	object_cell(t, o);
	table_str(t, o->path);
	table_bool(t, o->path_known);
	table_str(t, o->filename);
	table_str(t, o->subject);
	table_bool(t, o->subject_known);
	names_cell(t, o->access, ACCESS_COUNT, access_bit_name);
	protocol_cell(t, o);
	CLEANUP_BUF struct buf address = BUF_INIT;
	address_print(&address, &o->address);
	table_str(t, buf_view(&address));
	table_u64(t, o->address.port);
	table_str(t, o->unix_path);
	table_str(t, o->guard);
	names_cell(t, o->tags, TAG_COUNT, tag_bit_name);
	table_u64(t, o->count);
	table_u64(t, o->instances);
	table_u64(t, o->first_ns);
	table_u64(t, o->last_ns);
	table_str(t, o->example);
	table_str(t, name_of(choice_name(r->choice)));
	table_u64(t, (uint64_t)r->rule);
	table_u64(t, r->choice_version);
	how_cell(t, o);
}

struct table *listing_observations(const struct observation_row *rows, size_t n)
{
	static const struct table_column columns[] = {
		{"id", NULL, TABLE_COUNT},
		{"workload", NULL, TABLE_COUNT},
		{"kind", "KIND", TABLE_TEXT},
		{NULL, "WHAT", TABLE_TEXT},
		{"path", NULL, TABLE_TEXT},
		{"path_known", NULL, TABLE_BOOL},
		{"filename", NULL, TABLE_TEXT},
		{"subject", "BY", TABLE_TEXT},
		{"subject_known", NULL, TABLE_BOOL},
		{"access", NULL, TABLE_JSON_VALUE},
		{"protocol", NULL, TABLE_TEXT},
		{"address", NULL, TABLE_TEXT},
		{"port", NULL, TABLE_COUNT},
		{"unix_path", NULL, TABLE_TEXT},
		{"guard", NULL, TABLE_TEXT},
		{"tags", NULL, TABLE_JSON_VALUE},
		{"count", "COUNT", TABLE_COUNT},
		{"instances", "INSTANCES", TABLE_COUNT},
		{"first_ns", "FIRST", TABLE_TIME},
		{"last_ns", "LAST", TABLE_TIME},
		{"example", NULL, TABLE_TEXT},
		{"choice", "CHOICE", TABLE_TEXT},
		{"rule", NULL, TABLE_COUNT},
		{"choice_version", NULL, TABLE_COUNT},
		{NULL, "HOW", TABLE_TEXT},
	};
	struct table *t = table_new(columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < n; i++)
		observation_cells(t, &rows[i]);
	return t;
}

/* ---- instances, recordings, losses ---- */

struct table *listing_instances(const struct instance_row *rows, size_t n)
{
	static const struct table_column columns[] = {
		{"id", "ID", TABLE_COUNT},       {"key", NULL, TABLE_TEXT},
		{"pod", "POD", TABLE_TEXT},      {"node", "NODE", TABLE_TEXT},
		{"container_id", NULL, TABLE_TEXT}, {NULL, "CONTAINER", TABLE_TEXT}, {"image", "IMAGE", TABLE_TEXT},
		{"image_id", NULL, TABLE_TEXT}, {"labels", "LABELS", TABLE_JSON_VALUE},
		{"start_ns", "STARTED", TABLE_TIME},
	};
	struct table *t = table_new(columns, ARRAY_SIZE(columns));
	enum { SHORT_ID = 12 };
	for (size_t i = 0; i < n; i++) {
		const struct instance *in = &rows[i].instance;
		table_u64(t, (uint64_t)rows[i].id);
		/* For people the id as their tools show it, or what else tells the instance from others. */
		struct str id = in->container_id.n ? in->container_id : in->key;
		if (in->container_id.n)
			id.n = MIN(id.n, (size_t)SHORT_ID);
		const struct str texts[] = {in->key, in->pod, in->node, in->container_id, id, in->image, in->image_id, in->labels};
		for (size_t k = 0; k < ARRAY_SIZE(texts); k++)
			table_str(t, texts[k]);
		table_u64(t, in->start_ns);
	}
	return t;
}

struct table *listing_recordings(const struct recording_row *rows, size_t n)
{
	static const struct table_column columns[] = {
		{"id", "ID", TABLE_COUNT},           {"uid", NULL, TABLE_TEXT},
		{"source", "SOURCE", TABLE_TEXT},    {"origin", "ORIGIN", TABLE_TEXT},
		{"node", "NODE", TABLE_TEXT},        {"kernel", "KERNEL", TABLE_TEXT},
		{"boot_id", NULL, TABLE_TEXT},   {"hooks", "HOOKS", TABLE_TEXT},
		{"misses", "CANNOT SEE", TABLE_TEXT}, {"start_ns", "START", TABLE_TIME},
		{"end_ns", "END", TABLE_TIME},       {"events", NULL, TABLE_COUNT},
		{"lost", "LOST", TABLE_COUNT},       {"workloads", "WORKLOADS", TABLE_COUNT},
		{"complete", "COMPLETE", TABLE_BOOL},
	};
	struct table *t = table_new(columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < n; i++) {
		const struct recording *r = &rows[i].recording;
		table_u64(t, (uint64_t)r->id);
		table_str(t, r->uid);
		table_str(t, r->source);
		table_str(t, r->origin);
		table_str(t, r->node);
		table_str(t, r->kernel);
		table_str(t, r->boot_id);
		table_str(t, r->hooks);
		table_str(t, r->misses);
		table_u64(t, r->start_ns);
		table_u64(t, r->end_ns);
		table_u64(t, r->events);
		table_u64(t, rows[i].lost);
		table_u64(t, rows[i].workloads);
		table_bool(t, rows[i].complete);
	}
	return t;
}

struct table *listing_losses(const struct loss_row *rows, size_t n)
{
	static const struct table_column columns[] = {
		{"recording", "RECORDING", TABLE_COUNT},
		{"kind", "KIND", TABLE_TEXT},
		{"reason", "REASON", TABLE_TEXT},
		{"count", "LOST", TABLE_COUNT},
	};
	struct table *t = table_new(columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < n; i++) {
		table_u64(t, (uint64_t)rows[i].recording);
		table_str(t, rows[i].kind);
		table_str(t, rows[i].reason);
		table_u64(t, rows[i].count);
	}
	return t;
}

struct table *listing_refusals(const struct refusal *rows, size_t n)
{
	static const struct table_column columns[] = {
		{"recording", NULL, TABLE_COUNT},    {"kind", "KIND", TABLE_TEXT},     {"object", "WHAT", TABLE_TEXT},
		{"access", NULL, TABLE_JSON_VALUE},  {"subject", "BY", TABLE_TEXT},    {"outcome", "OUTCOME", TABLE_TEXT},
		{"rule", "RULE", TABLE_TEXT},        {"image", "IMAGE", TABLE_TEXT},   {"count", "COUNT", TABLE_COUNT},
		{"first_ns", "FIRST", TABLE_TIME},   {"last_ns", "LAST", TABLE_TIME},
	};
	struct table *t = table_new(columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < n; i++) {
		const struct refusal *r = &rows[i];
		table_u64(t, (uint64_t)r->recording);
		table_str(t, name_of(kind_name(r->kind)));
		table_str(t, r->object);
		names_cell(t, r->access, ACCESS_COUNT, access_bit_name);
		const struct str texts[] = {r->subject, r->outcome, r->rule, r->image};
		for (size_t k = 0; k < ARRAY_SIZE(texts); k++)
			table_str(t, texts[k]);
		table_u64(t, r->count);
		table_u64(t, r->first_ns);
		table_u64(t, r->last_ns);
	}
	return t;
}
