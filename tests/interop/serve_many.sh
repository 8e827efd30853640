#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Thousands of short connections from the kernel, one at a time and 32 at a time, a thousand that
# are open at once, and the memory that is left behind.
# shellcheck source=tests/interop/netns.sh
. "$(dirname "$0")/netns.sh"
LIMIT=120 enter_namespace "$0" "$@"

mkdir "$KEPT/www"
echo small > "$KEPT/www/small"
ulimit -n 4096
make_link tun link0
start_serve "$KEPT/www" --msl 100ms

run() { # KIND ADDRESS ARGUMENT...
    python3 "$KERNEL_PEER" client "$1" "$2" "$PORT" "${@:3}" 2>&1 | tail -n 1
}
contains "one at a time" "500 connections" "$(run http "$SYNFIN_V4" 500 1)"
contains "32 at a time, IPv4" "4000 connections" "$(run http "$SYNFIN_V4" 4000 32)"
contains "32 at a time, IPv6" "4000 connections" "$(run http "$SYNFIN_V6" 4000 32)"
equal "a thousand open at once" "1000 open at once" "$(run idle "$SYNFIN_V4" 1000)"
stop_serve
contains "all were counted" "9500 connections" "$(cat "$KEPT/serve")"
finish
