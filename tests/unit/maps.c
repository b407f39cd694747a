/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The reader of maps: lines, texts in pieces, and the kernel's devices.
 */

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "shmtool.h"
#include "users/maps.h"
#include "users/process.h"
#include "holders_child.h"

/*
 * The reader
 */

#define SEGMENT "7f51af1b000-7f51af1d000 rw-s 00000000 00:01 98305"
#define NAME "/SYSV000004d2 (deleted)"

/* Whether a line is of a mapped segment. */
static bool
is_segment(const char *line, struct shmt__mapping *m, uint32_t *key)
{
	const char *name;

	return shmt__parse_maps_line(line, m, &name) && m->shared &&
	    shmt__parse_segment_name(name, key);
}

static void
lines_of_segments(void **state)
{
	static const struct {
		const char *line;
		uint32_t key;
		struct shmt__mapping m;
	} rows[] = {
		{ SEGMENT "      " NAME, 0x4d2,
		    { 0x7f51af1b000, 0x7f51af1d000, 0, 98305, 1,
		    SHMT_ACCESS_W, true } },
		{ "1000-2000 r--s 00000000 00:01 0 /SYSV00000000 (deleted)",
		    0, { 0x1000, 0x2000, 0, 0, 1, 0, true } },
		{ "1000-2000 r-xs 00003000 00:11 7  /SYSVf63829c0 (deleted)",
		    0xf63829c0, { 0x1000, 0x2000, 0x3000, 7, 0x11,
		    SHMT_ACCESS_X, true } },
		{ "1000-2000 rwxs 00000000 00:01 7  " NAME, 0x4d2,
		    { 0x1000, 0x2000, 0, 7, 1,
		    SHMT_ACCESS_W | SHMT_ACCESS_X, true } },
		{ "1000-2000 ---s 00000000 00:01 7  " NAME, 0x4d2,
		    { 0x1000, 0x2000, 0, 7, 1, 0, true } },
		{ "fffffffffffff000-ffffffffffffffff rw-s ffffffffffffffff "
		    "00:01 18446744073709551615 " NAME, 0x4d2,
		    { 0xfffffffffffff000, UINT64_MAX, UINT64_MAX, UINT64_MAX,
		    1, SHMT_ACCESS_W, true } },
	};
	uint32_t key;
	struct shmt__mapping m;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!is_segment(rows[i].line, &m, &key))
			fail_msg("refused: %s", rows[i].line);
		assert_true(m.start == rows[i].m.start);
		assert_true(m.end == rows[i].m.end);
		assert_true(m.offset == rows[i].m.offset);
		assert_true(m.inode == rows[i].m.inode);
		assert_int_equal(minor(m.device), rows[i].m.device);
		assert_int_equal(major(m.device), 0);
		assert_int_equal(key, rows[i].key);
		assert_int_equal(m.access, rows[i].m.access);
	}
}

static void
lines_of_others(void **state)
{
	static const char *const rows[] = {
		"", NAME, " " NAME, "x" NAME,
		"55809a3e1000-55809a3e3000 r--p 00000000 fe:00 2471 /bin/cat",
		"7ffc0d8c2000-7ffc0d8e3000 rw-p 00000000 00:00 0  [stack]",
		"7f0000000000-7f0000001000 rw-p 00000000 00:00 0 ",
		"1000-2000 rw-s 00000000 00:01 1033  /dev/zero (deleted)",
		"1000-2000 rw-s 00000000 00:01 7  /memfd:SYSV (deleted)",
		SEGMENT " /SYSV000004d2", SEGMENT " /SYSV000004d2 (deleted) ",
		SEGMENT " /SYSV4d2 (deleted)",
		SEGMENT " /SYSV000004D2 (deleted)",
		SEGMENT " /SYSV0000004d2 (deleted)",
		SEGMENT " /SYSV00000xd2 (deleted)",
		SEGMENT " SYSV000004d2 (deleted)",
		SEGMENT " /tmp" NAME, SEGMENT " /a " NAME, SEGMENT NAME,
		SEGMENT " /SYSV000004d2 (deleted", SEGMENT "\t" NAME,
		"1000-2000 rw-p 00000000 00:01 7 " NAME,
		"1000-2000 rw-S 00000000 00:01 7 " NAME,
		"1000-2000 rws 00000000 00:01 7 " NAME,
		"1000-2000 rw-s 00000000 0001 7 " NAME,
		"1000-2000 rw-s 00000000 00: 7 " NAME,
		"1000-2000 rw-s 00000000 00:01 " NAME,
		"1000-2000 rw-s 00000000 00:01 x7 " NAME,
		"1000-2000 rw-s 00000000 00:01 -7 " NAME,
		"1000-2000 rw-s 00000000 00:01 99999999999999999999 " NAME,
		"1000-2000 rw-s 0000000g 00:01 7 " NAME,
		"1000-2000 rw-s 10000000000000000 00:01 7 " NAME,
		"1000-2000 rw-s 0 100000000:01 7 " NAME,
		"1000-1000 rw-s 00000000 00:01 7 " NAME,
		"2000-1000 rw-s 00000000 00:01 7 " NAME,
		"1000 2000 rw-s 00000000 00:01 7 " NAME,
		"-2000 rw-s 00000000 00:01 7 " NAME,
	};
	struct shmt__mapping m;
	uint32_t key;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (is_segment(rows[i], &m, &key))
			fail_msg("taken: %s", rows[i]);
}

/* A file of that many bytes of another line before one of a segment. */
static int
file_with(size_t filling, const char *rest)
{
	int fd = memfd_create("maps", MFD_CLOEXEC);
	char *x = calloc(1, filling + 1);

	assert_non_null(x);
	memset(x, 'x', filling);
	dprintf(fd, "1000-2000 r--s 00000000 fe:00 99 /%s\n%s", x, rest);
	free(x);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void
texts_in_pieces(void **state)
{
	static const char two[] = SEGMENT " " NAME "\n"
	    "1000-2000 rw-s 0 00:01 3 " NAME "\n";
	struct seen seen;
	size_t length;
	int fd;

	(void)state;
	/* A line that ends at every place around the end of a buffer, and
	 * names longer than any buffer. */
	for (length = 0; length < 40000;
	    length += length > 8000 && length < 8300 ? 1 : 97) {
		seen = (struct seen){ 0 };
		fd = file_with(length, two);
		assert_int_equal(read_maps(fd, &seen), 0);
		assert_int_equal(seen.count, 2);
		assert_int_equal(seen.inode[0], 98305);
		assert_int_equal(seen.inode[1], 3);
		close(fd);
	}
}

static void
text_of_a_long_name_is_not_a_line(void **state)
{
	const char lead[] = "1000-2000 r--s 00000000 fe:00 99 /";
	struct seen seen = { 0 };
	char text[8192 + 200];
	int fd;

	(void)state;
	/* What follows a full buffer looks like a whole line. */
	memset(text, 'x', 8192);
	memcpy(text, lead, sizeof(lead) - 1);
	strcpy(text + 8192, SEGMENT " " NAME "\n");
	fd = memfd_create("maps", MFD_CLOEXEC);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(read_maps(fd, &seen), 0);
	assert_int_equal(seen.count, 0);
	close(fd);
}

static void
texts_that_end(void **state)
{
	struct seen seen = { .stop_at = 1 };
	int fd;

	(void)state;
	fd = file_with(10, SEGMENT " " NAME "\n" SEGMENT " " NAME "\n");
	errno = 0;
	assert_int_equal(read_maps(fd, &seen), -1);
	assert_int_equal(errno, EXFULL);
	assert_int_equal(seen.count, 1);
	close(fd);
	/* No text: no memory, so no such process any more. */
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(read_maps(fd, &seen), -1);
	assert_int_equal(errno, ESRCH);
	close(fd);
}

static void
devices_of_the_kernel(void **state)
{
	struct shmt__devices devices = { 0 };
	struct stat st;
	bool huge = true;
	int fd;

	(void)state;
	fd = memfd_create("", MFD_CLOEXEC);
	assert_int_equal(fstat(fd, &st), 0);
	close(fd);
	assert_true(shmt__is_internal(&devices, st.st_dev, &huge));
	assert_false(huge);
	assert_false(shmt__is_internal(&devices, makedev(8, 1), &huge));
	assert_false(shmt__is_internal(&devices, 0, &huge));
	/* Without a disk below, and still not the kernel's own. */
	assert_int_equal(stat("/proc", &st), 0);
	assert_int_equal(major(st.st_dev), 0);
	assert_false(shmt__is_internal(&devices, st.st_dev, &huge));
	fd = memfd_create("", MFD_CLOEXEC | MFD_HUGETLB);
	if (fd == -1)
		return;
	assert_int_equal(fstat(fd, &st), 0);
	close(fd);
	assert_true(shmt__is_internal(&devices, st.st_dev, &huge));
	assert_true(huge);
}

/* Anybody can call a file so, in a root folder of his own. */
static void
a_file_of_that_name(void **state)
{
	char dir[] = "/tmp/shmtool.XXXXXX", text[8192], *line;
	struct shmt__devices devices = { 0 };
	struct shmt__mapping m;
	bool form = false, taken = false, huge;
	uint32_t key;
	int fd, maps, ends[2];
	ssize_t n;
	pid_t pid;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		maps = open("/proc/self/maps", O_RDONLY);
		if (chroot(dir) == -1 || chdir("/") == -1)
			_exit(1);
		fd = open("/SYSV000004d2", O_RDWR | O_CREAT, 0600);
		if (fd == -1 || ftruncate(fd, 4096) == -1 ||
		    mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) ==
		    MAP_FAILED || unlink("/SYSV000004d2") == -1)
			_exit(1);
		while ((n = read(maps, text, sizeof(text))) > 0)
			if (write(ends[1], text, (size_t)n) != n)
				_exit(1);
		_exit(0);
	}
	close(ends[1]);
	while ((n = read(ends[0], text, sizeof(text) - 1)) > 0) {
		text[n] = '\0';
		for (line = strtok(text, "\n"); line != NULL;
		    line = strtok(NULL, "\n"))
			if (is_segment(line, &m, &key)) {
				form = true;
				taken |= shmt__is_internal(&devices,
				    m.device, &huge);
			}
	}
	close(ends[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	rmdir(dir);
	assert_true(form);
	assert_false(taken);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_segments),
		cmocka_unit_test(lines_of_others),
		cmocka_unit_test(texts_in_pieces),
		cmocka_unit_test(text_of_a_long_name_is_not_a_line),
		cmocka_unit_test(texts_that_end),
		cmocka_unit_test(devices_of_the_kernel),
		cmocka_unit_test(a_file_of_that_name),
	};

	return cmocka_run_group_tests_name("maps", tests, NULL, NULL);
}
