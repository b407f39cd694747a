/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The grammars of parse.c, by tables: limits of each type, empty, sign,
 * blanks, suffixes, trailing text, too large by one.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/ipc.h>
#include <cmocka.h>

#include "shmtool.h"

struct row {
	const char *text;
	int error;
	uint64_t value;
};

typedef int parser(const char *text, uint64_t *value);

#define UNTOUCHED 0x5a5a5a5a5a5a5a5aULL

static void
check_rows(const struct row *rows, size_t count, parser *parse)
{
	uint64_t value;
	size_t i;
	int result;

	for (i = 0; i < count; i++) {
		value = UNTOUCHED;
		errno = 0;
		result = parse(rows[i].text, &value);
		if (rows[i].error != 0) {
			if (result != -1 || errno != rows[i].error ||
			    value != UNTOUCHED)
				fail_msg("\"%s\": %d, errno %d, value %ju",
				    rows[i].text, result, errno,
				    (uintmax_t)value);
		} else if (result != 0 || value != rows[i].value)
			fail_msg("\"%s\": %d, errno %d, value %ju",
			    rows[i].text, result, errno, (uintmax_t)value);
	}
}

#define CHECK(rows, parse) \
	check_rows(rows, sizeof(rows) / sizeof((rows)[0]), parse)

static void
sizes(void **state)
{
	static const struct row rows[] = {
		{ "0", 0, 0 }, { "1", 0, 1 }, { "4096", 0, 4096 },
		{ "010", 0, 10 },
		{ "1K", 0, 1024 }, { "1k", 0, 1024 }, { "1KiB", 0, 1024 },
		{ "1KB", 0, 1000 }, { "1kB", 0, 1000 }, { "2M", 0, 2097152 },
		{ "1.5K", 0, 1536 }, { "0.5K", 0, 512 }, { "1.5KB", 0, 1500 },
		{ "1.3K", 0, 1331 }, { "1.0000000000000000001K", 0, 1024 },
		{ "1G", 0, 1u << 30 }, { "1T", 0, 1ULL << 40 },
		{ "1P", 0, 1ULL << 50 }, { "15E", 0, 15ULL << 60 },
		{ "18EB", 0, 18000000000000000000ULL },
		{ "15.9999999999999999999E", 0, UINT64_MAX },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", ERANGE, 0 },
		{ "16E", ERANGE, 0 }, { "99999999999999999999K", ERANGE, 0 },
		{ "18014398509481984K", ERANGE, 0 },
		{ "18014398509481983K", 0, UINT64_MAX - 1023 },
		{ "", EINVAL, 0 }, { " 1", EINVAL, 0 }, { "1 ", EINVAL, 0 },
		{ "-1", EINVAL, 0 }, { "+1", EINVAL, 0 }, { "K", EINVAL, 0 },
		{ "4kfoo", EINVAL, 0 }, { "1KK", EINVAL, 0 },
		{ "1Ki", EINVAL, 0 }, { "1KIB", EINVAL, 0 },
		{ "1B", EINVAL, 0 }, { "1.5", EINVAL, 0 }, { "1.", EINVAL, 0 },
		{ "1.K", EINVAL, 0 }, { ".5K", EINVAL, 0 },
		{ "1.2.3K", EINVAL, 0 }, { "0x10", EINVAL, 0 },
		{ "1e3", EINVAL, 0 }, { "1,5K", EINVAL, 0 },
		{ "1.00000000000000000001K", 0, 1024 },
		{ "1.99999999999999999999999K", 0, 2047 },
		{ "a", EINVAL, 0 }, { "1Z", EINVAL, 0 },
	};

	(void)state;
	CHECK(rows, shmt_parse_size);
}

static void
offsets(void **state)
{
	static const struct row rows[] = {
		{ "0", 0, 0 }, { "4K", 0, 4096 }, { "0x10", 0, 16 },
		{ "0XfF", 0, 255 }, { "0xffffffffffffffff", 0, UINT64_MAX },
		{ "0x10000000000000000", ERANGE, 0 }, { "0x", EINVAL, 0 },
		{ "0xg", EINVAL, 0 }, { "0x1K", EINVAL, 0 },
		{ "x10", EINVAL, 0 }, { "-0x1", EINVAL, 0 }, { "", EINVAL, 0 },
	};

	(void)state;
	CHECK(rows, shmt_parse_offset);
}

static void
durations(void **state)
{
	static const struct row rows[] = {
		{ "0", 0, 0 }, { "90", 0, 90000 }, { "90s", 0, 90000 },
		{ "5m", 0, 300000 }, { "2h", 0, 7200000 },
		{ "1d", 0, 86400000 }, { "1w", 0, 604800000 },
		{ "0.1", 0, 100 }, { "0.001s", 0, 1 }, { "0.0019", 0, 1 },
		{ "1.5h", 0, 5400000 }, { "0.0001", 0, 0 },
		{ "18446744073709551.615", 0, UINT64_MAX },
		{ "18446744073709551.616", ERANGE, 0 },
		{ "18446744073709551616", ERANGE, 0 },
		{ "307445734561825m", 0, 18446744073709500000ULL },
		{ "307445734561826m", ERANGE, 0 },
		{ "", EINVAL, 0 }, { "s", EINVAL, 0 }, { "1.h", EINVAL, 0 },
		{ ".5", EINVAL, 0 }, { "1.5.5", EINVAL, 0 },
		{ "1,5", EINVAL, 0 }, { "1.5 h", EINVAL, 0 },
		{ "1hh", EINVAL, 0 }, { "1H", EINVAL, 0 }, { "-1", EINVAL, 0 },
		{ " 1", EINVAL, 0 }, { "1 h", EINVAL, 0 }, { "1y", EINVAL, 0 },
	};

	(void)state;
	CHECK(rows, shmt_parse_duration);
}

static int
key(const char *text, uint64_t *value)
{
	uint32_t k;

	if (shmt_parse_key(text, &k) == -1)
		return -1;
	*value = k;
	return 0;
}

static void
keys(void **state)
{
	static const struct row rows[] = {
		{ "1", 0, 1 }, { "0x4d2", 0, 1234 }, { "010", 0, 8 },
		{ "4294967295", 0, UINT32_MAX },
		{ "0xffffffff", 0, UINT32_MAX },
		{ "-1", 0, UINT32_MAX }, { "-0x1", 0, UINT32_MAX },
		{ "-164091456", 0, 0xf63829c0 },
		{ "-2147483648", 0, 0x80000000 },
		{ "-2147483649", ERANGE, 0 }, { "4294967296", ERANGE, 0 },
		{ "0x100000000", ERANGE, 0 }, { "0", ERANGE, 0 },
		{ "0x0", ERANGE, 0 }, { "-0", ERANGE, 0 },
		{ "", EINVAL, 0 }, { "-", EINVAL, 0 }, { "--1", EINVAL, 0 },
		{ "08", EINVAL, 0 }, { "1x", EINVAL, 0 }, { "0x", EINVAL, 0 },
	};

	(void)state;
	CHECK(rows, key);
}

/* An id as it is, a key with bit 32 above it. */
static int
ref(const char *text, uint64_t *value)
{
	struct shmt_ref r;

	if (shmt_parse_ref(text, &r) == -1)
		return -1;
	*value = r.by_key ? (UINT64_C(1) << 32) | r.key : (uint64_t)r.id;
	return 0;
}

static void
refs(void **state)
{
	static const struct row rows[] = {
		{ "0", 0, 0 }, { "123", 0, 123 },
		{ "2147483647", 0, INT32_MAX },
		{ "id:0", 0, 0 }, { "id:0x10", 0, 16 }, { "id:010", 0, 8 },
		{ "0x4d2", 0, (1ULL << 32) | 1234 },
		{ "0xf63829c0", 0, (1ULL << 32) | 0xf63829c0 },
		{ "key:1234", 0, (1ULL << 32) | 1234 },
		{ "key:-1", 0, (1ULL << 32) | UINT32_MAX },
		{ "2147483648", ERANGE, 0 }, { "id:2147483648", ERANGE, 0 },
		{ "0x0", ERANGE, 0 }, { "key:0", ERANGE, 0 },
		{ "0x100000000", ERANGE, 0 },
		{ "ftok:/:0", ERANGE, 0 }, { "ftok:/:256", ERANGE, 0 },
		{ "", EINVAL, 0 }, { "-1", EINVAL, 0 }, { "id:-1", EINVAL, 0 },
		{ "0123", EINVAL, 0 }, { "12a", EINVAL, 0 },
		{ " 1", EINVAL, 0 },
		{ "1 ", EINVAL, 0 }, { "/", EINVAL, 0 },
		{ "/a/b", EINVAL, 0 }, { "/..", EINVAL, 0 },
		{ "id:", EINVAL, 0 },
		{ "key:", EINVAL, 0 }, { "ftok:", EINVAL, 0 },
		{ "ftok::a", EINVAL, 0 }, { "ftok:/:", EINVAL, 0 },
		{ "ftok:/:ab", EINVAL, 0 }, { "ID:1", EINVAL, 0 },
		{ "ftok:/no/such/file", ENOENT, 0 },
		{ "/proc/1/fd/0", 0, 0 }, { "/proc/1/map_files/0-ff", 0, 0 },
		{ "/proc/1/fd", EINVAL, 0 }, { "/proc/1/fd/", EINVAL, 0 },
		{ "/proc/1/fd/0/", EINVAL, 0 }, { "/proc/x/fd/1", EINVAL, 0 },
		{ "/proc//fd/1", EINVAL, 0 }, { "/proc/self/fd/1", EINVAL, 0 },
		{ "/proc/1/map_files/0", EINVAL, 0 },
		{ "/proc/1/map_files/0-", EINVAL, 0 },
		{ "/proc/1/map_files/0-FF", EINVAL, 0 },
	};

	(void)state;
	CHECK(rows, ref);
}

static void
ftok_keys(void **state)
{
	char path[PATH_MAX + 1];
	uint32_t k;

	(void)state;
	assert_int_equal(shmt_parse_ftok("/", &k), 0);
	assert_int_equal((key_t)k, ftok("/", 1));
	assert_int_equal(shmt_parse_ftok("/:a", &k), 0);
	assert_int_equal((key_t)k, ftok("/", 'a'));
	assert_int_equal(shmt_parse_ftok("/:5", &k), 0);
	assert_int_equal((key_t)k, ftok("/", 5));
	assert_int_equal(shmt_parse_ftok("/:255", &k), 0);
	assert_int_equal((key_t)k, ftok("/", 255));
	memset(path, '/', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(shmt_parse_ftok(path, &k), -1);
	assert_int_equal(errno, ENAMETOOLONG);
}

static int
mode_of_0640(const char *text, uint64_t *value)
{
	unsigned mode;

	if (shmt_parse_mode(text, 0640, &mode) == -1)
		return -1;
	*value = mode;
	return 0;
}

static void
modes(void **state)
{
	static const struct row rows[] = {
		{ "0", 0, 0 }, { "600", 0, 0600 }, { "0777", 0, 0777 },
		{ "g+w", 0, 0660 }, { "u=rwx,g-r,o=", 0, 0700 },
		{ "a=r", 0, 0444 }, { "g=u", 0, 0660 },
		{ "1777", ERANGE, 0 }, { "u+s", ERANGE, 0 },
		{ "10000", EINVAL, 0 }, { "8", EINVAL, 0 }, { "", EINVAL, 0 },
		{ "u+q", EINVAL, 0 }, { "0x1ff", EINVAL, 0 },
		{ "-1", EINVAL, 0 }, { "600 ", EINVAL, 0 },
	};

	(void)state;
	CHECK(rows, mode_of_0640);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(offsets),
		cmocka_unit_test(durations),
		cmocka_unit_test(keys),
		cmocka_unit_test(refs),
		cmocka_unit_test(ftok_keys),
		cmocka_unit_test(modes),
	};

	return cmocka_run_group_tests_name("parse", tests, NULL, NULL);
}
