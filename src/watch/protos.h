/* The rows of watch_protos[], one parser or a family of them a file: proto_*.c. */
#ifndef WATCH_PROTOS_H
#define WATCH_PROTOS_H

#include "watch/proto.h"

extern const struct watch_proto watch_proto_smtp, watch_proto_lmtp, watch_proto_imap,
	watch_proto_pop3, watch_proto_sieve;
extern const struct watch_proto watch_proto_milter, watch_proto_policy;
extern const struct watch_proto watch_proto_dovecot_auth, watch_proto_dovecot_dict,
	watch_proto_doveadm;
extern const struct watch_proto watch_proto_spamd, watch_proto_clamd, watch_proto_icap;
extern const struct watch_proto watch_proto_rspamd, watch_proto_http, watch_proto_http2;
extern const struct watch_proto watch_proto_ssh, watch_proto_openvpn;
extern const struct watch_proto watch_proto_ldap, watch_proto_pgsql, watch_proto_mysql;
extern const struct watch_proto watch_proto_redis, watch_proto_memcached, watch_proto_mongodb;
extern const struct watch_proto watch_proto_syslog, watch_proto_relp;
extern const struct watch_proto watch_proto_ftp, watch_proto_telnet, watch_proto_nats;
extern const struct watch_proto watch_proto_rpc, watch_proto_smb, watch_proto_dns, watch_proto_amqp,
	watch_proto_kafka;

#endif
