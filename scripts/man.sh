#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Writes the manual page stakeout(1) to standard output: sh scripts/man.sh PROGRAM
# Verbs and options come from the program's own help, so that page and program cannot disagree.
set -eu
program=$1

# Plain text as mdoc wants it: one sentence a line, short lines; what is indented stands as it is.
prose() {
	sed -e 's/\\/\\e/g' | awk '
		function flush_text() {
			if (text == "")
				return
			while (match(text, /[.;:)] [A-Z]/)) {
				fold(substr(text, 1, RSTART))
				text = substr(text, RSTART + 2)
			}
			fold(text)
			text = ""
		}
		function fold(s,   words, n, i, line) {
			n = split(s, words, " ")
			for (i = 1; i <= n; i++) {
				if (line != "" && length(line) + length(words[i]) > 76) {
					put(line)
					line = words[i]
				} else {
					line = line (line == "" ? "" : " ") words[i]
				}
			}
			put(line)
		}
		function put(line) { print (line ~ /^[.\047]/ ? "\\&" : "") line }
		/^ / { flush_text(); sub(/^ +/, ""); print ".Dl " $0; next }
		{ text = text (text == "" ? "" : " ") $0 }
		END { flush_text() }'
}

cat <<'EOF'
.\" SPDX-License-Identifier: GPL-2.0-only
.\" Written by scripts/man.sh from the program's help.
.Dd November 21, 2026
.Dt STAKEOUT 1
.Os
.Sh NAME
.Nm stakeout
.Nd observe what workloads do, then choose, prove and ship what they may do
.Sh SYNOPSIS
.Nm
.Ar verb
.Op Ar option ...
.Op Ar argument ...
.Sh DESCRIPTION
.Nm
records what a workload really does, lets a person choose what it may do,
replays what the chosen policy would have done, and writes it as Cilium Tetragon
TracingPolicy YAML and as BPF map images.
Everything happens on one machine, in one SQLite file
.Pq Pa stakeout.db
unless
.Fl -db
names another.
.Pp
The verbs are:
EOF
verbs=$("$program" help | sed -n '/^Verbs:/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p' | grep -v '^help$')
for verb in $verbs; do
	printf '.Ss stakeout %s\n' "$verb"
	if ! help=$("$program" help "$verb" 2>/dev/null); then
		# Live capture was not built here; its own page tells all of it.
		printf 'See\n.Xr stakeout-%s 8 .\n' "$verb"
		continue
	fi
	printf '%s\n' "$help" | sed -n 3p | prose
	printf '.Pp\n.Dl %s\n' "$(printf '%s\n' "$help" | sed -n '1s/^Usage: //p')"
	printf '.Bl -tag -width Ds\n'
	printf '%s\n' "$help" | sed -n '/^Options:/,/^$/p' | sed -n 's/^  \(.*[^ ]\)   *\([^ ].*\)$/\1\t\2/p' |
		while IFS="$(printf '\t')" read -r left right; do
			printf '.It Li "%s"\n' "$(printf '%s' "$left" | sed 's/^ *//; s/-/\\-/g')"
			printf '%s\n' "$right" | prose
		done
	printf '.El\n'
	details=$(printf '%s\n' "$help" | sed -n '/^Options:/,$p' | sed '1,/^$/d' | grep -v '^Exit status:' | sed '/^$/d' | prose)
	[ -z "$details" ] || printf '.Pp\n%s\n' "$details"
done
cat <<'EOF'
.Sh FILES
.Bl -tag -width Ds
.It Pa stakeout.db
the store: recordings, workloads, observations, losses and decisions
.El
.Sh EXIT STATUS
.Bl -tag -width Ds
.It 0
yes, or done
.It 1
the answer is no: an event would be denied, something differs, an expectation is
broken
.It 2
bad usage or bad input; standard error says which file, which line and what to
do
.It 3
this machine cannot: a privilege, a kernel feature or disk space is missing
.El
.Sh EXAMPLES
Take in what Tetragon logged, and look at it:
.Dl stakeout ingest /var/log/tetragon/tetragon.log
.Dl stakeout workloads
.Pp
Write an allowlist, compile it, see what it would have done:
.Dl stakeout allow shop/Deployment/cart -o cart.yaml
.Dl stakeout compile cart.yaml -o out --db stakeout.db
.Dl stakeout replay out --db stakeout.db --workload cart
.Sh SEE ALSO
.Xr stakeout-enforce 8 ,
.Xr stakeout-record 8 ,
.Xr stakeout-serve 8
EOF
