/* First byte: how many bytes come at a time; an answer is judged the same however it arrives. */
#include "tls/answer.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int feed(struct tls_answer *a, struct slice all, size_t step)
{
	int r = TLS_ANSWER_MORE;
	while (all.len && r == TLS_ANSWER_MORE) {
		r = tls_answer_feed(a, slice_head(all, step));
		all = slice_skip(all, step);
	}
	return r;
}

static void check(const struct tls_answer *a, int r)
{
	assert(r == 0 || r == TLS_ANSWER_MORE || r == TLS_ANSWER_BAD);
	assert((r == TLS_ANSWER_BAD) == (a->problem != NULL));
	assert((r == 0) == a->is_done || r == TLS_ANSWER_BAD);
	assert(a->certificate_count <= TLS_ANSWER_CERTIFICATES_MAX);
	assert(a->ssl2_kind_count <= TLS_ANSWER_SSL2_KINDS_MAX);
	assert(a->dh_bits <= TLS_ANSWER_DH_BITS_MAX);
	assert(strnlen(a->seen, sizeof(a->seen)) < sizeof(a->seen));
	assert(strnlen(a->alpn, sizeof(a->alpn)) < sizeof(a->alpn));
	for (size_t i = 0; i < a->certificate_count; i++)
		assert(tls_answer_certificate(a, i).len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tls_answer whole = {};
	struct tls_answer parts = {};
	if (!size)
		return 0;
	struct slice all = slice_of(data + 1, size - 1);
	int r = feed(&whole, all, all.len ?: 1);
	check(&whole, r);
	int in_parts = feed(&parts, all, 1U + data[0]);
	check(&parts, in_parts);
	assert(r == in_parts && whole.kind == parts.kind && whole.suite == parts.suite);
	assert(whole.certificate_count == parts.certificate_count);
	tls_answer_deinit(&whole);
	tls_answer_deinit(&parts);
	return 0;
}
