#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# memory.bats - peaks against the kernel's own, samples of processes that share, and what sampling costs.

load common

MIB=$((1 << 20))

setup() {
	bats_require_minimum_version 1.5.0
	need_root
}

# batch_error: how far two readings of a peak may be apart, in bytes. A CPU adds to the counter of the address
# space when it has a batch of pages (percpu_counter_batch: 32, or 2 for each CPU) and keeps less than that to
# itself: for each of the three counters that make up the RSS, and on each CPU where the process was. VmHWM sums
# that up since 6.16 (82241a83cd15) for what is resident, not for hiwater_rss; the peak at the exit never does.
batch_error() {
	local cpus batch
	cpus=$(getconf _NPROCESSORS_CONF)
	batch=$((2 * cpus > 32 ? 2 * cpus : 32))
	echo $((3 * cpus * (batch - 1) * $(getconf PAGESIZE)))
}

# near BYTES BYTES ERROR
near() {
	echo "$1, $2: not apart by more than $3"
	[ "$(($1 - $2))" -le "$3" ]
	[ "$(($2 - $1))" -le "$3" ]
}

# of KIND FIELD: a field of memory of the one process that was created so.
of() {
	json "([.processes[] | select(.created == \"$1\") | .pid] | first) as \$pid |
		.memory.processes[] | select(.pid == \$pid) | .$2"
}

@test "the peak is VmHWM, also when the memory was given back" {
	for form in keep drop; do
		trace --no-memory -- "$TARGETS/peak" "$form" 64
		[ "$status" = 0 ]
		near "$(of root peak_rss_bytes)" $((1024 * $(cat "$OUT"))) "$(batch_error)"
		[ "$(of root peak_rss_bytes)" -ge $((64 * MIB - $(batch_error))) ]
	done
}

@test "the peak of a process that executed nothing is its ru_maxrss, to the page" {
	trace --no-memory -- "$TARGETS/peak" child 64
	[ "$status" = 0 ]
	[ "$(of process peak_rss_bytes)" = $((1024 * $(cat "$OUT"))) ]
	# by raw_tp as well
	trace --no-memory --without tp_btf -- "$TARGETS/peak" child 64
	[ "$(of process peak_rss_bytes)" = $((1024 * $(cat "$OUT"))) ]
}

@test "the command's own ru_maxrss has nothing of the loader's buffers" {
	local size least=$((1 << 40)) most=0 said
	for size in 4K 64M; do
		trace --ring-size "$size" -- python3 -c 'if True:
			import resource
			print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)'
		said=$(cat "$OUT")
		least=$((said < least ? said : least)) most=$((said > most ? said : most))
	done
	echo "$least to $most kB"
	[ "$((most - least))" -lt 4096 ] # where its stack and libraries come to lie varies
}

@test "a vfork child's address space counts once in the sum of the peaks" {
	trace --no-memory -- "$TARGETS/peak" child 64
	check '.memory | .peak_rss_sum_bytes == ([.processes[].peak_rss_bytes] | add)'
	trace --no-memory -- "$TARGETS/vfork_child"
	[ "$status" = 0 ]
	check '.memory.peaks_unknown == 0'
	check '[.processes[].address_space] | length >= (unique | length)'
	# shellcheck disable=SC2016 # the variables are jq's
	check '(.processes | group_by(.address_space) | map(map(.pid))) as $spaces | .memory as $m |
		([$spaces[] | . as $pids | [$m.processes[] | select(.pid as $p | $pids | index($p)) |
		.peak_rss_bytes] | max] | add) == $m.peak_rss_sum_bytes'
}

@test "eight workers that share 64 MiB: RSS has them nine times, PSS once" {
	local all=9 once=$((64 * MIB)) before
	trace -- "$TARGETS/share" 8 64 3
	[ "$status" = 0 ]
	valid
	exact
	json .memory
	before=$((1024 * $(cat "$OUT") + $(batch_error))) # what the parent had, the 64 MiB among it
	check '[.memory.processes[].samples] | length == 9 and all(. >= 1)'
	# smaps_rollup counts page tables, not counters: the sum is at least that, exactly
	check ".memory.rss_sum_bytes >= $((all * once))"
	# beside it each has what the parent had, and at most its own stack and data of libc: 1 MiB is plenty
	check ".memory.rss_sum_bytes <= $((all * (before + MIB)))"
	# each share of a page is cut off, by less than 1/4096 of a byte; the sum of a process, by less than 1 kB
	check ".memory.pss_sum_bytes >= $((once - all * (1024 + 64 * 256 / 4096)))"
	# the 64 MiB once; of the rest, each may have as much to itself as the bound above allows
	check ".memory.pss_sum_bytes <= $((once + all * (before - once + MIB)))"
	# and so do the peaks
	check ".memory.peaks_unknown == 0 and .memory.peak_rss_sum_bytes >= $((all * (once - $(batch_error))))"
	check '[.memory.processes[] | select(.pid != null) | .rss_bytes == .private_bytes + .shared_bytes] | all'
	grep -q '^ *these processes share memory: counted once, they use ' "$REPORT"
	[ "$(wc -L <"$REPORT")" -le 80 ]
}

@test "sampling 200 processes costs less than 1 % of a CPU" {
	trace -- "$TARGETS/share" 200 1 5
	[ "$status" = 0 ]
	exact
	json '.memory | del(.processes)'
	check '.memory.rounds >= 2'
	check '[.memory.processes[].samples] | length == 201 and all(. >= 1)'
	check '.memory.cost_ns * 100 < .duration_ns'
}

@test "a process too short for a sample is unknown, not 0; so is all with --no-memory" {
	# shellcheck disable=SC2016 # it is the traced shell's
	trace -- sh -c 'sleep 0.5; "$0"; exit 0' "$(type -P true)"
	valid
	check '.memory.processes[] | select(.comm == "true") | .samples == 0 and .rss_bytes == null and
		.pss_bytes == null and .peak_rss_bytes > 0 and (.unsampled_because | length > 0)'
	check '.memory.processes[] | select(.comm == "sleep") | .samples >= 1 and .pss_bytes > 0'
	grep -q 'no sample fell into so short a life' "$REPORT"
	trace --no-memory -- sleep 0.3
	valid
	check '.memory | .rounds == null and .cost_ns == null and .pss_sum_bytes == null'
	check '.memory.processes[0] | .samples == 0 and .rss_bytes == null and .peak_rss_bytes > 0'
	grep -q 'not sampled: --no-memory' "$REPORT"
}

@test "another user's process, without CAP_SYS_PTRACE: unknown, with the reason" {
	local without=(setpriv --bounding-set=-sys_ptrace) sleeper allowed=0
	JSON=$BATS_TEST_TMPDIR/report.json
	setpriv --reuid=65534 --clear-groups sleep 10 3>&- &
	sleeper=$!
	within 5 grep -q ^sleep "/proc/$sleeper/comm"
	"${without[@]}" cat "/proc/$sleeper/smaps_rollup" >/dev/null 2>&1 || allowed=$?
	kill "$sleeper"
	[ "$allowed" != 0 ] || skip "this kernel is content with CAP_PERFMON, which tracing needs anyway"
	run "${without[@]}" "$TASKTAX" run -u nobody --json="$JSON" -- sleep 0.5
	[ "$status" = 0 ]
	valid
	exact
	check '.memory | .rounds == 0 and .pss_sum_bytes == null'
	check '.memory.processes[0] | .samples == 0 and .pss_bytes == null and .peak_rss_bytes > 0'
	check '.memory.processes[0].unsampled_because | contains("CAP_SYS_PTRACE")'
	[[ $output == *CAP_SYS_PTRACE* ]]
}
