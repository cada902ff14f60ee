/*
 * What TLS far ends had (policy/memory.h): the resolver keeps it for all workers. When more than
 * one in a hundred lose it within an hour, the fault is presumed ours: that is said once, and
 * nothing more is held.
 */
#ifndef RESOLVER_MEMORY_H
#define RESOLVER_MEMORY_H

#include "base/slice.h"
#include "policy/memory.h"
#include "policy/shared.h"

struct io_loop;
struct resolver_memory;

struct resolver_memory_settings {
	struct io_loop *loop;
	const char *folder; /* where it is kept */
	/* What there are now: "MX UNTIL\n" for each (store/faults.h). */
	void (*on_workarounds)(void *owner, struct slice list);
	/* What is known here of a host, after it was met. */
	void (*on_memory)(void *owner, const char *domain, const char *mx,
	                  const struct policy_shared_memory *memory);
	void (*on_fault)(void *owner, const char *mx, const struct policy_shared_fault *fault);
	void *owner;
};

/* Without its files it remembers nothing, which is logged. 0 or -ENOMEM. */
[[nodiscard]] int resolver_memory_new(struct resolver_memory **ret_m,
                                      const struct resolver_memory_settings *set);
/* Tells on_workarounds. */
void resolver_memory_tell(struct resolver_memory *m);
void resolver_memory_free(struct resolver_memory *m);

/* All zero if nothing is known. What is wrong with the host's TLS comes with it. */
void resolver_memory_get(struct resolver_memory *m, const char *domain, const char *mx,
                         struct policy_memory *ret_memory);
/* All zero if nothing is. */
struct policy_shared_memory resolver_memory_own(struct resolver_memory *m, const char *domain,
                                                const char *mx);
/* Others have met it with TLS since then, this node has not. */
void resolver_memory_seed(struct resolver_memory *m, const char *domain, const char *mx,
                          int64_t since_s);
/* on_memory for the last thousand of those that were met since then. */
void resolver_memory_tell_again(struct resolver_memory *m, int64_t since_s);
/* What is news is logged. */
void resolver_memory_note(struct resolver_memory *m, const char *domain, const char *mx,
                          enum policy_seen seen);
void resolver_memory_fault(struct resolver_memory *m, const char *mx, enum policy_fault_seen seen);
void resolver_memory_release(struct resolver_memory *m, const char *domain);

#endif
