/*
 * What a sender is put to: MX hosts with one fault each, what a sender should do there, and the
 * verdict from what it did. Tables and their reading; pure.
 */
#ifndef CHECK_SENDER_CASE_H
#define CHECK_SENDER_CASE_H

#include <stdbool.h>
#include <stdint.h>

/* What a case is about; judged apart. */
enum check_sender_group {
	CHECK_SENDER_OPPORTUNISTIC,
	CHECK_SENDER_DANE,
	CHECK_SENDER_STS,
	CHECK_SENDER_GROUP_COUNT
};

enum check_sender_offer {
	CHECK_SENDER_OFFERS,        /* STARTTLS, and TLS */
	CHECK_SENDER_OFFERS_NONE,   /* no STARTTLS */
	CHECK_SENDER_OFFERS_ONCE,   /* none any more, once a message came in TLS */
	CHECK_SENDER_OFFER_REFUSED, /* STARTTLS is answered 454 */
	CHECK_SENDER_OFFER_INJECTS, /* behind 220, in clear, what should have come in TLS */
};

enum check_sender_tls_kind {
	CHECK_SENDER_TLS_GOOD, /* 1.2 and 1.3 */
	CHECK_SENDER_TLS_OLD,  /* 1.0 alone */
	CHECK_SENDER_TLS_NO_SECRECY,
	CHECK_SENDER_TLS_COUNT
};

enum check_sender_certificate {
	CHECK_SENDER_CERTIFICATE_GOOD,
	CHECK_SENDER_CERTIFICATE_SELF_SIGNED,
	CHECK_SENDER_CERTIFICATE_EXPIRED,
	CHECK_SENDER_CERTIFICATE_OTHER_NAME,
	CHECK_SENDER_CERTIFICATE_COUNT
};

enum check_sender_tlsa {
	CHECK_SENDER_TLSA_NONE,
	CHECK_SENDER_TLSA_GOOD,
	CHECK_SENDER_TLSA_OTHER,    /* of another key */
	CHECK_SENDER_TLSA_UNUSABLE, /* none that counts (RFC 7672 3.1) */
};

enum check_sender_sts {
	CHECK_SENDER_STS_NONE,
	CHECK_SENDER_STS_ENFORCE,
	CHECK_SENDER_STS_ENFORCE_OTHER, /* names another MX */
	CHECK_SENDER_STS_TESTING,
};

/* What became of mail to a case; the last that fits is what counts. */
enum check_sender_arrival {
	CHECK_SENDER_NEVER,
	CHECK_SENDER_LEFT,        /* said hello and went before MAIL */
	CHECK_SENDER_BROKEN,      /* the handshake did not end well */
	CHECK_SENDER_LEFT_IN_TLS, /* went behind it, before a message was there */
	CHECK_SENDER_IN_TLS,
	CHECK_SENDER_IN_CLEAR,
	CHECK_SENDER_MISLED, /* went by what was injected */
	CHECK_SENDER_ARRIVAL_COUNT
};

enum check_sender_verdict {
	CHECK_SENDER_PASS,
	CHECK_SENDER_WARN,
	CHECK_SENDER_FAIL,
	CHECK_SENDER_UNKNOWN,
	CHECK_SENDER_VERDICT_COUNT
};

struct check_sender_case {
	const char *name; /* a label of its domain, and how --only knows it */
	const char *fault;
	const char *wanted; /* of a sender */
	const char *source;
	enum check_sender_group group;
	enum check_sender_offer offer;
	enum check_sender_tls_kind tls;
	enum check_sender_certificate certificate;
	enum check_sender_tlsa tlsa;
	enum check_sender_sts sts;
	/* Of a message that came in TLS, in clear, or not at all though its sender was there. */
	enum check_sender_verdict in_tls, in_clear, stayed;
};

enum { CHECK_SENDER_CASE_COUNT = 17 };
extern const struct check_sender_case check_sender_cases[CHECK_SENDER_CASE_COUNT];

/* NULL: there is none of that name. */
const struct check_sender_case *check_sender_case_find(const char *name);

/* What was seen of one case. Texts of a peer are printable already (slice_to_text()). */
struct check_sender_seen {
	unsigned counts[CHECK_SENDER_ARRIVAL_COUNT]; /* sessions; [NEVER] stays 0 */
	unsigned refusals; /* who wanted its MTA-STS policy did not believe our certificate */
	unsigned fetches;  /* of its MTA-STS policy, from us */
	bool was_sealed;   /* ONCE: a message came in TLS; later sessions are what counts */
	char version[16];  /* of the last session in TLS */
	char suite[64];
	char alert[96];      /* of the last handshake that was broken off */
	char peer[64];       /* who was there last */
	char recipient[128]; /* of the last message */
	char message_id[160];
	uint64_t since_ms; /* since when it stands so; 0: nobody came */
};

enum check_sender_arrival check_sender_arrived(const struct check_sender_seen *seen);
enum check_sender_verdict check_sender_judge(const struct check_sender_case *c,
                                             const struct check_sender_seen *seen);
/* A message came: nobody else is awaited. Who stayed away may still come later. */
bool check_sender_is_settled(const struct check_sender_seen *seen);

/* Of all cases of a group (CHECK_SENDER_GROUP_COUNT: of all) that are in the set: a FAIL, else a
 * WARN, else what is UNKNOWN. */
enum check_sender_verdict check_sender_sum(const struct check_sender_seen *seen, uint32_t set,
                                           enum check_sender_group group);

const char *check_sender_group_name(enum check_sender_group group); /* "opportunistic TLS" */
const char *check_sender_group_id(enum check_sender_group group);   /* "opportunistic" */
const char *check_sender_arrival_id(enum check_sender_arrival a);   /* "in-tls" */
const char *check_sender_arrival_words(enum check_sender_arrival a);
const char *check_sender_verdict_name(enum check_sender_verdict v); /* "pass" */

#endif
