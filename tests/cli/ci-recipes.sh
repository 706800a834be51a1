#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The README's recipes for GitHub and GitLab, taken out of it and run on a small repository: what they publish is there and well formed.
set -u
command -v git >/dev/null || { echo "skipped: git is absent"; exit 77; }
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
fail() {
	echo "FAILED: $*"
	exit 1
}
root=$PWD
export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@example.org GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@example.org

# The block that begins with the comment "# FILE".
block() {
	awk -v name="# $1" '/^```yaml$/ { getline; inside = $0 == name } /^```$/ { inside = 0 } inside' README.md
}
# The lines of its "run: |" steps, each step in a shell of its own as GitHub runs it.
block .github/workflows/policies.yml >"$T/github.yml"
[ -s "$T/github.yml" ] || fail "the README has no GitHub recipe"
block .gitlab-ci.yml >"$T/gitlab.yml"
[ -s "$T/gitlab.yml" ] || fail "the README has no GitLab recipe"
awk -v to="$T/github" '
	/^      - / { inside = 0 }
	/^        run: \|$/ { inside = 1; n++; next }
	inside { sub(/^ {10}/, ""); print >(to "." n) }' "$T/github.yml"
awk -v to="$T/gitlab" '
	/^  script:$/ { inside = 1; n++; next }
	/^  [a-z]/ { inside = 0 }
	inside { sub(/^    - /, ""); print >(to "." n) }' "$T/gitlab.yml"
for step in github.1 github.2 github.3 gitlab.1 gitlab.2 gitlab.3; do
	[ -s "$T/$step" ] || fail "no commands of step $step"
done
printf '#!/bin/sh\nexec "%s" "$@"\n' "$STAKEOUT" >"$T/stakeout"
# What would talk to the network.
printf '#!/bin/sh\nfor last; do :; done\ncp "$last" "%s/comment.md"\n' "$T" >"$T/gh"
chmod +x "$T/stakeout" "$T/gh"
PATH=$T:$PATH
export PATH

# The target branch: policies as compile writes them, and events that must go on working. The request: one program less.
"$STAKEOUT" corpus --benign web-server >"$T/benign.ndjson" || fail corpus
sed '/path: \/usr\/bin\/sed, by/d' corpus/allowlists/web-server.yaml >"$T/less.yaml"
"$STAKEOUT" compile corpus/allowlists/web-server.yaml --enforce -o "$T/old" >/dev/null || fail compile
"$STAKEOUT" compile "$T/less.yaml" --enforce -o "$T/new" >/dev/null || fail compile
git init -q -b main "$T/origin"
mkdir "$T/origin/policies" "$T/origin/corpora"
cp "$T/benign.ndjson" "$T/origin/corpora/"
cp "$T"/old/web-storefront*.yaml "$T/origin/policies/"
rm -f "$T"/origin/policies/*.allowlist.yaml
git -C "$T/origin" add -A && git -C "$T/origin" commit -qm base || fail "git commit"
request() { # FOLDER NEW: a clone with a branch of its own
	git clone -q "$T/origin" "$1" || fail "git clone"
	git -C "$1" checkout -q -b request
	cp "$2"/web-storefront*.yaml "$1/policies/" && rm -f "$1"/policies/*.allowlist.yaml
	git -C "$1" add -A && git -C "$1" commit -q --allow-empty -m request
}
run() { # FOLDER STEP WANTED-STATUS
	(cd "$1" && BASE=main PR=7 GITHUB_STEP_SUMMARY=$T/summary CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main bash -e "$T/$2") >"$T/log" 2>&1
	status=$?
	[ $status -eq "$3" ] || { cat "$T/log"; fail "$2: status $status, wanted $3"; }
}
published() { # FOLDER
	jq -e '.version == "2.1.0" and (.runs | length) == 1' "$1/lint.sarif" >/dev/null || fail "no SARIF"
	grep -q '<testsuite name="stakeout replay" tests="[1-9]' "$1/replay.xml" || fail "no JUnit"
	grep -q '^### Policy change: ' "$1/diff.md" || fail "no comment"
}

# Nothing changes: everything is green.
for way in github gitlab; do
	request "$T/same-$way" "$T/old"
	for step in 1 2 3; do
		run "$T/same-$way" $way.$step 0
	done
	published "$T/same-$way"
	grep -q 'no event fares otherwise' "$T/same-$way/diff.md" || fail "$way: a change out of nothing"
	grep -q 'failures="0"' "$T/same-$way/replay.xml" || fail "$way: failures out of nothing"
done

# A program less: replay is red, the diff says which.
for way in github gitlab; do
	rm -f "$T/comment.md" "$T/summary"
	request "$T/less-$way" "$T/new"
	run "$T/less-$way" $way.1 0
	run "$T/less-$way" $way.2 1
	run "$T/less-$way" $way.3 1
	published "$T/less-$way"
	grep -q '<failure message=' "$T/less-$way/replay.xml" || fail "$way: no failed test"
	grep -q '^| 6 | \*\*now stopped' "$T/less-$way/diff.md" || fail "$way: $(cat "$T/less-$way/diff.md")"
	[ $way = gitlab ] || cmp -s "$T/comment.md" "$T/less-$way/diff.md" || fail "the comment is not the diff"
	[ $way = gitlab ] || cmp -s "$T/summary" "$T/less-$way/diff.md" || fail "the summary is not the diff"
done
cd "$root" || exit 1
echo ok
