#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# top.bats - `tasktax top` as its users see it, in tmux and in scripts. Most of it goes by censuses that a file tells
# (tests/drivers/top_made_up.c), so that every figure is known; the last tests watch what really runs.

load common

MADE_UP=$BUILD/tests/drivers/top_made_up

setup() {
	bats_require_minimum_version 1.5.0
	command -v tmux >/dev/null || skip "needs tmux"
	export CENSUS=$BATS_TEST_TMPDIR/census
	cat >"$CENSUS" <<-'END'
		task 100 0 1 nginx 1000 200 50 300 20000 10 2048
		task 101 0 100 nginx-worker 5000 10 5 280 90000 0 1024
		task 200 0 1 postgres 10 3000 0 400 1000000 500 65536
	END
	SOCKET=$BATS_TEST_TMPDIR/tmux
	STARTED=()
}

teardown() {
	local pid
	for pid in "${STARTED[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
	terminal kill-server 2>/dev/null || true
}

terminal() { tmux -S "$SOCKET" -f /dev/null "$@" 3>&-; }

# open WxH COMMAND...: in a window of that size; its end and status are shown.
open() {
	local size=$1
	shift
	terminal new-session -d -x "${size%x*}" -y "${size#*x}" \
		"LC_ALL=${LOCALE-C.UTF-8} $*; echo \"ended with \$?\"; exec cat"
}

screen() { terminal capture-pane -p; }
has() { screen | grep -qE -- "$1"; }
has_not() { ! has "$1"; }

# shows REGEX: within five seconds; else the screen is shown.
shows() { within 5 has "$1" || { echo "no $1 in:"; screen; return 1; }; }
hides() { within 5 has_not "$1" || { echo "still $1 in:"; screen; return 1; }; }

keys() { terminal send-keys "$@"; }
resize() { terminal resize-window -x "${1%x*}" -y "${1#*x}"; }

# names: of the rows on the screen, in their order.
names() { screen | grep -oE '^ +[0-9]+ .{20}' | grep -oE '(nginx|nginx-worker|postgres|[a-z]+\.new) ' | tr -d '\n'; }
ordered() { [ "$(names)" = "$1 " ]; }
in_order() { within 5 ordered "$1" || { echo "not $1:"; screen; return 1; }; }

@test "80x24: all of a row, each line within the window" {
	open 80x24 "$MADE_UP" -i 0.2
	shows '^    101 nginx-worker +5\.0k  5\.0k    10 280ns  1\.4%   8[0-9]us     0     0  1\.0M$'
	shows '^    200 postgres +3\.0k    10  3\.0k 400ns  1\.2%  1\.0ms   500     0   64M$'
	shows '^tasktax top .*the whole host: 3 processes, 3 tasks; 0:00:'
	shows '^Switches/s: in 9\.3k: thread 6\.0k, process 3\.2k, resume 55;'
	shows '^Tax: switching 1\.0% \(321ns\), faulting 0\.2%; wait p99 1\.0ms; flt/s 510, debt 0$'
	shows '^Itself: (<?[0-9.]+%) of a CPU, [0-9.]+M; lost 0;'
	shows '^Last minute +(▁|█)+ up to 9\.3k/s$'
	shows '^q Quit  h Help'
	[ "$(screen | wc -l)" = 24 ]
	keys q
	shows '^ended with 0$'
}

@test "keys: order, tree, filter, kinds of faults, what has no room" {
	open 80x24 "$MADE_UP" -i 0.2
	in_order 'nginx-worker postgres nginx'
	keys W
	in_order 'postgres nginx-worker nginx'
	keys R
	in_order 'nginx nginx-worker postgres'
	keys N
	in_order 'nginx nginx-worker postgres'
	keys M t
	in_order 'postgres nginx nginx-worker'
	shows '101 └ nginx-worker'
	keys /
	shows '^Filter \(name, pid\): _$'
	keys WORKER
	hides postgres
	keys Enter
	shows '^Filter: WORKER \(Esc shows all\): 2 of 3 rows$'
	keys Escape
	shows postgres
	keys f
	shows 'FLT/s MAJOR  FTAX +DEBT TOUCH'
	keys f
	hides SHOOT
	keys Right Right Right Right
	shows 'SHOOT  SHOT   RSS   PSS'
	keys H
	shows 'start with --threads'
	keys d
	shows 'Seconds between updates \(now 0\.2\): _'
	keys x Enter
	shows 'not a number of seconds'
}

@test "frozen: nothing moves until it goes on; help and back" {
	open 80x24 "$MADE_UP" -i 0.1
	shows postgres
	keys Space
	shows FROZEN
	frozen=$(screen)
	sed -i 's/postgres/elephant.new/' "$CENSUS"
	sleep 0.5
	[ "$(screen)" = "$frozen" ]
	keys C # order still can be changed
	in_order 'postgres nginx nginx-worker'
	keys Space
	hides FROZEN
	shows elephant.new
	keys h
	shows '^tasktax top: help'
	shows 'fork; FTAX'
	keys q
	hides 'tasktax top: help'
	shows elephant.new
}

@test "any size: 120x40 has all columns, a small one says so, none is a crash" {
	open 120x40 "$MADE_UP" -i 0.2
	shows 'CSW/s THR/s PRC/s RES/s  COST   TAX WAIT99 FLT/s  DEBT SHOOT  SHOT   RSS   PSS LAST MINUTE'
	[ "$(screen | wc -l)" = 40 ]
	resize 60x12
	shows '^60x12: too small to show all, 80x24 does'
	shows nginx-worker
	resize 30x5
	shows '^30x5: too small'
	resize 1x1
	sleep 0.3
	resize 200x50
	shows 'PSS LAST MINUTE'
	resize 80x24
	shows '^    101 nginx-worker'
	hides 'LAST MINUTE'
	keys q
	shows '^ended with 0$'
}

@test "threads below their process, and only where there are several" {
	cat >"$CENSUS" <<-'END'
		task 100 100 1 java 10 0 0 300 20000 0 2048
		task 100 105 0 GC.new 400 0 0 300 20000 0 0
		task 200 200 1 postgres 10 3000 0 400 1000000 500 65536
	END
	open 80x24 "$MADE_UP" -i 0.2 --threads
	shows '^    100 java +410'
	shows '^    105 ├ GC.new +400'
	shows '^    100 └ java +10 '
	[ "$(screen | grep -c postgres)" = 1 ]
	keys H
	hides GC.new
	shows '^    100 java +410'
}

@test "who comes has a row, who ends has none, and is in the sums" {
	open 80x24 "$MADE_UP" -i 0.2
	shows postgres
	echo 'task 300 0 1 late.new 7 0 0 300 1000 0 0' >>"$CENSUS"
	shows late.new
	sed -i /postgres/d "$CENSUS"
	hides postgres
	shows '^Switches/s: in 6\.3k:'
	echo 'lost 5' >>"$CENSUS"
	shows 'lost 5: the counts are at least'
}

@test "^Z gives the terminal back, fg the screen" {
	terminal new-session -d -x 80 -y 24 "LC_ALL=C.UTF-8 PS1='% ' bash --norc --noprofile -i"
	keys "$MADE_UP -i 0.2" Enter
	shows postgres
	keys C-z
	shows 'Stopped'
	# shellcheck disable=SC2016 # the shell in the window expands it
	keys 'echo typed: $((40 + 2))' Enter
	shows '^typed: 42$'
	keys 'fg' Enter
	shows '^Itself'
	hides '^typed'
	keys /nginx Enter
	hides postgres
	keys q
	shows '^%$'
	# shellcheck disable=SC2016 # the same
	keys 'echo again: $?' Enter
	shows '^again: 0$'
}

@test "SIGTERM and SIGINT are clean ends" {
	for signal in TERM INT; do
		open 80x24 "exec bash -c 'echo \$\$ >$BATS_TEST_TMPDIR/pid; exec $MADE_UP -i 0.2'"
		shows postgres
		pid=$(cat "$BATS_TEST_TMPDIR/pid")
		[ "$signal" = TERM ] && kill "$pid"
		[ "$signal" = INT ] && keys C-c
		within 5 test ! -d "/proc/$pid"
		terminal kill-server 2>/dev/null || true
	done
	open 80x24 "$MADE_UP" -i 0.2
	shows postgres
	keys C-c
	shows '^ended with 0$'
}

@test "it ends with its terminal" {
	open 80x24 "exec bash -c 'echo \$\$ >$BATS_TEST_TMPDIR/pid; exec $MADE_UP -i 0.2'"
	shows postgres
	pid=$(cat "$BATS_TEST_TMPDIR/pid")
	[ -d "/proc/$pid" ]
	terminal kill-server
	within 5 test ! -d "/proc/$pid"
}

@test "colours, and none where nobody wants them; ASCII where there is no UTF-8" {
	coloured() { terminal capture-pane -e -p | grep -q $'\e\\[3[0-7]m'; }
	open 80x24 "$MADE_UP" -i 0.2 -t
	shows '└ nginx-worker'
	coloured
	terminal kill-server
	for quiet in "NO_COLOR=1 $MADE_UP" "$MADE_UP --no-color"; do
		open 80x24 "$quiet" -i 0.2
		shows postgres
		shows '^Last minute'
		run -1 coloured
		terminal kill-server
	done
	LOCALE=C open 80x24 "$MADE_UP" -i 0.2 -t
	shows '101 ` nginx-worker'
	shows '^Last minute +#+ up to'
}

@test "plain batches: so many, no escapes, 80 columns, hostile names quoted" {
	printf 'task 300 0 1 \x1b[31mred\xff 7 0 0 300 1000 0 0\n' >>"$CENSUS"
	"$MADE_UP" -b -n 3 -i 0.1 >"$BATS_TEST_TMPDIR/out"
	[ "$(grep -c '^tasktax top' "$BATS_TEST_TMPDIR/out")" = 3 ]
	[ "$(grep -c '^    200 postgres' "$BATS_TEST_TMPDIR/out")" = 3 ]
	run ! grep -q $'\e' "$BATS_TEST_TMPDIR/out"
	[ "$(wc -L <"$BATS_TEST_TMPDIR/out")" -le 80 ]
	grep -qF ' 300 \x1b[31mred\xff ' "$BATS_TEST_TMPDIR/out"
	"$MADE_UP" -b -n 1 -i 0.1 -w 132 | grep -q 'RSS   PSS LAST MINUTE'
	"$MADE_UP" -b -n 1 -i 0.1 --sort name | grep -A 1 PID | grep -q 'red'
	run -0 "$MADE_UP" -b -n 1 -i 0.1 --no-faults --no-tlb -w 132
	[[ $output =~ 200\ postgres.*1.0ms\ +–\ +–\ +–\ +–\ +64M ]]
}

@test "what is wrong is one line and an exit status" {
	run -120 "$MADE_UP" -i 0.2 </dev/null
	[ "$output" = 'tasktax: top: standard input and output are no terminal (or TERM is not set): -b writes plain text' ]
	run -120 "$MADE_UP" -b -i 0
	[[ $output = *'--interval 0: not a number of seconds from 0.1 to 3600'* ]]
	run -120 "$MADE_UP" -b -n 0
	run -120 "$MADE_UP" -b -w 10
	run -120 "$MADE_UP" -b --sort nothing
	[[ $output = *'--sort nothing: no such column'* ]]
	run -120 "$MADE_UP" command
	# shellcheck disable=SC2016 # the inner shell expands it
	run -123 bash -c '"$1" -b -n 1 -i 0.1 >/dev/full' - "$MADE_UP"
	run -125 env CENSUS=/nowhere "$MADE_UP" -b -n 1 -i 0.1
	[[ $output = *'there is no census'* ]]
	# ncurses itself does not free what it began
	open 80x24 "TERM=none-such ASAN_OPTIONS=detect_leaks=0 $MADE_UP"
	shows 'the terminal none-such cannot be drawn on'
	shows '^ended with 120$'
}

# --- what really runs ---

# row NAME: of the first update in $OUT, its first figures: CSW/s THR/s.
row() { awk -v name="$1" '$2 == name { print $3, $4; exit }' "$OUT"; }

# plain FIGURE: 1.2k is 1200.
plain() { awk -v figure="$1" 'BEGIN { n = figure + 0; if (figure ~ /k$/) n *= 1000; if (figure ~ /M$/) n *= 1e6; print int(n) }'; }

@test "live: top says what attach says of the same time" {
	need_root
	OUT=$BATS_TEST_TMPDIR/out JSON=$BATS_TEST_TMPDIR/report.json
	mkfifo "$BATS_TEST_TMPDIR/go"
	# shellcheck disable=SC2016 # the inner shell expands it
	bash -c 'read -r _ <"$1"; "$2" ring --as thread --rounds 20000 --cpu auto >/dev/null
		echo done >"$3"; exec sleep 60' - "$BATS_TEST_TMPDIR/go" "$DEMO" "$BATS_TEST_TMPDIR/done" 3>&- &
	worker=$!
	STARTED+=("$worker")
	sleep 0.3
	"$TASKTAX" attach -p "$worker" -d 4 --json="$JSON" -o "$BATS_TEST_TMPDIR/report" 3>&- &
	tracer=$!
	"$TASKTAX" top -b -n 1 -i 4 -p "$worker" -w 132 >"$OUT" 3>&- &
	top=$!
	sleep 1.5
	echo >"$BATS_TEST_TMPDIR/go"
	wait "$tracer"
	wait "$top"
	[ -s "$BATS_TEST_TMPDIR/done" ]
	cat "$OUT"
	# of all levels: others may share the CPU
	seen=$(json '[.switches[] | select(.level == "process" or .level == "thread" or .level == "resume") |
		.count] | add')
	[ "$seen" -gt 10000 ]
	rate=$(plain "$(sed -nE 's|^Switches/s: in ([0-9.kM]+):.*|\1|p' "$OUT")")
	echo "attach: $seen; top: $rate a second in 4 s"
	# two digits, and 4 s that are a little longer
	[ $((rate * 4 * 100)) -gt $((seen * 90)) ] && [ $((rate * 4 * 100)) -lt $((seen * 106)) ]
	grep -q "^tasktax top .* -p $worker: " "$OUT"
	grep -q '(in no row)' "$OUT"
}

@test "live: threads below their process, its memory, and what the programs cost" {
	need_root
	OUT=$BATS_TEST_TMPDIR/out
	"$DEMO" ring --as thread --rounds 100000000 --cpu auto >/dev/null 3>&- &
	ring=$!
	STARTED+=("$ring")
	sleep 0.3
	"$TASKTAX" top -b -n 2 -i 0.7 -p "$ring" -t --threads --bpf-stats >"$OUT"
	cat "$OUT"
	[ "$(grep -c "^ *$ring tasktax-demo" "$OUT")" = 2 ]
	read -r all thread < <(row tasktax-demo)
	[ "$(plain "$all")" -gt 5000 ] && [ "$(plain "$thread")" -gt 100 ]
	[ "$(grep -cE '^ *[0-9]+ [├└] tasktax-demo +[0-9.]+k' "$OUT")" = 4 ]
	grep -qE "^ *$ring tasktax-demo .* [0-9.]+M$" "$OUT"
	grep -qE '^Itself: .*programs [0-9.]+%$' "$OUT"
}

@test "live: threads that come and go stay in the sum of their process" {
	need_root
	command -v stress-ng >/dev/null || skip "stress-ng is not installed"
	OUT=$BATS_TEST_TMPDIR/out
	stress-ng --pthread 1 --pthread-max 8 --timeout 20 --quiet 3>&- &
	STARTED+=("$!")
	within 5 pgrep -x stress-ng-pthre -P "$!"
	storm=$(pgrep -x stress-ng-pthre -P "$!")
	STARTED+=("$storm")
	"$TASKTAX" top -b -n 3 -i 0.7 -p "$storm" --threads >"$OUT"
	cat "$OUT"
	for update in 1 2 3; do
		all=$(sed -nE 's|^Switches/s: in ([0-9.kM]+):.*|\1|p' "$OUT" | sed -n "${update}p")
		of_process=$(awk -v pid="$storm" '$1 == pid && $2 !~ /[├└]/ { print $3 }' "$OUT" | sed -n "${update}p")
		[ "$(plain "$all")" -gt 100 ]
		[ "$all" = "$of_process" ]
	done
	run ! grep -q 'in no row' "$OUT"
}

@test "live: on the screen, the whole host; the end leaves no program" {
	need_root
	"$DEMO" ring --as process --rounds 100000000 --cpu auto >/dev/null 3>&- &
	STARTED+=("$!")
	open 100x30 "$TASKTAX" top -i 0.5 -t
	within 10 has '^Switches/s: in [0-9.]+k'
	keys /tasktax-demo Enter
	shows '^Filter: tasktax-demo'
	shows 'tasktax-de.* +[0-9.]+k'
	pid=$(pgrep -f "^$TASKTAX top -i 0.5 -t" | head -n 1)
	grep -q '^CapEff:.0000000000080000$' "/proc/$pid/status" # to look into memory maps, no more
	keys q
	shows '^ended with 0$'
	[ ! -d "/proc/$pid" ]
}

@test "live: with CAP_BPF and CAP_PERFMON a user watches his own; without them one line says what is missing" {
	need_root
	copy_for_nobody
	run -121 "${NOBODY[@]}" "$COPY" top -b -n 1
	[ "${#lines[@]}" = 1 ]
	setcap cap_bpf,cap_perfmon+ep "$COPY" || skip "no file capabilities here"
	setpriv --reuid=65528 --regid=65528 --clear-groups sleep 60 3>&- &
	own=$!
	STARTED+=("$own")
	within 2 grep -q '^Uid:.65528' "/proc/$own/status"
	run -0 setpriv --reuid=65528 --regid=65528 --clear-groups "$COPY" top -b -n 1 -i 0.5 -p "$own"
	[[ $output = *" $own sleep "* ]]
	run -120 "$TASKTAX" top -b -n 1 -p 4194303
	[[ $output = *4194303* ]]
	rm -r "$OPEN"
}
