/* TLS reports that go out, as resolver says it, for the status; and those of a day that are to go
 * now. */
#include "parent/state.h"

#include "conf/date.h"

#include <jansson.h>
#include <time.h>

enum { DAY_S = 86400, DAYS_KEPT = 7 }; /* before today: store/tlsrpt.h has eight */

void parent_tlsrpt_came(struct parent *p, struct slice payload)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	struct parent_tlsrpt numbers;
	if (proc_unpack_u64(&u, &numbers.waiting) && proc_unpack_u64(&u, &numbers.sent) &&
	    proc_unpack_u64(&u, &numbers.given_up))
		p->tlsrpt = numbers;
}

json_t *parent_tlsrpt_json(const struct parent *p)
{
	return json_pack("{s:I, s:I, s:I}", "waiting", (json_int_t)p->tlsrpt.waiting, "sent",
	                 (json_int_t)p->tlsrpt.sent, "given_up", (json_int_t)p->tlsrpt.given_up);
}

const char *parent_tlsrpt_send(struct parent *p, const char *day)
{
	int64_t today = time(NULL) / DAY_S, number = today - 1;
	const struct conf_settings *s = p->plan ? p->plan->settings : NULL;
	uint8_t room[4];
	struct proc_packer packer = proc_packer_over(room, sizeof(room));
	if (!s || !s->tlsrpt.sends || !p->resolver.chan)
		return "no TLS reports are sent: tlsrpt.send is not true";
	if (day[0] && conf_date_parse(day, &number))
		return "that is no day: write YYYY-MM-DD, or nothing for yesterday";
	if (number >= today)
		return "that day is not over yet (in UTC)";
	if (number < today - DAYS_KEPT)
		return "of that day nothing is kept any more";
	proc_pack_u32(&packer, (uint32_t)number);
	parent_send(&p->resolver, PROC_MSG_TLSRPT_SEND, proc_packed(&packer), -1);
	return NULL;
}
