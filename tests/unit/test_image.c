/* SPDX-License-Identifier: GPL-2.0-only */
/* Images: what is written reads back and decides the same; what is damaged or forged is refused whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <bpf/libbpf.h>
#include <elf.h>

#include "compiler/image/image_eval.h"
#include "compiler/image/image_write.h"
#include "schema/base/sha256.h"
#include "schema/match.h"

static const char document[] =
	"apiVersion: stakeout/v1\n"
	"kind: Allowlist\n"
	"metadata: {name: shop-cart}\n"
	"workload: {namespace: shop, kind: Deployment, name: cart, podLabels: {app: cart}}\n"
	"mode: monitor\n"
	"exec:\n"
	"  allow:\n"
	"    - {path: /usr/bin/node}\n"
	"    - {path: /app/scripts/}\n"
	"    - {path: /usr/bin/git, by: [/usr/bin/node, /usr/bin/tig]}\n"
	"    - {path: /a/very/long/path/that/needs/more/than/one/chunk/of/sixty/four/bytes/because/it/is/long}\n"
	"file:\n"
	"  protect: [/etc/, /app/, /srv/one]\n"
	"  allow:\n"
	"    - {path: /app/cache/, access: [write, create, unlink], by: [/usr/bin/node, /usr/bin/tig]}\n"
	"    - {path: /app/pid, access: [write, create]}\n"
	"connect:\n"
	"  allow:\n"
	"    - {cidr: 10.0.0.0/8, port: 5432, protocol: tcp}\n"
	"    - {cidr: 10.1.0.0/16, port: 53}\n"
	"    - {cidr: \"fd00::/8\", port: 443, by: [/usr/bin/node]}\n"
	"    - {cidr: \"fe80::/10\", port: 1}\n"
	"guards: [mount, bpf]\n";

static void make(struct buf *ret)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP(allowlist_free) struct allowlist *a = NULL;
	CLEANUP(lowered_free) struct lowered *l = NULL;
	int err = allowlist_parse("t.yaml", str_from(document), &d, &a);
	if (!err)
		err = lower(a, &d, &l);
	if (!err)
		err = image_write(l, false, &d, ret);
	diag_print(&d);
	assert_int_equal(err, 0);
}

static struct process process(const char *path)
{
	return (struct process){.path = str_from(path), .path_known = path != NULL};
}

static enum verdict judge(const struct image *i, const struct event *ev)
{
	return image_judge(i, ev).verdict;
}

static void test_exec(void **state)
{
	static const struct { const char *path, *caller; uint32_t tags; enum verdict want; } rows[] = {
		{"/usr/bin/node", "/x", 0, VERDICT_ALLOW},
		{"/usr/bin/nod", "/x", 0, VERDICT_DENY},
		{"/usr/bin/node2", "/x", 0, VERDICT_DENY},
		{"/usr/bin/node", "/x", TAG_MEMFD, VERDICT_DENY},
		{"/app/scripts/a", "/x", 0, VERDICT_ALLOW},
		{"/app/scripts/deep/er", "/x", 0, VERDICT_ALLOW},
		{"/app/scripts", "/x", 0, VERDICT_DENY},
		{"/usr/bin/git", "/usr/bin/node", 0, VERDICT_ALLOW},
		{"/usr/bin/git", "/bin/sh", 0, VERDICT_DENY},
		{"/usr/bin/git", NULL, 0, VERDICT_UNKNOWN},
		/* runc becomes a container through a copy of itself; nobody else gets such a program started */
		{"/", "/usr/sbin/runc", 0, VERDICT_ALLOW},
		{"", "/usr/sbin/runc", TAG_MEMFD, VERDICT_ALLOW},
		{"/usr/bin/runc", "/usr/bin/runc", 0, VERDICT_ALLOW},
		{"/bin/sh", "/usr/sbin/runc", 0, VERDICT_DENY},
		/* where the image cannot name them, the host knows them by their files */
		{"", "/var/lib/rancher/k3s/data/x/bin/runc", TAG_MEMFD, VERDICT_UNKNOWN},
		{"", "/", TAG_MEMFD, VERDICT_UNKNOWN},
		{"/opt/crun", "/opt/crun", 0, VERDICT_UNKNOWN},
		{"/bin/sh", "/opt/crun", 0, VERDICT_DENY},
		{"/bin/sh", "/", 0, VERDICT_DENY},
		{"/", "/x", 0, VERDICT_DENY},
		{"/usr/sbin/runc", "/x", 0, VERDICT_DENY},
		{NULL, "/x", 0, VERDICT_UNKNOWN},
		/* On a mount of no namespace, and below a root of its own. */
		{"/usr/bin/node", "/x", TAG_DETACHED, VERDICT_DENY},
		{NULL, "/x", TAG_DETACHED, VERDICT_DENY},
		{NULL, "/usr/sbin/runc", TAG_DETACHED, VERDICT_ALLOW},
		{"/usr/bin/node", "/x", TAG_HOST_ROOT_MOVED, VERDICT_UNKNOWN},
		{"/a/very/long/path/that/needs/more/than/one/chunk/of/sixty/four/bytes/because/it/is/long",
		 "/x", 0, VERDICT_ALLOW},
		{"/a/very/long/path/that/needs/more/than/one/chunk/of/sixty/four/bytes/because/it/is/lonG",
		 "/x", 0, VERDICT_DENY},
	};
	for (size_t k = 0; k < ARRAY_SIZE(rows); k++) {
		struct event ev = {.kind = KIND_EXEC, .tags = rows[k].tags, .has_parent = true};
		ev.process = process(rows[k].path);
		ev.parent = process(rows[k].caller);
		assert_int_equal(judge(*state, &ev), rows[k].want);
	}
}

static void test_file(void **state)
{
	static const struct { const char *path, *by; uint32_t access; enum verdict want; } rows[] = {
		{"/etc/passwd", "/usr/bin/node", ACCESS_WRITE, VERDICT_DENY},
		{"/etc/passwd", "/usr/bin/node", ACCESS_READ, VERDICT_ALLOW},
		{"/etcetera", "/x", ACCESS_WRITE, VERDICT_ALLOW},
		{"/srv/one", "/x", ACCESS_UNLINK, VERDICT_DENY},
		{"/srv/one/x", "/x", ACCESS_UNLINK, VERDICT_ALLOW},
		{"/app/cache/a/b", "/usr/bin/node", ACCESS_WRITE | ACCESS_CREATE, VERDICT_ALLOW},
		{"/app/cache/a/b", "/usr/bin/node", ACCESS_RENAME, VERDICT_DENY},
		{"/app/cache/a/b", "/bin/sh", ACCESS_WRITE, VERDICT_DENY},
		{"/app/cache/a/b", NULL, ACCESS_WRITE, VERDICT_UNKNOWN},
		{"/app/pid", "/bin/sh", ACCESS_WRITE | ACCESS_APPEND, VERDICT_ALLOW},
		{NULL, "/bin/sh", ACCESS_WRITE, VERDICT_UNKNOWN},
	};
	for (size_t k = 0; k < ARRAY_SIZE(rows); k++) {
		struct event ev = {.kind = KIND_FILE, .access = rows[k].access,
				   .path = str_from(rows[k].path), .path_known = rows[k].path != NULL};
		ev.process = process(rows[k].by);
		assert_int_equal(judge(*state, &ev), rows[k].want);
	}
}

/* What each back end makes of it, and whether it still takes place. */
static void test_backends(void **state)
{
	static const struct { struct event ev; enum verdict fails, signal; enum effect effect; } rows[] = {
		{{.kind = KIND_EXEC, .process = {.path = STR_INIT("/bin/no"), .path_known = true}}, VERDICT_DENY, VERDICT_KILL,
		 EFFECT_PREVENTED},
		{{.kind = KIND_FILE, .path = STR_INIT("/etc/passwd"), .access = ACCESS_WRITE}, VERDICT_DENY, VERDICT_KILL,
		 EFFECT_HAPPENED},
		{{.kind = KIND_FILE, .path = STR_INIT("/etc/passwd"), .access = ACCESS_READ | ACCESS_CREATE}, VERDICT_DENY,
		 VERDICT_KILL, EFFECT_HAPPENED},
		{{.kind = KIND_FILE, .path = STR_INIT("/etc/passwd"), .access = ACCESS_READ | ACCESS_UNLINK}, VERDICT_DENY,
		 VERDICT_ALLOW, EFFECT_HAPPENED},
		{{.kind = KIND_FILE, .path = STR_INIT("/etc/passwd"), .access = ACCESS_CREATE}, VERDICT_DENY, VERDICT_ALLOW,
		 EFFECT_HAPPENED},
		{{.kind = KIND_FILE, .path = STR_INIT("/etc/passwd"), .access = ACCESS_RENAME}, VERDICT_DENY, VERDICT_ALLOW,
		 EFFECT_HAPPENED},
		{{.kind = KIND_GUARD, .guard = STR_INIT("mount")}, VERDICT_DENY, VERDICT_ALLOW, EFFECT_HAPPENED},
		{{.kind = KIND_CONNECT, .address = {.family = 4, .port = 1}, .protocol = 6}, VERDICT_DENY, VERDICT_DENY,
		 EFFECT_PREVENTED},
		{{.kind = KIND_CONNECT, .address = {.family = 4, .bytes = {10, 1}, .port = 53}, .protocol = 136}, VERDICT_DENY,
		 VERDICT_DENY, EFFECT_PREVENTED},
		{{.kind = KIND_FILE, .path = STR_INIT("/tmp/new"), .access = ACCESS_LINK, .tags = TAG_ONE_NAME}, VERDICT_UNKNOWN,
		 VERDICT_ALLOW, EFFECT_HAPPENED},
		{{.kind = KIND_FILE, .path = STR_INIT("/etc/new"), .access = ACCESS_LINK, .tags = TAG_ONE_NAME}, VERDICT_DENY,
		 VERDICT_ALLOW, EFFECT_HAPPENED},
		{{.kind = KIND_FILE, .path = STR_INIT("/etc/passwd"), .access = ACCESS_WRITE, .tags = TAG_NO_OPEN_CALL}, VERDICT_DENY,
		 VERDICT_ALLOW, EFFECT_HAPPENED},
		/* What is written on a mount of no namespace, by whom, and below a root of its own. */
		{{.kind = KIND_FILE, .path = STR_INIT("/f"), .access = ACCESS_WRITE, .tags = TAG_DETACHED}, VERDICT_DENY,
		 VERDICT_KILL, EFFECT_HAPPENED},
		{{.kind = KIND_FILE, .path = STR_INIT("/f"), .access = ACCESS_WRITE, .tags = TAG_DETACHED,
		  .process = {.path = STR_INIT("/usr/sbin/runc"), .path_known = true}}, VERDICT_ALLOW, VERDICT_ALLOW,
		 EFFECT_HAPPENED},
		{{.kind = KIND_FILE, .path = STR_INIT("/f"), .access = ACCESS_WRITE, .tags = TAG_HOST_ROOT_MOVED}, VERDICT_UNKNOWN,
		 VERDICT_UNKNOWN, EFFECT_HAPPENED},
	};
	for (size_t k = 0; k < ARRAY_SIZE(rows); k++) {
		struct event ev = rows[k].ev;
		ev.path_known = ev.kind == KIND_FILE;
		if (!ev.process.path.n)
			ev.process = process("/x");
		ev.parent = process("/x");
		assert_int_equal(judge(*state, &ev), rows[k].fails);
		assert_int_equal(image_judge_by(*state, &ev, TARGET_FMOD_RET).verdict, rows[k].fails);
		struct image_verdict v = image_judge_by(*state, &ev, TARGET_SIGNAL);
		assert_int_equal(v.verdict, rows[k].signal);
		assert_int_equal(v.effect, rows[k].effect);
	}
}

static void test_connect(void **state)
{
	static const struct {
		uint8_t family, bytes[16], protocol;
		uint16_t port;
		const char *by;
		enum verdict want;
	} rows[] = {
		{4, {10, 2, 3, 4}, 6, 5432, "/x", VERDICT_ALLOW},
		{4, {10, 2, 3, 4}, 17, 5432, "/x", VERDICT_DENY},
		{4, {10, 2, 3, 4}, 0, 5432, "/x", VERDICT_UNKNOWN},
		{4, {10, 2, 3, 4}, 6, 53, "/x", VERDICT_DENY},
		{4, {10, 1, 3, 4}, 17, 53, "/x", VERDICT_ALLOW},
		{4, {10, 1, 3, 4}, 6, 5432, "/x", VERDICT_ALLOW},
		{4, {11, 1, 3, 4}, 6, 5432, "/x", VERDICT_DENY},
		{6, {[10] = 0xff, 0xff, 10, 1, 3, 4}, 17, 53, "/x", VERDICT_ALLOW},
		{6, {[10] = 0xff, 0xff, 11, 1, 3, 4}, 17, 53, "/x", VERDICT_DENY},
		{6, {0xfd, 1}, 6, 443, "/usr/bin/node", VERDICT_ALLOW},
		{6, {0xfd, 1}, 6, 443, "/x", VERDICT_DENY},
		{0, {0}, 0, 0, "/x", VERDICT_ALLOW},
	};
	for (size_t k = 0; k < ARRAY_SIZE(rows); k++) {
		struct event ev = {.kind = KIND_CONNECT, .protocol = rows[k].protocol};
		ev.process = process(rows[k].by);
		ev.address = (struct address){.family = rows[k].family, .port = rows[k].port};
		memcpy(ev.address.bytes, rows[k].bytes, 16);
		assert_int_equal(judge(*state, &ev), rows[k].want);
	}
}

static void test_guard(void **state)
{
	static const struct { const char *guard, *by; uint32_t tags; enum verdict want; } rows[] = {
		{"mount", NULL, 0, VERDICT_DENY},
		{"mount", "/usr/bin/runc", 0, VERDICT_ALLOW},
		{"mount", NULL, TAG_MEMFD, VERDICT_ALLOW},
		{"mount", NULL, TAG_DELETED, VERDICT_DENY},
		{"bpf", NULL, 0, VERDICT_DENY},
		{"bpf", "/usr/bin/runc", 0, VERDICT_DENY},
		{"bpf", NULL, TAG_MEMFD, VERDICT_DENY},
		{"ptrace", NULL, 0, VERDICT_ALLOW},
		{"other", NULL, 0, VERDICT_ALLOW},
	};
	for (size_t k = 0; k < ARRAY_SIZE(rows); k++) {
		struct event ev = {.kind = KIND_GUARD, .guard = str_from(rows[k].guard), .tags = rows[k].tags};
		ev.process = process(rows[k].by);
		assert_int_equal(judge(*state, &ev), rows[k].want);
	}
}

static void test_same_bytes(void **state)
{
	CLEANUP_BUF struct buf one = BUF_INIT, two = BUF_INIT;
	(void)state;
	make(&one);
	make(&two);
	assert_true(str_eq(buf_view(&one), buf_view(&two)));
}

static bool loads(struct str bytes)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP(image_free) struct image *i = NULL;
	int err = image_load("t", bytes, &d, &i);
	assert_true(err ? d.errors > 0 && !i : i != NULL);
	return !err;
}

static void test_cut(void **state)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	(void)state;
	make(&b);
	assert_true(loads(buf_view(&b)));
	for (size_t n = 0; n < b.n; n++)
		assert_false(loads((struct str){b.p, n}));
	buf_putc(&b, '\0');
	assert_false(loads(buf_view(&b)));
}

/* Every byte twice: all of it, and one bit, in turn each of the eight. */
static char flip(size_t n)
{
	return (char)(n % 2 ? 0xff : 1 << n / 2 % 8);
}

static void test_flipped(void **state)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	(void)state;
	make(&b);
	for (size_t n = 0; n < 2 * b.n; n++) {
		b.p[n / 2] ^= flip(n);
		assert_false(loads(buf_view(&b)));
		b.p[n / 2] ^= flip(n);
	}
}

/* A forger can make the digest right: every table must still be refused when it makes no sense. */
static void reseal(struct buf *b, size_t digest_at)
{
	uint8_t digest[SHA256_SIZE];
	memset(b->p + digest_at, 0, SHA256_SIZE);
	sha256(b->p, b->n, digest);
	memcpy(b->p + digest_at, digest, SHA256_SIZE);
}

static void test_forged(void **state)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP(image_free) struct image *i = NULL;
	(void)state;
	make(&b);
	assert_int_equal(image_load("t", buf_view(&b), &d, &i), 0);
	const char *at = memmem(b.p, b.n, i->digest, SHA256_SIZE);
	assert_non_null(at);
	size_t digest_at = (size_t)(at - b.p), accepted = 0;
	for (size_t n = 0; n < 2 * b.n; n++) {
		if (n / 2 >= digest_at && n / 2 < digest_at + SHA256_SIZE)
			continue;
		b.p[n / 2] ^= flip(n);
		reseal(&b, digest_at);
		/* Some bits are a choice (a mode, a port): no crash and no out-of-bounds read is what counts. */
		accepted += loads(buf_view(&b));
		b.p[n / 2] ^= flip(n);
	}
	assert_true(accepted > 0);
}

/* Each section shorter than it is, by a byte, by an entry, to nothing: refused although the digest is right. */
static void test_sections_cut(void **state)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP(image_free) struct image *i = NULL;
	(void)state;
	make(&b);
	assert_int_equal(image_load("t", buf_view(&b), &d, &i), 0);
	size_t digest_at = (size_t)((const char *)memmem(b.p, b.n, i->digest, SHA256_SIZE) - b.p);
	Elf64_Ehdr e;
	memcpy(&e, b.p, sizeof(e));
	assert_true(e.e_shnum > IMAGE_MAP_COUNT);
	for (unsigned k = 1; k < e.e_shnum; k++) {
		char *at = b.p + e.e_shoff + (size_t)k * sizeof(Elf64_Shdr);
		Elf64_Shdr h;
		memcpy(&h, at, sizeof(h));
		uint64_t whole = h.sh_size, sizes[] = {whole - 1, whole - whole / 2, whole - 8, 0};
		for (size_t s = 0; s < ARRAY_SIZE(sizes) && h.sh_type != SHT_SYMTAB && h.sh_type != SHT_STRTAB; s++) {
			h.sh_size = sizes[s];
			memcpy(at, &h, sizeof(h));
			reseal(&b, digest_at);
			assert_true(whole == 0 || !loads(buf_view(&b)));
		}
		h.sh_size = whole;
		memcpy(at, &h, sizeof(h));
		reseal(&b, digest_at);
		assert_true(loads(buf_view(&b)));
	}
}

static void test_format(void **state)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct image *i = NULL;
	(void)state;
	make(&b);
	/* The first note's content: header 12 bytes, owner 12. */
	b.p[sizeof(Elf64_Ehdr) + 24] = IMAGE_FORMAT + 1;
	assert_int_equal(image_load("t", buf_view(&b), &d, &i), -EINVAL);
	assert_non_null(strstr(d.v[0].message, "has format 3, this version reads 2"));
}

static void test_libbpf_opens(void **state)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	(void)state;
	make(&b);
	struct bpf_object *o = bpf_object__open_mem(b.p, b.n, NULL);
	assert_int_equal(libbpf_get_error(o), 0);
	for (int m = 0; m < IMAGE_MAP_COUNT; m++) {
		const struct image_map_row *row = image_map_row(m);
		const struct bpf_map *map = bpf_object__find_map_by_name(o, row->name);
		assert_non_null(map);
		assert_int_equal(bpf_map__type(map), row->type);
		assert_int_equal(bpf_map__key_size(map), row->key_size);
		assert_int_equal(bpf_map__value_size(map), row->value_size);
		assert_int_equal(bpf_map__map_flags(map), row->flags);
	}
	bpf_object__close(o);
}

static void test_find_path(void **state)
{
	const struct image *i = *state;
	assert_non_null(image_find_path(i, STR("/app/scripts/")));
	assert_null(image_find_path(i, STR("/app/scripts")));
	assert_null(image_find_path(i, STR("")));
}

static int set_up(void **state)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	make(&b);
	int err = image_load("t", buf_view(&b), &d, (struct image **)state);
	diag_print(&d);
	return err;
}

static int tear_down(void **state)
{
	image_free(*state);
	return 0;
}

/* Every set of slashes, among bytes that differ from one by a bit or a carry. */
static void test_folders(void **state)
{
	(void)state;
	static const unsigned char others[] = {0, '.', '0', 0xaf, 0xff, 0x2e, 0x6f, 1};
	for (unsigned set = 0; set < 256; set++)
		for (size_t o = 0; o < ARRAY_SIZE(others); o++) {
			uint64_t word = 0;
			for (unsigned k = 0; k < 8; k++)
				word |= (uint64_t)(set >> k & 1 ? '/' : others[(o + k) % ARRAY_SIZE(others)]) << 8 * k;
			assert_int_equal(match_folders(word), set);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exec),       cmocka_unit_test(test_file),
		cmocka_unit_test(test_connect), cmocka_unit_test(test_backends),    cmocka_unit_test(test_guard),
		cmocka_unit_test(test_same_bytes), cmocka_unit_test(test_cut),
		cmocka_unit_test(test_flipped),    cmocka_unit_test(test_forged),
		cmocka_unit_test(test_format),     cmocka_unit_test(test_find_path),     cmocka_unit_test(test_folders),
		cmocka_unit_test(test_libbpf_opens), cmocka_unit_test(test_sections_cut),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
