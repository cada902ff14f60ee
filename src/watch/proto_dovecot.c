/* Dovecot's own protocols over TCP: auth, dict, doveadm. Lines, fields behind tabs. */
#include "watch/protos.h"

#include "base/clean.h"
#include "watch/sasl.h"
#include "watch/word.h"

/* Takes a field off *rest, up to a tab. */
static struct slice field_take(struct slice *rest)
{
	size_t end = slice_find(*rest, '\t');
	struct slice field = slice_head(*rest, end);
	*rest = slice_skip(*rest, end + 1);
	return field;
}

/* --- auth --- */

/* Both sides begin with VERSION; the server names mechanisms, the client its process. */
static enum watch_fit auth_fit(const struct watch_opening *o)
{
	static const char *const begin[] = { "VERSION\t1\t", "VERSION\tauth", NULL };
	enum watch_fit server = watch_word_fit(o->server, begin);
	enum watch_fit client = watch_word_fit(o->client, begin);
	if (server == WATCH_FIT_NO || client == WATCH_FIT_NO)
		return WATCH_FIT_NO;
	return server == WATCH_FIT_YES || client == WATCH_FIT_YES ? WATCH_FIT_YES : WATCH_FIT_MORE;
}

/* A word, and the number of a request. */
static enum watch_fit auth_fit_middle(const struct watch_opening *o)
{
	static const char *const words[] = { "AUTH\t", "CONT\t",    "USER\t",
		                             "PASS\t", "REQUEST\t", NULL };
	struct slice rest = watch_word_line(o->client);
	uint32_t number;
	if (!watch_word_begins(rest, words))
		return WATCH_FIT_NO;
	field_take(&rest);
	return watch_word_number(field_take(&rest), &number) ? WATCH_FIT_YES : WATCH_FIT_NO;
}

/* "AUTH <id> PLAIN service=imap ... resp=<base64>"; resp is the last. */
static void on_auth(struct watch_talk *t, struct slice rest)
{
	field_take(&rest);
	watch_sasl_begin(t, field_take(&rest));
	while (rest.len) {
		struct slice field = field_take(&rest);
		if (slice_starts_nocase(field, "resp="))
			watch_sasl_response(t, slice_skip(field, 5));
	}
}

/* A lookup may answer with "pass=", as a proxy's; "user=" says whose. */
static void on_fields(struct watch_talk *t, struct slice rest)
{
	t->is_proven = true;
	while (rest.len) {
		struct slice field = field_take(&rest);
		if (slice_starts_nocase(field, "user="))
			slice_to_text(slice_skip(field, 5), t->user, sizeof(t->user));
		else if (slice_starts_nocase(field, "pass=") && field.len > 5)
			watch_talk_secret(t, WATCH_SECRET_PASSWORD, slice_str("PASSDB"),
			                  (struct slice){});
	}
}

static void auth_line(struct watch_talk *t, enum watch_side side, struct slice line)
{
	struct slice rest = line, word = field_take(&rest);
	if (side == WATCH_SERVER) {
		if (watch_word_is(word, "OK") || watch_word_is(word, "FAIL") ||
		    watch_word_is(word, "USER"))
			on_fields(t, rest);
	} else if (watch_word_is(word, "AUTH")) {
		on_auth(t, rest);
	} else if (watch_word_is(word, "CONT")) {
		field_take(&rest);
		watch_sasl_response(t, field_take(&rest));
	} else if (watch_word_is(word, "USER") || watch_word_is(word, "PASS") ||
	           watch_word_is(word, "REQUEST")) {
		on_fields(t, rest);
	}
}

const struct watch_proto watch_proto_dovecot_auth = {
	.name = "dovecot-auth",
	.fit = auth_fit,
	.fit_middle = auth_fit_middle,
	.line = auth_line,
	.is_link_good = true,
};

/* --- dict --- */

static bool is_number(struct slice s)
{
	uint32_t number;
	return watch_word_number(s, &number);
}

/* "H<major> <minor> <type> <user> <name>" */
static enum watch_fit dict_fit(const struct watch_opening *o)
{
	struct slice line = slice_head(o->client, slice_find(o->client, '\n')), rest = line;
	if (!o->client.len)
		return o->server.len ? WATCH_FIT_NO : WATCH_FIT_MORE;
	if (o->client.data[0] != 'H' || line.len > 1024 || !watch_word_is_text(line))
		return WATCH_FIT_NO;
	if (line.len == o->client.len)
		return WATCH_FIT_MORE;
	bool is_it = is_number(slice_skip(field_take(&rest), 1)) && is_number(field_take(&rest)) &&
	             is_number(field_take(&rest)) && rest.len;
	return is_it ? WATCH_FIT_YES : WATCH_FIT_NO;
}

static enum watch_fit dict_fit_middle(const struct watch_opening *o)
{
	static const char *const keys[] = { "Lpriv/", "Lshared/", NULL };
	return watch_word_begins(watch_word_line(o->client), keys) ? WATCH_FIT_YES : WATCH_FIT_NO;
}

/* Which field has the user: of the greeting (up to version 2), a lookup, an iteration, a
 * transaction. 0: none. */
static unsigned dict_user_at(uint8_t command)
{
	static const struct {
		uint8_t command;
		unsigned field;
	} users[] = { { 'H', 4 }, { 'L', 2 }, { 'I', 4 }, { 'B', 2 } };
	for (size_t i = 0; i < COUNT_OF(users); i++)
		if (users[i].command == command)
			return users[i].field;
	return 0;
}

static void dict_line(struct watch_talk *t, enum watch_side side, struct slice line)
{
	struct slice rest = slice_skip(line, 1), field = {};
	if (side != WATCH_CLIENT || !line.len)
		return;
	t->is_proven |= line.data[0] != 'H';
	for (unsigned at = dict_user_at(line.data[0]); at; at--)
		field = field_take(&rest);
	if (field.len)
		slice_to_text(field, t->user, sizeof(t->user));
}

const struct watch_proto watch_proto_dovecot_dict = {
	.name = "dovecot-dict",
	.fit = dict_fit,
	.fit_middle = dict_fit_middle,
	.line = dict_line,
	.is_link_good = true,
};

/* --- doveadm --- */

static enum watch_fit doveadm_fit(const struct watch_opening *o)
{
	static const char *const begin[] = { "VERSION\tdoveadm", NULL };
	if (o->server.len)
		return watch_word_fit(o->server, begin);
	return watch_word_fit(o->client, begin);
}

static enum watch_fit doveadm_fit_middle(const struct watch_opening *o)
{
	static const char *const begin[] = { "PLAIN\t", NULL };
	return watch_word_begins(o->client, begin) ? watch_word_answer(o->server, "+-")
	                                           : WATCH_FIT_NO;
}

static void doveadm_client(struct watch_talk *t, struct slice line)
{
	struct slice rest = line, word = field_take(&rest);
	if (watch_word_is(word, "VERSION"))
		return;
	if (watch_word_is(word, "STARTTLS")) {
		t->is_tls = true; /* nobody answers it */
		return;
	}
	t->is_proven = true;
	if (!watch_word_is(word, "PLAIN"))
		return;
	watch_sasl_begin(t, word);
	watch_sasl_response(t, field_take(&rest));
}

static void doveadm_line(struct watch_talk *t, enum watch_side side, struct slice line)
{
	if (side == WATCH_CLIENT)
		doveadm_client(t, line);
	else if (watch_word_in(line, "STARTTLS"))
		t->is_offered = true;
}

const struct watch_proto watch_proto_doveadm = {
	.name = "doveadm",
	.fit = doveadm_fit,
	.fit_middle = doveadm_fit_middle,
	.line = doveadm_line,
	.is_link_good = true,
	.mend = "service doveadm { inet_listener { ssl = yes } } and ssl = required for "
		"doveadm_port clients (Dovecot)",
};
