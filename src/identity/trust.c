#include "identity/trust.h"

#include "base/clean.h"
#include "base/err.h"
#include "identity/denied.h"
#include "identity/files.h"
#include "identity/name.h"

#include <errno.h>
#include <stdio.h>

int identity_inside_new(struct tls_inside **ret_inside, struct slice denied, uint32_t grace_s,
                        char *ret_error, size_t error_cap)
{
	CLEAN(identity_denied_deinit) struct identity_denied list = {};
	unsigned line = 0;
	int r = identity_denied_read(&list, denied, &line);
	if (r < 0)
		return err_up(r);
	if (r) {
		snprintf(ret_error, error_cap, "pki.dir/%s:%u: %s", IDENTITY_DENIED_FILE, line,
		         r == IDENTITY_DENIED_MANY ? "too many lines" : "no serial and time");
		return IDENTITY_TRUST_BAD;
	}
	CLEAN(freep) const char **serials = calloc(list.count + 1, sizeof(*serials));
	if (!serials)
		return err_raise(-ENOMEM);
	for (size_t i = 0; i < list.count; i++)
		serials[i] = list.list[i].serial;
	const struct tls_inside_settings set = { serials, list.count, grace_s };
	return err_up(tls_inside_new(ret_inside, &set));
}

void identity_peers_free(char **names, size_t count)
{
	for (size_t i = 0; names && i < count; i++)
		free(names[i]);
	free(names);
}

int identity_peers_new(char ***ret_names, char *const *peers, size_t count, char *ret_error,
                       size_t error_cap)
{
	char **names = calloc(count + 1, sizeof(*names));
	char name[IDENTITY_PEER_CAP];
	for (size_t i = 0; names && i < count; i++) {
		bool is_good = identity_peer_write(peers[i], name);
		names[i] = is_good ? strdup(name) : NULL;
		if (names[i])
			continue;
		identity_peers_free(names, i);
		if (is_good)
			return err_raise(-ENOMEM);
		snprintf(ret_error, error_cap, "peer \"%.80s\" is no name of a host", peers[i]);
		return IDENTITY_TRUST_BAD;
	}
	if (!names)
		return err_raise(-ENOMEM);
	*ret_names = names;
	return 0;
}

const char *identity_peer_mend(enum tls_peer_fault fault)
{
	static const char *const mends[] = {
		[TLS_PEER_FINE] = "",
		[TLS_PEER_NONE] = "only who has a certificate of mailseal pki may come here",
		[TLS_PEER_NOT_TRUSTED] = "give that host a certificate of this CA (mailseal pki "
					 "issue), or this one the new ca.crt",
		[TLS_PEER_WRONG_NAME] = "write its name into peer, if it may come",
		[TLS_PEER_EXPIRED] = "renew its certificate, or look at the clocks",
		[TLS_PEER_REVOKED] = "its certificate was revoked; if it is still yours, issue "
				     "another one (mailseal pki issue)",
		[TLS_PEER_INVALID] = "give that host a certificate of mailseal pki",
	};
	_Static_assert(COUNT_OF(mends) == TLS_PEER_FAULT_COUNT, "what to do about every fault");
	return mends[fault];
}
