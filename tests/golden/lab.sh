#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Plays every scenario of the lab and some transfers, and compares what it writes, as JSON
# and as text, octet for octet with tests/golden/lab/. The pictures of transfers are those of docs
# (tests/docs/ladders.sh). With --update the files are written instead: read the difference before
# committing it. SYNFIN is the command, SYNFIN_SOURCE the project's root.
set -eu

root=${SYNFIN_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
synfin=${SYNFIN:-$root/build/release/synfin}
golden=$root/tests/golden/lab
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "lab.sh: $*" >&2
    failed=1
}

update=${1:-}
failed=0
names=$("$synfin" lab --list | cut -d' ' -f1)
for name in $names; do
    "$synfin" lab "$name" --json >"$work/$name.json" || fail "$name --json ends with status $?"
    "$synfin" lab "$name" >"$work/$name.txt" || fail "$name ends with status $?"
done

# Transfers over paths with faults: name, what is written of it, flags.
while read -r name forms flags; do
    transfers="${transfers:-} $name:$forms"
    for form in $(echo "$forms" | tr , ' '); do
        json=
        [ "$form" = txt ] || json=--json
        # shellcheck disable=SC2086  # each flag is a word
        "$synfin" lab transfer $flags $json >"$work/$name.$form" || fail "$name: status $?"
    done
done <<'TABLE'
transfer-loss txt,json --bytes 2MB --loss 1%
transfer-bursts txt --bytes 5MB --burst 0.5%:30%
transfer-reordering txt --bytes 5MB --reorder 1% --reorder-by 5ms
transfer-late txt --bytes 5MB --reorder 1% --reorder-by 2ms --reorder-jitter 10ms
transfer-flows txt --time 3s --flows 3 --cc cubic,newreno --rate 20mbit
TABLE

if [ "${update:-}" = --update ]; then
    mkdir -p "$golden"
    rm -f "$golden"/*.json "$golden"/*.txt
    cp "$work"/*.json "$work"/*.txt "$golden"
    echo "wrote the files under tests/golden/lab"
    exit "$failed"
fi

for name in $names; do
    for form in json txt; do
        diff -u "$golden/$name.$form" "$work/$name.$form" || fail "$name.$form differs"
    done
done
for transfer in $transfers; do
    for form in $(echo "${transfer#*:}" | tr , ' '); do
        name=${transfer%:*}.$form
        diff -u "$golden/$name" "$work/$name" || fail "$name differs"
    done
done
for file in "$golden"/*; do
    [ -e "$work/$(basename "$file")" ] || fail "$file belongs to no scenario"
done

# --all is each of them, one after the other; and the same seed gives the same octets again.
for name in $names; do cat "$work/$name.json"; done >"$work/each"
"$synfin" lab --all --json >"$work/all" || fail "--all --json ends with status $?"
cmp "$work/each" "$work/all" || fail "--all --json is not the scenarios one after the other"
"$synfin" lab half-close --seed 7 --loss 20% --jitter 9ms --json >"$work/first" || fail "seed 7"
"$synfin" lab half-close --seed 7 --loss 20% --jitter 9ms --json >"$work/second" || fail "seed 7"
cmp "$work/first" "$work/second" || fail "the same seed gives other octets"
"$synfin" lab half-close --seed 8 --loss 20% --jitter 9ms --json >"$work/second" || fail "seed 8"
if cmp -s "$work/first" "$work/second"; then fail "another seed gives the same octets"; fi

# Every counterexample of the models can be drawn, and those that scenarios tell of are the same.
for file in "$root"/models/counterexamples/*.txt; do
    "$synfin" lab --counterexample "$file" >"$work/drawn" || fail "$file cannot be drawn"
    fails=$(sed -n 's/^fails: //p' "$file")
    grep -qF "$fails" "$work/drawn" || fail "$file: the drawing does not say what fails"
    "$synfin" lab --counterexample "$file" --json >"$work/lines" || fail "$file --json fails"
done
contains='import sys; sys.exit(open(sys.argv[2]).read() not in open(sys.argv[1]).read())'
for pair in why-three:two-way-handshake why-three:two-way-deaf-client \
    why-four:close-without-waiting; do
    file=$root/models/counterexamples/${pair#*:}.txt
    "$synfin" lab --counterexample "$file" >"$work/drawn"
    python3 -c "$contains" "$work/${pair%:*}.txt" "$work/drawn" || fail "${pair%:*} is not $file"
done

# Over IPv6 every scenario ends the same way, and in the same millisecond: on a link with a rate the
# longer header takes some microseconds more.
"$synfin" lab --all --ipv6 --json >"$work/ipv6" || fail "--ipv6 ends with status $?"
ends() {
    grep '"event":"end"' "$1" | sed -E 's/("t_ns":[0-9]*)[0-9]{6},/\1 ms,/'
}
ends "$work/all" >"$work/ends"
ends "$work/ipv6" | diff -u "$work/ends" - || fail "IPv6 ends otherwise than IPv4"

exit "$failed"
