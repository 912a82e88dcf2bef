#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# demo_shootdown.bats - `tasktax-demo shootdown`: its requests and faults are exact, and the trace shows
# that they interrupt siblings that are threads, hardly ones that are processes.

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

@test "requests and faults are exact, in both forms and by each way" {
	for form in process thread; do
		for by in munmap:1:1 mprotect:2:0 dontneed:1:1; do
			IFS=: read -r way requests faults <<<"$by"
			for tasks in 1 3; do
				demo shootdown --as $form --by "$way" --tasks $tasks --rounds 2000
				says ".experiment == \"shootdown\" and .as == \"$form\" and .by == \"$way\""
				says ".tasks == $tasks and .rounds == 2000 and .warm_up_rounds == 200"
				says ".expected_requests == $requests * 2200"
				says ".expected_minor_faults == $faults * 2000"
				says '.workers[0].span.minflt == .expected_minor_faults'
				says '.workers[1:] | all(.span.minflt == 0)'
				says '.expected_shootdowns_at_most == .expected_requests * (.cpus - 1)'
				says '.cpu == "spread" and .ns_per_round > 0'
			done
		done
	done
}

@test "the siblings compute, and alone there is none" {
	for form in process thread; do
		demo shootdown --as $form --tasks 3 --rounds 10000
		says '(.sibling_loops | length) == 2 and all(.sibling_loops[]; . > 0)'
		says '.sibling_loops_per_ms > 0'
		demo shootdown --as $form --tasks 1 --rounds 1000
		says '.sibling_loops == null and .sibling_loops_per_ms == null'
	done
}

@test "why no sibling can be interrupted" {
	demo shootdown --as thread --tasks 1 --rounds 100
	says '.no_sibling_elsewhere_because == if .cpus == 1 then "one CPU is allowed" else "there is one task" end'
	run --separate-stderr taskset -c "$(taskset -cp $$ | sed 's/.*[ ,-]//')" \
		"$DEMO" shootdown --as thread --rounds 100
	[ "$status" = 0 ]
	says '.cpus == 1 and .expected_shootdowns_at_most == 0'
	says '.no_sibling_elsewhere_because == "one CPU is allowed"'
	[ "$(nproc)" -ge 2 ] || skip "one CPU"
	demo shootdown --as thread --rounds 100
	says '.no_sibling_elsewhere_because == null'
	demo shootdown --as thread --cpu auto --rounds 100
	says '.no_sibling_elsewhere_because == "all tasks are pinned to one CPU"'
	demo shootdown --as process --rounds 100
	says '.no_sibling_elsewhere_because == "each task has an address space of its own"'
}

# The creation and the end of the tasks have a few shootdowns of their own, each of at most all other CPUs:
# of the exec, of a stack that is given back.
@test "traced: sent between threads, hardly between processes" {
	local way threads try
	[ "$(nproc)" -ge 2 ] || skip "one CPU"
	for way in munmap mprotect dontneed; do
		# on a busy machine the tasks may hardly ever run at one time
		for try in 1 2 3 4 5 6 7 8; do
			traced shootdown --as thread --by $way --rounds 15000
			threads=$(json .tlb.shootdowns.sent)
			[ "$threads" != null ] || skip "$(json .tlb.shootdowns_unknown_because)"
			[ "$threads" -lt 600 ] || break
		done
		echo "$way: $threads sent in try $try"
		says "$threads <= .expected_shootdowns_at_most + 4 * (.tasks + 1) * (.cpus - 1)"
		check ".tlb.shootdowns.sent_pages > 0"
		traced shootdown --as process --by $way --rounds 15000
		echo "$way: sent by threads $threads, by processes $(json .tlb.shootdowns.sent)"
		[ $((100 * $(json .tlb.shootdowns.sent))) -le "$threads" ]
	done
}

@test "traced: the faults are first touches, as many as the rounds, and the tasks' own counters agree" {
	local tid faults
	for form in process thread; do
		traced shootdown --as $form --by dontneed --rounds 3000
		check '([.faults[] | select(.level == "work" and .kind == "first-touch") | .count] | add) >= 3300'
		while read -r tid faults; do
			# its end, after it has counted itself, may take some more
			check "[.processes[].tasks[] | select(.pid == $tid) | .minor_faults] |
				length == 1 and .[0] >= $faults"
		done < <(jq -r '.workers[] | "\(.tid) \(.minflt)"' <<<"$output")
		traced shootdown --as $form --by mprotect --rounds 3000
		check '([.faults[] | select(.level == "work" and .kind == "first-touch") | .count] | add // 0) < 3000'
	done
}

@test "bad arguments: 120 and one line; help" {
	refused "--by fork: the way is munmap, mprotect or dontneed" shootdown --as thread --by fork
	for value in 0 -1 1e5 99999999999999999999; do
		refused "--rounds .*: not a number from 1 to" shootdown --as thread --rounds "$value"
	done
	run --separate-stderr "$DEMO" shootdown --help
	[ "$status" = 0 ]
	for option in --as --tasks --cpu --rounds --by; do [[ $output == *"$option="* ]]; done
	[[ $output == *"tasktax run -- tasktax-demo shootdown "* ]]
}
