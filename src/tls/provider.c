#include "tls/provider.h"

#include "tls/prf.h"
#include "tls/schedule.h"
#include "tls/signer.h"

#include <openssl/core_dispatch.h>

#define PROPERTIES "provider=mailseal-tls,mailseal.tls=yes"

/*
 * The clause for "provider" stands in place of the process's own (tls/library.c): of what both
 * have, the default provider's is better by one, but for what has the second clause: that is ours
 * alone.
 */
const char tls_provider_properties[] = "?provider!=mailseal,?mailseal.tls=yes";

static const OSSL_ALGORITHM derivations[] = {
	{ "TLS13-KDF", PROPERTIES, tls_schedule_functions, NULL },
	{ "TLS1-PRF", PROPERTIES, tls_prf_functions, NULL },
	{ NULL, NULL, NULL, NULL },
};

static const OSSL_ALGORITHM *provider_query(void *provider, int operation, int *ret_no_cache)
{
	(void)provider;
	*ret_no_cache = 0;
	switch (operation) {
	case OSSL_OP_KEYMGMT:
		return tls_signer_keys;
	case OSSL_OP_SIGNATURE:
		return tls_signer_signatures;
	case OSSL_OP_KDF:
		return derivations;
	default: /* OpenSSL's, not an enum of ours */
		return NULL;
	}
}

static int provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
                         const OSSL_DISPATCH **ret_functions, void **ret_provider)
{
	static const OSSL_DISPATCH functions[] = {
		{ OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))provider_query },
		{ 0, NULL },
	};
	(void)in;
	*ret_functions = functions;
	*ret_provider = (void *)handle; /* not used, but some callers ask that it is not NULL */
	return 1;
}

OSSL_PROVIDER *tls_provider_load(void)
{
	if (!OSSL_PROVIDER_add_builtin(NULL, "mailseal", provider_init))
		return NULL;
	return OSSL_PROVIDER_load(NULL, "mailseal");
}
