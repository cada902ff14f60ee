/* The backends of a world: addresses, TLS towards them, how much there is at each. */
#include "edge/world_inside.h"

#include "base/err.h"
#include "conf/conf.h"
#include "edge/session.h"
#include "identity/trust.h"
#include "io/address.h"
#include "tls/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>

int edge_address_resolve(struct edge_address *a, const struct conf_address *conf)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&a->sa;
	a->text = conf->text;
	if (conf->kind == CONF_ADDRESS_UNIX) {
		un->sun_family = AF_UNIX;
		snprintf(un->sun_path, sizeof(un->sun_path), "%s", conf->host);
		a->sa_len = sizeof(*un);
		return 0;
	}
	a->sa_len = io_address_take(conf->host, conf->port, &a->sa);
	return a->sa_len ? 0 : EDGE_WORLD_BAD;
}

/* One of our own hosts, to which we can prove ourselves in turn. */
static int inside_tls(struct edge_backend *b, const struct edge_making *m)
{
	const struct conf_tls *t = &b->conf->tls;
	const struct edge_trust *trust = &m->trust;
	char **names = NULL;
	char why[160];
	int r = identity_peers_new(&names, t->peers, t->peer_count, why, sizeof(why));
	const struct tls_client_settings set = {
		.verify = TLS_VERIFY_INTERNAL,
		.min_version = t->min_version,
		.ca_pem = trust->ca_pem,
		.names = (const char *const *)names,
		.name_count = t->peer_count,
		.inside = trust->inside,
		.certificate = trust->has_node ? &trust->node : NULL,
		.is_compact = trust->is_compact,
		.signer = trust->signer,
	};
	if (!r)
		r = tls_client_new(&b->tls, &set, why, sizeof(why));
	identity_peers_free(names, t->peer_count);
	if (r > 0)
		return edge_making_fails(m, "backend.%s.tls: %s", b->conf->name, why);
	return err_up(r);
}

static int backend_tls(struct edge_backend *b, const struct edge_making *m, size_t number)
{
	const struct conf_tls *t = &b->conf->tls;
	size_t ca = conf_ca_of_backend(m->settings, number);
	if (!conf_tls_is_ours(t))
		return 0;
	if (t->verify == TLS_VERIFY_INTERNAL)
		return inside_tls(b, m);
	const struct tls_client_settings set = {
		.verify = t->verify,
		.min_version = t->min_version,
		.ca_pem = ca < m->materials->ca_count ? buf_slice(&m->materials->cas[ca])
		                                      : (struct slice){},
		.pins = (const uint8_t(*)[32])t->pins,
		.pin_count = t->pin_count,
		.name = t->name,
		.is_compact = m->trust.is_compact,
	};
	char why[160];
	int r = tls_client_new(&b->tls, &set, why, sizeof(why));
	if (r > 0)
		return edge_making_fails(m, "backend.%s.tls: %s", b->conf->name, why);
	return err_up(r);
}

static struct edge_load *load_new(void)
{
	struct edge_load *load = calloc(1, sizeof(*load));
	if (load)
		load->refs = 1;
	return load;
}

static void load_unref(struct edge_load *load)
{
	if (load && !--load->refs)
		free(load);
}

void edge_load_share(struct edge_address *a, const struct edge_address *with)
{
	with->load->refs++;
	load_unref(a->load);
	a->load = with->load;
}

static int address_make(struct edge_address *a, const struct edge_backend *b,
                        const struct conf_address *conf, const struct edge_making *m)
{
	if (edge_address_resolve(a, conf))
		return edge_making_fails(m, "backend.%s.address: \"%s\" is no IP address",
		                         b->conf->name, conf->text);
	a->state = edge_backend_is_listened_to(b) ? EDGE_ADDRESS_NEW : EDGE_ADDRESS_USABLE;
	a->load = load_new();
	return a->load ? 0 : err_raise(-ENOMEM);
}

int edge_backend_make(struct edge_backend *b, const struct edge_making *m, size_t number)
{
	const struct conf_backend *conf = &m->settings->backends[number];
	int r = 0;
	b->conf = conf;
	b->addresses = calloc(conf->address_count, sizeof(*b->addresses));
	if (!b->addresses)
		return err_raise(-ENOMEM);
	b->address_count = conf->address_count;
	for (size_t i = 0; !r && i < conf->address_count; i++)
		r = address_make(&b->addresses[i], b, &conf->addresses[i], m);
	if (r)
		return r;
	r = edge_sources_fill(b);
	return r ? err_up(r) : backend_tls(b, m, number);
}

void edge_backend_deinit(struct edge_backend *b)
{
	for (size_t i = 0; i < b->address_count; i++) {
		load_unref(b->addresses[i].load);
		conv_offer_unref(b->addresses[i].offer);
	}
	tls_client_unref(b->tls);
	free(b->addresses);
	free(b->sources);
}
