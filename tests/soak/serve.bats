#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# serve.bats - `tasktax serve` for ten minutes of switches, forks and faults, scraped every second: nothing lost, its
# memory flat after the first minute, below 2 % of a CPU.

load ../e2e/common
load ../e2e/servers

SECONDS_LONG=${SOAK_SECONDS:-600}

# rss, cpu PID: resident KiB; hundredths of a second of CPU time.
rss() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status"; }
cpu() { sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12 + $13 }'; }

# scrape SECONDS: once a second, the last page in $PAGE.
scrape() {
	local second
	for ((second = 0; second < $1; second++)); do
		curl -sf "http://127.0.0.1:$PORT/metrics" -o "$PAGE"
		sleep 1
	done
}

@test "nothing lost, memory flat, CPU below 2 %" {
	bats_require_minimum_version 1.5.0
	need_root
	need curl stress-ng
	PORT=$(free_port) PAGE=$BATS_TEST_TMPDIR/page
	"$TASKTAX" serve --group-by comm --listen "127.0.0.1:$PORT" 3>&- &
	exporter=$!
	within 10 curl -sf "http://127.0.0.1:$PORT/healthz" -o /dev/null
	stress-ng --quiet --context 2 --fork 1 --fault 1 -t "$SECONDS_LONG" 3>&- &
	load=$!
	scrape 60
	first=$(rss "$exporter") before=$(cpu "$exporter") begun=$SECONDS
	scrape $((SECONDS_LONG - 75))
	last=$(rss "$exporter") after=$(cpu "$exporter")
	wait "$load"
	scrape 2
	echo "# RSS $first KiB after a minute, $last KiB at the end; $((after - before)) hundredths of a second of CPU in" \
		"$((SECONDS - begun)) s" >&3
	grep -v '^#' "$PAGE" | grep -E 'lost|tasks_created|context_switches_total.*stress-ng-(conte|fork)' | head -n 20 |
		sed 's/^/# /' >&3
	kill -TERM "$exporter"
	wait "$exporter"
	[ "$last" -le $((first + first / 50)) ]
	[ $((after - before)) -lt $((2 * (SECONDS - begun))) ]
	[ "$(awk '/^tasktax_lost_events_total/ { lost += $2 } END { print lost + 0 }' "$PAGE")" = 0 ]
}
