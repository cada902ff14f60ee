/* Rows as services: all clients of one server, port, protocol and verdict together. */
#ifndef WATCH_SERVICES_H
#define WATCH_SERVICES_H

#include "watch/rows.h"

struct watch_service {
	const struct watch_row *row; /* one of its rows: the one with the worst secret */
	const struct watch_row *const *rows;
	size_t client_count; /* how many rows there are */
	uint64_t flows, bytes;
	int64_t first_s, last_s;
};

struct watch_services {
	const struct watch_row **rows; /* owned: of all services */
	struct watch_service *list;    /* the most dangerous first */
	size_t count;
};

void watch_services_deinit(struct watch_services *s);

/* Lives as long as the rows. 0 or -ENOMEM. */
[[nodiscard]] int watch_services_make(struct watch_services *ret_services,
                                      const struct watch_rows *rows);

#endif
