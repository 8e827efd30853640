#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# TCP Fast Open (RFC 7413) against the kernel, over IPv4 and IPv6: its client at synfin serve, and
# synfin connect at its listener, with Fast Open and without. The kernel's own counters judge.
# shellcheck source=tests/interop/netns.sh
. "$(dirname "$0")/netns.sh"
LIMIT=120 enter_namespace "$0" "$@"

if ! echo 3 2> /dev/null > /proc/sys/net/ipv4/tcp_fastopen; then
    skip "the kernel's Fast Open cannot be turned on here"
fi
make_link tun fast0

count() { # COUNTER: of the kernel's
    awk -v name="$1" '$1 == "TcpExt:" && !n { n = split($0, names); next }
        $1 == "TcpExt:" { for (i = 1; i <= n; i++) if (names[i] == name) print $i }' \
        /proc/net/netstat
}

words() { # FILE: a ladder's, without its lines
    tr -s ' │\n' ' ' < "$1"
}

# One request by the kernel's client, with the SYN if it has a cookie; prints the answer.
ask() { # ADDRESS TEXT
    timeout 10 python3 - "$1" "$PORT" "$2" << 'P'
import socket, sys
address, port, text = sys.argv[1], int(sys.argv[2]), sys.argv[3].encode()
s = socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET)
s.sendto(text, socket.MSG_FASTOPEN, (address, port))
s.shutdown(socket.SHUT_WR)
answer = b''
while octets := s.recv(65536):
    answer += octets
print(answer.decode())
P
}

kernel_client() { # ADDRESS
    local taken
    taken=$(count TCPFastOpenActive)
    start_serve --echo --fastopen 8 --once 3 --ladder
    equal "$1: the first request brings a cookie" first "$(ask "$1" first)"
    equal "$1: and no data with its SYN" "$taken" "$(count TCPFastOpenActive)"
    equal "$1: the second is answered" second "$(ask "$1" second)"
    equal "$1: its data went with the SYN" $((taken + 1)) "$(count TCPFastOpenActive)"
    equal "$1: the third is answered" third "$(ask "$1" third)"
    equal "$1: its data too" $((taken + 2)) "$(count TCPFastOpenActive)"
    await_serve
    contains "$1: the ladder shows what was asked" "fastopen request" "$(words "$KEPT/serve")"
    contains "$1: and what was taken" "Fast Open lets in" "$(words "$KEPT/serve")"
}

# Cookies of a server that was started anew are not good: an ordinary handshake, and a new cookie.
stale_cookie() { # ADDRESS
    local taken
    taken=$(count TCPFastOpenActive)
    start_serve --echo --fastopen 8
    equal "$1: an old cookie is answered all the same" stale "$(ask "$1" stale)"
    equal "$1: without its data" "$taken" "$(count TCPFastOpenActive)"
    equal "$1: and the new one is good" fresh "$(ask "$1" fresh)"
    equal "$1: with its data" $((taken + 1)) "$(count TCPFastOpenActive)"
    stop_serve
    start_serve --echo
    equal "$1: a listener without Fast Open answers" plain "$(ask "$1" plain)"
    stop_serve
}

# An echo server of the kernel's; QUEUE 0: without Fast Open.
start_listener() { # ADDRESS PORT QUEUE
    rm -f "$KEPT/ready"
    python3 - "$1" "$2" "$3" "$KEPT/ready" << 'P' &
import socket, sys
address, port, queue, ready = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
s = socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind((address, port))
if queue:
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, queue)
s.listen(8)
open(ready, 'w').close()
while True:
    c, _ = s.accept()
    while octets := c.recv(65536):
        c.sendall(octets)
    c.close()
P
    LISTENER=$!
    for _ in $(seq 200); do
        [ -e "$KEPT/ready" ] && return
        sleep 0.02
    done
}
stop_listener() {
    kill "$LISTENER"
    wait "$LISTENER" 2> /dev/null
}

kernel_server() { # ADDRESS PORT
    local taken asked
    taken=$(count TCPFastOpenPassive) asked=$(count TCPFastOpenCookieReqd)
    rm -f "$KEPT/cookie"
    start_listener "$1" "$2" 8
    equal "$1: the first run" first "$(echo first | connect "$1" "$2" --fastopen "$KEPT/cookie")"
    equal "$1: asks for a cookie" $((asked + 1)) "$(count TCPFastOpenCookieReqd)"
    holds "$1: and keeps it" [ -s "$KEPT/cookie" ]
    equal "$1: the second run" second \
        "$(echo second | connect "$1" "$2" --fastopen "$KEPT/cookie" --ladder 2> "$KEPT/ladder")"
    equal "$1: sends data with its SYN" $((taken + 1)) "$(count TCPFastOpenPassive)"
    contains "$1: and tells so" "opens with a Fast Open cookie" "$(words "$KEPT/ladder")"
    head -c 300000 /dev/urandom > "$KEPT/big"
    equal "$1: more than a SYN carries" "$(sum "$KEPT/big")" \
        "$(connect "$1" "$2" --fastopen "$KEPT/cookie" < "$KEPT/big" | sha256sum | cut -d' ' -f1)"
    equal "$1: begins with the SYN" $((taken + 2)) "$(count TCPFastOpenPassive)"
    stop_listener
    start_listener "$1" $(($2 + 1)) 0
    equal "$1: a listener without Fast Open" third \
        "$(echo third | connect "$1" $(($2 + 1)) --fastopen "$KEPT/cookie")"
    equal "$1: takes nothing of the SYN" $((taken + 2)) "$(count TCPFastOpenPassive)"
    stop_listener
}

kernel_client "$SYNFIN_V4"
stale_cookie "$SYNFIN_V4"
kernel_client "$SYNFIN_V6"
stale_cookie "$SYNFIN_V6"
kernel_server "$KERNEL_V4" 7100
kernel_server "$KERNEL_V6" 7200
finish
