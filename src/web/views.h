/* The pages, and what several of them need: inside of web/ alone. */
#ifndef WEB_VIEWS_H
#define WEB_VIEWS_H

#include "web/inside.h"

/* "" and 0 where it is not there. */
const char *web_json_text(const json_t *object, const char *key);
uint64_t web_json_number(const json_t *object, const char *key);

/* "1 user", "2 users". */
struct web_count {
	char text[48];
};
struct web_count web_count(uint64_t count, const char *one);

struct store_checks;
/* Of own domains; NULL: there is none yet. store_checks_close(). */
struct store_checks *web_checks_open(const struct web *web);

void web_view_overview(struct web_page *page);
void web_view_inbound(struct web_page *page);
void web_view_outbound(struct web_page *page);
void web_view_users(struct web_page *page);
void web_view_internal(struct web_page *page);
void web_view_impact(struct web_page *page);
void web_view_exposures(struct web_page *page);
void web_view_downgrades(struct web_page *page);
void web_view_destinations(struct web_page *page);
void web_view_tlsrpt(struct web_page *page);
void web_view_check(struct web_page *page);
void web_view_live(struct web_page *page);
void web_view_certificates(struct web_page *page);

#endif
