/* What the files of `mailseal report tlsrpt` share. report_tlsrpt.c: options, and the sums of what
 * goes out; report_tlsrpt_sent.c: the reports made of them; report_tlsrpt_ingest.c: one of others,
 * from a mail pipe; report_tlsrpt_received.c: what others told. */
#ifndef CMD_REPORT_TLSRPT_INSIDE_H
#define CMD_REPORT_TLSRPT_INSIDE_H

#include "conf/conf.h"

struct json_t;
struct report_table;
struct store_tlsrpt;

enum { REPORT_WELL, REPORT_NOT_WELL, REPORT_UNKNOWN };

struct tlsrpt_options {
	const char *config;
	struct conf_settings *settings;
	const char *domain; /* NULL: all */
	int64_t day;        /* -1: all, or yesterday */
	bool as_json;
	const char *since;
	const char *file;        /* to ingest; "-": standard input */
	const char *authserv_id; /* NULL: nobody is asked */
};

/* Each returns the exit status. */
int tlsrpt_sent(const struct tlsrpt_options *options, struct store_tlsrpt *store);
int tlsrpt_preview(const struct tlsrpt_options *options, struct store_tlsrpt *store);
int tlsrpt_ingest(const struct tlsrpt_options *options);
int tlsrpt_received(const struct tlsrpt_options *options);

/* Under state_dir. ret_path: PATH_MAX + 32 bytes. */
void tlsrpt_path(const struct tlsrpt_options *options, const char *file, char *ret_path);
/* "2026-04-01"; cap: 16 or more. */
void tlsrpt_day_write(int64_t day, char *ret_text, size_t cap);
/* For people. 0 or -ENOMEM. */
[[nodiscard]] int tlsrpt_table_print(const struct report_table *t);
/* Takes json. */
void tlsrpt_json_print(struct json_t *json);

#endif
