/*
 * `mailseal check --serve`: a form, progress, and what was found of a domain, at an address that
 * stays; no script. Knows neither sockets nor how a domain is looked at: requests in, pages out,
 * and "look at that one" to its owner.
 *
 *     /              the form                    POST /look    looks at a domain, or shows it
 *     /DOMAIN        progress, then the result   /DOMAIN.json  the same for programs
 *     /about         what it does, how often     /healthz
 *
 * One run of a domain at a time, and none for WEB_SERVE_FRESH_MS after it: the result is shown.
 */
#ifndef WEB_SERVE_H
#define WEB_SERVE_H

#include "check/finding.h"
#include "check/run.h"
#include "dns/idn.h"
#include "web/reply.h"
#include "web/visitor.h"

struct web_serve;

enum {
	WEB_SERVE_FRESH_MS = 10 * 60 * 1000, /* a domain is looked at again only after that */
	WEB_SERVE_KEPT_MS = 60 * 60 * 1000,
	WEB_SERVE_KEPT_MAX = 2000,
	WEB_SERVE_BYTES_MAX = 64 * 1024 * 1024,
	WEB_SERVE_BODY_MAX = 2048, /* of a POST */
	WEB_SERVE_RUNS_MAX = 64,   /* that wait or are under way */
	WEB_SERVE_AN_HOUR = 20,    /* runs of a visitor */
};

struct web_serve_settings {
	enum web_visitor_source source;
	unsigned an_hour;    /* runs of a visitor */
	const char *profile; /* its name; borrowed */
	void *owner;
	/* Looks at a domain; web_serve_done() comes later. visitor: for the log. 0 or a negative.
	 */
	int (*begin)(void *owner, const char *domain, const char *visitor);
	bool (*progress)(void *owner, const char *domain, struct check_run_progress *ret_progress);
};

[[nodiscard]] int web_serve_new(struct web_serve **ret_serve, const struct web_serve_settings *set);
void web_serve_free(struct web_serve *serve);

/* The answer to a request. */
void web_serve_answer(struct web_serve *serve, const struct web_request *request,
                      struct web_reply *reply);

/* A run has ended. report: NULL: it failed here. */
void web_serve_done(struct web_serve *serve, const char *domain, const struct check_report *report,
                    uint64_t now_ms);

/*
 * The domain of what a person writes into a field: a name, of any script, or a mail address. False:
 * it is none that the internet has: an address, "localhost", or no name at all.
 */
bool web_serve_domain_take(const char *text, char ret_domain[DNS_IDN_CAP]);

#endif
