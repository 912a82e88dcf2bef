#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# demo_race.bats - `tasktax-demo race`: what shares a counter without care loses updates, in either form;
# what takes care, or has its own, none.

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

# traced ARGUMENT...: as demo, under the tracer; the trace must be exact. The line in $output.
traced() {
	need_root
	export ASAN_OPTIONS=detect_leaks=0 # which makes a task of its own
	trace -- "$DEMO" "$@"
	[ "$status" = 0 ]
	exact
	output=$(cat "$OUT")
}

# refused PATTERN ARGUMENT...: 120, and one line on standard error that matches.
refused() {
	local pattern=$1
	shift
	run --separate-stderr "$DEMO" "$@"
	echo "$*: $status, $stderr"
	[ "$status" = 120 ] && [ -z "$output" ]
	[ "${#stderr_lines[@]}" = 1 ]
	[[ $stderr =~ $pattern ]]
}

@test "with care, or a counter of its own, nothing is lost, in either form" {
	for form in process thread; do
		for tasks in 1 3; do
			for how in atomic mutex "plain --private" "atomic --private" "mutex --private"; do
				# shellcheck disable=SC2086
				demo race --as $form --tasks $tasks --count 50000 --how $how
				says ".experiment == \"race\" and .as == \"$form\" and .tasks == $tasks"
				says ".how == \"${how%% *}\" and .count == 50000"
				says '.expected_total == .tasks * 50000 and .total == .expected_total'
				says '.lost_updates == 0 and .expected_lost_updates == 0'
			done
		done
		demo race --as $form --tasks 1 --count 50000
		says '.lost_updates == 0 and .expected_lost_updates == 0'
	done
}

@test "plain: threads lose updates, and processes that share memory do" {
	local try
	for form in process thread; do
		for try in 1 2 3 4 5 6 7 8; do # a busy machine may run one after the other
			demo race --as $form
			says '.expected_lost_updates == null and .lost_updates == .expected_total - .total'
			says '.lost_updates >= 0 and .total > 0'
			[ "$(jq .lost_updates <<<"$output")" = 0 ] || break
		done
		[ "$(nproc)" = 1 ] || says '.lost_updates > 0'
	done
}

@test "the timed span has no faults, and its switches are those of the workers" {
	for form in process thread; do
		for how in plain atomic mutex; do
			demo race --as $form --how $how --tasks 3 --count 100000
			says '.workers | all(.span.minflt == 0 and .span.majflt == 0)'
			says '.switches.voluntary == ([.workers[].span.nvcsw] | add)'
			says '.switches.preempted == ([.workers[].span.nivcsw] | add)'
			says '.ns_per_increment > 0'
		done
	done
}

# Only a contended mutex makes a task give up its CPU.
@test "nobody sleeps without a mutex" {
	for form in process thread; do
		for how in plain atomic "mutex --private"; do
			# shellcheck disable=SC2086
			demo race --as $form --count 200000 --how $how
			says '.switches.voluntary == 0'
		done
	done
}

# After a worker has counted itself it ends: that is one more switch at least, and some faults as a thread.
@test "traced: its switches and faults, by the level of its form" {
	local tid voluntary preempted faults
	for form in process thread; do
		traced race --as $form --how mutex --tasks 4 --cpu auto --count 400000
		says '.lost_updates == 0'
		while read -r tid voluntary preempted faults; do
			check "[.processes[].tasks[] | select(.pid == $tid)] | length == 1 and (.[0] |
				.voluntary > $voluntary and .preempted >= $preempted and
				.minor_faults >= $faults)"
		done < <(jq -r '.workers[] | "\(.tid) \(.nvcsw) \(.nivcsw) \(.minflt)"' <<<"$output")
		case $form in
		process)
			# of a CPU's first switch-in it is not known who was there before
			[ "$(switches thread)" -le "$(json .first_switches)" ]
			check '.tasks.created == {process: 4, thread: 0, vfork: 0}'
			check '.workload.level == "process-level"'
			;;
		thread)
			[ "$(switches thread)" -gt 0 ]
			check '.tasks.created == {process: 0, thread: 4, vfork: 0}'
			check '.workload.level == "thread-level"'
			;;
		esac
	done
}

@test "one CPU, and more tasks than CPUs" {
	for form in process thread; do
		run --separate-stderr taskset -c "$(taskset -cp $$ | sed 's/.*[ ,-]//')" \
			"$DEMO" race --as $form --how mutex --count 20000
		[ "$status" = 0 ]
		says '.lost_updates == 0'
		demo race --as $form --how mutex --count 1000 --tasks 100
		says '.total == 100000'
	done
}

@test "bad arguments: 120 and one line; help" {
	refused "--how luck: the way is plain, atomic or mutex" race --as thread --how luck
	for value in 0 -1 1e5 4503599627370496 99999999999999999999; do
		refused "--count .*: not a number from 1 to 4503599627370495" race --as thread --count "$value"
	done
	refused "private.*doesn't allow an argument" race --as thread --private=1
	run --separate-stderr "$DEMO" race --help
	[ "$status" = 0 ]
	for option in --as= --tasks= --cpu= --count= --how= --private; do [[ $output == *"$option"* ]]; done
	[[ $output == *"tasktax run -- tasktax-demo race "* ]]
}
