/* The TLS report of a domain and a day (RFC 8460 4), made of the sums: as it is sent, and as
 * `mailseal report tlsrpt --preview` shows it. */
#ifndef RESOLVER_REPORT_H
#define RESOLVER_REPORT_H

#include "conf/settings.h"
#include "policy/tlsrpt_json.h"

struct store_tlsrpt;

struct report_made {
	struct buf json;
	uint64_t succeeded, failed; /* each policy's */
};
void report_made_deinit(struct report_made *made);

/* Ours, by the configuration; without tlsrpt.from as of postmaster at this host. Borrows from all
 * three. */
struct report_sender {
	char from[POLICY_TLSRPT_ID_CAP];
	const char *domain; /* of from */
};
void report_sender_take(struct report_sender *ret_sender, const struct conf_settings *settings);
struct policy_tlsrpt_head report_head(const struct conf_settings *settings,
                                      const struct report_sender *sender, int64_t day,
                                      const char *domain);

/* 0, REPORT_NONE (nothing was counted) or a negative. */
enum { REPORT_NONE = 1 };
[[nodiscard]] int report_make(struct report_made *made, struct store_tlsrpt *store,
                              const struct policy_tlsrpt_head *head);

#endif
