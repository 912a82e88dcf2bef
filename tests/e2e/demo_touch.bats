#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# demo_touch.bats - `tasktax-demo touch`: a fault for each page, whoever has the address space.

load common

setup() {
	bats_require_minimum_version 1.5.0
	STARTED=
	export ASAN_OPTIONS=detect_leaks=0 # which makes a task of its own, at the end
}

# touch_pages ARGUMENT...: must succeed with nothing said; the line in $output.
touch_pages() {
	run --separate-stderr "$DEMO" touch "$@"
	[ "$status" = 0 ] && [ -z "$stderr" ] && [ "${#lines[@]}" = 1 ]
}

# traced ARGUMENT...: the same under tasktax, which saw all of it.
traced() {
	need_root
	trace -- "$DEMO" touch "$@"
	[ "$status" = 0 ]
	exact
	balanced
	output=$(cat "$OUT")
}

# says FILTER: the filter must say true of $output.
says() {
	jq -e "$1" <<<"$output" >/dev/null || {
		echo "false: $1 of $output"
		return 1
	}
}

# of FILTER: a value of $output.
of() { jq -r "$1" <<<"$output"; }

# refused STATUS PATTERN COMMAND...: this status and one line on standard error that matches.
refused() {
	local expected=$1 pattern=$2
	shift 2
	run --separate-stderr "$@"
	echo "$*: $status, $stderr"
	[ "$status" = "$expected" ]
	[ -z "$output" ]
	[ "${#stderr_lines[@]}" = 1 ]
	[[ $stderr =~ $pattern ]]
}

MIB_PAGES=$((1048576 / $(getconf PAGESIZE)))

@test "the faults are the pages, of each task" {
	for form in process thread; do
		for tasks in 1 2 5; do
			touch_pages --as $form --tasks $tasks --size 4M
			says ".experiment == \"touch\" and .as == \"$form\" and .tasks == $tasks"
			says ".pages_per_task == 4 * $MIB_PAGES and .expected_faults_per_task == .pages_per_task"
			says '.expected_faults == .tasks * .expected_faults_per_task'
			says ".workers | all(.span.minflt == $(of .expected_faults_per_task))"
			says '.workers | all(.span.majflt == 0)'
			says '.elapsed_ns > 0 and .per_page_ns > 0 and .pages_per_second > 0'
		done
	done
}

# Not more than the workers' own counters say; their end, after they were read, is a page or none.
@test "the trace: so many first touches, where one task lives or where many do" {
	for form in process thread; do
		traced --as $form --size 8M
		says ".workers | all(.span.minflt == $(of .expected_faults_per_task))"
		expected=$(of .expected_faults)
		living=one other=many
		[ $form = process ] || living=many other=one
		touched="[.faults[] | select(.kind == \"first-touch\" and .level == \"work\")"
		others=$(of '[.self.minflt, -(.workers[].span.minflt)] | add')
		check "$touched | select(.mm_tasks == \"$living\") | .count] | add |
			. >= $expected and . <= $expected + $others"
		check "$touched | select(.mm_tasks == \"$other\") | .count] | (add // 0) <= $others"
		check '.fork_debt.parents.cow + .fork_debt.children.cow < 100'
		check ".tasks.created.$form == 2"
	done
}

@test "huge pages: no count is promised" {
	touch_pages --as thread --size 8M --huge
	says '.huge and .expected_faults == null and .expected_faults_per_task == null'
	says '.workers | all(.span.minflt >= 4)'
}

@test "on one CPU, and spread" {
	cpu=$(taskset -cp $$)
	cpu=${cpu##*[ ,-]}
	for form in process thread; do
		run --separate-stderr taskset -c "$cpu" "$DEMO" touch --as $form --size 2M --cpu spread
		[ "$status" = 0 ]
		says ".workers | all(.span.minflt == $(of .expected_faults_per_task))"
		touch_pages --as $form --size 2M --cpu auto
		says ".workers | all(.span.minflt == $(of .expected_faults_per_task))"
	done
}

@test "bad arguments, no memory, no tasks" {
	refused 120 "--size 1K: not a size in whole MiB from 1M to 4096M" "$DEMO" touch --as thread --size 1K
	refused 124 "^tasktax: touch: needs 16.0 TiB of memory and .* are available; ask for less" \
		"$DEMO" touch --as thread --tasks 4096 --size 4G
	! grep -q asan <(ldd "$DEMO") || return 0 # which needs address space without limits
	for form in process thread; do
		refused 124 "^tasktax: touch: task .: cannot map 65.0 MiB of memory: Cannot allocate memory; ask" \
			prlimit --as=60000000 "$DEMO" touch --as $form --size 64M
	done
	run ! pgrep -s 0 -f "^$DEMO touch"
}
