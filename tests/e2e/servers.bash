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

# server_start ARGUMENT...: tasktax run with these arguments, in the background, in $SERVER. In a session
# of its own: Apache ends by a signal to its whole process group.
server_start() {
	JSON=$BATS_TEST_TMPDIR/report.json REPORT=$BATS_TEST_TMPDIR/report
	LOG=$BATS_TEST_TMPDIR/log
	setsid "$TASKTAX" run --json="$JSON" -o "$REPORT" "$@" >"$LOG" 2>&1 3>&- &
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

# server_stop SIGNAL: passes it on through the tracer; the exit status in $status.
server_stop() {
	status=0
	kill "-$1" "$SERVER"
	wait "$SERVER" || status=$?
	SERVER=
	[ "$status" = 0 ] || cat "$LOG"
}

# server_clean: for teardown, however the test ended.
server_clean() {
	if [ -n "${SERVER-}" ]; then
		kill -TERM "$SERVER" 2>/dev/null || true
		wait "$SERVER" 2>/dev/null || true
	fi
	rm -rf "${HOME_OF_SERVER-}"
}
