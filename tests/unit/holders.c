/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Who is attached: the reader of maps, by tables and by pieces, and the pass
 * over /proc on real processes, by text and by ioctl with the same answer.
 */

#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "segment.h"
#include "shmtool.h"
#include "sysv.h"
#include "users/holders.h"
#include "users/maps.h"
#include "users/process.h"

#define KEY 0x4d2
#define PAGE ((size_t)sysconf(_SC_PAGESIZE))

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
	size_t length;

	return shmt__parse_maps_line(line, strlen(line), m, &name, &length) &&
	    m->shared && shmt__parse_segment_name(name, length, key);
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

struct seen {
	uint64_t inode[8];
	size_t count, stop_at;
};

static enum shmt__interest
choose_all(void *arg, const struct shmt__mapping *mapping)
{
	(void)arg;
	(void)mapping;
	return SHMT__TAKE_WITH_NAME;
}

/* Notes the mappings of segments. */
static int
see(void *arg, const struct shmt__mapping *mapping, const char *name,
    size_t length)
{
	struct seen *seen = arg;
	uint32_t key;

	if (!shmt__parse_segment_name(name, length, &key))
		return 0;
	assert_true(seen->count < 8);
	seen->inode[seen->count++] = mapping->inode;
	if (seen->count == seen->stop_at) {
		errno = EXFULL;
		return -1;
	}
	return 0;
}

static int
read_maps(int fd, enum shmt__way way, struct seen *seen)
{
	const struct shmt__maps_reader reader = { true, choose_all, see,
	    seen };

	return shmt__read_maps(fd, way, &reader);
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
		assert_int_equal(read_maps(fd, SHMT__BY_TEXT, &seen), 0);
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
	assert_int_equal(read_maps(fd, SHMT__BY_TEXT, &seen), 0);
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
	assert_int_equal(read_maps(fd, SHMT__BY_TEXT, &seen), -1);
	assert_int_equal(errno, EXFULL);
	assert_int_equal(seen.count, 1);
	close(fd);
	/* No text: no memory, so no such process any more. */
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(read_maps(fd, SHMT__BY_TEXT, &seen), -1);
	assert_int_equal(errno, ESRCH);
	/* Not a file that has the ioctl. */
	assert_int_equal(read_maps(fd, SHMT__BY_QUERY, &seen), -1);
	assert_true(errno == ENOTTY || errno == ENOSYS);
	assert_int_equal(read_maps(fd, SHMT__ANY_WAY, &seen), -1);
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

/*
 * Real processes
 */

/* Runs act(arg) in a child, which then waits; back when it has acted. */
static pid_t
start(bool (*act)(void *arg), void *arg)
{
	int ready[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		/* Nor may it outlive a test that fails. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!act(arg) || write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return pid;
}

static void
kill_child(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static int
make(key_t key, size_t size, int flags)
{
	int id = shmget(key, size, IPC_CREAT | IPC_EXCL | 0700 | flags);

	assert_int_not_equal(id, -1);
	return id;
}

static void
drop(int id)
{
	shmctl(id, IPC_RMID, NULL);
}

static uint64_t
nattch(int id)
{
	struct shmid_ds ds;

	assert_int_equal(shmctl(id, IPC_STAT, &ds), 0);
	return ds.shm_nattch;
}

static void
assert_same(const struct shmt_holders *a, const struct shmt_holders *b)
{
	const struct shmt_holder *x, *y;
	size_t i;

	assert_int_equal(a->count, b->count);
	for (i = 0; i < a->count; i++) {
		x = &a->list[i];
		y = &b->list[i];
		assert_int_equal(x->id, y->id);
		assert_int_equal(x->key, y->key);
		assert_int_equal(x->pid, y->pid);
		assert_int_equal(x->uid, y->uid);
		assert_int_equal(x->access, y->access);
		assert_int_equal(x->huge, y->huge);
		assert_true(x->address == y->address);
		assert_true(x->size == y->size);
		assert_int_equal(x->maps, y->maps);
		assert_string_equal(x->command, y->command);
	}
}

static bool
has_query(void)
{
	struct seen seen = { 0 };
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC), result;

	result = read_maps(fd, SHMT__BY_QUERY, &seen);
	close(fd);
	return result == 0 || (errno != ENOTTY && errno != ENOSYS);
}

/* The holders of one id, by every way there is: all the same. */
static struct shmt_holders
holders_of(int id)
{
	struct shmt_holders text, query, all;
	const struct shmt_holder *run;
	size_t count;

	assert_int_equal(shmt__sysv_holders(id, SHMT__BY_TEXT, &text), 0);
	if (has_query()) {
		assert_int_equal(shmt__sysv_holders(id, SHMT__BY_QUERY, &query),
		    0);
		assert_same(&text, &query);
		shmt_holders_free(&query);
	}
	assert_int_equal(shmt__sysv_holders(-1, SHMT__ANY_WAY, &all), 0);
	run = shmt_holders_of(&all, OF_ID(id), &count);
	assert_int_equal(count, text.count);
	if (count > 0)
		assert_int_equal(run->pid, text.list[0].pid);
	shmt_holders_free(&all);
	return text;
}

static bool
is_complete(const struct shmt_holders *holders, int id)
{
	struct shmt_info s;

	assert_int_equal(shmt__sysv_look(id, &s), 0);
	return shmt_holders_complete(holders, &s);
}

static bool
attach(void *arg)
{
	const int *id = arg;

	return shmat(*id, NULL, 0) != (void *)-1;
}

static void
nobody(void **state)
{
	int id = make(KEY, 100, 0);
	struct shmt_holders h = holders_of(id);

	(void)state;
	assert_int_equal(h.count, 0);
	assert_true(is_complete(&h, id));
	shmt_holders_free(&h);
	assert_null(h.list);
	drop(id);
	/* An id that is not there has no holders either. */
	h = holders_of(id);
	assert_int_equal(h.count, 0);
	shmt_holders_free(&h);
}

static bool
attach_by_odd_name(void *arg)
{
	return prctl(PR_SET_NAME, "a\nb\\c) \xff") == 0 && attach(arg);
}

static void
one_process(void **state)
{
	int id = make(KEY, 3 * PAGE - 5, 0);
	pid_t helper = start(attach_by_odd_name, &id);
	struct shmt_holders h = holders_of(id);

	(void)state;
	assert_int_equal(h.count, 1);
	assert_int_equal(h.list[0].id, id);
	assert_int_equal(h.list[0].key, KEY);
	assert_int_equal(h.list[0].pid, helper);
	assert_int_equal(h.list[0].uid, geteuid());
	assert_int_equal(h.list[0].access, SHMT_ACCESS_W);
	assert_int_equal(h.list[0].size, 3 * PAGE);
	assert_int_equal(h.list[0].maps, 1);
	assert_int_not_equal(h.list[0].address, 0);
	assert_false(h.list[0].huge);
	assert_string_equal(h.list[0].command, "a\nb\\c) \xff");
	assert_true(is_complete(&h, id));
	shmt_holders_free(&h);
	kill_child(helper);
	h = holders_of(id);
	assert_int_equal(h.count, 0);
	shmt_holders_free(&h);
	drop(id);
}

/* Its files in /proc become root's then, for it may not be dumped.  Where
 * there is no other user it stays who it is. */
static bool
attach_and_step_down(void *arg)
{
	return attach(arg) &&
	    (setresuid(65534, 65534, 65534) == 0 || errno == EINVAL) &&
	    prctl(PR_SET_PDEATHSIG, SIGKILL) == 0;
}

static void
the_user_is_the_effective_one(void **state)
{
	int id = make(KEY, PAGE, 0);
	pid_t helper = start(attach_and_step_down, &id);
	struct shmt_holders h = holders_of(id);
	struct stat st;
	char path[32];

	(void)state;
	snprintf(path, sizeof(path), "/proc/%d", (int)helper);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(h.count, 1);
	assert_int_equal(h.list[0].uid, st.st_uid);
	shmt_holders_free(&h);
	kill_child(helper);
	drop(id);
	if (st.st_uid == 0) {
		print_message("# there is one user only\n");
		skip();
	}
}

/* A file with a name that is longer than we ask for, mapped on both sides. */
static bool
attach_beside_a_long_name(void *arg)
{
	char name[] = "/tmp/shmtool.XXXXXX", path[400];
	void *before, *after;
	bool good;
	int fd;

	if (mkdtemp(name) == NULL)
		return false;
	snprintf(path, sizeof(path), "%s/%0250d", name, 0);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	good = fd != -1 && ftruncate(fd, (off_t)PAGE) == 0;
	before = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	good = good && attach(arg);
	after = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	unlink(path);
	rmdir(name);
	return good && before != MAP_FAILED && after != MAP_FAILED;
}

static void
files_with_long_names(void **state)
{
	int id = make(KEY, PAGE, 0);
	pid_t helper = start(attach_beside_a_long_name, &id);
	struct shmt_holders h = holders_of(id);

	(void)state;
	assert_int_equal(h.count, 1);
	assert_true(is_complete(&h, id));
	shmt_holders_free(&h);
	kill_child(helper);
	drop(id);
}

static int access_flags;

static bool
attach_with_flags(void *arg)
{
	const int *id = arg;

	return shmat(*id, NULL, access_flags) != (void *)-1;
}

static void
access_of_attachments(void **state)
{
	static const struct {
		int flags;
		unsigned access;
	} rows[] = {
		{ 0, SHMT_ACCESS_W }, { SHM_RDONLY, 0 },
		{ SHM_EXEC, SHMT_ACCESS_W | SHMT_ACCESS_X },
		{ SHM_RDONLY | SHM_EXEC, SHMT_ACCESS_X },
	};
	int id = make(IPC_PRIVATE, 1, 0);
	struct shmt_holders h;
	pid_t helper;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		access_flags = rows[i].flags;
		helper = start(attach_with_flags, &id);
		h = holders_of(id);
		assert_int_equal(h.count, 1);
		assert_int_equal(h.list[0].access, rows[i].access);
		assert_int_equal(h.list[0].key, 0);
		shmt_holders_free(&h);
		kill_child(helper);
	}
	drop(id);
}

/* Both kinds at once: what the process can do with either. */
static bool
attach_twice(void *arg)
{
	const int *id = arg;

	return shmat(*id, NULL, SHM_RDONLY) != (void *)-1 &&
	    shmat(*id, NULL, 0) != (void *)-1;
}

static void
two_attachments(void **state)
{
	int id = make(KEY, PAGE, 0);
	pid_t helper = start(attach_twice, &id);
	struct shmt_holders h = holders_of(id);

	(void)state;
	assert_int_equal(h.count, 1);
	assert_int_equal(h.list[0].maps, 2);
	assert_int_equal(h.list[0].size, 2 * PAGE);
	assert_int_equal(h.list[0].access, SHMT_ACCESS_W);
	assert_true(is_complete(&h, id));
	shmt_holders_free(&h);
	kill_child(helper);
	drop(id);
}

/* Five pages: the second is unmapped, the fourth made read-only. */
static bool
attach_and_split(void *arg)
{
	const int *id = arg;
	char *p = shmat(*id, NULL, 0);

	return p != (void *)-1 && munmap(p + PAGE, PAGE) == 0 &&
	    mprotect(p + 3 * PAGE, PAGE, PROT_READ) == 0;
}

static void
split_mappings(void **state)
{
	int id = make(KEY, 5 * PAGE, 0);
	pid_t helper = start(attach_and_split, &id);
	struct shmt_holders h = holders_of(id);

	(void)state;
	assert_int_equal(nattch(id), 4);
	assert_int_equal(h.count, 1);
	assert_int_equal(h.list[0].maps, 4);
	assert_int_equal(h.list[0].size, 4 * PAGE);
	assert_int_equal(h.list[0].access, SHMT_ACCESS_W);
	assert_true(is_complete(&h, id));
	shmt_holders_free(&h);
	kill_child(helper);
	drop(id);
}

/* In a child: dies with its parent, also with one that is dead by now. */
static void
die_with(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
}

static bool
attach_and_fork(void *arg)
{
	pid_t self = getpid();

	if (!attach(arg))
		return false;
	if (fork() == 0) {
		die_with(self);
		for (;;)
			pause();
	}
	return true;
}

static void
forks_inherit(void **state)
{
	int id = make(KEY, PAGE, 0);
	pid_t helper = start(attach_and_fork, &id);
	struct shmt_holders h = holders_of(id);

	(void)state;
	assert_int_equal(h.count, 2);
	assert_true(h.list[0].pid < h.list[1].pid);
	assert_true(h.list[0].pid == helper ||
	    h.list[1].pid == helper);
	assert_true(is_complete(&h, id));
	shmt_holders_free(&h);
	kill_child(helper);
	drop(id);
}

static void *
wait_for_ever(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return NULL;
}

static bool
attach_with_threads(void *arg)
{
	pthread_t thread;

	return attach(arg) &&
	    pthread_create(&thread, NULL, wait_for_ever, NULL) == 0 &&
	    pthread_create(&thread, NULL, wait_for_ever, NULL) == 0;
}

static void
threads_count_once(void **state)
{
	int id = make(KEY, PAGE, 0);
	pid_t helper = start(attach_with_threads, &id);
	struct shmt_holders h = holders_of(id);

	(void)state;
	assert_int_equal(h.count, 1);
	assert_int_equal(h.list[0].pid, helper);
	assert_int_equal(h.list[0].maps, 1);
	shmt_holders_free(&h);
	kill_child(helper);
	drop(id);
}

/* Its first thread ends, and what is left has no maps of its own. */
static void *
say_ready_and_wait(void *arg)
{
	const int *fd = arg;

	while (write(*fd, "", 1) != 1)
		;
	return wait_for_ever(NULL);
}

static void
a_thread_that_is_left_holds(void **state)
{
	const struct timespec tick = { 0, 10 * 1000L * 1000 };
	int id = make(KEY, PAGE, 0), ready[2], i;
	struct shmt_holders h;
	struct shmt__stat s = { 0 };
	pthread_t thread;
	char c, path[32];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!attach(&id) || pthread_create(&thread, NULL,
		    say_ready_and_wait, &ready[1]) != 0)
			_exit(1);
		pthread_exit(NULL);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	for (i = 0; i < 1000 && s.state != 'Z'; i++) {
		assert_int_equal(shmt__read_stat(AT_FDCWD, path, &s), 0);
		nanosleep(&tick, NULL);
	}
	h = holders_of(id);
	assert_int_equal(h.count, 1);
	assert_int_equal(h.list[0].pid, pid);
	assert_true(is_complete(&h, id));
	shmt_holders_free(&h);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	drop(id);
}

static void
zombies_hold_nothing(void **state)
{
	int id = make(KEY, PAGE, 0);
	struct shmt_holders h, before;
	siginfo_t info;
	pid_t pid;

	(void)state;
	assert_int_equal(shmt__sysv_holders(-1, SHMT__ANY_WAY, &before), 0);
	pid = fork();
	if (pid == 0)
		_exit(attach(&id) ? 0 : 1);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT),
	    0);
	h = holders_of(id);
	assert_int_equal(h.count, 0);
	assert_true(is_complete(&h, id));
	shmt_holders_free(&h);
	shmt_holders_free(&before);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	drop(id);
}

static void
marked_segments_get_their_key_back(void **state)
{
	int id = make(KEY, PAGE, 0), other;
	pid_t helper = start(attach, &id);
	struct shmt_holders h;
	struct shmt_info s;

	(void)state;
	drop(id);
	/* The key is free at once, and another's now. */
	other = make(KEY, PAGE, 0);
	assert_int_equal(shmt__sysv_look(id, &s), 0);
	assert_int_equal(s.key, 0);
	h = holders_of(id);
	assert_int_equal(h.count, 1);
	assert_int_equal(h.list[0].key, KEY);
	assert_true(is_complete(&h, id));
	shmt_holders_free(&h);
	h = holders_of(other);
	assert_int_equal(h.count, 0);
	shmt_holders_free(&h);
	kill_child(helper);
	drop(other);
}

static void
huge_segments(void **state)
{
	int id = shmget(IPC_PRIVATE, 1, IPC_CREAT | SHM_HUGETLB |
	    SHM_NORESERVE | 0600);
	struct shmt_holders h;
	pid_t helper;

	(void)state;
	if (id == -1) {
		print_message("# huge pages: %s\n", strerror(errno));
		skip();
	}
	helper = start(attach, &id);
	h = holders_of(id);
	assert_int_equal(h.count, 1);
	assert_true(h.list[0].huge);
	assert_true(h.list[0].size >= UINT64_C(64) * 1024);
	assert_true(h.list[0].size <= (uint64_t)1 << 34);
	assert_true(is_complete(&h, id));
	shmt_holders_free(&h);
	kill_child(helper);
	drop(id);
}

static void
several_segments_in_order(void **state)
{
	int ids[3], i, j;
	pid_t helpers[2][3];
	struct shmt_holders h;

	(void)state;
	for (i = 0; i < 3; i++)
		ids[i] = make(IPC_PRIVATE, PAGE, 0);
	for (j = 0; j < 2; j++)
		for (i = 2; i >= 0; i--)
			helpers[j][i] = start(attach, &ids[i]);
	assert_int_equal(shmt__sysv_holders(-1, SHMT__ANY_WAY, &h), 0);
	assert_int_equal(h.count, 6);
	for (i = 1; i < 6; i++)
		assert_true(h.list[i - 1].id < h.list[i].id ||
		    (h.list[i - 1].id == h.list[i].id &&
		    h.list[i - 1].pid < h.list[i].pid));
	shmt_holders_free(&h);
	for (j = 0; j < 2; j++)
		for (i = 0; i < 3; i++)
			kill_child(helpers[j][i]);
	for (i = 0; i < 3; i++)
		drop(ids[i]);
}

/*
 * Namespaces: ids repeat.
 */

static bool
attach_and_leave(void *arg)
{
	return attach(arg) && unshare(CLONE_NEWIPC) == 0;
}

static void
who_left_the_namespace(void **state)
{
	int id = make(KEY, PAGE, 0);
	pid_t helper = start(attach_and_leave, &id);
	struct shmt_holders h = holders_of(id);

	(void)state;
	/* It holds the segment, but that its number means ours is no longer
	 * to be seen: the answer is not complete. */
	assert_int_equal(h.count, 0);
	assert_int_equal(nattch(id), 1);
	assert_false(is_complete(&h, id));
	shmt_holders_free(&h);
	kill_child(helper);
	drop(id);
}

/* In a namespace of its own, the same id attached there. */
static bool
attach_elsewhere(void *arg)
{
	const int *wanted = arg;
	int id;

	if (unshare(CLONE_NEWIPC) == -1)
		return false;
	do
		id = shmget(IPC_PRIVATE, PAGE, 0600);
	while (id != -1 && id < *wanted);
	return id == *wanted && attach(&id);
}

static void
same_id_in_another_namespace(void **state)
{
	/* The first of a fresh slot, which the other can get too. */
	int id = make(KEY, PAGE, 0);
	struct shmt_holders h;
	pid_t helper;

	(void)state;
	if (id >= 32768)
		skip();
	helper = start(attach_elsewhere, &id);
	h = holders_of(id);
	assert_int_equal(h.count, 0);
	assert_true(is_complete(&h, id));
	shmt_holders_free(&h);
	kill_child(helper);
	drop(id);
}

/* What a mapping brought along from another namespace must not be taken for:
 * a segment here with the same id, but another key, or too small, or that
 * nobody has attached, or none at all. */
struct namesake {
	key_t key;
	size_t pages;
	size_t unmapped;	/* of the first pages of the mapping */
	bool attached;
	size_t holders;
};

static bool
meet_a_namesake(const struct namesake *row)
{
	int id = shmget(KEY, 4 * PAGE, IPC_CREAT | 0600), here;
	struct shmt_holders h;
	pid_t helper = 0;
	bool good;
	char *at;

	at = shmat(id, NULL, 0);
	if (at == (void *)-1 || (row->unmapped > 0 &&
	    munmap(at, row->unmapped * PAGE) == -1) ||
	    unshare(CLONE_NEWIPC) == -1)
		return false;
	h = holders_of(id);
	if (h.count != 0)
		return false;
	do
		here = shmget(IPC_PRIVATE, PAGE, 0600);
	while (here != -1 && here < id - 1);
	here = shmget(row->key, row->pages * PAGE, IPC_CREAT | 0600);
	if (here != id)
		return false;
	if (row->attached)
		helper = start(attach, &here);
	h = holders_of(here);
	good = h.count == row->holders;
	if (row->attached)
		kill_child(helper);
	return good;
}

/* In a fresh namespace, where ids begin at 0, which stays for the next. */
static void
in_fresh_namespace(bool (*act)(const struct namesake *row),
    const struct namesake *row)
{
	pid_t pid;
	int status;

	pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWIPC) == -1 ||
		    shmget(IPC_PRIVATE, PAGE, 0600) == -1)
			_exit(2);
		_exit(act(row) ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void
namesakes(void **state)
{
	static const struct namesake rows[] = {
		{ KEY + 1, 4, 0, true, 1 }, { IPC_PRIVATE, 4, 0, true, 1 },
		{ KEY, 3, 0, true, 1 }, { KEY, 4, 0, false, 0 },
		{ KEY, 2, 3, true, 1 }, { KEY, 3, 3, true, 1 },
		/* Nothing speaks against these. */
		{ KEY, 4, 0, true, 2 }, { KEY, 4, 3, true, 2 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		in_fresh_namespace(meet_a_namesake, &rows[i]);
}

static int inode_out;

/* A file of a segment's name at the root of a mount namespace, for its path
 * to be just that name, mapped and deleted; tells its inode. */
static bool
make_mounts_private(void)
{
	return unshare(CLONE_NEWNS) == 0 &&
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static bool
map_a_file(void *arg)
{
	const char *dir = arg;
	struct stat st;
	int fd;

	if (!make_mounts_private() ||
	    mount("none", dir, "tmpfs", 0, NULL) == -1 ||
	    chdir(dir) == -1 || mount(".", "/", NULL, MS_MOVE, NULL) == -1 ||
	    chroot(".") == -1)
		return false;
	fd = open("/SYSV000004d2", O_RDWR | O_CREAT, 0600);
	return fd != -1 && ftruncate(fd, 4096) == 0 && fstat(fd, &st) == 0 &&
	    mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED &&
	    unlink("/SYSV000004d2") == 0 &&
	    write(inode_out, &st.st_ino, sizeof(st.st_ino)) > 0;
}

static bool
meet_a_file(const struct namesake *row)
{
	char dir[] = "/tmp/shmtool.XXXXXX";
	struct shmt_holders h;
	pid_t file, helper;
	int id, ends[2];
	ino_t inode;
	bool good;

	(void)row;
	if (mkdtemp(dir) == NULL || pipe(ends) == -1)
		return false;
	inode_out = ends[1];
	file = start(map_a_file, dir);
	if (read(ends[0], &inode, sizeof(inode)) <= 0 || inode > 4000)
		return false;
	do
		id = shmget(IPC_PRIVATE, PAGE, 0600);
	while (id != -1 && (ino_t)id + 1 < inode);
	id = shmget(KEY, PAGE, IPC_CREAT | 0600);
	helper = start(attach, &id);
	h = holders_of(id);
	good = (ino_t)id == inode && h.count == 1 && h.list[0].pid == helper;
	kill_child(helper);
	kill_child(file);
	rmdir(dir);
	return good;
}

/* Name, key, number and size are right, and it is a file all the same. */
static void
a_file_with_the_number_of_a_segment(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0)
		_exit(make_mounts_private() ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status != 0) {
		print_message("# no mount namespace can be made here\n");
		skip();
	}
	in_fresh_namespace(meet_a_file, NULL);
}

/*
 * What cannot be seen, and what goes away.
 */

static bool
drop_capabilities(void)
{
	struct __user_cap_header_struct header = {
		_LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct none[2] = { { 0 }, { 0 } };

	return syscall(SYS_capset, &header, none) == 0;
}

static bool
attach_undumpable(void *arg)
{
	return attach(arg) && prctl(PR_SET_DUMPABLE, 0) == 0;
}

/* Without the right to look, it is told that the answer is partial. */
static void
hidden_processes(void **state)
{
	int id = make(KEY, PAGE, 0), status;
	pid_t helper = start(attach_undumpable, &id);
	struct shmt_holders h;
	pid_t pid;

	(void)state;
	pid = fork();
	if (pid == 0) {
		if (!drop_capabilities() ||
		    shmt__sysv_holders(id, SHMT__ANY_WAY, &h) == -1)
			_exit(1);
		if (h.count != 0 || h.hidden == 0)
			_exit(2);
		_exit(is_complete(&h, id) ? 3 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	kill_child(helper);
	drop(id);
}

/* Processes come and go while others are looked at. */
static bool
churn(void *arg)
{
	pid_t pid, self = getpid();

	if (fork() != 0)
		return true;
	die_with(self);
	for (;;) {
		pid = fork();
		if (pid == 0)
			_exit(attach(arg) ? 0 : 1);
		waitpid(pid, NULL, 0);
	}
}

static void
processes_that_end_midway(void **state)
{
	int id = make(KEY, PAGE, 0), i;
	pid_t steady = start(attach, &id), busy = start(churn, &id);
	struct shmt_holders h;
	size_t count;

	(void)state;
	for (i = 0; i < 100; i++) {
		assert_int_equal(shmt__sysv_holders(-1, i % 2 == 0 ?
		    SHMT__BY_TEXT : SHMT__ANY_WAY, &h), 0);
		shmt_holders_of(&h, OF_ID(id), &count);
		assert_true(count == 1 || count == 2);
		shmt_holders_free(&h);
	}
	kill_child(busy);
	kill_child(steady);
	drop(id);
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
		cmocka_unit_test(nobody),
		cmocka_unit_test(one_process),
		cmocka_unit_test(the_user_is_the_effective_one),
		cmocka_unit_test(files_with_long_names),
		cmocka_unit_test(access_of_attachments),
		cmocka_unit_test(two_attachments),
		cmocka_unit_test(split_mappings),
		cmocka_unit_test(forks_inherit),
		cmocka_unit_test(threads_count_once),
		cmocka_unit_test(a_thread_that_is_left_holds),
		cmocka_unit_test(zombies_hold_nothing),
		cmocka_unit_test(marked_segments_get_their_key_back),
		cmocka_unit_test(huge_segments),
		cmocka_unit_test(several_segments_in_order),
		cmocka_unit_test(who_left_the_namespace),
		cmocka_unit_test(same_id_in_another_namespace),
		cmocka_unit_test(namesakes),
		cmocka_unit_test(a_file_with_the_number_of_a_segment),
		cmocka_unit_test(hidden_processes),
		cmocka_unit_test(processes_that_end_midway),
	};

	return cmocka_run_group_tests_name("holders", tests, NULL, NULL);
}
