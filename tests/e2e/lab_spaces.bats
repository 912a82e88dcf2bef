#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# lab_spaces.bats - the lab's experiments about creation and memory: short runs under the tracer, in which the
# trace must show what the workload promises.

load common

# lab ARGUMENT...: a short traced lab with nothing said on standard error; its JSON in $output.
lab() {
	need_root
	run --separate-stderr "$TASKTAX" lab "$@" --quick --rounds 2 --json
	echo "$stderr"
	[ "$status" = 0 ]
	[ -z "$stderr" ]
}

# holds FILTER: the filter must say true of the experiment in $output.
holds() {
	jq -e ".experiments[0] | $1" <<<"$output" >/dev/null || {
		echo "false: $1"
		jq -c '.experiments[] | {traced, rounds_done, ground_truth, result}' <<<"$output"
		return 1
	}
}

# rounds FILTER: the same of each round of each step that was run.
rounds() { holds "[.steps[] | select(.skipped_because == null) | .rounds[]] | length > 0 and all($1)"; }

# steps COUNT: so many were run, and in every round the trace is the ground truth.
steps() {
	holds ".rounds_done == 2 and ([.steps[] | select(.skipped_because == null)] | length) == $1"
	holds ".ground_truth | .rounds == 2 * $1 and .rounds_equal == .rounds and .lost == 0 and
		.at_another_level == 0 and .reconciled and .seen == .expected"
}

setup() {
	bats_require_minimum_version 1.5.0
	export ASAN_OPTIONS=detect_leaks=0 # which would start a task of its own in a sanitized workload
}

@test "spawn: every task that is created, by fork, by posix_spawn and as a thread" {
	lab spawn --laps 20
	steps 3
	rounds '[.process, .thread] | all(.life_ns > 0 and .life_traced_ns > 0 and .create_ns > 0)'
	rounds '.process.life_ns > .thread.life_ns and .thread.debt_faults_per_task == 0'
	holds '.steps[0].rounds | all(.process.debt_faults_per_task > 1)'
}

@test "cow: each page is a fault after a fork, none between threads" {
	lab cow
	steps 3
	rounds '[.process, .thread] | all(.per_page_ns > 0 and .per_page_traced_ns > 0)'
	rounds '.process.cow_faults_per_page >= 1 and .thread.cow_faults_per_page == 0'
	rounds '.process.getrusage_faults_per_page == 1 and .thread.getrusage_faults_per_page == 0'
	rounds '.process.cow_per_page_ns > 0 and .thread.cow_per_page_ns == 0'
}

@test "touch: each page is a first touch in both forms" {
	lab touch --laps 4
	[ "$(nproc)" -lt 2 ] || steps 3
	rounds '[.process, .thread] | all(.per_page_ns > 0 and .per_page_traced_ns > 0 and
		.fault_ns > 0 and .fault_off_cpu_ns >= 0 and .raced_faults >= 0)'
}

@test "memory: RSS counts what is shared for each, PSS once" {
	lab memory --laps 8
	steps 3
	rounds '[.process, .thread] | all(.pss_sum_bytes > 8 * 1048576 and .rss_sum_bytes >= .pss_sum_bytes)'
	rounds '.process.private_sum_bytes < .thread.private_sum_bytes'
	rounds '.process.cow_faults_per_worker > 0 and .thread.cow_faults_per_worker == 0'
	holds '.steps[2].rounds | all(.process.rss_sum_bytes > 10 * .thread.rss_sum_bytes)'
}
