#include "cmd/watch_listeners.h"

#include "base/clean.h"
#include "base/err.h"
#include "cmd/watch_sockets.h"
#include "io/loop.h"
#include "io/stream.h"
#include "report/table.h"
#include "up/ports.h"
#include "watch/proto.h"
#include "watch/word.h"

#include <errno.h>
#include <jansson.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

enum { WELL, NOT_WELL, UNKNOWN };
enum { PATIENCE_MS = 3000 };

/* What a client would ask each of them, to hear whether TLS is offered. */
static const struct question {
	const char *protocol, *text;
} questions[] = {
	{ "smtp", "EHLO localhost\r\n" },
	{ "lmtp", "LHLO localhost\r\n" },
	{ "imap", "a1 CAPABILITY\r\n" },
	{ "pop3", "CAPA\r\n" },
	{ "managesieve", "" },
};

struct listeners;

struct listener {
	struct listeners *all;
	struct watch_socket socket;
	const char *program;
	struct io_stream stream;
	bool is_open, is_asked;
	const struct question *question; /* NULL: no mail server, or it says nothing */
	struct watch_talk talk;
};

struct listeners {
	struct io_loop *loop;
	struct io_deadline patience;
	struct watch_sockets sockets;
	struct up_ports ports;
	struct listener *list;
	size_t open_count;
};

static void listener_close(struct listener *l)
{
	if (!l->is_open)
		return;
	l->is_open = false;
	io_stream_deinit(&l->stream);
	if (!--l->all->open_count)
		io_loop_stop(l->all->loop);
}

/* By its greeting; a POP3 server's is told by what one would say to it. */
static const struct watch_proto *protocol_of(struct slice greeting)
{
	static const char *const said[] = { "", "CAPA\r\n", "EHLO localhost\r\n" };
	for (size_t i = 0; i < COUNT_OF(said); i++) {
		const struct watch_opening o = { .client = slice_str(said[i]), .server = greeting };
		bool has_more;
		const struct watch_proto *proto = watch_proto_find(&o, &has_more);
		if (proto)
			return proto;
	}
	return NULL;
}

static void greeting_look(struct listener *l, struct slice greeting)
{
	const struct watch_proto *proto = protocol_of(greeting);
	for (size_t i = 0; proto && i < COUNT_OF(questions); i++)
		if (!strcmp(questions[i].protocol, proto->name))
			l->question = &questions[i];
	l->talk.proto = proto;
}

static void on_data(struct listener *l)
{
	struct slice input = io_stream_input(&l->stream);
	if (!l->question && slice_find(input, '\n') < input.len)
		greeting_look(l, input);
	if (!l->question)
		return;
	struct slice question = slice_str(l->question->text);
	io_stream_consume(&l->stream, watch_talk_feed(&l->talk, WATCH_SERVER, input));
	if (!l->is_asked) {
		l->is_asked = true;
		(void)watch_talk_feed(&l->talk, WATCH_CLIENT, question);
		if (io_stream_write(&l->stream, question))
			listener_close(l);
	} else if (l->talk.is_offered) {
		listener_close(l);
	}
}

static void on_event(struct io_stream *stream, enum io_stream_event event)
{
	struct listener *l = stream->owner;
	switch (event) {
	case IO_STREAM_DATA:
		on_data(l);
		return;
	case IO_STREAM_EOF:
	case IO_STREAM_ERROR:
	case IO_STREAM_TLS_FAILED:
		listener_close(l);
		return;
	case IO_STREAM_CONNECTED:
	case IO_STREAM_TLS_UP:
	case IO_STREAM_ROOM:
		return;
	}
}

static void on_patience(struct io_deadline *d)
{
	struct listeners *all =
		(struct listeners *)((char *)d - offsetof(struct listeners, patience));
	io_loop_stop(all->loop);
}

/* Where it listens; of all addresses, on loopback. */
static socklen_t place_of(const struct watch_socket *s, struct sockaddr_storage *ret_place)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret_place;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret_place;
	bool is_wild = watch_socket_is_wild(s);
	memset(ret_place, 0, sizeof(*ret_place));
	if (s->is_v4) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(s->port);
		memcpy(&v4->sin_addr, s->address.bytes + 12, 4);
		if (is_wild)
			v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		return sizeof(*v4);
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(s->port);
	memcpy(&v6->sin6_addr, s->address.bytes, 16);
	if (is_wild)
		v6->sin6_addr = in6addr_loopback;
	return sizeof(*v6);
}

static const char *program_of(const struct listeners *all, uint16_t port)
{
	for (size_t i = 0; i < all->ports.count; i++)
		if (all->ports.items[i].port == port && all->ports.items[i].program[0])
			return all->ports.items[i].program;
	return "";
}

/* One that cannot be connected to just says nothing. */
static void listener_begin(struct listeners *all, struct listener *l, const struct watch_socket *s)
{
	struct sockaddr_storage place;
	struct io_way way = { .to = (const struct sockaddr *)&place };
	*l = (struct listener){ .all = all, .socket = *s, .program = program_of(all, s->port) };
	way.len = place_of(s, &place);
	l->stream.on_event = on_event;
	l->stream.owner = l;
	if (io_stream_connect(&l->stream, all->loop, &way))
		return;
	l->is_open = true;
	all->open_count++;
}

static int look(struct listeners *all)
{
	int r = watch_sockets_read(&all->sockets);
	if (!r)
		r = up_ports_read(&all->ports);
	if (!r)
		r = io_loop_new(&all->loop);
	if (r)
		return err_up(r);
	all->list = calloc(all->sockets.count + 1, sizeof(*all->list));
	if (!all->list)
		return err_raise(-ENOMEM);
	for (size_t i = 0; i < all->sockets.count; i++)
		listener_begin(all, &all->list[i], &all->sockets.list[i]);
	all->patience.fn = on_patience;
	io_deadline_arm(all->loop, &all->patience, PATIENCE_MS);
	r = all->open_count ? io_loop_run(all->loop) : 0;
	io_deadline_disarm(&all->patience);
	return err_up(r);
}

static void end(struct listeners *all)
{
	for (size_t i = 0; all->list && i < all->sockets.count; i++)
		if (all->list[i].is_open)
			io_stream_deinit(&all->list[i].stream);
	free(all->list);
	up_ports_deinit(&all->ports);
	io_loop_free(all->loop);
}

/* --- what is shown --- */

static const struct report_column columns[] = {
	{ "address", "address", REPORT_TEXT },    { "port", "port", REPORT_COUNT },
	{ "program", "program", REPORT_TEXT },    { "reached_by", "reached by", REPORT_TEXT },
	{ "says", "says in clear", REPORT_TEXT }, { "starttls", "offers TLS", REPORT_BOOL },
};

static bool is_fault(const struct listener *l)
{
	return l->question && !l->talk.is_offered && !watch_socket_is_loopback(&l->socket);
}

static int row_add(struct report_table *t, const struct listener *l)
{
	char address[WATCH_ADDRESS_CAP];
	bool is_local = watch_socket_is_loopback(&l->socket);
	watch_address_print(&l->socket.address, address);
	return err_up(REPORT_ROW(t, report_text(address), report_count(l->socket.port),
	                         report_text(l->program),
	                         report_text(is_local ? "this host" : "others"),
	                         report_text(l->talk.proto ? l->talk.proto->name : ""),
	                         l->question ? report_bool(l->talk.is_offered) : report_unknown()));
}

static int table_make(struct report_table *t, const struct listeners *all)
{
	int r = 0;
	for (size_t i = 0; !r && i < all->sockets.count; i++)
		r = row_add(t, &all->list[i]);
	if (!r)
		r = report_table_note(t, "what says nothing first speaks TLS at once, or lets the "
		                         "client begin");
	for (size_t i = 0; !r && i < all->sockets.count; i++)
		if (is_fault(&all->list[i]))
			r = report_table_note(t, "port %u: %s without TLS, for whoever gets here",
			                      all->list[i].socket.port,
			                      all->list[i].talk.proto->name);
	return err_up(r);
}

static int json_write(const struct report_table *t)
{
	json_t *rows = report_table_json(t);
	int r = rows && !json_dumpf(rows, stdout, JSON_INDENT(2)) ? 0 : err_raise(-ENOMEM);
	json_decref(rows);
	fputc('\n', stdout);
	return r;
}

static int show(const struct listeners *all, bool is_json)
{
	CLEAN(report_table_deinit)
	struct report_table t = { .columns = columns,
		                  .column_count = COUNT_OF(columns),
		                  .empty = "nobody listens" };
	CLEAN(buf_deinit) struct buf text = {};
	int r = table_make(&t, all);
	if (!r && is_json)
		return err_up(json_write(&t));
	if (!r)
		r = report_table_text(&text, &t, 0);
	if (!r)
		fwrite(buf_slice(&text).data, 1, buf_len(&text), stdout);
	return err_up(r);
}

int watch_listeners_show(bool is_json)
{
	CLEAN(freep) struct listeners *all = calloc(1, sizeof(*all));
	int r = all ? look(all) : err_raise(-ENOMEM);
	int status = WELL;
	if (!r)
		r = show(all, is_json);
	for (size_t i = 0; !r && i < all->sockets.count; i++)
		if (is_fault(&all->list[i]))
			status = NOT_WELL;
	if (all)
		end(all);
	if (!r)
		return status;
	fprintf(stderr, "mailseal watch: %s\n", strerror(-r));
	return UNKNOWN;
}
