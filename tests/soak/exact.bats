#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# exact.bats - the loads of tests/e2e/run.bats and the faults of every kind ten times each, a fork storm and
# a long mixed run: nothing lost, no difference to the kernel's counters, memory bounded.

load ../e2e/common
load ../e2e/pipe
load ../e2e/faults

RUNS=10

setup() {
	bats_require_minimum_version 1.5.0
	need_root
}

# again COMMAND...: traced RUNS times, exact each time.
again() {
	for ((run = 1; run <= RUNS; run++)); do
		trace -- "$@"
		[ "$status" = 0 ]
		exact
		balanced
		echo "# run $run: $(json '.reconcile.switches.kernel') switches of $(json '.tasks.threads') tasks" >&3
	done
}

# pipes LEVEL [-T]: RUNS pipes, each accounted for; in most of them at least 399,000 of the 400,000
# hand-overs had no stranger in between.
pipes() {
	local undisturbed=0 between
	for ((run = 1; run <= RUNS; run++)); do
		pipe "${2-}"
		exact
		balanced
		handed_over "$1" >/dev/null
		between=$(pairs '.prev.class == "target" and .next.class == "target"')
		echo "# run $run: $between hand-overs without a stranger" >&3
		[ "$between" -lt 399000 ] || undisturbed=$((undisturbed + 1))
	done
	[ "$undisturbed" -gt "$((RUNS / 2))" ]
}

@test "a pipe between two processes" { pipes process; }
@test "a pipe between two threads" { pipes thread -T; }
@test "messaging among 400 processes" { again perf bench sched messaging -g 10 -l 1000; }
@test "messaging among 400 threads" { again perf bench sched messaging -t -g 10 -l 1000; }
@test "hackbench, processes" { again hackbench --process -g 10 -l 1000; }
@test "hackbench, threads" { again hackbench --threads -g 10 -l 1000; }
@test "stress-ng --switch" { again stress-ng --quiet --switch 4 -t 10; }
@test "stress-ng --context" { again stress-ng --quiet --context 4 -t 10; }

@test "faults of every kind" {
	local kind
	for kind in "${!FAULTS[@]}"; do
		for ((run = 1; run <= RUNS; run++)); do
			fault_kind "$kind"
			[ -z "$IMPOSSIBLE" ] || break
		done
		echo "# ${IMPOSSIBLE:-$kind: $RUNS runs}" >&3
	done
}

@test "a fork storm: every task followed, memory bounded" {
	local rss
	JSON=$BATS_TEST_TMPDIR/report.json
	# the largest of the loader and what it waited for, KiB
	rss=$(python3 - "$TASKTAX" run --json="$JSON" -o /dev/null -- stress-ng --quiet --fork 2 -t 10 \
		<<-'PYTHON'
			import resource, subprocess, sys
			subprocess.run(sys.argv[1:], check=True, stdin=subprocess.DEVNULL)
			print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
		PYTHON
	)
	exact
	balanced
	echo "# $(json .tasks.threads) tasks, $rss KiB at most" >&3
	check '.tasks.threads > 1000 and .tasks.processes == .tasks.threads'
	# the logs of switches and of faults (16 MiB each, of each CPU), rings, object, and 1 KiB a task, most of
	# it the text of its JSON
	[ "$rss" -le "$(((64 + 32 * $(json .host.cpus)) * 1024 + $(json .tasks.threads)))" ]
}

@test "two minutes of everything" {
	trace -- stress-ng --quiet --switch 2 --context 2 --fork 1 --pthread 1 --mq 1 --sem 1 --futex 1 \
		--yield 1 --vfork 1 --exec 1 -t 120
	[ "$status" = 0 ]
	exact
	balanced
	echo "# $(json '.reconcile.switches.kernel') switches of $(json '.tasks.threads') tasks" >&3
}
