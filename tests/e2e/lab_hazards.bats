#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# lab_hazards.bats - the lab's experiments about what threads do to each other: one short traced lab of
# shootdown, race and crash each, and what one CPU leaves of them.

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

# sound STEPS: all is done, and the trace is the truth in every round of every step.
sound() {
	holds ".experiments[0] | .traced and .rounds_done == 2 and (.steps | length) == $1"
	holds ".experiments[0].ground_truth | .rounds == 2 * $1 and .rounds_equal == .rounds and
		.lost == 0 and .at_another_level == 0 and .reconciled"
	holds '.experiments[0].result.verdict == "unknown"' # two rounds are too few
}

setup() {
	bats_require_minimum_version 1.5.0
	export ASAN_OPTIONS=detect_leaks=0 # which would start a task of its own in a sanitized workload
}

@test "shootdown: interrupts by the trace, times by the clock, faults as the workload says" {
	need_root
	[ "$(nproc)" -ge 2 ] || skip "one CPU"
	lab shootdown --rounds 2 --laps 500 --json
	[ "$status" = 0 ]
	[ -z "$stderr" ]
	sound 3
	holds '.experiments[0].ground_truth | .expected == 4 * 2 * 500 and .seen == .expected'
	holds '.experiments[0].steps[].rounds | all(.[] | .process, .thread; .round_ns > 0 and
		.round_traced_ns > 0 and .sent_per_1000_requests >= 0)'
	holds '.experiments[0].steps | all(.[]; .rounds | all(.[]; .process.sent_count == 0 or
		.process.sent_count <= .thread.sent_count + 20))'
}

@test "race: losses where something is shared, none with care or apart" {
	need_root
	lab race --rounds 2 --laps 500000 --json
	[ "$status" = 0 ]
	[ -z "$stderr" ]
	sound 5
	holds '[.experiments[0].steps[] | select(.label | test("atomic|mutex|neither"))] | length == 3 and
		all(.[].rounds[] | .process, .thread; .lost_percent == 0 and .lost_traced_percent == 0)'
	holds '.experiments[0].steps[0] | (.label == "own : shared") and
		all(.rounds[]; .process.lost_percent == 0 and .thread.lost_percent >= 0)'
	holds '[.experiments[0].steps[].aside] == [false, true, true, true, true]'
}

@test "crash: who survives, and the trace has every death" {
	need_root
	lab crash --rounds 2 --laps 2 --json
	[ "$status" = 0 ]
	[ -z "$stderr" ]
	sound 3
	holds '.experiments[0].ground_truth | .expected == 2 * 3 * 2 * 2 and .seen == .expected'
	holds '.experiments[0].steps[].rounds | all(.[]; .process.survivors == 3 and .thread.survivors == 0 and
		.process.tasks_lost_in_trace == 0 and .thread.tasks_lost_in_trace == 3)'
	holds '.experiments[0].steps[].rounds | all(.[] | .process, .thread; .replaced_ns > .noticed_ns)'
}

@test "one CPU: shootdown is skipped with the reason, race goes on" {
	cpu=$(taskset -cp $$ | sed 's/.*[ ,-]//')
	run --separate-stderr taskset -c "$cpu" "$TASKTAX" lab shootdown --rounds 2
	[ "$status" = 0 ]
	[ "$(grep -c '^Skipped: .*: one CPU may be used' <<<"$output")" = 3 ]
	grep -q '^Unknown: nothing could be run: one CPU' <<<"$output"
	run --separate-stderr taskset -c "$cpu" "$TASKTAX" lab race --quick --rounds 2 --laps 1000 --json
	[ "$status" = 0 ]
	holds '.experiments[0] | .rounds_done == 2 and .settings.cpus_allowed == 1'
}
