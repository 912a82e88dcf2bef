#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# lab_serving.bats - the experiments server and responsive of `tasktax lab`: a short lab of each, whose
# trace must be the ground truth.

load common

# lab ARGUMENT...: its JSON in $output.
lab() {
	bats_require_minimum_version 1.5.0
	run --separate-stderr "$TASKTAX" lab "$@" --rounds 2 --json
	[ "$status" = 0 ]
	[ -z "$stderr" ]
}

# holds FILTER: the filter must say true of the experiment in $output.
holds() {
	jq -e ".experiments[0] | $1" <<<"$output" >/dev/null || {
		echo "false: $1"
		jq -c '.experiments[0] | {traced, rounds_done, ground_truth, result, steps}' <<<"$output"
		return 1
	}
}

# truth STEPS: the trace of both rounds of each step is what the workload did, to the last event.
truth() {
	holds "(.steps | length) == $1"
	holds ".ground_truth | .rounds == 2 * $1 and .rounds_equal == .rounds and .lost == 0 and
		.at_another_level == 0 and .expected == .seen and .reconciled"
}

@test "server: each way in both forms, and the trace is the ground truth" {
	need_root
	lab server --quick --laps 200
	truth 3
	holds '[.steps[].rounds[] | .process, .thread] | all(.request_ns > 0 and
		.request_traced_ns > 0 and .latency_p50_ns > 0 and .latency_p99_ns >= .latency_p50_ns
		and .switching_per_request_ns > 0)'
	# what is there before serves without a fault; a process for each connection cannot
	holds '.steps[0].rounds | all(.process.server_faults_per_1000_requests == 0 and
		.process.faulting_per_request_ns == 0 and .thread.server_faults_per_1000_requests == 0)'
	holds '.steps[1].rounds | all(.process.server_faults_per_1000_requests >
		.thread.server_faults_per_1000_requests and .process.fork_debt_per_request_ns > 0 and
		.thread.fork_debt_per_request_ns == 0)'
	# known but for the memory of processes that live for a connection
	holds '.steps | all(.[0, 2].rounds[]; .process.server_pss_bytes > 0)'
	holds '.steps[1].rounds | all(.process.server_pss_bytes == null and .thread.server_pss_bytes > 0)'
}

@test "responsive: each setting in both forms, and the trace is the ground truth" {
	need_root
	lab responsive --laps 12
	truth 4
	holds '[.steps[].rounds[] | .process, .thread] | all(.late_p50_ns > 0 and
		.late_traced_p50_ns > 0 and .late_p99_ns >= .late_p50_ns and .ticks_missed <= 12)'
	holds '[.steps[:3][].rounds[] | .process, .thread] | all(.units_per_second > 0 and
		.taken_percent >= 0 and .taken_percent <= 100)'
	# alone there is no background
	holds '[.steps[3].rounds[] | .process, .thread] | all(.units_per_second == null and
		.taken_percent == null and .direct_p50_ns == null)'
}
