#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# doctor.bats - `tasktax doctor`: every row, the verdict and the exit status, as text and as JSON, with
# and without privileges.

load common

ESCAPE=$'\033'

# doctor ARGUMENT...: its standard output in $output, its standard error in $stderr.
doctor() { run --separate-stderr "$TASKTAX" doctor "$@"; }

# unprivileged COMMAND...: without the capabilities that tracing needs, and no way to get them back.
unprivileged() { setpriv --bounding-set="$DROPPED" --inh-caps="$DROPPED" "$@"; }

# on_terminal COMMAND: its output when the standard output is a terminal.
on_terminal() { TERM=xterm script --quiet --command "$1" /dev/null </dev/null | tr -d '\r'; }

setup() {
	bats_require_minimum_version 1.5.0
	DROPPED=-bpf,-perfmon,-sys_admin
}

teardown() { rm -rf "${OPEN-}"; }

@test "every feature is a row, in text and in JSON" {
	need_root
	doctor --json
	[ "$status" = 0 ]
	names=$(jq -r '.features[].name' <<<"$output")
	doctor
	[ "$status" = 0 ]
	rows=$(awk '/^HOOK /{ on = 1; next } /^$/{ on = 0 } on && /^[a-z]/{ print $1 }' <<<"$output")
	[ "$rows" = "$names" ]
	for name in tp_btf task_storage ringbuf ring_in_array sched_switch sched_switch_raw \
		sched_exit_tp finish_task_switch sched_entry_tp task_newtask sched_process_exec \
		sched_process_exit task_rename sched_waking iter_task run_delay page_fault_user \
		page_fault_kernel rss_stat perf_fault_min perf_fault_maj fentry kprobe tlb_flush \
		csd_function_entry csd_function_exit csd_queue_cpu perf_mappings; do
		grep -qx "$name" <<<"$names"
	done
	for label in Kernel CPU BTF Lockdown PMU Capabilities; do grep -q "^$label " <<<"$output"; done
}

@test "the verdict is the last line and agrees with run" {
	need_root
	doctor
	[ "$status" = 0 ]
	# shellcheck disable=SC2016 # the backquotes are the text
	[[ ${lines[-1]} == '`tasktax run` will work: level'* ]]
	"$TASKTAX" run -o "$BATS_TEST_TMPDIR/report" -- true
}

@test "JSON has the shape of tasktax.doctor/1" {
	need_root
	doctor --json
	[ "$status" = 0 ]
	[ -z "$stderr" ]
	jq -e '
		def text_or_null: type == "string" or type == "null";
		.schema == "tasktax.doctor/1" and (.tool.version | type == "string")
		and (.host.kernel == $kernel) and (.host.cpus >= 1) and (.host.btf | type == "boolean")
		and (.capabilities | (.held | type == "array") and (.missing | type == "array"))
		and (.capabilities.held | index("CAP_BPF") != null)
		and (.features | length > 30 and (map(.name) | unique | length) == length)
		and (.features | all((.name | type == "string") and (.need | type == "string")
			and (.state | IN("ok", "off", "excluded"))
			and (.why | text_or_null) and (.instead | text_or_null)
			and (.loses | text_or_null) and (.state == "ok" or .why != null)))
		and .verdict.run == true and (.verdict.reason | type == "string")
	' --arg kernel "$(uname -r)" <<<"$output"
}

@test "--json=FILE writes the file beside the text, for its owner only" {
	need_root
	doctor --json="$BATS_TEST_TMPDIR/doctor.json"
	[ "$status" = 0 ]
	grep -q '^HOOK ' <<<"$output"
	jq -e '.verdict.run' "$BATS_TEST_TMPDIR/doctor.json"
	[ "$(stat -c %a "$BATS_TEST_TMPDIR/doctor.json")" = 600 ]
}

@test "a file that cannot be written is an error of its own" {
	need_root
	doctor --json="$BATS_TEST_TMPDIR/no/such/folder/doctor.json"
	[ "$status" = 123 ]
	[[ $stderr == "tasktax: doctor: cannot write "* ]]
}

@test "--without leaves a hook out, and says what that costs" {
	need_root
	doctor --without sched_exit_tp
	[ "$status" = 0 ]
	grep -q '^sched_exit_tp  *excluded  *by --without sched_exit_tp$' <<<"$output"
	doctor --json --without sched_exit_tp
	jq -e '.features[] | select(.name == "sched_exit_tp")
		| .state == "excluded" and .loses != null' <<<"$output"
	jq -e '.verdict.reason | contains("sched_exit_tp") | not' <<<"$output"
}

@test "--without a family leaves out all of it, and the raw hooks take over" {
	need_root
	doctor --json --without tp_btf
	[ "$status" = 0 ]
	jq -e '[.features[] | select(.name | IN("tp_btf", "sched_switch", "tlb_flush")) | .state]
		== ["excluded", "excluded", "excluded"]' <<<"$output"
	jq -e '.features[] | select(.name == "sched_switch") | .instead == "raw_tp/sched_switch"' \
		<<<"$output"
	jq -e '.verdict.run' <<<"$output"
}

@test "a kernel without switches cannot be traced: exit status 122" {
	need_root
	doctor --without sched_switch --without sched_switch_raw
	[ "$status" = 122 ]
	# shellcheck disable=SC2016
	grep -q '^`tasktax run` will not work: ' <<<"$output"
	doctor --json --without ringbuf
	[ "$status" = 122 ]
	jq -e '.verdict.run == false and (.verdict.reason | contains("ringbuf"))' <<<"$output"
}

@test "an unknown hook is a usage error that lists the hooks" {
	doctor --without no_such_hook
	[ "$status" = 120 ]
	[ -z "$output" ]
	[[ $stderr == "tasktax: doctor: --without no_such_hook: no such hook; "*" sched_exit_tp"* ]]
	[ "$(wc -l <<<"$stderr")" = 1 ]
	doctor argument
	[ "$status" = 120 ]
}

@test "a missing capability is named: exit status 121" {
	need_root
	DROPPED=-perfmon,-sys_admin
	run unprivileged "$TASKTAX" doctor
	[ "$status" = 121 ]
	grep -q '(missing: CAP_PERFMON)' <<<"$output"
	grep -q '^sched_switch  *off  *needs CAP_PERFMON (held: no)$' <<<"$output"
	DROPPED=-bpf,-perfmon,-sys_admin
	run unprivileged "$TASKTAX" doctor --json
	[ "$status" = 121 ]
	jq -e '.verdict.run == false
		and (.verdict.reason | contains("missing: CAP_BPF and CAP_PERFMON"))
		and (.verdict.reason | contains("sudo setcap cap_bpf,cap_perfmon+ep /"))
		and ((["CAP_BPF", "CAP_PERFMON"] - .capabilities.missing) == [])
		and (.capabilities.held | index("CAP_BPF") == null)' <<<"$output"
}

@test "another user sees the same" {
	need_root
	copy_for_nobody
	run "${NOBODY[@]}" "$COPY" doctor
	[ "$status" = 121 ]
	grep -q 'missing: CAP_BPF and CAP_PERFMON' <<<"$output"
}

@test "file capabilities are enough" {
	need_root
	copy_for_nobody
	setcap cap_bpf,cap_perfmon+ep "$COPY" || skip "this file system has no file capabilities"
	[[ $(findmnt -no OPTIONS -T "$COPY") != *nosuid* ]] || skip "this file system is nosuid"
	run "${NOBODY[@]}" "$COPY" doctor --json
	[ "$status" = 0 ]
	jq -e '.capabilities.held == ["CAP_BPF", "CAP_PERFMON"] and .verdict.run' <<<"$output"
}

@test "text keeps to 80 columns" {
	need_root
	for without in sched_exit_tp tp_btf fentry perf_fault_min; do
		doctor --without "$without"
		[ "$status" = 0 ]
		awk 'length($0) > 80 { print; long = 1 } END { exit long }' <<<"$output"
	done
	run unprivileged "$TASKTAX" doctor
	# a path is one word, and is not broken
	grep -vF "$(readlink -f "$TASKTAX")" <<<"$output" | awk 'length($0) > 80 { print; long = 1 } END { exit long }'
}

@test "colour on a terminal only, and not under NO_COLOR or TERM=dumb" {
	need_root
	doctor
	[[ $output != *"$ESCAPE"* ]]
	run on_terminal "'$TASKTAX' doctor"
	[[ $output == *"${ESCAPE}[32mok"* ]]
	run on_terminal "NO_COLOR=1 '$TASKTAX' doctor"
	[[ $output == *"sched_switch "*"ok"* && $output != *"$ESCAPE"* ]]
	run on_terminal "TERM=dumb '$TASKTAX' doctor"
	[[ $output == *"sched_switch "*"ok"* && $output != *"$ESCAPE"* ]]
	run on_terminal "'$TASKTAX' doctor --json"
	[[ $output != *"$ESCAPE"* ]]
}

@test "--help names the options and the exit statuses" {
	doctor --help
	[ "$status" = 0 ]
	for word in --json --without 121 122; do grep -q -e "$word" <<<"$output"; done
	awk 'length($0) > 80 { long = 1 } END { exit long }' <<<"$output"
}
