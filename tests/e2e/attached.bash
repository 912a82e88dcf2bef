# SPDX-License-Identifier: GPL-2.0
# attached.bash - PostgreSQL that runs already, under the load of pgbench, and a tracer that comes and goes.

# counters PID...: "tid voluntary involuntary minor" of each task of these processes, as /proc has them now.
counters_of() {
	local pid task
	for pid; do
		for task in "/proc/$pid/task"/*; do
			{
				awk -v tid="${task##*/}" '/^voluntary/ { v = $2 } /^nonvol/ { n = $2 }
					END { printf "%s %s %s ", tid, v, n }' "$task/status" &&
					sed 's/.*) //' "$task/stat" | awk '{ print $8 }'
			} 2>/dev/null || true
		done
	done
}

# postgres_attached SECONDS: attached for so long to a PostgreSQL under load, by its first process. Exact, and what it
# says of each task lies between what /proc said before and after.
postgres_attached() {
	local seconds=$1 load pids
	UNTRACED=1 postgres_start
	"$POSTGRES/pgbench" "${CLIENT[@]}" -c 4 -j 2 -T $((seconds + 4)) postgres >/dev/null 2>&1 3>&- &
	load=$!
	sleep 1.5
	mapfile -t pids < <(echo "$SERVER" && pgrep -P "$SERVER")
	counters_of "${pids[@]}" | sort >"$BATS_TEST_TMPDIR/before"
	status=0
	"$TASKTAX" attach -p "$SERVER" -d "$seconds" --json="$JSON" -o "$REPORT" || status=$?
	counters_of "${pids[@]}" | sort >"$BATS_TEST_TMPDIR/after"
	wait "$load"
	server_stop INT
	[ "$status" = 0 ]
	exact
	check '.reconcile | [.minor_faults, .major_faults] | all(.seen + .lost + .no_event == .kernel)'
	check "[.processes[] | select(.comm == \"postgres\" and .created == \"before\")] | length >= 9"
	check ".attached_to == \"-p ${pids[0]}\""
	json '.processes[].tasks[] | select(.created == "before" and .alive_at_end) |
		"\(.pid) \(.reconcile.kernel_voluntary) \(.reconcile.kernel_preempted) \(.minor_faults)"' |
		sort >"$BATS_TEST_TMPDIR/ours"
	join "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/ours" | join - "$BATS_TEST_TMPDIR/after" \
		>"$BATS_TEST_TMPDIR/all"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/all")" -ge 9 ]
	awk '$2 + $5 > $8 || $3 + $6 > $9 || $4 + $7 > $10 { print "not between: " $0; bad = 1 } END { exit bad }' \
		"$BATS_TEST_TMPDIR/all"
}
