#include "check/judge_caa.h"

#include "base/clean.h"
#include "base/slice.h"

/* Domains are those that the CAs publish in their practice statements. One CA has several. */
static const struct {
	const char *words; /* of the issuer's name */
	const char *domains;
} cas[] = {
	{ "Let's Encrypt", "letsencrypt.org" },
	{ "Google Trust Services", "pki.goog" },
	{ "DigiCert", "digicert.com www.digicert.com digicert.ne.jp thawte.com geotrust.com "
	              "rapidssl.com symantec.com" },
	{ "GeoTrust", "digicert.com www.digicert.com geotrust.com" },
	{ "Thawte", "digicert.com www.digicert.com thawte.com" },
	{ "RapidSSL", "digicert.com www.digicert.com rapidssl.com" },
	{ "Sectigo", "sectigo.com comodo.com comodoca.com usertrust.com trust-provider.com" },
	{ "ZeroSSL", "sectigo.com zerossl.com" },
	{ "GlobalSign", "globalsign.com" },
	{ "Amazon", "amazon.com amazontrust.com awstrust.com amazonaws.com" },
	{ "Entrust", "entrust.net affirmtrust.com" },
	{ "GoDaddy", "godaddy.com starfieldtech.com" },
	{ "Starfield", "godaddy.com starfieldtech.com" },
	{ "Buypass", "buypass.com buypass.no" },
	{ "SSL.com", "ssl.com" },
	{ "SSL Corp", "ssl.com" },
	{ "Actalis", "actalis.it" },
	{ "HARICA", "harica.gr" },
	{ "D-Trust", "d-trust.net dtrust.de d-trust.de" },
	{ "SwissSign", "swisssign.com swisssign.net swissign.com swisssign.ch" },
	{ "Certum", "certum.pl certum.eu" },
	{ "Asseco", "certum.pl certum.eu" },
};

static bool has_words(struct slice text, const char *words)
{
	for (; text.len; text = slice_skip(text, 1))
		if (slice_starts_nocase(text, words))
			return true;
	return false;
}

static bool list_has(const char *list, struct slice word)
{
	struct slice rest = slice_str(list);
	while (rest.len) {
		struct slice one = slice_head(rest, slice_find(rest, ' '));
		if (slice_equal_nocase(one, word))
			return true;
		rest = slice_skip(rest, one.len + 1);
	}
	return false;
}

static bool allows(const char *issuers, const char *domains)
{
	struct slice rest = slice_str(issuers);
	while (rest.len) {
		struct slice one = slice_head(rest, slice_find(rest, ' '));
		if (one.len && list_has(domains, one))
			return true;
		rest = slice_skip(rest, one.len + 1);
	}
	return false;
}

enum check_judge_caa_result check_judge_caa(const char *issuers, const char *issuer)
{
	if (!issuers[0])
		return CHECK_JUDGE_CAA_ALLOWS;
	for (size_t i = 0; i < COUNT_OF(cas); i++)
		if (has_words(slice_str(issuer), cas[i].words))
			return allows(issuers, cas[i].domains) ? CHECK_JUDGE_CAA_ALLOWS
			                                       : CHECK_JUDGE_CAA_FORBIDS;
	return slice_equal(slice_str(issuers), slice_str(";")) ? CHECK_JUDGE_CAA_FORBIDS
	                                                       : CHECK_JUDGE_CAA_UNKNOWN;
}
