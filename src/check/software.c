#include "check/software.h"

#include "base/clean.h"

#include <stdio.h>

/* Those that stand earlier are the surer ones. A version follows the word where it is told. */
static const struct {
	const char *word, *name;
} known[] = {
	{ "mailseal", "mailseal" },
	{ "Microsoft ESMTP", "Exchange" },
	{ "Microsoft Exchange", "Exchange" },
	{ "X-EXPS", "Exchange" },
	{ "X-ANONYMOUSTLS", "Exchange" },
	{ "Exim", "Exim" },
	{ "OpenSMTPD", "OpenSMTPD" },
	{ "Sendmail", "Sendmail" },
	{ "ESMTP Postfix", "Postfix" },
	{ "Postfix", "Postfix" },
	{ "Dovecot", "Dovecot" },
	{ "Pigeonhole", "Dovecot" },
	{ "Cyrus IMAP", "Cyrus" },
	{ "Cyrus POP3", "Cyrus" },
	{ "Cyrus timsieved", "Cyrus" },
	{ "Cyrus", "Cyrus" },
	{ "Courier-IMAP", "Courier" },
	{ "Courier", "Courier" },
	{ "Haraka", "Haraka" },
	{ "Stalwart", "Stalwart" },
	{ "Zimbra", "Zimbra" },
	{ "MDaemon", "MDaemon" },
	{ "CommuniGate", "CommuniGate Pro" },
	{ "hMailServer", "hMailServer" },
	{ "Kerio", "Kerio Connect" },
	{ "IceWarp", "IceWarp" },
	{ "MailEnable", "MailEnable" },
	{ "Axigen", "Axigen" },
	{ "PowerMTA", "PowerMTA" },
	{ "Halon", "Halon" },
	{ "Lotus Domino", "Domino" },
	{ "HCL Domino", "Domino" },
	{ "IBM Domino", "Domino" },
	{ "GroupWise", "GroupWise" },
	{ "qmail", "qmail" },
	{ "maddy", "maddy" },
	{ "mox", "mox" },
	{ "James", "Apache James" },
	{ "gsmtp", "Google" },
	{ "Gimap", "Google" },
	{ "Gpop", "Google" },
};

static bool is_of_name(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_';
}

/* Part of a longer word, or of the name of a host. */
static bool goes_on(struct slice behind)
{
	if (!behind.len)
		return false;
	if (behind.data[0] == '.')
		return behind.len > 1 && is_of_name(behind.data[1]);
	return is_of_name(behind.data[0]);
}

/* The rest behind the word, which stands alone; false: it is not there. */
static bool word_find(struct slice text, const char *word, struct slice *ret_behind)
{
	size_t len = strlen(word);
	for (size_t i = 0; i + len <= text.len; i++) {
		struct slice here = slice_skip(text, i);
		uint8_t before = i ? text.data[i - 1] : ' ';
		if (is_of_name(before) || before == '.' || before == '@')
			continue;
		*ret_behind = slice_skip(here, len);
		if (slice_starts_nocase(here, word) && !goes_on(*ret_behind))
			return true;
	}
	return false;
}

/* " 4.96.2", "/8.17.1": digits and dots; empty where none follows. */
static struct slice version_cut(struct slice text)
{
	size_t len = 0;
	if (!text.len || (text.data[0] != ' ' && text.data[0] != '/'))
		return (struct slice){};
	text = slice_skip(text, 1);
	if (text.len && text.data[0] == 'v')
		text = slice_skip(text, 1);
	while (len < text.len &&
	       ((text.data[len] >= '0' && text.data[len] <= '9') || (len && text.data[len] == '.')))
		len++;
	while (len && text.data[len - 1] == '.')
		len--;
	return len < 16 ? slice_head(text, len) : (struct slice){};
}

void check_software_guess(struct slice words, char *ret_software, size_t cap)
{
	for (size_t i = 0; i < COUNT_OF(known); i++) {
		struct slice behind;
		if (!word_find(words, known[i].word, &behind))
			continue;
		struct slice version = version_cut(behind);
		bool is_same = !strncmp(ret_software, known[i].name, strlen(known[i].name));
		if (ret_software[0] && !(is_same && version.len))
			return;
		snprintf(ret_software, cap, "%s%s%.*s", known[i].name, version.len ? " " : "",
		         (int)version.len, (const char *)version.data);
		return;
	}
}
