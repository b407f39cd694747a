/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The JSON writer: strings of any bytes come out as valid UTF-8 in quotes,
 * by a strict reader.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ui/json.h"
#include "strict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json json = { 0 };
	char *text, *written;
	const unsigned char *p;
	size_t length;

	text = malloc(size + 1);
	json.file = open_memstream(&written, &length);
	if (text == NULL || json.file == NULL)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	json_open(&json, NULL, '{');
	json_text(&json, "name", text);
	json_close(&json, '}');
	json_end(&json);
	fclose(json.file);
	p = strict_value((const unsigned char *)written);
	if (written[0] != '{' || strcmp((const char *)p, "\n") != 0)
		abort();
	free(written);
	free(text);
	return 0;
}
