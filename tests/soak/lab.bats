#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# lab.bats - the whole lab: in time, its ground truth held, and twice with the same answers.

load ../e2e/common

# verdicts FILE: "experiment,step verdict" of each row, and "experiment verdict" of each experiment.
verdicts() {
	jq -r '.experiments[] | "\(.name) \(.result.verdict)", (.name as $name | .steps | to_entries[] |
		"\($name),\(.key),\(.value.label | gsub(" "; "_")) \(.value.verdict)")' "$1" | sort
}

# unturned FILE FILE: of the same steps, nothing that is supported in one is contradicted in the other; other
# changes are told.
unturned() {
	verdicts "$1" >"$BATS_TEST_TMPDIR/one"
	verdicts "$2" >"$BATS_TEST_TMPDIR/other"
	join "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/other" >"$BATS_TEST_TMPDIR/both"
	[ -s "$BATS_TEST_TMPDIR/both" ]
	awk '$2 != $3 { print "# " $1 ": " $2 ", then " $3 }' "$BATS_TEST_TMPDIR/both" >&3
	run ! grep -E ' (supported contradicted|contradicted supported)$' "$BATS_TEST_TMPDIR/both"
}

# told FILE: each experiment's verdict and ground truth, for people.
told() {
	jq -r '.experiments[] | "# \(.name): \(.result.words), \(.elapsed_ns / 1e9 | round) s, ground truth in " +
		"\(.ground_truth.rounds_equal // "no") of \(.ground_truth.rounds // "no") rounds"' "$1" >&3
}

# lab FILE MINUTES OPTION...: must be done in so many minutes.
lab() {
	local begun=$SECONDS
	"$TASKTAX" lab --json="$1" -o "$1.txt" "${@:3}"
	echo "# $* in $((SECONDS - begun)) s" >&3
	told "$1"
	[ $((SECONDS - begun)) -le $((60 * $2)) ]
	jq -e '[.experiments[].failed_because] | unique == [null]' "$1"
	jq -e '.experiments | all(.ground_truth == null or .ground_truth.lost == 0 and .ground_truth.reconciled)' "$1"
}

@test "the quick lab within 5 minutes, the full lab within 30, twice, and no row turned round" {
	need_root
	bats_require_minimum_version 1.5.0
	local folder=$BATS_TEST_TMPDIR
	lab "$folder/quick" 5 --quick
	lab "$folder/full" 30
	lab "$folder/again" 30 --seed 2
	unturned "$folder/full" "$folder/again"
	unturned "$folder/quick" "$folder/full"
}
