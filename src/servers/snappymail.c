/* SnappyMail: a JSON file for each domain, an instance each: IMAP, SMTP and Sieve are its scopes.
 */
#include "base/clean.h"
#include "base/err.h"
#include "servers/begin.h"
#include "servers/blocks.h"

int servers_snappymail_read(struct servers *s, const char *path)
{
	const struct servers_begin begin = { SERVERS_SNAPPYMAIL, path, { "snappymail" }, NULL };
	struct servers_server *server = NULL;
	struct servers_file *file = NULL;
	int r = servers_begin(s, &begin, &server, &file);
	if (r || !file)
		return err_up(r);
	const char *slash = strrchr(path, '/');
	server->instance = slash ? slash + 1 : path;
	return err_up(servers_blocks_read(s, server->top, file, &servers_blocks_json));
}

static int on_domain(void *owner, const char *path)
{
	return servers_snappymail_read(owner, path);
}

int servers_snappymail_find(struct servers *s)
{
	static const char *const patterns[] = {
		"/var/lib/snappymail/_data_/_default_/domains/*.json",
		"/var/www/snappymail/data/_data_/_default_/domains/*.json",
		"/var/www/html/snappymail/data/_data_/_default_/domains/*.json",
	};
	int r = 0;
	for (size_t i = 0; !r && i < COUNT_OF(patterns); i++)
		r = servers_glob(s, patterns[i], on_domain, s);
	return err_up(r);
}
