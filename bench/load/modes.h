/* The modes. Each runs for as long as it was asked to, prints what it found, and returns the exit
 * status. */
#ifndef LOAD_MODES_H
#define LOAD_MODES_H

#include "load/load.h"

/* handshake, starttls: whole sessions, one after the other on each connection. */
int sessions_run(struct load *l);

/* bulk: so many bytes over the connections, as a stream or as messages. */
int bulk_run(struct load *l);

/* latency: a line there and back. */
int latency_run(struct load *l);

/* idle: connections that are held, and what they cost. */
int idle_run(struct load *l);

#endif
