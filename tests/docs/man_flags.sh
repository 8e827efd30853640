#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# synfin(1) names every subcommand and every flag that --help shows, and no other.
set -euo pipefail

root=${SYNFIN_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
synfin=${SYNFIN:-$root/build/release/synfin}
mapfile -t commands < <("$synfin" --help | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
shown=$(for command in "${commands[@]}"; do
    echo "$command"
    "$synfin" "$command" --help | grep -oE '^  --[a-z0-9-]+' | tr -d ' '
done | sort -u)
named=$({
    grep -oE '^\.It Fl -[a-z0-9-]+' "$root/man/synfin.1" | sed 's/^\.It Fl -/--/'
    grep -oE '^\.It Cm [a-z]+' "$root/man/synfin.1" | sed 's/^\.It Cm //'
} | sort -u)
diff <(echo "$shown") <(echo "$named")
echo "synfin(1): $(echo "$named" | wc -l) names"
