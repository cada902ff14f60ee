#include "link/redirect.h"

#include "base/err.h"

/* Its table is made anew as a whole: what is no link any more is caught no more. */
static const char head[] = "table inet mailseal_link\n"
			   "delete table inet mailseal_link\n"
			   "table inet mailseal_link {\n"
			   "\tchain output {\n"
			   "\t\ttype nat hook output priority -100; policy accept;\n";
static const char tail[] = "\t}\n}\n";

static const struct conf_address *listen_for(const struct conf_link *link,
                                             const struct conf_address *destination)
{
	for (size_t i = 0; i < link->listen_count; i++)
		if (link->listen[i].kind == destination->kind)
			return &link->listen[i];
	return NULL; /* conf/check_link.c saw to it that there is one */
}

static int rule_write(struct buf *out, const struct conf_link *link, const struct conf_address *to)
{
	const struct conf_address *at = listen_for(link, to);
	if (!at)
		return 0;
	return buf_printf(out, "\t\t%s daddr %s tcp dport %u redirect to :%u comment \"link %s\"\n",
	                  to->kind == CONF_ADDRESS_INET6 ? "ip6" : "ip", to->host, to->port,
	                  at->port, link->name);
}

int link_redirect_write(struct buf *out, const struct conf_settings *s)
{
	bool is_any = false;
	int r = buf_add_str(out, head);
	for (size_t i = 0; i < s->link_count; i++) {
		const struct conf_link *link = &s->links[i];
		is_any |= link->transparent;
		for (size_t n = 0; !r && link->transparent && n < link->destination_count; n++)
			r = rule_write(out, link, &link->destinations[n]);
	}
	if (!r)
		r = buf_add_str(out, tail);
	if (r)
		return err_up(r);
	return is_any ? 0 : LINK_REDIRECT_NONE;
}
