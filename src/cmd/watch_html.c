/* Hosts by hosts: who talks to whom, and how; the worst verdict colours the cell. */
#include "cmd/watch_print.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/html.h"

#include <errno.h>
#include <stdlib.h>

enum { HOSTS_MAX = 100 }; /* more are no matrix that anybody reads; the list has them all */

/* Nothing in it needs escaping. */
static const char style[] =
	"body{font:15px/1.5 system-ui,sans-serif;margin:2rem;color:#1b2430;background:#fff}"
	".quiet{color:#51606f}table{border-collapse:collapse;margin:1rem 0}"
	"td,th{text-align:left;padding:.25rem .6rem;border:1px solid #cfd7df;vertical-align:top}"
	".plain{background:#f8d4d0}.unknown{background:#fbeec8}.well{background:#d9f0e6}"
	".nothing{background:#eef1f4}div.line{white-space:nowrap}"
	"pre{background:#f4f6f8;padding:.6rem;white-space:pre-wrap}"
	"@media(prefers-color-scheme:dark){body{background:#12171d;color:#e6ebf0}"
	".quiet{color:#a6b3c0}pre{background:#1c232c}.plain{background:#5c211c}"
	".unknown{background:#4d3f13}.well{background:#123d2f}.nothing{background:#222a33}}";

struct hosts {
	struct watch_address list[HOSTS_MAX];
	size_t count;
};

static size_t host_find(const struct hosts *h, const struct watch_address *a)
{
	size_t i = 0;
	while (i < h->count && !watch_address_equal(&h->list[i], a))
		i++;
	return i;
}

static void host_add(struct hosts *h, const struct watch_address *a)
{
	if (h->count < HOSTS_MAX && host_find(h, a) == h->count)
		h->list[h->count++] = *a;
}

static const char *class_of(enum watch_verdict verdict)
{
	if (watch_verdict_is_plain(verdict))
		return "plain";
	if (watch_verdict_is_unknown(verdict))
		return "unknown";
	return verdict == WATCH_NOTHING ? "nothing" : "well";
}

static void address_cell(struct html *h, const char *tag, const struct watch_address *a)
{
	char text[WATCH_ADDRESS_CAP];
	watch_address_print(a, text);
	html_element(h, tag, text);
}

/* All rows of a pair, the most dangerous first as they are sorted. */
static void pair_cell(struct html *h, const struct watch_row *const *rows, size_t count,
                      const struct watch_address *client, const struct watch_address *server)
{
	bool is_open = false;
	for (size_t i = 0; i < count; i++) {
		const struct watch_row *row = rows[i];
		if (!watch_address_equal(&row->key.client, client) ||
		    !watch_address_equal(&row->key.server, server))
			continue;
		if (!is_open)
			html_open(h, "td", { "class", class_of(row->key.verdict) });
		is_open = true;
		html_open(h, "div", { "class", "line" });
		html_textf(h, "%s %u %s%s%s", row->key.protocol[0] ? row->key.protocol : "?",
		           row->key.port, watch_verdict_name(row->key.verdict),
		           row->mechanism[0] ? " " : "", row->mechanism);
		html_close(h);
	}
	if (!is_open)
		html_open(h, "td");
	html_close(h);
}

static void matrix_write(struct html *h, const struct watch_row *const *rows, size_t count,
                         const struct hosts *clients, const struct hosts *servers)
{
	html_open(h, "table");
	html_open(h, "tr");
	html_element(h, "th", "from / to");
	for (size_t i = 0; i < servers->count; i++)
		address_cell(h, "th", &servers->list[i]);
	html_close(h);
	for (size_t i = 0; i < clients->count; i++) {
		html_open(h, "tr");
		address_cell(h, "th", &clients->list[i]);
		for (size_t n = 0; n < servers->count; n++)
			pair_cell(h, rows, count, &clients->list[i], &servers->list[n]);
		html_close(h);
	}
	html_close(h);
}

static void mends_write(struct html *h, const struct watch_view *v)
{
	html_element(h, "h2", "What seals it");
	for (size_t i = 0; i < v->services->count; i++) {
		const struct watch_service *s = &v->services->list[i];
		char server[WATCH_ADDRESS_CAP];
		if (!watch_verdict_is_plain(s->row->key.verdict) ||
		    s->row->key.wire != WATCH_NETWORK)
			continue;
		watch_address_print(&s->row->key.server, server);
		html_open(h, "h3");
		html_textf(h, "%s, port %u: %s, %s", server, s->row->key.port, s->row->key.protocol,
		           watch_verdict_name(s->row->key.verdict));
		html_close(h);
		if (s->row->mend)
			html_element(h, "p", s->row->mend);
	}
}

static int link_host_write(struct html *h, const struct watch_link_host *host)
{
	CLEAN(buf_deinit) struct buf text = {};
	char title[WATCH_LINK_TITLE_CAP];
	int r = watch_link_host_write(host, &text);
	if (!r)
		r = buf_add(&text, slice_of("", 1));
	if (r)
		return err_up(r);
	watch_link_host_title(host, title);
	html_open(h, "h3");
	html_textf(h, "On %s", title);
	html_close(h);
	html_element(h, "pre", (const char *)buf_slice(&text).data);
	return 0;
}

static int links_write(struct html *h, const struct watch_view *v)
{
	const struct watch_ours ours = watch_view_ours(v);
	CLEAN(watch_links_deinit) struct watch_links links = {};
	int r = watch_links_make(&links, v->services, &ours);
	if (!r && links.host_count)
		html_element(h, "p", WATCH_LINKS_HEAD);
	for (size_t i = 0; !r && i < links.host_count; i++)
		r = link_host_write(h, &links.hosts[i]);
	return err_up(r);
}

static int page_write(struct html *h, const struct watch_view *v, struct hosts *clients,
                      struct hosts *servers)
{
	size_t count = 0;
	CLEAN(freep)
	const struct watch_row **rows = watch_rows_sorted(watch_rows_of(v->watch), &count);
	if (!rows)
		return err_raise(-ENOMEM);
	for (size_t i = 0; i < count; i++) {
		host_add(clients, &rows[i]->key.client);
		host_add(servers, &rows[i]->key.server);
	}
	html_doctype(h);
	html_open(h, "html", { "lang", "en" });
	html_open(h, "head");
	html_void(h, "meta", { "charset", "utf-8" });
	html_element(h, "title", "mailseal watch");
	html_element(h, "style", style);
	html_close(h);
	html_open(h, "body");
	html_element(h, "h1", "Who talks to whom, and how");
	html_open(h, "p", { "class", "quiet" });
	html_textf(h, "mailseal watch %s, %s", MAILSEAL_VERSION, v->source);
	html_close(h);
	matrix_write(h, (const struct watch_row *const *)rows, count, clients, servers);
	mends_write(h, v);
	int r = links_write(h, v);
	html_close(h);
	html_close(h);
	return err_up(r);
}

int watch_print_html(FILE *out, const struct watch_view *v)
{
	CLEAN(html_deinit) struct html h = {};
	CLEAN(freep) struct hosts *clients = calloc(1, sizeof(*clients));
	CLEAN(freep) struct hosts *servers = calloc(1, sizeof(*servers));
	if (!clients || !servers)
		return err_raise(-ENOMEM);
	int r = page_write(&h, v, clients, servers);
	if (!r && h.has_failed)
		r = err_raise(-ENOMEM);
	if (!r)
		fwrite(buf_slice(&h.out).data, 1, buf_len(&h.out), out);
	return err_up(r);
}
