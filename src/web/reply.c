#include "web/reply.h"

void web_reply_say(struct web_reply *reply, unsigned status, const char *text)
{
	reply->status = status;
	reply->content = WEB_CONTENT_TEXT;
	buf_clear(&reply->body);
	if (buf_printf(&reply->body, "%s\n", text))
		buf_clear(&reply->body);
}
