/*
 * What mail servers ask on the way: rspamd, amavis, ClamAV, SpamAssassin's spamd, Redis, milters.
 * What counts is where they listen: none but Redis has TLS.
 */
#include "base/clean.h"
#include "base/err.h"
#include "servers/begin.h"
#include "servers/blocks.h"
#include "servers/endpoint.h"
#include "servers/lines.h"
#include "servers/php_text.h"

#include <errno.h>
#include <stdio.h>

struct listening {
	struct servers *s;
	struct servers_server *server;
	const struct servers_scope *block;
	const char *name;
	bool is_tls;
};

static int listener_add(const struct listening *l, const char *address, uint16_t port)
{
	const struct servers_listener said = {
		.name = l->name,
		.protocol = SERVERS_INTERNAL,
		.address = servers_text_str(l->s, address),
		.port = port,
		.is_tls = l->is_tls,
		.scope = l->block,
		.block = l->block,
	};
	if (!said.address)
		return err_raise(-ENOMEM);
	return err_up(servers_listener_add(l->s, l->server, &said));
}

static uint16_t port_of(const struct servers_scope *scope, const char *name)
{
	const char *value = servers_value(scope, name);
	return servers_port_of(value, strlen(value));
}

/* "HOST:PORT" or a path. */
static int endpoint_add(const struct listening *l, const char *text, size_t len)
{
	struct servers_endpoint e;
	servers_endpoint_parse(text, len, &e);
	return listener_add(l, e.host[0] ? e.host : "*", e.port);
}

static struct listening listening_of(struct servers *s, struct servers_server *server,
                                     const char *name)
{
	return (struct listening){ s, server, server->top, name, false };
}

/* -- rspamd ------------------------------------------------------------------------------------ */

static int file_add(struct servers *s, struct servers_scope *scope, const char *path)
{
	struct servers_file *file = NULL;
	int r = servers_open(s, path, &file);
	if (r)
		return r > 0 ? 0 : err_up(r);
	return err_up(servers_blocks_read(s, scope, file, &servers_blocks_rspamd));
}

/* The worker's own file, and what is put on top of it. */
static int worker_read(struct servers *s, struct servers_scope *worker)
{
	static const char *const folders[] = { "", "local.d/", "override.d/" };
	const char *name = strcmp(worker->name, "rspamd_proxy") != 0 ? worker->name : "proxy";
	char path[256];
	int r = 0;
	for (size_t i = 0; !r && i < COUNT_OF(folders); i++) {
		snprintf(path, sizeof(path), "/etc/rspamd/%sworker-%s.inc", folders[i], name);
		r = file_add(s, worker, path);
	}
	return r;
}

/* One, or a list: ["localhost:11333", "/run/x mode=0660"]. */
static int worker_listen(struct servers *s, struct servers_server *server,
                         const struct servers_scope *worker)
{
	const char *sockets = servers_value(worker, "bind_socket");
	const struct listening l = { s, server, worker, worker->name, false };
	int r = 0;
	while (!r && *sockets) {
		sockets += strspn(sockets, "[]\", ");
		size_t len = strcspn(sockets, "]\", ");
		bool is_one =
			len && strncmp(sockets, "systemd:", 8) != 0 && !memchr(sockets, '=', len);
		if (is_one)
			r = endpoint_add(&l, sockets, len);
		sockets += len;
	}
	return r;
}

int servers_rspamd_read(struct servers *s, const char *path)
{
	const struct servers_begin begin = { SERVERS_RSPAMD, path, { "rspamd" }, NULL };
	struct servers_server *server = NULL;
	struct servers_scope *redis = NULL;
	struct servers_file *file = NULL;
	int r = servers_begin(s, &begin, &server, &file);
	if (r || !file)
		return err_up(r);
	r = servers_blocks_read(s, server->top, file, &servers_blocks_rspamd);
	for (size_t i = 0; !r && i < server->top->child_count; i++) {
		struct servers_scope *worker = server->top->children[i];
		if (strcmp(worker->type, "worker") != 0)
			continue;
		r = worker_read(s, worker);
		if (!r)
			r = worker_listen(s, server, worker);
	}
	if (!r)
		r = servers_scope_add(s, server->top, "redis", "", &redis);
	if (!r)
		r = file_add(s, redis, "/etc/rspamd/local.d/redis.conf");
	return err_up(r);
}

int servers_rspamd_find(struct servers *s)
{
	return err_up(servers_rspamd_read(s, "/etc/rspamd/rspamd.conf"));
}

/* -- amavis ------------------------------------------------------------------------------------ */

static int amavis_file(void *owner, const char *path)
{
	struct listening *l = owner;
	struct servers_file *file = NULL;
	int r = servers_open(l->s, path, &file);
	if (r)
		return r > 0 ? 0 : err_up(r);
	return err_up(servers_php_read(l->s, l->server->top, file, NULL));
}

/* One port, or several: "inet_socket_port/0". */
static int amavis_listen(const struct listening *l)
{
	const char *bind = "127.0.0.1";
	int r = 0;
	for (size_t i = 0; i < l->block->setting_count; i++)
		if (!strncmp(l->block->settings[i].name, "inet_socket_bind", 16))
			bind = l->block->settings[i].value;
	if (!*bind || !strcmp(bind, "undef"))
		bind = "*";
	for (size_t i = 0; !r && i < l->block->setting_count; i++) {
		const struct servers_setting *port = &l->block->settings[i];
		uint16_t number = servers_port_of(port->value, strlen(port->value));
		if (!strncmp(port->name, "inet_socket_port", 16) && number)
			r = listener_add(l, bind, number);
	}
	return r;
}

int servers_amavis_read(struct servers *s, const char *path)
{
	const struct servers_begin begin = { SERVERS_AMAVIS, path, { "amavisd-new" }, NULL };
	struct servers_server *server = NULL;
	struct servers_file *file = NULL;
	int r = servers_begin(s, &begin, &server, &file);
	if (r || !file)
		return err_up(r);
	struct listening l = listening_of(s, server, "amavis");
	r = servers_php_read(s, server->top, file, NULL);
	if (!r && !strncmp(path, "/etc/amavis/conf.d/", 19))
		r = servers_glob(s, "/etc/amavis/conf.d/*", amavis_file, &l);
	return err_up(r ? r : amavis_listen(&l));
}

int servers_amavis_find(struct servers *s)
{
	static const char *const paths[] = { "/etc/amavis/conf.d/20-debian_defaults",
		                             "/etc/amavisd/amavisd.conf", "/etc/amavisd.conf" };
	for (size_t i = 0; i < COUNT_OF(paths); i++)
		if (servers_is_there(s, paths[i]))
			return err_up(servers_amavis_read(s, paths[i]));
	return 0;
}

/* -- files of lines ---------------------------------------------------------------------------- */

/* Without TCPAddr it listens on all addresses. */
static int clamav_listen(const struct listening *l)
{
	uint16_t port = port_of(l->block, "TCPSocket");
	bool has_address = false;
	int r = 0;
	if (!port)
		return 0;
	for (size_t i = 0; !r && i < l->block->setting_count; i++)
		if (!strcmp(l->block->settings[i].name, "TCPAddr")) {
			has_address = true;
			r = listener_add(l, l->block->settings[i].value, port);
		}
	return r || has_address ? r : listener_add(l, "*", port);
}

static int redis_port(struct listening *l, uint16_t port)
{
	const char *rest = servers_value(l->block, "bind"), *word = NULL;
	char address[128];
	size_t len = 0;
	int r = 0;
	if (!port)
		return 0;
	if (!*rest)
		return listener_add(l, "*", port);
	while (!r && servers_word_next(&rest, &word, &len)) {
		snprintf(address, sizeof(address), "%.*s", (int)(len - (*word == '-')),
		         word + (*word == '-'));
		r = listener_add(l, address, port);
	}
	return r;
}

static int redis_listen(const struct listening *about)
{
	struct listening l = *about;
	const struct servers_setting *plain = servers_setting_own(l.block, "port");
	int r = redis_port(&l, plain ? port_of(l.block, "port") : 6379);
	l.is_tls = true;
	return r ? r : redis_port(&l, port_of(l.block, "tls-port"));
}

/* "-i", "--listen=ADDRESS" of spamd's command line; without it, loopback. */
static int spamd_listen(const struct listening *l)
{
	static const char *const options[] = { "--listen=", "--listen ",
		                               "--listen-ip=", "--listen-ip ", "-i " };
	const char *said = servers_value(l->block, "OPTIONS");
	for (size_t i = 0; i < COUNT_OF(options); i++) {
		const char *at = strstr(said, options[i]);
		if (!at)
			continue;
		at += strlen(options[i]);
		return endpoint_add(l, at, strcspn(at, " "));
	}
	return listener_add(l, "127.0.0.1", 783);
}

static const struct plain {
	enum servers_kind kind;
	const char *name, *path, *package;
	const struct servers_lines_syntax *syntax;
	int (*listen)(const struct listening *l);
} plains[] = {
	{ SERVERS_CLAMAV, "clamd", "/etc/clamav/clamd.conf", "clamav-daemon", &servers_lines_words,
	  clamav_listen },
	{ SERVERS_REDIS, "redis", "/etc/redis/redis.conf", "redis-server", &servers_lines_redis,
	  redis_listen },
	{ SERVERS_SPAMD, "spamd", "/etc/default/spamd", "spamd", &servers_lines_courier,
	  spamd_listen },
};

static int plain_read(struct servers *s, enum servers_kind kind, const char *path)
{
	const struct plain *p = plains;
	struct servers_server *server = NULL;
	struct servers_file *file = NULL;
	while (p->kind != kind)
		p++;
	const struct servers_begin begin = { kind, path ? path : p->path, { p->package }, NULL };
	int r = servers_begin(s, &begin, &server, &file);
	if (r || !file)
		return err_up(r);
	const struct listening l = listening_of(s, server, p->name);
	r = servers_lines_read(s, server->top, file, p->syntax);
	return err_up(r ? r : p->listen(&l));
}

int servers_clamav_read(struct servers *s, const char *path)
{
	return err_up(plain_read(s, SERVERS_CLAMAV, path));
}

int servers_clamav_find(struct servers *s)
{
	return err_up(plain_read(s, SERVERS_CLAMAV, NULL));
}

int servers_redis_read(struct servers *s, const char *path)
{
	return err_up(plain_read(s, SERVERS_REDIS, path));
}

int servers_redis_find(struct servers *s)
{
	return err_up(plain_read(s, SERVERS_REDIS, NULL));
}

int servers_spamd_read(struct servers *s, const char *path)
{
	return err_up(plain_read(s, SERVERS_SPAMD, path));
}

int servers_spamd_find(struct servers *s)
{
	return err_up(plain_read(s, SERVERS_SPAMD, NULL));
}

/* -- milters ----------------------------------------------------------------------------------- */

static const struct milter {
	const char *path, *package, *setting;
} milters[] = {
	{ "/etc/opendkim.conf", "opendkim", "Socket" },
	{ "/etc/opendmarc.conf", "opendmarc", "Socket" },
	{ "/etc/clamav/clamav-milter.conf", "clamav-milter", "MilterSocket" },
};

static const struct milter *milter_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	for (size_t i = 0; i < COUNT_OF(milters); i++)
		if (!strcmp(slash ? slash : path, strrchr(milters[i].path, '/')))
			return &milters[i];
	return &milters[0];
}

int servers_milter_read(struct servers *s, const char *path)
{
	const struct milter *m = milter_of(path);
	const struct servers_begin begin = { SERVERS_MILTER, path, { m->package }, NULL };
	struct servers_server *server = NULL;
	struct servers_file *file = NULL;
	int r = servers_begin(s, &begin, &server, &file);
	if (r || !file)
		return err_up(r);
	server->instance = m->package;
	const struct listening l = listening_of(s, server, m->package);
	r = servers_lines_read(s, server->top, file, &servers_lines_words);
	const char *socket = servers_value(server->top, m->setting);
	return err_up(r || !*socket ? r : endpoint_add(&l, socket, strlen(socket)));
}

int servers_milter_find(struct servers *s)
{
	int r = 0;
	for (size_t i = 0; !r && i < COUNT_OF(milters); i++)
		if (servers_is_there(s, milters[i].path))
			r = servers_milter_read(s, milters[i].path);
	return err_up(r);
}
