/*
 * Roundcube: defaults.inc.php are the defaults, config.inc.php what is set, both on top. Names of
 * before 1.6 (default_host, default_port, smtp_server) are given their newer ones beside.
 */
#include "base/clean.h"
#include "base/err.h"
#include "servers/begin.h"
#include "servers/php_text.h"

#include <errno.h>
#include <stdio.h>

static const struct servers_known defaults[] = {
	{ "imap_host", "localhost:143" },
	{ "smtp_host", "localhost:587" },
	{ NULL, NULL },
};

static const struct servers_renamed renamed[] = { { "default_host", "imap_host" },
	                                          { "smtp_server", "smtp_host" } };

/* ManageSieve's plugin has a file of its own. */
static int plugins_read(struct servers *s, struct servers_server *server, const char *folder)
{
	struct servers_file *file = NULL;
	char path[512];
	snprintf(path, sizeof(path), "%s/plugins/managesieve/config.inc.php", folder);
	int r = servers_open(s, path, &file);
	if (r)
		return r > 0 ? 0 : err_up(r);
	return err_up(servers_php_read(s, server->top, file, "config"));
}

int servers_roundcube_read(struct servers *s, const char *path)
{
	const struct servers_begin begin = {
		SERVERS_ROUNDCUBE, path, { "roundcube-core", "roundcube" }, defaults
	};
	struct servers_server *server = NULL;
	struct servers_file *file = NULL;
	const char *slash = strrchr(path, '/');
	int r = servers_begin(s, &begin, &server, &file);
	if (r || !file)
		return err_up(r);
	r = servers_php_read(s, server->top, file, "config");
	if (!r)
		r = servers_renamed_add(s, server, renamed, COUNT_OF(renamed));
	if (!r && slash)
		r = plugins_read(s, server,
		                 servers_text(s, slice_of(path, (size_t)(slash - path))));
	return err_up(r);
}

int servers_roundcube_find(struct servers *s)
{
	static const char *const paths[] = { "/etc/roundcube/config.inc.php",
		                             "/var/www/roundcube/config/config.inc.php",
		                             "/var/www/html/roundcube/config/config.inc.php",
		                             "/etc/roundcubemail/config.inc.php" };
	for (size_t i = 0; i < COUNT_OF(paths); i++)
		if (servers_is_there(s, paths[i]))
			return err_up(servers_roundcube_read(s, paths[i]));
	return 0;
}
