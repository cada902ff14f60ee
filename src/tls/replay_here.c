/* What a replay has to know of the library that is here. */
#include "base/clean.h"
#include "base/err.h"
#include "tls/chain.h"
#include "tls/context.h"
#include "tls/replay.h"

#include <errno.h>
#include <openssl/crypto.h>

enum { OPENSSL_3_5 = 0x30500000L };

int tls_replay_server_here(struct tls_replay_server *ret_server, struct tls_replay_plan plan)
{
	char groups[TLS_POLICY_GROUPS_CAP], skipped[TLS_POLICY_GROUPS_CAP];
	int r = tls_context_groups(plan.policy->groups, groups, skipped);
	if (r)
		return err_up(r);
	struct tls_policy policy = *plan.policy;
	policy.groups = groups;
	plan.policy = &policy;
	plan.picks_best_share = OpenSSL_version_num() >= OPENSSL_3_5;
	tls_replay_server_init(ret_server, &plan);
	return 0;
}

static void pkey_freep(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

/* The number of a curve's key, by its size: a server has one of three. */
static uint16_t curve_of(const EVP_PKEY *key)
{
	switch (EVP_PKEY_get_bits(key)) {
	case 256:
		return TLS_GROUP_P256;
	case 384:
		return TLS_GROUP_P384;
	case 521:
		return TLS_GROUP_P521;
	default: /* a number of the certificate's, not an enum of ours */
		return 0;
	}
}

int tls_replay_plan_chain(struct tls_replay_plan *plan, struct slice chain_pem)
{
	struct tls_chain chain = {};
	int r = tls_chain_init(&chain, chain_pem);
	if (r)
		return r > 0 ? r : err_up(r);
	CLEAN(tls_chain_list_freep)
	STACK_OF(X509) *list = tls_chain_certificates(buf_slice(&chain.der));
	CLEAN(pkey_freep) EVP_PKEY *key = list ? X509_get_pubkey(sk_X509_value(list, 0)) : NULL;
	if (chain.kind == TLS_KEY_RSA)
		plan->has_rsa = true;
	else if (key)
		plan->curve = curve_of(key);
	tls_chain_deinit(&chain);
	return list && key ? 0 : err_raise(-ENOMEM);
}
