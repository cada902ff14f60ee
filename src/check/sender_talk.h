/*
 * What a bad MX says: the server's side of SMTP, as far as a sender needs it to show what it does.
 * It takes mail for its own domain alone, reads the text, and keeps nothing of it but the
 * Message-ID. Bytes in, bytes and one thing to do out; no I/O, no clock.
 */
#ifndef CHECK_SENDER_TALK_H
#define CHECK_SENDER_TALK_H

#include "base/buf.h"
#include "check/sender_case.h"

enum check_sender_talk_todo {
	CHECK_SENDER_TALK_READ, /* feed it more */
	CHECK_SENDER_TALK_START_TLS,
	CHECK_SENDER_TALK_CLOSE,
};

enum check_sender_talk_state {
	CHECK_SENDER_TALK_START, /* no hello yet */
	CHECK_SENDER_TALK_COMMAND,
	CHECK_SENDER_TALK_MAIL,
	CHECK_SENDER_TALK_RCPT, /* one was taken */
	CHECK_SENDER_TALK_TEXT,
	CHECK_SENDER_TALK_HANDSHAKE,
	CHECK_SENDER_TALK_ENDED,
	CHECK_SENDER_TALK_STATE_COUNT
};

enum {
	CHECK_SENDER_TEXT_MAX = 1024 * 1024,
	CHECK_SENDER_COMMANDS_MAX = 100,
	CHECK_SENDER_MESSAGES_MAX = 10,
	CHECK_SENDER_FAULTS_MAX = 10,
	CHECK_SENDER_FIELD_CAP = 512, /* of a header field what is looked at */
};

struct check_sender_talk {
	enum check_sender_talk_state state;
	enum check_sender_offer offer;
	const char *host, *domain; /* the caller's, as long as it lives */
	struct buf out;            /* to be sent; the caller empties it */
	bool has_hello;            /* whatever else: it is no port scanner */
	bool is_tls, was_sealed;
	bool is_misled; /* uses what was offered in the injected reply alone */
	unsigned commands, faults;
	bool has_clear;    /* a recipient was taken, or a message came, in clear */
	bool has_sealed;   /* the same in TLS */
	bool is_stranger;  /* asked for another domain: not the sender under test */
	unsigned messages; /* taken */
	unsigned recipients;
	size_t text_len;
	char field[CHECK_SENDER_FIELD_CAP]; /* the line of text that is being read */
	size_t field_len;                   /* its length, also beyond that */
	bool has_cr, in_header;
	char recipient[128];  /* printable, of the message that was taken last */
	char message_id[160]; /* the same */
};

struct check_sender_talk_settings {
	enum check_sender_offer offer;
	bool was_sealed; /* OFFERS_ONCE: it offered, and does no more */
	const char *host, *domain;
};

/* Greets: out has something to send. 0 or -ENOMEM. */
[[nodiscard]] int check_sender_talk_init(struct check_sender_talk *t,
                                         const struct check_sender_talk_settings *set);
void check_sender_talk_deinit(struct check_sender_talk *t);

/*
 * Feeds what the peer sent. With START_TLS what is left behind the command is the peer's fault
 * (RFC 3207 4.2): it ends the session, CLOSE is said instead.
 *
 * ret_used: bytes taken; feed the rest again with what follows
 *
 * Returns 0 or -ENOMEM.
 */
[[nodiscard]] int check_sender_talk_feed(struct check_sender_talk *t, struct slice input,
                                         size_t *ret_used, enum check_sender_talk_todo *ret_todo);
/* The handshake is done: all that was said is forgotten (RFC 3207 4.2). */
void check_sender_talk_secured(struct check_sender_talk *t);
/* It is too slow, or there is no room: a last word. 0 or -ENOMEM. */
[[nodiscard]] int check_sender_talk_dismiss(struct check_sender_talk *t);

/* How it ended for its sender. NEVER: no mail program, or it came to no test. */
enum check_sender_arrival check_sender_talk_arrival(const struct check_sender_talk *t);

#endif
