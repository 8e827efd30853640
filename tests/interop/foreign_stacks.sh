#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# lwIP and libslirp as peers in virtual time: bulk both ways on whole and on lossy paths, half-
# closed, reset, refused, with shut windows; tshark reads what was on the link.
# shellcheck source=tests/interop/netns.sh
. "$(dirname "$0")/netns.sh"
LIMIT=200 enter_namespace "$0" "$@"
# shellcheck source=tests/interop/judge.sh
. "$(dirname "$0")/judge.sh"

programs=$(dirname "$SYNFIN")/tests
ran=0
for stack in lwip slirp; do
    [ -x "$programs/foreign_$stack" ] || continue
    ran=$((ran + 1))
    mkdir "$KEPT/$stack"
    holds "$stack: its program" env FOREIGN_CAPTURE="$KEPT/$stack" "$programs/foreign_$stack"
done
[ $ran -gt 0 ] || skip "neither lwIP nor libslirp is installed"
command -v tshark > /dev/null || finish

# What tshark may find, by the name of the run: connects-41 is over IPv4 with 1 % lost.
expected() { # RUN
    case $1 in
    *connects-*[15] | *listens-*[15]) echo "$JUDGE_LOSS" ;;
    *shut-window*) echo "$JUDGE_LOSS|$JUDGE_SHUT" ;;
    *reset* | *refuse*) echo "$JUDGE_RESET" ;;
    esac
}
ours() { # RUN
    case $1 in
    slirp*) echo 10.0.2.15 ;;
    lwip-connects-6? | lwip-listens-6?) echo 2001:db8::1 ;;
    *) echo 192.0.2.1 ;;
    esac
}
for capture in "$KEPT"/*/*.pcapng; do
    run=$(basename "$capture" .pcapng)
    judge_capture "$run" "$capture" "$(ours "$run")" "$(expected "$run")"
done
echo "$PACKETS_JUDGED packets judged"
finish
