# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What the flood tests share: floods in the background, what they weigh, and kernel clients that
# must not notice. Sourced after netns.sh.
#
# A flood is sent at a pace that the device carries: what a full queue loses would be lost to the
# clients as well, and say nothing of the TCP behind it.

FLOOD_PY=$(dirname "$0")/kernel_flood.py
FLOOD=
# The sanitizers keep what is freed for a while, and shadow all of it.
RSS_KB_MAX=1024
if grep -q __asan_init "$SYNFIN"; then
    RSS_KB_MAX=65536
    ASAN_OPTIONS=$ASAN_OPTIONS:quarantine_size_mb=4
fi

resident_kb() { awk '/^VmRSS/ { print $2 }' "/proc/$SERVER/status"; }

# What went through the device so far: octets and packets to synfin, octets from it.
octets_sent() { device_field 10; }
packets_sent() { device_field 11; }
octets_got() { device_field 2; }
device_field() { awk -v n="$1" '{ sub(":", " ") } $1 == "link0" { print $n }' /proc/net/dev; }

# Starts a flood, and waits until it flows: hping3's arguments, or "python KIND ADDRESS".
start_flood() { # ARGUMENT...
    SENT_BEFORE=$(octets_sent) GOT_BEFORE=$(octets_got) PACKETS_BEFORE=$(packets_sent)
    if [ "$1" = python ]; then
        python3 "$FLOOD_PY" link0 "$2" "$3" "$PORT" 600 20000 > "$KEPT/flood" 2>&1 &
    else
        hping3 -q -I link0 -p "$PORT" "$@" "$SYNFIN_V4" > "$KEPT/flood" 2>&1 &
    fi
    FLOOD=$!
    await_packets 20
}
await_packets() { # N: of the flood
    for _ in $(seq 200); do
        if [ $(($(packets_sent) - PACKETS_BEFORE)) -ge "$1" ]; then
            break
        fi
        sleep 0.02
    done
}
stop_flood() {
    kill "$FLOOD"
    wait "$FLOOD" 2> /dev/null
    FLOOD=
    PACKETS=$(($(packets_sent) - PACKETS_BEFORE))
    SENT=$(($(octets_sent) - SENT_BEFORE)) GOT=$(($(octets_got) - GOT_BEFORE))
}

# N fetches one after the other; prints how many were right, and the slowest handshake in ms.
fetches() { # HOST N
    curl -sS -m 20 -H 'Connection: close' -o "$KEPT/got#1" -w '%{time_connect}\n' \
        "http://$1:$PORT/file?[1-$2]" > "$KEPT/times" 2> "$KEPT/curl"
    printf '%d %s\n' "$(sha256sum "$KEPT"/got* 2> /dev/null | grep -c "^$FILE_SUM")" \
        "$(awk '$1 > slowest { slowest = $1 } END { printf "%.1f", 1000 * slowest }' "$KEPT/times")"
    rm -f "$KEPT"/got*
}

# A link by which every host can be reached, so that answers to the flood could be sent.
make_open_link() {
    make_link tun link0
    ip link set link0 txqueuelen 10000
    LINK+=(--gateway "$KERNEL_V4" --gateway "$KERNEL_V6")
}
make_file() {
    mkdir -p "$KEPT/www"
    head -c 20000 /dev/urandom > "$KEPT/www/file"
    FILE_SUM=$(sum "$KEPT/www/file")
}
