# SPDX-License-Identifier: GPL-2.0
# faults.bash - faults that are known beforehand, and what holds for the faults of every report.
# Beside common.bash and pipe.bash.

# faults_add_up [NO_EVENT]: each fault is in one row, one process, one task and one region; what was seen
# and lost is what the kernel counted, but for NO_EVENT faults, by default one for each exec.
#
# That one is the page that the kernel fills with arguments and environment before the new address space
# is the task's own (get_arg_page()); one, if they fit in a page. Others come from mlock(), MAP_POPULATE,
# O_DIRECT, or a futex in shared memory that the task has not touched yet.
faults_add_up() {
	check ".reconcile.minor_faults.no_event == ${1:-.tasks.execs}"
	check '.reconcile.major_faults.no_event == 0'
	check '.reconcile | [.minor_faults, .major_faults] | all(.seen + .lost + .no_event == .kernel)'
	check '.events.lost.fault == (.reconcile | .minor_faults.lost + .major_faults.lost)'
	# shellcheck disable=SC2016
	check '(.reconcile | [.minor_faults.seen, .major_faults.seen]) as $seen
		| def of(severity): [.faults[] | select(.severity == severity) | .count] | add // 0;
		def both: [(map(.minor_faults) | add), (map(.major_faults) | add)];
		[of("minor"), of("major")] == $seen and (.processes | both) == $seen and
		([.processes[].tasks[]] | both) == $seen'
	# the report names a thousand regions
	# shellcheck disable=SC2016
	check '(.reconcile | .minor_faults.seen + .major_faults.seen) as $seen
		| .reconcile.major_faults.seen as $major
		| .regions | length < 1000 and (map(.count) | add) == $seen and (map(.major) | add) == $major'
	check 'def same(total; one): [total | .cow, .refaults] == [([one | .cow] | add), ([one | .refaults] | add)];
		same(.fork_debt.children; .processes[].fork_debt) and
		same(.fork_debt.parents; .processes[].fork_debt_of_parent)'
}

# faulted FILTER: the faults of the rows that it selects.
faulted() { json "[.faults[] | select($1) | .count] | add // 0"; }

# What 512 faults of each kind, 8 of those of huge pages, add to the report of none: to the rows (level, kind, severity,
# mode, live tasks), the classes of regions, the fork debt and the reconciliation. A glob, since where a
# file is read, the kernel maps the pages around as well: some more or less, by how they lie.
declare -gA FAULTS=(
	[zero-read]='work zero-read minor user one: 512
in anonymous: 512'
	[first-touch]='work first-touch minor user one: 512
in anonymous: 512'
	# read first
	[over-zero]='work first-touch minor user one: 512
work zero-read minor user one: 512
in anonymous: 1024'
	# written first, then by the child, while its parent has the pages too
	[cow-copy]='process cow-fork minor user one: 512, copied 512
work first-touch minor user one: 512
in anonymous: 1024
owed by children: 512'
	# written first, then by the parent after its child
	[cow-reuse]='process cow-fork minor user one: 512, copied 0
work first-touch minor user one: 512
in anonymous: 1024
owed by parents: 512'
	[cow-file]='work cow-file minor user one: 512
in file: 512'
	[cow-file-read]='work cow-file minor user one: 512
work file minor user one: 3[2-3]
in file: 54[4-5]'
	[file-warm]='work file minor user one: 512
in shared file: 512'
	[file-cold]='work file major user one: 512
in shared file: 512'
	[file-write]='work file minor user one: 512
in shared file: 512'
	# read first
	[file-write-read]='work file minor user one: 1024
in shared file: 1024'
	[shmem]='work shmem minor user one: 512
in shared memory: 512'
	[shmem-read]='work shmem minor user one: 512
in shared memory: 512'
	[thp]='work first-touch minor user one: 8, huge 8
in anonymous: 8'
	[hugetlb]='work first-touch minor user one: 8, huge 8
in anonymous: 8'
	[hugetlb-read]='work zero-read minor user one: 8, huge 8
in anonymous: 8'
	[hugetlb-shared]='work shmem minor user one: 8, huge 8
in shared memory: 8'
	[kernel]='work first-touch minor kernel one: 512
in anonymous: 512'
	[populate]='without an event: 512'
	[segv]='work first-touch minor user one: 512
in anonymous: 512
unfinished: 512'
	# of each of the 8 stacks the uppermost page is touched by the maker, before there is a thread
	[thread-stack]='thread first-touch minor user many: 504
work first-touch minor user one: 8
in anonymous: 8
in thread stack: 504'
	[uffd]='thread raced minor user many: 512
in anonymous: 512'
)

# added BASE WITH: what the second report has more than the first, written as above. But for the files of
# programs and libraries, and the cache of ld.so: with how many pages around a fault maps one of those, others
# who use it decide (a page that one of them has locked is left out).
added() {
	jq -rn --slurpfile base "$1" --slurpfile with "$2" '
		def row: "\(.level) \(.kind) \(.severity) \(.mode) \(.mm_tasks)";
		def rows: .faults | map({key: row, value: .}) | from_entries;
		def of_all: .name == "/etc/ld.so.cache";
		def apart: ([.regions[] | select(of_all) | .count] | add // 0) as $shared
			| .regions |= map(select(of_all | not))
			| .faults |= map(if row == "work file minor user one" then .count -= $shared else . end);
		def regions: .regions | map({region, count}) | group_by(.region)
			| map({key: .[0].region, value: (map(.count) | add)}) | from_entries;
		def also(name; more; wanted): if wanted then ", \(name) \(more)" else "" end;
		($base[0] | apart) as $base | ($with[0] | apart) as $with
		| def more(f): ($with | f // 0) - ($base | f // 0);
		([$base, $with | rows | keys[]] | unique[] | . as $row
			| more(rows[$row].count) as $count | more(rows[$row].huge) as $huge
			| more(rows[$row].copied) as $copied | select($count != 0 or $huge != 0)
			| select($row | startswith("process file") | not)
			| "\($row): \($count)" + also("huge"; $huge; $huge != 0) +
				also("copied"; $copied; $row | contains("cow-fork"))),
		([$base, $with | regions | keys[]] | unique[] | . as $region
			| more(regions[$region]) | select(. != 0 and $region != "program") | "in \($region): \(.)"),
		(("children", "parents") as $who | more(.fork_debt[$who].cow)
			| select(. != 0) | "owed by \($who): \(.)"),
		(more(.reconcile.minor_faults.no_event) | select(. != 0) | "without an event: \(.)"),
		(more(.reconcile.unfinished_faults) | select(. != 0) | "unfinished: \(.)")'
}

# fault_pair KIND: a run of KIND without faults in base.json, then one with them. Addresses are not random,
# the arguments of the same length, and parent and child take turns on one CPU (of the pages that both
# write, the first to do so copies): so the rest is the same. $FOUND is what they add.
fault_pair() {
	local kind=$1 count=512 each UNDER=(setarch -R)
	[[ $kind != thp && $kind != hugetlb* ]] || count=8
	[[ $kind != cow-copy && $kind != cow-reuse ]] || UNDER+=(taskset -c "$CPU")
	"${UNDER[@]}" "$TARGETS/faults" "$kind" 0 >/dev/null 2>&1 || true # its code is in the page cache then
	for each in "${count//?/0}" "$count"; do
		trace --cow-detail -- "$TARGETS/faults" "$kind" "$each"
		[ "$status" = 0 ] || return 0
		exact
		balanced
		# no time has the fault of who slept in it and whose return was not seen, or who was in its middle
		# when recording began
		check '([.faults[].untimed] | add) <= .events.missed_switch_ins + .events.began_on_cpu'
		[ "$each" = "$count" ] || mv "$JSON" "$BATS_TEST_TMPDIR/base.json"
	done
	FOUND=$(added "$BATS_TEST_TMPDIR/base.json" "$JSON")
}

# fault_kind KIND: its faults, and no others, are added by them. Or the kernel does not do it: $IMPOSSIBLE
# says why. What tasktax's own child faults in before it executes the command, in regions unknown, depends
# on how far it had come when recording began; and a page of the program may have left the page cache: such
# pairs are not compared.
fault_kind() {
	local tries=5
	IMPOSSIBLE=
	fault_pair "$1"
	while [ "$status" = 0 ] && [[ $FOUND == *"in unknown"* || $FOUND == *"process cow-file major"* ]]; do
		[ $((tries -= 1)) -gt 0 ]
		fault_pair "$1"
	done
	if [ "$status" = 77 ]; then
		IMPOSSIBLE="$1: $(cat "$BATS_TEST_TMPDIR/err")"
		return
	fi
	[ "$status" = 0 ] || cat "$BATS_TEST_TMPDIR/err"
	[ "$status" = 0 ]
	# shellcheck disable=SC2053
	[[ $FOUND == ${FAULTS[$1]} ]] || {
		printf '%s: found\n%s\n\nnot\n%s\n' "$1" "$FOUND" "${FAULTS[$1]}"
		return 1
	}
	if [ "$1" = populate ]; then
		faults_add_up "1 + 512"
	else
		faults_add_up
	fi
}
