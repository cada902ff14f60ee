#include "watch/sasl.h"

#include "base/clean.h"
#include "sasl/sasl.h"
#include "watch/word.h"

#include <ctype.h>

static const struct {
	const char *begin;
	enum watch_secret secret;
} mechanisms[] = {
	{ "PLAIN", WATCH_SECRET_PASSWORD }, { "LOGIN", WATCH_SECRET_PASSWORD },
	{ "XOAUTH2", WATCH_SECRET_TOKEN },  { "OAUTHBEARER", WATCH_SECRET_TOKEN },
	{ "XOAUTH", WATCH_SECRET_TOKEN },   { "EXTERNAL", WATCH_SECRET_NONE },
	{ "ANONYMOUS", WATCH_SECRET_NONE },
};

/* What a mechanism shows whoever listens: most a hash. */
static enum watch_secret secret_of(const char *mechanism)
{
	for (size_t i = 0; i < COUNT_OF(mechanisms); i++)
		if (!strcmp(mechanisms[i].begin, mechanism))
			return mechanisms[i].secret;
	return WATCH_SECRET_HASH;
}

void watch_sasl_begin(struct watch_talk *t, struct slice mechanism)
{
	t->step = 0;
	if (!sasl_mechanism_is_valid(mechanism))
		return;
	slice_to_text(mechanism, t->word, sizeof(t->word));
	for (char *at = t->word; *at; at++)
		*at = *at >= 'a' && *at <= 'z' ? (char)(*at - 32) : *at;
	t->step = 1;
}

void watch_sasl_end(struct watch_talk *t)
{
	t->step = 0;
}

static void user_take(struct watch_talk *t, struct slice base64, bool *ret_has_password)
{
	char user[WATCH_USER_CAP];
	*ret_has_password = false;
	if (!sasl_user_decode(slice_str(t->word), base64, user, sizeof(user), ret_has_password) &&
	    user[0])
		slice_to_text(slice_str(user), t->user, sizeof(t->user));
}

static bool is_base64(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!isalnum(s.data[i]) && !memchr("+/=", s.data[i], 3))
			return false;
	return true;
}

/* LOGIN asks for two: the name, then the password. */
static void login_response(struct watch_talk *t, struct slice base64)
{
	bool has_password;
	if (t->step++ == 1) {
		user_take(t, base64, &has_password);
		return;
	}
	t->step = 0;
	watch_talk_secret(t, WATCH_SECRET_PASSWORD, slice_str("LOGIN"), (struct slice){});
}

static void other_response(struct watch_talk *t, struct slice base64)
{
	bool has_password;
	enum watch_secret secret = secret_of(t->word);
	user_take(t, base64, &has_password);
	if (secret != WATCH_SECRET_HASH)
		t->step = 0;
	if (secret == WATCH_SECRET_PASSWORD && !has_password)
		return;
	watch_talk_secret(t, secret, slice_str(t->word), (struct slice){});
}

void watch_sasl_response(struct watch_talk *t, struct slice base64)
{
	base64 = slice_trim(base64);
	if (!t->step || !base64.len || watch_word_is(base64, "="))
		return;
	if (!is_base64(base64))
		t->step = 0;
	else if (!strcmp(t->word, "LOGIN"))
		login_response(t, base64);
	else
		other_response(t, base64);
}
