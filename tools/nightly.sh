#!/bin/bash
# nightly.sh: everything that is too long for CI, as `make nightly`.
#
# The rule of this file: a step is a target of make. Two rows of steps run beside each other, since most of them wait
# more than they compute, and no two that build in the same place stand in both; then come the benchmarks, alone. What
# fails keeps nothing else from being tried. Each step's output stands whole in build/night and is printed when it ends;
# the last lines are a table, and the exit status is 1 if anything failed.
set -uo pipefail
cd "$(dirname "$0")/.."
export IPPFAST_TRY=all
night=build/night
rm -rf "$night"
mkdir -p "$night"

step() {
    local name=$* begun=$SECONDS how=passed log
    log=$night/${name//[ /]/_}.log
    make "$@" >"$log" 2>&1 </dev/null || how=FAILED
    (
        flock 9
        printf '\n=== make %s\n' "$name"
        cat "$log"
        printf '%4d min  %s  make %s\n' $(((SECONDS - begun + 30) / 60)) "$how" "$name" >>"$night/table"
    ) 9>"$night/lock"
}

trap 'kill $(jobs -p) 2>/dev/null' EXIT
{
    step test
    step coverage
    step test-plain
    step sanitize
    step sanitize-fuzz ARGUMENTS=--seconds=900
} &
{
    step crashes
    step cluster
    step conformance
    step marks
    step damages
    for suite in bookworm trixie sid; do step fresh-machine SUITE=$suite; done
    step fuzz ARGUMENTS=--seconds=900
} &
wait
for bench in stream service raster columns; do step "bench-$bench"; done
step recipes

printf '\n=== The night: %d min\n' $((SECONDS / 60))
cat "$night/table"
! grep --quiet FAILED "$night/table"
