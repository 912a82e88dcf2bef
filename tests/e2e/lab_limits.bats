#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# lab_limits.bats - `tasktax lab` where the system gives it less: a control group's memory, an address space,
# a number of tasks, and a user's Ctrl-C amid a sweep. What cannot be run is skipped by name; the rest is.

load common

setup() { bats_require_minimum_version 1.5.0; }

teardown() {
	[ -z "${GROUP-}" ] || within 5 rmdir "$GROUP"
	[ -z "${OPEN-}" ] || rm -r "$OPEN"
}

# holds FILTER: the filter must say true of the JSON in $JSON.
holds() {
	jq -e "$1" "$JSON" >/dev/null || {
		echo "false: $1"
		jq -c '.experiments[] | .result, (.steps[] | {step: .label, skipped_because})' "$JSON"
		return 1
	}
}

# group_of BYTES: a control group with so much memory, in $GROUP; of either version.
group_of() {
	local parent limit
	parent=/sys/fs/cgroup/memory$(sed -n 's/^[0-9]*:memory://p' /proc/self/cgroup)
	limit=memory.limit_in_bytes
	if ! [ -e "$parent/$limit" ]; then
		parent=/sys/fs/cgroup limit=memory.max
		grep -qw memory "$parent/cgroup.subtree_control" 2>/dev/null ||
			echo +memory >"$parent/cgroup.subtree_control" || skip "no control groups of memory"
	fi
	GROUP=$parent/tasktax-test-$$
	mkdir "$GROUP"
	echo "$1" >"$GROUP/$limit"
}

# as_nobody LIMIT...: the lab as a user without privileges, under prlimit's LIMITs; then its arguments.
as_nobody() {
	OPEN=${OPEN:-$(mktemp -d)}
	cp "$TASKTAX" "$DEMO" "$OPEN" && chmod -R 755 "$OPEN"
	run --separate-stderr setpriv --reuid=65531 --regid=65531 --clear-groups prlimit "$1" \
		"$OPEN/tasktax" lab "${@:2}" --json
	JSON=$BATS_TEST_TMPDIR/json
	printf '%s\n' "$output" >"$JSON"
}

is_sanitized() { grep -q asan <(ldd "$DEMO"); }

@test "a control group's memory: the steps that have no room are named, and nothing is killed" {
	need_root
	! is_sanitized || skip "the sanitizer needs more memory than there is"
	group_of $((400 << 20))
	JSON=$BATS_TEST_TMPDIR/json
	# shellcheck disable=SC2016 # the inner shell expands it
	run --separate-stderr bash -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' - "$GROUP" \
		"$TASKTAX" lab spawn --rounds 2 --laps 4 --json="$JSON" -o "$BATS_TEST_TMPDIR/text"
	[ "$status" = 0 ]
	holds '.experiments[0].steps | map(select(.skipped_because) | .label) ==
		["fork, 512 MiB", "fork, 2 GiB", "fork, 512 MiB, huge", "posix_spawn, 512 MiB"]'
	holds '.experiments[0].steps | all(.[] | select(.skipped_because);
		.skipped_because | test("^needs (640.0 MiB|2.5 GiB) of memory, and [0-9.]+ MiB are available$"))'
	holds '.experiments[0] | .rounds_done == 2 and .ground_truth.rounds_equal == .ground_truth.rounds'
	grep -q '^Skipped: fork, 512 MiB: needs 640.0 MiB of memory' "$BATS_TEST_TMPDIR/text"
	run ! grep -E '^oom_kill [1-9]' "$GROUP"/memory.{events,oom_control}
}

@test "an address space that is refused, as without overcommit: skipped, and the reason" {
	need_root
	! is_sanitized || skip "the sanitizer needs address space without limits"
	as_nobody --as=$((300 << 20)) spawn --rounds 2 --laps 4
	[ "$status" = 0 ]
	[[ $stderr == *"spawn: cannot map 512.0 MiB of memory: Cannot allocate memory"* ]]
	[[ $stderr == *"warning: lab: spawn, fork, 2 GiB: skipped: the workload was refused memory"* ]]
	holds '.experiments[0].steps | map(select(.skipped_because) | .label) ==
		["fork, 512 MiB", "fork, 2 GiB", "fork, 512 MiB, huge", "posix_spawn, 512 MiB"]'
	holds '.experiments[0] | .rounds_done == 2 and (.steps[0].rounds | length) == 2'
}

@test "a number of tasks: what is too many is skipped; 124 when nothing is left, the others go on" {
	need_root
	! is_sanitized || skip "the sanitizer has a task of its own"
	as_nobody --nproc=40 oversubscribe --rounds 2 --laps 100
	[ "$status" = 0 ]
	holds '.experiments[0].steps | map(select(.skipped_because) | .label) == ["64 workers"]'
	holds '.experiments[0] | .rounds_done == 2'
	as_nobody --nproc=2 ring race --rounds 2 --laps 10
	[ "$status" = 124 ]
	[[ $stderr == *"lab: ring: the workload was refused memory, tasks or descriptors"* ]]
	holds '.experiments | map(.name) == ["ring", "race"]'
	within 2 no_process_of 65531
}

no_process_of() { ! pgrep -u "$1" >/dev/null; }

# interrupt_after SECONDS: Ctrl-C to a lab that has run for so long; it ends.
interrupt_after() {
	rm -f "$BATS_TEST_TMPDIR/pid"
	# shellcheck disable=SC2016 # the inner shell expands it
	# a shell without job control has its background ignore the key: default, however the tests were started
	setsid --fork env --default-signal=INT bash -c 'echo $$ >"$1"; shift; exec "$@"' - "$BATS_TEST_TMPDIR/pid" \
		"$TASKTAX" lab cow server --rounds 1000 --quick --json="$JSON" -o "$BATS_TEST_TMPDIR/text" 2>/dev/null
	within 5 test -s "$BATS_TEST_TMPDIR/pid"
	pid=$(<"$BATS_TEST_TMPDIR/pid")
	sleep "$1"
	kill -INT -- "-$pid"
	within 5 test ! -e "/proc/$pid"
	run ! pgrep -s "$pid"
}

@test "Ctrl-C amid a sweep: the rounds that were done are reported, and nothing is left" {
	need_root
	JSON=$BATS_TEST_TMPDIR/json
	for seconds in 6 20 40; do # a busy machine has not done a round so soon: then there is nothing to report
		interrupt_after "$seconds"
		[ ! -e "$JSON" ] || [ "$(jq '.experiments[0].rounds_done' "$JSON")" -lt 2 ] || break
	done
	holds '.experiments | length == 1 and .[0].stopped_by_signal == 2'
	holds '.experiments[0] | .rounds_done >= 2'
	# shellcheck disable=SC2016 # jq's variable
	holds '.experiments[0] | .rounds_done as $done | .steps | all((.rounds | length) == $done)'
}

@test "a signal to the lab alone ends it, whenever it comes" {
	need_root
	for after in 1 1.3 1.6 1.9; do
		"$TASKTAX" lab cow --rounds 80 --quick -o /dev/null 2>/dev/null 3>&- &
		pid=$!
		sleep "$after"
		kill -TERM "$pid"
		status=0
		wait "$pid" || status=$?
		[ "$status" = 143 ]
	done
}
