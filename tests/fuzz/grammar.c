/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The grammars of operands and values: whatever the text, a value in range
 * or a refusal that touches nothing.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shmtool.h"

#define UNTOUCHED 0x5a5a5a5a5a5a5a5aULL

static void
check(int result, uint64_t value, uint64_t most)
{
	if (result == 0 ? value > most : result != -1 || value != UNTOUCHED ||
	    errno == 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct shmt_semaphore guard;
	struct shmt_ref ref;
	unsigned mode = 0;
	uint64_t value;
	uint32_t key;
	char *text;

	text = malloc(size + 1);
	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	errno = 0;
	value = UNTOUCHED;
	check(shmt_parse_size(text, &value), value, UINT64_MAX);
	value = UNTOUCHED;
	check(shmt_parse_offset(text, &value), value, UINT64_MAX);
	value = UNTOUCHED;
	check(shmt_parse_duration(text, &value), value, UINT64_MAX);
	value = UNTOUCHED;
	check(shmt_parse_number(text, 4711, &value), value, 4711);
	if (shmt_parse_mode(text, 0640, &mode) == 0 && mode > 0777)
		abort();
	if (shmt_parse_ref(text, &ref) == 0 &&
	    (ref.by_key ? ref.key == 0 : ref.id < 0))
		abort();
	shmt_parse_key(text, &key);
	/* By key it would ask the kernel. */
	if (strstr(text, "0x") == NULL)
		shmt_parse_semaphore(text, &guard);
	free(text);
	return 0;
}
