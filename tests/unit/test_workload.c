/* SPDX-License-Identifier: GPL-2.0-only */
/* Names from cgroup paths and pod data, and patterns that mean them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "schema/workload.h"

#define ID64  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define UID   "3f0c2c7e-9b1d-4d2f-8a55-1f0c2c7e9b1d"
#define UID_  "3f0c2c7e_9b1d_4d2f_8a55_1f0c2c7e9b1d"
#define EMPTY STR_INIT("")

static void written_forms(void **state)
{
	(void)state;
	static const struct {
		struct process p;
		const char *form;
		bool guess;
		const char *instance;
	} rows[] = {
		/* cgroup paths */
		{{.cgroup = STR_INIT("/system.slice/nginx.service")}, "host/unit/nginx.service", false, "nginx.service@n1"},
		{{.cgroup = STR_INIT("/system.slice/system-getty.slice/getty@tty1.service")}, "host/unit/getty@tty1.service", false, "getty@tty1.service@n1"},
		{{.cgroup = STR_INIT("/user.slice/user-1000.slice/session-3.scope")}, "host/unit/user-1000.slice", false, "user-1000.slice@n1"},
		{{.cgroup = STR_INIT("/init.scope")}, "host/unit/init.scope", false, "init.scope@n1"},
		{{.cgroup = STR_INIT("/docker/" ID64)}, "host/container/0123456789ab", false, "0123456789abcdef0123456789abcde"},
		{{.cgroup = STR_INIT("/system.slice/docker-" ID64 ".scope")}, "host/container/0123456789ab", false, "0123456789abcdef0123456789abcde"},
		{{.cgroup = STR_INIT("/machine.slice/libpod-" ID64 ".scope/container")}, "host/container/0123456789ab", false, "0123456789abcdef0123456789abcde"},
		{{.cgroup = STR_INIT("/machine.slice/libpod-conmon-" ID64 ".scope")}, "host/unit/libpod-conmon-" ID64 ".scope", false, "libpod-conmon-" ID64 ".scope@n1"},
		{{.cgroup = STR_INIT("/kubepods/burstable/pod" UID "/" ID64)}, "unknown/Pod/" UID "/0123456789ab", true, UID "@0123456789abcdef0123456789abcde"},
		{{.cgroup = STR_INIT("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_ ".slice/cri-containerd-" ID64 ".scope")}, "unknown/Pod/" UID "/0123456789ab", true, UID "@0123456789abcdef0123456789abcde"},
		{{.cgroup = STR_INIT("/kubepods.slice/kubepods-pod" UID_ ".slice/crio-" ID64 ".scope")}, "unknown/Pod/" UID "/0123456789ab", true, UID "@0123456789abcdef0123456789abcde"},
		{{.cgroup = STR_INIT("/docker/" ID64 "/kubepods/pod" UID "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")}, "unknown/Pod/" UID "/aaaaaaaaaaaa", true, UID "@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
		{{.cgroup = STR_INIT("/system.slice/containerd.service/kubepods-burstable-pod" UID_ ".slice:cri-containerd:" ID64)}, "unknown/Pod/" UID "/0123456789ab", true, UID "@0123456789abcdef0123456789abcde"},
		{{.cgroup = STR_INIT("/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod" UID_ ".slice/cri-containerd-" ID64 ".scope")}, "unknown/Pod/" UID "/0123456789ab", true, UID "@0123456789abcdef0123456789abcde"},
		{{.cgroup = STR_INIT("/system.slice/a:b:c.service")}, "host/unit/a:b:c.service", false, "a:b:c.service@n1"},
		{{.cgroup = STR_INIT("/docker/" ID64 "/init.scope")}, "host/container/0123456789ab", false, "0123456789abcdef0123456789abcde"},
		{{.cgroup = STR_INIT("/lab/one")}, "host/cgroup/lab/one", false, "/lab/one@n1"},
		{{.cgroup = STR_INIT("/")}, "host/host/all", false, "host@n1"},
		{{.cgroup = EMPTY}, "host/host/all", false, "host@n1"},
		/* pods */
		{{.docker = STR_INIT("0123456789abcdef0123456789abcde")}, "host/container/0123456789ab", true, "0123456789abcdef0123456789abcde"},
		{{.pod = {.namespace = STR_INIT("shop"), .name = STR_INIT("cart-6f87496b94-qdlh8"), .uid = STR_INIT("u1"), .workload = STR_INIT("cart"), .workload_kind = STR_INIT("Deployment"), .container_name = STR_INIT("app"), .container_id = STR_INIT(ID64)}}, "shop/Deployment/cart/app", false, "u1@0123456789abcdef0123456789abcde"},
		{{.pod = {.namespace = STR_INIT("shop"), .name = STR_INIT("cart-6f87496b94-qdlh8"), .workload = STR_INIT("cart-6f87496b94"), .workload_kind = STR_INIT("ReplicaSet"), .labels = STR_INIT("{\"app\":\"cart\",\"pod-template-hash\":\"6f87496b94\"}")}}, "shop/Deployment/cart", false, "cart-6f87496b94-qdlh8@"},
		{{.pod = {.namespace = STR_INIT("shop"), .name = STR_INIT("roll-6f8749"), .workload = STR_INIT("roll-6f8749"), .workload_kind = STR_INIT("ReplicaSet")}}, "shop/ReplicaSet/roll-6f8749", false, "roll-6f8749@"},
		{{.pod = {.namespace = STR_INIT("shop"), .name = STR_INIT("cart-6f87496b94-qdlh8"), .labels = STR_INIT("{\"app\":\"cart\", \"pod-template-hash\":\"6f87496b94\"}")}}, "shop/Deployment/cart", true, "cart-6f87496b94-qdlh8@"},
		{{.pod = {.namespace = STR_INIT("shop"), .name = STR_INIT("cart-6f87496b94-qdlh8")}}, "shop/Deployment/cart", true, "cart-6f87496b94-qdlh8@"},
		{{.pod = {.namespace = STR_INIT("db"), .name = STR_INIT("pg-0"), .labels = STR_INIT("{\"statefulset.kubernetes.io/pod-name\":\"pg-0\"}")}}, "db/StatefulSet/pg", true, "pg-0@"},
		{{.pod = {.namespace = STR_INIT("ops"), .name = STR_INIT("agent-x2x4z"), .labels = STR_INIT("{\"controller-revision-hash\":\"abc\"}")}}, "ops/DaemonSet/agent", true, "agent-x2x4z@"},
		{{.pod = {.namespace = STR_INIT("ops"), .name = STR_INIT("dump-29012345-abcde"), .labels = STR_INIT("{\"job-name\":\"dump-29012345\"}")}}, "ops/CronJob/dump", true, "dump-29012345-abcde@"},
		{{.pod = {.namespace = STR_INIT("ops"), .name = STR_INIT("dump"), .workload = STR_INIT("dump-29012345"), .workload_kind = STR_INIT("Job")}}, "ops/CronJob/dump", false, "dump@"},
		{{.pod = {.namespace = STR_INIT("ops"), .name = STR_INIT("toolbox")}}, "ops/Pod/toolbox", true, "toolbox@"},
		/* static pods: their names end in the node's, their mirrors' owner is the node */
		{{.pod = {.namespace = STR_INIT("ops"), .name = STR_INIT("etcd-n1"), .uid = STR_INIT("0123456789abcdef0123456789abcdef")}}, "ops/Pod/etcd", true, "0123456789abcdef0123456789abcdef@"},
		{{.pod = {.namespace = STR_INIT("ops"), .name = STR_INIT("etcd-n2"), .uid = STR_INIT("0123456789abcdef0123456789abcdef")}}, "ops/Pod/etcd-n2", true, "0123456789abcdef0123456789abcdef@"},
		{{.pod = {.namespace = STR_INIT("ops"), .name = STR_INIT("etcd-n2"), .uid = STR_INIT(UID), .workload = STR_INIT("n2"), .workload_kind = STR_INIT("Node")}}, "ops/Pod/etcd", false, UID "@"},
		{{.pod = {.namespace = STR_INIT("ops"), .name = STR_INIT("toolbox"), .labels = STR_INIT("{\"x\":\"pod-template-hash\"}")}}, "ops/Pod/toolbox", true, "toolbox@"},
		{{.pod = {.namespace = STR_INIT("ops"), .name = STR_INIT("toolbox"), .labels = STR_INIT("{\"pod-template-hash")}}, "ops/Pod/toolbox", true, "toolbox@"},
	};
	CLEANUP_BUF struct buf scratch = BUF_INIT;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct workload w;
		struct instance inst;
		workload_of(&rows[i].p, STR("n1"), &scratch, &w, &inst);
		CLEANUP_BUF struct buf form = BUF_INIT;
		workload_print(&form, &w);
		assert_string_equal(form.p, rows[i].form);
		assert_int_equal(w.guess, rows[i].guess);
		CLEANUP_FREE char *key = xstrndup(inst.key.p, inst.key.n);
		assert_string_equal(key, rows[i].instance);
	}
}

static void patterns(void **state)
{
	(void)state;
	static const struct {
		const char *pattern;
		bool cart, nginx;
	} rows[] = {
		{"shop/Deployment/cart/app", true, false}, {"shop", true, false},   {"cart", true, false},
		{"Deployment/cart", true, false},          {"car", false, false},   {"c*t", true, false},
		{"nginx*", false, true},                   {"host", false, true},   {"*", true, true},
		{"prod:cart", true, false}, {"prod:shop/*", true, false}, {"test:cart", false, false}, {":nginx*", false, true},
		{":cart", false, false},
		{"shop/cart", false, false},               {"shop/*", true, false}, {"", false, false},
	};
	const struct workload cart = {.cluster = STR("prod"), .namespace = STR("shop"), .kind = STR("Deployment"),
				      .name = STR("cart"), .container = STR("app")};
	const struct workload nginx = {.namespace = STR("host"), .kind = STR("unit"),
				       .name = STR("nginx.service")};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(workload_matches(rows[i].pattern, &cart), rows[i].cart);
		assert_int_equal(workload_matches(rows[i].pattern, &nginx), rows[i].nginx);
	}
}

/* What goes into a line of JSON as it stands. */
static void labels(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool valid;
	} rows[] = {
		{"", true},
		{"{}", true},
		{"{\"a\":\"b\"}", true},
		{"{ \"a\" : \"b\\n\\u00e9\" , \"c/d\":\"\" }", true},
		{"{\"a\":tru}", false},
		{"{\"a\":1}", false},
		{"{\"a\":{}}", false},
		{"{\"a\":\"b\"", false},
		{"{\"a\":\"b\",}", false},
		{"{\"a\":\"b\"} ", false},
		{"{\"a\":\"\n\"}", false},
		{"{\"a\":\"\\x\"}", false},
		{"{\"a\":\"\\u00g0\"}", false},
		{"{\"a\":\"\\u00", false},
		{"{\"a\":\"\\", false},
		{"{\"a\":\"\xff\"}", false},
		{"{\n}", false},
		{"[]", false},
		{"null", false},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (labels_valid(str_from(rows[i].text)) != rows[i].valid)
			fail_msg("%s", rows[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_forms),
		cmocka_unit_test(patterns),
		cmocka_unit_test(labels),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
