/* For the files of rules: how a row is written, and what its functions may ask. */
#ifndef AUDIT_RULESET_H
#define AUDIT_RULESET_H

#include "audit/audit.h"

/* What is judged: a scope of a server, for one row. */
struct audit_at {
	struct audit *audit;
	const struct servers_server *server;
	const struct servers_scope *scope;       /* settings are looked up from here */
	const struct servers_listener *listener; /* NULL: not for one listener */
	const struct audit_row *row;
};

enum audit_where {
	AUDIT_TOP,       /* the whole, and each service that sets it by itself */
	AUDIT_LISTENERS, /* each listener that is not for this host alone */
};

struct audit_row {
	struct advice_rule rule;
	const char *setting;
	enum audit_where where;
	/* AUDIT_LISTENERS: bits 1 << enum servers_protocol. AUDIT_TOP: 0. */
	unsigned protocols;
	bool (*applies)(const struct audit_at *at); /* NULL: always */
	enum advice_verdict (*judge)(const struct audit_at *at, const char *value);
	const char *right;                                  /* the value to set */
	const char *(*right_of)(const struct audit_at *at); /* instead; NULL: out of memory */
	bool is_of_block; /* the setting is one of the listener's own block */
	bool is_by_hand;  /* right is no value: a person decides */
	/* Where is_by_hand: what to do; NULL: "SETTING = RIGHT". */
	const char *mend;
};

/* How a software's settings are changed. */
struct audit_writer {
	/* Fills mend and edit of a finding whose setting is to become right. 0 or -ENOMEM. */
	int (*mend)(const struct audit_at *at, struct audit_finding *finding);
};

struct audit_software {
	/* Rules beside the rows, as functions of their own. NULL: none. */
	int (*run)(struct audit *a, const struct servers_server *server);
};
extern const struct audit_software audit_softwares[SERVERS_KIND_COUNT];

int audit_postfix(struct audit *a, const struct servers_server *server);
int audit_dovecot(struct audit *a, const struct servers_server *server);

/* What it has to say of the doors of mailseal before it. 0 or -ENOMEM. */
[[nodiscard]] int audit_fronts(struct audit *a, const struct servers_server *server);

/* Applies rows. 0 or -ENOMEM. */
[[nodiscard]] int audit_rows(struct audit *a, const struct servers_server *server,
                             const struct audit_row *rows, size_t count,
                             const struct audit_writer *writer);

/* Adds a finding that is filled by hand; verdict 0 is the rule's. 0 or -ENOMEM. */
[[nodiscard]] int audit_add(struct audit *a, const struct audit_finding *finding);

/* The row's verdict, or ADVICE_WELL. */
static inline enum advice_verdict audit_well_if(const struct audit_at *at, bool is_well)
{
	return is_well ? ADVICE_WELL : at->row->rule.verdict;
}

/* A listener that others than this host reach. */
bool audit_is_open(const struct servers_listener *listener);
/* The server has one that speaks one of these (bits). */
bool audit_has_open(const struct servers_server *server, unsigned protocols);

/* A word of a list of versions (Postfix' protocols, OpenSSL's names) below what the profile asks.
 */
enum tls_version audit_version_of(const char *word, size_t len); /* 0: it is none */

/* Why, where rules of several software say the same. */
#define AUDIT_WHY_VERSIONS "Versions below TLS 1.2 are accepted."
#define AUDIT_WHY_SUITES "Suites without forward secrecy or authenticated encryption are accepted."

#define AUDIT_PROTOCOL(p) (1u << SERVERS_##p)

#endif
