/* Whether CAs vouch for certificates that were only seen: by the same rules as for hops. */
#include "base/clean.h"
#include "base/err.h"
#include "tls/chain.h"
#include "tls/client_private.h"
#include "tls/inspect_private.h"
#include "tls/proof_private.h"
#include "tls/session_private.h"

#include <errno.h>
#include <openssl/err.h>

struct tls_roots {
	X509_STORE *store;
};

static void roots_freep(struct tls_roots **roots)
{
	tls_roots_free(*roots);
}

int tls_roots_new(struct tls_roots **ret_roots, struct slice ca_pem)
{
	CLEAN(roots_freep) struct tls_roots *roots = calloc(1, sizeof(*roots));
	if (!roots)
		return err_raise(-ENOMEM);
	roots->store = X509_STORE_new();
	if (!roots->store)
		return err_raise(-ENOMEM);
	int r = tls_client_trust(roots->store, ca_pem);
	ERR_clear_error();
	if (r)
		return r; /* enum tls_chain_result, or ours */
	*ret_roots = TAKE(roots);
	return 0;
}

void tls_roots_free(struct tls_roots *roots)
{
	if (!roots)
		return;
	X509_STORE_free(roots->store);
	free(roots);
}

int tls_inspect_trust(struct tls_trust *ret_trust, struct tls_roots *roots,
                      const struct tls_trust_question *question)
{
	CLEAN(tls_chain_list_freep) STACK_OF(X509) *list = NULL;
	int error = X509_V_OK;
	int r = tls_inspect_read(&list, question->chain);
	if (r)
		return r; /* enum tls_inspect_result, or ours */
	struct tls_way way = { .leaf = sk_X509_value(list, 0),
		               .chain = list,
		               .store = roots->store,
		               .now_s = question->now_s };
	bool has_name = question->name && tls_proof_has_name(way.leaf, question->name);
	r = tls_proof_verify(&way, &error);
	if (!r && error == X509_V_OK && question->name && !has_name)
		error = X509_V_ERR_HOSTNAME_MISMATCH;
	ERR_clear_error();
	if (r)
		return err_up(r);
	*ret_trust = (struct tls_trust){ .result = tls_proof_result_of(error),
		                         .why = X509_verify_cert_error_string(error),
		                         .has_name = has_name };
	return 0;
}
