/* What a balancer sends. Whole, and never another answer for a shorter piece than MORE. */
#include "base/clean.h"
#include "proxyhdr/proxyhdr.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A header that says the same must be read as the same. */
static void build_again(const struct proxyhdr_result *r)
{
	CLEAN(buf_deinit) struct buf out = {};
	struct proxyhdr_result again;
	size_t used;
	struct proxyhdr_facts facts = {
		.client_addr = r->client_addr,
		.local_addr = r->local_addr,
		.client_port = r->client_port,
		.local_port = r->local_port,
		.has_tls = true,
		.tls_version = "TLSv1.3",
		.tls_cipher = "TLS_AES_128_GCM_SHA256",
		.unique_id = "id",
	};
	if (proxyhdr_build(&out, &facts))
		abort();
	if (proxyhdr_parse(buf_slice(&out), &again, &used))
		abort();
	assert(used == buf_len(&out));
	assert(strcmp(again.client_addr, r->client_addr) == 0);
	assert(strcmp(again.local_addr, r->local_addr) == 0);
	assert(again.client_port == r->client_port && again.local_port == r->local_port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proxyhdr_result result, piece;
	size_t used = 0;
	size_t piece_used;
	int whole = proxyhdr_parse(slice_of(data, size), &result, &used);
	assert(whole || (used > 0 && used <= size && used <= PROXYHDR_V2_MAX));
	assert(whole != PROXYHDR_MORE || size < PROXYHDR_V2_MAX);
	for (size_t len = 0; len < size && len < 300; len++) {
		CLEAN(freep) uint8_t *copy = malloc(len + 1);
		if (!copy)
			return 0;
		memcpy(copy, data, len);
		int r = proxyhdr_parse(slice_of(copy, len), &piece, &piece_used);
		assert(r == whole || r == PROXYHDR_MORE);
		assert(r || piece_used == used);
		assert(whole || len >= used || r == PROXYHDR_MORE);
	}
	if (!whole && result.has_addresses)
		build_again(&result);
	return 0;
}
