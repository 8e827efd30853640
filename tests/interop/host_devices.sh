#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Devices of the kernel: made and existing TUN and TAP interfaces, AF_PACKET on one end of a veth
# pair, and what a person is told when it cannot be.
# shellcheck source=tests/interop/netns.sh
. "$(dirname "$0")/netns.sh"
LIMIT=60 enter_namespace "$0" "$@"

echo small > "$KEPT/small"

fetch() { # ADDRESS
    curl -sS -m 5 "http://$1:$PORT/small" 2>&1
}

# An interface that does not exist is made, set up, and vanishes with the command.
for kind in tun tap; do
    LINK=(--link "$kind:made0" --addr "$SYNFIN_V4/24")
    start_serve "$KEPT"
    contains "$kind: made0 is up" "UP" "$(ip -o link show made0)"
    ip addr add "$KERNEL_V4/24" dev made0
    equal "$kind: a made interface carries" small "$(fetch "$SYNFIN_V4")"
    stop_serve
    holds "$kind: made0 is gone" is_gone made0
done

# One that exists is used as it is, and stays.
for kind in tun tap; do
    make_link "$kind" kept0 1400
    start_serve "$KEPT"
    equal "$kind: an existing interface carries" small "$(fetch "$SYNFIN_V4")"
    equal "$kind: and IPv6" small "$(fetch "[$SYNFIN_V6]")"
    second=$("$SYNFIN" serve "$KEPT" "${LINK[@]}" 2>&1)
    equal "$kind: taken twice, status" 1 $?
    contains "$kind: taken twice" "kept0 is in use by another program" "$second"
    stop_serve
    holds "$kind: kept0 stays" ip link show kept0 > /dev/null
    remove_link kept0
done

ip tuntap add mode tap name wrong0
contains "a tap is no tun" "wrong0 exists and is no tun interface" \
    "$("$SYNFIN" serve "$KEPT" --link tun:wrong0 --addr 192.0.2.2/24 2>&1)"
ip link del wrong0

# A TUN interface that is taken away ends the command with its reason.
make_link tun gone0
start_serve "$KEPT"
ip link del gone0
wait "$SERVER"
equal "status of a device that is gone" 1 $?
contains "a device that is gone" "tun:gone0: the device failed" "$(cat "$KEPT/serve")"

# AF_PACKET: a station of its own on a network that the kernel uses too. The kernel's end leaves
# checksums and segmentation to the hardware that a veth pair does not have.
if ip link add veth0 type veth peer name veth1 2> "$KEPT/veth"; then
    ip link set veth0 up
    ip link set veth1 up
    ip addr add "$KERNEL_V4/24" dev veth1
    ip -6 addr add "$KERNEL_V6/64" dev veth1 nodad
    LINK=(--link packet:veth0 --addr "$SYNFIN_V4/24" --addr "$SYNFIN_V6/64")
    head -c 3000000 /dev/urandom > "$KEPT/big"
    start_serve "$KEPT"
    equal "packet: carries" small "$(fetch "$SYNFIN_V4")"
    for host in $SYNFIN_V4 "[$SYNFIN_V6]"; do
        curl -sS -m 10 -o "$KEPT/got" "http://$host:$PORT/big"
        equal "packet: bulk from $host" "$(sum "$KEPT/big")" "$(sum "$KEPT/got")"
    done
    stop_serve
    PORT=7 start_serve --echo
    equal "packet: bulk both ways" "echoed 3000000" \
        "$(python3 "$(dirname "$0")/kernel_peer.py" client echo "$SYNFIN_V4" 7)"
    stop_serve
    ip link set veth0 down
    contains "packet: a link that is down" "veth0 is down" \
        "$("$SYNFIN" serve "$KEPT" "${LINK[@]}" 2>&1)"
else
    echo "without packet: $(cat "$KEPT/veth")"
fi
contains "packet: no such interface" "there is no interface nosuch0 here" \
    "$("$SYNFIN" serve "$KEPT" --link packet:nosuch0 --addr 192.0.2.2/24 2>&1)"

# Without the right to make one.
if setpriv --bounding-set -all --inh-caps -all true 2> /dev/null; then
    answer=$(setpriv --bounding-set -all --inh-caps -all \
        "$SYNFIN" serve "$KEPT" --link tun:forbidden0 --addr 192.0.2.2/24 2>&1)
    equal "no permission, status" 1 $?
    contains "no permission" "permission" "$answer"
fi
finish
