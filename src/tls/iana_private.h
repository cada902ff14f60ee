/* The table behind tls_iana_suite(): everything else about a suite stands in its name. */
#ifndef TLS_IANA_PRIVATE_H
#define TLS_IANA_PRIVATE_H

#include "tls/iana.h"

struct tls_iana_name {
	uint16_t number;
	const char *name;
};

enum { TLS_IANA_NAMES_COUNT = 271 };

/* By number. */
extern const struct tls_iana_name tls_iana_names[TLS_IANA_NAMES_COUNT];

#endif
