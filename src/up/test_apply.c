/* The steps on servers and ports that are told here: which commands run, what goes back when one
 * fails. */
#include "base/clean.h"
#include "up/apply.h"

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

static const char before[] = "smtp inet n - y - - smtpd\n";
static const struct up_block block = { 1, 1, "127.0.0.1:10025 inet n - y - - smtpd\n" };

/* A machine whose Postfix has 25 or, once it was told, 10025; mailseal has 25 while it runs. */
static struct machine {
	char root[64], journal[128], path[128];
	struct up_work work;
	struct up_apply apply;
	char ran[1024];       /* what was run, ";" behind each */
	const char *failing;  /* the command that fails */
	bool is_stubborn;     /* Postfix, that keeps its port */
	bool runs_not;        /* Postfix */
	bool is_behind;       /* Postfix */
	bool has_daemon;      /* mailseal runs */
	bool daemon_is_stuck; /* and does not end */
} m;

static bool file_is_ours(void)
{
	CLEAN(buf_deinit) struct buf now = {};
	assert_int_equal(up_disk_read(&now, m.path, NULL), 0);
	return !slice_equal(buf_slice(&now), slice_str(before));
}

static int run(void *owner, char *const *argv, struct buf *ret_out, struct buf *ret_said)
{
	char command[128] = "";
	for (size_t i = 0; argv[i]; i++) {
		strcat(command, i ? " " : "");
		strcat(command, argv[i]);
	}
	strcat(strcat(m.ran, command), ";");
	if (m.failing && strstr(command, m.failing))
		return buf_add_str(ret_said, "it will not") ? -ENOMEM : SERVERS_RUN_FAILED;
	if (!strcmp(command, "postfix reload") && !m.is_stubborn)
		m.is_behind = file_is_ours();
	if (!strcmp(command, "systemctl enable --now mailseal"))
		m.has_daemon = true;
	if ((!strcmp(command, "systemctl disable --now mailseal") ||
	     strstr(command, "ctl -c /c drain")) &&
	    !m.daemon_is_stuck)
		m.has_daemon = false;
	return 0;
}

static void port_is(struct up_ports *ports, uint16_t port, const char *program)
{
	ports->items = realloc(ports->items, (ports->count + 1) * sizeof(*ports->items));
	assert_non_null(ports->items);
	struct up_listening *one = &ports->items[ports->count++];
	*one = (struct up_listening){ .port = port };
	strcpy(one->program, program);
}

static int ports(struct up_ports *ret_ports)
{
	*ret_ports = (struct up_ports){};
	if (!m.runs_not)
		port_is(ret_ports, m.is_behind ? 10025 : 25, "master");
	if (m.has_daemon)
		port_is(ret_ports, 25, "mailseal");
	return 0;
}

static int setup(void **state)
{
	struct up_file *file;
	FILE *out;
	m = (struct machine){ .root = "/tmp/mailseal-apply-XXXXXX" };
	assert_non_null(mkdtemp(m.root));
	snprintf(m.journal, sizeof(m.journal), "%s/up", m.root);
	snprintf(m.path, sizeof(m.path), "%s/master.cf", m.root);
	out = fopen(m.path, "w");
	assert_non_null(out);
	fputs(before, out);
	fclose(out);
	mkdir(m.journal, 0700);
	m.work = (struct up_work){ .file_count = 1,
		                   .has_postfix = true,
		                   .ports = { 25 },
		                   .port_count = 1,
		                   .backend_ports = { 10025 },
		                   .backend_port_count = 1 };
	file = &m.work.files[0];
	*file = (struct up_file){ .path = strdup(m.path), .was_there = true };
	assert_int_equal(up_disk_read(&file->before, m.path, &file->owner), 0);
	assert_int_equal(up_edit_apply(&file->after, slice_str(before), &block, 1), 0);
	m.apply = (struct up_apply){ .journal = m.journal,
		                     .conf_path = "/c",
		                     .program = "/m",
		                     .has_systemd = true,
		                     .run = run,
		                     .ports = ports,
		                     .patience_ms = 1 };
	return 0;
}

static int entry_remove(const char *path, const struct stat *st, int type, struct FTW *at)
{
	return remove(path);
}

static int teardown(void **state)
{
	up_work_deinit(&m.work);
	nftw(m.root, entry_remove, 8, FTW_DEPTH | FTW_PHYS);
	return 0;
}

static int journal_state(void)
{
	CLEAN(up_work_deinit) struct up_work work = {};
	int r = up_journal_read(m.journal, &work);
	return r ? -r : (int)work.phase;
}

static int undo(void)
{
	CLEAN(up_return_deinit) struct up_return how = {};
	int r = up_file_judge(&m.work.files[0], &how);
	return r ? r : up_undo(&m.apply, &m.work, &how);
}

static void test_all_is_well(void **state)
{
	(void)state;
	assert_int_equal(up_apply(&m.apply, &m.work), 0);
	assert_string_equal(m.ran, "postfix check;/m config check -c /c;postfix reload;"
	                           "systemctl enable --now mailseal;");
	assert_true(m.is_behind && m.has_daemon && file_is_ours());
	assert_int_equal(journal_state(), UP_DONE);
	m.ran[0] = '\0';
	assert_int_equal(undo(), 0);
	assert_string_equal(m.ran,
	                    "systemctl disable --now mailseal;postfix check;postfix reload;");
	assert_false(m.is_behind || m.has_daemon || file_is_ours());
	assert_int_equal(journal_state(), -UP_JOURNAL_NONE);
}

static void test_without_systemd_a_person_starts_it(void **state)
{
	(void)state;
	m.apply.has_systemd = false;
	assert_int_equal(up_apply(&m.apply, &m.work), 0);
	assert_false(m.has_daemon);
	m.has_daemon = true;
	m.ran[0] = '\0';
	assert_int_equal(undo(), 0);
	assert_string_equal(m.ran, "/m ctl -c /c drain;postfix check;postfix reload;");
}

static void expect_gone_back(void)
{
	assert_false(m.is_behind || m.has_daemon || file_is_ours());
	assert_int_equal(journal_state(), -UP_JOURNAL_NONE);
}

static void test_what_fails_goes_back(void **state)
{
	static const char *const failing[] = { "postfix check", "config check",
		                               "systemctl enable" };
	(void)state;
	for (size_t i = 0; i < COUNT_OF(failing); i++) {
		m.failing = failing[i];
		m.ran[0] = '\0';
		assert_int_equal(up_apply(&m.apply, &m.work), UP_APPLY_REFUSED);
		assert_non_null(strstr(m.apply.why, "it will not"));
		expect_gone_back();
	}
}

static void test_server_that_keeps_its_port(void **state)
{
	(void)state;
	m.is_stubborn = true;
	assert_int_equal(up_apply(&m.apply, &m.work), UP_APPLY_REFUSED);
	assert_non_null(strstr(m.apply.why, "still had a public port"));
	expect_gone_back();
}

static void test_server_that_does_not_run(void **state)
{
	(void)state;
	m.runs_not = true;
	assert_int_equal(up_apply(&m.apply, &m.work), UP_APPLY_REFUSED);
	assert_string_equal(m.ran, "");
	assert_non_null(strstr(m.apply.why, "Postfix does not run"));
	expect_gone_back();
}

static void test_file_that_changed_meanwhile(void **state)
{
	static const char other[] = "smtp inet n - y - - smtpd -v\n";
	CLEAN(buf_deinit) struct buf now = {};
	struct up_owner owner = m.work.files[0].owner;
	(void)state;
	assert_int_equal(up_disk_put(m.path, slice_str(other), &owner), 0);
	assert_int_equal(up_apply(&m.apply, &m.work), UP_APPLY_REFUSED);
	assert_int_equal(up_disk_read(&now, m.path, NULL), 0);
	assert_true(slice_equal(buf_slice(&now), slice_str(other)));
	assert_int_equal(journal_state(), -UP_JOURNAL_NONE);
}

/* A server would not get its ports, and Postfix ends when it does not. */
static void test_nothing_goes_back_while_mailseal_has_the_ports(void **state)
{
	(void)state;
	assert_int_equal(up_apply(&m.apply, &m.work), 0);
	m.daemon_is_stuck = true;
	assert_int_equal(undo(), UP_APPLY_STUCK);
	assert_true(file_is_ours());
	assert_int_equal(journal_state(), UP_DONE);
	m.daemon_is_stuck = false;
	assert_int_equal(undo(), 0);
	expect_gone_back();
}

static void test_reload_that_fails_both_ways(void **state)
{
	(void)state;
	m.failing = "postfix reload";
	assert_int_equal(up_apply(&m.apply, &m.work), UP_APPLY_STUCK);
	assert_non_null(strstr(m.apply.why, "mailseal up --undo"));
	assert_int_equal(journal_state(), UP_BEGUN);
	m.failing = NULL;
	assert_int_equal(undo(), 0);
	expect_gone_back();
}

static void test_begun_work_is_gone_on_with(void **state)
{
	(void)state;
	assert_int_equal(up_journal_keep(m.journal, &m.work), 0);
	assert_int_equal(up_file_put(&m.work.files[0]), 0);
	assert_int_equal(up_apply(&m.apply, &m.work), 0);
	assert_true(m.is_behind && m.has_daemon);
	assert_int_equal(journal_state(), UP_DONE);
}

static void test_ports_of_the_kernel(void **state)
{
	static const char text[] =
		"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid "
		" "
		"timeout inode\n"
		"   0: 0100007F:2729 00000000:0000 0A 00000000:00000000 00:00000000 00000000   101 "
		"   "
		"    0 4242 1 0000000000000000 100 0 0 10 0\n"
		"   1: 0100007F:0019 0100007F:C350 01 00000000:00000000 00:00000000 00000000   101 "
		"   "
		"    0 4243 1 0000000000000000 100 0 0 10 0\n"
		"   2: 00000000000000000000000000000000:0019 00000000000000000000000000000000:0000 "
		"0A "
		"00000000:00000000 00:00000000 00000000     0        0 4244 1 0 100 0 0 10 0\n"
		"garbage\n";
	CLEAN(up_ports_deinit) struct up_ports got = {};
	(void)state;
	assert_int_equal(up_ports_parse(&got, slice_str(text)), 0);
	assert_int_equal(got.count, 2);
	assert_int_equal(got.items[0].port, 10025);
	assert_int_equal(got.sockets[0], 4242);
	assert_int_equal(got.items[1].port, 25);
	assert_true(up_ports_have(&got, 25));
	assert_false(up_ports_have_program(&got, 25, "mailseal"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_all_is_well),
		TEST(test_without_systemd_a_person_starts_it),
		TEST(test_what_fails_goes_back),
		TEST(test_server_that_keeps_its_port),
		TEST(test_server_that_does_not_run),
		TEST(test_file_that_changed_meanwhile),
		TEST(test_nothing_goes_back_while_mailseal_has_the_ports),
		TEST(test_reload_that_fails_both_ways),
		TEST(test_begun_work_is_gone_on_with),
		TEST(test_ports_of_the_kernel),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
