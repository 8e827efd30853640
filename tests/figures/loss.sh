#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A sender must not get worse on lossy paths: ./bench loss against tests/figures/loss.tsv; with
# --all the whole table (minutes), else what has 100 Mbit/s and the fairness of two flows. The
# simulation gives the same figures each time, but any change of a sender gives others; so a figure
# may be 15 % below what is kept, and one that is further above is only told. With --update the file
# is written instead: read the difference before committing it. SYNFIN is the command,
# SYNFIN_SOURCE the project's root.
set -euo pipefail

root=${SYNFIN_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
program=$(dirname "${SYNFIN:-$root/build/release/synfin}")/bench_loss
kept=$root/tests/figures/loss.tsv

if [ ! -x "$program" ]; then
    echo "skipped: this build has no benchmarks"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -n "${1-}" ]; then
    "$program" loss --json > "$work/lines"
else
    for points in /100M /2flows; do
        "$program" loss --json --points=$points
    done > "$work/lines"
fi 2> "$work/time"
python3 - "$work/lines" "$kept" "${1-}" << 'EOF'
import json
import sys

LEAST, MOST = 0.85, 1.15


def read(path):
    rows = [line.split('\t') for line in open(path, encoding='utf-8').read().splitlines()]
    return {name: float(value) for name, value, _ in rows[1:]}


def write(path, rows):
    with open(path, 'w', encoding='utf-8') as file:
        print('point\tgoodput\tunit', file=file)
        for row in rows:
            print(f'{row["what"]}\t{row["value"]:.4g}\t{row["unit"]}', file=file)


rows = [json.loads(line) for line in open(sys.argv[1], encoding='utf-8')]
if sys.argv[3] == '--update':
    write(sys.argv[2], rows)
    sys.exit()
kept = read(sys.argv[2])
now = {row['what']: row['value'] for row in rows}
expected = [name for name in kept if sys.argv[3] or '/100M' in name or '/2flows' in name]
failed = [f'{name} is no longer measured' for name in expected if name not in now]
better = []
for name, value in now.items():
    if name not in kept:
        better.append(f'{name}: {value:.4g}, new')
    elif value < LEAST * kept[name]:
        failed.append(f'{name}: {value:.4g}, kept is {kept[name]:.4g}')
    elif value > MOST * kept[name]:
        better.append(f'{name}: {value:.4g}, kept is {kept[name]:.4g}')
for line in better:
    print(f'better or new: {line} (tests/figures/loss.sh --update)')
for line in failed:
    print(f'FAILED: {line}')
print(f'figures: {len(now)} points, {len(failed)} worse, {len(better)} better or new')
sys.exit(1 if failed else 0)
EOF
