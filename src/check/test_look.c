/*
 * Looks over the loop at servers in processes of their own: real TLS behind SMTP, and scripts that
 * do what a hostile or busy server does.
 */
#include "check/look.h"

#include "base/clean.h"
#include "io/loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

enum { WATCHDOG_MS = 100000 };

/* --- A server in a process --- */

struct mode {
	bool is_implicit;
	bool is_injectable; /* what came with STARTTLS is answered in TLS */
	bool renegotiates;
	int min, max;              /* versions; 0: all */
	const char *suites;        /* before TLS 1.3 */
	const char *const *script; /* instead of all that: what is said, a line of the client's
	                              between; the last is said for ever if repeats */
	bool repeats;
	bool closes; /* behind the script; else it stays silent */
	bool is_big; /* answers a ClientHello by 1 MiB of handshake */
};

struct server {
	pid_t pid;
	uint16_t port;
};

struct line_reader {
	int fd;
	SSL *ssl;
	char data[4096];
	size_t len;
};

static bool say(struct line_reader *c, const char *text, size_t len)
{
	if (c->ssl)
		return SSL_write(c->ssl, text, (int)len) > 0;
	return send(c->fd, text, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static bool say_line(struct line_reader *c, const char *text)
{
	return say(c, text, strlen(text));
}

static bool line_read(struct line_reader *c, char *ret_line, size_t cap)
{
	char *end;
	while (!(end = memchr(c->data, '\n', c->len))) {
		char *at = c->data + c->len;
		size_t room = sizeof(c->data) - c->len;
		ssize_t n = c->ssl ? SSL_read(c->ssl, at, (int)room) : recv(c->fd, at, room, 0);
		if (n <= 0)
			return false;
		c->len += (size_t)n;
	}
	size_t len = (size_t)(end - c->data) + 1;
	snprintf(ret_line, cap, "%.*s", (int)len, c->data);
	c->len -= len;
	memmove(c->data, end + 1, c->len);
	return true;
}

static SSL_CTX *context_new(const struct mode *mode)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	EVP_PKEY *key = EVP_RSA_gen(2048);
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"mx.test", -1, -1, 0);
	X509_set_version(x, X509_VERSION_3);
	X509_set_issuer_name(x, name);
	X509_gmtime_adj(X509_getm_notBefore(x), -60);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, key);
	X509_EXTENSION *san = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:mx.test");
	X509_add_ext(x, san, -1);
	X509_sign(x, key, EVP_sha256());
	SSL_CTX_set_security_level(ctx, 0);
	SSL_CTX_set_cipher_list(ctx, mode->suites ?: "ECDHE+AESGCM");
	SSL_CTX_set_min_proto_version(ctx, mode->min ?: TLS1_2_VERSION);
	SSL_CTX_set_max_proto_version(ctx, mode->max);
	SSL_CTX_set_options(ctx, mode->renegotiates ? SSL_OP_ALLOW_CLIENT_RENEGOTIATION : 0);
	SSL_CTX_use_certificate(ctx, x);
	SSL_CTX_use_PrivateKey(ctx, key);
	return ctx;
}

static bool tls_start(struct line_reader *c, SSL_CTX *ctx, bool keeps)
{
	c->ssl = SSL_new(ctx);
	SSL_set_fd(c->ssl, c->fd);
	c->len = keeps ? c->len : 0;
	return SSL_accept(c->ssl) == 1;
}

static bool smtp_answer(struct line_reader *c, const char *line, const struct mode *mode,
                        SSL_CTX *ctx)
{
	if (!strncmp(line, "EHLO", 4))
		return say_line(c, c->ssl ? "250-mx.test\r\n250 AUTH PLAIN\r\n"
		                          : "250-mx.test\r\n250 STARTTLS\r\n");
	if (!strncmp(line, "STARTTLS", 8))
		return say_line(c, "220 go\r\n") && tls_start(c, ctx, mode->is_injectable);
	if (!strncmp(line, "QUIT", 4)) {
		say_line(c, "221 bye\r\n");
		return false;
	}
	return say_line(c, "250 ok\r\n");
}

static void smtp_serve(int fd, const struct mode *mode, SSL_CTX *ctx)
{
	struct line_reader c = { .fd = fd };
	char line[512];
	if (mode->is_implicit && !tls_start(&c, ctx, false))
		return;
	if (!say_line(&c, "220-mx.test ESMTP Postfix\r\n220 mx.test\r\n"))
		return;
	while (line_read(&c, line, sizeof(line)))
		if (!smtp_answer(&c, line, mode, ctx))
			return;
}

/* A handshake message that says it is as long as can be, and never ends. */
static void big_serve(struct line_reader *c)
{
	char hello[1024];
	uint8_t record[5 + 16384] = { 22, 3, 3, 0x40, 0x00 };
	if (recv(c->fd, hello, sizeof(hello), 0) <= 0)
		return;
	record[5] = 2;
	record[6] = 0xff;
	for (int i = 0; i < 64; i++)
		if (!say(c, (const char *)record, sizeof(record)))
			return;
}

static void script_serve(int fd, const struct mode *mode)
{
	struct line_reader c = { .fd = fd };
	char line[512];
	size_t i = 0;
	for (; mode->script[i]; i++) {
		if ((i && !line_read(&c, line, sizeof(line))) || !say_line(&c, mode->script[i]))
			return;
	}
	while (mode->repeats && say_line(&c, mode->script[i - 1]))
		;
	if (mode->is_big)
		big_serve(&c);
	while (!mode->closes && recv(fd, line, sizeof(line), 0) > 0)
		;
}

static void serve(int listener, const struct mode *mode)
{
	SSL_CTX *ctx = mode->script ? NULL : context_new(mode);
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		if (fd < 0)
			_exit(1);
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (mode->script)
				script_serve(fd, mode);
			else
				smtp_serve(fd, mode, ctx);
			_exit(0);
		}
		close(fd);
	}
}

static struct server server_start(const struct mode *mode)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sa);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0 && !bind(fd, (struct sockaddr *)&sa, len) && !listen(fd, 64));
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
	struct server s = { .port = ntohs(sa.sin_port), .pid = fork() };
	assert_true(s.pid >= 0);
	if (!s.pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(fd, mode);
	}
	close(fd);
	return s;
}

static void server_stop(struct server *s)
{
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
}

/* --- A look --- */

struct run {
	struct io_loop *loop;
	struct check_look *look;
	struct check_look_asker asker, second;
	unsigned told;
	unsigned wanted;
	struct io_deadline watchdog;
	const struct check_endpoint *e;
	uint64_t took_ms;
};

static void on_watchdog(struct io_deadline *d)
{
	struct run *run = (struct run *)((char *)d - offsetof(struct run, watchdog));
	io_loop_stop(run->loop);
}

static void on_told(struct check_look_asker *asker, struct check_endpoint *endpoint)
{
	struct run *run = asker->owner;
	run->e = endpoint;
	if (++run->told >= run->wanted)
		io_loop_stop(run->loop);
}

/* Short times, for the scripts; budgets are those of a stranger. */
struct wish {
	enum check_tier tier;
	bool has_attacks;
	uint32_t endpoint_ms, answer_ms;
};

static void run_begin_with(struct run *run, const struct wish *wish)
{
	struct check_look_settings set;
	char error[128];
	*run = (struct run){ .wanted = 1 };
	check_look_settings_init(&set, wish->tier, false);
	set.hostname = "me.test";
	set.plan.has_attacks = wish->has_attacks;
	set.endpoint_ms = wish->endpoint_ms ?: set.endpoint_ms;
	set.budget.back_off_ms = 200;
	/* Nobody is lost because the machine is busy. */
	set.limits.greeting_ms = set.limits.answer_ms = wish->answer_ms ?: 6000;
	assert_int_equal(io_loop_new(&run->loop), 0);
	assert_int_equal(check_look_new(&run->look, run->loop, &set, error, sizeof(error)), 0);
	run->asker = (struct check_look_asker){ .fn = on_told, .owner = run };
	run->second = run->asker;
	run->watchdog.fn = on_watchdog;
	io_deadline_arm(run->loop, &run->watchdog, WATCHDOG_MS);
}

static void run_begin(struct run *run, enum check_tier tier)
{
	run_begin_with(run, &(struct wish){ .tier = tier });
}

static uint64_t clock_ms(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void run_all(struct run *run, uint16_t port, enum check_service service)
{
	struct check_look_target t = {
		.host = "mx.test", .address = "127.0.0.1", .port = port, .service = service
	};
	uint64_t begin = clock_ms();
	assert_int_equal(check_look_endpoint(run->look, &t, &run->asker), 0);
	assert_int_equal(io_loop_run(run->loop), 0);
	run->took_ms = clock_ms() - begin;
	assert_int_equal(run->told, run->wanted);
}

static void run_end(struct run *run)
{
	check_look_forget(run->look, &run->asker);
	check_look_forget(run->look, &run->second);
	check_look_free(run->look);
	io_deadline_disarm(&run->watchdog);
	io_loop_free(run->loop);
}

/* --- Tests --- */

static void test_look_good_smtp(void **state)
{
	(void)state;
	struct mode mode = {};
	struct server s = server_start(&mode);
	struct run run;
	run_begin(&run, CHECK_TIER_DEFAULT);
	run_all(&run, s.port, CHECK_SMTP);
	const struct check_endpoint *e = run.e;
	assert_int_equal(e->reach, CHECK_OPEN);
	assert_int_equal(e->has_tls, CHECK_YES);
	assert_int_equal(e->connections, 9);
	assert_int_equal(e->probes_lost, 0);
	assert_string_equal(e->software, "Postfix");
	assert_true(e->clear.offers_starttls && !e->sealed.offers_starttls);
	assert_string_equal(e->sealed.auth, "PLAIN");
	assert_string_equal(e->clear.auth, "");
	assert_int_equal(e->handshake.is_done, CHECK_YES);
	assert_string_equal(e->handshake.version, "TLSv1.3");
	assert_int_equal(e->handshake.is_resumed, CHECK_YES);
	assert_int_equal(e->has_tickets, CHECK_YES);
	assert_true(e->ticket_lifetime_s > 0);
	assert_int_equal(e->has_early_data, CHECK_NO);
	assert_int_equal(e->injection, CHECK_NO);
	assert_int_equal(e->plain_mail, CHECK_YES);
	assert_int_equal(e->renegotiates, CHECK_NO);
	assert_int_equal(e->tolerates, CHECK_YES);
	assert_int_equal(e->takes_bad_suites, CHECK_NO);
	assert_int_equal(e->has_ems, CHECK_YES);
	assert_int_equal(e->has_secure_renegotiation, CHECK_YES);
	assert_int_equal(e->compresses, CHECK_NO);
	for (enum check_version v = CHECK_SSL2; v < CHECK_VERSION_COUNT; v++)
		assert_int_equal(e->versions[v].is_there, v < CHECK_TLS12 ? CHECK_NO : CHECK_YES);
	assert_true(e->has_chain && e->chain.is_self_signed && e->chain.key_is_rsa);
	assert_int_equal(e->chain.key_bits, 2048);
	assert_int_equal(e->chain.has_name, CHECK_YES);
	assert_string_equal(e->chain.names, "mx.test");
	assert_int_equal(e->chain.is_stapled, CHECK_NO);
	assert_true(e->has_proof);
	run_end(&run);
	server_stop(&s);
}

static void test_look_bad_smtp(void **state)
{
	(void)state;
	struct mode mode = { .is_injectable = true,
		             .renegotiates = true,
		             .min = TLS1_VERSION,
		             .max = TLS1_2_VERSION,
		             .suites = "ALL:@SECLEVEL=0" };
	struct server s = server_start(&mode);
	struct run run;
	run_begin(&run, CHECK_TIER_DEFAULT);
	run_all(&run, s.port, CHECK_SMTP);
	const struct check_endpoint *e = run.e;
	assert_int_equal(e->injection, CHECK_YES);
	assert_int_equal(e->renegotiates, CHECK_YES);
	assert_int_equal(e->renegotiations, CHECK_PLAN_RENEGOTIATIONS);
	assert_int_equal(e->versions[CHECK_TLS13].is_there, CHECK_NO);
	assert_int_equal(e->versions[CHECK_TLS11].is_there, CHECK_YES);
	assert_int_equal(e->versions[CHECK_TLS10].is_there, CHECK_YES);
	assert_int_equal(e->versions[CHECK_SSL3].is_there, CHECK_NO);
	assert_int_equal(e->has_pq, CHECK_NO);
	assert_int_equal(e->honours_fallback_scsv, CHECK_YES);
	assert_int_equal(e->probes_lost, 0);
	assert_true(e->connections <= 13);
	run_end(&run);
	server_stop(&s);
}

static void test_look_tls_from_the_first_byte(void **state)
{
	(void)state;
	struct mode mode = { .is_implicit = true };
	struct server s = server_start(&mode);
	struct run run;
	run_begin(&run, CHECK_TIER_DEFAULT);
	run_all(&run, s.port, CHECK_SUBMISSIONS);
	assert_int_equal(run.e->reach, CHECK_OPEN);
	assert_string_equal(run.e->sealed.auth, "PLAIN");
	assert_int_equal(run.e->handshake.is_resumed, CHECK_YES);
	assert_int_equal(run.e->probes_lost, 0);
	run_end(&run);
	run_begin(&run, CHECK_TIER_DEFAULT);
	run_all(&run, s.port, CHECK_TLS);
	assert_int_equal(run.e->has_tls, CHECK_YES);
	assert_int_equal(run.e->handshake.is_resumed, CHECK_YES);
	run_end(&run);
	server_stop(&s);
}

static void test_look_deep(void **state)
{
	(void)state;
	struct mode mode = { .is_implicit = true, .suites = "ECDHE+AESGCM:AES128-SHA" };
	struct server s = server_start(&mode);
	struct run run;
	run_begin(&run, CHECK_TIER_DEEP);
	run_all(&run, s.port, CHECK_TLS);
	const struct check_suites *suites = &run.e->versions[CHECK_TLS12];
	assert_true(suites->is_whole && run.e->versions[CHECK_TLS13].is_whole);
	assert_int_equal(suites->count, 3); /* two with ECDHE_RSA, and AES128-SHA */
	assert_int_equal(suites->has_order, CHECK_NO);
	assert_int_equal(run.e->versions[CHECK_TLS13].count, 3);
	assert_true(run.e->groups_are_whole && run.e->group_count >= 4);
	assert_true(run.e->sigalg_count >= 4);
	assert_int_equal(run.e->works_without_sni, CHECK_YES);
	assert_true(run.e->no_sni_is_same && !run.e->has_other_chain);
	assert_int_equal(run.e->alpn_is_strict, CHECK_UNKNOWN); /* of mail alone */
	assert_int_equal(run.e->probes_lost, 0);
	assert_true(run.e->connections < CHECK_PLAN_CONNECTIONS_MAX);
	run_end(&run);
	server_stop(&s);
}

static void test_look_attacks(void **state)
{
	(void)state;
	struct mode mode = { .suites = "ECDHE+AESGCM:AES128-SHA" };
	struct server s = server_start(&mode);
	struct run run;
	run_begin_with(&run, &(struct wish){ .has_attacks = true });
	run_all(&run, s.port, CHECK_SMTP);
	assert_int_equal(run.e->attacks.heartbleed, CHECK_NO);
	assert_int_equal(run.e->attacks.ccs, CHECK_NO);
	assert_int_equal(run.e->attacks.robot, CHECK_NO);
	assert_int_equal(run.e->attacks.ticketbleed, CHECK_NO);
	assert_int_equal(run.e->probes_lost, 0);
	assert_int_equal(run.e->connections, 9 + 1 + 2 + 5); /* and the other half of WEAK */
	run_end(&run);
	server_stop(&s);
}

static const char *const busy[] = { "421 4.7.0 too many connections\r\n", NULL };
static const char *const unwilling[] = { "220 mx.test\r\n", "250-mx.test\r\n250 STARTTLS\r\n",
	                                 "454 4.7.0 TLS not available\r\n", NULL };
static const char *const plain[] = { "220 mx.test\r\n", "250 mx.test\r\n", NULL };
static const char *const nothing[] = { "", NULL };
static const char *const endless[] = { "220-and another thing\r\n", NULL };
static const char *const web[] = { "HTTP/1.1 400 Bad Request\r\n\r\n", NULL };
static const char *const big[] = { "220 mx.test\r\n", "250-mx.test\r\n250 STARTTLS\r\n",
	                           "220 go\r\n", NULL };

static void test_look_hostile(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct mode mode;
		enum check_reach reach;
		enum check_seen has_tls;
	} cases[] = {
		{ "421", { .script = busy, .closes = true }, CHECK_RATE, CHECK_UNKNOWN },
		{ "454 to STARTTLS", { .script = unwilling }, CHECK_OPEN, CHECK_NO },
		{ "no STARTTLS", { .script = plain }, CHECK_OPEN, CHECK_NO },
		{ "silent", { .script = nothing }, CHECK_SILENT, CHECK_UNKNOWN },
		{ "closes at once",
		  { .script = nothing, .closes = true },
		  CHECK_RATE,
		  CHECK_UNKNOWN },
		{ "endless greeting",
		  { .script = endless, .repeats = true },
		  CHECK_FOREIGN,
		  CHECK_UNKNOWN },
		{ "another protocol",
		  { .script = web, .closes = true },
		  CHECK_FOREIGN,
		  CHECK_UNKNOWN },
		{ "a hello without end",
		  { .script = big, .is_big = true },
		  CHECK_OPEN,
		  CHECK_UNKNOWN },
		{ "silent behind STARTTLS", { .script = big }, CHECK_OPEN, CHECK_UNKNOWN },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct server s = server_start(&cases[i].mode);
		struct run run;
		run_begin_with(&run, &(struct wish){ .endpoint_ms = 6000, .answer_ms = 1500 });
		run_all(&run, s.port, CHECK_SMTP);
		if (run.e->reach != cases[i].reach || run.e->has_tls != cases[i].has_tls)
			fail_msg("%s: reach %s, TLS %d, why %s", cases[i].name,
			         check_reach_name(run.e->reach), run.e->has_tls, run.e->why);
		assert_true(run.took_ms < 62000);
		if (run.e->reach != CHECK_OPEN)
			assert_true(run.e->why[0]);
		run_end(&run);
		server_stop(&s);
	}
}

/* Whatever a server does, its time ends; what was not heard by then is lost, not bad. */
static void test_look_ends_in_time(void **state)
{
	(void)state;
	struct mode mode = { .script = big };
	struct server s = server_start(&mode);
	struct run run;
	run_begin_with(&run, &(struct wish){ .endpoint_ms = 2500, .answer_ms = 1500 });
	run_all(&run, s.port, CHECK_SMTP);
	assert_true(run.took_ms < 20000);
	assert_int_equal(run.e->reach, CHECK_OPEN);
	assert_int_equal(run.e->has_tls, CHECK_UNKNOWN);
	assert_true(run.e->connections < 9 && run.e->probes_lost >= 8);
	run_end(&run);
	server_stop(&s);
}

static void test_look_nobody_listens(void **state)
{
	(void)state;
	struct mode mode = { .script = nothing };
	struct server s = server_start(&mode);
	struct run run;
	server_stop(&s);
	run_begin(&run, CHECK_TIER_DEFAULT);
	run_all(&run, s.port, CHECK_SMTP);
	assert_int_equal(run.e->reach, CHECK_CLOSED);
	assert_int_equal(run.e->connections, 1);
	run_end(&run);
}

static void test_look_is_shared(void **state)
{
	(void)state;
	struct mode mode = {};
	struct server s = server_start(&mode);
	struct run run;
	run_begin(&run, CHECK_TIER_DEFAULT);
	run.wanted = 2;
	struct check_look_target t = {
		.host = "mx.test", .address = "127.0.0.1", .port = s.port, .service = CHECK_SMTP
	};
	assert_int_equal(check_look_endpoint(run.look, &t, &run.second), 0);
	run_all(&run, s.port, CHECK_SMTP);
	assert_int_equal(check_look_progress(run.look).endpoints, 1);
	assert_int_equal(check_look_progress(run.look).connections, 9);
	/* Nobody asks any more; who comes later is told what is known. */
	check_look_forget(run.look, &run.asker);
	check_look_forget(run.look, &run.second);
	run.told = 0;
	run.wanted = 1;
	run_all(&run, s.port, CHECK_SMTP);
	assert_int_equal(check_look_progress(run.look).connections, 9);
	run_end(&run);
	server_stop(&s);
}

static void test_look_is_cancelled(void **state)
{
	(void)state;
	struct mode mode = { .script = nothing };
	struct server s = server_start(&mode);
	struct run run;
	run_begin(&run, CHECK_TIER_DEFAULT);
	struct check_look_target t = {
		.host = "mx.test", .address = "127.0.0.1", .port = s.port, .service = CHECK_SMTP
	};
	assert_int_equal(check_look_endpoint(run.look, &t, &run.second), 0);
	check_look_forget(run.look, &run.second);
	t.host = "other.test";
	assert_int_equal(check_look_endpoint(run.look, &t, &run.second), 0);
	t.address = "no address";
	assert_int_equal(check_look_endpoint(run.look, &t, &run.asker), -EINVAL);
	run_end(&run);
	server_stop(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_look_good_smtp),
		cmocka_unit_test(test_look_bad_smtp),
		cmocka_unit_test(test_look_tls_from_the_first_byte),
		cmocka_unit_test(test_look_deep),
		cmocka_unit_test(test_look_attacks),
		cmocka_unit_test(test_look_hostile),
		cmocka_unit_test(test_look_ends_in_time),
		cmocka_unit_test(test_look_nobody_listens),
		cmocka_unit_test(test_look_is_shared),
		cmocka_unit_test(test_look_is_cancelled),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
