#include "cmd/config.h"

#include "base/clean.h"
#include "cmd/config_names.h"
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
#include <jansson.h>
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
	"                      it names can be read, max_sessions fits, and tunnels are there\n"
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

/* Only root and the daemon may read keys: what this user may not read is no error. */
static void file_check(struct check *c, struct conf_place place, const char *file)
{
	struct stat st;
	CLEAN(closep) int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode))
		return;
	if (fd >= 0)
		note(c, place, false, "write the name of a file", "\"%s\" is not a file", file);
	else if (errno == EACCES || errno == EPERM)
		note(c, place, true, "check as the user that starts mailseal",
		     "\"%s\" cannot be looked at by this user", file);
	else
		note(c, place, false, "put the file there or change the setting",
		     "cannot open \"%s\": %s", file, strerror(errno));
}

static void certificate_check(struct check *c, const struct conf_certificate *cert)
{
	char path[320];
	struct conf_place place = { cert->file, cert->line, path };
	if (cert->acme)
		return; /* its files are the daemon's to make */
	snprintf(path, sizeof(path), "certificate.%s.chain", cert->name);
	file_check(c, place, cert->chain);
	snprintf(path, sizeof(path), "certificate.%s.key", cert->name);
	file_check(c, place, cert->key);
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

/* As root the daemon becomes its user, with no other groups. */
static bool user_may_execute(const struct check *c, const char *file, const struct stat *st)
{
	const struct passwd *user = geteuid() ? NULL : getpwnam(c->settings->user);
	if (!user)
		return !access(file, X_OK);
	if (user->pw_uid == st->st_uid)
		return st->st_mode & S_IXUSR;
	return st->st_mode & (user->pw_gid == st->st_gid ? S_IXGRP : S_IXOTH);
}

/* words: the program and its arguments, count of them */
static void hook_check(struct check *c, const char *setting, char *const *words, size_t count)
{
	struct conf_place place = { c->settings->files[0], 0, setting };
	struct stat st;
	if (!count)
		return;
	const char *file = words[0];
	if (stat(file, &st))
		note(c, place, false, "put the program there or change the setting",
		     "cannot find \"%s\": %s", file, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		note(c, place, false, "write the name of a program", "\"%s\" is not a file", file);
	else if (!user_may_execute(c, file, &st))
		note(c, place, false, "chmod it, or change its group",
		     "the daemon's user may not execute \"%s\"", file);
	else if (st.st_mode & S_IWOTH)
		note(c, place, true, "chmod o-w", "anybody may change \"%s\"", file);
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

static void on_name(void *owner, const struct config_name *name)
{
	note(owner, (struct conf_place){ name->file, name->line, name->setting }, true, name->mend,
	     "no certificate that it would be answered with is for %s", name->name);
}

static void files_check(struct check *c)
{
	node_check(c);
	for (size_t i = 0; i < c->settings->certificate_count; i++)
		certificate_check(c, &c->settings->certificates[i]);
	for (size_t i = 0; i < c->settings->backend_count; i++) {
		backend_check(c, &c->settings->backends[i]);
		tunnel_check(c, &c->settings->backends[i]);
	}
	for (size_t i = 0; i < c->settings->relay_count; i++)
		relay_check(c, &c->settings->relays[i]);
	for (size_t i = 0; i < c->settings->route_count; i++)
		route_check(c, i);
	for (size_t i = 0; i < c->settings->link_count; i++)
		link_check(c, &c->settings->links[i]);
	resolver_check(c, &c->settings->resolver);
	const struct conf_settings *s = c->settings;
	struct stat st;
	hook_check(c, "ledger.exposure_hook", s->ledger.exposure_hook,
	           s->ledger.exposure_hook_count);
	hook_check(c, "alarm_hook", s->alarm_hook, s->alarm_hook_count);
	watched_check(c);
	group_check(c, "policy_service.group", c->settings->policy_service.group);
	group_check(c, "tlsrpt.group", c->settings->tlsrpt.group);
	dashboard_check(c, &c->settings->dashboard);
	if (s->certificate_dir && (stat(s->certificate_dir, &st) || !S_ISDIR(st.st_mode)))
		note(c, (struct conf_place){ c->path, 0, "certificate_dir" }, false,
		     "write the directory of a tree of certificates", "\"%s\" is no directory here",
		     s->certificate_dir);
	if (!s->certificate_dir) /* what names are in there the daemon reads */
		config_names_check(c->settings, on_name, c);
}

static void on_short(void *owner, const struct config_short *what)
{
	note(owner, (struct conf_place){ what->file, what->line, what->setting }, what->is_warning,
	     what->mend, "%s", what->message);
}

static void well_print(const char *path, const struct conf_settings *s)
{
	const struct {
		const char *name;
		size_t count;
	} parts[] = {
		{ "edges", s->edge_count },
		{ "backends", s->backend_count },
		{ "certificates", s->certificate_count },
		{ "relays", s->relay_count },
		{ "links", s->link_count },
		{ "interfaces to watch", s->watch.interface_count },
		{ "mirrors", s->mirror_count },
	};
	printf("%s: well", path);
	for (size_t i = 0; i < COUNT_OF(parts); i++)
		if (parts[i].count || i < 3)
			printf("%s %zu %s", i ? "," : ";", parts[i].count, parts[i].name);
	putchar('\n');
	config_room_print(s, stdout);
}

static json_t *string_or_null(const char *text)
{
	json_t *string = text ? json_string(text) : json_null();
	return string ? string : json_string("(not UTF-8)");
}

static int errors_print_json(const struct conf_errors *errors)
{
	json_t *list = json_array();
	for (size_t i = 0; i < errors->count; i++) {
		const struct conf_error *e = &errors->items[i];
		json_t *item =
			json_pack("{s:o, s:i, s:o, s:s, s:o, s:o}", "file", string_or_null(e->file),
		                  "line", e->line, "setting", string_or_null(e->setting), "level",
		                  e->is_warning ? "warning" : "error", "message",
		                  string_or_null(e->message), "mend", string_or_null(e->mend));
		if (!item || json_array_append_new(list, item)) {
			json_decref(list);
			return -ENOMEM;
		}
	}
	int r = json_dumpf(list, stdout, JSON_INDENT(2));
	json_decref(list);
	putchar('\n');
	return r ? -EIO : 0;
}

static int check(const char *path, bool as_json)
{
	CLEAN(conf_settings_freep) struct conf_settings *settings = NULL;
	CLEAN(conf_errors_deinit) struct conf_errors errors = {};
	int r = conf_read_file(&settings, path, time(NULL), &errors);
	if (r >= 0 && settings) {
		struct check c = { .path = path, .settings = settings, .errors = &errors };
		files_check(&c);
		config_room_check(settings, path, on_short, &c);
		r = c.failure;
	}
	if (r >= 0 && as_json)
		r = errors_print_json(&errors);
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
		well_print(path, settings);
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
