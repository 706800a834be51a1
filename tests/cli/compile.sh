#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# stakeout compile, image, audit-policy: files, refusals, statuses, the same bytes twice, all or none.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
fail() { echo "compile.sh: $*" >&2; exit 1; }
# status N COMMAND...: the command must end with N; what it said is in $dir/said
status() {
	want=$1; shift
	got=0; "$@" >"$dir/said" 2>&1 || got=$?
	[ "$got" = "$want" ] || { cat "$dir/said" >&2; fail "status $got, not $want: $*"; }
}
said() { grep -q -- "$1" "$dir/said" || { cat "$dir/said" >&2; fail "does not say: $1"; }; }
lists=corpus/allowlists

# everything the corpus has, at once, twice: the same bytes
status 0 "$STAKEOUT" compile $lists/*.yaml -o "$dir/one"
said 'target: kernel=.*the default'
said prevents
status 0 "$STAKEOUT" compile $lists/*.yaml -o "$dir/two"
diff -r "$dir/one" "$dir/two" >/dev/null || fail "two runs differ"
for kind in yaml image.elf review.md allowlist.yaml; do
	[ -s "$dir/one/shop-cart.$kind" ] || fail "no shop-cart.$kind"
done
grep -q 'shop-cart.yaml' "$dir/one/kustomization.yaml" || fail "the kustomization lacks a policy"
grep -q 'web-storefront.yaml' "$dir/one/kustomization.yaml" || fail "the kustomization lacks a policy"
[ -z "$(find "$dir/one" -name '.*' -type f)" ] || fail "temporary files stay behind"

# monitor unless asked
grep -q 'value: monitor' "$dir/one/shop-cart.yaml" || fail "does not monitor by default"
status 0 "$STAKEOUT" compile --enforce $lists/node-service.yaml -o "$dir/enforce"
grep -q 'value: enforce' "$dir/enforce/shop-cart.yaml" || fail "--enforce is not heard"

# the shape follows the target, and says what it can do
status 0 "$STAKEOUT" compile --json -t kernel=6.1,lsm=no $lists/node-service.yaml -o "$dir/t"
said '"shape":"override","effect":"prevents"'
grep -q disable-kprobe-multi "$dir/t/shop-cart.yaml" || fail "overriding kprobes need disable-kprobe-multi"
status 0 "$STAKEOUT" compile --shape kill $lists/node-service.yaml -o "$dir/t"
said 'only kills'
grep -q '\*\*only kills\*\*' "$dir/t/shop-cart.review.md" || fail "the review page hides that it only kills"
status 2 "$STAKEOUT" compile -t kernel=4.19 $lists/node-service.yaml -o "$dir/none"
[ ! -e "$dir/none" ] || fail "a refused compilation left files"

# a host workload: an image, and the reason why there is no YAML
sed 's/namespace: [a-z]*/namespace: host/; s/kind: Deployment/kind: unit/; /podLabels/d' $lists/node-service.yaml >"$dir/host.yaml"
status 0 "$STAKEOUT" compile "$dir/host.yaml" -o "$dir/host"
said 'host-wide'
[ -s "$dir/host/shop-cart.image.elf" ] && [ ! -e "$dir/host/shop-cart.yaml" ] || fail "a host workload got YAML"
status 0 "$STAKEOUT" compile --host-wide "$dir/host.yaml" -o "$dir/host"
grep -q 'hostSelector: {}' "$dir/host/shop-cart.yaml" || fail "--host-wide is not scoped to the host"
said "covers every process of the host"
# ... which can be taken back: the agent and its client run, and the agent may call bpf(); it is watched before it enforces
sed "s/^guards:.*/guards: [bpf]/" "$dir/host.yaml" >"$dir/wide.yaml"
grep -q "guards: .bpf" "$dir/wide.yaml" || echo "guards: [bpf]" >>"$dir/wide.yaml"
for target in kernel=6.12,kubernetes=no kernel=6.1,kubernetes=no,lsm=no,kprobe-multi=no kernel=6.12; do
	status 0 "$STAKEOUT" compile --enforce --host-wide -t $target "$dir/wide.yaml" -o "$dir/wide"
	for own in tetragon tetra; do
		grep -q "^ *- \"/usr/local/bin/$own\"" "$dir/wide/shop-cart.yaml" || fail "$target: $own cannot start on the host"
	done
	grep -A6 -E "hook: bpf|call: security_bpf" "$dir/wide/shop-cart.yaml" | grep -q usr/bin/tetragon || fail "$target: the agent is locked out of bpf()"
done
status 0 "$STAKEOUT" compile --enforce --host-wide -t kernel=6.12,kubernetes=no "$dir/wide.yaml" -o "$dir/wide"
grep -q "tetra tracingpolicy add --mode monitor shop-cart.yaml" "$dir/wide/shop-cart.review.md" || fail "an enforcing policy is loaded unwatched"

# a container that no selector can name: likewise; a label that no pod can have is an error of the allowlist
sed 's/container: [a-z]*/container: app_/' $lists/node-service.yaml >"$dir/named.yaml"
status 0 "$STAKEOUT" compile "$dir/named.yaml" -o "$dir/named"
said 'no YAML: no selector can name the container'
[ -s "$dir/named/shop-cart.image.elf" ] && [ ! -e "$dir/named/shop-cart.yaml" ] || fail "a container without a selector got YAML"
sed 's/podLabels: {.*}/podLabels: {app: "a b"}/' $lists/node-service.yaml >"$dir/labels.yaml"
status 2 "$STAKEOUT" compile "$dir/labels.yaml" -o "$dir/none"
said "labels.yaml: error: podLabels: 'a b' is no value"

# bad input: a status, a place, a reason, and nothing written
sed '/podLabels/d' $lists/node-service.yaml >"$dir/nolabels.yaml"
status 2 "$STAKEOUT" compile "$dir/nolabels.yaml" -o "$dir/none"
said podLabels
status 2 "$STAKEOUT" compile $lists/node-service.yaml
said '-o DIR'
status 2 "$STAKEOUT" compile $lists/node-service.yaml $lists/node-service.yaml -o "$dir/none"
said overwrite
status 2 "$STAKEOUT" compile --shape laser $lists/node-service.yaml -o "$dir/none"
status 2 "$STAKEOUT" compile "$dir/absent.yaml" -o "$dir/none"
[ ! -e "$dir/none" ] || fail "a refused compilation left files"

# an entry that nothing asks about is told
sed "s|^  protect:.*|  protect: [/srv/]|" $lists/node-service.yaml >"$dir/unprotected.yaml"
status 0 "$STAKEOUT" compile "$dir/unprotected.yaml" -o "$dir/t"
said "unprotected.yaml:[0-9]*: warning: 1 file entry lies below no protected path (/app/cache/): changes there are allowed to everybody"

# images: ordinary tools open them, damage is told
status 0 "$STAKEOUT" image verify "$dir"/one/*.image.elf
status 0 "$STAKEOUT" image show --json "$dir/one/shop-cart.image.elf"
said '"kind":"protect"'
head -c 1000 "$dir/one/shop-cart.image.elf" >"$dir/cut.elf"
status 2 "$STAKEOUT" image verify "$dir/cut.elf"
said 'not a usable policy image'
if command -v readelf >/dev/null; then
	readelf -S -n "$dir/one/shop-cart.image.elf" >"$dir/said" 2>&1 || fail "readelf refuses the image"
	said entries.paths
fi
bpftool=$(command -v bpftool || ls /usr/sbin/bpftool 2>/dev/null || true)
if [ -n "$bpftool" ]; then
	"$bpftool" btf dump file "$dir/one/shop-cart.image.elf" >"$dir/said" 2>&1 || fail "bpftool refuses the image"
	said "DATASEC '.maps'"
fi

# the evidence of a store is replayed, and what a person allowed but no entry covers is an error naming it
"$STAKEOUT" corpus -o "$dir/corpus" >/dev/null
"$STAKEOUT" ingest --db "$dir/s.db" "$dir/corpus/node-service.ndjson" >/dev/null
status 0 "$STAKEOUT" compile --db "$dir/s.db" $lists/node-service.yaml -o "$dir/db"
said 'allowed events replayed, none would be stopped'

# the policy to begin with
status 0 "$STAKEOUT" audit-policy --db "$dir/s.db" cart -o "$dir/audit"
grep -q 'call: security_bprm_check' "$dir/audit/audit-shop-cart.yaml" || fail "the audit policy lacks exec"
grep -q 'app: cart' "$dir/audit/audit-shop-cart.yaml" || fail "the audit policy is not scoped"
! grep -q 'Override\|Sigkill' "$dir/audit/audit-shop-cart.yaml" || fail "an audit policy must stop nothing"
status 2 "$STAKEOUT" audit-policy --db "$dir/s.db" nobody
said "no workload matches"
# of many those that a policy cannot be scoped to are left out by name; nothing but those is an error
status 0 "$STAKEOUT" audit-policy --db "$dir/s.db" "*" -o "$dir/audits"
said "host/.*left out: Tetragon cannot scope"
[ -s "$dir/audits/audit-shop-cart.yaml" ] || fail "one that cannot have a policy kept the others from theirs"
status 2 "$STAKEOUT" audit-policy --db "$dir/s.db" "host/*"
said "can have a policy"

# what an earlier compilation of the same allowlist left, and this one does not make, goes; other people's files stay
status 0 "$STAKEOUT" compile $lists/web-server.yaml -o "$dir/stale"
[ -e "$dir/stale/web-storefront-2.yaml" ] || fail "the allowlist is meant to need two policies"
echo 'kind: Mine' >"$dir/stale/web-storefront-3.yaml"
sed '/^    - /!b; /^    - path: .docker-entrypoint.sh/b; d' $lists/web-server.yaml | sed '/^      by:/d' >"$dir/small.yaml"
status 0 "$STAKEOUT" compile "$dir/small.yaml" -o "$dir/stale"
[ ! -e "$dir/stale/web-storefront-2.yaml" ] || fail "a stale policy stays in the folder"
[ -e "$dir/stale/web-storefront-3.yaml" ] || fail "a file of somebody else was removed"
status 0 "$STAKEOUT" compile --host-wide "$dir/host.yaml" -o "$dir/stale-host"
status 0 "$STAKEOUT" compile "$dir/host.yaml" -o "$dir/stale-host"
[ ! -e "$dir/stale-host/shop-cart.yaml" ] && [ ! -e "$dir/stale-host/kustomization.yaml" ] ||
	fail "the host-wide policy stays although it was not asked for any more"

# compiled one after the other: the kustomization names what the folder holds; one that a person wrote is left alone
for list in web-server node-service database; do
	status 0 "$STAKEOUT" compile $lists/$list.yaml -o "$dir/turns"
done
status 0 "$STAKEOUT" compile $lists/web-server.yaml $lists/node-service.yaml $lists/database.yaml -o "$dir/once"
diff -r "$dir/turns" "$dir/once" >/dev/null || fail "compiled in turns, the folder differs"
printf 'resources: [mine.yaml]\n' >"$dir/turns/kustomization.yaml"
status 0 "$STAKEOUT" compile $lists/web-server.yaml -o "$dir/turns"
said 'was not written by stakeout and stays'
grep -q mine.yaml "$dir/turns/kustomization.yaml" || fail "a person's kustomization was overwritten"

# another allowlist whose name is that of a second policy
sed 's/name: shop-cart/name: web-storefront-2/' $lists/node-service.yaml >"$dir/clash.yaml"
status 2 "$STAKEOUT" compile $lists/web-server.yaml "$dir/clash.yaml" -o "$dir/none"
said 'two of the allowlists'
[ ! -e "$dir/none/web-storefront.yaml" ] || fail "a refused compilation left files"

# changes that no evidence shows are named; a pod known by its cgroup only is not given a policy for namespace "unknown"
status 0 "$STAKEOUT" compile $lists/web-server.yaml -o "$dir/t"
said 'no evidence shows unlink+link+chmod'
grep -q 'No evidence shows unlink+link+chmod' "$dir/t/web-storefront.review.md" || fail "the review page is silent about what was not seen"
sed 's/namespace: shop/namespace: unknown/' $lists/node-service.yaml >"$dir/unknown.yaml"
status 2 "$STAKEOUT" compile "$dir/unknown.yaml" -o "$dir/none"
said 'by its cgroup only'

# the review page: a row for each rule, all its policies in it; the commands name every policy and do what they say
status 0 "$STAKEOUT" compile $lists/web-server.yaml --enforce -o "$dir/t"
page=$dir/t/web-storefront.review.md
[ "$(grep -c '^| file | lsm file' "$page")" = 1 ] && grep -q '(web-storefront, web-storefront-2)' "$page" || fail "rows are repeated for each policy"
grep -q 'policy-names web-storefront,web-storefront-2$' "$page" || fail "a policy is not watched"
grep -q '^   stakeout enforce web-storefront.image.elf --audit$' "$page" && grep -q '^   stakeout enforce web-storefront.image.elf --for 20m$' "$page" ||
	fail "the page does not tell how the image is rolled out"
grep -q "sed 's/value: enforce/value: monitor/' web-storefront-2.yaml | kubectl apply" "$page" || fail "an enforcing file is rolled out unwatched"
sed 's/value: enforce/value: monitor/' "$dir/t/web-storefront.yaml" | grep -q 'value: monitor' || fail "the command of the page does nothing"

# a caller longer than an agent compares is named, not the emitted line
sed "s|by: .*|by: [/$(printf '%0299d' 1)]|" $lists/web-server.yaml >"$dir/longcaller.yaml"
sed -i 's|\(by: [^]]*\]\)$|\1|; s|^\( *- {.*by: [^]]*\]\)$|\1}|' "$dir/longcaller.yaml"
status 2 "$STAKEOUT" compile "$dir/longcaller.yaml" -o "$dir/none"
said "has 300 bytes, and a caller in 'by' holds 255"

# what was recorded, is allowed by nobody and would be stopped is told, here and on the page
"$STAKEOUT" allow --db "$dir/s.db" cart --not '/app/*' --not '10.*' -o "$dir/less.yaml" 2>/dev/null
status 0 "$STAKEOUT" compile --db "$dir/s.db" "$dir/less.yaml" -o "$dir/less"
said 'recorded, on no list, and stopped when enforced: '
said 'exec /tmp/.x/xmrig by /usr/bin/dash'
grep -q '^## Recorded, and not allowed' "$dir/less/shop-cart.review.md" || fail "the review page is silent about what would be stopped"
status 0 "$STAKEOUT" compile --json --db "$dir/s.db" "$dir/less.yaml" -o "$dir/less"
said '"summary":true,"allowlist":"shop-cart".*"would_stop":[1-9]'

# each rule tells its evidence and how likely it stops something benign, and why
status 0 "$STAKEOUT" compile --db "$dir/s.db" "$dir/less.yaml" -o "$dir/less"
page=$dir/less/shop-cart.review.md
grep -q "^| exec .*| high: recorded, and not allowed.*entr.*, seen [0-9]* times in up to" "$page" || fail "no risk or evidence for exec"
grep -q "^| file | lsm path._link .*| high: no evidence shows whether the workload does link" "$page" || fail "no risk of links"
grep -q "^| raise-privilege .*| medium: .*| none: an allowlist" "$page" || fail "no risk of guards"

# evidence recorded under another name: a pod that its document names only now
sed 's/namespace: shop/namespace: store/' "$dir/less.yaml" >"$dir/renamed.yaml"
status 0 "$STAKEOUT" compile --db "$dir/s.db" "$dir/renamed.yaml" -o "$dir/renamed"
said 'no observation was replayed.*--workload'
status 0 "$STAKEOUT" compile --db "$dir/s.db" --workload shop/Deployment/cart/cart "$dir/renamed.yaml" -o "$dir/renamed"
said 'recorded, on no list'
status 2 "$STAKEOUT" compile --db "$dir/s.db" --workload nobody "$dir/renamed.yaml" -o "$dir/none"
said "holds no workload 'nobody'"
status 2 "$STAKEOUT" compile --workload cart "$dir/renamed.yaml" -o "$dir/none"
said 'say which with --db'

# a document that lets no program start is legal, and said to be one
printf '%s\n' 'apiVersion: stakeout/v1' 'kind: Allowlist' 'metadata: {name: none}' 'mode: enforce' 'exec: {allow: []}' \
	'workload: {namespace: shop, kind: Deployment, name: cart, container: main, podLabels: {app: cart}}' >"$dir/empty.yaml"
status 0 "$STAKEOUT" compile "$dir/empty.yaml" -o "$dir/empty"
said 'warning: exec allows nothing'
status 2 "$STAKEOUT" compile $lists/web-server.yaml --shape tracepoint -o "$dir/none"
said "use another shape (kernel 5.8 on), or drop 'by'"

# what a killed compilation left goes with the next one; what a running one writes stays
mkdir -p "$dir/killed"
touch "$dir/killed/.stakeout-999999999-x.yaml" "$dir/killed/.stakeout-$$-x.yaml"
status 0 "$STAKEOUT" compile $lists/web-server.yaml -o "$dir/killed"
[ ! -e "$dir/killed/.stakeout-999999999-x.yaml" ] && [ -e "$dir/killed/.stakeout-$$-x.yaml" ] || fail "temporary files of a killed compilation"

# what no policy holds is refused with the line that asks for it
long=/$(printf '%0300d' 7)
cat >"$dir/long.yaml" <<YAML
apiVersion: stakeout/v1
kind: Allowlist
metadata: {name: long}
workload: {namespace: shop, kind: Deployment, name: cart, container: main, podLabels: {app: cart}}
mode: enforce
exec:
  allow:
    - path: /usr/bin/true
    - {path: /usr/bin/x, by: [$long]}
    - path: $long/
YAML
status 2 "$STAKEOUT" compile "$dir/long.yaml" -o "$dir/none"
said 'long.yaml:9: error: .* 301 bytes, and a caller'
sed -i 9d "$dir/long.yaml"
status 2 "$STAKEOUT" compile "$dir/long.yaml" -o "$dir/none"
said 'long.yaml:9: error: .* 302 bytes, and a path prefix holds 255'
