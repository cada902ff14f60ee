/*
 * What a connection showed, written into the facts of its endpoint. Pure. What is already known
 * from a better place stays.
 */
#ifndef CHECK_FACTS_H
#define CHECK_FACTS_H

#include "check/probe.h"
#include "tls/inspect.h"

struct check_heard {
	enum check_probe_end end;
	const char *why;
	const struct check_opening *opening;
	const struct tls_answer *answer;       /* of a hello by hand; else NULL */
	const struct check_reaction *reaction; /* of an attack; NULL: it could not be tried */
	const struct check_probe_seen *seen;   /* of a visit; else NULL */
	struct tls_roots *roots;               /* NULL: chains are not held against CAs */
	int64_t now_s;
};

/* Words before TLS, and inside. */
void check_facts_talk(struct check_endpoint *e, const struct check_opening *o);

/* The first visit. 0 or -ENOMEM. */
[[nodiscard]] int check_facts_handshake(struct check_endpoint *e, const struct check_heard *h);
/* The second: resumption, and what the first did not show. 0 or -ENOMEM. */
[[nodiscard]] int check_facts_again(struct check_endpoint *e, const struct check_heard *h);
void check_facts_renegotiation(struct check_endpoint *e, const struct check_probe_seen *seen);
void check_facts_no_sni(struct check_endpoint *e, const struct check_probe_seen *seen);
[[nodiscard]] int check_facts_other_chain(struct check_endpoint *e, const struct check_heard *h);

/* A hello of one version with everything it has. 0 or -ENOMEM. */
[[nodiscard]] int check_facts_version(struct check_endpoint *e, enum check_version asked,
                                      const struct check_heard *h);
void check_facts_ssl2(struct check_endpoint *e, const struct tls_answer *a);
void check_facts_weak(struct check_endpoint *e, const struct tls_answer *a);
void check_facts_post_quantum(struct check_endpoint *e, const struct tls_answer *a);
void check_facts_sha1(struct check_endpoint *e, const struct tls_answer *a);
void check_facts_fallback(struct check_endpoint *e, const struct tls_answer *a);
void check_facts_alpn(struct check_endpoint *e, const struct tls_answer *a);
struct tls_enumeration;
/* After it has taken the answer. */
void check_facts_enumeration(struct check_endpoint *e, const struct tls_enumeration *n,
                             const struct tls_answer *a);

void check_facts_heartbleed(struct check_endpoint *e, const struct check_reaction *r);
void check_facts_ccs(struct check_endpoint *e, const struct check_reaction *r);
void check_facts_ticketbleed(struct check_endpoint *e, const struct check_reaction *r);
/* Of each enum tls_premaster. */
void check_facts_robot(struct check_endpoint *e,
                       const struct check_reaction reactions[TLS_PREMASTER_COUNT]);

/* The version of a number of TLS, 0x0300 to 0x0304; others are CHECK_VERSION_COUNT. */
enum check_version check_version_of(uint16_t number);
uint16_t check_version_number(enum check_version version);

#endif
