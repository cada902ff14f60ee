#include "watcher/facts.h"

#include "base/clean.h"
#include "tls/hello.h"
#include "tls/iana.h"
#include "watch/verdict.h"

#include <stdio.h>

enum { TLS_1_2_NUMBER = 0x0303, TLS_1_3_NUMBER = 0x0304, DTLS_1_0_NUMBER = 0xfeff };

/* As people write them, and edges do; else IANA's. */
static const char *group_name(uint16_t number, char *ret_text, size_t cap)
{
	static const struct {
		uint16_t number;
		const char *name;
	} names[] = {
		{ 29, "X25519" }, { 30, "X448" }, { 23, "P-256" }, { 24, "P-384" }, { 25, "P-521" },
	};
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (names[i].number == number)
			return names[i].name;
	return number ? tls_iana_group_name(number, ret_text, cap) : "";
}

/* DTLS and QUIC have no word of a door. */
static const char *version_name(const struct watch_tls *tls, char *ret_text, size_t cap)
{
	if (tls->version && tls->version <= TLS_1_3_NUMBER && !tls->is_quic)
		snprintf(ret_text, cap, "%s", tls_hello_version_name(tls->version));
	else
		snprintf(ret_text, cap, "%s", watch_tls_version_name(tls));
	return ret_text;
}

static bool is_old(const struct watch_tls *tls)
{
	return (tls->version && tls->version < TLS_1_2_NUMBER) || tls->version == DTLS_1_0_NUMBER;
}

static void suite_judge(struct watcher_facts *f, const struct watch_tls *tls, enum store_leg leg)
{
	struct tls_iana_suite suite;
	if (!tls->suite || !tls_iana_suite(tls->suite, &suite))
		return;
	bool is_aead = suite.mac == TLS_MAC_AEAD;
	f->cipher = suite.name;
	f->has_forward_secrecy = suite.has_forward_secrecy;
	f->is_legacy |= !suite.has_forward_secrecy || tls_iana_suite_is_weak(&suite) ||
	                suite.kex == TLS_KEX_DHE || (leg == STORE_LEG_USER && !is_aead);
}

void watcher_facts_make(struct watcher_facts *ret_facts, const struct watch_tls *tls,
                        enum store_leg leg)
{
	struct watcher_facts *f = ret_facts;
	*f = (struct watcher_facts){ .cipher = "", .is_legacy = is_old(tls) };
	f->version = version_name(tls, f->words[0], sizeof(f->words[0]));
	f->group = group_name(tls->group, f->words[1], sizeof(f->words[1]));
	suite_judge(f, tls, leg);
}
