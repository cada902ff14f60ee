/* For tests of rules: configurations as texts, findings by their ids. */
#ifndef AUDIT_TEST_SUPPORT_H
#define AUDIT_TEST_SUPPORT_H

#include "audit/audit.h"
#include "servers/reader.h"

#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct audited {
	struct servers servers;
	struct audit audit;
};

static inline void audited_deinit(struct audited *a)
{
	audit_deinit(&a->audit);
	servers_deinit(&a->servers);
}

static inline void audited_put(struct audited *a, const char *path, const char *text)
{
	assert_int_equal(servers_file_put(&a->servers, path, slice_str(text)), 0);
}

/* Once its files are put. */
static inline void audited_run(struct audited *a, const char *profile)
{
	a->servers.root = "/no/such/folder";
	assert_int_equal(servers_read(&a->servers), 0);
	a->audit.servers = &a->servers;
	a->audit.profile = advice_profile_find(profile);
	assert_int_equal(audit_run(&a->audit), 0);
}

static inline const struct audit_finding *audited_find(const struct audited *a, const char *id)
{
	for (size_t i = 0; i < a->audit.finding_count; i++)
		if (!strcmp(a->audit.findings[i].rule->id, id))
			return &a->audit.findings[i];
	return NULL;
}

static inline size_t audited_count(const struct audited *a, const char *id)
{
	size_t count = 0;
	for (size_t i = 0; i < a->audit.finding_count; i++)
		count += !strcmp(a->audit.findings[i].rule->id, id);
	return count;
}

/* One case of a table: what is written, and whether the rule speaks. */
struct audited_case {
	const char *text, *more; /* of the first file, and of the second */
	const char *id;
	enum advice_verdict verdict; /* ADVICE_WELL: it is silent */
};

static inline void audited_check(const struct audited_case *c, const struct audited *a)
{
	const struct audit_finding *finding = audited_find(a, c->id);
	enum advice_verdict verdict = finding ? finding->verdict : ADVICE_WELL;
	if (verdict != c->verdict)
		fail_msg("%s: verdict %d instead of %d for:\n%s\n%s", c->id, verdict, c->verdict,
		         c->text, c->more ? c->more : "");
	assert_true(!finding || (finding->mend && finding->right && finding->rule->source));
}

#endif
