/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The envelope and the event object. Members may come in any order, so what depends on several of
 * them is worked out when the object has ended.
 */
#include "schema/ndjson_event.h"

#include "schema/hook.h"
#include "schema/ndjson_args.h"
#include "schema/workload.h"

struct ndjson_parser {
	struct json j;              /* first: the readers get a struct json * */
	struct event *ev;
	bool (*finish)(struct ndjson_parser *p);   /* what the event object means, once read */
	struct process_cache *processes;
	struct ndjson_args args;
	struct arg result;
	struct str subsystem, dropped, throttle;
	struct str loader_path, symbol;
	bool unknown_event;
	uint32_t process_tags;
	struct buf scratch;         /* names put together: tracepoint, folder + entry */
	struct buf hook_name;
	struct str second;          /* the new name of a rename */
	struct event again;
	struct buf node_labels;     /* as on the line before */
	struct {                    /* the "stakeout" member */
		struct str path, parent_path, interpreter, file, guard, cgroup, expect, label;
		uint64_t count;
		int32_t result;
		uint32_t access, tags;
		bool has_path, has_parent_path, has_file, has_access, has_result;
		struct workload workload;
		struct instance instance;
		struct pod container;   /* outside Kubernetes, where lines have no pod: its name, id and image */
		uint64_t last_ns;
		struct str example, loss_kind, loss_reason;
	} extra;
};

/* ---- the event object ---- */

static bool read_process(struct json *j, void *base)
{
	struct ndjson_parser *p = base;
	return process_read(p->processes, j, &p->ev->process, &p->process_tags);
}

static bool read_parent(struct json *j, void *base)
{
	struct ndjson_parser *p = base;
	uint32_t ignored;
	p->ev->has_parent = true;
	return process_read(p->processes, j, &p->ev->parent, &ignored);
}

static bool read_args(struct json *j, void *base)
{
	struct ndjson_parser *p = base;
	return ndjson_args_read(j, &p->args);
}

static bool read_return(struct json *j, void *base)
{
	struct ndjson_parser *p = base;
	return ndjson_arg_read(j, &p->result);
}

static bool read_function(struct json *j, void *base)
{
	struct ndjson_parser *p = base;
	if (!json_string(j, &p->ev->hook))
		return false;
	p->ev->compat = str_starts(p->ev->hook, STR("__ia32_"));
	p->ev->hook = hook_plain_name(p->ev->hook);
	return true;
}

static bool read_event_name(struct json *j, void *base)
{
	struct ndjson_parser *p = base;
	return json_text(j, &p->ev->hook);
}

static bool read_policy(struct json *j, void *base)
{
	struct ndjson_parser *p = base;
	return json_text(j, &p->ev->policy);
}

static bool read_action(struct json *j, void *base)
{
	static const struct str prefix = STR_INIT("KPROBE_ACTION_");
	struct ndjson_parser *p = base;
	if (!json_text(j, &p->ev->action))
		return false;
	if (str_starts(p->ev->action, prefix))
		p->ev->action = str_skip(p->ev->action, prefix.n);
	return true;
}

static bool read_signal(struct json *j, void *base)
{
	struct ndjson_parser *p = base;
	return json_text(j, &p->ev->exit_signal);
}

static bool read_status(struct json *j, void *base)
{
	struct ndjson_parser *p = base;
	int64_t v;
	if (!json_integer(j, &v))
		return false;
	p->ev->exit_status = (uint32_t)v;
	return true;
}

static const struct field body_rows[] = {
	FIELD_FN("process", read_process),
	FIELD_FN("parent", read_parent),
	FIELD_FN("function_name", read_function),
	FIELD("subsys", FIELD_STR, struct ndjson_parser, subsystem),
	FIELD_FN("event", read_event_name),
	FIELD_FN("policy_name", read_policy),
	FIELD("path", FIELD_STR, struct ndjson_parser, loader_path),
	FIELD("symbol", FIELD_STR, struct ndjson_parser, symbol),
	FIELD("name", FIELD_STR, struct ndjson_parser, symbol),
	FIELD_FN("args", read_args),
	FIELD_FN("return", read_return),
	FIELD_FN("action", read_action),
	FIELD_FN("policy_name", read_policy),
	FIELD_FN("signal", read_signal),
	FIELD_FN("status", read_status),
	FIELD("type", FIELD_STR, struct ndjson_parser, throttle),
	FIELD("cgroup", FIELD_STR, struct ndjson_parser, extra.cgroup),
	FIELD("number_of_dropped_process_events", FIELD_STR, struct ndjson_parser, dropped),
};
static const struct fields body_fields = FIELDS(body_rows);

/* ---- the extra member ---- */

static bool read_flag_list(struct json *j, uint32_t *bits, int (*from)(struct str name))
{
	if (*j->p != '[')
		return json_fail(j, NDJSON_BAD_VALUE);
	for (j->p++; ; j->p++) {
		struct str name;
		json_space(j);
		if (*j->p == ']')
			break;
		if (!json_string(j, &name))
			return false;
		int bit = from(name);
		if (bit >= 0)
			*bits |= 1u << bit;
		json_space(j);
		if (*j->p == ']')
			break;
		if (*j->p != ',')
			return json_fail(j, NDJSON_TORN);
	}
	j->p++;
	return true;
}

static bool read_access(struct json *j, void *base)
{
	struct ndjson_parser *p = base;
	p->extra.has_access = true;
	return read_flag_list(j, &p->extra.access, access_from);
}

static bool read_tags(struct json *j, void *base)
{
	return read_flag_list(j, &((struct ndjson_parser *)base)->extra.tags, tag_from);
}

static bool read_path(struct json *j, void *base)
{
	struct ndjson_parser *p = base;
	p->extra.has_path = true;
	return json_string(j, &p->extra.path);
}

static bool read_parent_path(struct json *j, void *base)
{
	struct ndjson_parser *p = base;
	p->extra.has_parent_path = true;
	return json_string(j, &p->extra.parent_path);
}

static bool read_file(struct json *j, void *base)
{
	struct ndjson_parser *p = base;
	p->extra.has_file = true;
	return json_string(j, &p->extra.file);
}

static bool read_result(struct json *j, void *base)
{
	struct ndjson_parser *p = base;
	int64_t v;
	if (!json_integer(j, &v))
		return false;
	if (v < INT32_MIN || v > INT32_MAX)
		return json_fail(j, NDJSON_BAD_VALUE);
	p->extra.has_result = true;
	p->extra.result = (int32_t)v;
	return true;
}

static const struct field workload_rows[] = {
	FIELD("namespace", FIELD_STR, struct ndjson_parser, extra.workload.namespace),
	FIELD("kind", FIELD_STR, struct ndjson_parser, extra.workload.kind),
	FIELD("name", FIELD_STR, struct ndjson_parser, extra.workload.name),
	FIELD("container", FIELD_STR, struct ndjson_parser, extra.workload.container),
	FIELD("guess", FIELD_BOOL, struct ndjson_parser, extra.workload.guess),
};
static const struct fields workload_fields = FIELDS(workload_rows);

static const struct field instance_rows[] = {
	FIELD("key", FIELD_STR, struct ndjson_parser, extra.instance.key),
	FIELD("pod", FIELD_STR, struct ndjson_parser, extra.instance.pod),
	FIELD("container_id", FIELD_STR, struct ndjson_parser, extra.instance.container_id),
	FIELD("image", FIELD_STR, struct ndjson_parser, extra.instance.image),
	FIELD("image_id", FIELD_STR, struct ndjson_parser, extra.instance.image_id),
	FIELD("labels", FIELD_LABELS, struct ndjson_parser, extra.instance.labels),
	FIELD("start", FIELD_TIME, struct ndjson_parser, extra.instance.start_ns),
};
static const struct fields instance_fields = FIELDS(instance_rows);

static const struct field container_rows[] = {
	FIELD("name", FIELD_STR, struct ndjson_parser, extra.container.container_name),
	FIELD("id", FIELD_STR, struct ndjson_parser, extra.container.container_id),
	FIELD("image", FIELD_STR, struct ndjson_parser, extra.container.image),
};
static const struct fields container_fields = FIELDS(container_rows);

static const struct field extra_rows[] = {
	{.name = STR_INIT("format"), .type = FIELD_SKIP},
	FIELD_FN("path", read_path),
	FIELD_FN("parent_path", read_parent_path),
	FIELD("interpreter", FIELD_STR, struct ndjson_parser, extra.interpreter),
	FIELD_FN("file", read_file),
	FIELD_FN("access", read_access),
	FIELD_FN("tags", read_tags),
	FIELD("count", FIELD_U64, struct ndjson_parser, extra.count),
	FIELD_FN("result", read_result),
	FIELD("guard", FIELD_STR, struct ndjson_parser, extra.guard),
	FIELD("cgroup", FIELD_STR, struct ndjson_parser, extra.cgroup),
	FIELD("expect", FIELD_STR, struct ndjson_parser, extra.expect),
	FIELD("label", FIELD_STR, struct ndjson_parser, extra.label),
	FIELD_SUB("container", &container_fields),
	FIELD_SUB("workload", &workload_fields),
	FIELD_SUB("instance", &instance_fields),
	FIELD("last", FIELD_TIME, struct ndjson_parser, extra.last_ns),
	FIELD("example", FIELD_STR, struct ndjson_parser, extra.example),
	FIELD("loss_kind", FIELD_STR, struct ndjson_parser, extra.loss_kind),
	FIELD("loss_reason", FIELD_STR, struct ndjson_parser, extra.loss_reason),
};
static const struct fields extra_fields = FIELDS(extra_rows);

/* The line is an observation of a store. */
static void apply_stored(struct ndjson_parser *p)
{
	struct event *ev = p->ev;
	ev->last_ns = p->extra.last_ns;
	ev->example = p->extra.example;
	ev->loss_kind = p->extra.loss_kind;
	ev->loss_reason = p->extra.loss_reason;
	const struct workload *w = &p->extra.workload;
	if (!w->namespace.n || !w->kind.n || !w->name.n)
		return;
	p->extra.workload.cluster = ev->cluster;
	p->extra.instance.node = ev->node;
	ev->workload = &p->extra.workload;
	ev->instance = &p->extra.instance;
	ev->process.same = 0;   /* which stands for what follows from the process */
}

static void apply_extra(struct ndjson_parser *p)
{
	struct event *ev = p->ev;
	apply_stored(p);
	if (p->extra.has_path) {
		ev->process.path = p->extra.path;
		ev->process.path_known = true;
	}
	if (p->extra.has_parent_path) {
		ev->parent.path = p->extra.parent_path;
		ev->parent.path_known = true;
	}
	ev->interpreter = p->extra.interpreter;
	if (p->extra.has_file) {
		ev->path = p->extra.file;
		ev->path_known = true;
		if (ev->kind == KIND_HOOK && p->extra.has_access)
			ev->kind = KIND_FILE;
	}
	if (p->extra.has_access)
		ev->access = p->extra.access;
	if (p->extra.has_result)
		ev->result = p->extra.result;
	if (p->extra.guard.n) {
		ev->guard = p->extra.guard;
		ev->kind = KIND_GUARD;
	}
	ev->tags = ev->workload ? p->extra.tags : ev->tags | p->extra.tags;
	ev->count = MAX(p->extra.count, 1);
	ev->label = p->extra.label;
	ev->process.cgroup = p->extra.cgroup;
	bool named = p->extra.container.container_name.n && !ev->process.pod.namespace.n && !ev->process.pod.name.n;
	if (named)
		ev->process.pod = p->extra.container;
	if (p->extra.cgroup.n || named)
		ev->process.same = 0;
	ev->expect = str_eq(p->extra.expect, STR("allow"))  ? EXPECT_ALLOW
		     : str_eq(p->extra.expect, STR("deny")) ? EXPECT_DENY
							    : EXPECT_NONE;
}

/* ---- what each kind of event object means when it has ended ---- */

static bool finish_exec(struct ndjson_parser *p)
{
	p->ev->kind = KIND_EXEC;
	return true;
}

static bool finish_exit(struct ndjson_parser *p)
{
	p->ev->kind = KIND_EXIT;
	return true;
}

static void finish_result(struct ndjson_parser *p)
{
	static const int in_progress = -EINPROGRESS;
	int64_t v = p->result.number;
	enum arg_kind kind = p->result.kind;
	if (kind == ARG_INT || kind == ARG_UINT || kind == ARG_LONG || kind == ARG_SIZE) {
		p->ev->has_returned = true;
		p->ev->returned = v;
	}
	if (p->result.kind == ARG_NONE || v >= 0 || v < -4095)
		return;
	p->ev->result = (int32_t)v;
	if (v != in_progress)
		p->ev->tags |= TAG_FAILED;
}

static bool finish_hook(struct ndjson_parser *p)
{
	p->ev->args = p->args.v;
	p->ev->nargs = p->args.n;
	hook_meaning(p->ev, &p->scratch, &p->second);
	finish_result(p);
	return true;
}

static bool finish_kprobe(struct ndjson_parser *p)
{
	p->ev->section = HOOK_KPROBE;
	return finish_hook(p);
}

static bool finish_lsm(struct ndjson_parser *p)
{
	p->ev->section = HOOK_LSM;
	return finish_hook(p);
}

static bool finish_tracepoint(struct ndjson_parser *p)
{
	struct event *ev = p->ev;
	ev->section = HOOK_TRACEPOINT;
	ev->kind = KIND_HOOK;
	ev->args = p->args.v;
	ev->nargs = p->args.n;
	buf_clear(&p->hook_name);
	buf_str(&p->hook_name, p->subsystem);
	buf_putc(&p->hook_name, '/');
	buf_str(&p->hook_name, ev->hook);
	ev->hook = buf_view(&p->hook_name);
	return true;
}

static bool finish_user_probe(struct ndjson_parser *p)
{
	struct event *ev = p->ev;
	ev->section = HOOK_UPROBE;
	ev->kind = KIND_HOOK;
	ev->args = p->args.v;
	ev->nargs = p->args.n;
	ev->hook = p->symbol;
	ev->path = p->loader_path;
	return true;
}

/* An ELF file that was mapped to run. */
static bool finish_loader(struct ndjson_parser *p)
{
	struct event *ev = p->ev;
	ev->section = HOOK_OTHER;
	ev->hook = STR("process_loader");
	ev->kind = p->loader_path.n ? KIND_FILE : KIND_HOOK;
	ev->path = p->loader_path;
	ev->path_known = ev->path.n && ev->path.p[0] == '/';
	ev->access = ACCESS_MAP_EXEC;
	return true;
}

static bool finish_throttle(struct ndjson_parser *p)
{
	p->ev->kind = str_eq(p->throttle, STR("THROTTLE_START")) ? KIND_LOSS : KIND_HOOK;
	p->ev->section = HOOK_OTHER;
	p->ev->hook = STR("process_throttle");
	p->ev->lost = p->ev->kind == KIND_LOSS;   /* at least one: the number is not told */
	return true;
}

static bool finish_rate_limit(struct ndjson_parser *p)
{
	p->ev->kind = KIND_LOSS;
	p->ev->section = HOOK_OTHER;
	p->ev->hook = STR("rate_limit_info");
	return str_to_u64(p->dropped, &p->ev->lost) == 0;
}

/* ---- the envelope ---- */

static bool read_body(struct json *j, void *base, bool (*finish)(struct ndjson_parser *p))
{
	struct ndjson_parser *p = base;
	if (p->finish)
		return json_fail(j, NDJSON_BAD_VALUE);
	p->finish = finish;
	return json_object(j, &body_fields, p);
}

#define BODY(name)                                                                                 \
	static bool read_##name(struct json *j, void *base)                                        \
	{                                                                                          \
		return read_body(j, base, finish_##name);                                          \
	}
BODY(exec)
BODY(exit)
BODY(kprobe)
BODY(lsm)
BODY(tracepoint)
BODY(loader)
BODY(user_probe)
BODY(throttle)
BODY(rate_limit)
#undef BODY

static bool read_time(struct json *j, void *base)
{
	struct ndjson_parser *p = base;
	struct str s;
	if (!json_string(j, &s))
		return false;
	return time_parse(s, &p->ev->time_ns) == 0 ? true : json_fail(j, NDJSON_BAD_VALUE);
}

static bool read_node(struct json *j, void *base)
{
	return json_text(j, &((struct ndjson_parser *)base)->ev->node);
}

static bool read_cluster(struct json *j, void *base)
{
	return json_text(j, &((struct ndjson_parser *)base)->ev->cluster);
}

/* All labels of the node, the same on every line: passed in one comparison. */
static bool pass_node_labels(struct json *j, void *base)
{
	struct buf *last = &((struct ndjson_parser *)base)->node_labels;
	if (last->n && last->n <= (size_t)(j->end - j->p) && !memcmp(j->p, last->p, last->n)) {
		j->p += last->n;
		return true;
	}
	char *start = j->p;
	if (!json_skip(j))
		return false;
	buf_clear(last);
	if (*start == '{')
		buf_add(last, start, (size_t)(j->p - start));
	return true;
}

static bool read_extra(struct json *j, void *base)
{
	return json_object(j, &extra_fields, base);
}

static const struct field envelope_rows[] = {
	FIELD_FN("process_kprobe", read_kprobe),
	FIELD_FN("process_exec", read_exec),
	FIELD_FN("process_exit", read_exit),
	FIELD_FN("process_lsm", read_lsm),
	FIELD_FN("process_tracepoint", read_tracepoint),
	FIELD_FN("process_loader", read_loader),
	FIELD_FN("process_uprobe", read_user_probe),
	FIELD_FN("process_usdt", read_user_probe),
	FIELD_FN("process_throttle", read_throttle),
	FIELD_FN("rate_limit_info", read_rate_limit),
	FIELD_FN("node_name", read_node),
	FIELD_FN("time", read_time),
	{.name = STR_INIT("aggregation_info"), .type = FIELD_SKIP},
	FIELD_FN("cluster_name", read_cluster),
	FIELD_FN("node_labels", pass_node_labels),
	FIELD_FN("stakeout", read_extra),
};

static void unknown_member(struct json *j, void *base, struct str name)
{
	(void)j;
	if (str_starts(name, STR("process_")) || str_ends(name, STR("_info")))
		((struct ndjson_parser *)base)->unknown_event = true;
}

static const struct fields envelope_fields = {envelope_rows, ARRAY_SIZE(envelope_rows), unknown_member};

struct ndjson_parser *ndjson_parser_new(const struct scan *scan, uint64_t *numbers)
{
	struct ndjson_parser *p = xcalloc(1, sizeof(*p));
	p->j.scan = scan;
	p->processes = process_cache_new(numbers);
	return p;
}

void ndjson_parser_free(struct ndjson_parser *p)
{
	if (!p)
		return;
	process_cache_free(p->processes);
	buf_done(&p->scratch);
	buf_done(&p->hook_name);
	buf_done(&p->node_labels);
	free(p);
}

/*
 * Is it a line of ours, with bytes that buf_json() escaped? Ours end with the extra member's brace, and the escapes
 * begin with byte 0xf4; only then does an escape mean a byte and not the character that stands there.
 */
static bool holds_own_bytes(const char *text, const char *end)
{
	size_t n = (size_t)(end - text);
	return n > 2 && end[-1] == '}' && end[-2] == '}' && memchr(text, 0xf4, n) &&
	       memmem(text, n, "\"stakeout\":{", 12);
}

static void begin(struct ndjson_parser *p, char *text, char *end, struct event *ev)
{
	process_cache_line(p->processes);
	*ev = (struct event){.count = 1};
	p->ev = ev;
	p->finish = NULL;
	p->args.n = 0;
	p->result = (struct arg){0};
	p->subsystem = p->dropped = p->throttle = (struct str){NULL, 0};
	p->loader_path = p->symbol = p->second = (struct str){NULL, 0};
	p->unknown_event = false;
	p->process_tags = 0;
	memset(&p->extra, 0, sizeof(p->extra));
	p->j.p = text;
	p->j.end = end;
	p->j.bad = NDJSON_TORN;
	p->j.own_bytes = holds_own_bytes(text, end);
}

char *ndjson_parse(struct ndjson_parser *p, char *text, char *end, struct event *ret, bool *ret_more,
		   enum ndjson_reason *ret_why)
{
	begin(p, text, end, ret);
	if (!json_object(&p->j, &envelope_fields, p)) {
		*ret_why = p->j.bad;
		return NULL;
	}
	if (!p->finish) {
		*ret_why = p->unknown_event ? NDJSON_UNKNOWN_KIND : NDJSON_NO_EVENT;
		return NULL;
	}
	ret->tags = p->process_tags;
	if (!p->finish(p)) {
		*ret_why = NDJSON_BAD_VALUE;
		return NULL;
	}
	apply_extra(p);
	/* The kubelet enters the container for a probe, but nobody sits there; nor at what the probe starts. */
	if ((ret->tags & TAG_INTERACTIVE) && ret->parent.pod.maybe_exec_probe)
		ret->tags |= TAG_PROBE;
	if (ret->tags & TAG_PROBE)
		ret->tags &= ~(uint32_t)TAG_INTERACTIVE;
	*ret_more = p->second.n > 0 && ret->kind == KIND_FILE;
	if (*ret_more)
		p->again = *ret;
	return p->j.p;
}

/* The other name is the same operation: its hook line is the first event's, so that no policy judges it twice. */
void ndjson_parse_more(struct ndjson_parser *p, struct event *ret)
{
	*ret = p->again;
	ret->path = p->second;
	ret->path_known = true;
	ret->args = NULL;
	ret->nargs = 0;
}
