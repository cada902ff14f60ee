/* What the configuration says of the resolver, in the shape that ask/lookup.h wants. */
#ifndef ASK_SETTINGS_H
#define ASK_SETTINGS_H

#include "ask/lookup.h"
#include "conf/settings.h"

/* Borrows its texts from the configuration. */
struct ask_settings {
	struct lookup_settings lookup;
	const char **forwards;
	struct lookup_stub *stubs;
};

[[nodiscard]] int ask_settings_take(struct ask_settings *ret_s, const struct conf_resolver *conf);
void ask_settings_deinit(struct ask_settings *s);

#endif
