/* What a server answers to a known attack: its hello, with the certificate that an attack is made
 * for, and its reaction, cut anywhere. */
#include "base/clean.h"
#include "check/attack.h"

#undef NDEBUG
#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void attacks_write(const struct tls_answer *answer)
{
	for (int attack = CHECK_ATTACK_NONE; attack < CHECK_ATTACK_COUNT; attack++)
		for (unsigned variant = 0; variant < TLS_PREMASTER_COUNT; variant++) {
			CLEAN(buf_deinit) struct buf out = {};
			int r = check_attack_write((enum check_attack)attack, variant, answer,
			                           &out);
			assert(r == 0 || r == CHECK_ATTACK_POINTLESS);
		}
}

static void hello_write(struct slice hello, struct slice ticket)
{
	CLEAN(buf_deinit) struct buf out = {};
	int r = check_attack_hello(hello, ticket, &out);
	assert(r == 0 || r == CHECK_ATTACK_POINTLESS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct check_reaction reaction;
	struct tls_answer answer = {};
	size_t cut = size ? data[0] % size : 0;
	struct slice input = slice_of(data, size);
	check_reaction_read(&reaction, input);
	check_reaction_read_hello(&reaction, input);
	hello_write(slice_skip(input, cut), slice_head(input, cut));
	(void)!tls_answer_feed(&answer, slice_skip(input, 1));
	attacks_write(&answer);
	tls_answer_deinit(&answer);
	return 0;
}
