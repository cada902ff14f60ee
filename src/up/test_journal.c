/* A crash after any step: what was begun can be taken back, or gone on with. */
#include "base/clean.h"
#include "up/journal.h"

#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <cmocka.h>

static const char postfix[] = "smtp inet n - y - - smtpd\npickup unix n - y 60 1 pickup\n";
static const char dovecot[] = "protocols = imap\n\xff\n!include conf.d/*.conf";
static const char daemon_conf[] = "hostname = \"mx.example.org\";\n";
static const struct up_block service = { .line = 1,
	                                 .lines = 1,
	                                 .text = "127.0.0.1:10025 inet n - y - - smtpd\n" };
static const struct up_block listeners = { .text = "service imap-login {\n}\n" };

enum { FILES = 3, STEPS = FILES + 2 }; /* keep, each file, done */

struct place {
	char root[64];
	char journal[128];
	char paths[FILES][128];
	struct up_work work;
};

static int entry_remove(const char *path, const struct stat *st, int type, struct FTW *at)
{
	return remove(path);
}

static void file_write(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(path, mode), 0);
}

static void file_expect(const char *path, const char *text, mode_t mode)
{
	CLEAN(buf_deinit) struct buf got = {};
	struct up_owner owner;
	assert_int_equal(up_disk_read(&got, path, &owner), 0);
	if (!slice_equal(buf_slice(&got), slice_str(text)))
		fail_msg("%s: %.*s", path, (int)buf_len(&got), (const char *)buf_slice(&got).data);
	assert_int_equal(owner.mode, mode);
}

static void file_plan(struct place *p, size_t number, const char *text,
                      const struct up_block *block)
{
	struct up_file *file = &p->work.files[p->work.file_count++];
	*file = (struct up_file){ .path = strdup(p->paths[number]), .was_there = block };
	file->owner = (struct up_owner){ 0644, getuid(), getgid() };
	if (!block) {
		file->made_folder = true;
		assert_int_equal(buf_add_str(&file->after, text), 0);
		return;
	}
	struct buf now = {};
	assert_int_equal(up_disk_read(&now, file->path, &file->owner), 0);
	file->before = now;
	assert_int_equal(up_edit_apply(&file->after, buf_slice(&now), block, 1), 0);
}

static void place_init(struct place *p)
{
	*p = (struct place){};
	strcpy(p->root, "/tmp/mailseal-up-XXXXXX");
	assert_non_null(mkdtemp(p->root));
	snprintf(p->journal, sizeof(p->journal), "%s/state/up", p->root);
	snprintf(p->paths[0], sizeof(p->paths[0]), "%s/master.cf", p->root);
	snprintf(p->paths[1], sizeof(p->paths[1]), "%s/dovecot.conf", p->root);
	snprintf(p->paths[2], sizeof(p->paths[2]), "%s/mailseal/mailseal.conf", p->root);
	file_write(p->paths[0], postfix, 0640);
	file_write(p->paths[1], dovecot, 0604);
	file_plan(p, 0, postfix, &service);
	file_plan(p, 1, dovecot, &listeners);
	file_plan(p, 2, daemon_conf, NULL);
	p->work.has_postfix = true;
	p->work.ports[p->work.port_count++] = 25;
	int lock = -1;
	assert_int_equal(up_journal_lock(p->journal, &lock), 0);
	close(lock);
}

static void place_deinit(struct place *p)
{
	up_work_deinit(&p->work);
	nftw(p->root, entry_remove, 8, FTW_DEPTH | FTW_PHYS);
}

static void step(struct place *p, unsigned number)
{
	if (number == 0)
		assert_int_equal(up_journal_keep(p->journal, &p->work), 0);
	else if (number <= FILES)
		assert_int_equal(up_file_put(&p->work.files[number - 1]), 0);
	else {
		p->work.phase = UP_DONE;
		assert_int_equal(up_journal_keep(p->journal, &p->work), 0);
	}
}

static void before_expect(const struct place *p)
{
	struct stat st;
	char folder[PATH_MAX];
	file_expect(p->paths[0], postfix, 0640);
	file_expect(p->paths[1], dovecot, 0604);
	snprintf(folder, sizeof(folder), "%s/mailseal", p->root);
	assert_int_not_equal(stat(folder, &st), 0);
}

/* Takes back so many files as another process would; then this one "crashes" too. */
static int undo(const struct place *p, size_t files)
{
	CLEAN(up_work_deinit) struct up_work work = {};
	int r = up_journal_read(p->journal, &work);
	if (r)
		return r;
	for (size_t i = 0; i < work.file_count && i < files; i++) {
		CLEAN(up_return_deinit) struct up_return how = {};
		r = up_file_judge(&work.files[i], &how);
		if (r)
			return r;
		assert_int_equal(up_file_back(&work.files[i], &how), 0);
	}
	if (files >= work.file_count)
		assert_int_equal(up_journal_close(p->journal), 0);
	return 0;
}

static void test_crash_after_each_step_is_taken_back(void **state)
{
	(void)state;
	for (unsigned stop = 0; stop <= STEPS; stop++) {
		struct place p;
		place_init(&p);
		for (unsigned i = 0; i < stop; i++)
			step(&p, i);
		assert_int_equal(undo(&p, FILES), stop ? 0 : UP_JOURNAL_NONE);
		before_expect(&p);
		assert_int_equal(undo(&p, FILES), UP_JOURNAL_NONE);
		place_deinit(&p);
	}
}

static void test_crash_while_it_is_taken_back(void **state)
{
	(void)state;
	for (unsigned stop = 0; stop < FILES; stop++) {
		struct place p;
		place_init(&p);
		for (unsigned i = 0; i < STEPS; i++)
			step(&p, i);
		assert_int_equal(undo(&p, stop), 0);
		assert_int_equal(undo(&p, FILES), 0);
		before_expect(&p);
		place_deinit(&p);
	}
}

static void test_crash_is_gone_on_with(void **state)
{
	(void)state;
	for (unsigned stop = 1; stop <= STEPS; stop++) {
		CLEAN(up_work_deinit) struct up_work kept = {};
		struct place p;
		place_init(&p);
		for (unsigned i = 0; i < stop; i++)
			step(&p, i);
		assert_int_equal(up_journal_read(p.journal, &kept), 0);
		assert_int_equal(kept.phase, stop == STEPS ? UP_DONE : UP_BEGUN);
		assert_int_equal(kept.ports[0], 25);
		assert_true(kept.has_postfix && !kept.has_dovecot);
		for (size_t i = 0; i < kept.file_count; i++)
			assert_int_equal(up_file_put(&kept.files[i]), 0);
		file_expect(p.paths[2], daemon_conf, 0644);
		assert_int_equal(undo(&p, FILES), 0);
		before_expect(&p);
		place_deinit(&p);
	}
}

static void test_crash_in_the_midst_of_a_file(void **state)
{
	struct place p;
	char half[PATH_MAX];
	(void)state;
	place_init(&p);
	step(&p, 0);
	snprintf(half, sizeof(half), "%s/master.cf.mailseal-new", p.root);
	file_write(half, "half", 0600);
	step(&p, 1);
	assert_int_not_equal(access(half, F_OK), 0);
	assert_int_equal(undo(&p, FILES), 0);
	before_expect(&p);
	place_deinit(&p);
}

static void test_crash_before_the_manifest_leaves_nothing_to_do(void **state)
{
	struct place p;
	char half[PATH_MAX];
	(void)state;
	place_init(&p);
	snprintf(half, sizeof(half), "%s/0.before", p.journal);
	file_write(half, "half", 0600);
	assert_int_equal(undo(&p, FILES), UP_JOURNAL_NONE);
	for (unsigned i = 0; i < STEPS; i++)
		step(&p, i);
	assert_int_equal(undo(&p, FILES), 0);
	before_expect(&p);
	place_deinit(&p);
}

static void test_file_changed_since_the_plan_is_not_written(void **state)
{
	static const char other[] = "smtp inet n - y - - smtpd -v\n";
	struct place p;
	(void)state;
	place_init(&p);
	step(&p, 0);
	file_write(p.paths[0], other, 0640);
	assert_int_equal(up_file_put(&p.work.files[0]), UP_WORK_CHANGED);
	file_expect(p.paths[0], other, 0640);
	place_deinit(&p);
}

static void append(const char *path, const char *text)
{
	FILE *file = fopen(path, "a");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void test_edits_survive(void **state)
{
	struct place p;
	char aside[PATH_MAX];
	(void)state;
	place_init(&p);
	for (unsigned i = 0; i < STEPS; i++)
		step(&p, i);
	append(p.paths[0], "mine unix - n n - - pipe\n");
	append(p.paths[2], "relay = {};\n");
	assert_int_equal(chmod(p.paths[0], 0600), 0);
	assert_int_equal(undo(&p, FILES), 0);
	file_expect(p.paths[0],
	            "smtp inet n - y - - smtpd\npickup unix n - y 60 1 pickup\n"
	            "mine unix - n n - - pipe\n",
	            0600);
	file_expect(p.paths[1], dovecot, 0604);
	snprintf(aside, sizeof(aside), "%s.edited", p.paths[2]);
	file_expect(aside, "hostname = \"mx.example.org\";\nrelay = {};\n", 0644);
	assert_int_not_equal(access(p.paths[2], F_OK), 0);
	place_deinit(&p);
}

static void test_edit_of_our_lines_is_left(void **state)
{
	static const char other[] = "127.0.0.1:10025 inet n - y - - smtpd\n";
	struct place p;
	(void)state;
	place_init(&p);
	for (unsigned i = 0; i < STEPS; i++)
		step(&p, i);
	file_write(p.paths[0], other, 0640);
	assert_int_equal(undo(&p, FILES), UP_WORK_CONFLICT);
	file_expect(p.paths[0], other, 0640);
	place_deinit(&p);
}

static void test_file_that_somebody_removed_stays_away(void **state)
{
	struct place p;
	(void)state;
	place_init(&p);
	for (unsigned i = 0; i < STEPS; i++)
		step(&p, i);
	assert_int_equal(unlink(p.paths[1]), 0);
	assert_int_equal(undo(&p, FILES), 0);
	assert_int_not_equal(access(p.paths[1], F_OK), 0);
	place_deinit(&p);
}

static void test_broken_manifest(void **state)
{
	static const char *const texts[] = { "", "{}", "{\"version\": 2}", "[]" };
	struct place p;
	char path[PATH_MAX];
	(void)state;
	place_init(&p);
	snprintf(path, sizeof(path), "%s/manifest.json", p.journal);
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		file_write(path, texts[i], 0600);
		assert_int_equal(undo(&p, FILES), UP_JOURNAL_BROKEN);
	}
	unlink(path);
	step(&p, 0);
	snprintf(path, sizeof(path), "%s/1.before", p.journal);
	unlink(path);
	assert_int_equal(undo(&p, FILES), UP_JOURNAL_BROKEN);
	place_deinit(&p);
}

static void test_attributes_stay(void **state)
{
	struct place p;
	char value[16] = "";
	(void)state;
	place_init(&p);
	int r = setxattr(p.paths[0], "user.label", "mine", 4, 0);
	if (r) {
		place_deinit(&p);
		skip(); /* the file system has none */
	}
	for (unsigned i = 0; i < STEPS; i++)
		step(&p, i);
	assert_int_equal(getxattr(p.paths[0], "user.label", value, sizeof(value)), 4);
	assert_int_equal(undo(&p, FILES), 0);
	assert_int_equal(getxattr(p.paths[0], "user.label", value, sizeof(value)), 4);
	assert_memory_equal(value, "mine", 4);
	before_expect(&p);
	place_deinit(&p);
}

static void test_one_at_a_time(void **state)
{
	struct place p;
	CLEAN(closep) int first = -1;
	CLEAN(closep) int second = -1;
	(void)state;
	place_init(&p);
	assert_int_equal(up_journal_lock(p.journal, &first), 0);
	assert_int_equal(up_journal_lock(p.journal, &second), UP_JOURNAL_BUSY);
	place_deinit(&p);
}

/* Who may write beside it may plant a manifest, and have root write any file. */
static void test_folders_of_somebody_else_are_refused(void **state)
{
	struct place p;
	char state_folder[256], elsewhere[256];
	int lock = -1;
	(void)state;
	place_init(&p);
	snprintf(state_folder, sizeof(state_folder), "%s/state", p.root);
	snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", p.root);
	assert_int_equal(chmod(state_folder, 0775), 0);
	assert_int_equal(up_journal_lock(p.journal, &lock), UP_JOURNAL_UNSAFE);
	assert_int_equal(chmod(state_folder, 0755), 0);
	assert_int_equal(chmod(p.journal, 0702), 0);
	assert_int_equal(up_journal_lock(p.journal, &lock), UP_JOURNAL_UNSAFE);
	assert_int_equal(rename(p.journal, elsewhere), 0);
	assert_int_equal(chmod(elsewhere, 0700), 0);
	assert_int_equal(symlink(elsewhere, p.journal), 0);
	assert_int_equal(up_journal_lock(p.journal, &lock), UP_JOURNAL_UNSAFE);
	assert_int_equal(lock, -1);
	place_deinit(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crash_after_each_step_is_taken_back),
		cmocka_unit_test(test_crash_while_it_is_taken_back),
		cmocka_unit_test(test_crash_is_gone_on_with),
		cmocka_unit_test(test_crash_in_the_midst_of_a_file),
		cmocka_unit_test(test_crash_before_the_manifest_leaves_nothing_to_do),
		cmocka_unit_test(test_file_changed_since_the_plan_is_not_written),
		cmocka_unit_test(test_edits_survive),
		cmocka_unit_test(test_edit_of_our_lines_is_left),
		cmocka_unit_test(test_file_that_somebody_removed_stays_away),
		cmocka_unit_test(test_broken_manifest),
		cmocka_unit_test(test_attributes_stay),
		cmocka_unit_test(test_one_at_a_time),
		cmocka_unit_test(test_folders_of_somebody_else_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
