#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# demo_memory.bats - `tasktax-demo memory`: what is shared is in the RSS of each process and in the PSS of all once.

load common

setup() {
	bats_require_minimum_version 1.5.0
	STARTED=
	export ASAN_OPTIONS=detect_leaks=0 # which makes a task of its own, at the end
}

# memory ARGUMENT...: must succeed with nothing said; the line in $output.
memory() {
	run --separate-stderr "$DEMO" memory "$@"
	[ "$status" = 0 ] && [ -z "$stderr" ] && [ "${#lines[@]}" = 1 ]
}

# traced ARGUMENT...: the same under tasktax, which saw all of it.
traced() {
	need_root
	trace -- "$DEMO" memory "$@"
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

MIB=1048576

teardown() { [ -z "$STARTED" ] || kill -KILL "$STARTED" 2>/dev/null || true; }

# shared K: of K processes (or one) and the memory of 32 MiB, by these fields of an object.
shared() {
	echo ".rss_sum_bytes >= $1 * 32 * $MIB and .rss_sum_bytes < ($1 + 1) * 32 * $MIB and
		.pss_sum_bytes >= 32 * $MIB - $1 * 2048 and .pss_sum_bytes < 48 * $MIB"
}

@test "processes: RSS has it for each, PSS once, and it is nobody's own" {
	memory --as process --tasks 4 --size 32M --hold 0
	says '.experiment == "memory" and .as == "process" and .processes == 5'
	says ".size_bytes == 32 * $MIB and .expected_rss_sum_floor_bytes == 5 * 32 * $MIB"
	says '.rss_sum_bytes >= .expected_rss_sum_floor_bytes and .pss_sum_bytes >= .expected_pss_sum_floor_bytes'
	says "$(shared 5)"
	says ".private_sum_bytes < 16 * $MIB"
	says '.expected_faults == 0 and (.workers | all(.span.minflt == 0))'
}

@test "threads: one process, and its own" {
	memory --as thread --tasks 4 --size 32M --hold 0
	says '.as == "thread" and .processes == 1'
	says "$(shared 1)"
	says ".private_sum_bytes >= 32 * $MIB and .private_sum_bytes <= .rss_sum_bytes"
	says '.rss_sum_bytes >= .expected_rss_sum_floor_bytes and .pss_sum_bytes >= .expected_pss_sum_floor_bytes'
	says '.workers | all(.span.minflt == 0)'
}

@test "huge pages: the same" {
	memory --as process --tasks 4 --size 32M --hold 0 --huge
	says '.huge'
	says "$(shared 5)"
}

# Samples come in rounds 100 ms apart, and one has all of the processes if there is a CPU for it.
@test "the trace agrees" {
	traced --as process --tasks 4 --size 32M --hold 1500
	says "$(shared 5)"
	check "[.memory.processes[].samples] | length == 5 and all(. >= 1)"
	check ".memory | $(shared 5)"
	check '.fork_debt.children.copies == null and .tasks.created == {process: 4, thread: 0, vfork: 0}'
	# no fault for what is only read
	check "[.faults[] | select(.kind == \"cow-fork\") | .count] | add <= $(of '.self.minflt') - $((32 * MIB / $(getconf PAGESIZE)))"
	traced --as thread --tasks 4 --size 32M --hold 500
	check ".memory | $(shared 1)"
	check '.tasks.created == {process: 0, thread: 4, vfork: 0}'
}

@test "bad arguments, and no memory" {
	refused 120 "--size 5G: not a size in whole MiB from 1M to 4096M" "$DEMO" memory --as thread --size 5G
	refused 120 "--hold 60001: not a number from 0 to 60000" "$DEMO" memory --as thread --hold 60001
	! grep -q asan <(ldd "$DEMO") || return 0 # which needs address space without limits
	refused 124 "^tasktax: memory: cannot map 64.0 MiB of memory: Cannot allocate memory; ask for less" \
		prlimit --as=40000000 "$DEMO" memory --as process --size 64M
}

# ended PID: gone, or a zombie that its parent (not ours) has not fetched.
ended() { ! grep -q '^State:[[:space:]][^Z]' "/proc/$1/status" 2>/dev/null; }

# tasks_of FORM: the 3 tasks of $STARTED in $TASKS, with the main one if they are threads.
tasks_of() {
	case $1 in
	process) mapfile -t TASKS < <(pgrep -P "$STARTED") && [ "${#TASKS[@]}" = 3 ] ;;
	thread) mapfile -t TASKS < <(ls "/proc/$STARTED/task") && [ "${#TASKS[@]}" = 4 ] ;;
	esac
}

@test "a signal ends it by that signal, and no task is left" {
	for form in process thread; do
		for signal in INT TERM KILL; do
			env --default-signal=INT "$DEMO" memory --as $form --tasks 3 --size 4M --hold 60000 \
				>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
			STARTED=$!
			within 5 tasks_of "$form"
			kill -$signal "$STARTED"
			status=0
			wait "$STARTED" || status=$?
			[ "$status" = $((128 + $(kill -l $signal))) ]
			for task in "${TASKS[@]}"; do within 2 ended "$task"; done
			[ ! -s "$BATS_TEST_TMPDIR/out" ]
			[ ! -s "$BATS_TEST_TMPDIR/err" ]
		done
	done
	STARTED=
}
