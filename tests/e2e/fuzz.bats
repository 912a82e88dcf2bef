#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# fuzz.bats - a short run of the fuzzer (tests/fuzz): `make fuzz` is the long one.

load common

@test "recordings that nobody made: 20 seconds" {
	run env TASKTAX_BUILD="$BUILD" "$BATS_TEST_DIRNAME/../fuzz/run" 20
	echo "$output"
	[ "$status" = 0 ]
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' <<<"$output")
	[ "$runs" -gt 1000 ]
}
