/* Capabilities of an IMAP server: words with one space between, as struct conv_caps keeps them. */
#ifndef IMAP_CAPS_H
#define IMAP_CAPS_H

#include "base/slice.h"

bool imap_caps_has(const char *caps, const char *word);
bool imap_caps_has_word(const char *caps, struct slice word);

/* Whether a capability is a SASL mechanism bound to the channel: AUTH=...-PLUS. */
bool imap_caps_is_plus(struct slice word);

/* A backend's words, cut between two of them if they do not fit; words that do not print go. */
void imap_caps_keep(struct slice words, char *ret_caps, size_t cap);

/*
 * What a client behind the edge may see of them: without what the edge does itself (STARTTLS,
 * LOGINDISABLED, referrals before login) and, unless keeps_plus, without -PLUS mechanisms, for
 * they would bind to the edge's TLS. ret_caps is as long as caps at most.
 */
void imap_caps_rewrite(struct slice caps, bool keeps_plus, char *ret_caps, size_t cap);

#endif
