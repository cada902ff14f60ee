#include "conv/credential.h"

#include "base/err.h"
#include "sasl/credential.h"
#include "sasl/secret.h"

/* What LOGIN asks, in base64. */
static const char say_user[] = "VXNlcm5hbWU6";
static const char say_password[] = "UGFzc3dvcmQ6";

static const struct conv_login_shape *shape_of(const struct conv_login *l)
{
	return l->conv.ops->login;
}

bool conv_credential_is_wanted(const struct conv_login *l)
{
	return l->conv.set->open == CONV_OPEN_AUTH && l->state == CONV_LOGIN_PLAIN &&
	       conv_login_is_allowed(l);
}

/* The exchange is over, in one way or the other. */
static void forget(struct conv_login *l)
{
	sasl_secret_clear(&l->login_name);
	l->is_taking = false;
	conv_login_enter(l, CONV_LOGIN_PLAIN, CONV_LOGIN_WANT_NOTHING);
}

static int answer(struct conv_login *l, enum conv_login_denial why)
{
	const char *text = shape_of(l)->denials[why];
	return err_up(shape_of(l)->answer ? shape_of(l)->answer(l, text) : conv_login_say(l, text));
}

/* A client's mistake. */
static int deny(struct conv_login *l, enum conv_login_denial why, enum conv_todo *ret_todo)
{
	forget(l);
	int r = answer(l, why);
	return r ? err_up(r) : err_up(conv_login_erred(l, ret_todo));
}

int conv_credential_name(struct conv_login *l, struct slice name)
{
	return sasl_name_take(name, l->conv.mailbox);
}

static int challenge(struct conv_login *l, const char *base64, enum conv_todo *ret_todo)
{
	l->is_taking = true;
	conv_login_enter(l, CONV_LOGIN_CHALLENGED, CONV_LOGIN_WANT_NOTHING);
	*ret_todo = CONV_TODO_READ;
	return err_up(shape_of(l)->challenge(l, base64));
}

/* All of it is there. */
static int whole(struct conv_login *l, const char *mechanism, struct slice response,
                 enum conv_todo *ret_todo)
{
	struct buf command = {};
	if (sasl_name_decode(slice_str(mechanism), response, l->conv.mailbox))
		return err_up(deny(l, CONV_LOGIN_DENIED_BAD, ret_todo));
	forget(l);
	int r = shape_of(l)->command(l, mechanism, response, &command);
	if (!r)
		r = conv_login_open_for(l, buf_slice(&command), ret_todo);
	sasl_secret_clear(&command);
	return err_up(r);
}

/* LOGIN's second response came. */
static int login_whole(struct conv_login *l, struct slice password, enum conv_todo *ret_todo)
{
	struct buf plain = {};
	int r = sasl_plain_of_login(&plain, buf_slice(&l->login_name), password);
	if (r == SASL_BAD)
		r = deny(l, CONV_LOGIN_DENIED_BAD, ret_todo);
	else if (!r)
		r = whole(l, "PLAIN", buf_slice(&plain), ret_todo);
	sasl_secret_clear(&plain);
	return err_up(r);
}

static int take(struct conv_login *l, struct slice response, enum conv_todo *ret_todo)
{
	if (slice_equal(response, slice_str("=")))
		response.len = 0;
	if (strcmp(l->sasl.mechanism, "LOGIN") != 0)
		return err_up(whole(l, l->sasl.mechanism, response, ret_todo));
	if (buf_len(&l->login_name))
		return err_up(login_whole(l, response, ret_todo));
	if (!response.len)
		return err_up(deny(l, CONV_LOGIN_DENIED_BAD, ret_todo));
	int r = sasl_secret_add(&l->login_name, response);
	return r ? err_up(r) : err_up(challenge(l, say_password, ret_todo));
}

int conv_credential_begin(struct conv_login *l, const struct slice *response,
                          enum conv_todo *ret_todo)
{
	bool is_login = !strcmp(l->sasl.mechanism, "LOGIN");
	if (!sasl_is_replayable(slice_str(l->sasl.mechanism)))
		return err_up(deny(l, CONV_LOGIN_DENIED_MECHANISM, ret_todo));
	if (!response)
		return err_up(challenge(l, is_login ? say_user : "", ret_todo));
	return err_up(take(l, *response, ret_todo));
}

int conv_credential_response(struct conv_login *l, struct slice base64, enum conv_todo *ret_todo)
{
	base64 = conv_login_response(l, base64);
	if (slice_equal(base64, slice_str("*")))
		return err_up(deny(l, CONV_LOGIN_DENIED_BAD, ret_todo));
	return err_up(take(l, base64, ret_todo));
}

/* The backend, if there is one, is not this user's any more; nor is what is known of it. */
static void leave(struct conv_login *l)
{
	sasl_secret_clear(&l->pending);
	if (shape_of(l)->drop)
		shape_of(l)->drop(l);
	conv_forget_seen(&l->conv);
	memset(l->conv.mailbox, 0, sizeof(l->conv.mailbox));
	l->backend_is_tls = false;
	forget(l);
}

const char *conv_credential_last_response(const struct conv_login *l)
{
	return l->conv.set->open == CONV_OPEN_AUTH ? sasl_last_response(l->sasl.mechanism) : NULL;
}

bool conv_credential_says_wrong(const struct conv_login *l, bool has_reason)
{
	return l->conv.set->open == CONV_OPEN_AUTH && !has_reason;
}

int conv_credential_wrong(struct conv_login *l)
{
	return err_up(answer(l, CONV_LOGIN_DENIED_WRONG));
}

int conv_credential_homeless(struct conv_login *l, enum conv_todo *ret_todo)
{
	int r = answer(l, CONV_LOGIN_DENIED_WRONG);
	leave(l);
	return r ? err_up(r) : err_up(conv_login_failed(l, ret_todo));
}

int conv_credential_later(struct conv_login *l, enum conv_todo *ret_todo)
{
	int r = answer(l, CONV_LOGIN_DENIED_LATER);
	leave(l);
	return r ? err_up(r) : err_up(conv_login_erred(l, ret_todo));
}

int conv_credential_refused(struct conv_login *l, enum conv_todo *ret_todo)
{
	bool is_open = l->state > CONV_LOGIN_CONNECTING;
	leave(l);
	*ret_todo = is_open ? CONV_TODO_LEAVE : CONV_TODO_READ;
	return is_open ? err_up(buf_add_str(&l->conv.out[CONV_BACKEND], shape_of(l)->quit)) : 0;
}
