#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Explicit congestion notification with the kernel as peer, in both roles: who agrees with whom, and
# that each end takes the other's word for a mark which the link made.
# shellcheck source=tests/interop/netns.sh
. "$(dirname "$0")/netns.sh"
LIMIT=120 enter_namespace "$0" "$@"

head -c 3000000 /dev/urandom > "$KEPT/file"
file=$(sum "$KEPT/file")
make_link tun link0

kernel_ecn() { # VALUE: of net.ipv4.tcp_ecn, false when this kernel does not know it
    sysctl -q -w net.ipv4.tcp_ecn="$1" 2> /dev/null &&
        [ "$(sysctl -n net.ipv4.tcp_ecn)" = "$1" ]
}

# Fetches the file from synfin serve.
fetch() { # SERVE-FLAG...
    start_serve "$KEPT" --once 1 --msl 50ms --json --ladder --rate 40mbit --delay 2ms "$@"
    curl -sS -m 20 -H 'Connection: close' "http://$SYNFIN_V4:$PORT/file" > "$KEPT/got"
    GOT=$(sum "$KEPT/got")
    await_serve
    cp "$KEPT/serve" "$KEPT/ladder"
}

# Sends the file to the kernel through synfin connect, and takes it back.
send() { # CONNECT-FLAG...
    connect "$KERNEL_V4" 7 --json --ladder --rate 40mbit --delay 2ms "$@" < "$KEPT/file" \
        > "$KEPT/got" 2> "$KEPT/err"
    GOT=$(sum "$KEPT/got")
    cp "$KEPT/err" "$KEPT/ladder"
}

# What the ladder says; a part of a line.
tells() { holds "$1" grep -qF -- "$2" "$KEPT/ladder"; }
tells_not() { holds "$1" test "$(grep -cF -- "$2" "$KEPT/ladder")" = 0; }

# A counter of the whole namespace.
count() { # NAME: of /proc/net/netstat
    awk -v name="$1" '{for (i = 2; i <= NF; i++) if (names[i] == name) value = $i}
        {split($0, names)} END {print value}' /proc/net/netstat
}

classic_server() {
    local before
    before=$(count InCEPkts)
    fetch --mark server:DATA:20-21
    equal "serve: SHA-256" "$file" "$GOT"
    tells "serve: the kernel asked" '"flags":"SYN,ECE,CWR"'
    tells "serve: synfin agrees" '"flags":"SYN,ACK,ECE"'
    equal "serve: the kernel has seen both marks" 2 $(($(count InCEPkts) - before))
    tells "serve: marked" 'marked by a router'
    tells "serve: the kernel echoes" '"flags":"ACK,ECE"'
    tells "serve: CWR" 'ACK,CWR'
}

classic_client() {
    send --ecn ask --mark client:DATA:20
    equal "connect: SHA-256" "$file" "$GOT"
    tells "connect: synfin asks" '"flags":"SYN,ECE,CWR"'
    tells "connect: the kernel agrees" '"flags":"SYN,ACK,ECE"'
    tells "connect: the kernel echoes" 'ACK,ECE'
    tells "connect: CWR" 'ACK,CWR'
    # The kernel's own data are marked, and it is told.
    send --ecn ask --mark server:DATA:20
    equal "connect, marked by the way: SHA-256" "$file" "$GOT"
    tells "connect, marked by the way: the kernel tells of its cut" 'ACK,CWR'
}

nobody() {
    send --ecn ask
    equal "kernel without ECN: SHA-256" "$file" "$GOT"
    tells "kernel without ECN: asked" '"flags":"SYN,ECE,CWR"'
    tells "kernel without ECN: does not agree" '"flags":"SYN,ACK"'
    kernel_ecn 1
    fetch --ecn off
    equal "serve --ecn off: SHA-256" "$file" "$GOT"
    tells "serve --ecn off: does not agree" '"flags":"SYN,ACK"'
}

accurate() {
    fetch --mark server:DATA:20-24
    equal "accurate, serve: SHA-256" "$file" "$GOT"
    tells "accurate, serve: the kernel asks" '"flags":"SYN,ECE,CWR,AE"'
    tells "accurate, serve: synfin agrees" '"flags":"SYN,ACK,CWR"'
    tells "accurate, serve: marks are told of" 'a mark, and nothing was lost'
    tells_not "accurate, serve: nothing is mangled" 'RFC 9768 §3.2.2.3'
    local before
    before=$(count TCPDeliveredCE)
    send --ecn accurate --mark server:DATA:20-24
    equal "accurate, connect: SHA-256" "$file" "$GOT"
    tells "accurate, connect: synfin asks" '"flags":"SYN,ECE,CWR,AE"'
    tells "accurate, connect: the kernel agrees" '"flags":"SYN,ACK,CWR"'
    equal "accurate, connect: the kernel counts each mark" 5 $(($(count TCPDeliveredCE) - before))
    send --ecn accurate --mark client:DATA:20-24
    equal "accurate, connect, ours marked: SHA-256" "$file" "$GOT"
    tells "accurate, connect: ours are counted" '"accecn_ceb":'
}

start_peer echo 7

if kernel_ecn 1; then
    classic_server
    classic_client
fi
if kernel_ecn 0; then
    nobody
fi
if kernel_ecn 3; then # kernels that know accurate feedback
    accurate
else
    echo "this kernel has no accurate ECN: that part is left out"
fi
stop_peer
finish
