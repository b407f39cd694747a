/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What stands in one column of one row: as text for people, as plain text
 * for programs, and as members of a JSON object.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shmtool.h"
#include "ui/json.h"
#include "ui/text.h"
#include "ui/value.h"

void
set_number(struct value *value, enum value_kind kind, uint64_t number)
{
	value->kind = kind;
	value->number = number;
}

void
set_text(struct value *value, const char *text)
{
	value->kind = VALUE_TEXT;
	value->text = text;
}

/* How the process that a pid once meant fares, in JSON. */
static const char *
life_word(enum shmt_life life)
{
	static const char *const words[] = {
		[SHMT_UNKNOWN] = "unknown", [SHMT_ALIVE] = "alive",
		[SHMT_GONE] = "gone", [SHMT_REUSED] = "reused",
		[SHMT_NONE] = "none"
	};

	return words[life];
}

static const char *
command_text(const struct value *value)
{
	switch ((enum shmt_life)value->number) {
	case SHMT_ALIVE:
		return value->text[0] != '\0' ? value->text : "?";
	case SHMT_GONE:
		return "(gone)";
	case SHMT_REUSED:
		return "(reused)";
	case SHMT_UNKNOWN:
	case SHMT_NONE:
		break;
	}
	return "-";
}

/* What people read otherwise than programs; false where they do not. */
static bool
short_text(const struct value *value, char room[static SHORT_TEXT])
{
	switch (value->kind) {
	case VALUE_SIZE:
		short_size(room, value->number);
		return true;
	case VALUE_TIME:
		short_time(room, (int64_t)value->number);
		return true;
	case VALUE_DURATION:
		short_duration(room, value->number);
		return true;
	default:
		return false;
	}
}

static void
tenths_text(uint64_t tenths, char room[static SHORT_TEXT])
{
	digits(room, tenths / 10, 10, 1);
	strlcat(room, ".", SHORT_TEXT);
	digits(room + strlen(room), tenths % 10, 10, 1);
}

const char *
value_text(const struct value *value, bool plain,
    char room[static SHORT_TEXT])
{
	switch (value->kind) {
	case VALUE_TEXT:
	case VALUE_WORDS:
		return value->text[0] != '\0' ? value->text : "-";
	case VALUE_COMMAND:
		return command_text(value);
	case VALUE_UNKNOWN:
	case VALUE_LOST_KEY:
		return "-";
	case VALUE_TIME:
		if (value->number == 0)
			return "-";
		break;
	case VALUE_TENTHS:
		tenths_text(value->number, room);
		return room;
	case VALUE_PERMS:
		digits(room, value->number, 8, 4);
		return room;
	case VALUE_KEY:
	case VALUE_HEX:
		room[0] = '0';
		room[1] = 'x';
		digits(room + 2, value->number, 16,
		    value->kind == VALUE_KEY ? 8 : 1);
		return room;
	case VALUE_SIZE:
	case VALUE_DURATION:
	case VALUE_NUMBER:
		break;
	}
	if (plain || !short_text(value, room))
		digits(room, value->number, 10, 1);
	return room;
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
	enum shmt_life life = (enum shmt_life)value->number;
	char name_of_life[64];

	if (life == SHMT_ALIVE && value->text[0] != '\0')
		json_text(json, name, value->text);
	else
		json_null(json, name);
	stpcpy(stpcpy(name_of_life, name), "_life");
	json_text(json, name_of_life, life_word(life));
}

void
value_json(const struct value *value, struct json *json, const char *name)
{
	char room[SHORT_TEXT];

	switch (value->kind) {
	case VALUE_UNKNOWN:
		json_null(json, name);
		break;
	case VALUE_TEXT:
		json_text(json, name, value->text);
		break;
	case VALUE_WORDS:
		json_words(json, name, value->text);
		break;
	case VALUE_TIME:
		if (value->number == 0)
			json_null(json, name);
		else
			json_signed(json, name, (int64_t)value->number);
		break;
	case VALUE_KEY:
		json_key(json, (uint32_t)value->number);
		break;
	case VALUE_LOST_KEY:
		json_null(json, "key");
		json_null(json, "key_hex");
		break;
	case VALUE_COMMAND:
		json_command(json, name, value);
		break;
	case VALUE_PERMS:
	case VALUE_HEX:
		json_text(json, name, value_text(value, true, room));
		break;
	case VALUE_TENTHS:
		json_tenths(json, name, value->number);
		break;
	case VALUE_NUMBER:
	case VALUE_SIZE:
	case VALUE_DURATION:
		json_number(json, name, value->number);
		break;
	}
}
