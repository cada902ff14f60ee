/* Of /metrics: TLS reports. */
#include "web/figures.h"
#include "web/views.h"

#include "base/clean.h"
#include "base/exposition.h"
#include "conf/conf.h"
#include "store/received.h"

#include <limits.h>
#include <stdio.h>

enum { LOOKED_AT_DAYS = 7 };

static const struct exposition_family
	reports = { "mailseal_tlsrpt_reports", EXPOSITION_GAUGE,
	            "TLS reports of the last eight days that go out." },
	news = { "mailseal_tlsrpt_new_failures", EXPOSITION_GAUGE,
	         "Failures that others told of us for the first time within a day." };

struct looking {
	uint64_t count;
	int64_t since_s;
};

static int on_sum(void *owner, const struct store_received_sum *sum)
{
	(void)owner, (void)sum;
	return 0;
}

static int on_fault(void *owner, const struct store_received_fault *f)
{
	struct looking *look = owner;
	look->count += f->first_s >= look->since_s && f->trust != STORE_RECEIVED_UNVERIFIED;
	return 0;
}

static void news_write(const struct web *web, int64_t now_s, struct exposition *e)
{
	char path[PATH_MAX];
	struct store_received *store = NULL;
	struct looking look = { .since_s = now_s - WEB_DAY_S };
	const struct store_received_reader reader = { &look, on_sum, on_fault };
	snprintf(path, sizeof(path), "%s/" CONF_REPORTS_FOLDER "/" CONF_RECEIVED_FILE,
	         web->set.settings->state_dir);
	int r = store_received_open_read(&store, path);
	if (!r)
		r = store_received_read(store, now_s - LOOKED_AT_DAYS * WEB_DAY_S, NULL, &reader);
	store_received_close(store);
	if (r < 0) /* not known, which is another thing than none */
		return;
	exposition_begin(e, &news);
	exposition_value(e, &news, (double)look.count);
}

void web_metrics_tlsrpt(const struct web *web, int64_t now_s, struct exposition *e)
{
	static const char *const states[] = { "waiting", "sent", "given_up" };
	const json_t *numbers = json_object_get(web->state, "tlsrpt");
	exposition_begin(e, &reports);
	for (size_t i = 0; numbers && i < COUNT_OF(states); i++)
		exposition_value(e, &reports, (double)web_json_number(numbers, states[i]),
		                 { "state", states[i] });
	news_write(web, now_s, e);
}
