/* Certificate revocation lists (RFC 5280 5), for those who read them: OpenSSL, other servers. */
#include "tls/ca_private.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <openssl/err.h>

static void crl_freep(X509_CRL **crl)
{
	X509_CRL_free(*crl);
}

static void revoked_freep(X509_REVOKED **revoked)
{
	X509_REVOKED_free(*revoked);
}

static void asn1_freep(ASN1_INTEGER **number)
{
	ASN1_INTEGER_free(*number);
}

static void time_freep(ASN1_TIME **at)
{
	ASN1_TIME_free(*at);
}

static ASN1_INTEGER *serial_read(const char *hex)
{
	BIGNUM *number = NULL;
	int len = BN_hex2bn(&number, hex);
	bool is_whole = len > 0 && hex[len] == '\0';
	ASN1_INTEGER *serial = is_whole ? BN_to_ASN1_INTEGER(number, NULL) : NULL;
	BN_free(number);
	return serial;
}

static int revoked_add(X509_CRL *crl, const struct tls_ca_revoked *from)
{
	CLEAN(asn1_freep) ASN1_INTEGER *serial = serial_read(from->serial);
	CLEAN(time_freep) ASN1_TIME *at = ASN1_TIME_set(NULL, (time_t)from->at_s);
	CLEAN(revoked_freep) X509_REVOKED *revoked = X509_REVOKED_new();
	if (!serial)
		return TLS_CA_BAD_NAME;
	if (!at || !revoked || !X509_REVOKED_set_serialNumber(revoked, serial) ||
	    !X509_REVOKED_set_revocationDate(revoked, at) || !X509_CRL_add0_revoked(crl, revoked))
		return err_raise(-ENOMEM);
	(void)TAKE(revoked);
	return 0;
}

static bool extensions_set(X509_CRL *crl, X509 *issuer, int64_t number)
{
	X509V3_CTX ctx;
	CLEAN(asn1_freep) ASN1_INTEGER *value = ASN1_INTEGER_new();
	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, NULL, NULL, crl, 0);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, NID_authority_key_identifier, "keyid");
	bool is_set = e && X509_CRL_add_ext(crl, e, -1);
	X509_EXTENSION_free(e);
	return is_set && value && ASN1_INTEGER_set_int64(value, number) &&
	       X509_CRL_add1_ext_i2d(crl, NID_crl_number, value, 0, 0) == 1;
}

static bool times_set(X509_CRL *crl, const struct tls_ca_crl *from)
{
	CLEAN(time_freep) ASN1_TIME *now = ASN1_TIME_set(NULL, (time_t)from->now_s);
	CLEAN(time_freep) ASN1_TIME *next = ASN1_TIME_set(NULL, (time_t)from->next_s);
	return now && next && X509_CRL_set1_lastUpdate(crl, now) &&
	       X509_CRL_set1_nextUpdate(crl, next);
}

static int crl_fill(X509_CRL *crl, const struct tls_ca_crl *from, X509 *issuer, EVP_PKEY *key)
{
	if (!X509_CRL_set_version(crl, X509_CRL_VERSION_2) ||
	    !X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer)) || !times_set(crl, from))
		return err_raise(-ENOMEM);
	for (size_t i = 0; i < from->count; i++) {
		int r = revoked_add(crl, &from->revoked[i]);
		if (r)
			return r; /* BAD_NAME, or ours */
	}
	if (!X509_CRL_sort(crl) || !extensions_set(crl, issuer, from->number) ||
	    X509_CRL_sign(crl, key, tls_ca_digest(key)) <= 0)
		return err_raise(-ENOMEM);
	return 0;
}

int tls_ca_crl_write(const struct tls_ca_crl *crl, const struct tls_ca_issuer *issuer,
                     struct buf *ret_pem)
{
	CLEAN(tls_ca_x509_freep) X509 *certificate = tls_ca_certificate(issuer->certificate_pem);
	CLEAN(crl_freep) X509_CRL *list = X509_CRL_new();
	CLEAN(tls_ca_bio_freep) BIO *bio = BIO_new(BIO_s_mem());
	if (!certificate)
		return TLS_CA_BAD_CERTIFICATE;
	int r = list && bio ? crl_fill(list, crl, certificate, issuer->key->pkey)
	                    : err_raise(-ENOMEM);
	if (!r && !PEM_write_bio_X509_CRL(bio, list))
		r = err_raise(-ENOMEM);
	ERR_clear_error();
	return r ? r : err_up(tls_ca_bio_move(bio, ret_pem));
}
