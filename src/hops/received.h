/*
 * One Received field, taken apart into its clauses and comments (RFC 5321 4.4, RFC 8314 4.3) as
 * mail servers really write them. Says nothing of what they mean. Pure, time linear.
 *
 * What stands behind the last "by" outside of comments, quotes and <> was written by the host that
 * took the message; what stands before it repeats the words of whoever brought it.
 */
#ifndef HOPS_RECEIVED_H
#define HOPS_RECEIVED_H

#include "base/slice.h"

enum hops_clause {
	HOPS_FROM,
	HOPS_BY,
	HOPS_VIA,
	HOPS_WITH,
	HOPS_OVER, /* "over TLS secured channel" */
	HOPS_ID,
	HOPS_FOR,
	HOPS_TLS,
	HOPS_GROUP,
	HOPS_CLAUSE_COUNT
};

enum { HOPS_COMMENTS_MAX = 24 };

struct hops_comment {
	struct slice text; /* what is between the parentheses, inner ones as they are */
	bool is_of_from;   /* it stands before "by" */
};

/* Slices are of the field; empty ones are not there. */
struct hops_received {
	struct slice clauses[HOPS_CLAUSE_COUNT]; /* their words up to a comment */
	struct slice date;                       /* behind the last ";" */
	struct hops_comment comments[HOPS_COMMENTS_MAX];
	size_t comment_count;
	bool is_whole; /* all that was opened was closed, and there are not too many comments */
};

/* value: of the field, unfolded; r keeps pointers to it. */
void hops_received_parse(struct hops_received *r, struct slice value);

/* The first word of a clause. */
struct slice hops_received_word(const struct hops_received *r, enum hops_clause clause);

#endif
