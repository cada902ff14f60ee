/* Who got weaker. */
#include "web/figures.h"
#include "web/views.h"

#include "base/clean.h"
#include "conf/conf.h"
#include "report/downgrades.h"
#include "store/memory.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

enum { ROWS_MAX = 500 };

struct store_memory *web_memory_open(const struct web_page *page)
{
	const struct conf_settings *s = page->web->set.settings;
	struct store_memory *memory = NULL;
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s/" CONF_RESOLVER_FOLDER "/" CONF_MEMORY_FILE, s->state_dir);
	if (!s->relay_count || !s->relays[0].remembers || access(path, F_OK))
		return NULL;
	return store_memory_open(&memory, path, NULL) ? NULL : memory;
}

void web_memory_closep(struct store_memory **memory)
{
	store_memory_close(*memory);
}

void web_view_downgrades(struct web_page *page)
{
	CLEAN(web_ledger_closep) struct store_ledger_read *l = web_ledger_open(page);
	CLEAN(web_memory_closep) struct store_memory *memory = web_memory_open(page);
	const struct conf_settings *s = page->web->set.settings;
	struct report_table t = {};
	if (!l)
		return;
	web_page_paragraph(page, "Partners that had better TLS before. Their server may have "
	                         "changed, or somebody is on the way: both look the same from "
	                         "here. Ask them by another way than mail.");
	struct store_ledger_filter filter = web_since(page, web_period(page), -1);
	const struct report_downgrades_asking asking = { .ledger = l,
		                                         .memory = memory,
		                                         .relay = s->relay_count ? s->relays : NULL,
		                                         .now_s = page->now_s,
		                                         .limit = ROWS_MAX };
	if (report_downgrades_table(&t, &asking, &filter))
		web_page_failed(page);
	else
		web_page_table(page, "downgrades", &t);
	report_table_deinit(&t);
}
