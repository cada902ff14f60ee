/*
 * A DNS answer as it came over the wire (RFC 1035 4), and the records that mail needs. Pure: who
 * asked and whether the answer is secure is known elsewhere (ask/).
 *
 * Names are text without the final dot, in lower case (RFC 4343), the root is "". Bytes that no
 * host name has are written as \DDD (RFC 1035 5.1), so that two different names never look the
 * same and none of them passes dns_name_is_host().
 */
#ifndef DNS_MESSAGE_H
#define DNS_MESSAGE_H

#include "base/slice.h"

enum {
	DNS_BAD = 1, /* not an answer of this form: everything in it is worth nothing */
	DNS_END,
};
enum {
	DNS_NAME_CAP = 1024,  /* 255 bytes, each written as \DDD */
	DNS_ADDRESS_CAP = 48, /* an address as text */
	DNS_TXT_CAP = 1024,   /* what no record read here comes near (RFC 8461 3.1, RFC 8460 3) */
};
enum dns_type {
	DNS_A = 1,
	DNS_NS = 2,
	DNS_CNAME = 5,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28,
	DNS_SRV = 33,
	DNS_NSEC3 = 50,
	DNS_NSEC3PARAM = 51,
	DNS_TLSA = 52,
	DNS_CAA = 257,
};

struct dns_message {
	struct slice whole; /* borrowed */
	size_t at;
	unsigned answers_left, authorities_left;
	uint8_t rcode;
	bool is_authentic;     /* AD: worth what its sender is (RFC 4035 4.9.3) */
	bool is_authoritative; /* AA: the sender has the zone (RFC 1035 4.1.1) */
};

struct dns_record {
	char name[DNS_NAME_CAP];
	uint16_t type; /* enum dns_type, or another */
	uint32_t ttl_s;
	struct slice data; /* borrowed from the message */
};

struct dns_mx {
	uint16_t preference;
	char host[DNS_NAME_CAP]; /* "": null MX (RFC 7505) */
};

/* RFC 6698 2.1 */
struct dns_tlsa {
	uint8_t usage, selector, matching;
	struct slice data; /* borrowed; not empty */
};

/* RFC 2782 */
struct dns_srv {
	uint16_t priority, weight, port;
	char target[DNS_NAME_CAP]; /* "": the service is not offered */
};

/* RFC 8659 4.1 */
struct dns_caa {
	bool is_critical;
	struct slice tag;   /* borrowed; letters and digits, not empty */
	struct slice value; /* borrowed */
};

/* Before the first answer. 0 or DNS_BAD: no response, a question of another form than one. */
[[nodiscard]] int dns_message_open(struct dns_message *ret_message, struct slice packet);
/* The next record of the answer section, of class IN. 0, DNS_END or DNS_BAD. */
[[nodiscard]] int dns_message_next(struct dns_message *m, struct dns_record *ret_record);
/* Once that has said DNS_END: the same of the authority section, where a denial has its proof. */
[[nodiscard]] int dns_message_next_authority(struct dns_message *m, struct dns_record *ret_record);

/* The record's data. The type is the caller's to look at first. 0 or DNS_BAD. */
[[nodiscard]] int dns_mx_read(const struct dns_message *m, const struct dns_record *r,
                              struct dns_mx *ret_mx);
/* Of a CNAME or NS record. ret_name: DNS_NAME_CAP bytes. */
[[nodiscard]] int dns_cname_read(const struct dns_message *m, const struct dns_record *r,
                                 char *ret_name);
/* Of an A or AAAA record (DNS_BAD: of another); ret_text: DNS_ADDRESS_CAP bytes. */
[[nodiscard]] int dns_address_read(const struct dns_record *r, char *ret_text);
[[nodiscard]] int dns_tlsa_read(const struct dns_record *r, struct dns_tlsa *ret_tlsa);
[[nodiscard]] int dns_srv_read(const struct dns_message *m, const struct dns_record *r,
                               struct dns_srv *ret_srv);
[[nodiscard]] int dns_caa_read(const struct dns_record *r, struct dns_caa *ret_caa);
/* Of an NSEC3 or NSEC3PARAM record (RFC 5155 3.1.3, 4.1.3; DNS_BAD: of another). */
[[nodiscard]] int dns_nsec3_read(const struct dns_record *r, uint16_t *ret_iterations);
/* Its strings in one (RFC 7208 3.3). ret_text: DNS_TXT_CAP bytes, not ended by 0. */
[[nodiscard]] int dns_txt_read(const struct dns_record *r, uint8_t *ret_text, size_t *ret_len);

/* A host name as mail may connect to (RFC 1123 2.1, and "_"): labels of 1 to 63, 253 in all. */
bool dns_name_is_host(const char *name);

#endif
