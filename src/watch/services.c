#include "watch/services.h"

#include "base/clean.h"
#include "base/err.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>

void watch_services_deinit(struct watch_services *s)
{
	free(s->rows);
	free(s->list);
	*s = (struct watch_services){};
}

static int number_order(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* 0: of the same service. */
static int service_order(const struct watch_row *a, const struct watch_row *b)
{
	int order = memcmp(&a->key.server, &b->key.server, sizeof(a->key.server));
	if (!order)
		order = number_order(a->key.port, b->key.port);
	if (!order)
		order = number_order(a->key.transport, b->key.transport);
	if (!order)
		order = number_order(a->key.wire, b->key.wire);
	if (!order)
		order = number_order(a->key.verdict, b->key.verdict);
	return order ? order : strcmp(a->key.protocol, b->key.protocol);
}

static int rows_order(const void *left, const void *right)
{
	const struct watch_row *a = *(const struct watch_row *const *)left;
	const struct watch_row *b = *(const struct watch_row *const *)right;
	int order = service_order(a, b);
	if (!order)
		order = number_order(b->flows, a->flows);
	return order ? order : memcmp(&a->key.client, &b->key.client, sizeof(a->key.client));
}

/* Over the network first, then what is worst, then what is most. */
static int danger_order(const void *left, const void *right)
{
	const struct watch_service *a = left, *b = right;
	bool a_is_out = a->row->key.wire != WATCH_NETWORK,
	     b_is_out = b->row->key.wire != WATCH_NETWORK;
	int order = number_order(a_is_out, b_is_out);
	if (!order)
		order = number_order(b->row->key.verdict, a->row->key.verdict);
	if (!order)
		order = number_order(b->row->secret, a->row->secret);
	if (!order)
		order = number_order(b->flows, a->flows);
	return order ? order : service_order(a->row, b->row);
}

static void row_join(struct watch_service *s, const struct watch_row *row)
{
	s->client_count++;
	s->flows += row->flows;
	s->bytes += row->bytes;
	if (row->first_s < s->first_s)
		s->first_s = row->first_s;
	if (row->last_s > s->last_s)
		s->last_s = row->last_s;
	if (row->secret > s->row->secret)
		s->row = row;
}

int watch_services_make(struct watch_services *ret_services, const struct watch_rows *rows)
{
	size_t count = 0;
	struct watch_services s = { .rows = watch_rows_sorted(rows, &count) };
	if (s.rows)
		s.list = calloc(count + 1, sizeof(*s.list));
	if (!s.list) {
		watch_services_deinit(&s);
		return err_raise(-ENOMEM);
	}
	qsort(s.rows, count, sizeof(const struct watch_row *), rows_order);
	for (size_t i = 0; i < count; i++) {
		if (!i || service_order(s.rows[i - 1], s.rows[i]))
			s.list[s.count++] = (struct watch_service){
				.row = s.rows[i],
				.rows = s.rows + i,
				.first_s = s.rows[i]->first_s,
			};
		row_join(&s.list[s.count - 1], s.rows[i]);
	}
	qsort(s.list, s.count, sizeof(*s.list), danger_order);
	*ret_services = s;
	return 0;
}

/* --- the mend --- */

/* "lmtp_10_0_0_5": names of settings have neither dots nor colons. */
static void name_make(const struct watch_row *row, char *ret_name, size_t cap)
{
	char address[WATCH_ADDRESS_CAP];
	watch_address_print(&row->key.server, address);
	snprintf(ret_name, cap, "%s_%s_%u", row->key.protocol, address, row->key.port);
	for (char *at = ret_name; *at; at++)
		if (!isalnum((unsigned char)*at))
			*at = '_';
}

static void place_print(const struct watch_address *address, unsigned port, char *ret_text,
                        size_t cap)
{
	char text[WATCH_ADDRESS_CAP];
	watch_address_print(address, text);
	snprintf(ret_text, cap, watch_address_is_v4(address) ? "%s:%u" : "[%s]:%u", text, port);
}

/* The port between the two links: another than the service's, which stays on loopback. */
static unsigned link_port(unsigned port)
{
	enum { FAR = 20000 };
	return port < 65535 - FAR ? port + FAR : port - FAR;
}

static int peers_write(struct buf *out, const struct watch_service *s)
{
	enum { SHOWN_MAX = 8 };
	int r = 0;
	for (size_t i = 0; !r && i < s->client_count && i < SHOWN_MAX; i++) {
		char client[WATCH_ADDRESS_CAP];
		watch_address_print(&s->rows[i]->key.client, client);
		r = buf_printf(out, "%s\"%s\"", i ? ", " : "", client);
	}
	return err_up(r);
}

int watch_service_link(const struct watch_service *s, struct buf *out)
{
	char name[96], far[80], server[WATCH_ADDRESS_CAP];
	unsigned port = s->row->key.port;
	if (!s->row->is_link_good || s->row->key.transport != WATCH_IP_TCP)
		return 0;
	name_make(s->row, name, sizeof(name));
	place_print(&s->row->key.server, link_port(port), far, sizeof(far));
	watch_address_print(&s->row->key.server, server);
	int r = buf_printf(out,
	                   "client: link = { %s = { listen = \"127.0.0.1:%u\"; to = \"%s\"; peer = "
	                   "\"%s\"; }; };\n"
	                   "server: link = { %s_in = { listen_tls = \"%s\"; to = \"127.0.0.1:%u\"; "
	                   "peer = [",
	                   name, port, far, server, name, far, port);
	if (!r)
		r = peers_write(out, s);
	if (!r)
		r = buf_add_str(out, "]; }; };\n");
	return err_up(r);
}
