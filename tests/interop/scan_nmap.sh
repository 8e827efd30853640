#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# nmap looks at synfin serve with every kind of scan that it has: each must see exactly what RFC
# 9293 §3.10.7 makes of a listener and of closed ports, and serve must answer after each as before.
# shellcheck source=tests/interop/netns.sh
. "$(dirname "$0")/netns.sh"
LIMIT=120 enter_namespace "$0" "$@"
command -v nmap > /dev/null || skip "nmap is not installed"

echo hello > "$KEPT/file"
ports=1,22,80,443,8079-8081,65535
make_link tun link0
start_serve "$KEPT" --msl 20ms

# The open port's state, then what the others are, as nmap says it: "open closed".
scan() { # HOST ARGUMENT...
    local host=$1 version=()
    shift
    [[ $host == *:* ]] && version=(-6)
    timeout 20 nmap "${version[@]}" -n -Pn -T5 --max-retries 1 -p "$ports" -oG "$KEPT/scan" \
        "$@" "$host" > "$KEPT/nmap" 2>&1
    awk -v open="$PORT" '/Ports:/ {
            sub(/.*Ports: /, "")
            sub(/\t.*/, "")
            n = split($0, port, ", ")
            for (i = 1; i <= n; i++) {
                split(port[i], part, "/")
                if (part[1] == open) ours = part[2]
                else if (!(part[2] in seen)) { seen[part[2]]; others = others " " part[2] }
            }
            print ours others }' "$KEPT/scan"
}

still_serves() { # NAME
    equal "$1: serve answers" hello "$(curl -sS -m 5 "http://$SYNFIN_V4:$PORT/file" 2>&1)"
}

sees() { # NAME EXPECTED ARGUMENT...
    local host
    for host in "$SYNFIN_V4" "$SYNFIN_V6"; do
        equal "$1 $host" "$2" "$(scan "$host" "${@:3}")"
        still_serves "$1 $host"
    done
}

sees "SYN scan" "open closed" -sS
sees "connect scan" "open closed" -sT
# An acknowledgment of nothing is answered with a reset in both states.
sees "ACK scan" "unfiltered unfiltered" -sA
sees "window scan" "closed closed" -sW
# Without SYN, RST and ACK a listener is silent, and a closed port says so.
sees "NULL scan" "open|filtered closed" -sN
sees "FIN scan" "open|filtered closed" -sF
sees "XMAS scan" "open|filtered closed" -sX
sees "Maimon scan" "closed closed" -sM
sees "SYN+FIN scan" "filtered closed" -sS --scanflags SYNFIN
sees "SYN+RST scan" "open|filtered open|filtered" -sF --scanflags SYNRST
sees "SYN scan in fragments" "open closed" -sS --mtu 24
sees "SYN scan with text" "open closed" -sS --data-length 100
sees "SYN scan with a wrong checksum" "filtered filtered" -sS --badsum

# What nmap makes of the stack's peculiarities is its affair; that its odd segments do no harm is
# ours. Who it is, it learns from HTTP.
scan "$SYNFIN_V4" -O --max-os-tries 1 > "$KEPT/os"
still_serves "system detection"
contains "system detection: the port" "open" "$(cat "$KEPT/os")"
contains "service detection" "http" "$(scan "$SYNFIN_V4" -sV --version-light -p "$PORT" > /dev/null
    grep "$PORT/open" "$KEPT/scan")"
still_serves "service detection"
stop_serve
finish
