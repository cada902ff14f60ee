/*
 * Two streams whose bytes go across unlooked at, each way by itself. Nothing is read for a side
 * that takes nothing: what waits for it is IO_STREAM_OUT_HIGH and one read at most.
 */
#ifndef IO_SPLICE_H
#define IO_SPLICE_H

#include "io/stream.h"

/* What waits at from goes to to. If that fills to, from rests until IO_STREAM_ROOM of to:
 * io_stream_resume(from). 0 or a negative: the session cannot go on. */
[[nodiscard]] int io_splice_move(struct io_stream *from, struct io_stream *to);

enum io_splice_end {
	IO_SPLICE_HALF, /* to was told; the other way goes on */
	IO_SPLICE_OVER, /* to was told, and had ended before */
	IO_SPLICE_CUT,  /* from broke: nothing that to could be told as an end */
};

/* IO_STREAM_EOF or IO_STREAM_ERROR of from, whose bytes were moved: as TCP would tell to. */
enum io_splice_end io_splice_pass_end(struct io_stream *from, struct io_stream *to);

#endif
