/*
 * Doors that do not end TLS: the ClientHello is waited for and read, and goes on with all that
 * follows. Who sends none gets no backend.
 */
#include "edge/session.h"

#include "tls/hello.h"

static void refuse(struct edge_session *s, const char *why)
{
	s->tls_error = why;
	edge_session_end(s, CONV_OUTCOME_TLS_FAILED);
}

/* Nothing is consumed: the backend gets it from the first byte on. */
static void hello_read(struct edge_session *s)
{
	struct tls_hello hello;
	int r = tls_hello_parse(io_stream_input(&s->client), &hello);
	if (r == TLS_HELLO_MORE)
		return;
	if (r) {
		refuse(s, "no ClientHello");
		return;
	}
	edge_hello_take(s, &hello);
	s->passed = edge_passed_new(&hello);
	if (!s->passed) {
		edge_session_end(s, CONV_OUTCOME_OVERLOAD);
		return;
	}
	s->conv->facts.is_passed = true;
	edge_session_talk(s);
}

void edge_passthrough_begin(struct edge_session *s)
{
	edge_session_enter(s, EDGE_STATE_HELLO, s->edge->conf->limits.handshake_timeout_ms);
	if (io_stream_input(&s->client).len)
		hello_read(s);
}

void edge_passthrough_event(struct edge_session *s, enum io_stream_event event)
{
	if (event == IO_STREAM_DATA) {
		hello_read(s);
	} else if (event == IO_STREAM_EOF || event == IO_STREAM_ERROR) {
		s->left_in_handshake = true;
		refuse(s, "the client left in mid-handshake");
	}
}
