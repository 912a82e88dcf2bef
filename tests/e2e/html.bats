#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# html.bats - the report and the lab as a page of HTML, in a real browser and by an independent parser: drawn, complete
# without a script, the same figures as in the JSON; and bad places: hostile names, losses, what cannot be written.

load common

setup() {
	bats_require_minimum_version 1.5.0
	need_root
	cd "$BATS_TEST_TMPDIR" || return
}

# One page for all that only look at it: processes, threads, faults, ten processes and more.
setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	"${TASKTAX_BUILD:-$BATS_TEST_DIRNAME/../../build}/tasktax" run --html=page.html --json=page.json -- sh -c \
		'perf bench sched messaging -g 1 -l 200; perf bench sched messaging -t -g 1 -l 200; perf bench sched pipe -l 20000; perf bench sched pipe -T -l 20000; sleep 0.02' >out 2>&1
}

# look [OPTION]... PAGE: what a browser shows of it, in $FACTS; none of it may complain.
look() {
	FACTS=$BATS_TEST_TMPDIR/facts.json
	timeout 120 python3 "$BATS_TEST_DIRNAME/browser.py" "$@" >"$FACTS"
	seen '.console == [] and .resources == [] and .owned == "undefined" and .foreign == 0'
	seen '.links | length > 1 and all'
	seen '.overflow | not'
}

# parse PAGE: what its elements say, in $PARSED; it must be well formed and load nothing.
parse() {
	PARSED=$BATS_TEST_TMPDIR/parsed.json
	timeout 60 python3 "$BATS_TEST_DIRNAME/page.py" "$1" >"$PARSED"
	says '.wrong == [] and .outside == [] and .same_ids == 0'
	says '.policy | contains("default-src '"'none'"'") and (contains("unsafe") | not)'
}

of() {
	[ "$(jq -r "$2" "$1")" = true ] || {
		echo "false: $2"
		jq -c 'del(.words, .tables, .labels)' "$1"
		return 1
	}
}
seen() { of "$FACTS" "$1"; }
says() { of "$PARSED" "$1"; }

# table SECTION [N]: the Nth table of a section, as an array of rows of words.
table() { jq --arg s "$1" --argjson n "${2:-0}" '[.tables[] | select(.section == $s)][$n].rows | map(map(.words))' "$PARSED"; }
page_json() { jq -r "$1" "$BATS_FILE_TMPDIR/page.json"; }

@test "a browser draws every picture, says values by the arrow keys, prints, and complains of nothing" {
	look "$BATS_FILE_TMPDIR/page.html"
	seen '.figures >= 6 and .canvases == .figures'
	seen '.colours | all(. > 20)'
	seen '.labels | all(length > 60)'
	seen '.first_stop == "Skip to the report"'
	seen '.said | (.[0] | test("^from .+, (resume|thread|process)")) and (unique | length == 3)'
	seen '.pdf_bytes > 20000'
	seen '.headings[0] == "H1 tasktax" and .headings[1] == "H2 complete"'
}

@test "in the dark it is dark, and is drawn as well" {
	look "$BATS_FILE_TMPDIR/page.html"
	local light
	light=$(jq -c .background "$FACTS")
	look --dark "$BATS_FILE_TMPDIR/page.html"
	[ "$(jq -c .background "$FACTS")" != "$light" ]
	seen '.colours | all(. > 20)'
}

@test "without a script the tables are there, those of the pictures too" {
	look --without-script "$BATS_FILE_TMPDIR/page.html"
	seen '.canvases == 0 and .figures >= 6 and .tables >= 14'
	parse "$BATS_FILE_TMPDIR/page.html"
	# shellcheck disable=SC2016
	says '. as $page | .figures | length >= 6 and all($page.tables[.table].rows | length > 2)'
}

@test "the page has the figures of the JSON" {
	local level count
	parse "$BATS_FILE_TMPDIR/page.html"
	while read -r level count; do
		table 'context switches' | jq -e --arg l "$level" --argjson c "$count" \
			'[.[] | select(.[0] | startswith($l + " ")) | .[1] | gsub(","; "") | tonumber] | add == $c'
	done < <(page_json '.switches | map(select(.via)) | group_by(.level)[] | "\(.[0].level) \(map(.count) | add)"')
	# by the timeline's own table: rate times width is the count
	[ "$(table 'over time' | jq 'length - 1')" = "$(page_json '.timeline.run_ns | length')" ]
	says '[.tables[] | select(.section == "over time")][0].rows[0] | map(.words) | .[1:3] == ["process", "thread"]'
	jq -e --slurpfile json "$BATS_FILE_TMPDIR/page.json" '$json[0].timeline as $t |
		[.tables[] | select(.section == "over time")][0].rows[1:-1] | to_entries |
		all((.value[1].v * $t.width_ns / 1e9 | round) == $t.switches.process[.key] and
			(.value[2].v * $t.width_ns / 1e9 | round) == $t.switches.thread[.key])' "$PARSED"
	# the matrix of names holds every pair
	[ "$(table 'who switches with whom' 1 | jq '[.[1:][] | .[1:][] | select(. != "") | gsub(","; "") | tonumber] | add')" = \
		"$(page_json '.pairs_total | .switches - .folded')" ]
	# a tree with one root, whose sum is the whole
	table 'process tree' | jq -e '.[2][0] | test("^sh [0-9]+$")'
	grep -oE 'of [0-9.]+ m?s</p>' "$BATS_FILE_TMPDIR/page.html" | grep -qF "of $(table 'process tree' | jq -r '.[2][-2]')<"
}

@test "the timeline in the JSON has the sums of the report" {
	# shellcheck disable=SC2016
	page_json '.timeline as $t | . as $r | ([.switches[].count] | add) == ([$t.switches[][]] | add) and
		([.faults[].count] | add) == ($t.faults | add) and .tax.run_ns == ($t.run_ns | add) and
		.tax.switching_ns == ($t.direct_ns | add) and .tax.faulting_ns == ($t.fault_ns | add)' | grep -qx true
}

@test "less than 1 MB for such a run, and readable by its owner only, as every report" {
	[ "$(page_json .tasks.processes)" -ge 10 ]
	[ "$(stat -c %s "$BATS_FILE_TMPDIR/page.html")" -lt 1000000 ]
	[ "$(stat -c %a "$BATS_FILE_TMPDIR/page.html")" = 600 ]
}

@test "hostile names and arguments are words and nothing else" {
	mkdir './"><img src=x onerror=owned=1>'
	cp "$(command -v sleep)" './"><img src=x onerror=owned=1>/<b>'
	cat >hostile.sh <<-'SH'
		for name in '<script>owned=1' '"><svg onload=1' "'-owned=1-'" '</title><img/s=' '</table></main>'; do
			(printf %s "$name" >/proc/$BASHPID/comm; for n in 1 2 3 4 5; do sleep 0.002; done; :) &
		done
		wait
		'./"><img src=x onerror=owned=1>/<b>' 0.01
	SH
	timeout 60 "$TASKTAX" run --html=hostile.html --json=hostile.json -- bash ./hostile.sh \
		'</title><script>owned=1</script>' '</script><script>owned=1</script>' $'\e[31m\x80' 2>/dev/null
	look hostile.html
	seen '.title | contains("</title><script>owned=1</script>")'
	seen '.scripts == 2'
	parse hostile.html
	says '.words | map(select(contains("<script>owned=1"))) | length > 1'
	says '.words | map(select(contains("<img src=x onerror=owned=1>/<b>"))) | length > 0'
	says '.words | map(select(contains("\\x1b[31m\\x80"))) | length > 0'
	run ! grep -q $'\x1b' hostile.html
}

@test "where the kernel alone has counted, what is not known is said" {
	timeout 60 "$TASKTAX" run --mode aggregate --html=page.html -o text -- perf bench sched messaging -g 1 -l 100 >out
	look page.html
	parse page.html
	says '.words | map(select(startswith("Not known: in aggregate mode"))) | length == 1'
	says '.figures | map(.kind) | index("curves") != null and index("stack") == null'
}

@test "a trace of nothing, and one with losses" {
	timeout 60 "$TASKTAX" record -o rec -- perf bench sched messaging -g 1 -l 100 >out 2>&1
	"$TASKTAX" report --to 0.000001 --html=nothing.html rec >out
	look nothing.html
	parse nothing.html
	"$TASKTAX" report --html=same.html rec >out
	parse same.html
	says '.words | map(select(startswith("a part of it"))) | length == 0'
	timeout 60 "$TASKTAX" run --ring-size 4K --html=lost.html -o text -- perf bench sched pipe -T -l 100000 >out
	grep -q 'AT LEAST' text
	look lost.html
	seen '.headings[1] == "H2 AT LEAST"'
}

@test "a page that cannot be written is known before anything runs; one that fills the disk is withdrawn" {
	run -123 --separate-stderr "$TASKTAX" run --html=/nowhere/page.html -- touch ran
	[[ $stderr == *"/nowhere/page.html"* ]]
	[ ! -e ran ]
	mkdir full
	mount -t tmpfs -o size=64k tmpfs full
	run -123 --separate-stderr "$TASKTAX" run --html=full/page.html -o text -- true
	echo "$stderr"
	[[ $stderr == *"No space left"* ]]
	[ -z "$(ls -A full)" ]
	umount full
	[ -s text ]
	run -123 "$TASKTAX" run --html=/dev/full -o text -- true
}

@test "the lab: claims with whiskers, sweeps as curves" {
	timeout 120 "$TASKTAX" lab ring cache --quick --laps 500 --html=lab.html --json=lab.json -o text
	look lab.html
	seen '.headings[0:3] == ["H1 tasktax lab", "H2 claims", "H2 ring"] and (.headings | index("H2 cache"))'
	seen '.canvases == .figures and (.colours | all(. > 20))'
	parse lab.html
	says '[.figures[].kind] | (unique == ["steps", "whiskers"])'
	# the ring's ratios, point, low and high, are those of the JSON
	jq -e --slurpfile json lab.json '
		($json[0].experiments[0].steps[0].figures | map(select(.label and .ratio.low))) as $rows |
		[.tables[] | select((.rows[0] | map(.words)) == ["", "ratio", "low", "high"])][1].rows[1:] |
		def close(a; b): (a - b | fabs) <= 1e-6 * b;
		length == ($rows | length) and length > 2 and (to_entries | all($rows[.key].ratio as $ratio |
			close(.value[1].v; $ratio.point) and close(.value[2].v; $ratio.low) and
			close(.value[3].v; $ratio.high)))' "$PARSED"
}
