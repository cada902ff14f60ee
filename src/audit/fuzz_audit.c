/*
 * Any bytes as configurations: main.cf, master.cf and dovecot.conf with NULs between. What is found
 * is whole, and its patch can be made.
 */
#include "audit/audit.h"
#include "base/clean.h"
#include "servers/reader.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put(struct servers *s, const char *path, struct slice *rest)
{
	struct slice text = slice_head(*rest, slice_find(*rest, 0));
	*rest = slice_skip(*rest, text.len + 1);
	assert(!servers_file_put(s, path, text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN(servers_deinit) struct servers s = { .root = "/no/such/folder" };
	CLEAN(buf_deinit) struct buf patch = {};
	struct audit a = { .servers = &s,
		           .profile = &advice_profiles[size % advice_profile_count] };
	struct slice rest = slice_of(data, size);
	put(&s, "/etc/postfix/main.cf", &rest);
	put(&s, "/etc/postfix/master.cf", &rest);
	put(&s, "/etc/dovecot/dovecot.conf", &rest);
	assert(!servers_read(&s));
	assert(!audit_run(&a));
	for (size_t i = 0; i < a.finding_count; i++) {
		const struct audit_finding *f = &a.findings[i];
		assert(f->verdict > ADVICE_WELL && f->mend && f->right && f->value && f->service);
	}
	assert(!audit_patch(&a, &patch));
	audit_deinit(&a);
	return 0;
}
