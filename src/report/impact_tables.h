/* What `impact` found, as tables. Pure. */
#ifndef REPORT_IMPACT_TABLES_H
#define REPORT_IMPACT_TABLES_H

#include "report/impact.h"
#include "report/table.h"

/* How far what was watched can be believed. */
struct impact_watch {
	int64_t began_s; /* 0: never */
	int64_t now_s;
	uint64_t lost;         /* sessions that were not counted */
	bool is_of_logs;       /* logs tell what was used, not what a client can do */
	uint64_t unnamed;      /* of logs: sessions of names past the maximum */
	uint64_t lines_unread; /* of logs */
	bool has_guessed_keys;
};

/* "summary": by edge and what becomes of them. 0 or -ENOMEM, as all here. */
[[nodiscard]] int impact_table_summary(struct report_table *ret_table, const struct impact *i);
/* "changes": by version and suite, now and then. */
[[nodiscard]] int impact_table_changes(struct report_table *ret_table, const struct impact *i,
                                       size_t limit);
/* "who": those who break, get weaker, or live by an exception. Its notes say what is to be known
 * beside: since when, what was lost. */
[[nodiscard]] int impact_table_who(struct report_table *ret_table, const struct impact *i,
                                   const struct impact_watch *watch);
/* "watched": the same as the notes, as numbers. */
[[nodiscard]] int impact_table_watched(struct report_table *ret_table, const struct impact *i,
                                       const struct impact_watch *watch);
/* "notify": who is to be told, and what of. */
[[nodiscard]] int impact_table_notify(struct report_table *ret_table, const struct impact *i);

/* Sessions whose hello is not known. */
uint64_t impact_unknown(const struct impact *i);
/* Sessions of all. */
uint64_t impact_seen(const struct impact *i);

#endif
