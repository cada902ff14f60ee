#include "cmd/up_dns.h"

#include "ask/fetch.h"
#include "ask/lookup.h"
#include "base/clean.h"
#include "cmd/dns_options.h"
#include "io/loop.h"
#include "resolver/finder.h"
#include "resolver/policies.h"
#include "servers/reader.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <time.h>

enum { PATIENCE_MS = 1000 };
enum { ADDRESSES_MAX = 64 };

struct asking {
	struct up_plan *plan;
	struct up_published with;
	struct io_loop *loop;
	struct lookup *lookup;
	struct fetch *fetch;
	struct policies *policies;
	struct finder *finder;
	struct finder_wish *wishes[UP_DOMAINS_MAX];
	size_t wish_count, open;
	struct io_deadline patience;
	bool has_said_so;
	int failure;
	struct buf ca_pem;
	struct buf chains[UP_CERTIFICATES_MAX];
	char address_texts[ADDRESSES_MAX][INET6_ADDRSTRLEN];
	const char *addresses[ADDRESSES_MAX];
};

/* --- what this host has --- */

static void addresses_find(struct asking *a)
{
	struct ifaddrs *all = NULL;
	size_t count = 0;
	if (getifaddrs(&all))
		return;
	for (const struct ifaddrs *one = all; one && count < ADDRESSES_MAX; one = one->ifa_next) {
		const struct sockaddr *address = one->ifa_addr;
		if (!address || (address->sa_family != AF_INET && address->sa_family != AF_INET6))
			continue;
		const void *bytes =
			address->sa_family == AF_INET
				? (const void *)&((const struct sockaddr_in *)address)->sin_addr
				: (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr;
		if (!inet_ntop(address->sa_family, bytes, a->address_texts[count],
		               sizeof(a->address_texts[count])))
			continue;
		a->addresses[count] = a->address_texts[count];
		count++;
	}
	freeifaddrs(all);
	a->with.addresses = a->addresses;
	a->with.address_count = count;
}

/* As the server's machine has it. One that cannot be read is refused, in words that name it. */
static int chain_read(struct asking *a, size_t number)
{
	const char *path = a->plan->certificates[number].chain;
	struct servers_file *file = NULL;
	int r = servers_open(a->with.texts, path, &file);
	if (r > 0)
		return up_plan_refuse(a->plan, a->with.texts,
		                      "%s: the certificate cannot be read: as root, perhaps", path);
	return r ? r : buf_add(&a->chains[number], buf_slice(&file->text));
}

static int chains_read(struct asking *a)
{
	int r = 0;
	for (size_t i = 0; i < a->plan->certificate_count && !r; i++)
		r = chain_read(a, i);
	a->with.chains = a->chains;
	return r;
}

/* --- asking --- */

static void on_found(void *owner, const struct policy_way *way, const struct policy_sts_facts *sts)
{
	struct asking *a = owner;
	int r = up_published_check(a->plan, &a->with, way, sts);
	if (r)
		a->failure = r;
	if (!--a->open)
		io_loop_stop(a->loop);
}

/* A person who waits is told what for. */
static void on_patience(struct io_deadline *d)
{
	struct asking *a = (struct asking *)((char *)d - offsetof(struct asking, patience));
	a->has_said_so = isatty(STDERR_FILENO);
	if (a->has_said_so)
		fputs("waiting for answers of DNS, a minute at most ...", stderr);
}

static int tools_make(struct asking *a, const struct dns_options *dns, char *error,
                      size_t error_cap)
{
	int r = curl_global_init(CURL_GLOBAL_DEFAULT) ? -ENOMEM : io_loop_new(&a->loop);
	if (!r)
		r = lookup_new(&a->lookup, a->loop, &dns->lookup, error, error_cap);
	if (!r)
		r = fetch_new(&a->fetch, a->loop,
		              &(struct fetch_settings){ .ca_pem = a->with.ca_pem });
	if (!r)
		r = policies_new(&a->policies, &(struct policies_settings){ .loop = a->loop,
		                                                            .lookup = a->lookup,
		                                                            .fetch = a->fetch });
	return r ? r : finder_new(&a->finder, a->loop, a->lookup, a->policies);
}

static int domains_ask(struct asking *a, const struct up_domains *domains)
{
	int r = 0;
	for (size_t i = 0; i < domains->count && !r; i++) {
		r = finder_wish(&a->wishes[i], a->finder, domains->names[i], false, on_found, a);
		a->wish_count += !r;
		a->open += !r;
	}
	if (r || !a->open)
		return r;
	io_deadline_arm(a->loop, &a->patience, PATIENCE_MS);
	r = io_loop_run(a->loop);
	if (a->has_said_so)
		fputs("\r\033[K", stderr);
	return r ? r : a->failure;
}

static void asking_end(struct asking *a)
{
	for (size_t i = 0; i < a->wish_count; i++)
		finder_wish_free(a->wishes[i]);
	finder_free(a->finder);
	policies_free(a->policies);
	lookup_free(a->lookup);
	fetch_free(a->fetch);
	io_deadline_disarm(&a->patience);
	io_loop_free(a->loop);
	buf_deinit(&a->ca_pem);
	for (size_t i = 0; i < UP_CERTIFICATES_MAX; i++)
		buf_deinit(&a->chains[i]);
	curl_global_cleanup();
}

int up_dns_check(struct up_plan *plan, struct servers *servers, const struct up_domains *domains,
                 const struct dns_options *dns)
{
	struct asking a = { .plan = plan,
		            .with = { .texts = servers, .now = time(NULL) },
		            .patience.fn = on_patience };
	char error[256] = "out of memory";
	addresses_find(&a);
	int r = dns_options_cas(dns, &a.ca_pem);
	a.with.ca_pem = buf_slice(&a.ca_pem);
	if (r)
		snprintf(error, sizeof(error), "the file of --ca-file cannot be read");
	if (!r)
		r = chains_read(&a);
	if (!r && !plan->refusals.count)
		r = tools_make(&a, dns, error, sizeof(error));
	if (!r && a.finder)
		r = domains_ask(&a, domains);
	asking_end(&a);
	if (!r || r == -ENOMEM)
		return r;
	return up_plan_refuse(plan, servers,
	                      "DNS could not be asked what is published: %s (or --no-dns if you "
	                      "know that it fits)",
	                      error);
}
