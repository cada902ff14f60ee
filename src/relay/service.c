#include "relay/service.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "base/log_calm.h"
#include "io/stream.h"
#include "policy/ask.h"
#include "policy/rule.h"
#include "relay/outcome.h"
#include "relay/postfix.h"

#include <errno.h>
#include <stdio.h>

enum {
	IDLE_MS = 10 * 60 * 1000,
	ANSWER_MS = 90 * 1000, /* Postfix waits 100 s, a policy file may take 60 */
};

struct client {
	struct client *next, *prev; /* who asked last is the last */
	struct relay_service *service;
	struct io_stream stream;
	struct io_deadline late;
	struct io_later end;
	struct policy_question question;
	pid_t pid; /* whose it is; 0: not known */
	bool is_asking;
	bool tlsrpt;
};

struct relay_service {
	struct relay_service_settings set;
	struct relay_service_transport transport;
	struct relay_service_counters counters;
	struct client clients; /* a ring, this is its head */
	size_t count;
	struct log_calm refusals, misunderstandings;
};

static void unlink_client(struct client *c)
{
	c->prev->next = c->next;
	c->next->prev = c->prev;
}

static void link_last(struct client *c)
{
	struct client *head = &c->service->clients;
	c->next = head;
	c->prev = head->prev;
	c->prev->next = c;
	head->prev = c;
}

static void client_free(struct client *c)
{
	struct relay_service *s = c->service;
	if (c->is_asking)
		s->set.asker->cancel(s->set.asker, &c->question);
	unlink_client(c);
	s->count--;
	io_deadline_disarm(&c->late);
	io_later_remove(s->set.loop, &c->end);
	io_stream_deinit(&c->stream);
	free(c);
}

static void on_end(struct io_later *later)
{
	client_free((struct client *)((char *)later - offsetof(struct client, end)));
}

static void end(struct client *c)
{
	io_later_add(c->service->set.loop, &c->end);
}

static void answer(struct client *c, enum socketmap_result result, struct slice text)
{
	CLEAN(buf_deinit) struct buf out = {};
	struct relay_service_counters *n = &c->service->counters;
	c->is_asking = false;
	n->answers += result == SOCKETMAP_OK;
	n->temps += result == SOCKETMAP_TEMP;
	io_deadline_arm(c->service->set.loop, &c->late, IDLE_MS);
	if (socketmap_write(&out, result, text) || io_stream_write(&c->stream, buf_slice(&out)))
		end(c);
}

static void pump(struct client *c);

static void on_way(struct policy_question *q, const struct policy_way *way,
                   const struct policy_sts_facts *sts)
{
	struct client *c = (struct client *)((char *)q - offsetof(struct client, question));
	CLEAN(buf_deinit) struct buf text = {};
	enum socketmap_result result;
	if (c->tlsrpt && sts->state == POLICY_STS_BROKEN)
		relay_outcome_broken_sts(c->service->set.asker, q->domain, sts);
	if (postfix_policy_write(&text, &result, way, sts, c->tlsrpt))
		answer(c, SOCKETMAP_TEMP, slice_str("out of memory"));
	else
		answer(c, result, buf_slice(&text));
	pump(c);
}

/* Names of maps: ours, and those that others' configurations have already. */
static bool name_take(struct client *c, struct slice name)
{
	static const struct {
		const char *name;
		bool tlsrpt;
	} names[] = {
		{ "policy", false },
		{ "policy-tlsrpt", true },
		{ "QUERY", false },
		{ "QUERYwithTLSRPT", true },
	};
	enum conf_dialect dialect = c->service->set.dialect;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (!slice_equal(name, slice_str(names[i].name)))
			continue;
		c->tlsrpt = dialect == CONF_DIALECT_AUTO ? names[i].tlsrpt
		                                         : dialect == CONF_DIALECT_TLSRPT;
		return true;
	}
	return false;
}

/* No DNS here: Postfix asks one question after the other, for all its mail. */
static void transport_answer(struct client *c, struct slice key)
{
	const struct relay_service_transport *t = &c->service->transport;
	CLEAN(buf_deinit) struct buf text = {};
	char domain[POLICY_WAY_NAME_CAP];
	char *const *local = t->local_domains;
	if (!t->port || !local || !*local) {
		answer(c, SOCKETMAP_PERM,
		       slice_str("set policy_service.local_domains, and a relay that listens at "
		                 "lmtp:127.0.0.0/8:PORT"));
		return;
	}
	bool is_domain = postfix_key_recipient(key, domain);
	while (is_domain && *local && !policy_rule_is_for(*local, domain))
		local++;
	if (!is_domain || *local)
		answer(c, SOCKETMAP_NOTFOUND, (struct slice){});
	else if (postfix_transport_write(&text, domain, t->is_lmtp, t->port))
		answer(c, SOCKETMAP_TEMP, slice_str("out of memory"));
	else
		answer(c, SOCKETMAP_OK, buf_slice(&text));
}

static void ask(struct client *c, const struct socketmap_question *question)
{
	struct relay_service *s = c->service;
	s->counters.questions++;
	unlink_client(c);
	link_last(c);
	if (slice_equal(question->name, slice_str("transport"))) {
		transport_answer(c, question->key);
		return;
	}
	if (!name_take(c, question->name)) {
		answer(c, SOCKETMAP_PERM,
		       slice_str("no such map; there are policy, policy-tlsrpt and transport"));
		return;
	}
	if (!postfix_key_domain(question->key, c->question.domain)) {
		answer(c, SOCKETMAP_NOTFOUND, (struct slice){});
		return;
	}
	c->is_asking = true;
	c->question.fn = on_way;
	io_deadline_arm(s->set.loop, &c->late, ANSWER_MS);
	s->set.asker->ask(s->set.asker, &c->question);
}

/* Who does not read his answers gets no more. */
static bool is_blocked(struct client *c)
{
	if (!io_stream_is_full(&c->stream))
		return false;
	io_stream_want_room(&c->stream);
	return true;
}

static void misunderstanding_log(struct relay_service *s)
{
	uint64_t unsaid;
	if (log_calm(&s->misunderstandings, io_loop_now_ms(s->set.loop), &unsaid))
		log_warn(NULL, "policy service was asked what is no question",
		         kv_int("unsaid", (int64_t)unsaid));
}

/* One question at a time; what comes behind it waits. */
static void pump(struct client *c)
{
	struct socketmap_question question;
	size_t used;
	int r = 0;
	while (!c->is_asking && !is_blocked(c) &&
	       !(r = socketmap_take(io_stream_input(&c->stream), &question, &used))) {
		ask(c, &question);
		io_stream_consume(&c->stream, used);
	}
	if (!c->is_asking && r == SOCKETMAP_BROKEN) {
		misunderstanding_log(c->service);
		end(c);
	}
}

static void on_event(struct io_stream *stream, enum io_stream_event event)
{
	struct client *c = stream->owner;
	if (event == IO_STREAM_DATA || event == IO_STREAM_ROOM)
		pump(c);
	else if (event == IO_STREAM_EOF || event == IO_STREAM_ERROR)
		end(c);
}

static void on_late(struct io_deadline *d)
{
	struct client *c = (struct client *)((char *)d - offsetof(struct client, late));
	struct relay_service *s = c->service;
	if (!c->is_asking) {
		end(c);
		return;
	}
	s->set.asker->cancel(s->set.asker, &c->question);
	answer(c, SOCKETMAP_TEMP, slice_str("no answer of the resolver in time"));
	pump(c);
}

int relay_service_new(struct relay_service **ret_s, const struct relay_service_settings *set)
{
	struct relay_service *s = calloc(1, sizeof(*s));
	if (!s)
		return err_raise(-ENOMEM);
	s->set = *set;
	s->clients.next = s->clients.prev = &s->clients;
	*ret_s = s;
	return 0;
}

void relay_service_free(struct relay_service *s)
{
	if (!s)
		return;
	while (s->clients.next != &s->clients)
		client_free(s->clients.next);
	free(s);
}

void relay_service_set_dialect(struct relay_service *s, enum conf_dialect dialect)
{
	s->set.dialect = dialect;
}

void relay_service_set_transport(struct relay_service *s,
                                 const struct relay_service_transport *transport)
{
	s->transport = *transport;
}

static pid_t pid_of(int fd)
{
	struct ucred peer = {};
	socklen_t len = sizeof(peer);
	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) ? 0 : peer.pid;
}

static size_t count_of(const struct relay_service *s, pid_t pid)
{
	size_t count = 0;
	for (const struct client *c = s->clients.next; c != &s->clients; c = c->next)
		count += c->pid == pid;
	return count;
}

/* Who has asked nothing for the longest gives way. */
static bool has_room(struct relay_service *s, pid_t pid)
{
	if (pid && count_of(s, pid) >= s->set.each_max)
		return false;
	if (s->count < s->set.clients_max)
		return true;
	for (struct client *c = s->clients.next; c != &s->clients; c = c->next) {
		if (c->is_asking)
			continue;
		client_free(c);
		return true;
	}
	return false;
}

static void refuse(struct relay_service *s, int fd, pid_t pid)
{
	uint64_t unsaid;
	close(fd);
	if (log_calm(&s->refusals, io_loop_now_ms(s->set.loop), &unsaid))
		log_warn(NULL, "policy service has no room for a client", kv_int("pid", pid),
		         kv_int("clients", (int64_t)s->count), kv_int("unsaid", (int64_t)unsaid));
}

void relay_service_accept(struct relay_service *s, int fd)
{
	pid_t pid = pid_of(fd);
	struct client *c = has_room(s, pid) ? calloc(1, sizeof(*c)) : NULL;
	if (!c) {
		refuse(s, fd, pid);
		return;
	}
	c->service = s;
	c->pid = pid;
	c->late.fn = on_late;
	c->end.fn = on_end;
	c->stream = (struct io_stream){ .fd = -1, .owner = c, .on_event = on_event };
	link_last(c);
	s->count++;
	io_deadline_arm(s->set.loop, &c->late, IDLE_MS);
	if (io_stream_open(&c->stream, s->set.loop, fd))
		client_free(c);
}

const struct relay_service_counters *relay_service_counters(const struct relay_service *s)
{
	return &s->counters;
}
