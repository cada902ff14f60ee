/* SMTP (RFC 5321) and LMTP (RFC 2033): mail crosses with MAIL FROM. */
#include "watch/protos.h"

#include "watch/sasl.h"
#include "watch/word.h"

enum smtp_state { SMTP_COMMANDS, SMTP_BODY };

static const char *const greetings[] = { "220 ", "220-", "421 ", "554 ", NULL };
static const char *const hellos[] = { "EHLO ", "HELO ", NULL };
static const char *const lhlo[] = { "LHLO ", NULL };
static const char *const proofs[] = {
	"MAIL FROM:", "RCPT TO:", "XFORWARD ", "VRFY ", "EXPN ", NULL
};
static const char *const middles[] = { "MAIL FROM:", "RCPT TO:", "AUTH ", "STARTTLS",
	                               "XCLIENT ",   "XFORWARD", "BDAT ", "DATA",
	                               "RSET",       "EHLO ",    "HELO ", NULL };

static enum watch_fit fit(const struct watch_opening *o, const char *const *hello, const char *word)
{
	struct slice line = slice_head(o->server, slice_find(o->server, '\n'));
	if (o->server.len && watch_word_fit(o->server, greetings) == WATCH_FIT_NO)
		return WATCH_FIT_NO;
	if (o->client.len && watch_word_fit(o->client, hello) != WATCH_FIT_NO)
		return watch_word_fit(o->client, hello);
	if (line.len < o->server.len && watch_word_in(line, word))
		return WATCH_FIT_YES;
	return o->client.len ? WATCH_FIT_NO : WATCH_FIT_MORE;
}

static enum watch_fit smtp_fit(const struct watch_opening *o)
{
	return fit(o, hellos, "SMTP");
}

static enum watch_fit lmtp_fit(const struct watch_opening *o)
{
	return fit(o, lhlo, " LMTP");
}

static enum watch_fit smtp_fit_middle(const struct watch_opening *o)
{
	if (!watch_word_begins(watch_word_line(o->client), middles))
		return WATCH_FIT_NO;
	return watch_word_answer(o->server, "2345");
}

static enum watch_fit lmtp_fit_middle(const struct watch_opening *o)
{
	return watch_word_begins(o->client, lhlo) ? WATCH_FIT_YES : WATCH_FIT_NO;
}

/* "XCLIENT LOGIN=anna" (Postfix): no password, but who it is. */
static void on_xclient(struct watch_talk *t, struct slice rest)
{
	t->is_proven = true;
	for (struct slice word; (word = watch_word_take(&rest)).len;)
		if (slice_starts_nocase(word, "LOGIN="))
			slice_to_text(slice_skip(word, 6), t->user, sizeof(t->user));
}

static void on_auth(struct watch_talk *t, struct slice rest)
{
	watch_sasl_begin(t, watch_word_take(&rest));
	if (slice_trim(rest).len)
		watch_sasl_response(t, rest);
}

/* "BDAT 1000 LAST" (RFC 3030): so many bytes follow. */
static void on_bdat(struct watch_talk *t, struct slice rest)
{
	uint32_t len;
	t->is_proven = true;
	if (watch_word_number(watch_word_take(&rest), &len))
		t->skip[WATCH_CLIENT] = len;
}

static void command(struct watch_talk *t, struct slice line)
{
	struct slice rest = line, verb = watch_word_take(&rest);
	if (watch_sasl_is_open(t) && !watch_word_is(verb, "AUTH"))
		watch_sasl_response(t, line);
	else if (watch_word_is(verb, "AUTH"))
		on_auth(t, rest);
	else if (watch_word_is(verb, "STARTTLS") || watch_word_is(verb, "X-ANONYMOUSTLS"))
		t->is_asked = true;
	else if (watch_word_is(verb, "BDAT"))
		on_bdat(t, rest);
	else if (watch_word_is(verb, "XCLIENT"))
		on_xclient(t, rest);
	else if (watch_word_begins(line, proofs))
		t->is_proven = true;
}

static void client_line(struct watch_talk *t, struct slice line)
{
	if (t->state[WATCH_CLIENT] != SMTP_BODY)
		command(t, line);
	else if (watch_word_is(line, "."))
		t->state[WATCH_CLIENT] = SMTP_COMMANDS;
}

/* A reply is an answer to DATA, to the final dot, to AUTH or to STARTTLS. */
static void server_line(struct watch_talk *t, struct slice line)
{
	if (line.len < 3)
		return;
	bool is_last = line.len == 3 || line.data[3] == ' ';
	if (slice_starts_nocase(line, "250") && watch_word_is(slice_skip(line, 4), "STARTTLS"))
		t->is_offered = true;
	if (!is_last)
		return;
	if (t->is_asked) {
		t->is_asked = false;
		t->is_tls = line.data[0] == '2';
		return;
	}
	if (slice_starts_nocase(line, "354"))
		t->state[WATCH_CLIENT] = SMTP_BODY;
	else if (!slice_starts_nocase(line, "334"))
		t->state[WATCH_CLIENT] = SMTP_COMMANDS;
	if (line.data[0] != '3')
		watch_sasl_end(t);
}

static void smtp_line(struct watch_talk *t, enum watch_side side, struct slice line)
{
	side == WATCH_CLIENT ? client_line(t, line) : server_line(t, line);
}

const struct watch_proto watch_proto_smtp = {
	.name = "smtp",
	.fit = smtp_fit,
	.fit_middle = smtp_fit_middle,
	.line = smtp_line,
	.is_link_good = true,
	.mend = "client: smtp_tls_security_level = encrypt (Postfix); server: an edge of "
		"mailseal, or smtpd_tls_security_level = encrypt and smtpd_tls_auth_only = yes",
};

const struct watch_proto watch_proto_lmtp = {
	.name = "lmtp",
	.fit = lmtp_fit,
	.fit_middle = lmtp_fit_middle,
	.line = smtp_line,
	.is_link_good = true,
	.mend = "client: lmtp_tls_security_level = encrypt (Postfix); server: ssl = required "
		"for service lmtp (Dovecot)",
};
