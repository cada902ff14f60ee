/*
 * What the ledger keeps of one session, and how who knows of it tells it. A session is a client at
 * an edge, an MTA at a relay, or a hop to a far end. Never a password, never a word of a message.
 */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

/* Numbers of these enums are kept on disk and sent between processes: only append. */
enum store_leg {
	STORE_LEG_INBOUND,  /* providers to us */
	STORE_LEG_OUTBOUND, /* us to providers */
	STORE_LEG_USER,     /* clients to us */
	STORE_LEG_INTERNAL, /* us to us */
	STORE_LEG_COUNT
};
const char *store_leg_name(enum store_leg leg);

enum store_seal {
	STORE_SEAL_NONE,   /* a handshake or connection failed before anything was said */
	STORE_SEAL_PLAIN,  /* in clear over a network */
	STORE_SEAL_LEGACY, /* encrypted below policy */
	STORE_SEAL_SEALED,
	STORE_SEAL_AUTHENTICATED, /* and the far end proved its name */
	STORE_SEAL_LOCAL,         /* in clear, and never left this host */
	STORE_SEAL_COUNT
};
const char *store_seal_name(enum store_seal seal);

/* What got weaker. */
enum store_event_kind {
	STORE_EVENT_LOST_TLS,      /* a partner that had TLS came, or was met, in clear */
	STORE_EVENT_FELL_TO_PLAIN, /* its handshake was refused, and within an hour it came in clear
	                            */
	STORE_EVENT_OLDER,         /* it was sealed before and is below policy now */
	STORE_EVENT_LOST_CA,       /* its certificate was vouched for by a public CA before */
	STORE_EVENT_COUNT
};
const char *store_event_name(enum store_event_kind kind);

/* How a client asked for us (SNI, RFC 6066 3); kept with its ClientHello. */
enum store_sni { STORE_SNI_NONE, STORE_SNI_OURS, STORE_SNI_OTHER, STORE_SNI_COUNT };

enum {
	STORE_TEXT_MAX = 255,       /* bytes of any text here; longer ones are cut */
	STORE_HELLO_LIST_MAX = 160, /* numbers of a list of a ClientHello */
};

/* Texts are borrowed, never NULL, "" where there is none. */
struct store_record {
	int64_t ended_s; /* Unix time */
	enum store_leg leg;
	enum store_seal seal;
	const char *protocol; /* "smtp", "submission", "imap", "pop3", "tcp", "lmtp", ... */
	const char *edge;     /* the edge's or relay's name */
	const char *address;  /* of the far end, without port */
	const char *domain;   /* outbound: whose mail */
	const char *mx;       /* outbound: its host */
	const char *user;     /* who logged in or tried */
	bool is_logged_in;
	const char *software;    /* as it calls itself: EHLO, IMAP ID */
	const char *tls_version; /* "TLSv1.3" */
	const char *cipher;      /* IANA name */
	const char *group;
	bool is_resumed;
	bool has_forward_secrecy;
	uint64_t hello;     /* hash of its ClientHello; 0: none came */
	uint16_t hello_max; /* the highest version it offered */
	enum store_sni sni;
	const char *policy;  /* outbound: policy_level_name() */
	const char *result;  /* outbound: policy_report_name(), "" where it is well */
	const char *outcome; /* conv_outcome_name(), or how a hop ended */
	const char *error;   /* of TLS, in words */
	uint64_t bytes_in, bytes_out;
	uint32_t duration_ms;
	uint32_t messages;
	uint32_t login_failures;
	/* Outbound: what memory says the host had before (policy/memory.h). */
	uint32_t sealed_before; /* sessions */
	bool was_trusted, is_trusted;
	/* Edges: the way to the backend. NONE: there was none. */
	enum store_seal backend_seal;
	const char *backend; /* its name */
};

/* A ClientHello, once for each kind. */
struct store_hello {
	uint64_t hash;
	uint16_t legacy_version, max_version;
	const uint16_t *versions, *suites, *groups, *sigalgs; /* as they came, GREASE left out */
	uint8_t version_count, suite_count, group_count, sigalg_count;
};

/* A credential that came in clear. */
struct store_exposure {
	int64_t at_s;
	const char *protocol, *edge, *address, *user, *mechanism;
	bool password_sent; /* it crossed the wire; else it was only tried */
	bool is_excepted;   /* a dated exception allowed it */
};

/* Embedded in who takes them. Nothing is told back; all is copied at once and never waits. */
struct store_recorder {
	void (*session)(struct store_recorder *r, const struct store_record *record);
	/* Before the first session with this hash; it is told as often as the caller likes. */
	void (*hello)(struct store_recorder *r, const struct store_hello *hello);
	void (*exposure)(struct store_recorder *r, const struct store_exposure *exposure);
};

#endif
