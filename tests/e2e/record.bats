#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# record.bats - `tasktax record` and `report`: what is read back is what was seen, to the last field; a part is as exact
# as the whole; and bad places: a killed tracer, a full disk, damaged and foreign recordings.

load common

setup() {
	bats_require_minimum_version 1.5.0
	need_root
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	[ -z "${MOUNTED-}" ] || umount "$MOUNTED"
}

# record ARGUMENT...: into rec, with the live report in live.json.
record() {
	status=0
	"$TASKTAX" record --force -o rec --json=live.json "$@" >out 2>err || status=$?
}

# report ARGUMENT...: of rec, in report.json.
report() { "$TASKTAX" report --json=report.json -o text "$@" rec; }

# refused STATUS WORDS ARGUMENT...: one line that says WORDS, and the exit status.
refused() {
	run "-$1" --separate-stderr "$TASKTAX" "${@:3}"
	echo "status $status: $stderr"
	[ "${#stderr_lines[@]}" = 1 ]
	[[ $stderr == *"$2"* ]]
}

same() { diff <(jq -S . live.json) <(jq -S . report.json); }

# holds FILTER FILE
holds() {
	jq -e "$1" "$2" >/dev/null || {
		echo "false of $2: $1"
		jq -c '{events, reconcile, tasks, part}' "$2"
		return 1
	}
}

@test "the report of a recording is that of the run, field by field" {
	record -- perf bench sched messaging -g 2 -l 300
	[ "$status" = 0 ]
	[[ $(<err) == "tasktax: record: "*" events, "*" MiB in rec; \`tasktax report\` shows them" ]]
	report
	same
	holds '.reconcile.ok and .events.complete' report.json
	record --pick --wakers --tlb-switch -- perf bench sched messaging -t -g 1 -l 300
	report
	same
	record --no-faults --no-tlb --no-memory --without sched_exit_tp -- "$DEMO" ring --as process --tasks 4 \
		--rounds 300
	report
	same
	record -- sh -c 'kill -SEGV $$'
	[ "$status" = 139 ]
	report
	same
}

@test "the same of processes that ran already" {
	perf bench sched pipe -l 100000000 >/dev/null 2>&1 3>&- &
	pid=$!
	within 5 pgrep -P "$pid"
	record -p "$pid" -d 0.5
	kill "$pid"
	[ "$status" = 0 ]
	report
	same
	holds '.switches | map(.count) | add > 1000' report.json
	holds '.reconcile.ok and .attached_to == "-p '"$pid"'"' report.json
}

@test "the text of the report is what run shows, and goes to standard output" {
	record --report -- true
	"$TASKTAX" report rec >text
	diff text <(sed -e '/^tasktax: record: /d' -e '1,/./{/^$/d}' err)
}

@test "a switch takes 48 bytes, with all that comes with it at most 64" {
	record --no-faults -- perf bench sched pipe -l 20000
	bytes=$(cat rec/* | wc -c)
	holds "(.switches | map(.count) | add) as \$n | $bytes / \$n | . >= 48 and . <= 64" live.json
}

@test "babeltrace2 reads it without a word, and counts the same events" {
	record -- perf bench sched messaging -g 1 -l 200
	run --separate-stderr babeltrace2 rec
	[ "$status" = 0 ]
	[ -z "$stderr" ]
	count=$(grep -c ' switch: ' <<<"$output")
	holds "(.switches | map(.count) | add) == $count" live.json
	count=$(grep -c ' fault: ' <<<"$output")
	holds "(.faults | map(.count) | add) == $count" live.json
	[ "$(grep -c ' closing: ' <<<"$output")" = 1 ]
	run -0 babeltrace2 -c source.ctf.fs --params 'inputs=["rec"]' -c sink.text.details
	[[ $output == *"tracer_name: tasktax"* ]]
	[[ $output == *"command_0: perf"* ]]
}

@test "what the rings lost is in the report, and in the packets as CTF says it" {
	record --ring-size 4K -- perf bench sched pipe -l 300000
	report
	same
	holds '.events.lost.switch > 0 and (.events.complete | not)' report.json
	discarded=$(babeltrace2 rec 2>&1 >/dev/null | sed -n 's/.*Tracer discarded \([0-9]*\) event.*/\1/p' |
		awk '{ n += $1 } END { print n + 0 }')
	holds ".events.lost | .switch + .fault + .lifecycle + .waking == $discarded" report.json
}

@test "processes: each alone reconciles, and together they are the whole" {
	record -- perf bench sched messaging -g 1 -l 100
	for pid in $(jq '.processes[].pid' live.json); do
		report --pid "$pid"
		holds '.reconcile.ok and .events.complete and (.processes | length) == 1' report.json
		jq -c '{f: (.faults | map(.count) | add // 0), v: .reconcile.voluntary.seen, p: .reconcile.preempted.seen,
			cause: (.faults | map(select(.level == "process") | .count) | add // 0)}' report.json
	done | jq -s '{f: map(.f) | add, v: map(.v) | add, p: map(.p) | add, cause: map(.cause) | add}' >sum
	jq '{f: (.faults | map(.count) | add), v: .reconcile.voluntary.seen, p: .reconcile.preempted.seen,
		cause: (.faults | map(select(.level == "process") | .count) | add)}' live.json | diff - sum
	report --pid "$(jq -r '[.processes[].pid] | map(tostring) | join(",")' live.json)"
	diff <(jq -S 'del(.part)' live.json) <(jq -S 'del(.part)' report.json)
}

@test "time: the parts add up to the whole, and say what they cannot know" {
	record -- perf bench sched messaging -g 1 -l 2000
	end=$(jq '.duration_ns / 1e9' live.json)
	middle=$(jq '.duration_ns / 2e9' live.json)
	for part in "--to $middle" "--from $middle"; do
		# shellcheck disable=SC2086 # two words
		report $part
		holds '.events.complete and .reconcile.ok and .tlb.sent == null and .part != null' report.json
		jq -c '[.switches[] | {key: "\(.level) \(.via)", value: .count}] | from_entries' report.json
	done | jq -s 'reduce (.[] | to_entries[]) as $e ({}; .[$e.key] += $e.value)' >sum
	jq '[.switches[] | {key: "\(.level) \(.via)", value: .count}] | from_entries' live.json |
		diff <(jq -S . sum) <(jq -S . -)
	report --from "$middle" --to "$end"
	holds '.tasks.created.process == 0 and .tasks.processes > 10' report.json
	report --from 0
	same
	report --from 1000 --to 1001
	holds '.events.received == 0 and .switches == []' report.json
}

@test "wrong arguments: 120" {
	refused 120 "what? A command, or -p, --comm" record -o rec
	refused 120 "a command and -p, --comm, ... at once" record -o rec -p 1 -- true
	refused 120 "--duration is for processes that run already" record -o rec -d 3 -- true
	refused 120 "--as and --follow-forks are for a command" record -o rec --as root -p 1
	refused 120 "cannot read rec: No such file or directory" report rec
	refused 120 "cannot read /etc: it is no recording: it has no metadata" report /etc
	refused 120 "one recording at a time" report rec rec
	refused 120 "--to is not after --from" report --from 2 --to 1 rec
	refused 120 "--from x: not a number of seconds" report --from x rec
	refused 120 "--pid 1,x: not a list" report --pid 1,x rec
	[ ! -e rec ]
	record -- true
	refused 120 "none of these processes is in the recording" report --pid 4194303 rec
}

@test "what is there is left alone: a recording without --force, anything else with it" {
	record -- true
	before=$(cat rec/* | md5sum)
	refused 123 "rec exists; --force replaces a recording" record -o rec -- touch ran
	mkdir other && echo mine >other/file
	refused 123 "other exists and is no recording: it is left alone, even with --force" record -f -o other -- touch ran
	echo mine >other/metadata && rm other/file
	refused 123 "other exists and is no recording" record -f -o other -- touch ran
	ln -s rec link
	refused 123 "link is a symbolic link, which is not followed" record -f -o link -- touch ran
	echo mine >file
	refused 123 "file exists" record -f -o file -- touch ran
	refused 123 "cannot make no/where: No such file or directory" record -o no/where -- touch ran
	[ ! -e ran ]
	[ "$before" = "$(cat rec/* | md5sum)" ]
	[ "$(<other/metadata)$(<file)" = minemine ]
	record -- true # replaces it
	[ "$status" = 0 ]
	[ "$before" != "$(cat rec/* | md5sum)" ]
	mkdir empty
	"$TASKTAX" record -f -o empty -- true
	[ -s empty/end ]
}

@test "a command that cannot be executed leaves no recording" {
	refused 127 "no-such-command" record -o rec -- no-such-command
	[ ! -e rec ]
}

@test "a read-only file system: 123, and the command does not run" {
	mkdir ro
	mount -t tmpfs -o size=1M none ro
	MOUNTED=$PWD/ro
	mount -o remount,ro ro
	refused 123 "cannot make ro/rec: Read-only file system" record -o ro/rec -- touch ran
	[ ! -e ran ]
}

@test "a disk that fills up ends the recording; it can be read, and the command lives on" {
	mkdir small
	mount -t tmpfs -o size=4M none small
	MOUNTED=$PWD/small
	run --separate-stderr "$TASKTAX" record -o small/rec -- sh -c \
		'perf bench sched pipe -l 200000 >/dev/null && touch finished; exit 7'
	[ "$status" = 7 ]
	[ -e finished ]
	[ "${#stderr_lines[@]}" = 1 ]
	[[ $stderr == "tasktax: record: cannot write into small/rec any more: No space left on device"* ]]
	"$TASKTAX" report --json=report.json -o text small/rec
	holds '.events.partial_because == "the recording ended before its time: No space left on device"' report.json
	holds '(.events.complete | not) and .events.lost.unknown > 0' report.json
	holds '(.switches | map(.count) | add) > 10000' report.json
	grep -q '^AT LEAST: ' text
	run -0 babeltrace2 small/rec
	holds "(.switches | map(.count) | add) == $(grep -c ' switch: ' <<<"$output")" report.json
}

@test "a limit on the size of files is as a full disk; with exit status 0 of the command it is ours, 123" {
	# shellcheck disable=SC2016 # the inner shell expands it
	run --separate-stderr bash -c 'ulimit -f 1024 && exec "$@"' - "$TASKTAX" record -o rec -- perf bench sched pipe \
		-l 100000
	[ "$status" = 123 ]
	[[ $stderr == *"cannot write into rec any more: File too large"* ]]
	report
	holds '.events.partial_because == "the recording ended before its time: File too large"' report.json
}

@test "a killed tracer: what it wrote a second ago can be read, and is said to be cut off" {
	perf bench sched pipe -l 100000000 >/dev/null 2>&1 3>&- &
	load=$!
	within 5 pgrep -P "$load"
	"$TASKTAX" record -o rec -p "$load" 3>&- &
	tracer=$!
	within 20 test -s rec/cpu0 -o -s rec/cpu1
	sleep 1
	kill -KILL "$tracer"
	wait "$tracer" || true
	kill "$load"
	report
	holds '.events.partial_because | startswith("the recording was cut off: ")' report.json
	holds '(.switches | map(.count) | add) > 1000 and (.events.complete | not)' report.json
	holds '.duration_ns > 4e8 and .tasks.processes > 0' report.json
	# half a packet more or less
	for file in rec/cpu?; do truncate -s -1000 "$file"; done
	report
	holds '.events.partial_because | startswith("the recording was cut off")' report.json
}

@test "damage: a packet that is not sound is left out, and the report says where" {
	record -- perf bench sched messaging -g 1 -l 300
	cp -r rec good
	size=$(stat -c %s rec/cpu0)
	for at in 0 5 9 40 60 84 100 5000 $((size - 1)); do
		rm -r rec && cp -r good rec
		byte=$(od -An -tu1 -j "$at" -N 1 rec/cpu0)
		# shellcheck disable=SC2059 # an octal escape
		printf "\\$(printf %o $((byte ^ 64)))" | dd of=rec/cpu0 bs=1 seek="$at" conv=notrunc status=none
		report
		holds '.events.partial_because | test("^the recording is damaged .cpu0, packet [0-9]+: ")' report.json
		holds '.events.complete | not' report.json
	done
	rm -r rec && cp -r good rec
	truncate -s $((size - 8)) rec/cpu0 # as a crash of the machine may leave it, and yet with an end
	report
	holds '.events.partial_because | startswith("the recording was cut off (cpu0, packet ")' report.json
	rm rec/cpu1 rec/end
	report
	holds '.events.complete | not' report.json
}

@test "foreign, newer and hostile recordings: 120 and why, or what is left of them" {
	record -- true
	cp -r rec good
	sed -i 's/tracer_name = "tasktax"/tracer_name = "lttng-modules"/' rec/metadata
	refused 120 "cannot read rec: it is no recording of tasktax's" report rec
	cp good/metadata rec && sed -i 's/tasktax_recording = 1/tasktax_recording = 2/' rec/metadata
	refused 120 "it was made by a newer tasktax (format 2." report rec
	cp good/metadata rec && sed -i 's/tasktax_events = .*;/tasktax_events = 1;/' rec/metadata
	refused 120 "it was made by an older tasktax (format 1.1; this one reads 1." report rec
	cp good/metadata rec && sed -i '/^\tkernel = /d' rec/metadata
	refused 120 "its metadata is damaged" report rec
	: >rec/metadata
	refused 120 "it is no recording of tasktax's" report rec
	printf '\xc1\x1f\xfc\xc1binary' >rec/metadata
	refused 120 "it is no recording of tasktax's" report rec
	truncate -s 17M rec/metadata
	refused 120 "File too large" report rec
	rm rec/metadata && mkfifo rec/metadata
	refused 120 "cannot read rec" report rec
	rm -f rec/metadata rec/cpu? && cp good/metadata rec && mkfifo rec/cpu0
	refused 120 "cannot read cpu0 of rec: it is no file" report rec
	rm rec/cpu0 && ln -s /etc/passwd rec/cpu0
	refused 120 "cannot read cpu0 of rec" report rec
	rm rec/cpu0 && head -c 100000 /dev/urandom >rec/cpu0
	report
	holds '.events.partial_because | test("cpu0, packet 0: a packet does not begin where one should")' report.json
	: >rec/cpu0
	report
	holds '.events.received == 0' report.json
}

@test "names that want to be more than names stay names, in the metadata too" {
	name=$'a";\n\t};\nenv {\n\ttracer_name = "x'
	printf '#!/bin/sh\nexit 0\n' >"$name" && chmod +x "$name"
	record -- "./$name" $'\e[31m' 'back\slash' $'\xff\xfe' ''
	[ "$status" = 0 ]
	report
	same
	run --separate-stderr babeltrace2 rec
	[ "$status" = 0 ]
	run grep -c $'\e' rec/metadata
	[ "$output" = 0 ]
}

@test "babeltrace2 reads packets that end with a name" {
	# one map and unmap after the other: a third of the records are of mappings, and so every third packet ends with one
	"$TASKTAX" record -o mappings -- "$DEMO" shootdown --as thread --by munmap --rounds 20000 >out 2>&1
	babeltrace2 mappings >bt
	[ "$(wc -l <bt)" = $(($("$TASKTAX" report --json mappings | jq .events.received) + 1)) ]
	[ "$(cat mappings/cpu* | wc -c)" -gt 2000000 ]
}
