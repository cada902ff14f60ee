/*
 * HTTP on a listening socket (libmicrohttpd), driven by our loop. Knows nothing of what is
 * answered; every answer has the fields that keep a browser from doing more than to show it.
 */
#ifndef WEB_SERVER_H
#define WEB_SERVER_H

#include "io/loop.h"
#include "web/reply.h"

struct web_server;

struct web_server_settings {
	struct io_loop *loop;
	int fd;          /* listens; taken in any case */
	bool has_header; /* each connection begins with a PROXY header of version 2, which says
	                    who the peer is; one without is closed */
	size_t body_max; /* of a POST; 0: none is read, whoever answers */
	uint32_t
		lifetime_ms; /* of a connection, whatever its client does; 0: as long as it likes */
	void *owner;
	/* Fills reply, which is empty; its body is the server's then. */
	void (*on_request)(void *owner, const struct web_request *request, struct web_reply *reply);
};

[[nodiscard]] int web_server_new(struct web_server **ret_server,
                                 const struct web_server_settings *set);
/* Connections are closed. NULL is fine; not from inside on_request. */
void web_server_free(struct web_server *server);

#endif
