#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# demo_responsive.bats - `tasktax-demo responsive`: ticks are as many as the time holds, the background's
# work is checked, the trace and the kernel's own figures agree with it, and no task outlives it.

load common
load pipe
load faults

setup() {
	bats_require_minimum_version 1.5.0
	STARTED=
}

teardown() { [ -z "$STARTED" ] || kill_started || true; }

# kill_started: outright, without the shell's notice.
kill_started() {
	kill -KILL "$STARTED"
	wait "$STARTED" || true
	STARTED=
} 2>/dev/null

# What holds for every run.
COUNTED='.ticks_on_time + .ticks_missed == .expected_ticks and .late_p50_ns <= .late_p99_ns and
	.late_p99_ns <= .late_max_ns and .elapsed_ns >= .expected_ticks / .hz * 1e9 - 1 and
	.tasks == .background + 1 and (.units | length) == .background and
	(.units | add // 0) == .background_units and
	([.workers[].span | .minflt, .majflt] | unique) == [.expected_span_minor_faults] and
	.workers[0].span.nvcsw <= .expected_sleeps_at_most and
	.expected_sleeps_at_most <= .expected_ticks'

# responsive ARGUMENT...: must succeed with nothing said; the line in $output.
responsive() {
	run --separate-stderr "${UNDER[@]}" "$DEMO" responsive "$@"
	echo "$*: $status, $stderr"
	[ "$status" = 0 ] && [ -z "$stderr" ] && [ "${#lines[@]}" = 1 ] || return
	says "$COUNTED"
}

# says FILTER: the filter must say true of $output.
says() {
	jq -e "$1" <<<"$output" >/dev/null || {
		echo "false: $1 of $output"
		return 1
	}
}

# refused PATTERN ARGUMENT...: 120 and one line on standard error that matches.
refused() {
	local pattern=$1
	shift
	run --separate-stderr "$DEMO" responsive "$@"
	echo "$*: $status, $stderr"
	[ "$status" = 120 ]
	[ -z "$output" ]
	[ "${#stderr_lines[@]}" = 1 ]
	[[ $stderr =~ $pattern ]]
}

# start FORM: ten minutes of it, in $STARTED, which is a session of its own. A shell ignores SIGINT for
# what it starts so.
start() {
	setsid env --default-signal=INT "$DEMO" responsive --as "$1" --background 2 --seconds 600 --nice 19 \
		>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	STARTED=$!
	case $1 in
	process) within 5 has_children 3 ;;
	thread) within 5 has_threads 4 ;;
	esac
}
has_children() {
	mapfile -t CHILDREN < <(pgrep -P "$STARTED")
	[ "${#CHILDREN[@]}" = "$1" ]
}
has_threads() { [ "$(find "/proc/$STARTED/task" -mindepth 1 -maxdepth 1 | wc -l)" = "$1" ]; }
gone() { ! pgrep -s "$1" --runstates D,R,S,T >/dev/null; }

ends_with() { # STATUS
	local session=$STARTED
	status=0
	wait "$STARTED" || status=$?
	STARTED= # its pid may be another's now
	[ "$status" = "$1" ]
	[ ! -s "$BATS_TEST_TMPDIR/out" ]
	within 2 gone "$session"
}

@test "the ticks are as many as the time holds, in both forms" {
	for form in process thread; do
		responsive --as $form
		says ".as == \"$form\" and .hz == 60 and .duration_ns == 400000000 and .expected_ticks == 24"
		says '.background == 1 and .nice == 0 and .background_units > 0 and .cpu != null'
		responsive --as $form --hz 7 --seconds 0.5
		says '.expected_ticks == 3'
		responsive --as $form --hz 1000 --seconds 0.0999 --background 3
		says '.expected_ticks == 99'
		responsive --as $form --hz 1 --seconds 1 --background 0
		says '.expected_ticks == 1 and .units == [] and .background_units == 0'
		responsive --as $form --hz 10000 --seconds 0.000100000 --cpu spread
		says '.expected_ticks == 1 and .cpu == "spread"'
	done
	UNDER=(taskset -c 0)
	responsive --as thread --seconds 0.1 --cpu spread
}

# A nice value is seen from outside, as each task's own.
@test "--nice: the background's, not the tick's, in both forms" {
	for form in process thread; do
		responsive --as $form --nice 19 --seconds 0.1
		says '.nice == 19'
		start $form
		within 5 nices "0 0 19 19"
		kill_started
	done
}

# nices LIST: the nice values of the main task and the others, sorted.
nices() {
	[ "$(ps -L -s "$STARTED" -o ni= | sort -n | xargs)" = "$1" ]
}

@test "the wait by the kernel's schedstat: within the tick's life" {
	[ -r /proc/self/schedstat ] && [ "$(cat /proc/self/schedstat)" != "0 0 0" ] ||
		skip "this kernel does not count it"
	for form in process thread; do
		responsive --as $form --background 2 --seconds 0.2
		says '.tick_wait_ns >= 0 and .tick_wait_ns <= .tick_wait_since_birth_ns'
	done
}

# The figures of the task are read before its end, those of the trace at it.
@test "traced: what each task counted, the wait of the tick, and the levels of its switches" {
	need_root
	for form in process thread; do
		trace -- "$DEMO" responsive --as $form --background 2
		[ "$status" = 0 ]
		output=$(cat "$OUT")
		says "$COUNTED"
		exact
		balanced
		faults_add_up
		jq -ne --slurpfile out "$OUT" --slurpfile report "$JSON" '
			[$report[0].processes[].tasks[]] as $tasks | $out[0].workers | all(. as $w
			| ($tasks[] | select(.pid == $w.tid)) as $t | $t.voluntary >= $w.nvcsw and
			$t.preempted >= $w.nivcsw and $t.minor_faults >= $w.minflt)' >/dev/null
		jq -ne --slurpfile out "$OUT" --slurpfile report "$JSON" '
			$out[0] as $o | $report[0].processes[].tasks[] | select(.pid == $o.workers[0].tid) |
			.wait_ns >= ($o.tick_wait_since_birth_ns // 0) and
			.voluntary >= $o.workers[0].span.nvcsw' >/dev/null
		case $form in
		process)
			check '.tasks.created == {process: 3, thread: 0, vfork: 0}'
			[ "$(switches thread)" -le "$(json .first_switches)" ]
			[ "$(switches process)" -gt 0 ]
			;;
		thread)
			check '.tasks.created == {process: 0, thread: 3, vfork: 0}'
			[ "$(switches thread)" -gt 0 ]
			check '.fork_debt.faults == (.processes[0] | .fork_debt.cow + .fork_debt.refaults +
				.fork_debt_of_parent.cow)'
			;;
		esac
	done
}

@test "bad arguments: 120 and one line" {
	refused "--as is missing"
	refused "--tasks: not an option of responsive; --background" --as thread --tasks 2
	for value in 0 10001 -1 60.0; do
		refused "--hz .*: not a number from 1 to 10000" --as thread --hz "$value"
	done
	for value in 0 0.0 "" . .5 1. -1 +1 1e3 600.1 601 0.1234567890 99999999999999999999 "1 "; do
		refused "--seconds .*: not a number of seconds up to 600" --as thread --seconds "$value"
	done
	for value in -1 4096 x; do
		refused "--background .*: not a number from 0 to 4095" --as thread --background "$value"
	done
	for value in -1 20 x; do
		refused "--nice .*: not a number from 0 to 19" --as thread --nice "$value"
	done
	refused "no tick of 1 per second falls into the time" --as thread --hz 1 --seconds 0.9
	run --separate-stderr "$DEMO" responsive --help
	[ "$status" = 0 ]
	for option in --hz --seconds --background --nice; do [[ $output == *"$option="* ]]; done
	[[ $output == *Example:* ]]
}

@test "no more tasks: a clear message, and none is left" {
	need_root
	export ASAN_OPTIONS=detect_leaks=0 # which needs a task of its own
	open=$(mktemp -d)
	cp "$DEMO" "$open" && chmod -R 755 "$open"
	for form in process thread; do
		status=0
		err=$(setpriv --reuid=65531 --regid=65531 --clear-groups prlimit --nproc=4 \
			"$open/tasktax-demo" responsive --as $form --background 30 2>&1) || status=$?
		echo "$status $err"
		[ "$status" = 124 ]
		[[ $err == "tasktax: responsive: cannot create $form "*" of 31: Resource temporarily unavailable; "* ]]
	done
	rm -r "$open"
	run ! pgrep -u 65531 --runstates D,R,S,T
}

@test "a task dies: 125, one line, and no other is left" {
	start process
	kill -KILL "${CHILDREN[0]}"
	ends_with 125
	[ "$(wc -l <"$BATS_TEST_TMPDIR/err")" = 1 ]
	grep -q "^tasktax: responsive: task 0 (pid ${CHILDREN[0]}) was killed by signal 9" \
		"$BATS_TEST_TMPDIR/err"
}

@test "Ctrl-C, which goes to all, or killed outright: no task is left" {
	for form in process thread; do
		start $form
		kill -INT -- "-$STARTED"
		ends_with 130
		[ ! -s "$BATS_TEST_TMPDIR/err" ]
		start $form
		session=$STARTED
		kill_started
		within 2 gone "$session"
	done
}
