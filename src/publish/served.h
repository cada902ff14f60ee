/*
 * The MTA-STS policies of our own as they are served (RFC 8461 3.2), and what has to be known of
 * those before: senders keep a policy for its max_age, whatever is served meanwhile. So a host that
 * is named no more stays in the list, and a domain that is served no more stays with mode none
 * (8.3), until nobody can hold what named it. Kept as lines of a file. Pure.
 */
#ifndef PUBLISH_SERVED_H
#define PUBLISH_SERVED_H

#include "base/buf.h"
#include "conf/settings.h"
#include "policy/sts.h"

struct publish_served_mx {
	char *name;      /* a pattern; lower case */
	int64_t until_s; /* named no more: Unix time when it leaves; 0: it is named */
};

struct publish_served {
	char *domain; /* lower case */
	enum conf_sts_mode mode;
	uint32_t max_age_s;
	int64_t since_s;      /* Unix time when it got this mode */
	int64_t held_until_s; /* Unix time: somebody may hold one that was served before; else 0 */
	bool is_gone;         /* not in the settings any more */
	struct publish_served_mx *mx; /* CONF_STS_MX_MAX at most */
	size_t mx_count;
};
void publish_served_deinit(struct publish_served *s);

/* The file, with CRLF; and the id of its TXT record, by the content. 0 or -ENOMEM. */
[[nodiscard]] int publish_served_text(const struct publish_served *s, struct buf *ret_text);
[[nodiscard]] int publish_served_id(const struct publish_served *s,
                                    char ret_id[POLICY_STS_ID_MAX + 1]);

/* Of another max_age or mode from now on: who may hold the one before is known from then on. */
void publish_served_hold(struct publish_served *s, int64_t now_s);
/* It is not in the settings any more: mode none. */
void publish_served_leave(struct publish_served *s, int64_t now_s);
/* Nobody can hold anything of it: it may be forgotten. */
bool publish_served_is_over(const struct publish_served *s, int64_t now_s);

/* All domains, sorted. Zeroed is empty. */
struct publish_history {
	struct publish_served *items;
	size_t count;
};
void publish_history_deinit(struct publish_history *h);
struct publish_served *publish_history_find(const struct publish_history *h, const char *domain);
/* One that is not there yet, empty but for its name. NULL: no memory. Others move. */
struct publish_served *publish_history_add(struct publish_history *h, const char *domain);
void publish_history_remove(struct publish_history *h, struct publish_served *s);

enum { PUBLISH_HISTORY_BAD = 1, PUBLISH_HISTORY_LEN_MAX = 64 * 1024 * 1024 };
[[nodiscard]] int publish_history_write(const struct publish_history *h, struct buf *ret_text);
/* 0, BAD (not whole, or a line that we never wrote) or -ENOMEM; then it is empty. */
[[nodiscard]] int publish_history_read(struct publish_history *ret_h, struct slice text);

#endif
