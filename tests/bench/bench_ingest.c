/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ingest and replay of a made-up node's log against json-c's plain parse of the same file and, where installed, jq. The
 * log has the proportions of a busy node: 60 pods, hook lines of long-lived processes mostly, one line in eight an exec,
 * lines of about 2.8 KB. Usage: bench_ingest [MEGABYTES]
 */
#include <json-c/json.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "schema/base/io.h"
#include "schema/event_json.h"
#include "schema/ndjson.h"
#include "schema/observe.h"
#include "schema/processes.h"
#include "schema/seen.h"

enum { PODS = 60, PROCESSES = 8, WRITE_BYTES = 1 << 20 };

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct names {
	char exec_id[2][96], pod[48], container[72], docker[32], uid[40], workload[24], path[64], image[64];
	char labels[320];
};

static void name_all(struct names *n, unsigned pod, unsigned process, uint64_t start)
{
	for (unsigned i = 0; i < 2; i++)
		snprintf(n->exec_id[i], sizeof(n->exec_id[i]),
			 "aXAtMTAtMTItMzQtNTYuZXUtY2VudHJhbC0xLmNvbXB1dGUuaW50ZXJuYWw6%08u%08llx%04u", pod,
			 (unsigned long long)(i ? 0 : start), process);   /* parents live long */
	snprintf(n->pod, sizeof(n->pod), "service-%02u-6f87496b94-qdlh8", pod);
	snprintf(n->container, sizeof(n->container), "%08x19a02291e106ce6227b684197be232ea57c4e1a5ab2604a12608c325", pod * 77777);
	snprintf(n->docker, sizeof(n->docker), "%.31s", n->container);
	snprintf(n->uid, sizeof(n->uid), "3f0c2c7e-9b1d-4d2f-8a55-%012u", pod);
	snprintf(n->workload, sizeof(n->workload), "service-%02u", pod);
	snprintf(n->path, sizeof(n->path), "/usr/local/bin/program-%u", process);
	snprintf(n->image, sizeof(n->image), "registry.example.com/team/service-%02u:1.42.0", pod);
	snprintf(n->labels, sizeof(n->labels),
		 "{\"app.kubernetes.io/component\":\"api\",\"app.kubernetes.io/instance\":\"service-%02u\","
		 "\"app.kubernetes.io/name\":\"service-%02u\",\"app.kubernetes.io/version\":\"1.42.0\","
		 "\"pod-template-hash\":\"6f87496b94\",\"team\":\"payments\"}", pod, pod);
}

static void fill_process(struct process *p, const struct names *n, unsigned which, uint64_t start)
{
	*p = (struct process){
		.exec_id = str_from(n->exec_id[which]), .parent_exec_id = str_from(n->exec_id[1]),
		.pid = 1000 + (uint32_t)(start % 30000), .tid = 1000, .auid = 4294967295u, .filename = str_from(n->path),
		.cwd = STR("/app"), .arguments = STR("--port 8443 --config /etc/service/config.yaml"),
		.flags = STR("execve clone inInitTree"), .start_ns = 1787296044000000000ull + start,
		.docker = str_from(n->docker), .in_init_tree = YES,
		.pod = {.namespace = STR("payments"), .name = str_from(n->pod), .uid = str_from(n->uid),
			.workload = str_from(n->workload), .workload_kind = STR("Deployment"),
			.labels = str_from(n->labels), .container_name = str_from(n->workload),
			.container_id = str_from(n->container), .image = str_from(n->image),
			.image_id = STR("registry.example.com/team/service@sha256:8e86f744bfea165fd4ce68caa05abc96500f40130b857773186401926af7e9e6"),
			.container_start_ns = 1787296040000000000ull, .container_pid = 1},
	};
}

static void make_event(struct event *ev, struct names *n, uint64_t i, char *object)
{
	uint32_t r = (uint32_t)(i * 2654435761u) >> 8;
	unsigned pod = r % PODS, process = r / PODS % PROCESSES;
	bool exec = i % 8 == 0;
	name_all(n, pod, process, exec ? i : 1);
	*ev = (struct event){.count = 1, .time_ns = 1787296044000000000ull + i * 1000,
			     .node = STR("ip-10-12-34-56.eu-central-1.compute.internal"), .has_parent = true};
	fill_process(&ev->process, n, 0, exec ? i : 1);
	fill_process(&ev->parent, n, 1, 1);
	ev->kind = exec ? KIND_EXEC : i % 8 == 7 ? KIND_EXIT : i % 4 == 1 ? KIND_CONNECT : KIND_FILE;
	if (ev->kind == KIND_CONNECT)
		ev->address = (struct address){{10, 96, (uint8_t)pod, (uint8_t)(r % 3)}, 4, 8443};
	snprintf(object, 96, "/var/lib/service/data/segment-%06u.log", r % 5);
	ev->path = str_from(object);
	ev->access = ACCESS_READ | (r % 5 ? 0 : ACCESS_WRITE);
}

/* As Tetragon writes them: without the extra member. */
static void strip_extra(struct buf *b, size_t from)
{
	char *extra = memmem(b->p + from, b->n - from, ",\"stakeout\":", 12);
	if (extra) {
		b->n = (size_t)(extra - b->p);
		buf_puts(b, "}\n");
	}
}

static uint64_t make_log(int fd, uint64_t bytes)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	struct names n;
	uint64_t lines = 0, written = 0;
	char object[96];
	while (written < bytes) {
		struct event ev;
		size_t from = b.n;
		make_event(&ev, &n, lines++, object);
		event_json(&ev, &b);
		strip_extra(&b, from);
		if (b.n < WRITE_BYTES)
			continue;
		if (write_all(fd, b.p, b.n))
			exit(EXIT_MACHINE);
		written += b.n;
		buf_clear(&b);
	}
	return lines;
}

static double parse_with_json_c(const char *file)
{
	double began = now();
	FILE *f = fopen(file, "r");
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	struct json_tokener *tok = json_tokener_new();
	while (f && (n = getline(&line, &cap, f)) > 0) {
		json_tokener_reset(tok);
		json_object_put(json_tokener_parse_ex(tok, line, (int)n));
	}
	json_tokener_free(tok);
	free(line);
	if (f)
		fclose(f);
	return now() - began;
}

static double read_only(const char *file, bool portable)
{
	struct ndjson_options o = {.portable = portable};
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP(source_close) struct source *s = NULL;
	double began = now();
	if (ndjson_open(file, &o, &d, &s))
		exit(EXIT_MACHINE);
	struct event ev;
	while (source_next(s, &ev) == 1)
		;
	return now() - began;
}

/* A program's wall time; negative when it cannot be run. */
static double run(char *const argv[])
{
	double began = now();
	pid_t pid = fork();
	if (pid == 0) {
		if (!freopen("/dev/null", "w", stdout))
			_exit(127);
		execvp(argv[0], argv);
		_exit(127);
	}
	int status;
	waitpid(pid, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? now() - began : -1;
}

/* Hooks at what the log's lines are: every file and connect line is judged. */
static const char policy[] =
	"apiVersion: cilium.io/v1alpha1\nkind: TracingPolicy\nmetadata: {name: bench}\nspec:\n  kprobes:\n"
	"  - call: security_file_open\n    syscall: false\n    args: [{index: 0, type: file}]\n    selectors:\n"
	"    - matchArgs: [{index: 0, operator: Prefix, values: [/etc/, /usr/]}]\n      matchActions: [{action: Sigkill}]\n"
	"  - call: security_socket_connect\n    syscall: false\n    args: [{index: 1, type: sockaddr}]\n    selectors:\n"
	"    - matchArgs: [{index: 1, operator: SAddr, values: [192.0.2.0/24]}]\n      matchActions: [{action: Sigkill}]\n";

static double replay(char *program, char *log)
{
	char file[] = "/tmp/bench_policy.XXXXXX";
	CLEANUP_FD int fd = mkstemp(file);
	if (write_all(fd, policy, sizeof(policy) - 1))
		exit(EXIT_MACHINE);
	double took = run((char *[]){program, "replay", "--quiet", "--corpus", log, file, NULL});
	unlink(file);
	return took;
}

int main(int argc, char **argv)
{
	uint64_t megabytes = 200;
	if (argc > 1 && str_to_u64(str_from(argv[1]), &megabytes))
		return EXIT_INPUT;
	char log[] = "/tmp/bench_ingest.XXXXXX";
	int fd = mkstemp(log);
	uint64_t lines = make_log(fd, megabytes * 1000000);
	double mb = (double)lseek(fd, 0, SEEK_END) / 1e6;
	close(fd);
	CLEANUP_FREE char *db = xasprintf("%s.db", log);
	char *stakeout = getenv("STAKEOUT");
	char *program = stakeout ? stakeout : "stakeout";
	double ingest = run((char *[]){program, "ingest", "--db", db, log, NULL});
	struct rusage use;
	getrusage(RUSAGE_CHILDREN, &use);
	double again = run((char *[]){program, "ingest", "--db", db, log, NULL});
	if (ingest < 0 || again < 0) {
		fprintf(stderr, "bench_ingest: cannot run '%s ingest': set STAKEOUT to the built program\n", program);
		unlink(log);
		return EXIT_MACHINE;
	}
	double replayed = replay(program, log);
	double vector = read_only(log, false), portable = read_only(log, true);
	double json_c = parse_with_json_c(log);
	double jq = run((char *[]){"jq", "-c", ".time", log, NULL});
	printf("%llu lines, %.0f MB, %.0f bytes a line\n", (unsigned long long)lines, mb, mb * 1e6 / (double)lines);
	printf("ingest into a store      %7.0f MB/s  %5.1f x json-c, %ld MiB resident\n", mb / ingest,
	       json_c / ingest, use.ru_maxrss / 1024);
	printf("the same file again      %7.0f MB/s  %5.1f x json-c\n", mb / again, json_c / again);
	if (replayed > 0)
		printf("replay of it             %7.0f MB/s  %5.1f x json-c, %.2f million events/s\n", mb / replayed,
		       json_c / replayed, (double)lines / replayed * 1e-6);
	printf("reading events only      %7.0f MB/s  %5.1f x json-c\n", mb / vector, json_c / vector);
	printf("  without AVX2           %7.0f MB/s  %5.1f x json-c\n", mb / portable, json_c / portable);
	printf("json-c, parsing only     %7.0f MB/s\n", mb / json_c);
	if (jq > 0)
		printf("jq .time                 %7.0f MB/s  ingest is %.0f x that\n", mb / jq, jq / ingest);
	unlink(log);
	for (int i = 0; i < 3; i++) {
		CLEANUP_FREE char *file = xasprintf("%s%s", db, i == 0 ? "" : i == 1 ? "-wal" : "-shm");
		unlink(file);
	}
	return EXIT_YES;
}
