#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Every invariant that the judge of the simulation has a name for stands in docs/simulation.md with
# its text, and each test that its row names expects a violation of it. Every fault stands there.
set -euo pipefail
cd "${SYNFIN_SOURCE:-$(dirname "$0")/../..}"

failed=0 rules=0 tests=0
while IFS='|' read -r rule text; do
    rules=$((rules + 1))
    row=$(grep -F "| $rule | $text |" docs/simulation.md || true)
    # shellcheck disable=SC2016  # backquotes as they stand in the document
    named=$(grep -oE '`test_[a-z_]+\.c:[a-z0-9_]+`' <<< "$row" | tr -d '`' || true)
    if [ -z "$named" ]; then
        echo "docs/simulation.md has no row, or no test, for $rule: $text"
        failed=1
        continue
    fi
    while IFS=: read -r file name; do
        tests=$((tests + 1))
        body=$(sed -n "/^static void $name(/,/^}/p" "tests/unit/sim/$file")
        if ! grep -q "violated(&judged, ORACLE_$rule)" <<< "$body"; then
            echo "$file:$name does not expect a violation of $rule"
            failed=1
        fi
    done <<< "$named"
done < <(sed -nE 's/^ +X\(([A-Z][0-9]+), "([^"]*)"\).*/\1|\2/p' tests/sim/oracle_rules.h)

# shellcheck disable=SC2016  # backquotes as they stand in the document
named=$(sed -n '/^## The faults/,/^## /p' docs/simulation.md | sed -n 's/^|.*| \(.*\) |$/\1/p' |
    grep -oE '`[a-z-]+`' | tr -d '`' | sort -u)
faults=$(sed -nE 's/^ +X\([A-Z_]+, "([a-z-]+)".*/\1/p' tests/sim/sim_plan.h | sort -u)
if [ "$named" != "$faults" ]; then
    echo "docs/simulation.md and sim_plan.h have not the same faults:"
    diff <(echo "$named") <(echo "$faults") || true
    failed=1
fi
echo "simulation: $rules invariants, $tests tests of their violations," \
    "$(wc -l <<< "$faults") faults"
exit "$failed"
