// SPDX-License-Identifier: GPL-2.0
/* chart.c - see chart.h. */
#include "html/chart.h"

#include <math.h>

static const char *const kind_name[CHART_KINDS] = { "curves", "stack", "bars", "whiskers",
						    "steps" };
static const char *const unit_name[CHART_UNITS] = { "count", "ns", "bytes", "percent", "ratio" };

static void put_attribute(FILE *out, const char *name, const char *value)
{
	if (!value)
		return;
	fprintf(out, " data-%s=\"", name);
	html_escape(out, value);
	fputc('"', out);
}

static void put_column(FILE *out, const struct chart_column *column)
{
	fputs("<th scope=\"col\"", out);
	put_attribute(out, "colour", column->colour);
	put_attribute(out, "unit", unit_name[column->unit]);
	if (column->right)
		put_attribute(out, "axis", "right");
	if (column->mark > 0) {
		fprintf(out, " data-mark=\"%.6g\"", column->mark);
		put_attribute(out, "mark-words", column->mark_words);
	}
	fputc('>', out);
	html_escape(out, column->title);
	fputs("</th>", out);
}

void chart_begin(struct html *html, const struct chart *chart, const char *words)
{
	FILE *out = html->body;

	html->charts++;
	fputs("<figure class=\"chart\"", out);
	put_attribute(out, "kind", kind_name[chart->kind]);
	put_attribute(out, "x", chart->x);
	put_attribute(out, "y", chart->y);
	put_attribute(out, "right", chart->right);
	put_attribute(out, "log",
		      chart->x_log && chart->y_log ? "x y" :
		      chart->x_log		   ? "x" :
		      chart->y_log		   ? "y" :
						     NULL);
	put_attribute(out, "joined", chart->joined ? "yes" : NULL);
	fprintf(out, " aria-labelledby=\"c%u\">\n<figcaption id=\"c%u\"><b>", html->charts,
		html->charts);
	html_escape(out, chart->title);
	fputs("</b>", out);
	if (words) {
		fputs(" ", out);
		html_escape(out, words);
	}
	fputs("</figcaption>\n"
	      "<details><summary>These figures as a table</summary>\n"
	      "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"table\">"
	      "<table>\n<thead><tr>",
	      out);
	for (size_t i = 0; i < chart->count; i++)
		put_column(out, &chart->columns[i]);
	fputs("</tr></thead>\n<tbody>", out);
}

static void put_value(FILE *out, const char *element, double value, const char *words)
{
	fprintf(out, "<%s", element);
	if (isfinite(value))
		fprintf(out, " data-v=\"%.7g\"", value);
	fputc('>', out);
	html_escape(out, words);
}

void chart_row(struct html *html, double value, const char *words)
{
	fputs("\n<tr>", html->body); /* the parser ends the row before */
	put_value(html->body, "th scope=\"row\"", value, words);
	fputs("</th>", html->body);
}

void chart_row_name(struct html *html, const char *name, const char *suffix)
{
	fputs("\n<tr><th scope=\"row\" class=\"left\">", html->body);
	html_foreign(html->body, name);
	html_escape(html->body, suffix);
	fputs("</th>", html->body);
}

void chart_value(struct html *html, double value, const char *words)
{
	put_value(html->body, "td", value, words);
	fputs("</td>", html->body);
}

void chart_end(struct html *html)
{
	fputs("\n</tbody></table></div>\n</details>\n</figure>\n", html->body);
}
