#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# fault_loads.bats - the page faults of real programs: each that the kernel counted is seen, but for those
# that raise no event; and what a fork left to pay, against what the server's own child says of its memory.

load common
load pipe
load faults
load servers

SECONDS_OF_LOAD=5

setup() {
	bats_require_minimum_version 1.5.0
	need_root
	# so that arguments and environment of each exec fit in a page
	UNDER=(env -i "PATH=$PATH" LC_ALL=C.UTF-8 ${ASAN_OPTIONS+"ASAN_OPTIONS=$ASAN_OPTIONS"})
}

teardown() { server_clean; }

# all_seen [NO_EVENT]: of the last run.
all_seen() {
	[ "$status" = 0 ]
	exact
	balanced
	faults_add_up "$@"
	check '([.faults[].untimed] | add) <= .events.missed_switch_ins + .events.began_on_cpu' # see faults.bash
	echo "# $(json '.reconcile.minor_faults | "\(.kernel) minor faults, \(.no_event) without an event"')" >&3
}

@test "an exec raises no event for each page of its arguments" {
	trace -- true
	all_seen
	trace -- true "$(head -c 10000 /dev/zero | tr '\0' x)"
	all_seen 3
}

@test "perf bench mem memcpy" {
	trace -- perf bench mem memcpy
	all_seen
}

@test "gcc -O2 of a large file: a process for each of its parts" {
	need gcc
	python3 - >"$BATS_TEST_TMPDIR/large.c" <<-'PYTHON'
		for i in range(800):
		    print(f"int f{i}(int a, int b) {{ int s = {i}; for (int k = 0; k < a; k++)"
		          f" {{ s += k * b ^ s >> {i % 7 + 1}; if (s & {1 << i % 12}) s -= b * {i}; }} return s; }}")
	PYTHON
	trace -- gcc -O2 -c "$BATS_TEST_TMPDIR/large.c" -o "$BATS_TEST_TMPDIR/large.o"
	all_seen
	check '.tasks.execs >= 3 and .reconcile.minor_faults.seen > 1000'
}

# It locks three pages of its own with mlock(), of which the kernel brings in those that are not there.
@test "stress-ng --fault and --fork" {
	local form locked
	need stress-ng
	for form in --fault --fork; do
		trace --ring-size 64M --follow-forks=all -- stress-ng --quiet "$form" 2 -t "$SECONDS_OF_LOAD"
		locked=$(json '.reconcile.minor_faults.no_event - .tasks.execs')
		[ "$locked" -ge 1 ]
		[ "$locked" -le 3 ]
		all_seen ".tasks.execs + $locked"
		check '.reconcile.minor_faults.seen > 10000'
	done
	# --fork: each child pays for its fork
	check '.fork_debt.faults > 10000 and .tasks.created.process > 1000'
}

@test "PostgreSQL under pgbench" {
	postgres_start
	"$POSTGRES/pgbench" "${CLIENT[@]}" -n -c 4 -j 2 -T "$SECONDS_OF_LOAD" postgres
	server_stop INT
	all_seen
	# each backend pays for the fork that made it; what they share is the pool
	check '[.processes[] | select(.created == "process") | .fork_debt.cow] | length > 4 and min >= 100'
	check '.fork_debt.children.refaults > 1000'
	[ "$(faulted '.kind == "shmem"')" -ge 1000 ]
	[ "$(faulted '.mm_tasks == "many"')" = 0 ]
}

in_redis() { redis-cli -s "$HOME_OF_SERVER/redis.sock" "$@" | tr -d '\r'; }

# writes N: N times a new value for one of 50,000 keys.
writes() { redis-benchmark -q -s "$HOME_OF_SERVER/redis.sock" -t set -n "$1" -r 50000 -d 1000 -P 16 -c 4; }

# private_dirty PID: pages that are in no other process.
private_dirty() { awk '/^Private_Dirty:/ { print $2 / 4 }' "/proc/$1/smaps_rollup"; }

@test "Redis saving under writes: the fork's debt is of level process, and as large as its child says" {
	local server child private last=0 after
	need redis-server redis-benchmark
	server_home nobody
	server_start -u nobody --cow-detail -- redis-server --port 0 --save '' \
		--unixsocket "$HOME_OF_SERVER/redis.sock" --dir "$HOME_OF_SERVER" --rdb-key-save-delay 1
	server_ready redis-cli -s "$HOME_OF_SERVER/redis.sock" ping
	writes 200000
	server=$(in_redis info server | sed -n 's/^process_id://p')
	in_redis bgsave
	child=$(pgrep -P "$server")
	writes 20000
	# its last value before it ends; the writes are over by then
	while private=$(private_dirty "$child" 2>/dev/null) && [ -n "$private" ]; do
		last=$private
		sleep 0.05
	done
	saved() { in_redis info persistence | grep -q rdb_bgsave_in_progress:0; }
	within 5 saved
	in_redis info persistence | grep -q rdb_last_bgsave_status:ok
	after=$(($(in_redis info persistence | sed -n 's/^rdb_last_cow_size://p') / 4096))
	server_stop TERM
	all_seen
	# all of it is process level, although the server has helper threads
	check '.processes[] | select(.created == "root") | .threads >= 4'
	check '[.faults[] | select(.kind == "cow-fork") | .level] | unique == ["process"]'
	[ "$(faulted '.kind == "cow-fork" and .mm_tasks == "many"')" -ge \
		"$(json '.fork_debt.parents.cow - .fork_debt.children.cow')" ]
	# the child's private pages: copies of its parent's writes left them to it, and those it made itself
	json ".processes[] | select(.pid == $child) |
		\"# \(.fork_debt_of_parent.copies) copied by the parent; the child: $last private pages, \" +
		\"\(.minor_faults - .fork_debt.refaults - .fork_debt.reuses) of its own making; \" +
		\"rdb_last_cow_size: $after pages\"" >&3
	check ".processes[] | select(.pid == $child)
		| ($last - (.minor_faults - .fork_debt.refaults - .fork_debt.reuses)) as \$left
		| .fork_debt_of_parent.copies | . > 5000 and (. - \$left | fabs) <= 0.05 * \$left"
}
