/* Does what a handshake proved suffice for the hop? Pure. */
#ifndef RELAY_JUDGE_H
#define RELAY_JUDGE_H

#include "policy/decide.h"
#include "tls/proof.h"

struct relay_verdict {
	bool is_enough;            /* mail may go */
	bool is_authenticated;     /* and the host proved its name, against forged DNS too */
	bool is_trusted;           /* by the public CAs, whether that was asked for or not */
	enum policy_report report; /* what failed, also where mail goes all the same */
	const char *why;           /* of the report; "" */
	/* The same by each policy alone, for TLS reports; whys as in the proof. */
	enum policy_report dane, pkix;
	const char *dane_why, *pkix_why;
};

/* proof: of a handshake that succeeded. */
void relay_judge(struct relay_verdict *ret_v, const struct policy_decision *decision,
                 const struct tls_proof *proof);

#endif
