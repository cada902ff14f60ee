/* The head of an answer of HTTP, and where its URLs lead: what H1 and H2 ask of it. Pure. */
#ifndef CHECK_HEADER_H
#define CHECK_HEADER_H

#include "check/endpoint.h"

enum { CHECK_URL_CAP = 1024 };

struct check_head {
	int64_t hsts_s; /* max-age (RFC 6797 6.1.1); -1: no field, or one that browsers ignore */
	char server[CHECK_TEXT_CAP];
	char location[CHECK_URL_CAP]; /* "": none, or one that is too long */
	unsigned session_cookies;     /* that are no more than a wish: those that end with the
	                                 browser, or are called a session's; not those against CSRF,
	                                 which scripts have to read */
	unsigned unsafe_cookies;      /* of them: without Secure or HttpOnly */
};

void check_head_scan(struct slice head, struct check_head *ret_head);

/* Where a page of a host is. */
struct check_url {
	bool is_https;
	bool is_same_host;        /* and of its usual port; else path says nothing */
	char path[CHECK_URL_CAP]; /* and query; begins with "/", printable */
};

/*
 * What a reference that stands in page means (RFC 3986 5, as browsers read it).
 * False: nothing that could be asked for (mailto:, javascript:, bytes that no URL has).
 */
bool check_url_take(const char *reference, const struct check_url *page, const char *host,
                    struct check_url *ret_url);

#endif
