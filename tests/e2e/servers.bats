#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# servers.bats - real servers under load: the same reconciliation, the shape of the workload that each
# is known for, and as many processes and threads as the server itself says.

load common
load servers

SECONDS_OF_LOAD=5

setup() {
	bats_require_minimum_version 1.5.0
	need_root
}

teardown() { server_clean; }

# count_of FILTER: processes of the report that the filter selects.
count_of() { json "[.processes[] | select($1)] | length"; }

# threads_of FILTER: their threads in all.
threads_of() { json "[.processes[] | select($1) | .threads] | add // 0"; }

@test "PostgreSQL under pgbench: process-level, one process per connection" {
	local versions=(/usr/lib/postgresql/*/bin) bin
	bin=${versions[-1]}
	need "$bin/postgres" "$bin/pgbench"
	server_home postgres
	setpriv --reuid=postgres --regid=postgres --init-groups \
		"$bin/initdb" -D "$HOME_OF_SERVER/data" -A trust >/dev/null
	cd "$HOME_OF_SERVER"
	server_start -u postgres -- "$bin/postgres" -D data -k "$HOME_OF_SERVER" \
		-c listen_addresses= -c fsync=off -c autovacuum=off
	local client=(-h "$HOME_OF_SERVER" -U postgres)
	server_ready "$bin/pg_isready" -q -h "$HOME_OF_SERVER"
	"$bin/pgbench" -q "${client[@]}" -i -s 2 postgres 2>/dev/null
	"$bin/pgbench" "${client[@]}" -n -c 4 -j 2 -T "$SECONDS_OF_LOAD" postgres
	server_stop INT
	[ "$status" = 0 ]
	exact
	balanced
	check '.workload.level == "process-level"'
	# the four connections are the four busiest, each a process of one task in a memory of its own
	check '[.processes[:4][] | .comm] == ["postgres", "postgres", "postgres", "postgres"]'
	check '[.processes[:4][] | .threads] == [1, 1, 1, 1]'
	check '[.processes[:4][] | .address_space] | unique | length == 4'
	check '.tasks.created.thread == 0'
	[ "$(switches thread)" -le "$(json .first_switches)" ]
	[ "$(switches process)" -ge 10000 ]
}

@test "Redis under redis-benchmark: one thread does the work" {
	need redis-server redis-benchmark
	server_home nobody
	cd "$HOME_OF_SERVER"
	server_start -u nobody -- redis-server --port 0 --unixsocket redis.sock --save '' \
		--dir "$HOME_OF_SERVER"
	server_ready redis-cli -s redis.sock ping
	timeout "$SECONDS_OF_LOAD" redis-benchmark -q -s redis.sock -t set,get -n 100000 -c 20 ||
		[ $? = 124 ]
	server_stop TERM
	[ "$status" = 0 ]
	exact
	balanced
	# its helper threads for closing files, freeing and syncing sleep
	check '.workload.level == "single"'
	check '.tasks.processes == 1'
	check '.processes[0] | .comm == "redis-server" and .threads >= 4'
	check '[.processes[0].tasks[] | select(.comm | startswith("bio_"))] | length >= 3'
}

# apache MPM: the server with this module, 4 workers or 2 processes of 8 threads, on $PORT.
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
		KeepAlive Off
		MaxRequestWorkers 16
		$2
	CONF
	echo 'a page' >"$HOME_OF_SERVER/page.txt"
	server_start -- apache2 -f "$HOME_OF_SERVER/httpd.conf" -DFOREGROUND
	server_ready ab -n 1 "http://127.0.0.1:$PORT/page.txt"
	ab -q -t "$SECONDS_OF_LOAD" -n 20000 -c 8 "http://127.0.0.1:$PORT/page.txt" |
		tee "$BATS_TEST_TMPDIR/ab" | grep -E 'Complete|Failed'
	grep -q 'Failed requests: *0$' "$BATS_TEST_TMPDIR/ab"
	server_stop TERM
	[ "$status" = 0 ]
	exact
	balanced
}

@test "Apache prefork under ab: process-level" {
	apache prefork 'StartServers 4
		MinSpareServers 4
		MaxSpareServers 4'
	check '.workload.level == "process-level"'
	check '.tasks.created.thread == 0 and .tasks.created.process >= 4'
	[ "$(count_of '.comm == "apache2" and .threads == 1')" = "$(json .tasks.processes)" ]
}

@test "Apache event under ab: threads in each of several processes" {
	apache event 'StartServers 2
		ServerLimit 2
		ThreadsPerChild 8
		MinSpareThreads 16
		MaxSpareThreads 16'
	check '.workload.level == "hybrid"'
	check '.tasks.processes == 3'
	# each child has its 8 workers, a listener and the thread that started them
	[ "$(count_of '.created == "process" and .threads >= 10')" = 2 ]
	[ "$(switches thread)" -ge 100 ]
	[ "$(switches process)" -ge 100 ]
}

@test "memcached under load: thread-level" {
	need memcached memcslap
	server_home nobody
	PORT=$(free_port)
	server_start -u nobody -- memcached -l 127.0.0.1 -p "$PORT" -t 4 -U 0
	server_ready memcping --servers="127.0.0.1:$PORT"
	memcslap --servers="127.0.0.1:$PORT" --concurrency=8 --execute-number=10000 --test=set \
		--non-blocking 2>&1 | tail -n 3
	memcslap --servers="127.0.0.1:$PORT" --concurrency=8 --execute-number=5000 --test=get 2>&1 |
		tail -n 3
	server_stop TERM
	[ "$status" = 0 ]
	exact
	balanced
	check '.workload.level == "thread-level"'
	check '.tasks.processes == 1'
	# 4 workers, by their own name, beside the main thread and those that keep house
	check '[.processes[0].tasks[] | select(.comm == "mc-worker")] | length == 4'
	[ "$(switches thread)" -ge 100 ]
}
