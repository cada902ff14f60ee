/*
 * Who is not let in until when, as an operator said: addresses, networks, users. An address that is
 * banned gets no session; a user no login, wherever he comes from. Pure: the caller gives the time.
 */
#ifndef EDGE_BANS_H
#define EDGE_BANS_H

#include "base/buf.h"
#include "conf/settings.h"

enum {
	EDGE_BANS_MAX = 1000,
	EDGE_BAN_TARGET_CAP = 128,
};
enum edge_bans_result {
	EDGE_BANS_BAD = 1, /* neither an address or network nor what a user could be called */
	EDGE_BANS_FULL,
};

struct edge_ban {
	char target[EDGE_BAN_TARGET_CAP]; /* as it was said */
	bool is_user;                     /* letter case does not count */
	struct conf_network network;      /* of what is no user */
	int64_t until_s;                  /* Unix time */
	bool is_of_others; /* another node's: it goes when it is not heard of any more */
};

/* Zeroed is empty. */
struct edge_bans {
	struct edge_ban rows[EDGE_BANS_MAX];
	size_t count;
};

/* ADDRESS, NETWORK/PREFIX, or else a user: printable, without spaces. 0 or EDGE_BANS_BAD. */
[[nodiscard]] int edge_ban_of(struct edge_ban *ret_ban, struct slice target, int64_t until_s);

/* In the place of one of the same target; what was ours stays so. Where all places are taken, one
 * of ours has that of another node's. 0 or EDGE_BANS_FULL. */
[[nodiscard]] int edge_bans_put(struct edge_bans *bans, const struct edge_ban *ban);
/* False: there was none. */
bool edge_bans_lift(struct edge_bans *bans, const struct edge_ban *ban);
/* True: some were over. */
bool edge_bans_prune(struct edge_bans *bans, int64_t now_s);

/* addr as conf_network_contains() has it. */
bool edge_bans_has_address(const struct edge_bans *bans, const uint8_t *addr, bool is_v6,
                           int64_t now_s);
bool edge_bans_has_user(const struct edge_bans *bans, const char *user, int64_t now_s);

/* "TARGET UNTIL\n" each, and back, one of them or all: lines that are none are left out. */
[[nodiscard]] int edge_bans_write(struct buf *out, const struct edge_bans *bans);
bool edge_ban_next(struct edge_ban *ret_ban, struct slice *text);
void edge_bans_read(struct edge_bans *ret_bans, struct slice text);

#endif
