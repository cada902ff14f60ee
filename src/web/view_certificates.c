/* What is served, until when, and whether the files on disk are the same. */
#include "web/views.h"

#include "base/clean.h"
#include "report/table.h"

enum { SOON_S = 21 * 24 * 3600, DAY_S = 24 * 3600 };

static const struct report_column columns[] = {
	{ "name", "Name", REPORT_TEXT },
	{ "host_names", "For", REPORT_TEXT },
	{ "days_left", "Days left", REPORT_COUNT },
	{ "not_after", "Valid until", REPORT_TIME },
	{ "key", "Key", REPORT_TEXT },
	{ "issuer", "From", REPORT_TEXT },
	{ "edges", "Served by", REPORT_TEXT },
	{ "disk", "File on disk", REPORT_TEXT },
	{ "file", "File", REPORT_TEXT },
};

/* An edge that names none has all of them. */
static bool is_served_by(const json_t *edge, const char *name)
{
	const json_t *list = json_object_get(edge, "certificates"), *one;
	size_t i;
	if (!list)
		return true;
	json_array_foreach(list, i, one)
	{
		const char *other = json_string_value(one);
		if (other && !strcmp(other, name))
			return true;
	}
	return false;
}

static int edges_of(const json_t *in_force, const char *name, struct buf *ret_text)
{
	const json_t *edge;
	size_t i;
	int r = 0;
	json_array_foreach(json_object_get(in_force, "edges"), i, edge)
	{
		if (!r && is_served_by(edge, name))
			r = buf_printf(ret_text, "%s%s", buf_len(ret_text) ? ", " : "",
			               web_json_text(edge, "name"));
	}
	return r ? r : buf_add(ret_text, slice_of("", 1));
}

static int row_add(struct report_table *t, const json_t *in_force, const json_t *c, int64_t now_s)
{
	CLEAN(buf_deinit) struct buf edges = {};
	const char *name = web_json_text(c, "name");
	int64_t not_after = (int64_t)web_json_number(c, "not_after");
	int64_t left = not_after > now_s ? (not_after - now_s) / DAY_S : 0;
	bool has_changed = json_is_true(json_object_get(c, "has_changed"));
	int r = edges_of(in_force, name, &edges);
	return r ? r
	         : REPORT_ROW(t, report_text(name), report_text(web_json_text(c, "names")),
	                      report_count((uint64_t)left), report_time(not_after),
	                      report_text(web_json_text(c, "key")),
	                      report_text(web_json_text(c, "issuer")),
	                      report_text((const char *)buf_slice(&edges).data),
	                      report_text(has_changed ? "another than is served" : "is served"),
	                      report_text(web_json_text(c, "chain")));
}

static void alarm_show(struct web_page *page, const json_t *c)
{
	int64_t not_after = (int64_t)web_json_number(c, "not_after");
	const char *name = web_json_text(c, "name");
	if (json_is_true(json_object_get(c, "has_changed"))) {
		html_open(page->h, "p", { "class", "bad" });
		html_textf(page->h,
		           "%s: the file on disk was renewed and is not served: it does not fit "
		           "its key, or cannot be read. The log says which.",
		           name);
		html_close(page->h);
	}
	if (not_after - page->now_s > SOON_S)
		return;
	html_open(page->h, "p", { "class", not_after > page->now_s ? "warn" : "bad" });
	html_textf(page->h, "%s: %s.", name,
	           not_after > page->now_s ? "it expires soon; renew it" : "it has expired");
	html_close(page->h);
}

void web_view_certificates(struct web_page *page)
{
	struct report_table t = {
		.id = "certificates",
		.title = "Certificates in force",
		.empty = "No edge has a certificate.",
		.columns = columns,
		.column_count = COUNT_OF(columns),
	};
	const json_t *in_force = page->web->in_force, *c;
	size_t i;
	json_array_foreach(json_object_get(in_force, "certificates"), i, c)
	{
		alarm_show(page, c);
		if (row_add(&t, in_force, c, page->now_s))
			page->h->has_failed = true;
	}
	web_page_table(page, t.id, &t);
	report_table_deinit(&t);
}
