/*
 * Each case runs in a child that boxes itself and then tries; the first check that fails is
 * written to stderr. Sanitizers work in the box; only the leak check at exit would need ptrace, so
 * children leave by _exit().
 */
#include "base/clean.h"
#include "base/log.h"
#include "proc/box.h"
#include "proc/box_inside.h"
#include "proc/chan.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Status of a child is one byte: the line itself goes to stderr. */
#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			dprintf(2, "%s:%d: %s (errno %d)\n", __FILE__, __LINE__, #condition,       \
			        errno);                                                            \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)
#define FORBIDDEN(call)                                                                            \
	do {                                                                                       \
		errno = 0;                                                                         \
		CHECK((long)(call) == -1 && (errno == EPERM || errno == EACCES));                  \
	} while (0)

static int status_of(void (*run)(void))
{
	int status;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		run();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static char directory[] = "/tmp/mailseal-test-box-XXXXXX"; /* of resolver or ledger */

static void box_me(enum proc_role role)
{
	struct proc_box_report report;
	CHECK(proc_drop(&(struct proc_identity){ .is_secret = role == PROC_ROLE_KEYS }) == 0);
	bool has_files = role == PROC_ROLE_RESOLVER || role == PROC_ROLE_LEDGER;
	CHECK(proc_box(role, has_files ? directory : NULL, &report) == 0);
	CHECK(report.has_seccomp);
}

/* What neither may. */
static void try_evil(void)
{
	struct stat st;
	char *const argv[] = { (char *)"/bin/true", NULL };
	FORBIDDEN(open("/etc/passwd", O_RDONLY));
	FORBIDDEN(openat(AT_FDCWD, "/tmp/x", O_CREAT | O_RDWR, 0600));
	FORBIDDEN(syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", NULL, 0));
	FORBIDDEN(open("/proc/self/mem", O_RDWR));
	FORBIDDEN(stat("/etc/passwd", &st));
	FORBIDDEN(mkdir("/tmp/mailseal-never", 0700));
	FORBIDDEN(unlink("/tmp/mailseal-never"));
	FORBIDDEN(chdir("/"));
	FORBIDDEN(execve(argv[0], argv, NULL));
	FORBIDDEN(syscall(SYS_execveat, AT_FDCWD, argv[0], argv, NULL, 0));
	FORBIDDEN(syscall(SYS_memfd_create, "x", 0));
	FORBIDDEN(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
	FORBIDDEN(syscall(SYS_clone3, NULL, 0));
	FORBIDDEN(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
	FORBIDDEN(syscall(SYS_process_vm_readv, getpid(), NULL, 0, NULL, 0, 0));
	FORBIDDEN(kill(getppid(), 0));
	FORBIDDEN(kill(getpid(), 0));
	FORBIDDEN(syscall(SYS_tgkill, getppid(), getppid(), 0));
	FORBIDDEN(setuid(0));
	FORBIDDEN(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
	FORBIDDEN(syscall(SYS_io_uring_setup, 8, NULL));
	FORBIDDEN(syscall(SYS_bpf, 0, NULL, 0));
	FORBIDDEN(syscall(SYS_unshare, 0));
	FORBIDDEN(syscall(SYS_seccomp, 0, 0, NULL));
	FORBIDDEN(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 1, 1 }));
	FORBIDDEN(fcntl(0, F_SETOWN, getpid()));
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(page != MAP_FAILED);
	FORBIDDEN(mprotect(page, 4096, PROT_READ | PROT_EXEC));
	FORBIDDEN(
		(long)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

/* What both need: memory, time, chance, the log, a loop's descriptors, a channel. */
static void try_daily_work(int chan_fd)
{
	struct stat st;
	struct timespec now;
	struct rlimit limit;
	char random[16];
	CHECK(fstat(chan_fd, &st) == 0);
	char *big = malloc(1 << 24);
	CHECK(big);
	memset(big, 1, 1 << 24);
	CHECK((big = realloc(big, 1 << 25)));
	free(big);
	CHECK(clock_gettime(CLOCK_REALTIME, &now) == 0);
	CHECK(syscall(SYS_getrandom, random, sizeof(random), 0) == sizeof(random));
	CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	CHECK(signal(SIGTERM, SIG_IGN) != SIG_ERR);
	log_info(NULL, "boxed");
	CHECK(log_dropped() == 0);

	int fds[2];
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	int event = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
	struct epoll_event e = { .events = EPOLLIN };
	CHECK(epoll >= 0 && event >= 0);
	CHECK(pipe2(fds, O_CLOEXEC | O_NONBLOCK) == 0);
	CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, event, &e) == 0);
	CHECK(epoll_wait(epoll, &e, 1, 1000) == 1);
	CHECK(epoll_pwait(epoll, &e, 1, 1000, NULL) == 1);
	CHECK(write(fds[1], "x", 1) == 1 && read(fds[0], random, 1) == 1);
	CHECK(ioctl(fds[0], FIONBIO, &(int){ 1 }) == 0);
	close(epoll);
	close(event);
}

/* A descriptor and a message through the box, both ways: this is how a boxed process lives. */
static void try_channel(enum proc_role role, int chan_fd, int peer_fd, int passed)
{
	struct proc_chan *mine, *peer;
	struct proc_msg msg;
	bool is_keys = role == PROC_ROLE_KEYS;
	uint8_t payload[6] = {};
	CHECK(proc_chan_new(&mine, chan_fd, role, PROC_ROLE_PARENT) == 0);
	CHECK(proc_chan_new(&peer, peer_fd, PROC_ROLE_PARENT, role) == 0);
	CHECK(proc_chan_send(peer, is_keys ? PROC_MSG_KEY : PROC_MSG_LISTENER,
	                     slice_of(payload, is_keys ? 4 : 6), passed) == 0);
	CHECK(proc_chan_read(mine) == 0);
	CHECK(proc_chan_next(mine, &msg) == 0);
	CHECK(msg.fd >= 0);
	char text[5] = "";
	if (is_keys) {
		CHECK(lseek(msg.fd, 0, SEEK_SET) == 0 && read(msg.fd, text, 5) == 5);
		CHECK(ftruncate(msg.fd, 0) == 0 && write(msg.fd, "new", 3) == 3);
		CHECK(fsync(msg.fd) == 0);
	}
	CHECK(proc_chan_send(mine, PROC_MSG_READY, (struct slice){}, -1) == 0);
	CHECK(proc_chan_read(peer) == 0);
	CHECK(proc_chan_next(peer, &msg) == 0 && msg.type == PROC_MSG_READY);
}

static void child_keys(void)
{
	int fds[2];
	CHECK(proc_chan_pair(fds) == 0);
	int key = memfd_create("key", MFD_CLOEXEC);
	CHECK(write(key, "-----", 5) == 5);
	box_me(PROC_ROLE_KEYS);
	try_evil();
	try_daily_work(fds[0]);
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(25) };
	FORBIDDEN(socket(AF_INET, SOCK_STREAM, 0));
	FORBIDDEN(socket(AF_UNIX, SOCK_STREAM, 0));
	FORBIDDEN(socketpair(AF_UNIX, SOCK_STREAM, 0, (int[2]){}));
	FORBIDDEN(connect(fds[0], (struct sockaddr *)&to, sizeof(to)));
	FORBIDDEN(bind(fds[0], (struct sockaddr *)&to, sizeof(to)));
	FORBIDDEN(listen(fds[0], 1));
	FORBIDDEN(accept4(fds[0], NULL, NULL, 0));
	FORBIDDEN(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
	try_channel(PROC_ROLE_KEYS, fds[0], fds[1], key);
}

/* What captures has its socket already, reads it, asks it what was dropped, and takes no more. */
static void child_watch(void)
{
	struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	const struct sock_fprog program = { .len = 1, .filter = &nothing };
	int fds[2], type = 0;
	socklen_t len = sizeof(type);
	char text[8];
	CHECK(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
	struct proc_box_report report;
	CHECK(proc_box_capturing(fds[1], &report) == 0);
	try_evil();
	try_daily_work(fds[0]);
	CHECK(send(fds[0], "frame", 5, 0) == 5 && recv(fds[1], text, sizeof(text), 0) == 5);
	FORBIDDEN(send(fds[1], "frame", 5, 0));
	FORBIDDEN(write(fds[1], "frame", 5));
	FORBIDDEN(sendmsg(fds[1], &(struct msghdr){}, 0));
	/* The kernel takes the lower half for the number. */
	const long alias = (long)fds[1] | 1L << 32;
	const struct iovec frame = { text, 5 };
	FORBIDDEN(syscall(SYS_write, alias, "frame", 5L));
	FORBIDDEN(syscall(SYS_writev, alias, &frame, 1L));
	FORBIDDEN(syscall(SYS_sendto, alias, "frame", 5L, 0L, NULL, 0L));
	FORBIDDEN(syscall(SYS_sendmsg, alias, &(struct msghdr){}, 0L));
	FORBIDDEN(fcntl(fds[1], F_DUPFD_CLOEXEC, 3));
	CHECK(getsockopt(fds[1], SOL_SOCKET, SO_TYPE, &type, &len) == 0);
	FORBIDDEN(socket(AF_PACKET, SOCK_RAW, 0));
	FORBIDDEN(socket(AF_INET, SOCK_STREAM, 0));
	FORBIDDEN(socket(AF_UNIX, SOCK_STREAM, 0));
	CHECK(setsockopt(fds[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0);
	FORBIDDEN(setsockopt(fds[1], SOL_SOCKET, SO_RCVBUF, &type, len));
	FORBIDDEN(accept4(fds[0], NULL, NULL, 0));
	FORBIDDEN(open("/tmp/mailseal-never", O_CREAT | O_RDWR | O_CLOEXEC, 0600));
}

static void child_worker(void)
{
	int fds[2];
	struct sockaddr_in at = { .sin_family = AF_INET,
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	CHECK(proc_chan_pair(fds) == 0);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	CHECK(bind(listener, (struct sockaddr *)&at, len) == 0 && listen(listener, 8) == 0);
	CHECK(getsockname(listener, (struct sockaddr *)&at, &len) == 0);
	box_me(PROC_ROLE_WORKER);
	try_evil();
	try_daily_work(fds[0]);
	FORBIDDEN(socket(AF_PACKET, SOCK_RAW, 0));
	FORBIDDEN(socket(AF_NETLINK, SOCK_RAW, 0));
	FORBIDDEN(listen(listener, 8)); /* the parent's business */
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in source = at;
	source.sin_port = 0;
	CHECK(client >= 0);
	CHECK(bind(client, (struct sockaddr *)&source, sizeof(source)) == 0);
	CHECK(connect(client, (struct sockaddr *)&at, sizeof(at)) == 0);
	int server = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	CHECK(server >= 0);
	CHECK(setsockopt(server, SOL_SOCKET, SO_KEEPALIVE, &(int){ 1 }, sizeof(int)) == 0);
	CHECK(send(client, "hello", 5, MSG_NOSIGNAL) == 5);
	char text[8];
	CHECK(recv(server, text, sizeof(text), 0) == 5);
	int unix_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(unix_fd >= 0);
	CHECK(socket(AF_INET6, SOCK_STREAM, 0) >= 0 || errno == EAFNOSUPPORT);
	try_channel(PROC_ROLE_WORKER, fds[0], fds[1], listener);
}

/* SQLite and libunbound in their directory, as they go about it. */
static void try_files(void)
{
	char path[64], other[64];
	struct stat st;
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	snprintf(path, sizeof(path), "%s/file", directory);
	snprintf(other, sizeof(other), "%s/other", directory);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CHECK(fd >= 0 && pwrite(fd, "text", 4, 0) == 4 && fsync(fd) == 0);
	CHECK(fcntl(fd, F_SETLK, &lock) == 0);
	CHECK(rename(path, other) == 0 && stat(other, &st) == 0 && st.st_size == 4);
	CHECK(unlink(other) == 0 && access(other, F_OK) == -1);
}

/* Not even beside their directory. */
static void try_beside_files(void)
{
	char *const argv[] = { (char *)"/bin/true", NULL };
	FORBIDDEN(open("/etc/passwd", O_RDONLY));
	FORBIDDEN(open("/tmp/mailseal-never", O_CREAT | O_RDWR | O_CLOEXEC, 0600));
	FORBIDDEN(open("/proc/self/mem", O_RDWR));
	FORBIDDEN(mkdir(directory, 0700));
	FORBIDDEN(execve(argv[0], argv, NULL));
	FORBIDDEN(syscall(SYS_clone3, NULL, 0));
	FORBIDDEN(socket(AF_NETLINK, SOCK_RAW, 0));
}

static void child_resolver(void)
{
	int fds[2], pair[2];
	CHECK(proc_chan_pair(fds) == 0);
	box_me(PROC_ROLE_RESOLVER);
	try_daily_work(fds[0]);
	try_files();
	try_beside_files();
	FORBIDDEN(listen(fds[0], 8));
	CHECK(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) >= 0);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
}

static void child_ledger(void)
{
	int fds[2];
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(25) };
	CHECK(proc_chan_pair(fds) == 0);
	box_me(PROC_ROLE_LEDGER);
	try_daily_work(fds[0]);
	try_files();
	try_beside_files();
	FORBIDDEN(socket(AF_INET, SOCK_STREAM, 0));
	FORBIDDEN(socket(AF_UNIX, SOCK_STREAM, 0));
	FORBIDDEN(socketpair(AF_UNIX, SOCK_STREAM, 0, (int[2]){}));
	FORBIDDEN(connect(fds[0], (struct sockaddr *)&to, sizeof(to)));
	FORBIDDEN(listen(fds[0], 8));
	CHECK(accept4(fds[0], NULL, NULL, 0) == -1 && errno == EINVAL); /* the dashboard's */
}

static char beside[] = "/tmp/mailseal-test-box-read-XXXXXX";

/* What is another's may be read, not more. */
static void child_ledger_reads(void)
{
	const char *const readable[] = { beside, "/tmp/mailseal-test-box-never-there", NULL };
	char path[80], text[8];
	struct proc_box_report report;
	snprintf(path, sizeof(path), "%s/file", beside);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CHECK(fd >= 0 && write(fd, "text", 4) == 4);
	CHECK(proc_box_reading(PROC_ROLE_LEDGER, directory, readable, &report) == 0);
	try_files();
	try_beside_files();
	fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0 && read(fd, text, sizeof(text)) == 4);
	FORBIDDEN(open(path, O_RDWR | O_CLOEXEC));
	FORBIDDEN(unlink(path));
	strcat(path, "2");
	FORBIDDEN(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600));
}

/* It may connect, by TCP to the ports that were named alone. */
static void child_ledger_sharing(void)
{
	static const uint16_t ports[] = { 1, 2 };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct proc_box_report report;
	int fds[2];
	CHECK(proc_chan_pair(fds) == 0);
	CHECK(proc_drop(&(struct proc_identity){}) == 0);
	CHECK(proc_box_sharing(directory, NULL, (struct proc_box_ports){ ports, 2 }, &report) == 0);
	try_daily_work(fds[0]);
	try_files();
	try_beside_files();
	CHECK(socket(AF_UNIX, SOCK_STREAM, 0) >= 0);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(fd >= 0);
	to.sin_port = htons(2);
	errno = 0;
	CHECK(connect(fd, (struct sockaddr *)&to, sizeof(to)) == -1 && errno == ECONNREFUSED);
	to.sin_port = htons(3);
	if (report.landlock_abi >= 4)
		FORBIDDEN(connect(fd, (struct sockaddr *)&to, sizeof(to)));
	FORBIDDEN(bind(fd, (struct sockaddr *)&to, sizeof(to)));
	FORBIDDEN(listen(fds[0], 8));
}

/* Without seccomp before it: Landlock holds by itself. */
static void child_landlock(void)
{
	int abi;
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(1) };
	CHECK(proc_drop(&(struct proc_identity){}) == 0);
	CHECK(box_landlock(&(struct box_wish){ .role = PROC_ROLE_KEYS }, &abi) == 0);
	if (!abi)
		return;
	FORBIDDEN(open("/etc/passwd", O_RDONLY));
	FORBIDDEN(open("/tmp/mailseal-never", O_CREAT | O_RDWR | O_CLOEXEC, 0600));
	FORBIDDEN(unlink("/etc/passwd"));
	FORBIDDEN(execve("/bin/true", (char *[]){ (char *)"true", NULL }, NULL));
	if (abi < 4)
		return;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	FORBIDDEN(connect(fd, (struct sockaddr *)&to, sizeof(to)));
	FORBIDDEN(bind(fd, (struct sockaddr *)&to, sizeof(to)));
	if (abi >= 6)
		FORBIDDEN(kill(getppid(), 0));
}

static void child_aborts(void)
{
	box_me(PROC_ROLE_WORKER);
	close(STDERR_FILENO);
	abort();
}

static void test_box_keys(void **state)
{
	(void)state;
	assert_int_equal(status_of(child_keys), 0);
}

static void test_box_worker(void **state)
{
	(void)state;
	assert_int_equal(status_of(child_worker), 0);
}

static void test_box_watch(void **state)
{
	(void)state;
	assert_int_equal(status_of(child_watch), 0);
}

static void test_box_resolver(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(directory));
	assert_int_equal(status_of(child_resolver), 0);
	assert_int_equal(rmdir(directory), 0);
}

static void test_box_ledger(void **state)
{
	(void)state;
	assert_int_equal(mkdir(directory, 0700), 0);
	assert_non_null(mkdtemp(beside));
	assert_int_equal(status_of(child_ledger), 0);
	assert_int_equal(status_of(child_ledger_reads), 0);
	assert_int_equal(status_of(child_ledger_sharing), 0);
	assert_int_equal(rmdir(directory), 0);
	char path[80];
	snprintf(path, sizeof(path), "%s/file", beside);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(beside), 0);
}

static void test_box_landlock(void **state)
{
	(void)state;
	assert_int_equal(status_of(child_landlock), 0);
}

static void test_box_abort_ends(void **state)
{
	(void)state;
	int status = status_of(child_aborts);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void child_parent(void)
{
	struct proc_box_report report;
	CHECK(proc_box(PROC_ROLE_PARENT, NULL, &report) == -EINVAL);
	CHECK(proc_box(PROC_ROLE_RUNNER, NULL, &report) == -EINVAL);
	CHECK(proc_box(PROC_ROLE_WITNESS, NULL, &report) == -EINVAL);
	CHECK(open("/etc/passwd", O_RDONLY) >= 0);
}

static void test_box_parent_refused(void **state)
{
	(void)state;
	assert_int_equal(status_of(child_parent), 0);
}

static void child_no_user(void)
{
	uid_t before = geteuid();
	int r = proc_drop(&(struct proc_identity){ .user = "mailseal-nobody-of-that-name" });
	CHECK(before != 0 || r == PROC_DROP_NO_USER);
	r = proc_drop(&(struct proc_identity){ .user = "root" });
	CHECK(before != 0 || r == PROC_DROP_NO_USER);
	CHECK(geteuid() == before);
}

static void child_drops(void)
{
	uid_t before = geteuid();
	struct rlimit core;
	CHECK(proc_drop(&(struct proc_identity){ .user = "nobody", .is_secret = true }) == 0);
	CHECK(getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max == 0);
	CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	CHECK(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
	if (before)
		return;
	uid_t real, effective, saved;
	CHECK(getresuid(&real, &effective, &saved) == 0);
	CHECK(real && real == effective && real == saved);
	CHECK(getegid() != 0 && getgroups(0, NULL) == 0);
	FORBIDDEN(setuid(0));
	FORBIDDEN(setgid(0));
	FORBIDDEN(open("/etc/shadow", O_RDONLY));
}

static void test_drop(void **state)
{
	(void)state;
	assert_int_equal(status_of(child_no_user), 0);
	assert_int_equal(status_of(child_drops), 0);
}

/* --- proc_exec_role: this test runs itself as a role --- */

static int role_main(int argc, char **argv)
{
	struct proc_chan *chan;
	sigset_t blocked;
	CHECK(argc == 5);
	CHECK(strcmp(argv[0], "mailseal: worker") == 0);
	CHECK(strcmp(argv[1], "--role") == 0 && strcmp(argv[2], "worker") == 0);
	CHECK(strcmp(argv[3], "--number") == 0 && strcmp(argv[4], "0") == 0);
	for (int fd = PROC_ROLE_FD + 1; fd < 256; fd++)
		CHECK(fcntl(fd, F_GETFD) == -1);
	CHECK(sigprocmask(SIG_BLOCK, NULL, &blocked) == 0);
	CHECK(!sigismember(&blocked, SIGTERM));
	CHECK(signal(SIGUSR1, SIG_DFL) == SIG_DFL);
	CHECK(signal(SIGPIPE, SIG_IGN) == SIG_IGN);
	CHECK(proc_chan_new(&chan, PROC_ROLE_FD, PROC_ROLE_WORKER, PROC_ROLE_PARENT) == 0);
	CHECK(proc_chan_send(chan, PROC_MSG_READY, (struct slice){}, -1) == 0);
	proc_chan_free(chan);
	return 0;
}

static void test_exec_role(void **state)
{
	(void)state;
	static const char *const args[] = { "--number", "0", NULL };
	int fds[2];
	int status;
	pid_t pid;
	sigset_t term;
	struct proc_chan *chan;
	struct proc_msg msg;
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	signal(SIGUSR1, SIG_IGN);
	assert_int_equal(proc_chan_pair(fds), 0);
	int leaky = dup(STDIN_FILENO); /* not close-on-exec */
	assert_int_equal(proc_exec_role("worker", args, fds[1], &pid), 0);
	close(leaky);
	close(fds[1]);
	sigprocmask(SIG_UNBLOCK, &term, NULL);
	signal(SIGUSR1, SIG_DFL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(proc_chan_new(&chan, fds[0], PROC_ROLE_PARENT, PROC_ROLE_WORKER), 0);
	assert_int_equal(proc_chan_read(chan), 0);
	assert_int_equal(proc_chan_next(chan, &msg), 0);
	assert_int_equal(msg.type, PROC_MSG_READY);
	proc_chan_free(chan);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_box_keys),       cmocka_unit_test(test_box_worker),
		cmocka_unit_test(test_box_watch),      cmocka_unit_test(test_box_resolver),
		cmocka_unit_test(test_box_ledger),     cmocka_unit_test(test_box_landlock),
		cmocka_unit_test(test_box_abort_ends), cmocka_unit_test(test_box_parent_refused),
		cmocka_unit_test(test_drop),           cmocka_unit_test(test_exec_role),
	};
	if (argc > 1)
		return role_main(argc, argv);
	log_setup("test", LOG_FORMAT_LOGFMT, LOG_TARGET_STDERR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
