/*
 * What the resolvers of a cluster share by its store: what TLS hosts had at each node
 * (policy/memory.h), what is wrong with them, MTA-STS policies. What a node meets it tells at once;
 * of a domain the others are heard when somebody asks for the way to it, which waits for that a
 * moment at most. While the store is away each goes by what it met itself.
 */
#ifndef RESOLVER_SHARED_H
#define RESOLVER_SHARED_H

#include "base/slice.h"
#include "policy/shared.h"

struct conf_cluster;
struct io_loop;
struct resolver_heard;
struct resolver_shared;
struct store_sts;
struct store_sts_row;

enum {
	RESOLVER_SHARED_WAIT_MS = 500,
	RESOLVER_SHARED_KEEP_S = 60 * 24 * 3600, /* what hosts had, in the store */
	RESOLVER_SHARED_FAULTS_MAX = 4096,       /* heard of */
};

struct resolver_shared_settings {
	struct io_loop *loop;
	const struct conf_cluster *conf;
	struct slice password; /* borrowed for its life */
	const char *folder;    /* where the number of this node is kept */
	struct store_sts *sts; /* NULL: no policies are kept */
	void *owner;
	/* The store is reached: what was met since then is to be told, for it was away. */
	void (*on_reached)(void *owner, int64_t since_s);
};

/* 0 or a negative. */
[[nodiscard]] int resolver_shared_new(struct resolver_shared **ret_s,
                                      const struct resolver_shared_settings *set);
/* Nothing may be asked for any more. NULL is fine, here and below: nobody shares. */
void resolver_shared_free(struct resolver_shared *s);

/*
 * What the others know of a domain. fn is called once, in a later turn, unless it is freed before.
 * 0; RESOLVER_SHARED_ALONE: nobody can be asked, and *ret_h is NULL; or -ENOMEM.
 */
enum { RESOLVER_SHARED_ALONE = 1 };
[[nodiscard]] int resolver_shared_ask(struct resolver_heard **ret_h, struct resolver_shared *s,
                                      const char *domain, void (*fn)(void *owner), void *owner);
void resolver_heard_free(struct resolver_heard *h);
/* On top of what is known here of this host, own (all zero: nothing). h may be NULL. */
void resolver_shared_add(const struct resolver_shared *s, const struct resolver_heard *h,
                         const char *mx, const struct policy_shared_memory *own,
                         struct policy_memory *memory);

void resolver_shared_memory(struct resolver_shared *s, const char *domain, const char *mx,
                            const struct policy_shared_memory *memory);
void resolver_shared_fault(struct resolver_shared *s, const char *mx,
                           const struct policy_shared_fault *fault);
void resolver_shared_policy(struct resolver_shared *s, const struct store_sts_row *row);
/* What any node knew of a domain is forgotten there. */
void resolver_shared_release(struct resolver_shared *s, const char *domain);

#endif
