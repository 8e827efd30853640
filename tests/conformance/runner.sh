#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The runner of packetdrill's scripts without packetdrill: a checkout is made whose binary does what
# the script before it says, and tells what it was called with. Compared are the verdicts, the
# counts, the flags, and what the commands leave for the adaptor. Exit status 77: no private
# network can be made here, or the adaptor is not built.
set -euo pipefail

root=${SYNFIN_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
build=$(dirname "${SYNFIN:-$root/build/release/synfin}")
skip() {
    echo "skipped: $1"
    exit 77
}
[ -e "$build/libsynfin-packetdrill.so" ] || skip "the adaptor is not built"
enter=(unshare --net --mount)
[ "$(id -u)" -eq 0 ] || enter=(unshare --user --map-root-user --net --mount)
"${enter[@]}" ip link set lo up 2> /dev/null || skip "no network namespace can be made here"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
suite=$work/gtests/net/tcp
mkdir -p "$suite"/{sack,gro,splice} "$work/gtests/net/packetdrill"

# In place of packetdrill: what it is called with, and then the lines of the script.
cat > "$work/gtests/net/packetdrill/packetdrill" << 'END'
#!/usr/bin/env bash
for script; do :; done
echo "$script $*" >> "$CALLS"
[[ $LD_PRELOAD == */libsynfin-packetdrill.so ]] || exit 3
unset LD_PRELOAD
source "./$script"
END
chmod +x "$work/gtests/net/packetdrill/packetdrill"

script() {
    cat > "$suite/$1"
}
script sack/passes.pkt << 'END'
exit 0
END
script sack/fails.pkt << 'END'
echo "a word before"
echo "fails.pkt:7: error handling packet: it differs"
exit 1
END
script sack/hangs.pkt << 'END'
sleep 60
END
script sack/crashes.pkt << 'END'
kill -SEGV $$
END
script sack/of-the-kernel.pkt << 'END'
grep 0A /proc/net/tcp
END
script sack/other-v6.pkt << 'END'
exit 1
END
# A script's own addresses, MTU and MSS go before the runner's.
script gro/own.pkt << 'END'
: <<'OPTIONS'
--local_ip=192.168.0.2
--mss=1000
--mtu=1400
OPTIONS
exit 0
END
# What commands leave for the adaptor, and what they say of its counters.
script splice/commands.pkt << 'END'
ip tcp_metrics flush all && [ -e "$SYNFIN_DRILL_STATE/flush-tcp-metrics" ] || exit 1
ip link show tun0 > /dev/null || exit 1
tc qdisc replace dev tun0 root pfifo limit 0
[ "$(cat "$SYNFIN_DRILL_STATE/qdisc")" = "pfifo limit 0" ] || exit 1
tc qdisc delete dev tun0 root
[ ! -e "$SYNFIN_DRILL_STATE/qdisc" ] && tc qdisc show dev tun0 > /dev/null || exit 1
echo "Of 5" > "$SYNFIN_DRILL_STATE/counters"
[ "$(nstat)" = "Of 5 0.0" ] && [ -z "$(nstat)" ] || exit 1
echo "Of 7" > "$SYNFIN_DRILL_STATE/counters"
[ "$(nstat)" = "Of 2 0.0" ]
END

run() {
    CALLS=$work/calls "$root/tests/conformance/run" "$work" --build "$build" "$@" || true
}
expect() {
    if ! grep -qE -- "$1" "$2"; then
        echo "conformance/runner: not there: $1"
        cat "$2"
        exit 1
    fi
}

run --limit 2 > "$work/said"
expect '^sack +1 +3 +2$' "$work/said"
expect '^CORE +1 +3 +2$' "$work/said"
expect '^gro +1 +0 +0$' "$work/said"
expect '^beyond CORE +2 +0 +0$' "$work/said"
expect '^  sack/fails.pkt: fails.pkt:7: error handling packet: it differs$' "$work/said"
expect '^  sack/hangs.pkt: no end after 2 s$' "$work/said"
expect '^  sack/crashes.pkt: crashed' "$work/said"
expect "^  sack/of-the-kernel.pkt: reads the kernel's list of sockets$" "$work/said"
expect '^  sack/other-v6.pkt: is about the other IP version$' "$work/said"
expect '^ipv4, profile linux: 8 scripts in ' "$work/said"
expect '^passes.pkt .*--so_flags=local=192.168.0.1/16,mtu=1500,profile=linux,proc' "$work/calls"
expect '^passes.pkt .*--ip_version=ipv4 --local_ip=192.168.0.1 ' "$work/calls"
expect '^own.pkt .*--so_flags=local=192.168.0.2/16,mss=1000,mtu=1400,' "$work/calls"
if grep -E '^own.pkt .*--(local_ip|mtu)=' "$work/calls"; then
    echo "conformance/runner: the runner's address hides the script's"
    exit 1
fi

: > "$work/calls"
run --core --ipv6 --profile rfc --json sack/passes.pkt gro > "$work/said"
expect '^\{"variant": "ipv6", "profile": "rfc", "script": "sack/passes.pkt", "outcome": "passed"' \
    "$work/said"
[ "$(wc -l < "$work/said")" -eq 1 ] # gro is not of CORE
expect '^passes.pkt .*--so_flags=local=fd3d:a0b:17d6::1/48,mtu=1520,profile=rfc' "$work/calls"
run --ipv4-mapped sack/passes.pkt > "$work/said"
expect '^ipv4-mapped, profile linux: 1 scripts in ' "$work/said"
expect '^passes.pkt .*--ip_version=ipv4-mapped-ipv6' "$work/calls"
echo "conformance/runner: 10 scripts run, verdicts and flags as they are to be"
