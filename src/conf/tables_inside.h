/*
 * How rows and groups are written, and which groups there are: one file tables_*.c for those that
 * belong together. Inside conf/tables*.c, and for who needs one group. OF is the struct whose
 * fields rows (of a group, of its parent) fill: defined before them, undefined behind.
 */
#ifndef CONF_TABLES_INSIDE_H
#define CONF_TABLES_INSIDE_H

#include "base/clean.h"
#include "conf/tables.h"

#define FIELD(field) .offset = offsetof(OF, field), .size = sizeof(((OF *)0)->field)

#define ROW(row_name, row_type, field, row_initial, row_reload, row_help, ...)                     \
	{                                                                                          \
		.name = (row_name), .type = (row_type), FIELD(field), .initial = (row_initial),    \
		.reload = CONF_RELOAD_##row_reload, .help = (row_help), __VA_ARGS__                \
	}

#define LIST(row_name, row_type, field, field_count, row_initial, row_reload, row_help, ...)       \
	{                                                                                          \
		.name = (row_name), .type = (row_type), FIELD(field),                              \
		.count_offset = offsetof(OF, field_count), .initial = (row_initial),               \
		.reload = CONF_RELOAD_##row_reload, .help = (row_help), __VA_ARGS__                \
	}

#define FLAGS(row_name, row_words, row_reload, row_help)                                           \
	{                                                                                          \
		.name = (row_name), .type = CONF_FLAGS, .initial = "", .words = (row_words),       \
		.reload = CONF_RELOAD_##row_reload, .help = (row_help)                             \
	}

#define MIN_VERSION(row_initial, row_help)                                                         \
	ROW("min_version", CONF_VERSION, min_version, row_initial, NEW_SESSIONS, row_help)

#define ROWS(table) .rows = (table), .row_count = COUNT_OF(table)
#define GROUPS(table) .groups = (table), .group_count = COUNT_OF(table)
#define RANGE(low, high) .min = (low), .max = (high)

enum {
	SECOND = 1000,
	MINUTE = 60 * SECOND,
	HOUR = 60 * MINUTE,
	FROM_OUTSIDE = 1 << CONF_SMTP | 1 << CONF_SUBMISSION,
	ANY_SMTP = FROM_OUTSIDE | 1 << CONF_LMTP,
	SPLICED = 1 << CONF_TCP | 1 << CONF_HTTP,
};

/* The shortest wait that is still a wait, the longest that is still a limit. */
#define DEADLINE RANGE(100, 24ULL * HOUR)

/* Words of more than one group. */
extern const struct conf_word conf_protocol_words[];
extern const struct conf_word conf_bare_newline_words[];

extern const struct conf_group conf_group_tls;
extern const struct conf_group conf_group_limits;
extern const struct conf_group conf_group_certificate;
extern const struct conf_group conf_group_backend;
extern const struct conf_group conf_group_edge;
extern const struct conf_group conf_group_lookup;
extern const struct conf_group conf_group_edge_tls;
extern const struct conf_group conf_group_edge_limits;
extern const struct conf_group conf_group_relay;
extern const struct conf_group conf_group_route;
extern const struct conf_group conf_group_link;
extern const struct conf_group conf_group_resolver;
extern const struct conf_group conf_group_policy_service;
extern const struct conf_group conf_group_tlsrpt;
extern const struct conf_group conf_group_ledger;
extern const struct conf_group conf_group_dashboard;
extern const struct conf_group conf_group_check;
extern const struct conf_group conf_group_cluster;
extern const struct conf_group conf_group_pki;
extern const struct conf_group conf_group_watch;
extern const struct conf_group conf_group_mirror;
extern const struct conf_group conf_group_mta_sts;
extern const struct conf_group conf_group_autoconfig;
extern const struct conf_group conf_group_exception;

#endif
