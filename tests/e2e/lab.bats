#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# lab.bats - `tasktax lab`: one short lab under the tracer, one by clocks alone, an interrupted one,
# and what it says to wrong arguments.

load common

# lab ARGUMENT...: its standard output in $output, its standard error in $stderr.
lab() { run --separate-stderr "$TASKTAX" lab "$@"; }

# holds FILTER: the filter must say true of the JSON in $output.
holds() {
	jq -e "$1" <<<"$output" >/dev/null || {
		echo "false: $1"
		jq -c '.experiments[] | {traced, rounds_done, ground_truth, result}' <<<"$output"
		return 1
	}
}

unprivileged() {
	setpriv --bounding-set=-bpf,-perfmon,-sys_admin --inh-caps=-bpf,-perfmon,-sys_admin "$@"
}

setup() { bats_require_minimum_version 1.5.0; }

@test "ring: both forms in every round, and the trace is the ground truth" {
	need_root
	lab ring --rounds 2 --laps 2000 --json
	[ "$status" = 0 ]
	[ -z "$stderr" ]
	holds '.schema == "tasktax.lab/1" and (.host | .kernel and .arch and .cpus > 0)'
	holds '.experiments | length == 1 and .[0].name == "ring"'
	holds '.experiments[0] | .traced and .rounds_done == 2 and (.steps[0].rounds | length) == 2'
	holds '.experiments[0].steps[0].rounds | all(.runs | map("\(.as) \(.traced)") | sort ==
		["process false", "process true", "thread false", "thread true"])'
	holds '.experiments[0].steps[0].rounds | all(.runs | all(.printed.as == .as))'
	holds '.experiments[0].steps[0].rounds | all(.[] | .process, .thread; .direct_p50_ns > 0 and
		.hand_over_ns > 0 and .hand_over_traced_ns > 0)'
	holds '.experiments[0].ground_truth | .rounds == 2 and .rounds_equal == 2 and .lost == 0 and
		.at_another_level == 0 and .reconciled'
	# two rounds give no interval, so there is no verdict
	holds '.experiments[0] | .result.verdict == "unknown" and .steps[0].figures[0].ratio.low == null'
}

@test "ring: the text has the verdict, fits 80 columns and goes to -o, JSON beside it" {
	need_root
	lab ring --rounds 2 --laps 500 -o "$BATS_TEST_TMPDIR/text" --json="$BATS_TEST_TMPDIR/json"
	[ "$status" = 0 ]
	[ -z "$output" ]
	grep -q '^Unknown: 2 rounds; an interval needs 6' "$BATS_TEST_TMPDIR/text"
	grep -q '^Ground truth: 2 of 2 rounds' "$BATS_TEST_TMPDIR/text"
	run ! grep -q $'\033' "$BATS_TEST_TMPDIR/text"
	LC_ALL=C.UTF-8 run ! grep -E '^.{81}' "$BATS_TEST_TMPDIR/text"
	jq -e '.schema == "tasktax.lab/1"' "$BATS_TEST_TMPDIR/json"
}

@test "the seed alone decides the order of the runs" {
	order() {
		"$TASKTAX" lab ring --rounds 3 --laps 10 --seed "$1" --json 2>/dev/null |
			jq -c '[.experiments[0].steps[0].rounds[].runs[] | [.as, .traced]]'
	}
	one=$(order 1)
	[ "$one" = "$(order 1)" ]
	[ "$one" != "$(order 2)" ] || [ "$one" != "$(order 3)" ]
}

@test "without the privilege to trace: clocks alone, and what is missing" {
	need_root
	run --separate-stderr unprivileged "$TASKTAX" lab ring --rounds 2 --laps 500 --json
	[ "$status" = 0 ]
	[[ $stderr == *"by clocks alone"*CAP_BPF* ]]
	holds '.experiments[0] | (.traced | not) and .ground_truth == null and
		(.not_traced_because | contains("CAP_BPF"))'
	holds '.experiments[0].steps[0].rounds | all(.[] | .process, .thread; .hand_over_ns > 0 and
		.direct_p50_ns == null)'
}

@test "without the end of a switch: no direct cost, and why" {
	need_root
	lab ring --rounds 2 --laps 500 --without sched_exit_tp --without kprobe
	[ "$status" = 0 ]
	grep -q '^Unknown: the cost of the switch itself was not measured: ' <<<"$output"
	grep -q '^Ground truth: 2 of 2 rounds' <<<"$output"
}

@test "interrupted: what was measured is reported, no worker is left, 128 + the signal" {
	"$TASKTAX" lab ring --rounds 1000 --laps 200 --json >"$BATS_TEST_TMPDIR/json" \
		2>"$BATS_TEST_TMPDIR/err" &
	pid=$!
	sleep 4
	while kill -TERM "$pid" 2>/dev/null; do sleep 0.5; done
	status=0
	wait "$pid" || status=$?
	[ "$status" = 143 ]
	jq -e '.experiments[0] | .rounds_done >= 2 and .rounds_done == (.steps[0].rounds | length) and
		.stopped_by_signal == 15' "$BATS_TEST_TMPDIR/json"
	run ! pgrep -f "^$(realpath "$DEMO") ring"
}

@test "one CPU is enough" {
	run --separate-stderr taskset -c 0 "$TASKTAX" lab ring --rounds 2 --laps 500 --json
	[ "$status" = 0 ]
	holds '.experiments[0].settings | .cpu == 0 and .cpus_allowed == 1'
	holds '.experiments[0].rounds_done == 2'
}

@test "--list and --help" {
	lab --list
	[ "$status" = 0 ]
	[[ $output == ring*"switching between processes costs more than between threads"* ]]
	lab --help
	[ "$status" = 0 ]
	[[ $output == *--rounds* ]]
}

@test "wrong arguments: 120 and one line that says which" {
	for wrong in wring --rounds=1 --rounds=12abc --rounds=-3 --rounds=1001 --laps=0 --seed=x \
		--cpu=99999 --cpu=-1 --without=nothing --unknown; do
		lab "$wrong"
		echo "$wrong: $status: $stderr"
		[ "$status" = 120 ]
		[ -z "$output" ]
		[ -n "$stderr" ]
	done
	lab --rounds=12abc
	[[ $stderr == *"--rounds 12abc: not a whole number from 2 to 1000"* ]]
}

@test "an output that cannot be written: 123 before the first run" {
	lab -o "$BATS_TEST_TMPDIR/none/file"
	[ "$status" = 123 ]
	[[ $stderr == *"cannot write"* ]]
	lab ring --rounds 2 --laps 10 -o /dev/full
	[ "$status" = 123 ]
}

@test "no tasktax-demo: 127, saying where it was looked for" {
	cp "$TASKTAX" "$BATS_TEST_TMPDIR/tasktax"
	run -127 --separate-stderr env PATH=/nowhere "$BATS_TEST_TMPDIR/tasktax" lab
	[ "$status" = 127 ]
	[[ $stderr == *"cannot find tasktax-demo beside $BATS_TEST_TMPDIR/tasktax or in PATH"* ]]
}

@test "a workload that fails: 125, and its own words" {
	cp "$TASKTAX" "$BATS_TEST_TMPDIR/tasktax"
	printf '#!/bin/sh\necho broken >&2\nexit 3\n' >"$BATS_TEST_TMPDIR/tasktax-demo"
	chmod +x "$BATS_TEST_TMPDIR/tasktax-demo"
	run --separate-stderr "$BATS_TEST_TMPDIR/tasktax" lab
	[ "$status" = 125 ]
	[[ $stderr == *broken*"ended with status 3"* ]]
	printf '#!/bin/sh\necho "[]"\n' >"$BATS_TEST_TMPDIR/tasktax-demo"
	run --separate-stderr "$BATS_TEST_TMPDIR/tasktax" lab
	[ "$status" = 125 ]
	[[ $stderr == *"did not print one JSON object"* ]]
}
