# SPDX-License-Identifier: GPL-2.0-only
# bash completion for stakeout: verbs and options come from the programs' own help.
_stakeout_offer() {
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "${COMP_WORDS[COMP_CWORD]}")
}

_stakeout_verbs() {
	"$1" help 2>/dev/null | sed -n '/^Verbs:/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p'
}

# The workloads of the store that the line names with --db, else of the default one.
_stakeout_workloads() {
	local db=() i
	for ((i = 2; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in -d | --db) db=(--db "${COMP_WORDS[i + 1]}") ;; esac
	done
	"$1" workloads --json "${db[@]}" 2>/dev/null | grep -o '"workload":"[^"\\]*"' | cut -d'"' -f4
}

_stakeout() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} tool=${COMP_WORDS[0]}
	local verb=${COMP_WORDS[1]}
	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		_stakeout_offer "$(_stakeout_verbs "$tool") --version --help"
		return
	fi
	case $verb in
	help | --help)
		_stakeout_offer "$(_stakeout_verbs "$tool")"
		return
		;;
	esac
	case $prev in
	-o | --output | -s | --scenarios | --assets)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	-d | --db | -c | --corpus | --edit | --events | --junit | --pods)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	--target) _stakeout_offer "host kernel= arch= lsm= kprobe-multi= kubernetes= fs="; return ;;
	--backend) _stakeout_offer "auto lsm fmod_ret signal"; return ;;
	--hooks) _stakeout_offer "auto lsm fentry tracepoint"; return ;;
	--kind) _stakeout_offer "exec file connect bind guard"; return ;;
	--severity) _stakeout_offer "error warning note"; return ;;
	--as) _stakeout_offer "file api"; return ;;
	--shape) _stakeout_offer "auto lsm override kill tracepoint"; return ;;
	--choice) _stakeout_offer "undecided allow deny"; return ;;
	--sort) _stakeout_offer "path count first last instances subject choice"; return ;;
	-w | --workload) _stakeout_offer "$(_stakeout_workloads "$tool")"; return ;;
	esac
	if [[ $cur == -* ]]; then
		local help=(help "$verb")
		case $verb/${COMP_WORDS[2]} in
		enforce/status | enforce/watch | enforce/verify | enforce/confirm | enforce/release) help=(enforce "${COMP_WORDS[2]}" --help) ;;
		esac
		_stakeout_offer "$("$tool" "${help[@]}" 2>/dev/null | sed -n '/^Options:/,/^$/p' |
			sed -n 's/^  \(-.,\|   \) \(--[a-z][a-z-]*\).*/\2/p')"
		return
	fi
	case $verb in
	show | allow | audit-policy | workloads | losses) _stakeout_offer "$(_stakeout_workloads "$tool")" ;;
	image) [ "$COMP_CWORD" -eq 2 ] && _stakeout_offer "show verify diff" ;;
	enforce) [ "$COMP_CWORD" -eq 2 ] && _stakeout_offer "status watch verify confirm release" ;;
	corpus) _stakeout_offer "$("$tool" corpus --list --json 2>/dev/null | grep -o '"name":"[^"\\]*"' | cut -d'"' -f4)" ;;
	esac
	[ ${#COMPREPLY[@]} -gt 0 ] || mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}
complete -o filenames -F _stakeout stakeout
