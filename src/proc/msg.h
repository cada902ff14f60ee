/*
 * Messages between the processes of mailseal: what there is, who may send it, and how its payload
 * is packed. Pure; proc/chan.h carries them. A message outside the table ends its sender.
 *
 * A frame on the wire: u32 length of the payload, u16 type, u16 version of the table (all big
 * endian), payload. At most one descriptor comes with it. Payloads below are written as packed:
 * text is the rest of the payload without a length, bytes is a u16 length and the bytes, str is
 * bytes without a NUL inside.
 */
#ifndef PROC_MSG_H
#define PROC_MSG_H

#include "base/buf.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum proc_role {
	PROC_ROLE_PARENT,
	PROC_ROLE_KEYS,
	PROC_ROLE_WORKER,
	PROC_ROLE_RESOLVER,
	PROC_ROLE_LEDGER,
	PROC_ROLE_RUNNER,
	PROC_ROLE_WATCH,
	PROC_ROLE_WITNESS,
	PROC_ROLE_SITE,
	PROC_ROLE_COUNT,
};

/*
 * Of this table. Processes speak their own version and the one before (DECISIONS 11). The test of
 * upgrades builds a binary whose table is the next one.
 */
#ifndef PROC_TABLE_AHEAD
#define PROC_TABLE_AHEAD 0
#endif
enum { PROC_TABLE_VERSION = 1 + PROC_TABLE_AHEAD, PROC_TABLE_VERSION_OLDEST = 1 };

/* The numbers are the wire's: only append. */
enum proc_msg_type {
	/* parent -> worker */
	PROC_MSG_CONFIG,       /* text: the configuration, as the parent read it; also -> resolver,
	                          ledger, watch */
	PROC_MSG_CHAIN,        /* u32 key id, str name, text PEM */
	PROC_MSG_CA,           /* u32 whose (conf/materials.h), text PEM */
	PROC_MSG_TICKET_KEYS,  /* 2 * 80 bytes: current, previous; also ledger -> parent: those
	                          of the cluster */
	PROC_MSG_LISTENER,     /* u32 edge, u8 is TLS, u8 address family; fd: the socket */
	PROC_MSG_KEYS_CHANNEL, /* fd: to keys */
	PROC_MSG_START,        /* u8: ask the backends what they offer; all was sent: apply */
	PROC_MSG_DRAIN,        /* u32 deadline in ms */
	PROC_MSG_STATUS_ASK,   /* u32 id; also parent -> ledger, watch */
	/* worker -> parent */
	PROC_MSG_STATUS,  /* u32 id of the question, then u64 each: enum proc_worker_number */
	PROC_MSG_CAPS,    /* u32 backend, u32 address, u8 PROC_CAPS_..., text: what it offers;
	                     also parent -> worker */
	PROC_MSG_DRAINED, /* the last session ended */
	PROC_MSG_REFUSED, /* text: why the configuration could not be applied */
	PROC_MSG_READY, /* also keys, resolver, ledger, runner, watch, witness and site -> parent */
	/* parent -> keys */
	PROC_MSG_KEY,              /* u32 key id; fd: the PEM file */
	PROC_MSG_KEY_FORGET,       /* u32 key id */
	PROC_MSG_WORKER_CHANNEL,   /* fd: to a worker; also parent -> resolver, ledger */
	PROC_MSG_MAKE_SELF_SIGNED, /* text: host name; fd: where to write the key */
	/* keys -> parent */
	PROC_MSG_KEY_LOADED,  /* u32 key id, 32 bytes: SHA-256 of the SubjectPublicKeyInfo */
	PROC_MSG_KEY_BAD,     /* u32 key id, text: why */
	PROC_MSG_SELF_SIGNED, /* text: chain in PEM; empty: it could not be made or kept */
	/* worker -> keys, and back */
	PROC_MSG_SIGN,   /* u32 request, u32 key id, u16 TLS scheme, bytes digest (64 at most) */
	PROC_MSG_SIGNED, /* u32 request, bytes signature; empty: it failed */
	/* parent -> worker */
	PROC_MSG_RESOLVER_CHANNEL, /* fd: to resolver */
	PROC_MSG_SERVICE,          /* u8 enum proc_service, u32 which of them; fd: its socket;
	                     also -> ledger */
	/* worker -> resolver, and back */
	PROC_MSG_RESOLVE,  /* u32 request, u8 is a host, str domain */
	PROC_MSG_RESOLVED, /* u32 request, then proc/way.h */
	/* worker -> resolver: what a hop met */
	PROC_MSG_SEEN, /* u8 enum policy_seen, str domain, str MX host */
	/* worker -> parent: its channel to resolver broke, though both live */
	PROC_MSG_RESOLVER_WANTED,
	/* parent -> resolver */
	PROC_MSG_RELEASE, /* text: domain whose past is forgotten */
	/* worker -> resolver: what was wrong with a host's TLS */
	PROC_MSG_FAULT, /* u8 enum policy_fault_seen, str MX host */
	/* resolver -> parent: all that there are, when they change */
	PROC_MSG_WORKAROUNDS, /* text: "MX UNTIL\n" for each, Unix time in seconds */
	/* worker -> resolver: a place at a far end (policy/place.h) */
	PROC_MSG_PLACE, /* u32 number, u8 it is held already, str domain, str host; u32 each: of
	                   the domain, of the host, of the operator, per minute */
	PROC_MSG_PLACE_GIVE, /* u32 number: taken or asked for, not wanted any more */
	/* resolver -> worker */
	PROC_MSG_PLACED,       /* u32 number, str operator: it is taken */
	PROC_MSG_PLACE_WANTED, /* u8 it is a domain, str domain or operator: somebody waits there */
	/* worker -> resolver: how a session ended, for TLS reports */
	PROC_MSG_OUTCOME, /* u32 how many before it were lost, then proc/outcome.h */
	/* parent -> resolver: TLS reports of a day go now */
	PROC_MSG_TLSRPT_SEND, /* u32 day since 1970-01-01 */
	/* resolver -> parent: how many TLS reports there are, when that changes */
	PROC_MSG_TLSRPT_NUMBERS, /* u64 each: that wait, sent, given up */
	/* parent -> worker, watch */
	PROC_MSG_LEDGER_CHANNEL, /* fd: to ledger */
	/* worker, watch -> ledger, and back */
	PROC_MSG_RECORDS,      /* a batch: proc/record.h */
	PROC_MSG_RECORDS_KEPT, /* u64 number of the batch: it is in the file, and all before it */
	/* worker, watch -> parent: its channel to ledger broke */
	PROC_MSG_LEDGER_WANTED,
	/* parent -> ledger, and back */
	PROC_MSG_FORGET, /* u32 request, text: user */
	PROC_MSG_FORGOT, /* u32 request, u32 rows deleted, u8 it failed */
	/* ledger -> parent */
	PROC_MSG_LEDGER_STATUS, /* u64 numbers, in the order of enum proc_ledger_number */
	/* parent -> ledger, for the dashboard; text: JSON (parent/dashboard.c) */
	PROC_MSG_PASSWORDS, /* text: who may look (web/password.h); empty: who can connect */
	PROC_MSG_STATE,     /* how the daemon is */
	PROC_MSG_IN_FORCE,  /* edges and certificates */
	/* parent -> runner, its first; and what ledger asks of it (proc/hook.h) */
	PROC_MSG_HOOKS,          /* what may be run: fixed by the configuration */
	PROC_MSG_RUNNER_CHANNEL, /* fd: between ledger and runner; to each of them */
	PROC_MSG_HOOK_RUN,   /* u64 number, u8 enum proc_hook, str whom it is about, text JSON */
	PROC_MSG_HOOK_ENDED, /* u64 number, u8 enum proc_hook_end */
	/* ledger -> parent */
	PROC_MSG_CLUSTER_STATUS, /* u64 numbers, in the order of enum proc_cluster_number */
	/* worker -> ledger: a login failed, or went well */
	PROC_MSG_GUESS,   /* u8 it failed, 16 bytes address, str user */
	PROC_MSG_GUESSED, /* and back: u32 failures at all nodes, 16 bytes address, str user */
	/* runner -> ledger, before PROC_MSG_HOOK_ENDED: u64 number, text: its stdout */
	PROC_MSG_HOOK_SAID,
	/* parent -> worker: who is not let in, all of them (edge/bans.h); ledger -> parent: those
	 * of the cluster */
	PROC_MSG_BANS,
	PROC_MSG_BAN, /* parent -> ledger, for the cluster. Text "TARGET UNTIL"; 0: not any more */
	/* parent -> worker: the tunnels that may be used, all of them */
	PROC_MSG_TUNNELS, /* proc/tunnel.h */
	/* watch -> parent */
	PROC_MSG_WATCH_STATUS, /* u64 numbers, in the order of enum proc_watch_number */
	PROC_MSG_WATCH_FAILED, /* text: why nothing can be captured (any more); its end follows */
	/* parent -> ledger */
	PROC_MSG_WATCH_CHANNEL, /* fd: to a watch, which tells as a worker does */
	/* worker -> resolver, and back: the addresses of a host that a setting names */
	PROC_MSG_HOST,       /* u32 request, str name */
	PROC_MSG_HOST_FOUND, /* u32 request, then proc/host.h */
	/* parent -> resolver */
	PROC_MSG_HOSTS_FILE, /* text: the hosts file, when it is another */
	/* resolver -> parent: all names that were asked for, when something changes */
	PROC_MSG_HOSTS, /* text: "NAME SOURCE ADDRESS,ADDRESS WHY\n" each (parent/hosts.c) */
	/* parent -> witness, and back (proc/witness.h) */
	PROC_MSG_WITNESS_TARGETS, /* what is looked at: all there is */
	PROC_MSG_WITNESS_AGAIN,   /* u32 id: look once more, in a moment */
	PROC_MSG_WITNESS_SAW,     /* what one look was */
	/* parent -> worker: the ALPN id by which a session is witness's own */
	PROC_MSG_WITNESS_TOKEN,
	/* parent -> ledger: it is so, or not any more (proc/alarm.h) */
	PROC_MSG_ALARM,
	/* parent -> resolver */
	PROC_MSG_SITE_CHANNEL, /* fd: to site, which asks as a worker does */
	/* site -> parent: what is wrong with our own policies, all of it, when it changes */
	PROC_MSG_SITE_TROUBLE, /* text: "DOMAIN WHY\n" each */
	/* site -> parent: what is served, when it changes (site/told.h) */
	PROC_MSG_SITE_POLICIES, /* text */
	/* parent -> keys, and back: a request for a certificate (PKCS #10) */
	PROC_MSG_MAKE_REQUEST, /* u32 number, u8 enum proc_request_key, text: names, "\n" between;
	                          fd: the key, or where to write it */
	PROC_MSG_REQUEST_MADE, /* u32 number, 32 bytes: SHA-256 of the SubjectPublicKeyInfo, bytes
	                          the request in PEM, text: a self-made certificate for the same
	                          names and key. The number alone: it failed */
	/* parent -> keys, and back: what a CA is shown by tls-alpn-01 (RFC 8737) */
	PROC_MSG_MAKE_CHALLENGE, /* u32 key id, 32 bytes: digest of the key authorization, text:
	                            name; fd: where to write the key, for the other keys processes
	                          */
	PROC_MSG_CHALLENGE_MADE, /* u32 key id, text: certificate in PEM; empty: it failed */
	/* parent -> worker, and back: what CAs may ask for now, all of it */
	PROC_MSG_CHALLENGES,       /* u32 generation, then proc/challenges.h */
	PROC_MSG_CHALLENGES_TAKEN, /* u32 generation: it is answered from now on */
	/* parent -> runner, and back: a program of the parent's, beside the hooks */
	PROC_MSG_PROGRAM, /* u32 number, u32 deadline in ms, str each: its words; fd: its stdin */
	PROC_MSG_PROGRAM_ENDED, /* u32 number, u8 it went well, text: what it said, hostile */
	/* worker -> parent: a look at an address of a backend (edge/learn.h); and parent -> worker:
	 * what one of them saw */
	PROC_MSG_LOOKED, /* u32 backend, u32 address, u8 PROC_LOOKED_..., u32 us until the
	                    connection stood, text: what was wrong */
	/* worker -> parent, before each PROC_MSG_STATUS: of each address of each backend */
	PROC_MSG_LOADS, /* u32 sessions that are open, u64 that were begun, u64 that failed */
	/* parent -> witness, and back (proc/guard.h): is a certificate covered by TLSA records? */
	PROC_MSG_GUARD_ASK,
	PROC_MSG_GUARD_SAID,
	/* parent -> ledger, and back: orders of certificates in a cluster */
	PROC_MSG_ORDER_ASK,  /* u8 enum proc_order_ask, u32 number, str which, text: a chain */
	PROC_MSG_ORDER_TOLD, /* u8 enum proc_order_ask, u32 number, u8 enum proc_order_answer,
	                        text: a chain */
	/* parent -> witness, and back: is the next key's TLSA record everywhere?
	 * (proc/everywhere.h)
	 */
	PROC_MSG_EVERYWHERE_ASK,
	PROC_MSG_EVERYWHERE_SAID,
	/* parent -> worker: behind CONFIG, a table of users */
	PROC_MSG_TABLE, /* u32 which lookup, u64 length, fd: lookup/table.h */
	/* parent -> ledger: what a CA may ask any node of the cluster for, of this one's orders;
	 * and ledger -> parent: of the others' (acme/tokens.h). All of it */
	PROC_MSG_TOKENS,
	/* parent -> witness: policies of our own to be looked at as strangers see them. u32 every
	 * so many ms, str each: its domain */
	PROC_MSG_STS_LOOK,
	PROC_MSG_STS_SEEN,     /* and back, then parent -> site (proc/published.h) */
	PROC_MSG_STS_MISMATCH, /* site -> parent: which are not as served: "DOMAIN WHY\n" each */
	/* parent -> worker, behind CONFIG: certificates by name (tls/catalog.h) */
	PROC_MSG_CATALOG, /* fd: memory to be mapped */
	/* keys -> parent: a key that it was not given yet; a KEY or a KEY_FORGET is the answer */
	PROC_MSG_KEY_WANTED, /* u32 key id */
	PROC_MSG_COUNT,
};

/* Of PROC_MSG_STATUS. Only append: a worker of another build may have less to tell. */
enum proc_worker_number {
	PROC_WORKER_OPEN,               /* sessions of edges */
	PROC_WORKER_SIGNATURES_PENDING, /* that keys was asked for */
	PROC_WORKER_SESSIONS,           /* of edges, as all of edge/edge.h up to BYTES_OUT */
	PROC_WORKER_TLS,
	PROC_WORKER_TLS_FAILED,
	PROC_WORKER_PLAIN,
	PROC_WORKER_LEGACY,
	PROC_WORKER_RESUMED,
	PROC_WORKER_REFUSED,
	PROC_WORKER_EXPOSURES,
	PROC_WORKER_BACKEND_FAILURES,
	PROC_WORKER_MESSAGES,
	PROC_WORKER_BYTES_IN,
	PROC_WORKER_BYTES_OUT,
	PROC_WORKER_POLICY_QUESTIONS, /* of Postfix (relay/service.h) */
	PROC_WORKER_POLICY_ANSWERS,
	PROC_WORKER_POLICY_TEMPORARY,
	PROC_WORKER_HANDOFFS_OPEN, /* of MTAs (relay/relay.h) */
	PROC_WORKER_HANDOFFS,
	PROC_WORKER_HOPS,
	PROC_WORKER_HOPS_SEALED,
	PROC_WORKER_HOPS_AUTHENTICATED,
	PROC_WORKER_HOPS_PLAIN,
	PROC_WORKER_HOPS_TLS_FAILED,
	PROC_WORKER_MESSAGES_RELAYED,
	PROC_WORKER_TLSRPT_DATAGRAMS, /* (relay/collector.h) */
	PROC_WORKER_TLSRPT_REFUSED,
	PROC_WORKER_LEDGER_WAITING, /* sessions that are not in the file yet */
	PROC_WORKER_LEDGER_LOST, /* sessions that will never be, and the ledger does not know yet */
	PROC_WORKER_LINKS_OPEN,  /* of link/link.h */
	PROC_WORKER_LINK_CONNECTIONS,
	PROC_WORKER_LINKS_REFUSED,
	PROC_WORKER_LINKS_TLS_FAILED,
	PROC_WORKER_LINK_BYTES_IN,
	PROC_WORKER_LINK_BYTES_OUT,
	PROC_WORKER_LINK_DATAGRAMS,
	PROC_WORKER_LINK_DATAGRAMS_LOST,
	PROC_WORKER_LOGINS_SLOWED, /* of edges again */
	PROC_WORKER_LOGINS_REFUSED,
	PROC_WORKER_TLS_COMPACT, /* sessions that left OpenSSL (tls/session.h) */
	PROC_WORKER_TLS_NOT_COMPACT,
	PROC_WORKER_LOOKUPS,
	PROC_WORKER_LOOKUPS_UNKNOWN,
	PROC_WORKER_LOOKUPS_FAILED,
	PROC_WORKER_REFUSED_BUSY,
	PROC_WORKER_HANDSHAKES_WAITING, /* in line for their turn */
	PROC_WORKER_NUMBER_COUNT
};

/* Of PROC_MSG_LEDGER_STATUS. Only append. */
enum proc_ledger_number {
	PROC_LEDGER_ROWS,        /* of single sessions */
	PROC_LEDGER_BYTES,       /* of the file, what is not merged yet included */
	PROC_LEDGER_COMMITTED_S, /* Unix time of the last commit; 0: none yet */
	PROC_LEDGER_LOST,        /* sessions that were not counted, since the file began */
	PROC_LEDGER_IS_OPEN,     /* there is a file */
	PROC_LEDGER_HOOKS,       /* exposures whose hook is still to be run */
	PROC_LEDGER_NUMBER_COUNT
};

/* Of PROC_MSG_CLUSTER_STATUS. Only append. */
enum proc_cluster_number {
	PROC_CLUSTER_IS_REACHED,
	PROC_CLUSTER_SINCE_S, /* Unix time of that */
	PROC_CLUSTER_WAITING, /* parts that the others have not been told */
	PROC_CLUSTER_NODES,   /* heard of lately */
	PROC_CLUSTER_NUMBER_COUNT
};

/* Of PROC_MSG_WATCH_STATUS. Only append. */
enum proc_watch_number {
	PROC_WATCH_PACKETS,
	PROC_WATCH_DROPS, /* packets that there was no room for */
	PROC_WATCH_FLOWS,
	PROC_WATCH_FORGOTTEN, /* flows that made room for others before they had ended */
	PROC_WATCH_SESSIONS,  /* told to the ledger */
	PROC_WATCH_PASSWORDS, /* seen in clear */
	PROC_WATCH_WAITING,   /* sessions that are not in the file yet */
	PROC_WATCH_LOST,      /* sessions that will never be, and the ledger does not know yet */
	PROC_WATCH_SERVICES,  /* of a day, by verdict: the first of PROC_WATCH_VERDICTS numbers */
	PROC_WATCH_VERDICTS = 10,
	PROC_WATCH_NUMBER_COUNT = PROC_WATCH_SERVICES + PROC_WATCH_VERDICTS
};

/* Of PROC_MSG_SERVICE: what listens beside the edges. */
enum proc_service {
	PROC_SERVICE_POLICY,
	PROC_SERVICE_LMTP, /* of a relay */
	PROC_SERVICE_SMTP,
	PROC_SERVICE_TLSRPT, /* a socket for datagrams */
	PROC_SERVICE_LMTPS,  /* of a relay, in TLS from the first byte */
	PROC_SERVICE_SMTPS,
	PROC_SERVICE_DASHBOARD, /* of ledger */
	PROC_SERVICE_LINK,      /* connections */
	PROC_SERVICE_SYSLOG,    /* of a link, a socket for datagrams */
	PROC_SERVICE_SITE,      /* of site */
	PROC_SERVICE_COUNT,
};

/* Of PROC_MSG_MAKE_REQUEST. */
enum proc_request_key {
	PROC_REQUEST_KEY_THERE, /* it is read */
	PROC_REQUEST_KEY_P256,  /* it is made, and written */
	PROC_REQUEST_KEY_RSA2048,
};

/* Of PROC_MSG_ORDER_ASK and PROC_MSG_ORDER_TOLD. */
enum proc_order_ask {
	PROC_ORDER_CLAIM,   /* of a certificate: may this node order it? */
	PROC_ORDER_RELEASE, /* it has done so */
	PROC_ORDER_PUT,     /* of a certificate and a key: what came of it */
	PROC_ORDER_GET,
	PROC_ORDER_ASK_COUNT
};
enum proc_order_answer { PROC_ORDER_YES, PROC_ORDER_NO, PROC_ORDER_AWAY, PROC_ORDER_ANSWER_COUNT };

/* Of PROC_MSG_CAPS. */
enum {
	PROC_CAPS_BLIND = 1, /* it expects no PROXY header and is not used; no text */
	PROC_CAPS_PLUS = 2,  /* it offers mechanisms bound to its own TLS */
};

/* Of PROC_MSG_LOOKED; neither of the first two: not known yet. */
enum {
	PROC_LOOKED_UP = 1,
	PROC_LOOKED_DOWN = 2,
	PROC_LOOKED_REFUSING = 4, /* down, but it answers, with an error */
};

enum {
	PROC_HEADER_LEN = 8,
	PROC_PAYLOAD_MAX = 4 * 1024 * 1024, /* of any message */
	PROC_TICKET_KEY_LEN = 80,
	PROC_SPKI_LEN = 32,
	PROC_ADDRESS_LEN = 16,
	PROC_DIGEST_MAX = 64,
	PROC_PASSWORDS_MAX = 256 * 1024,
	PROC_RECORDS_MAX = 128 * 1024, /* a batch */
	PROC_REQUEST_NAMES_MAX = 32 * 1024,
	PROC_CHALLENGE_PEM_MAX = 4 * 1024,
	PROC_ORDER_ID_CAP = 144, /* name of a certificate, ":", digest of a key */
	PROC_ORDER_CHAIN_MAX = 128 * 1024,
	PROC_CHALLENGES_MAX = 1024 * 1024,
};

/* For the log. Never NULL. */
const char *proc_role_name(enum proc_role role);
const char *proc_msg_name(unsigned type);

/* May from send this to to? The descriptor must be there exactly if the table says so. */
bool proc_msg_allowed(enum proc_role from, enum proc_role to, unsigned type, size_t len,
                      bool has_fd);
/* Does this type come with a descriptor? false for what is not in the table. */
bool proc_msg_has_fd(unsigned type);

struct proc_header {
	uint32_t len; /* of the payload */
	uint16_t type;
	uint16_t version;
};
void proc_header_write(struct proc_header h, uint8_t ret_bytes[PROC_HEADER_LEN]);
struct proc_header proc_header_read(const uint8_t bytes[PROC_HEADER_LEN]);
bool proc_version_is_known(unsigned version);

/*
 * Packs a payload into fixed room or onto a buf. What does not fit (or -ENOMEM) sticks: the rest
 * is ignored and has_failed stays true, so it is looked at once, at the end.
 */
struct proc_packer {
	uint8_t *data; /* fixed room, or NULL */
	size_t len, cap;
	struct buf *buf; /* or NULL */
	bool has_failed;
};

struct proc_packer proc_packer_over(void *data, size_t cap);
struct proc_packer proc_packer_onto(struct buf *b); /* clears b first; b stays the caller's */
void proc_pack_u8(struct proc_packer *p, uint8_t value);
void proc_pack_u16(struct proc_packer *p, uint16_t value);
void proc_pack_u32(struct proc_packer *p, uint32_t value);
void proc_pack_u64(struct proc_packer *p, uint64_t value);
void proc_pack_bytes(struct proc_packer *p, struct slice bytes); /* 65535 at most */
void proc_pack_str(struct proc_packer *p, const char *text);
void proc_pack_raw(struct proc_packer *p, struct slice bytes); /* no length: text, fixed bytes */
/* What was packed; empty if it has failed. Borrowed from the packer's room. */
struct slice proc_packed(const struct proc_packer *p);

/* Reads a payload. Each returns false, and all after it do, once something was missing. */
struct proc_unpacker {
	struct slice rest;
	bool has_failed;
};

struct proc_unpacker proc_unpacker_over(struct slice payload);
bool proc_unpack_u8(struct proc_unpacker *u, uint8_t *ret);
bool proc_unpack_u16(struct proc_unpacker *u, uint16_t *ret);
bool proc_unpack_u32(struct proc_unpacker *u, uint32_t *ret);
bool proc_unpack_u64(struct proc_unpacker *u, uint64_t *ret);
bool proc_unpack_bytes(struct proc_unpacker *u, struct slice *ret);
/* Fails if it does not fit with its NUL, or has a NUL inside. */
bool proc_unpack_str(struct proc_unpacker *u, char *ret_text, size_t cap);
bool proc_unpack_raw(struct proc_unpacker *u, void *ret, size_t len); /* exactly len bytes */
bool proc_unpack_text(struct proc_unpacker *u, struct slice *ret);    /* all that is left */
/* Nothing was missing and nothing is left. */
bool proc_unpack_ends(const struct proc_unpacker *u);

#endif
