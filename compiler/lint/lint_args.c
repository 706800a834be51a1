/* SPDX-License-Identifier: GPL-2.0-only */
/* Arguments that are read otherwise than they are listed, and filters on what was not read. */
#include "compiler/lint/lint_walk.h"

static bool text_filter(enum policy_operator op)
{
	return lint_is_path_operator(op) || op == OPERATOR_SUB_STRING || op == OPERATOR_SUB_STRING_IGN_CASE;
}

/* ---- buffers ---- */

static void max_data(struct lint_context *c, const struct hook *h, const struct selector *s, const struct arg_filter *f,
		     const struct spec_arg *arg)
{
	(void)h, (void)s;
	if (arg->type == TYPE_CHAR_BUF && arg->max_data && text_filter(f->op))
		lint_report(c, f->at, "remove maxData, or filter on another argument",
			    "with maxData the buffer lies elsewhere, and %s compares other bytes", operator_name(f->op));
}

void lint_maxdata_filter(struct lint_context *c)
{
	lint_each_filter(c, max_data);
}

static bool sized_by_hand(const struct hook *h)
{
	return h->section == SECTION_KPROBE || h->section == SECTION_FENTRY || h->section == SECTION_LSM ||
	       h->section == SECTION_UPROBE;
}

static void unsized(struct lint_context *c, const struct hook *h)
{
	for (size_t i = 0; sized_by_hand(h) && i < h->nargs; i++) {
		const struct spec_arg *a = &h->args[i];
		size_t mark = lint_enter(c, "args", i);
		if (a->type == TYPE_CHAR_BUF && !a->size_arg_index && !a->return_copy)
			lint_report(c, a->at, "add sizeArgIndex: the number, from 1, of the argument with the length",
				    "a char_buf without sizeArgIndex has length 0: nothing is read");
		lint_leave(c, mark);
	}
}

void lint_buffer_without_size(struct lint_context *c)
{
	lint_each_hook(c, unsized);
}

static void own_size(struct lint_context *c, const struct hook *h)
{
	for (size_t i = 0; sized_by_hand(h) && i < h->nargs; i++) {
		const struct spec_arg *a = &h->args[i];
		size_t mark = lint_enter(c, "args", i);
		if (a->size_arg_index > 0 && (uint32_t)a->size_arg_index == a->index + 1)
			lint_report(c, a->at, lint_fmt(c, "if the length comes next, write %u", a->index + 2),
				    "sizeArgIndex counts from 1: %d is the buffer's own address", a->size_arg_index);
		lint_leave(c, mark);
	}
}

void lint_size_arg_self(struct lint_context *c)
{
	lint_each_hook(c, own_size);
}

/* ---- tracepoints ---- */

static void raw_index(struct lint_context *c, const struct hook *h)
{
	for (size_t i = 0; h->section == SECTION_TRACEPOINT && h->raw && i < h->nargs; i++) {
		size_t mark = lint_enter(c, "args", i);
		if (h->args[i].index == 5)
			lint_report(c, h->args[i].at, "take one of 0 to 4",
				    "a raw tracepoint has arguments 0 to 4; index 5 loads and reads leftovers");
		lint_leave(c, mark);
	}
}

void lint_raw_tracepoint_index(struct lint_context *c)
{
	lint_each_hook(c, raw_index);
}

static bool tracepoint_reads(enum policy_type t)
{
	enum type_class k = policy_type_class(t);
	return t == TYPE_AUTO || t == TYPE_NOP || t == TYPE_CHAR_BUF || t == TYPE_STRING || t == TYPE_DATA_LOC ||
	       t == TYPE_CONST_BUF || k & (CLASS_NUMBER | CLASS_SOCK | CLASS_SKB | CLASS_SOCKADDR);
}

static void tracepoint_type(struct lint_context *c, const struct hook *h)
{
	for (size_t i = 0; h->section == SECTION_TRACEPOINT && !h->raw && i < h->nargs; i++) {
		size_t mark = lint_enter(c, "args", i);
		if (!tracepoint_reads(h->args[i].type))
			lint_report(c, h->args[i].at, "use raw: true with the argument's position there, or a kprobe",
				    "a tracepoint that is not raw reads 0 for type %s", type_name(h->args[i].type));
		lint_leave(c, mark);
	}
}

void lint_tracepoint_type(struct lint_context *c)
{
	lint_each_hook(c, tracepoint_type);
}

static void rewritten(struct lint_context *c, const struct hook *h, const struct selector *s, const struct arg_filter *f,
		      const struct spec_arg *arg)
{
	(void)s;
	if (h->section != SECTION_TRACEPOINT || f->nargs || arg < h->args || arg >= h->args + h->nargs)
		return;
	for (size_t i = 0; i < h->nargs; i++)
		if (h->args[i].index == f->index && arg->index != f->index) {
			lint_report(c, f->at, lint_fmt(c, "write args: [%zu], the position in the list", i),
				    "index %u is turned into a position twice, and ends at the argument with index %u",
				    f->index, arg->index);
			return;
		}
}

void lint_tracepoint_index(struct lint_context *c)
{
	lint_each_filter(c, rewritten);
}

/* ---- kernels ---- */

static void unix_old(struct lint_context *c, const struct hook *h, const struct selector *s, const struct arg_filter *f,
		     const struct spec_arg *arg)
{
	(void)h, (void)s;
	bool un = arg->type == TYPE_SOCKADDR_UN && c->target->kernel < TARGET_KERNEL(5, 11);
	bool binprm = arg->type == TYPE_LINUX_BINPRM && c->target->kernel < TARGET_KERNEL(5, 3);
	if (un || binprm)
		lint_report_target(c, f->at, "do not use the policy there", "type %s cannot be read before kernel %s: the "
				   "filter passes always", type_name(arg->type), un ? "5.11" : "5.3");
}

void lint_type_kernel(struct lint_context *c)
{
	lint_each_filter(c, unix_old);
}

static void substring(struct lint_context *c, const struct hook *h, const struct selector *s, const struct arg_filter *f,
		      const struct spec_arg *arg)
{
	(void)h, (void)s, (void)arg;
	bool any_case = f->op == OPERATOR_SUB_STRING_IGN_CASE;
	unsigned since = any_case ? TARGET_KERNEL(6, 19) : TARGET_KERNEL(6, 17);
	if ((any_case || f->op == OPERATOR_SUB_STRING) && c->target->kernel < since && h->section != SECTION_UPROBE)
		lint_report_target(c, f->at, "use Prefix or Postfix, or a newer kernel",
				   "%s needs kernel %u.%u; before, it loads and never passes", operator_name(f->op),
				   since >> 16, since >> 8 & 0xff);
}

void lint_substring_kernel(struct lint_context *c)
{
	lint_each_filter(c, substring);
}

static void cel(struct lint_context *c, const struct hook *h, const struct selector *s, const struct arg_filter *f,
		const struct spec_arg *arg)
{
	(void)s, (void)arg;
	if (f->op == OPERATOR_CEL_EXPR && h->section != SECTION_KPROBE && h->section != SECTION_UPROBE)
		lint_report(c, f->at, "write it with Equal, Mask or InRange, or hook a kprobe",
			    "CelExpr in %s never passes", policy_section_names[h->section]);
}

void lint_cel_hook(struct lint_context *c)
{
	lint_each_filter(c, cel);
}

/* ---- what was not read ---- */

static void user_string(struct lint_context *c, const struct hook *h, const struct selector *s,
			const struct arg_filter *f, const struct spec_arg *arg)
{
	bool call = (h->section == SECTION_KPROBE && h->syscall) ||
		    (h->section == SECTION_TRACEPOINT && str_eq(h->subsystem, STR("syscalls")));
	if (call && (arg->type == TYPE_STRING || arg->type == TYPE_CHAR_BUF) && text_filter(f->op) && lint_stops(s))
		lint_report(c, f->at, "hook the LSM function that sees the resolved file",
			    "the caller can change this text after it was read, and while its page is not in memory "
			    "no filter passes, %s neither", lint_negative(f->op) ? "negative ones" : "this one");
}

void lint_user_string(struct lint_context *c)
{
	lint_each_filter(c, user_string);
}

/* Is there, before S or in it, a filter on the file's link count? */
static bool closes_memfd(const struct lint_context *c, const struct hook *h)
{
	for (size_t i = 0; i < h->nselectors; i++) {
		struct selector s = lint_whole(c, &h->selectors[i]);
		for (size_t k = 0; lint_stops(&s) && k < s.nargs; k++) {
			const struct spec_arg *a = policy_filter_arg(h, &s.args[k], false);
			if (a && str_ends(a->resolve, STR("i_nlink")))
				return true;
		}
	}
	return false;
}

/* A later hook of the policy for the same function may hold the other part. */
static bool memfd_closed(const struct lint_context *c, const struct hook *h)
{
	for (size_t i = 0; i < c->policy->nhooks; i++) {
		const struct hook *o = &c->policy->hooks[i];
		if (o->section == h->section && str_eq(o->call, h->call) && closes_memfd(c, o))
			return true;
	}
	return false;
}

static void memfd(struct lint_context *c, const struct hook *h, const struct selector *s, enum policy_operator op,
		  const struct strs *values, struct place at)
{
	(void)s, (void)values;
	bool file = op == OPERATOR_NOT_EQUAL || op == OPERATOR_NOT_PREFIX || op == OPERATOR_NOT_POSTFIX;
	if (memfd_closed(c, h))
		return;
	if (file && lint_exec_hook(h) == LINT_EXEC_CHECK)
		lint_report(c, at, "deny files without links first: resolve file.f_inode.__i_nlink as uint32, Equal \"0\"",
			    "a program in memory (memfd) has no path, and %s does not pass for it: it may run",
			    operator_name(op));
	else
		lint_report(c, at, "use lsm bprm_check_security, and deny files without links there",
			    "a program in memory (memfd) has no path, and %s does not pass for it: it may run",
			    operator_name(op));
}

void lint_memfd_gap(struct lint_context *c)
{
	lint_each_allowed(c, memfd);
}

static void common_field(struct lint_context *c, const struct hook *h)
{
	for (size_t i = 0; h->section == SECTION_TRACEPOINT && !h->raw && i < h->nargs; i++) {
		size_t mark = lint_enter(c, "args", i);
		if (h->args[i].index < 4)
			lint_report(c, h->args[i].at, "count from the tracepoint's format file; its own fields mostly begin at 4",
				    "field %u of a tracepoint is one that all have (common_type, flags, preempt count, pid)",
				    h->args[i].index);
		lint_leave(c, mark);
	}
}

void lint_tracepoint_common(struct lint_context *c)
{
	lint_each_hook(c, common_field);
}
