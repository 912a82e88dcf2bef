# SPDX-License-Identifier: GPL-2.0
# servers.bash - a real server under the tracer: started, waited for, loaded, stopped by its own means.
#
# Each server keeps its files in $HOME_OF_SERVER, a folder that its user can enter, and listens there
# or on a free port of the loopback device.

# server_home USER: makes $HOME_OF_SERVER, owned by USER.
server_home() {
	HOME_OF_SERVER=$(mktemp -d)
	chown "$1" "$HOME_OF_SERVER"
	chmod 755 "$HOME_OF_SERVER"
}

# free_port: one that nobody listens on.
free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# need COMMAND...: skips the test where a server is not installed.
need() {
	local command
	for command; do
		command -v "$command" >/dev/null || skip "$command is not installed"
	done
}

# server_start ARGUMENT...: tasktax run with these arguments, by $UNDER, in the background, in $SERVER. In a
# session of its own: Apache ends by a signal to its whole process group. With $UNTRACED it is the user's (-u USER)
# command alone.
server_start() {
	JSON=$BATS_TEST_TMPDIR/report.json REPORT=$BATS_TEST_TMPDIR/report
	LOG=$BATS_TEST_TMPDIR/log
	if [ -n "${UNTRACED-}" ]; then
		setsid setpriv --reuid="$2" --regid="$2" --init-groups "${@:4}" >"$LOG" 2>&1 3>&- &
		SERVER=$!
		return
	fi
	setsid "${UNDER[@]}" "$TASKTAX" run --json="$JSON" -o "$REPORT" "$@" >"$LOG" 2>&1 3>&- &
	SERVER=$!
}

# server_ready COMMAND...: waits until the command succeeds.
server_ready() {
	local tries=100
	until "$@" >/dev/null 2>&1; do
		if ! kill -0 "$SERVER" || [ $((tries -= 1)) = 0 ]; then
			echo "the server does not answer:"
			cat "$LOG"
			return 1
		fi
		sleep 0.1
	done
}

# postgres_start [-c SETTING]...: PostgreSQL with a small database, answering; its programs in $POSTGRES, how its
# clients find it in $CLIENT.
postgres_start() {
	local versions=(/usr/lib/postgresql/*/bin)
	POSTGRES=${versions[-1]}
	need "$POSTGRES/postgres" "$POSTGRES/pgbench"
	server_home postgres
	setpriv --reuid=postgres --regid=postgres --init-groups \
		"$POSTGRES/initdb" -D "$HOME_OF_SERVER/data" -A trust >/dev/null
	cd "$HOME_OF_SERVER" || return
	server_start -u postgres -- "$POSTGRES/postgres" -D data -k "$HOME_OF_SERVER" -c listen_addresses= \
		-c fsync=off -c autovacuum=off -c max_parallel_maintenance_workers=0 "$@"
	CLIENT=(-h "$HOME_OF_SERVER" -U postgres)
	server_ready "$POSTGRES/pg_isready" -q -h "$HOME_OF_SERVER"
	"$POSTGRES/pgbench" -q "${CLIENT[@]}" -i -s 2 postgres 2>/dev/null
}

# server_stop SIGNAL: passes it on through the tracer; the exit status in $status.
server_stop() {
	status=0
	kill "-$1" "$SERVER"
	wait "$SERVER" || status=$?
	SERVER=
	[ "$status" = 0 ] || cat "$LOG"
}

# server_look: who is there now, as /proc has it: process, thread and name of the command and all that it
# started, one line each in $SEEN. Who ends while it looks is not there any more.
server_look() {
	local pids=$SERVER pid task name
	SEEN=$BATS_TEST_TMPDIR/seen
	: >"$SEEN"
	while pids=$(pgrep -d, -P "$pids"); do
		for pid in ${pids//,/ }; do
			for task in "/proc/$pid/task"/*; do
				name=$(cat "$task/comm" 2>/dev/null) || continue
				echo "$pid ${task##*/} $name" >>"$SEEN"
			done
		done
	done
}

# server_seen: all of them are in the report, each a thread of its process, by its name.
server_seen() {
	[ -s "$SEEN" ]
	jq -r '.processes[] | .pid as $pid | .tasks[] | "\($pid) \(.pid) \(.comm)"' "$JSON" |
		LC_ALL=C sort >"$BATS_TEST_TMPDIR/told"
	LC_ALL=C sort "$SEEN" | LC_ALL=C comm -23 - "$BATS_TEST_TMPDIR/told" | tee "$BATS_TEST_TMPDIR/untold"
	[ ! -s "$BATS_TEST_TMPDIR/untold" ]
}

# verdict LEVEL: it is this one, and follows by the rule from the figures of the tasks in the report: who
# has 5 % of the switches or of the run time counts, and those of one parent and name that have it together.
verdict() {
	local told expected
	expected=$(jq -r '
		def sum(f): map(f) | add // 0;
		[.processes[] | .parent as $parent | .tasks[] | {
			space: .address_space, group: "\($parent) \(.comm)", run: .run_ns,
			outs: (.voluntary + .preempted)
		} | select(.outs + .run > 0)]
		| sum(.outs) as $outs | sum(.run) as $run
		| def counts: sum(.outs) >= $outs * 0.05 or sum(.run) >= $run * 0.05;
		map(select([.] | counts)) as $large
		| (map(select([.] | counts | not)) | group_by(.group) | map(select(counts)) | add // []) as $small
		| (($large + $small) | group_by(.space)) as $spaces
		| ($spaces | map(length) | max) as $most
		| (if ($spaces | length) == 1 then (if $most > 1 then "thread-level" else "single" end)
		   else (if $most > 1 then "hybrid" else "process-level" end) end) as $level
		| "\($level): \($large + $small | length) of \(length) in \($spaces | length)"' "$JSON")
	told=$(json '.workload | "\(.level): " + (.reasons[0] |
		capture("^(?<counting>[0-9]+) of (?<all>[0-9]+) tasks? counts?, in (?<spaces>[0-9]+) ") |
		"\(.counting) of \(.all) in \(.spaces)")')
	echo "$told"
	[ "$told" = "$expected" ] && [ "${told%%:*}" = "$1" ]
}

# levels: between two threads of a process no switch leaves the address space, between others each does.
# A process of one task that counts may never have handed over to another.
levels() {
	jq -e '.workload.level as $level
		| ([.processes[] | .pid as $pid | .tasks[] | {key: (.pid | tostring), value: $pid}]
			| from_entries) as $process
		| [.pairs[] | select(.prev.class == "target" and .level != "exiting")]
		| (length > 0 or $level == "single") and all((.level == "thread") ==
			($process[.prev.pid | tostring] == $process[.next.pid | tostring]))' "$JSON"
}

# readable: the text fits a terminal, and is text.
readable() { ! LC_ALL=C.UTF-8 grep -nP '^.{81,}|[\x00-\x09\x0b-\x1f\x7f]' "$REPORT"; }

# server_clean: for teardown, however the test ended.
server_clean() {
	if [ -n "${SERVER-}" ]; then
		kill -TERM "$SERVER" 2>/dev/null || true
		wait "$SERVER" 2>/dev/null || true
	fi
	rm -rf "${HOME_OF_SERVER-}"
}
