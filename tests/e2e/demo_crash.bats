#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# demo_crash.bats - `tasktax-demo crash`: a process dies alone, a thread takes the others along; the trace
# says the same, and nothing is left behind.

load common

setup() {
	bats_require_minimum_version 1.5.0
	STARTED=
}

# kill_started: outright, without the shell's notice.
kill_started() {
	kill -KILL "$STARTED"
	wait "$STARTED" || true
	STARTED=
} 2>/dev/null

teardown() { [ -z "$STARTED" ] || kill_started || true; }

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

# outcome FORM TASKS: who survived each crash, and what it took.
# shellcheck disable=SC2016 # the variables are jq's
outcome() {
	says ".as == \"$1\" and .tasks == $2 and (.crashes | length) == .expected_crashes"
	says '[.expected_signal, .expected_survivors, .expected_tasks_lost] as [$signal, $survivors, $lost] |
		all(.crashes[]; .signal == $signal and .survivors == $survivors and .tasks_lost == $lost)'
	says '.survivors == .expected_survivors and .tasks_lost == .expected_tasks_lost'
	case $1 in
	process) says '.expected_survivors == .tasks - 1 and .expected_tasks_lost == 0' ;;
	thread) says '.expected_survivors == 0 and .expected_tasks_lost == .tasks - 1' ;;
	esac
}

# start FORM: crash upon crash of 3 tasks, in a session of its own, in $STARTED. A shell ignores SIGINT for
# what it starts so.
start() {
	setsid env --default-signal=INT "$DEMO" crash --as "$1" --tasks 3 --crashes 10000 \
		>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	STARTED=$!
	within 5 has_child
}
has_child() { CHILD=$(pgrep -P "$STARTED" -r R,S | head -n 1) && [ -n "$CHILD" ]; }

# kill_child: of a supervisor that is stopped, so that the child is not one that is about to crash.
kill_child() {
	local failed=0
	kill -STOP "$STARTED"
	sleep 0.1
	{ has_child && kill -KILL "$CHILD"; } || failed=1
	kill -CONT "$STARTED"
	return $failed
}

# ended PID: gone, or a zombie that its parent (not ours) has not fetched.
ended() { ! grep -q '^State:[[:space:]][^Z]' "/proc/$1/status" 2>/dev/null; }

# nobody_left SESSION
nobody_left() { ! pgrep -s "$1" -r R,S,D,T >/dev/null; }

ends_with() { # STATUS
	status=0
	wait "$STARTED" || status=$?
	STARTED= # its pid may be another's now
	[ "$status" = "$1" ]
}

@test "a process dies alone, a thread takes the others along, however it fails" {
	cd "$BATS_TEST_TMPDIR"
	ulimit -S -c "$(ulimit -H -c)"
	for form in process thread; do
		for how in null:11 abort:6 stack:11; do
			for tasks in 1 4; do
				demo crash --as $form --how "${how%:*}" --tasks $tasks --crashes 5
				says ".experiment == \"crash\" and .how == \"${how%:*}\" and .expected_crashes == 5"
				says ".expected_signal == ${how#*:}"
				outcome $form $tasks
			done
		done
	done
	[ -z "$(find . -name '*core*')" ] # no core is left
}

# The victim dies with at least the unit that it had just done; nobody with more than a batch.
# shellcheck disable=SC2016 # the variables are jq's
@test "work: what was done was handed in or lost, and how much can be lost" {
	for form in process thread; do
		demo crash --as $form
		says '.units == .units_handed_in + .units_lost'
		says '.units_lost == ([.crashes[].units_lost] | add)'
		says '.batch as $b | all(.crashes[]; .units_lost >= 1 and .units_lost <= $b * (1 + .tasks_lost))'
		says 'all(.crashes[]; .noticed_ns > 0 and .replaced_ns > .noticed_ns)'
		says '[.crashes[].noticed_ns] as $n | .noticed_ns >= ($n | min) and .noticed_ns <= ($n | max)'
		says '[.crashes[].replaced_ns] as $n | .replaced_ns >= ($n | min) and .replaced_ns <= ($n | max)'
	done
}

@test "each worker gets its turn, the first thread of a process too" {
	demo crash --as thread --tasks 3 --crashes 3
	says '[.crashes[] | .tid - .pid] | .[0] == 0 and .[1] > 0 and .[2] > 0'
	demo crash --as process --tasks 3 --crashes 3
	says 'all(.crashes[]; .tid == .pid)'
	says '[.crashes[].pid] | length == (unique | length)'
}

@test "traced: the same deaths, signals, and tasks lost" {
	for form in process thread; do
		for how in null abort stack; do
			traced crash --as $form --how $how --tasks 4 --crashes 3
			outcome $form 4
			jq -S '[.crashes[] | {pid, signal, tasks_lost}] | sort_by(.pid)' <<<"$output" \
				>"$BATS_TEST_TMPDIR/demo"
			json '[.tasks.crashed[] | {pid, signal, tasks_lost}] | sort_by(.pid)' | jq -S . |
				diff "$BATS_TEST_TMPDIR/demo" -
			check ".tasks.created == ($(jq -c .expected_created <<<"$output") + {vfork: 0})"
			check '.exit.code == 0'
			balanced
		done
	done
}

@test "one CPU, pinned, and many tasks" {
	for form in process thread; do
		run --separate-stderr taskset -c "$(taskset -cp $$ | sed 's/.*[ ,-]//')" \
			"$DEMO" crash --as $form --crashes 3
		[ "$status" = 0 ]
		outcome $form 4
		demo crash --as $form --crashes 2 --cpu auto
		outcome $form 4
		demo crash --as $form --crashes 2 --cpu spread
		outcome $form 4
		demo crash --as $form --crashes 1 --tasks 50
		outcome $form 50
	done
}

@test "limits: no more tasks" {
	need_root
	open=$(mktemp -d)
	cp "$DEMO" "$open" && chmod -R 755 "$open"
	export ASAN_OPTIONS=detect_leaks=0 # which needs a task of its own
	for form in process:create thread:begin; do
		status=0
		err=$(setpriv --reuid=65532 --regid=65532 --clear-groups prlimit --nproc=4 \
			"$open/tasktax-demo" crash --as "${form%:*}" --tasks 30 2>&1) || status=$?
		echo "$status $err"
		[ "$status" = 124 ]
		[[ $err == "tasktax: crash: "*"cannot ${form#*:}"*"Resource temporarily unavailable; "* ]]
	done
	rm -r "$open"
	run ! pgrep -u 65532
}

@test "a death that was not asked for ends the run, and no task is left" {
	for form in process thread; do
		start $form
		session=$STARTED
		within 10 kill_child
		ends_with 125
		[ ! -s "$BATS_TEST_TMPDIR/out" ]
		[ "$(wc -l <"$BATS_TEST_TMPDIR/err")" = 1 ]
		grep -q "^tasktax: crash: task . (pid $CHILD) was killed by signal 9" "$BATS_TEST_TMPDIR/err"
		nobody_left "$session"
	done
}

@test "a signal to all ends it by that signal, quietly, and no task is left; killed outright too" {
	for form in process thread; do
		for signal in INT TERM HUP; do
			start $form
			session=$STARTED
			kill -$signal -- "-$STARTED"
			ends_with $((128 + $(kill -l $signal)))
			within 5 nobody_left "$session"
			[ ! -s "$BATS_TEST_TMPDIR/out" ]
			[ ! -s "$BATS_TEST_TMPDIR/err" ]
		done
		start $form
		session=$STARTED
		kill_started
		within 5 nobody_left "$session"
	done
}

@test "bad arguments: 120 and one line; help" {
	refused "--how loud: the way is null, abort or stack" crash --as thread --how loud
	for value in 0 -1 10001 1e1; do
		refused "--crashes .*: not a number from 1 to 10000" crash --as thread --crashes "$value"
	done
	run --separate-stderr "$DEMO" crash --help
	[ "$status" = 0 ]
	for option in --as --tasks --cpu --crashes --how; do [[ $output == *"$option="* ]]; done
	[[ $output == *"tasktax run -- tasktax-demo crash "* ]]
}
