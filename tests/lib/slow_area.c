/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Section 3.2 of the rules: the selectors of a hook are written one behind the other into an area of which the kernel
 * reaches 1024 bytes; a selector beyond them is never applied.
 */
#include "tests/lib/slow_private.h"

enum { AREA = 1024, SELECTOR = 52, FILTER = 16 };

static bool is_wide(enum policy_type t)
{
	switch (t) {
	case TYPE_LONG: case TYPE_SINT64: case TYPE_INT64: case TYPE_ULONG: case TYPE_UINT64: case TYPE_SYSCALL64:
	case TYPE_KERNEL_CAP_T: case TYPE_CAP_INHERITABLE: case TYPE_CAP_PERMITTED: case TYPE_CAP_EFFECTIVE:
		return true;
	default:
		return false;
	}
}

static bool is_text(enum policy_type t)
{
	switch (t) {
	case TYPE_STRING: case TYPE_NET_DEVICE: case TYPE_DATA_LOC: case TYPE_CHAR_BUF: case TYPE_FILE: case TYPE_PATH:
	case TYPE_FD: case TYPE_DENTRY: case TYPE_LINUX_BINPRM: case TYPE_SOCKADDR_UN:
		return true;
	default:
		return false;
	}
}

static size_t filter_bytes(const struct hook *h, const struct arg_filter *f)
{
	const struct spec_arg *a = slow_filtered(h, f);
	size_t wide = a && is_wide(a->type) ? 8 : 4;
	switch (f->op) {
	case OPERATOR_PREFIX: case OPERATOR_NOT_PREFIX: case OPERATOR_POSTFIX: case OPERATOR_NOT_POSTFIX:
		return FILTER + 4;
	case OPERATOR_EQUAL: case OPERATOR_NOT_EQUAL:
		return FILTER + (a && is_text(a->type) ? 44 : wide * f->values.n);
	case OPERATOR_IN_RANGE: case OPERATOR_NOT_IN_RANGE:
		return FILTER + 2 * wide * f->values.n;
	case OPERATOR_SADDR: case OPERATOR_NOT_SADDR: case OPERATOR_DADDR: case OPERATOR_NOT_DADDR:
		return FILTER + 8;
	default:
		return FILTER + (slow_is_table(f->op) ? 4 : wide * f->values.n);
	}
}

static size_t action_bytes(enum policy_action a)
{
	switch (a) {
	case ACTION_POST:
		return 24;
	case ACTION_NOTIFY_ENFORCER:
		return 16;
	case ACTION_SET:
		return 12;
	case ACTION_OVERRIDE: case ACTION_SIGNAL: case ACTION_GET_URL: case ACTION_DNS_LOOKUP: case ACTION_TRACK_SOCK:
	case ACTION_UNTRACK_SOCK:
		return 8;
	default:
		return 4;
	}
}

/* What comes before the actions, and with them. */
static size_t selector_bytes(const struct hook *h, const struct selector *s, bool actions)
{
	size_t n = SELECTOR + 20 * (s->ncapabilities + s->ncapability_changes) + 8 * s->nnamespace_changes;
	for (size_t i = 0; i < s->npids; i++)
		n += 12 + 4 * s->pids[i].n;
	for (size_t i = 0; i < s->nnamespaces; i++)
		n += 12 + 4 * s->namespaces[i].values.n;
	for (size_t i = 0; i < s->nargs; i++)
		n += filter_bytes(h, &s->args[i]);
	for (size_t i = 0; i < s->ndata; i++)
		n += filter_bytes(h, &s->data[i]);
	for (size_t i = 0; actions && i < s->nactions; i++)
		n += action_bytes(s->actions[i].action);
	return n;
}

enum truth slow_within_area(struct slow_question *q)
{
	const struct hook *h = q->hook;
	size_t at = 4 + 4 * h->nselectors;
	for (size_t i = 0; i < q->selector; i++) {
		struct selector s = slow_expanded(q->policy, &h->selectors[i]);
		at += selector_bytes(h, &s, true);
	}
	struct selector s = slow_expanded(q->policy, &h->selectors[q->selector]);
	if (at >= AREA)
		return FALSE_;
	return at + selector_bytes(h, &s, false) < AREA ? TRUE_ : slow_silent(q, "a selector across the end of the area");
}
