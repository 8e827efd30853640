#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# tshark reads the captures: nothing malformed, no wrong checksum, each packet of ours with its
# reason, and the life of the connection as tshark sees it.
# shellcheck source=tests/interop/netns.sh
. "$(dirname "$0")/netns.sh"
LIMIT=60 enter_namespace "$0" "$@"
command -v tshark > /dev/null || skip "tshark is not installed"

head -c 300000 /dev/urandom > "$KEPT/file"

read_capture() { # FILTER ARGUMENT...
    tshark -r "$KEPT/capture" -o tcp.check_checksum:TRUE -o ip.check_checksum:TRUE \
        -o tcp.relative_sequence_numbers:TRUE -Y "$1" "${@:2}" 2> "$KEPT/tshark"
}
count() { read_capture "$1" | wc -l; }

judge() { # NAME ADDRESS-OF-SYNFIN
    local ip=ip wrong again="(tcp.analysis.retransmission || tcp.analysis.spurious_retransmission)"
    [[ $2 == *:* ]] && ip=ipv6
    # Linux writes a checksum of 0 as 0xffff, which adds up just as well; of the kernel's own
    # segments, and of nothing else, that is no finding.
    wrong="(ip.checksum.status == 0 || tcp.checksum.status == 0 || udp.checksum.status == 0 ||
        icmp.checksum.status == 0 || icmpv6.checksum.status == 0) &&
        !(tcp.checksum.ffff && $ip.dst == $2)"
    equal "$1: malformed" "" "$(read_capture '_ws.malformed')"
    equal "$1: wrong checksums" "" "$(read_capture "$wrong")"
    equal "$1: severe findings" "" "$(read_capture '_ws.expert.severity == error')"
    # Nothing is lost here; a busy machine may be slower than a tail-loss probe (RFC 8985 §7).
    holds "$1: retransmissions" test "$(count "$again")" -le 2
    equal "$1: SYNs" 2 "$(count "tcp.flags.syn == 1 && !$again")"
    equal "$1: FINs" 2 "$(count "tcp.flags.fin == 1 && !$again")"
    equal "$1: resets" 0 "$(count 'tcp.flags.reset == 1')"
    holds "$1: many segments" test "$(count "tcp")" -gt 100
    equal "$1: segments of ours without reason" 0 \
        "$(count "tcp && $ip.src == $2 && !frame.comment")"
    contains "$1: a clause" "RFC 9293" \
        "$(read_capture "tcp.flags.syn == 1 && $ip.src == $2" -T fields -e frame.comment)"
}

start_peer echo 7
for kind in tun tap; do
    make_link $kind link0
    for host in $SYNFIN_V4 "[$SYNFIN_V6]"; do
        start_serve "$KEPT" --once 1 --msl 20ms --pcapng "$KEPT/capture"
        curl -sS -m 10 -o /dev/null "http://$host:$PORT/file"
        await_serve
        judge "serve $kind $host" "$(tr -d '[]' <<< "$host")"
    done
    connect "$KERNEL_V4" 7 --pcapng "$KEPT/capture" < "$KEPT/file" > /dev/null
    judge "connect $kind" "$SYNFIN_V4"
    connect "$KERNEL_V6" 7 --pcapng "$KEPT/capture" < "$KEPT/file" > /dev/null
    judge "connect $kind IPv6" "$SYNFIN_V6"
    remove_link link0
done
stop_peer

# The epoch: the capture shows the time of day.
first=$(tshark -r "$KEPT/capture" -c 1 -T fields -e frame.time_epoch 2> /dev/null | cut -d. -f1)
holds "the time of day" test $(($(date +%s) - first)) -lt 60
finish
