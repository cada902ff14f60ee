#include "witness/look.h"

#include "base/clean.h"
#include "base/err.h"
#include "check/probe.h"
#include "io/address.h"
#include "proxyhdr/proxyhdr.h"
#include "tls/inspect.h"
#include "witness/tlsa.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	DNS_MS = 8 * 1000, /* then what is not known yet is not waited for */
	QUESTIONS = 3,     /* A, AAAA, TLSA */
};

/* An alarm comes within two minutes: so long a look takes at most, one a minute, and again. */
static const struct check_limits limits = { .connect_ms = 5 * 1000,
	                                    .greeting_ms = 12 * 1000,
	                                    .answer_ms = 8 * 1000,
	                                    .total_ms = 20 * 1000 };

struct question {
	struct look *look;
	struct lookup_question *asked;
};

struct look {
	struct look_settings set;
	struct question questions[QUESTIONS];
	size_t pending;
	bool is_host_there; /* DNS has not said that there is none */
	struct io_deadline dns_late;
	struct io_later next;
	char addresses[LOOK_ADDRESSES_MAX][DNS_ADDRESS_CAP];
	size_t address_count, at;
	struct witness_tlsa tlsa;
	struct check_probe *probe;
	struct tls_record records[POLICY_TLSA_MAX];
	struct tls_expectation expected;
	struct proc_witness_sight sight;
};

#define LOOK_OF(node, member) ((struct look *)((char *)(node)-offsetof(struct look, member)))

/* What a stranger wrote, for the log and more. */
static void why_take(struct proc_witness_sight *sight, const char *why)
{
	slice_to_text(slice_str(why), sight->why, sizeof(sight->why));
}

/* --- one address --- */

static void certificate_take(struct proc_witness_sight *s, const struct look *look,
                             const struct check_probe_seen *seen)
{
	const char *name = look->set.target->name;
	struct tls_inspection inspection;
	if (tls_inspect(&inspection, buf_slice(&seen->chain))) {
		s->end = PROC_WITNESS_SHUT;
		why_take(s, "its certificate cannot be read");
		return;
	}
	const struct tls_inspected *leaf = &inspection.certificates[0];
	enum tls_inspect_name match =
		name[0] ? tls_inspect_name(&inspection, name) : TLS_INSPECT_NAME_MATCHES;
	s->end = PROC_WITNESS_SEEN;
	s->has_name = match == TLS_INSPECT_NAME_MATCHES || match == TLS_INSPECT_NAME_WILDCARD;
	s->is_self_signed = leaf->is_self_signed;
	s->not_before_s = leaf->not_before_s;
	s->not_after_s = leaf->not_after_s;
	memcpy(s->sha256, leaf->sha256, sizeof(s->sha256));
	memcpy(s->spki, leaf->spki, sizeof(s->spki));
	/* Only public CAs log what they issue, and a private one may sign without another between.
	 */
	s->is_incomplete = seen->proof.pkix == TLS_PROOF_NOT_TRUSTED && !leaf->is_self_signed &&
	                   inspection.sent_count == 1 && inspection.sct_count;
	tls_inspection_deinit(&inspection);
	if (s->tlsa != PROC_WITNESS_TLSA_MISSES)
		return;
	if (seen->proof.dane == TLS_PROOF_HOLDS)
		s->tlsa = PROC_WITNESS_TLSA_COVERS;
	else
		why_take(s, seen->proof.dane_why);
}

static void probe_take(struct look *look)
{
	struct proc_witness_sight *s = &look->sight;
	const struct check_probe_seen *seen = check_probe_seen(look->probe);
	switch (check_probe_end(look->probe)) {
	case CHECK_PROBE_TLS:
		if (seen->is_done) {
			certificate_take(s, look, seen);
			return;
		}
		s->end = PROC_WITNESS_SHUT;
		snprintf(s->why, sizeof(s->why), "no handshake: %.150s", seen->why);
		return;
	case CHECK_PROBE_NO_TLS:
		s->end = PROC_WITNESS_NO_TLS;
		break;
	case CHECK_PROBE_CLOSED:
	case CHECK_PROBE_SILENT:
	case CHECK_PROBE_RATE:
	case CHECK_PROBE_FOREIGN:
	case CHECK_PROBE_LOST:
		s->end = PROC_WITNESS_SHUT;
		break;
	case CHECK_PROBE_UNDER_WAY:
	case CHECK_PROBE_END_COUNT:
		s->end = PROC_WITNESS_LOST;
		break;
	}
	why_take(s, check_probe_why(look->probe));
}

/* Then the next, or it is at its end; nothing of look is touched behind the last. */
static void tell(struct look *look)
{
	struct proc_witness_sight sight = look->sight;
	check_probe_free(TAKE(look->probe));
	sight.is_last = ++look->at >= look->address_count;
	if (!sight.is_last)
		io_later_add(look->set.tools->loop, &look->next);
	look->set.on_seen(look->set.owner, &sight);
}

static void on_probe_end(void *owner)
{
	struct look *look = owner;
	probe_take(look);
	tell(look);
}

static int probe_begin(struct look *look)
{
	CLEAN(buf_deinit) struct buf header = {};
	const struct proc_witness_target *t = look->set.target;
	enum check_service service;
	if (!check_service_find(t->protocol, &service))
		return err_raise(-EINVAL);
	int r = t->has_header
	                ? proxyhdr_build(&header, &(struct proxyhdr_facts){ .is_local = true })
	                : 0;
	if (r)
		return err_up(r);
	const struct check_probe_settings set = {
		.way = { .address = look->addresses[look->at],
		         .port = t->port,
		         .from = t->is_own ? look->addresses[look->at] : NULL },
		.preamble = buf_slice(&header),
		.opening = { .service = service,
		             .hostname = look->set.tools->hostname,
		             .says_lhlo = t->says_lhlo },
		.limits = limits,
		.visit = { .hops = look->set.tools->hops,
		           .expected = &look->expected,
		           .tls = { .is_wide = !t->is_own,
		                    .alpn = t->is_own ? look->set.token : NULL } },
		.on_end = on_probe_end,
		.owner = look,
	};
	return err_up(check_probe_new(&look->probe, look->set.tools->loop, &set));
}

/* Where no address is known. */
static void nowhere(struct look *look)
{
	look->sight.end = look->is_host_there ? PROC_WITNESS_LOST : PROC_WITNESS_SHUT;
	why_take(&look->sight,
	         look->is_host_there ? "DNS did not answer" : "the host has no address in DNS");
	tell(look);
}

static void on_next(struct io_later *later)
{
	struct look *look = LOOK_OF(later, next);
	const char *name = look->set.target->name;
	look->sight =
		(struct proc_witness_sight){ .id = look->set.target->id, .tlsa = look->tlsa.state };
	if (!look->address_count) {
		nowhere(look);
		return;
	}
	snprintf(look->sight.address, sizeof(look->sight.address), "%s", look->addresses[look->at]);
	look->expected = (struct tls_expectation){
		.sni = name[0] ? name : NULL,
		.host = name[0] ? name : NULL,
		.records = look->records,
		.record_count = witness_tlsa_records(&look->tlsa, look->records),
		.names = { name },
		.name_count = name[0] != '\0',
	};
	if (!probe_begin(look))
		return;
	look->sight.end = PROC_WITNESS_LOST;
	why_take(&look->sight, "no memory for a connection");
	tell(look);
}

/* --- DNS --- */

static void answered(struct question *q)
{
	struct look *look = q->look;
	lookup_question_free(TAKE(q->asked));
	if (--look->pending)
		return;
	io_deadline_disarm(&look->dns_late);
	io_later_add(look->set.tools->loop, &look->next);
}

static void on_addresses(void *owner, const struct lookup_answer *answer)
{
	struct question *q = owner;
	struct look *look = q->look;
	look->address_count = witness_addresses_read(answer, look->addresses, look->address_count,
	                                             LOOK_ADDRESSES_MAX);
	look->is_host_there = look->is_host_there || policy_dns_is_lost(answer->status);
	answered(q);
}

static void on_tlsa(void *owner, const struct lookup_answer *answer)
{
	struct question *q = owner;
	witness_tlsa_read(&q->look->tlsa, answer);
	answered(q);
}

static void on_dns_late(struct io_deadline *d)
{
	struct look *look = LOOK_OF(d, dns_late);
	for (size_t i = 0; i < QUESTIONS; i++) {
		if (look->questions[i].asked)
			look->is_host_there = true;
		lookup_question_free(TAKE(look->questions[i].asked));
	}
	look->pending = 0;
	io_later_add(look->set.tools->loop, &look->next);
}

static int ask(struct look *look, const char *name, enum dns_type type, lookup_fn *fn)
{
	struct question *q = &look->questions[look->pending];
	q->look = look;
	int r = lookup_ask(&q->asked, look->set.tools->lookup, name, type, fn, q);
	look->pending += !r;
	return err_up(r);
}

static int begin(struct look *look)
{
	const struct proc_witness_target *t = look->set.target;
	struct sockaddr_storage sa;
	char name[DNS_NAME_CAP];
	int r = 0;
	look->tlsa.state = t->name[0] ? PROC_WITNESS_TLSA_UNKNOWN : PROC_WITNESS_TLSA_NONE;
	if (io_address_take(t->host, t->port, &sa)) {
		slice_to_text(slice_str(t->host), look->addresses[look->address_count++],
		              DNS_ADDRESS_CAP);
	} else {
		r = ask(look, t->host, DNS_A, on_addresses);
		if (!r)
			r = ask(look, t->host, DNS_AAAA, on_addresses);
	}
	if (!r && dns_name_is_host(t->name)) {
		witness_tlsa_name(t->name, t->port, name, sizeof(name));
		r = ask(look, name, DNS_TLSA, on_tlsa);
	}
	if (r)
		return err_up(r);
	if (look->pending)
		io_deadline_arm(look->set.tools->loop, &look->dns_late, DNS_MS);
	else
		io_later_add(look->set.tools->loop, &look->next);
	return 0;
}

int look_new(struct look **ret_look, const struct look_settings *set)
{
	struct look *look = calloc(1, sizeof(*look));
	if (!look)
		return err_raise(-ENOMEM);
	look->set = *set;
	look->dns_late.fn = on_dns_late;
	look->next.fn = on_next;
	int r = begin(look);
	if (r) {
		look_free(look);
		return err_up(r);
	}
	*ret_look = look;
	return 0;
}

void look_free(struct look *look)
{
	if (!look)
		return;
	for (size_t i = 0; i < QUESTIONS; i++)
		lookup_question_free(look->questions[i].asked);
	io_deadline_disarm(&look->dns_late);
	io_later_remove(look->set.tools->loop, &look->next);
	check_probe_free(look->probe);
	free(look);
}
