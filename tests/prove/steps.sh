# SPDX-License-Identifier: GPL-2.0-only
# For prove.sh and guests.sh: steps that print what they do, and a row for each result in the file that $rows names. $dir is a folder of
# the caller's own; $before stands before each line.

# A row for all that a step printed a result of; when it ended otherwise than with 0, one that says how.
rows_of() {
	awk -v OFS='\t' -v kernel="$2" -v status="$3" '
		BEGIN { backend = "none" }
		{ last = $0 }
		/^kernel [0-9].*: status/ { next }
		/^kernel [0-9]/ { kernel = substr($0, 8) }
		/^back end: / { backend = $3 }
		/^the guest/ { guest = $0 }
		/^[0-9]+ (allowlists|replacements), [0-9]+ acts: / {
			bad += $9
			print kernel, backend, $2 ~ /^allow/ ? "acts" : "acts in a storm", $3, $7, $9, $1 " " substr($2, 1, length($2) - 1)
		}
		/^[0-9]+ ways tried, / { bad += $11; print kernel, backend, "bypasses", $1, "", $11, $4 " not on this machine" }
		END {
			if (status == 77)
				print kernel, backend, "skipped", "", "", "", last
			else if (status)
				print kernel, backend, "failed", "", "", "", guest ? guest : bad ? "see above" : "status " status ": " last
		}' "$1"
}

# step NAME KERNEL COMMAND...: KERNEL until the command names one.
step() {
	name=$1 kernel=$2
	shift 2
	{
		echo "== $name"
		status=0
		"$@" || status=$?
		echo $status >"$dir/status"
	} 2>&1 | tee "$dir/log" | sed -u "s/^/$before/"
	rows_of "$dir/log" "$kernel" "$(cat "$dir/status")" >>"$rows"
}
