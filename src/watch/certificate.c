#include "watch/certificate.h"

#include "base/clean.h"
#include "base/err.h"
#include "tls/inspect.h"

#include <errno.h>
#include <stdlib.h>

static void fill(struct watch_certificate *c, const struct tls_inspection *inspection)
{
	const struct tls_inspected *leaf = &inspection->certificates[0];
	slice_to_text(slice_str(leaf->subject), c->subject, sizeof(c->subject));
	slice_to_text(slice_str(leaf->issuer), c->issuer, sizeof(c->issuer));
	slice_to_text(slice_str(inspection->names), c->names, sizeof(c->names));
	c->not_before_s = leaf->not_before_s;
	c->not_after_s = leaf->not_after_s;
	c->is_self_signed = leaf->is_self_signed;
}

int watch_certificate_read(struct watch_certificate **ret_certificate, struct slice der)
{
	CLEAN(tls_inspection_deinit) struct tls_inspection inspection = {};
	*ret_certificate = NULL;
	int r = tls_inspect(&inspection, der);
	if (r)
		return r < 0 ? err_up(r) : 0;
	struct watch_certificate *c = calloc(1, sizeof(*c));
	if (!c)
		return err_raise(-ENOMEM);
	fill(c, &inspection);
	*ret_certificate = c;
	return 0;
}

bool watch_certificate_has_expired(const struct watch_certificate *c, int64_t at_s)
{
	return c && c->not_after_s && c->not_after_s < at_s;
}

void watch_certificate_merge(struct watch_certificate **kept, struct watch_certificate **other)
{
	if (*other && (!*kept || (*other)->not_after_s < (*kept)->not_after_s)) {
		struct watch_certificate *first = *other;
		*other = *kept;
		*kept = first;
	}
	free(*other);
	*other = NULL;
}
