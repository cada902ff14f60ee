/* ManageSieve (RFC 5804): capabilities as quoted strings, SASL in strings or literals. */
#include "watch/protos.h"

#include "watch/sasl.h"
#include "watch/word.h"

enum sieve_state {
	SIEVE_COMMANDS,
	SIEVE_RESPONSE, /* a literal is one */
	SIEVE_OTHER,    /* a literal is a script */
};

static const char *const greetings[] = { "\"IMPLEMENTATION\"", "\"SASL\"",     "\"SIEVE\"",
	                                 "\"STARTTLS\"",       "\"VERSION\"",  "\"NOTIFY\"",
	                                 "\"MAXREDIRECTS\"",   "\"LANGUAGE\"", NULL };
static const char *const proofs[] = { "PUTSCRIPT ", "GETSCRIPT ",    "LISTSCRIPTS", "CHECKSCRIPT ",
	                              "SETACTIVE ", "DELETESCRIPT ", "HAVESPACE ",  NULL };

static enum watch_fit sieve_fit(const struct watch_opening *o)
{
	return o->server.len   ? watch_word_fit(o->server, greetings)
	       : o->client.len ? WATCH_FIT_NO
	                       : WATCH_FIT_MORE;
}

static enum watch_fit sieve_fit_middle(const struct watch_opening *o)
{
	static const char *const begin[] = { "AUTHENTICATE \"", "STARTTLS", NULL };
	struct slice line = watch_word_line(o->client);
	if (!watch_word_begins(line, proofs) && !watch_word_begins(line, begin))
		return WATCH_FIT_NO;
	return watch_word_answer(o->server, "\"{ONB");
}

/* A string, or the literal that comes next. */
static void response_take(struct watch_talk *t, struct slice rest)
{
	struct slice text;
	t->state[WATCH_CLIENT] = SIEVE_COMMANDS;
	if (watch_word_string(&rest, &text))
		watch_sasl_response(t, text);
	else if (watch_word_literal(rest, &t->literal[WATCH_CLIENT]))
		t->state[WATCH_CLIENT] = SIEVE_RESPONSE;
}

static void on_authenticate(struct watch_talk *t, struct slice rest)
{
	struct slice mechanism;
	if (!watch_word_string(&rest, &mechanism))
		return;
	watch_sasl_begin(t, mechanism);
	response_take(t, rest);
}

static void command(struct watch_talk *t, struct slice line)
{
	struct slice rest = line, verb = watch_word_take(&rest);
	if (watch_word_is(verb, "AUTHENTICATE")) {
		on_authenticate(t, rest);
		return;
	}
	if (watch_word_is(verb, "STARTTLS"))
		t->is_asked = true;
	else if (watch_word_begins(line, proofs))
		t->is_proven = true;
	if (watch_word_literal(line, &t->literal[WATCH_CLIENT]))
		t->state[WATCH_CLIENT] = SIEVE_OTHER;
}

static void client_line(struct watch_talk *t, struct slice line)
{
	if (t->is_literal) {
		if (t->state[WATCH_CLIENT] == SIEVE_RESPONSE)
			watch_sasl_response(t, line);
		t->state[WATCH_CLIENT] = SIEVE_COMMANDS;
	} else if (watch_sasl_is_open(t) && line.len) {
		response_take(t, line);
	} else {
		command(t, line);
	}
}

static void server_line(struct watch_talk *t, struct slice line)
{
	struct slice rest = line, word = watch_word_take(&rest);
	bool is_ok = watch_word_is(word, "OK");
	if (watch_word_is(word, "\"STARTTLS\""))
		t->is_offered = true;
	(void)watch_word_literal(line, &t->literal[WATCH_SERVER]);
	if (!is_ok && !watch_word_is(word, "NO") && !watch_word_is(word, "BYE"))
		return;
	watch_sasl_end(t);
	t->is_tls = t->is_asked && is_ok;
	t->is_asked = false;
}

static void sieve_line(struct watch_talk *t, enum watch_side side, struct slice line)
{
	if (side == WATCH_CLIENT)
		client_line(t, line);
	else if (!t->is_literal)
		server_line(t, line);
}

const struct watch_proto watch_proto_sieve = {
	.name = "managesieve",
	.fit = sieve_fit,
	.fit_middle = sieve_fit_middle,
	.line = sieve_line,
	.is_link_good = true,
	.mend = "ssl = required for managesieve-login (Dovecot)",
};
