/* What moves bytes: echo, bulk, and what mail dialogues have of it. Each takes what has come, or
 * sends what goes now. */
#ifndef BACKEND_BYTES_H
#define BACKEND_BYTES_H

#include "backend.h"

void bytes_on_echo(struct backend *b, int fd);
void bytes_on_bulk(struct backend *b, int fd);
void bytes_on_data(struct backend *b, int fd);
void bytes_on_literal(struct backend *b, int fd);
void bytes_on_source(struct backend *b, int fd);

/* So many bytes go, from now on; FETCH is answered behind them. */
void bytes_source_begin(struct backend *b, int fd, uint64_t count);

/* Of have bytes, as many as belong to the literal; its last one is answered. Returns how many. */
size_t bytes_literal_take(struct backend *b, int fd, size_t have);

#endif
