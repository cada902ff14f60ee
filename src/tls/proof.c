/*
 * What a hop's certificate proves. OpenSSL's DANE does the matching: it has bare keys and trust
 * anchors of RFC 7671 5.2, which a small matcher of ours would have to build chains for, and it
 * is what Postfix and Exim ask. It knows only one answer though, and as part of the handshake it
 * would end it. So it is asked afterwards, once for DANE and once for the public CAs.
 *
 * Names are compared here: within a verification they come before signatures and dates, and a
 * forged certificate would be reported as a good one of the wrong name.
 */
#include "tls/proof.h"

#include "base/clean.h"
#include "base/err.h"
#include "tls/chain.h"
#include "tls/client_private.h"
#include "tls/inside_private.h"
#include "tls/proof_private.h"
#include "tls/session_private.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>

/*
 * What a server can make us work for: 100 KiB of certificates (OpenSSL's own default, said here;
 * more ends the handshake), of which so many between the leaf and an anchor are verified.
 */
enum { CHAIN_LEN_MAX = 100 * 1024, INTERMEDIATES_MAX = 10 };

/*
 * Levels of OpenSSL for the keys and signatures of certificates. Strong is 112 bits: no RSA below
 * 2048, no SHA-1. The level in the list of suites is that of the handshake only, for the handshake
 * asks nothing of the certificate: with a weak one it is still better than plaintext.
 */
enum { LEVEL_ANY = 0, LEVEL_STRONG = 2 };

enum { USAGE_NONE = -1, USAGE_DANE_TA = 2, USAGE_DANE_EE = 3 };

struct tls_hops {
	size_t references;
	SSL_CTX *context;          /* its store has the public CAs; sessions keep it too */
	struct tls_inside *inside; /* a reference, or NULL */
	struct tls_signer *signer;
	bool is_compact;
};

struct tls_proving {
	char *host; /* NULL: not asked */
	char *names[TLS_PROOF_NAMES_MAX];
	size_t name_count;
	bool has_records;
	bool has_usable_records;   /* which OpenSSL could read */
	struct tls_inside *inside; /* a reference, or NULL */
	struct tls_proof proof;
};

/* Hops */

static void hops_freep(struct tls_hops **hops)
{
	tls_hops_unref(*hops);
}

/* The handshake goes on. Without the X509_V_OK OpenSSL would not say which record matched. */
static int on_certificate(X509_STORE_CTX *store, void *arg)
{
	(void)arg;
	X509_STORE_CTX_set_error(store, X509_V_OK);
	return 1;
}

static int anchors_fill(SSL_CTX *context, struct slice pem, char *ret_error, size_t error_cap)
{
	if (!pem.len)
		return 0;
	int r = tls_client_trust(SSL_CTX_get_cert_store(context), pem);
	if (r < 0)
		return err_up(r);
	if (r) {
		snprintf(ret_error, error_cap, "CA certificates: %s", tls_chain_result_words(r));
		return TLS_PROOF_BAD_CA;
	}
	return 0;
}

/* An MX may have a key on any curve; our own backends are asked for the usual ones only. */
static const char *groups_of(const struct tls_hops_settings *set)
{
	return set->small_hello ? "X25519:P-256:P-384:P-521"
	                        : "X25519MLKEM768:X25519:P-256:P-384:P-521";
}

int tls_hops_new(struct tls_hops **ret_hops, const struct tls_hops_settings *set, char *ret_error,
                 size_t error_cap)
{
	CLEAN(hops_freep) struct tls_hops *hops = calloc(1, sizeof(*hops));
	if (!hops)
		return err_raise(-ENOMEM);
	hops->references = 1;
	int r = tls_client_context(&hops->context, set->min_version, groups_of(set));
	if (r)
		return err_up(r);
	if (SSL_CTX_dane_enable(hops->context) <= 0) {
		ERR_clear_error();
		return err_raise(-ENOMEM);
	}
	SSL_CTX_set_verify(hops->context, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_cert_verify_callback(hops->context, on_certificate, NULL);
	SSL_CTX_set_max_cert_list(hops->context, CHAIN_LEN_MAX);
	if (set->trusts_all)
		X509_STORE_set_flags(SSL_CTX_get_cert_store(hops->context),
		                     X509_V_FLAG_PARTIAL_CHAIN);
	hops->inside = tls_inside_ref(set->inside);
	hops->signer = set->signer;
	hops->is_compact = set->is_compact;
	r = anchors_fill(hops->context, set->ca_pem, ret_error, error_cap);
	if (r)
		return r; /* TLS_PROOF_BAD_CA, or ours */
	r = tls_client_show(hops->context, set->certificate, ret_error, error_cap);
	if (r)
		return r > 0 ? TLS_PROOF_BAD_CHAIN : err_up(r);
	*ret_hops = TAKE(hops);
	return 0;
}

struct tls_hops *tls_hops_ref(struct tls_hops *hops)
{
	hops->references++;
	return hops;
}

void tls_hops_unref(struct tls_hops *hops)
{
	if (!hops || --hops->references)
		return;
	SSL_CTX_free(hops->context);
	tls_inside_unref(hops->inside);
	free(hops);
}

/* A session of theirs */

static const struct tls_proof nothing_asked = {
	.dane = TLS_PROOF_NOT_ASKED,
	.pkix = TLS_PROOF_NOT_ASKED,
	.dane_why = "",
	.pkix_why = "",
	.dane_usage = USAGE_NONE,
};

void tls_proving_forget(struct tls_proving *p)
{
	for (size_t i = 0; i < p->name_count; i++)
		free(p->names[i]);
	p->name_count = 0;
	free(p->host);
	p->host = NULL;
	tls_inside_unref(p->inside);
	p->inside = NULL;
}

void tls_proving_free(struct tls_proving *p)
{
	if (!p)
		return;
	tls_proving_forget(p);
	free(p);
}

static void proving_freep(struct tls_proving **p)
{
	tls_proving_free(*p);
}

static int proving_new(struct tls_proving **ret_p, const struct tls_expectation *expected)
{
	CLEAN(proving_freep) struct tls_proving *p = calloc(1, sizeof(*p));
	assert(expected->name_count <= TLS_PROOF_NAMES_MAX);
	if (!p)
		return err_raise(-ENOMEM);
	p->proof = nothing_asked;
	p->has_records = expected->record_count > 0;
	p->host = expected->host ? strdup(expected->host) : NULL;
	if (expected->host && !p->host)
		return err_raise(-ENOMEM);
	for (size_t i = 0; i < expected->name_count; i++) {
		p->names[i] = strdup(expected->names[i]);
		if (!p->names[i])
			return err_raise(-ENOMEM);
		p->name_count++;
	}
	*ret_p = TAKE(p);
	return 0;
}

/*
 * One that OpenSSL cannot read (a digest of odd length) matches nothing and harms nobody. One
 * without data it would take for a lack of memory.
 */
static int record_add(struct tls_proving *p, SSL *ssl, const struct tls_record *record)
{
	bool is_ours = record->usage == USAGE_DANE_TA || record->usage == USAGE_DANE_EE;
	if (!is_ours || !record->data.len)
		return 0;
	int is_added = SSL_dane_tlsa_add(ssl, record->usage, record->selector, record->matching,
	                                 record->data.data, record->data.len);
	ERR_clear_error();
	if (is_added < 0)
		return err_raise(-ENOMEM);
	p->has_usable_records |= is_added > 0;
	return 0;
}

/* NULL: SNI is set, and names are ours to compare (RFC 7672 3.1.1: with usage 3 none counts). */
static int records_add(struct tls_proving *p, SSL *ssl, const struct tls_expectation *expected)
{
	int r = 0;
	if (!expected->record_count)
		return 0;
	if (SSL_dane_enable(ssl, NULL) <= 0) {
		ERR_clear_error();
		return err_raise(-ENOMEM);
	}
	for (size_t i = 0; i < expected->record_count && !r; i++)
		r = record_add(p, ssl, &expected->records[i]);
	return err_up(r);
}

static void session_freep(struct tls_session **s)
{
	tls_session_free(*s);
}

int tls_session_connect_hop(struct tls_session **ret_s, struct tls_hops *hops,
                            const struct tls_expectation *expected, void *owner)
{
	CLEAN(session_freep) struct tls_session *s = NULL;
	int r = tls_session_new_client(&s, hops->context, expected->sni, owner);
	if (!r)
		r = proving_new(&s->proving, expected);
	if (!r) {
		s->shake->signer = hops->signer;
		if (hops->is_compact)
			tls_handover_want(s);
		s->proving->inside = tls_inside_ref(hops->inside);
		r = records_add(s->proving, s->ssl, expected);
	}
	if (r)
		return err_up(r);
	*ret_s = TAKE(s);
	return 0;
}

const struct tls_proof *tls_session_proof(const struct tls_session *s)
{
	return s->is_up && s->proving ? &s->proving->proof : NULL;
}

/* The proof */

static const char *const reports[] = {
	[TLS_PROOF_HOLDS] = NULL,
	[TLS_PROOF_NOT_ASKED] = NULL,
	[TLS_PROOF_NOT_TRUSTED] = "certificate-not-trusted",
	[TLS_PROOF_WRONG_NAME] = "certificate-host-mismatch",
	[TLS_PROOF_EXPIRED] = "certificate-expired",
	[TLS_PROOF_INVALID] = "validation-failure",
};
_Static_assert(COUNT_OF(reports) == TLS_PROOF_RESULT_COUNT);

const char *tls_proof_report(enum tls_proof_result result)
{
	return reports[result];
}

/* RFC 8460 4.3.1 counts name constraints and what else breaks a chain as not trusted. */
enum tls_proof_result tls_proof_result_of(int error)
{
	static const struct {
		int error;
		enum tls_proof_result result;
	} known[] = {
		{ X509_V_OK, TLS_PROOF_HOLDS },
		{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, TLS_PROOF_NOT_TRUSTED },
		{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, TLS_PROOF_NOT_TRUSTED },
		{ X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, TLS_PROOF_NOT_TRUSTED },
		{ X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, TLS_PROOF_NOT_TRUSTED },
		{ X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, TLS_PROOF_NOT_TRUSTED },
		{ X509_V_ERR_CERT_SIGNATURE_FAILURE, TLS_PROOF_NOT_TRUSTED },
		{ X509_V_ERR_CERT_CHAIN_TOO_LONG, TLS_PROOF_NOT_TRUSTED },
		{ X509_V_ERR_PATH_LENGTH_EXCEEDED, TLS_PROOF_NOT_TRUSTED },
		{ X509_V_ERR_INVALID_CA, TLS_PROOF_NOT_TRUSTED },
		{ X509_V_ERR_KEYUSAGE_NO_CERTSIGN, TLS_PROOF_NOT_TRUSTED },
		{ X509_V_ERR_CERT_UNTRUSTED, TLS_PROOF_NOT_TRUSTED },
		{ X509_V_ERR_CERT_REJECTED, TLS_PROOF_NOT_TRUSTED },
		{ X509_V_ERR_PERMITTED_VIOLATION, TLS_PROOF_NOT_TRUSTED },
		{ X509_V_ERR_EXCLUDED_VIOLATION, TLS_PROOF_NOT_TRUSTED },
		{ X509_V_ERR_DANE_NO_MATCH, TLS_PROOF_NOT_TRUSTED },
		{ X509_V_ERR_HOSTNAME_MISMATCH, TLS_PROOF_WRONG_NAME },
		{ X509_V_ERR_CERT_HAS_EXPIRED, TLS_PROOF_EXPIRED },
		{ X509_V_ERR_CERT_NOT_YET_VALID, TLS_PROOF_EXPIRED },
	};
	for (size_t i = 0; i < COUNT_OF(known); i++)
		if (known[i].error == error)
			return known[i].result;
	return TLS_PROOF_INVALID;
}

/* OpenSSL reads a name with a dot in front as everything below it. */
bool tls_proof_has_name(X509 *leaf, const char *name)
{
	struct in6_addr address;
	if (inet_pton(AF_INET, name, &address) == 1 || inet_pton(AF_INET6, name, &address) == 1)
		return X509_check_ip_asc(leaf, name, 0) == 1;
	return *name != '.' && X509_check_host(leaf, name, 0, TLS_CLIENT_NAME_FLAGS, NULL) == 1;
}

static bool has_one_of_names(const struct tls_proving *p, const SSL *ssl)
{
	for (size_t i = 0; i < p->name_count; i++)
		if (tls_proof_has_name(SSL_get0_peer_certificate(ssl), p->names[i]))
			return true;
	return false;
}

static void store_ctx_freep(X509_STORE_CTX **ctx)
{
	X509_STORE_CTX_free(*ctx);
}

static int on_verify(int is_ok, X509_STORE_CTX *ctx)
{
	const struct tls_way *way = X509_STORE_CTX_get_app_data(ctx);
	return tls_inside_judge(way->inside, is_ok, ctx, way->expired_s);
}

/* ret_error: X509_V_OK or what OpenSSL says. 0 or -ENOMEM. */
static int chain_verify_at(const struct tls_way *way, int level, int *ret_error)
{
	CLEAN(store_ctx_freep) X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	if (!ctx || !X509_STORE_CTX_init(ctx, way->store, way->leaf, way->chain) ||
	    !X509_STORE_CTX_set_default(ctx, "ssl_server"))
		return err_raise(-ENOMEM);
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_auth_level(param, level);
	X509_VERIFY_PARAM_set_depth(param, INTERMEDIATES_MAX);
	if (way->dane_of)
		X509_STORE_CTX_set0_dane(ctx, SSL_get0_dane(way->dane_of));
	if (way->now_s)
		X509_VERIFY_PARAM_set_time(param, way->now_s);
	if (way->inside) {
		if (!X509_STORE_CTX_set_app_data(ctx, (void *)way))
			return err_raise(-ENOMEM);
		X509_STORE_CTX_set_verify_cb(ctx, on_verify);
	}
	if (X509_verify_cert(ctx) == 1)
		*ret_error = X509_V_OK;
	else
		*ret_error = X509_STORE_CTX_get_error(ctx) ?: X509_V_ERR_UNSPECIFIED;
	return 0;
}

/* Also of a chain that failed in another way. */
static int matched_usage(SSL *ssl)
{
	uint8_t usage = 0;
	int depth = SSL_get0_dane_tlsa(ssl, &usage, NULL, NULL, NULL, NULL);
	return depth < 0 ? USAGE_NONE : usage;
}

/*
 * A leaf with a weak key ends a verification before it began. Whether a record of usage 3 vouches
 * for just this key, or something worse is wrong with it, a second one says.
 */
int tls_proof_verify(const struct tls_way *way, int *ret_error)
{
	int error = X509_V_OK;
	int r = chain_verify_at(way, LEVEL_STRONG, ret_error);
	if (r)
		return err_up(r);
	if (*ret_error != X509_V_ERR_EE_KEY_TOO_SMALL)
		return 0;
	r = chain_verify_at(way, LEVEL_ANY, &error);
	if (r)
		return err_up(r);
	if (error != X509_V_OK || (way->dane_of && matched_usage(way->dane_of) == USAGE_DANE_EE))
		*ret_error = error;
	return 0;
}

static int dane_conclude(struct tls_proving *p, SSL *ssl)
{
	struct tls_way way = { .leaf = SSL_get0_peer_certificate(ssl),
		               .chain = SSL_get_peer_cert_chain(ssl),
		               .dane_of = ssl };
	int error = X509_V_ERR_DANE_NO_MATCH;
	if (!p->has_records)
		return 0;
	/* Without a usable one the library would take it for no DANE. */
	if (p->has_usable_records) {
		int r = tls_proof_verify(&way, &error);
		if (r)
			return err_up(r);
		p->proof.dane_usage = matched_usage(ssl);
	}
	if (error == X509_V_OK && p->proof.dane_usage != USAGE_DANE_EE && !has_one_of_names(p, ssl))
		error = X509_V_ERR_HOSTNAME_MISMATCH;
	p->proof.dane = tls_proof_result_of(error);
	p->proof.dane_why = X509_verify_cert_error_string(error);
	return 0;
}

static int pkix_conclude(struct tls_proving *p, SSL *ssl)
{
	struct tls_way way = { .leaf = SSL_get0_peer_certificate(ssl),
		               .chain = SSL_get_peer_cert_chain(ssl),
		               .store = SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl)),
		               .inside = p->inside,
		               .expired_s = &tls_session_of(ssl)->expired_s };
	int error = X509_V_OK;
	if (!p->host)
		return 0;
	int r = tls_proof_verify(&way, &error);
	if (r)
		return err_up(r);
	if (error == X509_V_OK && !tls_proof_has_name(way.leaf, p->host))
		error = X509_V_ERR_HOSTNAME_MISMATCH;
	p->proof.pkix = tls_proof_result_of(error);
	p->proof.pkix_why = X509_verify_cert_error_string(error);
	return 0;
}

int tls_proving_conclude(struct tls_proving *p, SSL *ssl)
{
	X509 *leaf = SSL_get0_peer_certificate(ssl); /* all our suites have one */
	if (!leaf || !tls_chain_spki_digest(leaf, p->proof.spki)) {
		ERR_clear_error();
		return err_raise(-ENOMEM);
	}
	p->proof.is_self_signed = X509_self_signed(leaf, 1) == 1;
	int r = dane_conclude(p, ssl);
	if (!r)
		r = pkix_conclude(p, ssl);
	ERR_clear_error();
	return err_up(r);
}
