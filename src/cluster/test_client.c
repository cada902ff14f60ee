/* The client against stores that are scripts, on unix sockets and the same loop. */
#include "cluster/client.h"

#include "base/clean.h"
#include "io/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define ID_A "07c37dfeb235213a872192d90877d0cd55635b91"
#define ID_B "67ed2db8d677e59ec4a4cefb06858cf2a1a89fa1"
#define NODE_A(myself, slots)                                                                      \
	ID_A " 10.9.9.1:7000@17000 " myself "master - 0 0 1 connected " slots "\n"
#define NODE_B(myself, slots)                                                                      \
	ID_B " 10.9.9.2:7000@17000 " myself "master - 0 0 1 connected " slots "\n"

enum { STORES = 2, DEADLINE_MS = 10000 };

/* What a store answers to a command, NULL: nothing, "": it hangs up. */
typedef const char *script_fn(const char *command);

struct store {
	char path[80];
	int listening, fd;
	struct io_watch *watch, *listen_watch;
	struct cluster_reader *reader;
	script_fn *script;
	unsigned asked; /* but for the list of nodes */
	char last[80];
};

static struct io_loop *loop;
static struct store stores[STORES];
static struct cluster_client *client;
static struct io_deadline deadline;
static bool is_reached;
static unsigned answers, lost;
static char answer_text[80];

static void store_hang_up(struct store *t)
{
	io_watch_free(TAKE(t->watch));
	cluster_reader_free(TAKE(t->reader));
	close(t->fd);
}

/* "GET key" */
static void command_text(const struct cluster_value *v, char *text, size_t cap)
{
	size_t len = 0;
	text[0] = '\0';
	for (size_t i = 0; i < v->count && len < cap; i++)
		len += (size_t)snprintf(text + len, cap - len, "%s%.*s", i ? " " : "",
		                        (int)v->items[i]->text.len, v->items[i]->text.data);
}

static bool store_answer(struct store *t, const struct cluster_value *v)
{
	char text[80];
	char wire[1024];
	command_text(v, text, sizeof(text));
	const char *answer = t->script(text);
	bool is_nodes = !strcmp(text, "CLUSTER NODES");
	if (!is_nodes) {
		t->asked++;
		snprintf(t->last, sizeof(t->last), "%s", text);
	}
	if (answer && !answer[0])
		return false;
	if (answer && is_nodes && answer[0] != '-')
		snprintf(wire, sizeof(wire), "$%zu\r\n%s\r\n", strlen(answer), answer);
	else
		snprintf(wire, sizeof(wire), "%s", answer ? answer : "");
	assert_int_equal(write(t->fd, wire, strlen(wire)), strlen(wire));
	return true;
}

static void on_store_ready(void *owner, int events)
{
	struct store *t = owner;
	char bytes[4096];
	ssize_t n = read(t->fd, bytes, sizeof(bytes));
	struct cluster_value *v = NULL;
	bool goes_on = n > 0;
	if (goes_on)
		assert_int_equal(cluster_reader_feed(t->reader, slice_of(bytes, (size_t)n)), 0);
	while (goes_on && !cluster_reader_next(t->reader, &v)) {
		goes_on = store_answer(t, v);
		cluster_value_free(v);
	}
	if (!goes_on)
		store_hang_up(t);
}

static void on_call(void *owner, int events)
{
	struct store *t = owner;
	t->fd = accept(t->listening, NULL, NULL);
	assert_true(t->fd >= 0);
	assert_int_equal(cluster_reader_new(&t->reader), 0);
	assert_int_equal(io_watch_new(&t->watch, loop, t->fd, on_store_ready, t), 0);
	io_watch_set(t->watch, IO_READ);
}

static void store_begin(struct store *t, const char *folder, int number, script_fn *script)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	*t = (struct store){ .script = script };
	snprintf(t->path, sizeof(t->path), "%s/%d", folder, number);
	memcpy(sa.sun_path, t->path, sizeof(t->path));
	t->listening = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(t->listening, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(t->listening, 5), 0);
	assert_int_equal(io_watch_new(&t->listen_watch, loop, t->listening, on_call, t), 0);
	io_watch_set(t->listen_watch, IO_READ);
}

static void store_end(struct store *t)
{
	if (t->watch)
		store_hang_up(t);
	io_watch_free(t->listen_watch);
	close(t->listening);
	unlink(t->path);
}

static void on_reached(void *owner, bool is_so)
{
	is_reached = is_so;
	if (is_so)
		io_loop_stop(loop);
}

static void on_deadline(struct io_deadline *d)
{
	fail_msg("nothing came");
}

static void on_pause(struct io_deadline *d)
{
	io_loop_stop(loop);
}

static void run(void)
{
	deadline.fn = on_deadline;
	io_deadline_arm(loop, &deadline, DEADLINE_MS);
	assert_int_equal(io_loop_run(loop), 0);
	io_deadline_disarm(&deadline);
}

static void with_stores(script_fn *first, script_fn *second, void (*test)(void))
{
	char folder[] = "/tmp/mailseal-test-cluster-XXXXXX";
	struct cluster_place places[STORES] = {};
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	assert_non_null(mkdtemp(folder));
	assert_int_equal(io_loop_new(&loop), 0);
	is_reached = false;
	answers = lost = 0;
	for (int i = 0; i < STORES; i++) {
		store_begin(&stores[i], folder, i, i ? second : first);
		memcpy(sa.sun_path, stores[i].path, sizeof(stores[i].path));
		places[i].name = stores[i].path;
		memcpy(&places[i].address, &sa, sizeof(sa));
		places[i].address_len = sizeof(sa);
	}
	assert_int_equal(
		cluster_client_new(&client,
	                           &(struct cluster_client_settings){ .loop = loop,
	                                                              .places = places,
	                                                              .place_count = STORES,
	                                                              .on_reached = on_reached }),
		0);
	test();
	cluster_client_free(client);
	for (int i = 0; i < STORES; i++)
		store_end(&stores[i]);
	io_loop_free(loop);
	rmdir(folder);
}

static void on_answer(void *owner, const struct cluster_value *v)
{
	answers++;
	lost += !v;
	if (v)
		slice_to_text(v->text, answer_text, sizeof(answer_text));
	io_loop_stop(loop);
}

static int get(const char *key)
{
	const struct slice words[] = { slice_str("GET"), slice_str(key) };
	return cluster_ask(client, words, COUNT_OF(words), on_answer, NULL);
}

/* In "foo" (12182) is B's, "bar" (5061) is A's. */
static void get_foo(void)
{
	assert_int_equal(get("foo"), CLUSTER_AWAY);
	run();
	assert_true(is_reached);
	assert_int_equal(get("foo"), 0);
	while (!answers)
		run(); /* also stopped when a store is back */
	assert_int_equal(answers, 1);
}

/* --- a cluster --- */

static const char *a_of_two(const char *command)
{
	if (!strcmp(command, "CLUSTER NODES"))
		return NODE_A("myself,", "0-8191") NODE_B("", "8192-16383");
	return "$1\r\na\r\n";
}

static const char *b_of_two(const char *command)
{
	if (!strcmp(command, "CLUSTER NODES"))
		return NODE_A("", "0-8191") NODE_B("myself,", "8192-16383");
	return "$1\r\nb\r\n";
}

static void expect_b(void)
{
	get_foo();
	assert_string_equal(answer_text, "b");
	assert_int_equal(stores[0].asked, 0);
	assert_int_equal(get("bar"), 0);
	run();
	assert_string_equal(answer_text, "a");
}

static void test_each_slot_at_its_node(void **state)
{
	(void)state;
	with_stores(a_of_two, b_of_two, expect_b);
}

/* Both say that all is A's, and A knows better. */
static const char *a_moved(const char *command)
{
	if (!strcmp(command, "CLUSTER NODES"))
		return NODE_A("myself,", "0-16383") NODE_B("", "");
	return "-MOVED 12182 10.9.9.2:7000\r\n";
}

static const char *b_moved(const char *command)
{
	if (!strcmp(command, "CLUSTER NODES"))
		return NODE_A("", "0-16383") NODE_B("myself,", "");
	return "$1\r\nb\r\n";
}

static void expect_moved(void)
{
	get_foo();
	assert_string_equal(answer_text, "b");
	assert_int_equal(stores[0].asked, 1);
	assert_int_equal(stores[1].asked, 1);
}

static void test_moved(void **state)
{
	(void)state;
	with_stores(a_moved, b_moved, expect_moved);
}

static const char *a_asks(const char *command)
{
	if (!strcmp(command, "CLUSTER NODES"))
		return NODE_A("myself,", "0-16383") NODE_B("", "");
	return "-ASK 12182 10.9.9.2:7000\r\n";
}

static const char *b_asks(const char *command)
{
	static bool was_asking;
	bool is_asking = was_asking;
	if (!strcmp(command, "CLUSTER NODES"))
		return NODE_A("", "0-16383") NODE_B("myself,", "");
	was_asking = !strcmp(command, "ASKING");
	if (was_asking)
		return "+OK\r\n";
	return is_asking ? "$3\r\nask\r\n" : "-MOVED 12182 10.9.9.1:7000\r\n";
}

static void expect_ask(void)
{
	get_foo();
	assert_string_equal(answer_text, "ask");
	assert_int_equal(get("foo"), 0); /* the next begins at A again */
	run();
	assert_string_equal(answer_text, "ask");
	assert_int_equal(stores[0].asked, 2);
	assert_int_equal(stores[1].asked, 4);
}

static void test_ask(void **state)
{
	(void)state;
	with_stores(a_asks, b_asks, expect_ask);
}

/* To a place that nobody set, and to and fro: it ends without an answer. */
static const char *a_leads_away(const char *command)
{
	if (!strcmp(command, "CLUSTER NODES"))
		return NODE_A("myself,", "0-16383") NODE_B("", "");
	return "-MOVED 12182 192.0.2.1:22\r\n";
}

static void expect_lost(void)
{
	get_foo();
	assert_int_equal(lost, 1);
	assert_int_equal(stores[1].asked, 0);
	assert_true(stores[0].asked < 100);
}

static void test_a_redirection_to_elsewhere(void **state)
{
	(void)state;
	with_stores(a_leads_away, b_moved, expect_lost);
}

static const char *a_to_and_fro(const char *command)
{
	if (!strcmp(command, "CLUSTER NODES"))
		return NODE_A("myself,", "0-16383") NODE_B("", "");
	return "-MOVED 12182 10.9.9.2:7000\r\n";
}

static const char *b_to_and_fro(const char *command)
{
	if (!strcmp(command, "CLUSTER NODES"))
		return NODE_A("", "0-16383") NODE_B("myself,", "");
	return "-MOVED 12182 10.9.9.1:7000\r\n";
}

static void expect_lost_calmly(void)
{
	get_foo();
	assert_int_equal(lost, 1);
	assert_true(stores[0].asked + stores[1].asked < 200);
}

static void test_to_and_fro(void **state)
{
	(void)state;
	with_stores(a_to_and_fro, b_to_and_fro, expect_lost_calmly);
}

static const char *a_not_yet(const char *command)
{
	if (!strcmp(command, "CLUSTER NODES"))
		return NODE_A("myself,", "0-16383") NODE_B("", "");
	return stores[0].asked < 2 ? "-TRYAGAIN\r\n" : "$4\r\nlate\r\n";
}

static void expect_late(void)
{
	get_foo();
	assert_string_equal(answer_text, "late");
}

static void test_try_again(void **state)
{
	(void)state;
	with_stores(a_not_yet, b_moved, expect_late);
}

/* It dies with the first question; when it is back it is asked again. */
static const char *a_dies(const char *command)
{
	if (!strcmp(command, "CLUSTER NODES"))
		return NODE_A("myself,", "0-16383") NODE_B("", "");
	return stores[0].asked ? "$4\r\nback\r\n" : "";
}

static void expect_back(void)
{
	get_foo();
	assert_string_equal(answer_text, "back");
	assert_int_equal(stores[0].asked, 2);
}

static void test_a_server_that_dies(void **state)
{
	(void)state;
	with_stores(a_dies, b_moved, expect_back);
}

/* A node of the cluster that is not in the settings: not all of it is reached. */
static const char *two_of_one(const char *command)
{
	if (!strcmp(command, "CLUSTER NODES"))
		return NODE_A("myself,", "0-8191") NODE_B("", "8192-16383");
	return "$1\r\na\r\n";
}

static void expect_away(void)
{
	deadline.fn = on_pause;
	io_deadline_arm(loop, &deadline, 1000);
	assert_int_equal(io_loop_run(loop), 0);
	assert_false(is_reached);
	assert_int_equal(get("bar"), CLUSTER_AWAY);
}

static void test_a_node_that_is_not_named(void **state)
{
	(void)state;
	with_stores(two_of_one, two_of_one, expect_away);
}

/* --- alone --- */

static const char *replica(const char *command)
{
	if (!strcmp(command, "CLUSTER NODES"))
		return "-ERR This instance has cluster support disabled\r\n";
	return "-READONLY You can't write against a read only replica.\r\n";
}

static const char *master(const char *command)
{
	if (!strcmp(command, "CLUSTER NODES"))
		return "-ERR This instance has cluster support disabled\r\n";
	return "$6\r\nmaster\r\n";
}

static void expect_master(void)
{
	get_foo();
	assert_string_equal(answer_text, "master");
}

static void test_a_replica_leaves_it_to_the_master(void **state)
{
	(void)state;
	with_stores(replica, master, expect_master);
	with_stores(master, replica, expect_master);
}

/* --- rubbish --- */

static const char *rubbish(const char *command)
{
	return strcmp(command, "CLUSTER NODES") ? "*1000000000\r\n" : "x\ny\n";
}

static const char *garbage(const char *command)
{
	return "HTTP/1.0 400 no\r\n\r\n";
}

static const char *too_much(const char *command)
{
	return strcmp(command, "CLUSTER NODES") ? "+OK\r\n+OK\r\n+OK\r\n" : "-ERR no\r\n+OK\r\n";
}

static void test_no_stores(void **state)
{
	(void)state;
	with_stores(rubbish, garbage, expect_away);
	with_stores(too_much, garbage, expect_away);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_slot_at_its_node),
		cmocka_unit_test(test_moved),
		cmocka_unit_test(test_ask),
		cmocka_unit_test(test_a_redirection_to_elsewhere),
		cmocka_unit_test(test_to_and_fro),
		cmocka_unit_test(test_try_again),
		cmocka_unit_test(test_a_server_that_dies),
		cmocka_unit_test(test_a_node_that_is_not_named),
		cmocka_unit_test(test_a_replica_leaves_it_to_the_master),
		cmocka_unit_test(test_no_stores),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
