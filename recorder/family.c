/* SPDX-License-Identifier: GPL-2.0-only */
/* A hash by pid; each member's strings lie in one block behind it. The inventory reads /proc. */
#include "recorder/family.h"

#include "schema/base/buf.h"

#define SLOTS 1024

struct member {
	struct member *next;
	struct process p;
	char text[];
};

struct family {
	struct member *slots[SLOTS];
};

struct family *family_new(void)
{
	return xcalloc(1, sizeof(struct family));
}

void family_free(struct family *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		for (struct member *m = f->slots[i], *next; m; m = next) {
			next = m->next;
			free(m);
		}
	free(f);
}

#define POD_STRINGS(pod)                                                                           \
	&(pod)->namespace, &(pod)->name, &(pod)->uid, &(pod)->workload, &(pod)->workload_kind, &(pod)->labels,  \
	&(pod)->container_name, &(pod)->container_id, &(pod)->image, &(pod)->image_id
#define STRINGS(p)                                                                                 \
	{&(p)->exec_id, &(p)->parent_exec_id, &(p)->filename, &(p)->path, &(p)->cwd,              \
	 &(p)->arguments, &(p)->flags, &(p)->docker, &(p)->cgroup,               \
	 POD_STRINGS(&(p)->pod)}

void family_set(struct family *f, const struct process *p)
{
	struct process copy = *p;
	struct str *strings[] = STRINGS(&copy);
	size_t size = 0;
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
		size += strings[i]->n;
	struct member *m = xmalloc(sizeof(*m) + size);
	char *to = m->text;
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
		if (strings[i]->n)
			memcpy(to, strings[i]->p, strings[i]->n);
		strings[i]->p = to;
		to += strings[i]->n;
	}
	m->p = copy;
	family_remove(f, p->pid);
	struct member **slot = &f->slots[p->pid % SLOTS];
	m->next = *slot;
	*slot = m;
}

const struct process *family_find(const struct family *f, uint32_t pid)
{
	for (const struct member *m = f->slots[pid % SLOTS]; m; m = m->next)
		if (m->p.pid == pid)
			return &m->p;
	return NULL;
}

bool family_remove(struct family *f, uint32_t pid)
{
	for (struct member **m = &f->slots[pid % SLOTS]; *m; m = &(*m)->next) {
		if ((*m)->p.pid != pid)
			continue;
		struct member *gone = *m;
		*m = gone->next;
		free(gone);
		return true;
	}
	return false;
}
