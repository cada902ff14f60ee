/* `mailseal check --serve`: the web page, until a signal ends it. */
#ifndef CMD_CHECK_SERVE_H
#define CMD_CHECK_SERVE_H

#include "cmd/check_options.h"

/* The exit status. */
int check_serve(const struct check_options *options);

/*
 * A socket that listens on "ADDRESS:PORT" of loopback or "unix:PATH". -1: what is wrong was said.
 * A unix socket that nobody listens on any more is made anew; everybody on this host may connect.
 */
int check_serve_listen(const char *address);

#endif
