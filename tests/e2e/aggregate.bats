#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# aggregate.bats - what the kernel counts in aggregate mode: the same as the stream of one run, the same as the
# kernel's own counters, also of tasks that found no room of their own.

load common
load pipe

setup() {
	bats_require_minimum_version 1.5.0
	need_root
}

# counted_alike: with --mode both, every row that the records add up to is as the kernel has counted it; times by
# level are within their bucket, an eighth of an octave.
counted_alike() {
	# shellcheck disable=SC2016
	check '[.switches[] | {level, via, count, voluntary, preempted, migrated, n: .direct_ns.count}] ==
		[.aggregate.switches[] | {level, via, count, voluntary, preempted, migrated, n: .direct_count}]'
	# the mean has twelve digits
	# shellcheck disable=SC2016
	check 'def near($a; $b): ($a - $b | fabs) <= 1 + $b * 1e-6;
		[.switches, .aggregate.switches] | transpose | all(
			near((.[0].direct_ns.mean // 0) * .[0].direct_ns.count; .[1].direct_ns) and
			near((.[0].wait_ns.mean // 0) * .[0].wait_ns.count; .[1].wait_ns))'
	# shellcheck disable=SC2016
	check 'def within($a; $b): if $a == null then $b == null else
			($a - $b | fabs) <= ([$a / 8, 64] | max) end;
		def alike($a; $b): $a.count == $b.count and within($a.p50; $b.p50) and
			within($a.p90; $b.p90) and within($a.p99; $b.p99);
		[.switch_levels, .aggregate.levels] | transpose | all(
			.[0].level == .[1].level and alike(.[0].direct_ns; .[1].direct_ns) and
			alike(.[0].wait_ns; .[1].wait_ns))'
	check '.first_switches == .aggregate.first_switches and .tax.run_ns == .aggregate.run_ns'
	check '.tasks.created == .aggregate.created and .tasks.execs == .aggregate.execs and
		.tasks.exits == .aggregate.exits'
	check '[.tlb.shootdowns | .sent, .received] == [.aggregate.shootdowns | .sent, .received]'
	check 'def of(rows): rows | group_by(.severity) | map([.[0].severity, (map(.count) | add)]);
		of(.faults) == of(.aggregate.faults)'
}

# added_up: what was counted is what the kernel counted, in all.
added_up() {
	check '.mode == "aggregate" and .events.complete and .reconcile.ok'
	check '.reconcile | [.switches, .voluntary, .preempted] | all(.seen == .kernel and .lost == 0)'
	check '.reconcile.wait_ns | .seen == .kernel'
	check '([.switches[] | .voluntary + .preempted] | add) == .reconcile.switches.seen'
	check '(.reconcile | .minor_faults.seen + .major_faults.seen) == ([.faults[].count] | add)'
}

@test "messaging: rows, sums, times and lives as the records have them" {
	for form in --process --threads; do
		trace --mode both -- hackbench "$form" -g 4 -l 300
		[ "$status" = 0 ]
		exact
		counted_alike
		check '.aggregate.folded == 0'
		valid
	done
}

@test "a pipe and stress-ng --switch: as the records have them, by thread and by process" {
	trace --mode both --group-by process -- taskset -c "$CPU" perf bench sched pipe -T -l 20000
	[ "$status" = 0 ]
	exact
	counted_alike
	trace --mode both -- stress-ng --quiet --switch 4 -t 2
	[ "$status" = 0 ]
	exact
	counted_alike
}

@test "counts alone: they add up to the kernel's, and the report has them all" {
	trace --mode aggregate -- hackbench --threads -g 2 -l 200
	[ "$status" = 0 ]
	added_up
	valid
	check '.workload.level == "thread-level" and .tasks.threads == 81'
	# of each task, unless it had no room
	check '([.processes[].tasks[].switches | .thread] | add) ==
		([.switches[] | select(.level == "thread") | .count] | add)'
	check '([.processes[].minor_faults] | add) == .reconcile.minor_faults.seen'
	check '([.processes[].run_ns] | add) == .tax.run_ns'
	# what only records tell is not known
	check '.pairs == null and .pairs_total == null and .regions == null and .fork_debt == null'
	check '[.processes[].tasks[].off_ns] | unique == [null]'
	check '[.faults[] | .mm_tasks, .mode, .huge, .time_ns] | unique == [null]'
	check '.fault_times_ns.minor.count == .reconcile.minor_faults.seen'
	check '.switch_levels[] | select(.level == "thread") | .direct_ns.p50 > 0 and .wait_ns.p50 > 0'
	run cat "$REPORT"
	[[ $output == *"events counted, 0 lost; 81 tasks agree with the kernel"* ]]
	[[ $output == *"percentiles are those of the level, true to 6.3 %"* ]]
	[ "$(wc -L <"$REPORT")" -le 80 ]
}

@test "by process: its threads together" {
	trace --mode aggregate --group-by process -- hackbench --threads -g 1 -l 100
	[ "$status" = 0 ]
	added_up
	valid
	check '[.processes[] | .switches.thread] == [[.switches[] | select(.level == "thread") | .count] | add]'
	check '[.processes[].tasks[] | select(.switches != null)] | length == 1'
}

@test "more processes one after another than there are groups: each has its own, and none is lost" {
	trace --mode aggregate --no-memory -- "$TARGETS/short_tasks" 9000
	[ "$status" = 0 ]
	added_up
	balanced_in_all
	check '.tasks.created.process == 9000 and .aggregate.folded == 0 and .aggregate.groups == 0'
	check '.aggregate.created.process == 9000 and .aggregate.exits == 9001'
	check '.processes | length == 9001 and all(.switches != null)'
}

# balanced_in_all: everybody has ended: they left a CPU as often as they came.
balanced_in_all() {
	check '([.switches[] | select(.level | . == "resume" or . == "thread" or . == "process" or
		. == "exiting") | .count] | add) + .events.missed_switch_ins == .reconcile.switches.seen'
}

@test "no room for all: the sums are exact, what was folded is said" {
	trace --mode aggregate --max-memory 1M -- hackbench --process -g 4 -l 100
	[ "$status" = 0 ]
	added_up
	balanced_in_all
	valid
	check '.aggregate.folded > 0 and .aggregate.levels == null'
	check '[.switch_levels[].direct_ns] | unique == [null]'
	check '.processes | any(.switches == null) and any(.switches != null)'
	run cat "$REPORT"
	[[ $output == *"found no room to be counted alone (raise --max-memory)"* ]]
	# the times are not known: a reason, not a number
	[[ $output == *"no room was left for them"* ]]
}

@test "a storm of forks with too little room: exact" {
	trace --mode aggregate --max-memory 1M --no-memory -- stress-ng --quiet --fork 2 -t 2
	[ "$status" = 0 ]
	added_up
	balanced_in_all
	check '.aggregate.exits == .tasks.threads'
}

@test "page faults: as many as the kernel counted, of their kinds" {
	local kind before counted UNDER=(setarch -R) # the same faults at start, each time
	for kind in first-touch zero-read shmem; do
		trace --mode aggregate -- "$TARGETS/faults" "$kind" 0
		[ "$status" = 0 ]
		before=$(json "[.faults[] | select(.kind == \"$kind\") | .count] | add // 0")
		trace --mode aggregate -- "$TARGETS/faults" "$kind"
		[ "$status" = 0 ]
		added_up
		check '.reconcile.minor_faults.no_event == .tasks.execs'
		counted=$(json "[.faults[] | select(.kind == \"$kind\") | .count] | add // 0")
		echo "$kind: $before, then $counted"
		[ $((counted - before)) = 512 ]
	done
	# written by a child while its parent has the pages too: debt of the fork
	trace --mode aggregate -- "$TARGETS/faults" cow-copy
	added_up
	check '[.faults[] | select(.level == "process" and .kind == "write-protect") | .count] | add >= 512'
}

@test "tasks that outlive the recording are in it up to its end" {
	trace --mode both -- sh -c 'sleep 5 & sleep 0.1'
	[ "$status" = 0 ]
	check '.reconcile.ok'
	counted_alike
	check '.aggregate.groups == 1'
	trace --mode aggregate -- sh -c 'sleep 5 & sleep 0.1'
	check '.reconcile.ok and .reconcile.minor_faults.kernel == null'
	check '[.processes[] | select(.exited | not)] | length == 1 and all(.switches != null)'
}

@test "without the end of switches, faults' time or typed programs: what is left is exact" {
	local less
	for less in sched_exit_tp perf_fault_min tp_btf; do
		trace --mode aggregate --without "$less" --without finish_task_switch -- hackbench -g 1 -l 100
		[ "$status" = 0 ]
		added_up
		valid
	done
}

@test "a mode, a grouping or a size that is none: usage" {
	for option in --mode=often --group-by=cpu --max-memory=1K --max-memory=lots; do
		run -120 "$TASKTAX" run "$option" -- true
		[[ $output == *"${option%%=*} ${option#*=}: "* ]]
	done
}
