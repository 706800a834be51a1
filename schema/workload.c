/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From what a source knows of a process to the workload it belongs to. Pod data comes first, then a container id, then a
 * systemd unit, then the bare cgroup path. Nothing is looked up: names that are not in the event or
 * the path are derived by Kubernetes' naming rules and marked as guesses.
 */
#include "schema/workload.h"

#include <fnmatch.h>

enum { SHORT_ID = 12, DOCKER_ID = 31, FULL_ID = 64 };

static bool all_in(struct str s, const char *set)
{
	for (size_t i = 0; i < s.n; i++)
		if (!strchr(set, s.p[i]) || !s.p[i])
			return false;
	return s.n > 0;
}

static bool is_hex(struct str s)
{
	return all_in(s, "0123456789abcdef");
}

static struct str head(struct str s, size_t n)
{
	return (struct str){s.p, MIN(s.n, n)};
}

/* Text put together in SCRATCH stays where it is: callers reserve SCRATCH_SIZE first. */
enum { SCRATCH_SIZE = 1024 };

static struct str scratch_end(struct buf *scratch, size_t from)
{
	return (struct str){scratch->p + from, scratch->n - from};
}

/* ---- Kubernetes ---- */

static bool pass_byte(struct str *rest, char c)
{
	while (rest->n && *rest->p == ' ')
		*rest = str_skip(*rest, 1);
	if (!rest->n || *rest->p != c)
		return false;
	*rest = str_skip(*rest, 1);
	return true;
}

static bool pass_escape(struct str *rest)
{
	if (rest->n < 2)
		return false;
	if (rest->p[1] != 'u') {
		bool known = memchr("\"\\/bfnrt", rest->p[1], 8);
		*rest = str_skip(*rest, 2);
		return known;
	}
	for (size_t i = 2; i < 6; i++)
		if (i >= rest->n || !memchr("0123456789abcdefABCDEF", rest->p[i], 22))
			return false;
	*rest = str_skip(*rest, 6);
	return true;
}

static bool pass_string(struct str *rest)
{
	if (!pass_byte(rest, '"'))
		return false;
	while (rest->n && *rest->p != '"') {
		uint32_t cp;
		size_t n = utf8_len((const unsigned char *)rest->p, rest->n, &cp);
		if (!n || cp < ' ')
			return false;
		if (cp != '\\')
			*rest = str_skip(*rest, n);
		else if (!pass_escape(rest))
			return false;
	}
	return pass_byte(rest, '"');
}

bool labels_valid(struct str text)
{
	if (!text.n)
		return true;
	if (!pass_byte(&text, '{'))
		return false;
	if (!pass_byte(&text, '}')) {
		do {
			if (!pass_string(&text) || !pass_byte(&text, ':') || !pass_string(&text))
				return false;
		} while (pass_byte(&text, ','));
		if (!pass_byte(&text, '}'))
			return false;
	}
	return !text.n;
}

/* The value of a label in a raw JSON object of strings; empty when absent. */
static struct str label_value(struct str labels, struct str key)
{
	for (size_t at = 0; at + key.n + 4 < labels.n;) {
		const char *hit = memmem(labels.p + at, labels.n - at, key.p, key.n);
		if (!hit)
			break;
		size_t i = (size_t)(hit - labels.p);
		at = i + key.n;
		if (i == 0 || labels.p[i - 1] != '"' || at >= labels.n || labels.p[at] != '"')
			continue;
		size_t v = at + 1;
		while (v < labels.n && strchr(": \t", labels.p[v]))
			v++;
		if (v >= labels.n || labels.p[v] != '"')
			continue;
		const char *end = memchr(labels.p + v + 1, '"', labels.n - v - 1);
		return end ? (struct str){labels.p + v + 1, (size_t)(end - labels.p) - v - 1}
			   : (struct str){NULL, 0};
	}
	return (struct str){NULL, 0};
}

/* NAME without "-SUFFIX", if it ends so; else NAME itself. */
static struct str without_suffix(struct str name, struct str suffix)
{
	if (suffix.n && name.n > suffix.n + 1 && str_ends(name, suffix) &&
	    name.p[name.n - suffix.n - 1] == '-')
		return head(name, name.n - suffix.n - 1);
	return name;
}

/* Cuts the last "-xxx" when it is MIN..MAX characters of SET. */
static bool cut_tail(struct str *name, size_t min, size_t max, const char *set)
{
	const char *dash = memrchr(name->p, '-', name->n);
	if (!dash || dash == name->p)
		return false;
	struct str tail = str_skip(*name, (size_t)(dash - name->p) + 1);
	if (tail.n < min || tail.n > max || !all_in(tail, set))
		return false;
	*name = head(*name, (size_t)(dash - name->p));
	return true;
}

#define DIGITS "0123456789"
/* What the API server draws generated names from. */
#define GENERATED "bcdfghjklmnpqrstvwxz2456789"

/* The kubelet makes a static pod, from a file: it goes by that file's digest, and its name ends in the node's. */
static bool is_static(const struct pod *pod)
{
	return pod->uid.n == 32 && is_hex(pod->uid);
}

/* A pod that carries no workload: by its labels first, else by the look of its name. */
static void derive_controller(const struct pod *pod, struct str node, struct workload *w)
{
	struct str hash = label_value(pod->labels, STR("pod-template-hash"));
	struct str job = label_value(pod->labels, STR("batch.kubernetes.io/job-name"));
	if (!job.n)
		job = label_value(pod->labels, STR("job-name"));
	w->guess = true;
	w->name = pod->name;
	if (is_static(pod)) {
		w->name = without_suffix(pod->name, node);
		w->kind = STR("Pod");
	} else if (job.n) {
		w->name = job;
		w->kind = cut_tail(&w->name, 8, 10, DIGITS) ? STR("CronJob") : STR("Job");
	} else if (label_value(pod->labels, STR("statefulset.kubernetes.io/pod-name")).n) {
		cut_tail(&w->name, 1, 5, DIGITS);
		w->kind = STR("StatefulSet");
	} else if (hash.n) {
		cut_tail(&w->name, 5, 5, GENERATED);
		w->name = without_suffix(w->name, hash);
		w->kind = STR("Deployment");
	} else if (label_value(pod->labels, STR("controller-revision-hash")).n) {
		cut_tail(&w->name, 5, 5, GENERATED);
		w->kind = STR("DaemonSet");
	} else if (cut_tail(&w->name, 5, 5, GENERATED)) {
		w->kind = cut_tail(&w->name, 8, 10, GENERATED) ? STR("Deployment")
			  : cut_tail(&w->name, 8, 10, DIGITS)  ? STR("CronJob")
								 : STR("DaemonSet");
	} else {
		w->kind = STR("Pod");
	}
}

static void workload_of_pod(const struct pod *pod, struct str node, struct workload *w)
{
	w->namespace = pod->namespace;
	w->container = pod->container_name;
	if (!pod->workload.n) {
		derive_controller(pod, node, w);
		return;
	}
	w->name = pod->workload;
	w->kind = pod->workload_kind;
	if (!w->kind.n) {
		struct workload derived = {.kind = STR_INIT("")};
		derive_controller(pod, node, &derived);
		w->kind = derived.kind;
		w->guess = true;
	} else if (str_eq(w->kind, STR("Node"))) {   /* a static pod's owner, the same for all that the node has */
		w->name = without_suffix(pod->name, pod->workload);
		w->kind = STR("Pod");
	} else if (str_eq(w->kind, STR("ReplicaSet"))) {
		struct str name = without_suffix(w->name, label_value(pod->labels, STR("pod-template-hash")));
		if (name.n != w->name.n) {
			w->name = name;
			w->kind = STR("Deployment");
		}
	} else if (str_eq(w->kind, STR("Job")) && cut_tail(&w->name, 8, 10, DIGITS)) {
		w->kind = STR("CronJob");
	}
}

/* ---- cgroup paths ---- */

/* Scope and folder names that runtimes give their containers: PREFIX id [.scope]. */
static const struct {
	const char *prefix, *runtime;
} runtimes[] = {
	{"cri-containerd-", "containerd"}, {"crio-", "cri-o"},      {"docker-", "docker"},
	{"libpod-", "podman"},             {"nerdctl-", "containerd"},
};

static bool container_scope(struct str name, struct cgroup_identity *ret)
{
	struct str bare = name;
	if (str_ends(bare, STR(".scope")))
		bare = head(bare, bare.n - strlen(".scope"));
	for (size_t i = 0; i < ARRAY_SIZE(runtimes); i++) {
		struct str prefix = str_from(runtimes[i].prefix);
		if (!str_starts(bare, prefix))
			continue;
		struct str id = str_skip(bare, prefix.n);
		/* crio-conmon-<id> and libpod-conmon-<id> are the monitor, not the container. */
		if (id.n < SHORT_ID || !is_hex(id))
			return false;
		ret->container_id = id;
		ret->runtime = str_from(runtimes[i].runtime);
		return true;
	}
	return false;
}

/* "pod<uid>" or "kubepods-burstable-pod<uid with _>.slice": the uid with dashes. */
static bool pod_slice(struct str name, struct buf *scratch, struct cgroup_identity *ret)
{
	if (str_ends(name, STR(".slice")))
		name = head(name, name.n - strlen(".slice"));
	const char *kube = memmem(name.p, name.n, "kubepods", 8);   /* kubelet-kubepods-...: a kubelet with a root of its own */
	if (kube) {
		const char *pod = memmem(kube, name.n - (size_t)(kube - name.p), "-pod", 4);
		if (!pod)
			return false;
		name = str_skip(name, (size_t)(pod - name.p) + 1);
	}
	if (!str_starts(name, STR("pod")))
		return false;
	struct str uid = str_skip(name, 3);
	if (uid.n < 32 || uid.n > 64 || !all_in(uid, "0123456789abcdef-_"))
		return false;
	size_t from = scratch->n;
	for (size_t i = 0; i < uid.n; i++)
		buf_putc(scratch, uid.p[i] == '_' ? '-' : uid.p[i]);
	ret->pod_uid = scratch_end(scratch, from);
	return true;
}

/*
 * "kubepods-burstable-pod<uid>.slice:cri-containerd:<id>": what a runtime that makes plain folders was asked to make by a kubelet
 * that speaks systemd's names.
 */
static bool colon_name(struct str name, struct buf *scratch, struct cgroup_identity *ret)
{
	const char *first = memchr(name.p, ':', name.n), *last = memrchr(name.p, ':', name.n);
	if (!first || first == last)
		return false;
	struct str middle = {first + 1, (size_t)(last - first) - 1}, id = str_skip(name, (size_t)(last - name.p) + 1);
	for (size_t i = 0; i < ARRAY_SIZE(runtimes); i++) {
		struct str prefix = str_from(runtimes[i].prefix);
		if (!str_eq(middle, head(prefix, prefix.n - 1)) || id.n < SHORT_ID || !is_hex(id))
			continue;
		pod_slice(head(name, (size_t)(first - name.p)), scratch, ret);
		ret->container_id = id;
		ret->runtime = str_from(runtimes[i].runtime);
		return true;
	}
	return false;
}

static bool is_unit(struct str name)
{
	static const char *const kinds[] = {".service", ".scope", ".socket", ".mount", ".swap", ".slice"};
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (str_ends(name, str_from(kinds[i])))
			return true;
	return false;
}

void cgroup_identify(struct str path, struct buf *scratch, struct cgroup_identity *ret)
{
	*ret = (struct cgroup_identity){.unit = {NULL, 0}};
	struct str parent = {NULL, 0};
	while (path.n) {
		const char *slash = memchr(path.p, '/', path.n);
		struct str name = slash ? head(path, (size_t)(slash - path.p)) : path;
		path = str_skip(path, name.n + 1);
		if (!name.n)
			continue;
		/* The innermost container wins: Kubernetes in a container, docker in docker. */
		if (container_scope(name, ret) || colon_name(name, scratch, ret) || pod_slice(name, scratch, ret)) {
			parent = name;
			continue;
		}
		if (name.n == FULL_ID && is_hex(name)) {
			ret->container_id = name;
			ret->runtime = str_eq(parent, STR("docker")) ? STR("docker") : (struct str){NULL, 0};
		} else if (is_unit(name) && !str_starts(name, STR("kubepods"))) {
			/* A login session is one of many of its user: the user's slice is the workload. */
			bool session = str_starts(name, STR("session-")) && str_ends(name, STR(".scope"));
			if (!session || !ret->unit.n)
				ret->unit = name;
		}
		parent = name;
	}
}

/* ---- both ---- */

static void on_host(struct workload *w, struct str kind, struct str name)
{
	w->namespace = STR("host");
	w->kind = kind;
	w->name = name;
}

/* NAME "@" NODE: one start of something that has no id of its own. */
static struct str at_node(struct buf *scratch, struct str name, struct str node)
{
	size_t from = scratch->n;
	buf_str(scratch, name);
	buf_putc(scratch, '@');
	buf_str(scratch, node);
	return scratch_end(scratch, from);
}

static void workload_of_cgroup(struct str cgroup, struct str node, struct buf *scratch,
			       struct workload *w, struct instance *inst)
{
	struct cgroup_identity id;
	cgroup_identify(cgroup, scratch, &id);
	inst->container_id = id.container_id;
	if (id.pod_uid.n) {
		/* A pod whose names nobody told: the uid is all there is. */
		*w = (struct workload){.namespace = STR_INIT("unknown"), .kind = STR_INIT("Pod"),
				       .name = id.pod_uid, .container = head(id.container_id, SHORT_ID),
				       .guess = true};
		inst->key = at_node(scratch, id.pod_uid, head(id.container_id, DOCKER_ID));
	} else if (id.container_id.n) {
		on_host(w, STR("container"), head(id.container_id, SHORT_ID));
		inst->key = head(id.container_id, DOCKER_ID);
	} else if (id.unit.n) {
		on_host(w, STR("unit"), id.unit);
		inst->key = at_node(scratch, id.unit, node);
	} else if (cgroup.n > 1) {
		on_host(w, STR("cgroup"), str_skip(cgroup, cgroup.p[0] == '/'));
		inst->key = at_node(scratch, cgroup, node);
	} else {
		on_host(w, STR("host"), STR("all"));
		inst->key = at_node(scratch, STR("host"), node);
	}
}

void workload_of(const struct process *p, struct str node, struct buf *scratch,
		 struct workload *w, struct instance *inst)
{
	buf_clear(scratch);
	buf_reserve(scratch, SCRATCH_SIZE + 3 * (p->cgroup.n + node.n) + p->pod.uid.n + p->docker.n);
	*w = (struct workload){.guess = false};
	*inst = (struct instance){.node = node};
	if (p->pod.name.n || p->pod.namespace.n) {
		const struct pod *pod = &p->pod;
		workload_of_pod(pod, node, w);
		struct str id = pod->container_id.n ? pod->container_id : p->docker;
		/* The first 31 digits are all that a line without container data has. */
		inst->key = at_node(scratch, pod->uid.n ? pod->uid : pod->name, head(id, DOCKER_ID));
		inst->pod = pod->name;
		inst->container_id = id;
		inst->image = pod->image;
		inst->image_id = pod->image_id;
		inst->labels = pod->labels;
		inst->start_ns = pod->container_start_ns;
	} else if (p->pod.container_name.n) {   /* a container outside Kubernetes whose name was found */
		on_host(w, STR("container"), p->pod.container_name);
		inst->container_id = p->pod.container_id;
		inst->key = head(inst->container_id, DOCKER_ID);
		inst->image = p->pod.image;
	} else if (p->docker.n) {
		on_host(w, STR("container"), head(p->docker, SHORT_ID));
		w->guess = true;
		inst->key = head(p->docker, DOCKER_ID);
		inst->container_id = p->docker;
	} else {
		workload_of_cgroup(p->cgroup, node, scratch, w, inst);
	}
}

void workload_of_event(const struct event *ev, struct buf *scratch, struct workload *w, struct instance *inst)
{
	if (!ev->workload) {
		workload_of(&ev->process, ev->node, scratch, w, inst);
		return;
	}
	*w = *ev->workload;
	*inst = *ev->instance;
}

void workload_print(struct buf *b, const struct workload *w)
{
	buf_str(b, w->namespace);
	buf_putc(b, '/');
	buf_str(b, w->kind);
	buf_putc(b, '/');
	buf_str(b, w->name);
	if (w->container.n) {
		buf_putc(b, '/');
		buf_str(b, w->container);
	}
}

bool workload_matches(const char *pattern, const struct workload *w)
{
	/* "prod:shop/..." names the cluster too, ":shop/..." the lack of one. */
	if (!strncmp(pattern, w->cluster.n ? w->cluster.p : "", w->cluster.n) && pattern[w->cluster.n] == ':')
		pattern += w->cluster.n + 1;
	CLEANUP_BUF struct buf form = BUF_INIT;
	workload_print(&form, w);
	/* Every run of whole components: from each start, to each end. */
	for (char *start = form.p; start; start = strchr(start, '/')) {
		if (*start == '/')
			start++;
		for (char *end = start;;) {
			end += strcspn(end, "/");
			char cut = *end;
			*end = '\0';
			bool match = fnmatch(pattern, start, 0) == 0;
			*end = cut;
			if (match)
				return true;
			if (!cut)
				break;
			end++;
		}
	}
	return false;
}
