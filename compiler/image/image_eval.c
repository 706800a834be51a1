/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an image decides, step by step as the enforcer's programs do it: hash the path once, look up every folder in it
 * and the whole, compare bytes, then collect what the entries grant. Look-ups are binary searches where the
 * kernel has hash tables and tries.
 */
#include "compiler/image/image_eval.h"

#include "compiler/allow/lower.h"
#include "schema/match.h"
#include "schema/runtimes.h"

static const void *find(const struct image *i, enum image_map m, const void *key)
{
	uint32_t low = 0, high = i->map[m].n, size = image_entry_size(m);
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		int c = memcmp(i->map[m].p + (size_t)mid * size, key, image_key_size(m));
		if (c == 0)
			return i->map[m].p + (size_t)mid * size + image_key_size(m);
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static const struct image_path *find_key(const struct image *i, const struct image_path_key *key,
					 struct str path)
{
	const struct image_path *p = find(i, IMAGE_MAP_PATHS, key);
	if (!p || p->length != path.n)
		return NULL;
	const struct image_chunk *bytes = (const void *)i->map[IMAGE_MAP_BYTES].p;
	for (uint32_t k = 0; k < image_path_chunks(path.n); k++) {
		struct image_chunk mine;
		image_path_chunk(path, k, &mine);
		if (!match_chunk(&mine, &bytes[p->chunk + k]))
			return NULL;
	}
	return p;
}

const struct image_path *image_find_path(const struct image *i, struct str path)
{
	if (path.n == 0)
		return NULL;
	struct image_path_key key = image_path_key(path);
	return find_key(i, &key, path);
}

/* What all entries that cover a path grant to a caller together. */
struct granted {
	uint32_t flags, rule, access;
	bool caller_may;
};

static void collect(const struct image *i, const struct image_path *p, uint32_t caller,
		    struct granted *g)
{
	if (!p)
		return;
	g->flags |= p->flags;
	g->access |= p->access;
	if ((p->flags & IMAGE_PATH_EXEC) && !g->rule)
		g->rule = p->rule;
	if (!caller)
		return;
	struct image_pair pair = {caller, p->id};
	const uint32_t *rule = find(i, IMAGE_MAP_EXEC_PAIRS, &pair);
	const uint32_t *access = find(i, IMAGE_MAP_FILE_PAIRS, &pair);
	if (rule) {
		g->caller_may = true;
		g->rule = *rule;
	}
	if (access)
		g->access |= *access;
}

/* One pass over the path: each folder in it, then the whole. */
static struct granted walk(const struct image *i, struct str path, uint32_t caller)
{
	struct granted g = {0};
	struct match_mix m = match_mix_start();
	for (size_t at = 0; at < path.n; at += 8) {
		uint64_t word = 0;
		size_t n = MIN(path.n - at, 8u);
		memcpy(&word, path.p + at, n);
		for (int k = 0; k < (int)n; k++) {
			size_t length = at + (size_t)k + 1;
			if (match_byte(word, k) != '/' || length == path.n)
				continue;
			struct image_path_key key =
				match_mix_end(m, word & match_low_bytes(k + 1), length);
			collect(i, find_key(i, &key, (struct str){path.p, length}), caller, &g);
		}
		if (path.n - at > 8) {
			m = match_mix_word(m, word);
			continue;
		}
		struct image_path_key key = match_mix_end(m, word, path.n);
		collect(i, find_key(i, &key, path), caller, &g);
	}
	return g;
}

/* Below a root of its own (chroot) the told paths begin there; the enforcer goes by paths from the top of what is mounted. */
static bool is_known(const struct event *ev, const struct process *p)
{
	return p->path_known && !(ev->tags & TAG_HOST_ROOT_MOVED);
}

/* The caller's id; 0 when no rule names it. */
static uint32_t caller_of(const struct image *i, const struct event *ev, const struct process *p)
{
	const struct image_path *entry = is_known(ev, p) ? image_find_path(i, p->path) : NULL;
	return entry ? entry->id : 0;
}

static struct image_verdict verdict(enum verdict v, const char *why)
{
	return (struct image_verdict){.verdict = v, .judged = true, .why = why,
				     .effect = v == VERDICT_DENY ? EFFECT_PREVENTED : EFFECT_HAPPENED};
}

static bool has_no_path(const struct event *ev)
{
	struct str path = ev->process.path;
	return (ev->tags & TAGS_NO_PATH) || (ev->process.path_known && (path.n == 0 || str_eq(path, STR("/"))));
}

/* A container runtime that starts itself, from a sealed copy without a path or by name, to become a container's first process. */
static bool is_runtime_itself(const struct image *i, const struct event *ev)
{
	const struct process *caller = &ev->parent;
	const struct image_path *from = is_known(ev, caller) ? image_find_path(i, caller->path) : NULL;
	if (!from || !(from->flags & IMAGE_PATH_RUNTIME))
		return false;
	bool copy = has_no_path(ev);
	const struct image_path *to = copy || !ev->process.path_known ? NULL : image_find_path(i, ev->process.path);
	return copy || (to && (to->flags & IMAGE_PATH_RUNTIME));
}

/* Called as runtimes are, or on a mount of no namespace as a runtime's copy of itself: the host that enforces knows their files. */
static bool may_be_runtime(const struct event *ev, const struct process *p)
{
	if (!is_known(ev, p))
		return false;
	size_t at = p->path.n;
	while (at && p->path.p[at - 1] != '/')
		at--;
	struct str name = {p->path.p + at, p->path.n - at};
	for (size_t i = 0; i < ARRAY_SIZE(runtime_names); i++)
		if (str_eq(name, str_from(runtime_names[i])))
			return true;
	return name.n == 0;
}

static const char maybe_runtime[] = "a container runtime may start itself: whether it is one, the host that enforces knows";

static const char other_root[] = "the path is of a root of the process's own (chroot), and its whole path is not known";

static struct image_verdict judge_exec(const struct image *i, const struct event *ev)
{
	if (!(image_settings_of(i)->judges & IMAGE_JUDGES_EXEC))
		return (struct image_verdict){.why = "exec is not judged"};
	if (is_runtime_itself(i, ev))
		return verdict(VERDICT_ALLOW, "a container runtime starts a copy of itself");
	if (has_no_path(ev) && may_be_runtime(ev, &ev->parent))
		return verdict(VERDICT_UNKNOWN, maybe_runtime);
	if (ev->tags & TAG_MEMFD)
		return verdict(VERDICT_DENY, "the program has no path (memfd)");
	if (ev->tags & TAG_DELETED)
		return verdict(VERDICT_DENY, "the program's file was removed");
	if (ev->tags & TAG_DETACHED)
		return verdict(VERDICT_DENY, "the program lies on a mount of no namespace");
	if (ev->tags & TAG_HOST_ROOT_MOVED)
		return verdict(VERDICT_UNKNOWN, other_root);
	if (!ev->process.path_known || (ev->tags & TAG_PATH_CUT))
		return verdict(VERDICT_UNKNOWN, "the program's resolved path is not known");
	const struct process *caller = &ev->parent;
	struct granted g = walk(i, ev->process.path, caller_of(i, ev, caller));
	if (match_exec(g.flags, g.caller_may)) {
		struct image_verdict v = verdict(VERDICT_ALLOW, "allowed by a rule");
		v.rule = g.rule;
		return v;
	}
	if (!is_known(ev, caller) && i->map[IMAGE_MAP_EXEC_PAIRS].n)
		return verdict(VERDICT_UNKNOWN, "who started it is not known, and some rules depend on that");
	if (may_be_runtime(ev, caller) && may_be_runtime(ev, &ev->process))
		return verdict(VERDICT_UNKNOWN, maybe_runtime);
	return verdict(VERDICT_DENY, "no rule allows this program");
}

/* Of a mount that is in no namespace: only runtimes change files there, before they attach it. */
static struct image_verdict judge_detached(const struct image *i, const struct event *ev)
{
	const struct image_path *by = is_known(ev, &ev->process) ? image_find_path(i, ev->process.path) : NULL;
	if (by && (by->flags & IMAGE_PATH_RUNTIME))
		return verdict(VERDICT_ALLOW, "a container runtime prepares a mount");
	if (!ev->process.path_known)
		return verdict(VERDICT_UNKNOWN, "who did it is not known, and a container runtime may");
	return verdict(VERDICT_DENY, "the file lies on a mount of no namespace");
}

static struct image_verdict judge_name(const struct image *i, const struct event *ev, uint32_t access)
{
	uint32_t asked = lower_access(access);
	if (!(image_settings_of(i)->judges & IMAGE_JUDGES_FILE) || !asked)
		return (struct image_verdict){.why = "only changes to files are judged"};
	if (ev->tags & TAG_DETACHED)
		return judge_detached(i, ev);
	if (!ev->path_known || (ev->tags & TAG_PATH_CUT))
		return verdict(VERDICT_UNKNOWN, "the file's resolved path is not known");
	if (ev->tags & TAG_HOST_ROOT_MOVED)
		return verdict(VERDICT_UNKNOWN, other_root);
	struct granted g = walk(i, ev->path, caller_of(i, ev, &ev->process));
	if (!(g.flags & IMAGE_PATH_PROTECT))
		return (struct image_verdict){.why = "not below a protected path"};
	uint32_t missing = match_access(asked, g.access, LOWER_CHANGES);
	if (!missing)
		return verdict(VERDICT_ALLOW, "allowed by a rule");
	bool depends = !is_known(ev, &ev->process) && i->map[IMAGE_MAP_FILE_PAIRS].n;
	struct image_verdict v =
		depends ? verdict(VERDICT_UNKNOWN, "who did it is not known, and some rules depend on that")
			: verdict(VERDICT_DENY, "no rule allows this change of a protected path");
	v.access = missing;
	return v;
}

/* A link is refused for either of its names. */
static struct image_verdict judge_file(const struct image *i, const struct event *ev, uint32_t access)
{
	struct image_verdict v = judge_name(i, ev, access);
	bool other = (ev->tags & TAG_ONE_NAME) && (image_settings_of(i)->judges & IMAGE_JUDGES_FILE) && v.verdict == VERDICT_ALLOW;
	return other ? verdict(VERDICT_UNKNOWN, "the old name of the link is not known, and it is judged as well") : v;
}

const struct image_net *image_find_network(const struct image *i, enum image_map m, const uint8_t *address, uint32_t bits)
{
	uint32_t max_bits = m == IMAGE_MAP_NET4 ? 32 : 128;
	for (bits++; bits-- > 0;) {
		struct image_net6 key = {.bits = bits};
		memcpy(key.address, address, max_bits / 8);
		for (uint32_t bit = bits; bit < max_bits; bit++)
			key.address[bit / 8] &= (uint8_t)~(0x80 >> bit % 8);
		const void *net = find(i, m, &key);
		if (net)
			return net;
	}
	return NULL;
}

static struct image_verdict judge_ports(const struct image *i, const struct image_net *net,
					const struct event *ev)
{
	const struct image_port *ports = (const void *)i->map[IMAGE_MAP_PORTS].p;
	uint32_t caller = caller_of(i, ev, &ev->process);
	const char *unknown = NULL;
	for (uint32_t k = net->first; k < net->first + net->count; k++) {
		const struct image_port *p = &ports[k];
		if (match_port(p, ev->address.port, ev->protocol, caller)) {
			struct image_verdict v = verdict(VERDICT_ALLOW, "allowed by a rule");
			v.rule = p->rule;
			return v;
		}
		bool protocol_open = !ev->protocol && p->protocol;
		bool caller_open = !is_known(ev, &ev->process) && p->caller;
		if (match_port(p, ev->address.port, protocol_open ? p->protocol : ev->protocol,
			       caller_open ? p->caller : caller))
			unknown = "the protocol or who connected is not known, and a rule depends on that";
	}
	return unknown ? verdict(VERDICT_UNKNOWN, unknown)
		       : verdict(VERDICT_DENY, "no rule allows this port there");
}

static struct image_verdict judge_connect(const struct image *i, const struct event *ev)
{
	uint8_t v4[4];
	const struct image_net *net;
	if (!(image_settings_of(i)->judges & IMAGE_JUDGES_CONNECT) || !ev->address.family)
		return (struct image_verdict){.why = "only IPv4 and IPv6 connections are judged"};
	if (ev->protocol == MATCH_UDPLITE)
		return verdict(VERDICT_DENY, "UDP-Lite is never allowed");
	if (ev->address.family == 4)
		net = image_find_network(i, IMAGE_MAP_NET4, ev->address.bytes, 32);
	else if (match_mapped(ev->address.bytes, v4))
		net = image_find_network(i, IMAGE_MAP_NET4, v4, 32);
	else
		net = image_find_network(i, IMAGE_MAP_NET6, ev->address.bytes, 128);
	if (!net)
		return verdict(VERDICT_DENY, "no rule allows this address");
	return judge_ports(i, net, ev);
}

/* A runtime mounts a container's root, at times from a sealed copy without a path, which only the exec rules can keep to runtimes. */
static bool is_runtime_mounting(const struct image *i, const struct event *ev)
{
	if (guard_from(ev->guard) != IMAGE_GUARD_MOUNT)
		return false;
	const struct image_path *by = ev->process.path_known ? image_find_path(i, ev->process.path) : NULL;
	bool copy = (ev->tags & TAG_MEMFD) && (image_settings_of(i)->judges & IMAGE_JUDGES_EXEC);
	return copy || (by && (by->flags & IMAGE_PATH_RUNTIME));
}

static struct image_verdict judge_guard(const struct image *i, const struct event *ev)
{
	if (!(image_settings_of(i)->guards & guard_from(ev->guard)))
		return (struct image_verdict){.why = "no guard on this"};
	if (is_runtime_mounting(i, ev))
		return verdict(VERDICT_ALLOW, "a container runtime mounts");
	return verdict(VERDICT_DENY, "a guard forbids it");
}

struct image_verdict image_judge(const struct image *i, const struct event *ev)
{
	switch (ev->kind) {
	case KIND_EXEC:
		return judge_exec(i, ev);
	case KIND_FILE:
		return judge_file(i, ev, ev->access);
	case KIND_CONNECT:
		return judge_connect(i, ev);
	case KIND_GUARD:
		return judge_guard(i, ev);
	default:
		return (struct image_verdict){.why = "not judged"};
	}
}

/* What an open asks for; without one of the first three it is none. */
#define OPENS (ACCESS_READ | ACCESS_WRITE | ACCESS_APPEND)
#define ASKED_BY_OPENS (OPENS | ACCESS_CREATE | ACCESS_TRUNCATE)

static struct image_verdict by_signal(const struct image *i, const struct event *ev)
{
	bool is_open = ev->kind == KIND_FILE && (ev->access & OPENS);
	struct image_verdict v = is_open ? judge_file(i, ev, ev->access & ASKED_BY_OPENS) : image_judge(i, ev);
	if (ev->kind == KIND_CONNECT || !v.judged || v.verdict == VERDICT_ALLOW)
		return v;
	if (ev->kind == KIND_GUARD)
		return verdict(VERDICT_ALLOW, "the signal back end has no guards");
	if (ev->kind == KIND_FILE && !is_open)
		return verdict(VERDICT_ALLOW, "the signal back end sees of changes to files only opens");
	if (ev->tags & TAG_NO_OPEN_CALL)
		return verdict(VERDICT_ALLOW, "the signal back end sees opens by system calls, not by io_uring");
	if (v.verdict == VERDICT_DENY)
		v.verdict = VERDICT_KILL;
	v.effect = is_open ? EFFECT_HAPPENED : EFFECT_PREVENTED;
	return v;
}

struct image_verdict image_judge_by(const struct image *i, const struct event *ev, enum target_backend backend)
{
	return backend == TARGET_SIGNAL ? by_signal(i, ev) : image_judge(i, ev);
}
