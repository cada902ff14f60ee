/* Apache: VirtualHosts, each with what stands around it. */
#include "base/clean.h"
#include "base/err.h"
#include "servers/apache_text.h"
#include "servers/begin.h"

#include <errno.h>

static const struct servers_known defaults[] = {
	{ "SSLProtocol", "all -SSLv3" },
	{ "SSLEngine", "off" },
	{ NULL, NULL },
};

/* One address of <VirtualHost A B>: "*:443", "[2001:db8::1]:443", "_default_:443", "*". */
static int address_add(struct servers *s, struct servers_server *server,
                       const struct servers_scope *host, struct slice text)
{
	size_t end = text.len && text.data[0] == '[' ? slice_find(text, ']') : 0;
	size_t colon = end + slice_find(slice_skip(text, end), ':');
	struct slice address = slice_head(text, colon);
	const char *port = (const char *)text.data + colon + 1;
	if (address.len >= 2 && address.data[0] == '[')
		address = slice_of(address.data + 1, address.len - 2);
	bool is_all = slice_equal(address, slice_str("*")) ||
	              slice_equal_nocase(address, slice_str("_default_"));
	struct servers_listener said = {
		.name = "VirtualHost",
		.protocol = SERVERS_HTTP,
		.address = is_all ? "*" : servers_text(s, address),
		.port = colon < text.len ? servers_port_of(port, text.len - colon - 1) : 80,
		.is_tls = servers_value_is_yes(host, "SSLEngine"),
		.scope = host,
		.block = host,
	};
	if (!said.address)
		return err_raise(-ENOMEM);
	return err_up(servers_listener_add(s, server, &said));
}

static int host_add(struct servers *s, struct servers_server *server,
                    const struct servers_scope *host)
{
	const char *names = host->name, *word = NULL;
	const char *server_name = servers_value(host, "ServerName");
	const struct servers_setting *chain = servers_setting_find(host, "SSLCertificateFile");
	const struct servers_setting *key = servers_setting_find(host, "SSLCertificateKeyFile");
	size_t len = 0;
	int r = 0;
	while (!r && servers_word_next(&names, &word, &len))
		r = address_add(s, server, host, slice_of(word, len));
	if (r || !chain || !servers_value_is_yes(host, "SSLEngine"))
		return r;
	const struct servers_certificate said = {
		.chain_path = chain->value,
		.key_path = key ? key->value : chain->value,
		.name = *server_name ? server_name : NULL,
		.place = chain->place,
	};
	return err_up(servers_certificate_add(s, server, &said));
}

struct layout {
	const char *path, *root;
};

static int layout_read(struct servers *s, const struct layout *layout)
{
	const struct servers_begin begin = {
		SERVERS_APACHE, layout->path, { "apache2", "apache2-bin" }, defaults
	};
	const struct servers_scope *host = NULL;
	struct servers_server *server = NULL;
	struct servers_file *file = NULL;
	int r = servers_begin(s, &begin, &server, &file);
	if (r || !file)
		return err_up(r);
	r = servers_apache_text(s, server, file, layout->root);
	while (!r && (host = servers_scope_next(server->top, "VirtualHost", host)))
		r = host_add(s, server, host);
	return err_up(r);
}

static const struct layout layouts[] = {
	{ "/etc/apache2/apache2.conf", "/etc/apache2" },
	{ "/etc/httpd/conf/httpd.conf", "/etc/httpd" },
	{ "/etc/apache2/httpd.conf", "/etc/apache2" },
	{ "/usr/local/etc/apache24/httpd.conf", "/usr/local" },
};

/* Of a file elsewhere names are relative to its folder. */
int servers_apache_read(struct servers *s, const char *path)
{
	const char *slash = strrchr(path, '/');
	for (size_t i = 0; i < COUNT_OF(layouts); i++)
		if (!strcmp(path, layouts[i].path))
			return err_up(layout_read(s, &layouts[i]));
	const struct layout other = {
		path, servers_text(s, slice_of(path, slash ? (size_t)(slash - path) : 0))
	};
	return other.root ? err_up(layout_read(s, &other)) : err_raise(-ENOMEM);
}

int servers_apache_find(struct servers *s)
{
	for (size_t i = 0; i < COUNT_OF(layouts); i++)
		if (servers_is_there(s, layouts[i].path))
			return err_up(layout_read(s, &layouts[i]));
	return 0;
}
