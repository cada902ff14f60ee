/* What mail servers ask on the way: rspamd, amavis, ClamAV, spamd, Redis, milters. */
#include "audit/line.h"
#include "audit/others.h"
#include "base/clean.h"
#include "base/err.h"
#include "servers/reader.h"

#include <errno.h>

static const struct advice_rule rule_listener = { "filter-listener", NULL, ADVICE_FAIL,
	                                          "M3AAWG TLS for Mail 2",
	                                          "This protocol has no TLS, and the listener is "
	                                          "open to the network: whole messages cross it in "
	                                          "clear." };
static const struct advice_rule rule_redis = {
	"filter-redis-listener", NULL, ADVICE_FAIL,
	"M3AAWG TLS for Mail 2, Redis documentation, TLS",
	"The plain port is open to the network: what filters and servers keep here crosses it in "
	"clear."
};
static const struct advice_rule rule_store = {
	"rspamd-redis", NULL, ADVICE_FAIL, "M3AAWG TLS for Mail 2",
	"What rspamd keeps about mail goes to its store on another host in clear."
};

static const char filter_mend[] =
	"listen on a unix socket or 127.0.0.1; for other hosts give mailseal a link to it";
static const char redis_mend[] =
	"bind 127.0.0.1 -::1, or port 0 and tls-port 6379 with tls-cert-file and tls-key-file";

static int listeners_check(struct audit *a, const struct servers_server *server,
                           const struct advice_rule *rule, const char *mend)
{
	int r = 0;
	for (size_t i = 0; !r && i < server->listener_count; i++) {
		const struct servers_listener *l = server->listeners[i];
		const struct audit_finding finding = {
			.rule = rule,
			.server = server,
			.service = l->name,
			.setting = "listener",
			.value = servers_text_printf(a->servers, "%s port %u", l->address, l->port),
			.place = l->block->place,
			.right = "a unix socket or loopback",
			.mend = mend,
		};
		if (!finding.value)
			return err_raise(-ENOMEM);
		if (!l->is_tls && audit_is_open(l))
			r = audit_add(a, &finding);
	}
	return err_up(r);
}

int audit_filter(struct audit *a, const struct servers_server *server)
{
	return err_up(listeners_check(a, server, &rule_listener, filter_mend));
}

int audit_redis(struct audit *a, const struct servers_server *server)
{
	return err_up(listeners_check(a, server, &rule_redis, redis_mend));
}

/* "servers", "read_servers", "write_servers" of local.d/redis.conf. */
int audit_rspamd(struct audit *a, const struct servers_server *server)
{
	static const char *const names[] = { "servers", "read_servers", "write_servers" };
	const struct servers_scope *redis = servers_scope_child(server->top, "redis", "");
	int r = listeners_check(a, server, &rule_listener, filter_mend);
	for (size_t i = 0; !r && redis && i < COUNT_OF(names); i++) {
		const struct servers_setting *s = servers_setting_own(redis, names[i]);
		bool is_sealed = servers_value_is_yes(redis, "ssl");
		const struct audit_finding finding = {
			.rule = &rule_store,
			.server = server,
			.setting = names[i],
			.value = s ? s->value : "",
			.place = s ? s->place : (struct servers_place){},
			.right = "127.0.0.1, with a link to the other host",
			.mend = "give mailseal a link to that host and name its address on "
				"loopback here",
		};
		if (s && !is_sealed && audit_is_remote(s->value, strcspn(s->value, " ,;")))
			r = audit_add(a, &finding);
	}
	return err_up(r);
}
