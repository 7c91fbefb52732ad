#!/bin/sh
# Runs the whole grid of docs/simulation.md: one JSON document a line, into the folder of this script.
# From the root of the repository: CXR_TRIAGE="python -m daemon" sh docs/runs/simulation-2026.11/run.sh
set -eu
out=$(dirname "$0")
simulate() { ${CXR_TRIAGE:-cxr-triage} simulate --seed 1 --format json "$@" | tr -d '\n ' && echo; }
for taking in places top; do
  for cap in 0 30 60 120 240 480 100000; do simulate --nights 200 --taking $taking --cap-minutes $cap; done
done >"$out/caps.jsonl.part"
mv "$out/caps.jsonl.part" "$out/caps.jsonl"
for calendar in night weekend; do
  for load in 0.8 0.9 0.95 1.1; do
    for auc in 0.80 0.90 0.97; do
      for prevalence in 0.03 0.10 0.30; do
        simulate --nights 50 --$calendar --load $load --auc $auc --prevalence $prevalence
      done
    done
  done
done >"$out/grid.jsonl.part"
mv "$out/grid.jsonl.part" "$out/grid.jsonl"
