/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Verdicts that need the lines before: what a process holds, its ancestors, what a call returned, what an enforcer was told.
 *
 * A stream is a text, a line a sentence, the verdict asked of the last:
 *	exec ID PARENT PID PROGRAM KEY=VALUE...     flags=, args=, docker=, caps=full|held|none, ns=host|own, cwd=, path=PATH|? (else the program); program "-" is a memfd
 *	lsm|kprobe|tp HOOK ID KEY=VALUE...          file=, n=, s=, caps=HEX, ip=, perm=, ret=, t=SECONDS, error; "i386" a 32-bit call
 *	image ID PARENT PID PROGRAM KEY=VALUE...    no line: what later ones tell of it, as in an export without exec lines; start=SECONDS
 *	exit ID
 * Lines of hooks are of the policy p, as is the one that recorded. Lines that begin with "also" tell only that the stream has such lines. A policy that begins with "old" is for a kernel before 5.3.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "compiler/eval/eval.h"
#include "schema/hook.h"

enum { MAX_IMAGES = 16, MAX_ARGS = 6 };

#define HOOK_FILE                                                                                                      \
	"kprobes:\n  - call: security_file_permission\n    syscall: false\n"                                           \
	"    args: [{index: 0, type: file}, {index: 1, type: int}]\n    selectors:\n    - "
#define KILL "\n      matchActions: [{action: Sigkill}]\n"
#define WRITE "kprobe security_file_permission A file=/etc/x n=2"
#define TELLS_CAPS "also lsm capset Z;also lsm task_fix_setuid Z;also lsm userns_create Z;"
#define TELLS_NS "also kprobe sys_unshare Z n=0;also kprobe sys_setns Z n=0;"
#define A_FULL "exec A P 7 /bin/a caps=full ns=host;"

static const struct {
	const char *spec, *stream, *want;
} rows[] = {
	/* what stands behind a misread matchPIDs is misread as well */
#define MISREAD "matchPIDs: [{operator: In, values: [7]}, {operator: In, values: [8]}]\n      "
	{HOOK_FILE MISREAD "matchNamespaces: [{namespace: Mnt, operator: NotIn, values: [host_ns]}]" KILL, TELLS_NS A_FULL WRITE, "unknown"},
	{HOOK_FILE "matchNamespaces: [{namespace: Mnt, operator: NotIn, values: [host_ns]}]" KILL, TELLS_NS A_FULL WRITE, "allow"},
	/* before 5.3 a program is what was typed: of a link its name, of a script the script's, from the root or from its folder */
#define TYPED(op, values) "old kprobes:\n  - call: sys_umask\n    selectors:\n    - matchBinaries: [{operator: " op ", values: [" values	\
	"]}]\n      matchActions: [{action: Override, argError: -1}]\n"
#define UMASK "kprobe sys_umask A n=0"
	{TYPED("In", "/bin/dash"), "exec A P 7 /bin/sh path=/bin/dash;" UMASK, "allow"},
	{TYPED("NotIn", "/bin/dash"), "exec A P 7 /bin/sh path=/bin/dash;" UMASK, "deny"},
	{TYPED("In", "/bin/sh"), "exec A P 7 /bin/sh path=/bin/dash;" UMASK, "unknown"},
	{TYPED("NotIn", "/bin/sh"), "exec A P 7 /bin/sh path=/bin/dash;" UMASK, "unknown"},
	{TYPED("In", "bin/sh"), "exec A P 7 /bin/sh path=/bin/dash;" UMASK, "unknown"},
	{TYPED("NotIn", "/bin/dash"), "exec A P 7 /bin/tool path=/bin/dash args=/bin/tool;" UMASK, "deny"},
	/* ... of one older than the agent the path; and a memfd has a name too */
	{TYPED("In", "/bin/dash"), "exec A P 7 /bin/dash flags=procFS;" UMASK, "deny"},
	{TYPED("NotIn", "/bin/dash"), "exec A P 7 /proc/self/fd/3 path=-;" UMASK, "deny"},
	/* capabilities, as the last line about them tells */
	{HOOK_FILE "matchCapabilities: [{type: Effective, operator: In, values: [CAP_SYS_ADMIN]}]" KILL,
	 TELLS_CAPS A_FULL WRITE, "kill"},
	{HOOK_FILE "matchCapabilities: [{type: Effective, operator: In, values: [CAP_SYS_ADMIN]}]" KILL, A_FULL WRITE,
	 "unknown"},
	{HOOK_FILE "matchCapabilities: [{type: Effective, operator: In, values: [CAP_SYS_ADMIN]}]" KILL,
	 TELLS_CAPS A_FULL "lsm capset A caps=0;" WRITE, "allow"},
	{HOOK_FILE "matchCapabilities: [{type: Effective, operator: NotIn, values: [CAP_SYS_ADMIN]}]" KILL,
	 TELLS_CAPS A_FULL "lsm task_fix_setuid A n=1000 n=0 n=1;" WRITE, "kill"},
	{HOOK_FILE "matchCapabilities: [{type: Permitted, operator: NotIn, values: [CAP_SYS_ADMIN]}]" KILL,
	 TELLS_CAPS A_FULL "lsm task_fix_setuid A n=1000 n=0 n=1;" WRITE, "unknown"},
	{HOOK_FILE "matchCapabilities: [{type: Effective, operator: In, isNamespaceCapability: true, values: [CAP_CHOWN]}]" KILL,
	 TELLS_CAPS A_FULL WRITE, "allow"},
	{HOOK_FILE "matchCapabilityChanges: [{type: Effective, operator: In, values: [CAP_SYS_ADMIN]}]" KILL,
	 TELLS_CAPS A_FULL "lsm capset A caps=0;" WRITE, "kill"},
	{HOOK_FILE "matchCapabilityChanges: [{type: Effective, operator: In, values: [CAP_SYS_ADMIN]}]" KILL,
	 TELLS_CAPS A_FULL WRITE, "allow"},
	/* each of the three sets by itself */
#define SET(type) HOOK_FILE "matchCapabilities: [{type: " type ", operator: In, values: [CAP_SYS_ADMIN]}]" KILL
	{SET("Permitted"), TELLS_CAPS "exec A P 7 /bin/a caps=held ns=host;" WRITE, "kill"},
	{SET("Effective"), TELLS_CAPS "exec A P 7 /bin/a caps=held ns=host;" WRITE, "allow"},
	{SET("Inheritable"), TELLS_CAPS "exec A P 7 /bin/a caps=held ns=host;" WRITE, "allow"},
	{SET("Inheritable"), TELLS_CAPS A_FULL WRITE, "allow"},
	/* ... inside a user namespace of its own only; NotIn: another than the listed ones changed, and none of those */
	{HOOK_FILE "matchCapabilityChanges: [{type: Effective, operator: In, isNamespaceCapability: true, values: [CAP_SYS_ADMIN]}]" KILL,
	 TELLS_CAPS A_FULL "lsm capset A caps=0;" WRITE, "allow"},
	{HOOK_FILE "matchCapabilityChanges: [{type: Effective, operator: In, isNamespaceCapability: true, values: [CAP_SYS_ADMIN]}]" KILL,
	 TELLS_CAPS "exec A P 7 /bin/a caps=full ns=own;lsm capset A caps=0;" WRITE, "kill"},
	{HOOK_FILE "matchCapabilities: [{type: Effective, operator: In, isNamespaceCapability: true, values: [CAP_CHOWN]}]" KILL,
	 TELLS_CAPS "exec A P 7 /bin/a caps=full ns=own;" WRITE, "kill"},
	{HOOK_FILE "matchCapabilityChanges: [{type: Effective, operator: NotIn, values: [CAP_SYS_ADMIN]}]" KILL,
	 TELLS_CAPS A_FULL "lsm capset A caps=200000;" WRITE, "kill"},
	{HOOK_FILE "matchCapabilityChanges: [{type: Effective, operator: NotIn, values: [CAP_SYS_ADMIN]}]" KILL,
	 TELLS_CAPS A_FULL "lsm capset A caps=0;" WRITE, "allow"},
	{HOOK_FILE "matchCapabilityChanges: [{type: Effective, operator: NotIn, values: [CAP_SYS_ADMIN]}]" KILL, TELLS_CAPS A_FULL WRITE, "allow"},
	/* ... and after setns: as they were unless it may enter a user namespace, where all are held */
	{HOOK_FILE "matchCapabilities: [{type: Effective, operator: In, values: [CAP_SYS_ADMIN]}]" KILL,
	 TELLS_CAPS TELLS_NS A_FULL "kprobe sys_setns A n=3 n=1073741824;" WRITE, "kill"},
	{HOOK_FILE "matchCapabilities: [{type: Effective, operator: In, values: [CAP_SYS_ADMIN]}]" KILL,
	 TELLS_CAPS TELLS_NS A_FULL "kprobe sys_setns A n=3 n=0;" WRITE, "unknown"},
	{HOOK_FILE "matchCapabilities: [{type: Effective, operator: In, values: [CAP_SYS_ADMIN]}]" KILL,
	 TELLS_CAPS TELLS_NS A_FULL "kprobe sys_setns A n=3;" WRITE, "unknown"},
	{HOOK_FILE "matchCapabilities: [{type: Effective, operator: In, values: [CAP_NET_RAW]}]" KILL,
	 TELLS_CAPS TELLS_NS A_FULL "kprobe sys_setns A n=3 n=268435456;" WRITE, "unknown"},
	{HOOK_FILE "matchCapabilities: [{type: Effective, operator: In, values: [CAP_NET_RAW]}]" KILL,
	 TELLS_CAPS TELLS_NS A_FULL "kprobe sys_setns A n=3 n=268435456 ret=0;" WRITE, "kill"},
	{HOOK_FILE "matchCapabilities: [{type: Effective, operator: In, values: [CAP_NET_RAW]}]" KILL,
	 TELLS_CAPS TELLS_NS A_FULL "kprobe sys_setns A n=3 n=268435456 ret=-1;" WRITE, "allow"},
	{HOOK_FILE "matchCapabilities: [{type: Effective, operator: In, values: [CAP_NET_RAW]}]" KILL,
	 TELLS_CAPS TELLS_NS A_FULL "kprobe sys_unshare A n=268435456 ret=0;" WRITE, "kill"},
	{HOOK_FILE "matchNamespaces: [{namespace: Uts, operator: In, values: [host_ns]}]" KILL,
	 TELLS_NS A_FULL "kprobe sys_setns A n=3 n=1073741824;" WRITE, "kill"},
	{HOOK_FILE "matchNamespaces: [{namespace: Net, operator: In, values: [host_ns]}]" KILL,
	 TELLS_NS A_FULL "kprobe sys_setns A n=3 n=1073741824;" WRITE, "unknown"},
	{HOOK_FILE "matchNamespaces: [{namespace: Net, operator: In, values: [host_ns]}]" KILL,
	 TELLS_NS A_FULL "kprobe sys_setns A n=3 n=1073741824 ret=-22;" WRITE, "kill"},
	{HOOK_FILE "matchNamespaces: [{namespace: Time, operator: In, values: [host_ns]}]" KILL,
	 TELLS_NS A_FULL "kprobe sys_setns A n=3 n=128;" WRITE, "unknown"},
	/* several entries are ANDed, several values of one ORed */
	{HOOK_FILE "matchNamespaces: [{namespace: Uts, operator: In, values: [\"7\", host_ns]}, {namespace: Net, operator: In, values: [\"100\"]}]" KILL,
	 TELLS_NS A_FULL WRITE, "kill"},
	{HOOK_FILE "matchNamespaces: [{namespace: Uts, operator: In, values: [host_ns]}, {namespace: Net, operator: NotIn, values: [host_ns]}]" KILL,
	 TELLS_NS A_FULL WRITE, "allow"},
	{HOOK_FILE "matchNamespaces: [{namespace: Uts, operator: NotIn, values: [\"7\", \"100\"]}]" KILL, TELLS_NS A_FULL WRITE, "allow"},
	/* namespaces: unshare makes new ones, for those who may; a fork's are not told */
	{HOOK_FILE "matchNamespaces: [{namespace: Uts, operator: NotIn, values: [host_ns]}]" KILL, TELLS_NS A_FULL WRITE, "allow"},
	{HOOK_FILE "matchNamespaces: [{namespace: Uts, operator: NotIn, values: [host_ns]}]" KILL,
	 TELLS_NS A_FULL "kprobe sys_unshare A n=67108864;" WRITE, "kill"},
	{HOOK_FILE "matchNamespaces: [{namespace: Uts, operator: NotIn, values: [host_ns]}]" KILL,
	 TELLS_NS "exec A P 7 /bin/a caps=none ns=host;kprobe sys_unshare A n=67108864;" WRITE, "unknown"},
	/* ... what it returned tells it too */
	{HOOK_FILE "matchNamespaces: [{namespace: Uts, operator: NotIn, values: [host_ns]}]" KILL,
	 TELLS_NS A_FULL "kprobe sys_unshare A n=67108864 ret=-1;" WRITE, "allow"},
	{HOOK_FILE "matchNamespaces: [{namespace: Uts, operator: NotIn, values: [host_ns]}]" KILL,
	 TELLS_NS "exec A P 7 /bin/a caps=none ns=host;kprobe sys_unshare A n=67108864 ret=0;" WRITE, "kill"},
	{HOOK_FILE "matchNamespaces: [{namespace: Uts, operator: In, values: [\"100\"]}]" KILL,
	 TELLS_NS A_FULL WRITE, "kill"},
	{HOOK_FILE "matchNamespaces: [{namespace: Uts, operator: NotIn, values: [host_ns]}]" KILL,
	 TELLS_NS A_FULL "kprobe security_file_open A file= perm=-r--r--r--;" WRITE, "unknown"},
	{HOOK_FILE "matchNamespaces: [{namespace: Uts, operator: NotIn, values: [host_ns]}]" KILL,
	 "also kprobe sys_unshare Z n=0;" A_FULL WRITE, "unknown"},
	{HOOK_FILE "matchNamespaces: [{namespace: User, operator: In, values: [host_ns]}]" KILL,
	 A_FULL "kprobe sys_unshare A n=268435456;" WRITE, "kill"},
	{HOOK_FILE "matchNamespaceChanges: [{operator: In, values: [Uts]}]" KILL, TELLS_NS A_FULL WRITE, "allow"},
	{HOOK_FILE "matchNamespaceChanges: [{operator: In, values: [Uts]}]" KILL,
	 TELLS_NS A_FULL "kprobe sys_unshare A n=67108864;" WRITE, "kill"},
	{HOOK_FILE "matchNamespaceChanges: [{operator: NotIn, values: [Uts]}]" KILL,
	 TELLS_NS A_FULL "kprobe sys_unshare A n=67108864;" WRITE, "allow"},
	/* any of the listed ones */
	{HOOK_FILE "matchNamespaceChanges: [{operator: In, values: [Uts, Net]}]" KILL, TELLS_NS A_FULL "kprobe sys_unshare A n=67108864;" WRITE, "kill"},
	{HOOK_FILE "matchNamespaceChanges: [{operator: In, values: [Net, Uts]}]" KILL, TELLS_NS A_FULL "kprobe sys_unshare A n=67108864;" WRITE, "kill"},
	{HOOK_FILE "matchNamespaceChanges: [{operator: NotIn, values: [Uts, Net]}]" KILL, TELLS_NS A_FULL "kprobe sys_unshare A n=67108864;" WRITE, "allow"},
	/* posted, a change is the record: the next write is none */
	{HOOK_FILE "matchNamespaceChanges: [{operator: In, values: [Uts]}]\n      matchActions: [{action: Signal, argSig: 15}]\n",
	 TELLS_NS A_FULL "kprobe sys_unshare A n=67108864;" WRITE ";" WRITE, "allow"},
	/* ... also where the line that is posted is itself a change */
	{"lsmhooks:\n  - hook: capset\n    selectors:\n    - matchCapabilityChanges: [{type: Effective, operator: In, values: [CAP_SYS_ADMIN]}]\n"
	 "      matchActions: [{action: Override, argError: -1}]\n",
	 TELLS_CAPS A_FULL "lsm capset A caps=0;lsm capset A caps=200000;lsm capset A caps=0", "deny"},
	/* ... each by itself: the other's changes are still ones */
#define CHANGES(first, then) "kprobes:\n  - call: security_file_permission\n    syscall: false\n    args: [{index: 0, type: file}]\n" \
	"    selectors:\n    - " first "\n  - call: security_mmap_file\n    syscall: false\n    selectors:\n    - " then KILL
#define CAPS_CHANGE "matchCapabilityChanges: [{type: Effective, operator: In, values: [CAP_SYS_ADMIN]}]"
#define NS_CHANGE "matchNamespaceChanges: [{operator: In, values: [Uts]}]"
#define CHANGED TELLS_CAPS TELLS_NS A_FULL "kprobe sys_unshare A n=67108864;lsm capset A caps=0;"
#define THEN WRITE ";kprobe security_mmap_file A file=/x n=1"
	{CHANGES(CAPS_CHANGE, CAPS_CHANGE), CHANGED THEN, "allow"},
	{CHANGES(CAPS_CHANGE, NS_CHANGE), CHANGED THEN, "kill"},
	{CHANGES(NS_CHANGE, CAPS_CHANGE), CHANGED THEN, "kill"},
	{CHANGES(NS_CHANGE, NS_CHANGE), CHANGED THEN, "allow"},
	/* ... not without its event, and by whichever selector it is posted: all have been asked before */
	{CHANGES(CAPS_CHANGE "\n      matchActions: [{action: NoPost}]", CAPS_CHANGE), CHANGED THEN, "kill"},
	{CHANGES(CAPS_CHANGE "\n      matchArgs: [{index: 0, operator: Equal, values: [/no]}]", CAPS_CHANGE), CHANGED THEN, "kill"},
	{CHANGES(CAPS_CHANGE "\n      matchArgs: [{index: 0, operator: Equal, values: [/no]}]\n    - matchActions: [{action: Post}]", CAPS_CHANGE), CHANGED THEN, "allow"},
	{CHANGES("matchPIDs: [{operator: In, values: [99]}]\n      " CAPS_CHANGE "\n    - matchActions: [{action: Post}]", CAPS_CHANGE), CHANGED THEN, "kill"},
	/* ... and made once more, it is one against the new record */
	{HOOK_FILE NS_CHANGE "\n      matchActions: [{action: Signal, argSig: 15}]\n",
	 TELLS_NS A_FULL "kprobe sys_unshare A n=67108864 ret=0;" WRITE ";kprobe sys_unshare A n=67108864 ret=0;" WRITE, "kill"},
	/* ... and where it is not told whether it was posted, it may be either */
	{CHANGES(CAPS_CHANGE "\n      matchActions: [{action: Post, rateLimit: 5m}]", CAPS_CHANGE), CHANGED WRITE " t=10;" THEN, "allow"},
	{CHANGES(CAPS_CHANGE "\n      matchActions: [{action: Post, rateLimit: 5m}]", CAPS_CHANGE),
	 CHANGED WRITE " t=10;lsm capset A caps=200000;" WRITE " t=20;kprobe security_mmap_file A file=/x n=1", "unknown"},
	{CHANGES("matchBinaries: [{operator: In, values: [/bin/a]}]\n      " CAPS_CHANGE, CAPS_CHANGE),
	 TELLS_CAPS "exec A P 7 /bin/a caps=full ns=host path=?;lsm capset A caps=0;" THEN, "unknown"},
	{CHANGES("matchBinaries: [{operator: In, values: [/bin/a]}]\n      " CAPS_CHANGE, CAPS_CHANGE),
	 TELLS_CAPS "exec A P 7 /bin/a caps=full ns=host path=?;lsm capset A caps=0;" WRITE ";lsm capset A caps=200000;kprobe security_mmap_file A file=/x n=1", "unknown"},
	{CHANGES("matchBinaries: [{operator: In, values: [/bin/a]}]\n      " NS_CHANGE, NS_CHANGE),
	 TELLS_NS "exec A P 7 /bin/a caps=full ns=host path=?;kprobe sys_unshare A n=67108864;" THEN, "unknown"},
	/* two selectors that may match decide when they come to the same */
#define TWO(first, second) "lsmhooks:\n  - hook: file_open\n    args: [{index: 0, type: file}]\n    selectors:\n" \
	"    - matchCapabilities: [{operator: In, values: [CAP_CHOWN]}]\n      matchActions: [" first "]\n" \
	"    - matchActions: [" second "]\n"
#define OPEN "lsm file_open A file=/etc/x"
	{TWO("{action: Override, argError: -1}", "{action: Override, argError: -1}"), A_FULL OPEN, "deny"},
	{TWO("{action: Override, argError: -1}", "{action: Override, argError: -13}"), A_FULL OPEN, "deny"},   /* EPERM at an LSM hook */
#define TWO_CALLS(first, second) "kprobes:\n  - call: sys_umask\n    selectors:\n" \
	"    - matchCapabilities: [{operator: In, values: [CAP_CHOWN]}]\n      matchActions: [{action: Override, argError: " first "}]\n" \
	"    - matchActions: [{action: Override, argError: " second "}]\n"
	{TWO_CALLS("-1", "-1"), A_FULL "kprobe sys_umask A n=2", "deny"},
	{TWO_CALLS("-1", "-13"), A_FULL "kprobe sys_umask A n=2", "unknown"},
	{TWO("{action: Override, argError: -1}", "{action: Post}"), A_FULL OPEN, "unknown"},
	{TWO("{action: Sigkill}", "{action: Sigkill}"), A_FULL OPEN, "kill"},
	{TWO("{action: Sigkill}", "{action: Signal, argSig: 15}"), A_FULL OPEN, "unknown"},
	{TWO("{action: Sigkill}", "{action: Sigkill}, {action: Override, argError: -1}"), A_FULL OPEN, "unknown"},
	{TWO("{action: Post}", "{action: Override, argError: -1}"), A_FULL OPEN, "unknown"},
	{TWO("{action: Post}", "{action: NoPost}"), A_FULL OPEN, "allow"},
	{TWO("{action: Post}", "{action: Post}"), A_FULL OPEN, "post"},
	/* an exec is judged at the bprm hooks whose lines did not come for it */
#define BPRM(hook) "lsmhooks:\n  - hook: " hook "\n    selectors:\n    - matchActions: [{action: Override, argError: -1}]\n"
	{BPRM("bprm_check_security"), "exec P I 5 /bin/p;exec A P 7 /bin/a", "deny"},
	{BPRM("bprm_creds_for_exec"), "exec P I 5 /bin/p;exec A P 7 /bin/a", "deny"},
	{BPRM("bprm_creds_from_file"), "exec P I 5 /bin/p;exec A P 7 /bin/a", "deny"},
	{BPRM("bprm_check_security"), "also lsm bprm_check_security Z file=/z;exec P I 5 /bin/p;exec A P 7 /bin/a", "deny"},
	{BPRM("bprm_creds_for_exec"), "also lsm bprm_creds_for_exec Z file=/z;exec P I 5 /bin/p;exec A P 7 /bin/a", "deny"},
#define CHECKED "exec P I 5 /bin/p;lsm bprm_creds_for_exec P file=/bin/a;lsm bprm_check_security P file=/bin/a;exec A P 5 /bin/a flags=execve"
	{BPRM("bprm_creds_for_exec"), CHECKED, "none"},
	{BPRM("bprm_check_security"), CHECKED, "none"},
	{BPRM("bprm_creds_from_file"), CHECKED, "deny"},
	/* a line tells the file of an exec, and so how many links it has: none without a path */
#define LINKS(op) "lsmhooks:\n  - hook: bprm_creds_from_file\n    args: [{index: 0, type: uint32, resolve: file.f_inode.__i_nlink}]\n"	\
	"    selectors:\n    - matchArgs: [{args: [0], operator: " op ", values: [\"0\"]}]\n      matchActions: [{action: Override, argError: -1}]\n"
	{LINKS("Equal"), "exec P I 5 /bin/p;lsm bprm_creds_from_file P file=/bin/a", "allow"},
	{LINKS("Equal"), "exec P I 5 /bin/p;lsm bprm_creds_from_file P file=", "deny"},
	{LINKS("NotEqual"), "exec P I 5 /bin/p;lsm bprm_creds_from_file P file=/bin/a", "deny"},
	{LINKS("Equal"), "exec P I 5 /bin/p;lsm bprm_creds_from_file P file=/bin/a n=0", "deny"},
	{LINKS("Equal"), "exec P I 5 /bin/p;lsm bprm_creds_from_file P error=", "unknown"},
	/* a parent without path: no operator holds */
	{HOOK_FILE "matchParentBinaries: [{operator: In, values: [/bin/q]}]" KILL, "exec P I 5 -;exec A P 7 /bin/a;" WRITE, "allow"},
	{HOOK_FILE "matchParentBinaries: [{operator: NotIn, values: [/bin/q]}]" KILL, "exec P I 5 -;exec A P 7 /bin/a;" WRITE, "allow"},
	/* pids */
	{HOOK_FILE "matchPIDs: [{operator: In, values: [7]}]" KILL, A_FULL WRITE, "kill"},
	{HOOK_FILE "matchPIDs: [{operator: In, values: [1, 2, 3, 4, 7]}]" KILL, A_FULL WRITE, "allow"},
	{HOOK_FILE "matchPIDs: [{operator: In, followForks: true, values: [3]}]" KILL,
	 "exec Q I 3 /bin/q;exec P Q 5 /bin/p;exec A P 7 /bin/a;" WRITE, "kill"},
	{HOOK_FILE "matchPIDs: [{operator: In, followForks: true, values: [4]}]" KILL,
	 "exec Q I 3 /bin/q;exec P Q 5 /bin/p;exec A P 7 /bin/a;" WRITE, "unknown"},
	/* ... nine above it are looked at, as long as none of those between has exited */
#define NINE "exec B I 2 /b;exec C B 3 /c;exec D C 4 /d;exec E D 5 /e;exec F E 6 /f;exec G F 7 /g;exec H G 8 /h;exec J H 9 /j;exec K J 10 /k;"
	{HOOK_FILE "matchPIDs: [{operator: In, followForks: true, values: [2]}]" KILL, NINE "exec A K 11 /bin/a;" WRITE, "kill"},
	{HOOK_FILE "matchPIDs: [{operator: NotIn, followForks: true, values: [2]}]" KILL, NINE "exec A K 11 /bin/a;" WRITE, "allow"},
	{HOOK_FILE "matchPIDs: [{operator: In, followForks: true, values: [2]}]" KILL, NINE "exec L K 11 /l;exec A L 12 /bin/a;" WRITE, "allow"},
	{HOOK_FILE "matchPIDs: [{operator: In, followForks: true, values: [10]}]" KILL, NINE "exec A K 11 /bin/a;exit K;" WRITE, "kill"},
	{HOOK_FILE "matchPIDs: [{operator: In, followForks: true, values: [9]}]" KILL, NINE "exec A K 11 /bin/a;exit K;" WRITE, "unknown"},
	{HOOK_FILE "matchPIDs: [{operator: In, isNamespacePID: true, values: [0]}]" KILL, TELLS_NS A_FULL WRITE, "kill"},
	{HOOK_FILE "matchPIDs: [{operator: NotIn, isNamespacePID: true, followForks: true, values: [9]}]" KILL,
	 TELLS_NS A_FULL WRITE, "allow"},
	{HOOK_FILE "matchPIDs: [{operator: In, isNamespacePID: true, values: [1]}]" KILL,
	 "exec A P 7 /bin/a caps=full ns=own;" WRITE, "unknown"},
	/* parents: none recorded passes; the same process's image before counts */
	{HOOK_FILE "matchParentBinaries: [{operator: In, values: [/bin/p]}]" KILL, "exec P I 5 /bin/p;exec A P 7 /bin/a;" WRITE, "kill"},
	{HOOK_FILE "matchParentBinaries: [{operator: In, values: [/bin/q]}]" KILL, "exec P I 5 /bin/p;exec A P 7 /bin/a;" WRITE, "allow"},
	{HOOK_FILE "matchParentBinaries: [{operator: In, values: [/bin/q]}]" KILL,
	 "exec P I 5 /bin/p;exec B P 7 /bin/p;exec C B 8 /bin/p flags=execve;kprobe security_file_permission C file=/x n=2", "allow"},
	{HOOK_FILE "matchParentBinaries: [{operator: In, values: [/bin/q]}]" KILL,
	 "exec P I 5 /bin/p flags=procFS;kprobe security_file_permission P file=/x n=2", "kill"},
	{HOOK_FILE "matchParentBinaries: [{operator: In, values: [/bin/p]}]" KILL, "exec A P 7 /bin/a;" WRITE, "unknown"},
	/* followChildren */
	{HOOK_FILE "matchBinaries: [{operator: In, followChildren: true, values: [/bin/q]}]" KILL,
	 "exec Q I 3 /bin/q;exec P Q 5 /bin/p;exec A P 7 /bin/a;" WRITE, "kill"},
	{HOOK_FILE "matchBinaries: [{operator: NotIn, followChildren: true, values: [/bin/q]}]" KILL,
	 "exec Q I 3 /bin/q;exec P Q 5 /bin/p;exec A P 7 /bin/a;" WRITE, "allow"},
	{HOOK_FILE "matchBinaries: [{operator: In, followChildren: true, values: [/bin/q]}]" KILL,
	 "exec Q I 3 /bin/q flags=procFS;exec P Q 5 /bin/p;exec A P 7 /bin/a;" WRITE, "allow"},
	{HOOK_FILE "matchBinaries: [{operator: In, followChildren: true, values: [/bin/q]}]" KILL,
	 "exec P Q 5 /bin/q flags=procFS;exec A P 7 /bin/a;" WRITE, "unknown"},
	{HOOK_FILE "matchBinaries: [{operator: In, followChildren: true, values: [/bin/q]}]" KILL,
	 "exec Q I 3 /bin/q;exec A Q 7 -;" WRITE, "allow"},
	/* ... of an image without an exec line: older than the stream, or the stream lacks such lines */
#define FOLLOWS(op) HOOK_FILE "matchBinaries: [{operator: " op ", followChildren: true, values: [/bin/q]}]" KILL
#define BEGINS "kprobe security_file_permission Z file=/x n=2 t=10;"
#define AN_EXEC "exec Y I 50 /bin/y;"
	{FOLLOWS("In"), BEGINS AN_EXEC "image A Q 7 /bin/a start=5;" WRITE, "allow"},
	{FOLLOWS("In"), BEGINS "image A Q 7 /bin/a start=5;" WRITE, "unknown"},
	{FOLLOWS("In"), BEGINS AN_EXEC "image A Q 7 /bin/a start=20;" WRITE, "unknown"},
	{FOLLOWS("NotIn"), BEGINS AN_EXEC "image A Q 7 /bin/a start=20;" WRITE, "unknown"},
	{FOLLOWS("In"), BEGINS AN_EXEC "image A Q 7 /bin/a;" WRITE, "unknown"},
	{FOLLOWS("In"), BEGINS AN_EXEC "image Q I 7 /bin/q start=20;image A Q 7 /bin/a start=21;" WRITE, "unknown"},
	/* what follows an action that fails is not done; whether a socket was tracked is not told */
#define CLOSE(actions) "kprobes:\n  - call: tcp_close\n    syscall: false\n    args: [{index: 0, type: sock}]\n    selectors:\n    - matchActions: [" actions "]\n"
#define UNTRACK "{action: UntrackSock, argSock: 0}"
	{CLOSE(UNTRACK ", {action: Sigkill}"), A_FULL "kprobe tcp_close A ip=10.0.0.1", "unknown"},
	{CLOSE("{action: Sigkill}, " UNTRACK), A_FULL "kprobe tcp_close A ip=10.0.0.1", "kill"},
	{CLOSE(UNTRACK ", {action: NoPost}"), A_FULL "kprobe tcp_close A ip=10.0.0.1", "allow"},
	{CLOSE(UNTRACK), A_FULL "kprobe tcp_close A ip=10.0.0.1", "post"},
	/* the type of a file is told by its mode; without a type letter it has none */
	{HOOK_FILE "matchArgs: [{index: 0, operator: FileType, values: [fifo]}]" KILL,
	 A_FULL "kprobe security_file_permission A file= perm=prw------- n=2", "kill"},
	{HOOK_FILE "matchArgs: [{index: 0, operator: NotFileType, values: [reg]}]" KILL,
	 A_FULL "kprobe security_file_permission A file= perm=rw------- n=2", "kill"},
	{HOOK_FILE "matchArgs: [{index: 0, operator: FileType, values: [reg]}]" KILL, A_FULL WRITE, "unknown"},
	/* expressions */
	{HOOK_FILE "matchArgs: [{index: 1, operator: CelExpr, values: [\"arg1 == int32(2) || arg1 > int32(4)\"]}]" KILL,
	 A_FULL WRITE, "kill"},
	{HOOK_FILE "matchArgs: [{index: 1, operator: CelExpr, values: [\"and(arg1, int32(4)) == int32(4)\"]}]" KILL, A_FULL WRITE, "allow"},
	{"lsmhooks:\n  - hook: file_permission\n    args: [{index: 0, type: file}, {index: 1, type: int}]\n    selectors:\n"
	 "    - matchArgs: [{index: 1, operator: CelExpr, values: [\"arg1 == int32(2)\"]}]" KILL, A_FULL WRITE, "allow"},
	{"lsmhooks:\n  - hook: capset\n    args: [{index: 2, type: cap_effective}]\n    selectors:\n"
	 "    - matchArgs: [{index: 2, operator: Mask, values: [\"CAP_SYS_ADMIN,CAP_CHOWN\"]}]\n"
	 "      matchActions: [{action: Override, argError: -1}]\n", A_FULL "lsm capset A caps=200000", "deny"},
	/* what could not be read matches nothing */
	{"kprobes:\n  - call: sys_openat\n    args: [{index: 1, type: string}]\n    selectors:\n"
	 "    - matchArgs: [{index: 1, operator: NotEqual, values: [/x]}]" KILL, A_FULL "kprobe sys_openat A n=-100 error", "allow"},
	{"kprobes:\n  - call: sys_openat\n    args: [{index: 1, type: string}]\n    selectors:\n"
	 "    - matchArgs: [{index: 1, operator: NotEqual, values: [/x]}]" KILL, A_FULL "kprobe sys_openat A n=-100 s=/y", "kill"},
	/* returns: from the selector on that won, in monitor mode too */
	{"kprobes:\n  - call: sys_openat\n    return: true\n    returnArg: {index: 0, type: int}\n"
	 "    args: [{index: 1, type: string}]\n    selectors:\n    - matchArgs: [{index: 1, operator: Prefix, values: [/etc/]}]\n"
	 "      matchReturnArgs: [{index: 0, operator: LT, values: [\"0\"]}]\n      matchReturnActions: [{action: Sigkill}]\n",
	 A_FULL "kprobe sys_openat A n=-100 s=/etc/x ret=-2", "kill"},
	{"kprobes:\n  - call: sys_openat\n    return: true\n    returnArg: {index: 0, type: int}\n"
	 "    args: [{index: 1, type: string}]\n    selectors:\n    - matchArgs: [{index: 1, operator: Prefix, values: [/etc/]}]\n"
	 "      matchReturnArgs: [{index: 0, operator: LT, values: [\"0\"]}]\n      matchReturnActions: [{action: Sigkill}]\n",
	 A_FULL "kprobe sys_openat A n=-100 s=/tmp/x ret=-2", "allow"},
	{"kprobes:\n  - call: sys_openat\n    return: true\n    returnArg: {index: 0, type: int}\n"
	 "    args: [{index: 1, type: string}]\n    selectors:\n    - matchArgs: [{index: 1, operator: Prefix, values: [/etc/]}]\n"
	 "      matchReturnArgs: [{index: 0, operator: LT, values: [\"0\"]}]\n      matchReturnActions: [{action: Sigkill}]\n",
	 A_FULL "kprobe sys_openat A n=-100 s=/etc/x", "unknown"},
	/* enforcers: the thread's next call of the list, once */
	/* of two selectors that may decide, the one may notify it though the other drops what it was told */
	{"enforcers: [{calls: [sys_umask]}]\n  kprobes:\n  - call: sys_mkdir\n    selectors:\n"
	 "    - matchBinaries: [{operator: In, values: [/bin/a]}]\n      matchActions: [{action: NotifyEnforcer, argError: -1}]\n"
	 "    - matchActions: [{action: CleanupEnforcerNotification}]\n",
	 "also kprobe sys_umask Z n=0;exec A P 7 /bin/a path=?;kprobe sys_mkdir A s=/x;kprobe sys_umask A n=2", "unknown"},
	/* the open that a write tells of was before it, by whichever thread: the enforcer may have been told of this one, or not */
	{"enforcers: [{calls: [security_file_permission]}]\n  kprobes:\n  - call: security_file_open\n    syscall: false\n    selectors:\n"
	 "    - matchActions: [{action: NotifyEnforcer, argError: -1}]\n", "exec A P 7 /bin/a;" WRITE ";" WRITE, "unknown"},
	{"enforcers: [{calls: [security_path_mkdir]}]\n  kprobes:\n  - call: sys_mkdir\n    args: [{index: 0, type: string}]\n"
	 "    selectors:\n    - matchActions: [{action: NotifyEnforcer, argError: -13}]\n",
	 "also lsm path_mkdir Z;" A_FULL "kprobe sys_mkdir A s=/x;lsm path_mkdir A file=/x", "deny"},
	{"enforcers: [{calls: [security_path_mkdir]}]\n  kprobes:\n  - call: sys_mkdir\n    args: [{index: 0, type: string}]\n"
	 "    selectors:\n    - matchActions: [{action: NotifyEnforcer, argError: -13}]\n",
	 "also lsm path_mkdir Z;" A_FULL "kprobe sys_mkdir A s=/x;lsm path_mkdir A file=/x;lsm path_mkdir A file=/y", "none"},
	{"enforcers: [{calls: [security_path_mkdir]}]\n  kprobes:\n  - call: sys_mkdir\n    args: [{index: 0, type: string}]\n"
	 "    selectors:\n    - matchActions: [{action: NotifyEnforcer, argError: -13}]\n", A_FULL "kprobe sys_mkdir A s=/x", "unknown"},
	/* raw_syscalls is passed before the call: what is told there stops that very call */
	{"enforcers: [{calls: [sys_mkdir]}]\n  tracepoints:\n  - subsystem: raw_syscalls\n    event: sys_enter\n    selectors:\n"
	 "    - matchActions: [{action: NotifyEnforcer, argError: -13}]\n", A_FULL "kprobe sys_mkdir A s=/x", "deny"},
	/* told to forget it, the next call is not stopped; another thread's notice stays */
#define FORGETS "enforcers: [{calls: [security_path_mkdir]}]\n  kprobes:\n  - call: sys_mkdir\n    args: [{index: 0, type: string}]\n" \
	"    selectors:\n    - matchActions: [{action: NotifyEnforcer, argError: -13}]\n  - call: sys_umask\n    selectors:\n" \
	"    - matchActions: [{action: CleanupEnforcerNotification}]\n"
	{FORGETS, "also lsm path_mkdir Z;" A_FULL "kprobe sys_mkdir A s=/x;kprobe sys_umask A n=2;lsm path_mkdir A file=/x", "none"},
	{FORGETS, "also lsm path_mkdir Z;" A_FULL "kprobe sys_mkdir A s=/x;kprobe sys_umask P n=2;lsm path_mkdir A file=/x", "deny"},
	{FORGETS, "also lsm path_mkdir Z;" A_FULL "kprobe sys_umask A n=2;kprobe sys_mkdir A s=/x;lsm path_mkdir A file=/x", "deny"},
	/* ... and so does it for a hook inside a call that has no line of its own */
	{"enforcers: [{calls: [security_path_mkdir]}]\n  tracepoints:\n  - subsystem: raw_syscalls\n    event: sys_enter\n    selectors:\n"
	 "    - matchActions: [{action: NotifyEnforcer, argError: -13}]\n", "also lsm path_mkdir Z;lsm path_mkdir A file=/x", "deny"},
	{"enforcers: [{calls: [security_path_mkdir]}]\n  tracepoints:\n  - subsystem: raw_syscalls\n    event: sys_enter\n"
	 "    args: [{index: 4, type: syscall64}]\n    selectors:\n    - matchArgs: [{index: 4, operator: InMap, values: [\"83\"]}]\n"
	 "      matchActions: [{action: NotifyEnforcer, argError: -13}]\n", "also lsm path_mkdir Z;lsm path_mkdir A file=/x", "unknown"},
	/* the next call may be one that the stream does not have */
	{"enforcers: [{calls: [security_path_mkdir, security_path_unlink]}]\n  kprobes:\n  - call: sys_mkdir\n"
	 "    args: [{index: 0, type: string}]\n    selectors:\n    - matchActions: [{action: NotifyEnforcer, argError: -13}]\n",
	 "also lsm path_mkdir Z;" A_FULL "kprobe sys_mkdir A s=/x", "unknown"},
	/* told or not told: the next call is stopped or is not */
	{"enforcers: [{calls: [security_path_mkdir]}]\n  kprobes:\n  - call: sys_mkdir\n    selectors:\n"
	 "    - matchNamespaces: [{namespace: Uts, operator: In, values: [host_ns]}]\n"
	 "      matchActions: [{action: NotifyEnforcer, argError: -13}]\n",
	 "also lsm path_mkdir Z;" A_FULL "kprobe sys_mkdir A s=/x;lsm path_mkdir A file=/x", "unknown"},
	/* monitoring only, the verdict is what enforcing would do */
	{"options: [{name: policy-mode, value: monitor}]\n  enforcers: [{calls: [security_path_mkdir]}]\n  kprobes:\n  - call: sys_mkdir\n"
	 "    selectors:\n    - matchActions: [{action: NotifyEnforcer, argError: -13}]\n",
	 "also lsm path_mkdir Z;" A_FULL "kprobe sys_mkdir A s=/x;lsm path_mkdir A file=/x", "deny"},
	/* ... but the return does not see the mode */
	{"options: [{name: policy-mode, value: monitor}]\n  kprobes:\n  - call: sys_umask\n    return: true\n    returnArg: {index: 0, type: int}\n"
	 "    selectors:\n    - matchActions: [{action: Sigkill}]\n"
	 "      matchReturnArgs: [{index: 0, operator: LT, values: [\"0\"]}]\n      matchReturnActions: [{action: Sigkill}]\n",
	 A_FULL "kprobe sys_umask A n=2", "unknown"},
	/* where it is not told which selector won at the entry, none of their returns may stop it */
	{"kprobes:\n  - call: sys_umask\n    return: true\n    returnArg: {index: 0, type: int}\n    selectors:\n"
	 "    - matchCapabilities: [{operator: In, values: [CAP_SYS_ADMIN]}]\n"
	 "    - matchReturnActions: [{action: Sigkill}]\n", A_FULL "kprobe sys_umask A n=2 ret=18", "unknown"},
	/* whether its event is posted is one thing, what the enforcer is told another */
	{"enforcers: [{calls: [security_path_mkdir]}]\n  kprobes:\n  - call: sys_mkdir\n    selectors:\n"
	 "    - matchActions: [{action: NotifyEnforcer, argError: -13}, {action: Post, rateLimit: \"1h\"}]\n",
	 "also lsm path_mkdir Z;" A_FULL "kprobe sys_mkdir A s=/x;lsm path_mkdir A file=/x;kprobe sys_mkdir A s=/x;lsm path_mkdir A file=/x", "deny"},
	/* a notice that stops no call leaves the return to act */
	{"enforcers: [{calls: [security_path_mkdir]}]\n  kprobes:\n  - call: sys_umask\n    return: true\n    returnArg: {index: 0, type: int}\n"
	 "    selectors:\n    - matchActions: [{action: NotifyEnforcer, argError: -13}]\n"
	 "      matchReturnArgs: [{index: 0, operator: Equal, values: [\"18\"]}]\n      matchReturnActions: [{action: Sigkill}]\n",
	 "also lsm path_mkdir Z;" A_FULL "kprobe sys_umask A n=2 ret=18", "kill"},
	/* an enforcing action in a macro alone is never enforced; the rest of its list runs */
	{"selectorsMacros: {m: {matchActions: [{action: Sigkill}, {action: NoPost}]}}\n  kprobes:\n  - call: sys_umask\n    selectors:\n"
	 "    - macros: [m]\n", A_FULL "kprobe sys_umask A n=2", "allow"},
	/* raw system calls: a recorded one is exact, what is recorded and did not come was not made */
	{"tracepoints:\n  - subsystem: raw_syscalls\n    event: sys_enter\n    args: [{index: 4, type: syscall64}]\n    selectors:\n"
	 "    - matchArgs: [{index: 4, operator: InMap, values: [\"1\"]}]" KILL, A_FULL "kprobe sys_write A file=/x n=2", "kill"},
	{"tracepoints:\n  - subsystem: raw_syscalls\n    event: sys_enter\n    args: [{index: 4, type: syscall64}]\n    selectors:\n"
	 "    - matchArgs: [{index: 4, operator: InMap, values: [\"8\"]}]" KILL,
	 "also kprobe sys_lseek Z n=0;" A_FULL "kprobe sys_write A file=/x n=2", "allow"},
	{"tracepoints:\n  - subsystem: raw_syscalls\n    event: sys_enter\n    args: [{index: 4, type: syscall64}]\n    selectors:\n"
	 "    - matchArgs: [{index: 4, operator: InMap, values: [\"87\"]}]" KILL, A_FULL "kprobe sys_write A file=/x n=2", "unknown"},
	/* no call has such a number */
#define NUMBER(op, value) "tracepoints:\n  - subsystem: raw_syscalls\n    event: sys_enter\n    args: [{index: 4, type: syscall64}]\n    selectors:\n" \
	"    - matchArgs: [{index: 4, operator: " op ", values: [\"" value "\"]}]" KILL
	{NUMBER("Equal", "5000"), A_FULL "lsm file_open A file=/x", "allow"},
	{NUMBER("InMap", "5000"), A_FULL "lsm file_open A file=/x", "allow"},
	{NUMBER("InMap", "1000:5000"), A_FULL "lsm file_open A file=/x", "unknown"},
	{NUMBER("NotInMap", "5000"), A_FULL "lsm file_open A file=/x", "kill"},
	{"lists: [{name: l, type: syscalls, values: [sys_write]}]\n  tracepoints:\n  - subsystem: raw_syscalls\n    event: sys_enter\n"
	 "    args: [{index: 4, type: syscall64}]\n    selectors:\n"
	 "    - matchArgs: [{index: 4, operator: InMap, values: [\"list:l\"]}]" KILL, A_FULL "kprobe sys_write A file=/x n=2", "kill"},
	{"lists: [{name: l, type: generated_syscalls}]\n  kprobes:\n  - call: \"list:l\"\n    selectors:\n"
	 "    - matchActions: [{action: Sigkill}]\n", A_FULL "kprobe sys_umask A n=2", "kill"},
	{"lists: [{name: l, type: syscalls, values: [i386/sys_write]}]\n  kprobes:\n  - call: \"list:l\"\n    selectors:\n"
	 "    - matchActions: [{action: Sigkill}]\n", A_FULL "kprobe sys_write A file=/x n=2", "none"},
	{"lists: [{name: l, type: syscalls, values: [i386/sys_write]}]\n  kprobes:\n  - call: \"list:l\"\n    selectors:\n"
	 "    - matchActions: [{action: Sigkill}]\n", A_FULL "kprobe sys_write A file=/x n=2 i386", "kill"},
	/* kprobe.multi: each family has tables of its own; one without a value of a family has none of it to share */
	{"kprobes:\n  - call: security_socket_connect\n    syscall: false\n    args: [{index: 1, type: sockaddr}]\n    selectors:\n"
	 "    - matchArgs: [{index: 1, operator: SAddr, values: [10.0.0.0/8]}]" KILL
	 "  - call: security_socket_bind\n    syscall: false\n    args: [{index: 1, type: sockaddr}]\n    selectors:\n"
	 "    - matchArgs: [{index: 1, operator: SAddr, values: [\"fd00::/8\"]}]" KILL,
	 A_FULL "kprobe security_socket_connect A ip=10.1.2.3", "kill"},
	{"kprobes:\n  - call: security_socket_connect\n    syscall: false\n    args: [{index: 1, type: sockaddr}]\n    selectors:\n"
	 "    - matchArgs: [{index: 1, operator: SAddr, values: [10.0.0.0/8]}]" KILL
	 "  - call: security_socket_bind\n    syscall: false\n    args: [{index: 1, type: sockaddr}]\n    selectors:\n"
	 "    - matchArgs: [{index: 1, operator: SAddr, values: [\"fd00::/8\"]}]" KILL,
	 A_FULL "kprobe security_socket_connect A ip=fd00::1", "allow"},
	{"kprobes:\n  - call: security_socket_connect\n    syscall: false\n    args: [{index: 1, type: sockaddr}]\n    selectors:\n"
	 "    - matchArgs: [{index: 1, operator: SAddr, values: [10.0.0.0/8]}]" KILL
	 "  - call: security_socket_bind\n    syscall: false\n    args: [{index: 1, type: sockaddr}]\n    selectors:\n"
	 "    - matchArgs: [{index: 1, operator: SAddr, values: [192.0.2.0/24]}]" KILL,
	 A_FULL "kprobe security_socket_connect A ip=10.1.2.3", "allow"},
	/* ... and what the last kprobe has of a family holds for that family alone */
#define BOTH(first, second) "kprobes:\n  - call: security_socket_connect\n    syscall: false\n    args: [{index: 1, type: sockaddr}]\n    selectors:\n" \
	"    - matchArgs: [{index: 1, operator: SAddr, values: [" first "]}]" KILL \
	"  - call: security_socket_bind\n    syscall: false\n    args: [{index: 1, type: sockaddr}]\n    selectors:\n" \
	"    - matchArgs: [{index: 1, operator: SAddr, values: [" second "]}]" KILL
	{BOTH("10.0.0.0/8, \"fd00::/8\"", "\"2001:db8::/32\""), A_FULL "kprobe security_socket_connect A ip=2001:db8::1", "kill"},
	{BOTH("10.0.0.0/8, \"fd00::/8\"", "\"2001:db8::/32\""), A_FULL "kprobe security_socket_connect A ip=fd00::1", "allow"},
	{BOTH("10.0.0.0/8, \"fd00::/8\"", "\"2001:db8::/32\""), A_FULL "kprobe security_socket_connect A ip=10.0.0.1", "kill"},
	/* a 32-bit call is another place, with another number */
	{"kprobes:\n  - call: sys_write\n    args: [{index: 0, type: fd}]\n    selectors:\n    - matchActions: [{action: Sigkill}]\n",
	 A_FULL "kprobe sys_write A file=/x n=2 i386", "none"},
	{"tracepoints:\n  - subsystem: raw_syscalls\n    event: sys_enter\n    args: [{index: 4, type: syscall64}]\n    selectors:\n"
	 "    - matchArgs: [{index: 4, operator: InMap, values: [\"2147483652\"]}]" KILL,
	 A_FULL "kprobe sys_write A file=/x n=2 i386", "kill"},
	/* the name of an exec is told made absolute: it was typed so, or relative */
	{"kprobes:\n  - call: sys_execve\n    args: [{index: 0, type: string}]\n    selectors:\n"
	 "    - matchArgs: [{index: 0, operator: Equal, values: [/srv/t]}]" KILL, "exec P I 5 /bin/p;exec A P 7 /srv/t cwd=/", "unknown"},
	{"kprobes:\n  - call: sys_execve\n    args: [{index: 0, type: string}]\n    selectors:\n"
	 "    - matchArgs: [{index: 0, operator: Equal, values: [/srv/t]}]" KILL, "also kprobe sys_execveat Z n=3;also kprobe sys_umask P n=0;exec P I 5 /bin/p;exec A P 7 /srv/t cwd=/tmp", "kill"},
	{"kprobes:\n  - call: sys_execve\n    args: [{index: 0, type: string}]\n    selectors:\n"
	 "    - matchArgs: [{index: 0, operator: Postfix, values: [t]}]" KILL, "also kprobe sys_execveat Z n=3;also kprobe sys_umask P n=0;exec P I 5 /bin/p;exec A P 7 /srv/t cwd=/srv", "kill"},
	/* which call it was, and of which ABI, only other lines tell: of the other call, of the program, of one of its name */
#define EXECVE "kprobes:\n  - call: sys_execve\n    selectors:\n    - matchBinaries: [{operator: In, values: [/bin/p]}]" KILL
	{EXECVE, "exec P I 5 /bin/p;exec A P 7 /bin/a", "unknown"},
	{EXECVE, "also kprobe sys_execveat Z n=3;exec P I 5 /bin/p;exec A P 7 /bin/a", "unknown"},
	{EXECVE, "also kprobe sys_execveat Z n=3;exec P I 5 /bin/p;kprobe sys_umask P n=0;exec A P 7 /bin/a", "kill"},
	{EXECVE, "also kprobe sys_execveat Z n=3;exec P I 5 /bin/p;kprobe sys_umask P n=0 i386;exec A P 7 /bin/a", "none"},
	{EXECVE, "also kprobe sys_execveat Z n=3;exec P I 5 /bin/p;exec Q I 6 /bin/p;kprobe sys_umask Q n=0;exec A P 7 /bin/a", "kill"},
	{EXECVE, "also kprobe sys_execveat Z n=3;exec P I 5 /bin/p;exec Q I 6 /bin/p;kprobe sys_umask Q n=0;"
		 "kprobe sys_umask Q n=0 i386;exec A P 7 /bin/a", "unknown"},
	{EXECVE, "also kprobe sys_execveat Z n=3;exec P I 5 /bin/p;"
		 "kprobe security_mmap_file P file=/usr/lib/x86_64-linux-gnu/libc.so.6 n=5 n=2;exec A P 7 /bin/a", "kill"},
	{EXECVE, "also kprobe sys_execveat Z n=3;exec P I 5 /bin/p;"
		 "kprobe security_mmap_file P file=/lib64/ld-linux-x86-64.so.2 n=5 n=2;exec A P 7 /bin/a", "unknown"},
	{"kprobes:\n  - call: sys_execveat\n    selectors:\n    - matchActions: [{action: Sigkill}]\n", "exec P I 5 /bin/p;exec A P 7 /bin/a",
	 "unknown"},
	{"kprobes:\n  - call: sys_execveat\n    selectors:\n    - matchActions: [{action: Sigkill}]\n",
	 "also kprobe sys_execveat Z n=3;exec P I 5 /bin/p;exec A P 7 /bin/a", "none"},
	{"tracepoints:\n  - subsystem: raw_syscalls\n    event: sys_exit\n    args: [{index: 4, type: int64}]\n    selectors:\n"
	 "    - matchArgs: [{index: 4, operator: Equal, values: [\"59\", \"11\"]}]" KILL, "exec P I 5 /bin/p;exec A P 7 /bin/a", "kill"},
	/* tracepoints of single calls: the entry is that of sys_X, the exit tells what it returned */
#define EXIT(call, filter) "tracepoints:\n  - subsystem: syscalls\n    event: sys_exit_" call "\n    args: [{index: 5, type: int64}]\n"  \
	"    selectors:\n    - " filter "\n      matchActions: [{action: Sigkill}]\n"
#define FAILED "matchArgs: [{index: 5, operator: LT, values: [\"0\"]}]"
	{EXIT("umask", "matchBinaries: [{operator: In, values: [/bin/a]}]"), A_FULL "kprobe sys_umask A n=2", "kill"},
	{EXIT("umask", FAILED), A_FULL "kprobe sys_umask A n=2", "unknown"},
	{EXIT("umask", FAILED), A_FULL "kprobe sys_umask A n=2 ret=-1", "kill"},
	{EXIT("umask", FAILED), A_FULL "kprobe sys_umask A n=2 ret=18", "allow"},
	{EXIT("umask", FAILED), A_FULL "kprobe sys_umask A n=2 ret=-1 i386", "none"},
	{EXIT("lseek", FAILED), A_FULL "kprobe sys_umask A n=2 ret=-1", "none"},
	{EXIT("execve", "matchBinaries: [{operator: In, values: [/bin/a]}]"), "exec A P 7 /bin/a", "unknown"},
	{EXIT("execve", "matchBinaries: [{operator: In, values: [/bin/a]}]"), "also kprobe sys_umask A n=0;exec A P 7 /bin/a", "kill"},
	{EXIT("execve", FAILED), "also kprobe sys_umask A n=0;exec A P 7 /bin/a", "allow"},
	{"tracepoints:\n  - subsystem: syscalls\n    event: sys_enter_umask\n    selectors:\n    - matchActions: [{action: Sigkill}]\n",
	 A_FULL "tp syscalls/sys_enter_umask A n=2", "kill"},
	{"kprobes:\n  - call: sys_umask\n    args: [{index: 0, type: int}]\n    selectors:\n    - matchArgs: [{index: 0, operator: Equal, values: [\"2\"]}]" KILL,
	 A_FULL "tp syscalls/sys_enter_umask A n=2", "unknown"},
	/* a limited Post is dropped when it came lately; so may others that look alike, and what has no time */
#define LIMITED HOOK_FILE "matchActions: [{action: Post, rateLimit: 5m}]\n"
	{LIMITED, A_FULL WRITE " t=1000", "post"},
	{LIMITED, A_FULL WRITE " t=1000;" WRITE " t=1200", "allow"},
	{LIMITED, A_FULL WRITE " t=1000;" WRITE " t=1400", "post"},
	{LIMITED, A_FULL WRITE, "allow"},
	{HOOK_FILE "matchActions: [{action: Post, rateLimit: \"5\"}, {action: Sigkill}]\n", A_FULL WRITE, "kill"},
	/* a name that is told elsewhere, always the same way; a process of the inventory; else a line that is to come, or none */
#define CALLER(op, path) HOOK_FILE "matchBinaries: [{operator: " op ", values: [" path "]}]" KILL
#define WRITES "kprobe security_file_permission A file=/etc/x n=2"
	{CALLER("In", "/bin/dash"), "exec A P 7 /bin/sh path=?;" WRITES, "unknown"},
	{CALLER("In", "/bin/dash"), "exec A P 7 /bin/sh path=?;exec B P 8 /bin/sh path=/bin/dash;" WRITES, "kill"},
	{CALLER("In", "/bin/dash"), "exec A P 7 /bin/sh path=?;exec B P 8 /bin/sh path=/bin/dash;exec C P 9 /bin/sh path=/bin/bash;" WRITES,
	 "unknown"},
	{CALLER("In", "/bin/dash"), "exec A P 7 /bin/dash path=?;exec B P 8 /bin/sh path=/bin/dash;" WRITES, "kill"},
	{CALLER("In", "/bin/dash"), "exec A P 7 /proc/self/exe path=?;exec B P 8 /proc/self/exe path=/bin/dash;" WRITES, "unknown"},
	{CALLER("In", "/bin/dash"), "exec A P 7 /bin/dash path=? flags=procFS;" WRITES, "kill"},
#define TARGET "tracepoints:\n  - subsystem: sched\n    event: sched_process_exec\n    selectors:\n    - matchBinaries: [{operator: In, values: [/bin/a]}]" KILL
	{TARGET, "also tp sched/sched_process_exec Z file=/z;exec A P 7 /bin/x path=?", "unknown"},
	{TARGET, "exec A P 7 /bin/x path=?;also tp sched/sched_process_exec A file=/bin/b", "none"},
	/* the file system is asked about an exchange in both ways */
	{"lsmhooks:\n  - hook: inode_rename\n    args: [{index: 1, type: dentry}]\n    selectors:\n"
	 "    - matchArgs: [{index: 1, operator: Postfix, values: [/b]}]\n      matchActions: [{action: Override, argError: -1}]\n",
	 A_FULL "lsm path_rename A file=/x file=/a file=/y file=/b n=2", "deny"},
	{"lsmhooks:\n  - hook: inode_rename\n    args: [{index: 1, type: dentry}]\n    selectors:\n"
	 "    - matchArgs: [{index: 1, operator: Postfix, values: [/b]}]\n      matchActions: [{action: Override, argError: -1}]\n",
	 A_FULL "lsm path_rename A file=/x file=/a file=/y file=/b n=0", "allow"},
	/* nothing that stops either way: not unknown */
	{HOOK_FILE "matchCapabilities: [{type: Effective, operator: In, values: [CAP_SYS_ADMIN]}]\n      matchActions: [{action: NoPost}]\n",
	 A_FULL WRITE, "allow"},
};

#define NS(host) "{\"inum\":100,\"is_host\":" host "}"
#define NS_ALL(host)                                                                                                   \
	"{\"uts\":" NS(host) ",\"ipc\":" NS(host) ",\"mnt\":" NS(host) ",\"pid\":" NS(host) ",\"pid_for_children\":" NS(host)  \
	",\"net\":" NS(host) ",\"time\":" NS(host) ",\"time_for_children\":" NS(host) ",\"cgroup\":" NS(host) ",\"user\":" NS(host) "}"
static const char full[] =
	"{\"permitted\":[\"CAP_CHOWN\",\"CAP_SETUID\",\"CAP_SYS_ADMIN\"],\"effective\":[\"CAP_CHOWN\",\"CAP_SETUID\",\"CAP_SYS_ADMIN\"]}";

struct world {
	struct process images[MAX_IMAGES];
	size_t nimages;
	struct event ev;
	struct arg args[MAX_ARGS];
	struct engine *engine;
	struct buf scratch;
};

static struct str next(struct str *rest, char end)
{
	while (rest->n && rest->p[0] == ' ')
		*rest = str_skip(*rest, 1);
	const char *stop = rest->n ? memchr(rest->p, end, rest->n) : NULL;
	struct str word = {rest->p, stop ? (size_t)(stop - rest->p) : rest->n};
	*rest = str_skip(*rest, word.n + 1);
	return word;
}

static int64_t integer(struct str s)
{
	int64_t n;
	assert_int_equal(str_to_i64(s, 10, &n), 0);
	return n;
}

static struct process *image_of(struct world *w, struct str id)
{
	for (size_t i = 0; i < w->nimages; i++)
		if (str_eq(w->images[i].exec_id, id))
			return &w->images[i];
	assert_true(w->nimages < MAX_IMAGES);
	struct process *p = &w->images[w->nimages++];
	*p = (struct process){.exec_id = id, .filename = STR("/bin/z"), .flags = STR("execve clone"), .pid = 99};
	return p;
}

static void set_path(struct process *p, struct str value)
{
	p->path_known = !str_eq(value, STR("?"));
	p->path = p->path_known ? value : (struct str){NULL, 0};
}

static void set_process(struct process *p, struct str key, struct str value)
{
	static const struct str held = STR_INIT("{\"permitted\":[\"CAP_SYS_ADMIN\"]}");
	bool yes = str_eq(value, STR("full")) || str_eq(value, STR("host"));
	if (str_eq(key, STR("start")))
		p->start_ns = (uint64_t)integer(value) * 1000000000;
	else if (str_eq(key, STR("flags")))
		p->flags = value;
	else if (str_eq(key, STR("caps")))
		p->cap = yes ? STR(full) : str_eq(value, STR("held")) ? held : STR("{}");
	else if (str_eq(key, STR("ns")))
		p->ns = yes ? STR(NS_ALL("true")) : STR(NS_ALL("false"));
	else if (str_eq(key, STR("cwd")))
		p->cwd = value;
	else if (str_eq(key, STR("path")))
		set_path(p, value);
	else if (str_eq(key, STR("args")))
		p->arguments = value;
	else if (str_eq(key, STR("docker")))
		p->docker = value;
	else
		fail_msg("exec " STR_FMT, STR_ARG(key));
}

static void set_address(struct arg *a, struct str value)
{
	char text[64];
	snprintf(text, sizeof(text), STR_FMT, STR_ARG(value));
	bool six = strchr(text, ':') != NULL;
	*a = (struct arg){.kind = ARG_SOCKADDR, .family = six ? STR("AF_INET6") : STR("AF_INET"), .dest = {.family = six ? 6 : 4}};
	assert_int_equal(inet_pton(six ? AF_INET6 : AF_INET, text, a->dest.bytes), 1);
}

static void set_hook(struct world *w, struct str key, struct str value)
{
	struct event *ev = &w->ev;
	if (str_eq(key, STR("ret"))) {
		ev->has_returned = true;
		ev->returned = integer(value);
		return;
	}
	if (str_eq(key, STR("t"))) {
		ev->time_ns = (uint64_t)integer(value) * 1000000000;
		return;
	}
	if (str_eq(key, STR("i386"))) {
		ev->compat = true;
		return;
	}
	if (str_eq(key, STR("perm"))) {
		w->args[ev->nargs - 1].permission = value;
		return;
	}
	assert_true(ev->nargs < MAX_ARGS);
	struct arg *a = &w->args[ev->nargs++];
	*a = (struct arg){.text = value};
	ev->args = w->args;
	if (str_eq(key, STR("ip"))) {
		set_address(a, value);
		return;
	}
	a->kind = str_eq(key, STR("file")) ? ARG_FILE : str_eq(key, STR("s")) ? ARG_STRING
		  : str_eq(key, STR("n")) ? ARG_INT : str_eq(key, STR("error")) ? ARG_ERROR : ARG_CAPS;
	if (a->kind == ARG_INT)
		a->number = integer(value);
	if (a->kind == ARG_CAPS)
		a->type = STR("cap_effective_arg");
}

/* Makes the event of one line; false: it is about an image that has none. */
static bool read_line(struct world *w, struct str line)
{
	struct str kind = next(&line, ' ');
	w->ev = (struct event){.kind = KIND_HOOK, .count = 1};
	bool image = str_eq(kind, STR("image")), exec = image || str_eq(kind, STR("exec"));
	if (str_eq(kind, STR("exit"))) {
		w->ev.kind = KIND_EXIT;
		w->ev.process = *image_of(w, next(&line, ' '));
		return true;
	}
	if (!exec) {
		w->ev.section = str_eq(kind, STR("lsm")) ? HOOK_LSM : str_eq(kind, STR("kprobe")) ? HOOK_KPROBE : HOOK_TRACEPOINT;
		w->ev.hook = next(&line, ' ');
		w->ev.policy = STR("p");
	}
	struct process *p = image_of(w, next(&line, ' '));
	if (exec) {
		w->ev.kind = KIND_EXEC;
		p->parent_exec_id = next(&line, ' ');
		p->pid = (uint32_t)integer(next(&line, ' '));
		p->filename = next(&line, ' ');
		p->path_known = true;
		p->path = str_eq(p->filename, STR("-")) ? (struct str){"", 0} : p->filename;
	}
	while (line.n) {
		struct str value = next(&line, ' '), key = next(&value, '=');
		if (exec)
			set_process(p, key, value);
		else
			set_hook(w, key, value);
	}
	w->ev.process = *p;
	struct str second;
	if (!exec)
		hook_meaning(&w->ev, &w->scratch, &second);
	return !image;
}

static void read_spec(const char *spec, struct policy ***policies, size_t *n)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP_FREE char *text = xasprintf("apiVersion: cilium.io/v1alpha1\nkind: TracingPolicy\nmetadata: {name: p}\nspec:\n  %s", spec);
	if (policies_parse("p", str_from(text), &d, policies, n) < 0) {
		diag_print(&d);
		fail_msg("%s", text);
	}
}

static struct engine *engine_of(const char *spec, struct policy ***policies, size_t *n)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	bool old = str_starts(str_from(spec), STR("old "));
	read_spec(old ? spec + 4 : spec, policies, n);
	struct target target;
	assert_int_equal(target_parse(old ? "kernel=5.2,error-injection=yes"
					  : "kernel=6.12,kprobe-multi=yes,lsm=yes,parents-map=yes,error-injection=yes", &d, &target), 0);
	return engine_new(*policies, *n, &target);
}

static void give_recorder(struct engine *e, const char *spec)
{
	struct policy **v;
	size_t n;
	read_spec(spec, &v, &n);
	engine_recorders(e, v, n);
	for (size_t i = 0; i < n; i++)
		policy_free(v[i]);
	free(v);
}

static const char *told_of(const struct judgement *j, size_t n)
{
	static char words[32];
	const char *assumes = NULL;
	for (size_t i = 0; i < n; i++)
		assumes = assumes ? assumes : j[i].assumes;
	snprintf(words, sizeof(words), "%s%s", n ? verdict_name(judgements_worst(j, n)) : "none", assumes ? " if" : "");
	return words;
}

/* What becomes of the last line: "none" when it reaches no hook, "kill if" where that rests on what is taken for granted. */
static const char *last_verdict(const char *recorder, bool assume, const char *spec, const char *stream)
{
	struct policy **policies;
	size_t n;
	static struct world w;
	const char *told = "none";
	w = (struct world){.engine = engine_of(spec, &policies, &n)};
	if (recorder)
		give_recorder(w.engine, recorder);
	if (assume)
		engine_assume(w.engine);
	for (int judging = 0; judging < 2; judging++) {
		struct str rest = str_from(stream);
		w.nimages = 0;
		while (rest.n) {
			struct str line = next(&rest, ';');
			bool also = str_starts(line, STR("also "));
			if (!read_line(&w, also ? str_skip(line, 5) : line))
				continue;
			const struct judgement *j;
			size_t count = 0;
			if (!judging)
				engine_records(w.engine, &w.ev);
			else if (!also)
				count = engine_judge(w.engine, &w.ev, &j);
			if (judging)
				told = told_of(j, count);
		}
		engine_records_end(w.engine);
	}
	engine_free(w.engine);
	buf_done(&w.scratch);
	for (size_t i = 0; i < n; i++)
		policy_free(policies[i]);
	free(policies);
	return told;
}

/* What the policies that recorded are silent about: A has no line of its exec. Then /bin/a is one of those that they name. */
#define RECORDER(selectors)                                                                                            \
	"tracepoints:\n  - subsystem: sched\n    event: sched_process_exec\n    raw: true\n"                                 \
	"    args: [{index: 2, type: linux_binprm}]\n    selectors:\n" selectors "    - matchActions: [{action: Post}]\n"
#define SILENT(op, values) "    - matchBinaries: [{operator: " op ", values: [" values "]}]\n      matchActions: [{action: NoPost}]\n"
#define SILENT_EXEC "exec A P 7 /bin/a path=?;also tp sched/sched_process_exec Z file=/z;"

#define ASKS(call, arg, op, value) "kprobes:\n  - call: " call "\n    syscall: false\n    args: [{index: " arg "}]\n    selectors:\n"         \
	"    - matchArgs: [{args: [0], operator: " op ", values: [\"" value "\"]}]" KILL
#define OPENAT_ARGS(args, more) "kprobes:\n  - call: sys_openat\n    args: [{index: " args "]\n" more
#define OPENAT_AGAIN "  - call: sys_openat\n    args: [{index: 1, type: string}, {index: 3, type: int}]\n"
#define OPENAT_FLAGS "kprobes:\n  - call: sys_openat\n    args: [{index: 2, type: int}]\n    selectors:\n"                                        \
	"    - matchArgs: [{index: 2, operator: Mask, values: [\"3\"]}]" KILL

static const struct {
	const char *recorder, *spec, *stream, *want;
} recorded[] = {
	{RECORDER(SILENT("In", "/bin/a, /bin/b")), CALLER("In", "/bin/a, /bin/b, /bin/c"), SILENT_EXEC WRITES, "kill"},
	{RECORDER(SILENT("In", "/bin/a, /bin/b")), CALLER("In", "/bin/a, /bin/c"), SILENT_EXEC WRITES, "unknown"},
	{RECORDER(SILENT("In", "/bin/a, /bin/b")), CALLER("In", "/bin/c"), SILENT_EXEC WRITES, "allow"},
	{RECORDER(SILENT("In", "/bin/a, /bin/b")), CALLER("Prefix", "/bin/"), SILENT_EXEC WRITES, "kill"},
	{RECORDER(SILENT("In", "/bin/a, /bin/b")), CALLER("NotPostfix", "b"), SILENT_EXEC WRITES, "unknown"},
	/* not in a stream whose lines of that hook are not all told, nor of one that is not silent */
	{RECORDER(SILENT("In", "/bin/a, /bin/b")), CALLER("In", "/bin/c"), "exec A P 7 /bin/a path=?;" WRITES, "unknown"},
	{RECORDER(SILENT("In", "/bin/a, /bin/b")), CALLER("In", "/bin/c"), SILENT_EXEC "tp sched/sched_process_exec A file=/bin/c;" WRITES, "kill"},
	/* which arguments a line has its policy tells: of openat the flags or the mode; of functions that nobody knows more of as well */
#define LISTS(call, args) "kprobes:\n  - call: " call "\n    syscall: false\n    args: [" args "]\n"
	{LISTS("security_kernel_module_request", "{index: 0, type: string}"), ASKS("security_kernel_module_request", "0, type: string", "Prefix", "net-"),
	 "kprobe security_kernel_module_request A s=net-pf-10", "kill"},
	{LISTS("security_inode_create", "{index: 1, type: dentry}"), ASKS("security_kernel_module_request", "0, type: string", "Prefix", "net-"),
	 "kprobe security_kernel_module_request A s=net-pf-10", "unknown"},
	{LISTS("vfs_llseek", "{index: 0, type: file}, {index: 2, type: int}"), ASKS("vfs_llseek", "2, type: int", "Equal", "1"), "kprobe vfs_llseek A file=/x n=1", "kill"},
	{LISTS("vfs_llseek", "{index: 0, type: file}, {index: 2, type: int}"), ASKS("vfs_llseek", "1, type: int", "Equal", "1"), "kprobe vfs_llseek A file=/x n=1", "unknown"},
	{OPENAT_ARGS("1, type: string}, {index: 2, type: int}", ""), OPENAT_FLAGS, "kprobe sys_openat A s=/etc/x n=2", "kill"},
	{OPENAT_ARGS("1, type: string}, {index: 3, type: int}", ""), OPENAT_FLAGS, "kprobe sys_openat A s=/etc/x n=2", "unknown"},
	/* ... not where it has others than it lists, or the policy hooks the function twice */
	{OPENAT_ARGS("1, type: string}", ""), OPENAT_FLAGS, "kprobe sys_openat A s=/etc/x n=2", "unknown"},
	{OPENAT_ARGS("1, type: string}, {index: 2, type: int}", OPENAT_AGAIN), OPENAT_FLAGS, "kprobe sys_openat A s=/etc/x n=2", "unknown"},
	/* filters that name programs otherwise, or look at something else, tell nothing */
	{RECORDER(SILENT("Prefix", "/bin/")), CALLER("In", "/usr/c"), SILENT_EXEC WRITES, "unknown"},
	{RECORDER(SILENT("NotIn", "/bin/a")), CALLER("In", "/usr/c"), SILENT_EXEC WRITES, "unknown"},
	{RECORDER("    - matchPIDs: [{operator: In, values: [7]}]\n      matchActions: [{action: NoPost}]\n"), CALLER("In", "/usr/c"),
	 SILENT_EXEC WRITES, "unknown"},
};

/*
 * What is taken for granted of A, of which the stream is silent: its name is no link, as no other name typed in its folder is.
 */
#define OWN(id, pid, name) "exec " id " P " pid " " name ";"
#define SEVEN OWN("B", "11", "/app/b") OWN("C", "12", "/app/c") OWN("D", "13", "/app/d") OWN("E", "14", "/app/e") OWN("F", "15", "/app/f") \
	OWN("G", "16", "/app/g") OWN("H", "17", "/app/h")
#define EIGHT SEVEN OWN("I", "18", "/app/i")
#define LINE "also tp sched/sched_process_exec Z file=/z;"
#define SILENT_A LINE "exec A P 7 /app/a path=?;"
static const struct {
	const char *spec, *stream, *want;
} granted[] = {
	{CALLER("In", "/app/a"), EIGHT SILENT_A WRITES, "kill if"},
	{CALLER("NotIn", "/app/a"), EIGHT SILENT_A WRITES, "allow if"},
	{CALLER("In", "/app/z"), EIGHT SILENT_A WRITES, "allow if"},
	{CALLER("Prefix", "/app/"), EIGHT SILENT_A WRITES, "kill if"},
	/* ... of each process that runs it, and where it is the parent */
	{CALLER("In", "/app/a"), EIGHT SILENT_A "exec K A 9 /app/a path=? flags=clone;kprobe security_file_permission K file=/etc/x n=2", "kill if"},
	{HOOK_FILE "matchParentBinaries: [{operator: In, values: [/app/a]}]" KILL,
	 EIGHT SILENT_A "exec K A 9 /app/b;kprobe security_file_permission K file=/etc/x n=2", "kill if"},
	/* nothing rests on it where it decides nothing: another filter rules it out, or the verdict is the same either way */
	{HOOK_FILE "matchBinaries: [{operator: In, values: [/app/a]}]\n      matchArgs: [{index: 1, operator: Equal, values: [\"4\"]}]" KILL,
	 EIGHT SILENT_A WRITES, "allow"},
	{HOOK_FILE "matchBinaries: [{operator: In, values: [/app/a]}]" KILL "    - matchActions: [{action: Sigkill}]\n", EIGHT SILENT_A WRITES, "kill"},
	{CALLER("In", "/app/b"), EIGHT SILENT_A "kprobe security_file_permission B file=/etc/x n=2", "kill"},
	/* a line told it all the same */
	{CALLER("In", "/app/a"), EIGHT SILENT_A "tp sched/sched_process_exec A file=/opt/real;" WRITES, "allow"},
	{CALLER("In", "/app/a"), EIGHT SILENT_A "exec K P 9 /app/a path=/opt/real;" WRITES, "allow"},
	/* too few names; typed as links elsewhere they do not count */
	{CALLER("In", "/app/a"), SEVEN SILENT_A WRITES, "unknown"},
	{CALLER("In", "/app/a"), SEVEN "exec I P 18 /opt/i path=/app/i;" SILENT_A WRITES, "unknown"},
	/* one of them is a link, inside the folder or out of it, or is told to be two files, or a script */
	{CALLER("In", "/app/a"), EIGHT "exec J P 19 /app/j path=/app/b;" SILENT_A WRITES, "unknown"},
	{CALLER("In", "/app/a"), EIGHT "exec J P 19 /app/j path=/opt/j;" SILENT_A WRITES, "unknown"},
	{CALLER("In", "/app/a"), EIGHT "exec J P 19 /app/b path=/opt/j;" SILENT_A WRITES, "unknown"},
	{CALLER("In", "/app/a"), EIGHT "exec J P 19 /app/j path=/bin/dash args=/app/j;" SILENT_A WRITES, "unknown"},
	/* ... a link into it is another folder's; but the links of a folder that is a link to it are its own */
	{CALLER("In", "/app/a"), EIGHT "exec J P 19 /opt/j path=/app/b;" SILENT_A WRITES, "kill if"},
	{CALLER("In", "/app/a"), EIGHT "exec J P 19 /opt/b path=/app/b;" SILENT_A WRITES, "kill if"},
	{CALLER("In", "/app/a"), EIGHT "exec J P 19 /opt/j path=/app/b;exec K P 20 /opt/c path=/app/c;" SILENT_A WRITES, "unknown"},
	/* the program may be a script itself */
	{CALLER("In", "/app/a"), EIGHT LINE "exec A P 7 /app/a path=? args=/app/a;" WRITES, "unknown"},
	/* another folder, another container, a folder of many links */
	{CALLER("In", "/opt/a"), EIGHT LINE "exec A P 7 /opt/a path=?;" WRITES, "unknown"},
	{CALLER("In", "/app/sub/a"), EIGHT LINE "exec A P 7 /app/sub/a path=?;" WRITES, "unknown"},
	{CALLER("In", "/app/a"), EIGHT LINE "exec A P 7 /app/a path=? docker=c1;" WRITES, "unknown"},
	{CALLER("In", "/usr/bin/a"), OWN("B", "11", "/usr/bin/b") OWN("C", "12", "/usr/bin/c") OWN("D", "13", "/usr/bin/d")
	 OWN("E", "14", "/usr/bin/e") OWN("F", "15", "/usr/bin/f") OWN("G", "16", "/usr/bin/g") OWN("H", "17", "/usr/bin/h")
	 OWN("I", "18", "/usr/bin/i") LINE "exec A P 7 /usr/bin/a path=?;" WRITES, "unknown"},
	/* an enforcer is not told on its strength, since the call that it stops would not say so */
	{"enforcers: [{calls: [security_path_mkdir]}]\n  kprobes:\n  - call: sys_mkdir\n    selectors:\n"
	 "    - matchBinaries: [{operator: In, values: [/app/a]}]\n      matchActions: [{action: NotifyEnforcer, argError: -13}]\n",
	 "also lsm path_mkdir Z;" EIGHT SILENT_A "kprobe sys_mkdir A s=/x;lsm path_mkdir A file=/x", "unknown"},
	/* its own mount namespace, outside of containers, may have another folder of that name */
	{CALLER("In", "/app/a"), EIGHT LINE "exec A P 7 /app/a path=? ns=host;" WRITES, "kill if"},
	{CALLER("In", "/app/a"), EIGHT LINE "exec A P 7 /app/a path=? ns=own;" WRITES, "unknown"},
	/* names that depend on who says them; a stream that has no such lines is not silent */
	{CALLER("In", "/app/a"), EIGHT LINE "exec A P 7 /app/../app/a path=?;" WRITES, "unknown"},
	{CALLER("In", "/app/a"), EIGHT "exec A P 7 /app/a path=?;" WRITES, "unknown"},
};

static void streams(void **state)
{
	(void)state;
	unsigned failures = 0;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *told = last_verdict(NULL, false, rows[i].spec, rows[i].stream);
		if (!strcmp(told, rows[i].want))
			continue;
		failures++;
		printf("row %zu: wanted %s, got %s\n%s\n%s\n", i, rows[i].want, told, rows[i].spec, rows[i].stream);
	}
	assert_int_equal(failures, 0);
}

/* The policies that recorded are silent about it by that name, or by others: then it is a link. */
static const struct {
	const char *recorder, *spec, *stream, *want;
} granted_beside[] = {
	{RECORDER(SILENT("In", "/app/a, /opt/b")), CALLER("In", "/app/a"), EIGHT SILENT_A WRITES, "kill if"},
	{RECORDER(SILENT("In", "/opt/a, /opt/b")), CALLER("In", "/app/a, /opt/b"), EIGHT SILENT_A WRITES, "unknown"},
	{RECORDER(SILENT("In", "/opt/a, /opt/b")), CALLER("In", "/app/a"), EIGHT SILENT_A WRITES, "allow"},
};

/* Unless asked for, nothing is taken for granted. */
static bool grants(const char *recorder, const char *spec, const char *stream, const char *want)
{
	CLEANUP_FREE char *asked = xasprintf("%s", last_verdict(recorder, true, spec, stream));
	const char *proven = last_verdict(recorder, false, spec, stream);
	if (!strcmp(asked, want) && !strcmp(proven, strstr(want, " if") ? "unknown" : want))
		return true;
	printf("wanted %s, got %s, and %s by what is told alone\n%s\n%s\n", want, asked, proven, spec, stream);
	return false;
}

static void taken_for_granted(void **state)
{
	(void)state;
	unsigned failures = 0;
	for (size_t i = 0; i < ARRAY_SIZE(granted); i++)
		failures += !grants(NULL, granted[i].spec, granted[i].stream, granted[i].want);
	for (size_t i = 0; i < ARRAY_SIZE(granted_beside); i++)
		failures += !grants(granted_beside[i].recorder, granted_beside[i].spec, granted_beside[i].stream, granted_beside[i].want);
	assert_int_equal(failures, 0);
}

/* Judged line by line, nothing told beforehand: the exec that no line of its image followed is told at the end, once; "none": it was before. */
#define SCHED(filter) "tracepoints:\n  - subsystem: sched\n    event: sched_process_exec\n    raw: true\n    args: [{index: 2, type: linux_binprm}]\n"    \
	"    selectors:\n    - " filter KILL
#define LATE "tp sched/sched_process_exec Z file=/z;exec A P 7 /bin/x path=?"
static const struct {
	const char *spec, *stream, *want;
} late[] = {
	{SCHED("matchBinaries: [{operator: In, values: [/bin/a]}]"), LATE, "unknown"},
	{SCHED("matchArgs: [{args: [0], operator: Prefix, values: [/bin/]}]"), LATE, "unknown"},
	{SCHED("matchPIDs: [{operator: In, values: [7]}]"), LATE, "kill"},
	{SCHED("matchPIDs: [{operator: In, values: [8]}]"), LATE, "allow"},
	{"lsmhooks:\n  - hook: bprm_check_security\n    selectors:\n    - matchActions: [{action: Override, argError: -1}]\n", LATE, "deny"},
	/* another line of the image, its end too, and the one that tells the path: it was judged there */
	{SCHED("matchPIDs: [{operator: In, values: [7]}]"), LATE ";" WRITE, "none"},
	{SCHED("matchPIDs: [{operator: In, values: [7]}]"), LATE ";exit A", "none"},
	{SCHED("matchPIDs: [{operator: In, values: [7]}]"), LATE ";tp sched/sched_process_exec A file=/bin/x", "none"},
	/* ... and a line of another is none */
	{SCHED("matchPIDs: [{operator: In, values: [7]}]"), LATE ";exit Z", "kill"},
	/* what tells its path waits for the hook's line alone, where a policy has the hook */
	{SCHED("matchArgs: [{args: [0], operator: Equal, values: [/bin/x]}]"), "tp sched/sched_process_exec Z file=/z;exec A P 7 /bin/x", "kill"},
	{SCHED("matchArgs: [{args: [0], operator: Equal, values: [/bin/x]}]"), "tp sched/sched_process_exec Z file=/z;exec A P 7 /bin/x;tp sched/sched_process_exec A file=/bin/x", "none"},
	{HOOK_FILE "matchPIDs: [{operator: In, values: [7]}]" KILL, "tp sched/sched_process_exec Z file=/z;exec A P 7 /bin/x", "none"},
	{SCHED("matchPIDs: [{operator: In, values: [7]}]"), "exec A P 7 /bin/x path=?", "none"},
};

static const char *rest_verdict(const char *spec, const char *stream)
{
	struct policy **policies;
	size_t n, count;
	static struct world w;
	const char *told = "none";
	const struct judgement *j;
	const struct event *ev;
	w = (struct world){.engine = engine_of(spec, &policies, &n)};
	for (struct str rest = str_from(stream); rest.n;) {
		if (!read_line(&w, next(&rest, ';')))
			continue;
		engine_judge(w.engine, &w.ev, &j);
	}
	w.images[0] = w.images[1] = (struct process){0};   /* the lines need not be there any more */
	while (engine_rest(w.engine, &ev, &j, &count)) {
		assert_string_equal(told, "none");
		assert_true(str_eq(ev->process.exec_id, STR("A")));
		told = count ? verdict_name(judgements_worst(j, count)) : "none";
	}
	engine_free(w.engine);
	buf_done(&w.scratch);
	policy_free(policies[0]);
	free(policies);
	return told;
}

static void rest(void **state)
{
	(void)state;
	unsigned failures = 0;
	for (size_t i = 0; i < ARRAY_SIZE(late); i++) {
		const char *told = rest_verdict(late[i].spec, late[i].stream);
		if (!strcmp(told, late[i].want))
			continue;
		failures++;
		printf("late %zu: wanted %s, got %s\n", i, late[i].want, told);
	}
	assert_int_equal(failures, 0);
}

static void silence(void **state)
{
	(void)state;
	unsigned failures = 0;
	for (size_t i = 0; i < ARRAY_SIZE(recorded); i++) {
		const char *told = last_verdict(recorded[i].recorder, false, recorded[i].spec, recorded[i].stream);
		if (!strcmp(told, recorded[i].want))
			continue;
		failures++;
		printf("recorded %zu: wanted %s, got %s\n", i, recorded[i].want, told);
	}
	assert_int_equal(failures, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(streams), cmocka_unit_test(silence), cmocka_unit_test(taken_for_granted), cmocka_unit_test(rest)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
