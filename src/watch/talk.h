/*
 * What one connection says, and what that proves. Each protocol is a row of watch_protos[]
 * (watch/proto.h); this is what its parser fills in. No password is ever stored here.
 */
#ifndef WATCH_TALK_H
#define WATCH_TALK_H

#include "base/slice.h"

enum watch_side { WATCH_CLIENT, WATCH_SERVER, WATCH_SIDE_COUNT };

static inline enum watch_side watch_side_other(enum watch_side side)
{
	return side == WATCH_CLIENT ? WATCH_SERVER : WATCH_CLIENT;
}

/* What of a login crossed, the worst last. */
enum watch_secret {
	WATCH_SECRET_NONE,
	WATCH_SECRET_HASH,     /* of a password: CRAM-MD5, SCRAM, NTLM */
	WATCH_SECRET_TOKEN,    /* whoever has it is in: cookies, bearer tokens */
	WATCH_SECRET_PASSWORD, /* readable */
	WATCH_SECRET_COUNT
};

enum { WATCH_USER_CAP = 64, WATCH_MECHANISM_CAP = 24 };

struct watch_ear;
struct watch_proto;

/* Starts as {}. */
struct watch_talk {
	const struct watch_proto *proto;
	/* Found. */
	bool is_proven;  /* mail, a query, an answer: something that matters crossed in clear */
	bool is_offered; /* the server offered TLS */
	bool is_asked;   /* the client asked for TLS, and no answer came yet */
	bool is_tls;     /* from here on both speak TLS */
	bool is_tunnel;  /* encrypted by the protocol itself */
	bool is_private; /* kept from readers by other means (RPCSEC_GSS, SMB 3): as a tunnel */
	bool is_lost;    /* what follows cannot be read */
	enum watch_secret secret;
	char mechanism[WATCH_MECHANISM_CAP];
	char user[WATCH_USER_CAP];
	struct watch_ear *ear; /* watch/ear.h; NULL: nobody listens */
	/* Of the parser. */
	uint64_t skip[WATCH_SIDE_COUNT];    /* bytes to pass over */
	uint32_t literal[WATCH_SIDE_COUNT]; /* the next bytes come as one piece */
	bool is_literal;                    /* this piece is one */
	bool is_in_line[WATCH_SIDE_COUNT];  /* the rest of a line is to be passed over */
	uint8_t state[WATCH_SIDE_COUNT];
	uint8_t step; /* in an exchange */
	uint32_t number;
	char word[WATCH_MECHANISM_CAP];
};

/* A login was seen; a worse one stays. mechanism: printable is made of it; user may be empty. */
void watch_talk_secret(struct watch_talk *t, enum watch_secret secret, struct slice mechanism,
                       struct slice user);

#endif
