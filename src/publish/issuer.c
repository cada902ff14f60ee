#include "publish/issuer.h"

#include "base/clean.h"

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
