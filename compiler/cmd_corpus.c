/* SPDX-License-Identifier: GPL-2.0-only */
/* stakeout corpus: scenarios into corpora, one NDJSON file each, or one stream on standard output. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "compiler/scenario/scenario.h"
#include "compiler/verbs.h"
#include "schema/base/cli.h"
#include "schema/base/io.h"
#include "schema/base/table.h"
#include "schema/event_json.h"

enum { FLUSH_BYTES = 1 << 20, FLEET_MAX = 10000, REPEAT_MAX = 1000000 };

struct options {
	const char *dir, *scenarios;
	uint64_t fleet, repeat;
	bool list, json, benign;
};

static const struct cli_option options[] = {
	{"output", 'o', CLI_STRING, offsetof(struct options, dir), "DIR",
	 "write NAME.ndjson files there (default: standard output)"},
	{"benign", 'b', CLI_FLAG, offsetof(struct options, benign), NULL,
	 "leave out what the attacks do (files: NAME.benign.ndjson)"},
	{"repeat", 'r', CLI_U64, offsetof(struct options, repeat), "N",
	 "play each scenario N times over, as new pods, for long streams"},
	{"fleet", 'f', CLI_U64, offsetof(struct options, fleet), "N",
	 "N made-up workloads, benign parts only, varied from the scenarios"},
	{"list", 'l', CLI_FLAG, offsetof(struct options, list), NULL, "tell what the scenarios hold"},
	{"json", 'j', CLI_FLAG, offsetof(struct options, json), NULL, "--list as JSON, one object a line"},
	{"scenarios", 's', CLI_STRING, offsetof(struct options, scenarios), "DIR",
	 "where scenarios without a folder are (default: the installed ones)"},
};

static const struct cli_verb verb = {
	"corpus", "generate event corpora from scenarios", "[SCENARIO...]", 0, -1, options,
	ARRAY_SIZE(options),
	"SCENARIO is a file, or the name of one of the scenarios that come with stakeout; none means all of\n"
	"those. The same scenario gives the same bytes on every machine. Each event says what must become of\n"
	"it, as the scenario's author decided; 'stakeout replay POLICY --corpus FILE' checks it."};

/* ---- finding scenarios ---- */

struct files {
	char **v;
	size_t n, cap;
};

static void files_done(struct files *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->v[i]);
	free(f->v);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_folder(const char *path)
{
	DIR *d = opendir(path);
	if (d)
		closedir(d);
	return d != NULL;
}

/* Where the scenarios lie: in the source tree, beside a build folder, or installed. */
static char *find_folder(const char *given)
{
	if (given)
		return xstrdup(given);
	if (is_folder("corpus/scenarios"))
		return xstrdup("corpus/scenarios");
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[MAX(n, 0)] = '\0';
	static const char *const beside[] = {"../share/stakeout/scenarios", "../../corpus/scenarios"};
	char *slash = strrchr(self, '/');
	for (size_t i = 0; slash && i < ARRAY_SIZE(beside); i++) {
		char *path = xasprintf("%.*s/%s", (int)(slash - self), self, beside[i]);
		if (is_folder(path))
			return path;
		free(path);
	}
	return xstrdup("corpus/scenarios");
}

static int all_scenarios(const char *folder, struct files *ret)
{
	DIR *d = opendir(folder);
	if (!d) {
		diag_say("stakeout corpus: %s: %s; name scenario files, or their folder with "
			 "--scenarios",
			 folder, strerror(errno));
		return -ENOENT;
	}
	for (struct dirent *e; (e = readdir(d));)
		if (str_ends(str_from(e->d_name), STR(".yaml")))
			*VEC_PUSH(ret) = xasprintf("%s/%s", folder, e->d_name);
	closedir(d);
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_name);
	return 0;
}

static int find_scenarios(const struct options *o, const struct cli_args *args, struct files *ret)
{
	CLEANUP_FREE char *folder = find_folder(o->scenarios);
	if (!args->n)
		return all_scenarios(folder, ret);
	for (int i = 0; i < args->n; i++) {
		const char *a = args->v[i];
		bool name = !strchr(a, '/') && access(a, F_OK);
		char *file = name ? xasprintf("%s/%s.yaml", folder, a) : xstrdup(a);
		*VEC_PUSH(ret) = file;
		if (name && access(file, F_OK)) {
			diag_say("stakeout corpus: no file %s, and no scenario of that name in %s; 'stakeout corpus --list' tells what is there",
				 a, folder);
			return -ENOENT;
		}
	}
	return 0;
}

/* ---- writing ---- */

/* Writes all events of SOURCE to FD. */
static int copy_events(struct source *source, int fd)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	struct event ev;
	int got;
	while ((got = source_next(source, &ev)) > 0) {
		event_json(&ev, &b);
		if (b.n < FLUSH_BYTES)
			continue;
		int err = write_all(fd, b.p, b.n);
		if (err)
			return err;
		buf_clear(&b);
	}
	return got ? got : write_all(fd, b.p, b.n);
}

/* Into DIR/NAME, complete or not at all; standard output without DIR. */
static int write_corpus(struct source *source, const char *dir, const char *name)
{
	if (!dir) {
		int err = copy_events(source, STDOUT_FILENO);
		if (err && err != -EPIPE)
			diag_say("stakeout corpus: standard output: %s", strerror(-err));
		return err;
	}
	CLEANUP_FREE char *file = xasprintf("%s/%s", dir, name);
	CLEANUP_FREE char *part = xasprintf("%s.part", file);
	CLEANUP_FD int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int err = fd < 0 ? -errno : copy_events(source, fd);
	if (!err && rename(part, file))
		err = -errno;
	if (err) {
		diag_say("stakeout corpus: %s: %s", file, strerror(-err));
		if (fd >= 0)
			unlink(part);
	}
	return err;
}

static int write_one(const struct options *o, const char *file)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP(scenario_free) struct scenario *s = NULL;
	CLEANUP(source_close) struct source *source = NULL;
	struct scenario_options so = {.benign_only = o->benign, .repeat = o->repeat};
	int err = scenario_read(file, &d, &s);
	if (!err)
		err = scenario_open(s, &so, &d, &source);
	diag_print(&d);
	if (err)
		return exit_status(err);
	CLEANUP_FREE char *name = xasprintf(STR_FMT "%s.ndjson", STR_ARG(scenario_name(s)),
					    o->benign ? ".benign" : "");
	return exit_status(write_corpus(source, o->dir, name));
}

/* Scenario I mod n is the model of workload I. */
static int write_fleet(const struct options *o, const struct files *files)
{
	int status = EXIT_YES;
	for (uint64_t i = 0; i < o->fleet && status == EXIT_YES; i++) {
		CLEANUP_DIAG struct diag d = DIAG_INIT;
		CLEANUP(scenario_free) struct scenario *s = NULL;
		CLEANUP(source_close) struct source *source = NULL;
		struct scenario_options so = {.benign_only = true, .repeat = o->repeat,
					      .variant = (uint32_t)i + 1};
		int err = scenario_read(files->v[i % files->n], &d, &s);
		if (!err)
			err = scenario_open(s, &so, &d, &source);
		diag_print(&d);
		CLEANUP_FREE char *name = xasprintf("fleet-%04u.ndjson", (unsigned)i + 1);
		status = exit_status(err ? err : write_corpus(source, o->dir, name));
	}
	return status;
}

/* ---- listing ---- */

static const struct table_column columns[] = {
	{"name", "SCENARIO", TABLE_TEXT},      {"events", "EVENTS", TABLE_COUNT},
	{"benign", "BENIGN", TABLE_COUNT},     {"attack", "ATTACK", TABLE_COUNT},
	{"must_deny", "MUST DENY", TABLE_COUNT}, {"description", "DESCRIPTION", TABLE_TEXT},
};

static int list_one(const char *file, struct table *t)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP(scenario_free) struct scenario *s = NULL;
	CLEANUP(source_close) struct source *source = NULL;
	int err = scenario_read(file, &d, &s);
	if (!err)
		err = scenario_open(s, &(struct scenario_options){0}, &d, &source);
	diag_print(&d);
	if (err)
		return err;
	uint64_t n = 0, attack = 0, deny = 0;
	for (struct event ev; (err = source_next(source, &ev)) > 0; n++) {
		attack += str_starts(ev.label, STR("attack"));
		deny += ev.expect == EXPECT_DENY;
	}
	table_str(t, scenario_name(s));
	table_u64(t, n);
	table_u64(t, n - attack);
	table_u64(t, attack);
	table_u64(t, deny);
	table_str(t, scenario_description(s));
	return err;
}

static int list(const struct options *o, const struct files *files)
{
	CLEANUP(table_free) struct table *t = table_new(columns, ARRAY_SIZE(columns));
	int status = EXIT_YES;
	for (size_t i = 0; i < files->n; i++) {
		int err = list_one(files->v[i], t);
		if (err)
			status = (int)exit_status(err);
	}
	table_print(t, o->json ? TABLE_JSON : TABLE_PLAIN, stdout);
	return status;
}

int cmd_corpus(int argc, char **argv)
{
	struct options o = {.repeat = 1};
	struct cli_args args;
	int status;
	if (!cli_parse(&verb, argc, argv, &o, &args, &status))
		return status;
	if (o.fleet > FLEET_MAX || o.repeat > REPEAT_MAX || !o.repeat) {
		diag_say("stakeout corpus: --fleet takes up to %d, --repeat from 1 to %d",
			 FLEET_MAX, REPEAT_MAX);
		return EXIT_INPUT;
	}
	__attribute__((cleanup(files_done))) struct files files = {0};
	if (find_scenarios(&o, &args, &files))
		return EXIT_INPUT;
	if (!files.n) {
		diag_say("stakeout corpus: no scenario found; name one, or their folder with "
			 "--scenarios");
		return EXIT_INPUT;
	}
	if (o.list)
		return list(&o, &files);
	int err = o.dir ? make_dirs(o.dir) : 0;
	if (err) {
		diag_say("stakeout corpus: %s: %s", o.dir, strerror(-err));
		return exit_status(err);
	}
	if (o.fleet)
		return write_fleet(&o, &files);
	status = EXIT_YES;
	for (size_t i = 0; i < files.n; i++) {
		int one = write_one(&o, files.v[i]);
		status = MAX(status, one);
	}
	return status;
}
