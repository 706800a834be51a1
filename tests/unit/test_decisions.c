/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Decision tables: one case a line in tests/replay/NAME.tests,
 *	policy | target | event | verdict [effect] [early] [monitor] [error=N] [| what the explanation says]
 * with the policies in tests/replay/policies, or one written out, of one selector:
 *	SECTION CALL(INDEX TYPE [RESOLVE], ...) [N OPERATOR VALUE...]... [{FIELD: ...; FIELD: ...}] [-> ACTION[:NUMBER]...]
 * N is the place in the list of arguments, iN an index; without actions it is Sigkill; or its spec in braces, the namespace before them of one that
 * has one. <N*TEXT> stands for N times TEXT. "none": the event reaches no hook. The event is
 *	exec|file|connect|inventory KEY=VALUE...     or     hook SECTION NAME KEY=VALUE...
 * by= and path= take "-" for an image without path and "?" for one that is not told; call=execve: by that call, of a native program; returned=: what the call did. A hook line's arguments, in order: number=
 * (an int), long=, caps=, string=, bytes=, file=, folder= (a path), failed=, sockaddr=FAMILY,ADDRESS,PORT, unixaddr=PATH, sock= and skb=FAMILY,SOURCE,PORT,
 * DESTINATION,PORT,PROTOCOL,STATE of which "" is not told; type=X makes X the first letter of the mode of the file before it.
 */
#include <arpa/inet.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "compiler/eval/eval.h"
#include "schema/base/io.h"

enum { MAX_ARGS = 8, FILE_LIMIT = 1 << 20 };

struct scene {
	struct event ev;
	struct arg args[MAX_ARGS];
	char labels[128], mode[16];
	bool execve;            /* the stream tells execve from execveat, and that programs are native */
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

static int64_t integer(struct str s)
{
	int64_t n;
	assert_int_equal(str_to_i64(s, 10, &n), 0);
	return n;
}

static struct str next_item(struct str *rest)
{
	const char *comma = rest->n ? memchr(rest->p, ',', rest->n) : NULL;
	struct str item = {rest->p, comma ? (size_t)(comma - rest->p) : rest->n};
	*rest = str_skip(*rest, item.n + 1);
	return item;
}

static void end_of(struct str *rest, struct address *ret)
{
	char copy[64];
	struct str host = next_item(rest), port = next_item(rest);
	snprintf(copy, sizeof(copy), STR_FMT, STR_ARG(host));
	ret->family = inet_pton(AF_INET, copy, ret->bytes) == 1 ? 4 : inet_pton(AF_INET6, copy, ret->bytes) == 1 ? 6 : 0;
	ret->port = (uint16_t)(port.n ? integer(port) : 0);
}

static void socket_argument(struct arg *a, struct str value)
{
	a->text = (struct str){NULL, 0};
	a->family = next_item(&value);
	if (a->kind != ARG_SOCKADDR)
		end_of(&value, &a->source);
	end_of(&value, &a->dest);
	a->protocol = next_item(&value);
	a->state = next_item(&value);
}

/* False: KEY is no argument's. */
static bool argument(struct scene *s, struct str key, struct str value)
{
	static const struct {
		struct str key;
		enum arg_kind kind;
	} kinds[] = {{STR_INIT("number"), ARG_INT}, {STR_INIT("long"), ARG_LONG}, {STR_INIT("string"), ARG_STRING},
		     {STR_INIT("file"), ARG_FILE}, {STR_INIT("folder"), ARG_PATH}, {STR_INIT("failed"), ARG_ERROR},
		     {STR_INIT("caps"), ARG_CAPS}, {STR_INIT("bytes"), ARG_BYTES}, {STR_INIT("sockaddr"), ARG_SOCKADDR}, {STR_INIT("sock"), ARG_SOCK},
		     {STR_INIT("skb"), ARG_SKB}, {STR_INIT("unixaddr"), ARG_SOCKADDR_UN}};
	size_t i = 0;
	while (i < ARRAY_SIZE(kinds) && !str_eq(kinds[i].key, key))
		i++;
	if (i == ARRAY_SIZE(kinds))
		return false;
	assert_true(s->ev.nargs < MAX_ARGS);
	struct arg *a = &s->args[s->ev.nargs++];
	*a = (struct arg){.kind = kinds[i].kind, .text = value};
	s->ev.args = s->args;
	if (a->kind == ARG_INT || a->kind == ARG_LONG)
		a->number = integer(value);
	else if (a->kind == ARG_SOCKADDR || a->kind == ARG_SOCK || a->kind == ARG_SKB)
		socket_argument(a, value);
	else if (a->kind == ARG_SOCKADDR_UN)
		a->family = STR("AF_UNIX");
	else if (a->kind == ARG_CAPS)
		a->type = STR("cap_effective_arg");
	return true;
}

static void mode_of(struct scene *s, struct str letter)
{
	assert_true(s->ev.nargs > 0);
	snprintf(s->mode, sizeof(s->mode), STR_FMT "rw-------", STR_ARG(letter));
	s->args[s->ev.nargs - 1].permission = str_from(s->mode);
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
	} else if (str_eq(key, STR("typed"))) {
		ev->process.filename = value;
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
	} else if (str_eq(key, STR("container"))) {
		ev->process.pod.container_name = value;
	} else if (str_eq(key, STR("image"))) {
		ev->process.pod.image = value;
	} else if (str_eq(key, STR("docker"))) {
		ev->process.docker = value;
	} else if (str_eq(key, STR("cgroup"))) {
		ev->process.cgroup = value;
	} else if (str_eq(key, STR("pid"))) {
		ev->process.pid = (uint32_t)integer(value);
	} else if (str_eq(key, STR("returned"))) {
		ev->has_returned = true;
		ev->returned = integer(value);
	} else if (str_eq(key, STR("call"))) {
		s->execve = str_eq(value, STR("execve"));
	} else if (str_eq(key, STR("type"))) {
		mode_of(s, value);
	} else if (!argument(s, key, value)) {
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

/* ---- policies that are written out ---- */

static struct str until(struct str *rest, char end)
{
	const char *at = rest->n ? memchr(rest->p, end, rest->n) : NULL;
	struct str s = {rest->p, at ? (size_t)(at - rest->p) : rest->n};
	*rest = str_skip(*rest, s.n + 1);
	return s;
}

static void written_hook(struct str section, struct str call, struct buf *b)
{
	struct str rest = call, subsystem = until(&rest, '/');
	if (str_eq(section, STR("lsm")))
		buf_printf(b, "  lsmhooks:\n  - hook: " STR_FMT "\n", STR_ARG(call));
	else if (str_eq(section, STR("tracepoint")))
		buf_printf(b, "  tracepoints:\n  - subsystem: " STR_FMT "\n    event: " STR_FMT "\n    raw: %s\n", STR_ARG(subsystem),
			   STR_ARG(rest), str_starts(call, STR("sched/")) ? "true" : "false");
	else
		buf_printf(b, "  kprobes:\n  - call: " STR_FMT "\n    syscall: %s\n", STR_ARG(call),
			   str_starts(call, STR("sys_")) ? "true" : "false");
}

static void written_args(struct str list, struct buf *b)
{
	buf_puts(b, list.n ? "    args:\n" : "");
	while (list.n) {
		struct str one = next_item(&list), index = next_word(&one), type = next_word(&one);
		struct str resolve = next_word(&one);
		buf_printf(b, "    - {index: " STR_FMT ", type: " STR_FMT, STR_ARG(index), STR_ARG(type));
		if (resolve.n)
			buf_printf(b, ", resolve: \"" STR_FMT "\"", STR_ARG(resolve));
		buf_puts(b, "}\n");
	}
}

static void written_filters(struct str *rest, struct buf *b)
{
	buf_puts(b, "      matchArgs: [");
	for (bool first = true; rest->n && rest->p[0] == '['; first = false) {
		*rest = str_skip(*rest, 1);
		struct str one = until(rest, ']'), at = next_word(&one), op = next_word(&one);
		bool index = at.n && at.p[0] == 'i';
		buf_printf(b, "%s{%s: %s" STR_FMT "%s, operator: " STR_FMT ", values: [", first ? "" : ", ", index ? "index" : "args",
			   index ? "" : "[", STR_ARG(index ? str_skip(at, 1) : at), index ? "" : "]", STR_ARG(op));
		for (struct str v = next_word(&one); v.n; v = next_word(&one))
			buf_printf(b, "\"" STR_FMT "\"%s", STR_ARG(v), one.n ? ", " : "");
		buf_puts(b, "]}");
		while (rest->n && rest->p[0] == ' ')
			*rest = str_skip(*rest, 1);
	}
	buf_puts(b, "]\n");
}

static void written_actions(struct str rest, struct buf *b)
{
	buf_puts(b, "      matchActions:\n");
	if (!rest.n)
		rest = STR("Sigkill");
	for (struct str word = next_word(&rest); word.n; word = next_word(&rest)) {
		struct str number = word, name = until(&number, ':');
		buf_printf(b, "      - {action: " STR_FMT, STR_ARG(name));
		if (number.n)
			buf_printf(b, ", %s: " STR_FMT, str_eq(name, STR("Signal")) ? "argSig" : "argError", STR_ARG(number));
		buf_puts(b, "}\n");
	}
}

static void written_head(struct str namespace, struct buf *b)
{
	buf_printf(b, "apiVersion: cilium.io/v1alpha1\nkind: TracingPolicy%s\nmetadata: {name: written", namespace.n ? "Namespaced" : "");
	if (namespace.n)
		buf_printf(b, ", namespace: " STR_FMT, STR_ARG(namespace));
	buf_puts(b, "}\nspec:\n");
}

static void written_policy(struct str text, struct buf *b)
{
	struct str section = next_word(&text), call = until(&text, '('), args = until(&text, ')');
	call = next_word(&call);
	written_head((struct str){NULL, 0}, b);
	written_hook(section, call, b);
	written_args(args, b);
	while (text.n && text.p[0] == ' ')
		text = str_skip(text, 1);
	buf_puts(b, "    selectors:\n    -\n");
	written_filters(&text, b);
	const char *arrow = text.n ? memmem(text.p, text.n, "->", 2) : NULL;
	struct str fields = {text.p, arrow ? (size_t)(arrow - text.p) : text.n};
	if (fields.n && fields.p[0] == '{') {
		const char *end = memrchr(fields.p, '}', fields.n);
		assert_non_null(end);
		fields = (struct str){fields.p + 1, (size_t)(end - fields.p) - 1};
		for (struct str one = until(&fields, ';'); one.n; one = until(&fields, ';'))
			buf_printf(b, "      " STR_FMT "\n", STR_ARG(str_skip(one, one.p[0] == ' ')));
	}
	written_actions(arrow ? str_skip(text, (size_t)(arrow - text.p) + 2) : (struct str){NULL, 0}, b);
}

static int read_policy(struct str field, struct diag *d, struct policy ***ret, size_t *ret_n)
{
	const char *brace = field.n ? memchr(field.p, '{', field.n) : NULL;
	const char *paren = field.n ? memchr(field.p, '(', field.n) : NULL;
	if (brace || paren) {
		CLEANUP_BUF struct buf yaml = BUF_INIT;
		size_t before = brace ? (size_t)(brace - field.p) : 0;
		if (brace && (!paren || brace < paren)) {
			written_head((struct str){field.p, before}, &yaml);
			buf_printf(&yaml, "  " STR_FMT "\n", STR_ARG(str_skip(field, before)));
		} else {
			written_policy(field, &yaml);
		}
		return policies_parse("written", buf_view(&yaml), d, ret, ret_n);
	}
	CLEANUP_FREE char *name = xasprintf("tests/replay/policies/" STR_FMT ".yaml", STR_ARG(field));
	return policies_read(name, d, ret, ret_n);
}

static void tell_calls(struct engine *e)
{
	struct event execveat = {.kind = KIND_HOOK, .section = HOOK_KPROBE, .hook = STR_INIT("sys_execveat"),
				 .policy = STR_INIT("recorded"), .process.exec_id = STR_INIT("other")};
	engine_records(e, &execveat);
	engine_compat(e, (struct str){NULL, 0});
}

static bool run_case(const char *file, unsigned line, struct str fields[5])
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct target target;
	CLEANUP_FREE char *target_text = xstrndup(fields[1].p, fields[1].n);
	assert_int_equal(target_parse(target_text, &d, &target), 0);
	struct policy **policies = NULL;
	size_t n = 0;
	if (read_policy(fields[0], &d, &policies, &n) < 0 || n != 1) {
		diag_print(&d);
		fail_msg("%s:%u: cannot read " STR_FMT, file, line, STR_ARG(fields[0]));
	}
	CLEANUP(engine_free) struct engine *e = engine_new(policies, n, &target);
	struct scene scene = {0};
	describe(&scene, fields[2]);
	if (scene.execve)
		tell_calls(e);
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

/* <N*TEXT>, N times. */
static void repeated(struct str line, struct buf *b)
{
	for (size_t i = 0; i < line.n; i++) {
		uint64_t times = 0;
		size_t at = i + 1;
		while (line.p[i] == '<' && at < line.n && line.p[at] >= '0' && line.p[at] <= '9')
			times = times * 10 + (uint64_t)(line.p[at++] - '0');
		if (!times || at >= line.n || line.p[at] != '*') {
			buf_putc(b, line.p[i]);
			continue;
		}
		struct str rest = str_skip(line, at + 1), text = until(&rest, '>');
		for (uint64_t k = 0; k < times; k++)
			buf_str(b, text);
		i = at + 1 + text.n;
	}
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
		CLEANUP_BUF struct buf whole = BUF_INIT;
		repeated(l, &whole);
		l = buf_view(&whole);
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
