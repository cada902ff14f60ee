#include "base/clean.h"
#include "tls/answer.h"
#include "tls/dh_primes.h"
#include "tls/iana.h"
#include "tls/test_raw.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>

/* Bytes from hexadecimal; spaces are for the reader. */
static void hex_read(const char *text, struct buf *ret_bytes)
{
	unsigned byte = 0;
	int used = 0;
	while (sscanf(text, " %2x%n", &byte, &used) == 1) {
		assert_int_equal(buf_add(ret_bytes, slice_of(&(uint8_t){ (uint8_t)byte }, 1)), 0);
		text += used;
	}
}

static int feed_by(struct tls_answer *a, struct slice bytes, size_t step)
{
	int r = TLS_ANSWER_MORE;
	while (bytes.len && r == TLS_ANSWER_MORE) {
		r = tls_answer_feed(a, slice_head(bytes, step));
		bytes = slice_skip(bytes, step);
	}
	return r;
}

#define RANDOM_24 "000102030405060708090a0b0c0d0e0f1011121314151617"
#define RANDOM RANDOM_24 "18191a1b1c1d1e1f"
#define RETRY "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c"

/* A ServerHello of 38 bytes without extensions, as a message and in its record. */
#define HELLO(version, suite) "02 000026 " version RANDOM "00" suite "00"
#define RECORD(version, suite) "16 " version " 002a " HELLO(version, suite)

struct broken {
	const char *bytes;
	int result;
	const char *problem; /* NULL: none */
};

static const struct broken broken[] = {
	/* Whole answers */
	{ "15 0301 0002 0228", 0, NULL },
	{ RECORD("0301", "002f") "16 0301 0004 0e000000", 0, NULL },
	{ RECORD("0303", "c02f") "15 0303 0002 0250", 0, NULL },
	{ "15 0301 0002 0170" RECORD("0301", "002f") "16 0301 0004 0e000000", 0, NULL },
	{ "15 0301 0002 0100", 0, NULL }, /* close_notify */
	/* Not whole */
	{ "16", TLS_ANSWER_MORE, NULL },
	{ "15 0301 0002 02", TLS_ANSWER_MORE, NULL },
	{ "15 0301 0002 0170", TLS_ANSWER_MORE, NULL },
	{ RECORD("0303", "c02f"), TLS_ANSWER_MORE, NULL },
	{ RECORD("0303", "c02f") "16 0303 0001 0e", TLS_ANSWER_MORE, NULL },
	{ "80", TLS_ANSWER_MORE, NULL },
	{ "8003 00 00", TLS_ANSWER_MORE, NULL },
	/* No TLS */
	{ "343231 20", TLS_ANSWER_BAD, "no TLS" },
	{ "48545450 2f", TLS_ANSWER_BAD, "no TLS" },
	{ "16 02", TLS_ANSWER_BAD, "no TLS" },
	{ "80 00 05", TLS_ANSWER_BAD, "no TLS" },
	{ "ff", TLS_ANSWER_MORE, NULL }, /* a record of SSL 2 may begin so */
	{ "ff ff ff", TLS_ANSWER_BAD, "no TLS" },
	/* Records */
	{ "16 0303 ffff", TLS_ANSWER_BAD, "a record longer than one may be" },
	{ "16 0303 0000", TLS_ANSWER_BAD, "an empty record" },
	{ "15 0303 0001 02", TLS_ANSWER_BAD, "an alert of odd length" },
	{ "17 0303 0001 00", TLS_ANSWER_BAD, "a record that belongs elsewhere" },
	{ "14 0303 0001 01", TLS_ANSWER_BAD, "a record that belongs elsewhere" },
	{ RECORD("0303", "c02f") "00", TLS_ANSWER_BAD, "no record" },
	{ "16 0303 0002 0200 15 0303 0002 0228", TLS_ANSWER_BAD, "another record in a message" },
	/* Messages */
	{ "16 0303 0004 02ffffff", TLS_ANSWER_BAD, "a message without end" },
	{ "16 0303 0004 0e000000", TLS_ANSWER_BAD, "no ServerHello first" },
	{ "16 0303 0004 0b000000", TLS_ANSWER_BAD, "no ServerHello first" },
	{ RECORD("0303", "c02f") RECORD("0303", "c02f"), TLS_ANSWER_BAD, "a second ServerHello" },
	{ RECORD("0303", "c02f") "16 0303 0004 14000000", TLS_ANSWER_BAD,
	  "a message that belongs elsewhere" },
	{ RECORD("0303", "c02f") "16 0303 0005 0e00000100", TLS_ANSWER_BAD,
	  "a ServerHelloDone that is too long" },
	/* ServerHello */
	{ "16 0303 0004 02000000", TLS_ANSWER_BAD, "a ServerHello that is cut or too long" },
	{ RECORD("0403", "c02f"), TLS_ANSWER_BAD, "no TLS" },
	{ "16 0303 002a " HELLO("0503", "c02f"), TLS_ANSWER_BAD, "a version that is none" },
	{ "16 0303 002a 02 000026 0303" RETRY "00 1301 00", TLS_ANSWER_BAD,
	  "a HelloRetryRequest before TLS 1.3" },
	{ "16 0303 002a 02 000026 0303" RANDOM "21 1301 00", TLS_ANSWER_BAD,
	  "a ServerHello that is cut or too long" },
	{ "16 0303 002c 02 000028 0303" RANDOM "00 1301 00 0001", TLS_ANSWER_BAD,
	  "a ServerHello that is cut or too long" },
	{ "16 0303 0030 02 00002c 0303" RANDOM "00 1301 00 0004 00170001", TLS_ANSWER_BAD,
	  "a ServerHello that is cut or too long" },
	{ "16 0303 002b 02 000027 0303" RANDOM "00 1301 00 00", TLS_ANSWER_BAD,
	  "a ServerHello that is cut or too long" },
	/* Certificate */
	{ RECORD("0303", "c02f") "16 0303 0007 0b000003 000001", TLS_ANSWER_BAD,
	  "a Certificate that is cut or too long" },
	{ RECORD("0303", "c02f") "16 0303 000a 0b000006 000003 000000", TLS_ANSWER_BAD,
	  "a Certificate that is cut or too long" },
	{ RECORD("0303", "c02f") "16 0303 000b 0b000007 000004 00000230", TLS_ANSWER_BAD,
	  "a Certificate that is cut or too long" },
	{ RECORD("0303", "c02f") "16 0303 000c 0b000008 000004 00000130 00", TLS_ANSWER_BAD,
	  "a Certificate that is cut or too long" },
	{ RECORD("0303", "c02f") "16 0303 000b 0b000007 000004 00000130"
	                         "16 0303 000b 0b000007 000004 00000130",
	  TLS_ANSWER_BAD, "a second Certificate" },
	{ RECORD("0303", "c02f") "16 0303 0007 16000003 010000", TLS_ANSWER_BAD,
	  "a CertificateStatus that is cut" },
	/* ServerKeyExchange */
	{ RECORD("0303", "c02f") "16 0303 0008 0c000004 03001d01", TLS_ANSWER_BAD,
	  "a ServerKeyExchange that is cut or too long" },
	{ RECORD("0303", "c02f") "16 0303 000b 0c000007 03001d0100 0401", TLS_ANSWER_BAD,
	  "a ServerKeyExchange that is cut or too long" },
	{ RECORD("0303", "0033") "16 0303 0006 0c000002 ffff", TLS_ANSWER_BAD,
	  "a ServerKeyExchange that is cut or too long" },
	{ RECORD("0303", "0003") "16 0303 0006 0c000002 ffff", TLS_ANSWER_BAD,
	  "a ServerKeyExchange that is cut or too long" },
	{ RECORD("0303", "c02f") "16 0303 0009 0c000005 03001d0100"
	                         "16 0303 0009 0c000005 03001d0100",
	  TLS_ANSWER_BAD, "a second ServerKeyExchange" },
	/* SSL 2 */
	{ "8003 00 0001", 0, NULL },
	{ "8002 00 00", TLS_ANSWER_BAD, "an ERROR that is cut" },
	{ "8003 04 0001", TLS_ANSWER_BAD, "a SERVER-HELLO that is cut" },
	{ "800f 04 00 01 0002 0000 0004 0000 01008000", TLS_ANSWER_BAD,
	  "a SERVER-HELLO that is cut" },
	{ "8000 04", TLS_ANSWER_BAD, "an empty record" },
};

static void test_answer_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(broken); i++)
		for (size_t step = 1; step < 2048; step *= 5) {
			struct buf bytes = {};
			struct tls_answer a = {};
			hex_read(broken[i].bytes, &bytes);
			int r = feed_by(&a, buf_slice(&bytes), step);
			if (r != broken[i].result)
				print_message("%s\n", broken[i].bytes);
			assert_int_equal(r, broken[i].result);
			if (broken[i].problem)
				assert_string_equal(a.problem, broken[i].problem);
			else
				assert_null(a.problem);
			/* The same again, whatever comes. */
			if (r != TLS_ANSWER_MORE)
				assert_int_equal(tls_answer_feed(&a, slice_str("x")), r);
			buf_deinit(&bytes);
			tls_answer_deinit(&a);
		}
}

/* After BAD what was read before stands. */
static void test_answer_keeps_what_was_read(void **state)
{
	struct buf bytes = {};
	struct tls_answer a = {};
	(void)state;
	hex_read(RECORD("0302", "c013") "16 0302 0007 0b000003 000001", &bytes);
	assert_int_equal(tls_answer_feed(&a, buf_slice(&bytes)), TLS_ANSWER_BAD);
	assert_int_equal(a.kind, TLS_ANSWER_HELLO);
	assert_int_equal(a.version, 0x0302);
	assert_int_equal(a.record_version, 0x0302);
	assert_int_equal(a.suite, 0xc013);
	buf_deinit(&bytes);
	tls_answer_deinit(&a);
}

static void test_answer_half_a_hello_is_none(void **state)
{
	struct buf bytes = {};
	struct tls_answer a = {};
	(void)state;
	hex_read("16 0303 0030 02 00002c 0303" RANDOM "00 1301 00 0004 00170001", &bytes);
	assert_int_equal(tls_answer_feed(&a, buf_slice(&bytes)), TLS_ANSWER_BAD);
	assert_int_equal(a.kind, TLS_ANSWER_NONE);
	assert_int_equal(a.version, 0);
	buf_deinit(&bytes);
	tls_answer_deinit(&a);
}

static void test_answer_text(void **state)
{
	struct tls_answer a = {};
	struct tls_answer b = {};
	const char *text = "421 4.7.0 too many\r\n\x1b[31mconnections";
	(void)state;
	assert_int_equal(tls_answer_feed(&a, slice_str(text)), TLS_ANSWER_BAD);
	assert_string_equal(a.seen, "421 4.7.0 too many???[31mconnections");
	for (size_t i = 0; text[i]; i++)
		assert_int_equal(tls_answer_feed(&b, slice_of(text + i, 1)), TLS_ANSWER_BAD);
	assert_string_equal(b.seen, a.seen);
	assert_int_equal(a.kind, TLS_ANSWER_NONE);
	tls_answer_deinit(&a);
	tls_answer_deinit(&b);
}

/* Warnings for ever, requests for ever, and a message of the longest that is taken. */
static void test_answer_endless(void **state)
{
	static const char *const pieces[] = { "15 0301 0002 0170", "16 0303 0004 00000000",
		                              "16 0303 0004 02020000" };
	(void)state;
	for (size_t i = 0; i < COUNT_OF(pieces); i++) {
		struct buf bytes = {};
		struct tls_answer a = {};
		int r = TLS_ANSWER_MORE;
		size_t fed = 0;
		hex_read(pieces[i], &bytes);
		for (; r == TLS_ANSWER_MORE && fed < 2 * (size_t)TLS_ANSWER_LEN_MAX;
		     fed += buf_len(&bytes))
			r = tls_answer_feed(&a, buf_slice(&bytes));
		assert_int_equal(r, TLS_ANSWER_BAD);
		assert_non_null(a.problem);
		assert_in_range(fed, TLS_ANSWER_LEN_MAX / 2, TLS_ANSWER_LEN_MAX + 64);
		buf_deinit(&bytes);
		tls_answer_deinit(&a);
	}
}

static void test_answer_compression_and_marks(void **state)
{
	struct buf bytes = {};
	struct tls_answer a = {};
	(void)state;
	hex_read("16 0301 002a 02 000026 0301" RANDOM_24 "444f574e47524401 00 0035 01"
	         "16 0301 0008 00000000 0e000000", /* a HelloRequest, which is ignored */
	         &bytes);
	assert_int_equal(tls_answer_feed(&a, buf_slice(&bytes)), 0);
	assert_int_equal(a.compression, 1);
	assert_true(a.has_downgrade_mark);
	buf_deinit(&bytes);
	tls_answer_deinit(&a);
}

static void test_answer_dh_and_rsa(void **state)
{
	static const struct {
		const char *bytes;
		enum tls_answer_exchange exchange;
		unsigned dh_bits, rsa_bits;
		bool is_signed;
	} cases[] = {
		{ RECORD("0301", "0033") "16 0301 0015 0c000011 0003 00017f 0001 02 0001 03"
		                         "0004 01020304",
		  TLS_EXCHANGE_DH, 9, 0, true },
		{ RECORD("0301", "0018") "16 0301 000f 0c00000b 0003 0000ff 0001 02 0001 03",
		  TLS_EXCHANGE_DH, 8, 0, false },
		{ RECORD("0301", "0003") "16 0301 000f 0c00000b 0002 40ff 0001 03 0002 0102",
		  TLS_EXCHANGE_RSA, 0, 15, true },
		{ RECORD("0301", "c013") "16 0301 0008 0c000004 01000000",
		  TLS_EXCHANGE_EXPLICIT_CURVE, 0, 0, false },
		{ RECORD("0301", "fafa") "16 0301 0008 0c000004 01000000", TLS_EXCHANGE_OTHER, 0, 0,
		  false },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct buf bytes = {};
		struct tls_answer a = {};
		hex_read(cases[i].bytes, &bytes);
		hex_read("16 0301 0004 0e000000", &bytes);
		assert_int_equal(feed_by(&a, buf_slice(&bytes), 3), 0);
		assert_int_equal(a.exchange, cases[i].exchange);
		assert_int_equal(a.dh_bits, cases[i].dh_bits);
		assert_int_equal(a.rsa_bits, cases[i].rsa_bits);
		assert_int_equal(a.is_signed, cases[i].is_signed);
		buf_deinit(&bytes);
		tls_answer_deinit(&a);
	}
}

static void test_answer_ssl2(void **state)
{
	struct buf bytes = {};
	struct tls_answer a = {};
	(void)state;
	hex_read("8015 04 00 01 0002 0002 0006 0002 3001 010080 0700c0 aabb", &bytes);
	assert_int_equal(feed_by(&a, buf_slice(&bytes), 1), 0);
	assert_int_equal(a.kind, TLS_ANSWER_SSL2);
	assert_int_equal(a.version, 2);
	assert_int_equal(a.ssl2_kind_count, 2);
	assert_string_equal(tls_iana_ssl2_kind(a.ssl2_kinds[1])->name,
	                    "SSL_CK_DES_192_EDE3_CBC_WITH_MD5");
	assert_int_equal(a.certificate_count, 1);
	assert_int_equal(tls_answer_certificate(&a, 0).len, 2);
	buf_deinit(&bytes);
	tls_answer_deinit(&a);
}

/*
 * From Java 17 with everything allowed: SSL 3, TLS_RSA_EXPORT_WITH_RC4_40_MD5, certificate of 1024
 * bits, key of 512, and its close after the silence.
 */
static const char ssl3_export[] =
	"16030000510200004d030007b7cb853fed0cfb834420ae449c4ec95171ec8504e685ea444f574e475244"
	"00206d61d2a627173e1de6c0ad3a23d3da0e85e8fdfd3a7db8b3b3266960977b16f10003000005ff0100"
	"0100160300020e0b00020a0002070002043082020030820169a00302010202140aad67c1c78d1d3b77ea"
	"320f7c1c055732b95b88300d06092a864886f70d01010b050030123110300e06035504030c076d782e74"
	"657374301e170d3236313132393233323130315a170d3336313132363233323130315a30123110300e06"
	"035504030c076d782e7465737430819f300d06092a864886f70d010101050003818d0030818902818100"
	"da1f35a4fcfa5ea28f1c92f6021f5ee87ac974ee8427a3f21f814036ddc1ff85fca95fe64104fe7520f8"
	"b5784b8f34e0dfa86eb4e7ab3f6120c7f2a8ba44f246f60b2b48d52dcfa3bfebc7d4a44aa53dbaac7227"
	"5d15c920c6e4ad257226aff522d6ccee70042914a8fa9bc636a855bdcdb8e98014bb4548dfbd8a318444"
	"14190203010001a3533051301d0603551d0e04160414b58689fd81a411d4a2c7e13f187d8abd9eb50b60"
	"301f0603551d23041830168014b58689fd81a411d4a2c7e13f187d8abd9eb50b60300f0603551d130101"
	"ff040530030101ff300d06092a864886f70d01010b0500038181005f5461b660ff4d19d5dab0a9acce99"
	"5b694e053617e39bf3480ba7384ebfee35d532703166b21fd72a75cd7ba06304944be9331d0f004bbb46"
	"7a73d59f2a7d61c6616775a1687edb3562329e4e3956f67de8f820429f93dd2153c46cbd94b82bcfa5b0"
	"d7623a988efeb1fe2d3cf6c2306672aea9381e8a973fa3885e6e21360b16030000cd0c0000c900409341"
	"c768a8636de9175fbb41bffb70f998ce77d3cf0ab8b1f6a9e6310bfe2a325cf18c0eafc0b054540be011"
	"2cc20ad760472b4227cecc72e02f37514c3234eb00030100010080cd78259cfc080e3fca114e0f1f3e43"
	"300d614208fad0897b3e4d12a77d18d42662cbff315c1fd032bac57c949fdaa11522541c4b441b3bacf5"
	"0da7a2440812a093a5b8680e2c39a7244091f268473d62b66955b6123edba22bcdc3f2bc0882709c350a"
	"85c31704ae348a0df4d277ab87a576f2827f5b7ca9b58c6920dbae64e816030000040e000000";

static void test_answer_captured(void **state)
{
	struct buf bytes = {};
	struct tls_answer a = {};
	(void)state;
	hex_read(ssl3_export, &bytes);
	assert_int_equal(feed_by(&a, buf_slice(&bytes), 7), 0);
	assert_int_equal(a.kind, TLS_ANSWER_HELLO);
	assert_int_equal(a.version, 0x0300);
	assert_int_equal(a.suite, 0x0003);
	assert_int_equal(a.certificate_count, 1);
	assert_int_equal(a.exchange, TLS_EXCHANGE_RSA);
	assert_int_equal(a.rsa_bits, 512);
	assert_true(a.is_signed && a.has_renegotiation_info && a.has_downgrade_mark);
	assert_false(a.has_alert); /* it comes behind the end */
	buf_deinit(&bytes);
	tls_answer_deinit(&a);
}

/* What a server of OpenSSL says of itself. */
static void test_answer_of_openssl(void **state)
{
	struct test_raw raw;
	struct tls_answer a;
	struct tls_offer offer;
	(void)state;
	test_raw_init(&raw, &(struct test_raw_settings){ .has_rsa = true,
	                                                 .suites = "DHE-RSA-AES128-SHA",
	                                                 .alpn = "smtp",
	                                                 .has_staple = true,
	                                                 .wants_certificate = true });
	tls_offer_init(&offer, TLS_OFFER_12, "mx.example.org");
	offer.alpn[0] = "smtp";
	assert_int_equal(test_raw_ask(&raw, &offer, &a), 0);
	assert_int_equal(a.suite, 0x0033);
	assert_true(a.has_ems && a.has_renegotiation_info && a.has_ticket && a.has_status);
	assert_true(a.has_encrypt_then_mac && a.has_downgrade_mark);
	assert_false(a.has_heartbeat);
	assert_string_equal(a.alpn, "smtp");
	assert_int_equal(a.compression, 0);
	assert_true(slice_equal(buf_slice(&a.ocsp), slice_of("no response at all", 19)));
	assert_true(a.wants_certificate);
	assert_int_equal(a.exchange, TLS_EXCHANGE_DH);
	assert_int_equal(a.dh_bits, 2048);
	assert_string_equal(tls_dh_prime_find(buf_slice(&a.dh_prime))->name, "RFC 3526 group 14");
	assert_int_equal(buf_slice(&a.dh_generator).data[0], 2);
	assert_int_equal(a.certificate_count, 1);
	unsigned char *der = NULL;
	int len = i2d_X509(raw.rsa.certificate, &der);
	assert_true(slice_equal(tls_answer_certificate(&a, 0), slice_of(der, (size_t)len)));
	OPENSSL_free(der);
	tls_answer_deinit(&a);
	test_raw_deinit(&raw);
}

static void test_answer_anonymous(void **state)
{
	struct test_raw raw;
	struct tls_answer a;
	struct tls_offer offer;
	(void)state;
	test_raw_init(&raw, &(struct test_raw_settings){ .suites = "AECDH-AES128-SHA",
	                                                 .groups = "P-384" });
	tls_offer_init(&offer, TLS_OFFER_WEAK, NULL);
	assert_int_equal(test_raw_ask(&raw, &offer, &a), 0);
	assert_int_equal(a.suite, 0xc018);
	assert_int_equal(a.group, 24);
	assert_int_equal(a.certificate_count, 0);
	assert_false(a.is_signed);
	tls_answer_deinit(&a);
	test_raw_deinit(&raw);
}

/* Each beginning of a real answer wants more, and each byte of it may be any other. */
static void test_answer_cut_and_changed(void **state)
{
	static const uint8_t seed[TLS_OFFER_RANDOM_LEN];
	struct test_raw raw;
	struct tls_offer offer;
	struct buf hello = {};
	struct buf reply = {};
	(void)state;
	test_raw_init(&raw, &(struct test_raw_settings){ .has_ec = true });
	tls_offer_init(&offer, TLS_OFFER_12, NULL);
	assert_int_equal(tls_offer_write(&offer, seed, &hello), 0);
	test_raw_reply(&raw, buf_slice(&hello), &reply);
	struct slice all = buf_slice(&reply);
	for (size_t i = 0; i < all.len; i++) {
		struct tls_answer cut = {};
		struct tls_answer changed = {};
		if (i)
			assert_int_equal(tls_answer_feed(&cut, slice_head(all, i)),
			                 TLS_ANSWER_MORE);
		reply.data[reply.start + i] ^= 0xff;
		assert_in_range(tls_answer_feed(&changed, all), 0, TLS_ANSWER_BAD);
		reply.data[reply.start + i] ^= 0xff;
		tls_answer_deinit(&cut);
		tls_answer_deinit(&changed);
	}
	buf_deinit(&hello);
	buf_deinit(&reply);
	test_raw_deinit(&raw);
}

static void test_answer_alert_names(void **state)
{
	(void)state;
	assert_string_equal(tls_alert_name(40), "handshake_failure");
	assert_string_equal(tls_alert_name(70), "protocol_version");
	assert_string_equal(tls_alert_name(255), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answer_rules),
		cmocka_unit_test(test_answer_keeps_what_was_read),
		cmocka_unit_test(test_answer_half_a_hello_is_none),
		cmocka_unit_test(test_answer_text),
		cmocka_unit_test(test_answer_endless),
		cmocka_unit_test(test_answer_compression_and_marks),
		cmocka_unit_test(test_answer_dh_and_rsa),
		cmocka_unit_test(test_answer_ssl2),
		cmocka_unit_test(test_answer_captured),
		cmocka_unit_test(test_answer_of_openssl),
		cmocka_unit_test(test_answer_anonymous),
		cmocka_unit_test(test_answer_cut_and_changed),
		cmocka_unit_test(test_answer_alert_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
