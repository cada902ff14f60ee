/* Inside check/ only: one answer of a server in the four languages of mail. */
#ifndef CHECK_ANSWER_H
#define CHECK_ANSWER_H

#include "check/opening.h"

enum check_answer {
	CHECK_ANSWER_MORE, /* not whole yet */
	CHECK_ANSWER_YES,  /* 2yz, OK, +OK */
	CHECK_ANSWER_NO,
	CHECK_ANSWER_AWAY,    /* come back later, or never: 421, BYE */
	CHECK_ANSWER_RUBBISH, /* of another language */
};

/* What is said in a language. NULL: there is none. */
struct check_phrases {
	const char *ask; /* for capabilities; of SMTP without the name */
	const char *starttls;
	const char *inject; /* a command whose answer can be told from ours */
	const char *prove;  /* behind the second look, to see what that was; NULL: it is seen */
	const char *noop;   /* that is answered before login */
	const char *quit;
	bool greets_with_caps; /* and tells them again in TLS, unasked (RFC 5804 2.2) */
	bool noop_is_ask;      /* the answer has the form of one to ask */
};
const struct check_phrases *check_phrases_of(enum check_language language);

/*
 * Takes one line, or one reply, off the front of input; where that ends an answer, o->answer is
 * its first line and o->caps what it listed. 0 or -ENOMEM.
 */
[[nodiscard]] int check_answer_take(struct check_opening *o, struct slice input, size_t *ret_used,
                                    enum check_answer *ret_answer);

/* The last answer is one that lists capabilities. */
bool check_answer_is_caps(const struct check_opening *o);
/* Which name it has in it (SMTP); "" else. */
void check_answer_name(const struct check_opening *o, char *ret_name, size_t cap);

#endif
