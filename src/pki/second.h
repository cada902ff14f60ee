/*
 * Another host that issues: its issuing key is made there and stays there, the root's host
 * certifies it. So nodes can renew while one of the two is down.
 */
#ifndef PKI_SECOND_H
#define PKI_SECOND_H

#include "pki/pki.h"

/* On the new host: an issuing key in dir (one that waits there is kept), and a request for it. p:
 * not opened; deinit it. 0, PKI_FAILED or -ENOMEM. */
[[nodiscard]] int pki_second_request(struct pki *p, const char *dir, struct buf *ret_pem);

/* On the root's host: the answer, with the root behind it. passphrase: of root.key. */
[[nodiscard]] int pki_second_sign(struct pki *p, struct slice request_pem, struct slice passphrase,
                                  int64_t now_s, struct buf *ret_pem);

/* On the new host, which is then a CA. As the first. */
[[nodiscard]] int pki_second_take(struct pki *p, const char *dir, struct slice answer_pem,
                                  int64_t now_s);

#endif
