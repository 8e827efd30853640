#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What the command says to wrong usage: exit status 2, and on stderr the flag and the value. The
# table below is: what stderr must contain, and the arguments.
set -eu

root=${SYNFIN_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
synfin=${SYNFIN:-$root/build/release/synfin}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

fail() {
    echo "cli.sh: $*" >&2
    failed=1
}

# expect STATUS STDERR ARGUMENTS...
expect() {
    wanted=$1
    text=$2
    shift 2
    status=0
    "$synfin" "$@" >"$work/out" 2>"$work/err" || status=$?
    [ "$status" = "$wanted" ] || fail "synfin $*: status $status, expected $wanted"
    [ -z "$text" ] || grep -qF -e "$text" "$work/err" \
        || fail "synfin $*: stderr has no $text: $(cat "$work/err")"
}

expect 2 'usage: synfin COMMAND'
expect 2 'no command "bogus"' bogus
expect 2 'name a scenario' lab
expect 2 'no scenario "nosuch"' lab nosuch
expect 2 'no flag --nope' lab close --nope
expect 2 '--delay: "20" is not a time' lab close --delay 20
expect 2 '--delay: "-1ms" is not a time' lab close --delay=-1ms
expect 2 '--delay: "1.5.2s" is not a time' lab close --delay 1.5.2s
expect 2 '--msl: "0.5ns" is not a time' lab close --msl 0.5ns
expect 2 '--msl: "99999999999h" is not a time' lab close --msl 99999999999h
expect 2 '--delay needs a value' lab close --delay
expect 2 '--loss: "120%" is not a probability' lab close --loss 120%
expect 2 '--loss: "1.01" is not a probability' lab close --loss 1.01
expect 2 '--dup: "" is not a probability' lab close --dup=
expect 2 '--rate: "fast" is not a rate' lab close --rate fast
expect 2 '--rate: "0" is not a rate' lab close --rate 0
expect 2 '--queue: "4294967296" is not a number of at most' lab close --queue 4294967296
expect 2 '--seed: "0xg" is not a number' lab close --seed 0xg
expect 2 '--drop: "client:FOO" is not WHO:WHAT' lab close --drop client:FOO
expect 2 '--list takes no value' lab --list=1
expect 2 '"extra" is one argument too many' lab close extra
expect 2 '"close" and --all exclude each other' lab close --all
expect 2 '--svg and --pcapng hold one scenario' lab --all --svg "$work/x.svg"
expect 2 'invalid argument' lab close --rto 0
expect 2 '--flows is a number from 1 to 256' lab transfer --flows 0
expect 2 '--bytes: "0" is not a number of octets' lab transfer --bytes 0
expect 2 '--bytes: "1mB" is not a number of octets' lab transfer --bytes 1mB
expect 2 '--cc: "cubic,vegas" is not names such as' lab transfer --cc cubic,vegas
expect 2 '--cc names several for synfin lab transfer only' lab close --cc cubic,reno
expect 2 '--bytes is for synfin lab transfer' lab close --bytes 1MB
expect 2 '--plot-time: "2s-1s" is not FROM-TO' lab transfer --plot-time 2s-1s
expect 2 '--burst: "1%" is not P:Q' lab transfer --burst 1%
expect 2 '--burst: "1%:2%:3%:4%" is not P:Q' lab transfer --burst 1%:2%:3%:4%
expect 2 '--only-from: "a" is not client or server' lab transfer --only-from a
expect 1 '--plot: cannot write' lab transfer --bytes 1kB --plot "$work/missing/x.svg"
expect 1 'flow 1: the peer did not answer' lab transfer --loss 100%
expect 2 'which two devices?' wire tun:a0
expect 2 'tun:a0 cannot be both ends' wire tun:a0 tun:a0
expect 2 '"tun:c0" is one argument too many' wire tun:a0 tun:b0 tun:c0
expect 2 '"client:SYN" is not WHO:WHAT[:K], such as a:SYN:1' wire tun:a0 tun:b0 --drop client:SYN
expect 2 '--mtu: "67" is not a number of octets from 68 to 65535' wire tun:a0 tun:b0 --mtu 67
expect 2 'no flag --svg' wire tun:a0 tun:b0 --svg "$work/x.svg"
expect 1 '"a0" names no device' wire a0 b0
expect 2 '--counterexample stands alone' lab close --counterexample "$work/x.txt"
expect 1 '--counterexample: cannot read' lab --counterexample "$work/missing.txt"
printf 'control: x\nno row\n' >"$work/wrong.txt"
expect 2 'is no counterexample: line 2' lab --counterexample "$work/wrong.txt"
printf 'fails: P1\n1 | 2 | 3 | 4 | 5 | 6 | 7\n1 | A | open | | | ASLEEP | CLOSED\n' \
    >"$work/wrong.txt"
expect 2 'is no counterexample: line 3' lab --counterexample "$work/wrong.txt"
expect 2 'is not never, full or always' lab handshake --syn-cookies maybe
expect 1 "--svg: cannot write" lab close --svg "$work/missing/x.svg"
expect 1 "--pcapng: cannot write" lab close --pcapng "$work/missing/x.pcapng"

expect 0 '' --help
grep -q '^  lab ' "$work/out" || fail "--help does not name lab"
expect 0 '' --version
grep -qx 'synfin [0-9.]*' "$work/out" || fail "--version is not one line"
expect 0 '' lab --help
for flag in --seed --delay --drop --msl --svg --pcapng --json; do
    grep -q "^  $flag" "$work/out" || fail "lab --help does not name $flag"
done

# Values in all their forms: the same link each time.
"$synfin" lab close --json --delay 1500us --loss 0% >"$work/a"
for delay in 1.5ms 0.0015s 1500000ns; do
    "$synfin" lab close --json --delay="$delay" --loss 0 >"$work/b"
    cmp "$work/a" "$work/b" || fail "--delay=$delay is not 1500us"
done

# A cookie is a first sequence number like any other, and nothing is kept before it comes back.
"$synfin" lab handshake --syn-cookies always >"$work/out"
grep -q 'a cookie came back' "$work/out" || fail "--syn-cookies always gives no cookie"

# The same number of octets in all its forms.
"$synfin" lab transfer --json --bytes 1048576 >"$work/a"
for bytes in 1MiB 1024KiB 1048.576kB; do
    "$synfin" lab transfer --json --bytes $bytes >"$work/b"
    cmp "$work/a" "$work/b" || fail "--bytes $bytes is not 1048576"
done

# Buffers that may not grow: 64 KiB each round trip of 50 ms, and no more.
for flag in --send-buffer-max --receive-buffer-max; do
    "$synfin" lab transfer --json --rate 100mbit --delay 25ms --bytes 3MB $flag 64KiB >"$work/out"
    goodput=$(sed -n 's/.*"event":"transfer".*"goodput_bps":\([0-9]*\).*/\1/p' "$work/out")
    if [ "$goodput" -lt 9000000 ] || [ "$goodput" -gt 10500000 ]; then
        fail "$flag 64KiB gives $goodput bit/s"
    fi
done
expect 2 'is not a number of octets from 512 to 1GiB' lab transfer --send-buffer-max 100
expect 2 'is not a number of octets from 512 to 1GiB' lab transfer --receive-buffer-max 2GiB

# A plot is a whole document, the same each time, and of a bounded size however much it shows.
plot() {
    "$synfin" lab transfer --plot "$@" >"$work/out" || fail "--plot $* ends with status $?"
    python3 "$root/tests/golden/plot_bounds.py" "$1" || fail "--plot $* leaves its page"
    [ "$(wc -c <"$1")" -lt 1000000 ] || fail "--plot $* has $(wc -c <"$1") octets"
}
plot "$work/a.svg" --loss 1% --burst 0.1%:30% --bytes 3MB
plot "$work/b.svg" --loss 1% --burst 0.1%:30% --bytes 3MB
cmp "$work/a.svg" "$work/b.svg" || fail "the same transfer gives two plots"
plot "$work/b.svg" --loss 1% --burst 0.1%:30% --bytes 3MB --plot-time 0.1s-0.2s
if cmp -s "$work/a.svg" "$work/b.svg"; then fail "--plot-time changes nothing"; fi
plot "$work/a.svg" --flows 12 --loss 3% --reorder 1% --time 20s --plot-time 1s-30s
plot "$work/a.svg" --loss 100% --plot-time 5000s-5001s --bytes 1kB --time 1s

# In a pipe nothing is coloured; files hold what they should.
"$synfin" lab reset --svg "$work/x.svg" --pcapng "$work/x.pcapng" >"$work/out"
if grep -q "$(printf '\033')" "$work/out"; then fail "colours in a pipe"; fi
grep -q '^</svg>$' "$work/x.svg" || fail "--svg is no whole document"
"$synfin" lab --counterexample "$root/models/counterexamples/no-rst.txt" --svg "$work/y.svg" \
    >"$work/out"
grep -q '^</svg>$' "$work/y.svg" || fail "--counterexample --svg is no whole document"
[ "$(od -An -tx1 -N4 "$work/x.pcapng" | tr -d ' ')" = 0a0d0d0a ] || fail "--pcapng is no pcapng"

exit "$failed"
