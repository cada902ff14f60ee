/*
 * A certificate that is ordered, in a plan: its key is made once and kept; until the first order
 * is through, a self-made one for the same key stands in, so that its TLSA record holds already.
 */
#include "parent/acme.h"
#include "parent/acme_files.h"
#include "parent/rollover_files.h"
#include "parent/state.h"

#include "base/err.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATH_CAP = 512 };

#define NEW_KEY_FILE "key.pem.new" /* keys may die while it writes */

static enum proc_request_key kind_of(const struct conf_certificate *c)
{
	return c->key_type == CONF_KEY_RSA2048 ? PROC_REQUEST_KEY_RSA2048 : PROC_REQUEST_KEY_P256;
}

static int files_keep(const struct parent_plan *plan, size_t number, struct slice stand_in)
{
	const struct conf_settings *s = plan->settings;
	const struct conf_certificate *c = &s->certificates[number];
	char made[PATH_CAP], key[PATH_CAP], chain[PATH_CAP];
	conf_certificate_file_path(s, c, NEW_KEY_FILE, made, sizeof(made));
	conf_certificate_key_path(s, c, key, sizeof(key));
	conf_certificate_file_path(s, c, CONF_STAND_IN_FILE, chain, sizeof(chain));
	if (access(key, F_OK) && rename(made, key))
		return err_raise(-errno);
	return err_up(parent_acme_file_write(chain, stand_in));
}

static void on_made(struct parent *p, uint64_t owner, const struct parent_request_made *made)
{
	struct parent_plan *plan = p->next;
	struct parent_certificate *c = parent_plan_certificate_of(plan, (uint32_t)owner);
	char chain[PATH_CAP], key[PATH_CAP];
	if (!c)
		return;
	c->is_order_lost = made->is_lost;
	if (made->is_lost)
		return; /* parent_plan_ordered_again() follows */
	size_t i = (size_t)(c - plan->certificates);
	const struct conf_certificate *conf = &plan->settings->certificates[i];
	int r = made->is_well ? files_keep(plan, i, made->chain) : 0;
	conf_certificate_chain_path(plan->settings, conf, chain, sizeof(chain));
	conf_certificate_key_path(plan->settings, conf, key, sizeof(key));
	if (!made->is_well)
		parent_plan_fails(plan,
		                  "certificate \"%s\": its key cannot be made or read, keys "
		                  "has said why",
		                  conf->name);
	else if (r)
		parent_plan_fails(plan, "%s: %s", key, strerror(-r));
	else if (!parent_plan_certificate_load(p, plan, i, chain, key))
		log_warn(NULL, "a self-made certificate stands in until one is issued",
		         kv_str("certificate", conf->name), kv_str("acme", conf->acme));
	parent_plan_settled(p);
}

static int stand_in_order(struct parent *p, struct parent_plan *plan, size_t number, bool has_key)
{
	const struct conf_settings *s = plan->settings;
	const struct conf_certificate *c = &s->certificates[number];
	char path[PATH_CAP];
	conf_certificate_file_path(s, c, has_key ? CONF_KEY_FILE : NEW_KEY_FILE, path,
	                           sizeof(path));
	const struct parent_request ask = {
		.key_path = path,
		.key = has_key ? PROC_REQUEST_KEY_THERE : kind_of(c),
		.names = c->names,
		.name_count = c->name_count,
		.on_made = on_made,
		.owner = plan->certificates[number].key_id,
	};
	if (!has_key)
		unlink(path); /* what another start left */
	int r = parent_request_ask(p, &ask);
	if (r)
		return parent_plan_fails(plan, "%s: %s", path, strerror(-r));
	plan->keys_pending++;
	return 0;
}

void parent_plan_ordered_again(struct parent *p, struct parent_plan *plan)
{
	char key[PATH_CAP];
	for (size_t i = 0; i < plan->certificate_count; i++) {
		if (!plan->certificates[i].is_order_lost)
			continue;
		plan->certificates[i].is_order_lost = false;
		conf_certificate_key_path(plan->settings, &plan->settings->certificates[i], key,
		                          sizeof(key));
		(void)stand_in_order(p, plan, i, !access(key, F_OK)); /* the plan has why */
		parent_plan_settled(p); /* the question that was lost */
	}
}

int parent_plan_ordered(struct parent *p, struct parent_plan *plan, size_t number)
{
	const struct conf_settings *s = plan->settings;
	const struct conf_certificate *c = &s->certificates[number];
	char chain[PATH_CAP], key[PATH_CAP];
	int r = parent_acme_folder_make(s, c->name);
	if (r)
		return parent_plan_fails(plan, "%s/" CONF_CERTIFICATES_FOLDER "/%s: %s",
		                         s->state_dir, c->name, strerror(-r));
	parent_rollover_files_mend(s, c);
	conf_certificate_chain_path(s, c, chain, sizeof(chain));
	conf_certificate_key_path(s, c, key, sizeof(key));
	bool has_key = !access(key, F_OK);
	if (!has_key || access(chain, F_OK))
		return stand_in_order(p, plan, number, has_key);
	return parent_plan_certificate_load(p, plan, number, chain, key);
}
