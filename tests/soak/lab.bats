#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# lab.bats - the whole lab: in time, its ground truth held, and twice with the same answers.

load ../e2e/common

# verdicts FILE: "name verdict" of each experiment.
verdicts() { jq -r '.experiments[] | "\(.name) \(.result.verdict)"' "$1"; }

# told FILE: each experiment's verdict and ground truth, for people.
told() {
	jq -r '.experiments[] | "# \(.name): \(.result.words), \(.elapsed_ns / 1e9 | round) s, ground truth in " +
		"\(.ground_truth.rounds_equal // "no") of \(.ground_truth.rounds // "no") rounds"' "$1" >&3
}

# lab FILE MINUTES OPTION...: must be done in so many minutes.
lab() {
	local begun=$SECONDS
	"$TASKTAX" lab --json="$1" -o /dev/null "${@:3}"
	echo "# $* in $((SECONDS - begun)) s" >&3
	told "$1"
	[ $((SECONDS - begun)) -le $((60 * $2)) ]
	jq -e '[.experiments[].failed_because] | unique == [null]' "$1"
	jq -e '.experiments | all(.ground_truth == null or .ground_truth.lost == 0 and .ground_truth.reconciled)' "$1"
}

@test "the quick lab within 5 minutes, the full lab within 30, and no verdict turned round" {
	need_root
	lab "$BATS_TEST_TMPDIR/quick" 5 --quick
	lab "$BATS_TEST_TMPDIR/full" 30
	diff <(verdicts "$BATS_TEST_TMPDIR/quick") <(verdicts "$BATS_TEST_TMPDIR/full") >&3 || true
	join <(verdicts "$BATS_TEST_TMPDIR/quick" | sort) <(verdicts "$BATS_TEST_TMPDIR/full" | sort) \
		>"$BATS_TEST_TMPDIR/both"
	run ! grep -E ' (supported contradicted|contradicted supported)$' "$BATS_TEST_TMPDIR/both"
}
