#include "io/splice.h"

#include "base/err.h"

int io_splice_move(struct io_stream *from, struct io_stream *to)
{
	struct slice input = io_stream_input(from);
	if (!input.len)
		return 0;
	int r = io_stream_write(to, input);
	if (r)
		return err_up(r);
	io_stream_consume(from, input.len);
	if (io_stream_is_full(to)) {
		io_stream_want_room(to);
		io_stream_pause(from);
	}
	return 0;
}

enum io_splice_end io_splice_pass_end(struct io_stream *from, struct io_stream *to)
{
	if (from->is_dead || from->was_truncated || to->is_dead)
		return IO_SPLICE_CUT;
	io_stream_end(to);
	return to->has_ended ? IO_SPLICE_OVER : IO_SPLICE_HALF;
}
