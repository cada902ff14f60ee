#include "conf/room.h"

#include "base/clean.h"
#include "conf/conf.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
/* After those it needs. */
#include <cmocka.h>

#include "conf/test_read.h"

#define EDGES                                                                                      \
	"edge = { x = { protocol = \"smtp\"; listen = [\"*:25\", \"127.0.0.1:26\"]; backend = "    \
	"\"b\"; limits = { max_sessions = 1000; }; }; y = { protocol = \"smtp\"; listen = "        \
	"[\"*:27\"]; backend = \"b\"; limits = { max_sessions = 3000; }; }; };"
#define FILE_OF(backend)                                                                           \
	"hostname = \"mx.example.org\"; backend = { b = { accept = [\"plain\"]; " backend          \
	" }; }; " EDGES
#define TWO "address = [\"10.0.0.5:25\", \"10.0.0.6:25\"]; "

static const struct {
	const char *name, *text;
	unsigned long long most;
} cases[] = {
	{ "one", FILE_OF("address = [\"10.0.0.5:25\"];"), 100 },
	{ "in order the first is all there is", FILE_OF(TWO), 100 },
	{ "least", FILE_OF(TWO "balance = \"least\";"), 200 },
	{ "source", FILE_OF(TWO "balance = \"source\";"), 200 },
	{ "from three", FILE_OF(TWO "source = [\"10.0.0.1\", \"10.0.0.2\", \"10.0.0.3\"];"), 300 },
	{ "from three to two",
	  FILE_OF(TWO "balance = \"least\"; source = [\"10.0.0.1\", \"10.0.0.2\", \"10.0.0.3\"];"),
	  600 },
	{ "each by its family",
	  FILE_OF("address = [\"10.0.0.5:25\", \"[fd00::5]:25\"]; balance = \"least\"; "
	          "source = [\"10.0.0.1\", \"10.0.0.2\", \"fd00::1\"];"),
	  300 },
	{ "a unix socket has no ports", FILE_OF("address = [\"unix:/run/x\"];"), ULLONG_MAX },
};

static void test_memory(void **state)
{
	static const struct {
		const char *name, *text;
		unsigned long long sessions, session_bytes;
		bool is_usual;
	} rows[] = {
		{ "most counts", FILE_OF("address = [\"127.0.0.1:1\"];"), 12000, 37600, false },
		{ "TLS on both sides",
		  FILE_OF("address = [\"10.0.0.5:25\"]; tls = { mode = \"implicit\"; verify = "
		          "\"system\"; name = \"x.example.org\"; };"),
		  12000, 54600, false },
		{ "compact", "tls = { compact = true; }; " FILE_OF("address = [\"127.0.0.1:1\"];"),
		  12000, 23900, false },
		{ "as nobody wrote it",
		  "hostname = \"mx.example.org\"; backend = { b = { address = [\"127.0.0.1:1\"]; "
		  "}; };"
		  " edge = { x = { protocol = \"smtp\"; listen = [\"*:25\"]; backend = \"b\"; }; "
		  "};",
		  32000, 37600, true },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEAN(conf_settings_freep) struct conf_settings *s = read_well(rows[i].text);
		struct conf_room_memory room = conf_room_memory(s, 4);
		print_message("%s\n", rows[i].name);
		assert_int_equal(room.sessions, rows[i].sessions);
		assert_int_equal(room.session_bytes, rows[i].session_bytes);
		assert_int_equal(room.is_usual, rows[i].is_usual);
		assert_true(room.bytes > room.sessions * room.session_bytes);
	}
}

static void test_ports(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEAN(conf_settings_freep) struct conf_settings *s = read_well(cases[i].text);
		struct conf_room_ports room = conf_room_ports(s, 0, 4, 100);
		assert_int_equal(room.wanted, 12000);
		if (room.most != cases[i].most)
			fail_msg("%s: %llu", cases[i].name, room.most);
	}
}

static void test_descriptors(void **state)
{
	(void)state;
	CLEAN(conf_settings_freep)
	struct conf_settings *s = read_well(FILE_OF("address = [\"10.0.0.5:25\"];"));
	struct conf_room_descriptors room = conf_room_descriptors(s);
	assert_int_equal(room.sessions, 3000);
	assert_int_equal(room.others, 32 + 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_descriptors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
