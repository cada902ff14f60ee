#include "watcher/visit_inside.h"

#include "base/clean.h"
#include "base/log.h"
#include "store/hello.h"
#include "watcher/facts.h"

#include <stdio.h>
#include <time.h>

/* --- credentials in clear --- */

void visit_expose(struct watcher_visit *v, const char *user, const char *mechanism,
                  bool has_password)
{
	const struct store_exposure exposure = {
		.at_s = time(NULL),
		.protocol = conf_protocol_name(v->protocol),
		.edge = v->mirror,
		.address = v->address,
		.user = user,
		.mechanism = mechanism,
		.password_sent = has_password,
	};
	v->was_exposed = true;
	v->recorder->exposure(v->recorder, &exposure);
}

void visit_sasl_response(struct watcher_visit *v, struct slice base64)
{
	v->is_in_sasl = false;
	if (slice_equal(base64, slice_str("*")))
		return;
	if (sasl_exchange_take(&v->sasl, base64))
		v->sasl.has_password = true; /* who knows what it was */
	visit_expose(v, v->sasl.user, v->sasl.mechanism, v->sasl.has_password);
}

bool visit_sasl_begin(struct watcher_visit *v, struct slice mechanism, struct slice response)
{
	if (sasl_exchange_start(&v->sasl, mechanism))
		return false;
	if (response.len)
		visit_sasl_response(v, response);
	else
		visit_expose(v, "", v->sasl.mechanism, false);
	return true;
}

void visit_login_end(struct watcher_visit *v, bool is_well, bool has_failed)
{
	v->wait = VISIT_NOTHING;
	v->is_in_sasl = false;
	if ((is_well || has_failed) && v->sasl.user[0])
		snprintf(v->user, sizeof(v->user), "%s", v->sasl.user);
	v->is_logged_in |= is_well;
	v->login_failures += has_failed;
	if (!v->was_refused)
		v->sasl = (struct sasl_exchange){};
}

/* --- what is heard --- */

static void on_line(struct watch_ear *ear, const struct watch_talk *talk, enum watch_side side,
                    struct slice line)
{
	static const struct {
		const char *protocol;
		visit_line_fn *line;
	} readers[] = {
		{ "smtp", visit_smtp_line },
		{ "imap", visit_imap_line },
		{ "pop3", visit_pop3_line },
		{ "managesieve", visit_sieve_line },
	};
	struct watcher_visit *v = (struct watcher_visit *)ear;
	for (size_t i = 0; i < COUNT_OF(readers); i++)
		if (!strcmp(readers[i].protocol, talk->proto->name))
			readers[i].line(v, side, line, talk->is_literal);
	v->ear.held = v->command.cap;
}

static void on_hello(struct watch_ear *ear, const struct tls_hello *h)
{
	struct watcher_visit *v = (struct watcher_visit *)ear;
	const struct store_hello hello = store_hello_of(h);
	v->hello = h->hash;
	v->hello_max = h->max_version;
	v->has_sni = h->sni[0];
	v->recorder->hello(v->recorder, &hello);
}

struct watcher_visit *watcher_visit_new(const struct conf_mirror *mirror,
                                        struct store_recorder *recorder,
                                        const struct watch_flow *flow)
{
	struct watcher_visit *v = calloc(1, sizeof(*v));
	if (!v)
		return NULL;
	v->ear = (struct watch_ear){ .line = on_line, .hello = on_hello };
	v->recorder = recorder;
	v->protocol = mirror->protocol;
	snprintf(v->mirror, sizeof(v->mirror), "%s", mirror->name);
	watch_address_print(&flow->client, v->address);
	return v;
}

struct watch_ear *watcher_visit_ear(struct watcher_visit *v)
{
	return &v->ear;
}

/* --- the record --- */

static bool tls_is_up(const struct watch_flow *f)
{
	return f->tls.has_answer && !f->tls.is_refused;
}

/* As edge/record.c: a handshake that did not succeed is no plain session, and who only asked what
 * is offered neither. */
static enum store_seal seal_of(const struct watcher_visit *v, const struct watch_flow *f,
                               const struct watcher_facts *facts)
{
	bool was_begun = v->hello || f->tls.has_answer || f->tls.is_refused;
	if (tls_is_up(f))
		return facts->is_legacy ? STORE_SEAL_LEGACY : STORE_SEAL_SEALED;
	bool has_crossed = f->talk.is_proven || v->was_exposed;
	return !was_begun && has_crossed ? STORE_SEAL_PLAIN : STORE_SEAL_NONE;
}

static const char *outcome_of(enum store_seal seal, const struct watcher_visit *v)
{
	bool has_failed = seal == STORE_SEAL_NONE && v->hello;
	return conv_outcome_name(has_failed ? CONV_OUTCOME_TLS_FAILED : CONV_OUTCOME_OK);
}

/* In whole seconds: frames have no finer time here. */
static uint32_t duration_ms_of(const struct watch_flow *f, int64_t now_s)
{
	int64_t ms = (now_s - f->first_s) * 1000;
	return ms < 0 ? 0 : ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

static enum store_leg leg_of(const struct watcher_visit *v)
{
	return v->protocol == CONF_SMTP ? STORE_LEG_INBOUND : STORE_LEG_USER;
}

static struct store_record record_of(const struct watcher_visit *v, const struct watch_flow *f,
                                     const struct watcher_facts *facts)
{
	int64_t now_s = time(NULL);
	enum store_seal seal = seal_of(v, f, facts);
	return (struct store_record){
		.ended_s = now_s,
		.leg = leg_of(v),
		.seal = seal,
		.protocol = conf_protocol_name(v->protocol),
		.edge = v->mirror,
		.address = v->address,
		.domain = "",
		.mx = "",
		.user = v->user,
		.is_logged_in = v->is_logged_in,
		.software = v->software,
		.tls_version = facts->version,
		.cipher = facts->cipher,
		.group = facts->group,
		.has_forward_secrecy = facts->has_forward_secrecy,
		.hello = v->hello,
		.hello_max = v->hello_max,
		.sni = v->has_sni ? STORE_SNI_OTHER : STORE_SNI_NONE,
		.policy = "",
		.result = "",
		.outcome = outcome_of(seal, v),
		.error = "",
		.bytes_in = f->bytes,
		.duration_ms = duration_ms_of(f, now_s),
		.messages = v->messages,
		.login_failures = v->login_failures,
		.backend = "",
	};
}

static void record_tell(const struct watcher_visit *v, const struct watch_flow *f)
{
	static const struct watch_tls none;
	struct watcher_facts facts;
	watcher_facts_make(&facts, tls_is_up(f) ? &f->tls : &none, leg_of(v));
	const struct store_record record = record_of(v, f, &facts);
	v->recorder->session(v->recorder, &record);
}

void watcher_visit_end(struct watch_ear *ear, const struct watch_flow *flow)
{
	struct watcher_visit *v = (struct watcher_visit *)ear;
	if (flow->has_spoken[WATCH_CLIENT])
		record_tell(v, flow);
	buf_deinit_secret(&v->command);
	explicit_bzero(&v->sasl, sizeof(v->sasl));
	free(v);
}
