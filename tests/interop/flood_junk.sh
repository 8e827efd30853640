#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Floods of everything but SYNs: acknowledgments, FINs, resets, all flags and none, segments to
# themselves (LAND), fragments without an end, and random octets, while the kernel's clients fetch
# files. What deserves no answer gets none; what is answered with a reset gets one and no more.
# shellcheck source=tests/interop/netns.sh
. "$(dirname "$0")/netns.sh"
LIMIT=120 enter_namespace "$0" "$@"
command -v hping3 > /dev/null || skip "hping3 is not installed"
# shellcheck source=tests/interop/flood_common.sh
. "$(dirname "$0")/flood_common.sh"

# Nobody but the flood talks, so that every octet from synfin is an answer to it.
quiet_flood() { # NAME ANSWERS ARGUMENT...: ANSWERS is none, resets or some
    local name=$1 answers=$2 before after
    shift 2
    before=$(resident_kb)
    start_flood "$@"
    sleep 0.7
    await_packets 4001
    stop_flood
    sleep 0.05
    GOT=$(($(octets_got) - GOT_BEFORE))
    after=$(resident_kb)
    holds "$name: it was a flood ($PACKETS packets)" test "$PACKETS" -gt 4000
    case $answers in
    none) equal "$name: octets of an answer" 0 "$GOT" ;;
    resets)
        holds "$name: is answered" test "$GOT" -gt 0
        holds "$name: resets of 40 octets ($GOT for $PACKETS)" test "$GOT" -le $((40 * PACKETS))
        ;;
    some) holds "$name: answers of $GOT for $SENT octets" test "$GOT" -le $((3 * SENT)) ;;
    esac
    holds "$name: memory grew from $before to $after KB" \
        test $((after - before)) -le $RSS_KB_MAX
    holds "$name: serve lives" kill -0 "$SERVER"
    equal "$name: and serves" "1" "$(fetches "$SYNFIN_V4" 1 | cut -d' ' -f1)"
    echo "$name: $PACKETS packets, $GOT octets for $SENT"
}

# A connection that lasts, with clients beside it, through a flood of its own.
busy_flood() { # NAME ARGUMENT...
    local name=$1 said
    shift
    start_flood "$@"
    sleep 0.2
    said=$(fetches "$SYNFIN_V4" 30)
    stop_flood
    equal "$name: fetches that succeed meanwhile" 30 "${said% *}"
}

make_file
make_open_link
start_serve "$KEPT/www" --msl 20ms
equal "before" "5" "$(fetches "$SYNFIN_V4" 5 | cut -d' ' -f1)"
started_kb=$(resident_kb)

quiet_flood "ACKs" resets --rand-source -A -i u10
quiet_flood "ACKs with text" resets --rand-source -A -P -d 200 -i u10
quiet_flood "SYN+ACKs" resets --rand-source -S -A -i u10
quiet_flood "guessed cookies over IPv6" some python guess "$SYNFIN_V6"
quiet_flood "resets" none --rand-source -R -i u10
quiet_flood "FINs" none --rand-source -F -i u10
quiet_flood "no flags" none --rand-source -i u10
quiet_flood "XMAS" none --rand-source -F -P -U -i u10
quiet_flood "all flags" none --rand-source -F -S -R -P -A -U -X -Y -i u10
quiet_flood "SYN and FIN" none --rand-source -S -F -i u10
quiet_flood "LAND" none -S -a "$SYNFIN_V4" -s "$PORT" -k -i u10
quiet_flood "LAND over IPv6" none python land "$SYNFIN_V6"
quiet_flood "fragments without an end" none --rand-source -S -d 64 -x -i u10
quiet_flood "random segments" some python random "$SYNFIN_V4"
quiet_flood "random segments over IPv6" some python random "$SYNFIN_V6"

busy_flood "resets from everywhere" --rand-source -R -i u10
busy_flood "ACKs from everywhere" --rand-source -A -i u10
# In the name of the client itself, but without its port and numbers.
busy_flood "resets in the client's name" -a "$KERNEL_V4" -R -i u10
busy_flood "SYNs in the client's name" -a "$KERNEL_V4" -S -i u10
busy_flood "ACKs in the client's name" -a "$KERNEL_V4" -A -i u10

ended_kb=$(resident_kb)
holds "memory over all: from $started_kb to $ended_kb KB" \
    test $((ended_kb - started_kb)) -le $RSS_KB_MAX
stop_serve
finish
