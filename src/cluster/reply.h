/*
 * What a store answers (RESP, by hiredis' reader), bytes in, values out. Nothing of it is believed:
 * how much there is has a bound, and what is not understood ends the connection. Pure.
 */
#ifndef CLUSTER_REPLY_H
#define CLUSTER_REPLY_H

#include "base/slice.h"

#include <stdint.h>

enum {
	CLUSTER_REPLY_LEN_MAX = 8 * 1024 * 1024, /* bytes that wait for the rest of an answer */
	CLUSTER_REPLY_ITEMS_MAX = 64 * 1024,     /* in all lists of an answer */
	CLUSTER_REPLY_DEPTH_MAX = 7, /* of lists in lists; hiredis since 1.0 knows no bound */
};

enum cluster_kind {
	CLUSTER_NIL,
	CLUSTER_TEXT,
	CLUSTER_STATUS, /* "OK" */
	CLUSTER_ERROR,  /* "MOVED 1 127.0.0.1:7000" */
	CLUSTER_NUMBER,
	CLUSTER_LIST,
};

struct cluster_value {
	enum cluster_kind kind;
	int64_t number;
	struct slice text;
	struct cluster_value **items; /* of a list; never NULL inside */
	size_t count;
};

struct cluster_reader;

/* 0 or -ENOMEM. */
[[nodiscard]] int cluster_reader_new(struct cluster_reader **ret_reader);
void cluster_reader_free(struct cluster_reader *r);

/* The next bytes of the stream. 0, CLUSTER_REPLY_BAD (then for ever) or -ENOMEM. */
enum { CLUSTER_REPLY_BAD = 1, CLUSTER_REPLY_MORE };
[[nodiscard]] int cluster_reader_feed(struct cluster_reader *r, struct slice bytes);
/* 0: cluster_value_free() it; CLUSTER_REPLY_MORE: there is no whole one; or CLUSTER_REPLY_BAD. */
[[nodiscard]] int cluster_reader_next(struct cluster_reader *r, struct cluster_value **ret_value);

/* NULL is fine. */
void cluster_value_free(struct cluster_value *v);
void cluster_value_freep(struct cluster_value **v);

/* An error that begins with this word. */
bool cluster_value_is_error(const struct cluster_value *v, const char *word);

#endif
