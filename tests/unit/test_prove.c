/* SPDX-License-Identifier: GPL-2.0-only */
/* A store's evidence: what a person allowed and no entry covers makes the compilation fail, naming it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
#include <cmocka.h>

#include "compiler/emit/compile.h"
#include "schema/store_decide.h"

static char dir[] = "/tmp/test_prove.XXXXXX";
static char file[64];
static uint64_t would_stop, may_stop;

static const char document[] = "apiVersion: stakeout/v1\nkind: Allowlist\nmetadata: {name: t}\n"
			       "workload: {namespace: shop, kind: Deployment, name: cart, container: main, podLabels: {app: cart}}\n"
			       "mode: monitor\nexec: {allow: [{path: /bin/a}]}\n";

/* An exec of PATH by /bin/a, decided as CHOICE; KNOWN: PATH is what the name resolved to. */
static void observe_exec(const char *path, bool known, enum choice choice)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP(store_close) struct store *s = NULL;
	struct recording r = {.source = STR_INIT("corpus")};
	struct workload w = {.namespace = STR_INIT("shop"), .kind = STR_INIT("Deployment"), .name = STR_INIT("cart"),
			     .container = STR_INIT("main")};
	struct instance i = {.key = STR_INIT("i1"), .pod = STR_INIT("cart-1")};
	int64_t recording, workload, instance, observation;
	assert_int_equal(store_open(file, STORE_WRITE, &d, &s), 0);
	assert_int_equal(store_begin(s), 0);
	assert_int_equal(store_recording_add(s, &r, &recording), 0);
	assert_int_equal(store_workload(s, &w, &workload), 0);
	assert_int_equal(store_instance(s, workload, &i, &instance), 0);
	struct observation o = {.workload = workload, .kind = KIND_EXEC, .subject = STR_INIT("/bin/a"),
				.subject_known = true, .filename = str_from(path), .path = str_from(known ? path : ""),
				.path_known = known, .count = 3, .first_ns = 1, .last_ns = 2};
	assert_int_equal(store_observe(s, &o, instance, recording, &observation), 0);
	assert_int_equal(store_commit(s), 0);
	if (choice == CHOICE_UNDECIDED)
		return;
	struct decision decision = {.observation = observation, .choice = choice};
	uint64_t version;
	assert_int_equal(store_decide(s, workload, STORE_ANY_VERSION, &decision, 1, 1, &version), 0);
}

static void observe(const char *path, enum choice choice)
{
	observe_exec(path, true, choice);
}

static int compile_with(struct diag *d, uint64_t *ret_replayed)
{
	CLEANUP(allowlist_free) struct allowlist *a = NULL;
	CLEANUP_COMPILED struct compiled c = {0};
	struct compile_options o = {.db = file};
	target_default(&o.target);
	assert_int_equal(allowlist_parse("t.yaml", str_from(document), d, &a), 0);
	int err = compile(a, &o, &c, d);
	*ret_replayed = c.replayed;
	would_stop = c.would_stop.observations;
	may_stop = c.may_stop.observations;
	return err;
}

static void test_evidence(void **state)
{
	(void)state;
	uint64_t without, with;
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	observe("/bin/other", CHOICE_UNDECIDED);
	assert_int_equal(compile_with(&d, &without), 0);
	assert_int_equal(would_stop, 1);
	observe("/bin/a", CHOICE_UNDECIDED);
	assert_int_equal(compile_with(&d, &with), 0);
	assert_int_equal(with, without + 1);
	observe("/bin/denied", CHOICE_DENY);
	assert_int_equal(compile_with(&d, &with), 0);
	assert_int_equal(would_stop, 1); /* denied on purpose: nobody need be told */
	assert_int_equal(may_stop, 0);
	observe_exec("/bin/a", false, CHOICE_UNDECIDED);   /* as typed it is on the list */
	assert_int_equal(compile_with(&d, &with), 0);
	assert_int_equal(may_stop, 0);
	observe_exec("/bin/typed", false, CHOICE_UNDECIDED);
	assert_int_equal(compile_with(&d, &with), 0);
	assert_int_equal(may_stop, 1);
	assert_int_equal(would_stop, 1);
	observe("/bin/wanted", CHOICE_ALLOW);
	assert_int_equal(compile_with(&d, &with), -EINVAL);
	assert_int_equal(d.errors, 1);
	assert_non_null(strstr(d.v[d.n - 1].message, "/bin/wanted"));
}

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(file, sizeof(file), "%s/s.db", dir);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	CLEANUP_FREE char *command = xasprintf("rm -rf %s", dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_evidence)};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
