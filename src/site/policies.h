/*
 * The policies of our own over time: each domain is looked at in DNS, by and by; what comes of it
 * is served, and kept in a file, so that a restart knows what senders may hold.
 */
#ifndef SITE_POLICIES_H
#define SITE_POLICIES_H

#include "base/buf.h"
#include "conf/settings.h"
#include "io/loop.h"
#include "policy/way.h"
#include "publish/served.h"
#include "site/covers.h"

struct site_policies;

struct site_policies_settings {
	struct io_loop *loop;
	const char *path; /* of the file; copied */
	struct site_covers *covers;
	void *owner;
	/* Asks for the way to a domain; site_policies_heard() or site_policies_lost() follows.
	 * False: not now. */
	bool (*ask)(void *owner, uint32_t number, const char *domain);
	/* What is wrong, all of it: "DOMAIN WHY\n" each. Called when it is another. */
	void (*on_trouble)(void *owner, struct slice list);
	/* As site/told.h writes it. Called when it is another. */
	void (*on_told)(void *owner, struct slice text);
};

[[nodiscard]] int site_policies_new(struct site_policies **ret_policies,
                                    const struct site_policies_settings *set);
void site_policies_free(struct site_policies *p);

/* Other settings, or other certificates: all are looked at again. Borrows settings until the next.
 */
[[nodiscard]] int site_policies_begin(struct site_policies *p,
                                      const struct conf_settings *settings);
void site_policies_heard(struct site_policies *p, uint32_t number, const struct policy_way *way);
/* Resolver is another: what it was asked is asked again. */
void site_policies_lost(struct site_policies *p);

const struct publish_history *site_policies_history(const struct site_policies *p);

#endif
