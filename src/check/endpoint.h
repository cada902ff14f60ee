/*
 * What was seen of one endpoint: a host, one of its addresses, a port, what is spoken there. Facts
 * only, as probes found them (check/probe.h); check/judge.h says what they are worth. Domains with
 * the same MX share them.
 *
 * Texts that came from the endpoint are as it sent them, cut; whoever shows them escapes them.
 */
#ifndef CHECK_ENDPOINT_H
#define CHECK_ENDPOINT_H

#include "base/buf.h"
#include "dns/message.h"
#include "policy/way.h"
#include "tls/proof.h"

enum {
	CHECK_SUITES_MAX = 256, /* of one version */
	CHECK_GROUPS_MAX = 64,
	CHECK_SIGALGS_MAX = 64,
	CHECK_CHAIN_MAX = 10,
	CHECK_TEXT_CAP = 256,
	CHECK_CAPS_CAP = 2048,
};

enum check_service {
	CHECK_SMTP,        /* 25, STARTTLS */
	CHECK_SUBMISSION,  /* 587, STARTTLS */
	CHECK_SUBMISSIONS, /* 465 */
	CHECK_IMAP,        /* 143, STARTTLS */
	CHECK_IMAPS,       /* 993 */
	CHECK_POP3,        /* 110, STLS */
	CHECK_POP3S,       /* 995 */
	CHECK_MANAGESIEVE, /* 4190, STARTTLS */
	CHECK_HTTPS,       /* 443: webmail, mta-sts, autoconfig */
	CHECK_TLS,         /* TLS from the first byte, whatever is inside */
	CHECK_SERVICE_COUNT
};
/* "smtp", "submission", ...: as in --host HOST:PORT/PROTO. */
const char *check_service_name(enum check_service service);
/* False: there is none of that name. */
bool check_service_find(const char *name, enum check_service *ret_service);
unsigned check_service_port(enum check_service service); /* the usual one */
bool check_service_has_starttls(enum check_service service);

/* How far the look went. Only OPEN says anything of TLS: the rest is never "no TLS". */
enum check_reach {
	CHECK_NOT_ASKED,
	CHECK_OPEN,
	CHECK_CLOSED,  /* refused, or no way there */
	CHECK_SILENT,  /* nobody answered in time */
	CHECK_RATE,    /* turned away: 421, 450, 451, 554, closed without a word, again and again */
	CHECK_FOREIGN, /* answers, but does not speak what it should */
	CHECK_REACH_COUNT
};
const char *check_reach_name(enum check_reach reach);

/* What a probe that has two answers found. */
enum check_seen { CHECK_UNKNOWN, CHECK_NO, CHECK_YES };

enum check_version {
	CHECK_SSL2,
	CHECK_SSL3,
	CHECK_TLS10,
	CHECK_TLS11,
	CHECK_TLS12,
	CHECK_TLS13,
	CHECK_VERSION_COUNT
};
const char *check_version_name(enum check_version version); /* "SSLv2", "TLSv1.2" */
enum check_version check_version_find(const char *name);    /* COUNT: of none */

/* One certificate chain as it was sent. Names are as in the certificate. */
struct check_certificate {
	char subject[CHECK_TEXT_CAP], issuer[CHECK_TEXT_CAP]; /* of the leaf */
	char *names;       /* DNS names and addresses of its SAN, " " between; owned; or NULL */
	char key[40];      /* "RSA 2048", "EC P-256", "Ed25519" */
	unsigned key_bits; /* of RSA the modulus, of EC the field */
	bool key_is_rsa;
	bool key_is_nist_or_edwards;             /* EC: P-256, P-384, P-521, Ed25519, Ed448 */
	char signatures[CHECK_CHAIN_MAX][40];    /* "sha256WithRSAEncryption"; leaf first */
	bool signature_is_weak[CHECK_CHAIN_MAX]; /* MD5, SHA-1, ...; of a self-signed root: false */
	unsigned sent_count;                     /* certificates in the chain */
	int64_t not_before_s, not_after_s;
	bool is_self_signed;
	bool root_is_sent;
	bool is_in_order;
	bool has_ocsp, must_staple, has_sct;
	enum check_seen is_stapled;
	enum check_seen is_revoked;
	uint8_t spki[32]; /* SHA-256 of the leaf's public key */
	uint8_t hash[32]; /* SHA-256 of the leaf */
	/* Against the CAs that were given, at the time of the look, for the host's name. */
	enum tls_proof_result pkix;
	char pkix_why[CHECK_TEXT_CAP];
	enum check_seen has_name; /* the host's name is in SAN */
	bool name_is_by_wildcard;
	bool name_is_by_cn; /* in the subject alone */
};

/* What is said before TLS, and after it. Of services with TLS from the first byte: after alone. */
struct check_talk {
	char caps[CHECK_CAPS_CAP]; /* EHLO's lines, CAPABILITY, CAPA, sieve's; " | " between */
	char auth[CHECK_TEXT_CAP]; /* SASL mechanisms offered, " " between */
	bool offers_starttls;
	bool offers_requiretls;
	bool login_disabled; /* IMAP: LOGINDISABLED */
	bool offers_user;    /* POP3: CAPA has USER, or there is no CAPA and USER is taken */
	bool is_preauth;     /* IMAP: PREAUTH */
	bool was_heard;      /* all above says something */
};

struct check_dh {
	unsigned bits;  /* 0: none seen */
	char name[40];  /* "ffdhe2048", "RFC 3526 2048", ... or "" for a prime of its own */
	bool is_common; /* a prime that many servers have, of 1024 bits or less */
};

/* TLS of one version. */
struct check_suites {
	enum check_seen is_there;
	uint16_t chosen;           /* of the widest hello; 0: unknown */
	bool is_whole;             /* enumerated: the list is all there is */
	enum check_seen has_order; /* the server's own */
	uint16_t accepted[CHECK_SUITES_MAX];
	unsigned count; /* not whole: those that were met */
};

/* A real handshake by OpenSSL, all defaults. */
struct check_handshake {
	enum check_seen is_done;
	char why[CHECK_TEXT_CAP]; /* it was not */
	char version[16], suite[64], group[32], signature[48];
	enum check_seen is_resumed; /* on a second visit */
};

struct check_web {
	enum check_seen redirects; /* port 80: to https of the same host; NO: answers otherwise */
	enum check_seen is_clear_open;     /* port 80 takes connections */
	char clear_answer[CHECK_TEXT_CAP]; /* of port 80: "301 https://www.example.org/" */
	int64_t hsts_s;                    /* max-age; -1: no header */
	enum check_seen has_login;         /* a form with a password field was seen */
	enum check_seen login_in_clear;    /* on http, or its action is */
	char login[CHECK_TEXT_CAP]; /* where the form is and goes: "https /mail/ to ./?login"; of
	                               one that goes in clear first */
	enum check_seen cookie_is_safe; /* session cookies are Secure and HttpOnly */
	int status;                     /* of https:/// */
	char server[CHECK_TEXT_CAP];    /* its Server header */
};

/* Attacks: --attacks alone, but for those that follow from the lists. */
struct check_attacks {
	enum check_seen heartbleed, ccs, ticketbleed, robot;
};

struct check_endpoint {
	char host[POLICY_WAY_NAME_CAP]; /* name asked for, and SNI; or the address */
	char address[DNS_ADDRESS_CAP];
	uint16_t port;
	enum check_service service;

	enum check_reach reach;
	char why[CHECK_TEXT_CAP];      /* of a reach that is not OPEN */
	char greeting[CHECK_TEXT_CAP]; /* its first line */
	char software[CHECK_TEXT_CAP]; /* as far as words give it away: "Postfix", "Exim 4.96" */
	unsigned connections;          /* that were made in all */
	unsigned probes_lost;          /* probes that rate limits or losses left without answer */
	uint64_t steps_lost;           /* what they were for: 1 << enum check_step (check/plan.h) */

	struct check_talk clear, sealed;
	char starttls_answer[CHECK_TEXT_CAP]; /* where it was refused */
	enum check_seen
		has_tls; /* a TLS handshake of any version ended well, or a ServerHello came */
	enum check_seen injection;  /* YES: bytes behind STARTTLS were answered inside TLS */
	enum check_seen plain_mail; /* SMTP: MAIL FROM is taken without TLS */
	char plain_mail_answer[CHECK_TEXT_CAP];

	struct check_suites versions[CHECK_VERSION_COUNT];
	enum check_seen tolerates; /* GREASE and versions of the future */
	enum check_seen honours_fallback_scsv;
	enum check_seen takes_bad_suites; /* the hello with nothing else was answered */
	uint16_t bad_suite;               /* the one it chose */
	struct check_dh dh;
	uint16_t groups[CHECK_GROUPS_MAX]; /* accepted, in the server's order if it has one */
	unsigned group_count;
	bool groups_are_whole;
	enum check_seen has_pq;     /* X25519MLKEM768, or another hybrid of the standards */
	uint16_t pq_group;          /* the one; a draft's too, and then has_pq is NO */
	enum check_seen takes_sha1; /* a hello with SHA-1 signatures alone was answered by one */
	uint16_t sigalgs[CHECK_SIGALGS_MAX];
	unsigned sigalg_count;
	enum check_seen has_ems;
	enum check_seen has_secure_renegotiation; /* RFC 5746 */
	unsigned renegotiations; /* that the client began and the server went along with, <= 11 */
	enum check_seen renegotiates;
	enum check_seen compresses;
	enum check_seen has_early_data;
	enum check_seen has_tickets;
	uint32_t ticket_lifetime_s;
	enum check_seen alpn_is_strict; /* "http/1.1" on a mail port: refused, or not chosen */
	char alpn[64];

	/* With SNI; what a hello for RSA alone, and for ECDSA alone, gets; without SNI. */
	struct check_certificate chain;
	bool has_chain;
	struct check_certificate other_chain; /* of the other kind of key, if there is one */
	bool has_other_chain;
	enum check_seen works_without_sni;
	bool no_sni_is_same; /* the certificate is the same */

	struct check_handshake handshake;
	struct tls_proof proof; /* the handshake's, against the host's TLSA records (port 25) */
	bool has_proof;
	enum check_seen other_chain_matches_dane;
	struct check_web web;
	struct check_attacks attacks;
};

void check_endpoint_deinit(struct check_endpoint *e);

#endif
