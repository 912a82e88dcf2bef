#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# faults.bats - page faults whose number and kind are known beforehand, one by one, and those of a target
# in bad places. Repeats are in tests/soak, real programs in fault_loads.bats.

load faults
load trouble

setup() {
	trouble_setup
	need_root
}

teardown() { trouble_teardown; }

# kind KIND: its faults and no others are in the report.
kind() {
	fault_kind "$1"
	[ -z "$IMPOSSIBLE" ] || skip "$IMPOSSIBLE"
}

@test "faults of the kind zero-read, exactly" { kind zero-read; }
@test "faults of the kind first-touch, exactly" { kind first-touch; }
@test "faults of the kind over-zero, exactly" { kind over-zero; }
@test "faults of the kind cow-copy, exactly" { kind cow-copy; }
@test "faults of the kind cow-reuse, exactly" { kind cow-reuse; }
@test "faults of the kind cow-file, exactly" { kind cow-file; }
@test "faults of the kind cow-file-read, exactly" { kind cow-file-read; }
@test "faults of the kind file-warm, exactly" { kind file-warm; }
@test "faults of the kind file-cold, exactly" { kind file-cold; }
@test "faults of the kind file-write, exactly" { kind file-write; }
@test "faults of the kind file-write-read, exactly" { kind file-write-read; }
@test "faults of the kind shmem, exactly" { kind shmem; }
@test "faults of the kind shmem-read, exactly" { kind shmem-read; }
@test "faults of the kind thp, exactly" { kind thp; }
@test "faults of the kind kernel, exactly" { kind kernel; }
@test "faults of the kind populate, exactly" { kind populate; }
@test "faults of the kind segv, exactly" { kind segv; }
@test "faults of the kind thread-stack, exactly" { kind thread-stack; }
@test "faults of the kind uffd, exactly" { kind uffd; }
