#include "cmd/report_tlsrpt_inside.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "report/authres.h"
#include "report/mime.h"
#include "report/received.h"
#include "store/received.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>

enum { ALARMS_MAX = 20 };

/* One report on its way into the store. */
struct ingestion {
	const struct tlsrpt_options *options;
	struct buf input, json;
	struct report_received *report;
	struct store_received *store;
	char from[256]; /* the domain it came from; "" */
	enum store_received_trust trust;
	size_t policies, failures, alarms;
};

static int later(const char *what, const char *why)
{
	fprintf(stderr, "mailseal report: %s: %s\n", what, why);
	return EX_TEMPFAIL;
}

static int rubbish(const struct ingestion *in, const char *why)
{
	fprintf(stderr, "mailseal report: %s is no TLS report: %s\n",
	        strcmp(in->options->file, "-") != 0 ? in->options->file : "standard input", why);
	return EX_DATAERR;
}

static int input_read(struct ingestion *in)
{
	const char *file = in->options->file;
	bool is_stdin = !strcmp(file, "-");
	CLEAN(closep) int fd = is_stdin ? dup(STDIN_FILENO) : open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return later(file, strerror(errno));
	int r = file_read_fd(&in->input, fd, REPORT_RECEIVED_INPUT_MAX);
	if (r == FILE_TOO_LONG)
		return rubbish(in, "it is larger than 10 MiB");
	return r ? later(file, file_error(r)) : 0;
}

static void trust_judge(struct ingestion *in)
{
	struct slice input = buf_slice(&in->input);
	bool is_message = report_received_is_message(input);
	if (!is_message || !report_mime_from(input, in->from))
		in->from[0] = '\0';
	if (!in->options->authserv_id)
		in->trust = STORE_RECEIVED_UNASKED;
	else if (in->from[0] && report_authres_is_signed(input, in->options->authserv_id, in->from))
		in->trust = STORE_RECEIVED_SIGNED;
	else
		in->trust = STORE_RECEIVED_UNVERIFIED;
}

static int report_read(struct ingestion *in)
{
	const char *why;
	int r = report_received_open(buf_slice(&in->input), &in->json, &why);
	if (!r)
		r = report_received_read(&in->report, buf_slice(&in->json), &why);
	if (r < 0)
		return later("reading it", strerror(-r));
	return r ? rubbish(in, why) : 0;
}

/* --- into the store --- */

static int store_open_it(struct ingestion *in)
{
	char path[PATH_MAX + 32];
	struct store_opened how;
	tlsrpt_path(in->options, CONF_REPORTS_FOLDER, path);
	if (mkdir(path, 0700) && errno != EEXIST)
		return later(path, strerror(errno));
	tlsrpt_path(in->options, CONF_REPORTS_FOLDER "/" CONF_RECEIVED_FILE, path);
	if (store_received_open(&in->store, path, &how))
		return later(path, how.why[0] ? how.why : "it cannot be opened");
	if (how.was_bad)
		log_error(NULL, "TLS reports of others were lost", kv_str("file", path),
		          kv_str("error", how.why));
	return 0;
}

/* A person, or what reads logs, is to know; of one report not too much. */
static void alarm_raise(struct ingestion *in, const struct report_received_policy *p,
                        const struct report_received_failure *f)
{
	if (in->trust == STORE_RECEIVED_UNVERIFIED || in->alarms++ >= ALARMS_MAX)
		return;
	log_warn(NULL, "TLS report tells a new failure",
	         kv_str("organization", report_received_head(in->report)->organization),
	         kv_str("from", in->from), kv_str("domain", p->domain), kv_str("result", f->result),
	         kv_str("mx", f->mx), kv_str("reason", f->reason),
	         kv_int("sessions", (int64_t)f->sessions));
}

static int failures_keep(struct ingestion *in, size_t number,
                         const struct report_received_policy *p)
{
	struct report_received_failure f;
	int r = 0;
	for (size_t i = 0; !r && report_received_failure(in->report, number, i, &f); i++) {
		bool is_new = false;
		r = store_received_failure(
			in->store,
			&(struct store_received_failure){ .result = f.result,
		                                          .sender = f.sender,
		                                          .mx = f.mx,
		                                          .helo = f.helo,
		                                          .receiver = f.receiver,
		                                          .reason = f.reason,
		                                          .more = f.more,
		                                          .sessions = f.sessions },
			&is_new);
		if (is_new)
			alarm_raise(in, p, &f);
		in->failures++;
	}
	return err_up(r);
}

static int policies_keep(struct ingestion *in)
{
	struct report_received_policy p;
	int r = 0;
	for (size_t i = 0; !r && report_received_policy(in->report, i, &p); i++) {
		r = store_received_policy(in->store,
		                          &(struct store_received_policy){ .kind = p.kind,
		                                                           .domain = p.domain,
		                                                           .succeeded = p.succeeded,
		                                                           .failed = p.failed });
		if (!r)
			r = failures_keep(in, i, &p);
		in->policies++;
	}
	return err_up(r);
}

/* 0, STORE_RECEIVED_KNOWN or a negative. */
static int report_keep(struct ingestion *in)
{
	const struct report_received_head *h = report_received_head(in->report);
	int r = store_received_begin(in->store,
	                             &(struct store_received_head){ .organization = h->organization,
	                                                            .id = h->id,
	                                                            .contact = h->contact,
	                                                            .from = in->from,
	                                                            .trust = in->trust,
	                                                            .len = buf_len(&in->json),
	                                                            .begin_s = h->begin_s,
	                                                            .end_s = h->end_s,
	                                                            .now_s = time(NULL) });
	if (r == STORE_RECEIVED_KNOWN)
		return STORE_RECEIVED_KNOWN;
	if (!r)
		r = policies_keep(in);
	if (!r)
		r = store_received_keep(in->store);
	if (r)
		store_received_undo(in->store);
	return err_up(r);
}

static int ingest(struct ingestion *in)
{
	int r = input_read(in);
	if (!r)
		r = report_read(in);
	if (!r)
		r = store_open_it(in);
	if (r)
		return r;
	trust_judge(in);
	r = report_keep(in);
	if (r < 0)
		return later(in->options->settings->state_dir,
		             "the report cannot be written; is the disk full?");
	printf("%s: report %s of %s, %zu policies, %zu failures\n",
	       r == STORE_RECEIVED_KNOWN ? "known already" : "kept",
	       report_received_head(in->report)->id, report_received_head(in->report)->organization,
	       in->policies, in->failures);
	return REPORT_WELL;
}

int tlsrpt_ingest(const struct tlsrpt_options *options)
{
	struct ingestion in = { .options = options };
	(void)log_setup("report",
	                options->settings->log_format == CONF_LOG_JSON ? LOG_FORMAT_JSON
	                                                               : LOG_FORMAT_LOGFMT,
	                options->settings->log_target == CONF_LOG_SYSLOG ? LOG_TARGET_SYSLOG
	                                                                 : LOG_TARGET_STDERR);
	int status = ingest(&in);
	store_received_close(in.store);
	report_received_free(in.report);
	buf_deinit(&in.input);
	buf_deinit(&in.json);
	return status;
}
