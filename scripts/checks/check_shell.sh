#!/usr/bin/env bash
# Runs shellcheck over every shell script and bats file; exit 77 (skipped) without it.
. "$(dirname "$0")/../shared/house.sh"
command -v shellcheck >/dev/null || skip "shellcheck is not installed"
mapfile -t files < <(grep -lE '^#!.*(bash|bats)|^# shellcheck shell=' .ci/run scripts/* scripts/*/* tests/*/*.bats tests/*/*.bash 2>/dev/null)
shellcheck --severity=warning --external-sources --source-path=SCRIPTDIR "${files[@]}"
echo "${#files[@]} scripts, shellcheck ok"
