#include "pki/node.h"

#include "base/clean.h"
#include "base/err.h"
#include "identity/denied.h"
#include "identity/files.h"
#include "identity/name.h"
#include "pki/desk.h"
#include "pki/inside.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

static int error_give(const struct pki *p, int r, char *ret_error, size_t error_cap)
{
	snprintf(ret_error, error_cap, "%s", p->error);
	return r;
}

static int dir_take(struct pki *p, const char *dir)
{
	*p = (struct pki){ .lock_fd = -1 };
	if (snprintf(p->dir, sizeof(p->dir), "%s", dir) >= PKI_DIR_CAP)
		return pki_fails(p, "%.64s...: too long a name", dir);
	return pki_directory_ensure(p, p->dir);
}

int pki_node_write(const char *dir, const struct pki_node_files *files, char *ret_error,
                   size_t error_cap)
{
	const struct {
		const char *name;
		mode_t mode;
		struct slice bytes;
	} rows[] = {
		{ IDENTITY_CA_FILE, 0644, files->ca },
		{ IDENTITY_DENIED_FILE, 0644, files->denied },
		{ IDENTITY_KEY_FILE, 0600, files->key },
		{ IDENTITY_CHAIN_FILE, 0644, files->chain },
	};
	struct pki p;
	char path[PKI_PATH_CAP];
	int r = dir_take(&p, dir);
	for (size_t i = 0; !r && i < COUNT_OF(rows); i++) {
		pki_path(&p, rows[i].name, path);
		if (rows[i].bytes.len)
			r = pki_file_write(&p, path, rows[i].mode, rows[i].bytes);
	}
	return error_give(&p, r, ret_error, error_cap);
}

static int key_ensure(struct pki *p, struct tls_ca_key **ret_key)
{
	char path[PKI_PATH_CAP];
	CLEAN(buf_deinit_secret) struct buf pem = {};
	pki_path(p, IDENTITY_KEY_FILE, path);
	if (!access(path, F_OK)) {
		int r = pki_file_read(p, path, &pem);
		if (!r)
			r = tls_ca_key_read(ret_key, buf_slice(&pem), (struct slice){});
		if (r > 0 && !p->error[0])
			return pki_fails(p, "%s: %s", path, tls_ca_result_words(r));
		return r;
	}
	int r = tls_ca_key_make(ret_key, TLS_CA_P256);
	if (!r)
		r = tls_ca_key_write(*ret_key, (struct slice){}, &pem);
	return r ? err_up(r) : pki_file_write(p, path, 0600, buf_slice(&pem));
}

int pki_node_request(const char *dir, const char *name, struct buf *ret_pem, char *ret_error,
                     size_t error_cap)
{
	struct pki p;
	CLEAN(tls_ca_key_freep) struct tls_ca_key *key = NULL;
	int r = dir_take(&p, dir);
	if (!r && !identity_name_is_valid(name))
		r = pki_fails(&p,
		              "\"%.80s\" is no name for a node: lower-case letters, digits and "
		              "\"-\", 63 at most, no dot",
		              name);
	if (!r)
		r = key_ensure(&p, &key);
	if (!r)
		r = tls_ca_request_write(key, name, ret_pem);
	return error_give(&p, r, ret_error, error_cap);
}

void pki_node_deinit(struct pki_node *node)
{
	buf_deinit_secret(&node->key_pem);
	buf_deinit(&node->chain);
	buf_deinit(&node->ca);
	buf_deinit(&node->denied);
	tls_ca_key_free(node->key);
	node->key = NULL;
}

static int node_file(struct pki *p, const char *name, struct buf *ret_bytes)
{
	char path[PKI_PATH_CAP];
	pki_path(p, name, path);
	if (access(path, F_OK) && errno == ENOENT)
		return pki_fails(p, "%s: it is not there; mailseal pki join makes it", path);
	return pki_file_read(p, path, ret_bytes);
}

static int node_key(struct pki *p, struct pki_node *node)
{
	int r = node_file(p, IDENTITY_KEY_FILE, &node->key_pem);
	if (!r)
		r = tls_ca_key_read(&node->key, buf_slice(&node->key_pem), (struct slice){});
	if (r > 0 && !p->error[0])
		return pki_fails(p, "%s/" IDENTITY_KEY_FILE ": %s", p->dir, tls_ca_result_words(r));
	return r;
}

static int node_facts(struct pki *p, struct pki_node *node)
{
	struct tls_ca_facts facts;
	int r = tls_ca_facts_read(&facts, buf_slice(&node->chain));
	if (r < 0)
		return err_up(r);
	bool is_node = !r && identity_name_find(facts.names, node->name);
	if (!r) {
		node->not_before_s = facts.not_before_s;
		node->not_after_s = facts.not_after_s;
		tls_ca_facts_deinit(&facts);
	}
	if (!is_node || !tls_ca_key_fits(node->key, buf_slice(&node->chain)))
		return pki_fails(p,
		                 "%s/" IDENTITY_CHAIN_FILE
		                 ": no certificate of a node, or not of " IDENTITY_KEY_FILE
		                 "; join anew",
		                 p->dir);
	return 0;
}

int pki_node_key(struct pki_node *ret_node, const char *dir, char *ret_error, size_t error_cap)
{
	struct pki p;
	*ret_node = (struct pki_node){};
	int r = dir_take(&p, dir);
	if (!r)
		r = node_key(&p, ret_node);
	return error_give(&p, r, ret_error, error_cap);
}

int pki_node_read(struct pki_node *ret_node, const char *dir, char *ret_error, size_t error_cap)
{
	struct pki p;
	*ret_node = (struct pki_node){};
	int r = dir_take(&p, dir);
	if (!r)
		r = node_key(&p, ret_node);
	if (!r)
		r = node_file(&p, IDENTITY_CHAIN_FILE, &ret_node->chain);
	if (!r)
		r = node_file(&p, IDENTITY_CA_FILE, &ret_node->ca);
	if (!r)
		r = node_file(&p, IDENTITY_DENIED_FILE, &ret_node->denied);
	if (!r)
		r = node_facts(&p, ret_node);
	return error_give(&p, r, ret_error, error_cap);
}

/* Of two issuing hosts each may know of revocations that the other does not. */
static int denied_merge(struct pki *p, const struct pki_node *node, const struct pki_answer *answer,
                        struct buf *ret_text)
{
	CLEAN(identity_denied_deinit) struct identity_denied all = {};
	CLEAN(identity_denied_deinit) struct identity_denied old = {};
	unsigned line;
	int r = identity_denied_read(&all, buf_slice(&answer->denied), &line);
	if (r > 0)
		return pki_fails(p, "the CA's list of denials cannot be read");
	if (!r && identity_denied_read(&old, buf_slice(&node->denied), &line) < 0)
		r = err_raise(-ENOMEM);
	for (size_t i = 0; !r && i < old.count; i++)
		r = identity_denied_add(&all, old.list[i].serial, old.list[i].until_s);
	if (r > 0)
		return pki_fails(p, "too many denials");
	if (!r)
		r = identity_denied_write(&all, time(NULL), ret_text);
	return err_up(r);
}

static int servers_write(struct pki *p, const struct pki_answer *answer, const char *server)
{
	CLEAN(buf_deinit) struct buf text = {};
	char path[PKI_PATH_CAP];
	int r = buf_printf(&text, "%s\n", server);
	for (size_t i = 0; !r && i < answer->server_count; i++)
		if (strcmp(answer->servers[i], server) != 0)
			r = buf_printf(&text, "%s\n", answer->servers[i]);
	if (r)
		return err_up(r);
	pki_path(p, PKI_SERVERS_FILE, path);
	return pki_file_write(p, path, 0644, buf_slice(&text));
}

int pki_node_take(const char *dir, const struct pki_node *node, const struct pki_answer *answer,
                  const char *server, char *ret_error, size_t error_cap)
{
	CLEAN(buf_deinit) struct buf denied = {};
	struct tls_ca_facts facts;
	struct pki p;
	int r = dir_take(&p, dir);
	if (!r && !tls_ca_key_fits(node->key, buf_slice(&answer->chain)))
		r = pki_fails(&p, "the CA's certificate is not for our key");
	if (!r && tls_ca_facts_read(&facts, buf_slice(&answer->ca)))
		r = pki_fails(&p, "the CA's answer has no root");
	else if (!r)
		tls_ca_facts_deinit(&facts);
	if (!r)
		r = denied_merge(&p, node, answer, &denied);
	if (!r)
		r = servers_write(&p, answer, server);
	if (r)
		return error_give(&p, r, ret_error, error_cap);
	const struct pki_node_files files = { .chain = buf_slice(&answer->chain),
		                              .ca = buf_slice(&answer->ca),
		                              .denied = buf_slice(&denied) };
	return pki_node_write(dir, &files, ret_error, error_cap);
}

int pki_node_denied_request(const struct pki_node *node, struct pki_request *ret_request)
{
	ret_request->kind = PKI_TALK_DENIED;
	return err_up(pki_digest_write(buf_slice(&node->denied), ret_request->have));
}

int pki_node_denied_take(const char *dir, const struct pki_node *node,
                         const struct pki_answer *answer, bool *ret_is_new, char *ret_error,
                         size_t error_cap)
{
	CLEAN(buf_deinit) struct buf denied = {};
	struct pki p;
	int r = dir_take(&p, dir);
	if (!r)
		r = denied_merge(&p, node, answer, &denied);
	if (r)
		return error_give(&p, r, ret_error, error_cap);
	*ret_is_new = !slice_equal(buf_slice(&denied), buf_slice(&node->denied));
	if (!*ret_is_new)
		return 0;
	const struct pki_node_files files = { .denied = buf_slice(&denied) };
	return pki_node_write(dir, &files, ret_error, error_cap);
}
