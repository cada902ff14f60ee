/* Which readers there are: a table, nothing else. */
#include "servers/reader.h"

const struct servers_reader servers_readers[SERVERS_KIND_COUNT] = {
	[SERVERS_POSTFIX] = { "Postfix",
	                      "postfix",
	                      servers_postfix_find,
	                      servers_postfix_read,
	                      { "main.cf", "master.cf" } },
	[SERVERS_EXIM] = { "Exim", "exim", NULL, NULL, {} },
	[SERVERS_OPENSMTPD] = { "OpenSMTPD", "opensmtpd", NULL, NULL, {} },
	[SERVERS_DOVECOT] = { "Dovecot",
	                      "dovecot",
	                      servers_dovecot_find,
	                      servers_dovecot_read,
	                      { "dovecot.conf" } },
	[SERVERS_CYRUS] = { "Cyrus IMAP", "cyrus", NULL, NULL, {} },
	[SERVERS_COURIER] = { "Courier", "courier", NULL, NULL, {} },
	[SERVERS_NGINX] = { "nginx", "nginx", NULL, NULL, {} },
	[SERVERS_APACHE] = { "Apache", "apache", NULL, NULL, {} },
	[SERVERS_ROUNDCUBE] = { "Roundcube", "roundcube", NULL, NULL, {} },
};
