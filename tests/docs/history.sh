#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# docs/history.md has every row of its sections, each row names at least one program, and every
# test that is named after a row stands in that row. That the program has such a test, it says
# itself when ctest runs it (tests/lib/test_rows.h).
set -euo pipefail
cd "${SYNFIN_SOURCE:-$(dirname "$0")/../..}"

failed=0 rows=0
complain() { echo "docs/history.md: $*" && failed=1; }

cell() { # ROW: its last cell
    sed -nE "s/^\\| $1 \\|.*\\| ([^|]*) \\|\$/\\1/p" docs/history.md
}
for row in $(seq 1 43) $(seq 76 149); do
    rows=$((rows + 1))
    if [ "$(grep -c "^| $row |" docs/history.md)" -ne 1 ]; then
        complain "row $row is not there, or twice"
    elif [[ $(cell "$row") != *\`* ]]; then
        complain "row $row names no test"
    fi
done
tests=0
while IFS=: read -r file name; do
    tests=$((tests + 1))
    program=$(basename "$file" .c)
    for row in $(tr _ ' ' <<< "$name"); do
        if [ "$row" -gt 43 ] && [ "$row" -lt 76 ]; then
            continue # of a section that is not here yet
        elif [[ $(cell "$row") != *\`$program\`* && $(cell "$row") != *\`$program\ * ]]; then
            complain "row $row does not name $program, which has a test of it"
        fi
    done
done < <(grep -roE --include='*.c' '\bhist_([0-9]+_)+' tests/unit |
    sed -E 's/hist_([0-9_]+)_$/\1/' | sort -u)
if [ "$tests" -lt 50 ]; then
    complain "only $tests tests are named after rows"
fi
echo "history: $rows rows, $tests tests of them"
exit "$failed"
