#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# demo.bats - `tasktax-demo`: its own counts are exact, its errors one line, and no task outlives it.

load common

FOREVER=4000000000

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

# ring ARGUMENT...: must succeed with nothing said; the line in $output.
ring() {
	run --separate-stderr "$DEMO" ring "$@"
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

# start FORM: an endless ring of 3 tasks, in $STARTED. A shell ignores SIGINT for what it starts so.
start() {
	env --default-signal=INT "$DEMO" ring --as "$1" --tasks 3 --rounds $FOREVER \
		>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	STARTED=$!
	case $1 in
	process) within 5 has_children 3 ;;
	thread) within 5 has_threads 4 ;;
	esac
}

# The children of $STARTED in $CHILDREN.
has_children() {
	mapfile -t CHILDREN < <(pgrep -P "$STARTED")
	[ "${#CHILDREN[@]}" = "$1" ]
}
has_threads() { [ "$(find "/proc/$STARTED/task" -mindepth 1 -maxdepth 1 | wc -l)" = "$1" ]; }

# ended PID: gone, or a zombie that its parent (not ours) has not fetched.
ended() { ! grep -q '^State:[[:space:]][^Z]' "/proc/$1/status" 2>/dev/null; }

ends_with() { # STATUS
	status=0
	wait "$STARTED" || status=$?
	STARTED= # its pid may be another's now
	[ "$status" = "$1" ]
}

@test "the counts are exact, in both forms and by both transports" {
	for form in process thread; do
		for via in pipe futex; do
			for tasks in 2 5; do
				ring --as $form --via $via --tasks $tasks --rounds 2000 --cpu auto
				says '.experiment == "ring" and .rounds == 2000'
				says ".as == \"$form\" and .via == \"$via\" and .tasks == $tasks"
				says '.hand_overs == .tasks * 2000'
				says '.warm_up_hand_overs == .tasks * 200'
				says '.expected_switches == .hand_overs + .warm_up_hand_overs'
				says '.workers | length == ([.[].tid] | unique | length)'
				says '(.workers | length) == .tasks'
				says '.elapsed_ns > 0'
				says '(.elapsed_ns / .hand_overs - .ns_per_hand_over) | fabs <= 0.06'
			done
		done
	done
}

# On one CPU the task that gets the token runs after the one that gave it, so the giver was switched
# out in between, by itself or preempted; no two hand-overs can share that switch. The gates, and
# whatever else runs on this CPU, only add to it.
@test "pinned, the kernel counted a switch per hand-over, and the process's counters hold the tasks'" {
	for form in process thread; do
		for via in pipe futex; do
			ring --as $form --via $via --tasks 4 --rounds 2000 --cpu auto
			says '([.workers[] | .nvcsw + .nivcsw] | add) >= .expected_switches'
			says '.workers | all(.nvcsw + .nivcsw >= 2200)'
			says '([.workers[] | .nvcsw] | add) <= .self.nvcsw'
			says '([.workers[] | .nivcsw] | add) <= .self.nivcsw'
			says '.self | .minflt > 0 and .majflt >= 0'
		done
	done
}

@test "two tasks pinned: hardly a switch more than hand-overs" {
	for form in process thread; do
		ring --as $form --rounds 10000 --cpu auto
		says '([.workers[] | .nvcsw + .nivcsw] | add) < .expected_switches * 1.1'
	done
}

@test "not pinned, or alone: no number of switches is promised" {
	ring --as process --rounds 100
	says '.cpu == null and .expected_switches == null and .tasks == 2'
	for via in pipe futex; do
		ring --as thread --tasks 1 --via $via --rounds 100 --cpu auto
		says '.expected_switches == null and .hand_overs == 100'
	done
	ring --as thread --rounds 1
	says '.hand_overs == 2 and .warm_up_hand_overs == 2'
}

@test "--cpu: from the allowed set only" {
	allowed=$(taskset -cp $$)
	first=${allowed##*: } last=${allowed##*[ ,-]}
	first=${first%%[,-]*}
	ring --as thread --rounds 100 --cpu auto
	says ".cpu == $last"
	ring --as process --rounds 100 --cpu "$first"
	says ".cpu == $first"
	[ "$first" != "$last" ] || skip "one CPU only"
	run --separate-stderr taskset -c "$first" "$DEMO" ring --as thread --rounds 1 --cpu "$last"
	[ "$status" = 120 ]
	[[ $stderr == *"--cpu $last: "*"not one of the allowed CPUs ($first);"* ]]
	run taskset -c "$first" "$DEMO" ring --as thread --rounds 100 --cpu auto
	says ".cpu == $first"
}

@test "the forms are what they say: children, or threads" {
	start process
	has_threads 1
	kill_started
	start thread
	has_children 0
	has_threads 4
}

@test "many tasks" {
	for form in process thread; do
		ring --as $form --tasks 300 --rounds 2 --via futex --cpu auto
		says '.hand_overs == 600 and (.workers | length) == 300'
	done
}

@test "bad arguments: 120 and one line" {
	refused 120 "needs an experiment"
	refused 120 "nothing is not an experiment" nothing
	refused 120 "x1b.* is not an experiment" $'\033[31m'
	refused 120 "--as is missing" ring
	refused 120 "--as fiber: the form is process or thread" ring --as fiber
	refused 120 "requires an argument" ring --as
	refused 120 "unrecognized option" ring --as thread --bogus
	refused 120 "extra: not an option" ring --as thread extra
	refused 120 "--via tcp: the way is pipe, futex, socketpair or eventfd" ring --as thread --via tcp
	for value in 0 4097 -1 +2 2.0 1e3 0x2 " 2" 2k "" 99999999999999999999; do
		refused 120 "--tasks .*: not a number from 1 to 4096" ring --as thread --tasks "$value"
	done
	for value in 0 -1 1e5 99999999999999999999; do
		refused 120 "--rounds .*: not a number from 1 to" ring --as thread --rounds "$value"
	done
	for value in -1 last "" 8192; do
		refused 120 "--cpu .*: neither a CPU's number nor auto" ring --as thread --cpu "$value"
	done
	refused 120 "CPU 8191 is not one of the allowed CPUs" ring --as thread --cpu 8191
}

@test "help and version" {
	run --separate-stderr "$DEMO" --help
	[ "$status" = 0 ]
	[[ $output == *"   ring "* ]]
	run --separate-stderr "$DEMO" ring --help
	[ "$status" = 0 ]
	for option in --as --tasks --cpu --rounds --via; do [[ $output == *"$option="* ]]; done
	run --separate-stderr "$DEMO" --version
	[ "$status" = 0 ]
	[[ $output == "tasktax-demo "[0-9]* ]]
}

@test "a result that cannot be written: 123" {
	status=0
	"$DEMO" ring --as thread --rounds 1 >/dev/full 2>"$BATS_TEST_TMPDIR/err" || status=$?
	[ "$status" = 123 ]
	grep -q "cannot write the result" "$BATS_TEST_TMPDIR/err"
	status=0
	"$DEMO" ring --as process --rounds 1 >&- 2>/dev/null || status=$?
	[ "$status" = 123 ]
}

@test "limits: no more descriptors, no more tasks" {
	export ASAN_OPTIONS=detect_leaks=0 # which needs a descriptor and a task of its own
	status=0
	err=$(ulimit -n 40 && "$DEMO" ring --as process --tasks 30 2>&1) || status=$?
	[ "$status" = 124 ]
	[[ $err == "tasktax: ring: cannot open pipe "*" of 30: Too many open files; "* ]]
	need_root
	open=$(mktemp -d)
	cp "$DEMO" "$open" && chmod -R 755 "$open"
	for form in process thread; do
		status=0
		err=$(setpriv --reuid=65533 --regid=65533 --clear-groups prlimit --nproc=4 \
			"$open/tasktax-demo" ring --as $form --tasks 30 2>&1) || status=$?
		echo "$status $err"
		[ "$status" = 124 ]
		[[ $err == "tasktax: ring: cannot create $form "*" of 30: Resource temporarily unavailable; "* ]]
	done
	rm -r "$open"
	run ! pgrep -u 65533
}

@test "a task that dies ends the run, and no other is left" {
	start process
	kill -KILL "${CHILDREN[1]}"
	ends_with 125
	for child in "${CHILDREN[@]}"; do ended "$child"; done
	[ ! -s "$BATS_TEST_TMPDIR/out" ]
	[ "$(wc -l <"$BATS_TEST_TMPDIR/err")" = 1 ]
	grep -q "^tasktax: ring: task . (pid ${CHILDREN[1]}) was killed by signal 9" "$BATS_TEST_TMPDIR/err"
}

@test "a signal ends it by that signal, quietly, and no task is left" {
	for form in process thread; do
		for signal in INT TERM HUP; do
			start $form
			kill -$signal "$STARTED"
			ends_with $((128 + $(kill -l $signal)))
			for child in "${CHILDREN[@]}"; do ended "$child"; done
			[ ! -s "$BATS_TEST_TMPDIR/out" ]
			[ ! -s "$BATS_TEST_TMPDIR/err" ]
		done
	done
}

@test "a signal that the caller ignores stays ignored" {
	(trap '' HUP && exec "$DEMO" ring --as process --rounds 20000 >"$BATS_TEST_TMPDIR/out" 3>&-) &
	STARTED=$!
	within 5 has_children 2
	kill -HUP "$STARTED"
	ends_with 0
	jq -e .hand_overs "$BATS_TEST_TMPDIR/out"
}

@test "killed outright, it takes its tasks along" {
	start process
	kill_started
	for child in "${CHILDREN[@]}"; do within 2 ended "$child"; done
}
