#include "base/clean.h"
#include "io/loop.h"
#include "proc/program.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/pidfd.h>

#include <cmocka.h>

struct seen {
	struct io_loop *loop;
	struct proc_program_result result;
	char output[PROC_PROGRAM_OUTPUT_MAX + 1];
};

static void on_end(void *owner, struct proc_program *program,
                   const struct proc_program_result *result)
{
	struct seen *s = owner;
	s->result = *result;
	memcpy(s->output, result->output.data, result->output.len);
	s->output[result->output.len] = '\0';
	proc_program_free(program);
	io_loop_stop(s->loop);
}

/* By the shell, until it has ended. */
static struct seen run(const char *script, const char *input, uint32_t deadline_ms)
{
	struct seen s = {};
	struct proc_program *program;
	char *const argv[] = { (char *)"sh", (char *)"-c", (char *)script, (char *)"x y", NULL };
	assert_int_equal(io_loop_new(&s.loop), 0);
	assert_int_equal(proc_program_start(&program,
	                                    &(struct proc_program_settings){
						    .loop = s.loop,
						    .argv = argv,
						    .input = slice_str(input),
						    .deadline_ms = deadline_ms,
						    .owner = &s,
						    .on_end = on_end,
					    }),
	                 0);
	assert_int_equal(io_loop_run(s.loop), 0);
	io_loop_free(s.loop);
	return s;
}

enum { LONG_MS = 60 * 1000 };

static void test_what_it_gets(void **state)
{
	(void)state;
	static const struct {
		const char *name, *script, *output;
	} cases[] = {
		{ "stdin", "cat", "{\"a\": 1}\n" },
		{ "stderr", "echo wrong >&2", "wrong\n" },
		{ "argv", "echo \"$0\"", "x y\n" },
		{ "folder", "pwd", "/\n" },
		{ "environment", "/usr/bin/env | grep -v -e ^PWD= -e ^_= -e ^SHLVL= -e ^OLDPWD=",
		  "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
		  "LANG=C.UTF-8\n" },
		{ "core", "ulimit -Hc", "0\n" },
		{ "CPU", "ulimit -St", "60\n" },
		{ "descriptors", "ls /proc/$$/fd", "0\n1\n2\n" },
		{ "session", "ps -o sid= -p $$ | grep -qw $$ && echo own", "own\n" },
		/* Number 32 is the C library's own, and may come from who started us. */
		{ "signals",
		  "grep SigIgn /proc/$$/status | grep -o '[0-9a-f]\\{8\\}$' | sed s/^8/0/",
		  "00000000\n" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct seen s = run(cases[i].script, "{\"a\": 1}\n", LONG_MS);
		if (strcmp(s.output, cases[i].output) != 0)
			fail_msg("%s: %s", cases[i].name, s.output);
		assert_int_equal(s.result.exit, 0);
		assert_true(proc_program_is_well(&s.result));
	}
}

/* One of ours that is not close-on-exec stays here all the same. */
static void test_descriptors_stay(void **state)
{
	(void)state;
	int fd = open("/dev/null", O_RDONLY);
	struct seen s = run("ls /proc/$$/fd", "", LONG_MS);
	close(fd);
	assert_string_equal(s.output, "0\n1\n2\n");
}

static void test_how_it_ends(void **state)
{
	(void)state;
	struct seen s = run("exit 3", "", LONG_MS);
	assert_int_equal(s.result.exit, 3);
	assert_false(proc_program_is_well(&s.result));
	s = run("kill -SEGV $$", "", LONG_MS);
	assert_int_equal(s.result.exit, -1);
	assert_int_equal(s.result.signal, SIGSEGV);
	s = run("exec /nowhere/at/all", "", LONG_MS);
	assert_int_equal(s.result.exit, 127);
}

static void test_cannot_be_executed(void **state)
{
	(void)state;
	struct seen s = {};
	struct proc_program *program;
	char *const argv[] = { (char *)"/nowhere/at/all", NULL };
	assert_int_equal(io_loop_new(&s.loop), 0);
	assert_int_equal(proc_program_start(&program,
	                                    &(struct proc_program_settings){ .loop = s.loop,
	                                                                     .argv = argv,
	                                                                     .deadline_ms = LONG_MS,
	                                                                     .owner = &s,
	                                                                     .on_end = on_end }),
	                 0);
	assert_int_equal(io_loop_run(s.loop), 0);
	io_loop_free(s.loop);
	assert_int_equal(s.result.exit, 127);
	assert_string_equal(s.output, "cannot be executed: No such file or directory\n");
}

static void test_late(void **state)
{
	(void)state;
	struct seen s = run("sleep 600", "", 200);
	assert_true(s.result.is_late);
	assert_int_equal(s.result.signal, SIGTERM);
	assert_true(s.result.duration_ms >= 200 && s.result.duration_ms < 3000);
	s = run("trap '' TERM; while :; do sleep 600; done", "", 200);
	assert_true(s.result.is_late);
	assert_int_equal(s.result.signal, SIGKILL);
	s = run("trap 'exit 0' TERM; sleep 600 & wait", "", 200); /* late, whatever it says */
	assert_int_equal(s.result.exit, 0);
	assert_false(proc_program_is_well(&s.result));
}

/* What it leaves behind holds its output open, and ends with it. */
static void test_nothing_stays(void **state)
{
	(void)state;
	int pid = 0;
	struct seen s = run("sleep 600 & echo $!", "", LONG_MS);
	assert_int_equal(s.result.exit, 0);
	assert_true(s.result.duration_ms < 10 * 1000);
	assert_int_equal(sscanf(s.output, "%d", &pid), 1);
	CLEAN(closep) int fd = pidfd_open(pid, 0);
	struct pollfd ended = { .fd = fd, .events = POLLIN };
	assert_true(fd < 0 || poll(&ended, 1, 5000) == 1);
}

static void test_output_is_cut(void **state)
{
	(void)state;
	struct seen s = run("head -c 3000000 /dev/zero | tr '\\0' x; exit 1", "", LONG_MS);
	assert_int_equal(s.result.exit, 1);
	assert_int_equal(s.result.output.len, PROC_PROGRAM_OUTPUT_MAX);
	assert_int_equal(s.result.output_total, 3000000);
}

static void test_free_ends_it(void **state)
{
	(void)state;
	struct seen s = {};
	struct proc_program *program;
	char *const argv[] = { (char *)"sleep", (char *)"600", NULL };
	assert_int_equal(io_loop_new(&s.loop), 0);
	assert_int_equal(proc_program_start(&program,
	                                    &(struct proc_program_settings){ .loop = s.loop,
	                                                                     .argv = argv,
	                                                                     .deadline_ms = LONG_MS,
	                                                                     .owner = &s,
	                                                                     .on_end = on_end }),
	                 0);
	proc_program_free(program); /* waits for its end */
	io_loop_free(s.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_it_gets),  cmocka_unit_test(test_descriptors_stay),
		cmocka_unit_test(test_how_it_ends),   cmocka_unit_test(test_cannot_be_executed),
		cmocka_unit_test(test_late),          cmocka_unit_test(test_nothing_stays),
		cmocka_unit_test(test_output_is_cut), cmocka_unit_test(test_free_ends_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
