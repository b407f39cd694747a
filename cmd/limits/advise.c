/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * limits --advise: what the limits should be, as a file for sysctl.d whose
 * comments say why.  Only the lines that raise a limit are not comments.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "diagnose.h"
#include "limits/actions.h"
#include "shmtool.h"
#include "ui/json.h"
#include "ui/message.h"
#include "ui/text.h"

/* How a recommendation compares with the present limit. */
enum verdict { RAISE, KEEP, LOWER, WOULD_BREAK };

static enum verdict
compare(const struct shmt_advice *advice, const struct shmt_usage *usage)
{
	if ((strcmp(advice->name, "shmmax") == 0 &&
	    usage->largest > advice->recommended) ||
	    (strcmp(advice->name, "shmall") == 0 &&
	    usage->pages > advice->recommended))
		return WOULD_BREAK;
	return advice->current < advice->recommended ? RAISE :
	    advice->current == advice->recommended ? KEEP : LOWER;
}

static void
print_reason(const struct shmt_advice *advice, const struct shmt_usage *usage)
{
	printf("# %s: %s\n#   now %" PRIu64 ", ", advice->name,
	    advice->reason, advice->current);
	switch (compare(advice, usage)) {
	case RAISE:
		printf("to be raised\n");
		break;
	case KEEP:
		printf("as it should be\n");
		break;
	case LOWER:
		printf("already higher; this line would only cap it\n");
		break;
	case WOULD_BREAK:
		if (strcmp(advice->name, "shmmax") == 0)
			printf("and a segment has %" PRIu64 " bytes: ",
			    usage->largest);
		else
			printf("and %" PRIu64 " page%s in use: ", usage->pages,
			    usage->pages == 1 ? " is" : "s are");
		printf("lowering it would break running programs\n");
		break;
	}
}

static void
print_lines(const struct shmt_advice *advice, size_t count,
    const struct shmt_usage *usage)
{
	const struct shmt_advice *a;
	bool raises_sem = false;

	/* The four values of kernel.sem share a line. */
	for (a = advice; a < advice + count; a++)
		raises_sem |= strncmp(a->name, "sem", 3) == 0 &&
		    compare(a, usage) == RAISE;
	for (a = advice; a < advice + count; a++)
		if (strcmp(a->name, "semmsl") == 0)
			printf("%skernel.sem = %" PRIu64,
			    raises_sem ? "" : "#",
			    a->recommended);
		else if (strncmp(a->name, "sem", 3) == 0)
			printf(" %" PRIu64 "%s", a->recommended,
			    strcmp(a->name, "semmni") == 0 ? "\n" : "");
		else
			printf("%skernel.%s = %" PRIu64 "\n",
			    compare(a, usage) == RAISE ? "" : "#", a->name,
			    a->recommended);
}

static void
print_text(const struct shmt_advice *advice, size_t count,
    const struct shmt_usage *usage, uint64_t memory)
{
	char size[SHORT_TEXT];
	size_t i, raise = 0;

	short_size(size, memory);
	printf("# for %s of memory (%" PRIu64 " bytes)\n", size, memory);
	for (i = 0; i < count; i++) {
		raise += compare(&advice[i], usage) == RAISE;
		print_reason(&advice[i], usage);
	}
	if (raise == 0)
		printf("# Nothing needs raising.  To cap what programs may "
		    "take, uncomment a line.\n");
	printf("# To keep a line: put it into " SYSCTL_FILE ",\n"
	    "# then sysctl --system\n");
	print_lines(advice, count, usage);
}

static void
print_json(const struct shmt_advice *advice, size_t count,
    const struct shmt_usage *usage)
{
	static const char *const words[] = {
		"raise", "keep", "lower", "would-break"
	};
	struct json json = { .file = stdout };
	size_t i;

	json_open(&json, NULL, '{');
	json_open(&json, "advice", '[');
	for (i = 0; i < count; i++) {
		json_open(&json, NULL, '{');
		json_text(&json, "name", advice[i].name);
		json_number(&json, "current", advice[i].current);
		json_number(&json, "recommended", advice[i].recommended);
		json_text(&json, "reason", advice[i].reason);
		json_text(&json, "verdict", words[compare(&advice[i], usage)]);
		json_close(&json, '}');
	}
	json_close(&json, ']');
	json_close(&json, '}');
	json_end(&json);
}

int
print_advice(enum shmt_profile profile, uint64_t memory, bool json)
{
	struct shmt_advice advice[SHMT_ADVICE_MAX];
	struct shmt_usage usage;
	const char *bad = NULL;
	size_t count;

	if (memory == 0 && shmt_memory(&memory) == -1)
		return fail("memory of this machine", errno);
	if (shmt_advise(profile, memory, advice, &count, &bad) == -1)
		return limits_failed(bad, errno);
	if (shmt_usage(&usage) == -1)
		return fail("segments in use", errno);
	if (json)
		print_json(advice, count, &usage);
	else
		print_text(advice, count, &usage, memory);
	return ST_OK;
}
