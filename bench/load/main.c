/*
 * loadgen - client load for TLS proxies in front of mail backends, over epoll and OpenSSL.
 *
 * usage: loadgen MODE [options]
 *
 *   handshake   connect, handshake, read the greeting, close; sessions/s
 *   starttls    greeting, STARTTLS, handshake, one command answered, quit,
 *               end of stream; sessions/s
 *   bulk        move -B bytes over -c connections; MB/s. With --proto in
 *               messages of 25 MiB after a login: APPEND or FETCH in TLS from
 *               the start (imap), DATA after STARTTLS (smtp)
 *   idle        open -N connections and hold them; memory a connection
 *   latency     one-line ping-pong on -c connections
 *
 * loadgen --help has the options.  One thread does it all (idle forks where one
 * process may not have enough descriptors).  The proxy's CPU and memory are
 * read from /proc for the process trees rooted at --pids.
 */
#include "common/descriptors.h"
#include "load/modes.h"

#include <signal.h>
#include <stdio.h>

static int (*const runs[])(struct load *l) = {
	[MODE_HANDSHAKE] = sessions_run, [MODE_STARTTLS] = sessions_run, [MODE_BULK] = bulk_run,
	[MODE_LATENCY] = latency_run,    [MODE_IDLE] = idle_run,
};
_Static_assert(sizeof(runs) / sizeof(*runs) == MODE_COUNT);

int main(int argc, char **argv)
{
	struct options options;
	static struct load load; /* with a histogram, too large for some stacks */
	options_read(&options, argc, argv);
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	(void)descriptors_raise(0);
	load_init(&load, &options);
	return runs[options.mode](&load);
}
