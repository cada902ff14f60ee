#include "publish/issuer.h"

#include "base/clean.h"
#include "base/slice.h"

#include <stddef.h>
#include <string.h>

/* As these CAs' practice statements say. */
static const struct {
	const char *organisation, *name;
} issuers[] = {
	{ "O=Let's Encrypt", "letsencrypt.org" },
	{ "O=ZeroSSL", "sectigo.com" },
	{ "O=Sectigo", "sectigo.com" },
	{ "O=DigiCert", "digicert.com" },
	{ "O=Google Trust Services", "pki.goog" },
	{ "O=GlobalSign", "globalsign.com" },
	{ "O=Buypass", "buypass.com" },
	{ "O=Actalis", "actalis.it" },
	{ "O=Hellenic Academic and Research Institutions", "harica.gr" },
	{ "O=SwissSign", "swisssign.com" },
	{ "O=SSL Corporation", "ssl.com" },
};

const char *publish_issuer_name(const char *issuer)
{
	for (size_t i = 0; i < COUNT_OF(issuers); i++)
		if (strstr(issuer, issuers[i].organisation))
			return issuers[i].name;
	return NULL;
}

/* The ends of the hosts that their documents name. */
static const struct {
	const char *host, *name;
} directories[] = {
	{ "api.letsencrypt.org", "letsencrypt.org" },
	{ "acme.zerossl.com", "sectigo.com" },
	{ "acme.sectigo.com", "sectigo.com" },
	{ "acme.digicert.com", "digicert.com" },
	{ "api.pki.goog", "pki.goog" },
	{ "api.buypass.com", "buypass.com" },
	{ "acme-api.actalis.com", "actalis.it" },
	{ "acme.ssl.com", "ssl.com" },
};

static bool is_host_below(struct slice host, const char *end)
{
	size_t len = strlen(end);
	if (host.len < len || !slice_equal_nocase(slice_skip(host, host.len - len), slice_str(end)))
		return false;
	return host.len == len || host.data[host.len - len - 1] == '.';
}

const char *publish_issuer_of_acme(const char *url)
{
	const char *host = strstr(url, "://");
	if (!host)
		return NULL;
	struct slice name = slice_of(host + 3, strcspn(host + 3, "/:"));
	for (size_t i = 0; i < COUNT_OF(directories); i++)
		if (is_host_below(name, directories[i].host))
			return directories[i].name;
	return NULL;
}
