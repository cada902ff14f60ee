#include "tunnel/told.h"

#include <string.h>

enum tunnel_state tunnel_told_state(const struct tunnel_told *list, size_t count,
                                    const struct tunnel_told *wanted)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].accepts_unproven == wanted->accepts_unproven &&
		    !strcmp(list[i].interface, wanted->interface) &&
		    !strcmp(list[i].address, wanted->address))
			return list[i].state;
	return TUNNEL_GONE;
}
