#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# serve_live.bats - `tasktax serve` on what really runs, scraped by a real Prometheus: what PromQL says is what
# `tasktax attach` counted of the same processes over the same time.

load common
load servers

setup() {
	bats_require_minimum_version 1.5.0
	need_root
	need prometheus curl
	JSON=$BATS_TEST_TMPDIR/report.json REPORT=$BATS_TEST_TMPDIR/report
	STARTED=()
}

teardown() {
	local pid
	for pid in "${STARTED[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
}

# serve OPTION...: tasktax serve on a free port, $PORT; its pid in $EXPORTER. Returns when it answers.
serve() {
	PORT=$(free_port)
	"$TASKTAX" serve --listen "127.0.0.1:$PORT" "$@" >"$BATS_TEST_TMPDIR/serve-$PORT" 2>&1 3>&- &
	EXPORTER=$!
	STARTED+=("$EXPORTER")
	within 10 curl -sf "http://127.0.0.1:$PORT/healthz" -o /dev/null
}

# prometheus PORT...: scrapes these every 200 ms; how it answers: http://127.0.0.1:$PROMETHEUS.
prometheus_start() {
	PROMETHEUS=$(free_port)
	mkdir "$BATS_TEST_TMPDIR/prometheus"
	cat >"$BATS_TEST_TMPDIR/prometheus.yml" <<-YAML
		global: {scrape_interval: 200ms, scrape_timeout: 200ms}
		rule_files: [rules.yml]
		scrape_configs:
		  - job_name: tasktax
		    static_configs: [{targets: [$(printf '"127.0.0.1:%s",' "$@" | sed 's/,$//')]}]
	YAML
	cat >"$BATS_TEST_TMPDIR/rules.yml" <<-YAML
		groups:
		  - name: fleet
		    interval: 200ms
		    rules:
		      - record: fleet:tasktax_context_switches:sum
		        expr: sum(tasktax_context_switches_total)
	YAML
	prometheus --config.file="$BATS_TEST_TMPDIR/prometheus.yml" --web.listen-address="127.0.0.1:$PROMETHEUS" \
		--storage.tsdb.path="$BATS_TEST_TMPDIR/prometheus" >"$BATS_TEST_TMPDIR/prometheus.log" 2>&1 3>&- &
	STARTED+=("$!")
	within 20 curl -sf "http://127.0.0.1:$PROMETHEUS/-/ready" -o /dev/null
}

# query PROMQL: the value of its only result.
query() {
	curl -sf "http://127.0.0.1:$PROMETHEUS/api/v1/query" --data-urlencode "query=$1" |
		jq -r '.data.result | if length == 1 then .[0].value[1] else "\(length) results" end'
}

is() { [ "$(query "$1")" = "$2" ]; }

# worker: a process that waits for a line in $GO, works, and says so in $DONE.
worker() {
	mkfifo "$BATS_TEST_TMPDIR/go"
	# shellcheck disable=SC2016 # the inner shell expands it
	bash -c 'read -r _ <"$1"; "$2" ring --as process --rounds 2000 --cpu auto >/dev/null
		"$2" ring --as thread --rounds 1000 --cpu auto >/dev/null; echo done >"$3"; exec sleep 60' \
		- "$BATS_TEST_TMPDIR/go" "$DEMO" "$BATS_TEST_TMPDIR/done" 3>&- &
	WORKER=$!
	STARTED+=("$WORKER")
	sleep 0.3
}

@test "a real Prometheus: up, and three metrics are what attach counted" {
	worker
	serve -p "$WORKER"
	prometheus_start "$PORT"
	"$TASKTAX" attach -p "$WORKER" -d 4 --json="$JSON" -o "$REPORT" 3>&- &
	tracer=$!
	sleep 1
	echo >"$BATS_TEST_TMPDIR/go"
	wait "$tracer"
	[ -s "$BATS_TEST_TMPDIR/done" ]
	exact
	within 5 is 'up{job="tasktax"}' 1
	switches=$(json '[.switches[] | select(.level == "process" or .level == "thread" or .level == "resume") |
		.count] | add')
	faults=$(json '.reconcile.minor_faults.seen')
	created=$(json '.tasks.created.process')
	echo "attach: $switches switch-ins, $faults minor faults, $created processes"
	[ "$switches" -gt 5000 ] && [ "$faults" -gt 100 ] && [ "$created" -ge 4 ]
	within 5 is 'sum(tasktax_context_switches_total{level=~"process|thread|resume"})' "$switches"
	within 5 is 'sum(tasktax_page_faults_total{severity="minor"})' "$faults"
	within 5 is 'sum(tasktax_tasks_created_total{kind="process"})' "$created"
	curl -sf "http://127.0.0.1:$PORT/metrics" | promtool check metrics
}

@test "two exporters stand for two hosts: a recording rule adds them" {
	worker
	serve -p "$WORKER"
	first=$PORT
	serve -p "$WORKER" --group-by comm
	prometheus_start "$first" "$PORT"
	echo >"$BATS_TEST_TMPDIR/go"
	within 10 test -s "$BATS_TEST_TMPDIR/done"
	sleep 1
	within 5 is 'count(up{job="tasktax"} == 1)' 2
	one=$(query "sum(tasktax_context_switches_total{instance=\"127.0.0.1:$first\"})")
	two=$(query "sum(tasktax_context_switches_total{instance=\"127.0.0.1:$PORT\"})")
	echo "$one + $two"
	[ "$one" -gt 5000 ] && [ "$two" -gt 5000 ]
	within 5 is 'fleet:tasktax_context_switches:sum' $((one + two))
}

@test "it ends cleanly by SIGTERM, and with CAP_BPF and CAP_PERFMON serves a user's own" {
	OPEN=$(mktemp -d)
	cp "$TASKTAX" "$OPEN" && chmod -R 755 "$OPEN"
	setcap cap_bpf,cap_perfmon+ep "$OPEN/tasktax" || skip "no file capabilities here"
	setpriv --reuid=65528 --regid=65528 --clear-groups sleep 60 3>&- &
	STARTED+=("$!")
	own=$!
	within 2 grep -q '^Uid:.65528' "/proc/$own/status"
	PORT=$(free_port)
	setpriv --reuid=65528 --regid=65528 --clear-groups "$OPEN/tasktax" serve -p "$own" \
		--listen "127.0.0.1:$PORT" 3>&- &
	exporter=$!
	within 10 curl -sf "http://127.0.0.1:$PORT/metrics" -o "$BATS_TEST_TMPDIR/metrics"
	grep -q '^tasktax_build_info{' "$BATS_TEST_TMPDIR/metrics"
	grep -q '^CapEff:.0000000000000000$' "/proc/$exporter/status"
	kill -TERM "$exporter"
	wait "$exporter"
	rm -r "$OPEN"
}

# counted: the switch-outs in the exporter's latest counts. kernel: those of the ring's tasks, by /proc.
counted() {
	sleep 0.2 # a page is served again for 0.1 s
	curl -sf "http://127.0.0.1:$PORT/metrics" |
		awk '/^tasktax_context_switches_total/ && /preempted="(true|false)"/ { n += $2 } END { printf "%d\n", n }'
}
kernel() {
	cat "/proc/$RING"/task/*/status |
		awk '/ctxt_switches:/ { n += $2 } END { printf "%d\n", n }'
}

# processes N: so many are alive and counted.
processes() { curl -sf "http://127.0.0.1:$PORT/metrics" | grep -qx "tasktax_processes $1"; }

# comes: a ring of two threads, for as long as we like, that the exporter finds; and counts between two looks no more
# and no less than the kernel.
comes() {
	local outer inner first last
	"$DEMO" ring --as thread --rounds 100000000 --cpu auto >/dev/null 3>&- &
	RING=$!
	STARTED+=("$RING")
	within 5 processes 1
	sleep 1.5 # its threads as well, and more looks that find nobody
	outer=$(kernel)
	first=$(counted)
	inner=$(kernel)
	sleep 1
	inner=$(($(kernel) - inner))
	last=$(($(counted) - first))
	outer=$(($(kernel) - outer))
	echo "between $inner and $outer switches: $last"
	[ "$inner" -gt 1000 ] && [ "$last" -ge "$inner" ] && [ "$last" -le "$outer" ]
	kill -KILL "$RING"
	within 5 processes 0
}

@test "whoever comes to fit later is counted from then on" {
	for options in '' '--without tp_btf'; do
		# shellcheck disable=SC2086 # words
		serve --comm tasktax-demo $options
		grep -q "nobody fits --comm tasktax-demo yet" "$BATS_TEST_TMPDIR/serve-$PORT"
		comes
		comes
		[ "$(curl -sf "http://127.0.0.1:$PORT/metrics" | grep -c 'lost_events_total.* 0$')" = 8 ]
		kill -TERM "$EXPORTER"
		wait "$EXPORTER"
	done
}
