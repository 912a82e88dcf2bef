#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# demo_server.bats - `tasktax-demo server`: every reply is right and counted, the tasks are those that it
# names, the trace shows them and their costs, and no task outlives it.

load common
load pipe
load faults

FOREVER=10000000

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

# server ARGUMENT...: must succeed with nothing said; the line in $output.
server() {
	run --separate-stderr "${UNDER[@]}" "$DEMO" server "$@"
	echo "$*: $status, $stderr"
	[ "$status" = 0 ] && [ -z "$stderr" ] && [ "${#lines[@]}" = 1 ] || return
	says "$COUNTED"
}

# What holds for every run.
COUNTED='.replies == .expected_replies and .served == .replies and .replies == .requests and
	.connections == .expected_connections and .latency_p50_ns > 0 and
	.latency_p50_ns <= .latency_p99_ns and .latency_p99_ns <= .latency_max_ns and
	.latency_max_ns <= .load_ns and .requests_per_second > 0 and
	(.expected_server_minor_faults == null or .expected_server_minor_faults == .server.minflt) and
	(.workers | length) == .tasks'

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
	run --separate-stderr "$DEMO" server "$@"
	echo "$*: $status, $stderr"
	[ "$status" = "$expected" ]
	[ -z "$output" ]
	[ "${#stderr_lines[@]}" = 1 ]
	[[ $stderr =~ $pattern ]]
}

# start ARGUMENT...: a server under endless load, in $STARTED, which is a session of its own. A shell
# ignores SIGINT for what it starts so.
start() {
	setsid env --default-signal=INT "$DEMO" server --requests $FOREVER "$@" \
		>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	STARTED=$!
	within 10 serves
}

# The generator is the first child; it has computed since its start.
serves() {
	GENERATOR=$(pgrep -P "$STARTED" | head -n 1) && [ -n "$GENERATOR" ] &&
		[ "$(grep -c socket: < <(ls -l "/proc/$GENERATOR/fd"))" -gt 1 ]
} 2>/dev/null

# The processes of the session that have not ended.
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

# traced ARGUMENT...: a server under trace; its line in $output, the report's promises kept.
traced() {
	trace -- "$DEMO" server "$@"
	[ "$status" = 0 ]
	output=$(cat "$OUT")
	says "$COUNTED"
	exact
	balanced
	faults_add_up
	check ".tasks.created == $(jq -c '{process: .expected_created_processes,
		thread: .expected_created_threads, vfork: 0}' "$OUT")"
	check '.tasks.exits == 1 + .tasks.created.process + .tasks.created.thread'
	check '.tasks.crashed == []'
}

# of_workers FILTER: the filter must say true of each worker ($w) beside what was seen of it ($t).
of_workers() {
	jq -ne --slurpfile out "$OUT" --slurpfile report "$JSON" '
		[$report[0].processes[].tasks[]] as $tasks | $out[0].workers | all(. as $w
		| ($tasks[] | select(.pid == $w.tid)) as $t | '"$1)" >/dev/null || {
		echo "false: $1"
		jq -c .workers "$OUT"
		return 1
	}
}

@test "the counts are exact, in both forms, all models and over both sockets" {
	for form in process thread; do
		for over in unix tcp; do
			for model in workers per-connection epoll; do
				server --as $form --model $model --over $over --requests 1000 --clients 5
				says ".as == \"$form\" and .model == \"$model\" and .over == \"$over\""
				case $model in
				workers) says '.tasks == 5 and .per_connection == null and .connections == 5' ;;
				epoll) says '.tasks == 1 and .per_connection == null and .connections == 5' ;;
				*) says '.tasks == 1 and .per_connection == 10 and .connections == 100' ;;
				esac
			done
		done
	done
}

@test "shares, connections and sizes that do not divide" {
	for form in process thread; do
		for model in workers per-connection epoll; do
			# 7 clients of 143 requests, 48 connections each
			server --as $form --model $model --requests 1001 --clients 7 --per-connection 3
			says '.connections == 336'
			# 20 and 19 requests, both in 2 connections of 10 or 9, but for the first's third
			server --as $form --model $model --requests 41 --clients 2 --per-connection 10
			says '.connections == 5'
			server --as $form --model $model --requests 3 --clients 10
			says '.connections == 3'
			for size in 32 33 100000 1M; do
				server --as $form --model $model --requests 20 --clients 2 --reply $size
			done
		done
		server --as $form --tasks 2 --clients 6 --requests 600 --over tcp
		says '.tasks == 2 and .connections == 6'
		server --as $form --tasks 6 --clients 2 --requests 600 --per-connection 1
		says '.tasks == 6 and .connections == 600'
	done
}

@test "--cpu: one for all, or the next for each; one allowed CPU is enough" {
	allowed=$(taskset -cp $$)
	first=${allowed##*: } last=${allowed##*[ ,-]}
	first=${first%%[,-]*}
	for form in process thread; do
		for model in workers per-connection epoll; do
			server --as $form --model $model --requests 200 --clients 3 --cpu auto
			says ".cpu == $last"
			server --as $form --model $model --requests 200 --clients 3 --cpu spread
			says '.cpu == "spread"'
			UNDER=(taskset -c "$first")
			server --as $form --model $model --requests 200 --clients 3 --cpu spread
			UNDER=()
		done
	done
}

# The client waits for each reply and runs on the same CPU.
@test "one client, one CPU: the kernel counted a switch of the server for each request" {
	for form in process thread; do
		for model in workers epoll; do
			server --as $form --model $model --requests 2000 --clients 1 --cpu auto
			says '.expected_server_switches_at_least == 2000'
			says '.server | .nvcsw + .nivcsw >= 2000'
			says '.workers[0] | .nvcsw + .nivcsw >= 2000'
		done
		for more in "--clients 2 --cpu auto" "--clients 1" "--clients 1 --model per-connection --cpu auto"; do
			# shellcheck disable=SC2086
			server --as $form --requests 100 $more
			says '.expected_server_switches_at_least == null'
		done
	done
}

@test "memory: known where it can be, and never more in sum of PSS than of RSS" {
	for form in process thread; do
		for model in workers epoll; do
			server --as $form --model $model --requests 100 --clients 4
			says '.peak_rss_largest_bytes > 0 and .peak_rss_largest_bytes <= .peak_rss_sum_bytes'
			says '.pss_sum_bytes > 0 and .pss_sum_bytes <= .peak_rss_sum_bytes'
		done
	done
	server --as thread --model per-connection --requests 100
	says '.peak_rss_largest_bytes == .peak_rss_sum_bytes and .pss_sum_bytes > 0'
	server --as process --model per-connection --requests 100
	says '.peak_rss_largest_bytes > 0 and .peak_rss_sum_bytes == null and .pss_sum_bytes == null'
}

@test "traced, workers: prefork is switched at process level, a pool at thread level; no fault in the span" {
	need_root
	traced --as process --requests 2000 --clients 4 --cpu auto
	says '.server.minflt == 0 and .server.majflt == 0'
	check '.tasks.processes == 6 and .tasks.threads == 6 and .workload.level == "process-level"'
	[ "$(switches thread)" -le "$(json .first_switches)" ]
	[ "$(switches process)" -ge 2000 ]
	# shellcheck disable=SC2016
	of_workers '$t.voluntary >= $w.nvcsw and $t.preempted >= $w.nivcsw and $t.minor_faults >= $w.minflt'
	traced --as thread --requests 2000 --clients 4 --cpu auto
	says '.server.minflt == 0 and .server.majflt == 0'
	check '.tasks.processes == 2 and .tasks.threads == 6'
	# how many depends on who else uses this CPU
	[ "$(switches thread)" -gt "$(json .first_switches)" ]
	# shellcheck disable=SC2016
	of_workers '$t.voluntary >= $w.nvcsw and $t.preempted >= $w.nivcsw and $t.minor_faults >= $w.minflt'
}

# Each child writes to its stack at least, which it shares with the acceptor until then.
@test "traced, a task per connection: a process is paid for by fork debt, a thread is not" {
	need_root
	traced --as process --model per-connection --requests 2000
	check '.tasks.processes == 204 and .tasks.created.process == 203'
	check '.fork_debt.children.cow >= 201'
	check '[.processes[] | select(.fork_debt.cow > 0)] | length >= 201'
	traced --as thread --model per-connection --requests 2000
	check '.tasks.processes == 2 and .tasks.created.thread == 202'
	check '.fork_debt.children.cow < 201 and ([.processes[] | select(.fork_debt.cow > 0)] | length) <= 1'
	[ "$(switches thread)" -gt 0 ]
}

@test "traced, epoll: one task serves all" {
	need_root
	traced --as process --model epoll --requests 2000 --cpu auto
	check '.tasks.processes == 3 and .tasks.threads == 3'
	# shellcheck disable=SC2016
	of_workers '$t.voluntary + $t.preempted >= $w.nvcsw + $w.nivcsw'
	[ "$(switches thread)" -le "$(json .first_switches)" ]
	traced --as thread --model epoll --requests 2000 --cpu auto
	check '.tasks.processes == 2 and .tasks.threads == 3'
}

@test "bad arguments: 120 and one line" {
	refused 120 "--as is missing"
	refused 120 "--model fork: the model is workers, per-connection or epoll" --as thread --model fork
	refused 120 "--over udp: the socket is unix or tcp" --as thread --over udp
	refused 120 "--tasks: only --model workers has" --as thread --tasks 2 --model epoll
	refused 120 "--tasks: only --model workers has" --as thread --model per-connection --tasks 1
	for value in 0 1001 -1 ""; do
		refused 120 "--clients .*: not a number from 1 to 1000" --as thread --clients "$value"
	done
	for value in 0 10000001 x; do
		refused 120 "--requests .*: not a number from 1 to" --as thread --requests "$value"
		refused 120 "--per-connection .*: not a number" --as thread --per-connection "$value"
	done
	for value in 0 31 2M 1KB -1 99999999999999999999; do
		refused 120 "--reply .*: not a size from 32 to 1M" --as thread --reply "$value"
	done
	run --separate-stderr "$DEMO" server --help
	[ "$status" = 0 ]
	for option in --model --over --clients --requests --per-connection --reply; do
		[[ $output == *"$option="* ]]
	done
	[[ $output == *Example:* ]]
}

@test "limits: no more descriptors, no more tasks, no memory" {
	export ASAN_OPTIONS=detect_leaks=0 # which needs a descriptor and a task of its own
	status=0
	err=$(ulimit -n 20 && "$DEMO" server --as thread --model epoll --clients 30 2>&1) || status=$?
	echo "$status $err"
	[ "$status" = 124 ]
	[[ $err == "tasktax: server: "*": Too many open files"* ]]
	[ "$(wc -l <<<"$err")" = 1 ]
	need_root
	open=$(mktemp -d)
	cp "$DEMO" "$open" && chmod -R 755 "$open"
	for form in process thread; do
		for model in workers per-connection; do
			for limit in 1 4; do
				status=0
				err=$(setpriv --reuid=65532 --regid=65532 --clear-groups prlimit --nproc=$limit \
					"$open/tasktax-demo" server --as $form --model $model --clients 30 2>&1) || status=$?
				echo "$form $model $limit: $status $err"
				[ "$status" = 124 ]
				[[ $err == "tasktax: server: "*"cannot create "*": Resource temporarily unavailable; "*"(ulimit -u"* ]]
				[ "$(wc -l <<<"$err")" = 1 ]
			done
		done
	done
	rm -r "$open"
	within 2 no_process_of 65532
	[ "${TASKTAX_BUILD##*/}" != asan ] || skip "the sanitizer needs more memory than there is"
	status=0
	err=$(ulimit -v 30000 && "$DEMO" server --as process --requests $FOREVER 2>&1) || status=$?
	echo "$status $err"
	[ "$status" = 124 ]
	[[ $err == "tasktax: server: cannot map "*" bytes of shared memory: Cannot allocate memory" ]]
}

no_process_of() { ! pgrep -u "$1" --runstates D,R,S,T; } # orphans that have ended are not ours to fetch

@test "the load generator dies: 125, one line, and no task is left" {
	for form in process thread; do
		for model in workers per-connection epoll; do
			start --as $form --model $model --clients 3
			kill -KILL "$GENERATOR"
			ends_with 125
			cat "$BATS_TEST_TMPDIR/err"
			[ "$(wc -l <"$BATS_TEST_TMPDIR/err")" = 1 ]
			grep -q "^tasktax: server: " "$BATS_TEST_TMPDIR/err"
		done
	done
}

@test "a worker dies: 125, one line, and no task is left" {
	for model in workers per-connection epoll; do
		start --as process --model $model --clients 3
		kill -KILL "$(pgrep -P "$STARTED" | tail -n 1)"
		ends_with 125
		[ "$(wc -l <"$BATS_TEST_TMPDIR/err")" = 1 ]
		grep -q "^tasktax: server: task . (pid .*) was killed by signal 9\|^tasktax: server: the load" \
			"$BATS_TEST_TMPDIR/err"
	done
}

@test "Ctrl-C, which goes to all: ended by it, quietly, and no task is left" {
	for form in process thread; do
		for model in workers per-connection epoll; do
			start --as $form --model $model --clients 3
			kill -INT -- "-$STARTED"
			ends_with 130
			[ ! -s "$BATS_TEST_TMPDIR/err" ]
		done
	done
}

@test "killed outright, it takes its tasks along" {
	for form in process thread; do
		for model in workers per-connection epoll; do
			start --as $form --model $model --clients 3
			session=$STARTED
			kill_started
			within 2 gone "$session"
		done
	done
}
