#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# demo_ipc.bats - `tasktax-demo ipc`: every byte arrives, the timed span has no fault, the trace agrees.

load common

setup() {
	bats_require_minimum_version 1.5.0
	STARTED=
}

teardown() { [ -z "$STARTED" ] || kill -KILL "$STARTED"; }

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

# ways FORM: what it can use.
ways() {
	echo pipe unix shared
	[ "$1" = process ] || echo pointer
}

# ipc_says: what holds for every run.
ipc_says() {
	says '.checksum_ok and .tasks == 2 and .bytes_per_second > 0 and .cpu_ns_per_mib > 0 and
		([.workers[].span.minflt] | add) == .expected_minor_faults and
		.expected_minor_faults == 0 and .faults_per_mib == 0 and
		((([.workers[].span | .nvcsw + .nivcsw] | add) / (.messages * .size_bytes / 1048576) -
			.switches_per_mib) | fabs <= 0.0006) and
		if .via == "pipe" or .via == "unix" then .queue_messages == null
		else .queue_messages * .size_bytes >= 65536 and
			(.queue_messages == 2 or .queue_messages * .size_bytes < 131072) end'
}

@test "every byte arrives, by every way, at every size, without a fault" {
	for form in process thread; do
		for via in $(ways $form); do
			for size in 64 192 64K 1M; do
				demo ipc --as $form --via "$via" --size $size --messages 300
				says ".as == \"$form\" and .via == \"$via\" and .messages == 300 and
					.warm_up_messages == 30 and .expected_switches_at_least == null"
				ipc_says
			done
			demo ipc --as $form --via "$via" --messages 1
			ipc_says
		done
	done
}

@test "pinned: a sender is never ahead by more than there is room" {
	for form in process thread; do
		for via in $(ways $form); do
			demo ipc --as $form --via "$via" --size 4K --messages 5000 --cpu auto
			ipc_says
			[ "$via" = unix ] && says '.expected_switches_at_least == null' && continue
			# 16 messages, in a pipe too
			says '.expected_switches_at_least == 2 * 312'
			says '([.workers[].span | .nvcsw + .nivcsw] | add) >= .expected_switches_at_least'
		done
	done
}

@test "one allowed CPU, or each task on its own" {
	for form in process thread; do
		for via in $(ways $form); do
			run --separate-stderr taskset -c 0 "$DEMO" ipc --as $form --via "$via" --messages 100
			[ "$status" = 0 ]
			ipc_says
			demo ipc --as $form --via "$via" --messages 100 --cpu spread
			ipc_says
		done
	done
}

@test "the default: 512 MiB, but no more than 200000 messages" {
	demo ipc --as thread --via pointer
	says '.size_bytes == 65536 and .messages == 8192'
	demo ipc --as thread --via pointer --size 64
	says '.messages == 200000'
}

@test "a pointer is for one address space" {
	refused 120 "--via pointer: a pointer means nothing in another process's address space; use --as thread" \
		ipc --as process --via pointer
}

@test "bad arguments: 120 and one line" {
	refused 120 "--as is missing" ipc
	refused 120 "--via tcp: the way is pipe, unix, shared or pointer" ipc --as thread --via tcp
	refused 120 "--tasks 3: ipc has two tasks" ipc --as thread --tasks 3
	refused 120 "--size 100: not a multiple of 64 bytes" ipc --as thread --size 100
	for value in 0 63 2M "" 4KB; do
		refused 120 "--size .*: not a size from 64 to 1048576 bytes" ipc --as thread --size "$value"
	done
	refused 120 "--messages 0: not a number from 1" ipc --as thread --messages 0
}

@test "no more descriptors, no more tasks: 124 and one line" {
	export ASAN_OPTIONS=detect_leaks=0 # which needs a descriptor and a task of its own
	for via in pipe unix; do
		status=0
		err=$(ulimit -n 6 && "$DEMO" ipc --as process --via "$via" 2>&1) || status=$?
		echo "$status $err"
		[ "$status" = 124 ]
		[[ $err == "tasktax: ipc: cannot open "*": Too many open files" ]]
	done
	need_root
	open=$(mktemp -d)
	cp "$DEMO" "$open" && chmod -R 755 "$open"
	for form in process thread; do
		status=0
		err=$(setpriv --reuid=65531 --regid=65531 --clear-groups prlimit --nproc=1 \
			"$open/tasktax-demo" ipc --as $form 2>&1) || status=$?
		echo "$status $err"
		[ "$status" = 124 ]
		[[ $err == "tasktax: ipc: cannot create $form 1 of 2: Resource temporarily unavailable; "* ]]
	done
	rm -r "$open"
	run ! pgrep -u 65531
}

# The tasks of $STARTED: children, or threads beside the first.
has_tasks() { # COUNT FORM
	case $2 in
	process) mapfile -t TASKS < <(pgrep -P "$STARTED") ;;
	thread) mapfile -t TASKS < <(find "/proc/$STARTED/task" -mindepth 1 -maxdepth 1 -printf '%f\n' |
		grep -vx "$STARTED") ;;
	esac
	[ "${#TASKS[@]}" = "$1" ]
}

# ended PID: gone, or a zombie that its parent (not ours) has not fetched.
ended() { ! grep -q '^State:[[:space:]][^Z]' "/proc/$1/status" 2>/dev/null; }

@test "a signal ends it, asleep by whatever way, and no task is left" {
	for form in process thread; do
		for via in $(ways $form); do
			env --default-signal=INT "$DEMO" ipc --as $form --via "$via" --messages 4000000000 \
				>"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
			STARTED=$!
			within 5 has_tasks 2 $form
			kill -INT $STARTED
			status=0
			wait $STARTED || status=$?
			STARTED= # its pid may be another's now
			[ "$status" = 130 ]
			[ ! -s "$BATS_TEST_TMPDIR/out" ]
			for task in "${TASKS[@]}"; do ended "$task"; done
		done
	done
}

@test "traced: the switches are of the form's level, and the tasks' own counts are in the trace" {
	need_root
	for form in process thread; do
		for via in $(ways $form); do
			traced ipc --as $form --via "$via" --size 4K --messages 5000 --cpu auto
			ipc_says
			each_task_was_seen
			switched_between $form "$(jq '.expected_switches_at_least // 0' <<<"$output")"
		done
	done
}
