/*
 * Who may look: HTTP Basic (RFC 7617) against lines "user:HASH" of crypt(5) (yescrypt, SHA-512 and
 * so on, as `mkpasswd` writes them). A hash takes long on purpose, so what was right is
 * remembered for a while, and after some wrong tries everybody who is not remembered waits.
 */
#ifndef WEB_PASSWORD_H
#define WEB_PASSWORD_H

#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct web_passwords;

enum {
	WEB_PASSWORD_WRONG = 1,
	WEB_PASSWORD_WAIT,           /* too many wrong tries: not looked at */
	WEB_PASSWORD_TRIES_MAX = 10, /* wrong ones in WEB_PASSWORD_PAUSE_MS */
	WEB_PASSWORD_PAUSE_MS = 60 * 1000,
	WEB_PASSWORD_FRESH_MS = 5 * 60 * 1000, /* what was right is believed so long */
	WEB_PASSWORD_USERS_MAX = 1000,
};

/*
 * Lines of a file; empty ones and those that begin with "#" do not count. ret_line: the first that
 * is bad.
 *
 * Returns 0, WEB_PASSWORDS_BAD (a line without a name, or without a hash of a method that crypt(3)
 * calls strong), WEB_PASSWORDS_NONE (nobody could come in), or -ENOMEM.
 */
enum { WEB_PASSWORDS_BAD = 1, WEB_PASSWORDS_NONE };
[[nodiscard]] int web_passwords_new(struct web_passwords **ret_list, struct slice text,
                                    unsigned *ret_line);
/* Wipes. NULL is fine. */
void web_passwords_free(struct web_passwords *list);

/*
 * The value of an Authorization field, or NULL. Takes the same time whether there is such a user.
 * Returns 0, WEB_PASSWORD_WRONG or WEB_PASSWORD_WAIT.
 */
[[nodiscard]] int web_password_check(struct web_passwords *list, const char *authorization,
                                     uint64_t now_ms);

#endif
