// SPDX-License-Identifier: GPL-2.0
/* html.c - the frame of a page; see html.h. */
#include "html/html.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/quote.h"
#include "html/assets.h"
#include "html/table_form.h"
#include "version.h"

/* --- words --- */

static const char *entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	case '\x1f': /* KEEP */
		return "&nbsp;";
	default:
		return NULL;
	}
}

void html_escape(FILE *out, const char *words)
{
	while (*words) {
		size_t plain = strcspn(words, "&<>\"'" KEEP);

		fwrite(words, 1, plain, out);
		words += plain;
		if (*words)
			fputs(entity(*words++), out);
	}
}

void html_foreign(FILE *out, const char *string)
{
	size_t length = strlen(string), size = QUOTE_TERMINAL_SIZE(length);
	char *quoted = malloc(size);

	if (!quoted)
		return; /* the stream, in the same memory, fails next */
	quote_terminal(quoted, size, string, length);
	html_escape(out, quoted);
	free(quoted);
}

/* --- the body --- */

static const struct page_form form_html;

int html_begin(struct html *html)
{
	memset(html, 0, sizeof(*html));
	html->level = 1;
	html->deepest = 2;
	html->body = open_memstream(&html->text, &html->size);
	return html->body ? 0 : -ENOMEM;
}

void html_page(struct html *html, struct page *page)
{
	page_init(page, html->body, 0, false);
	page->form = &form_html;
	page->state = html;
	page->pictures = true;
}

void html_finish_page(struct html *html, struct page *page)
{
	if (page_finish(page))
		html->failed = true;
}

static void close_section(struct html *html)
{
	if (html->in_section)
		fputs("</section>\n", html->body);
	html->in_section = false;
}

/* Its title is the link's words; there is none where memory or HTML_SECTIONS do not suffice. */
static void open_section(struct html *html, const char *title)
{
	char *copy = html->sections < HTML_SECTIONS ? strdup(title) : NULL;

	close_section(html);
	html->in_section = true;
	if (copy)
		html->section[html->sections++] = copy;
	fprintf(html->body, copy ? "<section id=\"s%u\">\n" : "<section>\n", html->sections);
}

/* Without the colon that it has where words follow in the same line. */
static void put_title(struct html *html, const char *title)
{
	size_t length = strlen(title);
	char *copy = strndup(title, length && title[length - 1] == ':' ? length - 1 : length);

	if (!copy) {
		html->failed = true;
		return;
	}
	if (html->level == 2)
		open_section(html, copy);
	fprintf(html->body, "<h%u>", html->level);
	html_escape(html->body, copy);
	free(copy);
}

void html_heading(struct html *html, const char *title)
{
	put_title(html, title);
	fprintf(html->body, "</h%u>\n", html->level);
}

void html_explain(struct html *html, const char *format, ...)
{
	va_list arguments;
	char *words;

	va_start(arguments, format);
	if (vasprintf(&words, format, arguments) < 0)
		words = NULL;
	va_end(arguments);
	if (!words) {
		html->failed = true;
		return;
	}
	fputs("<p class=\"explain\">", html->body);
	html_escape(html->body, words);
	fputs("</p>\n", html->body);
	free(words);
}

/* --- the form: what the sections of the text outputs say --- */

const char *html_class(enum style style)
{
	static const char *const names[STYLES] = {
		[STYLE_PLAIN] = NULL,	   [STYLE_BOLD] = "bold",	[STYLE_DIM] = "dim",
		[STYLE_GOOD] = "good",	   [STYLE_WARN] = "warn",	[STYLE_BAD] = "bad",
		[STYLE_THREAD] = "thread", [STYLE_PROCESS] = "process",
	};

	return names[style];
}

static void no_blank(struct page *page)
{
	(void)page; /* the styles keep the distance */
}

static void heading(struct page *page, const char *title, enum style style, char *words)
{
	struct html *html = page->state;
	const char *class = style == STYLE_BOLD ? NULL : html_class(style);

	html_heading(html, title);
	if (*words) {
		fprintf(html->body, "<p class=\"lead%s%s\">", class ? " " : "", class ?: "");
		html_escape(html->body, words);
		fputs("</p>\n", html->body);
	}
	if (html->level < html->deepest)
		html->level++;
}

static void text(struct page *page, enum style style, unsigned int indent, unsigned int hang,
		 char *words)
{
	struct html *html = page->state;

	(void)indent;
	(void)hang;
	fputs("<p", html->body);
	if (html_class(style))
		fprintf(html->body, " class=\"%s\"", html_class(style));
	fputc('>', html->body);
	html_escape(html->body, words);
	fputs("</p>\n", html->body);
}

static const struct page_form form_html = { no_blank, heading, text, html_table };

/* --- the frame --- */

static void put_asset(struct asset asset, FILE *out)
{
	fwrite(asset.bytes, 1, asset.size, out);
}

static void put_head(struct html *html, FILE *out, const char *title)
{
	bool scripts = html->charts && asset_chart().size;

	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n", out);
	fprintf(out,
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		"base-uri 'none'; form-action 'none'; style-src 'sha256-%s'",
		asset_style().hash);
	if (scripts)
		fprintf(out, "; script-src 'sha256-%s' 'sha256-%s'", asset_chart().hash,
			asset_script().hash);
	fputs("\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<meta name=\"color-scheme\" content=\"light dark\">\n",
	      out);
	fprintf(out, "<meta name=\"generator\" content=\"tasktax %s\">\n<title>", TASKTAX_VERSION);
	html_foreign(out, title);
	fputs("</title>\n<style>", out);
	put_asset(asset_style(), out);
	fputs("</style>\n</head>\n<body>\n", out);
}

static void put_links(const struct html *html, FILE *out)
{
	fputs("<a class=\"skip\" href=\"#main\">Skip to the report</a>\n", out);
	if (html->sections < 2)
		return;
	fputs("<nav aria-label=\"Sections\"><ul>\n", out);
	for (unsigned int i = 0; i < html->sections; i++) {
		fprintf(out, "<li><a href=\"#s%u\">", i + 1);
		html_escape(out, html->section[i]);
		fputs("</a></li>\n", out);
	}
	fputs("</ul></nav>\n", out);
}

static void put_scripts(const struct html *html, FILE *out)
{
	if (!html->charts || !asset_chart().size)
		return;
	fputs("<script>", out);
	put_asset(asset_chart(), out);
	fputs("</script>\n<script>", out);
	put_asset(asset_script(), out);
	fputs("</script>\n", out);
}

void html_abort(struct html *html)
{
	if (html->body)
		fclose(html->body);
	for (unsigned int i = 0; i < html->sections; i++)
		free(html->section[i]);
	free(html->text);
	memset(html, 0, sizeof(*html));
}

int html_end(struct html *html, FILE *out, const char *title)
{
	int err = 0;

	close_section(html);
	if (fclose(html->body) || html->failed)
		err = -ENOMEM;
	html->body = NULL;
	if (!err) {
		put_head(html, out, title);
		put_links(html, out);
		fputs("<main id=\"main\">\n", out);
		fwrite(html->text, 1, html->size, out);
		fputs("</main>\n", out);
		put_scripts(html, out);
		fputs("</body>\n</html>\n", out);
		err = fflush(out) || ferror(out) ? -EIO : 0;
	}
	html_abort(html);
	return err;
}
