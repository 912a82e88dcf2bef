#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# run.bats - `tasktax run` on loads whose switches are known or counted by the kernel: levels, rows,
# pairs and the reconciliation, each once. Repeats and long runs are in tests/soak.

load common
load pipe

setup() {
	bats_require_minimum_version 1.5.0
	need_root
}

@test "a pipe between two processes: process level, each hand-over accounted for" {
	pipe
	[ "$status" = 0 ]
	exact
	balanced
	handed_over process
	check '.workload.level == "process-level"'
	check '.tasks | .processes == 2 and .threads == 2 and .created.process == 1'
}

@test "a pipe between two threads: thread level, each hand-over accounted for" {
	pipe -T
	[ "$status" = 0 ]
	exact
	balanced
	handed_over thread
	check '.workload.level == "thread-level"'
	check '.tasks | .processes == 1 and .threads == 3 and .created.thread == 2'
}

@test "strangers that are born and die beside a pipe make no thread level of it" {
	taskset -c "$CPU" "$TARGETS/short_tasks" 10000000 3>&- &
	local strangers=$!
	pipe
	kill "$strangers"
	wait "$strangers" || true
	[ "$status" = 0 ]
	exact
	balanced
	[ "$(pairs '.prev.class == "foreign"')" -ge 100 ]
	[ "$(pairs '.level == "thread"')" = 0 ]
	# the first on each CPU may be a resume that could not be told
	[ "$(switches thread)" -le "$(json .first_switches)" ]
}

@test "messaging among 400 processes: exact" {
	trace -- perf bench sched messaging -g 10 -l 1000
	[ "$status" = 0 ]
	exact
	balanced
	check '.tasks | .processes == 401 and .created.process == 400 and .peak_tasks == 401'
	check '.workload.level == "process-level"'
	[ "$(switches thread)" -le 401 ]
}

@test "messaging among 400 threads: exact" {
	trace -- perf bench sched messaging -t -g 10 -l 1000
	[ "$status" = 0 ]
	exact
	balanced
	check '.tasks | .processes == 1 and .threads == 401 and .created.thread == 400'
	check '.workload.level == "thread-level"'
}

@test "hackbench, processes and threads: exact" {
	for form in --process --threads; do
		trace -- hackbench "$form" -g 4 -l 500
		[ "$status" = 0 ]
		exact
		balanced
	done
	check '.tasks.created.thread == 160'
}

@test "stress-ng --switch and --context: exact" {
	trace -- stress-ng --quiet --switch 4 -t 3
	[ "$status" = 0 ]
	exact
	balanced
	trace -- stress-ng --quiet --context 4 -t 1
	[ "$status" = 0 ]
	exact
	balanced
}

@test "the loader sleeps until its timer or a ring that has filled by a quarter" {
	local polls=$BATS_TEST_TMPDIR/polls quarter=$(((8 << 20) / 4)) most
	export ASAN_OPTIONS=detect_leaks=0 # which does not work under ptrace
	strace -e trace=poll -o "$polls" "$TASKTAX" run --no-memory --json="$BATS_TEST_TMPDIR/report.json" -o /dev/null \
		--ring-size 8M -- taskset -c "$CPU" perf bench sched pipe -l 200000
	JSON=$BATS_TEST_TMPDIR/report.json
	exact
	# a switch is 48 bytes and the ring's header; two more for signals and the first look
	most=$(json "(.duration_ns / 1e8 | floor) + (.events.received * 56 / $quarter | floor) + 2")
	echo "$(grep -c '^poll(' "$polls") polls, at most $most"
	[ "$(grep -c '^poll(' "$polls")" -le "$most" ]
}

@test "a task alone on its CPU comes back to itself, through idle or the kernel" {
	trace -- taskset -c "$CPU" "$TARGETS/naps" 500
	[ "$status" = 0 ]
	exact
	balanced
	check '.workload.level == "single"'
	check '[.switches[] | select(.level == "resume" and .via == "direct")] == []'
	resumed=$(switches resume)
	others=$(pairs true)
	[ "$((resumed + others))" -ge 500 ]
	check "[.processes[].tasks[].voluntary] | add >= 500"
}

@test "exec makes a new address space, fork another one" {
	trace -- sh -c 'exec sh -c "sleep 0.01; exec sleep 0.01"'
	[ "$status" = 0 ]
	exact
	balanced
	# the command's own, three of its execs, one of the fork, one of the child's exec
	check '.tasks | .execs == 4 and .processes == 2 and .created.process + .created.vfork == 1'
	check '[.processes[] | .address_space] | unique | length == 2'
	check '.processes[] | select(.created == "root") | .comm == "sleep"'
}

@test "the JSON is what its schema says, also where things are unknown" {
	trace --pick --wakers -- taskset -c "$CPU" perf bench sched pipe -l 500
	[ "$status" = 0 ]
	valid
	check '[.switches[] | .pick_ns.count] | add > 1000'
	# who slept was woken, but for the last sleep of each
	check '([.wakers[].count] | add) >= .reconcile.voluntary.seen - .tasks.exits'
	check '.wakers[0] | .waker == "sched-pipe" and .wakee == "sched-pipe"'
	trace --without sched_exit_tp --without finish_task_switch -- perf bench sched pipe -l 500
	[ "$status" = 0 ]
	valid
	exact
	check '.direct_end == null and (.direct_unknown_because | length > 0)'
	check '[.switches[].direct_ns | .p50, .mean, .max] | unique == [null]'
	check '.tax.switching_ns == null and .tax.share == null'
	trace -- true
	valid
	exact
}

@test "without typed programs: the same counts by raw_tp" {
	trace --without tp_btf -- perf bench sched messaging -g 2 -l 100
	[ "$status" = 0 ]
	exact
	balanced
	check '.features.attached | index("sched_switch_raw") != null'
	trace --without task_storage -- taskset -c "$CPU" perf bench sched pipe -T -l 1000
	[ "$status" = 0 ]
	exact
	balanced
}

@test "the text says what the JSON says, in 80 columns" {
	trace -- taskset -c "$CPU" perf bench sched pipe -l 2000
	run cat "$REPORT"
	counted=$(json '[.switches[].count] | add')
	[[ $output == *"context switches: $(printf "%'d" "$counted" | sed -E ':a;s/^([0-9]+)([0-9]{3})/\1,\2/;ta')"* ]]
	[[ $output == *"complete: "*" 0 lost; 2 tasks agree with the kernel"* ]]
	[[ $output == *"workload: process-level"* ]]
	[ "$(wc -L <"$REPORT")" -le 80 ]
	[[ $output != *$'\033'* ]]
}

@test "unknown is a dash with a reason, never 0" {
	trace --without sched_exit_tp --without finish_task_switch -- perf bench sched pipe -l 500
	run cat "$REPORT"
	[[ $output == *–* ]]
	[[ $output == *"sched_exit_tp"* ]]
	[ "$(wc -L <"$REPORT")" -le 80 ]
}
