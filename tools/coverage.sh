#!/usr/bin/env bash
# Builds with gcov counters, runs the unit tests and prints line and branch coverage of src/, worst last.
# usage: tools/coverage.sh      a browsable report comes to build/coverage/report/index.html
set -euo pipefail
# shellcheck source=scripts/steps.sh
. "$(dirname "$0")/../scripts/steps.sh"
cd "$ocelli_root"
command -v gcovr >/dev/null || die "gcovr is missing: run scripts/setup --dev"
jobs=$(nproc)
cmake --preset coverage >/dev/null
cmake --build --preset coverage -j "$jobs"
find build/coverage -name '*.gcda' -delete
ctest --preset coverage -j "$jobs"
mkdir -p build/coverage/report
gcovr --root . --filter 'src/' --exclude '.*_test\.cc' --exclude-throw-branches --exclude-unreachable-branches -j "$jobs" \
  --sort-percentage --print-summary --txt --html-details build/coverage/report/index.html build/coverage
