#include "cmd/acme_hook.h"

#include "acme/word.h"
#include "base/clean.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { PATIENCE_S = 30, DECLINED = 1 };

int cmd_acme_hook(char **argv)
{
	CLEAN(buf_deinit) struct buf text = {};
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	uint8_t is_taken = 0;
	if (!acme_word_write(&text, argv))
		return DECLINED;
	if (setsockopt(STDIN_FILENO, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	    send(STDIN_FILENO, buf_slice(&text).data, buf_len(&text), MSG_NOSIGNAL) < 0) {
		fputs("mailseal: begin, done and failed are for the daemon's ACME client; see "
		      "mailseal --help\n",
		      stderr);
		return DECLINED;
	}
	return recv(STDIN_FILENO, &is_taken, sizeof(is_taken), 0) == 1 && is_taken ? 0 : DECLINED;
}
