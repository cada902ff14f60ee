/* A client before it talks: the header of its balancer, the wait for its first byte, TLS. */
#include "edge/known.h"
#include "edge/session.h"

#include "base/log.h"
#include "proxyhdr/proxyhdr.h"
#include "tls/hello.h"

#include <stdio.h>
#include <string.h>

void edge_opening_tls(struct edge_session *s)
{
	/* Plain bytes are an attack. A ClientHello behind a PROXY header is set aside as what it
	 * is. */
	if (s->edge->tls == NULL || io_stream_input(&s->client).len) {
		conv_end(s->conv, CONV_OUTCOME_INJECTED);
		edge_session_close(s);
		return;
	}
	edge_handshake_begin(s);
}

void edge_session_greet(struct edge_session *s)
{
	if (s->is_implicit && s->edge->conf->is_passthrough)
		edge_passthrough_begin(s);
	else if (s->is_implicit)
		edge_opening_tls(s);
	else if (s->edge->conf->greet_delay_ms)
		edge_session_enter(s, EDGE_STATE_GREET_DELAY, s->edge->conf->greet_delay_ms);
	else
		edge_session_talk(s);
}

static void facts_take_tls(struct edge_session *s)
{
	const struct tls_facts *t = tls_session_facts(s->client.tls);
	struct conv_facts *f = &s->conv->facts;
	f->is_tls = true;
	snprintf(f->tls_version, sizeof(f->tls_version), "%s", t->version);
	snprintf(f->tls_cipher, sizeof(f->tls_cipher), "%s", t->cipher);
	snprintf(f->tls_group, sizeof(f->tls_group), "%s", t->group);
	snprintf(f->tls_alpn, sizeof(f->tls_alpn), "%s", t->alpn);
	s->client_tls_was_up = true;
	s->bytes_before_tls = s->client.bytes_in;
	if (!edge_session_is_visit(s))
		edge_hello_note(s);
	tls_session_forget_hello(s->client.tls);
}

void edge_opening_tls_event(struct edge_session *s, enum io_stream_event event)
{
	enum conv_todo todo = CONV_TODO_CLOSE;
	if (event == IO_STREAM_DATA || event == IO_STREAM_ROOM)
		return;
	if (event != IO_STREAM_TLS_UP) {
		s->left_in_handshake = event != IO_STREAM_TLS_FAILED;
		s->tls_error = s->left_in_handshake ? "the client left in mid-handshake"
		                                    : tls_session_error(s->client.tls);
		if (event == IO_STREAM_TLS_FAILED && !edge_session_is_visit(s))
			edge_known_refused(s);
		edge_session_end(s, CONV_OUTCOME_TLS_FAILED);
		return;
	}
	edge_known_passed(s);
	facts_take_tls(s);
	if (edge_session_is_visit(s)) { /* it has seen what is served */
		edge_session_end(s, CONV_OUTCOME_OK);
		return;
	}
	if (!strcmp(s->conv->facts.tls_alpn,
	            tls_challenge_alpn)) { /* RFC 8737 3: a CA has seen it */
		conv_end(s->conv, CONV_OUTCOME_OK);
		edge_session_close(s);
		return;
	}
	if (s->is_implicit) {
		edge_session_talk(s);
		return;
	}
	edge_session_enter(s, EDGE_STATE_TALK, 0);
	int r = conv_tls_up(edge_session_conv(s), CONV_CLIENT, &todo);
	edge_session_act(s, r, todo);
	edge_session_pump(s);
}

static void pregreeted(struct edge_session *s)
{
	static const char farewell[] = "554 5.5.1 Protocol error: spoke before the greeting\r\n";
	conv_end(s->conv, CONV_OUTCOME_PREGREET);
	if (io_stream_write(&s->client, slice_str(farewell)))
		log_debug(s->conv->facts.session_id, "farewell not sent");
	edge_session_close(s);
}

static void proxy_header_read(struct edge_session *s)
{
	struct proxyhdr_result header;
	size_t used = 0;
	struct conv_facts *f = &s->conv->facts;
	int r = proxyhdr_parse(io_stream_input(&s->client), &header, &used);
	if (r == PROXYHDR_MORE)
		return;
	if (r) {
		log_warn(f->session_id, "no PROXY header from an address in proxy_from",
		         kv_str("client", f->client_addr));
		edge_session_end(s, CONV_OUTCOME_BAD_SYNTAX);
		return;
	}
	io_stream_consume(&s->client, used);
	if (header.has_addresses && !edge_door_introduced(s, &header))
		return;
	if (io_stream_has_input(&s->client) && s->is_implicit && !s->edge->conf->is_passthrough) {
		/* The ClientHello came in the same segment: TLS takes it as ciphertext. */
		struct slice rest = io_stream_input(&s->client);
		if (buf_add(&s->client.raw, rest)) {
			edge_session_end(s, CONV_OUTCOME_OVERLOAD);
			return;
		}
		io_stream_consume(&s->client, rest.len);
	}
	edge_session_greet(s);
}

void edge_opening_event(struct edge_session *s, enum io_stream_event event)
{
	if (event == IO_STREAM_EOF || event == IO_STREAM_ERROR)
		edge_session_end(s, CONV_OUTCOME_CLIENT_GONE);
	else if (event == IO_STREAM_DATA && s->state == EDGE_STATE_PROXY)
		proxy_header_read(s);
	else if (event == IO_STREAM_DATA)
		pregreeted(s);
}
