/* What a CA writes reaches us by the words of a hook. */
#include "acme/word.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct acme_word word;
	if (acme_word_read(&word, slice_of(data, size)) == 0) {
		assert(strlen(word.name) && strlen(word.token));
		assert(!strpbrk(word.authorization, "\r\n \t"));
	}
	return 0;
}
