/*
 * Known attacks, as far as a server shows that it would fall for one: what is sent behind its
 * ServerHelloDone, and how it takes it. Pure. Nothing is read that the server should not give: of
 * Heartbleed 16 KiB of its memory would come, are counted, and thrown away.
 */
#ifndef CHECK_ATTACK_H
#define CHECK_ATTACK_H

#include "tls/answer.h"
#include "tls/premaster.h"

enum check_attack {
	CHECK_ATTACK_NONE,
	CHECK_ATTACK_HEARTBLEED,  /* CVE-2014-0160: a heartbeat that is longer than it is */
	CHECK_ATTACK_CCS,         /* CVE-2014-0224: ChangeCipherSpec before there are keys */
	CHECK_ATTACK_ROBOT,       /* padding of RSA: one connection for each enum tls_premaster */
	CHECK_ATTACK_TICKETBLEED, /* CVE-2016-9244: a session id shorter than 32 bytes, echoed as 32
	                           */
	CHECK_ATTACK_COUNT
};

/* Appends what goes out. 0, CHECK_ATTACK_POINTLESS (this server cannot be asked), or -ENOMEM. */
enum { CHECK_ATTACK_POINTLESS = 1 };
[[nodiscard]] int check_attack_write(enum check_attack attack, unsigned variant,
                                     const struct tls_answer *answer, struct buf *out);

/*
 * Of TICKETBLEED the hello itself is the attack: one of TLS 1.2 without session id and without a
 * ticket gets both. Appends it to out. 0, CHECK_ATTACK_POINTLESS (no such hello), or -ENOMEM.
 */
[[nodiscard]] int check_attack_hello(struct slice hello, struct slice ticket, struct buf *out);

/* How the server took it. */
enum check_reaction_kind {
	CHECK_REACTION_SILENCE,
	CHECK_REACTION_CLOSED, /* without a word */
	CHECK_REACTION_ALERT,
	CHECK_REACTION_HEARTBEAT,
	CHECK_REACTION_BLED,  /* our session id with something behind it */
	CHECK_REACTION_OTHER, /* it goes on */
};

struct check_reaction {
	enum check_reaction_kind kind;
	uint8_t alert;
	size_t len; /* of the heartbeat's record */
	bool is_whole;
};

/* The first record of what came; is_whole: there is no need for more. */
void check_reaction_read(struct check_reaction *ret_reaction, struct slice input);
/* The same of the answer to check_attack_hello(). */
void check_reaction_read_hello(struct check_reaction *ret_reaction, struct slice input);
bool check_reaction_is_same(const struct check_reaction *a, const struct check_reaction *b);

#endif
