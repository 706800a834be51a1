# SPDX-License-Identifier: GPL-2.0-only
# For the tests of what is seen by each choice of hooks: one scenario, and what of it is to be found, row for row.
#
#	ACCESS OR GUARD | object | how a recorder that reads security hooks has it | ... and one that reads system calls
#
# how: "COUNT" with the path resolved, "COUNT typed" as typed, "-" not at all: what schema/coverage.def says is missed or typed.
# MODULE: the file of a kernel module that is not loaded, if there is one; it is loaded, twice, and taken out again.
module=${MODULE:-}

changes_table() {
	cat <<END
file CREATE|w/folder|1|1
file CREATE|w/fifo|1|1
file CREATE|w/symlink|1|1
file READ WRITE CREATE|w/file|1|1
file TRUNCATE|w/file|2|1 & 1 typed
file CHMOD|w/file|2|1 & 1 typed
file CHMOD|w/symlink|1|1 typed
file LINK|w/file|1|1
file LINK|w/linked|1|1
file LINK|w/symlink|1|1 & 1 typed
file LINK|w/fifo|1|-
file LINK|w/followed|1|1
file LINK|w/hard|1|1
file RENAME|w/linked|1|1
file RENAME|w/renamed|2|2
file PATH_ONLY|w/folder|-|1
file PATH_ONLY|w|-|1
file RENAME|w/folder/moved|1|1
file UNLINK|w/file|1|1
file UNLINK|w/folder/moved|1|1 typed
file UNLINK|w/followed|1|1
file UNLINK|w/hard|1|1
file UNLINK|w/symlink|1|1
file UNLINK|w/fifo|1|1
file UNLINK|w/folder|1|1
file READ|plain|1|1
file READ MAP_EXEC|plain|1|1
file CREATE|bound|1|-
guard ptrace||1|1
guard raise-privilege||2|1
guard bpf||1|1
guard mount|m|2|2 typed
unix|sock|1|1
unix|@abstract|1|1
unix-bind|bound|1|1
bind|5555|1|1
bind|5556|1|1
listen|5556|1|1
listen|0|1|1
file READ|ring|1|-
connect|5300|1|1
END
	[ -z "$module" ] || cat <<END
file READ|module|2|2
guard kernel-module|module|1|1
guard kernel-module||1|1
END
}

changes_do() {
	cp "$acts" "$dir/acts"
	cp "$acts" "$dir/plain"
	echo x >"$dir/ring"
	mkdir "$dir/w" "$dir/m"
	[ -z "$module" ] || cp "$module" "$dir/module"
	start_recorder --workload "$name" "$@"
	in_group "$dir/acts" changes "$dir/w"
	in_group "$dir/acts" map "$dir/plain"
	in_group "$dir/acts" unix "$dir/sock"
	in_group "$dir/acts" unix "@abstract"
	in_group "$dir/acts" unixbind "$dir/bound"
	in_group "$dir/acts" bind 127.0.0.1 5555
	in_group "$dir/acts" listen 127.0.0.1 5556
	in_group "$dir/acts" listen-anywhere
	in_group "$dir/acts" ring-open "$dir/ring"
	in_group "$dir/acts" ring-connect 127.0.0.1 5300
	in_group "$dir/acts" trace
	in_group "$dir/acts" mount "$dir/m"
	in_group "$dir/acts" move "$dir/w" "$dir/m"
	in_group "$dir/acts" root
	in_group "$dir/acts" userns
	if [ -n "$module" ]; then
		in_group "$dir/acts" module "$dir/module"
		rmmod "$(basename "$module" .ko)"
		in_group "$dir/acts" module-memory "$dir/module"
		rmmod "$(basename "$module" .ko)"
	fi
	in_group "$dir/acts" bpf
	stop_recorder
}

# changes_wanted COLUMN: 3 security hooks, 4 system calls
changes_wanted() {
	column=$1
	changes_table | while IFS="|" read -r what object hooks calls; do
		[ "$column" = 3 ] && how=$hooks || how=$calls
		[ "$how" != - ] || continue
		case $what in
		"file "*) what="file $(access ${what#file })" ;;
		esac
		echo "$how" | tr "&" "\n" | while read -r count typed; do
			echo "$what|$object|$count|${typed:-resolved}"
		done
	done | LC_ALL=C sort
}

changes_got() {
	query "SELECT CASE kind WHEN 2 THEN 'file ' || access WHEN 3 THEN CASE WHEN length(unix_path) THEN 'unix' ELSE 'connect' END WHEN 4 THEN 'guard ' || CAST(guard AS TEXT)
			ELSE CASE WHEN length(unix_path) THEN 'unix-bind' WHEN tags & $(tags LISTENING) THEN 'listen' ELSE 'bind' END END,
		CASE WHEN length(unix_path) THEN replace(CAST(unix_path AS TEXT), '$dir/', '') WHEN kind IN (3, 7) THEN port
			ELSE replace(CAST(path AS TEXT), '$dir/', '') END,
		count, CASE WHEN path_known OR length(path) = 0 THEN 'resolved' ELSE 'typed' END
		FROM observation WHERE subject = CAST('$dir/acts' AS BLOB) AND (kind IN (3, 4, 7) AND CAST(path AS TEXT) <> '/' OR kind = 2 AND
			CAST(path AS TEXT) LIKE '$dir/%' AND CAST(path AS TEXT) <> '$dir/acts')" | LC_ALL=C sort
}
