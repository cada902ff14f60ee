#include "conf/made.h"

#include "base/clean.h"
#include "base/err.h"
#include "conf/conf.h"
#include "conf/site.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECT_MS = 3000, KEEPALIVE_S = 60 };

static int peers_copy(struct conf_link *link, const struct conf_tls *tls)
{
	link->peers = calloc(tls->peer_count + 1, sizeof(*link->peers));
	for (size_t i = 0; link->peers && i < tls->peer_count; i++) {
		link->peers[i] = strdup(tls->peers[i]);
		if (!link->peers[i])
			return err_raise(-ENOMEM);
		link->peer_count++;
	}
	return link->peers ? 0 : err_raise(-ENOMEM);
}

/* What it has of memory is freed with the settings, also if it is half made. */
static int near_end_make(struct conf_link *link, const struct conf_cluster *c, size_t number)
{
	*link = (struct conf_link){
		.name = strdup("cluster"),
		.protocol = CONF_LINK_TCP,
		.listen = malloc(sizeof(*link->listen)),
		.to = malloc(sizeof(*link->to)),
		.mode = 0600,
		.connect_timeout_ms = CONNECT_MS,
		.keepalive_s = KEEPALIVE_S,
		.is_made = true,
	};
	if (!link->name || !link->listen || !link->to)
		return err_raise(-ENOMEM);
	link->listen[0] = c->ways[number];
	link->to[0] = c->servers[number];
	link->listen_count = link->to_count = 1;
	return err_up(peers_copy(link, &c->tls));
}

static void way_make(struct conf_address *way, const char *run_dir, size_t number)
{
	*way = (struct conf_address){ .kind = CONF_ADDRESS_UNIX };
	snprintf(way->host, sizeof(way->host), "%s/cluster-%zu.sock", run_dir, number + 1);
	snprintf(way->text, sizeof(way->text), "unix:%s", way->host);
}

int conf_links_make(struct conf_settings *s)
{
	struct conf_cluster *c = &s->cluster;
	if (!c->is_set || !c->tls.is_set)
		return 0;
	struct conf_link *links =
		reallocarray(s->links, s->link_count + c->server_count, sizeof(*links));
	if (!links)
		return err_raise(-ENOMEM);
	s->links = links;
	c->ways = calloc(c->server_count + 1, sizeof(*c->ways));
	int r = c->ways ? 0 : err_raise(-ENOMEM);
	for (size_t i = 0; !r && i < c->server_count; i++) {
		way_make(&c->ways[i], s->run_dir, i);
		r = near_end_make(&links[s->link_count++], c, i);
	}
	return r;
}

const struct conf_address *conf_cluster_way(const struct conf_cluster *c, size_t number)
{
	return c->ways ? &c->ways[number] : &c->servers[number];
}

static int site_make(struct conf_backend *b, const char *run_dir)
{
	*b = (struct conf_backend){
		.name = strdup("site"),
		.addresses = malloc(sizeof(*b->addresses)),
		.client_info = CONV_INFO_PROXY,
		.tls.min_version = TLS_1_2,
		.connect_timeout_ms = CONNECT_MS,
		.is_made = true,
	};
	if (!b->name || !b->addresses)
		return err_raise(-ENOMEM);
	conf_site_address(run_dir, &b->addresses[0]);
	b->address_count = 1;
	return 0;
}

int conf_backends_make(struct conf_settings *s)
{
	if (!conf_needs_site(s))
		return 0;
	struct conf_backend *backends =
		reallocarray(s->backends, s->backend_count + 1, sizeof(*backends));
	if (!backends)
		return err_raise(-ENOMEM);
	s->backends = backends;
	return err_up(site_make(&backends[s->backend_count++], s->run_dir));
}
