/*
 * A web server for tests: a thread on a port of loopback that answers from a table, one connection
 * after the other; in TLS if it has a pair. What is not in the table is 404; the answer NULL is
 * none at all: the connection stays open until the end. The first page whose host and path fit is
 * taken.
 */
#ifndef ASK_TEST_WEB_H
#define ASK_TEST_WEB_H

#include "tls/test_support.h"

#undef NDEBUG
#include <arpa/inet.h>
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

struct web_page {
	const char *host; /* NULL: any */
	const char *path;
	const char *answer; /* status line, fields, empty line, body */
};

struct web_server {
	const struct web_page *pages;
	size_t count;
	int fd;
	unsigned port;
	SSL_CTX *tls; /* or NULL */
	pthread_t thread;
	atomic_uint connections;
	int stalled[16];
	unsigned stalled_count;
};

static ssize_t web_read(SSL *ssl, int fd, char *to, size_t cap)
{
	return ssl ? SSL_read(ssl, to, (int)cap) : recv(fd, to, cap, 0);
}

static void web_write(SSL *ssl, int fd, const char *text)
{
	if (ssl)
		(void)SSL_write(ssl, text, (int)strlen(text));
	else
		(void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static const struct web_page *web_find(const struct web_server *w, const char *request)
{
	char path[512] = "", host[300] = "";
	sscanf(request, "GET %511s", path);
	const char *field = strcasestr(request, "\r\nHost: ");
	if (field)
		sscanf(field + 8, "%299[^:\r]", host);
	for (size_t i = 0; i < w->count; i++)
		if (!strcmp(w->pages[i].path, path) &&
		    (!w->pages[i].host || !strcmp(w->pages[i].host, host)))
			return &w->pages[i];
	return NULL;
}

/* True: the connection is kept, and nobody answers it. */
static bool web_answer(struct web_server *w, SSL *ssl, int fd)
{
	char request[4096];
	size_t len = 0;
	ssize_t n = 0;
	do {
		request[len] = '\0';
		if (strstr(request, "\r\n\r\n"))
			break;
		n = web_read(ssl, fd, request + len, sizeof(request) - 1 - len);
		len += n > 0 ? (size_t)n : 0;
	} while (n > 0 && len < sizeof(request) - 1);
	if (n <= 0)
		return false;
	const struct web_page *page = web_find(w, request);
	if (page && !page->answer && w->stalled_count < 16) {
		w->stalled[w->stalled_count++] = fd;
		return true;
	}
	web_write(ssl, fd,
	          page ? page->answer : "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
	return false;
}

static void *web_serve(void *argument)
{
	struct web_server *w = argument;
	const struct timeval patience = { .tv_sec = 10 };
	for (;;) {
		int fd = accept(w->fd, NULL, NULL);
		if (fd < 0)
			return NULL;
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		atomic_fetch_add(&w->connections, 1);
		SSL *ssl = w->tls ? SSL_new(w->tls) : NULL;
		bool is_kept = false;
		if (!ssl || (SSL_set_fd(ssl, fd) && SSL_accept(ssl) == 1)) {
			is_kept = web_answer(w, ssl, fd);
			if (ssl && !is_kept)
				SSL_shutdown(ssl);
		}
		SSL_free(ssl);
		if (!is_kept)
			close(fd);
	}
}

static SSL_CTX *web_tls_make(const struct test_pair *pair)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
	assert(tls && SSL_CTX_use_certificate(tls, pair->certificate) == 1 &&
	       SSL_CTX_use_PrivateKey(tls, pair->key) == 1);
	return tls;
}

/* pair: NULL for http */
static void web_start(struct web_server *w, const struct web_page *pages, size_t count,
                      const struct test_pair *pair)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	*w = (struct web_server){ .pages = pages,
		                  .count = count,
		                  .fd = socket(AF_INET, SOCK_STREAM, 0),
		                  .tls = pair ? web_tls_make(pair) : NULL };
	assert(!bind(w->fd, (struct sockaddr *)&at, len) && !listen(w->fd, 64) &&
	       !getsockname(w->fd, (struct sockaddr *)&at, &len));
	w->port = ntohs(at.sin_port);
	assert(!pthread_create(&w->thread, NULL, web_serve, w));
}

static void web_stop(struct web_server *w)
{
	shutdown(w->fd, SHUT_RDWR); /* ends its accept() */
	pthread_join(w->thread, NULL);
	close(w->fd);
	for (unsigned i = 0; i < w->stalled_count; i++)
		close(w->stalled[i]);
	SSL_CTX_free(w->tls);
}

#endif
