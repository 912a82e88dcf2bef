#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# kernels.bats - tasktax on the kernels that it meets in production: Debian's newest 6.1 and 6.12, or those
# of $TASKTAX_VM_KERNELS (SERIES-FLAVOUR, as 6.1-rt-amd64), side by side under qemu.
#
# One boot of each runs guest.sh, which leaves what each case printed; the tests read that. See boot.bash.

load ../e2e/common
load boot

setup_file() {
	local kernel program programs=("$TASKTAX" "$DEMO" "$BUILD/tests/bpf/test_session")
	for program in naps short_tasks exec_thread vfork_child pid_reuse leader_first map_writer \
		faults storm peak share; do
		programs+=("$TARGETS/$program")
	done
	programs+=("$(command -v hackbench)")
	cd "$BATS_FILE_TMPDIR" || return
	mkdir -p console reason results "$VM_CACHE"
	vm_missing >reason/all
	[ ! -s reason/all ] || return 0
	vm_initramfs initramfs "$BATS_TEST_DIRNAME/guest.sh" "${programs[@]}"
	for kernel in ${TASKTAX_VM_KERNELS:-6.1-cloud-amd64 6.12-cloud-amd64}; do
		boot "$kernel" 3>&- &
	done
	wait
}

# boot KERNEL: its results, or the reason why there are none.
boot() {
	local image results=results/$1
	image=$(vm_kernel "${1%%-*}" "${1#*-}" 2>"reason/$1") || return 0
	vm_boot "$image" initramfs "$1.tar" >"console/$1"
	mkdir "$results"
	tar -xzf "$1.tar" -C "$results" || true # then the test of the boot shows the console
}

setup() {
	bats_require_minimum_version 1.5.0
	cd "$BATS_FILE_TMPDIR" || return
	compgen -G 'results/*' >/dev/null || skip "$(sort -u reason/*)"
}

# booted KERNEL: it ran the script to its end, and had nothing to complain of.
booted() {
	[ -e "reason/$1" ] || skip "not asked for"
	[ ! -s "reason/$1" ] || skip "$(cat "reason/$1")"
	if ! grep -q '^script ended: 0$' "console/$1" || [ ! -s "results/$1/dmesg" ]; then
		cat "console/$1"
		return 1
	fi
	run ! grep -E 'WARNING:|BUG:|Oops|Call Trace|stall' "results/$1/dmesg"
}

# cases NAME...: these cases of every kernel that could be had.
cases() {
	local kernel name
	for kernel in results/*; do
		for name; do echo "$kernel/$name"; done
	done
}

# of CASE: its report in $JSON, its output in $OUT, its messages in $err, its exit status in $status.
of() {
	echo "$1"
	JSON=$1/report.json OUT=$1/out
	status=$(cat "$1/status")
	err=$(cat "$1/err")
}

# traced CASE [STATUS]: it went well, nothing was said, and the report is exact.
traced() {
	of "$1"
	[ "$status" = "${2:-0}" ]
	[ -z "$err" ]
	exact
}

# refused CASE WORDS: this kernel cannot be traced, said in one line with these words, and by doctor.
refused() {
	of "$1"
	echo "$status: $err"
	[ "$status" = 122 ]
	[ "$(wc -l <"$1/err")" = 1 ]
	[[ $err == "tasktax: run: this kernel cannot be traced: "*"$2"* ]]
	[ ! -s "$OUT" ]
	[ ! -e "$JSON" ]
	of "$1-doctor"
	[ "$status" = 122 ]
	doctor ".verdict | .run == false and (.reason | contains(\"$2\"))"
}

# doctor FILTER: it must say true of the `tasktax doctor --json` of this case.
doctor() {
	jq -e "$1" "$OUT" >/dev/null || {
		echo "false: $1"
		jq -c . "$OUT"
		return 1
	}
}

# feature NAME FILTER: the same of a row of it.
feature() { doctor ".features[] | select(.name == \"$1\") | $2"; }

# priced: each switch is, by the kprobe, but for those few at which the kernel ran none, since the loader had been
# switched out in the middle of a map system call; without the end of a switch none is, and that is said.
priced() {
	if [[ $1 == *-no_end ]]; then
		check '.direct_end == null and (.direct_unknown_because | contains("finish_task_switch"))'
		check '[.switches[].direct_ns.count] | unique == [0]'
		check '.overhead.probe_ns == null'
	else
		check '.direct_end == "finish_task_switch"'
		check '([.switches[].direct_ns.count] | add) + .tax.unpriced_switches == ([.switches[].count] | add)'
		check '100 * .tax.unpriced_switches <= ([.switches[].count] | add) and .overhead.probe_ns > 0'
	fi
}

# truth LEVEL: the demo's own account. Each hand-over is a switch between its two tasks, or somebody else came
# between; each of them left the CPU at least as often as it had counted itself before it ended.
truth() {
	local workers between foreign expected pair
	expected=$(jq .expected_switches "$OUT")
	workers=$(jq -c .workers "$OUT")
	pair="select(.prev.class == \"target\" and [.prev.pid, .next.pid] - [${workers}[].tid] == [])"
	between=$(json "[.pairs[] | $pair | .count] | add")
	foreign=$(json '[.pairs[] | select(.prev.class == "foreign") | .count] | add // 0')
	echo "expected $expected, between the two $between, from others $foreign"
	[ "$((expected - between))" -le "$foreign" ]
	check "[.pairs[] | $pair | .level] - [\"$1\", \"exiting\"] == []"
	check "[.processes[].tasks[]] as \$tasks | $workers | all(. as \$worker | \$tasks[] |
		select(.pid == \$worker.tid) |
		.voluntary >= \$worker.nvcsw and .preempted >= \$worker.nivcsw)"
}

@test "Linux 6.1 runs all cases" { booted 6.1-cloud-amd64; }

@test "Linux 6.12 runs all cases" { booted 6.12-cloud-amd64; }

@test "the kernels that were asked for run all cases" {
	[ -n "${TASKTAX_VM_KERNELS-}" ] || skip "no others were"
	for kernel in $TASKTAX_VM_KERNELS; do booted "$kernel"; done
}

@test "doctor: the end of a switch is found by kprobe, all else as it should be" {
	for case in $(cases doctor); do
		of "$case"
		[ "$status" = 0 ]
		series=${case#results/} series=${series%%-*}
		doctor ".host.kernel | startswith(\"$series.\")"
		doctor '.host.lockdown == "none" and .host.btf and .capabilities.missing == []'
		doctor '.verdict | .run and (.reason | contains("direct cost (finish_task_switch)"))'
		feature sched_exit_tp '.state == "off" and (.why | contains("since Linux 6.15"))'
		feature sched_exit_tp '.instead == "kprobe/finish_task_switch"'
		feature finish_task_switch '.state == "ok" and (.why | startswith("finish_task_switch"))'
		# the counters of a fault are kept per task until 6.2
		feature rss_stat ".state == if \"$series\" == \"6.1\" then \"off\" else \"ok\" end"
		doctor '[.features[] | select(.state == "off") | .name] - ["sched_exit_tp",
			"sched_exit_tp_raw", "sched_entry_tp", "rss_stat", "csd_queue_cpu",
			"csd_function_entry", "csd_function_exit"] == []'
	done
	for case in $(cases doctor_text); do
		of "$case"
		[ "$status" = 0 ]
		awk 'length($0) > 80 { print; long = 1 } END { exit long }' "$OUT"
	done
	for case in $(cases unmounted); do
		of "$case"
		[ "$status" = 0 ]
		doctor '.host.lockdown_text == "unknown (securityfs not mounted)" and .verdict.run'
	done
}

@test "a ring of threads: thread level, as many switches as hand-overs, priced by kprobe" {
	for case in $(cases thread-{typed,raw,no_end}); do
		traced "$case"
		balanced
		truth thread
		priced "$case"
		check '.tasks | .processes == 1 and .created.thread == 2 and .execs == 1'
		check '.workload.level == "thread-level"'
	done
}

@test "a ring of processes: process level, as many switches as hand-overs, priced by kprobe" {
	for case in $(cases process-{typed,raw,no_end}); do
		traced "$case"
		balanced
		truth process
		priced "$case"
		check '.tasks | .processes == 3 and .created.process == 2 and .execs == 1'
		check '.workload.level == "process-level"'
	done
}

@test "typed and raw programs are those that were asked for" {
	for case in $(cases thread); do
		of "$case-typed"
		check '.features.attached | contains(["sched_switch", "finish_task_switch", "iter_task"])'
		of "$case-raw"
		check '[.features.attached[] | select(endswith("_raw"))] | length == 7'
		check '.features.attached - ["finish_task_switch", "perf_fault_min", "perf_fault_maj",
			"perf_mappings"] | all(endswith("_raw"))'
		of "$case-no_end"
		check '.features.attached | index("sched_switch") and (index("finish_task_switch") | not)'
	done
}

@test "a crowd on all CPUs" {
	for case in $(cases crowd-{typed,raw,no_end}); do
		traced "$case"
		balanced
		check '.tasks | .processes == 81 and .peak_tasks == 81'
		check '.workload.level == "process-level"'
	done
}

@test "vfork: another process in the same address space" {
	for case in $(cases vfork-{typed,raw,no_end}); do
		traced "$case"
		balanced
		check '.tasks | .created.vfork == 20 and .created.process == 0 and .processes == 21'
		check '[.processes[].address_space] | unique | length == 1'
		# the parent sleeps until the child has ended, on the same CPU
		check '[.switches[] | select(.level == "thread") | .count] | add >= 40'
	done
}

@test "exec by a thread that is not the leader: one process, a new address space" {
	for case in $(cases exec-{typed,raw,no_end}); do
		traced "$case"
		balanced
		check '.tasks | .created.thread == 10 and .execs == 21 and .processes == 11'
		check '[.processes[].address_space] | unique | length == 11'
		check '[.processes[] | select(.threads == 2) | .comm] == [range(10) | "sh"]'
	done
}

@test "500 short-lived tasks" {
	for case in $(cases storm-{typed,raw}); do
		traced "$case"
		balanced
		check '.tasks | .exits == 501 and .created.process == 500'
	done
}

@test "a pid that is used again" {
	for case in $(cases reuse-{typed,raw}); do
		traced "$case"
		balanced
		check "[.processes[] | select(.pid == $(cat "$OUT")) | .voluntary] |
			length == 2 and (sort | .[0] >= 6 and .[1] >= 12)"
	done
}

@test "the leader ends first" {
	for case in $(cases leader-{typed,raw}); do
		traced "$case" 7
		balanced
		check '.exit.code == 7 and .tasks.crashed == []'
		check '.processes | length == 1 and .[0].exited and .[0].threads == 2'
	done
}

@test "a task that outlives the run is closed with the kernel's counters" {
	for case in $(cases outlived-{typed,raw}); do
		traced "$case"
		check '[.processes[].tasks[] | select(.alive_at_end) | .comm] == ["naps"]'
		check '.processes[].tasks[] | select(.alive_at_end) |
			.voluntary > 5 and .voluntary == .reconcile.kernel_voluntary'
	done
}

@test "attached to what runs already: found by the iterator, or when it is met" {
	for case in $(cases attached-{typed,raw}); do
		traced "$case"
		check '.tasks.created.process > 0'
		check '[.processes[].tasks[] | select(.created == "before") | .comm] |
			(map(select(. == "tasktax-demo")) | length >= 2) and any(. == "sh")'
		[ "$(switches thread)" -gt 100 ]
	done
}

@test "without the iterator it cannot be closed, and the report says so" {
	for case in $(cases outlived-no_iter); do
		of "$case"
		[ "$status" = 0 ]
		check '.reconcile | .ok == false and .tasks_unread == 1 and .tasks_with_difference == 0'
		check '.features.off | has("iter_task")'
	done
}

@test "who wakes whom; what picking costs is not to be had" {
	for case in $(cases wakers-{typed,raw}); do
		traced "$case"
		check '[.wakers[] | select(.waker == "vfork_child" and .wakee == "vfork_child") | .count] |
			add >= 20'
		check '[.switches[].pick_ns] | unique == [null]'
	done
	for case in $(cases wakers-typed); do
		of "$case"
		check '.features.off.sched_entry_tp | contains("since Linux 6.15")'
	done
}

@test "every choice of hooks opens a session, and leaves nothing attached" {
	for case in $(cases sessions); do
		of "$case"
		cat "$OUT" "$case/err"
		[ "$status" = 0 ]
		for end in 'by kprobe' none; do
			grep -q "^ok [0-9]* - typed, end $end$" "$OUT"
			grep -q "^ok [0-9]* - raw, end $end$" "$OUT"
		done
		grep -q '^ok [0-9]* - no_program_is_untested$' "$OUT"
		run ! grep '^not ok [0-9]* -' "$OUT"
	done
}

@test "where the kernel skips the kprobe, prices are missing, but no event is" {
	for case in $(cases missed-{typed,raw}); do
		traced "$case"
		balanced
		truth thread
		check '.tax.unpriced_switches > 0 and .events.lost.recursion == 0'
		check '([.switches[].direct_ns.count] | add) < ([.switches[].count] | add)'
	done
}

@test "lockdown=integrity takes nothing away" {
	for case in $(cases integrity); do
		traced "$case"
		priced "$case"
	done
}

@test "lockdown=confidentiality: one line that says so" {
	for case in $(cases {,unmounted_}confidentiality); do
		refused "$case" 'lockdown=confidentiality forbids it'
	done
	for case in $(cases unmounted_confidentiality-doctor); do
		of "$case"
		doctor '.host.lockdown_text == "confidentiality (told by its effect)"'
	done
}

@test "no BTF: one line that says so" {
	for case in $(cases no_btf); do
		refused "$case" 'no BTF (/sys/kernel/btf/vmlinux missing)'
		doctor '.host.btf == false'
	done
}

@test "every report is what its schema says" {
	mapfile -t reports < <(find results -name report.json)
	python3 - "$BATS_TEST_DIRNAME/../../user/output/report.schema.json" "${reports[@]}" <<-'PYTHON'
		import json, sys, jsonschema
		schema = json.load(open(sys.argv[1]))
		validator = jsonschema.validators.validator_for(schema)(schema)
		wrong = [f"{name} {list(e.path)}: {e.message}" for name in sys.argv[2:]
			for e in validator.iter_errors(json.load(open(name)))]
		print("\n".join(wrong))
		sys.exit(bool(wrong))
	PYTHON
}

# more FILTER: by how much this sum of the report is larger with the faults than without them.
more() {
	local with without
	with=$(jq "$1" "${JSON/-000/-512}")
	without=$(jq "$1" "${JSON/-512/-000}")
	echo $((with - without))
}

# faults FILTER: how many more of these rows of faults[] there are.
faults() { more "[.faults[] | select($1) | .count] | add // 0"; }

@test "page faults: every kind, as many as there were, by perf, by fexit, by counters and by raw programs" {
	for case in $(cases faults-{perf,fexit,counter,raw}-{000,512}); do
		traced "$case"
		[[ $case == *-512 ]] || continue
		[ "$(more '.reconcile.minor_faults.seen')" = $((7 * 512 + 3 * 8)) ]
		[ "$(more '.reconcile.minor_faults.no_event')" = 512 ]
		# a bad address never comes as far as handle_mm_fault()
		[ "$(more '.reconcile.unfinished_faults')" = "$([[ $case == *fexit* ]] && echo 0 || echo 512)" ]
		for kind in zero-read cow-fork; do
			[ "$(faults ".kind == \"$kind\"")" = 512 ]
		done
		[ "$(faults '.kind == "shmem"')" = $((512 + 8)) ]
		# by counters, what a task's last fault changed before 6.2 is not known: some of its first touches
		# are of the kind that their code and region tell
		[[ $case == */6.1-*-counter-* ]] ||
			[ "$(faults '.kind == "first-touch" and .mode == "user"')" = $((3 * 512 + 2 * 8)) ]
		[ "$(faults '.kind == "first-touch" and .mode == "kernel"')" = 512 ]
		if [[ $case == *counter* ]]; then
			check '([.faults[] | .huge, .time_ns.p50] | unique) == [null] and .fault_end == null'
		else
			[ "$(more '[.faults[].huge] | add')" = 24 ]
			check '.fault_end != null and ([.faults[].untimed] | add) <= .events.missed_switch_ins + .events.began_on_cpu'
		fi
	done
}

@test "TLB shootdowns: sent among threads, hardly any among processes; before 6.5 not observable" {
	for case in $(cases munmap-thread); do
		traced "$case"
		check 'all(.switches[]; .tlb.flushed + .tlb.reused <= .count)'
		check '.tlb.by_reason["local-mm-shootdown"].count >= 2000'
		if [[ $case == */6.1-* ]]; then
			check '.tlb.shootdowns == null and (.tlb.shootdowns_unknown_because | length) > 0'
			continue
		fi
		check '.tlb.shootdowns | .received <= .sent and .sent_all <= .sent'
		threads=$(json '.tlb.shootdowns.sent')
		traced "${case/thread/process}"
		processes=$(json '.tlb.shootdowns.sent')
		echo "sent by threads $threads, by processes $processes"
		[ $((100 * processes)) -le "$threads" ]
	done
}

# peak CREATED: that of the process created so.
peak() {
	json "([.processes[] | select(.created == \"$1\") | .pid] | first) as \$pid |
		.memory.processes[] | select(.pid == \$pid) | .peak_rss_bytes"
}

@test "peaks are the kernel's own, by signal->maxrss where the address space is gone at the exit" {
	for case in $(cases peak-{keep,drop,child}-{typed,raw}); do
		traced "$case"
		# 2 CPUs keep less than 32 pages to themselves of each of 3 counters; before 6.2 each of two tasks 64
		if [[ $case == *child* ]]; then
			[ "$(peak process)" = $((1024 * $(cat "$OUT"))) ]
			continue
		fi
		[ $(($(peak root) - 1024 * $(cat "$OUT"))) -le $((3 * 2 * 64 * 4096)) ]
		[ $((1024 * $(cat "$OUT") - $(peak root))) -le $((3 * 2 * 64 * 4096)) ]
	done
}

@test "memory that is shared by fork counts once" {
	for case in $(cases memory-sampled); do
		traced "$case"
		check '.memory | .rounds >= 1 and .pss_sum_bytes >= 8388608 and .pss_sum_bytes < 2 * 8388608'
		check '.memory.rss_sum_bytes >= 5 * 8388608'
	done
}
