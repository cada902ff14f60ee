/* HTTP: logins by header, by form, by cookie; and rspamd, which speaks it. */
#include "watch/protos.h"

#include "watch/word.h"

#include "base/clean.h"
#include "sasl/base64.h"

#include <ctype.h>

enum http_state { HTTP_REQUEST, HTTP_HEADERS, HTTP_FORM };
/* rspamd encrypts requests to "/post" by keys of its own. */
enum http_seal { HTTP_OPEN, HTTP_MAY_BE_SEALED, HTTP_SEALED };
enum { FORM_MAX = 4096 };

static const char *const methods[] = { "GET /",    "POST /",  "PUT /",       "HEAD /",
	                               "DELETE /", "PATCH /", "OPTIONS ",    "PROPFIND /",
	                               "REPORT /", "MKCOL /", "GET http",    "POST http",
	                               "CONNECT ", "MOVE /",  "PROPPATCH /", NULL };

/* "GET /x HTTP/1.1"; as long as the line may come, it may be one. */
static enum watch_fit http_fit(const struct watch_opening *o)
{
	struct slice line = slice_head(o->client, slice_find(o->client, '\n'));
	enum watch_fit fit = watch_word_fit(o->client, methods);
	if (!o->client.len && o->server.len)
		return WATCH_FIT_NO;
	if (fit != WATCH_FIT_YES)
		return fit;
	if (line.len == o->client.len)
		return line.len < WATCH_LINE_MAX ? WATCH_FIT_MORE : WATCH_FIT_YES;
	return watch_word_in(line, " HTTP/1.") ? WATCH_FIT_YES : WATCH_FIT_NO;
}

/* The user name of "anna:password"; what was decoded is wiped. */
static void on_basic(struct watch_talk *t, struct slice base64)
{
	uint8_t data[768];
	size_t len = 0;
	if (!sasl_base64_decode(slice_trim(base64), data, sizeof(data), &len)) {
		struct slice all = slice_of(data, len);
		watch_talk_secret(t, WATCH_SECRET_PASSWORD, slice_str("BASIC"),
		                  slice_head(all, slice_find(all, ':')));
	} else {
		watch_talk_secret(t, WATCH_SECRET_PASSWORD, slice_str("BASIC"), (struct slice){});
	}
	explicit_bzero(data, sizeof(data));
}

static void on_authorization(struct watch_talk *t, struct slice value)
{
	struct slice scheme = watch_word_take(&value);
	if (watch_word_is(scheme, "Basic"))
		on_basic(t, value);
	else if (watch_word_is(scheme, "Bearer"))
		watch_talk_secret(t, WATCH_SECRET_TOKEN, slice_str("BEARER"), (struct slice){});
	else if (watch_word_is(scheme, "Digest") || watch_word_is(scheme, "NTLM"))
		watch_talk_secret(t, WATCH_SECRET_HASH, scheme, (struct slice){});
}

/* Cookies that are a login by their names. */
static void on_cookie(struct watch_talk *t, struct slice value)
{
	static const char *const names[] = { "sess", "sid", "auth", "token", "login", "remember" };
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (watch_word_in(value, names[i])) {
			watch_talk_secret(t, WATCH_SECRET_TOKEN, slice_str("COOKIE"),
			                  (struct slice){});
			return;
		}
}

static struct slice value_of(struct slice line)
{
	return slice_trim(slice_skip(line, slice_find(line, ':') + 1));
}

/* "k5z9x=k5z9xtp4...": whose key, and the one of this request, 32 bytes each, as rspamd writes
 * them. */
static bool is_rspamd_key(struct slice value)
{
	enum { ID_LEN = 5, KEY_LEN = 52 };
	struct slice id = slice_head(value, slice_find(value, '='));
	struct slice key = slice_skip(value, id.len + 1);
	for (size_t i = 0; i < value.len; i++)
		if (!isalnum(value.data[i]) && value.data[i] != '=')
			return false;
	return id.len >= ID_LEN && key.len >= KEY_LEN;
}

static void header(struct watch_talk *t, struct slice line)
{
	if (t->step == HTTP_MAY_BE_SEALED && slice_starts_nocase(line, "Key:") &&
	    is_rspamd_key(value_of(line)))
		t->step = HTTP_SEALED;
	else if (slice_starts_nocase(line, "Authorization:") ||
	         slice_starts_nocase(line, "Proxy-Authorization:"))
		on_authorization(t, value_of(line));
	else if (slice_starts_nocase(line, "Cookie:"))
		on_cookie(t, value_of(line));
	else if (slice_starts_nocase(line, "Password:"))
		watch_talk_secret(t, WATCH_SECRET_PASSWORD, slice_str("HEADER"), (struct slice){});
	else if (slice_starts_nocase(line, "Content-Length:"))
		(void)watch_word_number(value_of(line), &t->number);
	else if (slice_starts_nocase(line, "Content-Type:") &&
	         (watch_word_in(line, "x-www-form-urlencoded") || watch_word_in(line, "json")))
		t->word[0] = 'f';
}

/* The body of a request: a form comes as one piece, all else is passed over. */
static void headers_end(struct watch_talk *t)
{
	if (t->step == HTTP_SEALED)
		t->is_private = true;
	else
		t->is_proven = true;
	bool is_form = t->word[0] && t->number && t->number <= FORM_MAX;
	t->state[WATCH_CLIENT] = is_form ? HTTP_FORM : HTTP_REQUEST;
	if (!is_form)
		t->skip[WATCH_CLIENT] = t->number;
}

/* "user=anna&_pass=..." or {"password": "..."}: a name that has "pass", and something behind it. */
static void form(struct watch_talk *t, struct slice body)
{
	static const char *const names[] = { "pass", "pwd", "secretkey", "passwd" };
	for (; body.len; body = slice_skip(body, 1))
		for (size_t i = 0; i < COUNT_OF(names); i++) {
			struct slice rest = slice_skip(body, strlen(names[i]));
			if (!slice_starts_nocase(body, names[i]))
				continue;
			size_t at = 0;
			while (at < rest.len && !memchr("=:&,", rest.data[at], 4))
				at++;
			if (at + 1 < rest.len && memchr("=:", rest.data[at], 2) &&
			    rest.data[at + 1] != '&')
				watch_talk_secret(t, WATCH_SECRET_PASSWORD, slice_str("FORM"),
				                  (struct slice){});
		}
}

static void http_line(struct watch_talk *t, enum watch_side side, struct slice line)
{
	if (t->state[WATCH_CLIENT] == HTTP_HEADERS) {
		line.len ? header(t, line) : headers_end(t);
	} else if (watch_word_begins(line, methods)) {
		t->step = slice_starts_nocase(line, "POST /post ") ? HTTP_MAY_BE_SEALED : HTTP_OPEN;
		t->is_proven |= t->step == HTTP_OPEN;
		t->number = 0;
		t->word[0] = '\0';
		t->state[WATCH_CLIENT] = HTTP_HEADERS;
	}
}

/* Lines, but for a form. Of the server nothing is read. */
static size_t http_feed(struct watch_talk *t, enum watch_side side, struct slice input)
{
	size_t end = slice_find(input, '\n');
	if (side == WATCH_SERVER)
		return input.len;
	if (t->state[WATCH_CLIENT] == HTTP_FORM) {
		if (input.len < t->number)
			return 0;
		form(t, slice_head(input, t->number));
		t->state[WATCH_CLIENT] = HTTP_REQUEST;
		return t->number;
	}
	if (end == input.len)
		return input.len < WATCH_LINE_MAX ? 0 : input.len;
	struct slice line = slice_head(input, end);
	if (line.len && line.data[line.len - 1] == '\r')
		line.len--;
	http_line(t, side, line);
	return end + 1;
}

const struct watch_proto watch_proto_http = {
	.name = "http",
	.fit = http_fit,
	.feed = http_feed,
	.is_link_good = true,
	.mend = "TLS in the web server, port 80 answers with a redirect only",
};

static enum watch_fit rspamd_fit(const struct watch_opening *o)
{
	static const char *const begin[] = {
		"POST /checkv2 ", "POST /checkv3 ",   "POST /check ",
		"POST /symbols ", "POST /learnspam ", "POST /learnham ",
		"GET /checkv2 ",  "GET /check ",      NULL
	};
	return o->client.len || !o->server.len ? watch_word_fit(o->client, begin) : WATCH_FIT_NO;
}

const struct watch_proto watch_proto_rspamd = {
	.name = "rspamd",
	.fit = rspamd_fit,
	.feed = http_feed,
	.is_link_good = true,
	.mend = "encryption of rspamd (keypair on worker and client), or a link",
};

static enum watch_fit http2_fit(const struct watch_opening *o)
{
	static const char *const begin[] = { "PRI * HTTP/2.0\r\n", NULL };
	return o->client.len || !o->server.len ? watch_word_fit(o->client, begin) : WATCH_FIT_NO;
}

static size_t http2_feed(struct watch_talk *t, enum watch_side side, struct slice input)
{
	(void)side;
	t->is_proven = true;
	return input.len;
}

const struct watch_proto watch_proto_http2 = {
	.name = "http2",
	.fit = http2_fit,
	.feed = http2_feed,
	.is_link_good = true,
	.mend = "TLS in the web server",
};
