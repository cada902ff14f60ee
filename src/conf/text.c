/* The text of a configuration: includes, comments, lines. */
#include "conf/text.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where the reader is, from one line to the next. */
enum scan_state { SCAN_CODE, SCAN_STRING, SCAN_COMMENT };

struct scan {
	struct conf_text *text;
	struct conf_errors *errors;
	enum scan_state state;
	int comment_line;    /* where it began */
	unsigned depth;      /* of braces */
	unsigned files_open; /* inside each other */
	bool may_include;
};

static int file_expand(struct scan *s, const char *path, struct conf_place from);

void conf_text_deinit(struct conf_text *t)
{
	for (size_t i = 0; i < t->file_count; i++)
		free(t->files[i]);
	free(t->files);
	free(t->lines);
	buf_deinit(&t->bytes);
	*t = (struct conf_text){};
}

struct conf_place conf_text_place(const struct conf_text *t, unsigned at, const char *setting)
{
	struct conf_place place = { .setting = setting };
	if (at > t->line_count)
		at = (unsigned)t->line_count;
	if (!at) {
		place.file = t->file_count ? t->files[0] : NULL;
		return place;
	}
	place.file = t->files[t->lines[at - 1].file];
	place.line = t->lines[at - 1].line;
	return place;
}

__attribute__((format(printf, 3, 4))) static int bad(struct scan *s, struct conf_place place,
                                                     const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int r = conf_errors_add(s->errors, place, false, format, args);
	va_end(args);
	return r ? r : CONF_BAD;
}

static int text_add_file(struct conf_text *t, const char *path, unsigned *ret_file)
{
	char **grown = reallocarray(t->files, t->file_count + 1, sizeof(*t->files));
	if (!grown)
		return err_raise(-ENOMEM);
	t->files = grown;
	t->files[t->file_count] = path ? strdup(path) : NULL;
	if (path && !t->files[t->file_count])
		return err_raise(-ENOMEM);
	*ret_file = (unsigned)t->file_count++;
	return 0;
}

/* One line, without its end, goes into the text. */
static int text_add_line(struct conf_text *t, const char *line, size_t len, unsigned file,
                         int number)
{
	if (t->line_count == t->line_cap) {
		size_t cap = t->line_cap ? t->line_cap * 2 : 64;
		struct conf_text_line *grown = reallocarray(t->lines, cap, sizeof(*grown));
		if (!grown)
			return err_raise(-ENOMEM);
		t->lines = grown;
		t->line_cap = cap;
	}
	t->lines[t->line_count++] = (struct conf_text_line){ .file = file, .line = number };
	int r = buf_add(&t->bytes, slice_of(line, len));
	if (!r)
		r = buf_add(&t->bytes, slice_str("\n"));
	return err_up(r);
}

/* One byte of code; says how many bytes of the line it settled. A comment leaves a blank. */
static size_t code_step(struct scan *s, char *line, size_t at, size_t len)
{
	char c = line[at];
	char next = at + 1 < len ? line[at + 1] : '\0';
	if (c == '#' || (c == '/' && next == '/')) {
		memset(line + at, ' ', len - at);
		return len - at;
	}
	if (c == '/' && next == '*') {
		memset(line + at, ' ', 2);
		s->state = SCAN_COMMENT;
		return 2;
	}
	if (c == '"')
		s->state = SCAN_STRING;
	if (strchr("{[(", c))
		s->depth++;
	if (strchr("}])", c) && s->depth)
		s->depth--;
	return 1;
}

static size_t comment_step(struct scan *s, char *line, size_t at, size_t len)
{
	size_t used = 1;
	if (line[at] == '*' && at + 1 < len && line[at + 1] == '/') {
		s->state = SCAN_CODE;
		used = 2;
	}
	memset(line + at, ' ', used);
	return used;
}

/* Blanks out comments; false when braces are too deep. */
static bool line_scan(struct scan *s, char *line, size_t len)
{
	for (size_t i = 0; i < len && s->depth <= CONF_TEXT_DEPTH_MAX;) {
		switch (s->state) {
		case SCAN_CODE:
			i += code_step(s, line, i, len);
			break;
		case SCAN_STRING:
			if (line[i] == '"')
				s->state = SCAN_CODE;
			i += line[i] == '\\' ? 2 : 1;
			break;
		case SCAN_COMMENT:
			i += comment_step(s, line, i, len);
			break;
		}
	}
	return s->depth <= CONF_TEXT_DEPTH_MAX;
}

static bool is_include(const char *line)
{
	line += strspn(line, " \t\r\f\v");
	return !strncmp(line, "@include", 8);
}

/* "/etc/mailseal/mailseal.conf", "conf.d/x" give "/etc/mailseal/conf.d/x". */
static char *path_join(const char *file, const char *path)
{
	const char *slash = file ? strrchr(file, '/') : NULL;
	char *joined;
	if (path[0] == '/' || !slash)
		return strdup(path);
	if (asprintf(&joined, "%.*s/%s", (int)(slash - file), file, path) < 0)
		return NULL;
	return joined;
}

static int pattern_expand(struct scan *s, const char *pattern, struct conf_place place)
{
	glob_t found = {};
	int r = glob(pattern, GLOB_ERR, NULL, &found);
	if (r == GLOB_NOMATCH)
		r = 0; /* an empty conf.d is no mistake */
	else if (r == GLOB_NOSPACE)
		r = err_raise(-ENOMEM);
	else if (r) {
		r = bad(s, place, "cannot read the folder of \"%s\"", pattern);
		s->errors->is_unreadable = true;
	}
	for (size_t i = 0; !r && i < found.gl_pathc; i++)
		r = file_expand(s, found.gl_pathv[i], place);
	globfree(&found);
	return r;
}

static int include_expand(struct scan *s, const char *line, unsigned file, int number)
{
	struct conf_place place = { s->text->files[file], number, "@include" };
	char path[4096];
	if (!s->may_include)
		return bad(s, place, "not allowed here: the text must be complete in itself");
	int end = 0;
	line += strspn(line, " \t\r\f\v") + strlen("@include");
	if (sscanf(line, " \"%4000[^\"]\" %n", path, &end) != 1 || !end || line[end])
		return bad(s, place, "a line of its own is wanted: @include \"FILE\"");
	CLEAN(freep) char *joined = path_join(place.file, path);
	if (!joined)
		return err_raise(-ENOMEM);
	if (strpbrk(path, "*?["))
		return pattern_expand(s, joined, place);
	return file_expand(s, joined, place);
}

static int line_expand(struct scan *s, char *line, size_t len, unsigned file, int number)
{
	struct conf_place place = { s->text->files[file], number, "" };
	enum scan_state before = s->state;
	if (!line_scan(s, line, len))
		return bad(s, place, "groups and lists are more than %d deep", CONF_TEXT_DEPTH_MAX);
	if (s->state == SCAN_STRING)
		return bad(s, place, "a text must end on its line: a \" is missing");
	if (s->state == SCAN_COMMENT && before == SCAN_CODE)
		s->comment_line = number;
	if (buf_len(&s->text->bytes) + len > CONF_TEXT_MAX)
		return bad(s, place, "the configuration is longer than %d MiB",
		           CONF_TEXT_MAX >> 20);
	if (!is_include(line))
		return text_add_line(s->text, line, len, file, number);
	return include_expand(s, line, file, number);
}

/* text is changed: line ends become NULs. */
static int text_expand(struct scan *s, char *text, unsigned file)
{
	for (int number = 1; *text; number++) {
		size_t len = strcspn(text, "\n");
		bool is_last = !text[len];
		text[len] = '\0';
		int r = line_expand(s, text, len, file, number);
		if (r)
			return r;
		text += len + !is_last;
	}
	if (s->state != SCAN_COMMENT)
		return 0;
	struct conf_place place = { s->text->files[file], s->comment_line, "" };
	return bad(s, place, "a comment that begins here has no end");
}

/* The whole file; *ret_text ends with NUL. 0, CONF_BAD or a negative. */
static int file_read(struct scan *s, const char *path, bool is_first, struct conf_place from,
                     struct buf *ret_bytes)
{
	struct stat st;
	CLEAN(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | (is_first ? 0 : O_NONBLOCK));
	if (fd < 0 || fstat(fd, &st))
		goto unreadable;
	if (!is_first && !S_ISREG(st.st_mode))
		return bad(s, from, "\"%s\" is not a file", path);
	for (;;) {
		uint8_t *at;
		int r = buf_reserve(ret_bytes, 65536, &at);
		if (r)
			return err_up(r);
		ssize_t n = read(fd, at, 65535);
		if (n < 0 && errno != EINTR)
			goto unreadable;
		if (n > 0)
			buf_commit(ret_bytes, (size_t)n);
		if (buf_len(ret_bytes) > CONF_TEXT_MAX)
			return bad(s, from, "\"%s\" is longer than %d MiB", path,
			           CONF_TEXT_MAX >> 20);
		if (n == 0)
			break;
	}
	if (memchr(ret_bytes->data + ret_bytes->start, 0, buf_len(ret_bytes)))
		return bad(s, from, "\"%s\" is no text: it has a NUL byte", path);
	return err_up(buf_add(ret_bytes, slice_of("", 1)));

unreadable:
	s->errors->is_unreadable = true;
	return bad(s, from, "cannot open \"%s\": %s", path, strerror(errno));
}

static int file_expand(struct scan *s, const char *path, struct conf_place from)
{
	unsigned file;
	bool is_first = s->files_open == 0;
	if (s->files_open == CONF_TEXT_INCLUDES_MAX)
		return bad(s, from, "files include each other more than %d deep",
		           CONF_TEXT_INCLUDES_MAX);
	CLEAN(buf_deinit) struct buf bytes = {};
	int r = file_read(s, path, is_first, from, &bytes);
	if (r)
		return r;
	r = text_add_file(s->text, path, &file);
	if (r)
		return r;
	s->files_open++;
	r = text_expand(s, (char *)bytes.data + bytes.start, file);
	s->files_open--;
	return r;
}

int conf_text_read_file(struct conf_text *t, const char *path, struct conf_errors *errors)
{
	struct scan s = { .text = t, .errors = errors, .may_include = true };
	int r = file_expand(&s, path, (struct conf_place){ .file = path, .setting = "" });
	return r ? r : err_up(buf_add(&t->bytes, slice_of("", 1)));
}

int conf_text_read_string(struct conf_text *t, const char *text, struct conf_errors *errors)
{
	struct scan s = { .text = t, .errors = errors };
	unsigned file;
	int r = text_add_file(t, NULL, &file);
	if (r)
		return r;
	CLEAN(freep) char *copy = strdup(text);
	if (!copy)
		return err_raise(-ENOMEM);
	r = text_expand(&s, copy, file);
	return r ? r : err_up(buf_add(&t->bytes, slice_of("", 1)));
}
