#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# trouble.bats - `tasktax run` with bad input and in bad places: one line that says what and what to do,
# the documented exit status, nothing left behind; and what the command is given.

load trouble

setup() {
	trouble_setup
	need_root
	AS=()
}

teardown() {
	trouble_teardown
	rm -rf "${OPEN-}"
}

unprivileged() { setpriv --bounding-set="$1" --inh-caps="$1" "${@:2}"; }

# on_tmpfs OPTIONS FOLDER SCRIPT: what is refused is run by this script, its "$@", with a tmpfs of its own
# on FOLDER, its $0.
on_tmpfs() {
	# shellcheck disable=SC2016
	AS=(unshare --mount sh -c 'mount -t tmpfs -o "$1" none "$0" && script=$2 && shift 2 && eval "$script"'
		"$2" "$1" "$3")
}

@test "wrong arguments: 120" {
	refused 120 "no command to run"
	refused 120 "no command to run" --
	refused 120 "unrecognized option '--bogus'" --bogus -- true
	refused 120 "invalid option -- 'q'" -q -- true
	refused 120 "option '--pick' doesn't allow an argument" --pick=1 -- true
	refused 120 "option '--ring-size' requires an argument" --ring-size
	refused 120 "--ring-size '': not a power of two from 4K to 1G" --ring-size= -- true
	for size in 0 1 4095 5K 3M 2G 8MB x -4K 99999999999999999999; do
		refused 120 "--ring-size $size: not a power of two from 4K to 1G" \
			--ring-size="$size" -- true
	done
	refused 120 "--ring-size \\x1b[31m: not a power of two from 4K to 1G" \
		--ring-size $'\e[31m' true
	refused 120 "--follow-forks some: neither \"command\" nor \"all\"" --follow-forks=some true
	refused 120 "no such user: nobody-of-this-name" -u nobody-of-this-name -- true
	refused 120 "no such user: ''" -u '' -- true
	run --separate-stderr "$TASKTAX" run --without nothing -- true
	[ "$status" = 120 ]
	[ "${#stderr_lines[@]}" = 1 ]
	[[ $stderr == "tasktax: run: --without nothing: no such hook; there are tp_btf "*" csd_function_exit" ]]
	nobody_left
}

@test "no such sub-command: 120" {
	run --separate-stderr "$TASKTAX" trace
	[ "$status" = 120 ]
	[ "$stderr" = "tasktax: trace is not a tasktax command; \`tasktax --help\` lists them" ]
	run --separate-stderr "$TASKTAX"
	[ "$status" = 120 ]
	[ -z "$output" ]
	[[ $stderr == "usage: tasktax "* ]]
}

@test "a command that is not found: 127; that cannot be executed: 126; the file is kept" {
	echo kept >"$PLACE/report"
	printf '#!/no/such/interpreter\n' >"$PLACE/script"
	chmod 755 "$PLACE/script"
	refuses() { refused "$1" "cannot execute $2" -o "$PLACE/report" -- "$3"; }
	refuses 127 "no-such-command: No such file or directory" no-such-command
	refuses 127 "/no/such/command: No such file or directory" /no/such/command
	refuses 127 "'': No such file or directory" ''
	refuses 127 "a\\x0ab\\xff: No such file or directory" $'a\nb\xff'
	refuses 127 "$PLACE/script: the interpreter that it names does not exist" "$PLACE/script"
	refuses 126 "$PLACE: Permission denied" "$PLACE"
	refuses 126 "$PLACE/report: Permission denied" "$PLACE/report"
	refuses 126 "$PLACE/report/x: Not a directory" "$PLACE/report/x"
	files report script
	[ "$(cat "$PLACE/report")" = kept ]
}

@test "no privilege: 121, what is missing and what helps" {
	program=$(readlink -f "$TASKTAX")
	for missing in "CAP_BPF and CAP_PERFMON:-bpf,-perfmon,-sys_admin" \
		"CAP_PERFMON:-perfmon,-sys_admin" "CAP_BPF:-bpf,-sys_admin"; do
		AS=(unprivileged "${missing#*:}")
		refused 121 "need CAP_BPF and CAP_PERFMON to load BPF programs (missing: ${missing%%:*}); run it with sudo, or once: sudo setcap cap_bpf,cap_perfmon+ep $program" \
			-o "$PLACE/report" -- touch "$PLACE/ran"
	done
	copy_for_nobody
	run --separate-stderr "${NOBODY[@]}" "$COPY" run -- touch "$PLACE/ran"
	[ "$status" = 121 ]
	says "need CAP_BPF and CAP_PERFMON to load BPF programs (missing: CAP_BPF and CAP_PERFMON); run it with sudo, or once: sudo setcap cap_bpf,cap_perfmon+ep $COPY"
	files
}

@test "file capabilities are enough, and the command inherits none" {
	copy_for_nobody
	give_capabilities
	TASKTAX=$COPY
	chmod 777 "$OPEN"
	run --separate-stderr "${NOBODY[@]}" "$COPY" run --json="$OPEN/json" -o "$OPEN/report" -- \
		grep -E '^(Cap|NoNewPrivs|Uid|Groups)' /proc/self/status
	[ "$status" = 0 ]
	[ -z "$stderr" ]
	[ "$output" = "$("${NOBODY[@]}" grep -E '^(Cap|NoNewPrivs|Uid|Groups)' /proc/self/status)" ]
	for set in Inh Prm Eff Amb; do
		[[ $output == *"Cap$set:"$'\t'0000000000000000* ]]
	done
	JSON=$OPEN/json
	exact
	[ "$(stat -c '%U %a' "$OPEN/json" "$OPEN/report")" = $'nobody 600\nnobody 600' ]
}

@test "-u: as another user; 121 where that is not allowed" {
	trace -u nobody -- sh -c 'id -un; id -G; grep CapEff /proc/self/status'
	[ "$status" = 0 ]
	exact
	[ "$(cat "$OUT")" = "nobody"$'\n'"$(id -G nobody)"$'\n'"CapEff:"$'\t'"0000000000000000" ]
	copy_for_nobody
	give_capabilities
	TASKTAX=$COPY AS=("${NOBODY[@]}")
	refused 121 "cannot run true as user root: Operation not permitted; that takes CAP_SETUID and CAP_SETGID: run it with sudo" \
		-u root -- true
}

@test "a kernel without BTF: 122" {
	# shellcheck disable=SC2016
	on_tmpfs rw /sys/kernel/btf 'exec "$@"'
	refused 122 "this kernel cannot be traced: sched_switch: no BTF (/sys/kernel/btf/vmlinux missing); see \`tasktax doctor\`" \
		-o "$PLACE/report" -- touch "$PLACE/ran"
	files
}

@test "an output that cannot be written: 123 before the command runs" {
	mkdir "$PLACE/folder"
	ln -s folder "$PLACE/to-folder"
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$PLACE/socket"
	for option in -o --json=; do
		refuses() { refused 123 "cannot write $2: $3" "$option$1" -- touch "$PLACE/ran"; }
		refuses "$PLACE/no/such/folder" "$PLACE/no/such/folder" "No such file or directory"
		refuses "$PLACE/folder" "$PLACE/folder" "Is a directory"
		refuses "$PLACE/to-folder" "$PLACE/to-folder" "Is a directory"
		refuses "$PLACE/socket" "$PLACE/socket" "No such device or address"
		refuses /proc/version /proc/version "No such file or directory"
		refuses $'/no/\e[31m' '/no/\x1b[31m' "No such file or directory"
		refuses /dev/fd/99 /dev/fd/99 "Bad file descriptor"
	done
	refused 123 "cannot write '': No such file or directory" -o '' -- touch "$PLACE/ran"
	# shellcheck disable=SC2016
	on_tmpfs ro "$PLACE/folder" 'exec "$@"'
	refused 123 "cannot write $PLACE/folder/report: Read-only file system" \
		-o "$PLACE/folder/report" -- touch "$PLACE/ran"
	files folder to-folder socket
}

@test "another user's folder: 123" {
	copy_for_nobody
	give_capabilities
	TASKTAX=$COPY AS=("${NOBODY[@]}")
	refused 123 "cannot write $OPEN/report: Permission denied" -o "$OPEN/report" -- true
	[ "$(ls "$OPEN")" = tasktax ]
}

@test "a full disk: 123, the old file is kept; the command's own status goes before" {
	refused 123 "cannot write /dev/full: No space left on device" -o /dev/full -- true
	refused 123 "cannot write /dev/full: No space left on device" --json=/dev/full \
		-o "$PLACE/report" -- true
	grep -q '^tasktax: true$' "$PLACE/report"
	refused 4 "cannot write /dev/full: No space left on device" -o /dev/full -- sh -c 'exit 4'
	# one page for the old file, none for the new one
	mkdir "$PLACE/small"
	# shellcheck disable=SC2016 # the script expands them
	on_tmpfs size=4k "$PLACE/small" 'cd "$0" && echo old >report && "$@"; status=$?
		ls -A >../list; cat report >../old; exit $status'
	refused 123 "cannot write $PLACE/small/report: No space left on device" \
		-o "$PLACE/small/report" -- true
	[ "$(cat "$PLACE/list" "$PLACE/old")" = $'report\nold' ]
}

@test "a file appears whole, for its owner only; a link is replaced, not followed" {
	echo theirs >"$PLACE/theirs"
	ln -s theirs "$PLACE/link"
	ln -s /dev/null "$PLACE/device"
	ln -s nowhere "$PLACE/dangling"
	umask 0
	for file in link device dangling new; do
		run --separate-stderr "$TASKTAX" run -o "$PLACE/$file" -- ls -A "$PLACE"
		[ "$status" = 0 ]
		[ -z "$stderr" ]
		[[ $output != *.* ]] # no temporary file while it runs
		[ "$(stat -c '%F %a' "$PLACE/$file")" = "regular file 600" ]
		grep -q '^tasktax: ls -A ' "$PLACE/$file"
	done
	files theirs link device dangling new
	[ "$(cat "$PLACE/theirs")" = theirs ]
}

@test "names of open descriptors mean these: /dev/stdout, /dev/fd/N, <()" {
	ln -s /proc/self/fd/1 "$PLACE/stdout" # as /dev/stdout, which is not ours to break
	"$TASKTAX" run -o "$PLACE/stdout" -- echo first >"$PLACE/out"
	[ "$(head -n 2 "$PLACE/out")" = $'first\ntasktax: echo first' ]
	[ -L "$PLACE/stdout" ]
	"$TASKTAX" run -o /dev/fd/9 -- true 9>>"$PLACE/out"
	grep -q '^tasktax: true$' "$PLACE/out"
	"$TASKTAX" run -o /dev/null --json=>(jq .exit.code >"$PLACE/code") -- sh -c 'exit 6' || true
	within 5 grep -qx 6 "$PLACE/code"
	mkfifo "$PLACE/fifo"
	head -n 1 "$PLACE/fifo" >"$PLACE/head" &
	"$TASKTAX" run -o "$PLACE/fifo" -- true
	wait $!
	[ "$(cat "$PLACE/head")" = "tasktax: true" ]
}

@test "closed standard descriptors: closed for the command, an error where the report should go" {
	same() { cmp "$PLACE/traced" "$PLACE/plain"; }
	list() { echo "ls /proc/self/fd >$PLACE/$1"; }
	"$TASKTAX" run -o "$PLACE/report" -- sh -c "$(list traced)" <&-
	sh -c "$(list plain)" <&-
	same
	"$TASKTAX" run -o "$PLACE/report" -- sh -c "$(list traced)" 2>&-
	sh -c "$(list plain)" 2>&-
	same
	"$TASKTAX" run -o "$PLACE/report" -- sh -c "$(list traced)" >&- 2>&- <&-
	sh -c "$(list plain)" >&- 2>&- <&-
	same
	grep -q '^complete: ' "$PLACE/report"
	status=0
	"$TASKTAX" run -o - -- touch "$PLACE/ran" >&- 2>"$PLACE/err" || status=$?
	[ "$status" = 123 ]
	[ "$(cat "$PLACE/err")" = "tasktax: run: cannot write to standard output: Bad file descriptor" ]
	status=0
	"$TASKTAX" run -- touch "$PLACE/ran" 2>&- || status=$?
	[ "$status" = 123 ]
	files err plain report traced
}

@test "the reader of the report has gone: 123, no death by SIGPIPE; the command's status goes before" {
	for code in 0 5; do
		{
			status=0
			"$TASKTAX" run -o - -- sh -c "sleep 0.1; exit $code" 2>"$PLACE/err" || status=$?
			echo "$status" >"$PLACE/status"
		} | true
		[ "$(cat "$PLACE/status")" = $((code ? code : 123)) ]
		[ "$(cat "$PLACE/err")" = "tasktax: run: cannot write to standard output: Broken pipe" ]
		{
			status=0
			"$TASKTAX" run -- sh -c "sleep 0.1; exit $code" 2>&1 || status=$?
			echo "$status" >"$PLACE/status"
		} | true
		[ "$(cat "$PLACE/status")" = $((code ? code : 123)) ]
	done
}

@test "the command gets what a shell would give it" {
	cat >"$PLACE/state" <<-'SH'
		grep -Ev '^(Tgid|Pid|PPid|NStgid|NSpid|SigQ|Vm|Rss|.*ctxt_switches)' /proc/self/status
		cat /proc/self/limits /proc/self/cgroup /proc/self/oom_score_adj
		cut -d ' ' -f 5-8,18,19,40,41 /proc/self/stat
		ls /proc/self/fd
		readlink /proc/self/cwd /proc/self/root /proc/self/fd/[0127]
		umask
		ulimit -a
	SH
	cd "$PLACE"
	(
		umask 027
		ulimit -n 100
		exec 7</dev/null
		sh state >plain </dev/null
		"$TASKTAX" run -o report -- sh state >traced </dev/null
	)
	sed -i "s=$PLACE/traced=$PLACE/plain=" traced
	diff plain traced
	values=(A=1 EMPTY= LINES=$'a\nb' $'RAW=\xff\e' PATH=/usr/bin:/bin)
	env -i "${values[@]}" env -0 >plain
	env -i "${values[@]}" "$TASKTAX" run -o report -- env -0 >traced
	cmp plain traced
	signals=(timeout -s KILL 20 env "--ignore-signal=HUP,PIPE,CHLD,USR1" "--block-signal=TERM,USR2")
	"${signals[@]}" grep '^Sig[^Q]' /proc/self/status >plain
	"${signals[@]}" "$TASKTAX" run -o report -- grep '^Sig[^Q]' /proc/self/status >traced
	diff plain traced
}

@test "few descriptors: as many as the hard limit allows, but not for the command" {
	for command in "run -o $PLACE/report -- sh" "run --without tp_btf -o $PLACE/report -- sh"; do
		# shellcheck disable=SC2086
		run --separate-stderr prlimit --nofile=24:1024 "$TASKTAX" $command -c 'ulimit -Sn; ulimit -Hn'
		[ "$status" = 0 ]
		[ -z "$stderr" ]
		[ "$output" = $'24\n1024' ]
		grep -q '^complete: ' "$PLACE/report"
	done
	prlimit --nofile=24:1024 "$TASKTAX" doctor >"$PLACE/few"
	"$TASKTAX" doctor >"$PLACE/many"
	cmp "$PLACE/few" "$PLACE/many"
	AS=(prlimit --nofile=24:24)
	refused 125 "cannot look at what this kernel allows: Too many open files; raise the hard limit (ulimit -Hn)" \
		-- touch "$PLACE/ran"
	files report few many
}

@test "an argv that no terminal should meet: quoted, and whole in the JSON" {
	# shellcheck disable=SC2016,SC1003
	words=(true $'\e[31mred' $'a\nb' $'q\'' '$x' '' '\' $'\xe2\x80\xaee' $'\xff')
	trace -- "${words[@]}"
	[ "$status" = 0 ]
	valid
	json '.command | length' | grep -qx "${#words[@]}"
	for ((i = 0; i < ${#words[@]} - 1; i++)); do # the last is no UTF-8
		[ "$(jq -j ".command[$i]" "$JSON"; echo x)" = "${words[i]}x" ]
	done
	[ "$(json '.command[-1]')" = $'\xef\xbf\xbd' ]
	line=$(sed '/^  exit status/,$d; s/^ //' "$REPORT" | tr -d '\n')
	[[ $line =~ ^[\ -~]*$ ]]
	eval "again=(${line#tasktax: })" # it can be given to a shell
	[ "${again[*]@Q}" = "${words[*]@Q}" ]
	long=$(printf '%0100000d' 0)
	mapfile -t many < <(seq 20000)
	trace -- true "$long" "${many[@]}"
	[ "$status" = 0 ]
	valid
	exact
	check '(.command | length) == 20002 and (.command[1] | length) == 100000'
	[ "$(wc -L <"$REPORT")" -le 80 ]
	[ "$(sed '/^  exit status/q' "$REPORT" | wc -c)" -lt 700 ]
}

@test "names that no terminal should meet: quoted, valid UTF-8 in the JSON" {
	trace --no-faults -- "$TARGETS/hostile_comm" # so that the table has room for whole names
	[ "$status" = 0 ]
	valid
	exact
	balanced
	names=$(json '[.processes[].tasks[].comm] | unique | tojson')
	[ "$names" = "$(jq -cn --arg csi $'\u009b' '[
		"\u001b[31mred\u001b[0m", "a\nb\tc\rd", "\ufffd\ufffd\ufffd\ufffd bad", "\u202eevil",
		"\"},{\"x\":\"", "</script>", "=cmd|\u0027 /C\u0027!A0", "\ufffd31m", "hostile_comm"
		] | unique')" ]
	for file in "$JSON" "$REPORT"; do
		iconv -f UTF-8 -t UTF-8 "$file" >/dev/null
		[ "$(LC_ALL=C tr -d '\n[:print:]\200-\377' <"$file" | wc -c)" = 0 ]
	done
	for name in '\x1b[31mred\x1b' 'a\x0ab\x09c\x0dd' '\xff\xfe\xc0' '\xe2\x80\xaeevil' '\x9b31m'; do
		grep -qF -e "$name" "$REPORT"
	done
	run ! grep -q $'\u202e' "$REPORT"
}

@test "when it is over no BPF object of it exists" {
	echo "cat /proc/\$PPID/fdinfo/*" >"$PLACE/command"
	trace -- sh "$PLACE/command"
	objects=$(sed -n 's/^\(prog\|link\|map\)_id:[[:space:]]*/\1 /p' "$OUT" | sort -u)
	for kind in prog link map; do [ "$(grep -c "^$kind " <<<"$objects")" -ge 4 ]; done
	all_gone "$objects"
}
