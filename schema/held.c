/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls are told at their entry, so whether they succeed is known only where nothing can refuse them: a process with
 * CAP_SYS_ADMIN may make namespaces, one with CAP_SETUID may change its ids.
 */
#include "schema/held.h"

enum {
	ALL_CAP_SETS = (1 << CAPS_SETS) - 1,
	ALL_NAMESPACES = (1 << NS_COUNT) - 1,
	NEW_TIME = 0x80, NEW_USER = 0x10000000,
	/* LSM_SETID_*: which call changes the ids */
	SETID_ID = 1,
};

static const struct {
	uint32_t flag;
	enum namespace_kind kind;
} clone_flags[] = {   /* not CLONE_NEWUSER: the image's user namespace is the one that counts, until the next exec */
	{0x00000080, NS_TIME_FOR_CHILDREN}, {0x00020000, NS_MNT}, {0x02000000, NS_CGROUP}, {0x04000000, NS_UTS},
	{0x08000000, NS_IPC}, {0x20000000, NS_PID_FOR_CHILDREN}, {0x40000000, NS_NET},
};
bool held_exec(struct held *h, const struct process *p)
{
	*h = (struct held){0};
	privileges_read(p->cap, p->ns, &h->now);
	memcpy(h->record_caps, h->now.caps, sizeof(h->record_caps));
	return h->now.caps_told || h->now.ns_told;
}

void held_refresh(struct held *h, unsigned parts)
{
	if (parts & HELD_CAPS) {
		memcpy(h->record_caps, h->now.caps, sizeof(h->record_caps));
		h->record_unsure = h->caps_unsure;
		h->caps_changed = h->caps_maybe = 0;
	}
	if (parts & HELD_NAMESPACES)
		h->ns_changed = h->ns_maybe = 0;
}

void held_may_refresh(struct held *h, unsigned parts)
{
	for (unsigned set = 0; set < CAPS_SETS && parts & HELD_CAPS; set++)
		if (h->now.caps[set] != h->record_caps[set] || h->caps_unsure & 1 << set)
			h->record_unsure |= (uint8_t)(1 << set);
	if (parts & HELD_NAMESPACES)
		h->ns_maybe |= h->ns_changed;
}

void held_fork(struct held *h, const struct held *parent)
{
	*h = *parent;
	held_refresh(h, HELD_CAPS | HELD_NAMESPACES);
	h->ns_unsure = ALL_NAMESPACES & ~(1 << NS_USER);
	h->ns_fresh = 0;
}

static bool holds(const struct held *h, uint64_t cap)
{
	return h->now.caps_told && !(h->caps_unsure & 1 << CAPS_EFFECTIVE) && (h->now.caps[CAPS_EFFECTIVE] & cap);
}

static void set_caps(struct held *h, enum cap_set set, uint64_t caps)
{
	h->now.caps[set] = caps;
	h->caps_unsure &= (uint8_t)~(1 << set);
	h->caps_maybe &= (uint8_t)~(1 << set);
	h->caps_changed &= (uint8_t)~(1 << set);
	if (caps != h->record_caps[set])
		h->caps_changed |= (uint8_t)(1 << set);
}

static void lose_track(struct held *h, unsigned sets)
{
	h->caps_unsure |= (uint8_t)sets;
	h->caps_maybe |= (uint8_t)sets;
}

static bool hex_number(struct str s, uint64_t *ret)
{
	*ret = 0;
	for (size_t i = 0; i < s.n; i++) {
		const char *digits = "0123456789abcdef", *at = s.p[i] ? strchr(digits, s.p[i] | 0x20) : NULL;
		if (!at)
			return false;
		*ret = *ret << 4 | (uint64_t)(at - digits);
	}
	return s.n > 0 && s.n <= 16;
}

/* Sets that the line leaves out are not told. */
static void capset(struct held *h, const struct event *line)
{
	static const struct str names[CAPS_SETS] = {STR_INIT("cap_effective_arg"), STR_INIT("cap_permitted_arg"),
						    STR_INIT("cap_inheritable_arg")};
	for (unsigned set = 0; set < CAPS_SETS; set++) {
		uint64_t caps;
		bool told = false;
		for (uint32_t i = 0; i < line->nargs && !told; i++)
			told = line->args[i].kind == ARG_CAPS && str_eq(line->args[i].type, names[set]) &&
			       hex_number(line->args[i].text, &caps);
		/* The LSM hook comes behind the check that the call is allowed, the function's entry before it. */
		if (told && line->section == HOOK_LSM)
			set_caps(h, set, caps);
		else
			lose_track(h, 1u << set);
	}
}

static bool number_argument(const struct event *line, unsigned n, int64_t *ret)
{
	for (uint32_t i = 0; i < line->nargs; i++) {
		enum arg_kind k = line->args[i].kind;
		if ((k == ARG_INT || k == ARG_UINT || k == ARG_LONG || k == ARG_SIZE) && n-- == 0) {
			*ret = line->args[i].number;
			return true;
		}
	}
	return false;
}

/* New and old real uid, and which call. Leaving root for good clears the effective set; keepcaps may save the permitted one. */
static void set_ids(struct held *h, const struct event *line)
{
	int64_t new_uid, old_uid, how;
	bool told = number_argument(line, 0, &new_uid) && number_argument(line, 1, &old_uid) &&
		    number_argument(line, 2, &how);
	if (told && how == SETID_ID && new_uid == old_uid)
		return;
	if (told && how == SETID_ID && old_uid == 0 && holds(h, CAP_BIT_SETUID)) {
		set_caps(h, CAPS_EFFECTIVE, 0);
		lose_track(h, 1u << CAPS_PERMITTED);
		return;
	}
	lose_track(h, 1u << CAPS_EFFECTIVE | 1u << CAPS_PERMITTED);
}

/* In a user namespace that is new to it a process has all capabilities. */
static void all_caps(struct held *h)
{
	set_caps(h, CAPS_EFFECTIVE, CAPS_ALL);
	set_caps(h, CAPS_PERMITTED, CAPS_ALL);
	set_caps(h, CAPS_INHERITABLE, 0);
}

/* Whether it came to pass the line may tell; else the capabilities do. */
static void unshare(struct held *h, const struct event *line)
{
	if (line->has_returned && line->returned < 0)
		return;
	int64_t flags;
	bool told = number_argument(line, 0, &flags);
	if (told && line->has_returned && (flags & NEW_USER))
		all_caps(h);
	bool allowed = told && (line->has_returned || holds(h, CAP_BIT_ADMIN));
	for (size_t i = 0; i < ARRAY_SIZE(clone_flags); i++) {
		uint16_t bit = (uint16_t)(1 << clone_flags[i].kind);
		if (told && !((uint32_t)flags & clone_flags[i].flag))
			continue;
		if (allowed) {
			h->ns_fresh |= bit;
			h->ns_changed |= bit;
		} else {
			h->ns_unsure |= bit;
			h->ns_maybe |= bit;
		}
	}
}

/* All capabilities within the new namespace. */
static void new_user_namespace(struct held *h, const struct event *line)
{
	(void)line;
	bool full = h->now.caps_told && !h->caps_unsure && h->now.caps[CAPS_EFFECTIVE] == CAPS_ALL &&
		    h->now.caps[CAPS_PERMITTED] == CAPS_ALL && !h->now.caps[CAPS_INHERITABLE];
	if (!full)
		lose_track(h, ALL_CAP_SETS);
}

/* The kinds that setns() with these flags may enter; the user namespace that counts is the image's. */
static uint16_t entered(int64_t flags)
{
	uint16_t kinds = flags & NEW_TIME ? 1 << NS_TIME : 0;
	for (size_t i = 0; i < ARRAY_SIZE(clone_flags); i++)
		if (flags & clone_flags[i].flag)
			kinds |= (uint16_t)(1 << clone_flags[i].kind);
	return kinds;
}

/* Its flags, where they are told and not 0, say which kinds it enters, else it may be any: by the line of a file neither is told. */
static void setns(struct held *h, const struct event *line)
{
	int64_t fd, flags = 0;
	if (line->has_returned && line->returned < 0)
		return;
	bool told = number_argument(line, 0, &fd) && number_argument(line, 1, &flags) && flags;
	uint16_t kinds = told ? entered(flags) : ALL_NAMESPACES & ~(1 << NS_USER);
	h->ns_unsure |= kinds;
	h->ns_maybe |= kinds;
	if (told && line->has_returned && (flags & NEW_USER))
		all_caps(h);
	else if (!told || (flags & NEW_USER))
		new_user_namespace(h, line);
}

/* A file without a path that all may read: a namespace's, which setns() enters. */
static bool is_namespace_file(const struct event *line)
{
	for (uint32_t i = 0; i < line->nargs; i++)
		if (line->args[i].kind == ARG_FILE)
			return !line->args[i].text.n && str_eq(line->args[i].permission, STR("-r--r--r--"));
	return false;
}

bool held_line(struct held *h, const struct event *line)
{
	static const struct {
		struct str hook;
		void (*changes)(struct held *h, const struct event *line);
	} calls[] = {
		{STR_INIT("capset"), capset},
		{STR_INIT("task_fix_setuid"), set_ids},
		{STR_INIT("sys_unshare"), unshare},
		{STR_INIT("sys_setns"), setns},
		{STR_INIT("userns_create"), new_user_namespace},
		{STR_INIT("create_user_ns"), new_user_namespace},
	};
	static const struct str security = STR_INIT("security_");
	struct str hook = str_starts(line->hook, security) ? str_skip(line->hook, security.n) : line->hook;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		if (!str_eq(calls[i].hook, hook))
			continue;
		calls[i].changes(h, line);
		return true;
	}
	if (!(str_eq(hook, STR("file_open")) || str_eq(hook, STR("fd_install"))) || !is_namespace_file(line))
		return false;
	setns(h, line);
	return true;
}
