/*
 * For readers: what one software's reader gives, and what it may use. Texts that are kept go
 * through servers_text(); files are opened by servers_open() alone, which stays beneath the root.
 */
#ifndef SERVERS_READER_H
#define SERVERS_READER_H

#include "servers/servers.h"

struct servers_reader {
	const char *title; /* "Postfix" */
	const char *name;  /* "postfix" */
	/* Looks where this software keeps its files, and adds a server for each instance. NULL:
	 * it has no reader. 0 or a negative. */
	int (*find)(struct servers *s);
	/* Reads the instance that this file begins. 0 or a negative. */
	int (*read)(struct servers *s, const char *path);
	const char *files[6]; /* names, without folder, by which a file is known as its own */
};

/* By kind. */
extern const struct servers_reader servers_readers[SERVERS_KIND_COUNT];

/* The readers. */
[[nodiscard]] int servers_postfix_find(struct servers *s);
[[nodiscard]] int servers_postfix_read(struct servers *s, const char *path);
[[nodiscard]] int servers_dovecot_find(struct servers *s);
[[nodiscard]] int servers_dovecot_read(struct servers *s, const char *path);
[[nodiscard]] int servers_exim_find(struct servers *s);
[[nodiscard]] int servers_exim_read(struct servers *s, const char *path);
[[nodiscard]] int servers_opensmtpd_find(struct servers *s);
[[nodiscard]] int servers_opensmtpd_read(struct servers *s, const char *path);
[[nodiscard]] int servers_cyrus_find(struct servers *s);
[[nodiscard]] int servers_cyrus_read(struct servers *s, const char *path);
[[nodiscard]] int servers_courier_find(struct servers *s);
[[nodiscard]] int servers_courier_read(struct servers *s, const char *path);
[[nodiscard]] int servers_nginx_find(struct servers *s);
[[nodiscard]] int servers_nginx_read(struct servers *s, const char *path);
[[nodiscard]] int servers_apache_find(struct servers *s);
[[nodiscard]] int servers_apache_read(struct servers *s, const char *path);
[[nodiscard]] int servers_roundcube_find(struct servers *s);
[[nodiscard]] int servers_roundcube_read(struct servers *s, const char *path);
[[nodiscard]] int servers_snappymail_find(struct servers *s);
[[nodiscard]] int servers_snappymail_read(struct servers *s, const char *path);
[[nodiscard]] int servers_sendmail_find(struct servers *s);
[[nodiscard]] int servers_sendmail_read(struct servers *s, const char *path);
[[nodiscard]] int servers_haproxy_find(struct servers *s);
[[nodiscard]] int servers_haproxy_read(struct servers *s, const char *path);
[[nodiscard]] int servers_hitch_find(struct servers *s);
[[nodiscard]] int servers_hitch_read(struct servers *s, const char *path);
[[nodiscard]] int servers_stunnel_find(struct servers *s);
[[nodiscard]] int servers_stunnel_read(struct servers *s, const char *path);
[[nodiscard]] int servers_rspamd_find(struct servers *s);
[[nodiscard]] int servers_rspamd_read(struct servers *s, const char *path);
[[nodiscard]] int servers_amavis_find(struct servers *s);
[[nodiscard]] int servers_amavis_read(struct servers *s, const char *path);
[[nodiscard]] int servers_clamav_find(struct servers *s);
[[nodiscard]] int servers_clamav_read(struct servers *s, const char *path);
[[nodiscard]] int servers_spamd_find(struct servers *s);
[[nodiscard]] int servers_spamd_read(struct servers *s, const char *path);
[[nodiscard]] int servers_redis_find(struct servers *s);
[[nodiscard]] int servers_redis_read(struct servers *s, const char *path);
[[nodiscard]] int servers_milter_find(struct servers *s);
[[nodiscard]] int servers_milter_read(struct servers *s, const char *path);

/* Outcomes of servers_open(). */
enum {
	SERVERS_FILE_ABSENT = 1,     /* nothing is there; no fault was noted */
	SERVERS_FILE_UNREADABLE = 2, /* a fault was noted */
};

/*
 * Reads a file, once: the second time it is the one that is there already. path is absolute, as the
 * machine calls it; symbolic links stay beneath the root. 0, an outcome, or a negative.
 */
[[nodiscard]] int servers_open(struct servers *s, const char *path, struct servers_file **ret_file);

/* A file that is there without being on a disk: for tests. Its text is copied. 0 or -ENOMEM. */
[[nodiscard]] int servers_file_put(struct servers *s, const char *path, struct slice text);

/* The same without symbolic links, as patch wants it (sites-enabled/); path itself where that
 * cannot be told. NULL: out of memory. */
const char *servers_real_path(struct servers *s, const char *path);

/* There is something of this name beneath the root. */
bool servers_is_there(const struct servers *s, const char *path);

/*
 * Paths that a shell pattern ("/etc/dovecot/conf.d/?*.conf") means, in order; only its last part
 * may have wildcards. fn is called for each; what it returns other than 0 ends it. 0, what fn
 * returned, or a negative.
 */
[[nodiscard]] int servers_glob(struct servers *s, const char *pattern,
                               int (*fn)(void *owner, const char *path), void *owner);

/* Runs a program, if programs are run. SERVERS_RUN_ABSENT also where none is. A failure is noted
 * as a fault. */
[[nodiscard]] int servers_run(struct servers *s, char *const *argv, struct buf *ret_out);

/* A new server with an empty top scope. 0 or -ENOMEM. */
[[nodiscard]] int servers_add(struct servers *s, enum servers_kind kind,
                              struct servers_server **ret_server);

/* The server that begins with this file, if it was read already. NULL: it was not. */
struct servers_server *servers_find(const struct servers *s, enum servers_kind kind,
                                    const char *path);

/* A new scope in parent (NULL: around all). type and name are copied. 0 or -ENOMEM. */
[[nodiscard]] int servers_scope_add(struct servers *s, struct servers_scope *parent,
                                    const char *type, const char *name,
                                    struct servers_scope **ret_scope);

/* Adds to the scope; name, value, written and place.path are copied (written NULL: as value). 0
 * or -ENOMEM. */
[[nodiscard]] int servers_setting_add(struct servers *s, struct servers_scope *scope,
                                      const struct servers_setting *setting);

/* Adds it; texts in it have to live as long as s. 0 or -ENOMEM. */
[[nodiscard]] int servers_listener_add(struct servers *s, struct servers_server *server,
                                       const struct servers_listener *listener);
[[nodiscard]] int servers_certificate_add(struct servers *s, struct servers_server *server,
                                          const struct servers_certificate *certificate);

/* What the package's database beneath the root says of a Debian package: "3.7.11". NULL: nothing.
 * Without epoch and what the distribution added. */
const char *servers_package_version(struct servers *s, const char *package);

#endif
