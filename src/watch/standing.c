#include "watch/standing.h"

#include "watch/proto.h"

/* The weakest version, and what came with it, is what a row shows. */
static void row_fill(struct watch_row *row, struct watch_flow *f)
{
	const struct watch_proto *proto = f->talk.proto;
	if (f->talk.secret >= row->secret && f->talk.mechanism[0]) {
		row->secret = f->talk.secret;
		memcpy(row->mechanism, f->talk.mechanism, sizeof(row->mechanism));
	}
	if (f->talk.user[0])
		memcpy(row->user, f->talk.user, sizeof(row->user));
	if (f->tls.version && (!row->tls.version || f->tls.version <= row->tls.version))
		row->tls = f->tls;
	else if (!row->tls.version && f->tls.has_answer)
		row->tls = f->tls;
	watch_certificate_merge(&row->certificate, &f->certificate);
	if (proto) {
		row->mend = proto->mend;
		row->is_link_good = proto->is_link_good;
	} else if (f->udp && f->udp->mend) {
		row->mend = f->udp->mend;
		row->is_link_good = f->udp->is_link_good;
	}
}

static bool key_is_same(const struct watch_row *row, const struct watch_row_key *key)
{
	return row->key.verdict == key->verdict && row->key.protocol == key->protocol &&
	       (watch_row_is_shared(row) || watch_address_equal(&row->key.client, &key->client));
}

/* A flow stands in the row of its verdict, and moves when that changes. */
static void row_choose(struct watch_rows *rows, struct watch_pair *pair, enum watch_wire wire)
{
	const struct watch_flow *f = pair->flow;
	const struct watch_row_key key = { .client = pair->client,
		                           .server = pair->server,
		                           .port = pair->server_port,
		                           .transport = pair->transport,
		                           .wire = watch_address_are_local(&pair->client,
		                                                           &pair->server)
		                                           ? WATCH_LOCAL
		                                           : watch_wire_of(wire, pair->is_passed),
		                           .verdict = f->verdict,
		                           .protocol = f->protocol };
	if (pair->row && key_is_same(pair->row, &key))
		return;
	if (pair->row) {
		pair->row->bytes -= pair->bytes;
		watch_rows_leave(rows, pair->row);
	}
	pair->row = watch_rows_get(rows, &key);
	if (!pair->row) {
		rows->left_out += !pair->is_left_out;
		pair->is_left_out = true;
		return;
	}
	if (!pair->row->flows++ || pair->first_s < pair->row->first_s)
		pair->row->first_s = pair->first_s;
	if (pair->row->last_s < pair->last_s)
		pair->row->last_s = pair->last_s;
	pair->row->bytes += pair->bytes;
}

void watch_standing_update(struct watch_rows *rows, struct watch_pair *pair, enum watch_wire wire)
{
	if (!pair->flow->protocol)
		return;
	row_choose(rows, pair, wire);
	if (pair->row)
		row_fill(pair->row, pair->flow);
}

void watch_standing_count(struct watch_pair *pair, const struct watch_packet *p, int64_t at_s)
{
	size_t len = p->payload.len + p->payload_missing;
	pair->bytes += len;
	if (!pair->row)
		return;
	pair->row->bytes += len;
	pair->row->last_s = at_s;
}
