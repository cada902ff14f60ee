/* Between the cluster (share.h), the parent and the workers. */
#include "ledger/inside.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "conf/conf.h"

#include <errno.h>

static struct store_ledger *store_of(void *owner)
{
	struct ledger *l = owner;
	return keeper_store(l->keeper);
}

static void on_tickets(void *owner, struct slice keys)
{
	struct ledger *l = owner;
	if (l->parent && proc_peer_queue(l->parent, PROC_MSG_TICKET_KEYS, keys))
		log_warn(NULL, "ticket keys of the cluster cannot be told");
}

static void on_bans(void *owner, struct slice bans)
{
	struct ledger *l = owner;
	if (l->parent && proc_peer_queue(l->parent, PROC_MSG_BANS, bans))
		log_warn(NULL, "bans of the cluster cannot be told");
}

static void on_tokens(void *owner, struct slice tokens)
{
	struct ledger *l = owner;
	if (l->parent && proc_peer_queue(l->parent, PROC_MSG_TOKENS, tokens))
		log_warn(NULL, "what CAs may ask other nodes for cannot be told");
}

/* Its port 80 is one of those that a CA may come to. */
static bool answers_tokens(const struct conf_settings *s)
{
	for (size_t i = 0; i < s->edge_count; i++)
		if (s->edges[i].protocol == CONF_HTTP && s->edges[i].listen_count)
			return true;
	return false;
}

static void on_cluster_state(void *owner)
{
	ledger_cluster_tell(owner);
}

int ledger_guess(void *owner, uint64_t teller, struct slice payload)
{
	struct ledger *l = owner;
	struct proc_unpacker u = proc_unpacker_over(payload);
	struct share_guess guess = { .teller = teller };
	uint8_t has_failed;
	if (!proc_unpack_u8(&u, &has_failed) ||
	    !proc_unpack_raw(&u, guess.address, sizeof(guess.address)) ||
	    !proc_unpack_str(&u, guess.user, sizeof(guess.user)) || !proc_unpack_ends(&u))
		return err_raise(-EPROTO);
	if (l->share && has_failed)
		share_guess_failed(l->share, &guess);
	else if (l->share)
		share_guess_well(l->share, &guess);
	return 0;
}

static void on_guessed(void *owner, const struct share_guess *guess, uint32_t failures)
{
	struct ledger *l = owner;
	uint8_t payload[4 + sizeof(guess->address) + 2 + sizeof(guess->user)];
	struct proc_packer p = proc_packer_over(payload, sizeof(payload));
	proc_pack_u32(&p, failures);
	proc_pack_raw(&p, slice_of(guess->address, sizeof(guess->address)));
	proc_pack_str(&p, guess->user);
	tellers_answer(l->tellers, guess->teller, PROC_MSG_GUESSED, proc_packed(&p));
}

void ledger_order_told(void *owner, const struct share_order *answer)
{
	struct ledger *l = owner;
	CLEAN(buf_deinit) struct buf payload = {};
	struct proc_packer p = proc_packer_onto(&payload);
	proc_pack_u8(&p, (uint8_t)answer->ask);
	proc_pack_u32(&p, answer->number);
	proc_pack_u8(&p, (uint8_t)answer->answer);
	if (answer->chain.len <= PROC_ORDER_CHAIN_MAX)
		proc_pack_raw(&p, answer->chain);
	if (p.has_failed ||
	    (l->parent && proc_peer_queue(l->parent, PROC_MSG_ORDER_TOLD, buf_slice(&payload))))
		log_warn(NULL, "what the cluster says of an order cannot be told");
}

void ledger_sharing_begin(struct ledger *l)
{
	const struct conf_settings *s = l->settings;
	if (!s->cluster.is_set)
		return;
	int r = share_new(&l->share, &(struct share_settings){
					     .loop = l->loop,
					     .conf = &s->cluster,
					     .password = buf_slice(&l->password),
					     .others_path = l->others_path,
					     .hostname = s->hostname,
					     .max_bytes = s->ledger.max_size,
					     .retention_s = s->ledger.retention_s,
					     .answers_tokens = answers_tokens(s),
					     .owner = l,
					     .store = store_of,
					     .on_tickets = on_tickets,
					     .on_tokens = on_tokens,
					     .on_bans = on_bans,
					     .on_state = on_cluster_state,
					     .on_guessed = on_guessed,
					     .on_order = ledger_order_told,
				     });
	if (r)
		log_error(NULL, "this node does not share", kv_int("errno", -r),
		          kv_str("where", err_origin()));
}
