/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The value of one column of one row: as text for people, as plain text for
 * programs, and as members of a JSON object.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "ui/json.h"
#include "ui/text.h"
#include "ui/value.h"

void
set_number(struct value *value, uint64_t number)
{
	value->known = true;
	value->number = number;
}

void
set_text(struct value *value, const char *text)
{
	value->known = true;
	value->text = text;
}

void
set_command(struct value *value, const char *state, const char *command)
{
	set_text(value, command);
	value->state = state;
}

bool
is_right_aligned(enum value_kind kind)
{
	return kind == VALUE_NUMBER || kind == VALUE_PID ||
	    kind == VALUE_SIZE || kind == VALUE_DURATION ||
	    kind == VALUE_TENTHS || kind == VALUE_HEX;
}

static const char *
command_text(const struct value *value)
{
	if (strcmp(value->state, "alive") == 0)
		return value->text[0] != '\0' ? value->text : "?";
	if (strcmp(value->state, "gone") == 0)
		return "(gone)";
	return strcmp(value->state, "reused") == 0 ? "(reused)" : "-";
}

static const char *
number_text(const struct value *value, bool plain,
    char buffer[static SHORT_TEXT])
{
	const uint64_t number = value->number;

	switch (value->kind) {
	case VALUE_SIZE:
		if (plain)
			break;
		short_size(buffer, number);
		return buffer;
	case VALUE_TIME:
		if (plain && number != 0)
			break;
		short_time(buffer, (int64_t)number);
		return buffer;
	case VALUE_DURATION:
		if (plain)
			break;
		short_duration(buffer, number);
		return buffer;
	case VALUE_TENTHS:
		snprintf(buffer, SHORT_TEXT, "%ju.%ju", (uintmax_t)number / 10,
		    (uintmax_t)number % 10);
		return buffer;
	case VALUE_PERMS:
		digits(buffer, number, 8, 4);
		return buffer;
	case VALUE_KEY:
	case VALUE_HEX:
		buffer[0] = '0';
		buffer[1] = 'x';
		digits(buffer + 2, number, 16,
		    value->kind == VALUE_KEY ? 8 : 1);
		return buffer;
	default:
		break;
	}
	digits(buffer, number, 10, 1);
	return buffer;
}

const char *
value_text(const struct value *value, bool plain,
    char buffer[static SHORT_TEXT])
{
	if (!value->known)
		return "-";
	switch (value->kind) {
	case VALUE_TEXT:
	case VALUE_WORDS:
	case VALUE_USER:
	case VALUE_GROUP:
	case VALUE_PATH:
		return value->text[0] != '\0' ? value->text : "-";
	case VALUE_COMMAND:
		return command_text(value);
	default:
		return number_text(value, plain, buffer);
	}
}

static void
json_words(struct json *json, const char *name, const char *words)
{
	char word[64];
	size_t length;

	json_open(json, name, '[');
	while (*words != '\0') {
		length = strcspn(words, " ");
		snprintf(word, sizeof(word), "%.*s", (int)length, words);
		json_text(json, NULL, word);
		words += length;
		words += *words == ' ';
	}
	json_close(json, ']');
}

static void
json_command(struct json *json, const char *name, const struct value *value)
{
	char state_name[64];

	if (strcmp(value->state, "alive") == 0 && value->text[0] != '\0')
		json_text(json, name, value->text);
	else
		json_null(json, name);
	stpcpy(stpcpy(state_name, name), "_life");
	json_text(json, state_name, value->state);
}

static void
json_time(struct json *json, const char *name, int64_t when)
{
	if (when == 0)
		json_null(json, name);
	else
		json_signed(json, name, when);
}

void
value_json(const struct value *value, struct json *json, const char *name)
{
	char buffer[SHORT_TEXT];

	if (!value->known) {
		json_null(json, name);
		if (value->kind == VALUE_KEY)
			json_null(json, "key_hex");
		return;
	}
	switch (value->kind) {
	case VALUE_TEXT:
	case VALUE_USER:
	case VALUE_GROUP:
		json_text(json, name, value->text);
		break;
	case VALUE_PATH:
		json_null(json, name);
		break;
	case VALUE_WORDS:
		json_words(json, name, value->text);
		break;
	case VALUE_TIME:
		json_time(json, name, (int64_t)value->number);
		break;
	case VALUE_KEY:
		json_key(json, (uint32_t)value->number);
		break;
	case VALUE_COMMAND:
		json_command(json, name, value);
		break;
	case VALUE_PERMS:
	case VALUE_HEX:
		json_text(json, name, value_text(value, true, buffer));
		break;
	case VALUE_TENTHS:
		json_tenths(json, name, value->number);
		break;
	default:
		json_number(json, name, value->number);
		break;
	}
}
