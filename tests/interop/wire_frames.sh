#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# synfin wire on Ethernet: TAP devices with ARP and IPv6's neighbour discovery through them, veth
# pairs whose kernels leave checksums and segmentation undone, VLAN tags; and what a person is told
# when two devices cannot be joined or one goes away.
# shellcheck source=tests/interop/netns.sh
. "$(dirname "$0")/netns.sh"
LIMIT=200 enter_namespace "$0" "$@"
# shellcheck source=tests/interop/wire_ends.sh
. "$(dirname "$0")/wire_ends.sh"
make_ends

ip tuntap add mode tap name left0
ip tuntap add mode tap name right0
ip link set left0 txqueuelen 20000
start_wire tap:left0 tap:right0 --json --delay 3ms
ip link set left0 netns "$LEFT"
ip link set right0 netns "$RIGHT"
give_addresses 6
ping_right 3 0.01 # ARP is done
ping_right 30 0.02
between "tap: round trip of 2 x 3 ms, median in us" 6000 7000 "$MEDIAN"
equal "tap: answers" 30 "$ANSWERS"
transfer "tap: IPv4" "$RIGHT_V4" 5000000
transfer "tap: IPv6" "$RIGHT_V6" 5000000
contains "tap: what it joins" '"layer":"ethernet"' "$(head -n 1 "$KEPT/wire")"
stop_wire

# A veth pair each: the far ends are the kernels', the near ends are the wire's.
if ip link add near0 type veth peer name left0 2> "$KEPT/veth"; then
    ip link add near1 type veth peer name right0
    ip link set left0 netns "$LEFT"
    ip link set right0 netns "$RIGHT"
    sysctl -q -w net.ipv6.conf.near0.disable_ipv6=1 net.ipv6.conf.near1.disable_ipv6=1 2> /dev/null
    ip link set near0 up
    ip link set near1 up
    give_addresses 6
    start_wire packet:near0 packet:near1 --json --delay 1ms --loss 0.1% --pcapng "$KEPT/capture"
    transfer "packet: IPv4" "$RIGHT_V4" 20000000
    transfer "packet: IPv6" "$RIGHT_V6" 20000000
    spray 500 0.0005
    between "packet: UDP" 480 500 "$COUNTED"
    right python3 "$PEER" untag right0 > "$KEPT/untag" &
    taker=$!
    await_output "$KEPT/untag" listening
    left python3 "$PEER" tag left0
    wait $taker
    equal "packet: a VLAN tag passes" "6007 8100 tagged 74" "$(tail -n 1 "$KEPT/untag")"
    kill -INT "$WIRE"
    await_wire
    # 20 MB in segments of 1448 octets, twice; as 64 KB frames they would be a thousand.
    holds "packet: segments are split" test "$(figure a packets)" -gt 27000
    equal "packet: nothing was too long" 0 "$(figure a lost_mtu)"
    if command -v tshark > /dev/null; then
        equal "packet: checksums are right" "" "$(dissect "$KEPT/capture" \
            -Y 'tcp.checksum.status == 0 || ip.checksum.status == 0' | head)"
    fi

    # One end is removed while packets are under way.
    start_wire packet:near0 packet:near1 --json
    ip link del near0
    wait "$WIRE"
    equal "an interface goes away: status" 1 $?
    contains "an interface goes away" "packet:near0: the device failed" "$(cat "$KEPT/wire")"
    ip link del near1
else
    echo "without packet: $(cat "$KEPT/veth")"
fi

told=$("$SYNFIN" wire tun:a0 tap:b0 2>&1)
equal "two layers: status" 1 $?
contains "two layers" "tap:b0 carries Ethernet frames and tun:a0 bare IP datagrams" "$told"
told=$("$SYNFIN" wire tun:a0 tun:a0 2>&1)
equal "one device twice: status" 2 $?
contains "one device twice" "tun:a0 cannot be both ends" "$told"
contains "one device only" "which two devices" "$("$SYNFIN" wire tun:a0 2>&1)"
contains "no such interface" "there is no interface nosuch0 here" \
    "$("$SYNFIN" wire tun:a0 packet:nosuch0 2>&1)"
contains "no such end" '"client:SYN:1" is not WHO:WHAT[:K], such as a:SYN:1' \
    "$("$SYNFIN" wire tun:a0 tun:b0 --drop client:SYN:1 2>&1)"
contains "no such MTU" '"60" is not a number of octets from 68 to 65535' \
    "$("$SYNFIN" wire tun:a0 tun:b0 --mtu 60 2>&1)"
told=$("$SYNFIN" wire tun:a0 tun:b0 --time 10ms --pcapng "$KEPT/no/such" 2>&1)
equal "no such folder: status" 1 $?
contains "no such folder" "$KEPT/no/such: No such file or directory" "$told"
finish
