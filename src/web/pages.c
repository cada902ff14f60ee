/* Every page, in the order of the navigation. */
#include "web/views.h"

#include "base/clean.h"

const struct web_route web_routes[] = {
	{ "/", "Overview", web_view_overview },
	{ "/inbound", "Mail in", web_view_inbound },
	{ "/outbound", "Mail out", web_view_outbound },
	{ "/users", "Users", web_view_users },
	{ "/internal", "Inside", web_view_internal },
	{ "/impact", "Impact", web_view_impact },
	{ "/exposures", "Exposures", web_view_exposures },
	{ "/downgrades", "Downgrades", web_view_downgrades },
	{ "/destinations", "Destinations", web_view_destinations },
	{ "/tlsrpt", "TLS reports", web_view_tlsrpt },
	{ "/check", "From outside", web_view_check },
	{ "/certificates", "Certificates", web_view_certificates },
	{ "/live", "Live", web_view_live },
};
const size_t web_route_count = COUNT_OF(web_routes);
