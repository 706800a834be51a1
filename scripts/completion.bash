# SPDX-License-Identifier: GPL-2.0-only
# bash completion for stakeout: verbs and options come from the programs' own help.
_stakeout() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} tool=${COMP_WORDS[0]}
	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		local verbs
		verbs=$("$tool" help 2>/dev/null | sed -n '/^Verbs:/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p')
		mapfile -t COMPREPLY < <(compgen -W "$verbs --version --help" -- "$cur")
		return
	fi
	case $prev in
	-o | --output) mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return ;;
	--target) mapfile -t COMPREPLY < <(compgen -W "host kernel= arch= lsm= kprobe-multi= kubernetes= fs=" -- "$cur"); return ;;
	esac
	if [[ $cur == -* ]]; then
		local options
		options=$("$tool" help "${COMP_WORDS[1]}" 2>/dev/null | grep -o -- '--[a-z][a-z-]*' | sort -u)
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
		return
	fi
	case ${COMP_WORDS[1]} in
	show | allow | audit-policy | workloads)
		local names
		names=$("$tool" workloads --json 2>/dev/null | grep -o '"workload":"[^"\\]*"' | cut -d'"' -f4)
		mapfile -t COMPREPLY < <(compgen -W "$names" -- "$cur")
		;;
	esac
	[ ${#COMPREPLY[@]} -gt 0 ] || mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}
complete -o filenames -F _stakeout stakeout
