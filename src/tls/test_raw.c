#include "tls/test_raw.h"

#undef NDEBUG
#include <assert.h>
#include <openssl/err.h>

static const char staple[] = "no response at all";

static int on_status(SSL *ssl, void *arg)
{
	(void)arg;
	unsigned char *copy = OPENSSL_memdup(staple, sizeof(staple));
	SSL_set_tlsext_status_ocsp_resp(ssl, copy, sizeof(staple));
	return SSL_TLSEXT_ERR_OK;
}

static int on_name(SSL *ssl, int *alert, void *arg)
{
	(void)alert;
	struct test_raw *raw = arg;
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	slice_to_text(slice_str(name ?: ""), raw->sni, sizeof(raw->sni));
	return SSL_TLSEXT_ERR_OK;
}

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                   const unsigned char *in, unsigned in_len, void *arg)
{
	(void)ssl;
	size_t len = strlen(arg);
	for (unsigned i = 0; i < in_len; i += 1U + in[i])
		if (in[i] == len && !memcmp(in + i + 1, arg, len)) {
			*out = in + i + 1;
			*out_len = in[i];
			return SSL_TLSEXT_ERR_OK;
		}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int on_verify(int is_fine, X509_STORE_CTX *store)
{
	(void)store;
	return is_fine;
}

static void pair_use(struct test_raw *raw, int type, struct test_pair *pair)
{
	test_pair_make(pair, &(struct test_pair_settings){
				     .type = type, .names = "mx.example.org", .days = 30 });
	assert(SSL_CTX_use_cert_and_key(raw->context, pair->certificate, pair->key, NULL, 1));
}

static void algorithms_set(SSL_CTX *context, const struct test_raw_settings *set)
{
	assert(SSL_CTX_set_min_proto_version(context, set->min_version));
	assert(SSL_CTX_set_max_proto_version(context, set->max_version));
	assert(!set->suites || SSL_CTX_set_cipher_list(context, set->suites));
	assert(!set->suites_13 || SSL_CTX_set_ciphersuites(context, set->suites_13));
	assert(!set->groups || SSL_CTX_set1_groups_list(context, set->groups));
	assert(!set->schemes || SSL_CTX_set1_sigalgs_list(context, set->schemes));
	SSL_CTX_set_dh_auto(context, 1);
	if (set->has_order)
		SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
}

void test_raw_init(struct test_raw *raw, const struct test_raw_settings *set)
{
	*raw = (struct test_raw){ .context = SSL_CTX_new(TLS_server_method()) };
	assert(raw->context);
	SSL_CTX_set_security_level(raw->context, 0);
	algorithms_set(raw->context, set);
	if (set->has_rsa)
		pair_use(raw, TEST_RSA, &raw->rsa);
	if (set->has_ec)
		pair_use(raw, TEST_EC, &raw->ec);
	if (set->alpn)
		SSL_CTX_set_alpn_select_cb(raw->context, on_alpn, (void *)set->alpn);
	if (set->has_staple)
		SSL_CTX_set_tlsext_status_cb(raw->context, on_status);
	if (set->wants_certificate)
		SSL_CTX_set_verify(raw->context, SSL_VERIFY_PEER, on_verify);
	SSL_CTX_set_tlsext_servername_callback(raw->context, on_name);
	SSL_CTX_set_tlsext_servername_arg(raw->context, raw);
}

void test_raw_deinit(struct test_raw *raw)
{
	SSL_CTX_free(raw->context);
	test_pair_deinit(&raw->rsa);
	test_pair_deinit(&raw->ec);
	*raw = (struct test_raw){};
	ERR_clear_error();
}

bool test_raw_has_group(const char *name)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	bool has = SSL_CTX_set1_groups_list(context, name) == 1;
	SSL_CTX_free(context);
	ERR_clear_error();
	return has;
}

void test_raw_reply(struct test_raw *raw, struct slice hello, struct buf *ret_reply)
{
	char *data = NULL;
	SSL *ssl = SSL_new(raw->context);
	BIO *in = BIO_new(BIO_s_mem());
	BIO *out = BIO_new(BIO_s_mem());
	SSL_set_bio(ssl, in, out);
	SSL_set_accept_state(ssl);
	raw->sni[0] = '\0';
	raw->asked++;
	assert(BIO_write(in, hello.data, (int)hello.len) == (int)hello.len);
	assert(SSL_do_handshake(ssl) != 1); /* a hello alone does not end it */
	long len = BIO_get_mem_data(out, &data);
	assert(buf_add(ret_reply, slice_of(data, (size_t)len)) == 0);
	SSL_free(ssl);
	ERR_clear_error();
}

int test_raw_ask(struct test_raw *raw, const struct tls_offer *offer, struct tls_answer *ret_answer)
{
	static const uint8_t random[TLS_OFFER_RANDOM_LEN] = "as random as it can be in tests";
	struct buf hello = {};
	struct buf reply = {};
	int r = TLS_ANSWER_MORE;
	*ret_answer = (struct tls_answer){};
	assert(tls_offer_write(offer, random, &hello) == 0);
	test_raw_reply(raw, buf_slice(&hello), &reply);
	for (size_t i = 0; i < buf_len(&reply) && r == TLS_ANSWER_MORE; i++)
		r = tls_answer_feed(ret_answer, slice_of(buf_slice(&reply).data + i, 1));
	buf_deinit(&hello);
	buf_deinit(&reply);
	return r;
}
