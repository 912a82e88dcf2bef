#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# serve.bats - `tasktax serve` as clients see it: formats, HTTP at its worst, Debian's Prometheus. The census is told by
# a file (tests/drivers/serve_made_up.c), so that every figure is known; nothing here needs root.

load common

FLEET=$BATS_TEST_DIRNAME/../../examples/fleet

setup() {
	export CENSUS=$BATS_TEST_TMPDIR/census
	cat >"$CENSUS" <<-'END'
		process 1 nginx /system.slice/nginx.service 100 5000000
		process 2 nginx /system.slice/nginx.service 20 70000
		process 3 bash /user.slice/user-0.slice/session-1.scope 7 100
		lost 3
	END
	PIDS=()
}

teardown() {
	local pid
	for pid in "${PIDS[@]}"; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
}

# serve NAME OPTION...: an exporter on a port found free; its base address in $URL, its process in $SERVER.
serve() {
	local name=$1
	shift
	"$BUILD/tests/drivers/serve_made_up" --listen 127.0.0.1:0 "$@" 2>"$BATS_TEST_TMPDIR/$name.err" 3>&- &
	SERVER=$!
	PIDS+=("$SERVER")
	within 5 grep -q 'serving on' "$BATS_TEST_TMPDIR/$name.err"
	URL=$(sed -n 's|.*serving on \(http://.*\)/metrics|\1|p' "$BATS_TEST_TMPDIR/$name.err")
}

# status CURL-ARGUMENT...: the status of the answer; 000: there was none.
status() { curl -s -o /dev/null -w '%{http_code}' --max-time 15 "$@" || true; }

# value SERIES [ARGUMENT...]: of the page of $URL.
value() {
	local series=$1
	shift
	curl -s --fail "$@" "$URL/metrics" | awk -v series="$series" 'index($0, series " ") == 1 { print $2 }'
}

# ends STATUS: the exporter ends within five seconds of a signal, with this exit status.
ends() {
	local status=0
	within 5 gone "$SERVER" || return 1
	wait "$SERVER" || status=$?
	[ "$status" = "$1" ]
}

gone() { [ ! -d "/proc/$1" ] || grep -q '^State:\sZ' "/proc/$1/status"; }

@test "pages pass promtool, hostile names and all" {
	local which
	for which in plain groups hostile bare; do
		"$BUILD/tests/unit/test_openmetrics" --print text $which | promtool check metrics
	done
	serve one --group-by cgroup --bpf-stats
	curl -s --fail "$URL/metrics" | promtool check metrics
	[ "$(value 'tasktax_bpf_run_seconds_total{program="on_sched_switch"}')" = 0.000000042 ]
}

@test "paths, methods and formats" {
	serve one
	[ "$(status "$URL/metrics")" = 200 ]
	[ "$(status "$URL/metrics?collect[]=x")" = 200 ]
	[ "$(status "$URL/")" = 200 ]
	[ "$(status "$URL/healthz")" = 200 ]
	[ "$(status "$URL/metrics/")" = 404 ]
	[ "$(status "$URL/../etc/passwd" --path-as-is)" = 404 ]
	[ "$(status -X POST -d x=1 "$URL/metrics")" = 405 ]
	[ "$(status -X DELETE "$URL/")" = 405 ]
	curl -s "$URL/" | grep -q 'href="/metrics"'
	curl -sI "$URL/metrics" >"$BATS_TEST_TMPDIR/head"
	grep -q '^HTTP/1.1 200' "$BATS_TEST_TMPDIR/head"
	grep -qi '^content-type: text/plain; version=0.0.4; charset=utf-8' "$BATS_TEST_TMPDIR/head"
	curl -si -H 'Accept: application/openmetrics-text; version=1.0.0' "$URL/metrics" \
		>"$BATS_TEST_TMPDIR/openmetrics"
	grep -qi '^content-type: application/openmetrics-text; version=1.0.0; charset=utf-8' \
		"$BATS_TEST_TMPDIR/openmetrics"
	[ "$(tail -n 1 "$BATS_TEST_TMPDIR/openmetrics")" = '# EOF' ]
	[ "$(curl -s "$URL/metrics" | grep -c EOF)" = 0 ]
	# one connection for several requests
	[ "$(curl -sv "$URL/metrics" "$URL/healthz" 2>&1 | grep -ci 're-using existing')" = 1 ]
}

@test "groups are added up, keep what their dead have counted, and go" {
	local switches='level="thread",via="direct",preempted="false"}'
	serve one --group-by unit
	[ "$(value "tasktax_context_switches_total{unit=\"nginx.service\",$switches")" = 120 ]
	[ "$(value "tasktax_context_switches_total{unit=\"session-1.scope\",$switches")" = 7 ]
	[ "$(value 'tasktax_processes{unit="nginx.service"}')" = 2 ]
	sed -i -e '/^process 2 /d' -e 's/ 100 5000000/ 130 5000000/' "$CENSUS"
	sleep 0.2
	[ "$(value "tasktax_context_switches_total{unit=\"nginx.service\",$switches")" = 150 ]
	[ "$(value 'tasktax_processes{unit="nginx.service"}')" = 1 ]
}

@test "no more groups than --max-groups, out of 5,000" {
	seq 5000 | awk '{ print "process", $1, "comm", "/s" $1 ".service", 1, 1000 }' >"$CENSUS"
	serve one --group-by cgroup --max-groups 50
	[ "$(curl -s "$URL/metrics" | grep -c '^tasktax_processes{')" = 51 ]
	[ "$(value 'tasktax_processes{cgroup="<other>"}')" = 4950 ]
	[ "$(value 'tasktax_exporter_other_processes')" = 4950 ]
	[ "$(value 'tasktax_context_switches_total{cgroup="<other>",level="thread",via="direct",preempted="false"}')" \
		= 4950 ]
}

@test "counts that cannot be read are an error, and the exporter lives on" {
	serve one
	mv "$CENSUS" "$CENSUS.away"
	[ "$(status "$URL/metrics")" = 500 ]
	[ "$(status "$URL/healthz")" = 503 ]
	curl -s "$URL/healthz" | grep -q 'there is no census'
	mv "$CENSUS.away" "$CENSUS"
	[ "$(status "$URL/metrics")" = 200 ]
	[ "$(status "$URL/healthz")" = 200 ]
}

@test "malformed HTTP is refused, and the next client served" {
	serve one
	python3 - "${URL#http://}" <<-'PYTHON'
		import socket, sys
		host, port = sys.argv[1].split(":")
		bad = [b"\r\n\r\n", b"GET\r\n\r\n", b"GET /metrics\r\n\r\n", b"\x00" * 4096, b"\xff\xfe\xfd\r\n\r\n",
		       b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n",
		       b"GET " + b"/" * 100000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
		       b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20000 + b"\r\n",
		       b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
		       b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
		       b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		       b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
		       b"GET /%00%ff%2e%2e/%zz HTTP/1.1\r\nHost: x\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
		for request in bad:
		    with socket.create_connection((host, int(port)), 5) as s:
		        s.settimeout(1)
		        answer = b""
		        try:
		            s.sendall(request)
		            s.shutdown(socket.SHUT_WR)
		            answer = s.recv(100)
		        except OSError:
		            pass
		        line = answer.split(b"\r\n")[0]
		        print(request[:30], line)
		        if b"hello" in request: # of no interest, and no error
		            assert line == b"HTTP/1.1 200 OK", line
		        else:
		            assert not answer or line.split()[1][:1] in b"45", (request[:40], line)
	PYTHON
	[ "$(status "$URL/metrics")" = 200 ]
}

@test "clients that dawdle, and a flood of them, keep nobody out" {
	serve one
	python3 - "${URL#http://}" 3>&- <<-'PYTHON'
		import collections, http.client, select, socket, sys, threading, time
		host, port = sys.argv[1].split(":")
		def scrape():
		    c = http.client.HTTPConnection(host, int(port), timeout=5)
		    c.request("GET", "/metrics")
		    assert c.getresponse().status == 200
		    c.close()
		def connect():
		    return socket.create_connection((host, int(port)), 5)
		slow = connect()
		slow.sendall(b"GET /metrics HTTP/1.1\r\n")
		begun = time.monotonic()
		# far more than there is room for, each with half a request
		flood = []
		for i in range(300):
		    s = connect()
		    try:
		        s.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n")
		    except OSError:
		        pass
		    flood.append(s)
		    if i % 50 == 49:
		        scrape()
		scrape()
		for s in flood:
		    s.close()
		slow.close()
		# 600 a second, and somebody who speaks 0.1 s after he has come
		over = threading.Event()
		def pour():
		    held = collections.deque(maxlen=300)
		    while not over.wait(0.01):
		        held.extend(connect() for _ in range(6))
		pourer = threading.Thread(target=pour)
		pourer.start()
		try:
		    time.sleep(0.5)
		    for i in range(20):
		        late = connect()
		        time.sleep(0.1)
		        late.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
		        assert late.recv(1000).startswith(b"HTTP/1.1 200 "), i
		        late.close()
		    scrape()
		finally:
		    over.set()
		    pourer.join()
		# alone, it is ended all the same, a byte a second or not
		slow = connect()
		begun = time.monotonic()
		alive = True
		while alive and time.monotonic() - begun < 20:
		    try:
		        slow.sendall(b"X")
		    except OSError:
		        alive = False
		    readable, _, _ = select.select([slow], [], [], 0.5)
		    if readable:
		        try:
		            alive = bool(slow.recv(1000))
		        except OSError:
		            alive = False
		assert not alive, "it is still connected"
		scrape()
	PYTHON
	[ "$(value tasktax_exporter_connections_ended_total)" -gt 200 ]
	# all of them are gone
	[ "$(find "/proc/$SERVER/fd" -lname 'socket:*' | wc -l)" -le 3 ]
}

@test "an address in use, and one that is none, are told in a line" {
	serve one
	status=0
	"$BUILD/tests/drivers/serve_made_up" --listen "${URL#http://}" 2>"$BATS_TEST_TMPDIR/err" || status=$?
	[ "$status" = 125 ]
	[ "$(wc -l <"$BATS_TEST_TMPDIR/err")" = 1 ]
	grep -q "^tasktax: serve: cannot listen on ${URL#http://}: it is in use.*--listen" "$BATS_TEST_TMPDIR/err"
	run "$BUILD/tests/drivers/serve_made_up" --listen example.org:80
	[ "$status" = 120 ]
	run "$BUILD/tests/drivers/serve_made_up" --group-by pid
	[ "$status" = 120 ]
	run "$BUILD/tests/drivers/serve_made_up" --listen unix:/nowhere/at/all
	[ "$status" = 125 ]
}

@test "a signal ends it cleanly, and its socket file is gone" {
	local path=$BATS_TEST_TMPDIR/socket signal
	for signal in TERM INT HUP; do
		"$BUILD/tests/drivers/serve_made_up" --listen "unix:$path" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
		SERVER=$!
		PIDS+=("$SERVER")
		within 5 test -S "$path"
		[ "$(status --unix-socket "$path" http://localhost/metrics)" = 200 ]
		run "$BUILD/tests/drivers/serve_made_up" --listen "unix:$path"
		[ "$status" = 125 ]
		[ -S "$path" ]
		kill -$signal "$SERVER"
		ends 0
		[ ! -e "$path" ]
	done
	# left by one that was killed
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$path"
	[ -S "$path" ]
	"$BUILD/tests/drivers/serve_made_up" --listen "unix:$path" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	SERVER=$!
	PIDS+=("$SERVER")
	within 5 grep -q 'serving on' "$BATS_TEST_TMPDIR/err"
	[ "$(status --unix-socket "$path" http://localhost/metrics)" = 200 ]
	# what is no socket stays
	echo mine >"$BATS_TEST_TMPDIR/file"
	run "$BUILD/tests/drivers/serve_made_up" --listen "unix:$BATS_TEST_TMPDIR/file"
	[ "$status" = 125 ]
	[ "$(cat "$BATS_TEST_TMPDIR/file")" = mine ]
}

@test "a socket that systemd has opened is taken" {
	command -v systemd-socket-activate >/dev/null || skip "needs systemd-socket-activate"
	local path=$BATS_TEST_TMPDIR/socket
	systemd-socket-activate -E CENSUS -l "$path" "$BUILD/tests/drivers/serve_made_up" \
		2>"$BATS_TEST_TMPDIR/err" 3>&- &
	SERVER=$!
	PIDS+=("$SERVER")
	within 5 test -S "$path"
	[ "$(status --unix-socket "$path" http://localhost/metrics)" = 200 ]
	grep -q "serving on unix:$path" "$BATS_TEST_TMPDIR/err"
	kill -TERM "$SERVER"
	ends 0
	[ -S "$path" ] # it is systemd's
}

@test "Prometheus scrapes two hosts; PromQL says what they say, and a rule adds them" {
	local data=$BATS_TEST_TMPDIR/prometheus port a b
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	serve a --group-by none
	a=${URL#http://}
	export CENSUS=$BATS_TEST_TMPDIR/census.b
	echo 'process 9 redis / 1000 250000' >"$CENSUS"
	serve b --group-by comm
	b=${URL#http://}
	mkdir "$data"
	sed -e "s|127.0.0.1:10435|$a\n          - $b|" -e "s|_interval: 15s|_interval: 500ms|" \
		-e "s|rules.yml|$FLEET/rules.yml|" "$FLEET/prometheus.yml" >"$data/prometheus.yml"
	prometheus --config.file="$data/prometheus.yml" --storage.tsdb.path="$data/tsdb" \
		--web.listen-address="127.0.0.1:$port" >"$data/log" 2>&1 3>&- &
	PIDS+=("$!")
	query() {
		curl -s --get --data-urlencode "query=$1" "http://127.0.0.1:$port/api/v1/query" |
			jq -r '.data.result[] | .value[1]'
	}
	is() { [ "$(query "$1")" = "$2" ]; }
	within 15 is 'sum(up{job="tasktax"})' 2
	within 5 is 'job:tasktax_context_switches:sum' 1127
	is "tasktax_context_switches_total{instance=\"$a\",level=\"thread\",via=\"direct\",preempted=\"false\"}" 127
	is "tasktax_context_switches_total{instance=\"$b\",comm=\"redis\",level=\"thread\"}" 1000
	is "tasktax_run_queue_wait_seconds_sum{instance=\"$a\",level=\"thread\"}" 0.5014007
	is "tasktax_run_queue_wait_seconds_bucket{instance=\"$a\",level=\"thread\",le=\"0.000131071\"}" 27
	is "tasktax_lost_events_total{instance=\"$a\",class=\"switch\"}" 3
	is "count(tasktax_capability_info{feature=\"tlb_flush\",state=\"off\"})" 2
	# it asked for OpenMetrics, and understood all of it
	[ "$(query "sum(scrape_samples_scraped{job=\"tasktax\"}) > 0")" -gt 0 ]
	[ "$(curl -s "http://127.0.0.1:$port/api/v1/metadata?metric=tasktax_build" | jq -r '.data[][].type')" = info ]
}

@test "the fleet's configuration, rules and units are valid, and name what there is" {
	local names name
	promtool check config "$FLEET/prometheus.yml"
	promtool check rules "$FLEET/rules.yml"
	promtool test rules "$FLEET/rules_test.yml"
	# every query of the dashboard, as a rule
	jq -r '[.. | .expr? // empty] | to_entries[] | "  - record: x:\(.key)\n    expr: \(.value | gsub("\\$__rate_interval"; "5m") | @json)"' \
		"$FLEET/dashboard.json" | { printf 'groups:\n- name: dashboard\n  rules:\n'; cat; } \
		>"$BATS_TEST_TMPDIR/dashboard.yml"
	[ "$(grep -c record "$BATS_TEST_TMPDIR/dashboard.yml")" -gt 15 ]
	promtool check rules "$BATS_TEST_TMPDIR/dashboard.yml"
	names=$("$BUILD/tests/unit/test_openmetrics" --print text plain | sed -n 's/^\([a-z_]*\)[{ ].*/\1/p' | sort -u)
	while read -r name; do
		case $name in tasktax_hosts | tasktax_fleet | tasktax_alerts) continue ;; esac
		grep -qx "$name" <<<"$names" || { echo "there is no $name"; false; }
	done < <(cat "$FLEET/rules.yml" "$FLEET/dashboard.json" |
		grep -oE '[a-z:_]*\b(tasktax|process)_[a-z_]+(:[a-z0-9_]+)?' | grep -v : | sort -u)
	if command -v systemd-analyze >/dev/null; then
		mkdir "$BATS_TEST_TMPDIR/units"
		sed "s|/usr/local/bin/tasktax|$(type -P true)|" "$FLEET/tasktax.service" \
			>"$BATS_TEST_TMPDIR/units/tasktax.service"
		cp "$FLEET/tasktax.socket" "$BATS_TEST_TMPDIR/units"
		[ -z "$(systemd-analyze verify "$BATS_TEST_TMPDIR"/units/* 2>&1)" ]
	fi
}
