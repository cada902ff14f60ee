/*
 * What the files of the handoff share. handoff_command.c: what the MTA says. handoff.c: the text,
 * the owner's answers, and the rest.
 */
#ifndef SMTP_HANDOFF_INSIDE_H
#define SMTP_HANDOFF_INSIDE_H

#include "smtp/data.h"
#include "smtp/replies.h"

/* The input was not taken: replies are owed, or the line is not whole. */
enum { SMTP_HANDOFF_LATER = 1 };

struct smtp_handoff {
	const struct smtp_handoff_settings *set;
	enum smtp_handoff_state state;
	struct smtp_replies replies;
	struct buf hello;
	unsigned errors;

	/* The transaction. */
	bool has_mail;
	struct smtp_handoff_mail mail;
	struct buf mail_path; /* owns mail.path */
	struct smtp_handoff_rcpt rcpt;
	struct buf rcpt_path; /* owns rcpt.path and rcpt.domain */
	unsigned rcpts;
	unsigned taken;
	bool is_taken[SMTP_HANDOFF_RCPTS_MAX];
	struct smtp_data data;
	struct buf text;
};

/* handoff.c */

void smtp_handoff_turn(struct smtp_handoff *h, enum smtp_handoff_state state);
/* The transaction is over. */
void smtp_handoff_forget(struct smtp_handoff *h);

/* handoff_command.c */

/* A line, and the end of the session. 0, LATER or -ENOMEM. */
[[nodiscard]] int smtp_handoff_quit(struct smtp_handoff *h, const char *line,
                                    enum smtp_handoff_todo *ret_todo);
/* One command, in START and COMMAND. 0, LATER or -ENOMEM. */
[[nodiscard]] int smtp_handoff_command(struct smtp_handoff *h, struct slice input, size_t *ret_used,
                                       enum smtp_handoff_todo *ret_todo);

#endif
