/*
 * A word before the stream: the end of a session that accepts may say something of its own before
 * the first byte that it carries, if both ends know that it will. They find out by an extension
 * of a number for private use (RFC 8446 11), of which others see nothing: who does not know it
 * leaves it unanswered, and then nothing is said. What the word is, link/word.h says.
 */
#ifndef TLS_WORD_H
#define TLS_WORD_H

#include <stdbool.h>

struct tls_session;

/* Both ends know of it: the one that accepts says it, the other one hears it. After the
 * handshake. */
bool tls_session_has_word(const struct tls_session *s);

/*
 * The peer itself ended the session, by close_notify or by an alert, and the keys of the session
 * vouch for that: all that it said before was read, and nothing else is on its way.
 */
bool tls_session_is_ended_by_peer(const struct tls_session *s);

#endif
