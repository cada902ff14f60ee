/*
 * Who used which ClientHello at which edge: what `impact` asks of the ledger. Read only. Answers
 * come row by row; a callback that returns other than 0 ends them, and that is what the question
 * returns. Texts live as long as the call; they are what strangers wrote.
 */
#ifndef STORE_LEDGER_USES_H
#define STORE_LEDGER_USES_H

#include "store/record.h"

#include <stddef.h>

struct store_ledger_uses;

/* 0 or -EIO: it cannot be read, or it is of another build. The file has to be there. */
[[nodiscard]] int store_ledger_uses_open(struct store_ledger_uses **ret_u, const char *path);
/* NULL is fine. */
void store_ledger_uses_close(struct store_ledger_uses *u);

/* "began_s", "lost"; 0 if it is not there. 0 or -EIO. */
[[nodiscard]] int store_ledger_uses_fact(struct store_ledger_uses *u, const char *name,
                                         int64_t *ret_value);

/* Every kind of ClientHello. */
[[nodiscard]] int store_ledger_uses_hellos(struct store_ledger_uses *u,
                                           int (*fn)(void *owner, const struct store_hello *hello),
                                           void *owner);

/* Seen in [since_s, until_s) at one edge. Sums are of all times. */
struct store_uses_filter {
	int64_t since_s, until_s;
	const char *edge;
};

/* All who came with one kind of ClientHello. */
struct store_use {
	uint64_t hello; /* 0: in clear */
	uint64_t names, sessions, messages, bytes;
	/* Of the session that was the last of all. */
	const char *version, *cipher, *group;
};
[[nodiscard]] int store_ledger_uses_sums(struct store_ledger_uses *u,
                                         const struct store_uses_filter *filter,
                                         int (*fn)(void *owner, const struct store_use *use),
                                         void *owner);

/* One of them. */
struct store_use_name {
	const char *who;
	bool is_user; /* else an address */
	uint64_t sessions, refused, messages, bytes;
	enum store_seal seal;
};
[[nodiscard]] int store_ledger_uses_names(struct store_ledger_uses *u,
                                          const struct store_uses_filter *filter, uint64_t hello,
                                          int (*fn)(void *owner, const struct store_use_name *name),
                                          void *owner);

/* The rest of what is known of one. */
struct store_use_detail {
	int64_t last_s;
	const char *version, *cipher, *software;
};
/* One call of fn; none if there is no such name any more. */
[[nodiscard]] int store_ledger_uses_detail(
	struct store_ledger_uses *u, const char *edge, uint64_t hello, const char *who,
	int (*fn)(void *owner, const struct store_use_detail *detail), void *owner);

/* Edges, in the order of their names. */
[[nodiscard]] int store_ledger_uses_edges(struct store_ledger_uses *u,
                                          int (*fn)(void *owner, const char *edge,
                                                    const char *protocol),
                                          void *owner);

/* Where a user came from to an edge, as far as single sessions were kept; at most 64 addresses. */
[[nodiscard]] int store_ledger_uses_addresses(struct store_ledger_uses *u, const char *edge,
                                              const char *user,
                                              int (*fn)(void *owner, const char *address),
                                              void *owner);

#endif
