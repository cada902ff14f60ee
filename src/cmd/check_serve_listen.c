#include "base/clean.h"
#include "cmd/check_serve.h"
#include "conf/address.h"
#include "io/address.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 128 };

static int fail(const char *address, const char *why)
{
	fprintf(stderr, "mailseal check: --serve %s: %s\n", address, why);
	return -1;
}

static socklen_t sockaddr_of(const struct conf_address *a, struct sockaddr_storage *ret)
{
	struct sockaddr_un *un = (struct sockaddr_un *)ret;
	if (a->kind != CONF_ADDRESS_UNIX)
		return io_address_take(a->host, a->port, ret);
	*un = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(a->host) >= sizeof(un->sun_path))
		return 0;
	strcpy(un->sun_path, a->host);
	return sizeof(*un);
}

/* What is left of one that ended. */
static void stale_remove(const struct sockaddr_storage *at, socklen_t len)
{
	const char *path = ((const struct sockaddr_un *)at)->sun_path;
	struct stat what;
	CLEAN(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || lstat(path, &what) || !S_ISSOCK(what.st_mode))
		return;
	if (connect(fd, (const struct sockaddr *)at, len) && errno == ECONNREFUSED)
		unlink(path);
}

static int socket_bind(int fd, const struct sockaddr_storage *at, socklen_t len)
{
	int one = 1;
	if (at->ss_family != AF_UNIX && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)))
		return -1;
	mode_t old = umask(0111);
	int r = bind(fd, (const struct sockaddr *)at, len);
	umask(old);
	return r || listen(fd, BACKLOG) ? -1 : 0;
}

int check_serve_listen(const char *address)
{
	struct conf_address a;
	struct sockaddr_storage at;
	const char *why;
	if (conf_address_parse(address, &a, &why))
		return fail(address, why);
	if (!conf_address_is_local(&a))
		return fail(address, "it serves plain HTTP, so on loopback or unix:PATH alone: let "
		                     "it listen on 127.0.0.1, with an edge of mailseal or another "
		                     "proxy with the certificate in front");
	socklen_t len = sockaddr_of(&a, &at);
	if (!len)
		return fail(address, "that is no address of a socket");
	if (at.ss_family == AF_UNIX)
		stale_remove(&at, len);
	CLEAN(closep) int fd = socket(at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || socket_bind(fd, &at, len))
		return fail(address, strerror(errno));
	return TAKE_FD(fd);
}
