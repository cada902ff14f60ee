#include "sieve/edge.h"

#include "sieve/inside.h"
#include "sieve/unit.h"

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
};

const struct conv_ops sieve_edge_ops = {
	.protocol = "managesieve",
	.size = sizeof(struct sieve_edge),
	CONV_LOGIN_OPS,
	.overload_line = overload_line,
	.login = &shape,
	.spliced_bye = "BYE (TRYLATER) \"Server shutting down\"\r\n",
};
