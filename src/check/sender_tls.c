#include "check/sender_tls.h"

#include "base/clean.h"
#include "base/err.h"
#include "tls/faulty.h"
#include "tls/mint.h"

#include <stdio.h>

enum { NAMES_MAX = 2 * CHECK_SENDER_CASE_COUNT, FROM_DAYS = -1, UNTIL_DAYS = 90 };

struct names {
	char text[NAMES_MAX][CHECK_SENDER_NAME_CAP];
	const char *list[NAMES_MAX];
	size_t count;
};

static char *name_next(struct names *n)
{
	n->list[n->count] = n->text[n->count];
	return n->text[n->count++];
}

/* MX hosts whose certificate is good, and the web server of the policies. */
static void names_fill(struct names *n, const struct check_sender_site *site)
{
	n->count = 0;
	for (size_t i = 0; i < CHECK_SENDER_CASE_COUNT; i++) {
		const struct check_sender_case *c = &check_sender_cases[i];
		if (c->certificate == CHECK_SENDER_CERTIFICATE_GOOD)
			check_sender_host(site, c, name_next(n));
		if (c->sts != CHECK_SENDER_STS_NONE)
			check_sender_policy_host(site, c, name_next(n));
	}
}

static void names_one(struct names *n, const struct check_sender_site *site, const char *label)
{
	n->count = 0;
	snprintf(name_next(n), CHECK_SENDER_NAME_CAP, "%s.%s", label, site->zone);
}

/* One that has all names of the hosts with this fault, so that nothing else is wrong with it. */
static void names_of(struct names *n, const struct check_sender_site *site,
                     enum check_sender_certificate kind)
{
	n->count = 0;
	for (size_t i = 0; i < CHECK_SENDER_CASE_COUNT; i++)
		if (check_sender_cases[i].certificate == kind)
			check_sender_host(site, &check_sender_cases[i], name_next(n));
}

static int server_make(struct tls_faulty **ret_server, const struct tls_mint *mint,
                       const struct tls_mint_order *order, const struct tls_faulty_settings *kind)
{
	CLEAN(buf_deinit_secret) struct buf key = {};
	CLEAN(buf_deinit) struct buf chain = {};
	struct tls_faulty_settings set = *kind;
	int r = tls_mint_order(mint, order, &key, &chain);
	if (r)
		return err_up(r);
	set.chain_pem = buf_slice(&chain);
	set.key_pem = buf_slice(&key);
	r = tls_faulty_new(ret_server, &set);
	return r > 0 ? CHECK_SENDER_TLS_NOT_HERE : err_up(r);
}

static const struct tls_faulty_settings today = { .min_version = TLS_1_2, .max_version = TLS_1_3 };
static const struct tls_faulty_settings old = { .min_version = TLS_1_0, .max_version = TLS_1_0 };
static const struct tls_faulty_settings no_secrecy = { .min_version = TLS_1_2,
	                                               .max_version = TLS_1_2,
	                                               .suites = TLS_FAULTY_SUITES_NO_SECRECY };

static int good_make(struct check_sender_tls *t, const struct check_sender_tls_settings *set,
                     const struct tls_mint_order *order)
{
	struct tls_faulty **server = &t->by_certificate[CHECK_SENDER_CERTIFICATE_GOOD];
	struct tls_faulty_settings own = today;
	if (!set->chain_pem.len)
		return server_make(server, set->mint, order, &today);
	own.chain_pem = set->chain_pem;
	own.key_pem = set->key_pem;
	int r = tls_faulty_new(server, &own);
	return r > 0 ? CHECK_SENDER_TLS_BAD_PAIR : err_up(r);
}

/* RSA, for the suites of old. */
static int old_make(struct check_sender_tls *t, const struct check_sender_tls_settings *set,
                    struct tls_mint_order order)
{
	order.key = TLS_MINT_RSA;
	int r = server_make(&t->old, set->mint, &order, &old);
	return r ? r : server_make(&t->no_secrecy, set->mint, &order, &no_secrecy);
}

static int bad_make(struct check_sender_tls *t, const struct check_sender_tls_settings *set,
                    struct names *n)
{
	struct tls_mint_order order = { .names = n->list,
		                        .from_days = FROM_DAYS,
		                        .until_days = UNTIL_DAYS };
	names_one(n, set->site, "another");
	order.name_count = n->count;
	int r = server_make(&t->by_certificate[CHECK_SENDER_CERTIFICATE_OTHER_NAME], set->mint,
	                    &order, &today);
	names_of(n, set->site, CHECK_SENDER_CERTIFICATE_SELF_SIGNED);
	order.name_count = n->count;
	order.is_self_signed = true;
	if (!r)
		r = server_make(&t->by_certificate[CHECK_SENDER_CERTIFICATE_SELF_SIGNED], set->mint,
		                &order, &today);
	names_of(n, set->site, CHECK_SENDER_CERTIFICATE_EXPIRED);
	order = (struct tls_mint_order){ .names = n->list,
		                         .name_count = n->count,
		                         .from_days = -2 * UNTIL_DAYS,
		                         .until_days = -7 };
	return r ? r
	         : server_make(&t->by_certificate[CHECK_SENDER_CERTIFICATE_EXPIRED], set->mint,
	                       &order, &today);
}

int check_sender_tls_init(struct check_sender_tls *ret_tls,
                          const struct check_sender_tls_settings *set)
{
	CLEAN(check_sender_tls_deinit) struct check_sender_tls t = {};
	struct names names;
	names_fill(&names, set->site);
	struct tls_mint_order order = { .names = names.list,
		                        .name_count = names.count,
		                        .from_days = FROM_DAYS,
		                        .until_days = UNTIL_DAYS };
	int r = good_make(&t, set, &order);
	if (!r)
		r = old_make(&t, set, order);
	if (!r)
		r = bad_make(&t, set, &names);
	if (r)
		return r < 0 ? err_up(r) : r;
	*ret_tls = t;
	t = (struct check_sender_tls){};
	return 0;
}

void check_sender_tls_deinit(struct check_sender_tls *t)
{
	for (size_t i = 0; i < CHECK_SENDER_CERTIFICATE_COUNT; i++)
		tls_faulty_free(t->by_certificate[i]);
	tls_faulty_free(t->old);
	tls_faulty_free(t->no_secrecy);
	*t = (struct check_sender_tls){};
}

struct tls_faulty *check_sender_tls_of(const struct check_sender_tls *t,
                                       const struct check_sender_case *c)
{
	switch (c->tls) {
	case CHECK_SENDER_TLS_OLD:
		return t->old;
	case CHECK_SENDER_TLS_NO_SECRECY:
		return t->no_secrecy;
	case CHECK_SENDER_TLS_GOOD:
	case CHECK_SENDER_TLS_COUNT:
		break;
	}
	return t->by_certificate[c->certificate];
}
