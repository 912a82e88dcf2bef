#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# tlb.bats - TLB shootdowns of threads that share an address space against processes that do not.

load common

setup() {
	bats_require_minimum_version 1.5.0
	need_root
}

# storm FORM [OPTION]...: workers, one for each CPU, that map, touch and unmap a page each.
storm() {
	trace "${@:2}" -- "$TARGETS/storm" --as "$1" --rounds 10000
	[ "$status" = 0 ]
	exact
	[ "$(json .tlb.shootdowns)" != null ] || skip "$(json .tlb.shootdowns_unknown_because)"
}

@test "unmapping makes other CPUs flush in the form of threads, hardly in that of processes" {
	local threads try
	[ "$(nproc)" -ge 2 ] || skip "one CPU"
	# on a busy machine the threads may hardly ever run at one time
	for try in 1 2 3 4 5 6 7 8; do
		storm thread
		threads=$(json .tlb.shootdowns.sent)
		[ "$threads" -lt 1000 ] || break
	done
	echo "$threads sent in try $try"
	[ "$threads" -ge 1000 ] || skip "the workers hardly ever ran at one time"
	check '.tlb.shootdowns | .sent > 0 and .sent_all <= .sent and .sent_pages >= .sent - .sent_all'
	# each interrupt is one of those sent; a CPU that was asked may have been switched to a stranger
	[ "$(nproc)" != 2 ] || check '.tlb.shootdowns | .received <= .sent'
	check '[.processes[].shootdowns.sent] | add == '"$threads"
	check '.tlb.shootdowns | (.received == 0) == (.received_ns == 0)'
	# each came to a worker that ran beside, or to the main task
	# shellcheck disable=SC2016
	check '.tlb.shootdowns.tasks_disturbed as $all | .tasks.threads as $threads |
		$all > 0 and $all <= $threads and ([.processes[].shootdowns.tasks_disturbed] | add) == $all'
	storm process
	echo "sent by threads $threads, by processes $(json .tlb.shootdowns.sent)"
	[ $((100 * $(json .tlb.shootdowns.sent))) -le "$threads" ]
}

@test "--shootdowns: each of them, from whom to whom, as many and as long as the sums say" {
	cd "$BATS_TEST_TMPDIR"
	"$TASKTAX" record -o rec --shootdowns --json=rec.json -- "$DEMO" shootdown --as thread --rounds 5000 >out 2>&1
	JSON=$PWD/rec.json
	exact
	[ "$(json .tlb.shootdowns)" != null ] || skip "$(json .tlb.shootdowns_unknown_because)"
	check '.tlb.shootdowns.sent > 0'
	"$TASKTAX" export rec --to ndjson | jq -c 'select(.event == "shootdown")' >each
	[ "$(jq -s '[.[] | select(.direction == "sent")] | length' each)" = "$(json .tlb.shootdowns.sent)" ]
	[ "$(jq -s '[.[] | select(.direction == "sent") | .pages // 0] | add' each)" = "$(json .tlb.shootdowns.sent_pages)" ]
	[ "$(jq -s '[.[] | select(.direction == "received")] | length' each)" = "$(json .tlb.shootdowns.received)" ]
	[ "$(jq -s '[.[] | select(.direction == "received") | .time_ns] | add' each)" = "$(json .tlb.shootdowns.received_ns)" ]
	# each arrow has one begin, and its end comes after it, on the CPU that was asked
	jq -se 'map(select(.call != "0x0")) | group_by(.call) | all(
		(map(select(.direction == "sent")) | length) == 1 and length <= 2 and
		(length == 1 or (map(select(.direction == "sent"))[0].to_cpu == map(select(.direction == "received"))[0].cpu and
			(.[0].ts_ns < .[1].ts_ns) == (.[0].direction == "sent"))))' each
	"$TASKTAX" export rec --to perfetto -o trace
	python3 "$BATS_TEST_DIRNAME/perfetto.py" trace >perfetto.json
	jq -e '.wrong == []' perfetto.json
	[ "$(jq '.counts["slice TLB shootdown"]' perfetto.json)" = "$(json .tlb.shootdowns.received)" ]
	[ "$(jq '[.instants[] | select(.name == "asks to flush")] | length' perfetto.json)" = "$(json .tlb.shootdowns.sent)" ]
	[ "$(jq .arrows_ended perfetto.json)" -ge "$(($(json .tlb.shootdowns.received) * 9 / 10))" ]
}

@test "--tlb-switch: flushes by reason, and at which switches, priced without its probe" {
	storm process --tlb-switch
	# nobody else runs in the address space: each worker flushes by itself, at each of its rounds
	check '.tlb.by_reason["local-mm-shootdown"].count >= 10000 * '"$(nproc)"
	check '.tlb.by_reason["local-mm-shootdown"] | .pages >= .count - .all'
	check '.overhead.tlb_probe_ns != null and .overhead.tlb_probe_ns < 10000'
	# a flush is part of a switch, and only where the page table changes
	check 'all(.switches[]; .tlb.flushed + .tlb.reused <= .count)'
	trace --tlb-switch -- perf bench sched pipe -l 2000
	[ "$status" = 0 ]
	exact
	check '[.switches[] | select(.level == "process" and .via == "direct")] | .[0] |
		.tlb.flushed + .tlb.reused == .count'
	trace --tlb-switch -- perf bench sched pipe -l 2000 -T
	check '[.switches[] | select(.level == "thread" and .via == "direct") | .tlb.flushed + .tlb.reused] |
		(add // 0) == 0'
	grep -q '^  .* switches: .* flushed the TLB' "$REPORT"
}

@test "not asked for, not observable: null and a reason, never 0" {
	trace --no-tlb -- true
	check '.tlb.shootdowns == null and .tlb.shootdowns_unknown_because == null and .tlb.by_reason == null'
	run ! grep TLB "$REPORT"
	trace --without csd_queue_cpu -- true
	check '.tlb.shootdowns == null and (.tlb.shootdowns_unknown_because | contains("csd_queue_cpu"))'
	grep -q '^TLB shootdowns: –¹' "$REPORT"
	grep -q 'not observable here: by --without csd_queue_cpu' "$REPORT"
	trace --without csd_function_exit -- "$TARGETS/storm" --as thread --rounds 100
	check '.tlb.shootdowns | .sent != null and .received_ns == null'
}
