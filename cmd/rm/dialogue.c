/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The questions of rm: one for all that a filter selects, or under -i one for
 * each segment.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "rm/dialogue.h"
#include "rm/removal.h"
#include "shmtool.h"
#include "ui/message.h"
#include "ui/signals.h"
#include "ui/text.h"

/* Asks, and returns a line without its newline, which the caller frees; NULL:
 * no answer. */
static char *
ask(struct dialogue *dialogue, const char *question, const char *answers)
{
	char *line = NULL;
	size_t capacity = 0;
	int error;

	if (dialogue->ended || caught_signal() != 0 || !flush_output())
		return NULL;
	dialogue->asked = true;
	dprintf(STDERR_FILENO, "%s [%s] ", question, answers);
	if (getline(&line, &capacity, stdin) == -1) {
		error = errno;
		dialogue->ended = true;
		dprintf(STDERR_FILENO, "\n");
		if (!feof(stdin) && caught_signal() == 0)
			warn_about(NULL, "standard input: %s",
			    strerror(error));
		free(line);
		return NULL;
	}
	line[strcspn(line, "\n")] = '\0';
	return line;
}

/* Whether an answer is this word, or its first letter. */
static bool
is_word(const char *answer, const char *word)
{
	return strcasecmp(answer, word) == 0 ||
	    (answer[0] != '\0' && answer[1] == '\0' &&
	    strncasecmp(answer, word, 1) == 0);
}

/* "remove 4 (0x000004d2, 64K, owner root)?", "remove /psm_1 (64K, owner root,
 * in use)?"; the caller frees it. */
static char *
question_about(const struct removal *r)
{
	const struct shmt_info *s = &r->segment;
	char size[SHORT_TEXT], object[OPERAND_TEXT], key[16] = "", use[32] = "";
	char *raw, *safe;

	short_size(size, s->size);
	operand_text(&s->object, object);
	if (s->object.kind == SHMT_SYSV)
		snprintf(key, sizeof(key), "0x%08" PRIx32 ", ", s->key);
	if (r->result == WOULD_MARK)
		snprintf(use, sizeof(use), ", nattch %" PRIu64, s->nattch);
	else if ((s->known & SHMT_HAS_IN_USE) != 0 && s->in_use)
		strlcpy(use, ", in use", sizeof(use));
	if (asprintf(&raw, "%s %s (%s%s, owner %s%s)?",
	    r->result == WOULD_MARK ? "mark" : "remove", object, key, size,
	    user_name(s->uid), use) == -1)
		return NULL;
	safe = safe_copy(raw);
	free(raw);
	return safe;
}

static bool
parse_answer(const char *line, enum answer *answer)
{
	if (line == NULL || line[0] == '\0' || is_word(line, "no"))
		*answer = ANSWER_NO;
	else if (is_word(line, "yes"))
		*answer = ANSWER_YES;
	else if (is_word(line, "all"))
		*answer = ANSWER_ALL;
	else if (is_word(line, "quit"))
		*answer = ANSWER_QUIT;
	else
		return false;
	return true;
}

enum answer
ask_for_one(struct dialogue *dialogue, const struct removal *r)
{
	enum answer answer = ANSWER_NO;
	char *question = check_memory(question_about(r)), *line;
	bool is_valid;

	do {
		line = ask(dialogue, question, "y,n,a,q,?");
		is_valid = parse_answer(line, &answer);
		free(line);
		if (!is_valid)
			dprintf(STDERR_FILENO,
			    "y  yes, this one\n"
			    "n  no, keep it; an empty answer too\n"
			    "a  yes, this one and all that follow\n"
			    "q  quit, keep this one and all that follow\n"
			    "?  print this help\n");
	} while (!is_valid);
	free(question);
	return answer;
}

bool
ask_for_all(struct dialogue *dialogue, size_t count, const char *size)
{
	char question[128], *line;
	bool yes;

	snprintf(question, sizeof(question), "Remove %zu segment%s, %s?",
	    count, plural(count, "s"), size);
	line = ask(dialogue, question, "y/N");
	yes = line != NULL && is_word(line, "yes");
	free(line);
	return yes;
}
