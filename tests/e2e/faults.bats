#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# faults.bats - page faults whose number and kind are known beforehand, one by one, and those of a target
# in bad places. Repeats are in tests/soak, real programs in fault_loads.bats.

load trouble
load pipe
load faults

setup() {
	trouble_setup
	need_root
}

teardown() { trouble_teardown; }

# kind KIND: its faults and no others are in the report.
kind() {
	fault_kind "$1"
	[ -z "$IMPOSSIBLE" ] || skip "$IMPOSSIBLE"
}

@test "faults of the kind zero-read, exactly" { kind zero-read; }
@test "faults of the kind first-touch, exactly" { kind first-touch; }
@test "faults of the kind over-zero, exactly" { kind over-zero; }
@test "faults of the kind cow-copy, exactly" { kind cow-copy; }
@test "faults of the kind cow-reuse, exactly" { kind cow-reuse; }
@test "faults of the kind cow-file, exactly" { kind cow-file; }
@test "faults of the kind cow-file-read, exactly" { kind cow-file-read; }
@test "faults of the kind file-warm, exactly" { kind file-warm; }
@test "faults of the kind file-cold, exactly" { kind file-cold; }
@test "faults of the kind file-write, exactly" { kind file-write; }
@test "faults of the kind file-write-read, exactly" { kind file-write-read; }
@test "faults of the kind shmem, exactly" { kind shmem; }
@test "faults of the kind shmem-read, exactly" { kind shmem-read; }
@test "faults of the kind thp, exactly" { kind thp; }
@test "faults of the kind hugetlb, exactly" { kind hugetlb; }
@test "faults of the kind hugetlb-read, exactly" { kind hugetlb-read; }
@test "faults of the kind hugetlb-shared, exactly" { kind hugetlb-shared; }
@test "faults of the kind kernel, exactly" { kind kernel; }
@test "faults of the kind populate, exactly" { kind populate; }
@test "faults of the kind segv, exactly" { kind segv; }
@test "faults of the kind thread-stack, exactly" { kind thread-stack; }
@test "faults of the kind uffd, exactly" { kind uffd; }

# one_line FILE: its words.
one_line() { tr -s ' \n' ' ' <"$1"; }

# valued NUMBER: with thousands apart, as the text has it.
valued() { sed -E ':a;s/^([0-9]+)([0-9]{3})/\1,\2/;ta' <<<"$1"; }

@test "more faults than the ring takes: at least so many, and what is lost is counted" {
	# shellcheck disable=SC2016
	trace --ring-size 4K -- sh -c '"$0" first-touch 200000; exit 7' "$TARGETS/faults"
	[ "$status" = 7 ]
	check '.events.lost.fault > 0 and .events.complete == false'
	faults_add_up
	check '.reconcile.ok and .reconcile.minor_faults.kernel > 200000'
	run one_line "$REPORT"
	# on a busy machine switches may be lost as well, and stand before them
	[[ $output == *"AT LEAST: "*" lost "*"$(valued "$(json .events.lost.fault)") faults (ring full: raise"* ]]
	[[ $output == *"memory faults: at least $(valued "$(json '[.faults[].count] | add')")"* ]]
	[[ $output == *" ≥"* ]]
}

@test "--no-faults: unknown in the JSON, nothing in the text" {
	trace --no-faults -- "$TARGETS/faults" cow-copy
	[ "$status" = 0 ]
	exact
	valid
	check '[.faults, .fork_debt, .regions, .fault_end, .fault_unknown_because, .tax.faulting_ns] |
		unique == [null]'
	check '.reconcile | [.minor_faults, .major_faults, .unfinished_faults] | unique == [null]'
	check '[.processes[] | ., .tasks[] | .minor_faults, .major_faults, .fault_ns] | unique == [null]'
	check '[.features.attached[] | select(test("fault|rss_stat|mappings"))] == []'
	run ! grep -E 'memory faults|minor faults|where it faulted|fork debt' "$REPORT"
}

# without HOOK...: cow-copy all the same, each of its faults counted.
without() {
	# shellcheck disable=SC2046 # words
	trace $(printf -- "--without %s " "$@") -- "$TARGETS/faults" cow-copy
	[ "$status" = 0 ]
	exact
	balanced
	valid
	check '.reconcile.minor_faults | .no_event == 1 and .seen + 1 == .kernel'
	check '.reconcile.minor_faults.seen + .reconcile.major_faults.seen == ([.faults[].count] | add)'
}

@test "without perf's events: the same kinds, times unknown and why" {
	for hook in perf_fault_min perf_fault_maj; do
		without "$hook"
		faults_add_up
		[ "$(faulted '.kind == "cow-fork" and .level == "process"')" -ge 512 ]
		[ "$(faulted '.kind == "first-touch" and .level == "work"')" -ge 512 ]
		check ".fault_end == null and .fault_unknown_because == \"by --without $hook\""
		check '[.faults[] | .time_ns | .p50, .mean, .max] | unique == [null]'
		check '.faults | all(.untimed == .count)'
		check '.tax.faulting_ns == null and .fork_debt.time_ns == null'
		grep -q '¹ by --without '"$hook" "$REPORT"
	done
}

@test "without rss_stat: kinds by the error code and the region" {
	without rss_stat
	faults_add_up
	[ "$(faulted '.kind == "cow-fork" and .level == "process"')" -ge 512 ]
	[ "$(faulted '.kind == "first-touch" and .level == "work"')" -ge 512 ]
	check '([.faults[].untimed] | add) <= .events.missed_switch_ins + .events.began_on_cpu'
}

@test "without perf_mappings: where the faults of lasting processes were is read from /proc/PID/maps" {
	trace --without perf_mappings -- "$TARGETS/stages"
	[ "$status" = 0 ]
	exact
	valid
	check '.regions_by == "/proc/PID/maps"'
	[ "$(faulted '.kind == "first-touch" and .level == "work"')" -ge 512 ]
	[ "$(faulted '.kind == "first-touch" and .level == "thread"')" -ge 512 ]
	[ "$(faulted '.kind == "cow-fork" and .level == "process"')" -ge 512 ]
	[ "$(faulted '.level == null')" -lt 100 ]
	check '.fork_debt.children.cow >= 512'
	check '[.regions[] | select(.region == "thread stack") | .count] | add | . >= 512 and . < 540'
	one_line "$REPORT" |
		grep -q "from /proc/PID/maps, read now and then (perf's mappings: by --without perf_mappings)"
}

@test "without perf_mappings and proc_maps: where the faults were is unknown, and so is the fork debt" {
	without perf_mappings proc_maps
	check '.regions_by == null and (.faults | any(.level == null))'
	check '.faults | all(.kind != "cow-fork")'
	check '[.regions, .fork_debt] + [.processes[] | .fork_debt, .fork_debt_of_parent] | unique == [null]'
	[ "$(faulted '.kind == "first-touch" and .level == null')" -ge 512 ]
	[ "$(faulted '.kind == "write-protect" and .level == null')" -ge 512 ]
	one_line "$REPORT" |
		grep -q 'where they were is unknown (by --without perf_mappings), so what .* is the fork debt'
	run ! grep -q 'where it faulted' "$REPORT"
}

@test "without the start of faults: unknown, and why" {
	for hook in page_fault_user page_fault_kernel; do
		trace --without "$hook" -- "$TARGETS/faults" first-touch
		[ "$status" = 0 ]
		exact
		valid
		check ".faults == null and .fault_unknown_because == \"by --without $hook\""
		grep -q '¹ by --without '"$hook" "$REPORT"
	done
}

@test "without typed programs: each fault all the same" {
	for hook in tp_btf task_storage; do
		without "$hook"
		faults_add_up
		[ "$(faulted '.kind == "cow-fork" and .level == "process"')" -ge 512 ]
		check '([.faults[].untimed] | add) <= .events.missed_switch_ins + .events.began_on_cpu'
	done
}

# storm FORM ROUNDS: two workers that map a page, write it and unmap it again.
storm() {
	local UNDER=(setarch -R)
	trace --ring-size 64M -- "$TARGETS/storm" --as "$1" --workers 2 --rounds "$2"
	[ "$status" = 0 ]
	check '.reconcile.ok and .events.lost.fault == 0'
	faults_add_up
}

# What the kernel ran no switch program for, it may have done in the middle of a fault: that one is "other".
@test "a storm of maps and unmaps: each page of it is new anonymous memory, the program's own work" {
	local form
	for form in process thread; do
		storm "$form" 00001
		mv "$JSON" "$BATS_TEST_TMPDIR/base.json"
		storm "$form" 20001
		run added "$BATS_TEST_TMPDIR/base.json" "$JSON"
		echo "$form: $output"
		# of a page shared by fork it is chance which of them writes it first, and whether both do
		[[ $output == *"in anonymous: 4000"[0-9]* ]]
		[ "$(faulted '.level == "work" and .kind == "first-touch" and .severity == "minor"')" -ge \
			$((40000 - $(faulted '.kind == "other"'))) ]
		[ "$(faulted '.level == "thread"')" -lt 100 ]
	done
}

@test "killed in the middle of its faults" {
	# shellcheck disable=SC2016
	trace --ring-size 64M -- sh -c '"$0" --as thread --rounds 100000000 & sleep 0.2; kill -KILL $!; wait $!' \
		"$TARGETS/storm"
	[ "$status" = 137 ]
	check '.reconcile.ok and .events.lost.fault == 0'
	faults_add_up
	balanced
	[ "$(faulted '.level == "work"')" -ge 1000 ]
	check '.tasks.crashed | length == 1 and .[0].signal == 9'
	# at most one of each thread was cut short
	check '.reconcile.unfinished_faults <= 3'
}
