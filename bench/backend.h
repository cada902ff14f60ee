/*
 * The state of the backend: a place of 24 bytes for each descriptor, and what is done with one.
 */
#ifndef BACKEND_H
#define BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mode {
	MODE_NONE,
	MODE_SMTP,
	MODE_IMAP,
	MODE_POP3,
	MODE_ECHO,
	MODE_BULK,
	MODE_AUTH,
	MODE_COUNT
};

enum state {
	STATE_COMMAND,
	STATE_AUTH,    /* the next line is the answer to a challenge */
	STATE_LITERAL, /* of IMAP, in lines */
	STATE_IDLE,    /* until DONE */
	STATE_SOURCE,  /* bytes go */
	STATE_SINK,    /* bytes come, in bulk */
	STATE_TAKE,    /* bytes come, of a literal */
	STATE_DATA,    /* SMTP, until its end */
};

enum { TAG_MAX = 9, PIECE = 1 << 20 };

struct session {
	uint8_t mode, state;
	bool is_listener;
	char tag[TAG_MAX];   /* IMAP: of the command under way; STATE_DATA: the last bytes */
	uint8_t partial_len; /* of an unfinished line in partial */
	union {
		uint64_t left; /* bytes still to move */
		char *partial;
	};
};

struct backend {
	struct session *sessions; /* by descriptor */
	int epoll, source;        /* source: a file of PIECE bytes */
	int spare; /* closed to take, and drop, a connection for which no descriptor is left */
	int ports[MODE_COUNT];
};

const char *backend_mode_name(enum mode mode);

/* Closes it; its place is free. */
void backend_drop(struct backend *b, int fd);

/* 0, or -1 if not all of it went. */
int backend_put(int fd, const void *bytes, size_t len);
int backend_say(int fd, const char *text);

/* What it waits for from now on: EPOLLIN or EPOLLOUT. */
void backend_watch(struct backend *b, int fd, uint32_t events);

#endif
