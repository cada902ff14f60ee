/* For tests of readers: a root of its own with files in it, and all that was read as one text. */
#ifndef SERVERS_TEST_ROOT_H
#define SERVERS_TEST_ROOT_H

#include "base/clean.h"
#include "servers/servers.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

struct root_file {
	const char *path, *text;
};

struct root {
	char path[32];
	struct servers servers;
};

static inline void root_write(const struct root *r, const struct root_file *file)
{
	char path[256];
	snprintf(path, sizeof(path), "%s%s", r->path, file->path);
	for (char *at = strchr(path + strlen(r->path) + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		(void)mkdir(path, 0755);
		*at = '/';
	}
	FILE *out = fopen(path, "w");
	assert_non_null(out);
	assert_true(fputs(file->text, out) >= 0);
	assert_int_equal(fclose(out), 0);
}

/* files end with a NULL path. */
static inline void root_init(struct root *r, const struct root_file *files)
{
	*r = (struct root){ .path = "/tmp/test-servers-XXXXXX" };
	assert_non_null(mkdtemp(r->path));
	r->servers.root = r->path;
	for (; files->path; files++)
		root_write(r, files);
}

static inline int root_remove(const char *path, const struct stat *about, int type, struct FTW *at)
{
	(void)about;
	(void)type;
	(void)at;
	return remove(path);
}

static inline void root_deinit(struct root *r)
{
	servers_deinit(&r->servers);
	nftw(r->path, root_remove, 8, FTW_DEPTH | FTW_PHYS);
}

static inline void told_where(struct buf *out, const struct servers_scope *scope)
{
	if (!scope || !*scope->type)
		return;
	told_where(out, scope->parent);
	assert_int_equal(
		0, buf_printf(out, "%s%s%s > ", scope->type, *scope->name ? " " : "", scope->name));
}

static inline void told_scope(struct buf *out, const struct servers_scope *scope)
{
	for (size_t i = 0; i < scope->setting_count; i++) {
		const struct servers_setting *s = &scope->settings[i];
		told_where(out, scope);
		assert_int_equal(0,
		                 buf_printf(out, "%s=%s @%u\n", s->name, s->value, s->place.line));
	}
	for (size_t i = 0; i < scope->child_count; i++)
		told_scope(out, scope->children[i]);
}

/* "server > listen=443 ssl @3" a line, then the listeners, certificates and faults. */
static inline void told(struct buf *out, const struct servers *s)
{
	for (size_t i = 0; i < s->server_count; i++) {
		const struct servers_server *server = s->servers[i];
		told_scope(out, server->top);
		for (size_t j = 0; j < server->listener_count; j++) {
			const struct servers_listener *l = server->listeners[j];
			assert_int_equal(0, buf_printf(out, "* %s %s %s %u%s%s\n", l->name,
			                               servers_protocol_name(l->protocol),
			                               l->address, l->port, l->is_tls ? " tls" : "",
			                               l->expects_proxy ? " proxy" : ""));
		}
		for (size_t j = 0; j < server->certificate_count; j++) {
			const struct servers_certificate *c = server->certificates[j];
			assert_int_equal(0, buf_printf(out, "+ %s %s %s\n", c->chain_path,
			                               c->key_path ? c->key_path : "-",
			                               c->name ? c->name : "*"));
		}
	}
	for (size_t i = 0; i < s->fault_count; i++)
		assert_int_equal(0, buf_printf(out, "! %s:%u: %s\n", s->faults[i].path,
		                               s->faults[i].line, s->faults[i].text));
	assert_int_equal(0, buf_add(out, slice_of("", 1)));
}

struct root_case {
	const char *name;
	struct root_file files[6];
	const char *path; /* the one that is read; NULL: what is found */
	const char *expected;
};

static inline void root_case_run(const struct root_case *c,
                                 int (*read)(struct servers *s, const char *path))
{
	CLEAN(buf_deinit) struct buf out = {};
	struct root root;
	root_init(&root, c->files);
	assert_int_equal(c->path ? read(&root.servers, c->path) : servers_read(&root.servers), 0);
	told(&out, &root.servers);
	if (strcmp((const char *)buf_slice(&out).data, c->expected) != 0)
		fail_msg("%s:\n%s--- instead of\n%s", c->name, (const char *)buf_slice(&out).data,
		         c->expected);
	root_deinit(&root);
}

#endif
