/* libunbound's event base, on our loop: what it asks of libevent is done by io/. */
#ifndef ASK_EVENTS_H
#define ASK_EVENTS_H

struct io_loop;
struct ub_event_base;
struct resolver_events;

[[nodiscard]] int resolver_events_new(struct resolver_events **ret_events, struct io_loop *loop);
/* After the context that uses it is gone. */
void resolver_events_free(struct resolver_events *events);
struct ub_event_base *resolver_events_base(struct resolver_events *events);

#endif
