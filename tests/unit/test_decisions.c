/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Decision tables: one case a line in tests/replay/NAME.tests,
 *	policy | target | event | verdict [effect] [early] [monitor] [error=N] [| what the explanation says]
 * with the policies in tests/replay/policies. "none": the event reaches no hook. The event is
 *	exec|file|connect|inventory KEY=VALUE...     or     hook SECTION NAME KEY=VALUE...
 * by= and path= take "-" for an image without path and "?" for one that is not told; number=, string=, file= are
 * a hook line's arguments, in order.
 */
#include <arpa/inet.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "compiler/eval.h"
#include "schema/base/io.h"

enum { MAX_ARGS = 8, FILE_LIMIT = 1 << 20 };

struct scene {
	struct event ev;
	struct arg args[MAX_ARGS];
	char labels[128];
};

static void image(struct process *p, struct str text)
{
	p->path_known = !str_eq(text, STR("?"));
	if (p->path_known && !str_eq(text, STR("-")))
		p->path = str_eq(text, STR("/tmp/x(deleted)")) ? STR("/tmp/x (deleted)") : text;
}

static void accesses(struct event *ev, struct str list)
{
	while (list.n) {
		const char *comma = memchr(list.p, ',', list.n);
		struct str one = {list.p, comma ? (size_t)(comma - list.p) : list.n};
		int bit = access_from(one);
		assert_true(bit >= 0);
		ev->access |= 1u << bit;
		list = str_skip(list, one.n + 1);
	}
}

static void address(struct event *ev, struct str text)
{
	char copy[64];
	snprintf(copy, sizeof(copy), STR_FMT, STR_ARG(text));
	ev->address.family = strchr(copy, ':') ? 6 : 4;
	assert_int_equal(inet_pton(ev->address.family == 6 ? AF_INET6 : AF_INET, copy, ev->address.bytes), 1);
}

static void argument(struct scene *s, enum arg_kind kind, struct str value)
{
	assert_true(s->ev.nargs < MAX_ARGS);
	struct arg *a = &s->args[s->ev.nargs++];
	*a = (struct arg){.kind = kind, .text = value};
	if (kind == ARG_INT)
		assert_int_equal(str_to_i64(value, 10, &a->number), 0);
	s->ev.args = s->args;
}

static int64_t integer(struct str s)
{
	int64_t n;
	assert_int_equal(str_to_i64(s, 10, &n), 0);
	return n;
}

static void set(struct scene *s, struct str key, struct str value)
{
	struct event *ev = &s->ev;
	bool exec = ev->kind == KIND_EXEC;
	if (str_eq(key, STR("by"))) {
		image(exec ? &ev->parent : &ev->process, value);
	} else if (str_eq(key, STR("path")) && exec) {
		image(&ev->process, value);
	} else if (str_eq(key, STR("path"))) {
		ev->path = value;
		ev->path_known = true;
	} else if (str_eq(key, STR("script"))) {
		ev->tags |= TAG_SCRIPT;
		ev->path = value;
		ev->path_known = true;
	} else if (str_eq(key, STR("access"))) {
		accesses(ev, value);
	} else if (str_eq(key, STR("address"))) {
		address(ev, value);
	} else if (str_eq(key, STR("port"))) {
		ev->address.port = (uint16_t)integer(value);
	} else if (str_eq(key, STR("unix"))) {
		ev->unix_path = value;
	} else if (str_eq(key, STR("pod"))) {
		ev->process.pod.namespace = value;
	} else if (str_eq(key, STR("app"))) {
		snprintf(s->labels, sizeof(s->labels), "{\"app\":\"" STR_FMT "\"}", STR_ARG(value));
		ev->process.pod.labels = str_from(s->labels);
	} else if (str_eq(key, STR("docker"))) {
		ev->process.docker = value;
	} else if (str_eq(key, STR("cgroup"))) {
		ev->process.cgroup = value;
	} else if (str_eq(key, STR("number"))) {
		argument(s, ARG_INT, value);
	} else if (str_eq(key, STR("string"))) {
		argument(s, ARG_STRING, value);
	} else if (str_eq(key, STR("file"))) {
		argument(s, ARG_FILE, value);
	} else {
		fail_msg("unknown key " STR_FMT, STR_ARG(key));
	}
}

static struct str next_word(struct str *rest)
{
	while (rest->n && rest->p[0] == ' ')
		*rest = str_skip(*rest, 1);
	const char *end = rest->n ? memchr(rest->p, ' ', rest->n) : NULL;
	struct str word = {rest->p, end ? (size_t)(end - rest->p) : rest->n};
	*rest = str_skip(*rest, word.n);
	return word;
}

static void describe(struct scene *s, struct str text)
{
	static const struct {
		struct str name;
		enum hook_section section;
	} sections[] = {{STR_INIT("kprobe"), HOOK_KPROBE}, {STR_INIT("lsm"), HOOK_LSM},
			{STR_INIT("tracepoint"), HOOK_TRACEPOINT}};
	struct str kind = next_word(&text);
	s->ev = (struct event){.count = 1, .kind = KIND_HOOK};
	if (str_eq(kind, STR("hook"))) {
		struct str section = next_word(&text);
		for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
			if (str_eq(sections[i].name, section))
				s->ev.section = sections[i].section;
		s->ev.hook = next_word(&text);
		s->ev.policy = STR("recorded");
	} else if (str_eq(kind, STR("inventory"))) {
		s->ev.kind = KIND_EXEC;
		s->ev.tags = TAG_INVENTORY;
	} else {
		int k = kind_from(kind);
		assert_true(k >= 0);
		s->ev.kind = (enum kind)k;
	}
	s->ev.has_parent = s->ev.kind == KIND_EXEC;
	/* A line written by us has whole paths and no policy name. */
	if (str_eq(s->ev.hook, STR("security_path_unlink")))
		s->ev.policy = (struct str){NULL, 0};
	for (struct str word = next_word(&text); word.n; word = next_word(&text)) {
		const char *equals = memchr(word.p, '=', word.n);
		assert_non_null(equals);
		struct str key = {word.p, (size_t)(equals - word.p)};
		set(s, key, str_skip(word, key.n + 1));
	}
}

static void told(const struct judgement *j, size_t n, struct buf *b)
{
	if (!n) {
		buf_puts(b, "none");
		return;
	}
	const struct judgement *worst = &j[0];
	for (size_t i = 1; i < n; i++)
		if (j[i].verdict > worst->verdict)
			worst = &j[i];
	buf_printf(b, "%s %s%s%s error=%d", verdict_name(worst->verdict),
		   effect_name(worst->effect),
		   worst->before_first_instruction ? " early" : "", worst->monitor ? " monitor" : "", worst->error);
}

static bool has_word(struct str text, struct str wanted)
{
	for (struct str word = next_word(&text); word.n; word = next_word(&text))
		if (str_eq(word, wanted))
			return true;
	return false;
}

static bool run_case(const char *file, unsigned line, struct str fields[5])
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct target target;
	CLEANUP_FREE char *target_text = xstrndup(fields[1].p, fields[1].n);
	assert_int_equal(target_parse(target_text, &d, &target), 0);
	CLEANUP_FREE char *name = xasprintf("tests/replay/policies/" STR_FMT ".yaml", STR_ARG(fields[0]));
	struct policy **policies = NULL;
	size_t n = 0;
	if (policies_read(name, &d, &policies, &n) < 0 || n != 1) {
		diag_print(&d);
		fail_msg("%s:%u: cannot read %s", file, line, name);
	}
	CLEANUP(engine_free) struct engine *e = engine_new(policies, n, &target);
	struct scene scene = {0};
	describe(&scene, fields[2]);
	const struct judgement *j;
	size_t nj = engine_judge(e, &scene.ev, &j);
	CLEANUP_BUF struct buf got = BUF_INIT;
	told(j, nj, &got);
	bool good = true;
	struct str wanted = fields[3];
	for (struct str word = next_word(&wanted); word.n; word = next_word(&wanted))
		good &= has_word(buf_view(&got), word);
	good &= has_word(fields[3], STR("early")) == has_word(buf_view(&got), STR("early"));
	CLEANUP_BUF struct buf explained = BUF_INIT;
	for (size_t i = 0; i < nj; i++)
		engine_explain(e, &j[i], &explained);
	if (fields[4].n && !(explained.n && memmem(explained.p, explained.n, fields[4].p, fields[4].n))) {
		printf("%s:%u: explained as: %s\n", file, line, explained.n ? explained.p : "nothing");
		good = false;
	}
	if (!good)
		printf("%s:%u: " STR_FMT " | " STR_FMT "\n\twanted " STR_FMT ", got %s (%s)\n", file, line,
		       STR_ARG(fields[0]), STR_ARG(fields[2]), STR_ARG(fields[3]), got.p, nj ? j[0].why : "");
	policy_free(policies[0]);
	free(policies);
	return good;
}

static struct str trim(struct str s)
{
	while (s.n && s.p[0] == ' ')
		s = str_skip(s, 1);
	while (s.n && s.p[s.n - 1] == ' ')
		s.n--;
	return s;
}

static unsigned run_file(const char *file, unsigned *ret_cases)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	assert_int_equal(read_file(file, FILE_LIMIT, &text), 0);
	struct str rest = buf_view(&text);
	unsigned bad = 0;
	for (unsigned line = 1; rest.n; line++) {
		const char *end = memchr(rest.p, '\n', rest.n);
		struct str l = {rest.p, end ? (size_t)(end - rest.p) : rest.n};
		rest = str_skip(rest, l.n + 1);
		if (!l.n || l.p[0] == '#')
			continue;
		struct str fields[5] = {{0}};
		for (size_t i = 0; i < 5; i++) {
			const char *bar = l.n ? memchr(l.p, '|', l.n) : NULL;
			fields[i] = trim((struct str){l.p, bar ? (size_t)(bar - l.p) : l.n});
			l = str_skip(l, bar ? (size_t)(bar - l.p) + 1 : l.n);
		}
		bad += !run_case(file, line, fields);
		++*ret_cases;
	}
	return bad;
}

static void tables(void **state)
{
	(void)state;
	glob_t files;
	unsigned bad = 0, cases = 0;
	assert_int_equal(glob("tests/replay/*.tests", 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++)
		bad += run_file(files.gl_pathv[i], &cases);
	globfree(&files);
	printf("%u cases\n", cases);
	assert_true(cases > 0);
	assert_int_equal(bad, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(tables)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
