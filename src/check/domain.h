/*
 * What was found of one domain: what DNS and its web servers say, and its endpoints. Facts only,
 * as check/discover.h and check/probe.h found them.
 */
#ifndef CHECK_DOMAIN_H
#define CHECK_DOMAIN_H

#include "check/endpoint.h"
#include "policy/tlsrpt_record.h"

enum {
	CHECK_SRV_MAX = 24,
	CHECK_ENDPOINTS_MAX = 256,
	CHECK_NAMES_MAX = POLICY_WAY_HOSTS_MAX + 40,
};

/* A service's SRV record (RFC 6186, RFC 8314 5.1). Each label that was asked for has one at least,
 * in the order _submissions, _submission, _imaps, _imap, _pop3s, _pop3, _sieve. */
struct check_srv {
	char label[24];
	bool is_there;                    /* false: no record, or none was to be had (status) */
	char target[POLICY_WAY_NAME_CAP]; /* "": ".", the service is not offered */
	uint16_t priority, port;
	enum policy_dns status; /* of the answer */
};

/* One document that tells clients what to do (autoconfig, autodiscover). */
struct check_autoconfig {
	char url[CHECK_TEXT_CAP];
	enum check_seen is_there;   /* somebody answered: with a document, or (autodiscover, which
	                               wants a login) in any way but 404 */
	bool by_https;              /* else http: clients that take it can be lied to */
	bool is_trusted;            /* its certificate is good */
	int status;                 /* of HTTP; 0: none came */
	char why[CHECK_TEXT_CAP];   /* not there, or its certificate is bad */
	bool names_clear;           /* it sends clients to a port or socketType without TLS */
	char clear[CHECK_TEXT_CAP]; /* the words of that */
};

/* TXT records that were met, for what is wrong with them. */
struct check_txt {
	unsigned count;            /* records that begin as they should */
	unsigned bad;              /* of those, what cannot be read */
	char text[CHECK_TEXT_CAP]; /* the first; as it was sent, cut; not escaped */
	enum policy_dns status;
	uint32_t ttl_s;
};

/* Where a host's name comes from. */
enum check_origin {
	CHECK_FROM_MX,
	CHECK_FROM_SRV,
	CHECK_FROM_AUTOCONFIG,
	CHECK_FROM_HABIT, /* mail., imap., mta-sts. and the like; the domain itself */
};

struct check_host {
	char name[POLICY_WAY_NAME_CAP];
	bool is_mx; /* origin says who named it first; an MX host comes from MX always */
	enum check_origin origin;
	enum check_seen is_provider;      /* a host of another provider: its name, or the one
	                                     behind its CNAMEs, has not our registrable domain */
	enum policy_dns address;          /* status of its A and AAAA; the worse of both, unless one
	                                     failed and the other has addresses (ask/way.c) */
	bool has_address;                 /* counting those that were not to be looked at */
	bool is_alias;                    /* it is a CNAME (A2: an MX host may not be) */
	bool is_literal, is_single_label; /* "192.0.2.1"; "localhost" */
	bool address_is_private; /* one of its addresses is loopback, private, or of no use from
	                            outside */
	char private_address[DNS_ADDRESS_CAP]; /* the first of these */
	struct check_txt caa; /* MX hosts and hosts with https: in force for its name, from the
	                         first that has some on the way up (RFC 8659 3); text: the issuers
	                         of issue, " " between, ";" for none at all, "" where there are
	                         other properties alone and any CA may issue */
	bool caa_is_asked;

	/* MX hosts, of _25._tcp. its TLSA base domain (A7), also where DANE is not asked for. */
	enum policy_dns tlsa_probe;      /* the TLSA question */
	enum policy_dns tlsa_name_probe; /* an A question at the same name */
	bool tlsa_was_asked;
	uint32_t tlsa_ttl_s;           /* the least of its records; 0: none */
	char tlsa_why[CHECK_TEXT_CAP]; /* of what is bogus or failed, or "" */
};

struct check_domain {
	char name[POLICY_WAY_NAME_CAP]; /* "": an endpoint alone */
	char asked[CHECK_TEXT_CAP +
	           64];            /* what was to be looked at: the name, or HOST:PORT/PROTO */
	bool is_mine;              /* looked at by its owner, who may see it from inside: addresses
	                              that the internet does not reach are no fault */
	struct policy_way way;     /* MX, addresses, TLSA (ask/way.h) */
	bool null_mx_is_not_alone; /* RFC 7505 3: it stands beside others (A3) */
	struct policy_sts_facts sts;
	struct check_txt sts_record, tlsrpt_record;
	struct policy_tlsrpt_record tlsrpt;
	enum check_seen tlsrpt_https_answers; /* its https: place takes connections */
	char tlsrpt_why[CHECK_TEXT_CAP];      /* it does not */
	struct check_txt caa;                 /* the domain's own; see check_host */
	bool caa_is_asked;
	int nsec3_iterations;                     /* -1: no NSEC3, or not seen */
	enum policy_dns zone;                     /* the domain's own */
	struct check_host hosts[CHECK_NAMES_MAX]; /* MX hosts first, in the way's order */
	unsigned host_count;
	struct check_srv srv[CHECK_SRV_MAX];
	unsigned srv_count;
	struct check_autoconfig autoconfig[4];
	unsigned autoconfig_count;
	char webmail[CHECK_TEXT_CAP]; /* host of the web mail that was found, or "" */

	struct check_endpoint *endpoints[CHECK_ENDPOINTS_MAX]; /* not owned: the run's, shared */
	unsigned endpoint_count;
	unsigned endpoints_left_out;

	int64_t at_s;               /* Unix time of the look */
	char why[CHECK_TEXT_CAP];   /* nothing could be looked at at all; else "" */
	bool is_late;               /* the time for discovery was over before all was answered */
	unsigned addresses_refused; /* private ones that were not to be connected to */
};

void check_domain_deinit(struct check_domain *d);

#endif
