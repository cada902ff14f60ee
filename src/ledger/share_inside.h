/* What the files of the share have in common. */
#ifndef LEDGER_SHARE_INSIDE_H
#define LEDGER_SHARE_INSIDE_H

#include "base/log_calm.h"
#include "cluster/client.h"
#include "ledger/share.h"
#include "store/ledger_parts.h"
#include "store/others.h"

enum {
	SHARE_KEY_CAP = 192,
	SHARE_NODE_LEN = 16, /* hexadecimal digits */
	SHARE_AT_ONCE = 8,   /* parts on their way, each way */
	SHARE_INDEX_MAX = 4 * STORE_PART_KIND_COUNT * STORE_PART_HOURS, /* values in a list */
	SHARE_KEEP_S = (STORE_PART_HOURS + 24) * 3600,                  /* in the store */
};

struct share_tell;
struct share_hear;
struct share_tickets;
struct share_bans;
struct share_tokens;

struct share {
	struct share_settings set;
	struct cluster_client *client;
	struct store_others *others;
	uint64_t node;      /* 0: not known yet, for the ledger has no file */
	uint64_t run;       /* another each time the process begins */
	unsigned strangers; /* times that another had our number, in a row */
	struct share_tell *tell;
	struct share_hear *hear;
	struct share_tickets *tickets;
	struct share_bans *bans;
	struct share_tokens *tokens;
	struct io_deadline turn, tell_soon, finish;
	unsigned turns;
	int64_t since_s; /* that it is reached, or not */
	size_t guesses;  /* on their way */
	size_t releases; /* the same, of leases of orders */
	size_t nodes;    /* heard of lately, this one too */
	void (*on_done)(void *owner);
	void *on_done_owner;
	struct log_calm complaints;
};

struct share_key {
	char text[SHARE_KEY_CAP];
};
/* "PREFIX:NAME" */
struct share_key share_key_of(const struct share *s, const char *name);
/* "PREFIX:{NODE}:NAME": all of a node in one slot. */
struct share_key share_node_key(const struct share *s, uint64_t node, const char *name);
/* The text of a number, and back: 16 hexadecimal digits exactly. */
void share_hex_print(uint64_t number, char ret_text[SHARE_NODE_LEN + 1]);
bool share_hex_read(struct slice text, uint64_t *ret_number);

/* A command; words end with NULL. False: fn does not follow. */
bool share_ask(struct share *s, const struct slice *words, size_t count, cluster_answer_fn *fn,
               void *owner);
/* The answer says that somebody put something else there: it goes. */
void share_mend(struct share *s, const struct cluster_value *answer, const char *key);
void share_complain(struct share *s, const char *what, int r);
int64_t share_oldest_hour(void);

/* share_tell.c: what this node counted. */
[[nodiscard]] int share_tell_new(struct share *s);
void share_tell_free(struct share_tell *t);
void share_tell_go(struct share *s);    /* as much as may be on its way */
void share_tell_check(struct share *s); /* is it there still? */
size_t share_tell_waiting(struct share *s);

/* share_hear.c: what the others did. */
[[nodiscard]] int share_hear_new(struct share *s);
void share_hear_free(struct share_hear *h);
void share_hear_go(struct share *s); /* unless it is at it */

/* share_tickets.c */
[[nodiscard]] int share_tickets_new(struct share *s);
void share_tickets_free(struct share_tickets *t);
void share_tickets_go(struct share *s);

/* share_bans.c */
[[nodiscard]] int share_bans_new(struct share *s);
void share_bans_free(struct share_bans *b);
void share_bans_go(struct share *s);

/* share_tokens.c: looks by itself. */
[[nodiscard]] int share_tokens_new(struct share *s);
void share_tokens_free(struct share_tokens *t);

/* Where all is told, whoever waits for it hears of it. */
void share_told(struct share *s);

#endif
