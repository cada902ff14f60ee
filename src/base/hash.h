/* FNV-1a, for tables. What strangers choose goes in behind a seed, so that they cannot aim at one
 * place of the table; where they may send millions of it, hash_keyed(). */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define HASH_START 0xcbf29ce484222325u

static inline uint64_t hash_byte(uint64_t hash, uint8_t byte)
{
	return (hash ^ byte) * 0x100000001b3u;
}

static inline uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		hash = hash_byte(hash, ((const uint8_t *)bytes)[i]);
	return hash;
}

/* ASCII without case. */
static inline uint64_t hash_name(uint64_t hash, const char *name)
{
	for (; *name; name++)
		hash = hash_byte(hash,
		                 (uint8_t)(*name >= 'A' && *name <= 'Z' ? *name | 0x20 : *name));
	return hash;
}

/* The next eight bytes, for hash_keyed(). */
static inline uint64_t hash_word(const void *at)
{
	uint64_t word;
	memcpy(&word, at, sizeof(word));
	return word;
}

static inline uint64_t hash_turn(uint64_t word, unsigned bits)
{
	return word << bits | word >> (64 - bits);
}

static inline void hash_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = hash_turn(v[1], 13) ^ v[0];
	v[3] = hash_turn(v[3], 16) ^ v[2];
	v[0] = hash_turn(v[0], 32) + v[3];
	v[2] += v[1];
	v[3] = hash_turn(v[3], 21) ^ v[0];
	v[1] = hash_turn(v[1], 17) ^ v[2];
	v[2] = hash_turn(v[2], 32);
}

/* SipHash-1-3 of whole words: whoever does not have the key finds no two that meet. */
static inline uint64_t hash_keyed(const uint64_t key[2], const uint64_t *words, size_t count)
{
	uint64_t v[4] = { key[0] ^ 0x736f6d6570736575u, key[1] ^ 0x646f72616e646f6du,
		          key[0] ^ 0x6c7967656e657261u, key[1] ^ 0x7465646279746573u };
	for (size_t i = 0; i <= count; i++) {
		uint64_t word = i < count ? words[i] : (uint64_t)count * 8 << 56;
		v[3] ^= word;
		hash_round(v);
		v[0] ^= word;
	}
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		hash_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* The upper half counts too. */
static inline size_t hash_place(uint64_t hash, size_t places)
{
	return (hash ^ hash >> 32) % places;
}

#endif
