#include "base/clean.h"
#include "tls/record_count.h"
#include "tls/record_keys.h"
#include "tls/record_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { PLAIN_CAP = 20000 };

static size_t hex_read(const char *hex, uint8_t *ret_bytes)
{
	size_t len = 0;
	unsigned byte;
	int used;
	while (sscanf(hex, " %2x%n", &byte, &used) == 1) {
		ret_bytes[len++] = (uint8_t)byte;
		hex += used;
	}
	return len;
}

static void records_freep(struct tls_records **r)
{
	tls_records_free(*r);
}

/* RFC 8448: application data and what surrounds it, as the one side sends it. */
static const struct trace {
	const char *name;
	const char *client_secret, *server_secret;
	struct {
		bool by_server;
		uint8_t type;
		const char *plain, *record;
	} records[6];
} traces[] = {
	{ "3. Simple 1-RTT Handshake",
	  "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5",
	  "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643",
	  { { true, TLS_RECORD_HANDSHAKE,
	      "04 00 00 c9 00 00 00 1e fa d6 aa c5 02 00 00 00 b2 2c 03 5d 82 93 59 ee 5f f7"
	      "af 4e c9 00 00 00 00 26 2a 64 94 dc 48 6d 2c 8a 34 cb 33 fa 90 bf 1b 00 70 ad"
	      "3c 49 88 83 c9 36 7c 09 a2 be 78 5a bc 55 cd 22 60 97 a3 a9 82 11 72 83 f8 2a"
	      "03 a1 43 ef d3 ff 5d d3 6d 64 e8 61 be 7f d6 1d 28 27 db 27 9c ce 14 50 77 d4"
	      "54 a3 66 4d 4e 6d a4 d2 9e e0 37 25 a6 a4 da fc d0 fc 67 d2 ae a7 05 29 51 3e"
	      "3d a2 67 7f a5 90 6c 5b 3f 7d 8f 92 f2 28 bd a4 0d da 72 14 70 f9 fb f2 97 b5"
	      "ae a6 17 64 6f ac 5c 03 27 2e 97 07 27 c6 21 a7 91 41 ef 5f 7d e6 50 5e 5b fb"
	      "c3 88 e9 33 43 69 40 93 93 4a e4 d3 57 00 08 00 2a 00 04 00 00 04 00",
	      "17 03 03 00 de 3a 6b 8f 90 41 4a 97 d6 95 9c 34 87 68 0d e5 13 4a 2b 24 0e 6c"
	      "ff ac 11 6e 95 d4 1d 6a f8 f6 b5 80 dc f3 d1 1d 63 c7 58 db 28 9a 01 59 40 25"
	      "2f 55 71 3e 06 1d c1 3e 07 88 91 a3 8e fb cf 57 53 ad 8e f1 70 ad 3c 73 53 d1"
	      "6d 9d a7 73 b9 ca 7f 2b 9f a1 b6 c0 d4 a3 d0 3f 75 e0 9c 30 ba 1e 62 97 2a c4"
	      "6f 75 f7 b9 81 be 63 43 9b 29 99 ce 13 06 46 15 13 98 91 d5 e4 c5 b4 06 f1 6e"
	      "3f c1 81 a7 7c a4 75 84 00 25 db 2f 0a 77 f8 1b 5a b0 5b 94 c0 13 46 75 5f 69"
	      "23 2c 86 51 9d 86 cb ee ac 87 aa c3 47 d1 43 f9 60 5d 64 f6 50 db 4d 02 3e 70"
	      "e9 52 ca 49 fe 51 37 12 1c 74 bc 26 97 68 7e 24 87 46 d6 df 35 30 05 f3 bc e1"
	      "86 96 12 9c 81 53 55 6b 3b 6c 67 79 b3 7b f1 59 85 68 4f" },
	    { false, TLS_RECORD_DATA,
	      "00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10 11 12 13 14 15 16 17 18 19"
	      "1a 1b 1c 1d 1e 1f 20 21 22 23 24 25 26 27 28 29 2a 2b 2c 2d 2e 2f 30 31",
	      "17 03 03 00 43 a2 3f 70 54 b6 2c 94 d0 af fa fe 82 28 ba 55 cb ef ac ea 42 f9"
	      "14 aa 66 bc ab 3f 2b 98 19 a8 a5 b4 6b 39 5b d5 4a 9a 20 44 1e 2b 62 97 4e 1f"
	      "5a 62 92 a2 97 70 14 bd 1e 3d ea e6 3a ee bb 21 69 49 15 e4" },
	    { true, TLS_RECORD_DATA,
	      "00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10 11 12 13 14 15 16 17 18 19"
	      "1a 1b 1c 1d 1e 1f 20 21 22 23 24 25 26 27 28 29 2a 2b 2c 2d 2e 2f 30 31",
	      "17 03 03 00 43 2e 93 7e 11 ef 4a c7 40 e5 38 ad 36 00 5f c4 a4 69 32 fc 32 25"
	      "d0 5f 82 aa 1b 36 e3 0e fa f9 7d 90 e6 df fc 60 2d cb 50 1a 59 a8 fc c4 9c 4b"
	      "f2 e5 f0 a2 1c 00 47 c2 ab f3 32 54 0d d0 32 e1 67 c2 95 5d" },
	    { false, TLS_RECORD_ALERT, "01 00",
	      "17 03 03 00 13 c9 87 27 60 65 56 66 b7 4d 7f f1 15 3e fd 6d b6 d0 b0 e3" },
	    { true, TLS_RECORD_ALERT, "01 00",
	      "17 03 03 00 13 b5 8f d6 71 66 eb f5 99 d2 47 20 cf be 7e fa 7a 88 64 a9" } } },
	{ "4. Resumed 0-RTT Handshake",
	  "2abbf2b8e381d23dbebe1dd2a7d16a8bf484cb4950d23fb7fb7fa8547062d9a1",
	  "cc21f1bf8feb7dd5fa505bd9c4b468a9984d554a993dc49e6d285598fb672691",
	  { { false, TLS_RECORD_DATA,
	      "00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10 11 12 13 14 15 16 17 18 19"
	      "1a 1b 1c 1d 1e 1f 20 21 22 23 24 25 26 27 28 29 2a 2b 2c 2d 2e 2f 30 31",
	      "17 03 03 00 43 b1 ce bc e2 42 aa 20 1b e9 ae 5e 1c b2 a9 aa 4b 33 d4 e8 66 af"
	      "1e db 06 89 19 23 77 41 aa 03 1d 7a 74 d4 91 c9 9b 9d 4e 23 2b 74 20 6b c6 fb"
	      "aa 04 fe 78 be 44 a9 b4 f5 43 20 a1 7e b7 69 92 af ac 31 03" },
	    { true, TLS_RECORD_DATA,
	      "00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10 11 12 13 14 15 16 17 18 19"
	      "1a 1b 1c 1d 1e 1f 20 21 22 23 24 25 26 27 28 29 2a 2b 2c 2d 2e 2f 30 31",
	      "17 03 03 00 43 27 5e 9f 20 ac ff 57 bc 00 06 57 d3 86 7d f0 39 cc cf 79 04 78"
	      "84 cf 75 77 17 46 f7 40 b5 a8 3f 46 2a 09 54 c3 58 13 93 a2 03 a2 5a 7d d1 41"
	      "41 ef 1a 37 90 0c db 62 ff 62 de e1 ba 39 ab 25 90 cb f1 94" } } },
};

static void trace_check(const struct trace *t)
{
	uint8_t client_secret[32], server_secret[32], plain[300], record[300], got[300];
	hex_read(t->client_secret, client_secret);
	hex_read(t->server_secret, server_secret);
	struct tls_records_settings set = { .suite = TLS_RECORD_AES_128_GCM,
		                            .is_tls13 = true,
		                            .client_secret = slice_of(client_secret, 32),
		                            .server_secret = slice_of(server_secret, 32) };
	CLEAN(records_freep) struct tls_records *client = NULL;
	CLEAN(records_freep) struct tls_records *server = NULL;
	CLEAN(buf_deinit) struct buf out = {};
	assert_int_equal(tls_records_new(&client, &set), 0);
	set.is_server = true;
	assert_int_equal(tls_records_new(&server, &set), 0);
	for (size_t i = 0; i < COUNT_OF(t->records) && t->records[i].record; i++) {
		struct tls_records *from = t->records[i].by_server ? server : client;
		struct tls_records *to = t->records[i].by_server ? client : server;
		struct slice content = slice_of(plain, hex_read(t->records[i].plain, plain));
		struct slice input = slice_of(record, hex_read(t->records[i].record, record));
		size_t len = 0;
		buf_clear(&out);
		assert_int_equal(tls_record_send(from, t->records[i].type, content, &out), 0);
		assert_true(slice_equal(buf_slice(&out), input));
		int r = tls_records_open(to, &input, &out, got, sizeof(got), &len);
		if (t->records[i].type == TLS_RECORD_DATA) {
			assert_int_equal(r, 0);
			assert_true(slice_equal(slice_of(got, len), content));
		} else {
			assert_int_equal(r, t->records[i].type == TLS_RECORD_ALERT ? TLS_CLOSED
			                                                           : TLS_MORE);
		}
	}
}

static void test_record_traces(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(traces); i++)
		trace_check(&traces[i]);
}

/* The secrets of RFC 8448 3, renewed once: another implementation's numbers. */
static void test_record_next_secret(void **state)
{
	(void)state;
	uint8_t secret[32], next[32], expected[32];
	hex_read(traces[0].client_secret, secret);
	hex_read("fcdfcc72725aaee48bf64e4fd8b749cdbdbab39d90da0b26e2245ca6ea167207", expected);
	assert_int_equal(
		tls_record_expand(TLS_DIGEST_SHA256, slice_of(secret, 32), "traffic upd", next, 32),
		0);
	assert_memory_equal(next, expected, 32);
}

/* A widely used vector of the PRF with SHA-256. */
static void test_record_prf(void **state)
{
	(void)state;
	uint8_t secret[16], seed[16], expected[100], got[100];
	hex_read("9b be 43 6b a9 40 f0 17 b1 76 52 84 9a 71 db 35", secret);
	hex_read("a0 ba 9f 93 6c da 31 18 27 a6 f7 96 ff d5 19 8c", seed);
	hex_read("e3 f2 29 ba 72 7b e1 7b 8d 12 26 20 55 7c d4 53 c2 aa b2 1d 07 c3 d4 95 32 9b 52"
	         "d4 e6 1e db 5a 6b 30 17 91 e9 0d 35 c9 c9 a4 6b 4e 14 ba f9 af 0f a0 22 f7 07 7d"
	         "ef 17 ab fd 37 97 c0 56 4b ab 4f bc 91 66 6e 9d ef 9b 97 fc e3 4f 79 67 89 ba a4"
	         "80 82 d1 22 ee 42 c5 a7 2e 5a 51 10 ff f7 01 87 34 7b 66",
	         expected);
	const struct tls_record_prf prf = { .digest = TLS_DIGEST_SHA256,
		                            .secret = slice_of(secret, 16),
		                            .label = "test label",
		                            .seed = { slice_of(seed, 8), slice_of(seed + 8, 8) } };
	assert_int_equal(tls_record_prf(&prf, got, sizeof(got)), 0);
	assert_memory_equal(got, expected, sizeof(got));
}

/* Two ends of a session, without a handshake. */
struct pair {
	struct tls_records *client, *server;
	struct buf to_server, to_client;
	uint8_t plain[PLAIN_CAP];
};

static void pair_init(struct pair *p, enum tls_record_suite suite, bool is_tls13)
{
	static const uint8_t secrets[2][TLS_RECORD_SECRET_MAX] = { "client", "server" };
	size_t len = suite == TLS_RECORD_AES_256_GCM ? 48 : 32;
	struct tls_records_settings set = { .suite = suite,
		                            .is_tls13 = is_tls13,
		                            .client_secret = slice_of(secrets[0], len),
		                            .server_secret = slice_of(secrets[1], len),
		                            .master = slice_of(secrets[0], 48),
		                            .client_random = slice_of(secrets[0], 32),
		                            .server_random = slice_of(secrets[1], 32),
		                            .explicit_nonce = 77 };
	*p = (struct pair){};
	assert_int_equal(tls_records_new(&p->client, &set), 0);
	set.is_server = true;
	assert_int_equal(tls_records_new(&p->server, &set), 0);
}

static void pair_deinit(struct pair *p)
{
	tls_records_free(p->client);
	tls_records_free(p->server);
	buf_deinit(&p->to_server);
	buf_deinit(&p->to_client);
}

/* Opens all of what waits; what came is in plain, *ret_len long. */
static int drain(struct tls_records *r, struct buf *from, struct buf *out, uint8_t *plain,
                 size_t *ret_len)
{
	struct slice input = buf_slice(from);
	int e = 0;
	*ret_len = 0;
	while (!e && *ret_len < PLAIN_CAP) {
		size_t len = 0;
		e = tls_records_open(r, &input, out, plain + *ret_len, PLAIN_CAP - *ret_len, &len);
		*ret_len += len;
	}
	buf_clear(from);
	return e;
}

/* The alert that the other end was sent last; -1: none. */
static int alert_of(struct tls_records *to, struct buf *sent)
{
	uint8_t plain[100];
	struct slice input = buf_slice(sent);
	size_t overhead = tls_record_overhead(to) - to->is_tls13;
	int alert = -1;
	while (input.len) {
		size_t len = TLS_RECORD_HEADER_LEN + input.data[4];
		assert_int_equal(tls_record_decrypt(to, slice_head(input, len), plain), 0);
		uint8_t type = to->is_tls13 ? plain[len - overhead - 1] : input.data[0];
		if (type == TLS_RECORD_ALERT)
			alert = plain[1];
		input = slice_skip(input, len);
	}
	return alert;
}

/* Records of a peer that breaks a rule, or does not. A record with the type 0 has the bytes as
 * they are behind a tag that holds: its own type and padding (TLS 1.3). */
enum { V12 = 1, V13 = 2, BOTH = 3, BY_SERVER = 4 };

static const struct rule {
	const char *name;
	int who; /* versions, and BY_SERVER: the client of ours listens */
	struct {
		uint8_t type;
		const char *hex;
	} records[3];
	int result; /* of open; TLS_MORE: all is well */
	int alert;  /* that we send; -1: none */
	const char *words;
} rules[] = {
	{ "data", BOTH, { { 23, "6869" } }, TLS_MORE, -1, "" },
	{ "empty data", BOTH, { { 23, "" }, { 23, "6869" } }, TLS_MORE, -1, "" },
	{ "padding", V13, { { 0, "6869 17 00 00 00" } }, TLS_MORE, -1, "" },
	{ "zeros alone", V13, { { 0, "00 00 00" } }, TLS_FAILED, 10, "a record of nothing" },
	{ "nothing", V13, { { 0, "" } }, TLS_FAILED, 10, "a record of nothing" },
	{ "an unknown type",
	  BOTH,
	  { { 24, "01" } },
	  TLS_FAILED,
	  10,
	  "a record of a kind that may not be" },
	{ "ChangeCipherSpec",
	  BOTH,
	  { { 20, "01" } },
	  TLS_FAILED,
	  10,
	  "a record of a kind that may not be" },
	{ "an empty alert",
	  BOTH,
	  { { 21, "" } },
	  TLS_FAILED,
	  10,
	  "an empty record of a kind that may not be" },
	{ "an empty handshake record",
	  BOTH,
	  { { 22, "" } },
	  TLS_FAILED,
	  10,
	  "an empty record of a kind that may not be" },
	{ "close_notify", BOTH, { { 21, "01 00" } }, TLS_CLOSED, -1, "" },
	{ "data behind close_notify", BOTH, { { 21, "01 00" }, { 23, "68" } }, TLS_CLOSED, -1, "" },
	{ "half an alert", BOTH, { { 21, "01" } }, TLS_FAILED, 50, "an alert of odd length" },
	{ "two alerts", BOTH, { { 21, "01 5a 01 00" } }, TLS_FAILED, 50, "an alert of odd length" },
	{ "a fatal alert",
	  BOTH,
	  { { 21, "02 14" } },
	  TLS_FAILED,
	  -1,
	  "the peer refused: bad record mac" },
	{ "one that nobody knows", BOTH, { { 21, "02 c8" } }, TLS_FAILED, -1, "the peer refused" },
	{ "a warning in 1.3 is fatal",
	  V13,
	  { { 21, "01 33" } },
	  TLS_FAILED,
	  -1,
	  "the peer refused: decrypt error" },
	{ "user_canceled", V13, { { 21, "01 5a" }, { 21, "01 00" } }, TLS_CLOSED, -1, "" },
	{ "a warning in 1.2", V12, { { 21, "01 64" }, { 23, "68" } }, TLS_MORE, -1, "" },
	{ "a level that is none",
	  V12,
	  { { 21, "03 64" } },
	  TLS_FAILED,
	  47,
	  "an alert of an unknown level" },
	/* KeyUpdate */
	{ "KeyUpdate", V13, { { 22, "18 000001 00" } }, TLS_MORE, -1, "" },
	{ "KeyUpdate in two records",
	  V13,
	  { { 22, "18 000001" }, { 22, "00" } },
	  TLS_MORE,
	  -1,
	  "" },
	{ "KeyUpdate that asks for 2",
	  V13,
	  { { 22, "18 000001 02" } },
	  TLS_FAILED,
	  47,
	  "a KeyUpdate that asks for something unknown" },
	{ "KeyUpdate without a byte",
	  V13,
	  { { 22, "18 000000" } },
	  TLS_FAILED,
	  50,
	  "a KeyUpdate of odd length" },
	{ "KeyUpdate too long",
	  V13,
	  { { 22, "18 000002 0000" } },
	  TLS_FAILED,
	  50,
	  "a KeyUpdate of odd length" },
	{ "more behind a KeyUpdate",
	  V13,
	  { { 22, "18 000001 00 18 000001 00" } },
	  TLS_FAILED,
	  10,
	  "a record that goes on behind a KeyUpdate" },
	{ "KeyUpdate in 1.2",
	  V12,
	  { { 22, "18 000001 00" } },
	  TLS_FAILED,
	  10,
	  "a handshake message that may not be" },
	/* Tickets */
	{ "a ticket",
	  V13 | BY_SERVER,
	  { { 22, "04 000003 616263" }, { 23, "68" } },
	  TLS_MORE,
	  -1,
	  "" },
	{ "two tickets in a record",
	  V13 | BY_SERVER,
	  { { 22, "04 000001 61 04 000001 62" }, { 23, "68" } },
	  TLS_MORE,
	  -1,
	  "" },
	{ "a ticket in pieces",
	  V13 | BY_SERVER,
	  { { 22, "04 0000" }, { 22, "05 616263" }, { 22, "6465" } },
	  TLS_MORE,
	  -1,
	  "" },
	{ "a ticket from a client",
	  V13,
	  { { 22, "04 000003 616263" } },
	  TLS_FAILED,
	  10,
	  "a handshake message that may not be" },
	{ "data inside a ticket",
	  V13 | BY_SERVER,
	  { { 22, "04 000003 61" }, { 23, "68" } },
	  TLS_FAILED,
	  10,
	  "data inside a handshake message" },
	{ "data inside its header",
	  V13 | BY_SERVER,
	  { { 22, "04 00" }, { 23, "68" } },
	  TLS_FAILED,
	  10,
	  "data inside a handshake message" },
	{ "an alert inside a ticket",
	  V13 | BY_SERVER,
	  { { 22, "04 000003 61" }, { 21, "01 00" } },
	  TLS_FAILED,
	  10,
	  "a record inside a handshake message" },
	{ "a ticket larger than any",
	  V13 | BY_SERVER,
	  { { 22, "04 020200 61" } },
	  TLS_FAILED,
	  50,
	  "a handshake message too long" },
	{ "a ticket in 1.2",
	  V12 | BY_SERVER,
	  { { 22, "04 000003 616263" } },
	  TLS_FAILED,
	  10,
	  "a handshake message that may not be" },
	/* Other handshakes */
	{ "CertificateRequest",
	  V13 | BY_SERVER,
	  { { 22, "0d 000003 000000" } },
	  TLS_FAILED,
	  10,
	  "a handshake message that may not be" },
	{ "ClientHello in 1.3",
	  V13,
	  { { 22, "01 000003 000000" } },
	  TLS_FAILED,
	  10,
	  "a handshake message that may not be" },
	{ "ClientHello in 1.2",
	  V12,
	  { { 22, "01 000003 000000" }, { 23, "68" } },
	  TLS_MORE,
	  100,
	  "" },
	{ "HelloRequest",
	  V12 | BY_SERVER,
	  { { 22, "00 000000" }, { 23, "68" } },
	  TLS_MORE,
	  100,
	  "" },
	{ "HelloRequest in 1.3",
	  V13 | BY_SERVER,
	  { { 22, "00 000000" } },
	  TLS_FAILED,
	  10,
	  "a handshake message that may not be" },
	{ "HelloRequest from a client",
	  V12,
	  { { 22, "00 000000" } },
	  TLS_FAILED,
	  10,
	  "a handshake message that may not be" },
	{ "Finished",
	  BOTH,
	  { { 22, "14 000001 00" } },
	  TLS_FAILED,
	  10,
	  "a handshake message that may not be" },
};

static void record_write(struct tls_records *from, uint8_t type, struct slice content,
                         struct buf *out)
{
	if (!type && content.len) {
		type = content.data[content.len - 1];
		content.len--;
	} else if (!type) {
		/* Nothing inside: a record of the tag alone, as a client of ours could not make it.
		 */
		content = (struct slice){};
	}
	assert_int_equal(tls_record_send(from, type, content, out), 0);
}

static void rule_check(const struct rule *rule, enum tls_record_suite suite, bool is_tls13,
                       size_t step)
{
	struct pair p;
	uint8_t content[100];
	size_t len = 0;
	pair_init(&p, suite, is_tls13);
	bool by_server = rule->who & BY_SERVER;
	struct tls_records *peer = by_server ? p.server : p.client;
	struct tls_records *ours = by_server ? p.client : p.server;
	for (size_t i = 0; i < COUNT_OF(rule->records) && rule->records[i].hex; i++)
		record_write(peer, rule->records[i].type,
		             slice_of(content, hex_read(rule->records[i].hex, content)),
		             &p.to_server);
	struct slice all = buf_slice(&p.to_server);
	int r = TLS_MORE;
	while (all.len && (r == TLS_MORE || !r)) {
		struct slice piece = slice_head(all, step);
		all = slice_skip(all, piece.len);
		do
			r = tls_records_open(ours, &piece, &p.to_client, p.plain, sizeof(p.plain),
			                     &len);
		while (!r);
	}
	int alert = alert_of(peer, &p.to_client);
	if (r != rule->result || alert != rule->alert ||
	    strcmp(tls_records_error(ours), rule->words) != 0)
		fail_msg("%s (suite %d, 1.%d): %d, alert %d, %s", rule->name, suite,
		         is_tls13 ? 3 : 2, r, alert, tls_records_error(ours));
	assert_int_equal(ours->is_dead, r == TLS_FAILED);
	pair_deinit(&p);
}

static void test_record_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rules); i++)
		for (int suite = 0; suite < TLS_RECORD_SUITE_COUNT; suite++) {
			if (rules[i].who & V13)
				rule_check(&rules[i], suite, true, 10000);
			if (rules[i].who & V12)
				rule_check(&rules[i], suite, false, 10000);
			if (rules[i].who & V13)
				rule_check(&rules[i], suite, true, 1);
			if (rules[i].who & V12)
				rule_check(&rules[i], suite, false, 1);
		}
}

/* Headers that are wrong before anything is decrypted. */
static const struct header_case {
	const char *name;
	int versions;
	const char *header;
	int alert;
	const char *words;
} headers[] = {
	{ "1.3: an alert in clear", V13, "15 03 03 00 02", 10,
	  "a record in clear after the handshake" },
	{ "1.3: ChangeCipherSpec", V13, "14 03 03 00 01", 10,
	  "a record in clear after the handshake" },
	{ "1.3: not TLS", V13, "47 45 54 20 2f", 10, "a record in clear after the handshake" },
	{ "1.2: not TLS", V12, "47 45 54 20 2f", 70, "a record of another TLS version" },
	{ "1.2: TLS 1.1", V12, "17 03 02 00 20", 70, "a record of another TLS version" },
	{ "1.3: 16 KiB, its type, the tag and one more", V13, "17 03 03 40 12", 22,
	  "a record too long" },
	{ "1.3: 64 KiB", V13, "17 03 03 ff ff", 22, "a record too long" },
	{ "1.2: 16 KiB, nonce, tag and one more", V12, "17 03 03 40 19", 22, "a record too long" },
	{ "no room for a tag", BOTH, "17 03 03 00 0f", 20, "a record too short" },
	{ "nothing", BOTH, "17 03 03 00 00", 20, "a record too short" },
	{ "1.2: no room for a nonce", V12, "17 03 03 00 17", 20, "a record too short" },
};

static void header_check(const struct header_case *c, bool is_tls13, bool is_split)
{
	struct pair p;
	uint8_t header[5];
	size_t len = 0;
	pair_init(&p, TLS_RECORD_AES_128_GCM, is_tls13);
	struct slice input = slice_of(header, hex_read(c->header, header));
	if (is_split) {
		struct slice first = slice_head(input, 2);
		assert_int_equal(tls_records_open(p.server, &first, &p.to_client, p.plain,
		                                  sizeof(p.plain), &len),
		                 TLS_MORE);
		input = slice_skip(input, 2);
	}
	assert_int_equal(
		tls_records_open(p.server, &input, &p.to_client, p.plain, sizeof(p.plain), &len),
		TLS_FAILED);
	assert_string_equal(tls_records_error(p.server), c->words);
	assert_int_equal(alert_of(p.client, &p.to_client), c->alert);
	pair_deinit(&p);
}

static void test_record_headers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(headers); i++)
		for (int split = 0; split < 2; split++) {
			if (headers[i].versions & V13)
				header_check(&headers[i], true, split);
			if (headers[i].versions & V12)
				header_check(&headers[i], false, split);
		}
}

/* The version of a header is authenticated in TLS 1.3, and else ignored (RFC 8446 5.1). */
static void test_record_changed_bits(void **state)
{
	(void)state;
	for (int is_tls13 = 0; is_tls13 < 2; is_tls13++)
		for (int suite = 0; suite < TLS_RECORD_SUITE_COUNT; suite++)
			for (size_t at = 0; at < 40; at++) {
				struct pair p;
				size_t len = 1;
				pair_init(&p, suite, is_tls13);
				assert_int_equal(tls_records_seal(p.client,
				                                  slice_str("a secret text of some "
				                                            "length"),
				                                  &p.to_server),
				                 0);
				if (at != 3 && at != 4)
					p.to_server.data[at] ^= 0x20;
				int r = drain(p.server, &p.to_server, &p.to_client, p.plain, &len);
				bool is_changed = at != 3 && at != 4;
				assert_int_equal(r, is_changed ? TLS_FAILED : TLS_MORE);
				assert_int_equal(len == 0, is_changed);
				pair_deinit(&p);
			}
}

/* What could not be believed is not left with the caller. */
static void test_record_unbelieved_is_wiped(void **state)
{
	(void)state;
	static const uint8_t zeros[30];
	struct pair p;
	size_t len;
	pair_init(&p, TLS_RECORD_AES_128_GCM, true);
	assert_int_equal(tls_records_seal(p.client, slice_str("a secret text"), &p.to_server), 0);
	p.to_server.data[buf_len(&p.to_server) - 1] ^= 1;
	memset(p.plain, 'x', sizeof(p.plain));
	assert_int_equal(drain(p.server, &p.to_server, &p.to_client, p.plain, &len), TLS_FAILED);
	assert_memory_equal(p.plain, zeros, 13);
	pair_deinit(&p);
}

/* A record that comes again, or of which one is missing. */
static void test_record_replayed(void **state)
{
	(void)state;
	for (int is_tls13 = 0; is_tls13 < 2; is_tls13++)
		for (int suite = 0; suite < TLS_RECORD_SUITE_COUNT; suite++) {
			struct pair p;
			CLEAN(buf_deinit) struct buf again = {};
			size_t len;
			pair_init(&p, suite, is_tls13);
			assert_int_equal(tls_records_seal(p.client, slice_str("x"), &p.to_server),
			                 0);
			assert_int_equal(buf_add(&again, buf_slice(&p.to_server)), 0);
			assert_int_equal(drain(p.server, &p.to_server, &p.to_client, p.plain, &len),
			                 TLS_MORE);
			assert_int_equal(drain(p.server, &again, &p.to_client, p.plain, &len),
			                 TLS_FAILED);
			assert_string_equal(tls_records_error(p.server),
			                    "a record that was changed on its way");
			pair_deinit(&p);
		}
}

/* As large as may be, with no room for it at the caller's, in pieces of any size. */
static void test_record_sizes(void **state)
{
	(void)state;
	static uint8_t text[3 * TLS_RECORD_PLAIN_MAX + 5], got[sizeof(text)];
	static const size_t caps[] = { 1, 100, 16384, 16400, 20000 };
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i * 7 + i / 251);
	for (size_t i = 0; i < COUNT_OF(caps) * 2 * TLS_RECORD_SUITE_COUNT; i++) {
		struct pair p;
		size_t cap = caps[i % COUNT_OF(caps)], have = 0, fed = 0, step = 1;
		pair_init(&p, (i / COUNT_OF(caps)) % TLS_RECORD_SUITE_COUNT,
		          i / COUNT_OF(caps) / TLS_RECORD_SUITE_COUNT);
		assert_int_equal(
			tls_records_seal(p.client, slice_of(text, sizeof(text)), &p.to_server), 0);
		struct slice all = buf_slice(&p.to_server);
		while (fed < all.len) {
			struct slice piece = slice_head(slice_skip(all, fed), step);
			fed += piece.len;
			step = step * 3 % 20011;
			int r = 0;
			while (!r) {
				size_t len = 0;
				r = tls_records_open(p.server, &piece, &p.to_client, p.plain, cap,
				                     &len);
				assert_true(have + len <= sizeof(got) && len <= cap);
				memcpy(got + have, p.plain, len);
				have += len;
			}
			assert_int_equal(r, TLS_MORE);
			assert_int_equal(piece.len, 0);
		}
		assert_int_equal(have, sizeof(text));
		assert_memory_equal(got, text, sizeof(text));
		/* Nothing is kept when nothing is on its way. */
		assert_int_equal(tls_records_size(p.server), sizeof(struct tls_records));
		pair_deinit(&p);
	}
}

/* The peer's, asked for and not, and ours; then what each says is still understood. */
static void test_record_key_updates(void **state)
{
	(void)state;
	for (int suite = 0; suite < TLS_RECORD_SUITE_COUNT; suite++) {
		struct pair p;
		size_t len;
		pair_init(&p, suite, true);
		for (int i = 0; i < 1000; i++) {
			assert_int_equal(tls_record_update(p.client, i % 2, &p.to_server), 0);
			assert_int_equal(tls_records_seal(p.client, slice_str("up"), &p.to_server),
			                 0);
			assert_int_equal(drain(p.server, &p.to_server, &p.to_client, p.plain, &len),
			                 TLS_MORE);
			assert_int_equal(len, 2);
			assert_int_equal(
				tls_records_seal(p.server, slice_str("down"), &p.to_client), 0);
			assert_int_equal(drain(p.client, &p.to_client, &p.to_server, p.plain, &len),
			                 TLS_MORE);
			assert_int_equal(len, 4);
		}
		assert_int_equal(p.server->read.sequence, 1);
		assert_int_equal(p.server->write.sequence, 1); /* the last one asked for ours */
		pair_deinit(&p);
	}
}

static void ask(struct pair *p, int times)
{
	for (int i = 0; i < times; i++)
		assert_int_equal(tls_record_update(p->client, true, &p->to_server), 0);
}

/* RFC 8446 4.6.3: who is silent answers once, and again before it speaks. */
static void test_record_asked_while_silent(void **state)
{
	(void)state;
	enum { UPDATE_LEN = TLS_RECORD_HEADER_LEN + 5 + 1 + TLS_RECORD_TAG_LEN };
	struct pair p;
	size_t len;
	pair_init(&p, TLS_RECORD_AES_128_GCM, true);
	ask(&p, 1);
	assert_int_equal(drain(p.server, &p.to_server, &p.to_client, p.plain, &len), TLS_MORE);
	assert_int_equal(buf_len(&p.to_client), UPDATE_LEN);
	ask(&p, 31);
	assert_int_equal(drain(p.server, &p.to_server, &p.to_client, p.plain, &len), TLS_MORE);
	assert_int_equal(buf_len(&p.to_client), UPDATE_LEN);
	assert_int_equal(tls_records_seal(p.server, slice_str("down"), &p.to_client), 0);
	assert_int_equal(buf_len(&p.to_client), 3 * UPDATE_LEN - 1); /* one byte less in data */
	assert_int_equal(drain(p.client, &p.to_client, &p.to_server, p.plain, &len), TLS_MORE);
	assert_int_equal(len, 4);
	assert_int_equal(p.client->read.sequence, 1);
	pair_deinit(&p);
}

/* A peer that reads much and asks with each record, all of which were on their way to it. */
static void test_record_asked_with_each_record(void **state)
{
	(void)state;
	enum { RECORDS = 1000, SPARE = 32 };
	struct pair p;
	size_t len;
	pair_init(&p, TLS_RECORD_AES_128_GCM, true);
	for (int i = 0; i < RECORDS; i++)
		assert_int_equal(tls_records_seal(p.server, slice_str("x"), &p.to_client), 0);
	assert_int_equal(drain(p.client, &p.to_client, &p.to_server, p.plain, &len), TLS_MORE);
	assert_int_equal(len, RECORDS);
	ask(&p, RECORDS + SPARE);
	assert_int_equal(drain(p.server, &p.to_server, &p.to_client, p.plain, &len), TLS_MORE);
	ask(&p, 1);
	assert_int_equal(drain(p.server, &p.to_server, &p.to_client, p.plain, &len), TLS_FAILED);
	assert_string_equal(tls_records_error(p.server), "too many messages without data");
	pair_deinit(&p);
}

/* As many as may be without data are no fault; one more is. */
static void storm(bool is_tls13, uint8_t type, const char *hex, bool renews)
{
	struct pair p;
	uint8_t content[100];
	size_t len, count = hex_read(hex, content);
	pair_init(&p, TLS_RECORD_AES_128_GCM, is_tls13);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 32; i++) {
			assert_int_equal(tls_record_send(p.client, type, slice_of(content, count),
			                                 &p.to_server),
			                 0);
			if (renews)
				assert_int_equal(tls_record_renew(p.client, &p.client->write), 0);
		}
		if (round < 2)
			assert_int_equal(tls_records_seal(p.client, slice_str("x"), &p.to_server),
			                 0);
		assert_int_equal(drain(p.server, &p.to_server, &p.to_client, p.plain, &len),
		                 TLS_MORE);
	}
	assert_int_equal(tls_record_send(p.client, type, slice_of(content, count), &p.to_server),
	                 0);
	assert_int_equal(drain(p.server, &p.to_server, &p.to_client, p.plain, &len), TLS_FAILED);
	assert_string_equal(tls_records_error(p.server), "too many messages without data");
	pair_deinit(&p);
}

static void test_record_storms(void **state)
{
	(void)state;
	storm(true, TLS_RECORD_HANDSHAKE, "18 000001 00", true);
	storm(true, TLS_RECORD_DATA, "", false);
	storm(false, TLS_RECORD_DATA, "", false);
	storm(true, TLS_RECORD_ALERT, "01 5a", false);
	storm(false, TLS_RECORD_ALERT, "01 64", false);
	storm(false, TLS_RECORD_HANDSHAKE, "01 000001 00", false);
}

/* RFC 8446 5.5, with the counters put where a long session would have them. */
static void test_record_key_is_renewed_in_time(void **state)
{
	(void)state;
	enum { RECORDS_PER_KEY = 1 << 23 };
	struct pair p;
	size_t len;
	pair_init(&p, TLS_RECORD_AES_128_GCM, true);
	p.client->write.sequence = p.server->read.sequence = RECORDS_PER_KEY - 1;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(tls_records_seal(p.client, slice_str("x"), &p.to_server), 0);
		assert_int_equal(drain(p.server, &p.to_server, &p.to_client, p.plain, &len),
		                 TLS_MORE);
		assert_int_equal(len, 1);
	}
	assert_int_equal(p.client->write.sequence, 2);
	assert_int_equal(p.server->read.sequence, 2);
	pair_deinit(&p);
}

/* A peer that does not renew its key by itself is asked to, and does. */
static void test_record_peer_is_asked_in_time(void **state)
{
	(void)state;
	enum { RECORDS_PER_KEY = 1 << 23 };
	struct pair p;
	size_t len;
	pair_init(&p, TLS_RECORD_AES_128_GCM, true);
	p.client->write.sequence = p.server->read.sequence = RECORDS_PER_KEY;
	assert_int_equal(tls_record_send(p.client, TLS_RECORD_DATA, slice_str("x"), &p.to_server),
	                 0);
	assert_int_equal(drain(p.server, &p.to_server, &p.to_client, p.plain, &len), TLS_MORE);
	assert_int_equal(drain(p.client, &p.to_client, &p.to_server, p.plain, &len), TLS_MORE);
	assert_int_equal(drain(p.server, &p.to_server, &p.to_client, p.plain, &len), TLS_MORE);
	assert_int_equal(p.client->write.sequence, 0);
	assert_int_equal(p.server->read.sequence, 0);
	assert_int_equal(p.server->write.sequence, 0);
	pair_deinit(&p);
}

/* TLS 1.2 has no way to renew, and a peer of 1.3 may refuse to: then it ends. */
static void test_record_limit_of_a_key(void **state)
{
	(void)state;
	enum { RECORDS_MAX = 23726566 };
	struct pair p;
	size_t len;
	for (int is_tls13 = 0; is_tls13 < 2; is_tls13++) {
		pair_init(&p, TLS_RECORD_AES_256_GCM, is_tls13);
		p.client->write.sequence = p.server->read.sequence = RECORDS_MAX - 1;
		for (int i = 0; i < 2; i++)
			assert_int_equal(tls_record_send(p.client, TLS_RECORD_DATA, slice_str("x"),
			                                 &p.to_server),
			                 0);
		assert_int_equal(drain(p.server, &p.to_server, &p.to_client, p.plain, &len),
		                 TLS_FAILED);
		assert_int_equal(len, 1);
		assert_string_equal(tls_records_error(p.server), "the peer did not renew its key");
		pair_deinit(&p);
	}
	pair_init(&p, TLS_RECORD_AES_256_GCM, false);
	p.client->write.sequence = RECORDS_MAX;
	assert_int_equal(tls_records_seal(p.client, slice_str("x"), &p.to_server), TLS_FAILED);
	assert_string_equal(tls_records_error(p.client), "too many records under one key");
	pair_deinit(&p);
	/* ChaCha20 has no such limit. */
	pair_init(&p, TLS_RECORD_CHACHA20, false);
	p.client->write.sequence = RECORDS_MAX;
	assert_int_equal(tls_records_seal(p.client, slice_str("x"), &p.to_server), 0);
	pair_deinit(&p);
}

static void test_record_close(void **state)
{
	(void)state;
	struct pair p;
	size_t len;
	pair_init(&p, TLS_RECORD_CHACHA20, true);
	tls_records_close(p.server, &p.to_client);
	tls_records_close(p.server, &p.to_client);
	assert_int_equal(buf_len(&p.to_client), tls_record_overhead(p.server) + 2);
	assert_int_equal(tls_records_seal(p.server, slice_str("x"), &p.to_client), TLS_FAILED);
	assert_int_equal(drain(p.client, &p.to_client, &p.to_server, p.plain, &len), TLS_CLOSED);
	assert_true(tls_records_is_ended_by_peer(p.client));
	/* The other direction goes on; nothing is answered any more, be it asked for or not. */
	assert_int_equal(tls_record_update(p.client, true, &p.to_server), 0);
	assert_int_equal(tls_records_seal(p.client, slice_str("up"), &p.to_server), 0);
	assert_int_equal(drain(p.server, &p.to_server, &p.to_client, p.plain, &len), TLS_MORE);
	assert_int_equal(len, 2);
	assert_int_equal(buf_len(&p.to_client), 0);
	assert_false(tls_records_is_ended_by_peer(p.server));
	pair_deinit(&p);
}

/* More sessions than there are ciphers, each in its turn. */
static void test_record_many_sessions(void **state)
{
	(void)state;
	enum { COUNT = 3 * TLS_LANES };
	static struct pair pairs[COUNT];
	size_t len;
	for (size_t i = 0; i < COUNT; i++)
		pair_init(&pairs[i], i % TLS_RECORD_SUITE_COUNT, i % 2);
	for (int round = 0; round < 5; round++)
		for (size_t i = 0; i < COUNT; i++) {
			struct pair *p = &pairs[i * 7 % COUNT];
			assert_int_equal(
				tls_records_seal(p->client, slice_str("abc"), &p->to_server), 0);
			assert_int_equal(
				drain(p->server, &p->to_server, &p->to_client, p->plain, &len),
				TLS_MORE);
			assert_memory_equal(p->plain, "abc", 3);
		}
	for (size_t i = 0; i < COUNT; i++)
		pair_deinit(&pairs[i]);
	struct tls_library *library = NULL;
	assert_int_equal(tls_library_open(&library), 0);
	for (size_t i = 0; i < TLS_LANES; i++)
		assert_null(library->lanes[i].side);
}

/* Of OpenSSL's side, before the hand-over. */
static void test_record_count(void **state)
{
	(void)state;
	uint8_t wire[200];
	size_t len = hex_read("16 03 03 00 03 010203"
	                      "14 03 03 00 01 01"
	                      "16 03 03 00 0a 0000000000000007 4142"
	                      "17 03 03 00 09 0000000000000008 41"
	                      "17 03 03 00 00",
	                      wire);
	for (size_t step = 1; step <= len; step++) {
		struct tls_record_count c = {};
		for (size_t at = 0; at < len; at += step)
			tls_record_count_feed(&c, slice_head(slice_of(wire + at, len - at), step));
		assert_int_equal(c.explicit_nonce, 8);
		assert_int_equal(c.records, 3);
		assert_true(tls_record_count_is_whole(&c));
		tls_record_count_feed(&c, slice_of(wire, 6));
		assert_false(tls_record_count_is_whole(&c));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_record_traces),
		cmocka_unit_test(test_record_next_secret),
		cmocka_unit_test(test_record_prf),
		cmocka_unit_test(test_record_rules),
		cmocka_unit_test(test_record_headers),
		cmocka_unit_test(test_record_changed_bits),
		cmocka_unit_test(test_record_unbelieved_is_wiped),
		cmocka_unit_test(test_record_replayed),
		cmocka_unit_test(test_record_sizes),
		cmocka_unit_test(test_record_key_updates),
		cmocka_unit_test(test_record_asked_while_silent),
		cmocka_unit_test(test_record_asked_with_each_record),
		cmocka_unit_test(test_record_storms),
		cmocka_unit_test(test_record_key_is_renewed_in_time),
		cmocka_unit_test(test_record_peer_is_asked_in_time),
		cmocka_unit_test(test_record_limit_of_a_key),
		cmocka_unit_test(test_record_close),
		cmocka_unit_test(test_record_many_sessions),
		cmocka_unit_test(test_record_count),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
