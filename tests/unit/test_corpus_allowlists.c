/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hand-written allowlists against their scenarios, by the plainest reading of what an allowlist says: it allows
 * all that the authors expect to be allowed and nothing else. No compiler, no evaluator: a second opinion.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <inttypes.h>

#include "compiler/scenario/scenario.h"
#include "schema/allowlist.h"

static bool listed(const struct str *by, size_t n, struct str who)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(by[i], who))
			return true;
	return n == 0;
}

static bool may_run(const struct allowlist *a, struct str path, struct str caller)
{
	for (size_t i = 0; i < a->nexec; i++)
		if (path_covers(a->exec[i].path, path) && listed(a->exec[i].by, a->exec[i].nby, caller))
			return true;
	return false;
}

/* Of a script, its interpreter is what is judged. */
static bool exec_allowed(const struct allowlist *a, const struct event *ev)
{
	return !(ev->tags & (TAG_MEMFD | TAG_DELETED)) && may_run(a, ev->process.path, ev->parent.path);
}

static bool file_allowed(const struct allowlist *a, const struct event *ev)
{
	uint32_t wanted = ev->access & ACCESS_CHANGES;
	if (wanted & ACCESS_APPEND)
		wanted = (wanted | ACCESS_WRITE) & ~(uint32_t)ACCESS_APPEND;
	bool is_protected = false;
	for (size_t i = 0; i < a->nprotect; i++)
		is_protected |= path_covers(a->protect[i], ev->path);
	for (size_t i = 0; is_protected && i < a->nfiles; i++) {
		const struct allow_file *f = &a->files[i];
		if (path_covers(f->path, ev->path) && listed(f->by, f->nby, ev->process.path))
			wanted &= f->access ? ~f->access : 0;
	}
	return !is_protected || !wanted;
}

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	for (unsigned i = 0; i < bits; i++)
		if ((a[i / 8] ^ b[i / 8]) & 0x80 >> i % 8)
			return false;
	return true;
}

static bool connect_allowed(const struct allowlist *a, const struct event *ev)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	struct address to = ev->address;
	if (ev->unix_path.n)
		return true;
	if (to.family == 6 && !memcmp(to.bytes, mapped, sizeof(mapped))) {
		memmove(to.bytes, to.bytes + sizeof(mapped), 4);
		to.family = 4;
	}
	for (size_t i = 0; i < a->nconnects; i++) {
		const struct allow_connect *c = &a->connects[i];
		if (c->network.family == to.family && same_bits(c->network.bytes, to.bytes, c->prefix) &&
		    to.port >= c->port_first && to.port <= c->port_last &&
		    (!c->protocol || c->protocol == ev->protocol) && listed(c->by, c->nby, ev->process.path))
			return true;
	}
	return false;
}

static bool guard_allowed(const struct allowlist *a, const struct event *ev)
{
	return !a->nguards || !listed(a->guards, a->nguards, ev->guard);
}

static bool allowed(const struct allowlist *a, const struct event *ev)
{
	if (!str_eq(ev->process.pod.workload, a->workload.name))
		return true;
	switch (ev->kind) {
	case KIND_EXEC:
		return exec_allowed(a, ev);
	case KIND_FILE:
		return file_allowed(a, ev);
	case KIND_CONNECT:
		return connect_allowed(a, ev);
	case KIND_GUARD:
		return guard_allowed(a, ev);
	default:
		return true;
	}
}

static void check_scenario(const char *name)
{
	CLEANUP_FREE char *list = xasprintf("corpus/allowlists/%s.yaml", name);
	CLEANUP_FREE char *file = xasprintf("corpus/scenarios/%s.yaml", name);
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP(allowlist_free) struct allowlist *a = NULL;
	CLEANUP(scenario_free) struct scenario *s = NULL;
	CLEANUP(source_close) struct source *source = NULL;
	int err = allowlist_read(list, &d, &a);
	if (!err)
		err = scenario_read(file, &d, &s);
	if (!err)
		err = scenario_open(s, &(struct scenario_options){0}, &d, &source);
	diag_print(&d);
	assert_int_equal(err, 0);
	unsigned wrong = 0;
	for (struct event ev; source_next(source, &ev) > 0;) {
		if (allowed(a, &ev) == (ev.expect == EXPECT_ALLOW))
			continue;
		wrong++;
		print_error("%s event %" PRIu64 " (%s): " STR_FMT " " STR_FMT " by " STR_FMT ": %s expected\n", name,
			    ev.line, kind_name(ev.kind), STR_ARG(ev.label),
			    STR_ARG(ev.kind == KIND_EXEC ? ev.process.path : ev.path),
			    STR_ARG(ev.kind == KIND_EXEC ? ev.parent.path : ev.process.path),
			    ev.expect == EXPECT_ALLOW ? "allow" : "deny");
	}
	assert_int_equal(wrong, 0);
}

static void test_allowlist(void **state)
{
	check_scenario(*state);
}

int main(void)
{
#define ROW(name) {name, test_allowlist, NULL, NULL, name}
	const struct CMUnitTest tests[] = {
		ROW("web-server"), ROW("node-service"), ROW("database"), ROW("batch-job"), ROW("node-agent"),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
