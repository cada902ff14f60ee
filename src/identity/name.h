/*
 * Names of our own hosts in certificates of the internal CA. A node has a short name, "db1". Its
 * certificate says it as the DNS name db1.mailseal.internal (".internal" is set aside for private
 * use, so nobody else's certificate can have it), and may have others beside.
 */
#ifndef IDENTITY_NAME_H
#define IDENTITY_NAME_H

#include <stdbool.h>
#include <stddef.h>

#define IDENTITY_DOMAIN "mailseal.internal"

/* The CA itself, where nodes join and renew; no node is called so. */
#define IDENTITY_CA_NAME "pki"

enum {
	IDENTITY_NAME_CAP = 64,  /* of a node's short name */
	IDENTITY_PEER_CAP = 256, /* of a name to be in a certificate */
};

/* One label: lower-case letters, digits and "-" within. */
bool identity_name_is_valid(const char *name);

/* A host name in lower case that a certificate may have beside; no wildcard, nothing of
 * IDENTITY_DOMAIN: those are given with the node's name alone. */
bool identity_dns_is_valid(const char *name);

/*
 * What is to be in the certificate of whom a setting calls `peer`: of "db1" the name above; what
 * has a dot is meant as it is. In lower case. False: it is neither.
 */
bool identity_peer_write(const char *peer, char ret_name[IDENTITY_PEER_CAP]);

/* The short name among the DNS names of a certificate ("," between). False: it has none, or two. */
bool identity_name_find(const char *names, char ret_name[IDENTITY_NAME_CAP]);

#endif
