/* SPDX-License-Identifier: GPL-2.0 */
/*
 * json_faults.h - the sections of the JSON report about memory: faults, fork debt, regions, TLB, resident
 * memory. Each gives a new value, null where it was not measured; NULL: no memory. Called by json.c.
 */
#ifndef TASKTAX_OUTPUT_JSON_FAULTS_H
#define TASKTAX_OUTPUT_JSON_FAULTS_H

#include <jansson.h>

#include "model/report.h"

json_t *section_faults(const struct report *report);
json_t *section_fork_debt(const struct report *report);
json_t *section_regions_by(const struct report *report);
json_t *section_regions(const struct report *report);
json_t *section_tlb(const struct report *report);
json_t *section_memory(const struct report *report);

/* Of one process or of all. */
json_t *section_debt(const struct report *report, const struct fork_debt *debt);
json_t *section_shootdowns(const struct run_context *context, const struct task_tlb *tlb,
			   uint32_t disturbed);

#endif
