#include "watch/proto.h"

#include "base/clean.h"
#include "watch/protos.h"

const struct watch_proto *const watch_protos[] = {
	&watch_proto_ssh,       &watch_proto_lmtp,         &watch_proto_smtp,
	&watch_proto_imap,      &watch_proto_sieve,        &watch_proto_pop3,
	&watch_proto_doveadm,   &watch_proto_dovecot_auth, &watch_proto_dovecot_dict,
	&watch_proto_milter,    &watch_proto_policy,       &watch_proto_rspamd,
	&watch_proto_spamd,     &watch_proto_clamd,        &watch_proto_icap,
	&watch_proto_http,      &watch_proto_http2,        &watch_proto_ldap,
	&watch_proto_pgsql,     &watch_proto_mysql,        &watch_proto_redis,
	&watch_proto_memcached, &watch_proto_mongodb,      &watch_proto_syslog,
	&watch_proto_relp,      &watch_proto_ftp,          &watch_proto_nats,
	&watch_proto_rpc,       &watch_proto_smb,          &watch_proto_amqp,
	&watch_proto_kafka,     &watch_proto_telnet,       &watch_proto_dns,
	&watch_proto_openvpn,
};
const size_t watch_proto_count = COUNT_OF(watch_protos);

/* An earlier row that may yet fit is not overtaken by a later one: text that begins as one of two
 * waits for the byte that tells them apart. */
const struct watch_proto *watch_proto_find(const struct watch_opening *o, bool *ret_more)
{
	*ret_more = false;
	for (size_t i = 0; i < COUNT_OF(watch_protos); i++) {
		enum watch_fit fit = watch_protos[i]->fit(o);
		if (fit == WATCH_FIT_YES)
			return watch_protos[i];
		*ret_more |= fit == WATCH_FIT_MORE;
	}
	return NULL;
}

/* The beginning itself was missed by little. */
static const struct watch_proto *beginning_of(const struct watch_opening *o)
{
	for (size_t i = 0; i < COUNT_OF(watch_protos); i++)
		if (!watch_protos[i]->is_fit_weak && watch_protos[i]->fit(o) == WATCH_FIT_YES)
			return watch_protos[i];
	return NULL;
}

/* The first that certainly fits, else the first that may. */
static const struct watch_proto *middle_of(const struct watch_opening *o, bool *ret_is_certain)
{
	const struct watch_proto *maybe = NULL;
	*ret_is_certain = false;
	for (size_t i = 0; i < COUNT_OF(watch_protos); i++) {
		const struct watch_proto *proto = watch_protos[i];
		enum watch_fit fit = proto->fit_middle ? proto->fit_middle(o) : WATCH_FIT_NO;
		if (fit == WATCH_FIT_YES) {
			*ret_is_certain = true;
			return proto;
		}
		if (fit == WATCH_FIT_MORE && !maybe)
			maybe = proto;
	}
	return maybe;
}

static struct watch_middle side_find(const struct watch_opening *o)
{
	struct watch_middle m = { .proto = beginning_of(o) };
	m.is_certain = m.proto;
	if (!m.proto) {
		m.proto = middle_of(o, &m.is_certain);
		m.is_begun = m.proto;
	}
	return m;
}

struct watch_middle watch_proto_find_middle(const struct watch_opening *o)
{
	const struct watch_opening swapped = { .client = o->server, .server = o->client };
	struct watch_middle here = side_find(o), there;
	if (here.is_certain)
		return here;
	there = side_find(&swapped);
	there.is_swapped = true;
	return there.is_certain || !here.proto ? there : here;
}
