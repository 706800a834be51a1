/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The decoders of short texts: a target, a cgroup's path, labels, an allowlist edit, a CEL expression, a workload
 * pattern. The first byte chooses.
 */
#include <assert.h>

#include "compiler/allow/allow_edit.h"
#include "schema/hook.h"
#include "schema/policy_load_private.h"
#include "schema/target.h"
#include "schema/workload.h"

static void fuzz_target(const char *text, struct diag *d)
{
	struct target t, again;
	if (strncmp(text, "host", 4) == 0 || target_parse(text, d, &t))
		return;
	CLEANUP_BUF struct buf first = BUF_INIT, second = BUF_INIT;
	target_print(&t, &first);
	assert(target_parse(first.p, d, &again) == 0);
	target_print(&again, &second);
	assert(str_eq(buf_view(&first), buf_view(&second)));
}

static void fuzz_cgroup(const char *text, struct diag *d)
{
	(void)d;
	CLEANUP_BUF struct buf scratch = BUF_INIT, written = BUF_INIT;
	struct process p = {.cgroup = str_from(text)};
	struct cgroup_identity id;
	struct workload w;
	struct instance instance;
	cgroup_identify(p.cgroup, &scratch, &id);
	workload_of(&p, STR("node"), &scratch, &w, &instance);
	workload_print(&written, &w);
	assert(written.n > 0);
}

static void fuzz_labels(const char *text, struct diag *d)
{
	(void)d;
	/* What passes goes into lines of JSON as it stands. */
	if (labels_valid(str_from(text)))
		assert(!strchr(text, '\n'));
}

static void fuzz_edit(const char *text, struct diag *d)
{
	for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
		CLEANUP(allowlist_free) struct allowlist *a = allowlist_new(), *again = NULL;
		CLEANUP_BUF struct buf printed = BUF_INIT;
		a->name = STR("fuzz");
		a->workload.namespace = STR("shop");
		a->workload.kind = STR("Deployment");
		a->workload.name = STR("cart");
		if (allow_add(a, kind, text, d))
			continue;
		allowlist_normalize(a);
		allowlist_print(a, &printed);
		int err = allowlist_parse("printed", buf_view(&printed), d, &again);
		if (err)
			diag_print(d);
		assert(err == 0);
		(void)allow_remove(a, text, d);
	}
}

static void fuzz_cel(const char *text, struct diag *d)
{
	(void)d;
	struct spec_arg args[] = {{.type = TYPE_INT}, {.index = 1, .type = TYPE_UINT64}, {.index = 2, .type = TYPE_FILE}};
	struct hook h = {.args = args, .nargs = ARRAY_SIZE(args)};
	const char *why = policy_cel_error(str_from(text), &h);
	assert(!why || *why);
}

static void fuzz_pattern(const char *text, struct diag *d)
{
	(void)d;
	const struct workload w = {.namespace = STR("shop"), .kind = STR("Deployment"), .name = STR("cart"),
				   .container = STR("web")};
	(void)workload_matches(text, &w);
	(void)hook_plain_name(str_from(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const decoders[])(const char *, struct diag *) = {fuzz_target, fuzz_cgroup, fuzz_labels,
									fuzz_edit,   fuzz_cel,	  fuzz_pattern};
	if (!size)
		return 0;
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP_FREE char *text = xstrndup((const char *)data + 1, size - 1);
	decoders[data[0] % ARRAY_SIZE(decoders)](text, &d);
	return 0;
}
