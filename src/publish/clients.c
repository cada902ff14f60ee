#include "publish/clients.h"

#include "base/clean.h"
#include "base/err.h"
#include "conf/address.h"

#include <string.h>

/* In the order in which they are named. */
static const struct service {
	enum conf_protocol protocol;
	bool is_implicit;
	const char *mozilla, *outlook;
} services[] = {
	{ CONF_IMAP, true, "imap", "IMAP" },       { CONF_IMAP, false, "imap", "IMAP" },
	{ CONF_POP3, true, "pop3", "POP3" },       { CONF_POP3, false, "pop3", "POP3" },
	{ CONF_SUBMISSION, true, "smtp", "SMTP" }, { CONF_SUBMISSION, false, "smtp", "SMTP" },
};

struct place {
	const struct service *service;
	const char *host;
	uint16_t port;
};

static int text_add(struct buf *xml, const char *text)
{
	int r = 0;
	for (; !r && *text; text++) {
		uint8_t c = (uint8_t)*text;
		if (strchr("<>&\"'", c))
			r = buf_printf(xml, "&#%u;", c);
		else if (c >= ' ' && c != 127)
			r = buf_add(xml, slice_of(text, 1));
	}
	return err_up(r);
}

static int element_add(struct buf *xml, const char *name, const char *text)
{
	int r = buf_printf(xml, "<%s>", name);
	if (!r)
		r = text_add(xml, text);
	if (!r)
		r = buf_printf(xml, "</%s>\n", name);
	return err_up(r);
}

static const char *host_of(const struct conf_settings *s, const struct conf_autoconfig *conf,
                           const struct conf_edge *e)
{
	const char *written = e->protocol == CONF_IMAP   ? conf->imap
	                      : e->protocol == CONF_POP3 ? conf->pop3
	                                                 : conf->submission;
	if (written && written[0])
		return written;
	return e->hostname ? e->hostname : s->hostname;
}

/* False: no edge has it where clients can come. */
static bool place_find(const struct conf_settings *s, const struct conf_autoconfig *conf,
                       const struct service *service, struct place *ret_place)
{
	for (size_t i = 0; i < s->edge_count; i++) {
		const struct conf_edge *e = &s->edges[i];
		const struct conf_address *list = service->is_implicit ? e->listen_tls : e->listen;
		size_t count = service->is_implicit ? e->listen_tls_count : e->listen_count;
		for (size_t n = 0; e->protocol == service->protocol && n < count; n++) {
			if (conf_address_is_local(&list[n]))
				continue;
			*ret_place = (struct place){ service, host_of(s, conf, e), list[n].port };
			return true;
		}
	}
	return false;
}

/* --- Mozilla --- */

static int mozilla_server(struct buf *xml, const struct place *p)
{
	bool is_out = p->service->protocol == CONF_SUBMISSION;
	const char *tag = is_out ? "outgoingServer" : "incomingServer";
	int r = buf_printf(xml, "<%s type=\"%s\">\n", tag, p->service->mozilla);
	if (!r)
		r = element_add(xml, "hostname", p->host);
	if (!r)
		r = buf_printf(xml,
		               "<port>%u</port>\n<socketType>%s</socketType>\n"
		               "<authentication>password-cleartext</authentication>\n"
		               "<username>%%EMAILADDRESS%%</username>\n</%s>\n",
		               p->port, p->service->is_implicit ? "SSL" : "STARTTLS", tag);
	return err_up(r);
}

int publish_autoconfig_write(struct buf *xml, const struct conf_settings *s,
                             const struct conf_autoconfig *conf)
{
	const char *name =
		conf->display_name && conf->display_name[0] ? conf->display_name : conf->domain;
	struct place place;
	int r = buf_printf(xml,
	                   "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	                   "<clientConfig version=\"1.1\">\n<emailProvider id=\"%s\">\n",
	                   conf->domain);
	if (!r)
		r = element_add(xml, "domain", conf->domain);
	if (!r)
		r = element_add(xml, "displayName", name);
	if (!r)
		r = element_add(xml, "displayShortName", name);
	for (size_t i = 0; !r && i < COUNT_OF(services); i++)
		if (place_find(s, conf, &services[i], &place))
			r = mozilla_server(xml, &place);
	if (!r)
		r = buf_add_str(xml, "</emailProvider>\n</clientConfig>\n");
	return err_up(r);
}

/* --- Outlook --- */

static const struct {
	const char *name;
	char byte;
} entities[] = {
	{ "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' }, { "&quot;", '"' }, { "&apos;", '\'' },
};

/* One character of the text. False: an entity that is not known. */
static bool byte_take(struct slice *text, char *ret_byte)
{
	if (text->data[0] != '&') {
		*ret_byte = (char)text->data[0];
		*text = slice_skip(*text, 1);
		return true;
	}
	for (size_t i = 0; i < COUNT_OF(entities); i++) {
		size_t len = strlen(entities[i].name);
		if (!slice_equal(slice_head(*text, len), slice_str(entities[i].name)))
			continue;
		*ret_byte = entities[i].byte;
		*text = slice_skip(*text, len);
		return true;
	}
	return false;
}

static bool is_space(uint8_t byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* Of XML: lines, too. */
static struct slice space_trim(struct slice text)
{
	while (text.len && is_space(text.data[0]))
		text = slice_skip(text, 1);
	while (text.len && is_space(text.data[text.len - 1]))
		text.len--;
	return text;
}

static bool address_take(struct slice text, char ret_address[PUBLISH_ADDRESS_CAP])
{
	size_t len = 0;
	text = space_trim(text);
	while (text.len) {
		char byte;
		if (len == PUBLISH_ADDRESS_CAP - 1 || !byte_take(&text, &byte) || byte <= ' ' ||
		    byte > '~')
			return false;
		ret_address[len++] = byte;
	}
	ret_address[len] = '\0';
	const char *at = strchr(ret_address, '@');
	return at && at != ret_address && at[1];
}

/* Whatever namespace it is in: <EMailAddress>, <a:EMailAddress>. */
int publish_autodiscover_read(struct slice request, char ret_address[PUBLISH_ADDRESS_CAP])
{
	static const char name[] = "EMailAddress>";
	while (request.len) {
		request = slice_skip(request, slice_find(request, '<') + 1);
		struct slice tag = slice_head(request, slice_find(request, '>') + 1);
		size_t colon = slice_find(tag, ':');
		struct slice local = colon < tag.len ? slice_skip(tag, colon + 1) : tag;
		if (!slice_equal(local, slice_str(name)) || tag.data[0] == '/')
			continue;
		request = slice_skip(request, tag.len);
		struct slice text = slice_head(request, slice_find(request, '<'));
		return text.len < request.len && address_take(text, ret_address)
		               ? 0
		               : PUBLISH_AUTODISCOVER_BAD;
	}
	return PUBLISH_AUTODISCOVER_BAD;
}

static int outlook_server(struct buf *xml, const struct place *p, const char *address)
{
	int r = buf_printf(xml, "<Protocol>\n<Type>%s</Type>\n", p->service->outlook);
	if (!r)
		r = element_add(xml, "Server", p->host);
	if (!r)
		r = buf_printf(xml, "<Port>%u</Port>\n", p->port);
	if (!r)
		r = element_add(xml, "LoginName", address);
	if (!r)
		r = buf_printf(xml,
		               "<DomainRequired>off</DomainRequired>\n<SPA>off</SPA>\n%s"
		               "<AuthRequired>on</AuthRequired>\n</Protocol>\n",
		               p->service->is_implicit ? "<SSL>on</SSL>\n"
		                                         "<Encryption>SSL</Encryption>\n"
		                                       : "<Encryption>TLS</Encryption>\n");
	return err_up(r);
}

int publish_autodiscover_write(struct buf *xml, const struct conf_settings *s,
                               const struct conf_autoconfig *conf, const char *address)
{
	struct place place;
	enum conf_protocol last = CONF_PROTOCOL_COUNT;
	int r = buf_add_str(
		xml, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		     "<Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/"
		     "responseschema/2006\">\n"
		     "<Response xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/"
		     "outlook/responseschema/2006a\">\n"
		     "<Account>\n<AccountType>email</AccountType>\n<Action>settings</Action>\n");
	for (size_t i = 0; !r && i < COUNT_OF(services); i++) {
		/* It takes the first of a kind: implicit TLS, where it is. */
		if (services[i].protocol == last || !place_find(s, conf, &services[i], &place))
			continue;
		last = services[i].protocol;
		r = outlook_server(xml, &place, address);
	}
	if (!r)
		r = buf_add_str(xml, "</Account>\n</Response>\n</Autodiscover>\n");
	return err_up(r);
}
