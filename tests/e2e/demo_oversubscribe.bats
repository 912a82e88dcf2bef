#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# demo_oversubscribe.bats - `tasktax-demo oversubscribe`: the right result however it is split, and nobody
# sleeps or faults while computing.

load common

setup() { bats_require_minimum_version 1.5.0; }

# demo ARGUMENT...: must succeed with nothing said; the line in $output.
demo() {
	run --separate-stderr "$DEMO" "$@"
	[ "$status" = 0 ] && [ -z "$stderr" ] && [ "${#lines[@]}" = 1 ]
}

# says FILTER: the filter must say true of $output.
says() {
	jq -e "$1" <<<"$output" >/dev/null || {
		echo "false: $1 of $output"
		return 1
	}
}

# refused STATUS PATTERN ARGUMENT...: this status and one line on standard error that matches.
refused() {
	local expected=$1 pattern=$2
	shift 2
	run --separate-stderr "$DEMO" "$@"
	echo "$*: $status, $stderr"
	[ "$status" = "$expected" ]
	[ -z "$output" ]
	[ "${#stderr_lines[@]}" = 1 ]
	[[ $stderr =~ $pattern ]]
}

# traced ARGUMENT...: the demo under the tracer: its report in $JSON, the line in $output.
traced() {
	trace -- "$DEMO" "$@"
	[ "$status" = 0 ]
	output=$(<"$OUT")
	exact
	balanced
}

# What each task counted itself is in the trace, which knows its end as well: one more sleep, perhaps more
# preemptions.
each_task_was_seen() {
	jq -e --argjson demo "$output" '[.processes[].tasks[]] as $seen | $demo.workers |
		all(. as $own | any($seen[]; .pid == $own.tid and .voluntary > $own.nvcsw and
			.preempted >= $own.nivcsw and .minor_faults >= $own.minflt and
			.major_faults >= $own.majflt))' "$JSON" || {
		echo "$output"
		jq -c '.processes[].tasks[]' "$JSON"
		return 1
	}
}

# job_says: what holds for every run.
job_says() {
	says '.result_ok and .units_per_second > 0 and .cpu_ns_per_unit > 0 and
		.expected_voluntary_switches == 0 and .expected_minor_faults == 0 and
		.voluntary_switches == .expected_voluntary_switches and
		([.workers[].span.nvcsw] | add) == .voluntary_switches and
		([.workers[].span.nivcsw] | add) == .preemptions and
		([.workers[].span.minflt] | add) == .expected_minor_faults'
}

@test "the result is right however it is split" {
	for form in process thread; do
		for tasks in 1 3 64; do
			for units in 1 63 1000; do
				demo oversubscribe --as $form --tasks $tasks --work $units
				says ".tasks == $tasks and .work_units == $units and .cpus == $(nproc)"
				job_says
			done
		done
		demo oversubscribe --as $form
		says '.tasks == 4 and .work_units == 20000'
		job_says
	done
}

@test "pinned to one CPU, spread over all, or one CPU allowed" {
	for form in process thread; do
		demo oversubscribe --as $form --work 1000 --cpu auto
		says '.cpus == 1'
		job_says
		demo oversubscribe --as $form --work 1000 --cpu spread
		says ".cpus == $(nproc)"
		job_says
		run --separate-stderr taskset -c 0 "$DEMO" oversubscribe --as $form --work 1000
		[ "$status" = 0 ]
		says '.cpus == 1'
		job_says
	done
}

@test "bad arguments: 120 and one line" {
	refused 120 "--as is missing" oversubscribe
	refused 120 "--tasks 65: not a number from 1 to 64" oversubscribe --as thread --tasks 65
	refused 120 "--tasks 0: not a number from 1 to" oversubscribe --as thread --tasks 0
	refused 120 "--work 0: not a number from 1 to" oversubscribe --as thread --work 0
	refused 120 "--work 1e3: not a number from 1 to" oversubscribe --as thread --work 1e3
}

@test "no more tasks: 124 and one line, and none is left" {
	need_root
	export ASAN_OPTIONS=detect_leaks=0
	open=$(mktemp -d)
	cp "$DEMO" "$open" && chmod -R 755 "$open"
	for form in process thread; do
		status=0
		err=$(setpriv --reuid=65532 --regid=65532 --clear-groups prlimit --nproc=4 \
			"$open/tasktax-demo" oversubscribe --as $form --tasks 64 2>&1) || status=$?
		echo "$status $err"
		[ "$status" = 124 ]
		[[ $err == "tasktax: oversubscribe: cannot create $form "*" of 64: "* ]]
	done
	rm -r "$open"
	run ! pgrep -u 65532
}

@test "traced: the tasks' own counts are in the trace, and the level is the form's" {
	need_root
	for form in process thread; do
		traced oversubscribe --as $form --tasks 8 --work 10000 --cpu auto
		job_says
		each_task_was_seen
		check ".workload.level == \"$form-level\""
		check ".tasks.created.$form == 8 and .tasks.peak_tasks == 9"
	done
}
