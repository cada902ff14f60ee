#include "tls/staple.h"

#include "base/clean.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509.h>

enum { CLOCKS_DIFFER_S = 300, CERTIFICATES_MAX = 16 };

static void basic_freep(OCSP_BASICRESP **basic)
{
	OCSP_BASICRESP_free(*basic);
}

static void chain_freep(STACK_OF(X509) * *chain)
{
	sk_X509_pop_free(*chain, X509_free);
}

static void store_freep(X509_STORE **store)
{
	X509_STORE_free(*store);
}

static OCSP_BASICRESP *basic_read(struct slice staple)
{
	const uint8_t *at = staple.data;
	OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &at, (long)staple.len);
	OCSP_BASICRESP *basic = NULL;
	if (response && OCSP_response_status(response) == OCSP_RESPONSE_STATUS_SUCCESSFUL)
		basic = OCSP_response_get1_basic(response);
	OCSP_RESPONSE_free(response);
	return basic;
}

static STACK_OF(X509) * chain_read(struct slice der)
{
	STACK_OF(X509) *chain = sk_X509_new_null();
	const uint8_t *at = der.data, *end = der.data + der.len;
	while (chain && at < end && sk_X509_num(chain) < CERTIFICATES_MAX) {
		X509 *one = d2i_X509(NULL, &at, end - at);
		if (!one)
			break;
		if (sk_X509_push(chain, one))
			continue;
		X509_free(one);
		break;
	}
	return chain;
}

/* All but the leaf vouch: whether the issuer has a way to a CA is another question. */
static X509_STORE *store_make(STACK_OF(X509) * chain)
{
	X509_STORE *store = X509_STORE_new();
	for (int i = 1; store && i < sk_X509_num(chain); i++)
		X509_STORE_add_cert(store, sk_X509_value(chain, i));
	if (store)
		X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
	return store;
}

static enum tls_staple status_of(OCSP_BASICRESP *basic, X509 *leaf, X509 *issuer)
{
	ASN1_GENERALIZEDTIME *since = NULL, *until = NULL;
	int status = V_OCSP_CERTSTATUS_UNKNOWN;
	OCSP_CERTID *id = OCSP_cert_to_id(NULL, leaf, issuer); /* SHA-1: what all responders have */
	int is_found =
		id && OCSP_resp_find_status(basic, id, &status, NULL, NULL, &since, &until) == 1;
	OCSP_CERTID_free(id);
	if (!is_found)
		return TLS_STAPLE_UNKNOWN;
	if (OCSP_check_validity(since, until, CLOCKS_DIFFER_S, -1) != 1)
		return TLS_STAPLE_BAD;
	if (status == V_OCSP_CERTSTATUS_REVOKED)
		return TLS_STAPLE_REVOKED;
	return status == V_OCSP_CERTSTATUS_GOOD ? TLS_STAPLE_GOOD : TLS_STAPLE_UNKNOWN;
}

static enum tls_staple staple_judge(struct slice chain_der, struct slice staple)
{
	CLEAN(basic_freep) OCSP_BASICRESP *basic = staple.len ? basic_read(staple) : NULL;
	CLEAN(chain_freep) STACK_OF(X509) *chain = chain_der.len ? chain_read(chain_der) : NULL;
	CLEAN(store_freep) X509_STORE *store = chain ? store_make(chain) : NULL;
	if (!basic || !store || sk_X509_num(chain) < 2)
		return TLS_STAPLE_BAD;
	if (OCSP_basic_verify(basic, chain, store, 0) != 1)
		return TLS_STAPLE_BAD;
	return status_of(basic, sk_X509_value(chain, 0), sk_X509_value(chain, 1));
}

enum tls_staple tls_staple_read(struct slice chain, struct slice staple)
{
	enum tls_staple result = staple_judge(chain, staple);
	ERR_clear_error();
	return result;
}
