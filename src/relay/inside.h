/*
 * What the files of the relay share. client.c: the MTA's connection. door.c: its TLS.
 * transaction.c: what it hands over. delivery.c: one destination of it, target.c its hosts in turn,
 * envelope.c what is said. waiver.c: one whose policy failed, while the header may waive it.
 * place.c: waits for a place at a far end. idle.c: hops that wait for more. pool.c: all of them.
 * world.c: what the settings come to. record.c: the log and the record.
 */
#ifndef RELAY_INSIDE_H
#define RELAY_INSIDE_H

#include "base/log_calm.h"
#include "base/session_id.h"
#include "io/stream.h"
#include "policy/ask.h"
#include "relay/hop.h"
#include "relay/relay.h"
#include "smtp/handoff.h"
#include "smtp/waiver.h"

struct relay_world {
	unsigned refs;
	char *name;
	char hostname[POLICY_WAY_NAME_CAP];
	struct relay_sources sources;
	uint16_t port;
	uint32_t plain_after_ms;
	struct policy_place_limits limits;
	uint32_t slot_wait_ms;
	bool rejects_bare;
	bool remembers;
	int64_t hold_s;
	char **hold, **refuse; /* domains; NULL last */
	char *reports_from;    /* the mailbox that our TLS reports come from, or NULL */
	struct relay_route *routes;
	size_t route_count;
	struct tls_hops *tls, *tls_small;
	struct tls_server *door; /* for MTAs of other hosts; NULL: none may come */
};

enum relay_rcpt_state {
	RELAY_RCPT_WAITING,  /* for its destination's answer */
	RELAY_RCPT_PROMISED, /* was told 250, and no far end knows of it yet */
	RELAY_RCPT_TAKEN,
	RELAY_RCPT_REFUSED_LATE, /* was told 250: words go behind the text */
	RELAY_RCPT_REFUSED,      /* or it is answered for good */
};

struct relay_rcpt {
	struct relay_delivery *delivery;
	enum relay_rcpt_state state;
	struct buf path;  /* until a far end answered */
	struct buf words; /* of REFUSED_LATE */
};

enum relay_delivery_state {
	RELAY_DELIVERY_ASKING,  /* for the way */
	RELAY_DELIVERY_WAITING, /* for a place at the target that is next */
	RELAY_DELIVERY_OPENING, /* a hop */
	RELAY_DELIVERY_ENVELOPE,
	RELAY_DELIVERY_AT_DATA, /* DATA is asked */
	RELAY_DELIVERY_IN_TEXT,
	RELAY_DELIVERY_UNDECIDED, /* the header says whether answer stands */
	RELAY_DELIVERY_AT_END,    /* the final dot went out */
	RELAY_DELIVERY_OVER,      /* answer has the words for recipients that were taken */
	RELAY_DELIVERY_STATE_COUNT
};

/* One destination of a transaction. */
struct relay_delivery {
	struct relay_delivery *next; /* of the client */
	struct relay_delivery *next_waiting;
	struct relay_client *client;
	enum relay_delivery_state state;
	struct policy_memory_rules rules;
	struct policy_question question;
	const struct relay_route *route; /* the operator's, or NULL; the world's */
	bool is_asking;
	struct io_later begin;
	struct relay_plan plan;
	size_t target;
	bool skips_tls;             /* of the target that is tried */
	bool is_small;              /* the smaller ClientHello */
	bool has_mail;              /* MAIL was sent on this hop */
	bool has_anothers;          /* the hop was made for another delivery: target is untried */
	struct policy_place *place; /* asked for; once taken it is the hop's */
	struct relay_hop *hop;
	struct io_deadline late; /* RCPT is answered by then */
	uint64_t waits_since_ms; /* the first recipient that waits */
	struct buf answer;
	struct buf last;  /* words of the target that failed last; 4yz, if one did for now */
	bool is_waivable; /* policy failed; without it there would be more to try */
	bool is_waived;
	bool is_report; /* one of our TLS reports: its sessions are not part of the next (RFC 8460
	                   3) */
	uint32_t envelope_ms; /* for all hosts together */
	uint64_t ended_ms;    /* the whole text was there, final dot included; 0: it is not */
	struct smtp_waiver waiver;
	struct buf held; /* text that no hop has */
	char domain[POLICY_WAY_NAME_CAP];
};

struct relay_client {
	struct relay_client *next, *prev;
	struct relay *relay;
	struct relay_world *world;
	bool is_lmtp;
	bool is_tls;
	bool is_in_handshake;
	struct io_stream stream;
	struct smtp_handoff *handoff;
	struct smtp_handoff_settings handoff_set;
	struct io_deadline late;
	struct io_later end;
	struct io_later pump_later;
	struct relay_rcpt *rcpts; /* SMTP_HANDOFF_RCPTS_MAX, of the message that is under way */
	size_t rcpt_count;
	struct relay_delivery *deliveries;
	bool has_text; /* 354 was said */
	bool is_ending;
	uint64_t began_ms;
	unsigned messages;
	char session_id[SESSION_ID_CAP];
	char addr[DNS_ADDRESS_CAP]; /* "" of a unix socket */
	bool is_v6;
};

enum { RELAY_IDLE_MAX = 200 };

/* A hop that waits for another message to the same domain. */
struct relay_idle {
	struct relay_idle *next, *prev;
	struct relay *relay;
	struct relay_world *world;
	struct relay_hop *hop;
	struct io_deadline late;
};

struct relay {
	struct io_loop *loop;
	struct policy_asker *asker;
	struct store_recorder *recorder; /* NULL: the log alone */
	struct relay_counters counters;
	struct relay_client clients; /* a ring, this is its head */
	size_t open;
	struct relay_idle idle; /* a ring, this is its head */
	size_t idle_count;
	struct log_calm no_room, refusals;
	size_t held;                    /* bytes of text that no hop has, of all deliveries */
	struct relay_delivery *waiting; /* for a place, the first come first */
	void (*on_empty)(void *owner);  /* NULL once it was told */
	void *on_empty_owner;
	struct io_deadline drain_late;
	bool is_draining;
};

static inline struct relay *relay_of(const struct relay_delivery *d)
{
	return d->client->relay;
}

/* client.c */
/* What was said to the MTA goes out. */
void relay_client_flush(struct relay_client *c);
/* It ends, from a later turn; to the log once. */
void relay_client_end(struct relay_client *c, const char *outcome);
/* The delivery came to another state: does the transaction go on? */
void relay_client_moved(struct relay_client *c);
/* A hop has room again. */
void relay_client_resume(struct relay_client *c);
void relay_client_free(struct relay_client *c);
/* pool.c: it is freed. */
void relay_client_gone(struct relay *r);
void relay_client_shut(struct relay_client *c);

/* transaction.c */
/* What the conversation wants done. 0 or a negative. */
[[nodiscard]] int relay_transaction_do(struct relay_client *c, enum smtp_handoff_todo todo);
/* A delivery may have come to another state. */
void relay_transaction_moved(struct relay_client *c);
/* A far end has no room for more text. */
bool relay_transaction_is_blocked(struct relay_client *c);
void relay_transaction_clear(struct relay_client *c);
/* A recipient's answer; words with CRLF. */
void relay_transaction_answer(struct relay_client *c, size_t number, struct slice words,
                              enum relay_rcpt_state state);

/* door.c */
/* Nothing is made where there is no listen_tls. 0, RELAY_WORLD_BAD or a negative. */
[[nodiscard]] int relay_door_make(struct tls_server **ret_server,
                                  const struct relay_world_settings *set, char *ret_error,
                                  size_t error_cap);
/* For one more handshake. */
bool relay_door_has_room(const struct relay *r);
/* It went well; who came with a certificate that has expired is named in the log. */
void relay_door_passed(const struct relay_client *c);
/* The handshake failed: to the log, with what to do. */
void relay_door_refused(const struct relay_client *c);

/* delivery.c */
[[nodiscard]] int relay_delivery_new(struct relay_delivery **ret_d, struct relay_client *c,
                                     const char *domain);
/* The hop is kept for another message if it may be, else left. */
void relay_delivery_free(struct relay_delivery *d);
/* A recipient was added. */
void relay_delivery_rcpt(struct relay_delivery *d, size_t number);
/* DATA: to those that took a recipient. */
void relay_delivery_data(struct relay_delivery *d);
void relay_delivery_text(struct relay_delivery *d, struct slice text);
/* The final dot was in the text. */
void relay_delivery_end(struct relay_delivery *d);
size_t relay_delivery_taken(const struct relay_delivery *d);
/* Of one that is OVER, for who was taken. Never empty. */
struct slice relay_delivery_answer(const struct relay_delivery *d);
/* There is a place for it now. */
void relay_delivery_go(struct relay_delivery *d);
/* Takes the hop, to its domain, in place of waiting for a place. */
void relay_delivery_go_by(struct relay_delivery *d, struct relay_hop *hop);

/* The time in which a far end has to answer begins. */
void relay_delivery_await(struct relay_delivery *d, uint32_t envelope_ms);
void relay_delivery_turn(struct relay_delivery *d, enum relay_delivery_state state);
/* The recipient is this delivery's, and in that state. */
bool relay_delivery_has(const struct relay_delivery *d, size_t number, enum relay_rcpt_state state);
/* From the beginning: with the way. */
void relay_delivery_begin(struct relay_delivery *d);
/* words: for recipients that are not answered, and for those taken when the text has ended. */
void relay_delivery_over(struct relay_delivery *d, const char *outcome, struct slice words);

/* What is left of the time in which far ends have to answer, or less. */
void relay_delivery_late_arm(struct relay_delivery *d, uint32_t at_most_ms);
/* The far end is to be asked, or was. */
bool relay_delivery_is_open(const struct relay_delivery *d, size_t number);
bool relay_delivery_has_open(const struct relay_delivery *d);
/* relay_delivery_over() with the words of the host that failed last, with our own, or for want of
 * memory. */
void relay_delivery_over_last(struct relay_delivery *d, const char *outcome);
void relay_delivery_over_own(struct relay_delivery *d, const char *outcome, const char *code,
                             const char *text);
/* What a target's failure comes to, should no other take the mail. */
void relay_delivery_last(struct relay_delivery *d, struct slice words);
void relay_delivery_over_memory(struct relay_delivery *d);
/* The hop goes: to carry another message, or for good. f: NULL unless it failed. */
void relay_delivery_hop_end(struct relay_delivery *d, const char *outcome,
                            const struct relay_hop_failure *f);

/* target.c */
/* The one that is next, or the end. */
void relay_target_open(struct relay_delivery *d);
/* Another; a hop that was kept from before has no list of them, and all begins anew. */
void relay_target_next(struct relay_delivery *d);
/* A hop was kept for the domain, and is the delivery's now. */
bool relay_target_is_kept(struct relay_delivery *d);

/* envelope.c */
/* MAIL as soon as there is a recipient, then all from that number on that wait. */
void relay_envelope_send(struct relay_delivery *d, size_t from);
/* What a hop says (relay/hop.h); owner: the delivery. */
void relay_envelope_reply(void *owner, enum smtp_hop_command of, unsigned number,
                          const struct smtp_reply *reply);
void relay_envelope_text(void *owner);
void relay_envelope_room(void *owner);

/* waiver.c */
/* Nothing more can be tried, policy being what it is. True: the header may change that. */
bool relay_waiver_is_possible(const struct relay_delivery *d);
/* words: what is said if the header does not. */
void relay_waiver_await(struct relay_delivery *d, struct slice words);
/* A recipient for which that is so. */
void relay_waiver_promise(struct relay_delivery *d, size_t number);
/* The text waits here: for the header's end, then for a hop. */
bool relay_waiver_holds_text(const struct relay_delivery *d);
void relay_waiver_text(struct relay_delivery *d, struct slice text);
/* The text that waits is not wanted any more. */
void relay_waiver_drop(struct relay_delivery *d);
/* The far end's answer to a recipient that was promised. */
void relay_waiver_rcpt(struct relay_delivery *d, size_t number, struct slice words, bool is_taken);
/* The hop is ready for the text. */
void relay_waiver_go_on(struct relay_delivery *d);

/* idle.c */
/* Takes the hop; it may go to a delivery that waits for a place. */
void relay_idle_keep(struct relay *r, struct relay_world *w, struct relay_hop *hop);
/* A hop to the domain, or NULL. */
struct relay_hop *relay_idle_take(struct relay *r, const struct relay_world *w, const char *domain,
                                  bool must_be_authenticated);
/* Of policy_asker: those that are there go. */
void relay_idle_wanted(void *holder, bool is_domain, const char *name);
void relay_idle_leave_all(struct relay *r);
void relay_idle_free_all(struct relay *r);

/* place.c */
/* At the target that is next; relay_delivery_go() follows. 0 or -ENOMEM. */
[[nodiscard]] int relay_place_ask(struct relay_delivery *d);
/* It is not wanted any more, or was not. */
void relay_place_forget(struct relay_delivery *d);

/* record.c */
struct relay_hop_record {
	struct relay *relay;
	const struct relay_world *world;
	const char *session_id; /* of the MTA's connection it served last; NULL: none */
	const char *outcome;
	const struct relay_hop_failure *failure; /* NULL: it did not fail */
};
void relay_record_hop(struct relay_hop *hop, const struct relay_hop_record *how);
void relay_record_client(const struct relay_client *c, const char *outcome);

#endif
