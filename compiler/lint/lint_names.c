/* SPDX-License-Identifier: GPL-2.0-only */
/* A name that two policies have. Each file may be right by itself, so this is seen only over all of them. */
#include "compiler/lint/lint_private.h"
#include "schema/base/map.h"
#include "schema/policy_rules.h"

struct lint_names {
	struct map *keys;
	struct {
		char **v;
		size_t n, cap;
	} places;   /* by key: "a.yaml:3" */
};

struct lint_names *lint_names_new(void)
{
	struct lint_names *n = xcalloc(1, sizeof(*n));
	n->keys = map_new();
	return n;
}

void lint_names_free(struct lint_names *n)
{
	if (!n)
		return;
	map_free(n->keys);
	for (size_t i = 0; i < n->places.n; i++)
		free(n->places.v[i]);
	free(n->places.v);
	free(n);
}

static void PRINTF(2, 3) report(struct lint_document *d, const char *fmt, ...)
{
	const struct policy_rule_row *row = &policy_rules[RULE_POLICY_TWICE];
	const struct finding what = {.id = row->id, .severity = SEVERITY_WARNING, .stage = row->stage,
				     .ways = WAY_BOTH, .at = d->name_at, .path = "metadata.name",
				     .fix = "give each its own name, or lint apart what is deployed apart"};
	va_list ap;
	va_start(ap, fmt);
	findings_add(&d->findings, &what, fmt, ap);
	va_end(ap);
}

void lint_names_check(struct lint_names *n, struct lint_file *f)
{
	for (size_t i = 0; i < f->ndocuments; i++) {
		struct lint_document *d = &f->documents[i];
		CLEANUP_BUF struct buf key = BUF_INIT;
		bool fresh;
		if (!d->policy || !d->policy->name.n)
			continue;
		buf_printf(&key, "%s\n" STR_FMT "\n" STR_FMT, d->kind, STR_ARG(d->policy->namespace),
			   STR_ARG(d->policy->name));
		uint32_t at = map_add(n->keys, buf_view(&key), &fresh);
		if (fresh)
			*VEC_PUSH(&n->places) = xasprintf("%s:%u", d->file, d->name_at.line);
		else
			report(d, "%s has a policy of this name: an agent refuses the second, a server replaces the first",
			       n->places.v[at]);
	}
}
