/* What all pages have: head, navigation, foot; and tables. */
#include "web/views.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "report/table.h"

#include <stdio.h>
#include <time.h>

static void link_item(struct html *h, const struct web_route *route, const char *current)
{
	bool is_current = !strcmp(route->path, current);
	html_open(h, "li");
	html_element(h, "a", route->title, { "href", route->path },
	             { "aria-current", is_current ? "page" : NULL });
	html_close(h);
}

static void navigation(struct html *h, const char *current)
{
	html_open(h, "nav", { "aria-label", "Pages" });
	html_open(h, "ul");
	for (size_t i = 0; i < web_route_count; i++)
		if (web_routes[i].title)
			link_item(h, &web_routes[i], current);
	html_close(h);
	html_close(h);
}

static void head(struct html *h, const char *title)
{
	html_open(h, "head");
	html_void(h, "meta", { "charset", "utf-8" });
	html_void(h, "meta", { "name", "viewport" },
	          { "content", "width=device-width, initial-scale=1" });
	html_void(h, "meta", { "name", "color-scheme" }, { "content", "light dark" });
	html_open(h, "title");
	html_textf(h, "%s - mailseal", title);
	html_close(h);
	html_void(h, "link", { "rel", "stylesheet" }, { "href", "/style.css" });
	html_void(h, "link", { "rel", "icon" }, { "href", "data:," }); /* nobody asks for one */
	html_close(h);
}

void web_page_begin(struct web_page *page, const char *path, const char *title)
{
	struct html *h = page->h;
	html_doctype(h);
	html_open(h, "html", { "lang", "en" });
	head(h, title);
	html_open(h, "body");
	html_element(h, "a", "Skip to the content", { "class", "skip" }, { "href", "#content" });
	html_open(h, "header");
	html_element(h, "p", "mailseal", { "class", "brand" });
	navigation(h, path);
	html_close(h);
	html_open(h, "main", { "id", "content" });
	html_element(h, "h1", title);
}

static void foot(struct web_page *page)
{
	char at[32];
	time_t now = (time_t)page->now_s;
	struct tm tm;
	gmtime_r(&now, &tm);
	strftime(at, sizeof(at), "%Y-%m-%d %H:%M", &tm);
	html_open(page->h, "footer");
	html_open(page->h, "p");
	html_textf(page->h, "mailseal %s, %s UTC. Times are UTC.", MAILSEAL_VERSION, at);
	html_close(page->h);
	html_close(page->h);
}

void web_page_end(struct web_page *page)
{
	html_close(page->h); /* main */
	foot(page);
	html_close(page->h); /* body */
	html_close(page->h); /* html */
}

void web_page_paragraph(struct web_page *page, const char *text)
{
	html_element(page->h, "p", text);
}

void web_page_failed(struct web_page *page)
{
	log_warn(NULL, "dashboard: a report cannot be made", kv_str("where", err_origin()));
	html_element(page->h, "p", "This could not be read; the log says where it failed.",
	             { "class", "bad" });
}

struct web_count web_count(uint64_t count, const char *one)
{
	struct web_count c;
	snprintf(c.text, sizeof(c.text), "%llu %s%s", (unsigned long long)count, one,
	         count == 1 ? "" : "s");
	return c;
}

static void cell_draw(struct html *h, const struct report_cell *cell)
{
	CLEAN(buf_deinit) struct buf text = {};
	if (cell->is_known && cell->kind == REPORT_TEXT) {
		html_text(h, cell->text);
		return;
	}
	if (report_cell_write(&text, cell) || buf_add(&text, slice_of("", 1)))
		h->has_failed = true;
	else
		html_text(h, (const char *)buf_slice(&text).data);
}

static const char *class_of(enum report_kind kind)
{
	if (kind == REPORT_TIME)
		return "time";
	return report_kind_is_right(kind) ? "number" : NULL;
}

static void row_draw(struct html *h, const struct report_table *t, size_t row)
{
	html_open(h, "tr");
	for (size_t i = 0; i < t->column_count; i++) {
		enum report_kind kind = t->columns[i].kind;
		bool is_head = i == 0 && !report_kind_is_right(kind);
		html_open(h, is_head ? "th" : "td", { "scope", is_head ? "row" : NULL },
		          { "class", class_of(kind) });
		cell_draw(h, report_table_cell(t, row, i));
		html_close(h);
	}
	html_close(h);
}

static void columns_draw(struct html *h, const struct report_table *t)
{
	html_open(h, "thead");
	html_open(h, "tr");
	for (size_t i = 0; i < t->column_count; i++)
		html_element(h, "th", t->columns[i].heading, { "scope", "col" },
		             { "class", class_of(t->columns[i].kind) });
	html_close(h);
	html_close(h);
}

/* Can be moved by keys alone: a box that scrolls has to take the focus. */
static void table_draw(struct html *h, const char *id, const struct report_table *t)
{
	html_open(h, "div", { "class", "scroll" }, { "role", "region" }, { "aria-labelledby", id },
	          { "tabindex", "0" });
	html_open(h, "table");
	html_element(h, "caption", t->title, { "id", id });
	columns_draw(h, t);
	html_open(h, "tbody");
	for (size_t row = 0; row < t->row_count; row++)
		row_draw(h, t, row);
	html_close(h);
	html_close(h);
	html_close(h);
}

void web_page_table(struct web_page *page, const char *id, const struct report_table *t)
{
	struct html *h = page->h;
	if (t->row_count) {
		table_draw(h, id, t);
	} else {
		html_element(h, "h2", t->title, { "id", id });
		html_element(h, "p", t->empty ? t->empty : "nothing", { "class", "empty" });
	}
	for (size_t i = 0; i < t->note_count; i++)
		html_element(h, "p", t->notes[i], { "class", "note" });
}
