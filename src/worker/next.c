#include "worker/next.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/sealed.h"
#include "conf/conf.h"
#include "tls/catalog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void worker_next_clear(struct worker_next *n)
{
	struct conf_materials *m = &n->materials;
	for (size_t i = 0; i < m->chain_count; i++)
		buf_deinit(&m->chains[i]);
	for (size_t i = 0; i < m->ca_count; i++)
		buf_deinit(&m->cas[i]);
	for (size_t i = 0; i < m->table_count; i++)
		conf_table_unmap(&m->tables[i]);
	free(m->tables);
	free(m->chains);
	free(m->key_ids);
	free(m->cas);
	tls_catalog_unref(m->catalog);
	*m = (struct conf_materials){};
	conf_settings_free(n->settings);
	n->settings = NULL;
	worker_listeners_close(&n->listeners);
}

static int on_config(struct worker_next *n, struct proc_msg *msg)
{
	struct conf_errors errors = {};
	struct conf_materials *m = &n->materials;
	CLEAN(freep) char *text = strndup((const char *)msg->payload.data, msg->payload.len);
	worker_next_clear(n);
	if (!text)
		return err_raise(-ENOMEM);
	int r = conf_read_text(&n->settings, text, time(NULL), &errors);
	conf_errors_deinit(&errors);
	if (r)
		return WORKER_NEXT_BAD;
	m->chains = calloc(conf_chain_count(n->settings), sizeof(struct buf));
	m->key_ids = calloc(conf_chain_count(n->settings), sizeof(uint32_t));
	m->ca_count = conf_ca_count(n->settings);
	m->cas = calloc(m->ca_count + 1, sizeof(struct buf));
	m->table_count = n->settings->lookup_count;
	m->tables = calloc(m->table_count + 1, sizeof(*m->tables));
	return m->chains && m->key_ids && m->cas && m->tables ? 0 : err_raise(-ENOMEM);
}

/* Chains come in the order of conf/materials.h; empty: not there. */
static int on_chain(struct worker_next *n, struct proc_msg *msg)
{
	struct proc_unpacker u = proc_unpacker_over(msg->payload);
	uint32_t key_id;
	struct slice pem;
	char name[64];
	if (!n->settings || n->materials.chain_count >= conf_chain_count(n->settings) ||
	    !proc_unpack_u32(&u, &key_id) || !proc_unpack_str(&u, name, sizeof(name)) ||
	    !proc_unpack_text(&u, &pem))
		return err_raise(-EPROTO);
	n->materials.key_ids[n->materials.chain_count] = key_id;
	return err_up(buf_add(&n->materials.chains[n->materials.chain_count++], pem));
}

static int on_catalog(struct worker_next *n, struct proc_msg *msg)
{
	CLEAN(closep) int fd = TAKE_FD(msg->fd);
	void *bytes;
	size_t len;
	if (!n->settings || n->materials.catalog)
		return err_raise(-EPROTO);
	int r = sealed_map(&bytes, &len, fd);
	if (!r)
		r = tls_catalog_new(&n->materials.catalog, bytes, len);
	return r > 0 ? err_raise(-EPROTO) : err_up(r);
}

static int on_ca(struct worker_next *n, struct proc_msg *msg)
{
	struct proc_unpacker u = proc_unpacker_over(msg->payload);
	uint32_t whose;
	struct slice pem;
	if (!proc_unpack_u32(&u, &whose) || whose >= n->materials.ca_count ||
	    !proc_unpack_text(&u, &pem))
		return err_raise(-EPROTO);
	return err_up(buf_add(&n->materials.cas[whose], pem));
}

static int on_table(struct worker_next *n, struct proc_msg *msg)
{
	struct proc_unpacker u = proc_unpacker_over(msg->payload);
	uint32_t number;
	uint64_t len;
	CLEAN(closep) int fd = TAKE_FD(msg->fd);
	if (!n->settings || !proc_unpack_u32(&u, &number) || !proc_unpack_u64(&u, &len) ||
	    number >= n->materials.table_count)
		return err_raise(-EPROTO);
	struct conf_table *table = &n->materials.tables[number];
	conf_table_unmap(table);
	int r = sealed_map(&table->data, &table->len, fd);
	return r > 0 || (!r && table->len != len) ? err_raise(-EPROTO) : err_up(r);
}

static int on_listener(struct worker_next *n, struct proc_msg *msg)
{
	struct proc_unpacker u = proc_unpacker_over(msg->payload);
	uint32_t edge;
	uint8_t is_tls;
	CLEAN(closep) int fd = TAKE_FD(msg->fd);
	if (!n->settings || !proc_unpack_u32(&u, &edge) || !proc_unpack_u8(&u, &is_tls) ||
	    edge >= n->settings->edge_count)
		return err_raise(-EPROTO);
	return err_up(worker_listeners_add(&n->listeners, is_tls, edge, TAKE_FD(fd)));
}

int worker_next_take(struct worker_next *n, struct proc_msg *msg)
{
	switch (msg->type) {
	case PROC_MSG_CONFIG:
		return on_config(n, msg); /* WORKER_NEXT_BAD is ours */
	case PROC_MSG_CHAIN:
		return err_up(on_chain(n, msg));
	case PROC_MSG_CATALOG:
		return err_up(on_catalog(n, msg));
	case PROC_MSG_CA:
		return err_up(on_ca(n, msg));
	case PROC_MSG_TABLE:
		return err_up(on_table(n, msg));
	case PROC_MSG_LISTENER:
		return err_up(on_listener(n, msg));
	default: /* nobody else's */
		return err_raise(-EPROTO);
	}
}
