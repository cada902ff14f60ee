#include "check/discover_private.h"

#include "base/clean.h"
#include "check/autoconfig.h"
#include "check/header.h"

#include <stdio.h>

/* Where mail programs look for a domain's servers. What comes in clear can be another's. */
static const struct place {
	const char *prefix, *path;
	bool is_https;
	bool is_document; /* else that somebody answers is all there is to know: it is asked by
	                     POST, behind a login */
} documents[CHECK_DOCUMENTS] = {
	{ "autoconfig.", "/mail/config-v1.1.xml", true, true },
	{ "", "/.well-known/autoconfig/mail/config-v1.1.xml", true, true },
	{ "autoconfig.", "/mail/config-v1.1.xml", false, true },
	{ "autodiscover.", "/autodiscover/autodiscover.xml", true, false },
};
_Static_assert(CHECK_DOCUMENTS == COUNT_OF(((struct check_domain *)0)->autoconfig),
               "no room for all documents");

enum { NOT_FOUND = 404, GONE = 410, OK = 200, HTTPS_PORT = 443 };

static void why_set(struct check_autoconfig *a, const char *why)
{
	snprintf(a->why, sizeof(a->why), "%.*s", CHECK_TEXT_CAP - 1, why);
}

static void servers_name(struct check_discovery *d, const struct check_document *document)
{
	for (unsigned i = 0; i < document->count; i++)
		check_discover_name(d, document->servers[i].host, CHECK_FROM_AUTOCONFIG,
		                    document->servers[i].service, document->servers[i].port);
}

static void document_take(struct check_discovery *d, struct check_autoconfig *a,
                          const struct fetch_page *page)
{
	struct check_document document;
	check_document_scan(page->body, d->facts->name, &document);
	a->is_there = document.is_one ? CHECK_YES : CHECK_NO;
	if (!document.is_one) {
		why_set(a, "what is there is no such document");
		return;
	}
	a->names_clear = document.names_clear;
	snprintf(a->clear, sizeof(a->clear), "%s", document.clear);
	servers_name(d, &document);
}

static void status_say(struct check_autoconfig *a, const struct fetch_page *page)
{
	struct check_head head;
	check_head_scan(page->head, &head);
	snprintf(a->why, sizeof(a->why), "the web server answers with %u%s%.160s", page->status,
	         head.location[0] ? " to " : "", head.location);
}

static void on_document(struct check_task *t, const struct fetch_page *page)
{
	struct check_discovery *d = t->discovery;
	struct check_autoconfig *a = &d->facts->autoconfig[t->number];
	const struct place *p = &documents[t->number];
	a->status = (int)page->status;
	a->is_trusted = p->is_https && !page->why && !page->tls_why;
	a->is_there = CHECK_NO;
	a->why[0] = '\0';
	if (page->why)
		why_set(a, page->why);
	else if (!p->is_document && page->status != NOT_FOUND && page->status != GONE)
		a->is_there = CHECK_YES;
	else if (page->status == OK && p->is_document)
		document_take(d, a, page);
	else
		status_say(a, page);
	if (!page->why && page->tls_why)
		why_set(a, page->tls_why);
}

static void document_get(struct check_discovery *d, const struct check_seeker *s, unsigned number)
{
	const struct place *p = &documents[number];
	struct check_autoconfig *a = &d->facts->autoconfig[number];
	const struct fetch_page_wish wish = {
		.host = s->host->name,
		.path = p->path,
		.addresses = s->addresses->list,
		.count = s->addresses->count,
		.is_https = p->is_https,
		.takes_bad_certificate = true,
		.timeout_ms = CHECK_PAGE_MS,
	};
	if (wish.count) {
		check_task_get(d, &wish, on_document, NULL, number);
	} else if (s->host->has_address) {
		why_set(a, "its address is not one of the public internet");
	} else if (!policy_dns_is_lost(s->host->address)) {
		a->is_there = CHECK_NO;
		why_set(a, "its host has no address");
	} else {
		why_set(a, "the address of its host could not be looked up");
	}
}

void check_discover_documents(struct check_discovery *d, const struct check_seeker *s)
{
	char name[POLICY_WAY_NAME_CAP + 16];
	for (unsigned i = 0; i < CHECK_DOCUMENTS; i++) {
		snprintf(name, sizeof(name), "%s%s", documents[i].prefix, d->facts->name);
		if (!strcmp(name, s->host->name))
			document_get(d, s, i);
	}
	snprintf(name, sizeof(name), "webmail.%s", d->facts->name);
	if (!strcmp(name, s->host->name) && s->host->has_address)
		snprintf(d->facts->webmail, sizeof(d->facts->webmail), "%s", s->host->name);
}

void check_discover_documents_begin(struct check_discovery *d)
{
	struct check_domain *f = d->facts;
	f->autoconfig_count = CHECK_DOCUMENTS;
	for (unsigned i = 0; i < CHECK_DOCUMENTS; i++) {
		struct check_autoconfig *a = &f->autoconfig[i];
		a->by_https = documents[i].is_https;
		snprintf(a->url, sizeof(a->url), "%s://%s%.180s%s", a->by_https ? "https" : "http",
		         documents[i].prefix, f->name, documents[i].path);
		why_set(a, "no answer in time");
	}
}

static void on_report_page(struct check_task *t, const struct fetch_page *page)
{
	struct check_domain *f = t->discovery->facts;
	const char *why = page->why ? page->why : page->tls_why; /* RFC 8460 3: that is no matter */
	f->tlsrpt_https_answers = page->why ? CHECK_NO : CHECK_YES;
	snprintf(f->tlsrpt_why, sizeof(f->tlsrpt_why), "%.*s", CHECK_TEXT_CAP - 1, why ? why : "");
}

/* That it answers is all: a report is not sent. */
static void report_place_get(struct check_discovery *d)
{
	struct check_domain *f = d->facts;
	const struct check_addresses *to = &d->report_addresses;
	const struct fetch_page_wish wish = {
		.host = d->report_place.host,
		.path = "/",
		.addresses = to->list,
		.count = to->count,
		.is_https = true,
		.takes_bad_certificate = true,
		.port = d->report_place.port,
		.timeout_ms = CHECK_PAGE_MS,
	};
	if (to->count) {
		check_task_get(d, &wish, on_report_page, NULL, 0);
		return;
	}
	if (!policy_dns_is_lost(d->report_host.address) && !d->report_host.has_address)
		f->tlsrpt_https_answers = CHECK_NO;
	snprintf(f->tlsrpt_why, sizeof(f->tlsrpt_why), "%s",
	         d->report_host.has_address ? "its address is not one of the public internet"
	                                    : "its host has no address");
}

static void on_report_host(struct check_task *t, const struct lookup_answer *answer)
{
	if (check_discover_sought(t, answer))
		report_place_get(t->discovery);
}

void check_discover_report_place(struct check_discovery *d)
{
	const struct policy_tlsrpt_record *record = &d->facts->tlsrpt;
	struct fetch_place *place = &d->report_place;
	size_t i = 0;
	while (i < record->count && !policy_tlsrpt_is_https(record->uris[i]))
		i++;
	if (i == record->count)
		return;
	if (!fetch_place_of(record->uris[i], place)) {
		d->facts->tlsrpt_https_answers = CHECK_NO;
		snprintf(d->facts->tlsrpt_why, sizeof(d->facts->tlsrpt_why),
		         "its URL names no place");
		return;
	}
	/* A stranger's record does not make us knock at any port of anybody. */
	if (d->set.refuses_private && place->port != HTTPS_PORT) {
		snprintf(d->facts->tlsrpt_why, sizeof(d->facts->tlsrpt_why),
		         "its port is not 443, and was not looked at");
		return;
	}
	d->report_seeker =
		(struct check_seeker){ .host = &d->report_host, .addresses = &d->report_addresses };
	if (place->is_address) {
		check_discover_address_add(d, &d->report_host, &d->report_addresses, place->host);
		report_place_get(d);
		return;
	}
	snprintf(d->facts->tlsrpt_why, sizeof(d->facts->tlsrpt_why), "no answer in time");
	check_discover_seek(d, &d->report_seeker, place->host, on_report_host);
}
