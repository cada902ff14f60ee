#include "servers/reader.h"

#include "base/err.h"

int servers_dovecot_read(struct servers *s, const char *path)
{
	struct servers_file *file = NULL;
	struct servers_server *server = NULL;
	int r = servers_open(s, path, &file);
	if (r)
		return r > 0 ? 0 : err_up(r);
	r = servers_add(s, SERVERS_DOVECOT, &server);
	if (r)
		return err_up(r);
	server->path = file->path;
	server->version = servers_package_version(s, "dovecot-core");
	return 0;
}

int servers_dovecot_find(struct servers *s)
{
	return err_up(servers_dovecot_read(s, "/etc/dovecot/dovecot.conf"));
}
