#include "tls/leaf.h"

#include "base/clean.h"

#include <openssl/asn1.h>
#include <openssl/err.h>

enum { UNIVERSAL = V_ASN1_UNIVERSAL, CONTEXT = V_ASN1_CONTEXT_SPECIFIC };

/* One value at the beginning of a slice. */
struct value {
	int tag, class;
	struct slice whole, content;
};

/* Takes it from in. False: there is none, or it is longer than in. */
static bool value_take(struct slice *in, struct value *ret)
{
	const unsigned char *at = in->data;
	long len = 0;
	if (!in->len)
		return false;
	int r = ASN1_get_object(&at, &len, &ret->tag, &ret->class, (long)in->len);
	/* 0x80: an error; 1 beside 0x20: of no definite length, which DER has not. */
	if (r & 0x81 || len < 0) {
		ERR_clear_error();
		return false;
	}
	ret->content = slice_of(at, (size_t)len);
	ret->whole = slice_of(in->data, (size_t)(at - in->data) + (size_t)len);
	*in = slice_skip(*in, ret->whole.len);
	return true;
}

static bool take(struct slice *in, int tag, struct slice *ret_content)
{
	struct value v;
	if (!value_take(in, &v) || v.class != UNIVERSAL || v.tag != tag)
		return false;
	*ret_content = v.content;
	return true;
}

static bool is_next(struct slice in, int class, int tag)
{
	struct value v;
	return value_take(&in, &v) && v.class == class && v.tag == tag;
}

/* rsaEncryption and id-ecPublicKey (RFC 3279 2.3). */
static int kind_read(struct slice key, enum tls_key_kind *ret_kind)
{
	static const uint8_t rsa[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01 };
	static const uint8_t ec[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01 };
	struct slice inner, algorithm, oid;
	if (!take(&key, V_ASN1_SEQUENCE, &inner) || !take(&inner, V_ASN1_SEQUENCE, &algorithm) ||
	    !take(&algorithm, V_ASN1_OBJECT, &oid))
		return TLS_CHAIN_BAD;
	if (slice_equal(oid, slice_of(rsa, sizeof(rsa))))
		*ret_kind = TLS_KEY_RSA;
	else if (slice_equal(oid, slice_of(ec, sizeof(ec))))
		*ret_kind = TLS_KEY_EC;
	else
		return TLS_CHAIN_UNSUPPORTED;
	return 0;
}

static bool alternatives_read(struct tls_leaf *leaf, struct slice octets)
{
	struct slice list;
	struct value v;
	if (!take(&octets, V_ASN1_SEQUENCE, &list))
		return false;
	while (list.len) {
		if (!value_take(&list, &v))
			return false;
		if (v.class != CONTEXT || v.tag != 2) /* dNSName, RFC 5280 4.2.1.6 */
			continue;
		if (leaf->name_count == TLS_LEAF_NAMES_MAX)
			return false;
		leaf->names[leaf->name_count++] = v.content;
	}
	return true;
}

static bool extensions_read(struct tls_leaf *leaf, struct slice list)
{
	static const uint8_t alternatives[] = { 0x55, 0x1d, 0x11 };
	struct slice one, oid, octets;
	while (list.len) {
		if (!take(&list, V_ASN1_SEQUENCE, &one) || !take(&one, V_ASN1_OBJECT, &oid))
			return false;
		if (!slice_equal(oid, slice_of(alternatives, sizeof(alternatives))))
			continue;
		if (is_next(one, UNIVERSAL, V_ASN1_BOOLEAN))
			(void)take(&one, V_ASN1_BOOLEAN, &octets);
		if (!take(&one, V_ASN1_OCTET_STRING, &octets) || !alternatives_read(leaf, octets))
			return false;
	}
	return true;
}

/* What stands before the key: version, serial, algorithm, issuer, validity, subject. */
static bool to_key(struct slice *in)
{
	static const int tags[] = { V_ASN1_INTEGER, V_ASN1_SEQUENCE, V_ASN1_SEQUENCE,
		                    V_ASN1_SEQUENCE, V_ASN1_SEQUENCE };
	struct slice skipped;
	struct value version;
	if (is_next(*in, CONTEXT, 0) && !value_take(in, &version))
		return false;
	for (size_t i = 0; i < COUNT_OF(tags); i++)
		if (!take(in, tags[i], &skipped))
			return false;
	return true;
}

int tls_leaf_read(struct tls_leaf *leaf, struct slice der)
{
	struct slice certificate, body, list;
	struct value key, v;
	leaf->name_count = 0;
	if (!take(&der, V_ASN1_SEQUENCE, &certificate) ||
	    !take(&certificate, V_ASN1_SEQUENCE, &body) || !to_key(&body) ||
	    !value_take(&body, &key))
		return TLS_CHAIN_BAD;
	leaf->key = key.whole;
	int r = kind_read(key.whole, &leaf->kind);
	while (!r && body.len) {
		if (!value_take(&body, &v))
			return TLS_CHAIN_BAD;
		if (v.class != CONTEXT || v.tag != 3)
			continue;
		if (!take(&v.content, V_ASN1_SEQUENCE, &list) || !extensions_read(leaf, list))
			return TLS_CHAIN_BAD;
	}
	return r;
}
