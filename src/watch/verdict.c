#include "watch/verdict.h"

#include "base/clean.h"
#include "tls/iana.h"

static const char *const verdict_names[] = {
	[WATCH_TUNNEL] = "tunnel",
	[WATCH_TLS] = "tls",
	[WATCH_STARTTLS] = "starttls-used",
	[WATCH_NOTHING] = "nothing-said",
	[WATCH_HIGH_ENTROPY] = "unknown-high-entropy",
	[WATCH_MIDSTREAM] = "unknown-midstream",
	[WATCH_UNKNOWN] = "unknown",
	[WATCH_PLAIN] = "plaintext",
	[WATCH_NOT_USED] = "starttls-offered-not-used",
	[WATCH_PASSWORD] = "plaintext+password",
};
_Static_assert(COUNT_OF(verdict_names) == WATCH_VERDICT_COUNT);

const char *watch_verdict_name(enum watch_verdict verdict)
{
	return verdict_names[verdict];
}

static const char *const wire_names[] = {
	[WATCH_NETWORK] = "network",
	[WATCH_LOCAL] = "local",
	[WATCH_INSIDE] = "inside-tunnel",
};
_Static_assert(COUNT_OF(wire_names) == WATCH_WIRE_COUNT);

const char *watch_wire_name(enum watch_wire wire)
{
	return wire_names[wire];
}

/*
 * Sum over all values of (count - n/256)^2 / (n/256): of random bytes it is about 255, and over 400
 * once in 10^8 times; text has thousands.
 */
bool watch_is_random(struct slice a, struct slice b)
{
	enum { ENOUGH = 256, RANDOM = 400 };
	uint64_t counts[256] = {}, squares = 0, n = a.len + b.len;
	if (n < ENOUGH)
		return false;
	for (size_t i = 0; i < a.len; i++)
		counts[a.data[i]]++;
	for (size_t i = 0; i < b.len; i++)
		counts[b.data[i]]++;
	for (size_t i = 0; i < 256; i++)
		squares += counts[i] * counts[i];
	return squares * 256 / n - n < RANDOM;
}

const char *watch_tls_version_name(const struct watch_tls *tls)
{
	static const struct {
		uint16_t version;
		const char *name;
	} names[] = {
		{ 0x0002, "SSL 2" },    { 0x0300, "SSL 3" },    { 0x0301, "TLS 1.0" },
		{ 0x0302, "TLS 1.1" },  { 0x0303, "TLS 1.2" },  { 0x0304, "TLS 1.3" },
		{ 0xfeff, "DTLS 1.0" }, { 0xfefd, "DTLS 1.2" }, { 0xfefc, "DTLS 1.3" },
	};
	if (tls->is_quic)
		return "QUIC";
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (names[i].version == tls->version)
			return names[i].name;
	return "";
}

bool watch_tls_is_null(const struct watch_tls *tls)
{
	struct tls_iana_suite suite;
	return tls->suite && tls_iana_suite(tls->suite, &suite) &&
	       suite.encryption == TLS_ENCRYPTION_NULL;
}

bool watch_tls_is_legacy(const struct watch_tls *tls)
{
	struct tls_iana_suite suite;
	bool is_old = tls->version && (tls->version < 0x0303 || tls->version == 0xfeff);
	return is_old || (tls->suite && tls_iana_suite(tls->suite, &suite) &&
	                  (tls_iana_suite_is_weak(&suite) || !suite.has_forward_secrecy));
}
