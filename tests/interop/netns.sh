# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What the interoperability tests share: a network namespace of their own, a TUN or TAP device
# between the kernel and synfin, and the counting of what holds. Sourced, not run.
#
#     synfin  192.0.2.2/24, 2001:db8::2/64 --[ DEVICE ]-- 192.0.2.1/24, 2001:db8::1/64  the kernel

SYNFIN_V4=192.0.2.2 SYNFIN_V6=2001:db8::2
KERNEL_V4=192.0.2.1 KERNEL_V6=2001:db8::1
PORT=8080
KERNEL_PEER=$(dirname "$0")/kernel_peer.py
LIMIT=${LIMIT-60}
# Leaks would be reported when a test kills synfin on purpose; they are looked for in unit tests.
export ASAN_OPTIONS=${ASAN_OPTIONS-detect_leaks=0}

skip() {
    echo "skipped: $1"
    exit 77
}

# Runs the script once more inside a fresh network namespace, with a hard limit of time.
enter_namespace() { # SCRIPT ARGUMENT...
    local enter=(unshare -n)
    if [ "${SYNFIN_NAMESPACE-}" = inside ]; then
        prepare_namespace
        return
    fi
    if [ ! -x "${SYNFIN-}" ]; then
        skip "SYNFIN does not name the command"
    fi
    if [ "$(id -u)" -ne 0 ]; then
        enter=(unshare -Urn)
    fi
    if ! "${enter[@]}" true 2> /dev/null; then
        skip "no network namespace can be made here"
    fi
    export SYNFIN_NAMESPACE=inside
    exec timeout --kill-after=5 "$LIMIT" "${enter[@]}" "$@"
}

prepare_namespace() {
    set -u
    KEPT=$(mktemp -d)
    FAILED=0 HELD=0 SERVER=
    trap 'finish_namespace' EXIT
    trap 'exit 1' INT TERM
    ip link set lo up
    if ! ip tuntap add mode tun name probe0 2> "$KEPT/probe"; then
        skip "no TUN device can be made here: $(cat "$KEPT/probe")"
    fi
    ip link del probe0
}

finish_namespace() {
    local status=$? job
    for job in $(jobs -p); do
        kill -9 "$job" 2> /dev/null
    done
    wait 2> /dev/null
    rm -rf "$KEPT"
    exit "$status"
}

# Makes the device and the kernel's end of it.
make_link() { # tun|tap NAME [MTU]
    ip tuntap add mode "$1" name "$2"
    sysctl -q -w "net.ipv6.conf.$2.accept_dad=0" "net.ipv6.conf.$2.router_solicitations=0" \
        2> /dev/null
    ip link set "$2" mtu "${3-1500}" up
    ip addr add "$KERNEL_V4/24" dev "$2"
    ip -6 addr add "$KERNEL_V6/64" dev "$2" nodad
    LINK=(--link "$1:$2" --addr "$SYNFIN_V4/24" --addr "$SYNFIN_V6/64")
}
remove_link() { # NAME
    ip link del "$1"
}
# /sys/class/net would tell of the namespace that it was mounted in.
is_gone() { # NAME
    ! ip link show "$1" > /dev/null 2>&1
}

holds() { # TEXT COMMAND...: the command succeeds
    local text=$1
    shift
    if "$@"; then
        HELD=$((HELD + 1))
    else
        echo "FAILED: $text"
        FAILED=$((FAILED + 1))
    fi
}
equal() { # TEXT EXPECTED ACTUAL
    if [ "$2" = "$3" ]; then
        HELD=$((HELD + 1))
    else
        echo "FAILED: $1: expected \"$2\", got \"$3\""
        FAILED=$((FAILED + 1))
    fi
}
contains() { # TEXT PART WHOLE
    if [[ $3 == *"$2"* ]]; then
        HELD=$((HELD + 1))
    else
        echo "FAILED: $1: \"$2\" is not in \"$3\""
        FAILED=$((FAILED + 1))
    fi
}

between() { # TEXT LEAST GREATEST ACTUAL; decimals are cut off
    local actual=${4%.*}
    if [ -n "$actual" ] && [ "$actual" -ge "$2" ] && [ "$actual" -le "$3" ]; then
        HELD=$((HELD + 1))
    else
        echo "FAILED: $1: expected from $2 to $3, got \"$4\""
        FAILED=$((FAILED + 1))
    fi
}

# Waits until a program has written to a file, and something with that word in it.
await_output() { # FILE [WORD]
    for _ in $(seq 500); do
        if grep -qs -- "${2-}" "$1"; then
            return 0
        fi
        sleep 0.02
    done
    echo "FAILED: $1 says nothing${2+ of $2}"
    FAILED=$((FAILED + 1))
    return 1
}

# ms since a time that `date +%s%N` gave.
since() { # BEGUN
    echo $((($(date +%s%N) - $1) / 1000000))
}

# Starts synfin serve with the link, and waits until it listens; its output is in $KEPT/serve.
start_serve() { # ARGUMENT...
    : > "$KEPT/serve"
    "$SYNFIN" serve "${LINK[@]}" --port "$PORT" "$@" > "$KEPT/serve" 2>&1 &
    SERVER=$!
    await_output "$KEPT/serve"
}
# Ends it in order.
stop_serve() {
    kill -INT "$SERVER" 2> /dev/null
    await_serve
}
await_serve() {
    wait "$SERVER"
    STATUS=$?
    SERVER=
    if [ "$STATUS" -ne 0 ]; then
        echo "FAILED: synfin serve ended with status $STATUS:"
        tail -n 20 "$KEPT/serve"
        FAILED=$((FAILED + 1))
    fi
}

# The kernel's server of that kind, which listens when this returns; its lines are in $KEPT/peer.
start_peer() { # KIND PORT
    : > "$KEPT/peer"
    python3 "$KERNEL_PEER" server "$1" "$2" > "$KEPT/peer" 2>&1 &
    PEER_JOB=$!
    await_output "$KEPT/peer" ready
}
stop_peer() {
    kill "$PEER_JOB"
    wait "$PEER_JOB" 2> /dev/null
}

connect() { # HOST PORT ARGUMENT...
    "$SYNFIN" connect "${LINK[@]}" "$@"
}

# A capture as tshark reads it, with its checksums. What TCP carries is data, whatever its ports are
# known for: a dissector of GSM's, say, may think about random octets for minutes.
dissect() { # FILE ARGUMENT...
    tshark -r "$1" -d tcp.port==1-65535,data -o tcp.check_checksum:TRUE -o ip.check_checksum:TRUE \
        "${@:2}" 2> /dev/null
}

sum() { # FILE
    sha256sum < "$1" | cut -d' ' -f1
}

finish() {
    echo "$HELD held, $FAILED failed"
    [ "$FAILED" -eq 0 ]
    exit
}
