#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# synfin connect at the kernel's servers, over IPv4 and IPv6, on TUN and TAP: bulk both ways,
# half-closed by either end, reset by either end, refused, unreachable, silent; and what a person
# is told of each.
# shellcheck source=tests/interop/netns.sh
. "$(dirname "$0")/netns.sh"
LIMIT=120 enter_namespace "$0" "$@"

port=7000
start_fresh_peer() { # KIND: a port of its own each, since the last one may be in TIME-WAIT
    port=$((port + 1))
    start_peer "$1" $port
}
peer_said() { tail -n 1 "$KEPT/peer"; }

head -c 4000000 /dev/urandom > "$KEPT/big"
big=$(sum "$KEPT/big")

bulk() { # KIND ADDRESS
    start_fresh_peer echo
    connect "$2" $port < "$KEPT/big" > "$KEPT/got" 2> "$KEPT/err"
    equal "$1 $2: status" 0 $?
    equal "$1 $2: both ways into a file" "$big" "$(sum "$KEPT/got")"
    equal "$1 $2: both ways through pipes" "$big" \
        "$(head -c 4000000 "$KEPT/big" | connect "$2" $port 2> "$KEPT/err" | sha256sum |
            cut -d' ' -f1)"
    equal "$1 $2: nothing on stderr" "" "$(cat "$KEPT/err")"
    stop_peer
    start_fresh_peer sink
    equal "$1 $2: half-closed by us" "$big 4000000" "$(connect "$2" $port < "$KEPT/big")"
    stop_peer
    start_fresh_peer source
    connect "$2" $port < "$KEPT/big" > "$KEPT/got"
    equal "$1 $2: half-closed by the kernel, what it sent" 4194304 "$(stat -c %s "$KEPT/got")"
    sleep 0.1
    equal "$1 $2: and what it still received" "$big 4000000" "$(peer_said)"
    stop_peer
}

# Who reads our output learns of the peer's end while standard input goes on: at the end of a pipe,
# and of a socket that is both.
told_of_the_end() { # ADDRESS
    start_fresh_peer source
    rm -f "$KEPT/words"
    mkfifo "$KEPT/words"
    # shellcheck disable=SC2094  # a pipe: who reads the output writes the input
    "$SYNFIN" connect "${LINK[@]}" "$1" $port < "$KEPT/words" |
        { exec 9> "$KEPT/words"; timeout 10 cat > "$KEPT/got"; echo "$? bye" >&9; }
    equal "$1: a pipe is told of the end" "0 0" "${PIPESTATUS[*]}"
    equal "$1: and has got all before it" 4194304 "$(stat -c %s "$KEPT/got")"
    sleep 0.1
    equal "$1: who then said so" "$(echo 0 bye | sha256sum | cut -d' ' -f1) 6" "$(peer_said)"
    stop_peer
    start_fresh_peer source
    equal "$1: a socket is told of the end" "4194304 octets, then status 0" \
        "$(python3 "$KERNEL_PEER" client around "$SYNFIN" connect "${LINK[@]}" "$1" $port)"
    sleep 0.1
    equal "$1: who then said so" "$(echo bye | sha256sum | cut -d' ' -f1) 4" "$(peer_said)"
    stop_peer
}

# What was said, with so many seconds for up to half of one more, by which timers may be late.
in_time() { # SECONDS TEXT
    local took
    took=$(sed -nE 's/.* in ([0-9.]+) s.*/\1/p' <<< "$2")
    if awk "BEGIN { exit !($took >= $1 && $took <= $1 + 0.5) }" 2> /dev/null; then
        echo "${2/ in $took s/ in $1 s}"
    else
        echo "$2"
    fi
}

failures() { # ADDRESS ADDRESS-OF-NOBODY ADDRESS-WITHOUT-ROUTE
    local said
    said=$(connect "$1" 9 < /dev/null 2>&1)
    equal "$1: refused, status" 1 $?
    equal "$1: refused" \
        "synfin: $1 port 9: refused: reset in answer to our SYN (RFC 9293 §3.10.7.3)" "$said"
    start_fresh_peer reset
    said=$( (echo x; sleep 0.5) | connect "$1" $port 2>&1)
    equal "$1: reset by the kernel, status" 1 $?
    contains "$1: reset by the kernel" "$1 port $port: the peer reset the connection" "$said"
    stop_peer
    said=$(connect "$2" 9 --syn-retries 2 --rto 100ms < /dev/null 2>&1)
    equal "$1: silent, status" 1 $?
    equal "$1: silent" "synfin: $2 port 9: timed out: 3 SYNs in 0.7 s, no answer\
 (RFC 9293 §3.8.3 [MUST-23])" "$(in_time 0.7 "$said")"
    said=$(connect "$2" 9 --timeout 300ms < /dev/null 2>&1)
    equal "$1: not in the time given" \
        "synfin: $2 port 9: timed out: 1 SYN in 0.3 s (--timeout), no answer" \
        "$(in_time 0.3 "$said")"
    said=$(connect "$3" 9 < /dev/null 2>&1)
    equal "$1: without a route" "synfin: $3 port 9: no route to the destination" "$said"
    said=$(connect "$1" 9 --json < /dev/null 2>&1)
    contains "$1: refused, as JSON" '"error":"REFUSED","tries":1,"waited_ns":' "$said"
}

# The kernel as a router that knows no way, is told to forbid one, or drops in silence.
router() { # IP-COMMAND GATEWAY NETWORK HOST WHAT SOFT HARD
    local said soft="$6 from $2" hard="$7 from $2"
    $1 route add unreachable "$3"
    said=$(connect "$4" 9 --gateway "$2" --syn-retries 1 --rto 100ms < /dev/null 2>&1)
    equal "$4: unreachable" "synfin: $4 port 9: $5 unreachable: $soft: 2 SYNs in 0.3 s, no\
 answer (RFC 9293 §3.8.3 [MUST-23])" "$(in_time 0.3 "$said")"
    said=$(connect "$4" 9 --gateway "$2" --syn-retries 1 --rto 100ms --json < /dev/null 2>&1)
    contains "$4: unreachable, as JSON" "\"from\":\"$2\"}}" "$said"
    $1 route del unreachable "$3"
    $1 route add prohibit "$3"
    said=$(connect "$4" 9 --gateway "$2" < /dev/null 2>&1)
    equal "$4: prohibited" "synfin: $4 port 9: prohibited: $hard (RFC 5927 §4)" "$said"
    $1 route del prohibit "$3"
    $1 route add blackhole "$3"
    said=$(connect "$4" 9 --gateway "$2" --syn-retries 1 --rto 100ms < /dev/null 2>&1)
    contains "$4: a black hole" "timed out: 2 SYNs in 0.3 s, no answer" "$(in_time 0.3 "$said")"
    $1 route del blackhole "$3"
}
routers() {
    sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
        net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
    router "ip" "$KERNEL_V4" 198.51.100.0/24 198.51.100.1 host "ICMP type 3 code 1" \
        "ICMP type 3 code 13"
    router "ip -6" "$KERNEL_V6" 2001:db8:1::/64 2001:db8:1::1 network "ICMPv6 type 1 code 0" \
        "ICMPv6 type 1 code 1"
    sysctl -q -w net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0
}

# Nobody has the address: the kernel's end of a TAP is asked for it, and does not answer.
silent_neighbours() {
    equal "nobody has the address, over IPv4" "synfin: 192.0.2.77 port 9: the next hop does not\
 answer: nothing by ARP in 1.0 s (RFC 9293 §3.8.3 [MUST-23])" \
        "$(in_time 1.0 "$(connect 192.0.2.77 9 --syn-retries 0 < /dev/null 2>&1)")"
    contains "nobody has the address, over IPv6" "2001:db8::77 port 9: the next hop does not\
 answer: nothing by neighbour discovery in " \
        "$(connect 2001:db8::77 9 --syn-retries 0 < /dev/null 2>&1)"
}

# Signals: the first closes in order, the second resets what the peer does not take. The last job in
# the background is a shell that waits for the command.
signal_client() { # SIGNAL...
    local signal client
    client=$(pgrep -P $!)
    for signal in "$@"; do
        kill "-$signal" "$client"
        sleep 0.2
    done
}
signals() {
    start_fresh_peer expect_reset
    sleep 2 | connect "$KERNEL_V4" $port > "$KEPT/got" 2>&1 &
    sleep 0.4
    signal_client INT
    equal "closed in order by a signal" "closed" "$(peer_said)"
    equal "and says nothing" "" "$(cat "$KEPT/got")"
    stop_peer
    start_fresh_peer expect_reset
    kill -STOP "$PEER_JOB"
    connect "$KERNEL_V4" $port < /dev/zero > "$KEPT/got" 2>&1 &
    sleep 0.4
    signal_client INT INT
    kill -CONT "$PEER_JOB"
    sleep 0.2
    equal "reset by two signals" "was reset" "$(peer_said)"
    contains "and says so" "aborted" "$(cat "$KEPT/got")"
    stop_peer
}

for kind in tun tap; do
    make_link $kind link0
    bulk $kind "$KERNEL_V4"
    bulk $kind "$KERNEL_V6"
    if [ $kind = tun ]; then
        told_of_the_end "$KERNEL_V4"
        # What is for nobody, the kernel at the other end of a TUN swallows.
        failures "$KERNEL_V4" 192.0.2.77 198.51.100.1
        failures "$KERNEL_V6" 2001:db8::77 2001:db8:1::1
        routers
        signals
    else
        silent_neighbours
    fi
    remove_link link0
done

# Standard output that is not read closes the window; nothing is lost when it is read again.
make_link tun link0
start_fresh_peer echo
equal "a slow reader" "$big" \
    "$(connect "$KERNEL_V4" $port < "$KEPT/big" | (sleep 1; cat) | sha256sum | cut -d' ' -f1)"
connect "$KERNEL_V4" $port --verbose < "$KEPT/big" 2> "$KEPT/err" | head -c 100000 > /dev/null
contains "a reader that goes away" "standard output: Broken pipe" "$(cat "$KEPT/err")"
holds "a reader that goes away: when" grep -qE ', in [0-9.]{1,6} (us|ms|s)$' "$KEPT/err"
equal "--bind" 0 "$(echo x | connect "$KERNEL_V4" $port --bind :4321 --verbose 2>&1 |
    grep -c 4321 | grep -vc 1)"
contains "--verbose sums up" "0 segments sent again, in" \
    "$(echo x | connect "$KERNEL_V4" $port --verbose 2>&1)"
contains "--progress" "/s, RTT" \
    "$( (echo x; sleep 3.2) | connect "$KERNEL_V4" $port --progress 2>&1)"
contains "--json" '"outcome":"closed"' "$(echo x | connect "$KERNEL_V4" $port --json 2>&1)"
contains "--time-wait stays for it" '"from":"TIME-WAIT","to":"CLOSED"' \
    "$(echo x | connect "$KERNEL_V4" $port --json --msl 200ms --time-wait 2>&1)"
contains "a name is no address" "names are not looked up" "$(connect localhost $port 2>&1)"
stop_peer
finish
