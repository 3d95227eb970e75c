#!/usr/bin/env bash
# Every source file is formatted as .clang-format says. Versions of clang-format differ, so that 14 alone decides.
set -euo pipefail
cd "$(dirname "$0")/.."
for tool in clang-format-14 clang-format; do
  [[ $("$tool" --version 2>/dev/null) == *"version 14."* ]] || continue
  wrong=$(find gradus.h kernels core layers optim data report models examples bench tests -name '*.h' -o -name '*.cpp' -o -name '*.cu' | sort |
    while read -r file; do "$tool" --dry-run -Werror "$file" 2>/dev/null || echo "$file"; done)
  [[ -z $wrong ]] || { printf 'not formatted (%s -i mends it):\n%s\n' "$tool" "$wrong"; exit 1; }
  exit 0
done
echo "skipped: needs clang-format 14, Debian 12's package clang-format-14"
exit 77
