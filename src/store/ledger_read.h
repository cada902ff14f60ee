/*
 * What the ledger's file knows, for reports and web/. Read only, beside the process that writes it:
 * each question sees one moment (WAL). Answers come row by row; a callback that returns other than
 * 0 ends them, and that is what the question returns. Texts in rows live as long as the call; they
 * are what strangers wrote.
 */
#ifndef STORE_LEDGER_READ_H
#define STORE_LEDGER_READ_H

#include "store/record.h"

#include <stddef.h>

struct store_ledger_read;

struct store_ledger_filter {
	int64_t since_s, until_s; /* [since, until) */
	int leg;                  /* enum store_leg; -1: all */
	const char *edge;         /* or relay; NULL: all */
};

/* What the file is instead: of another build, or begun and not yet a ledger. */
enum { STORE_LEDGER_READ_NEWER = 1, STORE_LEDGER_READ_OLDER };

/* 0, one of these, or a negative. The file has to be there. Sums and exposures are those of all
 * nodes of a cluster, if there is one (store/others.h). */
[[nodiscard]] int store_ledger_read_open(struct store_ledger_read **ret_l, const char *path);
/* NULL is fine. */
void store_ledger_read_close(struct store_ledger_read *l);

/* "began_s", "lost"; 0 if it is not there. 0 or a negative. */
[[nodiscard]] int store_ledger_read_fact(struct store_ledger_read *l, const char *name,
                                         int64_t *ret_value);

/* Of one hour, with one outcome. */
struct store_ledger_sum {
	enum store_leg leg;
	enum store_seal seal;
	const char *protocol;
	const char *group;
	bool is_resumed, has_forward_secrecy;
	uint64_t sessions, messages, bytes; /* both ways */
};
/* All hours that the filter touches, in any order. */
[[nodiscard]] int store_ledger_read_sums(struct store_ledger_read *l,
                                         const struct store_ledger_filter *filter,
                                         int (*fn)(void *owner, const struct store_ledger_sum *sum),
                                         void *owner);

/* Services of a leg, ways to backends left out: what has sessions in clear first; limit 0: all. */
struct store_ledger_service {
	const char *protocol, *edge;
	uint64_t sessions; /* all; and of them: */
	uint64_t plain, legacy, sealed, local;
};
[[nodiscard]] int store_ledger_read_services(
	struct store_ledger_read *l, const struct store_ledger_filter *filter, size_t limit,
	int (*fn)(void *owner, const struct store_ledger_service *service), void *owner);

/* Exposures that were seen in the time of the filter; count is of all times. */
struct store_ledger_exposure {
	const char *user, *protocol, *edge, *address, *mechanism;
	bool password_sent, is_excepted;
	int64_t first_s, last_s;
	uint64_t count;
};
/* The last first; limit 0: all. Where there are more, those of users who have logged in here come
 * before the others, whose names anybody may have written. */
[[nodiscard]] int store_ledger_read_exposures(
	struct store_ledger_read *l, const struct store_ledger_filter *filter, size_t limit,
	int (*fn)(void *owner, const struct store_ledger_exposure *exposure), void *owner);
[[nodiscard]] int store_ledger_read_exposure_count(struct store_ledger_read *l,
                                                   const struct store_ledger_filter *filter,
                                                   uint64_t *ret_count);

/* What got weaker, the days together. */
struct store_ledger_event {
	enum store_event_kind kind;
	enum store_leg leg;
	const char *who, *edge, *mx, *detail;
	int64_t first_s, last_s;
	uint64_t count;
};
/* The last first. */
[[nodiscard]] int
store_ledger_read_events(struct store_ledger_read *l, const struct store_ledger_filter *filter,
                         int (*fn)(void *owner, const struct store_ledger_event *event),
                         void *owner);

/* Alarms; those that are so first, then the last. Of the filter its time alone. */
struct store_alarm;
[[nodiscard]] int store_ledger_read_alarms(struct store_ledger_read *l,
                                           const struct store_ledger_filter *filter,
                                           int (*fn)(void *owner, const struct store_alarm *alarm),
                                           void *owner);

/* Who came with one ClientHello to one edge. Sums are of all times. */
struct store_ledger_name {
	const char *edge, *who, *protocol;
	enum store_leg leg;
	int64_t first_s, last_s;
	uint64_t sessions, refused, messages, bytes;
	enum store_seal seal; /* of the last, as what follows */
	const char *version, *cipher, *group, *software;
};
/* Addresses that came from outside in the time of the filter; only edge, who, seal, sessions and
 * messages are filled in. In any order: there may be millions. */
[[nodiscard]] int
store_ledger_read_senders(struct store_ledger_read *l, const struct store_ledger_filter *filter,
                          int (*fn)(void *owner, const struct store_ledger_name *name),
                          void *owner);
/* All of one user, or of one address. */
[[nodiscard]] int
store_ledger_read_names(struct store_ledger_read *l, const char *who, bool is_user,
                        int (*fn)(void *owner, const struct store_ledger_name *name), void *owner);

/* Where mail went. Sums are of all times. */
struct store_ledger_far {
	const char *relay, *domain, *mx, *address;
	int64_t first_s, last_s;
	uint64_t sessions, failed, messages, bytes;
	enum store_seal seal; /* of the last, as what follows */
	const char *version, *cipher, *group, *policy, *result, *outcome;
};
/* Those met in the time of the filter, the weakest and busiest first; limit 0: all. only_weak:
 * those not sealed the last time. */
[[nodiscard]] int store_ledger_read_fars(struct store_ledger_read *l,
                                         const struct store_ledger_filter *filter, bool only_weak,
                                         size_t limit,
                                         int (*fn)(void *owner, const struct store_ledger_far *far),
                                         void *owner);

struct store_ledger_session {
	int64_t at_s;
	enum store_leg leg;
	enum store_seal seal;
	const char *protocol, *edge, *address, *user, *software, *version, *cipher, *group;
	bool is_resumed;
	const char *outcome, *error;
	uint64_t messages, bytes_in, bytes_out, duration_ms;
};
/* Rows of one user, the oldest first. */
[[nodiscard]] int
store_ledger_read_user_sessions(struct store_ledger_read *l, const char *user,
                                int (*fn)(void *owner, const struct store_ledger_session *session),
                                void *owner);
/* Exposures of one user, the last first. */
[[nodiscard]] int store_ledger_read_user_exposures(
	struct store_ledger_read *l, const char *user,
	int (*fn)(void *owner, const struct store_ledger_exposure *exposure), void *owner);

/* The order of weakness: what is in clear first. Lower is weaker. */
unsigned store_ledger_weakness(enum store_seal seal);

#endif
