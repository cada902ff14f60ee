#include "pop3/edge.h"

#include "base/err.h"
#include "conv/line.h"
#include "pop3/inside.h"
#include "sasl/secret.h"

#include <stdio.h>

static int greet(struct conv_login *l)
{
	return err_up(
		buf_printf(&l->conv.out[CONV_CLIENT], "+OK %s ready\r\n", l->conv.set->hostname));
}

static void drop(struct conv_login *l)
{
	struct pop3_edge *e = pop3_edge_of(l);
	sasl_secret_clear(&e->user);
	sasl_secret_clear(&e->next);
	e->has_user = false;
}

static int challenge(struct conv_login *l, const char *base64)
{
	return err_up(buf_printf(&l->conv.out[CONV_CLIENT], "+ %s\r\n", base64));
}

static int command(struct conv_login *l, const char *mechanism, struct slice response,
                   struct buf *secret)
{
	char verb[sizeof("AUTH  ") + SASL_MECHANISM_MAX];
	int len = snprintf(verb, sizeof(verb), "AUTH %s ", mechanism);
	(void)l;
	int r = sasl_secret_add(secret, slice_of(verb, (size_t)len));
	return r ? err_up(r) : err_up(sasl_secret_add(secret, response));
}

static const char *overload_line(void)
{
	return "-ERR [SYS/TEMP] too many connections, try later";
}

static const struct conv_login_shape shape = {
	.foreign = "this is POP3",
	.bye = "-ERR ",
	.bye_later = "-ERR [SYS/TEMP] ", /* RFC 3206 4 */
	.bye_end = "",
	.quit = "QUIT\r\n",
	.greet = greet,
	.client = pop3_client_feed,
	.run = pop3_client_run,
	.reply_take = conv_line_take,
	.reply = pop3_backend_reply,
	.sealed = pop3_backend_sealed,
	.drop = drop,
	.challenge = challenge,
	.command = command,
	.denials = {
		[CONV_LOGIN_DENIED_WRONG] = "-ERR [AUTH] Authentication failed.",
		[CONV_LOGIN_DENIED_LATER] = "-ERR [SYS/TEMP] no login now, try later",
		[CONV_LOGIN_DENIED_BAD] = "-ERR no AUTH came of it",
		[CONV_LOGIN_DENIED_MECHANISM] = "-ERR this mechanism is not offered",
	},
};

const struct conv_ops pop3_edge_ops = {
	.protocol = "pop3",
	.size = sizeof(struct pop3_edge),
	CONV_LOGIN_OPS,
	.overload_line = overload_line,
	.login = &shape,
};
