#define _GNU_SOURCE
#include "backend_lines.h"

#include "backend_bytes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

enum { READ = 8192, PARTIAL_MAX = 255 };

enum after { GO_ON, CLOSE };

/* How a command is answered. */
struct answer {
	const char *verb; /* NULL: any other, and the end of the table */
	const char *text;
	enum state state;
	enum after after;
};

/* The verb, by itself or with a blank behind it. */
static bool is(const char *line, const char *verb)
{
	size_t len = strlen(verb);
	return !strncasecmp(line, verb, len) && (!line[len] || line[len] == ' ');
}

/* Is there a word behind the second one? */
static bool has_response(const char *line)
{
	const char *second = strchr(line, ' ');
	return second && strchr(second + 1, ' ');
}

static const struct answer *answer_of(const struct answer *table, const char *line)
{
	while (table->verb && !is(line, table->verb))
		table++;
	return table;
}

static enum after answer_give(int fd, struct session *s, const struct answer *a)
{
	s->state = (uint8_t)a->state;
	backend_say(fd, a->text);
	return a->after;
}

int lines_greet(int fd, enum mode mode)
{
	static const char *const greetings[MODE_COUNT] = {
		[MODE_SMTP] = "220 backend ESMTP\r\n",
		[MODE_IMAP] = "* OK [CAPABILITY IMAP4rev1 SASL-IR LITERAL+ ID ENABLE IDLE "
			      "AUTH=PLAIN] ready\r\n",
		[MODE_POP3] = "+OK ready\r\n",
	};
	return greetings[mode] ? backend_say(fd, greetings[mode]) : 0;
}

/* --- SMTP --- */

static const struct answer smtp_answers[] = {
	{ "EHLO",
	  "250-backend\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-AUTH PLAIN\r\n"
	  "250-XCLIENT ADDR LOGIN\r\n250 SIZE 104857600\r\n",
	  STATE_COMMAND, GO_ON },
	{ "QUIT", "221 2.0.0 bye\r\n", STATE_COMMAND, CLOSE },
	{ "DATA", "354 go on\r\n", STATE_DATA, GO_ON },
	{ "XCLIENT", "220 backend ESMTP\r\n", STATE_COMMAND, GO_ON },
	{ NULL, "250 2.0.0 ok\r\n", STATE_COMMAND, GO_ON },
};

static const struct answer smtp_challenge = { "AUTH", "334 \r\n", STATE_AUTH, GO_ON };
static const struct answer smtp_welcome = { "AUTH", "235 2.7.0 ok\r\n", STATE_COMMAND, GO_ON };

static enum after on_smtp(struct backend *b, int fd, char *line)
{
	struct session *s = &b->sessions[fd];
	if (s->state == STATE_AUTH)
		return answer_give(fd, s, &smtp_welcome);
	if (is(line, "AUTH"))
		return answer_give(fd, s, has_response(line) ? &smtp_welcome : &smtp_challenge);
	memset(s->tag, 0, sizeof(s->tag));
	return answer_give(fd, s, answer_of(smtp_answers, line));
}

/* --- IMAP --- */

/* What is said before a command's OK. */
static const struct answer imap_answers[] = {
	{ "CAPABILITY", "* CAPABILITY IMAP4rev1 SASL-IR LITERAL+ ID ENABLE IDLE AUTH=PLAIN\r\n",
	  STATE_COMMAND, GO_ON },
	{ "ID", "* ID NIL\r\n", STATE_COMMAND, GO_ON },
	{ "LOGOUT", "* BYE bye\r\n", STATE_COMMAND, CLOSE },
	{ NULL, "", STATE_COMMAND, GO_ON },
};

static const struct answer imap_idling = { "IDLE", "+ idling\r\n", STATE_IDLE, GO_ON };
static const struct answer imap_challenge = { "AUTHENTICATE", "+ \r\n", STATE_LITERAL, GO_ON };
static const struct answer imap_literal = { "", "+ go on\r\n", STATE_LITERAL, GO_ON };

void lines_imap_done(int fd, const struct session *s, const char *untagged)
{
	char text[256];
	int len = snprintf(text, sizeof(text), "%s%s OK done\r\n", untagged, s->tag);
	backend_put(fd, text, (size_t)len);
}

static bool ends_in_literal(const char *line)
{
	size_t len = strlen(line);
	return len && line[len - 1] == '}';
}

/* The line of a literal, or DONE. */
static enum after on_imap_more(int fd, struct session *s, const char *line)
{
	if (s->state == STATE_LITERAL && ends_in_literal(line))
		return answer_give(fd, s, &imap_literal);
	s->state = STATE_COMMAND;
	lines_imap_done(fd, s, "");
	return GO_ON;
}

/* "APPEND ... {n+}" takes n bytes, "FETCH 1 BODY[]<0.n>" brings them; false if it is neither. */
static bool imap_moves(struct backend *b, int fd, const char *command)
{
	char text[64];
	struct session *s = &b->sessions[fd];
	bool is_append = is(command, "APPEND");
	const char *size = strrchr(command, is_append ? '{' : '.');
	if (!size || !(is_append || is(command, "FETCH")))
		return false;
	uint64_t count = strtoull(size + 1, NULL, 10);
	if (is_append) {
		s->left = count;
		s->state = STATE_TAKE;
		return true;
	}
	int len = snprintf(text, sizeof(text), "* 1 FETCH (BODY[] {%llu}\r\n",
	                   (unsigned long long)count);
	backend_put(fd, text, (size_t)len);
	bytes_source_begin(b, fd, count);
	return true;
}

static enum after on_imap(struct backend *b, int fd, char *line)
{
	struct session *s = &b->sessions[fd];
	if (s->state == STATE_LITERAL || s->state == STATE_IDLE)
		return on_imap_more(fd, s, line);
	char *command = strchr(line, ' ');
	if (!command)
		return GO_ON;
	*command++ = 0;
	snprintf(s->tag, sizeof(s->tag), "%s", line);
	if (is(command, "IDLE"))
		return answer_give(fd, s, &imap_idling);
	if (imap_moves(b, fd, command))
		return GO_ON;
	const struct answer *a = answer_of(imap_answers, command);
	if (!a->verb && ends_in_literal(command))
		return answer_give(fd, s, &imap_literal);
	if (is(command, "AUTHENTICATE") && !has_response(command))
		return answer_give(fd, s, &imap_challenge);
	lines_imap_done(fd, s, a->text);
	return a->after;
}

/* --- POP3 --- */

static const struct answer pop3_answers[] = {
	{ "CAPA", "+OK\r\nUSER\r\nUIDL\r\nSASL PLAIN\r\n.\r\n", STATE_COMMAND, GO_ON },
	{ "QUIT", "+OK bye\r\n", STATE_COMMAND, CLOSE },
	{ NULL, "+OK\r\n", STATE_COMMAND, GO_ON },
};

static const struct answer pop3_challenge = { "AUTH", "+ \r\n", STATE_AUTH, GO_ON };

static enum after on_pop3(struct backend *b, int fd, char *line)
{
	struct session *s = &b->sessions[fd];
	if (s->state == STATE_AUTH)
		line = "";
	else if (is(line, "AUTH") && !has_response(line))
		return answer_give(fd, s, &pop3_challenge);
	return answer_give(fd, s, answer_of(pop3_answers, line));
}

/* --- nginx: its state is the mode that it asks for --- */

static enum after on_auth(struct backend *b, int fd, char *line)
{
	char text[256];
	struct session *s = &b->sessions[fd];
	if (!strncasecmp(line, "Auth-Protocol:", 14))
		for (int mode = MODE_SMTP; mode <= MODE_POP3; mode++)
			if (strstr(line, backend_mode_name((enum mode)mode)))
				s->state = (uint8_t)mode;
	if (*line)
		return GO_ON;
	int len = snprintf(text, sizeof(text),
	                   "HTTP/1.0 200 OK\r\nAuth-Status: OK\r\nAuth-Server: 127.0.0.1\r\n"
	                   "Auth-Port: %d\r\n\r\n",
	                   b->ports[s->state]);
	backend_put(fd, text, (size_t)len);
	return CLOSE;
}

/* --- lines --- */

static enum after (*const on_line[MODE_COUNT])(struct backend *b, int fd, char *line) = {
	[MODE_SMTP] = on_smtp,
	[MODE_IMAP] = on_imap,
	[MODE_POP3] = on_pop3,
	[MODE_AUTH] = on_auth,
};

struct input {
	char bytes[PARTIAL_MAX + READ];
	size_t len;
};

/* Behind what is kept of an unfinished line; false if there is no more to come. */
static bool input_read(struct input *in, int fd, struct session *s)
{
	in->len = s->partial_len;
	if (in->len) {
		memcpy(in->bytes, s->partial, in->len);
		free(s->partial);
		s->partial_len = 0;
	}
	ssize_t n = recv(fd, in->bytes + in->len, READ, 0);
	if (n > 0)
		in->len += (size_t)n;
	return n > 0 || (n < 0 && errno == EAGAIN);
}

/* Ended by NUL, without CR LF; NULL: it has no end yet. */
static char *line_next(char **at, const char *end)
{
	char *line = *at, *lf = memchr(line, '\n', (size_t)(end - line));
	if (!lf)
		return NULL;
	*lf = 0;
	if (lf > line && lf[-1] == '\r')
		lf[-1] = 0;
	*at = lf + 1;
	return line;
}

/* 0, or -1 if it is too long. */
static int partial_keep(struct session *s, const char *from, size_t len)
{
	if (len > PARTIAL_MAX || !(s->partial = malloc(PARTIAL_MAX)))
		return -1;
	memcpy(s->partial, from, len);
	s->partial_len = (uint8_t)len;
	return 0;
}

void lines_read(struct backend *b, int fd)
{
	struct input in;
	struct session *s = &b->sessions[fd];
	if (!input_read(&in, fd, s)) {
		backend_drop(b, fd);
		return;
	}
	char *at = in.bytes, *end = in.bytes + in.len;
	for (char *line; (line = line_next(&at, end));) {
		if (on_line[s->mode](b, fd, line) == CLOSE) {
			backend_drop(b, fd);
			return;
		}
		if (s->state == STATE_TAKE)
			at += bytes_literal_take(b, fd, (size_t)(end - at));
	}
	bool moves = s->state == STATE_TAKE || s->state == STATE_SOURCE;
	if (!moves && at < end && partial_keep(s, at, (size_t)(end - at)))
		backend_drop(b, fd);
}
