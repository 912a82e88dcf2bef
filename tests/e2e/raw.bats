#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# raw.bats - `tasktax run` without typed programs: who is a target is then found by address, in a map of
# our own, where a pid or an entry that outlives its task would give a wrong account.

load common

setup() {
	bats_require_minimum_version 1.5.0
	need_root
}

# The leader has exited, but may not have left its CPU yet, when the thread takes its pid.
@test "exec by a thread that is not the leader, 300 times" {
	trace --without tp_btf -- sh -c "for i in \$(seq 300); do '$TARGETS/exec_thread'; done; exit 0"
	[ "$status" = 0 ]
	exact
	balanced
	check '.tasks | .created.thread == 300 and .execs == 602'
}

@test "a pid that is used again" {
	trace --without tp_btf -- "$TARGETS/pid_reuse"
	[ "$status" = 0 ]
	exact
	balanced
	pid=$(cat "$OUT")
	check "[.processes[] | select(.pid == $pid)] | length == 2"
	check "[.processes[] | select(.pid == $pid) | .voluntary] | sort | .[0] >= 6 and .[1] >= 12"
}

@test "1,000 short tasks, then 1,000 in parallel and out of order: nobody is left over" {
	trace --without tp_btf -- sh -c "'$TARGETS/short_tasks' 1000; for i in \$(seq 1000); do true & done; wait"
	[ "$status" = 0 ]
	exact
	balanced
	check '.tasks.exits == 2003'
}

@test "a task that outlives the run is closed with the kernel's counters" {
	trace --without tp_btf -- sh -c "'$TARGETS/naps' 20; sleep 300 & echo \$!
		until read -r name </proc/\$!/comm && [ \$name = sleep ]; do :; done"
	kill "$(cat "$OUT")"
	[ "$status" = 0 ]
	exact
	check '[.processes[].tasks[] | select(.alive_at_end) | .comm] == ["sleep"]'
	check '.reconcile | .tasks_checked == 3 and .tasks_unread == 0'
}

@test "who wakes whom" {
	trace --without tp_btf --wakers -- "$TARGETS/vfork_child" 20
	[ "$status" = 0 ]
	exact
	balanced
	check '[.wakers[] | select(.waker == "vfork_child" and .wakee == "vfork_child") | .count] | add >= 20'
	check '.wakers | all(.waker_class != "target" or .waker == "vfork_child")'
}

@test "in a pid namespace of its own, where pids are other numbers" {
	for without in task_rename tp_btf; do
		JSON=$BATS_TEST_TMPDIR/$without.json
		unshare --pid --fork --mount-proc "$TASKTAX" run --json="$JSON" -o /dev/null \
			--without "$without" -- "$TARGETS/naps" 50
		exact
		check '.reconcile.switches.seen >= 50 and .tasks.exits == 1'
		check '.overhead.probe_ns > 0'
	done
}
