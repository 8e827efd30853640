#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The commands of docs/wire.md run as they are written: blocks that begin with "```sh namespaces",
# one after the other in one shell, in a network namespace and a folder of their own.
set -euo pipefail

root=${SYNFIN_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
synfin=${SYNFIN:-$root/build/release/synfin}
skip() {
    echo "skipped: $1"
    exit 77
}

if [ "${SYNFIN_NAMESPACE-}" != inside ]; then
    [ "$(id -u)" -eq 0 ] || skip "ip netns needs root"
    unshare -nmpf --mount-proc true 2> /dev/null || skip "no network namespace can be made here"
    export SYNFIN_NAMESPACE=inside
    # With a process namespace, so that nothing that a failed block has begun stays.
    exec timeout --kill-after=5 60 unshare -nmpf --mount-proc --kill-child "$0" "$@"
fi
for command in nc curl; do
    command -v $command > /dev/null || skip "no $command"
done
# ip netns keeps its names under /run: these are to vanish with this mount namespace.
mount -t tmpfs none /run
ip tuntap add mode tun name probe0 2> /dev/null || skip "no TUN device can be made here"
ip link del probe0
ip link add veth0 type veth peer name veth1 2> /dev/null || skip "no veth pair can be made here"
ip link del veth0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export ASAN_OPTIONS=${ASAN_OPTIONS-detect_leaks=0}
# shellcheck disable=SC2016  # backquotes as they stand in the document
sed -n '/^```sh namespaces$/,/^```$/{/^```/!p}' "$root/docs/wire.md" > "$work/commands"
cp "$root/README.md" "$work"
cd "$work"
PATH=$(dirname "$synfin"):$PATH bash -euo pipefail ./commands > out
[ "$(wc -c < received)" -eq 3000000 ]
grep -q '^lost by --drop  *1  *0$' out
cmp page README.md
grep -q '^delay asked for  *10 ms  *10 ms$' figures
echo "docs/wire.md: $(wc -l < commands) lines run as written"
