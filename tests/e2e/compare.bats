#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# compare.bats - `tasktax compare`: the same figures as in the reports, recordings as reports, processes against threads
# with their intervals; and bad places: what is no run, other hosts, losses, hostile names, outputs.

load common

setup() {
	bats_require_minimum_version 1.5.0
	need_root
	cd "$BATS_TEST_TMPDIR" || return
}

# A recording and its report, and four short runs of each form.
setup_file() {
	local round
	cd "$BATS_FILE_TMPDIR" || return
	"$TASKTAX" record -o a.rec --json=a.json -- perf bench sched messaging -g 1 -l 50 >out 2>&1
	for round in 1 2 3 4; do
		"$TASKTAX" run --json="p$round.json" -o text -- perf bench sched pipe -l 3000 >out 2>&1
		"$TASKTAX" run --json="t$round.json" -o text -- perf bench sched pipe -T -l 3000 >out 2>&1
	done
}

RUNS() { echo "$BATS_FILE_TMPDIR"; }

# compare ARGUMENT...: its JSON in compare.json, its text in text; the JSON is as its schema says.
compare() {
	"$TASKTAX" compare --json=compare.json -o text "$@"
	python3 - "$BATS_TEST_DIRNAME/../../user/output/compare.schema.json" compare.json <<-'PYTHON'
		import json, sys, jsonschema
		schema, comparison = (json.load(open(name)) for name in sys.argv[1:])
		jsonschema.Draft202012Validator.check_schema(schema)
		jsonschema.validate(comparison, schema)
	PYTHON
}
holds() {
	[ "$(jq -r "$1" compare.json)" = true ] || {
		echo "false: $1"
		jq -c 'del(.figures)' compare.json
		return 1
	}
}

# refused STATUS WORDS ARGUMENT...: one line that says WORDS, and the exit status.
refused() {
	run "-$1" --separate-stderr "$TASKTAX" compare "${@:3}"
	echo "status $status: $stderr"
	[ "${#stderr_lines[@]}" = 1 ]
	[[ $stderr == *"$2"* ]]
	[ -z "$output" ]
}

@test "a recording and its report are the same run" {
	compare "$(RUNS)/a.rec" "$(RUNS)/a.json"
	holds '.figures | length > 30 and all(.sides[0].values == .sides[1].values)'
	holds '[.figures[].sides[1].against_first.ratio.point | select(. != null)] | length > 20 and all(. == 1)'
	holds '.remarks == [] and .judged == 0'
	grep -q 'tasktax compare: a.json against a.rec' text
}

@test "the figures are those of the reports" {
	compare "$(RUNS)/p1.json" "$(RUNS)/t1.json"
	jq -e --slurpfile p "$(RUNS)/p1.json" --slurpfile t "$(RUNS)/t1.json" '
		def figure(name): [.figures[] | select(.figure == name)][0].sides | map(.median.point);
		def rows(name; member): [.switches[] | select(.level == name) | .[member]] | add // 0;
		[$p[0], $t[0]] as $runs |
		figure("duration_ns") == ($runs | map(.duration_ns)) and
		figure("switches") == ($runs | map([.switches[].count] | add)) and
		figure("switches_thread") == ($runs | map(rows("thread"; "count"))) and
		figure("switches_process") == ($runs | map(rows("process"; "count"))) and
		figure("voluntary") == ($runs | map(.reconcile.voluntary.seen)) and
		figure("preempted") == ($runs | map(.reconcile.preempted.seen)) and
		figure("faults") == ($runs | map([.faults[].count] | add)) and
		figure("faulting_ns") == ($runs | map(.tax.faulting_ns)) and
		figure("pss_bytes") == ($runs | map(.memory.pss_sum_bytes)) and
		figure("threads_created") == ($runs | map(.tasks.created.thread)) and
		figure("resume_direct_p50_ns") == ($runs | map(.switch_levels[] | select(.level == "resume").direct_ns.p50))
	' compare.json
}

@test "four runs of each: processes against threads, with intervals" {
	compare --side processes "$(RUNS)"/p?.json --side threads "$(RUNS)"/t?.json
	holds '.sides | map(.name) == ["processes", "threads"] and all(.runs | length == 4)'
	holds '[.figures[] | select(.figure == "processes" or .figure == "tasks") | .sides[1].against_first |
		[.it_is, .ratio.low, .ratio.high]] == [["lower", 0.5, 0.5], ["higher", 1.5, 1.5]]'
	holds '[.figures[] | select(.figure == "threads_created" or .figure == "processes_created") |
		.sides[1].against_first | [.it_is, .ratio.point]] == [["lower", null], ["higher", null]]'
	# the interval ends at ratios of runs, and holds its point
	holds '[.figures[] | .sides[1].against_first.ratio | select(.low != null)] | length > 20 and
		all(.low <= .point and .point <= .high)'
	grep -q '95 % interval' text
	# three runs against one: a ratio, no interval, and why
	compare --side one "$(RUNS)/p1.json" --side three "$(RUNS)"/t[123].json
	holds '[.figures[].sides[1].against_first.ratio.low] | all(. == null)'
	grep -q 'without an interval a ratio may be chance' text
}

@test "more than two sides are each against the first" {
	compare "$(RUNS)/p1.json" "$(RUNS)/t1.json" "$(RUNS)/t2.json"
	holds '.sides | length == 3'
	holds '[.figures[] | .sides[0].against_first] | all(. == null)'
	grep -q 'figures: t1.json / p1.json' text
	grep -q 'figures: t2.json / p1.json' text
}

@test "as a page of HTML, well formed" {
	"$TASKTAX" compare --html=page.html -o text --side p "$(RUNS)"/p?.json --side '<b>t' "$(RUNS)"/t?.json
	python3 "$BATS_TEST_DIRNAME/page.py" page.html >parsed.json
	jq -e '.wrong == [] and .outside == [] and [.figures[].kind] == ["whiskers"]' parsed.json
	timeout 120 python3 "$BATS_TEST_DIRNAME/browser.py" page.html >facts.json
	jq -e '.console == [] and .resources == [] and .canvases == 1 and .colours[0] > 20' facts.json
	jq -e '.headings[1:3] == ["H2 figures", "H2 ratios"]' facts.json
}

@test "other hosts, modes and losses are said before any figure" {
	jq '.host.kernel = "5.0-other" | .events.complete = false | .reconcile.ok = false' "$(RUNS)/t1.json" >lossy.json
	timeout 60 "$TASKTAX" run --mode aggregate --json=aggregate.json -o aggregate -- perf bench sched pipe -T -l 3000 >out
	compare "$(RUNS)/t1.json" lossy.json aggregate.json
	holds '.remarks | length == 3'
	grep -q 'the kernel differs: .* but 5.0-other in lossy.json' text
	grep -q 'lossy.json: 1 of 1 runs lost events' text
	grep -q 'the mode differs: stream, but aggregate in aggregate.json' text
}

@test "hostile names and commands stay words" {
	jq '.command = ["\u001b[31mred\u0007", "</script><script>"] | .host.model = "\u001b]0;x\u0007" |
		.workload.level = "\u001b[1m"' "$(RUNS)/p1.json" >$'\e[7mevil.json'
	compare $'\e[7mevil.json' "$(RUNS)/p2.json"
	run ! grep -q $'\e\|\a' text
	"$TASKTAX" compare --html=page.html $'\e[7mevil.json' "$(RUNS)/p2.json" >out
	run ! grep -q $'\e' page.html
	python3 "$BATS_TEST_DIRNAME/page.py" page.html | jq -e '.wrong == []'
}

@test "what is no run is named, in one line" {
	refused 120 'two sides are needed'
	refused 120 'two sides are needed' "$(RUNS)/p1.json"
	refused 120 'cannot open nowhere.json: No such file' "$(RUNS)/p1.json" nowhere.json
	echo '{"schema": "tasktax.lab/1"}' >lab.json
	refused 120 'lab.json cannot be compared: it is not a report that this tasktax knows' "$(RUNS)/p1.json" lab.json
	echo '[1, 2]' >list.json
	refused 120 'list.json cannot be compared: it is no report of tasktax' list.json "$(RUNS)/p1.json"
	head -c 1000 "$(RUNS)/p1.json" >cut.json
	refused 120 'cut.json is neither a recording nor a report as JSON: line' "$(RUNS)/p1.json" cut.json
	: >empty.json
	refused 120 'empty.json is neither' "$(RUNS)/p1.json" empty.json
	mkdir folder
	refused 120 'folder' "$(RUNS)/p1.json" folder
	refused 120 '--side b: no run follows' --side a "$(RUNS)/p1.json" --side b
	refused 120 'more than 8 sides' "$(RUNS)"/p1.json "$(RUNS)"/p[1234].json "$(RUNS)"/t[1234].json
	refused 123 '/nowhere/x' -o /nowhere/x "$(RUNS)/p1.json" "$(RUNS)/t1.json"
	run -123 "$TASKTAX" compare -o /dev/full "$(RUNS)/p1.json" "$(RUNS)/t1.json"
}

@test "runs from a pipe, the same one twice, a recording of nothing" {
	cp "$(RUNS)/p1.json" same.json
	"$TASKTAX" compare - "$(RUNS)/p1.json" <same.json >text
	grep -q 'tasktax compare: p1.json against -' text
	compare "$(RUNS)/p1.json" "$(RUNS)/p1.json"
	holds '.figures | all(.sides[0].values == .sides[1].values)'
	timeout 60 "$TASKTAX" record --no-faults --no-tlb --no-memory -o nothing.rec -- true 2>out
	compare nothing.rec "$(RUNS)/p1.json"
	holds '[.figures[] | select(.figure == "faults") | .sides[0].median.point] == [null]'
}
