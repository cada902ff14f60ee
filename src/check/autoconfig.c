#include "check/autoconfig.h"

#include "base/clean.h"
#include "check/markup.h"

#include <stdio.h>
#include <stdlib.h>

enum { WORD_CAP = 64 };
enum security { UNSAID, CLEAR, STARTTLS, IMPLICIT };

/* A server as the document has it. */
struct entry {
	bool is_open;
	char type[WORD_CAP], port[WORD_CAP], security[WORD_CAP], authentication[WORD_CAP];
	char host[POLICY_WAY_NAME_CAP];
};

static const struct protocol {
	const char *type;
	enum check_service with_starttls, implicit;
	unsigned port, implicit_port;
} protocols[] = {
	{ "imap", CHECK_IMAP, CHECK_IMAPS, 143, 993 },
	{ "pop3", CHECK_POP3, CHECK_POP3S, 110, 995 },
	{ "smtp", CHECK_SUBMISSION, CHECK_SUBMISSIONS, 587, 465 },
};

static const struct word {
	const char *text;
	enum security security;
} words[] = {
	{ "SSL", IMPLICIT }, { "TLS", STARTTLS }, { "STARTTLS", STARTTLS }, { "plain", CLEAR },
	{ "on", IMPLICIT },  { "off", CLEAR },    { "none", CLEAR },        { "auto", UNSAID },
};

static bool begins_entry(const struct check_tag *tag)
{
	return check_tag_is(tag, "incomingServer") || check_tag_is(tag, "outgoingServer") ||
	       check_tag_is(tag, "Protocol");
}

static bool begins_document(const struct check_tag *tag)
{
	return check_tag_is(tag, "clientConfig") || check_tag_is(tag, "Autodiscover");
}

static enum security security_of(const struct entry *e)
{
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (!strcasecmp(e->security, words[i].text))
			return words[i].security;
	return UNSAID;
}

static const struct protocol *protocol_of(const char *type)
{
	for (size_t i = 0; i < COUNT_OF(protocols); i++)
		if (!strcasecmp(type, protocols[i].type))
			return &protocols[i];
	return NULL;
}

static unsigned port_of(const struct entry *e, const struct protocol *p, enum security security)
{
	unsigned long port = strtoul(e->port, NULL, 10);
	if (!e->port[0])
		return security == IMPLICIT ? p->implicit_port : p->port;
	return port > 0 && port <= UINT16_MAX ? (unsigned)port : 0;
}

static void clear_say(struct check_document *d, const struct entry *e, const struct protocol *p,
                      unsigned port)
{
	if (d->names_clear)
		return;
	d->names_clear = true;
	snprintf(d->clear, sizeof(d->clear), "%s %.100s:%u, %s%.40s%s%.40s", p->type,
	         e->host[0] ? e->host : "(no host)", port,
	         e->security[0] ? "socketType " : "no socketType", e->security,
	         e->authentication[0] ? ", " : "", e->authentication);
}

static void entry_end(struct check_document *d, struct entry *e)
{
	const struct protocol *p = protocol_of(e->type);
	enum security security = security_of(e);
	unsigned port = p ? port_of(e, p, security) : 0;
	if (e->is_open && port) {
		/* What programs make of it. */
		if (security == UNSAID && port == p->implicit_port)
			security = IMPLICIT;
		bool is_clear = security == CLEAR || security == UNSAID;
		if (is_clear)
			clear_say(d, e, p, port);
		if (d->count < CHECK_SERVERS_MAX && dns_name_is_host(e->host)) {
			struct check_server *s = &d->servers[d->count++];
			s->service = security == IMPLICIT ? p->implicit : p->with_starttls;
			s->port = (uint16_t)port;
			s->is_clear = is_clear;
			memcpy(s->host, e->host, sizeof(s->host));
		}
	}
	*e = (struct entry){};
}

/* In lower case, the domain in place; "" if it is no host's name. */
static void host_take(struct entry *e, struct slice text, const char *domain)
{
	static const char variable[] = "%EMAILDOMAIN%";
	char name[POLICY_WAY_NAME_CAP * 2] = "";
	char *at;
	if (text.len >= POLICY_WAY_NAME_CAP)
		return;
	slice_to_text(text, name, sizeof(name));
	if ((at = strcasestr(name, variable))) {
		size_t tail = (size_t)(at - name) + strlen(variable);
		char whole[sizeof(name) * 2];
		snprintf(whole, sizeof(whole), "%.*s%s%s", (int)(at - name), name, domain,
		         name + tail);
		snprintf(name, sizeof(name), "%.*s", (int)sizeof(name) - 1, whole);
	}
	for (char *c = name; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c |= 0x20;
	if (dns_name_is_host(name))
		snprintf(e->host, sizeof(e->host), "%.*s", POLICY_WAY_NAME_CAP - 1, name);
}

/* An element has ended, whose text that is. */
static void element_take(struct entry *e, const struct check_tag *tag, const char *domain)
{
	struct slice text = check_markup_trim(tag->text);
	if (check_tag_is(tag, "hostname") || check_tag_is(tag, "Server"))
		host_take(e, text, domain);
	else if (check_tag_is(tag, "port"))
		slice_to_text(text, e->port, sizeof(e->port));
	else if (check_tag_is(tag, "Type"))
		slice_to_text(text, e->type, sizeof(e->type));
	else if (check_tag_is(tag, "authentication") && !e->authentication[0])
		slice_to_text(text, e->authentication, sizeof(e->authentication));
	else if (check_tag_is(tag, "socketType") || check_tag_is(tag, "SSL") ||
	         check_tag_is(tag, "Encryption"))
		slice_to_text(text, e->security, sizeof(e->security));
}

void check_document_scan(struct slice text, const char *domain, struct check_document *ret_document)
{
	struct check_document *d = ret_document;
	struct check_tag tag;
	struct entry e = {};
	struct slice type;
	*d = (struct check_document){};
	while (check_markup_next(&text, &tag)) {
		if (!tag.is_end && begins_document(&tag)) {
			d->is_one = true;
		} else if (begins_entry(&tag)) {
			entry_end(d, &e);
			e.is_open = !tag.is_end;
			if (!tag.is_end && check_tag_attribute(&tag, "type", &type))
				slice_to_text(type, e.type, sizeof(e.type));
		} else if (tag.is_end && e.is_open) {
			element_take(&e, &tag, domain);
		}
	}
	entry_end(d, &e);
}
