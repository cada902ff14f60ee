/*
 * The other opening point (open = "auth"): the edge takes the credential itself, in TLS, and the
 * backend is opened only then: which one depends on whose it is (DESIGN 6). It waits in
 * conv_login.pending as the command that would have brought all of it at once; the backend gets
 * that, and is what answers. If it refuses, it is left, and the client may try again: another user
 * may be at home elsewhere.
 *
 * Only mechanisms of one message are taken (sasl/credential.h): the edge has no password to check
 * a challenge with.
 */
#ifndef CONV_CREDENTIAL_H
#define CONV_CREDENTIAL_H

#include "conv/login.h"

/* No backend is there yet, and it is the credential that will open it. */
bool conv_credential_is_wanted(const struct conv_login *l);

/* Whose mailbox it is, of a login that is no SASL exchange. SASL_BAD: no name can be like that. */
[[nodiscard]] int conv_credential_name(struct conv_login *l, struct slice name);

/*
 * The client began an exchange with the mechanism in l->sasl, which has seen the response.
 *
 * response: what came along; NULL: nothing
 */
[[nodiscard]] int conv_credential_begin(struct conv_login *l, const struct slice *response,
                                        enum conv_todo *ret_todo);

/* The next response to what the edge asked: l->is_taking. "*" ends the exchange. */
[[nodiscard]] int conv_credential_response(struct conv_login *l, struct slice base64,
                                           enum conv_todo *ret_todo);

/* No backend came of it: the user has none, or it cannot be said now. */
[[nodiscard]] int conv_credential_homeless(struct conv_login *l, enum conv_todo *ret_todo);
[[nodiscard]] int conv_credential_later(struct conv_login *l, enum conv_todo *ret_todo);

/*
 * The backend has all of it and asks for more: it is about to refuse, and nobody else's backend
 * would say why. The exchange is ended in the client's place, with this in base64.
 *
 * NULL: it asks the client (open = "tls").
 */
const char *conv_credential_last_response(const struct conv_login *l);

/*
 * The backend refused it. If it says no more than that, the client is told in the words for who has
 * no backend: who guesses names does not see which exist.
 *
 * has_reason: it says more, which the client has to know
 *
 * False: the backend's own words go to the client.
 */
[[nodiscard]] bool conv_credential_says_wrong(const struct conv_login *l, bool has_reason);
[[nodiscard]] int conv_credential_wrong(struct conv_login *l);

/* The same, and the client knows: it is left. */
[[nodiscard]] int conv_credential_refused(struct conv_login *l, enum conv_todo *ret_todo);

#endif
