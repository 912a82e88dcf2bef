#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# export.bats - `tasktax export`: every format holds what the report holds, event by event what babeltrace2 reads; and
# bad places: hostile names, losses, damage, outputs that cannot be written.

load common

EXAMPLES=$BATS_TEST_DIRNAME/../../examples/export

setup() {
	bats_require_minimum_version 1.5.0
	need_root
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	[ -z "${MOUNTED-}" ] || umount "$MOUNTED"
}

# One recording for all that only read it: processes, threads, faults, execs.
setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	"${TASKTAX_BUILD:-$BATS_TEST_DIRNAME/../../build}/tasktax" record -o rec --json=live.json -- sh -c \
		'perf bench sched messaging -g 1 -l 100; perf bench sched messaging -t -g 1 -l 50; sleep 0.02' >out 2>&1
}

REC() { echo "$BATS_FILE_TMPDIR/rec"; }
export_to() { "$TASKTAX" export "$(REC)" --to "$@"; }
live() { jq -r "$1" "$BATS_FILE_TMPDIR/live.json"; }

# refused STATUS WORDS ARGUMENT...: one line that says WORDS, and the exit status.
refused() {
	run "-$1" --separate-stderr "$TASKTAX" export "${@:3}"
	echo "status $status: $stderr"
	[ "${#stderr_lines[@]}" = 1 ]
	[[ $stderr == *"$2"* ]]
}

# to_perfetto [RECORDING]: as a Perfetto trace, decoded into perfetto.json; nothing in it would trouble a reader.
to_perfetto() {
	"$TASKTAX" export "${1-$(REC)}" --to perfetto -o trace.pftrace --force
	python3 "$BATS_TEST_DIRNAME/perfetto.py" trace.pftrace >perfetto.json
	perfetto '.wrong == []'
}

perfetto() {
	[ "$(jq -r "$1" perfetto.json)" = true ] || {
		echo "false: $1"
		jq -c 'del(.values, .tracks, .instants)' perfetto.json
		return 1
	}
}

# to_sql: the CSV in db.
to_sql() {
	rm -f db
	export_to csv -o events.csv --force
	sqlite3 db '.import --csv events.csv events'
}

@test "every format holds the report's totals" {
	live '.switches[] | "\(.level)\t\(.via // "")\t\(.count)"' | sort >switches
	live '.faults | group_by([.level, .kind])[] | "\(.[0].level // "")\t\(.[0].kind)\t\(map(.count) | add)"' |
		sort >faults
	[ "$(wc -l <switches)" -gt 5 ] && [ "$(wc -l <faults)" -gt 5 ]

	export_to ndjson -o events.ndjson
	jq -r 'select(.event == "switch") | "\(.level)\t\(.via // "")"' events.ndjson | sort | uniq -c |
		awk -v OFS='\t' -F'\t' '{ split($1, a, " "); print a[2], $2, a[1] }' | sort | diff switches -
	jq -r 'select(.event == "fault") | "\(.cause // "")\t\(.kind)"' events.ndjson | sort | uniq -c |
		awk -v OFS='\t' -F'\t' '{ split($1, a, " "); print a[2], $2, a[1] }' | sort | diff faults -
	[ "$(jq -s 'map(select(.event == "newtask")) | map(.created) | "\(map(select(. == "process")) | length) \(
		map(select(. == "thread")) | length) \(map(select(. == "vfork")) | length)"' -r events.ndjson)" = \
		"$(live '.tasks.created | "\(.process) \(.thread) \(.vfork)"')" ]
	[ "$(jq -c 'select(.event == "exit")' events.ndjson | wc -l)" = "$(live .tasks.exits)" ]
	[ "$(jq -c 'select(.event == "exec")' events.ndjson | wc -l)" = "$(live .tasks.execs)" ]
	# what stands in the trailer was counted by the model: the lines must be as many
	[ "$(tail -n 1 events.ndjson | jq .events)" = $(($(wc -l <events.ndjson) - 2)) ]
	[ "$(tail -n 1 events.ndjson | jq .events)" = "$(live .events.received)" ]

	to_sql
	sqlite3 -separator $'\t' db "SELECT level, via, count(*) FROM events WHERE event = 'switch' GROUP BY 1, 2" |
		sort | diff switches -
	sqlite3 -separator $'\t' db "SELECT cause, kind, count(*) FROM events WHERE event = 'fault' GROUP BY 1, 2" |
		sort | diff faults -
	[ "$(sqlite3 db "SELECT sum(created = 'process'), sum(created = 'thread'), sum(created = 'vfork') FROM events")" = \
		"$(live '.tasks.created | "\(.process)|\(.thread)|\(.vfork)"')" ]
	[ "$(sqlite3 db "SELECT sum(event = 'exit'), sum(event = 'exec'), count(*) FROM events")" = \
		"$(live '"\(.tasks.exits)|\(.tasks.execs)|\(.events.received)"')" ]

	export_to folded -o stacks
	awk -F'[; ]' '{ level[$2 FS (/ via /? $4: "")] += $NF } END { for (l in level) print level[l] }' stacks |
		sort | diff <(cut -f 3 switches | sort) -
	export_to folded --folded faults | awk '{ n += $NF } END { print n }' | diff <(live '.faults | map(.count) | add') -

	to_perfetto
	cut -f 1,3 switches | awk -v OFS='\t' '{ n[$1] += $2 } END { for (l in n) print l, n[l] }' | sort |
		diff - <(jq -r '.counts | to_entries[] | select(.key | startswith("switch-")) |
			"\(.key | sub("switch-"; ""))\t\(.value)"' perfetto.json | sort)
	live '.faults | group_by(.level)[] | "\(.[0].level // "unknown")\t\(map(.count) | add)"' | sort |
		diff - <(jq -r '.counts | to_entries[] | select(.key | startswith("fault-")) |
			"\(.key | sub("fault-"; ""))\t\(.value)"' perfetto.json | sort)
	perfetto "([.instants[] | select(.name == \"exit\")] | length) == $(live .tasks.exits)"
	perfetto "([.instants[] | select(.name == \"exec\")] | length) == $(live .tasks.execs)"

	# the copy is the recording: the same bytes, the same report, as many events for babeltrace2
	export_to ctf -o copy
	diff -r "$(REC)" copy
	"$TASKTAX" report --json=copy.json -o text copy
	diff copy.json <("$TASKTAX" report --json "$(REC)")
	[ "$(babeltrace2 copy | wc -l)" = "$(babeltrace2 "$(REC)" | wc -l)" ]
}

@test "costs add up in every format to those of the report" {
	expected=$(live '[.switches[].direct_ns | select(.mean) | .count * .mean] | add | round')
	[ "$expected" -gt 0 ]
	[ "$(export_to ndjson | jq -s 'map(.direct_ns // 0) | add')" = "$expected" ]
	[ "$(export_to folded --folded direct | awk '{ n += $NF } END { print n }')" = "$expected" ]
	to_perfetto
	# of targets as slices of their own, of all as notes
	perfetto "([.sums | to_entries[] | select(.key | startswith(\"switch-\")) | .value] | add) == $expected"
	perfetto ".sums[\"slice switch\"] == $(live '[.switches[] | select(.via) | .direct_ns | select(.mean) | .count * .mean] | add | round')"
	to_sql
	[ "$(sqlite3 db 'SELECT sum(cast(direct_ns AS INTEGER)) FROM events')" = "$expected" ]
	waits=$(live '[.switches[].wait_ns | select(.mean) | .count * .mean] | add | round')
	[ "$(sqlite3 db "SELECT sum(cast(wait_ns AS INTEGER)) FROM events WHERE wait_of = 'next' AND next_class = 'target'")" = "$waits" ]
}

@test "the documented query gives the report's table of switches" {
	to_sql
	sqlite3 -json db ".read $EXAMPLES/report.sql" >table.json
	diff <(jq -S 'map({level, via: (if .via == "" then null else .via end), count, voluntary, priced,
			mean: .mean_direct_ns, max: .max_direct_ns}) | sort_by([.level, .via])' table.json) \
		<(live '[.switches[] | {level, via, count, voluntary, priced: .direct_ns.count,
			mean: (.direct_ns.mean * 10 | round / 10), max: .direct_ns.max}] | sort_by([.level, .via])' |
			jq -S .)
}

@test "a Perfetto trace: tracks of CPUs, processes, tasks and faults; arrows; counters" {
	"$TASKTAX" record -o wakers --wakers --json=wakers.json -- sh -c \
		'perf bench sched pipe -T -l 500; perf bench sched messaging -g 1 -l 20; sleep 0.02' >out 2>&1
	to_perfetto wakers
	# every process and every task of the report has its track, by pid, tid and name
	diff <(jq -r '.tracks[] | select(.kind == "thread") | "\(.pid) \(.tid) \(.name)"' perfetto.json | sort -u) \
		<(jq -r '.processes[] | .pid as $pid | .tasks[] | "\($pid) \(.pid) \(.comm)"' wakers.json | sort -u)
	perfetto '([.tracks[] | select(.kind == "process")] | length) >= '"$(jq .tasks.processes wakers.json)"
	# a task's track belongs to the process of its pid, and the page faults to the task
	# shellcheck disable=SC2016
	perfetto '.tracks as $all | [$all[] | select(.kind == "thread")] |
		all(.parent as $p | .pid as $pid | any($all[]; .uuid == $p and .kind == "process" and .pid == $pid))'
	# shellcheck disable=SC2016
	perfetto '.tracks as $all | [$all[] | select(.name == "page faults")] | length > 1 and
		all(.parent as $p | any($all[]; .uuid == $p and .kind == "thread"))'
	perfetto '[.tracks[].name | select(test("^CPU [0-9]+$"))] | length >= 1'
	# arrows: from creator to created, from waker to woken
	perfetto ".arrows_ended == .arrows or .arrows_ended > .arrows * 0.9"
	perfetto ".arrows_ended >= $(jq '.tasks.created | add' wakers.json) + 500"
	# counters: as the timeline in the report has them
	for level in thread process; do
		jq -e --slurpfile r wakers.json --arg l "$level" '$r[0].timeline as $t |
			[.values["switches a second: " + $l], $t.switches[$l]] | transpose |
			length == ($t.run_ns | length) and all((.[0] * $t.width_ns / 1e9 | round) == .[1])' perfetto.json
	done
	perfetto '.counters["tax, % of the run time"] > 0 and .counters["PSS, bytes"] > 0'
	# how long tasks ran: the slices on the CPUs are the run time
	ran=$(jq .tax.run_ns wakers.json)
	perfetto "[.sums | to_entries[] | select(.key | test(\"^slice .* [0-9]+\$\")) | .value] | add == $ran"
	perfetto '.clocks["3"] == .clocks["6"] and .clocks["1"] > 1500000000000000000'
	# protobuf itself reads it as well
	protoc --decode_raw <trace.pftrace >raw
	[ "$(grep -c '^1 {' raw)" = "$(jq .packets perfetto.json)" ]
}

@test "a copy as CTF: what is damaged is left out, and said; names that are taken are kept" {
	cp -r "$(REC)" damaged
	# in the body of the first packet that has one, and at the end
	printf 'XXXXXXXX' | dd of=damaged/cpu0 bs=1 seek=1000 conv=notrunc status=none
	truncate -s -50 damaged/cpu1
	run --separate-stderr "$TASKTAX" export damaged --to ctf -o copy
	[ "$status" = 0 ]
	[[ $stderr == *"warning: export: "*"damaged or cut-off packets are not in copy"* ]]
	babeltrace2 copy >bt 2>err
	[ "$(wc -l <bt)" -gt 100 ]
	[ "$("$TASKTAX" report copy --json | jq '.events.received')" -gt 100 ]
	refused 123 "copy exists; --force replaces a recording" "$(REC)" --to ctf -o copy
	export_to ctf -o copy --force
	diff -r "$(REC)" copy
	mkdir other && touch other/file
	refused 123 "other exists and is no recording" "$(REC)" --to ctf -o other --force
	[ -e other/file ]
	ln -s copy link
	refused 123 "link exists" "$(REC)" --to ctf -o link
	refused 123 "link is a symbolic link" "$(REC)" --to ctf -o link --force
	refused 123 "copy is the recording itself" copy --to ctf -o copy --force
	refused 120 "--to ctf makes a directory" "$(REC)" --to ctf
	refused 120 "is of a whole recording" "$(REC)" --to ctf -o part --from 1
	refused 120 "nowhere" nowhere --to ctf -o new
	[ ! -e new ]
	mkdir small
	mount -t tmpfs -o size=64K none small
	MOUNTED=$PWD/small
	refused 123 "No space left on device" "$(REC)" --to ctf -o small/copy
	[ -z "$(ls -A small)" ]
	[ -z "$(find . -name '*.[0-9]*' -path './copy*')" ]
}

@test "event by event what babeltrace2 reads from the recording" {
	babeltrace2 --clock-cycles --no-delta "$(REC)" >bt
	export_to ndjson -o events.ndjson
	run python3 - bt events.ndjson <<-'PYTHON'
		import json, re, sys
		theirs, ours = [], []
		for line in open(sys.argv[1], errors="replace"):
		    m = re.match(r"\[(\d+)\] (?:\S+ )?(\w+): \{.*?\}, \{ size = \d+, cpu = (\d+), flags = (\S+) \}, \{(.*)\}$", line)
		    if m[2] == "closing":
		        continue
		    f = dict(re.findall(r"(\w+) = (\"(?:[^\"\\]|\\.)*\"|[^ ,]+)", m[5]))
		    pick = {"switch": ["direct_ns", "next_mm", "last_mm", "prev", "next", "last_user"],
		            "fault": ["address", "mm", "min_flt", "maj_flt", "task"],
		            "newtask": ["pid", "tgid", "mm", "clone_flags"], "exec": ["pid", "old_pid", "mm"],
		            "mapping": ["tgid", "start", "end", "offset"], "memory": ["round", "rss", "pss"],
		            "end": ["base_nvcsw", "base_sum_exec"], "exit": ["peak_pages"]}.get(m[2], [])
		    theirs.append((int(m[1]), int(m[3]), m[2], int(m[4], 16), *(int(f[p], 0) for p in pick)))
		def ref(e, p):
		    bits = {"target": 0, "foreign": 1, "kernel": 2, "idle": 3, None: 0}[e[p + "class"]] << 30
		    return bits | ((e[p + "task"] if e[p + "class"] == "target" else e[p + "tid"]) or 0)
		for line in list(open(sys.argv[2]))[1:-1]:
		    e = json.loads(line)
		    k = e["event"]
		    n = lambda name: e[name] if isinstance(e[name], int) else int(e[name], 0) if e[name] else 0
		    v = {"switch": lambda: [0xffffffff if e["direct_raw_ns"] is None else n("direct_raw_ns"), n("next_mm"),
		                            n("last_mm"), ref(e, "prev_"), ref(e, "next_"), ref(e, "last_")],
		         "fault": lambda: [n("address"), n("mm"), n("minor_faults"), n("major_faults"), ref(e, "")],
		         "newtask": lambda: [n("kernel_tid"), n("kernel_pid"), n("mm"), n("clone_flags")],
		         "exec": lambda: [n("kernel_tid"), n("old_kernel_tid"), n("mm")],
		         "mapping": lambda: [n("pid"), n("start"), n("end"), n("offset")],
		         "memory": lambda: [n("round"), n("rss_bytes"), n("pss_bytes")],
		         "end": lambda: [n("base_voluntary"), n("base_sum_exec_ns")],
		         "exit": lambda: [n("peak_pages")]}.get(k, lambda: [])()
		    ours.append((e["ts_ns"], e["cpu"], k, int(e["flags"], 16), *v))
		theirs.sort(); ours.sort()
		print(len(theirs), "events read by babeltrace2,", len(ours), "exported")
		for a, b in zip(theirs, ours):
		    if a != b:
		        print("babeltrace2", a, "tasktax", b)
		        break
		sys.exit(theirs != ours or len(ours) < 1000)
	PYTHON
	echo "$output"
	[ "$status" = 0 ]
}

@test "every line fits the schema, also of hostile names" {
	"$TASKTAX" record -o hostile -- "$TARGETS/hostile_comm" 2>/dev/null
	"$TASKTAX" export hostile --to ndjson -o hostile.ndjson
	export_to ndjson -o events.ndjson
	run python3 - "$BATS_TEST_DIRNAME/../../user/output/events.schema.json" hostile.ndjson events.ndjson <<-'PYTHON'
		import json, sys, jsonschema
		schema = json.load(open(sys.argv[1]))
		checker = jsonschema.validators.validator_for(schema)
		checker.check_schema(schema)
		checker = checker(schema)
		bad = 0
		for name in sys.argv[2:]:
		    for i, line in enumerate(open(name, encoding="utf-8")):
		        if i > 3000 and i % 20:
		            continue
		        for e in checker.iter_errors(json.loads(line)):
		            bad += 1
		            print(name, i, e.message[:200])
		sys.exit(bad != 0)
	PYTHON
	echo "$output"
	[ "$status" = 0 ]
	jq -r .comm hostile.ndjson | grep -qF '"},{"x":"'
	"$TASKTAX" export hostile --to csv -o hostile.csv
	run python3 - hostile.csv <<-'PYTHON'
		import csv, sys
		text = open(sys.argv[1], newline="").read()
		rows = list(csv.reader(text.splitlines(True)))
		assert text.count("\r\n") == len(rows) and text.count("\n") == len(rows), "one line a row"
		assert len({len(row) for row in rows}) == 1, "as many columns in each"
		ours = rows[0].index("protection") # ---p: no name of others
		assert all(not cell.startswith(("=", "+", "-", "@"))
		           for row in rows for i, cell in enumerate(row) if i != ours), "a formula"
		assert all(c.isprintable() for row in rows for cell in row for c in cell), "an escape"
		names = {row[rows[0].index("comm")] for row in rows}
		assert {'"},{"x":"', "</script>"} <= names, names
		assert any(name.startswith("\\x3d") for name in names), names
	PYTHON
	echo "$output"
	[ "$status" = 0 ]
	"$TASKTAX" export hostile --to folded >stacks
	run ! grep -vE '^[[:print:]]+ [0-9]+$' stacks
	run ! grep -v '^[^;]*;[^;]*;[^;]* [0-9]*$' stacks
	to_perfetto hostile
	perfetto '[.tracks[] | .name] | index("\"},{\"x\":\"") != null'
}

@test "a part, and some of the processes: as report has them" {
	"$TASKTAX" report --from 0.02 --to 0.06 --json=part.json -o text "$(REC)"
	[ "$(export_to ndjson --from 0.02 --until 0.06 | jq -s 'map(select(.event == "switch")) | length')" = \
		"$(jq '.switches | map(.count) | add' part.json)" ]
	pid=$(live '[.processes[].pid] | .[1]')
	"$TASKTAX" report --pid "$pid" --json=part.json -o text "$(REC)"
	[ "$(export_to ndjson --pid "$pid" | jq -s 'map(select(.event == "switch")) | length')" = \
		"$(jq '.switches | map(.count) | add' part.json)" ]
}

@test "what was lost or cut off is said aloud and in the output" {
	cp -r "$(REC)" cut
	truncate -s -5000 cut/cpu0
	rm cut/end
	for format in ndjson csv folded perfetto; do
		run --separate-stderr "$TASKTAX" export cut --to "$format"
		[ "$status" = 0 ]
		[[ $stderr == *"warning: export: cut: "*"what is missing is not in the output"* ]]
	done
	"$TASKTAX" export cut --to ndjson 2>/dev/null | tail -n 1 | jq -e '.partial_because != null and .cut_off and .damaged.first != ""'
	"$TASKTAX" export cut --to csv 2>/dev/null | tail -n 1 | grep -q ',partial,'
	to_perfetto cut
	perfetto '[.instants[] | select(.name == "events were lost") | .partial_because] | length == 1 and all(length > 10)'
	# few and small rings, and a busy machine: losses
	"$TASKTAX" record -o lossy --ring-size 4K --json=lossy.json -- perf bench sched messaging -g 4 -l 200 >/dev/null 2>&1 || true
	lost=$(jq '.events.lost.switch' lossy.json)
	[ "$lost" -gt 0 ] || skip "nothing was lost"
	"$TASKTAX" export lossy --to ndjson 2>err | tail -n 1 | jq -e ".lost.switch == $lost and (.complete | not)"
	[[ $(<err) == *" events were lost and are not in the output"* ]]
	"$TASKTAX" export lossy --to csv 2>/dev/null | grep -E "^,,lost,.*,switch,.*,$lost.?\$"
}

@test "no such recording, not one, or an empty one" {
	refused 120 "nowhere" nowhere --to ndjson
	mkdir foreign && echo 'a trace' >foreign/metadata
	refused 120 "foreign" foreign --to csv
	refused 120 "to what?" "$(REC)"
	refused 120 "--to elf" "$(REC)" --to elf
	refused 120 "--folded hats" "$(REC)" --to folded --folded hats
	"$TASKTAX" record -o short -- true 2>/dev/null
	refused 120 "none of these processes is in the recording" short --pid 1 --to ndjson
	truncate -s 0 short/cpu*
	"$TASKTAX" export short --to ndjson 2>/dev/null |
		jq -se 'length == 2 and first.event == "header" and (last | .event == "trailer" and .events == 0)'
	[ "$("$TASKTAX" export short --to csv 2>/dev/null | grep -c '^[0-9]')" = 0 ]
	[ -z "$("$TASKTAX" export short --to folded 2>/dev/null)" ]
	to_perfetto short
	perfetto '.counts == {} and .packets > 10'
}

@test "outputs that are there, or cannot be written: 123, and nothing is left or changed" {
	echo mine >there
	refused 123 "there exists; --force replaces it" "$(REC)" --to csv -o there
	[ "$(<there)" = mine ]
	ln -s there link
	refused 123 "link exists" "$(REC)" --to csv -o link
	export_to csv -o link --force
	[ ! -L link ] && [ "$(<there)" = mine ] && [ -s link ]
	refused 123 "no/such/file" "$(REC)" --to csv -o no/such/file
	mkdir small
	mount -t tmpfs -o size=64K none small
	MOUNTED=$PWD/small
	refused 123 "No space left on device" "$(REC)" --to ndjson -o small/events
	[ -z "$(ls -A small)" ]
	mount -o remount,ro small
	refused 123 "Read-only file system" "$(REC)" --to ndjson -o small/events
	# shellcheck disable=SC2016 # for the other shell
	run --separate-stderr bash -c '"$0" export "$1" --to ndjson | head -n 1 >/dev/null; exit "${PIPESTATUS[0]}"' \
		"$TASKTAX" "$(REC)"
	[ "$status" = 123 ]
	[[ $stderr == "tasktax: export: cannot write to standard output: Broken pipe" ]]
}
