#include "pki/serve.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "base/log_calm.h"
#include "identity/files.h"
#include "identity/trust.h"
#include "io/stream.h"
#include "pki/desk.h"
#include "pki/signer.h"
#include "pki/strangers.h"
#include "tls/peer.h"
#include "tls/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <time.h>

enum {
	VISITS_MAX = 64,
	VISIT_MS = 15000,
	LINGER_MS = 2000,
	DOOR_AGE_MS = 12 * 3600 * 1000, /* half of our own certificate's life */
	OWN_DAYS = 1,                   /* of our own certificate, made with each door */
	ACCEPTS_AT_ONCE = 16,
};

struct server;

/* One connection. */
struct visitor {
	struct visitor *next;
	struct server *server;
	struct io_stream stream;
	struct io_deadline late;
	struct io_later end;
	struct pki_stranger key;
	char address[INET6_ADDRSTRLEN];
	bool is_answered;
};

struct server {
	const struct pki_serve_settings *set;
	struct io_loop *loop;
	struct io_watch *watches[PKI_SERVE_LISTENERS_MAX + 1];
	struct pki_strangers *strangers;
	struct visitor *visitors;
	struct tls_ca_key *key; /* of this process alone, and of this run */
	struct pki_signer *signer;
	struct tls_server *door;
	uint64_t door_made_ms;
	struct timespec door_times[2]; /* of ca.crt and denied, as it was made of them */
	struct log_calm calm;
	char error[400];
};

/* Our own certificate, by the issuing key; the root goes with it, so that a pin can be met. */
static int own_chain(struct pki *p, const struct tls_ca_key *key, struct buf *ret_chain)
{
	static const char *const dns[] = { IDENTITY_CA_NAME "." IDENTITY_DOMAIN };
	CLEAN(tls_ca_key_freep) struct tls_ca_key *issuing = NULL;
	const struct pki_root *root = pki_root_current(p);
	char serial[TLS_CA_SERIAL_CAP];
	int64_t now_s = time(NULL);
	const struct tls_ca_spec spec = { .kind = TLS_CA_NODE,
		                          .common_name = IDENTITY_CA_NAME,
		                          .dns = dns,
		                          .dns_count = 1,
		                          .not_before_s = now_s - 3600,
		                          .not_after_s = now_s + OWN_DAYS * (int64_t)PKI_DAY_S };
	int r = pki_issuing_key(p, &issuing);
	if (r)
		return r;
	const struct tls_ca_issuer issuer = { buf_slice(&root->issuing), issuing };
	r = tls_ca_certify(&spec, key, &issuer, ret_chain, serial);
	if (!r)
		r = buf_add(ret_chain, buf_slice(&root->issuing));
	if (!r && p->root_count > 1)
		r = buf_add(ret_chain, buf_slice(&root->cross));
	for (size_t i = p->root_count; !r && i-- > 0;)
		r = buf_add(ret_chain, buf_slice(&p->roots[i].root));
	return err_up(r);
}

static int door_fill(struct server *s, struct pki *p, struct tls_server **ret_door)
{
	CLEAN(buf_deinit) struct buf chain = {};
	CLEAN(buf_deinit) struct buf ca = {};
	CLEAN(buf_deinit) struct buf denied = {};
	struct tls_inside *inside = NULL;
	int r = own_chain(p, s->key, &chain);
	if (!r)
		r = pki_bundle_write(p, &ca);
	if (!r)
		r = pki_denied_write(p, time(NULL), &denied);
	if (!r)
		r = identity_inside_new(&inside, buf_slice(&denied), s->set->grace_s, p->error,
		                        sizeof(p->error));
	if (r)
		return r;
	const struct tls_certificate_spec spec = { "pki", buf_slice(&chain), 0 };
	const struct tls_server_settings set = {
		.policy = { .profile = TLS_PROFILE_USER,
		            .min_version = TLS_1_3,
		            .groups = "X25519MLKEM768:X25519:P-256" },
		.certificates = &spec,
		.certificate_count = 1,
		.client_ca_pem = buf_slice(&ca),
		.clients_may_have_none = true,
		.inside = inside,
		.signer = pki_signer_tls(s->signer),
	};
	r = tls_server_new(ret_door, &set, p->error, sizeof(p->error));
	tls_inside_unref(inside);
	return r > 0 ? PKI_FAILED : err_up(r);
}

static void times_read(const struct server *s, struct timespec ret_times[2])
{
	static const char *const names[] = { IDENTITY_CA_FILE, IDENTITY_DENIED_FILE };
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		char path[PKI_PATH_CAP];
		snprintf(path, sizeof(path), "%.300s/%s", s->set->dir, names[i]);
		ret_times[i] = file_time(path);
	}
}

/* One that cannot be made leaves the one before. */
static int door_make(struct server *s)
{
	struct pki p;
	times_read(s, s->door_times);
	struct tls_server *door = NULL;
	int r = pki_open(&p, s->set->dir, PKI_READ);
	if (!r)
		r = door_fill(s, &p, &door);
	if (r)
		snprintf(s->error, sizeof(s->error), "%s", r > 0 ? p.error : strerror(-r));
	pki_deinit(&p);
	s->door_made_ms = io_loop_now_ms(s->loop);
	if (r)
		return r;
	tls_server_unref(s->door);
	s->door = door;
	return 0;
}

static void on_visit_end(struct io_later *later)
{
	struct visitor *v = (struct visitor *)((char *)later - offsetof(struct visitor, end));
	struct visitor **at = &v->server->visitors;
	while (*at != v)
		at = &(*at)->next;
	*at = v->next;
	pki_strangers_leave(v->server->strangers, &v->key);
	io_deadline_disarm(&v->late);
	io_stream_deinit(&v->stream);
	free(v);
}

static void visit_end(struct visitor *v)
{
	io_later_add(v->server->loop, &v->end);
}

static void on_late(struct io_deadline *d)
{
	visit_end((struct visitor *)((char *)d - offsetof(struct visitor, late)));
}

static void answer(struct visitor *v, struct slice line)
{
	CLEAN(buf_deinit) struct buf certificate = {};
	CLEAN(buf_deinit) struct buf text = {};
	enum pki_desk_end end = PKI_DESK_REFUSED;
	int r = tls_session_peer_certificate(v->stream.tls, &certificate);
	const struct pki_visitor who = { buf_slice(&certificate), v->address };
	if (!r)
		r = pki_desk_answer(v->server->set->dir, &who, line, time(NULL), &text, &end);
	if (!r)
		r = io_stream_write(&v->stream, buf_slice(&text));
	if (end == PKI_DESK_GUESSED)
		pki_strangers_guessed(v->server->strangers, &v->key,
		                      io_loop_now_ms(v->server->loop));
	v->is_answered = true;
	if (r) {
		visit_end(v);
		return;
	}
	io_stream_end(&v->stream);
	io_deadline_arm(v->server->loop, &v->late, LINGER_MS);
}

static void on_data(struct visitor *v)
{
	struct slice input = io_stream_input(&v->stream);
	size_t end = slice_find(input, '\n');
	if (v->is_answered) {
		io_stream_consume(&v->stream, input.len);
		return;
	}
	if (end < input.len)
		answer(v, slice_head(input, end));
	else if (input.len > PKI_TALK_REQUEST_MAX)
		visit_end(v);
}

static void on_event(struct io_stream *stream, enum io_stream_event event)
{
	struct visitor *v = stream->owner;
	uint64_t unsaid;
	switch (event) {
	case IO_STREAM_DATA:
		on_data(v);
		break;
	case IO_STREAM_TLS_FAILED:
		if (log_calm(&v->server->calm, io_loop_now_ms(v->server->loop), &unsaid))
			log_warn(NULL, "node's TLS failed", kv_str("client", v->address),
			         kv_str("error", tls_session_error(stream->tls)),
			         kv_str("names", tls_session_peer_names(stream->tls)),
			         kv_int("unsaid", (int64_t)unsaid));
		visit_end(v);
		break;
	case IO_STREAM_EOF:
	case IO_STREAM_ERROR:
		visit_end(v);
		break;
	case IO_STREAM_CONNECTED:
	case IO_STREAM_TLS_UP:
	case IO_STREAM_ROOM:
		break;
	}
}

/* Takes fd. */
static void visit_begin(struct server *s, int fd, const struct sockaddr_storage *from)
{
	struct visitor *v = calloc(1, sizeof(*v));
	struct tls_session *tls = NULL;
	if (!v) {
		close(fd);
		return;
	}
	*v = (struct visitor){ .server = s, .next = s->visitors, .key = pki_stranger_of(from) };
	pki_stranger_print(from, v->address);
	v->late.fn = on_late;
	v->end.fn = on_visit_end;
	v->stream.on_event = on_event;
	v->stream.owner = v;
	if (io_stream_open(&v->stream, s->loop, fd)) {
		close(fd);
		free(v);
		return;
	}
	s->visitors = v;
	pki_strangers_enter(s->strangers, &v->key);
	io_deadline_arm(s->loop, &v->late, VISIT_MS);
	if (tls_session_accept(&tls, s->door, &v->stream))
		visit_end(v);
	else
		io_stream_start_tls(&v->stream, tls);
}

static void door_refresh(struct server *s)
{
	struct timespec times[2];
	uint64_t unsaid, now_ms = io_loop_now_ms(s->loop);
	times_read(s, times);
	bool is_same = !memcmp(times, s->door_times, sizeof(times));
	if ((is_same && now_ms - s->door_made_ms < DOOR_AGE_MS) || !door_make(s))
		return;
	if (log_calm(&s->calm, now_ms, &unsaid))
		log_error(NULL, "the CA cannot be read anew", kv_str("reason", s->error));
}

static void on_listener(struct server *s, int listener)
{
	door_refresh(s);
	for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
		struct sockaddr_storage from = {};
		socklen_t len = sizeof(from);
		int fd = accept4(listener, (struct sockaddr *)&from, &len,
		                 SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			return;
		struct pki_stranger key = pki_stranger_of(&from);
		if (pki_strangers_may(s->strangers, &key, io_loop_now_ms(s->loop)))
			visit_begin(s, fd, &from);
		else
			close(fd);
	}
}

struct listening {
	struct server *server;
	int fd;
};

static void on_listening(void *owner, int events)
{
	struct listening *l = owner;
	(void)events;
	on_listener(l->server, l->fd);
}

static void on_stop(void *owner, int events)
{
	struct server *s = owner;
	(void)events;
	io_loop_stop(s->loop);
}

static int listen_all(struct server *s, struct listening *listening)
{
	int r = io_watch_new(&s->watches[PKI_SERVE_LISTENERS_MAX], s->loop, s->set->stop_fd,
	                     on_stop, s);
	if (!r)
		io_watch_set(s->watches[PKI_SERVE_LISTENERS_MAX], IO_READ);
	for (size_t i = 0; !r && i < s->set->listener_count; i++) {
		listening[i] = (struct listening){ s, s->set->listeners[i] };
		r = io_watch_new(&s->watches[i], s->loop, listening[i].fd, on_listening,
		                 &listening[i]);
		if (!r)
			io_watch_set(s->watches[i], IO_READ);
	}
	return err_up(r);
}

static int run(struct server *s)
{
	struct listening listening[PKI_SERVE_LISTENERS_MAX];
	int r = io_loop_new(&s->loop);
	if (!r)
		r = pki_strangers_new(&s->strangers, VISITS_MAX);
	if (!r)
		r = tls_ca_key_make(&s->key, TLS_CA_P256);
	if (!r)
		r = pki_signer_new(&s->signer, s->loop, s->key);
	if (!r)
		r = door_make(s);
	if (!r)
		r = listen_all(s, listening);
	if (r)
		return r;
	log_notice(NULL, "ready");
	return err_up(io_loop_run(s->loop));
}

int pki_serve(const struct pki_serve_settings *set, char *ret_error, size_t error_cap)
{
	struct server s = { .set = set };
	int r = run(&s);
	if (r == PKI_FAILED)
		snprintf(ret_error, error_cap, "%s", s.error);
	while (s.visitors)
		on_visit_end(&s.visitors->end);
	for (size_t i = 0; i <= PKI_SERVE_LISTENERS_MAX; i++)
		io_watch_free(s.watches[i]);
	tls_server_unref(s.door);
	pki_signer_free(s.signer);
	tls_ca_key_free(s.key);
	pki_strangers_free(s.strangers);
	io_loop_free(s.loop);
	return r;
}
