/*
 * OpenSMTPD's configuration as text. Each statement is a scope: its type is the first word
 * ("listen", "action", "match", "pki", "table", "smtp", ...), its name the second where that is one
 * ("action NAME"). Its settings are the options behind, with their argument, or "yes" where there
 * is none; what is no option that is known here is passed over. "listen on X" has "on".
 * Macros ("name = value", "$name") are replaced.
 */
#ifndef SERVERS_SMTPD_TEXT_H
#define SERVERS_SMTPD_TEXT_H

#include "servers/reader.h"

enum { SMTPD_WORDS_MAX = 256, SMTPD_TEXT_MAX = 64 * 1024 };

/* 0 or a negative; faults are noted. */
[[nodiscard]] int servers_smtpd_text(struct servers *s, struct servers_server *server,
                                     const struct servers_file *file);

#endif
