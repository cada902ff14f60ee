/* FNV-1a, for tables. What strangers choose goes in behind a seed, so that they cannot aim at one
 * place of the table. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

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

/* The upper half counts too. */
static inline size_t hash_place(uint64_t hash, size_t places)
{
	return (hash ^ hash >> 32) % places;
}

#endif
