#include "ask/sts.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { RECORD, A, AAAA, QUESTIONS };
enum { ADDRESSES_MAX = 8 };

struct sts_search {
	struct lookup *lookup;
	struct fetch *fetch;
	sts_fn *fn;
	void *owner;
	char domain[256];
	char known_id[POLICY_STS_ID_MAX + 1];
	bool is_unchanged;
	struct lookup_question *questions[QUESTIONS];
	unsigned addresses_open;
	char addresses[ADDRESSES_MAX][DNS_ADDRESS_CAP];
	size_t address_count;
	struct fetch_request *request;
	struct policy_sts_facts *facts;
};

static void done(struct sts_search *s, struct slice text)
{
	const struct sts_result result = { .is_unchanged = s->is_unchanged, .text = text };
	s->fn(s->owner, &result); /* s may be gone */
}

static void end(struct sts_search *s, enum policy_report report, const char *what, const char *why)
{
	s->facts->report = report;
	snprintf(s->facts->why, sizeof(s->facts->why), "%s: %s", what, why);
	done(s, (struct slice){});
}

static void broken(struct sts_search *s, enum policy_report report, const char *what,
                   const char *why)
{
	s->facts->state = POLICY_STS_BROKEN;
	end(s, report, what, why);
}

static void on_policy(void *owner, const struct fetch_result *result)
{
	struct sts_search *s = owner;
	const char *why = NULL;
	if (result->why) {
		broken(s, result->report, "the policy file could not be fetched", result->why);
	} else if (policy_sts_parse(result->body, &s->facts->policy, &why)) {
		broken(s, POLICY_REPORT_STS_POLICY_INVALID, "the policy file is not valid", why);
	} else {
		s->facts->state = POLICY_STS_IN_FORCE;
		done(s, result->body);
	}
}

static void addresses_take(struct sts_search *s, struct slice packet)
{
	struct dns_message m;
	struct dns_record r;
	if (dns_message_open(&m, packet))
		return;
	while (!dns_message_next(&m, &r) && s->address_count < ADDRESSES_MAX) {
		if (!dns_address_read(&r, s->addresses[s->address_count]))
			s->address_count++;
	}
}

static void on_address(struct sts_search *s, const struct lookup_answer *answer, int number)
{
	addresses_take(s, answer->packet);
	lookup_question_free(TAKE(s->questions[number]));
	if (--s->addresses_open)
		return;
	if (!s->address_count)
		broken(s, POLICY_REPORT_STS_POLICY_FETCH_ERROR,
		       "the policy file could not be fetched", "its host mta-sts has no address");
	else if (fetch_policy(&s->request, s->fetch, s->domain, s->addresses, s->address_count,
	                      on_policy, s))
		broken(s, POLICY_REPORT_NONE, "the policy file could not be fetched",
		       "out of memory");
}

static void on_a(void *owner, const struct lookup_answer *answer)
{
	on_address(owner, answer, A);
}

static void on_aaaa(void *owner, const struct lookup_answer *answer)
{
	on_address(owner, answer, AAAA);
}

/* RFC 8461 3.1: of the records of this kind exactly one. Returns how many there are. */
static size_t records_take(struct sts_search *s, struct slice packet, bool *ret_is_bad)
{
	struct dns_message m;
	struct dns_record r;
	uint8_t text[DNS_TXT_CAP];
	size_t len;
	size_t count = 0;
	*ret_is_bad = false;
	if (dns_message_open(&m, packet))
		return 0;
	while (!dns_message_next(&m, &r)) {
		if (r.type != DNS_TXT || dns_txt_read(&r, text, &len))
			continue;
		int result = policy_sts_record_parse(slice_of(text, len), s->facts->id);
		count += result != POLICY_STS_ABSENT;
		*ret_is_bad |= result == POLICY_STS_BAD;
	}
	return count;
}

static void file_begin(struct sts_search *s)
{
	char name[300];
	snprintf(name, sizeof(name), "mta-sts.%s", s->domain);
	s->addresses_open = 2;
	if (lookup_ask(&s->questions[A], s->lookup, name, DNS_A, on_a, s) ||
	    lookup_ask(&s->questions[AAAA], s->lookup, name, DNS_AAAA, on_aaaa, s)) {
		lookup_question_free(TAKE(s->questions[A]));
		broken(s, POLICY_REPORT_NONE, "the policy file could not be fetched",
		       "out of memory");
	}
}

static void on_record(void *owner, const struct lookup_answer *answer)
{
	struct sts_search *s = owner;
	bool is_bad;
	bool is_lost = policy_dns_is_lost(answer->status);
	char why[160];
	snprintf(why, sizeof(why), "%s", answer->why ? answer->why : "");
	size_t count = records_take(s, answer->packet, &is_bad);
	bool is_bogus = answer->status == POLICY_DNS_BOGUS;
	lookup_question_free(TAKE(s->questions[RECORD]));
	if (is_lost) {
		s->facts->state = POLICY_STS_LOST;
		end(s, is_bogus ? POLICY_REPORT_DNSSEC_INVALID : POLICY_REPORT_NONE,
		    "the record could not be looked up", why);
	} else if (!count) {
		done(s, (struct slice){});
	} else if (count > 1 || is_bad) {
		s->facts->id[0] = '\0';
		broken(s, POLICY_REPORT_STS_POLICY_INVALID, "the record is not valid",
		       count > 1 ? "there is more than one (RFC 8461 3.1)"
		                 : "it is not \"v=STSv1; id=LETTERS-AND-DIGITS;\"");
	} else if (!strcmp(s->facts->id, s->known_id)) {
		s->is_unchanged = true;
		done(s, (struct slice){});
	} else {
		file_begin(s);
	}
}

int sts_search_new(struct sts_search **ret_search, const struct sts_settings *set, sts_fn *fn,
                   void *owner)
{
	char name[300];
	struct sts_search *s = calloc(1, sizeof(*s));
	if (!s)
		return err_raise(-ENOMEM);
	s->lookup = set->lookup;
	s->fetch = set->fetch;
	s->facts = set->facts;
	s->fn = fn;
	s->owner = owner;
	snprintf(s->domain, sizeof(s->domain), "%s", set->domain);
	snprintf(s->known_id, sizeof(s->known_id), "%s", set->known_id ? set->known_id : "");
	snprintf(name, sizeof(name), "_mta-sts.%s", set->domain);
	int r = lookup_ask(&s->questions[RECORD], s->lookup, name, DNS_TXT, on_record, s);
	if (r) {
		sts_search_free(s);
		return err_up(r);
	}
	*ret_search = s;
	return 0;
}

void sts_search_free(struct sts_search *s)
{
	if (!s)
		return;
	for (int number = 0; number < QUESTIONS; number++)
		lookup_question_free(s->questions[number]);
	fetch_request_free(s->request);
	free(s);
}
