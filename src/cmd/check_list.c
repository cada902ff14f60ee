#include "cmd/check_list.h"

#include "base/address.h"
#include "base/clean.h"
#include "base/file.h"
#include "dns/idn.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LIST_MAX = 64 << 20, DOMAINS_MAX = 1000000 };

/* Names that were met, for each to be looked at once: a JSON object as a set. */
struct reading {
	struct check_list *list;
	json_t *met, *done;
};

static int name_add(struct reading *r, const char *name)
{
	struct check_list *l = r->list;
	if (json_object_get(r->met, name))
		return 0;
	if (json_object_set_new(r->met, name, json_true()))
		return -1;
	if (json_object_get(r->done, name)) {
		l->done++;
		return 0;
	}
	if (l->count == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 64;
		char **names = reallocarray(l->names, cap, sizeof(*names));
		if (!names)
			return -1;
		l->names = names;
		l->cap = cap;
	}
	l->names[l->count] = strdup(name);
	return l->names[l->count] ? (l->count++, 0) : -1;
}

/* path: NULL where it is a word of the command line. */
static int word_add(struct reading *r, struct slice word, const char *path, unsigned line)
{
	char name[DNS_IDN_CAP];
	bool is_name = dns_idn_take(word, name);
	bool is_address = is_name && address_is_literal(name);
	if (is_name && !is_address)
		return name_add(r, name) ? (fputs("mailseal check: out of memory\n", stderr), -1)
		                         : 0;
	char shown[80];
	const char *mend = is_address ? "; for one endpoint there is --host ADDRESS:25/smtp" : "";
	slice_to_text(word, shown, sizeof(shown));
	if (path)
		fprintf(stderr, "mailseal check: %s:%u: \"%s\" is no domain%s\n", path, line, shown,
		        mend);
	else
		fprintf(stderr, "mailseal check: \"%s\" is no domain%s\n", shown, mend);
	return -1;
}

/* One name a line; "#" begins a comment. */
static int lines_add(struct reading *r, struct slice text, const char *path)
{
	int failed = 0;
	struct slice one;
	for (unsigned line = 1; slice_line_next(&text, &one); line++) {
		one = slice_head(one, slice_find(one, '#'));
		one = slice_head(one, slice_find(one, '\r'));
		one = slice_trim(one);
		if (one.len && word_add(r, one, path, line))
			failed = -1;
		if (r->list->count > DOMAINS_MAX) {
			fprintf(stderr, "mailseal check: %s: more than %d domains\n", path,
			        DOMAINS_MAX);
			return -1;
		}
	}
	return failed;
}

static int list_add(struct reading *r, const char *path)
{
	CLEAN(buf_deinit) struct buf text = {};
	int failed = strcmp(path, "-") ? file_read(&text, path, LIST_MAX, NULL)
	                               : file_read_fd(&text, STDIN_FILENO, LIST_MAX);
	if (failed) {
		fprintf(stderr, "mailseal check: %s: cannot be read\n", path);
		return -1;
	}
	return lines_add(r, buf_slice(&text), path);
}

/* A last line that a crash cut is no result: its domain is looked at again. */
static int done_read(struct reading *r, const char *path)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t cap = 0;
	if (!file)
		return errno == ENOENT ? 0 : (perror(path), -1);
	while (getline(&line, &cap, file) > 0) {
		json_t *o = json_loads(line, 0, NULL);
		const char *name = json_string_value(json_object_get(o, "domain"));
		const char *why = json_string_value(json_object_get(o, "why"));
		if (name && (!why || !why[0]))
			json_object_set_new(r->done, name, json_true());
		json_decref(o);
	}
	free(line);
	fclose(file);
	return 0;
}

int check_list_read(struct check_list *ret_list, const struct check_options *options, char **words)
{
	struct reading r = { ret_list, json_object(), json_object() };
	int failed = options->resume ? done_read(&r, options->resume) : 0;
	for (; !failed && *words; words++)
		failed = word_add(&r, slice_str(*words), NULL, 0);
	if (!failed && options->list)
		failed = list_add(&r, options->list);
	json_decref(r.met);
	json_decref(r.done);
	if (!failed && ret_list->done)
		fprintf(stderr, "mailseal check: %zu domains are done already\n", ret_list->done);
	return failed;
}

void check_list_deinit(struct check_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->names[i]);
	free(list->names);
	*list = (struct check_list){};
}
