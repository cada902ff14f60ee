#include "imap/edge.h"

#include "base/err.h"
#include "conv/line.h"
#include "imap/inside.h"
#include "sasl/secret.h"

#include <stdio.h>

void imap_edge_command_drop(struct imap_edge *e)
{
	sasl_secret_clear(&e->text);
	e->line_total = e->literal_total = e->literal_left = 0;
}

static int greet(struct conv_login *l)
{
	char caps[CONV_CAPS_MAX];
	imap_client_caps(imap_edge_of(l), caps, sizeof(caps));
	return err_up(buf_printf(&l->conv.out[CONV_CLIENT], "* OK [CAPABILITY %s] %s ready\r\n",
	                         caps, l->conv.set->hostname));
}

static void drop(struct conv_login *l)
{
	imap_edge_command_drop(imap_edge_of(l));
	imap_pieces_deinit(&imap_edge_of(l)->pieces);
	imap_edge_of(l)->backend_offers_starttls = false;
}

static int challenge(struct conv_login *l, const char *base64)
{
	return err_up(buf_printf(&l->conv.out[CONV_CLIENT], "+ %s\r\n", base64));
}

/* With an initial response (RFC 4959): imap_auth_build() takes it apart where it has to. */
static int command(struct conv_login *l, const char *mechanism, struct slice response,
                   struct buf *secret)
{
	char verb[sizeof(" AUTHENTICATE ") + IMAP_TAG_MAX + SASL_MECHANISM_MAX + 1];
	int len = snprintf(verb, sizeof(verb), "%s AUTHENTICATE %s ", imap_edge_of(l)->tag,
	                   mechanism);
	int r = sasl_secret_add(secret, slice_of(verb, (size_t)len));
	if (!r)
		r = sasl_secret_add(secret, response);
	return r ? err_up(r) : err_up(sasl_secret_add(secret, slice_str("\r\n")));
}

static int answer(struct conv_login *l, const char *text)
{
	return err_up(
		buf_printf(&l->conv.out[CONV_CLIENT], "%s %s\r\n", imap_edge_of(l)->tag, text));
}

static const char *overload_line(void)
{
	return "* BYE [UNAVAILABLE] too many connections, try later";
}

static const struct conv_login_shape shape = {
	.foreign = "this is IMAP",
	.bye = "* BYE ",
	.bye_later = "* BYE [UNAVAILABLE] ", /* RFC 5530 3 */
	.bye_end = "",
	.quit = "E9 LOGOUT\r\n",
	.greet = greet,
	.client = imap_client_feed,
	.run = imap_client_run,
	.reply_take = conv_line_take,
	.reply = imap_backend_reply,
	.sealed = imap_backend_sealed,
	.drop = drop,
	.challenge = challenge,
	.command = command,
	.answer = answer,
	.denials = {
		[CONV_LOGIN_DENIED_WRONG] = "NO [AUTHENTICATIONFAILED] Authentication failed.",
		[CONV_LOGIN_DENIED_LATER] = "NO [UNAVAILABLE] no login now, try later",
		[CONV_LOGIN_DENIED_BAD] = "BAD no AUTHENTICATE came of it",
		[CONV_LOGIN_DENIED_MECHANISM] = "NO this mechanism is not offered",
	},
};

const struct conv_ops imap_edge_ops = {
	.protocol = "imap",
	.size = sizeof(struct imap_edge),
	CONV_LOGIN_OPS,
	.overload_line = overload_line,
	.login = &shape,
	.spliced_bye = "* BYE Server shutting down\r\n",
	.caps_are_words = true,
};
