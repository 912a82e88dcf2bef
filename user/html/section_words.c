// SPDX-License-Identifier: GPL-2.0
/* section_words.c - for those who are new to it: what the page is about, and what its words mean. */
#include "html/sections.h"

void section_intro(struct html *html)
{
	html_explain(
		html,
		"What it cost this program to be made of processes and threads: how often a CPU "
		"went "
		"from one task to another, at what price, which page faults it paid for, and why. "
		"The words are explained at the end of the page. Whether the figures are complete "
		"comes first.");
}

void section_glossary(struct html *html)
{
	static const struct {
		const char *word, *meaning;
	} words[] = {
		{ "task", "What the kernel schedules: a thread, or the only thread of a process." },
		{ "context switch", "A CPU leaves one task for another." },
		{ "thread level",
		  "The task that came uses the same address space as the last user task on this "
		  "CPU: the page tables stay." },
		{ "process level",
		  "It uses another address space: the page tables change, and with them what the "
		  "CPU has cached of them." },
		{ "resume", "The same task came back; others may have run for the kernel." },
		{ "via",
		  "What ran on the CPU in between: direct is nothing, idle or kernel the idle task "
		  "or a kernel thread." },
		{ "direct cost",
		  "Time from the decision to switch to the end of the switch in the new task. What "
		  "cold caches cost later is not in it." },
		{ "wait", "Time that a task was ready to run and had no CPU." },
		{ "voluntary, preempted",
		  "The task that left the CPU blocked or slept; or was made to leave." },
		{ "fault",
		  "The program touched a page that was not ready: the kernel has to find, copy or "
		  "clear it. Major: it had to be read from a disk." },
		{ "cause of a fault",
		  "process: it exists because of a fork, an exec or a start; thread: because "
		  "threads were made or share an address space; work: the program's own memory." },
		{ "shootdown",
		  "A CPU makes others forget translations of addresses, since threads of one "
		  "address space run there." },
		{ "RSS, PSS",
		  "Memory in use by a process; in PSS a page that is shared counts in parts." },
		{ "tax",
		  "Time spent on switching and faulting, as a share of the run time. Waiting is "
		  "beside it, not in it." },
		{ "lost",
		  "Events that were meant to be recorded and were not. With any, every count "
		  "is at least what is shown." },
	};

	html_heading(html, "words");
	fputs("<dl>\n", html->body);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		fputs("<dt>", html->body);
		html_escape(html->body, words[i].word);
		fputs("</dt><dd>", html->body);
		html_escape(html->body, words[i].meaning);
		fputs("</dd>\n", html->body);
	}
	fputs("</dl>\n", html->body);
}
