/* One connection at an edge: inside of edge/ alone. */
#ifndef EDGE_SESSION_H
#define EDGE_SESSION_H

#include "edge/edge.h"
#include "edge/hello.h"
#include "edge/limits.h"
#include "edge/passed.h"
#include "edge/shy.h"
#include "edge/throttle.h"
#include "edge/tidy.h"
#include "io/loop.h"
#include "io/stream.h"
#include "store/record.h"
#include "tunnel/told.h"

struct proxyhdr_result;
struct sparse;

enum edge_state {
	EDGE_STATE_PROXY,       /* waits for the PROXY header of a balancer (proxy_from) */
	EDGE_STATE_GREET_DELAY, /* silent: who speaks now is no mail server */
	EDGE_STATE_HELLO,       /* the ClientHello that goes on to the backend */
	EDGE_STATE_TLS_WAIT,    /* in line for a handshake (max_handshakes) */
	EDGE_STATE_CLIENT_TLS,  /* the client's handshake */
	EDGE_STATE_TALK,        /* the conversation decides */
	EDGE_STATE_HELD,        /* the answer to a failed login is held back */
	EDGE_STATE_LOOKUP,      /* which backend is this user's? edge/lookup.c */
	EDGE_STATE_CONNECT,     /* the backend's connection is being made */
	EDGE_STATE_ASK,         /* connected and silent: does the server greet unasked? */
	EDGE_STATE_BACKEND_TLS,
	EDGE_STATE_SPLICE,  /* bytes both ways, unlooked at */
	EDGE_STATE_CLOSING, /* the last bytes go out */
	EDGE_STATE_COUNT,
};

struct edge_ask;
struct edge_lookup_job;

struct edge_session {
	struct edge_session *next, *prev;
	struct edge_pool *pool;
	struct edge_world *world;
	struct edge *edge;
	struct conv *conv;         /* NULL while it rests: edge/rest.c */
	struct sparse *rest;       /* then it is here */
	enum conv_outcome unheard; /* there was no memory to wake it and tell it */
	struct io_stream client;
	struct io_stream backend;
	struct io_deadline deadline;
	struct io_later end; /* frees the session, after the callback */
	enum edge_state state;
	uint32_t armed_progress, armed_deadline_ms;
	struct edge_backend *target;    /* the edge's, until CONNECT says which */
	struct edge_passed *passed;     /* TLS that is not ended here; else NULL */
	size_t address;                 /* of the target, the one being tried or in use */
	size_t address_end;             /* how many there are; address is this: none is left */
	uint64_t tried;                 /* of them, a bit each; or not to be tried */
	enum tunnel_state tunnel;       /* of the way to the backend, where a tunnel seals it */
	struct edge_lookup_job *lookup; /* while EDGE_STATE_LOOKUP */
	uint64_t lookup_began_ms;
	struct edge_ask *ask; /* learn.c's: there is no client, the conversation learns */
	uint64_t began_ms;
	uint64_t moved_ms;        /* last byte either way */
	bool backend_is_left : 1; /* its connection is only waiting to be closed */
	bool is_implicit : 1;
	bool is_at_address : 1;      /* it counts there: edge_load */
	bool is_counted : 1;         /* at pool.limits */
	bool is_banned : 1;          /* it ends behind the message that it is in */
	bool is_counted_as_user : 1; /* at pool.users, under user_key */
	bool is_last_crlf : 1;       /* what the client got last ended a line */
	bool client_tls_was_begun : 1;
	bool client_tls_was_up : 1;
	bool credential_has_crossed : 1; /* in clear */
	bool left_in_handshake : 1;      /* the client did, by itself */
	bool has_ticket : 1;             /* the client got one */
	bool backend_in_starttls : 1;
	bool login_was_seen : 1;
	bool backend_was_cut : 1; /* it broke in a splice: the client is not told a clean end */
	uint16_t hello_max;       /* the highest version its ClientHello offered */
	uint64_t bytes_before_tls;
	struct edge_limits_key key, user_key;
	enum tls_version old_version; /* of a dated exception; 0: none covers this client */
	struct edge_session *line_next, *line_prev; /* of pool.line; NULL: not in it */
	uint64_t line_since_ms;
	unsigned login_failures; /* of the conversation, those that were dealt with */
	enum conv_todo held_todo;
	uint32_t held_more_ms; /* once that is over */
	uint64_t closing_since_ms, closing_moved_ms;
	size_t closing_left; /* bytes for the client at the last look */
	const char *
		tls_error; /* why there is no TLS with the client; NULL: there is, or need not be */
	uint64_t hello;    /* what kind of ClientHello came: its hash; 0: none came */
	enum store_sni sni;
};

struct edge_pool {
	struct io_loop *loop;
	struct store_recorder *recorder; /* NULL: the log alone */
	struct edge_guesses *guesses;    /* NULL: this worker alone */
	struct edge_session sessions;    /* list head */
	struct edge_limits *limits;      /* by address */
	struct edge_limits *users;       /* by user and address, those who are in */
	struct edge_counters counters;
	size_t open;
	struct edge_throttle *throttle;
	struct edge_bans *bans;
	struct edge_hellos hellos;
	struct edge_shy shy;
	struct tunnel_told *tunnels; /* that may be used */
	size_t tunnel_count;
	size_t handshakes;        /* under way */
	struct edge_session line; /* list head: those that wait for one */
	size_t in_line;
	size_t line_most; /* the highest max_handshakes of those who joined since it was empty */
	struct io_later line_moves;
	struct io_deadline drain_tick;
	struct edge_tidy tidy;
	uint64_t refusals_told_ms; /* those by what the worker can bear */
	unsigned refusals_untold;
	bool is_draining;
	unsigned drain_per_second;
	uint64_t drain_credit; /* thousandths of a session */
	uint64_t drain_paid_ms;
	uint64_t drain_until_ms;
	void (*on_empty)(void *owner);
	void *on_empty_owner;
};

/* Witness looks what is served: that is neither counted nor recorded. */
bool edge_session_is_visit(const struct edge_session *s);

/* edge/record.c: the line of the log, the record, and the counters. */
void edge_record_session(struct edge_session *s);
void edge_record_exposure(struct edge_session *s);

/* edge/opening.c */
/* Where a session goes first once it is known who the client is. */
void edge_session_greet(struct edge_session *s);
/* TLS with the client begins, when it is its turn; with what it sent too early it ends. */
void edge_opening_tls(struct edge_session *s);
/* Of the client, before it may talk; and while its handshake is under way. */
void edge_opening_event(struct edge_session *s, enum io_stream_event event);
void edge_opening_tls_event(struct edge_session *s, enum io_stream_event event);

/* edge/closing.c */
/* Sends what is left, says goodbye to both, and goes when the client has read it. */
void edge_session_close(struct edge_session *s);
void edge_closing_event(struct edge_session *s, bool is_client, enum io_stream_event event);
void edge_closing_late(struct edge_session *s); /* its deadline passed */

/* edge/hello.c: notes the ClientHello that came, if one did; and one that was read elsewhere. */
void edge_hello_note(struct edge_session *s);
void edge_hello_take(struct edge_session *s, const struct tls_hello *h);

/* edge/passthrough.c */
void edge_passthrough_begin(struct edge_session *s);
void edge_passthrough_event(struct edge_session *s, enum io_stream_event event);

/* edge/target.c: before the backend is opened. */
void edge_target_choose(struct edge_session *s);
void edge_target_take(struct edge_session *s, struct edge_backend *target);
/* CONV_TODO_CONNECT: the target is chosen, and opened. */
void edge_target_open(struct edge_session *s);

/* edge/world.c. 0 or EDGE_WORLD_BAD: it is no IP address. */
[[nodiscard]] int edge_address_resolve(struct edge_address *a, const struct conf_address *conf);

/* edge/splice.c; from: the side it came from. */
void edge_splice_begin(struct edge_session *s);
void edge_splice_event(struct edge_session *s, struct io_stream *from, enum io_stream_event event);
/* For a reason of ours: what is left goes out first. */
void edge_splice_end(struct edge_session *s, enum conv_outcome outcome);

/*
 * edge/out.c: before the conversation is fed, memory of the loop for the text of a message, which
 * is much and no secret; behind it, what it said goes out. 0 or a negative.
 */
void edge_out_lend(struct edge_session *s);
[[nodiscard]] int edge_out_send(struct edge_session *s);

/* edge/rest.c: from here on s->conv is NULL, until somebody wakes it. */
void edge_session_rest(struct edge_session *s);
/* False: no memory, and nothing can be done but to end the session. */
[[nodiscard]] bool edge_session_wake(struct edge_session *s);
/*
 * For the record of one that could not be woken: what is known of it is in room from here on, and
 * s->conv is room, which the caller takes away again. False: it does not rest.
 */
[[nodiscard]] bool edge_session_recall(struct edge_session *s, struct conv *room);
/* What is known of it, wherever that is: s->conv or ret_copy. */
const struct conv *edge_session_look(const struct edge_session *s, struct conv *ret_copy);

/* edge/door.c: a balancer said who the client is. False: over a limit, it was turned away. */
[[nodiscard]] bool edge_door_introduced(struct edge_session *s,
                                        const struct proxyhdr_result *header);

/* edge/handshakes.c */
void edge_handshake_begin(struct edge_session *s); /* at once, or in line */
/* More clients than this worker can serve: the first in line has waited too long. */
bool edge_handshakes_are_late(const struct edge_pool *pool, const struct edge *edge);
void edge_handshakes_follow(struct edge_session *s, enum edge_state next);
/* Whether a sender that got a ticket went on or hung up at it; once, at the session's end. */
void edge_handshakes_ticket_end(struct edge_session *s);
void edge_handshakes_line_moves(struct io_later *later);

/*
 * edge/login.c: looks at a login after each call into the conversation, before what it asks for is
 * done. True: todo is not to be done; the session was ended, or is held, and todo is done when
 * edge_login_release() is called.
 */
[[nodiscard]] bool edge_login_follow(struct edge_session *s, enum conv_todo todo);
void edge_login_release(struct edge_session *s);
/* Who failed too often is, before a backend is opened for his credential. True: it was done. */
[[nodiscard]] bool edge_login_turns_away(struct edge_session *s);
/* What came in clear is told at once; where an exception allows it, once for each login. */
void edge_login_expose(struct edge_session *s);

/* edge/learn.c: the backend said what it offers; an ask got an error; it is over. */
void edge_learn_seen(struct edge_session *s);
void edge_ask_note(struct edge_ask *a, const char *error);
void edge_ask_ended(struct edge_session *s);

/* The connection of an ask stands. */
void edge_ask_connected(struct edge_ask *a);

/* edge/world.c: sessions at both count as one's; a had none yet. */
void edge_load_share(struct edge_address *a, const struct edge_address *with);

/* edge/source.c: what the settings name, begun anywhere. 0 or -ENOMEM. */
[[nodiscard]] int edge_sources_fill(struct edge_backend *b);
/* Starts the connection to the address that is tried. 0 or a negative: it could not even start. */
[[nodiscard]] int edge_source_connect(struct edge_session *s);

/* edge/backend.c: opens the backend for a session; what follows comes to session.c. */
void edge_backend_open(struct edge_session *s);
/* It is at no address any more. */
void edge_backend_leave(struct edge_session *s);
/* Whether none of its addresses could be reached a moment ago. */
bool edge_backend_is_down(const struct edge_session *s);
void edge_backend_event(struct edge_session *s, enum io_stream_event event);
void edge_backend_starttls(struct edge_session *s);
void edge_backend_late(struct edge_session *s);  /* its deadline passed */
void edge_backend_asked(struct edge_session *s); /* the silence of EDGE_STATE_ASK is over */

/* Its tunnel is gone: the next address is tried, or the session ends. */
void edge_backend_lost(struct edge_session *s);

/* edge/tunnel.c: GONE too where none is told of; SEALED for who needs none. */
enum tunnel_state edge_tunnel_state(const struct edge_session *s, size_t address);

/* edge/session.c, for the others. */
[[nodiscard]] int edge_session_new(struct edge_session **ret_s, struct edge_pool *pool,
                                   struct edge_world *world, struct edge *edge);
/* Without a client; neither counted nor recorded, nor in the pool's list. */
[[nodiscard]] int edge_session_new_ask(struct edge_session **ret_s, struct edge_pool *pool,
                                       struct edge_world *world, struct edge *edge);
void edge_session_free(struct edge_session *s); /* writes the record; never inside its callback */
/* The conversation begins. */
void edge_session_talk(struct edge_session *s);
/* Of its TLS, whoever ends it; NULL: there is none, or not yet. */
const struct tls_facts *edge_session_tls(const struct edge_session *s);
/* edge/pool.c: true: a ban met it in a message, which is over now, and it ends. */
bool edge_session_leave_if_banned(struct edge_session *s);
/* Frees it after this callback. */
void edge_session_end(struct edge_session *s, enum conv_outcome outcome);
static inline uint64_t edge_session_now_ms(const struct edge_session *s)
{
	return io_loop_now_ms(s->pool->loop);
}
static inline void edge_session_note_sent(struct edge_session *s, struct slice to_client)
{
	if (to_client.len)
		s->is_last_crlf = to_client.data[to_client.len - 1] == '\n';
}
void edge_session_enter(struct edge_session *s, enum edge_state state, uint64_t deadline_ms);
/* For a call into the conversation: it has no clock of its own, the time is set here. */
struct conv *edge_session_conv(struct edge_session *s);
void edge_session_act(struct edge_session *s, int r, enum conv_todo todo);
void edge_session_pump(struct edge_session *s);
void edge_session_backend_event(struct edge_session *s, enum io_stream_event event);
/* A side ended, and the conversation was not told. */
void edge_session_side_ended(struct edge_session *s, enum conv_side side);

#endif
