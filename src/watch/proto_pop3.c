/* POP3 (RFC 1939, RFC 5034, RFC 2595). */
#include "watch/protos.h"

#include "watch/sasl.h"
#include "watch/word.h"

enum pop3_state { POP3_ANSWERS, POP3_CAPABILITIES };

static const char *const greetings[] = { "+OK", "-ERR", NULL };
static const char *const verbs[] = { "USER ", "PASS ", "APOP ", "AUTH",     "CAPA",
	                             "STLS",  "QUIT",  "STAT",  "LIST",     "UIDL",
	                             "RETR ", "TOP ",  "NOOP",  "XCLIENT ", NULL };
static const char *const proofs[] = { "STAT", "LIST", "UIDL", "RETR ", "TOP ", "DELE ", NULL };
static const char *const middles[] = { "USER ", "PASS ", "AUTH ", "APOP ", "STLS", "CAPA", "RETR ",
	                               "UIDL",  "TOP ",  "DELE ", "STAT",  "LIST", "NOOP", NULL };

static enum watch_fit pop3_fit(const struct watch_opening *o)
{
	enum watch_fit fit = watch_word_fit(o->server, greetings);
	if (!o->server.len)
		return o->client.len ? WATCH_FIT_NO : WATCH_FIT_MORE;
	return fit == WATCH_FIT_YES ? watch_word_fit(o->client, verbs) : fit;
}

static enum watch_fit pop3_fit_middle(const struct watch_opening *o)
{
	if (!watch_word_begins(watch_word_line(o->client), middles))
		return WATCH_FIT_NO;
	return watch_word_answer(o->server, "+-");
}

static void on_auth(struct watch_talk *t, struct slice rest)
{
	watch_sasl_begin(t, watch_word_take(&rest));
	if (slice_trim(rest).len)
		watch_sasl_response(t, rest);
}

static void command(struct watch_talk *t, struct slice line)
{
	struct slice rest = line, verb = watch_word_take(&rest);
	t->state[WATCH_SERVER] = watch_word_is(verb, "CAPA") ? POP3_CAPABILITIES : POP3_ANSWERS;
	if (watch_word_is(verb, "USER"))
		slice_to_text(slice_trim(rest), t->user, sizeof(t->user));
	else if (watch_word_is(verb, "PASS") && rest.len)
		watch_talk_secret(t, WATCH_SECRET_PASSWORD, slice_str("USER"), (struct slice){});
	else if (watch_word_is(verb, "APOP"))
		watch_talk_secret(t, WATCH_SECRET_HASH, slice_str("APOP"), watch_word_take(&rest));
	else if (watch_word_is(verb, "AUTH"))
		on_auth(t, rest);
	else if (watch_word_is(verb, "STLS"))
		t->is_asked = true;
	else if (watch_word_begins(line, proofs))
		t->is_proven = true;
}

static void server_line(struct watch_talk *t, struct slice line)
{
	bool is_ok = slice_starts_nocase(line, "+OK");
	if (t->state[WATCH_SERVER] == POP3_CAPABILITIES && watch_word_is(line, "STLS"))
		t->is_offered = true;
	if (!is_ok && !slice_starts_nocase(line, "-ERR"))
		return;
	watch_sasl_end(t);
	if (!t->is_asked)
		return;
	t->is_asked = false;
	t->is_tls = is_ok;
}

static void pop3_line(struct watch_talk *t, enum watch_side side, struct slice line)
{
	if (side == WATCH_SERVER)
		server_line(t, line);
	else if (watch_sasl_is_open(t))
		watch_sasl_response(t, line);
	else
		command(t, line);
}

const struct watch_proto watch_proto_pop3 = {
	.name = "pop3",
	.fit = pop3_fit,
	.fit_middle = pop3_fit_middle,
	.line = pop3_line,
	.is_link_good = true,
	.mend = "an edge of mailseal; or ssl = required and disable_plaintext_auth = yes "
		"(Dovecot; since 2.4 auth_allow_cleartext = no), and port 995 in clients",
};
