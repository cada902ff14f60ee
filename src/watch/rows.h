/*
 * What was found, added up: a row for each client, server, port, protocol and verdict. Bounded:
 * when there are too many, further clients of a service share one row, whose client is "::". What
 * does not fit even then is only counted.
 */
#ifndef WATCH_ROWS_H
#define WATCH_ROWS_H

#include "watch/verdict.h"

enum {
	WATCH_ROWS_MAX = 50000,
	WATCH_ROWS_SHARED_MAX = 10000, /* above it, of several clients */
	WATCH_ROW_PLACES = 65536,
};

struct watch_row_key {
	struct watch_address client, server;
	uint16_t port;     /* the server's; 0: the protocol has none */
	uint8_t transport; /* of IP */
	enum watch_wire wire;
	enum watch_verdict verdict;
	const char *protocol; /* a word of ours; "": unknown */
};

struct watch_row {
	struct watch_row_key key;
	uint64_t hash;
	struct watch_row *next;                      /* of the same place */
	struct watch_row *untold_next, *untold_prev; /* with !is_told */
	uint64_t flows, bytes;
	int64_t first_s, last_s;
	enum watch_secret secret;
	char mechanism[WATCH_MECHANISM_CAP];
	char user[WATCH_USER_CAP];             /* one of them */
	struct watch_tls tls;                  /* the weakest version's */
	struct watch_certificate *certificate; /* the one that ends first; NULL: none was seen */
	const char *mend;                      /* NULL: there is none */
	bool is_link_good;
	bool is_told; /* watch_rows_tell() */
};

/* Starts as {}; seed is random. */
struct watch_rows {
	uint64_t seed;
	struct watch_row *places[WATCH_ROW_PLACES];
	struct watch_row *untold_first, *untold_last;
	size_t count;
	uint64_t left_out; /* flows; counted by who has them */
};

void watch_rows_deinit(struct watch_rows *rows);

/* The row of a key, or the shared one, made if need be. NULL: there are too many, or no memory. */
struct watch_row *watch_rows_get(struct watch_rows *rows, const struct watch_row_key *key);

/* A flow leaves its row for another; a row without flows is freed. */
void watch_rows_leave(struct watch_rows *rows, struct watch_row *row);

/* The one that waits longest to be told of, and now is. NULL: there is none. */
const struct watch_row *watch_rows_tell(struct watch_rows *rows);

/* Is it the row of several clients? */
bool watch_row_is_shared(const struct watch_row *row);

/* All of them, the most dangerous first; owned by the caller, NULL if there is no memory.
 */
const struct watch_row **watch_rows_sorted(const struct watch_rows *rows, size_t *ret_count);

#endif
