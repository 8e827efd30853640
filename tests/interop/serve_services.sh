#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The kernel's clients at synfin's echo, discard and chargen: bulk both ways at once, half-closed by
# either end, reset by either end, and ended in order by a signal.
# shellcheck source=tests/interop/netns.sh
. "$(dirname "$0")/netns.sh"
LIMIT=120 enter_namespace "$0" "$@"

client() { # KIND ADDRESS ARGUMENT...
    python3 "$KERNEL_PEER" client "$1" "$2" "$PORT" "${@:3}" 2>&1
}

for kind in tun tap; do
    make_link $kind link0
    for host in $SYNFIN_V4 $SYNFIN_V6; do
        start_serve --echo --verbose
        equal "$kind $host: both ways" "echoed 3000000" "$(client echo "$host")"
        equal "$kind $host: half-closed by the kernel" half-closed "$(client half "$host")"
        equal "$kind $host: reset by the kernel" reset "$(client reset "$host")"
        sleep 0.1
        contains "$kind $host: the reset arrived" "reset, 1000 octets in" "$(cat "$KEPT/serve")"
        stop_serve
        start_serve --discard
        equal "$kind $host: discard" discarded "$(client discard "$host")"
        stop_serve
        start_serve --chargen
        equal "$kind $host: chargen" generated "$(client chargen "$host")"
        stop_serve
    done
    remove_link link0
done

# The listener's end: the first signal closes connections in order, with a FIN.
make_link tun link0
start_serve --echo
exec 3<> "/dev/tcp/$SYNFIN_V4/$PORT"
echo hello >&3
read -r answer <&3
equal "an open connection" hello "$answer"
kill -INT "$SERVER"
equal "its end arrives" "" "$(timeout 3 cat <&3)"
exec 3>&-
await_serve

# The second resets what a client does not let end.
start_serve --chargen
python3 - "$SYNFIN_V4" "$PORT" "$SERVER" << 'P'
import os, signal, socket, sys, time
sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
sock.settimeout(5)
time.sleep(0.3)
os.kill(int(sys.argv[3]), signal.SIGINT)
time.sleep(0.3)
os.kill(int(sys.argv[3]), signal.SIGINT)
time.sleep(0.3)
try:
    while sock.recv(1 << 16):
        pass
    sys.exit('closed in order')
except ConnectionResetError:
    pass
P
equal "the second signal resets" 0 $?
await_serve

# Nobody listens.
start_serve --echo
equal "a port without listener" refused "$(python3 - "$SYNFIN_V4" << 'P'
import socket, sys
try:
    socket.create_connection((sys.argv[1], 9), timeout=5)
except ConnectionRefusedError:
    print('refused')
P
)"
stop_serve
finish
