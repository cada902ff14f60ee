#include "web/reply.h"

#include <stdlib.h>

void web_reply_say(struct web_reply *reply, unsigned status, const char *text)
{
	reply->status = status;
	reply->content = WEB_CONTENT_TEXT;
	buf_clear(&reply->body);
	if (buf_printf(&reply->body, "%s\n", text))
		buf_clear(&reply->body);
}

struct web_kept *web_kept_new(struct buf *body)
{
	struct web_kept *kept = calloc(1, sizeof(*kept));
	if (!kept) {
		buf_deinit(body);
		return NULL;
	}
	kept->refs = 1;
	kept->body = *body;
	*body = (struct buf){};
	return kept;
}

struct web_kept *web_kept_ref(struct web_kept *kept)
{
	kept->refs++;
	return kept;
}

void web_kept_unref(struct web_kept *kept)
{
	if (!kept || --kept->refs)
		return;
	buf_deinit(&kept->body);
	free(kept);
}
