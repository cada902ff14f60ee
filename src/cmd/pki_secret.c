/* A passphrase: of a file, or typed; never an argument, which everybody sees in ps. */
#include "base/clean.h"
#include "base/file.h"
#include "cmd/pki_options.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <termios.h>

enum { PASSPHRASE_MAX = 1024 };

static int complain(const char *what, const char *why)
{
	fprintf(stderr, "mailseal pki: %s: %s\n", what, why);
	return 2;
}

static int file_take(const char *path, struct buf *ret_text)
{
	CLEAN(buf_deinit_secret) struct buf text = {};
	int r = strcmp(path, "-") ? file_read(&text, path, PASSPHRASE_MAX, NULL)
	                          : file_read_fd(&text, STDIN_FILENO, PASSPHRASE_MAX);
	if (r)
		return complain(path, file_error(r));
	struct slice all = buf_slice(&text);
	struct slice line = slice_head(all, slice_find(all, '\n'));
	if (line.len && line.data[line.len - 1] == '\r')
		line.len--;
	if (!line.len)
		return complain(path, "its first line is empty: no passphrase");
	return buf_add(ret_text, line) ? complain(path, "out of memory") : -1;
}

/* One line without echo. */
static int line_type(int fd, const char *prompt, struct buf *ret_text)
{
	struct termios was, quiet;
	char c;
	if (tcgetattr(fd, &was))
		return complain("terminal", strerror(errno));
	quiet = was;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(fd, TCSAFLUSH, &quiet);
	dprintf(fd, "%s", prompt);
	bool is_full = false;
	while (read(fd, &c, 1) == 1 && c != '\n' && !is_full)
		is_full = buf_len(ret_text) == PASSPHRASE_MAX ||
		          buf_add(ret_text, slice_of(&c, 1)) != 0;
	tcsetattr(fd, TCSAFLUSH, &was);
	dprintf(fd, "\n");
	if (is_full || !buf_len(ret_text))
		return complain("terminal", "no passphrase, or one that is too long");
	return -1;
}

static int typed_take(bool is_new, struct buf *ret_text)
{
	CLEAN(buf_deinit_secret) struct buf again = {};
	CLEAN(closep) int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return complain("/dev/tty", "no terminal to ask; --passphrase-file reads a file");
	int status = line_type(fd, "passphrase of root.key: ", ret_text);
	if (status < 0 && is_new)
		status = line_type(fd, "once more: ", &again);
	if (status >= 0)
		return status;
	if (is_new && !slice_equal(buf_slice(ret_text), buf_slice(&again)))
		return complain("terminal", "they are not the same");
	return -1;
}

int pki_secret_read(const struct pki_options *o, bool is_new, struct buf *ret_text)
{
	if (o->passphrase_file)
		return file_take(o->passphrase_file, ret_text);
	return o->asks_passphrase ? typed_take(is_new, ret_text) : -1;
}
