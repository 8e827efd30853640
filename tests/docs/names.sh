#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Every file.c:function that a document names is there: the file has a definition of that name at
# the begin of a line, and every file that stands alone between backquotes exists.
set -euo pipefail
cd "${SYNFIN_SOURCE:-$(dirname "$0")/../..}"

failed=0 names=0
# shellcheck disable=SC2016  # backquotes as they stand in the documents
functions='`[a-z0-9_]+\.[ch]:[a-z0-9_]+`' files='`[a-z0-9_./]+\.(c|h|py|txt|sh|map)`'
mapfile -t documents < <(find . -path ./build -prune -o -name '*.md' -print)
while IFS=: read -r file name; do
    names=$((names + 1))
    path=$(find src include tests benchmarks examples -name "$file" | head -n 1)
    if [ -z "$path" ] || ! grep -qE "^[a-z].*\\b$name\\(" "$path"; then
        echo "a document names $file:$name, which is not there"
        failed=1
    fi
done < <(grep -ohE "$functions" "${documents[@]}" |
    tr -d '`' | sort -u)
while read -r file; do
    names=$((names + 1))
    if [ -z "$(find . -path ./build -prune -o -path "*/${file#./}" -print -quit)" ]; then
        echo "a document names $file, which is not there"
        failed=1
    fi
done < <(grep -ohE "$files" "${documents[@]}" |
    tr -d '`' | sort -u)
echo "names: $names looked up"
exit "$failed"
