#include "cmd/up_dns.h"

#include "base/clean.h"
#include "cmd/ask_tools.h"
#include "resolver/finder.h"
#include "servers/reader.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <time.h>

enum { ADDRESSES_MAX = 64 };

struct asking {
	struct up_plan *plan;
	struct up_published with;
	struct ask_tools tools;
	struct finder_wish *wishes[UP_DOMAINS_MAX];
	size_t wish_count, open;
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
		io_loop_stop(a->tools.loop);
}

static int domains_ask(struct asking *a, const struct up_domains *domains)
{
	int r = 0;
	for (size_t i = 0; i < domains->count && !r; i++) {
		r = finder_wish(&a->wishes[i], a->tools.finder, domains->names[i], false, on_found,
		                a);
		a->wish_count += !r;
		a->open += !r;
	}
	if (r || !a->open)
		return r;
	r = ask_tools_run(&a->tools);
	return r ? r : a->failure;
}

static void asking_end(struct asking *a)
{
	for (size_t i = 0; i < a->wish_count; i++)
		finder_wish_free(a->wishes[i]);
	ask_tools_deinit(&a->tools);
	buf_deinit(&a->ca_pem);
	for (size_t i = 0; i < UP_CERTIFICATES_MAX; i++)
		buf_deinit(&a->chains[i]);
}

int up_dns_check(struct up_plan *plan, struct servers *servers, const struct up_domains *domains,
                 const struct dns_options *dns)
{
	struct asking a = { .plan = plan, .with = { .texts = servers, .now = time(NULL) } };
	char error[256] = "out of memory";
	addresses_find(&a);
	int r = dns_options_cas(dns, &a.ca_pem);
	a.with.ca_pem = buf_slice(&a.ca_pem);
	if (r)
		snprintf(error, sizeof(error), "the file of --ca-file cannot be read");
	if (!r)
		r = chains_read(&a);
	if (!r && !plan->refusals.count)
		r = ask_tools_make(&a.tools, dns, a.with.ca_pem, NULL, error, sizeof(error));
	if (!r && a.tools.finder)
		r = domains_ask(&a, domains);
	asking_end(&a);
	if (!r || r == -ENOMEM)
		return r;
	return up_plan_refuse(plan, servers,
	                      "DNS could not be asked what is published: %s (or --no-dns if you "
	                      "know that it fits)",
	                      error);
}
