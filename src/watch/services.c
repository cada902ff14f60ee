#include "watch/services.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>

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
