#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# demo_ring.bats - `tasktax-demo ring`: its transports and working sets, and what the trace says of both.

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

# switched_between FORM COUNT: pinned to one CPU, so many switches at least between its tasks. Another mm
# comes between two threads only when a task of another program ran, which the CPU left one of ours for,
# or for nobody first; the rest are the first run on each CPU and that of the main task.
switched_between() {
	local thread process others
	thread=$(switches thread) process=$(switches process)
	others=$(($(switches foreign) + $(switches kernel) + $(switches idle)))
	echo "as $1: $2 expected, $thread thread, $process process, $others others"
	case $1 in
	process) [ "$process" -ge "$2" ] && [ "$thread" -le "$(json .first_switches)" ] ;;
	thread) [ $((thread + process)) -ge "$2" ] && [ "$process" -le $((others + 8)) ] ;;
	esac
}

@test "by every transport the counts are exact, also alone, on other CPUs, on one allowed CPU" {
	for form in process thread; do
		for via in pipe futex socketpair eventfd; do
			demo ring --as $form --via $via --tasks 3 --rounds 1000 --cpu auto
			says ".via == \"$via\" and .hand_overs == 3000 and .expected_switches == 3300"
			says '([.workers[] | .nvcsw + .nivcsw] | add) >= .expected_switches'
			demo ring --as $form --via $via --tasks 1 --rounds 1000 --cpu auto
			says '.hand_overs == 1000 and .expected_switches == null'
			says '.workers[0].span.nvcsw == 0'
			demo ring --as $form --via $via --rounds 200 --cpu spread
			says '.cpu == "spread" and .expected_switches == null'
			run --separate-stderr taskset -c 0 "$DEMO" ring --as $form --via $via --rounds 200 --cpu spread
			[ "$status" = 0 ]
		done
	done
}

@test "a working set: of any size, touched before it is timed" {
	for form in process thread; do
		for size in 0 1 128 4097 192K; do
			for tasks in 1 2; do
				demo ring --as $form --tasks $tasks --working-set $size --rounds 20 --cpu auto
				says ".rounds == 20 and .expected_minor_faults == 0 and
					.workers[0].span.minflt == .expected_minor_faults and
					.expected_first_touch_faults == .tasks *
					((.working_set_bytes / $(getconf PAGESIZE)) | ceil)"
			done
		done
	done
	says '.working_set_bytes == 196608'
}

@test "a working set: fewer laps by default; the L2 cache's size is the machine's" {
	demo ring --as thread --working-set 1M --cpu auto
	says '.rounds == 256'
	l2=null
	for cache in /sys/devices/system/cpu/cpu"$(jq .cpu <<<"$output")"/cache/index*; do
		[ -e "$cache/level" ] && [ "$(<"$cache/level")" = 2 ] || continue
		size=$(<"$cache/size")
		l2=$((${size%K} * 1024))
	done
	says ".l2_bytes == $l2"
	demo ring --as process --tasks 1 --working-set 64
	says '.rounds == 100000'
}

@test "--baseline: the first task alone as well, in the same run, which has more laps for it" {
	for form in process thread; do
		for tasks in 1 2 3; do
			demo ring --as $form --tasks $tasks --working-set 64K --rounds 20 --cpu auto --baseline
			says ".ns_per_hand_over_alone > 0 and .cpu_ns_per_hand_over_alone > 0 and
				.hand_overs == 20 * $tasks and .warm_up_hand_overs == 4 * $tasks and
				(.tasks == 1 or .expected_switches == 24 * $tasks) and
				.workers[0].span.minflt == .expected_minor_faults"
			says '([.workers[] | .nvcsw + .nivcsw] | add) >= .expected_switches'
		done
	done
	demo ring --as thread --rounds 20
	says '.ns_per_hand_over_alone == null and .cpu_ns_per_hand_over_alone == null'
}

@test "CPU time: of both tasks, on one CPU no more than the wall clock's" {
	for form in process thread; do
		demo ring --as $form --working-set 64K --rounds 2000 --cpu auto --baseline
		# the laps of the second task begin and end up to one turn beside those of the first
		says '.cpu_ns_per_hand_over > 0 and .cpu_ns_per_hand_over <= 1.01 * .ns_per_hand_over and
			.cpu_ns_per_hand_over_alone <= 1.01 * .ns_per_hand_over_alone'
	done
}

@test "a working set that is refused: 124, one line, and no task is left" {
	for form in process thread; do
		refused 124 "ring: task .: cannot map 1099511627776 bytes of memory: Cannot allocate memory" \
			ring --as $form --working-set 1T
	done
	run ! pgrep -f "^$DEMO ring"
}

@test "bad sizes: 120 and one line" {
	for value in "" -1 4KB 2T 99999999999999999999; do
		refused 120 "--working-set .*: not a size from 0 to" ring --as thread --working-set "$value"
	done
}

@test "traced: each hand-over is a switch of the form's level, by every transport" {
	need_root
	for run in process/pipe process/socketpair process/futex thread/futex thread/eventfd; do
		baseline=
		[ ${run#*/} != futex ] || baseline=--baseline
		traced ring --as ${run%/*} --via ${run#*/} --rounds 2000 --cpu auto $baseline
		each_task_was_seen
		switched_between ${run%/*} "$(jq .expected_switches <<<"$output")"
	done
}

@test "traced: every page of the working set is a first touch, and nothing else is" {
	need_root
	touched() { json '[.faults[] | select(.kind == "first-touch" and .level == "work") | .count] | add'; }
	for form in process thread; do
		traced ring --as $form --rounds 20 --cpu auto
		without=$(touched)
		traced ring --as $form --rounds 20 --cpu auto --working-set 2M
		each_task_was_seen
		says '.expected_first_touch_faults > 2'
		[ $(($(touched) - without)) = "$(jq .expected_first_touch_faults <<<"$output")" ]
		done
}
