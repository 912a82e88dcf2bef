#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# demo_cow.bats - `tasktax-demo cow`: after a fork each page that is rewritten is copied, and the trace says whose debt that is.

load common

setup() {
	bats_require_minimum_version 1.5.0
	STARTED=
	export ASAN_OPTIONS=detect_leaks=0 # which makes a task of its own, at the end
}

# cow ARGUMENT...: must succeed with nothing said; the line in $output.
cow() {
	run --separate-stderr "$DEMO" cow "$@"
	[ "$status" = 0 ] && [ -z "$stderr" ] && [ "${#lines[@]}" = 1 ]
}

# traced ARGUMENT...: the same under tasktax, which saw all of it.
traced() {
	need_root
	trace --cow-detail -- "$DEMO" cow "$@"
	[ "$status" = 0 ]
	exact
	balanced
	output=$(cat "$OUT")
}

# says FILTER: the filter must say true of $output.
says() {
	jq -e "$1" <<<"$output" >/dev/null || {
		echo "false: $1 of $output"
		return 1
	}
}

# of FILTER: a value of $output.
of() { jq -r "$1" <<<"$output"; }

# refused STATUS PATTERN COMMAND...: this status and one line on standard error that matches.
refused() {
	local expected=$1 pattern=$2
	shift 2
	run --separate-stderr "$@"
	echo "$*: $status, $stderr"
	[ "$status" = "$expected" ]
	[ -z "$output" ]
	[ "${#stderr_lines[@]}" = 1 ]
	[[ $stderr =~ $pattern ]]
}

MIB_PAGES=$((1048576 / $(getconf PAGESIZE)))

@test "the faults are the pages: all of them after a fork, none between threads" {
	for who in child parent; do
		for size in 1 8; do
			cow --as process --who $who --size ${size}M
			says ".experiment == \"cow\" and .who == \"$who\" and .size_bytes == $size * 1048576"
			says ".pages == $size * $MIB_PAGES and .expected_cow_faults == .pages"
			says '.span_faults == .expected_cow_faults'
			cow --as thread --who $who --size ${size}M
			says '.as == "thread" and .expected_cow_faults == 0 and .span_faults == 0'
			says '.elapsed_ns > 0 and .per_page_ns > 0'
		done
	done
}

# What the worker faulted in besides (its stack, the C library's data) is in its own account as well: no
# more than that can be in its debt; nor in its parent's, whose counters have what all of them did.
@test "the trace: the debt of who rewrites, each page a copy" {
	for who in child parent; do
		traced --as process --who $who --size 16M
		says '.span_faults == .expected_cow_faults'
		expected=$(of .expected_cow_faults)
		if [ $who = child ]; then
			others=$(of '.workers[0] | .minflt - .span.minflt')
			check ".fork_debt.children | .cow <= $expected + $others and .copies >= $expected"
		else
			# the memory was written before: as many first touches
			others=$(of ".self.minflt - 2 * $expected")
			check ".fork_debt.parents | .cow <= $expected + $others and .copies >= $expected"
			check ".fork_debt.children.cow <= $(of '.workers[0].minflt')"
		fi
		check '[.faults[] | select(.kind == "cow-fork") | .level] | unique == ["process"]'
		check '.tasks.created == {process: 1, thread: 0, vfork: 0}'
	done
}

@test "the trace of threads: no debt" {
	for who in child parent; do
		traced --as thread --who $who --size 16M
		check '.fork_debt.faults == 0 and .tasks.created == {process: 0, thread: 1, vfork: 0}'
		check '[.faults[] | select(.kind == "cow-fork")] == []'
	done
}

@test "huge pages: no count is promised after a fork, none are faulted in between threads" {
	cow --as process --size 8M --huge
	says '.huge and .expected_cow_faults == null and .span_faults >= 4'
	cow --as thread --size 8M --huge
	says '.huge and .expected_cow_faults == 0 and .span_faults == 0'
}

@test "on one CPU, and spread" {
	cpu=$(taskset -cp $$)
	cpu=${cpu##*[ ,-]}
	for who in child parent; do
		for pin in auto spread; do
			run --separate-stderr taskset -c "$cpu" "$DEMO" cow --as process --size 2M --who $who --cpu $pin
			[ "$status" = 0 ]
			says '.span_faults == .expected_cow_faults'
			cow --as process --size 2M --who $who --cpu $pin
			says '.span_faults == .expected_cow_faults'
		done
	done
}

@test "bad arguments, and no memory" {
	refused 120 "--who both: it is child or parent" "$DEMO" cow --as thread --who both
	refused 120 "--tasks 2: cow makes one task" "$DEMO" cow --as thread --tasks 2
	refused 120 "--size 5G: not a size in whole MiB from 1M to 4096M" "$DEMO" cow --as thread --size 5G
	! grep -q asan <(ldd "$DEMO") || return 0 # which needs address space without limits
	refused 124 "^tasktax: cow: cannot map 65.0 MiB of memory: Cannot allocate memory; ask for less" \
		prlimit --as=40000000 "$DEMO" cow --as process --size 64M
}
