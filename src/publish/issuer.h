/* Which name a CA wants to see in CAA records (RFC 8659 4.2), by the issuer of a certificate. */
#ifndef PUBLISH_ISSUER_H
#define PUBLISH_ISSUER_H

/* issuer: as RFC 4514 writes it. NULL: a CA that is not known here. */
const char *publish_issuer_name(const char *issuer);
/* By the URL of a CA's ACME directory. */
const char *publish_issuer_of_acme(const char *url);

#endif
