#include "store/store.h"
#include "store/test_file.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <cmocka.h>

enum { NOBODY = 65534 };

static const char *const steps[] = { "CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (7)" };
static const struct store_schema schema = { steps, 1 };

static struct sqlite3 *made(void)
{
	struct sqlite3 *db = NULL;
	struct store_opened how;
	assert_int_equal(store_open(&db, path, &schema, &how), 0);
	return db;
}

static int number_take(void *owner, int count, char **values, char **names)
{
	(void)names;
	*(int *)owner = count == 1 ? atoi(values[0]) : 0;
	return 0;
}

static int number_read(void)
{
	struct sqlite3 *db = NULL;
	int number = 0;
	assert_int_equal(store_open(&db, path, NULL, NULL), 0);
	assert_int_equal(sqlite3_exec(db, "SELECT n FROM t", number_take, &number, NULL), 0);
	sqlite3_close(db);
	return number;
}

/* By one who may read its folder alone: while it is written, and when nobody has it open. */
static void test_store_is_read_where_nothing_can_be_written(void **state)
{
	(void)state;
	bool is_root = !geteuid();
	struct sqlite3 *writer = made();
	assert_int_equal(chmod(folder, 0555), 0);
	assert_true(!is_root || !seteuid(NOBODY));
	assert_int_equal(number_read(), 7);
	assert_true(!is_root || !seteuid(0));
	assert_int_equal(chmod(folder, 0755), 0);
	sqlite3_close(writer);
	assert_int_equal(chmod(folder, 0555), 0);
	assert_true(!is_root || !seteuid(NOBODY));
	assert_int_equal(number_read(), 7);
	assert_true(!is_root || !seteuid(0));
	assert_int_equal(chmod(folder, 0755), 0);
}

static void test_store_read_of_nothing(void **state)
{
	(void)state;
	struct sqlite3 *db = NULL;
	assert_true(store_open(&db, path, NULL, NULL) < 0);
	assert_null(db);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs("no database, but long enough to be looked at: ...............................",
	      file);
	fclose(file);
	assert_true(store_open(&db, path, NULL, NULL) < 0);
	assert_null(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_store_is_read_where_nothing_can_be_written,
		                       file_remove),
		cmocka_unit_test_setup(test_store_read_of_nothing, file_remove),
	};
	int failed = cmocka_run_group_tests(tests, folder_make, NULL);
	file_remove(NULL);
	folder_remove(NULL);
	return failed;
}
