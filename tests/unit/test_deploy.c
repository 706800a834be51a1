/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The manifests of deploy/, as far as that can be told without a cluster: objects that belong together, volumes that are there and
 * used, what each program needs of the node and nothing that it must not have.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "schema/base/io.h"
#include "schema/yaml.h"

struct manifest {
	struct arena *arena;
	struct yaml_node **documents;
	size_t n;
};

/* What PATH leads to must be this text; NULL: there must be something. */
static void want(const struct yaml_node *root, const char *path, const char *text)
{
	const struct yaml_node *at = yaml_at(root, path);
	if (!at || (text && !str_eq(at->text, str_from(text))))
		fail_msg("%s is %.*s instead of %s", path, at ? (int)at->text.n : 0, at ? at->text.p : "", text ? text : "something");
}

static bool has_word(const struct yaml_node *list, const char *word)
{
	for (size_t i = 0; list && i < list->nitems; i++)
		if (str_eq(list->items[i]->text, str_from(word)))
			return true;
	return false;
}

static bool has_named(const struct yaml_node *list, const char *key, struct str text)
{
	for (size_t i = 0; list && i < list->nitems; i++) {
		const struct yaml_node *value = yaml_get(list->items[i], key);
		if (value && str_eq(value->text, text))
			return true;
	}
	return false;
}

static const struct yaml_node *pod_of(const struct yaml_node *set)
{
	const struct yaml_node *pod = yaml_at(set, "spec.template.spec");
	assert_non_null(pod);
	return pod;
}

static void check_volumes(const struct yaml_node *pod)
{
	const struct yaml_node *mounts = yaml_at(pod, "containers[0].volumeMounts"), *volumes = yaml_at(pod, "volumes");
	assert_non_null(mounts);
	assert_non_null(volumes);
	assert_int_equal(mounts->nitems, volumes->nitems);
	for (size_t i = 0; i < mounts->nitems; i++) {
		want(mounts->items[i], "mountPath", NULL);
		assert_true(has_named(volumes, "name", yaml_get(mounts->items[i], "name")->text));
	}
	for (size_t i = 0; i < volumes->nitems; i++) {
		const struct yaml_node *folder = yaml_at(volumes->items[i], "hostPath.path");
		assert_true(has_named(mounts, "name", yaml_get(volumes->items[i], "name")->text));
		assert_true(folder ? folder->text.p[0] == '/' : yaml_at(volumes->items[i], "configMap.name") != NULL);
		if (folder)
			want(volumes->items[i], "hostPath.type", NULL);
	}
}

/* A namespace that lets the pods in, and a set whose selector is its pods' label. */
static void check_objects(const struct manifest *m, const char *name)
{
	assert_int_equal(m->n, 2);
	const struct yaml_node *space = m->documents[0], *set = m->documents[1];
	want(space, "apiVersion", "v1");
	want(space, "kind", "Namespace");
	const struct yaml_node *labels = yaml_at(space, "metadata.labels");
	assert_non_null(labels);
	assert_true(str_eq(yaml_get(labels, "pod-security.kubernetes.io/enforce")->text, STR("privileged")));
	want(set, "apiVersion", "apps/v1");
	want(set, "kind", "DaemonSet");
	want(set, "metadata.name", name);
	assert_true(str_eq(yaml_at(set, "metadata.namespace")->text, yaml_at(space, "metadata.name")->text));
	static const char *const places[] = {"metadata.labels", "spec.selector.matchLabels", "spec.template.metadata.labels"};
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		const struct yaml_node *at = yaml_at(set, places[i]), *label = at ? yaml_get(at, "app.kubernetes.io/name") : NULL;
		assert_non_null(label);
		assert_true(str_eq(label->text, str_from(name)));
	}
	const struct yaml_node *pod = pod_of(set);
	want(pod, "hostPID", "true");      /* or process ids, and the host's first process, are not the node's */
	want(pod, "hostNetwork", "true");  /* or the node's name is the pod's, which static pods are told from their nodes by */
	want(pod, "automountServiceAccountToken", "false");
	want(pod, "tolerations[0].operator", "Exists");
	want(pod, "containers[0].image", NULL);
	want(pod, "containers[0].resources.limits.memory", NULL);
	want(pod, "containers[0].securityContext.readOnlyRootFilesystem", "true");
	assert_null(yaml_at(pod, "containers[1]"));
	check_volumes(pod);
}

static void read_manifest(const char *file, struct manifest *m)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP_BUF struct buf text = BUF_INIT;
	assert_int_equal(read_file(file, 1 << 20, &text), 0);
	m->arena = arena_new();
	assert_int_equal(yaml_read(m->arena, file, buf_view(&text), &d, &m->documents, &m->n), 0);
}

static bool mounts(const struct yaml_node *pod, const char *path)
{
	return has_named(yaml_at(pod, "containers[0].volumeMounts"), "mountPath", str_from(path));
}

static void test_record(void **state)
{
	struct manifest m;
	read_manifest("deploy/stakeout-record.yaml", &m);
	check_objects(&m, "stakeout-record");
	const struct yaml_node *pod = pod_of(m.documents[1]);
	const struct str command = yaml_at(pod, "containers[0].command[2]")->text;
	assert_non_null(memmem(command.p, command.n, "exec stakeout-record record ", 28));   /* or the kubelet's signal ends the shell alone */
	assert_non_null(memmem(command.p, command.n, " --node-root /host ", 19));
	static const char *const needed[] = {"/sys/fs/cgroup", "/sys/kernel/security", "/host/run", "/host/var/log", "/var/lib/stakeout"};
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		assert_true(mounts(pod, needed[i]));
	static const char *const rights[] = {"BPF", "PERFMON", "NET_ADMIN", "SYS_PTRACE", "DAC_READ_SEARCH"};
	for (size_t i = 0; i < ARRAY_SIZE(rights); i++)
		assert_true(has_word(yaml_at(pod, "containers[0].securityContext.capabilities.add"), rights[i]));
	want(pod, "containers[0].securityContext.capabilities.drop[0]", "ALL");
	want(pod, "containers[0].securityContext.allowPrivilegeEscalation", "false");
	assert_null(yaml_at(pod, "containers[0].securityContext.privileged"));
	arena_free(m.arena);
	(void)state;
}

static void test_enforce(void **state)
{
	struct manifest m;
	read_manifest("deploy/stakeout-enforce.yaml", &m);
	check_objects(&m, "stakeout-enforce");
	const struct yaml_node *pod = pod_of(m.documents[1]);
	static const char *const needed[] = {"/sys/fs/bpf", "/sys/fs/cgroup", "/host/run", "/host/var/log", "/images"};
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		assert_true(mounts(pod, needed[i]));
	want(pod, "containers[0].securityContext.privileged", "true");
	/* Where the command looks for images, they are mounted. */
	assert_non_null(memmem(yaml_at(pod, "containers[0].command[2]")->text.p, yaml_at(pod, "containers[0].command[2]")->text.n, " /images ", 9));
	want(pod, "volumes[0].configMap.optional", "true");
	arena_free(m.arena);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_record), cmocka_unit_test(test_enforce)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
