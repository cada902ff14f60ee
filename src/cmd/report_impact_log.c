#include "cmd/report_impact_log.h"

#include "report/impact_log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum { READ_BYTES = 128 * 1024 };

static void gz_closep(gzFile *file)
{
	if (*file)
		gzclose(*file);
}

/* zlib reads what is not compressed as it is. */
static gzFile file_open(const char *path)
{
	bool is_stdin = !strcmp(path, "-");
	int fd = is_stdin ? dup(STDIN_FILENO) : -1;
	gzFile file = is_stdin ? (fd < 0 ? NULL : gzdopen(fd, "rb")) : gzopen(path, "rbe");
	if (file)
		gzbuffer(file, READ_BYTES);
	else if (fd >= 0)
		close(fd);
	return file;
}

/* The rest of a line that is too long. */
static void line_skip(gzFile file, char *line)
{
	while (gzgets(file, line, LOG_LINE_MAX) && !strchr(line, '\n'))
		;
}

static int lines_read(gzFile file, struct impact_log *log, uint64_t *unread)
{
	char line[LOG_LINE_MAX];
	int r = 0;
	while (!r && gzgets(file, line, sizeof(line))) {
		size_t len = strlen(line);
		bool is_whole = len && line[len - 1] == '\n';
		if (!is_whole && len == sizeof(line) - 1) {
			(*unread)++;
			line_skip(file, line);
			continue;
		}
		r = impact_log_line(log, slice_of(line, len - is_whole));
	}
	return r;
}

int report_impact_log_read(struct impact_log *log, const char *path, uint64_t *ret_unread)
{
	__attribute__((cleanup(gz_closep))) gzFile file = file_open(path);
	int number = Z_OK;
	const char *why = NULL;
	if (!file)
		why = strerror(errno);
	else if (lines_read(file, log, ret_unread))
		why = "out of memory";
	else
		why = gzerror(file, &number);
	if (file && number == Z_OK && (!why || !*why))
		return 0;
	if (number == Z_ERRNO)
		why = strerror(errno);
	fprintf(stderr, "mailseal report impact: %s: %s\n", path, why);
	return 1;
}
