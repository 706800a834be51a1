#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Cgroups with the names that runtimes and systemd give them, made for real, a program run in each: the workload that is
# stored, and the container's id.
. tests/lib/live.sh

uid=12345678-9abc-def0-1234-56789abcdef0
uid_=12345678_9abc_def0_1234_56789abcdef0
rest=0123456789abcdef0123456789abcdef0123456789abcdef0123

# One line each: what it is, the cgroup below the test's own, the workload; ID becomes a container id of its own.
cat >"$dir/table" <<END
docker,systemd|system.slice/docker-ID.scope|host/container/ID12|ID
docker,cgroupfs|docker/ID|host/container/ID12|ID
podman,systemd|machine.slice/libpod-ID.scope/container|host/container/ID12|ID
podman,cgroupfs|libpod_parent/libpod-ID|host/container/ID12|ID
podman,rootless|user.slice/user-1000.slice/user@1000.service/user.slice/libpod-ID.scope|host/container/ID12|ID
podman,monitor|machine.slice/libpod-conmon-ID.scope|host/unit/libpod-conmon-ID.scope|
nerdctl|system.slice/nerdctl-ID.scope|host/container/ID12|ID
kubernetes,containerd,systemd|kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod$uid_.slice/cri-containerd-ID.scope|unknown/Pod/$uid/ID12|ID
kubernetes,containerd,cgroupfs|kubepods/burstable/pod$uid/ID|unknown/Pod/$uid/ID12|ID
kubernetes,containerd,mixed|system.slice/containerd.service/kubepods-burstable-pod$uid_.slice:cri-containerd:ID|unknown/Pod/$uid/ID12|ID
kubernetes,containerd,own-root|kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod$uid_.slice/cri-containerd-ID.scope|unknown/Pod/$uid/ID12|ID
kubernetes,cri-o,systemd|kubepods.slice/kubepods-pod$uid_.slice/crio-ID.scope|unknown/Pod/$uid/ID12|ID
kubernetes,cri-o,cgroupfs|kubepods/besteffort/pod$uid/crio-ID|unknown/Pod/$uid/ID12|ID
kubernetes,docker|kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod$uid_.slice/docker-ID.scope|unknown/Pod/$uid/ID12|ID
systemd,service|system.slice/nginx.service|host/unit/nginx.service|
systemd,instance|system.slice/system-getty.slice/getty@tty1.service|host/unit/getty@tty1.service|
systemd,session|user.slice/user-1000.slice/session-3.scope|host/unit/user-1000.slice|
other|some/place|host/cgroup/$name/some/place|
END

# run_in GROUP FILE: opens FILE in a cgroup of that name, and leaves none behind.
run_in() {
	mkdir -p "$1"
	sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$1" "$dir/acts" open r "$2"
}

# remove_below FOLDER: the cgroups in it, the innermost first.
remove_below() {
	find "$1" -mindepth 1 -depth -type d 2>/dev/null | while read -r g; do rmdir "$g" 2>/dev/null || { sleep 0.2; rmdir "$g"; }; done
}

v1=$(awk '$3 == "cgroup" && $4 ~ /(^|,)memory(,|$)/ { print $2; exit }' /proc/self/mounts)
cleanups="remove_below $v2/$name; ${v1:+remove_below $v1/$name; remove_group $v1/$name;} $cleanups"
cp "$acts" "$dir/acts"
: >"$dir/wanted"
start_recorder
n=0
while IFS='|' read -r what group workload container; do
	n=$((n + 1))
	id=$(printf '%012x%s' $n $rest)
	short=$(printf '%.12s' "$id")
	echo "$what" >"$dir/$n"
	run_in "$v2/$name/$(echo "$group" | sed "s/ID/$id/")" "$dir/$n"
	echo "$n|$(echo "$workload" | sed "s/ID12/$short/; s/ID/$id/")|$(echo "$container" | sed "s/ID/$id/")" >>"$dir/wanted"
done <"$dir/table"
if [ -n "$v1" ] && mkdir "$v1/$name" 2>/dev/null; then   # all in the v2 root: the memory hierarchy tells
	id=$(printf '%012x%s' 99 $rest)
	echo "version 1" >"$dir/99"
	mkdir "$v1/$name/docker" "$v1/$name/docker/$id"
	sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$v1/$name/docker/$id" "$dir/acts" open r "$dir/99"
	echo "99|host/container/$(printf '%.12s' "$id")|$id" >>"$dir/wanted"
fi
stop_recorder
query "SELECT replace(CAST(o.path AS TEXT), '$dir/', '') || '|' || CAST(w.namespace AS TEXT) || '/' || CAST(w.kind AS TEXT) || '/' ||
		CAST(w.name AS TEXT) || CASE WHEN length(w.container) THEN '/' || CAST(w.container AS TEXT) ELSE '' END || '|' ||
		CAST(i.container_id AS TEXT)
	FROM observation o JOIN workload w ON w.id = o.workload JOIN sighting s ON s.observation = o.id JOIN instance i ON i.id = s.instance
	WHERE o.kind = 2 AND CAST(o.path AS TEXT) LIKE '$dir/%' AND CAST(o.subject AS TEXT) = '$dir/acts'" | LC_ALL=C sort >"$dir/got"
LC_ALL=C sort -o "$dir/wanted" "$dir/wanted"
same "$dir/wanted" "$dir/got" "workloads of cgroups"
