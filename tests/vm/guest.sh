#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# guest.sh - what runs in the guest: each case leaves a folder in /results with what it printed. Nothing is
# judged here. Busybox's shell, and the programs that boot.bash has packed.
cd /tmp || exit

# A sanitized demo would start one more task at its end, to look for leaks.
export ASAN_OPTIONS=detect_leaks=0

# keep NAME COMMAND [ARG]...: its output, messages and exit status.
keep() {
	to=/results/$1
	shift
	mkdir -p "$to"
	"$@" >"$to/out" 2>"$to/err"
	echo $? >"$to/status"
}

# trace NAME [OPTION]... -- COMMAND [ARG]...: also the report, as text and as JSON.
trace() {
	traced=/results/$1
	name=$1
	shift
	mkdir -p "$traced"
	keep "$name" tasktax run --json="$traced/report.json" -o "$traced/report" "$@"
}

# each NAME COMMAND [ARG]...: with typed programs, with raw ones, and without the end of a switch.
each() {
	load=$1
	shift
	trace "$load-typed" -- "$@"
	trace "$load-raw" --without tp_btf -- "$@"
	trace "$load-no_end" --without sched_exit_tp --without kprobe -- "$@"
}

# faults_by PATH [OPTION]...: known numbers of page faults of each kind, and the same programs without them. By
# xargs, which does not fork: a shell and its child would race for their shared pages.
faults_by() {
	path=$1
	shift
	for count in 512 000; do
		printf '%s ' zero-read $count first-touch $count cow-copy $count shmem $count kernel $count \
			populate $count segv $count thp $((1$count % 1000 / 64)) \
			hugetlb $((1$count % 1000 / 64)) hugetlb-shared $((1$count % 1000 / 64)) >list
		trace "faults-$path-$count" "$@" -- taskset -c 1 xargs -n 2 faults <list
	done
}

# outlived NAME [OPTION]...: a task that goes on switching when the command has ended, and when tracing has.
outlived() {
	survivor=/results/$1/out
	# shellcheck disable=SC2016 # it is the traced shell's
	trace "$@" -- sh -c 'naps 100000000 & echo $!
		until [ "$name" = naps ] && [ "$slept" -gt 10 ]; do
			while read -r key value rest; do
				case $key in
				Name:) name=$value ;;
				voluntary_ctxt_switches:) slept=$value ;;
				esac
			done </proc/$!/status
		done
		exec naps 50'
	kill "$(cat "$survivor")"
}

# attached NAME [OPTION]...: to two threads that hand a token to and fro, and to all that a shell starts.
attached() {
	traced=/results/$1
	name=$1
	shift
	mkdir -p "$traced"
	tasktax-demo ring --as thread --rounds 100000000 --cpu 1 >/dev/null &
	ring=$!
	sh -c 'while :; do short_tasks 5 >/dev/null; done' &
	shell=$!
	sleep 1
	keep "$name" tasktax attach -p "$ring,$shell" -d 1.5 --json="$traced/report.json" -o "$traced/report" "$@"
	kill -9 $ring $shell
}

# ends_missed NAME [OPTION]...: while the writer is switched out in the middle of its system call, the kernel runs
# no kprobe program on CPU 1; whether that happens in one run is chance.
ends_missed() {
	map_writer 1 &
	writers=$!
	for try in 1 2 3; do
		trace "$@" -- tasktax-demo ring --as thread --rounds 3000 --cpu 1
		grep -q '"unpriced_switches": *0' "/results/$1/report.json" || break
	done
	echo "$1: missed in try $try"
	kill $writers
}

echo 24 >/proc/sys/vm/nr_hugepages
keep unmounted tasktax doctor --json
mount -t securityfs securityfs /sys/kernel/security
keep doctor tasktax doctor --json
keep doctor_text tasktax doctor

each thread tasktax-demo ring --as thread --rounds 1000 --cpu 1
each process tasktax-demo ring --as process --rounds 1000 --cpu 1
each crowd hackbench -g 2 -l 25
each vfork taskset -c 1 vfork_child 20
# shellcheck disable=SC2016 # it is the traced shell's
each exec sh -c 'for i in 1 2 3 4 5 6 7 8 9 10; do exec_thread; done; exit 0'
trace storm-typed -- short_tasks 500
trace storm-raw --without tp_btf -- short_tasks 500
trace reuse-typed -- pid_reuse
trace reuse-raw --without tp_btf -- pid_reuse
trace leader-typed -- leader_first
trace leader-raw --without tp_btf -- leader_first
outlived outlived-typed
outlived outlived-raw --without tp_btf
outlived outlived-no_iter --without iter_task
attached attached-typed
attached attached-raw --without tp_btf
trace wakers-typed --wakers --pick -- vfork_child 20
trace wakers-raw --wakers --without tp_btf -- vfork_child 20
echo 0 >/proc/sys/kernel/randomize_va_space # the same faults at start, each time
echo madvise >/sys/kernel/mm/transparent_hugepage/enabled # off below 512 MiB
faults_by perf
faults_by fexit --without page_fault_user
faults_by counter --without perf_fault_min --without fentry
faults_by raw --without tp_btf
for as in thread process; do trace "munmap-$as" --tlb-switch -- storm --as $as --rounds 1000; done
for form in keep drop child; do # much more than the loader has, that execs them
	trace "peak-$form-typed" --no-memory -- peak $form 64
	trace "peak-$form-raw" --no-memory --without tp_btf -- peak $form 64
done
# shellcheck disable=SC2016 # it is the traced shell's
trace memory-sampled -- sh -c 'share 4 8 8; exec naps 1' # seconds: an emulated CPU is slow to sample
export CMOCKA_MESSAGE_OUTPUT=TAP
keep sessions test_session brief

mount -t debugfs debugfs /sys/kernel/debug
echo full >/sys/kernel/debug/sched/preempt
ends_missed missed-typed
ends_missed missed-raw --without tp_btf

# Last, since there is no way back: what the kernel can take away. Lockdown goes up only.
echo integrity >/sys/kernel/security/lockdown
trace integrity -- tasktax-demo ring --as thread --rounds 10
mount -t tmpfs none /sys/kernel/btf
trace no_btf -- true
keep no_btf-doctor tasktax doctor --json
umount /sys/kernel/btf
echo confidentiality >/sys/kernel/security/lockdown
trace confidentiality -- true
keep confidentiality-doctor tasktax doctor --json
umount /sys/kernel/security
trace unmounted_confidentiality -- true
keep unmounted_confidentiality-doctor tasktax doctor --json

dmesg >/results/dmesg
stty -F /dev/ttyS1 raw
tar -cz -C /results . >/dev/ttyS1
