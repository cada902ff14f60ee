#define _GNU_SOURCE
#include "backend_bytes.h"

#include "backend_lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

enum { TURNS = 4 }; /* pieces, before others have their turn */

/* 1: it came; 0: there is nothing, and it is dropped if nothing comes any more. */
static bool has_come(struct backend *b, int fd, ssize_t n)
{
	if (n == 0 || (n < 0 && errno != EAGAIN))
		backend_drop(b, fd);
	return n > 0;
}

static size_t piece_of(uint64_t left)
{
	return left < PIECE ? (size_t)left : PIECE;
}

void bytes_on_echo(struct backend *b, int fd)
{
	char bytes[16384];
	ssize_t n = recv(fd, bytes, sizeof(bytes), 0);
	if (has_come(b, fd, n) && backend_put(fd, bytes, (size_t)n))
		backend_drop(b, fd);
}

/* --- bytes that go --- */

void bytes_source_begin(struct backend *b, int fd, uint64_t count)
{
	b->sessions[fd].left = count;
	b->sessions[fd].state = STATE_SOURCE;
	backend_watch(b, fd, EPOLLOUT);
}

static void source_end(struct backend *b, int fd)
{
	struct session *s = &b->sessions[fd];
	s->state = STATE_COMMAND;
	backend_watch(b, fd, EPOLLIN);
	if (s->mode == MODE_IMAP)
		lines_imap_done(fd, s, ")\r\n");
}

void bytes_on_source(struct backend *b, int fd)
{
	struct session *s = &b->sessions[fd];
	for (int i = 0; s->state == STATE_SOURCE && i < TURNS; i++) {
		off_t from = 0;
		size_t len = piece_of(s->left);
		ssize_t n = len ? sendfile(fd, b->source, &from, len) : 0;
		if (n < 0) {
			if (errno != EAGAIN)
				backend_drop(b, fd);
			return;
		}
		s->left -= (uint64_t)n;
		if (!s->left)
			source_end(b, fd);
	}
}

/* --- bytes that come --- */

/* They are not looked at. False: no more of them now. */
static bool piece_take(struct backend *b, int fd)
{
	struct session *s = &b->sessions[fd];
	size_t len = piece_of(s->left);
	if (!len)
		return true;
	ssize_t n = recv(fd, NULL, len, MSG_TRUNC);
	if (!has_come(b, fd, n))
		return false;
	s->left -= (uint64_t)n;
	return true;
}

static void on_sink(struct backend *b, int fd)
{
	struct session *s = &b->sessions[fd];
	for (int i = 0; s->state == STATE_SINK && i < TURNS && piece_take(b, fd); i++) {
		if (s->left)
			continue;
		s->state = STATE_COMMAND;
		backend_say(fd, "OK\n");
	}
}

static void literal_end(int fd, struct session *s)
{
	s->state = STATE_COMMAND;
	lines_imap_done(fd, s, "");
}

void bytes_on_literal(struct backend *b, int fd)
{
	struct session *s = &b->sessions[fd];
	for (int i = 0; s->state == STATE_TAKE && i < TURNS && piece_take(b, fd); i++)
		if (!s->left)
			literal_end(fd, s);
}

size_t bytes_literal_take(struct backend *b, int fd, size_t have)
{
	struct session *s = &b->sessions[fd];
	size_t len = s->left < have ? (size_t)s->left : have;
	s->left -= len;
	if (!s->left)
		literal_end(fd, s);
	return len;
}

/* Who sends waits for the answer, so its end is the end of what is there. */
void bytes_on_data(struct backend *b, int fd)
{
	static const char end[] = "\r\n.\r\n";
	static char bytes[PIECE]; /* too large for the stack; nothing stays in it */
	enum { LEN = sizeof(end) - 1 };
	struct session *s = &b->sessions[fd];
	ssize_t n = recv(fd, bytes, sizeof(bytes), 0);
	if (!has_come(b, fd, n))
		return;
	size_t last = n < LEN ? (size_t)n : LEN;
	memmove(s->tag, s->tag + last, LEN - last);
	memcpy(s->tag + LEN - last, bytes + (size_t)n - last, last);
	if (memcmp(s->tag, end, LEN) != 0)
		return;
	s->state = STATE_COMMAND;
	backend_say(fd, "250 2.0.0 ok\r\n");
}

/* --- bulk --- */

/* "GET n\n" or "PUT n\n", and not a byte more. */
static void on_bulk_command(struct backend *b, int fd)
{
	char line[64];
	struct session *s = &b->sessions[fd];
	ssize_t n = recv(fd, line, sizeof(line) - 1, MSG_PEEK);
	if (!has_come(b, fd, n))
		return;
	line[n] = 0;
	char *end = strchr(line, '\n');
	if (!end)
		return;
	recv(fd, line, (size_t)(end - line + 1), 0);
	uint64_t count = end - line > 4 ? strtoull(line + 4, NULL, 10) : 0;
	if (line[0] == 'G') {
		bytes_source_begin(b, fd, count);
	} else {
		s->left = count;
		s->state = STATE_SINK;
	}
}

void bytes_on_bulk(struct backend *b, int fd)
{
	struct session *s = &b->sessions[fd];
	if (s->state == STATE_COMMAND)
		on_bulk_command(b, fd);
	if (s->state == STATE_SOURCE)
		bytes_on_source(b, fd);
	else if (s->state == STATE_SINK)
		on_sink(b, fd);
}
