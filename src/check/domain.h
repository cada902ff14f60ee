/*
 * What was found of one domain: what DNS and its web servers say, and its endpoints. Facts only,
 * as check/discover.h and check/probe.h found them.
 */
#ifndef CHECK_DOMAIN_H
#define CHECK_DOMAIN_H

#include "check/endpoint.h"
#include "policy/tlsrpt_record.h"

enum {
	CHECK_SRV_MAX = 16,
	CHECK_ENDPOINTS_MAX = 256,
	CHECK_NAMES_MAX = 32,
};

/* A service's SRV record (RFC 6186, RFC 8314 5.1). */
struct check_srv {
	char label[24];                   /* "_imaps", "_submissions", "_imap", ... */
	char target[POLICY_WAY_NAME_CAP]; /* "": "." */
	uint16_t port;
	enum policy_dns status;
};

/* One document that tells clients what to do (autoconfig, autodiscover). */
struct check_autoconfig {
	char url[CHECK_TEXT_CAP];
	enum check_seen is_there;
	bool by_https;
	char why[CHECK_TEXT_CAP];   /* not there, or its certificate is bad */
	bool names_clear;           /* it sends clients to a port or socketType without TLS */
	char clear[CHECK_TEXT_CAP]; /* the words of that */
};

/* TXT records that were met, for what is wrong with them. */
struct check_txt {
	unsigned count;            /* records that begin as they should */
	unsigned bad;              /* of those, what cannot be read */
	char text[CHECK_TEXT_CAP]; /* the first */
	enum policy_dns status;
	uint32_t ttl_s;
};

struct check_host {
	char name[POLICY_WAY_NAME_CAP];
	bool is_mx;
	enum check_seen
		is_provider; /* a host of another provider: its name is below no name of ours */
	uint32_t tlsa_ttl_s;
	bool address_is_private;    /* loopback, private, or of no use from outside */
	enum policy_dns tlsa_probe; /* status of the TLSA question itself, also where DANE is not
	                               asked for (A7) */
	bool tlsa_was_asked;
};

struct check_domain {
	char name[POLICY_WAY_NAME_CAP];
	struct policy_way way; /* MX, addresses, TLSA (ask/way.h) */
	struct policy_sts_facts sts;
	struct check_txt sts_record, tlsrpt_record;
	struct policy_tlsrpt_record tlsrpt;
	enum check_seen tlsrpt_https_answers; /* its https: place takes connections */
	struct check_txt caa;                 /* text: the issuers, " " between */
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

	int64_t at_s;             /* Unix time of the look */
	char why[CHECK_TEXT_CAP]; /* nothing could be looked at at all; else "" */
};

void check_domain_deinit(struct check_domain *d);

#endif
