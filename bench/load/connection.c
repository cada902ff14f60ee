#define _GNU_SOURCE
#include "load/connection.h"

#include "common/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SOURCE_FIRST = 0x7f000101 }; /* 127.0.1.1 */

/* --- open and close --- */

struct connection *connections_new(struct load *l, int count)
{
	struct connection *all = calloc((size_t)count, sizeof(*all));
	if (!all) {
		perror("loadgen");
		exit(1);
	}
	for (int i = 0; i < count; i++) {
		all[i].load = l;
		all[i].fd = -1;
	}
	return all;
}

/* In turn, as one address has not ports enough. */
static void source_set(struct load *l, int fd)
{
	int on = 1;
	uint32_t number = (uint32_t)(l->next_source++ % l->options->source_count);
	struct sockaddr_in from = { .sin_family = AF_INET,
		                    .sin_addr.s_addr = htonl(SOURCE_FIRST + number) };
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	(void)bind(fd, (struct sockaddr *)&from, sizeof(from));
}

static int socket_connect(struct connection *c)
{
	int on = 1;
	struct load *l = c->load;
	struct sockaddr_in to = { .sin_family = AF_INET,
		                  .sin_port = htons((uint16_t)l->options->port) };
	inet_pton(AF_INET, l->options->address, &to.sin_addr);
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (l->options->source_count > 0)
		source_set(l, c->fd);
	c->opened_ns = clock_ns();
	return connect(c->fd, (struct sockaddr *)&to, sizeof(to)) && errno != EINPROGRESS ? -1 : 0;
}

int connection_open(struct connection *c)
{
	struct load *l = c->load;
	c->ssl = NULL;
	c->is_sealed = c->has_said = false;
	c->phase = 0;
	c->line_len = c->moved = 0;
	c->step = dialogue_of(l->options);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || socket_connect(c)) {
		load_fail(l, strerror(errno));
		if (c->fd >= 0)
			close(c->fd);
		c->fd = -1;
		return -1;
	}
	struct epoll_event e = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
		                 .data.ptr = c };
	epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &e);
	l->open_count++;
	return 0;
}

void connection_close(struct connection *c, enum connection_end end)
{
	if (c->fd < 0)
		return;
	if (c->ssl && end == CONNECTION_NOTIFY)
		SSL_shutdown(c->ssl);
	else if (c->ssl)
		SSL_set_quiet_shutdown(c->ssl, 1);
	SSL_free(c->ssl);
	c->ssl = NULL;
	ERR_clear_error();
	close(c->fd);
	c->fd = -1;
	c->load->open_count--;
}

/* --- bytes --- */

static bool must_wait(const SSL *ssl, int r)
{
	int error = SSL_get_error(ssl, r);
	return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

static int of_socket(ssize_t n)
{
	if (n >= 0)
		return (int)n;
	return errno == EAGAIN ? CONNECTION_BLOCKED : CONNECTION_BROKEN;
}

int connection_get(struct connection *c, void *to, size_t cap)
{
	if (!c->is_sealed)
		return of_socket(recv(c->fd, to, cap, 0));
	int r = SSL_read(c->ssl, to, (int)cap);
	if (r > 0)
		return r;
	if (SSL_get_error(c->ssl, r) == SSL_ERROR_ZERO_RETURN)
		return 0;
	return must_wait(c->ssl, r) ? CONNECTION_BLOCKED : CONNECTION_BROKEN;
}

int connection_put(struct connection *c, const void *from, size_t len)
{
	if (!c->is_sealed)
		return of_socket(send(c->fd, from, len, MSG_NOSIGNAL));
	int r = SSL_write(c->ssl, from, (int)len);
	if (r > 0)
		return r;
	return must_wait(c->ssl, r) ? CONNECTION_BLOCKED : CONNECTION_BROKEN;
}

enum progress connection_failed(struct connection *c, const char *what)
{
	load_fail(c->load, what);
	return PROGRESS_FAILED;
}

static enum progress shake(struct connection *c)
{
	struct load *l = c->load;
	if (!c->ssl) {
		c->ssl = SSL_new(l->tls.context);
		SSL_set_fd(c->ssl, c->fd);
		SSL_set_connect_state(c->ssl);
		if (l->options->is_resuming && l->tls.session)
			SSL_set_session(c->ssl, l->tls.session);
	}
	int r = SSL_do_handshake(c->ssl);
	if (r != 1)
		return must_wait(c->ssl, r) ? PROGRESS_WAIT : connection_failed(c, "handshake");
	c->is_sealed = true;
	l->counts.handshakes++;
	l->counts.resumed += SSL_session_reused(c->ssl) != 0;
	return PROGRESS_DONE;
}

/* --- lines --- */

static bool begins(const char *line, const char *with)
{
	return !strncmp(line, with, strlen(with));
}

/* Whether the line in c->line is whole with it. */
static bool line_add(struct connection *c, char byte)
{
	if (c->line_len < sizeof(c->line) - 1)
		c->line[c->line_len++] = byte;
	if (byte != '\n')
		return false;
	c->line[c->line_len] = 0;
	c->line_len = 0;
	return true;
}

enum progress connection_say(struct connection *c, const char *text)
{
	size_t len = strlen(text);
	int n = connection_put(c, text, len);
	if (n == CONNECTION_BLOCKED)
		return PROGRESS_WAIT;
	return n >= 0 && (size_t)n == len ? PROGRESS_DONE : connection_failed(c, "send");
}

enum progress connection_hear(struct connection *c, const char *want)
{
	for (;;) {
		char byte;
		int n = connection_get(c, &byte, 1);
		if (n == CONNECTION_BLOCKED)
			return PROGRESS_WAIT;
		if (n <= 0)
			return connection_failed(c, "no answer");
		if (!line_add(c, byte))
			continue;
		if (begins(c->line, want))
			return PROGRESS_DONE;
		if (c->line[0] == '5' || c->line[0] == '4')
			return connection_failed(c, c->line);
	}
}

/* --- the dialogue --- */

/* Whether the line that is wanted is among the bytes; without one, the step waits for more. */
static enum progress lines_judge(struct connection *c, const char *bytes, int count)
{
	const struct step *s = c->step;
	for (int i = 0; i < count; i++) {
		if (!line_add(c, bytes[i]) || s->kind == STEP_CLOSED)
			continue;
		if (begins(c->line, s->want))
			return PROGRESS_DONE;
		if (s->bad && begins(c->line, s->bad))
			return connection_failed(c, c->line);
	}
	return PROGRESS_WAIT;
}

static enum progress answer_await(struct connection *c)
{
	char bytes[4096];
	enum progress p = PROGRESS_WAIT;
	while (p == PROGRESS_WAIT) {
		int n = connection_get(c, bytes, sizeof(bytes));
		if (n == CONNECTION_BLOCKED)
			return PROGRESS_WAIT;
		if (n == 0 && c->step->kind == STEP_CLOSED)
			return PROGRESS_DONE;
		if (n <= 0)
			return connection_failed(c, n == 0 ? "closed early" : "receive");
		p = lines_judge(c, bytes, n);
	}
	return p;
}

static enum progress step_line(struct connection *c)
{
	const char *say = c->step->say;
	enum progress p = say && !c->has_said ? connection_say(c, say) : PROGRESS_DONE;
	if (p != PROGRESS_DONE)
		return p;
	c->has_said = true;
	return answer_await(c);
}

static enum progress step_do(struct connection *c)
{
	bool is_plain = c->load->options->is_plain;
	switch (c->step->kind) {
	case STEP_UPGRADE:
		return is_plain ? PROGRESS_DONE : step_line(c);
	case STEP_TLS:
		return is_plain ? PROGRESS_DONE : shake(c);
	case STEP_LINE:
	case STEP_CLOSED:
		return step_line(c);
	case STEP_END:
		break;
	}
	return PROGRESS_DONE;
}

bool connection_is_up(const struct connection *c)
{
	return c->fd >= 0 && c->step->kind == STEP_END;
}

enum progress connection_talk(struct connection *c)
{
	while (c->step->kind != STEP_END) {
		enum progress p = step_do(c);
		if (p != PROGRESS_DONE)
			return p;
		c->step++;
		c->has_said = false;
		c->line_len = 0;
	}
	return PROGRESS_DONE;
}
