#include "cmd/check_sender.h"

#include "base/clean.h"
#include "base/file.h"
#include "check/sender_bench.h"
#include "check/sender_print.h"
#include "cmd/check_options.h"
#include "cmd/check_sender_options.h"
#include "conf/network.h"
#include "io/loop.h"
#include "proc/box.h"
#include "tls/mint.h"
#include "tls/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

enum { PEM_MAX = 256 * 1024, LAST_LOOK_MS = 100 };

struct testing {
	const struct check_sender_options *o;
	struct check_sender_site site;
	struct tls_mint *mint;
	struct check_sender_tls tls;
	struct io_loop *loop;
	struct check_sender_bench *bench;
	struct io_deadline over;
	struct io_signal *interrupt, *terminate;
	bool has_colour; /* asked before the walls, behind which nobody can tell */
	bool has_failed; /* could not write */
};

/* Keys and certificates */

/* Whole or not at all, and for us alone. */
static int ca_keep(const struct tls_mint *mint, const char *path)
{
	CLEAN(buf_deinit_secret) struct buf pem = {};
	CLEAN(closep) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return check_sender_fail("%s: %s", path, strerror(errno));
	if (!tls_mint_write(mint, &pem) &&
	    write(fd, buf_slice(&pem).data, buf_len(&pem)) == (ssize_t)buf_len(&pem) && !fsync(fd))
		return 0;
	unlink(path);
	return check_sender_fail("%s: cannot write", path);
}

static int ca_take(struct tls_mint **ret_mint, const char *path)
{
	CLEAN(buf_deinit_secret) struct buf pem = {};
	int r = path ? file_read(&pem, path, PEM_MAX, NULL) : -ENOENT;
	if (r && r != -ENOENT)
		return check_sender_fail("%s: %s", path, file_error(r));
	if (!r) {
		r = tls_mint_read(ret_mint, buf_slice(&pem));
		return r ? check_sender_fail("%s: not the key and certificate of a CA", path) : 0;
	}
	if (tls_mint_new(ret_mint, "mailseal check --sender"))
		return check_sender_fail("out of memory");
	return path ? ca_keep(*ret_mint, path) : 0;
}

static int file_take(struct buf *ret_pem, const char *path)
{
	int r = path ? file_read(ret_pem, path, PEM_MAX, NULL) : 0;
	return r ? check_sender_fail("%s: %s", path, file_error(r)) : 0;
}

/* What the good host's TLSA record says: the CA's key, or that of the operator's certificate. */
static int digest_fill(struct testing *t, struct slice chain_pem)
{
	t->site.tlsa_usage = chain_pem.len ? 3 : 2;
	int r = chain_pem.len ? tls_chain_public_digest(chain_pem, t->site.tlsa_digest)
	                      : tls_mint_digest(t->mint, t->site.tlsa_digest);
	return r ? check_sender_fail("--chain: no certificate") : 0;
}

static int keys_fill(struct testing *t)
{
	CLEAN(buf_deinit) struct buf chain = {};
	CLEAN(buf_deinit_secret) struct buf key = {};
	int r = file_take(&chain, t->o->chain);
	if (!r)
		r = file_take(&key, t->o->key);
	if (!r)
		r = digest_fill(t, buf_slice(&chain));
	if (r || t->o->prints_zone)
		return r;
	struct check_sender_tls_settings set = { .site = &t->site,
		                                 .mint = t->mint,
		                                 .chain_pem = buf_slice(&chain),
		                                 .key_pem = buf_slice(&key) };
	r = check_sender_tls_init(&t->tls, &set);
	if (r == CHECK_SENDER_TLS_BAD_PAIR)
		return check_sender_fail("--chain and --key do not belong together");
	if (r == CHECK_SENDER_TLS_NOT_HERE)
		return check_sender_fail("this OpenSSL has no TLS 1.0 or no RSA key exchange");
	return r ? check_sender_fail("out of memory") : 0;
}

/* What is seen */

static struct check_sender_result result_of(const struct testing *t)
{
	return (struct check_sender_result){
		.zone = t->site.zone,
		.set = t->site.set,
		.seen = check_sender_bench_seen(t->bench),
		.strangers = check_sender_bench_strangers(t->bench),
		.has_colour = t->has_colour,
	};
}

static void write_out(struct testing *t, FILE *to, int r, const struct buf *text)
{
	struct slice s = buf_slice(text);
	if (r || fwrite(s.data ? s.data : (const uint8_t *)"", 1, s.len, to) != s.len || fflush(to))
		t->has_failed = true;
}

static void on_arrival(void *owner, const struct check_sender_case *c,
                       enum check_sender_arrival arrival)
{
	struct testing *t = owner;
	CLEAN(buf_deinit) struct buf line = {};
	struct check_sender_result result = result_of(t);
	(void)arrival;
	int r = check_sender_line_write(&line, &result, c);
	write_out(t, t->o->is_json ? stderr : stdout, r, &line);
}

static void on_settled(void *owner)
{
	struct testing *t = owner;
	io_loop_stop(t->loop);
}

static void on_over(struct io_deadline *d)
{
	struct testing *t = (struct testing *)((char *)d - offsetof(struct testing, over));
	io_loop_stop(t->loop);
}

/* Not at once: who has gone before is to be counted, and may not have been looked at yet. */
static void on_signal(void *owner, int number)
{
	struct testing *t = owner;
	(void)number;
	io_deadline_arm(t->loop, &t->over, LAST_LOOK_MS);
}

static bool is_wanted(void *owner, const struct sockaddr *peer)
{
	const struct testing *t = owner;
	bool is_v6 = peer->sa_family == AF_INET6;
	const uint8_t *bytes =
		is_v6 ? ((const struct sockaddr_in6 *)peer)->sin6_addr.s6_addr
		      : (const uint8_t *)&((const struct sockaddr_in *)peer)->sin_addr;
	for (unsigned i = 0; i < t->o->from_count; i++)
		if (conf_network_contains(&t->o->from[i], bytes, is_v6))
			return true;
	return !t->o->from_count;
}

/* The run */

static int bench_begin(struct testing *t)
{
	struct check_sender_bench_settings set = {
		.site = &t->site,
		.tls = &t->tls,
		.settle_ms = t->o->settle_ms,
		.owner = t,
		.is_wanted = is_wanted,
		.on_arrival = on_arrival,
		.on_settled = on_settled,
	};
	unsigned place = 0;
	if (proc_box_foresee() || io_loop_new(&t->loop) ||
	    io_signal_new(&t->interrupt, t->loop, SIGINT, on_signal, t) ||
	    io_signal_new(&t->terminate, t->loop, SIGTERM, on_signal, t))
		return check_sender_fail("out of memory");
	set.loop = t->loop;
	int r = check_sender_bench_new(&t->bench, &set, &place);
	if (r)
		return check_sender_fail("cannot listen on %s: %s", t->site.places[place].text,
		                         strerror(-r));
	io_deadline_arm(t->loop, &t->over, t->o->duration_ms);
	return 0;
}

/* It listens to strangers: no root, no files, no programs from here on. */
static int walls_begin(const struct testing *t)
{
	struct proc_box_report report;
	struct proc_identity identity = { .user = t->o->user, .is_secret = true };
	int r = proc_drop(&identity);
	if (r == PROC_DROP_NO_USER)
		return check_sender_fail("--user %s: there is no such user, or it is root",
		                         t->o->user);
	if (r || proc_box(PROC_ROLE_WORKER, NULL, &report))
		return check_sender_fail("the kernel refuses to take rights away: %s",
		                         strerror(errno));
	return 0;
}

static int status_of(enum check_sender_verdict verdict)
{
	switch (verdict) {
	case CHECK_SENDER_PASS:
	case CHECK_SENDER_WARN:
		return CHECK_WELL;
	case CHECK_SENDER_FAIL:
		return CHECK_NOT_WELL;
	case CHECK_SENDER_UNKNOWN:
	case CHECK_SENDER_VERDICT_COUNT:
		break;
	}
	return CHECK_COULD_NOT_TELL;
}

static int result_say(struct testing *t)
{
	CLEAN(buf_deinit) struct buf text = {};
	struct check_sender_result result = result_of(t);
	int r = t->o->is_json ? check_sender_json_write(&text, &result)
	                      : check_sender_text_write(&text, &result);
	write_out(t, stdout, r, &text);
	if (t->has_failed)
		return CHECK_COULD_NOT_TELL;
	return status_of(check_sender_sum(result.seen, result.set, CHECK_SENDER_GROUP_COUNT));
}

static int bench_run(struct testing *t)
{
	int r = bench_begin(t);
	if (!r)
		r = walls_begin(t);
	if (r)
		return r;
	fprintf(stderr, "ready: send a message to test@CASE.%s for each case\n", t->site.zone);
	if (io_loop_run(t->loop))
		return check_sender_fail("the event loop failed");
	return result_say(t);
}

static int zone_print(struct testing *t)
{
	CLEAN(buf_deinit) struct buf text = {};
	write_out(t, stdout, check_sender_zone_write(&text, &t->site), &text);
	return t->has_failed ? CHECK_COULD_NOT_TELL : CHECK_WELL;
}

static int ca_print(struct testing *t)
{
	CLEAN(buf_deinit) struct buf text = {};
	write_out(t, stdout, tls_mint_certificate(t->mint, &text), &text);
	return t->has_failed ? CHECK_COULD_NOT_TELL : CHECK_WELL;
}

static void testing_end(struct testing *t)
{
	if (t->loop)
		io_deadline_disarm(&t->over);
	check_sender_bench_free(t->bench);
	io_signal_free(t->interrupt);
	io_signal_free(t->terminate);
	io_loop_free(t->loop);
	check_sender_tls_deinit(&t->tls);
	tls_mint_free(t->mint);
}

int cmd_check_sender(int argc, char **argv)
{
	struct check_sender_options o;
	int status = check_sender_options_read(&o, argc, argv);
	if (status >= 0)
		return status;
	struct testing t = { .o = &o, .site = o.site, .over.fn = on_over };
	t.has_colour = isatty(STDOUT_FILENO) && !o.is_json;
	status = ca_take(&t.mint, o.ca);
	if (!status && o.prints_ca) {
		status = ca_print(&t);
	} else if (!status) {
		status = keys_fill(&t);
		if (!status)
			status = o.prints_zone ? zone_print(&t) : bench_run(&t);
	}
	testing_end(&t);
	return status;
}
