/* What keys makes of a key: a request for a certificate, and a stand-in until there is one. */
#include "parent/acme.h"
#include "parent/state.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

/* One that keys has not answered yet. */
struct parent_waiting {
	struct parent_waiting *next;
	uint32_t number;
	void (*on_made)(struct parent *p, uint64_t owner, const struct parent_request_made *made);
	uint64_t owner;
};

static bool names_pack(struct proc_packer *p, char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		proc_pack_raw(p, slice_str(names[i]));
		proc_pack_raw(p, slice_str("\n"));
	}
	return !p->has_failed;
}

static int key_open(const struct parent_request *ask)
{
	int flags = ask->key == PROC_REQUEST_KEY_THERE ? O_RDONLY : O_WRONLY | O_CREAT | O_EXCL;
	int fd = open(ask->key_path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd < 0 ? err_raise(-errno) : fd;
}

int parent_request_ask(struct parent *p, const struct parent_request *ask)
{
	CLEAN(buf_deinit) struct buf payload = {};
	struct proc_packer packer = proc_packer_onto(&payload);
	CLEAN(freep) struct parent_waiting *w = calloc(1, sizeof(*w));
	if (!w)
		return err_raise(-ENOMEM);
	*w = (struct parent_waiting){ p->requests, ++p->next_request, ask->on_made, ask->owner };
	proc_pack_u32(&packer, w->number);
	proc_pack_u8(&packer, (uint8_t)ask->key);
	if (!names_pack(&packer, ask->names, ask->name_count))
		return err_raise(-ENOMEM);
	int fd = key_open(ask);
	if (fd < 0)
		return err_up(fd);
	p->requests = TAKE(w);
	parent_keys_make(p, PROC_MSG_MAKE_REQUEST, buf_slice(&payload), fd);
	return 0;
}

/* Out of the list; NULL: nobody waits for it. */
static struct parent_waiting *waiting_take(struct parent *p, uint32_t number)
{
	for (struct parent_waiting **at = &p->requests; *at; at = &(*at)->next) {
		struct parent_waiting *w = *at;
		if (w->number != number)
			continue;
		*at = w->next;
		return w;
	}
	return NULL;
}

static void made_read(struct parent_request_made *made, struct proc_unpacker *u)
{
	if (u->rest.len < PROC_SPKI_LEN)
		return;
	made->digest = u->rest.data;
	u->rest = slice_skip(u->rest, PROC_SPKI_LEN);
	made->is_well = proc_unpack_bytes(u, &made->request) && proc_unpack_text(u, &made->chain);
}

void parent_request_came(struct parent *p, struct slice payload)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	struct parent_request_made made = {};
	uint32_t number;
	if (!proc_unpack_u32(&u, &number))
		return;
	CLEAN(freep) struct parent_waiting *w = waiting_take(p, number);
	if (!w)
		return;
	made_read(&made, &u);
	w->on_made(p, w->owner, &made);
}

void parent_requests_lost(struct parent *p)
{
	const struct parent_request_made lost = { .is_lost = true };
	struct parent_waiting *list = TAKE(p->requests);
	while (list) {
		CLEAN(freep) struct parent_waiting *w = list;
		list = w->next;
		w->on_made(p, w->owner, &lost);
	}
}

void parent_requests_free(struct parent *p)
{
	while (p->requests) {
		CLEAN(freep) struct parent_waiting *w = p->requests;
		p->requests = w->next;
	}
}
