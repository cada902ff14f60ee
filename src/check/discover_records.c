#include "check/discover_private.h"

#include "base/clean.h"
#include "check/records.h"

#include <stdio.h>

enum { RECORDS_OF_LABEL = CHECK_SRV_MAX / 7 };

/* RFC 6186, RFC 8314 5.1, RFC 5804 1.8; in the order of check_srv. */
static const struct label {
	const char *label;
	enum check_service service;
} labels[] = {
	{ "_submissions", CHECK_SUBMISSIONS },
	{ "_submission", CHECK_SUBMISSION },
	{ "_imaps", CHECK_IMAPS },
	{ "_imap", CHECK_IMAP },
	{ "_pop3s", CHECK_POP3S },
	{ "_pop3", CHECK_POP3 },
	{ "_sieve", CHECK_MANAGESIEVE },
};
_Static_assert(COUNT_OF(labels) * RECORDS_OF_LABEL <= CHECK_SRV_MAX, "no room for all labels");

static void on_mx(struct check_task *t, const struct lookup_answer *answer)
{
	t->discovery->facts->null_mx_is_not_alone =
		check_records_null_mx_is_not_alone(answer->packet);
}

static void on_sts_record(struct check_task *t, const struct lookup_answer *answer)
{
	check_records_sts(&t->discovery->facts->sts_record, answer->status, answer->packet);
}

static void on_tlsrpt_record(struct check_task *t, const struct lookup_answer *answer)
{
	struct check_domain *f = t->discovery->facts;
	check_records_tlsrpt(&f->tlsrpt_record, &f->tlsrpt, answer->status, answer->packet);
	check_discover_report_place(t->discovery);
}

/* Of a signed zone the answer, or the proof that there is none, says how names are hashed. */
static void on_nsec3(struct check_task *t, const struct lookup_answer *answer)
{
	struct check_domain *f = t->discovery->facts;
	f->zone = answer->status;
	f->nsec3_iterations = check_records_nsec3(answer->packet);
}

/* Where the records of a label begin. */
static unsigned srv_at(const struct check_domain *f, const char *label)
{
	unsigned at = 0;
	while (at < f->srv_count && strcmp(f->srv[at].label, label) != 0)
		at++;
	return at;
}

static void on_srv(struct check_task *t, const struct lookup_answer *answer)
{
	struct check_domain *f = t->discovery->facts;
	const struct label *l = &labels[t->number];
	struct check_srv found[RECORDS_OF_LABEL] = {};
	unsigned count, at = srv_at(f, l->label);
	found[0] = f->srv[at];
	check_records_srv(found, RECORDS_OF_LABEL, answer->status, answer->packet, &count);
	/* The one that stood for the label makes room for all. */
	memmove(&f->srv[at + count], &f->srv[at + 1], (f->srv_count - at - 1) * sizeof(f->srv[0]));
	memcpy(&f->srv[at], found, count * sizeof(found[0]));
	f->srv_count += count - 1;
	for (unsigned i = 0; i < count; i++)
		if (found[i].target[0] && found[i].port)
			check_discover_name(t->discovery, found[i].target, CHECK_FROM_SRV,
			                    l->service, found[i].port);
}

static void srv_begin(struct check_discovery *d)
{
	struct check_domain *f = d->facts;
	char name[POLICY_WAY_NAME_CAP + 32];
	for (unsigned i = 0; i < COUNT_OF(labels); i++) {
		struct check_srv *srv = &f->srv[f->srv_count++];
		snprintf(srv->label, sizeof(srv->label), "%s", labels[i].label);
		srv->status = POLICY_DNS_FAILED;
		snprintf(name, sizeof(name), "%s._tcp.%s", srv->label, f->name);
		check_task_ask(d, name, DNS_SRV, on_srv, NULL, i);
	}
}

void check_discover_records(struct check_discovery *d)
{
	struct check_domain *f = d->facts;
	char name[POLICY_WAY_NAME_CAP + 32];
	f->sts_record.status = f->tlsrpt_record.status = f->zone = POLICY_DNS_FAILED;
	check_task_ask(d, f->name, DNS_MX, on_mx, NULL, 0);
	check_task_ask(d, f->name, DNS_NSEC3PARAM, on_nsec3, NULL, 0);
	snprintf(name, sizeof(name), "_mta-sts.%s", f->name);
	check_task_ask(d, name, DNS_TXT, on_sts_record, NULL, 0);
	snprintf(name, sizeof(name), "_smtp._tls.%s", f->name);
	check_task_ask(d, name, DNS_TXT, on_tlsrpt_record, NULL, 0);
	f->caa_is_asked = true;
	check_discover_caa(d, f->name, &f->caa);
	srv_begin(d);
}
