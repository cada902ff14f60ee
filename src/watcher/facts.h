/* What a handshake was, in the words that doors have for it (tls/session.h). Pure. */
#ifndef WATCHER_FACTS_H
#define WATCHER_FACTS_H

#include "store/record.h"
#include "watch/tls_look.h"

enum { WATCHER_WORD_CAP = 32 };

struct watcher_facts {
	const char *version; /* "TLSv1.3"; "" of what is not known, here and below */
	const char *cipher;  /* IANA name */
	const char *group;
	bool has_forward_secrecy;
	bool is_legacy;                  /* below what an edge of this leg calls sealed */
	char words[2][WATCHER_WORD_CAP]; /* that two of these may be in */
};

void watcher_facts_make(struct watcher_facts *ret_facts, const struct watch_tls *tls,
                        enum store_leg leg);

#endif
