/* Keys of the internal CA and of its nodes, and requests for certificates. */
#include "tls/ca_private.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pkcs12.h>

enum { RSA_BITS_MIN = 2048, PASSPHRASE_MAX = 1024, PBKDF2_ROUNDS = 600000 };

void tls_ca_bio_freep(BIO **bio)
{
	BIO_free(*bio);
}

static void request_freep(X509_REQ **request)
{
	X509_REQ_free(*request);
}

static BIO *bio_over(struct slice text)
{
	return text.len && text.len <= INT_MAX ? BIO_new_mem_buf(text.data, (int)text.len) : NULL;
}

int tls_ca_bio_move(BIO *bio, struct buf *ret_text)
{
	char *data = NULL;
	long len = BIO_get_mem_data(bio, &data);
	ERR_clear_error();
	if (len <= 0)
		return err_raise(-ENOMEM);
	return err_up(buf_add(ret_text, slice_of(data, (size_t)len)));
}

void tls_ca_key_free(struct tls_ca_key *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->pkey);
	free(key);
}

void tls_ca_key_freep(struct tls_ca_key **key)
{
	tls_ca_key_free(*key);
}

/* Takes pkey over, also where it fails. */
static int key_wrap(struct tls_ca_key **ret_key, EVP_PKEY *pkey)
{
	struct tls_ca_key *key = pkey ? calloc(1, sizeof(*key)) : NULL;
	if (!key) {
		EVP_PKEY_free(pkey);
		return err_raise(-ENOMEM);
	}
	key->pkey = pkey;
	*ret_key = key;
	return 0;
}

int tls_ca_key_make(struct tls_ca_key **ret_key, enum tls_ca_algorithm algorithm)
{
	EVP_PKEY *pkey = NULL;
	switch (algorithm) {
	case TLS_CA_P256:
		pkey = EVP_EC_gen("P-256");
		break;
	case TLS_CA_ED25519:
		pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
		break;
	}
	ERR_clear_error();
	return err_up(key_wrap(ret_key, pkey));
}

struct passphrase {
	struct slice text;
	bool was_asked;
};

static int on_passphrase(char *ret_text, int cap, int is_writing, void *arg)
{
	struct passphrase *p = arg;
	(void)is_writing;
	p->was_asked = true;
	if (!p->text.len || p->text.len > (size_t)cap)
		return -1;
	memcpy(ret_text, p->text.data, p->text.len);
	return (int)p->text.len;
}

int tls_ca_key_read(struct tls_ca_key **ret_key, struct slice pem, struct slice passphrase)
{
	struct passphrase p = { .text = passphrase };
	CLEAN(tls_ca_bio_freep) BIO *bio = bio_over(pem);
	EVP_PKEY *pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, on_passphrase, &p) : NULL;
	ERR_clear_error();
	if (!pkey)
		return p.was_asked ? TLS_CA_BAD_PASSPHRASE : TLS_CA_BAD_KEY;
	return err_up(key_wrap(ret_key, pkey));
}

static void pkcs8_freep(PKCS8_PRIV_KEY_INFO **key)
{
	PKCS8_PRIV_KEY_INFO_free(*key);
}

static void sealed_freep(X509_SIG **sealed)
{
	X509_SIG_free(*sealed);
}

/* AES-256 with a key of PBKDF2; OpenSSL's own 2048 rounds are of another time. */
static bool key_seal(BIO *bio, EVP_PKEY *pkey, struct slice passphrase)
{
	CLEAN(pkcs8_freep) PKCS8_PRIV_KEY_INFO *plain = EVP_PKEY2PKCS8(pkey);
	CLEAN(sealed_freep) X509_SIG *sealed = NULL;
	if (plain)
		sealed = PKCS8_encrypt(-1, EVP_aes_256_cbc(), (const char *)passphrase.data,
		                       (int)passphrase.len, NULL, 0, PBKDF2_ROUNDS, plain);
	return sealed && PEM_write_bio_PKCS8(bio, sealed);
}

int tls_ca_key_write(const struct tls_ca_key *key, struct slice passphrase, struct buf *ret_pem)
{
	CLEAN(tls_ca_bio_freep) BIO *bio = BIO_new(BIO_s_secmem()); /* wiped when freed */
	if (passphrase.len > PASSPHRASE_MAX)
		return err_raise(-EINVAL);
	bool is_written =
		bio && (passphrase.len ? key_seal(bio, key->pkey, passphrase)
	                               : PEM_write_bio_PKCS8PrivateKey(bio, key->pkey, NULL, NULL,
	                                                               0, NULL, NULL) == 1);
	if (!is_written) {
		ERR_clear_error();
		return err_raise(-ENOMEM);
	}
	return err_up(tls_ca_bio_move(bio, ret_pem));
}

static void pkey_ctx_freep(EVP_PKEY_CTX **ctx)
{
	EVP_PKEY_CTX_free(*ctx);
}

int tls_ca_sign(const struct tls_ca_key *key, uint16_t scheme, struct slice digest,
                struct buf *ret_sig)
{
	enum { ECDSA_P256_SHA256 = 0x0403, SHA256_LEN = 32 };
	CLEAN(pkey_ctx_freep)
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
	uint8_t sig[256];
	size_t len = sizeof(sig);
	bool is_signed = scheme == ECDSA_P256_SHA256 && digest.len == SHA256_LEN && ctx &&
	                 EVP_PKEY_sign_init(ctx) > 0 &&
	                 EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) > 0 &&
	                 EVP_PKEY_sign(ctx, sig, &len, digest.data, digest.len) > 0;
	ERR_clear_error();
	return is_signed ? err_up(buf_add(ret_sig, slice_of(sig, len))) : 0;
}

bool tls_ca_digest_of(struct slice text, uint8_t ret_sha256[32])
{
	bool is_done = EVP_Digest(text.data, text.len, ret_sha256, NULL, EVP_sha256(), NULL) == 1;
	ERR_clear_error();
	return is_done;
}

X509 *tls_ca_certificate(struct slice pem)
{
	CLEAN(tls_ca_bio_freep) BIO *bio = bio_over(pem);
	X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	ERR_clear_error();
	return certificate;
}

int tls_ca_key_of(struct tls_ca_key **ret_key, struct slice certificate_pem)
{
	CLEAN(tls_ca_x509_freep) X509 *certificate = tls_ca_certificate(certificate_pem);
	EVP_PKEY *pkey = certificate ? X509_get_pubkey(certificate) : NULL;
	ERR_clear_error();
	return pkey ? err_up(key_wrap(ret_key, pkey)) : TLS_CA_BAD_CERTIFICATE;
}

bool tls_ca_key_fits(const struct tls_ca_key *key, struct slice certificate_pem)
{
	CLEAN(tls_ca_x509_freep) X509 *certificate = tls_ca_certificate(certificate_pem);
	EVP_PKEY *pkey = certificate ? X509_get0_pubkey(certificate) : NULL;
	bool fits = pkey && EVP_PKEY_eq(pkey, key->pkey) == 1;
	ERR_clear_error();
	return fits;
}

const EVP_MD *tls_ca_digest(EVP_PKEY *key)
{
	return EVP_PKEY_is_a(key, "ED25519") ? NULL : EVP_sha256();
}

static bool request_fill(X509_REQ *request, EVP_PKEY *key, const char *common_name)
{
	X509_NAME *name = X509_REQ_get_subject_name(request);
	return X509_REQ_set_version(request, X509_REQ_VERSION_1) &&
	       X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_ASC,
	                                  (const unsigned char *)common_name, -1, -1, 0) &&
	       X509_REQ_set_pubkey(request, key) &&
	       X509_REQ_sign(request, key, tls_ca_digest(key)) > 0;
}

int tls_ca_request_write(const struct tls_ca_key *key, const char *common_name, struct buf *ret_pem)
{
	CLEAN(request_freep) X509_REQ *request = X509_REQ_new();
	CLEAN(tls_ca_bio_freep) BIO *bio = BIO_new(BIO_s_mem());
	if (!request || !bio || !request_fill(request, key->pkey, common_name) ||
	    !PEM_write_bio_X509_REQ(bio, request)) {
		ERR_clear_error();
		return err_raise(-ENOMEM);
	}
	return err_up(tls_ca_bio_move(bio, ret_pem));
}

/* What TLS 1.3 signs with (RFC 8446 4.2.3), no weaker than our policy wants of others. */
static bool is_strong(EVP_PKEY *key)
{
	char curve[32] = "";
	if (EVP_PKEY_is_a(key, "RSA"))
		return EVP_PKEY_get_bits(key) >= RSA_BITS_MIN;
	if (EVP_PKEY_is_a(key, "ED25519"))
		return true;
	return EVP_PKEY_is_a(key, "EC") &&
	       EVP_PKEY_get_group_name(key, curve, sizeof(curve), NULL) == 1 &&
	       (!strcmp(curve, "prime256v1") || !strcmp(curve, "secp384r1") ||
	        !strcmp(curve, "secp521r1"));
}

int tls_ca_request_read(struct tls_ca_key **ret_public, struct slice pem)
{
	CLEAN(tls_ca_bio_freep) BIO *bio = bio_over(pem);
	CLEAN(request_freep) X509_REQ *request = NULL;
	request = bio ? PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL) : NULL;
	EVP_PKEY *key = request ? X509_REQ_get0_pubkey(request) : NULL;
	bool is_good = key && X509_REQ_verify(request, key) == 1;
	bool has_strength = key && is_strong(key);
	ERR_clear_error();
	if (!is_good)
		return TLS_CA_BAD_REQUEST;
	if (!has_strength)
		return TLS_CA_WEAK_KEY;
	return EVP_PKEY_up_ref(key) ? err_up(key_wrap(ret_public, key)) : err_raise(-ENOMEM);
}

const char *tls_ca_result_words(int result)
{
	switch ((enum tls_ca_result)result) {
	case TLS_CA_BAD_KEY:
		return "no private key in PEM in it";
	case TLS_CA_BAD_PASSPHRASE:
		return "it has a passphrase, and not this one";
	case TLS_CA_BAD_CERTIFICATE:
		return "no certificate in PEM in it";
	case TLS_CA_BAD_REQUEST:
		return "no certificate request in PEM in it that its own key signed";
	case TLS_CA_BAD_NAME:
		return "a name in it is no host name or address";
	case TLS_CA_WEAK_KEY:
		return "its key is weak or of a kind that is not for TLS (P-256 is)";
	}
	return "no memory";
}
