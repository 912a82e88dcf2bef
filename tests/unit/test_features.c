// SPDX-License-Identifier: GPL-2.0
/*
 * test_features.c - trace/features and trace/privilege: what is decided from texts and sets, without
 * asking the kernel for anything that needs a privilege.
 *
 * A program of its own, run by prove. Links libtasktax, cmocka, libbpf and libcap-ng.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/capability.h>

#include "trace/features.h"
#include "trace/privilege.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void switch_end_symbol(void **state)
{
	static const struct {
		const char *line, *symbol; /* NULL: not the function's body */
	} rows[] = {
		{ "ffffffff813a2380 t finish_task_switch.isra.0\n", "finish_task_switch.isra.0" },
		{ "ffffffff813a2380 t finish_task_switch\n", "finish_task_switch" },
		{ "0000000000000000 T finish_task_switch", "finish_task_switch" },
		{ "0 t finish_task_switch.isra.12\n", "finish_task_switch.isra.12" },
		{ "0 t finish_task_switch.isra.0.constprop.1\n",
		  "finish_task_switch.isra.0.constprop.1" },
		{ "0 t finish_task_switch.llvm.1234567890\n",
		  "finish_task_switch.llvm.1234567890" },
		{ "ffffffff813a2370 t __pfx_finish_task_switch.isra.0\n", NULL },
		{ "ffffffff813a2370 t finish_task_switch.isra.0.cold\n", NULL },
		{ "ffffffff813a2370 t finish_task_switch.cold\n", NULL },
		{ "ffffffff813a2370 t finish_task_switch.part.0\n", NULL },
		{ "0 t finish_task_switch.isra.\n", NULL },
		{ "0 t finish_task_switch.isra.0x\n", NULL },
		{ "0 t finish_task_switch_fair\n", NULL },
		{ "0 d finish_task_switch\n", NULL },
		{ "0 t finish_task_switch\t[some_module]\n", NULL },
		{ "0 t \n", NULL },
		{ "0\n", NULL },
		{ "", NULL },
	};
	char symbol[64];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		bool is = features_switch_end_symbol(rows[i].line, symbol, sizeof(symbol));

		if (is != (rows[i].symbol != NULL))
			fail_msg("%s: %d", rows[i].line, is);
		if (is)
			assert_string_equal(symbol, rows[i].symbol);
	}
}

static void switch_end_symbol_that_does_not_fit(void **state)
{
	char symbol[sizeof("finish_task_switch")];

	(void)state;
	assert_true(features_switch_end_symbol("0 t finish_task_switch\n", symbol, sizeof(symbol)));
	assert_false(features_switch_end_symbol("0 t finish_task_switch.isra.0\n", symbol,
						sizeof(symbol)));
}

static void lockdown_mode(void **state)
{
	static const struct {
		const char *text, *mode; /* NULL: not understood */
	} rows[] = {
		{ "[none] integrity confidentiality", "none" },
		{ "none [integrity] confidentiality\n", "integrity" },
		{ "none integrity [confidentiality]", "confidentiality" },
		{ "none integrity", NULL },
		{ "none [] integrity", NULL },
		{ "none [integrity", NULL },
		{ "]none[", NULL },
		{ "", NULL },
	};
	char mode[32];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		bool is = features_lockdown_mode(rows[i].text, mode, sizeof(mode));

		if (is != (rows[i].mode != NULL))
			fail_msg("%s: %d", rows[i].text, is);
		if (is)
			assert_string_equal(mode, rows[i].mode);
	}
}

static void names(void **state)
{
	(void)state;
	assert_int_equal(features_find("tp_btf"), FEATURE_TP_BTF);
	assert_int_equal(features_find("sched_exit_tp"), FEATURE_SCHED_EXIT_TP);
	assert_int_equal(features_find("sched_switch_raw"), FEATURE_SCHED_SWITCH_RAW);
	assert_int_equal(features_find("csd_function_exit"), FEATURE_CSD_FUNCTION_EXIT);
	assert_int_equal(features_find("sched_switch_"), FEATURE_COUNT);
	assert_int_equal(features_find(""), FEATURE_COUNT);
}

/* Mask 0: no probe is run, so that no privilege is needed. */
static void nothing_is_probed(void **state)
{
	static struct features features;
	struct fail fail = { 0 };

	(void)state;
	assert_int_equal(features_probe(&features, 0, NULL, 0, &fail), 0);
	for (int id = 0; id < FEATURE_COUNT; id++) {
		const struct feature *feature = &features.feature[id];

		assert_int_equal(feature->id, id);
		assert_int_equal(feature->state, FEATURE_UNPROBED);
		assert_non_null(feature->name);
		assert_non_null(feature->need);
		assert_int_equal(features_find(feature->name), id);
		assert_false(features_has(&features, id));
	}
	assert_true(features.cpus_online >= 1);
	assert_true(features.cpus_possible >= features.cpus_online);
	features_free(&features);
}

static void without_a_family(void **state)
{
	static const char *const without[] = { "tp_btf", "kprobe" };
	static struct features features;
	struct fail fail = { 0 };

	(void)state;
	assert_int_equal(features_probe(&features, 0, without, COUNT(without), &fail), 0);
	assert_int_equal(features.feature[FEATURE_TP_BTF].state, FEATURE_EXCLUDED);
	assert_int_equal(features.feature[FEATURE_SCHED_SWITCH].state, FEATURE_EXCLUDED);
	assert_int_equal(features.feature[FEATURE_TLB_FLUSH].state, FEATURE_EXCLUDED);
	assert_int_equal(features.feature[FEATURE_FINISH_TASK_SWITCH].state, FEATURE_EXCLUDED);
	assert_int_equal(features.feature[FEATURE_SCHED_SWITCH_RAW].state, FEATURE_UNPROBED);
	assert_int_equal(features.feature[FEATURE_RINGBUF].state, FEATURE_UNPROBED);
	assert_string_equal(features.feature[FEATURE_SCHED_SWITCH].why, "by --without tp_btf");
	assert_non_null(features.feature[FEATURE_SCHED_SWITCH].loses);
}

/* The one line names every feature, uncut. */
static void without_an_unknown_name(void **state)
{
	static const char *const without[] = { "sched_exit_tp", "no_such\033hook" };
	static struct features features;
	struct fail fail = { 0 };

	(void)state;
	assert_int_equal(features_probe(&features, 0, without, COUNT(without), &fail), -EINVAL);
	assert_non_null(strstr(fail.text, "--without no_such\\x1bhook: no such hook"));
	assert_non_null(strstr(fail.text, " tp_btf "));
	assert_non_null(strstr(fail.text, " sched_switch[_raw] "));
	assert_null(strstr(fail.text, "..."));
	assert_string_equal(fail.text + strlen(fail.text) - strlen(" csd_function_exit"),
			    " csd_function_exit");
}

#define BPF PRIVILEGE_BIT(CAP_BPF)
#define PERFMON PRIVILEGE_BIT(CAP_PERFMON)
#define SYS_ADMIN PRIVILEGE_BIT(CAP_SYS_ADMIN)

static void missing_capabilities(void **state)
{
	static const struct {
		struct privilege privilege;
		uint64_t missing;
	} rows[] = {
		{ { .split = true, .effective = BPF | PERFMON }, 0 },
		{ { .split = true, .effective = SYS_ADMIN }, 0 },
		{ { .split = true, .effective = BPF }, PERFMON },
		{ { .split = true, .effective = PERFMON }, BPF },
		{ { .split = true, .effective = 0 }, BPF | PERFMON },
		{ { .split = false, .effective = 0 }, SYS_ADMIN },
		{ { .split = false, .effective = SYS_ADMIN }, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fail fail = { 0 };

		assert_true(privilege_missing(&rows[i].privilege) == rows[i].missing);
		assert_int_equal(privilege_check(&rows[i].privilege, &fail),
				 rows[i].missing ? -EPERM : 0);
		assert_true(!fail.text[0] == !rows[i].missing);
	}
}

static void what_to_do(void **state)
{
	const struct privilege half = { .split = true, .effective = BPF };
	const struct privilege old = { 0 };
	const struct privilege contained = { .split = true, .user_namespace = true };
	struct fail fail = { 0 };

	(void)state;
	privilege_check(&half, &fail);
	assert_non_null(strstr(fail.text, "need CAP_BPF and CAP_PERFMON to load BPF programs "
					  "(missing: CAP_PERFMON); run it with sudo, or once: "
					  "sudo setcap cap_bpf,cap_perfmon+ep /"));
	privilege_check(&old, &fail);
	assert_non_null(strstr(fail.text, "need CAP_SYS_ADMIN"));
	privilege_check(&contained, &fail);
	assert_non_null(strstr(fail.text, "user namespace"));
}

static void capability_names(void **state)
{
	char text[64];

	(void)state;
	assert_string_equal(privilege_names(text, sizeof(text), 0), "");
	assert_string_equal(privilege_names(text, sizeof(text), PERFMON), "CAP_PERFMON");
	assert_string_equal(privilege_names(text, sizeof(text), BPF | PERFMON),
			    "CAP_BPF and CAP_PERFMON");
	assert_string_equal(privilege_names(text, sizeof(text), BPF | PERFMON | SYS_ADMIN),
			    "CAP_BPF, CAP_PERFMON and CAP_SYS_ADMIN");
	assert_string_equal(privilege_names(text, 8, BPF | PERFMON), "CAP_BPF");
}

/* What a child has left after giving up: its exit status says whether that is as it should be. */
static int left_of(int (*give_up)(struct fail *), uint64_t allowed)
{
	struct privilege before, after;
	int status = -1;
	pid_t child = fork();

	if (!child) {
		if (privilege_read(&before, NULL) || give_up(NULL) || privilege_read(&after, NULL))
			_exit(2);
		_exit((after.effective & ~allowed) ||
		      after.effective != (before.effective & allowed));
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int keep_tracing(struct fail *fail)
{
	return privilege_keep_tracing(PRIVILEGE_BIT(CAP_KILL), fail);
}

static int drop_all(struct fail *fail)
{
	return privilege_drop(0, fail);
}

static int keep_kill(struct fail *fail)
{
	return privilege_drop(PRIVILEGE_BIT(CAP_KILL), fail);
}

static void capabilities_given_up(void **state)
{
	struct privilege now;
	uint64_t keep = BPF | PERFMON;

	(void)state;
	assert_int_equal(privilege_read(&now, NULL), 0);
	if ((now.effective & keep) != keep)
		keep = SYS_ADMIN;
	assert_int_equal(left_of(keep_tracing, keep | PRIVILEGE_BIT(CAP_KILL)), 0);
	assert_int_equal(left_of(drop_all, 0), 0);
	assert_int_equal(left_of(keep_kill, PRIVILEGE_BIT(CAP_KILL)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(switch_end_symbol),
		cmocka_unit_test(switch_end_symbol_that_does_not_fit),
		cmocka_unit_test(lockdown_mode),
		cmocka_unit_test(names),
		cmocka_unit_test(nothing_is_probed),
		cmocka_unit_test(without_a_family),
		cmocka_unit_test(without_an_unknown_name),
		cmocka_unit_test(missing_capabilities),
		cmocka_unit_test(what_to_do),
		cmocka_unit_test(capability_names),
		cmocka_unit_test(capabilities_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
