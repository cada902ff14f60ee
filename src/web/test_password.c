#include "base/clean.h"
#include "web/password.h"

#include <crypt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* "Basic BASE64". */
static const char *basic(const char *credential)
{
	static char text[1024];
	size_t len = strlen(credential), at = (size_t)sprintf(text, "Basic ");
	for (size_t i = 0; i < len; i += 3) {
		unsigned char b[3] = {};
		size_t n = len - i < 3 ? len - i : 3;
		memcpy(b, credential + i, n);
		text[at++] = alphabet[b[0] >> 2];
		text[at++] = alphabet[(b[0] & 3) << 4 | b[1] >> 4];
		text[at++] = n > 1 ? alphabet[(b[1] & 15) << 2 | b[2] >> 6] : '=';
		text[at++] = n > 2 ? alphabet[b[2] & 63] : '=';
	}
	text[at] = '\0';
	return text;
}

static const char *hashed(const char *password, const char *setting)
{
	static struct crypt_data room;
	return crypt_rn(password, setting, &room, sizeof(room));
}

static struct web_passwords *passwords(void)
{
	struct web_passwords *list = NULL;
	char text[512];
	unsigned line;
	int len = snprintf(text, sizeof(text), "# who may look\n\nanna:%s\r\n",
	                   hashed("correct: horse", "$6$rounds=1000$abcdefgh"));
	snprintf(text + len, sizeof(text) - (size_t)len, "bert:%s",
	         hashed("staple", "$y$j75$abcdefgh"));
	assert_int_equal(web_passwords_new(&list, slice_str(text), &line), 0);
	return list;
}

static void test_password_check(void **state)
{
	(void)state;
	struct web_passwords *list = passwords();
	assert_int_equal(web_password_check(list, basic("anna:correct: horse"), 1000), 0);
	assert_int_equal(web_password_check(list, basic("bert:staple"), 1000), 0);
	static const char *const wrong[] = {
		"anna:staple", "anna:", "bert:staple ", "carl:staple", ":", "bert", "", ":staple"
	};
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		assert_int_equal(web_password_check(list, basic(wrong[i]), 1000),
		                 WEB_PASSWORD_WRONG);
	assert_int_equal(web_password_check(list, NULL, 1000), WEB_PASSWORD_WRONG);
	assert_int_equal(web_password_check(list, "Basic !", 1000), WEB_PASSWORD_WRONG);
	assert_int_equal(web_password_check(list, "Bearer YW5uYQ==", 1000), WEB_PASSWORD_WRONG);
	/* "anna:correct: horse\0x" */
	assert_int_equal(web_password_check(list, "Basic YW5uYTpjb3JyZWN0OiBob3JzZQB4", 1000),
	                 WEB_PASSWORD_WRONG);
	web_passwords_free(list);
}

/* After some wrong tries nothing is computed any more; who was right before stays. */
static void test_password_wait(void **state)
{
	(void)state;
	struct web_passwords *list = passwords();
	char anna[1024];
	snprintf(anna, sizeof(anna), "%s", basic("anna:correct: horse"));
	assert_int_equal(web_password_check(list, anna, 1000), 0);
	for (size_t i = 0; i < WEB_PASSWORD_TRIES_MAX; i++)
		assert_int_equal(web_password_check(list, basic("anna:x"), 1000 + i),
		                 WEB_PASSWORD_WRONG);
	assert_int_equal(web_password_check(list, basic("anna:x"), 2000), WEB_PASSWORD_WAIT);
	assert_int_equal(web_password_check(list, basic("bert:staple"), 2000), WEB_PASSWORD_WAIT);
	assert_int_equal(web_password_check(list, anna, 2000), 0);
	uint64_t later = 1000 + WEB_PASSWORD_PAUSE_MS;
	assert_int_equal(web_password_check(list, basic("bert:staple"), later), 0);
	web_passwords_free(list);
}

static const struct {
	const char *text;
	int result;
	unsigned line;
} files[] = {
	{ "", WEB_PASSWORDS_NONE, 0 },
	{ "# nobody\n\n", WEB_PASSWORDS_NONE, 0 },
	{ "\nanna\n", WEB_PASSWORDS_BAD, 2 },
	{ "anna:", WEB_PASSWORDS_BAD, 1 },
	{ "anna:secret", WEB_PASSWORDS_BAD, 1 },
	{ "anna:$none$abc$def", WEB_PASSWORDS_BAD, 1 },
	{ "anna:$6$abcdefgh$", WEB_PASSWORDS_BAD, 1 },
	{ "anna:$1$abc$OGyl6dDvZCDiGmIVbeuCq/OGyl6dDvZCDiGmIVbeuCq", WEB_PASSWORDS_BAD, 1 },
	{ ":$y$j75$abcdefgh$wPWF6ZngZZxi0TBX8BqPcYXMIarFww.baLy6hMEGMb9", WEB_PASSWORDS_BAD, 1 },
	{ "anna:ab0123456789.", WEB_PASSWORDS_BAD, 1 },
};

static void test_password_bad_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		struct web_passwords *list = NULL;
		unsigned line = 0;
		if (web_passwords_new(&list, slice_str(files[i].text), &line) != files[i].result)
			fail_msg("%s", files[i].text);
		assert_null(list);
		if (files[i].line)
			assert_int_equal(line, files[i].line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_password_check),
		cmocka_unit_test(test_password_wait),
		cmocka_unit_test(test_password_bad_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
