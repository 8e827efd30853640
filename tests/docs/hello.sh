#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The README's first program, examples/hello: it builds against the library and serves its page to
# the kernel's curl. Exit status 77: no private network can be made here.
set -euo pipefail

root=${SYNFIN_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
library=$(dirname "${SYNFIN:-$root/build/release/synfin}")/libsynfin.a

if [ "${1-}" != --inside ]; then
    enter=(unshare -n)
    if [ "$(id -u)" -ne 0 ]; then
        enter=(unshare -Urn)
    fi
    if ! "${enter[@]}" ip tuntap add mode tun name probe0 2> /dev/null; then
        echo "skipped: no TUN device can be made here"
        exit 77
    fi
    exec timeout --kill-after=5 30 "${enter[@]}" "$0" --inside
fi

work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT
"${CC:-cc}" -std=c17 -Wall -Wextra -Werror -I "$root/include" "$root/examples/hello/main.c" \
    "$library" -o "$work/hello"
ip link set lo up
"$work/hello" tun:syn0 &
server=$!
for _ in $(seq 100); do
    if ip link show syn0 > /dev/null 2>&1; then
        break
    fi
    sleep 0.02
done
ip addr add 192.0.2.1/24 dev syn0
ip link set syn0 up
for _ in 1 2 3; do
    said=$(curl -sS -m 5 http://192.0.2.2/)
    [ "$said" = "hello, from SYN to FIN" ] || { echo "hello said: $said" && exit 1; }
done
echo "hello: 3 pages"
