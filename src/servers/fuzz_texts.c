/* The first byte says whose configuration the others are. Nothing is there to be included. */
#include "base/clean.h"
#include "servers/apache_text.h"
#include "servers/blocks.h"
#include "servers/exim_text.h"
#include "servers/lines.h"
#include "servers/php_text.h"
#include "servers/smtpd_text.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int text_read(struct servers *s, struct servers_server *server, struct servers_file *file,
                     uint8_t which)
{
	static const struct servers_lines_syntax *const lines[] = {
		&servers_lines_cyrus, &servers_lines_courier, &servers_lines_words,
		&servers_lines_redis, &servers_lines_stunnel, &servers_lines_haproxy
	};
	static const struct servers_blocks_syntax *const blocks[] = { &servers_blocks_nginx,
		                                                      &servers_blocks_hitch,
		                                                      &servers_blocks_rspamd };
	static const char *const arrays[] = { "config", NULL };
	if (which < 6)
		return servers_lines_read(s, server->top, file, lines[which]);
	if (which < 9)
		return servers_blocks_read(s, server->top, file, blocks[which - 6]);
	if (which < 11)
		return servers_php_read(s, server->top, file, arrays[which - 9]);
	if (which == 11)
		return servers_apache_text(s, server, file, "/etc/apache2");
	if (which == 12)
		return servers_smtpd_text(s, server, file);
	if (which == 13)
		return servers_blocks_read(s, server->top, file, &servers_blocks_json);
	return servers_exim_text(s, server, file, SERVERS_EXIM_OPENSSL);
}

/* Lines are of the file, or 0. */
static void scope_check(const struct servers_scope *scope, size_t size)
{
	for (size_t i = 0; i < scope->setting_count; i++) {
		const struct servers_setting *s = &scope->settings[i];
		assert(s->name && s->value && s->written);
		assert(s->place.line <= size + 1 && s->place.lines <= size + 1);
	}
	for (size_t i = 0; i < scope->child_count; i++)
		scope_check(scope->children[i], size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct servers s = { .root = "/nonexistent" };
	struct servers_server *server = NULL;
	if (!size || size > 65536)
		return 0;
	struct servers_file file = { .path = "/x" };
	assert(!buf_add(&file.text, slice_of(data + 1, size - 1)));
	assert(!servers_add(&s, SERVERS_EXIM, &server));
	assert(!text_read(&s, server, &file, (data[0] >= '0' ? data[0] - '0' : data[0]) % 15));
	scope_check(server->top, size);
	buf_deinit(&file.text);
	servers_deinit(&s);
	return 0;
}
