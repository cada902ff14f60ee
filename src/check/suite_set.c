#include "check/suite_set.h"

#include <stdio.h>

enum { NAMES_MAX = 8, MORE_LEN = sizeof(" and 352 more") };

static void set_add(struct check_suite_set *set, uint16_t number)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->numbers[i] == number)
			return;
	if (set->count < CHECK_SUITE_SET_MAX)
		set->numbers[set->count++] = number;
}

static void version_add(struct check_suite_set *set, const struct check_suites *suites)
{
	for (unsigned i = 0; i < suites->count && i < CHECK_SUITES_MAX; i++)
		set_add(set, suites->accepted[i]);
	if (suites->chosen)
		set_add(set, suites->chosen);
	if (!suites->is_whole)
		set->is_whole = false;
	if (suites->has_order == CHECK_NO)
		set->has_order = CHECK_NO;
	else if (set->has_order == CHECK_UNKNOWN)
		set->has_order = suites->has_order;
}

void check_suite_set_init(struct check_suite_set *set, const struct check_endpoint *e)
{
	*set = (struct check_suite_set){ .is_whole = true };
	for (enum check_version v = CHECK_SSL3; v <= CHECK_TLS12; v++) {
		if (e->versions[v].is_there == CHECK_YES)
			version_add(set, &e->versions[v]);
		else if (e->versions[v].is_there == CHECK_UNKNOWN)
			set->is_whole = false;
	}
	if (e->takes_bad_suites == CHECK_YES && e->bad_suite)
		set_add(set, e->bad_suite);
}

size_t check_suite_set_list(const struct check_suite_set *set, check_suite_is_fn *fn,
                            char *ret_text, size_t cap)
{
	size_t count = 0, named = 0, len = 0;
	ret_text[0] = '\0';
	for (size_t i = 0; i < set->count; i++) {
		struct tls_iana_suite suite;
		if (!tls_iana_suite(set->numbers[i], &suite) || !fn(&suite))
			continue;
		/* Those behind the first that does not fit are counted alone. */
		bool fits = len + strlen(suite.name) + 2 + MORE_LEN < cap;
		if (named == count++ && named < NAMES_MAX && fits) {
			len += (size_t)snprintf(ret_text + len, cap - len, "%s%s", len ? ", " : "",
			                        suite.name);
			named++;
		}
	}
	if (count > named)
		snprintf(ret_text + len, cap - len, "%s%zu more", named ? " and " : "",
		         count - named);
	return count;
}

static bool is_weak_encryption(const struct tls_iana_suite *suite)
{
	switch (suite->encryption) {
	case TLS_ENCRYPTION_NULL:
	case TLS_ENCRYPTION_RC2:
	case TLS_ENCRYPTION_RC4:
	case TLS_ENCRYPTION_DES:
	case TLS_ENCRYPTION_3DES:
	case TLS_ENCRYPTION_IDEA:
		return true;
	case TLS_ENCRYPTION_SEED:
	case TLS_ENCRYPTION_GOST:
	case TLS_ENCRYPTION_CAMELLIA:
	case TLS_ENCRYPTION_ARIA:
	case TLS_ENCRYPTION_AES:
	case TLS_ENCRYPTION_CHACHA20:
	case TLS_ENCRYPTION_AEGIS:
	case TLS_ENCRYPTION_SM4:
	case TLS_ENCRYPTION_COUNT:
		break;
	}
	return suite->is_export;
}

static bool is_anonymous(const struct tls_iana_suite *suite)
{
	return suite->authentication == TLS_AUTHENTICATION_ANONYMOUS;
}

bool check_suite_is_weak(const struct tls_iana_suite *suite)
{
	return is_weak_encryption(suite) || is_anonymous(suite);
}

bool check_suite_is_anonymous_alone(const struct tls_iana_suite *suite)
{
	return is_anonymous(suite) && !is_weak_encryption(suite);
}

bool check_suite_is_static(const struct tls_iana_suite *suite)
{
	return !suite->has_forward_secrecy && suite->kex != TLS_KEX_NULL;
}

bool check_suite_is_cbc(const struct tls_iana_suite *suite)
{
	return suite->mode == TLS_MODE_CBC;
}

bool check_suite_is_dhe(const struct tls_iana_suite *suite)
{
	return suite->kex == TLS_KEX_DHE;
}
