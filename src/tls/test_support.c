#include "tls/test_support.h"

#include "base/clean.h"

#undef NDEBUG
#include <assert.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

static void pem_take(BIO *bio, struct buf *ret_text)
{
	char *data = NULL;
	long len = BIO_get_mem_data(bio, &data);
	assert(buf_add(ret_text, slice_of(data, (size_t)len)) == 0);
	BIO_free(bio);
}

static void extension_add(X509 *certificate, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	assert(extension && X509_add_ext(certificate, extension, -1));
	X509_EXTENSION_free(extension);
}

static void san_add(X509 *certificate, const char *names)
{
	char text[512] = "";
	CLEAN(freep) char *copy = strdup(names);
	char *rest = copy;
	for (char *name = strsep(&rest, ","); name; name = strsep(&rest, ",")) {
		size_t len = strlen(text);
		snprintf(text + len, sizeof(text) - len, "%sDNS:%s", len ? "," : "", name);
	}
	extension_add(certificate, NID_subject_alt_name, text);
}

void test_pair_make(struct test_pair *ret_pair, const struct test_pair_settings *set)
{
	static long serial = 1;
	char cn[32] = "test-cn";
	struct test_pair p = {};
	p.key = set->type == TEST_RSA       ? EVP_RSA_gen(2048)
	        : set->type == TEST_EC_P384 ? EVP_EC_gen("P-384")
	                                    : EVP_EC_gen("P-256");
	p.certificate = X509_new();
	X509 *issuer = set->issuer ? set->issuer->certificate : p.certificate;
	EVP_PKEY *issuer_key = set->issuer ? set->issuer->key : p.key;
	X509_NAME *subject = X509_get_subject_name(p.certificate);
	X509_set_version(p.certificate, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(p.certificate), serial++);
	if (set->is_ca)
		snprintf(cn, sizeof(cn), "test CA %ld", serial);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (unsigned char *)cn, -1, -1, 0);
	X509_set_issuer_name(p.certificate, X509_get_subject_name(issuer));
	X509_gmtime_adj(X509_getm_notBefore(p.certificate), -20L * 24 * 3600);
	X509_gmtime_adj(X509_getm_notAfter(p.certificate), set->days * 24L * 3600);
	X509_set_pubkey(p.certificate, p.key);
	if (set->names)
		san_add(p.certificate, set->names);
	extension_add(p.certificate, NID_basic_constraints, set->is_ca ? "CA:TRUE" : "CA:FALSE");
	assert(X509_sign(p.certificate, issuer_key, EVP_sha256()) > 0);
	BIO *key = BIO_new(BIO_s_mem());
	BIO *chain = BIO_new(BIO_s_mem());
	PEM_write_bio_PrivateKey(key, p.key, NULL, NULL, 0, NULL, NULL);
	PEM_write_bio_X509(chain, p.certificate);
	pem_take(key, &p.key_pem);
	pem_take(chain, &p.chain_pem);
	*ret_pair = p;
}

void test_pair_deinit(struct test_pair *pair)
{
	EVP_PKEY_free(pair->key);
	X509_free(pair->certificate);
	buf_deinit(&pair->key_pem);
	buf_deinit(&pair->chain_pem);
	*pair = (struct test_pair){};
}

static void on_request(struct tls_signer *tls, struct tls_session *session, uint32_t key_id,
                       uint16_t scheme, struct slice digest)
{
	struct test_signer *signer = (struct test_signer *)tls;
	assert(digest.len <= sizeof(signer->digest));
	signer->session = session;
	signer->key_id = key_id;
	signer->scheme = scheme;
	signer->digest_len = digest.len;
	memcpy(signer->digest, digest.data, digest.len);
	signer->requests++;
}

static void on_cancel(struct tls_signer *tls, struct tls_session *session)
{
	struct test_signer *signer = (struct test_signer *)tls;
	if (signer->session == session)
		signer->session = NULL;
	signer->cancels++;
}

void test_signer_init(struct test_signer *signer)
{
	*signer = (struct test_signer){ .tls = { .request = on_request, .cancel = on_cancel } };
	assert(keys_store_new(&signer->store) == 0);
}

void test_signer_deinit(struct test_signer *signer)
{
	keys_store_free(signer->store);
	signer->store = NULL;
}

void test_signer_answer(struct test_signer *signer)
{
	CLEAN(buf_deinit) struct buf sig = {};
	if (!signer->session)
		return;
	int r = keys_store_sign(signer->store, signer->key_id, signer->scheme,
	                        slice_of(signer->digest, signer->digest_len), &sig);
	assert(r >= 0);
	tls_session_signed(TAKE(signer->session), buf_slice(&sig));
}

static void client_configure(struct test_wire *w, const struct test_client *set)
{
	unsigned char alpn[64];
	SSL_CTX_set_security_level(w->context, 0);
	SSL_CTX_set_min_proto_version(w->context, set->version);
	SSL_CTX_set_max_proto_version(w->context, set->version);
	if (set->suites)
		assert(SSL_CTX_set_cipher_list(w->context, set->suites));
	if (set->groups)
		assert(SSL_CTX_set1_groups_list(w->context, set->groups));
	w->client = SSL_new(w->context);
	SSL_set_bio(w->client, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_connect_state(w->client);
	if (set->pair)
		assert(SSL_use_cert_and_key(w->client, set->pair->certificate, set->pair->key, NULL,
		                            1));
	if (set->sni)
		SSL_set_tlsext_host_name(w->client, set->sni);
	if (set->ticket)
		SSL_set_session(w->client, set->ticket);
	if (!set->alpn)
		return;
	alpn[0] = (unsigned char)strlen(set->alpn);
	memcpy(alpn + 1, set->alpn, alpn[0]);
	assert(SSL_set_alpn_protos(w->client, alpn, alpn[0] + 1U) == 0);
}

void test_wire_init(struct test_wire *ret_wire, struct tls_server *server,
                    const struct test_client *client)
{
	static const struct test_client plain = {};
	struct test_wire w = {};
	if (server)
		assert(tls_session_accept(&w.server, server, NULL) == 0);
	w.context = SSL_CTX_new(TLS_client_method());
	client_configure(&w, client ? client : &plain);
	*ret_wire = w;
}

void test_wire_deinit(struct test_wire *wire)
{
	tls_session_free(wire->server);
	SSL_free(wire->client);
	SSL_CTX_free(wire->context);
	buf_deinit(&wire->in);
	buf_deinit(&wire->out);
	*wire = (struct test_wire){};
	ERR_clear_error();
}

void test_wire_to_server(struct test_wire *wire)
{
	char *data = NULL;
	BIO *bio = SSL_get_wbio(wire->client);
	long len = BIO_get_mem_data(bio, &data);
	if (len > 0)
		assert(buf_add(&wire->in, slice_of(data, (size_t)len)) == 0);
	(void)BIO_reset(bio);
}

void test_wire_to_client(struct test_wire *wire)
{
	struct slice s = buf_slice(&wire->out);
	if (s.len)
		assert(BIO_write(SSL_get_rbio(wire->client), s.data, (int)s.len) == (int)s.len);
	buf_clear(&wire->out);
}

static int client_step(struct test_wire *w)
{
	ERR_clear_error();
	int done = SSL_do_handshake(w->client);
	if (done == 1)
		return 0;
	return SSL_get_error(w->client, done) == SSL_ERROR_WANT_READ ? TLS_MORE : TLS_FAILED;
}

/* Feeds what is in, at most step bytes at a time. */
static void server_step(struct test_wire *w)
{
	do {
		struct slice all = buf_slice(&w->in);
		struct slice given = slice_head(all, w->step ? w->step : all.len);
		struct slice left = given;
		w->server_result = tls_session_handshake(w->server, &left, &w->out);
		buf_consume(&w->in, given.len - left.len);
		if (w->server_result != TLS_SIGNING || !w->signer)
			continue;
		test_signer_answer(w->signer);
	} while ((w->server_result == TLS_MORE && buf_len(&w->in)) ||
	         (w->server_result == TLS_SIGNING && w->signer));
}

void test_wire_handshake(struct test_wire *wire)
{
	for (int round = 0; round < 20; round++) {
		wire->client_result = client_step(wire);
		test_wire_to_server(wire);
		if (wire->server_result != TLS_FAILED)
			server_step(wire);
		test_wire_to_client(wire);
		if (wire->client_result == 0 && wire->server_result == 0)
			return;
		if (wire->server_result == TLS_SIGNING)
			return;
	}
}
