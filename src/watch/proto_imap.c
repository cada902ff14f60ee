/* IMAP (RFC 9051): LOGIN with atoms, quotes and literals; AUTHENTICATE (RFC 4959 too). */
#include "watch/protos.h"

#include "watch/sasl.h"
#include "watch/word.h"

#include <ctype.h>

enum imap_state {
	IMAP_COMMANDS,
	IMAP_USER,     /* of LOGIN, behind a literal that announces it */
	IMAP_PASSWORD, /* the same */
	IMAP_REST,     /* of a command, behind a literal */
};

static const char *const greetings[] = { "* OK", "* PREAUTH", "* BYE", NULL };
static const char *const middle_verbs[] = { "LOGIN",  "AUTHENTICATE", "SELECT", "EXAMINE",
	                                    "UID",    "FETCH",        "IDLE",   "STORE",
	                                    "APPEND", "EXPUNGE",      "NOOP",   "STARTTLS",
	                                    "LOGOUT", "CAPABILITY",   "LIST",   NULL };
static const char *const login_verbs[] = { "LOGIN", "AUTHENTICATE", NULL };
static const char *const silent_verbs[] = { "CAPABILITY", "ID",     "NOOP", "LOGOUT",
	                                    "STARTTLS",   "ENABLE", NULL };

static bool is_one_of(struct slice word, const char *const *words)
{
	for (; *words; words++)
		if (watch_word_is(word, *words))
			return true;
	return false;
}

/* A tag has letters and digits. */
static bool tag_is_right(struct slice tag)
{
	for (size_t i = 0; i < tag.len; i++)
		if (tag.data[i] <= ' ' || tag.data[i] > '~' || strchr("(){%*\"\\+:<=", tag.data[i]))
			return false;
	return tag.len && tag.len <= 32;
}

static bool is_command(struct slice line, const char *const *verbs)
{
	struct slice tag = watch_word_take(&line);
	return tag_is_right(tag) && is_one_of(watch_word_take(&line), verbs);
}

static enum watch_fit imap_fit(const struct watch_opening *o)
{
	if (!o->server.len)
		return o->client.len ? WATCH_FIT_NO : WATCH_FIT_MORE;
	return watch_word_fit(o->server, greetings);
}

static bool has_letter(struct slice tag)
{
	for (size_t i = 0; i < tag.len; i++)
		if (isalpha(tag.data[i]))
			return true;
	return false;
}

/* "230 Login successful." is FTP's, and a mail may quote a login: it is one where a server of IMAP
 * answers. */
static enum watch_fit imap_fit_middle(const struct watch_opening *o)
{
	struct slice line = watch_word_line(o->client), rest = line, tag = watch_word_take(&rest);
	if (!is_command(line, middle_verbs))
		return WATCH_FIT_NO;
	if (!o->server.len)
		return has_letter(tag) ? WATCH_FIT_MORE : WATCH_FIT_NO;
	if (!is_command(line, login_verbs))
		return WATCH_FIT_YES;
	bool is_answer = watch_word_answer(o->server, "*+") == WATCH_FIT_YES ||
	                 slice_equal_nocase(slice_head(o->server, tag.len), tag);
	return is_answer ? WATCH_FIT_YES : WATCH_FIT_NO;
}

/* The line ends and a literal follows: it comes as one piece. */
static bool literal_begin(struct watch_talk *t, enum watch_side side, struct slice line)
{
	return watch_word_literal(line, &t->literal[side]);
}

static void password_seen(struct watch_talk *t)
{
	watch_talk_secret(t, WATCH_SECRET_PASSWORD, slice_str("LOGIN"), (struct slice){});
	t->state[WATCH_CLIENT] = IMAP_COMMANDS;
}

static void password_take(struct watch_talk *t, struct slice rest)
{
	struct slice password;
	if (watch_word_string(&rest, &password))
		password_seen(t);
	else if (literal_begin(t, WATCH_CLIENT, rest))
		t->state[WATCH_CLIENT] = IMAP_PASSWORD;
	else
		t->state[WATCH_CLIENT] = IMAP_COMMANDS;
}

static void on_login(struct watch_talk *t, struct slice rest)
{
	struct slice user;
	if (watch_word_string(&rest, &user)) {
		slice_to_text(user, t->user, sizeof(t->user));
		password_take(t, rest);
	} else if (literal_begin(t, WATCH_CLIENT, rest)) {
		t->state[WATCH_CLIENT] = IMAP_USER;
	}
}

static void on_authenticate(struct watch_talk *t, struct slice rest)
{
	watch_sasl_begin(t, watch_word_take(&rest));
	if (slice_trim(rest).len)
		watch_sasl_response(t, rest);
}

static void command(struct watch_talk *t, struct slice line)
{
	struct slice rest = line, tag = watch_word_take(&rest), verb = watch_word_take(&rest);
	if (!tag_is_right(tag) || !verb.len)
		return;
	if (watch_word_is(verb, "LOGIN")) {
		on_login(t, rest);
		return;
	}
	if (watch_word_is(verb, "AUTHENTICATE"))
		on_authenticate(t, rest);
	else if (watch_word_is(verb, "STARTTLS"))
		t->is_asked = true;
	else if (!is_one_of(verb, silent_verbs))
		t->is_proven = true;
	if (literal_begin(t, WATCH_CLIENT, line))
		t->state[WATCH_CLIENT] = IMAP_REST;
}

static void literal(struct watch_talk *t, struct slice bytes)
{
	if (t->state[WATCH_CLIENT] == IMAP_USER)
		slice_to_text(bytes, t->user, sizeof(t->user));
	else if (t->state[WATCH_CLIENT] == IMAP_PASSWORD)
		password_seen(t);
}

static void client_line(struct watch_talk *t, struct slice line)
{
	switch ((enum imap_state)t->state[WATCH_CLIENT]) {
	case IMAP_COMMANDS:
		if (t->is_literal)
			return;
		watch_sasl_is_open(t) ? watch_sasl_response(t, line) : command(t, line);
		return;
	case IMAP_USER:
		t->is_literal ? literal(t, line) : password_take(t, line);
		return;
	case IMAP_PASSWORD:
		literal(t, line);
		t->state[WATCH_CLIENT] = t->is_literal ? IMAP_REST : IMAP_COMMANDS;
		return;
	case IMAP_REST:
		if (!t->is_literal && !literal_begin(t, WATCH_CLIENT, line))
			t->state[WATCH_CLIENT] = IMAP_COMMANDS;
	}
}

/* An answer with a tag ends a command; a literal that it refused does not come. */
static void tagged_line(struct watch_talk *t, struct slice line)
{
	watch_word_take(&line);
	struct slice word = watch_word_take(&line);
	watch_sasl_end(t);
	if (t->is_asked) {
		t->is_asked = false;
		t->is_tls = watch_word_is(word, "OK");
	} else if (!watch_word_is(word, "OK")) {
		t->literal[WATCH_CLIENT] = 0;
		t->state[WATCH_CLIENT] = IMAP_COMMANDS;
	}
}

static void server_line(struct watch_talk *t, struct slice line)
{
	if (t->is_literal || !line.len)
		return;
	if (watch_word_in(line, "CAPABILITY") && watch_word_in(line, " STARTTLS"))
		t->is_offered = true;
	if (slice_starts_nocase(line, "* PREAUTH"))
		t->is_proven = true;
	if (line.data[0] != '*' && line.data[0] != '+')
		tagged_line(t, line);
	(void)literal_begin(t, WATCH_SERVER, line);
}

static void imap_line(struct watch_talk *t, enum watch_side side, struct slice line)
{
	side == WATCH_CLIENT ? client_line(t, line) : server_line(t, line);
}

const struct watch_proto watch_proto_imap = {
	.name = "imap",
	.fit = imap_fit,
	.fit_middle = imap_fit_middle,
	.line = imap_line,
	.is_link_good = true,
	.mend = "an edge of mailseal; or ssl = required and disable_plaintext_auth = yes "
		"(Dovecot; since 2.4 auth_allow_cleartext = no), and port 993 in clients",
};
