#include "pki/node.h"

#include "base/clean.h"
#include "base/err.h"
#include "identity/files.h"
#include "identity/name.h"
#include "pki/inside.h"

#include <errno.h>
#include <stdio.h>

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
