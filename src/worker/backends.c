#include "worker/backends.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "edge/learn.h"
#include "proc/chan.h"

#include <errno.h>
#include <string.h>

enum { ERROR_CAP = 257 };

static void say(struct proc_chan *parent, enum proc_msg_type type, struct slice payload)
{
	if (proc_chan_send(parent, type, payload, -1))
		log_error(NULL, "parent cannot be told", kv_str("message", proc_msg_name(type)));
}

static void on_learnt(void *owner, const struct edge_learnt *what)
{
	uint8_t payload[4 + 4 + 1 + CONV_CAPS_MAX];
	struct proc_packer p = proc_packer_over(payload, sizeof(payload));
	proc_pack_u32(&p, (uint32_t)what->backend);
	proc_pack_u32(&p, (uint32_t)what->address);
	proc_pack_u8(&p, (uint8_t)((what->is_blind ? PROC_CAPS_BLIND : 0) |
	                           (what->has_plus ? PROC_CAPS_PLUS : 0)));
	proc_pack_raw(&p, slice_str(what->caps));
	say(owner, PROC_MSG_CAPS, proc_packed(&p));
}

static uint8_t flags_of(const struct edge_looked *what)
{
	uint8_t flags = what->is_refusing ? PROC_LOOKED_REFUSING : 0;
	switch (what->state) {
	case EDGE_HEALTH_UNKNOWN:
		return flags;
	case EDGE_HEALTH_UP:
		return flags | PROC_LOOKED_UP;
	case EDGE_HEALTH_DOWN:
		return flags | PROC_LOOKED_DOWN;
	}
	return flags;
}

static void on_looked(void *owner, const struct edge_looked *what)
{
	uint8_t payload[4 + 4 + 1 + 4 + ERROR_CAP];
	struct proc_packer p = proc_packer_over(payload, sizeof(payload));
	proc_pack_u32(&p, (uint32_t)what->backend);
	proc_pack_u32(&p, (uint32_t)what->address);
	proc_pack_u8(&p, flags_of(what));
	proc_pack_u32(&p, what->connect_us);
	proc_pack_raw(&p, slice_head(slice_str(what->error), ERROR_CAP - 1));
	say(owner, PROC_MSG_LOOKED, proc_packed(&p));
}

const struct edge_learner_fns worker_backends_fns = { .learnt = on_learnt, .looked = on_looked };

int worker_backends_learnt(struct edge_world *world, struct slice payload)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	char text[CONV_CAPS_MAX];
	uint32_t backend, address;
	struct slice caps;
	uint8_t flags;
	if (!world || !proc_unpack_u32(&u, &backend) || !proc_unpack_u32(&u, &address) ||
	    !proc_unpack_u8(&u, &flags) || !proc_unpack_text(&u, &caps) || caps.len >= sizeof(text))
		return err_raise(-EPROTO);
	memcpy(text, caps.data, caps.len);
	text[caps.len] = '\0';
	edge_learn_take(world, &(struct edge_learnt){
				       .backend = backend,
				       .address = address,
				       .caps = text,
				       .is_blind = flags & PROC_CAPS_BLIND,
			       });
	return 0;
}

int worker_backends_looked(struct edge_world *world, struct slice payload)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	uint32_t backend, address;
	uint8_t flags;
	if (!world || !proc_unpack_u32(&u, &backend) || !proc_unpack_u32(&u, &address) ||
	    !proc_unpack_u8(&u, &flags))
		return err_raise(-EPROTO);
	edge_look_take(world, &(struct edge_looked){
				      .backend = backend,
				      .address = address,
				      .state = flags & PROC_LOOKED_DOWN ? EDGE_HEALTH_DOWN
	                                                                : EDGE_HEALTH_UP,
				      .is_refusing = flags & PROC_LOOKED_REFUSING,
			      });
	return 0;
}

void worker_backends_loads(const struct edge_world *world, struct proc_chan *parent)
{
	CLEAN(buf_deinit) struct buf payload = {};
	struct proc_packer p = proc_packer_onto(&payload);
	for (size_t i = 0; world && i < world->settings->backend_count; i++) {
		const struct edge_backend *b = &world->backends[i];
		for (size_t k = 0; k < b->address_count; k++) {
			const struct edge_load *load = b->addresses[k].load;
			proc_pack_u32(&p, load->open);
			proc_pack_u64(&p, load->sessions);
			proc_pack_u64(&p, load->failures);
		}
	}
	if (!p.has_failed)
		say(parent, PROC_MSG_LOADS, proc_packed(&p));
}
