/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A recorded line is a hit of its hook: its values, which stand in the order of the policy that recorded
 * it, are found a place in the C signature by their kind (sites.def).
 */
#include "compiler/eval/eval_hit.h"

static bool is_caps(const struct arg *a, struct str type)
{
	return a->kind == ARG_CAPS && (str_eq(a->type, type) || str_eq(a->type, STR("kernel_cap_t_arg")));
}

static bool fits(char kind, const struct arg *a)
{
	enum arg_kind k = a->kind;
	switch (kind) {
	case 'e':
		return is_caps(a, STR("cap_effective_arg"));
	case 'i':
		return is_caps(a, STR("cap_inheritable_arg"));
	case 'p':
		return is_caps(a, STR("cap_permitted_arg"));
	case 'f':
		return k == ARG_FILE || k == ARG_PATH || k == ARG_BINPRM;
	case 'n':
		return k == ARG_INT || k == ARG_UINT || k == ARG_LONG || k == ARG_SIZE || k == ARG_SYSCALL;
	case 's':
		return k == ARG_STRING;
	case 'a':
		return k == ARG_SOCKADDR || k == ARG_SOCKADDR_UN;
	default:
		return k == ARG_SOCK || k == ARG_SKB;
	}
}

/* The reader writes IPv4-mapped addresses as IPv4; the kernel compares what the socket has. */
static struct address as_in_kernel(struct address a, struct str family)
{
	if (a.family != 4 || !str_eq(family, STR("AF_INET6")))
		return a;
	struct address mapped = {.family = 6, .port = a.port};
	mapped.bytes[10] = mapped.bytes[11] = 0xff;
	memcpy(mapped.bytes + 12, a.bytes, 4);
	return mapped;
}

static void recorded_address(struct slot *s, const struct arg *a, bool from_policy)
{
	s->family = a->family.n ? (int)socket_number(SOCKET_FAMILY, a->family) : -1;
	if (a->kind == ARG_SOCKADDR_UN && !a->family.n && !from_policy)
		s->family = 1;
	s->protocol = a->protocol.n ? (int)socket_number(SOCKET_PROTOCOL, a->protocol) : -1;
	s->address = as_in_kernel(a->dest, a->family);
	s->text = a->text;
	s->arg = a;
	s->local_known = a->kind != ARG_SOCKADDR && a->source.family;
}

static int64_t hex_number(struct str s)
{
	uint64_t n = 0;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i] | 0x20;
		n = n << 4 | (uint64_t)(c >= 'a' && c <= 'f' ? c - 'a' + 10 : (c - '0') & 15);
	}
	return (int64_t)n;
}

static void recorded_slot(struct hit *h, enum slot_kind kind, uint8_t index, struct str resolve, const struct arg *a,
			  bool from_policy)
{
	struct slot *s = hit_slot(h, kind, index);
	s->known = true;
	s->failed = a->kind == ARG_ERROR;
	s->resolve = resolve;
	/* A label that names a field says which one was resolved. */
	if (a->label.n && (str_starts(a->label, STR("f_")) || memchr(a->label.p, '.', a->label.n)))
		s->resolve = a->label;
	switch (s->kind) {
	case SLOT_NUMBER:
		s->low = s->high = a->kind == ARG_CAPS ? hex_number(a->text) : a->number;
		s->compat = a->kind == ARG_SYSCALL && a->type.n && str_eq(a->type, STR("i386"));
		break;
	case SLOT_ADDRESS:
	case SLOT_SOCKET:
		recorded_address(s, a, from_policy);
		break;
	default:
		s->text = a->text;
		s->permission = a->permission;
		if (a->flags.n && memmem(a->flags.p, a->flags.n, "unresolvedPathComponents", 24))
			s->known = false;
		break;
	}
}

static size_t count_paths(const struct event *ev)
{
	size_t n = 0;
	for (uint32_t i = 0; i < ev->nargs; i++)
		n += fits('f', &ev->args[i]);
	return n;
}

/*
 * Which place of the signature each value of a line has. A policy lists arguments in the order of the signature as good as
 * always: a number behind a string is not one that stands before it. Where no such order fits, each value takes the first
 * free place of its kind.
 *
 * What the kernel could not read has lost its kind. Strings and addresses fault; something else only where
 * the values beside it leave no other place.
 */
enum { MAX_VALUES = 16, NO_PLACE_OF = -1 };

struct places {
	const struct place_specs *told;
	int of[MAX_VALUES];          /* by the line's value */
};

static bool can_be(const struct places *p, int k, const struct arg *a, bool all_fault)
{
	char kind = p->told->v[k].kind;
	return a->kind == ARG_ERROR ? all_fault || kind == 's' || kind == 'a' : fits(kind, a);
}

static bool in_order(struct places *p, const struct event *ev, uint32_t i, int from, bool all_fault)
{
	if (i == MIN(ev->nargs, (uint32_t)MAX_VALUES))
		return true;
	bool somewhere = false;
	for (int k = 0; k < p->told->n; k++) {
		bool can = can_be(p, k, &ev->args[i], all_fault);
		somewhere |= can;
		p->of[i] = k;
		if (can && k >= from && in_order(p, ev, i + 1, k + 1, all_fault))
			return true;
	}
	p->of[i] = NO_PLACE_OF;
	return !somewhere && in_order(p, ev, i + 1, from, all_fault);
}

/* Of several arguments of a kind a line may have only some: which ones is not told where a value fits a place behind its first one, too. */
static void forget_ambiguous(struct places *p, const struct event *ev, bool all_fault)
{
	int behind = p->told->n;
	for (uint32_t i = MIN(ev->nargs, (uint32_t)MAX_VALUES); i-- > 0;) {
		int first = p->of[i], last = behind - 1;
		if (first == NO_PLACE_OF)
			continue;
		while (last > first && !can_be(p, last, &ev->args[i], all_fault))
			last--;
		p->of[i] = last == first ? first : NO_PLACE_OF;
		behind = last;
	}
}

static void in_any_order(struct places *p, const struct event *ev)
{
	bool taken[MAX_SPECS] = {false};
	for (uint32_t i = 0; i < ev->nargs && i < MAX_VALUES; i++) {
		int k = 0;
		while (k < p->told->n && (taken[k] || ev->args[i].kind == ARG_ERROR || !can_be(p, k, &ev->args[i], false)))
			k++;
		p->of[i] = k < p->told->n ? k : NO_PLACE_OF;
		if (k < p->told->n)
			taken[k] = true;
	}
}

/* Of several paths only some: which ones is not told. */
static bool lacks_paths(const struct places *p, const struct event *ev)
{
	size_t wanted = 0;
	for (int k = 0; k < p->told->n; k++)
		wanted += p->told->v[k].kind == 'f';
	return wanted > 1 && line_from_policy(ev) && count_paths(ev) < wanted;
}

/* What a value is; of one that could not be read what its policy says that it is. */
static bool kind_of(const struct arg *a, enum policy_type listed, enum slot_kind *ret)
{
	static const char letters[] = {[SLOT_NUMBER] = 'n', [SLOT_STRING] = 's', [SLOT_PATH] = 'f', [SLOT_ADDRESS] = 'a', [SLOT_SOCKET] = 'k'};
	static const uint8_t classes[] = {[CLASS_NUMBER] = SLOT_NUMBER, [CLASS_STRING] = SLOT_STRING, [CLASS_PATH] = SLOT_PATH,
					  [CLASS_SOCKET] = SLOT_SOCKET, [CLASS_ADDRESS] = SLOT_ADDRESS, [CLASS_UNIX] = SLOT_ADDRESS};
	enum value_class class = eval_class(listed);
	*ret = a->kind == ARG_CAPS ? SLOT_NUMBER : (enum slot_kind)classes[class];
	if (a->kind == ARG_ERROR || a->kind == ARG_CAPS)
		return a->kind == ARG_CAPS || class != CLASS_NONE;
	for (size_t i = 0; i < ARRAY_SIZE(letters); i++)
		if (letters[i] && fits(letters[i], a))
			return *ret = (enum slot_kind)i, true;
	return false;
}

/* Every value at the place where its policy lists it. */
static void listed_args(const struct spec_arg *listed, struct hit *h, const struct event *ev)
{
	for (uint32_t i = 0; i < ev->nargs; i++) {
		enum slot_kind kind;
		uint8_t index = (uint8_t)MIN(listed[i].index, (uint32_t)UINT8_MAX);
		if (!kind_of(&ev->args[i], listed[i].type, &kind))
			continue;
		if (ev->section == HOOK_LSM && h->site == SITE_MMAP_FILE && index)
			index = index == 1 ? REQPROT : (uint8_t)(index - 1);
		recorded_slot(h, kind, index, listed[i].resolve, &ev->args[i], true);
	}
}

static void recorded_args(const struct engine *e, struct hit *h, const struct event *ev)
{
	static const uint8_t kinds[] = {['f'] = SLOT_PATH, ['n'] = SLOT_NUMBER, ['s'] = SLOT_STRING,
					['a'] = SLOT_ADDRESS, ['k'] = SLOT_SOCKET,
					['e'] = SLOT_NUMBER, ['i'] = SLOT_NUMBER, ['p'] = SLOT_NUMBER};
	const struct spec_arg *listed = line_from_policy(ev) ? eval_listed_args(e, ev) : NULL;
	if (listed) {
		listed_args(listed, h, ev);
		return;
	}
	struct places p;
	p.told = &e->at.v[h->site].told;
	bool ordered = in_order(&p, ev, 0, 0, false), all_fault = !ordered && in_order(&p, ev, 0, 0, true);
	if (!ordered && !all_fault)
		in_any_order(&p, ev);
	else if (line_from_policy(ev))
		forget_ambiguous(&p, ev, all_fault);
	bool unsure = lacks_paths(&p, ev);
	for (uint32_t i = 0; i < ev->nargs && i < MAX_VALUES; i++) {
		int k = p.of[i];
		if (k == NO_PLACE_OF || (unsure && p.told->v[k].kind == 'f'))
			continue;
		const struct place_spec *spec = &p.told->v[k];
		recorded_slot(h, (enum slot_kind)kinds[(int)spec->kind], spec->index, spec->resolve, &ev->args[i], line_from_policy(ev));
	}
}

static const struct arg *nth_path(const struct event *ev, size_t n)
{
	for (uint32_t i = 0; i < ev->nargs; i++)
		if (fits('f', &ev->args[i]) && n-- == 0)
			return &ev->args[i];
	return NULL;
}

/* Hooks on a folder and its entry, written (as ours are) with whole paths instead. */
bool line_whole_paths(struct hit *h, const struct event *ev)
{
	if (line_from_policy(ev))
		return false;
	size_t n = count_paths(ev);
	struct str first = n ? nth_path(ev, 0)->text : ev->path;
	struct str second = n > 1 ? nth_path(ev, 1)->text : first;
	bool known = n > 0 || ev->path_known;
	switch (h->site) {
	case SITE_PATH_MKNOD:
	case SITE_PATH_MKDIR:
	case SITE_PATH_RMDIR:
	case SITE_PATH_UNLINK:
	case SITE_PATH_SYMLINK:
		if (n > 1)
			return false;
		hit_entry(h, 0, 1, first, known);
		return true;
	case SITE_PATH_RENAME:
		if (n > 2)
			return false;
		hit_entry(h, 0, 1, first, known);
		hit_entry(h, 2, 3, second, known);
		return true;
	case SITE_PATH_LINK:
		if (n > 2)
			return false;
		hit_entry(h, 1, 2, second, known);
		return true;
	default:
		return false;
	}
}

static const struct arg *address_argument(const struct event *ev)
{
	for (uint32_t i = 0; i < ev->nargs; i++)
		if (fits('a', &ev->args[i]))
			return &ev->args[i];
	return NULL;
}

void eval_note_line(struct engine *e, uint32_t site, const struct event *ev)
{
	struct site_hooks *at = &e->at.v[site];
	const struct arg *a = address_argument(ev);
	at->recorded |= line_from_policy(ev);
	at->as_ip |= a && a->kind == ARG_SOCKADDR;
	at->as_unix |= a && a->kind == ARG_SOCKADDR_UN;
}

/* Two policies recorded one call, as IP and as unix address: the line that fits its family is judged. */
static bool told_better(const struct engine *e, uint32_t site, const struct event *ev)
{
	const struct arg *a = address_argument(ev);
	if (!a || !line_from_policy(ev))
		return false;
	if (!a->family.n)   /* neither family, or not told */
		return a->kind == ARG_SOCKADDR_UN && e->at.v[site].as_ip;
	bool is_unix = str_eq(a->family, STR("AF_UNIX"));
	return a->kind == ARG_SOCKADDR ? is_unix && e->at.v[site].as_unix : !is_unix && e->at.v[site].as_ip;
}

/* The number of the call is a field of the tracepoint: which of its numbers a line of syscalls/sys_enter_X has is not told. */
static bool may_hold_number_of_call(const struct event *ev)
{
	bool number = false;
	for (uint32_t i = 0; i < ev->nargs; i++)
		number |= fits('n', &ev->args[i]);
	return number && ev->section == HOOK_TRACEPOINT && str_starts(ev->hook, STR("syscalls/"));
}

/* How many links the file of an exec has follows from its path, where the line does not tell. */
static void implied_links(const struct engine *e, struct hit *h)
{
	const struct place_specs *told = &e->at.v[h->site].told;
	const struct slot *file = NULL;
	bool has_count = false;
	for (uint32_t i = 0; i < h->n; i++) {
		if (h->slots[i].kind == SLOT_PATH && !file)
			file = &h->slots[i];
		has_count |= str_ends(h->slots[i].resolve, STR("i_nlink"));
	}
	for (int k = 0; k < told->n && file && !has_count; k++)
		if (str_ends(told->v[k].resolve, STR("i_nlink")))
			hit_link_count(h, told->v[k].index, file->text, file->known && !file->failed);
}

void line_args(const struct engine *e, struct hit *h, const struct event *ev)
{
	if (may_hold_number_of_call(ev))
		return;
	if (!line_whole_paths(h, ev))
		recorded_args(e, h, ev);
	implied_links(e, h);
}

void line_hit(struct engine *e, const struct event *ev, uint32_t site, struct hits *hits)
{
	if (site == SITE_PATH_MKNOD)
		eval_note_created(e, ev);
	if (told_better(e, site, ev))
		return;
	if (!ev->nargs && ev->kind == KIND_FILE)
		return;   /* the second name of a line that was judged with both */
	struct hit *h = hit_by(e, hits, site, &ev->process);
	if (!h)
		return;
	h->direct = true;
	h->has_returned = ev->has_returned;
	h->returned = ev->returned;
	bool bprm = site == SITE_BPRM_CHECK || site == SITE_CREDS_FROM_FILE;
	bool threads = ev->process.tid && ev->process.tid != ev->process.pid;   /* they die before the image is new */
	h->fresh_image = site == SITE_SCHED_EXEC;
	h->new_image = h->fresh_image || (bprm && !threads);
	line_args(e, h, ev);
	if (ev->kind == KIND_GUARD && !line_from_policy(ev))
		imply_guard_args(h, ev);
}
