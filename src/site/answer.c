#include "site/answer.h"

#include "base/clean.h"
#include "conf/site.h"
#include "dns/message.h"
#include "publish/clients.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { HOST_CAP = 256 };

struct asked {
	const struct site_answers *answers;
	const struct web_request *request;
	const char *domain; /* behind the label */
};

static void no_such(struct web_reply *reply)
{
	web_reply_say(reply, 404, "there is nothing here");
}

static bool is_get(const struct web_request *request)
{
	return !strcmp(request->method, "GET") || !strcmp(request->method, "HEAD");
}

/* --- MTA-STS (RFC 8461 3.3) --- */

static void sts_answer(const struct asked *a, struct web_reply *reply)
{
	const struct publish_served *s = publish_history_find(a->answers->history, a->domain);
	if (!s || strcmp(a->request->target, "/.well-known/mta-sts.txt") != 0) {
		no_such(reply);
	} else if (!is_get(a->request)) {
		web_reply_say(reply, 405, "it can be read, and nothing else");
	} else if (!s->max_age_s) { /* DNS has not answered yet */
		web_reply_say(reply, 503, "not yet known");
		reply->may_wait = true;
	} else {
		reply->status = 200;
		reply->content = WEB_CONTENT_TEXT;
		if (publish_served_text(s, &reply->body))
			web_reply_say(reply, 503, "no memory");
	}
}

/* --- where the servers are --- */

static void xml_answer(struct web_reply *reply, int r)
{
	reply->status = 200;
	reply->content = WEB_CONTENT_XML;
	if (r)
		web_reply_say(reply, 503, "no memory");
}

static void autoconfig_answer(const struct asked *a, struct web_reply *reply)
{
	const struct conf_settings *s = a->answers->settings;
	const struct conf_autoconfig *conf = conf_autoconfig_find(s, a->domain);
	const char *target = a->request->target;
	size_t path = strcspn(target, "?"); /* emailaddress=... is of no matter */
	static const char *const paths[] = { "/mail/config-v1.1.xml",
		                             "/.well-known/autoconfig/mail/config-v1.1.xml" };
	bool is_there = false;
	for (size_t i = 0; i < COUNT_OF(paths); i++)
		is_there |= strlen(paths[i]) == path && !memcmp(target, paths[i], path);
	if (!conf || !is_there)
		no_such(reply);
	else if (!is_get(a->request))
		web_reply_say(reply, 405, "it can be read, and nothing else");
	else
		xml_answer(reply, publish_autoconfig_write(&reply->body, s, conf));
}

static void autodiscover_answer(const struct asked *a, struct web_reply *reply)
{
	const struct conf_settings *s = a->answers->settings;
	const struct conf_autoconfig *conf = conf_autoconfig_find(s, a->domain);
	char address[PUBLISH_ADDRESS_CAP];
	if (!conf || strcasecmp(a->request->target, "/autodiscover/autodiscover.xml") != 0)
		no_such(reply);
	else if (strcmp(a->request->method, "POST") != 0)
		web_reply_say(reply, 405, "it wants a POST");
	else if (publish_autodiscover_read(a->request->body, address))
		web_reply_say(reply, 400, "there is no EMailAddress in it");
	else
		xml_answer(reply, publish_autodiscover_write(&reply->body, s, conf, address));
}

static const struct {
	const char *label;
	void (*fn)(const struct asked *a, struct web_reply *reply);
} labels[] = {
	{ CONF_SITE_STS, sts_answer },
	{ CONF_SITE_AUTOCONFIG, autoconfig_answer },
	{ CONF_SITE_AUTODISCOVER, autodiscover_answer },
};

/* Without a port and a dot at the end. False: it is no host name. */
static bool host_take(const char *text, char ret_host[HOST_CAP])
{
	size_t len = text ? strcspn(text, ":") : 0;
	if (len && text[len - 1] == '.')
		len--;
	if (!len || len >= HOST_CAP)
		return false;
	memcpy(ret_host, text, len);
	ret_host[len] = '\0';
	return dns_name_is_host(ret_host);
}

void site_answer(const struct site_answers *answers, const struct web_request *request,
                 struct web_reply *reply)
{
	char host[HOST_CAP];
	if (!host_take(request->host, host)) {
		web_reply_say(reply, 400, "it does not say which host it is for");
		return;
	}
	for (size_t i = 0; i < COUNT_OF(labels); i++) {
		size_t len = strlen(labels[i].label);
		if (strncasecmp(host, labels[i].label, len) != 0)
			continue;
		const struct asked a = { answers, request, host + len };
		labels[i].fn(&a, reply);
		return;
	}
	/* RFC 9113 9.1.1: a certificate with more names does not bring their requests here. */
	web_reply_say(reply, 421, "this connection is not for that host");
}
