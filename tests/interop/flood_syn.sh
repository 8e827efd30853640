#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# SYN floods from hosts that do not exist (RFC 4987), while the kernel's clients fetch files: every
# fetch succeeds, by cookies with and without timestamps, the server's memory stays where it was,
# and hosts are sent at most three times what came in their name.
# shellcheck source=tests/interop/netns.sh
. "$(dirname "$0")/netns.sh"
LIMIT=120 enter_namespace "$0" "$@"
command -v hping3 > /dev/null || skip "hping3 is not installed"
# shellcheck source=tests/interop/flood_common.sh
. "$(dirname "$0")/flood_common.sh"

clients_notice_nothing() { # NAME HOST N
    local said
    said=$(fetches "$2" "$3")
    equal "$1: fetches that succeed" "$3" "${said% *}"
    SLOWEST=${said#* }
}

flood() { # NAME HOST ARGUMENT...: while it lasts, fetches from HOST
    local name=$1 host=$2 before after
    shift 2
    before=$(resident_kb)
    start_flood "$@"
    sleep 0.4
    clients_notice_nothing "$name" "$host" 40
    sleep 0.6
    await_packets 4001
    after=$(resident_kb)
    stop_flood
    holds "$name: it was a flood ($PACKETS packets)" test "$PACKETS" -gt 4000
    holds "$name: memory grew from $before to $after KB" \
        test $((after - before)) -le $RSS_KB_MAX
    clients_notice_nothing "after the $name" "$host" 5
    echo "$name: $PACKETS packets, memory $before to $after KB, slowest handshake $SLOWEST ms"
}

# Cookies stand for every handshake once the backlog is full; the kernel's timestamps bring back
# what a number cannot hold, and without them the connection does without.
cookies() { # NAME
    start_flood --rand-source -S -i u10
    await_packets 6000 # serve has a backlog of 4096
    clients_notice_nothing "cookies $1" "$SYNFIN_V4" 10
    stop_flood
}

# Nobody else talks: all that comes back are SYN+ACKs, the repeated ones too.
amplification() { # NAME ARGUMENT...
    local name=$1
    shift
    start_flood "$@"
    sleep 0.5
    stop_flood
    sleep 1.6 # five retries are over after 50+100+200+400+800 ms
    GOT=$(($(octets_got) - GOT_BEFORE))
    holds "$name: is answered" test "$GOT" -gt 0
    holds "$name: $GOT octets for $SENT" test "$GOT" -le $((3 * SENT))
    echo "$name: $GOT octets in answer to $SENT"
}

make_file
make_open_link
start_serve "$KEPT/www" --msl 20ms --json
cookies "with timestamps"
sysctl -q -w net.ipv4.tcp_timestamps=0
cookies "without timestamps"
sysctl -q -w net.ipv4.tcp_timestamps=1
stop_serve
equal "cookies that came back" 20 "$(grep -c "a cookie came back" "$KEPT/serve")"

start_serve "$KEPT/www" --msl 20ms --syn-ack-rto 50ms
clients_notice_nothing "before" "$SYNFIN_V4" 5
flood "SYN flood" "$SYNFIN_V4" --rand-source -S -i u10
flood "SYN flood with text" "$SYNFIN_V4" --rand-source -S -d 100 -i u10
flood "SYN flood over IPv6" "[$SYNFIN_V6]" python syn "$SYNFIN_V6"
flood "SYN flood of the other version" "[$SYNFIN_V6]" --rand-source -S -i u10
sleep 1.6
amplification "a few SYNs" --rand-source -S -i u10000
amplification "many SYNs" --rand-source -S -i u10

# As fast as it goes the device loses most of it, and clients with it: nothing is asked of them,
# but that they are well when it is over.
before=$(resident_kb)
start_flood --rand-source -S --flood
sleep 1.5
after=$(resident_kb)
stop_flood
sleep 0.3
holds "full flood: memory grew from $before to $after KB" test $((after - before)) -le $RSS_KB_MAX
clients_notice_nothing "after the full flood" "$SYNFIN_V4" 5
echo "full flood: $PACKETS packets, memory $before to $after KB"
stop_serve
finish
