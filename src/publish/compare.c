/* What DNS has, as text, beside what it should have. */
#include "base/clean.h"
#include "publish/records.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct {
	enum dns_type type;
	const char *name;
} types[] = {
	{ DNS_A, "A" },     { DNS_AAAA, "AAAA" }, { DNS_CNAME, "CNAME" }, { DNS_MX, "MX" },
	{ DNS_TXT, "TXT" }, { DNS_SRV, "SRV" },   { DNS_TLSA, "TLSA" },   { DNS_CAA, "CAA" },
};

const char *publish_type_name(enum dns_type type)
{
	for (size_t i = 0; i < COUNT_OF(types); i++)
		if (types[i].type == type)
			return types[i].name;
	return "?";
}

/* What a record of these says apart from what its owner chooses: a preference, an id. */
static const char *const free_texts[] = { "\"v=STSv1;", "\"v=TLSRPTv1;" };

/* Of a quoted text; "" if it has none. */
static void sts_id(const char *text, char ret_id[POLICY_STS_ID_MAX + 1])
{
	size_t len = strlen(text);
	struct slice inside = len < 2 ? (struct slice){} : slice_of(text + 1, len - 2);
	if (policy_sts_record_parse(inside, ret_id))
		ret_id[0] = '\0';
}

static bool txt_is_like(const struct publish_record *record, const char *text)
{
	char wanted[POLICY_STS_ID_MAX + 1], there[POLICY_STS_ID_MAX + 1];
	if (record->is_exact) {
		sts_id(record->data, wanted);
		sts_id(text, there);
		return wanted[0] && !strcmp(wanted, there);
	}
	for (size_t i = 0; i < COUNT_OF(free_texts); i++)
		if (!strncmp(record->data, free_texts[i], strlen(free_texts[i])))
			return !strncmp(text, free_texts[i], strlen(free_texts[i]));
	return !strcmp(record->data, text);
}

static bool is_like(const struct publish_record *record, const char *text)
{
	switch (record->type) {
	case DNS_MX:
		return !strcasecmp(strchr(record->data, ' '), strchr(text, ' '));
	case DNS_SRV: /* priority and weight are free; "0 0 0 ." is not */
		return !strcasecmp(strchr(strchr(record->data, ' ') + 1, ' '),
		                   strchr(strchr(text, ' ') + 1, ' '));
	case DNS_CAA: /* whom it names is free, as long as it names somebody */
		return strstr(text, " issue \"") != NULL;
	case DNS_TXT:
		return txt_is_like(record, text);
	case DNS_A:
	case DNS_AAAA:
	case DNS_NS:
	case DNS_CNAME:
	case DNS_NSEC3:
	case DNS_NSEC3PARAM:
		return !record->data[0] || !strcmp(record->data, text);
	case DNS_TLSA:
		return !strcmp(record->data, text);
	}
	return false;
}

/* --- one record as text; 0 or DNS_BAD --- */

static int txt_write(const struct dns_record *r, char *ret_text)
{
	uint8_t bytes[DNS_TXT_CAP];
	size_t len;
	if (dns_txt_read(r, bytes, &len))
		return DNS_BAD;
	char text[PUBLISH_DATA_CAP - 8];
	slice_to_text(slice_of(bytes, len), text, sizeof(text));
	snprintf(ret_text, PUBLISH_DATA_CAP, "\"%s\"", text);
	return 0;
}

static int mx_write(const struct dns_message *m, const struct dns_record *r, char *ret_text)
{
	struct dns_mx mx;
	if (dns_mx_read(m, r, &mx))
		return DNS_BAD;
	snprintf(ret_text, PUBLISH_DATA_CAP, "%u %.400s.", mx.preference, mx.host);
	return 0;
}

static int srv_write(const struct dns_message *m, const struct dns_record *r, char *ret_text)
{
	struct dns_srv srv;
	if (dns_srv_read(m, r, &srv))
		return DNS_BAD;
	snprintf(ret_text, PUBLISH_DATA_CAP, "%u %u %u %.400s.", srv.priority, srv.weight, srv.port,
	         srv.target);
	return 0;
}

static int tlsa_write(const struct dns_record *r, char *ret_text)
{
	struct dns_tlsa tlsa;
	if (dns_tlsa_read(r, &tlsa))
		return DNS_BAD;
	int len = snprintf(ret_text, PUBLISH_DATA_CAP, "%u %u %u ", tlsa.usage, tlsa.selector,
	                   tlsa.matching);
	for (size_t i = 0; i < tlsa.data.len && len < PUBLISH_DATA_CAP - 2; i++)
		len += snprintf(ret_text + len, (size_t)(PUBLISH_DATA_CAP - len), "%02x",
		                tlsa.data.data[i]);
	return 0;
}

static int caa_write(const struct dns_record *r, char *ret_text)
{
	struct dns_caa caa;
	char tag[32], value[PUBLISH_DATA_CAP - 48];
	if (dns_caa_read(r, &caa))
		return DNS_BAD;
	slice_to_text(caa.tag, tag, sizeof(tag));
	slice_to_text(caa.value, value, sizeof(value));
	snprintf(ret_text, PUBLISH_DATA_CAP, "%d %s \"%s\"", caa.is_critical ? 128 : 0, tag, value);
	return 0;
}

static int record_write(const struct dns_message *m, const struct dns_record *r, char *ret_text)
{
	switch (r->type) {
	case DNS_MX:
		return mx_write(m, r, ret_text);
	case DNS_TXT:
		return txt_write(r, ret_text);
	case DNS_SRV:
		return srv_write(m, r, ret_text);
	case DNS_TLSA:
		return tlsa_write(r, ret_text);
	case DNS_CAA:
		return caa_write(r, ret_text);
	default:
		return dns_address_read(r, ret_text);
	}
}

/* --- the answer --- */

static void instead_add(struct publish_record *record, const char *text)
{
	size_t len = strlen(record->instead);
	snprintf(record->instead + len, sizeof(record->instead) - len, "%s%s", len ? ", " : "",
	         text);
}

static enum publish_state state_of(const struct publish_record *record, enum policy_dns status)
{
	bool needs_dnssec = record->type == DNS_TLSA;
	return needs_dnssec && status != POLICY_DNS_SECURE ? PUBLISH_UNSIGNED : PUBLISH_THERE;
}

void publish_record_compare(struct publish_record *record, enum policy_dns status,
                            struct slice packet, const char *why)
{
	struct dns_message m;
	struct dns_record r;
	if (policy_dns_is_lost(status) || dns_message_open(&m, packet)) {
		snprintf(record->lost, sizeof(record->lost), "%s", why ? why : "no answer");
		return;
	}
	record->state = PUBLISH_MISSING;
	while (!dns_message_next(&m, &r)) {
		char text[PUBLISH_DATA_CAP];
		if (r.type != record->type || record_write(&m, &r, text))
			continue;
		if (is_like(record, text)) {
			record->state = state_of(record, status);
			record->instead[0] = '\0';
			return;
		}
		instead_add(record, text);
	}
}
