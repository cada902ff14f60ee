/* Certificates of strangers: what is said of them is bounded and printable, whatever they are. */
#include "base/clean.h"
#include "keys/selfsigned.h"
#include "tls/inspect.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tls_roots *roots_make(void)
{
	CLEAN(buf_deinit_secret) struct buf key = {};
	CLEAN(buf_deinit) struct buf chain = {};
	struct tls_roots *roots = NULL;
	assert(keys_self_signed_make(&key, &chain, "fuzz.test") == 0);
	assert(tls_roots_new(&roots, buf_slice(&chain)) == 0);
	return roots;
}

static void assert_text(const char *text, size_t cap)
{
	assert(strnlen(text, cap) < cap);
	for (; *text; text++)
		assert(*text >= ' ' && *text <= '~');
}

static void assert_certificate(const struct tls_inspected *one)
{
	assert_text(one->subject, sizeof(one->subject));
	assert_text(one->issuer, sizeof(one->issuer));
	assert_text(one->cn, sizeof(one->cn));
	assert_text(one->key, sizeof(one->key));
	assert_text(one->curve, sizeof(one->curve));
	assert_text(one->signature, sizeof(one->signature));
}

static void assert_inspection(const struct tls_inspection *in)
{
	assert(in->count && in->count <= TLS_INSPECT_CERTIFICATES_MAX);
	assert(in->count <= in->sent_count);
	assert_text(in->names, strlen(in->names) + 1);
	for (size_t i = 0; i < in->count; i++)
		assert_certificate(&in->certificates[i]);
	assert(tls_inspect_name(in, "mx.example.org") < TLS_INSPECT_NAME_COUNT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tls_roots *roots; /* once for all inputs */
	struct tls_trust_question question = { .chain = slice_of(data, size),
		                               .name = "mx.example.org",
		                               .now_s = 1700000000 };
	struct tls_inspection in;
	struct tls_trust trust;
	if (!roots)
		roots = roots_make();
	int r = tls_inspect(&in, question.chain);
	assert(r == 0 || r == TLS_INSPECT_EMPTY || r == TLS_INSPECT_BAD);
	assert(tls_inspect_trust(&trust, roots, &question) == r);
	if (r)
		return 0;
	assert(trust.result < TLS_PROOF_RESULT_COUNT && trust.result != TLS_PROOF_HOLDS);
	assert_inspection(&in);
	tls_inspection_deinit(&in);
	return 0;
}
