#include "cmd/dns_options.h"

#include "base/file.h"
#include "conf/conf.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CA_FILE_MAX = 4 * 1024 * 1024 };

const char dns_options_usage[] =
	"  -c, --config FILE        ask as the daemon of this configuration does (default\n"
	"                           /etc/mailseal/mailseal.conf if it is there). What follows\n"
	"                           takes the place of what it says. \"\": of none\n"
	"  -f, --forward ADDR       ask this resolver (ADDRESS or ADDRESS@PORT; again for more;\n"
	"                           --resolver is the same); without it from the root down. Its\n"
	"                           answers are validated here\n"
	"  -s, --stub ZONE=ADDR     ask this server for ZONE and all below\n"
	"  -a, --trust-anchor FILE  DNSSEC's root keys (default /usr/share/dns/root.key)\n";

/* ZONE=ADDR; the text is cut in place. */
static bool stub_parse(char *text, struct lookup_stub *ret_stub)
{
	char *equal = strchr(text, '=');
	if (!equal || equal == text || !equal[1])
		return false;
	*equal = '\0';
	*ret_stub = (struct lookup_stub){ .zone = text, .address = equal + 1 };
	return true;
}

static int wrong(const char *why, const char **ret_why)
{
	*ret_why = why;
	return DNS_OPTIONS_WRONG;
}

static int forward_take(struct dns_options *o, const char *value, const char **ret_why)
{
	if (o->lookup.forward_count == DNS_SERVERS_MAX)
		return wrong("too many forwarders: eight at most", ret_why);
	o->forwards[o->lookup.forward_count++] = value;
	return 0;
}

static int stub_take(struct dns_options *o, char *value, const char **ret_why)
{
	if (o->lookup.stub_count == DNS_SERVERS_MAX)
		return wrong("too many stubs: eight at most", ret_why);
	if (!stub_parse(value, &o->stubs[o->lookup.stub_count++]))
		return wrong("--stub is ZONE=ADDRESS or ZONE=ADDRESS@PORT", ret_why);
	return 0;
}

int dns_options_take(struct dns_options *o, int letter, char *value, const char **ret_why)
{
	switch (letter) {
	case 'c':
		o->config = value;
		return 0;
	case 'f':
		return forward_take(o, value, ret_why);
	case 's':
		return stub_take(o, value, ret_why);
	case 'a':
		o->lookup.trust_anchor = value;
		return 0;
	case 'C':
		o->ca_file = value;
		return 0;
	default:
		return DNS_OPTIONS_NOT_MINE;
	}
}

/* A file that nobody named and that cannot be read is no matter. */
static int config_read(struct dns_options *o)
{
	struct conf_errors errors = {};
	const char *path = o->config ? o->config : CONF_USUAL_FILE;
	if (!o->config && access(path, R_OK))
		return 0;
	if (o->config && !o->config[0])
		return 0;
	int r = conf_read_file(&o->settings, path, time(NULL), &errors);
	if (r)
		conf_errors_print(&errors, stderr);
	conf_errors_deinit(&errors);
	if (!r)
		r = ask_settings_take(&o->configured, &o->settings->resolver);
	return r ? DNS_OPTIONS_WRONG : 0;
}

int dns_options_settle(struct dns_options *o)
{
	struct lookup_settings *now = &o->lookup;
	const struct lookup_settings *configured = &o->configured.lookup;
	int r = config_read(o);
	if (r)
		return r;
	now->trusts_ad = configured->trusts_ad && !now->forward_count && !now->stub_count;
	now->forwards = now->forward_count ? o->forwards : configured->forwards;
	if (!now->forward_count)
		now->forward_count = configured->forward_count;
	now->stubs = now->stub_count ? o->stubs : configured->stubs;
	if (!now->stub_count)
		now->stub_count = configured->stub_count;
	if (!now->trust_anchor)
		now->trust_anchor = configured->trust_anchor;
	if (!o->ca_file && o->settings)
		o->ca_file = o->settings->resolver.ca_file;
	return 0;
}

int dns_options_cas(const struct dns_options *o, struct buf *ret_pem)
{
	if (o->ca_file &&
	    (file_read(ret_pem, o->ca_file, CA_FILE_MAX, NULL) || buf_add_str(ret_pem, "\n")))
		return -1;
	/* Without those of the system a certificate is simply not trusted. */
	(void)!file_read(ret_pem, conf_system_cas, CA_FILE_MAX, NULL);
	return 0;
}

void dns_options_deinit(struct dns_options *o)
{
	ask_settings_deinit(&o->configured);
	conf_settings_free(o->settings);
}
