# SPDX-License-Identifier: GPL-2.0-only
# For tests/live/enforce_*: a scratch folder, a BPF file system of this test's own, cgroups below one of this test's own.
# BACKEND names the back end to test (default: the best that works).
set -eu
. tests/lib/wait.sh

skip() { echo "skipped: $1"; exit 77; }

[ "$(id -u)" = 0 ] || skip "enforcing needs root"
enforcer=$STAKEOUT-enforce
[ -x "$enforcer" ] || skip "stakeout-enforce is missing (built without clang or bpftool)"
acts=$(dirname "$STAKEOUT")/tests/live/acts
v2=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
[ -n "$v2" ] || skip "no cgroup v2 mount"

dir=$(mktemp -d /tmp/stakeout-enforce.XXXXXX)
group=$v2/stakeout-test-$$
bpffs=$dir/bpffs
backend=${BACKEND:-auto}
mkdir "$bpffs" "$dir/bin"
cleanups=

clean() {
	status=$?
	set +e
	eval "$cleanups"
	"$enforcer" release --all --bpffs "$bpffs" >/dev/null 2>&1
	# In all hierarchies: with version 1 beside it a runtime makes the same folders there.
	for g in $(find "$group" /sys/fs/cgroup/*/"${group##*/}" -depth -type d 2>/dev/null); do
		for _ in 1 2 3 4 5 6 7 8 9 10; do
			rmdir "$g" 2>/dev/null || [ ! -d "$g" ] && break   # one hierarchy is found by two names
			sleep 0.1
		done
	done
	umount "$bpffs"
	rm -rf "$dir" 2>/dev/null   # not every rm removes what lies deeper than a path is long
	exit $status
}
trap clean EXIT
trap 'exit 143' INT TERM HUP
mount -t bpf bpf "$bpffs" || skip "cannot mount a BPF file system"
mkdir "$group" || skip "cannot make a cgroup in $v2"

# enforce ARG...: at the test's BPF file system.
enforce() { "$enforcer" "$@" --bpffs "$bpffs"; }

# image NAME <ALLOWLIST-BODY: compiles it into $dir/NAME.image.elf, for enforcement unless MODE=monitor.
image() {
	{
		printf 'apiVersion: stakeout/v1\nkind: Allowlist\nmetadata: {name: %s}\n' "$1"
		printf 'workload: {namespace: host, kind: cgroup, name: %s}\nmode: %s\n' "${group##*/}" "${MODE:-enforce}"
		cat
	} >"$dir/$1.yaml"
	"$STAKEOUT" compile -o "$dir" "$dir/$1.yaml" >"$dir/compile.out" 2>&1 || { cat "$dir/compile.out"; exit 1; }
}

# The best that works here, or what BACKEND says; a kernel that has not got it skips the test.
apply() {
	enforce --backend "$backend" "$@" >"$dir/apply.out" 2>"$dir/apply.err" && return 0
	status=$?
	if [ $status -eq 3 ] && [ "$backend" != auto ] && grep -q "back end" "$dir/apply.err"; then
		skip "$(head -n 1 "$dir/apply.err")"
	fi
	cat "$dir/apply.err"
	exit 1
}
# leave_out PROGRAM: as if the kernel left all copies of it out of every call. Their links are taken away, and what stands there instead keeps
# the enforcer from putting them back.
leave_out() {
	for link in $(find "$bpffs" -name "link_$1" -o -name "link_$1+*"); do
		echo "left out: ${link##*/link_}"
		rm "$link" && mkdir "$link"
		cleanups="rmdir $link; $cleanups"
	done
	[ -n "${link:-}" ] || fail "no program $1 to leave out"
}

now() { read -r up _ </proc/uptime; echo "${up%.*}${up#*.}0"; }   # milliseconds; busybox has no date +%N
backend_now() { enforce status --json | sed -n 's/.*"backend":"\([^"]*\)".*/\1/p' | head -n 1; }

# within GROUP COMMAND...: its status; 137 when it was killed.
within() {
	in_group=$1
	shift
	status=0
	sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$in_group" "$@" >"$dir/out" 2>"$dir/err" || status=$?
	return $status
}

fail() { echo "$1"; [ ! -s "$dir/err" ] || cat "$dir/err"; exit 1; }

# allowed WHAT GROUP COMMAND..., refused WHAT GROUP COMMAND...
allowed() {
	what=$1
	shift
	within "$@" || fail "$what: status $? although it is allowed"
}
refused() {
	what=$1
	shift
	within "$@" && fail "$what: was possible although no rule allows it" || status=$?
	case $status in
	137 | 126 | 1 | 2) ;;
	*) fail "$what: status $status" ;;
	esac
}
# Whether the signal back end knows who asks for an exec.
sees_callers() { grep -q __traceiter_sched_prepare_exec /proc/kallsyms; }
count() { enforce status --json "$group" | head -n 1 | sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p"; }
expect() { [ "$2" = "$3" ] || fail "$1: $2 instead of $3"; }
