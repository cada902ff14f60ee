#include "base/clean.h"
#include "base/gzip.h"
#include "base/log.h"
#include "conf/settings.h"
#include "policy/tlsrpt_due.h"
#include "policy/tlsrpt_mail.h"
#include "resolver/post.h"
#include "resolver/report.h"
#include "resolver/reporter_inside.h"
#include "resolver/submit.h"

#include <stdio.h>
#include <time.h>

static const char why_memory[] = "out of memory";

void reporter_job_deinit(struct reporter_job *job)
{
	lookup_question_free(TAKE(job->question));
	post_free(TAKE(job->post));
	submit_free(TAKE(job->submit));
}

/* --- to whom --- */

/* RFC 8460 3: of the records of this kind exactly one. */
static int records_take(struct slice packet, struct policy_tlsrpt_record *ret_record)
{
	struct dns_message m;
	struct dns_record r;
	uint8_t text[DNS_TXT_CAP];
	size_t len, count = 0;
	int result = POLICY_TLSRPT_ABSENT;
	if (dns_message_open(&m, packet))
		return POLICY_TLSRPT_ABSENT;
	while (!dns_message_next(&m, &r)) {
		if (r.type != DNS_TXT || dns_txt_read(&r, text, &len))
			continue;
		struct policy_tlsrpt_record record;
		int one = policy_tlsrpt_record_parse(slice_of(text, len), &record);
		if (one == POLICY_TLSRPT_ABSENT)
			continue;
		*ret_record = record;
		result = count++ ? POLICY_TLSRPT_BAD : one;
	}
	return result;
}

/* Each place of it is a report of its own from now on. */
static int places_keep(struct reporter_job *job, const struct policy_tlsrpt_record *record)
{
	const struct store_tlsrpt_report of = { .day = job->day,
		                                .domain = job->domain,
		                                .due_s = time(NULL) };
	int r = 0;
	for (size_t i = 0; i < record->count && !r; i++) {
		char mailbox[POLICY_TLSRPT_MAILBOX_CAP] = "",
		     domain[POLICY_TLSRPT_MAILBOX_CAP] = "";
		if (policy_tlsrpt_mailbox(record->uris[i], mailbox))
			policy_tlsrpt_mailbox_domain(mailbox, domain);
		else if (!policy_tlsrpt_is_https(record->uris[i]))
			continue;
		r = store_tlsrpt_place(reporter_set(job->reporter)->store, &of, record->uris[i],
		                       domain);
	}
	return r;
}

static void on_record(void *owner, const struct lookup_answer *answer)
{
	struct reporter_job *job = owner;
	struct policy_tlsrpt_record record = {};
	char why[160];
	if (policy_dns_is_lost(answer->status)) {
		snprintf(why, sizeof(why), "its record could not be looked up: %s",
		         answer->why ? answer->why : "");
		reporter_job_over(job, REPORTER_FAILED, why);
		return;
	}
	int found = records_take(answer->packet, &record);
	if (found == POLICY_TLSRPT_BAD)
		log_info(NULL, "record of a domain names no place for TLS reports",
		         kv_str("domain", job->domain));
	if (!found && places_keep(job, &record))
		reporter_job_over(job, REPORTER_FAILED, "its places could not be kept");
	else
		reporter_job_over(job, REPORTER_DROPPED, NULL);
}

/* An MTA that tells the collector counts our own reports, too. */
static bool is_echo(const struct reporter_job *job)
{
	const struct reporter_settings *set = reporter_set(job->reporter);
	uint64_t sessions, reports;
	return set->settings->tlsrpt.collector_count &&
	       !store_tlsrpt_echo(set->store, job->day, job->domain, &sessions, &reports) &&
	       policy_tlsrpt_is_own_echo(sessions, reports);
}

static void record_ask(struct reporter_job *job)
{
	char name[300];
	snprintf(name, sizeof(name), "_smtp._tls.%s", job->domain);
	if (is_echo(job))
		reporter_job_over(job, REPORTER_DROPPED, NULL);
	else if (lookup_ask(&job->question, reporter_set(job->reporter)->lookup, name, DNS_TXT,
	                    on_record, job))
		reporter_job_over(job, REPORTER_FAILED, why_memory);
}

/* --- the report --- */

static void on_posted(void *owner, const char *why)
{
	reporter_job_over(owner, why ? REPORTER_FAILED : REPORTER_SENT, why);
}

static void on_submitted(void *owner, const struct submit_result *result)
{
	reporter_job_over(owner,
	                  !result->why       ? REPORTER_SENT
	                  : result->is_final ? REPORTER_REFUSED
	                                     : REPORTER_FAILED,
	                  result->why);
}

static void post_it(struct reporter_job *job, struct slice gzip)
{
	const struct reporter_settings *set = reporter_set(job->reporter);
	const struct conf_tlsrpt *conf = &set->settings->tlsrpt;
	int r = post_new(&job->post,
	                 &(struct post_settings){ .lookup = set->lookup,
	                                          .fetch = set->fetch,
	                                          .url = job->uri,
	                                          .type = POLICY_TLSRPT_GZIP_TYPE,
	                                          .body = gzip,
	                                          .allowed = conf->private_networks,
	                                          .allowed_count = conf->private_network_count },
	                 on_posted, job);
	if (r)
		reporter_job_over(job, r == POST_BAD ? REPORTER_REFUSED : REPORTER_FAILED,
		                  r == POST_BAD ? "nothing may be posted there" : why_memory);
}

static void mail_it(struct reporter_job *job, const char *mailbox,
                    const struct policy_tlsrpt_mail *mail)
{
	const struct reporter_settings *set = reporter_set(job->reporter);
	CLEAN(buf_deinit) struct buf text = {};
	int r = policy_tlsrpt_mail_write(&text, mail);
	if (!r)
		r = submit_new(&job->submit,
		               &(struct submit_settings){ .loop = set->loop,
		                                          .place = &set->settings->tlsrpt.submit,
		                                          .hostname = set->settings->hostname,
		                                          .from = mail->from,
		                                          .to = mailbox,
		                                          .text = buf_slice(&text) },
		               on_submitted, job);
	if (r)
		reporter_job_over(job, REPORTER_FAILED, "our MTA cannot be reached");
}

static void report_send(struct reporter_job *job)
{
	const struct reporter_settings *set = reporter_set(job->reporter);
	CLEAN(report_made_deinit) struct report_made made = {};
	CLEAN(buf_deinit) struct buf gzip = {};
	struct report_sender sender;
	char mailbox[POLICY_TLSRPT_MAILBOX_CAP];
	report_sender_take(&sender, set->settings);
	const struct policy_tlsrpt_head head =
		report_head(set->settings, &sender, job->day, job->domain);
	int r = report_make(&made, set->store, &head);
	if (!r)
		r = gzip_pack(&gzip, buf_slice(&made.json));
	if (r) {
		reporter_job_over(job, r == REPORT_NONE ? REPORTER_DROPPED : REPORTER_FAILED,
		                  "the report could not be made");
		return;
	}
	if (policy_tlsrpt_mailbox(job->uri, mailbox))
		mail_it(job, mailbox,
		        &(struct policy_tlsrpt_mail){ .head = &head,
		                                      .from = sender.from,
		                                      .to = mailbox,
		                                      .gzip = buf_slice(&gzip),
		                                      .succeeded = made.succeeded,
		                                      .failed = made.failed,
		                                      .now_s = time(NULL) });
	else
		post_it(job, buf_slice(&gzip));
}

void reporter_job_begin(struct reporter_job *job)
{
	if (job->uri[0])
		report_send(job);
	else
		record_ask(job);
}
