/* What the settings of a relay and its routes come to. */
#include "relay/inside.h"

#include "base/clean.h"
#include "base/err.h"
#include "identity/name.h"
#include "identity/trust.h"
#include "tls/proof.h"

#include <errno.h>
#include <stdio.h>

int relay_route_take(struct relay_route *to, const struct conf_route *from)
{
	const struct conf_tls *t = &from->tls;
	*to = (struct relay_route){
		.is_address = from->host.kind != CONF_ADDRESS_NAME,
		.port = from->host.port,
		.is_implicit = t->mode == CONF_TLS_IMPLICIT,
		.rule = { .is_plain = t->mode == CONF_TLS_NONE,
		          .proof = t->verify == TLS_VERIFY_PIN    ? POLICY_PROOF_PIN
		                   : t->verify == TLS_VERIFY_NONE ? POLICY_PROOF_NONE
		                                                  : POLICY_PROOF_PKIX,
		          .pin_count = t->pin_count },
	};
	snprintf(to->domain, sizeof(to->domain), "%s", from->domain);
	snprintf(to->host, sizeof(to->host), "%s", from->host.host);
	snprintf(to->name, sizeof(to->name), "%s", t->name ? t->name : from->host.host);
	char peer[IDENTITY_PEER_CAP];
	if (t->verify == TLS_VERIFY_INTERNAL && t->peer_count &&
	    identity_peer_write(t->peers[0], peer))
		snprintf(to->name, sizeof(to->name), "%s", peer);
	if (!t->pin_count)
		return 0;
	to->pins = calloc(t->pin_count, sizeof(*to->pins));
	if (!to->pins)
		return err_raise(-ENOMEM);
	memcpy(to->pins, t->pins, t->pin_count * sizeof(*to->pins));
	to->rule.pins = to->pins;
	return 0;
}

static int domains_take(char ***ret_list, char *const *from, size_t count)
{
	*ret_list = calloc(count + 1, sizeof(**ret_list));
	for (size_t i = 0; *ret_list && i < count; i++) {
		(*ret_list)[i] = strdup(from[i]);
		if (!(*ret_list)[i])
			return err_raise(-ENOMEM);
	}
	return *ret_list ? 0 : err_raise(-ENOMEM);
}

static void domains_free(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}

/* With the large hello, then the small one. */
static int hops_make(struct tls_hops **ret_tls, struct tls_hops **ret_small,
                     struct tls_hops_settings set, char *ret_error, size_t error_cap)
{
	int r = tls_hops_new(ret_tls, &set, ret_error, error_cap);
	set.small_hello = true;
	if (!r)
		r = tls_hops_new(ret_small, &set, ret_error, error_cap);
	return r > 0 ? RELAY_WORLD_BAD : err_up(r);
}

/* One of our own hosts, to which we can prove ourselves in turn. */
static int route_inside_take(struct relay_route *route, const struct relay_world_settings *from,
                             size_t number, char *ret_error, size_t error_cap)
{
	const struct conf_settings *settings = from->settings;
	const struct buf *cas = from->materials->cas;
	struct tls_certificate_spec node;
	char why[160];
	struct tls_hops_settings set = {
		.ca_pem = buf_slice(&cas[conf_ca_of_internal(settings)]),
		.min_version = settings->relays[from->number].tls.min_version,
		.is_compact = settings->tls.compact,
		.signer = from->signer,
	};
	if (conf_node_spec(settings, from->materials, &node))
		set.certificate = &node;
	int r = identity_inside_new(&set.inside, buf_slice(&cas[conf_ca_denied(settings)]),
	                            settings->pki.grace_s, why, sizeof(why));
	if (!r)
		r = hops_make(&route->tls, &route->tls_small, set, why, sizeof(why));
	tls_inside_unref(set.inside);
	if (r <= 0)
		return err_up(r);
	snprintf(ret_error, error_cap, "route[%zu].tls: %s", number, why);
	return RELAY_WORLD_BAD;
}

/* One that is to prove itself by CAs of its own. */
static int route_cas_take(struct relay_route *route, const struct relay_world_settings *from,
                          size_t number, char *ret_error, size_t error_cap)
{
	size_t whose = conf_ca_of_route(from->settings, number);
	const struct tls_hops_settings set = {
		.ca_pem = buf_slice(&from->materials->cas[whose]),
		.min_version = from->settings->relays[from->number].tls.min_version,
		.trusts_all = true,
		.is_compact = from->settings->tls.compact,
	};
	char why[160];
	if (from->settings->routes[number].tls.verify == TLS_VERIFY_INTERNAL)
		return route_inside_take(route, from, number, ret_error, error_cap);
	if (from->settings->routes[number].tls.verify != TLS_VERIFY_FILE)
		return 0;
	int r = hops_make(&route->tls, &route->tls_small, set, why, sizeof(why));
	if (r == RELAY_WORLD_BAD)
		snprintf(ret_error, error_cap, "route[%zu].tls.ca_file: %s", number, why);
	return r;
}

static int routes_take(struct relay_world *w, const struct relay_world_settings *from,
                       char *ret_error, size_t error_cap)
{
	const struct conf_settings *settings = from->settings;
	w->routes = calloc(settings->route_count + 1, sizeof(*w->routes));
	if (!w->routes)
		return err_raise(-ENOMEM);
	for (size_t i = 0; i < settings->route_count; i++) {
		struct relay_route *route = &w->routes[w->route_count++];
		int r = relay_route_take(route, &settings->routes[i]);
		if (!r)
			r = route_cas_take(route, from, i, ret_error, error_cap);
		if (r)
			return r; /* RELAY_WORLD_BAD, or ours */
	}
	return 0;
}

static void sources_take(struct relay_sources *to, const struct conf_relay *from)
{
	for (size_t i = 0; i < from->source_count; i++) {
		const struct conf_network *n = &from->sources[i];
		if (n->is_v6) {
			to->v6.sin6_family = AF_INET6;
			memcpy(&to->v6.sin6_addr, n->addr, sizeof(to->v6.sin6_addr));
		} else {
			to->v4.sin_family = AF_INET;
			memcpy(&to->v4.sin_addr, n->addr, sizeof(to->v4.sin_addr));
		}
	}
}

/* What is numbers and words alone. 0 or -ENOMEM. */
static int plain_take(struct relay_world *w, const struct conf_settings *settings,
                      const struct conf_relay *conf)
{
	*w = (struct relay_world){ .refs = 1,
		                   .name = strdup(conf->name),
		                   .port = (uint16_t)conf->port,
		                   .plain_after_ms = conf->plain_after_ms,
		                   .limits = { .domain = conf->concurrency,
		                               .host = conf->host_concurrency,
		                               .mx_operator = conf->operator_concurrency,
		                               .per_minute = conf->operator_rate },
		                   .slot_wait_ms = conf->slot_wait_ms,
		                   .remembers = conf->remembers,
		                   .hold_s = conf->hold_for_ms / 1000,
		                   .rejects_bare = conf->bare_newline == CONV_BARE_REJECT };
	snprintf(w->hostname, sizeof(w->hostname), "%s", conf->hostname);
	sources_take(&w->sources, conf);
	if (settings->tlsrpt.from)
		w->reports_from = strdup(settings->tlsrpt.from);
	bool has_names = w->name && !settings->tlsrpt.from == !w->reports_from;
	int r = has_names ? 0 : err_raise(-ENOMEM);
	if (!r)
		r = domains_take(&w->hold, conf->hold, conf->hold_count);
	if (!r)
		r = domains_take(&w->refuse, conf->refuse, conf->refuse_count);
	return err_up(r);
}

int relay_world_new(struct relay_world **ret_w, const struct relay_world_settings *from,
                    char *ret_error, size_t error_cap)
{
	const struct conf_settings *settings = from->settings;
	const struct conf_relay *conf = &settings->relays[from->number];
	const struct buf *cas = &from->materials->cas[conf_ca_of_relay(settings, from->number)];
	const struct tls_hops_settings set = { .ca_pem = buf_slice(cas),
		                               .min_version = conf->tls.min_version,
		                               .is_compact = settings->tls.compact };
	struct relay_world *w = calloc(1, sizeof(*w));
	if (!w)
		return err_raise(-ENOMEM);
	int r = plain_take(w, settings, conf);
	if (!r)
		r = routes_take(w, from, ret_error, error_cap);
	if (!r)
		r = hops_make(&w->tls, &w->tls_small, set, ret_error, error_cap);
	if (!r)
		r = relay_door_make(&w->door, from, ret_error, error_cap);
	if (r) {
		relay_world_unref(w);
		return r > 0 ? RELAY_WORLD_BAD : err_up(r);
	}
	*ret_w = w;
	return 0;
}

void relay_world_unref(struct relay_world *w)
{
	if (!w || --w->refs)
		return;
	tls_hops_unref(w->tls);
	tls_hops_unref(w->tls_small);
	tls_server_unref(w->door);
	for (size_t i = 0; i < w->route_count; i++) {
		tls_hops_unref(w->routes[i].tls);
		tls_hops_unref(w->routes[i].tls_small);
		free(w->routes[i].pins);
	}
	free(w->routes);
	domains_free(w->hold);
	domains_free(w->refuse);
	free(w->reports_from);
	free(w->name);
	free(w);
}
