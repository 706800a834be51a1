/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The compiled form, private to eval*.c: site -> the hooks of all policies on it, each hook with its selectors' filters as
 * sets. Events become hits of sites with argument slots; a site without hooks costs nothing.
 */
#pragma once

#include "compiler/eval/eval.h"
#include "compiler/eval/eval_set.h"
#include "schema/base/map.h"
#include "schema/policy_load.h"
#include "schema/policy_numbers.h"
#include "schema/privileges.h"
#include "schema/processes.h"

enum site {
#define SITE(symbol, name, lsm, args) SITE_##symbol,
#include "compiler/eval/sites.def"
#undef SITE
	SITE_COUNT,             /* further numbers: names that only policies know */
	SITE_NONE = UINT32_MAX,
};

/* Three-valued: the stream may not tell. */
enum tri { TRI_NO, TRI_YES, TRI_UNKNOWN };

enum {
	MAX_SLOTS = 8,
	MAX_INLINE = 4,         /* values of a numeric operator */
	REQPROT = 100,          /* lsm mmap_file has one more argument than the function */
	TASK_PROCESS, TASK_OTHER,   /* of matchData: the pid of the task's process, and what is not told */
	BINARY_PATH_BYTES = 255,
	SIGKILL_NUMBER = 9,
};

/* ---- hits ---- */

enum slot_kind { SLOT_NUMBER, SLOT_STRING, SLOT_PATH, SLOT_NAME, SLOT_ADDRESS, SLOT_SOCKET };

/*
 * What is known of one argument. A number may be known in part: it lies in low..high, and its bits under
 * KNOWN are those of low. A NAME is an entry's path inside its mount, of which only the whole path is known.
 */
struct slot {
	enum slot_kind kind;
	uint8_t index;
	struct str resolve;
	bool known;
	int64_t low, high;
	uint64_t known_bits;
	const char *unsure;     /* number: why it is known in part only; or NULL */
	bool not_exec;          /* number: a system call, but not one of exec */
	struct str text, permission;
	struct str other;       /* STRING: it is TEXT or this; empty = no second */
	bool failed;            /* the kernel could not read it: no operator matches */
	bool compat;            /* a number of the 32-bit ABI */
	bool ends_only;         /* a number: LOW or HIGH, nothing between */
	bool or_compat;         /* ... or one of the 32-bit ABI, from COMPAT_LOW to COMPAT_HIGH */
	int64_t compat_low, compat_high;
	const uint64_t *never;  /* a system call, but none of these: bits by number */
	const struct arg *arg;  /* ADDRESS, SOCKET */
	struct address address;
	int family, protocol;   /* numbers, -1 = not told */
	bool local_known;       /* SOCKET: the source side too */
};

/* Whose record the process filters look at. */
struct record {
	struct str path;
	bool known;
	struct str image;       /* exec_id */
	bool forked;            /* ... of which it is a copy: a fork that no line is about */
	uint32_t pid, container_pid;
	uint32_t thread;        /* 0 = not told */
	struct str container;   /* in which it runs, as the agent shortens its id; empty: in none */
};

struct hit {
	uint32_t site;
	bool direct;            /* the event is the hook's own line */
	bool earlier;           /* passed some time before the event, by which thread is not told */
	struct record record;
	uint32_t n;
	enum effect if_killed;  /* does the operation happen although the caller is killed here? */
	enum effect if_denied;
	int32_t denied_as;      /* the errno that callers make of a denial here; 0 = as it is */
	bool has_returned;      /* what the call returned is told */
	int64_t returned;
	bool exec;              /* one of an exec's hits: a kill anywhere keeps the target from running */
	bool new_image;         /* at exec: a kill lands after the new image is in place */
	bool fresh_image;       /* ... and has run nothing yet */
	const char *maybe;      /* why it is not told that the hook is passed at all; or NULL */
	struct slot slots[MAX_SLOTS + 1];   /* the last takes what cannot be filtered either */
};

struct hits {
	struct hit *v;
	size_t n, cap;
};

/* ---- compiled policies ---- */

struct binary_test {
	const struct strs *written;
	enum policy_operator op;
	bool empty, follow_children;
	bool *used;             /* by number in the set; NULL = not counted */
	struct string_set *set;
	struct prefix_set prefixes;
};

enum value_class { CLASS_NONE, CLASS_NUMBER, CLASS_STRING, CLASS_PATH, CLASS_SOCKET, CLASS_ADDRESS, CLASS_UNIX };

/* The values of a filter; under kprobe.multi shared by filters of several hooks. */
struct value_table {
	const struct strs *written;   /* as in the policy, to explain with */
	bool *used;             /* as of a binary_test */
	struct string_set *strings;
	struct prefix_set prefixes;
	struct range_set ranges;
	struct network_set networks;
	int64_t inline_values[MAX_INLINE], inline_last[MAX_INLINE];
	uint32_t ninline;
};

struct arg_test {
	bool decided;           /* by the operator and the type alone: AS_DECIDED */
	enum tri as_decided;
	const struct spec_arg *arg;
	const struct spec_arg *second;   /* CapabilitiesGained: the new ones */
	const struct hook *of;  /* CelExpr: whose arguments it is over */
	enum policy_operator op;
	enum value_class class;
	bool data;              /* of matchData: ARG's index is where lines tell it */
	bool lsm, raw, format;  /* raw, format: of a tracepoint, what its index counts */
	uint32_t read_bytes;    /* a string of which the kernel reads so many; 0 = all of it */
	uint8_t first_field;    /* tracepoint fields before the first argument */
	const struct value_table *table;
	const struct value_table *networks[2];   /* the tables of IPv4 and IPv6: under kprobe.multi another kprobe's at times */
};

struct verdict_form {
	enum verdict verdict;
	int32_t error;
	uint32_t signal;
	bool posts;             /* not told off by NoPost */
	bool notifies, forgets; /* the enforcer, of error and signal below; or drops what it was told */
	int32_t notified_error;
	uint32_t notified_signal;
	bool denies;            /* DENY, or KILL with an Override beside it */
	const char *why;
};

/* matchCapabilities, matchCapabilityChanges */
struct capability_test {
	const struct strs *written;
	enum policy_operator op;
	enum cap_set set;
	uint64_t mask;
	bool namespace_only;
};

/* matchNamespaces; of matchNamespaceChanges op and kinds */
struct namespace_test {
	const struct strs *written;
	enum policy_operator op;
	enum namespace_kind kind;
	uint16_t kinds;
	struct namespace_value {
		bool host;
		uint32_t number;
	} *values;
	size_t n;
};

struct compiled_selector {
	const struct binary_test *binaries, *parent_binaries;
	const struct pid_filter *pids;
	const struct namespace_test *namespaces, *namespace_changes;
	size_t nnamespaces;
	const struct capability_test *capabilities, *capability_changes;
	size_t first_workload, nworkloads;   /* in engine.workloads */
	const char *never;      /* why nothing matches it, "it ..."; or NULL */
	const char *unknown;    /* a filter that the stream cannot answer: its reason */
	uint64_t rate_ns;       /* of its Post; 0 = none */
	uint64_t *last_ns;      /* when it last matched */
	struct arg_test *tests;
	size_t ntests;
	struct verdict_form outcome;
	struct arg_test *return_tests;
	size_t nreturn_tests;
	struct verdict_form return_outcome;
};

struct compiled_hook {
	uint32_t policy, hook;
	uint32_t number;        /* in engine.judged */
	bool lsm;
	bool monitor;
	bool enforcer;          /* not a hook: a call that the policy's enforcer stops when it was notified */
	bool returns;           /* something is stopped at the return */
	bool changes;           /* a selector asks for changes of what a process holds */
	struct compiled_selector *selectors;
	size_t nselectors;
};

enum { ASKED_SITES = 16 };

/* A place of the signature that a line of the site tells (sites.def). */
enum { MAX_SPECS = 8 };
struct place_spec {
	char kind;
	uint8_t index;
	struct str resolve;
};
struct place_specs {
	struct place_spec v[MAX_SPECS];
	int n;
};

struct site_hooks {
	struct compiled_hook **v;
	size_t n, cap;
	struct place_specs told;
	bool call;              /* a native system call's entry */
	bool seen;              /* some event recorded or implied it */
	bool recorded;          /* the stream has lines of it */
	bool as_ip, as_unix;    /* ... with the address read as sockaddr, as sockaddr_un */
};

/* What the enforcer of a policy was told to do to a thread's next call. */
struct notice {
	uint32_t policy, thread, hook;
	int selector;
	bool maybe;             /* it was told of the thread, or not */
	bool monitor;           /* nobody is told; it is what enforcing would do */
	int32_t error;
	uint32_t signal;
};

/* The last files made, by pid: an open that creates is told after its path_mknod line. */
enum { CALLS = 1024, CALL_WORDS = CALLS / 64 };
enum { CREATED_KEPT = 64, NAME_BYTES = 255 };
struct created {
	uint32_t pid;
	uint32_t n;
	char name[NAME_BYTES];  /* the last component */
};

/* The hooks at a site that processes of a place reach. */
enum { PLACED = 4096 };
struct reach {
	struct reached {
		const struct compiled_hook *hook;
		enum tri in;    /* UNKNOWN: maybe */
	} *v;
	size_t n, cap;
	bool made;
};

struct engine {
	struct event known;     /* the last event, completed */
	bool presume_paths;
	bool counts_values;
	struct policy *const *policies;
	size_t npolicies;
	struct policy_refusal *refused;   /* by policy; those are as if they were not there */
	struct target target;
	struct arena *arena;
	struct map *sites, *lsm_sites;  /* name -> number in site_of[] */
	struct asked_site {
		enum hook_section section;
		struct str name;
		uint32_t site;
	} asked[ASKED_SITES];           /* the last lines' names, by length */
	struct { uint32_t *v; size_t n, cap; } lsm_site_of;
	struct { struct site_hooks *v; size_t n, cap; } at;   /* by site */
	struct processes *processes;
	struct { struct judgement *v; size_t n, cap; } out;
	struct { uint32_t *v; size_t n, cap; } judged;   /* by compiled hook: where its judgement in OUT is, if it is there */
	struct hits hits;
	struct processes *ahead;        /* of the stream that is read ahead; NULL: it was not, or is over */
	bool read_ahead;                /* ... to its end */
	size_t waiting;                 /* execs that wait for a line that may come; in WAITS beside some that did */
	struct {
		struct waiting {
			struct event exec;
			char *text;     /* that of its strings */
		} *v;
		size_t n, cap;
	} waits;
	size_t next_waiting;            /* at the end of the stream */
	/* what was seen of images, by exec_id, and of programs, by container and path */
	struct map *seen_keys;
	struct { uint8_t *v; size_t n, cap; } seen;
	/* names as typed, by container, and what they were told to be; MAP_NONE: several */
	struct map *names, *named;
	struct {
		struct name {
			uint32_t is;      /* in NAMED */
			bool told, typed, script;
		} *v;
		size_t n, cap;
	} name_is;
	struct buf key_room, *key;      /* to look one of these up */
	/* programs that the recorders are silent about; SILENT_TOLD: about these alone */
	struct { struct str *v; size_t n, cap; } silent;
	struct map *listed;             /* hooks of the policies that recorded, by policy and name */
	struct { struct listed_args { const struct spec_arg *v; size_t n; } *v; size_t n, cap; } listed_args;
	bool silent_told;
	/* what may be taken for granted of programs, see eval_folders.c: the images, by exec_id, and of each which of the assumed names */
	bool assumes;
	struct folders *folders;        /* NULL: nothing may */
	struct map *assumed_images;
	struct { uint32_t *v; size_t n, cap; } image_assumed;
	struct {
		struct assumed {
			struct str path;
			const char *words;
		} *v;
		size_t n, cap;
	} assumed;
	struct assuming {
		bool on;                /* else it is only noted what could be */
		const struct assumed *what;
		bool several;           /* ... not the same each time */
	} assuming_room, *assuming;
	bool hooks_exec;                /* a policy hooks what an exec passes */
	bool hooks_exits;               /* ... or a tracepoint syscalls/sys_exit_X */
	bool tells_execs;               /* the stream has exec lines */
	uint64_t recorded_calls[CALL_WORDS];   /* system calls that the stream has lines of, bits by number */
	struct map *compat;             /* paths of programs that are 32-bit ones; see engine_compat() */
	bool compat_told;               /* ... and every other one is not */
	struct created created[CREATED_KEPT];
	struct { struct notice *v; size_t n, cap; } notices;
	struct { struct string_set **v; size_t n, cap; } string_sets;
	struct { struct value_table **v; size_t n, cap; } tables;
	struct { struct binary_test **v; size_t n, cap; } binaries;
	/* scope, see eval_scope.c: by place the answers to each policy and workload filter, and by place and site the hooks */
	bool scoped;            /* some policy is not for everything, or a selector */
	uint32_t place;         /* of the process of the last event */
	struct map *places;
	struct placed {
		uint64_t same;
		uint32_t place;
	} placed[PLACED];       /* by process.same */
	struct { const struct workload_filter **v; size_t n, cap; } workloads;
	struct { uint8_t *v; size_t n, cap; } answers;
	struct { struct reach *v; size_t n, cap; } reach;
	struct buf scratch;
};

/* eval.c: does it match? WHY is set with TRI_UNKNOWN. */
enum tri eval_selector(const struct engine *e, const struct compiled_selector *s, const struct hit *h, const char **why);

/* eval_explain.c: what was compared, in words; nothing where there is nothing to say. */
void eval_explain_test(const struct arg_test *t, const struct hit *h, struct buf *b);
void eval_explain_binaries(const struct engine *e, const struct binary_test *t, const struct hit *h, struct buf *b);

/* eval_compile.c */
void eval_compile(struct engine *e);
void eval_forms_free(struct engine *e);

/* eval_sites.c */
enum { SYSCALL_FIELD = 5 };   /* the first argument of a call in syscalls/sys_enter_X */
void eval_name_sites(struct engine *e);
void eval_file_hook(struct engine *e, const struct policy *p, const struct hook *h, struct compiled_hook *hook);
void eval_file_call(struct engine *e, const struct policy *p, struct str call, struct compiled_hook *hook);   /* or list:NAME */
bool eval_enters_syscall(const struct hook *h);
struct str eval_plain_call(struct str call);   /* without __x64_ and the like */
uint32_t eval_site(const struct engine *e, enum hook_section section, struct str name);
uint32_t eval_event_site(struct engine *e, const struct event *ev);   /* of the line itself; SITE_NONE */

/* eval_match.c: does the argument pass? WHY is set with TRI_UNKNOWN. */
enum tri eval_test(const struct arg_test *t, const struct hit *h, const char **why);
const struct slot *eval_slot(const struct arg_test *t, const struct hit *h);   /* NULL = not told */
enum value_class eval_class(enum policy_type t);
int64_t eval_narrow(int64_t v, enum policy_type t);    /* as the kernel holds it */

/* eval_mode.c: a mode that other arguments tell; INDEX is the place of the argument. */
bool eval_mode(const struct arg_test *t, const struct hit *h, uint8_t index, struct slot *ret);

/* eval_process.c: the filters on the process */
enum tri eval_process(const struct engine *e, const struct compiled_selector *s, const struct hit *h, const char **why);
enum tri eval_binaries(const struct engine *e, const struct binary_test *t, const struct record *r, const char **why);

/* What In and NotIn see of a program's path. */
static inline struct str eval_cut_path(struct str path)
{
	return (struct str){path.p, MIN(path.n, (size_t)BINARY_PATH_BYTES)};
}

/* eval_posted.c: what an event of this hook, if it was posted, does to the agent's record of the process. */
void eval_posted(struct engine *e, const struct compiled_hook *hook, const struct hit *h, enum tri posted);

/* eval_used.c: which listed values decide at this hook. */
void eval_note_values(struct engine *e, const struct compiled_hook *hook, const struct hit *h);

/* eval_values.c: what an operator compares with. */
void eval_values(struct engine *e, const struct policy *p, const struct arg_filter *f, const struct spec_arg *arg,
		 struct value_table *t);

/* eval_scope.c: is the process, in engine.place, one that the policy or selector is for? WHY is set with TRI_UNKNOWN. */
uint32_t eval_place(struct engine *e, const struct process *p);
void eval_forget_places(struct engine *e);
enum tri eval_scope(const struct engine *e, uint32_t policy, const char **why);
enum tri eval_workloads(const struct engine *e, const struct compiled_selector *s);
const struct reach *eval_reach(struct engine *e, uint32_t site);

/* For a line of sched_process_exec: an exec whose path it may tell, or of which all but the hook of that line is judged. */
enum waits_for { WAITS_FOR_NOTHING, WAITS_FOR_PATH, WAITS_FOR_LINE };

/* eval_hooks.c: the hits that EV, a line of SITE (or SITE_NONE), is or implies, at sites that have hooks; a presumed path is put into EV. */
void eval_hits(struct engine *e, struct event *ev, uint32_t site, struct hits *ret);
void eval_late_hits(struct engine *e, struct event *exec, enum waits_for what, struct hits *ret);   /* ... of one that waited in vain */

/* The record of the process as the stream tells it so far. */
struct record eval_record(const struct engine *e, const struct process *p);

/* Remembers what kind of line the stream has at the site. */
void eval_note_line(struct engine *e, uint32_t site, const struct event *ev);

/* eval_abi.c */
enum abi { ABI_UNKNOWN, ABI_NATIVE, ABI_COMPAT };
enum abi eval_abi(const struct engine *e, const struct record *image);
void eval_note_abi(struct engine *e, uint32_t site, const struct event *ev);
/* No connect of the image comes to tcp_connect, of which the stream has lines: its sockets are others. */
bool eval_never_tcp(const struct engine *e, struct str exec_id);
/* Would each native call of the image that the stream records have left a line? */
bool eval_is_heard(const struct engine *e, struct str exec_id);
/* Will a line of sched_process_exec tell of this exec? Only a stream that was read ahead says so. */
bool eval_told_late(const struct engine *e, struct str exec_id);

bool eval_note_waiting(struct engine *e, struct str exec_id, enum waits_for what);
bool eval_is_waiting(const struct engine *e, struct str exec_id);
enum waits_for eval_waited(struct engine *e, struct str exec_id);   /* ... and does not any more */
/* ... or did it surely not come, in a stream that has such lines? */
bool eval_is_silent(const struct engine *e, struct str exec_id);

/* eval_wait.c. One may come: until then, or until another line of the image, the exec waits. False: no room. */
bool eval_wait(struct engine *e, const struct event *exec, enum waits_for what);
const struct event *eval_still_waits(struct engine *e, enum waits_for *what);   /* the next that no line followed; NULL: none */
void eval_waits_free(struct engine *e);

/* eval_recorders.c: the arguments that the policy lists whose line EV is, as many as the line has; NULL: not told. */
const struct spec_arg *eval_listed_args(const struct engine *e, const struct event *ev);
/* ... is the program of the image one of e->silent? */
bool eval_among_silent(const struct engine *e, struct str exec_id);
/* Is PATH known to be none of them? */
bool eval_contradicted(const struct engine *e, struct str path);
/* eval_process.c: ... and are all of these listed, or none? */
enum tri eval_silent_listed(const struct engine *e, const struct binary_test *t, struct str image);

/* eval_names.c: the resolved path of a name as typed, where other lines tell it, or the caller of the engine has it presumed. */
void eval_note_name(struct engine *e, uint32_t site, const struct event *ev, struct processes *model);
bool eval_named(const struct engine *e, struct str container, struct str name, struct str *ret);
struct str eval_name_key(const struct engine *e, struct str container, struct str name);   /* empty: it depends on who says it */

/* eval_folders.c: the name of a silent program that is taken for its path; NULL: none is. */
void eval_look_at_folders(struct engine *e);   /* after the stream was read ahead */
void eval_note_silent(struct engine *e, const struct event *exec);
const struct assumed *eval_assumed(const struct engine *e, struct str exec_id);
void eval_folders_free(struct engine *e);

/* eval_effect.c */
void eval_note_created(struct engine *e, const struct event *ev);
void eval_effect(const struct engine *e, const struct event *ev, struct hit *h);
struct verdict_form eval_outcome(const struct engine *e, const struct policy *p, const struct hook *h,
				 const struct selector *s);
struct verdict_form eval_return_outcome(const struct selector *s);
bool eval_stops(const struct verdict_form *f);
/* Does the same become of the operation? Whether its event is posted does not count. */
bool eval_same_fate(const struct verdict_form *a, const struct verdict_form *b);

/* eval_later.c: what comes of a hit after the hook: at the call's return, and at calls that an enforcer watches. */
void eval_at_return(const struct compiled_hook *hook, size_t from, const struct hit *h, struct judgement *j);
void eval_notice(struct engine *e, const struct compiled_hook *hook, const struct verdict_form *f, const struct hit *h,
		 struct judgement *j);
/* ... where it is not told whether F comes to pass. */
void eval_doubt_notice(struct engine *e, const struct compiled_hook *hook, const struct verdict_form *f, const struct hit *h);
/* Does the policy's enforcer watch the calls at SITE? */
bool eval_watched(const struct engine *e, uint32_t policy, uint32_t site);
bool eval_enforcer(struct engine *e, const struct compiled_hook *enforcer, const struct hit *h, struct judgement *j);
void eval_forget_thread(struct engine *e, uint32_t thread);
