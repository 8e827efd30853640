#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Retransmissions of a handshake that nobody answers, ours and beside them the kernel's: when SYNs
# and SYN+ACKs go again, when the caller is told, and how much an unvalidated host is sent. Ours
# must be those of RFC 6298 §2.1 and §5.5: 1 s, doubled each time. The kernel's are printed; since
# 6.5 it first sends several a second apart, unless told otherwise.
# shellcheck source=tests/interop/netns.sh
. "$(dirname "$0")/netns.sh"
LIMIT=120 enter_namespace "$0" "$@"

RETRIES=3 # 0, 1, 3 and 7 s; over after 15 s
schedule() { # NAME ARGUMENT...: in a namespace of its own, in the background
    unshare -n python3 "$(dirname "$0")/retry_schedule.py" "${@:2}" > "$KEPT/$1" 2>&1 &
    STARTED+=($!)
}
STARTED=()
ours=(--link tun:quiet0 --addr "$SYNFIN_V4/24" --addr "$SYNFIN_V6/64")
for v in 4 6; do
    schedule connect$v connect $v $RETRIES "$SYNFIN" connect "${ours[@]}"
    schedule connect$v.kernel connect $v $RETRIES kernel 0
    schedule accept$v accept $v $RETRIES 14 "$SYNFIN" serve "${ours[@]}"
    schedule accept$v.kernel accept $v $RETRIES 14 kernel
done
schedule linear connect 4 1 kernel
wait "${STARTED[@]}"

# Each number within 0.3 s of what is expected: timers of the kernel are coarse, machines busy, and
# behind a first segment that was seen late the others come early.
near() { # NAME "EXPECTED..." "ACTUAL..."
    holds "$1: expected $2, got $3" awk -v expected="$2" -v actual="$3" 'BEGIN {
        n = split(expected, e, " ")
        bad = split(actual, a, " ") != n
        for (i = 1; i <= n; i++) bad = bad || a[i] < e[i] - 0.3 || a[i] > e[i] + 0.3
        exit bad }'
}

for v in 4 6; do
    read -r said < "$KEPT/connect$v"
    near "connect over IPv$v: SYNs" "0 1 3 7" "${said% over*}"
    near "connect over IPv$v: over" "15" "$(cut -d' ' -f1 <<< "${said#* over }")"
    equal "connect over IPv$v: status" 1 "${said##* }"
    read -r kernel < "$KEPT/connect$v.kernel"
    equal "connect over IPv$v: as many SYNs as the kernel" "$(wc -w <<< "${kernel% over*}")" \
        "$(wc -w <<< "${said% over*}")"
    echo "connect over IPv$v: $said; the kernel, doubling: $kernel"

    read -r said < "$KEPT/accept$v"
    times=${said% octets*}
    expected="0 1 3 7"
    octets=${said#* octets }
    # What a host that has not answered is sent ends at three times what it sent.
    holds "serve over IPv$v: octets $octets" test "${octets% for*}" -le $((3 * ${octets#*for }))
    near "serve over IPv$v: SYN+ACKs" "${expected:0:$((2 * $(wc -w <<< "$times") - 1))}" "$times"
    holds "serve over IPv$v: it is sent again" test "$(wc -w <<< "$times")" -ge 2
    read -r kernel < "$KEPT/accept$v.kernel"
    contains "the kernel's over IPv$v" "octets" "$kernel"
    echo "serve over IPv$v: $said; the kernel: $kernel"
done
echo "the kernel with its usual linear timeouts and 1 retry: $(cat "$KEPT/linear")"
finish
