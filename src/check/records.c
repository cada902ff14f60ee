#include "check/records.h"

#include <stdio.h>

/* What a record of another kind, or one that is wrong, gives. */
enum { GOOD, ABSENT, BAD };
typedef int read_fn(struct slice text, void *owner);

static int sts_read(struct slice text, void *owner)
{
	char id[POLICY_STS_ID_MAX + 1];
	(void)owner;
	/* RFC 8461 3.1 passes over what does not begin as it should; its owner meant it all the
	 * same. */
	if (!slice_starts_nocase(slice_trim(text), "v=STSv1"))
		return ABSENT;
	return policy_sts_record_parse(text, id) ? BAD : GOOD;
}

static int tlsrpt_read(struct slice text, void *owner)
{
	struct policy_tlsrpt_record record = {}, *first = owner;
	if (!slice_starts_nocase(slice_trim(text), "v=TLSRPTv1"))
		return ABSENT;
	if (policy_tlsrpt_record_parse(text, &record))
		return BAD;
	if (!first->count)
		*first = record;
	return GOOD;
}

static void texts_take(struct check_txt *t, struct slice packet, read_fn *read, void *owner)
{
	struct dns_message m;
	struct dns_record r;
	uint8_t text[DNS_TXT_CAP];
	size_t len;
	if (dns_message_open(&m, packet))
		return;
	while (!dns_message_next(&m, &r)) {
		if (r.type != DNS_TXT || dns_txt_read(&r, text, &len))
			continue;
		int result = read(slice_of(text, len), owner);
		if (result == ABSENT)
			continue;
		if (!t->count++) {
			slice_to_text(slice_of(text, len), t->text, sizeof(t->text));
			t->ttl_s = r.ttl_s;
		}
		t->bad += result == BAD;
	}
}

void check_records_sts(struct check_txt *t, enum policy_dns status, struct slice packet)
{
	*t = (struct check_txt){ .status = status };
	texts_take(t, packet, sts_read, NULL);
}

void check_records_tlsrpt(struct check_txt *t, struct policy_tlsrpt_record *ret_record,
                          enum policy_dns status, struct slice packet)
{
	*t = (struct check_txt){ .status = status };
	*ret_record = (struct policy_tlsrpt_record){};
	texts_take(t, packet, tlsrpt_read, ret_record);
}

/* RFC 8659 4.2: the issuer's name, before parameters; "" forbids all. */
static void issuer_add(struct check_txt *t, struct slice value)
{
	size_t len = strlen(t->text);
	struct slice name = slice_trim(slice_head(value, slice_find(value, ';')));
	if (len + 1 < sizeof(t->text) && len)
		t->text[len++] = ' ';
	slice_to_text(name.len ? name : slice_str(";"), t->text + len, sizeof(t->text) - len);
}

void check_records_caa(struct check_txt *t, enum policy_dns status, struct slice packet)
{
	struct dns_message m;
	struct dns_record r;
	struct dns_caa caa;
	*t = (struct check_txt){ .status = status };
	if (dns_message_open(&m, packet))
		return;
	while (!dns_message_next(&m, &r)) {
		if (r.type != DNS_CAA)
			continue;
		if (!t->count++)
			t->ttl_s = r.ttl_s;
		if (dns_caa_read(&r, &caa))
			t->bad++;
		else if (slice_equal_nocase(caa.tag, slice_str("issue")))
			issuer_add(t, caa.value);
	}
}

static void srv_insert(struct check_srv *srv, unsigned max, unsigned *count,
                       const struct dns_srv *record)
{
	unsigned at = *count;
	if (record->target[0] && !dns_name_is_host(record->target))
		return; /* nobody can go there */
	while (at && srv[at - 1].priority > record->priority)
		at--;
	if (at == max)
		return;
	if (*count < max)
		(*count)++;
	memmove(&srv[at + 1], &srv[at], (*count - 1 - at) * sizeof(*srv));
	srv[at].is_there = true;
	srv[at].priority = record->priority;
	srv[at].port = record->port;
	snprintf(srv[at].target, sizeof(srv[at].target), "%.*s", POLICY_WAY_NAME_CAP - 1,
	         record->target);
}

void check_records_srv(struct check_srv *srv, unsigned max, enum policy_dns status,
                       struct slice packet, unsigned *ret_count)
{
	const struct check_srv none = srv[0];
	struct dns_message m;
	struct dns_record r;
	struct dns_srv record;
	unsigned count = 0;
	if (!dns_message_open(&m, packet))
		while (!dns_message_next(&m, &r))
			if (r.type == DNS_SRV && !dns_srv_read(&m, &r, &record))
				srv_insert(srv, max, &count, &record);
	if (!count)
		srv[count++].is_there = false;
	for (unsigned i = 0; i < count; i++) {
		memcpy(srv[i].label, none.label, sizeof(none.label));
		srv[i].status = status;
	}
	*ret_count = count;
}

int check_records_nsec3(struct slice packet)
{
	struct dns_message m;
	struct dns_record r;
	uint16_t iterations;
	int most = -1;
	if (dns_message_open(&m, packet))
		return most;
	while (!dns_message_next(&m, &r))
		if (!dns_nsec3_read(&r, &iterations) && iterations > most)
			most = iterations;
	while (!dns_message_next_authority(&m, &r))
		if (!dns_nsec3_read(&r, &iterations) && iterations > most)
			most = iterations;
	return most;
}

bool check_records_null_mx_is_not_alone(struct slice packet)
{
	struct dns_message m;
	struct dns_record r;
	struct dns_mx mx;
	unsigned count = 0;
	bool has_null = false;
	if (dns_message_open(&m, packet))
		return false;
	while (!dns_message_next(&m, &r)) {
		if (r.type != DNS_MX)
			continue;
		count++;
		has_null = has_null || (!dns_mx_read(&m, &r, &mx) && !mx.host[0]);
	}
	return has_null && count > 1;
}

uint32_t check_records_ttl_s(struct slice packet, enum dns_type type)
{
	struct dns_message m;
	struct dns_record r;
	uint32_t least = 0;
	if (dns_message_open(&m, packet))
		return 0;
	while (!dns_message_next(&m, &r))
		if (r.type == type && (!least || r.ttl_s < least))
			least = r.ttl_s;
	return least;
}
