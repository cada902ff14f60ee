/*
 * What a server has to say where a door of mailseal stands before it on the same host: else
 * strangers look like this host, which servers trust.
 */
#include "audit/ruleset.h"

#include "base/clean.h"
#include "base/err.h"
#include "servers/endpoint.h"

#include <errno.h>

static const struct advice_rule rule_proxy = { "edge-proxy-expected", NULL, ADVICE_FAIL,
	                                       "mailseal-run(8)",
	                                       "mailseal sends a PROXY header here, and this "
	                                       "listener does not expect one: no session gets "
	                                       "through" };
static const struct advice_rule rule_xclient = {
	"edge-xclient-authorised", NULL, ADVICE_FAIL, "mailseal-run(8)",
	"mailseal names its clients by XCLIENT here, and may not: no session gets through"
};
static const struct advice_rule rule_id = {
	"edge-id-trusted", NULL, ADVICE_FAIL, "mailseal-run(8)",
	"mailseal names its clients by ID here, and is not believed: all look like this host"
};
static const struct advice_rule rule_none = {
	"edge-client-unknown", NULL, ADVICE_FAIL, "mailseal-run(8)",
	"mailseal does not say here who its clients are: all look like this host, which servers "
	"trust"
};

/* How each software is told whom to believe. */
static const struct believes {
	enum servers_kind kind;
	const char *proxy_mend;
	const char *setting; /* whose value has who may say XCLIENT or ID */
	const char *mend;
} believers[] = {
	{ SERVERS_POSTFIX,
	  "in master.cf, for this service: -o smtpd_upstream_proxy_protocol=haproxy",
	  "smtpd_authorized_xclient_hosts",
	  "postconf -e 'smtpd_authorized_xclient_hosts = 127.0.0.1'" },
	{ SERVERS_DOVECOT,
	  "in this inet_listener: haproxy = yes; and haproxy_trusted_networks = 127.0.0.1",
	  "login_trusted_networks", "login_trusted_networks = 127.0.0.1" },
	{ SERVERS_EXIM, "hosts_proxy = 127.0.0.1", "hosts_xclient",
	  "hosts_xclient = 127.0.0.1 (since 4.98), or client_info = \"proxy\" in mailseal.conf and "
	  "hosts_proxy = 127.0.0.1" },
	{ SERVERS_OPENSMTPD, "at this listener: proxy-v2", "xclient",
	  "client_info = \"proxy\" in mailseal.conf, and proxy-v2 at this listener" },
	{ SERVERS_NGINX, "at this listen: proxy_protocol; and real_ip_header proxy_protocol",
	  "xclient",
	  "client_info = \"proxy\" in mailseal.conf, and proxy_protocol at this listen" },
};

static const struct believes *believes_of(enum servers_kind kind)
{
	for (size_t i = 0; i < COUNT_OF(believers); i++)
		if (believers[i].kind == kind)
			return &believers[i];
	return NULL;
}

static bool is_before(const struct audit_front *front, const struct servers_listener *listener)
{
	enum servers_reach at = servers_reach_of(front->address);
	enum servers_reach on = servers_reach_of(listener->address);
	bool is_here = at == SERVERS_REACH_LOOPBACK || !strcmp(front->address, listener->address);
	bool is_reached = on == SERVERS_REACH_LOOPBACK || on == SERVERS_REACH_ALL ||
	                  !strcmp(front->address, listener->address);
	return front->port && front->port == listener->port && is_here && is_reached;
}

struct meeting {
	struct audit *audit;
	const struct servers_server *server;
	const struct servers_listener *listener;
	const struct audit_front *front;
};

static int meet_add(const struct meeting *m, const struct advice_rule *rule, const char *name,
                    const char *right, const char *mend)
{
	const struct servers_setting *setting = servers_setting_find(m->listener->scope, name);
	return err_up(audit_add(
		m->audit, &(struct audit_finding){
				  .rule = rule,
				  .server = m->server,
				  .service = m->listener->name,
				  .setting = name,
				  .value = setting ? setting->value : "",
				  .place = setting ? setting->place : m->listener->block->place,
				  .right = right,
				  .mend = mend,
			  }));
}

static int meet(const struct meeting *m, const struct believes *believes)
{
	const char *believed = servers_value(m->listener->scope, believes->setting);
	const struct advice_rule *rule = &rule_xclient;
	switch (m->front->client_info) {
	case CONV_INFO_PROXY:
		return m->listener->expects_proxy
		               ? 0
		               : meet_add(m, &rule_proxy, m->listener->name, "a PROXY header",
		                          believes->proxy_mend);
	case CONV_INFO_NONE:
		return meet_add(m, &rule_none, "client_info", "proxy",
		                "in mailseal.conf, for this backend: client_info = \"proxy\"");
	case CONV_INFO_ID:
		rule = &rule_id;
		break;
	case CONV_INFO_XCLIENT:
		break;
	}
	if (believed[0])
		return 0;
	return meet_add(m, rule, believes->setting, "the host mailseal runs on", believes->mend);
}

int audit_fronts(struct audit *a, const struct servers_server *server)
{
	const struct believes *believes = believes_of(server->kind);
	int r = 0;
	for (size_t i = 0; believes && i < server->listener_count; i++)
		for (size_t k = 0; !r && k < a->front_count; k++) {
			const struct meeting m = { a, server, server->listeners[i], &a->fronts[k] };
			if (is_before(m.front, m.listener))
				r = meet(&m, believes);
		}
	return err_up(r);
}
