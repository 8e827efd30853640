#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Buffers that size themselves, with the kernel at the other end of a path of 50 ms and 100 Mbit/s,
# of which a window of 64 KiB fills a tenth: both ways, and what the library tells of its buffers.
# shellcheck source=tests/interop/netns.sh
. "$(dirname "$0")/netns.sh"
LIMIT=200 enter_namespace "$0" "$@"
# shellcheck source=tests/interop/wire_ends.sh
. "$(dirname "$0")/wire_ends.sh"

FIXED_KBITS=10486 # 64 KiB in each round trip of 50 ms
make_ends
for side in left right; do
    ip link add "${side}1" type veth peer name "${side}0" 2> "$KEPT/veth" ||
        skip "no veth pair can be made here: $(cat "$KEPT/veth")"
    sysctl -q -w "net.ipv6.conf.${side}1.disable_ipv6=1" 2> /dev/null
    ip link set "${side}1" up
done
ip link set left0 netns "$LEFT"
ip link set right0 netns "$RIGHT"
give_addresses
right ip addr flush dev right0 # it is synfin's
start_wire packet:left1 packet:right1 --json --delay 25ms --rate 100mbit

# synfin on the right; what it told is in $KEPT/told.
dial() { # FLAG...
    right "$SYNFIN" connect "$LEFT_V4" 5000 --link packet:right0 --addr "$RIGHT_V4/24" --json "$@" \
        2> "$KEPT/told"
}
told() { # NAME
    python3 -c '
import json, sys
for line in open(sys.argv[2]):
    print(json.loads(line).get(sys.argv[1], ""))' "$1" "$KEPT/told" | tail -n 1
}

# The kernel sends, and synfin's window grows. Sets KBITS.
receive() { # OCTETS FLAG...
    local begun giver octets=$1
    shift
    : > "$KEPT/give"
    left python3 "$PEER" give 5000 "$octets" > "$KEPT/give" &
    giver=$!
    await_output "$KEPT/give" listening
    begun=$(date +%s%N)
    dial "$@" < /dev/null > "$KEPT/got"
    KBITS=$((octets * 8 / $(since "$begun")))
    wait $giver
    equal "synfin receives $*: SHA-256" "$(tail -n 1 "$KEPT/give")" "$(sum "$KEPT/got")"
}

# synfin sends, and its send buffer grows.
send() { # OCTETS FLAG...
    local begun taker octets=$1
    shift
    head -c "$octets" /dev/urandom > "$KEPT/file"
    : > "$KEPT/sink"
    left python3 "$PEER" sink 5000 > "$KEPT/sink" &
    taker=$!
    await_output "$KEPT/sink" listening
    begun=$(date +%s%N)
    dial "$@" < "$KEPT/file"
    KBITS=$((octets * 8 / $(since "$begun")))
    wait $taker
    equal "synfin sends $*: SHA-256" "$(sum "$KEPT/file")" \
        "$(tail -n 1 "$KEPT/sink" | cut -d' ' -f2)"
}

receive 12000000
between "synfin receives, kbit/s" $((3 * FIXED_KBITS)) 100000 "$KBITS"
between "receive buffer in the end" 600000 67108864 "$(told receive_buffer_bytes)"
echo "synfin receives: $KBITS kbit/s, buffer of $(told receive_buffer_bytes) octets"
send 12000000
between "synfin sends, kbit/s" $((3 * FIXED_KBITS)) 100000 "$KBITS"
between "send buffer in the end" 600000 67108864 "$(told send_buffer_bytes)"
echo "synfin sends: $KBITS kbit/s, buffer of $(told send_buffer_bytes) octets"

# Held to 64 KiB, both are what the arithmetic says, and the path stands idle.
receive 2000000 --receive-buffer-max 64KiB
between "synfin receives by 64 KiB, kbit/s" 1000 $((FIXED_KBITS * 11 / 10)) "$KBITS"
equal "receive buffer of 64 KiB" 65536 "$(told receive_buffer_bytes)"
send 2000000 --send-buffer-max 64KiB
between "synfin sends by 64 KiB, kbit/s" 1000 $((FIXED_KBITS * 11 / 10)) "$KBITS"
equal "send buffer of 64 KiB" 65536 "$(told send_buffer_bytes)"
kill -INT "$WIRE"
await_wire
finish
