#include "web/serve.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "check/print.h"
#include "web/query.h"
#include "web/results.h"
#include "web/serve_page.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct web_serve {
	struct web_serve_settings set;
	struct web_results results;
	struct web_visits visits;
	char runs[WEB_SERVE_RUNS_MAX][DNS_IDN_CAP]; /* domains that wait or are under way */
	unsigned run_count;
};

static const char home_title[] = "How well is a provider's mail sealed?";

int web_serve_new(struct web_serve **ret_serve, const struct web_serve_settings *set)
{
	struct web_serve *serve = calloc(1, sizeof(*serve));
	if (!serve)
		return err_raise(-ENOMEM);
	serve->set = *set;
	serve->visits.an_hour = set->an_hour;
	serve->results = (struct web_results){ .count_max = WEB_SERVE_KEPT_MAX,
		                               .bytes_max = WEB_SERVE_BYTES_MAX,
		                               .kept_ms = WEB_SERVE_KEPT_MS };
	web_results_init(&serve->results);
	*ret_serve = serve;
	return 0;
}

void web_serve_free(struct web_serve *serve)
{
	if (!serve)
		return;
	web_results_deinit(&serve->results);
	free(serve);
}

/* --- Domains --- */

/* Its last label has a letter: else it is an address, whatever inet_aton() takes for one. */
static bool is_public_name(const char *name)
{
	static const char *const inner[] = { ".localhost", ".local", ".internal", ".arpa" };
	const char *dot = strrchr(name, '.');
	if (!dot || !dot[1 + strspn(dot + 1, "0123456789")])
		return false;
	for (size_t i = 0; i < COUNT_OF(inner); i++)
		if (!strcmp(dot, inner[i]))
			return false;
	return true;
}

bool web_serve_domain_take(const char *text, char ret_domain[DNS_IDN_CAP])
{
	const char *at = strrchr(text, '@');
	struct slice name = slice_trim(slice_str(at ? at + 1 : text));
	return name.len && dns_idn_take(name, ret_domain) && is_public_name(ret_domain);
}

/* --- Runs --- */

static unsigned run_find(const struct web_serve *serve, const char *domain)
{
	unsigned i = 0;
	while (i < serve->run_count && strcmp(serve->runs[i], domain) != 0)
		i++;
	return i;
}

static bool is_under_way(const struct web_serve *serve, const char *domain)
{
	return run_find(serve, domain) < serve->run_count;
}

static void run_remove(struct web_serve *serve, const char *domain)
{
	unsigned at = run_find(serve, domain);
	if (at == serve->run_count)
		return;
	memcpy(serve->runs[at], serve->runs[--serve->run_count], sizeof(serve->runs[at]));
}

static int failure_make(struct buf *html, struct buf *json, const char *domain, const char *why)
{
	int r = web_serve_page_failure(html, domain, why);
	if (!r)
		r = buf_printf(json, "{\"domain\":\"%s\",\"error\":\"%s\"}\n", domain, why);
	return err_up(r);
}

static int failure_put(struct web_serve *serve, const char *domain, const char *why,
                       uint64_t now_ms)
{
	CLEAN(buf_deinit) struct buf html = {};
	CLEAN(buf_deinit) struct buf json = {};
	int r = failure_make(&html, &json, domain, why);
	return r ? err_up(r)
	         : err_up(web_results_put(&serve->results, domain, &html, &json, now_ms));
}

static int report_put(struct web_serve *serve, const char *domain,
                      const struct check_report *report, uint64_t now_ms)
{
	CLEAN(buf_deinit) struct buf html = {};
	CLEAN(buf_deinit) struct buf json = {};
	int r = web_serve_page_result(&html, report);
	if (!r)
		r = check_print_json(&json, report, false);
	if (r)
		return err_up(r);
	r = web_results_put(&serve->results, domain, &html, &json, now_ms);
	if (r == WEB_RESULTS_TOO_LARGE)
		return failure_put(serve, domain, "What was found is too large to be shown here.",
		                   now_ms);
	return err_up(r);
}

void web_serve_done(struct web_serve *serve, const char *domain, const struct check_report *report,
                    uint64_t now_ms)
{
	int r = report ? report_put(serve, domain, report, now_ms)
	               : failure_put(serve, domain, "It could not be looked at; try again later.",
	                             now_ms);
	if (r)
		log_warn(NULL, "a result cannot be kept", kv_str("domain", domain),
		         kv_str("where", err_origin()));
	run_remove(serve, domain);
}

/* --- Requests --- */

static void go_to(struct web_reply *reply, const char *domain)
{
	web_reply_say(reply, 303, "it is there");
	snprintf(reply->location, sizeof(reply->location), "/%s", domain);
}

static void refuse(struct web_reply *reply, unsigned status, const char *title, const char *domain)
{
	const struct web_serve_note note = { .title = title, .domain = domain };
	web_serve_page_form(reply, status, &note);
	reply->may_wait = status == 429 || status == 503;
}

/* Shown as it is for a while, for the sake of those who are looked at. */
static bool is_fresh(struct web_serve *serve, const char *domain, uint64_t now_ms)
{
	const struct web_result *known = web_results_find(&serve->results, domain, now_ms);
	return known && now_ms - known->at_ms < WEB_SERVE_FRESH_MS;
}

static void run_begin(struct web_serve *serve, const struct web_request *request,
                      const char *domain, struct web_reply *reply)
{
	char visitor[WEB_VISITOR_CAP];
	web_visitor_of(serve->set.source, request->peer, request->forwarded, visitor);
	if (serve->run_count == WEB_SERVE_RUNS_MAX) {
		refuse(reply, 503, "Too many domains wait; try again in a minute", domain);
		return;
	}
	if (web_visits_take(&serve->visits, visitor, request->now_ms)) {
		refuse(reply, 429, "You had many domains looked at; try again later", domain);
		return;
	}
	/* Before it begins: it may end from inside. */
	snprintf(serve->runs[serve->run_count++], DNS_IDN_CAP, "%s", domain);
	if (serve->set.begin(serve->set.owner, domain, visitor)) {
		run_remove(serve, domain);
		refuse(reply, 503, "It cannot be looked at now; try again in a minute", domain);
		return;
	}
	go_to(reply, domain);
}

/* The fields of a form come as those of a target. */
static bool form_read(struct slice body, struct web_query *ret_query)
{
	CLEAN(buf_deinit) struct buf target = {};
	return !buf_add_str(&target, "/?") && !buf_add(&target, body) &&
	       !web_query_parse(ret_query, buf_slice(&target));
}

static void look_answer(struct web_serve *serve, const struct web_request *request,
                        struct web_reply *reply)
{
	struct web_query form;
	char domain[DNS_IDN_CAP];
	bool is_foreign = request->fetch_site && !strcasecmp(request->fetch_site, "cross-site");
	if (is_foreign) { /* a page elsewhere would spend what a visitor may have */
		refuse(reply, 403, "Another site asked for this; ask here", NULL);
	} else if (!form_read(request->body, &form)) {
		refuse(reply, 400, "This is no domain", NULL);
	} else if (!web_serve_domain_take(web_query_get(&form, "domain"), domain)) {
		refuse(reply, 400, "This is no domain", web_query_get(&form, "domain"));
	} else if (is_under_way(serve, domain) || is_fresh(serve, domain, request->now_ms)) {
		go_to(reply, domain);
	} else {
		run_begin(serve, request, domain, reply);
	}
}

static void progress_answer(struct web_serve *serve, const char *domain, bool is_json,
                            struct web_reply *reply)
{
	struct check_run_progress p = {};
	(void)!serve->set.progress(serve->set.owner, domain, &p);
	if (is_json)
		web_serve_json_progress(reply, domain, &p);
	else
		web_serve_page_progress(reply, domain, &p);
}

static void unknown_answer(const char *domain, bool is_json, struct web_reply *reply)
{
	const struct web_serve_note note = { .title = "Nothing is known of it now",
		                             .text = "It was not looked at lately.",
		                             .domain = domain };
	if (is_json)
		web_serve_json_error(reply, 404, "it was not looked at lately; POST /look");
	else
		web_serve_page_form(reply, 404, &note);
}

static void result_answer(const struct web_result *known, bool is_json, struct web_reply *reply)
{
	web_reply_say(reply, 200, "");
	reply->content = is_json ? WEB_CONTENT_JSON : WEB_CONTENT_HTML;
	reply->kept = web_kept_ref(is_json ? known->json : known->html);
}

/* name: behind the "/"; it is changed. */
static void domain_answer(struct web_serve *serve, const struct web_request *request, char *name,
                          struct web_reply *reply)
{
	static const char suffix[] = ".json";
	char domain[DNS_IDN_CAP];
	size_t len = strlen(name);
	bool is_json =
		len > sizeof(suffix) - 1 && !strcmp(name + len - (sizeof(suffix) - 1), suffix);
	if (is_json)
		name[len - (sizeof(suffix) - 1)] = '\0';
	if (!web_serve_domain_take(name, domain)) {
		refuse(reply, 404, "There is no such page", NULL);
		return;
	}
	const struct web_result *known = web_results_find(&serve->results, domain, request->now_ms);
	if (!is_json && strcmp(name, domain) != 0)
		go_to(reply, domain); /* one address a domain */
	else if (is_under_way(serve, domain))
		progress_answer(serve, domain, is_json, reply);
	else if (known)
		result_answer(known, is_json, reply);
	else
		unknown_answer(domain, is_json, reply);
}

static void home_answer(struct web_reply *reply)
{
	const struct web_serve_note note = {
		.title = home_title,
		.text = "All of its mail servers, as a stranger sees them: what is sealed, what is "
			"not, and what mends it.",
	};
	web_serve_page_form(reply, 200, &note);
}

static void get_answer(struct web_serve *serve, const struct web_request *request,
                       struct web_query *query, struct web_reply *reply)
{
	if (!strcmp(query->path, "/"))
		home_answer(reply);
	else if (!strcmp(query->path, "/about"))
		web_serve_page_about(reply, serve->set.profile, serve->set.an_hour);
	else if (!strcmp(query->path, "/style.css"))
		web_serve_style(reply);
	else if (!strcmp(query->path, "/healthz"))
		web_reply_say(reply, 200, "ok");
	else if (!strcmp(query->path, "/robots.txt"))
		web_reply_say(reply, 200, "User-agent: *\nAllow: /$\nAllow: /about\nDisallow: /");
	else
		domain_answer(serve, request, query->path + 1, reply);
}

void web_serve_answer(struct web_serve *serve, const struct web_request *request,
                      struct web_reply *reply)
{
	struct web_query query;
	bool is_post = !strcmp(request->method, "POST");
	if (web_query_parse(&query, slice_str(request->target)))
		web_reply_say(reply, 400, "no such address");
	else if (is_post && !strcmp(query.path, "/look"))
		look_answer(serve, request, reply);
	else if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0)
		web_reply_say(reply, 405, "only GET is answered here");
	else
		get_answer(serve, request, &query, reply);
}
