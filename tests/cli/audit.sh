#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What the audit policy makes Tetragon report, ingested: programs get their resolved paths from the lines of bprm_check.
set -u
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
fail() {
	echo "FAILED: $*"
	exit 1
}

pod='"pod":{"namespace":"shop","name":"cart-6f87496b94-qdlh8","container":{"id":"containerd://19a02291e106ce6227b684197be232ea57c4e1a5ab2604a12608c325d701c7f4","name":"cart","pid":7},"pod_labels":{"app":"cart","pod-template-hash":"6f87496b94"},"workload":"cart","workload_kind":"Deployment"},"docker":"19a02291e106ce6227b684197be232e"'
n=0
# process ID PARENT PID BINARY FLAGS [ARGUMENTS]
process() { printf '{"exec_id":"%s","pid":%s,"uid":0,"cwd":"/","binary":"%s","arguments":"%s","flags":"%s",%s,"parent_exec_id":"%s","tid":%s}' "$1" "$3" "$4" "${6:-x}" "$5" "$pod" "$2" "$3"; }
end() {
	n=$((n + 1))
	printf ',"node_name":"n","time":"2026-08-21T07:07:%02d.000000000Z"}\n' $n
}
# parent ID: its member, unless the log is one without
parent() {
	[ "$parents" = yes ] || return 0
	case $1 in
	main) printf ',"parent":%s' "$(process main '' 10 /usr/bin/node 'procFS auid')" ;;
	e1) printf ',"parent":%s' "$(process e1 main 11 /bin/sh 'execve clone' '-c ls')" ;;
	esac
}
exec_line() { printf '{"process_exec":{"process":%s%s}' "$(process "$@")" "$(parent "$2")" && end; }
# check FILE PROCESS...: as the audit policy's hook reports it, the process still being the image before
check() {
	file=$1
	shift
	printf '{"process_kprobe":{"process":%s,"function_name":"security_bprm_check","args":[{"linux_binprm_arg":{"path":"%s","permission":"-rwxr-xr-x"}}],"action":"KPROBE_ACTION_POST","policy_name":"audit-shop-cart-cart","return_action":"KPROBE_ACTION_POST"}' "$(process "$@")" "$file"
	end
}
opened() {
	file=$1
	shift
	printf '{"process_kprobe":{"process":%s,"function_name":"security_file_open","args":[{"file_arg":{"path":"%s","permission":"-rw-r--r--"}},{"uint_arg":1,"label":"f_flags"}],"action":"KPROBE_ACTION_POST","policy_name":"audit-shop-cart-cart"}' "$(process "$@")" "$file"
	end
}
lines() {
	n=0
	# the inventory: the service itself, resolved by /proc
	exec_line main '' 10 /usr/bin/node 'procFS auid'
	# fork and exec of a symlink
	check /usr/bin/dash f1 main 11 /usr/bin/node execve
	exec_line e1 main 11 /bin/sh 'execve clone' '-c ls'
	# exec without fork: busybox by one of its names
	check /bin/busybox e1 main 11 /bin/sh 'execve clone'
	exec_line e2 e1 11 /bin/ls execve
	opened /var/log/ls e2 e1 11 /bin/ls execve
	# a script: the script first, then its interpreter
	check /app/run.sh f2 main 12 /usr/bin/node execve
	check /usr/bin/bash f2 main 12 /usr/bin/node execve
	exec_line e3 main 12 /app/run 'execve clone' '/app/run now'
	# a check whose exec failed, then the pid comes again under another parent: it tells nothing of that exec
	check /usr/bin/wrong f3 e1 13 /bin/sh execve
	exec_line e4 main 13 /bin/other 'execve clone'
}
parents=no; lines >"$T/no-parents"
parents=yes; lines >"$T/log"

"$STAKEOUT" ingest --db "$T/s.db" "$T/log" | grep -q "lines, .* exec 5 " || fail "ingest: $("$STAKEOUT" ingest --db "$T/x.db" "$T/log")"
"$STAKEOUT" audit-policy --db "$T/s.db" cart >"$T/audit.yaml" || fail "no audit policy"
grep -q 'call: security_bprm_check' "$T/audit.yaml" || fail "the audit policy has no hook at security_bprm_check"
"$STAKEOUT" show cart --db "$T/s.db" --json >"$T/show" || fail show

# row WHAT PATTERN...: one row has all of them
row() {
	what=$1
	shift
	cp "$T/show" "$T/rows"
	for part in "$@"; do
		grep -F -e "$part" "$T/rows" >"$T/fewer"
		mv "$T/fewer" "$T/rows"
	done
	[ "$(wc -l <"$T/rows")" = 1 ] || { cat "$T/show"; fail "$what"; }
}
# an export may leave the parent out: it is known by its exec_id
"$STAKEOUT" ingest --db "$T/n.db" "$T/no-parents" >/dev/null
"$STAKEOUT" show cart --db "$T/n.db" --json | cmp -s - "$T/show" || fail "without parents: $("$STAKEOUT" show cart --db "$T/n.db" --json)"
row "a symlink's file" '"path":"/usr/bin/dash","path_known":true,"filename":"/bin/sh","subject":"/usr/bin/node","subject_known":true'
row "busybox" '"path":"/bin/busybox","path_known":true,"filename":"/bin/ls","subject":"/usr/bin/dash","subject_known":true'
row "a file by busybox" '"kind":"file","path":"/var/log/ls","path_known":true' '"subject":"/bin/busybox","subject_known":true'
row "a script's interpreter" '"path":"/usr/bin/bash","path_known":true,"filename":"/app/run"' '"script"'
row "a reused pid" '"path":"/bin/other","path_known":false,"filename":"/bin/other"'

# and replay of the same lines: the resolved path decides, not the name as typed
cat >"$T/policy.yaml" <<'Y'
apiVersion: cilium.io/v1alpha1
kind: TracingPolicyNamespaced
metadata: {name: no-dash, namespace: shop}
spec:
  lsmhooks:
  - hook: bprm_check_security
    args: [{index: 0, type: linux_binprm}]
    selectors:
    - matchArgs: [{index: 0, operator: Equal, values: [/usr/bin/dash, /bin/busybox, /app/run.sh]}]
      matchActions: [{action: Override, argError: -1}]
Y
"$STAKEOUT" replay "$T/policy.yaml" --corpus "$T/log" --json >"$T/replay" || fail replay
[ "$(grep -c '"verdict":"deny"' "$T/replay")" -ge 3 ] || { cat "$T/replay"; fail "the resolved paths are not denied"; }
grep -q '"verdict":"unknown"' "$T/replay" && grep '"verdict":"unknown"' "$T/replay" | grep -q '"line":2,\|"line":4,' && fail "a told path is called unknown"
exit 0
