/*
 * How an MTA hands messages over to the relay: LMTP (RFC 2033) or SMTP (RFC 5321), the server's
 * side. It answers hellos itself, says what was asked, and writes the replies that its owner gives
 * in the order of the commands, whatever order they come in: so several recipients are under way
 * at once (RFC 2920), and each gets its own answer.
 *
 * It knows no sockets, no clock, no DNS. It never says 250 to a message: its owner does, with the
 * far end's words. After each call the owner sends what is in out, then does what the todo says.
 */
#ifndef SMTP_HANDOFF_H
#define SMTP_HANDOFF_H

#include "base/buf.h"

enum {
	SMTP_HANDOFF_SLOTS_MAX = 512,      /* commands whose reply is owed */
	SMTP_HANDOFF_RCPTS_MAX = 256,      /* of a message; more get 452 (RFC 5321 4.5.3.1.10) */
	SMTP_HANDOFF_LINE_MAX = 2048,      /* of a command, CRLF included */
	SMTP_HANDOFF_REPLY_MAX = 8 * 1024, /* of a reply, all lines: cut at a line */
};

enum smtp_handoff_todo {
	SMTP_HANDOFF_READ, /* feed it what comes */
	SMTP_HANDOFF_MAIL, /* h->mail: a transaction begins; 250 is said already, nothing is owed */
	SMTP_HANDOFF_RCPT, /* h->rcpt: its reply is owed, smtp_handoff_rcpt_reply() */
	SMTP_HANDOFF_DATA, /* all recipients were answered and one at least was taken; the owner
	                      answers with smtp_handoff_go_ahead() */
	SMTP_HANDOFF_TEXT, /* h->text holds some; the owner takes it out. Over 64 KiB of it nothing
	                      more is taken from the MTA */
	SMTP_HANDOFF_SPOILT, /* the text has a bare CR, a bare LF or a NUL, and rejects_bare: the
	                        transaction is off for the owner, and no far end may get a final
	                        dot. The rest is swallowed and answered here */
	SMTP_HANDOFF_END,    /* the final dot came (it is the end of h->text); replies are owed,
	                        smtp_handoff_end_reply(): LMTP one for each recipient that was taken,
	                        SMTP one */
	SMTP_HANDOFF_RESET,  /* RSET, or a new hello, behind MAIL: the transaction is off. Nothing
	                        is owed then: it waits for the replies to all recipients */
	SMTP_HANDOFF_CLOSE,  /* QUIT or too much that was wrong: send, then close. A transaction
	                        that is under way is off */
};

/* What stands in MAIL FROM. Borrowed from the handoff, valid until the transaction is over. */
struct smtp_handoff_mail {
	struct slice path; /* "<a@example.org>", "<>"; without a source route */
	uint64_t size;     /* SIZE=, 0: not said */
	bool is_8bit;      /* BODY=8BITMIME */
	bool is_utf8;      /* SMTPUTF8 */
	bool requires_tls; /* REQUIRETLS (RFC 8689) */
};

/* Valid until the next call of feed. */
struct smtp_handoff_rcpt {
	struct slice path;   /* "<b@example.net>" */
	struct slice domain; /* what stands behind its last @, an address literal with its brackets;
	                        never empty */
	unsigned number;     /* 0 for the first of a message */
};

enum smtp_handoff_state {
	SMTP_HANDOFF_START, /* no hello yet */
	SMTP_HANDOFF_COMMAND,
	SMTP_HANDOFF_AT_DATA, /* DATA came; no command is read until its reply */
	SMTP_HANDOFF_IN_TEXT,
	SMTP_HANDOFF_AT_END, /* replies to the message are owed */
	SMTP_HANDOFF_CLOSED,
	SMTP_HANDOFF_STATE_COUNT,
};
/* A word for a log. */
const char *smtp_handoff_state_name(enum smtp_handoff_state state);

struct smtp_handoff_settings {
	const char *hostname;
	bool is_lmtp;
	bool offers_requiretls; /* not over plain TCP (DECISIONS 14) */
	bool rejects_bare;      /* bare CR, LF or NUL in the text: 550 5.6.0, else mended */
	unsigned errors_max;    /* wrong commands before 421; 0: 20. Refused addresses do not count,
	                           for they are not the MTA's fault */
};

struct smtp_handoff;

[[nodiscard]] int smtp_handoff_new(struct smtp_handoff **ret_h,
                                   const struct smtp_handoff_settings *set); /* set: borrowed */
void smtp_handoff_free(struct smtp_handoff *h);

/* The greeting goes to out. 0 or -ENOMEM. */
[[nodiscard]] int smtp_handoff_start(struct smtp_handoff *h);

/*
 * What the MTA sent: one command, or some of a text, or nothing.
 *
 * ret_used: bytes taken. Call again with the rest until it is 0; what is not taken is the owner's
 *           to keep, and to feed again when more came or after a reply was given
 */
[[nodiscard]] int smtp_handoff_feed(struct smtp_handoff *h, struct slice input, size_t *ret_used,
                                    enum smtp_handoff_todo *ret_todo);

enum smtp_handoff_state smtp_handoff_state(const struct smtp_handoff *h);
struct buf *smtp_handoff_out(struct smtp_handoff *h);
/* Canonical lines, dots stuffed, the final dot at the end (smtp/data.h); the owner consumes it.
 * What it left there is dropped when the transaction is over. */
struct buf *smtp_handoff_text(struct smtp_handoff *h);
const struct smtp_handoff_mail *smtp_handoff_mail(const struct smtp_handoff *h);
const struct smtp_handoff_rcpt *smtp_handoff_rcpt(const struct smtp_handoff *h);
/* The line of the hello, verb and argument ("LHLO mta.example"), as the MTA wrote it: for the
 * Received field. Empty before the first. */
struct slice smtp_handoff_helo(const struct smtp_handoff *h);

/*
 * Answers, each given once. line: one or more lines with CRLF and code, as of a server
 * ("250 2.1.5 ok\r\n"); it is checked: anything that is no reply of class 2, 4 or 5 is replaced
 * by "451 4.3.0 ..." (a far end must not confuse our MTA), and the code 421 by 451 (it closes, we
 * do not). What is not owed is ignored. 0 or -ENOMEM.
 */
/* A recipient is taken by class 2. */
[[nodiscard]] int smtp_handoff_rcpt_reply(struct smtp_handoff *h, unsigned number,
                                          struct slice line);
/* 354, and the text follows. Or a refusal of DATA as a whole, if line is not empty: then the
 * transaction is over. */
[[nodiscard]] int smtp_handoff_go_ahead(struct smtp_handoff *h, struct slice line);
/* The message's: LMTP for the recipient of that number, SMTP once with number 0. */
[[nodiscard]] int smtp_handoff_end_reply(struct smtp_handoff *h, unsigned number,
                                         struct slice line);
/* A recipient, DATA or the end of a message is not answered yet. */
bool smtp_handoff_owes(const struct smtp_handoff *h);
/*
 * The end now, if nothing is owed and no text is under way; else nothing. The state says which.
 * line: "421 4.3.2 ...", without CRLF. Returns 0 or -ENOMEM.
 */
[[nodiscard]] int smtp_handoff_shut(struct smtp_handoff *h, const char *line);

#endif
