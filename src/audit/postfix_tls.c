/* Postfix: which versions, suites and groups it takes. */
#include "audit/postfix.h"

#include "audit/cipher.h"
#include "audit/write.h"
#include "base/clean.h"
#include "base/err.h"
#include "tls/cipherlist.h"

#include <stdio.h>
#include <strings.h>

/* --- versions --- */

/* The lowest that ">=TLSv1.2", "!SSLv3, !TLSv1" or "TLSv1.2 TLSv1.3" leaves; 0: SSL. */
static unsigned lowest_version(const char *list)
{
	static const char *const names[] = { "SSLv2",   "SSLv3",   "TLSv1",
		                             "TLSv1.1", "TLSv1.2", "TLSv1.3" };
	bool is_excluded[COUNT_OF(names)] = {}, is_included[COUNT_OF(names)] = {};
	bool has_included = false;
	size_t from = 0, len = 0;
	for (list += strspn(list, " \t,;:"); *list; list += strspn(list, " \t,;:")) {
		len = strcspn(list, " \t,;:");
		bool is_min = !strncmp(list, ">=", 2), is_not = *list == '!';
		size_t skip = is_min ? 2 : is_not;
		for (size_t i = 0; i < COUNT_OF(names); i++) {
			if (!slice_equal_nocase(slice_of(list + skip, len - skip),
			                        slice_str(names[i])))
				continue;
			from = is_min ? i : from;
			is_excluded[i] = is_excluded[i] || is_not;
			is_included[i] = is_included[i] || (!is_min && !is_not);
			has_included = has_included || is_included[i];
		}
		list += len;
	}
	while (from < COUNT_OF(names) &&
	       (is_excluded[from] || (has_included && !is_included[from])))
		from++;
	return from < 2                 ? 0
	       : from < COUNT_OF(names) ? audit_version_of(names[from], strlen(names[from]))
	                                : TLS_1_3;
}

/* Between providers plain text would follow: a warning, but SSL and profiles that say so. */
static enum advice_verdict judge_opportunistic_versions(const struct audit_at *at,
                                                        const char *value)
{
	unsigned lowest = lowest_version(value);
	if (lowest >= at->audit->profile->min_version)
		return ADVICE_WELL;
	const struct advice_scale *scale = &at->audit->profile->scales[ADVICE_PROVIDERS];
	return lowest && scale->old_versions != ADVICE_BAD ? ADVICE_WARN : ADVICE_FAIL;
}

static enum advice_verdict judge_versions(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, lowest_version(value) >= at->audit->profile->min_version);
}

/* --- suites --- */

/* Of a door: TLS is there for who wants it, or nothing goes without. */
enum demand { TLS_OFFERED, TLS_DEMANDED };

static int words_exclude(struct buf *list, const char *words)
{
	const char *word = NULL;
	size_t len = 0;
	int r = 0;
	for (words += strspn(words, " \t,:"); !r && *words; words += strspn(words, " \t,:")) {
		word = words;
		len = strcspn(words, " \t,:");
		r = buf_printf(list, ":!%.*s", (int)len, word);
		words += len;
	}
	return err_up(r);
}

/* As smtpd makes it of grade and exclusions. False: nothing is left of it. */
static bool classes_of(const struct servers_scope *scope, enum demand demand, unsigned *ret_classes)
{
	CLEAN(buf_deinit) struct buf list = {};
	char name[64];
	bool is_demanded = demand == TLS_DEMANDED;
	const char *grade = servers_value(scope, is_demanded ? "smtpd_tls_mandatory_ciphers"
	                                                     : "smtpd_tls_ciphers");
	snprintf(name, sizeof(name), "tls_%s_cipherlist", grade[0] ? grade : "medium");
	int r = buf_add_str(&list, servers_value(scope, name));
	if (!r)
		r = words_exclude(&list, servers_value(scope, "smtpd_tls_exclude_ciphers"));
	if (!r && is_demanded)
		r = words_exclude(&list,
		                  servers_value(scope, "smtpd_tls_mandatory_exclude_ciphers"));
	if (!r)
		r = buf_add(&list, slice_of("", 1));
	return !r && !tls_cipherlist_classes((const char *)buf_slice(&list).data, ret_classes);
}

static enum advice_verdict judge_suites(const struct audit_at *at, enum demand demand,
                                        enum advice_side side)
{
	unsigned classes = 0;
	if (!classes_of(at->scope, demand, &classes))
		return ADVICE_WARN;
	return audit_ciphers_verdict(side, audit_ciphers_beyond(at->audit->profile, side, classes));
}

static enum advice_verdict judge_opportunistic_suites(const struct audit_at *at, const char *value)
{
	return judge_suites(at, TLS_OFFERED, ADVICE_PROVIDERS);
}

static enum advice_verdict judge_mandatory_suites(const struct audit_at *at, const char *value)
{
	return judge_suites(at, TLS_DEMANDED, ADVICE_USERS);
}

static const char *exclude_providers(const struct audit_at *at)
{
	return audit_ciphers_exclude(at->audit->profile, ADVICE_PROVIDERS);
}

static const char *exclude_users(const struct audit_at *at)
{
	return audit_ciphers_exclude(at->audit->profile, ADVICE_USERS);
}

/* Some door takes more than what comes first. */
static bool has_choice(const struct audit_at *at)
{
	unsigned classes = 0;
	return (audit_postfix_has_may(at) && classes_of(at->scope, TLS_OFFERED, &classes) &&
	        classes & ~(unsigned)TLS_CIPHERS_AEAD) ||
	       (audit_postfix_has_encrypt(at) && classes_of(at->scope, TLS_DEMANDED, &classes) &&
	        classes & ~(unsigned)TLS_CIPHERS_AEAD);
}

/* --- groups --- */

/* Where both lists are empty OpenSSL chooses, which has it first since 3.5. */
static bool knows_post_quantum(const struct audit_at *at)
{
	struct servers *s = at->audit->servers;
	const char *library = servers_openssl_version(s);
	return audit_postfix_has_tls(at) && servers_version_is_at_least(library, 3, 5) &&
	       servers_version_is_at_least(at->server->version, 3, 10);
}

static enum advice_verdict judge_groups(const struct audit_at *at, const char *value)
{
	bool is_openssl_s = !value[0] && !servers_value(at->scope, "tls_ffdhe_auto_groups")[0];
	return audit_well_if(at, is_openssl_s || strcasestr(value, "MLKEM"));
}

static enum advice_verdict judge_ssl_options(const struct audit_at *at, const char *value)
{
	return audit_well_if(at, servers_words_have(value, "NO_RENEGOTIATION") &&
	                                 servers_words_have(value, "NO_COMPRESSION"));
}

static const struct audit_row rows[] = {
	{ .rule = { "postfix-smtpd-tls-protocols", "C2", ADVICE_FAIL, "RFC 8996; RFC 9325 3.1.1",
	            "TLS 1.0 and 1.1, or SSL, are taken from other servers" },
	  .setting = "smtpd_tls_protocols",
	  .applies = audit_postfix_has_may,
	  .judge = judge_opportunistic_versions,
	  .right = ">=TLSv1.2" },
	{ .rule = { "postfix-smtpd-tls-mandatory-protocols", "C2", ADVICE_FAIL,
	            "RFC 8997; RFC 9325 3.1.1", "TLS 1.0 and 1.1, or SSL, are taken from users" },
	  .setting = "smtpd_tls_mandatory_protocols",
	  .applies = audit_postfix_has_encrypt,
	  .judge = judge_versions,
	  .right = ">=TLSv1.2" },
	{ .rule = { "postfix-smtpd-tls-ciphers", "D4", ADVICE_WARN, "RFC 9325 4.1; " AUDIT_M3AAWG,
	            "Suites without forward secrecy, without a proof, or below the profile are "
	            "taken on port 25" },
	  .setting = "smtpd_tls_exclude_ciphers",
	  .applies = audit_postfix_has_may,
	  .judge = judge_opportunistic_suites,
	  .right_of = exclude_providers },
	{ .rule = { "postfix-smtpd-tls-mandatory-ciphers", "D4", ADVICE_FAIL, "RFC 9325 4.1",
	            "Suites without forward secrecy, without a proof, or below the profile are "
	            "taken from users" },
	  .setting = "smtpd_tls_mandatory_exclude_ciphers",
	  .applies = audit_postfix_has_encrypt,
	  .judge = judge_mandatory_suites,
	  .right_of = exclude_users },
	{ .rule = { "postfix-tls-preempt-cipherlist", "D6", ADVICE_WARN,
	            "NCSC-NL TLS 2025-05; RFC 9325 4.2.1",
	            "The client chooses the suite, so an old one may be taken where both know a "
	            "better" },
	  .setting = "tls_preempt_cipherlist",
	  .applies = has_choice,
	  .judge = audit_postfix_judge_yes,
	  .right = "yes" },
	{ .rule = { "postfix-tls-groups", "D9", ADVICE_WARN, "BSI TR-02102-2; Mozilla 6.0",
	            "No post-quantum key exchange, though OpenSSL here has it: what is recorded "
	            "today can be read later" },
	  .setting = "tls_eecdh_auto_curves",
	  .applies = knows_post_quantum,
	  .judge = judge_groups,
	  .right = "X25519MLKEM768 X25519 prime256v1 secp384r1" },
	{ .rule = { "postfix-tls-ssl-options", "D15", ADVICE_WARN, "RFC 9325 3.3, 3.5",
	            "Clients may start handshakes again and again in one session" },
	  .setting = "tls_ssl_options",
	  .applies = audit_postfix_has_tls,
	  .judge = judge_ssl_options,
	  .right = "NO_COMPRESSION, NO_RENEGOTIATION" },
};

int audit_postfix_tls(struct audit *a, const struct servers_server *server)
{
	return err_up(audit_rows(a, server, rows, COUNT_OF(rows), &audit_write_postfix));
}
