#include "base/sparse.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { WORD = sizeof(uint64_t), BITS = 64 };

struct sparse {
	uint32_t words; /* of the original, zeros too */
	uint32_t kept;
	uint64_t data[]; /* a bit for each word, then those that are not zero */
};

static size_t map_len(size_t words)
{
	return (words + BITS - 1) / BITS;
}

/* The last word of an odd length is filled up with zeros. */
static uint64_t word_at(const uint8_t *bytes, size_t len, size_t i)
{
	uint64_t word = 0;
	size_t left = len - i * WORD;
	memcpy(&word, bytes + i * WORD, left < WORD ? left : WORD);
	return word;
}

static uint32_t words_count(const uint8_t *bytes, size_t len, size_t words)
{
	uint32_t count = 0;
	for (size_t i = 0; i < words; i++)
		count += word_at(bytes, len, i) != 0;
	return count;
}

struct sparse *sparse_new(const void *bytes, size_t len)
{
	size_t words = (len + WORD - 1) / WORD;
	uint32_t kept = words_count(bytes, len, words);
	struct sparse *s = calloc(1, sizeof(*s) + (map_len(words) + kept) * WORD);
	if (!s)
		return NULL;
	s->words = (uint32_t)words;
	s->kept = kept;
	uint64_t *next = s->data + map_len(words);
	for (size_t i = 0; i < words; i++) {
		uint64_t word = word_at(bytes, len, i);
		if (!word)
			continue;
		s->data[i / BITS] |= (uint64_t)1 << i % BITS;
		*next++ = word;
	}
	return s;
}

size_t sparse_size(const struct sparse *s)
{
	return sizeof(*s) + (map_len(s->words) + s->kept) * WORD;
}

void sparse_free(struct sparse *s)
{
	if (!s)
		return;
	explicit_bzero(s, sparse_size(s));
	free(s);
}

void sparse_read(const struct sparse *s, void *ret_bytes, size_t len)
{
	const uint64_t *next = s->data + map_len(s->words);
	uint8_t *bytes = ret_bytes;
	memset(bytes, 0, len);
	for (size_t i = 0; i < s->words && i * WORD < len; i++) {
		size_t left = len - i * WORD;
		if (s->data[i / BITS] >> i % BITS & 1)
			memcpy(bytes + i * WORD, next++, left < WORD ? left : WORD);
	}
}
