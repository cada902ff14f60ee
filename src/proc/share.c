#include "proc/share.h"

#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "conf/made.h"
#include "io/address.h"

#include <string.h>
#include <sys/un.h>

enum { PASSWORD_FILE_MAX = 4096 };

void proc_share_password_read(struct buf *ret_password, const struct conf_cluster *conf)
{
	const char *path = conf->password_file;
	if (!path)
		return;
	int r = file_read(ret_password, path, PASSWORD_FILE_MAX, NULL);
	if (r)
		log_error(NULL, "the password of the cluster's store cannot be read",
		          kv_str("file", path), kv_str("error", file_error(r)),
		          kv_str("mend", "let the user of the daemon read it, then restart"));
	/* Its last line end is no part of it. */
	while (buf_len(ret_password) && ret_password->data[ret_password->end - 1] <= ' ')
		ret_password->end--;
}

static void place_take(struct cluster_place *place, const struct conf_cluster *conf, size_t number)
{
	const struct conf_address *a = conf_cluster_way(conf, number);
	struct sockaddr_un *un = (struct sockaddr_un *)&place->address;
	place->name = conf->servers[number].text;
	if (a->kind != CONF_ADDRESS_UNIX) {
		place->address_len = io_address_take(a->host, a->port, &place->address);
		return;
	}
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, a->host, sizeof(un->sun_path));
	place->address_len = sizeof(*un);
}

int proc_share_client_new(struct cluster_client **ret_c, const struct conf_cluster *conf,
                          const struct cluster_client_settings *set)
{
	struct cluster_place places[CLUSTER_SERVERS_MAX] = {};
	struct cluster_client_settings all = *set;
	_Static_assert((int)CONF_CLUSTER_SERVERS_MAX <= (int)CLUSTER_SERVERS_MAX, "room for all");
	for (size_t i = 0; i < conf->server_count; i++)
		place_take(&places[i], conf, i);
	all.places = places;
	all.place_count = conf->server_count;
	return err_up(cluster_client_new(ret_c, &all));
}
