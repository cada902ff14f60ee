/* What the links of a configuration come to. */
#include "link/inside.h"

#include "base/buf.h"
#include "base/clean.h"
#include "base/err.h"
#include "identity/trust.h"
#include "io/address.h"
#include "tls/client.h"
#include "tls/server.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

/* Who we are among our own hosts, and whom we believe; for all links the same. */
struct self {
	const struct link_world_settings *set;
	struct tls_certificate_spec node;
	struct tls_inside *inside;
	struct slice roots;
	char *error;
	size_t error_cap;
};

static int target_take(struct link_target *t, const struct conf_address *conf,
                       const struct self *self)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&t->sa;
	t->text = conf->text;
	t->port = conf->port;
	if (conf->kind == CONF_ADDRESS_NAME)
		return err_up(link_name_get(&t->name, self->set->pool, conf->host));
	if (conf->kind != CONF_ADDRESS_UNIX) {
		t->len = io_address_take(conf->host, conf->port, &t->sa);
		return t->len ? 0 : LINK_WORLD_BAD;
	}
	un->sun_family = AF_UNIX;
	snprintf(un->sun_path, sizeof(un->sun_path), "%s", conf->host);
	t->len = sizeof(*un);
	return 0;
}

struct list {
	struct link_target **targets;
	size_t *count; /* so many are made */
	struct conf_address **addresses;
};

/* Their texts outlive the settings, in what *addresses owns. */
static int list_take(const struct list *l, const struct conf_address *conf, size_t count,
                     const struct self *self)
{
	*l->addresses = calloc(count + 1, sizeof(**l->addresses));
	*l->targets = calloc(count + 1, sizeof(**l->targets));
	if (!*l->addresses || !*l->targets)
		return err_raise(-ENOMEM);
	for (; *l->count < count; ++*l->count) {
		struct conf_address *own = &(*l->addresses)[*l->count];
		*own = conf[*l->count];
		int r = target_take(&(*l->targets)[*l->count], own, self);
		if (r)
			return r;
	}
	return 0;
}

static int targets_take(struct link_end *end, const struct conf_link *conf, struct self *self)
{
	const struct list to = { &end->targets, &end->target_count, &end->addresses[0] };
	const struct list destinations = { &end->destinations, &end->destination_count,
		                           &end->addresses[1] };
	int r = list_take(&to, conf->to, conf->to_count, self);
	if (!r)
		r = list_take(&destinations, conf->destinations, conf->destination_count, self);
	if (r == LINK_WORLD_BAD)
		snprintf(self->error, self->error_cap, "link.%s: an address is none", conf->name);
	return r;
}

static int far_make(struct link_end *end, const struct self *self, char **names, size_t count,
                    char why[160])
{
	const struct tls_server_settings set = {
		.policy = { .profile = TLS_PROFILE_USER,
		            .min_version = TLS_1_3,
		            .groups = self->set->settings->tls.groups },
		.certificates = &self->node,
		.certificate_count = 1,
		.client_ca_pem = self->roots,
		.client_names = names,
		.client_name_count = count,
		.inside = self->inside,
		.says_word = true,
		.is_compact = self->set->settings->tls.compact,
		.signer = self->set->signer,
	};
	return tls_server_new(&end->server, &set, why, 160);
}

static int near_make(struct link_end *end, const struct self *self, char **names, size_t count,
                     char why[160])
{
	const struct tls_client_settings set = {
		.verify = TLS_VERIFY_INTERNAL,
		.min_version = TLS_1_3,
		.ca_pem = self->roots,
		.names = (const char *const *)names,
		.name_count = count,
		.inside = self->inside,
		.certificate = &self->node,
		.signer = self->set->signer,
		.hears_word = true,
		.is_compact = self->set->settings->tls.compact,
	};
	return tls_client_new(&end->client, &set, why, 160);
}

static int tls_make(struct link_end *end, const struct conf_link *conf, struct self *self)
{
	char **names = NULL;
	char why[160] = "";
	int r = identity_peers_new(&names, conf->peers, conf->peer_count, why, sizeof(why));
	if (!r)
		r = (end->is_far ? far_make : near_make)(end, self, names, conf->peer_count, why);
	identity_peers_free(names, conf->peer_count);
	if (r <= 0)
		return err_up(r);
	snprintf(self->error, self->error_cap, "link.%s: %s", conf->name, why);
	return LINK_WORLD_BAD;
}

static int peers_note(struct link_end *end, const struct conf_link *conf)
{
	CLEAN(buf_deinit) struct buf text = {};
	int r = 0;
	for (size_t i = 0; !r && i < conf->peer_count; i++)
		r = buf_printf(&text, "%s%s", i ? "," : "", conf->peers[i]);
	if (r)
		return err_up(r);
	end->peers = strndup((const char *)buf_slice(&text).data, buf_len(&text));
	return end->peers ? 0 : err_raise(-ENOMEM);
}

static int end_take(struct link_end *end, const struct conf_link *conf, struct self *self)
{
	*end = (struct link_end){
		.name = strdup(conf->name),
		.protocol = conf->protocol,
		.is_far = conf_link_is_far(conf),
		.is_made = conf->is_made,
		.proxy = conf->proxy,
		.is_transparent = conf->transparent,
		.connections_max = conf->connections,
		.connect_timeout_ms = conf->connect_timeout_ms,
		.idle_timeout_ms = conf->idle_timeout_ms,
		.keepalive_s = conf->keepalive_s,
	};
	if (!end->name)
		return err_raise(-ENOMEM);
	int r = peers_note(end, conf);
	if (!r)
		r = targets_take(end, conf, self);
	return r ? r : tls_make(end, conf, self);
}

static int self_make(struct self *self)
{
	const struct conf_settings *s = self->set->settings;
	const struct conf_materials *m = self->set->materials;
	self->roots = buf_slice(&m->cas[conf_ca_of_internal(s)]);
	if (!self->roots.len || !conf_node_spec(s, m, &self->node)) {
		snprintf(self->error, self->error_cap, "link: this host has no certificate");
		return LINK_WORLD_BAD;
	}
	return identity_inside_new(&self->inside, buf_slice(&m->cas[conf_ca_denied(s)]),
	                           s->pki.grace_s, self->error, self->error_cap)
	               ? LINK_WORLD_BAD
	               : 0;
}

static int world_fill(struct link_world *w, struct self *self)
{
	const struct conf_settings *s = self->set->settings;
	if (!s->link_count)
		return 0;
	w->ends = calloc(s->link_count, sizeof(*w->ends));
	if (!w->ends)
		return err_raise(-ENOMEM);
	int r = self_make(self);
	while (!r && w->count < s->link_count) {
		struct link_end *end = &w->ends[w->count++];
		r = end_take(end, &s->links[w->count - 1], self);
	}
	w->inside = self->inside;
	return r;
}

int link_world_new(struct link_world **ret_w, const struct link_world_settings *set,
                   char *ret_error, size_t error_cap)
{
	struct link_world *w = calloc(1, sizeof(*w));
	if (!w)
		return err_raise(-ENOMEM);
	struct self self = { .set = set, .error = ret_error, .error_cap = error_cap };
	w->refs = 1;
	int r = world_fill(w, &self);
	if (r) {
		link_world_unref(w);
		return r > 0 ? LINK_WORLD_BAD : err_up(r);
	}
	*ret_w = w;
	return 0;
}

struct link_world *link_world_ref(struct link_world *w)
{
	w->refs++;
	return w;
}

void link_world_unref(struct link_world *w)
{
	if (!w || --w->refs)
		return;
	for (size_t i = 0; i < w->count; i++) {
		struct link_end *end = &w->ends[i];
		tls_server_unref(end->server);
		tls_client_unref(end->client);
		for (size_t n = 0; n < end->target_count; n++)
			link_name_unref(end->targets[n].name);
		free(end->targets);
		free(end->destinations);
		free(end->addresses[0]);
		free(end->addresses[1]);
		free(end->peers);
		free(end->name);
	}
	tls_inside_unref(w->inside);
	free(w->ends);
	free(w);
}
