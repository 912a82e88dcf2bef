#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# lifetimes.bats - `tasktax run` on tasks that live oddly: daemons, crashes, signals and terminals, many
# short tasks, reused pids, leaders that end first, a tracer that is killed, rings that overflow.

load trouble

setup() {
	trouble_setup
	need_root
	AS=()
	CPU=$(taskset -cp $$ | sed 's/.*[ ,-]//')
}

teardown() { trouble_teardown; }

# alive: how many tasks outlived the tracing.
alive() { json '[.processes[].tasks[] | select(.alive_at_end)] | length'; }

# child_of PID: the pid of its only child, or nothing.
child_of() { tr -d ' ' <"/proc/$1/task/$1/children"; } 2>/dev/null

no_child() { [ -z "$(child_of "$1")" ]; }

state_of() { sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null; }
in_state() { [ "$(state_of "$2")" = "$1" ]; }

# terminal COMMAND: in a terminal of its own, whose keys are typed into descriptor 8.
terminal() {
	SCREEN=$BATS_TEST_TMPDIR/screen
	mkfifo "$PLACE/keys"
	env --default-signal=INT,QUIT,TSTP TERM=dumb PS1='> ' script --quiet --return \
		--command "$1" /dev/null <"$PLACE/keys" >"$SCREEN" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	STARTED=$!
	exec 8>"$PLACE/keys"
}
shows() { grep -q -e "$1" "$SCREEN"; }

# held ARGUMENT...: as start, and the loader is kept for a second between the birth of the command and
# its release. The pids in $LOADER and $COMMAND.
held() {
	export ASAN_OPTIONS=detect_leaks=0 # which does not work under ptrace
	AS=(strace -o /dev/null -e trace=pidfd_open -e inject=pidfd_open:delay_exit=1000000)
	start "$@"
	within 5 is_held
}
# Not one of the children by which strace tries what ptrace can do.
is_held() {
	LOADER=$(child_of "$STARTED") && [ -n "$LOADER" ] && COMMAND=$(child_of "$LOADER") &&
		[ -n "$COMMAND" ] && [ "$(cat "/proc/$COMMAND/comm")" = tasktax ]
}

@test "a command that forks and ends at once: traced to its end, the descendant goes on" {
	trace -- sh -c 'setsid sleep 60 & exit 3' 3>&-
	[ "$status" = 3 ]
	exact
	[ "$(alive)" = 1 ]
	check '.exit == {code: 3, signal: null} and .duration_ns < 5e9'
	check '.tasks | .processes == 2 and .exits == 1'
	one_left
}

@test "--follow-forks=all: traced to the end of the last descendant" {
	trace --follow-forks=all -- sh -c 'setsid sh -c "sleep 0.4; (sleep 0.2; echo last)" & exit 3'
	[ "$status" = 3 ]
	exact
	balanced
	[ "$(cat "$OUT")" = last ]
	check '.duration_ns > 6e8'
	nobody_left
}

@test "--follow-forks=all: after the command's end a signal ends the tracing, not the descendant" {
	start --follow-forks=all -- sh -c "setsid sleep 60 & touch '$PLACE/ran'; exit 5"
	within 10 test -e "$PLACE/ran"
	within 5 no_child "$STARTED"
	kill -TERM "$STARTED"
	ends_with 5
	exact
	[ "$(alive)" = 1 ]
	one_left
}

@test "killed by a signal: 128 + its number, and the report says so" {
	ulimit -c 0
	for signal in KILL:9 SEGV:11 TERM:15; do
		trace -- sh -c "kill -${signal%:*} \$\$"
		[ "$status" = $((128 + ${signal#*:})) ]
		exact
		check ".exit == {code: null, signal: ${signal#*:}}"
		check ".tasks.crashed | length == 1 and .[0].signal == ${signal#*:} and .[0].comm == \"sh\""
		grep -q "^  killed by SIG${signal%:*} after " "$REPORT"
		nobody_left
	done
}

@test "Ctrl-C in a terminal reaches the command once; the report still comes" {
	JSON=$BATS_TEST_TMPDIR/json
	terminal "exec '$TASKTAX' run --json='$JSON' -- sh -c '
		trap \"echo interrupted\" INT; trap \"exit 7\" QUIT
		echo ready; while :; do sleep 0.02; done'"
	within 10 shows ready
	printf '\003' >&8
	within 10 shows interrupted
	sleep 0.1
	printf '\034' >&8
	ends_with 7
	[ "$(grep -c interrupted "$SCREEN")" = 2 ] # once by the command, once in the report's first line
	shows '^complete: .* 0 lost'
	exact
	nobody_left
}

@test "Ctrl-C ends a command that does not care: 130" {
	terminal "exec '$TASKTAX' run -- sh -c 'echo ready; exec sleep 60'"
	within 10 shows ready
	printf '\003' >&8
	ends_with 130
	shows '^  killed by SIGINT after '
	shows '^complete: .* 0 lost'
	nobody_left
}

@test "Ctrl-Z stops both, fg goes on with both" {
	JSON=$BATS_TEST_TMPDIR/json
	terminal "exec bash --norc --noprofile -i"
	printf "'%s' run --json='%s' -- sh -c 'echo pid=\$\$=; kill -STOP \$\$; exit 6'\n" \
		"$TASKTAX" "$JSON" >&8
	within 10 shows '^pid=[0-9]*='
	command=$(sed -n 's/^pid=\([0-9]*\)=.*/\1/p' "$SCREEN")
	within 10 in_state T "$command"
	loader=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$command/status")
	in_state S "$loader"
	printf '\032' >&8
	within 10 in_state T "$loader"
	printf 'fg\n' >&8
	within 10 shows '^complete: .* 0 lost'
	printf 'exit $?\n' >&8
	ends_with 6
	exact
	nobody_left
}

@test "a signal to tasktax is passed on to the command" {
	cat >"$PLACE/command" <<-'SH'
		for s in HUP INT QUIT USR1 USR2; do trap "echo got $s" $s; done
		trap "echo got TERM; exit 9" TERM
		echo ready
		while :; do sleep 0.02; done
	SH
	start -- sh "$PLACE/command"
	within 10 grep -q ready "$OUT"
	for signal in HUP INT QUIT USR1 USR2 TERM; do
		kill -$signal "$STARTED"
		within 10 grep -qx "got $signal" "$OUT"
	done
	ends_with 9
	exact
	[ "$(sort "$OUT" | uniq -d)" = "" ]
	start -- sh -c 'echo ready; exec sleep 60'
	within 10 grep -q ready "$OUT"
	kill -TERM "$STARTED"
	ends_with 143
	nobody_left
}

@test "a tracer that is stopped for a while misses nothing" {
	mkfifo "$PLACE/gate"
	start -- sh -c "echo ready; read go <'$PLACE/gate'; exec perf bench sched pipe -l 2000"
	within 10 grep -q ready "$OUT"
	kill -STOP "$STARTED"
	within 10 in_state T "$STARTED"
	echo go >"$PLACE/gate"
	within 30 in_state Z "$(child_of "$STARTED")"
	kill -CONT "$STARTED"
	ends_with 0
	exact
	check '.reconcile.switches.seen >= 4000'
}

@test "a tracer that is killed leaves nothing; the command lives on and finishes" {
	mkfifo "$PLACE/gate"
	start -o "$PLACE/report" --json="$PLACE/json" -- \
		sh -c "echo ready; read go <'$PLACE/gate'; perf bench sched pipe -l 100; echo done"
	within 10 grep -q ready "$OUT"
	command=$(child_of "$STARTED")
	objects=$(bpf_objects "$STARTED")
	for kind in prog link map; do [ "$(grep -c "^$kind " <<<"$objects")" -ge 4 ]; done
	while read -r kind id; do bpf_exists "$kind" "$id"; done <<<"$objects"
	kill -KILL "$STARTED"
	ends_with 137
	all_gone "$objects"
	files gate
	in_state S "$command"
	echo go >"$PLACE/gate"
	within 30 grep -q '^done$' "$OUT"
	within 10 nobody_left
	[ ! -s "$BATS_TEST_TMPDIR/err" ]
}

@test "a tracer that is killed before the command runs: it never does" {
	held -o "$PLACE/report" -- touch "$PLACE/ran"
	objects=$(bpf_objects "$LOADER")
	grep -q '^prog ' <<<"$objects"
	kill -KILL "$LOADER"
	ends_with 137
	within 5 nobody_left
	all_gone "$objects"
	files
}

@test "a command that is ended before it runs: the signal's status, and a report" {
	held -- touch "$PLACE/ran"
	kill -KILL "$COMMAND"
	ends_with 137
	valid
	check '.exit.signal == 9 and .tasks.execs == 0 and .events.complete'
	check '.reconcile | .ok and .switches == {seen: 0, lost: 0, kernel: null}' # it never ran
	held -- touch "$PLACE/ran"
	kill -TERM "$LOADER"
	ends_with 143
	exact
	check '.exit.signal == 15'
	nobody_left
	files
}

@test "10,000 short-lived tasks: exact" {
	trace -- "$TARGETS/short_tasks" 10000
	[ "$status" = 0 ]
	exact
	balanced
	check '.tasks | .processes == 10001 and .threads == 10001 and .exits == 10001 and
		.created.process == 10000 and .peak_tasks == 2'
}

@test "a reused pid is another process" {
	trace -- "$TARGETS/pid_reuse"
	[ "$status" = 0 ]
	exact
	balanced
	pid=$(cat "$OUT")
	check "[.processes[] | select(.pid == $pid)] | length == 2 and all(.threads == 1) and
		(map(.address_space) | unique | length) == 2 and
		(map(.voluntary) | sort | .[0] >= 6 and .[0] < 12 and .[1] >= 12)"
}

@test "the leader ends first, a thread ends the process" {
	trace -- "$TARGETS/leader_first"
	[ "$status" = 7 ]
	exact
	balanced
	check '.tasks | .processes == 1 and .threads == 2 and .exits == 2'
	check '.processes[0] | .exited and ([.tasks[].exit_status] | sort) == [0, 1792]'
}

@test "a thread that is not the leader executes: it becomes the leader" {
	trace -- "$TARGETS/exec_thread"
	[ "$status" = 5 ]
	exact
	balanced
	check '.tasks | .processes == 1 and .threads == 2 and .execs == 2 and .exits == 2'
	check '.processes[0] | .comm == "sh" and ([.tasks[].pid] | unique) == [.pid] and
		([.tasks[] | {comm, created}] | sort) ==
			[{comm: "exec_thread", created: "root"}, {comm: "sh", created: "thread"}]'
}

@test "vfork children: processes of their own, but the parent's memory: thread level" {
	trace -- taskset -c "$CPU" "$TARGETS/vfork_child" 50
	[ "$status" = 0 ]
	exact
	balanced
	check '.tasks | .processes == 51 and .created == {process: 0, thread: 0, vfork: 50}'
	check '[.processes[].address_space] | unique | length == 1'
	# but for a child that dies, was preempted, and comes back on an address space that it borrows
	check '[.pairs[] | select(.prev.class == "target" and .level == "thread")] | length > 0'
	check '([.pairs[] | select(.prev.class == "target" and .level == "process") | .count] | add // 0)
		<= ([.switches[] | select(.level == "exiting") | .count] | add // 0)'
}

@test "a ring that is too small: every loss counted, by task too; no lifecycle record lost" {
	for form in "-l 1000" "-t -l 200"; do
		# shellcheck disable=SC2086
		trace --ring-size 4K -- perf bench sched messaging -g 10 $form
		[ "$status" = 0 ]
		[ ! -s "$BATS_TEST_TMPDIR/err" ]
		valid
		check '.events.complete | not'
		# faults have a log of their own, of the same size
		check '.events.lost | .switch > 0 and
			([to_entries[] | select(.key != "switch" and .key != "fault").value] | add) == 0'
		check '.reconcile | .ok and .tasks_checked == 401 and .tasks_unread == 0'
		check '.reconcile | [.switches, .voluntary, .preempted] |
			all(.seen > 0 and .lost > 0 and .seen + .lost == .kernel)'
		check '.reconcile.switches.lost <= .events.lost.switch'
		check '[.processes[].tasks[]] | length == 401 and all(
			.voluntary + .preempted + .reconcile.lost ==
			.reconcile.kernel_voluntary + .reconcile.kernel_preempted)'
		check '([.processes[].tasks[].reconcile.lost] | add) == .reconcile.switches.lost'
		check '.tasks | .threads == 401 and .exits == 401 and .peak_tasks == 401'
		[ "$(json '[.processes[].threads] | max')" = "$([[ $form == -t* ]] && echo 401 || echo 1)" ]
		lost=$(json .events.lost.switch | sed -E ':a;s/^([0-9]+)([0-9]{3})/\1,\2/;ta')
		[[ $(tr -s ' \n' ' ' <"$REPORT") == *"AT LEAST: "*" lost $lost switches (ring full: raise --ring-size)"*"; every count is at least what is shown"* ]]
		grep -q '^context switches: at least ' "$REPORT"
		grep -q '^  process  direct *≥' "$REPORT"
	done
}

@test "tasktax under tasktax: both are exact" {
	trace -- "$TASKTAX" run --json="$PLACE/inner" -o /dev/null -- \
		sh -c 'perf bench sched pipe -l 500; exit 9'
	[ "$status" = 9 ]
	[ ! -s "$BATS_TEST_TMPDIR/err" ]
	exact
	balanced
	check '.tasks | .processes >= 4 and .exits == .threads'
	JSON=$PLACE/inner
	exact
	balanced
	check '.reconcile.switches.seen >= 1000'
}

@test "a command that changes its credentials is followed" {
	trace -- setpriv --reuid=65534 --regid=65534 --clear-groups \
		sh -c 'id -u; perf bench sched pipe -l 200 >/dev/null'
	[ "$status" = 0 ]
	[ "$(cat "$OUT")" = 65534 ]
	exact
	balanced
	check '.reconcile.switches.seen >= 400'
}

# Some die between the end of recording and the look at who is alive.
@test "children that are born and die while tracing ends: the counters of every one" {
	# shellcheck disable=SC2016 # the traced shell's
	local storm='storm() { local end=$((SECONDS + 2)); while [ $SECONDS -lt $end ]; do
		(:) & (:) & (:) & wait; done; }; storm & storm & sleep 0.2'
	for run in 1 2 3 4 5 6; do
		trace -- bash -c "$storm"
		echo "run $run"
		[ "$status" = 0 ]
		exact
		check '.reconcile.tasks_unread == 0'
		check '[.processes[].tasks[] | select(.alive_at_end)] | length > 0'
	done
}
