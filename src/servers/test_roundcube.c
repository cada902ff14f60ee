#include "servers/reader.h"
#include "servers/test_root.h"

static const struct root_case cases[] = {
	{ "literals, arrays, comments; what is computed is not there",
	  { { "/r",
	      "<?php\n/* x */ $config = [];\ninclude(\"/x;y\");\n$config['a'] = 'it\\'s'; // b\n"
	      "# $config['no'] = 1;\n$config[\"b\"] = array('ssl' => array('verify' => false, "
	      "'x' => 3),\n 'last');\n$config['c'] = $x . 'a';\n$config['d'] = 'a' . 'b';\n"
	      "if ($config['e'] == 1) { f(); }\n$config['f'] = true;\n" } },
	  "/r",
	  "a=it's @4\n"
	  "b/ssl/verify=false @6\n"
	  "b/ssl/x=3 @6\n"
	  "b/1=last @6\n"
	  "f=true @11\n" },
	{ "names of before 1.6, the plugin's file",
	  { { "/etc/roundcube/config.inc.php", "<?php $config['default_host'] = 'ssl://a';" },
	    { "/etc/roundcube/plugins/managesieve/config.inc.php",
	      "<?php $config['managesieve_usetls'] = true; ?>" } },
	  NULL,
	  "default_host=ssl://a @1\n"
	  "imap_host=ssl://a @1\n"
	  "managesieve_usetls=true @1\n" },
	{ "what never ends", { { "/r", "<?php $config['a'] = [[[[[[[[[[1" } }, "/r", "" },
	{ "a string that never ends", { { "/r", "<?php $config['a'] = 'x" } }, "/r", "" },
};

static void test_roundcube(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		root_case_run(&cases[i], servers_roundcube_read);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_roundcube) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
