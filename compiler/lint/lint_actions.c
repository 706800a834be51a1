/* SPDX-License-Identifier: GPL-2.0-only */
/* Actions that do nothing, or something else, where they stand. */
#include "compiler/lint/lint_walk.h"
#include "schema/hook.h"

enum { ERRNO_MAX = 4095, SIGNAL_MAX = 64 };

/* A kprobe on system calls, also by a list. */
static bool calls_kprobe(const struct lint_context *c, const struct hook *h)
{
	const struct policy_list *list = policy_list_of(c->policy, h->call);
	return h->section == SECTION_KPROBE &&
	       (list ? str_eq(list->type, STR("syscalls")) || str_eq(list->type, STR("generated_syscalls")) : h->syscall);
}

static bool lsm_like(const struct hook *h)
{
	return h->section == SECTION_LSM ||
	       (h->section == SECTION_KPROBE && !h->syscall && str_starts(h->call, STR("security_")));
}

/* The path of the action where the walk is, from a finding that was reported there. */
static void set_error(struct lint_context *c, struct finding *f, const char *value)
{
	if (f)
		lint_edit_set(c, f, f->path, "argError", value);
}

/* ---- Override ---- */

static void override_nowhere(struct lint_context *c, const struct hook *h, const struct selector *s,
			     const struct action *a)
{
	(void)s;
	if (a->action == ACTION_OVERRIDE && (h->section == SECTION_TRACEPOINT || h->section == SECTION_USDT))
		lint_report(c, a->at, "use Sigkill, or an LSM hook", "Override in %s changes nothing, though it is counted",
			    policy_section_names[h->section]);
}

void lint_override_nowhere(struct lint_context *c)
{
	lint_each_action(c, override_nowhere);
}

static void override_zero(struct lint_context *c, const struct hook *h, const struct selector *s, const struct action *a)
{
	(void)s;
	if (a->action != ACTION_OVERRIDE || a->error != 0)
		return;
	if (lsm_like(h))
		set_error(c, lint_report(c, a->at, "write argError: -1", "Override with argError 0 lets the call go on"), "-1");
	else if (calls_kprobe(c, h))
		set_error(c, lint_report(c, a->at, "write argError: -1",
					 "Override with argError 0 skips the call and tells the caller that it succeeded"), "-1");
}

void lint_override_zero(struct lint_context *c)
{
	lint_each_action(c, override_zero);
}

static void override_lsm(struct lint_context *c, const struct hook *h, const struct selector *s, const struct action *a)
{
	(void)s;
	if (a->action == ACTION_OVERRIDE && h->section == SECTION_LSM && a->error != 0 && a->error != -1)
		set_error(c, lint_report(c, a->at, "write argError: -1",
					 "the caller sees EPERM: an LSM hook takes no other error, %d neither", a->error), "-1");
}

void lint_override_lsm_error(struct lint_context *c)
{
	lint_each_action(c, override_lsm);
}

static void error_sign(struct lint_context *c, const struct hook *h, const struct selector *s, const struct action *a)
{
	(void)s;
	bool returns = (a->action == ACTION_OVERRIDE && h->section != SECTION_LSM) || a->action == ACTION_NOTIFY_ENFORCER;
	if (!returns || (a->error <= 0 && a->error >= -ERRNO_MAX))
		return;
	bool number = a->error > 0 && a->error <= ERRNO_MAX;
	struct finding *f = lint_report(c, a->at, number ? lint_fmt(c, "write argError: -%d", a->error)
							 : "write a negative errno, such as -1",
					"argError %d is returned as it is, and no caller takes it for an error", a->error);
	if (f && number)
		lint_edit_set(c, f, f->path, "argError", lint_fmt(c, "-%d", a->error));
}

void lint_error_sign(struct lint_context *c)
{
	lint_each_action(c, error_sign);
}

/* ---- signals ---- */

static void signal_none(struct lint_context *c, const struct hook *h, const struct selector *s, const struct action *a)
{
	(void)h, (void)s;
	if (a->action == ACTION_SIGNAL && (a->sig == 0 || a->sig > SIGNAL_MAX))
		lint_report(c, a->at, "write argSig: 15, or another signal", "signal %u is none: Signal does nothing", a->sig);
}

void lint_signal_none(struct lint_context *c)
{
	lint_each_action(c, signal_none);
}

static void kill_kernel(struct lint_context *c, const struct hook *h, const struct selector *s, const struct action *a)
{
	(void)s;
	/* At a kprobe Sigkill is refused. */
	bool loads = a->action == ACTION_SIGNAL || (a->action == ACTION_SIGKILL && h->section != SECTION_KPROBE);
	if (loads && h->section != SECTION_FENTRY && c->target->kernel < TARGET_KERNEL(5, 3))
		lint_report_target(c, a->at, "use a newer kernel", "%s does nothing before kernel 5.3",
				   action_name(a->action));
}

void lint_kill_kernel(struct lint_context *c)
{
	lint_each_action(c, kill_kernel);
}

/* ---- enforcers ---- */

static void notify_nothing(struct lint_context *c, const struct hook *h, const struct selector *s,
			   const struct action *a)
{
	(void)h, (void)s;
	if (a->action == ACTION_NOTIFY_ENFORCER && a->error == 0 && a->sig == 0)
		lint_report(c, a->at, "write argError: -1, or argSig: 9",
			    "neither argError nor argSig: the enforcer is told to do nothing");
}

void lint_notify_nothing(struct lint_context *c)
{
	lint_each_action(c, notify_nothing);
}

static bool watched(const struct lint_context *c, struct str call)
{
	struct str plain = hook_plain_name(call);
	for (size_t i = 0; i < c->policy->nenforcers; i++)
		for (size_t k = 0; k < c->policy->enforcers[i].calls.n; k++) {
			struct str e = c->policy->enforcers[i].calls.v[k];
			const struct policy_list *list = policy_list_of(c->policy, e);
			if (str_eq(hook_plain_name(e), plain) || (list && str_starts(list->type, STR("generated_"))))
				return true;
			for (size_t v = 0; list && v < list->values.n; v++)
				if (str_eq(hook_plain_name(list->values.v[v]), plain))
					return true;
		}
	return false;
}

/* The list that a filter on the call's number names; NULL = another filter. */
static struct str filtered_list(const struct selector *s)
{
	for (size_t i = 0; i < s->nargs; i++)
		for (size_t k = 0; k < s->args[i].values.n; k++)
			if (s->args[i].op == OPERATOR_IN_MAP && str_starts(s->args[i].values.v[k], STR("list:")))
				return s->args[i].values.v[k];
	return (struct str){0};
}

static struct str unwatched(const struct lint_context *c, const struct strs *calls)
{
	for (size_t i = 0; i < calls->n; i++)
		if (!watched(c, calls->v[i]))
			return calls->v[i];
	return (struct str){0};
}

static void notify_call(struct lint_context *c, const struct hook *h, const struct selector *s, const struct action *a)
{
	struct strs own = {(struct str *)&h->call, 1};
	if (a->action != ACTION_NOTIFY_ENFORCER || !c->policy->nenforcers)
		return;
	struct str named = h->section == SECTION_TRACEPOINT ? filtered_list(s) : h->call;
	const struct policy_list *list = policy_list_of(c->policy, named);
	struct str call = list ? unwatched(c, &list->values) : calls_kprobe(c, h) ? unwatched(c, &own) : (struct str){0};
	if (call.n)
		lint_report(c, a->at, lint_fmt(c, "add " STR_FMT " to the enforcer's calls", STR_ARG(call)),
			    "no enforcer watches " STR_FMT ": the notice waits, and stops another call of the thread later",
			    STR_ARG(call));
}

void lint_notify_unwatched(struct lint_context *c)
{
	lint_each_action(c, notify_call);
}

static void notify_hook(struct lint_context *c, const struct hook *h, const struct selector *s, const struct action *a)
{
	(void)s;
	bool raw = h->section == SECTION_TRACEPOINT && h->raw;
	if (a->action == ACTION_NOTIFY_ENFORCER && (raw || h->section >= SECTION_UPROBE))
		lint_report(c, a->at, "use a kprobe, or a tracepoint that is not raw", "NotifyEnforcer does nothing %s",
			    raw ? "at a raw tracepoint" : "at a hook in a program");
}

void lint_notify_hook(struct lint_context *c)
{
	lint_each_action(c, notify_hook);
}

void lint_enforcer_unused(struct lint_context *c)
{
	bool used = false;
	for (size_t i = 0; i < c->policy->nhooks; i++)
		for (size_t k = 0; k < c->policy->hooks[i].nselectors; k++) {
			struct selector s = lint_whole(c, &c->policy->hooks[i].selectors[k]);
			used |= lint_has_action(&s, ACTION_NOTIFY_ENFORCER);
		}
	size_t spec = lint_enter(c, "spec", LINT_NO_INDEX);
	size_t mark = lint_enter(c, "enforcers", LINT_NO_INDEX);
	if (c->policy->nenforcers && !used)
		lint_report(c, (struct place){c->policy->line, 1}, "add a selector with NotifyEnforcer, or remove them",
			    "no action notifies the enforcer: its calls are never stopped");
	lint_leave(c, mark);
	lint_leave(c, spec);
}

/* ---- sockets ---- */

static void tracked(struct lint_context *c, const struct hook *h, const struct selector *s, const struct action *a)
{
	(void)s;
	bool track = a->action == ACTION_TRACK_SOCK || a->action == ACTION_UNTRACK_SOCK;
	enum type_class k = track && a->sock < h->nargs ? policy_type_class(h->args[a->sock].type) : CLASS_NONE;
	if (track && !(k & CLASS_SOCK))
		lint_report(c, a->at, "write argSock: the position, from 0, of a sock in the list of args",
			    "argSock %u is %s: nothing is tracked", a->sock,
			    a->sock < h->nargs ? "not a socket" : "beyond the list of args");
}

/* An action that fails ends the list. */
static void untracks_before(struct lint_context *c, const struct hook *h, const struct selector *s, const struct action *a)
{
	(void)h;
	if (a->action == ACTION_UNTRACK_SOCK && a != &s->actions[s->nactions - 1])
		lint_report(c, a->at, "write UntrackSock last",
			    "UntrackSock fails for a socket that was not tracked, and then the actions behind it are not done");
}

void lint_track_argument(struct lint_context *c)
{
	lint_each_action(c, tracked);
}

void lint_untrack_before(struct lint_context *c)
{
	lint_each_action(c, untracks_before);
}

void lint_track_without_untrack(struct lint_context *c)
{
	const struct hook *first = NULL;
	bool untracks = false;
	for (size_t i = 0; i < c->policy->nhooks; i++) {
		const struct hook *h = &c->policy->hooks[i];
		bool tracks = str_eq(h->return_arg_action, STR("TrackSock"));
		untracks |= str_eq(h->return_arg_action, STR("UntrackSock"));
		for (size_t k = 0; k < h->nselectors; k++) {
			struct selector s = lint_whole(c, &h->selectors[k]);
			tracks |= lint_has_action(&s, ACTION_TRACK_SOCK);
			untracks |= lint_has_action(&s, ACTION_UNTRACK_SOCK);
		}
		if (tracks && !first)
			first = h;
	}
	if (first && !untracks)
		lint_report(c, first->at, "add a kprobe on tcp_close or __sk_free with UntrackSock",
			    "TrackSock without UntrackSock: a socket's address is used again, and events name processes long "
			    "gone");
}

/* ---- the agent's requests ---- */

static void request(struct lint_context *c, const struct hook *h, const struct selector *s, const struct action *a)
{
	(void)h;
	bool url = a->action == ACTION_GET_URL, dns = a->action == ACTION_DNS_LOOKUP;
	if (!url && !dns)
		return;
	if (a != &s->actions[s->nactions - 1] || lint_has_action(s, ACTION_NO_POST))
		lint_report(c, a->at, "make it the last action, of an event that is posted",
			    "%s happens only as the last action of a posted event", action_name(a->action));
	else if (url ? !a->url.n : !a->fqdn.n)
		lint_report(c, a->at, url ? "write argUrl" : "write argFqdn", "%s without %s asks for nothing",
			    action_name(a->action), url ? "argUrl" : "argFqdn");
}

void lint_request_dropped(struct lint_context *c)
{
	lint_each_action(c, request);
}

/* ---- fields ---- */

static void unused(struct lint_context *c, const struct hook *h, const struct selector *s, const struct action *a)
{
	(void)h, (void)s;
	bool notify = a->action == ACTION_NOTIFY_ENFORCER;
	if (a->has_error && a->error && a->action != ACTION_OVERRIDE && !notify)
		lint_report(c, a->at, "remove it, or use Override", "%s does not use argError", action_name(a->action));
	if (a->has_sig && a->sig && a->action != ACTION_SIGNAL && !notify)
		lint_report(c, a->at, "remove it, or use Signal", "%s does not use argSig", action_name(a->action));
}

void lint_argument_unused(struct lint_context *c)
{
	lint_each_action(c, unused);
}

static void post_both(struct lint_context *c, const struct hook *h, const struct selector *s, const struct action *a)
{
	(void)h;
	if (a->action == ACTION_NO_POST && lint_has_action(s, ACTION_POST))
		lint_report(c, a->at, "keep one of them", "NoPost wins over Post: there is no event");
}

void lint_post_and_nopost(struct lint_context *c)
{
	lint_each_action(c, post_both);
}

static void ima(struct lint_context *c, const struct hook *h, const struct selector *s, const struct action *a)
{
	static const char *const hooks[] = {"file_open", "file_lock", "file_ioctl", "file_receive", "file_post_open", "mmap_file"};
	bool reads = h->section == SECTION_LSM && str_starts(h->call, STR("bprm_"));
	(void)s;
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++)
		reads |= h->section == SECTION_LSM && str_eq(h->call, str_from(hooks[i]));
	if (a->ima_hash && (!reads || a->action != ACTION_POST))
		lint_report(c, a->at, "use it with Post at lsm file_open, mmap_file or bprm_check_security",
			    "imaHash is not read here: the event has no hash");
}

void lint_ima_hook(struct lint_context *c)
{
	lint_each_action(c, ima);
}
