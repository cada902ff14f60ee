/* Where a message goes to be judged: spamd, clamd, ICAP. All of it crosses. */
#include "watch/protos.h"

#include "watch/word.h"

static enum watch_fit client_fit(const struct watch_opening *o, const char *const *begin)
{
	return o->client.len || !o->server.len ? watch_word_fit(o->client, begin) : WATCH_FIT_NO;
}

static enum watch_fit spamd_fit(const struct watch_opening *o)
{
	static const char *const begin[] = { "CHECK SPAMC/",   "SYMBOLS SPAMC/",
		                             "REPORT SPAMC/",  "REPORT_IFSPAM SPAMC/",
		                             "SKIP SPAMC/",    "PING SPAMC/",
		                             "PROCESS SPAMC/", "TELL SPAMC/",
		                             "HEADERS SPAMC/", NULL };
	return client_fit(o, begin);
}

static void spamd_line(struct watch_talk *t, enum watch_side side, struct slice line)
{
	if (side != WATCH_CLIENT)
		return;
	if (!slice_starts_nocase(line, "PING "))
		t->is_proven = true;
	if (slice_starts_nocase(line, "User:"))
		slice_to_text(slice_trim(slice_skip(line, 5)), t->user, sizeof(t->user));
}

const struct watch_proto watch_proto_spamd = {
	.name = "spamd",
	.fit = spamd_fit,
	.line = spamd_line,
	.is_link_good = true,
	.mend = "spamd --ssl and spamc --ssl",
};

static enum watch_fit clamd_fit(const struct watch_opening *o)
{
	static const char *const begin[] = {
		"zINSTREAM",      "nINSTREAM",  "INSTREAM\n", "zSCAN ",     "nSCAN ",
		"SCAN /",         "zPING",      "nPING",      "zCONTSCAN ", "nCONTSCAN ",
		"CONTSCAN /",     "zIDSESSION", "zVERSION",   "nIDSESSION", "nVERSION",
		"zMULTISCAN ",    "zSTATS",     "nSTATS",     "zRELOAD",    "nRELOAD",
		"zALLMATCHSCAN ", NULL
	};
	return client_fit(o, begin);
}

/* Nothing behind the command changes what is known. */
static size_t clamd_feed(struct watch_talk *t, enum watch_side side, struct slice input)
{
	if (side == WATCH_CLIENT && (watch_word_in(slice_head(input, 16), "INSTREAM") ||
	                             watch_word_in(slice_head(input, 16), "SCAN ")))
		t->is_proven = true;
	return input.len;
}

const struct watch_proto watch_proto_clamd = {
	.name = "clamd",
	.fit = clamd_fit,
	.feed = clamd_feed,
	.is_link_good = true,
};

static enum watch_fit icap_fit(const struct watch_opening *o)
{
	static const char *const begin[] = { "REQMOD icap://", "RESPMOD icap://", "OPTIONS icap://",
		                             NULL };
	return client_fit(o, begin);
}

static void icap_line(struct watch_talk *t, enum watch_side side, struct slice line)
{
	if (side == WATCH_CLIENT &&
	    (slice_starts_nocase(line, "REQMOD ") || slice_starts_nocase(line, "RESPMOD ")))
		t->is_proven = true;
}

const struct watch_proto watch_proto_icap = {
	.name = "icap",
	.fit = icap_fit,
	.line = icap_line,
	.is_link_good = true,
};
