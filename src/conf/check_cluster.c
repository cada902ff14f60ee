/* Of the store that several nodes share: what one setting alone cannot show. */
#include "conf/address.h"
#include "conf/check.h"

#include <string.h>

static const char servers_path[] = "cluster.servers";

/* What crosses is counts of users and keys of TLS sessions, and hiredis of Debian 12 has no TLS. */
static void server_check(struct conf_reader *r, const struct conf_address *a)
{
	const struct conf_cluster *c = &r->settings->cluster;
	if (c->tls.is_set && (a->kind == CONF_ADDRESS_UNIX || a->kind == CONF_ADDRESS_ANY)) {
		conf_complain(r, servers_path, "\"%s\" is no place to speak TLS to", a->text);
		conf_mend(r, "write HOST:PORT or ADDRESS:PORT, or take tls out");
	}
	if (c->tls.is_set || conf_address_is_local(a))
		return;
	conf_complain(r, servers_path,
	              "\"%s\" is not this host: what is shared would cross the network in clear",
	              a->text);
	conf_mend(r, "add tls = { peer = \"HOST\"; }; (mailseal-pki(8)), or write 127.0.0.1:PORT, "
	             "where a tunnel in TLS to it begins");
}

/* Of a socket in it. */
static void run_dir_check(struct conf_reader *r, const struct conf_settings *s)
{
	if (!s->cluster.tls.is_set ||
	    strlen(s->run_dir) + sizeof("/cluster-32.sock") <= sizeof(s->cluster.ways->host))
		return;
	conf_complain(r, "run_dir", "it is too long a name for the sockets that cluster.tls needs");
	conf_mend(r, "write a shorter one");
}

static bool has_before(const struct conf_cluster *c, size_t number)
{
	for (size_t i = 0; i < number; i++)
		if (conf_address_overlaps(&c->servers[i], &c->servers[number]))
			return true;
	return false;
}

/* Braces would choose the slot of all keys. */
static bool prefix_is_valid(const char *prefix)
{
	size_t len = strspn(prefix, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                            "0123456789._-:");
	return len && len <= 64 && !prefix[len];
}

static void servers_check(struct conf_reader *r, const struct conf_cluster *c)
{
	if (c->server_count > CONF_CLUSTER_SERVERS_MAX) {
		conf_complain(r, servers_path, "there are %zu servers, and %d at most can be",
		              c->server_count, CONF_CLUSTER_SERVERS_MAX);
		conf_mend(r, "name those that this node reaches");
	}
	for (size_t i = 0; i < c->server_count; i++) {
		server_check(r, &c->servers[i]);
		if (has_before(c, i))
			conf_complain(r, servers_path, "\"%s\" is there twice", c->servers[i].text);
	}
}

void conf_check_cluster(struct conf_reader *r)
{
	const struct conf_cluster *c = &r->settings->cluster;
	if (!c->is_set)
		return;
	servers_check(r, c);
	run_dir_check(r, r->settings);
	if (c->prefix && !prefix_is_valid(c->prefix)) {
		conf_complain(r, "cluster.prefix", "\"%.100s\" cannot be the beginning of keys",
		              c->prefix);
		conf_mend(r, "write 1 to 64 letters, digits, or any of . _ - :");
	}
	if (!conf_needs_ledger(r->settings)) {
		conf_complain(r, "cluster", "the ledger shares, and there is none");
		conf_mend(r, "take keep = \"none\" out of ledger, or the group cluster out");
	}
}
