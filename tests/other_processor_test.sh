#!/usr/bin/env bash
# A program on a processor that lacks what it was built for says so, and ends before main(): other_processor_test.sh PROGRAM
set -uo pipefail
out=$("$1" 2>/dev/null)
code=$?
[[ $code -eq 1 && -z $out ]] || { echo "expected exit code 1 and nothing from main(), got $code and '$out'" >&2; exit 1; }
said=$("$1" 2>&1)
wanted="gradus: this program was built for a processor with fma4, which this one lacks; build it on this machine, or with -DGRADUS_NATIVE=OFF for all that have AVX2 and FMA"
[[ $said == "$wanted" ]] || { echo "expected '$wanted', got '$said'" >&2; exit 1; }
