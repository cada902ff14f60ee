/* Numbers of a message on the wire (RFC 1035 4.1). Inside dns/ alone. */
#ifndef DNS_WIRE_H
#define DNS_WIRE_H

enum {
	DNS_WIRE_HEADER_LEN = 12,
	DNS_WIRE_LABEL_MAX = 63,
	DNS_WIRE_NAME_MAX = 255,
	DNS_WIRE_RESPONSE = 0x80, /* of byte 2 */
	DNS_WIRE_AUTHORITATIVE = 0x04,
	DNS_WIRE_TRUNCATED = 0x02,
	DNS_WIRE_AUTHENTIC = 0x20, /* of byte 3 */
	DNS_WIRE_RCODE = 0x0f,
	DNS_WIRE_CLASS_IN = 1,
};

#endif
