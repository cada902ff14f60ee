#include "cmd/config_files.h"

#include "base/clean.h"
#include "base/file.h"
#include "keys/store.h"
#include "lookup/table.h"
#include "parent/catalog_tree.h"
#include "tls/server.h"

#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PEM_MAX = 1024 * 1024 };

/* Always false. */
__attribute__((format(printf, 4, 5))) static bool fault_say(struct config_fault *fault,
                                                            const char *setting, const char *mend,
                                                            const char *format, ...)
{
	va_list args;
	*fault = (struct config_fault){ .setting = setting, .mend = mend };
	va_start(args, format);
	vsnprintf(fault->message, sizeof(fault->message), format, args);
	va_end(args);
	return false;
}

static bool key_digest(const char *path, uint8_t ret_sha256[32], struct config_fault *ret_fault)
{
	CLEAN(buf_deinit_secret) struct buf pem = {};
	struct keys_store *store = NULL;
	int r = file_read(&pem, path, PEM_MAX, NULL);
	if (r)
		return fault_say(ret_fault, "key", "put the private key there", "\"%s\": %s", path,
		                 file_error(r));
	r = keys_store_new(&store);
	if (!r)
		r = keys_store_add(store, 0, buf_slice(&pem));
	if (!r)
		r = keys_store_public_digest(store, 0, ret_sha256);
	keys_store_free(store);
	if (r == KEYS_STORE_UNSUPPORTED)
		return fault_say(ret_fault, "key",
		                 "use a key of RSA, from 2048 bits, or of P-256, P-384 or P-521",
		                 "\"%s\" is a key that TLS cannot sign with here", path);
	if (r)
		return fault_say(ret_fault, "key",
		                 "put the private key there, without a passphrase",
		                 "\"%s\" has no private key in PEM without a passphrase", path);
	return true;
}

bool config_pair_is_well(const struct conf_certificate *c, struct config_fault *ret_fault)
{
	CLEAN(buf_deinit) struct buf pem = {};
	uint8_t of_chain[32], of_key[32];
	int r = file_read(&pem, c->chain, PEM_MAX, NULL);
	if (r)
		return fault_say(ret_fault, "chain", "put the certificate there", "\"%s\": %s",
		                 c->chain, file_error(r));
	if (tls_chain_public_digest(buf_slice(&pem), of_chain))
		return fault_say(
			ret_fault, "chain",
			"put the certificate there, and those between it and its CA behind it",
			"\"%s\" has no certificate in PEM", c->chain);
	if (!key_digest(c->key, of_key, ret_fault))
		return false;
	if (memcmp(of_chain, of_key, sizeof(of_key)) != 0)
		return fault_say(ret_fault, "key",
		                 "write the key that was made for this certificate",
		                 "chain and key do not belong together");
	return true;
}

/* As root the daemon becomes its user, with no other groups. */
static bool user_may_execute(const char *user_name, const char *file, const struct stat *st)
{
	const struct passwd *user = geteuid() ? NULL : getpwnam(user_name);
	if (!user)
		return !access(file, X_OK);
	if (user->pw_uid == st->st_uid)
		return st->st_mode & S_IXUSR;
	return st->st_mode & (user->pw_gid == st->st_gid ? S_IXGRP : S_IXOTH);
}

bool config_hook_is_well(const struct conf_settings *settings, const char *file,
                         struct config_fault *ret_fault)
{
	struct stat st;
	if (stat(file, &st))
		return fault_say(ret_fault, NULL, "put the program there or change the setting",
		                 "cannot find \"%s\": %s", file, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return fault_say(ret_fault, NULL, "write the name of a program",
		                 "\"%s\" is not a file", file);
	if (!user_may_execute(settings->user, file, &st))
		return fault_say(ret_fault, NULL, "chmod it, or change its group",
		                 "the daemon's user may not execute \"%s\"", file);
	if (!(st.st_mode & S_IWOTH))
		return true;
	fault_say(ret_fault, NULL, "chmod o-w", "anybody may change \"%s\"", file);
	ret_fault->is_warning = true;
	return false;
}

struct reading {
	const struct conf_settings *settings;
	const struct conf_lookup *lookup;
	struct config_fault *fault;
};

/* True: the table is well so far. */
static bool on_line(void *owner, size_t number, struct slice backend)
{
	const struct reading *r = owner;
	const struct conf_settings *s = r->settings;
	char name[64];
	slice_to_text(backend, name, sizeof(name));
	for (size_t i = 0; i < s->edge_count; i++) {
		const struct conf_edge *e = &s->edges[i];
		if (!e->lookup || strcmp(e->lookup, r->lookup->name) != 0 ||
		    conf_by_user_find(s, e, (const char *)backend.data, backend.len) <
		            s->backend_count)
			continue;
		fault_say(r->fault, "table", "mend the line, or add the backend to by_user",
		          "%s:%zu: \"%s\" is not in by_user of edge \"%s\": logins there would be "
		          "told to come back later",
		          r->lookup->table, number, name, e->name);
		r->fault->is_warning = true;
		return false;
	}
	return true;
}

bool config_table_is_well(const struct conf_settings *settings, const struct conf_lookup *lookup,
                          struct config_fault *ret_fault)
{
	CLEAN(buf_deinit) struct buf text = {};
	CLEAN(buf_deinit) struct buf block = {};
	struct lookup_table_facts facts;
	struct reading reading = { settings, lookup, ret_fault };
	int r = file_read(&text, lookup->table, LOOKUP_TABLE_TEXT_MAX, NULL);
	if (r)
		return fault_say(ret_fault, "table", "put the file there or change the setting",
		                 "\"%s\": %s", lookup->table, file_error(r));
	if (lookup_table_build(buf_slice(&text), &block, &facts))
		return fault_say(ret_fault, "table",
		                 facts.is_again ? "take one of them out"
		                                : "write a user and a backend, a line for each",
		                 "%s:%zu: %s", lookup->table, facts.bad_line,
		                 facts.is_again ? "this user has a line before"
		                                : "no line of a user and a backend");
	return lookup_table_each(buf_slice(&text), on_line, &reading);
}

bool config_tree_is_well(const char *directory, size_t *ret_pairs, struct config_fault *ret_fault)
{
	CLEAN(parent_pair_places_deinit) struct parent_pair_places places = {};
	int r = parent_pair_places_find(&places, directory);
	*ret_pairs = places.count;
	if (!r && places.count)
		return true;
	if (r == -EACCES || r == -EPERM)
		fault_say(ret_fault, NULL, "check as the user that starts mailseal",
		          "\"%s\" cannot be looked at by this user", directory);
	else if (r == -EFBIG)
		return fault_say(ret_fault, NULL, "name the directory of the certificates alone",
		                 "there is more below \"%s\" than a million files", directory);
	else if (r)
		return fault_say(ret_fault, NULL, "write the directory of a tree of certificates",
		                 "\"%s\" is no directory here", directory);
	else
		fault_say(ret_fault, NULL,
		          "put a privkey.pem beside each fullchain.pem, a NAME.key beside each "
		          "NAME.crt",
		          "\"%s\" has no certificate with its key", directory);
	ret_fault->is_warning = true;
	return false;
}
