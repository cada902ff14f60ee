/*
 * What TLS each MX host of each domain was seen with (policy/memory.h), kept over restarts. Times
 * are Unix time in seconds.
 */
#ifndef STORE_MEMORY_H
#define STORE_MEMORY_H

#include "policy/memory.h"
#include "policy/shared.h"

#include <stddef.h>

struct store_memory;
struct store_opened;

enum { STORE_MEMORY_HOSTS_MAX = 500000 };

/* 0, or a negative: see store_open(). */
[[nodiscard]] int store_memory_open(struct store_memory **ret_m, const char *path,
                                    struct store_opened *ret_opened);
void store_memory_close(struct store_memory *m);

/* All zero if there is none; may_hold is the caller's. 0 or a negative. */
[[nodiscard]] int store_memory_get(struct store_memory *m, const char *domain, const char *mx,
                                   struct policy_memory *ret_memory);
/* ret_is_new: it was sealed before and is not now, or the other way round. 0 or a negative. */
[[nodiscard]] int store_memory_note(struct store_memory *m, const char *domain, const char *mx,
                                    enum policy_seen seen, int64_t now_s, bool *ret_is_new);
/* Others have met it with TLS since then: from now on it can be lost here too, and since when is
 * known. Sessions are those that this node had: none. 0 or a negative. */
[[nodiscard]] int store_memory_seed(struct store_memory *m, const char *domain, const char *mx,
                                    int64_t since_s, int64_t now_s);
/* The operator knows: what it had is forgotten. ret_count: hosts. 0 or a negative. */
[[nodiscard]] int store_memory_release(struct store_memory *m, const char *domain,
                                       size_t *ret_count);
/* Hosts that had TLS since since_s, and those that lost it since then. 0 or a negative. */
[[nodiscard]] int store_memory_count(struct store_memory *m, int64_t since_s, size_t *ret_sealed,
                                     size_t *ret_lost);
/* All hosts that had TLS and have it no more, by domain and MX; may_hold is the caller's. What fn
 * returns ends it if it is not 0, and is returned; else 0 or a negative. */
[[nodiscard]] int store_memory_read_lost(struct store_memory *m,
                                         int (*fn)(void *owner, const char *domain, const char *mx,
                                                   const struct policy_memory *memory),
                                         void *owner);
/* As other nodes are told of it; all zero if there is none. 0 or a negative. */
[[nodiscard]] int store_memory_tell(struct store_memory *m, const char *domain, const char *mx,
                                    struct policy_shared_memory *ret_memory);
/* The same of those that were met since used_s, the last count of them. 0 or a negative. */
[[nodiscard]] int store_memory_read_used(struct store_memory *m, int64_t used_s, size_t count,
                                         void (*fn)(void *owner, const char *domain, const char *mx,
                                                    const struct policy_shared_memory *memory),
                                         void *owner);
/* Those that were not met since used_s. 0 or a negative. */
[[nodiscard]] int store_memory_prune(struct store_memory *m, int64_t used_s);

#endif
