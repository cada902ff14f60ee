/* Roots come and go. */
#include "pki/inside.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/replace.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>

enum { BACKDATE_S = 3600 }; /* clocks of nodes */

/* All of a root-N before it is on disk. */
struct making {
	struct tls_ca_key *root_key, *issuing_key;
	struct buf root, issuing, cross;
	struct buf root_pem, issuing_pem; /* the private keys */
	char serial[TLS_CA_SERIAL_CAP];
};

static void making_deinit(struct making *m)
{
	tls_ca_key_free(m->root_key);
	tls_ca_key_free(m->issuing_key);
	buf_deinit(&m->root);
	buf_deinit(&m->issuing);
	buf_deinit(&m->cross);
	buf_deinit_secret(&m->root_pem);
	buf_deinit_secret(&m->issuing_pem);
}

/* Two roots must not have one name: certificates find their issuer by it. */
int pki_ca_name(char *ret_name, size_t cap, const char *what)
{
	uint8_t bytes[4];
	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return err_raise(-errno);
	snprintf(ret_name, cap, "mailseal %s %02x%02x%02x%02x", what, bytes[0], bytes[1], bytes[2],
	         bytes[3]);
	return 0;
}

static int certify(struct making *m, const struct pki_root_settings *set)
{
	char name[64];
	struct tls_ca_spec spec = { .kind = TLS_CA_ROOT,
		                    .common_name = name,
		                    .not_before_s = set->now_s - BACKDATE_S,
		                    .not_after_s =
		                            set->now_s + PKI_ROOT_DAYS * (int64_t)PKI_DAY_S };
	struct tls_ca_issuer issuer = { .key = m->root_key };
	int r = pki_ca_name(name, sizeof(name), "root");
	if (!r)
		r = tls_ca_certify(&spec, m->root_key, &issuer, &m->root, m->serial);
	issuer.certificate_pem = buf_slice(&m->root);
	spec.kind = TLS_CA_ISSUING;
	if (!r)
		r = pki_ca_name(name, sizeof(name), "issuing");
	if (!r)
		r = tls_ca_certify(&spec, m->issuing_key, &issuer, &m->issuing, m->serial);
	return err_up(r);
}

static int make(struct making *m, const struct pki_root_settings *set)
{
	int r = tls_ca_key_make(&m->root_key, set->algorithm);
	if (!r)
		r = tls_ca_key_make(&m->issuing_key, set->algorithm);
	if (!r)
		r = certify(m, set);
	if (!r)
		r = tls_ca_key_write(m->root_key, set->passphrase, &m->root_pem);
	if (!r)
		r = tls_ca_key_write(m->issuing_key, (struct slice){}, &m->issuing_pem);
	return err_up(r);
}

/* The new root by the old one: the same name and key, so both chains are good. */
static int cross_make(struct pki *p, struct making *m, const struct pki_root_settings *set)
{
	const struct pki_root *old = pki_root_current(p);
	CLEAN(tls_ca_key_freep) struct tls_ca_key *old_key = NULL;
	struct tls_ca_facts facts = {};
	struct tls_ca_facts above = {};
	char serial[TLS_CA_SERIAL_CAP];
	int r = pki_key_read(p, old->number, "root.key", set->passphrase, &old_key);
	if (r)
		return r;
	const struct tls_ca_issuer issuer = { buf_slice(&old->root), old_key };
	r = tls_ca_facts_read(&facts, buf_slice(&m->root));
	if (!r)
		r = tls_ca_facts_read(&above, issuer.certificate_pem);
	struct tls_ca_spec spec = { .kind = TLS_CA_ROOT,
		                    .common_name = facts.common_name,
		                    .not_before_s = facts.not_before_s,
		                    .not_after_s = above.not_after_s };
	if (!r)
		r = tls_ca_certify(&spec, m->root_key, &issuer, &m->cross, serial);
	tls_ca_facts_deinit(&facts);
	tls_ca_facts_deinit(&above);
	return err_up(r);
}

static int files_write(struct pki *p, const struct pki_root_files *from, const char *dir)
{
	const struct {
		const char *name;
		mode_t mode;
		struct slice bytes;
	} files[] = {
		{ "root.key", 0600, from->root_key },       { "root.crt", 0644, from->root },
		{ "issuing.key", 0600, from->issuing_key }, { "issuing.crt", 0644, from->issuing },
		{ "cross.crt", 0644, from->cross },
	};
	char path[PKI_PATH_CAP];
	int r = 0;
	for (size_t i = 0; !r && i < COUNT_OF(files); i++) {
		snprintf(path, sizeof(path), "%.400s/%s", dir, files[i].name);
		if (files[i].bytes.len)
			r = pki_file_write(p, path, files[i].mode, files[i].bytes);
	}
	return r;
}

static int move(struct pki *p, const char *from, const char *to)
{
	if (rename(from, to))
		return pki_fails(p, "%s: %s", to, strerror(errno));
	int r = file_sync_directory(p->dir);
	return r ? pki_fails(p, "%s: %s", p->dir, strerror(-r)) : 0;
}

/* What another one began and did not end. */
static void remains_remove(const char *dir)
{
	static const char *const names[] = { "root.key", "root.crt", "issuing.key", "issuing.crt",
		                             "cross.crt" };
	char path[PKI_PATH_CAP];
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		snprintf(path, sizeof(path), "%.400s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
}

/* Written beside, then there at once. */
int pki_root_put(struct pki *p, const struct pki_root_files *files, unsigned number, int64_t now_s)
{
	char beside[PKI_PATH_CAP], there[PKI_PATH_CAP];
	CLEAN(buf_deinit) struct buf line = {};
	struct tls_ca_facts facts;
	pki_path(p, "making", beside);
	snprintf(there, sizeof(there), "%s/root-%u", p->dir, number);
	remains_remove(beside);
	int r = tls_ca_facts_read(&facts, files->issuing);
	if (r)
		return err_up(r);
	r = pki_journal_write_root(&line, "root-new", facts.serial, now_s);
	tls_ca_facts_deinit(&facts);
	if (!r)
		r = pki_directory_ensure(p, beside);
	if (!r)
		r = files_write(p, files, beside);
	if (!r)
		r = pki_journal_append(p, buf_slice(&line));
	if (!r)
		r = move(p, beside, there);
	if (!r)
		r = pki_roots_read(p);
	return r ? r : pki_publish(p, now_s);
}

static int put(struct pki *p, const struct making *m, unsigned number, int64_t now_s)
{
	const struct pki_root_files files = { .root = buf_slice(&m->root),
		                              .issuing = buf_slice(&m->issuing),
		                              .cross = buf_slice(&m->cross),
		                              .root_key = buf_slice(&m->root_pem),
		                              .issuing_key = buf_slice(&m->issuing_pem) };
	return pki_root_put(p, &files, number, now_s);
}

int pki_init(struct pki *p, const char *dir, const struct pki_root_settings *set)
{
	CLEAN(making_deinit) struct making m = {};
	char issued[PKI_PATH_CAP];
	*p = (struct pki){ .lock_fd = -1 };
	if (snprintf(p->dir, sizeof(p->dir), "%s", dir) >= PKI_DIR_CAP)
		return pki_fails(p, "%.64s...: too long a name", dir);
	int r = pki_directory_ensure(p, p->dir);
	pki_path(p, "issued", issued);
	if (!r)
		r = pki_directory_ensure(p, issued);
	if (!r)
		r = pki_roots_read(p);
	if (!r && p->root_count)
		return pki_fails(p, "%s: there is a CA in it already", p->dir);
	if (!r)
		r = make(&m, set);
	return r ? r : put(p, &m, 1, set->now_s);
}

int pki_root_new(struct pki *p, const struct pki_root_settings *set)
{
	CLEAN(making_deinit) struct making m = {};
	if (p->root_count > 1)
		return pki_fails(p, "one root already follows another; mailseal pki root retire "
		                    "ends that, once all nodes have renewed");
	int r = make(&m, set);
	if (!r)
		r = cross_make(p, &m, set);
	return r ? r : put(p, &m, pki_root_current(p)->number + 1, set->now_s);
}

/* A certificate that would be trusted no more, and that nothing took the place of. */
static const struct pki_certificate *hanging_find(const struct pki *p, int64_t now_s)
{
	for (size_t i = 0; i < p->journal.count; i++) {
		const struct pki_certificate *c = &p->journal.list[i];
		if (pki_certificate_is_good(c, now_s) &&
		    !strcmp(c->issuer, p->roots[0].issuing_serial) &&
		    pki_journal_find(&p->journal, c->name) == c)
			return c;
	}
	return NULL;
}

int pki_root_retire(struct pki *p, bool is_forced, int64_t now_s)
{
	char from[PKI_PATH_CAP], to[PKI_PATH_CAP];
	CLEAN(buf_deinit) struct buf line = {};
	if (p->root_count < 2)
		return pki_fails(p, "there is one root; mailseal pki root new makes the next");
	const struct pki_certificate *c = hanging_find(p, now_s);
	if (c && !is_forced)
		return pki_fails(p,
		                 "%s still has a certificate of the old root; mailseal pki renew "
		                 "%s, or --force cuts it off",
		                 c->name, c->name);
	unsigned number = p->roots[0].number;
	snprintf(from, sizeof(from), "%s/root-%u", p->dir, number);
	snprintf(to, sizeof(to), "%s/retired-%u", p->dir, number);
	int r = pki_journal_write_root(&line, "root-retired", p->roots[0].issuing_serial, now_s);
	if (!r)
		r = pki_journal_append(p, buf_slice(&line));
	if (!r)
		r = move(p, from, to);
	if (r)
		return r;
	remains_remove(to);
	r = pki_roots_read(p);
	return r ? r : pki_publish(p, now_s);
}
