#include "worker/guesses.h"

#include "base/clean.h"
#include "base/err.h"
#include "edge/edge.h"
#include "edge/throttle.h"
#include "proc/teller.h"

#include <errno.h>

enum { USER_MAX = 127 }; /* as much as edge/throttle.c looks at */

struct worker_guesses {
	struct edge_guesses guesses; /* first: the callback gets back to us by it */
	struct edge_pool *pool;
	struct proc_teller *ledger;
	bool is_on;
};

static void on_login(struct edge_guesses *guesses, struct edge_throttle_pair pair, bool has_failed)
{
	struct worker_guesses *g = (struct worker_guesses *)guesses;
	uint8_t payload[1 + PROC_ADDRESS_LEN + 2 + USER_MAX];
	struct proc_packer p = proc_packer_over(payload, sizeof(payload));
	_Static_assert(sizeof(pair.address.bytes) == PROC_ADDRESS_LEN, "the address as it is");
	if (!g->is_on)
		return;
	proc_pack_u8(&p, has_failed);
	proc_pack_raw(&p, slice_of(pair.address.bytes, sizeof(pair.address.bytes)));
	proc_pack_bytes(&p, slice_head(slice_str(pair.user), USER_MAX));
	proc_teller_say(g->ledger, PROC_MSG_GUESS, proc_packed(&p));
}

static int on_guessed(void *owner, struct slice payload)
{
	struct worker_guesses *g = owner;
	struct proc_unpacker u = proc_unpacker_over(payload);
	struct edge_throttle_pair pair = {};
	char user[USER_MAX + 1];
	uint32_t failures;
	if (!proc_unpack_u32(&u, &failures) ||
	    !proc_unpack_raw(&u, pair.address.bytes, sizeof(pair.address.bytes)) ||
	    !proc_unpack_str(&u, user, sizeof(user)) || !proc_unpack_ends(&u))
		return err_raise(-EPROTO);
	pair.user = user;
	edge_pool_guess_heard(g->pool, &pair, failures);
	return 0;
}

int worker_guesses_new(struct worker_guesses **ret_g, struct edge_pool *pool,
                       struct proc_teller *ledger)
{
	struct worker_guesses *g = calloc(1, sizeof(*g));
	if (!g)
		return err_raise(-ENOMEM);
	*g = (struct worker_guesses){ .guesses = { .tell = on_login },
		                      .pool = pool,
		                      .ledger = ledger };
	edge_pool_guess_to(pool, &g->guesses);
	proc_teller_hear(ledger, on_guessed, g);
	*ret_g = g;
	return 0;
}

void worker_guesses_free(struct worker_guesses *g)
{
	free(g);
}

void worker_guesses_switch(struct worker_guesses *g, bool is_on)
{
	g->is_on = is_on;
}
