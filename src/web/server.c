#include "web/server.h"
#include "web/front.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum {
	CONNECTIONS_MAX = 256,
	CONNECTIONS_OF_PEER = 32,      /* where a PROXY header says who that is */
	CONNECTION_TIMEOUT_S = 10,     /* also of a client that went in the middle of a request */
	CONNECTION_MEMORY = 32 * 1024, /* of a request, its fields included */
	TARGET_MAX = 4096,
};

struct web_server {
	struct web_server_settings set;
	struct MHD_Daemon *daemon;
	struct io_watch *watch;
	struct io_deadline due;
	struct io_later again;
	struct web_front *front; /* has_header */
};

/* A request until its answer is sent. */
struct exchange {
	char *target; /* as it came */
	struct buf body;
	bool has_begun;
};

/* A connection whose time is bounded. */
struct life {
	struct io_deadline end;
	int fd;
};

static const struct {
	const char *name, *value;
} fields[] = {
	{ "Content-Security-Policy",
	  "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
	  "frame-ancestors 'none'; base-uri 'none'" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "X-Frame-Options", "DENY" },
	{ "Referrer-Policy", "no-referrer" },
	{ "Cross-Origin-Opener-Policy", "same-origin" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	{ "Permissions-Policy", "interest-cohort=()" },
	{ "Cache-Control", "no-store" },
};

static const char *const content_types[] = {
	[WEB_CONTENT_TEXT] = "text/plain; charset=utf-8",
	[WEB_CONTENT_HTML] = "text/html; charset=utf-8",
	[WEB_CONTENT_CSS] = "text/css; charset=utf-8",
	[WEB_CONTENT_METRICS] = "text/plain; version=0.0.4; charset=utf-8",
	[WEB_CONTENT_JSON] = "application/json",
	[WEB_CONTENT_XML] = "text/xml; charset=utf-8",
};
_Static_assert(COUNT_OF(content_types) == WEB_CONTENT_COUNT, "a type for each content");

static bool fields_add(const struct web_server *server, struct MHD_Response *response,
                       const struct web_reply *reply)
{
	bool is_well = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
	                                       content_types[reply->content]) == MHD_YES;
	if (reply->location[0])
		is_well &= MHD_add_response_header(response, MHD_HTTP_HEADER_LOCATION,
		                                   reply->location) == MHD_YES;
	for (size_t i = 0; i < COUNT_OF(fields); i++)
		is_well &= MHD_add_response_header(response, fields[i].name, fields[i].value) ==
		           MHD_YES;
	if (reply->asks_password)
		is_well &= MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
		                                   "Basic realm=\"mailseal\", charset=\"UTF-8\"") ==
		           MHD_YES;
	if (reply->may_wait)
		is_well &= MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "60") ==
		           MHD_YES;
	if (reply->status == MHD_HTTP_METHOD_NOT_ALLOWED)
		is_well &= MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW,
		                                   server->set.body_max ? "GET, HEAD, POST"
		                                                        : "GET, HEAD") == MHD_YES;
	return is_well;
}

static void on_kept_sent(void *owner)
{
	web_kept_unref(owner);
}

static struct MHD_Response *response_new(const struct web_reply *reply)
{
	struct slice body = buf_slice(reply->kept ? &reply->kept->body : &reply->body);
	void *bytes = body.len ? (void *)body.data : (void *)"";
	if (!reply->kept)
		return MHD_create_response_from_buffer(body.len, bytes, MHD_RESPMEM_MUST_COPY);
	struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(
		body.len, bytes, on_kept_sent, web_kept_ref(reply->kept));
	if (!response)
		web_kept_unref(reply->kept);
	return response;
}

/* MHD_NO ends the connection. */
static enum MHD_Result reply_send(const struct web_server *server,
                                  struct MHD_Connection *connection, const struct web_reply *reply)
{
	struct MHD_Response *response = response_new(reply);
	if (!response)
		return MHD_NO;
	enum MHD_Result result = MHD_NO;
	if (fields_add(server, response, reply))
		result = MHD_queue_response(connection, reply->status, response);
	MHD_destroy_response(response);
	return result;
}

static const char *field_of(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static enum MHD_Result last_take(void *owner, enum MHD_ValueKind kind, const char *name,
                                 const char *value)
{
	(void)kind;
	if (!strcasecmp(name, "X-Forwarded-For"))
		*(const char **)owner = value;
	return MHD_YES;
}

/* The peer's address as text, or NULL. */
static const char *peer_of(struct MHD_Connection *connection, char ret_text[INET6_ADDRSTRLEN])
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *peer = info ? info->client_addr : NULL;
	if (peer && peer->sa_family == AF_INET)
		return inet_ntop(AF_INET, &((const struct sockaddr_in *)peer)->sin_addr, ret_text,
		                 INET6_ADDRSTRLEN);
	if (peer && peer->sa_family == AF_INET6)
		return inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)peer)->sin6_addr,
		                 ret_text, INET6_ADDRSTRLEN);
	return NULL;
}

static enum MHD_Result answer(const struct web_server *server, struct MHD_Connection *connection,
                              const char *method, const struct exchange *x)
{
	char peer[INET6_ADDRSTRLEN];
	struct web_reply reply = { .status = 500 };
	struct web_request request = {
		.method = method,
		.target = x->target,
		.host = field_of(connection, MHD_HTTP_HEADER_HOST),
		.authorization = field_of(connection, MHD_HTTP_HEADER_AUTHORIZATION),
		.peer = peer_of(connection, peer),
		.fetch_site = field_of(connection, "Sec-Fetch-Site"),
		.body = buf_slice(&x->body),
		.now_s = time(NULL),
		.now_ms = io_loop_now_ms(server->set.loop),
	};
	MHD_get_connection_values(connection, MHD_HEADER_KIND, last_take, &request.forwarded);
	server->set.on_request(server->set.owner, &request, &reply);
	enum MHD_Result result = reply_send(server, connection, &reply);
	buf_deinit(&reply.body);
	web_kept_unref(reply.kept);
	return result;
}

/* Called when the request line and all fields are there, with each piece of a body, and behind the
 * last. A body that nobody wants is not read. */
static enum MHD_Result on_request(void *owner, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *data_len, void **at)
{
	const struct web_server *server = owner;
	struct exchange *x = *at;
	(void)url, (void)version;
	if (!x)
		return MHD_NO;
	if (!server->set.body_max || strcmp(method, "POST") != 0)
		return answer(server, connection, method, x);
	if (!x->has_begun) {
		x->has_begun = true;
		return MHD_YES;
	}
	if (!*data_len)
		return answer(server, connection, method, x);
	if (buf_len(&x->body) + *data_len > server->set.body_max ||
	    buf_add(&x->body, slice_of(data, *data_len)))
		return MHD_NO;
	*data_len = 0;
	return MHD_YES;
}

static void exchange_free(struct exchange *x)
{
	if (!x)
		return;
	buf_deinit(&x->body);
	free(x->target);
	free(x);
}

/* libmicrohttpd decodes the target afterwards, where it stands. Freed by on_completed(). */
static void *on_target(void *owner, const char *target, struct MHD_Connection *connection)
{
	struct exchange *x = calloc(1, sizeof(*x));
	(void)owner, (void)connection;
	if (!x)
		return NULL;
	x->target = strndup(target, TARGET_MAX);
	return x->target ? x : (exchange_free(x), NULL);
}

static void on_completed(void *owner, struct MHD_Connection *connection, void **at,
                         enum MHD_RequestTerminationCode how)
{
	(void)owner, (void)connection, (void)how;
	exchange_free(*at);
	*at = NULL;
}

static void on_life_end(struct io_deadline *d)
{
	struct life *life = (struct life *)((char *)d - offsetof(struct life, end));
	shutdown(life->fd, SHUT_RDWR); /* the library meets an end, and closes it */
}

static void life_begin(const struct web_server *server, struct MHD_Connection *connection,
                       void **at)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct life *life = info ? calloc(1, sizeof(*life)) : NULL;
	if (!life)
		return;
	life->fd = info->connect_fd;
	life->end.fn = on_life_end;
	io_deadline_arm(server->set.loop, &life->end, server->set.lifetime_ms);
	*at = life;
}

static void on_connection(void *owner, struct MHD_Connection *connection, void **at,
                          enum MHD_ConnectionNotificationCode what)
{
	const struct web_server *server = owner;
	struct life *life = *at;
	if (what == MHD_CONNECTION_NOTIFY_STARTED && server->set.lifetime_ms) {
		life_begin(server, connection, at);
	} else if (what == MHD_CONNECTION_NOTIFY_CLOSED && life) {
		io_deadline_disarm(&life->end);
		free(life);
		*at = NULL;
	}
}

__attribute__((format(printf, 2, 0))) static void on_log(void *owner, const char *format,
                                                         va_list args)
{
	char text[256];
	(void)owner;
	vsnprintf(text, sizeof(text), format, args);
	log_debug(NULL, "dashboard", kv_str("library", text));
}

static bool is_full(const struct web_server *server)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
	return info && info->num_connections >= CONNECTIONS_MAX;
}

/*
 * One turn of the library, and when it wants the next. While it is full it does not wait for new
 * clients, and only the turn after the one in which there is room again begins with that.
 */
static void turn(struct web_server *server)
{
	MHD_UNSIGNED_LONG_LONG ms;
	bool was_full = is_full(server);
	if (MHD_run(server->daemon) != MHD_YES)
		log_warn(NULL, "dashboard cannot go on");
	io_deadline_disarm(&server->due);
	if (was_full && !is_full(server))
		io_soon_add(server->set.loop, &server->again);
	if (MHD_get_timeout(server->daemon, &ms) != MHD_YES)
		return;
	if (ms)
		io_deadline_arm(server->set.loop, &server->due, ms);
	else
		io_soon_add(server->set.loop, &server->again);
}

static void on_ready(void *owner, int events)
{
	(void)events;
	turn(owner);
}

static void on_due(struct io_deadline *d)
{
	turn((struct web_server *)((char *)d - offsetof(struct web_server, due)));
}

static void on_again(struct io_later *l)
{
	turn((struct web_server *)((char *)l - offsetof(struct web_server, again)));
}

/* A connection whose header was read. */
static void on_client(void *owner, int fd, const struct sockaddr *peer, socklen_t len)
{
	struct web_server *server = owner;
	if (MHD_add_connection(server->daemon, fd, peer, len) != MHD_YES)
		log_debug(NULL, "dashboard: a connection is refused"); /* it is closed */
	turn(server);
}

static int front_start(struct web_server *server)
{
	int fd = TAKE_FD(server->set.fd);
	return err_up(web_front_new(&server->front,
	                            &(struct web_front_settings){ .loop = server->set.loop,
	                                                          .fd = fd,
	                                                          .owner = server,
	                                                          .on_client = on_client }));
}

static int daemon_start(struct web_server *server)
{
	bool has_front = server->set.has_header;
	server->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_ERROR_LOG | (has_front ? MHD_USE_NO_LISTEN_SOCKET : 0), 0,
		NULL, NULL, on_request, server, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, has_front ? (unsigned)CONNECTIONS_OF_PEER : 0U,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)CONNECTION_TIMEOUT_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
		MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_URI_LOG_CALLBACK, on_target, NULL,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_NOTIFY_CONNECTION,
		on_connection, server, has_front ? MHD_OPTION_END : MHD_OPTION_LISTEN_SOCKET,
		server->set.fd, MHD_OPTION_END);
	if (!server->daemon)
		return err_raise(errno ? -errno : -EIO);
	if (!has_front)
		server->set.fd = -1; /* the library closes it */
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info)
		return err_raise(-EIO);
	int r = io_watch_new(&server->watch, server->set.loop, info->epoll_fd, on_ready, server);
	if (!r)
		io_watch_set(server->watch, IO_READ);
	if (!r && has_front)
		r = front_start(server);
	return err_up(r);
}

static void server_freep(struct web_server **server)
{
	web_server_free(*server);
}

int web_server_new(struct web_server **ret_server, const struct web_server_settings *set)
{
	CLEAN(server_freep) struct web_server *server = calloc(1, sizeof(*server));
	if (!server) {
		close(set->fd);
		return err_raise(-ENOMEM);
	}
	server->set = *set;
	server->due.fn = on_due;
	server->again.fn = on_again;
	int r = daemon_start(server);
	if (r)
		return err_up(r);
	*ret_server = TAKE(server);
	return 0;
}

void web_server_free(struct web_server *server)
{
	if (!server)
		return;
	io_deadline_disarm(&server->due);
	io_later_remove(server->set.loop, &server->again);
	io_watch_free(server->watch);
	web_front_free(server->front);
	if (server->daemon)
		MHD_stop_daemon(server->daemon);
	if (server->set.fd >= 0)
		close(server->set.fd);
	free(server);
}
