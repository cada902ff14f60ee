/*
 * One connection of the generator, in clear or in TLS, and what it says before its mode's work. It
 * never blocks.
 */
#ifndef LOAD_CONNECTION_H
#define LOAD_CONNECTION_H

#include "load/dialogue.h"
#include "load/load.h"

#include <stddef.h>

enum progress {
	PROGRESS_DONE,
	PROGRESS_WAIT,   /* call again when the socket is ready */
	PROGRESS_FAILED, /* counted; close it */
};

struct connection {
	struct load *load;
	int fd; /* -1: closed */
	SSL *ssl;
	bool is_sealed; /* the handshake is done */
	bool has_said;  /* this step's line */
	const struct step *step;
	uint64_t opened_ns;
	size_t line_len;
	char line[128]; /* the beginning of one that is not whole yet */

	/* The mode's; phase and moved are 0 when it opens. */
	int phase;
	size_t moved;                 /* bytes of the message, of the line */
	uint64_t left;                /* bytes of the transfer */
	uint64_t due_ns, next_due_ns; /* of the line, and of the one to send when it is back */
};

/* All closed. No memory ends the program; freed with the process. */
struct connection *connections_new(struct load *l, int count);

/* Begins to connect; 0, or -1 (counted as an error; it is closed). */
int connection_open(struct connection *c);

/* notify: say so in TLS, as a good client does. May be closed already. */
enum connection_end { CONNECTION_NOTIFY, CONNECTION_SILENT };
void connection_close(struct connection *c, enum connection_end end);

/* Both: bytes, or one of these; 0 of connection_get() is the end of the stream. */
enum { CONNECTION_BLOCKED = -1, CONNECTION_BROKEN = -2 };
int connection_get(struct connection *c, void *to, size_t cap);
int connection_put(struct connection *c, const void *from, size_t len);

/* Counts an error; the first one's text is kept. */
enum progress connection_failed(struct connection *c, const char *what);

/* The whole text at once. */
enum progress connection_say(struct connection *c, const char *text);

/* Until a line comes that begins with what is wanted; one that begins with 4 or 5 is an error.
 * Reads no byte too many. */
enum progress connection_hear(struct connection *c, const char *want);

/* Its dialogue, from where it stands; more of the last answer than the line that was wanted is
 * dropped. */
enum progress connection_talk(struct connection *c);

/* The dialogue is through. */
bool connection_is_up(const struct connection *c);

#endif
