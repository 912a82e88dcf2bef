#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# demo_spawn.bats - `tasktax-demo spawn`: as many creations and of the kind it says, none left behind.

load common

setup() {
	bats_require_minimum_version 1.5.0
	STARTED=
	export ASAN_OPTIONS=detect_leaks=0 # which makes a task of its own, at the end
}

# spawn ARGUMENT...: must succeed with nothing said; the line in $output.
spawn() {
	run --separate-stderr "$DEMO" spawn "$@"
	[ "$status" = 0 ] && [ -z "$stderr" ] && [ "${#lines[@]}" = 1 ]
}

# traced ARGUMENT...: the same under tasktax, which saw all of it.
traced() {
	need_root
	trace --cow-detail -- "$DEMO" spawn "$@"
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

teardown() { [ -z "$STARTED" ] || kill -KILL "$STARTED" 2>/dev/null || true; }

@test "each way: so many tasks, and times of them" {
	for way in fork vfork posix_spawn clone_vm thread; do
		spawn --how $way --count 20 --rss 4M
		says ".experiment == \"spawn\" and .how == \"$way\" and .count == 20 and .rss_bytes == 4 * 1048576"
		says '.warm_up == 10 and ([.expected_creations[]] | add == 30 and max == 30)'
		says '.median_ns <= .p99_ns and .create_median_ns > 0 and .p99_ns <= .total_ns'
		says '.median_ns * 10 <= .total_ns and .total_ns <= .elapsed_ns'
		# the creator waited for each; the memory was there: a fault for each of its pages
		says '.workers | length == 1 and .[0].minflt >= 1024'
	done
	says '.as == "thread" and .expected_creations.thread == 30'
	# no more to warm up with than count
	spawn --as process --count 1 --rss 4M
	says '.warm_up == 1 and .expected_creations.process == 2'
	says '.how == "fork" and .as == "process" and .executed == null'
	spawn --as thread --count 1 --rss 4M
	says '.how == "thread" and .as == "thread"'
	for way in fork vfork; do
		spawn --how $way --exec --count 2 --rss 4M
		says '.executed == "tasktax-demo spawn nothing" and .expected_execs == 4'
	done
	spawn --how posix_spawn --count 2 --rss 4M
	says '.executed == "tasktax-demo spawn nothing" and .expected_execs == 4'
}

@test "the trace shows just these creations, and the executions" {
	for arguments in "fork" "fork --exec" "vfork" "vfork --exec" "posix_spawn" "clone_vm" "thread"; do
		# shellcheck disable=SC2086 # an option or none
		traced --how $arguments --count 40 --rss 4M
		check ".tasks.created == $(of .expected_creations)"
		check ".tasks.execs == 1 + $(of .expected_execs)"
		check '.tasks.exits == 51 and .tasks.crashed == []'
		[ "$(json .tasks.processes)" = $((1 + $(of '.expected_creations | .process + .vfork'))) ]
		# only who has a page table of its own has a debt
		[[ $arguments == fork* ]] || check '.fork_debt.faults == 0'
		[[ $arguments != fork* ]] || check '.fork_debt.children.cow >= 50'
	done
}

@test "pinned, also to the only CPU there is; SIGCHLD ignored by the caller" {
	cpu=$(taskset -cp $$)
	cpu=${cpu##*[ ,-]}
	for pin in auto spread "$cpu"; do
		run --separate-stderr taskset -c "$cpu" "$DEMO" spawn --how fork --count 3 --rss 4M --cpu "$pin"
		[ "$status" = 0 ]
		[ -z "$stderr" ]
	done
	says ".cpu == $cpu"
	run --separate-stderr sh -c "trap '' CHLD && exec \"\$0\" spawn --how fork --count 3 --rss 4M" "$DEMO"
	[ "$status" = 0 ]
	says '.expected_creations.process == 6'
}

@test "in huge pages it is the same but for the faults" {
	spawn --how fork --count 3 --rss 16M --huge
	says '.huge and .rss_bytes == 16777216 and .expected_creations.process == 6'
}

@test "bad arguments: 120 and one line" {
	refused 120 "--as is missing" "$DEMO" spawn
	refused 120 "--how clone: the way is fork, vfork, " "$DEMO" spawn --how clone
	refused 120 "--how thread makes no such task as --as" "$DEMO" spawn --as process --how thread
	refused 120 "--how vfork makes no such task as --as" "$DEMO" spawn --how vfork --as thread
	for way in thread clone_vm; do
		refused 120 "--exec: only after --how fork, " "$DEMO" spawn --how $way --exec
	done
	refused 120 "--tasks 2: spawn makes one after the other" "$DEMO" spawn --how fork --tasks 2
	refused 120 "--count 0: not a number" "$DEMO" spawn --how fork --count 0
	for size in 3M 3G 4097K 0 -1 x ""; do
		refused 120 "--rss .*: not a size in whole MiB from 4M to 2048M" "$DEMO" spawn --how fork --rss "$size"
	done
}

@test "limits: no more tasks, no more memory" {
	need_root
	open=$(mktemp -d)
	cp "$DEMO" "$open" && chmod -R 755 "$open"
	for way in fork vfork posix_spawn clone_vm thread; do
		refused 124 "^tasktax: spawn: cannot create task 1 by $way: Resource temporarily unavailable; " \
			setpriv --reuid=65533 --regid=65533 --clear-groups prlimit --nproc=1 \
			"$open/tasktax-demo" spawn --how $way --rss 4M
	done
	rm -r "$open"
	! grep -q asan <(ldd "$DEMO") || return 0 # which needs address space without limits
	refused 124 "^tasktax: spawn: cannot map 64.0 MiB of memory: Cannot allocate memory; ask for less" \
		prlimit --as=40000000 "$DEMO" spawn --how fork --rss 64M
}

# It has waited for some: no child is there long enough to be found.
begun() { [ "$(awk '/^voluntary_ctxt_switches/ { print $2 }' "/proc/$STARTED/status")" -gt 20 ]; }
nobody() { ! pgrep -s 0 -f "^$DEMO spawn" >/dev/null; }

@test "a signal ends it, and nothing is left" {
	for signal in INT TERM KILL; do
		env --default-signal=INT "$DEMO" spawn --how fork --count 1000000 --rss 4M \
			>"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
		STARTED=$!
		within 5 begun
		kill -$signal "$STARTED"
		status=0
		wait "$STARTED" || status=$?
		[ "$status" = $((128 + $(kill -l $signal))) ]
		[ ! -s "$BATS_TEST_TMPDIR/out" ]
		# the last one ends by itself
		within 2 nobody
	done
	STARTED=
}
