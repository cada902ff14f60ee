#include "worker/challenges.h"

#include "base/err.h"
#include "base/log.h"
#include "proc/challenges.h"
#include "proc/chan.h"

#include <errno.h>

int worker_challenges_came(struct acme_challenges *list, struct proc_chan *parent,
                           struct slice payload)
{
	uint32_t generation;
	uint8_t answer[4];
	struct proc_packer p = proc_packer_over(answer, sizeof(answer));
	if (!proc_challenges_unpack(payload, &generation, list))
		return err_raise(-EPROTO);
	proc_pack_u32(&p, generation);
	if (proc_chan_send(parent, PROC_MSG_CHALLENGES_TAKEN, proc_packed(&p), -1))
		log_error(NULL, "parent cannot be told that a challenge is in force");
	return 0;
}
