/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the surest source to the poorest; the first that knows the container, or else the pod, is taken:
 *
 *	the list of pods        everything, owners and labels included
 *	the runtime's state     ROOT/run/containerd/.../ID/config.json and its like: annotations of the container
 *	Docker's, Podman's      the name and image of a container outside Kubernetes
 *	the kubelet's folders   ROOT/var/log/pods/NAMESPACE_NAME_UID, ROOT/var/log/containers/POD_NAMESPACE_CONTAINER-ID.log
 *
 * Files of the node's own that are not there, or are not what is expected, tell nothing: the next source is asked.
 */
#include "schema/names.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <json-c/json.h>

#include "schema/base/arena.h"
#include "schema/base/io.h"
#include "schema/base/map.h"
#include "schema/workload.h"

#define STATE_MAX (4 << 20)      /* bytes of one container's state */
#define PODS_MAX  (512 << 20)    /* bytes of the list of pods */

struct names {
	const char *root, *pods_file;
	struct arena *listed;        /* of the list of pods */
	struct map *keys;            /* "c" + container id, "p" + pod uid -> its number */
	struct {
		struct pod *v;
		size_t n, cap;
	} pods;
	struct arena *found;         /* of the last answer */
	struct buf scratch;
};

DEFINE_CLEANUP(struct json_object *, json_object_put)

/* ---- JSON ---- */

static struct str text_of(struct json_object *o)
{
	if (!json_object_is_type(o, json_type_string))
		return (struct str){NULL, 0};
	return (struct str){json_object_get_string(o), (size_t)json_object_get_string_len(o)};
}

static struct json_object *member(struct json_object *o, const char *name)
{
	struct json_object *v = NULL;
	if (json_object_is_type(o, json_type_object))
		json_object_object_get_ex(o, name, &v);
	return v;
}

static struct str text_member(struct json_object *o, const char *name)
{
	return text_of(member(o, name));
}

static struct json_object *parse(struct str text)
{
	if (text.n > INT32_MAX)
		return NULL;
	struct json_tokener *tok = json_tokener_new();
	struct json_object *o = tok ? json_tokener_parse_ex(tok, text.p, (int)text.n) : NULL;
	if (tok)
		json_tokener_free(tok);
	return o;
}

/* NULL: not there, or not JSON. */
static struct json_object *read_json(const char *file)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	return read_file(file, STATE_MAX, &text) ? NULL : parse(buf_view(&text));
}

/* ---- the list of pods ---- */

static size_t items(struct json_object *array)
{
	return json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;
}

static struct str labels_of(struct arena *a, struct json_object *metadata)
{
	struct json_object *labels = member(metadata, "labels");
	if (!labels)
		return (struct str){NULL, 0};
	struct str text = str_from(json_object_to_json_string_ext(labels, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	return labels_valid(text) ? arena_str(a, text) : (struct str){NULL, 0};
}

static void set_owner(struct arena *a, struct json_object *metadata, struct pod *p)
{
	struct json_object *owners = member(metadata, "ownerReferences");
	for (size_t i = 0; i < items(owners); i++) {
		struct json_object *o = json_object_array_get_idx(owners, i);
		p->workload = arena_str(a, text_member(o, "name"));
		p->workload_kind = arena_str(a, text_member(o, "kind"));
		if (json_object_get_boolean(member(o, "controller")))
			return;
	}
	if (!p->workload.n) {   /* nobody made it: it is its own */
		p->workload = p->name;
		p->workload_kind = STR("Pod");
	}
}

static void add_key(struct names *n, char kind, struct str id, const struct pod *p)
{
	CLEANUP_BUF struct buf key = BUF_INIT;
	bool new;
	buf_putc(&key, kind);
	buf_str(&key, id);
	map_add(n->keys, buf_view(&key), &new);
	if (id.n && new)
		*VEC_PUSH(&n->pods) = *p;
	else if (new)
		*VEC_PUSH(&n->pods) = (struct pod){.privileged = false};
}

static void add_containers(struct names *n, const struct pod *pod, struct json_object *statuses)
{
	for (size_t i = 0; i < items(statuses); i++) {
		struct json_object *s = json_object_array_get_idx(statuses, i);
		struct str id = text_member(s, "containerID");
		const char *scheme = id.n ? memmem(id.p, id.n, "://", 3) : NULL;
		if (!scheme)
			continue;
		id = str_skip(id, (size_t)(scheme - id.p) + 3);
		struct pod p = *pod;
		p.container_name = arena_str(n->listed, text_member(s, "name"));
		p.container_id = arena_str(n->listed, id);
		p.image = arena_str(n->listed, text_member(s, "image"));
		p.image_id = arena_str(n->listed, text_member(s, "imageID"));
		add_key(n, 'c', id, &p);
	}
}

static void add_pod(struct names *n, struct json_object *item)
{
	static const char *const statuses[] = {"containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"};
	struct json_object *metadata = member(item, "metadata"), *status = member(item, "status");
	struct pod p = {
		.namespace = arena_str(n->listed, text_member(metadata, "namespace")),
		.name = arena_str(n->listed, text_member(metadata, "name")),
		.uid = arena_str(n->listed, text_member(metadata, "uid")),
		.labels = labels_of(n->listed, metadata),
	};
	if (!p.name.n || !p.namespace.n)
		return;
	set_owner(n->listed, metadata, &p);
	/* A static pod's folders and cgroup go by the digest of its file. */
	struct str mirror = text_member(member(metadata, "annotations"), "kubernetes.io/config.mirror");
	add_key(n, 'p', mirror.n ? mirror : p.uid, &p);
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++)
		add_containers(n, &p, member(status, statuses[i]));
}

int names_reload(struct names *n, struct diag *d)
{
	if (!n->pods_file)
		return 0;
	CLEANUP_BUF struct buf text = BUF_INIT;
	int r = read_file(n->pods_file, PODS_MAX, &text);
	if (r) {
		diag_error(d, n->pods_file, "%s", strerror(-r));
		return r;
	}
	CLEANUP(json_object_put) struct json_object *o = parse(buf_view(&text));
	struct json_object *list = member(o, "items");
	if (!json_object_is_type(list, json_type_array)) {
		diag_error(d, n->pods_file, "is no list of pods in JSON: write it by 'kubectl get pods -A -o json'");
		return -EINVAL;
	}
	arena_free(n->listed);
	map_free(n->keys);
	n->listed = arena_new();
	n->keys = map_new();
	n->pods.n = 0;
	for (size_t i = 0; i < items(list); i++)
		add_pod(n, json_object_array_get_idx(list, i));
	return 0;
}

static const struct pod *listed(const struct names *n, char kind, struct str id)
{
	CLEANUP_BUF struct buf key = BUF_INIT;
	if (!id.n)
		return NULL;
	buf_putc(&key, kind);
	buf_str(&key, id);
	uint32_t i = map_find(n->keys, buf_view(&key));
	return i == MAP_NONE ? NULL : &n->pods.v[i];
}

static bool find_listed(struct names *n, const struct cgroup_identity *id, struct pod *ret)
{
	const struct pod *p = listed(n, 'c', id->container_id);
	if (!p)
		p = listed(n, 'p', id->pod_uid);
	if (!p)
		return false;
	*ret = *p;
	return true;
}

/* ---- what the runtimes keep ---- */

/* The member of OBJECT under the first of the names that is there. */
static struct str one_of(const struct names *n, struct json_object *object, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct str s = text_member(object, names[i]);
		if (s.n)
			return arena_str(n->found, s);
	}
	return (struct str){NULL, 0};
}

static bool from_annotations(const struct names *n, struct json_object *a, struct pod *ret)
{
	static const char *const namespaces[] = {"io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace"};
	static const char *const names[] = {"io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name"};
	static const char *const uids[] = {"io.kubernetes.cri.sandbox-uid", "io.kubernetes.pod.uid"};
	static const char *const containers[] = {"io.kubernetes.cri.container-name", "io.kubernetes.container.name", "nerdctl/name"};
	static const char *const images[] = {"io.kubernetes.cri.image-name", "io.kubernetes.cri-o.ImageName"};
	static const char *const types[] = {"io.kubernetes.cri.container-type", "io.kubernetes.cri-o.ContainerType"};
	*ret = (struct pod){
		.namespace = one_of(n, a, namespaces, ARRAY_SIZE(namespaces)),
		.name = one_of(n, a, names, ARRAY_SIZE(names)),
		.uid = one_of(n, a, uids, ARRAY_SIZE(uids)),
		.container_name = one_of(n, a, containers, ARRAY_SIZE(containers)),
		.image = one_of(n, a, images, ARRAY_SIZE(images)),
	};
	if (str_eq(one_of(n, a, types, ARRAY_SIZE(types)), STR("sandbox")))
		ret->container_name = STR("POD");   /* as the kubelet calls it */
	return ret->name.n || ret->container_name.n;
}

static bool from_spec(const struct names *n, struct json_object *o, struct str id, struct pod *ret)
{
	(void)id;
	return from_annotations(n, member(o, "annotations"), ret);
}

static bool from_docker(const struct names *n, struct json_object *o, struct str id, struct pod *ret)
{
	struct json_object *config = member(o, "Config");
	struct str name = text_member(o, "Name");
	(void)id;
	if (!from_annotations(n, member(config, "Labels"), ret))
		ret->container_name = arena_str(n->found, str_skip(name, name.n && name.p[0] == '/'));
	if (!ret->image.n)
		ret->image = arena_str(n->found, text_member(config, "Image"));
	return ret->container_name.n > 0;
}

/* One file for all containers. */
static bool from_podman(const struct names *n, struct json_object *o, struct str id, struct pod *ret)
{
	for (size_t i = 0; i < items(o); i++) {
		struct json_object *c = json_object_array_get_idx(o, i);
		if (!str_eq(text_member(c, "id"), id))
			continue;
		struct json_object *given = member(c, "names");
		*ret = (struct pod){.container_name = STR_INIT("")};
		if (items(given))
			ret->container_name = arena_str(n->found, text_of(json_object_array_get_idx(given, 0)));
		CLEANUP(json_object_put) struct json_object *more = parse(text_member(c, "metadata"));
		ret->image = arena_str(n->found, text_member(more, "image-name"));
		return ret->container_name.n > 0;
	}
	return false;
}

static bool find_state(struct names *n, const struct cgroup_identity *id, struct pod *ret)
{
	static const struct {
		const char *before, *after;   /* the id between them; after NULL: not in the name */
		bool (*read)(const struct names *n, struct json_object *o, struct str id, struct pod *ret);
	} files[] = {
		{"/run/containerd/io.containerd.runtime.v2.task/k8s.io/", "/config.json", from_spec},
		{"/run/containerd/io.containerd.runtime.v2.task/default/", "/config.json", from_spec},
		{"/run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io/", "/config.json", from_spec},
		{"/run/k0s/containerd/io.containerd.runtime.v2.task/k8s.io/", "/config.json", from_spec},
		{"/var/snap/microk8s/common/run/containerd/io.containerd.runtime.v2.task/k8s.io/", "/config.json", from_spec},
		{"/run/containers/storage/overlay-containers/", "/userdata/config.json", from_spec},
		{"/var/lib/containers/storage/overlay-containers/", "/userdata/config.json", from_spec},
		{"/var/lib/docker/containers/", "/config.v2.json", from_docker},
		{"/var/lib/containers/storage/overlay-containers/containers.json", NULL, from_podman},
	};
	for (size_t i = 0; i < ARRAY_SIZE(files) && id->container_id.n; i++) {
		CLEANUP_BUF struct buf file = BUF_INIT;
		buf_printf(&file, "%s%s", n->root, files[i].before);
		if (files[i].after) {
			buf_str(&file, id->container_id);
			buf_puts(&file, files[i].after);
		}
		CLEANUP(json_object_put) struct json_object *o = read_json(file.p);
		if (o && files[i].read(n, o, id->container_id, ret))
			return true;
	}
	return false;
}

/* ---- the kubelet's folders ---- */

/* The first entry of FOLDER that ends in SUFFIX, without it, in memory of N's. */
static struct str entry_with(const struct names *n, const char *folder, struct str suffix)
{
	CLEANUP_FREE char *path = xasprintf("%s%s", n->root, folder);
	DIR *dir = opendir(path);
	struct str got = {NULL, 0};
	for (struct dirent *e; dir && !got.n && (e = readdir(dir));) {
		struct str name = str_from(e->d_name);
		if (name.n > suffix.n && str_ends(name, suffix))
			got = arena_str(n->found, (struct str){name.p, name.n - suffix.n});
	}
	if (dir)
		closedir(dir);
	return got;
}

static bool split(struct str *rest, char at, struct str *ret)
{
	const char *mark = rest->n ? memchr(rest->p, at, rest->n) : NULL;
	if (!mark)
		return false;
	*ret = (struct str){rest->p, (size_t)(mark - rest->p)};
	*rest = str_skip(*rest, ret->n + 1);
	return ret->n > 0;
}

static bool find_logs(struct names *n, const struct cgroup_identity *id, struct pod *ret)
{
	if (!id->pod_uid.n)
		return false;
	struct str rest = entry_with(n, "/var/log/pods", str_from(arena_printf(n->found, "_" STR_FMT, STR_ARG(id->pod_uid))));
	*ret = (struct pod){.uid = id->pod_uid};
	if (!split(&rest, '_', &ret->namespace) || !rest.n)
		return false;
	ret->name = rest;
	if (!id->container_id.n)
		return true;
	struct str pod, namespace;
	rest = entry_with(n, "/var/log/containers", str_from(arena_printf(n->found, "-" STR_FMT ".log", STR_ARG(id->container_id))));
	if (split(&rest, '_', &pod) && split(&rest, '_', &namespace) && str_eq(pod, ret->name))
		ret->container_name = rest;
	return true;
}

/* ---- all together ---- */

int names_open(const char *root, const char *pods, struct diag *d, struct names **ret)
{
	CLEANUP(names_free) struct names *n = xcalloc(1, sizeof(*n));
	if (root && *root && access(root, X_OK)) {
		int err = -errno;
		diag_error(d, root, "%s: the folder where the node's files are seen is wanted", strerror(-err));
		return err;
	}
	n->root = root ? root : "";
	n->pods_file = pods;
	n->listed = arena_new();
	n->keys = map_new();
	n->found = arena_new();
	int r = names_reload(n, d);
	if (r)
		return r;
	*ret = TAKE(n);
	return 0;
}

void names_free(struct names *n)
{
	if (!n)
		return;
	arena_free(n->listed);
	arena_free(n->found);
	map_free(n->keys);
	free(n->pods.v);
	buf_done(&n->scratch);
	free(n);
}

/* The list is of pods: their sandboxes, and containers younger than it, only the node knows. */
static void add_container(struct names *n, const struct cgroup_identity *id, struct pod *p)
{
	struct pod found = {.privileged = false};
	if (p->container_name.n || !id->container_id.n || (!find_state(n, id, &found) && !find_logs(n, id, &found)))
		return;
	p->container_name = found.container_name;
	p->image = found.image;
}

bool names_find(struct names *n, struct str cgroup, struct pod *ret)
{
	struct cgroup_identity id;
	buf_clear(&n->scratch);
	buf_reserve(&n->scratch, 2 * cgroup.n + 256);
	cgroup_identify(cgroup, &n->scratch, &id);
	if (!id.container_id.n && !id.pod_uid.n)
		return false;
	arena_free(n->found);
	n->found = arena_new();
	struct pod p = {.privileged = false};
	if (find_listed(n, &id, &p))
		add_container(n, &id, &p);
	else if (!find_state(n, &id, &p) && !find_logs(n, &id, &p))
		return false;
	if (!p.uid.n)
		p.uid = id.pod_uid;
	p.container_id = id.container_id;
	if (p.name.n && !p.container_name.n)   /* the pod is known, which of its containers is not */
		p.container_name = (struct str){id.container_id.p, MIN(id.container_id.n, 12)};
	*ret = p;
	return true;
}
