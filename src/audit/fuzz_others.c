/*
 * Any bytes as the configuration of what the first byte says; where it has two files, a NUL stands
 * between. What is found is whole, and its patch can be made.
 */
#include "audit/audit.h"
#include "base/clean.h"
#include "servers/reader.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct known {
	enum servers_kind kind;
	const char *first, *second; /* the first is where the reader begins */
} known[] = {
	{ SERVERS_EXIM, "/etc/exim4/exim4.conf", "/usr/sbin/exim4" },
	{ SERVERS_OPENSMTPD, "/etc/smtpd.conf", "/etc/more" },
	{ SERVERS_CYRUS, "/etc/imapd.conf", "/etc/cyrus.conf" },
	{ SERVERS_COURIER, "/etc/courier/imapd", "/etc/courier/imapd-ssl" },
	{ SERVERS_COURIER, "/etc/courier/esmtpd", "/etc/courier/esmtproutes" },
	{ SERVERS_NGINX, "/etc/nginx/nginx.conf", "/etc/nginx/x" },
	{ SERVERS_APACHE, "/etc/apache2/apache2.conf", "/etc/apache2/x" },
	{ SERVERS_ROUNDCUBE, "/etc/roundcube/config.inc.php", "/x" },
	{ SERVERS_SENDMAIL, "/etc/mail/sendmail.cf", "/etc/mail/sendmail.mc" },
	{ SERVERS_HAPROXY, "/etc/haproxy/haproxy.cfg", "/x" },
	{ SERVERS_HITCH, "/etc/hitch/hitch.conf", "/x" },
	{ SERVERS_STUNNEL, "/etc/stunnel/stunnel.conf", "/x" },
	{ SERVERS_RSPAMD, "/etc/rspamd/rspamd.conf", "/etc/rspamd/local.d/worker-normal.inc" },
	{ SERVERS_AMAVIS, "/etc/amavisd.conf", "/x" },
	{ SERVERS_CLAMAV, "/etc/clamav/clamd.conf", "/x" },
	{ SERVERS_SPAMD, "/etc/default/spamd", "/x" },
	{ SERVERS_REDIS, "/etc/redis/redis.conf", "/x" },
	{ SERVERS_MILTER, "/etc/opendkim.conf", "/x" },
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN(servers_deinit) struct servers s = { .root = "/no/such/folder" };
	CLEAN(buf_deinit) struct buf patch = {};
	if (!size || size > 65536)
		return 0;
	struct audit a = { .servers = &s,
		           .profile = &advice_profiles[size % advice_profile_count] };
	const struct known *k =
		&known[(data[0] >= 'A' ? data[0] - 'A' : data[0]) % COUNT_OF(known)];
	struct slice rest = slice_of(data + 1, size - 1);
	struct slice first = slice_head(rest, slice_find(rest, 0));
	assert(!servers_file_put(&s, k->first, first));
	assert(!servers_file_put(&s, k->second, slice_skip(rest, first.len + 1)));
	assert(!servers_readers[k->kind].read(&s, k->first));
	assert(!audit_run(&a));
	for (size_t i = 0; i < a.finding_count; i++) {
		const struct audit_finding *f = &a.findings[i];
		assert(f->verdict > ADVICE_WELL && f->mend && f->right && f->value && f->service);
		assert(f->setting);
	}
	assert(!audit_patch(&a, &patch));
	audit_deinit(&a);
	return 0;
}
