#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# attach.bats - `tasktax attach` for longer: a database under load, and comings and goings again and again.

load ../e2e/common
load ../e2e/servers
load ../e2e/attached

setup() {
	bats_require_minimum_version 1.5.0
	need_root
	JSON=$BATS_TEST_TMPDIR/report.json REPORT=$BATS_TEST_TMPDIR/report
}

@test "PostgreSQL under pgbench for 30 seconds" {
	postgres_attached 30
	echo "# $(json '.reconcile.switches.seen') switches, $(json '.reconcile.minor_faults.seen') faults" >&3
}

@test "a hundred times beside a storm of forks" {
	# shellcheck disable=SC2016 # the inner shell expands it
	setsid bash -c 'while :; do "$0" >/dev/null 2>&1; done' "$TARGETS/storm" 3>&- &
	storm=$!
	sleep 0.3
	for ((run = 1; run <= 100; run++)); do
		status=0
		"$TASKTAX" attach -p "$storm" -d 0.05 --json="$JSON" -o "$REPORT" || status=$?
		[ "$status" = 0 ] || break
		exact || break
		check '[.processes[].tasks[].pid] | length == (unique | length)' || break
	done
	kill -KILL -- "-$storm"
	echo "# $((run - 1)) times" >&3
	[ "$run" = 101 ]
}
