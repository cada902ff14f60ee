/* What the pages share: inside of web/ alone. */
#ifndef WEB_INSIDE_H
#define WEB_INSIDE_H

#include "web/cache.h"
#include "base/html.h"
#include "web/password.h"
#include "web/query.h"
#include "web/reply.h"
#include "web/server.h"
#include "web/web.h"

#include <jansson.h>

struct web {
	struct web_settings set;
	char *ledger_path;
	struct web_server *server;
	struct web_passwords *passwords; /* NULL: who can connect may look */
	json_t *state, *in_force;        /* NULL: not told yet */
	struct web_cache cache;
	int64_t began_s; /* Unix time */
	uint64_t seed;   /* that strangers cannot guess */
};

/* A page that is being written. */
struct web_page {
	struct html *h;
	const struct web *web;
	const struct web_query *query;
	int64_t now_s;
};

/* web/page.c */
/* Head, navigation, the heading. path: which page of the navigation this is. */
void web_page_begin(struct web_page *page, const char *path, const char *title);
void web_page_end(struct web_page *page);
void web_page_paragraph(struct web_page *page, const char *text);
/* What should be here could not be read. */
void web_page_failed(struct web_page *page);
struct report_table;
/* In a box of its own, which scrolls where the screen is narrow. id: of ours, unique. */
void web_page_table(struct web_page *page, const char *id, const struct report_table *table);

/* web/pages.c: every page. */
struct web_route {
	const char *path;
	const char *title; /* in the navigation and as heading; NULL: not in the navigation */
	void (*draw)(struct web_page *page);
};
extern const struct web_route web_routes[];
extern const size_t web_route_count;

/* web/metrics.c */
void web_metrics(const struct web *web, int64_t now_s, struct web_reply *reply);
struct exposition;
/* web/metrics_tlsrpt.c: TLS reports. */
void web_metrics_tlsrpt(const struct web *web, int64_t now_s, struct exposition *e);
/* web/metrics_check.c: own domains from outside. */
void web_metrics_check(const struct web *web, struct exposition *e);
/* web/metrics_watch.c: interfaces that are watched; nothing where there is none. */
void web_metrics_watch(const struct web *web, struct exposition *e);
/* web/metrics_ledger.c: what the ledger has counted; nothing where it cannot be read. */
void web_metrics_ledger(const struct web *web, int64_t now_s, struct exposition *e);

/* web/health.c: edge "": the daemon. */
void web_health(const struct web *web, const char *edge, struct web_reply *reply);

/* style.css, made part of the program. */
extern const char web_style[];

#endif
