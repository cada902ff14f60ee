/* What the files of link/ share. Inside link/ alone. */
#ifndef LINK_INSIDE_H
#define LINK_INSIDE_H

#include "base/log_calm.h"
#include "base/session_id.h"
#include "io/loop.h"
#include "io/stream.h"
#include "io/udp.h"
#include "link/link.h"
#include "link/name.h"
#include "link/ways.h"
#include "link/word.h"

enum { LINK_ERROR_CAP = 128 };

/* Where a link goes to. */
struct link_target {
	struct link_name *name;     /* a host to be looked up: its addresses, and port */
	struct sockaddr_storage sa; /* else */
	socklen_t len;
	uint16_t port;
	const char *text;
};

struct link_sender;

/* One link of the configuration: this host's end of it. */
struct link_end {
	char *name;
	char *peers; /* whom the other end may be, for the log */
	enum conf_link_protocol protocol;
	bool is_far;
	bool is_made; /* for processes of ours, which go on by themselves */
	bool proxy;
	unsigned connections_max;
	size_t open;
	uint32_t connect_timeout_ms, idle_timeout_ms;
	unsigned keepalive_s;
	struct conf_address *addresses[2]; /* what the texts of targets and destinations are of */
	struct link_target *targets;
	size_t target_count;
	struct link_downs downs;
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
	struct tls_inside *inside; /* NULL: no links */
	struct link_end *ends;
	size_t count;
};
struct link_world *link_world_ref(struct link_world *w);

struct link_session;

struct link_pool {
	struct io_loop *loop;
	struct policy_asker *asker; /* for names */
	struct tls_inside *inside; /* as it is in force now; sessions may have begun with another */
	struct link_name *names;
	struct link_dial *dials;         /* that wait for a name */
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
	struct link_dial *next, **at; /* of those that wait for a name; at NULL: it does not */
	struct link_ways ways;
	struct link_way *way;       /* being tried or in use; NULL before the first */
	struct link_target *target; /* the same */
	bool is_failed;             /* this target: the next is tried after the callback */
	char error[LINK_ERROR_CAP]; /* of the last that failed */
};

/* on_done follows, maybe at once. */
void link_dial_start(struct link_dial *d);
/* After all have failed: the next start is the first again. */
void link_dial_rewind(struct link_dial *d);
/* A name was answered: those that wait for it go on. */
void link_dials_wake(struct link_pool *pool);

/* Of which of them it is said that it failed. */
enum link_whose {
	LINK_WHOSE_TARGET,
	LINK_WHOSE_FAR_SERVICE, /* the target is a far end, and fine; what is behind it is not */
};
/* The target, in use already, comes to nothing: the next has its turn when the stream's callback
 * has returned, and on_done follows once more. */
void link_dial_failed(struct link_dial *d, enum link_whose whose, const char *error);
/* Why it ended, of one that was in use: borrowed, for the log. */
const char *link_dial_ended(const struct link_dial *d);
void link_dial_deinit(struct link_dial *d);

/* The other end's certificate has expired, and is accepted all the same: that is for a person. */
void link_expiry_say(struct link_pool *pool, struct link_end *end, const char *session_id,
                     const struct tls_session *tls);

/* A connection that came. */
enum link_state {
	LINK_STATE_HANDSHAKE, /* of who came to a far end */
	LINK_STATE_DIAL,
	LINK_STATE_TRIAL,   /* of a near end: the far end has not said yet whether it reached the
	                       service */
	LINK_STATE_SPLICE,  /* bytes both ways */
	LINK_STATE_RECEIVE, /* frames of syslog */
	LINK_STATE_CLOSING, /* both have ended, the last bytes go out */
	LINK_STATE_REFUSED, /* of a far end: the near end was told that there is no service */
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
	struct buf kept;       /* on trial: what was sent, for the next far end if need be */
	struct io_deadline deadline;
	struct io_later over; /* frees it, after the callback */
	enum link_state state;
	uint64_t began_ms;
	uint64_t datagrams;
	char id[SESSION_ID_CAP];
	char addr[48];
	uint16_t port;
	char wanted_addr[48]; /* where who came connected to, as he knows it */
	uint16_t wanted_port;
	bool was_up;
	const char *ended_by; /* which side was the first to end or to break, for the log */
	const char *outcome;
	char error[LINK_ERROR_CAP];
};
/* NULL: no memory. Its stream in, and who came, are the caller's to fill in before it begins. */
struct link_session *link_session_new(struct link_pool *pool, struct link_world *w,
                                      struct link_end *end);
void link_session_begin(struct link_session *s);
/* Ends it after this callback. outcome: a word of the log. */
void link_session_end(struct link_session *s, const char *outcome);
/* The same, and both sides are told that it broke. */
void link_session_break(struct link_session *s, const char *outcome);
/* For the log: this side ended or broke; the first one counts. */
void link_session_ended_by(struct link_session *s, const struct io_stream *side);
void link_session_free(struct link_session *s);
/* The one place where its state changes. deadline_ms 0: none. */
void link_session_enter(struct link_session *s, enum link_state state, uint64_t deadline_ms);
/* Both sides are there and nothing else is to be said: bytes both ways from now on. */
void link_session_splice(struct link_session *s);
/* Who came waits, unread, while the next target has its turn. */
void link_session_wait(struct link_session *s);

/* link/trial.c: a near end before the far end's word (link/word.h). */
void link_trial_begin(struct link_session *s);
void link_trial_event(struct link_session *s, const struct io_stream *from,
                      enum io_stream_event event);
void link_trial_late(struct link_session *s);

/* link/trial.c: what a far end says, by its session's TLS. Nothing to who will not hear it. 0 or
 * -ENOMEM. */
[[nodiscard]] int link_word_say(struct io_stream *sealed, const struct link_word *word);

/* link/receiver.c: the far end of syslog. */
void link_receiver_begin(struct link_session *s);
void link_receiver_event(struct link_session *s, enum io_stream_event event);

/* link/sender.c: the near end. Those of other worlds go when what waits is sent; NULL: all. */
void link_senders_leave(struct link_pool *pool, const struct link_world *but);
void link_sender_free(struct link_sender *sender);
struct link_sender *link_sender_next(const struct link_sender *sender);
void link_sender_end_if_revoked(struct link_sender *sender);

/* link/revoked.c: was the other end revoked, by the list that is in force? Then the log says so. */
bool link_is_revoked(const struct link_pool *pool, const struct link_end *end,
                     const char *session_id, const struct tls_session *tls);
/* The list is another: whoever is on it is cut off. */
void link_revoked_end(struct link_pool *pool);

/* link/wanted.c: where who came wanted to, before nftables; else where he is. */
void link_wanted_find(const struct link_end *end, int fd, struct sockaddr_storage *ret_sa);
bool link_is_destination(const struct link_end *end, const struct sockaddr_storage *sa);
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
