#include "conf/materials.h"

#include "conf/conf.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void conf_table_unmap(struct conf_table *table)
{
	if (table->data)
		munmap(table->data, table->len);
	*table = (struct conf_table){};
}

static bool is_wanted(const char *name, char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(names[i], name))
			return true;
	return count == 0;
}

size_t conf_certificate_specs(const struct conf_settings *s, const struct conf_materials *m,
                              char *const *names, size_t count,
                              struct tls_certificate_spec *ret_specs)
{
	size_t n = 0;
	for (size_t i = 0; i < s->certificate_count && i < m->chain_count; i++)
		if (buf_len(&m->chains[i]) && is_wanted(s->certificates[i].name, names, count))
			ret_specs[n++] = (struct tls_certificate_spec){
				.name = s->certificates[i].name,
				.chain_pem = buf_slice(&m->chains[i]),
				.key_id = m->key_ids[i],
			};
	return n;
}

bool conf_node_spec(const struct conf_settings *s, const struct conf_materials *m,
                    struct tls_certificate_spec *ret_spec)
{
	size_t at = conf_chain_of_node(s);
	if (at >= m->chain_count || !buf_len(&m->chains[at]))
		return false;
	*ret_spec = (struct tls_certificate_spec){ .name = conf_chain_name(s, at),
		                                   .chain_pem = buf_slice(&m->chains[at]),
		                                   .key_id = m->key_ids[at] };
	return true;
}

void conf_certificate_file_path(const struct conf_settings *s, const struct conf_certificate *c,
                                const char *file, char *ret_path, size_t cap)
{
	snprintf(ret_path, cap, "%s/" CONF_CERTIFICATES_FOLDER "/%s/%s", s->state_dir, c->name,
	         file);
}

void conf_certificate_chain_path(const struct conf_settings *s, const struct conf_certificate *c,
                                 char *ret_path, size_t cap)
{
	if (!c->acme) {
		snprintf(ret_path, cap, "%s", c->chain);
		return;
	}
	conf_certificate_file_path(s, c, CONF_CHAIN_FILE, ret_path, cap);
	if (access(ret_path, F_OK))
		conf_certificate_file_path(s, c, CONF_STAND_IN_FILE, ret_path, cap);
}

void conf_certificate_key_path(const struct conf_settings *s, const struct conf_certificate *c,
                               char *ret_path, size_t cap)
{
	if (c->acme)
		conf_certificate_file_path(s, c, CONF_KEY_FILE, ret_path, cap);
	else
		snprintf(ret_path, cap, "%s", c->key);
}

const char *conf_chain_name(const struct conf_settings *s, size_t number)
{
	if (number < s->certificate_count)
		return s->certificates[number].name;
	return number == conf_chain_self_made(s) ? "self-made" : "internal";
}
