/* Between the files of Postfix' rules. */
#ifndef AUDIT_POSTFIX_H
#define AUDIT_POSTFIX_H

#include "audit/ruleset.h"

#define AUDIT_M3AAWG "M3AAWG TLS for Mail"

/* Versions, suites and groups; the way out. 0 or -ENOMEM. */
[[nodiscard]] int audit_postfix_tls(struct audit *a, const struct servers_server *server);
[[nodiscard]] int audit_postfix_out(struct audit *a, const struct servers_server *server);
/* Where it connects to within the provider. 0 or -ENOMEM. */
[[nodiscard]] int audit_postfix_hops(struct audit *a, const struct servers_server *server);

/* Its map files that name a directory or a database. 0 or -ENOMEM. */
[[nodiscard]] int audit_postfix_maps(struct audit *a, const struct servers_server *server);

/* A setting that names another host. */
struct audit_postfix_hop {
	struct audit *audit;
	const struct servers_server *server;
	const char *service;
	const struct servers_setting *setting;
	const struct advice_rule *rule;
	enum advice_verdict verdict; /* ADVICE_WELL: the rule's */
};

/* Adds it as a finding; mend NULL: there was no memory for it. 0 or -ENOMEM. */
[[nodiscard]] int audit_postfix_hop_add(const struct audit_postfix_hop *hop, const char *right,
                                        const char *mend);
/* The word names another host. */
bool audit_postfix_is_remote(const char *text, size_t len);

/* Some door that others reach has TLS if the client wants it, has none without, has any. */
bool audit_postfix_has_may(const struct audit_at *at);
bool audit_postfix_has_encrypt(const struct audit_at *at);
bool audit_postfix_has_tls(const struct audit_at *at);

/* Judges that several files have. */
enum advice_verdict audit_postfix_judge_yes(const struct audit_at *at, const char *value);
enum advice_verdict audit_postfix_judge_level_1(const struct audit_at *at, const char *value);
/* Where it applies it is broken. */
enum advice_verdict audit_postfix_judge_never(const struct audit_at *at, const char *value);

/* A level that never goes out in clear. */
bool audit_postfix_is_sealed(const char *level);
/* In force for a client ("smtp", "lmtp"), the old settings counted: "none" where there is none. */
const char *audit_postfix_client_level(const struct servers_scope *scope, const char *client);

#endif
