/*
 * One outbound SMTP connection, the client's side (RFC 5321): greeting, EHLO or HELO, STARTTLS,
 * and transactions one after the other. It sends what it is told to as soon as the server may have
 * it (one at a time without PIPELINING, RFC 2920) and says which command a reply belongs to.
 * What TLS the hop must have, and what becomes of a refusal, is its owner's to decide.
 *
 * It knows no sockets, no TLS, no clock. After each call the owner sends what is in out, then does
 * what the todo says. The text of a message goes around it: the owner writes it to the socket
 * behind SMTP_HOP_TEXT, final dot included, and then calls smtp_hop_text_is_sent(). That the
 * connection ended is the owner's to see.
 */
#ifndef SMTP_HOP_H
#define SMTP_HOP_H

#include "conv/conv.h"
#include "smtp/reply.h"

enum {
	SMTP_HOP_QUEUE_MAX = 300, /* commands sent and waiting */
	SMTP_HOP_LINE_MAX = 2048, /* of a command, CRLF included */
};

enum smtp_hop_todo {
	SMTP_HOP_READ,      /* nothing: feed it what comes */
	SMTP_HOP_HELLO,     /* EHLO or HELO was answered in clear; the owner goes on with
	                       smtp_hop_starttls(), smtp_hop_go_plain() or smtp_hop_quit() */
	SMTP_HOP_START_TLS, /* 220 to STARTTLS: TLS, which gets all that comes from now on, then
	                       smtp_hop_tls_up() */
	SMTP_HOP_READY,     /* hello is done for good: transactions may begin */
	SMTP_HOP_REPLY,  /* to a command of a transaction: hop->of, hop->number, hop->reply. 4yz or
	                    5yz in IN_TEXT is the answer to its end, and the session is OVER */
	SMTP_HOP_TEXT,   /* 3yz to DATA (hop->number): the text goes out. If every recipient was
	                    refused, the final dot alone (RFC 2920 3.1), and the reply to it
	                    says nothing of the message, whatever its code */
	SMTP_HOP_FAILED, /* over, but for STARTTLS_REFUSED: hop->failure, and what it says of
	                    hop->reply. Commands that are under way get no more replies */
	SMTP_HOP_ENDED,  /* QUIT was answered: close */
};

enum smtp_hop_failure {
	SMTP_HOP_NO_FAILURE,
	SMTP_HOP_GREETED_BADLY,    /* a greeting that is no 220; hop->reply. QUIT is in out */
	SMTP_HOP_HELLO_REFUSED,    /* EHLO by 4yz, or EHLO and HELO; hop->reply. QUIT is in out */
	SMTP_HOP_STARTTLS_REFUSED, /* any other than 220; hop->reply. The session is clear still and
	                              may go on: smtp_hop_go_plain(), or smtp_hop_quit() */
	SMTP_HOP_INJECTED,         /* bytes behind the 220 to STARTTLS (RFC 3207 5). hop->reply is
	                              empty: these words are nobody's answer */
	SMTP_HOP_BROKEN,           /* no SMTP, a reply nobody asked for, or of a class that cannot
	                              answer the command (2yz to DATA). hop->reply is empty */
	SMTP_HOP_SHUT_DOWN,        /* 421 to anything but QUIT, or unasked (RFC 5321 3.8);
	                              hop->reply answers the oldest command under way, if any */
	SMTP_HOP_FAILURE_COUNT,
};
/* Words for a log. */
const char *smtp_hop_failure_name(enum smtp_hop_failure failure);

/* What a reply belongs to. */
enum smtp_hop_command {
	SMTP_HOP_MAIL,
	SMTP_HOP_RCPT,
	SMTP_HOP_DATA,
	SMTP_HOP_END, /* the final dot */
	SMTP_HOP_RSET,
	SMTP_HOP_COMMAND_COUNT,
};

enum smtp_hop_state {
	SMTP_HOP_GREETING, /* the 220 is awaited */
	SMTP_HOP_IN_EHLO,  /* its reply is */
	SMTP_HOP_IN_HELO,  /* EHLO was refused (RFC 5321 3.2) */
	SMTP_HOP_CLEAR,    /* the owner decides */
	SMTP_HOP_IN_STARTTLS,
	SMTP_HOP_IN_TLS,  /* the handshake */
	SMTP_HOP_IDLE,    /* ready, no transaction */
	SMTP_HOP_BUSY,    /* a transaction, until the reply to END or RSET with nothing behind it */
	SMTP_HOP_IN_TEXT, /* behind 354, until smtp_hop_text_is_sent() */
	SMTP_HOP_QUITTING,
	SMTP_HOP_OVER,
	SMTP_HOP_STATE_COUNT,
};
const char *smtp_hop_state_name(enum smtp_hop_state state);

struct smtp_hop_pending {
	uint32_t number; /* as the owner gave it */
	uint16_t len;    /* of its line in queue, if it is not sent */
	uint8_t command; /* enum smtp_hop_command */
};

/* All its own after smtp_hop_init(); the owner reads. */
struct smtp_hop {
	enum smtp_hop_state state;
	const char *hostname; /* borrowed, as long as the hop: our EHLO name */
	struct buf out;       /* for the server; the owner sends and clears it */
	struct buf queue;     /* lines of commands that are not sent yet */
	struct smtp_hop_pending pending[SMTP_HOP_QUEUE_MAX]; /* a ring: sent, then not sent */
	unsigned first, count, sent;
	struct conv_caps caps; /* of the last EHLO; empty after HELO */
	bool is_tls;
	bool is_esmtp;
	bool reply_is_whole; /* the next feed begins another */
	struct smtp_reply reply;
	enum smtp_hop_command of;
	unsigned number;
	enum smtp_hop_failure failure;
};

/*
 * The owner may call any of these at any time: where the state forbids it, smtp_hop_mail() and its
 * like say SMTP_HOP_NOT_NOW, and the others have no effect.
 */

void smtp_hop_init(struct smtp_hop *hop, const char *hostname);
void smtp_hop_deinit(struct smtp_hop *hop);

/*
 * What the server sent. Takes one reply at most. hop->reply is valid until the next feed. In
 * OVER all of it is taken and ignored.
 *
 * ret_used: bytes taken; call again with the rest until it is 0, in IN_TEXT too. What is not
 *           taken is the owner's to keep and to feed again with what follows
 *
 * Returns 0 or -ENOMEM.
 */
[[nodiscard]] int smtp_hop_feed(struct smtp_hop *hop, struct slice input, size_t *ret_used,
                                enum smtp_hop_todo *ret_todo);

/* An extension of the last EHLO, with what follows its keyword. */
bool smtp_hop_offers(const struct smtp_hop *hop, const char *keyword, struct slice *ret_params);

/* In CLEAR. 0 or -ENOMEM. */
[[nodiscard]] int smtp_hop_starttls(struct smtp_hop *hop);
/* In CLEAR: on without TLS; SMTP_HOP_READY at once. */
void smtp_hop_go_plain(struct smtp_hop *hop);
/* The handshake is done: all that was learnt in clear is forgotten and EHLO said anew (RFC 3207
 * 4.2). In GREETING: TLS was there from the first byte, and nothing is said. 0 or -ENOMEM. */
[[nodiscard]] int smtp_hop_tls_up(struct smtp_hop *hop);

enum smtp_hop_refusal {
	SMTP_HOP_NO_UTF8 = 1,   /* it needs SMTPUTF8, the server lacks it: 5.6.7 (RFC 6531) */
	SMTP_HOP_NO_REQUIRETLS, /* the same of REQUIRETLS, or no TLS: 5.7.30 (RFC 8689 4.2.1) */
	SMTP_HOP_TOO_BIG,       /* larger than its SIZE: 5.3.4 (RFC 1870 3) */
	SMTP_HOP_TOO_LONG,      /* no such line: over SMTP_HOP_LINE_MAX, or the path is not within
	                           <> or holds a control byte */
	SMTP_HOP_NOT_NOW,       /* neither in IDLE nor in BUSY */
	SMTP_HOP_IS_FULL,       /* SMTP_HOP_QUEUE_MAX are waiting */
};

/* A transaction's envelope as the MTA gave it, behind "MAIL FROM:"; parsed by the owner. */
struct smtp_hop_mail {
	struct slice path; /* "<a@example.org>" */
	uint64_t size;     /* 0: not said */
	bool is_8bit;      /* BODY=8BITMIME */
	bool is_utf8;      /* SMTPUTF8 */
	bool requires_tls; /* REQUIRETLS */
};

/*
 * Commands of a transaction, in IDLE or BUSY. number comes back with the reply. Their order is
 * the owner's to keep. What the server did not offer is left out of MAIL: SIZE, and BODY (the text
 * then goes as it is, DECISIONS 14). Nothing goes out behind DATA or a final dot until its reply.
 *
 * 0, enum smtp_hop_refusal (nothing was queued), or -ENOMEM.
 */
[[nodiscard]] int smtp_hop_mail(struct smtp_hop *hop, const struct smtp_hop_mail *mail,
                                unsigned number);
/* path: "<b@example.net>" */
[[nodiscard]] int smtp_hop_rcpt(struct smtp_hop *hop, struct slice path, unsigned number);
[[nodiscard]] int smtp_hop_data(struct smtp_hop *hop, unsigned number);
[[nodiscard]] int smtp_hop_rset(struct smtp_hop *hop, unsigned number);

/* In IN_TEXT: the final dot is handed over to the socket, and one reply awaited: SMTP_HOP_END, with
 * the number of DATA. To be called before anything more is read: a reply that is fed earlier is
 * one nobody asked for. */
void smtp_hop_text_is_sent(struct smtp_hop *hop);

/* In CLEAR and IDLE, and in BUSY when no reply is awaited. 0 or -ENOMEM. */
[[nodiscard]] int smtp_hop_quit(struct smtp_hop *hop);

#endif
