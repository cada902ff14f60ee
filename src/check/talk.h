/*
 * What a server's capabilities say: EHLO's lines, CAPABILITY, CAPA, ManageSieve's. Pure.
 */
#ifndef CHECK_TALK_H
#define CHECK_TALK_H

#include "check/endpoint.h"
#include "conv/conv.h"

/* The language that is spoken in a service's TLS, or before it. */
enum check_language {
	CHECK_SPEAKS_SMTP,
	CHECK_SPEAKS_IMAP,
	CHECK_SPEAKS_POP3,
	CHECK_SPEAKS_SIEVE,
	CHECK_SPEAKS_NOTHING, /* nothing that is ours to speak */
	CHECK_LANGUAGE_COUNT
};
enum check_language check_language_of(enum check_service service);

/*
 * caps as struct conv_caps has them: lines, '\n' between (IMAP: words of one line). All of talk but
 * is_preauth is written; was_heard is true.
 */
void check_talk_read(struct check_talk *talk, enum check_language language,
                     const struct conv_caps *caps);

#endif
