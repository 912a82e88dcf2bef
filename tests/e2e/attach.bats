#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# attach.bats - `tasktax attach`: processes that run already. Who is chosen, that nobody is missed or taken twice
# while they come and go, that the figures are the kernel's own over just that time, and that they are left alone.

load common
load servers
load attached

setup() {
	bats_require_minimum_version 1.5.0
	need_root
	JSON=$BATS_TEST_TMPDIR/report.json REPORT=$BATS_TEST_TMPDIR/report
	STARTED=()
}

teardown() {
	local pid
	for pid in "${STARTED[@]}"; do kill -KILL -- "-$pid" 2>/dev/null || true; done
	[ -z "${GROUP-}" ] || rmdir "$GROUP"/* "$GROUP" 2>/dev/null || rmdir "$GROUP"
	[ -z "${OPEN-}" ] || rm -r "$OPEN"
}

# background COMMAND...: in a session of its own; its pid in $RUNNING.
background() {
	setsid "$@" >/dev/null 2>&1 3>&- &
	RUNNING=$!
	STARTED+=("$RUNNING")
}

# attach ARGUMENT...: its exit status in $status.
attach() {
	run --separate-stderr "${UNDER[@]}" "$TASKTAX" attach --json="$JSON" -o "$REPORT" "$@"
	[ -z "$stderr" ] || printf '%s\n' "$stderr"
}

# refused STATUS PATTERN ARGUMENT...: this exit status and one line that matches.
refused() {
	run --separate-stderr "$TASKTAX" attach "${@:3}"
	echo "$status: $stderr"
	[ "$status" = "$1" ]
	[ "${#stderr_lines[@]}" = 1 ]
	# shellcheck disable=SC2053
	[[ $stderr == $2 ]]
}

# counters PID: the sums of both kinds of switches over its tasks.
counters() { cat "/proc/$1"/task/*/status | awk '/^voluntary/ { v += $2 } /^nonvol/ { n += $2 } END { print v, n }'; }

@test "-p: both forms at their level, exact, and within what /proc says before and after" {
	for form in process thread; do
		background "$DEMO" ring --as $form --cpu auto --rounds 100000000
		sleep 0.4
		mapfile -t pids < <(echo "$RUNNING" && pgrep -P "$RUNNING")
		before=$(for pid in "${pids[@]}"; do counters "$pid"; done | awk '{ v += $1 + $2 } END { print v }')
		attach -p "$RUNNING" -d 0.5
		after=$(for pid in "${pids[@]}"; do counters "$pid"; done | awk '{ v += $1 + $2 } END { print v }')
		[ "$status" = 0 ]
		exact
		valid
		[ "$(switches $form)" -gt 10000 ]
		seen=$(json .reconcile.switches.seen)
		echo "$form: $before + $seen <= $after"
		[ $((before + seen)) -le "$after" ]
		check '.command == null and .exit == {code: null, signal: null} and .attached_to == "-p '"$RUNNING"'"'
		check '.tasks.created == {process: 0, thread: 0, vfork: 0} and .tasks.exits == 0'
		check '[.processes[].tasks[].created] | unique == ["before"]'
		check '.duration_ns >= 500000000 and .duration_ns < 1500000000'
		kill -0 "$RUNNING"
		kill -KILL -- "-$RUNNING"
	done
}

@test "the descendants that are there are taken, or not; those to come are followed" {
	background bash -c 'while :; do sleep 0.02; done & while :; do sleep 0.05; done'
	within 5 pgrep -P "$RUNNING" bash
	attach -p "$RUNNING" -d 0.6
	[ "$status" = 0 ]
	exact
	# one who is forked and has not yet come to its exec is a bash, too
	check '[.processes[] | select(.comm == "bash") | .created] | map(select(. == "before")) | length == 2'
	check '.tasks.created.process - .tasks.execs <= 2'
	check '[.processes[] | select(.comm == "sleep" and .created != "before")] | length >= 10'
	attach -p "$RUNNING" -d 0.6 --no-children
	exact
	check '[.processes[] | select(.comm == "bash" and .created == "before")] | length == 1'
	check '[.processes[] | select(.comm == "sleep")] | length >= 2'
}

@test "births and deaths while it attaches: nobody missed, nobody twice" {
	for target in "$TARGETS/storm" "$TARGETS/short_tasks"; do
		# shellcheck disable=SC2016 # the inner shell expands it
		background bash -c 'while :; do "$0" >/dev/null 2>&1; done' "$target"
		sleep 0.2
		for _ in 1 2 3 4; do
			attach -p "$RUNNING" -d 0.1
			[ "$status" = 0 ]
			exact
			check '[.processes[].tasks[].pid] | length == (unique | length)'
			check '.tasks.created.process + .tasks.created.vfork > 0'
		done
		kill -KILL -- "-$RUNNING"
	done
}

@test "it ends with its targets, with -d, and by Ctrl-C" {
	background sleep 1
	attach -p "$RUNNING"
	[ "$status" = 0 ]
	exact
	check '.tasks.exits == 1'
	background "$DEMO" ring --as thread --cpu auto --rounds 100000000
	"$TASKTAX" attach -p "$RUNNING" --json="$JSON" -o "$REPORT" 3>&- &
	tracer=$!
	sleep 1
	kill -INT "$tracer"
	wait "$tracer"
	exact
	check '.tasks.exits == 0'
	kill -0 "$RUNNING"
}

# group_of: a control group of our own, in $GROUP; its path below the mount in $GROUP_PATH.
group_of() {
	local mount=/sys/fs/cgroup/pids
	[ -d $mount ] || mount=/sys/fs/cgroup
	GROUP=$mount/tasktax-attach-$$
	GROUP_PATH=/tasktax-attach-$$
	mkdir "$GROUP" || skip "no control group can be made"
}

@test "by name, user, control group and container" {
	cp "$(command -v sleep)" "$BATS_TEST_TMPDIR/dozer-$$"
	background "$BATS_TEST_TMPDIR/dozer-$$" 60
	first=$RUNNING
	background setpriv --reuid=65530 --regid=65530 --clear-groups sleep 60
	second=$RUNNING
	within 2 grep -q '^Uid:.65530' "/proc/$second/status"
	pids() { json '[.processes[].pid] | sort | join(" ")'; }
	attach --comm "dozer-$$" -d 0.1
	[ "$(pids)" = "$first" ]
	attach --comm "doz?r-$$*" -d 0.1
	[ "$(pids)" = "$first" ]
	attach --user 65530 -d 0.1
	[ "$(pids)" = "$second" ]
	attach --user 65530 --comm sleep -p "$first,$second" -d 0.1
	[ "$(pids)" = "$second" ]
	group_of
	id=$(printf 'deadbeef%056d' 7)
	mkdir "$GROUP/docker-$id.scope"
	echo "$first" >"$GROUP/docker-$id.scope/cgroup.procs"
	for group in "$GROUP_PATH" "$GROUP_PATH/" "${GROUP_PATH#/}" "docker-$id.scope"; do
		attach --cgroup "$group" -d 0.1
		[ "$(pids)" = "$first" ]
	done
	attach --container deadbeef -d 0.1
	[ "$(pids)" = "$first" ]
	mkdir "$GROUP/$(printf 'deadbeef%056d' 8)"
	echo "$second" >"$GROUP/$(printf 'deadbeef%056d' 8)/cgroup.procs"
	refused 120 "tasktax: attach: --container deadb is ambiguous: deadbeef*; give more of it" --container deadb
	attach --container "$(printf 'deadbeef%056d' 8)" -d 0.1
	[ "$(pids)" = "$second" ]
	kill -KILL -- "-$first" "-$second"
	wait "$first" "$second" || true
}

@test "a control group that goes while it is watched" {
	group_of
	background sleep 0.8
	echo "$RUNNING" >"$GROUP/cgroup.procs"
	"$TASKTAX" attach --cgroup "$GROUP_PATH" --json="$JSON" -o "$REPORT" 3>&- &
	tracer=$!
	wait "$RUNNING"
	rmdir "$GROUP"
	wait "$tracer"
	exact
	check '.tasks.exits == 1'
	GROUP=
}

@test "without the iterator, or task storage: whoever is chosen is a target when it is met first" {
	# shellcheck disable=SC2016 # the inner shell expands it
	background bash -c 'while :; do "$0" >/dev/null 2>&1; done' "$TARGETS/short_tasks"
	background "$DEMO" ring --as thread --cpu auto --rounds 100000000
	sleep 0.3
	for missing in iter_task task_storage; do
		attach -p "${STARTED[0]},${STARTED[1]}" --without $missing -d 0.5
		[ "$status" = 0 ]
		exact
		valid
		[ "$(switches thread)" -gt 1000 ]
		check '.tasks.created.process > 0'
		check '[.processes[].tasks[] | select(.created == "before")] | length >= 2'
		check '[.processes[].tasks[].pid] | length == (unique | length)'
	done
}

@test "in a pid namespace: pids as they are seen there, the kernel's beside them" {
	# shellcheck disable=SC2016 # the inner shell expands it
	unshare --pid --fork --mount-proc bash -c '"$1" ring --as process --cpu auto --rounds 100000000 &
		sleep 0.3; "$0" attach -p $! -d 0.3 --json="$2" -o "$3"; kill -KILL $!' \
		"$TASKTAX" "$DEMO" "$JSON" "$REPORT"
	exact
	valid
	check '.processes | length == 3 and all(.pid < 20 and .kernel_pid > .pid)'
	check '[.processes[].tasks[]] | all(.pid < 20 and .kernel_pid > .pid)'
	check '.attached_to == "-p 2"'
	grep tasktax-demo "$REPORT"
	grep -E '^ +[0-9]+ \([0-9]+\) +tasktax-demo' "$REPORT"
}

@test "the whole host, for a moment: idle and kernel threads as rows" {
	background "$DEMO" ring --as process --cpu auto --rounds 100000000
	sleep 0.2
	"$TASKTAX" attach -a -d 0.2 --json="$JSON" -o "$REPORT" 3>&- &
	tracer=$!
	wait "$tracer"
	exact
	check '.processes | map(.pid) | index('"$RUNNING"') != null'
	# which of them there are in so short a time is the host's affair
	check '[.switches[].level] | (index("other") // index("idle") // index("kernel")) != null'
	check '.processes | map(.pid) | index('"$tracer"') == null'
	grep -q 'attached to the whole host' "$REPORT"
}

@test "with CAP_BPF and CAP_PERFMON only: a user's own processes" {
	OPEN=$(mktemp -d)
	cp "$TASKTAX" "$DEMO" "$OPEN" && chmod -R 755 "$OPEN"
	setcap cap_bpf,cap_perfmon+ep "$OPEN/tasktax" || skip "no file capabilities here"
	background setpriv --reuid=65529 --regid=65529 --clear-groups "$OPEN/tasktax-demo" ring --as thread \
		--cpu auto --rounds 100000000
	sleep 0.3
	run --separate-stderr setpriv --reuid=65529 --regid=65529 --clear-groups "$OPEN/tasktax" attach \
		-p "$RUNNING" -d 0.3 --json -o -
	echo "$stderr"
	[ "$status" = 0 ]
	printf '%s\n' "$output" >"$JSON"
	exact
	[ "$(switches thread)" -gt 1000 ]
}

@test "who cannot be attached to: one line that says why" {
	background sleep 60
	background "$DEMO" ring --as thread --cpu auto --rounds 100000000
	threads() { find "/proc/$RUNNING/task" -mindepth 1 -maxdepth 1 ! -name "$RUNNING" -printf '%f\n'; }
	has_threads() { [ -n "$(threads)" ]; }
	within 5 has_threads
	thread=$(threads | head -n 1)
	refused 120 "tasktax: attach: there is no process 4194303" -p 4194303
	refused 120 "tasktax: attach: 2 (kthreadd) is a kernel thread: *" -p 2
	refused 120 "tasktax: attach: $thread is a thread of process $RUNNING: say -p $RUNNING --threads" -p "$thread"
	refused 120 "tasktax: attach: no process is selected: none by the name no-such-name lives here" --comm no-such-name
	refused 120 "tasktax: attach: no process is selected: none in control group /none lives here" --cgroup /none
	refused 120 "tasktax: attach: no process is selected: none in container 0123abcd lives here" --container 0123abcd
	refused 120 "*--user no-such-user: there is no such user*" --user no-such-user
	refused 120 "*which processes? -p*"
	refused 120 "*-a is the whole host*" -a -p 1
	refused 120 "*--pid 1,: not a list of process ids*" -p 1,
	refused 120 "*--pid x: not a list of process ids*" -p x
	refused 120 "*--duration 0: not a number of seconds*" -p 1 -d 0
	refused 120 "*attach takes no command*" -p 1 -- true
}

@test "nothing is left behind, and the target goes on as it was" {
	background "$DEMO" ring --as thread --cpu auto --rounds 100000000
	sleep 0.2
	status_before=$(grep -E '^(TracerPid|SigCgt|SigBlk|Seccomp):' "/proc/$RUNNING/status")
	attach -p "$RUNNING" -d 0.2
	[ "$(grep -E '^(TracerPid|SigCgt|SigBlk|Seccomp):' "/proc/$RUNNING/status")" = "$status_before" ]
	programs() { bpftool prog show -j | jq -c '[.[].id]'; }
	before=$(programs)
	"$TASKTAX" attach -p "$RUNNING" --json="$JSON" -o "$REPORT" 3>&- &
	tracer=$!
	sleep 0.7
	# CAP_DAC_OVERRIDE and CAP_SYS_PTRACE, at most, are left of what it had
	[ $((0x$(awk '/^CapEff/ { print $2 }' "/proc/$tracer/status") & ~0x80002)) = 0 ]
	grep -q '^NoNewPrivs:.1' "/proc/$tracer/status"
	# shellcheck disable=SC2016 # jq's variable
	ids=$(programs | jq --argjson before "$before" '. - $before')
	[ "$(jq length <<<"$ids")" -ge 5 ]
	kill -KILL "$tracer"
	wait "$tracer" || true
	# shellcheck disable=SC2016 # jq's variables
	none_left() { programs | jq -e --argjson ids "$ids" '. as $now | $ids - $now == $ids'; }
	within 3 none_left
	kill -0 "$RUNNING"
	one=$(counters "$RUNNING")
	sleep 0.1
	[ "$one" != "$(counters "$RUNNING")" ]
}

@test "PostgreSQL under pgbench: exact, and between what /proc says before and after" {
	postgres_attached 3
}
