#include "pki/caller.h"

#include "base/clean.h"
#include "base/err.h"
#include "identity/trust.h"
#include "io/stream.h"
#include "pki/signer.h"
#include "tls/client.h"

#include <errno.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>

enum { PATIENCE_MS = 30000, GRACE_S = 7 * 24 * 3600 };

struct caller {
	const struct pki_call *call;
	struct io_loop *loop;
	struct io_stream stream;
	struct io_deadline late;
	struct pki_signer *signer;
	struct tls_client *tls;
	struct tls_inside *inside;
	struct buf line;   /* the request */
	struct buf answer; /* as far as it came */
	char error[256];
	bool is_answered;
};

__attribute__((format(printf, 2, 3))) static void fail(struct caller *c, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	if (!c->error[0])
		vsnprintf(c->error, sizeof(c->error), format, args);
	va_end(args);
	io_loop_stop(c->loop);
}

static void on_connected(struct caller *c)
{
	struct tls_session *tls = NULL;
	if (tls_session_connect(&tls, c->tls, &c->stream))
		fail(c, "out of memory");
	else
		io_stream_start_tls(&c->stream, tls);
}

static void on_data(struct caller *c)
{
	struct slice input = io_stream_input(&c->stream);
	size_t end = slice_find(input, '\n');
	if (buf_len(&c->answer) + end > PKI_TALK_ANSWER_MAX ||
	    buf_add(&c->answer, slice_head(input, end))) {
		fail(c, "its answer is too long");
		return;
	}
	c->is_answered = end < input.len;
	io_stream_consume(&c->stream, input.len);
	if (c->is_answered)
		io_loop_stop(c->loop);
}

static void on_event(struct io_stream *stream, enum io_stream_event event)
{
	struct caller *c = stream->owner;
	switch (event) {
	case IO_STREAM_CONNECTED:
		on_connected(c);
		break;
	case IO_STREAM_TLS_UP:
		if (io_stream_write(stream, buf_slice(&c->line)))
			fail(c, "out of memory");
		break;
	case IO_STREAM_TLS_FAILED:
		fail(c, "%s", tls_session_error(stream->tls));
		break;
	case IO_STREAM_DATA:
		on_data(c);
		break;
	case IO_STREAM_ROOM:
		break;
	case IO_STREAM_EOF:
		fail(c, "it ended without an answer");
		break;
	case IO_STREAM_ERROR:
		fail(c, "%s%s",
		     stream->tls && tls_session_error(stream->tls)[0]
		             ? tls_session_error(stream->tls)
		             : strerror(stream->error),
		     stream->error == ECONNREFUSED ? "; is mailseal pki serve running there?" : "");
	}
}

static void on_late(struct io_deadline *d)
{
	fail((struct caller *)((char *)d - offsetof(struct caller, late)), "no answer in time");
}

static int tls_make(struct caller *c)
{
	static const char *const names[] = { IDENTITY_CA_NAME "." IDENTITY_DOMAIN };
	const struct pki_call *call = c->call;
	const struct tls_certificate_spec own = { "node.crt", call->chain_pem, 0 };
	struct tls_client_settings set = {
		.verify = call->pin ? TLS_VERIFY_ROOT : TLS_VERIFY_INTERNAL,
		.min_version = TLS_1_3,
		.ca_pem = call->ca_pem,
		.pins = call->pin,
		.pin_count = call->pin != NULL,
		.names = names,
		.name_count = 1,
		.certificate = call->key ? &own : NULL,
	};
	int r = identity_inside_new(&c->inside, call->denied, GRACE_S, c->error, sizeof(c->error));
	if (!r && call->key)
		r = pki_signer_new(&c->signer, c->loop, call->key);
	if (r)
		return r;
	set.inside = c->inside;
	set.signer = c->signer ? pki_signer_tls(c->signer) : NULL;
	return tls_client_new(&c->tls, &set, c->error, sizeof(c->error));
}

static int connect_begin(struct caller *c)
{
	char host[256], service[8];
	uint16_t port;
	struct addrinfo *found = NULL;
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	if (!pki_server_read(c->call->server, host, &port)) {
		fail(c, "it is no HOST:PORT");
		return PKI_CALL_FAILED;
	}
	snprintf(service, sizeof(service), "%u", port);
	int error = getaddrinfo(host, service, &hints, &found);
	if (error) {
		fail(c, "%s", gai_strerror(error));
		return PKI_CALL_FAILED;
	}
	const struct io_way way = { .to = found->ai_addr, .len = found->ai_addrlen };
	c->stream.on_event = on_event;
	c->stream.owner = c;
	int r = io_stream_connect(&c->stream, c->loop, &way);
	freeaddrinfo(found);
	if (r) {
		fail(c, "%s", strerror(-r));
		return PKI_CALL_FAILED;
	}
	return 0;
}

static int call_run(struct caller *c, struct pki_answer *ret_answer)
{
	int r = io_loop_new(&c->loop);
	if (r)
		return err_up(r);
	r = pki_request_write(c->call->request, &c->line);
	if (!r)
		r = tls_make(c);
	if (!r)
		r = connect_begin(c);
	if (r)
		return r > 0 ? PKI_CALL_FAILED : err_up(r);
	c->late.fn = on_late;
	io_deadline_arm(c->loop, &c->late, PATIENCE_MS);
	r = io_loop_run(c->loop);
	io_deadline_disarm(&c->late);
	if (r)
		return err_up(r);
	if (!c->is_answered)
		return PKI_CALL_FAILED;
	r = pki_answer_read(ret_answer, buf_slice(&c->answer));
	if (r == PKI_TALK_BAD) {
		snprintf(c->error, sizeof(c->error), "its answer cannot be read");
		return PKI_CALL_FAILED;
	}
	return err_up(r);
}

int pki_call(const struct pki_call *call, struct pki_answer *ret_answer, char *ret_error,
             size_t error_cap)
{
	struct caller c = { .call = call, .stream = { .fd = -1 } };
	int r = call_run(&c, ret_answer);
	if (r == PKI_CALL_FAILED)
		snprintf(ret_error, error_cap, "%s: %s", call->server, c.error);
	io_stream_deinit(&c.stream);
	tls_client_unref(c.tls);
	tls_inside_unref(c.inside);
	pki_signer_free(c.signer);
	buf_deinit_secret(&c.line);
	buf_deinit(&c.answer);
	io_loop_free(c.loop);
	return r;
}
