#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The lab's losses against the kernel, in both roles: a fault link on the device drops the first or
# the first two of a kind of segment, and the connection must come to its end all the same, every
# octet intact; then random loss, reordering, duplication and corruption under bulk.
# shellcheck source=tests/interop/netns.sh
. "$(dirname "$0")/netns.sh"
LIMIT=120 enter_namespace "$0" "$@"

head -c 200000 /dev/urandom > "$KEPT/file"
file=$(sum "$KEPT/file")
make_link tun link0
# The kernel waits 1 s before it sends a SYN or SYN+ACK again, which is most of this test's time.

is_json() { # NAME FILE: every line is one object with an event
    holds "$1: one JSON object per line" python3 -c '
import json, sys
assert all("event" in json.loads(line) for line in open(sys.argv[1]))' "$2"
}

as_server() { # NAME DROP...
    local name=$1 drops=() drop got
    shift
    for drop in "$@"; do
        drops+=(--drop "$drop")
    done
    start_serve "$KEPT" --once 1 --msl 50ms --json --ladder --rto-min 200ms --syn-ack-rto 300ms \
        "${drops[@]}"
    got=$(curl -sS -m 15 -H 'Connection: close' "http://$SYNFIN_V4:$PORT/file" | sha256sum)
    equal "serve $name: SHA-256" "$file" "${got%% *}"
    await_serve
    contains "serve $name: ends in order" '"outcome":"closed"' "$(cat "$KEPT/serve")"
    contains "serve $name: leaves TIME-WAIT" '"from":"TIME-WAIT","to":"CLOSED"' \
        "$(cat "$KEPT/serve")"
    equal "serve $name: one connection" 1 "$(grep -c '"event":"accepted"' "$KEPT/serve")"
    is_json "serve $name" "$KEPT/serve"
    contains "serve $name: it was lost" '"fate":"lost"' "$(cat "$KEPT/serve")"
}

as_client() { # NAME DROP...
    local name=$1 drops=() drop
    shift
    for drop in "$@"; do
        drops+=(--drop "$drop")
    done
    connect "$KERNEL_V4" 7 --rto 200ms --rto-min 200ms --json --ladder "${drops[@]}" \
        < "$KEPT/file" > "$KEPT/got" 2> "$KEPT/err"
    equal "connect $name: status" 0 $?
    equal "connect $name: SHA-256" "$file" "$(sum "$KEPT/got")"
    contains "connect $name: ends in order" '"outcome":"closed"' "$(cat "$KEPT/err")"
    is_json "connect $name" "$KEPT/err"
    contains "connect $name: it was lost" '"fate":"lost"' "$(cat "$KEPT/err")"
}

as_server lost-syn client:SYN:1
as_server lost-synack server:SYN+ACK:1
as_server lost-ack client:ACK:1
as_server lost-data server:DATA:3
as_server lost-fin server:FIN:1
as_server lost-fin-twice server:FIN:1 server:FIN:2
as_server lost-last-fin client:FIN:1

start_peer echo 7
as_client lost-syn client:SYN:1
as_client lost-syn-twice client:SYN:1 client:SYN:2
as_client lost-synack server:SYN+ACK:1
as_client lost-ack client:ACK:1
as_client lost-data client:DATA:3
as_client lost-fin client:FIN:1
as_client lost-last-fin server:FIN:1

# Everything at once, and it must only be slower.
faults=(--loss 1% --dup 1% --reorder 2% --corrupt 0.5% --delay 1ms --jitter 1ms --rto-min 200ms)
head -c 2000000 /dev/urandom > "$KEPT/file"
file=$(sum "$KEPT/file")
for seed in 1 2 3; do
    connect "$KERNEL_V6" 7 "${faults[@]}" --seed $seed < "$KEPT/file" > "$KEPT/got"
    equal "faults, connect, seed $seed" "$file" "$(sum "$KEPT/got")"
    start_serve "$KEPT" "${faults[@]}" --seed $seed
    equal "faults, serve, seed $seed" "$file" \
        "$(curl -sS -m 20 "http://[$SYNFIN_V6]:$PORT/file" | sha256sum | cut -d' ' -f1)"
    stop_serve
done
stop_peer
finish
