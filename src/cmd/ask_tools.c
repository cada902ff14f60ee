#include "cmd/ask_tools.h"

#include "ask/fetch.h"
#include "ask/lookup.h"
#include "resolver/finder.h"
#include "resolver/policies.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum { PATIENCE_MS = 1000 };

int ask_tools_make(struct ask_tools *t, const struct dns_options *dns, struct slice ca_pem,
                   struct store_sts *kept, char *ret_error, size_t error_cap)
{
	snprintf(ret_error, error_cap, "out of memory");
	int r = curl_global_init(CURL_GLOBAL_DEFAULT) ? -ENOMEM : io_loop_new(&t->loop);
	if (!r)
		r = lookup_new(&t->lookup, t->loop, &dns->lookup, ret_error, error_cap);
	if (!r)
		r = fetch_new(&t->fetch, t->loop, &(struct fetch_settings){ .ca_pem = ca_pem });
	if (!r)
		r = policies_new(&t->policies, &(struct policies_settings){ .loop = t->loop,
		                                                            .lookup = t->lookup,
		                                                            .fetch = t->fetch,
		                                                            .store = kept,
		                                                            .only_reads = true });
	return r ? r : finder_new(&t->finder, t->loop, t->lookup, t->policies);
}

static void on_patience(struct io_deadline *d)
{
	struct ask_tools *t =
		(struct ask_tools *)((char *)d - offsetof(struct ask_tools, patience));
	t->has_said_so = isatty(STDERR_FILENO);
	if (t->has_said_so)
		fputs("waiting for answers of DNS, a minute at most ...", stderr);
}

int ask_tools_run(struct ask_tools *t)
{
	t->patience.fn = on_patience;
	io_deadline_arm(t->loop, &t->patience, PATIENCE_MS);
	int r = io_loop_run(t->loop);
	ask_tools_hide(t);
	return r;
}

void ask_tools_hide(struct ask_tools *t)
{
	if (t->has_said_so)
		fputs("\r\033[K", stderr);
	t->has_said_so = false;
}

void ask_tools_deinit(struct ask_tools *t)
{
	finder_free(t->finder);
	policies_free(t->policies);
	lookup_free(t->lookup);
	fetch_free(t->fetch);
	io_deadline_disarm(&t->patience);
	io_loop_free(t->loop);
	*t = (struct ask_tools){};
	curl_global_cleanup();
}
