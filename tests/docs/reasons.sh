#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Every reason of the list is given by the source, and every refusal, loss and failure by at least
# one unit test that names it where it counts the reason or reads it: no drop without a counter,
# and no counter that nobody has seen move.
set -euo pipefail
cd "${SYNFIN_SOURCE:-$(dirname "$0")/../..}"

failed=0
mapfile -t reasons < <(grep -ohE '\bX\([A-Z0-9_]+,' include/synfin/reason_*.h |
    sed 's/X(//; s/,//' | sort -u)
names='\b[A-Z][A-Z0-9_]+\b'
given=$(grep -rohE "SYNFIN_REASON_[A-Z0-9_]+" src | sed 's/SYNFIN_REASON_//' | sort -u)
tested=$(find tests/unit -name '*.[ch]' -exec sed -E 's/NO_REASON\([A-Z0-9_]+\)//g' {} + |
    grep -oE "$names" | sed 's/^SYNFIN_REASON_//' | sort -u)
# Causes of the end of a connection, or of none.
ends='SYN_REFUSED|RST_ARRIVED|[A-Z_]+_OVER|NO_ROUTE|NO_SOURCE|NO_PORTS|PAIR_IN_USE'
ends+='|ICMP_UNREACHABLE|NEIGHBOUR_FAILED|HALF_OPEN_EVICTED|TIME_WAIT_EVICTED'
watched=0
for reason in "${reasons[@]}"; do
    if ! grep -qx "$reason" <<< "$given"; then
        echo "$reason: the source never gives it"
        failed=1
    fi
    if [[ $reason =~ ^(DROP_.*|LINK_.*|$ends)$ ]]; then
        watched=$((watched + 1))
        if ! grep -qx "$reason" <<< "$tested"; then
            echo "$reason: no unit test names it"
            failed=1
        fi
    fi
done
echo "reasons: ${#reasons[@]} given, $watched tested"
exit "$failed"
