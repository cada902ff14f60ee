/* How the orders of each certificate went: in a file, and in memory while that cannot be written,
 * or a full disk would have the CA asked again and again. */
#include "parent/acme_files.h"
#include "parent/acme_state.h"
#include "parent/state.h"

#include "base/clean.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>

/* A record that its file does not have. */
struct parent_acme_unkept {
	struct parent_acme_unkept *next;
	char name[256]; /* of the certificate */
	struct acme_record record;
};

static struct parent_acme_unkept **unkept_find(struct parent_acme *a, const char *name)
{
	struct parent_acme_unkept **at = &a->unkept;
	while (*at && strcmp((*at)->name, name) != 0)
		at = &(*at)->next;
	return at;
}

static void unkept_forget(struct parent_acme_unkept **at)
{
	struct parent_acme_unkept *gone = *at;
	*at = gone->next;
	free(gone);
}

void parent_acme_record_get(const struct parent *p, const struct conf_certificate *c,
                            struct acme_record *ret_record)
{
	const struct parent_acme_unkept *unkept = *unkept_find(p->acme, c->name);
	if (unkept)
		*ret_record = unkept->record;
	else
		parent_acme_record_read(p->plan->settings, c, ret_record);
}

static struct parent_acme_unkept *unkept_new(struct parent_acme *a, const char *name, int r)
{
	struct parent_acme_unkept *unkept = calloc(1, sizeof(*unkept));
	log_error(NULL, "how an order went is not kept", kv_str("certificate", name),
	          kv_str("error", strerror(-r)));
	if (!unkept)
		return NULL;
	snprintf(unkept->name, sizeof(unkept->name), "%s", name);
	unkept->next = a->unkept;
	a->unkept = unkept;
	return unkept;
}

void parent_acme_record_put(struct parent *p, const struct conf_certificate *c,
                            const struct acme_record *record)
{
	struct parent_acme_unkept **at = unkept_find(p->acme, c->name), *unkept = *at;
	int r = parent_acme_record_write(p->plan->settings, c, record);
	if (r && !unkept)
		unkept = unkept_new(p->acme, c->name, r);
	if (!r && unkept)
		unkept_forget(at);
	else if (unkept)
		unkept->record = *record;
}

void parent_acme_records_free(struct parent_acme *a)
{
	while (a->unkept)
		unkept_forget(&a->unkept);
}
