/*
 * Messages of 25 MiB, one behind the other on a connection that has logged in: IMAP APPEND or SMTP
 * DATA (up), FETCH (down). Each connection moves at least what it has left, in whole messages.
 */
#ifndef LOAD_MESSAGES_H
#define LOAD_MESSAGES_H

#include "load/connection.h"

/* The lines of all bodies, into the buffer. */
void messages_init(struct load *l);

/* Begins when it is measured. Done: nothing is left. */
enum progress messages_go_on(struct connection *c);

#endif
