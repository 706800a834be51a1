/* SPDX-License-Identifier: GPL-2.0-only */
/* Option rows that replay, diff and explain have in common; each has the fields in a struct options of its own. */
#pragma once

#define OPTION_CORPUS                                                                              \
	{"corpus", 'c', CLI_LIST, offsetof(struct options, corpora), "FILE",                       \
	 "a corpus or Tetragon export (NDJSON, .gz, - for standard input), or a folder of them; repeatable"}
#define OPTION_WORKLOAD                                                                            \
	{"workload", 'w', CLI_STRING, offsetof(struct options, workload), "PATTERN", "of the store: only these workloads"}
#define OPTION_TARGET                                                                              \
	{"target", 't', CLI_STRING, offsetof(struct options, target), "TARGET", "where the policies will run (see below)"}
#define OPTION_PRESUME_PATHS                                                                       \
	{"presume-paths", 'p', CLI_FLAG, offsetof(struct options, presume_paths), NULL,            \
	 "where an export tells no resolved path, take an absolute name as typed for it (symlinks and scripts then come out wrong)"}
#define OPTION_RECORDED_BY                                                                         \
	{"recorded-by", 0, CLI_LIST, offsetof(struct options, recorded_by), "POLICY",              \
	 "a policy that made the recording, or a folder of them: what they are silent about tells which program it was (default: the folder NAME-policies beside NAME.ndjson); repeatable"}
#define OPTION_ASSUME_NAMES                                                                              \
	{"assume-names", 0, CLI_FLAG, offsetof(struct options, assume_names), NULL,                     \
	 "where an export is silent about a program, take its name as typed for its path if that is likely (its folder holds no links as far as lines tell); each verdict that rests on it says so"}
#define OPTION_COMPAT                                                                              \
	{"compat", 0, CLI_LIST, offsetof(struct options, compat), "PATH",                          \
	 "this program is a 32-bit one, and those not named are not (none: no program is), which no export tells; repeatable"}
#define OPTION_JOBS                                                                                \
	{"jobs", 'J', CLI_U64, offsetof(struct options, jobs), "N",                                \
	 "threads (default 0: one for each processor); the output does not depend on it"}
