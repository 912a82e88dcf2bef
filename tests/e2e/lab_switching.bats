#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# lab_switching.bats - the lab's experiments cache, ipc and oversubscribe, each once, short and traced.

load common

setup() { bats_require_minimum_version 1.5.0; }

# lab ARGUMENT...: its JSON in $output.
lab() {
	need_root
	run --separate-stderr "$TASKTAX" lab --rounds 2 --json "$@"
	[ "$status" = 0 ]
	[ -z "$stderr" ]
}

# holds FILTER: the filter must say true of the JSON in $output.
holds() {
	jq -e "$1" <<<"$output" >/dev/null || {
		echo "false: $1"
		jq -c '.experiments[] | {traced, rounds_done, ground_truth, result}' <<<"$output"
		return 1
	}
}

# the_trace_is_the_truth STEPS: of so many steps, in both rounds of each.
the_trace_is_the_truth() {
	holds ".experiments[0] | .traced and .rounds_done == 2 and (.steps | length) == $1"
	holds ".experiments[0].ground_truth | .rounds == 2 * $1 and .rounds_equal == .rounds and
		.lost == 0 and .at_another_level == 0 and .reconciled"
}

@test "cache: total, indirect and direct cost for each size" {
	lab cache --quick --laps 200
	the_trace_is_the_truth 3
	holds '.experiments[0].steps[0].rounds | all(.[] | .process, .thread; .indirect_ns == 0)'
	holds '.experiments[0].steps | all(.[].rounds[] | .process, .thread; .direct_p50_ns > 0 and
		.alone_ns > 0 and .hand_over_traced_ns > 0 and
		((.hand_over_ns - .alone_ns - .total_ns) | fabs < 0.001))'
	holds '[.experiments[0].steps[].rounds[0].runs[0].printed.working_set_bytes] |
		.[0] == 0 and .[2] == 4 * .[1]'
}

@test "ipc: a pipe against a pointer, and shared memory on both sides" {
	lab ipc --quick --laps 4
	the_trace_is_the_truth 3
	holds '.experiments[0].steps | all(.[].rounds[] | .process, .thread; .ns_per_mib > 0 and
		.ns_per_mib_traced > 0 and .switches_per_mib > 0 and .faults_per_mib == 0)'
	holds '[.experiments[0].steps[] | [.rounds[0].runs[].printed | "\(.as) \(.via)"] | unique] ==
		[["process pipe", "thread pointer"], ["process pipe", "thread pointer"],
		["process shared", "thread shared"]]'
}

@test "oversubscribe: preemptions, their price and the time of the work" {
	lab oversubscribe --quick --laps 2000
	the_trace_is_the_truth 2
	holds '.experiments[0].steps | all(.[].rounds[] | .process, .thread;
		.preemptions_per_second >= 0 and .cpu_ns_per_unit > 0 and
		.cpu_ns_per_unit_traced > 0 and .units_per_second > 0)'
}
