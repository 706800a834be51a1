#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What make install puts into place works from there: programs, scenarios, manual pages, completion; every
# verb explains itself.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
env -u MAKEFLAGS -u MFLAGS -u VARIANT make -s install DESTDIR="$dir" PREFIX=/usr >"$dir/log" 2>&1 || { cat "$dir/log"; exit 1; }
bin=$dir/usr/bin share=$dir/usr/share
cd "$dir"
fail() { echo "$*"; exit 1; }

[ "$("$bin/stakeout" corpus --list --json | wc -l)" -ge 5 ] || fail "the installed scenarios are not found"
"$bin/stakeout" help | sed -n '/^Verbs:/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p' >verbs
[ "$(wc -l <verbs)" -ge 12 ] || fail "stakeout help lists too few verbs"
while read -r verb; do
	[ "$verb" != record ] || [ -x "$bin/stakeout-record" ] || continue
	"$bin/stakeout" "$verb" --help >help || fail "$verb --help: status $?"
	"$bin/stakeout" help "$verb" | cmp - help || fail "help $verb is not $verb --help"
	sed -n 1p help | grep -q '^Usage: stakeout' || fail "$verb --help does not begin with its usage"
	[ "$verb" = help ] || sed -n 3p help | grep -q '^[A-Z].*[^.]\.$' || fail "$verb --help: no sentence says what it does"
	[ "$(grep -c 'Exit status:' help)" -le 1 ] || fail "$verb --help tells the exit status twice"
	status=0
	"$bin/stakeout" "$verb" --no-such-option >out 2>err || status=$?
	[ "$verb" = help ] || [ $status -eq 2 ] || fail "$verb --no-such-option: status $status"
done <verbs
"$bin/stakeout" help | grep -q "^Exit status: 0 " || fail "stakeout help does not tell the exit statuses"
for program in stakeout stakeout-serve; do
	"$bin/$program" --version | grep -q "^$program [0-9]" || fail "$program --version"
done

if command -v mandoc >/dev/null; then
	for page in "$share"/man/man1/*.1 "$share"/man/man8/*.8; do
		mandoc -Tlint -Wwarning "$page" >lint || { cat lint; exit 1; }
	done
	# manual PAGE VERB...: the page has every option of these verbs' --help.
	manual() {
		mandoc -Tascii "$share/man/man8/$1" | sed "s/.$(printf '\b')//g" >page
		shift
		for verb in "$@"; do
			"$bin/stakeout" $verb --help | sed -n 's/^  \(-[a-z0-9], \)* *\(--[a-z-]*\).*/\2/p' | grep -vx -e --help >options
			[ -s options ] || fail "$verb --help tells no options"
			while read -r option; do
				grep -q -e "$option\>" page || fail "the manual page of $verb lacks $option"
			done <options
		done
	}
	manual stakeout-serve.8 serve
	[ ! -x "$bin/stakeout-record" ] || manual stakeout-record.8 record
	[ ! -x "$bin/stakeout-enforce" ] || manual stakeout-enforce.8 enforce "enforce status" "enforce watch" "enforce verify" "enforce confirm" "enforce release"
fi
while read -r verb; do
	[ "$verb" = help ] || grep -q "^.Ss stakeout $verb\$" "$share/man/man1/stakeout.1" || fail "stakeout(1) lacks $verb"
done <verbs

unit=$dir/usr/lib/systemd/system/stakeout-record.service
grep -q '^ExecStart=/usr/bin/stakeout-record record ' "$unit" || fail "the systemd unit does not start the installed program"
if [ -x "$bin/stakeout-record" ]; then
	sed -n 's/^ExecStart=.*-record record \(.*\) \$OPTIONS$/\1/p; s/.*command: .*exec stakeout-record record \(.*\)"\]/\1/p' "$unit" \
		"$share"/stakeout/deploy/stakeout-record.yaml >options
	[ "$(wc -l <options)" = 2 ] || fail "the unit and the manifest do not both start a recording"
	"$bin/stakeout-record" record --help >help
	for option in $(grep -o -e '--[a-z-]*' options); do
		grep -q -- "$option" help || fail "$option of the unit or the manifest is no option of record"
	done
fi
if command -v systemd-analyze >/dev/null; then
	sed "s|^ExecStart=/usr/bin/|ExecStart=$bin/|" "$unit" >stakeout-record.service
	systemd-analyze verify --man=no ./stakeout-record.service >verified 2>&1 || { cat verified; fail "systemd does not take the unit"; }
	! grep stakeout-record.service verified || fail "systemd warns of the unit"
fi

# The enforcer's: units, what covers one service, manifest. Each starts the installed program with options that it has.
units=$dir/usr/lib/systemd/system deploy=$share/stakeout/deploy
grep -q "^ExecStart=/usr/bin/stakeout-enforce " "$units/stakeout-enforce.service" || fail "the unit does not start the installed enforcer"
grep -q "^ExecStartPre=+/usr/bin/stakeout-enforce " "$deploy/stakeout-enforce.conf" || fail "the drop-in does not start the installed enforcer"
if [ -x "$bin/stakeout-enforce" ]; then
	"$bin/stakeout-enforce" --help >help
	sed -n "s/^ExecStart[Pre]*=.*stakeout-enforce //p; s/.*do stakeout-enforce \\(.*\\) >.*/\\1/p" "$units/stakeout-enforce.service" \
		"$deploy/stakeout-enforce.conf" "$deploy/stakeout-enforce.yaml" >options
	[ "$(wc -l <options)" = 3 ] || fail "unit, drop-in and manifest do not all start the enforcer"
	for option in $(grep -o -e "--[a-z-]*" options); do
		grep -q -- "$option" help || fail "$option is no option of enforce"
	done
fi
if command -v systemd-analyze >/dev/null; then
	mkdir -p units/shop.service.d
	sed "s|^ExecStart=/usr/bin/|ExecStart=$bin/|" "$units/stakeout-enforce.service" >units/stakeout-enforce.service
	cp "$units/stakeout-enforce.timer" units
	printf "[Service]\nExecStart=/bin/true\n" >units/shop.service
	sed "s|=+/usr/bin/|=+$bin/|" "$deploy/stakeout-enforce.conf" >units/shop.service.d/stakeout.conf
	SYSTEMD_UNIT_PATH=$PWD/units: systemd-analyze verify --man=no units/stakeout-enforce.service units/stakeout-enforce.timer units/shop.service \
		>verified 2>&1 || { cat verified; fail "systemd does not take the enforcer's units"; }
	! grep -e stakeout-enforce -e shop.service verified || fail "systemd warns of the enforcer's units"
fi

command -v bash >/dev/null || exit 0
"$bin/stakeout" corpus --benign web-server | "$bin/stakeout" ingest --db s.db - >ingested
cat >complete <<'END'
. "$1/bash-completion/completions/stakeout"
PATH=$2:$PATH
shift 2
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_stakeout
printf '%s\n' "${COMPREPLY[@]}"
END
# complete WORDS: WANTED (a line among the candidates)
complete() {
	wanted=$1
	shift
	bash complete "$share" "$bin" "$@" | grep -qx -- "$wanted" || fail "completion of '$*' does not offer $wanted"
}
complete workloads stakeout work
complete --version stakeout --v
complete --add-exec stakeout allow --add-e
complete --db stakeout serve --d
complete ingest stakeout help in
complete web-server stakeout corpus web
complete verify stakeout image v
complete diff stakeout image d
if [ -x "$bin/stakeout-enforce" ]; then
	complete release stakeout enforce r
	complete --rules stakeout enforce status --r
	complete --follow stakeout enforce --fo
fi
complete fentry stakeout record --hooks f
complete tracepoint stakeout compile --shape t
complete web/Deployment/storefront/nginx stakeout show --db s.db web
complete s.db stakeout replay --db s
