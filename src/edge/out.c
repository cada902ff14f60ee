/* What a conversation said goes to both sides. */
#include "edge/session.h"

#include "base/err.h"

void edge_out_lend(struct edge_session *s)
{
	if (s->conv->is_in_data)
		io_loop_lend(s->pool->loop, &s->conv->out[CONV_BACKEND]);
}

static void text_return(struct edge_session *s, struct buf *text)
{
	buf_clear(text);
	io_loop_take_back(s->pool->loop, text);
}

static int backend_send(struct edge_session *s)
{
	struct buf *out = &s->conv->out[CONV_BACKEND];
	int r = 0;
	if (buf_len(out) && io_stream_is_open(&s->backend))
		r = io_stream_write(&s->backend, buf_slice(out));
	if (s->conv->is_in_data)
		text_return(s, out);
	buf_deinit_secret(out);
	return err_up(r);
}

int edge_out_send(struct edge_session *s)
{
	struct buf *out = &s->conv->out[CONV_CLIENT];
	if (buf_len(out)) {
		edge_session_note_sent(s, buf_slice(out));
		int r = io_stream_write(&s->client, buf_slice(out));
		buf_deinit_secret(out);
		if (r)
			return err_up(r);
	}
	return err_up(backend_send(s));
}
