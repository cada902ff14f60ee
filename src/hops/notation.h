/*
 * How mail servers write down what TLS a session had: versions, cipher suites and groups in all
 * their spellings, and what they are worth. Pure.
 */
#ifndef HOPS_NOTATION_H
#define HOPS_NOTATION_H

#include "base/slice.h"

enum hops_version {
	HOPS_VERSION_UNKNOWN,
	HOPS_SSL_2,
	HOPS_SSL_3,
	HOPS_TLS_1_0,
	HOPS_TLS_1_1,
	HOPS_TLS_1_2,
	HOPS_TLS_1_3,
	HOPS_VERSION_COUNT
};

/* "TLS 1.3"; "" for UNKNOWN. */
const char *hops_version_name(enum hops_version version);

/* In the words of a policy that is the default of an edge: TLS 1.2 or later and ECDHE. */
enum hops_grade {
	HOPS_UNGRADED, /* encrypted, and too little is said to tell more */
	HOPS_LEGACY,   /* an older version, or no forward secrecy, or by finite fields alone */
	HOPS_SEALED,
	HOPS_GRADE_COUNT
};
const char *hops_grade_name(enum hops_grade grade); /* "" for UNGRADED */

enum { HOPS_CIPHER_CAP = 96, HOPS_GROUP_CAP = 40 };

/* All zero: nothing was said. */
struct hops_tls {
	bool is_used;
	enum hops_version version;
	char cipher[HOPS_CIPHER_CAP]; /* IANA's name where it is known; else as it was written */
	char group[HOPS_GROUP_CAP];
};

/* Where a notation stands: before "by" only such count as servers put there, for the words of the
 * other side stand there too. */
enum hops_place { HOPS_BEFORE_BY, HOPS_BEHIND_BY };

/* Adds to t what a comment says of TLS. False: nothing. */
bool hops_notation_comment(struct hops_tls *t, struct slice comment, enum hops_place place);

/* A word that may be a suite, or its number ("0x1301"). False: it is none. */
bool hops_notation_cipher(struct hops_tls *t, struct slice word);
void hops_notation_group(struct hops_tls *t, struct slice word);
bool hops_notation_version(struct hops_tls *t, struct slice word);

/* What follows from the suite alone: its version, its group. */
void hops_notation_finish(struct hops_tls *t);

/* The suite encrypts nothing. */
bool hops_notation_is_null(const struct hops_tls *t);

/* is_user: the policy of the doors of users has no CBC. */
enum hops_grade hops_notation_grade(const struct hops_tls *t, bool is_user);

#endif
