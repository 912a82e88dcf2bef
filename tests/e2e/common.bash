# SPDX-License-Identifier: GPL-2.0
# common.bash - what the end-to-end tests share: the binary, a traced run with its JSON, checks on it.

BUILD=${TASKTAX_BUILD:-$BATS_TEST_DIRNAME/../../build}
TASKTAX=$BUILD/tasktax
DEMO=$BUILD/tasktax-demo
TARGETS=$BUILD/tests/targets

need_root() {
	[ "$(id -u)" = 0 ] || skip "needs root (BPF)"
}

# trace ARGUMENT...: tasktax run with its JSON in $JSON, the command's output in $OUT, the report in
# $REPORT and the exit status in $status. What follows is the command, or options and --. UNDER is what
# tasktax is run by, if anything.
trace() {
	JSON=$BATS_TEST_TMPDIR/report.json OUT=$BATS_TEST_TMPDIR/out REPORT=$BATS_TEST_TMPDIR/report
	status=0
	"${UNDER[@]}" "$TASKTAX" run --json="$JSON" -o "$REPORT" "$@" \
		>"$OUT" 2>"$BATS_TEST_TMPDIR/err" || status=$?
}

# within SECONDS COMMAND...: until it succeeds.
within() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.02
	done
}

# copy_for_nobody: a copy of the binary that every user can reach, in $COPY; $NOBODY runs as one.
copy_for_nobody() {
	OPEN=$(mktemp -d)
	COPY=$OPEN/tasktax
	cp "$TASKTAX" "$COPY"
	chmod 755 "$OPEN" "$COPY"
	NOBODY=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	"${NOBODY[@]}" test -x "$COPY" || skip "no folder that other users can enter"
}

# json FILTER: a value of the last report.
json() { jq -r "$1" "$JSON"; }

# check FILTER: the filter must say true of the last report.
check() {
	[ "$(json "$1")" = true ] || {
		echo "false: $1"
		jq -c '{events, reconcile, tasks, workload}' "$JSON"
		return 1
	}
}

# The promise: nothing lost, and what was seen is what the kernel counted. Records of mappings, which only
# name regions, are the whole host's, and no promise.
exact() {
	check '.events.complete and ([.events.lost | del(.mapping)[]] | add) == 0'
	check '.reconcile.ok'
	check '.reconcile | [.switches, .voluntary, .preempted] | all(.seen == .kernel and .lost == 0)'
	check '.reconcile.wait_ns | .seen == .kernel'
	check '([.switches[] | .voluntary + .preempted] | add) == .reconcile.switches.seen'
}

# switches LEVEL: how many switch-ins of this level, any via.
switches() { json "[.switches[] | select(.level == \"$1\") | .count] | add // 0"; }

# balanced: everybody has ended, so each task left the CPU as often as it came (or was found there).
balanced() {
	local targets='["resume", "thread", "process", "exiting"]'
	check '([.processes[].tasks[] | select(.alive_at_end)] | length) == 0'
	check "([.switches[] | select(.level as \$l | $targets | index(\$l)) | .count] | add) +
		.events.missed_switch_ins + .events.began_on_cpu == .reconcile.switches.seen"
	check '.tasks | .exits == .threads'
}

# valid: the last report is one that its schema allows.
valid() {
	python3 - "$BATS_TEST_DIRNAME/../../user/output/report.schema.json" "$JSON" <<-'PYTHON'
		import json, sys, jsonschema
		schema, report = (json.load(open(name)) for name in sys.argv[1:])
		checker = jsonschema.validators.validator_for(schema)
		checker.check_schema(schema)
		errors = [f"{list(e.path)}: {e.message}" for e in checker(schema).iter_errors(report)]
		print("\n".join(errors))
		sys.exit(bool(errors))
	PYTHON
}
