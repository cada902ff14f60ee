#include "check/endpoint.h"

#include "base/clean.h"

static const struct {
	const char *name;
	uint16_t port;
	bool has_starttls;
} services[] = {
	[CHECK_SMTP] = { "smtp", 25, true },
	[CHECK_SUBMISSION] = { "submission", 587, true },
	[CHECK_SUBMISSIONS] = { "submissions", 465, false },
	[CHECK_IMAP] = { "imap", 143, true },
	[CHECK_IMAPS] = { "imaps", 993, false },
	[CHECK_POP3] = { "pop3", 110, true },
	[CHECK_POP3S] = { "pop3s", 995, false },
	[CHECK_MANAGESIEVE] = { "managesieve", 4190, true },
	[CHECK_HTTPS] = { "https", 443, false },
	[CHECK_TLS] = { "tls", 443, false },
};
_Static_assert(COUNT_OF(services) == CHECK_SERVICE_COUNT, "a service without a name");

static const char *const reaches[] = {
	[CHECK_NOT_ASKED] = "not-asked", [CHECK_OPEN] = "open", [CHECK_CLOSED] = "closed",
	[CHECK_SILENT] = "silent",       [CHECK_RATE] = "rate", [CHECK_FOREIGN] = "foreign",
};
_Static_assert(COUNT_OF(reaches) == CHECK_REACH_COUNT, "a reach without a name");

static const char *const versions[] = {
	[CHECK_SSL2] = "SSLv2",    [CHECK_SSL3] = "SSLv3",    [CHECK_TLS10] = "TLSv1.0",
	[CHECK_TLS11] = "TLSv1.1", [CHECK_TLS12] = "TLSv1.2", [CHECK_TLS13] = "TLSv1.3",
};
_Static_assert(COUNT_OF(versions) == CHECK_VERSION_COUNT, "a version without a name");

const char *check_service_name(enum check_service service)
{
	return services[service].name;
}

bool check_service_find(const char *name, enum check_service *ret_service)
{
	for (unsigned i = 0; i < CHECK_SERVICE_COUNT; i++)
		if (!strcasecmp(name, services[i].name)) {
			*ret_service = i;
			return true;
		}
	return false;
}

unsigned check_service_port(enum check_service service)
{
	return services[service].port;
}

bool check_service_has_starttls(enum check_service service)
{
	return services[service].has_starttls;
}

const char *check_reach_name(enum check_reach reach)
{
	return reaches[reach];
}

const char *check_version_name(enum check_version version)
{
	return versions[version];
}

enum check_version check_version_find(const char *name)
{
	enum check_version version = CHECK_SSL2;
	while (version < CHECK_VERSION_COUNT && strcmp(versions[version], name) != 0)
		version++;
	return version;
}

void check_endpoint_deinit(struct check_endpoint *e)
{
	if (!e)
		return;
	free(e->chain.names);
	free(e->other_chain.names);
	e->chain.names = NULL;
	e->other_chain.names = NULL;
}
