/* SPDX-License-Identifier: GPL-2.0-only */
#include "enforcer/refused.h"

#include <arpa/inet.h>

#include "enforcer/table.h"
#include "schema/guard.h"

void refused_init(struct refused *r)
{
	*r = (struct refused){.object = BUF_INIT, .rule = BUF_INIT, .told = BUF_INIT, .protects = protects_new(),
			      .boot_to_wall_ns = wall_ns() - boot_ns()};
}

void refused_done(struct refused *r)
{
	buf_done(&r->object);
	buf_done(&r->rule);
	buf_done(&r->told);
	protects_free(r->protects);
}

static const int kinds[ENFORCE_KINDS] = {KIND_EXEC, KIND_FILE, KIND_CONNECT, KIND_GUARD};

static void subject(const struct enforce_refusal *q, struct process *p, const char *cgroup)
{
	p->pid = q->pid;
	p->tid = q->pid;
	p->uid = q->uid;
	p->path = (struct str){q->subject, q->subject_length};
	p->path_known = !(q->flags & ENFORCE_SUBJECT_CUT);
	p->cgroup = str_from(cgroup);
}

/* The record is the kernel's, but the ring is a map that others may have opened: nothing in it is trusted. */
static bool valid(const struct enforce_refusal *q, size_t n)
{
	return n == sizeof(*q) + q->object_length && q->kind < ENFORCE_KINDS && q->subject_length <= ENFORCE_SUBJECT_MAX &&
	       q->workload < ENFORCE_WORKLOADS && q->outcome <= ENFORCE_KILLED_AFTER &&
	       (q->kind != ENFORCE_CONNECT || q->family == 4 || q->family == 6);
}

static const char *below_mount(const char *folder)
{
	CLEANUP_FREE char *v2 = cgroup_mount(false);
	CLEANUP_FREE char *memory = cgroup_mount(true);
	char *mounts[] = {v2, memory};
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		size_t n = mounts[i] ? strlen(mounts[i]) : 0;
		if (n && !strncmp(folder, mounts[i], n) && folder[n] == '/')
			return folder + n;
	}
	return folder;
}

/* Nothing in the image allowed it: the rule is the section that judges, of a file the protected path that it lies in. */
static void find_rule(struct refused *r, const struct machine *m, const struct event *ev)
{
	static const char *const rules[ENFORCE_KINDS] = {"no exec rule", "no file rule", "no connect rule", "guard"};
	const char *why = ev->tags & TAG_PATH_CUT ? "path unknown" : ev->tags & TAG_MEMFD ? "no path (memfd)"
			  : ev->tags & TAG_DETACHED ? "no path (detached mount)"
			  : ev->kind == KIND_EXEC && (ev->tags & TAG_DELETED) ? "file removed" : NULL;
	const char *protected = NULL;
	if (!why && ev->kind == KIND_FILE)
		protected = protects_find(r->protects, m, r->record.workload, r->record.slot, ev->path);
	buf_clear(&r->rule);
	buf_printf(&r->rule, "%s%s", why ? why : protected ? "protect " : rules[r->record.kind], protected ? protected : "");
}

bool refused_read(struct refused *r, const struct machine *m, const void *data, size_t n, struct event *ret)
{
	struct enforce_refusal *q = &r->record;
	if (n < sizeof(*q))
		return false;
	memcpy(q, data, sizeof(*q));
	if (!valid(q, n) || q->workload == NUMBER_SELF_TEST || !workload_name(m, q->workload, &r->name))
		return false;
	buf_clear(&r->object);
	buf_add(&r->object, (const char *)data + sizeof(*q), q->object_length);
	struct str object = buf_view(&r->object);
	*ret = (struct event){
		.kind = (enum kind)kinds[q->kind], .count = 1, .time_ns = q->time_ns + r->boot_to_wall_ns,
		.tags = (q->flags & ENFORCE_OBJECT_CUT ? TAG_PATH_CUT : 0) | (q->flags & ENFORCE_OBJECT_MEMFD ? TAG_MEMFD : 0) |
			(q->flags & ENFORCE_OBJECT_DELETED ? TAG_DELETED : 0) |
			(q->flags & ENFORCE_OBJECT_DETACHED ? TAG_DETACHED : 0) | (q->outcome == ENFORCE_AUDITED ? 0 : TAG_FAILED),
	};
	struct process acting = {0};
	subject(q, &acting, below_mount(r->name.folder));
	ret->process = acting;
	if (q->kind == ENFORCE_EXEC) {
		ret->parent = acting;
		ret->has_parent = true;
		ret->process.path = object;
		ret->process.path_known = !(q->flags & ENFORCE_OBJECT_CUT);
	} else if (q->kind == ENFORCE_FILE) {
		ret->path = object;
		ret->path_known = !(q->flags & ENFORCE_OBJECT_CUT);
		ret->access = q->access;
	} else if (q->kind == ENFORCE_CONNECT) {
		memcpy(ret->address.bytes, q->address, sizeof(q->address));
		ret->address.family = q->family;
		ret->address.port = q->port;
		ret->protocol = q->protocol;
	} else {
		for (int g = 0; g < GUARD_COUNT; g++)
			if (q->access == 1u << g)
				ret->guard = str_from(guard_word((enum guard)g));
	}
	find_rule(r, m, ret);
	return true;
}

/* ---- lines ---- */

static void put_object(const struct event *ev, struct buf *b)
{
	char text[INET6_ADDRSTRLEN] = "";
	if (ev->kind != KIND_CONNECT) {
		buf_str(b, ev->kind == KIND_EXEC ? ev->process.path : ev->kind == KIND_FILE ? ev->path : ev->guard);
		return;
	}
	bool v4 = ev->address.family == 4;
	inet_ntop(v4 ? AF_INET : AF_INET6, ev->address.bytes, text, sizeof(text));
	buf_printf(b, v4 ? "%s:%u" : "[%s]:%u", text, ev->address.port);
	if (ev->protocol == 6 || ev->protocol == 17)
		buf_puts(b, ev->protocol == 6 ? " tcp" : " udp");
}

static void put_access(uint32_t access, struct buf *b)
{
	for (int bit = 0; bit < ACCESS_COUNT; bit++)
		if (access & 1u << bit)
			buf_printf(b, "%s%s", b->n ? "," : "", access_name((enum access_bit)bit));
}

static struct str subject_of(const struct event *ev)
{
	return ev->kind == KIND_EXEC ? ev->parent.path : ev->process.path;
}

static void put_member(struct buf *b, const char *name, struct str value)
{
	buf_printf(b, ",\"%s\":", name);
	buf_json(b, value);
}

static const char *const outcomes[] = {"audited", "refused", "killed", "killed after it happened"};

void refused_print(const struct refused *r, const struct event *ev, bool json, struct buf *b)
{
	CLEANUP_BUF struct buf object = BUF_INIT;
	CLEANUP_BUF struct buf access = BUF_INIT;
	put_object(ev, &object);
	put_access(ev->access, &access);
	struct str who = subject_of(ev);
	if (!json) {
		buf_time(b, ev->time_ns);
		buf_printf(b, " %s %s %s: ", r->name.workload, outcomes[r->record.outcome], kind_name(ev->kind));
		buf_text(b, who);
		buf_puts(b, " -> ");
		buf_text(b, buf_view(&object));
		buf_printf(b, "%s%s (", access.n ? " " : "", access.n ? access.p : "");
		buf_text(b, buf_view(&r->rule));
		buf_puts(b, ")\n");
		return;
	}
	buf_puts(b, "{\"time\":\"");
	buf_time(b, ev->time_ns);
	buf_puts(b, "\"");
	put_member(b, "workload", str_from(r->name.workload));
	put_member(b, "cgroup", str_from(r->name.folder));
	put_member(b, "image", str_from(r->name.image));
	put_member(b, "kind", str_from(kind_name(ev->kind)));
	put_member(b, "outcome", str_from(outcomes[r->record.outcome]));
	put_member(b, "subject", who);
	put_member(b, "object", buf_view(&object));
	put_member(b, "access", buf_view(&access));
	put_member(b, "rule", buf_view(&r->rule));
	buf_printf(b, ",\"pid\":%u,\"uid\":%u}\n", r->record.pid, r->record.uid);
}

void refused_row(struct refused *r, const struct event *ev, struct refusal *ret)
{
	buf_clear(&r->told);
	put_object(ev, &r->told);
	*ret = (struct refusal){
		.kind = ev->kind, .access = ev->access, .subject = subject_of(ev), .object = buf_view(&r->told),
		.outcome = str_from(outcomes[r->record.outcome]), .rule = buf_view(&r->rule), .image = str_from(r->name.image),
		.count = 1, .first_ns = ev->time_ns, .last_ns = ev->time_ns,
	};
}

/* Up to the next '/', and behind it. */
static struct str take_part(struct str *rest)
{
	const char *slash = memchr(rest->p, '/', rest->n);
	struct str part = {rest->p, slash ? (size_t)(slash - rest->p) : rest->n};
	*rest = str_skip(*rest, MIN(part.n + 1, rest->n));
	return part;
}

/* As workload_print() writes it. On a host the name is all the rest. */
void refused_workload(const struct refused *r, struct workload *ret)
{
	struct str rest = str_from(r->name.workload);
	*ret = (struct workload){.namespace = take_part(&rest)};
	ret->kind = take_part(&rest);
	ret->name = str_eq(ret->namespace, STR("host")) ? rest : take_part(&rest);
	if (ret->name.p != rest.p)
		ret->container = rest;
}
