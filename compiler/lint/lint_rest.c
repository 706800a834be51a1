/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A policy some values of which were refused has no meaning as a whole, but whoever mends it wants to hear at once what an
 * agent would refuse of the rest. So what was read is held against the load rules, and of their findings those are told that
 * cannot come from a hole: none of its own object and of what is around it; none of a hook at all of which an argument or
 * the call is missing; none of a policy of which something around the hooks is.
 */
#include "compiler/lint/lint_private.h"
#include "schema/policy_load.h"
#include "schema/policy_rules.h"

/* Is PATH the thing at the first N bytes of OTHER, or in it? */
static bool within(const char *path, const char *other, size_t n)
{
	return strncmp(path, other, n) == 0 && (path[n] == '\0' || path[n] == '.' || path[n] == '[');
}

/* Bytes of PATH up to its last step: the object that the step is a field of. */
static size_t object_of(const char *path, size_t n)
{
	while (n && path[n - 1] != '.')
		n--;
	return n ? n - 1 : 0;
}

/* Bytes of "spec.SECTION[i]"; 0: PATH is not in a hook. */
static size_t hook_of(const char *path)
{
	size_t n = strcspn(path, "]");
	bool section = false;
	for (size_t i = 0; i <= SECTION_USDT && path[n]; i++)
		section |= within(path + sizeof("spec.") - 1, policy_section_names[i], strlen(policy_section_names[i]));
	return section && strncmp(path, "spec.", 5) == 0 ? n + 1 : 0;
}

/* An item is missing of a list of objects, so that those behind it have other numbers. */
static bool lacks_item(const struct finding *hole)
{
	size_t n = strlen(hole->path);
	return n && hole->path[n - 1] == ']' && strcmp(hole->id, policy_rules[RULE_REQUIRED_FIELD].id) != 0 &&
	       strncmp(hole->path + object_of(hole->path, n), ".values[", 8) != 0;
}

/* May HOLE be why F was found? */
static bool may_come_from(const struct finding *f, const struct finding *hole)
{
	static const char selectors[] = ".selectors[";
	const char *path = hole->path;
	size_t n = strlen(path), hook = hook_of(path);
	if (strncmp(path, "spec", 4) != 0)
		return false;   /* metadata: nothing is loaded of it */
	if (!hook || (n == hook && lacks_item(hole)))
		return true;
	if (n > hook && strncmp(path + hook, selectors, sizeof(selectors) - 1) == 0 && !lacks_item(hole)) {
		size_t object = object_of(path, n);
		bool around = within(path, f->path, strlen(f->path)) && strlen(f->path) <= object;
		bool field = strncmp(f->path, path, object) == 0 && object_of(f->path, strlen(f->path)) == object;
		return around || field || within(f->path, path, n);
	}
	return within(f->path, path, hook) || within(path, f->path, strlen(f->path));
}

static bool is_hole(const struct finding *f)
{
	return f->stage == STAGE_DECODE || f->stage == STAGE_SCHEMA;
}

static bool explained(const struct finding *f, const struct findings *known)
{
	for (size_t i = 0; i < known->n; i++)
		if (is_hole(&known->v[i]) && (known->v[i].ways & f->ways) && may_come_from(f, &known->v[i]))
			return true;
	return false;
}

static void PRINTF(2, 0) put(struct findings *to, const char *fmt, const struct finding *what, ...)
{
	va_list ap;
	va_start(ap, what);
	findings_add(to, what, fmt, ap);
	va_end(ap);
}

void lint_load_rest(const struct policy *partial, const struct lint_options *o, unsigned way, struct findings *ret)
{
	struct findings found;
	findings_init(&found, ret->arena);
	policy_load_findings(partial, o->target, o->target_given, way, &found);
	for (size_t i = 0; i < found.n; i++)
		if (found.v[i].stage == STAGE_LOAD && !explained(&found.v[i], ret))
			put(ret, "%s", &found.v[i], found.v[i].message);
	findings_done(&found);
}
