/* What an order gave, looked at before it is kept. */
#include "parent/acme_files.h"
#include "parent/acme_state.h"
#include "parent/state.h"

#include "acme/names.h"
#include "base/clean.h"
#include "base/log.h"
#include "tls/label.h"
#include "tls/server.h"

#include <string.h>
#include <time.h>

/* NULL, or why it is not what was ordered. */
static const char *issued_check(const struct parent_issued *issued)
{
	struct tls_label label = {};
	uint8_t digest[PROC_SPKI_LEN];
	int64_t now_s = time(NULL);
	const char *why = NULL;
	if (tls_chain_public_digest(issued->pem, digest) || tls_label_read(&label, issued->pem))
		return "what came is no certificate";
	if (memcmp(digest, issued->digest, sizeof(digest)) != 0)
		why = "the certificate that came is for another key";
	else if (!acme_names_are_in(label.names, issued->c->names, issued->c->name_count))
		why = "the certificate that came does not have all names";
	else if (now_s < label.not_before_s || now_s >= label.not_after_s)
		why = "the certificate that came is not valid now";
	tls_label_deinit(&label);
	return why;
}

const char *parent_acme_issued_keep(struct parent *p, const struct parent_issued *issued)
{
	bool is_next = issued->key == PARENT_ORDER_NEXT;
	char path[PARENT_ACME_PATH_CAP];
	const char *why = issued_check(issued);
	if (why)
		return why;
	conf_certificate_file_path(p->plan->settings, issued->c,
	                           is_next ? CONF_NEXT_CHAIN_FILE : CONF_CHAIN_FILE, path,
	                           sizeof(path));
	int r = parent_acme_file_write(path, issued->pem);
	if (r)
		return strerror(-r);
	log_notice(NULL, "certificate issued", kv_str("certificate", issued->c->name),
	           kv_str("file", path), kv_str("acme", issued->c->acme));
	parent_plan_watch_files(p);
	return NULL;
}

bool parent_acme_issued_is_later(const struct parent *p, size_t number, struct slice pem)
{
	struct tls_label label = {};
	if (!pem.len || tls_label_read(&label, pem))
		return false;
	bool is_later = label.not_before_s > parent_acme_life(p, number).not_before_s;
	tls_label_deinit(&label);
	return is_later;
}

static void one_finish(struct parent *p, size_t number)
{
	const struct conf_settings *s = p->plan->settings;
	const struct conf_certificate *c = &s->certificates[number];
	CLEAN(buf_deinit) struct buf pem = {};
	struct parent_acme_paths paths;
	struct acme_record record;
	parent_acme_record_get(p, c, &record);
	parent_acme_paths(s, c, &paths);
	if (!record.began_s || record.ended_s || parent_acme_issued_read(&paths, &pem) ||
	    !parent_acme_issued_is_later(p, number, buf_slice(&pem)))
		return;
	const struct parent_issued issued = { c, PARENT_ORDER_CURRENT,
		                              p->plan->certificates[number].key_digest,
		                              buf_slice(&pem) };
	if (parent_acme_issued_keep(p, &issued))
		return; /* it is of another order, or for the next key: it is ordered again */
	parent_acme_share_put(p, &issued);
	acme_record_end(&record, time(NULL), (struct slice){});
	parent_acme_record_put(p, c, &record);
}

void parent_acme_issued_finish(struct parent *p)
{
	const struct conf_settings *s = p->plan->settings;
	for (size_t i = 0; i < s->certificate_count; i++)
		if (s->certificates[i].acme)
			one_finish(p, i);
}
