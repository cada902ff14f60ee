/* What the files of link/ share. Inside link/ alone. */
#ifndef LINK_INSIDE_H
#define LINK_INSIDE_H

#include "base/log_calm.h"
#include "io/loop.h"
#include "io/stream.h"
#include "io/udp.h"
#include "link/link.h"

enum { LINK_ID_CAP = 24, LINK_ERROR_CAP = 128 };

/* Where a link goes to. */
struct link_target {
	struct sockaddr_storage sa;
	socklen_t len;
	const char *text;
	uint64_t down_until_ms; /* it could not be used; until then others come first */
};

struct link_sender;

/* One link of the configuration: this host's end of it. */
struct link_end {
	char *name;
	char *peers; /* whom the other end may be, for the log */
	enum conf_link_protocol protocol;
	bool is_far;
	bool proxy;
	unsigned connections_max;
	size_t open;
	uint32_t connect_timeout_ms, idle_timeout_ms;
	unsigned keepalive_s;
	struct conf_address *addresses[2]; /* what the texts of targets and destinations are of */
	struct link_target *targets;
	size_t target_count;
	bool is_transparent; /* what was caught on its way to one of these, and nothing else */
	struct link_target *destinations;
	size_t destination_count;
	struct tls_server *server; /* of a far end */
	struct tls_client *client; /* of a near end */
	struct log_calm refusals, failures, losses, expiries;
	struct link_sender *sender; /* near end of syslog, once a datagram came */
};

struct link_world {
	unsigned refs;
	struct link_end *ends;
	size_t count;
};
struct link_world *link_world_ref(struct link_world *w);

struct link_session;

struct link_pool {
	struct io_loop *loop;
	struct store_recorder *recorder; /* NULL: the log alone */
	struct link_counters counters;
	struct link_session *sessions;
	struct link_sender *senders;
	size_t open; /* sessions and senders */
	size_t handshakes;
	struct io_deadline drain_late;
	bool is_draining;
	void (*on_empty)(void *owner);
	void *on_empty_owner;
};
void link_pool_left(struct link_pool *pool); /* one less is open */

/*
 * The way out of a link: its targets in turn, each with its deadline, and TLS towards far ends.
 * Embedded in its owner. When it is up, the stream's events are the owner's to take over.
 */
struct link_dial {
	struct io_stream stream;
	struct link_pool *pool;
	struct link_end *end;
	const char *session_id;
	void (*on_done)(struct link_dial *d, bool is_up);
	void *owner;
	struct io_deadline late;
	struct io_later again;
	struct link_target *target; /* being tried or in use */
	uint32_t tried;             /* a bit each, CONF_LINK_TARGETS_MAX */
	bool is_failed;             /* this target: the next is tried after the callback */
	char error[LINK_ERROR_CAP]; /* of the last that failed */
};

/* on_done follows, maybe at once. */
void link_dial_start(struct link_dial *d);
void link_dial_deinit(struct link_dial *d);

/* The other end's certificate has expired, and is accepted all the same: that is for a person. */
void link_expiry_say(struct link_pool *pool, struct link_end *end, const char *session_id,
                     const struct tls_session *tls);

/* A connection that came. */
enum link_state {
	LINK_STATE_HANDSHAKE, /* of who came to a far end */
	LINK_STATE_DIAL,
	LINK_STATE_SPLICE,  /* bytes both ways */
	LINK_STATE_RECEIVE, /* frames of syslog */
	LINK_STATE_CLOSING, /* both have ended, the last bytes go out */
	LINK_STATE_COUNT,
};

struct link_session {
	struct link_session *next, **at;
	struct link_pool *pool;
	struct link_world *world;
	struct link_end *end;
	struct io_stream in;   /* from who came */
	struct link_dial dial; /* to where the link goes */
	struct io_udp syslog;  /* the same, of a far end of syslog */
	struct io_deadline deadline;
	struct io_later over; /* frees it, after the callback */
	enum link_state state;
	uint64_t began_ms;
	uint64_t datagrams;
	char id[LINK_ID_CAP];
	char addr[48];
	uint16_t port;
	char wanted_addr[48]; /* where who came connected to, as he knows it */
	uint16_t wanted_port;
	bool was_up;
	const char *ended_by; /* which side was the first to end or to break, for the log */
	const char *outcome;
	char error[LINK_ERROR_CAP];
};
void link_session_id_make(char ret_id[LINK_ID_CAP], const void *salt);
/* Ends it after this callback. outcome: a word of the log. */
void link_session_end(struct link_session *s, const char *outcome);
/* The same, and both sides are told that it broke. */
void link_session_break(struct link_session *s, const char *outcome);
void link_session_free(struct link_session *s);

/* link/receiver.c: the far end of syslog. */
void link_receiver_begin(struct link_session *s);
void link_receiver_event(struct link_session *s, enum io_stream_event event);

/* link/sender.c: the near end. Those of other worlds go when what waits is sent; NULL: all. */
void link_senders_leave(struct link_pool *pool, const struct link_world *but);
void link_sender_free(struct link_sender *sender);

/* link/wanted.c: where who came wanted to, before nftables; else where he is. */
void link_wanted_find(const struct link_end *end, int fd, struct sockaddr_storage *ret_sa);
/* Of a transparent link: was it caught on its way to a destination? True of others. */
bool link_is_wanted(const struct link_end *end, const struct sockaddr_storage *sa);

/* link/record.c */
struct link_record {
	struct link_pool *pool;
	const struct link_end *end;
	const char *session_id;
	const char *address, *target, *outcome, *error;
	const char *ended_by;          /* NULL: neither side */
	const struct tls_session *tls; /* NULL, or of a handshake that did not end: not sealed */
	uint64_t began_ms, bytes_in, bytes_out, datagrams;
};
void link_record(const struct link_record *record);

/* The stream with TLS: towards the other end. */
static inline struct io_stream *link_session_sealed(struct link_session *s)
{
	return s->end->is_far ? &s->in : &s->dial.stream;
}

#endif
