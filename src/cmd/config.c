#include "cmd/config.h"

#include "base/clean.h"
#include "cmd/config_files.h"
#include "cmd/config_names.h"
#include "cmd/config_print.h"
#include "cmd/config_room.h"
#include "conf/conf.h"
#include "conf/errors.h"
#include "identity/files.h"
#include "io/address.h"
#include "parent/parent.h"
#include "tunnel/look.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { WELL, NOT_WELL, UNKNOWN };

static const char usage[] =
	"Usage: mailseal config [-c FILE] [--json] check|show|defaults|man\n"
	"\n"
	"  check               every error of the file, with line and mend; also whether the "
	"files\n"
	"                      it names are there, keys are those of their certificates, tables\n"
	"                      of users well, max_sessions fits, and tunnels are there\n"
	"  show                what is in force, defaults included\n"
	"  defaults            every setting and its default\n"
	"  man                 mailseal.conf(5) in roff\n"
	"\n"
	"  -c, --config FILE   configuration (default /etc/mailseal/mailseal.conf)\n"
	"  -j, --json          check: a list of the errors\n"
	"  -h, --help          this text\n"
	"\n"
	"Exit: 0 well, 1 errors, 2 the file could not be read.\n"
	"Example: mailseal config check -c /etc/mailseal/mailseal.conf\n";

struct check {
	const char *path;
	const struct conf_settings *settings;
	struct conf_errors *errors;
	size_t pairs; /* in certificate_dir */
	int failure;
};

__attribute__((format(printf, 5, 6))) static void note(struct check *c, struct conf_place place,
                                                       bool is_warning, const char *mend,
                                                       const char *format, ...)
{
	va_list args;
	if (c->failure)
		return;
	va_start(args, format);
	c->failure = conf_errors_add(c->errors, place, is_warning, format, args);
	va_end(args);
	if (c->failure)
		return;
	struct conf_error *last = &c->errors->items[c->errors->count - 1];
	char *copy = strdup(mend);
	if (!copy) {
		c->failure = -ENOMEM;
		return;
	}
	free(last->mend);
	last->mend = copy;
}

/*
 * Only root and the daemon may read keys: what this user may not read is no error. True: it can be
 * read.
 */
static bool file_check(struct check *c, struct conf_place place, const char *file)
{
	struct stat st;
	CLEAN(closep) int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode))
		return true;
	if (fd >= 0)
		note(c, place, false, "write the name of a file", "\"%s\" is not a file", file);
	else if (errno == EACCES || errno == EPERM)
		note(c, place, true, "check as the user that starts mailseal",
		     "\"%s\" cannot be looked at by this user", file);
	else
		note(c, place, false, "put the file there or change the setting",
		     "cannot open \"%s\": %s", file, strerror(errno));
	return false;
}

static void hook_check(struct check *c, struct conf_place place, const char *file)
{
	struct config_fault fault;
	if (file && !config_hook_is_well(c->settings, file, &fault))
		note(c, place, fault.is_warning, fault.mend, "%s", fault.message);
}

static void certificate_check(struct check *c, const struct conf_certificate *cert)
{
	char path[320];
	struct conf_place place = { cert->file, cert->line, path };
	struct config_fault fault;
	if (cert->acme) {
		snprintf(path, sizeof(path), "certificate.%s.dns_hook", cert->name);
		hook_check(c, place, cert->dns_hook);
		return; /* its files are the daemon's to make */
	}
	snprintf(path, sizeof(path), "certificate.%s.chain", cert->name);
	bool has_chain = file_check(c, place, cert->chain);
	snprintf(path, sizeof(path), "certificate.%s.key", cert->name);
	if (!file_check(c, place, cert->key) || !has_chain || config_pair_is_well(cert, &fault))
		return;
	snprintf(path, sizeof(path), "certificate.%s.%s", cert->name, fault.setting);
	note(c, place, fault.is_warning, fault.mend, "%s", fault.message);
}

static void lookup_check(struct check *c, const struct conf_lookup *lookup)
{
	char path[320];
	struct conf_place place = { lookup->file, lookup->line, path };
	struct config_fault fault;
	snprintf(path, sizeof(path), "lookup.%s.table", lookup->name);
	if (lookup->table && file_check(c, place, lookup->table) &&
	    !config_table_is_well(c->settings, lookup, &fault))
		note(c, place, fault.is_warning, fault.mend, "%s", fault.message);
}

static void backend_check(struct check *c, const struct conf_backend *b)
{
	char path[320];
	struct conf_place place = { b->file, b->line, path };
	snprintf(path, sizeof(path), "backend.%s.tls.ca_file", b->name);
	if (b->tls.ca_file)
		file_check(c, place, b->tls.ca_file);
}

/* What is not true now may be when the daemon begins. */
static void tunnel_check(struct check *c, const struct conf_backend *b)
{
	char path[320];
	struct conf_place place = { b->file, b->line, path };
	const struct passwd *user = geteuid() ? NULL : getpwnam(c->settings->user);
	snprintf(path, sizeof(path), "backend.%s.tls", b->name);
	for (size_t i = 0; b->tls.mode == CONF_TLS_TUNNEL && i < b->address_count; i++) {
		const struct conf_address *a = &b->addresses[i];
		struct tunnel_way way = { .interface = b->tls.interface,
			                  .accepts_unproven = b->accepts_unproven_tunnel };
		struct tunnel_verdict v;
		struct sockaddr_storage sa = {};
		(void)io_address_take(a->host, a->port, &sa);
		tunnel_look(&way, (const struct sockaddr *)&sa, user ? user->pw_uid : geteuid(),
		            &v);
		if (v.state == TUNNEL_GONE)
			note(c, place, true, v.mend, "%s would not be used now: %s", a->text,
			     v.fact);
	}
}

static void group_check(struct check *c, const char *setting, const char *group)
{
	struct conf_place place = { c->settings->files[0], 0, setting };
	if (group && !getgrnam(group))
		note(c, place, false, "make it (groupadd), or write another",
		     "there is no group \"%s\" on this machine", group);
}

static void relay_check(struct check *c, const struct conf_relay *relay)
{
	char path[320];
	struct conf_place place = { relay->file, relay->line, path };
	snprintf(path, sizeof(path), "relay.%s.ca_file", relay->name);
	if (relay->ca_file)
		file_check(c, place, relay->ca_file);
	snprintf(path, sizeof(path), "relay.%s.client_ca_file", relay->name);
	if (relay->client_ca_file)
		file_check(c, place, relay->client_ca_file);
	snprintf(path, sizeof(path), "relay.%s.group", relay->name);
	group_check(c, path, relay->group);
}

static void link_check(struct check *c, const struct conf_link *link)
{
	char path[320];
	snprintf(path, sizeof(path), "link.%s.group", link->name);
	group_check(c, path, link->group);
}

static void route_check(struct check *c, size_t number)
{
	char path[64];
	const struct conf_route *route = &c->settings->routes[number];
	struct conf_place place = { route->file, route->line, path };
	snprintf(path, sizeof(path), "route[%zu].tls.ca_file", number);
	if (route->tls.ca_file)
		file_check(c, place, route->tls.ca_file);
}

/* Nobody reads them where nothing asks DNS. */
static void resolver_check(struct check *c, const struct conf_resolver *resolver)
{
	struct conf_place place = { c->settings->files[0], 0, "resolver.trust_anchor" };
	if (!conf_needs_resolver(c->settings))
		return;
	if (!resolver->trusts_ad)
		file_check(c, place, resolver->trust_anchor);
	place.setting = "resolver.ca_file";
	if (resolver->ca_file)
		file_check(c, place, resolver->ca_file);
}

static void watched_check(struct check *c)
{
	struct conf_place place = { c->settings->files[0], 0, "watch_certificates" };
	for (size_t i = 0; i < c->settings->watched_count; i++)
		if (c->settings->watched[i].file[0])
			file_check(c, place, c->settings->watched[i].file);
}

static void dashboard_check(struct check *c, const struct conf_dashboard *dashboard)
{
	struct conf_place place = { c->settings->files[0], 0, "dashboard.password_file" };
	if (dashboard->password_file)
		file_check(c, place, dashboard->password_file);
	group_check(c, "dashboard.group", dashboard->group);
}

static void node_check(struct check *c)
{
	static const char *const names[] = { IDENTITY_CHAIN_FILE, IDENTITY_KEY_FILE,
		                             IDENTITY_CA_FILE, IDENTITY_DENIED_FILE };
	struct conf_place place = { c->settings->files[0], 0, "pki.dir" };
	char path[512];
	if (!conf_needs_identity(c->settings))
		return;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", c->settings->pki.dir, names[i]);
		if (access(path, F_OK))
			note(c, place, false,
			     "mailseal pki join makes it (or pki issue, on the CA's host)",
			     "cannot find \"%s\": %s", path, strerror(errno));
	}
}

static void tree_check(struct check *c)
{
	const char *directory = c->settings->certificate_dir;
	struct conf_place place = { c->settings->files[0], 0, "certificate_dir" };
	struct config_fault fault;
	if (directory && !config_tree_is_well(directory, &c->pairs, &fault))
		note(c, place, fault.is_warning, fault.mend, "%s", fault.message);
}

/* The daemon gives root up, or does not begin. */
static void user_check(struct check *c, const char *setting, const char *name)
{
	struct conf_place place = { c->settings->files[0], 0, setting };
	const struct passwd *user = getpwnam(name);
	if (user && !user->pw_uid)
		note(c, place, false,
		     "take it out, and make install makes the usual one; or write another",
		     "no process runs as \"%s\", who may do everything", name);
}

static void on_name(void *owner, const struct config_name *name)
{
	note(owner, (struct conf_place){ name->file, name->line, name->setting }, true, name->mend,
	     "no certificate that it would be answered with is for %s", name->name);
}

static void files_check(struct check *c)
{
	user_check(c, "user", c->settings->user);
	user_check(c, "keys_user", c->settings->keys_user);
	node_check(c);
	for (size_t i = 0; i < c->settings->certificate_count; i++)
		certificate_check(c, &c->settings->certificates[i]);
	for (size_t i = 0; i < c->settings->backend_count; i++) {
		backend_check(c, &c->settings->backends[i]);
		tunnel_check(c, &c->settings->backends[i]);
	}
	for (size_t i = 0; i < c->settings->lookup_count; i++)
		lookup_check(c, &c->settings->lookups[i]);
	for (size_t i = 0; i < c->settings->relay_count; i++)
		relay_check(c, &c->settings->relays[i]);
	for (size_t i = 0; i < c->settings->route_count; i++)
		route_check(c, i);
	for (size_t i = 0; i < c->settings->link_count; i++)
		link_check(c, &c->settings->links[i]);
	resolver_check(c, &c->settings->resolver);
	const struct conf_settings *s = c->settings;
	hook_check(c, (struct conf_place){ s->files[0], 0, "ledger.exposure_hook" },
	           s->ledger.exposure_hook_count ? s->ledger.exposure_hook[0] : NULL);
	hook_check(c, (struct conf_place){ s->files[0], 0, "alarm_hook" },
	           s->alarm_hook_count ? s->alarm_hook[0] : NULL);
	watched_check(c);
	group_check(c, "policy_service.group", c->settings->policy_service.group);
	group_check(c, "tlsrpt.group", c->settings->tlsrpt.group);
	dashboard_check(c, &c->settings->dashboard);
	tree_check(c);
	if (!s->certificate_dir) /* what names are in there the daemon reads */
		config_names_check(c->settings, on_name, c);
}

static void on_short(void *owner, const struct config_short *what)
{
	note(owner, (struct conf_place){ what->file, what->line, what->setting }, what->is_warning,
	     what->mend, "%s", what->message);
}

static int check(const char *path, bool as_json)
{
	CLEAN(conf_settings_freep) struct conf_settings *settings = NULL;
	CLEAN(conf_errors_deinit) struct conf_errors errors = {};
	struct check c = { .path = path, .errors = &errors };
	int r = conf_read_file(&settings, path, time(NULL), &errors);
	if (r >= 0 && settings) {
		c.settings = settings;
		files_check(&c);
		config_room_check(settings, path, on_short, &c);
		r = c.failure;
	}
	if (r >= 0 && as_json)
		r = config_print_json(&errors);
	else
		conf_errors_print(&errors, stderr);
	if (r < 0) {
		fprintf(stderr, "mailseal config: %s\n", strerror(-r));
		return UNKNOWN;
	}
	if (errors.is_unreadable)
		return UNKNOWN;
	if (errors.error_count)
		return NOT_WELL;
	if (!as_json)
		config_print_well(path, settings, c.pairs);
	return WELL;
}

static int show(const char *path)
{
	CLEAN(conf_settings_freep) struct conf_settings *settings = NULL;
	CLEAN(conf_errors_deinit) struct conf_errors errors = {};
	int r = conf_read_file(&settings, path, time(NULL), &errors);
	conf_errors_print(&errors, stderr);
	if (r < 0)
		fprintf(stderr, "mailseal config: %s\n", strerror(-r));
	if (r)
		return r < 0 || errors.is_unreadable ? UNKNOWN : NOT_WELL;
	conf_print_settings(stdout, settings);
	return WELL;
}

static int run(const char *what, const char *path, bool as_json)
{
	if (!strcmp(what, "check"))
		return check(path, as_json);
	if (!strcmp(what, "show"))
		return show(path);
	if (!strcmp(what, "defaults"))
		conf_print_defaults(stdout);
	else if (!strcmp(what, "man"))
		conf_print_man(stdout);
	else {
		fprintf(stderr, "mailseal config: no command \"%s\"\n%s", what, usage);
		return UNKNOWN;
	}
	return WELL;
}

int cmd_config(int argc, char **argv)
{
	static const struct option options[] = { { "config", required_argument, NULL, 'c' },
		                                 { "json", no_argument, NULL, 'j' },
		                                 { "help", no_argument, NULL, 'h' },
		                                 {} };
	const char *path = CONF_USUAL_FILE;
	bool as_json = false;
	int option;
	while ((option = getopt_long(argc, argv, "c:jh", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			path = optarg;
			break;
		case 'j':
			as_json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return WELL;
		default:
			fputs(usage, stderr);
			return UNKNOWN;
		}
	}
	if (optind != argc - 1) {
		fputs(usage, stderr);
		return UNKNOWN;
	}
	return run(argv[optind], path, as_json);
}
