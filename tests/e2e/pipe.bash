# SPDX-License-Identifier: GPL-2.0
# pipe.bash - a token between two tasks on one CPU: 400,000 switches that are known beforehand.

# The last CPU that we may run on.
CPU=$(taskset -cp $$ | sed 's/.*[ ,-]//')

# pipe FORM: 400,000 hand-overs between two tasks on one CPU; FORM is -T for threads or empty.
pipe() { trace -- taskset -c "$CPU" perf bench sched pipe -l 200000 ${1:+"$1"}; }

# pairs FILTER: switches of the pairs that the filter selects.
pairs() { json "[.pairs[] | select($1) | .count] | add // 0"; }

# handed_over LEVEL: the pipe's 400,000 hand-overs are of this level, but for those where others ran in
# between (how many, a busy machine decides; tests/soak wants a run with fewer than 1,000). A task that
# is dying has no address space any more, whoever ran before.
handed_over() {
	local between foreign
	between=$(pairs '.prev.class == "target" and .next.class == "target"')
	foreign=$(pairs '.prev.class == "foreign"')
	echo "between the two: $between, from others: $foreign"
	json '.pairs[] | tojson'
	[ "$((between + foreign))" -ge 400000 ]
	[ "$(pairs ".prev.class == \"target\" and (.level | . != \"$1\" and . != \"exiting\")")" = 0 ]
	[ "$(pairs '.prev.class != "target" and (.level | . != "process" and . != "exiting")')" = 0 ]
}
