#include "report/user.h"

#include "base/clean.h"
#include "base/err.h"
#include "report/exposures.h"

static const struct report_column session_columns[] = {
	{ "ended", "ended", REPORT_TIME },
	{ "protocol", "protocol", REPORT_TEXT },
	{ "address", "client", REPORT_TEXT },
	{ "seal", "seal", REPORT_TEXT },
	{ "outcome", "outcome", REPORT_TEXT },
	{ "software", "software", REPORT_TEXT },
	{ "leg", "leg", REPORT_TEXT },
	{ "edge", "edge", REPORT_TEXT },
	{ "version", "version", REPORT_TEXT },
	{ "cipher", "cipher", REPORT_TEXT },
	{ "group", "group", REPORT_TEXT },
	{ "is_resumed", "resumed", REPORT_BOOL },
	{ "error", "error", REPORT_TEXT },
	{ "messages", "messages", REPORT_COUNT },
	{ "bytes_in", "bytes in", REPORT_BYTES },
	{ "bytes_out", "bytes out", REPORT_BYTES },
	{ "duration_ms", "ms", REPORT_COUNT },
};

static const struct report_column name_columns[] = {
	{ "leg", "leg", REPORT_TEXT },          { "protocol", "protocol", REPORT_TEXT },
	{ "edge", "edge", REPORT_TEXT },        { "software", "software", REPORT_TEXT },
	{ "seal", "seal", REPORT_TEXT },        { "sessions", "sessions", REPORT_COUNT },
	{ "last", "last", REPORT_TIME },        { "first", "first", REPORT_TIME },
	{ "refused", "refused", REPORT_COUNT }, { "messages", "messages", REPORT_COUNT },
	{ "bytes", "bytes", REPORT_BYTES },     { "version", "version", REPORT_TEXT },
	{ "cipher", "cipher", REPORT_TEXT },    { "group", "group", REPORT_TEXT },
};

static int session_add(void *owner, const struct store_ledger_session *s)
{
	return REPORT_ROW((struct report_table *)owner, report_time(s->at_s),
	                  report_text(s->protocol), report_text(s->address),
	                  report_text(store_seal_name(s->seal)), report_text(s->outcome),
	                  report_text(s->software), report_text(store_leg_name(s->leg)),
	                  report_text(s->edge), report_text(s->version), report_text(s->cipher),
	                  report_text(s->group), report_bool(s->is_resumed), report_text(s->error),
	                  report_count(s->messages), report_bytes(s->bytes_in),
	                  report_bytes(s->bytes_out), report_count(s->duration_ms));
}

static int name_add(void *owner, const struct store_ledger_name *n)
{
	return REPORT_ROW((struct report_table *)owner, report_text(store_leg_name(n->leg)),
	                  report_text(n->protocol), report_text(n->edge), report_text(n->software),
	                  report_text(store_seal_name(n->seal)), report_count(n->sessions),
	                  report_time(n->last_s), report_time(n->first_s), report_count(n->refused),
	                  report_count(n->messages), report_bytes(n->bytes),
	                  report_text(n->version), report_text(n->cipher), report_text(n->group));
}

int report_user_tables(struct report_table ret_tables[REPORT_USER_COUNT],
                       struct store_ledger_read *l, const char *user)
{
	struct report_table *exposures = &ret_tables[REPORT_USER_EXPOSURES];
	*exposures = (struct report_table){};
	ret_tables[REPORT_USER_SESSIONS] =
		(struct report_table){ .id = "sessions",
		                       .title = "Sessions",
		                       .empty = "none",
		                       .columns = session_columns,
		                       .column_count = COUNT_OF(session_columns),
		                       .spare_from = 5 };
	ret_tables[REPORT_USER_NAMES] =
		(struct report_table){ .id = "names",
		                       .title = "Clients",
		                       .empty = "none",
		                       .columns = name_columns,
		                       .column_count = COUNT_OF(name_columns),
		                       .spare_from = 5 };
	int r = store_ledger_read_user_sessions(l, user, session_add,
	                                        &ret_tables[REPORT_USER_SESSIONS]);
	if (!r)
		r = store_ledger_read_names(l, user, true, name_add,
		                            &ret_tables[REPORT_USER_NAMES]);
	if (!r)
		r = report_exposures_of(exposures, l, user);
	if (!r)
		r = report_table_note(exposures,
		                      "That is all: sums of sessions name no user. `mailseal ctl "
		                      "forget USER` deletes it.");
	return err_up(r);
}
