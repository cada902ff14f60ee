#include "tls/context.h"

#include "base/clean.h"
#include "base/err.h"
#include "tls/provider.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <strings.h>

static const uint64_t options = SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA;

void tls_context_freep(SSL_CTX **context)
{
	SSL_CTX_free(*context);
	*context = NULL;
}

SSL_CTX *tls_context_new(const SSL_METHOD *method, const struct tls_context_settings *set)
{
	CLEAN(tls_context_freep)
	SSL_CTX *context = SSL_CTX_new_ex(NULL, tls_provider_properties, method);
	if (!context)
		return NULL;
	SSL_CTX_set_options(context, options);
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_read_ahead(context, 0);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_max_early_data(context, 0);
	SSL_CTX_set_recv_max_early_data(context, 0);
	if (!SSL_CTX_set_cipher_list(context, set->suites) ||
	    !SSL_CTX_set_ciphersuites(context, tls_policy_suites13) ||
	    !SSL_CTX_set1_groups_list(context, set->groups) ||
	    !SSL_CTX_set1_sigalgs_list(context, tls_policy_sigalgs(set->policy)) ||
	    !SSL_CTX_set_min_proto_version(context, set->policy->min_version) ||
	    !SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION))
		return NULL;
	return TAKE(context);
}

/* "?" and the like would be read by newer libraries as something else than a name. */
static bool is_plain_name(const char *name)
{
	return *name && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                             "0123456789-_") == strlen(name);
}

static bool is_usable(SSL_CTX *probe, const char *name)
{
	if (!is_plain_name(name) || strncasecmp(name, "ffdhe", 5) == 0)
		return false;
	bool is_known = SSL_CTX_set1_groups_list(probe, name);
	ERR_clear_error();
	return is_known;
}

/* What does not fit is cut at a name's end: nobody has 512 bytes of groups. */
static void name_add(char *list, const char *separator, const char *name)
{
	size_t len = strlen(list);
	if (len + strlen(name) + 2 <= TLS_POLICY_GROUPS_CAP)
		snprintf(list + len, TLS_POLICY_GROUPS_CAP - len, "%s%s", len ? separator : "",
		         name);
}

int tls_context_groups(const char *wanted, char ret_groups[TLS_POLICY_GROUPS_CAP],
                       char ret_skipped[TLS_POLICY_GROUPS_CAP])
{
	CLEAN(tls_context_freep) SSL_CTX *probe = SSL_CTX_new(TLS_method());
	CLEAN(freep) char *names = strdup(wanted);
	if (!probe || !names)
		return err_raise(-ENOMEM);
	ret_groups[0] = ret_skipped[0] = '\0';
	char *rest = names;
	for (char *name = strsep(&rest, ":"); name; name = strsep(&rest, ":")) {
		if (is_usable(probe, name))
			name_add(ret_groups, ":", name);
		else if (*name)
			name_add(ret_skipped, ",", name);
	}
	return 0;
}
