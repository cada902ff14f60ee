/* The rules of software other than Postfix and Dovecot, for the table in audit.c. */
#ifndef AUDIT_OTHERS_H
#define AUDIT_OTHERS_H

#include "audit/ruleset.h"

int audit_exim(struct audit *a, const struct servers_server *server);
int audit_opensmtpd(struct audit *a, const struct servers_server *server);
int audit_cyrus(struct audit *a, const struct servers_server *server);
int audit_courier(struct audit *a, const struct servers_server *server);
int audit_nginx(struct audit *a, const struct servers_server *server);
int audit_apache(struct audit *a, const struct servers_server *server);
int audit_roundcube(struct audit *a, const struct servers_server *server);
int audit_snappymail(struct audit *a, const struct servers_server *server);
int audit_sendmail(struct audit *a, const struct servers_server *server);
int audit_haproxy(struct audit *a, const struct servers_server *server);
int audit_hitch(struct audit *a, const struct servers_server *server);
int audit_stunnel(struct audit *a, const struct servers_server *server);
int audit_rspamd(struct audit *a, const struct servers_server *server);
int audit_redis(struct audit *a, const struct servers_server *server);
/* amavis, ClamAV, spamd, milters: where they listen. */
int audit_filter(struct audit *a, const struct servers_server *server);

#endif
