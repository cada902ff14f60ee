#include "ask/settings.h"

#include "base/err.h"

#include <errno.h>
#include <stdlib.h>

int ask_settings_take(struct ask_settings *ret_s, const struct conf_resolver *conf)
{
	struct ask_settings s = {
		.forwards = calloc(conf->forward_count + 1, sizeof(*s.forwards)),
		.stubs = calloc(conf->stub_count + 1, sizeof(*s.stubs)),
	};
	if (!s.forwards || !s.stubs) {
		ask_settings_deinit(&s);
		return err_raise(-ENOMEM);
	}
	for (size_t i = 0; i < conf->forward_count; i++)
		s.forwards[i] = conf->forwards[i].address;
	for (size_t i = 0; i < conf->stub_count; i++)
		s.stubs[i] = (struct lookup_stub){ conf->stubs[i].zone, conf->stubs[i].address };
	s.lookup = (struct lookup_settings){
		.forwards = s.forwards,
		.forward_count = conf->forward_count,
		.stubs = s.stubs,
		.stub_count = conf->stub_count,
		.trusts_ad = conf->trusts_ad,
		.trust_anchor = conf->trust_anchor,
		.queries = conf->queries,
	};
	*ret_s = s;
	return 0;
}

void ask_settings_deinit(struct ask_settings *s)
{
	free(s->forwards);
	free(s->stubs);
	*s = (struct ask_settings){};
}
