/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names and numbers as a cluster gives them: pod names by the kind of workload, container ids,
 * cgroup paths, exec ids. All come from the seed, so two runs agree byte for byte.
 */
#include "compiler/scenario/scenario_world.h"

#include <inttypes.h>
#include <stdio.h>

#include "schema/base/buf.h"
#include "schema/base/map.h"

static const char node_systemd[] = "/usr/lib/systemd/systemd";
static const char node_containerd[] = "/usr/bin/containerd";

/* Made-up siblings for fleets. */
static const char *const variant_names[] = {
	"cart",    "checkout", "catalog",  "search",   "ledger",  "invoices", "media",  "thumbnails",
	"mailer",  "reports",  "sessions", "accounts", "pricing", "stock",	  "orders", "shipping",
	"reviews", "coupons",  "gateway",  "webhooks", "audit",   "exports",  "geo",    "translate",
};
static const char *const variant_namespaces[] = {"shop",     "payments", "media", "platform",
						 "identity", "data",	 "batch", "edge"};

uint64_t rng_next(struct rng *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

uint64_t rng_below(struct rng *r, uint64_t n)
{
	return n ? rng_next(r) % n : 0;
}

struct rng rng_of(uint64_t seed, uint64_t a, uint64_t b, uint64_t c)
{
	const uint64_t key[] = {a, b, c};
	return (struct rng){hash_bytes(key, sizeof(key), seed)};
}

static struct str text_of(struct world *w, const struct buf *b)
{
	return arena_str(w->arena, buf_view(b));
}

static struct str random_text(struct world *w, struct rng *r, const char *alphabet, size_t n)
{
	char *text = arena_alloc(w->arena, n + 1);
	size_t letters = strlen(alphabet);
	for (size_t i = 0; i < n; i++)
		text[i] = alphabet[rng_below(r, letters)];
	return (struct str){text, n};
}

static struct str random_hex(struct world *w, struct rng *r, size_t n)
{
	return random_text(w, r, "0123456789abcdef", n);
}

/* Kubernetes leaves out vowels and what looks alike. */
static struct str random_suffix(struct world *w, struct rng *r, size_t n)
{
	return random_text(w, r, "bcdfghjklmnpqrstvwxz2456789", n);
}

/* ---- names of the kernel's file tree ---- */

static const struct pair *find_pair(const struct pair *pairs, size_t n, struct str name)
{
	const struct pair *best = NULL;
	for (size_t i = 0; i < n; i++) {
		const struct pair *p = &pairs[i];
		bool covers =
		    str_starts(name, p->key) && (name.n == p->key.n || name.p[p->key.n] == '/');
		if (covers && (!best || p->key.n > best->key.n))
			best = p;
	}
	return best;
}

struct str world_resolve(struct world *w, struct str name)
{
	enum { LINKS_MAX = 40 }; /* as the kernel: then it is a loop */
	const struct scenario *s = w->scenario;
	for (int i = 0; i < LINKS_MAX; i++) {
		const struct pair *p = find_pair(s->symlinks, s->nsymlinks, name);
		if (!p)
			break;
		name = str_from(arena_printf(w->arena, STR_FMT STR_FMT, STR_ARG(p->value),
					     STR_ARG(str_skip(name, p->key.n))));
		if (name.n > 4095)
			break;
	}
	return name;
}

/* ---- pods ---- */

static int by_key(const void *a, const void *b)
{
	return str_cmp(((const struct pair *)a)->key, ((const struct pair *)b)->key);
}

/* The labels as the JSON object that events carry, keys sorted. */
static struct str labels_json(struct world *w, struct str hash)
{
	const struct scenario *s = w->scenario;
	struct pair *all = arena_alloc(w->arena, (s->nlabels + 1) * sizeof(*all));
	size_t n = 0;
	for (size_t i = 0; i < s->nlabels; i++) {
		all[n] = s->labels[i];
		if (str_eq(all[n].value, s->workload))
			all[n].value = w->workload;
		n++;
	}
	if (hash.n)
		all[n++] = (struct pair){STR("pod-template-hash"), hash};
	qsort(all, n, sizeof(*all), by_key);
	CLEANUP_BUF struct buf b = BUF_INIT;
	for (size_t i = 0; i < n; i++) {
		buf_putc(&b, i ? ',' : '{');
		buf_json(&b, all[i].key);
		buf_putc(&b, ':');
		buf_json(&b, all[i].value);
	}
	buf_puts(&b, n ? "}" : "{}");
	return text_of(w, &b);
}

static struct str pod_name(struct world *w, const struct replica *r, struct rng *rng,
			   struct str hash, uint64_t now_ns)
{
	struct str kind = w->scenario->kind, name = w->workload, tail = random_suffix(w, rng, 5);
	struct arena *a = w->arena;
	if (str_eq(kind, STR("Pod")))
		return name;
	if (str_eq(kind, STR("StatefulSet")))
		return str_from(arena_printf(a, STR_FMT "-%" PRIu64, STR_ARG(name), r->index));
	if (str_eq(kind, STR("Deployment")))
		return str_from(arena_printf(a, STR_FMT "-" STR_FMT "-" STR_FMT, STR_ARG(name),
					     STR_ARG(hash), STR_ARG(tail)));
	if (str_eq(kind, STR("CronJob"))) /* its Jobs are named by the minute */
		return str_from(arena_printf(a, STR_FMT "-%" PRIu64 "-" STR_FMT, STR_ARG(name),
					     (uint64_t)(now_ns / NSEC_PER_SEC / 60),
					     STR_ARG(tail)));
	return str_from(arena_printf(a, STR_FMT "-" STR_FMT, STR_ARG(name), STR_ARG(tail)));
}

void replica_new_pod(struct world *w, struct replica *r, uint64_t now_ns)
{
	const struct scenario *s = w->scenario;
	uint32_t generation = r->pods++;
	struct rng rng = rng_of(w->id_seed, 'p', r->index, generation);
	/* Pods of one rollout share the hash. */
	struct rng shared = rng_of(w->id_seed, 'h', generation, 0);
	struct str hash =
	    str_eq(s->kind, STR("Deployment")) ? random_suffix(w, &shared, 10) : (struct str){0};
	struct str u = random_hex(w, &rng, 32);
	/* An image's content id follows from its name. */
	struct rng content = {hash_bytes(s->image.p, s->image.n, 0)};
	struct str repository = s->image;
	for (size_t i = repository.n; i > 0 && s->image.p[i - 1] != '/'; i--)
		if (s->image.p[i - 1] == ':')
			repository.n = i - 1;
	r->pod = (struct pod){
	    .namespace = w->namespace,
	    .name = pod_name(w, r, &rng, hash, now_ns),
	    .uid = str_from(arena_printf(w->arena, "%.8s-%.4s-4%.3s-a%.3s-%.12s", u.p, u.p + 8,
					 u.p + 12, u.p + 15, u.p + 18)),
	    .workload = w->workload,
	    .workload_kind = s->kind,
	    .labels = labels_json(w, hash),
	    .container_name = str_eq(s->container, s->workload) ? w->workload : s->container,
	    .image = s->image,
	    .image_id =
		str_from(arena_printf(w->arena, STR_FMT "@sha256:" STR_FMT, STR_ARG(repository),
				      STR_ARG(random_hex(w, &content, 64)))),
	    .privileged = s->privileged,
	};
}

void replica_new_container(struct world *w, struct replica *r, uint64_t now_ns)
{
	struct rng rng = rng_of(w->id_seed, 'c', r->index, r->containers++);
	r->pod.container_id = random_hex(w, &rng, 64);
	r->pod.container_start_ns = now_ns / NSEC_PER_SEC * NSEC_PER_SEC;
	r->docker = (struct str){r->pod.container_id.p, 31};
	char uid[64];
	snprintf(uid, sizeof(uid), STR_FMT, STR_ARG(r->pod.uid));
	for (char *c = uid; *c; c++)
		*c = *c == '-' ? '_' : *c;
	r->cgroup = str_from(
	    arena_printf(w->arena,
			 "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod%s.slice/"
			 "cri-containerd-" STR_FMT ".scope",
			 uid, STR_ARG(r->pod.container_id)));
	r->last_container_pid = 0;
}

/* ---- processes ---- */

static struct str base64(struct world *w, struct str s)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *out = arena_alloc(w->arena, (s.n + 2) / 3 * 4 + 1);
	size_t n = 0;
	for (size_t i = 0; i < s.n; i += 3) {
		uint32_t v = 0;
		for (size_t k = 0; k < 3; k++)
			v = v << 8 | (i + k < s.n ? (uint8_t)s.p[i + k] : 0);
		for (size_t k = 0; k < 4; k++)
			out[n++] = i + k <= s.n ? digits[v >> (18 - 6 * k) & 63] : '=';
	}
	return (struct str){out, n};
}

uint32_t host_pid(struct world *w, struct host *h)
{
	struct rng r = rng_of(w->id_seed, 'i', h->last_pid, (uint64_t)(h - w->hosts));
	h->last_pid += 1 + (uint32_t)rng_below(&r, 5);
	if (h->last_pid > 4194303) /* the kernel's limit on 64-bit machines: begins again */
		h->last_pid = 300;
	return h->last_pid;
}

struct program *program_new(struct world *w, struct host *h, const struct process *p, uint32_t pid,
			    uint64_t now_ns)
{
	struct program *i = arena_alloc(w->arena, sizeof(*i));
	i->process = *p;
	i->node = h->name;
	i->process.pid = i->process.tid = pid;
	i->process.auid = UINT32_MAX;
	i->process.start_ns = now_ns;
	i->process.exec_id =
	    base64(w, str_from(arena_printf(w->arena, STR_FMT ":%" PRIu64 ":%u", STR_ARG(h->name),
					    now_ns - h->boot_ns, pid)));
	return i;
}

struct program *host_program(struct world *w, struct host *h, const struct program *parent,
			     const char *binary, struct str arguments, uint64_t now_ns)
{
	struct process p = {
	    .filename = str_from(binary),
	    .path = str_from(binary),
	    .path_known = true,
	    .cwd = STR("/"),
	    .arguments = arguments,
	    .flags = STR("execve rootcwd clone"),
	    .in_init_tree = NO,
	    .cgroup = STR("/system.slice/containerd.service"),
	};
	if (parent)
		p.parent_exec_id = parent->process.exec_id;
	struct program *i = program_new(w, h, &p, host_pid(w, h), now_ns);
	i->parent = parent;
	return i;
}

static const struct program *inventory(struct world *w, struct host *h,
				       const struct program *parent, const char *binary,
				       uint32_t pid, const char *cgroup)
{
	struct process p = {
	    .filename = str_from(binary),
	    .path = pid ? str_from(binary) : (struct str){0},
	    .path_known = pid > 0,
	    .cwd = pid ? STR("/") : (struct str){0},
	    .flags = pid ? STR("procFS rootcwd") : STR("procFS"),
	    .in_init_tree = NO,
	    .cgroup = str_from(cgroup),
	};
	struct program *i = program_new(w, h, &p, pid, h->boot_ns + pid * 10000000ull + 1);
	i->parent = parent ? parent : i;
	i->process.parent_exec_id = i->parent->process.exec_id;
	i->tags = TAG_INVENTORY;
	struct item *it = VEC_PUSH(&w->items);
	*it = (struct item){.time_ns = i->process.start_ns,
			    .order = w->items.n,
			    .kind = KIND_EXEC,
			    .who = i,
			    .expect = EXPECT_ALLOW,
			    .label = STR("benign: inventory")};
	return i;
}

/* What was running on a node when the recording began. Told once, however often the scenario
 * repeats. */
static void init_host(struct world *w, struct host *h, size_t index, bool tell)
{
	struct rng r = rng_of(w->scenario->seed, 'b', index, 0);
	h->name = w->scenario->nodes[index];
	h->boot_ns = w->scenario->start_ns - (20 * 86400 + rng_below(&r, 864000)) * NSEC_PER_SEC;
	h->last_pid = 2000 + (uint32_t)rng_below(&r, 30000);
	size_t before = w->items.n;
	h->kernel = inventory(w, h, NULL, "<kernel>", 0, "");
	h->systemd = inventory(w, h, h->kernel, node_systemd, 1, "/init.scope");
	h->containerd =
	    inventory(w, h, h->systemd, node_containerd, 700 + (uint32_t)rng_below(&r, 300),
		      "/system.slice/containerd.service");
	if (!tell)
		w->items.n = before;
}

void world_init(struct world *w, const struct scenario *s, uint32_t variant, uint64_t round,
		uint64_t start_ns)
{
	*w = (struct world){.scenario = s,
			    .arena = arena_new(),
			    .start_ns = start_ns,
			    .namespace = s->namespace,
			    .workload = s->workload,
			    .nreplicas = s->replicas};
	w->seed = rng_of(s->seed, 'v', variant, 0).state;
	w->id_seed = rng_of(s->seed, 'v', variant, round + 1).state;
	struct rng r = {w->seed};
	if (variant) {
		size_t n = ARRAY_SIZE(variant_names), i = variant - 1;
		const char *name = variant_names[i % n];
		w->workload =
		    str_from(i < n ? name : arena_printf(w->arena, "%s-%zu", name, i / n + 1));
		w->namespace =
		    str_from(variant_namespaces[rng_below(&r, ARRAY_SIZE(variant_namespaces))]);
		w->nreplicas = 1 + rng_below(&r, s->replicas);
	}
	w->nhosts = s->nnodes;
	w->hosts = arena_alloc(w->arena, w->nhosts * sizeof(*w->hosts));
	for (size_t i = 0; i < w->nhosts; i++)
		init_host(w, &w->hosts[i], i, !round);
	w->replicas = arena_alloc(w->arena, w->nreplicas * sizeof(*w->replicas));
	for (size_t i = 0; i < w->nreplicas; i++)
		w->replicas[i] = (struct replica){.index = i, .host = &w->hosts[i % w->nhosts]};
}

void world_done(struct world *w)
{
	arena_free(w->arena);
	free(w->items.v);
	*w = (struct world){0};
}
