#include "cmd/check_engine.h"

#include "ask/fetch.h"
#include "base/address.h"
#include "dns/message.h"
#include "io/loop.h"

#include <curl/curl.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	SERVE_KEPT_MS = 5 * 60 * 1000, /* domains with one MX, looked at one behind the other */
	SERVE_DEADLINE_MS = 3 * 60 * 1000,
};

/* This host's full name as far as it knows it; hosts that care look it up. */
static void ehlo_name(char *ret_name, size_t cap)
{
	struct addrinfo hints = { .ai_flags = AI_CANONNAME }, *found = NULL;
	if (gethostname(ret_name, cap))
		snprintf(ret_name, cap, "localhost");
	ret_name[cap - 1] = '\0';
	if (!strchr(ret_name, '.') && !getaddrinfo(ret_name, NULL, &hints, &found))
		if (found->ai_canonname)
			snprintf(ret_name, cap, "%s", found->ai_canonname);
	if (found)
		freeaddrinfo(found);
	if (!dns_name_is_host(ret_name))
		snprintf(ret_name, cap, "localhost.localdomain");
}

static uint64_t only_steps(const struct check_options *o)
{
	uint64_t steps = 0;
	for (unsigned i = 0; i < o->only_count; i++)
		steps |= check_steps_for(o->only[i]);
	return o->only_count ? steps : CHECK_STEPS_ALL;
}

static int look_begin(struct check_engine *e, const struct check_options *o, char *ret_error,
                      size_t error_cap)
{
	char hostname[256];
	struct check_look_settings set;
	check_look_settings_init(&set, o->tier, o->is_mine);
	set.plan.only = only_steps(o);
	set.plan.has_attacks = o->has_attacks;
	if (o->serve)
		set.kept_ms = SERVE_KEPT_MS;
	ehlo_name(hostname, sizeof(hostname));
	set.hostname = o->ehlo ? o->ehlo : hostname;
	set.from4 = o->source4;
	set.from6 = o->source6;
	set.ca_pem = buf_slice(&e->ca_pem);
	return check_look_new(&e->look, e->loop, &set, ret_error, error_cap);
}

/* Where strangers say what is looked at, nothing inside is, unless that is wished. */
static bool refuses_private(const struct check_options *o)
{
	return o->serve && !o->allows_private;
}

/* Nor do records of whoever is looked at choose places inside. */
static bool refuses_inside(const struct check_options *o)
{
	return !o->serve && !o->is_mine;
}

/* A resolver that the operator names is asked wherever it is. */
static int lookup_begin(struct check_engine *e, const struct check_options *o, char *ret_error,
                        size_t error_cap)
{
	struct lookup_settings set = o->dns.lookup;
	set.asks_public_only =
		refuses_private(o) && !set.forward_count && !set.stub_count && !set.trusts_ad;
	return lookup_new(&e->lookup, e->loop, &set, ret_error, error_cap);
}

static int fetch_begin(struct check_engine *e, const struct check_options *o)
{
	const struct fetch_settings set = {
		.ca_pem = buf_slice(&e->ca_pem),
		.refuses = refuses_private(o)  ? address_is_special
		           : refuses_inside(o) ? address_is_inside
		                               : NULL,
	};
	return fetch_new(&e->fetch, e->loop, &set);
}

static int run_begin(struct check_engine *e, const struct check_options *o)
{
	const struct check_run_settings set = {
		.loop = e->loop,
		.lookup = e->lookup,
		.fetch = e->fetch,
		.look = e->look,
		.profile = o->profile,
		.only = o->only_count ? o->only : NULL,
		.refuses_private = refuses_private(o),
		.refuses_inside = refuses_inside(o),
		.is_mine = o->is_mine,
		.no_v4 = o->no_v4,
		.no_v6 = o->no_v6,
		.deadline_ms = o->serve ? SERVE_DEADLINE_MS : 0,
	};
	return check_run_new(&e->run, &set);
}

int check_engine_begin(struct check_engine *e, const struct check_options *options, char *ret_error,
                       size_t error_cap)
{
	snprintf(ret_error, error_cap, "out of memory");
	if (dns_options_cas(&options->dns, &e->ca_pem)) {
		snprintf(ret_error, error_cap, "--ca-file %s: it cannot be read",
		         options->dns.ca_file);
		return -1;
	}
	int r = curl_global_init(CURL_GLOBAL_DEFAULT) ? -1 : io_loop_new(&e->loop);
	if (!r)
		r = lookup_begin(e, options, ret_error, error_cap);
	if (!r)
		r = fetch_begin(e, options);
	if (!r)
		r = look_begin(e, options, ret_error, error_cap);
	return r ? r : run_begin(e, options);
}

void check_engine_end(struct check_engine *e)
{
	check_run_free(e->run);
	check_look_free(e->look);
	fetch_free(e->fetch);
	lookup_free(e->lookup);
	io_loop_free(e->loop);
	buf_deinit(&e->ca_pem);
	curl_global_cleanup();
}
