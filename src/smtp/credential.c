/*
 * open = "auth": the edge takes the credential, and the backend is opened for it. Mail comes after
 * it: before, nobody knows where it would go.
 */
#include "base/err.h"
#include "sasl/secret.h"
#include "smtp/parts.h"

#include <stdio.h>

/* What LOGIN asks, in base64. */
static const char say_user[] = "334 VXNlcm5hbWU6";
static const char say_password[] = "334 UGFzc3dvcmQ6";

bool smtp_credential_is_wanted(const struct smtp_edge *e)
{
	return e->conv.set->open == CONV_OPEN_AUTH && e->backend == SMTP_BACKEND_NONE;
}

void smtp_credential_forget(struct smtp_edge *e)
{
	sasl_secret_clear(&e->login_name);
	sasl_secret_clear(&e->credential);
	e->is_taking = false;
}

static int deny(struct smtp_edge *e, const char *line, enum conv_todo *ret_todo)
{
	smtp_credential_forget(e);
	smtp_edge_turn(e, SMTP_EDGE_COMMAND);
	return smtp_edge_refuse(e, line, ret_todo);
}

static int ask(struct smtp_edge *e, const char *line)
{
	e->is_taking = true;
	smtp_edge_turn(e, SMTP_EDGE_AUTH);
	return err_up(smtp_edge_say(e, line));
}

/* All of it is in e->credential. */
static int whole(struct smtp_edge *e, enum conv_todo *ret_todo)
{
	static const char login[] = "LOGIN", plain[] = "PLAIN";
	_Static_assert(sizeof(login) == sizeof(plain), "one takes the other's place");
	if (!strcmp(e->auth.mechanism, login))
		memcpy(e->auth.mechanism, plain, sizeof(plain));
	if (sasl_name_decode(slice_str(e->auth.mechanism), buf_slice(&e->credential),
	                     e->conv.mailbox))
		return deny(e, "501 5.5.2 No credential came of it", ret_todo);
	sasl_secret_clear(&e->login_name);
	e->is_taking = false;
	smtp_auth_user_note(e);
	smtp_edge_turn(e, SMTP_EDGE_COMMAND);
	int r = smtp_backend_need(e, ret_todo);
	return r == SMTP_EDGE_LATER ? 0 : err_up(r);
}

static int take(struct smtp_edge *e, struct slice response, enum conv_todo *ret_todo)
{
	bool is_login = !strcmp(e->auth.mechanism, "LOGIN");
	int r;
	if (slice_equal(response, slice_str("=")))
		response.len = 0;
	if (is_login && !buf_len(&e->login_name)) {
		if (!response.len)
			return deny(e, "501 5.5.2 No name", ret_todo);
		r = sasl_secret_add(&e->login_name, response);
		return r ? err_up(r) : ask(e, say_password);
	}
	if (is_login)
		r = sasl_plain_of_login(&e->credential, buf_slice(&e->login_name), response);
	else
		r = sasl_secret_add(&e->credential, response);
	if (r == SASL_BAD)
		return deny(e, "501 5.5.2 No credential came of it", ret_todo);
	return r ? err_up(r) : whole(e, ret_todo);
}

int smtp_credential_begin(struct smtp_edge *e, struct slice response, enum conv_todo *ret_todo)
{
	if (e->wants.count)
		return SMTP_EDGE_LATER;
	if (!sasl_is_replayable(slice_str(e->auth.mechanism)))
		return deny(e, "504 5.5.4 Mechanism not available", ret_todo);
	if (response.len)
		return take(e, response, ret_todo);
	return ask(e, strcmp(e->auth.mechanism, "LOGIN") ? "334 " : say_user);
}

int smtp_credential_response(struct smtp_edge *e, struct slice line, enum conv_todo *ret_todo)
{
	if (slice_equal(line, slice_str("*")))
		return deny(e, "501 5.7.0 Authentication cancelled", ret_todo);
	return take(e, line, ret_todo);
}

/* RFC 4954 4: a command has 512 bytes, a response has more. */
int smtp_credential_replay(struct smtp_edge *e)
{
	char line[sizeof("AUTH ") + SASL_MECHANISM_MAX];
	if (!buf_len(&e->credential))
		return 0;
	snprintf(line, sizeof(line), "AUTH %s", e->auth.mechanism);
	e->is_held = true;
	return err_up(smtp_backend_send(e, slice_str(line), SMTP_WANT_AUTH));
}

int smtp_credential_send(struct smtp_edge *e)
{
	struct buf *out = &e->conv.out[CONV_BACKEND];
	int r = sasl_secret_add(out, buf_slice(&e->credential));
	if (!r)
		r = sasl_secret_add(out, slice_str("\r\n"));
	sasl_secret_clear(&e->credential);
	if (r)
		return err_up(r);
	e->is_held = true;
	smtp_backend_want(e, SMTP_WANT_AUTH);
	return 0;
}

/* What was learnt of the backend is forgotten with it. */
static void leave(struct smtp_edge *e)
{
	smtp_credential_forget(e);
	conv_forget_seen(&e->conv);
	memset(e->conv.mailbox, 0, sizeof(e->conv.mailbox));
	e->backend = SMTP_BACKEND_NONE;
	e->backend_is_tls = e->backend_is_told = false;
	e->wants.count = 0;
	e->is_held = false;
}

int smtp_credential_homeless(struct smtp_edge *e, enum conv_todo *ret_todo)
{
	leave(e);
	int r = smtp_edge_say(e, SMTP_LOGIN_WRONG);
	return r ? err_up(r) : err_up(smtp_auth_failed(e, ret_todo));
}

int smtp_credential_later(struct smtp_edge *e, enum conv_todo *ret_todo)
{
	leave(e);
	return smtp_edge_refuse(e, "454 4.7.0 No login now, try later", ret_todo);
}

int smtp_credential_refused(struct smtp_edge *e, enum conv_todo *ret_todo)
{
	leave(e);
	*ret_todo = CONV_TODO_LEAVE;
	return err_up(buf_add_str(&e->conv.out[CONV_BACKEND], "QUIT\r\n"));
}
