#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# tshark reads the captures: nothing malformed, no wrong checksum, each packet of ours with its
# reason, and the life of the connection as tshark sees it.
# shellcheck source=tests/interop/netns.sh
. "$(dirname "$0")/netns.sh"
LIMIT=120 enter_namespace "$0" "$@"
command -v tshark > /dev/null || skip "tshark is not installed"

head -c 300000 /dev/urandom > "$KEPT/file"

fields=(ip.src ipv6.src ip.checksum.status tcp.checksum.status udp.checksum.status
    icmp.checksum.status icmpv6.checksum.status tcp.checksum.ffff tcp.srcport tcp.flags.syn
    tcp.flags.fin tcp.flags.reset tcp.analysis.retransmission tcp.analysis.spurious_retransmission
    _ws.malformed _ws.expert.severity frame.comment)

# One line for each packet, below the names of the fields.
read_capture() {
    dissect "$KEPT/capture" -T fields -E header=y -E separator=/t "${fields[@]/#/-e}" \
        > "$KEPT/fields"
}
# The packets for which a condition holds, in the language of awk; f("tcp.flags.syn") is a field.
packets() { # CONDITION
    awk -F'\t' 'function f(name) { return $column[name] }
        NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
        '"$1" "$KEPT/fields"
}
count() { packets "$1" | wc -l; }

judge() { # NAME ADDRESS-OF-SYNFIN
    local ours wrong severe=8388608
    local again='(f("tcp.analysis.retransmission") || f("tcp.analysis.spurious_retransmission"))'
    ours="(f(\"ip.src\") == \"$2\" || f(\"ipv6.src\") == \"$2\")"
    # Linux writes a checksum of 0 as 0xffff, which adds up just as well; of the kernel's own
    # segments, and of nothing else, that is no finding.
    wrong='(f("ip.checksum.status") ~ /0/ || f("tcp.checksum.status") ~ /0/ ||
        f("udp.checksum.status") ~ /0/ || f("icmp.checksum.status") ~ /0/ ||
        f("icmpv6.checksum.status") ~ /0/)'" && (f(\"tcp.checksum.ffff\") == \"\" || $ours)"
    read_capture
    equal "$1: malformed" "" "$(packets 'f("_ws.malformed") != ""')"
    equal "$1: wrong checksums" "" "$(packets "$wrong")"
    equal "$1: severe findings" "" "$(packets 'f("_ws.expert.severity") ~ /'$severe'/')"
    # Nothing is lost here; a busy machine may be slower than a tail-loss probe (RFC 8985 §7).
    holds "$1: retransmissions" test "$(count "$again")" -le 2
    equal "$1: SYNs" 2 "$(count "f(\"tcp.flags.syn\") == 1 && !$again")"
    equal "$1: FINs" 2 "$(count "f(\"tcp.flags.fin\") == 1 && !$again")"
    equal "$1: resets" 0 "$(count 'f("tcp.flags.reset") == 1')"
    holds "$1: many segments" test "$(count 'f("tcp.srcport")')" -gt 100
    equal "$1: segments of ours without reason" 0 \
        "$(count "f(\"tcp.srcport\") && $ours && f(\"frame.comment\") == \"\"")"
    contains "$1: a clause" "RFC 9293" "$(packets "f(\"tcp.flags.syn\") == 1 && $ours")"
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
first=$(dissect "$KEPT/capture" -c 1 -T fields -e frame.time_epoch | cut -d. -f1)
holds "the time of day" test $(($(date +%s) - first)) -lt 60
finish
