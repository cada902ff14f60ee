#include "resolver/report.h"

#include "base/clean.h"
#include "base/err.h"
#include "store/tlsrpt.h"

#include <stdio.h>

struct writing {
	struct policy_tlsrpt_writer *writer;
	struct report_made *made;
};

void report_made_deinit(struct report_made *made)
{
	buf_deinit(&made->json);
}

void report_sender_take(struct report_sender *ret_sender, const struct conf_settings *settings)
{
	const char *from = settings->tlsrpt.from;
	if (from)
		snprintf(ret_sender->from, sizeof(ret_sender->from), "%s", from);
	else
		snprintf(ret_sender->from, sizeof(ret_sender->from), "postmaster@%s",
		         settings->hostname);
	ret_sender->domain = strchr(ret_sender->from, '@') + 1;
}

struct policy_tlsrpt_head report_head(const struct conf_settings *settings,
                                      const struct report_sender *sender, int64_t day,
                                      const char *domain)
{
	const struct conf_tlsrpt *t = &settings->tlsrpt;
	return (struct policy_tlsrpt_head){
		.day = day,
		.domain = domain,
		.organization = t->organization ? t->organization : sender->domain,
		.contact = t->contact ? t->contact : sender->from,
		.hostname = settings->hostname,
	};
}

static void on_policy(void *owner, const struct store_tlsrpt_policy *p)
{
	struct writing *w = owner;
	w->made->succeeded += p->succeeded;
	w->made->failed += p->failed;
	policy_tlsrpt_write_policy(w->writer,
	                           &(struct policy_tlsrpt_sum){ .kind = p->kind,
	                                                        .policy_domain = p->policy_domain,
	                                                        .strings = p->strings,
	                                                        .mx = p->mx,
	                                                        .succeeded = p->succeeded,
	                                                        .failed = p->failed });
}

static void on_failure(void *owner, const struct policy_tlsrpt_fault *f)
{
	struct writing *w = owner;
	policy_tlsrpt_write_failure(w->writer, f);
}

int report_make(struct report_made *made, struct store_tlsrpt *store,
                const struct policy_tlsrpt_head *head)
{
	CLEAN(policy_tlsrpt_writer_freep) struct policy_tlsrpt_writer *writer = NULL;
	int r = policy_tlsrpt_writer_new(&writer);
	if (r)
		return err_up(r);
	struct writing w = { .writer = writer, .made = made };
	const struct store_tlsrpt_reader reader = { &w, on_policy, on_failure };
	r = store_tlsrpt_read(store, head->day, head->domain, &reader);
	if (r)
		return err_up(r);
	if (!policy_tlsrpt_policies(writer))
		return REPORT_NONE;
	return err_up(policy_tlsrpt_finish(writer, &made->json, head));
}
