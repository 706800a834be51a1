/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The compiler's promise: random allowlists and random events, and three judges that share no code agree: the
 * policies as read back, the image as read back, and the obvious reading of the allowlist written here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "compiler/emit/compile.h"
#include "compiler/eval/eval.h"
#include "compiler/image/image_eval.h"
#include "compiler/allow/lower.h"
#include "schema/event_words.h"

enum { ALLOWLISTS = 250, EVENTS = 200 };

static uint64_t state = 1;

static unsigned pick(unsigned n)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)(state >> 33) % n;
}

/* A small world, so that rules and events often meet. */
static const char *const programs[] = {"/bin/a", "/bin/ab", "/bin/b", "/app/run", "/app/sub/run", "/runx"};
static const char *const folders[] = {"/etc/", "/etc/ssl/", "/app/", "/app/sub/", "/bin/"};
static const char *const files[] = {"/etc/passwd", "/etc/ssl/key", "/app/pid", "/app/sub/pid", "/app/sub/x",
				    "/etcetera", "/app", "/bin/a", "/srv/one", "/srv/two"};
static const char *const networks[] = {"10.0.0.0/8", "10.1.0.0/16", "10.1.2.3/32", "0.0.0.0/0", "fd00::/8",
				       "::/0", "::ffff:10.1.0.0/112", "any"};
static const char *const ports[] = {"53", "443", "1000-2000", "any"};
static const char *const accesses[] = {"write", "create", "truncate", "unlink", "rename", "chmod"};
#define ANY(list) ((list)[pick(ARRAY_SIZE(list))])

static void put_by(struct buf *b)
{
	if (pick(3))
		return;
	buf_printf(b, ", by: [%s", ANY(programs));
	if (pick(2))
		buf_printf(b, ", %s", ANY(programs));
	buf_putc(b, ']');
}

static void put_exec(struct buf *b)
{
	buf_puts(b, "exec:\n  allow:\n    - {path: /bin/a}\n");
	for (unsigned i = pick(5); i--;) {
		buf_printf(b, "    - {path: %s", pick(3) ? ANY(programs) : ANY(folders));
		put_by(b);
		buf_puts(b, "}\n");
	}
}

static void put_file(struct buf *b)
{
	buf_printf(b, "file:\n  protect: [%s", ANY(folders));
	for (unsigned i = pick(3); i--;)
		buf_printf(b, ", %s", pick(2) ? ANY(folders) : files[pick(2) ? 0 : 8]);
	buf_puts(b, "]\n  allow:\n    - {path: /nowhere, access: [write]}\n");
	for (unsigned i = pick(4); i--;) {
		buf_printf(b, "    - {path: %s, access: [%s, %s]", pick(2) ? ANY(files) : ANY(folders),
			   accesses[pick(3)], accesses[3 + pick(3)]);
		put_by(b);
		buf_puts(b, "}\n");
	}
}

static void put_connect(struct buf *b)
{
	buf_puts(b, "connect:\n  allow:\n    - {cidr: 192.0.2.1/32, port: 9}\n");
	for (unsigned i = pick(4); i--;) {
		const char *network = ANY(networks), *port = ANY(ports);
		buf_puts(b, "    - {");
		buf_printf(b, "cidr: \"%s\"", network);
		if (strcmp(port, "any"))
			buf_printf(b, ", port: \"%s\"", port);
		if (pick(3) == 0)
			buf_printf(b, ", protocol: %s", pick(2) ? "tcp" : "udp");
		put_by(b);
		buf_puts(b, "}\n");
	}
}

static struct allowlist *random_allowlist(struct buf *text)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct allowlist *a = NULL;
	buf_clear(text);
	buf_puts(text, "apiVersion: stakeout/v1\nkind: Allowlist\nmetadata: {name: t}\n"
		       "workload: {namespace: shop, kind: Deployment, name: cart, container: main, podLabels: {app: cart}}\n"
		       "mode: enforce\n");
	put_exec(text);
	put_file(text);
	put_connect(text);
	buf_puts(text, "guards: [ptrace]\n");
	int err = allowlist_parse("t.yaml", buf_view(text), &d, &a);
	diag_print(&d);
	if (err)
		fprintf(stderr, "%s", text->p);
	assert_int_equal(err, 0);
	return a;
}

/* ---- the obvious reading ---- */

static bool by_covers(const struct str *by, size_t n, struct str caller)
{
	bool covers = n == 0;
	for (size_t i = 0; i < n; i++)
		covers |= str_eq(by[i], caller);
	return covers;
}

static bool may_exec(const struct allowlist *a, const struct event *ev)
{
	for (size_t i = 0; i < a->nexec; i++) {
		const struct allow_exec *e = &a->exec[i];
		if (!(ev->tags & TAG_MEMFD) && path_covers(e->path, ev->process.path) &&
		    by_covers(e->by, e->nby, ev->parent.path))
			return true;
	}
	return false;
}

static bool may_change(const struct allowlist *a, const struct event *ev)
{
	bool protected = false;
	uint32_t granted = 0;
	for (size_t i = 0; i < a->nprotect; i++)
		protected |= path_covers(a->protect[i], ev->path);
	for (size_t i = 0; i < a->nfiles; i++) {
		const struct allow_file *f = &a->files[i];
		if (path_covers(f->path, ev->path) && by_covers(f->by, f->nby, ev->process.path))
			granted |= f->access;
	}
	return !protected || !(ev->access & ACCESS_CHANGES & ~granted);
}

static struct address plain(struct address a)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	if (a.family != 6 || memcmp(a.bytes, mapped, 12))
		return a;
	struct address v4 = {.family = 4, .port = a.port};
	memcpy(v4.bytes, a.bytes + 12, 4);
	return v4;
}

static bool lies_in(struct address network, unsigned bits, struct address a)
{
	if (!network.family)
		return true;
	struct address n = plain(network);
	if (network.family == 6 && n.family == 4 && bits >= 96)
		bits -= 96;
	else
		n = network;
	if (n.family != a.family)
		return false;
	for (unsigned i = 0; i < bits; i++) {
		if ((n.bytes[i / 8] ^ a.bytes[i / 8]) & 0x80 >> i % 8)
			return false;
	}
	return true;
}

static bool may_connect(const struct allowlist *a, const struct event *ev)
{
	for (size_t i = 0; i < a->nconnects; i++) {
		const struct allow_connect *c = &a->connects[i];
		if (lies_in(c->network, c->prefix, plain(ev->address)) && ev->address.port >= c->port_first &&
		    ev->address.port <= c->port_last && (!c->protocol || c->protocol == ev->protocol) &&
		    by_covers(c->by, c->nby, ev->process.path))
			return true;
	}
	return false;
}

static bool model(const struct allowlist *a, const struct event *ev)
{
	switch (ev->kind) {
	case KIND_EXEC:
		return may_exec(a, ev);
	case KIND_FILE:
		return may_change(a, ev);
	case KIND_CONNECT:
		return may_connect(a, ev);
	default:
		return !str_eq(ev->guard, STR("ptrace"));
	}
}

/* ---- events ---- */

static struct process member(const char *path, struct buf *id)
{
	static unsigned n;
	buf_clear(id);
	buf_printf(id, "p%u", ++n);
	struct process p = {.exec_id = buf_view(id), .pid = 1000 + n, .path = str_from(path),
			    .filename = str_from(path), .path_known = true};
	p.pod = (struct pod){.namespace = STR("shop"), .name = STR("cart-1"), .workload = STR("cart"),
			     .workload_kind = STR("Deployment"), .container_name = STR("main"),
			     .container_id = STR("c1"), .labels = STR("{\"app\":\"cart\"}")};
	return p;
}

static void random_address(struct event *ev)
{
	static const uint8_t v4[][4] = {{10, 1, 2, 3}, {10, 1, 9, 9}, {10, 2, 0, 1}, {192, 0, 2, 7}};
	static const uint16_t numbers[] = {53, 443, 999, 1000, 1500, 2000, 2001, 9};
	struct address a = {.family = 4, .port = ANY(numbers)};
	const uint8_t *bytes = ANY(v4);
	switch (pick(4)) {
	case 0:
		a.family = 6;
		a.bytes[10] = a.bytes[11] = 0xff;
		memcpy(a.bytes + 12, bytes, 4);
		break;
	case 1:
		a.family = 6;
		a.bytes[0] = pick(2) ? 0xfd : 0x20;
		break;
	default:
		memcpy(a.bytes, bytes, 4);
	}
	ev->address = a;
	ev->protocol = pick(4) ? pick(2) ? 6 : 17 : 132;
}

/* What one hook line would tell: one access at a time, since each is another hook. */
static struct event random_event(struct buf ids[2])
{
	static const uint32_t bits[] = {ACCESS_WRITE, ACCESS_CREATE, ACCESS_TRUNCATE, ACCESS_UNLINK,
					ACCESS_RENAME, ACCESS_CHMOD, ACCESS_READ};
	struct event ev = {.count = 1, .process = member(ANY(programs), &ids[0])};
	switch (pick(4)) {
	case 0:
		ev.kind = KIND_EXEC;
		ev.parent = member(ANY(programs), &ids[1]);
		ev.has_parent = true;
		ev.process.parent_exec_id = ev.parent.exec_id;
		ev.process.flags = STR("execve clone");
		if (pick(8) == 0) {
			ev.tags = TAG_MEMFD;
			ev.process.path = STR("");
			ev.process.filename = STR("/proc/self/fd/3");
		}
		break;
	case 1:
		ev.kind = KIND_FILE;
		ev.path = str_from(ANY(files));
		ev.path_known = true;
		ev.access = ANY(bits);
		break;
	case 2:
		ev.kind = KIND_CONNECT;
		random_address(&ev);
		break;
	default:
		ev.kind = KIND_GUARD;
		ev.guard = pick(2) ? STR("ptrace") : STR("mount");
	}
	return ev;
}

/* Entries of the root folder have no folder path in the kernel: no entry hook can be held to there. */
static bool claimed(const struct event *ev)
{
	uint32_t entry = ACCESS_CREATE | ACCESS_UNLINK | ACCESS_RENAME;
	return !(ev->kind == KIND_FILE && (ev->access & entry) && memrchr(ev->path.p, '/', ev->path.n) == ev->path.p);
}

static void fail_with(const char *who, const struct event *ev, const char *why, const struct buf *text)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	event_words(ev, &b);
	fail_msg("%s on \"%s\" port %u protocol %u (%s) under\n%s", who, b.p, ev->address.port, ev->protocol, why, text->p);
}

static void compare(const struct allowlist *a, const struct compiled *c, struct engine *e,
		    const struct event *ev, const struct buf *text)
{
	bool allowed = model(a, ev);
	struct image_verdict image = image_judge(c->image, ev);
	if ((image.verdict != VERDICT_DENY) != allowed)
		fail_with("the image differs", ev, image.why, text);
	const struct judgement *j;
	size_t n = engine_judge(e, ev, &j);
	enum verdict worst = judgements_worst(j, n);
	bool stops = worst == VERDICT_DENY || worst == VERDICT_KILL;
	if (worst == VERDICT_UNKNOWN || stops == allowed)
		if (claimed(ev))
			fail_with(allowed ? "the policy stops" : "the policy lets pass", ev,
				  verdict_name(worst), text);
}

static void agree(enum shape shape, const char *target)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct buf ids[2] = {BUF_INIT, BUF_INIT};
	for (int k = 0; k < ALLOWLISTS; k++) {
		CLEANUP_DIAG struct diag d = DIAG_INIT;
		CLEANUP(allowlist_free) struct allowlist *a = random_allowlist(&text);
		CLEANUP_COMPILED struct compiled c = {0};
		struct compile_options o = {.shape = shape};
		assert_int_equal(target_parse(target, &d, &o.target), 0);
		int err = compile(a, &o, &c, &d);
		diag_print(&d);
		if (err)
			fail_msg("does not compile:\n%s", text.p);
		CLEANUP(engine_free) struct engine *e = engine_new(c.policies, c.npolicies, &o.target);
		for (int i = 0; i < EVENTS; i++) {
			struct event ev = random_event(ids);
			compare(a, &c, e, &ev, &text);
		}
	}
	buf_done(&ids[0]);
	buf_done(&ids[1]);
}

/* A container must be able to start: runc re-executes itself in its cgroup, and nothing else may do as it does. */
static void test_runtime(void **unused)
{
	static const struct { const char *caller, *path; uint32_t tags; enum verdict want; } rows[] = {
		{"/usr/bin/runc", "/runc", 0, VERDICT_ALLOW},
		{"/usr/bin/runc", "", TAG_MEMFD, VERDICT_ALLOW},
		{"/usr/bin/runc", "/bin/sh", 0, VERDICT_DENY},
		{"/runc", "/bin/a", 0, VERDICT_ALLOW},
		{"/runc", "/bin/sh", 0, VERDICT_DENY},
		{"/bin/a", "/runc", 0, VERDICT_DENY},
		{"/bin/a", "", TAG_MEMFD, VERDICT_DENY},
	};
	struct buf ids[2] = {BUF_INIT, BUF_INIT};
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP(allowlist_free) struct allowlist *a = random_allowlist(&text);
	CLEANUP_COMPILED struct compiled c = {0};
	struct compile_options o = {.enforce = true};
	(void)unused;
	a->nexec = 1;
	a->exec[0] = (struct allow_exec){.path = STR_INIT("/bin/a")};
	target_default(&o.target);
	assert_int_equal(compile(a, &o, &c, &d), 0);
	CLEANUP(engine_free) struct engine *e = engine_new(c.policies, c.npolicies, &o.target);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct judgement *j;
		struct event ev = {.kind = KIND_EXEC, .count = 1, .tags = rows[i].tags, .has_parent = true};
		ev.process = member(rows[i].path, &ids[0]);
		ev.parent = member(rows[i].caller, &ids[1]);
		ev.process.parent_exec_id = ev.parent.exec_id;
		ev.process.flags = STR("execve clone");
		size_t n = engine_judge(e, &ev, &j);
		enum verdict worst = judgements_worst(j, n);
		assert_int_equal(worst == VERDICT_POST ? VERDICT_ALLOW : worst, rows[i].want);
	}
	buf_done(&ids[0]);
	buf_done(&ids[1]);
}

static void test_lsm(void **unused)
{
	(void)unused;
	agree(SHAPE_LSM, "kernel=6.12");
}

static void test_override(void **unused)
{
	(void)unused;
	agree(SHAPE_OVERRIDE, "kernel=5.10,lsm=no");
}

/* Nodes with kprobe.multi and without, both architectures: the same verdicts. */
static void test_nodes(void **unused)
{
	(void)unused;
	agree(SHAPE_OVERRIDE, "kernel=6.12,lsm=no,kprobe-multi=yes,arch=arm64");
	agree(SHAPE_KILL, "kernel=6.1,lsm=no,kprobe-multi=no");
}

static void test_kill(void **unused)
{
	(void)unused;
	agree(SHAPE_KILL, "kernel=6.1,lsm=no");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runtime),
		cmocka_unit_test(test_lsm),
		cmocka_unit_test(test_override),
		cmocka_unit_test(test_kill),
		cmocka_unit_test(test_nodes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
