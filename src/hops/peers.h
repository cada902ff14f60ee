/* Of many messages: who brought them between providers, and how much of that was encrypted. Pure.
 */
#ifndef HOPS_PEERS_H
#define HOPS_PEERS_H

#include "hops/way.h"

enum { HOPS_PEERS_MAX = 10000 }; /* more are one, "others" */

struct hops_peer_sum {
	char name[HOPS_TEXT_CAP]; /* that DNS has for it, else its address */
	uint64_t hops, encrypted, sealed, legacy, plain, not_stated;
};

/* All zero but seed: nobody. */
struct hops_peers {
	uint64_t seed; /* random, for strangers choose names */
	struct hops_peer_sum *rows;
	size_t count, cap;
	size_t *places; /* of 2 * cap: number of a row + 1, 0: free */
	struct hops_peer_sum others;
};

/* Those hops of a way that count. 0 or -ENOMEM. */
[[nodiscard]] int hops_peers_add(struct hops_peers *p, const struct hops_way *w);

/* Those with most in clear first, then those with most hops; nothing can be added then. */
void hops_peers_sort(struct hops_peers *p);
void hops_peers_deinit(struct hops_peers *p);

#endif
