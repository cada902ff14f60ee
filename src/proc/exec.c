#include "proc/box.h"

#include "base/err.h"
#include "proc/exec_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ARGS_MAX = 24, FAILED = 127 };

static int args_fill(char *ret_argv[ARGS_MAX], char *title, const char *role,
                     const char *const *args)
{
	size_t n = 0;
	ret_argv[n++] = title;
	ret_argv[n++] = (char *)"--role";
	ret_argv[n++] = (char *)role; /* execve() only reads */
	for (; args && *args; args++) {
		if (n + 1 >= ARGS_MAX)
			return err_raise(-E2BIG);
		ret_argv[n++] = (char *)*args;
	}
	ret_argv[n] = NULL;
	return 0;
}

void exec_signals_reset(void)
{
	sigset_t none;
	for (int number = 1; number < NSIG; number++)
		signal(number, number == SIGPIPE ? SIG_IGN : SIG_DFL); /* fails where it must */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the child: nothing here may fail silently or return. */
__attribute__((noreturn)) static void child_run(int chan_fd, char *const argv[])
{
	exec_signals_reset();
	if (chan_fd == PROC_ROLE_FD)
		fcntl(chan_fd, F_SETFD, 0);
	else if (dup2(chan_fd, PROC_ROLE_FD) < 0)
		_exit(FAILED);
	closefrom(PROC_ROLE_FD + 1);
	execve("/proc/self/exe", argv, environ);
	_exit(FAILED);
}

__attribute__((noreturn)) static void program_run(const char *path, char *const argv[], int out_fd)
{
	exec_signals_reset();
	int null = open("/dev/null", O_RDONLY);
	if (null < 0 || dup2(null, 0) < 0 || dup2(out_fd, 1) < 0 || dup2(out_fd, 2) < 0)
		_exit(FAILED);
	closefrom(3);
	execve(path, argv, environ);
	dprintf(2, "cannot be executed: %s\n", strerror(errno));
	_exit(FAILED);
}

int proc_exec_program(const char *path, char *const argv[], int out_fd, pid_t *ret_pid)
{
	pid_t pid = fork();
	if (pid < 0)
		return err_raise(-errno);
	if (pid == 0)
		program_run(path, argv, out_fd);
	*ret_pid = pid;
	return 0;
}

int proc_exec_role(const char *role, const char *const *args, int chan_fd, pid_t *ret_pid)
{
	char *argv[ARGS_MAX];
	char title[64];
	snprintf(title, sizeof(title), "mailseal: %s", role);
	int r = args_fill(argv, title, role, args);
	if (r)
		return err_up(r);
	pid_t pid = fork();
	if (pid < 0)
		return err_raise(-errno);
	if (pid == 0)
		child_run(chan_fd, argv);
	*ret_pid = pid;
	return 0;
}
