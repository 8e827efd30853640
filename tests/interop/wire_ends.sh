# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Two kernels joined by synfin wire: two more network namespaces, and the devices between them and
# this one, where the command runs. Sourced after netns.sh.
#
#     [left  192.0.2.1, 2001:db8::1] left0 ---- synfin wire ---- right0 [right  .2, ::2]

LEFT_V4=192.0.2.1 RIGHT_V4=192.0.2.2 RIGHT_V6=2001:db8::2
PEER=$(dirname "$0")/wire_peer.py
WIRE=
# Who times packets wants the processor as soon as one comes; not everybody may.
PUNCTUAL=()
if chrt -r 1 true 2> /dev/null; then
    PUNCTUAL=(chrt -r 1)
fi

make_ends() {
    sysctl -q -w net.ipv6.conf.default.disable_ipv6=1 2> /dev/null
    unshare -n sleep 600 &
    LEFT=$!
    unshare -n sleep 600 &
    RIGHT=$!
    # They have namespaces of their own once theirs is not ours.
    local pid
    for pid in $LEFT $RIGHT; do
        for _ in $(seq 200); do
            [ "$(readlink "/proc/$pid/ns/net")" != "$(readlink /proc/self/ns/net)" ] && break
            sleep 0.01
        done
    done
}
left() { nsenter -t "$LEFT" -n "$@"; }
right() { nsenter -t "$RIGHT" -n "$@"; }

# shellcheck disable=SC2120,SC2119  # the argument may be left out
# IPv6 only where it is asked for: its own messages would take numbers of targeted drops.
give_addresses() { # [6]
    local side
    for side in left right; do
        "$side" sysctl -q -w "net.ipv6.conf.${side}0.disable_ipv6=$((${1-0} == 6 ? 0 : 1))" \
            2> /dev/null
    done
    left ip addr add "$LEFT_V4/24" dev left0
    right ip addr add "$RIGHT_V4/24" dev right0
    if [ "${1-}" = 6 ]; then
        left ip -6 addr add 2001:db8::1/64 dev left0 nodad
        right ip -6 addr add "$RIGHT_V6/64" dev right0 nodad
    fi
    left ip link set left0 up
    right ip link set right0 up
}

start_wire() { # DEVICE-A DEVICE-B ARGUMENT...
    : > "$KEPT/wire"
    "$SYNFIN" wire "$@" > "$KEPT/wire" 2>&1 &
    WIRE=$!
    await_output "$KEPT/wire"
}

# Joins both namespaces through a TUN or TAP device each; queues as long as a burst may be.
join_ends() { # tun|tap ARGUMENT...
    local kind=$1 side
    shift
    for side in left right; do
        ip tuntap add mode "$kind" name "${side}0"
        ip link set "${side}0" txqueuelen 20000
    done
    start_wire "$kind:left0" "$kind:right0" --json "$@"
    ip link set left0 netns "$LEFT"
    ip link set right0 netns "$RIGHT"
    give_addresses
}

# Ends it; its lines are in $KEPT/wire.
stop_wire() {
    kill -INT "$WIRE" 2> /dev/null
    await_wire
    left ip link del left0
    right ip link del right0
}
await_wire() {
    wait "$WIRE"
    STATUS=$?
    WIRE=
    if [ "$STATUS" -ne 0 ]; then
        echo "FAILED: synfin wire ended with status $STATUS:"
        tail -n 20 "$KEPT/wire"
        FAILED=$((FAILED + 1))
    fi
}

# One figure of a direction, as late_ns.median of a.
figure() { # a|b NAME
    python3 -c '
import json, sys
for line in open(sys.argv[3]):
    value = json.loads(line)
    if value["event"] == "direction" and value["from"] == sys.argv[1]:
        for name in sys.argv[2].split("."):
            value = value[name]
        print(value)' "$1" "$2" "$KEPT/wire"
}

# Round trips from left to right, in us.
ping_right() { # COUNT GAP
    # shellcheck disable=SC2034  # for who calls this
    read -r LEAST MEDIAN GREATEST ANSWERS < <(left "${PUNCTUAL[@]}" python3 "$PEER" ping \
        "$RIGHT_V4" "$1" "$2")
}

# Counted datagrams from left to right; what came is in COUNTED, DIFFERENT, LATE and ORDER.
spray() { # N GAP
    : > "$KEPT/count"
    right python3 "$PEER" count 4000 1 > "$KEPT/count" &
    local counter=$!
    await_output "$KEPT/count" listening
    left python3 "$PEER" spray "$RIGHT_V4" 4000 "$1" "$2"
    wait $counter
    # shellcheck disable=SC2034  # for who calls this
    read -r COUNTED DIFFERENT LATE ORDER < <(tail -n 1 "$KEPT/count")
}

# A TCP transfer from left to right; its octets must be the same. Sets MBITS and CONNECT_MS.
transfer() { # NAME ADDRESS OCTETS
    : > "$KEPT/sink"
    local family=0.0.0.0 taker sent got octets
    [[ $2 == *:* ]] && family=::
    right python3 "$PEER" sink 5000 "$family" > "$KEPT/sink" &
    taker=$!
    await_output "$KEPT/sink" listening
    # shellcheck disable=SC2034  # for who calls this
    read -r sent CONNECT_MS < <(left python3 "$PEER" source "$2" 5000 "$3")
    wait $taker
    # shellcheck disable=SC2034  # for who calls this
    read -r octets got MBITS < <(tail -n 1 "$KEPT/sink")
    equal "$1: octets" "$3" "$octets"
    equal "$1: SHA-256" "$sent" "$got"
}
