#include "tls/sni.h"

#include <string.h>

bool tls_sni_fold(const char *sni, char ret_name[TLS_SNI_CAP])
{
	size_t len = strlen(sni);
	if (!len || len >= TLS_SNI_CAP)
		return false;
	for (size_t i = 0; i <= len; i++)
		ret_name[i] = (char)(sni[i] >= 'A' && sni[i] <= 'Z' ? sni[i] + 'a' - 'A' : sni[i]);
	if (ret_name[len - 1] == '.')
		ret_name[len - 1] = '\0';
	return true;
}

const char *tls_sni_wildcard(char name[TLS_SNI_CAP])
{
	char *dot = strchr(name, '.');
	if (!dot || dot == name)
		return NULL;
	dot[-1] = '*'; /* "a.example.org": the byte before the dot is not needed any more */
	return dot - 1;
}
