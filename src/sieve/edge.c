#include "sieve/edge.h"

#include "base/err.h"
#include "sasl/secret.h"
#include "sieve/inside.h"
#include "sieve/unit.h"

#include <stdio.h>

static void drop(struct conv_login *l)
{
	sieve_edge_of(l)->backend_offers_starttls = false;
}

static int challenge(struct conv_login *l, const char *base64)
{
	return err_up(buf_printf(&l->conv.out[CONV_CLIENT], "\"%s\"\r\n", base64));
}

static int command(struct conv_login *l, const char *mechanism, struct slice response,
                   struct buf *secret)
{
	char verb[sizeof("AUTHENTICATE \"\" \"") + SASL_MECHANISM_MAX];
	int len = snprintf(verb, sizeof(verb), "AUTHENTICATE \"%s\" \"", mechanism);
	(void)l;
	int r = sasl_secret_add(secret, slice_of(verb, (size_t)len));
	if (!r)
		r = sasl_secret_add(secret, response);
	return r ? err_up(r) : err_up(sasl_secret_add(secret, slice_str("\"\r\n")));
}

static const char *overload_line(void)
{
	return "BYE (TRYLATER) \"too many connections, try later\"";
}

static const struct conv_login_shape shape = {
	.foreign = "this is ManageSieve",
	.bye = "BYE \"",
	.bye_later = "BYE (TRYLATER) \"", /* RFC 5804 1.3 */
	.bye_end = "\"",
	.quit = "LOGOUT\r\n",
	.greets_again = true,
	.greet = sieve_client_greet,
	.client = sieve_client_feed,
	.run = sieve_client_run,
	.reply_take = sieve_server_unit_take,
	.reply = sieve_backend_reply,
	.sealed = sieve_backend_sealed,
	.drop = drop,
	.challenge = challenge,
	.command = command,
	.denials = {
		[CONV_LOGIN_DENIED_WRONG] = "NO \"Authentication failed.\"",
		[CONV_LOGIN_DENIED_LATER] = "NO (TRYLATER) \"no login now, try later\"",
		[CONV_LOGIN_DENIED_BAD] = "NO \"no AUTHENTICATE came of it\"",
		[CONV_LOGIN_DENIED_MECHANISM] = "NO \"this mechanism is not offered\"",
	},
};

const struct conv_ops sieve_edge_ops = {
	.protocol = "managesieve",
	.size = sizeof(struct sieve_edge),
	CONV_LOGIN_OPS,
	.overload_line = overload_line,
	.login = &shape,
	.spliced_bye = "BYE (TRYLATER) \"Server shutting down\"\r\n",
};
