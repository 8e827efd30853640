#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# synfin wire between two kernels on TUN devices: delay, rate, each fault in the number that was
# asked for, targeted drops, the same faults for the same seed, captures, and how it ends.
# shellcheck source=tests/interop/netns.sh
. "$(dirname "$0")/netns.sh"
LIMIT=240 enter_namespace "$0" "$@"
# shellcheck source=tests/interop/wire_ends.sh
. "$(dirname "$0")/wire_ends.sh"
make_ends

# Twice the delay, within a millisecond. The median, because single answers wait for a processor
# that other programs have.
join_ends tun --delay 20ms
ping_right 60 0.03
stop_wire
between "round trip of 2 x 20 ms, median in us" 40000 41000 "$MEDIAN"
between "round trip of 2 x 20 ms, least in us" 40000 41000 "$LEAST"
equal "answers" 60 "$ANSWERS"
between "requests that passed" 60 70 "$(figure a delivered)"
between "own median lateness in ns" 0 1000000 "$(figure a late_ns.median)"
echo "round trip asked for 40 ms: least $LEAST, median $MEDIAN, greatest $GREATEST us;" \
    "late by $(figure a late_ns.p99) ns (99 %)"

# Delay that varies: from 20 to 40 ms for the way there, the same for the way back.
join_ends tun --delay 20ms --jitter 20ms
ping_right 60 0.06
stop_wire
between "round trip with jitter, least in us" 40000 56000 "$LEAST"
between "round trip with jitter, median in us" 52000 68000 "$MEDIAN"
between "round trip with jitter, greatest in us" 64000 1000000 "$GREATEST"

# A rate, with a queue in front of it: 40 octets of 1500 are headers with timestamps.
join_ends tun --rate 100mbit --delay 2ms --queue 200
transfer "100 Mbit/s" "$RIGHT_V4" 25000000
stop_wire
between "goodput at 100 Mbit/s" 90 97 "$MBITS"
between "rate at 100 Mbit/s, kbit/s" 90000 100500 "$(($(figure a rate_bps) / 1000))"
between "greatest queue" 20 200 "$(figure a queue_packets_max)"
echo "goodput at 100 Mbit/s: $MBITS Mbit/s"

# Random faults, each within five standard deviations, and what left is what arrived.
join_ends tun --loss 5% --seed 11
spray 4000 0.0002
stop_wire
equal "packets" 4000 "$(figure a packets)"
between "5 % of 4000 lost" 131 269 "$(figure a lost_random)"
equal "what was not lost arrived" "$COUNTED" "$((4000 - $(figure a lost_random)))"
equal "once each" "$COUNTED" "$DIFFERENT"
equal "in order" 0 "$LATE"
first=$ORDER
join_ends tun --loss 5% --seed 11
spray 4000 0.0002
stop_wire
equal "the same seed loses the same packets" "$first" "$ORDER"
join_ends tun --loss 5% --seed 12
spray 4000 0.0002
stop_wire
holds "another seed loses others" test "$first" != "$ORDER"

# A burst begins at one packet of a hundred and is four long: 160 of 4000, in about 40 pieces.
join_ends tun --burst 1%:25% --seed 13
spray 4000 0.0002
stop_wire
between "lost in bursts" 60 260 "$(figure a lost_random)"
equal "what was not lost in bursts arrived" "$COUNTED" "$((4000 - $(figure a lost_random)))"

# Every packet is held back by as much, so that none overtakes another.
join_ends tun --reorder 100% --reorder-by 30ms
spray 10 0.001
stop_wire
equal "held back alike: all came" 10 "$COUNTED"
equal "held back alike: in order" 0 "$LATE"
equal "held back alike: all of them" 10 "$(figure a reordered)"

# A bucket of 1000 octets that hardly fills: as many packets pass as it holds.
join_ends tun --police 1kbit,1kB
spray 40 0.001
stop_wire
equal "policed: what the bucket held passed" $((1000 * 40 / $(figure a octets))) "$COUNTED"
equal "policed: the rest is lost" $((40 - COUNTED)) "$(figure a lost_policed)"

join_ends tun --loss 100% --only-from b
spray 10 0.001
equal "loss from b only: all from a pass" 10 "$COUNTED"
stop_wire
join_ends tun --loss 100% --only-from a
spray 10 0.001
equal "loss from a only: none from a passes" 0 "$COUNTED"
stop_wire

join_ends tun --dup 10% --reorder 5% --delay 2ms
spray 4000 0.0002
stop_wire
between "10 % of 4000 doubled" 305 495 "$(figure a duplicated)"
between "5 % of 4000 held back" 131 269 "$(figure a reordered)"
equal "each came" 4000 "$DIFFERENT"
equal "copies came too" $((4000 + $(figure a duplicated))) "$COUNTED"
holds "some came late" test "$LATE" -gt 100

# A flipped bit is found by the receiver's checksum, and the transfer is only slower.
join_ends tun --corrupt 1% --delay 1ms
transfer "1 % corrupted" "$RIGHT_V4" 3000000
stop_wire
holds "bits were flipped" test "$(figure a corrupted)" -gt 5

# The kernel's first SYN is lost: it sends another after a second.
join_ends tun --drop a:SYN:1 --pcapng "$KEPT/capture"
transfer "first SYN lost" "$RIGHT_V4" 100000
stop_wire
equal "lost by --drop" 1 "$(figure a lost_targeted)"
equal "lost by --drop, the other way" 0 "$(figure b lost_targeted)"
between "connect waited for its timer, ms" 950 3000 "$CONNECT_MS"
if command -v tshark > /dev/null; then
    read_capture() { dissect "$KEPT/capture" "$@"; }
    equal "capture: SYNs" 2 "$(read_capture -Y 'tcp.flags.syn == 1 && tcp.flags.ack == 0' | wc -l)"
    contains "capture: what became of the first" "chosen by --drop" \
        "$(read_capture -Y 'frame.comment' -T fields -e frame.comment)"
    equal "capture: packets" $(($(figure a packets) + $(figure b packets))) \
        "$(read_capture -T fields -e frame.number | wc -l)"
    equal "capture: checksums are right" "" "$(read_capture \
        -Y 'tcp.checksum.status == 0 || ip.checksum.status == 0')"
    holds "capture: the time of day" test \
        $(($(date +%s) - $(read_capture -c 1 -T fields -e frame.time_epoch | cut -d. -f1))) -lt 60
fi

# The answer of the other end, twice; and every acknowledgment that carries nothing, from the 3rd.
join_ends tun --drop b:SYN+ACK:1-2 --drop b:FIN:1
transfer "two SYN+ACKs and a FIN lost" "$RIGHT_V4" 100000
stop_wire
equal "lost by two rules" 3 "$(figure b lost_targeted)"

# A path that swallows what is too long for it.
join_ends tun --mtu 1000
spray 10 0.001
equal "short datagrams pass" 10 "$COUNTED"
left python3 "$PEER" spray "$RIGHT_V4" 4000 7 0.001 1200
stop_wire
equal "long ones do not" 7 "$(figure a lost_mtu)"
# What an interface sends whose MTU was raised later is not cut off, but lost as too long.
join_ends tun
left ip link set left0 mtu 3000
left python3 "$PEER" spray "$RIGHT_V4" 4000 7 0.001 1473
left python3 "$PEER" spray "$RIGHT_V4" 4000 3 0.001 1472
stop_wire
equal "longer than the MTU was" 7 "$(figure a lost_mtu)"
equal "as long as it was" 3 "$(figure a delivered)"

# It ends by itself, tells people the same, and takes its interfaces with it.
"$SYNFIN" wire tun:own0 tun:own1 --time 300ms --delay 3ms --jitter 1ms > "$KEPT/wire" 2>&1
equal "--time: status" 0 $?
contains "it says what it joins" \
    "joined a = tun:own0 and b = tun:own1: IP datagrams of up to 1500 octets" "$(cat "$KEPT/wire")"
contains "and the delay asked for" "delay asked for" "$(cat "$KEPT/wire")"
holds "made interfaces are gone" is_gone own0

# A bulk: a figure, and no judgement, because other programs may run here.
join_ends tun
transfer "bulk" "$RIGHT_V4" 200000000
stop_wire
echo "1500 octets each, in bulk: $MBITS Mbit/s of TCP, $(($(figure a rate_bps) / 1000000)) of IP;" \
    "late by $(figure a late_ns.median) ns (median), $(figure a late_ns.p99) ns (99 %)"
finish
