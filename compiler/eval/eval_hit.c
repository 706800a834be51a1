/* SPDX-License-Identifier: GPL-2.0-only */
/* Putting hits together: who acts, and what is known of each argument. */
#include "compiler/eval/eval_hit.h"

/* Field by field into one that is all zero: a struct that was just put together is slow to copy. */
static inline void record_fill(struct record *r, const struct process *p)
{
	r->path = p->path;
	r->known = p->path_known;
	r->image = p->exec_id;
	r->pid = p->pid;
	r->container_pid = p->pod.container_pid;
	r->thread = p->tid ? p->tid : p->pid;
	r->container = p->docker;
}

struct record hit_record(const struct process *p)
{
	struct record r = {0};
	record_fill(&r, p);
	return r;
}

/*
 * The agent's walk ends at the root of the mount or of the task: the root folder, and a file that is a mount of its own
 * (runc runs itself from a detached one), have no path, which no path operator matches. We record them as "/".
 */
static struct str walked(struct str path)
{
	return str_eq(path, STR("/")) ? (struct str){path.p, 0} : path;
}

struct record eval_record(const struct engine *e, const struct process *p)
{
	struct record r = hit_record(p);
	const struct process_image *image = r.known || !p->exec_id.n ? NULL : processes_find(e->processes, p->exec_id);
	if (image && image->path_known) {
		r.path = walked(image->path);
		r.known = true;
	} else if (!r.known && !(image && image->script)) {
		r.known = eval_named(e, p->docker, p->filename, &r.path);
	}
	return r;
}

static inline struct hit *begin(struct engine *e, struct hits *hits, uint32_t site)
{
	e->at.v[site].seen = true;
	if (hits->n == hits->cap)
		hits->v = vec_grow(hits->v, &hits->cap, sizeof(*hits->v));
	struct hit *h = &hits->v[hits->n++];
	/* Not the slots: they are large, and hit_slot() clears each that is used. */
	clear_bytes(h, offsetof(struct hit, slots));
	h->site = site;
	return h;
}

struct hit *hit_new(struct engine *e, struct hits *hits, uint32_t site, const struct record *who)
{
	struct hit *h = begin(e, hits, site);
	h->record = *who;
	h->record.path = walked(who->path);
	return h;
}

struct hit *hit_new_by(struct engine *e, struct hits *hits, uint32_t site, const struct process *p)
{
	struct hit *h = begin(e, hits, site);
	record_fill(&h->record, p);
	h->record.path = walked(p->path);
	return h;
}

struct slot *hit_slot(struct hit *h, enum slot_kind kind, uint8_t index)
{
	if (h->n == MAX_SLOTS)
		return &h->slots[MAX_SLOTS];
	struct slot *s = &h->slots[h->n++];
	clear_bytes(s, sizeof(*s));
	s->kind = kind;
	s->index = index;
	s->family = s->protocol = -1;
	return s;
}

void hit_number(struct hit *h, uint8_t index, int64_t v)
{
	struct slot *s = hit_slot(h, SLOT_NUMBER, index);
	s->known = true;
	s->low = s->high = v;
}

/* A number of which only the bits under KNOWN are told. */
void hit_bits(struct hit *h, uint8_t index, struct str resolve, uint64_t value, uint64_t known)
{
	struct slot *s = hit_slot(h, SLOT_NUMBER, index);
	s->resolve = resolve;
	s->known = true;
	s->low = (int64_t)value;
	s->high = UINT32_MAX;
	s->known_bits = known;
}

void hit_between(struct hit *h, uint8_t index, struct str resolve, int64_t low, int64_t high)
{
	struct slot *s = hit_slot(h, SLOT_NUMBER, index);
	s->resolve = resolve;
	s->known = true;
	s->low = low;
	s->high = high;
}

void hit_path(struct hit *h, uint8_t index, struct str text, bool known)
{
	struct slot *s = hit_slot(h, SLOT_PATH, index);
	s->text = walked(text);
	s->known = known;
}

static struct str folder_of(struct str whole)
{
	const char *slash = whole.n ? memrchr(whole.p, '/', whole.n) : NULL;
	return slash ? (struct str){whole.p, (size_t)(slash - whole.p)} : (struct str){NULL, 0};
}

/* A folder and an entry of it, from the entry's whole path. */
void hit_entry(struct hit *h, uint8_t folder, uint8_t name, struct str whole, bool known)
{
	hit_path(h, folder, folder_of(whole), known);
	struct slot *s = hit_slot(h, SLOT_NAME, name);
	s->text = whole;
	s->known = known;
}

void hit_link_count(struct hit *h, uint8_t index, struct str file, bool known)
{
	struct str count = STR("file.f_inode.__i_nlink");
	if (known && (!file.n || str_ends(file, STR(" (deleted)"))))
		hit_between(h, index, count, 0, 0);
	else if (known)
		hit_between(h, index, count, 1, UINT32_MAX);
}

struct hit *hit_call_exit(struct engine *e, struct hits *hits, struct str call, const struct record *who, int64_t number,
			  const int64_t *returned)
{
	enum { NUMBER = 4, RETURNED = 5 };
	buf_clear(&e->scratch);
	buf_puts(&e->scratch, "syscalls/sys_exit_");
	buf_str(&e->scratch, call);
	uint32_t site = eval_site(e, HOOK_TRACEPOINT, buf_view(&e->scratch));
	struct hit *h = site == SITE_NONE || e->at.v[site].recorded ? NULL : hit_add(e, hits, site, who);
	if (!h)
		return NULL;
	hit_number(h, NUMBER, number);
	if (returned)
		hit_number(h, RETURNED, *returned);
	return h;
}
