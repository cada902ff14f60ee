/*
 * What a configuration file means, read and checked: plain structs, every default filled in, what
 * an edge or backend does not say taken from the groups above it. All strings and arrays are owned
 * by the settings and freed by conf_settings_free(). conf/conf.h makes them.
 */
#ifndef CONF_SETTINGS_H
#define CONF_SETTINGS_H

#include "conv/conv.h"
#include "tls/client.h"
#include "tls/server.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* HOST:PORT, [v6]:PORT, *:PORT (one socket for IPv4, one for IPv6 alone), unix:PATH. */
enum conf_address_kind {
	CONF_ADDRESS_INET,
	CONF_ADDRESS_INET6, /* host without brackets; a zone ("fe80::1%eth0") is kept */
	CONF_ADDRESS_ANY,   /* host is empty */
	CONF_ADDRESS_UNIX,  /* host is the path */
	CONF_ADDRESS_NAME,  /* a host; only a near end of a link may go there */
};

struct conf_address {
	char host[108];
	uint16_t port;
	enum conf_address_kind kind;
	char text[128]; /* as it was written */
};

/* 192.0.2.0/24, 2001:db8::/32, or an address alone. */
struct conf_network {
	uint8_t addr[16]; /* IPv4 in the first 4 bytes; bits past the prefix are 0 */
	uint8_t prefix;
	bool is_v6;
};

/* A port that is watched, whoever serves it: "HOST:PORT/PROTOCOL", "=FILE" behind it. */
struct conf_watched {
	char host[256]; /* a name or an address, without brackets */
	uint16_t port;
	char protocol[16]; /* as check/ calls services: "imaps" for TLS from the first byte */
	char file[512];    /* the chain that should be served there; "": not known */
	char text[800];    /* as it was written */
};
enum { CONF_WATCHED_MAX = 64 };

enum conf_tls_mode {
	CONF_TLS_NONE,
	CONF_TLS_STARTTLS,
	CONF_TLS_IMPLICIT,
	CONF_TLS_TUNNEL, /* none of ours: the kernel seals it (tunnel/tunnel.h) */
};

/* mode to name are those of a backend; tickets and forward secrecy those of an edge. */
struct conf_tls {
	bool is_set; /* a tls group was written here */
	enum tls_version min_version;
	char *groups;
	bool forward_secrecy_required;
	bool tickets;
	bool compact; /* sessions leave OpenSSL after the handshake; of the file's group for all
	                 but edges */
	enum conf_tls_mode mode;
	enum tls_verify verify;
	char *ca_file; /* NULL unless verify is FILE */
	uint8_t (*pins)[32];
	size_t pin_count;
	char *name;   /* to be in the backend's certificate; NULL with PIN, INTERNAL and NONE */
	char **peers; /* INTERNAL: nodes, one of which it is */
	size_t peer_count;
	char *interface; /* TUNNEL: by which it is reached; NULL: any, by an IPsec policy */
};

/* Is there TLS of ours, whose rows count? */
static inline bool conf_tls_is_ours(const struct conf_tls *t)
{
	return t->mode == CONF_TLS_STARTTLS || t->mode == CONF_TLS_IMPLICIT;
}

/* How a CA is shown that the names are ours (RFC 8555 8, RFC 8737). */
enum conf_challenge { CONF_CHALLENGE_HTTP, CONF_CHALLENGE_TLS_ALPN, CONF_CHALLENGE_DNS };

enum conf_key_type { CONF_KEY_P256, CONF_KEY_RSA2048 };

struct conf_certificate {
	char *name;
	char *chain; /* file names; NULL with acme: see conf_certificate_path() */
	char *key;
	char *acme; /* the directory of the CA, an URL; NULL: the operator brings the files */
	char **names;
	size_t name_count;
	enum conf_challenge challenge;
	char *dns_hook;
	char *contact; /* an address of mail, or NULL */
	enum conf_key_type key_type;
	const char *file; /* where it was written: in conf_settings.files, or NULL */
	int line;
};

/* Which of a backend's addresses a session goes to first. */
enum conf_balance {
	CONF_BALANCE_ORDER,  /* as they are written */
	CONF_BALANCE_LEAST,  /* that with the fewest sessions */
	CONF_BALANCE_SOURCE, /* always the same for a client's address */
	CONF_BALANCE_USER,   /* always the same for a user (open = "auth") */
};

enum { CONF_BACKEND_ADDRESSES_MAX = 64 };

struct conf_backend {
	char *name;
	struct conf_address *addresses;
	size_t address_count;
	enum conv_client_info client_info;
	struct conf_tls tls;
	bool accepts_plain;
	bool accepts_no_client_info;
	bool accepts_unverified_client_info;
	bool accepts_unverified; /* tls.verify = "none" */
	bool accepts_unproven_tunnel;
	bool channel_binding; /* it binds to our TLS: -PLUS mechanisms stay */
	uint32_t connect_timeout_ms;
	bool is_made; /* nobody wrote it: conf/made.h */
	enum conf_balance balance;
	struct conf_network *sources; /* addresses alone, in turn; none: as the kernel chooses */
	size_t source_count;
	uint32_t health_interval_ms; /* between checks of an address; 0: there are none */
	uint32_t health_timeout_ms;  /* of a check, all of it */
	const char *file;
	int line;
};

struct conf_limits {
	unsigned connections_per_address; /* 0 in any of these: no limit */
	unsigned handshakes_per_second;   /* per address */
	unsigned connections_per_user;    /* of one address, after login */
	unsigned max_sessions;            /* per worker */
	unsigned max_handshakes;          /* per worker, in flight */
	uint32_t handshake_wait_ms;       /* in line, before the newest are refused; 0: never */
	unsigned errors_max;
	unsigned login_failures_max;
	unsigned login_delay_after;  /* 0: never */
	unsigned login_refuse_after; /* the same */
	uint32_t login_refuse_for_ms;
	struct conf_network *login_exempt;
	size_t login_exempt_count;
	size_t line_max; /* bytes, CRLF included */
	size_t auth_line_max;
	size_t literal_max;
	uint32_t greeting_timeout_ms;
	uint32_t command_timeout_ms;
	uint32_t data_timeout_ms;
	uint32_t reply_timeout_ms;
	uint32_t login_timeout_ms;
	uint32_t handshake_timeout_ms;
	uint32_t idle_timeout_ms; /* after login; 0: the backend's business; else 35 min at least */
	struct conf_network *exempt;
	size_t exempt_count;
};

/* Dated: who, what, why, until when (DESIGN 4). Those past their date are not here. */
struct conf_exception {
	char *edge;
	struct conf_network *from;
	size_t from_count;
	bool any_from; /* from = ["*"] */
	bool allow_plain_login;
	enum tls_version allow_version; /* 0: none */
	int64_t until_s;                /* Unix time of the end of the day, UTC */
	char *reason;
	int line;
};

enum conf_protocol {
	CONF_SMTP,
	CONF_SUBMISSION,
	CONF_IMAP,
	CONF_POP3,
	CONF_TCP,
	CONF_SIEVE,
	CONF_LMTP,
	CONF_HTTP,
	CONF_PROTOCOL_COUNT
};

/* Another backend for some of the names that clients ask for (SNI). */
struct conf_by_sni {
	char **names; /* "a.example.org", "*.example.org" */
	size_t name_count;
	size_t backend;
	size_t backend_h2; /* (size_t)-1: none */
	int line;
};

/* Another backend for some of the users: those of whom "lookup" says this. */
struct conf_by_user {
	char *answer; /* NULL: the backend's name */
	size_t backend;
	int line;
};

/* Who says which user is at home where: a service that speaks socketmap, or a table. */
struct conf_lookup {
	char *name;
	struct conf_address socketmap; /* text[0]: it is this */
	char *map;                     /* the name that the service knows */
	char *table;                   /* a file; NULL: it is the other */
	uint32_t timeout_ms;
	uint32_t keep_ms; /* an answer of the service; 0: none is kept */
	const char *file;
	int line;
};

struct conf_edge {
	char *name;
	enum conf_protocol protocol;
	struct conf_address *listen;
	size_t listen_count;
	struct conf_address *listen_tls;
	size_t listen_tls_count;
	size_t backend;    /* index into conf_settings.backends */
	size_t backend_h2; /* http; (size_t)-1: none, as with the next */
	size_t challenge_backend;
	struct conf_by_sni *by_sni;
	size_t by_sni_count;
	enum conv_open open;
	char *lookup; /* of which conf_settings.lookups: with CONV_OPEN_AUTH; NULL: all are at
	                 backend */
	struct conf_by_user *by_user;
	size_t by_user_count;
	bool has_no_default; /* backend is one of by_user: nobody is sent there unasked */
	bool is_passthrough; /* TLS is the backend's own */
	char **certificates; /* names; none: all */
	size_t certificate_count;
	struct conf_tls tls;
	char *hostname;
	enum conv_auth auth;
	enum conv_received received;
	enum conv_bare_newline bare_newline;
	char *alpn;                    /* of tcp: the protocol's id; NULL: none */
	bool needs_client_certificate; /* of tcp: of the internal CA */
	char **peers;                  /* and one of these names in it; none: any */
	size_t peer_count;
	uint32_t greet_delay_ms;
	struct conf_network *require_tls_from;
	size_t require_tls_from_count;
	struct conf_network *proxy_from;
	size_t proxy_from_count;
	bool accepts_self_signed;
	struct conf_limits limits;
	int line;
};

/* A name server: "192.0.2.53", "2001:db8::53", either with "@PORT"; with "ZONE=" before it for one
 * zone alone. */
struct conf_server {
	char zone[256];   /* "" unless of one zone */
	char address[64]; /* as libunbound takes it */
};

/* Where MTAs hand over: "lmtp:ADDRESS" or "smtp:ADDRESS". */
struct conf_handoff {
	struct conf_address address;
	bool is_lmtp;
	bool is_wide; /* 127.0.0.0/8: every address of loopback; address.kind is ANY */
};

struct conf_relay {
	char *name;
	struct conf_handoff *listen;
	size_t listen_count;
	struct conf_handoff *listen_tls; /* for other hosts, who prove themselves */
	size_t listen_tls_count;
	char **certificates; /* names; none: all */
	size_t certificate_count;
	enum tls_verify client_verify; /* FILE or INTERNAL */
	char *client_ca_file;          /* NULL without listen_tls, and with INTERNAL */
	char **peers; /* names, one of which has to be in an MTA's certificate; none: any */
	size_t peer_count;
	char *group; /* of unix sockets; NULL: that of the daemon */
	unsigned mode;
	char *hostname;
	struct conf_network *sources; /* addresses alone, one of a family at most */
	size_t source_count;
	char *ca_file;       /* NULL: the CAs of the system alone */
	struct conf_tls tls; /* min_version, of far ends */
	uint32_t plain_after_ms;
	unsigned concurrency; /* connections to a domain, of all workers; 0 in the next three: no
	                         limit */
	unsigned host_concurrency;
	unsigned operator_concurrency;
	unsigned operator_rate; /* connections begun a minute */
	uint32_t slot_wait_ms;
	bool remembers; /* what TLS far ends had */
	char **hold;    /* domains: "example.org", ".example.org", "*" */
	size_t hold_count;
	char **refuse;
	size_t refuse_count;
	uint32_t hold_for_ms;
	enum conv_bare_newline bare_newline;
	unsigned port; /* of far ends */
	const char *file;
	int line;
};

enum conf_link_protocol {
	CONF_LINK_TCP,    /* any: bytes are carried unlooked at */
	CONF_LINK_SYSLOG, /* datagrams, carried as RFC 5425 frames */
};

/* One end of a sealed way between two hosts of our own. The near end has listen: plain in, TLS
 * out. The far end has listen_tls: TLS in, plain out to a service of its host. */
struct conf_link {
	char *name;
	enum conf_link_protocol protocol;
	struct conf_address *listen;
	size_t listen_count;
	struct conf_address *listen_tls;
	size_t listen_tls_count;
	struct conf_address *to; /* tried in turn */
	size_t to_count;
	char **peers; /* our own hosts, one of which the other end is */
	size_t peer_count;
	bool proxy;       /* what is connected to is told who came, by PROXY v2 */
	bool transparent; /* of a near end: it takes what nftables caught on its way to these */
	struct conf_address *destinations;
	size_t destination_count;
	char *group; /* of unix sockets; NULL: that of the daemon */
	unsigned mode;
	unsigned connections; /* of one worker; 0: no limit */
	uint32_t connect_timeout_ms;
	uint32_t idle_timeout_ms; /* 0: none */
	uint32_t keepalive_s;
	bool is_made; /* nobody wrote it: conf/made.h */
	const char *file;
	int line;
};

enum { CONF_LINK_TARGETS_MAX = 32 };

static inline bool conf_link_is_far(const struct conf_link *link)
{
	return link->listen_tls_count;
}

/* The operator's own way to a domain. */
struct conf_route {
	char *domain; /* "example.org", ".example.org", "*" */
	struct conf_address host;
	struct conf_tls tls; /* mode, verify, ca_file, pins, name */
	bool accepts_plain;
	bool accepts_unverified;
	const char *file;
	int line;
};

struct conf_resolver {
	char *hosts_file; /* of names in our own settings; NULL: none */
	struct conf_server *forwards;
	size_t forward_count;
	struct conf_server *stubs;
	size_t stub_count;
	bool trusts_ad; /* of the forwards, which are on this host */
	char *trust_anchor;
	char *ca_file; /* NULL: those of the system alone */
	unsigned queries;
};

/* What Postfix is told by one lookup. */
enum conf_dialect {
	CONF_DIALECT_AUTO, /* by the name of the map that is asked */
	CONF_DIALECT_PLAIN,
	CONF_DIALECT_TLSRPT, /* with the attributes of Postfix 3.10 */
};

struct conf_policy_service {
	bool is_set;
	struct conf_address *socketmap; /* unix sockets */
	size_t socketmap_count;
	char *group; /* NULL: that of the daemon */
	unsigned mode;
	enum conf_dialect dialect;
	char **local_domains; /* that the map "transport" leaves alone */
	size_t local_domain_count;
};

/* TLS reports: where others tell how their sessions ended (libtlsrpt), and what goes out. */
struct conf_tlsrpt {
	bool is_set;
	struct conf_address *collector; /* unix sockets, for datagrams */
	size_t collector_count;
	char *group; /* NULL: that of the daemon */
	unsigned mode;
	bool sends;
	char *from;                            /* a mailbox; NULL only where nothing is sent */
	char *organization;                    /* NULL: the domain of from */
	char *contact;                         /* a mailbox; NULL: from */
	struct conf_address submit;            /* on this host */
	struct conf_network *private_networks; /* that may be posted to all the same */
	size_t private_network_count;
};

/* Of which sessions there are rows; of all there are sums. */
enum conf_keep {
	CONF_KEEP_NOTABLE, /* plain, legacy, refused, failed, first seen */
	CONF_KEEP_ALL,
	CONF_KEEP_NONE, /* there is no ledger */
};
enum conf_client_address { CONF_CLIENT_FULL, CONF_CLIENT_TRUNCATED, CONF_CLIENT_NONE };

struct conf_ledger {
	enum conf_keep keep;
	uint32_t retention_s;
	size_t max_size; /* bytes of the file */
	enum conf_client_address client_address;
	char **exposure_hook; /* a program and its arguments; none: there is no hook */
	size_t exposure_hook_count;
	unsigned hook_rate; /* runs a minute */
	uint32_t hook_timeout_ms;
};

struct conf_dashboard {
	bool is_set;
	struct conf_address listen; /* of loopback, or a unix socket */
	char *group;                /* NULL: that of the daemon */
	unsigned mode;
	char *password_file; /* NULL: who can connect may look */
	char **names;        /* by which browsers may ask, beside those of loopback */
	size_t name_count;
	bool metrics_are_open; /* /metrics needs no password */
};

/* A policy of our own for senders (RFC 8461), served at https://mta-sts.DOMAIN. */
enum conf_sts_mode { CONF_STS_NONE, CONF_STS_TESTING, CONF_STS_ENFORCE };
struct conf_mta_sts {
	char *domain;
	enum conf_sts_mode mode;
	uint32_t max_age_s;
	char **mx; /* patterns; none: as DNS has them */
	size_t mx_count;
	const char *file;
	int line;
};
enum { CONF_STS_MX_MAX = 64 };

/* Where mail programs of a domain's users find their servers, served at https://autoconfig.DOMAIN
 * and https://autodiscover.DOMAIN. */
struct conf_autoconfig {
	char *domain;
	char *display_name;             /* NULL: the domain */
	char *imap, *pop3, *submission; /* host names; NULL: those of the edges */
	const char *file;
	int line;
};

/* Own domains, looked at from outside on a schedule (`mailseal check --mine`). */
enum conf_check_profile {
	CONF_CHECK_M3AAWG,
	CONF_CHECK_NCSC2025,
	CONF_CHECK_BSI2026,
	CONF_CHECK_MOZILLA6,
	CONF_CHECK_RFC9325,
	CONF_CHECK_PROFILE_COUNT
};
struct conf_check {
	bool is_set;
	char **domains;
	size_t domain_count;
	uint32_t every_s;
	enum conf_check_profile profile;
};
const char *conf_check_profile_name(enum conf_check_profile profile);

/* The store that several nodes share. */
struct conf_cluster {
	bool is_set;
	struct conf_address *servers;
	size_t server_count;
	char *password_file;       /* NULL: none */
	char *prefix;              /* of all its keys */
	struct conf_tls tls;       /* is_set: INTERNAL, with peers, and shows who we are */
	struct conf_address *ways; /* NULL, or the near ends of the links to them (conf/made.h) */
};
enum { CONF_CLUSTER_SERVERS_MAX = 32 };

/* What an interface's frames crossed. */
enum conf_wire {
	CONF_WIRE_AUTO, /* as the kernel calls the interface */
	CONF_WIRE_NETWORK,
	CONF_WIRE_LOCAL,
	CONF_WIRE_INSIDE_TUNNEL,
};

/* What crosses our own networks is watched, by a process for each interface. */
struct conf_watch {
	bool is_set;
	char **interfaces;
	size_t interface_count;
	struct conf_network *internal; /* none: private addresses */
	size_t internal_count;
	enum conf_wire wire;
	char **ignored; /* protocols */
	size_t ignored_count;
};
enum { CONF_INTERFACES_MAX = 16 };

/* Public ports whose sessions are seen on a mirror of them, and recorded as edges would. */
struct conf_mirror {
	char *name;
	enum conf_protocol protocol;
	struct conf_address *servers;
	size_t server_count;
	const char *file;
	int line;
};

/* Who we are among our own hosts. */
struct conf_pki {
	bool is_set;
	char *dir; /* identity/files.h */
	uint32_t grace_s;
};

enum conf_log_format { CONF_LOG_LOGFMT, CONF_LOG_JSON };
enum conf_log_target { CONF_LOG_STDERR, CONF_LOG_SYSLOG };

struct conf_settings {
	char *hostname;
	char *state_dir;
	char *run_dir;
	char *user;
	char *keys_user;
	unsigned workers;        /* 0: one a core */
	unsigned keys_processes; /* 0: as many as the kind of the keys needs */
	enum conf_log_format log_format;
	enum conf_log_target log_target;
	uint32_t drain_timeout_ms;
	unsigned drain_rate; /* sessions ended a second */
	uint32_t drain_notice_ms;
	uint32_t witness_every_ms; /* 0: nobody looks at what our ports serve */
	struct conf_watched *watched;
	size_t watched_count;
	char **alarm_hook; /* a program and its arguments; none: there is no hook */
	size_t alarm_hook_count;
	struct conf_tls tls;
	struct conf_limits limits;
	struct conf_certificate *certificates;
	size_t certificate_count;
	char *certificate_dir; /* a tree of more of them; NULL */
	struct conf_backend *backends;
	size_t backend_count;
	struct conf_lookup *lookups;
	size_t lookup_count;
	struct conf_edge *edges;
	size_t edge_count;
	struct conf_relay *relays;
	size_t relay_count;
	struct conf_route *routes;
	size_t route_count;
	struct conf_link *links;
	size_t link_count;
	struct conf_resolver resolver;
	struct conf_policy_service policy_service;
	struct conf_tlsrpt tlsrpt;
	struct conf_ledger ledger;
	struct conf_dashboard dashboard;
	struct conf_check check;
	struct conf_cluster cluster;
	struct conf_pki pki;
	struct conf_watch watch;
	struct conf_mirror *mirrors;
	size_t mirror_count;
	struct conf_mta_sts *mta_sts;
	size_t mta_sts_count;
	struct conf_autoconfig *autoconfigs;
	size_t autoconfig_count;
	struct conf_exception *exceptions;
	size_t exception_count;
	char *text;   /* the file with its includes expanded: for workers, conf_read_text() */
	char **files; /* that were read, the first as it was named */
	size_t file_count;
};

/* NULL is allowed. */
void conf_settings_free(struct conf_settings *s);
void conf_settings_freep(struct conf_settings **s);

const char *conf_protocol_name(enum conf_protocol protocol);

/* Bytes go both ways unlooked at: tcp, and http in TLS. */
bool conf_protocol_is_spliced(enum conf_protocol protocol);
/* Is it a backend of this edge, of whatever setting? */
bool conf_edge_has_backend(const struct conf_edge *edge, size_t backend);
/* By its name; NULL: there is none. */
const struct conf_lookup *conf_lookup_find(const struct conf_settings *s, const char *name);
/* What "lookup" said: an index of backends, or (size_t)-1: none of "by_user" is meant. */
size_t conf_by_user_find(const struct conf_settings *s, const struct conf_edge *edge,
                         const char *answer, size_t len);

/* NULL: none of "by_sni" names it. sni: as it came. */
const struct conf_by_sni *conf_by_sni_find(const struct conf_edge *edge, const char *sni);

#endif
