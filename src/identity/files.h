/*
 * The files of a node in its pki.dir. All but the key may be read by anybody.
 */
#ifndef IDENTITY_FILES_H
#define IDENTITY_FILES_H

#define IDENTITY_DIR "/etc/mailseal/pki" /* unless somebody says another */

#define IDENTITY_KEY_FILE "node.key"
#define IDENTITY_CHAIN_FILE "node.crt" /* the node's own, then those up to the root */
#define IDENTITY_CA_FILE "ca.crt"      /* the roots: while one follows the other, both */
#define IDENTITY_DENIED_FILE "denied"  /* identity/denied.h */

#endif
