#include "pki/second.h"

#include "base/clean.h"
#include "base/err.h"
#include "pki/inside.h"

#include <errno.h>
#include <stdio.h>

enum { BACKDATE_S = 3600 };
#define KEY_FILE "second.key"

static int dir_take(struct pki *p, const char *dir)
{
	char path[PKI_PATH_CAP];
	*p = (struct pki){ .lock_fd = -1 };
	if (snprintf(p->dir, sizeof(p->dir), "%s", dir) >= PKI_DIR_CAP)
		return pki_fails(p, "%.64s...: too long a name", dir);
	int r = pki_directory_ensure(p, p->dir);
	pki_path(p, "issued", path);
	if (!r)
		r = pki_directory_ensure(p, path);
	if (!r)
		r = pki_roots_read(p);
	if (!r && p->root_count)
		return pki_fails(p, "%s: there is a CA in it already", p->dir);
	return r;
}

static int key_read(struct pki *p, struct buf *pem, struct tls_ca_key **ret_key)
{
	char path[PKI_PATH_CAP];
	pki_path(p, KEY_FILE, path);
	int r = pki_file_read(p, path, pem);
	if (!r)
		r = tls_ca_key_read(ret_key, buf_slice(pem), (struct slice){});
	if (r > 0 && !p->error[0])
		return pki_fails(p, "%s: %s", path, tls_ca_result_words(r));
	return r;
}

static int key_make(struct pki *p)
{
	char path[PKI_PATH_CAP];
	CLEAN(tls_ca_key_freep) struct tls_ca_key *key = NULL;
	CLEAN(buf_deinit_secret) struct buf pem = {};
	pki_path(p, KEY_FILE, path);
	if (!access(path, F_OK))
		return 0;
	int r = tls_ca_key_make(&key, TLS_CA_P256);
	if (!r)
		r = tls_ca_key_write(key, (struct slice){}, &pem);
	return r ? err_up(r) : pki_file_write(p, path, 0600, buf_slice(&pem));
}

int pki_second_request(struct pki *p, const char *dir, struct buf *ret_pem)
{
	CLEAN(tls_ca_key_freep) struct tls_ca_key *key = NULL;
	CLEAN(buf_deinit_secret) struct buf pem = {};
	int r = dir_take(p, dir);
	if (!r)
		r = key_make(p);
	if (!r)
		r = key_read(p, &pem, &key);
	return r ? r : err_up(tls_ca_request_write(key, "mailseal issuing", ret_pem));
}

int pki_second_sign(struct pki *p, struct slice request_pem, struct slice passphrase, int64_t now_s,
                    struct buf *ret_pem)
{
	const struct pki_root *root = pki_root_current(p);
	CLEAN(tls_ca_key_freep) struct tls_ca_key *subject = NULL;
	CLEAN(tls_ca_key_freep) struct tls_ca_key *key = NULL;
	CLEAN(buf_deinit) struct buf line = {};
	char serial[TLS_CA_SERIAL_CAP], name[64];
	int r = tls_ca_request_read(&subject, request_pem);
	if (r > 0)
		return pki_fails(p, "the request: %s", tls_ca_result_words(r));
	if (!r)
		r = pki_key_read(p, root->number, "root.key", passphrase, &key);
	if (!r)
		r = pki_ca_name(name, sizeof(name), "issuing");
	if (r)
		return r;
	const struct tls_ca_spec spec = { .kind = TLS_CA_ISSUING,
		                          .common_name = name,
		                          .not_before_s = now_s - BACKDATE_S,
		                          .not_after_s = root->not_after_s };
	const struct tls_ca_issuer issuer = { buf_slice(&root->root), key };
	r = tls_ca_certify(&spec, subject, &issuer, ret_pem, serial);
	if (!r)
		r = pki_journal_write_root(&line, "issuing-new", serial, now_s);
	if (!r)
		r = pki_journal_append(p, buf_slice(&line));
	return r ? r : err_up(buf_add(ret_pem, buf_slice(&root->root)));
}

/* Where the second certificate begins; empty: there is one only. */
static struct slice second_of(struct slice pem)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----";
	const uint8_t *at =
		pem.len > 1 ? memmem(pem.data + 1, pem.len - 1, begin, strlen(begin)) : NULL;
	return at ? slice_skip(pem, (size_t)(at - pem.data)) : (struct slice){};
}

int pki_second_take(struct pki *p, const char *dir, struct slice answer_pem, int64_t now_s)
{
	struct slice root = second_of(answer_pem);
	struct slice issuing = slice_head(answer_pem, answer_pem.len - root.len);
	CLEAN(tls_ca_key_freep) struct tls_ca_key *key = NULL;
	CLEAN(buf_deinit_secret) struct buf pem = {};
	struct tls_ca_facts facts;
	int r = dir_take(p, dir);
	if (!r)
		r = key_read(p, &pem, &key);
	if (!r && (!root.len || !tls_ca_key_fits(key, issuing)))
		r = pki_fails(p, "it is no answer of mailseal pki second sign for the key in %s",
		              dir);
	if (!r)
		r = tls_ca_facts_read(&facts, root);
	if (r)
		return r == TLS_CA_BAD_CERTIFICATE && !p->error[0]
		               ? pki_fails(p, "the root: %s", tls_ca_result_words(r))
		               : r;
	tls_ca_facts_deinit(&facts);
	const struct pki_root_files files = { .root = root,
		                              .issuing = issuing,
		                              .issuing_key = buf_slice(&pem) };
	r = pki_root_put(p, &files, 1, now_s);
	if (!r) {
		char path[PKI_PATH_CAP];
		pki_path(p, KEY_FILE, path);
		unlink(path);
	}
	return r;
}
