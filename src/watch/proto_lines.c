/* FTP, Telnet, NATS, syslog, RELP: short ones made of lines. */
#include "watch/protos.h"

#include "watch/word.h"

#include <ctype.h>

static const struct slice nobody;

/* --- FTP (RFC 959, RFC 4217) --- */

static enum watch_fit ftp_fit(const struct watch_opening *o)
{
	static const char *const greetings[] = { "220 ", "220-", NULL };
	static const char *const verbs[] = { "USER ", "AUTH TLS", "AUTH SSL", "FEAT", NULL };
	enum watch_fit fit = watch_word_fit(o->server, greetings);
	if (o->server.len && fit != WATCH_FIT_YES)
		return fit;
	return o->server.len   ? watch_word_fit(o->client, verbs)
	       : o->client.len ? WATCH_FIT_NO
	                       : WATCH_FIT_MORE;
}

static enum watch_fit ftp_fit_middle(const struct watch_opening *o)
{
	static const char *const verbs[] = { "USER ", "PASS ", "AUTH TLS", "AUTH SSL", "RETR ",
		                             "STOR ", "LIST",  "NLST",     "MLSD",     "CWD ",
		                             "PASV",  "EPSV",  "PORT ",    "TYPE ",    NULL };
	if (!watch_word_begins(watch_word_line(o->client), verbs))
		return WATCH_FIT_NO;
	return watch_word_answer(o->server, "12345");
}

static void ftp_line(struct watch_talk *t, enum watch_side side, struct slice line)
{
	struct slice rest = line, verb = watch_word_take(&rest);
	if (side == WATCH_SERVER) {
		t->is_offered |= watch_word_in(line, "AUTH TLS");
		if (t->is_asked && line.len > 3 && line.data[3] == ' ') {
			t->is_asked = false;
			t->is_tls = slice_starts_nocase(line, "234");
		}
	} else if (watch_word_is(verb, "USER")) {
		slice_to_text(slice_trim(rest), t->user, sizeof(t->user));
	} else if (watch_word_is(verb, "PASS")) {
		bool is_open = watch_word_is(slice_str(t->user), "anonymous") ||
		               watch_word_is(slice_str(t->user), "ftp");
		t->is_proven = true;
		if (!is_open && rest.len)
			watch_talk_secret(t, WATCH_SECRET_PASSWORD, slice_str("USER"), nobody);
	} else if (watch_word_is(verb, "AUTH")) {
		t->is_asked = true;
	} else if (watch_word_is(verb, "RETR") || watch_word_is(verb, "STOR") ||
	           watch_word_is(verb, "LIST")) {
		t->is_proven = true;
	}
}

const struct watch_proto watch_proto_ftp = {
	.name = "ftp",
	.fit = ftp_fit,
	.fit_middle = ftp_fit_middle,
	.line = ftp_line,
	.mend = "SFTP instead, or FTP over TLS required for login and data",
};

/* --- Telnet (RFC 854): options first --- */

static bool telnet_is_option(struct slice s)
{
	return s.len >= 3 && s.data[0] == 0xff && s.data[1] >= 0xfb && s.data[1] <= 0xfe &&
	       s.data[2] < 50;
}

/* One alone, or several in a row. */
static enum watch_fit telnet_fit(const struct watch_opening *o)
{
	struct slice s = o->server.len ? o->server : o->client;
	if (s.len < 3)
		return s.len && s.data[0] != 0xff ? WATCH_FIT_NO : WATCH_FIT_MORE;
	if (!telnet_is_option(s))
		return WATCH_FIT_NO;
	return s.len == 3 || telnet_is_option(slice_skip(s, 3)) ? WATCH_FIT_YES : WATCH_FIT_NO;
}

/* Three bytes are soon there by chance. */
static enum watch_fit telnet_fit_middle(const struct watch_opening *o)
{
	struct slice s = o->server.len ? o->server : o->client;
	return telnet_is_option(s) && telnet_is_option(slice_skip(s, 3)) ? WATCH_FIT_YES
	                                                                 : WATCH_FIT_NO;
}

/* The prompt may come in any pieces: how much of it was there is kept. */
static void telnet_prompt(struct watch_talk *t, struct slice input)
{
	static const char prompt[] = "assword:";
	uint8_t *at = &t->state[WATCH_SERVER];
	for (size_t i = 0; i < input.len; i++) {
		uint8_t c = (uint8_t)tolower(input.data[i]);
		*at = c == prompt[*at] ? (uint8_t)(*at + 1) : c == prompt[0];
		if (!prompt[*at]) {
			t->step = 1;
			*at = 0;
		}
	}
}

/* What the client types after the prompt is the answer, key by key. */
static size_t telnet_feed(struct watch_talk *t, enum watch_side side, struct slice input)
{
	bool is_word = side == WATCH_CLIENT && input.data[0] != 0xff;
	if (side == WATCH_SERVER)
		telnet_prompt(t, input);
	if (is_word && t->step)
		watch_talk_secret(t, WATCH_SECRET_PASSWORD, slice_str("PROMPT"), nobody);
	t->is_proven |= is_word;
	return input.len;
}

const struct watch_proto watch_proto_telnet = {
	.name = "telnet",
	.fit = telnet_fit,
	.fit_middle = telnet_fit_middle,
	.is_fit_weak = true,
	.feed = telnet_feed,
	.mend = "SSH instead",
};

/* --- NATS --- */

static enum watch_fit nats_fit(const struct watch_opening *o)
{
	static const char *const begin[] = { "INFO {", NULL };
	return o->server.len || !o->client.len ? watch_word_fit(o->server, begin) : WATCH_FIT_NO;
}

/* "PUB subject [reply] length", "SUB subject [queue] id". */
static enum watch_fit nats_fit_middle(const struct watch_opening *o)
{
	static const char *const verbs[] = { "PUB ", "SUB ", "HPUB ", NULL };
	struct slice rest = watch_word_line(o->client), word, last = {};
	uint32_t number;
	if (!watch_word_begins(rest, verbs))
		return WATCH_FIT_NO;
	while ((word = watch_word_take(&rest)).len)
		last = word;
	return watch_word_number(last, &number) ? WATCH_FIT_YES : WATCH_FIT_NO;
}

static void nats_connect(struct watch_talk *t, struct slice line)
{
	if (watch_word_in(line, "\"pass\":"))
		watch_talk_secret(t, WATCH_SECRET_PASSWORD, slice_str("CONNECT"), nobody);
	else if (watch_word_in(line, "\"auth_token\":") || watch_word_in(line, "\"jwt\":"))
		watch_talk_secret(t, WATCH_SECRET_TOKEN, slice_str("CONNECT"), nobody);
}

/* After an INFO that requires it both speak TLS, without another word. */
static void nats_line(struct watch_talk *t, enum watch_side side, struct slice line)
{
	if (side == WATCH_SERVER) {
		if (slice_starts_nocase(line, "INFO ")) {
			t->is_tls = watch_word_in(line, "\"tls_required\":true");
			t->is_offered |= watch_word_in(line, "\"tls_available\":true");
		}
	} else if (slice_starts_nocase(line, "CONNECT ")) {
		nats_connect(t, line);
	} else if (slice_starts_nocase(line, "PUB ") || slice_starts_nocase(line, "SUB ") ||
	           slice_starts_nocase(line, "HPUB ")) {
		t->is_proven = true;
	}
}

const struct watch_proto watch_proto_nats = {
	.name = "nats",
	.fit = nats_fit,
	.fit_middle = nats_fit_middle,
	.line = nats_line,
	.is_link_good = true,
	.mend = "tls { } in nats-server.conf",
};

/* --- syslog (RFC 6587): "<34>..." or "120 <34>...", and RELP --- */

/* "<0>" to "<191>" and what follows it. */
static enum watch_fit priority_fit(struct slice s)
{
	unsigned value = 0;
	size_t at = 1;
	if (!s.len)
		return WATCH_FIT_MORE;
	if (s.data[0] != '<')
		return WATCH_FIT_NO;
	for (; at < s.len && at < 5 && isdigit(s.data[at]); at++)
		value = value * 10 + (unsigned)(s.data[at] - '0');
	if (at == s.len)
		return at < 5 ? WATCH_FIT_MORE : WATCH_FIT_NO;
	if (at == 1 || s.data[at] != '>' || value > 191)
		return WATCH_FIT_NO;
	if (at + 1 == s.len)
		return WATCH_FIT_MORE;
	return isalnum(s.data[at + 1]) || s.data[at + 1] == ' ' ? WATCH_FIT_YES : WATCH_FIT_NO;
}

static enum watch_fit syslog_fit(const struct watch_opening *o)
{
	size_t at = 0;
	if (!o->client.len)
		return o->server.len ? WATCH_FIT_NO : WATCH_FIT_MORE;
	while (at < o->client.len && at < 6 && isdigit(o->client.data[at]))
		at++;
	if (!at)
		return priority_fit(o->client);
	if (at == o->client.len)
		return WATCH_FIT_MORE;
	return o->client.data[at] == ' ' ? priority_fit(slice_skip(o->client, at + 1))
	                                 : WATCH_FIT_NO;
}

static size_t proven_feed(struct watch_talk *t, enum watch_side side, struct slice input)
{
	t->is_proven |= side == WATCH_CLIENT;
	return input.len;
}

const struct watch_proto watch_proto_syslog = {
	.name = "syslog",
	.fit = syslog_fit,
	.feed = proven_feed,
	.is_link_good = true,
	.mend = "RFC 5425: StreamDriver=\"gtls\" or \"ossl\", mode 1, in rsyslog's omfwd and imtcp",
};

static enum watch_fit relp_fit(const struct watch_opening *o)
{
	static const char *const begin[] = { "1 open ", "0 open ", NULL };
	return o->client.len || !o->server.len ? watch_word_fit(o->client, begin) : WATCH_FIT_NO;
}

/* "17 syslog 120 <34>..." */
static enum watch_fit relp_fit_middle(const struct watch_opening *o)
{
	struct slice rest = slice_head(o->client, 64);
	uint32_t number;
	bool is_frame = watch_word_number(watch_word_take(&rest), &number) &&
	                watch_word_is(watch_word_take(&rest), "syslog") &&
	                watch_word_number(watch_word_take(&rest), &number);
	return is_frame ? WATCH_FIT_YES : WATCH_FIT_NO;
}

const struct watch_proto watch_proto_relp = {
	.name = "relp",
	.fit = relp_fit,
	.fit_middle = relp_fit_middle,
	.feed = proven_feed,
	.is_link_good = true,
	.mend = "tls=\"on\" in omrelp and imrelp (rsyslog)",
};
