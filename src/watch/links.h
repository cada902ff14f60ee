/* Links of mailseal for what is plain, as settings: an entry at the host of each client, and one at
 * the server's. */
#ifndef WATCH_LINKS_H
#define WATCH_LINKS_H

#include "base/buf.h"
#include "watch/hosts.h"
#include "watch/services.h"

struct watch_link_end {
	const struct watch_address *host;
	const struct watch_row *row;            /* one of the way's: its server, port, protocol */
	const struct watch_row *const *clients; /* the way's, at its far end; NULL: the near end */
	size_t client_count;
	unsigned number; /* of those of a host that want the same port: 127.0.0.NUMBER */
};

/* One host and its ends. */
struct watch_link_host {
	const struct watch_link_end *ends;
	size_t end_count;
	const struct watch_hosts *names;
};

struct watch_links {
	const struct watch_row **rows; /* owned: by server, then by client */
	struct watch_link_end *ends;   /* owned: by host */
	struct watch_link_host *hosts; /* owned */
	size_t row_count, end_count, host_count;
};

/* Which hosts are ours, for no other has an end of a link; and their names, or NULL. */
struct watch_ours {
	bool (*is_ours)(const void *of, const struct watch_address *address);
	const void *of;
	const struct watch_hosts *names;
};

/* Is it plain from one host of ours to another, and of a kind that a link carries? */
bool watch_link_fits(const struct watch_row *row, const struct watch_ours *ours);

/* For all rows of services that one fits. Lives as long as they and the names. 0 or -ENOMEM. */
[[nodiscard]] int watch_links_make(struct watch_links *ret_links,
                                   const struct watch_services *services,
                                   const struct watch_ours *ours);
void watch_links_deinit(struct watch_links *l);

enum { WATCH_LINK_TITLE_CAP = WATCH_ADDRESS_CAP + WATCH_HOST_NAME_CAP + 2 };
/* "10.0.0.9, db1", or the address alone. */
void watch_link_host_title(const struct watch_link_host *host,
                           char ret_title[WATCH_LINK_TITLE_CAP]);

/* The group "link" for the mailseal.conf of one host, with what its programs are told instead.
 * Where a name of the internal CA belongs stands the host's address. 0 or -ENOMEM. */
[[nodiscard]] int watch_link_host_write(const struct watch_link_host *host, struct buf *out);

#endif
