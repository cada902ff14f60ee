/* Every page, in the order of the navigation. */
#include "web/views.h"

#include "base/clean.h"

const struct web_route web_routes[] = {
	{ "/certificates", "Certificates", web_view_certificates },
	{ "/live", "Live", web_view_live },
};
const size_t web_route_count = COUNT_OF(web_routes);
