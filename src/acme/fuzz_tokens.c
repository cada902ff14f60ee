/* What another node put into the store of a cluster. */
#include "acme/tokens.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct acme_challenges list = {};
	if (acme_tokens_read(&list, slice_of(data, size)))
		return 0;
	assert(list.count <= ACME_CHALLENGES_MAX);
	for (size_t i = 0; i < list.count; i++) {
		const struct acme_challenge *c = &list.items[i];
		assert(!strncmp(c->authorization, c->token, strlen(c->token)));
		assert(!strpbrk(c->authorization, "\r\n \t"));
	}
	acme_challenges_clear(&list);
	return 0;
}
