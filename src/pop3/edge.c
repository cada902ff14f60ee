#include "pop3/edge.h"

#include "base/err.h"
#include "conv/line.h"
#include "pop3/inside.h"

static int greet(struct conv_login *l)
{
	return err_up(
		buf_printf(&l->conv.out[CONV_CLIENT], "+OK %s ready\r\n", l->conv.set->hostname));
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
};

const struct conv_ops pop3_edge_ops = {
	.protocol = "pop3",
	.size = sizeof(struct pop3_edge),
	CONV_LOGIN_OPS,
	.overload_line = overload_line,
	.login = &shape,
};
