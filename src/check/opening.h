/*
 * The client's side of a conversation with a server that is looked at: up to where the first byte
 * of TLS may go, and the second look behind it. SMTP, IMAP, POP3, ManageSieve, or nothing.
 *
 *     bytes  --feed-->  opening  --out-->  bytes
 *                          |
 *                          +--todo-->  the one thing to do (check/probe.c does it)
 *
 * Nothing is pipelined, a greeting is read whole, and in clear QUIT is said before the end. It
 * knows no sockets, no TLS, no clock: that the server is silent, or has ended, is its owner's to
 * see. What a server may say in all has a limit.
 */
#ifndef CHECK_OPENING_H
#define CHECK_OPENING_H

#include "check/talk.h"
#include "smtp/reply.h"

enum {
	CHECK_OPENING_INPUT_MAX = 64 * 1024, /* of all that the server says, or it is FOREIGN */
	CHECK_OPENING_LINE_MAX = 8192,
};

enum check_opening_todo {
	CHECK_OPENING_READ,
	CHECK_OPENING_START_TLS, /* send, then the first byte of TLS may go. A hello by hand ends
	                            the conversation; a handshake is followed by tls_up() */
	CHECK_OPENING_LOOKED,    /* in TLS: the second look is done. The owner goes on with
	                            check_opening_noop() or check_opening_quit() */
	CHECK_OPENING_NOOPED,    /* the noop was answered; as LOOKED */
	CHECK_OPENING_OVER,      /* o->end says how; send what is in out, and close */
};

enum check_opening_end {
	CHECK_OPENING_UNDER_WAY,
	CHECK_OPENING_DONE,        /* all was heard that was asked for */
	CHECK_OPENING_NO_STARTTLS, /* not offered */
	CHECK_OPENING_REFUSED,     /* offered, and then not done: o->answer */
	CHECK_OPENING_RATE,        /* turned away (421, 450, BYE, ...), or closed without a word:
	                              says nothing of TLS */
	CHECK_OPENING_FOREIGN,     /* does not speak what it should: o->answer is how it began */
	CHECK_OPENING_SHUT,        /* the server ended in mid-conversation */
	CHECK_OPENING_END_COUNT,
};
/* Words for whoever reads why. */
const char *check_opening_end_words(enum check_opening_end end);

enum check_opening_state {
	CHECK_OPENING_GREETING,
	CHECK_OPENING_ASKING, /* EHLO, CAPABILITY, CAPA */
	CHECK_OPENING_HELO,   /* EHLO was refused */
	CHECK_OPENING_MAIL,
	CHECK_OPENING_RSET,
	CHECK_OPENING_STARTTLS,
	CHECK_OPENING_IN_TLS,  /* the handshake */
	CHECK_OPENING_AGAIN,   /* ASKING, in TLS */
	CHECK_OPENING_PROVING, /* its answer says whether the one before was an injected command's
	                        */
	CHECK_OPENING_IDLE,    /* behind LOOKED */
	CHECK_OPENING_NOOP,
	CHECK_OPENING_ENDED,
	CHECK_OPENING_STATE_COUNT,
};

struct check_opening_settings {
	enum check_service service;
	const char *hostname; /* borrowed: our EHLO name */
	bool says_lhlo;       /* it is LMTP: RFC 2033 4.1 */
	bool asks_mail;       /* SMTP with STARTTLS: whether MAIL is taken in clear */
	bool injects;         /* a command in one piece with STARTTLS (CVE-2011-0411) */
};

/* All its own after check_opening_init(); the owner reads. */
struct check_opening {
	struct check_opening_settings set;
	enum check_language language;
	enum check_opening_state state;
	enum check_opening_end end;
	bool is_tls;
	struct buf out;   /* for the server; the owner sends and clears it */
	size_t input_len; /* all that was taken */
	bool was_heard;   /* a whole answer came */
	char greeting[CHECK_TEXT_CAP];
	char software[CHECK_TEXT_CAP];
	char answer[CHECK_TEXT_CAP]; /* the first line of the last answer */
	struct check_talk clear, sealed;
	enum check_seen plain_mail;
	char plain_mail_answer[CHECK_TEXT_CAP];
	enum check_seen injection;

	/* Of the reader of answers (check/answer.c). */
	struct smtp_reply reply;
	struct conv_caps caps;
	size_t literal_left;
	char name[CHECK_TEXT_CAP]; /* SMTP: which it calls itself in clear */
	bool is_in_list;           /* POP3: behind the +OK of CAPA */
	bool is_preauth;
	bool was_caps;           /* the answer before PROVING was one to EHLO or its like */
	bool answer_is_injected; /* one came that no command of ours asks for */
};

void check_opening_init(struct check_opening *o, const struct check_opening_settings *set);
void check_opening_deinit(struct check_opening *o);

/* The connection is there. With TLS from the first byte: START_TLS. */
enum check_opening_todo check_opening_start(struct check_opening *o);

/*
 * What the server said. Takes one line or answer at most.
 *
 * ret_used: bytes taken; call again with the rest until it is 0. What is not taken is the owner's
 *           to keep. At START_TLS what follows is no TLS, and nobody's
 *
 * Returns 0 or -ENOMEM.
 */
[[nodiscard]] int check_opening_feed(struct check_opening *o, struct slice input, size_t *ret_used,
                                     enum check_opening_todo *ret_todo);

/* The handshake behind START_TLS is done. Feed what comes. 0 or -ENOMEM. */
[[nodiscard]] int check_opening_tls_up(struct check_opening *o, enum check_opening_todo *ret_todo);

/* Behind LOOKED and NOOPED. Languages without a NOOP before login ask again. 0 or -ENOMEM. */
[[nodiscard]] int check_opening_noop(struct check_opening *o);
/* The end: send what is in out. 0 or -ENOMEM. */
[[nodiscard]] int check_opening_quit(struct check_opening *o);

/* The server has ended, or TLS failed: o->end is set. */
void check_opening_eof(struct check_opening *o);

#endif
