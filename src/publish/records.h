/*
 * What a domain has to publish for the mail that mailseal's configuration serves, and whether DNS
 * has it: MX, addresses, TLSA (RFC 7672), MTA-STS (RFC 8461), TLS reports (RFC 8460), SRV (RFC
 * 6186, RFC 8314), CAA (RFC 8659). Pure: who asks DNS is elsewhere.
 */
#ifndef PUBLISH_RECORDS_H
#define PUBLISH_RECORDS_H

#include "conf/settings.h"
#include "dns/message.h"
#include "policy/decide.h"
#include "publish/served.h"

enum {
	PUBLISH_RECORDS_MAX = 128,
	PUBLISH_NAME_CAP = 256 + 32, /* a host name behind labels of ours */
	PUBLISH_DATA_CAP = 512,
	PUBLISH_POLICY_CAP = 20 * 1024, /* CONF_STS_MX_MAX patterns, and the lines around */
};

enum publish_state {
	PUBLISH_UNKNOWN, /* not asked, or the answer was lost */
	PUBLISH_MISSING,
	PUBLISH_UNSIGNED, /* it is there, and worth nothing without DNSSEC */
	PUBLISH_THERE,
	PUBLISH_STATE_COUNT
};
const char *publish_state_name(enum publish_state state); /* "unknown", "missing", ... */

struct publish_record {
	char owner[PUBLISH_NAME_CAP]; /* without the final dot */
	enum dns_type type;
	char data[PUBLISH_DATA_CAP]; /* as in a zone file; "": any address of the host */
	bool is_needed;              /* else it is good to have */
	bool is_exact;               /* an MTA-STS record that has to have this id */
	const char *why;             /* static */
	enum publish_state state;
	char instead[PUBLISH_DATA_CAP]; /* what stands there that is not this one; "" nothing */
	char lost[PUBLISH_DATA_CAP];    /* why an answer was lost; else "" */
};

/* Where the policy of a domain is from. */
enum publish_policy_source {
	PUBLISH_POLICY_PROPOSED, /* nobody wrote one: in testing mode */
	PUBLISH_POLICY_WRITTEN,  /* the settings, with the hosts of our edges; what is served is not
	                            known here */
	PUBLISH_POLICY_SERVED,   /* it is served now */
	PUBLISH_POLICY_SOURCE_COUNT
};
const char *publish_policy_source_name(enum publish_policy_source source); /* "proposed", ... */

struct publish_records {
	struct publish_record rows[PUBLISH_RECORDS_MAX];
	size_t count;
	bool is_cut; /* there would be more */
	/* As https://mta-sts.DOMAIN/.well-known/mta-sts.txt has it (RFC 8461 3.2), with LF; "": it
	 * has no MX of ours, and none is written */
	char policy[PUBLISH_POLICY_CAP];
	char policy_id[POLICY_STS_ID_MAX + 1];
	enum publish_policy_source policy_source;
};

/* The key of each certificate of the settings, by index: the digest of a TLSA 3 1 1 record. */
struct publish_key {
	bool is_known;
	uint8_t digest[32];
};

struct publish_with {
	const char *domain; /* dns_name_is_host() */
	const struct conf_settings *settings;
	const struct publish_key *keys;
	const char *issuer;                    /* of CAA: the CA's own domain; NULL: not known */
	const struct publish_history *history; /* what site serves; NULL: not known */
};

/* 0 or -ENOMEM. */
[[nodiscard]] int publish_records_make(struct publish_records *ret_records,
                                       const struct publish_with *with);

/* What DNS said when it was asked for this owner and type. */
void publish_record_compare(struct publish_record *record, enum policy_dns status,
                            struct slice packet, const char *why);

/* "MX", "TLSA", ... */
const char *publish_type_name(enum dns_type type);

#endif
