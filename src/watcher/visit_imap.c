/* IMAP (RFC 9051): what comes before a login; behind it nothing is of interest. */
#include "watcher/visit_inside.h"

#include "conv/line.h"
#include "imap/command.h"
#include "imap/forward.h"

#include <stdio.h>

enum { COMMAND_MAX = 8192 };

static void on_login(struct watcher_visit *v, const struct imap_command *c, bool is_bad)
{
	char user[CONV_NAME_MAX] = "";
	if (c->count && conv_token_is_string(&c->tokens[0]) &&
	    conv_token_text(&c->tokens[0], user, sizeof(user)))
		return;
	snprintf(v->user, sizeof(v->user), "%s", user);
	watcher_visit_expose(v, user, "LOGIN", c->count + is_bad > 1);
	v->wait = WATCHER_WAIT_LOGIN;
}

static void on_authenticate(struct watcher_visit *v, const struct imap_command *c)
{
	if (!c->count || c->tokens[0].kind != CONV_TOKEN_ATOM)
		return;
	struct slice response = c->count > 1 ? c->tokens[1].text : (struct slice){};
	if (!watcher_visit_sasl_begin(v, c->tokens[0].text, response))
		return;
	watcher_visit_user_take(v);
	v->wait = WATCHER_WAIT_LOGIN;
}

static void command(struct watcher_visit *v, const struct imap_command *c, bool is_bad)
{
	if (slice_equal_nocase(c->verb, slice_str("LOGIN")))
		on_login(v, c, is_bad);
	else if (slice_equal_nocase(c->verb, slice_str("AUTHENTICATE")))
		on_authenticate(v, c);
	else if (slice_equal_nocase(c->verb, slice_str("ID")) && imap_id_is_valid(c))
		imap_id_software(c, v->software, sizeof(v->software));
}

/* A literal is waited for; without memory, or if it is too long, the command is passed over. */
static void piece_add(struct watcher_visit *v, struct slice piece, bool is_literal)
{
	struct imap_command c;
	if (buf_len(&v->command) + piece.len > COMMAND_MAX || buf_add(&v->command, piece) ||
	    (!is_literal && buf_add_str(&v->command, "\r\n"))) {
		buf_deinit_secret(&v->command);
		return;
	}
	if (is_literal)
		return;
	int r = imap_command_parse(buf_slice(&v->command), &c);
	if (r == IMAP_COMMAND_MORE)
		return;
	if (r != IMAP_COMMAND_NO_TAG)
		command(v, &c, r == IMAP_COMMAND_BAD);
	buf_deinit_secret(&v->command);
}

static void client_piece(struct watcher_visit *v, struct slice piece, bool is_literal)
{
	if (v->is_in_sasl && !is_literal) {
		watcher_visit_sasl_response(v, piece);
		watcher_visit_user_take(v);
	} else if (!v->is_logged_in) {
		piece_add(v, piece, is_literal);
	}
}

/* "a NO [AUTHENTICATIONFAILED]" is a login that failed, any other NO may be a refusal of all. */
static void server_line(struct watcher_visit *v, struct slice line)
{
	struct slice rest = line, tag = conv_line_word(&rest), word = conv_line_word(&rest);
	if (slice_equal(tag, slice_str("*")))
		return;
	if (slice_equal(tag, slice_str("+"))) {
		v->is_in_sasl = v->wait == WATCHER_WAIT_LOGIN && v->sasl.mechanism[0];
		return;
	}
	buf_deinit_secret(&v->command); /* a literal that was refused does not come */
	if (v->wait == WATCHER_WAIT_LOGIN)
		watcher_visit_login_end(v, slice_equal_nocase(word, slice_str("OK")),
		                        slice_starts_nocase(rest, "[AUTHENTICATIONFAILED]"));
}

void watcher_visit_imap_line(struct watcher_visit *v, enum watch_side side, struct slice line,
                             bool is_literal)
{
	if (side == WATCH_CLIENT)
		client_piece(v, line, is_literal);
	else if (!is_literal)
		server_line(v, line);
}
