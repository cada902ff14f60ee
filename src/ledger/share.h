/*
 * What this node shares with the others of its cluster, by a store (cluster/client.h): the sums
 * and exposures of its ledger, keys of TLS tickets, failed logins. Each node writes under its own
 * number what it counted, absolute, and again if it is not there any more; each hears the others
 * and keeps what they said (store/others.h). While the store is away all goes on without it.
 */
#ifndef LEDGER_SHARE_H
#define LEDGER_SHARE_H

#include "base/slice.h"
#include "proc/msg.h"

#include <stddef.h>

struct conf_cluster;
struct io_loop;
struct share;
struct store_ledger;

enum {
	SHARE_TURN_MS = 5 * 1000, /* between two looks at what the others have */
	SHARE_TELL_MS = 2 * 1000, /* from a commit until the others are told, at most */
	SHARE_END_MS = 1500,      /* at the end, for what is not told yet */
};

/* A login at a worker of ours. */
struct share_guess {
	uint64_t teller;
	uint8_t address[16]; /* as edge/limits.h makes it */
	char user[128];      /* letter case does not count */
};

/* About the order of a certificate, or the answer. Borrowed. */
struct share_order {
	enum proc_order_ask ask;
	uint32_t number;
	const char *id;                /* of a question */
	enum proc_order_answer answer; /* of an answer */
	struct slice chain;
};

struct share_settings {
	struct io_loop *loop;
	const struct conf_cluster *conf;
	struct slice password;   /* borrowed for its life; empty: none */
	const char *others_path; /* the same */
	const char *hostname;
	size_t max_bytes; /* of what others tell */
	uint32_t retention_s;
	bool answers_tokens; /* a CA may come to this node */
	void *owner;
	struct store_ledger *(*store)(void *owner); /* NULL: there is no file now */
	/* Two keys: current and previous. */
	void (*on_tickets)(void *owner, struct slice keys);
	/* Who is not let in at any node: "TARGET UNTIL\n" each, 0: not any more. */
	void (*on_bans)(void *owner, struct slice bans);
	/* What a CA may ask any node for, of the orders of others (acme/tokens.h). */
	void (*on_tokens)(void *owner, struct slice tokens);
	void (*on_state)(void *owner); /* reached, or not any more */
	/* So often it failed, at all nodes. */
	void (*on_guessed)(void *owner, const struct share_guess *guess, uint32_t failures);
	void (*on_order)(void *owner, const struct share_order *answer);
};

/* 0 or a negative. */
[[nodiscard]] int share_new(struct share **ret_s, const struct share_settings *set);
/* NULL is fine, here and below. */
void share_free(struct share *s);

/* Something was committed. */
void share_changed(struct share *s);
/* All rows of others that name this user. */
void share_forget(struct share *s, const char *user);
/* One failed, or all that failed before are forgotten. While the store is away nobody hears of it.
 */
void share_guess_failed(struct share *s, const struct share_guess *guess);
void share_guess_well(struct share *s, const struct share_guess *guess);
/* "TARGET UNTIL"; 0: not any more. */
void share_ban(struct share *s, struct slice ban);
/* What a CA may ask any node for, of this one's orders: all of it. */
void share_tokens_tell(struct share *s, struct slice tokens);
/* on_order() follows, perhaps at once; s is not NULL. */
void share_order_ask(struct share *s, const struct share_order *order);
/* Tells what is not told yet, and waits until leases are given back; on_done once, after
 * SHARE_END_MS at the latest, perhaps at once. */
void share_finish(struct share *s, void (*on_done)(void *owner), void *owner);

/* Numbers of enum proc_cluster_number, packed. ret_bytes has 8 * PROC_CLUSTER_NUMBER_COUNT. */
struct slice share_numbers(struct share *s, uint8_t *ret_bytes);

#endif
