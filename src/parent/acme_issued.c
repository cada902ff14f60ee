/* What an order gave, looked at before it is kept. */
#include "parent/acme_files.h"
#include "parent/acme_state.h"
#include "parent/state.h"

#include "acme/names.h"
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
