/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The last event's hits are still there: each is put once more to the hooks at its site, filter by filter, and what was compared is
 * written down. It asks the same functions that judged, so it cannot tell another story.
 */
#include "compiler/eval/eval_trace.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "compiler/eval/eval_hit.h"

struct tracer {
	struct engine *e;
	struct arena *arena;
	struct trace *out;
	const struct compiled_hook *hook;
	const struct hit *hit;
	int selector;
	struct buf words;
};

const char *trace_answer_name(enum trace_answer a)
{
	static const char *const names[] = {"no", "yes", "unknown", "not-asked"};
	return names[a];
}

static enum trace_answer answer_of(enum tri t)
{
	static const enum trace_answer answers[] = {[TRI_NO] = TRACE_NO, [TRI_YES] = TRACE_YES, [TRI_UNKNOWN] = TRACE_UNKNOWN};
	return answers[t];
}

/* Takes the words gathered. */
static struct trace_step *step(struct tracer *t, enum trace_kind kind, enum trace_answer answer)
{
	struct trace_step *s = ARENA_PUSH(t->arena, t->out->v, t->out->n);
	*s = (struct trace_step){.kind = kind, .answer = answer, .policy = t->hook->policy, .hook = t->hook->hook,
				 .selector = t->selector, .words = arena_str(t->arena, buf_view(&t->words))};
	buf_clear(&t->words);
	return s;
}

/* ---- filters ---- */

static struct str number_text(struct tracer *t, int64_t n)
{
	return str_from(arena_printf(t->arena, "%lld", (long long)n));
}

/* As a value of its type is written; syscall64 marks the numbers of the 32-bit ABI. */
static struct str typed_number(struct tracer *t, const struct slot *s, enum policy_type type)
{
	int64_t n = eval_narrow(s->low, type);
	if (type == TYPE_SYSCALL64 && s->compat)
		n |= INT64_C(1) << 31;
	bool is_unsigned = type == TYPE_UINT64 || type == TYPE_ULONG || type == TYPE_SYSCALL64;
	return is_unsigned ? str_from(arena_printf(t->arena, "%llu", (unsigned long long)n)) : number_text(t, n);
}

static struct str address_of(struct tracer *t, const struct address *a)
{
	char space[INET6_ADDRSTRLEN];
	if (a->family != 4 && a->family != 6)
		return (struct str){NULL, 0};
	const char *p = inet_ntop(a->family == 6 ? AF_INET6 : AF_INET, a->bytes, space, sizeof(space));
	return arena_str(t->arena, str_from(p));
}

/* What the event has, as the filter's list would write it. */
static struct str compared(struct tracer *t, const struct arg_test *test)
{
	static const struct str none = {NULL, 0};
	const struct slot *s = eval_slot(test, t->hit);
	if (!s || !s->known)
		return none;
	switch (test->class) {
	case CLASS_PATH:
	case CLASS_STRING:
	case CLASS_UNIX:
		return arena_str(t->arena, s->text);
	case CLASS_NUMBER:
		return s->low == s->high ? typed_number(t, s, test->arg->type) : none;
	case CLASS_ADDRESS:
	case CLASS_SOCKET:
		switch (test->op) {
		case OPERATOR_SADDR:
		case OPERATOR_NOT_SADDR:
			return address_of(t, test->class == CLASS_SOCKET && s->arg ? &s->arg->source : &s->address);
		case OPERATOR_DADDR:
		case OPERATOR_NOT_DADDR:
			return address_of(t, &s->address);
		case OPERATOR_DPORT:
		case OPERATOR_NOT_DPORT:
			return number_text(t, s->address.port);
		case OPERATOR_SPORT:
		case OPERATOR_NOT_SPORT:
			return number_text(t, test->class == CLASS_SOCKET && s->arg ? s->arg->source.port : s->address.port);
		default:
			return none;
		}
	case CLASS_NONE:
		return none;
	}
	return none;
}

/* What a further filter would name to let just this pass by. Of both ends of a connection the one that the filter is about. */
static void exception(struct tracer *t, const struct arg_test *test, struct trace_step *s)
{
	static const struct {
		enum policy_operator op, except;
	} ends[] = {
		{OPERATOR_SPORT, OPERATOR_NOT_SPORT}, {OPERATOR_SPORT_PRIV, OPERATOR_NOT_SPORT},
		{OPERATOR_NOT_SPORT, OPERATOR_NOT_SPORT}, {OPERATOR_NOT_SPORT_PRIV, OPERATOR_NOT_SPORT},
		{OPERATOR_DPORT, OPERATOR_NOT_DPORT}, {OPERATOR_DPORT_PRIV, OPERATOR_NOT_DPORT},
		{OPERATOR_NOT_DPORT, OPERATOR_NOT_DPORT}, {OPERATOR_NOT_DPORT_PRIV, OPERATOR_NOT_DPORT},
		{OPERATOR_SADDR, OPERATOR_NOT_SADDR}, {OPERATOR_NOT_SADDR, OPERATOR_NOT_SADDR},
	};
	const struct slot *slot = eval_slot(test, t->hit);
	if (test->data || !slot || !slot->known)
		return;
	struct arg_test other = *test;
	other.op = test->class == CLASS_ADDRESS ? OPERATOR_NOT_SADDR : test->class == CLASS_SOCKET ? OPERATOR_NOT_DADDR : OPERATOR_NOT_EQUAL;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (ends[i].op == test->op)
			other.op = ends[i].except;
	s->arg = test->arg;
	s->except = other.op;
	s->excepted = compared(t, &other);
}

static void list_words(struct tracer *t, const struct strs *values)
{
	enum { SHOWN = 4 };
	for (size_t i = 0; i < values->n && i < SHOWN; i++) {
		buf_puts(&t->words, i ? ", " : " ");
		buf_str(&t->words, values->v[i]);
	}
	if (values->n > SHOWN)
		buf_printf(&t->words, " and %zu more", values->n - SHOWN);
}

static void trace_test(struct tracer *t, const struct arg_test *test)
{
	const char *why = NULL;
	enum tri answer = eval_test(test, t->hit, &why);
	struct str value = compared(t, test);
	CLEANUP_BUF struct buf said = BUF_INIT;
	if (test->data)
		buf_printf(&t->words, "data of " STR_FMT, STR_ARG(test->arg->source));
	else
		buf_printf(&t->words, "argument %u", test->arg->index);
	buf_printf(&t->words, " (%s) %s", type_name(test->arg->type), operator_name(test->op));
	eval_explain_test(test, t->hit, &said);
	if (answer == TRI_UNKNOWN) {
		buf_printf(&t->words, ": %s", why);
	} else if (said.n) {
		buf_puts(&t->words, ": ");
		buf_str(&t->words, buf_view(&said));
	} else {
		list_words(t, test->table->written);
		buf_puts(&t->words, value.n ? ": it is " : "");
		buf_str(&t->words, value);
	}
	struct trace_step *s = step(t, TRACE_FILTER, answer_of(answer));
	s->values = test->table->written;
	s->op = test->op;
	s->value = value;
	exception(t, test, s);
}

static void trace_binaries(struct tracer *t, const struct binary_test *test)
{
	const char *why = NULL;
	enum tri answer = eval_binaries(t->e, test, &t->hit->record, &why);
	CLEANUP_BUF struct buf said = BUF_INIT;
	eval_explain_binaries(t->e, test, t->hit, &said);
	buf_printf(&t->words, "matchBinaries %s: ", operator_name(test->op));
	if (answer == TRI_UNKNOWN)
		buf_puts(&t->words, why);
	else
		buf_str(&t->words, buf_view(&said));
	struct trace_step *s = step(t, TRACE_FILTER, answer_of(answer));
	s->values = test->written;
	s->op = test->op;
	s->process = s->program = true;
	s->value = t->hit->record.known ? arena_str(t->arena, t->hit->record.path) : (struct str){NULL, 0};
}

/* Asked alone, as a selector that holds nothing else. */
static struct trace_step *trace_alone(struct tracer *t, const struct compiled_selector *only, const char *name)
{
	const char *why = NULL;
	enum tri answer = eval_process(t->e, only, t->hit, &why);
	buf_puts(&t->words, name);
	if (answer == TRI_UNKNOWN && !str_starts(str_from(why), str_from(name)))
		buf_printf(&t->words, ": %s", why);
	struct trace_step *s = step(t, TRACE_FILTER, answer_of(answer));
	s->process = true;
	return s;
}

/* What stands in their lists is told, as edits are made of it. */
static void trace_pids(struct tracer *t, const struct pid_filter *f)
{
	struct trace_step *s = trace_alone(t, &(struct compiled_selector){.pids = f}, "matchPIDs");
	uint32_t pid = f->namespace_pid ? t->hit->record.container_pid : t->hit->record.pid;
	s->pids = f;
	s->op = f->op;
	s->value = pid ? number_text(t, pid) : (struct str){NULL, 0};
}

static void trace_namespace(struct tracer *t, const struct namespace_test *test)
{
	struct trace_step *s = trace_alone(t, &(struct compiled_selector){.namespaces = test, .nnamespaces = 1}, "matchNamespaces");
	s->values = test->written;
	s->op = test->op;
	s->value = eval_namespace_value(t->e, test, t->hit, t->arena);
}

static void trace_capabilities(struct tracer *t, const struct capability_test *test)
{
	struct trace_step *s = trace_alone(t, &(struct compiled_selector){.capabilities = test}, "matchCapabilities");
	s->values = test->written;
	s->op = test->op;
	s->value = eval_capability_value(t->e, test, t->hit);
}

static void trace_process_filters(struct tracer *t, const struct compiled_selector *s)
{
	if (s->binaries)
		trace_binaries(t, s->binaries);
	if (s->parent_binaries)
		trace_alone(t, &(struct compiled_selector){.parent_binaries = s->parent_binaries}, "matchParentBinaries");
	if (s->pids)
		trace_pids(t, s->pids);
	for (size_t i = 0; i < s->nnamespaces; i++)
		trace_namespace(t, &s->namespaces[i]);
	if (s->capabilities)
		trace_capabilities(t, s->capabilities);
	if (s->namespace_changes)
		trace_alone(t, &(struct compiled_selector){.namespace_changes = s->namespace_changes}, "matchNamespaceChanges");
	if (s->capability_changes)
		trace_alone(t, &(struct compiled_selector){.capability_changes = s->capability_changes}, "matchCapabilityChanges");
}

/* ---- selectors ---- */

/* Later filters of a selector that does not match were not looked at, but people want to see what they hold: all are asked. */
static enum trace_answer trace_selector(struct tracer *t, const struct compiled_selector *s)
{
	const char *why;
	enum tri answer = eval_selector(t->e, s, t->hit, &why);
	size_t at = t->out->n;
	step(t, TRACE_SELECTOR, answer_of(answer));
	if (s->nworkloads) {
		enum tri in = eval_workloads(t->e, s);
		buf_puts(&t->words, "matchWorkloads");
		step(t, TRACE_FILTER, answer_of(in))->process = true;
	}
	trace_process_filters(t, s);
	for (size_t i = 0; i < s->ntests; i++)
		trace_test(t, &s->tests[i]);
	const char *text = s->never ? arena_printf(t->arena, "it %s: never applied", s->never)
			   : answer == TRI_UNKNOWN ? why : answer == TRI_YES ? s->outcome.why : "";
	t->out->v[at].words = arena_str(t->arena, str_from(text));
	return answer_of(answer);
}

static void trace_selectors(struct tracer *t)
{
	bool decided = false;
	for (size_t i = 0; i < t->hook->nselectors; i++) {
		t->selector = (int)i;
		if (decided) {
			buf_puts(&t->words, "not looked at: the first that matches decides");
			step(t, TRACE_SELECTOR, TRACE_NOT_ASKED);
			continue;
		}
		decided = trace_selector(t, &t->hook->selectors[i]) == TRACE_YES;
	}
}

/* ---- hooks ---- */

static void scope_words(struct tracer *t, const struct policy *p)
{
	const struct process *who = &t->e->known.process;
	struct buf *b = &t->words;
	if (!p->pod && !p->container && !p->host && !p->namespaced) {
		buf_puts(b, "the policy is for every process, the host's included");
		return;
	}
	if (who->pod.namespace.n)
		buf_printf(b, "the process is in pod " STR_FMT "/" STR_FMT ", container " STR_FMT ", labels " STR_FMT,
			   STR_ARG(who->pod.namespace), STR_ARG(who->pod.name), STR_ARG(who->pod.container_name),
			   STR_ARG(who->pod.labels.n ? who->pod.labels : STR("{}")));
	else
		buf_puts(b, who->docker.n ? "the process is in a container of no known pod" : "the process is in no pod");
}

static bool trace_scope(struct tracer *t)
{
	const struct policy *p = t->e->policies[t->hook->policy];
	const char *why = NULL;
	enum tri in = eval_scope(t->e, t->hook->policy, &why);
	if (in == TRI_UNKNOWN)
		buf_puts(&t->words, why);
	else
		scope_words(t, p);
	step(t, TRACE_SCOPE, answer_of(in));
	return in != TRI_NO;
}

static void trace_record(struct tracer *t)
{
	const struct record *r = &t->hit->record;
	if (!r->known)
		buf_puts(&t->words, "the process filters look at a program whose resolved path the events do not tell");
	else if (!r->path.n)
		buf_puts(&t->words, "the process filters look at a program without a path (a memfd or the like)");
	else
		buf_printf(&t->words, "the process filters look at " STR_FMT, STR_ARG(r->path));
	if (r->pid)
		buf_printf(&t->words, ", pid %u", r->pid);
	struct trace_step *s = step(t, TRACE_RECORD, r->known ? TRACE_YES : TRACE_UNKNOWN);
	s->value = r->known ? arena_str(t->arena, r->path) : (struct str){NULL, 0};
}

static void trace_hook(struct tracer *t)
{
	t->selector = -1;
	buf_puts(&t->words, t->hit->maybe ? t->hit->maybe : t->hit->direct ? "the event is this hook's own line" : "the event implies this hook");
	step(t, TRACE_HOOK, t->hit->maybe ? TRACE_UNKNOWN : TRACE_YES);
	if (!trace_scope(t))
		return;
	trace_record(t);
	trace_selectors(t);
}

void engine_trace(struct engine *e, struct arena *arena, struct trace *ret)
{
	*ret = (struct trace){NULL, 0};
	struct tracer t = {.e = e, .arena = arena, .out = ret};
	e->assuming->on = true;
	for (size_t i = 0; i < e->hits.n; i++) {
		const struct site_hooks *at = &e->at.v[e->hits.v[i].site];
		for (size_t k = 0; k < at->n; k++) {
			if (at->v[k]->enforcer)
				continue;
			t.hit = &e->hits.v[i];
			t.hook = at->v[k];
			trace_hook(&t);
		}
	}
	e->assuming->on = false;
	buf_done(&t.words);
}
