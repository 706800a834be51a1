/* SPDX-License-Identifier: GPL-2.0-only */
/* Names for cgroups, from folders as container runtimes and the kubelet leave them on a node, and from a list of pods. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/names.h"
#include "schema/workload.h"

#define ID(n)  "000000000000000000000000000000000000000000000000000000000000000" #n
#define UID(n) "12345678-9abc-def0-1234-56789abcde0" #n
#define POD_SLICE(n) "/kubepods.slice/kubepods-pod12345678_9abc_def0_1234_56789abcde0" #n ".slice"

static const struct {
	const char *file, *text;
} node[] = {
	{"/run/containerd/io.containerd.runtime.v2.task/k8s.io/" ID(1) "/config.json",
	 "{\"annotations\":{\"io.kubernetes.cri.container-name\":\"nginx\",\"io.kubernetes.cri.sandbox-name\":\"web-7d4b9c6f5-x2x4z\","
	 "\"io.kubernetes.cri.sandbox-namespace\":\"shop\",\"io.kubernetes.cri.sandbox-uid\":\"" UID(1) "\","
	 "\"io.kubernetes.cri.image-name\":\"docker.io/library/nginx:1.25\",\"io.kubernetes.cri.container-type\":\"container\"}}"},
	{"/run/containerd/io.containerd.runtime.v2.task/k8s.io/" ID(2) "/config.json",
	 "{\"annotations\":{\"io.kubernetes.cri.container-type\":\"sandbox\",\"io.kubernetes.cri.sandbox-name\":\"web-7d4b9c6f5-x2x4z\","
	 "\"io.kubernetes.cri.sandbox-namespace\":\"shop\"}}"},
	{"/run/containers/storage/overlay-containers/" ID(3) "/userdata/config.json",
	 "{\"annotations\":{\"io.kubernetes.container.name\":\"db\",\"io.kubernetes.pod.name\":\"db-0\","
	 "\"io.kubernetes.pod.namespace\":\"data\",\"io.kubernetes.cri-o.ImageName\":\"quay.io/pg:15\"}}"},
	{"/var/lib/docker/containers/" ID(4) "/config.v2.json", "{\"Name\":\"/cache\",\"Config\":{\"Image\":\"redis:7\",\"Labels\":{}}}"},
	{"/var/lib/containers/storage/overlay-containers/containers.json",
	 "[{\"id\":\"" ID(9) "\",\"names\":[\"other\"]},{\"id\":\"" ID(5) "\",\"names\":[\"mail\"],"
	 "\"metadata\":\"{\\\"image-name\\\":\\\"localhost/mail:1\\\"}\"}]"},
	{"/var/log/pods/batch_nightly-28350720-kq4zt_" UID(6) "/job/0.log", ""},
	{"/var/log/containers/nightly-28350720-kq4zt_batch_job-" ID(6) ".log", ""},
	{"/var/log/pods/batch_lonely_" UID(7) "/x/0.log", ""},
	{"/run/containerd/io.containerd.runtime.v2.task/k8s.io/" ID(8) "/config.json", "{\"annotations\": broken"},
	{"/pods.json",
	 "{\"items\":[{\"metadata\":{\"namespace\":\"shop\",\"name\":\"api-5f6d7c8b9-abcde\",\"uid\":\"" UID(9) "\","
	 "\"labels\":{\"app\":\"api\",\"pod-template-hash\":\"5f6d7c8b9\"},\"ownerReferences\":[{\"kind\":\"ReplicaSet\","
	 "\"name\":\"api-5f6d7c8b9\",\"controller\":true}]},\"status\":{\"containerStatuses\":[{\"name\":\"api\","
	 "\"containerID\":\"containerd://" ID(9) "\",\"image\":\"api:3\"}]}},"
	 "{\"metadata\":{\"namespace\":\"kube-system\",\"name\":\"etcd-node\",\"uid\":\"" UID(0) "\",\"annotations\":{\"kubernetes.io/config.mirror\":"
	 "\"0123456789abcdef0123456789abcdef\"},\"ownerReferences\":[{\"kind\":\"Node\",\"name\":\"node\",\"controller\":true}]},\"status\":{}},"
	 "{\"metadata\":{\"name\":\"no namespace\"}},7]}"},
	/* Younger than the list, or not in it: a sandbox, a container that was started anew, a static pod's. */
	{"/run/containerd/io.containerd.runtime.v2.task/k8s.io/" ID(a) "/config.json",
	 "{\"annotations\":{\"io.kubernetes.cri.container-type\":\"sandbox\",\"io.kubernetes.cri.sandbox-name\":\"api-5f6d7c8b9-abcde\","
	 "\"io.kubernetes.cri.sandbox-namespace\":\"shop\"}}"},
	{"/run/containerd/io.containerd.runtime.v2.task/k8s.io/" ID(b) "/config.json",
	 "{\"annotations\":{\"io.kubernetes.cri.container-name\":\"api\",\"io.kubernetes.cri.sandbox-name\":\"api-5f6d7c8b9-abcde\","
	 "\"io.kubernetes.cri.sandbox-namespace\":\"shop\",\"io.kubernetes.cri.image-name\":\"api:4\",\"io.kubernetes.cri.container-type\":\"container\"}}"},
	{"/run/k0s/containerd/io.containerd.runtime.v2.task/k8s.io/" ID(f) "/config.json",
	 "{\"annotations\":{\"io.kubernetes.cri.container-name\":\"box\",\"io.kubernetes.cri.sandbox-name\":\"tool\","
	 "\"io.kubernetes.cri.sandbox-namespace\":\"ops\",\"io.kubernetes.cri.container-type\":\"container\"}}"},
	{"/var/log/containers/api-5f6d7c8b9-abcde_shop_proxy-" ID(c) ".log", ""},
	{"/var/log/pods/shop_api-5f6d7c8b9-abcde_" UID(9) "/proxy/0.log", ""},
	{"/run/containerd/io.containerd.runtime.v2.task/k8s.io/" ID(d) "/config.json",
	 "{\"annotations\":{\"io.kubernetes.cri.container-name\":\"proxy\",\"io.kubernetes.cri.sandbox-name\":\"edge-node\","
	 "\"io.kubernetes.cri.sandbox-namespace\":\"kube-system\",\"io.kubernetes.cri.container-type\":\"container\"}}"},
};

static char root[] = "/tmp/stakeout-names.XXXXXX";

static int make_node(void **state)
{
	(void)state;
	if (!mkdtemp(root))
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(node); i++) {
		CLEANUP_FREE char *path = xasprintf("%s%s", root, node[i].file);
		for (char *p = path + sizeof(root); (p = strchr(p, '/')); *p++ = '/') {
			*p = '\0';
			mkdir(path, 0700);
		}
		FILE *f = fopen(path, "w");
		if (!f)
			return -1;
		fputs(node[i].text, f);
		fclose(f);
	}
	return 0;
}

static int remove_node(void **state)
{
	(void)state;
	CLEANUP_FREE char *command = xasprintf("rm -rf %s", root);
	return system(command);
}

static void names_of_cgroups(void **state)
{
	static const struct {
		const char *cgroup, *workload, *image;
		bool guess;
	} rows[] = {
		{POD_SLICE(1) "/cri-containerd-" ID(1) ".scope", "shop/Deployment/web/nginx", "docker.io/library/nginx:1.25", true},
		{POD_SLICE(1) "/cri-containerd-" ID(2) ".scope", "shop/Deployment/web/POD", "", true},
		{POD_SLICE(0) "/cri-containerd-" ID(f) ".scope", "ops/Pod/tool/box", "", true},
		{POD_SLICE(3) "/crio-" ID(3) ".scope", "data/Pod/db-0/db", "quay.io/pg:15", true},
		{"/system.slice/docker-" ID(4) ".scope", "host/container/cache", "redis:7", false},
		{"/machine.slice/libpod-" ID(5) ".scope/container", "host/container/mail", "localhost/mail:1", false},
		{POD_SLICE(6) "/cri-containerd-" ID(6) ".scope", "batch/CronJob/nightly/job", "", true},
		{POD_SLICE(7) "/cri-containerd-" ID(7) ".scope", "batch/Pod/lonely/000000000000", "", true},
		{POD_SLICE(9) "/cri-containerd-" ID(9) ".scope", "shop/Deployment/api/api", "api:3", false},
		{POD_SLICE(9) "/cri-containerd-" ID(a) ".scope", "shop/Deployment/api/POD", "", false},
		{POD_SLICE(9) "/cri-containerd-" ID(b) ".scope", "shop/Deployment/api/api", "api:4", false},
		{POD_SLICE(9) "/cri-containerd-" ID(c) ".scope", "shop/Deployment/api/proxy", "", false},
		{POD_SLICE(9) "/cri-containerd-" ID(e) ".scope", "shop/Deployment/api/000000000000", "", false},
		{POD_SLICE(9), "shop/Deployment/api", "", false},
		{"/kubepods/burstable/pod0123456789abcdef0123456789abcdef/" ID(1), "kube-system/Pod/etcd/nginx", "docker.io/library/nginx:1.25", false},
		{"/kubepods/burstable/podfedcba9876543210fedcba9876543210/" ID(d), "kube-system/Pod/edge/proxy", "", true},
		/* Nothing is known: by what the path tells. */
		{POD_SLICE(8) "/cri-containerd-" ID(8) ".scope", "unknown/Pod/" UID(8) "/000000000000", "", true},
		{"/system.slice/nginx.service", "host/unit/nginx.service", "", false},
		{"", "host/host/all", "", false},
	};
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP_FREE char *pods = xasprintf("%s/pods.json", root);
	CLEANUP(names_free) struct names *n = NULL;
	(void)state;
	assert_int_equal(names_open(root, pods, &d, &n), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP_BUF struct buf scratch = BUF_INIT, got = BUF_INIT;
		struct process p = {.cgroup = str_from(rows[i].cgroup)};
		struct workload w;
		struct instance inst;
		names_find(n, p.cgroup, &p.pod);
		workload_of(&p, STR("node"), &scratch, &w, &inst);
		workload_print(&got, &w);
		assert_string_equal(got.p, rows[i].workload);
		assert_true(str_eq(inst.image, str_from(rows[i].image)));
		assert_int_equal(w.guess, rows[i].guess);
	}
}

static void a_bad_list_is_refused(void **state)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP_FREE char *bad = xasprintf("%s%s", root, node[8].file), *none = xasprintf("%s/none", root);
	CLEANUP(names_free) struct names *n = NULL;
	(void)state;
	assert_int_equal(names_open(root, bad, &d, &n), -EINVAL);
	assert_int_equal(names_open(root, none, &d, &n), -ENOENT);
	assert_null(n);
	assert_int_equal(d.errors, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_cgroups),
		cmocka_unit_test(a_bad_list_is_refused),
	};
	return cmocka_run_group_tests(tests, make_node, remove_node);
}
