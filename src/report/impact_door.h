/*
 * What is planned for one edge: its TLS, whom it refuses in clear, what dated exceptions allow.
 * Made of a configuration and of what is wished beside it.
 */
#ifndef REPORT_IMPACT_DOOR_H
#define REPORT_IMPACT_DOOR_H

#include "conf/settings.h"
#include "tls/replay.h"

struct advice_profile;

/* What is to be tried, over the configuration; all zero: as it is configured. */
struct impact_wish {
	const struct advice_profile *profile; /* first; what follows replaces its parts */
	enum tls_version min_version;         /* 0: not said */
	const char *groups;                   /* ":" between; NULL: not said */
	const struct tls_suite *suites[TLS_SUITE_COUNT];
	size_t suite_count; /* 0: not said */
	bool requires_tls;
};

/* The versions that an exception can allow, the better first. */
enum { IMPACT_OLD_1_1, IMPACT_OLD_1_0, IMPACT_OLD_COUNT };

struct impact_door {
	const char *name; /* borrowed, as all here */
	bool is_configured;
	bool has_guessed_keys; /* its certificates could not be read: RSA and P-256 taken */
	bool is_public;        /* providers: who gets no TLS comes in clear */
	bool has_users;        /* only who logged in is somebody */
	bool requires_tls;     /* of everybody */
	bool ignores_plain;    /* exceptions for logins in clear are to end */
	enum tls_version min_version;
	struct tls_replay_server server;
	struct tls_replay_server old[IMPACT_OLD_COUNT]; /* for whom an exception allows it */
	bool has_old[IMPACT_OLD_COUNT];
	const struct conf_settings *settings; /* whose exceptions count; NULL: none */
	const struct conf_edge *conf;         /* NULL: not configured */
};

struct impact_door_settings {
	const char *name;
	const char *protocol;                 /* as the ledger has it */
	const struct conf_settings *settings; /* NULL: none */
	const struct impact_wish *wish;
	bool has_keys; /* the next two are known */
	bool has_rsa;
	uint16_t curve;
};

/* 0 or -ENOMEM. */
[[nodiscard]] int impact_door_make(struct impact_door *ret_door,
                                   const struct impact_door_settings *set);

/* The edge of that name; NULL: there is none. */
const struct conf_edge *impact_edge_find(const struct conf_settings *settings, const char *name);

/* What exceptions allow who came from an address. address: NULL: nobody knows from where, so those
 * for everybody alone. */
struct impact_allowance {
	bool plain_login;
	enum tls_version version; /* 0: none */
};
struct impact_allowance impact_door_allows(const struct impact_door *door, const char *address,
                                           int64_t now_s);

/* The door wants TLS of who comes from there, whatever it wants of others. */
bool impact_door_wants_tls(const struct impact_door *door, const char *address);

#endif
