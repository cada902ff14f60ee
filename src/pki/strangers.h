/* Who is at the CA's desk, by address (IPv6: by /64): so many at a time, and few wrong guesses. */
#ifndef PKI_STRANGERS_H
#define PKI_STRANGERS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum {
	PKI_STRANGERS_EACH = 8,    /* connections of one at a time */
	PKI_STRANGERS_GUESSES = 5, /* wrong secrets in a minute; then none of its connections */
	PKI_STRANGERS_KNOWN = 256, /* of whose guesses are remembered; the oldest is forgotten */
};

struct pki_strangers;
struct pki_stranger {
	uint8_t bytes[16];
};

/* max: connections of all. 0 or -ENOMEM. */
[[nodiscard]] int pki_strangers_new(struct pki_strangers **ret_s, size_t max);
void pki_strangers_free(struct pki_strangers *s);

struct pki_stranger pki_stranger_of(const struct sockaddr_storage *from);
void pki_stranger_print(const struct sockaddr_storage *from, char ret_text[INET6_ADDRSTRLEN]);

bool pki_strangers_may(const struct pki_strangers *s, const struct pki_stranger *who,
                       uint64_t now_ms);
void pki_strangers_enter(struct pki_strangers *s, const struct pki_stranger *who);
void pki_strangers_leave(struct pki_strangers *s, const struct pki_stranger *who);
void pki_strangers_guessed(struct pki_strangers *s, const struct pki_stranger *who,
                           uint64_t now_ms);

#endif
