#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# servers.bats - real servers under load: the same reconciliation, the shape of the workload that each
# is known for, and the processes and threads that the server itself and /proc say it has.

load common
load servers

SECONDS_OF_LOAD=5

setup() {
	bats_require_minimum_version 1.5.0
	need_root
}

teardown() { server_clean; }

# What holds for the report of any server, whose verdict is LEVEL.
agrees() {
	[ "$status" = 0 ]
	exact
	balanced
	server_seen
	verdict "$1"
	levels
	readable
}

# busiest N: the pids of the N busiest processes, ascending.
busiest() { json "[.processes[:$1][].pid] | sort | .[]"; }

@test "PostgreSQL under pgbench: process-level, one process per connection" {
	local load backends housekeepers
	postgres_start -c log_connections=on
	"$POSTGRES/pgbench" "${CLIENT[@]}" -n -c 4 -j 2 -T "$SECONDS_OF_LOAD" postgres 3>&- &
	load=$!
	activity() { "$POSTGRES/psql" "${CLIENT[@]}" -Atc "SELECT $1 FROM pg_stat_activity WHERE $2" postgres; }
	four() { [ "$(activity 'count(*)' "application_name = 'pgbench'")" = 4 ]; }
	server_ready four
	backends=$(activity pid "application_name = 'pgbench' ORDER BY pid")
	housekeepers=$(activity 'count(*)' "backend_type <> 'client backend'")
	server_look
	wait "$load"
	server_stop INT
	agrees process-level
	# the four connections are the four busiest, each a process of one task in a memory of its own
	[ "$(busiest 4)" = "$backends" ]
	check '[.processes[:4][] | .comm] | unique == ["postgres"]'
	check '[.processes[:4][] | .address_space] | unique | length == 4'
	check '[.processes[] | .threads] | unique == [1]'
	check '.tasks.created.thread == 0'
	# a process per connection, one that starts up, and those that keep house
	[ "$(json .tasks.created.process)" = \
		$(($(grep -c 'connection received' "$LOG") + 1 + housekeepers)) ]
	[ "$(switches thread)" -le "$(json .first_switches)" ]
	[ "$(switches process)" -ge 10000 ]
}

@test "Redis under redis-benchmark: one thread does the work" {
	local pid
	need redis-server redis-benchmark
	server_home nobody
	cd "$HOME_OF_SERVER"
	server_start -u nobody -- redis-server --port 0 --unixsocket redis.sock --save '' \
		--dir "$HOME_OF_SERVER"
	server_ready redis-cli -s redis.sock ping
	run -124 timeout "$SECONDS_OF_LOAD" \
		redis-benchmark -q -s redis.sock -t set,get -n 20000 -c 20 -l
	pid=$(redis-cli -s redis.sock info server | tr -d '\r' | sed -n 's/^process_id://p')
	server_look
	server_stop TERM
	agrees single
	check '.tasks.processes == 1'
	check '.processes[0] | .comm == "redis-server" and .threads >= 4'
	[ "$(busiest 1)" = "$pid" ]
	# its helper threads for closing files, freeing and syncing sleep
	check '[.processes[0].tasks[] | select(.comm | startswith("bio_"))] | length >= 3'
	check '[.processes[0].tasks[] | select(.comm | startswith("bio_")) | .voluntary] | add < 100'
	check '.processes[0].voluntary >= 1000'
}

# status_of FIELD: what the server says of itself.
status_of() {
	python3 - "http://127.0.0.1:$PORT/server-status?auto" "$1" <<-'PYTHON'
		import sys, urllib.request
		page = urllib.request.urlopen(sys.argv[1], timeout=10).read().decode()
		print(*(l.split(": ")[1] for l in page.splitlines() if l.startswith(sys.argv[2] + ": ")))
	PYTHON
}

# apache MPM LINES: the server with this module, set up by these lines, on $PORT.
apache() {
	local modules=/usr/lib/apache2/modules
	need apache2 ab
	server_home www-data
	PORT=$(free_port)
	cat >"$HOME_OF_SERVER/httpd.conf" <<-CONF
		ServerRoot $HOME_OF_SERVER
		ServerName localhost
		DocumentRoot $HOME_OF_SERVER
		Listen 127.0.0.1:$PORT
		PidFile $HOME_OF_SERVER/pid
		ErrorLog $HOME_OF_SERVER/log
		User www-data
		Group www-data
		LoadModule mpm_$1_module $modules/mod_mpm_$1.so
		LoadModule authz_core_module $modules/mod_authz_core.so
		LoadModule status_module $modules/mod_status.so
		KeepAlive Off
		<Location /server-status>
			SetHandler server-status
		</Location>
		$2
	CONF
	echo 'a page' >"$HOME_OF_SERVER/page.txt"
	server_start -- apache2 -f "$HOME_OF_SERVER/httpd.conf" -DFOREGROUND
	server_ready ab -n 1 "http://127.0.0.1:$PORT/page.txt"
	ab -q -t "$SECONDS_OF_LOAD" -c 8 "http://127.0.0.1:$PORT/page.txt" |
		tee "$BATS_TEST_TMPDIR/ab" | grep -E 'Complete|Failed'
	grep -q 'Failed requests: *0$' "$BATS_TEST_TMPDIR/ab"
	WORKERS=$(($(status_of BusyWorkers) + $(status_of IdleWorkers)))
	PROCESSES=$(status_of Processes)
	server_look
	server_stop TERM
}

@test "Apache prefork under ab: process-level, one process per worker" {
	apache prefork 'StartServers 4
		MinSpareServers 1
		MaxSpareServers 4
		MaxRequestWorkers 4'
	agrees process-level
	[ "$WORKERS" = 4 ]
	check '.tasks.created.thread == 0 and .tasks.created.process == 4'
	[ "$(json '[.processes[:4][].parent] | unique[]')" = \
		"$(json '.processes[] | select(.created == "root") | .pid')" ]
	check '[.processes[] | .threads] == [1, 1, 1, 1, 1]'
	[ "$(switches process)" -ge 1000 ]
}

@test "Apache event under ab: threads in each of several processes" {
	apache event 'StartServers 2
		ServerLimit 2
		ThreadsPerChild 8
		MinSpareThreads 16
		MaxSpareThreads 16
		MaxRequestWorkers 16'
	agrees hybrid
	[ "$WORKERS" = 16 ]
	[ "$PROCESSES" = 2 ]
	check '.tasks.processes == 3'
	# each child has its 8 workers, a listener, the thread that was there first, and one that started them
	check '[.processes[] | select(.created == "process") | .threads] == [11, 11]'
	[ "$(switches thread)" -ge 100 ]
	[ "$(switches process)" -ge 100 ]
}

@test "memcached under load: thread-level" {
	local end stats
	need memcached memcslap
	server_home nobody
	PORT=$(free_port)
	server_start -u nobody -- memcached -l 127.0.0.1 -p "$PORT" -t 4 -U 0
	server_ready memcping --servers="127.0.0.1:$PORT"
	end=$((SECONDS + SECONDS_OF_LOAD))
	while [ "$SECONDS" -lt "$end" ]; do
		memcslap --servers="127.0.0.1:$PORT" --concurrency=8 --execute-number=10000 \
			--test=set --non-blocking
		memcslap --servers="127.0.0.1:$PORT" --concurrency=8 --execute-number=2000 --test=get
	done >"$BATS_TEST_TMPDIR/memcslap"
	stats=$(memcstat --servers="127.0.0.1:$PORT")
	echo "$stats"
	server_look
	server_stop TERM
	agrees thread-level
	check '.tasks.processes == 1'
	grep -qx "[[:space:]]*pid: $(busiest 1)" <<<"$stats"
	grep -qx '[[:space:]]*threads: 4' <<<"$stats"
	# as many workers, by their own name, beside the main thread and those that keep house
	check '[.processes[0].tasks[] | select(.comm == "mc-worker")] | length == 4'
	check '[.processes[0].tasks[] | select(.comm == "mc-worker") | .voluntary] | min >= 100'
	[ "$(switches thread)" -ge 100 ]
}
