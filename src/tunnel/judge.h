/* From what the kernel said of a way to whether it is sealed, and by what. Pure. */
#ifndef TUNNEL_JUDGE_H
#define TUNNEL_JUDGE_H

#include "tunnel/answer.h"
#include "tunnel/ipsec.h"

struct tunnel_facts {
	bool has_link; /* there is the interface of the way */
	struct tunnel_link link;
	struct tunnel_route route;
	char route_interface[IF_NAMESIZE]; /* by which it goes */
	bool knows_peers;                  /* of WireGuard; told to root alone */
	struct tunnel_peers peers;
	const struct tunnel_ipsec *ipsec; /* NULL: not told, which is for root alone too */
};

/* Which of the facts that cost more than one answer decide here. */
enum tunnel_proof {
	TUNNEL_PROOF_NONE, /* what is known does, or nothing can */
	TUNNEL_PROOF_PEERS,
	TUNNEL_PROOF_IPSEC
};
enum tunnel_proof tunnel_proof_wanted(const struct tunnel_way *way,
                                      const struct tunnel_facts *facts);

void tunnel_judge(const struct tunnel_way *way, const struct tunnel_facts *facts,
                  struct tunnel_verdict *ret_verdict);

#endif
