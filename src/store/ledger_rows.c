/* Single sessions, as "keep" says. */
#include "store/ledger_inside.h"

#include "base/clean.h"
#include "base/err.h"

#include <string.h>

struct ledger_row {
	struct ledger_row *next;
	int64_t at_s;
	enum store_leg leg;
	enum store_seal seal;
	const char *protocol, *edge, *version, *cipher, *kex, *policy, *result,
		*outcome;                                            /* words */
	const char *address, *domain, *mx, *user, *software, *error; /* in texts */
	bool is_resumed;
	uint64_t hello, bytes_in, bytes_out;
	uint32_t messages, duration_ms;
	char texts[];
};

static size_t texts_size(const struct ledger_seen *seen)
{
	return strlen(seen->address) + strlen(seen->domain) + strlen(seen->mx) +
	       strlen(seen->user) + strlen(seen->software) + strlen(seen->error) + 6;
}

static const char *pack(char **at, const char *text)
{
	char *start = *at;
	*at = stpcpy(start, text) + 1;
	return start;
}

static void texts_pack(struct ledger_row *row, const struct ledger_seen *seen)
{
	char *at = row->texts;
	row->address = pack(&at, seen->address);
	row->domain = pack(&at, seen->domain);
	row->mx = pack(&at, seen->mx);
	row->user = pack(&at, seen->user);
	row->software = pack(&at, seen->software);
	row->error = pack(&at, seen->error);
}

static void row_fill(struct ledger_row *row, const struct ledger_seen *seen)
{
	const struct store_record *r = seen->record;
	*row = (struct ledger_row){
		.at_s = r->ended_s,
		.leg = r->leg,
		.seal = r->seal,
		.protocol = seen->protocol,
		.edge = seen->edge,
		.version = seen->version,
		.cipher = seen->cipher,
		.kex = seen->kex,
		.policy = seen->policy,
		.result = seen->result,
		.outcome = seen->outcome,
		.is_resumed = r->is_resumed,
		.hello = r->hello,
		.bytes_in = r->bytes_in,
		.bytes_out = r->bytes_out,
		.messages = r->messages,
		.duration_ms = r->duration_ms,
	};
	texts_pack(row, seen);
}

int ledger_row_note(struct store_ledger *l, const struct ledger_seen *seen)
{
	struct ledger_row *row = NULL;
	if (l->row_count < l->rows_max)
		row = malloc(sizeof(*row) + texts_size(seen));
	if (!row)
		return LEDGER_FULL;
	row_fill(row, seen);
	*l->rows_end = row;
	l->rows_end = &row->next;
	l->row_count++;
	return 0;
}

static int row_write(struct store_ledger *l, const struct ledger_row *row)
{
	struct ledger_binder b = ledger_bind(l, LEDGER_SESSION_ADD);
	ledger_bind_number(&b, row->at_s);
	ledger_bind_number(&b, row->leg);
	ledger_bind_number(&b, row->seal);
	ledger_bind_text(&b, row->protocol);
	ledger_bind_text(&b, row->edge);
	ledger_bind_text(&b, row->address);
	ledger_bind_text(&b, row->domain);
	ledger_bind_text(&b, row->mx);
	ledger_bind_text(&b, row->user);
	ledger_bind_text(&b, row->software);
	ledger_bind_text(&b, row->version);
	ledger_bind_text(&b, row->cipher);
	ledger_bind_text(&b, row->kex);
	ledger_bind_number(&b, row->is_resumed);
	ledger_bind_number(&b, (int64_t)row->hello);
	ledger_bind_text(&b, row->policy);
	ledger_bind_text(&b, row->result);
	ledger_bind_text(&b, row->outcome);
	ledger_bind_text(&b, row->error);
	ledger_bind_number(&b, row->messages);
	ledger_bind_number(&b, (int64_t)row->bytes_in);
	ledger_bind_number(&b, (int64_t)row->bytes_out);
	ledger_bind_number(&b, row->duration_ms);
	return err_up(ledger_run(l, &b, NULL));
}

int ledger_rows_write(struct store_ledger *l)
{
	for (const struct ledger_row *row = l->rows; row; row = row->next) {
		int r = row_write(l, row);
		if (r)
			return err_up(r);
	}
	return 0;
}

void ledger_rows_clear(struct store_ledger *l)
{
	struct ledger_row *row = TAKE(l->rows);
	while (row) {
		struct ledger_row *next = row->next;
		free(row);
		row = next;
	}
	l->rows_end = &l->rows;
	l->row_count = 0;
}
