/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The risk is read off the evidence by a stated order of reasons, the first that holds counts: what was recorded and would
 * be stopped, what no evidence shows, entries without evidence, evidence from one instance only. It ranks rules for a
 * reader; it measures nothing.
 */
#include "compiler/emit/review_risk.h"

#include "compiler/allow/lower.h"
#include "schema/event_words.h"

struct sum {
	uint64_t entries, bare, events, instances;   /* bare: without evidence */
};

static void add(struct sum *s, const struct evidence *e)
{
	s->entries++;
	s->bare += e->count == 0;
	s->events += e->count;
	s->instances = MAX(s->instances, e->instances);
}

static enum kind kind_of(const struct compiled_rule *r)
{
	int kind = kind_from(str_from(r->kind));
	return kind < 0 ? KIND_GUARD : (enum kind)kind;
}

/* The entries that this rule lets pass. */
static struct sum sum_of(const struct compiled *c, const struct compiled_rule *r)
{
	const struct allowlist *a = c->lowered->source;
	struct sum s = {0};
	enum kind kind = kind_of(r);
	for (size_t i = 0; kind == KIND_EXEC && i < a->nexec; i++)
		add(&s, &a->exec[i].evidence);
	for (size_t i = 0; kind == KIND_FILE && i < a->nfiles; i++)
		if (!a->files[i].access || !r->access || lower_access(a->files[i].access) & r->access)
			add(&s, &a->files[i].evidence);
	for (size_t i = 0; kind == KIND_CONNECT && i < a->nconnects; i++)
		add(&s, &a->connects[i].evidence);
	return s;
}

static void put_count(struct buf *b, uint64_t n, const char *one, const char *more)
{
	buf_count(b, n);
	buf_printf(b, " %s", n == 1 ? one : more);
}

void review_evidence(const struct compiled *c, const struct compiled_rule *r, struct buf *b)
{
	struct sum s = sum_of(c, r);
	if (kind_of(r) == KIND_GUARD) {
		buf_puts(b, "none: an allowlist keeps evidence of what it allows, not of what it forbids");
		return;
	}
	if (s.entries == 0) {
		buf_puts(b, "no entry: all of it is denied");
		return;
	}
	put_count(b, s.entries, "entry", "entries");
	if (s.bare == s.entries) {
		buf_puts(b, ", none with evidence");
		return;
	}
	buf_puts(b, ", seen ");
	put_count(b, s.events, "time", "times");
	if (s.instances) {
		buf_puts(b, " in up to ");
		put_count(b, s.instances, "instance", "instances");
	}
	if (s.bare)
		buf_printf(b, "; %llu without evidence", (unsigned long long)s.bare);
}

/* What guards meet in practice differs. */
static const char *guard_risk(const struct compiled_rule *r)
{
	return strcmp(r->kind, "raise-privilege") && strcmp(r->kind, "mount") ? "low" : "medium";
}

void review_risk(const struct compiled *c, const struct compiled_rule *r, struct buf *b)
{
	enum kind kind = kind_of(r);
	struct sum s = sum_of(c, r);
	const char *why = r->false_positive;
	if (kind == KIND_GUARD) {
		buf_printf(b, "%s: %s", guard_risk(r), why);
	} else if (c->would_stop_of[kind] && (kind != KIND_FILE || r->access & c->would_stop_access)) {
		buf_puts(b, "high: recorded, and not allowed (see below); otherwise ");
		buf_puts(b, why);
	} else if (kind == KIND_FILE && r->access & c->unseen) {
		buf_puts(b, "high: no evidence shows whether the workload does ");
		access_words(r->access & c->unseen, b);
		buf_printf(b, "; %s", why);
	} else if (s.bare) {
		buf_printf(b, "medium: entries without evidence; %s", why);
	} else if (s.entries && s.instances <= 1) {
		buf_printf(b, "medium: evidence from one instance; %s", why);
	} else {
		buf_printf(b, "low: %s", why);
	}
}
