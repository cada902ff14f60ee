#include "cmd/pki.h"

#include "base/clean.h"
#include "base/file.h"
#include "cmd/pki_inside.h"
#include "cmd/pki_print.h"
#include "identity/files.h"
#include "pki/node.h"
#include "pki/second.h"

#include <stdio.h>
#include <time.h>

enum { REQUEST_MAX = 64 * 1024 };

int pki_run_ended(const struct pki_run *run, int r)
{
	if (!r)
		return PKI_WELL;
	fprintf(stderr, "mailseal pki: %s\n", r > 0 ? run->pki.error : strerror(-r));
	return r > 0 ? PKI_NOT_WELL : PKI_UNKNOWN;
}

static int run_open(struct pki_run *run, enum pki_access access)
{
	return pki_open(&run->pki, run->o->dir, access);
}

static int init_run(struct pki_run *run)
{
	CLEAN(buf_deinit_secret) struct buf secret = {};
	int status = pki_secret_read(run->o, true, &secret);
	if (status >= 0)
		return status;
	const struct pki_root_settings set = { .algorithm = run->o->algorithm,
		                               .passphrase = buf_slice(&secret),
		                               .now_s = run->now_s };
	status = pki_run_ended(run, pki_init(&run->pki, run->o->dir, &set));
	if (status == PKI_WELL)
		printf("%s: a CA. Keep a copy of root-1/ where this host's burglar does not find "
		       "it%s\nNext: mailseal pki issue NAME\n",
		       run->o->dir, buf_len(&secret) ? "; its passphrase, too" : "");
	return status;
}

/* What the node needs, in one directory. */
static int node_write(struct pki_run *run, const char *name, const struct pki_issued *issued)
{
	CLEAN(buf_deinit) struct buf ca = {};
	CLEAN(buf_deinit) struct buf denied = {};
	char path[PKI_PATH_CAP], until[16];
	struct pki *p = &run->pki;
	int r = pki_bundle_write(p, &ca);
	if (!r)
		r = pki_denied_write(p, run->now_s, &denied);
	snprintf(path, sizeof(path), "%s/issued/%s", p->dir, name);
	const char *dir = run->o->out ? run->o->out : path;
	const struct pki_node_files files = { buf_slice(&issued->key), buf_slice(&issued->chain),
		                              buf_slice(&ca), buf_slice(&denied) };
	if (!r)
		r = pki_node_write(dir, &files, p->error, sizeof(p->error));
	pki_day_write(issued->not_after_s, until);
	if (!r)
		printf("%s: %s until %s, serial %s, in %s\n", name,
		       buf_len(&issued->key) ? "key and certificate" : "certificate", until,
		       issued->serial, dir);
	return r;
}

static int request_read(const struct pki_run *run, struct buf *ret_pem)
{
	const char *path = run->o->request;
	int r = !path               ? 0
	        : strcmp(path, "-") ? file_read(ret_pem, path, REQUEST_MAX, NULL)
	                            : file_read_fd(ret_pem, STDIN_FILENO, REQUEST_MAX);
	if (r)
		fprintf(stderr, "mailseal pki: %s: %s\n", path, file_error(r));
	return r ? PKI_UNKNOWN : -1;
}

static int issue_one(struct pki_run *run, const char *name, bool is_renewal)
{
	CLEAN(buf_deinit) struct buf request = {};
	CLEAN(pki_issued_deinit) struct pki_issued issued = {};
	int status = request_read(run, &request);
	if (status >= 0)
		return status;
	const struct pki_order order = { .name = name,
		                         .names = &run->o->names,
		                         .days = run->o->days,
		                         .request_pem = buf_slice(&request),
		                         .is_again = run->o->is_again,
		                         .now_s = run->now_s };
	int r = is_renewal ? pki_renew(&run->pki, &order, &issued)
	                   : pki_issue(&run->pki, &order, &issued);
	if (!r)
		r = node_write(run, name, &issued);
	return pki_run_ended(run, r);
}

static int issue_run(struct pki_run *run)
{
	int r = run_open(run, PKI_CHANGE);
	return r ? pki_run_ended(run, r) : issue_one(run, run->o->words[1], false);
}

/* A third of its life is over (DESIGN 8). */
static bool is_due(const struct pki_run *run, const struct pki_certificate *c)
{
	return pki_journal_find(&run->pki.journal, c->name) == c &&
	       (run->now_s - c->issued_s) * 3 >= c->not_after_s - c->issued_s;
}

static int due_renew(struct pki_run *run)
{
	int worst = PKI_WELL;
	size_t count = run->pki.journal.count; /* without those that come now */
	for (size_t i = 0; i < count; i++) {
		char name[IDENTITY_NAME_CAP];
		snprintf(name, sizeof(name), "%s", run->pki.journal.list[i].name);
		int status = is_due(run, &run->pki.journal.list[i]) ? issue_one(run, name, true)
		                                                    : PKI_WELL;
		run->pki.error[0] = '\0';
		worst = status > worst ? status : worst;
	}
	int status = pki_run_ended(run, pki_publish(&run->pki, run->now_s)); /* CRLs end, too */
	return status > worst ? status : worst;
}

static int renew_run(struct pki_run *run)
{
	const char *name = run->o->word_count > 1 ? run->o->words[1] : NULL;
	if (run->o->is_self)
		return pki_self_renew(run);
	if (!name == !run->o->is_due || (run->o->is_due && (run->o->out || run->o->request))) {
		fputs("mailseal pki: renew NAME, renew --self, or renew --due without --out and "
		      "--request\n",
		      stderr);
		return PKI_UNKNOWN;
	}
	int r = run_open(run, PKI_CHANGE);
	if (r)
		return pki_run_ended(run, r);
	return name ? issue_one(run, name, true) : due_renew(run);
}

static int request_run(struct pki_run *run)
{
	CLEAN(buf_deinit) struct buf pem = {};
	int r = pki_node_request(run->o->dir, run->o->words[1], &pem, run->pki.error,
	                         sizeof(run->pki.error));
	if (!r)
		fwrite(buf_slice(&pem).data, 1, buf_len(&pem), stdout);
	return pki_run_ended(run, r);
}

static int revoke_run(struct pki_run *run)
{
	size_t count = 0;
	int r = run_open(run, PKI_CHANGE);
	if (!r)
		r = pki_revoke(&run->pki, run->o->words[1], run->now_s, &count);
	if (!r)
		printf("%zu revoked. Nodes heed it when they have the new %s/" IDENTITY_DENIED_FILE
		       "\n",
		       count, run->o->dir);
	return pki_run_ended(run, r);
}

static int list_run(struct pki_run *run)
{
	int r = run_open(run, PKI_READ);
	if (!r)
		r = pki_list_print(stdout, &run->pki, run->now_s, run->o->is_json);
	return pki_run_ended(run, r);
}

static int show_run(struct pki_run *run)
{
	bool is_well = false;
	int r = run_open(run, PKI_READ);
	if (!r)
		r = pki_show_print(stdout, &run->pki, run->now_s, run->o->is_json, &is_well);
	return r || is_well ? pki_run_ended(run, r) : PKI_NOT_WELL;
}

static int root_new_run(struct pki_run *run)
{
	CLEAN(buf_deinit_secret) struct buf secret = {};
	int status = pki_secret_read(run->o, false, &secret);
	if (status >= 0)
		return status;
	const struct pki_root_settings set = { .algorithm = run->o->algorithm,
		                               .passphrase = buf_slice(&secret),
		                               .now_s = run->now_s };
	int r = run_open(run, PKI_CHANGE);
	if (!r)
		r = pki_root_new(&run->pki, &set);
	if (!r)
		puts("A new root issues from now on, and both are trusted. When all nodes have "
		     "renewed: mailseal pki root retire");
	return pki_run_ended(run, r);
}

static int root_run(struct pki_run *run)
{
	if (!strcmp(run->o->words[1], "new"))
		return root_new_run(run);
	if (strcmp(run->o->words[1], "retire") != 0) {
		fputs("mailseal pki: root new or root retire\n", stderr);
		return PKI_UNKNOWN;
	}
	int r = run_open(run, PKI_CHANGE);
	if (!r)
		r = pki_root_retire(&run->pki, run->o->is_forced, run->now_s);
	if (!r)
		puts("The old root is trusted no more where the new ca.crt is, and its keys are "
		     "deleted here");
	return pki_run_ended(run, r);
}

static int second_request(struct pki_run *run)
{
	CLEAN(buf_deinit) struct buf pem = {};
	int r = pki_second_request(&run->pki, run->o->dir, &pem);
	if (!r)
		fwrite(buf_slice(&pem).data, 1, buf_len(&pem), stdout);
	return pki_run_ended(run, r);
}

static int second_sign(struct pki_run *run)
{
	CLEAN(buf_deinit) struct buf request = {};
	CLEAN(buf_deinit) struct buf pem = {};
	CLEAN(buf_deinit_secret) struct buf secret = {};
	int status = request_read(run, &request);
	if (status < 0)
		status = pki_secret_read(run->o, false, &secret);
	if (status >= 0)
		return status;
	int r = run_open(run, PKI_CHANGE);
	if (!r)
		r = pki_second_sign(&run->pki, buf_slice(&request), buf_slice(&secret), run->now_s,
		                    &pem);
	if (!r)
		fwrite(buf_slice(&pem).data, 1, buf_len(&pem), stdout);
	return pki_run_ended(run, r);
}

static int second_take(struct pki_run *run)
{
	CLEAN(buf_deinit) struct buf answer = {};
	int status = request_read(run, &answer);
	if (status >= 0)
		return status;
	int r = pki_second_take(&run->pki, run->o->dir, buf_slice(&answer), run->now_s);
	if (!r)
		printf("%s: this host issues, too. Name both in %s/servers, here and there\n",
		       run->o->dir, run->o->dir);
	return pki_run_ended(run, r);
}

/* sign and take read --request. */
static int second_run(struct pki_run *run)
{
	const char *what = run->o->words[1];
	if (!strcmp(what, "request"))
		return second_request(run);
	if (run->o->request && !strcmp(what, "sign"))
		return second_sign(run);
	if (run->o->request && !strcmp(what, "take"))
		return second_take(run);
	fputs("mailseal pki: second request, second sign --request FILE, or second take --request "
	      "FILE\n",
	      stderr);
	return PKI_UNKNOWN;
}

static const struct {
	const char *name;
	size_t words_min, words_max; /* itself included */
	const char *words;           /* how it is called */
	int (*run)(struct pki_run *run);
} commands[] = {
	{ "init", 1, 1, "init", init_run },
	{ "issue", 2, 2, "issue NAME", issue_run },
	{ "request", 2, 2, "request NAME", request_run },
	{ "renew", 1, 2, "renew NAME", renew_run },
	{ "revoke", 2, 2, "revoke NAME or SERIAL", revoke_run },
	{ "list", 1, 1, "list", list_run },
	{ "second", 2, 2, "second request, sign or take", second_run },
	{ "token", 2, 2, "token NAME", pki_token_run },
	{ "serve", 1, 1, "serve", pki_serve_run },
	{ "join", 3, 3, "join HOST:PORT TOKEN", pki_join_run },
	{ "show", 1, 1, "show", show_run },
	{ "root", 2, 2, "root new or retire", root_run },
};

static int dispatch(struct pki_run *run)
{
	if (!run->o->word_count)
		return pki_usage_wrong("what is to be done?", "");
	for (size_t i = 0; i < COUNT_OF(commands); i++) {
		if (strcmp(run->o->words[0], commands[i].name))
			continue;
		if (run->o->word_count < commands[i].words_min)
			return pki_usage_wrong("something is missing; write ", commands[i].words);
		if (run->o->word_count > commands[i].words_max)
			return pki_usage_wrong("too many words; write ", commands[i].words);
		return commands[i].run(run);
	}
	return pki_usage_wrong("there is no such thing: ", run->o->words[0]);
}

int cmd_pki(int argc, char **argv)
{
	CLEAN(pki_options_deinit) struct pki_options o;
	int status = pki_options_read(&o, argc, argv);
	struct pki_run run = { .o = &o, .pki = { .lock_fd = -1 }, .now_s = time(NULL) };
	if (status < 0)
		status = dispatch(&run);
	pki_deinit(&run.pki);
	return status;
}
