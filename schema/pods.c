/* SPDX-License-Identifier: GPL-2.0-only */
/* A map of the ids' beginnings, and the pods in the order in which they were told. */
#include "schema/pods.h"

#include "schema/base/map.h"

enum { DOCKER_BYTES = 31 };

struct entry {
	struct pod pod;
	char *bytes;
};

struct pods {
	struct map *dockers;
	struct {
		struct entry *v;
		size_t n, cap;
	} entries;
};

struct pods *pods_new(void)
{
	struct pods *p = xcalloc(1, sizeof(*p));
	p->dockers = map_new();
	return p;
}

static void clear(struct pods *p)
{
	for (size_t i = 0; i < p->entries.n; i++)
		free(p->entries.v[i].bytes);
	p->entries.n = 0;
	map_free(p->dockers);
	p->dockers = NULL;
}

void pods_free(struct pods *p)
{
	if (!p)
		return;
	clear(p);
	free(p->entries.v);
	free(p);
}

static struct str keep(char **at, struct str s)
{
	if (s.n)
		memcpy(*at, s.p, s.n);
	struct str kept = {*at, s.n};
	*at += s.n;
	return kept;
}

static void add(struct pods *p, const struct pod *pod)
{
	struct entry *e = VEC_PUSH(&p->entries);
	e->pod = *pod;
	struct str *fields[] = {&e->pod.namespace, &e->pod.name, &e->pod.uid, &e->pod.workload,
				&e->pod.workload_kind, &e->pod.labels, &e->pod.container_name,
				&e->pod.container_id, &e->pod.image, &e->pod.image_id};
	size_t n = 0;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		n += fields[i]->n;
	char *at = e->bytes = xmalloc(n + 1);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		*fields[i] = keep(&at, *fields[i]);
	/* These two are of one process, not of the container. */
	e->pod.container_pid = 0;
	e->pod.maybe_exec_probe = false;
}

bool pods_learn(struct pods *p, const struct pod *pod)
{
	bool full = p->entries.n >= PODS_MAX, new;
	if (pod->container_id.n < DOCKER_BYTES)
		return false;
	if (full) {
		clear(p);
		p->dockers = map_new();
	}
	map_add(p->dockers, (struct str){pod->container_id.p, DOCKER_BYTES}, &new);
	if (new)
		add(p, pod);
	return full;
}

const struct pod *pods_find(const struct pods *p, struct str docker)
{
	if (docker.n < DOCKER_BYTES)
		return NULL;
	uint32_t i = map_find(p->dockers, (struct str){docker.p, DOCKER_BYTES});
	return i == MAP_NONE ? NULL : &p->entries.v[i].pod;
}
