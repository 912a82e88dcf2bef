# SPDX-License-Identifier: GPL-2.0
# trouble.bash - what the tests of bad places and odd lifetimes share: errors to the letter, processes
# started and waited for, and that nothing is left: no process, no file, no BPF object.

load common

# Everything that a test starts carries this mark in its environment, and files go into $PLACE.
trouble_setup() {
	bats_require_minimum_version 1.5.0
	PLACE=$BATS_TEST_TMPDIR/place
	mkdir "$PLACE"
	export TROUBLE=$BATS_TEST_TMPDIR
	STARTED=
}

# marked: the pids of what this test started and still lives.
marked() {
	local list
	# some processes end while it looks: that is no error
	list=$(env -u TROUBLE grep -lszxF "TROUBLE=$TROUBLE" /proc/[0-9]*/environ) || true
	list=${list//\/proc\//}
	echo "${list//\/environ/}"
}

trouble_teardown() {
	local pid
	for pid in $(marked); do kill -KILL "$pid" || true; done
	[ -z "$STARTED" ] || wait "$STARTED" || true
} 2>/dev/null

nobody_left() { [ -z "$(marked)" ]; }
one_left() { [[ $(marked) =~ ^[0-9]+$ ]]; }

# files NAME...: these and no others are in $PLACE.
files() {
	local there wanted
	there=$(find "$PLACE" -mindepth 1 -printf '%P\n' | LC_ALL=C sort)
	wanted=$([ $# = 0 ] || printf '%s\n' "$@" | LC_ALL=C sort)
	[ "$there" = "$wanted" ] || {
		echo "in the folder: $there; not: $wanted"
		return 1
	}
}

# says LINE: the standard error of the last `run --separate-stderr` is this one line.
says() {
	[ "$stderr" = "tasktax: run: $1" ] || {
		printf 'said:   %s\nnot:    tasktax: run: %s\n' "$stderr" "$1"
		return 1
	}
}

# refused STATUS LINE ARGUMENT...: `tasktax run ARGUMENT...` ends so and says only this; it runs no
# command and leaves no process.
refused() {
	local expected=$1 line=$2
	shift 2
	run -"$expected" --separate-stderr "${AS[@]}" "$TASKTAX" run "$@"
	says "$line"
	[ -z "$output" ]
	nobody_left
}

# start ARGUMENT...: `tasktax run ARGUMENT...` in the background, in $STARTED, its report and JSON as
# those of trace. A shell ignores SIGINT and SIGQUIT for what it starts so.
start() {
	JSON=$BATS_TEST_TMPDIR/report.json OUT=$BATS_TEST_TMPDIR/out REPORT=$BATS_TEST_TMPDIR/report
	env --default-signal=INT,QUIT "${AS[@]}" "$TASKTAX" run --json="$JSON" -o "$REPORT" "$@" \
		>"$OUT" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	STARTED=$!
}

# ends_with STATUS: what was started.
ends_with() {
	status=0
	wait "$STARTED" || status=$?
	STARTED=
	[ "$status" = "$1" ] || {
		echo "ended with $status, not $1"
		cat "$BATS_TEST_TMPDIR/err"
		return 1
	}
}

give_capabilities() {
	setcap cap_bpf,cap_perfmon+ep "$COPY" || skip "this file system has no file capabilities"
	[[ $(findmnt -no OPTIONS -T "$COPY") != *nosuid* ]] || skip "this file system is nosuid"
}

# bpftool as the Makefile finds it: Ubuntu's is a script that may refuse.
bpf_tool() {
	local tools=(/usr/lib/linux-tools*/*/bpftool)
	if bpftool version >/dev/null 2>&1; then
		bpftool "$@"
	else
		"${tools[-1]}" "$@"
	fi
}

# bpf_objects PID: "prog 12", "link 7", "map 3" of all that this process holds.
bpf_objects() {
	sed -n 's/^\(prog\|link\|map\)_id:[[:space:]]*/\1 /p' "/proc/$1/fdinfo"/* 2>/dev/null | sort -u
}

# bpf_exists KIND ID
bpf_exists() { bpf_tool "$1" show id "$2" >/dev/null 2>&1; }
bpf_gone() { ! bpf_exists "$1" "$2"; }

# all_gone OBJECTS: none of what bpf_objects listed exists any more; the kernel frees them a little later.
all_gone() {
	local kind id
	while read -r kind id; do
		within 5 bpf_gone "$kind" "$id" || {
			echo "$kind $id is still there"
			return 1
		}
	done <<<"$1"
}
