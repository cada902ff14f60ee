#include "check/sender_bench.h"

#include "base/clean.h"
#include "base/err.h"
#include "check/sender_inside.h"
#include "tls/session.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

enum { BACKLOG = 64, ACCEPTS_A_TURN = 16, TICK_MS = 500 };

static void bench_freep(struct check_sender_bench **b)
{
	check_sender_bench_free(*b);
}

/* Who comes */

static unsigned visits_of(const struct check_sender_bench *b, const char *peer)
{
	unsigned count = 0;
	for (const struct check_sender_visit *v = b->visits.next; v != &b->visits; v = v->next)
		count += strcmp(v->peer, peer) == 0;
	return count;
}

/* One line in clear, as far as the socket takes it, and closed. */
static void turn_away(struct check_sender_bench *b, int fd, bool is_mail)
{
	static const char line[] = "554 5.7.1 Not for you, or too many\r\n";
	if (is_mail && send(fd, line, sizeof(line) - 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		errno = 0; /* it went first */
	b->strangers++;
	close(fd);
}

static void welcome(struct check_sender_listener *l, int fd, const struct sockaddr_storage *peer)
{
	struct check_sender_bench *b = l->bench;
	const struct check_sender_case *c = l->place->sender_case;
	bool is_wanted =
		!b->set.is_wanted || b->set.is_wanted(b->set.owner, (const struct sockaddr *)peer);
	char text[CHECK_SENDER_PEER_CAP];
	check_sender_peer_text(peer, text);
	/* A policy is often fetched by another host than sends. */
	if ((c && !is_wanted) || b->visit_count >= CHECK_SENDER_VISITS_MAX ||
	    visits_of(b, text) >= CHECK_SENDER_VISITS_OF_PEER)
		turn_away(b, fd, c);
	else
		check_sender_visit_begin(b, c, fd, peer);
}

static void on_ready(void *owner, int events)
{
	struct check_sender_listener *l = owner;
	(void)events;
	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		struct sockaddr_storage peer = {};
		socklen_t len = sizeof(peer);
		int fd = accept4(l->fd, (struct sockaddr *)&peer, &len,
		                 SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			return;
		welcome(l, fd, &peer);
	}
}

static int socket_open(int *ret_fd, const struct check_sender_place *p)
{
	CLEAN(closep)
	int fd = socket(p->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    (p->address.ss_family == AF_INET6 &&
	     setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on))) ||
	    bind(fd, (const struct sockaddr *)&p->address, p->address_len) || listen(fd, BACKLOG))
		return err_raise(-errno);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int listener_open(struct check_sender_bench *b, const struct check_sender_place *p)
{
	struct check_sender_listener *l = &b->listeners[b->listener_count];
	*l = (struct check_sender_listener){ .bench = b, .place = p };
	int r = socket_open(&l->fd, p);
	if (r)
		return err_up(r);
	b->listener_count++;
	r = io_watch_new(&l->watch, b->set.loop, l->fd, on_ready, l);
	if (!r)
		io_watch_set(l->watch, IO_READ);
	return err_up(r);
}

/* What is known */

static void tls_facts_note(struct check_sender_seen *seen, const struct check_sender_visit *v,
                           enum check_sender_arrival arrival)
{
	const struct tls_session *tls = v->stream.tls;
	if (arrival == CHECK_SENDER_BROKEN) {
		const char *why = tls ? tls_session_error(tls) : "";
		slice_to_text(slice_str(why[0] ? why : "closed in its middle"), seen->alert,
		              sizeof(seen->alert));
	}
	if (!tls || !v->talk.is_tls)
		return;
	const struct tls_facts *facts = tls_session_facts(tls);
	slice_to_text(slice_str(facts->version), seen->version, sizeof(seen->version));
	slice_to_text(slice_str(facts->cipher), seen->suite, sizeof(seen->suite));
}

static void texts_note(struct check_sender_seen *seen, const struct check_sender_visit *v)
{
	memcpy(seen->peer, v->peer, sizeof(seen->peer));
	if (!v->talk.messages)
		return;
	memcpy(seen->recipient, v->talk.recipient, sizeof(seen->recipient));
	memcpy(seen->message_id, v->talk.message_id, sizeof(seen->message_id));
}

/* Of a host that is to take STARTTLS back: now its test begins. */
static bool seal_note(struct check_sender_seen *seen, const struct check_sender_case *c,
                      enum check_sender_arrival arrival)
{
	if (c->offer != CHECK_SENDER_OFFERS_ONCE || arrival != CHECK_SENDER_IN_TLS ||
	    seen->was_sealed)
		return false;
	memset(seen->counts, 0, sizeof(seen->counts));
	seen->was_sealed = true;
	return true;
}

void check_sender_note(struct check_sender_bench *b, struct check_sender_visit *v,
                       enum check_sender_arrival arrival)
{
	struct check_sender_seen *seen = &b->seen[check_sender_number(v->c)];
	enum check_sender_arrival before = check_sender_arrived(seen);
	if (seen->was_sealed && !v->talk.was_sealed) /* TLS was still offered when it came */
		return;
	bool is_news = seal_note(seen, v->c, arrival);
	if (!is_news)
		seen->counts[arrival]++;
	is_news |= check_sender_arrived(seen) != before;
	if (arrival < before) /* what came before outweighs it, and its texts stay */
		return;
	tls_facts_note(seen, v, arrival);
	texts_note(seen, v);
	if (!is_news)
		return;
	seen->since_ms = io_loop_now_ms(b->set.loop);
	b->set.on_arrival(b->set.owner, v->c, arrival);
}

void check_sender_note_fetch(struct check_sender_bench *b, const struct check_sender_case *c)
{
	struct check_sender_seen *seen = &b->seen[check_sender_number(c)];
	if (!seen->fetches++ && check_sender_arrived(seen) == CHECK_SENDER_NEVER)
		seen->since_ms = io_loop_now_ms(b->set.loop);
}

void check_sender_note_refusal(struct check_sender_bench *b, const char *host)
{
	const struct check_sender_case *c = check_sender_policy_case(b->set.site, slice_str(host));
	if (c)
		b->seen[check_sender_number(c)].refusals++;
}

/* A message came, or a verdict stands for so long, whoever tried again. */
static bool is_settled(const struct check_sender_bench *b, unsigned number)
{
	const struct check_sender_seen *seen = &b->seen[number];
	if (check_sender_is_settled(seen))
		return true;
	return check_sender_judge(&check_sender_cases[number], seen) != CHECK_SENDER_UNKNOWN &&
	       io_loop_now_ms(b->set.loop) - seen->since_ms >= b->set.settle_ms;
}

static void on_tick(struct io_deadline *d)
{
	struct check_sender_bench *b =
		(struct check_sender_bench *)((char *)d -
	                                      offsetof(struct check_sender_bench, tick));
	bool all = true;
	for (unsigned i = 0; all && i < CHECK_SENDER_CASE_COUNT; i++)
		all = !(b->set.site->set & (1U << i)) || is_settled(b, i);
	if (!all)
		io_deadline_arm(b->set.loop, &b->tick, TICK_MS);
	else
		b->set.on_settled(b->set.owner);
}

int check_sender_bench_new(struct check_sender_bench **ret_b,
                           const struct check_sender_bench_settings *set, unsigned *ret_place)
{
	CLEAN(bench_freep) struct check_sender_bench *b = calloc(1, sizeof(*b));
	if (!b)
		return err_raise(-ENOMEM);
	b->set = *set;
	b->visits.next = b->visits.prev = &b->visits;
	b->tick.fn = on_tick;
	for (unsigned i = 0; i < set->site->place_count; i++) {
		int r = listener_open(b, &set->site->places[i]);
		*ret_place = i;
		if (r)
			return err_up(r);
	}
	io_deadline_arm(set->loop, &b->tick, TICK_MS);
	*ret_b = TAKE(b);
	return 0;
}

void check_sender_bench_free(struct check_sender_bench *b)
{
	if (!b)
		return;
	b->is_closing = true;
	while (b->visits.next && b->visits.next != &b->visits)
		check_sender_visit_free(b->visits.next);
	for (unsigned i = 0; i < b->listener_count; i++) {
		io_watch_free(b->listeners[i].watch);
		close(b->listeners[i].fd);
	}
	io_deadline_disarm(&b->tick);
	free(b);
}

const struct check_sender_seen *check_sender_bench_seen(const struct check_sender_bench *b)
{
	return b->seen;
}

unsigned check_sender_bench_strangers(const struct check_sender_bench *b)
{
	return b->strangers;
}
