#include "base/err.h"
#include "conv/credential.h"
#include "sieve/caps.h"
#include "sieve/inside.h"

enum reply_kind { REPLY_OK, REPLY_NO, REPLY_BYE, REPLY_STRING, REPLY_OTHER };

struct reply {
	enum reply_kind kind;
	struct slice unit;
	struct sieve_words words;
};

typedef int on_reply(struct sieve_edge *e, const struct reply *reply, enum conv_todo *ret_todo);

static enum reply_kind kind_of(const struct sieve_words *w)
{
	if (w->is_bad || !w->count)
		return REPLY_OTHER;
	const struct conv_token *first = &w->tokens[0];
	if (conv_token_is_quoted(first))
		return REPLY_STRING;
	if (conv_token_is_atom(first, "OK"))
		return REPLY_OK;
	if (conv_token_is_atom(first, "NO"))
		return REPLY_NO;
	return conv_token_is_atom(first, "BYE") ? REPLY_BYE : REPLY_OTHER;
}

static int pass(struct sieve_edge *e, const struct reply *reply)
{
	return err_up(buf_add(&e->login.conv.out[CONV_CLIENT], reply->unit));
}

/* What it says before TLS reaches nobody: it may be anybody's. */
static int refused(struct sieve_edge *e, const struct reply *reply, enum conv_todo *ret_todo)
{
	if (conv_login_is_clear(&e->login))
		return err_up(conv_login_lost(&e->login, CONV_OUTCOME_BACKEND_REFUSED, ret_todo));
	int r = pass(e, reply);
	return r ? err_up(r) : conv_login_close(&e->login, CONV_OUTCOME_BACKEND_REFUSED, ret_todo);
}

static int seal(struct sieve_edge *e, enum conv_todo *ret_todo)
{
	if (!e->backend_offers_starttls)
		return err_up(conv_login_lost(&e->login, CONV_OUTCOME_BACKEND_UNSEALED, ret_todo));
	conv_login_enter(&e->login, CONV_LOGIN_SEALING, SIEVE_WANT_STARTTLS);
	return err_up(buf_add_str(&e->login.conv.out[CONV_BACKEND], "STARTTLS\r\n"));
}

/* One capability. Those said in clear are not kept. */
static void learn(struct sieve_edge *e, const struct reply *reply)
{
	struct conv_caps clear = {};
	struct conv_caps *caps = conv_login_is_clear(&e->login) ? &clear : e->login.conv.seen;
	sieve_caps_keep(&reply->words, caps->text, sizeof(caps->text));
	if (sieve_caps_has(caps->text, "STARTTLS"))
		e->backend_offers_starttls = true;
}

/* Capabilities, and OK behind the last (RFC 5804 1.7). */
static int on_greeting(struct sieve_edge *e, const struct reply *reply, enum conv_todo *ret_todo)
{
	switch (reply->kind) {
	case REPLY_STRING:
		learn(e, reply);
		return 0;
	case REPLY_NO:
	case REPLY_BYE:
		return err_up(refused(e, reply, ret_todo));
	case REPLY_OTHER:
		return err_up(conv_login_broken(&e->login, ret_todo));
	case REPLY_OK:
		break;
	}
	if (conv_login_is_clear(&e->login))
		return err_up(seal(e, ret_todo));
	if (!e->login.conv.seen->text[0])
		return err_up(conv_login_broken(&e->login, ret_todo));
	if (e->login.conv.is_learning)
		return err_up(conv_login_quit(&e->login, ret_todo));
	return err_up(conv_login_ready(&e->login, ret_todo));
}

static int on_seal(struct sieve_edge *e, const struct reply *reply, enum conv_todo *ret_todo)
{
	return err_up(conv_login_seal(&e->login, reply->kind == REPLY_OK, ret_todo));
}

int sieve_backend_sealed(struct conv_login *l, enum conv_todo *ret_todo)
{
	l->conv.seen->text[0] = '\0';
	conv_login_enter(l, CONV_LOGIN_OPENING, CONV_LOGIN_WANT_GREETING);
	return 0;
}

static int on_logged_in(struct sieve_edge *e, const struct reply *reply, enum conv_todo *ret_todo)
{
	/* Before the client's response nobody can be logged in. */
	if (e->login.state == CONV_LOGIN_CHALLENGED)
		return err_up(conv_login_broken(&e->login, ret_todo));
	int r = pass(e, reply);
	return r ? err_up(r) : conv_login_succeeded(&e->login, ret_todo);
}

static int on_challenge(struct sieve_edge *e, const struct reply *reply, enum conv_todo *ret_todo)
{
	const char *last = conv_credential_last_response(&e->login);
	if (e->login.state == CONV_LOGIN_CHALLENGED || reply->words.count > 1)
		return err_up(conv_login_broken(&e->login, ret_todo));
	if (last)
		return err_up(buf_printf(&e->login.conv.out[CONV_BACKEND], "\"%s\"\r\n", last));
	conv_login_enter(&e->login, CONV_LOGIN_CHALLENGED, SIEVE_WANT_AUTH);
	return err_up(pass(e, reply));
}

/* A reason would be in parentheses (RFC 5804 1.3). */
static bool says_wrong(const struct sieve_edge *e, const struct reply *reply)
{
	bool has_reason = slice_find(reply->unit, '(') < slice_find(reply->unit, '"');
	return conv_credential_says_wrong(&e->login, has_reason);
}

static int on_auth(struct sieve_edge *e, const struct reply *reply, enum conv_todo *ret_todo)
{
	int r;
	switch (reply->kind) {
	case REPLY_OK:
		return err_up(on_logged_in(e, reply, ret_todo));
	case REPLY_NO:
		r = says_wrong(e, reply) ? conv_credential_wrong(&e->login) : pass(e, reply);
		return r ? err_up(r) : err_up(conv_login_failed(&e->login, ret_todo));
	case REPLY_BYE:
		return err_up(refused(e, reply, ret_todo));
	case REPLY_STRING:
		return err_up(on_challenge(e, reply, ret_todo));
	case REPLY_OTHER:
		break;
	}
	return err_up(conv_login_broken(&e->login, ret_todo));
}

/* Unasked: it says why it is about to close. */
static int on_unasked(struct sieve_edge *e, const struct reply *reply, enum conv_todo *ret_todo)
{
	if (reply->kind == REPLY_BYE)
		return err_up(refused(e, reply, ret_todo));
	return err_up(conv_login_broken(&e->login, ret_todo));
}

/* Who takes which reply. */
static on_reply *const handlers[SIEVE_WANT_COUNT] = {
	[CONV_LOGIN_WANT_NOTHING] = on_unasked,
	[CONV_LOGIN_WANT_GREETING] = on_greeting,
	[SIEVE_WANT_STARTTLS] = on_seal,
	[SIEVE_WANT_AUTH] = on_auth,
};

int sieve_backend_reply(struct conv_login *l, struct slice unit, enum conv_todo *ret_todo)
{
	struct reply reply = { .unit = unit };
	sieve_words_read(unit, &reply.words);
	reply.kind = kind_of(&reply.words);
	return err_up(handlers[l->want](sieve_edge_of(l), &reply, ret_todo));
}
