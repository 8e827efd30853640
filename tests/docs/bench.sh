#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Every line of ./bench --json is one object with the fields that docs/benchmarks.md names, no
# figure is missing, and the benchmarks are those of --list but for the long ones. One short run
# each: whether the figures are good is not asked here.
set -euo pipefail

root=${SYNFIN_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
built=$(dirname "${SYNFIN:-$root/build/release/synfin}")

bench() {
    "$root/bench" --built="$built" "$@"
}

if ! ls "$built"/bench_* > /dev/null 2>&1; then
    echo "skipped: this build has no benchmarks"
    exit 77
fi
if ! command -v valgrind > /dev/null; then
    echo "skipped: no valgrind"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bench --list > "$work/names"
bench --quick --json > "$work/lines"
python3 - "$work/names" "$work/lines" "$root/docs/benchmarks.md" << 'EOF'
import json
import sys


def refuse(constant):
    raise ValueError(f'{constant} is not a figure')


listed = open(sys.argv[1], encoding='utf-8').read().splitlines()
names = [line for line in listed if ' ' not in line]
document = open(sys.argv[3], encoding='utf-8').read()
rows = [json.loads(line, parse_constant=refuse) for line in open(sys.argv[2], encoding='utf-8')]
for row in rows:
    assert list(row)[:6] == ['bench', 'what', 'value', 'unit', 'peer', 'ratio'], row
    may_be_none = row['what'] in ('connections reset', 'octets injected',
                                  'transfers that stood still')
    assert row['value'] > 0 or may_be_none and row['value'] == 0, row
    assert row['unit'], row
    assert (row['ratio'] or 0) > 0 if row['peer'] else row['ratio'] is None, row
measured = list(dict.fromkeys(row['bench'] for row in rows))
assert measured == names, (measured, names)
keys = [(row['bench'], row['what'], row['peer']) for row in rows]
assert len(set(keys)) == len(keys), 'two figures have one name'
for name in (line.split()[0] for line in listed):
    assert f'## {name}' in document, f'docs/benchmarks.md does not tell of {name}'
print(f'bench: {len(names)} benchmarks, {len(rows)} figures')
EOF
if bench no-such-benchmark > "$work/out" 2>&1; then
    echo "an unknown benchmark must fail" && exit 1
fi
grep -q 'no benchmark no-such-benchmark' "$work/out"
