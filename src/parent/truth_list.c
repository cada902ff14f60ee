/* The list of what is looked at. */
#include "base/err.h"
#include "conf/value.h"
#include "conf/watched.h"
#include "edge/peer.h"
#include "io/address.h"
#include "parent/truth_inside.h"
#include "tls/label.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where a listener is reached from this host. False: by no address. */
static bool address_of(const struct parent_listener *l, char ret_host[64], uint16_t *ret_port)
{
	struct sockaddr_storage sa = l->sa;
	if (sa.ss_family == AF_INET &&
	    ((struct sockaddr_in *)&sa)->sin_addr.s_addr == htonl(INADDR_ANY))
		((struct sockaddr_in *)&sa)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else if (sa.ss_family == AF_INET6 &&
	         IN6_IS_ADDR_UNSPECIFIED(&((struct sockaddr_in6 *)&sa)->sin6_addr))
		((struct sockaddr_in6 *)&sa)->sin6_addr = in6addr_loopback;
	io_address_text((struct sockaddr *)&sa, ret_host, 64, ret_port);
	return ret_host[0] && !strchr(ret_host, '%');
}

/* As check/ calls what is spoken there. */
static const char *protocol_of(const struct conf_edge *e, bool is_tls)
{
	switch (e->protocol) {
	case CONF_SMTP:
	case CONF_SUBMISSION:
		return is_tls ? "submissions" : "submission";
	case CONF_IMAP:
		return is_tls ? "imaps" : "imap";
	case CONF_POP3:
		return is_tls ? "pop3s" : "pop3";
	case CONF_SIEVE:
		return is_tls ? "tls" : "managesieve";
	case CONF_LMTP:
		return is_tls ? "tls" : "submission";
	case CONF_TCP:
	case CONF_HTTP:
	case CONF_PROTOCOL_COUNT:
		break;
	}
	return "tls";
}

bool truth_is_served_by(const struct conf_edge *e, const char *certificate)
{
	for (size_t i = 0; i < e->certificate_count; i++)
		if (!strcmp(e->certificates[i], certificate))
			return true;
	return !e->certificate_count;
}

/* NULL: there is no room in this list. */
static struct truth_target *target_add(struct parent_truth *t)
{
	if (t->count == PROC_WITNESS_TARGETS_MAX)
		return NULL;
	struct truth_target *target = &t->targets[t->count++];
	*target = (struct truth_target){ .told = { .id = ++t->ids }, .edge = TRUTH_NO_EDGE };
	return target;
}

bool truth_is_looked_at(const struct parent *p, const struct parent_listener *l)
{
	if (l->is_service || l->sa.ss_family == AF_UNIX || l->fds[0] < 0)
		return false;
	const struct conf_edge *e = &p->plan->settings->edges[l->edge];
	/* Port 80 has no TLS, and TLS that is passed on is the backend's own. */
	return !e->is_passthrough && (e->protocol != CONF_HTTP || l->is_tls);
}

/* name: "": that of no certificate, the first is shown. False: there is no room. */
static bool own_add(struct parent *p, const struct parent_listener *l, size_t certificate,
                    const char *name)
{
	const struct conf_settings *s = p->plan->settings;
	const struct conf_edge *e = &s->edges[l->edge];
	struct truth_target *t = target_add(p->truth);
	char host[64];
	if (!t)
		return false;
	if (!address_of(l, host, &t->told.port)) {
		p->truth->count--;
		return true;
	}
	struct sockaddr_storage from;
	edge_peer_parse(host, &from);
	t->edge = l->edge;
	t->is_self_made = certificate == conf_chain_self_made(s);
	t->told.is_own = true;
	t->told.says_lhlo = e->protocol == CONF_LMTP;
	t->told.has_header =
		edge_peer_is_in((struct sockaddr *)&from, e->proxy_from, e->proxy_from_count);
	snprintf(t->told.protocol, sizeof(t->told.protocol), "%s", protocol_of(e, l->is_tls));
	snprintf(t->told.host, sizeof(t->told.host), "%s", host);
	snprintf(t->told.name, sizeof(t->told.name), "%s", name);
	if (certificate < s->certificate_count)
		conf_certificate_chain_path(s, &s->certificates[certificate], t->file,
		                            sizeof(t->file));
	snprintf(t->subject, sizeof(t->subject), "%.48s %.100s%s%.100s", e->name, l->text,
	         name[0] ? " " : "", name);
	return true;
}

/* By each of its names; of "*.example.org" there is no other that anybody could tell. */
static bool certificate_add(struct parent *p, const struct parent_listener *l, size_t number)
{
	struct tls_label label = {};
	char name[PROC_WITNESS_HOST_CAP];
	bool has_room = true;
	size_t added = 0;
	if (tls_label_read(&label, buf_slice(&p->plan->certificates[number].chain)))
		return true;
	struct slice rest = slice_str(label.names);
	while (rest.len && added < TRUTH_NAMES_MAX && has_room) {
		size_t len = slice_find(rest, ',');
		slice_to_text(slice_head(rest, len), name, sizeof(name));
		rest = slice_skip(rest, len + 1);
		if (!conf_hostname_is_valid(name))
			continue;
		has_room = own_add(p, l, number, name);
		added++;
	}
	tls_label_deinit(&label);
	return added ? has_room : own_add(p, l, number, "");
}

static bool pair_add(struct parent *p, const struct parent_listener *l, size_t number)
{
	const struct conf_settings *s = p->plan->settings;
	return number < s->certificate_count ? certificate_add(p, l, number)
	                                     : own_add(p, l, number, "");
}

/* Does the edge serve it? What mailseal made itself only where there is nothing else. */
static bool is_pair(const struct parent *p, const struct parent_listener *l, size_t number)
{
	const struct conf_settings *s = p->plan->settings;
	const struct conf_edge *e = &s->edges[l->edge];
	if (!buf_len(&p->plan->certificates[number].chain))
		return false;
	if (number < s->certificate_count)
		return truth_is_served_by(e, s->certificates[number].name);
	return number == conf_chain_self_made(s) && !s->certificate_count &&
	       (e->protocol == CONF_SMTP || e->accepts_self_signed);
}

/* Calls add() for each pair from one on. Returns how many pairs there are in all. */
static size_t pairs_walk(struct parent *p, size_t from, size_t *ret_next)
{
	size_t at = 0;
	bool has_room = true;
	for (size_t i = 0; i < p->listener_count; i++)
		for (size_t n = 0;
		     truth_is_looked_at(p, &p->listeners[i]) && n < p->plan->certificate_count;
		     n++) {
			if (!is_pair(p, &p->listeners[i], n))
				continue;
			if (at >= from && has_room &&
			    !(has_room = pair_add(p, &p->listeners[i], n)))
				*ret_next = at;
			at++;
		}
	if (has_room)
		*ret_next = 0;
	return at;
}

static void watched_add(struct parent_truth *t, const struct conf_watched *w)
{
	struct truth_target *target = target_add(t);
	if (!target)
		return;
	target->told.port = w->port;
	snprintf(target->told.protocol, sizeof(target->told.protocol), "%s", w->protocol);
	snprintf(target->told.host, sizeof(target->told.host), "%s", w->host);
	if (!conf_watched_is_address(w))
		snprintf(target->told.name, sizeof(target->told.name), "%s", w->host);
	snprintf(target->file, sizeof(target->file), "%s", w->file);
	snprintf(target->subject, sizeof(target->subject), "%.*s", (int)strcspn(w->text, "="),
	         w->text);
}

static bool is_suspect(const struct truth_target *t)
{
	for (size_t i = 0; i < t->place_count; i++)
		for (size_t kind = 0; kind < PROC_ALARM_KIND_COUNT; kind++)
			if (t->places[i].was_wrong[kind])
				return true;
	return false;
}

/* Of the list before: what was wrong is looked at again, half of a list of it at most. */
static void suspects_keep(struct parent_truth *t)
{
	size_t kept = 0;
	for (size_t i = 0; t->takes_turns && i < t->count && kept < PROC_WITNESS_TARGETS_MAX / 2;
	     i++)
		if (t->targets[i].edge != TRUTH_NO_EDGE && is_suspect(&t->targets[i]))
			t->targets[kept++] = t->targets[i];
	t->count = kept;
}

static int list_pack(const struct parent *p, struct buf *ret_payload)
{
	const struct parent_truth *t = p->truth;
	struct proc_packer packer = proc_packer_onto(ret_payload);
	proc_pack_u32(&packer, p->plan->settings->witness_every_ms);
	proc_pack_str(&packer, p->witness_token);
	proc_pack_u16(&packer, (uint16_t)t->count);
	for (size_t i = 0; i < t->count; i++)
		proc_witness_target_pack(&packer, &t->targets[i].told);
	return packer.has_failed ? err_raise(-ENOMEM) : 0;
}

int parent_truth_list(struct parent *p, struct buf *ret_payload)
{
	const struct conf_settings *s = p->plan->settings;
	if (!p->truth)
		p->truth = calloc(1, sizeof(*p->truth));
	if (p->truth && !p->truth->targets)
		p->truth->targets = calloc(PROC_WITNESS_TARGETS_MAX, sizeof(*p->truth->targets));
	if (!p->truth || !p->truth->targets)
		return err_raise(-ENOMEM);
	struct parent_truth *t = p->truth;
	suspects_keep(t);
	for (size_t i = 0; i < s->watched_count; i++)
		watched_add(t, &s->watched[i]);
	size_t from = t->turn;
	t->pairs = pairs_walk(p, from, &t->turn);
	t->takes_turns = from || t->turn;
	return err_up(list_pack(p, ret_payload));
}

bool parent_truth_takes_turns(const struct parent *p)
{
	return p->truth && p->truth->takes_turns;
}
