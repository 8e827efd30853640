#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The README's first program is examples/hello/main.c, which tests/docs/hello.sh builds and runs.
set -euo pipefail
cd "${SYNFIN_SOURCE:-$(dirname "$0")/../..}"

# shellcheck disable=SC2016  # backquotes as they stand in the document
diff <(sed -n '/^```c$/,/^```$/p' README.md | sed '1d;$d') examples/hello/main.c
echo "README: its program is examples/hello"
