#include "tls/visit.h"

#include "base/clean.h"
#include "base/err.h"
#include "tls/session_private.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>

struct tls_ticket {
	SSL_SESSION *session;
};

/* A suite without a certificate proves nothing, and proofs count on one. */
static const char wide_suites[] = "ALL:!aNULL:!eNULL:!PSK:!SRP:@SECLEVEL=0";
#define SCHEMES_EC "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ECDSA+SHA1:ed25519:ed448"
#define SCHEMES_RSA                                                                                \
	"RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512:"           \
	"RSA+SHA224:RSA+SHA1"

static const char *const wide_schemes[] = {
	[TLS_VISIT_ANY_KEY] = SCHEMES_EC ":" SCHEMES_RSA,
	[TLS_VISIT_RSA] = SCHEMES_RSA,
	[TLS_VISIT_ECDSA] = SCHEMES_EC,
};

static int of_memory(void)
{
	ERR_clear_error();
	return err_raise(-ENOMEM);
}

static bool widen(SSL *ssl, enum tls_visit_key key)
{
	SSL_set_security_level(ssl, 0);
	SSL_set_options(ssl, SSL_OP_LEGACY_SERVER_CONNECT);
	return SSL_set_min_proto_version(ssl, TLS1_VERSION) &&
	       SSL_set_cipher_list(ssl, wide_suites) &&
	       SSL_set1_sigalgs_list(ssl, wide_schemes[key]);
}

/* One protocol, as it goes over the wire: RFC 7301 3.1. */
static bool alpn_offer(SSL *ssl, const char *name)
{
	uint8_t list[1 + UINT8_MAX];
	size_t len = strlen(name);
	if (!len || len > UINT8_MAX)
		return false;
	list[0] = (uint8_t)len;
	memcpy(list + 1, name, len);
	return !SSL_set_alpn_protos(ssl, list, (unsigned)len + 1);
}

int tls_visit_prepare(struct tls_session *s, const struct tls_visit_settings *set)
{
	s->shake->is_visit = true;
	SSL_clear_options(s->ssl, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
	bool is_well = SSL_set_tlsext_status_type(s->ssl, TLSEXT_STATUSTYPE_ocsp);
	if (set->is_wide)
		is_well = is_well && widen(s->ssl, set->key);
	if (set->is_tls12)
		is_well = is_well && SSL_set_max_proto_version(s->ssl, TLS1_2_VERSION);
	if (set->alpn)
		is_well = is_well && alpn_offer(s->ssl, set->alpn);
	if (set->ticket)
		is_well = is_well && SSL_set_session(s->ssl, set->ticket->session);
	return is_well ? 0 : of_memory();
}

/* Schemes as the RFC calls them: RFC 8446 4.2.3. */
static const char *scheme_name(int type, int digest)
{
	static const struct {
		int type, digest;
		const char *name;
	} schemes[] = {
		{ EVP_PKEY_RSA_PSS, NID_sha256, "rsa_pss_rsae_sha256" },
		{ EVP_PKEY_RSA_PSS, NID_sha384, "rsa_pss_rsae_sha384" },
		{ EVP_PKEY_RSA_PSS, NID_sha512, "rsa_pss_rsae_sha512" },
		{ EVP_PKEY_RSA, NID_sha256, "rsa_pkcs1_sha256" },
		{ EVP_PKEY_RSA, NID_sha384, "rsa_pkcs1_sha384" },
		{ EVP_PKEY_RSA, NID_sha512, "rsa_pkcs1_sha512" },
		{ EVP_PKEY_RSA, NID_sha224, "rsa_pkcs1_sha224" },
		{ EVP_PKEY_RSA, NID_sha1, "rsa_pkcs1_sha1" },
		{ EVP_PKEY_RSA, NID_md5_sha1, "rsa_pkcs1_md5_sha1" },
		{ EVP_PKEY_EC, NID_sha256, "ecdsa_sha256" },
		{ EVP_PKEY_EC, NID_sha384, "ecdsa_sha384" },
		{ EVP_PKEY_EC, NID_sha512, "ecdsa_sha512" },
		{ EVP_PKEY_EC, NID_sha1, "ecdsa_sha1" },
		{ EVP_PKEY_ED25519, NID_undef, "ed25519" },
		{ EVP_PKEY_ED448, NID_undef, "ed448" },
	};
	for (size_t i = 0; i < COUNT_OF(schemes); i++)
		if (schemes[i].type == type && schemes[i].digest == digest)
			return schemes[i].name;
	return "";
}

void tls_visit_facts(const struct tls_session *s, struct tls_visit_facts *ret_facts)
{
	int type = NID_undef, digest = NID_undef;
	SSL_get_peer_signature_type_nid(s->ssl, &type);
	SSL_get_peer_signature_nid(s->ssl, &digest);
	*ret_facts = (struct tls_visit_facts){
		.has_ems = SSL_get_extms_support(s->ssl) == 1,
		.has_secure_renegotiation = SSL_get_secure_renegotiation_support(s->ssl) == 1,
	};
	snprintf(ret_facts->signature, sizeof(ret_facts->signature), "%s",
	         scheme_name(type, digest));
	ERR_clear_error();
}

static int certificate_add(X509 *certificate, struct buf *out)
{
	uint8_t *at;
	int len = i2d_X509(certificate, NULL);
	if (len <= 0)
		return of_memory();
	int r = buf_reserve(out, (size_t)len, &at);
	if (r)
		return err_up(r);
	i2d_X509(certificate, &at);
	buf_commit(out, (size_t)len);
	return 0;
}

int tls_visit_chain(const struct tls_session *s, struct buf *out)
{
	STACK_OF(X509) *chain = SSL_get_peer_cert_chain(s->ssl);
	int r = 0;
	for (int i = 0; i < sk_X509_num(chain) && !r; i++)
		r = certificate_add(sk_X509_value(chain, i), out);
	return err_up(r);
}

int tls_visit_staple(const struct tls_session *s, struct buf *out)
{
	const unsigned char *response = NULL;
	long len = SSL_get_tlsext_status_ocsp_resp(s->ssl, &response);
	return len > 0 && response ? err_up(buf_add(out, slice_of(response, (size_t)len))) : 0;
}

int tls_visit_ticket(const struct tls_session *s, struct tls_ticket **ret_ticket,
                     struct tls_ticket_facts *ret_facts)
{
	const SSL_SESSION *now = SSL_get0_session(s->ssl);
	*ret_ticket = NULL;
	*ret_facts = (struct tls_ticket_facts){};
	if (!now || !SSL_SESSION_is_resumable(now))
		return 0;
	struct tls_ticket *ticket = calloc(1, sizeof(*ticket));
	if (!ticket)
		return err_raise(-ENOMEM);
	ticket->session = SSL_get1_session(s->ssl);
	*ret_facts = (struct tls_ticket_facts){
		.is_ticket = SSL_SESSION_has_ticket(now) == 1,
		.lifetime_s = (uint32_t)SSL_SESSION_get_ticket_lifetime_hint(now),
		.early_data = SSL_SESSION_get_max_early_data(now),
	};
	*ret_ticket = ticket;
	return 0;
}

void tls_ticket_free(struct tls_ticket *ticket)
{
	if (!ticket)
		return;
	SSL_SESSION_free(ticket->session);
	free(ticket);
}

struct slice tls_ticket_bytes(const struct tls_ticket *ticket)
{
	const unsigned char *bytes = NULL;
	size_t len = 0;
	SSL_SESSION_get0_ticket(ticket->session, &bytes, &len);
	return slice_of(bytes, bytes ? len : 0);
}

/* --- Renegotiation --- */

static void on_info(const SSL *ssl, int where, int value)
{
	struct tls_session *s = tls_session_of(ssl);
	(void)value;
	if (where & SSL_CB_HANDSHAKE_DONE && s->shake->on_renegotiated)
		s->shake->on_renegotiated(s->owner);
}

int tls_visit_renegotiate(struct tls_session *s, struct buf *out, tls_visit_done_fn *on_done)
{
	struct slice nothing = {};
	if (s->is_dead || !s->is_up || SSL_version(s->ssl) >= TLS1_3_VERSION)
		return TLS_FAILED;
	s->shake->on_renegotiated = on_done;
	SSL_set_info_callback(s->ssl, on_info);
	if (SSL_renegotiate(s->ssl) != 1) {
		ERR_clear_error();
		return TLS_FAILED;
	}
	s->shake->input = &nothing;
	s->shake->out = out;
	int done = SSL_do_handshake(s->ssl);
	int error = SSL_get_error(s->ssl, done);
	s->shake->input = NULL;
	s->shake->out = NULL;
	ERR_clear_error();
	if (s->shake->is_out_of_memory)
		return err_raise(-ENOMEM);
	return error == SSL_ERROR_WANT_READ ? 0 : TLS_FAILED;
}
