#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Paths that carry less than the interfaces at their ends, between synfin and the kernel in both
# roles, and between two kernels: black holes, and routers that say what they carry.
# shellcheck source=tests/interop/netns.sh
. "$(dirname "$0")/netns.sh"
LIMIT=120 enter_namespace "$0" "$@"
# shellcheck source=tests/interop/wire_ends.sh
. "$(dirname "$0")/wire_ends.sh"

head -c 1000000 /dev/urandom > "$KEPT/file"
file=$(sum "$KEPT/file")
make_link tun link0

# synfin sends: two timeouts of 200 ms and 400 ms at a black hole, none when it is told.
as_sender() { # NAME HOST FLAG...
    local name=$1 host=$2 begun got
    shift 2
    start_serve "$KEPT" --rto-min 200ms --delay 2ms "$@"
    begun=$(date +%s%N)
    got=$(curl -sS -m 20 "http://$host:$PORT/file" | sha256sum)
    TOOK=$(since "$begun")
    equal "synfin sends, $name: SHA-256" "$file" "${got%% *}"
    stop_serve
}

# The kernel sends, and gets back what it sent: both search.
as_both() { # NAME HOST FLAG...
    local name=$1 host=$2
    shift 2
    connect "$host" 7 --rto-min 200ms --delay 2ms "$@" < "$KEPT/file" > "$KEPT/got" 2> "$KEPT/err"
    equal "both send, $name: SHA-256" "$file" "$(sum "$KEPT/got")"
}

for mtu in 1400 1300; do
    as_sender "black hole of $mtu, IPv4" "$SYNFIN_V4" --mtu $mtu
    between "black hole of $mtu, IPv4: ms" 500 5000 "$TOOK"
    as_sender "black hole of $mtu, IPv6" "[$SYNFIN_V6]" --mtu $mtu
    between "black hole of $mtu, IPv6: ms" 500 5000 "$TOOK"
    as_sender "told $mtu, IPv4" "$SYNFIN_V4" --mtu $mtu --tell-mtu
    between "told $mtu, IPv4: ms" 0 450 "$TOOK"
    as_sender "told $mtu, IPv6" "[$SYNFIN_V6]" --mtu $mtu --tell-mtu
    between "told $mtu, IPv6: ms" 0 450 "$TOOK"
done
as_sender "black hole of 700" "$SYNFIN_V4" --mtu 700
between "black hole of 700: ms" 2500 15000 "$TOOK"
as_sender "black hole of 1400, always searching" "$SYNFIN_V4" --mtu 1400 --mtu-probing always
between "black hole of 1400, always searching: ms" 0 450 "$TOOK"

start_peer echo 7
as_both "told 1400, IPv4" "$KERNEL_V4" --mtu 1400 --tell-mtu
as_both "told 1400, IPv6" "$KERNEL_V6" --mtu 1400 --tell-mtu
ip route flush cache 2> /dev/null
if sysctl -q -w net.ipv4.tcp_mtu_probing=1 2> /dev/null; then
    as_both "black hole of 1450, IPv4" "$KERNEL_V4" --mtu 1450
fi
stop_peer
remove_link link0

# What the wire says of a narrow path is what a kernel understands.
make_ends
for family in 4 6; do
    address=$RIGHT_V4
    [ $family = 6 ] && address=$RIGHT_V6
    ip tuntap add mode tun name left0
    ip tuntap add mode tun name right0
    start_wire tun:left0 tun:right0 --json --delay 1ms --mtu 1360 --tell-mtu
    ip link set left0 netns "$LEFT"
    ip link set right0 netns "$RIGHT"
    give_addresses $family
    transfer "kernel told, IPv$family" "$address" 2000000
    stop_wire
    between "kernel told, IPv$family: packets that were too large" 1 100 "$(figure a lost_mtu)"
done
finish
