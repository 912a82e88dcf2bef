// SPDX-License-Identifier: GPL-2.0
/* batch.c - see batch.h. */
#include "top/batch.h"

#include <errno.h>
#include <string.h>

static void write_line(FILE *out, struct line *line, unsigned int width)
{
	unsigned int last = 0;
	size_t length;

	line_cut(line, width);
	for (unsigned int i = 0; i < line->pieces; i++)
		if (line->piece[i].text[strspn(line->piece[i].text, " ")])
			last = i + 1;
	for (unsigned int i = 0; i < last; i++) {
		const char *text = line->piece[i].text;

		/* no blanks at the end */
		length = strlen(text);
		while (i + 1 == last && length && text[length - 1] == ' ')
			length--;
		fwrite(text, 1, length, out);
	}
	fputc('\n', out);
}

int batch_write(FILE *out, const struct view *view, const struct rates_view *rates,
		const struct order *order, const struct display_facts *facts, unsigned int width)
{
	struct layout layout = columns_layout(width, view->kinds, view->tree, 0);
	struct line summary[DISPLAY_SUMMARY];
	struct line *line = &summary[0];

	display_summary(summary, view, rates, facts, width);
	for (int i = 0; i < DISPLAY_SUMMARY; i++)
		write_line(out, &summary[i], width);
	fputc('\n', out);
	display_heading(line, view, &layout);
	write_line(out, line, width);
	for (uint32_t i = 0; i < order->count; i++) {
		display_row(line, &order->line[i], rates, &layout);
		write_line(out, line, width);
	}
	fputc('\n', out);
	if (fflush(out) || ferror(out))
		return -errno ?: -EIO;
	return 0;
}
