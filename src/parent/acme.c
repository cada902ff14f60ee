/*
 * Orders: one at a time. keys makes the request, runner runs the client (uacme), whose hook is
 * this binary and speaks with us by its stdin; what comes back is looked at before it is kept.
 */
#include "parent/acme.h"
#include "parent/acme_files.h"
#include "parent/acme_state.h"
#include "parent/challenges.h"
#include "parent/state.h"

#include "acme/names.h"
#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "tls/label.h"
#include "tls/server.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	ACCOUNT_MS = 2 * 60 * 1000,
	ISSUE_MS = 10 * 60 * 1000,
	ACCEPTED = 1,
	/* For each name a CA is told to look, and told that it has, and may be asked again. */
	WORDS_MIN = 16,
	WORDS_PER_NAME = 8,
};

static const char client[] = "uacme";

int parent_acme_begin(struct parent *p)
{
	struct parent_acme *a = calloc(1, sizeof(*a));
	if (!a)
		return err_raise(-ENOMEM);
	a->sock = -1;
	p->acme = a;
	return 0;
}

/* --- its end --- */

static void talk_close(struct parent_acme *a)
{
	io_watch_free(a->watch);
	a->watch = NULL;
	closep(&a->sock);
	a->sock = -1;
}

/* why: NULL: well. */
static void order_end(struct parent *p, const char *why)
{
	struct parent_acme *a = p->acme;
	const struct conf_certificate *c = parent_acme_certificate(p, a->name);
	struct acme_record record = { .began_s = a->began_s, .failures = a->failures };
	const struct acme_life none = {};
	a->step = PARENT_ORDER_NONE;
	talk_close(a);
	parent_challenges_end(p);
	parent_acme_share_release(p);
	acme_record_end(&record, time(NULL), slice_str(why ? why : ""));
	if (c)
		parent_acme_record_put(p, c, &record);
	parent_acme_alarm(p);
	if (why)
		log_error(NULL, "certificate not issued, the one before stays",
		          kv_str("certificate", a->name), kv_str("reason", record.why),
		          kv_int("failures", record.failures),
		          kv_int("again_in_s", acme_due_next(&record, &none, 0) - record.ended_s));
}

static void issued_take(struct parent *p)
{
	struct parent_acme *a = p->acme;
	CLEAN(buf_deinit) struct buf pem = {};
	struct parent_acme_paths paths;
	const struct conf_certificate *c = parent_acme_certificate(p, a->name);
	if (!c) {
		order_end(p, "it is not in the configuration any more");
		return;
	}
	parent_acme_paths(p->plan->settings, c, &paths);
	if (parent_acme_issued_read(&paths, &pem)) {
		order_end(p, "the client wrote no certificate, or too long a chain");
		return;
	}
	const struct parent_issued issued = { c, a->key, a->digest, buf_slice(&pem) };
	const char *why = parent_acme_issued_keep(p, &issued);
	if (!why)
		parent_acme_share_put(p, &issued);
	order_end(p, why);
}

/* --- the hook --- */

void parent_acme_in_force(struct parent *p, bool is_in_force)
{
	uint8_t answer = is_in_force ? ACCEPTED : 0;
	struct parent_acme *a = p->acme;
	if (a->sock >= 0 && send(a->sock, &answer, sizeof(answer), MSG_NOSIGNAL) < 0)
		log_warn(NULL, "the ACME client's hook does not wait any more",
		         kv_str("certificate", a->name));
}

static bool is_expected(const struct parent_acme *a, const struct conf_certificate *c,
                        const struct acme_word *w)
{
	bool is_type = c->challenge == CONF_CHALLENGE_HTTP ? w->type == ACME_HTTP_01
	                                                   : w->type == ACME_TLS_ALPN_01;
	char *const names[] = { (char *)w->name };
	char all[ACME_NAME_CAP + 1];
	(void)a;
	for (size_t i = 0; is_type && i < c->name_count; i++) {
		snprintf(all, sizeof(all), "%s", c->names[i]);
		if (acme_names_are_in(all, names, 1))
			return true;
	}
	return false;
}

static void on_word(struct parent *p, const struct acme_word *w)
{
	const struct conf_certificate *c = parent_acme_certificate(p, p->acme->name);
	if (w->method != ACME_BEGIN) {
		parent_challenge_take_out(p, w);
		parent_acme_in_force(p, true);
	} else if (!c || !is_expected(p->acme, c, w) || parent_challenge_put(p, w)) {
		parent_acme_in_force(p, false);
	}
}

static void on_talk(void *owner, int events)
{
	struct parent *p = owner;
	uint8_t bytes[ACME_WORD_MAX + 1];
	struct acme_word word;
	(void)events;
	ssize_t n = recv(p->acme->sock, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) { /* the client and its hooks are gone; runner says how */
		io_watch_set(p->acme->watch, 0);
		return;
	}
	if (!p->acme->words) { /* who is not answered ends, and the order with him */
		log_warn(NULL, "the ACME client's hook says too much and is not heard any more",
		         kv_str("certificate", p->acme->name));
		talk_close(p->acme);
		return;
	}
	p->acme->words--;
	if (acme_word_read(&word, slice_of(bytes, (size_t)n)))
		parent_acme_in_force(p, false); /* a challenge of another kind, for one */
	else
		on_word(p, &word);
}

/* --- the client --- */

static int talk_open(struct parent *p, int *ret_its)
{
	struct parent_acme *a = p->acme;
	int pair[2];
	talk_close(a);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return err_raise(-errno);
	a->sock = pair[0];
	int r = io_watch_new(&a->watch, p->loop, a->sock, on_talk, p);
	if (r) {
		close(pair[1]);
		return err_up(r);
	}
	const struct conf_certificate *c = parent_acme_certificate(p, a->name);
	a->words = WORDS_MIN + WORDS_PER_NAME * (c ? (unsigned)c->name_count : 0);
	io_watch_set(a->watch, IO_READ);
	*ret_its = pair[1];
	return 0;
}

/* words: ended by NULL. */
static int program_run(struct parent *p, const char *const *words, uint32_t deadline_ms)
{
	struct parent_acme *a = p->acme;
	CLEAN(buf_deinit) struct buf payload = {};
	struct proc_packer packer = proc_packer_onto(&payload);
	int its = -1;
	if (!p->runner.is_ready)
		return err_raise(-EAGAIN);
	proc_pack_u32(&packer, ++a->number);
	proc_pack_u32(&packer, deadline_ms);
	for (size_t i = 0; words[i]; i++)
		proc_pack_str(&packer, words[i]);
	if (packer.has_failed)
		return err_raise(-ENOMEM);
	int r = talk_open(p, &its);
	if (r)
		return err_up(r);
	parent_send(&p->runner, PROC_MSG_PROGRAM, buf_slice(&payload), its);
	return 0;
}

static void account_run(struct parent *p, const struct conf_certificate *c)
{
	struct parent_acme_paths paths;
	parent_acme_paths(p->plan->settings, c, &paths);
	const char *const words[] = { client,     "-y",  "-a",       c->acme, "-c",
		                      paths.home, "new", c->contact, NULL };
	p->acme->step = PARENT_ORDER_ACCOUNT;
	int r = program_run(p, words, ACCOUNT_MS);
	if (r)
		order_end(p, strerror(-r));
}

/* As it was called; the client calls it from elsewhere. */
static void own_path(char ret_path[PATH_MAX])
{
	const char *path = (const char *)getauxval(AT_EXECFN);
	if (!path || !realpath(path, ret_path))
		snprintf(ret_path, PATH_MAX, "/usr/bin/mailseal");
}

static void issue_run(struct parent *p, const struct conf_certificate *c)
{
	char hook[PATH_MAX];
	struct parent_acme_paths paths;
	parent_acme_paths(p->plan->settings, c, &paths);
	own_path(hook);
	const char *const words[] = {
		client,     "-y",          "-f",
		"-a",       c->acme,       "-c",
		paths.home, "-h",          c->challenge == CONF_CHALLENGE_DNS ? c->dns_hook : hook,
		"issue",    paths.request, NULL
	};
	p->acme->step = PARENT_ORDER_ISSUE;
	int r = program_run(p, words, ISSUE_MS);
	if (r)
		order_end(p, strerror(-r));
}

void parent_acme_program_ended(struct parent *p, struct slice payload)
{
	struct parent_acme *a = p->acme;
	struct proc_unpacker u = proc_unpacker_over(payload);
	struct slice said;
	uint32_t number;
	uint8_t is_well;
	char why[256];
	if (!proc_unpack_u32(&u, &number) || !proc_unpack_u8(&u, &is_well) ||
	    !proc_unpack_text(&u, &said) || number != a->number)
		return;
	const struct conf_certificate *c = parent_acme_certificate(p, a->name);
	slice_to_text(said, why, sizeof(why));
	if (a->step == PARENT_ORDER_ACCOUNT && c)
		issue_run(p, c); /* it may be there already: the order shows that */
	else if (a->step == PARENT_ORDER_ISSUE && is_well)
		issued_take(p);
	else if (a->step != PARENT_ORDER_NONE)
		order_end(p, why[0] ? why : "the client failed and said nothing");
}

void parent_acme_runner_lost(struct parent *p)
{
	struct parent_acme *a = p->acme;
	if (a->step == PARENT_ORDER_ACCOUNT || a->step == PARENT_ORDER_ISSUE)
		order_end(p, "the process that ran the client ended");
}

/* --- its beginning --- */

static void on_request(struct parent *p, uint64_t owner, const struct parent_request_made *made)
{
	struct parent_acme *a = p->acme;
	struct parent_acme_paths paths;
	if (a->step != PARENT_ORDER_REQUEST || owner != a->number)
		return;
	const struct conf_certificate *c = parent_acme_certificate(p, a->name);
	if (!c || !made->is_well) {
		order_end(p, c ? "the request cannot be made, keys has said why"
		               : "it is not in the configuration any more");
		return;
	}
	memcpy(a->digest, made->digest, sizeof(a->digest));
	parent_acme_paths(p->plan->settings, c, &paths);
	int r = parent_acme_request_write(p->plan->settings, &paths, made->request);
	if (r)
		order_end(p, strerror(-r));
	else if (access(paths.account, F_OK) || a->failures)
		account_run(p, c);
	else
		issue_run(p, c);
}

static bool has_client(void)
{
	return !access("/usr/bin/uacme", X_OK) || !access("/usr/local/bin/uacme", X_OK);
}

const char *parent_acme_order_begin(struct parent *p, const struct conf_certificate *c,
                                    enum parent_order_key key)
{
	static const char no_client[] = "there is no uacme here: apt install uacme";
	struct parent_acme *a = p->acme;
	const struct conf_settings *s = p->plan->settings;
	char path[PARENT_ACME_PATH_CAP];
	struct acme_record record;
	parent_acme_record_get(p, c, &record);
	snprintf(a->name, sizeof(a->name), "%s", c->name);
	a->key = key;
	a->began_s = time(NULL);
	a->failures = record.failures + (record.began_s && !record.ended_s);
	if (!has_client()) {
		order_end(p, no_client);
		return no_client;
	}
	record = (struct acme_record){ .began_s = a->began_s, .failures = a->failures };
	parent_acme_record_put(p, c, &record);
	conf_certificate_file_path(s, c,
	                           key == PARENT_ORDER_NEXT ? CONF_NEXT_KEY_FILE : CONF_KEY_FILE,
	                           path, sizeof(path));
	a->step = PARENT_ORDER_REQUEST;
	const struct parent_request ask = { .key_path = path,
		                            .names = c->names,
		                            .name_count = c->name_count,
		                            .on_made = on_request,
		                            .owner = ++a->number };
	int r = parent_request_ask(p, &ask);
	if (r) {
		order_end(p, strerror(-r));
		return "its key cannot be read, see the log";
	}
	log_notice(NULL, "certificate ordered", kv_str("certificate", c->name),
	           kv_str("acme", c->acme));
	return NULL;
}

const char *parent_acme_order(struct parent *p, const char *name, enum parent_order_key key)
{
	const struct conf_certificate *c = parent_acme_certificate(p, name);
	if (!c)
		return "no certificate of that name is ordered here";
	if (p->acme->step != PARENT_ORDER_NONE)
		return "another order is under way: try again in a minute";
	if (p->is_draining || !p->runner.is_ready)
		return "not now: the daemon begins or ends";
	if (key == PARENT_ORDER_CURRENT && parent_acme_is_shared(p))
		return parent_acme_share_claim(p, c);
	return parent_acme_order_begin(p, c, key);
}

static void due_order(struct parent *p, const struct conf_certificate *c)
{
	if (!parent_acme_is_shared(p))
		(void)parent_acme_order_begin(p, c, PARENT_ORDER_CURRENT);
	else if (p->acme->claim_due_s <= time(NULL))
		(void)parent_acme_share_claim(p, c);
}

void parent_acme_tick(struct parent *p)
{
	const struct conf_settings *s = p->plan ? p->plan->settings : NULL;
	if (!s || !p->is_ready || p->next || p->is_draining || !p->runner.is_ready)
		return;
	if (!p->acme->has_finished) {
		p->acme->has_finished = true;
		parent_acme_issued_finish(p);
	}
	parent_acme_alarm(p);
	parent_acme_share_tick(p);
	for (size_t i = 0; i < s->certificate_count && p->acme->step == PARENT_ORDER_NONE; i++)
		if (s->certificates[i].acme && parent_acme_due_s(p, i) <= time(NULL))
			due_order(p, &s->certificates[i]);
}

void parent_acme_free(struct parent *p)
{
	struct parent_acme *a = TAKE(p->acme);
	if (!a)
		return;
	talk_close(a);
	parent_acme_records_free(a);
	free(a);
}
