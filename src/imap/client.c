#include "base/clean.h"
#include "base/err.h"
#include "conv/credential.h"
#include "conv/foreign.h"
#include "conv/line.h"
#include "imap/caps.h"
#include "imap/inside.h"
#include "sasl/secret.h"

#include <stdio.h>

/* One whole command. */
struct call {
	struct slice text;
	const struct imap_command *command;
	bool is_bad;   /* it did not parse: tokens are those in front of the fault */
	bool has_more; /* the client sent bytes behind it */
};

struct verb {
	const char *name;
	bool takes_strings; /* literals may come */
	int (*run)(struct imap_edge *e, const struct call *call, enum conv_todo *ret_todo);
};

static int say(struct imap_edge *e, struct slice tag, const char *text)
{
	return err_up(buf_printf(&e->login.conv.out[CONV_CLIENT], "%.*s %s\r\n", (int)tag.len,
	                         tag.data, text));
}

/* Says no and counts: a session may err only so often. */
static int complain(struct imap_edge *e, struct slice tag, const char *text,
                    enum conv_todo *ret_todo)
{
	int r = say(e, tag.len ? tag : slice_str("*"), text);
	if (r)
		return err_up(r);
	return err_up(conv_login_erred(&e->login, ret_todo));
}

/* What the backends offer behind the edge, to a client that is shown it before one is opened. */
static void add_learnt_words(const struct imap_edge *e, char *caps, size_t cap)
{
	const struct conv *c = &e->login.conv;
	char learnt[CONV_CAPS_MAX];
	imap_caps_rewrite(slice_str(c->learnt ? c->learnt->text : ""), false, learnt,
	                  sizeof(learnt));
	struct slice rest = slice_str(learnt);
	while (rest.len) {
		struct slice word = conv_line_word(&rest);
		size_t len = strlen(caps);
		bool is_wanted =
			c->set->open == CONV_OPEN_AUTH || slice_starts_nocase(word, "AUTH=");
		if (is_wanted && !imap_caps_has_word(caps, word) && len + word.len + 2 < cap)
			snprintf(caps + len, cap - len, " %.*s", (int)word.len, word.data);
	}
}

void imap_client_caps(const struct imap_edge *e, char *ret_caps, size_t cap)
{
	const struct conv *c = &e->login.conv;
	bool is_allowed = conv_login_is_allowed(&e->login);
	if (e->login.state >= CONV_LOGIN_READY) {
		imap_caps_rewrite(slice_str(c->seen->text), c->set->plus_is_bound, ret_caps, cap);
		return;
	}
	snprintf(ret_caps, cap, "IMAP4rev1 LITERAL+ ID%s%s%s",
	         conv_credential_is_wanted(&e->login) ? " SASL-IR" : "",
	         c->set->offers_starttls && !c->facts.is_tls ? " STARTTLS" : "",
	         is_allowed ? "" : " LOGINDISABLED");
	if (is_allowed)
		add_learnt_words(e, ret_caps, cap);
}

static int on_capability(struct imap_edge *e, const struct call *call, enum conv_todo *ret_todo)
{
	char caps[CONV_CAPS_MAX];
	imap_client_caps(e, caps, sizeof(caps));
	int r = buf_printf(&e->login.conv.out[CONV_CLIENT], "* CAPABILITY %s\r\n", caps);
	if (r)
		return err_up(r);
	*ret_todo = CONV_TODO_READ;
	return err_up(say(e, call->command->tag, "OK CAPABILITY completed"));
}

static int on_noop(struct imap_edge *e, const struct call *call, enum conv_todo *ret_todo)
{
	*ret_todo = CONV_TODO_READ;
	return err_up(say(e, call->command->tag, "OK NOOP completed"));
}

static int on_logout(struct imap_edge *e, const struct call *call, enum conv_todo *ret_todo)
{
	int r = buf_add_str(&e->login.conv.out[CONV_CLIENT], "* BYE logging out\r\n");
	if (!r)
		r = say(e, call->command->tag, "OK LOGOUT completed");
	return r ? err_up(r) : err_up(conv_login_quit(&e->login, ret_todo));
}

static int on_starttls(struct imap_edge *e, const struct call *call, enum conv_todo *ret_todo)
{
	struct slice tag = call->command->tag;
	if (!conv_login_may_upgrade(&e->login) || call->command->count)
		return err_up(complain(e, tag, "BAD STARTTLS is not possible now", ret_todo));
	/* Bytes behind it would be read as if they had come inside TLS (CVE-2011-0411). */
	if (call->has_more)
		return err_up(conv_login_bye(&e->login, CONV_OUTCOME_INJECTED,
		                             "input after STARTTLS is refused", ret_todo));
	int r = say(e, tag, "OK Begin TLS negotiation now");
	if (r)
		return err_up(r);
	conv_login_upgrade(&e->login, ret_todo);
	return 0;
}

/* The command in pieces goes to the backend. */
static int forward(struct imap_edge *e, const struct imap_command *command, enum imap_want want,
                   enum conv_todo *ret_todo)
{
	slice_to_text(command->tag, e->tag, sizeof(e->tag));
	e->login.backend_replies = 0;
	conv_login_enter(&e->login, CONV_LOGIN_ASKED, want);
	*ret_todo = CONV_TODO_READ;
	if (want == IMAP_WANT_ID)
		return err_up(imap_id_build(command, &e->login.conv.out[CONV_BACKEND]));
	return err_up(imap_pieces_send(&e->pieces, &e->login.conv.out[CONV_BACKEND]));
}

static int on_id(struct imap_edge *e, const struct call *call, enum conv_todo *ret_todo)
{
	const struct imap_command *command = call->command;
	if (!imap_id_is_valid(command))
		return err_up(complain(e, command->tag, "BAD invalid ID", ret_todo));
	imap_id_software(command, e->login.conv.client_software,
	                 sizeof(e->login.conv.client_software));
	if (e->login.state == CONV_LOGIN_READY && imap_caps_has(e->login.conv.seen->text, "ID"))
		return err_up(forward(e, command, IMAP_WANT_ID, ret_todo));
	int r = buf_add_str(&e->login.conv.out[CONV_CLIENT], "* ID NIL\r\n");
	if (r)
		return err_up(r);
	*ret_todo = CONV_TODO_READ;
	return err_up(say(e, command->tag, "OK ID completed"));
}

static int refuse_plain(struct imap_edge *e, struct slice tag, enum conv_todo *ret_todo)
{
	return err_up(complain(e, tag, "NO [PRIVACYREQUIRED] no login without TLS", ret_todo));
}

/*
 * Notes who tried to log in, as far as the command came; in clear it is an exposure. Behind a name
 * whatever does not parse is taken for a password.
 */
static int login_note(struct imap_edge *e, const struct imap_command *command, bool is_bad)
{
	char user[CONV_NAME_MAX] = "";
	if (command->count && conv_token_is_string(&command->tokens[0])) {
		int r = conv_token_text(&command->tokens[0], user, sizeof(user));
		if (r)
			return err_up(r);
	}
	conv_login_user_note(&e->login, user);
	if (!e->login.conv.facts.is_tls)
		conv_exposure_note(&e->login.conv, user, "LOGIN", command->count + is_bad > 1);
	return 0;
}

/* Whose it is says which backend is opened for it. */
static int login_take(struct imap_edge *e, const struct call *call, enum conv_todo *ret_todo)
{
	struct buf name = {};
	slice_to_text(call->command->tag, e->tag, sizeof(e->tag));
	int r = conv_token_value(&call->command->tokens[0], &name);
	bool is_name = !r && !conv_credential_name(&e->login, buf_slice(&name));
	sasl_secret_clear(&name);
	if (r)
		return err_up(r);
	if (!is_name)
		return err_up(complain(e, call->command->tag, "BAD invalid name", ret_todo));
	return err_up(conv_login_open_for(&e->login, call->text, ret_todo));
}

static int on_login(struct imap_edge *e, const struct call *call, enum conv_todo *ret_todo)
{
	const struct imap_command *command = call->command;
	int r = login_note(e, command, call->is_bad);
	if (r)
		return err_up(r);
	if (!conv_login_is_allowed(&e->login))
		return err_up(refuse_plain(e, command->tag, ret_todo));
	if (command->count != 2 || !conv_token_is_string(&command->tokens[0]) ||
	    !conv_token_is_string(&command->tokens[1]))
		return err_up(
			complain(e, command->tag, "BAD LOGIN takes name and password", ret_todo));
	if (conv_credential_is_wanted(&e->login))
		return err_up(login_take(e, call, ret_todo));
	if (e->login.state == CONV_LOGIN_PLAIN)
		return err_up(conv_login_open_for(&e->login, call->text, ret_todo));
	r = imap_login_build(command, e->login.conv.seen->text, &e->pieces);
	return r ? err_up(r) : err_up(forward(e, command, IMAP_WANT_LOGIN, ret_todo));
}

/* Reads mechanism and initial response; false: they make no sense. */
static bool auth_read(struct imap_edge *e, const struct imap_command *command)
{
	if (command->count < 1 || command->count > 2)
		return false;
	for (size_t i = 0; i < command->count; i++)
		if (command->tokens[i].kind != CONV_TOKEN_ATOM)
			return false;
	if (sasl_exchange_start(&e->login.sasl, command->tokens[0].text))
		return false;
	return command->count == 1 || !sasl_exchange_take(&e->login.sasl, command->tokens[1].text);
}

static int auth_take(struct imap_edge *e, const struct imap_command *command,
                     enum conv_todo *ret_todo)
{
	slice_to_text(command->tag, e->tag, sizeof(e->tag));
	return err_up(conv_credential_begin(
		&e->login, command->count > 1 ? &command->tokens[1].text : NULL, ret_todo));
}

static int on_authenticate(struct imap_edge *e, const struct call *call, enum conv_todo *ret_todo)
{
	const struct imap_command *command = call->command;
	if (!auth_read(e, command))
		return err_up(complain(e, command->tag, "BAD invalid AUTHENTICATE", ret_todo));
	conv_login_auth_note(&e->login);
	if (!conv_login_is_allowed(&e->login))
		return err_up(refuse_plain(e, command->tag, ret_todo));
	if (conv_credential_is_wanted(&e->login))
		return err_up(auth_take(e, command, ret_todo));
	if (conv_login_is_unbound(&e->login))
		return err_up(complain(e, command->tag, "NO no channel binding here", ret_todo));
	if (e->login.state == CONV_LOGIN_PLAIN)
		return err_up(conv_login_open_for(&e->login, call->text, ret_todo));
	int r = imap_auth_build(command, e->login.conv.seen->text, &e->pieces);
	return r ? err_up(r) : err_up(forward(e, command, IMAP_WANT_AUTH, ret_todo));
}

static const struct verb verbs[] = {
	{ "CAPABILITY", false, on_capability },
	{ "NOOP", false, on_noop },
	{ "LOGOUT", false, on_logout },
	{ "STARTTLS", false, on_starttls },
	{ "ID", true, on_id },
	{ "LOGIN", true, on_login },
	{ "AUTHENTICATE", false, on_authenticate },
};

static const struct verb *verb_find(struct slice name)
{
	for (size_t i = 0; i < COUNT_OF(verbs); i++)
		if (slice_equal_nocase(name, slice_str(verbs[i].name)))
			return &verbs[i];
	return NULL;
}

static int run(struct imap_edge *e, struct slice text, bool has_more, enum conv_todo *ret_todo)
{
	struct imap_command command;
	int r = imap_command_parse(text, &command);
	struct call call = {
		.text = text, .command = &command, .is_bad = r != 0, .has_more = has_more
	};
	const struct verb *verb = verb_find(command.verb);
	if (r == IMAP_COMMAND_NO_TAG)
		r = complain(e, command.tag, "BAD invalid tag", ret_todo);
	else if (!verb)
		r = complain(e, command.tag, "BAD unknown command, or not before login", ret_todo);
	else if (call.is_bad && (verb->run != on_login || conv_login_is_allowed(&e->login)))
		r = complain(e, command.tag, "BAD invalid arguments", ret_todo);
	else
		r = verb->run(e, &call, ret_todo);
	return err_up(r);
}

/* A literal that waits for our "+" will not get it: the client knows it need not be sent. */
static int refuse_literal(struct imap_edge *e, const struct imap_command *command, const char *text,
                          enum conv_todo *ret_todo)
{
	int r = complain(e, command->tag, text, ret_todo);
	imap_edge_command_drop(e);
	return err_up(r);
}

/* Whether a sync literal of this command is wanted; if not, the reply was given. */
static int literal_check(struct imap_edge *e, bool *ret_is_wanted, enum conv_todo *ret_todo)
{
	struct imap_command command;
	int parsed = imap_command_parse(buf_slice(&e->text), &command);
	const struct verb *verb = verb_find(command.verb);
	*ret_is_wanted = false;
	if (parsed == IMAP_COMMAND_NO_TAG)
		return err_up(refuse_literal(e, &command, "BAD invalid tag", ret_todo));
	if (parsed != IMAP_COMMAND_MORE || !verb || !verb->takes_strings)
		return err_up(refuse_literal(e, &command, "BAD no literal here", ret_todo));
	if (verb->run == on_login && !conv_login_is_allowed(&e->login)) {
		int r = login_note(e, &command, false);
		if (!r)
			r = refuse_plain(e, command.tag, ret_todo);
		imap_edge_command_drop(e);
		return err_up(r);
	}
	*ret_is_wanted = true;
	return 0;
}

static int literal_too_big(struct imap_edge *e, const struct conv_literal *literal,
                           enum conv_todo *ret_todo)
{
	struct imap_command command;
	if (literal->is_plus)
		return err_up(conv_login_bye(&e->login, CONV_OUTCOME_TOO_LONG,
		                             "[TOOBIG] literal too large", ret_todo));
	int parsed = imap_command_parse(buf_slice(&e->text), &command);
	if (parsed == IMAP_COMMAND_NO_TAG)
		command.tag = (struct slice){};
	return err_up(refuse_literal(e, &command, "NO [TOOBIG] literal too large", ret_todo));
}

/* The line that came announces a literal. */
static int literal_begin(struct imap_edge *e, const struct conv_literal *literal,
                         enum conv_todo *ret_todo)
{
	if (literal->len > e->login.conv.set->literal_max - e->literal_total)
		return err_up(literal_too_big(e, literal, ret_todo));
	if (!literal->is_plus) {
		bool is_wanted;
		int r = literal_check(e, &is_wanted, ret_todo);
		if (r || !is_wanted)
			return err_up(r);
		r = buf_add_str(&e->login.conv.out[CONV_CLIENT], "+ OK\r\n");
		if (r)
			return err_up(r);
	}
	e->literal_left = literal->len;
	e->literal_total += literal->len;
	*ret_todo = CONV_TODO_READ;
	return 0;
}

static int feed_literal(struct imap_edge *e, struct slice input, size_t *ret_used,
                        enum conv_todo *ret_todo)
{
	struct slice part = slice_head(input, e->literal_left);
	int r = sasl_secret_add(&e->text, part);
	if (r)
		return err_up(r);
	e->literal_left -= part.len;
	*ret_used = part.len;
	*ret_todo = CONV_TODO_READ;
	return 0;
}

/* How long the line may be: an initial response is longer than other commands. */
static size_t line_max(const struct imap_edge *e, struct slice input)
{
	struct slice rest = slice_head(input, IMAP_TAG_MAX + sizeof("AUTHENTICATE") + 1);
	conv_line_word(&rest);
	bool is_auth = e->line_total == 0 &&
	               slice_equal_nocase(conv_line_word(&rest), slice_str("AUTHENTICATE"));
	size_t max = is_auth ? e->login.conv.set->auth_line_max : e->login.conv.set->line_max;
	return max > e->line_total ? max - e->line_total : 0;
}

static int feed_line(struct imap_edge *e, struct slice input, size_t *ret_used,
                     enum conv_todo *ret_todo)
{
	struct slice line;
	struct conv_literal literal;
	int r = conv_line_take(input, line_max(e, input), &line, ret_used);
	if (r)
		return err_up(conv_login_line_fault(&e->login, r, ret_todo));
	if (e->line_total == 0 && conv_line_is_foreign(line))
		return err_up(conv_login_foreign(&e->login, ret_todo));
	r = sasl_secret_add(&e->text, slice_head(input, *ret_used));
	if (r)
		return err_up(r);
	e->line_total += *ret_used;
	if (conv_literal_announced(line, &literal))
		return err_up(literal_begin(e, &literal, ret_todo));
	r = run(e, buf_slice(&e->text), input.len > *ret_used, ret_todo);
	imap_edge_command_drop(e);
	return err_up(r);
}

/* A response that does not decode is not passed on: "*" ends the exchange at the backend too. */
static int feed_response(struct imap_edge *e, struct slice input, size_t *ret_used,
                         enum conv_todo *ret_todo)
{
	struct slice line;
	int r = conv_line_take(input, e->login.conv.set->auth_line_max, &line, ret_used);
	if (r)
		return err_up(conv_login_line_fault(&e->login, r, ret_todo));
	if (e->login.is_taking)
		return err_up(conv_credential_response(&e->login, line, ret_todo));
	line = conv_login_response(&e->login, line);
	conv_login_enter(&e->login, CONV_LOGIN_ASKED, IMAP_WANT_AUTH);
	r = sasl_secret_add(&e->login.conv.out[CONV_BACKEND], line);
	return r ? err_up(r) : err_up(buf_add_str(&e->login.conv.out[CONV_BACKEND], "\r\n"));
}

int imap_client_feed(struct conv_login *l, struct slice input, size_t *ret_used,
                     enum conv_todo *ret_todo)
{
	struct imap_edge *e = imap_edge_of(l);
	if (l->state == CONV_LOGIN_CHALLENGED)
		return err_up(feed_response(e, input, ret_used, ret_todo));
	if (e->literal_left)
		return err_up(feed_literal(e, input, ret_used, ret_todo));
	return err_up(feed_line(e, input, ret_used, ret_todo));
}

int imap_client_run(struct conv_login *l, struct slice text, enum conv_todo *ret_todo)
{
	return err_up(run(imap_edge_of(l), text, false, ret_todo));
}
