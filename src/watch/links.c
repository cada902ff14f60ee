#include "watch/links.h"

#include "base/clean.h"
#include "base/err.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>

enum { PLACE_CAP = WATCH_ADDRESS_CAP + 8, NAME_CAP = 96 };

/* Of syslog: a link carries no others. */
static bool is_datagrams(const struct watch_row *row)
{
	return row->key.transport == WATCH_IP_UDP;
}

bool watch_link_fits(const struct watch_row *row, const struct watch_ours *ours)
{
	return row->is_link_good && watch_verdict_is_plain(row->key.verdict) &&
	       row->key.wire == WATCH_NETWORK && !watch_row_is_shared(row) &&
	       (row->key.transport == WATCH_IP_TCP || is_datagrams(row)) &&
	       ours->is_ours(ours->of, &row->key.client) &&
	       ours->is_ours(ours->of, &row->key.server);
}

/* --- order --- */

static int address_order(const struct watch_address *a, const struct watch_address *b)
{
	return memcmp(a, b, sizeof(*a));
}

static int port_order(const struct watch_row *a, const struct watch_row *b)
{
	int order = a->key.port - b->key.port;
	return order ? order : a->key.transport - b->key.transport;
}

/* 0: one link carries both. */
static int way_order(const struct watch_row *a, const struct watch_row *b)
{
	int order = address_order(&a->key.server, &b->key.server);
	return order ? order : port_order(a, b);
}

static int rows_order(const void *left, const void *right)
{
	const struct watch_row *a = *(const struct watch_row *const *)left;
	const struct watch_row *b = *(const struct watch_row *const *)right;
	int order = way_order(a, b);
	if (!order)
		order = address_order(&a->key.client, &b->key.client);
	return order ? order : strcmp(a->key.protocol, b->key.protocol);
}

/* A host's own server comes before the near ends of the same port. */
static int ends_order(const void *left, const void *right)
{
	const struct watch_link_end *a = left, *b = right;
	int order = address_order(a->host, b->host);
	if (!order)
		order = port_order(a->row, b->row);
	if (!order)
		order = !a->clients - !b->clients;
	return order ? order : way_order(a->row, b->row);
}

/* --- the ends --- */

void watch_links_deinit(struct watch_links *l)
{
	free(l->rows);
	free(l->ends);
	free(l->hosts);
	*l = (struct watch_links){};
}

static size_t rows_count(const struct watch_services *services)
{
	size_t count = 0;
	for (size_t i = 0; i < services->count; i++)
		count += services->list[i].client_count;
	return count;
}

/* Those that a link fits, each client of a way once. There is room for all. */
static void rows_choose(struct watch_links *l, const struct watch_services *services,
                        const struct watch_ours *ours)
{
	size_t fit = 0, kept = 0;
	for (size_t i = 0; i < services->count; i++)
		for (size_t n = 0; n < services->list[i].client_count; n++)
			if (watch_link_fits(services->list[i].rows[n], ours))
				l->rows[fit++] = services->list[i].rows[n];
	qsort(l->rows, fit, sizeof(const struct watch_row *), rows_order);
	for (size_t i = 0; i < fit; i++) {
		const struct watch_row *last = kept ? l->rows[kept - 1] : NULL;
		if (!last || way_order(last, l->rows[i]) ||
		    address_order(&last->key.client, &l->rows[i]->key.client))
			l->rows[kept++] = l->rows[i];
	}
	l->row_count = kept;
}

/* The far end of the way that begins at this row, and its near ends. Returns how many rows it has.
 */
static size_t way_add(struct watch_links *l, size_t at)
{
	const struct watch_row *const *clients = l->rows + at;
	struct watch_link_end far = { .host = &clients[0]->key.server,
		                      .row = clients[0],
		                      .clients = clients };
	size_t count = 0;
	for (; at + count < l->row_count && !way_order(clients[0], clients[count]); count++)
		l->ends[l->end_count++] = (struct watch_link_end){
			.host = &clients[count]->key.client,
			.row = clients[0],
		};
	far.client_count = count;
	l->ends[l->end_count++] = far;
	return count;
}

/* Numbers those that want the same port, and says where a host's ends begin. */
static void hosts_find(struct watch_links *l, const struct watch_hosts *names)
{
	for (size_t i = 0; i < l->end_count; i++) {
		struct watch_link_end *end = &l->ends[i];
		bool is_new = !i || address_order(end[-1].host, end->host);
		end->number = is_new || port_order(end[-1].row, end->row) ? 1 : end[-1].number + 1;
		if (is_new)
			l->hosts[l->host_count++] =
				(struct watch_link_host){ .ends = end, .names = names };
		l->hosts[l->host_count - 1].end_count++;
	}
}

int watch_links_make(struct watch_links *ret_links, const struct watch_services *services,
                     const struct watch_ours *ours)
{
	/* At most one way a row, and so two ends. */
	size_t room = rows_count(services) + 1;
	CLEAN(watch_links_deinit)
	struct watch_links l = { .rows = calloc(room, sizeof(*l.rows)),
		                 .ends = calloc(2 * room, sizeof(*l.ends)),
		                 .hosts = calloc(2 * room, sizeof(*l.hosts)) };
	if (!l.rows || !l.ends || !l.hosts)
		return err_raise(-ENOMEM);
	rows_choose(&l, services, ours);
	for (size_t at = 0; at < l.row_count;)
		at += way_add(&l, at);
	qsort(l.ends, l.end_count, sizeof(*l.ends), ends_order);
	hosts_find(&l, ours->names);
	*ret_links = l;
	l = (struct watch_links){};
	return 0;
}

/* --- the settings --- */

/* "lmtp_10_0_0_5_24": names of settings have neither dots nor colons. */
static void name_make(const struct watch_row *row, char ret_name[NAME_CAP])
{
	char address[WATCH_ADDRESS_CAP];
	watch_address_print(&row->key.server, address);
	snprintf(ret_name, NAME_CAP, "%s%s_%s_%u", row->key.protocol,
	         is_datagrams(row) ? "_udp" : "", address, row->key.port);
	for (char *at = ret_name; *at; at++)
		if (!isalnum((unsigned char)*at))
			*at = '_';
}

static void place_print(const struct watch_address *address, unsigned port,
                        char ret_text[PLACE_CAP])
{
	char text[WATCH_ADDRESS_CAP];
	watch_address_print(address, text);
	snprintf(ret_text, PLACE_CAP, watch_address_is_v4(address) ? "%s:%u" : "[%s]:%u", text,
	         port);
}

/* Where the far end listens: not on the service's own port, and on another for each. */
static unsigned far_port(const struct watch_row *row)
{
	enum { UP = 20000, PORTS = 65536, SYSLOG_TLS = 6514 /* RFC 5425 4.1 */ };
	if (is_datagrams(row))
		return SYSLOG_TLS;
	return row->key.port < PORTS - UP ? row->key.port + UP : row->key.port - (PORTS - UP) + 1;
}

static const char *peer_name(const struct watch_hosts *names, const struct watch_address *host,
                             char address[WATCH_ADDRESS_CAP])
{
	const char *name = watch_hosts_name(names, host);
	if (name)
		return name;
	watch_address_print(host, address);
	return address;
}

static int near_write(const struct watch_link_end *end, const struct watch_hosts *names,
                      struct buf *out)
{
	char name[NAME_CAP], address[WATCH_ADDRESS_CAP], told[PLACE_CAP], far[PLACE_CAP];
	const struct watch_row *row = end->row;
	name_make(row, name);
	place_print(&row->key.server, row->key.port, told);
	place_print(&row->key.server, far_port(row), far);
	unsigned high = end->number >> 8, low = end->number & 0xff;
	return err_up(buf_printf(
		out,
		"  # programs here are told 127.0.%u.%u, port %u, instead of %s\n"
		"  %s = { listen = \"127.0.%u.%u:%u\"; %sto = \"%s\"; peer = \"%s\"; };\n",
		high, low, row->key.port, told, name, high, low, row->key.port,
		is_datagrams(row) ? "protocol = \"syslog\"; " : "", far,
		peer_name(names, &row->key.server, address)));
}

static int far_write(const struct watch_link_end *end, const struct watch_hosts *names,
                     struct buf *out)
{
	char name[NAME_CAP], far[PLACE_CAP];
	const struct watch_row *row = end->row;
	name_make(row, name);
	place_print(&row->key.server, far_port(row), far);
	int r = buf_printf(out,
	                   "  # the server listens on 127.0.0.1, port %u, alone\n"
	                   "  %s_in = { listen_tls = \"%s\"; %sto = \"127.0.0.1:%u\"; peer = [",
	                   row->key.port, name, far,
	                   is_datagrams(row) ? "protocol = \"syslog\"; " : "", row->key.port);
	for (size_t i = 0; !r && i < end->client_count; i++) {
		char address[WATCH_ADDRESS_CAP];
		r = buf_printf(out, "%s\"%s\"", i ? ", " : "",
		               peer_name(names, &end->clients[i]->key.client, address));
	}
	if (!r)
		r = buf_add_str(out, "]; };\n");
	return err_up(r);
}

void watch_link_host_title(const struct watch_link_host *host, char ret_title[WATCH_LINK_TITLE_CAP])
{
	const struct watch_address *address = host->ends->host;
	const char *name = watch_hosts_name(host->names, address);
	char text[WATCH_ADDRESS_CAP];
	watch_address_print(address, text);
	snprintf(ret_title, WATCH_LINK_TITLE_CAP, "%s%s%s", text, name ? ", " : "",
	         name ? name : "");
}

int watch_link_host_write(const struct watch_link_host *host, struct buf *out)
{
	int r = buf_add_str(out, "link = {\n");
	for (size_t i = 0; !r && i < host->end_count; i++)
		r = host->ends[i].clients ? far_write(&host->ends[i], host->names, out)
		                          : near_write(&host->ends[i], host->names, out);
	if (!r)
		r = buf_add_str(out, "};\n");
	return err_up(r);
}
