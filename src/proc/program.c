#include "proc/program.h"

#include "base/clean.h"
#include "base/err.h"
#include "io/loop.h"
#include "proc/exec_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	CPU_S = 60,
	FILE_MAX = 1 << 30,
	READ_LEN = 4096,
	READS_MAX = 16, /* a turn; and of what waits when it has ended */
	FAILED = 127,
};

struct proc_program {
	struct proc_program_settings set;
	pid_t pid; /* 0: it has been reaped */
	int pidfd, out_fd, apart_fd;
	struct io_watch *ended, *says, *says_apart;
	struct io_deadline late;
	uint64_t began_ms;
	bool is_late, is_too_long;
	uint64_t output_total;
	size_t output_len;
	uint8_t output[PROC_PROGRAM_OUTPUT_MAX];
};

/* --- in the child: nothing here may fail silently or return --- */

static void limits_set(void)
{
	static const struct {
		__rlimit_resource_t what;
		struct rlimit limit;
	} limits[] = {
		{ RLIMIT_CORE, { 0, 0 } },
		{ RLIMIT_CPU, { CPU_S, CPU_S + 1 } },
		{ RLIMIT_FSIZE, { FILE_MAX, FILE_MAX } },
	};
	for (size_t i = 0; i < COUNT_OF(limits); i++)
		(void)!setrlimit(limits[i].what, &limits[i].limit); /* there may be a lower one */
}

__attribute__((noreturn)) static void child_run(char *const argv[], const int fds[3])
{
	static char *const environment[] = {
		(char *)"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		(char *)"LANG=C.UTF-8", NULL
	};
	exec_signals_reset();
	signal(SIGPIPE, SIG_DFL);
	umask(077);
	if (setsid() < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) || chdir("/") || dup2(fds[0], 0) < 0 ||
	    dup2(fds[1], 1) < 0 || dup2(fds[2], 2) < 0)
		_exit(FAILED);
	limits_set();
	closefrom(3);
	execvpe(argv[0], argv, environment);
	dprintf(2, "cannot be executed: %s\n", strerror(errno));
	_exit(FAILED);
}

/* --- what it says --- */

/* False: there is no more. */
static bool output_read(struct proc_program *p)
{
	uint8_t bytes[READ_LEN];
	ssize_t n = read(p->out_fd, bytes, sizeof(bytes));
	if (n < 0)
		return false;
	size_t room = sizeof(p->output) - p->output_len;
	size_t kept = (size_t)n < room ? (size_t)n : room;
	memcpy(p->output + p->output_len, bytes, kept);
	p->output_len += kept;
	p->output_total += (uint64_t)n;
	return n > 0;
}

static void on_says(void *owner, int events)
{
	struct proc_program *p = owner;
	bool is_more = true;
	for (int i = 0; i < READS_MAX && is_more; i++) {
		errno = 0;
		is_more = output_read(p);
	}
	/* Its end; or whoever it left behind goes on and is not heard. */
	if (!is_more && errno != EAGAIN)
		io_watch_set(p->says, 0);
}

/* The same for stdout where it is kept apart. */
static bool apart_read(struct proc_program *p)
{
	uint8_t *at = NULL;
	if (buf_reserve(p->set.out, READ_LEN, &at))
		p->is_too_long = true;
	ssize_t n = p->is_too_long ? 0 : read(p->apart_fd, at, READ_LEN);
	if (n > 0)
		buf_commit(p->set.out, (size_t)n);
	if (n > 0 && buf_len(p->set.out) > p->set.out_max)
		p->is_too_long = true;
	if (p->is_too_long && p->pid)
		kill(-p->pid, SIGKILL);
	return n > 0 && !p->is_too_long;
}

static void on_says_apart(void *owner, int events)
{
	struct proc_program *p = owner;
	errno = 0;
	if (!apart_read(p) && errno != EAGAIN)
		io_watch_set(p->says_apart, 0);
}

/* --- its end --- */

/* While it is not reaped its process group cannot be another's. */
static int reap(struct proc_program *p)
{
	int status = 0;
	kill(-p->pid, SIGKILL);
	kill(p->pid, SIGKILL); /* it may not have come to its own session yet */
	while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
		;
	p->pid = 0;
	return status;
}

static void on_ended(void *owner, int events)
{
	struct proc_program *p = owner;
	int status = reap(p);
	for (int i = 0; i < READS_MAX && output_read(p); i++)
		;
	while (p->set.out && apart_read(p))
		;
	io_watch_set(p->ended, 0);
	io_watch_set(p->says, 0);
	if (p->says_apart)
		io_watch_set(p->says_apart, 0);
	io_deadline_disarm(&p->late);
	const struct proc_program_result result = {
		.exit = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
		.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
		.is_late = p->is_late,
		.is_too_long = p->is_too_long,
		.duration_ms = io_loop_now_ms(p->set.loop) - p->began_ms,
		.output = slice_of(p->output, p->output_len),
		.output_total = p->output_total,
	};
	p->set.on_end(p->set.owner, p, &result);
}

static void on_late(struct io_deadline *d)
{
	struct proc_program *p =
		(struct proc_program *)((char *)d - offsetof(struct proc_program, late));
	kill(-p->pid, p->is_late ? SIGKILL : SIGTERM);
	p->is_late = true;
	io_deadline_arm(p->set.loop, d, PROC_PROGRAM_GRACE_MS);
}

/* --- its beginning --- */

/* Its stdin: as a file, so that nobody waits for it to be read. */
static int input_open(struct slice input, int *ret_fd)
{
	CLEAN(closep) int fd = memfd_create("mailseal-facts", MFD_CLOEXEC);
	if (fd < 0)
		return err_raise(-errno);
	if (pwrite(fd, input.data, input.len, 0) != (ssize_t)input.len)
		return err_raise(-EIO);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int input_dup(int given, int *ret_fd)
{
	*ret_fd = fcntl(given, F_DUPFD_CLOEXEC, 3);
	return *ret_fd < 0 ? err_raise(-errno) : 0;
}

/* Ours alone does not wait: the program's end does, as programs expect it. */
static int pipe_open(int *ret_ours, int *ret_its)
{
	int pair[2];
	if (pipe2(pair, O_CLOEXEC))
		return err_raise(-errno);
	*ret_ours = pair[0];
	*ret_its = pair[1];
	return fcntl(pair[0], F_SETFL, O_NONBLOCK) ? err_raise(-errno) : 0;
}

static int process_start(struct proc_program *p)
{
	CLEAN(closep) int in = -1;
	CLEAN(closep) int out = -1;
	CLEAN(closep) int apart = -1;
	int r = p->set.input_fd ? input_dup(*p->set.input_fd, &in) : input_open(p->set.input, &in);
	if (!r)
		r = pipe_open(&p->out_fd, &out);
	if (!r && p->set.out)
		r = pipe_open(&p->apart_fd, &apart);
	if (r)
		return err_up(r);
	pid_t pid = fork();
	if (pid < 0)
		return err_raise(-errno);
	if (pid == 0)
		child_run(p->set.argv, (const int[3]){ in, apart >= 0 ? apart : out, out });
	p->pid = pid;
	p->pidfd = pidfd_open(pid, 0);
	return p->pidfd < 0 ? err_raise(-errno) : 0;
}

static int program_begin(struct proc_program *p)
{
	int r = process_start(p);
	if (!r)
		r = io_watch_new(&p->says, p->set.loop, p->out_fd, on_says, p);
	if (!r)
		r = io_watch_new(&p->ended, p->set.loop, p->pidfd, on_ended, p);
	if (!r && p->set.out)
		r = io_watch_new(&p->says_apart, p->set.loop, p->apart_fd, on_says_apart, p);
	if (r)
		return err_up(r);
	if (p->says_apart)
		io_watch_set(p->says_apart, IO_READ);
	io_watch_set(p->says, IO_READ);
	io_watch_set(p->ended, IO_READ);
	p->began_ms = io_loop_now_ms(p->set.loop);
	p->late.fn = on_late;
	io_deadline_arm(p->set.loop, &p->late, p->set.deadline_ms);
	return 0;
}

int proc_program_start(struct proc_program **ret_program, const struct proc_program_settings *set)
{
	struct proc_program *p = calloc(1, sizeof(*p));
	if (!p)
		return err_raise(-ENOMEM);
	p->set = *set;
	p->pidfd = p->out_fd = p->apart_fd = -1;
	int r = program_begin(p);
	if (r) {
		proc_program_free(p);
		return err_up(r);
	}
	*ret_program = p;
	return 0;
}

void proc_program_free(struct proc_program *p)
{
	if (!p)
		return;
	if (p->pid)
		(void)reap(p);
	io_deadline_disarm(&p->late);
	io_watch_free(p->says);
	io_watch_free(p->says_apart);
	io_watch_free(p->ended);
	if (p->pidfd >= 0)
		close(p->pidfd);
	closep(&p->out_fd);
	closep(&p->apart_fd);
	free(p);
}
