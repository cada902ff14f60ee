/* What the configuration says of the resolver, in the shape that ask/lookup.h wants. */
#ifndef RESOLVER_SETTINGS_H
#define RESOLVER_SETTINGS_H

#include "ask/lookup.h"
#include "conf/settings.h"

/* Borrows its texts from the configuration. */
struct resolver_settings {
	struct lookup_settings lookup;
	const char **forwards;
	struct lookup_stub *stubs;
};

[[nodiscard]] int resolver_settings_take(struct resolver_settings *ret_s,
                                         const struct conf_resolver *conf);
void resolver_settings_deinit(struct resolver_settings *s);

#endif
